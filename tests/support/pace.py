"""Report the pace of the lessons: ``python tests/support/pace.py [NN …]``.

A line a lesson, of what has no bound: its open cells, the words of prose before and after each, and the
time that reading takes, as the page says it. ``--cells`` adds a line for each open cell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from _ext.lesson_page.reading_time import minutes
from lesson_script import Block, Lesson, read

LONG = 15
HEAD = "open  folded  longest  over 15  before  after  minutes"


class Pace(NamedTuple):
    """What a reader of one lesson meets."""

    open_cells: int
    folded_cells: int
    longest: int
    """Lines of the longest open cell."""
    long_share: float
    """Share of the open cells that have more than 15 lines."""
    before: list[int]
    """Words of prose before each open cell."""
    after: list[int]
    minutes: int
    """How long reading takes; the outputs are left out."""

    def __str__(self) -> str:
        words = (f"{min(count)}/{median(count):.0f}" for count in (self.before, self.after))
        before, after = words
        return (
            f"{self.open_cells:4}  {self.folded_cells:6}  {self.longest:7}  {self.long_share:7.0%}"
            f"  {before:>6}  {after:>5}  {self.minutes:7}"
        )


def pace(lesson: Lesson) -> Pace:
    """Measure a lesson; it has at least one open cell."""
    around = lesson.around()
    lines = [cell.code_lines() for cell, _, _ in around]
    folded = [cell for cell in lesson.cells() if cell.folded]
    return Pace(
        open_cells=len(lines),
        folded_cells=len(folded),
        longest=max(lines),
        long_share=sum(count > LONG for count in lines) / len(lines),
        before=[before for _, before, _ in around],
        after=[after for _, _, after in around],
        minutes=minutes(
            sum(text.all_words() for text in lesson.texts()), sum(lines), _lines(folded)
        ),
    )


def _lines(cells: list[Block]) -> int:
    return sum(cell.code_lines() for cell in cells)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="of lessons; all if none is given")
    parser.add_argument("--cells", action="store_true", help="name the open cells")
    options = parser.parse_args(arguments)
    scripts = sorted(ROOT.glob("gallery/*/lesson_*.py"))
    if options.numbers:
        scripts = [script for script in scripts if script.stem.split("_")[1] in options.numbers]
    print(f"{'':32}{HEAD}   (words: least/median)")
    for script in scripts:
        lesson = read(script)
        print(f"{script.stem:32}{pace(lesson)}")
        for cell, before, after in lesson.around() if options.cells else ():
            line = f"line {cell.first_line}:"
            print(f"  {line:10}{cell.code_lines():3} lines, {before} words before, {after} after")


if __name__ == "__main__":
    main()
