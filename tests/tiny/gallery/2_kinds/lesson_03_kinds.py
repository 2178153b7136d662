"""
03 · All kinds
==============

What is *one* and **one**? A second sentence.
"""

# sphinx_gallery_budget_s = 60
# sphinx_gallery_assets = ["mnist"]

# %%
# See :doc:`/index` and :ref:`below <kinds>`.

import os
from pathlib import Path

from dlcourse import page_files

with Path(os.environ["TINY_LOG"]).open("a") as log:
    print("03", file=log)
one = 1  # a number
print(one + one)

# %%
# The sum has a type.

# Both numbers are
# integers.
assert isinstance(one + one, int)
text = """trailing   
# not a comment"""


def total(*numbers):
    """The sum of all numbers."""
    return sum(numbers)


NAMES = ("digits.safetensors", "samples.safetensors", "digits.onnx", "logo.onnx", "logo.json")
NAMES += ("review_en.safetensors", "review_zh.safetensors", "gpt.safetensors", "tokenisers.json")
NAMES += ("pictures_and_words.safetensors", "emoji.webp")
for name in NAMES:
    (page_files.folder() / name).write_text(name)
measured = '{"accuracy_percent": {"en": 80, "zh": 78.5}}'
_ = (page_files.folder() / "languages.json").write_text(measured)
# sphinx_gallery_start_ignore
hidden = one
# sphinx_gallery_end_ignore

# %%
# Break it
# --------
#
# A **stride** of two, and :math:`\frac{a}{b}`.
#
# .. fold:: Printed with ``print``

print("RuntimeError: expected scalar\ntype Float")

# %%
# .. container:: no-search
#
#    Not this.
#
# Deeper
# ~~~~~~
#
# Below the mistakes.
#
# .. _kinds:
#
# Kinds of text
# -------------
#
# Plain ``code``, :math:`x_1`, a `link <https://example.org/a?b=1>`_, :sub:`low`, :term:`tensor`,
# ``a`b``, 2 * 3 * 4, a\_b and \_private, 5 $, [Kim2014]_ and a note [#]_.
# *（重要）*的 **bold**: text.
#
# - first
#
#   - nested
# - second
#
# #. one
# #. two
#
# term
#    Its definition.
#
# .. math:: y = W x
#    :label: line
#
# .. note:: Take care.
#
# .. admonition:: A title
#
#    Its text.
#
# .. code-block:: python
#
#    one = 1  # in the text
#
# .. code-block:: console
#
#    $ ls
#
# >>> 1 + 1
# 2
#
# ===== ===========
# name  value
# ===== ===========
# a\|b  :math:`|x|`
# ===== ===========
#
# .. image:: /picture.png
#    :alt: A picture
#
# .. figure:: /picture.png
#
#    A caption
#
# .. dropdown:: Answer with ``code``
#
#    It folds *out*.
#
# .. grid:: 2
#
#    .. grid-item-card:: A card
#
#       Its text.
#
# .. tab-set::
#
#    .. tab-item:: A tab
#
#       In the tab.
#
# | line one
# | line two
#
# .. rubric:: A rubric
#
# It is said:
#
#     A quotation.
#
# ----
#
# .. a hidden remark
#
# .. container:: not-in-download
#
#    Only on the page.
#
# .. live-digit::
#
#    Without scripts there is nothing to draw.
#
# .. live-logo::
#
#    Without scripts nothing is looked for.
#
# .. live-review::
#
#    Without scripts nothing is judged.
#
# .. live-pictures::
#
#    Without scripts no picture answers.
#
# .. attention-explorer::
#
#    Without scripts no head looks anywhere.
#
# .. live-tokeniser::
#
#    Without scripts nothing is cut.
#
# .. interactive:: conv-stepper
#    :stride: 2
#    :input: 000 090
#       000
#
#    One step: nine products.
#
# .. [#] The note.
# .. [Kim2014] The paper.
#
# Questions
# ---------
#
# .. choice:: What *is* ``7 // 2``?
#    :right: 2
#
#    - 3.5
#
#      This is ``7 / 2``.
#
#    - three, or ``3``
#
#      The quotient is rounded down.
#
# .. choice:: What does the loop print?
#    :outputs: squares
#
#    - The squares of both numbers.
#
#    - Doubled, not squared.

from dlcourse.page_files import run_choices, run_then_and_now

for number in (2, 3):
    print(number, number**2)


def squares():
    for number in (2, 3):
        print(number, number**2)


def doubled():
    # Both numbers are
    # integers.
    for number in (2, 3):
        print(number, number * 2)


run_choices("squares", right=squares, wrong=[doubled])

# %%
# .. then-and-now:: lines
#
#    - A function of **old**.
#
#    - It was silent.
#
#    - It printed.

run_then_and_now(
    "lines",
    [
        ("import math\nmath.reciprocal_of(4)", "1 / 4"),
        ("one", "1"),
        ("print(7 / 2)", "print(7 // 2)"),
    ],
    globals(),
)
