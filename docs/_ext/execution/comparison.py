"""Execute some lessons anew although their outputs are kept, and compare the two.

The driver chooses the lessons; their solutions come with them. What a lesson prints and draws has
to be the same each time, but for the cells whose output says that it is measured. A note for each lesson says what differs; the driver reads the notes at its end. The
outputs that were kept stay: what differs once is reported until it is mended.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from _ext.common.paths import CACHE

NOTES_DIR = CACHE / "compared"
MEASURED = "measured in this build"
NOTHING_KEPT = "nothing was kept to compare with"
#: So begins what is said about a figure.
FIGURE = "another figure"
LONGEST = 200
_FIGURE = re.compile(r"sphx_glr_\w+?_\d{3}(?=\.)")


def is_wanted(stem: str, again: Collection[str]) -> bool:
    """Return whether a lesson, or the page with its solutions, is to be executed anew.

    Parameters
    ----------
    stem : str
        The name of the script or of the page, without folder and ending.
    again : collection of str
        The numbers of the lessons that are.
    """
    number = re.match(r"lesson_(\d+)", stem)
    return number is not None and number[1] in again


def forget() -> None:
    """Remove the notes of an earlier build."""
    shutil.rmtree(NOTES_DIR, ignore_errors=True)


def note(name: str, differences: Sequence[str] | None) -> None:
    """Leave a note that something was executed, and what differs; None if nothing was kept."""
    NOTES_DIR.mkdir(parents=True, exist_ok=True)
    file = NOTES_DIR / f"{name.replace('/', '.')}.txt"
    if differences is None:
        file.write_text(NOTHING_KEPT, encoding="utf-8")
        return
    file.write_text("\n".join(differences), encoding="utf-8")
    result = f"{len(differences)} differ" if differences else "all the same"
    print(f"  {name}: compared with what was kept: {result}", flush=True)


def compare_lesson(
    kept: Sequence[str],
    new: Sequence[str],
    kept_files: Mapping[str, bytes],
    new_files: Mapping[str, bytes],
) -> Iterator[tuple[int | None, str]]:
    """Yield the index of a block and what differs there, for two runs of one lesson.

    Parameters
    ----------
    kept, new : sequence of str
        What each block of the script put into the page.
    kept_files, new_files : mapping of str to bytes
        The files that the runs made: figures, and what the lesson leaves for its page.
    """
    # A figure is drawn from its pickle, which also holds the order of things in memory.
    names = {x for x in kept_files.keys() | new_files.keys() if not x.endswith(".figure.pkl")}
    changed = sorted(name for name in names if kept_files.get(name) != new_files.get(name))
    shown: set[str] = set()
    for index, (before, now) in enumerate(zip(kept, new, strict=True)):
        figures = set(_FIGURE.findall(before + now))
        shown |= figures
        if not _is_measured(before, now):
            if difference := first_difference(before, now):
                yield index, difference
            if files := [name for name in changed if name.split(".")[0] in figures]:
                yield index, f"{FIGURE}: {', '.join(files)}"
    if files := [name for name in changed if name.split(".")[0] not in shown]:
        yield None, f"another file: {', '.join(files)}"


def place(source: str, script_blocks: Sequence[Any], index: int) -> tuple[int, int]:
    """Return the line in which a block of a script begins, and its number among the cells.

    Parameters
    ----------
    source : str
        The script.
    script_blocks : sequence
        Its blocks, as sphinx-gallery reads them.
    index : int
        The index of the block.
    """
    number = sum(block.type == "code" for block in script_blocks[: index + 1])
    lines = source.splitlines()
    line = script_blocks[index].lineno  # mostly an empty one
    return next(n for n in range(line, len(lines) + 1) if lines[n - 1].strip()), number


def compare_page(kept: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """Yield the index of a cell and what differs there, for two executions of one notebook."""
    for index, cells in enumerate(zip(kept, new, strict=True)):
        before, now = map(_text, cells)
        if not _is_measured(before, now) and (difference := first_difference(before, now)):
            yield index, difference


def _is_measured(kept: str, new: str) -> bool:
    return MEASURED in kept and MEASURED in new


def _text(cell: Any) -> str:
    """Return all outputs of a cell as one text; how a stream is cut into pieces depends on time."""
    text = ""
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            text += output.text
        elif output.output_type == "error":
            text += f"\n{output.ename}: {output.evalue}\n"
        else:
            text += "".join(f"\n{kind}: {what}\n" for kind, what in sorted(output.data.items()))
    return text


def first_difference(kept: str, new: str) -> str:
    """Return the first line in which two texts differ, in words; nothing if they are the same.

    Examples
    --------
    >>> first_difference("loss: 1.5", "loss: 1.6")
    "kept: 'loss: 1.5'; now: 'loss: 1.6'"
    >>> first_difference("one\\ntwo", "one")
    "kept: 'two'; now: no such line"
    """
    for lines in zip_longest(kept.splitlines(), new.splitlines()):
        if lines[0] != lines[1]:
            before, now = ("no such line" if x is None else repr(x[:LONGEST]) for x in lines)
            return f"kept: {before}; now: {now}"
    return ""
