"""Try the newest packages in a copy of the project, and say what they change for a reader.

    nox -s fresh [-- --packages NAME …] [-- --lessons NUMBER …]

In a folder of its own, the last commit gets new locked versions and an environment with them. All
lessons and solutions are executed there, and what they print and draw is compared with what they did
with the versions that are locked today; then the site is built, and the catalogues and the tests are
checked. With ``--lessons`` only these lessons and their solutions are executed and compared.
``build/reports/fresh.md`` is the report. Nothing else in the project is written, also after Ctrl-C.
The exit status is 0 if readers see the same, and 1 otherwise.

``--collect FOLDER`` is for the copy, which calls this program: it leaves there what is kept.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import nbformat
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from _ext.common.files import write
from _ext.course.lessons import lesson_scripts
from _ext.execution import cache, comparison, failures, notebooks
from _ext.execution.key import lesson_key
from _tools import build, execute

REPORT = ROOT / "build" / "reports" / "fresh.md"
LOCK = Path("requirements", "dev.txt")
PINS = Path("requirements", "constraints.in")
#: Where a run leaves its outputs, beside the copy: with the versions of today, and with newer ones.
TODAY, NEWEST = "today", "newest"
DIFF_LINES = 12
LOG_LINES = 15
SECONDS_TO_STOP = 30
_VERSION = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


class FreshError(Exception):
    """Nothing could be compared; the message says why and what to do."""


@dataclass
class Step:
    """What one step took, and how it ended."""

    name: str
    seconds: float
    status: int
    said: str
    """The end of what it printed."""


@dataclass
class Result:
    """What became of a lesson, or of a page with code."""

    name: str
    error: str = ""
    """Where and why it failed, if it did."""
    differences: list[tuple[str, str]] = field(default_factory=list)
    """The place of each cell that differs, and how: a diff, or a line in words."""

    @property
    def verdict(self) -> str:
        """One or two words for the table."""
        if self.error:
            return "**fails**"
        return f"**{len(self.differences)} differ**" if self.differences else "the same"


class Copy:
    """The last commit in a folder of its own.

    Parameters
    ----------
    folder : Path
        Empty; the copy becomes a folder in it.
    nox : list of str
        The command that runs nox.
    lessons : list of str
        The numbers of the lessons to execute; all if there are none.
    """

    def __init__(self, folder: Path, nox: Sequence[str], lessons: Sequence[str]) -> None:
        self.folder = folder
        self.root = folder / "course"
        self.nox = list(nox)
        self.lessons = list(lessons)
        self.steps: list[Step] = []

    def run(self, name: str, command: Sequence[str], **environment: str) -> Step:
        """Run a step in the copy, and note what it took."""
        print(f"{name} …", flush=True)
        log = self.folder / f"{name}.log"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root if self.root.exists() else self.folder,
                env={**os.environ, "PYTHONPATH": str(self.root), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                status = process.wait()
            except KeyboardInterrupt:  # it was told as well, and has its own to end
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SECONDS_TO_STOP)
                raise
            finally:
                process.kill()
        lines = log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:]
        step = Step(name, time.monotonic() - started, status, "\n".join(lines))
        self.steps.append(step)
        print(f"  {'ended' if status == 0 else 'FAILED'} after {step.seconds / 60:.1f} min")
        return step

    def must(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Run a step without which there is nothing to compare."""
        step = self.run(name, command, **environment)
        if step.status:
            raise FreshError(f"The step '{name}' failed:\n{step.said}")

    def clone(self) -> None:
        """Take the last commit; what is not committed is not in it."""
        self.must("copy", ["git", "clone", "--quiet", "--shared", str(ROOT), str(self.root)])

    def today(self) -> None:
        """Collect the outputs with the versions of today; what is not kept is executed."""
        command = [sys.executable, "docs/_tools/fresh.py", *self._collect(TODAY), "--execute"]
        self.must("lessons today", command)
        for made in ("build", "docs/lessons"):
            shutil.rmtree(self.root / made, ignore_errors=True)

    def upgrade(self, packages: Sequence[str]) -> None:
        """Lock the newest versions, of some packages or of all; see `loosened` for the pins."""
        pins = self.root / PINS
        pins.write_text(loosened(pins.read_text("utf-8"), packages), "utf-8")
        named = [f"--upgrade-package={name}" for name in packages] or ["--upgrade"]
        self.must("locks", [*self.nox, "-s", "lock", "--", *named])

    def newest(self) -> None:
        """Execute all anew with the newest versions, and collect the outputs; then check the rest."""
        off = {"DLCOURSE_OUTPUTS": "off"}  # nothing is taken from other clones, or given to them
        collect = [*self.nox, "-s", "fresh", "--", *self._collect(NEWEST)]
        if self.lessons:
            self.must("lessons newest", [*collect, "--execute"], **off)
            return
        self.run("site", [*self.nox, "-s", "docs"], **off)
        self.must("outputs", collect, **off)
        self.run("catalogues", [*self.nox, "-s", "i18n", "--", "--check"], **off)
        self.run("tests", [*self.nox, "-s", "tests", "--", f"--junitxml={self.tests}"], **off)

    @property
    def tests(self) -> Path:
        """What pytest wrote about the tests."""
        return self.folder / "tests.xml"

    def _collect(self, name: str) -> list[str]:
        arguments = ["--collect", str(self.folder / name)]
        return [*arguments, "--lessons", *self.lessons] if self.lessons else arguments


