"""Lay out what needs what as lines beside a list, one row a lesson, like the graph of commits.

Each lesson that others build on gets a lane, from its row down to the last row that needs it.
"""

from __future__ import annotations

from typing import NamedTuple

from _ext.course.syllabus import Course

HEIGHT = 100
"""Height of a row in the units of the paths; a row is stretched to the height of its text."""


class Line(NamedTuple):
    """A piece of a line in one row."""

    path: str
    """The ``d`` of an SVG path; a lane is one unit wide, times 100."""
    edges: tuple[str, ...]
    """The needs that it is part of, as ``05-09``: 09 needs 05."""


class Row(NamedTuple):
    """The lines of one row, and those that cross the space above it."""

    lane: int
    lines: tuple[Line, ...]
    above: tuple[Line, ...]


def lanes(course: Course) -> dict[int, int]:
    """Return the lane of each entry: that of a lesson it ends, else the first free one."""
    last = {need: entry.number for entry in course.entries for need in entry.needs}
    busy: dict[int, int] = {}  # from a lane to the row where it ends
    lane_of: dict[int, int] = {}
    for entry in course.entries:
        ended = [lane_of[need] for need in entry.needs if last[need] == entry.number]
        busy = {lane: row for lane, row in busy.items() if row > entry.number}
        free = (lane for lane in range(len(course.entries)) if lane not in busy)
        lane = lane_of[entry.number] = min(ended) if ended else next(free)
        if entry.number in last:
            busy[lane] = last[entry.number]
    return lane_of


def rows(course: Course) -> dict[int, Row]:
    """Return the row of each entry."""
    lane_of = lanes(course)
    children: dict[int, list[int]] = {entry.number: [] for entry in course.entries}
    for entry in course.entries:
        for need in entry.needs:
            children[need].append(entry.number)

    def line(parent: int, path: str, below: int) -> Line:
        used = (child for child in children[parent] if child >= below)
        return Line(path, tuple(f"{parent:02d}-{child:02d}" for child in used))

    found = {}
    for entry in course.entries:
        row = entry.number
        here = _x(lane_of[row])
        crossing = [n for n in range(row) if any(child >= row for child in children[n])]
        above = [line(n, f"M{_x(lane_of[n])} 0V{HEIGHT}", row) for n in crossing]
        lines = [
            line(n, f"M{_x(lane_of[n])} 0V{HEIGHT}", row + 1)
            for n in crossing
            if any(child > row for child in children[n])
        ]
        for need in entry.needs:
            x = _x(lane_of[need])
            path = f"M{x} 0V{HEIGHT // 2}" if x == here else f"M{x} 0C{x} 40 {here} 10 {here} 50"
            lines.append(Line(path, (f"{need:02d}-{row:02d}",)))
        if children[row]:
            lines.append(line(row, f"M{here} {HEIGHT // 2}V{HEIGHT}", row))
        found[row] = Row(lane_of[row], tuple(lines), tuple(above))
    return found


def _x(lane: int) -> int:
    return 100 * lane + 50
