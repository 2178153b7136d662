"""Every page can be read without JavaScript."""

from __future__ import annotations

import re

import pytest
from lxml import html

from built_site import LANGUAGES

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
UNFILLED = re.compile(r"\bundefined\b|\[object \w+\]|\{\{|\{\w+\} of ")
KINDS = ("index", "lessons/index", "search", "errors", "ledger", "api/index", "404")
"""Pages whose parts are placed by different templates, beside a lesson and its solutions."""


def prose(tree: html.HtmlElement) -> str:
    """Return the text of a page, without its code and without what only scripts fill."""
    (main,) = tree.xpath("//main")
    hidden = "ancestor::pre or ancestor::code or ancestor::script or ancestor::template"
    return " ".join(main.xpath(f".//text()[not({hidden})]"))


def test_text_of_every_page_stands_in_its_file(built):
    for page in (page for page in built.pages if "/" in page):
        text = prose(built.tree(page))
        assert text.strip(), f"{page}: nothing is shown without scripts"
        assert not UNFILLED.search(text), f"{page}: {UNFILLED.search(text)[0]} is shown"


def test_unfilled_text_is_noticed():
    for body, unfilled in (
        ("<p>undefined</p><code>undefined = 1</code>", True),
        ("<p>{shown} of {total}</p>", True),
        ("<p>The gradient.</p><pre>undefined = 1</pre>", False),
    ):
        text = prose(html.document_fromstring(f"<body><main>{body}</main></body>"))
        assert bool(UNFILLED.search(text)) == unfilled


@pytest.mark.parametrize("folder", LANGUAGES)
def test_each_kind_of_page_reads_without_scripts(built, open_page, server, folder):
    page = open_page("404.html", java_script_enabled=False, viewport=PHONE).page
    (other,) = (tag for name, tag in LANGUAGES.items() if name != folder)
    lesson = built.lessons(folder)[0]
    for name in (*(f"{folder}/{kind}.html" for kind in KINDS), lesson):
        page.goto(server + name)
        assert page.locator("h1").first.is_visible(), name
        assert page.locator("main").inner_text().strip(), name
        switch = page.locator(f"header a[hreflang='{other}']:visible")
        assert switch.count() == 1, f"{name}: no link to the other language is shown"
    assert page.locator("a[download]:visible").count() >= 2
    for folded, inside in (("article .choice details", ".choice-reason"), ("details.fold", "pre")):
        details = page.locator(folded).first
        content = details.locator(inside).first
        assert not content.is_visible(), folded
        details.locator("summary").click()
        assert content.is_visible(), folded
    assert not page.locator("button:visible").count(), "buttons that nothing answers"
    page.locator("a.primary-toggle").click()
    link = page.locator("#pst-primary-sidebar nav a").first
    assert link.is_visible()
    assert link.bounding_box()["y"] < PHONE["height"], "the header's link leads there"
    desk = open_page(lesson, java_script_enabled=False, viewport=DESK).page
    desk.locator("button.dropdown-toggle:visible").focus()
    assert desk.locator("#pst-nav-more-links a").first.is_visible()


@pytest.mark.parametrize("folder", LANGUAGES)
def test_formulas_need_no_scripts(built, open_page, folder):
    pages = [page for page in built.pages if page.startswith(f"{folder}/")]
    name = next(page for page in pages if built.tree(page).xpath("//article//math"))
    page = open_page(name, java_script_enabled=False, viewport=DESK).page
    formula = page.locator("article .katex-html").first
    box = formula.bounding_box()
    assert box is not None and box["width"] > 5 and box["height"] > 5
    assert "KaTeX" in formula.evaluate("e => getComputedStyle(e).fontFamily")
    assert page.locator("article math annotation").count() >= 1


@pytest.mark.parametrize("name", ["en/no/such/page.html", "zh/no/such/page.html", "no/page.html"])
def test_missing_page_reads_without_scripts(open_page, name):
    visit = open_page(name, java_script_enabled=False, viewport=PHONE)
    assert visit.problems and all(name in problem for problem in visit.problems)
    assert visit.page.locator("h1").first.is_visible()
    assert visit.page.locator("a[href$='index.html']:visible").count() >= 1
