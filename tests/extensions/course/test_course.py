"""The map of the course, its data file and lines, and what pages show and link of lessons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html
from sphinx.errors import ExtensionError

from _ext.course import rail, syllabus
from tiny_course import EVERY_KIND, ROOT, Project
from tiny_site import build, write

COURSE = (EVERY_KIND / "docs/course.toml").read_text("utf-8")
KINDS = "lessons/2_kinds/lesson_03_kinds"
FIGURE = "sphx_glr_lesson_01_tiny_001"


def rows(course: Project, language: str, page: str) -> list[tuple[str, str, str, str | None]]:
    """Return number, title, needs with status, and link of each entry."""
    found = []
    for entry in course.tree(language, page).xpath("//li[contains(@class, 'map-entry')]"):
        title, needs, status = (
            entry.xpath(f".//*[@class='map-{name}']")[0].text_content()
            for name in ("title", "needs", "status")
        )
        title, needs, status = (" ".join(text.split()) for text in (title, needs, status))
        link = entry.xpath(".//a/@href")
        number = entry.get("data-lesson", "")
        found.append((number, title, f"{needs} {status}".strip(), link[0] if link else None))
    return found


def test_map_shows_titles_needs_and_how_long_pages_are(course: Project) -> None:
    assert rows(course, "en", "index") == [
        ("", "The opening", "1 min", "opening.html"),
        ("01", "A tiny lesson Something tiny", "1 min", "lessons/1_part/lesson_01_tiny.html"),
        ("02", "A moving lesson", "needs 01 1 min", "lessons/1_part/lesson_02_moving.html"),
        ("03", "All kinds", "needs 01, 02 3 min", f"{KINDS}.html"),
        ("04", "Four & more", "needs 03 planned", None),
    ]
    assert rows(course, "en", "opening")[0] == ("", "The opening", "this page", None)
    ready = course.tree("en", "opening").xpath("//li[contains(@class, 'is-ready')]")
    assert len(ready) == 4


def test_map_speaks_the_language_of_the_page(course: Project) -> None:
    assert [row[1:3] for row in rows(course, "zh", "index")[2:]] == [
        ("会动的一课", "先修 01 1 分钟"),
        ("各种文字", "先修 01、02 3 分钟"),
        ("第四和更多", "先修 03 计划中"),
    ]
    (progress,) = course.tree("zh", "index").xpath("//*[@data-progress]")
    assert progress.get("data-progress").startswith("已学完 {done} 课")
    assert "hidden" in progress.attrib


def test_map_follows_needs(tmp_path: Path) -> None:
    template = "_templates/course-map.html"
    page = {"index.rst": "Home\n====\n\n.. course-map::\n"}
    docs = write(
        tmp_path / "docs", page | {template: (ROOT / "docs" / template).read_text("utf-8")}
    )
    for needs, shown in (("[1, 2]", "needs 01, 02"), ("[2]", "needs 02")):
        write(docs, {"course.toml": COURSE.replace("[1, 2]", needs)})
        settings = {"templates_path": ["_templates"], "exclude_patterns": ["_templates"]}
        built = build(docs, tmp_path / "out", extensions=["_ext.course.map"], **settings)
        tree = html.fromstring((built.out / "index.html").read_text("utf-8"))
        (found,) = tree.xpath("//li[@data-lesson='03']//*[@class='map-needs']")
        assert " ".join(found.text_content().split()) == shown


def test_messages_are_the_parts_the_planned_titles_and_what_entries_make(course: Project) -> None:
    docs = course.root / "docs"
    parts = ["Begin", "First part", "Second part"]
    assert syllabus.messages(docs) == [*parts, "Four & more", "Something tiny"]
    assert syllabus.messages(docs / "nowhere") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("number = 2", "number = 1", "two entries have the number 1; change one"),
        ("number = 4", "number = 5", r"from 0 on, in order; missing: \[4\]"),
        ("needs = [1, 2]", "needs = [9]", "3 needs 9, which is no entry"),
        ('lesson", needs = []', 'lesson", needs = [2]', "need each other: .*; take one need out"),
        ('lesson", needs = []', 'lesson", needs = [1]', "need each other: 1 → 1"),
        ("needs = [1] }", "needs = [4] }", "2 needs 4, which comes later"),
        ('title = "Opening"', "title = 1", r"give title \(str\)"),
        ('title = "Opening"', 'titel = "x", title = "One"', "unknown titel"),
        ('builds = "Something tiny"', "builds = 1", "builds is not a text"),
        ('folder = "1_part"\n', "", "entry 1: give its page, or its part a folder"),
        ('title = "Begin"', "", r"every \[\[part\]\] needs a title"),
        ("[[part]]", "[[part", "course.toml: this is no TOML"),
    ],
)
def test_mistakes_are_one_message(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in COURSE
    text = COURSE.replace(old, new, 1)
    if "later" in message:
        text = text.replace("needs = [3]", "needs = []")
    write(tmp_path, {"docs/course.toml": text})
    with pytest.raises(ExtensionError, match=message):
        syllabus.load(tmp_path / "docs")


def test_two_lessons_with_one_number_are_refused(tmp_path: Path) -> None:
    scripts = dict.fromkeys(("gallery/1_part/lesson_02_a.py", "gallery/1_part/lesson_02_b.py"), "")
    write(tmp_path, {"docs/course.toml": COURSE, **scripts})
    with pytest.raises(ExtensionError, match=r"lesson_02_a\.py and lesson_02_b\.py have"):
        syllabus.load(tmp_path / "docs")


def test_before_follows_needs_through_others(course: Project) -> None:
    data = syllabus.load(course.root / "docs")
    assert data.before(4) == {1, 2, 3}
    assert data.before(1) == set()


def test_lines_join_each_lesson_to_what_it_needs() -> None:
    course = syllabus.load(ROOT / "docs")
    layout = rail.rows(course)
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


@pytest.mark.parametrize(("language", "suffix"), [("en", ".png"), ("zh", ".zh_CN.png")])
def test_figure_of_a_lesson_is_that_of_the_language(
    course: Project, language: str, suffix: str
) -> None:
    (image,) = course.tree(language, "index").xpath("//figure[contains(@class, 'home-')]//img")
    assert image.get("src") == f"_images/{FIGURE}{suffix}"
    assert image.get("alt").startswith("One bar" if language == "en" else "一根")
    assert "640px" in image.get("style", "") + image.get("width", "") + "px"


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Lesson 03, “Break it”"), ("zh", "第 03 课“弄坏它”")]
)
def test_section_that_provokes_an_error_is_linked_by_its_title(
    course: Project, language: str, text: str
) -> None:
    (link,) = course.tree(language, "errors").xpath("//p[@class='provoked']/a")
    assert link.get("href") == f"{KINDS}.html#break-it"
    assert link.text_content() == text


def test_archives_are_linked_from_any_depth(course: Project) -> None:
    tree = course.tree("en", "solutions/lesson_03")
    links = tree.xpath("//section//a[@download]/@href")
    assert links == ["../course.zip", "../../pytorch-in-practice.zip"]
    assert tree.xpath("//*[@class='file-size']/@data-size-of") == ["lessons", "site"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A course whose one lesson has left a figure."""
    lesson = "lessons/1_part/lesson_01_tiny"
    about = {"alt": "A red square.", "image": "red.png", "width": 52, "height": 20}
    entries = "[{ number = 0, title = 'A', needs = [] }, { number = 1, title = 'B', needs = [] }]"
    return (
        write(
            tmp_path,
            {
                "gallery/1_part/lesson_01_tiny.py": "",
                "docs/course.toml": f"[[part]]\ntitle='P'\nfolder='1_part'\nentries={entries}\n",
                f"docs/{lesson}.rst": ":orphan:\n\nOne\n===\n",
                f"docs/lessons/1_part/images/{FIGURE}.figure.json": json.dumps(about),
                "docs/lessons/1_part/images/red.png": "",
                "docs/lessons/1_part/images/red.webp": "",
            },
        )
        / "docs"
    )


