"""Build the site: English, which executes all code, and beside it every other language.

    python docs/_tools/build.py [--verbose] [--check-third COMMIT | LESSON NUMBER …]

With lesson numbers (``04 09``) only those lessons are executed; the others appear with the
outputs that they had, or without any. With ``--check-third`` a third of the lessons is executed
although their outputs are kept, and what they print and draw has to be the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from filelock import FileLock, Timeout

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "docs"))

from _ext.common import node
from _ext.common.files import write
from _ext.common.languages import LANGUAGES
from _ext.downloads import archives
from _ext.execution import comparison, failures, handover
from _ext.pages import version
from _tools import execute, shipping
from _tools.shipping import archive

#: A change in one of these renders every page again; lessons are executed only if they must.
PIPELINE = (
    "conf.py",
    "docutils.conf",
    "pyproject.toml",
    "requirements",
    "docs/_ext",
    "docs/_jupyter",
    "docs/_static",
    "docs/_templates",
    "docs/_tools/build.py",
    "docs/_tools/execute.py",
    "docs/_tools/render.py",
    "docs/_tools/shipping",
    "docs/_web",
    # Interface strings stand on every page.
    "docs/locale/*/LC_MESSAGES/site.po",
    "docs/locale/*/LC_MESSAGES/sphinx.po",
    "dlcourse",
)
#: All inputs; README and LICENSE are in the wheel that the site serves.
SOURCES = (*PIPELINE, "CITATION.cff", "README.md", "LICENSE", "docs", "gallery")
GENERATED = ("docs/lessons/", "docs/_web/node_modules/", "docs/_web/book/node_modules/")
#: One thread a process: outputs must not depend on how busy the machine is.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SECONDS_TO_STOP = 10


class BuildError(Exception):
    """The site could not be built; the message says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Build; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--verbose", action="store_true", help="show all that Sphinx says")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--check-third",
        metavar="COMMIT",
        help="execute a third of the lessons anew, chosen by the commit, and compare",
    )
    chosen.add_argument(
        "lessons", nargs="*", default=[], metavar="NUMBER", help="lessons to execute: 04 09"
    )
    options = parser.parse_args(arguments)
    try:
        lessons = chosen_lessons(options.lessons)
        commit = options.check_third
        again = [] if commit is None else third_of(lesson_numbers(), commit)
        node.ensure()
        with build_lock():
            build(lessons, again, verbose=options.verbose)
            return report_comparison(again) if again else 0
    except (BuildError, node.NodeError) as error:
        print(f"\nThe site was not finished.\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Lessons that had finished are kept; the same command goes on from there.",
            file=sys.stderr,
        )
        return 130


def lesson_numbers() -> list[str]:
    """Return the numbers of all lessons, in order."""
    return sorted(script.stem.split("_")[1] for script in ROOT.glob("gallery/*/lesson_*.py"))


def third_of(numbers: list[str], commit: str) -> list[str]:
    """Return a third of the lessons, another one for each commit; over many commits, each lesson."""

    def rank(number: str) -> bytes:
        return hashlib.sha256(f"{commit} {number}".encode()).digest()

    return sorted(sorted(numbers, key=rank)[: math.ceil(len(numbers) / 3)])


def chosen_lessons(numbers: Iterable[str]) -> list[str]:
    """Return lesson numbers in two digits; raise for a number without a lesson."""
    known = lesson_numbers()
    chosen = [number.zfill(2) for number in numbers]
    unknown = [number for number in chosen if number not in known]
    if unknown:
        raise BuildError(
            f"There is no lesson {', '.join(unknown)} in gallery/. Lessons: {', '.join(known)}."
        )
    return chosen


