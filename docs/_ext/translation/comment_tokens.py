"""Find and replace the comments and docstrings in a piece of code, and nothing else.

Python's own tokeniser says which characters are a comment, its parser which are a docstring, and the
syntax trees before and after are compared: but for docstrings they are the same. One message is

- a comment at the end of a line of code, or
- a paragraph of comment lines that stand alone, or of a docstring, joined into one sentence and wrapped
  again in the translation. An empty line, a list item or a deeper indent starts a new one.

What carries no prose is no message: shapes (``# (N, C·H·W)``), results (``# tensor(3)``) and
directives (``# noqa``, ``# doctest: +GPU``, ``# %%``).
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from _ext.translation.wrapping import wrap

WIDTH = 88
"""Columns that a translated paragraph may take; a Chinese character takes two."""

PYTHON = {"python", "python3", "py", "ipython", "ipython3", "default"}
PROMPTS = {"pycon", "pycon3", "doctest"}
LINES = {"bash", "console", "sh", "shell", "shell-session", "toml", "yaml", "ini"}

DIRECTIVE = (
    r"(?:noqa|type:|doctest:|%%|pragma:|fmt:|ruff:|mypy:|pylint:|isort:|sphinx_gallery_|-\*-)"
)
_COMMENT = re.compile(rf"(?P<mark>#+[:!]?\s*)(?P<text>.*?)(?P<directive>\s*#\s*{DIRECTIVE}.*)?$")
_NEW_PARAGRAPH = re.compile(r"\s|[-*•]\s|\d+[.)]\s")
_PROMPT = re.compile(r"(>>>|\.\.\.) ?")
#: A docstring that is one literal without its own quotes in it.
_DOCSTRING = re.compile(
    r"""(?P<prefix>[rRuU]?)(?P<quotes>"{3}|'{3}|["'])(?P<text>.*)(?P=quotes)$""", re.DOTALL
)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Comment(NamedTuple):
    """One message: where it stands in the code, and what it says."""

    text: str
    first: int
    """Its first line, counted from 0."""
    last: int
    start: int
    """The column of its first line in which the text begins, behind the mark or the quotes."""
    end: int
    """The column of its last line in which it ends; a directive or quotes behind it are kept."""
    margin: str
    """What each further line begins with: ``    # ``."""
    own_lines: bool
    """Whether it may take more lines than it has."""
    literal: str = ""
    """The prefix and the quotes of a docstring; nothing for a comment."""


def translate(
    code: str, translation: Mapping[str, str], language: str = "python"
) -> tuple[str, list[str]]:
    """Replace the comments and docstrings of a piece of code by their translation.

    Parameters
    ----------
    code : str
        Python, or what ``language`` says.
    translation : Mapping of str to str
        From the text of a comment, without its mark, to its translation.
    language : str
        What the code block calls its language.

    Returns
    -------
    translated : str
        The same code with other comments and docstrings.
    missing : list of str
        The messages without a translation, which are left as they are.

    Raises
    ------
    ValueError
        If the translation of a docstring is none between its quotes, or if the syntax tree changes
        otherwise than in docstrings, which it cannot unless there is a bug here.
    """
    lines = code.split("\n")
    missing: list[str] = []
    for comment in reversed(_find(code, language)):
        text = " ".join(translation.get(comment.text, "").split())
        if not text:
            missing.insert(0, comment.text)
            continue
        if comment.literal and not _fits(text, comment.literal):
            raise ValueError(
                f"the translation {text!r} of the docstring {comment.text!r} cannot stand between "
                f"its quotes, {comment.literal}: write it with other quotes and backslashes"
            )
        before, after = lines[comment.first][: comment.start], lines[comment.last][comment.end :]
        width = WIDTH - len(before) - len(comment.literal)
        paragraph = wrap(text, width) if comment.own_lines and language not in PROMPTS else [text]
        new = [comment.margin + line for line in paragraph]
        new[0] = before + paragraph[0]
        new[-1] += after if after.strip() else ""
        lines[comment.first : comment.last + 1] = new
    translated = "\n".join(lines)
    if language in PYTHON and syntax_tree(code) != syntax_tree(translated):
        raise ValueError(
            "translating the comments changed the code, so a comment was not one:\n"
            f"{code}\n--- became ---\n{translated}"
        )
    return translated, missing


def _fits(text: str, literal: str) -> bool:
    """Tell whether a text can stand in a docstring with these quotes; the closing ones may follow at once."""
    quotes = literal.lstrip("rRuU")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a backslash that begins no escape
            return quotes not in text and isinstance(ast.parse(literal + text + quotes), ast.Module)
    except SyntaxError:
        return False


def comments(code: str, language: str = "python") -> list[tuple[str, int]]:
    """List the comments and the paragraphs of docstrings that can be translated.

    Returns
    -------
    list of (str, int)
        The text of each and its first line, counted from 1.
    """
    return [(comment.text, comment.first + 1) for comment in _find(code, language)]


