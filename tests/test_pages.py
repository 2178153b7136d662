"""The map of the course shows what exists, and the glossary has one definition a term."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAP = (ROOT / "docs" / "opening.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def map_rows() -> list[tuple[str, str, str]]:
    """Return title, needs and status of each row of the map."""
    rows = re.findall(r"^\| (.+) \| (.+) \| (\*\*ready\*\*|planned) \|$", MAP, re.MULTILINE)
    return [(title, needs, status.strip("*")) for title, needs, status in rows]


def test_map_has_every_entry_in_order() -> None:
    numbers = [title[:2] for title, _, _ in map_rows()]
    assert numbers == ["Ho", *(f"{number:02}" for number in range(1, 28))]


def test_ready_lessons_are_the_scripts() -> None:
    ready = {title for title, _, status in map_rows()[1:] if status == "ready"}
    scripts = sorted((ROOT / "gallery").glob("*/lesson_*.py"))
    expected = set()
    for script in scripts:
        docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
        number, title = docstring.splitlines()[0].split(" · ")
        page = script.relative_to(ROOT / "gallery").with_suffix("").as_posix()
        expected.add(f"{number} · {{doc}}`{title} <lessons/{page}>`")
    assert ready == expected


def test_planned_lessons_are_not_linked() -> None:
    planned = [title for title, _, status in map_rows() if status == "planned"]
    assert [title for title in planned if "`" in title or "](" in title] == []


def test_lessons_need_only_earlier_ones() -> None:
    for title, needs, _ in map_rows():
        assert needs == "–" or all(number < title[:2] for number in needs.split(", ")), title


def glossary_entries() -> list[tuple[str, str]]:
    """Return each term with its definition."""
    blocks = re.findall(r"```\{glossary\}\n(.*?)\n```", GLOSSARY, re.DOTALL)
    entries = [entry.split("\n  ") for block in blocks for entry in block.split("\n\n")]
    return [(entry[0], " ".join(entry[1:])) for entry in entries]


def test_terms_are_unique() -> None:
    terms = [term.lower() for term, _ in glossary_entries()]
    assert len(terms) > 100
    assert sorted(terms) == sorted(set(terms))


def test_definitions_are_one_sentence() -> None:
    one_sentence = re.compile(r"[A-Z0-9](?:(?![.?!] [A-Z]).)*\.")
    assert [term for term, text in glossary_entries() if not one_sentence.fullmatch(text)] == []
