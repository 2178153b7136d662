"""What opens, folds out or shows up under the pointer is as good as what is there at once."""

from __future__ import annotations

import pytest
from built_site import LANGUAGES
from page_looks import CHECKS, SCHEMES, View
from playwright.sync_api import Page, expect

DRAWERS = {"primary": "#pst-primary-sidebar-modal", "secondary": "#pst-secondary-sidebar-modal"}


@pytest.fixture
def lesson(built, open_page, axe):
    """A function that opens the first lesson with the checks of the gates in it."""

    def open_lesson(folder: str, size: str, scheme: str) -> Page:
        view = View(built.lessons(folder)[0], size, scheme)
        page = open_page(view.page, **view.options).page
        page.evaluate(CHECKS.read_text(encoding="utf-8"))
        page.evaluate(axe)
        return page

    return open_lesson


@pytest.mark.parametrize("drawer", DRAWERS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("folder", LANGUAGES)
def test_drawer_on_a_phone(lesson, folder, scheme, drawer):
    page = lesson(folder, "phone", scheme)
    button = page.locator(f".{drawer}-toggle:visible").first
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.locator(DRAWERS[drawer])
    expect(dialog).to_be_visible()
    dialog.evaluate("e => Promise.all(e.getAnimations().map((one) => one.finished))")
    box = dialog.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert page.evaluate("(part) => pageChecks.accessibility(part)", DRAWERS[drawer]) == []
    assert page.evaluate("pageChecks.sideways()") == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("folder", LANGUAGES)
def test_answer_opens_with_the_keyboard(lesson, folder):
    page = lesson(folder, "phone", "light")
    answer = page.locator("article details.sd-dropdown").first
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(answer.locator(".sd-summary-content")).to_be_visible()


@pytest.mark.parametrize("way", ["pointer", "keyboard"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("folder", LANGUAGES)
def test_copy_button_shows(lesson, folder, scheme, way):
    page = lesson(folder, "desk", scheme)
    cell = page.locator("article div.highlight:has(> button.copybtn)").first
    button = cell.locator("button.copybtn")
    cell.scroll_into_view_if_needed()
    if way == "pointer":
        button.hover()
    else:
        button.focus()
    expect(button).to_have_css("opacity", "1")
    box = button.bounding_box()
    assert box is not None and min(box["width"], box["height"]) >= 24
    assert page.evaluate("pageChecks.accessibility('button.copybtn')") == []
