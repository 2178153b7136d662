"""The index of errors: links from a message to the section of the lesson that provokes it.

    ```{provoked} 04 break-it
    ```

stands for a link to the section with this anchor, with its title in the language of the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from _ext.course import syllabus
from _ext.translation import interface


class provoked(nodes.General, nodes.Element):
    """Where the link stands; it is made before the page is written."""


class Provoked(SphinxDirective):
    """The directive: the number of a lesson and the anchor of a section."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Mark the place, and have this page written again when the lesson changes."""
        number, anchor = self.arguments
        course = syllabus.load(Path(self.env.srcdir))
        pages = {entry.label: entry.page for entry in course.entries}
        if (page := pages.get(number)) is None:
            raise self.error(f"there is no lesson {number}")
        here = self.env.current_document.docname
        self.env.files_to_rebuild.setdefault(page, set()).add(here)
        return [provoked(number=number, page=page, anchor=anchor)]


def _titles(doctree: nodes.document) -> dict[str, str]:
    """Return the titles of the sections of a page by their anchors."""
    return {
        anchor: title.astext()
        for section in doctree.findall(nodes.section)
        if (title := section.next_node(nodes.title)) is not None
        for anchor in section["ids"]
    }


def _link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    _site = interface.translator(app)
    titles: dict[str, dict[str, str]] = {}
    for node in list(doctree.findall(provoked)):
        page, anchor = node["page"], node["anchor"]
        if page not in titles:
            titles[page] = _titles(app.env.get_doctree(page))
        if anchor not in titles[page]:
            raise ExtensionError(f"{docname}: {page} has no section with the anchor {anchor!r}")
        text = _site("Lesson {number}, “{section}”")
        text = text.replace("{number}", node["number"]).replace("{section}", titles[page][anchor])
        uri = f"{app.builder.get_relative_uri(docname, page)}#{anchor}"
        link = nodes.reference("", text, internal=True, refuri=uri)
        paragraph = nodes.paragraph("", _site("Provoked in: "), link, classes=["provoked"])
        # The look of a message must not depend on what comes below it: a page arrives in parts.
        node.parent["classes"].append("error-message")
        node.replace_self(paragraph)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and make the links when pages are written."""
    app.add_node(provoked)
    app.add_directive("provoked", Provoked)
    app.connect("doctree-resolved", _link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
