"""Softmax with a temperature in Chromium: the probabilities of torch, in both languages.

The element is put on a page that has none, with its real script and style.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from itertools import product

import pytest
import torch
from lxml import html
from playwright.sync_api import Page, expect

from _ext.widgets import softmax_temperature
from built_site import LANGUAGES
from english_left import english_on_page
from page_watch import Watched
from staged import (
    DESK,
    PHONE,
    STATIC,
    below,
    load,
    opener,
    scrolls_sideways,
    violations,
)

SOFTMAX = """cases => cases.map(
  (one) => customElements.get("softmax-temperature").softmax(...one))"""

Open = Callable[..., Page]


@pytest.fixture
def softmax(open_page: Callable[..., Watched]) -> Open:
    """A function that opens a page with the element, see :func:`staged.opener`."""
    return opener(open_page, softmax_temperature)


def said(page: Page, name: str) -> str:
    return " ".join(page.locator(f"softmax-temperature .{name}").inner_text().split())


def probabilities(page: Page) -> list[str]:
    texts = page.locator("softmax-temperature .row b").locator("visible=true").all_inner_texts()
    return [text.replace("\xa0", " ") for text in texts]


def test_probabilities_are_those_of_torch(softmax: Open) -> None:
    generator = torch.Generator().manual_seed(17)
    rows = [[0.2370, 1.7276], [10.2370, 11.7276], [-5, 35], [35, -5, -5, -5, -5], [35.0] * 5]
    rows.append([1000, 999, -1000])  # more than the sliders have
    for count in (2, 3, 4, 5):
        rows += (torch.rand(10, count, generator=generator).double() * 40 - 5).tolist()
    cases = list(product(rows, [0.1, 0.5, 1, 2.51, 10]))
    page = softmax()
    found = page.evaluate(SOFTMAX, cases)
    for (row, temperature), values in zip(cases, found, strict=True):
        expected = torch.softmax(torch.tensor(row, dtype=torch.float64) / temperature, dim=0)
        assert values == pytest.approx(expected.tolist(), rel=1e-12, abs=0), (row, temperature)
    differences = [-400, -1.4906, 0, 1.4906, 40, 400]
    found = page.evaluate(
        "all => all.map(customElements.get('softmax-temperature').sigmoid)", differences
    )
    expected = torch.sigmoid(torch.tensor(differences, dtype=torch.float64))
    assert found == pytest.approx(expected.tolist(), rel=1e-12, abs=0)


def test_numbers_and_bars_are_shown(softmax: Open) -> None:
    page = softmax(logits="2 1 0", temperature=0.5)
    exact = torch.softmax(torch.tensor([2.0, 1, 0]).double() / 0.5, dim=0).tolist()
    assert probabilities(page) == [f"{p:.4f}" for p in exact]
    bars = page.locator("softmax-temperature rect").evaluate_all(
        "all => all.slice(0, 3).map((bar) => bar.width.baseVal.valueInSpecifiedUnits)"
    )
    assert bars == pytest.approx([100 * p for p in exact], rel=1e-5)
    assert said(page, "summary") == f"Largest probability: {exact[0]:.4f} (class 1)"
    assert said(page, "more").endswith("divided by T: 0; −2; −4")
    assert "larger" in said(page, "effect")
    slider = page.get_by_role("slider", name="Temperature T")
    slider.fill("1")
    assert probabilities(page) == ["0.3672", "0.3322", "0.3006"]
    assert "smaller" in said(page, "effect")
    expect(slider).to_have_attribute("aria-valuetext", "10")
    expect(page.locator("softmax-temperature [aria-live=polite]")).to_contain_text("0.3672")
    slider.fill("0")
    assert "as they are" in said(page, "effect")
    page.get_by_role("radio", name="2").check()
    assert probabilities(page) == ["0.7311", "0.2689"]


def test_ten_more_changes_nothing(softmax: Open) -> None:
    page = softmax()
    assert probabilities(page) == ["0.1838", "0.8162"]
    sigmoid = said(page, "more")
    assert sigmoid.endswith("sigmoid(1.4906) = 0.8162, the probability of class 2.")
    add = page.get_by_role("button", name="Add 10 to all")
    for _ in range(3):
        add.click()
        assert probabilities(page) == ["0.1838", "0.8162"]
        assert said(page, "more") == sigmoid
        assert said(page, "note").startswith("10 was added to each logit.")
    field = page.get_by_role("spinbutton", name="Logit 2")
    assert field.input_value() == "31.7276"
    add.click()
    assert said(page, "note").startswith("No logit can be above 35 here: lower the largest to 25")
    assert field.input_value() == "31.7276"
    page.get_by_role("button", name="Start again").click()
    assert field.input_value() == "1.7276" and said(page, "note") == ""


def test_no_setting_overflows(softmax: Open) -> None:
    page = softmax(logits="-5 -5 -5 -5 35", temperature=0.1)
    assert probabilities(page) == ["< 0.0001"] * 4 + ["> 0.9999"]
    for logit, temperature in product(("-5", "35"), ("-1", "1")):
        for number in (1, 5):
            page.get_by_role("slider", name=f"Logit {number}").fill(logit)
        page.get_by_role("slider", name="Temperature T").fill(temperature)
        text = page.locator("softmax-temperature .card").inner_text()
        assert not re.search("NaN|Infinity|undefined", text)
    assert page.errors == []


def test_what_is_no_number_changes_nothing(softmax: Open) -> None:
    page = softmax()
    field = page.get_by_role("spinbutton", name="Logit 1")
    field.fill("99")
    message = "z₁ takes a number from −5 to 35. Until then the probabilities are those of 0.237."
    assert said(page, "note") == message
    expect(field).to_have_attribute("aria-invalid", "true")
    assert probabilities(page) == ["0.1838", "0.8162"]
    field.fill("")
    field.blur()
    assert said(page, "note") == message
    field.fill("-1.5")
    assert said(page, "note") == "" and field.input_value() == "-1.5"
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_role("slider", name="Logit 1")).to_have_attribute("aria-valuetext", "−1.5")


def test_it_works_by_keyboard_and_by_touch(softmax: Open) -> None:
    page = softmax(viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("slider", name="Logit 1").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("spinbutton", name="Logit 1").input_value() == "0.3"
    page.get_by_role("button", name="Add 10 to all").tap()
    assert page.get_by_role("spinbutton", name="Logit 1").input_value() == "10.3"
    rectangles = "all => all.map((a) => a.getBoundingClientRect()).map((r) => [r.width, r.height])"
    controls = page.locator("softmax-temperature").locator("button, input").locator("visible=true")
    assert min(min(size) for size in controls.evaluate_all(rectangles)) >= 42
    assert not scrolls_sideways(page)


def test_no_english_is_left(softmax: Open) -> None:
    for logits in ("0 1", "1 2 3"):
        page = softmax("zh", logits=logits, temperature=2)
        shown = page.locator("softmax-temperature").evaluate("one => one.shadowRoot.innerHTML")
        shown = re.sub("logits?|softmax|sigmoid", "…", shown)
        assert english_on_page(html.document_fromstring(shown)) == []
        assert not re.search(r"[{}]|undefined", said(page, "summary") + said(page, "more"))


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(axe: str, softmax: Open, scheme: str, viewport: dict[str, int]) -> None:
    page = softmax(viewport=viewport, scheme=scheme)
    page.get_by_role("button", name="Add 10 to all").click()
    assert violations(page, axe, "softmax-temperature") == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_does_not_move(softmax: Open, folder: str) -> None:
    for width, logits in product((320, 360, 768, 1280), ("0.237 1.7276", "1 2 3 4 5")):
        viewport = {"width": width, "height": 900}
        page = softmax(folder, loads=False, viewport=viewport, logits=logits)
        before = below(page)
        load(page, softmax_temperature)
        assert below(page) == pytest.approx(before, abs=1), f"{width} px"
        for _ in range(4):
            page.locator("softmax-temperature button").first.click()
            assert below(page) == pytest.approx(before, abs=1), f"{width} px"


def test_without_scripts_the_stand_in_is_shown(softmax: Open) -> None:
    page = softmax(loads=False, viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


def test_script_is_small() -> None:
    script = STATIC / "softmax-temperature.js"
    assert len(gzip.compress(script.read_bytes())) < 5 * 1024
