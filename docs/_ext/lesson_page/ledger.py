"""The ledger: what this build measured, lesson by lesson, as a table and as JSON.

``lesson-ledger`` is a directive without content. It becomes the table, and ``ledger.json``, with
the same facts, is written beside its page.

What a lesson measured in English and in Chinese it leaves for the ledger in ``languages.json``, with its
page files: ``{"tokens_per_name": {"en": 6.1, "zh": 5.8}}``; ``MEASURES`` has the names.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polib
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from _ext.common.languages import LANGUAGES
from _ext.course import lessons as course_lessons
from _ext.course.lessons import DATA_PAGE, Lesson, data_links
from _ext.execution import page_files
from _ext.execution.record import processor_name
from _ext.lesson_page.wording import Wording
from _ext.translation import catalogues, interface

FORMAT = 2
TEMPLATE = "ledger.html"
FILE = "ledger.json"
#: What makes the pages, besides what the lessons import.
BUILD_PACKAGES = ("sphinx", "sphinx-gallery", "myst-nb", "pydata-sphinx-theme", "torch")
#: Facts of a run that are taken from its record as they are, by their names there.
RECORDED = (
    "executed_at",
    "peak_memory_mib",
    "memory_at_start_mib",
    "device",
    "device_name",
    "thread_count",
    "python",
    "packages",
)


def measures(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what may be measured in both languages, by key, in words."""
    return {
        "tokens_per_name": _site("tokens of a name; a tenth of the training text was Chinese"),
        "accuracy_percent": _site("test reviews that the LSTM judged rightly, %"),
        "first_percent": _site("unseen pictures whose own name was the nearest, %"),
    }


class Ledger(nodes.Element):
    """Stands for the table until the page is written."""


class LessonLedger(SphinxDirective):
    """Put the ledger here."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the table; the facts may change while the page does not."""
        self.env.note_reread()
        return [Ledger()]


def translation(srcdir: Path, docname: str, language: str) -> dict[str, Any]:
    """Return how complete the catalogue of a lesson's page is.

    Parameters
    ----------
    srcdir : Path
        The folder of the pages.
    docname : str
    language : str
        The language of the catalogue, as Sphinx calls it.
    """
    file = catalogues.path(srcdir / "locale", language, docname)
    entries = [e for e in polib.pofile(file) if not e.obsolete] if file.is_file() else []
    missing = sum(not entry.translated() for entry in entries)  # fuzzy ones are not translated
    return {
        "language": LANGUAGES[language].html,
        "message_count": len(entries),
        "missing_count": missing,
        "complete": bool(entries) and not missing,
    }


def in_both_languages(page: Path) -> dict[str, dict[str, float]]:
    """Return what a lesson measured in English and in Chinese; mostly nothing.

    Parameters
    ----------
    page : Path
        The page of the lesson, in the folder of the pages.

    Raises
    ------
    ExtensionError
        If a measure is unknown, or a language is missing.
    """
    file = page_files.folder(page) / "languages.json"
    found: dict[str, dict[str, float]] = {}
    if file.is_file():
        found = json.loads(file.read_text(encoding="utf-8"))
    known = measures(str)
    for name, values in found.items():
        if name not in known or values.keys() != {"en", "zh"}:
            raise ExtensionError(
                f"{page}: {name} in languages.json: use one of {', '.join(known)}, with 'en' and 'zh'"
            )
    return found


def lesson_entry(app: Sphinx, lesson: Lesson) -> dict[str, Any]:
    """Return what the ledger says about a lesson."""
    record = lesson.record or {}
    budget_s = lesson.settings.get("budget_s")
    run_time_s = record.get("elapsed_s")
    (language,) = (code for code in LANGUAGES if code != "en")
    return {
        "number": lesson.number,
        "page": lesson.docname,
        "title": app.env.titles[lesson.docname].astext(),
        "status": "executed" if record else "not executed",
        "cell_count": lesson.cells,
        "cells_not_executed": lesson.cells_not_executed,
        "run_time_s": run_time_s,
        "budget_s": budget_s,
        "within_budget": run_time_s <= budget_s if run_time_s and budget_s else None,
        **{name: record.get(name) for name in RECORDED},
        "assets": lesson.settings.get("assets", []),
        "translation": translation(Path(app.srcdir), lesson.docname, language),
        "in_both_languages": in_both_languages(Path(app.srcdir) / lesson.docname),
    }


def facts(app: Sphinx) -> dict[str, Any]:
    """Return the ledger: what is in ``ledger.json``, and in the table."""
    names = course_lessons.lesson_names(app.env)
    srcdir = Path(app.srcdir)
    lessons = [lesson_entry(app, course_lessons.read(srcdir, name)) for name in names]
    executed = [lesson for lesson in lessons if lesson["status"] == "executed"]
    return {
        "format": FORMAT,
        "course_version": app.config.release,
        "build": {
            "system": platform.system(),
            "machine": platform.machine(),
            "processor": processor_name(),
            "processor_count": os.cpu_count(),
            "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in BUILD_PACKAGES},
        },
        "totals": {
            "lesson_count": len(lessons),
            "lessons_not_executed": len(lessons) - len(executed),
            "cell_count": sum(lesson["cell_count"] for lesson in lessons),
            "cells_not_executed": sum(lesson["cells_not_executed"] for lesson in lessons),
            "run_time_s": round(sum(lesson["run_time_s"] for lesson in executed), 2),
            "budget_s": sum(lesson["budget_s"] or 0 for lesson in lessons),
            "peak_memory_mib": max((x["peak_memory_mib"] for x in executed), default=None),
        },
        "lessons": lessons,
    }


