"""Newest packages are tried in a copy; the slow parts are fakes, what they leave is real."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import nbformat
import pytest
from nbformat import v4

from _ext.execution import cache
from _tools import fresh
from tiny_course import LISTENING, TINY, make_project

ADDING, MOVING = "lesson_01_tiny", "lesson_02_moving"
PAGE = "solutions/lesson_01"
OLD_LOCK = "numpy==2.4.6 \\\n    --hash=x\ntqdm==4.66 \\\n"


def leave(
    folder: Path, printed: dict[str, list[str]], page: str, failed: Sequence[str] = ()
) -> None:
    """Leave what a run leaves: what each block of a lesson made, and a figure; a page; failures."""
    for stem, blocks in printed.items():
        lesson = folder / "lessons" / stem
        lesson.mkdir(parents=True)
        (lesson / cache.RECORD).write_text(json.dumps({"blocks": blocks}), "utf-8")
        (lesson / f"sphx_glr_{stem}_001.png").write_bytes(b"the same")
    cell = v4.new_code_cell("1 + 1", outputs=[v4.new_output("stream", text=page)])
    notebook = nbformat.writes(v4.new_notebook(cells=[cell]))
    (folder / "pages.json").write_text(json.dumps({PAGE: (notebook, [7])}), "utf-8")
    (folder / "failures.json").write_text(json.dumps(failed), "utf-8")


class Fake(fresh.Copy):
    """A copy of the tiny course, in which nothing slow happens."""

    lock = OLD_LOCK.replace("2.4.6", "2.5.0")
    printed: ClassVar = {ADDING: ["", "", "", "total: 3\nWarning: old"], MOVING: ["", "moved"]}
    page = "2"
    failed: tuple[str, ...] = ()
    tests_status = 0

    def clone(self) -> None:
        shutil.copytree(TINY, self.root)
        (self.root / "requirements").mkdir()
        (self.root / fresh.LOCK).write_text(OLD_LOCK, "utf-8")

    def today(self) -> None:
        leave(self.folder / fresh.TODAY, Fake.printed, "2")

    def upgrade(self, packages: Sequence[str]) -> None:
        (self.root / fresh.LOCK).write_text(self.lock, "utf-8")

    def newest(self) -> None:
        leave(self.folder / fresh.NEWEST, self.printed, self.page, self.failed)
        self.steps.append(fresh.Step("tests", 90.0, self.tests_status, "1 failed"))
        case = '<testcase classname="tests.a" name="test_b"><failure/></testcase>'
        if self.tests_status:
            self.tests.write_text(f"<testsuite>{case}</testsuite>", "utf-8")


@pytest.fixture(autouse=True)
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fresh, "ROOT", tmp_path)
    monkeypatch.setattr(fresh, "REPORT", tmp_path / "build/reports/fresh.md")
    return fresh.REPORT


def tried(report: Path, make: type[fresh.Copy], *arguments: str) -> tuple[int, str]:
    status = fresh.main([*arguments], make)
    return status, report.read_text("utf-8")


def test_what_changes_nothing_for_readers_is_no_failure(report: Path) -> None:
    status, text = tried(report, Fake)
    assert status == 0
    assert "| numpy | 2.4.6 | 2.5.0 |" in text and "tqdm" not in text
    assert text.count("| the same |") == 3 and "| tests | 1.5 | ended |" in text


def test_a_changed_output_is_reported_with_lesson_line_and_cell(report: Path) -> None:
    class Changed(Fake):
        printed: ClassVar = {
            **Fake.printed,
            ADDING: ["", "", "", "total: 4\nWarning: old\nWarning: new"],
        }

    status, text = tried(report, Changed)
    assert status == 1
    name = f"gallery/1_part/{ADDING}.py"
    assert f"| `{name}` | **1 differ** |" in text
    source = (TINY / name).read_text("utf-8").splitlines()
    line = source.index("# Draw the sum as a bar.") + 1
    assert f"`{name}:{line}: cell 2`\n\n```diff\n-total: 3\n" in text
    assert "\n+total: 4\n" in text and "\n+Warning: new\n" in text
    assert f"`gallery/1_part/{MOVING}.py` | the same" in text


def test_a_failing_lesson_hides_no_other(report: Path) -> None:
    name = f"gallery/1_part/{ADDING}.py"

    class Failing(Fake):
        printed: ClassVar = {MOVING: ["", "moved away"]}
        failed = (f"{name}:21: TypeError: add() takes no argument",)

    status, text = tried(report, Failing)
    assert status == 1
    assert f"| `{name}` | **fails** |" in text and "TypeError: add() takes" in text
    assert f"`gallery/1_part/{MOVING}.py` | **1 differ**" in text


def test_pages_and_tests_are_reported_too(report: Path) -> None:
    class Broken(Fake):
        page = "3"
        tests_status = 1

    status, text = tried(report, Broken)
    assert status == 1
    assert f"`docs/{PAGE}.md:7: cell 1`" in text and "kept: '2'; now: '3'" in text
    assert "- `tests.a::test_b`" in text and "**failed** with status 1" in text


def test_a_lesson_that_was_not_executed_is_not_called_the_same(report: Path) -> None:
    class Missing(Fake):
        printed: ClassVar = {MOVING: Fake.printed[MOVING]}

    status, text = tried(report, Missing)
    assert status == 1 and f"{ADDING}.py: it was not executed" in text


def test_nothing_newer_ends_before_anything_is_executed(report: Path) -> None:
    class Current(Fake):
        lock = OLD_LOCK

        def newest(self) -> None:
            raise AssertionError("nothing is to be executed")

    status, text = tried(report, Current)
    assert status == 0 and "Nothing newer is allowed" in text


def test_an_unknown_package_is_one_clear_error(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fresh.main(["--packages", "numpi"], Fake) == 1
    assert "requirements/dev.txt has no numpi" in capsys.readouterr().err
    assert not report.exists()


def test_a_step_that_fails_says_what_it_said(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Offline(Fake):
        def upgrade(self, packages: Sequence[str]) -> None:
            program = "import sys; print('no network'); sys.exit(3)"
            self.must("locks", [sys.executable, "-c", program])

    assert fresh.main([], Offline) == 1
    assert "The step 'locks' failed:\nno network" in capsys.readouterr().err


def test_after_ctrl_c_the_project_is_as_it_was(tmp_path: Path) -> None:
    project = make_project(tmp_path / "course")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.example"]
    for command in ("init --quiet", "add --all", "commit --quiet --message m"):
        subprocess.run([*git, *command.split()], cwd=project.root, check=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = tmp_path / "nox.py"
    program.write_text("import time; print('locking', flush=True); time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "docs/_tools/fresh.py", "--nox",
         f"{sys.executable} {program}", "--lessons", "01"],
        cwd=project.root,
        env={**project.environment(), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith("locks"):
            break
    os.killpg(process.pid, signal.SIGINT)
    seen += process.communicate(timeout=60)[0]
    assert process.returncode == 130, seen
    assert "Nothing in the project was changed." in seen
    assert project.executed() == ["01", "page"]  # with the versions of today, in the copy
    status = ["git", "status", "--porcelain", "--ignored"]
    done = subprocess.run(status, cwd=project.root, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if "node_modules" not in line] == []
    assert list(temporary.iterdir()) == []