def build_lock() -> FileLock:
    """Return a lock that is held, or raise if another build runs in this folder."""
    BUILD.mkdir(exist_ok=True)
    lock = FileLock(BUILD / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BuildError(
            "Another build of this folder is running. Wait until it has finished, or stop it."
        ) from None
    return lock


def build(lessons: list[str], again: list[str], *, verbose: bool = False) -> None:
    """Build every language that is not up to date, and print the address to open."""
    started = time.monotonic()
    state_file = BUILD / "state.json"
    state: dict[str, object] = {
        "python": platform.python_version(),
        "day": version.commit_day(),
        "pages": digest(["docs", "gallery"], names_only=True),
        "pipeline": digest(PIPELINE),
        "sources": digest(SOURCES),
        "lessons": lessons,
        "address": os.environ.get("DLCOURSE_SITE_URL", ""),
        "repository": os.environ.get("DLCOURSE_REPOSITORY_URL", ""),
        "branch": os.environ.get("DLCOURSE_PAGES_BRANCH", ""),
    }
    previous = read_state(state_file)
    html = BUILD / "html"
    kept = [html / archives.SITE, *(html / x.folder for x in LANGUAGES.values())]
    if state == previous and not again and all(path.exists() for path in kept):
        print("Nothing has changed since the last build.")
    else:
        # Sphinx renders again what changed. It cannot know that a build was killed half-way, or
        # that an extension, a setting or the list of pages changed: then everything is rendered.
        state_file.unlink(missing_ok=True)
        if any(previous.get(k) != state[k] for k in state if k not in ("sources", "day")):
            forget()
        archive.discard(html)  # a build that stops leaves none, rather than an old one
        execute.execute(lessons, again, environment())
        if pages := failures.of_pages():  # Sphinx would execute them once more
            raise BuildError("\n".join(["These pages failed:", *pages]))
        failed = failures.of_lessons()
        with shipping.Tuner(BUILD / "pages", html, BUILD / "cache" / "tuned") as tuner:
            # After a lesson failed, the others are there to be looked at, in English.
            render(["en"] if failed else list(LANGUAGES), tuner, verbose=verbose, strict=not failed)
            tuner.finish()
        if failed:
            listed = "\n".join(f"  {note}" for note in failed)
            raise BuildError(f"These lessons failed; the outputs of the others are kept:\n{listed}")
        archive.finish(html)
        # What it was before the build: a file that was edited meanwhile is for the next one.
        write(state_file, json.dumps(state, indent=1))
    print(f"\nThe site is ready ({time.monotonic() - started:.0f} s). Open")
    print(f"  {(html / 'index.html').as_uri()}")
    print("or serve it with: nox -s serve")


def forget() -> None:
    """Remove what earlier builds made, but not the outputs of lessons."""
    for folder in ("doctrees", "pages", "html"):
        shutil.rmtree(BUILD / folder, ignore_errors=True)
    # Compiled catalogues: Sphinx also reads one that is cut short, or whose source is gone.
    for compiled in ROOT.glob("docs/locale/**/*.mo"):
        compiled.unlink()


def render(languages: list[str], tuner: shipping.Tuner, *, verbose: bool, strict: bool) -> None:
    """Run Sphinx for each language; see ``execution/handover`` for who waits for whom.

    Unless it is strict, what Sphinx has against English does not matter.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = {
            code: stack.enter_context(
                subprocess.Popen(sphinx(code, folder, verbose), cwd=ROOT, env=environment())
            )
            for code in languages
        }
        try:
            for code, process in running.items():
                name, pages = LANGUAGES[code].name, LANGUAGES[code].folder
                started = time.monotonic()
                print(f"{name}: build/html/{pages}", flush=True)
                status = process.wait()
                if status and strict:
                    raise BuildError(failure_summary(code, status))
                seconds = time.monotonic() - started
                also = "" if code == "en" else " more"  # both are made side by side
                print(f"  rendered in {seconds:.0f} s{also}", flush=True)
                Path(folder, handover.ENDED).touch()
                tuner.prepare(pages)
        except KeyboardInterrupt:
            # Ctrl-C reached Sphinx as well.
            for process in running.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SECONDS_TO_STOP)
            raise
        finally:
            for process in running.values():
                process.kill()


def sphinx(language: str, handover_folder: str, verbose: bool) -> list[str]:
    """Return the command that runs Sphinx for one language."""
    pages = f"build/pages/{LANGUAGES[language].folder}"
    command = [sys.executable, "docs/_tools/render.py", language, pages]
    return [*command, "--handover", handover_folder, *["--verbose"] * verbose]


def environment() -> dict[str, str]:
    """Return the environment in which lessons, pages and Sphinx run."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "JUPYTER_PATH": str(ROOT / "docs" / "_jupyter"),  # a kernel that speaks up for errors only
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",  # progress bars are for terminals
    }