@lru_cache(maxsize=256)  # a page and its notebook ask for the same cells
def syntax_tree(code: str) -> str | None:
    """Return the syntax tree of the code as text; None for a fragment that is no whole program.

    Code with other comments and docstrings has the same tree.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for docstring in _docstrings(tree):
        docstring.value = ""
    return ast.dump(tree)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings of a module and of all that it defines."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and node.body and isinstance(node.body[0], ast.Expr):
            value = node.body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value


def is_prose(text: str) -> bool:
    """Tell whether a comment says something in words.

    Examples
    --------
    >>> [is_prose(text) for text in ("exp(1000) overflows", "not used", "rows, columns")]
    [True, True, True]
    >>> is_prose("(6, 1), then (6,)")  # a space: nothing is called here
    True
    >>> [is_prose(text) for text in ("A # for each pixel", "0, 1 or 2")]
    [True, True]
    >>> [is_prose(text) for text in ("(N, C·H·W)", "tensor(3)", "torch.float32", "-> 3 × 4")]
    [False, False, False, False]
    """
    if re.match(DIRECTIVE, text):
        return False
    if not all(map(keyword.iskeyword, re.findall(r"\b([a-z]{2,}) \(", text))):
        return True
    try:
        tree = ast.parse(text.replace("#", " "), mode="eval")
    except (SyntaxError, ValueError):
        return any(
            re.search("[a-z\u4e00-\u9fff]", word) for word in re.findall(r"[^\W\d_]{2,}", text)
        )
    nodes = list(ast.walk(tree))
    choices = [node.values[0] for node in nodes if isinstance(node, ast.BoolOp)]
    if any(isinstance(choice, ast.Constant) for choice in choices):
        return True  # "0, 1 or 2": words join the constants
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    dotted = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Name)
        and id(node) not in called | dotted
        and re.fullmatch("[A-Z]?[a-z]+|[\u4e00-\u9fff]+", node.id)
        and len(node.id) > 1
        for node in nodes
    )


@lru_cache(maxsize=256)  # a page asks whether there are any, then for them, then its notebook does
def _find(code: str, language: str) -> tuple[Comment, ...]:
    """Return the messages of the code, in order."""
    if not re.search("[#\"']", code):
        return ()
    found: list[Comment] = []
    lines = [*_single_comments(code, language), *_lines_of_docstrings(code, language)]
    for comment in sorted(lines, key=lambda comment: (comment.first, comment.start)):
        if found and language not in PROMPTS and _continues(found[-1], comment):
            previous = found.pop()
            text = f"{previous.text} {comment.text}"
            comment = previous._replace(text=text, last=comment.last, end=comment.end)
        found.append(comment)
    return tuple(comment for comment in found if is_prose(comment.text))


def _continues(previous: Comment, comment: Comment) -> bool:
    """Tell whether a line belongs to the paragraph of the one before."""
    return (
        previous.own_lines
        and comment.own_lines
        and previous.last + 1 == comment.first
        and previous.margin == comment.margin
        and previous.literal == comment.literal
        and comment.start == len(comment.margin)
        and bool(previous.text and comment.text)
        and not _NEW_PARAGRAPH.match(comment.text)
        and not any(re.match(DIRECTIVE, text) for text in (previous.text, comment.text))
    )


def _single_comments(code: str, language: str) -> Iterator[Comment]:
    """Yield one comment for each comment token."""
    lines = code.split("\n")
    for row, column in _positions(lines, language):
        match = _COMMENT.match(lines[row][column:])
        assert match, "every comment matches"
        before = lines[row][:column]
        if not before and match["mark"].startswith("#!"):
            continue
        start, text = column + match.start("text"), match["text"].rstrip()
        alone = not _PROMPT.sub("", before).strip() and not match["directive"]
        yield Comment(text, row, row, start, start + len(text), lines[row][:start], alone)


def _lines_of_docstrings(code: str, language: str) -> Iterator[Comment]:
    """Yield each line of each docstring, but for examples and empty ones."""
    try:
        tree = ast.parse(code if language in PYTHON else "")
    except SyntaxError:
        return
    lines = code.split("\n")
    for constant in _docstrings(tree):
        source = _DOCSTRING.match(ast.get_source_segment(code, constant) or "")
        if source is None or source["quotes"] in source["text"]:
            continue
        first = constant.lineno - 1
        column = len(lines[first].encode()[: constant.col_offset].decode())
        before, literal = lines[first][:column], source["prefix"] + source["quotes"]
        own_lines = not before.strip() and len(source["quotes"]) == 3
        is_example = False
        for row, line in enumerate(source["text"].split("\n"), first):
            text = line.strip()
            is_example = text.startswith(">>>") or (is_example and bool(text))
            if text and not is_example:
                start = line.index(text) + (len(before + literal) if row == first else 0)
                margin = before if row == first else lines[row][:start]
                yield Comment(text, row, row, start, start + len(text), margin, own_lines, literal)


def _positions(lines: list[str], language: str) -> list[tuple[int, int]]:
    """Return the line and column of each comment."""
    prompts = [0] * len(lines)
    if language in PROMPTS:
        matches = [_PROMPT.match(line) for line in lines]
        prompts = [
            match.end() if match else len(line) for match, line in zip(matches, lines, strict=True)
        ]
    if language in PYTHON | PROMPTS:
        source = "\n".join(line[prompt:] for line, prompt in zip(lines, prompts, strict=True))
        try:
            if language == "default":
                ast.parse(source)  # no language is named: is it Python?
            tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        except (SyntaxError, tokenize.TokenError):
            if language == "default":
                return []
        else:
            starts = (token.start for token in tokens if token.type == tokenize.COMMENT)
            return [(row - 1, column + prompts[row - 1]) for row, column in starts]
    elif language not in LINES:
        return []
    whole = ((row, line, prompts[row]) for row, line in enumerate(lines))
    return [
        (row, prompt + len(line[prompt:]) - len(line[prompt:].lstrip()))
        for row, line, prompt in whole
        if line[prompt:].lstrip().startswith("#")
    ]
