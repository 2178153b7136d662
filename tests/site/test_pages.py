"""The visit to every page notices what it is there for, in whatever view it is wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route

from built_site import LANGUAGES
from page_looks import CHECKS, LATE_S, VIEWS, looking, report, visits
from web_server import serving

PAGE = "about.html"
"""What the faults are planted in, below its heading: a page of the theme without a part of its own."""

BOX = "<div tabindex=0 style='width: 90px; overflow-x: {}'><p style='width: 400px'>{}</p></div>"
LONG = "0123456789 " * 5
WRONG_TO_SEE = f"""
<p style='width: 3000px'>wide</p> {BOX.format("hidden", LONG)}
<img src='data:,' alt='broken' width=5 height=5> <img src='_static/favicon.svg' alt='a' width=5>
<p style='color: #888; background: #777'>pale</p> <img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='
width=1 height=1>
"""
FAULTS_TO_SEE = {
    "sideways": ["scrolls: its content is", "is cut off by"],
    "images": ["data:, has no size of its own", "favicon.svg has no attribute height"],
    "accessibility": ["color-contrast"],
}
HIDDEN = {
    "phone": "min-width: 501px",
    "desk": "max-width: 500px",
    "light": "prefers-color-scheme: dark",
    "dark": "prefers-color-scheme: light",
}


def only(view: str, body: str) -> str:
    """Return what is to be seen only on a phone, on a desk, in the light or in the dark."""
    style = f"<style>@media ({HIDDEN[view]}) {{ .planted {{ display: none }} }}</style>"
    return f"{style}<div class=planted>{body}</div>"


def background(media: str, address: str) -> str:
    """Return a paragraph with a background that is loaded in some views only."""
    return f"<style>@media ({media}) {{ .planted {{ background: url({address}) }} }}</style><p class=planted>x</p>"


ALL = {f"{view.size} {view.scheme}" for view in VIEWS}
DARK, DESK = HIDDEN["light"], HIDDEN["phone"]
SAY_IN_THE_DARK = f"matchMedia('({DARK})').onchange = () => console.error('said')"
THROW_ON_A_DESK = f"matchMedia('({DESK})').onchange = () => {{ throw new Error('thrown') }}"
SCREENS = "<p>x</p>" * 200

PLANTED = {
    "sound": f"{BOX.format('auto', LONG)}<p class=visually-hidden>{LONG}</p>",
    **{view: only(view, WRONG_TO_SEE) for view in HIDDEN},
    "errors": f"<script src='nothing.js'></script><script>{SAY_IN_THE_DARK};{THROW_ON_A_DESK}</script>"
    + background(DESK, "nothing.png"),
    "hosts": "<script>new WebSocket('ws://example.org/socket')</script>"
    "<link rel=preconnect href='https://a.example.org'><link rel=dns-prefetch href='//b.example.org'>"
    + background(DARK, "https://example.org/dark.png")
    + background(DESK, "https://example.org/desk.png"),
    # Not before the page has been drawn: on a busy machine that takes longer than the picture.
    "late picture": "<img id=p alt='a' style='width: 300px'><script>requestAnimationFrame(() =>"
    " requestAnimationFrame(() => { p.src = '_static/logo.svg' }))</script>",
    "late script": "<p id=p></p><script>onload = () => requestAnimationFrame(() =>"
    f" requestAnimationFrame(() => matchMedia('({DESK})').matches || (p.style.height = '300px')))"
    "</script>",
    "script below": f"{SCREENS}<script>onscroll = () =>"
    " { document.elementFromPoint(180, 370).style.marginTop = '300px' }</script>",
    "wide formula": "<div class=math><span class=katex-display style='display: block'>"
    "<span style='display: block; width: 500px'>x</span></span></div>",
    "stored mode": "<script>document.documentElement.dataset.mode = 'light'</script>",
    "English": "<p id=p></p><script>p.textContent = 'Nobody has translated this'</script>",
}


@pytest.fixture(scope="module")
def found(built, axe, tmp_path_factory) -> dict[str, dict[str, dict[str, set[str]]]]:
    """What the visits find in each planted page: questions, lines, and views, of both languages."""
    root = tmp_path_factory.mktemp("planted")
    names = {title: f"planted_{number}.html" for number, title in enumerate(PLANTED)}
    for folder in LANGUAGES:
        (root / folder).mkdir()
        for file in (built.root / folder).iterdir():
            (root / folder / file.name).symlink_to(file)
        text = (root / folder / PAGE).read_text(encoding="utf-8")
        for title, name in names.items():
            page = text.replace("</h1>", "</h1>" + PLANTED[title], 1)
            (root / folder / name).write_text(page, encoding="utf-8")
    wanted = visits([f"{folder}/{name}" for name in names.values() for folder in LANGUAGES])
    seen: dict = {title: {} for title in PLANTED}
    with serving(root, late_s=LATE_S) as address, looking(wanted, address, axe) as answers:
        for visit, answer in answers.items():
            title = next(title for title, name in names.items() if visit.page.endswith(name))
            for question, lines in answer.result(timeout=120).items():
                for line, views in lines.items():
                    places = seen[title].setdefault(question, {}).setdefault(line, set())
                    places |= {f"{view.size} {view.scheme}" for view in views}
    return seen


def views_with(lines: dict[str, set[str]], words: str) -> set[str]:
    """Return the views in which a line with some words was found."""
    return set().union(*(views for line, views in lines.items() if words in line))


def test_nothing_is_found_where_nothing_is_wrong(found):
    assert found["sound"] == {}


@pytest.mark.parametrize("view", HIDDEN)
def test_what_is_wrong_in_some_views_is_found_in_each_of_them(found, view):
    views = {place for place in ALL if view in place.split()}
    assert found[view].keys() == FAULTS_TO_SEE.keys()
    for question, all_words in FAULTS_TO_SEE.items():
        for words in all_words:
            assert views_with(found[view][question], words) == views, words
    # What has no colour is asked in the light, in one language on a phone, in the other on a desk.
    alt = views_with(found[view]["accessibility"], "image-alt")
    assert alt == {place for place in views if "light" in place}


@pytest.mark.parametrize(
    ("planted", "question", "words", "views"),
    [
        ("errors", "errors", "status 404: ", {"phone light", "desk dark"}),
        ("errors", "errors", "console: said", {"phone dark", "desk light"}),
        ("errors", "errors", "uncaught error: thrown", {"desk dark"}),
        ("hosts", "other hosts", "request to another host: ws://", {"phone light"}),
        ("hosts", "other hosts", "request to another host: https://example.org/da", {"phone dark"}),
        ("hosts", "other hosts", "request to another host: https://example.org/de", {"desk dark"}),
        ("hosts", "other hosts", '<link rel="preconnect"> names another host', ALL),
        ("hosts", "other hosts", '<link rel="dns-prefetch"> names another host', ALL),
        ("late picture", "layout shift", "allowed is less than", {"phone light"}),
        ("late script", "layout shift", "allowed is less than", {"phone light"}),
        ("script below", "layout shift", "allowed is less than", {"phone light"}),
        ("wide formula", "sideways", "and no key scrolls it: x", {"phone light", "phone dark"}),
        ("stored mode", "scheme", "the page stays light", {"phone dark", "desk dark"}),
    ],
)
def test_what_goes_wrong_during_the_visit_is_found(found, planted, question, words, views):
    assert views_with(found[planted][question], words) == views


def test_english_that_a_script_leaves_on_a_chinese_page_is_found(found):
    assert list(found["English"]) == ["language"]
    assert list(found["English"]["language"]) == ["Nobody has translated this"]


def test_report_says_what_where_and_what_to_do():
    (visit,) = visits(["en/about.html"])
    assert report(visit, {"images": {}}) == ""
    told = report(visit, {"images": {"a.png is not loaded": [*VIEWS[:2]], "b.png": [*VIEWS]}})
    assert told.splitlines() == [
        "en/about.html: images: every picture must arrive: mend its address or the file",
        "  a.png is not loaded (light, 360 px wide; dark, 360 px wide)",
        "  b.png (everywhere)",
    ]


def test_matrix_opens_a_page_anew_in_each_view_and_asks_everything():
    matrix = visits(["en/about.html"], matrix=True)
    assert [visit.views for visit in matrix] == [(view,) for view in VIEWS]
    assert all(visit.full == visit.views for visit in matrix)


@pytest.mark.parametrize("leave", ["reload", "go to another page"])
def test_what_is_dropped_because_the_page_is_left_is_no_failure(open_page, leave):
    held: list[Route] = []
    visit = open_page(
        "en/index.html", routes={"**/favicon.svg?slow": lambda route: held.append(route)}
    )
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
    held: list[Route] = []
    visit = open_page(
        "en/index.html", routes={"**/favicon.svg?slow": lambda route: held.append(route)}
    )
    with visit.page.expect_event("requestfailed"):
        visit.page.evaluate(
            "void fetch('/en/_static/favicon.svg?slow', { signal: AbortSignal.timeout(200) }).catch(() => {})"
        )
    (problem,) = visit.problems
    assert problem.startswith("failed request: ")
    assert problem.endswith("favicon.svg?slow: net::ERR_ABORTED")


def test_first_page_is_accessible(built, open_page, axe):
    # It sends the reader on at once: here it may not.
    page = open_page("404.html").page
    source = (built.root / "index.html").read_text(encoding="utf-8")
    assert "location.replace(" in source
    page.set_content(source.replace("location.replace(", "void ("))
    page.evaluate(CHECKS.read_text(encoding="utf-8"))
    page.evaluate(axe)
    assert page.evaluate("pageChecks.accessibility()") == []
