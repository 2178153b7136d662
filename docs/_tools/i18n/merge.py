"""Bring catalogues up to date with the English texts, without losing a translator's work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher

import polib

from _tools.i18n.catalogues import Message, empty
from _tools.i18n.markup import is_translatable

SIMILAR = 0.6
"""From this ratio on a new text counts as an edit of a removed one."""


def merge(
    templates: Mapping[str, Iterable[Message]],
    catalogues: Mapping[str, polib.POFile],
    language: str,
    syntax_of: Callable[[str], str],
) -> dict[str, polib.POFile]:
    """Bring the catalogues of a language up to date with the English texts.

    A known message keeps its translation. A new one takes the translation that the same text has on
    other pages, if they agree. A changed one takes the translation of what it replaces, marked fuzzy,
    with the previous text beside it. Messages and pages that are gone are dropped: their translations
    stay in the history of the repository. A message without words (a formula, a link) is its own
    translation.
    """
    templates = {domain: list(messages) for domain, messages in templates.items()}
    memory: defaultdict[str, set[str]] = defaultdict(set)
    removed: defaultdict[str, list[polib.POEntry]] = defaultdict(list)
    for domain, catalogue in catalogues.items():
        wanted = {message.msgid for message in templates.get(domain, ())}
        for entry in catalogue:
            if entry.obsolete or not entry.msgstr:
                continue
            if not entry.fuzzy:
                memory[entry.msgid].add(entry.msgstr)
            if entry.msgid not in wanted:
                removed[domain].append(entry)
    gone = [entry for domain in removed if domain not in templates for entry in removed[domain]]
    merged = {}
    for domain, messages in templates.items():
        candidates = [*removed[domain], *gone]
        merged[domain] = _merge_one(messages, catalogues.get(domain), memory, candidates, language)
        for entry in merged[domain].untranslated_entries():
            if not is_translatable(entry.msgid, syntax_of(domain)):
                entry.msgstr = entry.msgid
    return merged


def _merge_one(
    messages: Iterable[Message],
    old: polib.POFile | None,
    memory: Mapping[str, set[str]],
    removed: list[polib.POEntry],
    language: str,
) -> polib.POFile:
    known = {entry.msgid: entry for entry in old or () if not entry.obsolete}
    merged = empty(language)
    for message in messages:
        entry = polib.POEntry(
            msgid=message.msgid,
            occurrences=[(source, "") for source in dict.fromkeys(message.sources)],
        )
        origin = known.get(message.msgid)
        translations = memory.get(message.msgid, set())
        if origin is not None and (origin.msgstr or not translations):
            _copy(origin, entry, fuzzy=origin.fuzzy, previous=origin.previous_msgid)
        elif len(translations) == 1:
            entry.msgstr = next(iter(translations))
        elif origin := _closest(message.msgid, removed):
            previous = origin.previous_msgid or origin.msgid
            restored = previous == message.msgid
            _copy(origin, entry, fuzzy=not restored, previous=None if restored else previous)
        merged.append(entry)
    return merged


def _copy(
    origin: polib.POEntry, entry: polib.POEntry, *, fuzzy: bool, previous: str | None
) -> None:
    entry.msgstr, entry.tcomment = origin.msgstr, origin.tcomment
    if fuzzy:
        entry.flags, entry.previous_msgid = ["fuzzy"], previous


def _closest(msgid: str, removed: list[polib.POEntry]) -> polib.POEntry | None:
    # Long texts are compared word by word: letter by letter would take seconds a page.
    split = str.split if len(msgid) > 80 else list
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(split(msgid))
    best, score = None, SIMILAR
    for entry in removed:
        matcher.set_seq1(split(entry.previous_msgid or entry.msgid))
        if matcher.quick_ratio() >= score and (ratio := matcher.ratio()) >= score:
            best, score = entry, ratio
    return best
