"""Cells whose code folds away under a title, while their output stays in view.

The last thing before a cell, in a lesson::

    # .. fold:: How the figure is drawn

    fig, ax = plt.subplots(…)

or in a Markdown page with code a fence ``{fold} How the figure is drawn``. The directive leaves a
node with the title, which is extracted and translated like any other text. When the page has been
read the code of the cell moves into that node. It is ``<details>``, so that it opens without scripts
and with the keyboard; paper shows it open, see ``print.css``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from _ext.course.lessons import begins_block

if TYPE_CHECKING:
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


class fold(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """A title, and below it the code of a cell."""


class fold_title(nodes.Part, nodes.TextElement):
    """What a folded cell is for."""


class FoldDirective(SphinxDirective):
    """``.. fold:: Title``, without content: it is about the cell that follows."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the fold, with its title alone."""
        text = " ".join(self.arguments[0].split())
        content, messages = self.state.inline_text(text, self.lineno)
        title = fold_title(text, "", *content)
        node = fold("", title)
        self.set_source_info(title)
        self.set_source_info(node)
        return [node, *messages]


class FillFolds(SphinxTransform):
    """Move the code of the cell behind each fold into it."""

    default_priority = 460  # after the comments in the code were translated (450)

    def apply(self, **kwargs: Any) -> None:
        """Fill the folds of a page; one that has no cell is an error."""
        for node in list(self.document.findall(fold)):
            code = code_behind(node)
            if code is None:
                title = node.astext()
                logger.error(
                    "no cell of code follows the fold %r: write it last in the text before a cell",
                    title,
                    location=node,
                    type="course",
                    subtype="folds",
                )
                node.parent.remove(node)
                continue
            node.parent.remove(node)
            code.replace_self(node)
            node += code


def code_behind(node: nodes.Element) -> nodes.Element | None:
    """Return the code of the cell that follows a node, if nothing stands between them.

    In a page made from a lesson it is a block of its own, below a comment of sphinx-gallery; in a
    Markdown page it is the input of a cell.
    """
    is_new_block = False
    for sibling in _following(node):
        if isinstance(sibling, nodes.literal_block) and is_new_block:
            return sibling
        if "cell" in sibling["classes"]:
            parts = (part for part in sibling.children if isinstance(part, nodes.Element))
            return next((part for part in parts if "cell_input" in part["classes"]), None)
        if not isinstance(sibling, nodes.Invisible | nodes.system_message):
            return None
        is_new_block = is_new_block or begins_block(sibling)
    return None


def _following(node: nodes.Element) -> Iterator[nodes.Element]:
    siblings = node.parent.children
    for sibling in siblings[siblings.index(node) + 1 :]:
        if isinstance(sibling, nodes.Element):
            yield sibling


def visit_fold(translator: HTML5Translator, _node: fold) -> None:
    """Open the box; it is closed until the reader opens it."""
    translator.body.append('<details class="fold">')


def depart_fold(translator: HTML5Translator, _node: fold) -> None:
    """Close the box."""
    translator.body.append("</details>\n")


def visit_title(translator: HTML5Translator, _node: fold_title) -> None:
    """Open the line that stays in view."""
    translator.body.append("<summary>")


def depart_title(translator: HTML5Translator, _node: fold_title) -> None:
    """Close the line that stays in view."""
    translator.body.append("</summary>\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, its nodes and their looks."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.add_directive("fold", FoldDirective)
    app.add_transform(FillFolds)
    app.add_css_file("folds.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
