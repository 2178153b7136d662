"""Each lesson as a notebook and as a script, in the language of the page.

The code comes from the lesson's script, unchanged but for its translated comments and docstrings;
the prose comes from the page, as Markdown. Outputs are left out: running the lesson makes them. The
files stand beside the page; archives of each part and of the course, and the wheel of
``dlcourse``, are made when all pages are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx_gallery._doctree_links import code_links_block
from sphinx_gallery.py_source_parser import (
    remove_config_comments,
    remove_ignore_blocks,
    split_code_and_text_blocks,
)

from _ext.common.files import write
from _ext.common.languages import LANGUAGES
from _ext.course.lessons import begins_block, is_lesson
from _ext.downloads import archives, wheel
from _ext.downloads.markdown import MarkdownWriter
from _ext.lesson_page.folds import fold, fold_title
from _ext.translation import comments as code_comments
from _ext.translation import interface
from _ext.translation.comment_tokens import syntax_tree, translate

INSTALL = "install"
"""Tag of the notebook's first cell, which is not part of the lesson."""

LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|::1)$")


class Cell(NamedTuple):
    """A cell of a notebook."""

    kind: str
    """``code`` or ``markdown``."""
    source: str
    tag: str = ""


def lesson_cells(
    doctree: nodes.document, script: Path, writer: MarkdownWriter, comments: Mapping[str, str]
) -> list[Cell]:
    """Return the cells of a lesson: prose from its page, code from its script.

    Parameters
    ----------
    doctree : nodes.document
        The page, with its references resolved.
    script : Path
        The lesson that sphinx-gallery made the page from.
    writer : MarkdownWriter
        Writes the prose.
    comments : Mapping of str to str
        Translations of the comments and docstrings in the code; empty for English.

    Raises
    ------
    sphinx.errors.ExtensionError
        If a cell of the script is not on the page.
    """
    blocks = split_code_and_text_blocks(script)[1]
    code = [block for block in blocks if block.type == "code" and _cell_source(block.content)]
    cells: list[Cell] = []
    prose: list[str] = []
    in_output = False

    def end_prose() -> None:
        if text := "\n\n".join(filter(None, prose)):
            cells.append(Cell("markdown", text))
        prose.clear()

    def add_title(title: str) -> None:
        """Write the title of a folded cell below the prose before it, if there is any."""
        if cells and cells[-1].kind == "markdown":
            cells[-1] = Cell("markdown", f"{cells[-1].source}\n\n{title}")
        else:
            cells.append(Cell("markdown", title))

    def add_code() -> None:
        source = _cell_source(code.pop(0).content)
        cells.append(Cell("code", translate(source, comments)[0] if comments else source))

    for node in _page_blocks(doctree):
        if begins_block(node):
            end_prose()
            in_output = False
            while code and not _shown(code[0].content):  # hidden, but it runs
                add_code()
        elif isinstance(node, fold_title):
            add_title(writer.write(node))
        elif code and _is_cell(node, code[0].content):
            end_prose()
            add_code()
            in_output = True
        elif not in_output:
            prose.append(writer.write(node))
    end_prose()
    if code:
        content = code[0].content
        line = code[0].lineno + content[: -len(content.lstrip())].count("\n")
        raise ExtensionError(
            f"{script}:{line}: this cell is not on the page made from the script; "
            "delete docs/lessons and build again"
        )
    return cells


def _page_blocks(node: nodes.Element) -> Iterator[nodes.Element]:
    for child in node.children:
        if isinstance(child, nodes.section | fold):
            yield from _page_blocks(child)
        elif isinstance(child, nodes.Element):
            yield child


def _cell_source(code: str) -> str:
    return str(remove_config_comments(code)).strip("\n").rstrip()


def _shown(code: str) -> str:
    """Return what the page shows of a cell; docutils strips the ends of its lines."""
    lines = _cell_source(remove_ignore_blocks(code)).expandtabs(8).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _is_cell(node: nodes.Element, code: str) -> bool:
    if not isinstance(node, nodes.literal_block | code_links_block):
        return False
    shown = _shown(code)
    text = node.astext().strip("\n")  # links in the code end it with a line break
    # Comments and docstrings may be in another language, or those of a catalogue edited since.
    tree = syntax_tree(shown)
    return text == shown or (tree is not None and tree == syntax_tree(text))


