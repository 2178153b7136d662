"""The transposed convolution in Chromium: the output of torch, by keyboard and by touch.

The element is put on a page that has none, with its real script and style.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from lxml import html
from playwright.sync_api import Page, expect

from _ext.widgets import transposed_stepper
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

Open = Callable[..., Page]


@pytest.fixture
def stepper(open_page: Callable[..., Watched]) -> Open:
    """A function that opens a page with the element, see :func:`staged.opener`."""
    return opener(open_page, transposed_stepper)


ALL = """cases => cases.map((settings) => {
  const element = document.querySelector("transposed-stepper").cloneNode();
  Object.assign(element.dataset, settings);
  document.querySelector("#stage").append(element);
  element.go(99);
  const numbers = (cells) => cells.map((row) =>
    row.filter((cell) => !cell.classList.contains("cut")).map((cell) => +cell.textContent))
    .filter((row) => row.length);
  const found = { kernel: numbers(element.kernelCells), output: numbers(element.outputCells),
    problem: element.problem.textContent };
  element.remove();
  return found;
})"""
TORCH = """cases => cases.map(({ input, kernel, ...settings }) =>
  customElements.get("transposed-stepper").transposed(input, kernel, settings))"""


def said(page: Page, name: str) -> str:
    return " ".join(page.locator(f"transposed-stepper .{name}").inner_text().split())


def numbers(page: Page, name: str, kind: str = "table") -> list[list[str]]:
    rows = page.get_by_role(kind, name=name, exact=True).get_by_role("row").all()
    cell = "gridcell" if kind == "grid" else "cell"
    return [row.get_by_role(cell).all_text_contents() for row in rows]


def choose(page: Page, group: str, value: int) -> None:
    page.get_by_role("group", name=group, exact=True).get_by_role(
        "radio", name=str(value), exact=True
    ).check()


def transposed(image: object, kernel: object, stride: int, padding: int) -> list[list[float]]:
    image, kernel = (
        torch.tensor(rows, dtype=torch.float64)[None, None] for rows in (image, kernel)
    )
    return F.conv_transpose2d(image, kernel, stride=stride, padding=padding)[0, 0].tolist()


def test_output_is_that_of_torch_with_all_settings(stepper: Open) -> None:
    names = ("input", "kernel", "size", "stride", "padding")
    values = (
        ("12 34", "907 153 284"),
        transposed_stepper.KERNELS,
        range(1, 5),
        range(1, 4),
        range(3),
    )
    cases = [dict(zip(names, case, strict=True)) for case in product(*values)]
    page = stepper()
    empty = 0
    for case, found in zip(cases, page.evaluate(ALL, cases), strict=True):
        image = [[int(digit) for digit in row] for row in case["input"].split()]
        arguments = (image, found["kernel"], case["stride"], case["padding"])
        if found["problem"]:
            empty += 1
            with pytest.raises(RuntimeError, match="too small"):
                transposed(*arguments)
        else:
            assert found["output"] == transposed(*arguments), case
    assert 10 < empty < len(cases) / 4
    assert page.errors == []


def test_kernels_are_what_they_are_called(stepper: Open) -> None:
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    wanted = {
        ("stamps", 2): [[1, 10], [100, 1000]],
        ("numbered", 3): [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        ("bilinear", 3): [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]],
        ("bilinear", 4): torch.outer(row, row).tolist(),
    }
    cases = [{"kernel": kernel, "size": size} for kernel, size in wanted]
    found = stepper().evaluate(ALL, cases)
    assert [one["kernel"] for one in found] == list(wanted.values())


def test_arithmetic_is_that_of_torch(stepper: Open) -> None:
    generator = torch.Generator().manual_seed(19)

    def whole(*shape: int) -> list[list[float]]:
        return torch.randint(-9, 10, shape, generator=generator).double().tolist()

    cases = [
        {"input": whole(2, 4), "kernel": whole(k, k + 1), "stride": stride, "padding": padding}
        for k, stride, padding in product((2, 3, 4), (1, 2, 3), (0, 1))
    ]
    for case, found in zip(cases, stepper().evaluate(TORCH, cases), strict=True):
        exact = transposed(case["input"], case["kernel"], case["stride"], case["padding"])
        assert found == exact, case


def test_prints_add_up_one_by_one(stepper: Open) -> None:
    page = stepper()
    assert numbers(page, "Print") == [["1", "10"], ["100", "1000"]]
    assert numbers(page, "Output") == [["1", "10", "0"], ["100", "1000", "0"], ["0", "0", "0"]]
    assert said(page, "summary").endswith("The output was 0 everywhere before.")
    page.get_by_role("button", name="Next print").click()
    assert numbers(page, "Print") == [["2", "20"], ["200", "2000"]]
    assert numbers(page, "Output") == [["1", "12", "20"], ["100", "1200", "2000"], ["0", "0", "0"]]
    assert said(page, "summary") == (
        "Print 2 of 4: the kernel times 2, the input in row 1, column 2. 2 of its 4 cells overlap "
        "with earlier prints: there the numbers add up."
    )
    levels = (
        page.get_by_role("table", name="Output")
        .get_by_role("cell")
        .evaluate_all("all => all.map((cell) => cell.style.getPropertyValue('--level'))")
    )
    assert levels[:3] == ["0.25", "0.5", "0.25"]
    page.get_by_role("slider", name="Number of prints").fill("4")
    assert numbers(page, "Output")[1] == ["103", "1234", "2040"]
    choose(page, "Stride", 2)
    for _ in range(3):
        page.get_by_role("button", name="Next print").click()
        assert said(page, "summary").endswith("It overlaps with no earlier print.")
    assert page.locator("transposed-stepper code").inner_text() == (
        "F.conv_transpose2d(x, w, stride=2, padding=0)"
    )
    expect(page.get_by_text("Output size = (2 − 1) · 2 + 2 − 2 · 0 = 4")).to_be_visible()


def test_padding_cuts_and_too_much_is_explained(stepper: Open) -> None:
    page = stepper()
    choose(page, "Padding", 1)
    expect(page.get_by_text("Output 1 × 1, 1 cut off on each side")).to_be_visible()
    choose(page, "Padding", 2)
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("the prints cover 3 × 3 cells, and padding 2 cuts off 2")
    expect(problem).to_contain_text("Use padding 1 at most")
    expect(page.get_by_role("button", name="Next print")).to_be_hidden()
    choose(page, "Stride", 3)
    expect(problem).to_be_hidden()
    expect(page.get_by_text("Output 1 × 1")).to_be_visible()
    assert page.errors == []


def test_steps_by_keyboard_alone(stepper: Open) -> None:
    page = stepper()
    press = page.keyboard.press
    page.locator("select").focus()
    for _ in range(5):  # both sizes, stride, padding, input
        press("Tab")
    press("ArrowRight")
    press("7")
    assert numbers(page, "Input", "grid") == [["1", "7"], ["3", "4"]]
    press("Enter")
    assert numbers(page, "Input", "grid") == [["1", "8"], ["3", "4"]]
    for _ in range(3):  # previous, play, next
        press("Tab")
    press("Enter")
    assert numbers(page, "Output")[0] == ["1", "18", "80"]
    press("Tab")
    press("End")
    expect(page.get_by_text("4 of 4", exact=True)).to_be_visible()
    choose(page, "Input size", 3)
    assert numbers(page, "Input", "grid") == [["1", "8", "1"], ["3", "4", "1"], ["1", "1", "1"]]
    choose(page, "Kernel size", 3)
    assert page.locator("select").input_value() == "numbered"


def test_it_works_by_touch_on_a_phone(stepper: Open) -> None:
    settings = {"input": "123 456 789", "size": 4, "stride": 3, "kernel": "ones"}
    page = stepper(viewport=PHONE, has_touch=True, is_mobile=True, **settings)
    page.get_by_role("gridcell").nth(4).tap()
    assert numbers(page, "Input", "grid")[1] == ["4", "6", "6"]
    page.get_by_role("button", name="Next print").tap()
    rectangles = (
        "all => all.map((a) => a.getBoundingClientRect()).map((r) => Math.min(r.width, r.height))"
    )
    assert min(page.get_by_role("gridcell").evaluate_all(rectangles)) >= 24
    buttons = page.locator("transposed-stepper").locator("button, select, .choices label")
    assert min(buttons.evaluate_all(rectangles)) >= 40
    assert not scrolls_sideways(page)
    inside = "(card) => card.scrollWidth <= card.clientWidth"
    assert page.locator("transposed-stepper .card").evaluate(inside)


def test_it_plays_and_pauses(stepper: Open) -> None:
    page = stepper()
    page.get_by_role("button", name="Play").click()
    summary = page.locator("transposed-stepper .summary")
    expect(summary).to_contain_text("Print 2 of 4")
    expect(summary).to_have_attribute("aria-live", "off")
    page.get_by_role("button", name="Pause").click()
    expect(summary).to_have_attribute("aria-live", "polite")


def test_no_english_is_left(stepper: Open) -> None:
    page = stepper("zh", padding=1)
    shown = page.locator("transposed-stepper").evaluate("one => one.shadowRoot.innerHTML")
    assert english_on_page(html.document_fromstring(shown)) == []
    labels = html.document_fromstring(shown).xpath("//*[@aria-label]/@aria-label")
    assert len(labels) > 20
    assert [label for label in labels if re.search("[A-Za-z{}]", label)] == []


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(axe: str, stepper: Open, scheme: str, viewport: dict[str, int]) -> None:
    page = stepper(viewport=viewport, scheme=scheme, stride=2, padding=1)
    assert violations(page, axe, "transposed-stepper") == []
    choose(page, "Padding", 2)
    assert violations(page, axe, "transposed-stepper") == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_does_not_move(stepper: Open, folder: str) -> None:
    large = {"input": "123 456 789", "size": 4, "stride": 2, "padding": 1, "kernel": "bilinear"}
    for width, settings in product((320, 360, 768, 1280), ({}, {"stride": 3}, large)):
        viewport = {"width": width, "height": 900}
        page = stepper(folder, loads=False, viewport=viewport, **settings)
        before = below(page)
        load(page, transposed_stepper)
        assert below(page) == pytest.approx(before, abs=1), (width, settings)
        page.locator("transposed-stepper .next").click()
        assert below(page) == pytest.approx(before, abs=1), (width, settings)


def test_without_scripts_the_stand_in_is_shown(stepper: Open) -> None:
    page = stepper(loads=False, viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


def test_script_is_small() -> None:
    script = STATIC / "transposed-stepper.js"
    assert len(gzip.compress(script.read_bytes())) < 6 * 1024
