"""The detector of lesson 18: what the page answers is what the lesson found, and nothing leaves it."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, expect
from safetensors.torch import load_file
from torch.nn import functional as F

from built_site import LANGUAGES
from staged import DESK, PHONE, heights, violations

LESSON = "lesson_18_image_classification_2"
PAGE = f"lessons/3_practice/{LESSON}.html"
SLOW = 60_000  # a runtime of 14 MB has to start, in milliseconds
LATE = ("_live/", "live-model", "logo-net", "onnxruntime")
VERDICTS = {
    "en": ("The logo is not in this picture.", "The logo is in this picture."),
    "zh": ("这张图片里没有课程标志。", "这张图片里有课程标志。"),
}
UNREADABLE = {
    "en": "is not a picture that this browser can open",
    "zh": "不是这个浏览器能打开的图片",
}
FAILED = {"en": re.compile("The network could not be loaded"), "zh": re.compile("网络加载失败")}
#: Send an event with a file, as dropping or pasting does; without a name, with no file.
SEND = """([kind, name, base64]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  if (name) data.items.add(new File([bytes], name));
  const options = { bubbles: true, cancelable: true, composed: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...options, clipboardData: data })
    : new DragEvent(kind, { ...options, dataTransfer: data });
  const target = kind === "paste" ? document.body : document.querySelector("live-logo");
  return !target.dispatchEvent(event);
}"""


@pytest.fixture
def samples(left) -> dict[str, torch.Tensor]:
    """The four examples, shape (4, 3, 96, 96) as bytes, and their probabilities."""
    return load_file(left / "samples.safetensors")


@pytest.fixture
def detector(lesson):
    """A function that opens the page and loads the network."""

    def open_(folder: str = "en", **options: object):
        visit = lesson(folder, **options)
        found = element(visit)
        found.locator("#load").click()
        expect(found.locator("#answer")).to_be_visible(timeout=SLOW)
        return visit

    return open_


def element(visit) -> Locator:
    return visit.page.locator("live-logo")


def png(picture: np.ndarray) -> bytes:
    """Return a picture, shape (H, W, 3) or (H, W, 4), as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def as_file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "", "buffer": content}


def answered(visit, name: str) -> float:
    """Wait for the answer to a picture, and return its probability."""
    expect(element(visit).locator("#shown")).to_contain_text(name)
    expect(element(visit).locator("#numbers")).to_contain_text("%")
    return visit.page.evaluate("document.querySelector('live-logo').answer.probability")


def pixels_shown(visit, which: str = ".picture") -> np.ndarray:
    """Return what a canvas shows, shape (H, W, 4)."""
    script = """(canvas) => {
      const { width, height } = canvas;
      return [height, width, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
    }"""
    height, width, values = element(visit).locator(which).evaluate(script)
    return np.array(values, dtype=np.uint8).reshape(height, width, 4)


def send(visit, kind: str, name: str = "", content: bytes = b"") -> bool:
    """Drop or paste a file; return whether the element took it."""
    return visit.page.evaluate(SEND, [kind, name, b64encode(content).decode()])


@pytest.mark.parametrize("folder", LANGUAGES)
def test_examples_are_answered_as_in_the_lesson(detector, left, samples, folder):
    threshold = json.loads((left / "logo.json").read_text("utf-8"))["threshold"]
    visit = detector(folder)
    verdicts = set()
    for number, expected in enumerate(samples["probabilities"].tolist(), 1):
        element(visit).locator(".examples button").nth(number - 1).click()
        name = {"en": f"Example {number},", "zh": f"示例 {number}，"}[folder]
        found = answered(visit, name)
        assert found == pytest.approx(expected, abs=0.02)
        verdict = VERDICTS[folder][found >= threshold]
        expect(element(visit).locator("#verdict")).to_have_text(verdict)
        verdicts.add(verdict)
        shown = element(visit).locator("#numbers").inner_text()
        (percent, limit) = (float(text) for text in re.findall(r"([\d.]+)%", shown))
        assert percent == pytest.approx(100 * np.clip(found, 0.001, 0.999), abs=0.06)
        assert limit == pytest.approx(100 * threshold, abs=0.06)
        picture = samples["pictures"][number - 1].permute(1, 2, 0).numpy()
        assert (pixels_shown(visit)[..., :3] == picture).all()
    assert len(verdicts) == 2, "the examples show both verdicts"
    assert visit.problems == []


