"""What all elements have in common in which a network answers; each has tests of its own beside this."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from built_site import LANGUAGES
from staged import DESK, heights, violations


class Live(NamedTuple):
    """An element on the page of its lesson."""

    page: str
    download: dict[str, str]
    """What downloads say instead, in each language."""
    begin: str = ""
    """What a reader presses first, where that loads something."""
    said: str = ""
    """Where a failure is said."""


ELEMENTS = {
    "live-digit": Live(
        "2_training/lesson_14_building_a_network",
        {"en": "# [", "zh": "# ["},
        "#right",
        "#reading",
    ),
    "live-logo": Live(
        "3_practice/lesson_18_image_classification_2",
        {"en": "the network looks for the logo", "zh": "找课程标志"},
        "#load",
        "#loading",
    ),
    "live-tokeniser": Live(
        "3_practice/lesson_21_nlp_1",
        {"en": "two tokenizers cut a sentence of yours", "zh": "两个分词器会切分你写的句子"},
        "#load",
        "#status",
    ),
    "attention-explorer": Live(
        "3_practice/lesson_22_nlp_2",
        {"en": "you see where the GPT looks", "zh": "可以看到 GPT 读你写的句子时注意哪里"},
        "#load",
        "#status",
    ),
    "live-review": Live(
        "3_practice/lesson_23_sentiment_lstm",
        {"en": "the network judges it", "zh": "网络会给出判断"},
        ".examples button:first-child",
        "#verdict",
    ),
    "live-pictures": Live(
        "4_beyond/lesson_26_foundation_models",
        {"en": "the nearest emoji appear", "zh": "最相近的表情符号"},
        ".examples button:first-child",
        "[role=status]",
    ),
}
NOT_LOADED = {
    "live-tokeniser": "分词器加载失败",
}


@pytest.fixture(params=ELEMENTS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of an element."""
    return request.param


@pytest.fixture
def address(name: str) -> str:
    """The address of its page below the folder of a language."""
    return f"lessons/{ELEMENTS[name].page}.html"


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved_before_the_script_comes(open_page, name, address, folder):
    page = open_page(f"{folder}/{address}", fresh=True, viewport=DESK).page
    drawn = heights(page, name)
    page.route("**/_static/site-*.js", lambda route: route.abort())
    page.reload()
    assert page.evaluate(f"customElements.get('{name}') === undefined")
    assert heights(page, name) == drawn


def test_without_scripts_a_sentence_stands_there(open_page, name, address):
    visit = open_page(f"en/{address}", viewport=DESK, java_script_enabled=False)
    found = visit.page.locator(name)
    assert "JavaScript" in found.inner_text()
    assert found.bounding_box()["height"] < 150


def test_a_page_opened_from_a_folder_says_what_is_wrong(browser, built, name, address):
    with browser.new_page(viewport=DESK) as page:
        page.goto((built.root / "zh" / address).as_uri())
        page.locator(name).locator(ELEMENTS[name].begin).click()
        said = page.locator(name).locator(ELEMENTS[name].said)
        expect(said).to_contain_text(NOT_LOADED.get(name, "网络加载失败"))


def test_nobody_has_begun_and_it_is_accessible(open_page, axe, name, address):
    page = open_page(f"zh/{address}", viewport=DESK, color_scheme="dark").page
    assert violations(page, axe, name) == []


def test_it_is_not_printed(open_page, name, address):
    page = open_page(f"en/{address}", viewport=DESK).page
    page.emulate_media(media="print")
    expect(page.locator(name)).to_be_hidden()


@pytest.mark.parametrize("folder", LANGUAGES)
def test_downloads_have_a_link_instead(built, name, address, folder):
    script = (built.root / folder / address).with_suffix(".py").read_text("utf-8")
    assert name not in script
    sentence = ELEMENTS[name].download[folder]
    lines = [
        line for line in script.splitlines() if sentence in line and f"{folder}/{address})" in line
    ]
    assert len(lines) == 1
