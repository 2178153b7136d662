"""The words of the search: the same for the texts of the index and for queries."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from _ext.formulas.katex import find_node

STATIC = Path(__file__).resolve().parents[3] / "docs" / "_static"


@pytest.fixture(scope="module")
def node():
    """A function that evaluates an expression after loading the tokeniser."""
    source = (STATIC / "search-tokeniser.js").read_text("utf-8")

    def run(expression: str, *values: object) -> object:
        code = f"{source}\nconst values = {json.dumps(values)};\n"
        code += f"console.log(JSON.stringify(((t) => {expression})(globalThis.searchTokeniser)));"
        done = subprocess.run(
            [find_node(), "-"], input=code, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


TERMS = {
    "": [],
    "…，。 ~@": [],
    "张量的步幅": ["张量", "量的", "的步", "步幅", "幅"],
    "秩": ["秩"],
    "CrossEntropyLoss": ["crossentropyloss", "cross", "entropy", "loss"],
    "nn.Conv2d": ["nn", "conv2d"],
    "torch.nn.BCELoss()": ["torch", "nn", "bceloss", "bce", "loss"],
    "kernel_size=3": ["kernel_size", "kernel", "size", "3"],
    "is_contiguous": ["is_contiguous", "contiguous"],
    "0.1 and 1,000": ["0.1", "and", "1,000"],
    "用 PyTorch的view": ["用", "pytorch", "torch", "的", "view"],
    "ＡＢＣ naïve": ["abc", "naive"],
    "𠮷野家": ["𠮷野", "野家", "家"],
    "テンソル": ["テン", "ンソ", "ソル", "ル"],
}


def test_terms(node):
    found = node("values[0].map((text) => t.indexTerms(text, 'text'))", list(TERMS))
    assert dict(zip(TERMS, found, strict=True)) == TERMS


def test_code_and_outputs_are_indexed_without_numbers(node):
    terms = "['text', 'code', 'output'].map((field) => t.indexTerms('loss2 0.25 17', field))"
    assert node(terms) == [["loss2", "0.25", "17"], ["loss2"], ["loss2"]]


def test_every_term_of_a_query_is_in_the_index_of_its_text(node):
    texts = [text for text in TERMS if text]
    assert (
        node(
            """values[0].filter((text) => {
          const index = t.indexTerms(text, "text");
          return t.queryTerms(text).some((term) => term.paired
            ? !(term.prefix ? index.some((i) => i.startsWith(term.text))
                            : t.pairs(term.text).every((pair) => index.includes(pair)))
            : !index.includes(term.text));
        })""",
            texts,
        )
        == []
    )


def test_query(node):
    def texts(query: str) -> object:
        return node("t.queryTerms(values[0]).map(({ text }) => text)", query)

    assert texts("卷积 stride") == ["卷积", "stride"]
    assert texts("张量的形状") == ["张量", "形状"]
    assert texts("我的") == ["我的"]
    assert texts("What is a tensor?") == ["tensor"]
    assert texts("to the") == ["to", "the"], "nothing else to go by"
    assert texts("<b>") == ["b"]
    assert node("t.queryTerms('秩').map(({ prefix }) => prefix)") == [True]
    assert node("t.queryTerms('张量').map(({ prefix }) => prefix)") == [False]


def test_places_are_those_of_the_text(node):
    text = "ﬁne İ Ａ 𠮷野 x_i é"
    places = node("t.words(values[0]).map(({ start, end }) => values[0].slice(start, end))", text)
    assert places == ["ﬁne", "İ", "Ａ", "𠮷野", "x_i", "é"]
    assert node("t.fold(values[0]).length === values[0].length", text)


def test_words_of_a_question(node):
    def units(query: str, *names: str) -> object:
        return node("t.units(values[0], values[1]).map(({ text }) => text)", query, list(names))

    assert units("how do I stop gradients from accumulating") == [
        "stop",
        "gradients",
        "accumulating",
    ]
    assert units("how to") == ["how", "to"], "nothing else to go by"
    assert units("什么是张量", "张量") == ["张量"]
    assert units("卷积之后图片多大") == ["卷积", "图片"], "small words are left out"
    assert units("颜色不对") == ["颜色", "色不", "不对"], "pairs, where no name is known"
    assert units("学习率怎么选取", "学习率") == ["学习率", "选取"]
    assert units("Learning rate too high", "learning rate") == ["too", "high", "learning rate"]
