"""Pages follow the titles and targets of others, also when only the others changed."""

from __future__ import annotations

from pathlib import Path

from tiny_site import build, write

PAGES = {
    "index.rst": "Start\n=====\n\nRead :doc:`other` on a :term:`tensor`.\n\n.. toctree::\n   :hidden:\n\n   other\n   third\n",
    "other.rst": "Other\n=====\n\n.. glossary::\n\n   tensor\n      Numbers.\n",
    "third.rst": "Third\n=====\n\nSee :doc:`other` on a :term:`tensor`.\n",
}


def render(tmp_path: Path, **pages: str) -> tuple[str, str]:
    """Build, and return the third page and the warnings."""
    source = write(tmp_path / "docs", {f"{name}.rst": text for name, text in pages.items()})
    built = build(source, tmp_path / "html", extensions=["cross_references"], nitpicky=True)
    return (built.out / "third.html").read_text("utf-8"), built.warnings


def test_title_of_another_page(tmp_path: Path) -> None:
    write(tmp_path / "docs", PAGES)
    page, warnings = render(tmp_path)
    assert ">Other<" in page and not warnings
    page, warnings = render(tmp_path, other=PAGES["other.rst"].replace("Other\n", "Novel\n"))
    assert ">Novel<" in page and ">Other<" not in page and not warnings


def test_target_that_has_gone(tmp_path: Path) -> None:
    write(tmp_path / "docs", PAGES)
    render(tmp_path)
    _, warnings = render(tmp_path, other=PAGES["other.rst"].replace("   tensor\n", "   array\n"))
    assert "third.rst:4: WARNING: term not in glossary: 'tensor'" in warnings


def test_other_edits_write_only_their_page(tmp_path: Path) -> None:
    write(tmp_path / "docs", PAGES)
    render(tmp_path)
    (tmp_path / "html/third.html").write_text("as it was")
    page, _ = render(tmp_path, other=PAGES["other.rst"].replace("Numbers.", "More numbers."))
    assert page == "as it was"
    assert "More numbers." in (tmp_path / "html/other.html").read_text("utf-8")
