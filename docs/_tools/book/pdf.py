"""Print the joined page with Chromium, twice: the second time the contents have page numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
from playwright.sync_api import Browser, Page

from _tools.book.contents import BookError

#: A4 between its margins, in CSS pixels: what a script measures is as on paper.
WIDTH, HEIGHT = 658, 979
_READY = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode()));
}"""
#: What is drawn with a line round its letters would be a font of pictures; nobody opens a menu on
#: paper.
_ON_PAPER = """() => {
  for (const figure of document.querySelectorAll(".interactive > *")) {
    const style = document.createElement("style");
    style.textContent = "text { stroke: none !important; }"
      + " select { padding: 0 !important; border: 0 !important; appearance: none; }";
    figure.shadowRoot?.append(style);
  }
}"""
_NUMBER = """(pages) => {
  for (const place of document.querySelectorAll("[data-page-of]"))
    place.textContent = pages[place.dataset.pageOf];
}"""
_TITLES = "() => [...document.querySelectorAll('[data-title]:is(h1,h2,h3,h4,h5,h6)')]" + (
    ".filter((x) => x.checkVisibility()).map((x) => x.dataset.title)"
)


def open_(browser: Browser, file: Path) -> Page:
    """Open the joined page as it is on paper, and wait until nothing is missing."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2)
    page.emulate_media(media="print", color_scheme="light")
    page.goto(file.as_uri())
    page.evaluate(_READY)
    page.evaluate(_ON_PAPER)
    return page


def interactive_figures(page: Page) -> list[bytes]:
    """Return pictures (PNG) of the interactive figures, as they are on paper."""
    figures = page.locator(".interactive > :not(.interactive-caption)").all()
    return [figure.screenshot(type="png", scale="device") for figure in figures]


def cover(page: Page) -> bytes:
    """Return a picture (JPEG) of the title page."""
    return page.locator(".book-title").screenshot(type="jpeg", quality=90, scale="device")


def print_(page: Page, out: Path, *, title: str, language: str, author: str) -> None:
    """Print a page whose contents are empty, and write their numbers into it.

    Parameters
    ----------
    page : Page
        The joined page, see `open_`.
    out : Path
        The PDF.
    title, language, author : str
        What the PDF says of itself.
    """
    draft = out.with_suffix(".part")
    titles = page.evaluate(_TITLES)
    _print(page, draft, tagged=False)  # which is faster, and ends each page at the same place
    with pikepdf.open(draft) as pdf:
        numbers = page_numbers(pdf)
    page.evaluate(_NUMBER, numbers)
    _print(page, draft, tagged=True)
    with pikepdf.open(draft) as pdf:
        if page_numbers(pdf) != numbers:
            raise BookError("The page numbers in the contents have moved the pages.")
        finish(pdf, titles)
        describe(pdf, title=title, language=language, author=author)
        pdf.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
            recompress_flate=True,
        )
    draft.unlink()


def _print(page: Page, out: Path, *, tagged: bool) -> None:
    """Print a page; only what is tagged gets an outline."""
    page.pdf(
        path=out,
        prefer_css_page_size=True,
        print_background=True,
        outline=tagged,
        tagged=tagged,
    )


def page_numbers(pdf: pikepdf.Pdf) -> dict[str, int]:
    """Return the pages of all destinations, counted from 1."""
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    return {name: numbers[place[0].objgen] for name, place in destinations(pdf)}


def destinations(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Object]]:
    """Yield the named destinations of a PDF."""
    for name, place in pdf.Root.get("/Dests", pikepdf.Dictionary()).items():
        yield name.removeprefix("/"), place


def finish(pdf: pikepdf.Pdf, titles: list[str]) -> None:
    """Write the titles of the outline anew.

    Chromium puts them together from pieces of text: spaces are lost, and Chinese headings double.
    """
    entries = list(outline(pdf))
    if len(entries) != len(titles):
        raise BookError(f"The outline has {len(entries)} entries for {len(titles)} headings.")
    for entry, title in zip(entries, titles, strict=True):
        entry.Title = pikepdf.String(title)


def outline(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Yield the entries of the outline, in the order in which they are shown."""

    def below(entry: pikepdf.Object) -> Iterator[pikepdf.Object]:
        child = entry.get("/First")
        while child is not None:
            yield child
            yield from below(child)
            child = child.get("/Next")

    yield from below(pdf.Root.get("/Outlines", pikepdf.Dictionary()))


def describe(pdf: pikepdf.Pdf, *, title: str, language: str, author: str) -> None:
    """Say in the PDF what it is."""
    with pdf.open_metadata(set_pikepdf_as_editor=False) as about:
        about["dc:title"] = title
        about["dc:language"] = [language]
        about["dc:creator"] = [author]
        about["dc:rights"] = "CC BY 4.0"
        about["xmp:CreatorTool"] = "Sphinx, Chromium"
        about["pdf:Producer"] = "pikepdf"
        about["xmp:CreateDate"] = datetime.now(UTC).isoformat(timespec="seconds")
    pdf.Root.Lang = pikepdf.String(language)
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
    pdf.Root.PageMode = pikepdf.Name.UseOutlines
