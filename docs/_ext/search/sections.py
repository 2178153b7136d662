"""The sections of a page, as the search sees them.

A section of the search is what has an address of its own: a heading, a term of the glossary, a
function or a class of the API. Its text is kept in pieces, of four kinds: prose, code, output
and message (an output that is an error or a warning). What has the class ``no-search`` is left
out, as are formulas, pictures, menus and whatever the page does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes

AREAS = {
    "lessons/*/lesson_*": "lesson",
    "errors": "error",
    "solutions/*": "solution",
    "api/*": "api",
    "datasets": "data",
}
"""From patterns of page names to the area that weighs their sections; the rest is ``page``."""

APPENDIX = {"self-checks", "exercises", "references"}
"""Sections of a lesson that ask or refer, and explain nothing: the area ``appendix``."""

SUMMARY = {"what-you-learned", "in-practice", "then-and-now"}
"""Sections of a lesson that say again what others explain: the area ``summary``."""

LEFT_OUT = {"no-search", "toctree-wrapper", "sd-summary-state-marker", "sphx-glr-timing"}
OUTPUTS = {"sphx-glr-script-out", "cell_output", "output"}

_BESIDE = (nodes.Invisible, nodes.raw, nodes.math_block, nodes.system_message, addnodes.toctree)
_LINKED_CODE = "code_links_block"
"""sphinx-gallery's code with links in it, a class of its own."""
_MESSAGE = re.compile(r"\b[A-Z]\w*(?:Error|Warning|Exception): ")


class Section(NamedTuple):
    """One result that a search can give."""

    anchor: str
    """The identifier on the page; empty for the page itself."""
    title: str
    parents: list[str]
    """The headings above, without that of the page."""
    area: str
    pieces: list[tuple[str, str]]
    """Kind and text of each block, in order."""


def area(docname: str) -> str:
    """Return the area of a page.

    Examples
    --------
    >>> area("lessons/1_basics/lesson_04_tensors"), area("lessons/1_basics/index")
    ('lesson', 'page')
    """
    return next((name for pattern, name in AREAS.items() if fnmatch(docname, pattern)), "page")


def sections(doctree: nodes.document, docname: str) -> list[Section]:
    """Return the sections of a resolved page; none for a page without a title."""
    found: list[Section] = []
    top = next((child for child in doctree.children if isinstance(child, nodes.section)), None)
    if top is not None:
        page = Section("", _title(top), [], area(docname), [])
        found.append(page)
        _collect(top, page, found)
    return found


def plain(node: nodes.Node) -> str:
    """Return the text of a paragraph in one line; what is too much of a formula is an ellipsis."""
    return " ".join("".join(_texts(node)).split())


def _texts(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.math):
        tex = node.astext()
        yield "…" if "\\" in tex else tex
    elif isinstance(node, nodes.Text):
        yield node.astext()
    elif not _is_left_out(node):
        for child in node.children:
            yield from _texts(child)


def _is_left_out(node: nodes.Node) -> bool:
    classes = node.get("classes", ()) if isinstance(node, nodes.Element) else ()
    return isinstance(node, _BESIDE) or not LEFT_OUT.isdisjoint(classes)


def _title(section: nodes.section) -> str:
    title = section.next_node(nodes.title)
    return plain(title) if title is not None else ""


def _collect(node: nodes.Element, into: Section, found: list[Section], kind: str = "") -> None:
    """Add the text below a node to a section, and the sections that begin there to the list."""
    for child in node.children:
        if not isinstance(child, nodes.Element) or _is_left_out(child):
            continue
        if isinstance(child, nodes.title) and isinstance(node, nodes.section):
            continue
        kind_below = kind if OUTPUTS.isdisjoint(child["classes"]) else "output"
        if (begun := _begun(child, into)) is not None:
            found.append(begun)
            _collect(child, begun, found, kind_below)
        elif isinstance(child, nodes.TextElement):
            into.pieces.extend(_pieces(child, kind_below))
        else:
            _collect(child, into, found, kind_below)


def _begun(node: nodes.Element, above: Section) -> Section | None:
    """Return the section that begins with a node, if it has a title and an address."""
    headings = [*above.parents, above.title] if above.anchor else []
    kind = above.area
    if isinstance(node, nodes.section):
        anchors, title = node["ids"], _title(node)
        if kind == "lesson" and not APPENDIX.isdisjoint(anchors):
            kind = "appendix"
        if kind == "lesson" and not SUMMARY.isdisjoint(anchors):
            kind = "summary"
    elif isinstance(node, addnodes.desc):
        signatures = [
            child for child in node.children if isinstance(child, addnodes.desc_signature)
        ]
        anchors = [anchor for signature in signatures for anchor in signature["ids"]]
        title = ", ".join(_name(signature) for signature in signatures)
    elif isinstance(node, nodes.definition_list_item) and "glossary" in node.parent["classes"]:
        terms = [child for child in node.children if isinstance(child, nodes.term)]
        anchors = [anchor for term in terms for anchor in term["ids"]]
        title, kind = ", ".join(map(plain, terms)), "term"
    else:
        return None
    return Section(anchors[0], title, headings, kind, []) if anchors and title else None


def _name(signature: addnodes.desc_signature) -> str:
    name = signature.get("fullname") or signature.next_node(addnodes.desc_name)
    return name if isinstance(name, str) else plain(name) if name is not None else ""


def _pieces(node: nodes.TextElement, kind: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, addnodes.desc_signature):
        parameters = ", ".join(map(plain, node.findall(addnodes.desc_parameter)))
        yield "code", f"{node.get('module', '')}.{_name(node)}({parameters})".removeprefix(".")
    elif isinstance(node, nodes.term) and "glossary" in node.parent.parent["classes"]:
        return  # its title
    elif isinstance(node, nodes.FixedTextElement) or type(node).__name__ == _LINKED_CODE:
        lines = [re.sub(r"\s+", " ", line).rstrip() for line in node.astext().splitlines()]
        for block in re.split(r"\n{2,}", "\n".join(lines).strip("\n")):
            is_message = kind == "output" and _MESSAGE.search(block)
            if block:
                yield "message" if is_message else kind or "code", block
    elif text := plain(node):
        yield kind or "prose", text
