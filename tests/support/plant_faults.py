"""Plant the faults of ``tests/faults/*.toml``, one at a time, and see that their tests notice.

    python tests/support/plant_faults.py [--list] [FILE NAME or WORD OF A TITLE …]

Each fault is a small edit of a source file (``old`` becomes ``new``) and the test that fails with
it. The faults are planted in a copy of the project; nothing in the project changes. Scripts, styles
and pages are checked as built: ``site = true`` plants the fault in a copy of the site as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "tests" / "faults"
SITE = Path("build", "html")
NOT_COPIED = (".git", ".nox", "build", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__")


@dataclass(frozen=True)
class Fault:
    """A fault and the test that catches it."""

    area: str
    title: str
    """What is wrong for a reader or an author, in one sentence."""
    file: str
    old: str
    new: str
    test: str
    """The id of a test, or of a file of tests, from the folder of the project."""
    site: bool = False
    """Whether the test reads the built site, whose files then hold the same text."""


def load() -> list[Fault]:
    """Return all faults, in the order of their files."""
    return [
        Fault(file.stem, **entry)
        for file in sorted(FAULTS.glob("*.toml"))
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["fault"]
    ]


def problem_of(fault: Fault, root: Path = ROOT) -> str | None:
    """Return why a fault cannot be planted, or nothing."""
    source = root / fault.file
    if not source.is_file():
        return f"there is no {fault.file}"
    if (count := source.read_text(encoding="utf-8").count(fault.old)) != 1:
        return f"its old text is {count} times in {fault.file}, not once"
    if not (root / fault.test.split("::")[0]).is_file():
        return f"there is no {fault.test}"
    return None


def fails(test: str, root: Path) -> tuple[bool, str]:
    """Run a test in a copy of the project; return whether it failed, and what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["DLCOURSE_HTML"] = str(root / SITE)
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 2):  # 2: what the tests import cannot be imported any more
        return False, f"pytest ended with {done.returncode}: {done.stdout[-500:]}"
    return done.returncode != 0, done.stdout[-2000:]


def try_out(fault: Fault, root: Path, passed: set[str]) -> str | None:
    """Plant a fault in a copy of the project; return what is wrong with its entry, or nothing.

    The tests that have passed without a fault are not run without one again.
    """
    if problem := problem_of(fault, root):
        return problem
    texts = {root / fault.file: (root / fault.file).read_text(encoding="utf-8")}
    if fault.site:
        files = [f for f in (root / SITE).rglob("*") if f.suffix in (".js", ".css", ".html")]
        read = {file: file.read_text(encoding="utf-8") for file in files}
        built = {file: text for file, text in read.items() if fault.old in text}
        if not built:
            return f"no file of the site in {root / SITE} has its old text"
        texts |= built
    if fault.test not in passed:
        failed, said = fails(fault.test, root)
        if failed:
            return f"{fault.test} fails without the fault:\n{said}"
        passed.add(fault.test)
    try:
        for file, text in texts.items():
            file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        failed, said = fails(fault.test, root)
    finally:
        for file, text in texts.items():
            file.write_text(text, encoding="utf-8")
    return None if failed else f"{fault.test} does not notice it\n{said}"


def main(arguments: list[str] | None = None) -> int:
    """Try out faults; return 1 if one is not noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--list", action="store_true", help="only name faults and tests")
    parser.add_argument("words", nargs="*", help="names of files in tests/faults, words of titles")
    options = parser.parse_args(arguments)
    words = options.words
    chosen = [f for f in load() if not words or any(w == f.area or w in f.title for w in words)]
    if options.list:
        for fault in chosen:
            print(f"{fault.area}: {fault.title}\n    {fault.test}")
        return 0
    missed = 0
    passed: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "project")
        ignore = shutil.ignore_patterns(*NOT_COPIED, "lessons/images")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignore)
        if any(fault.site for fault in chosen):
            shutil.copytree(os.environ.get("DLCOURSE_HTML", ROOT / SITE), copy / SITE)
        for fault in chosen:
            problem = try_out(fault, copy, passed)
            missed += problem is not None
            print(f"{'MISSED' if problem else 'caught'}  {fault.area}: {fault.title}", flush=True)
            if problem:
                print(f"        {problem}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults are caught.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
