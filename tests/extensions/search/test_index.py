"""The search index: what is in it, and that it is whole after every kind of build."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from _ext.formulas.katex import find_node
from _ext.search import index as search_index
from _ext.search.sections import Section, area
from tiny_course import Project

KINDS = "lessons/2_kinds/lesson_03_kinds.html"


def data(course: Project, language: str) -> dict[str, Any]:
    """Return what the script of the index holds."""
    script = (course.written(language) / search_index.INDEX).read_text("utf-8")
    found: dict[str, Any] = json.loads(
        script.removeprefix("globalThis.searchIndex=").removesuffix(";\n")
    )
    return found


def found(course: Project, language: str = "en") -> dict[str, tuple[Any, ...]]:
    """Return the sections by their address."""
    index = data(course, language)
    pages = [address for address, _ in index["pages"]]
    return {f"{pages[n]}#{anchor}": tuple(rest) for n, anchor, *rest in index["sections"]}


def test_sections_of_all_kinds(course: Project) -> None:
    sections = found(course)
    pages = ("api/", "glossary", "lessons/2_kinds/lesson")
    assert [address for address in sections if address.startswith(pages)] == [
        "api/loop.html#",
        "api/loop.html#loop.fit",
        "api/loop.html#loop.History",
        "api/loop.html#loop.History.append",
        "glossary.html#",
        "glossary.html#arrays",
        "glossary.html#term-tensor",
        "glossary.html#term-rank",
        *(
            f"{KINDS}#{anchor}"
            for anchor in ("", "break-it", "deeper", "kinds-of-text", "questions")
        ),
    ]
    title, parents, kind, pieces = sections[f"{KINDS}#break-it"]
    assert (title, parents, kind) == ("Break it", [], "lesson")
    assert pieces == [
        ["prose", "A stride of two, and …."],
        ["prose", "Printed with print"],
        ["code", r'print("RuntimeError: expected scalar\ntype Float")'],
        ["message", "RuntimeError: expected scalar\ntype Float"],
    ]
    assert sections[f"{KINDS}#deeper"][1] == ["Break it"]
    assert ["output", "2"] in sections[f"{KINDS}#"][3]


def test_terms_and_functions_are_sections(course: Project) -> None:
    sections = found(course)
    order = ("rank, order", ["Arrays"], "term", [["prose", "The number of axes."]])
    assert sections["glossary.html#term-rank"] == order
    title, _, kind, pieces = sections["api/loop.html#loop.fit"]
    assert (title, kind) == ("fit", "api")
    assert pieces == [["code", "loop.fit(model, *, epochs=1)"], ["prose", "Train a model."]]
    assert sections["api/loop.html#loop.History.append"][0] == "History.append"
    # What has no address of its own belongs to what has.
    assert ["prose", "Has no address."] in sections["api/loop.html#"][3]


def test_what_a_term_is_also_called_finds_it(course: Project) -> None:
    assert ["rank, order"] not in data(course, "en")["aliases"], "one name is no alias"
    term = Section("term-x", "池化（pooling）", [], "term", [("prose", "…。也译作：汇聚、池聚。")])
    plain = Section("term-y", "scalar", [], "term", [("prose", "A number; also called number.")])
    assert search_index.aliases([term, plain], "none") == [
        ["池化", "pooling", "汇聚", "池聚"],
        ["scalar", "number"],
    ]
    for language in ("en", "zh_CN"):
        for group in search_index.synonyms(language):
            assert len(group) > 1 and len(set(group)) == len(group), group


def test_every_address_exists(course: Project) -> None:
    for address in found(course):
        page, _, anchor = address.partition("#")
        text = (course.written("en") / page).read_text("utf-8")
        assert not anchor or f'id="{anchor}"' in text, address


def test_what_is_not_searched(course: Project) -> None:
    text = (course.written("en") / search_index.INDEX).read_text("utf-8")
    hidden = ("Not this", "Nobody finds", "y = W", "frac{", "Peak memory", "map-entry")
    assert [words for words in hidden if words in text] == []


def test_nothing_of_sphinx_search_is_left(course: Project, templates: Path) -> None:
    site = course.written("en")
    names = {path.name for path in site.rglob("*.js")}
    assert not names & (search_index.UNUSED | {"searchindex.js"})
    page = (site / "index.html").read_text("utf-8")
    assert "search.js" in page and (site / "search.html").is_file()
    assert not [name for name in search_index.UNUSED if name in page]
    assert not (templates / search_index.INDEX).exists()


def test_engine_reads_the_index(course: Project) -> None:
    names = ["minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"]
    scripts = [(course.written("en") / "_static" / name).read_text("utf-8") for name in names]
    code = """globalThis.self = globalThis; const module = undefined, exports = undefined;
SCRIPTS;
const find = globalThis.searchEngine.create(globalThis.MiniSearch, globalThis.searchIndex);
const first = (query) => find(query).results[0]?.address ?? null;
const asked = ['tensor', 'break it', 'expected scalar type', 'run_choices', 'quotatoin', 'zzz', ''];
console.log(JSON.stringify(asked.map(first)));""".replace("SCRIPTS", ";\n".join(scripts))
    done = subprocess.run(
        [find_node(), "-"], input=code, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    mistakes, kinds = f"{KINDS}#break-it", f"{KINDS}#kinds-of-text"
    questions = f"{KINDS}#questions"
    expected = ["glossary.html#term-tensor", mistakes, mistakes, questions, kinds, None, None]
    assert json.loads(done.stdout) == expected


def test_index_is_whole_when_part_of_the_pages_is_written_again(
    course: Project, followed: Project
) -> None:
    before, after = found(course), found(followed)
    assert ["prose", "A grid."] in after["glossary.html#term-tensor"][3]
    assert after.keys() == before.keys()  # also of the page whose record was lost
    same = ("api/loop.html#loop.fit", "datasets.html#mnist", f"{KINDS}#kinds-of-text")
    assert [after[address] for address in same] == [before[address] for address in same]
    assert not (followed.root / "build/doctrees/en/search/gone.json").exists()


def test_translated_page_is_indexed_in_its_language(course: Project) -> None:
    title, _, _, pieces = found(course, "zh")[f"{KINDS}#break-it"]
    assert (title, pieces[0]) == ("弄坏它", ["prose", "步幅为二，以及 …。"])
    assert "步幅" in dict(data(course, "zh")["index"]["index"])


def test_failing_worker_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "search_worker.mjs").write_text("throw new Error('no good')")
    monkeypatch.setattr(search_index, "WEB", tmp_path)
    with pytest.raises(search_index.SearchError, match="no good"):
        search_index.index({})


def test_library_keeps_its_licence() -> None:
    script = search_index.library()
    assert script.startswith("/*! MiniSearch 7.2.0\n")
    assert "Permission is hereby granted" in script
    assert len(script) < 40_000


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("lessons/2_training/lesson_14_building_a_network", "lesson"),
        ("lessons/index", "page"),
        ("errors", "error"),
        ("solutions/lesson_04", "solution"),
        ("api/training", "api"),
        ("datasets", "data"),
        ("index", "page"),
    ],
)
def test_area(page: str, kind: str) -> None:
    assert area(page) == kind
