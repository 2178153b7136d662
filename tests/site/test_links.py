"""Links, images and resources of every page, read from the files."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from built_site import LANGUAGES, BuiltSite, parse
from lxml import etree, html

RESOURCES = (
    "//script/@src | //img/@src | //source/@src | //video/@src | //video/@poster | //audio/@src"
    " | //iframe/@src | //embed/@src | //object/@data | //input/@src"
    " | //link[not(contains('canonical alternate next prev search license author', @rel))]/@href"
)
CSS_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s]+)""")


def base_url(site: BuiltSite, page: str) -> str:
    """Return the address that the links of a page are relative to."""
    url = site.url + page
    return urljoin(url, "".join(site.tree(page).xpath("//base/@href")[:1]))


def problem_of(site: BuiltSite, base: str, link: str) -> str | None:
    """Return what is wrong with a link inside the site, or nothing."""
    address, fragment = urldefrag(urljoin(base, link.strip()))
    file = site.file(address)
    if file is None:
        return None
    if not file.is_file():
        return f"{link}: there is no {file.relative_to(site.root)}"
    if fragment and file.suffix == ".html":
        name = unquote(fragment)
        if not parse(file).xpath("//*[@id=$name or @name=$name]", name=name):
            return f"{link}: {file.relative_to(site.root)} has no anchor {name}"
    return None


def foreign(site: BuiltSite, base: str, link: str) -> bool:
    """Return whether a resource comes from somewhere else than the site."""
    address = urljoin(base, link.strip())
    return urlsplit(address).scheme != "data" and not address.startswith(site.url)


def style_links(text: str) -> list[str]:
    """Return the addresses in a style sheet."""
    return CSS_URL.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def resources(tree: html.HtmlElement) -> list[str]:
    """Return the addresses of everything that a page loads."""
    found = [str(link) for link in tree.xpath(RESOURCES)]
    for sources in tree.xpath("//@srcset"):
        found += [source.split()[0] for source in sources.split(",")]
    for style in tree.xpath("//style/text() | //@style"):
        found += style_links(style)
    return found


def test_links_and_anchors_resolve(page_name, built):
    base = base_url(built, page_name)
    links = [str(link) for link in built.tree(page_name).xpath("//a/@href | //link/@href")]
    problems = {problem_of(built, base, link) for link in links} - {None}
    assert not problems


def test_resources_are_of_this_site_and_exist(page_name, built):
    base = base_url(built, page_name)
    for link in resources(built.tree(page_name)):
        assert not foreign(built, base, link), f"{link} is on another host"
        assert problem_of(built, base, link) is None, problem_of(built, base, link)


def test_style_sheets_load_only_from_this_site(built):
    files = [file for file in built.root.rglob("*.css")]
    assert files
    problems = []
    for file in files:
        base = built.url + file.relative_to(built.root).as_posix()
        for link in style_links(file.read_text(encoding="utf-8")):
            if foreign(built, base, link):
                problems.append(f"{file.relative_to(built.root)}: {link} is on another host")
            elif problem := problem_of(built, base, link):
                problems.append(f"{file.relative_to(built.root)}: {problem}")
    assert problems == []


def image_problems(tree: html.HtmlElement) -> list[str]:
    """Return the images without words or without a size."""
    problems = []
    for image in tree.iter("img"):
        name, alt = image.get("src"), image.get("alt")
        in_card = bool(image.xpath("ancestor::*[contains(@class, 'lesson-card')]"))
        # Beside its own title in a link or a card a picture says nothing new: alt="" is right.
        titled = in_card or any(link.text_content().strip() for link in image.iterancestors("a"))
        if alt is None or not (alt.strip() or titled):
            problems.append(f"{name} has no alternative text")
        # Without a size the text jumps when the image arrives. A card has a size of its own.
        if not (in_card or image.get("width") or "width" in image.get("style", "")):
            problems.append(f"{name} has no width")
    return problems


