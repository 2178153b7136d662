"""Each toggle in the sidebar says what it folds out, in the language of the page."""

from __future__ import annotations

import pytest
from lxml import html
from tiny_site import build, catalogue, write

PAGES = {
    "index.rst": "Home\n====\n\n.. toctree::\n\n   lessons\n",
    "lessons.rst": "Lessons\n=======\n\n.. toctree::\n\n   part\n",
    "part.rst": "Part 1 \N{MIDDLE DOT} Basics\n================\n\n.. toctree::\n\n   lesson\n",
    "lesson.rst": "Lesson\n======\n\nText.\n",
}
STRINGS = {
    "Show or hide the pages of {title}": "展开或收起“{title}”的页面",
    "Search the course": "搜索课程内容",
    "More": "更多",
}


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "Show or hide the pages of Part 1 · Basics"),
        ("zh_CN", "展开或收起“Part 1 · Basics”的页面"),
    ],
)
def test_toggle_has_a_name(tmp_path, language, name):
    strings = {"locale/zh_CN/LC_MESSAGES/site.po": catalogue(STRINGS)}
    source = write(tmp_path / "source", PAGES | strings)
    built = build(
        source,
        tmp_path / "out",
        language,
        html_theme="pydata_sphinx_theme",
        extensions=["pydata_sphinx_theme", "site_strings", "sidebar_toggles"],
    )
    toggles = html.parse(built.out / "lesson.html").xpath("//nav//summary")
    assert [toggle.get("aria-label") for toggle in toggles] == [name]