def notebook(cells: list[Cell], language: str, page_url: str) -> str:
    """Return a notebook, nbformat 4.5, as JSON."""
    content: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        entry: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"cell-{number:03d}",
            "metadata": {"tags": [cell.tag]} if cell.tag else {},
            "source": cell.source.splitlines(keepends=True),
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        content.append(entry)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "course": {"language": language, "page": page_url},
    }
    document = {"cells": content, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def percent_script(cells: list[Cell], header: str) -> str:
    """Return a script whose cells are marked with ``# %%``."""
    parts = [_commented(header)]
    for cell in cells:
        if cell.kind == "code":
            parts.append(f"# %%\n{cell.source}\n")
        else:
            parts.append(f"# %% [markdown]\n{_commented(cell.source)}")
    return "\n".join(parts)


def _commented(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


class Lesson:
    """What a build knows about the downloads of one lesson."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app = app
        self.docname = docname
        self.wheel_url = wheel.url(app.config)
        root = f"{app.config.html_baseurl.rstrip('/')}/{LANGUAGES[app.config.language].folder}/"
        self.page_url = root + app.builder.get_target_uri(docname)
        self.language_url = root

    def files(self) -> tuple[Path, Path]:
        """Return the notebook and the script."""
        base = Path(self.app.outdir) / self.docname
        return base.with_suffix(".ipynb"), base.with_suffix(".py")

    def write(self, doctree: nodes.document) -> None:
        """Write both files."""
        app = self.app
        script = (Path(app.srcdir) / self.docname).with_suffix(".py")
        comments = code_comments.catalogue(Path(app.srcdir), app.config)
        writer = MarkdownWriter(self.page_url, self._image_url)
        cells = lesson_cells(doctree, script, writer, comments)
        title = next(iter(doctree.findall(nodes.title))).astext()
        language = LANGUAGES[app.config.language].html
        contents = (
            notebook([self._install_cell(), *cells], language, self.page_url),
            percent_script(cells, self._header(title)),
        )
        for file, content in zip(self.files(), contents, strict=True):
            write(file, content.encode())

    def _image_url(self, node: nodes.image) -> str:
        candidates: dict[str, str] = node.get("candidates", {})
        types = [*self.app.builder.supported_image_types, "?"]
        uri: str = next((candidates[kind] for kind in types if kind in candidates), node["uri"])
        if uri in self.app.env.images:
            uri = f"_images/{self.app.env.images[uri][1]}"
        return urljoin(self.language_url, uri)

    def _install_cell(self) -> Cell:
        _site = interface.translator(self.app)
        notes = [_site("Install dlcourse, the package of this course, if it is not there yet.")]
        return Cell(
            "code",
            _commented("\n".join([*notes, *self._address_note()]))
            + "import importlib.util\n\n"
            + 'if importlib.util.find_spec("dlcourse") is None:\n'
            + f"    %pip install --quiet {self.wheel_url}",
            INSTALL,
        )

    def _header(self, title: str) -> str:
        _site = interface.translator(self.app)
        install = _site("It needs dlcourse, the package of this course. To install it:")
        command = f"    python -m pip install {self.wheel_url}"
        return "\n".join(
            [title, self.page_url, "", install, "", command, "", *self._address_note()]
        ).rstrip()

    def _address_note(self) -> list[str]:
        """Say so if nobody but this machine can reach the address."""
        _site = interface.translator(self.app)
        if not LOOPBACK.match(urlsplit(self.wheel_url).hostname or ""):
            return []
        return [_site("The address answers while `nox -s serve` is running on this machine.")]


def _writes_pages(app: Sphinx) -> bool:
    return app.builder.name in ("html", "dirhtml")


def write_lesson(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the downloads of a page, if it is a lesson."""
    if _writes_pages(app) and is_lesson(docname):
        Lesson(app, docname).write(doctree)


def missing(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Name the lessons whose downloads have gone, to have their pages written again."""
    if not _writes_pages(app):
        return []
    lessons = sorted(filter(is_lesson, env.found_docs))
    return [name for name in lessons if not all(map(Path.exists, Lesson(app, name).files()))]


def add_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the page of a lesson the links for ``lesson-download-links.html``."""
    context["lesson_downloads"] = []
    if not is_lesson(pagename):
        return
    _site = interface.translator(app)
    _, part, name = pagename.split("/")
    links = (
        ("notebook", f"lessons/{part}/{name}.ipynb", _site("Notebook")),
        ("script", f"lessons/{part}/{name}.py", _site("Script")),
        ("part", f"lessons/{part}.zip", _site("All lessons of this part")),
        ("course", archives.COURSE, _site("All lessons of the course")),
    )
    context["lesson_downloads_title"] = _site("Download")
    pathto = context["pathto"]
    context["lesson_downloads"] = [
        {"href": pathto(path, resource=True), "label": label, "kind": kind}
        for kind, path, label in links
    ]


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write the archives and the wheel."""
    if exception is None and _writes_pages(app):
        archives.write_archives(Path(app.outdir), app.env.found_docs)
        wheel.build(app)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write downloads page by page, and what combines them at the end."""
    app.connect("env-get-outdated", missing)
    app.connect("doctree-resolved", write_lesson)
    app.connect("html-page-context", add_links)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
