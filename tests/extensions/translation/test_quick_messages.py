"""What is set up once gives the same as what is set up for each text."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils import base
from myst_parser.parsers.mdit import create_md_parser
from sphinx.parsers import RSTParser

import quick_messages

RST = [
    "损失 **下降** 了，见 `PyTorch <https://pytorch.org>`__。",
    "*未闭合",  # makes a message of docutils
    "1. 一项\n2. 又一项\n\n   一段",
    "标题\n====\n\n``code`` 和 |没有的| 替换",
    "",
    "损失\n  缩进的一行",
]
MARKDOWN = [
    "损失 **下降** 了，见 [此处](https://pytorch.org)。",
    "# 标题",
    "- 一\n- 二",
    "",
    "`x` $y$",
]


def parsed(parser: type[RSTParser], text: str, source: str) -> nodes.document:
    settings = quick_messages.make_document().settings
    settings.report_level = 5
    document = new_document(source, settings=settings)
    one = parser()
    one._config = SimpleNamespace(rst_prolog=None, rst_epilog=None)  # type: ignore[assignment]  # all that is read
    one.parse(text, document)
    return document


def test_translated_texts_share_states_and_become_the_same_documents() -> None:
    source = f"page.rst:3:{quick_messages.MARK}"
    for text in RST * 2:
        expected = parsed(RSTParser, text, source)
        assert parsed(quick_messages.QuickRSTParser, text, source).pformat() == expected.pformat()


def test_states_are_lent_to_one_text_at_a_time_and_given_back_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = f"page.rst:1:{quick_messages.MARK}"
    quick, decorate = quick_messages.QuickRSTParser, RSTParser.decorate
    inner: list[str] = []

    def parse_another_and_fail(_parser: RSTParser, _content: object) -> None:
        monkeypatch.setattr(RSTParser, "decorate", decorate)
        inner.append(parsed(quick, "*里面*的", source).pformat())
        raise KeyError

    monkeypatch.setattr(RSTParser, "decorate", parse_another_and_fail)
    with pytest.raises(KeyError):
        parsed(quick, "外面", source)
    assert inner == [parsed(RSTParser, "*里面*的", source).pformat()]
    assert not quick._lent


def test_markdown_parser_is_kept_for_the_same_settings_only() -> None:
    parsers = quick_messages.MarkdownParsers()
    config, other = MdParserConfig(), MdParserConfig(enable_extensions={"dollarmath"})
    first = parsers.create(config, base.DocutilsRenderer)
    assert parsers.create(config, base.DocutilsRenderer) is first
    second = parsers.create(other, base.DocutilsRenderer)
    assert second is not first
    assert second.options["myst_config"] is other


def test_kept_markdown_parser_gives_the_same_documents() -> None:
    parsers, config = quick_messages.MarkdownParsers(), MdParserConfig()
    for text in MARKDOWN * 2:
        shown = []
        for create in (parsers.create, create_md_parser):
            parser = create(config, base.DocutilsRenderer)
            parser.options["document"] = quick_messages.make_document("page.md:1:<translated>")
            shown.append(parser.render(text).pformat())
        assert shown[0] == shown[1]


def test_documents_have_the_settings_of_docutils_and_share_none() -> None:
    settings = quick_messages.make_document("a").settings.__dict__
    expected = get_default_settings(Parser).__dict__
    assert settings.keys() == expected.keys()
    different = {name for name, value in expected.items() if settings[name] != value}
    assert different <= {"record_dependencies", "warning_stream"}, "objects of their own"
    settings["language_code"] = "fr"
    other = quick_messages.make_document("b")
    assert (other["source"], other.settings.language_code) == ("b", "en")


def test_function_that_is_replaced_has_the_same_parameters() -> None:
    assert base.make_document.__code__.co_varnames[:2] == ("source_path", "parser_cls")
