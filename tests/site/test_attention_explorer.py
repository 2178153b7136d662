"""The GPT of lesson 22 in the page: it computes what PyTorch computes, and shows where it looks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import torch
from playwright.sync_api import Locator, expect
from safetensors import safe_open
from safetensors.torch import load_file

from built_site import LANGUAGES
from staged import DESK, PHONE, asked_by_scripts, heights, scrolls_sideways, violations

LESSON = "lesson_22_nlp_2"
PAGE = f"lessons/3_practice/{LESSON}.html"
LATE = ("_live/", "small-model", "small-gpt")
SENTENCE = "the film is long but the last hour is beautiful"
EMPTY = {"en": "Write at least one word.", "zh": "请至少写一个词。"}
FAILED = {"en": "The network could not be loaded", "zh": "网络加载失败"}
#: Let the element read a text, and return what it computed.
READ = """async (text) => {
  const element = document.querySelector("attention-explorer");
  element.find("#text").value = text;
  await element.read();
  const { tokens, numbers, weights, chances } = element.answer;
  return { tokens, numbers, weights: weights.map((heads) => heads.map((rows) => rows.map((row) => [...row]))),
    chances: [...chances] };
}"""


@pytest.fixture
def explorer(lesson):
    """A function that opens the page and runs the GPT."""

    def open_(folder: str = "en", **options: object):
        visit = lesson(folder, **options)
        element(visit).locator("#load").click()
        expect(element(visit).locator("#again")).to_be_visible()
        return visit

    return open_


def element(visit) -> Locator:
    return visit.page.locator("attention-explorer")


def token(visit, number: int) -> Locator:
    return element(visit).locator("#tokens button").nth(number - 1)


def write(visit, text: str) -> None:
    element(visit).locator("#text").fill(text)
    element(visit).locator("#text").press("Enter")


def seen(visit) -> list[str]:
    """Return the tokens as the GPT sees them, without their numbers."""
    script = "(buttons) => buttons.map((button) => button.firstChild.textContent)"
    return element(visit).locator("#tokens button").evaluate_all(script)


def test_javascript_computes_what_pytorch_computes(explorer, left):
    """Equal to the unpacked model, for several sentences; the lesson has left its answers."""
    answers = load_file(left / "gpt_answers.safetensors")
    with safe_open(left / "gpt_answers.safetensors", "pt") as file:
        sentences = json.loads(file.metadata()["sentences"])
    visit = explorer()
    assert sentences[0] == SENTENCE and len(sentences) >= 5
    for number, sentence in enumerate(sentences):
        found = visit.page.evaluate(READ, sentence)
        weights, chances = answers[f"weights {number}"], answers[f"chances {number}"]
        length = len(found["tokens"])
        assert weights.shape == (2, 4, length, length)
        mine = torch.zeros(weights.shape)
        for layer, heads in enumerate(found["weights"]):
            for head, rows in enumerate(heads):
                for at, row in enumerate(rows):
                    assert len(row) == at + 1, "no token looks ahead"
                    mine[layer, head, at, : at + 1] = torch.tensor(row)
        torch.testing.assert_close(mine, weights, rtol=0, atol=1e-3)
        torch.testing.assert_close(torch.tensor(found["chances"]), chances, rtol=0, atol=1e-3)
        # Small probabilities are not equal because all of them are small.
        likely = chances > 1e-3
        ratio = torch.tensor(found["chances"])[likely] / chances[likely]
        assert (ratio - 1).abs().max() < 0.01
    assert visit.problems == []


def test_texts_are_cut_as_in_python(explorer):
    visit = explorer()
    texts = [
        "It's NOT 3/10!",
        "naïve Straße ΣΑΣ",
        "a_b  c\u00a0d\x1ce\ufefff\x85g",
        "Ⅷ²½٣ e\u0301",
        "很美，😀",
    ]
    script = """(texts) => texts.map(document.querySelector("attention-explorer").ready.net.cut)"""
    expected = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in texts]
    assert visit.page.evaluate(script, texts) == expected


def test_file_is_small(left):
    assert (left / "gpt.safetensors").stat().st_size < 1_000_000


def test_nothing_is_loaded_before_the_reader_begins(open_page, server):
    page = open_page("en/index.html", fresh=True, viewport=DESK).page
    asked = asked_by_scripts(page)
    page.goto(f"{server}en/{PAGE}")
    assert page.evaluate("customElements.get('attention-explorer') !== undefined")
    assert not [address for address in asked if any(name in address for name in LATE)]
    asked.clear()
    page.locator("attention-explorer #load").click()
    expect(page.locator("attention-explorer #again")).to_be_visible()
    names = sorted(address.split("?")[0].rpartition("/")[2] for address in asked)
    assert names == ["gpt.safetensors", "small-gpt.js", "small-model.js"]
    asked.clear()
    page.locator("attention-explorer #next button").first.click()
    expect(page.locator("attention-explorer #tokens button")).to_have_count(11)
    assert asked == [], "nothing is sent"


def test_a_token_shows_where_it_looks(explorer):
    visit = explorer()
    expect(token(visit, 10)).to_have_attribute("aria-pressed", "true")
    element(visit).locator("#heads button").nth(6).click()
    token(visit, 4).click()
    answer = visit.page.evaluate(READ, SENTENCE)
    token(visit, 4).click()
    row = answer["weights"][1][2][3]
    for number, weight in enumerate(row, 1):
        shown = "<0.01" if weight < 0.005 else f"{weight:.2f}"
        expect(token(visit, number).locator("small")).to_have_text(shown)
        expect(token(visit, number)).to_have_accessible_name(
            f"{SENTENCE.split()[number - 1]} {shown}"
        )
        bar = token(visit, number).locator("b").bounding_box()["height"]
        assert bar == pytest.approx(32 * weight, abs=1)
    expect(token(visit, 5)).to_have_attribute("aria-description", re.compile("comes later"))
    looks = element(visit).locator("#looks")
    largest = SENTENCE.split()[row.index(max(row))]
    expect(looks).to_contain_text(f"In layer 2, head 3, “long” looks most at: “{largest}”")


def test_maps_have_a_row_for_each_token(explorer):
    visit = explorer()
    script = """(canvas) => [canvas.width, canvas.height,
      [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]]"""
    answer = visit.page.evaluate(READ, SENTENCE)
    for number in range(8):
        canvas = element(visit).locator("#heads canvas").nth(number)
        width, height, values = canvas.evaluate(script)
        assert (width, height) == (10, 10)
        alpha = torch.tensor(values).reshape(10, 10, 4)[..., 3]
        rows = answer["weights"][number // 4][number % 4]
        expected = torch.tensor([row + [0] * (10 - len(row)) for row in rows])
        assert (alpha - 255 * expected).abs().max() <= 1


def test_next_words_are_the_most_probable_and_can_be_written(explorer, left):
    visit = explorer()
    with safe_open(left / "gpt.safetensors", "pt") as file:
        vocabulary = json.loads(file.metadata()["meta"])["vocabulary"]
    chances = load_file(left / "gpt_answers.safetensors")["chances 0"].tolist()
    order = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
    words = [vocabulary[n] for n in order if vocabulary[n] not in ("<unk>", "<end>")][:5]
    buttons = element(visit).locator("#next button")
    for button, word in zip(buttons.all(), words, strict=True):
        expect(button.locator("span")).to_have_text(word)
        percent = f"{100 * chances[vocabulary.index(word)]:.1f}%"
        expect(button.locator("small")).to_have_text(percent)
        expect(button).to_have_accessible_name(f"{word} {percent}")
    unknown = f"{100 * chances[0]:.1f}%"
    expect(element(visit).locator("#special")).to_contain_text(f"(<unk>): {unknown}")
    buttons.nth(1).focus()
    visit.page.keyboard.press("Enter")
    expect(element(visit).locator("#tokens button")).to_have_count(11)
    expect(element(visit).locator("#text")).to_have_value(re.compile(re.escape(words[1]) + "$"))
    assert seen(visit) == [*SENTENCE.split(), words[1]]
    expect(token(visit, 11)).to_have_attribute("aria-pressed", "true")
    expect(buttons.nth(1)).to_be_focused()
    element(visit).locator("#again").click()
    assert seen(visit) == SENTENCE.split()


def test_unknown_words_are_shown_as_the_model_sees_them(explorer):
    visit = explorer()
    write(visit, "The film is xyzzyish 很美 xyzzyish.")
    expect(element(visit).locator("#tokens button")).to_have_count(7)
    assert seen(visit) == ["the", "film", "is", "<unk>", "<unk>", "<unk>", "."]
    expect(element(visit).locator("#unknown")).to_contain_text("<unk>: “xyzzyish” and “很美”")


@pytest.mark.parametrize("folder", LANGUAGES)
def test_empty_and_long_sentences_are_refused_and_nothing_is_lost(explorer, folder):
    visit = explorer(folder)
    status = element(visit).locator("#status")
    write(visit, "  \n ")
    expect(status).to_contain_text(EMPTY[folder])
    assert seen(visit) == SENTENCE.split()
    text = " ".join(["film"] * 64)
    write(visit, text)
    expect(status).to_be_empty()
    expect(element(visit).locator("#tokens button")).to_have_count(64)
    element(visit).locator("#next button").first.click()
    expect(status).to_contain_text("65")
    expect(status).to_contain_text("64")
    expect(element(visit).locator("#tokens button")).to_have_count(64)
    assert element(visit).locator("#text").input_value().startswith(text)
    assert not scrolls_sideways(visit.page)
    assert visit.problems == []


def test_keyboard_alone_is_enough(lesson):
    visit = lesson()
    press = visit.page.keyboard.press
    element(visit).locator("#load").focus()
    press("Enter")
    expect(element(visit).locator("#again")).to_be_focused()
    press("Tab")
    expect(token(visit, 10)).to_be_focused()
    press("ArrowLeft")
    expect(token(visit, 9)).to_be_focused()
    expect(token(visit, 9)).to_have_attribute("aria-pressed", "true")
    press("Home")
    expect(token(visit, 1)).to_be_focused()
    expect(element(visit).locator("#looks")).to_contain_text("“the” looks most at: “the” 1.00.")
    press("Tab")
    heads = element(visit).locator("#heads button")
    expect(heads.nth(0)).to_be_focused()
    press("ArrowDown")
    expect(heads.nth(4)).to_be_focused()
    expect(element(visit).locator("#looks")).to_contain_text("layer 2, head 1")
    press("Tab")
    expect(element(visit).locator("#next button").first).to_be_focused()


FAILURES: dict[str, tuple[str, Callable]] = {
    "missing": ("**/gpt.safetensors*", lambda route: route.fulfill(status=404)),
    "cut short": ("**/gpt.safetensors*", lambda route: route.fulfill(body=b"cut short")),
    "no code": ("**/small-gpt.js*", lambda route: route.abort()),
}


@pytest.mark.parametrize("wrong", FAILURES)
def test_a_failed_download_is_said_and_can_be_tried_again(lesson, wrong):
    address, answer = FAILURES[wrong]
    visit = lesson(routes={address: answer})
    element(visit).locator("#load").click()
    expect(element(visit).locator("#status")).to_contain_text(FAILED["en"])
    visit.page.unroute(address)
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    expect(element(visit).locator("#status")).to_be_empty()


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved(lesson, folder):
    """The page does not move when the script draws the element, nor when the GPT answers."""
    visit = lesson(folder)

    drawn = heights(visit.page, "attention-explorer")
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    assert heights(visit.page, "attention-explorer") == drawn
    write(visit, "")
    expect(element(visit).locator("#status")).to_contain_text(EMPTY[folder])
    assert heights(visit.page, "attention-explorer") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_element_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    assert violations(visit.page, axe, "attention-explorer") == []
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    token(visit, 4).click()
    assert violations(visit.page, axe, "attention-explorer") == []
