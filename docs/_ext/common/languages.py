"""The languages of the site."""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """One language of the site."""

    code: str
    """What Sphinx calls it."""
    folder: str
    """Its folder under the root of the site."""
    html: str
    """Its BCP 47 tag, for ``lang`` and ``hreflang``."""
    name: str
    """Its own name, for the switcher."""


LANGUAGES = {
    language.code: language
    for language in (
        Language("en", "en", "en", "English"),
        Language("zh_CN", "zh", "zh-CN", "简体中文"),
    )
}
