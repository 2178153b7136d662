"""The choice of a device, on machines that have a GPU and on machines that do not."""

from collections.abc import Callable

import pytest
import torch

from dlcourse.device import pick_device


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes PyTorch see a machine with these GPUs."""

    def pretend(*, cuda: bool, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_best_device_is_chosen(
    machine: Callable[..., None], cuda: bool, mps: bool, expected: str
) -> None:
    machine(cuda=cuda, mps=mps)
    assert pick_device() == torch.device(expected)
    for prefer in {"cpu", expected}:  # whatever else there is
        assert pick_device(prefer) == torch.device(prefer)


@pytest.mark.parametrize(("prefer", "check"), [("cuda", "nvidia-smi"), ("mps", "Apple silicon")])
def test_a_missing_device_is_an_error_that_says_what_to_do(
    machine: Callable[..., None], prefer: str, check: str
) -> None:
    machine(cuda=False, mps=False)
    with pytest.raises(RuntimeError, match=rf"{check}.* Call pick_device\(\)") as error:
        pick_device(prefer)
    assert f"{prefer}.is_available() is False" in str(error.value)


@pytest.mark.parametrize("prefer", ["gpu", "CUDA", "cuda:1", ""])
def test_an_unknown_name_is_an_error_that_lists_the_names(prefer: str) -> None:
    with pytest.raises(
        ValueError, match=rf"unknown device '{prefer}'; use \"cpu\", \"cuda\" or \"mps\""
    ):
        pick_device(prefer)


@pytest.mark.gpu
def test_the_chosen_gpu_computes_what_the_cpu_computes() -> None:
    values = torch.arange(12.0).reshape(3, 4)
    on_gpu = values.to(pick_device("cuda"))
    torch.testing.assert_close((on_gpu @ on_gpu.T).cpu(), values @ values.T)
