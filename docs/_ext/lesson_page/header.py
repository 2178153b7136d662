"""The head of a lesson: what it takes to read and to run it, and its files.

It stands between the title and the question, on the page only: it is no part of the downloads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util.osutil import relative_uri
from sphinx.util.typing import ExtensionMetadata

from _ext.common import timeline
from _ext.course import lessons
from _ext.course.lessons import data_links, is_lesson, record_file
from _ext.lesson_page.reading_time import READING_MINUTES
from _ext.lesson_page.wording import Wording
from _ext.pages.repository import colab_url
from _ext.translation import interface

TEMPLATE = "lesson-header.html"
CLASSES = ["lesson-header", "no-search", "not-in-download"]
LEDGER_PAGE = "ledger"


class Header:
    """The head of one lesson, in the language of the build."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app = app
        self.docname = docname
        self.lesson = lessons.read(Path(app.srcdir), docname)
        self._translate = interface.translator(app)
        self.wording = Wording(self._translate, app.config.language)

    def render(self) -> nodes.raw:
        """Return the node that goes below the title."""
        context = {
            "_site": self._translate,
            "reading": self._minutes(self.app.env.metadata[self.docname][READING_MINUTES]),
            "run": self._run(),
            "data": self._data(),
            "downloads": self._downloads(),
            "colab": colab_url(self.app, self.docname),
            "ledger": self._uri(LEDGER_PAGE) if LEDGER_PAGE in self.app.env.found_docs else "",
        }
        builder = cast(StandaloneHTMLBuilder, self.app.builder)
        html = builder.templates.render(TEMPLATE, context)
        return nodes.raw("", html, format="html", classes=CLASSES)

    def _minutes(self, minutes: int) -> str:
        return self._translate("about {minutes} min").format(minutes=minutes)

    def _run(self) -> dict[str, Any] | None:
        """Return what was measured, in words."""
        record, wording = self.lesson.record, self.wording
        if record is None:
            return None
        packages = {"Python": record["python"], **record["packages"]}
        torch = record["packages"].get("torch")
        day = wording.day(record["executed_at"])
        executed = self._translate("Last executed on {day}").format(day=day)
        if torch:
            version = torch.partition("+")[0]
            executed = self._translate("Last executed on {day} with PyTorch {version}").format(
                day=day, version=version
            )
        return {
            "executed": executed,
            "time": wording.duration(record["elapsed_s"]),
            "memory": wording.memory(record["peak_memory_mib"]),
            "device": record["device_name"],
            "kind": record["device"].upper(),
            "threads": record["thread_count"],
            "packages": [f"{name} {version}" for name, version in packages.items()],
        }

    def _data(self) -> list[dict[str, str]]:
        links = data_links(self.app.env, self.lesson.settings.get("assets", []))
        for link in links:
            link["href"] = f"{self._uri(link['page'])}#{link['anchor']}" if link["page"] else ""
        return links

    def _downloads(self) -> list[dict[str, str]]:
        name = self.docname.rpartition("/")[2]
        return [
            {"href": f"{name}.ipynb", "label": self._translate("Download notebook")},
            {"href": f"{name}.py", "label": self._translate("Download script")},
        ]

    def _uri(self, docname: str) -> str:
        target = self.app.builder.get_target_uri
        return relative_uri(target(self.docname), target(docname))


def add_header(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the head below the title of a lesson."""
    if app.builder.format != "html" or not is_lesson(docname):
        return
    title = next(iter(doctree.findall(nodes.title)))
    section = title.parent
    section.insert(section.index(title) + 1, Header(app, docname).render())


def add_note(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say below the title that this build did not execute the lesson.

    That happens when a build is asked for chosen lessons only, and the others have no outputs yet.
    """
    if not is_lesson(docname) or record_file(Path(app.srcdir) / docname).exists():
        return
    _site = interface.translator(app)
    note = nodes.warning(classes=["not-in-download"])
    note += nodes.paragraph(
        text=_site("This lesson was not executed in this build, so its outputs are missing.")
    )
    for title in doctree.findall(nodes.title):
        title.parent.insert(title.parent.index(title) + 1, note)
        return


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect after the references are resolved; an early note on the page comes above it."""
    app.connect("doctree-resolved", add_header, priority=timeline.LESSON_HEADER)
    app.connect("doctree-resolved", add_note, priority=timeline.LESSON_NOTE)
    app.add_css_file("lesson-header.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
