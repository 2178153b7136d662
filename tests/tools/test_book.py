"""The book: what is in it, that its pages are joined without loss, and the links to it."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from lxml import etree, html
from PIL import Image

from _ext.common.languages import LANGUAGES
from _ext.downloads.buttons import BOOK_CLASS
from _tools.book import __main__ as program
from _tools.book import chapters, epub, fonts, joined, links, words
from _tools.book.chapters import Chapters
from _tools.book.contents import BookError, Site
from _tools.book.pictures import Pictures, light
from tiny_site import write

ENGLISH = LANGUAGES["en"]
MENU = ("opening", "lessons/index", "closing", "glossary", "ledger", "solutions/index")
PAGE = """<!DOCTYPE html><html><head><link rel="canonical" href="{address}{page}.html">
<meta name="description" content="A course."></head><body><header>{menu}</header>
<button>Top</button><article>{article}</article><footer>Foot</footer></body></html>"""
FORMULA = """<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>
<annotation encoding="application/x-tex">x</annotation></semantics></math></span>
<span class="katex-html" aria-hidden="true">X</span></span>"""
LESSON = f"""<section id="a-lesson"><h1>01 · A lesson<a class="headerlink" href="#a-lesson">#</a></h1>
<ul class="lesson-actions"><li><a href="lesson_01_a.py">Script</a></li></ul>
<p>A <a href="../../glossary.html#term">term</a>, a <a href="#build-it">section</a>, a
<a href="../../ledger.html">ledger</a>, <a href="https://pytorch.org/">PyTorch</a>, {FORMULA}.</p>
<section id="build-it"><h2>Build it: {FORMULA}</h2><label for="box">Tab</label><span id="box"></span>
<details class="fold"><summary>How it is drawn</summary><pre>draw()</pre></details>
<frame-player><img src="../../_images/picture.png" alt="A picture" loading="lazy"></frame-player>
<div class="interactive"><a-stepper data-size="3"><p>A step.</p></a-stepper></div>
<svg viewBox="0 0 1 1"></svg></section></section>"""
ARTICLES = {
    "index": f"<h1>A course</h1><p class='{BOOK_CLASS}'></p>",
    "opening": '<section id="opening"><h1>Opening</h1><p id="box">Begin.</p></section>',
    "lessons/index": """<section id="lessons"><h1>Lessons</h1><section id="part-1"><h2>Part 1</h2>
<p>The first part.</p><ul class="lesson-cards"><li><p class="lesson-card-title"><a href="1_part/lesson_01_a.html">01</a></p>
</li></ul></section></section>""",
    "lessons/1_part/lesson_01_a": LESSON,
    "closing": "<section><h1>Closing</h1></section>",
    "glossary": '<section><h1>Glossary</h1><p id="term">Term</p></section>',
    "solutions/index": """<section id="solutions"><h1>Solutions</h1><p>Try first.</p>
<ul><li><a href="lesson_01.html">Lesson 01</a></li></ul></section>""",
    "solutions/lesson_01": """<section id="lesson-01"><h1>Lesson 01</h1><p>Of
<a href="../lessons/1_part/lesson_01_a.html#build-it">this</a>.</p></section>""",
}
PLACE = f'<p class="{BOOK_CLASS}" data-text="Book: {{pdf}}, {{pdf_size}} · {{epub}}, {{epub_size}}" hidden></p>'
WORDS = words.Words("Contents", "Version 1, today", "CC BY 4.0", "Somebody")


def tiny(folder: Path, address: str = "http://127.0.0.1:8000/en/", **changed: str) -> Site:
    """Write a site of a few pages; ``changed`` names the articles that are other ones."""
    menu = "".join(f'<a class="nav-link nav-internal" href="{page}.html"></a>' for page in MENU)
    articles = {**ARTICLES, **{name.replace("__", "/"): text for name, text in changed.items()}}
    pages = {
        f"en/{page}.html": PAGE.format(address=address, page=page, menu=menu, article=article)
        for page, article in articles.items()
    }
    write(folder, pages)
    home = folder / "en/index.html"
    home.write_text(
        home.read_text("utf-8").replace(f"<p class='{BOOK_CLASS}'></p>", PLACE), "utf-8"
    )
    (folder / "en/_images").mkdir()
    Image.new("RGB", (40, 20), "white").save(folder / "en/_images/picture.png")
    return Site(folder, ENGLISH)


@pytest.fixture(autouse=True)
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fonts are large, and nothing is drawn here."""
    monkeypatch.setattr(fonts, "sheets", list)
    monkeypatch.setattr(fonts, "faces", str)
    monkeypatch.setattr(fonts, "missing", lambda _text: set())


