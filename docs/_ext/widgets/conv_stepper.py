"""The words and the settings of ``<conv-stepper>``, which shows a convolution step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils.parsers.rst import directives

#: The kernels that the element knows by name.
KERNELS = ("vertical", "horizontal", "sharpen", "sum", "copy")
#: Sides of a picture. On a larger one, padded, the cells are too small for a finger; on a smaller
#: one there are settings that no padding helps.
SMALLEST_INPUT, LARGEST_INPUT = 3, 8


def whole_number(smallest: int, largest: int) -> Callable[[str], int]:
    """Return what reads a whole number from an option and checks its range."""

    def check(argument: str) -> int:
        value = directives.nonnegative_int(argument)
        if not smallest <= value <= largest:
            raise ValueError(f"{value} is not between {smallest} and {largest}")
        return value

    return check


def picture(argument: str) -> str:
    """Read a picture, as digits: rows such as ``000 050 000``, all of the same length.

    Examples
    --------
    >>> picture("000  050 000")
    '000 050 000'
    """
    rows = argument.split()
    if not all(row.isdecimal() and row.isascii() for row in rows):
        raise ValueError("a picture is made of digits, row by row: 000 050 000")
    fits = SMALLEST_INPUT <= len(rows) <= LARGEST_INPUT
    if not fits or {len(row) for row in rows} != {len(rows)}:
        limits = f"{SMALLEST_INPUT} to {LARGEST_INPUT}"
        raise ValueError(f"a picture is square, and {limits} cells wide")
    return " ".join(rows)


#: What a lesson may set at the start; the reader can change all of it.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "input": picture,
    "kernel": lambda argument: directives.choice(argument, KERNELS),
    "size": whole_number(1, 3),
    "stride": whole_number(1, 3),
    "padding": whole_number(0, 2),
    "dilation": whole_number(1, 3),
}

#: Where a lesson sets nothing else: a bright square, and a kernel that answers to its edges.
DEFAULTS = {
    "input": "000000 055550 055550 055550 055550 000000",
    "kernel": "vertical",
    "size": 3,
    "stride": 1,
    "padding": 0,
    "dilation": 1,
}


def room(settings: dict[str, Any]) -> str:
    """Return how many rows of cells stand one below the other on a phone: input and output.

    Examples
    --------
    >>> room(DEFAULTS)
    '--rows: 10'
    """
    padded = len(settings["input"].split()) + 2 * settings["padding"]
    span = settings["dilation"] * (settings["size"] - 1) + 1
    return f"--rows: {padded + max(0, (padded - span) // settings['stride'] + 1)}"


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("A convolution, step by step"),
        "kernel": _site("Kernel"),
        "vertical": _site("Vertical edges"),
        "horizontal": _site("Horizontal edges"),
        "sharpen": _site("Sharpen"),
        "sum": _site("Add up"),
        "copy": _site("Copy"),
        "own": _site("Your own"),
        "size": _site("Kernel size"),
        "stride": _site("Stride"),
        "padding": _site("Padding"),
        "dilation": _site("Dilation"),
        "input": _site("Input"),
        "ring": _site(", padded to {size} × {size}"),
        "products": _site("Products"),
        "total": _site("Sum"),
        "output": _site("Output"),
        "pixel": _site("Input, row {row}, column {column}: {value}"),
        "weight": _site("Kernel, row {row}, column {column}"),
        "result": _site("Output, row {row}, column {column}: {value}"),
        "later": _site("not computed yet"),
        "previous": _site("Previous position"),
        "play": _site("Play"),
        "pause": _site("Pause"),
        "next": _site("Next position"),
        "position": _site("Position of the window"),
        "count": _site("{number} of {total}"),
        "summary": _site(
            "Output, row {row}, column {column}: the window lies on rows {top} to "
            "{bottom} and columns {left} to {right} of the input. Its {count} products "
            "add up to {value}."
        ),
        "padded": _site(
            "Output, row {row}, column {column}: the window lies on rows {top} to "
            "{bottom} and columns {left} to {right} of the padded input. Its {count} "
            "products add up to {value}."
        ),
        "outputsize": _site("Output size"),
        "formula": " = ⌊({n} + 2 · {padding} − {dilation} · ({size} − 1) − 1) / {stride}⌋ + 1 = {side}",
        "misfit": _site(
            "The kernel does not fit: with size {size} and dilation {dilation} it is "
            "{span} cells wide, and the input with padding {padding} has only {padded}."
            " Use padding {needed} or more, or a smaller kernel or dilation."
        ),
        "hint": _site(
            "Tap a cell of the input to change its number, or a cell of the output to "
            "move the window there. With a keyboard: arrow keys go from cell to cell, "
            "digits change the input."
        ),
    }  # fmt: skip
