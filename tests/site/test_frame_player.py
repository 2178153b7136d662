"""The frame player in Chromium: still until the reader asks, by keyboard, mouse and touch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from docutils import nodes
from lxml import html
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from _ext.widgets import frame_player
from built_site import LANGUAGES
from english_left import english_on_page
from staged import PHONE, Stage, below, scrolls_sideways, violations, words, written

ENDINGS = (".frame-1.png", ".frame-2.png", ".png")
NUMBERS = itertools.count(1)

#: Note which frames are shown, and what the button in the middle does.
WATCH = """() => {
  const player = document.querySelector("frame-player");
  const [image, button] = [player.querySelector("img"), player.shadowRoot.querySelector(".play")];
  [window.seen, window.said] = [[], []];
  const note = (node, attribute, value, list) =>
    new MutationObserver(() => list.push(value())).observe(node, { attributeFilter: [attribute] });
  note(image, "src", () => image.src.split("/").pop(), window.seen);
  note(button, "aria-label", () => button.ariaLabel, window.said);
}"""


@pytest.fixture
def frames() -> list[str]:
    """Names that no earlier test used: the browser keeps what it has loaded."""
    number = next(NUMBERS)
    return [f"walk_{number:03d}{ending}" for ending in ENDINGS]


def markup(folder: str, frames: list[str]) -> str:
    node = frame_player.frame_player(lang=LANGUAGES[folder], interval=50, width=400, height=300)
    node["labels"] = words(frame_player.labels, folder)
    node += [nodes.image(uri=name) for name in frames]
    alt = {"en": "A point that walks.", "zh": "一个走动的点。"}
    node.children[-1]["alt"] = alt[folder]  # type: ignore[index]  # an image
    builder = type("Builder", (), {"imgpath": "_images", "images": {n: n for n in frames}})

    def visit(translator) -> None:
        translator.builder = builder
        with pytest.raises(nodes.SkipNode):
            frame_player.visit(translator, node)

    return written(visit)


@pytest.fixture(scope="module")
def stage(
    browser: Browser, server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    frame = tmp_path_factory.mktemp("frames") / "frame.png"
    Image.new("RGB", (800, 600), "steelblue").save(frame)
    stage = Stage(browser, server)
    stage.routes["**/walk_*"] = lambda route: route.fulfill(path=frame)
    yield stage
    stage.close()


@pytest.fixture
def player(stage: Stage, frames: list[str]) -> Page:
    return stage.open(markup("en", frames))


def loaded(page: Page) -> set[str]:
    return {url.rsplit("/", 1)[1] for url in page.requested if "walk_" in url}


def test_only_the_poster_is_loaded_before_the_reader_asks(player: Page, frames: list[str]) -> None:
    poster = player.locator("frame-player img")
    poster.evaluate("(image) => image.decode()")
    assert player.timers == 0
    assert loaded(player) == {frames[2]}
    player.get_by_role("button", name="Next frame").click()
    expect(poster).to_have_attribute("src", f"{player.url.rpartition('/')[0]}/_images/{frames[0]}")
    assert loaded(player) == set(frames)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_it_plays_one_round_on_request(stage: Stage, frames: list[str], motion: str) -> None:
    page = stage.open(markup("en", frames), media={"reduced_motion": motion})
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.said.at(-1) === 'Play'")
    assert page.evaluate("window.said") == ["Pause", "Play"]
    assert page.evaluate("window.seen") == frames


def test_pause_holds_a_frame(player: Page) -> None:
    player.locator("frame-player").evaluate("one => one.dataset.interval = 100000")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_text("1 / 3")).to_be_visible()
    player.get_by_role("button", name="Pause").click()
    player.get_by_role("button", name="Previous frame").click()
    expect(player.get_by_text("3 / 3")).to_be_visible()


def test_it_works_by_keyboard(player: Page, frames: list[str]) -> None:
    player.get_by_role("button", name="Previous frame").focus()
    player.keyboard.press("Enter")
    expect(player.locator("frame-player").get_by_role("status")).to_have_text("Frame 2 of 3")
    for _ in range(3):  # play, next, the slider
        player.keyboard.press("Tab")
    player.keyboard.press("Home")
    expect(player.get_by_role("slider")).to_have_attribute("aria-valuetext", "Frame 1 of 3")
    ends = f"document.querySelector('frame-player img').src.endsWith('/{frames[0]}')"
    player.wait_for_function(ends)
    assert player.errors == []


def test_it_works_by_touch(stage: Stage, frames: list[str]) -> None:
    page = stage.open(markup("en", frames), viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Previous frame").tap()
    expect(page.get_by_text("2 / 3")).to_be_visible()
    assert not scrolls_sideways(page)


def test_missing_frames_are_reported(player: Page) -> None:
    player.route("**/*.frame-*", lambda route: route.abort())
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("alert")).to_have_text("The frames could not be loaded.")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    player.unroute("**/*.frame-*")
    player.get_by_role("button", name="Next frame").click()  # to another one that was missing
    expect(player.get_by_role("alert")).to_be_hidden()


def test_print_has_the_poster_alone(stage: Stage, frames: list[str]) -> None:
    page = stage.open(markup("en", frames), media={"media": "print"})
    expect(page.get_by_alt_text("A point that walks.")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_hidden()


def test_without_scripts_the_poster_stands_alone(stage: Stage, frames: list[str]) -> None:
    page = stage.open(markup("en", frames), viewport=PHONE, java_script_enabled=False)
    poster = page.get_by_alt_text("A point that walks.").bounding_box()
    assert page.locator("#below").bounding_box()["y"] - poster["y"] - poster["height"] < 40


def test_no_english_is_left(stage: Stage, frames: list[str]) -> None:
    page = stage.open(markup("zh", frames), "zh")
    page.get_by_role("button", name="上一帧").click()
    content = page.locator("frame-player").evaluate("one => one.shadowRoot.innerHTML")
    assert english_on_page(html.document_fromstring(content)) == []
    expect(page.locator("frame-player").get_by_role("status")).to_have_text("第 2 帧，共 3 帧")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(axe: str, stage: Stage, frames: list[str], scheme: str) -> None:
    media = {"color_scheme": scheme}
    page = stage.open(markup("en", frames), viewport=PHONE, media=media)
    page.get_by_role("button", name="Previous frame").click()
    assert violations(page, axe, "frame-player") == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_does_not_move(stage: Stage, frames: list[str], width: int) -> None:
    text, viewport = markup("en", frames), {"width": width, "height": 900}
    before = below(stage.open(text, loads=False, viewport=viewport))
    assert below(stage.open(text, viewport=viewport)) == pytest.approx(before, abs=1)
