"""Accuracy, compared with counting by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.metrics import accuracy


@settings(deadline=None)  # the first call into PyTorch is slow
@given(
    examples=st.integers(1, 40),
    classes=st.integers(1, 6),
    width=st.integers(0, 3),
    seed=st.integers(0, 999),
)
def test_accuracy_counts_the_examples_that_are_right(
    examples: int, classes: int, width: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    more = (width,) if width else ()
    logits = torch.randn(examples, classes, *more, generator=generator)
    targets = torch.randint(classes, (examples, *more), generator=generator)
    rows = logits.movedim(1, -1).reshape(-1, classes).tolist()
    right = [
        row.index(max(row)) == target
        for row, target in zip(rows, targets.flatten().tolist(), strict=True)
    ]
    assert accuracy(logits, targets).item() == pytest.approx(sum(right) / len(right))


def test_targets_of_another_shape_are_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"targets of shape \(4, 1\) do not fit logits of shape "):
        accuracy(torch.zeros(4, 3), torch.zeros(4, 1))
