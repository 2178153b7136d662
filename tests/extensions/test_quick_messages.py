"""Settings of documents are set up once, and are what docutils would set up."""

from __future__ import annotations

from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from myst_parser.mdit_to_docutils import base

import quick_messages


def test_documents_have_the_settings_of_docutils() -> None:
    settings = quick_messages.make_document().settings
    assert settings.__dict__.keys() == get_default_settings(Parser).__dict__.keys()
    different = {
        name
        for name, value in get_default_settings(Parser).__dict__.items()
        if getattr(settings, name) != value
    }
    assert different <= {"record_dependencies", "warning_stream"}, "objects of their own"


def test_documents_do_not_share_settings() -> None:
    first, second = quick_messages.make_document("a"), quick_messages.make_document("b")
    assert (first["source"], second["source"]) == ("a", "b")
    first.settings.language_code = "fr"
    assert second.settings.language_code == "en"
    assert quick_messages.make_document().settings.language_code == "en"


def test_function_that_is_replaced_has_the_same_parameters() -> None:
    assert base.make_document.__code__.co_varnames[:2] == ("source_path", "parser_cls")
