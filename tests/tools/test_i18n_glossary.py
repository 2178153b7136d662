"""One term, one translation."""

from __future__ import annotations

from typing import Any

import pytest

from _tools.i18n.glossary import Glossary, terms

PAGE = """# Glossary

```{glossary}
:sorted:

tensor
  An array.

gradient
gradient descent
  Two words.

view
  Shares memory.

stride
  In memory.

stride (convolution)
  Of a kernel.

epoch
  One pass.

axis
  A direction.
```

:::{glossary}
loss function
  How far off.
:::
"""
CHINESE = {
    "tensor": "张量",
    "gradient": "梯度",
    "gradient descent": "梯度下降",
    "view": "视图",
    "stride": "步幅",
    "stride (convolution)": "步长（卷积）",
    "epoch": "轮次（epoch）",
    "axis": "轴",
    "loss function": "损失函数",
}
RULES: dict[str, Any] = {
    "loose": ["view"],
    "unchecked": [],
    "plurals": {"axis": "axes"},
    "accept": {"epoch": ["轮"]},
    "exception": [
        {"catalogue": "page", "message": "The axis of evil", "term": "axis", "reason": "a saying"}
    ],
    "forbidden": [{"english": "cell", "wrong": "细胞", "right": "单元"}],
}


@pytest.fixture
def glossary() -> Glossary:
    return Glossary(PAGE, CHINESE, RULES)


def test_terms_are_read_from_the_page() -> None:
    assert terms(PAGE) == list(CHINESE)


@pytest.mark.parametrize(
    ("english", "translation"),
    [
        ("A tensor", "一个张量"),
        ("Tensors here", "这里的张量"),
        ("gradient descent", "梯度下降"),
        ("the stride", "步幅"),
        ("the stride", "步长"),
        ("one epoch", "一轮"),
        ("two axes", "两条轴"),
        ("view the result", "查看结果"),
        ("tensorboard, multi-tensor, torch.tensor and tensor.py", "其他"),
        ("Loss\nfunctions", "损失函数"),
        ("The axis of evil", "邪恶核心"),
        ("the prison cell", "单元"),
    ],
)
def test_the_right_term_passes(glossary: Glossary, english: str, translation: str) -> None:
    assert glossary.problems("page", english, translation) == []


@pytest.mark.parametrize(
    ("english", "translation", "problem"),
    [
        ("A tensor", "一个数组", '"tensor" 张量'),
        ("TENSORS", "数组", '"tensor" 张量'),
        ("gradient descent", "梯度法", '"gradient descent" 梯度下降'),
        ("the stride", "跨度", '"stride" 步幅 or 步长'),
        ("an epoch", "时代", '"epoch" 轮次 or 轮'),
        ("two axes", "两把斧头", '"axis" 轴'),
        ("a new view", "新的看法", '"view" 视图'),
        ("loss  function", "损失", '"loss function" 损失函数'),
        ("this axis of evil", "邪恶核心", '"axis" 轴'),
        ("an LSTM cell", "LSTM 细胞", "细胞 is wrong"),
    ],
)
def test_another_word_is_found(
    glossary: Glossary, english: str, translation: str, problem: str
) -> None:
    assert problem in " ".join(glossary.problems("page", english, translation))


def test_the_longest_term_counts_and_an_exception_holds_only_where_it_says(
    glossary: Glossary,
) -> None:
    found = glossary.problems("page", "gradient descent", "下降")
    assert found == ['the glossary calls "gradient descent" 梯度下降']
    assert glossary.problems("other", "The axis of evil", "邪恶核心")
    assert Glossary(PAGE, {}, RULES).problems("page", "a tensor", "数组") == [], "not translated"


def test_a_name_in_the_glossary_may_hold_a_forbidden_word() -> None:
    page = "```{glossary}\ncell state\n  Of an LSTM.\n```\n"
    glossary = Glossary(page, {"cell state": "细胞状态"}, RULES)
    assert glossary.problems("page", "the cell state", "细胞状态") == []
    assert glossary.problems("page", "the cell state of a cell", "细胞的细胞状态")


def test_rules_that_say_nothing_are_found(glossary: Glossary) -> None:
    assert glossary.rule_problems() == ['the exception for "axis" in page is not needed: delete it']
    glossary.problems("page", "The axis of evil", "邪恶核心")
    assert glossary.rule_problems() == []
    wrong = {
        "loose": ["banana"],
        "exeption": [],
        "exception": [{**RULES["exception"][0], "reason": ""}],
    }
    problems = " ".join(Glossary(PAGE, CHINESE, wrong).rule_problems())
    assert '"banana" is not in the glossary' in problems
    assert "unknown table or list [exeption]" in problems
    assert "has no reason" in problems
