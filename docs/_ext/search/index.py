"""The search of the site: MiniSearch, in place of what Sphinx and the theme bring.

When a page is resolved its sections (see ``search/sections``) are kept in a file of their own
beside its doctree. At the end of the build one Node process makes the index from the sections
of all pages, also of those that were not written this time. The build and the browser take
texts apart with the same file, ``_static/search-tokeniser.js``.

``_static/search-index.js`` and MiniSearch are scripts, not data, because a browser loads
scripts also for pages that are opened from a folder. A page loads them when its search is first
used.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError

from _ext.common import timeline
from _ext.common.node import find_node, web_package
from _ext.common.paths import WEB
from _ext.search.sections import Section, sections

PAGE = "search"
NOT_SEARCHED = {"nosearch", "no-search"}
"""Fields at the head of a page that keep it out of the index."""

SYNONYMS = Path(__file__).with_name("synonyms.toml")

INDEX = "_static/search-index.js"
LIBRARY = "_static/minisearch.js"

UNUSED = {
    "base-stemmer.js",
    "doctools.js",
    "english-stemmer.js",
    "language_data.js",
    "searchtools.js",
    "sphinx_highlight.js",
    "translations.js",
}
"""Sphinx's scripts for its own search, and what only they use."""

_ALSO = re.compile(r"(?:[Aa]lso called:? |也译作：|也叫：?)([^.;。；]+)[.;。；]")
_HAN = re.compile("[\u3400-\u9fff]")
_COMMENT = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.DOTALL | re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


class SearchError(SphinxError):
    """The index cannot be built here."""

    category = "Search error"


def compact(script: str) -> str:
    """Return a script without the comments that stand on lines of their own, and unindented.

    Examples
    --------
    >>> compact("/** What it does. */\\nif (a) {\\n  // why\\n  b();\\n}\\n")
    'if (a) {\\nb();\\n}\\n'
    """
    return _INDENT.sub("", _COMMENT.sub("", script))


def library() -> str:
    """Return MiniSearch as a script for browsers, under its licence."""
    package = web_package("minisearch")
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    licence = (package / "LICENSE.txt").read_text("utf-8").strip()
    script = (package / "dist" / "umd" / "index.js").read_text("utf-8")
    return f"/*! MiniSearch {version}\n\n{licence}\n*/\n{compact(script)}"


def aliases(sections: Iterable[Section], language: str) -> list[list[str]]:
    """Return what the same thing is called: by the glossary, and by those who search.

    A term of a translated glossary has its English name in brackets; more names follow "Also
    called:" in its definition. What nobody would put into a glossary is in ``synonyms.toml``.

    Examples
    --------
    >>> term = Section("term-pooling", "池化（pooling）", [], "term", [("prose", "…。也译作：汇聚、池聚。")])
    >>> aliases([term], "de")
    [['池化', 'pooling', '汇聚', '池聚']]
    """
    groups = []
    for section in sections:
        if section.area == "term":
            names = re.split(r"\s*[（(]|[）)]", section.title)
            text = " ".join(text for _, text in section.pieces)
            for listed in _ALSO.findall(text):
                names += re.split(r"[、,，]\s*|\s+or\s+", listed)
            groups.append([name.strip() for name in names if name.strip()])
    return [group for group in groups if len(group) > 1 or _HAN.search(group[0])] + synonyms(
        language
    )


def synonyms(language: str) -> list[list[str]]:
    """Return the words that readers use in place of the course's."""
    found: list[list[str]] = tomllib.loads(SYNONYMS.read_text("utf-8")).get(language, [])
    return found


def index(pages: dict[str, list[Section]], language: str = "en", suffix: str = ".html") -> str:
    """Return the script with the index.

    Parameters
    ----------
    pages : dict
        From the names of pages to their sections, of which the first is the page itself.
    language : str
        As Sphinx names it.
    suffix : str
        What makes the address of a page from its name.

    Returns
    -------
    str
        It sets the global ``searchIndex``: MiniSearch's ``index``, the ``sections`` in the order
        of its numbers, the address and title of the ``pages``, and the ``aliases``.
    """
    web_package("minisearch")  # the worker imports it
    data = {
        "pages": [[f"{name}{suffix}", found[0].title] for name, found in pages.items()],
        "sections": [
            [number, *section] for number, found in enumerate(pages.values()) for section in found
        ],
        "aliases": aliases((section for found in pages.values() for section in found), language),
    }
    done = subprocess.run(
        [find_node(), str(WEB / "search_worker.mjs")],
        input=json.dumps(data),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SearchError(f"docs/_web/search_worker.mjs failed:\n{done.stderr.strip()}")
    stored = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f'globalThis.searchIndex={stored[:-1]},"index":{done.stdout}}};\n'


def _record(env: BuildEnvironment, docname: str) -> Path:
    return Path(env.doctreedir, "search", f"{docname}.json")


def _keep(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.name != "html":
        return
    hidden = NOT_SEARCHED & app.env.metadata.get(docname, {}).keys()
    found = [] if hidden else sections(doctree, docname)
    record = _record(app.env, docname)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(found, ensure_ascii=False), "utf-8")


def _unrecorded(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Have pages written again whose sections are not known."""
    if app.builder.name != "html":
        return []
    return [name for name in sorted(env.found_docs) if not _record(env, name).exists()]


def _read(env: BuildEnvironment) -> dict[str, list[Section]]:
    """Return the sections of all pages; forget those of pages that are gone."""
    kept = {_record(env, name) for name in env.found_docs}
    for record in Path(env.doctreedir, "search").rglob("*.json"):
        if record not in kept:
            record.unlink()
    records = {name: json.loads(_record(env, name).read_text("utf-8")) for name in env.found_docs}
    return {
        name: [Section(*fields) for fields in records[name]]
        for name in sorted(records)
        if records[name]
    }


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    (out / INDEX).write_text(index(_read(app.env), app.config.language), "utf-8")
    (out / LIBRARY).write_text(library(), "utf-8")
    for unused in (*(out / "_static" / name for name in UNUSED), out / "searchindex.js"):
        unused.unlink(missing_ok=True)


def _switch_off_sphinx_search(app: Sphinx) -> None:
    if app.builder.name == "html":
        app.builder.search = False  # type: ignore[attr-defined]  # only HTML builders have it


def _add_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    yield PAGE, {}, "search.html"


def _drop_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    context["script_files"] = [
        script
        for script in context["script_files"]
        if str(getattr(script, "filename", script)).rpartition("/")[2] not in UNUSED
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace Sphinx's search."""
    app.add_css_file("search.css")
    app.add_js_file("search.js", loading_method="defer")
    app.connect("builder-inited", _switch_off_sphinx_search)
    app.connect("env-get-outdated", _unrecorded)
    # After all that changes the text of a page.
    app.connect("doctree-resolved", _keep, priority=timeline.SEARCH)
    app.connect("html-collect-pages", _add_page)
    app.connect("html-page-context", _drop_scripts, priority=timeline.LAST_LOOK)
    # Before this language waits for another, see ``execution/handover``: it takes a second.
    app.connect("build-finished", _write, priority=timeline.WRITE_SEARCH)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
