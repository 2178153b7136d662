"""Interface strings are found for extraction, and translated on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from _ext.translation import catalogues, interface
from tiny_course import Project
from tiny_site import build, catalogue, write


@pytest.mark.parametrize(
    ("language", "word", "title"),
    [("en", "Search the course", "PyTorch in Practice"), ("zh", None, "PyTorch 深度学习实战")],
)
def test_templates_and_settings_are_in_the_language_of_the_page(
    course: Project, language: str, word: str | None, title: str
) -> None:
    chinese = catalogues.load(interface.DOCS / "locale", "zh_CN", "site")["Search the course"]
    tree = course.tree(language, "constructs")
    assert tree.xpath("string(//title)").strip().endswith(title)
    assert (word or chinese) in (course.written(language) / "constructs.html").read_text("utf-8")


def test_missing_translation_is_reported(tmp_path: Path) -> None:
    template = '{% extends "!layout.html" %}{% block footer %}<p>{{ _site("Reading room") }}</p>{% endblock %}'
    source = write(
        tmp_path / "source",
        {
            "index.rst": "Home\n====\n\nText.\n",
            "_templates/layout.html": template,
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue({"Tiny course": "小课程"}),
        },
    )
    built = build(
        source,
        tmp_path / "out",
        "zh_CN",
        extensions=["_ext.translation.interface"],
        templates_path=[str(source / "_templates")],
        html_title="Tiny course",
    )
    assert "<p>Reading room</p>" in (built.out / "index.html").read_text("utf-8")
    assert "no zh_CN translation of the interface string 'Reading room'" in built.warnings
    assert "docs/locale/zh_CN/LC_MESSAGES/site.po" in built.warnings
    assert "[course.site]" in built.warnings and "Tiny course'" not in built.warnings


def test_messages_are_gathered_from_templates_extensions_and_settings(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "conf.py": 'html_title = "Tiny course"\nauthor = "Nobody"\n',
            "docs/_templates/a.html": """{{ _site('It is "here"') }} {{ _("Search") }}""",
            "docs/_templates/root/b.html": '{% set _site = language._site %}{{ _site("Below") }}',
            "docs/_ext/c.py": 'x = _site(\n    "Long string"\n)\n'
            'y = translate("Words of a widget")\nz = _translate("Words of a page")\n',
        },
    )
    expected = ["Below", 'It is "here"', "Long string", "Tiny course"]
    expected += ["Words of a page", "Words of a widget"]
    assert interface.messages(tmp_path / "docs") == expected


def test_every_string_of_the_site_is_in_chinese() -> None:
    chinese = catalogues.load(interface.DOCS / "locale", "zh_CN", "site")
    assert sorted(chinese) == interface.messages()
