"""Questions in Chromium: answered by keyboard, mouse and touch, remembered, and read without scripts.

The question is written by the directive, and put on a page without questions, with its real script and style.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import html
from playwright.sync_api import Page, expect

from built_site import LANGUAGES, BuiltSite
from english_left import english_on_page
from page_watch import Watched
from staged import CODES, DESK, PHONE, below, scrolls_sideways, violations
from tiny_site import build, write

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "docs" / "_static"
KEY = "dlcourse.choices"
PAGE = "setup.html"
QUESTION = f"""Title
=====

.. choice:: 7 // 2
   :right: 2

   - 3.5

     7 / 2

   - .. code-block:: none

        3
        {"tensor" * 30}

     ``math.floor``
"""
PUT = """(markup) => {
  const title = document.querySelector("h1");
  title.insertAdjacentHTML("afterend", `<div id="stage">${markup}</div><p id="below">.</p>`);
  scrollTo(0, 0);
}"""
BLOCKED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("blocked", "SecurityError"); } });"""

Ask = Callable[..., Page]


@pytest.fixture(scope="module")
def markup(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The question as the directive writes it, in each language."""
    found = {}
    for folder, code in CODES.items():
        top = tmp_path_factory.mktemp(folder)
        source = write(top / "docs", {"index.rst": QUESTION})
        settings = {"extensions": ["_ext.blocks"], "locale_dirs": [str(ROOT / "docs/locale")]}
        out = build(source, top / "out", code, **settings).out
        page = html.fromstring((out / "index.html").read_text("utf-8"))
        (question,) = page.xpath("//div[@class='choice']")
        found[folder] = html.tostring(question, encoding="unicode", with_tail=False)
    return found


@pytest.fixture
def ask(built: BuiltSite, open_page: Callable[..., Watched], markup: dict[str, str]) -> Ask:
    """A function that opens a page with the question; without ``loads``, its script never comes."""

    def put(page: Page, folder: str, *, loads: bool = True) -> Page:
        looks = f"<style>{(STATIC / 'choice.css').read_text('utf-8')}</style>"
        page.evaluate(PUT, looks + markup[folder])
        if loads:
            page.add_script_tag(path=STATIC / "choice.js")
        return page

    def open_(
        folder: str = "en", *, again: Page | None = None, loads: bool = True, **options: object
    ) -> Page:
        if again is not None:
            again.reload()
            return put(again, folder, loads=loads)
        page = open_page(f"{folder}/{PAGE}", **{"viewport": DESK, **options}).page
        return put(page, folder, loads=loads)

    return open_


def said(page: Page) -> str:
    return " ".join(page.locator(".choice").get_by_role("status").inner_text().split())


def answers(page: Page) -> list[str]:
    buttons = page.locator(".choice").get_by_role("button")
    return [button.get_attribute("aria-pressed") for button in buttons.all()]


def test_it_is_answered_by_keyboard_and_may_be_tried_again(ask: Ask) -> None:
    page = ask()
    first, second = page.get_by_role("group", name="7 // 2").get_by_role("button").all()
    assert said(page) == "Choose an answer."
    first.focus()
    page.keyboard.press("Enter")
    assert said(page) == "✗ Not quite. 7 / 2"
    assert answers(page) == ["true", "false"]
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    expect(second).to_be_focused()
    page.keyboard.press("Space")
    assert said(page) == "✓ Right. math.floor"
    assert answers(page) == ["false", "true"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details.choice-reasons")).to_have_attribute("open", "")
    expect(page.locator("details.choice-reasons").get_by_text("7 / 2")).to_be_visible()


def test_it_is_remembered_in_both_languages(ask: Ask) -> None:
    page = ask()
    page.locator(".choice").get_by_role("button").nth(1).click()
    ask(again=page)
    assert answers(page) == ["false", "true"]
    assert said(page) == "Your answer: B. Right."
    page.locator(".choice").get_by_role("button").nth(1).click()
    assert said(page) == "✓ Right. math.floor", "the same answer explains itself again"
    # Another question, or one that was edited, is not answered by it.
    page.evaluate(f"localStorage.setItem('{KEY}', '{{\"other\": \"B\"}}')")
    ask(again=page)
    assert answers(page) == ["false", "false"]


def test_chinese_answers_are_those_of_the_english_page(
    ask: Ask, built: BuiltSite, server: str, markup: dict[str, str]
) -> None:
    page = ask()
    page.locator(".choice").get_by_role("button").first.click()
    page.goto(f"{server}zh/{PAGE}")
    ask("zh", again=page)
    assert said(page) == "你选了 A。不对。"
    page.locator(".choice").get_by_role("button").nth(1).click()
    content = page.locator(".choice").evaluate("one => one.outerHTML")
    assert english_on_page(html.document_fromstring(content)) == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_answers_are_removed_with_the_ticks(open_page: Callable[..., Watched], folder: str) -> None:
    page = open_page(f"{folder}/ledger.html", viewport=DESK).page
    clear = page.locator(".lesson-ticks-clear")
    expect(clear).to_be_hidden()
    page.evaluate(f"localStorage.setItem('{KEY}', '{{\"key\": \"A\"}}')")
    page.reload()
    page.on("dialog", lambda box: box.accept())
    clear.click()
    expect(clear).to_be_hidden()
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None


@pytest.mark.parametrize("kept", ["{", "null", "7", '["A"]', '{"key": 7}'])
def test_what_is_no_memory_counts_as_none(ask: Ask, kept: str) -> None:
    page = ask()
    page.evaluate("([key, kept]) => localStorage.setItem(key, kept)", [KEY, kept])
    ask(again=page)
    assert answers(page) == ["false", "false"]
    page.locator(".choice").get_by_role("button").first.click()
    ask(again=page)
    assert answers(page) == ["true", "false"]


def test_blocked_storage_still_explains(ask: Ask) -> None:
    page = ask()
    page.add_init_script(BLOCKED)
    ask(again=page)
    page.locator(".choice").get_by_role("button").first.click()
    assert said(page) == "✗ Not quite. 7 / 2"


@pytest.mark.parametrize("viewport", [PHONE, DESK])
@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_does_not_move_while_it_loads(
    ask: Ask, folder: str, viewport: dict[str, int]
) -> None:
    page = ask(folder, loads=False, viewport=viewport)
    before = below(page)
    page.add_script_tag(path=STATIC / "choice.js")
    assert below(page) == pytest.approx(before, abs=0.5)
    for index in (0, 1):
        page.locator(".choice").get_by_role("button").nth(index).click()
        ask(folder, again=page)
        assert below(page) == pytest.approx(before, abs=0.5), "an earlier answer"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(ask: Ask, axe: str, scheme: str) -> None:
    page = ask(viewport=PHONE, color_scheme=scheme)
    for index in (0, 1):
        page.locator(".choice").get_by_role("button").nth(index).click()
        page.locator("details.choice-reasons").evaluate("one => (one.open = true)")
        assert violations(page, axe, ".choice") == []


def test_it_works_by_touch_and_fits_a_phone(ask: Ask) -> None:
    page = ask(viewport=PHONE, has_touch=True, is_mobile=True)
    for button in page.locator(".choice").get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
        button.tap()
        assert not scrolls_sideways(page)
    assert said(page) == "✓ Right. math.floor"


def test_print_has_the_answers_and_why(ask: Ask) -> None:
    page = ask()
    page.locator(".choice").get_by_role("button").first.click()
    page.emulate_media(media="print")
    expect(page.locator(".choice-said")).to_be_hidden()
    expect(page.locator(".choice-answer").nth(1)).to_be_visible()
    expect(page.locator("details.choice-reasons").get_by_text("7 / 2")).to_be_visible()


def test_without_scripts_the_answer_unfolds(ask: Ask) -> None:
    page = ask(viewport=PHONE, java_script_enabled=False, loads=False)
    expect(page.locator(".choice-said")).to_be_hidden()
    expect(page.get_by_role("group", name="7 // 2").get_by_role("listitem")).to_have_count(2)
    reason = page.locator("details.choice-reasons").get_by_text("7 / 2")
    expect(reason).to_be_hidden()
    page.locator("details.choice-reasons > summary").click()
    expect(reason).to_be_visible()
