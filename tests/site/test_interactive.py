"""The convolution stepper in Chromium: right numbers, by keyboard and by touch, in both languages."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator

import pytest
import torch
from lxml import html
from playwright.sync_api import Browser, Locator, Page, expect

from _ext.widgets import conv_stepper
from built_site import LANGUAGES, ROOT
from english_left import english_on_page
from staged import (
    DESK,
    PAGE,
    PHONE,
    Stage,
    below,
    markup,
    scrolls_sideways,
    violations,
    words,
)

#: Wait for the window to arrive where it glides to.
ARRIVED = "(one) => Promise.all(one.shadowRoot.getAnimations().map((glide) => glide.finished))"


@pytest.fixture(scope="module")
def stage(browser: Browser, server: str) -> Iterator[Stage]:
    stage = Stage(browser, server)
    yield stage
    stage.close()


@pytest.fixture
def stepper(stage: Stage) -> Page:
    return stage.open(markup(conv_stepper, "en"))


def cell(page: Page, grid: str, row: int, column: int) -> Locator:
    rows = page.get_by_role("grid", name=grid, exact=True).get_by_role("row")
    return rows.nth(row).get_by_role("gridcell").nth(column)


def numbers(page: Page, grid: str) -> list[list[str]]:
    rows = page.get_by_role("grid", name=grid, exact=True).get_by_role("row").all()
    return [[c.text_content() for c in row.get_by_role("gridcell").all()] for row in rows]


def choose(page: Page, group: str, value: int) -> None:
    page.get_by_role("group", name=group, exact=True).get_by_role(
        "radio", name=str(value), exact=True
    ).check()


def random_case(chance: random.Random) -> dict[str, object]:
    def numbers(rows: int, columns: int) -> list[list[int]]:
        return [[chance.randint(-9, 9) for _ in range(columns)] for _ in range(rows)]

    setting = chance.choice(["", "", "", "", "stride", "padding", "dilation"])  # one is wrong
    case: dict[str, object] = {
        "stride": chance.randint(1, 4),
        "padding": chance.randint(0, 3),
        "dilation": chance.randint(1, 3),
    }
    if setting:
        case[setting] = -1 if setting == "padding" else 0
    case["input"] = numbers(chance.randint(1, 8), chance.randint(1, 8))
    case["kernel"] = numbers(chance.randint(1, 4), chance.randint(1, 4))
    return case


def torch_says(case: dict[str, object]) -> list[list[float]] | None:
    image, kernel = (torch.tensor(case[name])[None, None].float() for name in ("input", "kernel"))
    settings = {name: case[name] for name in ("stride", "padding", "dilation")}
    try:
        return torch.nn.functional.conv2d(image, kernel, **settings)[0, 0].tolist()
    except (RuntimeError, ValueError):
        return None


def test_arithmetic_is_that_of_torch(stepper: Page) -> None:
    chance = random.Random(9)
    cases = [random_case(chance) for _ in range(400)]
    found = stepper.evaluate(
        """cases => cases.map(({ input, kernel, ...settings }) => {
          try { return customElements.get("conv-stepper").conv2d(input, kernel, settings); }
          catch (error) { if (error instanceof RangeError) return null; throw error; }
        })""",
        cases,
    )
    expected = [torch_says(case) for case in cases]
    assert found == expected
    assert sum(result is None for result in expected) > 100
    assert sum(result is not None for result in expected) > 150


def test_output_size_is_that_of_torch(stepper: Page) -> None:
    settings = [
        (n, k, s, p, d)
        for n in (4, 6)
        for k in (1, 2, 3)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
        for d in (1, 2, 3)
    ]
    found = stepper.evaluate(
        "all => all.map((one) => customElements.get('conv-stepper').outputSize(...one))", settings
    )
    for (n, k, s, p, d), size in zip(settings, found, strict=True):
        layer = torch.nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d)
        if size > 0:
            assert layer(torch.zeros(1, 1, n, n)).shape[-1] == size
        else:
            with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
                layer(torch.zeros(1, 1, n, n))


def test_steps_by_keyboard_alone(stepper: Page) -> None:
    press = stepper.keyboard.press
    stepper.locator("select").focus()
    for _ in range(2):  # the size of the kernel, the stride
        press("Tab")
    press("ArrowRight")
    expect(stepper.get_by_text("Output 2 × 2")).to_be_visible()
    press("ArrowLeft")
    for _ in range(3):  # padding, dilation, input
        press("Tab")
    press("ArrowRight")
    press("7")
    assert numbers(stepper, "Input")[0] == ["0", "7", "0", "0", "0", "0"]
    press("Tab")  # the first weight
    press("ControlOrMeta+a")
    stepper.keyboard.type("2")
    assert stepper.locator("select").input_value() == "own"
    for _ in range(9):
        press("Tab")
    # In the output: the window lies on 0 7 0 / 0 5 5 / 0 5 5 under 2 0 1 / -1 0 1 / -1 0 1.
    assert numbers(stepper, "Output")[0] == ["10", "", "", ""]
    press("ArrowRight")
    assert numbers(stepper, "Output")[0] == ["10", "14", "", ""]
    press("ArrowDown")
    assert [len([n for n in row if n]) for row in numbers(stepper, "Output")] == [4, 2, 0, 0]
    expect(stepper.get_by_text("Output, row 2, column 2: the window lies on")).to_be_visible()
    press("Tab")  # previous
    press("Enter")
    expect(stepper.get_by_text("5 of 16")).to_be_visible()
    press("Tab")  # play
    press("Enter")
    expect(stepper.get_by_text("6 of 16")).to_be_visible()
    press("Enter")
    expect(stepper.get_by_role("button", name="Play", exact=True)).to_be_focused()
    for _ in range(2):  # next, the slider
        press("Tab")
    press("End")
    expect(stepper.get_by_text("16 of 16")).to_be_visible()
    assert stepper.errors == []


def test_steps_by_touch(stage: Stage) -> None:
    page = stage.open(markup(conv_stepper, "en"), viewport=PHONE, has_touch=True, is_mobile=True)
    cell(page, "Output", 1, 2).tap()
    expect(page.get_by_text("7 of 16")).to_be_visible()
    cell(page, "Input", 0, 0).tap()
    assert numbers(page, "Input")[0][0] == "1"
    expect(page.get_by_text("7 of 16")).to_be_visible()
    page.get_by_role("button", name="Next position").tap()
    expect(page.get_by_text("8 of 16")).to_be_visible()
    choose(page, "Padding", 2)
    sizes = page.get_by_role("gridcell").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().width)"
    )
    assert min(sizes) >= 24
    assert not scrolls_sideways(page)


def test_products_and_sum_are_shown(stepper: Page) -> None:
    cell(stepper, "Output", 1, 3).click()
    products = stepper.locator(".products span").all_text_contents()
    assert products == ["5 × −1−5", "5 × 00", "0 × 10"] * 3
    expect(stepper.get_by_text("Sum = −15")).to_be_visible()
    assert numbers(stepper, "Output")[1][3] == "−15"


def test_kernel_that_does_not_fit_is_explained(stepper: Page) -> None:
    choose(stepper, "Dilation", 3)
    problem = stepper.get_by_role("alert")
    expect(problem).to_contain_text("it is 7 cells wide, and the input with padding 0 has only 6")
    expect(problem).to_contain_text("Use padding 1 or more")
    expect(stepper.get_by_role("button", name="Next position")).to_be_hidden()
    choose(stepper, "Padding", 1)
    expect(problem).to_be_hidden()
    expect(stepper.get_by_text("Output 2 × 2")).to_be_visible()
    assert stepper.errors == []


def test_formula_has_the_numbers(stage: Stage) -> None:
    for settings in ({}, {"stride": 2, "padding": 1}, {"size": 2, "dilation": 2}):
        page = stage.open(markup(conv_stepper, "en", **settings))
        text = page.get_by_text("Output size").locator("..").text_content()
        formula = text.split("=")[1].replace("⌊", "").replace("⌋", "").replace("/", "//")
        formula = formula.replace("·", "*").replace("−", "-")
        assert eval(formula) == int(text.split("=")[2]) == len(numbers(page, "Output"))


def test_nothing_moves_by_itself(stage: Stage) -> None:
    page = stage.open(markup(conv_stepper, "en"))
    assert page.timers == 0
    expect(page.get_by_text("1 of 16")).to_be_visible()
    calm = stage.open(markup(conv_stepper, "en"), media={"reduced_motion": "reduce"})
    expect(calm.get_by_role("button", name="Play", exact=True)).to_be_hidden()
    expect(calm.get_by_role("button", name="Next position")).to_be_visible()


def test_no_english_is_left(stage: Stage) -> None:
    page = stage.open(markup(conv_stepper, "zh"), "zh")
    page.get_by_role("radio", name="2").first.check()
    shown = page.locator("conv-stepper").evaluate("one => one.shadowRoot.innerHTML")
    assert english_on_page(html.document_fromstring(shown)) == []
    labels = html.document_fromstring(shown).xpath("//*[@aria-label]/@aria-label")
    assert len(labels) > 50
    assert [label for label in labels if re.search("[A-Za-z]", label)] == []


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(axe: str, stage: Stage, scheme: str, viewport: dict[str, int]) -> None:
    media = {"color_scheme": scheme}
    page = stage.open(markup(conv_stepper, "en", padding=1), viewport=viewport, media=media)
    cell(page, "Output", 2, 5).click()
    page.locator("conv-stepper").evaluate(ARRIVED)
    assert violations(page, axe, "conv-stepper") == []
    choose(page, "Padding", 0)
    choose(page, "Dilation", 3)
    assert violations(page, axe, "conv-stepper") == []
    assert not scrolls_sideways(page)


def test_without_scripts_the_stand_in_is_shown(stage: Stage) -> None:
    page = stage.open(markup(conv_stepper, "en"), viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_does_not_move(stage: Stage, folder: str) -> None:
    for width in (360, 768, 1200, 1280):
        viewport = {"width": width, "height": 900}
        for settings in ({}, {"padding": 1, "stride": 2}, {"size": 2}):
            text = markup(conv_stepper, folder, **settings)
            before = below(stage.open(text, folder, loads=False, viewport=viewport))
            after = below(stage.open(text, folder, viewport=viewport))
            assert after == pytest.approx(before, abs=1), f"{width} px, {settings}"


def test_script_is_small() -> None:
    script = ROOT / "docs" / "_static" / "conv-stepper.js"
    assert len(gzip.compress(script.read_bytes())) < 6 * 1024


@pytest.mark.parametrize("folder", LANGUAGES)
def test_a_lesson_has_it(folder: str, open_page) -> None:
    watched = open_page(f"{folder}/{PAGE}", viewport=PHONE)
    one = watched.page.locator("conv-stepper").first
    one.get_by_role("button", name=words(conv_stepper.labels, folder)["next"]).click()
    expect(one.locator(".count")).to_contain_text("2")
    assert watched.problems == []
