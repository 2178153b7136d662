"""Facts are found once, and again when what they follow from changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept_facts import KeptFacts


class Finder:
    """Find the length of a text, and count how often."""

    def __init__(self, folder: Path) -> None:
        self.maker = folder / "maker.py"
        self.maker.write_text("first", "utf-8")
        self.file = folder / "kept" / "facts.json"
        self.asked: list[str] = []

    def build(self, *texts: str) -> list[int]:
        """Do what one build does."""
        facts = KeptFacts(self.file, self.maker)
        found = [facts.get(lambda text=text: self._find(text), text) for text in texts]
        facts.save()
        return found

    def _find(self, text: str) -> int:
        self.asked.append(text)
        return len(text)


@pytest.fixture
def finder(tmp_path: Path) -> Finder:
    return Finder(tmp_path)


def test_next_build_finds_only_what_is_new(finder: Finder) -> None:
    assert finder.build("a", "bb", "a") == [1, 2, 1]
    assert finder.build("bb", "ccc") == [2, 3]
    assert finder.asked == ["a", "bb", "ccc"]


def test_what_was_not_asked_for_is_forgotten(finder: Finder) -> None:
    finder.build("a", "bb")
    finder.build("a")
    finder.build("bb")
    assert finder.asked == ["a", "bb", "bb"]


def test_other_code_finds_all_anew(finder: Finder) -> None:
    finder.build("a")
    finder.maker.write_text("second", "utf-8")
    finder.build("a")
    assert finder.asked == ["a", "a"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"facts": {}}', '{"version": "", "facts": 1}'])
def test_a_damaged_file_counts_as_empty(finder: Finder, damage: str) -> None:
    finder.build("a")
    finder.file.write_text(damage, "utf-8")
    assert finder.build("a") == [1]
    assert finder.build("a") == [1]
    assert finder.asked == ["a", "a"]


def test_a_build_with_nothing_new_writes_nothing(finder: Finder) -> None:
    finder.build("a")
    before = finder.file.stat().st_mtime_ns
    finder.build("a")
    assert finder.file.stat().st_mtime_ns == before
    assert [file.name for file in finder.file.parent.iterdir()] == ["facts.json"]


def test_inputs_are_told_apart(tmp_path: Path) -> None:
    facts = KeptFacts(tmp_path / "facts.json", Path(__file__))
    assert facts.get(lambda: 1, "ab", "c") == 1
    assert facts.get(lambda: 2, "a", "bc") == 2
