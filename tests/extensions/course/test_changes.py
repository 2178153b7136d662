"""The rows of all lessons on one page: the same rows, in the language of the page."""

from __future__ import annotations

import pytest
from lxml import html

from tiny_course import Project

KINDS = "lessons/2_kinds/lesson_03_kinds"


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def rows(tree: html.HtmlElement) -> list[str]:
    return [words(row) for row in tree.xpath("//div[@class='then-row']")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_are_those_of_the_lessons(course: Project, language: str) -> None:
    assert rows(course.tree(language, "opening")) == rows(course.tree(language, KINDS))


@pytest.mark.parametrize(
    ("language", "title", "link", "counts"),
    [
        (
            "en",
            "03 · All kinds (3)",
            "To the lesson",
            (
                "Of 3 pieces of old code, 1 end in an error or a warning today, "
                "1 still print a result, and 1 run without a message."
            ),
        ),
        (
            "zh",
            "03 · 各种文字 (3)",
            "到这一课",
            "3 段旧代码中，今天有 1 段报错或发出警告，1 段仍能打印结果，1 段运行时没有任何提示。",
        ),
    ],
)
def test_a_fold_a_lesson_below_the_counts(
    course: Project, language: str, title: str, link: str, counts: str
) -> None:
    tree = course.tree(language, "opening")
    (fold,) = tree.xpath("//details[.//div[@class='then-row']]")
    assert words(fold.find("summary")) == title
    (found,) = fold.xpath("./p/a")
    assert words(found) == link
    page, _, anchor = found.get("href").partition("#")
    assert page == f"{KINDS}.html"
    assert course.tree(language, KINDS).xpath("//section[@id=$anchor]", anchor=anchor)
    assert words(fold.getprevious()) == counts


def test_the_page_has_the_looks_of_rows(course: Project) -> None:
    styles = course.tree("en", "opening").xpath("//link/@href")
    assert any("then-and-now.css" in style for style in styles)


def test_the_search_finds_rows_on_the_pages_of_their_lessons_alone(course: Project) -> None:
    (box,) = course.tree("en", "opening").xpath("//div[details[.//div[@class='then-row']]]")
    assert "no-search" in box.get("class").split()
