"""Pages of sphinx-gallery carry our furniture, not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html
from PIL import Image
from tiny_site import build, catalogue, write

LESSON = '''"""
Strides
=======

How far is the next row? A second sentence.
"""

# sphinx_gallery_line_numbers = False

# %%
# Prose.

print(3)
'''
THUMBNAIL = "lessons/part/images/thumb/sphx_glr_lesson_01_strides_thumb"
OWN_SENTENCES = ("Go to the end", "Download", "Gallery generated", "running time", "Tags:")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write(
        tmp_path_factory.mktemp("gallery") / "docs",
        {
            "index.rst": "Home\n====\n\n.. toctree::\n\n   lessons/index\n",
            "../gallery/GALLERY_HEADER.rst": "Lessons\n=======\n\nAll.\n",
            "../gallery/part/GALLERY_HEADER.rst": "Part\n----\n\nOne.\n",
            "../gallery/part/lesson_01_strides.py": LESSON,
            "locale/zh_CN/LC_MESSAGES/lessons/part/lesson_01_strides.po": catalogue(
                {
                    "Strides": "步幅",
                    "How far is the next row? A second sentence.": "下一行有多远？第二句。",
                }
            ),
        },
    )


def gallery(source: Path, name: str, language: str, builder: str = "html") -> Path:
    built = build(
        source,
        source.with_name(name),
        language,
        builder,
        extensions=["sphinx_gallery.gen_gallery", "gallery_furniture"],
        sphinx_gallery_conf={
            "examples_dirs": "../gallery",
            "gallery_dirs": "lessons",
            "filename_pattern": "lesson_",
            "image_scrapers": (),
            "reset_modules": (),
            "write_computation_times": False,
            "remove_config_comments": True,
            "min_reported_time": 10**9,
            "show_signature": False,
            "download_all_examples": False,
        },
        figure_language_filename="{root}.{language}{ext}",
        exclude_patterns=["locale"],
    )
    assert built.warnings == ""
    return built.out


@pytest.fixture(scope="module")
def sites(source) -> dict[str, Path]:
    sites = {"en": gallery(source, "en", "en")}
    Image.new("P", (4, 3)).save(source / f"{THUMBNAIL}.zh_CN.png")
    sites["zh_CN"] = gallery(source, "zh", "zh_CN")
    sites["gettext"] = gallery(source, "gettext", "en", "gettext")
    return sites


def test_cell_with_settings_alone_leaves_no_empty_box(sites):
    tree = html.fromstring((sites["en"] / "lessons/part/lesson_01_strides.html").read_text("utf-8"))
    boxes = [pre.text_content().strip() for pre in tree.xpath("//pre")]
    assert boxes == ["print(3)", "3"]


def cards(site: Path, page: str) -> list[html.HtmlElement]:
    tree = html.fromstring((site / page).read_text("utf-8"))
    return tree.xpath("//ul[contains(@class, 'lesson-cards')]/li")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_lesson_has_no_sentence_of_sphinx_gallery(sites, language):
    text = (sites[language] / "lessons/part/lesson_01_strides.html").read_text("utf-8")
    assert "GENERATED FROM" not in text
    assert not [sentence for sentence in OWN_SENTENCES if sentence in text]
    assert "sg-tags.js" not in text
    assert not (sites[language] / "_downloads").exists()


@pytest.mark.parametrize(
    ("language", "title", "text", "image"),
    [
        ("en", "Strides", "How far is the next row? A second sentence.", "_thumb.png"),
        ("zh_CN", "步幅", "下一行有多远？第二句。", "_thumb.zh_CN.png"),
    ],
)
@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("lessons/index.html", "part/lesson_01_strides.html"),
        ("lessons/part/index.html", "lesson_01_strides.html"),
    ],
)
def test_cards_are_in_the_language_of_the_page(sites, language, title, text, image, page, link):
    (card,) = cards(sites[language], page)
    (anchor,) = card.xpath(".//a")
    (picture,) = card.xpath(".//img")
    assert (anchor.text_content(), anchor.get("href")) == (title, link)
    assert card.xpath("string(p[@class='lesson-card-text'])") == text
    assert picture.get("src").endswith(image) and picture.get("alt") == ""
    whole = (sites[language] / page).read_text("utf-8")
    assert "sphx-glr-thumb" not in whole and "sg-tag" not in whole and "tooltip" not in whole


def test_translator_is_asked_for_the_lesson_alone(sites):
    templates = {
        file.relative_to(sites["gettext"]).as_posix(): [
            line for line in file.read_text("utf-8").splitlines() if line.startswith("msgid ")
        ][1:]
        for file in sites["gettext"].rglob("*.pot")
    }
    assert templates == {
        "index.pot": ['msgid "Home"'],
        "lessons/index.pot": [f'msgid "{text}"' for text in ("Lessons", "All.", "Part", "One.")],
        "lessons/part/index.pot": ['msgid "Part"', 'msgid "One."'],
        "lessons/part/lesson_01_strides.pot": [
            'msgid "Strides"',
            'msgid "How far is the next row? A second sentence."',
            'msgid "Prose."',
        ],
    }


def test_card_follows_its_lesson(source, sites):
    script = source / "../gallery/part/lesson_01_strides.py"
    script.write_text(LESSON.replace("\nStrides\n", "\nStepping\n").replace("=======", "========"))
    (card,) = cards(gallery(source, "en", "en"), "lessons/index.html")
    assert card.xpath("string(.//a)") == "Stepping"
    script.write_text(LESSON)
