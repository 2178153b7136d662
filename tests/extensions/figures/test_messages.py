"""Messages: what is a word, and numbers that go out and come back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text

from _ext.figures.messages import fill, has_math, is_message, placeholders, split


@pytest.mark.parametrize(
    ("text", "template", "numbers"),
    [
        ("loss after 12 epochs", "loss after {0} epochs", ["12"]),
        ("accuracy 93.5%, loss -1.2e-3", "accuracy {0}%, loss {1}", ["93.5", "-1.2e-3"]),
        ("3-5 lines of 1,000", "{0}-{1} lines of {2}", ["3", "5", "1,000"]),
        ("conv2d, float32, layer_1, ResNet-18, v1.2, 0.5s, 3x3", None, []),
        ("loss=0.25", "loss={0}", ["0.25"]),
        (r"rate $10^{-3}$ and 4 $x_{0}$", r"rate $10^{-3}$ and {0} $x_{0}$", ["4"]),
        ("it costs $5", "it costs ${0}", ["5"]),
        ("the set {0}", "the set {{0}}", ["0"]),
        ("two\nlines of 2", "two\nlines of {0}", ["2"]),
    ],
)
def test_numbers_become_placeholders(text: str, template: str | None, numbers: list[str]) -> None:
    assert split(text) == (text if template is None else template, numbers)


pieces = st.sampled_from(
    [
        *"{}$\\.,-+_ eE\n%0129a",
        "conv2d",
        "-1.5e-3",
        "$x_{0}$",
        "\u2212",
        "损失",
        "{0}",
        "٣",
        "1,000",
    ]
)
texts = st.one_of(st.text(), st.lists(pieces, max_size=12).map("".join))


@settings(deadline=None)  # a time limit would fail on a busy machine
@given(texts)
def test_fill_is_the_inverse_of_split(text: str) -> None:
    template, numbers = split(text)
    assert fill(template, numbers) == text
    assert placeholders(template) == set(range(len(numbers)))


@settings(deadline=None)  # a time limit would fail on a busy machine
@given(texts, st.integers(0, 10**6), st.integers(0, 10**6))
def test_another_measurement_is_the_same_message(text: str, first: int, second: int) -> None:
    one, other = (split(f"{text} ({n}) epochs")[0] for n in (first, second))
    assert one == other


@pytest.mark.parametrize(
    "text", ["", "12", "3.5e-4", "x", "N = 3", "$y = x^2$", "损失", "-", "10 %"]
)
def test_no_word_is_no_message(text: str) -> None:
    assert not is_message(text)


@pytest.mark.parametrize("text", ["epoch", "5 MB", "conv2d", "loss $L_2$", "costs $5", "Größe 3"])
def test_a_word_is_a_message(text: str) -> None:
    assert is_message(text)


@given(st.text(st.sampled_from("$\\\\ax")))
def test_math_is_what_matplotlib_takes_for_it(text: str) -> None:
    assert has_math(text) == is_math_text(text)
