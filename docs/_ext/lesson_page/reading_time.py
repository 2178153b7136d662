"""How long reading a page takes. Each page is measured once, when it is read."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery._doctree_links import code_links_block

from _ext.blocks.choice import choice_reasons
from _ext.common import timeline
from _ext.lesson_page.folds import fold

#: An unhurried reader of text that explains something. Silent readers of easy prose are faster.
WORDS_PER_MINUTE = 200
CHARACTERS_PER_MINUTE = 300
CODE_LINES_PER_MINUTE = 20
FOLDED_SHARE = 0.25
"""How much counts what is folded, code and reasons of choices: most readers leave most of it closed."""

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
#: Where the environment's metadata of a page have it.
READING_MINUTES = "reading_minutes"
OUTPUT_CLASS = "sphx-glr-script-out"


def reading_minutes(doctree: nodes.document) -> int:
    """Return how long reading a page takes: its prose and its code, without the outputs."""
    texts: list[nodes.Text] = []
    code: list[nodes.Element] = []
    _collect(doctree, texts, code)
    lines = {True: 0, False: 0}
    for block in code:
        lines[_is_folded(block)] += sum(bool(x.strip()) for x in block.astext().splitlines())
    words, characters = 0.0, 0.0
    for share, folded in ((1, False), (FOLDED_SHARE, True)):
        prose = " ".join(text for text in texts if _is_folded(text.parent) is folded)
        characters += share * len(_CHINESE.findall(prose))
        words += share * len(_WORD.findall(_CHINESE.sub(" ", prose)))
    return minutes(words, lines[False], lines[True], characters)


def minutes(words: float, lines: int, folded_lines: int, characters: float = 0) -> int:
    """Return how long it takes to read so much.

    A line of code that is folded away counts a quarter of an open one.

    Examples
    --------
    >>> minutes(400, lines=80, folded_lines=80)
    7
    """
    code = lines + FOLDED_SHARE * folded_lines
    exact = (
        words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE + code / CODE_LINES_PER_MINUTE
    )
    return max(1, round(exact))


def _collect(node: nodes.Node, texts: list[nodes.Text], code: list[nodes.Element]) -> None:
    """Collect the texts of the prose below a node, and its blocks of code."""
    for child in node.children:
        if isinstance(child, nodes.literal_block | code_links_block):
            if _is_code(child):
                code.append(child)
        elif isinstance(child, nodes.Text):
            texts.append(child)
        elif not isinstance(child, nodes.comment | nodes.raw):
            _collect(child, texts, code)


def _is_folded(block: nodes.Node | None) -> bool:
    while block is not None and not isinstance(block, fold | choice_reasons):
        block = block.parent
    return block is not None


def _is_code(block: nodes.Node) -> bool:
    """Return whether a block is code, and not what a cell printed."""
    around = (block, block.parent)
    return not any(OUTPUT_CLASS in e["classes"] for e in around if isinstance(e, nodes.Element))


def note_minutes(app: Sphinx, doctree: nodes.document) -> None:
    """Write down how long reading the page takes."""
    env = app.env
    env.metadata[env.current_document.docname][READING_MINUTES] = reading_minutes(doctree)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect after Sphinx has made the metadata of the page."""
    app.connect("doctree-read", note_minutes, priority=timeline.READING_TIME)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
