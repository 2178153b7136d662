"""The first paragraph of a page, as its description for search engines and link previews."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from languages import LANGUAGES

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


def _describe(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree is None:  # the search page and other pages without a source
        return
    properties = {"og:locale": OG_LOCALES[app.config.language]}
    if text := summary(doctree):
        # sphinxext-opengraph escapes the quotes of its values and nothing else
        properties["og:description"] = html.escape(text, quote=False)
        context["metatags"] += f'\n<meta name="description" content="{html.escape(text)}">'
    # sphinxext-opengraph takes these over; a copy, for it is also the page's stored metadata
    context["meta"] = {**(context["meta"] or {}), **properties}
    others = [OG_LOCALES[code] for code in LANGUAGES if code != app.config.language]
    context["metatags"] += "".join(
        f'\n<meta property="og:locale:alternate" content="{other}">' for other in others
    )
    card = "summary_large_image" if any(doctree.findall(nodes.image)) else "summary"
    context["metatags"] += f'\n<meta name="twitter:card" content="{card}">\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Describe each page before sphinxext-opengraph writes its tags."""
    app.connect("html-page-context", _describe, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
