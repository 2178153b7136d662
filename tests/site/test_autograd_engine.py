"""The autograd engine in Chromium: PyTorch's gradients, step by step, by keyboard and by touch, in both languages.

The element is put on a page that has none, with its real script and style.
"""

from __future__ import annotations

import gzip
import math
import random
import re
from collections.abc import Callable

import pytest
import torch
from lxml import html
from playwright.sync_api import Page, expect

from _ext.widgets import autograd_engine
from built_site import LANGUAGES
from english_left import english_on_page
from page_watch import Watched
from staged import (
    DESK,
    PHONE,
    SMALL_PHONE,
    STATIC,
    below,
    load,
    opener,
    scrolls_sideways,
    violations,
)

LEAVES = {
    "neuron": ["w1", "x1", "w2", "x2", "b", "t"],
    "twice": ["a", "b"],
    "chain": ["x", "a", "b", "c"],
}
Nodes = dict[str, torch.Tensor]
Engine = Callable[..., Page]


@pytest.fixture
def engine(open_page: Callable[..., Watched]) -> Engine:
    """A function that opens a page with the element, see :func:`staged.opener`."""
    open_ = opener(open_page, autograd_engine)

    def with_expression(expression: str = "twice", folder: str = "en", **options: object) -> Page:
        return open_(folder, expression=expression, **options)

    return with_expression


def nodes_of(expression: str, numbers: dict[str, float]) -> Nodes:
    """Compute an expression with torch; return the leaves and all results, by name."""
    n: Nodes = {
        name: torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for name, number in numbers.items()
    }
    if expression == "neuron":
        n["p1"], n["p2"] = n["w1"] * n["x1"], n["w2"] * n["x2"]
        n["q"] = n["p1"] + n["p2"]
        n["s"] = n["q"] + n["b"]
        n["h"] = n["s"].tanh()
        n["e"] = n["h"] - n["t"]
        n["loss"] = n["e"] * n["e"]
    elif expression == "twice":
        n["p"] = n["a"] * n["b"]
        n["z"] = n["p"] + n["a"]
    else:
        n["p"] = n["a"] * n["x"]
        n["q"] = n["p"].tanh()
        n["r"] = n["b"] * n["q"]
        n["s"] = n["r"].tanh()
        n["u"] = n["c"] * n["s"]
        n["y"] = n["u"].tanh()
    return n


def torch_says(expression: str, numbers: dict[str, float]) -> dict[str, tuple[float, float]]:
    nodes = nodes_of(expression, numbers)
    for node in nodes.values():
        node.retain_grad()
    list(nodes.values())[-1].backward()
    return {name: (node.item(), node.grad.item()) for name, node in nodes.items()}


def said(page: Page) -> str:
    return " ".join(page.locator("autograd-engine .said").inner_text().split())


def gradients(page: Page) -> dict[str, str]:
    labels = page.locator("autograd-engine .gradient").evaluate_all(
        "all => all.map((one) => one.ariaLabel)"
    )
    return dict(label.removeprefix("Gradient of ").split(": ") for label in labels)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


@pytest.mark.parametrize("expression", LEAVES)
def test_values_and_gradients_are_those_of_torch(engine: Engine, expression: str) -> None:
    chance = random.Random(12)
    numbers = [0.0, 1.0, -1.0, 0.5, 20.0]
    cases = [
        {
            leaf: chance.choice(numbers) if chance.random() < 0.2 else chance.gauss(0, 2)
            for leaf in LEAVES[expression]
        }
        for _ in range(200)
    ]
    found = engine(expression).evaluate(
        "([name, cases]) => cases.map((one) => customElements.get('autograd-engine').compute(name, one))",
        [expression, cases],
    )
    for case, one in zip(cases, found, strict=True):
        wanted = torch_says(expression, case)
        assert one.keys() == wanted.keys()
        for name, pair in wanted.items():
            close = [
                math.isclose(*x, rel_tol=1e-12, abs_tol=1e-12)
                for x in zip(one[name], pair, strict=True)
            ]
            assert all(close), (case, name)


