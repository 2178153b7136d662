"""The pytest plugin, run inside pytest on small projects, with CUDA and without it."""

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest
import torch

Cuda = Callable[[bool], None]
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
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    """Return a function that makes PyTorch see a GPU, or none."""

    def pretend(available: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: available)

    return pretend


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Return a function that runs pytest and reports the reasons of skips."""

    def run_pytest(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(
            "-ra", "--strict-markers", "-p", "no:cacheprovider", *arguments
        )

    return run_pytest


def test_the_installed_package_brings_the_plugin() -> None:
    assert {entry.value for entry in entry_points(group="pytest11", name="dlcourse_gpu")} == {
        "dlcourse.pytest_gpu"
    }


def test_without_cuda_the_flagged_example_alone_is_skipped_and_says_why(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(False)
    pytester.makepyfile(course=DOCTESTS)
    result = run("--doctest-modules", "-v")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "course.py::course.double PASSED*",
            "course.py::course.double[[]gpu[]] SKIPPED*",
            "SKIPPED [[]1[]] course.py*: needs a CUDA GPU: torch.cuda.is_available() is False",
        ]
    )


def test_with_cuda_both_parts_run(pytester: pytest.Pytester, run: Run, cuda: Cuda) -> None:
    cuda(True)
    pytester.makepyfile(course=DOCTESTS)
    run("--doctest-modules").assert_outcomes(passed=2)


def test_with_cuda_a_wrong_flagged_example_fails(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(True)
    pytester.makepyfile(course=DOCTESTS.replace("    4\n", "    5\n"))
    result = run("--doctest-modules")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*double(base + 1)*", "Expected:", "    5", "Got:", "    4"])


def test_a_wrong_unflagged_example_fails_without_cuda(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(False)
    pytester.makepyfile(course=DOCTESTS.replace("    2\n", "    3\n"))
    run("--doctest-modules").assert_outcomes(failed=1, skipped=1)


def test_an_unflagged_example_cannot_hide_behind_a_flagged_one(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    """It would fail without CUDA; it must fail with CUDA too, before anybody else meets it."""
    pytester.makepyfile(course='"""\n>>> there = 1  # doctest: +GPU\n>>> there\n1\n"""')
    cuda(True)
    run("--doctest-modules").assert_outcomes(failed=1, passed=1)


def test_a_docstring_with_only_flagged_examples_is_one_test(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    pytester.makepyfile(course='"""\n>>> 1 + 1  # doctest: +GPU\n2\n"""')
    cuda(False)
    run("--doctest-modules").assert_outcomes(skipped=1)
    cuda(True)
    run("--doctest-modules").assert_outcomes(passed=1)


def test_the_flag_works_in_text_files(pytester: pytest.Pytester, run: Run, cuda: Cuda) -> None:
    cuda(False)
    pytester.maketxtfile(test_page=">>> 1 + 1\n2\n>>> 1 + 2  # doctest: +GPU\n3\n")
    run("test_page.txt").assert_outcomes(passed=1, skipped=1)


def test_other_flags_of_an_example_still_count(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(True)
    pytester.makepyfile(course='"""\n>>> print("a b c")  # doctest: +GPU, +ELLIPSIS\na ... c\n"""')
    run("--doctest-modules").assert_outcomes(passed=1)


def test_a_marked_test_is_skipped_without_cuda_and_run_with_it(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    pytester.makepyfile(MARKED)
    cuda(False)
    result = run()
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]2[]] *: needs a CUDA GPU: torch.cuda.is_available() is False"]
    )
    cuda(True)
    run().assert_outcomes(passed=3)


def test_selecting_the_marker_selects_doctests_too(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(True)
    pytester.makepyfile(course=DOCTESTS, test_marked=MARKED)
    run("--doctest-modules", "-m", "gpu").assert_outcomes(passed=3, deselected=2)
    run("--doctest-modules", "-m", "not gpu").assert_outcomes(passed=2, deselected=3)


@pytest.mark.parametrize(("test_id", "passed"), [("course.double", 2), ("course.double[gpu]", 1)])
def test_a_doctest_can_be_named_on_the_command_line(
    pytester: pytest.Pytester, run: Run, cuda: Cuda, test_id: str, passed: int
) -> None:
    cuda(True)
    pytester.makepyfile(course=DOCTESTS)
    run("--doctest-modules", f"course.py::{test_id}").assert_outcomes(passed=passed)


def test_gpu_required_stops_with_one_error_before_anything_runs(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(False)
    pytester.makepyfile(MARKED)
    result = run("--gpu-required", "-m", "gpu")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --gpu-required: torch.cuda.is_available() is False. Run on a machine where*"]
    )
    assert "Traceback" not in result.stderr.str()
    assert "collected" not in result.stdout.str()


def test_gpu_required_changes_nothing_with_cuda(
    pytester: pytest.Pytester, run: Run, cuda: Cuda
) -> None:
    cuda(True)
    pytester.makepyfile(MARKED)
    run("--gpu-required", "-m", "gpu").assert_outcomes(passed=2, deselected=1)


def test_a_missing_pytorch_is_the_reason_given(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    pytester.makepyfile(MARKED)
    result = run()
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*: needs a CUDA GPU: PyTorch cannot be imported (*"])


def test_a_warning_about_the_driver_becomes_part_of_the_reason(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn_about_the_driver() -> bool:
        warnings.warn("CUDA initialization: the driver is too old\nUpdate it.", stacklevel=2)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", warn_about_the_driver)
    pytester.makepyfile(MARKED)
    result = run("-W", "error")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*is False (CUDA initialization: the driver is too old)"])


def test_pytorch_is_not_imported_when_no_selected_test_needs_a_gpu(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        test_marked=MARKED,
        test_modules="import sys\ndef test_no_torch():\n    assert 'torch' not in sys.modules\n",
    )
    # In a process of its own: this one has imported PyTorch.
    result = pytester.runpytest_subprocess(
        "-m", "not gpu", "-p", "no:hypothesispytest", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=2, deselected=2)
