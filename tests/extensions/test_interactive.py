"""Interactive figures: the element with its words and settings, and what stands in for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from docutils import nodes
from lxml import html
from tiny_site import build, catalogue, write

import conv_stepper
from doctree_markdown import MarkdownWriter
from interactive import interactive

PAGE = """Figure
======

Before.

.. interactive:: conv-stepper
   :stride: 2
   :input: 000 090
      000

   One step: nine products.
"""
SENTENCE = "On the page, there is a figure here that you can operate."


def words() -> dict[str, str]:
    """Return a Chinese text for each string, which keeps its placeholders."""
    found: dict[str, str] = {SENTENCE: "网页上此处有一幅可以动手操作的图。"}
    conv_stepper.labels(lambda text: found.setdefault(text, f"文{len(found)}"))
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write(
        tmp_path_factory.mktemp("interactive") / "docs",
        {
            "index.rst": f"{PAGE}\n.. toctree::\n\n   markdown\n   other\n",
            "markdown.md": "# Markdown\n\n```{interactive} conv-stepper\nOne *step*.\n```\n",
            "other.rst": "Other\n=====\n\nProse.\n",
            "locale/zh_CN/LC_MESSAGES/site.po": catalogue(words()),
            "locale/zh_CN/LC_MESSAGES/index.po": catalogue(
                {"One step: nine products.": "一步：九个乘积。"}
            ),
        },
    )


def site(source: Path, language: str, builder: str = "html") -> Path:
    out = source.with_name(f"{builder}-{language}")
    built = build(source, out, language, builder, extensions=["myst_parser", "interactive"])
    assert built.warnings == ""
    return built.out


def element(folder: Path, name: str = "index") -> html.HtmlElement:
    page = html.fromstring((folder / f"{name}.html").read_text("utf-8"))
    (found,) = page.xpath("//div[@class='interactive no-search']/conv-stepper")
    return found


def test_element_has_its_settings_and_a_stand_in(source: Path) -> None:
    found = element(site(source, "en"))
    wanted = {"input": "000 090 000", "kernel": "vertical", "size": "3", "stride": "2"}
    wanted |= {"padding": "0", "dilation": "1"}
    assert {name: found.get(f"data-{name}") for name in wanted} == wanted
    assert found.text_content().strip() == "One step: nine products."
    assert found.get("lang") == "en"
    assert found.get("style") == "--rows: 4"


def test_markdown_has_it_too(source: Path) -> None:
    found = element(site(source, "en"), "markdown")
    assert found.xpath("string(.//em)") == "step"


def test_words_are_those_of_the_language(source: Path) -> None:
    found = element(site(source, "zh_CN"))
    chinese = words()
    expected = conv_stepper.labels(chinese.__getitem__)
    assert json.loads(found.get("data-labels")) == expected
    assert found.text_content().strip() == "一步：九个乘积。"


def test_script_is_loaded_on_its_pages_only(source: Path) -> None:
    out = site(source, "en")
    for name, loaded in (("index", True), ("markdown", True), ("other", False)):
        assert ("conv-stepper.js" in (out / f"{name}.html").read_text("utf-8")) == loaded


def test_stand_in_is_extracted(source: Path) -> None:
    template = (site(source, "en", "gettext") / "index.pot").read_text("utf-8")
    assert 'msgid "One step: nine products."' in template


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ".. interactive:: no-such\n\n   Text.",
            "no interactive figure 'no-such'; there are: conv",
        ),
        (".. interactive:: conv-stepper", "what readers see where scripts do not run"),
        (".. interactive:: conv-stepper\n   :stride: 4\n\n   Text.", "4 is not between 1 and 3"),
        (".. interactive:: conv-stepper\n   :kernel: blur\n\n   Text.", "blur"),
        (".. interactive:: conv-stepper\n   :input: 00 00\n\n   Text.", "3 to 8 cells wide"),
        (".. interactive:: conv-stepper\n   :input: 000 00 000\n\n   Text.", "square"),
        (".. interactive:: conv-stepper\n   :input: 0a0 000 000\n\n   Text.", "made of digits"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    folder = write(tmp_path / "docs", {"index.rst": f"Figure\n======\n\n{text}\n"})
    warnings = build(folder, tmp_path / "out", extensions=["interactive"]).warnings
    assert "index.rst:4" in warnings and message in warnings


def test_notebook_has_a_link_to_the_page() -> None:
    node = interactive(download=SENTENCE)
    nodes.section("", node, ids=["try-it"])
    writer = MarkdownWriter("https://course.example/lesson.html", lambda image: "")
    assert writer.write(node) == f"[{SENTENCE}](https://course.example/lesson.html#try-it)"


def test_every_kernel_has_a_name() -> None:
    assert set(conv_stepper.KERNELS) <= conv_stepper.labels(str).keys()
    assert conv_stepper.SETTINGS.keys() == conv_stepper.DEFAULTS.keys()
