"""Catalogues are read strictly and written in one step and one form."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest

from _tools.i18n import catalogues
from _tools.i18n.catalogues import CatalogueError, read, render, write_all

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def write(file: Path, body: str) -> Path:
    file.write_text(HEADER + body, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ('msgid "a"\nmsgstr "甲\n', 6, "not a line"),
        ('<<<<<<< ours\nmsgid "a"\nmsgstr "甲"\n', 5, "not a line"),
        ('msgid "a"\nmsgstr "甲"乙"\n', 6, "not a line"),
        ('msgid "a"\n\nmsgid "b"\nmsgstr "乙"\n', 6, "without a msgstr"),
        ('msgid "a"\nmsgid "b"\nmsgstr "乙"\n', 6, "without a msgstr"),
        ('msgid "a"\nmsgstr "甲"\n\nmsgid "a"\nmsgstr "乙"\n', 8, "there twice"),
        ('msgid "a"\n', 6, "without a msgstr"),
        ('msgstr "甲"\n', 5, "not a catalogue"),
    ],
)
def test_a_broken_file_is_reported_with_its_line(
    tmp_path: Path, body: str, line: int, what: str
) -> None:
    file = write(tmp_path / "page.po", body)
    with pytest.raises(CatalogueError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert what in str(caught.value)


def test_a_file_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "page.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(CatalogueError, match=r"page\.po:1: not a catalogue"):
        read(tmp_path / "page.po")


def test_what_a_translator_writes_is_read(tmp_path: Path) -> None:
    body = '# a note\n#: a.md\n#, fuzzy\n#| msgid "old"\nmsgid ""\n"a "\n"b"\nmsgstr "甲\\n乙 \\"丙\\""\n'
    entry = read(write(tmp_path / "page.po", body))[0]
    assert (entry.msgid, entry.msgstr, entry.previous_msgid) == ("a b", '甲\n乙 "丙"', "old")
    assert (entry.fuzzy, entry.tcomment) == (True, "a note")


def test_rendering_is_stable_and_has_no_dates() -> None:
    catalogue = catalogues.empty("zh_CN")
    catalogue.append(polib.POEntry(msgid="word " * 60, msgstr="词" * 200))
    text = render(catalogue)
    assert text.startswith("# Chinese (Simplified, China) translation of PyTorch in Practice.\n")
    assert '"Language: zh_CN\\n"' in text and "Date" not in text
    assert "nplurals=1; plural=0;" in text
    assert max(map(len, text.split("\n"))) > 300, "long lines are not wrapped"
    assert render(polib.pofile(text, wrapwidth=0)) == text


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    same, changed, new, gone = (tmp_path / name for name in ("a.po", "b.po", "sub/c.po", "d.po"))
    for file in (same, changed, gone):
        file.write_text("old\n")
    before = same.stat().st_mtime_ns
    result = write_all({same: "old\n", changed: "new\n", new: "new\n"}, [gone])
    assert sorted(result) == [changed, gone, new]
    assert same.stat().st_mtime_ns == before
    assert (changed.read_text(), new.read_text(), gone.exists()) == ("new\n", "new\n", False)
    assert not list(tmp_path.rglob("*.new"))


def test_nothing_is_replaced_if_one_file_cannot_be_written(tmp_path: Path) -> None:
    first = tmp_path / "a.po"
    first.write_text("old\n")
    (tmp_path / "file").write_text("in the way of a folder")
    with pytest.raises(OSError):
        write_all({first: "new\n", tmp_path / "file" / "b.po": "new\n"})
    assert first.read_text() == "old\n"
    assert not list(tmp_path.rglob("*.new"))
