r"""Render formulas with KaTeX while the site is built: pages need no JavaScript to show them.

One Node process renders every formula of a build. It starts with the first formula and ends
with the build; a build without formulas starts none. A formula that KaTeX rejects is reported
with its file and line and fails the build, which goes on to find the others. Pages with formulas get one style sheet (KaTeX's own and ``katex.css``) and load
its woff2 fonts; all of it lies in ``_static/katex``.

Formulas are written as Sphinx defines it: ``:math:``, ``.. math::`` with ``\\`` and ``&`` or
blank lines between rows, ``:label:`` and ``:eq:``, and MyST's ``dollarmath`` and ``amsmath``.
The configuration value ``katex_macros`` maps macros to what they stand for.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import ENV_PICKLE_FILENAME
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from _ext.common import timeline
from _ext.common.node import NodeError, find_node, web_package
from _ext.common.paths import WEB

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

OWN_STYLE = Path(__file__).with_suffix(".css")

NUMBERED_ENVIRONMENT = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat)\}")
WORD_JOINER = "\u2060"
OPENING, CLOSING = "([（“‘《「【", ")],.;:?!）”’》」】，。；：、？！"
OTHER_FONT_FORMATS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)')


class FormulaError(ValueError):
    """KaTeX rejects a formula; the message is KaTeX's."""


