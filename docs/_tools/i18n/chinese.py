"""The typographic conventions of the Chinese pages.

A space between Chinese and Latin letters, digits, code or formulas; full-width punctuation in
Chinese text, without spaces around it.
"""

from __future__ import annotations

import re

from _tools.i18n.markup import LATIN

_CJK = "\u3400-\u9fff\uf900-\ufaff"
_WIDE = "，。：；？！（）、"
_TO_WIDE = {",": "，", ".": "。", ":": "：", ";": "；", "?": "？", "!": "！", "(": "（", ")": "）"}
_LATIN = f"A-Za-z0-9{LATIN}"

_NO_SPACE = re.compile(f"[{_CJK}][{_LATIN}]|[{_LATIN}%)][{_CJK}]")
_HALF = re.compile(rf"[{_CJK}][,:;?!()]|[{_CJK}]\.(?!\w)|[,;?!][{_CJK}]|\([{_CJK}]")
_LATIN_IN_HALF = re.compile(rf"[{_CJK}] ?\([A-Za-z][A-Za-z -]+\)")
_SPACE_BESIDE_WIDE = re.compile(rf"[{_WIDE}][^\S\n]|(?<=\S)[^\S\n][{_WIDE}]")
_STRAIGHT_QUOTE = re.compile(rf"[{_CJK}{_WIDE}]\"|\"[{_CJK}]")


def problems(prose: str) -> list[str]:
    """List what is against the conventions in the prose of a translation.

    Parameters
    ----------
    prose : str
        Without markup, as :func:`markup.parse` gives it.

    Examples
    --------
    >>> problems("张量的 shape 是 3。"), problems("用PyTorch训练,")
    ([], ['no space in "用P" and "h训"', 'half-width punctuation in "练,": use ，'])
    """
    text = re.sub(r"(?<!\\)\*+", "", prose)
    found = []
    if pairs := _NO_SPACE.findall(text):
        found.append(f"no space in {_quote(pairs)}")
    half = _HALF.findall(text) + _LATIN_IN_HALF.findall(text)
    if half:
        wide = dict.fromkeys(_TO_WIDE[sign] for pair in half for sign in pair if sign in _TO_WIDE)
        found.append(f"half-width punctuation in {_quote(half)}: use {' '.join(wide)}")
    if spaces := _SPACE_BESIDE_WIDE.findall(text):
        found.append(f"a space beside full-width punctuation in {_quote(spaces)}")
    if quotes := _STRAIGHT_QUOTE.findall(text):
        found.append(f"straight quotation marks in {_quote(quotes)}: use “ and ”")
    return found


def has_chinese(text: str) -> bool:
    """Tell whether a text holds a Chinese character."""
    return bool(re.search(f"[{_CJK}]", text))


def _quote(pieces: list[str]) -> str:
    shown = dict.fromkeys(piece.replace(LATIN, "`…`") for piece in pieces)
    return " and ".join(f'"{piece}"' for piece in shown)
