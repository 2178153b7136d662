"""Encode drawn figures as light image files, the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from _ext.common.files import write

#: More colours than this never fit a palette, and trying takes seconds.
MOST_COLOURS = 32_768
#: Bytes of PNG for each pixel. Drawings take 0.05, surfaces in 3-D 0.25, a drawing with a photograph
#: in it 0.31, photographs 0.5 and more.
PHOTOGRAPH_BYTES = 0.3
#: Root-mean-square error of a palette, in levels of 255, that nobody sees. Lines and flat areas
#: stay below 0.7, a surface in 3-D comes to 0.9, a photograph to 3 and more.
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


def _with_palette(image: Image.Image) -> Image.Image:
    """Return an RGB image with at most 256 colours, if nobody sees a difference.

    Pillow reduces colours pixel by pixel, of which there are a million. A drawing has some hundred
    colours, most of them at the edges of letters, and Pillow reduces these: each comes a few times,
    the frequent ones more often. Colours that become one get their mean, but where one of them fills
    an area, such as the white ground, it stays as it is.
    """
    import numpy as np  # here: most builds draw nothing, and need not wait for it

    red, green, blue = np.moveaxis(np.asarray(image, np.uint32), -1, 0)
    codes = red << 16 | green << 8 | blue
    present = np.zeros(1 << 24, bool)
    present[codes] = True
    found = np.flatnonzero(present)
    if len(found) > MOST_COLOURS:
        return image
    numbers = np.zeros(1 << 24, np.uint16)
    numbers[found] = np.arange(len(found))
    pixels = numbers[codes]
    counts = np.bincount(pixels.ravel())
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    times = np.sqrt(counts).astype(int)
    line = Image.fromarray(np.repeat(colours, times, axis=0)[None])
    few = line.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    entries = np.asarray(few)[0, np.cumsum(times) - 1]  # where each colour comes last
    total = np.bincount(entries, counts)
    sums = np.stack([np.bincount(entries, counts * channel) for channel in colours.T], axis=1)
    palette = np.rint(sums / np.maximum(total, 1)[:, None]).astype(np.uint8)  # some stay unused
    areas = counts > total[entries] / 2
    palette[entries[areas]] = colours[areas]
    squares = (colours.astype(float) - palette[entries]) ** 2
    if np.average(squares.mean(axis=1), weights=counts) > INVISIBLE_ERROR**2:
        return image
    reduced = Image.fromarray(entries[pixels].astype(np.uint8), "P")
    reduced.putpalette(palette.tobytes())
    return reduced
