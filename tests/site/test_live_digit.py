"""The drawing board of lesson 14: what the page computes is what PyTorch computes."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from safetensors import safe_open
from torch import nn
from torchvision.datasets import MNIST

from built_site import LANGUAGES
from dlcourse import assets
from staged import DESK, PHONE, heights, violations

LESSON = "lesson_14_building_a_network"
PAGE = f"lessons/2_training/{LESSON}.html"
TOLERANCE = {"rtol": 0, "atol": 1e-4}
FAILED = {"en": re.compile("The network could not be loaded"), "zh": re.compile("网络加载失败")}


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[list[float]]:
    """Return points on a part of an ellipse; the angles are in degrees."""
    angles = np.radians(np.linspace(start, end, 13))
    return np.stack([cx + rx * np.cos(angles), cy + ry * np.sin(angles)], 1).tolist()


# Ten digits as one would draw them, on a board of 280 pixels: a list of strokes each.
DRAWINGS = {
    0: [arc(140, 140, 62, 95, -90, 270)],
    1: [[[150, 45], [138, 235]]],
    2: [arc(140, 95, 60, 50, -170, 40) + [[95, 225], [210, 222]]],
    3: [arc(130, 92, 55, 46, -150, 90) + arc(130, 188, 62, 50, -90, 150)],
    4: [[[110, 45], [80, 150], [205, 145]], [[175, 60], [165, 240]]],
    5: [[[195, 50], [105, 52], [98, 128], *arc(130, 175, 62, 52, -120, 130)]],
    6: [[[165, 40], [110, 110], *arc(140, 180, 55, 50, -160, 200)]],
    7: [[[75, 55], [205, 55], [130, 235]]],
    8: [arc(140, 92, 45, 45, 90, -270) + arc(140, 186, 55, 50, -90, 270)],
    9: [[*arc(145, 95, 50, 48, 0, -350), [195, 90], [180, 240]]],
}


class DigitNet(nn.Module):
    """The network as the lesson writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, stride=2, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(32 * 7 * 7, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).flatten(1))


@pytest.fixture
def inputs() -> torch.Tensor:
    """200 test images and 50 of noise, shape (250, 28, 28), as bytes."""
    digits = MNIST(assets.path("mnist"), train=False).data[:200]
    noise = torch.randint(256, (50, 28, 28), generator=torch.Generator().manual_seed(0))
    return torch.cat([digits, noise.byte()])


@pytest.fixture
def expected(left, inputs) -> torch.Tensor:
    """What PyTorch computes from the served weights, shape (250, 10)."""
    with safe_open(left / "digits.safetensors", "pt") as file:
        mean, std, stride = map(float, file.metadata()["mean std stride"].split())
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    assert stride == 2
    network = DigitNet().eval().requires_grad_(False)
    network.load_state_dict(weights)
    return network(((inputs / 255 - mean) / std).unsqueeze(1))


def digit_element(visit):
    return visit.page.locator("live-digit")


def draw(visit, digit: int) -> None:
    """Draw a digit on an empty board with the mouse."""
    page, canvas = visit.page, digit_element(visit).locator("canvas.ink")
    digit_element(visit).locator("#clear").click()
    box = canvas.bounding_box()
    for (x, y), *points in DRAWINGS[digit]:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in points:
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()


def expect_read(visit, digit: int) -> None:
    """Wait until a digit is the answer, in the table and in words."""
    element = digit_element(visit)
    expect(element.locator(".bars tr.best th")).to_have_text(str(digit))
    expect(element.locator("#reading")).to_contain_text(str(digit))


def logits_in_browser(visit, inputs: torch.Tensor) -> torch.Tensor:
    script = """async (images) => {
      const element = document.querySelector("live-digit");
      const { net, network } = await element.load();
      return images.map((image) => {
        const pixels = image.map((byte) => byte / 255);
        return [...net.logits(network, net.normalise(network, pixels))];
      });
    }"""
    return torch.tensor(visit.page.evaluate(script, inputs.flatten(1).tolist()))


