"""Wrap text that mixes Chinese and Latin script.

Chinese has no spaces: a line may break between any two characters, but not before a closing
mark or after an opening one, and each character is two columns wide.
"""

from __future__ import annotations

import re
import unicodedata

_CJK = "\u2e80-\u303f\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—"
_OPENING = "（《〈「『【〔“‘"
_CLOSING = "）》〉」』】〕”’，。、；：？！…—"
_UNIT = re.compile(
    rf"[{_OPENING}]*(?:[{_CJK}]|[^\s{_CJK}]+)[{_CLOSING}]*"  # one character or one Latin word
    rf"|[{_OPENING}{_CLOSING}]+"
)


def columns(text: str) -> int:
    """Return how many columns a text takes in a monospaced font.

    Examples
    --------
    >>> columns("4 维 tensor")
    11
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` columns, if its words allow that.

    Examples
    --------
    >>> wrap("先减去最大值（不会溢出），再取 exp。", 12)
    ['先减去最大值', '（不会溢', '出），再取', 'exp。']
    """
    lines: list[str] = []
    line = ""
    end = 0
    for unit in _UNIT.finditer(text):
        space = " " if line and text[end : unit.start()] else ""
        end = unit.end()
        if line and columns(line + space + unit.group()) > width:
            lines.append(line)
            line = unit.group()
        else:
            line += space + unit.group()
    return [*lines, line]
