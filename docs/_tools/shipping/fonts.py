"""Reduce the fonts of a stylesheet to what pages show: a few icons, and the signs of formulas."""

from __future__ import annotations

import base64
import io
import json
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from lxml import html

from _ext.common.files import digest
from _ext.common.store import Store

_FACE = re.compile(r"@font-face\{[^}]*\}")
_FILE = re.compile(r"url\(([^):]*\.woff2)\)")
#: An icon in a stylesheet: the character itself, or its number behind a backslash.
_ICON = re.compile(r"\\([ef][0-9a-f]{3})(?![0-9a-f])|([\ue000-\uf8ff])", re.IGNORECASE)
NO_BREAK_SPACE = "\xa0"
_MATH = "//*[contains(concat(' ', @class, ' '), ' katex-html ')]//text()"


def icons(css: str) -> set[int]:
    """Return the code points of the icons in a stylesheet.

    Examples
    --------
    >>> sorted(map(hex, icons('.a{--fa:"\\\\f00c"}.b::before{content:"\uf019"}')))
    ['0xf00c', '0xf019']
    """
    return {int(number, 16) if number else ord(raw) for number, raw in _ICON.findall(css)}


def signs(pages: Iterable[str]) -> set[int]:
    """Return the code points in the formulas of pages, always with a space that does not break.

    One language has such a space in a formula and another has not: the fonts shall be the same.

    Examples
    --------
    >>> pages = ['<p>no<span class="katex"><span class="katex-html">x<i>²</i></span></span></p>']
    >>> sorted(map(chr, signs(pages)))
    ['x', '\\xa0', '²']
    """
    found = {
        ord(character)
        for page in pages
        if "katex-html" in page
        for text in html.document_fromstring(page).xpath(_MATH)
        for character in text
    }
    return found | {ord(NO_BREAK_SPACE)} if found else found


def reduce(font: bytes, characters: set[int]) -> bytes:
    """Return a font with some of its characters as WOFF2."""
    from fontTools import subset  # here: it loads slowly, and results are kept
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = []  # ligatures that spell an icon's name would bring it back
    options.notdef_outline = False
    options.hinting = False
    options.name_IDs = [0, 13]  # copyright and licence stay
    full = TTFont(io.BytesIO(font), recalcTimestamp=False)  # the same bytes every time
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(full)
    full.flavor = "woff2"
    stream = io.BytesIO()
    full.save(stream, reorderTables=None)
    return stream.getvalue()


def tune(css: str, folder: Path, formulas: set[int], store: Store) -> tuple[str, dict[str, bytes]]:
    """Reduce the icon fonts and KaTeX's fonts of a stylesheet.

    Parameters
    ----------
    css : str
        The compressed stylesheet.
    folder : Path
        The folder that its addresses start from.
    formulas : set of int
        The code points of the signs in formulas.
    store : Store
        Where reduced fonts are kept.

    Returns
    -------
    css : str
        The stylesheet. A font of icons is in it: a few icons weigh less than a request for them.
    files : dict[str, bytes]
        KaTeX's fonts by their name in the folder; a page loads those that its formulas need.
    """
    files: dict[str, bytes] = {}
    drawn = icons(css)

    def face(match: re.Match[str]) -> str:
        address = _FILE.search(match[0])
        if address is None or not ("webfonts/" in address[1] or "KaTeX_" in address[1]):
            return match[0]
        is_math = "KaTeX_" in address[1]
        data = _kept(folder / address[1], formulas if is_math else drawn, store)
        if not data:
            return ""
        if is_math:
            stem, suffix = posixpath.splitext(address[1])
            name = f"{stem}-{digest(data)[:8]}{suffix}"
            files[name] = data
            return match[0].replace(address[1], name)
        inline = f"data:font/woff2;base64,{base64.b64encode(data).decode()}"
        return match[0].replace(address[1], inline)

    return _FACE.sub(face, css), files


def _covered(font: bytes) -> bytes:
    """Return the characters that a font has, as JSON."""
    from fontTools.ttLib import TTFont  # here: it loads slowly, and results are kept

    with TTFont(io.BytesIO(font), lazy=True) as full:
        return json.dumps(sorted(full.getBestCmap())).encode()


def _kept(file: Path, characters: set[int], store: Store) -> bytes:
    """Return a font with some of its characters, or nothing if it has none of them."""
    font = file.read_bytes()
    # Signs that it lacks, Chinese ones for example, do not make it another font.
    shown = characters.intersection(json.loads(store.get(lambda: _covered(font), "covered", font)))
    if not shown:
        return b""
    numbers = ",".join(map(hex, sorted(shown)))
    return store.get(lambda: reduce(font, shown), "font", font, numbers)
