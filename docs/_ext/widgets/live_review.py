"""``<live-review>``: the networks of lesson 23 judge a review of the reader, token by token."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"small": "small-model.js", "code": "review-net.js"}
PAGE_FILES = {"en": "review_en.safetensors", "zh": "review_zh.safetensors"}
WITH_RUNTIME = ()

SENTENCES = (
    "The story is not bad, but the acting is terrible.",
    "The film is long, but the last hour is beautiful.",
    "书的内容不错，可惜纸张太差。",
    "这部电影很长，但最后一小时很美。",
)
"""The examples, in both languages on all pages: those whose answers the lesson prints."""


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site("Write a review on the page of this lesson, and the network judges it.")


def labels(_site: Callable[[str], str], _megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "write": _site("Your review"),
        "hint": _site("In English or in Chinese. The network answers while you write."),
        "examples": _site("Examples"),
        "sentences": "\n".join(SENTENCES),
        "waiting": _site("Write a review, or choose an example."),
        "loading": _site("Loading the network ({size} MB) …"),
        "failed": _site(
            "The network could not be loaded: that takes a connection, and a page from a server."
        ),
        "en": _site("English network"),
        "zh": _site("Chinese network"),
        "good": _site("good"),
        "bad": _site("bad"),
        "saysGood": _site("{model}: a good review. The probability of “good” is {percent}."),
        "saysBad": _site("{model}: a bad review. The probability of “good” is {percent}."),
        "cut": _site("The network reads only the first {limit} tokens; the rest is left out."),
        "tokens": _site("Tokens of the review"),
        "token": _site("{token}: {percent}"),
        "tokenUnknown": _site("{token}, unknown: {percent}"),
        "after": _site(
            "After token {number} of {all}, “{token}”, the probability of “good” is {percent}."
        ),
        "afterUnknown": _site(
            "After token {number} of {all}, “{token}” (unknown), the probability of “good” is {percent}."
        ),
        "unknown": _site(
            "In dashed frames: tokens that are not in the vocabulary ({count} of {all})."
        ),
        "curve": _site(
            "The probability of “good” after every token, from {first} to {last}. Lowest: {low}, "
            "highest: {high}."
        ),
        "private": _site("What you write stays in your browser: nothing is sent."),
    }
