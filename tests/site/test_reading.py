"""Pages have the reader's colours, room for their code, and headings that stay where they are."""

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
  return [colour('.c1'), colour('.mi, .mf'), colour('pre'),
          getComputedStyle(block.querySelector('pre')).backgroundColor];
}"""
WHITE, DARK = "rgb(255, 255, 255)", "rgb(20, 24, 30)"


@pytest.fixture(params=LANGUAGES)
def lesson(request, built):
    """A lesson in each language."""
    return built.lessons(request.param)[0]


def test_colours_follow_the_system_with_and_without_scripts(open_page, lesson):
    pages = [open_page(lesson, java_script_enabled=scripts).page for scripts in (True, False)]
    for scheme, body in (("light", WHITE), ("dark", DARK)):
        for page in pages:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(f"{BACKGROUND} === '{body}'")
        with_scripts, without = (page.evaluate(CODE) for page in pages)
        comment, number, text, _ = with_scripts
        assert len({comment, number, text}) == 3, "comments, numbers and names differ"
        assert without == with_scripts


def test_first_paint_has_the_readers_colours(open_page, lesson):
    visit = open_page(lesson, color_scheme="light")
    visit.page.evaluate("localStorage.setItem('mode', 'dark')")
    # Whatever the theme's script would do comes after the page is drawn: keep it away.
    visit.page.route("**/*.js", lambda route: route.abort())
    visit.page.reload()
    assert visit.page.evaluate(BACKGROUND) == DARK


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
