"""The file of the course agrees with the lessons, and the glossary has one definition a term."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from sphinx_gallery.py_source_parser import extract_file_config

from _ext.course import syllabus

ROOT = Path(__file__).resolve().parents[2]
COURSE = syllabus.load(ROOT / "docs")
SCRIPTS = sorted((ROOT / "gallery").glob("*/lesson_*.py"))


def lesson_settings(script: Path) -> dict[str, Any]:
    """Return the settings that a lesson declares below its title."""
    return dict(extract_file_config(script.read_text(encoding="utf-8")))


def test_course_has_every_entry() -> None:
    assert [entry.number for entry in COURSE.entries] == list(range(28))
    assert [len(part.entries) for part in COURSE.parts] == [1, 5, 11, 9, 2]


def test_every_lesson_is_in_the_course() -> None:
    pages = {entry.page for entry in COURSE.entries}
    assert {f"lessons/{script.parent.name}/{script.stem}" for script in SCRIPTS} <= pages


def test_titles_are_those_of_the_lessons() -> None:
    titles = {entry.number: f"{entry.label} · {entry.title}" for entry in COURSE.entries}
    for script in SCRIPTS:
        docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
        assert docstring.splitlines()[0] == titles[lesson_settings(script)["number"]]
    opening = (ROOT / "docs" / "opening.md").read_text(encoding="utf-8")
    assert opening.startswith(f"# {COURSE.entries[0].title}\n")


def test_lessons_need_what_the_course_says() -> None:
    """A lesson may leave out a need that is only planned, and name an earlier one instead."""
    ready = {entry.number for entry in COURSE.entries if entry.page}
    needs = {entry.number: set(entry.needs) for entry in COURSE.entries}
    for script in SCRIPTS:
        settings = lesson_settings(script)
        number, declared = settings["number"], set(settings["needs"])
        assert declared <= COURSE.before(number), f"{script.name} needs what the course does not"
        assert needs[number] & ready <= declared, f"{script.name} leaves out a lesson that is ready"


def test_glossary_has_each_term_once_in_one_sentence() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\{glossary\}\n(.*?)\n```", glossary, re.DOTALL)
    entries = [entry.split("\n  ") for block in blocks for entry in block.split("\n\n")]
    terms = [term.lower() for term, *_ in entries]
    assert len(terms) > 100
    assert sorted(terms) == sorted(set(terms))
    one_sentence = re.compile(r"[A-Z0-9](?:(?![.?!] [A-Z]).)*\.")
    assert [term for term, *text in entries if not one_sentence.fullmatch(" ".join(text))] == []
