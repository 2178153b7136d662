"""Our convolution gives PyTorch's values and gradients, and refuses what PyTorch refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from dlcourse.conv import conv2d_im2col, im2col, output_size


def sizes(low: int, high: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """Return one number for both axes, or a pair."""
    number = st.integers(low, high)
    return number | st.tuples(number, number)


SETTINGS = st.fixed_dictionaries(
    {"stride": sizes(1, 3), "padding": sizes(0, 3), "dilation": sizes(1, 3)}
)
SHAPES = st.tuples(*[st.integers(low, high) for low, high in ((0, 3), (1, 3), (1, 9), (1, 9))])
KERNELS = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))


@settings(deadline=None, max_examples=150)
@given(shape=SHAPES, kernel=KERNELS, options=SETTINGS, with_bias=st.booleans(), seed=st.integers(0))
def test_values_and_gradients_are_those_of_torch(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    options: dict[str, Any],
    with_bias: bool,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed % 2**63)

    def draw(*size: int) -> Tensor:
        return torch.randn(size, dtype=torch.float64, generator=generator, requires_grad=True)

    inputs = [draw(*shape), draw(kernel[0], shape[1], *kernel[1:])]
    inputs += [draw(kernel[0])] if with_bias else []
    try:
        theirs = F.conv2d(*inputs, **options)
    except RuntimeError:
        with pytest.raises(ValueError, match=r"does not fit .*; use padding >= .* or a smaller"):
            conv2d_im2col(*inputs, **options)
        return
    ours = conv2d_im2col(*inputs, **options)
    torch.testing.assert_close(ours, theirs)
    weights = torch.randn(theirs.shape, dtype=torch.float64, generator=generator)
    for mine, yours in zip(
        torch.autograd.grad((weights * ours).sum(), inputs),
        torch.autograd.grad((weights * theirs).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, yours)


@settings(deadline=None)
@given(shape=SHAPES, kernel=KERNELS, options=SETTINGS)
def test_the_columns_are_those_of_unfold(
    shape: tuple[int, ...], kernel: tuple[int, ...], options: dict[str, Any]
) -> None:
    images = torch.rand(shape)
    try:
        expected = F.unfold(images, kernel[1:], **options)
    except RuntimeError:
        assume(len(images) > 0)
        with pytest.raises(ValueError, match="does not fit"):
            im2col(images, kernel[1:], **options)
        return
    assert torch.equal(im2col(images, kernel[1:], **options), expected)


@given(size=sizes(1, 20), kernel=sizes(1, 6), options=SETTINGS)
def test_the_padding_that_the_message_names_is_the_smallest_that_fits(
    size: Any, kernel: Any, options: dict[str, Any]
) -> None:
    if not (named := named_padding(size, kernel, options)):
        return
    assert not named_padding(size, kernel, {**options, "padding": named})
    before = options["padding"]
    for axis, padding in enumerate(named):
        if padding > (before if isinstance(before, int) else before[axis]):
            less = (padding - 1, named[1]) if axis == 0 else (named[0], padding - 1)
            assert named_padding(size, kernel, {**options, "padding": less})


def named_padding(size: Any, kernel: Any, options: dict[str, Any]) -> tuple[int, ...]:
    """Return the padding that the message asks for, and nothing where the kernel fits."""
    try:
        output_size(size, kernel, **options)
    except ValueError as error:
        found = re.search(r"use padding >= (?:\((\d+), (\d+)\)|(\d+)) or", str(error))
        assert found, error
        return tuple(int(number or found[3]) for number in found.groups()[:2])
    return ()


def inputs(**changes: Any) -> dict[str, Any]:
    """Return arguments that fit together, some of them changed."""
    return {"images": torch.rand(2, 3, 8, 8), "kernels": torch.rand(4, 3, 3, 3), **changes}


# Each entry: what is changed, and a part of the message. PyTorch refuses each of them too.
REFUSED = {
    "kernel too large": ({"images": torch.rand(1, 3, 2, 9)}, r"kernel \(3, 3\) does not fit a 2×9"),
    "dilated too far": ({"dilation": 4}, r"dilation 4, where it spans 9×9; use padding >= 1 or"),
    "stride": ({"stride": 0}, "stride=0 is too small; use 1 or more"),
    "one stride": ({"stride": (1, -1)}, r"stride=\(1, -1\) is too small"),
    "padding": ({"padding": -1}, "padding=-1 is too small; use 0 or more"),
    "dilation": ({"dilation": (0, 1)}, "dilation=.* is too small; use 1 or more"),
    "channels last": ({"images": torch.rand(2, 8, 8, 3)}, "have 8; .*permute"),
    "no channels": ({"images": torch.rand(8, 8)}, "must have 4 axes, .* unsqueeze"),
    "five axes": ({"images": torch.rand(1, 2, 3, 8, 8)}, r"must have 4 axes, \(N, C, H, W\)$"),
    "kernel without channels": ({"kernels": torch.rand(3, 3, 3)}, "kernels of shape .* 4 axes"),
    "empty kernel": ({"kernels": torch.rand(4, 3, 0, 3)}, "may be empty"),
    "no kernels": ({"kernels": torch.rand(0, 3, 3, 3)}, "may be empty"),
    "dtype of the kernels": ({"kernels": torch.rand(4, 3, 3, 3).double()}, "kernels.dtype"),
    "bytes": ({"images": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}, "uint8 .* images.to"),
    "dtype of the bias": ({"bias": torch.zeros(4).double()}, "and a bias of torch.float64"),
    "length of the bias": ({"bias": torch.zeros(3)}, r"bias of shape \(3,\) .* shape \(4,\)"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_torch_refuses_is_refused_with_a_message(
    changes: dict[str, Any], message: str
) -> None:
    arguments = inputs(**changes)
    renamed = {{"images": "input", "kernels": "weight"}.get(k, k): v for k, v in arguments.items()}
    with pytest.raises(RuntimeError):
        F.conv2d(**renamed)
    with pytest.raises(ValueError, match=message):
        conv2d_im2col(**arguments)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
def test_whole_numbers_are_refused_because_they_overflow(dtype: torch.dtype) -> None:
    whole = {name: tensor.to(dtype) for name, tensor in inputs().items()}
    with pytest.raises(
        ValueError, match=r"of torch\.\w+ would overflow.* convert both with .float"
    ):
        conv2d_im2col(**whole)


@pytest.mark.parametrize("stride", [1.5, "2", (1, 2, 3), (1, 1.5), ()])
def test_a_setting_that_is_no_pair_is_a_type_error(stride: Any) -> None:
    with pytest.raises(TypeError, match=r"stride=.* must be an int, or a pair of them"):
        conv2d_im2col(**inputs(), stride=stride)


def test_im2col_checks_its_input_too() -> None:
    with pytest.raises(ValueError, match="must have 4 axes"):
        im2col(torch.rand(3, 8, 8), 3)
    with pytest.raises(ValueError, match="kernel_size=0 is too small"):
        im2col(torch.rand(1, 3, 8, 8), 0)


@pytest.mark.gpu
def test_the_gpu_computes_what_the_cpu_computes() -> None:
    arguments = inputs(stride=2, padding=1)
    on_gpu = {k: v.cuda() if isinstance(v, Tensor) else v for k, v in arguments.items()}
    torch.testing.assert_close(
        conv2d_im2col(**on_gpu).cpu(), conv2d_im2col(**arguments), rtol=1e-3, atol=1e-3
    )
