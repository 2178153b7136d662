"""Quantities in the language of a page; pages of lessons are written again when theirs change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

from _ext.course.lessons import lesson_names, record_file
from _ext.pages.description import OG_LOCALES


class Wording:
    """Quantities in the language of a page.

    Parameters
    ----------
    translate : callable
        The function that translates interface strings, see ``translation/interface``.
    language : str
        What Sphinx calls the language.
    """

    def __init__(self, translate: Callable[[str], str], language: str) -> None:
        self._translate = translate
        self._language = language

    def duration(self, seconds: float) -> str:
        """Return a run time: tenths below ten seconds, then seconds, then minutes as well."""
        if seconds < 9.95:
            return self._translate("{seconds} s").format(seconds=f"{seconds:.1f}")
        minutes, rest = divmod(round(seconds), 60)
        if not minutes:
            return self._translate("{seconds} s").format(seconds=rest)
        if not rest:
            return self._translate("{minutes} min").format(minutes=minutes)
        return self._translate("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)

    def memory(self, mib: int) -> str:
        """Return an amount of memory."""
        return f"{mib} MiB"

    def day(self, moment: str) -> str:
        """Return the day of a date, or of a time in UTC, as ISO 8601 writes them."""
        day = datetime.fromisoformat(moment).date() if "T" in moment else date.fromisoformat(moment)
        return str(format_date(day, format="long", locale=OG_LOCALES[self._language]))


def changed(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Name the lessons whose records are not those of the last build."""
    lessons = lesson_names(env)
    files = {name: record_file(Path(app.srcdir) / name) for name in lessons}
    records = {name: file.read_text("utf-8") for name, file in files.items() if file.is_file()}
    before: dict[str, str] = getattr(env, "course_records", {})
    env.course_records = records  # type: ignore[attr-defined]  # ours
    return [name for name in lessons if records.get(name) != before.get(name)]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Compare the records with those of the last build."""
    app.connect("env-get-outdated", changed)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
