"""The page of the data sets says what the catalogue says: it cannot drift from the entries."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

from dlcourse import assets
from dlcourse.assets import Asset

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
CATALOGUE = assets.catalogue()
TRANSLATIONS = sorted((ROOT / "docs" / "locale").glob("*/LC_MESSAGES/datasets.po"))

ENTRY = re.compile(
    r"^\((?P<name>[a-z0-9-]+)\)=\n### (?P<title>.+)\n(?P<text>(?:(?!\([a-z0-9-]+\)=$|## ).*\n)+)",
    re.MULTILINE,
)
ROW = re.compile(
    r"^\| \[`([a-z0-9-]+)`\]\(#([a-z0-9-]+)\) \| .+ \| ([\d.]+) \| (.+) \|$", re.MULTILINE
)
PACKAGE = re.compile(r"(\w+) package `(\S+)` (\S+), archive `(\S+)` \(([\d.]+) MB\)")
ARROW = re.compile(r"`([^` ]+)` → `([^` ]+)`")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def entries() -> dict[str, re.Match[str]]:
    """Return the sections of the page by the name of the asset that they are about."""
    return {match["name"]: match for match in ENTRY.finditer(PAGE)}


def definition(name: str, term: str) -> list[str]:
    """Return what stands under a term in the section of an asset."""
    found = re.search(rf"^{term}\n((?:: .+\n)+)", entries()[name]["text"], re.MULTILINE)
    assert found, f"the section of {name} has no {term!r}"
    return [line.removeprefix(": ") for line in found[1].splitlines()]


def plain(text: str) -> str:
    """Return a text without marks, final point and the case of its first letter."""
    text = text.replace("`", "").removesuffix(".")
    return text[:1].lower() + text[1:]


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def places(arrows: list[tuple[str, str]], member: str) -> list[str]:
    """Return where a file goes that has this path in an archive, or this address."""
    found = []
    for source, target in arrows:
        pattern = re.escape(source).replace(r"\*", "(.+)")
        if match := re.fullmatch(pattern, member):
            found.append(target.replace("*", match[1]) if match.groups() else target)
    return found


def test_page_has_every_entry_once_and_in_the_order_of_the_table() -> None:
    in_sections = [match["name"] for match in ENTRY.finditer(PAGE)]
    in_table = [name for name, *_ in ROW.findall(PAGE)]
    assert sorted(in_sections) == sorted(CATALOGUE)
    assert in_table == in_sections


def test_table_equals_the_catalogue() -> None:
    for name, anchor, size, licence in ROW.findall(PAGE):
        asset = CATALOGUE[name]
        assert (anchor, size, licence) == (name, megabytes(asset.size), asset.licence)


@pytest.mark.parametrize("asset", CATALOGUE.values(), ids=lambda asset: asset.name)
def test_section_equals_the_catalogue(asset: Asset) -> None:
    assert entries()[asset.name]["title"] == asset.title
    number = f"{len(asset.files)} file{'s' * (len(asset.files) != 1)}"
    command = f"`python -m dlcourse assets fetch {asset.name}`"
    assert definition(asset.name, "Get it") == [f"{command} ({number}, {megabytes(asset.size)} MB)"]
    (licence,) = definition(asset.name, "Licence")
    stated, _, where = licence.partition(". ")
    assert stated.casefold() == asset.licence.casefold()
    assert plain(where) == plain(asset.licence_from)
    (origin,) = definition(asset.name, "Origin")
    assert plain(origin) == plain(asset.origin)


@pytest.mark.parametrize("asset", CATALOGUE.values(), ids=lambda asset: asset.name)
def test_by_hand_each_file_comes_from_where_the_catalogue_says(asset: Asset) -> None:
    lines = definition(asset.name, "By hand")
    assert len(lines) == len(asset.sources)
    for line, source in zip(lines, asset.sources, strict=True):
        if source.kind != "url":
            facts = (source.kind, source.package, source.version, source.archive)
            assert PACKAGE.findall(line) == [(*facts, megabytes(source.size))]
        arrows = ARROW.findall(line)
        used = set()
        for path, member in source.members.items():
            assert places(arrows, member) == [f"{asset.name}/{path}"]
            used |= {arrow for arrow in arrows if places([arrow], member)}
        assert used == set(arrows)


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.parts[-3])
def test_translation_has_the_same_numbers(file: Path) -> None:
    for entry in polib.pofile(str(file)).translated_entries():
        assert sorted(NUMBER.findall(entry.msgstr)) == sorted(NUMBER.findall(entry.msgid)), (
            entry.msgid
        )
