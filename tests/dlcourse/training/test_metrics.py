"""Accuracy, compared with counting by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.metrics import accuracy, class_ious, confusion_matrix, mean_iou


@settings(deadline=None)  # the first call into PyTorch is slow
@given(
    examples=st.integers(1, 40),
    classes=st.integers(2, 6),
    width=st.integers(0, 3),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 999),
)
def test_accuracy_counts_the_labels_that_are_right(
    examples: int, classes: int, width: int, ignored: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    more = (width,) if width else ()
    logits = torch.randn(examples, classes, *more, generator=generator)
    targets = torch.randint(classes, (examples, *more), generator=generator)
    targets[torch.rand(targets.shape, generator=generator) < ignored] = -100
    rows = logits.movedim(1, -1).reshape(-1, classes).tolist()
    right = [
        row.index(max(row)) == target
        for row, target in zip(rows, targets.flatten().tolist(), strict=True)
        if target != -100
    ]
    expected = sum(right) / len(right) if right else float("nan")
    assert accuracy(logits, targets).item() == pytest.approx(expected, nan_ok=True)


@settings(deadline=None)
@given(shape=st.sampled_from([(9,), (4, 3), (2, 3, 2)]), seed=st.integers(0, 99))
def test_one_logit_decides_between_two_classes(shape: tuple[int, ...], seed: int) -> None:
    """It is right exactly where two logits would be, of which the first is 0."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator).unsqueeze(1)
    targets = torch.randint(2, shape, generator=generator)
    expected = accuracy(torch.cat([torch.zeros_like(logits), logits], 1), targets)
    assert accuracy(logits, targets) == expected
    assert accuracy(logits, targets.unsqueeze(1).float()) == expected  # as BCEWithLogitsLoss has it


def test_targets_of_another_shape_are_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"targets of shape \(4, 1\) do not fit logits of shape "):
        accuracy(torch.zeros(4, 3), torch.zeros(4, 1))


@settings(deadline=None)
@given(
    shape=st.sampled_from([(30,), (2, 5, 4)]),
    classes=st.integers(1, 5),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 999),
)
def test_confusion_matrix_and_ious_equal_counting_by_hand(
    shape: tuple[int, ...], classes: int, ignored: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    predicted = torch.randint(classes, shape, generator=generator)
    targets = torch.randint(classes, shape, generator=generator)
    targets[torch.rand(shape, generator=generator) < ignored] = 255
    pairs = zip(targets.flatten().tolist(), predicted.flatten().tolist(), strict=True)
    counted = [pair for pair in pairs if pair[0] != 255]
    expected = [[counted.count((t, p)) for p in range(classes)] for t in range(classes)]
    matrix = confusion_matrix(predicted, targets, classes)
    assert matrix.tolist() == expected

    ious = []
    for number in range(classes):
        either = sum(number in pair for pair in counted)
        ious.append(counted.count((number, number)) / either if either else float("nan"))
    assert class_ious(matrix).tolist() == pytest.approx(ious, nan_ok=True)
    known = [iou for iou in ious if not math.isnan(iou)]
    mean = sum(known) / len(known) if known else float("nan")
    assert mean_iou(matrix) == pytest.approx(mean, nan_ok=True)


def test_confusion_matrix_takes_masks_of_bytes() -> None:
    """As Pillow reads them: truth · classes would overflow in uint8."""
    targets = torch.tensor([20, 20, 255], dtype=torch.uint8)
    matrix = confusion_matrix(torch.tensor([20, 0, 3], dtype=torch.uint8), targets, classes=21)
    assert matrix[20].nonzero().flatten().tolist() == [0, 20]
    assert matrix.sum() == 2


def test_another_label_can_be_ignored() -> None:
    targets = torch.tensor([0, -100, 1])
    matrix = confusion_matrix(torch.tensor([0, 1, 1]), targets, classes=2, ignored=-100)
    assert matrix.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("predicted", "targets", "message"),
    [
        ([0, 1], [[0, 1]], r"predictions of shape \(2,\) do not fit targets of shape \(1, 2\)"),
        ([0, 1], [0, 2], "targets from 0 to 2 are not classes from 0 to 1"),
        ([0, -1], [0, 1], "predictions from -1 to 0 are not classes"),
    ],
)
def test_what_does_not_fit_is_named(predicted: list[int], targets: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(torch.tensor(predicted), torch.tensor(targets), classes=2)
