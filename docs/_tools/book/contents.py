"""What stands in the book, and in which order: read from the pages of the built site.

The order is that of the toctree, as the menu of the site shows it. The solutions follow the
closing; the ledger and the API reference, which are for looking at on a screen, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from lxml import html

from _ext.common.languages import Language

HOME, LESSONS, CLOSING, SOLUTIONS = (
    "index.html",
    "lessons/index.html",
    "closing.html",
    "solutions/index.html",
)
LEFT_OUT = {"ledger.html", "api/index.html"}


class BookError(Exception):
    """The book cannot be made; the message says why and what to do."""


@dataclass
class Chapter:
    """A page of the site that is a chapter."""

    page: str
    """Its name below the folder of the language."""
    title: str
    article: html.HtmlElement

    @property
    def slug(self) -> str:
        """What the identifiers of the chapter begin with."""
        return slug(self.page)


@dataclass
class Division:
    """Chapters that stand together; without a title, they stand by themselves."""

    title: str = ""
    intro: list[html.HtmlElement] = field(default_factory=list)
    """What stands below the title, before the first chapter."""
    page: str = ""
    """The page that the title is taken from, and the identifier of its section there."""
    anchor: str = ""
    chapters: list[Chapter] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The identifier of the page with the title."""
        return f"{slug(self.page)}--{self.anchor}"


class Site:
    """The built pages in one language.

    Parameters
    ----------
    root : Path
        The folder of the built site.
    language : Language

    Raises
    ------
    BookError
        If there is no such site.
    """

    def __init__(self, root: Path, language: Language) -> None:
        self.root, self.language = root, language
        self.folder = root / language.folder
        if not (self.folder / HOME).is_file():
            raise BookError(
                f"There is no built site in {root} ({language.folder}/{HOME} is missing):"
                " run `nox -s docs` first, or `nox -s book`, which does it."
            )

    def tree(self, page: str) -> html.HtmlElement:
        """Return a page, parsed."""
        file = self.folder / page
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            raise BookError(f"{file} is missing: build the site again (`nox -s docs`).") from None
        return html.document_fromstring(content, parser=html.HTMLParser(encoding="utf-8"))

    @cached_property
    def home(self) -> html.HtmlElement:
        """The first page of the site."""
        return self.tree(HOME)

    @property
    def title(self) -> str:
        """The title of the course."""
        return heading(self.home)

    @property
    def description(self) -> str:
        """What the course is, in a sentence."""
        return "".join(self.home.xpath("//meta[@name='description']/@content"))

    @cached_property
    def address(self) -> str:
        """The address of the pages in this language, or nothing if it is that of one machine."""
        canonical = "".join(self.home.xpath("//link[@rel='canonical']/@href"))
        here = urlsplit(canonical).hostname in {None, "127.0.0.1", "localhost"}
        return "" if here else canonical.removesuffix(HOME)

    @cached_property
    def divisions(self) -> list[Division]:
        """The contents of the book."""
        links = self.home.xpath(
            "//header//a[contains(concat(' ', @class, ' '), ' nav-internal ')]/@href"
        )
        pages = [page for page in dict.fromkeys(links) if page not in LEFT_OUT]
        if LESSONS not in pages:
            raise BookError(f"The menu of {self.folder / HOME} does not lead to {LESSONS}.")
        if {SOLUTIONS, CLOSING} <= {*pages}:
            pages.remove(SOLUTIONS)
            pages.insert(pages.index(CLOSING) + 1, SOLUTIONS)
        found: list[Division] = []
        for page in pages:
            if page == LESSONS:
                found += self._parts()
            elif page == SOLUTIONS:
                lessons = [x.page for division in found for x in division.chapters]
                found.append(self._solutions(lessons))
            else:
                found.append(Division(chapters=[self._chapter(page)]))
        return found

    def chapters(self) -> list[Chapter]:
        """Return all chapters in order."""
        return [chapter for division in self.divisions for chapter in division.chapters]

    def _parts(self) -> list[Division]:
        parts = []
        article = _article(self.tree(LESSONS), LESSONS)
        for cards in article.xpath(".//section/ul[contains(@class, 'lesson-cards')]"):
            section = cards.getparent()
            links = cards.xpath(".//*[@class='lesson-card-title']//a/@href")
            part = Division(heading(section), section.xpath("./p"), LESSONS, section.get("id"))
            part.chapters = [self._chapter(_beside(LESSONS, link)) for link in links]
            parts.append(part)
        if not parts:
            raise BookError(f"{self.folder / LESSONS} lists no lessons: build the site again.")
        return parts

    def _solutions(self, lessons: list[str]) -> Division:
        article = _article(self.tree(SOLUTIONS), SOLUTIONS)
        (section,) = article.xpath("./section")
        links = [_beside(SOLUTIONS, link) for link in section.xpath(".//li//a/@href")]
        order = [_number(page) for page in lessons]
        links.sort(key=lambda page: order.index(_number(page)))
        chapters = [self._chapter(page) for page in links]
        return Division(
            heading(section), section.xpath("./p"), SOLUTIONS, section.get("id"), chapters
        )

    def _chapter(self, page: str) -> Chapter:
        article = _article(self.tree(page), page)
        return Chapter(page, heading(article), article)


def slug(page: str) -> str:
    """Return what the identifiers of a page begin with in the book.

    Examples
    --------
    >>> slug("solutions/lesson_04.html")
    'solutions-lesson_04'
    """
    return page.removesuffix(".html").replace("/", "-")


def heading(element: html.HtmlElement) -> str:
    """Return the text of the first heading in an element, formulas as they are written."""
    (first, *_) = element.xpath(".//h1 | .//h2") or [element]
    return heading_text(first)


def heading_text(element: html.HtmlElement) -> str:
    """Return the text of a heading, without the sign that links to it."""
    hidden = "headerlink", "katex-html"
    words = element.xpath(
        ".//text()[not(ancestor::annotation)]"
        + "".join(f"[not(ancestor::*[contains(@class, '{name}')])]" for name in hidden)
    )
    return " ".join("".join(words).split())


def _article(tree: html.HtmlElement, page: str) -> html.HtmlElement:
    found = tree.xpath("//article")
    if len(found) != 1:
        raise BookError(f"{page} has {len(found)} articles, not one: build the site again.")
    return found[0]


def _beside(page: str, link: str) -> str:
    """Return the page that a link leads to.

    Examples
    --------
    >>> _beside("lessons/index.html", "1_basics/lesson_04.html")
    'lessons/1_basics/lesson_04.html'
    """
    return str(PurePosixPath(page).parent / urlsplit(link).path)


def _number(page: str) -> str:
    """Return the beginning of a lesson's name: ``lesson_04``."""
    return "_".join(PurePosixPath(page).stem.split("_")[:2])
