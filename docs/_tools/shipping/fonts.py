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
_MATH = "//*[contains(concat(' ', @class, ' '), ' katex-html ')]"
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_PROPERTY = re.compile(r"font-(family|style|weight):\"?([\w-]+)")
_CLASS = re.compile(r"\.([\w-]+)")
#: What KaTeX sets a formula in unless a class says otherwise, whatever surrounds the formula.
_NORMAL = {"family": "KaTeX_Main", "style": "normal", "weight": "400"}

#: A font of KaTeX: its family, style and weight.
Face = tuple[str, str, str]
#: What the classes of an element and of those around it, outermost first, say of its font.
Rule = tuple[list[set[str]], dict[str, str]]


def icons(css: str) -> set[int]:
    """Return the code points of the icons in a stylesheet.

    Examples
    --------
    >>> sorted(map(hex, icons('.a{--fa:"\\\\f00c"}.b::before{content:"\uf019"}')))
    ['0xf00c', '0xf019']
    """
    return {int(number, 16) if number else ord(raw) for number, raw in _ICON.findall(css)}


def rules(css: str) -> list[Rule]:
    """Return what KaTeX's stylesheet says of fonts.

    Examples
    --------
    >>> rules(".katex .mathbf{font-family:KaTeX_Main;font-weight:700}.katex .rule{top:0}")
    [([{'mathbf'}], {'family': 'KaTeX_Main', 'weight': '700'})]
    """
    return [
        ([set(_CLASS.findall(part)) for part in re.split(r"[ >]+", selector.strip())[1:]], said)
        for selectors, declared in _RULE.findall(css)
        if (said := dict(_PROPERTY.findall(declared)))
        for selector in selectors.split(",")
        if selector.strip().startswith(".katex ")
    ]


def signs(pages: Iterable[str], css: str) -> dict[Face, set[int]]:
    """Return the code points in the formulas of pages, by the font that draws them.

    A font has always a space that does not break: one language has such a space in a formula and
    another has not, and the fonts shall be the same.

    Parameters
    ----------
    pages : iterable of str
        The pages.
    css : str
        KaTeX's stylesheet.

    Examples
    --------
    >>> page = '<p>no<b class="katex-html">x<i class="mathit">²</i></b></p>'
    >>> css = ".katex .mathit{font-family:KaTeX_Main;font-style:italic}"
    >>> for face, found in signs([page], css).items():
    ...     print(*face, sorted(map(chr, found)))
    KaTeX_Main normal 400 ['x', '\\xa0']
    KaTeX_Main italic 400 ['\\xa0', '²']
    """
    said = rules(css)
    found: dict[Face, set[int]] = {}
    faces: dict[tuple[str, ...], Face] = {}

    def look(element: html.HtmlElement, around: tuple[str, ...]) -> None:
        context = (*around, element.get("class", ""))
        if context not in faces:
            faces[context] = _face(context, said)
        texts = [element.text, *(child.tail for child in element)]
        if text := "".join(filter(None, texts)):
            found.setdefault(faces[context], {ord(NO_BREAK_SPACE)}).update(map(ord, text))
        for child in element:
            look(child, context)

    for page in pages:
        if "katex-html" in page:
            for formula in html.document_fromstring(page).xpath(_MATH):
                look(formula, ())
    return found


def _face(context: tuple[str, ...], said: list[Rule]) -> Face:
    """Return the font of a text from the classes of its elements, the outermost first."""
    font = dict(_NORMAL)
    classes = [set(each.split()) for each in context]
    for depth, own in enumerate(classes):
        for path, declared in said:
            if path[-1] <= own and _is_below(path[:-1], classes[:depth]):
                font |= declared
    return font["family"], font["style"], font["weight"]


def _is_below(path: list[set[str]], around: list[set[str]]) -> bool:
    """Say whether elements with these classes stand around, in this order."""
    rest = iter(around)
    return all(any(wanted <= each for each in rest) for wanted in path)


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


def tune(
    css: str, folder: Path, formulas: dict[Face, set[int]], store: Store
) -> tuple[str, dict[str, bytes]]:
    """Reduce the icon fonts and KaTeX's fonts of a stylesheet.

    Parameters
    ----------
    css : str
        The compressed stylesheet.
    folder : Path
        The folder that its addresses start from.
    formulas : dict[tuple[str, str, str], set[int]]
        The code points of the signs in formulas, by the font that draws them (:func:`signs`).
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
    offered = {_described(face) for face in _FACE.findall(css)}

    def math(face: Face) -> set[int]:
        # A browser draws a style that a family lacks with those that it has.
        near = (wanted for wanted in formulas if wanted[0] == face[0] and wanted not in offered)
        return formulas.get(face, set()).union(*(formulas[wanted] for wanted in near))

    def face(match: re.Match[str]) -> str:
        address = _FILE.search(match[0])
        if address is None or not ("webfonts/" in address[1] or "KaTeX_" in address[1]):
            return match[0]
        is_math = "KaTeX_" in address[1]
        shown = math(_described(match[0])) if is_math else drawn
        data = _kept(folder / address[1], shown, store)
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


def _described(face: str) -> Face:
    """Return which font a rule brings."""
    font = _NORMAL | dict(_PROPERTY.findall(face))
    return font["family"], font["style"], font["weight"]


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
