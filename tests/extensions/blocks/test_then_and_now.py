"""Then and now: the rows are those that were run, with a note each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html

from _ext.blocks import then_and_now
from tiny_course import Project
from tiny_site import build, write

KINDS = "lessons/2_kinds/lesson_03_kinds"
LESSON = "lessons/1_part/lesson_01_x"
ERROR = "AttributeError: module 'math' has no attribute 'reciprocal_of'"
ROW = {"then": "old()", "says": {"kind": "silent", "text": ""}, "now": "new()", "prints": ""}


def rows(course: Project, language: str) -> list[list[str]]:
    (table,) = course.tree(language, KINDS).xpath("//div[@class='then-and-now']")
    return [
        [" ".join(part.text_content().split()) for part in row.xpath("div")]
        for row in table.xpath("div")
    ]


def test_rows_say_what_was_run(course: Project) -> None:
    assert rows(course, "en") == [
        [
            "Then import math math.reciprocal_of(4)",
            f"Python says {ERROR}",
            "Now 1 / 4",
            "A function of old.",
        ],
        ["Then one", "It runs without a message.", "Now 1", "It was silent."],
        ["Then print(7 / 2)", "It prints 3.5", "Now print(7 // 2)", "It prints 3", "It printed."],
    ]


def test_chinese_rows_have_chinese_words_and_notes(course: Project) -> None:
    first, second, _ = rows(course, "zh")
    assert first[:3] == [
        "以前 import math math.reciprocal_of(4)",
        f"Python 的提示 {ERROR}",
        "现在 1 / 4",
    ]
    assert second[-1] == "原来没有提示。"


def test_notebook_has_a_list_of_rows(course: Project) -> None:
    notebook = json.loads((course.written("en") / f"{KINDS}.ipynb").read_text("utf-8"))
    content = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    wanted = f"- **Then**\n\n  ```python\n  import math\n  math.reciprocal_of(4)\n  ```\n\n  **Python says**\n\n  ```\n  {ERROR}\n"
    assert wanted in content
    assert "**It runs without a message.**\n\n  **Now**" in content


def test_notes_are_extracted_for_translators(templates: Path) -> None:
    kinds = (templates / f"{KINDS}.pot").read_text("utf-8")
    assert kinds.count('msgid "A function of **old**."') == 1


def test_rows_of_all_lessons_can_be_read(course: Project) -> None:
    found = list(then_and_now.all_rows(course.root / "docs"))
    assert [page for page, _ in found] == [KINDS] * 3
    assert found[0][1]["says"] == {"kind": "error", "text": ERROR}


def test_style_sheet_is_loaded_where_rows_are(course: Project) -> None:
    site = course.written("en")
    pages = site.rglob("*.html")
    found = {page for page in pages if "then-and-now.css" in page.read_text("utf-8")}
    assert found == {site / f"{KINDS}.html", site / "opening.html"}  # it collects all rows


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("rows", "- One.", "'rows' has 2 rows, and there are 1 notes"),
        ("rows", "- One.\n\n   -", "note 2 is empty"),
        ("rows", "One.", "then-and-now holds one list"),
        ("others", "- One.", "has not run anything named 'others' (it has: rows)"),
    ],
)
def test_mistakes_are_named_with_their_place(
    tmp_path: Path, name: str, body: str, message: str
) -> None:
    page = f"Title\n=====\n\n.. then-and-now:: {name}\n\n   {body}\n"
    files = {"index.rst": f"Home\n====\n\n.. toctree::\n\n   {LESSON}\n", f"{LESSON}.rst": page}
    files |= {f"{LESSON}.record.json": "{}"}
    files |= {f"{LESSON}.files/then_and_now_rows.json": json.dumps({"rows": [ROW, ROW]})}
    folder = write(tmp_path / "docs", files)
    said = build(folder, tmp_path / "out", extensions=["_ext.blocks"]).warnings
    assert message in " ".join(said.split()) and f"{LESSON}.rst:4: " in said


def test_lesson_that_was_not_executed_shows_no_rows(tmp_path: Path) -> None:
    page = "Title\n=====\n\n.. then-and-now:: rows\n\n   - Nothing.\n"
    index = f"Home\n====\n\n.. toctree::\n\n   {LESSON}\n"
    folder = write(tmp_path / "docs", {"index.rst": index, f"{LESSON}.rst": page})
    built = build(folder, tmp_path / "out", extensions=["_ext.blocks"])
    text = html.fromstring((built.out / f"{LESSON}.html").read_text("utf-8")).text_content()
    assert built.warnings == "" and "Nothing." not in text