class KatexProcess:
    """The Node process that renders formulas, started when the first one comes."""

    def __init__(self, macros: dict[str, str]) -> None:
        self._macros = macros
        self._process: subprocess.Popen[str] | None = None
        self._owner_pid = 0

    def render(self, tex: str, display: bool) -> str:
        """Return the HTML of a formula; raise `FormulaError` where KaTeX rejects it."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = process.wait()
            raise NodeError(f"The KaTeX process ended with code {code}; its messages are above.")
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise FormulaError(answer["error"])
        return answer["html"]

    def _running(self) -> subprocess.Popen[str]:
        # A forked writer must not talk over its parent's pipes: it starts its own process.
        if self._process is None or self._owner_pid != os.getpid():
            web_package("katex")
            worker = str(WEB / "katex_worker.mjs")
            self._process = subprocess.Popen(
                [find_node(), worker, json.dumps(self._macros)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
            self._owner_pid = os.getpid()
        return self._process

    def close(self) -> None:
        """End the process, if this Python process started one."""
        process, self._process = self._process, None
        if process is None or self._owner_pid != os.getpid():
            return
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.close()  # the worker ends at the end of its input
            process.wait(timeout=5)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        process.stdout.close()


def joints(node: nodes.math) -> tuple[str, str]:
    """Return what keeps a formula on one line with the punctuation before and after it.

    A browser may break a line on both sides of a formula, as it may beside a picture, even
    where a full stop follows; a word joiner (U+2060) forbids it.
    """
    siblings = node.parent.children
    place = siblings.index(node)
    before = siblings[place - 1].astext()[-1:] if place else ""
    after = siblings[place + 1].astext()[:1] if place + 1 < len(siblings) else ""
    return (
        WORD_JOINER if before and before in OPENING else "",
        WORD_JOINER if after and after in CLOSING else "",
    )


def latex(node: nodes.math | nodes.math_block) -> tuple[str, bool]:
    r"""Return the LaTeX of a formula, rows aligned as Sphinx does, and whether it is displayed."""
    tex = node.astext()
    if isinstance(node, nodes.math):
        return tex, False
    if node.get("no-wrap", node.get("nowrap", False)):
        return NUMBERED_ENVIRONMENT.sub(r"\\\1{\2*}", tex), True  # Sphinx gives the numbers
    parts = [part.strip() for part in tex.split("\n\n") if part.strip()]
    parts = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    if len(parts) == 1:
        return parts[0], True
    rows = r" \\ ".join(parts)
    return rf"\begin{{aligned}}{rows}\end{{aligned}}", True


def location(node: nodes.Node) -> str:
    """Return ``file:line`` of a node, or of the nearest ancestor that knows its own."""
    at: nodes.Node | None = node
    while at is not None and at.line is None:
        at = at.parent
    source = node.source or (at and at.source) or (node.document and node.document.get("source"))
    return f"{source or 'unknown file'}:{at.line if at else '?'}"


class KatexRenderer:
    """The math renderer of one Sphinx application."""

    def __init__(self, app: Sphinx) -> None:
        self._app = app
        self._process: KatexProcess | None = None
        self._rendered: dict[tuple[str, bool], str] = {}
        self._rejected: dict[tuple[str, bool], str] = {}

    def render(self, tex: str, display: bool) -> str:
        """Return the HTML of a formula, from memory where it came before."""
        key = (tex, display)
        if key not in self._rendered:
            if self._process is None:
                self._process = KatexProcess(self._app.config.katex_macros)
            try:
                self._rendered[key] = self._process.render(tex, display)
            except FormulaError as error:
                self._rejected[key] = str(error)
                self._rendered[key] = f"<code>{html.escape(tex)}</code>"
        return self._rendered[key]

    def render_page(self, app: Sphinx, doctree: nodes.document, _docname: str) -> None:
        """Render the formulas of a page ahead of its writing, and report those that fail.

        Sphinx may write pages in forked processes, but resolves them all in the first one:
        that is why one Node process is enough.
        """
        if app.builder.format != "html" or app.builder.math_renderer_name != "katex":  # type: ignore[attr-defined]  # only HTML builders have it
            return
        formulas = [n for n in doctree.findall() if isinstance(n, nodes.math | nodes.math_block)]
        for node in formulas:
            key = latex(node)
            self.render(*key)
            if key in self._rejected:
                place = location(node)
                logger.error("formula `%s`: %s", node.astext(), self._rejected[key], location=place)
        if formulas:
            copy_assets(Path(app.outdir) / "_static" / "katex")

    def visit_inline(self, translator: HTML5Translator, node: nodes.math) -> None:
        formula = self.render(*latex(node))
        start = translator.starttag(node, "span", "", CLASS="math notranslate nohighlight")
        before, after = joints(node)
        translator.body.append(f"{before}{start}{formula}</span>{after}")
        raise nodes.SkipNode

    def visit_display(self, translator: HTML5Translator, node: nodes.math_block) -> None:
        formula = self.render(*latex(node))
        numbered = bool(node.get("number"))
        classes = "math notranslate nohighlight" + (" numbered" if numbered else "")
        translator.body.append(translator.starttag(node, "div", "", CLASS=classes))
        translator.body.append(formula)
        if numbered:
            number = get_node_equation_number(translator, node)
            translator.body.append(f'<span class="eqno">({number})')
            translator.add_permalink_ref(node, _("Link to this equation"))
            translator.body.append("</span>")
        translator.body.append("</div>\n")
        raise nodes.SkipNode

    def close(self, app: Sphinx, _exception: Exception | None) -> None:
        if self._process is not None:
            self._process.close()
        if self._rejected:
            # As Sphinx does after an error: fail, and let the next build begin afresh.
            app.statuscode = 1
            (Path(app.doctreedir) / ENV_PICKLE_FILENAME).unlink(missing_ok=True)


def copy_assets(target: Path) -> None:
    """Copy KaTeX's style sheet, cut down to woff2 fonts, and these fonts; once a build folder."""
    dist = web_package("katex") / "dist"
    style = OTHER_FONT_FORMATS.sub("", (dist / "katex.min.css").read_text(encoding="utf-8"))
    style += OWN_STYLE.read_text(encoding="utf-8")
    style_file = target / "katex.min.css"
    if style_file.exists() and style_file.read_text(encoding="utf-8") == style:
        return
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    for font in sorted((dist / "fonts").glob("*.woff2")):
        shutil.copyfile(font, target / "fonts" / font.name)
    shutil.copyfile(dist.parent / "LICENSE", target / "LICENSE")
    style_file.write_text(style, encoding="utf-8")


def add_style(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Link the style sheet from the pages that have formulas."""
    if app.builder.format == "html" and context.get("has_maths_elements"):
        app.add_css_file("katex/katex.min.css")


def katex_version(_config: object) -> str:
    """Return the installed version of KaTeX: pages are written again when it changes."""
    package = WEB / "node_modules" / "katex" / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"]) if package.exists() else ""


def setup(app: Sphinx) -> ExtensionMetadata:
    renderer = KatexRenderer(app)
    app.add_config_value("katex_macros", {}, "html", types=frozenset({dict}))
    app.add_config_value("katex_version", katex_version, "html", types=frozenset({str}))
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(renderer.visit_inline, None),
        block_renderers=(renderer.visit_display, None),
    )
    app.connect("doctree-resolved", renderer.render_page, priority=timeline.FORMULAS)
    app.connect("html-page-context", add_style)
    app.connect("build-finished", renderer.close)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