@pytest.mark.parametrize("expression", LEAVES)
def test_every_number_on_the_page_is_that_of_torch(engine: Engine, expression: str) -> None:
    page = engine(expression)
    chance = random.Random(3)
    press(page, "All at once")
    for _ in range(3):
        case = {leaf: round(chance.uniform(-3, 3), 2) for leaf in LEAVES[expression]}
        for leaf, number in case.items():
            page.get_by_label(leaf, exact=True).fill(str(number))
        shown = gradients(page)
        for name, (value, gradient) in torch_says(expression, case).items():
            pairs = [(shown[name], gradient)]
            if name not in case:
                box = page.locator("autograd-engine .node").filter(
                    has=page.get_by_text(name, exact=True)
                )
                pairs.append((box.locator(".value").inner_text(), value))
            for text, number in pairs:
                assert float(text.replace("−", "-")) == pytest.approx(number, rel=6e-3, abs=1e-12)


def test_gradients_add_up_one_node_at_a_time(engine: Engine) -> None:
    page = engine("twice")
    page.get_by_label("b", exact=True).fill("-1")
    assert set(gradients(page).values()) == {"0"} and said(page).endswith("3 steps follow.")
    press(page, "Next node")
    assert said(page) == "Step 1 of 3: the result, z, gets the gradient 1."
    assert gradients(page) == {"a": "0", "b": "0", "p": "0", "z": "1"}
    press(page, "Next node")
    assert "z passes on its gradient 1, times" in said(page)
    assert said(page).endswith("p: 0 + 1 · 1 = 1 a: 0 + 1 · 1 = 1")
    press(page, "Next node")
    assert said(page).endswith("a: 1 + 1 · (−1) = 0 b: 0 + 1 · 2 = 2 All gradients are complete.")
    assert gradients(page) == {"a": "0", "b": "2", "p": "1", "z": "1"}
    current = page.locator("autograd-engine [aria-current=step]")
    expect(current).to_have_text("p = a · b−1; 2")
    press(page, "One step back")
    assert gradients(page)["a"] == "1"
    press(page, "Start again")
    assert set(gradients(page).values()) == {"0"}
    assert current.count() == 0


def test_what_the_lesson_says_of_the_neuron(engine: Engine) -> None:
    page = engine("neuron")
    press(page, "Next node")
    press(page, "Next node")
    assert said(page).endswith("e: 0 + 1 · (−0.538) = −0.538 e: −0.538 + 1 · (−0.538) = −1.08")
    assert page.locator("autograd-engine line.now").count() == 2
    press(page, "All at once")
    shown = gradients(page)
    assert (shown["e"], shown["w1"], shown["w2"]) == ("−1.08", "−1.69", "−0.846")
    expect(page.locator("autograd-engine [aria-live=polite]")).to_contain_text("Step 8 of 8")


def test_gradients_vanish_in_the_chain(engine: Engine) -> None:
    page = engine("chain")
    press(page, "All at once")
    small = {name: float(text.replace("−", "-")) for name, text in gradients(page).items()}
    assert small["x"] < small["q"] / 5 < small["s"] / 25 < small["y"] / 125


def test_it_works_by_keyboard_alone(engine: Engine) -> None:
    page = engine("neuron")
    key = page.keyboard.press
    page.get_by_label("Expression").focus()
    key("ArrowDown")
    assert page.get_by_label("Expression").input_value() == "twice"
    key("Tab")
    expect(page.get_by_label("a", exact=True)).to_be_focused()
    key("ArrowUp")
    for _ in range(4):  # b, start again, one step back, next node
        key("Tab")
    button = page.get_by_role("button", name="Next node")
    expect(button).to_be_focused()
    for _ in range(5):  # two more than there are
        key("Enter")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-disabled", "true")
    assert gradients(page) == {"a": "6", "b": "3", "p": "1", "z": "1"}


def test_own_numbers_are_kept_with_their_expression(engine: Engine) -> None:
    page = engine("twice")
    page.get_by_label("a", exact=True).fill("7")
    for name in ("chain", "twice"):
        page.get_by_label("Expression").select_option(name)
    assert page.get_by_label("a", exact=True).input_value() == "7"
    press(page, "All at once")
    assert gradients(page)["b"] == "7"


