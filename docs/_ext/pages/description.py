"""The first paragraph of a page, as its description for search engines and link previews."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from docutils import nodes
from sphinx.application import Sphinx

from _ext.common import timeline
from _ext.common.languages import LANGUAGES

LENGTH = 160
"""Characters after which no further sentence is added; search engines show about as many."""

OG_LOCALES = {"en": "en_GB", "zh_CN": "zh_CN"}
"""The Open Graph protocol writes languages with a territory."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")


def summary(doctree: nodes.document, length: int = LENGTH) -> str:
    """Return the first sentences of the first paragraph of a page, as plain text.

    Parameters
    ----------
    doctree : nodes.document
    length : int
        Whole sentences are taken while they stay within this many characters; the first one
        is always taken.

    Returns
    -------
    str
        Empty for a page without a paragraph of its own.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document):
            return _first_sentences(" ".join(paragraph.astext().split()), length)
    return ""


def _first_sentences(text: str, length: int) -> str:
    end = 0
    for match in _SENTENCE_END.finditer(text + " "):
        if end and match.start() > length:
            break
        end = match.start()
    return text[:end] if end else text


def properties(app: Sphinx, doctree: nodes.document, pagename: str) -> Iterator[tuple[str, str]]:
    """Yield the properties of the Open Graph protocol, https://ogp.me, each with its value."""
    language = app.config.language
    root = f"{app.config.html_baseurl}{LANGUAGES[language].folder}/"
    url = urljoin(root, app.builder.get_target_uri(pagename))
    yield "og:title", app.env.titles[pagename].astext()
    yield "og:type", "website"
    yield "og:url", url
    yield "og:site_name", app.config.project
    if text := summary(doctree):
        yield "og:description", text
    if image := next(doctree.findall(nodes.image), None):
        yield "og:image", urljoin(url, image["uri"])
        yield "og:image:alt", image.get("alt", "")
    yield "og:locale", OG_LOCALES[language]
    for code in LANGUAGES.keys() - {language}:
        yield "og:locale:alternate", OG_LOCALES[code]


def _describe(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree is None:  # the search page and other pages without a source
        return
    card = "summary_large_image" if any(doctree.findall(nodes.image)) else "summary"
    tags = [("name", "description", summary(doctree)), ("name", "twitter:card", card)]
    tags += [("property", name, value) for name, value in properties(app, doctree, pagename)]
    for kind, name, value in tags:
        if value:
            context["metatags"] += f'\n<meta {kind}="{name}" content="{html.escape(value)}">'
    context["metatags"] += "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Describe each page while it is written."""
    app.connect("html-page-context", _describe, priority=timeline.DESCRIBE)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
