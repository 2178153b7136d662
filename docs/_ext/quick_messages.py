"""Translated texts of Markdown pages, without 2,000 parsers of a command line.

Sphinx parses each translated text as a document of its own. For each, myst-parser first makes a
document that it does not use, and for its settings docutils sets up all options of its command
line. They are the same every time: they are set up once, and copied.
"""

from __future__ import annotations

import functools
from typing import Any

from docutils import nodes
from docutils.frontend import Values, get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from myst_parser.mdit_to_docutils import base
from sphinx.application import Sphinx


@functools.cache
def _default_settings(parser: type) -> Values:
    """Return docutils' settings for a parser class; not to be changed."""
    return get_default_settings(parser)


def make_document(source_path: str = "notset", parser_cls: type = Parser) -> nodes.document:
    """Return a new document with the settings of a parser class, as myst-parser's function does."""
    return new_document(source_path, settings=_default_settings(parser_cls).copy())


def setup(_app: Sphinx) -> dict[str, Any]:
    """Take the place of myst-parser's function."""
    base.make_document = make_document
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
