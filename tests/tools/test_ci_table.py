"""The table at the end of the checks: what each step took, and what it will take."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from built_site import ROOT

BEGAN = 1_800_000_000
CASE = '<testcase classname="tests.x.test_x" name="{}" time="{}" />'
TESTS = {
    "test_other": 40,
    "test_one[lesson_01_a]": 10,  # is asked of one lesson only
    "test_page[en/lessons/1_b/lesson_01_a.html]": 4,
    "test_page[en/lessons/1_b/lesson_02_b.html]": 6,
    "test_page[en/lessons/1_b/lesson_03_c.html]": 5,
    "test_page[en/lessons/1_b/lesson_04_d.html]": 5,
    "test_page[en/solutions/lesson_01.html]": 2,
    "test_page[en/solutions/lesson_02.html]": 6,
    "test_page[en/index.html]": 2,
}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What the checks leave of a course with four lessons, of which one was executed."""
    (tmp_path / "reports").mkdir()
    steps = [(BEGAN, 60, "lint"), (BEGAN + 60, 130, "docs"), (BEGAN + 190, 40, "site")]
    lines = ["\t".join(map(str, step)) for step in steps]
    (tmp_path / "reports" / "steps.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    cases = "".join(CASE.format(*test) for test in TESTS.items())
    (tmp_path / "reports" / "site.xml").write_text(f"<testsuites>{cases}</testsuites>", "utf-8")
    pages = tmp_path / "html" / "en" / "lessons"
    (pages / "_static").mkdir(parents=True)
    for name in ("_static/part", *range(10)):
        (pages / f"{name}.html").touch()
    lessons = [{"run_time_s": 20, "executed_at": when(BEGAN + 100 * (n - 2))} for n in range(4)]
    ledger = {
        "build": {"processor_count": 2},
        "totals": {"run_time_s": 80, "budget_s": 160},
        "lessons": lessons,
    }
    (pages.parent / "ledger.json").write_text(json.dumps(ledger), "utf-8")
    return tmp_path


def when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table(build: Path) -> str:
    """Run the program as the checks do."""
    command = [sys.executable, ROOT / ".ci" / "table.py", build]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def test_minutes_of_each_step_and_the_slowest_tests(build: Path) -> None:
    steps, tests, _ = table(build).split("\n\n")
    assert steps.splitlines()[1:] == [
        "   1.0  lint",
        "   2.2  docs",
        "   0.7  site",
        "   3.8  together",
    ]
    names = [line.split("::")[1] for line in tests.splitlines()[1:]]
    assert names[:2] == ["test_other", "test_one[lesson_01_a]"]
    assert len(names) == len(TESTS)


def test_forecast(build: Path) -> None:
    """The lessons of today need half of their budgets.

    ``docs``: of its 130 s one lesson took 10, beside another; there are ten pages, 12 s each; 24
    more lessons and 24 more solutions take 576 s, and all lessons 2045 s / 2 / 2. ``site``: its
    tests took 80 s within 40; those of lessons 20 s for four, those of solutions 8 s.
    """
    lines = table(build).split("\n\n")[2].splitlines()
    assert lines[1] == "(lessons need 50% of their budgets: 1022 s, 2 at a time)"
    assert lines[2:] == [
        "   1.0  lint (a lesson 0.0, a solution 0.0)",
        f"{(120 + 48 * 12 + 2045 / 4) / 60:6.1f}  docs (a lesson 12.0, a solution 12.0)",
        f"{(40 + 24 * 3.5) / 60:6.1f}  site (a lesson 2.5, a solution 1.0)",
        "  23.2  together",
    ]


def test_a_failure_before_the_site_is_built_still_has_a_table(build: Path) -> None:
    (build / "html" / "en" / "ledger.json").unlink()
    (build / "reports" / "site.xml").unlink()
    assert table(build).endswith("\nThe site was not built: no forecast.\n")
