"""The catalogue is complete, and an entry that could do harm is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlcourse import assets
from fake_registry import address, package, write_entry

WANTED = [
    "chinese-reviews",
    "cutouts",
    "efficientnet-lite0",
    "emoji",
    "fashion-mnist",
    "figure-font",
    "minilm",
    "mnist",
    "mobilenet-v2",
    "movie-reviews",
    "mtcnn",
    "sanguo",
]
CATALOGUE = assets.catalogue()


def test_what_the_lessons_need_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) >= set(WANTED)
    assert list(CATALOGUE) == sorted(CATALOGUE)


@pytest.mark.parametrize("asset", CATALOGUE.values(), ids=CATALOGUE)
def test_an_entry_is_complete_and_its_packages_are_pinned(asset: assets.Asset) -> None:
    texts = [asset.title, asset.description, asset.origin, asset.licence, asset.licence_from]
    assert all(text and "\n" not in text for text in texts)
    assert asset.description.endswith(".")
    assert asset.size == sum(file.size for file in asset.files) > 0
    packages = [source for source in asset.sources if source.kind != "url"]
    assert {path for source in packages for path in source.members} == {
        file.path for file in asset.files
    }
    for source in packages:
        assert source.package and source.version and source.size
        assert re.sub("[-_]", ".", source.archive).startswith(re.sub("[-_]", ".", source.package))
        assert source.version in source.archive
    kinds = [source.kind for source in asset.sources]
    assert "url" not in kinds[:-1], "an address is the last resort"


@pytest.mark.parametrize("path", ["../out", "/out", "a/../../out", "C:out", "a\\..\\..\\out"])
def test_a_file_outside_the_assets_folder_is_refused(home: Path, entries: Path, path: str) -> None:
    (entries / "bad.toml").write_text(
        "title = ''\ndescription = ''\norigin = ''\nlicence = ''\nlicence_from = ''\n"
        f"[files]\n'{path}' = {{ size = 1, sha256 = '{'0' * 64}' }}\n"
        f"[[sources]]\nkind = 'url'\nmembers = {{ '{path}' = 'http://127.0.0.1:9/x' }}\n"
    )
    with pytest.raises(assets.AssetError, match=r"bad\.toml: .* leaves the asset's folder"):
        assets.path("bad")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "ftp"}, r"one of pip, npm, apt, url"),
        ({"sha256": "abc"}, r"'abc' is no SHA-256 digest"),
        ({"colour": "red"}, r"cannot be read .*colour"),
        ({"members": {"unknown.txt": "x"}}, r"have files of this asset"),
    ],
)
def test_a_wrong_source_is_an_error_that_names_the_entry(
    entries: Path, change: dict[str, object], message: str
) -> None:
    source = package("pip", "x.whl", b"x", "{name}") | change
    write_entry(entries, "bad", {"x.txt": b"x"}, source)
    with pytest.raises(assets.AssetError, match=rf"bad\.toml: .*{message}.*correct"):
        assets.catalogue()


def test_an_entry_that_is_no_toml_is_named(entries: Path) -> None:
    (entries / "bad.toml").write_text("[files\n")
    with pytest.raises(
        assets.AssetError, match=r"bad\.toml: the entry cannot be read .*correct it"
    ):
        assets.catalogue()


@pytest.mark.parametrize("name", ["mnits", "../entries/mnist", "MNIST", ""])
def test_an_unknown_name_is_an_error(name: str) -> None:
    with pytest.raises(
        assets.AssetError, match=rf"unknown asset '{re.escape(name)}'; .*list` shows"
    ):
        assets.path(name)


def test_a_pattern_names_the_members_of_all_files(entries: Path) -> None:
    files = {"a/one.txt": b"1", "two.txt": b"2"}
    write_entry(entries, "both", files, address("http://127.0.0.1:9/{path}?{name}.gz"))
    assert assets.catalogue()["both"].sources[0].members == {
        "a/one.txt": "http://127.0.0.1:9/a/one.txt?one.txt.gz",
        "two.txt": "http://127.0.0.1:9/two.txt?two.txt.gz",
    }
