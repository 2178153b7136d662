"""The words and the settings of ``<softmax-temperature>``: probabilities from logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _ext.widgets.descent_path import number

#: What a logit may be, and how many there may be.
SMALLEST, LARGEST = -5, 35
FEWEST, MOST = 2, 5


def logits(argument: str) -> str:
    """Read the logits.

    Examples
    --------
    >>> logits("0.2370  1.7276")
    '0.237 1.7276'
    """
    values = [number(SMALLEST, LARGEST)(value) for value in (argument or "").split()]
    if not FEWEST <= len(values) <= MOST:
        raise ValueError(f"write {FEWEST} to {MOST} logits, such as 0.2370 1.7276")
    return " ".join(map(repr, values))


#: What a lesson may set at the start; the reader can change all of it.
SETTINGS: dict[str, Callable[[str], Any]] = {"logits": logits, "temperature": number(0.1, 10)}

#: Where a lesson sets nothing else: two classes, without a temperature.
DEFAULTS = {"logits": "0.237 1.7276", "temperature": 1.0}


def room(settings: dict[str, Any]) -> str:
    """Return how many logits stand one below the other.

    Examples
    --------
    >>> room(DEFAULTS)
    '--rows: 2'
    """
    return f"--rows: {len(settings['logits'].split())}"


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the element says, in the language of the page."""
    return {
        "title": _site("Softmax with a temperature"),
        "count": _site("Number of logits"),
        "logit": _site("Logit {number}"),
        "temperature": _site("Temperature T"),
        "add": _site("Add 10 to all"),
        "reset": _site("Start again"),
        "summary": _site("Largest probability: {value} (class {numbers})"),
        "one": _site("T = 1 leaves the logits as they are."),
        "cold": _site(
            "T below 1 makes the differences of the logits larger: the largest logit takes more."
        ),
        "hot": _site(
            "T above 1 makes the differences of the logits smaller: the probabilities come closer "
            "together."
        ),
        "two": _site(
            "For two logits, the sigmoid does the same: sigmoid((z₂ − z₁) / T) = "
            "sigmoid({difference}) = {value}, the probability of class 2."
        ),
        "several": _site("The logits minus the largest, divided by T: {differences}"),
        "added": _site(
            "10 was added to each logit. Their differences are as before, and so are the "
            "probabilities."
        ),
        "full": _site("No logit can be above {high} here: lower the largest to {most} or less first."),
        "bad": _site(
            "{name} takes a number from {low} to {high}. Until then the probabilities are those of "
            "{value}."
        ),
    }  # fmt: skip
