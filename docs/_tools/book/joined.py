"""The book as one page of HTML, from which the PDF is printed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree, html

from _ext.common.paths import STATIC
from _tools.book import fonts
from _tools.book.chapters import Chapters, drop, having
from _tools.book.contents import BookError, Division, Site
from _tools.book.words import Words

HERE = Path(__file__).resolve().parent
_TITLE_PAGE = """<header class="book-title">
<img src="{logo}" alt="">
<h1 class="title-0" data-title="{title}">{title}</h1>
<p class="book-description">{description}</p>
<p class="book-authors">{authors}</p>
<p>{made}<br>{licence}</p>
{address}
</header>"""
_ENTRY = (
    '<li class="{kind}"><a href="#{slug}"><span class="entry-title">{title}</span>'
    '<span class="entry-page" data-page-of="{slug}"></span></a></li>'
)


def join(site: Site, chapters: Chapters, words: Words) -> html.HtmlElement:
    """Return the whole book as a document."""
    body = html.Element("body")
    body.append(html.fragment_fromstring(title_page(site, words)))
    body.append(html.fragment_fromstring(contents(site.divisions, words)))
    main = body
    for name in ("bd-main", "bd-content", "bd-article-container"):
        main = etree.SubElement(main, "div", {"class": name})
    for division, articles in chapters:
        if division.title:
            main.append(_division(division, chapters.intro(division)))
        main.extend(articles)
    _formulas(main)
    document = html.Element("html", {"lang": site.language.html, "data-theme": "light"})
    document.append(_head(site))
    document.append(body)
    if unknown := fonts.missing(_visible(body)):
        listed = " ".join(f"{sign} (U+{ord(sign):04X})" for sign in sorted(unknown))
        raise BookError(f"No font of the book has {listed}: add one to docs/_tools/book/fonts.py.")
    return document


def title_page(site: Site, words: Words) -> str:
    """Return the first page."""
    url = escape(site.address)
    address = f'<p><a class="external" href="{url}">{url}</a></p>' if url else ""
    return _TITLE_PAGE.format(
        logo=(STATIC / "logo.svg").as_uri(),
        title=escape(site.title),
        description=escape(site.description),
        authors=escape(words.authors),
        made=escape(words.made),
        licence=escape(words.licence),
        address=address,
    )


def contents(divisions: Iterable[Division], words: Words) -> str:
    """Return the table of contents, in which page numbers are still missing."""
    entries = []
    for division in divisions:
        if division.title:
            entries.append(("part", division.slug, division.title))
        kind = "chapter" if division.title else "alone"
        entries += [(kind, chapter.slug, chapter.title) for chapter in division.chapters]
    rows = (_ENTRY.format(kind=k, slug=escape(s), title=escape(t)) for k, s, t in entries)
    title = escape(words.contents)
    return (
        f'<nav class="book-contents"><h1 class="title-1" data-title="{title}">{title}</h1>'
        f"<ol>{''.join(rows)}</ol></nav>"
    )


def _division(division: Division, intro: Iterable[html.HtmlElement]) -> html.HtmlElement:
    title = escape(division.title)
    page = html.fragment_fromstring(
        f'<article class="bd-article book-part" id="{division.slug}">'
        f'<h1 class="title-0" data-title="{title}">{title}</h1></article>'
    )
    page.extend(intro)
    return page


def _head(site: Site) -> html.HtmlElement:
    head = html.Element("head")
    etree.SubElement(head, "meta", {"charset": "utf-8"})
    etree.SubElement(head, "title").text = site.title
    for href in [*_sheets(site), *fonts.sheets()]:
        etree.SubElement(head, "link", {"rel": "stylesheet", "href": href})
    running = (
        f'@page {chapter.slug} {{ @top-left {{ content: "{_css(chapter.title)}"; }} }}'
        f"#{chapter.slug} {{ page: {chapter.slug}; }}"
        for chapter in site.chapters()
    )
    style = (fonts.faces(), (HERE / "book.css").read_text(encoding="utf-8"), *running)
    etree.SubElement(head, "style").text = "\n".join(style)
    for src in _scripts(site):
        etree.SubElement(head, "script", {"src": src, "defer": ""})
    return head


def _css(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _sheets(site: Site) -> list[str]:
    """Return the addresses of the style sheets of all chapters, those for paper last."""
    screen: dict[str, None] = {}
    paper: dict[str, None] = {}
    for chapter in site.chapters():
        folder = site.folder / posixpath.dirname(chapter.page)
        for link in chapter.article.xpath("//head/link[@rel='stylesheet']"):
            sheets = paper if link.get("media") == "print" else screen
            sheets[(folder / urlsplit(link.get("href")).path).resolve().as_uri()] = None
    return [*screen, *paper]


def _scripts(site: Site) -> list[str]:
    """Return the addresses of the scripts that draw the interactive figures; first what they share."""
    tags = {
        figure.tag: None  # in order, and each once
        for chapter in site.chapters()
        for figure in chapter.article.xpath(f"{having('interactive')}/*[contains(name(), '-')]")
    }
    return [(STATIC / f"{name}.js").as_uri() for name in ("elements", *tags)] if tags else []


def _formulas(element: html.HtmlElement) -> None:
    """Keep what is drawn of a formula; who cannot see it gets it as it was written."""
    for formula in element.xpath(having("katex")):
        written = "".join(formula.xpath(".//annotation/text()"))
        drop(formula, having("katex-mathml"))
        for drawn in formula.xpath(having("katex-html")):
            drawn.attrib.pop("aria-hidden", None)  # or the PDF would leave out the whole formula
        formula.set("role", "img")
        formula.set("aria-label", written)


def _visible(body: html.HtmlElement) -> str:
    return "".join(body.xpath(".//text()[not(ancestor::annotation)]"))


def write(document: html.HtmlElement, file: Path) -> None:
    """Write a document."""
    file.write_bytes(html.tostring(document, doctype="<!DOCTYPE html>", encoding="utf-8"))
