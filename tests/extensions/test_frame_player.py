"""The player of an animation: its frames in the language of the page, its poster without scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html
from PIL import Image
from tiny_site import build, catalogue, write

PLAYER = """
.. frame-player:: /images/walk_001.png
   :alt: A point that walks.
   :width: 200
   :height: 100
   :frames: 3
   :interval: 150
"""
FRAMES = ["walk_001.frame-1.png", "walk_001.frame-2.png", "walk_001.png"]
WORDS = {
    "Animation": "动画",
    "Previous frame": "上一帧",
    "Play": "播放",
    "Pause": "暂停",
    "Next frame": "下一帧",
    "Frame {number} of {total}": "第 {number} 帧，共 {total} 帧",
    "The frames could not be loaded.": "无法加载动画的各帧。",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = write(
        tmp_path_factory.mktemp("player") / "docs",
        {
            "index.rst": f"Walk\n====\n\nSee.\n{PLAYER}\n.. toctree::\n\n   other\n",
            "other.rst": "Other\n=====\n\nNothing moves.\n",
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue(WORDS),
            "locale/zh_CN/LC_MESSAGES/index.po": catalogue(
                {"A point that walks.": "一个走动的点。"}
            ),
        },
    )
    (folder / "images").mkdir()
    for i, name in enumerate(FRAMES):
        Image.new("RGB", (400, 200), (i, 0, 0)).save(folder / "images" / name)
        chinese = name.replace(".png", ".zh_CN.png")
        Image.new("RGB", (400, 200), (i, 9, 9)).save(folder / "images" / chinese)
    return folder


def site(source: Path, language: str, builder: str = "html") -> Path:
    built = build(
        source,
        source.with_name(f"{builder}-{language}"),
        language,
        builder,
        extensions=["frame_player"],
        figure_language_filename="{root}.{language}{ext}",
    )
    assert built.warnings == ""
    return built.out


def player(folder: Path) -> html.HtmlElement:
    (found,) = html.parse(folder / "index.html").xpath("//frame-player")
    return found


def test_page_shows_the_last_frame_and_names_all(source: Path) -> None:
    out = site(source, "en")
    element = player(out)
    assert json.loads(element.get("data-frames")) == [f"_images/{name}" for name in FRAMES]
    assert element.get("data-interval") == "150"
    (poster,) = element.iterchildren()
    assert poster.tag == "img"
    wanted = {"src": "_images/walk_001.png", "alt": "A point that walks.", "loading": "lazy"}
    wanted |= {"width": "200", "height": "100"}
    assert wanted.items() <= dict(poster.attrib).items()
    assert {file.name for file in (out / "_images").iterdir()} == set(FRAMES)


def test_chinese_page_has_chinese_frames_and_words(source: Path) -> None:
    out = site(source, "zh_CN")
    element = player(out)
    names = [name.replace(".png", ".zh_CN.png") for name in FRAMES]
    assert json.loads(element.get("data-frames")) == [f"_images/{name}" for name in names]
    assert {file.name for file in (out / "_images").iterdir()} == set(names)
    assert element.get("lang") == "zh-CN"
    assert set(json.loads(element.get("data-labels")).values()) == set(WORDS.values())
    assert element[0].get("alt") == "一个走动的点。"


def test_script_is_loaded_on_its_pages_only(source: Path) -> None:
    out = site(source, "en")
    assert "frame-player.js" in (out / "index.html").read_text("utf-8")
    assert "frame-player.js" not in (out / "other.html").read_text("utf-8")


def test_description_is_extracted_and_no_empty_one(source: Path) -> None:
    template = (site(source, "en", "gettext") / "index.pot").read_text("utf-8")
    assert 'msgid "A point that walks."' in template
    assert template.count("msgid") == 4  # the header, the title, the sentence, the description
