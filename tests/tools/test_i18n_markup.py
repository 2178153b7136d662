"""A translation has the markup of its original."""

from __future__ import annotations

import pytest

from _tools.i18n.markup import differences, is_translatable, looks_like_list, parse, unbalanced

KEPT = [
    ("rst", "The ``view`` of :math:`x`.", "``view`` 与 :math:`x`。"),
    ("rst", "See :func:`torch.view`.", "见 :func:`torch.view`。"),
    ("rst", "See :func:`torch.view`.", "见 :func:`视图 <torch.view>`。"),
    ("rst", "See :ref:`the map <map>`.", "见 :ref:`地图 <map>`。"),
    ("rst", "See `the docs <https://a.org/b_c>`_.", "见 `文档 <https://a.org/b_c>`_。"),
    ("rst", "See `docs`_ and [1]_, |version|.", "见 `文档 <docs_>`_ 与 [1]_，|version|。"),
    ("rst", "A :term:`stride` here.", "这里的 :term:`步幅 <stride>`。"),
    ("rst", "A :term:`stride` here.", "这里的 :term:`步幅`。"),
    ("rst", ":math:`x \\text{ if } y`", ":math:`x \\text{ 若 } y`"),
    ("rst", "\\text{place} = \\sum_k i_k\n\n", "\\text{位置} = \\sum_k i_k"),
    ("myst", "y = wx + b", "y = wx + b"),
    ("rst", "**Bold** text", "文字"),
    ("rst", "At https://a.org/b.", "在 https://a.org/b。"),
    ("myst", "The `view` of $x$ and {math}`y`.", "`view`、$x$ 与 {math}`y`。"),
    (
        "myst",
        "See {doc}`setup` or [there](setup.md).",
        "见 {doc}`安装 <setup>` 或[那里](setup.md)。",
    ),
    ("myst", "The [`a` docs](https://a.org 'A').", "[`a` 文档](https://a.org 'A')。"),
    ("myst", "See <https://a.org>[^1] {{ x }} <br>", "见 <https://a.org>[^1] {{ x }} <br>"),
    ("myst", "It costs $5 or $6.", "价格为 5 或 6 美元。"),
    ("plain", "loss {0} after {1} epochs, $x^2$", "第 {1} 轮后损失为 {0}，$x^2$"),
    ("plain", "uses `x` (%s)", "使用 `x`（%s）"),
]
LOST = [
    ("rst", "The ``view``.", "视图。"),
    ("rst", "The ``view``.", "``views``。"),
    ("rst", "The ``a`` and ``a``.", "``a``。"),
    ("rst", ":math:`x^2`", ":math:`x^3`"),
    ("rst", "See :func:`torch.view`.", "见 :func:`torch.reshape`。"),
    ("rst", "See :func:`torch.view`.", "见 :meth:`torch.view`。"),
    ("rst", "See :ref:`the map <map>`.", "见 :ref:`map <地图>`。"),
    ("rst", "See `the docs <https://a.org>`_.", "见 `文档 <https://b.org>`_。"),
    ("rst", "A note [1]_.", "注。"),
    ("rst", "A note [#n]_.", "注 [#m]_。"),
    ("rst", "The |version|.", "版本。"),
    ("rst", "A :term:`stride`.", "一个 :term:`张量`。"),
    ("rst", "At https://a.org/b.", "在 https://a.org/c。"),
    ("rst", "See Name_.", "见名称。"),
    ("rst", "Words.", "``词``。"),
    ("rst", "\\text{place} = \\sum_k i_k", "\\text{位置} = \\sum_j i_j"),
    ("rst", "\\text{place} = \\sum_k i_k", "位置 = \\sum_k i_k"),
    ("myst", "The `view`.", "视图。"),
    ("myst", "The $x$.", "该 $y$。"),
    ("myst", "See {doc}`setup`.", "见 {doc}`安装`。"),
    ("myst", "See [there](setup.md).", "见[那里](about.md)。"),
    ("myst", "See [there][key].", "见[那里][other]。"),
    ("myst", "![a](b.png)", "图"),
    ("myst", "[`a` b](c)", "[b](c)"),
    ("myst", "A[^1]", "甲[^2]"),
    ("myst", "{{ x }}", "{{ y }}"),
    ("myst", "a<br>b", "甲乙"),
    ("myst", "{.note #id}", "{.note}"),
    ("plain", "loss {0}", "损失"),
    ("plain", "loss $x$", "损失 $y$"),
]
TERMS = {"步幅": "stride", "张量": "tensor"}


