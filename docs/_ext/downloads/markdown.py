"""Turn a resolved page into the Markdown of a notebook.

Every kind of node that may stand in a lesson is written here by name. One that is not known
raises, so that nothing is dropped from a download without anybody noticing. A node with the
class ``not-in-download`` is left out on purpose.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urljoin

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.locale import admonitionlabels

from _ext.blocks import choice

LEFT_OUT = {
    "not-in-download",
    "sd-summary-state-marker",  # the arrow of a folded box
    "sphx-glr-download-link-note",
    "sphx-glr-footer",
    "sphx-glr-script-out",
    "sphx-glr-single-img",
    "sphx-glr-timing",
}

SILENT = {
    "comment", "substitution_definition", "index", "colspec", "tabular_col_spec", "meta",
    "highlightlang", "toctree", "fontawesome", "sd_icon", "sd_tab_input", "imgsgnode",
    "system_message",  # Sphinx has warned already
}  # fmt: skip


class MarkdownWriter:
    """Writes nodes of one page as Markdown.

    Parameters
    ----------
    page_url : str
        The absolute address of the page: links become absolute.
    image_url : callable
        From an image node to the absolute address of its file.
    """

    def __init__(self, page_url: str, image_url: Callable[[nodes.image], str]) -> None:
        self.page_url = page_url
        self.image_url = image_url

    def write(self, node: nodes.Node) -> str:
        """Return the Markdown of a block, or an empty string where there is nothing to say."""
        if self._silent(node):
            return ""
        name = type(node).__name__
        method = getattr(self, f"_block_{name}", None)
        if method is None and name in admonitionlabels:
            method = self._admonition
        if method is not None:
            return str(method(node))
        if isinstance(node, (nodes.Inline, nodes.Text)):
            return self._inline(node).strip()
        raise unknown(node)

    def _silent(self, node: nodes.Node) -> bool:
        name = type(node).__name__
        if name == "target" and not node.astext():
            return True
        if isinstance(node, nodes.Element) and LEFT_OUT.intersection(node.get("classes", [])):
            return True
        return name in SILENT

    def blocks(self, children: Iterable[nodes.Node]) -> str:
        """Write blocks one below the other."""
        return "\n\n".join(filter(None, (self.write(child) for child in children)))

    # Blocks

    def _block_title(self, node: nodes.Element) -> str:
        if not isinstance(node.parent, (nodes.section, nodes.document)):
            return f"**{self.inline(node)}**"
        return f"{'#' * heading_level(node)} {self.inline(node)}"

    def _block_rubric(self, node: nodes.Element) -> str:
        return f"**{self.inline(node)}**"

    _block_sd_tab_label = _block_centered = _block_fold_title = _block_rubric

    def _block_paragraph(self, node: nodes.Element) -> str:
        text = self.inline(node)
        # A line that starts like a list or a heading is neither.
        text = re.sub(r"^(\s*)([-+>#])(?=\s|$)", r"\1\\\2", text, flags=re.MULTILINE)
        text = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text, flags=re.MULTILINE)
        strong = "sd-card-title" in node.get("classes", [])
        return f"**{text}**" if strong else text

    _block_compact_paragraph = _block_attribution = _block_caption = _block_paragraph
    _block_term = _block_PassthroughTextElement = _block_paragraph

    def _block_document(self, node: nodes.Element) -> str:
        return self.blocks(node.children)

    _block_section = _block_compound = _block_only = _block_legend = _block_glossary = (
        _block_document
    )
    _block_hlist = _block_hlistcol = _block_definition = _block_entry = _block_document

    def _block_container(self, node: nodes.Element) -> str:
        classes: list[str] = node["classes"]
        if "sd-card-title" in classes or "sd-card-header" in classes:
            return f"**{self.blocks(node.children)}**" if node.children else ""
        return self.blocks(node.children)

    def _block_dropdown_main(self, node: nodes.Element) -> str:
        title, *body = node.children
        summary = f"<summary>{_html(title)}</summary>"
        return f"<details>\n{summary}\n\n{self.blocks(body)}\n\n</details>"

    def _block_literal_block(self, node: nodes.Element) -> str:
        language = str(node.get("language") or node.get("lang", "")).lower()
        language = {"default": "", "none": "", "ipython3": "python"}.get(language, language)
        code = node.astext().rstrip("\n")
        if not code.strip():  # sphinx-gallery leaves one where a cell held settings only
            return ""
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
        return f"{fence}{language}\n{code}\n{fence}"

    _block_code_links_block = _block_literal_block  # sphinx-gallery's, with links in the code

    def _block_doctest_block(self, node: nodes.Element) -> str:
        return f"```pycon\n{node.astext()}\n```"

    def _block_math_block(self, node: nodes.Element) -> str:
        tag = f" \\tag{{{node['number']}}}" if node.get("number") else ""
        formula = re.sub(r"\n\s*\n", "\n", node.astext().strip())
        if "\\\\" in formula and "\\begin" not in formula:  # as Sphinx does for several lines
            formula = f"\\begin{{split}}\n{formula}\n\\end{{split}}"
        return f"$$\n{formula}{tag}\n$$"

    def _block_bullet_list(self, node: nodes.Element) -> str:
        return self._list(node, lambda index: "- ")

    def _block_enumerated_list(self, node: nodes.Element) -> str:
        start = int(node.get("start", 1))
        return self._list(node, lambda index: f"{start + index}. ")

    def _list(self, node: nodes.Element, marker: Callable[[int], str]) -> str:
        items = [_hang(self.write(item), marker(index)) for index, item in enumerate(node.children)]
        loose = any("\n\n" in item for item in items)
        return ("\n\n" if loose else "\n").join(items)

    def _block_list_item(self, node: nodes.Element) -> str:
        lists = (nodes.bullet_list, nodes.enumerated_list)
        parts = [(self.write(child), isinstance(child, lists)) for child in node.children]
        # A list directly under its sentence keeps the outer list tight.
        return "".join(("\n" if tight else "\n\n") + text for text, tight in parts).lstrip("\n")

    def _block_definition_list(self, node: nodes.Element) -> str:
        return self.blocks(node.children)

    def _block_definition_list_item(self, item: nodes.Element) -> str:
        terms = [f"**{self.inline(part)}**" for part in item if isinstance(part, nodes.term)]
        terms += [self.inline(part) for part in item if isinstance(part, nodes.classifier)]
        body = self.blocks(part for part in item if isinstance(part, nodes.definition))
        return _hang(f"{', '.join(terms)}\n\n{body}", "- ")

    def _block_line_block(self, node: nodes.Element) -> str:
        lines = [
            self.inline(line)
            if isinstance(line, nodes.line)
            else self.write(line).replace("\n", "\n&emsp;")
            for line in node.children
        ]
        return "\\\n".join(line or "&nbsp;" for line in lines)

    def _block_block_quote(self, node: nodes.Element) -> str:
        return _quote(self.blocks(node.children))

    def _block_admonition(self, node: nodes.Element) -> str:
        return _quote(self.blocks(node.children))

    _block_topic = _block_sidebar = _block_versionmodified = _block_admonition

    def _admonition(self, node: nodes.Element) -> str:
        label = admonitionlabels[type(node).__name__]
        return _quote(f"**{label}**\n\n{self.blocks(node.children)}")

    def _block_footnote(self, node: nodes.Element) -> str:
        label, *body = node.children
        return f"[{_escape(label.astext())}] {self.blocks(body)}"

    _block_citation = _block_footnote

    def _block_transition(self, node: nodes.Element) -> str:
        return "---"

    def _block_figure(self, node: nodes.Element) -> str:
        return self.blocks(node.children)

    def _block_interactive(self, node: nodes.Element) -> str:
        section = next(p for p in _parents(node) if isinstance(p, nodes.section))
        return f"[{_escape(node['download'])}]({self.page_url}#{section['ids'][0]})"

    def _block_image(self, node: nodes.image) -> str:
        return f"![{_escape(node.get('alt', ''))}]({self.image_url(node)})"

    def _block_table(self, node: nodes.Element) -> str:
        title = "".join(f"**{self.inline(part)}**\n\n" for part in node.findall(nodes.title))
        rows = [list(map(self._cell, row.children)) for row in node.findall(nodes.row)]
        head = sum(len(part.children) for part in node.findall(nodes.thead))
        width = max(map(len, rows))
        if head > 1 or any("morerows" in e or "morecols" in e for e in node.findall(nodes.entry)):
            raise unknown(node, "a table with joined cells or two header rows")
        header = rows[0] if head else [""] * width
        lines = [header, ["---"] * width, *rows[head:]]
        return title + "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _cell(self, entry: nodes.Node) -> str:
        text = self.blocks(entry.children).replace("|", "\\|")
        return re.sub(r"\n\n+", "<br>", text).replace("\n", " ")

    def _block_raw(self, node: nodes.Element) -> str:
        return self._inline_raw(node)

    def _block_live(self, node: nodes.Element) -> str:
        return f"[{_escape(node['download'])}]({self.page_url})"

    # Blocks whose content was run, see the room of that name

    def _block_choice(self, node: nodes.Element) -> str:
        return self.blocks(node.children) if node["is_run"] else ""

    _block_choice_answers = _block_document
    _block_choice_question = _block_choice_text = _block_paragraph
    _block_printed = _block_literal_block

    def _block_choice_answer(self, node: nodes.Element) -> str:
        return _hang(self._lettered(node, f"**{node['letter']}.**"), "- ")

    def _block_choice_reasons(self, node: nodes.Element) -> str:
        summary = f"<summary>{html.escape(choice.words(node)['answer'], quote=False)}</summary>"
        return f"<details>\n{summary}\n\n{self.blocks(node.children)}\n\n</details>"

    def _block_choice_reason(self, node: nodes.Element) -> str:
        return self._lettered(node, f"**{node['letter']}.** *{_escape(choice.verdict(node))}*")

    def _block_choice_code(self, node: nodes.Element) -> str:
        return f"{_escape(choice.words(node)['code'])}\n\n{self.blocks(node.children)}"

    def _lettered(self, node: nodes.Element, letter: str) -> str:
        """Write a letter, and in the same paragraph, where it begins with one, what belongs to it."""
        is_text = isinstance(node.children[0], nodes.paragraph | choice.choice_text)
        return letter + (" " if is_text else "\n\n") + self.blocks(node.children)

    def _block_then_and_now(self, node: nodes.Element) -> str:
        return self.blocks(node.children) if node["is_run"] else ""

    def _block_then_row(self, node: nodes.Element) -> str:
        return _hang(self.blocks(node.children), "- ")

    def _block_then_part(self, node: nodes.Element) -> str:
        label = f"**{_escape(node['label'])}**" if node["label"] else ""
        return "\n\n".join(filter(None, [label, self.blocks(node.children)]))

    # Inside a paragraph

    def inline(self, node: nodes.Element) -> str:
        """Write what is inside a paragraph."""
        return "".join(self._inline(child) for child in node.children)

    def _inline(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Text):
            return _escape(node.astext())
        if self._silent(node):
            return ""
        method = getattr(self, f"_inline_{type(node).__name__}", None)
        if method is None:
            raise unknown(node)
        return str(method(node))

    def _inline_inline(self, node: nodes.Element) -> str:
        return self.inline(node)

    _inline_abbreviation = _inline_acronym = _inline_generated = _inline_inline
    _inline_pending_xref = _inline_target = _inline_sd_badge = _inline_inline
    _inline_problematic = _inline_PassthroughTextElement = _inline_paragraph = _inline_inline

    def _inline_emphasis(self, node: nodes.Element) -> str:
        return self._marked(node, "*", "em")

    _inline_title_reference = _inline_literal_emphasis = _inline_manpage = _inline_emphasis

    def _inline_strong(self, node: nodes.Element) -> str:
        return self._marked(node, "**", "strong")

    _inline_literal_strong = _inline_strong

    def _marked(self, node: nodes.Element, mark: str, tag: str) -> str:
        """Mark emphasis, as HTML where CommonMark would not see a mark between letters."""
        text = self.inline(node)
        inside = node.astext()
        edges = ((_neighbour(node, -1), inside[:1]), (_neighbour(node, 1), inside[-1:]))
        if any(outer.isalnum() and not inner.isalnum() for outer, inner in edges):
            return f"<{tag}>{text}</{tag}>"
        return f"{mark}{text}{mark}"

    def _inline_literal(self, node: nodes.Element) -> str:
        text = node.astext().replace("\n", " ")
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
        space = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{fence}{space}{text}{space}{fence}"

    def _inline_math(self, node: nodes.Element) -> str:
        formula = " ".join(node.astext().split())
        if any(isinstance(parent, nodes.entry) for parent in _parents(node)):
            formula = formula.replace("|", r"\vert ").strip()  # a bare | would end the cell
        return f"${formula}$"

    def _inline_subscript(self, node: nodes.Element) -> str:
        return f"<sub>{self.inline(node)}</sub>"

    def _inline_superscript(self, node: nodes.Element) -> str:
        return f"<sup>{self.inline(node)}</sup>"

    def _inline_footnote_reference(self, node: nodes.Element) -> str:
        return f"[{_escape(node.astext())}]"

    _inline_citation_reference = _inline_footnote_reference

    def _inline_reference(self, node: nodes.Element) -> str:
        if node.get("classes") == ["fn-backref"]:
            return ""
        target = node.get("refuri") or f"#{node['refid']}"
        text = self.inline(node).strip()
        return f"[{text}]({urljoin(self.page_url, target)})" if text else ""

    _inline_number_reference = _inline_reference

    def _inline_image(self, node: nodes.image) -> str:
        return self._block_image(node)

    def _inline_raw(self, node: nodes.Element) -> str:
        if node.astext().lstrip().startswith("<svg") or "html" not in node.get("format", ""):
            return ""
        raise unknown(node, "raw HTML")


def unknown(node: nodes.Node, what: str = "") -> ExtensionError:
    """Return the error for a node that has no Markdown."""
    places = (place for place in (node, *_parents(node)) if place.source and place.line)
    where = next((f"{place.source}:{place.line}" for place in places), "unknown place")
    return ExtensionError(
        f"{where}: no Markdown for {what or 'a node of type'} <{type(node).__name__}>, so the "
        "lesson's notebook would lack it: write it in docs/_ext/downloads/markdown.py, or give it "
        "the class not-in-download"
    )


def heading_level(title: nodes.Node) -> int:
    """Return 1 for the title of the page, 2 for its sections, and so on."""
    return max(1, sum(isinstance(parent, nodes.section) for parent in _parents(title)))


def _parents(node: nodes.Node) -> Iterator[nodes.Node]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _hang(text: str, marker: str) -> str:
    lines = text.split("\n")
    indent = " " * len(marker)
    return "\n".join([marker + lines[0], *(indent + line if line else "" for line in lines[1:])])


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _escape(text: str) -> str:
    text = re.sub(r"[\\`*<$~]|\](?=[(\[:])|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)
    return re.sub(r"&(?=#?\w+;)", "&amp;", text)


def _html(node: nodes.Node) -> str:
    """Write a title as HTML: Markdown is not read inside ``<summary>``."""
    if isinstance(node, nodes.Text):
        return html.escape(node.astext(), quote=False)
    assert isinstance(node, nodes.Element)
    if isinstance(node, (nodes.raw, nodes.image)) or LEFT_OUT.intersection(node["classes"]):
        return ""
    if isinstance(node, nodes.math):
        return f"${html.escape(node.astext(), quote=False)}$"
    text = "".join(_html(child) for child in node.children)
    tags = {"literal": "code", "strong": "strong", "emphasis": "em"}
    tag = tags.get(type(node).__name__)
    return f"<{tag}>{text}</{tag}>" if tag else text


def _neighbour(node: nodes.Node, step: int) -> str:
    """Return the character before (-1) or after (1) an inline node."""
    position = node.parent.index(node) + step
    if not 0 <= position < len(node.parent.children):
        return ""
    text = node.parent.children[position].astext()
    return text[-1:] if step < 0 else text[:1]
