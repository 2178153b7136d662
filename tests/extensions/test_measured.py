"""Tables of benchmarks: from a file that was measured, in the language of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_site import build, write

ROOT = Path(__file__).resolve().parents[2]
RECORD = {
    "measured_on": "2026-11-23",
    "cores": 2,
    "lessons": ["04", "24"],
    "seconds": {
        "course": {
            "cold_one_core": 400.0,
            "cold_english": 207.0,
            "cold": 220.0,
            "nothing": 1.0,
            "word": 10.0,
            "label": 9.0,
            "translation": 8.0,
            "function": 200.0,
        },
        "other-tool": {"cold": 300.0, "nothing": 2.0, "word": 250.0},
    },
}


def page(folder, language="en"):
    """Build a page with the table, with the interface strings of the course."""
    docs = write(
        folder / "docs",
        {"index.rst": "Title\n=====\n\n.. measured:: loop\n"},
    )
    built = build(
        docs,
        folder / language,
        language=language,
        extensions=["site_strings", "measured"],
        templates_path=[str(ROOT / "docs/_templates")],
        locale_dirs=[str(ROOT / "docs/locale")],
    )
    assert built.warnings == ""
    return (folder / language / "index.html").read_text("utf-8")


def test_table_in_both_languages(tmp_path):
    write(tmp_path, {"docs/measured/loop.json": json.dumps(RECORD)})
    english, chinese = page(tmp_path), page(tmp_path, "zh_CN")
    assert ">10.0 s</td>" in english and ">250.0 s, 25 ×</td>" in english
    assert ">250.0 秒，25 倍</td>" in chinese
    assert "23 November 2026" in english and "2026年11月23日" in chinese
    assert english.count(">–</td>") == 3, "what the other tool does not have"
    assert "other-tool, one language" in english
    assert "takes 400 s. In English alone it takes 207 s." in english
    assert "要 400 秒。如果只构建英文版，则要 207 秒。" in chinese


def test_a_table_that_was_not_measured_is_an_error(tmp_path):
    with pytest.raises(AssertionError, match=r"nox -s bench -- loop --save"):
        page(tmp_path)


def test_what_the_course_shows_was_measured_whole():
    record = json.loads((ROOT / "docs/measured/loop.json").read_text("utf-8"))
    assert record.keys() == RECORD.keys()
    assert record["seconds"]["course"].keys() == RECORD["seconds"]["course"].keys()
    assert set(record["seconds"]) == {"course", "sphinx-gallery", "myst-nb"}