def loosened(pins: str, packages: Sequence[str]) -> str:
    """Return constraints whose exact versions are lower bounds, of some packages or of all.

    Upper bounds stay: they are there because something newer is known to fail.

    Examples
    --------
    >>> loosened("numpy<2.5\\ntorch==2.14.1\\n", [])
    'numpy<2.5\\ntorch>=2.14.1\\n'
    >>> loosened("torch==2.14.1\\n", ["tqdm"])
    'torch==2.14.1\\n'
    """

    def bound(match: re.Match[str]) -> str:
        wanted = not packages or match[1] in packages
        return f"{match[1]}>={match[2]}" if wanted else match[0]

    return _VERSION.sub(bound, pins)


def changed_versions(before: str, now: str) -> list[tuple[str, str, str]]:
    """Return name, old and new version of each package that differs in two locks; "–" for none.

    Examples
    --------
    >>> changed_versions("a==1 \\\\\\nb==1\\n", "a==2\\nc==3\\n")
    [('a', '1', '2'), ('b', '1', '–'), ('c', '–', '3')]
    """
    old, new = dict(_VERSION.findall(before)), dict(_VERSION.findall(now))
    names = sorted(old.keys() | new.keys())
    pairs = [(name, old.get(name, "–"), new.get(name, "–")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def collect(folder: Path, lessons: Sequence[str], *, run: bool) -> None:
    """Leave in a folder what is kept here of lessons and pages, and what failed.

    On request, first execute what is not kept.
    """
    if run:
        chosen = build.chosen_lessons(lessons)
        execute.execute(chosen, [], build.environment(), pages_of_chosen=bool(chosen))
    for script in lesson_scripts():
        entry = cache.entry_of(script, lesson_key(script, ROOT))
        if cache.is_complete(entry):
            shutil.copytree(entry, folder / "lessons" / script.stem)
    missing = {page.name for page in notebooks.pages_to_run()}
    pages = [page for page in notebooks.all_pages() if page.name not in missing]
    outputs = {page.name: notebooks.kept_outputs(page) for page in pages}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pages.json").write_text(json.dumps(outputs), "utf-8")
    failed = [*failures.of_lessons(), *failures.of_pages()]
    (folder / "failures.json").write_text(json.dumps(failed), "utf-8")


def compare(root: Path, today: Path, newest: Path, lessons: Sequence[str]) -> Iterator[Result]:
    """Yield what became of each lesson and page of a project, given what two runs left."""
    notes: list[str] = json.loads((newest / "failures.json").read_text("utf-8"))
    failed = {note.split(":")[0]: note for note in notes}
    for script in sorted(root.glob("gallery/*/lesson_*.py")):
        if not lessons or comparison.is_wanted(script.stem, lessons):
            result = Result(script.relative_to(root).as_posix())
            result.error = failed.get(result.name, "")
            yield result if result.error else _compared_lesson(result, script, today, newest)
    old, new = (json.loads((x / "pages.json").read_text("utf-8")) for x in (today, newest))
    for page in sorted({*old, *new, *(name[5:-3] for name in failed if name.endswith(".md"))}):
        if not lessons or comparison.is_wanted(Path(page).name, lessons):
            result = Result(f"docs/{page}.md")
            result.error = failed.get(result.name, "")
            yield result if result.error else _compared_page(result, old.get(page), new.get(page))


def _not_compared(result: Result, *, is_kept: bool) -> Result:
    what = "it was not executed" if is_kept else comparison.NOTHING_KEPT
    result.error = f"{result.name}: {what}"
    return result


def _compared_lesson(result: Result, script: Path, today: Path, newest: Path) -> Result:
    kept, new = (cache.contents(folder / "lessons" / script.stem) for folder in (today, newest))
    if not (kept and new):
        return _not_compared(result, is_kept=bool(kept))
    before, now = (json.loads(files.pop(cache.RECORD))["blocks"] for files in (kept, new))
    script_blocks = split_code_and_text_blocks(str(script))[1]
    source = script.read_text("utf-8")
    for index, what in comparison.compare_lesson(before, now, kept, new):
        if index is None:
            result.differences.append((result.name, what))
            continue
        line, cell = comparison.place(source, script_blocks, index)
        is_figure = what.startswith(comparison.FIGURE)
        text = what if is_figure else short_diff(before[index], now[index])
        result.differences.append((f"{result.name}:{line}: cell {cell}", text))
    return result


def _compared_page(
    result: Result, kept: tuple[str, list[int]] | None, new: tuple[str, list[int]] | None
) -> Result:
    if not (kept and new):
        return _not_compared(result, is_kept=bool(kept))
    before, now = (nbformat.reads(text, as_version=4) for text, _ in (kept, new))  # type: ignore[no-untyped-call]  # it has no types
    for index, what in comparison.compare_page(before.cells, now.cells):
        result.differences.append((f"{result.name}:{new[1][index]}: cell {index + 1}", what))
    return result


def short_diff(before: str, now: str) -> str:
    """Return the first lines of a diff, without their context.

    Examples
    --------
    >>> print(short_diff("loss\\n1.5", "loss\\n1.6"))
    -1.5
    +1.6
    """
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), n=0, lineterm="")
    found = [line[: comparison.LONGEST] for line in list(lines)[2:] if not line.startswith("@@")]
    more = [f"… and {len(found) - DIFF_LINES} more lines"] if len(found) > DIFF_LINES else []
    return "\n".join(found[:DIFF_LINES] + more)


