"""``<attention-explorer>``: where the heads of the GPT of lesson 22 look in a sentence of the reader."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"small": "small-model.js", "code": "small-gpt.js"}
PAGE_FILES = {"model": "gpt.safetensors"}
WITH_RUNTIME = ()

SENTENCE = "the film is long but the last hour is beautiful"
"""With which it begins; lessons 21 and 23 begin with the same one."""


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site("On the page of this lesson, you see where the GPT looks in a sentence of yours.")


def labels(_site: Callable[[str], str], _megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "start": SENTENCE,
        "write": _site("A sentence in English"),
        "load": _site("Run the GPT ({size} MB)"),
        "again": _site("Start again"),
        "loading": _site("Loading the GPT …"),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "empty": _site("Write at least one word. Until then the sentence before stays here."),
        "long": _site(
            "This sentence has {count} tokens, and the GPT sees at most {limit}: leave out {over}. "
            "Until then the sentence before stays here."
        ),
        "tokens": _site("The sentence: choose the token that looks"),
        "token": _site("token {number} of {all}"),
        "later": _site("token {number} of {all}: comes later, and is not seen"),
        "looks": _site("In layer {layer}, head {head}, “{token}” looks most at: {list}."),
        "unknown": _site("Not in the vocabulary, so that the GPT sees <unk>: {words}"),
        "heads": _site("The maps of all heads: choose one"),
        "head": _site("Layer {layer}, head {head}"),
        "hint": _site(
            "Each row of a map is a token that looks, each column one that is looked at. The row of "
            "the chosen token is orange."
        ),
        "next": _site("What comes after “{token}”?"),
        "add": _site("Write this word behind the sentence"),
        "special": _site("An unknown word (<unk>): {unknown}. End of the review (<end>): {end}."),
        "private": _site("What you write stays in your browser: nothing is sent."),
    }
