"""The drawing board of lesson 14: what the page computes is what PyTorch computes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from built_site import LANGUAGES
from safetensors import safe_open
from torch import nn
from torchvision.datasets import MNIST

from dlcourse import assets

LESSON = "lesson_14_building_a_network"
PAGE = f"lessons/2_training/{LESSON}.html"
TOLERANCE = {"rtol": 0, "atol": 1e-4}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 800}


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[list[float]]:
    """Return points on a part of an ellipse; the angles are in degrees."""
    angles = np.radians(np.linspace(start, end, 25))
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
def served(built) -> Path:
    """The folder of the files that the page loads."""
    return built.root / "en" / "_live" / LESSON


@pytest.fixture
def inputs() -> torch.Tensor:
    """200 test images and 50 of noise, shape (250, 28, 28), as bytes."""
    digits = MNIST(assets.path("mnist"), train=False).data[:200]
    noise = torch.randint(256, (50, 28, 28), generator=torch.Generator().manual_seed(0))
    return torch.cat([digits, noise.byte()])


@pytest.fixture
def expected(served, inputs) -> torch.Tensor:
    """What PyTorch computes from the served weights, shape (250, 10)."""
    with safe_open(served / "digits.safetensors", "pt") as file:
        mean, std, stride = map(float, file.metadata()["mean std stride"].split())
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    assert stride == 2
    network = DigitNet().eval().requires_grad_(False)
    network.load_state_dict(weights)
    return network(((inputs / 255 - mean) / std).unsqueeze(1))


def digit_element(visit):
    return visit.page.locator("live-digit")


def draw(visit, strokes) -> None:
    """Draw on an empty board with the mouse."""
    page, board = visit.page, digit_element(visit).locator("canvas.ink")
    digit_element(visit).locator("#clear").click()
    box = board.bounding_box()
    for (x, y), *points in strokes:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in points:
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()


def best(visit, digit: int):
    """Return the row of a digit, which exists while it is the answer."""
    return digit_element(visit).locator(".bars tr.best th", has_text=str(digit))


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


def test_javascript_computes_what_pytorch_computes(open_page, inputs, expected):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    found = logits_in_browser(visit, inputs)
    torch.testing.assert_close(found, expected, **TOLERANCE)
    assert visit.problems == []


def test_served_onnx_file_computes_what_pytorch_computes(served, inputs, expected):
    with safe_open(served / "digits.safetensors", "pt") as file:
        mean, std, _ = map(float, file.metadata()["mean std stride"].split())
    session = onnxruntime.InferenceSession(served / "digits.onnx")
    images = ((inputs / 255 - mean) / std).unsqueeze(1).numpy()
    (found,) = session.run(["logits"], {"images": images})
    torch.testing.assert_close(torch.from_numpy(found), expected, **TOLERANCE)


def test_served_files_name_no_folder_of_this_machine(served):
    for file in served.iterdir():
        content = file.read_bytes()
        assert b"site-packages" not in content and b".py" not in content, file.name


def test_nothing_is_loaded_before_the_reader_begins(open_page):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    loaded = visit.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert visit.page.evaluate("customElements.get('live-digit') !== undefined")
    assert not [n for n in loaded if "_live/" in n or "digit-net" in n or "onnxruntime" in n]


def test_other_pages_do_not_load_the_board(open_page):
    visit = open_page("en/index.html", viewport=DESK)
    assert visit.page.evaluate("customElements.get('live-digit') === undefined")


@pytest.mark.parametrize("folder", LANGUAGES)
def test_drawn_digits_are_read(open_page, folder):
    visit = open_page(f"{folder}/{PAGE}", viewport=DESK)
    for digit, strokes in DRAWINGS.items():
        draw(visit, strokes)
        best(visit, digit).wait_for()
        answer = digit_element(visit).locator("#reading")
        answer.filter(has_text=str(digit)).wait_for()
    assert visit.problems == []


def test_touch_draws(open_page):
    visit = open_page(f"en/{PAGE}", viewport=PHONE, has_touch=True)
    board = digit_element(visit).locator("canvas.ink")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    session = visit.page.context.new_cdp_session(visit.page)
    kinds = ["touchStart", *["touchMove"] * 20, "touchEnd"]
    for step, kind in enumerate(kinds):
        point = {"x": box["x"] + 145 - step / 2, "y": box["y"] + 50 + 9 * step}
        points = [] if kind == "touchEnd" else [point]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    best(visit, 1).wait_for()


def test_keyboard_draws(open_page):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    element = digit_element(visit)
    board = element.locator("canvas.ink")
    board.focus()
    place = element.locator("#place")
    assert place.inner_text() == "Row 15, column 15, pen up"
    for _ in range(9):
        board.press("ArrowUp")
    board.press("Space")
    assert place.inner_text() == "Row 6, column 15, pen down"
    for _ in range(18):
        board.press("ArrowDown")
    board.press("Space")
    best(visit, 1).wait_for()
    element.locator("#reading", has_text="The network reads 1").wait_for()
    # At the edge the cursor stays on the board.
    for _ in range(40):
        board.press("ArrowLeft")
    assert "column 1," in place.inner_text()


def test_test_images_come_with_their_labels(open_page, served):
    with safe_open(served / "samples.safetensors", "pt") as file:
        labels, pixels = file.get_tensor("labels").tolist(), file.get_tensor("pixels")
    assert labels[:10] == list(range(10))
    assert pixels.shape == (20, 28, 28)
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    element = digit_element(visit)
    for button, expected in (("#right", labels[:10]), ("#wrong", labels[10:])):
        for label in expected:
            element.locator(button).click()
            known = element.locator("#known", has_text=f"The label of this test image is {label}.")
            known.wait_for()
            if button == "#wrong":
                assert element.locator(".bars tr.best th").inner_text() != str(label)
    assert visit.problems == []


def test_onnx_runtime_agrees_and_is_loaded_only_on_demand(open_page, built):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    element = digit_element(visit)
    ask = element.locator("#ask")
    files = [built.root / "en" / "_live" / LESSON / "digits.onnx"]
    files += (built.root / "en/_static/onnxruntime").glob("ort*")
    size = sum(file.stat().st_size for file in files) / 1e6
    assert ask.inner_text() == f"Ask the ONNX file ({size:.1f} MB)"
    draw(visit, DRAWINGS[3])
    best(visit, 3).wait_for()
    requests = []
    visit.page.on("request", lambda request: requests.append(request.url))
    names = "() => performance.getEntriesByType('resource').map((e) => e.name).join()"
    assert "onnx" not in visit.page.evaluate(names)
    ask.click()
    element.locator("#difference", has_text="Largest difference").wait_for(timeout=60_000)
    assert {url.split("?")[0].rpartition(".")[2] for url in requests} == {"mjs", "wasm", "onnx"}
    rows = element.locator(".logits tbody tr").all()
    values = [[float(cell) for cell in row.locator("td").all_inner_texts()] for row in rows]
    torch.testing.assert_close(*torch.tensor(values), rtol=0, atol=1e-3)  # three decimals shown
    difference = element.locator("#difference").inner_text().rpartition(" ")[2]
    assert float(difference) <= 1e-4
    # And for another drawing without another click, nor another download.
    requests.clear()
    draw(visit, DRAWINGS[7])
    element.locator(".logits tbody").get_by_text(str(values[0][0])).first.wait_for(state="detached")
    assert requests == []
    assert visit.problems == []


def test_onnx_runtime_in_the_browser_computes_what_pytorch_computes(open_page, inputs, expected):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    draw(visit, DRAWINGS[3])
    digit_element(visit).locator("#ask").click()
    difference = digit_element(visit).locator("#difference", has_text="Largest")
    difference.wait_for(timeout=60_000)
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
    found = torch.tensor(visit.page.evaluate(script, inputs.flatten(1).tolist()))
    torch.testing.assert_close(found, expected, **TOLERANCE)


def test_drawing_is_prepared_as_mnist_was(open_page):
    """A drawn bar has 20 pixels, lies in the middle, and keeps its amount of ink."""
    visit = open_page(f"en/{PAGE}", viewport=DESK)
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


@pytest.mark.parametrize("answer", [{"status": 404}, {"body": b"cut short"}, None])
def test_a_missing_network_is_said_in_the_page(open_page, answer):
    visit = open_page(f"en/{PAGE}", viewport=DESK)
    address = "**/digits.safetensors*"
    visit.page.route(address, lambda r: r.abort() if answer is None else r.fulfill(**answer))
    draw(visit, DRAWINGS[1])
    said = digit_element(visit).locator("#reading", has_text="The network could not be loaded")
    said.wait_for()
    visit.page.unroute(address)
    draw(visit, DRAWINGS[1])  # and the next stroke tries again
    best(visit, 1).wait_for()


def test_a_page_opened_from_a_folder_says_what_is_wrong(browser, built):
    page = browser.new_page(viewport=DESK)
    page.goto((built.root / "zh" / PAGE).as_uri())
    page.locator("live-digit #right").click()
    page.locator("live-digit #reading", has_text="网络加载失败").wait_for()
    page.close()


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_room_is_reserved(open_page, built, folder, viewport):
    """The page does not move when the script draws the board, nor when the answer comes."""
    height = "() => document.querySelector('live-digit').getBoundingClientRect().height"
    visit = open_page(f"{folder}/{PAGE}", viewport=viewport)
    drawn = visit.page.evaluate(height)
    draw(visit, DRAWINGS[8])
    best(visit, 8).wait_for()
    assert visit.page.evaluate(height) == drawn
    visit.page.route("**/live-digit.js*", lambda route: route.fulfill(body=""))
    visit.page.reload()
    assert visit.page.evaluate(height) == drawn


def test_without_scripts_a_sentence_stands_there(open_page):
    visit = open_page(f"en/{PAGE}", viewport=DESK, java_script_enabled=False)
    assert digit_element(visit).inner_text().strip() == (
        "The drawing board needs JavaScript, which does not run here."
    )
    assert digit_element(visit).bounding_box()["height"] < 150


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_board_is_accessible(open_page, axe, folder, scheme):
    visit = open_page(f"{folder}/{PAGE}", viewport=PHONE, color_scheme=scheme)
    draw(visit, DRAWINGS[5])
    best(visit, 5).wait_for()
    digit_element(visit).locator("#ask").click()
    difference = digit_element(visit).locator("#difference", has_text=re.compile(r"\de[+-]\d"))
    difference.wait_for(timeout=60_000)
    visit.page.evaluate(axe)
    found = visit.page.evaluate(
        "async () => (await axe.run('live-digit')).violations"
        ".map((v) => [v.id, v.nodes.map((n) => n.html)])"
    )
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_downloads_have_a_link_instead(built, folder):
    script = (built.root / folder / PAGE).with_suffix(".py").read_text("utf-8")
    (line,) = [line for line in script.splitlines() if f"{folder}/{PAGE})" in line]
    assert line.startswith("# [") and "live-digit" not in script
