"""How long reading a page takes."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx_gallery._doctree_links import code_links_block

#: An unhurried reader of text that explains something. Silent readers of easy prose are faster.
WORDS_PER_MINUTE = 200
CHARACTERS_PER_MINUTE = 300
CODE_LINES_PER_MINUTE = 20

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
OUTPUT_CLASS = "sphx-glr-script-out"


def reading_minutes(doctree: nodes.document) -> int:
    """Return how long reading a page takes: its prose and its code, without the outputs."""
    texts: list[str] = []
    code: list[str] = []
    _collect(doctree, texts, code)
    lines = sum(bool(line.strip()) for block in code for line in block.splitlines())
    prose = " ".join(texts)
    characters = len(_CHINESE.findall(prose))
    words = len(_WORD.findall(_CHINESE.sub(" ", prose)))
    minutes = (
        words / WORDS_PER_MINUTE
        + characters / CHARACTERS_PER_MINUTE
        + lines / CODE_LINES_PER_MINUTE
    )
    return max(1, round(minutes))


def _collect(node: nodes.Node, texts: list[str], code: list[str]) -> None:
    """Collect the texts of the prose below a node, and its blocks of code."""
    for child in node.children:
        if isinstance(child, nodes.literal_block | code_links_block):
            if _is_code(child):
                code.append(child.astext())
        elif isinstance(child, nodes.Text):
            texts.append(child)
        elif not isinstance(child, nodes.comment | nodes.raw):
            _collect(child, texts, code)


def _is_code(block: nodes.Node) -> bool:
    """Return whether a block is code, and not what a cell printed."""
    around = (block, block.parent)
    return not any(OUTPUT_CLASS in e["classes"] for e in around if isinstance(e, nodes.Element))
