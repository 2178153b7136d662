"""``.. choice::`` asks the reader, who chooses an answer and reads at once why it is right or wrong.

The answers are written, or they are what a lesson has printed, see ``dlcourse.page_files``::

    .. choice:: What is ``7 // 2``?
       :right: 1

       - 3

         The quotient is rounded down.

       - 3.5

         This is ``7 / 2``.

The page is whole without a script: the question, its answers with letters, and a folded explanation
of each. ``_static/choice.js`` makes buttons of the answers, in the same place, and remembers in the
reader's browser what was chosen.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.blocks.printed import (
    NotFound,
    is_printed_by,
    items_of,
    load,
    located,
    text_of,
)
from _ext.common import timeline
from _ext.common.files import digest
from _ext.search.sections import OUTPUTS
from _ext.translation import interface

logger = logging.getLogger(__name__)

LETTERS = "ABCD"


class choice(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """A question: its text, its answers, and why each is right or wrong."""


class choice_question(nodes.Part, nodes.TextElement):
    """The question, in one paragraph."""


class choice_answers(nodes.Part, nodes.Element):
    """The answers that the reader chooses from."""


class choice_answer(nodes.Part, nodes.Element):
    """An answer: a text, or something printed."""


class choice_text(nodes.Part, nodes.TextElement):
    """An answer in words."""


class choice_reasons(nodes.Part, nodes.Element):
    """The explanations of all answers, in their order."""


class choice_reason(nodes.Part, nodes.Element):
    """Why an answer is right or wrong."""


class choice_code(nodes.Part, nodes.Element):
    """The code that prints a wrong answer."""


class Answer(NamedTuple):
    """An answer, before it has a letter."""

    shown: nodes.Element
    reason: Sequence[nodes.Node]
    right: bool


class ChoiceDirective(SphinxDirective):
    """``.. choice:: question``, with ``:right:`` or ``:outputs:``."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "right": directives.positive_int,
        "outputs": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the question."""
        if len(self.options) != 1:
            raise self.error(
                "a choice has either :right:, the number of the right item, or :outputs:"
            )
        text, items = self._content()
        name = self.options.get("outputs")
        answers = self._written(items) if name is None else self._executed(items, name)
        shown = [" ".join(answer.shown.astext().split()) for answer in answers]
        if again := next((one for one in shown if shown.count(one) > 1), None):
            raise self.error(f"two answers are the same: {again!r}; write another one")
        # Where the reader's answer is kept: an edited question is a new one, in all languages.
        key = digest(*self.arguments, *self.content, *shown)[:12]
        node = choice(key=key, is_run=bool(answers))
        if name is not None:
            node["expected"] = next((a.shown.astext() for a in answers if a.right), "")
            node["outputs"] = name
        self.set_source_info(node)
        node += [*self._question(), *text]
        if answers:
            node += self._parts(answers, node)
        else:  # its lesson was not executed: translators get the texts all the same
            node["classes"].append("no-search")
            node += items
        return [node]

    def _content(self) -> tuple[list[nodes.Node], list[nodes.Element]]:
        """Return what stands above the list of answers, and its items."""
        blocks = self.parse_content_to_nodes()
        if not blocks or not isinstance(blocks[-1], nodes.bullet_list):
            raise self.error(
                "a choice ends with a list, '- …', of its answers and their explanations"
            )
        return blocks[:-1], items_of(blocks[-1])

    def _question(self) -> list[nodes.Node]:
        children, messages = self.parse_inline(self.arguments[0])
        node = choice_question(self.arguments[0], "", *children)
        self.set_source_info(node)
        return [node, *messages]

    def _written(self, items: list[nodes.Element]) -> list[Answer]:
        """Return the answers of a question whose items are answer and explanation."""
        count, right = len(items), self.options["right"]
        if not 2 <= count <= len(LETTERS):
            raise self.error(f"a choice has 2 to {len(LETTERS)} answers, this one has {count}")
        if right > count:
            raise self.error(f":right: is {right}, but there are {count} answers")
        found = []
        for number, item in enumerate(items, start=1):
            if len(item.children) < 2:
                raise self.error(
                    f"answer {number} has no explanation; write one below it, indented, "
                    "after an empty line"
                )
            first, *reason = item.children
            if isinstance(first, nodes.literal_block):
                shown = text_of(first.astext(), first)
            elif isinstance(first, nodes.paragraph):
                shown = located(choice_text(first.rawsource, "", *first.children), first)
            else:
                raise self.error(
                    f"answer {number} is neither one paragraph nor one block of code; "
                    "write what looks like a list, such as '1.' or '(a)', as ``code``"
                )
            found.append(Answer(shown, reason, number == right))
        return found

    def _executed(self, items: list[nodes.Element], name: str) -> list[Answer]:
        """Return what was printed, in an order that does not say which is right."""
        try:
            left = load(self.env, "choices", name)
        except NotFound as error:
            raise self.error(str(error)) from error
        if left is None:
            return []
        variants = left["variants"]
        if len(items) != len(variants):
            raise self.error(
                f"{name!r} has {len(variants)} outputs, and there are {len(items)} "
                "explanations; write one for each, that of the right output first"
            )
        found = []
        for number, (variant, item) in enumerate(zip(variants, items, strict=True)):
            if not item.children:
                raise self.error(
                    f"explanation {number + 1} is empty; write why the output is wrong"
                )
            reason = list(item.children)
            if number:
                code = located(choice_code(classes=["no-search"]), item)
                code += text_of(variant["code"], item, highlighted=True)
                reason.append(code)
            shown = text_of(variant["output"], item)
            shown["classes"].append("no-search")
            found.append(Answer(shown, reason, number == 0))
        return sorted(found, key=lambda answer: place(name, answer.shown.astext()))

    def _parts(self, answers: list[Answer], node: nodes.Element) -> list[nodes.Element]:
        """Return the answers and, below them, the reasons, each with its letter."""
        shown, reasons = located(choice_answers(), node), located(choice_reasons(), node)
        for letter, answer in zip(LETTERS, answers, strict=False):
            shown += located(choice_answer("", answer.shown, letter=letter), answer.shown)
            reason = choice_reason("", *answer.reason, letter=letter, right=answer.right)
            reasons += located(reason, answer.shown)
        return [shown, reasons]


def place(name: str, output: str) -> str:
    """Return by what outputs are sorted: it says nothing about them, and is the same in each build."""
    return digest(name, output)


def check_outputs(_app: Sphinx, doctree: nodes.document) -> None:
    """Warn of a right answer that no cell of the page has printed: it may be out of date."""
    asked = [node for node in doctree.findall(choice) if node.get("expected")]
    if not asked:
        return
    outputs = [
        block
        for block in doctree.findall(nodes.literal_block)
        if not OUTPUTS.isdisjoint([*block["classes"], *block.parent["classes"]])
    ]
    for node in asked:
        if not is_printed_by(outputs, node["expected"]):
            logger.warning(
                "the right output of the choice %r is printed by no cell of this page: %r; "
                "let an open cell print the same lines",
                node["outputs"],
                node["expected"],
                location=node,
                type="course",
                subtype="choice",
            )


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the page says around a question, in its language."""
    return {
        "answer": _site("Answer"),
        "right": _site("Right."),
        "wrong": _site("Not quite."),
        "hint": _site("Choose an answer."),
        "kept": _site("Your answer: {letter}. {verdict}"),
        "code": _site("This code prints it:"),
    }


