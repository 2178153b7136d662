"""Make the book: a PDF and an ePub in each language, from the built pages.

    python docs/_tools/book

They go to ``build/book`` and, when every check is passed, into the built site as well.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "docs"))

import pypdfium2
from playwright.sync_api import Browser, sync_playwright

import dlcourse
from _ext.common.node import NodeError
from _ext.common.paths import BUILD
from _tools import chromium
from _tools.book import check, epub, joined, links, pdf, words
from _tools.book.chapters import Chapters
from _tools.book.contents import BookError, Site, sites
from _tools.book.pictures import Pictures
from _tools.shipping.archive import FOLDER as NAME

BOOKS = BUILD / "book"


def main() -> int:
    """Make all books; return the exit status."""
    started = time.monotonic()
    html = BUILD / "html"
    try:
        languages = sites(html)
        links.remove(html, languages)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.program(), args=chromium.options()
            )
            books = {site: make(site, browser, BOOKS) for site in languages}
        problems = [problem for site in languages for problem in faults(site, *books[site])]
        if problems:
            raise BookError("\n".join(problems))
        for site, (paper, screen) in books.items():
            links.add(html, site, paper, screen)
    except (BookError, NodeError, chromium.NoChromium) as error:
        print(f"\nThe book was not finished.\n{error}", file=sys.stderr)
        return 1
    print(f"\nThe books are ready, and linked in the site ({time.monotonic() - started:.0f} s).")
    return 0


def make(site: Site, browser: Browser, folder: Path) -> tuple[Path, Path]:
    """Make the books of one language; return the PDF and the ePub."""
    started = time.monotonic()
    work = folder / site.language.folder
    shutil.rmtree(work, ignore_errors=True)
    pictures = Pictures(work / "pictures", site.root)
    chapters = Chapters(site, lambda file: f"pictures/{pictures(file)}")
    said = words.of(site.language, dlcourse.__version__, date.today())
    document = joined.join(site, chapters, said)
    joined.write(document, page_file := work / "book.html")
    page = pdf.open_(browser, page_file)
    paper, screen = (folder / f"{NAME}-{site.language.folder}.{kind}" for kind in ("pdf", "epub"))
    pdf.print_(page, paper, title=site.title, language=site.language.html, author=said.authors)
    figures = pdf.interactive_figures(page)
    cover = pdf.cover(page)
    page.close()
    epub.write(site, chapters, said, pictures.folder, figures, cover, screen)
    document = pypdfium2.PdfDocument(paper)
    print(f"{site.language.name} ({time.monotonic() - started:.0f} s)")
    print(f"  {paper.relative_to(ROOT)}: {len(document)} pages, {size(paper)}")
    print(f"  {screen.relative_to(ROOT)}: {size(screen)}", flush=True)
    document.close()
    return paper, screen


def size(file: Path) -> str:
    """Return the size of a file in words."""
    return f"{file.stat().st_size / 1e6:.1f} MB"


def faults(site: Site, paper: Path, screen: Path) -> Iterator[str]:
    """Yield what is wrong with the books of one language."""
    titles = [chapter.title for chapter in site.chapters()]
    for file, found in (
        (paper, check.pdf_problems(paper, titles)),
        (screen, check.epub_problems(screen)),
    ):
        yield from (f"{file.name}: {problem}" for problem in found)


if __name__ == "__main__":
    sys.exit(main())
