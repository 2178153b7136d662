"""The tokenizers of lesson 21 in the page: they cut as the library cuts, and compare two languages."""

from __future__ import annotations

import json
import random

import pytest
from playwright.sync_api import Locator, expect
from tokenizers import Tokenizer, models, pre_tokenizers

from built_site import LANGUAGES
from staged import DESK, PHONE, asked_by_scripts, heights, scrolls_sideways, violations

LESSON = "lesson_21_nlp_1"
PAGE = f"lessons/3_practice/{LESSON}.html"
SENTENCES = ("the film is long but the last hour is beautiful", "这部电影很长，但最后一小时很美")
FAILED = {"en": "The tokenizers could not be loaded", "zh": "分词器加载失败"}
ENCODE = """([name, lines]) => {
  const { net, tokenisers } = document.querySelector("live-tokeniser").ready;
  return lines.map((line) => net.encode(tokenisers[name], line));
}"""
#: From all planes, with what is rare in texts: marks, numbers, spaces, controls, signs in two halves.
SIGNS = [*"aB'’sdt 0½²٣Ⅷ_.,!?-", *"\t\n\r\v\x1c\x85\xa0\u2003\u2028\u3000\ufeff\u200b\u0301"]
SIGNS += [*"éßçñ电影很好看，。𠀀👍🏽", "\u200d", "\ue000", "\U0010ffff"]


@pytest.fixture
def tokeniser(lesson):
    """A function that opens the page and cuts the lines with which it begins."""

    def open_(folder: str = "en", **options: object):
        visit = lesson(folder, **options)
        element(visit).locator("#load").click()
        expect(element(visit).locator("#again")).to_be_visible()
        return visit

    return open_


def element(visit) -> Locator:
    return visit.page.locator("live-tokeniser")


def library(content: dict) -> Tokenizer:
    """Build the library's tokenizer from what the page loads."""
    pieces = content["pieces"]
    merges = [(pieces[left], pieces[right]) for left, right, _ in content["rules"]]
    built = Tokenizer(models.BPE({piece: n for n, piece in enumerate(pieces)}, merges))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return built


def test_odd_lines_get_the_ids_that_the_lesson_got(tokeniser, left):
    answers = json.loads((left / "tokeniser_answers.json").read_text("utf-8"))
    visit = tokeniser()
    assert len(answers["lines"]) > 10 and set(answers["ids"]) == {"english", "mixed"}
    for name, ids in answers["ids"].items():
        found = visit.page.evaluate(ENCODE, [name, answers["lines"]])
        assert dict(zip(answers["lines"], found, strict=True)) == dict(
            zip(answers["lines"], ids, strict=True)
        )
    assert visit.problems == []


def test_random_lines_are_cut_as_the_library_cuts(tokeniser, left):
    chance = random.Random(21)
    lines = ["".join(chance.choices(SIGNS, k=chance.randint(1, 30))) for _ in range(1000)]
    lines = [line.encode("utf-16", "surrogatepass").decode("utf-16") for line in lines]
    visit = tokeniser()
    for name, content in json.loads((left / "tokenisers.json").read_text("utf-8")).items():
        expected = [encoding.ids for encoding in library(content).encode_batch(lines)]
        found = visit.page.evaluate(ENCODE, [name, lines])
        wrong = [line for line, a, b in zip(lines, found, expected, strict=True) if a != b]
        assert wrong == []


def test_file_is_small(left):
    assert (left / "tokenisers.json").stat().st_size < 150_000


