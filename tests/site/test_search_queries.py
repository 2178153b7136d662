"""Questions as beginners type them are answered, and the section that explains comes early."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from _ext.common.node import find_node
from built_site import BuiltSite

QUERIES = Path(__file__).with_name("search_queries.toml")
WORKER = Path(__file__).parent / "web" / "ask_search.mjs"
SHARE_ANSWERED, SHARE_EARLY, EARLY = 0.95, 0.90, 3


def ask(built: BuiltSite, folder: str, queries: list[str]) -> list[list[str]]:
    """Return the addresses of the results of each query, the best first."""
    done = subprocess.run(
        [find_node(), str(WORKER), str(built.root / folder)],
        input=json.dumps(queries),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def pattern(written: str, pages: list[str]) -> str:
    """Return the pattern of an address from its short form, see the head of the file."""
    if match := re.match(r"L(\d\d)", written):
        (page,) = (name for name in pages if f"/lesson_{match[1]}_" in name and "lessons/" in name)
        return page + written[3:]
    if written.startswith("term"):
        return f"glossary.html#{written}"
    return (
        f"errors.html#{written.removeprefix('error')}" if written.startswith("error*") else written
    )


@pytest.fixture(scope="module")
def queries() -> dict[str, list[tuple[str, list[str]]]]:
    """The queries of each language, with the patterns of the right sections."""
    return tomllib.loads(QUERIES.read_text("utf-8"))


def test_there_are_fifty_queries_half_of_them_chinese_ten_whole_questions(queries):
    assert len(queries["en"]) >= 25 and len(queries["zh"]) >= 25
    asked = [query for language in queries.values() for query, _ in language]
    whole = re.compile(r"^(?:how|why|what|can|which)\b|怎么|为什么|什么|吗|如何|多大")
    assert len([query for query in asked if whole.search(query)]) >= 10


def test_questions_are_answered_and_the_right_section_comes_early(built: BuiltSite, queries):
    answered, early, late = 0, 0, []
    for folder, asked in queries.items():
        pages = [name.removeprefix(f"{folder}/") for name in built.pages if name.startswith(folder)]
        results = ask(built, folder, [query for query, _ in asked])
        for (query, right), found in zip(asked, results, strict=True):
            patterns = [pattern(one, pages) for one in right]
            answered += bool(found)
            if any(fnmatchcase(at, one) for at in found[:EARLY] for one in patterns):
                early += 1
            else:
                late.append(f"{query}: {found[:EARLY]}")
    total = sum(map(len, queries.values()))
    assert answered >= SHARE_ANSWERED * total
    assert early >= SHARE_EARLY * total, "\n".join(late)
