"""Translated texts without 2,000 parsers and command lines.

Sphinx parses each translated text as a document of its own, of one paragraph, and sets up all that
a document needs for it. What is the same every time is set up once here: for Markdown, myst-parser's
parser, and docutils' settings, which stand for all options of its command line (and myst-parser
makes a document with them that it does not use); for reStructuredText, the states of docutils'
parser and what leads from one to the next.
"""

from __future__ import annotations

import functools
from typing import Any, cast

from docutils import nodes
from docutils.frontend import Values, get_default_settings
from docutils.parsers.rst import Parser
from docutils.parsers.rst.states import RSTState, RSTStateMachine, state_classes
from docutils.statemachine import StringList
from docutils.utils import new_document
from markdown_it import MarkdownIt
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils import base
from myst_parser.parsers import sphinx_
from myst_parser.parsers.mdit import create_md_parser
from sphinx.application import Sphinx
from sphinx.parsers import RSTParser

MARK = "<translated>"


@functools.cache
def _default_settings(parser: type) -> Values:
    """Return docutils' settings for a parser class; not to be changed."""
    return get_default_settings(parser)


def make_document(source_path: str = "notset", parser_cls: type = Parser) -> nodes.document:
    """Return a new document with the settings of a parser class, as myst-parser's function does."""
    return new_document(source_path, settings=_default_settings(parser_cls).copy())


class MarkdownParsers:
    """The last parser that ``create_md_parser`` made, as long as the same one is asked for.

    A parser keeps nothing of a text but its document, which is given with each. A page is parsed
    before its translations, and none of them within another.
    """

    def __init__(self) -> None:
        self._made_for: tuple[MdParserConfig, type] | None = None
        self._parser: MarkdownIt | None = None

    def create(self, config: MdParserConfig, renderer: Any) -> MarkdownIt:
        """Return a parser, see ``create_md_parser``; a page's own settings make another one."""
        same = self._made_for and self._made_for[0] is config and self._made_for[1] is renderer
        if self._parser is None or not same:
            self._made_for = (config, renderer)
            self._parser = create_md_parser(config, renderer)
        return self._parser


class _Lent:
    """A class of states as a state machine sees it, which makes one state and lends it again."""

    def __init__(self, state_class: type[RSTState]) -> None:
        self.__name__ = state_class.__name__
        self._class = state_class
        self._state: RSTState | None = None

    def __call__(self, machine: RSTStateMachine, debug: bool = False) -> RSTState:
        """Return the state for a machine."""
        if self._state is None:
            self._state = self._class(machine, debug)
        self._state.state_machine = machine
        return self._state


class QuickRSTParser(RSTParser):
    """Sphinx's parser, with the same states for each translated text.

    docutils itself runs nested parts of a document with states that it used before.
    """

    _states = tuple(_Lent(each) for each in state_classes)
    _lent = False

    def parse(self, inputstring: str | StringList, document: nodes.document) -> None:
        """Parse a text into a document."""
        kind = QuickRSTParser
        if kind._lent or not document["source"].endswith(MARK):
            super().parse(inputstring, document)
            return
        kind._lent, self.state_classes = True, cast(Any, kind._states)
        try:
            super().parse(inputstring, document)
        finally:
            kind._lent = False


def setup(app: Sphinx) -> dict[str, Any]:
    """Take the place of Sphinx's parser, and of two functions of myst-parser."""
    app.add_source_parser(QuickRSTParser, override=True)
    base.make_document = make_document
    vars(sphinx_)["create_md_parser"] = MarkdownParsers().create
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
