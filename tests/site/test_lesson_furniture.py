"""Head and foot of the lessons, the ticks of a reader, and the ledger, in the built site."""

from __future__ import annotations

import itertools
import json
import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from built_site import LANGUAGES
from staged import resize

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 800}
KEY = "dlcourse.done"
LABELS = {"en": "done", "zh": "已完成"}
BLOCKED = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("storage is off", "SecurityError"); },
});
"""


def button(page):
    """Return the button below a lesson."""
    return page.locator("button.lesson-done")


def number_of(lesson: str) -> str:
    """Return the number of a lesson's page."""
    return re.search(r"/lesson_(\d\d)_", lesson)[1]


@pytest.fixture(params=LANGUAGES)
def folder(request) -> str:
    """The folder of a language."""
    return request.param


def test_head_is_on_the_first_screen(built, open_page, folder):
    page = open_page(built.lessons(folder)[0]).page
    for viewport, least in [(PHONE, 44), (DESK, 24)]:
        resize(page, viewport)
        boxes = [link.bounding_box() for link in page.locator(".lesson-header a[download]").all()]
        assert len(boxes) == 2
        for box in boxes:
            assert box["y"] + box["height"] <= viewport["height"] and box["height"] >= least
    page.locator(".lesson-header summary").click()
    expect(page.locator(".lesson-header details dl")).to_be_visible()


def test_every_lesson_has_its_head(built, folder):
    data = []
    for lesson in built.lessons(folder):
        (head,) = built.tree(lesson).xpath("//*[contains(@class, 'lesson-header')]")
        assert len(head.xpath(".//details/p")) == 1, lesson
        assert len(head.xpath(".//a[@download]")) == 2, lesson
        data += head.xpath(".//dl[@class='lesson-facts']//a/@href")
    assert data and all("/datasets.html#" in link for link in data), "to the section of the data"


def test_lessons_lead_to_one_another(built, folder):
    def link(start: str, name: str) -> str:
        (address,) = built.tree(start).xpath(f"//a[contains(@class, '{name}')]/@href")
        return urljoin(start, address)

    for first, second in itertools.pairwise(built.lessons(folder)):
        assert (link(first, "right-next"), link(second, "left-prev")) == (second, first)


def test_tick_survives_a_reload_and_a_change_of_language(built, open_page, server):
    lesson = built.lessons("en")[0]
    page = open_page(lesson, viewport=DESK).page
    for key in ("Enter", "Space"):
        button(page).press(key)
        expect(button(page)).to_have_attribute("aria-pressed", str(key == "Enter").lower())
    button(page).click()
    expect(button(page)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".lesson-foot [role=status]")).not_to_be_empty()
    assert json.loads(page.evaluate(f"localStorage.getItem('{KEY}')")) == [number_of(lesson)]
    page.reload()
    expect(button(page)).to_have_attribute("aria-pressed", "true")
    page.goto(server + lesson.replace("en/", "zh/", 1))
    expect(button(page)).to_have_attribute("aria-pressed", "true")
    button(page).click()
    expect(button(page)).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None


def test_ticked_lesson_is_marked_wherever_it_is_named(built, open_page, server, folder):
    lessons = built.lessons(folder)
    done = re.compile(rf"\({LABELS[folder]}\)$")
    page = open_page(lessons[0], viewport=DESK).page
    button(page).click()
    link = page.locator(f".bd-sidebar-primary a[data-lesson='{number_of(lessons[0])}']").first
    expect(link).to_contain_class("is-done")
    expect(link).to_have_text(done)
    page.goto(f"{server}{folder}/lessons/index.html")
    expect(page.locator(".lesson-card.is-done a")).to_have_text([done])
    page.goto(f"{server}{folder}/ledger.html")
    expect(page.locator("tr.is-done")).to_have_count(1)
    expect(page.locator("[data-progress]").first).to_contain_text(str(len(lessons)))
    page.goto(server + lessons[1])
    expect(button(page)).to_have_attribute("aria-pressed", "false")


def test_any_element_of_the_contract_is_served(open_page):
    page = open_page("en/ledger.html", viewport=DESK).page
    page.evaluate("""() => {
      localStorage.setItem("dlcourse.done", '["04", "99"]');
      document.body.insertAdjacentHTML("beforeend",
        '<i id="a" data-lesson="04">x</i><i id="b" data-lesson="05">y</i>' +
        '<p id="c" data-progress="{done}/{total}" hidden></p>');
      dispatchEvent(new StorageEvent("storage", { key: "dlcourse.done" }));
    }""")
    expect(page.locator("#a")).to_have_text("x (done)")
    expect(page.locator("#a")).to_have_class("is-done")
    expect(page.locator("#b")).to_have_text("y")
    # A tick for a lesson that this site does not have does not count.
    expect(page.locator("#c")).to_have_text(re.compile(r"1/\d+"))


