"""``<live-digit>``: draw a digit, and the network of lesson 14 reads it."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"tools": "live-model.js", "code": "digit-net.js"}
PAGE_FILES = {
    "weights": "digits.safetensors",
    "samples": "samples.safetensors",
    "model": "digits.onnx",
}
WITH_RUNTIME = ("model",)


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site("Draw a digit on the page of this lesson, and the network reads it.")


def labels(_site: Callable[[str], str], megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "board": _site("Drawing board for a digit"),
        "help": _site("Draw one large digit, with the mouse, a finger or a pen."),
        "keys": _site(
            "Keyboard: arrow keys move the cursor, Space puts the pen down and lifts it."
        ),
        "penUp": _site("Row {row}, column {column}, pen up"),
        "penDown": _site("Row {row}, column {column}, pen down"),
        "clear": _site("Clear"),
        "right": _site("A validation image"),
        "wrong": _site("One it misreads"),
        "sees": _site("What the network sees"),
        "prepared": _site(
            "The drawing, cut out, scaled to 20 pixels and centred by its mass in 28 × 28, "
            "as in MNIST."
        ),
        "digit": _site("Digit"),
        "probability": _site("Probability"),
        "waiting": _site("Draw a digit."),
        "reads": _site("The network reads {digit}, with a probability of {percent}."),
        "doubts": _site(
            "The network reads {digit} ({percent}); second is {other} ({otherPercent})."
        ),
        "label": _site("The label of this validation image is {label}."),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "ask": _site("Ask the ONNX file ({size} MB)").replace("{size}", megabytes),
        "fetching": _site("Loading ONNX Runtime …"),
        "empty": _site("Draw a digit first."),
        "logits": _site("Logits"),
        "difference": _site("Largest difference of the logits: {difference}"),
    }
