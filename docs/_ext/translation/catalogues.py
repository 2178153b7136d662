"""Read the gettext catalogues of the site.

English is the source: a message id *is* the English text. Every other language has one
catalogue a page, and three that Sphinx knows nothing of: ``figures`` (text inside figures),
``comments`` (comments in code) and ``site`` (interface strings).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po


def path(locale_dir: Path, language: str, domain: str) -> Path:
    """Return where the catalogue of a domain lies, for example ``figures``."""
    return Path(locale_dir) / language / "LC_MESSAGES" / f"{domain}.po"


def load(locale_dir: Path, language: str, domain: str) -> dict[str, str]:
    """Read a catalogue into a mapping from message id to translation.

    Fuzzy and empty entries are left out: a translation that may be wrong is no translation.
    English, and a catalogue that does not exist, give an empty mapping.
    """
    file = path(locale_dir, language, domain)
    if language == "en" or not file.exists():
        return {}
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(file: Path, _mtime_ns: int) -> dict[str, str]:
    with file.open("rb") as stream:
        catalogue = read_po(stream)
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }
