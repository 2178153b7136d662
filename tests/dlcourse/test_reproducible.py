"""One seed must give the same numbers from every source, and a wrong seed a clear error."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.reproducible import seed_everything

SEEDS = st.integers(0, 2**32 - 1)


def draw_from_everything(seed: int) -> list[object]:
    generator = seed_everything(seed)
    own = torch.rand(3, generator=generator).tolist()
    return [random.random(), np.random.random_sample(), torch.rand(3).tolist(), own]


@settings(deadline=None)  # the first call into PyTorch is slow
@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_numbers_everywhere(seed: int) -> None:
    assert draw_from_everything(seed) == draw_from_everything(seed)


def test_another_seed_gives_other_numbers_from_each_source() -> None:
    pairs = zip(draw_from_everything(0), draw_from_everything(1), strict=True)
    assert all(a != b for a, b in pairs)


@settings(deadline=None)  # the first call into PyTorch is slow
@given(seed=SEEDS)
def test_the_generator_is_independent_of_the_global_one(seed: int) -> None:
    seed_everything(seed)
    undisturbed = torch.rand(3)
    generator = seed_everything(seed)
    torch.rand(5, generator=generator)
    torch.testing.assert_close(torch.rand(3), undisturbed, rtol=0, atol=0)
    assert (generator.device.type, generator.initial_seed()) == ("cpu", seed)


@pytest.mark.parametrize("seed", [1.0, "1", None, True, np.int64(1)])
def test_a_seed_that_is_no_int_is_named_with_its_type(seed: object) -> None:
    with pytest.raises(
        TypeError, match=rf"seed must be an int, not {type(seed).__name__} .*; use a whole number"
    ):
        seed_everything(seed)  # type: ignore[arg-type]  # the wrong type is the point


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_named_with_the_range(seed: int) -> None:
    with pytest.raises(
        ValueError, match=f"seed {seed} is out of range; use a whole number from 0 to 4294967295"
    ):
        seed_everything(seed)


@pytest.mark.gpu
def test_cuda_is_seeded_too() -> None:
    seed_everything(3)
    first = torch.rand(8, device="cuda")
    seed_everything(3)
    assert torch.equal(first, torch.rand(8, device="cuda"))
