"""Read a lesson as its readers meet it: prose, cells, sections, directives. The anatomy test builds on it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Literal

_CONFIG = re.compile(r"#\s*sphinx_gallery_(\w+)\s*=\s*(.+)")
_UNDERLINE = re.compile(r"([=\-~^])\1{2,}")
_DIRECTIVE = re.compile(r"( *)\.\. ([\w:-]+)::(.*)")
_MARKUP = re.compile(r"( *)\.\. ")
_FOLD = "fold"


@dataclass(frozen=True)
class Block:
    """One piece of prose or one code cell, with the number of its first line in the script."""

    kind: Literal["text", "code"]
    lines: tuple[str, ...]
    first_line: int
    folded: bool = False
    """Whether a cell is behind a title: its output is in view, its code is not."""

    def headings(self) -> list[str]:
        """Return the section titles in this piece of prose."""
        return [
            title
            for title, below in zip(self.lines, self.lines[1:], strict=False)
            if title.strip() and _UNDERLINE.fullmatch(below) and len(below) >= len(title)
        ]

    def directives(self, name: str) -> list[tuple[str, str]]:
        """Return (argument, body) of each directive of this name, however deep it stands."""
        found = []
        for number, line in enumerate(self.lines):
            match = _DIRECTIVE.match(line)
            if match and match[2] == name:
                found.append((match[3].strip(), self._body(number, len(match[1]))))
        return found

    def _body(self, start: int, indent: int) -> str:
        body = []
        for line in self.lines[start + 1 :]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            body.append(line)
        return dedent("\n".join(body))

    def running_text(self) -> list[str]:
        """Return the lines a reader reads in a row: no titles, tables, or bodies of directives."""
        running: list[str] = []
        inside_table = False
        directive_indent: int | None = None
        for number, line in enumerate(self.lines):
            if not line.strip():
                continue
            indent = len(line) - len(line.lstrip())
            if directive_indent is not None and indent > directive_indent:
                continue
            directive_indent = None
            if match := _MARKUP.match(line):  # a directive, a label, a remark
                directive_indent = len(match[1])
            elif re.fullmatch(r"=+( +=+)+", line):
                # A simple table has a rule above and below its header, and one at its end.
                inside_table = not self._ends_table(number)
            elif not inside_table and not self._belongs_to_title(number):
                running.append(line)
        return running

    def _ends_table(self, number: int) -> bool:
        return number + 1 == len(self.lines) or not self.lines[number + 1].strip()

    def _belongs_to_title(self, number: int) -> bool:
        below = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        return bool(_UNDERLINE.fullmatch(self.lines[number]) or _UNDERLINE.fullmatch(below))

    def words(self) -> int:
        """Count the words of the running text."""
        return _words(" ".join(self.running_text()))

    def all_words(self) -> int:
        """Count the words of all its lines, also those in directives and titles."""
        return _words(" ".join(self.lines))

    def code_lines(self) -> int:
        """Count the lines that are not empty."""
        return sum(bool(line.strip()) for line in self.lines)

    def ends_in_fold(self) -> bool:
        """Tell whether the last thing in this piece of prose folds the cell after it."""
        last = next((line for line in reversed(self.lines) if line.strip()), "")
        match = _DIRECTIVE.fullmatch(last)
        return bool(match and match[2] == _FOLD and match[3].strip())


def _words(text: str) -> int:
    return len(re.findall(r"\w[\w'.-]*", text))


@dataclass(frozen=True)
class Lesson:
    """A lesson script, taken apart."""

    name: str
    config: dict[str, object]
    blocks: tuple[Block, ...]

    def headings(self) -> list[str]:
        """Return all section titles, in order; the first is the title of the lesson."""
        return [title for block in self.texts() for title in block.headings()]

    def texts(self) -> list[Block]:
        """Return the pieces of prose."""
        return [block for block in self.blocks if block.kind == "text"]

    def cells(self) -> list[Block]:
        """Return the code cells."""
        return [block for block in self.blocks if block.kind == "code"]

    def open_cells(self) -> list[Block]:
        """Return the cells whose code is in view."""
        return [cell for cell in self.cells() if not cell.folded]

    def around(self) -> list[tuple[Block, int, int]]:
        """Return each open cell with the words of prose before and after it.

        What is before it stands below the cell above; what is after it may stand below folded cells.
        The docstring is the opening of the lesson, not prose before its first cell.
        """
        before, after, words = [], [0], 0
        for block in self.blocks[1:]:
            if block.kind == "text":
                words += block.words()
                after[-1] += block.words()
                continue
            if not block.folded:
                before.append(words)
                after.append(0)
            words = 0
        return list(zip(self.open_cells(), before, after[1:], strict=True))

    def directives(self, name: str) -> list[tuple[str, str]]:
        """Return (argument, body) of each directive of this name in the lesson."""
        return [found for block in self.texts() for found in block.directives(name)]

    def section(self, title: str) -> str:
        """Return the prose from this title up to the next one."""
        lines = [line for block in self.texts() for line in (*block.lines, "")]
        starts = [n for n, line in enumerate(lines[1:]) if _UNDERLINE.fullmatch(lines[n + 1])]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            if lines[start].startswith(title):
                return "\n".join(lines[start + 2 : end])
        raise ValueError(
            f"{self.name}: there is no section {title!r}; its sections are {self.headings()}"
        )


def parse(source: str, name: str) -> Lesson:
    """Take a lesson script apart into prose and cells.

    Parameters
    ----------
    source : str
        The script.
    name : str
        Its file name, for messages.

    Returns
    -------
    Lesson
        The parts.
    """
    docstring = ast.get_docstring(ast.parse(source), clean=True)
    if docstring is None:
        raise ValueError(
            f"{name}:1: a lesson begins with a docstring that holds its title; add one"
        )
    # The docstring's own lines, so that line numbers stay those of the file.
    end = source.index('"""', source.index('"""') + 3) + 3
    skipped = source[:end].count("\n")
    blocks = [Block("text", tuple(docstring.splitlines()), 1)]
    config = {}
    lines: list[str] = []
    kind: Literal["text", "code"] = "code"
    first = skipped + 2

    def close() -> None:
        if any(line.strip() for line in lines):
            folded = kind == "code" and blocks[-1].ends_in_fold()
            blocks.append(Block(kind, tuple(lines), first, folded))

    for number, line in enumerate(source.splitlines()[skipped + 1 :], start=skipped + 2):
        if match := _CONFIG.match(line):
            config[match[1]] = ast.literal_eval(match[2])
        elif line.startswith("# %%"):
            close()
            kind, lines, first = "text", [], number + 1
        elif kind == "text" and not line.startswith("#"):
            close()
            kind, lines, first = "code", [line], number
        else:
            lines.append(line[2:] if kind == "text" else line)
    close()
    return Lesson(name, config, tuple(blocks))


def read(path: Path) -> Lesson:
    """Take the lesson in this file apart."""
    return parse(path.read_text(encoding="utf-8"), path.name)