def test_images_have_words_and_a_size(page_name, built):
    assert image_problems(built.tree(page_name)) == []


@pytest.mark.parametrize(
    ("snippet", "problems"),
    [
        ("<img src='a.png' alt='A cat' width='5'>", []),
        ("<a href='#'><img src='a.png' alt='' width='5'> Home</a>", []),
        ("<a href='#'><img src='a.png' alt='' width='5'></a>", ["a.png has no alternative text"]),
        ("<img src='a.png' width='5'>", ["a.png has no alternative text"]),
        ("<img src='a.png' alt='A cat'>", ["a.png has no width"]),
    ],
)
def test_poor_images_are_noticed(snippet, problems):
    assert image_problems(html.document_fromstring(f"<body>{snippet}</body>")) == problems


def alternates(site: BuiltSite, page: str) -> dict[str, str]:
    """Return the addresses of a page in each language, as the page declares them."""
    links = site.tree(page).xpath("//head/link[@rel='alternate' and @hreflang]")
    return {link.get("hreflang"): link.get("href") for link in links}


def test_page_names_its_address_and_its_translations(page_name, built):
    tree = built.tree(page_name)
    if tree.xpath("//meta[@name='robots' and contains(@content, 'noindex')]"):
        assert page_name.rsplit("/")[-1] in {
            "404.html",
            "search.html",
            "genindex.html",
            "py-modindex.html",
        }
        return
    address = built.url + page_name.removesuffix("index.html" if page_name == "index.html" else "")
    assert tree.xpath("//link[@rel='canonical']/@href") == [address]
    declared = alternates(built, page_name)
    assert set(declared) == {*LANGUAGES.values(), "x-default"}
    folder = page_name.split("/")[0]
    if folder in LANGUAGES:
        assert declared[LANGUAGES[folder]] == address
    for link in declared.values():
        file = built.file(link)
        assert file is not None and file.is_file(), f"{link} does not exist"
        if folder in LANGUAGES:
            other = file.relative_to(built.root).as_posix()
            assert alternates(built, other) == declared, f"{other} does not point back"


def test_both_languages_have_the_same_pages(built):
    names = {
        folder: {
            page.removeprefix(f"{folder}/") for page in built.pages if page.startswith(f"{folder}/")
        }
        for folder in LANGUAGES
    }
    assert names["en"] == names["zh"]


def test_sitemap_lists_every_page(built):
    tree = etree.parse(built.root / "sitemap.xml")
    listed = set(tree.xpath("//*[local-name()='loc']/text()"))
    unlisted = {"404.html", "search.html", "genindex.html", "py-modindex.html"}
    pages = {page for page in built.pages if "/" in page and Path(page).name not in unlisted}
    assert listed == {built.url + page for page in pages}


@pytest.mark.parametrize(
    ("snippet", "address"),
    [
        ("<script src='https://example.org/a.js'></script>", "https://example.org/a.js"),
        ("<img src='//example.org/a.png' alt='a'>", "//example.org/a.png"),
        ("<link rel='stylesheet' href='https://example.org/a.css'>", "https://example.org/a.css"),
        ("<p style='background: url(https://example.org/b.png)'></p>", "https://example.org/b.png"),
        ("<style>@import 'https://example.org/c.css';</style>", "https://example.org/c.css"),
    ],
)
def test_foreign_resources_are_noticed(snippet, address, built):
    tree = html.document_fromstring(f"<html><body>{snippet}</body></html>")
    assert resources(tree) == [address]
    assert foreign(built, built.url + "en/index.html", address)


def test_broken_links_are_noticed(built):
    base = built.url + "en/index.html"
    assert "there is no en/nothing.html" in str(problem_of(built, base, "nothing.html"))
    assert "has no anchor nothing" in str(problem_of(built, base, "#nothing"))
    assert problem_of(built, base, "../zh/index.html") is None
    assert problem_of(built, base, "https://example.org/elsewhere") is None
