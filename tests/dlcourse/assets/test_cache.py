"""The cache stays right through everything that can happen to a folder on disk."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcourse import assets
from dlcourse.assets import _archives, _cache, _catalogue
from fake_registry import WHEEL, Registry, address, package, wheel, write_entry

FIRST, SECOND = b"first" * 200_000, b"second" * 200_000


@pytest.fixture
def pair(entries: Path, registry: Registry) -> Registry:
    """An asset of two files, each with an address of its own."""
    for name, data in (("first.bin", FIRST), ("second.bin", SECOND)):
        registry.add(name, data)
    source = address(f"{registry.address}/files/{{name}}")
    write_entry(entries, "pair", {"first.bin": FIRST, "second.bin": SECOND}, source)
    return registry


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited for a minute"
        time.sleep(0.02)


def visible(home: Path) -> list[str]:
    """Return the files that have their final names."""
    files = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    return sorted(path.as_posix() for path in files if not path.parts[0].startswith("."))


def test_after_a_kill_nothing_half_done_is_seen_and_the_next_fetch_is_right(
    home: Path, pair: Registry, start: Callable
) -> None:
    pair.hold.add("second.bin")
    process = start("pair")
    wait_for(lambda: any(path.stat().st_size for path in home.glob(".pair~*/*/*.part")))
    process.kill()
    process.wait()
    assert process.returncode < 0
    assert visible(home) == []
    assert list(home.glob(".pair~*")), "the test came too late: nothing was left behind"

    pair.hold.clear()
    folder = assets.path("pair")
    assert (folder / "second.bin").read_bytes() == SECOND
    assert visible(home) == ["pair/first.bin", "pair/second.bin"]
    assert list(home.glob(".pair~*")) == []


def test_a_file_gets_its_name_when_it_is_whole_and_right(
    home: Path, pair: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a process is killed, here between two files: what has its name can be used."""
    replace, named = os.replace, []

    def killed_at_the_second(source: Path, target: Path) -> None:
        named.append(target.name)
        assert Path(source).read_bytes() == {"first.bin": FIRST, "second.bin": SECOND}[target.name]
        if len(named) == 2:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(_cache.os, "replace", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        assets.path("pair")
    assert visible(home) == ["pair/first.bin"]
    pair.add("second.bin", SECOND[:-1] + b"!")
    with pytest.raises(assets.AssetError, match="SHA-256"):
        assets.path("pair")
    assert named == ["first.bin", "second.bin"], "a wrong file never gets a name"
    assert visible(home) == ["pair/first.bin"]


def test_what_a_killed_process_leaves_in_another_assets_name_stays(
    home: Path, pair: Registry, entries: Path
) -> None:
    """``pair`` must not clean up after ``pair-more``, whose process may be at work."""
    (home / ".pair-more~abc").mkdir(parents=True)
    assets.path("pair")
    assert (home / ".pair-more~abc").is_dir()


def test_two_processes_fetch_the_same_thing_once(
    home: Path, pair: Registry, start: Callable
) -> None:
    pair.hold.add("first.bin")
    processes = [start("pair"), start("pair")]
    for process in processes:
        assert process.stderr and process.stderr.readline() == "files are missing\n"
    wait_for(lambda: bool(pair.requests))
    pair.release.set()
    results = [process.communicate(timeout=60) for process in processes]
    assert results == [(f"{home / 'pair'}\n", "")] * 2
    assert sorted(pair.requests) == ["/files/first.bin", "/files/second.bin"]


def test_a_damaged_file_is_found_and_fetched_again_alone(home: Path, pair: Registry) -> None:
    damaged = assets.path("pair") / "second.bin"
    assert assets.verify() == {"pair": {}}
    damaged.write_bytes(SECOND[:-1] + b"!")  # as long as before
    problems = assets.verify()["pair"]
    assert list(problems) == ["second.bin"]
    assert problems["second.bin"].startswith("damaged: second.bin has SHA-256 ")
    assert damaged.read_bytes() != SECOND, "verify must change nothing"

    pair.requests.clear()
    assert (assets.path("pair") / "second.bin").read_bytes() == SECOND
    assert pair.requests == ["/files/second.bin"]

    damaged.write_bytes(b"short")
    pair.files.clear()  # it cannot be replaced, and is not handed out
    with pytest.raises(assets.AssetError, match=r"second\.bin \(damaged: second\.bin has 5 bytes"):
        assets.path("pair")


def test_verify_reports_missing_files_and_leaves_out_what_was_never_fetched(
    home: Path, pair: Registry, entries: Path
) -> None:
    assert assets.verify() == {}
    shutil.copy(entries / "pair.toml", entries / "never.toml")
    (assets.path("pair") / "first.bin").unlink()
    assert assets.verify() == {"pair": {"first.bin": "missing"}}


Usage = namedtuple("Usage", "total used free")


def test_a_disk_that_is_too_small_is_found_before_the_download(
    home: Path, pair: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 9, 2_199_999))
    with pytest.raises(assets.AssetError, match=r"pair needs 2\.2 MB on the disk of .*home"):
        assets.path("pair")
    assert pair.requests == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 9, 2_200_000))
    assets.path("pair")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_on_the_way_says_how_much_is_needed(
    home: Path, entries: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    archive = wheel({"first.bin": FIRST})
    registry.add_to_pip(WHEEL, archive)
    source = package("pip", WHEEL, archive, "{name}")
    spare = address(registry.add("first.bin", FIRST))
    write_entry(entries, "one", {"first.bin": FIRST}, source, spare)

    def full(_: object, target: Path, *__: object, **___: object) -> None:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_archives, "write", full)
    needed = (len(FIRST) + 2 * len(archive)) / 1e6
    with pytest.raises(assets.AssetError, match=rf"one needs {needed:.1f} MB .*free some space"):
        assets.path("one")
    assert (visible(home), list(home.glob(".one~*"))) == ([], [])


