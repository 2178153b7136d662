"""Every page can be read without JavaScript."""

from __future__ import annotations

import re

import pytest
from built_site import LANGUAGES, BuiltSite, html_root

PAGES = [page for page in BuiltSite(html_root()).pages if "/" in page]
UNFILLED = re.compile(r"\bundefined\b|\[object \w+\]|\{\{|\{\w+\} of ")


@pytest.fixture(scope="module")
def still(browser):
    """A browser profile that runs no scripts, for all pages."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def prose(page) -> str:
    """Return what an open page shows, without its code."""
    return page.locator("main").evaluate(
        """(main) => {
          const hidden = [...main.querySelectorAll('pre, code')];
          hidden.forEach((element) => { element.style.display = 'none'; });
          return main.innerText;
        }"""
    )


@pytest.mark.parametrize("name", PAGES or ["no site"])
def test_page_reads_without_scripts(name, built, still, server):
    still.goto(server + name)
    text = prose(still)
    assert text.strip(), f"{name}: nothing is shown without scripts"
    assert still.locator("h1").first.is_visible()
    assert not UNFILLED.search(text), f"{name}: {UNFILLED.search(text)[0]} is shown"
    other = next(tag for folder, tag in LANGUAGES.items() if not name.startswith(f"{folder}/"))
    switch = still.locator(f"header a[hreflang='{other}']:visible")
    assert switch.count() == 1, f"{name}: no link to the other language is shown"
    if name in built.lessons(name.split("/")[0]):
        shown = still.locator("a[download]:visible").count()
        assert shown >= 2, f"{name}: the downloads are not shown"


@pytest.mark.parametrize("name", ["en/no/such/page.html", "zh/no/such/page.html", "no/page.html"])
def test_missing_page_reads_without_scripts(name, still, server):
    response = still.goto(server + name)
    assert response is not None and response.status == 404
    assert still.locator("h1").first.is_visible()
    assert still.locator("a[href$='index.html']:visible").count() >= 1


def test_unfilled_text_is_noticed(still):
    still.set_content("<main><p>undefined</p><code>undefined = 1</code></main>")
    assert UNFILLED.search(prose(still))
    still.set_content("<main><p>The gradient.</p><code>undefined = 1</code></main>")
    assert not UNFILLED.search(prose(still))
