"""Check catalogues: complete, markup kept, terms from the glossary, Chinese typography."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polib

from _tools.i18n import catalogues as i18n_catalogues
from _tools.i18n import chinese, markup
from _tools.i18n.catalogues import brief, catalogue_path
from _tools.i18n.glossary import RULES_FILE, Glossary, read_rules

RUN = "run `nox -s i18n`"
LONG = 4
"""From this number of English words on, a translation without a Chinese character is none."""


class Problem(NamedTuple):
    """Something to put right."""

    file: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def source_file(root: Path, domain: str) -> str | None:
    """Return the file that an author edits to change a page; None if there is no such page."""
    candidates = [f"docs/{domain}.md", f"docs/{domain}.rst"]
    if domain.startswith("lessons/"):
        lesson = domain.removeprefix("lessons/")
        header = f"{lesson.removesuffix('index')}GALLERY_HEADER.rst"
        candidates = [f"gallery/{lesson}.py", f"gallery/{header}", *candidates]
    return next((name for name in candidates if (root / name).is_file()), None)


def syntax_of(root: Path, domain: str) -> str:
    """Return the syntax of a catalogue's messages, for :mod:`markup`."""
    source = source_file(root, domain)
    if source is None:
        return "plain"
    return "myst" if source.endswith(".md") else "rst"


def read_glossary(root: Path, catalogues: Mapping[str, polib.POFile]) -> Glossary:
    """Read the glossary in the language of some catalogues."""
    page = root / "docs" / "glossary.md"
    entries = catalogues.get("glossary", ())
    translations = {entry.msgid: entry.msgstr for entry in entries if not entry.fuzzy}
    text = page.read_text("utf-8") if page.is_file() else ""
    return Glossary(text, translations, read_rules(root / RULES_FILE))


def check(root: Path, language: str, catalogues: Mapping[str, polib.POFile]) -> list[Problem]:
    """Check the catalogues of a language.

    Parameters
    ----------
    root : Path
        The root of the project.
    language : str
    catalogues : Mapping of str to POFile
        By domain.
    """
    glossary = read_glossary(root, catalogues)
    found = []
    for domain, catalogue in catalogues.items():
        file = catalogue_path(Path("docs/locale"), language, domain)
        syntax = syntax_of(root, domain)
        for entry in catalogue:
            if entry.obsolete:
                found.append(Problem(file, entry.linenum, "an obsolete message: delete it"))
                continue
            for message in check_entry(entry, domain, syntax, language, glossary):
                where = f'"{brief(entry.msgid)}": '
                found.append(Problem(file, entry.linenum, where + message))
    return found + [Problem(RULES_FILE, 1, message) for message in glossary.rule_problems()]


def check_entry(
    entry: polib.POEntry, domain: str, syntax: str, language: str, glossary: Glossary
) -> Iterator[str]:
    """Yield what is wrong with one translation."""
    if syntax == "myst" and re.search(r"(?<!\w):[a-z][\w+:-]*:`", entry.msgid):
        yield (
            "a docstring with a reStructuredText role on a Markdown page: Sphinx reads its "
            "translation as Markdown; make the page an .rst file"
        )
    if entry.fuzzy:
        yield "the English has changed: correct the translation, then delete its fuzzy and #| lines"
    if not entry.msgstr.strip():
        if not entry.fuzzy:
            yield "no translation: write it into msgstr"
        return
    original = markup.parse(entry.msgid, syntax)
    translation = markup.parse(entry.msgstr, syntax, glossary.aliases)
    yield from markup.differences(original.atoms, translation.atoms)
    if not markup.unbalanced(entry.msgid, syntax):
        for marker in markup.unbalanced(entry.msgstr, syntax):
            yield f"a {marker} opens or closes nothing"
    if markup.looks_like_list(entry.msgstr, syntax):
        yield "it begins like an item of a list: put a backslash before the marker"
    yield from glossary.problems(domain, original.prose, entry.msgstr)
    if language.startswith("zh"):
        words = re.findall(r"[a-z]{2,}", original.prose)
        if len(words) >= LONG and not chinese.has_chinese(entry.msgstr):
            yield "it is still in English"
        yield from chinese.problems(translation.prose)


def stale(
    root: Path,
    language: str,
    wanted: Mapping[str, polib.POFile],
    catalogues: Mapping[str, polib.POFile],
) -> list[Problem]:
    """List where catalogues and English texts have come apart."""
    found = []
    for domain in sorted({*wanted, *catalogues}):
        file = catalogue_path(Path("docs/locale"), language, domain)
        there = {entry.msgid: entry.linenum for entry in catalogues.get(domain, ())}
        texts = {entry.msgid for entry in wanted.get(domain, ())}
        missing = [msgid for msgid in texts if msgid not in there]
        extra = [msgid for msgid in there if msgid not in texts]
        found += [
            Problem(file, 1, f'"{brief(m)}" is not in it yet: {RUN}') for m in sorted(missing)
        ]
        found += [
            Problem(file, there[m], f'"{brief(m)}" is no longer in English: {RUN}') for m in extra
        ]
        if not missing and not extra:
            text = i18n_catalogues.render(wanted[domain])
            if (root / file).read_bytes() != text.encode():
                found.append(
                    Problem(file, 1, f"order or layout is not what the tool writes: {RUN}")
                )
    return found
