"""The words and the settings of ``<descent-path>``, which shows an optimiser on a surface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils.parsers.rst import directives

#: What the element knows by name; its script computes both.
SURFACES = ("valley", "curved", "saddle")
OPTIMISERS = ("sgd", "rmsprop", "adam")


def number(smallest: float, largest: float) -> Callable[[str], float]:
    """Return what reads a number from an option and checks its range.

    Examples
    --------
    >>> number(0, 0.99)("0.9")
    0.9
    """

    def check(argument: str) -> float:
        try:
            value = float(argument or "")
        except ValueError:
            raise ValueError(f"{argument!r} is no number") from None
        if not smallest <= value <= largest:
            raise ValueError(f"{value:g} is not between {smallest:g} and {largest:g}")
        return value

    return check


#: What a lesson may set at the start; the reader can change all of it.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "surface": lambda argument: directives.choice(argument, SURFACES),
    "optimiser": lambda argument: directives.choice(argument, OPTIMISERS),
    "rate": number(0.001, 1),
    "momentum": number(0, 0.99),
}

#: Where a lesson sets nothing else: close to the bound, at which SGD jumps from side to side.
#: Without a momentum, the element takes that of the optimiser in PyTorch.
DEFAULTS = {"surface": "valley", "optimiser": "sgd", "rate": 0.18, "momentum": ""}


def room(_settings: dict[str, Any]) -> str:
    """Return nothing: the element is as high with all settings.

    Examples
    --------
    >>> room(DEFAULTS)
    ''
    """
    return ""


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("Descend a surface"),
        "surface": _site("Surface"),
        "valley": _site("Long valley"),
        "curved": _site("Curved valley"),
        "saddle": _site("Saddle, two minima"),
        "optimiser": _site("Optimiser"),
        "sgd": "SGD",
        "rmsprop": "RMSProp",
        "adam": "Adam",
        "rate": _site("Learning rate"),
        "momentum": _site("Momentum β"),
        "step": _site("One step"),
        "run": _site("Run"),
        "pause": _site("Pause"),
        "reset": _site("Reset"),
        "loss": _site("Loss"),
        "drawing": _site("Contour lines of the loss, and the path of the optimiser"),
        "start": _site("Starting point"),
        "place": "x = {x}, y = {y}",
        "after": _site(
            "Step {number} of {total}: the loss is {loss} at x = {x}, y = {y}; it was {first} at "
            "the start."
        ),
        "away": _site(
            "Step {number} of {total}: the loss has grown from {first} to {loss}, and the path has "
            "left the picture. {more}"
        ),
        "diverges": _site("It diverges."),
        "overflow": _site(
            "The path diverges: step {number} overflows, and the path ends here. The loss before it was "
            "{loss}."
        ),
        "rule": _site(
            "On this valley, SGD diverges above the bound 2 (1 + β) / λ = {bound}, where λ = 10 is "
            "the largest eigenvalue (the mark below the slider). {side}"
        ),
        "below": _site("The learning rate {rate} is below it."),
        "at": _site("The learning rate {rate} is just at it."),
        "above": _site("The learning rate {rate} is above it."),
        "varies": _site(
            "The curvature changes from place to place, and with it the bound: what converges from "
            "one start may diverge from another."
        ),
        "scaled": _site(
            "The gradient of each coordinate is divided by its own recent size: steep and flat "
            "directions get steps of similar size, and the bound of SGD does not hold."
        ),
        "hint": _site(
            "Drag the ring to start elsewhere, or tap a place in the picture. With a keyboard: "
            "arrow keys move the ring, with Shift by more. A cross marks a minimum. The path is "
            "computed anew with each setting."
        ),
    }  # fmt: skip
