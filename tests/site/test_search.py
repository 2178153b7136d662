"""The search finds the place where a thing is explained, in both languages, from the keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from built_site import LANGUAGES, BuiltSite
from page_watch import Watched
from staged import resize

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

NUMPY = "lessons/1_basics/lesson_02_numpy_1.html"
TENSORS = "lessons/1_basics/lesson_04_tensors.html"
CONVOLUTION = "lessons/2_training/lesson_09_convolution_1.html"
CONVOLUTION_2 = "lessons/2_training/lesson_10_convolution_2.html"
LOSSES = "lessons/2_training/lesson_11_loss_functions.html"
CROSS_ENTROPY_EN = f"{LOSSES}#build-it-from-logits-to-the-softmax-loss"
CROSS_ENTROPY_ZH = CROSS_ENTROPY_EN
NETWORK = "lessons/2_training/lesson_14_building_a_network.html"

#: What a reader types, and the section that should come first: where it is explained.
FIRST = [
    ("zh", "卷积", CONVOLUTION),
    ("en", "convolution", CONVOLUTION),
    ("zh", "张量的形状", "glossary.html#term-shape"),
    ("zh", "张量形状", "glossary.html#term-shape"),
    ("en", "shape of a tensor", "glossary.html#term-shape"),
    ("zh", "过拟合", "glossary.html#term-overfitting"),
    ("en", "overfitting", "glossary.html#term-overfitting"),
    ("zh", "CrossEntropyLoss", CROSS_ENTROPY_ZH),
    ("en", "CrossEntropyLoss", CROSS_ENTROPY_EN),
    ("zh", "为什么损失不下降", f"{NETWORK}#break-it-the-loss-does-not-fall"),
    ("en", "why is my loss not going down", f"{NETWORK}#break-it-the-loss-does-not-fall"),
    ("en", "training loop", f"{NETWORK}#build-it-the-training-loop"),
    ("zh", "nn.Conv2d", f"{CONVOLUTION_2}#check-against-pytorch-every-argument-of-nn-conv2d"),
    ("en", "nn.Conv2d", f"{CONVOLUTION_2}#check-against-pytorch-every-argument-of-nn-conv2d"),
    ("zh", "卷积 stride", "glossary.html#term-stride-convolution"),
    ("en", "convolution stride", "glossary.html#term-stride-convolution"),
    ("zh", "什么是张量", "glossary.html#term-tensor"),
    ("en", "what is a tensor", TENSORS),
    ("en", "broadcasting", f"{NUMPY}#build-it-broadcasting"),
    ("zh", "广播", f"{NUMPY}#build-it-broadcasting"),
    ("en", "numpy array", f"{NUMPY}#create-a-numpy-array"),
    ("en", "padding", f"{CONVOLUTION}#build-it-stride-padding-and-a-batch"),
    ("zh", "秩", f"{TENSORS}#look-at-the-data-ranks"),
    ("en", "train_epoch", "api/training.html#dlcourse.training.train_epoch"),
    ("en", "overfiting", "glossary.html#term-overfitting"),  # a slip of the keys
]
#: Parts of messages, as one pastes them from a terminal, and where they are explained.
ERRORS = {
    "expected scalar type": "expected-scalar-type-float-but-found-double",
    "spans across two contiguous subspaces": (
        "view-size-is-not-compatible-with-input-tensor-s-size-and-stride-at-least-one-dimension"
        "-spans-across-two-contiguous-subspaces-use-reshape-instead"
    ),
}
NOWHERE = ["qqwwee", "zqxjk", "///", "𝕏🙂", "{zqx} %zqy"]
MARKUP = ["<img src=x onerror=alert(1)>", "</script><b>stride</b>", "&lt;b&gt;"]
#: Longer than the field lets one type.
LONG = ["张量" * 2000, "tensor " * 570, "𝕏" * 300, "a" * 4000]

#: What is shown answers a query: then the link to all results, or the page's own address, names it.
ANSWERED = """(query) => {
  const status = document.querySelector(".search-status");
  const all = document.querySelector(".search-all a");
  const address = new URL(all ? all.href : location.href);
  return address.searchParams.get("q") === query.trim()
    && status.textContent && status.textContent !== status.dataset.loading;
}"""
LAZY = {"minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"}


@pytest.fixture
def visit(open_page) -> Callable[..., Watched]:
    """A function that opens a page of one language, by default the first one."""

    def open_(folder: str, name: str = "index.html", **options: object) -> Watched:
        return open_page(f"{folder}/{name}", **{"viewport": DESK, **options})

    return open_


def ask(page: Page, query: str) -> list[str]:
    """Open the search from the keyboard, type, and return the addresses of the answer."""
    page.keyboard.press("Control+k")
    page.keyboard.insert_text(query)
    return answer(page, query)


def answer(page: Page, query: str) -> list[str]:
    """Wait for the answer to a query; return its addresses below the folder of the language."""
    page.wait_for_function(ANSWERED, arg=query)
    links = page.locator(".search-results a").evaluate_all("(all) => all.map((one) => one.href)")
    return [re.split("/(?:en|zh)/", link)[1] for link in links]


@pytest.mark.parametrize("folder", LANGUAGES)
def test_right_section_comes_first(visit, folder):
    opened = visit(folder)
    expected = {query: address for where, query, address in FIRST if where == folder}
    expected |= {query: f"errors.html#runtimeerror-{anchor}" for query, anchor in ERRORS.items()}
    assert {query: ask(opened.page, query)[0] for query in expected} == expected
    assert opened.problems == []


def test_nothing_found_says_so_and_helps(visit):
    opened = visit("zh")
    for query in NOWHERE:
        assert ask(opened.page, query) == []
        expect(opened.page.locator(".search-status")).to_have_text("没有哪一节同时包含这些词。")
        expect(opened.page.locator(".search-none a:visible")).to_have_text(["全部课程", "术语表"])
    assert opened.problems == []


def test_keyboard_alone_is_enough(visit, server):
    opened = visit("en")
    page = opened.page
    dialog, field = page.locator(".search-dialog"), page.locator(".search-dialog input")
    opener, links = page.locator(".search-opener:visible"), page.locator(".search-results a")
    opener.focus()
    for key in ("Control+k", "Meta+k", "Enter", " ", "/"):
        page.keyboard.press(key)
        expect(field).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("a/")
    expect(field).to_have_value("a/")
    ask(page, "stride")
    for key, focused in [
        ("ArrowDown", links.nth(0)),
        ("ArrowDown", links.nth(1)),
        ("Home", links.nth(0)),
        ("ArrowUp", field),
        ("ArrowUp", links.last),
        ("s", field),
    ]:
        page.keyboard.press(key)
        expect(focused).to_be_focused()
    ask(page, "convolution")
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


def test_pointer_opens_and_closes(visit):
    page = visit("en").page
    dialog = page.locator(".search-dialog")
    for close in (page.locator(".search-close").click, lambda: page.mouse.click(5, 700)):
        page.locator(".search-opener:visible").click()
        expect(dialog).to_be_visible()
        close()
        expect(dialog).to_be_hidden()


def test_nothing_is_loaded_before_the_search_is_used(visit, server):
    page = visit("en", "404.html", fresh=True).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].split("?")[0]))
    page.goto(f"{server}en/{TENSORS}")
    assert LAZY.isdisjoint(asked)
    ask(page, "stride")
    ask(page, "padding")
    assert sorted(name for name in asked if name in LAZY) == sorted(LAZY), "each file once"


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


def test_count_is_announced_and_all_results_are_on_the_search_page(visit):
    page = visit("en").page
    status = page.locator(".search-status")
    assert status.get_attribute("role") == "status", "a live region"
    count = len(ask(page, "overfitting"))
    assert count > 1
    expect(status).to_have_text(f"{count} sections")
    ask(page, "restore_run")
    expect(status).to_have_text("1 section")
    ask(page, "zero_grad")
    expect(page.locator(".search-results")).to_contain_text("optimiser.zero_grad()")
    page.keyboard.press("Control+k")
    page.keyboard.press("Delete")
    expect(status).to_be_empty()
    shown = len(ask(page, "matrix"))
    total = int(status.inner_text().split()[-2])
    assert status.inner_text() == f"The first {shown} of {total} sections"
    page.locator(".search-all a").click()
    page.wait_for_url("**/en/search.html?q=matrix*")  # the page adds a "#"
    assert len(answer(page, "matrix")) == total > shown


def test_index_that_cannot_be_loaded(visit):
    page = visit("en", routes={"**/search-index.js": lambda route: route.abort()}).page
    ask(page, "stride")
    expect(page.locator(".search-status")).to_have_text("The search index could not be loaded.")
    expect(page.locator(".search-error a:visible")).to_have_text(["All lessons", "Glossary"])
    page.unroute("**/search-index.js")
    page.locator(".search-retry").click()
    expect(page.locator(".search-results a").first).to_be_visible()
    expect(page.locator(".search-error")).to_be_hidden()


def test_waiting_for_the_index_is_said(visit):
    held: list[Route] = []
    page = visit("zh", routes={"**/search-index.js": lambda route: held.append(route)}).page
    with page.expect_request("**/search-index.js"):
        page.keyboard.press("/")
    page.keyboard.insert_text("步幅")
    expect(page.locator(".search-status")).to_have_text("正在加载索引……")
    held[0].continue_()
    assert answer(page, "步幅")


def test_it_works_from_a_folder(browser, built):
    with browser.new_page() as page:
        page.goto((built.root / "zh" / TENSORS).as_uri())
        assert ask(page, "过拟合")[0] == "glossary.html#term-overfitting"


def test_search_page_answers_its_address(visit, server, built):
    opened = visit("zh", "search.html?q=秩")
    page = opened.page
    found = {address.partition("#")[0] for address in answer(page, "秩")}
    with_it = {
        name.removeprefix("zh/").partition("#")[0]
        for name in built.pages
        if name.startswith("zh/lessons/") and "秩" in built.tree(name).xpath("string(//article)")
    }
    assert with_it and with_it <= found, "one character finds all words with it"
    assert set(page.locator(".search-results mark").all_inner_texts()) == {"秩"}
    for query in LONG:
        page.goto(f"{server}zh/search.html?q={quote(query)}")
        answer(page, query)
    assert opened.problems == []


def test_search_page_keeps_the_query_in_its_address(visit, server):
    opened = visit("zh", "search.html")
    page = opened.page
    field = page.locator(".search-form input")
    for query in [*MARKUP, "步幅"]:
        field.fill(query)
        answer(page, query)
        page.reload()
        answer(page, query)
        expect(field).to_have_value(query)
        expect(page.locator(".course-search :is(img, b, script)")).to_have_count(0)
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".search-results a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}zh/glossary.html#term-stride")
    assert opened.problems == []


def test_what_a_page_asks_for_while_it_is_left_is_no_failure(visit):
    """As the icon: browsers ask for it again when the search page writes its address."""
    held: list[Route] = []
    routes = {
        "**/*?late=*": lambda route: None,
        "**/glossary.html": lambda route: held.append(route),
    }
    opened = visit("zh", "search.html", routes=routes)
    page = opened.page
    with page.expect_request("**/glossary.html"):
        page.evaluate("""
          setInterval(() => { new Image().src = `?late=${performance.now()}`; }, 50);
          location.href = "glossary.html";
        """)
    with page.expect_request("**/*?late=*"):
        pass  # the new page is asked for, the old one is shown
    with page.expect_event("requestfailed", lambda request: "?late=" in request.url):
        held[0].continue_()
    page.wait_for_url("**/glossary.html")
    assert opened.problems == []


@pytest.mark.parametrize(
    ("folder", "looks"),
    [("en", [(PHONE, "light"), (DESK, "dark")]), ("zh", [(DESK, "light"), (PHONE, "dark")])],
)
def test_open_dialog_is_accessible_and_fits(visit, axe, folder, looks):
    opened = visit(folder, TENSORS)
    page = opened.page
    page.evaluate(axe)
    for viewport, scheme in looks:
        resize(page, viewport)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            "(scheme) => document.documentElement.dataset.theme === scheme", arg=scheme
        )
        for query in ["stride", "CrossEntropyLoss", "zqxjk"]:
            ask(page, query)
            found = page.evaluate("axe.run('.search-dialog').then(({violations}) => violations)")
            assert not found, "\n".join(f"{v['id']}: {v['nodes']}" for v in found)
            box = page.locator(".search-dialog").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert opened.problems == []


def test_opener_is_large_enough(visit):
    page = visit("en").page
    for width, least in [(360, 44), (800, 44), (1280, 24)]:
        resize(page, {"width": width, "height": 740})
        opener = page.locator(".search-opener:visible")
        expect(opener).to_have_count(1)
        size = opener.bounding_box()
        assert min(size["width"], size["height"]) >= least


def test_without_scripts_there_is_a_way(visit):
    page = visit("zh", java_script_enabled=False).page
    page.locator(".search-opener:visible").click()
    page.wait_for_url("**/zh/search.html")
    expect(page.locator(".search-form")).to_be_hidden()
    links = page.locator(".search-page .search-elsewhere a:visible")
    expect(links).to_have_count(2)
    links.first.click()
    page.wait_for_url("**/zh/lessons/index.html")
