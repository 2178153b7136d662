"""The descent of a surface in Chromium: the paths of torch.optim, by keyboard and by touch, in both languages.

The element is put on a page that has none, with its real script and style.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Callable
from itertools import product

import pytest
import torch
from lxml import html
from playwright.sync_api import Locator, Page, expect

from _ext.widgets import descent_path
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

STEPS = 60
DESCEND = """cases => cases.map(
  (one) => customElements.get("descent-path").descend(...one))"""
LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "valley": lambda x, y: (x**2 + 10 * y**2) / 2,
    "curved": lambda x, y: (1 - x) ** 2 / 8 + (y - x**2) ** 2 / 4,
    "saddle": lambda x, y: (x**2 - 1) ** 2 / 4 + y**2 / 2,
}
STARTS = {"valley": [-1.8, 1.0], "curved": [-1.5, 0.5], "saddle": [0.05, 1.7]}

Descend = Callable[..., Page]
Point = list[float]


@pytest.fixture
def descent(open_page: Callable[..., Watched]) -> Descend:
    """A function that opens a page with the element, see :func:`staged.opener`."""
    return opener(open_page, descent_path)


def torch_path(surface: str, name: str, rate: float, beta: float, start: Point) -> list[Point]:
    """Return the points that torch.optim reaches, up to the last with a finite loss."""
    point = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimiser = {
        "sgd": lambda: torch.optim.SGD([point], lr=rate, momentum=beta),
        "rmsprop": lambda: torch.optim.RMSprop([point], lr=rate, momentum=beta),
        "adam": lambda: torch.optim.Adam([point], lr=rate, betas=(beta, 0.999)),
    }[name]()
    path = []
    for _ in range(STEPS + 1):
        optimiser.zero_grad()
        loss = LOSSES[surface](*point)
        if not math.isfinite(loss.item()):
            break
        path.append(point.tolist())
        loss.backward()
        optimiser.step()
    return path


def said(page: Page, name: str = "summary") -> str:
    return " ".join(page.locator(f"descent-path .{name}").inner_text().split())


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def choose(page: Page, name: str, option: str) -> None:
    """Choose a surface or an optimiser, by its value or its words."""
    page.get_by_role("combobox", name=name, exact=True).select_option(option)


def slide(page: Page, name: str, value: float) -> None:
    """Move a slider, by the number that it stands for."""
    position = math.log10(value) if name == "Learning rate" else value
    slider(page, name).fill(f"{round(position * 100) / 100:g}")


def test_paths_are_those_of_torch(descent: Descend) -> None:
    rates = {"sgd": [0.02, 0.1, 0.182, 0.25, 1], "rmsprop": [0.01, 0.182], "adam": [0.05, 0.3, 1]}
    cases = [
        (surface, name, rate, beta, start)
        for surface, name in product(LOSSES, rates)
        for rate, beta in product(rates[name], (0.0, 0.9))
        for start in (STARTS[surface], [1.5, -0.5], [-2, 2])
    ]
    found = descent().evaluate(DESCEND, cases)
    overflowed = grown = compared = 0
    for case, path in zip(cases, found, strict=True):
        exact = torch_path(*case)
        assert len(path) == len(exact), case
        overflowed += len(path) <= STEPS
        grown += max(map(abs, path[-1])) > 1e9
        # Some paths are chaotic: a change in the last bit of the start becomes visible. They are
        # compared up to there.
        shaken = torch_path(*case[:-1], [value * (1 + 2**-51) for value in case[-1]])
        for one, other, near in zip(path, exact, shaken, strict=False):
            if near != pytest.approx(other, rel=1e-12, abs=1e-13):
                break
            assert one == pytest.approx(other, rel=1e-9, abs=1e-12), case
            compared += 1
    assert overflowed >= 5 and grown - overflowed >= 5 and len(cases) - grown > 100
    assert compared > 0.9 * sum(map(len, found))


def test_what_the_reader_does_not_set_is_that_of_torch(descent: Descend) -> None:
    page = descent(optimiser="adam", rate=0.1)
    point = [torch.zeros(1, requires_grad=True)]
    for label, kind, name in (
        ("Adam", torch.optim.Adam, "betas"),
        ("RMSProp", torch.optim.RMSprop, "momentum"),
        ("SGD", torch.optim.SGD, "momentum"),
    ):
        choose(page, "Optimiser", label)
        usual = kind(point).defaults
        beta = usual[name][0] if name == "betas" else usual[name]
        assert float(slider(page, "Momentum β").input_value()) == beta
        shown = {**usual, "lr": 0.1}
        call = said(page, "call")
        assert call.startswith(f"torch.optim.{kind.__name__}(params, lr=0.1, ")
        for setting, value in re.findall(r"(\w+)=(\([^)]*\)|[\d.]+)", call):
            numbers = [float(number) for number in re.findall(r"[\d.]+", value)]
            usual_value = shown[setting]
            assert numbers == list(usual_value if setting == "betas" else [usual_value])
    slide(page, "Momentum β", 0.5)
    choose(page, "Optimiser", "adam")
    assert slider(page, "Momentum β").input_value() == "0.9"
    slide(page, "Momentum β", 0)
    assert "betas=(0.0, 0.999)" in said(page, "call"), "Adam refuses a whole number"
    choose(page, "Optimiser", "sgd")
    assert slider(page, "Momentum β").input_value() == "0.5"


def test_loss_after_the_steps_is_said(descent: Descend) -> None:
    page = descent(rate=0.18)
    point = torch_path("valley", "sgd", 0.18, 0, STARTS["valley"])[20]
    loss = LOSSES["valley"](*torch.tensor(point, dtype=torch.float64)).item()
    x, y = (f"{value:#.3g}".replace("-", "\u2212") for value in point)
    expected = (
        f"Step 20 of 60: the loss is {loss:#.3g} at x = {x}, y = {y}; it was 6.62 at the start."
    )
    assert said(page) == expected
    live = page.locator("descent-path [aria-live=polite]")
    expect(live).to_contain_text("Step 20 of 60")
    expect(live).to_contain_text("is below it")
    page.get_by_role("button", name="Reset").click()
    assert said(page).startswith("Step 0 of 60: the loss is 6.62 at x = \u22121.80, y = 1.00;")
    page.get_by_role("button", name="One step").click()
    assert said(page).startswith("Step 1 of 60")
    assert page.locator("descent-path .points").get_attribute("d").count("M") == 2


@pytest.mark.parametrize(("beta", "most"), [(0, 0.2), (0.5, 0.3), (0.9, 0.38)])
def test_bound_of_sgd_is_marked_and_right(descent: Descend, beta: float, most: float) -> None:
    page = descent(momentum=beta, rate=most)
    assert f"bound 2 (1 + β) / λ = {most:g}" in said(page, "bound")
    assert said(page, "bound").endswith(f"The learning rate {most:g} is just at it.")
    mark = page.locator("descent-path .mark")
    assert mark.inner_text() == f"{most:g}"
    box, track = mark.bounding_box(), slider(page, "Learning rate").bounding_box()
    thumb = 16
    place = thumb / 2 + (track["width"] - thumb) * (1 + math.log10(most) / 3)
    assert box["x"] + box["width"] - track["x"] == pytest.approx(place, abs=3)
    for factor, side in ((0.9, "below"), (1.1, "above")):
        slide(page, "Learning rate", most * factor)
        assert said(page, "bound").endswith(f"is {side} it.")
        rate = float(said(page, "call").split("lr=")[1].split(",")[0])
        path = torch_path("valley", "sgd", rate, beta, STARTS["valley"])
        assert (abs(path[-1][1]) > 2) == (side == "above")
    choose(page, "Optimiser", "adam")
    expect(mark).to_be_hidden()
    assert "divided by its own recent size" in said(page, "bound")
    choose(page, "Optimiser", "sgd")
    choose(page, "Surface", "curved")
    expect(mark).to_be_hidden()
    assert "changes from place to place" in said(page, "bound")


def test_divergence_is_said_and_stops_at_overflow(descent: Descend) -> None:
    page = descent(rate=0.25)
    assert re.fullmatch(
        r"Step 20 of 60: the loss has grown from 6\.62 to 5\.53e\+7, and the path has left the "
        r"picture\. It diverges\.",
        said(page),
    )
    choose(page, "Surface", "curved")
    slide(page, "Learning rate", 1)
    slide(page, "Momentum β", 0.9)
    steps = len(torch_path("curved", "sgd", 1, 0.9, STARTS["curved"]))
    assert steps < 20
    assert said(page).startswith(f"The path diverges: step {steps} overflows, and the path ends")
    expect(page.get_by_role("button", name="One step")).to_be_disabled()
    path = page.locator("descent-path .line").get_attribute("d")
    assert not re.search("NaN|Infinity", path)
    slide(page, "Learning rate", 0.1)
    assert said(page).startswith("Step 20 of 60: the loss is ")
    assert page.errors == []


def test_a_path_that_returns_does_not_diverge(descent: Descend) -> None:
    page = descent(surface="valley", optimiser="rmsprop", momentum=0.99, rate=0.479)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Run").click()
    assert re.match(r"Step 60 of 60: the loss has grown .* has left the picture\.$", said(page))


def test_it_runs_to_the_end_and_pauses(descent: Descend) -> None:
    page = descent()
    page.get_by_role("button", name="Run").click()
    expect(page.locator("descent-path .controls[aria-live]")).to_have_attribute("aria-live", "off")
    page.get_by_role("button", name="Pause").click()
    number = int(said(page).split()[1])
    assert 20 < number < STEPS
    page.get_by_role("button", name="Run").click()
    expect(page.locator("descent-path .summary")).to_contain_text("Step 60 of 60", timeout=20_000)
    expect(page.get_by_role("button", name="One step")).to_be_disabled()
    expect(page.locator("descent-path .controls[aria-live]")).to_have_attribute(
        "aria-live", "polite"
    )
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Run").click()
    assert said(page).startswith("Step 60 of 60")


def test_the_start_is_moved_by_keyboard(descent: Descend) -> None:
    page = descent(surface="saddle")
    start = slider(page, "Starting point")
    start.focus()
    page.keyboard.press("ArrowLeft")
    expect(start).to_have_attribute("aria-valuetext", "x = 0.00, y = 1.70")
    assert "x = 0.00" in said(page), "on the ridge, nothing leads away from it"
    for key in ("ArrowLeft", "Shift+ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(start).to_have_attribute("aria-valuetext", "x = \u22120.0500, y = 1.30")
    expect(start).to_have_attribute("aria-valuenow", "-0.05")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    expect(start).to_have_attribute("aria-valuetext", "x = 2.00, y = 1.30")
    for _ in range(3):  # the surface, the optimiser, the learning rate
        page.keyboard.press("Tab")
    expect(slider(page, "Learning rate")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(slider(page, "Learning rate")).to_have_attribute("aria-valuetext", "0.191")


def test_the_start_is_dragged(descent: Descend) -> None:
    page = descent()
    start = slider(page, "Starting point")
    picture = page.locator("descent-path svg").bounding_box()
    unit = picture["width"] / 4
    middle = (picture["x"] + 2 * unit, picture["y"] + 2 * unit)
    page.mouse.move(middle[0] - 1.8 * unit, middle[1] - unit)
    page.mouse.down()
    page.mouse.move(middle[0] + unit, middle[1] + 0.5 * unit, steps=4)
    expect(start).to_have_attribute("aria-valuetext", "x = 1.00, y = \u22120.500")
    page.mouse.move(middle[0] + 9 * unit, middle[1])
    page.mouse.up()
    expect(start).to_have_attribute("aria-valuetext", "x = 2.00, y = 0.00")
    page.mouse.move(*middle)
    expect(start).to_have_attribute("aria-valuetext", "x = 2.00, y = 0.00")
    page.mouse.click(middle[0] - unit, middle[1])
    expect(start).to_have_attribute("aria-valuetext", "x = \u22121.00, y = 0.00")
    assert "it was 0.500 at the start" in said(page)


def test_it_works_by_touch_on_a_small_phone(descent: Descend) -> None:
    page = descent(viewport=SMALL_PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="One step").tap()
    assert said(page).startswith("Step 21 of 60")
    page.locator("descent-path svg").tap(position={"x": 200, "y": 60})
    assert "Step 21 of 60" in said(page)
    assert (
        slider(page, "Starting point").get_attribute("aria-valuetext") != "x = \u22121.80, y = 1.00"
    )
    element = page.locator("descent-path")
    rectangles = "all => all.map((a) => a.getBoundingClientRect()).map((r) => [r.width, r.height])"
    controls = element.locator("select, button, input").evaluate_all(rectangles)
    assert min(min(size) for size in controls) >= 44
    (grip,) = element.locator(".grip").evaluate_all(rectangles)
    assert min(grip) >= 36
    assert element.locator(".start").evaluate("one => getComputedStyle(one).touchAction") == "none"
    assert not scrolls_sideways(page)
    inside = "(card) => card.scrollWidth <= card.clientWidth"
    assert element.locator(".card").evaluate(inside)


def test_contours_lie_where_the_loss_is_theirs(descent: Descend) -> None:
    page = descent()
    for surface, apart, bottom in (("valley", 0.4, -2), ("curved", 0.2, -1), ("saddle", 0.125, -2)):
        choose(page, "Surface", surface)
        d = page.locator("descent-path .contours").get_attribute("d")
        ends = re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", d)
        assert len(ends) > 1000 and len(d) < 120_000
        x, y = torch.tensor([[float(a), float(b)] for a, b in ends], dtype=torch.float64).T / 100
        levels = LOSSES[surface](x - 2, bottom + 4 - y).sqrt() / apart
        away = (levels - levels.round()).abs()
        assert away.mean() < 0.03 and away.quantile(0.99) < 0.2, surface


def test_no_english_is_left(descent: Descend) -> None:
    for settings in ({}, {"rate": 0.5}, {"surface": "curved", "rate": 1, "momentum": 0.9}):
        page = descent("zh", **settings)
        shown = page.locator("descent-path").evaluate("one => one.shadowRoot.innerHTML")
        assert english_on_page(html.document_fromstring(shown)) == []
        labels = html.document_fromstring(shown).xpath("//*[@aria-label]/@aria-label")
        assert len(labels) >= 5
        assert [label for label in labels if re.search("[A-Za-z]", label)] == []
        assert not re.search(r"[{}]|undefined", said(page) + said(page, "bound"))


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_axe_finds_nothing(
    axe: str, descent: Descend, scheme: str, viewport: dict[str, int]
) -> None:
    page = descent(viewport=viewport, scheme=scheme)
    assert violations(page, axe, "descent-path") == []
    slide(page, "Learning rate", 1)
    assert violations(page, axe, "descent-path") == []
    assert not scrolls_sideways(page)


def test_without_scripts_the_stand_in_is_shown(descent: Descend) -> None:
    page = descent(loads=False, viewport=PHONE, java_script_enabled=False)
    stand_in = page.get_by_text("Stand-in")
    expect(stand_in).to_be_visible()
    end = stand_in.bounding_box()
    assert page.locator("#below").bounding_box()["y"] - end["y"] - end["height"] < 100


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_does_not_move(descent: Descend, folder: str) -> None:
    for width in (320, 360, 412, 600, 768, 1200, 1280):
        page = descent(folder, loads=False, viewport={"width": width, "height": 900})
        before = below(page)
        load(page, descent_path)
        assert below(page) == pytest.approx(before, abs=1), f"{width} px"
        element = page.locator("descent-path")
        for surface, optimiser, rate in (
            ("valley", "sgd", 0.0),
            ("curved", "rmsprop", -2.98),
            ("curved", "sgd", 0.0),
            ("saddle", "adam", -1.0),
        ):
            for name, value in (("surface", surface), ("optimiser", optimiser)):
                selects = element.locator(".selects select")
                selects.nth(int(name == "optimiser")).select_option(value)
            element.locator("input").first.fill(f"{rate:g}")
            assert below(page) == pytest.approx(before, abs=1), (width, surface, optimiser)


def test_on_paper_there_are_no_controls(descent: Descend) -> None:
    page = descent()
    page.emulate_media(media="print")
    element = page.locator("descent-path")
    assert element.locator("button, input").locator("visible=true").count() == 0
    expect(element.locator("svg")).to_be_visible()
    expect(element.locator(".summary")).to_be_visible()
    assert "lr=0.18" in said(page, "call")


def test_script_is_small() -> None:
    script = STATIC / "descent-path.js"
    assert len(gzip.compress(script.read_bytes())) < 6 * 1024