def test_javascript_computes_what_pytorch_computes(lesson, inputs, expected):
    visit = lesson()
    found = logits_in_browser(visit, inputs)
    torch.testing.assert_close(found, expected, **TOLERANCE)
    assert visit.problems == []


def test_served_files_name_no_folder_of_this_machine(left):
    for file in left.iterdir():
        content = file.read_bytes()
        assert b"site-packages" not in content and b".py" not in content, file.name


def test_nothing_is_loaded_before_the_reader_begins(open_page, server):
    page = open_page("en/index.html", fresh=True, viewport=DESK).page
    defined = "customElements.get('live-digit') !== undefined"
    assert not page.evaluate(defined), "other pages do not load the board"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}en/{PAGE}")
    assert page.evaluate(defined)
    late = ("_live/", "digit-net", "live-model", "onnxruntime")
    assert not [address for address in asked if any(name in address for name in late)]


@pytest.mark.parametrize(("folder", "digits"), [("en", range(10)), ("zh", [2])])
def test_drawn_digits_are_read(lesson, folder, digits):
    visit = lesson(folder)
    for digit in digits:
        draw(visit, digit)
        expect_read(visit, digit)
    assert visit.problems == []


def test_touch_draws(lesson):
    visit = lesson(viewport=PHONE, has_touch=True)
    canvas = digit_element(visit).locator("canvas.ink")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    session = visit.page.context.new_cdp_session(visit.page)
    kinds = ["touchStart", *["touchMove"] * 20, "touchEnd"]
    for step, kind in enumerate(kinds):
        point = {"x": box["x"] + 145 - step / 2, "y": box["y"] + 50 + 9 * step}
        points = [] if kind == "touchEnd" else [point]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect_read(visit, 1)


def test_keyboard_draws(lesson):
    visit = lesson()
    element = digit_element(visit)
    canvas, place = element.locator("canvas.ink"), element.locator("#place")
    canvas.focus()
    expect(place).to_have_text("Row 15, column 15, pen up")
    for _ in range(9):
        canvas.press("ArrowUp")
    canvas.press("Space")
    expect(place).to_have_text("Row 6, column 15, pen down")
    for _ in range(18):
        canvas.press("ArrowDown")
    canvas.press("Space")
    expect_read(visit, 1)
    # At the edge the cursor stays on the board.
    for _ in range(20):
        canvas.press("ArrowLeft")
    expect(place).to_contain_text("column 1,")


def test_validation_images_come_with_their_labels(lesson, left):
    with safe_open(left / "samples.safetensors", "pt") as file:
        labels, pixels = file.get_tensor("labels").tolist(), file.get_tensor("pixels")
    assert labels[:10] == list(range(10))
    assert pixels.shape == (20, 28, 28)
    visit = lesson()
    element = digit_element(visit)
    best = element.locator(".bars tr.best th")
    for button, expected in (("#right", labels[:10]), ("#wrong", labels[10:])):
        for label in expected:
            element.locator(button).click()
            known = element.locator("#known")
            expect(known).to_have_text(f"The label of this validation image is {label}.")
            if button == "#wrong":
                expect(best).not_to_have_text(str(label))
    assert visit.problems == []


