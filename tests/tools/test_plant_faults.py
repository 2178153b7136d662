"""The list of planted faults is true to the sources and the tests; the way it is tried out works."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import plant_faults
from plant_faults import Fault

TEST = "tests/test_sum.py"


def test_every_fault_can_be_planted() -> None:
    faults = plant_faults.load()
    problems = {f.title: problem for f in faults if (problem := plant_faults.problem_of(f))}
    assert problems == {}
    assert [title for title, n in Counter(f.title for f in faults).items() if n > 1] == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a + b", "a - b", None),
        ("a + b", "b + a", "does not notice it"),
        ("c", "d", "its old text is 0 times in sums.py, not once"),
    ],
)
def test_fault_is_tried_out(tmp_path: Path, old: str, new: str, expected: str | None) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / TEST).write_text(
        "from sums import add\n\n\ndef test_add():\n    assert add(3, 2) == 5\n"
    )
    fault = Fault("x", "wrong sums", "sums.py", old, new, TEST)
    problem = plant_faults.try_out(fault, tmp_path, set())
    assert (problem is None) if expected is None else expected in str(problem)
    assert (tmp_path / "sums.py").read_text().endswith("a + b\n")
