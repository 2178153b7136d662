"""The receptive-field calculator in Chromium: right numbers, by keyboard and by touch, in both languages.

The element is put on a page that has none, with its real script and style.
"""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable

import pytest
import torch
from lxml import html
from playwright.sync_api import Page, expect
from torch.nn import functional

from _ext.widgets import receptive_field
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

VGG = "conv3 conv3 pool2 conv3 conv3 pool2 conv3 conv3"
NEARLY_TOO_LARGE = "conv7s3 conv7s2 conv7s2"  # 61 pixels; dilated, more than are drawn

Calculate = Callable[..., Page]


@pytest.fixture
def calculator(open_page: Callable[..., Watched]) -> Calculate:
    """A function that opens a page with the element, see :func:`staged.opener`."""
    open_ = opener(open_page, receptive_field)

    def with_stack(stack: str = "conv3 conv3 conv3", folder: str = "en", **options: object) -> Page:
        return open_(folder, layers=stack, **options)

    return with_stack


def summary(page: Page) -> str:
    return " ".join(page.locator("receptive-field .summary").inner_text().split())


def column(page: Page, number: int) -> list[str]:
    rows = page.locator("receptive-field tbody tr").all()
    return [row.locator("th, td").nth(number).inner_text().split("=")[-1].strip() for row in rows]


def setting(page: Page, layer: int, name: str) -> str:
    return page.get_by_label(f"Layer {layer}: {name}").input_value()


def random_stack(chance: random.Random) -> str:
    while True:
        stack = [
            chance.choice(("conv", "pool"))
            + f"{chance.choice((1, 2, 3, 3, 4, 5, 7))}s{chance.randint(1, 3)}d{chance.randint(1, 5)}"
            for _ in range(chance.randint(1, 6))
        ]
        if receptive_field.field(map(receptive_field.layer, stack)) <= 60:
            return " ".join(stack)


def outputs(stack: str, image: torch.Tensor) -> torch.Tensor:
    """Apply the layers with all weights one; a mean over a window times its size is its sum."""
    for written_ in stack.split():
        kernel, stride, dilation = receptive_field.layer(written_)
        if written_.startswith("pool") and dilation == 1:
            image = functional.avg_pool2d(image, kernel, stride) * kernel**2
        else:
            ones = torch.ones(1, 1, kernel, kernel, dtype=image.dtype)
            image = functional.conv2d(image, ones, stride=stride, dilation=dilation)
    return image


def gradient(stack: str, size: int, position: int = 0) -> torch.Tensor:
    """Return the gradient of one output on the diagonal with respect to the image."""
    image = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    outputs(stack, image)[0, 0, position, position].backward()
    return image.grad[0, 0].round()


def test_arithmetic_is_that_of_torch(calculator: Calculate) -> None:
    page = calculator()
    chance = random.Random(10)
    stacks = [random_stack(chance) for _ in range(80)]
    found = page.evaluate(
        """(stacks) => stacks.map((stack) => {
          const { parse, grow, gradient } = customElements.get("receptive-field");
          const layers = parse(stack);
          return { ...grow(layers).at(-1), paths: gradient(layers) };
        })""",
        stacks,
    )
    holes = 0
    for stack, one in zip(stacks, found, strict=True):
        field, jump = one["field"], one["jump"]
        exact = gradient(stack, field)
        assert one["paths"] == exact.tolist(), stack
        for position in (0, 1):  # on a larger image, another output sees a box as large, a jump on
            seen = gradient(stack, field + jump, position).nonzero()
            start = position * jump
            assert seen.min() == start and seen.max() == start + field - 1, stack
        with pytest.raises(RuntimeError):
            outputs(stack, torch.zeros(1, 1, field - 1, field - 1, dtype=torch.float64))
        holes += bool((exact == 0).any())
    assert 10 < holes < 70


def test_layers_are_read_as_by_the_directive(calculator: Calculate) -> None:
    kinds = [f"{kind}{k}" for kind in ("conv", "pool") for k in (1, 2, 3)]
    written_ = [f"{one}{end}" for one in kinds for end in ("", "s2", "d3", "s3d5")]
    found = calculator().evaluate(
        "text => customElements.get('receptive-field').parse(text)", " ".join(written_)
    )
    read = [(one["kernel"], one["stride"], one["dilation"]) for one in found]
    assert read == [receptive_field.layer(one) for one in written_]


