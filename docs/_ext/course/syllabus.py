"""Read docs/course.toml: the entries of the course, and what needs what.

Which entries are ready is not written down: an entry is ready when its lesson or its page exists.
"""

from __future__ import annotations

import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.errors import ExtensionError

FILE = "course.toml"
_KEYS = {"number": int, "title": str, "needs": list}


class Entry(NamedTuple):
    """A lesson, the opening or the closing."""

    number: int
    title: str
    """In English."""
    needs: tuple[int, ...]
    page: str | None
    """Its page, or nothing while it is planned."""
    builds: str = ""
    """What it makes, in a few English words."""

    @property
    def label(self) -> str:
        """The number as readers know it: two digits."""
        return f"{self.number:02d}"


class Part(NamedTuple):
    """A part of the course."""

    title: str
    """In English."""
    entries: tuple[Entry, ...]


class Course(NamedTuple):
    """The whole course."""

    parts: tuple[Part, ...]

    @property
    def entries(self) -> list[Entry]:
        """All entries in order."""
        return [entry for part in self.parts for entry in part.entries]

    def before(self, number: int) -> set[int]:
        """Return all lessons that a lesson builds on, also through others."""
        needs = {entry.number: entry.needs for entry in self.entries}
        found: set[int] = set()
        ahead = list(needs[number])
        while ahead:
            found.add(ahead[-1])
            ahead.extend(needs[ahead.pop()])
        return found


def load(docs: Path) -> Course:
    """Read and check the course.

    Parameters
    ----------
    docs : Path
        The folder with ``course.toml``; the lessons are in ``gallery`` beside it.

    Raises
    ------
    sphinx.errors.ExtensionError
        If the file has a mistake; the message names the entry and says what to do.
    """
    file = docs / FILE
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ExtensionError(f"{file}: this is no TOML: {error}") from None
    parts = []
    for part in data.get("part", []):
        if not isinstance(part.get("title"), str) or not isinstance(part.get("entries"), list):
            raise ExtensionError(f"{file}: every [[part]] needs a title and a list of entries")
        entries = [_entry(file, docs, part.get("folder"), entry) for entry in part["entries"]]
        parts.append(Part(part["title"], tuple(entries)))
    course = Course(tuple(parts))
    _check(file, course)
    return course


def _entry(file: Path, docs: Path, folder: str | None, data: dict[str, Any]) -> Entry:
    for key, kind in _KEYS.items():
        if not isinstance(data.get(key), kind):
            raise ExtensionError(f"{file}: {data}: give {key} ({kind.__name__})")
    builds = data.get("builds", "")
    if not isinstance(builds, str):
        raise ExtensionError(f"{file}: {data}: builds is not a text")
    if unknown := data.keys() - _KEYS.keys() - {"builds", "page"}:
        raise ExtensionError(f"{file}: {data}: unknown {', '.join(sorted(unknown))}")
    return Entry(
        data["number"],
        data["title"],
        tuple(data["needs"]),
        _page(file, docs, folder, data["number"], data.get("page")),
        builds,
    )


def _page(file: Path, docs: Path, folder: str | None, number: int, page: str | None) -> str | None:
    """Return the name of the page of an entry, if it exists."""
    if page is not None:
        return page if (docs / f"{page}.md").exists() else None
    if folder is None:
        raise ExtensionError(f"{file}: entry {number}: give its page, or its part a folder")
    scripts = sorted((docs.parent / "gallery" / folder).glob(f"lesson_{number:02d}_*.py"))
    if len(scripts) > 1:
        names = " and ".join(script.name for script in scripts)
        raise ExtensionError(f"{scripts[0].parent}: {names} have the same number; rename one")
    return f"lessons/{folder}/{scripts[0].stem}" if scripts else None


def _check(file: Path, course: Course) -> None:
    """Raise for numbers that are no course, and for needs that nobody can meet."""
    numbers = [entry.number for entry in course.entries]
    for number in numbers:
        if numbers.count(number) > 1:
            raise ExtensionError(f"{file}: two entries have the number {number}; change one")
    if numbers != list(range(len(numbers))):
        missing = sorted(set(range(max(numbers, default=0))) - set(numbers))
        raise ExtensionError(f"{file}: the numbers must go from 0 on, in order; missing: {missing}")
    for entry in course.entries:
        for need in entry.needs:
            if need not in numbers:
                raise ExtensionError(f"{file}: {entry.number} needs {need}, which is no entry")
    try:
        TopologicalSorter({entry.number: entry.needs for entry in course.entries}).prepare()
    except CycleError as error:
        circle = " → ".join(map(str, error.args[1]))
        raise ExtensionError(
            f"{file}: these need each other: {circle}; take one need out"
        ) from None
    for entry in course.entries:
        for need in entry.needs:
            if need > entry.number:
                raise ExtensionError(
                    f"{file}: {entry.number} needs {need}, which comes later; readers go in order"
                )


def messages(docs: Path) -> list[str]:
    """List the English texts that the catalogue ``site`` must have.

    They are the titles of parts, those of planned entries, and what entries make.
    """
    if not (docs / FILE).exists():
        return []
    course = load(docs)
    planned = [entry.title for entry in course.entries if not entry.page]
    makes = [entry.builds for entry in course.entries if entry.builds]
    return [*(part.title for part in course.parts), *planned, *makes]
