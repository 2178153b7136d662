"""Reduce the icon fonts of a stylesheet to the icons that it draws."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from tuning.store import Store

_FACE = re.compile(r"@font-face\{[^}]*\}")
_FILE = re.compile(r"url\(([^)]*webfonts/[^)]*\.woff2)\)")
#: An icon in a stylesheet: the character itself, or its number behind a backslash.
_ICON = re.compile(r"\\([ef][0-9a-f]{3})(?![0-9a-f])|([\ue000-\uf8ff])", re.IGNORECASE)


def used(css: str) -> set[int]:
    """Return the code points of the icons in a stylesheet.

    Examples
    --------
    >>> sorted(map(hex, used('.a{--fa:"\\\\f00c"}.b::before{content:"\uf019"}')))
    ['0xf00c', '0xf019']
    """
    return {int(number, 16) if number else ord(raw) for number, raw in _ICON.findall(css)}


def reduce(font: Path, icons: set[int]) -> bytes:
    """Return a font with some of its icons as WOFF2, or nothing if it has none of them."""
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = []  # ligatures that spell an icon's name would bring it back
    options.notdef_outline = False
    options.glyph_names = False
    options.hinting = False
    options.name_IDs = [0, 13]  # copyright and licence stay
    full = TTFont(font)
    if not icons & set(full.getBestCmap()):
        return b""
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=icons)
    subsetter.subset(full)
    full.flavor = "woff2"
    stream = io.BytesIO()
    full.save(stream, reorderTables=None)
    return stream.getvalue()


def embed(css: str, folder: Path, store: Store) -> str:
    """Return a stylesheet with its reduced icon fonts in it; a font without icons is left out.

    Parameters
    ----------
    css : str
        The compressed stylesheet.
    folder : Path
        The folder that the addresses in the stylesheet start from.
    store : Store
        Where reduced fonts are kept.
    """
    icons = used(css)
    numbers = ",".join(map(hex, sorted(icons)))

    def face(match: re.Match[str]) -> str:
        address = _FILE.search(match[0])
        if address is None:
            return match[0]
        font = folder / address[1]
        data = store.get(_maker(font, icons), "icons", font.read_bytes(), numbers)
        # A few icons weigh less than a request for them would cost.
        inline = f"url(data:font/woff2;base64,{base64.b64encode(data).decode()})"
        return match[0].replace(address[0], inline) if data else ""

    return _FACE.sub(face, css)


def _maker(font: Path, icons: set[int]) -> Callable[[], bytes]:
    return lambda: reduce(font, icons)