def test_every_layer_has_its_numbers(calculator: Calculate) -> None:
    page = calculator("conv3 conv3s2 conv3d2")
    assert column(page, 0) == ["Input", "1. Conv 3", "2. Conv 3", "3. Conv 3"]
    assert column(page, 1) == ["", "3", "3", "5"]
    assert column(page, 3) == ["1", "1", "2", "2"]
    assert column(page, 4) == ["1", "3", "5", "13"]
    assert "5 + 4 · 2 = 13" in page.locator("receptive-field tbody tr").last.inner_text()


def test_paths_are_counted_and_holes_named(calculator: Calculate) -> None:
    page = calculator()
    assert summary(page) == (
        "One output of layer 3: theoretical field 7 × 7, reached 49 of 49 pixels. "
        "There are no holes. Paths from each pixel to the output: 1–49."
    )
    counts = page.locator("receptive-field .map text").all_text_contents()
    assert counts[:7] == ["1", "3", "6", "7", "6", "3", "1"] and counts[24] == "49"
    page.get_by_label("Stack of layers").select_option(label="Dilations 2, 2, 2")
    assert "13 × 13, reached 49 of 169 pixels. The other 120 are holes" in summary(page)
    page.get_by_label("Stack of layers").select_option(label="Dilations 1, 2, 5")
    assert "17 × 17, reached 289 of 289 pixels" in summary(page)
    page.get_by_label("Stack of layers").select_option(label="Like VGG, with pooling")
    assert column(page, 4)[-1] == "32"
    expect(page.locator("receptive-field [aria-live=polite]")).to_contain_text("32 × 32")


def test_it_works_by_keyboard_alone(calculator: Calculate) -> None:
    page = calculator("conv3")
    press = page.keyboard.press
    page.get_by_label("Stack of layers").focus()
    for _ in range(2):  # the kind of the first layer, its kernel
        press("Tab")
    press("ArrowDown")
    assert setting(page, 1, "Kernel") == "4"
    assert page.get_by_label("Stack of layers").input_value() == "own"
    for _ in range(3):  # stride, dilation, the button to add; a single layer cannot be removed
        press("Tab")
    add = page.get_by_role("button", name="Add a layer")
    expect(add).to_be_focused()
    press("Enter")
    press("Enter")
    expect(add).to_be_focused()
    assert column(page, 4) == ["1", "4", "6", "8"]
    press("Tab")
    press("ArrowLeft")
    assert "One output of layer 2: theoretical field 6 × 6" in summary(page)
    slider = page.get_by_role("slider", name="Output of layer")
    expect(slider).to_have_attribute("aria-valuetext", "2 of 3")
    page.get_by_role("button", name="Remove layer 3").focus()
    press("Enter")
    expect(page.get_by_role("button", name="Remove layer 2")).to_be_focused()
    press("Enter")
    expect(add).to_be_focused()
    assert column(page, 4) == ["1", "4"]


def test_eight_layers_are_the_most(calculator: Calculate) -> None:
    page = calculator("conv3 " * 6 + "conv3")
    add = page.get_by_role("button", name="Add a layer")
    add.click()
    expect(add).to_be_disabled()
    expect(page.get_by_label("Layer 8: Kind")).to_be_focused()
    page.get_by_role("button", name="Remove layer 1").click()
    expect(add).to_be_enabled()


def test_a_pool_moves_on_by_its_size(calculator: Calculate) -> None:
    page = calculator("conv2 conv3")
    for kind, stride in (("pool", "2"), ("conv", "1")):
        page.get_by_label("Layer 1: Kind").select_option(kind)
        assert setting(page, 1, "Stride") == stride
        assert column(page, 2)[1] == stride


