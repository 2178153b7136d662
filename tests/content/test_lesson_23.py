"""Lesson 23 in the page: JavaScript splits texts as the lesson does, and computes what its model computes.

The functions and the class of the lesson are taken from the script without running it.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import unicodedata
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from _ext.formulas.katex import find_node
from _ext.widgets import live_review
from dlcourse.sentiment import SentimentLSTM
from dlcourse.small_model import pack, unpack

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "docs" / "_static"
TEXT = (ROOT / "gallery" / "3_practice" / "lesson_23_sentiment_lstm.py").read_text("utf-8")
WANTED = {"PATTERNS", "LONGEST", "EXAMPLES", "split_tokens", "encode", "set_forget_bias"}
WANTED |= {"pool", "flip_real", "read", "SentimentLSTM"}
LANGUAGES = {"en": "English", "zh": "Chinese"}
ODD = [
    "",
    " \n\t",
    "It isn't bad, it's GREAT!",
    "''quoted'' 'twice' o'clock' 'tis rock'n'roll don't.",
    "isn’t “smart” — quotes…",
    "10/10, 1,000.50 £5 ½ ² Ⅷ ٣ 3rd 4x4",
    "😀 good 👍🏽 👨‍👩‍👧 ❤️",
    "snake_case __init__ a-b-c e.g. http://x.y/z?q=1",
    "naïve café cafe\u0301 İstanbul STRASSE straße ΣΊΣΥΦΟΣ ﬁn",
    "这本书很好，才20元。《三国》“好”！",
    "这部电影 is GREAT，8分/10 iPhone15 ＡＢＣ　全角 １２",
    "a\x1cb\x85c\ufeffd\u200be\u00a0f\u3000g\u2028h\x00i",
    "हिन्दी ไทย 한국어 にほんご العربية",
    "\U00020000𠮷 \U0001d400\U0001d7d8",
    "a" * 3000,
]


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """What the lesson defines, by name."""
    names = {"re": re, "torch": torch, "nn": nn}
    for node in ast.parse(TEXT).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node
        if getattr(target, "name", getattr(target, "id", None)) in WANTED:
            exec(compile(ast.Module([node], []), "lesson", "exec"), names)  # noqa: S102  # our lesson
    assert names.keys() >= WANTED
    return names


def address(content: bytes, kind: str = "") -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


@pytest.fixture
def in_page(tmp_path):
    """A function that evaluates an expression in ``net`` and ``small``, the modules, and ``values``."""
    modules = [
        address((STATIC / name).read_bytes(), "text/javascript")
        for name in live_review.MODULES.values()
    ]

    def run(expression: str, *values: object) -> Any:
        (tmp_path / "values.json").write_text(json.dumps(values), "utf-8")
        code = f"""
            import {{ readFileSync }} from "node:fs";
            const [small, net] = await Promise.all({json.dumps(modules)}.map((m) => import(m)));
            const values = JSON.parse(readFileSync({json.dumps(str(tmp_path / "values.json"))}, "utf-8"));
            console.log(JSON.stringify(await ({expression})));"""
        command = [find_node(), "--input-type=module", "-"]
        done = subprocess.run(
            command, input=code, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_split_as_in_the_lesson(lesson, in_page, language) -> None:
    name = LANGUAGES[language]
    limit = lesson["LONGEST"][name]
    texts = [*ODD, "w " * (limit - 1), "w " * limit, "好, " * limit]
    found = in_page(
        "values[0].map((text) => net.splitTokens(text, values[1], values[2]))",
        texts, language, limit,
    )  # fmt: skip
    for text, one in zip(texts, found, strict=True):
        assert one["tokens"] == lesson["split_tokens"](text, name), repr(text[:40])
        assert one["more"] == (len(re.findall(lesson["PATTERNS"][name], text.lower())) > limit)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_is_split_as_in_the_lesson(lesson, in_page, language) -> None:
    # Characters that this Python does not know yet may be letters for a newer browser.
    known = [chr(code) for code in range(sys.maxunicode + 1)]
    known = [sign for sign in known if unicodedata.category(sign) not in ("Cn", "Cs")]
    pieces = [
        "".join(f"x{sign}y " for sign in known[at : at + 1000]) for at in range(0, len(known), 1000)
    ]
    found = in_page(
        "values[0].map((text) => net.splitTokens(text, values[1], 1e9).tokens)", pieces, language
    )
    pattern = lesson["PATTERNS"][LANGUAGES[language]]
    for piece, tokens in zip(pieces, found, strict=True):
        assert tokens == re.findall(pattern, piece.lower())


@pytest.mark.parametrize("two_ways", [False, True])
def test_probabilities_are_those_of_the_model(lesson, in_page, tmp_path, two_ways) -> None:
    torch.manual_seed(0)
    words = ["<pad>", "<unknown>", "good", "bad", "'", '"', "好", "\\"]
    model = lesson["SentimentLSTM"](len(words), width=5, two_ways=two_ways).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    pack(model.state_dict(), tmp_path / "m", {"vocabulary": " ".join(words), "longest": 9})
    model.load_state_dict(unpack(tmp_path / "m")[0])
    tokens = ["good", "bad", "never heard", "好", '"', "bad", "\\", "good", "'"]
    expression = """small.loadSmallModel(values[0]).then((file) => {
      const network = net.readNetwork(small, file);
      const ids = net.encode(network, values[1]);
      return [ids, net.chances(network, ids), network.longest];
    })"""
    ids, found, longest = in_page(expression, address((tmp_path / "m").read_bytes()), tokens)
    vocabulary = {word: number for number, word in enumerate(words)}
    assert ids == lesson["encode"](tokens, vocabulary) and longest == 9
    with torch.no_grad():
        starts = [torch.tensor([ids[: end + 1]]) for end in range(len(ids))]
        expected = [
            model(start, torch.ones_like(start)).softmax(1)[0, 1].item() for start in starts
        ]
    assert found == pytest.approx(expected, abs=1e-5)
    assert max(expected) - min(expected) > 0.1


def test_the_examples_are_those_of_the_lesson(lesson) -> None:
    assert tuple(s for part in lesson["EXAMPLES"].values() for s in part) == live_review.SENTENCES


def test_the_model_for_other_lessons_is_that_of_the_lesson(lesson) -> None:
    torch.manual_seed(0)
    built = lesson["SentimentLSTM"](50)
    torch.manual_seed(0)
    shared = SentimentLSTM(50)
    for one, other in zip(built.parameters(), shared.parameters(), strict=True):
        assert torch.equal(one, other)
    ids = torch.randint(2, 50, (3, 7))
    mask = (torch.arange(7) < torch.tensor([[7], [4], [1]])).long()
    for mode in (False, True):
        answers = []
        for model in (built, shared):
            torch.manual_seed(1)  # words and elements that are dropped
            answers.append(model.train(mode)(ids, mask))
        torch.testing.assert_close(*answers)
