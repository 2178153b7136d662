"""Pages read well in the dark, without scripts, on paper; menus obey the keyboard."""

from __future__ import annotations

import re

import pytest
from built_site import LANGUAGES

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
#: The colours of a comment, a number and the background in the first cell that has both.
CODE = """() => {
  const block = [...document.querySelectorAll('.highlight')]
    .find((e) => e.querySelector('.c1') && e.querySelector('.mi, .mf'));
  const colour = (selector) => getComputedStyle(block.querySelector(selector)).color;
  let ground = block;
  while (/rgba\\(0, 0, 0, 0\\)/.test(getComputedStyle(ground).backgroundColor)) {
    ground = ground.parentElement;
  }
  return [colour('.c1'), colour('.mi, .mf'), colour('pre'),
          getComputedStyle(block.querySelector('pre')).backgroundColor];
}"""
WHITE, DARK = "rgb(255, 255, 255)", "rgb(20, 24, 30)"


def luminance(colour: str) -> float:
    """Return the relative luminance of ``rgb(r, g, b)``, as WCAG 2 defines it."""
    channels = [int(part) / 255 for part in colour.strip("rgba()").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    low, high = sorted(luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=LANGUAGES)
def lesson(request, built):
    """A lesson in each language."""
    return built.lessons(request.param)[0]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system(open_page, lesson, scheme, scripts):
    page = open_page(lesson, color_scheme=scheme, java_script_enabled=scripts).page
    assert page.evaluate(BACKGROUND) == (DARK if scheme == "dark" else WHITE)
    comment, number, text, ground = page.evaluate(CODE)
    assert len({comment, number, text}) == 3, "comments, numbers and names differ"
    for colour in (comment, number, text):
        assert contrast(colour, ground) >= 4.5


def test_first_paint_has_the_readers_colours(open_page, lesson):
    visit = open_page(lesson, color_scheme="light")
    visit.page.evaluate("localStorage.setItem('mode', 'dark')")
    # Whatever the theme's script would do comes after the page is drawn: keep it away.
    visit.page.route("**/*.js", lambda route: route.abort())
    visit.page.reload()
    assert visit.page.evaluate(BACKGROUND) == DARK


def test_navigation_without_scripts(open_page, lesson):
    phone = open_page(
        lesson, viewport={"width": 360, "height": 800}, java_script_enabled=False
    ).page
    assert not phone.locator("button:visible").count(), "buttons that nothing answers"
    phone.locator("a.primary-toggle").click()
    link = phone.locator("#pst-primary-sidebar nav a").first
    assert link.is_visible()
    assert link.bounding_box()["y"] < 800, "the header's link leads there"
    assert phone.locator("a.language-switcher:visible").count() == 1
    desk = open_page(
        lesson, viewport={"width": 1280, "height": 800}, java_script_enabled=False
    ).page
    desk.locator("button.dropdown-toggle:visible").focus()
    assert desk.locator("#pst-nav-more-links a").first.is_visible()


def test_answers_fold_without_scripts(open_page, lesson):
    page = open_page(lesson, java_script_enabled=False).page
    answer = page.locator("article details.sd-dropdown").first
    content = answer.locator(".sd-summary-content")
    assert not content.is_visible()
    answer.locator("summary").click()
    assert content.is_visible()


def test_menu_obeys_the_keyboard(open_page, lesson):
    page = open_page(lesson, viewport={"width": 1280, "height": 800}).page
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
    assert page.evaluate(BACKGROUND) == DARK
    assert not menu.is_visible()


def test_menu_closes_when_the_reader_goes_elsewhere(open_page, lesson):
    page = open_page(lesson, viewport={"width": 1280, "height": 800}).page
    more = page.locator(".bd-header .nav-item .dropdown-toggle")
    menu = page.locator("#pst-nav-more-links")
    for leave in (lambda: page.mouse.click(640, 700), lambda: page.locator("a").last.focus()):
        more.click()
        assert menu.is_visible()
        leave()
        assert not menu.is_visible()


def test_paper_has_the_text_alone(open_page, lesson):
    page = open_page(lesson, viewport={"width": 700, "height": 900}, color_scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(BACKGROUND) == WHITE
    for gone in (".bd-header", ".bd-sidebar-secondary", "button", ".headerlink", ".prev-next-area"):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    assert page.locator("article details.sd-dropdown .sd-summary-content").first.is_visible(), (
        "answers"
    )
    too_wide = "[...document.querySelectorAll('article pre')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(too_wide) == 0, "code is cut off"
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    cut = """[...document.querySelectorAll('article p .katex')].filter(formula =>
      formula.getBoundingClientRect().right > formula.closest('p').getBoundingClientRect().right + 3
    ).length"""
    assert page.evaluate(cut) == 0, "a formula is cut off"
    after = "getComputedStyle(document.querySelector('#references a.external'), '::after').content"
    assert "http" in page.evaluate(after)


def test_lines_of_code_fit_on_a_desk(open_page, lesson):
    page = open_page(lesson, viewport={"width": 1280, "height": 800}).page
    longest, scrolling = page.evaluate(
        """() => {
          const cells = [...document.querySelectorAll('article div.highlight > pre')];
          return [
            Math.max(...cells.flatMap((e) => e.textContent.split('\\n').map((l) => l.length))),
            cells.filter((e) => e.scrollWidth > e.clientWidth).length,
          ];
        }"""
    )
    assert longest >= 90, "or this says nothing"
    assert scrolling == 0


def test_layout_stays_while_the_page_loads(open_page, lesson):
    page = open_page(lesson, viewport={"width": 360, "height": 800}).page
    shift = page.evaluate(
        """() => new Promise((done) => {
          let total = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) total += entry.hadRecentInput ? 0 : entry.value;
          }).observe({ type: 'layout-shift', buffered: true });
          window.scrollTo(0, document.body.scrollHeight);
          setTimeout(() => done(total), 800);
        })"""
    )
    assert shift < 0.02


@pytest.mark.parametrize(
    "name", ["index", "ledger", "about", "search", "glossary", "api/assets", "opening", "errors"]
)
def test_headings_stand_where_they_will_stand_before_the_rest_has_come(open_page, built, name):
    """A slow line brings a page in parts; what has been shown must not move then."""
    visit = open_page(f"en/{name}.html", viewport={"width": 1280, "height": 800})
    places = """() => [...document.querySelectorAll(
      '.bd-article-container, .bd-article :is(h1, h2, h3)'
    )].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return (element.matches('div') ? [x, width] : [x, y, height]).map(Math.round);
    })"""
    whole = visit.page.evaluate(places)
    text = (built.root / "en" / f"{name}.html").read_text(encoding="utf-8")
    ends = [heading.end() for heading in re.finditer("</h[123]>", text)]
    first_part = text[: ends[:3][-1]]
    visit.page.route(
        visit.page.url, lambda route: route.fulfill(body=first_part, content_type="text/html")
    )
    visit.page.reload()
    assert visit.page.locator(".prev-next-footer, footer").count() == 0, "or this says nothing"
    begun = visit.page.evaluate(places)
    assert len(begun) >= 2
    assert begun == whole[: len(begun)]