def test_nothing_is_loaded_before_the_button(open_page, server, built):
    page = open_page("en/index.html", fresh=True, viewport=DESK).page
    defined = "customElements.get('live-logo') !== undefined"
    assert not page.evaluate(defined), "other pages do not load the element"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}en/{PAGE}")
    assert page.evaluate(defined)
    assert not [address for address in asked if any(name in address for name in LATE)]
    found = page.locator("live-logo")
    for part in ("#file", "#mapped", ".examples button >> nth=0"):
        expect(found.locator(part)).to_be_disabled()
    # The button names what it loads; then all of that is loaded, once, and nothing later.
    folders = (built.root / "en" / "_live" / LESSON, built.root / "en/_static/onnxruntime")
    names = ("logo.onnx", "logo.json", "samples.safetensors", "*.mjs", "*.wasm")
    files = [file for folder in folders for name in names for file in folder.glob(name)]
    size = sum(file.stat().st_size for file in files) / 1e6
    expect(found.locator("#load")).to_have_text(f"Load the network ({size:.1f} MB)")
    asked.clear()
    found.locator("#load").click()
    expect(found.locator("#answer")).to_be_visible(timeout=SLOW)
    wanted = sorted(["live-model.js", "logo-net.js", *(file.name for file in files)])
    assert sorted(address.split("?")[0].rpartition("/")[2] for address in asked) == wanted
    asked.clear()
    found.locator(".examples button").first.click()
    expect(found.locator("#numbers")).to_contain_text("%")
    assert asked == []


def test_a_chosen_file_is_answered_and_stays_in_the_browser(detector, samples, tmp_path):
    file = tmp_path / "mine.png"
    file.write_bytes(png(samples["pictures"][2].permute(1, 2, 0).contiguous().numpy()))
    visit = detector()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    for _ in range(2):  # the same file may be chosen again
        element(visit).locator("#file").set_input_files(file)
        found = answered(visit, "mine.png")
        assert found == pytest.approx(samples["probabilities"][2].item(), abs=0.02)
        element(visit).locator(".examples button").first.click()
        answered(visit, "Example 1")
    assert all(address.startswith("blob:") for address in asked), asked
    assert visit.problems == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_what_is_not_a_picture_is_refused(detector, folder):
    visit = detector(folder)
    element(visit).locator(".examples button").first.click()
    expect(element(visit).locator("#numbers")).to_contain_text("%")
    name = f"a text {'with a long name ' * 8}.txt"
    for content in (b"not a picture", b""):
        element(visit).locator("#file").set_input_files(as_file(name, content))
        verdict = element(visit).locator("#verdict")
        expect(verdict).to_contain_text(UNREADABLE[folder])
        assert "a text" in verdict.inner_text() and ".txt" in verdict.inner_text()
        expect(element(visit).locator("#numbers")).to_be_empty()
        assert not pixels_shown(visit).any() and not pixels_shown(visit, ".map").any()
        element(visit).locator(".examples button").first.click()
        expect(element(visit).locator("#numbers")).to_contain_text("%")
    assert visit.problems == []


def test_what_is_enormous_is_refused(detector, tmp_path):
    many_bytes, many_pixels = tmp_path / "bytes.png", tmp_path / "pixels.png"
    with many_bytes.open("wb") as file:
        file.truncate(50_000_001)
    Image.new("1", (10_001, 10_000)).save(many_pixels)
    visit = detector()
    for file in (many_bytes, many_pixels):
        element(visit).locator("#file").set_input_files(file)
        text = f"“{file.name}” is too large: a picture may have 50 MB and 100 million pixels."
        expect(element(visit).locator("#verdict")).to_have_text(text)
    assert visit.problems == []


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_can_be_dropped_and_pasted(lesson, samples, kind):
    content = png(samples["pictures"][0].permute(1, 2, 0).contiguous().numpy())
    visit = lesson()
    assert send(visit, kind, "early.png", content)
    early = "Load the network first, then choose a picture."
    expect(element(visit).locator("#loading")).to_have_text(early)
    element(visit).locator("#load").click()
    expect(element(visit).locator("#answer")).to_be_visible(timeout=SLOW)
    assert send(visit, kind, "mine.png", content)
    found = answered(visit, "mine.png")
    assert found == pytest.approx(samples["probabilities"][0].item(), abs=0.02)
    # What is no file stays with the browser where it is pasted, and is refused where it is dropped.
    assert send(visit, kind) == (kind == "drop")
    if kind == "drop":
        expect(element(visit).locator("#verdict")).to_contain_text("That was no file.")
    assert visit.problems == []