def test_it_works_by_touch_on_a_small_phone(calculator: Calculate) -> None:
    page = calculator(VGG, viewport=SMALL_PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Remove layer 8").tap()
    page.get_by_label("Layer 1: Dilation").select_option("2")
    assert column(page, 4)[-1] == "26"
    sizes = (
        page.locator("receptive-field")
        .locator("select, button, input")
        .evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect()).map((r) => [r.width, r.height])"
        )
    )
    assert min(min(size) for size in sizes) >= 44
    assert not scrolls_sideways(page)
    inside = "(card) => card.scrollWidth <= card.clientWidth"
    assert page.locator("receptive-field .card").evaluate(inside)


def test_a_field_that_is_too_large_is_said(calculator: Calculate) -> None:
    page = calculator(NEARLY_TOO_LARGE)
    problem = page.locator("receptive-field .problem")
    expect(problem).to_be_hidden()
    for layer in (1, 2, 3):
        page.get_by_label(f"Layer {layer}: Dilation").select_option("5")
    expect(problem).to_have_text(re.compile(r"^The field is 301 × 301 pixels; up to 127 × 127"))
    expect(problem).to_have_attribute("role", "alert")
    expect(page.locator("receptive-field .map")).to_be_hidden()
    assert column(page, 4)[-1] == "301"
    page.get_by_role("button", name="Remove layer 3").click()
    expect(problem).to_be_hidden()
    expect(page.locator("receptive-field .map")).to_be_visible()


@pytest.mark.parametrize("stack", ["conv3", VGG, "conv7 conv7s2 conv7s2 conv7d4"])
def test_drawings_show_every_unit_and_every_pixel(calculator: Calculate, stack: str) -> None:
    page = calculator(stack)
    size = receptive_field.field(map(receptive_field.layer, stack.split()))
    element = page.locator("receptive-field")
    svg, map_ = element.locator(".lines svg"), element.locator(".map svg")
    assert svg.get_attribute("viewBox") == f"0 0 {size} {len(stack.split()) + 1}"
    paths = map_.locator(".cells").evaluate_all("all => all.map((one) => one.getAttribute('d'))")
    assert sum(path.count("M") for path in paths) == int((gradient(stack, size) > 0).sum())
    unit = element.locator(".unit").get_attribute("d")
    assert unit.count(f" {len(stack.split()) + 0.5}h") == size


def test_no_english_is_left(calculator: Calculate) -> None:
    page = calculator("conv3d2 conv3d2", "zh")
    shown = page.locator("receptive-field").evaluate("one => one.shadowRoot.innerHTML")
    assert english_on_page(html.document_fromstring(shown)) == []
    labels = html.document_fromstring(shown).xpath("//*[@aria-label]/@aria-label")
    assert len(labels) > 10
    assert [label for label in labels if re.search("[A-Za-z]", label)] == []


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(
    axe: str, calculator: Calculate, scheme: str, viewport: dict[str, int]
) -> None:
    for stack in ("conv3 conv3d2", NEARLY_TOO_LARGE):
        page = calculator(stack, viewport=viewport, scheme=scheme)
        assert violations(page, axe, "receptive-field") == []
        for layer in range(1, len(stack.split()) + 1):
            page.get_by_label(f"Layer {layer}: Dilation").select_option("5")
        assert violations(page, axe, "receptive-field") == []
        assert not scrolls_sideways(page)


def test_without_scripts_the_stand_in_is_shown(calculator: Calculate) -> None:
    page = calculator(loads=False, viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("stack", ["conv3", "conv3d2 conv3d2 conv3d2", VGG])
def test_the_page_does_not_move(calculator: Calculate, folder: str, stack: str) -> None:
    for width in (320, 360, 768, 1200, 1280):
        page = calculator(stack, folder, loads=False, viewport={"width": width, "height": 900})
        before = below(page)
        load(page, receptive_field)
        assert below(page) == pytest.approx(before, abs=1), f"{width} px"


def test_on_paper_there_are_no_controls(calculator: Calculate) -> None:
    page = calculator()
    page.emulate_media(media="print")
    element = page.locator("receptive-field")
    assert element.locator("select, button, input").locator("visible=true").count() == 0
    expect(element.locator(".map")).to_be_visible()
    expect(element.locator("table")).to_be_visible()


def test_script_is_small() -> None:
    script = STATIC / "receptive-field.js"
    assert len(gzip.compress(script.read_bytes())) < 6 * 1024