@pytest.fixture
def locked(entries: Path, pair: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache that somebody else filled, and that nobody may write: not even root, for a while."""
    # Outside tmp_path, whose parents only its owner may enter.
    outside = Path(tempfile.mkdtemp())
    folder = outside / "home"
    monkeypatch.setenv("DLCOURSE_HOME", str(folder))
    shutil.copytree(entries, outside / "entries")
    shutil.copy(entries / "pair.toml", outside / "entries" / "other.toml")
    monkeypatch.setattr(_catalogue, "ENTRIES", outside / "entries")
    assets.path("pair")
    everything = [outside, *outside.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    pair.requests.clear()
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for path in everything:
            path.chmod(stat.S_IRWXU)
        shutil.rmtree(outside)


def test_a_read_only_cache_is_read(locked: Path, pair: Registry) -> None:
    assert (assets.path("pair") / "first.bin").read_bytes() == FIRST
    assert assets.verify() == {"pair": {}}
    assert pair.requests == []


def test_what_is_missing_in_a_read_only_cache_is_a_clear_error(
    locked: Path, pair: Registry
) -> None:
    with pytest.raises(assets.AssetError) as caught:
        assets.path("other")
    message = str(caught.value)
    assert message.startswith(f"other has to be fetched, but {locked.resolve()} (the environment")
    assert "cannot be written: [Errno 13] Permission denied" in message
    assert message.endswith("run `python -m dlcourse assets fetch other`")
    assert pair.requests == []


def test_a_file_that_cannot_be_read_is_fetched_again(home: Path, pair: Registry) -> None:
    broken = assets.path("pair") / "first.bin"
    broken.unlink()
    broken.symlink_to(broken)  # a link to itself: reading it is an error for everybody
    assert assets.verify()["pair"]["first.bin"].startswith("unreadable: ")
    assert (assets.path("pair") / "first.bin").read_bytes() == FIRST


def test_a_home_that_is_a_file_is_a_clear_error(home: Path, pair: Registry) -> None:
    home.write_text("not a folder")
    with pytest.raises(assets.AssetError, match=r"DLCOURSE_HOME chooses.* cannot be written"):
        assets.path("pair")


def test_without_dlcourse_home_the_platforms_cache_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DLCOURSE_HOME", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    assert _cache.home() == (tmp_path / "dlcourse").resolve()
