"""An archive gives the members asked for, and can write nothing else anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcourse.assets._archives import extract
from dlcourse.assets._catalogue import SourceError
from fake_registry import deb, tar, wheel

EVIL = {"../../evil": b"evil", "/evil": b"evil", "good": b"good"}
ARCHIVES = {"a.whl": wheel(EVIL), "a.tgz": tar(EVIL), "a.deb": deb(EVIL)}


@pytest.fixture(params=ARCHIVES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive of each format that holds names that lead out of its folder."""
    path = tmp_path / "a" / "b" / request.param
    path.parent.mkdir(parents=True)
    path.write_bytes(ARCHIVES[request.param])
    return path


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_members_that_escape_go_where_they_should(archive: Path, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    out = tmp_path / "a/b/out"
    extract(archive, {"good": (out / "good", 4), "../../evil": (out / "tame", 4)})
    assert files_in(tmp_path) - before == {"a/b/out/good", "a/b/out/tame"}
    assert not Path("/evil").exists()


def test_a_missing_member_is_named(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{archive.name} has no member absent"):
        extract(archive, {"absent": (tmp_path / "out", 4)})


def test_a_member_that_is_too_large_is_stopped(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="out is larger than the 3 bytes that it should be"):
        extract(archive, {"good": (tmp_path / "out", 3)})
    assert (tmp_path / "out").stat().st_size <= 3


@pytest.mark.parametrize("part", [0.2, 0.5])
def test_a_truncated_archive_is_an_error_of_the_source(
    archive: Path, tmp_path: Path, part: float
) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(part * len(data))])
    with pytest.raises(SourceError, match=archive.name):
        extract(archive, {"good": (tmp_path / "out", 4), "/evil": (tmp_path / "out2", 4)})


LINKED = {"other": b"other"}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "a.tgz",
            tar(LINKED, links={"good": "/etc/hostname"}),
            "good is a link or no ordinary file",
        ),
        ("a.tgz", tar(LINKED, links={"good": "other"}), "good is a link or no ordinary file"),
        ("a.deb", tar({"good": b"good"}), "is no Debian package"),
    ],
    ids=["link out of the archive", "link within the archive", "tar called deb"],
)
def test_what_is_no_ordinary_file_or_package_is_refused(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=rf"{name}.* {message}"):
        extract(tmp_path / name, {"good": (tmp_path / "out", 100)})
    assert not (tmp_path / "out").exists()
