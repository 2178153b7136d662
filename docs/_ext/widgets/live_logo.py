"""``<live-logo>``: the detector of lesson 18 looks for the course's logo in a picture of the reader."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"tools": "live-model.js", "code": "logo-net.js"}
PAGE_FILES = {
    "model": "logo.onnx",
    "settings": "logo.json",
    "samples": "samples.safetensors",
}
WITH_RUNTIME = tuple(PAGE_FILES)


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site(
        "On the page of this lesson, the network looks for the logo in a picture of yours."
    )


def labels(_site: Callable[[str], str], megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "load": _site("Load the network ({size} MB)").replace("{size}", megabytes),
        "again": _site("Try again ({size} MB)").replace("{size}", megabytes),
        "loading": _site("Loading the network and ONNX Runtime …"),
        "private": _site(
            "Your picture never leaves your browser: the network runs here, and nothing is sent."
        ),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "early": _site("Load the network first, then choose a picture."),
        "waiting": _site("Choose a picture of your own, or one of the examples."),
        "choose": _site("Choose a picture"),
        "drop": _site("Or drop one here, or paste one."),
        "examples": _site("Examples"),
        "example": _site("Example {number}"),
        "nothing": _site("No picture yet"),
        "present": _site("The logo is in this picture."),
        "absent": _site("The logo is not in this picture."),
        "probability": _site("Probability {percent}, threshold {threshold}."),
        "shown": _site("{name}, as the network gets it: {size} × {size} pixels."),
        "map": _site("Show the activation map"),
        "strongest": _site(
            "The strongest cell is in row {row}, column {column} of {rows} × {columns}. The stronger "
            "the colour, the more a cell speaks for the logo, compared with the rest of this picture."
        ),
        "none": _site("No cell speaks for the logo."),
        "unreadable": _site(
            "“{name}” is not a picture that this browser can open. Take a PNG, JPEG or WebP file."
        ),
        "tooLarge": _site(
            "“{name}” is too large: a picture may have 50 MB and 100 million pixels."
        ),
        "noFile": _site("That was no file. Save the picture first, then choose it here."),
        "broken": _site("The network gave no answer. Load the page again."),
    }
