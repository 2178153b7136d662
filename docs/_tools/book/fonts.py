"""The fonts of the book, all of which are embedded: static faces, from npm and from Matplotlib.

A system's collection of Chinese fonts, or one face of all weights, would become pictures of its
characters (Type 3 fonts), which no reader can search.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

from _ext.common import node
from _ext.common.paths import WEB

FOLDER = WEB / "book"
#: What a font of the book is called in a PDF, without the letters of its subset.
NAMES = ("NotoSans", "NotoEmoji", "JetBrainsMono", "DejaVuSans", "KaTeX_")
_FONTSOURCE = FOLDER / "node_modules/@fontsource"
_EXPO = FOLDER / "node_modules/@expo-google-fonts"
_SHEETS = (
    "noto-sans/400.css",
    "noto-sans/400-italic.css",
    "noto-sans/700.css",
    "noto-sans/700-italic.css",
    "jetbrains-mono/400.css",
    "jetbrains-mono/400-italic.css",
    "jetbrains-mono/700.css",
)
_CHINESE = {400: "400Regular/NotoSansSC_400Regular.ttf", 700: "700Bold/NotoSansSC_700Bold.ttf"}
_EMOJI = "400Regular/NotoEmoji_400Regular.ttf"
#: Signs that the others lack: arrows, blocks, mathematics.
_SIGNS = {
    ("DejaVu Sans", 400): "DejaVuSans.ttf",
    ("DejaVu Sans", 700): "DejaVuSans-Bold.ttf",
    ("DejaVu Sans Mono", 400): "DejaVuSansMono.ttf",
    ("DejaVu Sans Mono", 700): "DejaVuSansMono-Bold.ttf",
}
_FACE = '@font-face {{ font-family: "{}"; font-weight: {}; src: url("{}");{} }}'
#: Signs that are wide in Chinese and narrow in English.
_QUOTES = " unicode-range: U+2014, U+2018-2019, U+201C-201D, U+2026;"


def sheets() -> list[str]:
    """Return the addresses of the style sheets that come with the fonts."""
    node.ensure(FOLDER)
    return [(_FONTSOURCE / name).as_uri() for name in _SHEETS]


def faces() -> str:
    """Return the rules of the faces that come without a style sheet."""
    rules = []
    for weight, file in _chinese().items():
        rules.append(_FACE.format("Noto Sans SC", weight, file.as_uri(), ""))
        rules.append(_FACE.format("Chinese Quotes", weight, file.as_uri(), _QUOTES))
    rules.append(_FACE.format("Noto Emoji", 400, _emoji().as_uri(), ""))
    for (family, weight), file in _signs().items():
        rules.append(_FACE.format(family, weight, file.as_uri(), ""))
    return "\n".join(rules)


def missing(text: Iterable[str]) -> set[str]:
    """Return the characters of a text that no font of the book has."""
    return {sign for sign in set(text) - _known() if sign.isprintable() and not sign.isspace()}


@cache
def _known() -> set[str]:
    node.ensure(FOLDER)
    latin = _FONTSOURCE.glob("*/files/*-400-normal.woff2")
    files = [*latin, _chinese()[400], _emoji(), _signs()["DejaVu Sans", 400]]
    return {chr(code) for file in files for code in TTFont(file, lazy=True).getBestCmap()}


def _chinese() -> dict[int, Path]:
    folder = _EXPO / "noto-sans-sc"
    return {weight: folder / name for weight, name in _CHINESE.items()}


def _emoji() -> Path:
    return _EXPO / "noto-emoji" / _EMOJI


def _signs() -> dict[tuple[str, int], Path]:
    folder = Path(str(importlib.resources.files("matplotlib"))) / "mpl-data/fonts/ttf"
    return {face: folder / name for face, name in _SIGNS.items()}
