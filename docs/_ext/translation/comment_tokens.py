"""Find and replace the comments in a piece of code, and nothing else.

Python's own tokeniser says which characters are a comment, and the syntax trees before and
after are compared. One message is

- a comment at the end of a line of code, or
- a paragraph of comment lines that stand alone, joined into one sentence and wrapped again
  in the translation. An empty comment line, a list item or a deeper indent starts a new one.

What carries no prose is no message: shapes (``# (N, C·H·W)``), results (``# tensor(3)``) and
directives (``# noqa``, ``# doctest: +GPU``, ``# %%``).
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from _ext.translation.wrapping import wrap

WIDTH = 88
"""Columns that a translated paragraph of comments may take; a Chinese character takes two."""

PYTHON = {"python", "python3", "py", "ipython", "ipython3", "default"}
PROMPTS = {"pycon", "pycon3", "doctest"}
LINES = {"bash", "console", "sh", "shell", "shell-session", "toml", "yaml", "ini"}

DIRECTIVE = (
    r"(?:noqa|type:|doctest:|%%|pragma:|fmt:|ruff:|mypy:|pylint:|isort:|sphinx_gallery_|-\*-)"
)
_COMMENT = re.compile(rf"(?P<mark>#+[:!]?\s*)(?P<text>.*?)(?P<directive>\s*#\s*{DIRECTIVE}.*)?$")
_NEW_PARAGRAPH = re.compile(r"\s|[-*•]\s|\d+[.)]\s")
_PROMPT = re.compile(r"(>>>|\.\.\.) ?")


class Comment(NamedTuple):
    """One message: where it stands in the code, and what it says."""

    text: str
    first: int
    """Its first line, counted from 0."""
    last: int
    column: int
    mark: str
    """What stands before the text: ``# ``."""
    directive: str
    """What stands after it and is kept: ``  # noqa: E501``."""
    own_lines: bool


def translate(
    code: str, translation: Mapping[str, str], language: str = "python"
) -> tuple[str, list[str]]:
    """Replace the comments of a piece of code by their translation.

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
        The same code with other comments.
    missing : list of str
        The comments without a translation, which are left as they are.

    Raises
    ------
    ValueError
        If the translation changes the syntax tree, which it cannot unless there is a bug here.
    """
    lines = code.split("\n")
    missing: list[str] = []
    for comment in reversed(_find(code, language)):
        text = " ".join(translation.get(comment.text, "").split())
        if not text:
            missing.insert(0, comment.text)
            continue
        before = lines[comment.first][: comment.column]
        width = WIDTH - len(before + comment.mark)
        paragraph = wrap(text, width) if comment.own_lines and language not in PROMPTS else [text]
        new = [before + comment.mark + line for line in paragraph]
        new[-1] += comment.directive
        lines[comment.first : comment.last + 1] = new
    translated = "\n".join(lines)
    if language in PYTHON and syntax_tree(code) != syntax_tree(translated):
        raise ValueError(
            "translating the comments changed the code, so a comment was not one:\n"
            f"{code}\n--- became ---\n{translated}"
        )
    return translated, missing


def comments(code: str, language: str = "python") -> list[tuple[str, int]]:
    """List the comments of a piece of code that can be translated.

    Returns
    -------
    list of (str, int)
        The text of each comment and its first line, counted from 1.
    """
    return [(comment.text, comment.first + 1) for comment in _find(code, language)]


@lru_cache(maxsize=256)  # a page and its notebook ask for the same cells
def syntax_tree(code: str) -> str | None:
    """Return the syntax tree of the code as text; None for a fragment that is no whole program.

    Code with other comments has the same tree.
    """
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return None


def is_prose(text: str) -> bool:
    """Tell whether a comment says something in words.

    Examples
    --------
    >>> [is_prose(text) for text in ("exp(1000) overflows", "not used", "rows, columns")]
    [True, True, True]
    >>> [is_prose(text) for text in ("(N, C·H·W)", "tensor(3)", "torch.float32", "-> 3 × 4")]
    [False, False, False, False]
    """
    if re.match(DIRECTIVE, text):
        return False
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return any(
            re.search("[a-z\u4e00-\u9fff]", word) for word in re.findall(r"[^\W\d_]{2,}", text)
        )
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    dotted = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Name)
        and id(node) not in called | dotted
        and re.fullmatch("[A-Z]?[a-z]+|[\u4e00-\u9fff]+", node.id)
        and len(node.id) > 1
        for node in ast.walk(tree)
    )


@lru_cache(maxsize=256)  # a page asks whether there are any, then for them, then its notebook does
def _find(code: str, language: str) -> tuple[Comment, ...]:
    """Return the messages of the code, in order."""
    if "#" not in code:
        return ()
    found: list[Comment] = []
    for comment in _single_comments(code, language):
        if found and language not in PROMPTS and _continues(found[-1], comment):
            previous = found.pop()
            comment = comment._replace(text=f"{previous.text} {comment.text}", first=previous.first)
        found.append(comment)
    return tuple(comment for comment in found if is_prose(comment.text))


def _continues(previous: Comment, comment: Comment) -> bool:
    """Tell whether a comment belongs to the paragraph of the one before."""
    return (
        previous.own_lines
        and comment.own_lines
        and previous.last + 1 == comment.first
        and (previous.column, previous.mark) == (comment.column, comment.mark)
        and not previous.directive
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
        alone = not _PROMPT.sub("", before).strip()
        mark, text, directive = match["mark"], match["text"].rstrip(), match["directive"] or ""
        yield Comment(text, row, row, column, mark, directive, alone)


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
