"""Make the book: a PDF and an ePub in each language, from the built pages.

    python docs/_tools/book

They go to ``build/book`` and, when every check is passed, into the built site as well.
"""

from __future__ import annotations

import shutil
import sys
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "docs"))

import pypdfium2
from playwright.sync_api import sync_playwright

from _ext.common import node
from _ext.common.languages import LANGUAGES
from _ext.common.paths import BUILD
from _tools import chromium
from _tools.book import check, epub, fonts, joined, links, pdf, words
from _tools.book.chapters import Chapters
from _tools.book.contents import BookError, Site
from _tools.book.pictures import Pictures
from _tools.shipping.archive import FOLDER as NAME
from _tools.shipping.archive import size_text

HTML, BOOKS = BUILD / "html", BUILD / "book"


class Made(NamedTuple):
    """The books of one language."""

    pdf: Path
    epub: Path
    problems: list[str]
    seconds: float


def main() -> int:
    """Make all books, each language in a process of its own; return the exit status."""
    started = time.monotonic()
    try:
        sites = {code: Site(HTML, language) for code, language in LANGUAGES.items()}
        links.remove(HTML, list(sites.values()))
        node.ensure(fonts.FOLDER)
        chromium.program()
        check.ensure_java()
        with ProcessPoolExecutor(len(sites)) as pool:
            books = dict(zip(sites, pool.map(make, sites), strict=True))
        for code, made in books.items():
            print(f"{LANGUAGES[code].name} ({made.seconds:.0f} s)")
            print(f"  {made.pdf.relative_to(ROOT)}: {pages(made.pdf)} pages, {size(made.pdf)}")
            print(f"  {made.epub.relative_to(ROOT)}: {size(made.epub)}", flush=True)
        if problems := [problem for made in books.values() for problem in made.problems]:
            raise BookError("\n".join(problems))
        for code, made in books.items():
            links.add(HTML, sites[code], made.pdf, made.epub)
    except (BookError, node.NodeError, chromium.NoChromium) as error:
        print(f"\nThe book was not finished.\n{error}", file=sys.stderr)
        return 1
    print(f"\nThe books are ready, and linked in the site ({time.monotonic() - started:.0f} s).")
    return 0


def version() -> str:
    """Return the version of the course."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def make(code: str) -> Made:
    """Make and check the books of one language."""
    started = time.monotonic()
    site = Site(HTML, LANGUAGES[code])
    work = BOOKS / site.language.folder
    shutil.rmtree(work, ignore_errors=True)
    pictures = Pictures(work / "pictures", site.root)
    chapters = Chapters(site, lambda file: f"pictures/{pictures(file)}")
    said = words.of(site.language, version(), date.today())
    joined.write(joined.join(site, chapters, said), work / "book.html")
    paper, screen = (BOOKS / f"{NAME}-{site.language.folder}.{kind}" for kind in ("pdf", "epub"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program(), args=chromium.options()
        )
        page = pdf.open_(browser, work / "book.html")
        figures, cover = pdf.interactive_figures(page), pdf.cover(page)
        about = {"title": site.title, "language": site.language.html, "author": said.authors}
        pdf.print_(page, paper, **about)
        browser.close()
    epub.write(site, chapters, said, pictures.folder, figures, cover, screen)
    titles = [chapter.title for chapter in site.chapters()]
    problems = [f"{paper.name}: {problem}" for problem in check.pdf_problems(paper, titles)]
    problems += [f"{screen.name}: {problem}" for problem in check.epub_problems(screen)]
    return Made(paper, screen, problems, time.monotonic() - started)


def pages(file: Path) -> int:
    """Return how many pages a PDF has."""
    document = pypdfium2.PdfDocument(file)
    try:
        return len(document)
    finally:
        document.close()


def size(file: Path) -> str:
    """Return the size of a file in words."""
    return size_text(file.stat().st_size)


if __name__ == "__main__":
    sys.exit(main())
