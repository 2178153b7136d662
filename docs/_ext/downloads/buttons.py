"""Links to the archives of the course: all lessons, and the whole site.

The role ``archive`` makes such a link: ``{archive}`All notebooks <lessons>```. Its size is written
behind it at the end of the build, when the archives are there; see docs/_tools/shipping/archive.py.

The directive ``book-links`` keeps a place for the links to the course as a book, hidden until
`nox -s book` has made one of these pages; see docs/_tools/book/links.py.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from _ext.downloads.archives import ARCHIVES
from _ext.translation import interface

BOOK_CLASS = "book-links"


class Archive(ReferenceRole):
    """The role: a link text, and the name of an archive."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link and the empty place of the size."""
        if self.target not in ARCHIVES:
            message = self.inliner.reporter.error(
                f"there is no archive {self.target!r}; use one of {', '.join(ARCHIVES)}",
                line=self.lineno,
            )
            return [], [message]
        href = "../" * self.env.current_document.docname.count("/") + ARCHIVES[self.target]
        link = f'<a class="reference internal" href="{href}" download>{escape(self.title)}</a>'
        size = f'<span class="file-size" data-size-of="{self.target}"></span>'
        return [nodes.raw("", link + size, format="html")], []


class BookLinks(SphinxDirective):
    """The place of the links to the books."""

    def run(self) -> list[nodes.Node]:
        """Return it, without words."""
        return [nodes.raw("", "", format="html", classes=[BOOK_CLASS])]


def _say(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Write down at the place of the links what will stand there."""
    _site = interface.translator(app)
    words = _site("The course as a book: {pdf}, {pdf_size} · {epub}, {epub_size}")
    place = f'<p class="{BOOK_CLASS}" data-text="{escape(words)}" hidden></p>'
    for node in doctree.findall(nodes.raw):
        if BOOK_CLASS in node["classes"]:
            node += nodes.Text(place)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role, and the directive with its words."""
    app.add_role("archive", Archive())
    app.add_directive("book-links", BookLinks)
    app.connect("doctree-resolved", _say)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
