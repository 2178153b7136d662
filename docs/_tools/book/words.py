"""The words of the book that stand on no page, in its language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from babel.dates import format_date

from _ext.common.languages import Language
from _ext.common.paths import DOCS
from _ext.translation import catalogues


class Words(NamedTuple):
    """What is written on the title page and above the contents."""

    contents: str
    made: str
    licence: str
    authors: str


def of(language: Language, version: str, day: date) -> Words:
    """Return the words of the book in a language."""
    _site = _translator(language.code)
    made = _site("Version {version}, {date}")
    locale = "en_GB" if language.code == "en" else language.code
    return Words(
        contents=_site("Contents"),
        made=made.format(version=version, date=format_date(day, "long", locale=locale)),
        licence=_site("Text and figures: CC BY 4.0. Code: MIT licence."),
        authors=_site("The PyTorch in Practice authors"),
    )


def _translator(code: str) -> Callable[[str], str]:
    strings = catalogues.load(DOCS / "locale", code, "site")
    return lambda message: strings.get(message, message)
