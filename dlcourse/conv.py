"""The convolution of deep learning in two dimensions, as one product of matrices.

It computes what ``torch.nn.functional.conv2d`` computes, and autograd goes through it. ``stride``,
``padding`` and ``dilation`` mean what they mean there: one number for both axes, or a pair for rows
and columns. There are no groups.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

#: One number for rows and columns, or one for each.
Pair = int | Sequence[int]


def output_size(
    size: Pair, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> tuple[int, int]:
    """Return how many positions a kernel has on an input: rows and columns of the output.

    On each axis an input of length n and a kernel of length k give ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1
    positions, with stride s, padding p and dilation d.

    Parameters
    ----------
    size : int or pair of int
        Rows and columns of the input, without padding.
    kernel_size : int or pair of int
        Rows and columns of the kernel.
    stride : int or pair of int, default 1
        Steps from one position to the next.
    padding : int or pair of int, default 0
        Zeros added on each side.
    dilation : int or pair of int, default 1
        Distance between neighbouring elements of the kernel.

    Returns
    -------
    tuple of int
        Rows and columns of the output.

    Raises
    ------
    TypeError
        If an argument is neither an ``int`` nor a pair of them.
    ValueError
        If a number is too small, or the kernel does not fit the padded input.

    References
    ----------
    Vincent Dumoulin, Francesco Visin: *A guide to convolution arithmetic for deep learning*, 2016.

    Examples
    --------
    >>> output_size(4, 2)
    (3, 3)
    >>> output_size((427, 640), kernel_size=3, stride=2, padding=1)
    (214, 320)
    >>> output_size(4, 5)
    Traceback (most recent call last):
    ...
    ValueError: kernel (5, 5) does not fit a 4×4 input with padding 0; use padding >= 1 or a smaller kernel
    """
    sizes, kernels = _pair("size", size, 1), _pair("kernel_size", kernel_size, 1)
    strides, paddings = _pair("stride", stride, 1), _pair("padding", padding, 0)
    dilations = _pair("dilation", dilation, 1)
    spans = _spans(kernels, dilations)
    room = [n + 2 * p - span for n, p, span in zip(sizes, paddings, spans, strict=True)]
    if min(room) < 0:
        raise ValueError(_misfit(sizes, kernels, paddings, dilations))
    rows, columns = (free // step + 1 for free, step in zip(room, strides, strict=True))
    return rows, columns


def im2col(
    images: Tensor, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> Tensor:
    """Copy the part of the image beneath each position of a kernel into a column of its own.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        A batch of images or feature maps.
    kernel_size : int or pair of int
        Rows and columns of the kernel, K and L.
    stride, padding, dilation : int or pair of int, optional
        As in :func:`output_size`.

    Returns
    -------
    Tensor, shape (N, C·K·L, H′·W′)
        The positions row by row, as ``torch.nn.functional.unfold`` has them.

    Raises
    ------
    TypeError
        If a setting is neither an ``int`` nor a pair of them.
    ValueError
        If the images have another number of axes, or the settings do not fit them.

    References
    ----------
    Kumar Chellapilla, Sidd Puri, Patrice Simard: *High performance convolutional neural networks
    for document processing*, 2006.

    Examples
    --------
    >>> import torch
    >>> im2col(torch.arange(9.0).reshape(1, 1, 3, 3), kernel_size=2)[0]
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    >>> images = torch.rand(2, 3, 8, 9)
    >>> torch.equal(im2col(images.cuda(), 3).cpu(), im2col(images, 3))  # doctest: +GPU
    True
    """
    _check_axes("images", images, "(N, C, H, W)")
    output_size(images.shape[2:], kernel_size, stride, padding, dilation)
    down, right = _pair("stride", stride, 1)
    row_gap, column_gap = _pair("dilation", dilation, 1)
    height, width = _spans(_pair("kernel_size", kernel_size, 1), (row_gap, column_gap))
    windows = _pad(images, padding).unfold(2, height, down).unfold(3, width, right)
    windows = windows[..., ::row_gap, ::column_gap]  # (N, C, H′, W′, K, L), still a view
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)  # (N, C·K·L, H′·W′)


def conv2d_im2col(
    images: Tensor,
    kernels: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Tensor:
    """Compute a convolution as one product of matrices, kernels times windows.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        A batch of images or feature maps.
    kernels : Tensor, shape (M, C, K, L)
        M kernels, each with one array of K×L numbers for each input channel.
    bias : Tensor, shape (M,), optional
        One number for each output channel, which is added.
    stride, padding, dilation : int or pair of int, optional
        As in :func:`output_size`.

    Returns
    -------
    Tensor, shape (N, M, H′, W′)
        One feature map for each kernel. :func:`output_size` says how large it is.

    Raises
    ------
    TypeError
        If stride, padding or dilation is neither an ``int`` nor a pair of them.
    ValueError
        If shapes, dtypes or settings do not fit together.

    Examples
    --------
    >>> import torch
    >>> images, kernels = torch.rand(2, 3, 8, 9), torch.rand(5, 3, 3, 3)
    >>> maps = conv2d_im2col(images, kernels, stride=2, padding=1)
    >>> maps.shape
    torch.Size([2, 5, 4, 5])
    >>> torch.allclose(maps, F.conv2d(images, kernels, stride=2, padding=1), atol=1e-5)
    True
    >>> on_gpu = conv2d_im2col(images.cuda(), kernels.cuda(), stride=2, padding=1)  # doctest: +GPU
    >>> torch.allclose(on_gpu.cpu(), maps, atol=1e-3)  # doctest: +GPU
    True
    """
    _check(images, kernels, bias)
    size = output_size(images.shape[2:], kernels.shape[2:], stride, padding, dilation)
    columns = im2col(images, kernels.shape[2:], stride, padding, dilation)  # (N, C·K·L, H′·W′)
    flat_maps = kernels.flatten(1) @ columns  # (N, M, H′·W′)
    maps: Tensor = flat_maps.unflatten(2, size)
    return maps if bias is None else maps + bias[:, None, None]


def _pair(name: str, value: Pair, least: int) -> tuple[int, int]:
    """Return rows and columns of a setting that may be one number for both."""
    numbers = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(numbers) != 2 or not all(isinstance(number, int) for number in numbers):
        raise TypeError(f"{name}={value!r} must be an int, or a pair of them for rows and columns")
    if min(numbers) < least:
        raise ValueError(f"{name}={value} is too small; use {least} or more")
    return numbers


def _spans(kernel_size: Sequence[int], dilation: Sequence[int]) -> tuple[int, int]:
    """Return the rows and columns of the input that a kernel reaches over, gaps included."""
    rows, columns = (gap * (k - 1) + 1 for k, gap in zip(kernel_size, dilation, strict=True))
    return rows, columns


def _pad(images: Tensor, padding: Pair) -> Tensor:
    """Put zeros around each image."""
    rows, columns = _pair("padding", padding, 0)
    return F.pad(images, (columns, columns, rows, rows))


def _misfit(
    size: tuple[int, int],
    kernel_size: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> str:
    """Say that a kernel does not fit, and which padding would make it fit."""
    spans = _spans(kernel_size, dilation)
    # Half of what is missing, rounded up, because padding is added on both sides.
    needed = [max(p, (span - n + 1) // 2) for n, p, span in zip(size, padding, spans, strict=True)]
    settings = f"padding {_short(padding)}"
    if dilation != (1, 1):
        settings += f" and dilation {_short(dilation)}, where it spans {spans[0]}×{spans[1]}"
    return (
        f"kernel {kernel_size} does not fit a {size[0]}×{size[1]} input with {settings}; "
        f"use padding >= {_short(tuple(needed))} or a smaller kernel"
    )


def _short(pair: tuple[int, ...]) -> str:
    """Write a pair of equal numbers as one."""
    return str(pair[0] if len(set(pair)) == 1 else pair)


def _check_axes(name: str, tensor: Tensor, axes: str) -> None:
    """Raise ValueError unless a tensor has these four axes."""
    if tensor.ndim != 4:
        hint = "; add the missing axis with unsqueeze" if tensor.ndim < 4 else ""
        raise ValueError(f"{name} of shape {tuple(tensor.shape)} must have 4 axes, {axes}{hint}")


def _check(images: Tensor, kernels: Tensor, bias: Tensor | None) -> None:
    """Raise ValueError unless images, kernels and bias belong together."""
    _check_axes("images", images, "(N, C, H, W)")
    _check_axes("kernels", kernels, "(M, C, K, L)")
    if min(images.shape[1:]) < 1 or min(kernels.shape) < 1:
        raise ValueError(
            f"images of shape {tuple(images.shape)} and kernels of shape {tuple(kernels.shape)}: "
            "no axis but that of the batch may be empty"
        )
    if images.shape[1] != kernels.shape[1]:
        raise ValueError(
            f"kernels of shape {tuple(kernels.shape)} are for {kernels.shape[1]} channels, but the "
            f"images, shape {tuple(images.shape)}, have {images.shape[1]}; their axes must be "
            "(N, C, H, W), so if the channels come last, use images.permute(0, 3, 1, 2)"
        )
    if bias is not None and bias.shape != kernels.shape[:1]:
        raise ValueError(
            f"a bias of shape {tuple(bias.shape)} does not fit {len(kernels)} kernels; "
            f"give one number for each, shape ({len(kernels)},)"
        )
    dtypes = {tensor.dtype for tensor in (images, kernels, bias) if tensor is not None}
    if len(dtypes) > 1:
        raise ValueError(
            f"images of {images.dtype} and kernels of {kernels.dtype}"
            + (f" and a bias of {bias.dtype}" if bias is not None else "")
            + " differ; convert with images.to(kernels.dtype)"
        )
    if not (images.is_floating_point() or images.is_complex()):
        raise ValueError(
            f"images and kernels of {images.dtype} would overflow, 255 + 1 is 0 in uint8; convert "
            "both with .float()"
        )