def failure_summary(language: str, status: int) -> str:
    """Return what stopped Sphinx: a pointer to its messages."""
    name = LANGUAGES[language].name
    if status not in (1, 2):
        return (
            f"Sphinx ended in {name} with status {status} and no message: was it stopped, or is "
            "the machine short of memory? The same command goes on from there."
        )
    if language != "en":
        name += " (for translations, `nox -s i18n -- --check` names the lines of the catalogues)"
    return f"Sphinx stopped in {name}: its messages above name file and line."


def report_comparison(again: list[str]) -> int:
    """Say what the lessons that were executed anew made otherwise than it was kept.

    Returns
    -------
    int
        The exit status: 1 if something differs that is not marked as measured.
    """
    notes = {
        note.stem: note.read_text(encoding="utf-8")
        for note in sorted(comparison.NOTES_DIR.glob("*.txt"))
    }
    differences = [x for x in notes.values() if x not in ("", comparison.NOTHING_KEPT)]
    results: dict[str, list[str]] = {}
    for number in again:
        of_lesson = [text for name, text in notes.items() if f"lesson_{number}" in name]
        if any(text in differences for text in of_lesson):
            result = "DIFFERENT"
        elif not any(name.startswith(f"lesson_{number}") for name in notes):
            result = "NOT EXECUTED"
        else:
            result = max(of_lesson) or "the same"
        results.setdefault(result, []).append(number)
    said = [f"lessons {', '.join(found)}: {result}" for result, found in results.items()]
    print(f"\nExecuted anew and compared with what was kept: {'; '.join(said)}.")
    if differences:
        advice = f'Pass the randomness in, or print the words "{comparison.MEASURED}".'
        print("\n".join([*differences, advice]), file=sys.stderr)
    return 1 if differences or "NOT EXECUTED" in results else 0


def digest(names: Iterable[str], *, names_only: bool = False) -> str:
    """Return one digest of the source files below some files and folders."""
    total = hashlib.sha256()
    for name in names:
        for file in sorted(file for top in ROOT.glob(name) for file in sources_below(top)):
            total.update(file.encode())
            total.update(b"" if names_only else hashlib.sha256((ROOT / file).read_bytes()).digest())
    return total.hexdigest()


def sources_below(top: Path) -> Iterator[str]:
    """Yield the inputs of the build in a folder, or a file itself, by their names in the project."""
    name = top.relative_to(ROOT).as_posix()
    if top.is_file() and is_source(name):
        yield name
    for folder, inside, files in os.walk(top):
        name = Path(folder).relative_to(ROOT).as_posix()
        # Not to be walked through: thousands of files of packages.
        inside[:] = [each for each in inside if is_source(f"{name}/{each}/")]
        yield from (file for each in files if is_source(file := f"{name}/{each}"))


def is_source(name: str) -> bool:
    """Return whether a file or a folder is an input of the build, not made by a build or an editor.

    Its name is seen from the project; that of a folder ends with a slash.
    """
    made = name.startswith(GENERATED) or name.endswith((".mo", ".pyc", "~", "/__pycache__/"))
    return not made and not any(part.startswith(".") for part in name.split("/"))


def read_state(file: Path) -> dict[str, object]:
    """Return the state that the last complete build left, or an empty one."""
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
