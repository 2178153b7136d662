"""The sentiment networks of lesson 23: the page answers what the lesson printed, and sends nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Route, expect

from built_site import LANGUAGES
from staged import PHONE, heights, violations

LESSON = "lesson_23_sentiment_lstm"
PAGE = f"lessons/3_practice/{LESSON}.html"
LATE = ("_live/", "small-model", "review-net")
VERDICTS = {
    "en": ("English network: a bad review.", "English network: a good review."),
    "zh": ("英文网络判断：差评。", "英文网络判断：好评。"),
}
WAITING = {"en": "Write a review, or choose an example.", "zh": "请写一条评论，或者点一个示例。"}
FAILED = {"en": "The network could not be loaded", "zh": "网络加载失败"}


def element(visit) -> Locator:
    return visit.page.locator("live-review")


def tokens(visit) -> Locator:
    return element(visit).locator("#tokens button")


def answer(visit) -> dict:
    return visit.page.evaluate("document.querySelector('live-review').answer")


def write(visit, text: str, count: int) -> None:
    """Write a review, and wait until its tokens have their colours."""
    element(visit).locator("textarea").fill(text)
    expect(tokens(visit)).to_have_count(count)


def printed(built, folder: str) -> list[list[tuple[str, float]]]:
    """Return what the lesson printed for each example: tokens with their probabilities."""
    outputs = built.tree(f"{folder}/{PAGE}").xpath("//div[contains(@class, 'highlight')]//pre")
    lines = [line for output in outputs for line in output.text_content().splitlines()]
    wanted = re.compile(r"\S+ [01]\.\d{3}(?: \S+ [01]\.\d{3})+")
    pairs = [line.split(" ") for line in lines if wanted.fullmatch(line)]
    return [list(zip(line[::2], map(float, line[1::2]), strict=True)) for line in pairs]


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_answers_what_the_lesson_printed(built, lesson, folder):
    visit = lesson(folder)
    examples = element(visit).locator(".examples button")
    expected = printed(built, folder)
    assert len(expected) == examples.count() == 4
    for number, line in enumerate(expected):
        examples.nth(number).click()
        expect(tokens(visit)).to_have_text([token for token, _ in line])
        assert answer(visit)["chances"] == pytest.approx([p for _, p in line], abs=1e-3)
    assert visit.problems == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_verdict_is_said_once_and_not_each_token(lesson, folder):
    visit = lesson(folder)
    status = element(visit).locator("[role=status]")
    expect(status).to_have_text(WAITING[folder])
    for text, good in (("Terrible, dull and boring.", False), ("A wonderful film!", True)):
        write(visit, text, 4 + (not good) * 2)
        share = answer(visit)["chances"][-1]
        assert (share > 0.5) == good
        expect(status).to_contain_text(VERDICTS[folder][good])
        percent = float(re.search(r"([\d.]+)%", status.inner_text())[1])
        assert percent == pytest.approx(100 * min(0.999, max(0.001, share)), abs=0.06)
    write(visit, "", 0)
    expect(status).to_have_text(WAITING[folder])
    expect(element(visit).locator("#found")).to_be_hidden()
    assert element(visit).locator("[role=status], [aria-live]").count() == 1
    assert visit.problems == []


def test_nothing_is_loaded_before_the_reader_writes_and_each_file_once(lesson):
    visit = lesson(fresh=True)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    element(visit).scroll_into_view_if_needed()
    element(visit).locator("textarea").focus()
    visit.page.wait_for_timeout(400)

    def late() -> list[str]:
        found = [address for address in asked if any(name in address for name in LATE)]
        return sorted(address.split("?")[0].rpartition("/")[2] for address in found)

    assert late() == []
    write(visit, "A good film", 3)
    write(visit, "A good film, really", 5)
    write(visit, "好看", 2)
    write(visit, "不好看", 3)
    models = ["review_en.safetensors", "review_zh.safetensors"]
    assert late() == ["review-net.js", *models, "small-model.js"]
    assert all("good" not in address for address in asked)


def test_words_are_answered_after_a_pause_and_not_each_letter(lesson):
    visit = lesson()
    write(visit, "good", 1)
    visit.page.evaluate("""() => {
      const element = document.querySelector("live-review");
      const judge = element.judge.bind(element);
      element.judged = 0;
      element.judge = () => (element.judged++, judge());
    }""")
    element(visit).locator("textarea").press_sequentially(" film", delay=10)
    expect(tokens(visit)).to_have_count(2)
    assert visit.page.evaluate("document.querySelector('live-review').judged") == 1


def test_unknown_tokens_are_marked_and_named(lesson):
    visit = lesson()
    write(visit, "A qwertyish film", 3)
    expect(element(visit).locator("#tokens .unknown")).to_have_text(["qwertyish"])
    label = tokens(visit).nth(1).get_attribute("aria-label")
    assert re.fullmatch(r"qwertyish, unknown: [\d.]+%", label)
    expect(element(visit).locator("#unknown")).to_contain_text("(1 of 3)")
    write(visit, "A film", 2)
    expect(element(visit).locator("#unknown")).to_be_empty()


@pytest.mark.parametrize(("text", "limit"), [("word " * 450, 400), ("好" * 130, 120)])
def test_a_long_review_is_cut_as_in_the_lesson_and_this_is_said(lesson, text, limit):
    visit = lesson()
    notice = element(visit).locator("#limit")
    write(visit, text, limit)
    expect(notice).to_have_text(
        f"The network reads only the first {limit} tokens; the rest is left out."
    )
    write(visit, text[: len(text) * limit // (limit + 50 if limit == 400 else limit + 10)], limit)
    expect(notice).to_be_empty()
    element(visit).locator("textarea").fill("x" * 100_000)
    expect(tokens(visit)).to_have_text(["x" * 16 + "…" + "x" * 7])
    expect(notice).not_to_be_empty()


def test_tokens_are_chosen_by_keyboard(lesson):
    visit = lesson()
    write(visit, "not a bad film", 4)
    chosen = element(visit).locator("#chosen")
    expect(chosen).to_contain_text("token 4 of 4")
    element(visit).locator(".examples button").last.focus()
    visit.page.keyboard.press("Tab")  # one stop for all tokens, at the chosen one
    for key, token in (("", 4), ("ArrowLeft", 3), ("Home", 1), ("ArrowLeft", 1), ("ArrowRight", 2),
                       ("End", 4), ("ArrowRight", 4)):  # fmt: skip
        if key:
            visit.page.keyboard.press(key)
        expect(tokens(visit).nth(token - 1)).to_be_focused()
        expect(chosen).to_contain_text(f"token {token} of 4")
        share = answer(visit)["chances"][token - 1]
        expect(chosen).to_contain_text(f"{100 * share:.1f}%")
    assert element(visit).locator("#tokens [tabindex='0']").count() == 1


def test_tokens_and_curve_are_tapped(lesson):
    visit = lesson(viewport=PHONE, has_touch=True)
    write(visit, "not a bad film", 4)
    tokens(visit).nth(1).tap()
    expect(element(visit).locator("#chosen")).to_contain_text("token 2 of 4, “a”")
    box = element(visit).locator(".curve").bounding_box()
    visit.page.touchscreen.tap(box["x"] + 3, box["y"] + 10)
    expect(element(visit).locator("#chosen")).to_contain_text("token 1 of 4")
    assert min(button.bounding_box()["height"] for button in tokens(visit).all()) >= 24


def test_a_later_text_wins(lesson):
    late: list[Route] = []
    visit = lesson(routes={"**/review_en.safetensors*": lambda route: late.append(route)})
    script = """(review) => {
      const element = document.querySelector("live-review");
      element.find("#text").value = review;
      element.runs = [...(element.runs ?? []), element.judge()];
    }"""
    for review in ("wonderful film", "一般"):
        visit.page.evaluate(script, review)
    expect(tokens(visit)).to_have_text(["一", "般"])
    late[0].continue_()
    visit.page.evaluate("Promise.all(document.querySelector('live-review').runs)")
    expect(tokens(visit)).to_have_text(["一", "般"])


@pytest.mark.parametrize("folder", LANGUAGES)
def test_room_is_reserved_and_a_missing_network_is_said(lesson, folder):
    """The page does not move when the script draws the element, when loading fails, nor later."""
    models = "**/review_*.safetensors*"
    visit = lesson(folder, routes={models: lambda route: route.abort()})
    page = visit.page

    drawn = heights(page, "live-review")
    element(visit).locator("textarea").fill("A good film")
    expect(element(visit).locator("#verdict")).to_contain_text(FAILED[folder])
    assert heights(page, "live-review") == drawn
    page.unroute(models)
    page.route(models, lambda route: route.fulfill(body=b"half of it"))
    element(visit).locator("textarea").fill("A fine film")
    visit.page.wait_for_timeout(500)
    expect(element(visit).locator("#verdict")).to_contain_text(FAILED[folder])
    page.unroute(models)
    write(visit, "A good film " * 150, 400)
    assert heights(page, "live-review") == drawn
    write(visit, "qwertyish" * 50, 1)
    assert heights(page, "live-review") == drawn


@pytest.mark.parametrize(("folder", "scheme"), [("en", "light"), ("zh", "dark")])
def test_element_is_accessible(lesson, axe, folder, scheme):
    visit = lesson(folder, viewport=PHONE, color_scheme=scheme)
    assert violations(visit.page, axe, "live-review") == []
    for text, count in (("A wonderful qwertyish film", 4), ("terrible, terrible", 3)):
        write(visit, text, count)
        assert violations(visit.page, axe, "live-review") == []
