"""The first page says what this is on one screen; the map is usable by everybody; the archive opens."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from lxml import html

from _ext.course import syllabus
from _ext.downloads.archives import SITE
from built_site import LANGUAGES, ROOT
from staged import resize

COURSE = syllabus.load(ROOT / "docs")


NEEDED = "() => [...document.querySelectorAll('.map-entry.is-needed')].map((e) => e.dataset.lesson)"
FOCUSED = "document.activeElement.closest('.home-actions a')?.textContent"


@pytest.mark.parametrize("folder", LANGUAGES)
def test_what_to_do_is_on_the_first_screen(open_page, folder):
    page = open_page(f"{folder}/index.html").page
    links = page.locator(".home-actions a")
    for width, height in [(360, 740), (1280, 800)]:
        resize(page, {"width": width, "height": height})
        actions = [link.bounding_box() for link in links.all()]
        assert len(actions) == 3
        assert all(box["height"] >= 44 for box in actions), "large enough to touch"
        boxes = [page.locator("h1").bounding_box(), *actions]
        assert all(box["y"] > 0 and box["y"] + box["height"] <= height for box in boxes)
        image = page.locator(".home-figure img").bounding_box()
        assert image["y"] < height and image["x"] + image["width"] <= width
    reached = []
    for _ in range(25):
        page.keyboard.press("Tab")
        reached += [page.evaluate(FOCUSED)]
    assert [text for text in reached if text] == links.all_text_contents()


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("name", ["index", "opening"])
def test_map_has_every_entry(built, folder, name):
    tree = built.tree(f"{folder}/{name}.html")
    entries = tree.xpath("//li[contains(@class, 'map-entry')]")
    numbers = [entry.get("data-lesson", "00") for entry in entries]
    assert numbers == [entry.label for entry in COURSE.entries]
    here = f"{name}.html"
    for entry, element in zip(COURSE.entries, entries, strict=True):
        links = element.xpath(".//a/@href")
        page = f"{entry.page}.html" if entry.page else None
        assert links == ([page] if page and page != here else [])
        assert element.xpath("string(.//*[@class='map-status'])"), "not said by colour alone"
        needs = re.findall(r"\d\d", element.xpath("string(.//*[@class='map-needs'])"))
        assert needs == element.get("data-needs", "").split(), "not said by scripts alone"


def test_map_marks_what_a_lesson_needs(open_page):
    page = open_page("en/index.html", viewport={"width": 1280, "height": 800}).page
    rail = page.locator(".map-rail path.is-needed")

    def expect_needed(numbers: list[str]) -> None:
        page.wait_for_function(f"(all) => ({NEEDED})().join() === all", arg=",".join(numbers))

    before = {number: sorted(f"{n:02d}" for n in COURSE.before(number)) for number in (14, 21)}
    page.locator("[data-lesson='14'] a").focus()
    expect_needed(before[14])
    page.locator("[data-lesson='21']").hover()
    expect_needed(before[21])
    edges = rail.evaluate_all("(all) => all.flatMap((path) => path.dataset.edges.split(' '))")
    assert "05-21" in edges
    page.mouse.move(5, 5)
    expect_needed([])


@pytest.mark.parametrize("folder", LANGUAGES)
def test_sizes_stand_beside_the_archives(built, folder):
    tree = built.tree(f"{folder}/index.html")
    sizes = tree.xpath("//*[@class='file-size']/text()")
    assert len(sizes) == 2 and all(size.startswith(" · ") for size in sizes)


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory) -> Path:
    """The archive of the site, unpacked by a reader."""
    folder = tmp_path_factory.mktemp("reader")
    with zipfile.ZipFile(built.root / SITE) as archive:
        archive.extractall(folder)
    return folder / SITE.removesuffix(".zip")


def test_links_of_the_unpacked_site_resolve(unpacked):
    problems = []
    pages = sorted(unpacked.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        tree = html.document_fromstring(page.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
        for link in tree.xpath(
            "//a/@href | //img/@src | //script/@src | //link[@rel='stylesheet']/@href"
        ):
            address = urlsplit(urldefrag(link)[0])
            if address.scheme or not address.path or "onnxruntime" in link:
                continue
            if not (page.parent / unquote(address.path)).is_file():
                problems.append(f"{page.relative_to(unpacked)}: {link}")
    assert problems == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_unpacked_site_is_read_from_the_disk(browser, unpacked, folder, built):
    context = browser.new_context(locale="en-GB")
    start = context.new_page()
    start.goto((unpacked / "index.html").as_uri())
    start.wait_for_url((unpacked / "en/index.html").as_uri())
    failed: list[str] = []
    formulas = "//*[contains(@class, 'katex-html')]"
    lesson = next(name for name in built.lessons(folder) if built.tree(name).xpath(formulas))
    for name in (f"{folder}/index.html", lesson):
        page = context.new_page()  # leaving a page would break off the request for its icon
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto((unpacked / name).as_uri(), wait_until="load")
        assert failed == []
    images = page.locator("article img")
    assert images.count() > 0
    for image in images.all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("(image) => image.complete", arg=image.element_handle())
        assert image.evaluate("(image) => image.naturalWidth") > 0
    math = page.locator(".katex-html").first
    assert "KaTeX_Main" in math.evaluate("(e) => getComputedStyle(e).fontFamily")
    context.close()