def test_nothing_is_loaded_before_the_reader_begins(open_page, server):
    page = open_page("en/index.html", fresh=True, viewport=DESK).page
    asked = asked_by_scripts(page)
    page.goto(f"{server}en/{PAGE}")
    assert page.evaluate("customElements.get('live-tokeniser') !== undefined")
    assert not [a for a in asked if "_live/" in a or "byte-pairs" in a]
    asked.clear()
    page.locator("live-tokeniser #load").click()
    expect(page.locator("live-tokeniser #again")).to_be_focused()
    names = sorted(address.split("?")[0].rpartition("/")[2] for address in asked)
    assert names == ["byte-pairs.js", "tokenisers.json"]
    asked.clear()
    page.locator("live-tokeniser #en").fill("Something else")
    expect(page.locator("live-tokeniser #count-en")).to_contain_text("characters: 14;")
    assert asked == [], "nothing is sent"


def test_pieces_stand_with_their_ids_and_counts(tokeniser, left):
    visit = tokeniser()
    contents = json.loads((left / "tokenisers.json").read_text("utf-8"))
    for name, content in contents.items():
        element(visit).locator(f"input[value={name}]").check()
        counts = []
        for key, sentence in zip(LANGUAGES, SENTENCES, strict=True):
            expect(element(visit).locator(f"#{key}")).to_have_value(sentence)
            ids = library(content).encode(sentence).ids
            shown = element(visit).locator(f"#pieces-{key} small").all_inner_texts()
            assert shown == [str(number) for number in ids]
            text = f"Tokens: {len(ids)}; characters: {len(sentence)}; "
            text += f"tokens a character: {len(ids) / len(sentence):.2f}"
            expect(element(visit).locator(f"#count-{key}")).to_have_text(text)
            counts.append(len(ids))
        premium = f"costs {counts[1] / counts[0]:.2f} times as many"
        expect(element(visit).locator("#premium")).to_contain_text(premium)
    signs = element(visit).locator("#pieces-en li > :first-child").all_inner_texts()
    assert "".join(signs) == SENTENCES[0].replace(" ", "␣")


def test_parts_of_characters_are_shown_as_bytes(tokeniser):
    visit = tokeniser()
    element(visit).locator("#zh").fill("𠀀\n")
    expect(element(visit).locator("#pieces-zh code")).to_have_text(["F0", "A0", "80", "80"])
    expect(element(visit).locator("#pieces-zh li > span")).to_have_text(["⏎"])


def test_empty_and_long_lines_lose_nothing(tokeniser):
    visit = tokeniser()
    found = element(visit)
    found.locator("#en").fill("")
    expect(found.locator("#pieces-en li")).to_have_count(0)
    expect(found.locator("#premium")).to_contain_text("Write in both fields")
    found.locator("#en").fill("👍👍")
    expect(found.locator("#count-en")).to_contain_text("characters: 2;")
    found.locator("#en").fill("👍" * 1001)
    expect(found.locator("#count-en")).to_contain_text("Only the first 1000 characters are cut.")
    assert len(found.locator("#en").input_value()) == 1001
    assert not scrolls_sideways(visit.page)
    found.locator("#again").click()
    expect(found.locator("#en")).to_have_value(SENTENCES[0])
    assert visit.problems == []


@pytest.mark.parametrize("address", ["**/tokenisers.json*", "**/byte-pairs.js*"])
def test_a_failed_download_is_said_and_can_be_tried_again(lesson, address):
    visit = lesson(routes={address: lambda route: route.abort()})
    element(visit).locator("#load").click()
    expect(element(visit).locator("#status")).to_contain_text(FAILED["en"])
    visit.page.unroute(address)
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    expect(element(visit).locator("#status")).to_be_empty()


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved(lesson, folder):
    """The page does not move when the script draws the element, nor when the pieces appear."""
    visit = lesson(folder)

    drawn = heights(visit.page, "live-tokeniser")
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    assert heights(visit.page, "live-tokeniser") == drawn
    element(visit).locator("input[value=mixed]").check()
    assert heights(visit.page, "live-tokeniser") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_element_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    assert violations(visit.page, axe, "live-tokeniser") == []
    element(visit).locator("#load").click()
    expect(element(visit).locator("#again")).to_be_visible()
    assert violations(visit.page, axe, "live-tokeniser") == []
