"""The foot of a lesson: a tick for what is done, the solutions, the lessons before and after it.

The ticks live in the reader's browser; ``progress.js`` keeps and shows them. What it says to the
reader stands in the head of the page, where it finds it although it is joined with other scripts.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from _ext.course.lessons import is_lesson, lesson_names, number_of
from _ext.translation import interface


def neighbours(lessons: list[str], docname: str) -> tuple[str | None, str | None]:
    """Return the lessons before and after a lesson.

    Examples
    --------
    >>> neighbours(["a", "b", "c"], "b")
    ('a', 'c')
    >>> neighbours(["a", "b", "c"], "c")
    ('b', None)
    """
    place = lessons.index(docname)
    before = lessons[place - 1] if place else None
    after = lessons[place + 1] if place + 1 < len(lessons) else None
    return before, after


def _link(app: Sphinx, pagename: str, docname: str) -> dict[str, str]:
    title: nodes.Node = app.env.titles[docname]
    return {
        "link": app.builder.get_relative_uri(pagename, docname),
        "title": app.builder.render_partial(title)["title"],  # type: ignore[attr-defined]  # HTML
    }


def _add_foot(app: Sphinx, pagename: str, context: dict[str, Any]) -> None:
    _site = interface.translator(app)
    before, after = neighbours(lesson_names(app.env), pagename)
    # In the menu, the index page of a part stands between its last lesson and the next one.
    if before:
        context["prev"] = _link(app, pagename, before)
        context["prev_title"] = context["prev"]["title"]
    context["next"] = _link(app, pagename, after) if after else None
    number = number_of(pagename)
    solutions = f"solutions/lesson_{number}"
    context["lesson_foot"] = {
        "number": number,
        "mark": _site("Mark as done"),
        "saved": _site("Done. The tick is kept in this browser, and nowhere else."),
        "unsaved": _site("This browser keeps nothing for this site: the tick goes when you leave."),
        "solutions": app.builder.get_relative_uri(pagename, solutions)
        if solutions in app.env.found_docs
        else "",
    }


def _words(app: Sphinx) -> str:
    """Return a tag with what the script of all pages needs: the lessons that there are, its words."""
    _site = interface.translator(app)
    pages = (f"lessons/{page.parent.name}/{page.stem}" for page in _generated_pages(app))
    words = {
        "lessons": [number_of(page) for page in sorted(pages)],
        "done": _site("done"),
        "clear": _site("Clear all ticks and answers"),
        "question": _site("Remove the ticks and the answers of all lessons in this browser?"),
    }
    content = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return f'\n<meta name="course-progress" content="{html.escape(content)}">'


def _generated_pages(app: Sphinx) -> Iterator[Path]:
    return Path(app.srcdir).glob("lessons/*/lesson_*.rst")


def _add_to_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    context["metatags"] = context.get("metatags", "") + _words(app)
    context["lesson_foot"] = None
    if is_lesson(pagename):
        _add_foot(app, pagename, context)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the script to each page and the foot to each lesson."""
    app.add_js_file("progress.js", loading_method="defer")
    app.connect("html-page-context", _add_to_page)
    app.add_css_file("lesson-progress.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
