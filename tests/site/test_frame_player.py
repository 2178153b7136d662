"""The frame player in Chromium: still until the reader asks, by keyboard, mouse and touch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from built_site import LANGUAGES
from docutils import nodes
from english_left import english_on_page
from lxml import html
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from staged import Stage, below, scrolls_sideways, violations, words, written

import frame_player

FRAMES = [f"walk_001{ending}.png" for ending in (".frame-1", ".frame-2", "")]
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def markup(folder: str) -> str:
    node = frame_player.frame_player(lang=LANGUAGES[folder], interval=200, width=400, height=300)
    node["labels"] = words(frame_player.labels, folder)
    node += [nodes.image(uri=name) for name in FRAMES]
    alt = {"en": "A point that walks.", "zh": "一个走动的点。"}
    node.children[-1]["alt"] = alt[folder]  # type: ignore[index]  # an image
    builder = type("Builder", (), {"imgpath": "_images", "images": {n: n for n in FRAMES}})

    def visit(translator) -> None:
        translator.builder = builder
        with pytest.raises(nodes.SkipNode):
            frame_player.visit(translator, node)

    return written(visit)


@pytest.fixture
def stage(browser: Browser, server: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(browser, server)
    for i, name in enumerate(FRAMES):
        Image.new("RGB", (800, 600), (80 * i, 90, 200)).save(tmp_path / name)
        stage.files[name] = tmp_path / name
    yield stage
    stage.close()


def shown(page: Page) -> str:
    return page.locator("frame-player img").evaluate("image => image.src").rsplit("/", 1)[1]


def loaded(page: Page) -> set[str]:
    return {url.rsplit("/", 1)[1] for url in page.requested if "walk_001" in url}


def test_only_the_poster_is_loaded_before_the_reader_asks(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=DESK)
    page.wait_for_timeout(700)
    assert loaded(page) == {FRAMES[2]}
    page.get_by_role("button", name="Next frame").click()
    expect(page.locator("frame-player img")).to_have_attribute(
        "src", f"{page.url.rpartition('/')[0]}/_images/{FRAMES[0]}"
    )
    assert loaded(page) == set(FRAMES)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_it_plays_one_round_on_request(stage: Stage, motion: str) -> None:
    page = stage.open(markup("en"), viewport=DESK, reduced_motion=motion)
    page.evaluate(
        """() => {
          const image = document.querySelector("frame-player img");
          window.seen = [];
          new MutationObserver(() => window.seen.push(image.src.split("/").pop()))
            .observe(image, { attributes: true, attributeFilter: ["src"] });
        }"""
    )
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.wait_for_timeout(600)
    assert page.evaluate("window.seen") == FRAMES


def test_pause_holds_a_frame(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=DESK)
    page.locator("frame-player").evaluate("one => one.dataset.interval = 100000")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_text("1 / 3")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Previous frame").click()
    expect(page.get_by_text("3 / 3")).to_be_visible()


def test_it_works_by_keyboard(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=DESK)
    page.get_by_role("button", name="Previous frame").focus()
    page.keyboard.press("Enter")
    expect(page.locator("frame-player").get_by_role("status")).to_have_text("Frame 2 of 3")
    for _ in range(3):  # play, next, the slider
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "Frame 1 of 3")
    assert shown(page) == FRAMES[0]
    assert page.errors == []


def test_it_works_by_touch(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Previous frame").tap()
    expect(page.get_by_text("2 / 3")).to_be_visible()
    assert not scrolls_sideways(page)


def test_missing_frames_are_reported(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=DESK)
    page.route("**/walk_001.frame-*", lambda route: route.abort())
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("alert")).to_have_text("The frames could not be loaded.")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.unroute("**/walk_001.frame-*")
    page.get_by_role("button", name="Previous frame").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_print_has_the_poster_alone(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=DESK)
    page.emulate_media(media="print")
    expect(page.get_by_alt_text("A point that walks.")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_hidden()


def test_without_scripts_the_poster_stands_alone(stage: Stage) -> None:
    page = stage.open(markup("en"), viewport=PHONE, java_script_enabled=False)
    poster = page.get_by_alt_text("A point that walks.").bounding_box()
    assert page.locator("#below").bounding_box()["y"] - poster["y"] - poster["height"] < 40


def test_no_english_is_left(stage: Stage) -> None:
    page = stage.open(markup("zh"), "zh", viewport=DESK)
    page.get_by_role("button", name="上一帧").click()
    content = page.locator("frame-player").evaluate("one => one.shadowRoot.innerHTML")
    assert english_on_page(html.document_fromstring(content)) == []
    expect(page.locator("frame-player").get_by_role("status")).to_have_text("第 2 帧，共 3 帧")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(axe: str, stage: Stage, scheme: str) -> None:
    page = stage.open(markup("en"), viewport=PHONE, color_scheme=scheme)
    assert violations(page, axe, "frame-player") == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_does_not_move(stage: Stage, width: int) -> None:
    viewport = {"width": width, "height": 900}
    before = stage.open(markup("en"), loads=False, viewport=viewport)
    after = stage.open(markup("en"), viewport=viewport)
    assert below(after) == pytest.approx(below(before), abs=1)
