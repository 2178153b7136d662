"""The ePub: a file a chapter, formulas as MathML, pictures of the interactive figures."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from ebooklib import epub
from lxml import etree, html
from pygments.formatters import HtmlFormatter

from _tools.book.chapters import Chapters, drop, having
from _tools.book.contents import Division, Site
from _tools.book.joined import title_page
from _tools.book.words import Words

HERE = Path(__file__).resolve().parent
STYLE = "style.css"
#: Of the site on paper, see ``html_theme_options`` in conf.py.
PYGMENTS_STYLE = "a11y-high-contrast-light"
#: HTML has no case, XML has.
_CASE = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}
_CASE |= {"markerwidth": "markerWidth", "markerheight": "markerHeight", "refx": "refX"}
_NAMESPACES = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}
_FILE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="{lang}" xml:lang="{lang}">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="{style}"/></head>
<body>{body}</body>
</html>"""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class _File(epub.EpubHtml):  # type: ignore[misc]  # has no types
    """A file that is written as it is: EbookLib would parse it as HTML once more."""

    def get_content(self, default: object = None) -> bytes:
        """Return what was given."""
        return bytes(self.content)


@dataclass
class _Draft:
    """A file of the book before links know in which file their target is."""

    slug: str
    title: str
    body: html.HtmlElement
    below: list[_Draft] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.slug}.xhtml"


def write(
    site: Site,
    chapters: Chapters,
    words: Words,
    pictures: Path,
    figures: Iterable[bytes],
    cover: bytes,
    out: Path,
) -> None:
    """Write the ePub.

    Parameters
    ----------
    site, chapters, words
        What is in it.
    pictures : Path
        The folder of the pictures, whose name begins their addresses.
    figures : iterable of bytes
        Pictures of the interactive figures (PNG), in their order.
    cover : bytes
        A picture of the title page (JPEG).
    out : Path
    """
    book = epub.EpubBook()
    book.set_identifier(uuid.uuid5(uuid.NAMESPACE_URL, f"{site.title} {words.made}").urn)
    book.set_title(site.title)
    book.set_language(site.language.html)
    book.add_author(words.authors)
    book.add_metadata("DC", "description", site.description)
    book.add_metadata("DC", "rights", words.licence)
    book.set_cover("cover.jpg", cover, create_page=False)
    drafts = _drafts(site, chapters, words, iter(figures), pictures)
    every = [each for draft in drafts for each in (draft, *draft.below)]
    places = {
        x: draft.name for draft in every for x in draft.body.xpath("descendant-or-self::*/@id")
    }
    for draft in every:
        for link in draft.body.xpath(".//a[starts-with(@href, '#')]"):
            link.set("href", places[link.get("href")[1:]] + link.get("href"))
    files = {draft.name: _file(draft, site.language.html) for draft in every}
    for file in files.values():
        book.add_item(file)
    used = {src for draft in every for src in draft.body.xpath(".//img/@src")}
    for src in sorted(used):
        picture = pictures.parent / src
        kind = {"jpg": "jpeg", "svg": "svg+xml"}.get(suffix := picture.suffix[1:], suffix)
        book.add_item(epub.EpubItem(None, src, f"image/{kind}", picture.read_bytes()))
    book.add_item(epub.EpubItem("style", STYLE, "text/css", _style().encode()))
    book.toc = [_entry(draft) for draft in drafts]
    navigation = epub.EpubNav(title=words.contents)
    navigation.lang = site.language.html
    book.add_item(navigation)
    book.add_item(epub.EpubNcx())
    first, *rest = files.values()
    book.spine = [first, "nav", *rest]
    epub.write_epub(out, book, {"raise_exceptions": True, "epub2_guide": False})


def _drafts(
    site: Site, chapters: Chapters, words: Words, figures: Iterator[bytes], pictures: Path
) -> list[_Draft]:
    title = html.fragment_fromstring(title_page(site, words))
    drop(title, ".//img")
    drafts = [_Draft("title", site.title, _prepared(title, figures, pictures))]
    for division, articles in chapters:
        below = [
            _Draft(
                article.get("id"), article.get("data-title"), _prepared(article, figures, pictures)
            )
            for article in articles
        ]
        if division.title:
            part = _part(division, chapters.intro(division))
            drafts.append(
                _Draft(division.slug, division.title, _prepared(part, figures, pictures), below)
            )
        else:
            drafts += below
    return drafts


def _part(division: Division, intro: Iterable[html.HtmlElement]) -> html.HtmlElement:
    page = html.fragment_fromstring(f"<article><h1>{escape(division.title)}</h1></article>")
    page.set("id", division.slug)
    page.extend(intro)
    return page


def _prepared(
    element: html.HtmlElement, figures: Iterator[bytes], pictures: Path
) -> html.HtmlElement:
    """Make XML of HTML."""
    drop(element, having("katex-html"))
    for figure in element.xpath(f"{having('interactive')}/*[contains(name(), '-')]"):
        name = f"{element.get('id')}-{figure.tag}.png"
        (pictures / name).write_bytes(next(figures))
        figure.tag = "img"
        words = figure.getparent().xpath("./*[@class='interactive-caption']")
        alt = " ".join(words[0].text_content().split()) if words else ""
        figure.attrib.clear()
        figure.attrib.update({"src": f"{pictures.name}/{name}", "alt": alt})
    for each in element.iter(etree.Element):
        for name, right in _CASE.items():
            if name in each.attrib:
                each.set(right, each.attrib.pop(name))
        for name in [x for x in each.attrib if x.startswith("data-") or x == "role"]:
            del each.attrib[name]
        if each.tag in _NAMESPACES:
            each.set("xmlns", _NAMESPACES[each.tag])
        each.text, each.tail = (x and _CONTROL.sub("", x) for x in (each.text, each.tail))
    return element


def _file(draft: _Draft, language: str) -> _File:
    body = etree.tostring(draft.body, encoding="unicode", method="xml", with_tail=False)
    content = _FILE.format(lang=language, title=escape(draft.title), style=STYLE, body=body)
    file = _File(uid=draft.slug, file_name=draft.name, title=draft.title, lang=language)
    file.content = content.encode()
    file.properties = [
        name for name, tag in (("mathml", "math"), ("svg", "svg")) if draft.body.xpath(f".//{tag}")
    ]
    return file


def _entry(draft: _Draft) -> object:
    link = epub.Link(draft.name, draft.title, draft.slug)
    if draft.below:
        return epub.Section(draft.title, draft.name), [_entry(each) for each in draft.below]
    return link


def _style() -> str:
    colours = HtmlFormatter(style=PYGMENTS_STYLE).get_style_defs(".highlight")
    return (HERE / "epub.css").read_text(encoding="utf-8") + str(colours)
