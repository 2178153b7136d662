"""The words and the settings of ``<receptive-field>``, which shows how far one output sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

#: As many as the element lets the reader stack, and the widest field that it draws, in pixels.
MOST_LAYERS, LARGEST_FIELD = 8, 127
_LAYER = re.compile(r"(conv|pool)([1-7])(?:s([1-3]))?(?:d([1-5]))?", re.ASCII)


class Layer(NamedTuple):
    """What decides how a layer widens the field."""

    kernel: int
    stride: int
    dilation: int


def layer(written: str) -> Layer:
    """Read a layer: a kind and a size of the kernel, then stride and dilation where they are given.

    Examples
    --------
    >>> layer("conv3"), layer("pool2")
    (Layer(kernel=3, stride=1, dilation=1), Layer(kernel=2, stride=2, dilation=1))
    >>> layer("conv3s2d4")
    Layer(kernel=3, stride=2, dilation=4)
    """
    found = _LAYER.fullmatch(written)
    if not found:
        raise ValueError(
            f"{written!r} is no layer: write conv3, conv3s2, conv3d2, conv3s2d2 or pool2, with a "
            "kernel of 1 to 7, a stride (s) of 1 to 3 and a dilation (d) of 1 to 5"
        )
    kind, kernel, stride, dilation = found.groups()
    usual = kernel if kind == "pool" else "1"
    if not stride and int(usual) > 3:
        raise ValueError(f"the stride of {written!r} would be {usual}: write {kind}{kernel}s3")
    return Layer(int(kernel), int(stride or usual), int(dilation or 1))


def field(stack: Iterable[Layer]) -> int:
    """Return how many pixels wide the part of the input is on which one output depends.

    Examples
    --------
    >>> field([layer("conv3"), layer("conv3s2"), layer("conv3")])
    9
    """
    size = jump = 1
    for kernel, stride, dilation in stack:
        size += (kernel - 1) * dilation * jump
        jump *= stride
    return size


def layers(argument: str) -> str:
    """Read a stack of layers, from the input to the output.

    Examples
    --------
    >>> layers("conv3  conv3s2 pool2")
    'conv3 conv3s2 pool2'
    """
    written = (argument or "").split()
    if not 1 <= len(written) <= MOST_LAYERS:
        raise ValueError(f"write 1 to {MOST_LAYERS} layers, such as conv3 conv3s2 pool2")
    if (size := field(map(layer, written))) > LARGEST_FIELD:
        raise ValueError(
            f"the receptive field is {size} pixels wide; the figure draws {LARGEST_FIELD} at most"
        )
    return " ".join(written)


#: What a lesson may set at the start; the reader can change all of it.
SETTINGS: dict[str, Callable[[str], Any]] = {"layers": layers}

#: Where a lesson sets nothing else: the first preset of the element.
DEFAULTS = {"layers": "conv3 conv3 conv3"}


def room(settings: dict[str, Any]) -> str:
    """Return how many layers stand one below the other: in the controls, the table, the drawing.

    Examples
    --------
    >>> room(DEFAULTS)
    '--layers: 3'
    """
    return f"--layers: {len(settings['layers'].split())}"


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("Receptive-field calculator"),
        "stack": _site("Stack of layers"),
        "plain": _site("Three 3 × 3 convolutions"),
        "middle": _site("A stride of 2 in the middle"),
        "holes": _site("Dilations 2, 2, 2"),
        "dense": _site("Dilations 1, 2, 5"),
        "vgg": _site("Like VGG, with pooling"),
        "own": _site("Your own"),
        "layer": _site("Layer"),
        "kind": _site("Kind"),
        "conv": _site("Conv"),
        "pool": _site("Pool"),
        "kernel": _site("Kernel"),
        "stride": _site("Stride"),
        "dilation": _site("Dilation"),
        "setting": _site("Layer {number}: {setting}"),
        "add": _site("Add a layer"),
        "remove": _site("Remove layer {number}"),
        "input": _site("Input"),
        "span": _site("Span"),
        "jump": _site("Jump"),
        "field": _site("Field"),
        "rule": _site(
            "Span = (kernel − 1) · dilation + 1. Field = field above + (span − 1) · jump "
            "above. Jump = jump above · stride, in input pixels."
        ),
        "depth": _site("Output of layer"),
        "count": _site("{number} of {total}"),
        "lines": _site("What one output depends on, along one axis"),
        "map": _site("Paths from each input pixel to the output"),
        "full": _site(
            "One output of layer {layer}: theoretical field {size} × {size}, reached {reached} of "
            "{all} pixels. There are no holes. Paths from each pixel to the output: "
            "{paths}."
        ),
        "missed": _site(
            "One output of layer {layer}: theoretical field {size} × {size}, reached {reached} of "
            "{all} pixels. The other {missed} are holes: no path leads from them to the output. "
            "Paths from each reached pixel: {paths}."
        ),
        "large": _site(
            "The field is {size} × {size} pixels; up to {most} × {most} are drawn. Remove a layer, "
            "or choose a smaller kernel, stride or dilation."
        ),
        "hint": _site(
            "The frame is the theoretical field. The stronger the colour of a pixel, the more "
            "paths: their number is the gradient of the output with respect to the pixel where "
            "all weights are one. A pool counts like a convolution, with every pixel of its "
            "window. Padding plays no role: it moves the field and leaves its size."
        ),
    }  # fmt: skip
