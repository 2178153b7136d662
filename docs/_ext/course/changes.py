"""What changed since the old tutorials: the rows of all lessons' "Then and now", on one page.

``what-changed`` is a directive without content. It becomes one fold a lesson, in the order of the
course, with the rows that this lesson shows, and above them a line that counts what old code says today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from _ext.blocks.then_and_now import then_and_now, then_part
from _ext.course import syllabus
from _ext.course.syllabus import Entry
from _ext.lesson_page.folds import fold, fold_title
from _ext.translation import interface


class what_changed(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """Where the rows stand; they are collected when the page is written."""


class WhatChanged(SphinxDirective):
    """Put the rows of all lessons here."""

    def run(self) -> list[nodes.Node]:
        """Mark the place, and have this page written again when a lesson changes."""
        here = self.env.current_document.docname
        for entry in syllabus.load(Path(self.env.srcdir)).entries:
            if entry.page not in (None, here):
                self.env.files_to_rebuild.setdefault(entry.page, set()).add(here)
        return [what_changed()]


class CollectRows(SphinxPostTransform):
    """Copy the rows of each lesson, before references are resolved."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        """Replace the marks of a page."""
        for node in list(self.document.findall(what_changed)):
            tables = list(self._tables())
            says = Counter(part["kind"] for _, _, rows in tables for part in _answers(rows))
            folds = [self._fold(*table) for table in tables]
            # The search finds each row on the page of its lesson.
            node.replace_self(nodes.container("", self._count(says), *folds, classes=["no-search"]))

    def _tables(self) -> Iterator[tuple[Entry, str, then_and_now]]:
        """Yield the entries of the course in order, each with the anchor of its rows, and these."""
        for entry in syllabus.load(Path(self.env.srcdir)).entries:
            if entry.page is None or entry.page == self.env.current_document.docname:
                continue
            for table in self.env.get_doctree(entry.page).findall(then_and_now):
                if not table["is_run"]:
                    continue
                rows = table.deepcopy()
                for reference in rows.findall(addnodes.pending_xref):
                    _move(reference, entry.page, self.env.current_document.docname)
                yield entry, table.parent["ids"][0], rows

    def _count(self, says: Counter[str]) -> nodes.paragraph:
        """Return the line that counts what old code says today."""
        _site = interface.translator(self.app)
        text = _site(
            "Of {all} pieces of old code, {says} end in an error or a warning today, "
            "{prints} still print a result, and {silent} run without a message."
        )
        counts = {
            "all": says.total(),
            **{kind: says[kind] for kind in ("says", "prints", "silent")},
        }
        for name, count in counts.items():
            text = text.replace(f"{{{name}}}", str(count))
        return nodes.paragraph(text, text)

    def _fold(self, entry: Entry, anchor: str, rows: then_and_now) -> fold:
        """Return the rows of a lesson below its title, with a link to its page."""
        _site = interface.translator(self.app)
        assert entry.page is not None
        title = self.env.titles[entry.page].astext()
        name = f"{title} ({len(rows.children)})"
        uri = self.app.builder.get_relative_uri(self.env.current_document.docname, entry.page)
        text = _site("To the lesson")
        link = nodes.reference(text, text, internal=True, refuri=f"{uri}#{anchor}")
        return fold("", fold_title(name, name), nodes.paragraph("", "", link), rows)


def _answers(rows: then_and_now) -> Iterator[then_part]:
    """Yield the part of each row that says what the old code does today: it comes second."""
    for row in rows.children:
        parts = [part for part in row.findall(then_part) if part.parent is row]
        yield parts[1]


def _move(reference: addnodes.pending_xref, origin: str, here: str) -> None:
    """Let a reference that was written on one page mean the same on another."""
    target = reference["reftarget"]
    if reference.get("reftype") == "doc" and not target.startswith("/"):
        folder = Path("/", origin).parent
        reference["reftarget"] = (folder / target).as_posix()
    reference["refdoc"] = here


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, and collect when pages are written."""
    app.add_node(what_changed)
    app.add_directive("what-changed", WhatChanged)
    app.add_post_transform(CollectRows)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
