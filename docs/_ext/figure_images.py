"""Encode drawn figures as light image files, the same bytes every time."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image

#: More colours than this never fit a palette, and trying takes seconds.
MOST_COLOURS = 32_768
#: Bytes of PNG for each pixel. Drawings take 0.05, surfaces in 3-D 0.25, photographs 0.5 and more.
PHOTOGRAPH_BYTES = 0.35
#: Root-mean-square error of a palette, in levels of 255, that nobody sees. Lines and flat areas
#: stay below 0.7, a surface in 3-D comes to 1.1, a photograph to 3 and more.
INVISIBLE_ERROR = 1.2


def png(image: Image.Image) -> bytes:
    """Return an image as PNG: with a palette where that does no visible damage."""
    stream = io.BytesIO()
    _with_palette(image).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def webp(image: Image.Image) -> bytes:
    """Return a photograph as WebP: a tenth of the bytes of its PNG; every browser reads it."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=85, method=4)
    return stream.getvalue()


def quick_png(image: Image.Image) -> bytes:
    """Return an image as PNG that no page shows: a thumbnail is made from it."""
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def save(image: Image.Image, path: Path) -> None:
    """Write an image in the format that the name of its file says: ``.png`` or ``.webp``."""
    write(path, webp(image) if path.suffix == ".webp" else png(image))


def frame_files(poster: Path, frames: int) -> list[Path]:
    """Return the files of the frames of an animation; the last is its poster.

    Examples
    --------
    >>> [file.name for file in frame_files(Path("walk_001.zh_CN.png"), 3)]
    ['walk_001.frame-1.zh_CN.png', 'walk_001.frame-2.zh_CN.png', 'walk_001.zh_CN.png']
    """
    stem, rest = poster.name.split(".", 1)
    earlier = [poster.with_name(f"{stem}.frame-{i}.{rest}") for i in range(1, frames)]
    return [*earlier, poster]


def is_photograph(png_bytes: int, size: tuple[int, int]) -> bool:
    """Return whether an image is too heavy for a PNG: photographs, also grey ones, and noise."""
    return png_bytes > PHOTOGRAPH_BYTES * size[0] * size[1]


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _with_palette(image: Image.Image) -> Image.Image:
    if image.getcolors(MOST_COLOURS) is None:
        return image
    import numpy as np  # here: most builds draw nothing, and need not wait for it

    reduced = image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    before, after = (np.asarray(i.convert("RGB"), np.float32) for i in (image, reduced))
    error = float(np.sqrt(np.mean((before - after) ** 2)))
    return reduced if error <= INVISIBLE_ERROR else image
