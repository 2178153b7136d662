"""Interface strings in the language of the page.

The strings that we write ourselves, in templates and in the other extensions, are looked up in
the catalogue ``site`` by functions that have one of the names in ``KEYWORDS``, so that Babel
finds them, see :func:`messages`. The strings of Sphinx and of the theme come from their own
catalogues; ``locale/<language>/LC_MESSAGES/sphinx.po``, which Sphinx reads before those, holds
what they leave in English.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from babel.messages.extract import extract
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from _ext.common import timeline
from _ext.common.paths import DOCS
from _ext.course import syllabus
from _ext.translation import catalogues

logger = logging.getLogger(__name__)


CONFIG_VALUES = ("project", "html_title")
"""Settings in conf.py whose value is shown to the reader; conf.py has them in English."""

#: Functions whose argument is an interface string.
KEYWORDS = dict.fromkeys(("_site", "translate", "_translate"))
_SETTING = re.compile(rf"""^({"|".join(CONFIG_VALUES)})\s*=\s*(["'])(.+?)\2$""", re.MULTILINE)


def load(app: Sphinx, language: str) -> dict[str, str]:
    """Read the catalogue ``site`` of a language; the first of ``locale_dirs`` wins."""
    strings: dict[str, str] = {}
    for directory in reversed(app.config.locale_dirs):
        strings |= catalogues.load(Path(app.srcdir, directory), language, "site")
    return strings


def translator(app: Sphinx, language: str | None = None) -> Callable[[str], str]:
    """Return the function that translates interface strings.

    Parameters
    ----------
    app : Sphinx
    language : str, optional
        By default the language of this build.

    Returns
    -------
    callable
        From the English string to the translation. A string without one stays in English and
        is reported as a warning of type ``course``, subtype ``site``.
    """
    language = language or app.config.language
    strings = load(app, language)

    def _site(message: str) -> str:
        if language == "en" or message in strings:
            return strings.get(message, message)
        logger.warning(
            "no %s translation of the interface string %r; add it to %s",
            language,
            message,
            catalogues.path(Path("docs/locale"), language, "site"),
            type="course",
            subtype="site",
            once=True,
        )
        return message

    return _site


def messages(docs: Path = DOCS) -> list[str]:
    """List the English interface strings: of templates, extensions, the book, settings, the map."""
    found = set(syllabus.messages(docs))
    places = ("_templates/**/*.html", "_ext/**/*.py", "_tools/book/*.py")
    for method, pattern in zip(("jinja2", "python", "python"), places, strict=True):
        for file in docs.glob(pattern):
            with file.open("rb") as source:
                found.update(str(text) for _, text, _, _ in extract(method, source, KEYWORDS))
    conf = docs.parent / "conf.py"
    if conf.exists():
        found.update(text for _, _, text in _SETTING.findall(conf.read_text("utf-8")))
    return sorted(found)


def _translate_settings(app: Sphinx, config: Config) -> None:
    strings = load(app, config.language)
    for name in CONFIG_VALUES:
        config[name] = strings.get(config[name], config[name])


def _add_to_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    _site = translator(app)
    context["_site"] = _site
    # An option of the theme that is text: its catalogue does not cover it.
    context["theme_header_dropdown_text"] = _site("More")


def setup(app: Sphinx) -> dict[str, Any]:
    """Make ``_site`` available in templates and translate the settings that readers see."""
    # Before Sphinx derives other settings from these.
    app.connect("config-inited", _translate_settings, priority=timeline.TRANSLATE_SETTINGS)
    app.connect("html-page-context", _add_to_context, priority=timeline.INTERFACE_STRINGS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
