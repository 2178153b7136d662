"""Every public function that takes a tensor, a model or a device has an example for the GPU."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import dlcourse

#: What takes one, with the reason why it has no example for the GPU.
EXCEPTIONS = {
    "checkpoints.require_same_weights": "compares names and shapes, no values",
    "distributed.join_processes": "does nothing in one process; tests start several",
    "distributed.replicate": "does nothing in one process; tests start several",
    "distributed.share_buffers": "does nothing in one process; tests start several",
    "resuming.capture_run": "shown with restore_run",
}
ON_A_DEVICE = re.compile(r"\b(Tensor|Module|device)\b")


def public_functions() -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of each public function that takes something on a device."""
    for module in pkgutil.iter_modules(dlcourse.__path__):
        if module.name.startswith("_") or module.name == "pytest_gpu":
            continue
        members = vars(importlib.import_module(f"dlcourse.{module.name}"))
        for name, function in members.items():
            own = inspect.isfunction(function) and function.__module__ == f"dlcourse.{module.name}"
            if not own or name.startswith("_"):
                continue
            parameters = inspect.signature(function).parameters.values()
            if any(ON_A_DEVICE.search(f"{one.name} {one.annotation}") for one in parameters):
                yield f"{module.name}.{name}", inspect.getdoc(function) or ""


FUNCTIONS = dict(public_functions())


def test_the_functions_are_found() -> None:
    expected = {"conv.im2col", "metrics.accuracy", "text.length_batches", "training.fit"}
    assert expected <= FUNCTIONS.keys()


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - EXCEPTIONS.keys()))
def test_example_for_the_gpu(name: str) -> None:
    assert "# doctest: +GPU" in FUNCTIONS[name], f"dlcourse.{name} has no example marked GPU"


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_exceptions_are_needed(name: str) -> None:
    module, function = name.split(".")
    found = getattr(importlib.import_module(f"dlcourse.{module}"), function)
    assert "# doctest: +GPU" not in (inspect.getdoc(found) or "")
