"""``<live-tokeniser>``: the tokenizers of lesson 21 cut what the reader writes."""

from __future__ import annotations

from collections.abc import Callable

MODULES = {"code": "byte-pairs.js"}
PAGE_FILES = {"tokenisers": "tokenisers.json"}
WITH_RUNTIME = ()

ENGLISH = "the film is long but the last hour is beautiful"
CHINESE = "这部电影很长，但最后一小时很美"
"""The sentence with which it begins; lessons 22 and 23 begin with the same one."""


def download(_site: Callable[[str], str]) -> str:
    """Return what stands in downloads."""
    return _site("On the page of this lesson, two tokenizers cut a sentence of yours.")


def labels(_site: Callable[[str], str], _megabytes: str) -> dict[str, str]:
    """Return the words of the element; the script fills what stands in braces."""
    return {
        "start_en": ENGLISH,
        "start_zh": CHINESE,
        "tokeniser": _site("Tokenizer, trained on"),
        "english": _site("English alone"),
        "mixed": _site("English with a tenth of Chinese"),
        "load": _site("Cut the lines ({size} MB)"),
        "again": _site("Start again"),
        "loading": _site("Loading the tokenizers …"),
        "failed": _site(
            "The tokenizers could not be loaded: that takes a connection, and a page from a server."
        ),
        "en": _site("A sentence in English"),
        "zh": _site("The same in Chinese"),
        "count": _site("Tokens: {tokens}; characters: {characters}; tokens a character: {share}"),
        "cutOff": _site(
            "Only the first {characters} characters are cut. Tokens: {tokens}; tokens a character: "
            "{share}"
        ),
        "premium": _site(
            "If both lines say the same, Chinese costs {premium} times as many tokens as English."
        ),
        "empty": _site("Write in both fields, and their numbers of tokens are compared."),
        "hint": _site(
            "Below each piece stands its id; ␣ is a space. Two digits are a byte, when a piece is only a "
            "part of a character."
        ),
        "private": _site("What you write stays in your browser: nothing is sent."),
    }
