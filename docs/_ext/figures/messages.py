"""Tell which strings of a figure are messages, and take the numbers out of them.

A message is what a translator sees. Its numbers are placeholders, so that a measurement that
comes out differently does not cost the translation: "loss after 12 epochs" is the message
"loss after {0} epochs" with the number "12".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_MATH = re.compile(r"((?<!\\)\$.*?(?<!\\)\$)", re.DOTALL)
# A sign belongs to a number unless it joins two things ("3-5"). The group is atomic: "0.5s" must
# not give up its "s" and pass as the number "0".
_NUMBER = r"(?:(?<!\w)[-+\u2212])?(?>[0-9]+(?:[.,][0-9]+)*(?:[eE][-+]?[0-9]+)?)(?!\w)"
# What hangs on a letter is part of a name: conv2d, float32, ResNet-18, fc.1.
_NAME = r"[^\W\d]\w*(?:[.-]\w+)*|\w+(?:\.\w+)*"
_TOKEN = re.compile(f"(?P<number>{_NUMBER})|{_NAME}")
_PLACEHOLDER = re.compile(r"\{([0-9]+)\}")
# Single letters are names of variables. Only alphabets are counted: Chinese in an English figure
# is data, not interface.
_WORD = re.compile(r"(?:(?![\u2e80-\U0010ffff])[^\W\d_]){2}")


def is_message(text: str) -> bool:
    """Return whether a string has a word in it, and so something to translate.

    Examples
    --------
    >>> is_message("loss after 12 epochs"), is_message("$y = x^2$"), is_message("3.5e-4"), is_message("x")
    (True, False, False, False)
    """
    return any(_WORD.search(plain) for plain in _pieces(text)[::2])


def split(text: str) -> tuple[str, list[str]]:
    """Return a string as a template with placeholders, and its numbers.

    Examples
    --------
    >>> split("conv2d, loss -0.25 after 12 epochs, $10^{-3}$")
    ('conv2d, loss {0} after {1} epochs, $10^{-3}$', ['-0.25', '12'])
    """
    numbers: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["number"] is None:
            return match[0]
        numbers.append(match[0])
        return f"{{{len(numbers) - 1}}}"

    return _outside_math(_TOKEN, replace, text), numbers


def fill(template: str, numbers: Sequence[str]) -> str:
    """Put the numbers back: the inverse of :func:`split`, also for a translated template.

    Examples
    --------
    >>> fill("{1} 轮之后损失为 {0}", ["0.25", "12"])
    '12 轮之后损失为 0.25'
    """
    return _outside_math(_PLACEHOLDER, lambda match: numbers[int(match[1])], template)


def placeholders(template: str) -> set[int]:
    """Return which numbers a template asks for.

    Examples
    --------
    >>> sorted(placeholders("{1} of {0}, $x_{7}$"))
    [0, 1]
    """
    return {int(n) for plain in _pieces(template)[::2] for n in _PLACEHOLDER.findall(plain)}


def has_math(text: str) -> bool:
    r"""Return what Matplotlib's ``cbook.is_math_text`` returns, without loading Matplotlib.

    Examples
    --------
    >>> has_math("$x$"), has_math("$5"), has_math(r"\$5 and \$6")
    (True, False, False)
    """
    dollars = text.count("$") - text.count(r"\$")
    return dollars > 0 and dollars % 2 == 0


def _pieces(text: str) -> list[str]:
    """Return plain text and mathtext by turns, as Matplotlib reads them."""
    return _MATH.split(text) if has_math(text) else [text]


def _outside_math(pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], s: str) -> str:
    pieces = _pieces(s)
    pieces[::2] = [pattern.sub(replace, plain) for plain in pieces[::2]]
    return "".join(pieces)
