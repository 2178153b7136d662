"""Interface strings are found for extraction, and translated on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_site import build, catalogue, write

import catalogues
import site_strings

TEMPLATE = """{% extends "!layout.html" %}
{% block footer %}<footer>{{ _site("Reading room") }}</footer>{% endblock %}
"""
STRINGS = {
    "More": "更多",
    "Tiny course": "小课程",
    "Search the course": "搜索课程内容",
    "Reading room": "阅览室",
}


@pytest.fixture
def source(tmp_path) -> Path:
    return write(
        tmp_path / "source",
        {
            "index.rst": "Home\n====\n\nText.\n",
            "_templates/layout.html": TEMPLATE,
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue(STRINGS),
        },
    )


def page(source: Path, language: str) -> tuple[str, str]:
    built = build(
        source,
        source.with_name(language),
        language,
        extensions=["site_strings"],
        templates_path=[str(source / "_templates")],
        html_title="Tiny course",
    )
    return (built.out / "index.html").read_text("utf-8"), built.warnings


@pytest.mark.parametrize(
    ("language", "footer", "title"),
    [("en", "Reading room", "Tiny course"), ("zh_CN", "阅览室", "小课程")],
)
def test_templates_and_settings_are_in_the_language_of_the_page(source, language, footer, title):
    text, warnings = page(source, language)
    assert f"<footer>{footer}</footer>" in text
    assert f"{title}</title>" in text
    assert warnings == ""


def test_missing_translation_is_reported(source):
    del (strings := dict(STRINGS))["Reading room"]
    write(source, {"locale/zh_CN/LC_MESSAGES/site.po": catalogue(strings)})
    text, warnings = page(source, "zh_CN")
    assert "<footer>Reading room</footer>" in text
    assert "no zh_CN translation of the interface string 'Reading room'" in warnings
    assert "docs/locale/zh_CN/LC_MESSAGES/site.po" in warnings
    assert "[course.site]" in warnings


def test_messages_are_gathered_from_templates_extensions_and_settings(tmp_path):
    write(
        tmp_path,
        {
            "conf.py": 'html_title = "Tiny course"\nauthor = "Nobody"\n',
            "docs/_templates/a.html": """{{ _site('It is "here"') }} {{ _("Search") }}""",
            "docs/_templates/root/b.html": '{{ language._site("Below") }}',
            "docs/_ext/c.py": 'x = _site(\n    "Long string"\n)\n',
        },
    )
    expected = ["Below", 'It is "here"', "Long string", "Tiny course"]
    assert site_strings.messages(tmp_path / "docs") == expected


def test_every_string_of_the_site_is_in_chinese():
    chinese = catalogues.load(site_strings.DOCS / "locale", "zh_CN", "site")
    assert sorted(chinese) == site_strings.messages()
