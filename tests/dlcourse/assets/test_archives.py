"""An archive gives the members asked for, and can write nothing else anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_registry import deb, tar, wheel

from dlcourse.assets._archives import extract
from dlcourse.assets._errors import SourceError

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


def test_members_that_escape_stay_inside_the_archive(archive: Path, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    extract(archive, {"good": (tmp_path / "a/b/out/good", 4)})
    assert files_in(tmp_path) - before == {"a/b/out/good"}
    assert not Path("/evil").exists()


def test_even_a_member_that_is_asked_for_by_an_escaping_name_goes_where_it_should(
    archive: Path, tmp_path: Path
) -> None:
    before = files_in(tmp_path)
    extract(archive, {"../../evil": (tmp_path / "a/b/out/tame", 4)})
    assert files_in(tmp_path) - before == {"a/b/out/tame"}


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


def test_a_link_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    archive = tmp_path / "a.tgz"
    archive.write_bytes(tar({"other": b"other"}, links={"good": str(secret)}))
    with pytest.raises(SourceError, match=r"a\.tgz: good is a link or no ordinary file"):
        extract(archive, {"good": (tmp_path / "out", 10)})
    assert not (tmp_path / "out").exists()


def test_a_link_to_another_member_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(tar({"other": b"other"}, links={"good": "other"}))
    with pytest.raises(SourceError, match="link"):
        extract(archive, {"good": (tmp_path / "out", 10)})


def test_what_is_no_debian_package_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.deb"
    archive.write_bytes(tar({"good": b"good"}))
    with pytest.raises(SourceError, match="is no Debian package"):
        extract(archive, {"good": (tmp_path / "out", 4)})