def test_what_is_no_number_is_said_and_nothing_is_lost(engine: Engine) -> None:
    page = engine("twice")
    press(page, "All at once")
    problem = page.get_by_role("alert")
    a, b = (page.get_by_label(name, exact=True) for name in "ab")
    a.fill("500")
    expect(problem).to_have_text(
        "a needs a number from −99 to 99. Until then the graph computes with 2."
    )
    expect(a).to_have_attribute("aria-invalid", "true")
    b.fill("")
    expect(problem).to_contain_text("a needs")  # one message at a time
    a.fill("3")
    b.blur()
    expect(problem).to_contain_text("b needs a number")
    assert gradients(page) == {"a": "6", "b": "3", "p": "1", "z": "1"}
    b.fill("4")
    expect(problem).to_be_hidden()
    assert gradients(page)["a"] == "5"


def test_a_number_may_begin_with_a_minus(engine: Engine) -> None:
    page = engine("twice")
    a = page.get_by_label("a", exact=True)
    a.fill("")
    for sign in "-3":
        a.press_sequentially(sign)
        expect(page.get_by_role("alert")).to_be_hidden()
    press(page, "All at once")
    assert gradients(page)["b"] == "−3"


@pytest.mark.parametrize("expression", LEAVES)
def test_it_works_by_touch_on_a_small_phone(engine: Engine, expression: str) -> None:
    page = engine(expression, viewport=SMALL_PHONE, has_touch=True, is_mobile=True)
    for leaf in LEAVES[expression]:
        page.get_by_label(leaf, exact=True).fill("-99")
    page.get_by_role("button", name="All at once").tap()
    controls = page.locator("autograd-engine").locator("select, button, input")
    sizes = controls.evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((r) => [r.width, r.height])"
    )
    assert min(min(size) for size in sizes) >= 44
    assert not scrolls_sideways(page)
    inside = "all => all.every((one) => one.scrollWidth <= one.clientWidth)"
    assert page.locator("autograd-engine").locator(".card, .node").evaluate_all(inside)


@pytest.mark.parametrize("expression", LEAVES)
def test_boxes_lie_apart(engine: Engine, expression: str) -> None:
    page = engine(expression, viewport=PHONE)
    boxes = page.locator("autograd-engine .node").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().toJSON())"
    )
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = one["left"] > other["right"] or other["left"] > one["right"]
            assert apart or one["top"] > other["bottom"] or other["top"] > one["bottom"]
    arrows = page.locator("autograd-engine line").count()
    assert arrows == {"neuron": 13, "twice": 4, "chain": 9}[expression]


def test_no_english_is_left(engine: Engine) -> None:
    page = engine("neuron", "zh")
    for name in ("下一个结点", "一次走完"):
        press(page, name)
    shown = page.locator("autograd-engine").evaluate("one => one.shadowRoot.innerHTML")
    tree = html.document_fromstring(shown)
    assert english_on_page(tree) == []
    labels = [label for label in tree.xpath("//*[@aria-label]/@aria-label") if len(label) > 2]
    assert len(labels) > 10
    names = re.compile("loss|[A-Za-z]{3,}")
    assert {found for label in labels for found in names.findall(label)} == {"loss"}


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(axe: str, engine: Engine, scheme: str, viewport: dict[str, int]) -> None:
    page = engine("neuron", viewport=viewport, scheme=scheme)
    assert violations(page, axe, "autograd-engine") == []
    for _ in range(3):
        press(page, "Next node")
    page.get_by_label("w1", exact=True).fill("500")
    assert violations(page, axe, "autograd-engine") == []
    assert not scrolls_sideways(page)


def test_without_scripts_the_stand_in_is_shown(engine: Engine) -> None:
    page = engine(loads=False, viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("expression", LEAVES)
def test_the_page_does_not_move(engine: Engine, folder: str, expression: str) -> None:
    for width in (320, 360, 768, 1200, 1280):
        page = engine(expression, folder, loads=False, viewport={"width": width, "height": 900})
        before = below(page)
        load(page, autograd_engine)
        assert below(page) == pytest.approx(before, abs=1), f"{width} px"
        for _ in range(8):
            page.locator("autograd-engine .next").click(force=True)
            assert below(page) == pytest.approx(before, abs=1), f"{width} px"


def test_on_paper_there_are_no_controls(engine: Engine) -> None:
    page = engine()
    page.emulate_media(media="print")
    element = page.locator("autograd-engine")
    assert element.locator("select, button").locator("visible=true").count() == 0
    expect(element.locator(".graph")).to_be_visible()
    expect(element.locator("table")).to_be_visible()


def test_script_is_small() -> None:
    script = STATIC / "autograd-engine.js"
    assert len(gzip.compress(script.read_bytes())) < 6 * 1024
