"""The words and the settings of ``<transposed-stepper>``: a transposed convolution, print by print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils.parsers.rst import directives

from _ext.widgets.conv_stepper import whole_number

#: The kernels that the element knows by name; its script computes them.
KERNELS = ("stamps", "numbered", "ones", "bilinear")


def picture(argument: str) -> str:
    """Read the input, as digits: rows such as ``12 34``.

    Examples
    --------
    >>> picture("12  34")
    '12 34'
    """
    rows = (argument or "").split()
    if not all(row.isdecimal() and row.isascii() for row in rows):
        raise ValueError("an input is made of digits, row by row: 12 34")
    if len(rows) not in (2, 3) or {len(row) for row in rows} != {len(rows)}:
        raise ValueError("an input is square, and 2 or 3 cells wide")
    return " ".join(rows)


#: What a lesson may set at the start; the reader can change all of it.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "input": picture,
    "kernel": lambda argument: directives.choice(argument, KERNELS),
    "size": whole_number(1, 4),
    "stride": whole_number(1, 3),
    "padding": whole_number(0, 2),
}

#: Where a lesson sets nothing else: the digits show which input has met which weight.
DEFAULTS = {"input": "12 34", "kernel": "stamps", "size": 2, "stride": 1, "padding": 0}


def room(settings: dict[str, Any]) -> str:
    """Return how many rows of cells stand one below the other on a phone, and on a wide page.

    Examples
    --------
    >>> room(DEFAULTS)
    '--rows: 7; --wide: 5'
    """
    side, size = len(settings["input"].split()), settings["size"]
    output = (side - 1) * settings["stride"] + size
    return f"--rows: {side + size + output}; --wide: {max(output, 2 * size + 1)}"


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("A transposed convolution, print by print"),
        "kernel": _site("Kernel"),
        "stamps": _site("Powers of 10"),
        "numbered": _site("1, 2, 3, …"),
        "ones": _site("All ones"),
        "bilinear": _site("Bilinear"),
        "side": _site("Input size"),
        "size": _site("Kernel size"),
        "stride": _site("Stride"),
        "padding": _site("Padding"),
        "input": _site("Input"),
        "print": _site("Print"),
        "output": _site("Output"),
        "cut": _site(", {padding} cut off on each side"),
        "inputCell": _site("Input, row {row}, column {column}: {value}"),
        "kernelCell": _site("Kernel, row {row}, column {column}: {value}"),
        "printCell": _site("Print, row {row}, column {column}: {value}"),
        "outputCell": _site("Output, row {row}, column {column}: {value}"),
        "gone": _site("Cut off: {value}"),
        "previous": _site("Previous print"),
        "play": _site("Play"),
        "pause": _site("Pause"),
        "next": _site("Next print"),
        "position": _site("Number of prints"),
        "count": _site("{number} of {total}"),
        "summary": _site(
            "Print {number} of {total}: the kernel times {value}, the input in row {row}, column "
            "{column}. {more}"
        ),
        "first": _site("The output was 0 everywhere before."),
        "overlap": _site(
            "{count} of its {all} cells overlap with earlier prints: there the numbers add up."
        ),
        "apart": _site("It overlaps with no earlier print."),
        "outputsize": _site("Output size"),
        "formula": " = ({n} − 1) · {stride} + {size} − 2 · {padding} = {side}",
        "misfit": _site(
            "No output is left: the prints cover {full} × {full} cells, and padding {padding} cuts "
            "off {padding} on each side. Use padding {most} at most, or a larger input, kernel or "
            "stride."
        ),
        "hint": _site(
            "Tap a number of the input to change it. With a keyboard: arrow keys go from cell to "
            "cell, digits change the input. The stronger the colour of a cell, the more prints "
            "have met it."
        ),
    }  # fmt: skip