def book(site: Site) -> html.HtmlElement:
    return joined.join(site, Chapters(site, lambda file: file.name), WORDS)


def test_order_is_that_of_the_menu_with_the_solutions_at_the_back(tmp_path: Path) -> None:
    document = book(tiny(tmp_path))
    entries = document.xpath("//nav//*[@class='entry-title']/text()")
    assert entries == [
        *("Opening", "Part 1", "01 · A lesson", "Closing"),
        *("Solutions", "Lesson 01", "Glossary"),
    ]
    titles = [x.get("data-title") for x in document.xpath("//article//*[self::h1 or self::h2]")]
    assert [title for title in titles if title in entries] == entries
    assert "The first part." in document.text_content()


def test_every_link_has_a_place_and_every_place_one_name(tmp_path: Path) -> None:
    document = book(tiny(tmp_path))
    assert chapters.unique(document) == []
    assert chapters.dangling(document) == []
    assert document.xpath("//*[@id='opening--box'] and //*[contains(@id, 'lesson_01_a--box')]")
    hrefs = document.xpath("//article//a/@href")
    lesson = "lessons-1_part-lesson_01_a"
    assert {"#glossary--term", f"#{lesson}--build-it", "https://pytorch.org/"} <= {*hrefs}
    assert all(href.startswith(("#", "https:")) for href in hrefs)
    assert len(document.xpath("//article//*[contains(text(), 'ledger')]")) == 1


def test_pages_outside_of_the_book_are_linked_where_the_site_is(tmp_path: Path) -> None:
    document = book(tiny(tmp_path, "https://course.example/en/"))
    assert "https://course.example/en/ledger.html" in document.xpath("//article//a/@href")
    assert "https://course.example/en/" in document.xpath("//header//a/@href")


def test_all_is_open_and_nothing_to_click(tmp_path: Path) -> None:
    site = tiny(tmp_path)
    document = book(site)
    (fold,) = document.xpath("//div[contains(@class, 'fold')]")
    assert "draw()" in fold.text_content() and "How it is drawn" in fold.text_content()
    for name in ("details", "summary", "button", "label", "input", "frame-player"):
        assert document.xpath(f"//{name}") == [], name
    for name in ("headerlink", "lesson-actions", "katex-mathml"):
        assert document.xpath(f"//*[@class='{name}']") == [], name
    (formula, _) = document.xpath("//*[@class='katex']")
    assert formula.get("aria-label") == "x" and not formula.xpath(".//@aria-hidden")
    (caption,) = document.xpath("//*[@class='interactive']/*[@class='interactive-caption']")
    assert caption.text_content() == "A step."
    # The pages themselves are as they were: the ePub is made of them as well.
    assert site.chapters()[1].article.xpath(".//details")


def test_headings_are_below_their_part(tmp_path: Path) -> None:
    document = book(tiny(tmp_path))
    (lesson,) = document.xpath("//article[@id='lessons-1_part-lesson_01_a']")
    heads = [(x.tag, x.get("data-title")) for x in lesson.xpath(".//*[@data-title]")]
    assert heads == [("h2", "01 · A lesson"), ("h3", "Build it: x")]


