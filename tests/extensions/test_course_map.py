"""The map of the course: the data file and its mistakes, the lines, the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html
from sphinx.errors import ExtensionError
from tiny_site import Built, build, catalogue, write

import course_data
import course_rail

COURSE = """
[[part]]
title = "Begin"
entries = [{ number = 0, title = "Opening", needs = [], page = "opening" }]

[[part]]
title = "Middle"
folder = "1_middle"
entries = [
  { number = 1, title = "One", needs = [] },
  { number = 2, title = "Two & more", needs = [1] },
  { number = 3, title = "Three", needs = [1, 2] },
]
"""
FILES = {
    "docs/course.toml": COURSE,
    "docs/index.rst": "Home\n====\n\n.. course-map::\n\n.. toctree::\n\n   opening\n   lessons/1_middle/lesson_02_two",
    "docs/opening.md": "",
    "docs/opening.rst": "The opening\n===========\n\n.. course-map::\n",
    "docs/lessons/1_middle/lesson_02_two.rst": "02 · Two & more\n===============\n\nText.\n",
    "gallery/1_middle/lesson_02_two.py": "",
    "docs/_templates/course-map.html": (
        Path(__file__).parents[2] / "docs/_templates/course-map.html"
    ).read_text("utf-8"),
    "docs/locale/zh_CN/LC_MESSAGES/site.po": catalogue(
        {
            "Begin": "开头",
            "Middle": "中间",
            "One": "第一",
            "Three": "第三",
            "ready": "已完成",
            "planned": "计划中",
            "this page": "本页",
            "needs {lessons}": "先修 {lessons}",
            "{done} of {total} lessons done": "学完 {done}/{total}",
        }
    ),
    "docs/locale/zh_CN/LC_MESSAGES/lessons/1_middle/lesson_02_two.po": catalogue(
        {"02 · Two & more": "02 · 第二和更多", "Text.": "正文。"}
    ),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path, FILES) / "docs"


def render(source: Path, language: str) -> Built:
    return build(
        source,
        source.parent / language,
        language,
        extensions=["course_map"],
        templates_path=["_templates"],
        exclude_patterns=["_templates", "locale", "opening.md"],
    )


def rows(built: Built, page: str) -> list[tuple[str, str, str, str | None]]:
    """Return number, title, needs with status, and link of each entry."""
    tree = html.parse(built.out / page)
    found = []
    for entry in tree.xpath("//li[contains(@class, 'map-entry')]"):
        title, needs, status = (
            entry.xpath(f".//*[@class='map-{name}']")[0].text_content().strip()
            for name in ("title", "needs", "status")
        )
        link = entry.xpath(".//a/@href")
        number = entry.get("data-lesson", "")
        found.append((number, title, f"{needs} {status}".strip(), link[0] if link else None))
    return found


def test_map_shows_titles_needs_and_what_is_ready(source: Path) -> None:
    built = render(source, "en")
    assert built.warnings == ""
    lesson = "lessons/1_middle/lesson_02_two.html"
    assert rows(built, "index.html") == [
        ("", "The opening", "ready", "opening.html"),
        ("01", "One", "planned", None),
        ("02", "Two & more", "needs 01 ready", lesson),
        ("03", "Three", "needs 01, 02 planned", None),
    ]
    assert rows(built, "opening.html")[0] == ("", "The opening", "this page", None)
    here = html.parse(built.out / "opening.html").xpath("//li[contains(@class, 'is-ready')]")
    assert len(here) == 2


def test_titles_are_those_of_the_language(source: Path) -> None:
    built = render(source, "zh_CN")
    assert built.warnings == ""
    assert [row[1:3] for row in rows(built, "index.html")[1:]] == [
        ("第一", "计划中"),
        ("第二和更多", "先修 01 已完成"),
        ("第三", "先修 01、02 计划中"),
    ]
    progress = html.parse(built.out / "index.html").xpath("//*[@data-progress]")[0]
    assert progress.get("data-progress") == "学完 {done}/{total}" and "hidden" in progress.attrib


def test_a_renamed_lesson_is_renamed_on_the_map(source: Path) -> None:
    render(source, "en")
    write(source, {"lessons/1_middle/lesson_02_two.rst": "02 · Zwei\n=========\n\nText.\n"})
    assert rows(render(source, "en"), "index.html")[2][1] == "Zwei"


def test_a_changed_need_shows(source: Path) -> None:
    render(source, "en")
    write(source, {"course.toml": COURSE.replace("needs = [1, 2]", "needs = [2]")})
    assert rows(render(source, "en"), "index.html")[3][2] == "needs 02 planned"


def test_messages_are_the_parts_and_the_planned_titles(source: Path) -> None:
    assert course_data.messages(source) == ["Begin", "Middle", "One", "Three"]
    assert course_data.messages(source / "nowhere") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("number = 2", "number = 1", "two entries have the number 1; change one"),
        ("number = 3", "number = 4", r"from 0 on, in order; missing: \[3\]"),
        ("needs = [1, 2]", "needs = [9]", "3 needs 9, which is no entry"),
        ('"One", needs = []', '"One", needs = [3]', "need each other: .*; take one need out"),
        ('"One", needs = []', '"One", needs = [1]', "need each other: 1 → 1"),
        (
            '"Two & more", needs = [1]',
            '"Two & more", needs = []',
            None,
        ),
        ('title = "One"', "title = 1", r"give title \(str\)"),
        ('title = "One"', 'titel = "x", title = "One"', "unknown titel"),
        ('folder = "1_middle"\n', "", "entry 1: give its page, or its part a folder"),
        ('title = "Begin"', "", r"every \[\[part\]\] needs a title"),
        ("[[part]]", "[[part", "course.toml: this is no TOML"),
    ],
)
def test_mistakes_are_one_message(source: Path, old: str, new: str, message: str | None) -> None:
    assert old in COURSE
    write(source, {"course.toml": COURSE.replace(old, new, 1)})
    if message is None:
        course_data.load(source)
        return
    with pytest.raises(ExtensionError, match=message):
        course_data.load(source)


def test_a_later_need_is_refused(source: Path) -> None:
    text = COURSE.replace('"One", needs = []', '"One", needs = [2]')
    write(
        source,
        {"course.toml": text.replace("needs = [1] }", "needs = [] }").replace("[1, 2]", "[]")},
    )
    with pytest.raises(ExtensionError, match="1 needs 2, which comes later"):
        course_data.load(source)


def test_two_lessons_with_one_number_are_refused(source: Path) -> None:
    write(source.parent, {"gallery/1_middle/lesson_02_again.py": ""})
    with pytest.raises(ExtensionError, match=r"lesson_02_again\.py and lesson_02_two\.py have"):
        course_data.load(source)


def test_before_follows_needs_through_others(source: Path) -> None:
    course = course_data.load(source)
    assert course.before(3) == {1, 2}
    assert course.before(1) == set()


def test_lines_join_each_lesson_to_what_it_needs() -> None:
    course = course_data.load(Path(__file__).parents[2] / "docs")
    layout = course_rail.rows(course)
    lanes = {number: row.lane for number, row in layout.items()}
    last = {need: entry.number for entry in course.entries for need in entry.needs}
    for entry in course.entries:
        for need in entry.needs:
            edge = f"{need:02d}-{entry.number:02d}"
            # The line leaves the dot of one, passes every row between, and ends at the other.
            for row in range(need, entry.number + 1):
                pieces = [line for line in layout[row].lines if edge in line.edges]
                assert len(pieces) == 1, (edge, row)
        # No two lines share a lane.
        held = [n for n in last if n < entry.number < last[n]]
        assert len({lanes[n] for n in held}) == len(held)
        assert lanes[entry.number] not in {lanes[n] for n in held}
    assert max(lanes.values()) <= 5, "the rail gets too wide for a phone"