def row(app: Sphinx, docname: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a lesson's row of the table, in words."""
    _site = interface.translator(app)
    wording = Wording(_site, app.config.language)
    relative = app.builder.get_relative_uri
    executed = entry["status"] == "executed"
    data = data_links(app.env, entry["assets"])
    return {
        "number": entry["number"],
        "title": entry["title"],
        "href": relative(docname, entry["page"]),
        "status": _status(entry, _site),
        "time": wording.duration(entry["run_time_s"]) if executed else "–",
        "budget": wording.duration(entry["budget_s"]) if entry["budget_s"] else "–",
        "memory": wording.memory(entry["peak_memory_mib"]) if executed else "–",
        "device": f"{entry['device'].upper()} ({entry['device_name']})" if executed else "–",
        "day": wording.day(entry["executed_at"]) if executed else "",
        "versions": _versions(entry, _site),
        "data": [
            {**link, "href": f"{relative(docname, link['page'])}#{link['anchor']}"}
            if link["page"] == DATA_PAGE
            else {**link, "href": ""}
            for link in data
        ],
        "translation": _freshness(entry["translation"], _site),
    }


def language_rows(app: Sphinx, docname: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the table that has English beside Chinese."""
    words = measures(interface.translator(app))
    return [
        {
            "title": entry["title"],
            "href": app.builder.get_relative_uri(docname, entry["page"]),
            "measure": words[name],
            **{folder: f"{value:.2f}" for folder, value in values.items()},
            "gap": f"{values['zh'] - values['en']:+.2f}".replace("-", "\u2212"),
        }
        for entry in entries
        for name, values in entry["in_both_languages"].items()
    ]


def _status(entry: dict[str, Any], translate: Callable[[str], str]) -> str:
    if entry["status"] != "executed":
        return translate("not executed in this build")
    return (
        translate("executed")
        if entry["within_budget"] is not False
        else translate("executed, over its budget")
    )


def _versions(entry: dict[str, Any], translate: Callable[[str], str]) -> str:
    packages = {"Python": entry["python"], **(entry["packages"] or {})}
    return translate(", ").join(_named(packages)) or "–"


def _named(packages: dict[str, str | None]) -> list[str]:
    return [f"{name} {version}" for name, version in packages.items() if version]


def build_in_words(ledger: dict[str, Any], translate: Callable[[str], str]) -> dict[str, list[str]]:
    """Return the machine and the versions that made the pages."""
    build = ledger["build"]
    processors = translate("{count} logical processors").format(count=build["processor_count"])
    versions = {"Python": build["python"], **build["packages"]}
    return {
        "machine": [f"{build['system']} {build['machine']}", build["processor"], processors],
        "versions": _named({translate("course"): ledger["course_version"], **versions}),
    }


def _freshness(state: dict[str, Any], translate: Callable[[str], str]) -> str:
    """Say whether a translation is whole."""
    if not state["complete"]:
        return translate("{missing} of {total} texts are missing").format(
            missing=state["missing_count"], total=state["message_count"]
        )
    return translate("matches the English")


def summary(totals: dict[str, Any], translate: Callable[[str], str]) -> str:
    """Say what was executed and what was not."""
    if totals["cells_not_executed"]:
        text = translate(
            "This build is partial: lessons not executed: {lessons_not_executed} of "
            "{lesson_count}; cells not executed: {cells_not_executed} of {cell_count}."
        )
    else:
        text = translate(
            "Lessons executed: all {lesson_count}, with all their {cell_count} cells. Skipped: 0."
        )
    return text.format(**totals)


def write_ledger(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the table into the page, and the file beside it."""
    places = list(doctree.findall(Ledger))
    if not places:
        return
    if app.builder.format != "html":
        for place in places:
            place.parent.remove(place)
        return
    ledger = facts(app)
    _site = interface.translator(app)
    wording = Wording(_site, app.config.language)
    totals = ledger["totals"]
    context = {
        "_site": _site,
        "ledger": ledger,
        "rows": [row(app, docname, entry) for entry in ledger["lessons"]],
        "languages": language_rows(app, docname, ledger["lessons"]),
        "summary": summary(totals, _site),
        "total": {
            "time": wording.duration(totals["run_time_s"]),
            "budget": wording.duration(totals["budget_s"]),
            "memory": wording.memory(totals["peak_memory_mib"] or 0),
        },
        "build": build_in_words(ledger, _site),
        "file": FILE,
    }
    html = cast(StandaloneHTMLBuilder, app.builder).templates.render(TEMPLATE, context)
    for place in places:
        place.replace_self(nodes.raw("", html, format="html", classes=["ledger", "no-search"]))
    file = (Path(app.outdir) / docname).with_name(FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(ledger, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, and fill it when its page is written."""
    app.add_node(Ledger)
    app.add_directive("lesson-ledger", LessonLedger)
    app.connect("doctree-resolved", write_ledger)
    app.add_css_file("ledger.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
