"""Read and write the gettext catalogues of the site.

The files are deterministic: messages in the order of the document, one line a paragraph, no dates
and no line numbers, so that a catalogue changes only when a text or its translation does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import polib
from babel import Locale
from babel.messages.plurals import get_plural

PROJECT = "PyTorch in Practice"


_LINE = re.compile(
    r"""(?:\#.*|(?P<keyword>msgctxt|msgid|msgid_plural|msgstr)?(?:\[\d\])?\s*"(?:[^"\\]|\\.)*")?"""
)


class Message(NamedTuple):
    """An English text to translate."""

    msgid: str
    sources: tuple[str, ...] = ()
    """The files it is from, relative to the root of the project."""


class CatalogueError(Exception):
    """A catalogue that cannot be read; the message holds file and line."""


def catalogue_path(locale_dir: Path, language: str, domain: str) -> Path:
    """Return where the catalogue of a domain lies."""
    return locale_dir / language / "LC_MESSAGES" / f"{domain}.po"


def languages(locale_dir: Path) -> list[str]:
    """List the languages that have catalogues; English, the source, has none."""
    return sorted(
        folder.parent.name for folder in locale_dir.glob("*/LC_MESSAGES") if folder.is_dir()
    )


def read(file: Path) -> polib.POFile:
    """Read a catalogue or a template.

    Raises
    ------
    CatalogueError
        The file is no valid catalogue, or holds a message twice.
    """
    try:
        # polib takes a line without its closing quote for an empty one: look first.
        if fault := _fault(file.read_text("utf-8").split("\n")):
            raise CatalogueError(f"{file}:{fault[0]}: {fault[1]}; correct the file")
        catalogue = polib.pofile(str(file), encoding="utf-8", wrapwidth=0)
    except (OSError, UnicodeDecodeError) as error:
        line = re.search(r"\(line (\d+)\)", str(error))
        number = line[1] if line else 1
        raise CatalogueError(f"{file}:{number}: not a catalogue ({error}); correct it") from error
    seen: set[tuple[str, str | None]] = set()
    for entry in catalogue:
        if (key := (entry.msgid, entry.msgctxt)) in seen and not entry.obsolete:
            what = f'the message "{brief(entry.msgid)}" is there twice'
            raise CatalogueError(f"{file}:{entry.linenum}: {what}; delete one of the two")
        seen.add(key)
    return catalogue


def _fault(lines: list[str]) -> tuple[int, str] | None:
    """Return the number and the fault of the first line that no catalogue can have."""
    keyword = "msgstr"
    for number, line in enumerate([*lines, ""], start=1):
        match = _LINE.fullmatch(line.strip())
        if not match:
            return number, f"not a line of a catalogue: {brief(line)}"
        ends = not line.strip() or match["keyword"] in ("msgctxt", "msgid")
        if ends and keyword == "msgid":
            return number, "a msgid without a msgstr stands before this line"
        keyword = match["keyword"] or keyword
    return None


def read_all(locale_dir: Path, language: str) -> dict[str, polib.POFile]:
    """Read every catalogue of a language, by domain."""
    folder = locale_dir / language / "LC_MESSAGES"
    return {
        file.relative_to(folder).with_suffix("").as_posix(): read(file)
        for file in sorted(folder.rglob("*.po"))
    }


def empty(language: str) -> polib.POFile:
    """Return a catalogue without messages."""
    catalogue = polib.POFile(wrapwidth=0)
    name = Locale.parse(language).get_display_name("en")
    catalogue.header = f"{name} translation of {PROJECT}."
    catalogue.metadata = {
        "Project-Id-Version": PROJECT,
        "Language": language,
        "Plural-Forms": str(get_plural(language)),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    return catalogue


def render(catalogue: polib.POFile) -> str:
    """Return the text of a catalogue's file."""
    return str(catalogue).rstrip("\n") + "\n"


def write_all(texts: Mapping[Path, str], unwanted: Iterable[Path] = ()) -> list[Path]:
    """Write the files whose text differs and delete the unwanted ones; return what changed.

    Each file is replaced in one step, and only when all new texts lie on the disk.
    """
    changed = [f for f, text in texts.items() if not f.exists() or f.read_bytes() != text.encode()]
    drafts = {file: file.with_name(f".{file.name}.new") for file in changed}
    try:
        for file, draft in drafts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(texts[file].encode())
        for file, draft in drafts.items():
            os.replace(draft, file)
    finally:
        for draft in drafts.values():
            if draft.parent.is_dir():
                draft.unlink(missing_ok=True)
    gone = [file for file in unwanted if file.exists()]
    for file in gone:
        file.unlink()
    return changed + gone


def brief(text: str, width: int = 60) -> str:
    """Shorten a text to one line for a message about it."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
