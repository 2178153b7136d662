"""A pytest plugin for tests and doctests that need a CUDA GPU.

It registers the marker ``gpu`` for tests, and the doctest flag ``GPU`` for single examples::

    @pytest.mark.gpu
    def test_on_the_gpu(): ...

    >>> import torch
    >>> torch.ones(2, device="cuda").sum().item()  # doctest: +GPU
    2.0

A docstring or text file with flagged examples becomes two tests. The first runs the examples
without the flag, on any machine. The second, with ``[gpu]`` after its name, is marked ``gpu`` and
runs all examples in order. Without CUDA everything that is marked ``gpu`` is skipped, and the
report says why. An example without the flag must not use a name that a flagged example defines.

``pytest -m gpu --gpu-required`` runs only what is marked ``gpu``, and stops with an error where
there is no CUDA.
"""

import copy
import doctest
import warnings
from collections.abc import Generator

import pytest

_GPU = doctest.register_optionflag("GPU")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--gpu-required``."""
    parser.getgroup("gpu", "tests that need a CUDA GPU").addoption(
        "--gpu-required",
        action="store_true",
        help="stop with an error where there is no CUDA, instead of skipping what is marked gpu",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and honour ``--gpu-required`` before anything is collected."""
    config.addinivalue_line("markers", "gpu: needs a CUDA GPU; skipped where there is none.")
    if config.getoption("gpu_required") and (reason := _why_no_cuda()):
        raise pytest.UsageError(
            f"--gpu-required: {reason}. Run on a machine where nvidia-smi lists a GPU, "
            "with a PyTorch built for CUDA; without --gpu-required these tests are skipped."
        )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Split doctests with flagged examples early, so that ``-k``, ``-m`` and test ids work."""
    report = yield
    # A session also hands on what its modules have collected, split already.
    if not isinstance(collector, pytest.Session):
        report.result = [part for node in report.result for part in _split(node)]
    return report


# Last, so that PyTorch is only imported when a test that needs a GPU was really selected.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked ``gpu`` where there is no CUDA."""
    gpu_items = [item for item in items if item.get_closest_marker("gpu")]
    if gpu_items and (reason := _why_no_cuda()):
        for item in gpu_items:
            item.add_marker(pytest.mark.skip(reason=f"needs a CUDA GPU: {reason}"))


def _why_no_cuda() -> str | None:
    """Return why CUDA cannot be used, or None where it can."""
    # PyTorch warns about a driver that is too old or broken. That is a reason to report here, also
    # for a project whose settings turn warnings into errors.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            import torch  # here: every pytest run loads this plugin, and few need PyTorch
        except ImportError as error:
            return f"PyTorch cannot be imported ({error})"
        if torch.cuda.is_available():
            return None
    details = "".join(f" ({str(warning.message).strip().splitlines()[0]})" for warning in caught)
    return f"torch.cuda.is_available() is False{details}"


def _split(node: pytest.Item | pytest.Collector) -> list[pytest.Item | pytest.Collector]:
    """Return the tests that a collected node stands for: a doctest with flagged examples is two."""
    if not isinstance(node, pytest.DoctestItem):
        return [node]
    examples = node.dtest.examples
    if not any(_is_flagged(example) for example in examples):
        return [node]
    gpu_part = _with_examples(node, f"{node.name}[gpu]", examples)
    gpu_part.add_marker("gpu")
    if all(_is_flagged(example) for example in examples):
        return [gpu_part]
    return [
        _with_examples(node, node.name, [_skip_if_flagged(example) for example in examples]),
        gpu_part,
    ]


def _is_flagged(example: doctest.Example) -> bool:
    """Tell whether an example carries ``# doctest: +GPU``."""
    return example.options.get(_GPU, False)


def _skip_if_flagged(example: doctest.Example) -> doctest.Example:
    """Return the example, or for a flagged one a copy that the runner skips."""
    if not _is_flagged(example):
        return example
    skipped = copy.copy(example)
    skipped.options = {**example.options, doctest.SKIP: True}
    return skipped


def _with_examples(
    item: pytest.DoctestItem, name: str, examples: list[doctest.Example]
) -> pytest.DoctestItem:
    """Return a copy of a doctest item that runs other examples, in a namespace of its own."""
    test = item.dtest
    # DocTest copies the namespace it is given.
    part = doctest.DocTest(
        examples, test.globs, test.name, test.filename, test.lineno, test.docstring
    )
    return type(item).from_parent(
        item.parent,  # type: ignore[arg-type]  # pytest does not export the narrower type
        name=name,
        runner=item.runner,
        dtest=part,
    )
