"""What the files of the pages answer: links, images, hosts, languages and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from lxml import etree, html

from built_site import LANGUAGES, BuiltSite, parse

RESOURCES = (
    "//script/@src | //img/@src | //source/@src | //video/@src | //video/@poster | //audio/@src"
    " | //iframe/@src | //embed/@src | //object/@data | //input/@src"
    " | //link[not(contains('canonical alternate next prev search license author', @rel))]/@href"
)
CSS_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s]+)""")
UNLISTED = {"404.html", "search.html", "genindex.html", "py-modindex.html"}
"""Pages that search engines leave out."""


@cache
def anchors(file: Path) -> frozenset[str]:
    """Return the places in a page that a link may name."""
    return frozenset(parse(file).xpath("//@id | //@name"))


def problem_of(site: BuiltSite, base: str, link: str) -> str | None:
    """Return what is wrong with a link inside the site, or nothing."""
    address, fragment = urldefrag(urljoin(base, link.strip()))
    file = site.file(address)
    if file is None:
        return None
    if not file.is_file():
        return f"{link}: there is no {file.relative_to(site.root)}"
    if fragment and file.suffix == ".html" and unquote(fragment) not in anchors(file):
        return f"{link}: {file.relative_to(site.root)} has no anchor {unquote(fragment)}"
    return None


def resource_problem(site: BuiltSite, base: str, link: str) -> str | None:
    """Return what is wrong with something that a page or a style sheet loads, or nothing."""
    address = urljoin(base, link.strip())
    if urlsplit(address).scheme == "data":
        return None
    return problem_of(site, base, link) if address.startswith(site.url) else f"{link}: another host"


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


def link_problems(site: BuiltSite, page: str, tree: html.HtmlElement) -> Iterator[str | None]:
    """Yield what is wrong with the links of a page and with what it loads."""
    base = urljoin(site.url + page, "".join(tree.xpath("//base/@href")[:1]))
    for link in dict.fromkeys(tree.xpath("//a/@href | //link/@href")):
        yield problem_of(site, base, link)
    for link in dict.fromkeys(resources(tree)):
        yield resource_problem(site, base, link)


def image_problems(site: BuiltSite, page: str, tree: html.HtmlElement) -> Iterator[str]:
    """Yield the images without words or without a size."""
    for image in tree.iter("img"):
        name, alt = image.get("src"), image.get("alt")
        in_card = bool(image.xpath("ancestor::*[contains(@class, 'lesson-card')]"))
        # Beside its own title in a link or a card a picture says nothing new: alt="" is right.
        titled = in_card or any(link.text_content().strip() for link in image.iterancestors("a"))
        if alt is None or not (alt.strip() or titled):
            yield f"{name} has no alternative text"
        if not (image.get("width") and image.get("height")):
            yield f"{name} has no width and height: the text jumps when it arrives"


def alternates(tree: html.HtmlElement) -> dict[str, str]:
    """Return the addresses of a page in each language, as the page declares them."""
    links = tree.xpath("//head/link[@rel='alternate' and @hreflang]")
    return {link.get("hreflang"): link.get("href") for link in links}


def address_problems(site: BuiltSite, page: str, tree: html.HtmlElement) -> Iterator[str]:
    """Yield what is wrong with the language and the addresses that a page declares."""
    folder, name = page.split("/")[0], page.rsplit("/")[-1]
    if tree.get("lang") != LANGUAGES.get(folder, "en"):
        yield f"it says that its language is {tree.get('lang')}"
    if tree.xpath("//meta[@name='robots' and contains(@content, 'noindex')]"):
        if name not in UNLISTED:
            yield "it keeps search engines away"
        return
    address = site.url + page.removesuffix("index.html" if page == "index.html" else "")
    if (canonical := tree.xpath("//link[@rel='canonical']/@href")) != [address]:
        yield f"it says that its address is {canonical}"
    declared = alternates(tree)
    if set(declared) != {*LANGUAGES.values(), "x-default"}:
        yield f"it declares the languages {sorted(declared)}"
    if declared.get(LANGUAGES.get(folder, ""), address) != address:
        yield "it says that it stands elsewhere in its own language"
    for link in declared.values():
        file = site.file(link)
        if file is None or not file.is_file():
            yield f"{link} does not exist"
        elif folder in LANGUAGES and alternates(parse(file)) != declared:
            yield f"{link} does not point back"


