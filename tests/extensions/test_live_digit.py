"""The directive ``live-digit``: an element with its words and addresses, loaded on its page only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html
from sphinx.errors import ExtensionError
from tiny_site import Built, build, catalogue, write

import live_digit
from site_strings import messages

LESSON = "lessons/2_part/lesson_14_x"
PAGE = """Title
=====

.. live-digit::

   Without scripts there is nothing to see here.
"""
FILES = {f"{LESSON}.files/{name}": name for name in live_digit.PAGE_FILES.values()}
SENTENCE = "Draw a digit on the page of this lesson, and the network reads it."


@pytest.fixture
def runtime(tmp_path, monkeypatch) -> Path:
    """A small package in place of ONNX Runtime."""
    package = tmp_path / "onnxruntime-web"
    files = {f"dist/{name}": 1000 * "x" for name in live_digit.RUNTIME_FILES}
    write(package, {"package.json": '{"version": "9.9"}', **files})
    monkeypatch.setattr(live_digit, "RUNTIME", package)
    return package


@pytest.fixture
def source(tmp_path, runtime) -> Path:
    return write(
        tmp_path / "docs",
        {
            "index.rst": f"Home\n====\n\n.. toctree::\n\n   {LESSON}\n",
            f"{LESSON}.rst": PAGE,
            f"locale/zh_CN/LC_MESSAGES/{LESSON}.po": catalogue(
                {"Without scripts there is nothing to see here.": "没有脚本，这里什么也没有。"}
            ),
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue(
                {text: f"译：{text}" for text in messages() if '"' not in text}
            ),
            **FILES,
        },
    )


def site(source: Path, language: str = "en") -> Built:
    out = source.with_name(language)
    return build(
        source, out, language, extensions=["site_strings", "page_files_store", "live_digit"]
    )


def page_of(out: Path) -> html.HtmlElement:
    return html.fromstring((out / f"{LESSON}.html").read_bytes())


def test_the_element_names_what_it_loads(source):
    built = site(source)
    assert built.warnings == ""
    (element,) = page_of(built.out).xpath("//live-digit")
    assert element.text_content().strip() == "Without scripts there is nothing to see here."
    files = json.loads(element.get("data-files"))
    page = built.out / LESSON
    urls = [files["runtime"], files["wasm"], *(files[key]["url"] for key in live_digit.PAGE_FILES)]
    for url in urls:
        path, version = url.split("?v=")
        assert (page.parent / path).is_file() and version
    for key, name in live_digit.PAGE_FILES.items():
        assert files[key]["bytes"] == len(name)
        assert files[key]["url"].startswith(f"../../_live/lesson_14_x/{name}?v=")
    assert (built.out / "_static" / "onnxruntime" / "LICENSE").is_file()


def test_the_words_are_in_the_language_of_the_page(source):
    site(source)
    (element,) = page_of(site(source, "zh_CN").out).xpath("//live-digit")
    assert element.get("lang") == "zh-CN"
    labels = json.loads(element.get("data-labels"))
    assert {text[:2] for text in labels.values()} == {"译："}
    assert "没有脚本，这里什么也没有。" in element.text_content()
    assert "(0.0 MB)" in labels["ask"] and "{size}" not in labels["ask"]


def test_only_its_page_loads_script_and_style(source):
    out = site(source).out
    for name in ("live-digit.js", "live-digit.css"):
        assert name in (out / f"{LESSON}.html").read_text("utf-8")
        assert name not in (out / "index.html").read_text("utf-8")


def test_another_network_writes_the_page_again(source):
    site(source)
    (source / f"{LESSON}.files/digits.onnx").write_text("another one", "utf-8")
    (element,) = page_of(site(source).out).xpath("//live-digit")
    assert json.loads(element.get("data-files"))["model"]["bytes"] == len("another one")


def test_a_lesson_that_was_not_executed_shows_nothing(source):
    for name in FILES:
        (source / name).unlink()
    (source / f"{LESSON}.files").rmdir()
    built = site(source)
    assert not page_of(built.out).xpath("//live-digit")
    assert built.warnings == ""
    assert not (built.out / "_static" / "onnxruntime").exists()


def test_a_missing_file_is_named(source):
    (source / f"{LESSON}.files/digits.onnx").unlink()
    with pytest.raises(ExtensionError, match=r"needs the files digits\.onnx, which the lesson"):
        site(source)


def test_an_empty_directive_is_refused(source):
    (source / f"{LESSON}.rst").write_text("Title\n=====\n\n.. live-digit::\n", "utf-8")
    assert "write below live-digit what readers see" in site(source).warnings


def test_the_runtime_is_copied_once(source):
    file = site(source).out / "_static/onnxruntime" / live_digit.RUNTIME_FILES[1]
    before = file.stat().st_mtime_ns
    (source / f"{LESSON}.rst").write_text(PAGE + "\nMore.\n", "utf-8")
    site(source)
    assert file.stat().st_mtime_ns == before
