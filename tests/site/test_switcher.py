"""The two languages: switching between them, the root of the site, pages that do not exist."""

from __future__ import annotations

import pytest

from built_site import LANGUAGES

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 800}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_switcher_stays_on_the_page(built, open_page, server, viewport, scripts):
    lesson = built.lessons("en")[0]
    page = open_page(lesson, viewport=viewport, java_script_enabled=scripts).page
    for there in ("zh", "en"):
        page.locator(f"header a[hreflang='{LANGUAGES[there]}']:visible").first.click()
        page.wait_for_url(server + lesson.replace("en", there, 1))
        assert page.locator("html").get_attribute("lang") == LANGUAGES[there]


@pytest.mark.parametrize(
    ("locale", "folder"), [("en-GB", "en"), ("zh-CN", "zh"), ("zh-TW", "zh"), ("fr-FR", "en")]
)
def test_root_goes_by_the_language_of_the_browser(open_page, server, locale, folder):
    page = open_page("", locale=locale).page
    page.wait_for_url(f"{server}{folder}/index.html")


def test_root_remembers_the_choice(built, open_page, server):
    page = open_page(built.lessons("en")[0], viewport=DESK, locale="en-GB").page
    page.locator("header a[hreflang='zh-CN']:visible").first.click()
    page.wait_for_url("**/zh/**")
    page.goto(server)
    page.wait_for_url(f"{server}zh/index.html")


@pytest.mark.parametrize("folder", LANGUAGES)
def test_root_has_links_without_scripts(open_page, server, folder):
    page = open_page("", java_script_enabled=False).page
    page.locator(f"a[hreflang='{LANGUAGES[folder]}']").click()
    page.wait_for_url(f"{server}{folder}/index.html")


@pytest.mark.parametrize("folder", LANGUAGES)
def test_missing_page_answers_in_its_language(open_page, server, folder):
    visit = open_page(f"{folder}/no/such/page.html", viewport=DESK)
    # The page itself is the one thing that may be missing: its styles and scripts are not.
    missing = [problem for problem in visit.problems if "no/such/page.html" not in problem]
    assert missing == []
    assert visit.problems, "the server says 404"
    assert visit.page.locator("html").get_attribute("lang") == LANGUAGES[folder]
    visit.page.locator("article a[href*='index.html']").first.click()
    visit.page.wait_for_url(f"{server}{folder}/index.html")


def test_missing_page_at_the_root_answers_in_both_languages(open_page, server):
    page = open_page("no/such/page.html").page
    for tag in LANGUAGES.values():
        assert page.locator(f"section[lang='{tag}']").is_visible()
    page.locator("a[hreflang='zh-CN']").click()
    page.wait_for_url(f"{server}zh/index.html")
