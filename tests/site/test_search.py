"""The search finds lessons, in both languages, from the keyboard."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("folder", "query"), [("en", "stride"), ("zh", "张量"), ("zh", "stride"), ("en", "tensor")]
)
def test_search_finds_a_lesson(open_page, folder, query):
    visit = open_page(f"{folder}/index.html", viewport={"width": 1280, "height": 800})
    page = visit.page
    page.keyboard.press("Control+k")
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    result = page.locator("#search-results a[href*='/lesson_']")
    result.first.wait_for(timeout=10_000)
    assert visit.problems == []
    result.first.click()
    page.wait_for_url(f"**/{folder}/lessons/**")
    text = page.locator("article").inner_text()
    assert query.lower() in text.lower()


def test_nonsense_finds_nothing(open_page):
    visit = open_page("zh/search.html?q=火星轨道", viewport={"width": 1280, "height": 800})
    visit.page.locator("#search-results .search-summary").wait_for(timeout=10_000)
    visit.page.wait_for_timeout(500)
    assert visit.page.locator("#search-results li").count() == 0
    assert visit.problems == []