def translate(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Give the questions of a page their words."""
    for node in doctree.findall(choice):
        node["labels"] = labels(interface.translator(app))


def words(part: nodes.Node) -> dict[str, str]:
    """Return the words around the question that a part belongs to."""
    while not isinstance(part, choice):
        part = part.parent
    found: dict[str, str] = part["labels"]
    return found


def verdict(reason: nodes.Element) -> str:
    """Return the words that say whether an answer is right."""
    return words(reason)["right" if reason["right"] else "wrong"]


def visit_choice(translator: HTML5Translator, node: choice) -> None:
    """Open the question; its parts stand in a group that its text names."""
    if not node["is_run"]:
        raise nodes.SkipNode
    kept = html.escape(node["labels"]["kept"])
    translator.body.append(
        f'<div class="choice" data-choice="{node["key"]}" data-kept="{kept}"><fieldset>\n'
    )


def depart_choice(translator: HTML5Translator, _node: choice) -> None:
    """Close it."""
    translator.body.append("</div>\n")


def visit_question(translator: HTML5Translator, _node: choice_question) -> None:
    """Write the question."""
    translator.body.append("<legend>")


def depart_question(translator: HTML5Translator, _node: choice_question) -> None:
    """Close it."""
    translator.body.append("</legend>\n")


def visit_answers(translator: HTML5Translator, _node: choice_answers) -> None:
    """Open the list of answers."""
    translator.body.append('<ol class="choice-answers" role="list">\n')


def depart_answers(translator: HTML5Translator, node: choice_answers) -> None:
    """Close it, and say below it what to do, where the script says what was chosen."""
    hint = html.escape(words(node)["hint"])
    translator.body.append(
        f'</ol></fieldset>\n<div class="choice-said" role="status"><p>{hint}</p></div>\n'
    )


def visit_answer(translator: HTML5Translator, node: choice_answer) -> None:
    """Open an answer, which the script makes a button."""
    translator.body.append(
        f'<li><div class="choice-answer"><span class="choice-letter">{node["letter"]}</span> '
    )


def depart_answer(translator: HTML5Translator, _node: choice_answer) -> None:
    """Close it."""
    translator.body.append("</div></li>\n")


def visit_text(translator: HTML5Translator, _node: choice_text) -> None:
    """Write an answer in words."""
    translator.body.append("<span>")


def depart_text(translator: HTML5Translator, _node: choice_text) -> None:
    """Close it."""
    translator.body.append("</span>")


def visit_reasons(translator: HTML5Translator, node: choice_reasons) -> None:
    """Fold the explanations."""
    summary = html.escape(words(node)["answer"])
    translator.body.append(f'<details class="choice-reasons"><summary>{summary}</summary>\n')


def depart_reasons(translator: HTML5Translator, _node: choice_reasons) -> None:
    """Close them."""
    translator.body.append("</details>\n")


def visit_reason(translator: HTML5Translator, node: choice_reason) -> None:
    """Open the explanation of an answer, with its letter and what it is: right or wrong."""
    kind = "right" if node["right"] else "wrong"
    said = html.escape(verdict(node))
    translator.body.append(
        f'<div class="choice-reason" data-verdict="{kind}"><p class="choice-verdict">'
        f'<span class="choice-letter">{node["letter"]}</span> <strong>{said}</strong></p>\n'
    )


def depart_reason(translator: HTML5Translator, _node: choice_reason) -> None:
    """Close it."""
    translator.body.append("</div>\n")


def visit_code(translator: HTML5Translator, node: choice_code) -> None:
    """Say what the code is."""
    translator.body.append(f'<p class="choice-code">{html.escape(words(node)["code"])}</p>\n')


def depart_code(_translator: HTML5Translator, _node: choice_code) -> None:
    """Leave it: the code is a block of its own."""


def add_files(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the script and the style sheet on the pages that ask something."""
    if doctree is not None and any(doctree.findall(choice)):
        app.add_js_file("choice.js", loading_method="defer")
        app.add_css_file("choice.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and its nodes; connect before the downloads are written."""
    app.add_node(choice, html=(visit_choice, depart_choice))
    app.add_node(choice_question, html=(visit_question, depart_question))
    app.add_node(choice_answers, html=(visit_answers, depart_answers))
    app.add_node(choice_answer, html=(visit_answer, depart_answer))
    app.add_node(choice_text, html=(visit_text, depart_text))
    app.add_node(choice_reasons, html=(visit_reasons, depart_reasons))
    app.add_node(choice_reason, html=(visit_reason, depart_reason))
    app.add_node(choice_code, html=(visit_code, depart_code))
    app.add_directive("choice", ChoiceDirective)
    app.connect("doctree-read", check_outputs)
    app.connect("doctree-resolved", translate, priority=timeline.FILL_WIDGETS)
    app.connect("html-page-context", add_files, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