@pytest.mark.parametrize("problems_of", [link_problems, image_problems, address_problems])
def test_files_of_the_pages(built, problems_of):
    found = {
        f"{page}: {problem}"
        for page in built.pages
        for problem in problems_of(built, page, built.tree(page))
        if problem
    }
    assert not found, "\n".join(sorted(found))


def test_style_sheets_load_only_from_this_site(built):
    files = [*built.root.rglob("*.css")]
    assert files
    found = {
        f"{file.relative_to(built.root)}: {problem}"
        for file in files
        for link in style_links(file.read_text(encoding="utf-8"))
        if (problem := resource_problem(built, built.url + str(file.relative_to(built.root)), link))
    }
    assert found == set()


def test_both_languages_and_the_sitemap_have_the_same_pages(built):
    names = {
        folder: {page[3:] for page in built.pages if page.startswith(f"{folder}/")}
        for folder in LANGUAGES
    }
    assert names["en"] == names["zh"]
    tree = etree.parse(built.root / "sitemap.xml")
    listed = set(tree.xpath("//*[local-name()='loc']/text()"))
    pages = {page for page in built.pages if "/" in page and Path(page).name not in UNLISTED}
    assert listed == {built.url + page for page in pages}


NOTICED = {
    link_problems: {
        "<a href='nothing.html'>": "nothing.html: there is no en/nothing.html",
        "<a href='#nothing'>": "#nothing: en/index.html has no anchor nothing",
        "<a href='../zh/index.html'>": None,
        "<a href='https://example.org/elsewhere'>": None,
        "<script src='https://x.org/a.js'></script>": "https://x.org/a.js: another host",
        "<img src='//x.org/a.png'>": "//x.org/a.png: another host",
        "<img srcset='//x.org/b.png 2x'>": "//x.org/b.png: another host",
        "<link rel=stylesheet href='//x.org/a.css'>": "//x.org/a.css: another host",
        "<link rel=preconnect href='//x.org'>": "//x.org: another host",
        "<p style='background: url(//x.org/b.png)'>": "//x.org/b.png: another host",
        "<style>@import 'https://x.org/c.css';</style>": "https://x.org/c.css: another host",
        "<img src='nothing.png'>": "nothing.png: there is no en/nothing.png",
    },
    image_problems: {
        "<img src='a.png' alt='A cat' width=5 height=5>": None,
        "<a><img src='a.png' alt='' width=5 height=5> Home</a>": None,
        "<a><img src='a.png' alt='' width=5 height=5></a>": "a.png has no alternative text",
        "<img src='b.png' width=5 height=5>": "b.png has no alternative text",
        "<img src='c.png' alt='A cat' width=5>": "c.png has no width and height: the text jumps",
    },
    address_problems: {
        "<meta name=robots content=noindex>": "it keeps search engines away",
        "<link rel=canonical href='/en/'>": "it says that its address is ['/en/']",
        "<p>x</p>": "it declares the languages []",
        "<p>no language</p>": "it says that its language is None",
    },
}


@pytest.mark.parametrize("problems_of", NOTICED)
def test_problems_are_noticed(built, problems_of):
    for snippet, expected in NOTICED[problems_of].items():
        tree = html.document_fromstring(f"<html><head></head><body>{snippet}</body></html>")
        found = [problem for problem in problems_of(built, "en/index.html", tree) if problem]
        seen = any(problem.startswith(expected) for problem in found) if expected else not found
        assert seen, f"{snippet}: {found}"
