"""Elements in which the network of a lesson answers in the page: ``.. live-digit::`` and others.

The element (``_static/<name>.js``) gets its words, in the language of the page, and the addresses
of what it loads when the reader begins: modules, the files that the lesson left for its page, and,
where it needs that, ONNX Runtime. In a lesson::

    .. live-logo::

       What stands here is shown where scripts do not run.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.common import timeline
from _ext.common.files import file_digest
from _ext.common.languages import LANGUAGES
from _ext.common.paths import STATIC
from _ext.execution import page_files as page_files_store
from _ext.translation import interface
from _ext.widgets import (
    attention_explorer,
    live_digit,
    live_logo,
    live_pictures,
    live_review,
    live_tokeniser,
    onnx_runtime,
)


class Element(NamedTuple):
    """What the build knows of an element."""

    labels: Callable[[Callable[[str], str], str], dict[str, str]]
    """From the translator of interface strings, and megabytes, to the words of the element, by key."""
    download: Callable[[Callable[[str], str]], str]
    """From the translator to the sentence that stands in downloads."""
    modules: dict[str, str]
    """The modules that it loads, in ``_static``, by key."""
    page_files: dict[str, str]
    """What the lesson leaves for its page, by key."""
    with_runtime: tuple[str, ...]
    """The keys of those that are loaded together with ONNX Runtime, by one button; none: without it."""


#: By the name of the directive and of the element, which is that of its script.
ELEMENTS = {
    name: Element(
        module.labels, module.download, module.MODULES, module.PAGE_FILES, module.WITH_RUNTIME
    )
    for name, module in {
        "attention-explorer": attention_explorer,
        "live-digit": live_digit,
        "live-logo": live_logo,
        "live-pictures": live_pictures,
        "live-review": live_review,
        "live-tokeniser": live_tokeniser,
    }.items()
}


class live(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """An element; its children are for readers without scripts."""


class LiveDirective(SphinxDirective):
    """``.. live-digit::`` and the others, without arguments."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the element."""
        if not self.content:
            raise self.error(f"write below {self.name} what readers see where scripts do not run")
        node = live(element=self.name, classes=["no-search"])
        self.set_source_info(node)
        node += self.parse_content_to_nodes()
        for file in page_files(Path(self.env.srcdir) / self.env.docname, self.name).values():
            self.env.note_dependency(file)  # write the page again when the network changes
        return [node]


def page_files(page: Path, element: str) -> dict[str, Path]:
    """Return the files that the lesson left; none if it was not executed in this build."""
    folder = page_files_store.folder(page)
    files = {key: folder / name for key, name in ELEMENTS[element].page_files.items()}
    missing = [file.name for file in files.values() if not file.is_file()]
    if missing and folder.is_dir():
        raise ExtensionError(
            f"{page}: its '.. {element}::' needs the files {', '.join(missing)}, which the lesson "
            "did not write into dlcourse.page_files.folder()"
        )
    return {} if missing else files


def prepare(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give the elements of a page their words and addresses, and the site what they load."""
    for node in doctree.findall(live):
        _site = interface.translator(app)
        element = ELEMENTS[node["element"]]
        node["download"] = element.download(_site)
        files = page_files(Path(app.srcdir) / docname, node["element"])
        if app.builder.format != "html" or not files:
            continue
        runtime = onnx_runtime.sources() if element.with_runtime else {}
        if runtime:
            onnx_runtime.copy(Path(app.outdir))
        here = app.builder.get_target_uri(docname)
        node["files"] = addresses(element.modules, runtime, files, partial(relative_uri, here))
        loaded = [*runtime.values(), *(files[key] for key in element.with_runtime)]
        megabytes = f"{sum(file.stat().st_size for file in loaded) / 1e6:.1f}"
        node["labels"] = element.labels(_site, megabytes)
        node["lang"] = LANGUAGES[app.config.language].html


def addresses(
    modules: dict[str, str],
    runtime: dict[str, Path],
    files: dict[str, Path],
    relative: Callable[[str], str],
) -> dict[str, dict[str, Any]]:
    """Return where the script finds what it loads, and how long each file is."""
    found = {
        key: (STATIC / name, f"_static/{name}?v={file_digest(STATIC / name)[:8]}")
        for key, name in modules.items()
    }
    found |= {key: (file, onnx_runtime.address(file)) for key, file in runtime.items()}
    found |= {key: (file, page_files_store.address(file)) for key, file in files.items()}
    return {
        key: {"url": relative(address), "bytes": file.stat().st_size}
        for key, (file, address) in found.items()
    }


def visit(translator: HTML5Translator, node: live) -> None:
    """Open the element, if its lesson was executed; a box tells the style sheet its width."""
    if "files" not in node:
        raise nodes.SkipNode
    attributes = {"lang": node["lang"]} | {
        f"data-{key}": json.dumps(node[key], ensure_ascii=False) for key in ("files", "labels")
    }
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    translator.body.append(f'<div class="live-box no-search"><{node["element"]}{written}>\n')


def depart(translator: HTML5Translator, node: live) -> None:
    """Close the element."""
    translator.body.append(f"</{node['element']}></div>\n")


def add_scripts(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the script and the style sheet on the pages that have an element, and on no other."""
    names = {node["element"] for node in doctree.findall(live)} if doctree is not None else set()
    for name in ["live-element", *sorted(names)] if names else []:  # first what they share
        app.add_js_file(f"{name}.js", loading_method="defer")
    if names:
        app.add_css_file("live.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directives and their node; connect before the downloads are written."""
    app.add_node(live, html=(visit, depart))
    for name in ELEMENTS:
        app.add_directive(name, LiveDirective)
    app.connect("doctree-resolved", prepare, priority=timeline.FILL_WIDGETS)
    app.connect("html-page-context", add_scripts, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
