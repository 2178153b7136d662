"""Draw a captured Matplotlib figure in any language.

Both languages are drawn here, from the same pickle and with the same fonts, so they differ
where the words differ and nowhere else.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import pickle
import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from _ext.figures.font import FigureError, font_path
from _ext.figures.images import save
from _ext.figures.messages import fill, is_message, split
from _ext.figures.texts import all_texts, drawn_texts, fixed_formatters, is_code

#: Our own name for the face: a Noto Sans SC of the system would look different.
CJK_FAMILY = "Noto Sans SC of the course"
FAMILIES = [CJK_FAMILY, "DejaVu Sans"]
CSS_DPI = 100
PIXELS_PER_CSS_PIXEL = 2


def identity(message: str) -> str:
    """Translate into English, the language of the source."""
    return message


@lru_cache(maxsize=1)
def _register(file: Path) -> None:
    """Have Matplotlib know the Chinese face, under our name."""
    fonts = font_manager.fontManager
    fonts.addfont(file)
    fonts.ttflist[:] = [
        dataclasses.replace(font, name=CJK_FAMILY) if font.fname == str(file) else font
        for font in fonts.ttflist
    ]


def render(pickled: bytes, path: Path, translate: Callable[[str], str]) -> None:
    """Draw a captured figure in another language.

    Parameters
    ----------
    pickled : bytes
        The content of a ``.figure.pkl`` of this very build: reading a pickle runs what is in it.
    path : Path
        The image to write: the last frame of an animation.
    translate : callable
        From a message, with placeholders for its numbers, to its translation.

    Raises
    ------
    FigureError
        If no font has a character of a string.
    """
    save(draw(pickled, translate)[-1], path)


def draw(pickled: bytes, translate: Callable[[str], str]) -> list[Image.Image]:
    """Draw a captured figure, or each frame of an animation; see :func:`render`."""
    record = pickle.loads(zlib.decompress(pickled))
    with course_fonts(record["settings"]):
        return [_draw(pickle.loads(frame), translate) for frame in record["frames"]]


def _draw(fig: Figure, translate: Callable[[str], str]) -> Image.Image:
    def in_language(string: str) -> str:
        if not is_message(string):
            return string
        message, numbers = split(string)
        return fill(translate(message), numbers)

    for text in drawn_texts(fig):
        if not is_code(text):
            text.set_text(in_language(text.get_text()))
    for formatter in fixed_formatters(fig):
        formatter.seq = [in_language(str(label)) for label in formatter.seq]
    stream = io.BytesIO()
    dpi = PIXELS_PER_CSS_PIXEL * CSS_DPI
    fig.set_dpi(dpi)
    with missing_glyphs_are_errors(fig):
        # savefig would draw all that there is, unseen, only to have the layout done.
        if layout := fig.get_layout_engine():
            layout.execute(fig)
            fig.set_layout_engine("none")
        fig.savefig(stream, format="rgba", dpi=dpi)
    size = round(fig.bbox.width), round(fig.bbox.height)
    return Image.frombytes("RGBA", size, stream.getbuffer()).convert("RGB")


@contextmanager
def course_fonts(settings: dict[Any, Any]) -> Iterator[None]:
    """Use the settings of a lesson, and the fonts of the course whatever they say."""
    _register(font_path())
    with mpl.rc_context(settings):
        mpl.rcParams["font.family"] = FAMILIES  # of tick labels that are not made yet
        mpl.rcParams["axes.unicode_minus"] = False
        mpl.rcParams["savefig.bbox"] = None  # a tight box would differ between the languages
        mpl.rcParams["savefig.transparent"] = False
        yield


def set_families(fig: Figure) -> None:
    """Give every text the faces of the course; a face of its own stays in front."""
    for text in all_texts(fig):
        families = text.get_fontfamily()
        if families[0] in ("sans-serif", "sans", "DejaVu Sans"):
            text.set_fontfamily(FAMILIES)
        elif CJK_FAMILY not in families:
            text.set_fontfamily([*families, CJK_FAMILY])


class _MathtextWarning(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise UserWarning(record.getMessage())


@contextmanager
def missing_glyphs_are_errors(fig: Figure) -> Iterator[None]:
    """Turn Matplotlib's warnings about a character that no font has into an error."""
    logger, handler = logging.getLogger("matplotlib.mathtext"), _MathtextWarning(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", r"Glyph \d+ .* missing from font")
            yield
    except UserWarning as warning:
        found = re.search(r"Glyph (?P<dec>\d+)|\[U\+(?P<hex>\w+)\]", str(warning))
        if not found:
            raise
        character = chr(int(found["dec"]) if found["dec"] else int(found["hex"], 16))
        strings = [text.get_text() for text in all_texts(fig)]
        string = next((s for s in strings if character in s), "a string")
        raise FigureError(
            f"no font has the character {character!r} (U+{ord(character):04X}) of {string!r}; "
            "write it in another way"
        ) from warning
    finally:
        logger.removeHandler(handler)
