"""Lesson 26 counts hits, and leaves text towers in 8 bits; its functions are taken from the script without running it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from _ext.widgets import live_pictures

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "gallery" / "4_beyond" / "lesson_26_foundation_models.py"
WANTED = {
    "PATTERNS", "tokens_of", "ids_of", "TextTower", "hits", "pair_loss", "to_8_bits", "packed", "unpacked",
    "answer_in_8_bits", "QUESTIONS", "shift_half", "score_bias", "SLOPES", "LoRA", "merged", "drop_some",
}  # fmt: skip


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if _name(node) in WANTED]
    found: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "re": re, "device": "cpu"}
    found |= {"math": __import__("math"), "copy": __import__("copy")}
    exec(compile(tree, LESSON, "exec"), found)  # noqa: S102  # our own lesson
    assert found.keys() >= WANTED
    found["vocabularies"] = {"en": {"red": 1, "cat": 2, "face": 3}, "zh": {"红": 1, "猫": 2}}
    return found


def test_hits_share_what_is_equally_good(lesson: dict[str, Any]) -> None:
    scores = torch.tensor([[3.0, 1, 2], [2, 2, 0], [5, 5, 1]])
    assert lesson["hits"](scores, 1).tolist() == [1.0, 0.5, 0.0]
    assert lesson["hits"](scores, 3).tolist() == [1.0, 1.0, 1.0]


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), k=st.integers(1, 5))
def test_hits_equal_the_ranks_of_a_sort(lesson: dict[str, Any], seed: int, n: int, k: int) -> None:
    scores = torch.randn(n, n, generator=torch.Generator().manual_seed(seed))
    first = scores.argsort(dim=1, descending=True)[:, :k]
    expected = [float(row in first[row].tolist()) for row in range(n)]
    assert lesson["hits"](scores, k).tolist() == expected


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 9))
def test_8_bits_move_a_weight_by_half_a_step_at_most(
    lesson: dict[str, Any], seed: int, rows: int
) -> None:
    matrix = torch.randn(rows, 7, generator=torch.Generator().manual_seed(seed))
    matrix[0] = 0
    whole, scale = lesson["to_8_bits"](matrix)
    assert whole.dtype == torch.int8
    assert ((whole * scale[:, None] - matrix).abs() <= 0.501 * scale[:, None] + 1e-9).all()


def test_8_bits_answer_as_the_tower_does(lesson: dict[str, Any]) -> None:
    torch.manual_seed(0)
    tower, pictures = lesson["TextTower"]("en").eval(), F.normalize(torch.randn(20, 64), dim=1)
    tensors = lesson["packed"]("pictures", pictures)
    tensors |= lesson["packed"]("en.embedding", tower.embedding.weight)
    tensors |= lesson["packed"]("en.linear", tower.linear.weight)
    tensors["en.linear.bias"] = tower.linear.bias.detach()
    tensors["en.norm.weight"] = tower.norm.weight.detach()
    tensors["en.norm.bias"] = tower.norm.bias.detach()
    lesson["tensors"] = tensors
    for name in ("Red cat", "cat", "unknown face"):
        with torch.no_grad():
            vector = F.normalize(tower(lesson["ids_of"]([name], "en")), dim=1)[0]
        found = lesson["answer_in_8_bits"](name, "en")
        torch.testing.assert_close(found, pictures @ vector, atol=0.02, rtol=0)


def test_a_tower_forgets_the_order_of_the_tokens(lesson: dict[str, Any]) -> None:
    tower = lesson["TextTower"]("zh").eval()
    torch.testing.assert_close(*tower(lesson["ids_of"](["红猫", "猫红"], "zh")))


def test_attention_sees_no_later_token(lesson: dict[str, Any]) -> None:
    bias = lesson["score_bias"](5)
    assert bias.isinf().equal(torch.ones(5, 5).triu(1).bool().expand(4, 5, 5))
    x = torch.randn(2, 6, 8)
    changed = x.clone()
    changed[:, -1] += 1
    torch.testing.assert_close(
        lesson["shift_half"](x)[:, :-1], lesson["shift_half"](changed)[:, :-1]
    )


def test_lora_merged_computes_the_same(lesson: dict[str, Any]) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(12, 5), torch.randn(3, 12)
    lora = lesson["LoRA"](layer)
    assert torch.equal(lora(x), layer(x))
    nn.init.normal_(lora.B)
    torch.testing.assert_close(lesson["merged"](lora)(x), lora(x))
    assert not torch.allclose(lora(x), layer(x))


def test_the_examples_of_the_page_are_answered_in_the_lesson(lesson: dict[str, Any]) -> None:
    assert set(live_pictures.TEXTS) <= {
        text for texts in lesson["QUESTIONS"].values() for text in texts
    }