def failing_tests(report: Path) -> list[str]:
    """Return the tests that failed, from what pytest wrote about them."""
    if not report.is_file():
        return []
    return [
        f"{case.get('classname')}::{case.get('name')}"
        for case in ElementTree.parse(report).iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def examine(copy: Copy, packages: Sequence[str]) -> tuple[str, bool]:
    """Try the newest packages; return the report, and whether readers see the same."""
    copy.clone()
    lock = copy.root / LOCK
    before = lock.read_text("utf-8")
    if unknown := set(packages) - {name for name, _ in _VERSION.findall(before)}:
        raise FreshError(f"{LOCK} has no {', '.join(sorted(unknown))}: name packages that it has.")
    copy.today()
    copy.upgrade(packages)
    versions = changed_versions(before, lock.read_text("utf-8"))
    if not versions:
        return write_report(copy, [], [], []), True
    copy.newest()
    folders = (copy.folder / TODAY, copy.folder / NEWEST)
    results = list(compare(copy.root, *folders, copy.lessons))
    tests = failing_tests(copy.tests)
    is_same = not any(result.error or result.differences for result in results)
    ended = all(step.status == 0 for step in copy.steps)
    return write_report(copy, versions, results, tests), is_same and ended


def write_report(
    copy: Copy, versions: list[tuple[str, str, str]], results: list[Result], tests: list[str]
) -> str:
    """Return the report, in Markdown."""
    lines = ["# What the newest packages change", "", "## Versions", ""]
    if not versions:
        lines += ["Nothing newer is allowed by `pyproject.toml` and `requirements/constraints.in`."]
    else:
        lines += ["| Package | Today | Newest |", "|---|---|---|"]
        lines += [f"| {name} | {old} | {new} |" for name, old, new in versions]
    if results:
        lines += ["", "## Lessons, and pages with code", "", "| Name | Result |", "|---|---|"]
        lines += [f"| `{result.name}` | {result.verdict} |" for result in results]
    for result in results:
        if result.error:
            lines += ["", f"### `{result.name}` fails", "", "```text", result.error, "```"]
        elif result.differences:
            lines += ["", f"### `{result.name}` differs"]
            for place, text in result.differences:
                lines += ["", f"`{place}`", "", "```diff", text, "```"]
    if tests:
        lines += ["", "## Tests that fail", "", *(f"- `{name}`" for name in tests)]
    lines += ["", "## Steps", "", "| Step | Minutes | Result |", "|---|---|---|"]
    for step in copy.steps:
        ended = "ended" if step.status == 0 else f"**failed** with status {step.status}"
        lines.append(f"| {step.name} | {step.seconds / 60:.1f} | {ended} |")
    lines.append(f"| together | {sum(step.seconds for step in copy.steps) / 60:.1f} | |")
    for step in copy.steps:
        if step.status:
            lines += ["", f"The end of what the step '{step.name}' said:", "", "```text"]
            lines += [step.said, "```"]
    if copy.lessons and versions:
        lines += ["", "Only some lessons were tried: no site was built, and no test was run."]
    return "\n".join([*lines, ""])


def main(arguments: list[str] | None = None, make: type[Copy] = Copy) -> int:
    """Try the newest packages; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--packages", nargs="+", default=[], metavar="NAME", help="upgrade only these"
    )
    parser.add_argument(
        "--lessons", nargs="+", default=[], metavar="NUMBER", help="execute only these"
    )
    parser.add_argument(
        "--nox", default=shlex.join([sys.executable, "-m", "nox"]), help=argparse.SUPPRESS
    )
    parser.add_argument("--collect", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--execute", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        lessons = build.chosen_lessons(options.lessons)
        if options.collect:
            collect(options.collect, lessons, run=options.execute)
            return 0
        with tempfile.TemporaryDirectory(
            prefix="dlcourse-fresh-", ignore_cleanup_errors=True
        ) as folder:
            copy = make(Path(folder), shlex.split(options.nox), lessons)
            report, is_same = examine(copy, options.packages)
            write(REPORT, report)  # before an environment of gigabytes is removed
    except (FreshError, build.BuildError) as error:
        print(f"\nNothing could be compared.\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing in the project was changed.", file=sys.stderr)
        return 130
    result = "Readers see the same" if is_same else "Something changes or fails"
    print(f"\n{result}: {REPORT.relative_to(ROOT)} says what was tried.")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
