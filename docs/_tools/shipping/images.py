"""Say the size of every image in its page, and send figures as WebP where that is lighter."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

from _ext.common.store import Store
from _tools.shipping.tags import Tag

#: A drawing as lossless WebP takes a third to three quarters of the bytes of its PNG; below
#: this gain a file stays what it is.
WORTH_IT = 0.9
_PIXELS = re.compile(r"^([\d.]+)(?:px)?$")
_STYLE_WIDTH = re.compile(r"(?:^|;)\s*(?<!-)width:\s*([\d.]+)px\s*;?")
_SVG_TAG = re.compile(r"<svg\b[^>]*>", re.DOTALL)


class ImageError(Exception):
    """An image of a page cannot be read."""


def size(file: Path) -> tuple[float, float]:
    """Return width and height of an image in its own pixels; raise `ImageError`."""
    try:
        if file.suffix == ".svg":
            return _svg_size(file.read_text(encoding="utf-8"))
        with Image.open(file) as image:
            return image.size
    except (OSError, ValueError) as error:
        raise ImageError(f"{file}: the size of this image cannot be read ({error})") from error


def _svg_size(text: str) -> tuple[float, float]:
    tag = _SVG_TAG.search(text)
    if tag is None:
        raise ValueError("no <svg> in it")
    given = dict(re.findall(r'\b(width|height|viewBox)="([^"]*)"', tag[0]))
    numbers = [_PIXELS.match(given.get(name, "")) for name in ("width", "height")]
    if all(numbers):
        return float(numbers[0][1]), float(numbers[1][1])  # type: ignore[index]  # just checked
    box = given.get("viewBox", "").replace(",", " ").split()
    if len(box) != 4:
        raise ValueError("it has neither width and height in pixels nor a viewBox")
    return float(box[2]), float(box[3])


def set_size(tag: Tag, file: Path) -> None:
    """Give an ``<img>`` its width and height, so that nothing moves when it arrives.

    The width in its style or attribute stays; a height follows from the file.
    """
    attributes = tag.attributes
    width, height = size(file)
    style = _STYLE_WIDTH.search(attributes.get("style", ""))
    given = _PIXELS.match(attributes.get("width", ""))
    shown = float(style[1]) if style else float(given[1]) if given else width
    attributes["width"], attributes["height"] = (
        str(round(shown)),
        str(round(shown * height / width)),
    )
    if style:  # the attribute says it now, and gives way to a narrow screen
        rest = _STYLE_WIDTH.sub("", attributes["style"]).strip()
        attributes.pop("style")
        if rest:
            attributes["style"] = rest


def as_webp(file: Path, store: Store) -> bytes | None:
    """Return a PNG as lossless WebP, or nothing if that is not much lighter."""
    png = file.read_bytes()

    def encode() -> bytes:
        with Image.open(io.BytesIO(png)) as image:
            alpha = image.mode in {"RGBA", "LA"} or "transparency" in image.info
            stream = io.BytesIO()
            if not getattr(image, "is_animated", False):
                image.convert("RGBA" if alpha else "RGB").save(
                    stream, "WEBP", lossless=True, quality=80, method=4
                )
        return stream.getvalue()

    webp = store.get(encode, "webp lossless 80 4", png)
    return webp if 0 < len(webp) < WORTH_IT * len(png) else None
