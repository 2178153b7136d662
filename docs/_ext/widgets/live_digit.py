"""``.. live-digit::`` on a lesson's page: draw a digit, and the network of the lesson reads it.

The element ``<live-digit>`` (``_static/live-digit.js``) gets its words, in the language of the
page, and the addresses of what it loads when the reader begins. The lesson leaves the network in
three page files; ONNX Runtime, for one button, is copied from its npm package.
"""

from __future__ import annotations

import html
import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.common import timeline
from _ext.common.files import copy_changed, file_digest
from _ext.common.languages import LANGUAGES
from _ext.common.paths import STATIC, WEB
from _ext.execution import page_files as page_files_store
from _ext.translation import interface

RUNTIME = WEB / "node_modules" / "onnxruntime-web"
RUNTIME_FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
RUNTIME_FOLDER = "_static/onnxruntime"
PAGE_FILES = {
    "weights": "digits.safetensors",
    "samples": "samples.safetensors",
    "model": "digits.onnx",
}
"""What the lesson leaves for its page."""


class live_digit(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """The element; its children are for readers without scripts."""


class LiveDigitDirective(SphinxDirective):
    """``.. live-digit::``, without arguments."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the element."""
        if not self.content:
            raise self.error("write below live-digit what readers see where scripts do not run")
        node = live_digit(classes=["no-search"])
        self.set_source_info(node)
        node += self.parse_content_to_nodes()
        for file in page_files(Path(self.env.srcdir) / self.env.docname).values():
            self.env.note_dependency(file)  # write the page again when the network changes
        return [node]


def page_files(page: Path) -> dict[str, Path]:
    """Return the files that the lesson left; none if it was not executed in this build."""
    folder = page_files_store.folder(page)
    files = {key: folder / name for key, name in PAGE_FILES.items()}
    missing = [file.name for file in files.values() if not file.is_file()]
    if missing and folder.is_dir():
        raise ExtensionError(
            f"{page}: its '.. live-digit::' needs the files {', '.join(missing)}, which the lesson "
            "did not write into dlcourse.page_files.folder()"
        )
    return {} if missing else files


def labels(_site: Callable[[str], str], megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "board": _site("Drawing board for a digit"),
        "help": _site("Draw one large digit, with the mouse, a finger or a pen."),
        "keys": _site(
            "Keyboard: arrow keys move the cursor, Space puts the pen down and lifts it."
        ),
        "penUp": _site("Row {row}, column {column}, pen up"),
        "penDown": _site("Row {row}, column {column}, pen down"),
        "clear": _site("Clear"),
        "right": _site("A validation image"),
        "wrong": _site("One it misreads"),
        "sees": _site("What the network sees"),
        "prepared": _site(
            "The drawing, cut out, scaled to 20 pixels and centred by its mass in 28 × 28, "
            "as in MNIST."
        ),
        "digit": _site("Digit"),
        "probability": _site("Probability"),
        "waiting": _site("Draw a digit."),
        "reads": _site("The network reads {digit}, with a probability of {percent}."),
        "doubts": _site(
            "The network reads {digit} ({percent}); second is {other} ({otherPercent})."
        ),
        "label": _site("The label of this validation image is {label}."),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "ask": _site("Ask the ONNX file ({size} MB)").replace("{size}", megabytes),
        "fetching": _site("Loading ONNX Runtime …"),
        "empty": _site("Draw a digit first."),
        "logits": _site("Logits"),
        "difference": _site("Largest difference of the logits: {difference}"),
    }


def prepare(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give the element of a page its words and addresses, and the site what it loads."""
    for node in doctree.findall(live_digit):
        _site = interface.translator(app)
        node["download"] = _site(
            "Draw a digit on the page of this lesson, and the network reads it."
        )
        files = page_files(Path(app.srcdir) / docname)
        if app.builder.format != "html" or not files:
            continue
        copy_runtime(Path(app.outdir) / RUNTIME_FOLDER)
        here = app.builder.get_target_uri(docname)
        node["files"] = addresses(files, partial(relative_uri, here))
        loaded = [*(RUNTIME / "dist" / name for name in RUNTIME_FILES), files["model"]]
        megabytes = f"{sum(file.stat().st_size for file in loaded) / 1e6:.1f}"
        node["labels"] = labels(_site, megabytes)
        node["lang"] = LANGUAGES[app.config.language].html


def addresses(files: dict[str, Path], relative: Callable[[str], str]) -> dict[str, Any]:
    """Return where the script finds what it loads, and how long the page's own files are."""
    code = STATIC / "digit-net.js"
    digest = file_digest(code)[:8]
    version = json.loads((RUNTIME / "package.json").read_text("utf-8"))["version"]
    runtime, wasm = (f"{RUNTIME_FOLDER}/{name}?v={version}" for name in RUNTIME_FILES)
    return {
        "code": relative(f"_static/{code.name}?v={digest}"),
        "runtime": relative(runtime),
        "wasm": relative(wasm),
    } | {
        key: {"url": relative(page_files_store.address(file)), "bytes": file.stat().st_size}
        for key, file in files.items()
    }


def copy_runtime(target: Path) -> None:
    """Copy ONNX Runtime into a build folder, and its licence, which its npm package lacks."""
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        raise ExtensionError("the Python package onnxruntime is not installed: run `nox -s docs`")
    target.mkdir(parents=True, exist_ok=True)
    sources = [
        *(RUNTIME / "dist" / name for name in RUNTIME_FILES),
        Path(spec.origin).with_name("LICENSE"),
    ]
    for source in sources:
        copy_changed(source, target / source.name)


def visit(translator: HTML5Translator, node: live_digit) -> None:
    """Open the element, if its lesson was executed; a box tells the style sheet its width."""
    if "files" not in node:
        raise nodes.SkipNode
    attributes = {"lang": node["lang"]} | {
        f"data-{key}": json.dumps(node[key], ensure_ascii=False) for key in ("files", "labels")
    }
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    translator.body.append(f'<div class="live-digit-box no-search"><live-digit{written}>\n')


def depart(translator: HTML5Translator, node: live_digit) -> None:
    """Close the element."""
    translator.body.append("</live-digit></div>\n")


def add_scripts(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the script and the style sheet on the pages that have the element, and on no other."""
    if doctree is not None and any(doctree.findall(live_digit)):
        app.add_js_file("live-digit.js", loading_method="defer")
        app.add_css_file("live-digit.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and its node; connect before the downloads are written."""
    app.add_node(live_digit, html=(visit, depart))
    app.add_directive("live-digit", LiveDigitDirective)
    app.connect("doctree-resolved", prepare, priority=timeline.FILL_WIDGETS)
    app.connect("html-page-context", add_scripts, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
