"""What ``nox -s gpu`` runs is all that is marked GPU, and it says so where there is no CUDA."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gpu_checks import ROOT, marked_files


def test_all_that_is_marked_is_in_the_files_that_are_run() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "gpu"]
    done = subprocess.run(
        [*command, "--ignore=tests/site"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    found = set(re.findall(r"^([^\s:]+)::.+$", done.stdout, re.MULTILINE))
    assert len(found) > 10
    assert found <= {file.relative_to(ROOT).as_posix() for file in marked_files()}


def test_nothing_is_marked_in_the_tests_of_the_site() -> None:
    files = (ROOT / "tests" / "site").rglob("*.py")
    assert [file for file in files if "mark.gpu" in file.read_text(encoding="utf-8")] == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, and the checks would run")
def test_without_cuda_it_stops_and_says_why(tmp_path: Path) -> None:
    """Also from another folder, and with a dlcourse that is not installed."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "gpu_checks.py"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--gpu-required: torch.cuda.is_available() is False" in done.stderr
    assert "Traceback" not in done.stderr
