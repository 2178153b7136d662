"""Descriptions are read whole, cut into sentences without loss, and near copies are left out."""

from __future__ import annotations

import lzma
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dlcourse.descriptions import (
    KEPT,
    LONGEST_TEXT,
    Pair,
    parse_entry,
    read_descriptions,
    read_index,
    shorten,
    split_sentences,
    without_near_copies,
)

WORDS = st.lists(st.sampled_from(["draws", "maps", "of", "the", "whole", "world", "prints"]))
ENTRY = """\
Package: {name}
Description-md5: 0123456789abcdef0123456789abcdef
Description-en: {summary}
 {text}
"""


def entry(name: str, summary: str, text: str) -> str:
    return ENTRY.format(name=name, summary=summary, text=text)


def test_lists_and_empty_lines_are_left_out() -> None:
    found = parse_entry(
        "Package: a\nDescription-md5: 0\nDescription-en: short form\n One.\n Two\n lines.\n"
        "  indented\n * a point\n - another\n .\n Last."
    )
    assert found == Pair("a", "One. Two lines. Last.", "short form")


def test_an_entry_without_a_long_description_has_no_text() -> None:
    assert parse_entry("Package: a\nDescription-md5: 0\nDescription-en: short") == (
        "a", "", "short",
    )  # fmt: skip


@given(WORDS)
def test_sentences_hold_every_word_of_the_text(words: list[str]) -> None:
    text = " ".join(word.capitalize() + "." for word in words)
    sentences = split_sentences(text)
    assert len(sentences) == len(words)
    assert " ".join(sentences) == text


@given(st.lists(st.tuples(WORDS, WORDS), max_size=12))
def test_without_near_copies_keeps_an_ordered_part_and_is_stable(
    texts: list[tuple[list[str], list[str]]],
) -> None:
    pairs = [
        Pair(str(n), " ".join(text), " ".join(summary)) for n, (text, summary) in enumerate(texts)
    ]
    kept = without_near_copies(pairs)
    assert kept == [pair for pair in pairs if pair in kept]
    assert without_near_copies(kept) == kept
    assert len({pair.summary for pair in kept}) == len(kept)


@given(WORDS, st.integers(1, 20))
def test_a_shortened_text_is_a_beginning_of_whole_sentences(words: list[str], limit: int) -> None:
    sentences = [f"{word.capitalize()} {word}." for word in words]
    kept = split_sentences(shorten(" ".join(sentences), limit))
    assert kept == sentences[: len(kept)]
    assert len(kept) == min(len(sentences), max(2, limit // 2))


def test_an_index_is_filtered(tmp_path: Path) -> None:
    entries = [
        entry(f"tool{n}", f"tool of kind {n}", f"Tool {n} a{n} b{n} c{n} d{n}. It works with e{n}.")
        for n in range(30)
    ]
    entries += [
        entry("tool-doc", "manual of the tool", "This is the manual of it. It has 9 pages."),
        entry("one", "only one sentence", "A program that draws the maps of the world."),
        entry("two", "two words", "A program that prints maps of the moon. It is fast."),
        entry("copy", "tool of kind 3", "Something else in other words stands in here. And here."),
    ]
    with lzma.open(tmp_path / "index.xz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join(entries))
    found = read_index(tmp_path / "index.xz")
    assert not {pair.name for pair in found} & {"tool-doc", "one", "two"}
    assert len(found) == 30, "of two with the same summary one is kept"
    assert found == sorted(found)


def test_the_pairs_are_as_the_docstring_says() -> None:
    pairs = read_descriptions()
    assert len(pairs) == len({pair.name for pair in pairs}) == KEPT
    assert pairs == read_descriptions() != sorted(pairs)
    by_length = sorted(sorted(pairs), key=lambda pair: -len(pair.text))
    assert without_near_copies(by_length) == by_length
    assert all(len(split_sentences(pair.text)) >= 2 for pair in pairs)
    assert all(
        len(pair.text.split()) <= LONGEST_TEXT or len(split_sentences(pair.text)) == 2
        for pair in pairs
    )
