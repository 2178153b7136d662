"""What opens, folds out or shows up under the pointer is as good as what is there at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from built_site import LANGUAGES
from page_looks import CHECKS, SCHEMES, View, Visit

DRAWERS = {"primary": "#pst-primary-sidebar-modal", "secondary": "#pst-secondary-sidebar-modal"}


@pytest.fixture(params=LANGUAGES)
def lesson(request, built, open_page, axe):
    """A function that opens the first lesson with the checks of the gates in it."""

    def open_lesson(size: str) -> Page:
        view = View(size, "light")
        visit = Visit(built.lessons(request.param)[0], (view,), ())
        page = open_page(visit.page, **visit.options).page
        page.evaluate(CHECKS.read_text(encoding="utf-8"))
        page.evaluate(axe)
        return page

    return open_lesson


@pytest.mark.parametrize("drawer", DRAWERS)
def test_drawer_on_a_phone(lesson, drawer):
    page = lesson("phone")
    button = page.locator(f".{drawer}-toggle:visible").first
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator(DRAWERS[drawer])
    expect(dialog).to_be_visible()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("pageChecks.settle()")
        box = dialog.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert page.evaluate("pageChecks.accessibility", DRAWERS[drawer]) == [], scheme
        assert page.evaluate("pageChecks.sideways()") == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_answer_and_copy_button_obey_pointer_and_keyboard(lesson):
    page = lesson("desk")
    answer = page.locator("article .choice details").first
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(answer.locator(".choice-reason").first).to_be_visible()
    cells = page.locator("article div.highlight:has(> button.copybtn)")
    cell = cells.locator("visible=true").first  # the code of others is folded away
    button = cell.locator("button.copybtn")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for show, hide in ((button.hover, page.locator("h1").hover), (button.focus, button.blur)):
            hide()
            expect(button).to_have_css("opacity", "0")
            show()
            expect(button).to_have_css("opacity", "1")
            page.evaluate("pageChecks.settle()")
            box = button.bounding_box()
            assert box is not None and min(box["width"], box["height"]) >= 24
            assert page.evaluate("pageChecks.accessibility", "button.copybtn") == [], scheme
            hide()


def test_menu_obeys_the_keyboard(lesson):
    page = lesson("desk")
    toggle = page.locator(".bd-header .theme-switch-button:visible")
    menu = page.locator(".bd-header .theme-switch-container .dropdown-menu")
    toggle.focus()
    page.keyboard.press("Enter")
    assert menu.is_visible() and toggle.get_attribute("aria-expanded") == "true"
    box = menu.bounding_box()
    assert box["x"] + box["width"] <= 1280 and box["y"] >= toggle.bounding_box()["y"] + 20
    page.keyboard.press("Escape")
    assert not menu.is_visible() and toggle.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.className").startswith("btn")
    page.keyboard.press("ArrowDown")  # opens, on the first entry
    page.keyboard.press("ArrowUp")  # the last one: dark
    page.keyboard.press("Enter")
    assert page.evaluate("pageChecks.scheme", "dark") == []
    assert not menu.is_visible()


def test_menu_closes_when_the_reader_goes_elsewhere(lesson):
    page = lesson("desk")
    more = page.locator(".bd-header .nav-item .dropdown-toggle")
    menu = page.locator("#pst-nav-more-links")
    for leave in (lambda: page.mouse.click(640, 700), lambda: page.locator("a").last.focus()):
        more.click()
        assert menu.is_visible()
        leave()
        assert not menu.is_visible()


def test_folded_code_opens_with_the_keyboard_and_on_a_phone(built, open_page, axe):
    name = next(name for name in built.lessons("zh") if built.tree(name).find_class("fold"))
    visit = Visit(name, (View("phone", "light"),), ())
    page = open_page(visit.page, **visit.options).page
    page.evaluate(CHECKS.read_text(encoding="utf-8"))
    page.evaluate(axe)
    fold = page.locator("article details.fold").first
    title, code = fold.locator("summary"), fold.locator("pre")
    expect(code).to_be_hidden()
    room = title.bounding_box()
    assert room is not None and room["height"] >= 40, "a finger hits the title"
    title.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()
    button = fold.locator("button.copybtn")
    button.focus()
    expect(button).to_have_css("opacity", "1")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("pageChecks.settle()")
        assert page.evaluate("pageChecks.accessibility", "article details.fold") == [], scheme
    assert page.evaluate("pageChecks.sideways()") == []
    title.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_hidden()