def test_no_site_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "HTML", tmp_path)
    assert program.main() == 1
    said = capsys.readouterr().err
    assert "There is no built site in" in said and "`nox -s docs`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("page", "article", "message"),
    [
        (
            "closing",
            '<h1>x</h1><a href="glossary.html#gone">x</a>',
            "lead nowhere.*glossary.html#gone",
        ),
        ("closing", "</article><article>", "2 articles"),
        ("lessons__index", "<section><h1>Lessons</h1></section>", "lists no lessons"),
        (
            "lessons__index",
            ARTICLES["lessons/index"].replace("lesson_01_a", "lesson_02"),
            "lesson_02.html is missing",
        ),
    ],
)
def test_a_broken_site_is_named(tmp_path: Path, page: str, article: str, message: str) -> None:
    with pytest.raises(BookError, match=f"(?s){message}"):
        book(tiny(tmp_path, **{page: article}))


def test_a_character_without_a_font_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "missing", lambda text: {"B"} & {*text})
    with pytest.raises(BookError, match=r"B \(U\+0042\)"):
        book(tiny(tmp_path))


def test_pictures_are_in_the_lighter_form() -> None:
    flat = Image.new("RGB", (400, 400), "white")
    busy = Image.effect_noise((400, 400), 80).convert("RGB")
    glass = Image.new("RGBA", (4, 4), (0, 0, 0, 7))
    assert [light(x)[1] for x in (flat, busy, glass)] == [".png", ".jpg", ".png"]
    assert Image.open(io.BytesIO(light(busy)[0])).size == (400, 400)


def test_epub_is_xml_whose_links_lead_somewhere(tmp_path: Path) -> None:
    site = tiny(tmp_path / "html")
    pictures = Pictures(tmp_path / "pictures", site.root)
    pages = Chapters(site, lambda file: f"pictures/{pictures(file)}")
    cover = io.BytesIO()
    Image.new("RGB", (4, 4)).save(cover, "JPEG")
    out = tmp_path / "book.epub"
    epub.write(site, pages, WORDS, pictures.folder, [b"figure"], cover.getvalue(), out)
    archive = zipfile.ZipFile(out)
    names = [name.removeprefix("EPUB/") for name in archive.namelist()]
    trees = {
        name: etree.fromstring(archive.read(f"EPUB/{name}"))
        for name in names
        if name.endswith(".xhtml")
    }
    places = set(names)
    for name, tree in trees.items():
        places |= {f"{name}#{x}" for x in tree.xpath("//@id")}
    for tree in trees.values():
        for target in tree.xpath("//@href | //@src"):
            assert target in places or target.startswith("https:"), target
    lesson = archive.read("EPUB/lessons-1_part-lesson_01_a.xhtml").decode()
    assert "<math" in lesson and "katex-html" not in lesson and 'viewBox="0 0 1 1"' in lesson
    assert 'alt="A step."' in lesson and "a-stepper>" not in lesson
    assert archive.read("EPUB/pictures/lessons-1_part-lesson_01_a-a-stepper.png") == b"figure"


def test_books_are_linked_with_their_size_and_unlinked_again(tmp_path: Path) -> None:
    site = tiny(tmp_path / "html")
    home = site.folder / "index.html"
    before = home.read_text("utf-8")
    books = [tmp_path / name for name in ("b.pdf", "b.epub")]
    for file, size in zip(books, (24_000_000, 900_000), strict=True):
        file.write_bytes(b"x" * size)
    links.add(site.root, site, *books)
    (place,) = html.fromstring(home.read_bytes().decode()).xpath(f"//p[@class='{BOOK_CLASS}']")
    assert place.text_content() == "Book: PDF, 24.0\xa0MB · ePub, 900\xa0kB"
    assert place.get("hidden") is None
    assert all((site.folder / href).is_file() for href in place.xpath(".//@href"))
    links.remove(site.root, [site])
    assert home.read_text("utf-8") == before
    assert not (site.root / links.FOLDER).exists()


def test_words_are_in_the_language_of_the_book() -> None:
    english, chinese = (
        words.of(language, "0.1.0", date(2026, 12, 1)) for language in LANGUAGES.values()
    )
    assert english.made == "Version 0.1.0, 1 December 2026"
    assert chinese.contents == "目录" and "2026" in chinese.made and "版本" in chinese.made
