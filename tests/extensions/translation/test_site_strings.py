"""Interface strings are found for extraction, and translated on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_course import Project
from tiny_site import build, catalogue, write

import catalogues
import site_strings


@pytest.mark.parametrize(
    ("language", "word", "title"),
    [("en", "Search the course", "PyTorch in Practice"), ("zh", None, "PyTorch 深度学习实战")],
)
def test_templates_and_settings_are_in_the_language_of_the_page(
    course: Project, language: str, word: str | None, title: str
) -> None:
    chinese = catalogues.load(site_strings.DOCS / "locale", "zh_CN", "site")["Search the course"]
    tree = course.tree(language, "constructs")
    assert tree.xpath("string(//title)").strip().endswith(title)
    assert (word or chinese) in (course.written(language) / "constructs.html").read_text("utf-8")


def test_toggles_of_the_menu_are_named_in_the_language_of_the_page(course: Project) -> None:
    path = "//nav//summary/@aria-label"
    english, chinese = (
        course.tree(language, "lessons/2_kinds/index").xpath(path) for language in ("en", "zh")
    )
    parts = ("First part", "Second part")
    assert english == [f"Show or hide the pages of {part}" for part in parts]
    assert chinese == ["展开或收起“第一部分”的页面", "展开或收起“Second part”的页面"]


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
        extensions=["site_strings"],
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
            "docs/_templates/root/b.html": '{{ language._site("Below") }}',
            "docs/_ext/c.py": 'x = _site(\n    "Long string"\n)\n',
        },
    )
    expected = ["Below", 'It is "here"', "Long string", "Tiny course"]
    assert site_strings.messages(tmp_path / "docs") == expected


def test_every_string_of_the_site_is_in_chinese() -> None:
    chinese = catalogues.load(site_strings.DOCS / "locale", "zh_CN", "site")
    assert sorted(chinese) == site_strings.messages()
