"""The search finds the place where a thing is explained, in both languages, from the keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from built_site import LANGUAGES, BuiltSite
from playwright.sync_api import Page, expect

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

NUMPY = "lessons/1_basics/lesson_02_numpy_1.html"
TENSORS = "lessons/1_basics/lesson_04_tensors.html"
CONVOLUTION = "lessons/2_training/lesson_09_convolution_1.html"
NETWORK = "lessons/2_training/lesson_14_building_a_network.html"

#: What a reader types, and the section that should come first: where it is explained.
FIRST = [
    ("zh", "卷积", CONVOLUTION),
    ("en", "convolution", CONVOLUTION),
    ("zh", "张量的形状", "glossary.html#term-shape"),
    ("zh", "张量形状", f"{TENSORS}#look-at-the-data-ranks"),
    ("en", "shape of a tensor", "glossary.html#term-shape"),
    ("zh", "过拟合", "glossary.html#term-overfitting"),
    ("en", "overfitting", "glossary.html#term-overfitting"),
    ("zh", "CrossEntropyLoss", f"{NETWORK}#check-against-pytorch"),
    ("en", "CrossEntropyLoss", f"{NETWORK}#check-against-pytorch"),
    ("zh", "nn.Conv2d", f"{CONVOLUTION}#use-it-move-the-picture"),
    ("en", "nn.Conv2d", f"{CONVOLUTION}#use-it-move-the-picture"),
    ("zh", "卷积 stride", "glossary.html#term-stride-convolution"),
    ("en", "convolution stride", "glossary.html#term-stride-convolution"),
    ("zh", "什么是张量", f"{TENSORS}#look-at-the-data-ranks"),
    ("en", "what is a tensor", TENSORS),
    ("en", "broadcasting", f"{NUMPY}#build-it-broadcasting"),
    ("zh", "广播", f"{NUMPY}#build-it-broadcasting"),
    ("en", "numpy array", f"{NUMPY}#a-list-and-an-array-speed"),
    ("en", "padding", f"{CONVOLUTION}#build-it-channels-stride-padding"),
    ("zh", "秩", f"{TENSORS}#look-at-the-data-ranks"),
    ("en", "train_epoch", "api/training.html#dlcourse.training.train_epoch"),
    ("en", "overfiting", "glossary.html#term-overfitting"),  # a slip of the keys
]
ERRORS = {
    "expected scalar type": "expected-scalar-type-float-but-found-double",
    "spans across two contiguous subspaces": (
        "view-size-is-not-compatible-with-input-tensor-s-size-and-stride-at-least-one-dimension"
        "-spans-across-two-contiguous-subspaces-use-reshape-instead"
    ),
}


@pytest.fixture
def visit(open_page) -> Callable[..., object]:
    """A function that opens a page of one language, by default the first one."""

    def open_(folder: str, name: str = "index.html", **options: object) -> object:
        return open_page(f"{folder}/{name}", **{"viewport": DESK, **options})

    return open_


def ask(page: Page, query: str) -> None:
    """Open the search from the keyboard, type, and wait for the answer."""
    page.keyboard.press("Control+k")
    page.keyboard.insert_text(query)
    answered(page)


def answered(page: Page) -> None:
    """Wait until the search has said how many sections it found, or that it found none."""
    status = page.locator(".search-status")
    expect(status).not_to_be_empty()
    expect(status).not_to_have_text(status.get_attribute("data-loading") or "?")


def addresses(page: Page) -> list[str]:
    """Return the addresses of the results, below the folder of the language."""
    links = page.locator(".search-results a")
    return [
        re.split("/(?:en|zh)/", link)[1]
        for link in links.evaluate_all("(a) => a.map((x) => x.href)")
    ]


@pytest.mark.parametrize(("folder", "query", "address"), FIRST)
def test_right_section_comes_first(visit, folder, query, address):
    opened = visit(folder)
    ask(opened.page, query)
    assert addresses(opened.page)[0] == address
    assert opened.problems == []


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("query", ERRORS)
def test_error_message_is_found_on_the_page_of_errors(visit, folder, query):
    page = visit(folder).page
    ask(page, query)
    assert addresses(page)[0] == f"errors.html#runtimeerror-{ERRORS[query]}"


@pytest.mark.parametrize("key", ["/", "Control+k", "Meta+k"])
def test_keyboard_alone_is_enough(visit, server, key):
    opened = visit("en")
    page = opened.page
    page.locator(".search-opener:visible").focus()
    page.keyboard.press(key)
    field = page.locator(".search-dialog input")
    expect(field).to_be_focused()
    page.keyboard.type("stride")
    answered(page)
    links = page.locator(".search-results a")
    page.keyboard.press("ArrowDown")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.last).to_be_focused()
    page.keyboard.press("s")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".search-dialog")).to_be_hidden()
    expect(page.locator(".search-opener:visible")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.type("convolution")
    answered(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}en/{CONVOLUTION}")
    assert opened.problems == []


def test_result_on_the_same_page_is_scrolled_to(visit):
    page = visit("zh", TENSORS).page
    ask(page, "秩")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".search-dialog")).to_be_hidden()
    expect(page.locator("#look-at-the-data-ranks > h2")).to_be_in_viewport()


def test_slash_can_be_typed_in_a_field(visit):
    page = visit("en").page
    ask(page, "a")
    page.keyboard.press("/")
    expect(page.locator(".search-dialog input")).to_have_value("a/")


def test_pointer_opens_and_closes(visit):
    page = visit("en").page
    dialog = page.locator(".search-dialog")
    page.locator(".search-opener:visible").click()
    expect(dialog).to_be_visible()
    page.locator(".search-close").click()
    expect(dialog).to_be_hidden()
    page.locator(".search-opener:visible").click()
    page.mouse.click(5, 700)
    expect(dialog).to_be_hidden()


def test_nothing_is_loaded_before_the_search_is_used(open_page, server):
    watched = open_page("en/404.html")
    page = watched.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].split("?")[0]))
    page.goto(f"{server}en/{TENSORS}", wait_until="networkidle")
    lazy = {"minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"}
    assert lazy.isdisjoint(asked)
    with page.expect_request("**/search-index.js"):
        page.keyboard.press("/")
    page.wait_for_load_state("networkidle")
    assert lazy <= set(asked)
    assert len(asked) == len(set(asked)), "each file once"


@pytest.mark.parametrize("folder", LANGUAGES)
def test_nothing_of_sphinx_search_is_left(built: BuiltSite, folder):
    files = {path.name for path in (built.root / folder).rglob("*.js")}
    assert not {"searchindex.js", "searchtools.js", "doctools.js", "sphinx_highlight.js"} & files
    assert not [name for name in files if "stemmer" in name or "language_data" in name]
    for page in built.pages:
        if page.startswith(f"{folder}/"):
            assert not built.tree(page).xpath(
                "//*[@id='pst-search-dialog'] | //form[contains(@class, 'bd-search')]"
                "| //script[contains(@src, 'searchtools') or contains(@src, 'doctools')]"
            ), page


@pytest.mark.parametrize("folder", LANGUAGES)
def test_every_section_has_an_address(built: BuiltSite, folder):
    script = (built.root / folder / "_static" / "search-index.js").read_text("utf-8")
    data = json.loads(script.removeprefix("globalThis.searchIndex=").rstrip(";\n"))
    pages = {name: built.tree(f"{folder}/{name}") for name, _ in data["pages"]}
    found = [(data["pages"][number][0], anchor) for number, anchor, *_ in data["sections"]]
    assert len(found) > 200
    assert len(found) == len(set(found)), "no section twice"
    missing = [at for at in found if at[1] and not pages[at[0]].xpath("//*[@id=$id]", id=at[1])]
    assert missing == []


@pytest.mark.parametrize("query", ["火星轨道", "zqxjk", "///", "𝕏🙂", "{zqx} %zqy"])
def test_nothing_found_says_so_and_helps(visit, query):
    opened = visit("zh")
    page = opened.page
    ask(page, query)
    expect(page.locator(".search-status")).to_have_text("没有哪一节同时包含这些词。")
    assert addresses(page) == []
    expect(page.locator(".search-none a")).to_have_text(["全部课程", "术语表"])
    assert opened.problems == []


def test_count_is_announced(visit):
    page = visit("en").page
    ask(page, "overfitting")
    status = page.locator(".search-status")
    assert status.get_attribute("role") == "status", "a live region"
    count = len(addresses(page))
    assert count > 1
    expect(status).to_have_text(f"{count} sections")
    ask(page, "train_epoch")
    expect(status).to_have_text("1 section")
    ask(page, "")
    page.keyboard.press("Delete")
    expect(status).to_be_empty()


def test_all_results_are_on_the_search_page(visit, server):
    page = visit("en").page
    ask(page, "tensor")
    shown, total = map(int, re.findall(r"\d+", page.locator(".search-status").inner_text()))
    assert shown == len(addresses(page)) < total
    page.locator(".search-all a").click()
    page.wait_for_url(f"{server}en/search.html?q=tensor")
    answered(page)
    assert len(addresses(page)) == total


def test_index_that_cannot_be_loaded(visit):
    page = visit("en").page
    page.route("**/search-index.js", lambda route: route.abort())
    ask(page, "stride")
    expect(page.locator(".search-status")).to_have_text("The search index could not be loaded.")
    expect(page.locator(".search-error a")).to_have_text(["All lessons", "Glossary"])
    page.unroute("**/search-index.js")
    page.locator(".search-retry").click()
    expect(page.locator(".search-results a").first).to_be_visible()
    expect(page.locator(".search-error")).to_be_hidden()


def test_waiting_for_the_index_is_said(visit):
    page = visit("zh").page
    routes = []
    page.route("**/search-index.js", lambda route: routes.append(route))
    with page.expect_request("**/search-index.js"):
        page.keyboard.press("/")
    page.keyboard.insert_text("步幅")
    expect(page.locator(".search-status")).to_have_text("正在加载索引……")
    routes[0].continue_()
    answered(page)
    assert addresses(page)


def test_it_works_from_a_folder(browser, built):
    page = browser.new_page()
    page.goto((built.root / "zh" / TENSORS).as_uri())
    ask(page, "过拟合")
    assert addresses(page)[0] == "glossary.html#term-overfitting"
    page.close()


def test_one_chinese_character_finds_all_words_with_it(visit, built):
    page = visit("zh", "search.html?q=秩").page
    answered(page)
    with_it = {
        name.removeprefix("zh/").partition("#")[0]
        for name in built.pages
        if name.startswith("zh/lessons/") and "秩" in built.tree(name).xpath("string(//article)")
    }
    assert with_it and with_it <= {address.partition("#")[0] for address in addresses(page)}
    assert set(page.locator(".search-results mark").all_inner_texts()) == {"秩"}


@pytest.mark.parametrize("query", ["张量" * 3000, "tensor " * 2000, "𝕏" * 300, "a" * 5000])
def test_very_long_query_is_answered(visit, query):
    opened = visit("zh", "search.html")
    page = opened.page
    # Longer than the field lets one type.
    page.goto(page.url + "?q=" + query[:4000])
    answered(page)
    assert opened.problems == []


@pytest.mark.parametrize(
    "query", ["<img src=x onerror=alert(1)>", "</script><b>stride</b>", "&lt;b&gt;"]
)
def test_html_in_a_query_stays_text(visit, query):
    opened = visit("en")
    page = opened.page
    inside = ".course-search :is(img, b, script)"
    ask(page, query)
    assert page.locator(inside).count() == 0
    page.goto(page.url.replace("index.html", "search.html"))
    page.locator(".search-form input").fill(query)
    answered(page)
    page.reload()
    answered(page)
    expect(page.locator(".search-form input")).to_have_value(query)
    assert page.locator(inside).count() == 0
    assert opened.problems == []


def test_code_in_a_snippet_stays_text(visit):
    page = visit("en").page
    ask(page, "zero_grad")
    assert "optimiser.zero_grad()" in page.locator(".search-results").inner_text()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("folder", LANGUAGES)
def test_open_dialog_is_accessible_and_fits(visit, axe, folder, scheme, viewport):
    opened = visit(folder, TENSORS, viewport=viewport, color_scheme=scheme)
    page = opened.page
    page.locator(".search-opener:visible").click()
    page.evaluate(axe)
    for query in ["stride", "CrossEntropyLoss", "zqxjk"]:
        page.locator(".search-form input").fill(query)
        page.wait_for_timeout(300)
        answered(page)
        found = page.evaluate("axe.run('.search-dialog').then(({violations}) => violations)")
        assert not found, "\n".join(f"{v['id']}: {v['nodes']}" for v in found)
        box = page.locator(".search-dialog").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert opened.problems == []


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_opener_is_large_enough(visit, width):
    box = visit("en", viewport={"width": width, "height": 740}).page.locator(
        ".search-opener:visible"
    )
    assert box.count() == 1
    size = box.bounding_box()
    assert min(size["width"], size["height"]) >= (44 if width < 960 else 24)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_without_scripts_there_is_a_way(open_page, folder):
    page = open_page(f"{folder}/index.html", viewport=DESK, java_script_enabled=False).page
    page.locator(".search-opener:visible").click()
    page.wait_for_url(f"**/{folder}/search.html")
    expect(page.locator(".search-form")).to_be_hidden()
    links = page.locator(".search-page .search-elsewhere a:visible")
    expect(links).to_have_count(2)
    links.first.click()
    page.wait_for_url(f"**/{folder}/lessons/index.html")


def test_search_page_keeps_the_query_in_its_address(visit, server):
    opened = visit("zh", "search.html")
    page = opened.page
    page.locator(".search-form input").fill("步幅")
    answered(page)
    page.wait_for_url("**/search.html?q=*")
    page.reload()
    answered(page)
    expect(page.locator(".search-form input")).to_have_value("步幅")
    page.keyboard.press("/")
    expect(page.locator(".search-form input")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".search-results a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}zh/glossary.html#term-stride")
    assert opened.problems == []
