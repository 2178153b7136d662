"""The pytest plugin, run inside pytest on small projects, with CUDA and without it."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import pytest_gpu

Run = Callable[..., pytest.RunResult]

DOCTESTS = '''
def double(number):
    """Double a number.

    >>> base = 1
    >>> double(base)
    2
    >>> double(base + 1)  # doctest: +GPU
    4
    """
    return 2 * number
'''

MARKED = """
import pytest

@pytest.mark.gpu
@pytest.mark.parametrize("size", [1, 2])
def test_on_the_gpu(size):
    assert size

def test_anywhere():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs pytest with a GPU or without, and reports the reasons of skips."""

    def run_pytest(cuda: bool | None, *arguments: str) -> pytest.RunResult:
        if cuda is not None:
            monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        options = ("-ra", "--strict-markers", "-p", "no:cacheprovider", "-p", "pytest_gpu")
        return pytester.runpytest_inprocess(*options, *arguments)

    return run_pytest


@pytest.mark.parametrize(
    ("cuda", "old", "new", "outcomes"),
    [
        (False, "", "", {"passed": 1, "skipped": 1}),
        (True, "", "", {"passed": 2}),
        (True, "    4\n", "    5\n", {"passed": 1, "failed": 1}),
        (False, "    2\n", "    3\n", {"failed": 1, "skipped": 1}),
        # What is not flagged cannot hide behind what is: it would fail without CUDA.
        (True, "base = 1", "base = 1  # doctest: +GPU", {"failed": 1, "passed": 1}),
        # Other flags of an example still count.
        (True, "+GPU\n    4", "+GPU, +NORMALIZE_WHITESPACE\n      4", {"passed": 2}),
    ],
)
def test_flagged_examples_run_with_cuda_only(
    pytester: pytest.Pytester, run: Run, cuda: bool, old: str, new: str, outcomes: dict[str, int]
) -> None:
    pytester.makepyfile(course=DOCTESTS.replace(old, new))
    result = run(cuda, "--doctest-modules", "-v")
    result.assert_outcomes(**outcomes)
    if not cuda:
        reason = "needs a CUDA GPU: torch.cuda.is_available() is False"
        result.stdout.fnmatch_lines(
            ["*course.double[[]gpu[]] SKIPPED*", f"SKIPPED [[]1[]] course.py*: {reason}"]
        )


def test_text_files_and_docstrings_with_only_flagged_examples(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.maketxtfile(test_page=">>> 1 + 1\n2\n>>> 1 + 2  # doctest: +GPU\n3\n")
    run(False, "test_page.txt").assert_outcomes(passed=1, skipped=1)
    pytester.makepyfile(course='"""\n>>> 1 + 1  # doctest: +GPU\n2\n"""')
    run(False, "--doctest-modules", "course.py").assert_outcomes(skipped=1)
    run(True, "--doctest-modules", "course.py").assert_outcomes(passed=1)


def test_a_marked_test_is_skipped_without_cuda_and_run_with_it(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(MARKED)
    result = run(False)
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]2[]] *: needs a CUDA GPU: torch.cuda.is_available() is False"]
    )
    run(True).assert_outcomes(passed=3)


def test_doctests_are_chosen_by_the_marker_or_by_name(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(course=DOCTESTS, test_marked=MARKED)
    for chosen, passed in (("gpu", 3), ("not gpu", 2)):
        outcomes = {"passed": passed, "deselected": 5 - passed}
        run(True, "--doctest-modules", "-m", chosen).assert_outcomes(**outcomes)
    for name, passed in (("course.double", 2), ("course.double[gpu]", 1)):
        run(True, "--doctest-modules", f"course.py::{name}").assert_outcomes(passed=passed)


def test_gpu_required_stops_with_one_error_before_anything_runs(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(MARKED)
    run(True, "--gpu-required", "-m", "gpu").assert_outcomes(passed=2, deselected=1)
    result = run(False, "--gpu-required", "-m", "gpu")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --gpu-required: torch.cuda.is_available() is False. Run on a machine where*"]
    )
    assert "Traceback" not in result.stderr.str()
    assert "collected" not in result.stdout.str()


def test_what_is_wrong_with_pytorch_becomes_the_reason(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn_about_the_driver() -> bool:
        warnings.warn("CUDA initialization: the driver is too old\nUpdate it.", stacklevel=2)
        return False

    pytester.makepyfile(MARKED)
    monkeypatch.setattr(torch.cuda, "is_available", warn_about_the_driver)
    result = run(None, "-W", "error")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*is False (CUDA initialization: the driver is too old)"])
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run(None)
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*: needs a CUDA GPU: PyTorch cannot be imported (*"])


def test_pytorch_is_not_imported_when_no_selected_test_needs_a_gpu(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        test_marked=MARKED,
        test_modules="import sys\ndef test_no_torch():\n    assert 'torch' not in sys.modules\n",
    )
    # In a process of its own: this one has imported PyTorch.
    monkeypatch.setenv("PYTHONPATH", str(Path(pytest_gpu.__file__).parent), prepend=os.pathsep)
    result = pytester.runpytest_subprocess(
        "-p", "pytest_gpu", "-m", "not gpu", "-p", "no:hypothesispytest", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=2, deselected=2)
