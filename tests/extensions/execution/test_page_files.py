"""What a lesson leaves for its page is kept with its outputs, and served."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from _ext.execution import page_files as store
from dlcourse import page_files
from tiny_site import build, write


def files_in(folder: Path) -> dict[str, str]:
    """Return the content of each file in a folder."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in found}


def test_a_lesson_finds_its_folder_while_it_is_executed(tmp_path, monkeypatch):
    monkeypatch.delenv(page_files.VARIABLE, raising=False)
    with store.offered(tmp_path / "lesson_01_x.py"):
        assert page_files.folder() == tmp_path / "lesson_01_x.files"
    assert page_files.VARIABLE not in os.environ


def test_the_variable_comes_back_after_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv(page_files.VARIABLE, "mine")
    with pytest.raises(ValueError, match="lesson"), store.offered(tmp_path / "lesson_01_x.py"):
        raise ValueError("lesson")
    assert os.environ[page_files.VARIABLE] == "mine"


def test_files_go_into_the_cache_and_come_back(tmp_path):
    target, entry = tmp_path / "lesson_01_x.py", tmp_path / "entry"
    entry.mkdir()
    store.store(target, entry)
    assert files_in(entry) == {}, "most lessons leave nothing"
    write(store.folder(target), {"a.bin": "1", "deep/b.bin": "2"})
    store.store(target, entry)
    store.remove(target)
    assert not store.folder(target).exists()
    store.restore(entry, target)
    assert files_in(store.folder(target)) == {"a.bin": "1", "deep/b.bin": "2"}
    empty = tmp_path / "empty"
    empty.mkdir()
    store.restore(empty, target)
    assert not store.folder(target).exists(), "what another version of the lesson left is stale"


def test_a_mirror_changes_only_what_differs(tmp_path):
    source = write(tmp_path / "source", {"same": "1", "new": "2", "changed": "after"})
    copy = write(tmp_path / "copy", {"same": "1", "changed": "before", "gone/away": "3"})
    os.utime(copy / "same", (0, 0))
    (source / "new").chmod(0o600)
    store.mirror(source, copy)
    assert files_in(copy) == {"same": "1", "new": "2", "changed": "after"}
    assert not (copy / "gone").exists()
    assert (copy / "same").stat().st_mtime == 0
    assert (copy / "new").stat().st_mode & 0o044, "a web server may read it"


def test_folders_of_lessons_that_are_gone_are_removed(tmp_path):
    write(tmp_path, {"part/lesson_01_x.files/a": "", "part/lesson_02_y.files/lesson_01": ""})
    store.remove_unless(tmp_path, ["lesson_02_y"])
    assert list(files_in(tmp_path)) == ["part/lesson_02_y.files/lesson_01"]


def test_the_address_follows_the_content(tmp_path):
    file = tmp_path / "lesson_01_x.files" / "deep" / "a.bin"
    write(file.parent, {"a.bin": "1"})
    before = store.address(file)
    assert before.startswith("_live/lesson_01_x/deep/a.bin?v=")
    file.write_text("2", "utf-8")
    assert store.address(file) != before


def test_the_site_serves_the_files(tmp_path):
    left = "lessons/part/lesson_01_x.files/a.bin"
    source = write(tmp_path / "docs", {"index.rst": "Home\n====\n", left: "1"})

    def served() -> dict[str, str]:
        out = build(source, tmp_path / "out", extensions=["_ext.execution.page_files"]).out
        return files_in(out / "_live")

    assert served() == {"lesson_01_x/a.bin": "1"}
    (source / left).write_text("2", "utf-8")
    assert served() == {"lesson_01_x/a.bin": "2"}
    (source / left).unlink()
    (source / left).parent.rmdir()
    assert served() == {}
    assert not (tmp_path / "out" / "_live").exists()
