"""The index of errors holds the messages that the lessons' outputs show, and no others."""

from __future__ import annotations

import re

import pytest

from built_site import LANGUAGES, BuiltSite

RAISED = re.compile(r"\b[A-Z]\w*(?:Error|Warning): .+?(?=\s[a-z_.]+\(.*\)$|$)")
DEPRECATED = re.compile(r"^.*\b(?:is deprecated|legacy)\b.*$")
MINIMUM = 25
"""Characters of a message that must be in the index; the rest may be cut."""


def flat(text: str) -> str:
    """Return a text with one space between its words, however it was broken into lines."""
    return " ".join(text.split())


def outputs(built: BuiltSite, page: str) -> list[str]:
    """Return what the cells of a lesson printed, and what Python said to lines of then."""
    printed = "//*[contains(@class, 'sphx-glr-script-out')]//pre"
    said = "//*[contains(@class, 'then-says')]//samp"
    blocks = built.tree(page).xpath(f"{printed} | {said}")
    return [block.text_content() for block in blocks]


def sections(built: BuiltSite, folder: str) -> list[tuple[str, str]]:
    """Return each message of the index with the page of the lesson that provokes it."""
    tree = built.tree(f"{folder}/errors.html")
    found = []
    for section in tree.xpath("//section[h3]"):
        (link,) = section.xpath(".//p[contains(@class, 'provoked')]/a/@href")
        message = section.xpath("string(h3//code)")
        found.append((flat(message), f"{folder}/{link.split('#')[0]}"))
    return found


def fragments(message: str) -> list[str]:
    """Return the parts of a message that are quoted, without the name of the error.

    Some lessons print the name, others only the message.
    """
    text = re.sub(r"^[A-Z]\w*(?:Error|Warning): ", "", message)
    return [part.strip() for part in text.split("…") if part.strip()]


def messages(text: str) -> list[str]:
    """Return the errors and deprecations in what a cell printed."""
    # A message that was broken into lines goes on up to a line that is empty or begins anew.
    lines = re.split(r"\n\s*\n|\n(?=\S*\(|- |edit |\S)(?=[^a-z(!]|torch\.)", text)
    found = [flat(match[0]) for line in lines for match in RAISED.finditer(flat(line))]
    return found + [flat(line) for line in lines if DEPRECATED.match(flat(line))]


@pytest.mark.parametrize("folder", LANGUAGES)
def test_index_quotes_what_the_lessons_print(built, folder):
    found = sections(built, folder)
    assert len(found) >= 11
    for message, page in found:
        printed = flat(" ".join(outputs(built, page)))
        for part in fragments(message):
            assert part in printed, f"{page} does not print {part!r}"


def test_every_message_of_a_lesson_is_in_the_index(built):
    quoted = [part for message, _ in sections(built, "en") for part in fragments(message)]
    seen = 0
    for page in built.lessons("en"):
        for output in outputs(built, page):
            for message in messages(output):
                seen += 1
                assert any(part in message or message in part for part in quoted) or any(
                    part[:MINIMUM] in message for part in quoted
                ), f"{page} prints {message!r}: add it to docs/errors.md"
    assert seen >= 9


def test_messages_are_found_in_outputs():
    printed = "a(b)\nRuntimeError: sizes of\nthings differ\n\nc\n    IndexError: no\n- x() is deprecated as\nof 2.1"
    assert [m[:30] for m in messages(printed)][:2] == [
        "RuntimeError: sizes of things ",
        "IndexError: no",
    ]
    assert any("x() is deprecated" in message for message in messages(printed))


def test_index_is_the_same_in_both_languages(built):
    english, chinese = (sections(built, folder) for folder in LANGUAGES)
    assert [message for message, _ in english] == [message for message, _ in chinese]
