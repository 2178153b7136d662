"""Run what is marked GPU, with the Python and the PyTorch at hand: ``python tests/support/gpu_checks.py``.

It needs nothing but PyTorch, pytest and what the marked modules of ``dlcourse`` import, so that it
also runs where PyTorch came with the machine. Options are those of pytest. Without CUDA it stops.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKED = {
    "dlcourse": re.compile(r"^ *>>> .*# doctest: \+GPU$", re.MULTILINE),
    "tests/support": re.compile(r"^ *>>> .*# doctest: \+GPU$", re.MULTILINE),
    "tests": re.compile(r"^@pytest\.mark\.gpu$", re.MULTILINE),
}


def marked_files() -> list[Path]:
    """Return the modules and the tests in which something is marked GPU."""
    return [
        file
        for folder, mark in MARKED.items()
        for file in sorted((ROOT / folder).rglob("*.py"))
        if mark.search(file.read_text(encoding="utf-8"))
    ]


def main(options: list[str]) -> int:
    """Run pytest on them; return its exit status."""
    # conftest.py brings the one plugin that is needed.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(ROOT))
    chosen = ["-m", "gpu", "--gpu-required"]
    places = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"]
    return pytest.main([*places, *chosen, *options, *map(str, marked_files())])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
