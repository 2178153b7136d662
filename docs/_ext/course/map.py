"""The map of the course: its entries by part, what each makes and needs, and how long it is.

The directive ``course-map`` stands for the map on a page. The map is made when the page is
written: the titles of lessons that are ready are those of their pages, in the page's language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.course import rail, syllabus
from _ext.course.syllabus import Course, Entry
from _ext.lesson_page.reading_time import READING_MINUTES
from _ext.translation import interface

TEMPLATE = "course-map.html"


class course_map(nodes.General, nodes.Element):
    """Where the map stands on a page; it is replaced before the page is written."""


class CourseMap(SphinxDirective):
    """The directive: no arguments, no content."""

    def run(self) -> list[nodes.Node]:
        """Mark the place, and have this page written again when an entry changes."""
        docs = Path(self.env.srcdir)
        self.env.note_dependency(str(docs / syllabus.FILE))
        for entry in syllabus.load(docs).entries:
            if entry.page:
                rebuild = self.env.files_to_rebuild.setdefault(entry.page, set())
                rebuild.add(self.env.current_document.docname)
        return [course_map()]


def title_of(app: Sphinx, entry: Entry) -> str:
    """Return the title of an entry in the language of the build, without its number."""
    if entry.page and entry.page in app.env.titles:
        title: str = app.env.titles[entry.page].astext()
        return title.removeprefix(f"{entry.label} · ")
    return interface.translator(app)(entry.title)


def context_of(app: Sphinx, course: Course, docname: str) -> dict[str, Any]:
    """Return what the template needs."""
    _site = interface.translator(app)
    rows = rail.rows(course)
    uri = app.builder.get_relative_uri

    def entry(item: Entry) -> dict[str, Any]:
        return {
            "number": item.label if item.number else "",
            "title": title_of(app, item),
            "needs": [f"{need:02d}" for need in item.needs],
            "href": uri(docname, item.page) if item.page else None,
            "ready": item.page is not None,
            "builds": _site(item.builds) if item.builds else "",
            "minutes": app.env.metadata.get(item.page or "", {}).get(READING_MINUTES),
            "here": item.page == docname,
            "row": rows[item.number],
        }

    return {
        "_site": _site,
        "chinese": app.config.language.startswith("zh"),
        "lanes": 1 + max(row.lane for row in rows.values()),
        "height": rail.HEIGHT,
        "parts": [
            {"title": _site(part.title), "entries": [entry(item) for item in part.entries]}
            for part in course.parts
        ],
    }


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(course_map)):
        if app.builder.format != "html":
            node.parent.remove(node)
            continue
        context = context_of(app, syllabus.load(Path(app.srcdir)), docname)
        html = app.builder.templates.render(TEMPLATE, context)
        node.replace_self(nodes.raw("", html, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, the style and the highlighting of what an entry needs."""
    app.add_node(course_map)
    app.add_directive("course-map", CourseMap)
    app.add_css_file("course-map.css")
    app.add_js_file("course-map.js", loading_method="defer")
    app.connect("doctree-resolved", _fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
