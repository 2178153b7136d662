"""``<live-pictures>``: the small CLIP of lesson 26 finds the emoji nearest to words of the reader."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"tools": "live-model.js", "small": "small-model.js", "code": "picture-net.js"}
PAGE_FILES = {"towers": "pictures_and_words.safetensors", "pictures": "emoji.webp"}
WITH_RUNTIME = ()

TEXTS = ("red heart", "woman running", "猫", "雪")
"""The examples, in both languages on all pages; the lesson prints the answers to them."""


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site("Type a word on the page of this lesson, and the nearest emoji appear.")


def labels(_site: Callable[[str], str], _megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "write": _site("A word, or a few words"),
        "hint": _site("In English or in Chinese. The nearest emoji appear while you type."),
        "examples": _site("Examples"),
        "texts": "\n".join(TEXTS),
        "waiting": _site("Type a word, or choose an example."),
        "loading": _site("Loading the network ({size} MB) …"),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "answer": _site("{count} pictures. The nearest: {words}."),
        "none": _site("The network knows no word of this, so it has no answer."),
        "unknown": _site("Unknown, and so left out: {words}"),
        "pictures": _site("The nearest pictures, with their cosine similarities"),
        "heldOut": _site("held out"),
        "legend": _site(
            "In dashed frames: pictures that were held out. The network never saw them in training."
        ),
        "private": _site("What you write stays in your browser: nothing is sent."),
    }
