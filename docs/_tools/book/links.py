"""The books beside the pages, and the links to them on the first page of each language.

A site is built without books: its first pages keep a place for the links, which is hidden. When the
books are made it is filled, and the next build that changes anything removes books and links, as it
removes all that it did not make. So whatever is linked was made from the pages beside it.
"""

from __future__ import annotations

import re
import shutil
from html import escape, unescape
from pathlib import Path

from _ext.common.files import write
from _ext.downloads.buttons import BOOK_CLASS
from _tools.book.contents import HOME, BookError, Site
from _tools.shipping.archive import size_text

#: The folder of the books, beside those of the languages.
FOLDER = "book"
_PLACE = re.compile(rf'<p class="{BOOK_CLASS}" data-text="([^"]*)"(?: hidden)?>.*?</p>')


def remove(root: Path, sites: list[Site]) -> None:
    """Remove books and links that an earlier run left."""
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    for site in sites:
        _fill(site, {})


def add(root: Path, site: Site, pdf: Path, epub: Path) -> None:
    """Copy the books of one language into the site, and link them with their sizes."""
    (root / FOLDER).mkdir(exist_ok=True)
    for file in (pdf, epub):
        shutil.copyfile(file, root / FOLDER / file.name)
    _fill(site, {"pdf": pdf, "epub": epub})


def _fill(site: Site, books: dict[str, Path]) -> None:
    page = site.folder / HOME
    text = page.read_text(encoding="utf-8")
    place = _PLACE.search(text)
    if place is None:
        raise BookError(f"{page} has no place for the links to the books: build the site again.")
    words = unescape(place[1])
    filled = f'<p class="{BOOK_CLASS}" data-text="{place[1]}"'
    if books:
        values = {name: _link(name, file) for name, file in books.items()}
        values |= {f"{name}_size": size_text(file.stat().st_size) for name, file in books.items()}
        filled += f">{words.format(**values)}</p>"
    else:
        filled += " hidden></p>"
    write(page, text[: place.start()] + filled + text[place.end() :])


def _link(name: str, file: Path) -> str:
    title = {"pdf": "PDF", "epub": "ePub"}[name]
    # A browser shows a PDF, and can only keep an ePub.
    download = " download" if name == "epub" else ""
    address = escape(f"../{FOLDER}/{file.name}")
    return f'<a class="reference internal" href="{address}"{download}>{title}</a>'
