"""The emoji of lesson 26: the page answers what the lesson computes, and sends nothing."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Route, expect
from safetensors import safe_open

from built_site import LANGUAGES
from staged import PHONE, heights, violations

LESSON = "lesson_26_foundation_models"
PAGE = f"lessons/4_beyond/{LESSON}.html"
TOWERS = "**/pictures_and_words.safetensors*"
SPRITES = "**/emoji.webp*"
MODULES = ("live-model.js", "picture-net.js", "small-model.js")
WAITING = {"en": "Type a word, or choose an example.", "zh": "请输入一个词，或者点一个示例。"}
FAILED = {"en": "The network could not be loaded", "zh": "网络加载失败"}
NONE = {"en": "The network knows no word of this", "zh": "这里面没有网络认识的词"}
SIGNS = [*" -'_!½²٣Ⅷ３éßΣİ\u0301\u3000\ufeff👍\U00020000"]


class Towers:
    """What the lesson left, and what it computes from that."""

    def __init__(self, folder: Path) -> None:
        with safe_open(folder / "pictures_and_words.safetensors", "np") as file:
            self.notes = json.loads(file.metadata()["meta"])
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict

    def matrix(self, name: str) -> np.ndarray:
        return self.tensors[f"{name}.whole"] * self.tensors[f"{name}.scale"][:, None]

    def split(self, text: str, language: str) -> tuple[list[int], list[str]]:
        """Return the numbers of the tokens that are known, and the other tokens, each once."""
        numbers = {token: n for n, token in enumerate(self.notes[f"tokens_{language}"], start=1)}
        tokens = re.findall(self.notes["patterns"][language], text.lower())
        known = [numbers[token] for token in tokens if token in numbers]
        return known, list(dict.fromkeys(token for token in tokens if token not in numbers))

    def similarities(self, known: list[int], language: str) -> np.ndarray:
        """Return the cosine similarity with each picture."""
        mean = self.matrix(f"{language}.embedding")[known].mean(axis=0)
        normal = (mean - mean.mean()) / np.sqrt(mean.var() + 1e-5)
        normal = normal * self.tensors[f"{language}.norm.weight"]
        normal = normal + self.tensors[f"{language}.norm.bias"]
        vector = self.matrix(f"{language}.linear") @ normal
        vector = vector + self.tensors[f"{language}.linear.bias"]
        return self.matrix("pictures") @ vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def left(built) -> Towers:
    return Towers(built.root / "en" / "_live" / LESSON)


def element(visit) -> Locator:
    return visit.page.locator("live-pictures")


def pictures(visit) -> Locator:
    return element(visit).locator("ol li")


def status(visit) -> Locator:
    return element(visit).locator("[role=status]")


def ask(visit, text: str) -> dict[str, Any]:
    """Let the page answer a text, without waiting for the pause after the last key."""
    script = """async (text) => {
      const element = document.querySelector("live-pictures");
      element.find("#text").value = text;
      await element.ask();
      const best = element.answer?.best ?? [];
      return {
        rows: best.map(({ row }) => row),
        cosines: best.map(({ cosine }) => cosine),
        language: element.answer?.language,
      };
    }"""
    return visit.page.evaluate(script, text)


def type_(visit, text: str, count: int = 12) -> None:
    """Type a text, and wait until its pictures stand there."""
    element(visit).locator("input").fill(text)
    expect(pictures(visit)).to_have_count(count)


def test_the_page_answers_what_the_lesson_printed(lesson, left):
    visit = lesson()
    assert len(left.notes["answers"]) == 10
    for expected in left.notes["answers"]:
        found = ask(visit, expected["text"])
        assert found["language"] == expected["language"]
        assert found["rows"][:3] == expected["rows"], expected["text"]
        assert found["cosines"][:3] == pytest.approx(expected["cosines"], abs=1e-3)
        known, _ = left.split(expected["text"], expected["language"])
        cosines = left.similarities(known, expected["language"])
        assert found["cosines"] == pytest.approx(np.sort(cosines)[:-13:-1], abs=1e-3)
        assert cosines[found["rows"]] == pytest.approx(found["cosines"], abs=1e-3)
    assert visit.problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_odd_texts_are_answered_as_the_lesson_does(lesson, left, language):
    visit = lesson()
    chance = random.Random(26)
    words = [*left.notes[f"tokens_{language}"], *SIGNS, "QWERTY"]
    sure = {"en": " Cat", "zh": "猫"}[language]
    texts = ["".join(chance.choices([*words, *SIGNS], k=chance.randint(1, 9))) for _ in range(200)]
    found = visit.page.evaluate(
        """async ([texts, language]) => {
          const element = document.querySelector("live-pictures");
          const model = await element.load();
          return texts.map((text) => {
            const { known, unknown } = element.net.splitTokens(model.towers[language], text);
            return [unknown, [...element.net.similarities(model, language, known)]];
          });
        }""",
        [[text + sure for text in texts], language],
    )
    for text, (unknown, cosines) in zip(texts, found, strict=True):
        known, others = left.split(text + sure, language)
        assert unknown == others, repr(text)
        assert cosines == pytest.approx(left.similarities(known, language), abs=1e-3)


@pytest.mark.parametrize(("folder", "text"), [("en", "woman running"), ("en", "雪"), ("zh", "猫")])
def test_pictures_have_names_in_the_language_of_the_text(lesson, left, folder, text):
    visit = lesson(folder)
    element(visit).get_by_role("button", name=text, exact=True).click()
    expect(pictures(visit)).to_have_count(12)
    expect(element(visit).locator("input")).to_have_value(text)
    language = "en" if text.isascii() else "zh"
    known, _ = left.split(text, language)
    cosines = left.similarities(known, language)
    rows = np.argsort(-cosines)[:12]
    names = [left.notes[f"names_{language}"][row] for row in rows]
    assert element(visit).locator("ol").get_attribute("lang") == LANGUAGES[language]
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        item = pictures(visit).nth(number)
        expect(item.locator("b")).to_have_text(name)
        share = float(item.locator("small").inner_text().split(" · ")[0])
        assert share == pytest.approx(cosines[row], abs=2e-3)
        place = item.locator("i").evaluate("i => getComputedStyle(i).backgroundPosition")
        assert place == " ".join(f"{-64 * at}px" for at in (row % 40, row // 40))
    # A voice hears the number and three names, not what stands below each picture.
    expect(status(visit)).to_contain_text("12")
    said = status(visit).inner_text()
    assert [name in said for name in names[:3]] == [True] * 3 and names[3] not in said
    assert element(visit).locator("[role=status], [aria-live]").count() == 1
    assert visit.problems == []


def test_the_tile_is_the_picture(lesson):
    visit = lesson()
    type_(visit, "red heart")
    pixels = visit.page.evaluate("""async () => {
      const items = [...document.querySelector("live-pictures").find("ol").children];
      const tile = items.find((li) => li.innerText.startsWith("red heart")).firstChild;
      const style = getComputedStyle(tile);
      const sheet = new Image();
      sheet.src = style.backgroundImage.slice(5, -2);
      await sheet.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
      const context = canvas.getContext("2d");
      const [x, y] = style.backgroundPosition.split(" ").map((at) => parseInt(at) / 2);
      context.drawImage(sheet, x, y);
      return [...context.getImageData(16, 16, 1, 1).data];
    }""")
    assert pixels[0] > 150 and max(pixels[1:3]) < 100, "red"


def test_pictures_that_were_held_out_are_marked(lesson, left):
    visit = lesson()
    counts = set()
    for text in ("red heart", "snow", "猫"):
        rows = ask(visit, text)["rows"]
        held_out = [row in left.notes["held_out"] for row in rows]
        styles = [
            item.evaluate("li => getComputedStyle(li).borderStyle")
            for item in pictures(visit).all()
        ]
        assert [style == "dashed" for style in styles] == held_out
        assert ["held out" in words for words in pictures(visit).all_inner_texts()] == held_out
        counts.add(sum(held_out))
    assert max(counts) > 0


@pytest.mark.parametrize("folder", LANGUAGES)
def test_words_that_nobody_taught_are_named(lesson, folder):
    visit = lesson(folder)
    unknown = element(visit).locator("#unknown")
    expect(status(visit)).to_have_text(WAITING[folder])
    type_(visit, "a Qwertyish cat, qwertyish and blorping")
    expect(unknown).to_contain_text("qwertyish")
    expect(unknown).to_contain_text("blorping")
    assert unknown.inner_text().count("qwertyish") == 1
    type_(visit, "cat")
    expect(unknown).to_be_empty()
    for text, named in (("qwertyish", "qwertyish"), ("!?", ""), ("猋", "猋")):
        type_(visit, text, 0)
        expect(status(visit)).to_contain_text(NONE[folder])
        expect(unknown).to_contain_text(named)
        expect(element(visit).locator("#found")).to_be_hidden()
    type_(visit, " ", 0)
    expect(status(visit)).to_have_text(WAITING[folder])
    expect(unknown).to_be_empty()
    assert visit.problems == []


def test_nothing_is_loaded_before_the_reader_types_and_each_file_once(lesson):
    visit = lesson(fresh=True)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    element(visit).scroll_into_view_if_needed()
    element(visit).locator("input").focus()
    visit.page.wait_for_timeout(400)

    def late() -> list[str]:
        found = [
            address
            for address in asked
            if "_live/" in address or address.split("?")[0].endswith(MODULES)
        ]
        return sorted(address.split("?")[0].rpartition("/")[2] for address in found)

    assert late() == []
    for text in ("cat", "red cat", "猫"):
        type_(visit, text)
    expect(status(visit)).to_contain_text("猫")
    assert late() == sorted([*MODULES, "emoji.webp", "pictures_and_words.safetensors"])
    assert all("cat" not in address.rpartition("/")[2] for address in asked)


def test_words_are_answered_after_a_pause_and_not_each_letter(lesson):
    visit = lesson()
    type_(visit, "red")
    visit.page.evaluate("""() => {
      const element = document.querySelector("live-pictures");
      const ask = element.ask.bind(element);
      element.asked = 0;
      element.ask = () => (element.asked++, ask());
    }""")
    element(visit).locator("input").press_sequentially(" heart", delay=10)
    expect(status(visit)).to_contain_text("red heart")
    assert visit.page.evaluate("document.querySelector('live-pictures').asked") == 1


def test_examples_are_reached_by_keyboard_and_by_touch(lesson):
    visit = lesson(viewport=PHONE, has_touch=True)
    examples = element(visit).locator(".examples button")
    element(visit).locator("input").focus()
    for _ in range(3):
        visit.page.keyboard.press("Tab")
    expect(examples.nth(2)).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect(pictures(visit)).to_have_count(12)
    expect(element(visit).locator("input")).to_have_value("猫")
    expect(examples.nth(2)).to_be_focused()
    examples.first.tap()
    expect(element(visit).locator("ol")).to_have_attribute("lang", "en")
    boxes = [button.bounding_box() for button in examples.all()]
    assert min(min(box["height"], box["width"]) for box in boxes) >= 44


def test_a_later_text_wins(lesson):
    late: list[Route] = []
    visit = lesson(routes={TOWERS: lambda route: late.append(route)})
    script = """(text) => {
      const element = document.querySelector("live-pictures");
      element.find("#text").value = text;
      element.runs = [...(element.runs ?? []), element.ask()];
    }"""
    for text in ("cat", ""):
        visit.page.evaluate(script, text)
    expect(status(visit)).to_have_text(WAITING["en"])
    visit.page.wait_for_timeout(400)  # the first text waits for its file
    late[0].continue_()
    visit.page.evaluate("Promise.all(document.querySelector('live-pictures').runs)")
    expect(pictures(visit)).to_have_count(0)
    expect(status(visit)).to_have_text(WAITING["en"])


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved_and_a_missing_file_is_said(lesson, folder):
    """The page does not move when the script draws the element, when loading fails, nor later."""
    visit = lesson(folder, routes={SPRITES: lambda route: route.abort()})
    page = visit.page

    drawn = heights(page, "live-pictures")
    element(visit).locator("input").fill("cat")
    expect(status(visit)).to_contain_text(FAILED[folder])
    assert heights(page, "live-pictures") == drawn
    page.unroute(SPRITES)
    page.route(TOWERS, lambda route: route.fulfill(body=b"half of it"))
    ask(visit, "red cat")
    expect(status(visit)).to_contain_text(FAILED[folder])
    page.unroute(TOWERS)
    type_(visit, "men woman running")
    assert heights(page, "live-pictures") == drawn
    # The longest names and the longest words that are not known, all at once.
    type_(visit, "cat" + "".join(f" {'m' * 50}{n}" for n in range(9)))
    page.evaluate("""() => {
      const { answer } = document.querySelector("live-pictures");
      const { names } = answer.model.towers.en;
      const rows = names.map((_, row) => row).sort((a, b) => names[b].length - names[a].length);
      const best = rows.slice(0, 12).map((row) => ({ row, cosine: 0.5, name: names[row] }));
      const element = document.querySelector("live-pictures");
      const unknown = Array.from({ length: 9 }, () => "m".repeat(50));
      element.show({ ...answer, best }, element.labels.answer, unknown, "en");
    }""")
    assert heights(page, "live-pictures") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_element_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    assert violations(visit.page, axe, "live-pictures") == []
    for text, count in (("a qwertyish cat", 12), ("雪", 12), ("qwertyish", 0)):
        type_(visit, text, count)
        assert violations(visit.page, axe, "live-pictures") == []
