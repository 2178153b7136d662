"""Encode drawn figures as light image files, the same bytes every time."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
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


def webp(frames: Sequence[Image.Image], interval_ms: int | None) -> bytes:
    """Return an image, or the frames of an animation that repeats for ever, as WebP.

    Every browser since 2020 reads it. A photograph takes a tenth of the bytes of its PNG, an
    animation an eighth of its APNG. Lossless but for photographs: lines and letters would suffer.
    """
    photograph = is_photograph(len(png(frames[-1])), frames[-1].size)
    stream = io.BytesIO()
    moving = {"save_all": True, "append_images": frames[1:], "duration": interval_ms, "loop": 0}
    frames[0].save(
        stream,
        "WEBP",
        lossless=not photograph,
        quality=85,
        method=4,
        **(moving if len(frames) > 1 else {}),
    )
    return stream.getvalue()


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
    reduced = image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    before, after = (np.asarray(i.convert("RGB"), np.float32) for i in (image, reduced))
    error = float(np.sqrt(np.mean((before - after) ** 2)))
    return reduced if error <= INVISIBLE_ERROR else image
