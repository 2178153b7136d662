"""What a lesson has run for its page: its texts, where they lie, and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.course.lessons import is_lesson, record_file
from _ext.execution import page_files


class printed(nodes.General, nodes.FixedTextElement):  # small letters, as in docutils
    """A text that code has printed: its long lines are broken, nothing in it is highlighted."""


class NotFound(ValueError):
    """A name under which nothing was run; the message says what to do."""


def load(env: BuildEnvironment, kind: str, name: str) -> dict[str, Any] | None:
    """Return what the lesson of the page that is read has left under a name.

    Parameters
    ----------
    env : BuildEnvironment
    kind : str
        ``choices`` or ``then_and_now``, see ``dlcourse.page_files``.
    name : str
        What the lesson calls it.

    Returns
    -------
    dict or None
        None if the lesson was not executed in this build.

    Raises
    ------
    NotFound
        If the page is no lesson, or its lesson has left nothing under this name.
    """
    if not is_lesson(env.docname):
        raise NotFound(f"{name!r} can only be run in a lesson; on this page, write the answers")
    target = Path(env.srcdir) / env.docname
    file = page_files.folder(target) / f"{kind}_{name}.json"
    if file.is_file():
        env.note_dependency(file)  # read the page again when the outputs change
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return content
    if not record_file(target).is_file():
        return None
    left = ", ".join(
        found.stem.removeprefix(f"{kind}_") for found in sorted(file.parent.glob(f"{kind}_*.json"))
    )
    raise NotFound(
        f"the lesson has not run anything named {name!r} (it has: {left or 'nothing'}); "
        f"call dlcourse.page_files.run_{kind}({name!r}, …) in one of its cells"
    )


def all_left(srcdir: Path, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what all lessons have left: the name of each page, the name of it, and its content."""
    for file in sorted(Path(srcdir).glob(f"lessons/*/*/{kind}_*.json")):
        page = file.parent.with_suffix("").relative_to(srcdir).as_posix()
        yield page, file.stem.removeprefix(f"{kind}_"), json.loads(file.read_text("utf-8"))


def text_of(text: str, beside: nodes.Element, *, highlighted: bool = False) -> nodes.Element:
    """Return the node of a text that was printed, or of the code that printed it."""
    node: nodes.Element
    if highlighted:
        node = nodes.literal_block(text, text, language="python")
    else:
        node = printed(text, text, translatable=False)
    return located(node, beside)


def located(node: nodes.Element, beside: nodes.Element) -> nodes.Element:
    """Give a node the place in the source that another one has, and return it."""
    node.source, node.line = beside.source, beside.line
    return node


def items_of(bullet_list: nodes.Node) -> list[nodes.Element]:
    """Return the items of a list."""
    return [item for item in bullet_list.children if isinstance(item, nodes.Element)]


def is_printed_by(blocks: Iterable[nodes.Element], text: str) -> bool:
    """Return whether the lines of a text stand, one below the other, in one of the outputs."""
    wanted = _lines(text)
    return any(f"\n{wanted}\n" in f"\n{_lines(block.astext())}\n" for block in blocks)


def _lines(text: str) -> str:
    """Return lines without what reStructuredText changes: the spaces around them, and tabs."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def visit(translator: HTML5Translator, node: printed) -> None:
    """Open the element: what a program says."""
    translator.body.append('<samp class="printed">')


def depart(translator: HTML5Translator, _node: printed) -> None:
    """Close the element."""
    translator.body.append("</samp>")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the node."""
    app.add_node(printed, html=(visit, depart))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