def test_other_tab_follows(built, open_page, server):
    page = open_page(built.lessons("en")[0], viewport=DESK).page
    other = page.context.new_page()
    other.goto(f"{server}en/ledger.html")
    for count in (1, 0):
        button(page).click()
        expect(other.locator("tr.is-done")).to_have_count(count)


def test_ticks_can_be_cleared(open_page, folder):
    page = open_page(f"{folder}/ledger.html", viewport=DESK).page
    clear, ticked = page.locator(".lesson-ticks-clear"), page.locator("tr.is-done")
    expect(clear).to_be_hidden()
    page.evaluate(f"localStorage.setItem('{KEY}', '[\"04\"]')")
    page.reload()
    answers = [False, True]
    page.on("dialog", lambda box: box.accept() if answers.pop(0) else box.dismiss())
    clear.click()
    expect(ticked).to_have_count(1)
    assert answers == [True], "it asks first"
    clear.click()
    expect(ticked).to_have_count(0)
    expect(clear).to_be_hidden()
    expect(page.locator("[data-progress]")).to_be_focused()


def test_blocked_storage_is_said_and_throws_nothing(built, open_page, folder):
    page = open_page(built.lessons(folder)[0], viewport=DESK).page
    stacks: list[str] = []
    page.on("pageerror", lambda error: stacks.append(error.stack or ""))
    page.add_init_script(BLOCKED)
    page.reload()
    button(page).click()
    expect(button(page)).to_have_attribute("aria-pressed", "true")
    said = button(page).get_attribute("data-unsaved")
    expect(page.locator(".lesson-foot [role=status]")).to_have_text(said)
    assert said != button(page).get_attribute("data-saved")
    assert [stack for stack in stacks if "progress.js" in stack] == []


def test_what_is_no_list_of_ticks_counts_as_none(built, open_page):
    visit = open_page(built.lessons("en")[0], viewport=DESK)
    for kept in ["{", "null", "7", '{"a": 1}', "[4, null]"]:
        visit.page.evaluate(f"localStorage.setItem('{KEY}', {json.dumps(kept)})")
        visit.page.reload()
        expect(button(visit.page)).to_have_attribute("aria-pressed", "false")
        button(visit.page).click()
        expect(button(visit.page)).to_have_attribute("aria-pressed", "true")
    assert visit.problems == []


def test_without_scripts_there_is_no_button(built, open_page):
    page = open_page(built.lessons("zh")[0], viewport=DESK, java_script_enabled=False).page
    expect(button(page)).to_be_hidden()
    expect(page.locator(".lesson-foot a")).to_be_visible()


def test_ledger_shows_what_its_file_says(built, folder):
    ledger = json.loads((built.root / folder / "ledger.json").read_text("utf-8"))
    rows = built.tree(f"{folder}/ledger.html").xpath("//table[@aria-label]/tbody/tr")
    assert len(rows) == len(ledger["lessons"]) == len(built.lessons(folder))
    for row, lesson in zip(rows, ledger["lessons"], strict=True):
        texts = [" ".join(cell.text_content().split()) for cell in row]
        title, status, run_time, _, memory, device, versions, data, _ = texts
        assert title == lesson["title"] and row.get("data-lesson") == lesson["number"]
        assert (lesson["status"] == "executed") == bool(re.search(r"\d{4}", status))
        if lesson["status"] == "executed":
            assert memory == f"{lesson['peak_memory_mib']} MiB"
            assert run_time.split()[0] in _roundings(lesson["run_time_s"])
            assert lesson["device_name"] in device and lesson["device"].upper() in device
            for name, version in lesson["packages"].items():
                assert f"{name} {version}" in versions
        assert bool(row.xpath("td[7]//a")) == bool(lesson["assets"]), data


def _roundings(seconds: float) -> set[str]:
    minutes, rest = divmod(round(seconds), 60)
    return {f"{seconds:.1f}"} if seconds < 9.95 else {str(minutes)} if minutes else {str(rest)}


def test_head_and_ledger_agree(built, folder):
    ledger = json.loads((built.root / folder / "ledger.json").read_text("utf-8"))
    for lesson in ledger["lessons"]:
        tree = built.tree(f"{folder}/{lesson['page']}.html")
        head = " ".join(
            tree.xpath("//*[contains(@class, 'lesson-facts')]")[0].text_content().split()
        )
        assert f"{lesson['peak_memory_mib']} MiB" in head


def test_both_languages_have_one_ledger(built):
    ledgers = [json.loads((built.root / f / "ledger.json").read_text("utf-8")) for f in LANGUAGES]
    for ledger in ledgers:
        for lesson in ledger["lessons"]:
            assert lesson.pop("title")
    assert ledgers[0] == ledgers[1]
    assert ledgers[0]["totals"]["lessons_not_executed"] == 0
    assert ledgers[0]["totals"]["cells_not_executed"] == 0
