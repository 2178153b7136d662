"""The words and the settings of ``<autograd-engine>``: a graph and its backward pass, node by node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils.parsers.rst import directives

#: The expressions that the element knows by name; how many rows of leaves the graph of each has.
EXPRESSIONS = {"neuron": 3, "twice": 1, "chain": 3}

#: What a lesson may set at the start; the reader can change it, and all numbers.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "expression": lambda argument: directives.choice(argument, tuple(EXPRESSIONS)),
}

#: Where a lesson sets nothing else: one neuron and its squared error.
DEFAULTS = {"expression": "neuron"}


def room(settings: dict[str, Any]) -> str:
    """Return how many rows of leaves there are: they decide how high the graph is.

    Examples
    --------
    >>> room(DEFAULTS)
    '--rows: 3'
    """
    return f"--rows: {EXPRESSIONS[settings['expression']]}"


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("The backward pass, node by node"),
        "expression": _site("Expression"),
        "again": _site("Start again"),
        "back": _site("One step back"),
        "next": _site("Next node"),
        "all": _site("All at once"),
        "operation": _site("Tape, read backwards"),
        "local": _site("Local derivatives"),
        "gradient": _site("Gradient of {name}: {value}"),
        "start": _site("All values are computed, all gradients are 0. {total} steps follow."),
        "seed": _site("Step 1 of {total}: the result, {name}, gets the gradient 1."),
        "step": _site(
            "Step {number} of {total}: {name} passes on its gradient {value}, times each local "
            "derivative:"
        ),
        "end": _site("All gradients are complete."),
        "bad": _site(
            "{name} needs a number from −{most} to {most}. Until then the graph computes with "
            "{value}."
        ),
        "legend": _site("In each box: name, value and gradient, to three digits."),
    }  # fmt: skip
