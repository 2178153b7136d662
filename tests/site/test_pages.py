"""Every page opens in a real browser, on a phone and on a desk, and asks nobody else for anything."""

from __future__ import annotations

import pytest
from built_site import LANGUAGES

WIDTHS = {"phone": 360, "desk": 1280}

OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (e) => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
  return [...document.body.querySelectorAll('*')]
    .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e.parentElement))
    .map((e) => `${e.tagName.toLowerCase()}.${e.className} ends at ${e.getBoundingClientRect().right}`)
    .concat(`the page is ${document.documentElement.scrollWidth} px wide`);
}"""


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_page_opens(page_name, width, open_page):
    visit = open_page(page_name, viewport={"width": width, "height": 800}, locale="en-GB")
    # Scrolling loads what is loaded lazily.
    visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    visit.page.wait_for_load_state("networkidle")
    assert visit.problems == []
    assert visit.page.evaluate(OVERFLOWING) == [], "the page scrolls sideways"


def test_language_is_declared(page_name, built):
    folder = page_name.split("/")[0]
    assert built.tree(page_name).get("lang") == LANGUAGES.get(folder, "en")


def test_foreign_requests_are_noticed(open_page, server):
    visit = open_page("en/index.html")
    visit.page.evaluate(
        "new Promise((r) => { const i = new Image(); i.onerror = r; i.src = 'https://example.org/x.png'; })"
    )
    assert "request to another host: https://example.org/x.png" in visit.problems


def test_errors_are_noticed(open_page):
    visit = open_page("en/index.html")
    visit.page.evaluate("setTimeout(() => { console.error('said'); throw new Error('thrown'); })")
    visit.page.wait_for_timeout(200)
    assert {"console: said", "uncaught error: thrown"} <= {p.split(" (")[0] for p in visit.problems}


def test_sideways_scrolling_is_noticed(open_page):
    visit = open_page("en/index.html", viewport={"width": 360, "height": 800})
    visit.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p class=wide style=\"width: 900px\">x</p>')"
    )
    assert any("p.wide" in line for line in visit.page.evaluate(OVERFLOWING))
