"""Pairs of a text and its one-line summary, from the package descriptions of Debian.

The pairs lie in this package, in ``texts/debian_descriptions.tsv.xz``; the file beside it says
whose they are. :func:`read_index` is how they were made from Debian's index.
"""

import lzma
import os
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("texts") / "debian_descriptions.tsv.xz"
INDEX_SHA256 = "a3d4a0bfd8e9242810b0885eda7c1a6e05dac15b333ddbaab03ba56f2dfa4bf0"
"""The digest of the English index that the pairs are from.

It is ``main/i18n/Translation-en.xz`` (6.1 MB) of Debian 12.15 of 11 July 2026; Debian keeps
old ones in its archive of snapshots.
"""

KEPT = 19_500
LONGEST_TEXT = 60  # words
RUN = 5  # words
_OF_MANY = re.compile(r"^(librust-|libghc-|golang-|gir1)|-(dev|doc|data|common|dbg)$")
_BULLET = re.compile(r"[*+•-] ")
_AFTER_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"(])|(?<=[。！？])")


class Pair(NamedTuple):
    """A text and what its author wrote as the short form of it.

    Parameters
    ----------
    name : str
        The package that is described.
    text : str
        The long description, in one line.
    summary : str
        The short description.

    Examples
    --------
    >>> Pair("figlet", "Figlet makes large letters. It has many fonts.", "large letters").name
    'figlet'
    """

    name: str
    text: str
    summary: str


def read_descriptions() -> list[Pair]:
    """Read all pairs: texts of two sentences or more, without near copies.

    Returns
    -------
    list of Pair
        19,500 pairs, in an order that was drawn once and does not change: any part is a fair
        sample.

    Examples
    --------
    >>> pairs = read_descriptions()
    >>> len(pairs)
    19500
    >>> [pair.summary for pair in pairs if pair.name == "stellarium"]
    ['real-time photo-realistic sky generator']
    """
    with lzma.open(FILE, "rt", encoding="utf-8", newline="\n") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream]
    pairs = [Pair(name, text, summary) for name, summary, text in rows]
    random.Random(0).shuffle(pairs)
    return pairs


def read_index(file: str | os.PathLike[str]) -> list[Pair]:
    """Make the pairs from Debian's index, as they were made once.

    Lists are left out of the texts, and what follows the first 60 words, in whole sentences. Left
    out are also packages that repeat the description of another one: headers, documentation, data,
    and the many small parts of Rust, Haskell and Go; and, of what remains, near copies, see
    :func:`without_near_copies`.

    Parameters
    ----------
    file : path-like
        The file, ``Translation-en.xz``; that of the pairs has the digest :data:`INDEX_SHA256`.

    Returns
    -------
    list of Pair
        Those of :func:`read_descriptions`, in alphabetical order.

    Examples
    --------
    >>> read_index("Translation-en.xz") == sorted(read_descriptions())  # doctest: +SKIP
    True
    """
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        pairs = [parse_entry(entry) for entry in stream.read().split("\n\n") if entry.strip()]
    useful = [
        Pair(pair.name, shorten(pair.text), pair.summary)
        for pair in sorted(pairs)
        if not _OF_MANY.search(pair.name)
        and len(split_sentences(pair.text)) >= 2
        and len(pair.summary.split()) >= 3
    ]
    # The longest first: a short text that is a part of a long one is then found.
    kept = without_near_copies(sorted(useful, key=lambda pair: -len(pair.text)))
    return sorted(random.Random(0).sample(kept, min(KEPT, len(kept))))


def shorten(text: str, words: int = LONGEST_TEXT) -> str:
    """Cut a text to its first sentences.

    Parameters
    ----------
    text : str
        The text.
    words : int, default 60
        The number of words that may not be passed.

    Returns
    -------
    str
        As many sentences as fit, and two in any case.

    Examples
    --------
    >>> shorten("It reads. It writes. It stops.", words=4)
    'It reads. It writes.'
    """
    sentences = split_sentences(text)
    kept = sentences[:2]
    for sentence in sentences[2:]:
        if len(" ".join([*kept, sentence]).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def parse_entry(entry: str) -> Pair:
    r"""Read one entry of the index.

    Parameters
    ----------
    entry : str
        Its lines: name, digest, short description, then the long one, each line of which begins
        with a space. A line with a full stop alone parts paragraphs; lines of lists begin with two
        spaces or with a mark.

    Returns
    -------
    Pair
        Without lists. The text is empty if there is no long description.

    Examples
    --------
    >>> parse_entry(
    ...     "Package: figlet\nDescription-md5: 0\nDescription-en: large letters\n"
    ...     " Figlet makes\n large letters. It can:\n  * turn them\n .\n It has fonts."
    ... )
    Pair(name='figlet', text='Figlet makes large letters. It can: It has fonts.', summary='large letters')
    """
    name = summary = ""
    words: list[str] = []
    for line in entry.splitlines():
        if line.startswith("Package: "):
            name = line.removeprefix("Package: ").strip()
        elif line.startswith("Description-en: "):
            summary = line.removeprefix("Description-en: ").strip()
        elif line.startswith(" ") and not line.startswith("  ") and line != " .":
            words += [] if _BULLET.match(line[1:]) else line.split()
    return Pair(name, " ".join(words), summary)


def split_sentences(text: str) -> list[str]:
    """Cut a text behind full stops, question marks and exclamation marks, English or Chinese.

    Parameters
    ----------
    text : str
        The text. An English sentence ends only where a capital letter, a quotation mark or a
        parenthesis follows, so that "e.g. this" stays whole.

    Returns
    -------
    list of str
        Its sentences, without spaces around them.

    Examples
    --------
    >>> split_sentences("It reads files, e.g. maps. It is small! 3.5 MB.")
    ['It reads files, e.g. maps.', 'It is small! 3.5 MB.']
    >>> split_sentences("天下大势，分久必合。合久必分！")
    ['天下大势，分久必合。', '合久必分！']
    """
    return [part.strip() for part in _AFTER_SENTENCE.split(text) if part and part.strip()]


def without_near_copies(pairs: Iterable[Pair]) -> list[Pair]:
    """Leave out texts that mostly repeat earlier ones, and summaries that were there before.

    A text that stands in the training set and, with one word changed, in the test set is data
    leakage: a model could answer from memory.

    Parameters
    ----------
    pairs : iterable of Pair
        The pairs, of which the earlier ones are kept.

    Returns
    -------
    list of Pair
        Those of which at most half of the runs of five words are in texts kept before, and
        whose summary is none of theirs. A text of fewer than five words is left out.

    Examples
    --------
    >>> first = Pair("a", "This program draws maps of the whole world.", "draws maps")
    >>> second = Pair("b", "This program draws maps of the whole moon.", "draws moons")
    >>> third = Pair("c", "It plays the songs that you like most.", "plays songs")
    >>> [pair.name for pair in without_near_copies([first, second, third])]
    ['a', 'c']
    """
    kept: list[Pair] = []
    seen_runs: set[tuple[str, ...]] = set()
    seen_summaries: set[str] = set()
    for pair in pairs:
        words = re.findall(r"[a-z0-9]+", pair.text.lower())
        runs = {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}
        summary = pair.summary.lower()
        if runs and 2 * len(runs & seen_runs) <= len(runs) and summary not in seen_summaries:
            kept.append(pair)
            seen_runs |= runs
            seen_summaries.add(summary)
    return kept
