"""Head and foot of the lessons, the ticks of a reader, and the ledger, in the built site."""

from __future__ import annotations

import json
import re

import pytest
from built_site import LANGUAGES

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


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_head_is_on_the_first_screen_and_its_files_exist(built, open_page, folder, viewport):
    for lesson in built.lessons(folder):
        page = open_page(lesson, viewport=viewport).page
        assert page.locator(".lesson-header details p").count() == 1
        for link in page.locator(".lesson-header a[download]").all():
            box = link.bounding_box()
            assert box["y"] + box["height"] <= viewport["height"]
            assert box["height"] >= (44 if viewport == PHONE else 24)
            assert page.request.get(link.evaluate("e => e.href")).ok
        page.locator(".lesson-header summary").click()
        assert page.locator(".lesson-header details dl").is_visible()


def test_data_of_a_lesson_lead_to_their_section(built, open_page, folder):
    links = [
        (lesson, link.get("href"))
        for lesson in built.lessons(folder)
        for link in built.tree(lesson).xpath("//dl[@class='lesson-facts']//a")
    ]
    assert links
    for lesson, href in links:
        page = open_page(lesson, viewport=DESK).page
        page.locator(f".lesson-facts a[href='{href}']").click()
        page.wait_for_url("**/datasets.html#*")
        assert page.locator(":target").count() == 1


def test_tick_survives_a_reload_and_a_change_of_language(built, open_page, server):
    lesson = built.lessons("en")[0]
    page = open_page(lesson, viewport=DESK).page
    assert button(page).get_attribute("aria-pressed") == "false"
    button(page).click()
    assert button(page).get_attribute("aria-pressed") == "true"
    assert page.locator(".lesson-foot [role=status]").inner_text()
    assert json.loads(page.evaluate(f"localStorage.getItem('{KEY}')")) == [number_of(lesson)]
    page.reload()
    assert button(page).get_attribute("aria-pressed") == "true"
    page.goto(server + lesson.replace("en/", "zh/", 1))
    assert button(page).get_attribute("aria-pressed") == "true"
    button(page).click()
    assert button(page).get_attribute("aria-pressed") == "false"
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_tick_with_the_keyboard(built, open_page, key):
    page = open_page(built.lessons("en")[0], viewport=DESK).page
    button(page).focus()
    page.keyboard.press(key)
    assert button(page).get_attribute("aria-pressed") == "true"


def test_ticked_lesson_is_marked_wherever_it_is_named(built, open_page, server, folder):
    lessons = built.lessons(folder)
    page = open_page(lessons[0], viewport=DESK).page
    button(page).click()
    link = page.locator(f".bd-sidebar-primary a[data-lesson='{number_of(lessons[0])}']").first
    assert "is-done" in link.get_attribute("class")
    assert link.text_content().endswith(f"({LABELS[folder]})")
    page.goto(f"{server}{folder}/lessons/index.html")
    cards = page.locator(".lesson-card.is-done")
    assert cards.count() == 1
    assert cards.locator("a").text_content().endswith(f"({LABELS[folder]})")
    page.goto(f"{server}{folder}/ledger.html")
    assert page.locator("tr.is-done").count() == 1
    assert page.locator("[data-progress]").first.inner_text().count(str(len(lessons))) >= 1
    page.goto(server + lessons[1])
    assert button(page).get_attribute("aria-pressed") == "false"


def test_any_element_of_the_contract_is_served(open_page):
    page = open_page("en/ledger.html", viewport=DESK).page
    page.evaluate("""() => {
      localStorage.setItem("dlcourse.done", '["04", "99"]');
      document.body.insertAdjacentHTML("beforeend",
        '<i id="a" data-lesson="04">x</i><i id="b" data-lesson="05">y</i>' +
        '<p id="c" data-progress="{done}/{total}" hidden></p>');
      dispatchEvent(new StorageEvent("storage", { key: "dlcourse.done" }));
    }""")
    assert page.locator("#a").text_content() == "x (done)"
    assert page.locator("#a").get_attribute("class") == "is-done"
    assert page.locator("#b").text_content() == "y"
    # A tick for a lesson that this site does not have does not count.
    assert re.fullmatch(r"1/\d+", page.locator("#c").inner_text())


def test_other_tab_follows(built, open_page, server):
    page = open_page(built.lessons("en")[0], viewport=DESK).page
    other = page.context.new_page()
    other.goto(f"{server}en/ledger.html")
    assert other.locator("tr.is-done").count() == 0
    button(page).click()
    other.locator("tr.is-done").wait_for()
    button(page).click()
    other.locator("tr.is-done").wait_for(state="detached")


def test_ticks_can_be_cleared(open_page, server, folder):
    page = open_page(f"{folder}/ledger.html", viewport=DESK).page
    assert page.locator(".lesson-ticks-clear").is_hidden()
    page.evaluate(f"localStorage.setItem('{KEY}', '[\"04\"]')")
    page.reload()
    answers = [False, True]
    page.on("dialog", lambda box: box.accept() if answers.pop(0) else box.dismiss())
    page.locator(".lesson-ticks-clear").click()
    assert page.locator("tr.is-done").count() == 1
    page.locator(".lesson-ticks-clear").click()
    assert page.locator("tr.is-done").count() == 0
    assert page.locator(".lesson-ticks-clear").is_hidden()
    assert page.evaluate("document.activeElement.matches('[data-progress]')")


def test_blocked_storage_is_said_and_throws_nothing(built, open_page, folder):
    visit = open_page(built.lessons(folder)[0], viewport=DESK)
    page = visit.page
    saved = button(page).get_attribute("data-saved")
    stacks: list[str] = []
    page.on("pageerror", lambda error: stacks.append(error.stack or ""))
    page.add_init_script(BLOCKED)
    page.reload()
    button(page).click()
    assert button(page).get_attribute("aria-pressed") == "true"
    said = page.locator(".lesson-foot [role=status]").inner_text()
    assert said and said != saved
    assert [stack for stack in stacks if "progress.js" in stack] == []


@pytest.mark.parametrize("kept", ["{", "null", "7", '{"a": 1}', "[4, null]"])
def test_what_is_no_list_of_ticks_counts_as_none(built, open_page, kept):
    visit = open_page(built.lessons("en")[0], viewport=DESK)
    visit.page.evaluate(f"localStorage.setItem('{KEY}', {json.dumps(kept)})")
    visit.page.reload()
    assert button(visit.page).get_attribute("aria-pressed") == "false"
    button(visit.page).click()
    assert button(visit.page).get_attribute("aria-pressed") == "true"
    assert visit.problems == []


def test_without_scripts_there_is_no_button(built, open_page, folder):
    page = open_page(built.lessons(folder)[0], viewport=DESK, java_script_enabled=False).page
    assert button(page).is_hidden()
    assert page.locator(".lesson-foot a").is_visible()


def test_lessons_lead_to_one_another(built, open_page, server, folder):
    first, second = built.lessons(folder)[:2]
    page = open_page(first, viewport=DESK).page
    page.locator("a.right-next").click()
    page.wait_for_url(server + second)
    page.locator("a.left-prev").click()
    page.wait_for_url(server + first)


def test_ledger_shows_what_its_file_says(built, folder):
    ledger = json.loads((built.root / folder / "ledger.json").read_text("utf-8"))
    rows = built.tree(f"{folder}/ledger.html").xpath("//table/tbody/tr")
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