def resized(picture: np.ndarray, size: int = 96) -> np.ndarray:
    """Scale the shorter side to ``size`` and keep the middle, with PyTorch; shape (H, W, 3)."""
    height, width, _ = picture.shape
    scaled = [int(size * side / min(height, width)) for side in (height, width)]
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    small = F.interpolate(pixels, scaled, mode="bilinear", antialias=True)
    top, left = ((side - size) // 2 for side in scaled)
    small = small[0, :, top : top + size, left : left + size].round()
    return small.permute(1, 2, 0).numpy()


def scene(height: int, width: int) -> np.ndarray:
    """Return a picture with soft and with sharp edges, shape (H, W, 3)."""
    y, x = np.mgrid[:height, :width] / min(height, width)
    red = 127 + 120 * np.sin(9 * x + 4 * y)
    green = np.where((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.09, 230, 40)
    blue = 127 + 120 * np.cos(7 * y - 2 * x)
    return np.stack([red, green + 0 * x, blue], -1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(96, 96), (240, 320), (500, 333), (50, 70), (1500, 2000)])
def test_pictures_are_prepared_as_in_the_lesson(detector, shape):
    visit = detector()
    picture = scene(*shape)
    element(visit).locator("#file").set_input_files(as_file("scene.png", png(picture)))
    answered(visit, "scene.png")
    difference = np.abs(pixels_shown(visit)[..., :3] - resized(picture))
    # Half a pixel at the edges of the middle, and a browser's own smoothing of large pictures.
    assert difference.mean() < 1 and np.quantile(difference, 0.98) < 16


def test_noise_is_scaled_as_pytorch_scales_it(detector):
    visit = detector()
    generator = np.random.default_rng(0)
    script = """([pixels, side]) =>
      [...document.querySelector("live-logo").net.shrink(Uint8Array.from(pixels), side, 96)]"""
    for side in (40, 96, 100, 333):
        pixels = generator.integers(256, size=(side, side, 4), dtype=np.uint8)
        found = visit.page.evaluate(script, [pixels.flatten().tolist(), side])
        found = np.array(found).reshape(3, 96, 96).transpose(1, 2, 0)
        assert np.abs(found - resized(pixels[..., :3])).max() <= 1


def test_transparent_pictures_stand_on_white(detector):
    visit = detector()
    nothing = png(np.zeros((96, 96, 4), np.uint8))
    element(visit).locator("#file").set_input_files(as_file("clear.png", nothing))
    answered(visit, "clear.png")
    assert (pixels_shown(visit) == 255).all()


def test_map_colours_what_speaks_for_the_logo_and_can_be_hidden(detector, samples):
    visit = detector()
    element(visit).locator(".examples button").nth(samples["probabilities"].argmax().item()).click()
    expect(element(visit).locator("#numbers")).to_contain_text("%")
    script = "[...document.querySelector('live-logo').answer.map]"
    values = np.array(visit.page.evaluate(script)).reshape(6, 6)
    expected = 0.65 * 255 * values.clip(0) / values.max()
    shown = pixels_shown(visit, ".map")
    assert shown[..., 3] == pytest.approx(expected, abs=1)
    row, column = np.unravel_index(values.argmax(), values.shape)
    where = element(visit).locator("#where")
    expect(where).to_contain_text(f"row {row + 1}, column {column + 1} of 6 × 6")
    mapped = element(visit).locator("#mapped")
    mapped.uncheck()
    assert not pixels_shown(visit, ".map").any()
    expect(where).to_be_empty()
    element(visit).locator(".examples button").first.click()
    answered(visit, "Example 1")
    assert not pixels_shown(visit, ".map").any()
    mapped.check()
    assert pixels_shown(visit, ".map").shape == (6, 6, 4)


def test_a_map_that_speaks_against_the_logo_has_no_colour(detector):
    visit = detector()
    script = """([cells]) => document.querySelector("live-logo").net.strengths(new Float32Array(cells))"""
    assert visit.page.evaluate(script, [[-1, -2, 0]]) == {"cells": [0, 0, 0], "strongest": -1}
    found = visit.page.evaluate(script, [[-1, 1, 4]])
    assert found == {"cells": [0, 0.25, 1], "strongest": 2}


def test_keyboard_alone_is_enough(lesson, samples):
    visit = lesson()
    press, found = visit.page.keyboard.press, element(visit)
    # From now on the browser hands the dialog over; asked only when the key is pressed, it may be late.
    visit.page.on("filechooser", lambda _: None)
    found.locator("#load").focus()
    press("Enter")
    file = found.locator("#file")
    expect(file).to_be_focused(timeout=SLOW)  # what was pressed is gone
    with visit.page.expect_file_chooser() as chooser:
        press("Enter")
    mine = png(samples["pictures"][1].permute(1, 2, 0).contiguous().numpy())
    chooser.value.set_files(as_file("mine.png", mine))
    answered(visit, "mine.png")
    for number in (1, 2, 3, 4):
        press("Tab")
        press("Enter")
        found_now = answered(visit, f"Example {number}")
        assert found_now == pytest.approx(samples["probabilities"][number - 1].item(), abs=0.02)
    press("Tab")
    expect(found.locator("#mapped")).to_be_focused()
    press("Space")
    expect(found.locator("#mapped")).not_to_be_checked()
    assert visit.problems == []


FAILURES: dict[str, tuple[str, Callable]] = {
    "missing": ("**/logo.onnx*", lambda route: route.fulfill(status=404)),
    "cut short": ("**/logo.onnx*", lambda route: route.fulfill(body=b"cut short")),
    "no runtime": ("**/ort*.mjs*", lambda route: route.abort()),
    "no program": ("**/ort*.wasm*", lambda route: route.abort()),
    "no code": ("**/logo-net.js*", lambda route: route.abort()),
}


@pytest.mark.parametrize("wrong", [*FAILURES, "broken"])
def test_a_failed_download_is_said_and_can_be_tried_again(lesson, built, wrong):
    (program,) = (built.root / "en/_static/onnxruntime").glob("*.wasm")
    nothing = bytes(program.stat().st_size)
    broken = ("**/ort*.wasm*", lambda route: route.fulfill(body=nothing))
    address, answer = FAILURES.get(wrong, broken)
    visit = lesson(routes={address: answer})
    load, loading = element(visit).locator("#load"), element(visit).locator("#loading")
    load.click()
    expect(loading).to_have_text(FAILED["en"], timeout=SLOW)
    expect(load).to_have_text(re.compile("Try again"))
    expect(element(visit).locator("#progress")).to_be_hidden()
    visit.page.unroute(address)
    load.click()
    expect(element(visit).locator("#answer")).to_be_visible(timeout=SLOW)
    element(visit).locator(".examples button").first.click()
    answered(visit, "Example 1")


def test_the_last_picture_gets_the_answer(detector, samples):
    """Whoever chooses another picture before the answer never sees that of the first one."""
    visit = detector()
    script = """async () => {
      const element = document.querySelector("live-logo");
      const [numbers, seen] = [element.find("#numbers"), []];
      const note = () => seen.push(numbers.textContent);
      new MutationObserver(note).observe(numbers, { childList: true });
      for (const at of [0, 1, 2, 3, 2, 1]) element.examples[at].click();
      await element.run;
      await new Promise((resolve) => setTimeout(resolve));
      return seen.filter(Boolean);
    }"""
    seen = visit.page.evaluate(script)
    assert len(seen) == 1, seen
    found = answered(visit, "Example 2")
    assert found == pytest.approx(samples["probabilities"][1].item(), abs=0.02)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved(lesson, folder):
    """The page does not move when the script draws the element, when loading fails, nor later."""
    program = "**/ort*.wasm*"
    visit = lesson(folder, routes={program: lambda route: route.abort()})
    page = visit.page

    drawn = heights(page, "live-logo")
    element(visit).locator("#load").click()
    expect(element(visit).locator("#loading")).to_have_text(FAILED[folder])
    assert heights(page, "live-logo") == drawn
    page.unroute(program)
    element(visit).locator("#load").click()
    expect(element(visit).locator("#answer")).to_be_visible(timeout=SLOW)
    assert heights(page, "live-logo") == drawn
    element(visit).locator(".examples button").first.click()
    expect(element(visit).locator("#numbers")).to_contain_text("%")
    assert heights(page, "live-logo") == drawn
    element(visit).locator("#file").set_input_files(as_file(f"{'long' * 20}.txt", b"text"))
    expect(element(visit).locator("#verdict")).to_contain_text(UNREADABLE[folder])
    assert heights(page, "live-logo") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_element_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    assert violations(visit.page, axe, "live-logo") == []
    element(visit).locator("#load").click()
    expect(element(visit).locator("#answer")).to_be_visible(timeout=SLOW)
    element(visit).locator(".examples button").first.click()
    expect(element(visit).locator("#numbers")).to_contain_text("%")
    assert violations(visit.page, axe, "live-logo") == []
    answer = element(visit).locator("#answer")
    assert answer.get_attribute("aria-live") == "polite"