def found(syntax: str, english: str, translation: str) -> list[str]:
    return differences(parse(english, syntax).atoms, parse(translation, syntax, TERMS).atoms)


@pytest.mark.parametrize(("syntax", "english", "translation"), KEPT)
def test_kept_markup_passes(syntax: str, english: str, translation: str) -> None:
    assert found(syntax, english, translation) == []


@pytest.mark.parametrize(("syntax", "english", "translation"), LOST)
def test_lost_or_changed_markup_is_found(syntax: str, english: str, translation: str) -> None:
    assert found(syntax, english, translation)


def test_the_message_names_what_is_lost() -> None:
    assert found("rst", ":func:`a` ``b``", ":func:`a`") == ["lost ``b``"]
    assert found("rst", "a", ":func:`a`") == [
        "has the target a of :func:, which the English does not have"
    ]


@pytest.mark.parametrize(
    ("syntax", "text", "markers"),
    [
        ("rst", "使用**粗体**的 ``x`` 与 2 * 3", []),
        ("rst", "使用**粗体的", ["**"]),
        ("rst", "使用*斜体的", ["*"]),
        ("rst", r"一个 \* 与 \`", []),
        ("rst", "一个 ``x` 的", ["`"]),
        ("myst", "使用**粗体**的", []),
        ("myst", "使用 *x*、`y`", []),
        ("myst", "使用**粗体。**的", ["**"]),
        ("myst", "使用**粗体的", ["**"]),
        ("myst", "$a*b*c$ 与 2 * 3", []),
        ("myst", "一个 `x 的", ["`"]),
        ("plain", "2**3 与 `", []),
    ],
)
def test_unbalanced_markup_is_found(syntax: str, text: str, markers: list[str]) -> None:
    assert unbalanced(text, syntax) == markers


@pytest.mark.parametrize(
    ("syntax", "text", "expected"),
    [
        ("rst", ":math:`a+b` ``code`` 3.14 https://a.org", False),
        ("rst", ":func:`torch.view`", False),
        ("rst", "``code`` and more", True),
        ("rst", "`PyTorch <https://a.org>`_", True),
        ("myst", "$$\nx = y\n$$", False),
        ("myst", "[](setup.md)", False),
        ("myst", "PyTorch", True),
        ("plain", "(N, C) {0}", False),
        ("rst", "\\text{place} = i", True),
        ("myst", "\\begin{aligned} y = wx + b \\end{aligned}", False),
        ("rst", "key = value", True),
    ],
)
def test_only_words_are_translatable(syntax: str, text: str, expected: bool) -> None:
    assert is_translatable(text, syntax) is expected


@pytest.mark.parametrize(
    ("syntax", "text", "expected"),
    [
        ("rst", "A. Paszke 等：论文", True),
        ("rst", "S. van der Walt", True),
        ("rst", "(1) 第一", True),
        ("rst", "- 一项", True),
        ("rst", "\\A. Paszke 等：论文", False),
        ("rst", "AB. 两个字母", False),
        ("rst", "1.5 倍", False),
        ("myst", "1. 安装", True),
        ("myst", "1\\. 安装", False),
        ("myst", "A. Paszke", False),
        ("plain", "1. 安装", False),
    ],
)
def test_a_translation_that_reads_as_a_list_is_found(
    syntax: str, text: str, expected: bool
) -> None:
    assert looks_like_list(text, syntax) == expected
