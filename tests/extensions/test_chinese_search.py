"""The search of the Chinese pages finds what was indexed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_site import build, write

from chinese_search import ChineseSearch

QUERIES = ["张量", "步幅", "视图", "torch.view", "量", "CrossEntropyLoss", "卷积 kernel_size", "…"]
PAGE = """张量
====

张量的步幅决定视图：``torch.view`` 与秩。卷积的 ``kernel_size``，``CrossEntropyLoss`` 损失。
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    source = write(folder / "source", {"index.rst": PAGE})
    return build(source, folder / "out", "zh_CN", extensions=["chinese_search"]).out


def run(site: Path, expression: str) -> object:
    """Evaluate JavaScript after what the search page loads about the language."""
    code = f"globalThis.window = globalThis; {(site / '_static/language_data.js').read_text()}\n"
    code += f"console.log(JSON.stringify({expression}));"
    done = subprocess.run(["node", "-"], input=code, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@given(st.text(alphabet="张量步幅 ，。.torch_9-view", max_size=30))
def test_split_covers_every_character_of_every_word(text):
    terms = ChineseSearch({}).split(text)
    for word in re.findall(r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]{1,2}", text):
        assert word in terms


def test_browser_asks_for_terms_of_the_index(site):
    queries = json.dumps([query.lower() for query in QUERIES])
    stem = "new Stemmer()"
    asked = run(site, f"{queries}.map(q => splitQuery(q).map(t => {stem}.stemWord(t)))")
    assert isinstance(asked, list)
    assert asked == [
        ["张量"],
        ["步幅"],
        ["视图"],
        ["torch", "view"],
        ["量"],
        ["crossentropyloss"],
        ["卷积", "kernel_size"],
        [],
    ]
    index = json.loads((site / "searchindex.js").read_text("utf-8")[len("Search.setIndex(") : -1])
    known = {**index["terms"], **index["titleterms"]}
    assert [term for terms in asked for term in terms if term not in known] == []


def test_long_word_is_asked_for_by_its_pairs(site):
    assert run(site, "splitQuery('卷积神经网络')") == ["卷积", "积神", "神经", "经网", "网络"]
