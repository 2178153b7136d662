"""The catalogues of the site are complete and sound.

What needs no build is checked here; `nox -s i18n -- --check` also compares them with the texts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from _ext.common.languages import LANGUAGES
from _ext.translation import interface
from _tools.i18n import catalogues as i18n_catalogues
from _tools.i18n import checks
from _tools.i18n.catalogues import Message
from _tools.i18n.merge import merge

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "docs" / "locale"
OURS = {"comments", "figures", "site", "sphinx"}

each_language = pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])


def pages() -> set[str]:
    """List the pages that an author wrote, as domains."""
    docs = {file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")}
    docs |= {file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.rst")}
    written = {file for file in docs if not file.parts[0].startswith(("_", "locale", "lessons"))}
    gallery = ROOT / "gallery"
    lessons = {file.relative_to(gallery) for file in gallery.rglob("lesson_*.py")}
    parts = {file.relative_to(gallery).parent for file in gallery.rglob("GALLERY_HEADER.rst")}
    return (
        {file.with_suffix("").as_posix() for file in written}
        | {f"lessons/{file.with_suffix('').as_posix()}" for file in lessons}
        | {(Path("lessons") / part / "index").as_posix() for part in parts}
    )


def test_every_language_has_catalogues() -> None:
    assert i18n_catalogues.languages(LOCALE) == sorted(set(LANGUAGES) - {"en"})


@each_language
def test_every_page_has_a_catalogue(language: str) -> None:
    domains = set(i18n_catalogues.read_all(LOCALE, language)) - OURS
    assert domains == pages()


@each_language
def test_every_interface_string_is_in_the_catalogue(language: str) -> None:
    entries = i18n_catalogues.read_all(LOCALE, language)["site"]
    assert {entry.msgid for entry in entries} == set(interface.messages())


@each_language
def test_translations_are_complete_and_sound(language: str) -> None:
    catalogues = i18n_catalogues.read_all(LOCALE, language)
    problems = checks.check(ROOT, language, catalogues)
    if problems:
        pytest.fail("\n".join(map(str, problems)), pytrace=False)


@each_language
def test_catalogues_are_as_the_tool_writes_them(language: str) -> None:
    catalogues = i18n_catalogues.read_all(LOCALE, language)
    templates = {
        domain: [Message(e.msgid, tuple(name for name, _ in e.occurrences)) for e in catalogue]
        for domain, catalogue in catalogues.items()
    }
    again = merge(templates, catalogues, language, lambda d: checks.syntax_of(ROOT, d))
    different = [
        domain
        for domain, catalogue in again.items()
        if i18n_catalogues.catalogue_path(LOCALE, language, domain).read_bytes()
        != i18n_catalogues.render(catalogue).encode()
    ]
    assert not different, "run `nox -s i18n`"
