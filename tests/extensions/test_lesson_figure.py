"""A figure of a lesson on another page, and links to archives and to sections of lessons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html
from PIL import Image
from sphinx.errors import ExtensionError
from tiny_site import build, catalogue, write

COURSE = """
[[part]]
title = "Part"
folder = "1_part"
entries = [{ number = 0, title = "Zero", needs = [] }, { number = 1, title = "One", needs = [] }]
"""
FIGURE = ".. lesson-figure:: 00\n   :shows: A red\n   :figclass: home-figure\n\n   Caption."
LESSON = "lessons/1_part/lesson_00_zero"
NAME = "lessons/1_part/images/sphx_glr_lesson_00_zero_001"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        "gallery/1_part/lesson_00_zero.py": "",
        "docs/course.toml": COURSE,
        "docs/index.rst": f"Home\n====\n\n{FIGURE}\n\n.. toctree::\n\n   {LESSON}\n",
        f"docs/{LESSON}.rst": "00 · Zero\n=========\n\nBreak it\n--------\n\nText.\n",
        f"docs/locale/zh_CN/LC_MESSAGES/{LESSON}.po": catalogue({"Break it": "弄坏它"}),
        "docs/locale/zh_CN/LC_MESSAGES/site.po": catalogue(
            {"Provoked in: ": "出处：", "Lesson {number}, “{section}”": "第 {number} 课“{section}”"}
        ),
        f"docs/{NAME}.figure.json": json.dumps(
            {"alt": "A red square.", "image": f"{Path(NAME).name}.png", "width": 52, "height": 20}
        ),
    }
    docs = write(tmp_path, files) / "docs"
    for language in ("", ".zh_CN"):
        Image.new("RGB", (104, 40), "red").save(docs / f"{NAME}{language}.png")
    return docs


def render(source: Path, text: str | None = None, language: str = "en"):
    if text is not None:
        write(source, {"index.rst": f"Home\n====\n\n{text}\n\n.. toctree::\n\n   {LESSON}\n"})
    return build(
        source,
        source.parent / language,
        language,
        extensions=["course_downloads", "error_index", "lesson_figure"],
        figure_language_filename="{root}.{language}{ext}",
    )


@pytest.mark.parametrize(("language", "suffix"), [("en", ".png"), ("zh_CN", ".zh_CN.png")])
def test_figure_is_that_of_the_language(source: Path, language: str, suffix: str) -> None:
    built = render(source, language=language)
    assert built.warnings == ""
    (image,) = html.parse(built.out / "index.html").xpath("//figure//img")
    assert image.get("src") == f"_images/{Path(NAME).name}{suffix}"
    assert image.get("alt") == "A red square."
    assert "52px" in image.get("style", "") + image.get("width", "") + "px"


def test_the_smaller_file_is_taken(source: Path) -> None:
    Image.new("RGB", (104, 40), "red").save(source / f"{NAME}.webp")
    assert f"{Path(NAME).name}.webp" in (render(source).out / "index.html").read_text("utf-8")


def test_a_lesson_without_outputs_has_no_figure_here(source: Path) -> None:
    (source / f"{NAME}.figure.json").unlink()
    built = render(source)
    assert built.warnings == ""
    assert not html.parse(built.out / "index.html").xpath("//figure")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FIGURE.replace("A red", "A blue"), "0 figures of lesson 00 have"),
        (FIGURE.replace("00", "01"), "there is no lesson 01"),
        (":archive:`All <everything>`", "there is no archive 'everything'; use one of lessons"),
        (".. provoked:: 01 break-it", "there is no lesson 01"),
    ],
)
def test_mistakes_are_named(source: Path, text: str, message: str) -> None:
    assert message in render(source, text).warnings


def test_archives_are_linked_from_any_depth(source: Path) -> None:
    write(
        source, {f"{LESSON}.rst": "00\n==\n\n:archive:`Lessons <lessons>` :archive:`Site <site>`\n"}
    )
    tree = html.parse(render(source).out / f"{LESSON}.html")
    links = tree.xpath("//a[@download]/@href")
    assert links == ["../../course.zip", "../../../pytorch-in-practice.zip"]
    assert tree.xpath("//*[@class='file-size']/@data-size-of") == ["lessons", "site"]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Lesson 00, “Break it”"), ("zh_CN", "第 00 课“弄坏它”")]
)
def test_section_is_linked_by_its_title(source: Path, language: str, text: str) -> None:
    built = render(source, ".. provoked:: 00 break-it", language)
    path = "//section[@class='error-message']/p[@class='provoked']/a"
    (link,) = html.parse(built.out / "index.html").xpath(path)
    assert link.get("href") == f"{LESSON}.html#break-it"
    assert link.text_content() == text


def test_a_section_that_is_gone_stops_the_build(source: Path) -> None:
    with pytest.raises(ExtensionError, match="has no section with the anchor 'gone'"):
        render(source, ".. provoked:: 00 gone")
