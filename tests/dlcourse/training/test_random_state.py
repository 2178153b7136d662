"""The state of generators, taken down and put back."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    WeightedRandomSampler,
)

from dlcourse.checkpoints import capture_random_state, generators_of, restore_random_state


def draw(times: int, generators: Iterable[torch.Generator]) -> list[object]:
    """Draw from everything, so often."""
    numbers: list[object] = []
    for _ in range(times):
        # Normal numbers come in pairs: the second one is part of the state.
        numbers += [random.gauss(0, 1), np.random.standard_normal(), torch.randn(1).item()]
        numbers += [torch.rand(1, generator=generator).item() for generator in generators]
    return numbers


@settings(deadline=None, max_examples=30)  # the first call into PyTorch is slow
@given(before=st.integers(0, 5), after=st.integers(1, 5), count=st.integers(0, 2))
def test_the_same_numbers_follow(before: int, after: int, count: int) -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
    draw(before, generators)
    state = capture_random_state(generators)
    expected = draw(after, generators)
    assert draw(after, generators) != expected
    restore_random_state(state, generators)
    assert draw(after, generators) == expected


def test_generators_are_found_wherever_a_loader_has_them() -> None:
    first, second, third, fourth = (torch.Generator() for _ in range(4))
    weighted = WeightedRandomSampler([1.0, 2.0], 2, generator=second)
    batches = BatchSampler(RandomSampler(range(4), generator=third), 2, drop_last=False)
    loaders = [
        DataLoader(range(4), shuffle=True, generator=first),
        DataLoader(range(2), sampler=weighted),
        DataLoader(range(4), batch_sampler=batches, generator=fourth),
        DataLoader(range(4), generator=first),  # the same one again
        [1, 2, 3],
        None,
    ]
    found = generators_of(*loaders)
    assert [id(generator) for generator in found] == [
        id(generator) for generator in (first, second, fourth, third)
    ]


def test_too_few_generators_change_nothing() -> None:
    state = capture_random_state([torch.Generator()])
    torch.rand(1)
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="holds 1 generators of data loaders, and there are 0 now"):
        restore_random_state(state)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_process_without_cuda_is_left_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    state = capture_random_state()
    assert state["cuda"] == []
    restore_random_state(state)


def test_each_gpu_gets_its_state_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on with one GPU instead of two uses the first state."""
    states = [torch.tensor([1], dtype=torch.uint8), torch.tensor([2], dtype=torch.uint8)]
    given_back: dict[int, torch.Tensor] = {}
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, device: given_back.update({device: state})
    )
    restore_random_state(capture_random_state())
    assert given_back == {0: states[0]}


def test_an_apple_gpu_gets_its_state_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout on an Apple GPU draws from a generator of its own."""
    own, given_back = torch.tensor([7], dtype=torch.uint8), []
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: own)
    monkeypatch.setattr(torch.mps, "set_rng_state", given_back.append)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    state = capture_random_state()
    restore_random_state(state)
    assert given_back == [own]
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    restore_random_state(state)  # on another machine
    assert len(given_back) == 1
    assert capture_random_state()["mps"] is None


@pytest.mark.gpu
def test_the_same_numbers_follow_on_the_gpu() -> None:
    torch.rand(1, device="cuda")
    state = capture_random_state()
    expected = torch.rand(5, device="cuda")
    assert not torch.equal(torch.rand(5, device="cuda"), expected)
    restore_random_state(state)
    assert torch.equal(torch.rand(5, device="cuda"), expected)