def test_onnx_runtime_agrees_and_is_loaded_only_on_demand(lesson, built, inputs, expected):
    visit = lesson(fresh=True)
    element = digit_element(visit)
    files = [built.root / "en" / "_live" / LESSON / "digits.onnx"]
    files += (built.root / "en/_static/onnxruntime").glob("ort*")
    size = sum(file.stat().st_size for file in files) / 1e6
    ask, difference = element.locator("#ask"), element.locator("#difference")
    expect(ask).to_have_text(f"Ask the ONNX file ({size:.1f} MB)")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    draw(visit, 3)
    expect_read(visit, 3)
    assert not [url for url in asked if "onnx" in url]
    asked.clear()
    ask.click()
    expect(difference).to_contain_text("Largest difference", timeout=60_000)
    assert {url.split("?")[0].rpartition(".")[2] for url in asked} == {"mjs", "wasm", "onnx"}
    rows = element.locator(".logits tbody tr").all()
    values = [[float(cell) for cell in row.locator("td").all_inner_texts()] for row in rows]
    torch.testing.assert_close(*torch.tensor(values), rtol=0, atol=1e-3)  # three decimals shown
    assert float(difference.inner_text().rpartition(" ")[2]) <= 1e-4
    # And for another drawing without another click, nor another download.
    asked.clear()
    draw(visit, 7)
    expect(rows[0].locator("td").first).not_to_have_text(f"{values[0][0]:.3f}")
    assert asked == []
    script = """async (images) => {
      const element = document.querySelector("live-digit");
      const { net, network } = await element.load();
      const found = [];
      for (const image of images) {
        const normal = net.normalise(network, image.map((byte) => byte / 255));
        const tensor = new element.ort.Tensor("float32", normal, [1, 1, 28, 28]);
        found.push([...(await element.session.run({ images: tensor })).logits.data]);
      }
      return found;
    }"""
    expect_read(visit, 7)
    found = torch.tensor(visit.page.evaluate(script, inputs.flatten(1).tolist()))
    torch.testing.assert_close(found, expected, **TOLERANCE)
    assert visit.problems == []


def test_drawing_is_prepared_as_mnist_was(lesson):
    """A drawn bar has 20 pixels, lies in the middle, and keeps its amount of ink."""
    visit = lesson()
    script = """async () => {
      const { net } = await document.querySelector("live-digit").load();
      const ink = new Uint8Array(100 * 100);
      for (let y = 5; y < 65; y++) for (let x = 70; x < 90; x++) ink[100 * y + x] = 255;
      return [[...net.prepare(ink, 100)], net.prepare(new Uint8Array(100 * 100), 100)];
    }"""
    prepared, nothing = visit.page.evaluate(script)
    assert nothing is None
    pixels = torch.tensor(prepared, dtype=torch.float64).view(28, 28)
    rows, columns = (pixels > 0).any(1).nonzero(), (pixels > 0).any(0).nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 23, 11, 17)
    assert pixels.sum().item() == pytest.approx(60 * 20 / 9, rel=1e-5)
    assert pixels[10, 11:18].tolist() == pytest.approx([1] * 6 + [2 / 3], rel=1e-5)


@pytest.mark.parametrize("wrong", ["missing", "cut short", "unreachable", "no code"])
def test_a_missing_network_is_said_in_the_page(lesson, left, wrong):
    whole = (left / "digits.safetensors").read_bytes()
    answers = {
        "missing": lambda route: route.fulfill(status=404),
        "cut short": lambda route: route.fulfill(body=whole[:-4000]),
        "unreachable": lambda route: route.abort(),
    }
    address = "**/digit-net.js*" if wrong == "no code" else "**/digits.safetensors*"
    visit = lesson(routes={address: answers.get(wrong, answers["unreachable"])})
    draw(visit, 1)
    expect(digit_element(visit).locator("#reading")).to_have_text(FAILED["en"])
    visit.page.unroute(address)
    draw(visit, 1)  # and the next stroke tries again
    expect_read(visit, 1)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved(lesson, folder):
    """The page does not move when the script draws the board, nor when the answer comes."""
    visit = lesson(folder)
    page = visit.page

    drawn = heights(page, "live-digit")
    draw(visit, 8)
    expect_read(visit, 8)
    assert heights(page, "live-digit") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_board_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    draw(visit, 5)
    expect_read(visit, 5)
    digit_element(visit).locator("#ask").click()
    difference = digit_element(visit).locator("#difference")
    expect(difference).to_have_text(re.compile(r"\de[+-]\d"), timeout=60_000)
    assert violations(visit.page, axe, "live-digit") == []
