"""``.. then-and-now::`` shows what a lesson has run: old lines, what Python says to them, and the new.

In a lesson that calls ``dlcourse.page_files.run_then_and_now("rows", …)``::

    .. then-and-now:: rows

       - The note of the first row.

       - The note of the second row.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.blocks.printed import NotFound, all_left, items_of, load, located, text_of
from _ext.common import timeline
from _ext.translation import interface


class then_and_now(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """Rows of then and now."""


class then_row(nodes.Part, nodes.Element):
    """One row: its parts, and its note."""


class then_part(nodes.Part, nodes.Element):
    """A part of a row, with its kind: ``then``, ``says``, ``prints``, ``silent``, ``now``, ``note``."""


class ThenAndNowDirective(SphinxDirective):
    """``.. then-and-now:: name``, with a list of notes."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the rows."""
        name = self.arguments[0]
        blocks = self.parse_content_to_nodes()
        if len(blocks) != 1 or not isinstance(blocks[0], nodes.bullet_list):
            raise self.error("then-and-now holds one list, '- …', with a note for each row")
        notes = items_of(blocks[0])
        try:
            left = load(self.env, "then_and_now", name)
        except NotFound as error:
            raise self.error(str(error)) from error
        node = then_and_now(is_run=left is not None)
        self.set_source_info(node)
        if left is None:  # its lesson was not executed: translators get the texts all the same
            node["classes"].append("no-search")
            node += blocks
            return [node]
        if len(notes) != len(left["rows"]):
            raise self.error(
                f"{name!r} has {len(left['rows'])} rows, and there are {len(notes)} notes; "
                "write one for each, in the order of the rows"
            )
        for number, (row, note) in enumerate(zip(left["rows"], notes, strict=True), start=1):
            if not note.children:
                raise self.error(f"note {number} is empty; write what has changed")
            node += _row(row, note)
        return [node]


def _row(row: dict[str, Any], note: nodes.Element) -> nodes.Element:
    """Return a row from what was run and what is written about it."""

    def part(kind: str, *content: nodes.Node) -> nodes.Element:
        return located(then_part("", *content, kind=kind), note)

    says = row["says"]
    kind = {"output": "prints", "silent": "silent"}.get(says["kind"], "says")
    said = [text_of(says["text"], note)] if says["text"] else []
    node = located(then_row(), note)
    node += part("then", text_of(row["then"], note, highlighted=True))
    node += part(kind, *said)
    node += part("now", text_of(row["now"], note, highlighted=True))
    if row["prints"]:
        node += part("prints", text_of(row["prints"], note))
    node += part("note", *note.children)
    return node


def all_rows(srcdir: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of all lessons that were executed, each with the name of its page."""
    for page, _, content in all_left(srcdir, "then_and_now"):
        for row in content["rows"]:
            yield page, row


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what stands above each part of a row, by its kind, in the language of the page."""
    return {
        "then": _site("Then"),
        "says": _site("Python says"),
        "prints": _site("It prints"),
        "silent": _site("It runs without a message."),
        "now": _site("Now"),
        "note": "",
    }


def translate(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Give the parts of all rows of a page their words."""
    for node in doctree.findall(then_part):
        node["label"] = labels(interface.translator(app))[node["kind"]]


def visit_table(translator: HTML5Translator, node: then_and_now) -> None:
    """Open the rows, if their lesson was executed."""
    if not node["is_run"]:
        raise nodes.SkipNode
    translator.body.append('<div class="then-and-now">\n')


def visit_row(translator: HTML5Translator, _node: then_row) -> None:
    """Open a row."""
    translator.body.append('<div class="then-row">\n')


def visit_part(translator: HTML5Translator, node: then_part) -> None:
    """Open a part of a row below its label."""
    label = f'<p class="then-label">{html.escape(node["label"])}</p>' if node["label"] else ""
    translator.body.append(f'<div class="then-part then-{node["kind"]}">{label}<div>\n')


def depart(translator: HTML5Translator, _node: nodes.Element) -> None:
    """Close the rows, or one."""
    translator.body.append("</div>\n")


def depart_part(translator: HTML5Translator, _node: then_part) -> None:
    """Close a part and what it holds."""
    translator.body.append("</div></div>\n")


def add_files(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the style sheet on the pages that have rows."""
    if doctree is not None and any(doctree.findall(then_and_now)):
        app.add_css_file("then-and-now.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and its nodes; connect before the downloads are written."""
    app.add_node(then_and_now, html=(visit_table, depart))
    app.add_node(then_row, html=(visit_row, depart))
    app.add_node(then_part, html=(visit_part, depart_part))
    app.add_directive("then-and-now", ThenAndNowDirective)
    app.connect("doctree-resolved", translate, priority=timeline.FILL_WIDGETS)
    app.connect("html-page-context", add_files, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
