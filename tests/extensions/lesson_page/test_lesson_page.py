"""Head and foot of a lesson, the cards that lead to it, the ledger, links to the repository."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from docutils import nodes
from lxml import html
from sphinx.errors import ConfigError, ExtensionError

from _ext.lesson_page import ledger
from _ext.lesson_page.folds import fold
from _ext.lesson_page.reading_time import OUTPUT_CLASS, reading_minutes
from _ext.lesson_page.wording import Wording
from _ext.pages import repository as repository_links
from tiny_course import ROOT, Project

TINY, MOVING, KINDS = (
    f"lessons/{name}"
    for name in ("1_part/lesson_01_tiny", "1_part/lesson_02_moving", "2_kinds/lesson_03_kinds")
)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
OF_SPHINX_GALLERY = (
    "GENERATED FROM", "Go to the end", "Download all", "Gallery generated", "running time", "Tags:",
    "sg-tag", "sphx-glr-thumb", "sphx-glr-download", "tooltip=",
)  # fmt: skip


def words(elements: list[html.HtmlElement]) -> list[str]:
    return [" ".join(element.text_content().split()) for element in elements]


def head(course: Project, language: str, page: str) -> html.HtmlElement:
    (found,) = course.tree(language, page).xpath("//h1/../*[contains(@class, 'lesson-header')]")
    assert found.get("class").split() == ["lesson-header", "no-search", "not-in-download"]
    return found


def test_head_follows_the_record_and_says_what_the_lesson_needs(followed: Project) -> None:
    lesson = head(followed, "en", TINY)
    expected = ["about 1 min", "1 min 11 s", "640 MiB", "nothing to fetch"]
    assert words(lesson.xpath("dl[@class='lesson-facts']//dd")) == expected
    summary = ["Last executed on 1 March 2026 with PyTorch 2.14.1"]
    assert words(lesson.xpath("details/summary")) == summary
    details = " ".join(words(lesson.xpath("details//dd")))
    assert "A <fast> processor" in details and "torch 2.14.1+cu130" in details
    assert lesson.xpath("ul//a[@download]/@href") == ["lesson_01_tiny.ipynb", "lesson_01_tiny.py"]
    assert lesson.xpath("details//a/@href") == ["../../ledger.html"]
    assert (followed.written("en") / "constructs.html").read_text() == "as it was"


def test_head_of_a_lesson_without_a_run_claims_nothing(followed: Project) -> None:
    lesson = head(followed, "en", MOVING)
    assert words(lesson.xpath("dl//dd")) == ["about 1 min", "not measured", "nothing to fetch"]
    assert not lesson.xpath("details")


def test_head_is_in_the_language_of_the_page(course: Project) -> None:
    lesson = head(course, "zh", KINDS)
    assert words(lesson.xpath("dl//dd"))[0] == "约 4 分钟"
    assert words(lesson.xpath("details/summary"))[0].startswith("最近一次运行：")
    (data,) = lesson.xpath("dl//a")
    assert (data.text, data.get("href")) == ("Handwritten digits", "../../datasets.html#mnist")
    chinese = Wording({"{minutes} min {seconds} s": "{minutes} 分 {seconds} 秒"}.get, "zh_CN")  # type: ignore[arg-type]  # no other string is asked for
    assert chinese.duration(71.4) == "1 分 11 秒"
    assert chinese.day("2026-03-01T23:59:59Z") == "2026年3月1日"


def test_lessons_follow_one_another(course: Project) -> None:
    for page, before, after in (
        (MOVING, ["lesson_01_tiny.html"], ["../2_kinds/lesson_03_kinds.html"]),
        (KINDS, ["../1_part/lesson_02_moving.html"], []),
    ):
        tree = course.tree("en", page)
        assert tree.xpath("//a[@class='left-prev']/@href") == before
        assert tree.xpath("//a[@class='right-next']/@href") == after


def test_foot_has_solutions_where_they_exist_and_a_hidden_button(course: Project) -> None:
    (foot,) = course.tree("en", KINDS).find_class("lesson-foot")
    assert foot.xpath("a/@href") == ["../../solutions/lesson_03.html"]
    (button,) = foot.xpath("button")
    assert button.get("hidden") is not None and button.get("data-done-button") == "03"
    assert course.tree("en", MOVING).xpath("//div[@class='lesson-foot']/a") == []
    assert not course.tree("en", "index").find_class("lesson-foot")
    (words,) = course.tree("zh", "index").xpath("//meta[@name='course-progress']/@content")
    assert json.loads(words)["lessons"] == ["01", "02", "03"]
    assert json.loads(words)["done"] == "已完成"


def test_pages_have_nothing_of_sphinx_gallery(course: Project) -> None:
    for language in ("en", "zh"):
        for page in (KINDS, TINY, "lessons/index", "lessons/2_kinds/index"):
            text = (course.written(language) / f"{page}.html").read_text("utf-8")
            text = text.split("<article")[1] + text.split("<body")[0]
            assert [sentence for sentence in OF_SPHINX_GALLERY if sentence in text] == []
        assert not (course.written(language) / "_downloads").exists()
    boxes = words(course.tree("en", KINDS).xpath("//pre"))
    assert "" not in boxes, "what is left of a cell with settings alone"


@pytest.mark.parametrize(
    ("language", "title", "text", "image"),
    [
        ("en", "03 · All kinds", "What is one and one? A second sentence.", "_thumb.png"),
        ("zh", "03 · 各种文字", "一加一是多少？第二句。", "_thumb.png"),
    ],
)
@pytest.mark.parametrize(
    ("page", "folder"), [("lessons/index", "2_kinds/"), ("lessons/2_kinds/index", "")]
)
def test_cards_are_in_the_language_of_the_page(
    course: Project, language: str, title: str, text: str, image: str, page: str, folder: str
) -> None:
    *_, card = course.tree(language, page).xpath("//ul[contains(@class, 'lesson-cards')]/li")
    (anchor,) = card.xpath(".//a")
    (picture,) = card.xpath(".//img")
    assert (anchor.text_content(), anchor.get("href")) == (title, f"{folder}lesson_03_kinds.html")
    assert card.xpath("string(p[@class='lesson-card-text'])") == text
    assert picture.get("src").endswith(image) and picture.get("alt") == ""


def test_cards_have_the_picture_of_the_language_and_follow_their_lesson(
    course: Project, followed: Project
) -> None:
    path = "//li[contains(@class, 'lesson-card')]//img/@src"
    source = course.tree("zh", "lessons/1_part/index").xpath(path)[0]
    assert source.endswith("lesson_01_tiny_thumb.zh_CN.png")
    path = "string(//p[contains(., 'moves a dot')]/@class)"
    assert followed.tree("en", "lessons/index").xpath(path) == "lesson-card-text"


def test_translator_is_asked_for_the_lesson_alone(templates: Path) -> None:
    texts = {
        page: [
            line.removeprefix('msgid "')[:-1]
            for line in (templates / f"{page}.pot").read_text("utf-8").splitlines()
            if line.startswith('msgid "') and line != 'msgid ""'
        ]
        for page in ("lessons/index", "lessons/2_kinds/index", TINY)
    }
    part, about = "Second part", "A lesson with all kinds of text."
    assert texts == {
        "lessons/index": ["Lessons", "All the lessons.", "First part", "Two lessons.", part, about],
        "lessons/2_kinds/index": [part, about],
        TINY: [
            "A tiny lesson",
            "This lesson adds two numbers.",
            "The sum is :math:`1 + 2`, as a figure.",
            "One bar as high as the sum.",
        ],
    }


def test_ledger_and_its_file_agree(course: Project) -> None:
    for language in ("en", "zh"):
        data = json.loads((course.written(language) / "ledger.json").read_text("utf-8"))
        rows = course.tree(language, "ledger").xpath("//table[@aria-label]/tbody/tr")
        assert [row.get("data-lesson") for row in rows] == [e["number"] for e in data["lessons"]]
        titles = [entry["title"] for entry in data["lessons"]]
        assert words([row.find("th") for row in rows]) == titles
        assert titles[2] == ("03 · All kinds" if language == "en" else "03 · 各种文字")


def test_ledger_says_whether_everything_was_executed(course: Project, followed: Project) -> None:
    text = course.tree("en", "ledger").text_content()
    assert "Lessons executed: all 3, with all their 10 cells. Skipped: 0." in text
    text = followed.tree("en", "ledger").text_content()
    partial = "This build is partial: lessons not executed: 1 of 3; cells not executed: 2 of 10."
    assert partial in text
    data = json.loads((followed.written("en") / "ledger.json").read_text("utf-8"))
    tiny, moving, kinds = data["lessons"]
    assert data["totals"] == {
        "lesson_count": 3,
        "lessons_not_executed": 1,
        "cell_count": 10,
        "cells_not_executed": 2,
        "run_time_s": pytest.approx(71.4 + kinds["run_time_s"]),
        "budget_s": 62,
        "peak_memory_mib": max(640, kinds["peak_memory_mib"]),
    }
    assert (tiny["status"], tiny["within_budget"]) == ("executed", False)
    assert [moving[k] for k in ("status", "run_time_s", "packages")] == ["not executed", None, None]
    first, second, _ = followed.tree("en", "ledger").xpath("//table[@aria-label]/tbody/tr")
    over = ["executed, over its budget 1 March 2026", "1 min 11 s", "1.0 s", "640 MiB"]
    assert words(first.findall("td"))[:4] == over
    assert words(second.findall("td"))[:4] == ["not executed in this build", "–", "1.0 s", "–"]


def test_ledger_counts_what_is_not_translated(course: Project) -> None:
    data = json.loads((course.written("zh") / "ledger.json").read_text("utf-8"))
    states = [entry["translation"] for entry in data["lessons"]]
    assert [(s["complete"], s["missing_count"], s["message_count"]) for s in states] == [
        (True, 0, 4),
        (True, 0, 4),
        (False, 2, 21),
    ]
    cells = [
        row.findall("td")[-1]
        for row in course.tree("en", "ledger").xpath("//table[@aria-label]/tbody/tr")
    ]
    assert words(cells) == ["matches the English"] * 2 + ["2 of 21 texts are missing"]


@pytest.mark.parametrize(
    ("folder", "page", "edited"),
    [
        ("en", KINDS, "gallery/2_kinds/lesson_03_kinds.py"),
        ("zh", KINDS, f"docs/locale/zh_CN/LC_MESSAGES/{KINDS}.po"),
        ("en", "datasets", "docs/datasets.md"),
        ("en", "lessons/2_kinds/index", "gallery/2_kinds/GALLERY_HEADER.rst"),
    ],
)
def test_links_to_the_repository(course: Project, folder: str, page: str, edited: str) -> None:
    repository = "https://github.com/owner/course"
    tree = course.tree(folder, page)
    edit, report = tree.xpath("//p[@class='repository-links']/a/@href")
    assert edit == f"{repository}/edit/main/{edited}"
    assert report.startswith(f"{repository}/issues/new?")
    assert parse_qs(urlsplit(report).query)["title"] == [f"{folder}/{page} (version {VERSION}): "]
    colab = tree.xpath("//ul[@class='lesson-actions']//a[not(@download)]/@href")
    notebook = f"github/owner/course/blob/gh-pages/{folder}/{page}.ipynb"
    expected = [f"https://colab.research.google.com/{notebook}"] if page == KINDS else []
    assert colab == expected


def of_repository(address: str) -> Any:
    config = SimpleNamespace(
        course_repository=address, course_pages_branch="gh-pages", language="en", release="1"
    )
    return SimpleNamespace(config=config, env=SimpleNamespace(config=config))


def test_colab_reads_from_github_alone_and_nothing_is_linked_without_a_repository() -> None:
    elsewhere, nowhere = of_repository("https://git.example.org/a/b"), of_repository("")
    edit = repository_links.edit_url(elsewhere, TINY)
    assert edit == "https://git.example.org/a/b/edit/main/gallery/1_part/lesson_01_tiny.py"
    assert repository_links.colab_url(elsewhere, TINY) == ""
    assert repository_links.colab_url(nowhere, TINY) == ""
    without_branch = of_repository("https://github.com/owner/course")
    without_branch.config.course_pages_branch = ""
    assert repository_links.colab_url(without_branch, TINY) == ""
    context: dict[str, Any] = {}
    repository_links._add_links(nowhere, TINY, "page.html", context, nodes.document(None, None))
    assert context == {"repository_links": []}


@pytest.mark.parametrize(
    "address",
    ["owner/course", "https://github.com/owner", "https://github.com/owner/course/", "javascript:x",
     "https://github.com/owner/course.git", "https://github.com/owner/course?tab=x"],
)  # fmt: skip
def test_a_wrong_address_is_one_clear_error(address: str) -> None:
    app = of_repository(address)
    with pytest.raises(ConfigError, match=r"DLCOURSE_REPOSITORY_URL.*https://HOST/OWNER/NAME"):
        repository_links._check(app, app.config)


def test_reading_time_counts_words_characters_and_lines_of_code() -> None:
    doctree = nodes.document(None, None)
    doctree += nodes.paragraph(text="word " * 400)  # 2 minutes
    doctree += nodes.paragraph(text="字" * 900)  # 3 minutes
    doctree += nodes.literal_block(text="x = 1\n\n" * 80)  # 4 minutes
    doctree += fold("", nodes.literal_block(text="x = 1\n" * 160))  # 2 minutes, not 8
    doctree += nodes.literal_block(text="out\n" * 999, classes=[OUTPUT_CLASS])
    doctree += nodes.comment(text="hidden " * 999)
    assert reading_minutes(doctree) == 11


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (125, "2 min 5 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert Wording(str, "en").duration(seconds) == text


def test_ledger_has_english_beside_chinese(course: Project) -> None:
    expected = {
        "en": ["03 · All kinds", "test reviews that the LSTM judged rightly, %"],
        "zh": ["03 · 各种文字", "LSTM 判断正确的测试评论，%"],
    }
    for language, (title, measure) in expected.items():
        (row,) = course.tree(language, "ledger").xpath("//table[caption]/tbody/tr")
        assert words(list(row)) == [title, measure, "80.00", "78.50", "−1.50"]
        *_, kinds = json.loads((course.written(language) / "ledger.json").read_text("utf-8"))[
            "lessons"
        ]
        assert kinds["in_both_languages"] == {"accuracy_percent": {"en": 80, "zh": 78.5}}
        assert not list(course.written(language).glob("_live/*/languages.json"))


@pytest.mark.parametrize(
    "content", ['{"speed": {"en": 1, "zh": 2}}', '{"first_percent": {"en": 1}}']
)
def test_unknown_measures_and_missing_languages_are_refused(tmp_path: Path, content: str) -> None:
    page = tmp_path / "lesson_03_kinds"
    page.with_suffix(".files").mkdir()
    (page.with_suffix(".files") / "languages.json").write_text(content, "utf-8")
    with pytest.raises(ExtensionError, match="use one of tokens_per_name, accuracy_percent"):
        ledger.in_both_languages(page)
