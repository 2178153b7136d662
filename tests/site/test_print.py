"""On paper a lesson is its text: nothing to click, dark on white, with every answer."""

from __future__ import annotations

import pytest

from built_site import LANGUAGES
from page_looks import CHECKS, SCHEMES

LEFT_OUT = (
    "header.bd-header, .bd-sidebar, .bd-sidebar-secondary, .bd-header-article, .prev-next-area,"
    " .prev-next-footer, button:not(.choice-answer), .headerlink"
)
#: The darkest of black is 0, white is 1; 0.3 on white has a contrast of more than 4.5.
LIGHTNESS = """(element) => {
  const [red, green, blue] = getComputedStyle(element).color.match(/[\\d.]+/g).map(Number);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}"""
#: Lines of code and formulas that end outside their box.
CUT_OFF = """() => [
  ...[...document.querySelectorAll('article pre')].filter((e) => e.scrollWidth > e.clientWidth + 1),
  ...[...document.querySelectorAll('article p .katex')].filter((formula) =>
    formula.getBoundingClientRect().right > formula.closest('p').getBoundingClientRect().right + 3),
].map((one) => one.textContent.slice(0, 60))"""


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("number", [0, -1], ids=["first lesson", "last lesson"])
def test_lesson_on_paper(built, open_page, folder, number):
    # A sheet of A4 between its margins.
    viewport = {"width": 680, "height": 990}
    page = open_page(built.lessons(folder)[number], viewport=viewport).page
    page.emulate_media(media="print")
    page.evaluate(CHECKS.read_text(encoding="utf-8"))
    page.evaluate("pageChecks.read()")
    for scheme in SCHEMES:
        page.emulate_media(media="print", color_scheme=scheme)
        page.evaluate("pageChecks.settle()")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)", scheme
        for part in ("p", "pre span", "h2", ".sd-card p"):
            text = page.locator(f"article {part}").locator("visible=true").first
            assert text.evaluate(LIGHTNESS) < 0.3, f"{part} is pale on paper"
    visible = page.locator(LEFT_OUT).locator("visible=true")
    assert visible.evaluate_all("(all) => all.map((one) => one.className)") == []
    assert page.locator("article h1").is_visible()
    for answer in page.locator("article details").all():
        box = answer.bounding_box()
        title = answer.locator("summary").bounding_box()
        assert box is not None and title is not None and box["height"] > title["height"] + 10
    assert page.evaluate("pageChecks.sideways()") == []
    assert page.evaluate(CUT_OFF) == []
    after = "getComputedStyle(document.querySelector('#references a.external'), '::after').content"
    assert "http" in page.evaluate(after)
