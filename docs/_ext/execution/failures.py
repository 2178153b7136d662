"""Notes that failing lessons and pages leave, one line each: what failed where, and how."""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path

from _ext.common.paths import CACHE, ROOT

FOLDER = CACHE / "failures"
UNFINISHED = "it did not finish; it ended Python, or the machine is short of memory"


def of_lessons() -> list[str]:
    """Return the notes of lessons that failed in this build."""
    return [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.txt"))]


def of_pages() -> list[str]:
    """Return the notes of pages whose code failed in this build."""
    return [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("pages/**/*.txt"))]


def forget() -> None:
    """Remove the notes of an earlier build."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def begin(script: Path) -> None:
    """Leave a note in case that the process of a lesson does not live to say more."""
    _write(script, f"{script.relative_to(ROOT).as_posix()}: {UNFINISHED}")


def end(script: Path) -> None:
    """Remove the note of a lesson that has succeeded."""
    _file(script).unlink()


def report_exit(script: Path, error: SystemExit) -> None:
    """Say that a lesson wanted to end Python, and where."""
    stack = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(stack) if frame.filename == str(script)), "?")
    place = f"{script.relative_to(ROOT).as_posix()}:{line}"
    report(script, f"{place}: a lesson must not end Python")


def report_error(script: Path, traceback_text: str) -> None:
    """Say in one line which lesson failed where."""
    line = "?"
    for part in traceback_text.split(f'File "{script}", line ')[1:]:
        line = part.split(",")[0].split("\n")[0]
    # The stack is indented; what follows it is the error, whose message may have many lines.
    lines = traceback_text.strip().splitlines()[1:]
    error = next(text for text in lines if text and not text.startswith(" "))
    place = f"{script.relative_to(ROOT).as_posix()}:"
    # An error of the figure scraper has no line of the script in its stack; it says it itself.
    report(script, error[error.index(place) :] if place in error else f"{place}{line}: {error}")


def report(script: Path, message: str) -> None:
    """Leave a note, and say it at once."""
    _write(script, message)
    print(f"  {script.stem}: FAILED at {message}", flush=True)


def note_page(name: str, message: str) -> None:
    """Leave a note for a page, whose message names its place."""
    file = FOLDER / "pages" / f"{name}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(message, encoding="utf-8")


def _write(script: Path, message: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    _file(script).write_text(message, encoding="utf-8")


def _file(script: Path) -> Path:
    return FOLDER / f"{script.stem}.txt"
