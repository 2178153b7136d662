"""Merging keeps what is translated and marks what may have become wrong."""

from __future__ import annotations

import polib
import pytest

from _tools.i18n import catalogues as i18n_catalogues
from _tools.i18n.catalogues import Message, render
from _tools.i18n.merge import merge

OLD = "The loss falls quickly in the first epochs and slowly later."
NEW = "The loss falls quickly in the first few epochs and slowly later."


def catalogue(**entries: str) -> polib.POFile:
    made = i18n_catalogues.empty("zh_CN")
    for msgid, msgstr in entries.items():
        made.append(polib.POEntry(msgid=msgid, msgstr=msgstr))
    return made


def merged(
    templates: dict[str, list[str]], catalogues: dict[str, polib.POFile]
) -> dict[str, polib.POFile]:
    messages = {d: [Message(m, ("docs/x.md",)) for m in texts] for d, texts in templates.items()}
    return merge(messages, catalogues, "zh_CN", lambda domain: "rst")


def strings(file: polib.POFile) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in file}


def test_new_messages_are_empty_and_in_the_order_of_the_page() -> None:
    result = merged(
        {"page": ["second", "new text", "first"]}, {"page": catalogue(first="一", second="二")}
    )
    assert list(strings(result["page"]).items()) == [
        ("second", "二"),
        ("new text", ""),
        ("first", "一"),
    ]
    assert not result["page"].fuzzy_entries()


def test_a_changed_message_is_fuzzy_until_the_change_is_undone() -> None:
    old = catalogue(**{OLD: "损失先快后慢地下降。"})
    old[0].tcomment = "the translator's note"
    changed = merged({"page": [NEW]}, {"page": old})
    [entry] = changed["page"]
    assert entry.fuzzy
    assert (entry.msgstr, entry.previous_msgid) == ("损失先快后慢地下降。", OLD)
    assert entry.tcomment == "the translator's note"
    # A second change still shows the text that was translated.
    [entry] = merged({"page": [NEW + " Why?"]}, changed)["page"]
    assert (entry.fuzzy, entry.previous_msgid) == (True, OLD)
    [entry] = merged({"page": [OLD]}, changed)["page"]
    assert (entry.msgstr, entry.fuzzy, entry.previous_msgid) == (old[0].msgstr, False, None)


PARAGRAPH = " ".join(f"word{number}" for number in range(200))


@pytest.mark.parametrize(
    ("old", "new", "fuzzy"),
    [
        (PARAGRAPH, PARAGRAPH.replace("word50", "another"), True),
        (OLD, "Nothing in common.", False),
    ],
)
def test_what_replaces_a_message_is_recognised(old: str, new: str, fuzzy: bool) -> None:
    for domain in ("page", "renamed"):
        [entry] = merged({domain: [new]}, {"page": catalogue(**{old: "译文"})})[domain]
        assert (bool(entry.msgstr), entry.fuzzy) == (fuzzy, fuzzy)


def test_removed_messages_and_pages_are_dropped() -> None:
    old = {"page": catalogue(kept="留", gone="去"), "removed": catalogue(other="别")}
    result = merged({"page": ["kept"]}, old)
    assert {domain: strings(file) for domain, file in result.items()} == {"page": {"kept": "留"}}


def test_a_message_that_moves_to_another_page_keeps_its_translation() -> None:
    result = merged({"new": [OLD]}, {"old": catalogue(**{OLD: "译文"})})
    assert strings(result["new"]) == {OLD: "译文"}
    assert not result["new"].fuzzy_entries()


@pytest.mark.parametrize(("other", "expected"), [("练习", "练习"), ("习题", "")])
def test_a_text_known_from_other_pages_is_taken_over_if_they_agree(
    other: str, expected: str
) -> None:
    old = {"a": catalogue(Exercises="练习"), "b": catalogue(Exercises=other)}
    result = merged({"a": ["Exercises"], "b": ["Exercises"], "c": ["Exercises"]}, old)
    assert strings(result["c"]) == {"Exercises": expected}


def test_merging_twice_changes_nothing() -> None:
    templates = {"page": [NEW, "new", ":math:`x`"]}
    once = merged(templates, {"page": catalogue(**{OLD: "译文", "gone": "去"})})
    reread = {"page": polib.pofile(render(once["page"]), wrapwidth=0)}
    assert render(merged(templates, reread)["page"]) == render(once["page"])
    # A message without words is its own translation.
    assert strings(once["page"]) == {NEW: "译文", "new": "", ":math:`x`": ":math:`x`"}
    assert "#: docs/x.md\n" in render(once["page"])
