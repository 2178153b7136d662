"""Chapters as they are printed: nothing to click, all that is folded opened, links within the book.

What is made here is the same in the PDF and in the ePub.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

from _tools.book.contents import BookError, Chapter, Division, Site, heading_text, slug

#: Buttons, and what only a script fills.
_SCREEN_ONLY = ".//*[@hidden] | .//script | .//noscript | .//button | .//input | .//style"
_SCREEN_CLASSES = ("headerlink", "lesson-actions", "choice-said", "live-box", "map-progress")
#: Lines of code that are not parted.
SHORT = 12
#: Attributes that name other elements of their page.
_REFERENCES = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
_HEADINGS = "|".join(f".//h{level}" for level in range(1, 6))


class Chapters:
    """The chapters of a book, ready to be joined.

    Parameters
    ----------
    site : Site
    picture : callable
        From the file of a picture on the page to the address of the one in the book.
    """

    def __init__(self, site: Site, picture: Callable[[Path], str]) -> None:
        self.site, self._picture = site, picture
        self._pages = {chapter.page: chapter for chapter in site.chapters()}
        self._anchors = {
            page: {slug(page), *(_named(page, x) for x in chapter.article.xpath(".//@id"))}
            for page, chapter in self._pages.items()
        }
        for division in site.divisions:
            if division.title:
                self._anchors.setdefault(division.page, set()).add(division.slug)
        self.dangling: list[str] = []

    def __iter__(self) -> Iterator[tuple[Division, list[html.HtmlElement]]]:
        """Yield each division with its chapters, as elements ``<article>``."""
        for division in self.site.divisions:
            depth = 1 if division.title else 0
            yield division, [self._chapter(chapter, depth) for chapter in division.chapters]
        if self.dangling:
            raise BookError("These links lead nowhere:\n" + "\n".join(sorted(set(self.dangling))))

    def intro(self, division: Division) -> list[html.HtmlElement]:
        """Return what stands below the title of a division."""
        return [self._clean(division.page, deepcopy(element)) for element in division.intro]

    def _chapter(self, chapter: Chapter, depth: int) -> html.HtmlElement:
        article = self._clean(chapter.page, deepcopy(chapter.article))
        article.set("id", chapter.slug)
        article.set("data-title", chapter.title)
        for title in article.xpath(_HEADINGS):
            level = int(title.tag[1])
            title.set("data-title", heading_text(title))
            title.classes.add(f"title-{level}")
            title.tag = f"h{min(level + depth, 6)}"
        return article

    def _clean(self, page: str, element: html.HtmlElement) -> html.HtmlElement:
        drop(element, _SCREEN_ONLY)
        for name in _SCREEN_CLASSES:
            drop(element, having(name))
        _runs_on_one_line(element)
        _open(element)
        _last_frames(element)
        _short(element)
        for link in element.xpath(".//a[@href]"):
            self._link(page, link)
        for picture in element.xpath(".//img[@src]"):
            file = self.site.folder / posixpath.dirname(page) / urlsplit(picture.get("src")).path
            picture.set("src", self._picture(file.resolve()))
            for name in ("loading", "decoding"):
                picture.attrib.pop(name, None)
        for anchor in element.xpath(".//*[@id]"):
            anchor.set("id", _named(page, anchor.get("id")))
        for name in _REFERENCES:
            for one in element.xpath(f".//*[@{name}]"):
                one.set(name, " ".join(_named(page, x) for x in one.get(name).split()))
        return element

    def _link(self, page: str, link: html.HtmlElement) -> None:
        """Lead a link into the book, to its full address, or nowhere."""
        parts = urlsplit(link.get("href"))
        for name in ("download", "title"):
            link.attrib.pop(name, None)
        if parts.scheme or parts.netloc:
            return
        folder = posixpath.dirname(page)
        target = (
            posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else page
        )
        anchor = _named(target, parts.fragment) if parts.fragment else slug(target)
        if target in self._pages or anchor in self._anchors.get(target, ()):
            link.set("href", f"#{anchor}")
            if anchor not in self._anchors[target]:
                self.dangling.append(f"{page}: {parts.geturl()}")
        elif self.site.address and "image-reference" not in link.classes:
            fragment = f"#{parts.fragment}" if parts.fragment else ""
            link.set("href", self.site.address + target + fragment)
            link.classes.add("external")
        else:  # a page that readers of the book cannot open
            link.tag = "span"
            del link.attrib["href"]


def having(name: str) -> str:
    """Return the XPath of all elements of a class."""
    return f".//*[contains(concat(' ', @class, ' '), ' {name} ')]"


def drop(element: html.HtmlElement, xpath: str) -> None:
    """Remove elements, but not the text behind them."""
    for each in element.xpath(xpath):
        each.drop_tree()


def _named(page: str, identifier: str) -> str:
    """Return an identifier of a page as it is in the book."""
    return f"{slug(page)}--{identifier}"


def _runs_on_one_line(element: html.HtmlElement) -> None:
    """Keep of a lesson's run what the closed fold says."""
    for run in element.xpath(".//details[@class='lesson-run']"):
        for rest in run.xpath("./*[not(self::summary)]"):
            rest.drop_tree()


def _open(element: html.HtmlElement) -> None:
    """Show what is folded on the screen, and all tabs one after the other."""
    for fold in element.xpath(".//details"):
        fold.tag = "div"
        fold.classes.add("opened")
        fold.attrib.pop("open", None)
    for title in element.xpath(".//summary"):
        title.tag = "p"
        title.classes.add("opened-title")
    for label in element.xpath(".//label"):
        label.tag = "p"
        label.attrib.pop("for", None)
        label.classes.add("tab-title")


def _last_frames(element: html.HtmlElement) -> None:
    """Print of an animation its last frame, and below an interactive figure what it shows."""
    for player in element.xpath(".//frame-player"):
        player.drop_tag()
    for box in element.xpath(having("interactive")):
        for figure in box.xpath("./*[contains(name(), '-')]"):
            caption = html.Element("div", {"class": "interactive-caption"})
            caption.extend(figure.getchildren())
            box.append(caption)


def _short(element: html.HtmlElement) -> None:
    """Mark the code that stays on one page."""
    for code in element.xpath(".//pre"):
        if code.text_content().strip().count("\n") < SHORT:
            (box, *_) = code.xpath("ancestor::div[contains(@class, 'highlight')]") or [code]
            box.classes.add("short")


def unique(document: html.HtmlElement) -> list[str]:
    """Return the identifiers that more than one element has."""
    return [x for x, times in Counter(document.xpath("//@id")).items() if times > 1]


def dangling(document: html.HtmlElement) -> list[str]:
    """Return the links within a document that lead to no element of it."""
    there = {*document.xpath("//@id")}
    links = document.xpath("//a[starts-with(@href, '#')]/@href")
    return [link for link in links if link[1:] not in there]
