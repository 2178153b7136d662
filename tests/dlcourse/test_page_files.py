"""The folder of the files that a lesson leaves for its page."""

from pathlib import Path

import pytest

from dlcourse import page_files


def test_outside_of_a_build_it_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(page_files.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (page_files.folder() / "weights.bin").write_bytes(b"1")
    assert (tmp_path / "page_files" / "weights.bin").exists()
    assert page_files.folder().is_dir(), "a second run finds the folder there"


def test_a_build_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(page_files.VARIABLE, str(tmp_path / "part" / "lesson.files"))
    assert page_files.folder() == tmp_path / "part" / "lesson.files"
    assert page_files.folder().is_dir()
    monkeypatch.setenv(page_files.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    assert page_files.folder() == Path("page_files"), "an empty variable names nothing"
