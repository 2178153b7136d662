"""The checks of the gates notice what they are there for; pages declare their language."""

from __future__ import annotations

import pytest
from built_site import LANGUAGES
from page_looks import CHECKS
from playwright.sync_api import Page, Route

WIDE = "<p class=wide style='width: 900px'>x</p>"
BOX = "<div class=box style='width: 90px; overflow-x: {}'><p style='width: 400px'>{}</p></div>"
LONG = "a long sentence that does not fit into its box"


@pytest.fixture
def page(open_page, axe) -> Page:
    """A page on a phone, with the checks of the gates in it."""
    opened = open_page("en/index.html", viewport={"width": 360, "height": 740}).page
    opened.evaluate(CHECKS.read_text(encoding="utf-8"))
    opened.evaluate(axe)
    return opened


def ask(page: Page, question: str, body: str) -> list[str]:
    """Put something at the top of the text of a page and return what a check says to that."""
    insert = "(body) => document.querySelector('article').insertAdjacentHTML('afterbegin', body)"
    page.evaluate(insert, body)
    page.wait_for_timeout(200)
    return page.evaluate(f"pageChecks.{question}")


@pytest.mark.parametrize(
    ("question", "body", "expected"),
    [
        ("sideways()", WIDE, "scrolls: its content is"),
        ("sideways()", BOX.format("hidden", LONG), "is cut off by"),
        ("images()", "<img src='data:,' alt=''>", "has no size of its own"),
        ("images()", "<img src='_static/logo.svg' alt='' width=5>", "has no attribute height"),
        ("links()", "<link rel=preconnect href='https://example.org'>", "preconnect"),
        ("links()", "<link rel=dns-prefetch href='//example.org'>", "dns-prefetch"),
        ("shifts(0.02)", "<p style='height: 300px'>x</p>", "layout shift"),
        ("accessibility()", "<img src='data:,'>", "image-alt"),
        ("accessibility()", "<p style='color: #999; background: #fff'>pale</p>", "color-contrast"),
    ],
)
def test_faults_are_noticed(page, question, body, expected):
    assert any(expected in line for line in ask(page, question, body))


@pytest.mark.parametrize("body", [BOX.format("auto", LONG), "<p class=visually-hidden>Note</p>"])
def test_what_scrolls_or_is_for_screen_readers_is_not_cut_off(page, body):
    assert ask(page, "sideways()", body) == []


def test_foreign_requests_are_noticed(open_page):
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


@pytest.mark.parametrize("leave", ["reload", "go to another page"])
def test_what_is_dropped_because_the_page_is_left_is_no_failure(open_page, leave):
    visit = open_page("en/index.html")
    held: list[Route] = []
    visit.page.route("**/favicon.svg?slow", lambda route: held.append(route))
    dropped = []
    visit.page.on("requestfailed", lambda request: dropped.append(request.url))
    with visit.page.expect_request("**/favicon.svg?slow"):
        visit.page.evaluate("void new Image().setAttribute('src', '/en/_static/favicon.svg?slow')")
    if leave == "reload":
        visit.page.reload()
    else:
        visit.page.goto(visit.page.url.replace("/en/index", "/zh/index"))
    assert dropped
    assert visit.problems == []


def test_what_is_dropped_while_the_page_stays_is_a_failure(open_page):
    visit = open_page("en/index.html")
    held: list[Route] = []
    visit.page.route("**/favicon.svg?slow", lambda route: held.append(route))
    with visit.page.expect_event("requestfailed"):
        visit.page.evaluate(
            "void fetch('/en/_static/favicon.svg?slow', { signal: AbortSignal.timeout(200) }).catch(() => {})"
        )
    (problem,) = visit.problems
    assert problem.startswith("failed request: ")
    assert problem.endswith("favicon.svg?slow: net::ERR_ABORTED")


def test_language_is_declared(page_name, built):
    folder = page_name.split("/")[0]
    assert built.tree(page_name).get("lang") == LANGUAGES.get(folder, "en")


def test_first_page_is_accessible(built, open_page, axe):
    # It sends the reader on at once: here it may not.
    page = open_page("404.html").page
    source = (built.root / "index.html").read_text(encoding="utf-8")
    assert "location.replace(" in source
    page.set_content(source.replace("location.replace(", "void ("))
    page.evaluate(CHECKS.read_text(encoding="utf-8"))
    page.evaluate(axe)
    assert page.evaluate("pageChecks.accessibility()") == []
