"""Execute what has to be executed, before Sphinx starts: lessons and pages with code.

Each lesson runs in a process of its own, so that its peak memory is its own; pages, whose code runs
in kernels, share some processes. The longest lesson comes first: the others, and the pages, fill up
the time beside it. Such a process is started with::

    python docs/_tools/execute.py (lesson SCRIPT | pages NAME …) [--again NUMBER …]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sphinx_gallery.py_source_parser import extract_file_config

from _ext.common.driver import end_with
from _ext.common.paths import DOCS, ROOT
from _ext.course.lessons import lesson_scripts, number_of
from _ext.execution import cache, comparison, failures, notebooks
from _ext.execution.key import lesson_key
from _ext.execution.settings import settings

PAGES_A_PROCESS = 8
SECONDS_TO_STOP = 10
WAIT_S = 0.05


class Pool:
    """Runs commands, a few at a time; ends them when it is left.

    Parameters
    ----------
    size : int
        How many run at a time.
    environment : mapping of str to str
        Theirs.
    """

    def __init__(self, size: int, environment: Mapping[str, str]) -> None:
        self._size = size
        self._environment = environment
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        deadline = time.monotonic() + SECONDS_TO_STOP
        for process in self._running:  # after Ctrl-C they have been told as well
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, arguments: list[str]) -> None:
        """Start a process of this program as soon as there is room for it."""
        self._wait_for(self._size - 1)
        command = [sys.executable, __file__, *arguments]
        self._running.append(subprocess.Popen(command, cwd=ROOT, env=self._environment))

    def finish(self) -> None:
        """Wait for all that run."""
        self._wait_for(0)

    def _wait_for(self, count: int) -> None:
        while len(self._running) > count:
            self._running = [each for each in self._running if each.poll() is None]
            time.sleep(WAIT_S if len(self._running) > count else 0)


def lessons_to_run(chosen: Collection[str], again: Collection[str]) -> list[Path]:
    """Return the scripts that have to be executed, the longest first.

    Parameters
    ----------
    chosen : collection of str
        The numbers of the lessons that may be executed; if there are none, all may.
    again : collection of str
        The numbers of those that are, although their outputs are kept.
    """
    wanted = []
    for script in lesson_scripts():
        # Asked first: what another clone has kept is taken over, to be compared with.
        is_kept = cache.is_kept(script, lesson_key(script, ROOT))
        is_chosen = not chosen or number_of(script.stem) in chosen
        if is_chosen and (not is_kept or comparison.is_wanted(script.stem, again)):
            wanted.append(script)
    return sorted(wanted, key=lambda script: _settings(script).get("budget_s", 0), reverse=True)


def _settings(script: Path) -> dict[str, Any]:
    found: dict[str, Any] = extract_file_config(script.read_text(encoding="utf-8"))
    return found


def execute(
    chosen: Collection[str],
    again: Collection[str],
    environment: Mapping[str, str],
    *,
    pages_of_chosen: bool = False,
) -> None:
    """Execute all that has to be; what fails leaves a note, see ``failures``.

    On request, of the pages only those with the solutions of the chosen lessons.
    """
    failures.forget()
    comparison.forget()
    # Now, because Sphinx lists the pages as it starts: one that another language removed meanwhile
    # would be a page that cannot be read.
    cache.remove_traces(DOCS / "lessons", lesson_scripts())
    lessons = lessons_to_run(chosen, again)
    together = [script for script in lessons if _settings(script).get("parallel", True)]
    alone = [script for script in lessons if script not in together]
    pages = [
        page.name
        for page in notebooks.pages_to_run(again, forget=True)
        if not pages_of_chosen or comparison.is_wanted(page.file.stem, chosen)
    ]
    with Pool(settings()["course_processes"], environment) as pool:
        for script in together:
            pool.start(["lesson", str(script)])
        for names in _batches(pages):
            pool.start(["pages", *names, "--again", *again])
        pool.finish()
        for script in alone:
            pool.start(["lesson", str(script)])
            pool.finish()


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), PAGES_A_PROCESS):
        yield names[start : start + PAGES_A_PROCESS]


def main() -> int:
    """Execute one lesson, or some pages; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kind", choices=["lesson", "pages"])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--again", nargs="*", default=[])
    options = parser.parse_args()
    end_with(os.getppid())
    if options.kind == "lesson":
        from _ext.execution import lesson  # here: it loads what draws figures

        return 0 if lesson.execute(Path(*options.names)) else 1
    pages = [page for page in notebooks.pages_to_run(options.again) if page.name in options.names]
    failed = [page for page in pages if notebooks.execute(page)]
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # Ctrl-C reaches the driver as well, which says so
        sys.exit(130)
