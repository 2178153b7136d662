"""Chinese typography: spaces and full-width punctuation."""

from __future__ import annotations

import pytest

from _tools.i18n.chinese import problems
from _tools.i18n.markup import parse

GOOD = [
    "用 PyTorch 训练 3 个模型，损失为 0.5。",
    "形状为 (N, C, H, W) 的张量",
    "批次（batch）的大小：``x.shape``。",
    "使用**粗体**的文字",
    "使用 **PyTorch** 的文字",
    "见 :ref:`地图 <map>`。见:ref:`地图 <map>`。",
    "见 :doc:`setup`。见:doc:`setup`。",
    "``a``、``b`` 和 :math:`x`",
    "占 80% 的样本，3.14 与 e.g. 都行",
    "为什么？因为“视图”共享内存！",
    "第一行，\n第二行",
]
BAD = [
    ("用PyTorch", "no space"),
    ("PyTorch的", "no space"),
    ("第3课", "no space"),
    ("80%的", "no space"),
    ("使用``x``", "no space"),
    (":math:`x`的", "no space"),
    ("使用**PyTorch**", "no space"),
    ("(N, C)的", "no space"),
    ("张量,形状", "use ，"),
    ("张量.", "use 。"),
    ("张量...", "use 。"),
    ("张量: 形状", "use ："),
    ("张量; 形状", "use ；"),
    ("什么?", "use ？"),
    ("好!", "use ！"),
    ("批次(batch)", "use （"),
    ("批次 (batch)", "use （ ）"),
    ("张量， 形状", "a space beside"),
    ("张量 。", "a space beside"),
    ("用 ``x`` ，再", "a space beside"),
    ('称为"视图"', "quotation marks"),
]


@pytest.mark.parametrize("text", GOOD)
def test_good_typography_passes(text: str) -> None:
    assert problems(parse(text, "rst").prose) == []


@pytest.mark.parametrize(("text", "what"), BAD)
def test_bad_typography_is_found(text: str, what: str) -> None:
    assert what in " ".join(problems(parse(text, "rst").prose))


def test_code_is_left_alone() -> None:
    assert problems(parse("``{'图像':1,'a':图}`` 与 ``# 注释,x``", "rst").prose) == []
