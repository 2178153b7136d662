"""What is wrong with a finished PDF is found, and said of its page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, OutlineItem, String

from _tools.book import check, pdf

TITLES = ["Opening", "Closing"]


def page(document: pikepdf.Pdf, x: int = 100, font: str = "NotoSans-Regular") -> pikepdf.Page:
    """Add a page with a line of text, x points from the left."""
    added = document.add_blank_page(page_size=(595, 842))
    face = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(f"/{font}"))
    added.Resources = Dictionary(Font=Dictionary(F1=document.make_indirect(face)))
    added.Contents = document.make_stream(f"BT /F1 12 Tf {x} 700 Td (Some text) Tj ET".encode())
    return added


def sound() -> pikepdf.Pdf:
    """Return a book of two pages with nothing wrong."""
    document = pikepdf.new()
    first, second = page(document), page(document)
    document.Root.Dests = Dictionary({"/a": Array([second.obj, Name.Fit])})
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], Dest=Name("/a"))
    first.Annots = Array([document.make_indirect(link)])
    document.Root.MarkInfo = Dictionary(Marked=True)
    with document.open_outline() as outline:
        outline.root.extend(OutlineItem(title, 0) for title in TITLES)
    pdf.describe(document, title="A course", language="en", author="Somebody")
    return document


def problems(document: pikepdf.Pdf, folder: Path) -> list[str]:
    document.save(folder / "book.pdf")
    return list(check.pdf_problems(folder / "book.pdf", TITLES))


def test_a_sound_book_passes(tmp_path: Path) -> None:
    assert problems(sound(), tmp_path) == []


def link_to(**target: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        link = document.pages[0].Annots[0]
        del link.Dest
        for name, value in target.items():
            link[f"/{name}"] = value

    return change


def type_3(document: pikepdf.Pdf) -> None:
    document.pages[1].Resources.Font.F1.Subtype = Name.Type3


def only_a_running_head(document: pikepdf.Pdf) -> None:
    document.pages[1].Contents = document.make_stream(b"BT /F1 8 Tf 100 815 Td (Head) Tj ET")


def untagged(document: pikepdf.Pdf) -> None:
    del document.Root.MarkInfo


def without_language(document: pikepdf.Pdf) -> None:
    del document.Root.Lang


def doubled(document: pikepdf.Pdf) -> None:
    document.Root.Outlines.First.Title = String("OpeningOpening")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: page(document, x=10), "page 3: text ends outside of the margins: 'S"),
        (lambda document: page(document, x=520), "page 3: text ends outside of the margins"),
        (lambda document: page(document, font="Arial"), "page 3: Arial is no font of the book"),
        (type_3, "page 2: a font is Type 3"),
        (only_a_running_head, "page 2: nothing is on it"),
        (link_to(Dest=Name("/gone")), "page 1: a link leads to /gone, which is nowhere"),
        (
            link_to(A=Dictionary(S=Name.URI, URI=String("file:///book.html"))),
            "page 1: a link leads to file:///book.html",
        ),
        (
            link_to(A=Dictionary(S=Name.URI, URI=String("http://127.0.0.1:8000/"))),
            "page 1: a link leads to http://127.0.0.1:8000/",
        ),
        (untagged, "it is not tagged"),
        (without_language, "it does not say its language"),
        (doubled, "the outline has no 'Opening' where it should"),
    ],
)
def test_a_fault_is_found(
    tmp_path: Path, change: Callable[[pikepdf.Pdf], object], message: str
) -> None:
    document = sound()
    change(document)
    assert any(found.startswith(message) for found in problems(document, tmp_path))


def test_outline_gets_the_titles_of_the_headings() -> None:
    document = sound()
    pdf.finish(document, ["One", "Two"])
    assert [str(entry.Title) for entry in pdf.outline(document)] == ["One", "Two"]
    with pytest.raises(pdf.BookError, match="2 entries for 1 headings"):
        pdf.finish(document, ["One"])


def test_page_numbers_are_counted_from_one() -> None:
    assert pdf.page_numbers(sound()) == {"a": 2}