def render(source: Path, *texts: str) -> tuple[str, str]:
    write(source, {"index.rst": "Home\n====\n\n" + "\n\n".join(texts)})
    extensions = ["_ext.downloads.buttons", "_ext.course.errors", "_ext.course.figure"]
    built = build(source, source.parent / "out", extensions=extensions)
    return (built.out / "index.html").read_text("utf-8"), built.warnings


def test_smaller_figure_is_taken_and_none_where_the_lesson_was_not_executed(source: Path) -> None:
    figure = ".. lesson-figure:: 01\n   :shows: A red"
    page, warnings = render(source, figure)
    assert "red.webp" in page and "red.png" not in page and not warnings
    (source / f"lessons/1_part/images/{FIGURE}.figure.json").unlink()
    page, warnings = render(source, figure, "More.")
    assert "<img" not in page and not warnings


def test_mistakes_are_named(source: Path) -> None:
    _, warnings = render(
        source,
        ".. lesson-figure:: 01\n   :shows: A blue",
        ".. lesson-figure:: 00\n   :shows: A red",
        ":archive:`All <everything>`",
        ".. provoked:: 00 break-it",
    )
    assert "0 figures of lesson 01 have" in warnings
    assert warnings.count("there is no lesson 00") == 2
    assert "there is no archive 'everything'; use one of lessons" in warnings
    with pytest.raises(ExtensionError, match="has no section with the anchor 'gone'"):
        render(source, ".. provoked:: 01 gone")
