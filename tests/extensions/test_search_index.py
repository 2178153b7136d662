"""The search index: what is in it, and that it is whole after every kind of build."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_site import build, catalogue, write

import search_index
from katex_math import find_node
from search_sections import area

STATIC = Path(__file__).resolve().parents[2] / "docs" / "_static"
TEMPLATES = {"_templates/search.html": "{% extends 'basic/layout.html' %}"}
SETTINGS = {
    "extensions": ["search_index"],
    "templates_path": ["_templates"],
    "html_static_path": ["_static"],
}

PAGES = {
    "index.rst": """
The course
==========

First words.

.. toctree::

   lessons/1/lesson_01
   glossary
   api/loop
   hidden
""",
    "lessons/1/lesson_01.rst": """
.. _top:

Lesson one
==========

About :math:`x` and :math:`\\frac{a}{b}`.

.. math:: y = 2

Strides
-------

A **stride** of two.

.. code-block:: python

   x = torch.arange(12)

.. container:: sphx-glr-script-out

   .. code-block:: none

      12

      RuntimeError: expected scalar
      type Float

.. container:: no-search

   Not this.

Deeper
~~~~~~

Below the strides.

Strides
-------

The same title again.
""",
    "glossary.rst": """
Glossary
========

Arrays
------

.. glossary::

   tensor
     An array.

   rank
   order
     The number of axes.
""",
    "api/loop.rst": """
The loop
========

.. py:module:: loop

.. py:function:: fit(model, *, epochs=1)

   Train a model.

.. py:class:: History

   .. py:method:: append(loss)

      Add one.

.. py:function:: aside()
   :no-index:

   Has no address.
""",
    "hidden.rst": ":nosearch:\n\nHidden\n======\n\nNobody finds this.\n",
}


def data(out: Path) -> dict:
    """Return what the script of the index holds."""
    script = (out / search_index.INDEX).read_text("utf-8")
    return json.loads(script.removeprefix("globalThis.searchIndex=").removesuffix(";\n"))


def found(out: Path) -> dict[str, tuple]:
    """Return the sections by their address."""
    index = data(out)
    pages = [address for address, _ in index["pages"]]
    return {f"{pages[n]}#{anchor}": tuple(rest) for n, anchor, *rest in index["sections"]}


def source(folder: Path) -> Path:
    """Write the pages, and the scripts of the search."""
    shutil.copytree(STATIC, folder / "_static", ignore=shutil.ignore_patterns("*.svg"))
    return write(folder, PAGES | TEMPLATES)


def make(folder: Path, **settings: object) -> Path:
    """Build without a warning and return the folder of the output."""
    built = build(folder / "source", folder / "out", **SETTINGS | settings)
    assert built.warnings == ""
    return built.out


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    source(folder / "source")
    return make(folder)


def test_sections_of_all_kinds(site):
    sections = found(site)
    assert list(sections) == [
        "api/loop.html#",
        "api/loop.html#loop.fit",
        "api/loop.html#loop.History",
        "api/loop.html#loop.History.append",
        "glossary.html#",
        "glossary.html#arrays",
        "glossary.html#term-tensor",
        "glossary.html#term-rank",
        "index.html#",
        "lessons/1/lesson_01.html#",
        "lessons/1/lesson_01.html#strides",
        "lessons/1/lesson_01.html#deeper",
        "lessons/1/lesson_01.html#id1",
    ]
    title, parents, kind, pieces = sections["lessons/1/lesson_01.html#strides"]
    assert (title, parents, kind) == ("Strides", [], "lesson")
    assert pieces == [
        ["prose", "A stride of two."],
        ["code", "x = torch.arange(12)"],
        ["output", "12"],
        ["message", "RuntimeError: expected scalar\ntype Float"],
    ]
    assert sections["lessons/1/lesson_01.html#deeper"][1] == ["Strides"]
    assert sections["lessons/1/lesson_01.html#"][3] == [["prose", "About x and …."]]


def test_terms_and_functions_are_sections(site):
    sections = found(site)
    assert sections["glossary.html#term-rank"] == (
        "rank, order",
        ["Arrays"],
        "term",
        [["prose", "The number of axes."]],
    )
    title, _, kind, pieces = sections["api/loop.html#loop.fit"]
    assert (title, kind) == ("fit", "api")
    assert pieces == [["code", "loop.fit(model, *, epochs=1)"], ["prose", "Train a model."]]
    assert sections["api/loop.html#loop.History.append"][0] == "History.append"
    # What has no address of its own belongs to what has.
    assert ["prose", "Has no address."] in sections["api/loop.html#"][3]


def test_every_address_exists(site):
    for address in found(site):
        page, _, anchor = address.partition("#")
        assert not anchor or f'id="{anchor}"' in (site / page).read_text("utf-8"), address


def test_what_is_not_searched(site):
    text = (site / search_index.INDEX).read_text("utf-8")
    for hidden in ("Not this", "Nobody finds", "y = 2", "frac"):
        assert hidden not in text


def test_nothing_of_sphinx_search_is_left(site):
    names = {path.name for path in site.rglob("*.js")}
    assert not names & (search_index.UNUSED | {"searchindex.js"})
    page = (site / "index.html").read_text("utf-8")
    assert "search.js" in page
    assert not [name for name in search_index.UNUSED if name in page]
    assert (site / "search.html").is_file()


def test_engine_reads_the_index(site):
    names = ["minisearch.js", "search-tokeniser.js", "search-engine.js", "search-index.js"]
    scripts = [(site / "_static" / name).read_text("utf-8") for name in names]
    code = ";\n".join(
        [
            "globalThis.self = globalThis; const module = undefined, exports = undefined",
            *scripts,
            "const find = globalThis.searchEngine.create(globalThis.MiniSearch, globalThis.searchIndex)",
            "const first = (query) => find(query).results[0]?.address ?? null",
            "const asked = ['tensor', 'strides', 'expected scalar type', 'torch arange', 'strydes', 'zzz', '']",
            "console.log(JSON.stringify(asked.map(first)))",
        ]
    )
    done = subprocess.run(
        [find_node(), "-"], input=code, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    lesson = "lessons/1/lesson_01.html#strides"
    assert json.loads(done.stdout) == [
        "glossary.html#term-tensor", lesson, lesson, lesson, lesson, None, None
    ]  # fmt: skip


def test_part_of_the_pages_written_again_gives_the_whole_index(tmp_path):
    folder = source(tmp_path / "source")
    make(tmp_path)
    write(folder, {"glossary.rst": PAGES["glossary.rst"].replace("An array", "A grid")})
    (folder / "api/loop.rst").unlink()
    write(folder, {"index.rst": PAGES["index.rst"].replace("   api/loop\n", "")})
    out = make(tmp_path)
    again = (out / search_index.INDEX).read_bytes()
    assert ["prose", "A grid."] in found(out)["glossary.html#term-tensor"][3]
    assert "lessons/1/lesson_01.html#deeper" in found(out)
    assert not [address for address in found(out) if address.startswith("api/")]
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "out.doctrees")
    assert (make(tmp_path) / search_index.INDEX).read_bytes() == again


def test_page_without_a_record_is_read_again(tmp_path):
    source(tmp_path / "source")
    first = (make(tmp_path) / search_index.INDEX).read_bytes()
    (tmp_path / "out.doctrees/search/glossary.json").unlink()
    assert (make(tmp_path) / search_index.INDEX).read_bytes() == first


def test_translated_page_is_indexed_in_its_language(tmp_path):
    folder = source(tmp_path / "source")
    strings = {"Strides": "步幅", "A **stride** of two.": "**步幅**为二。"}
    write(folder, {"locale/zh_CN/LC_MESSAGES/lessons/1/lesson_01.po": catalogue(strings)})
    out = make(tmp_path, language="zh_CN")
    title, _, _, pieces = found(out)["lessons/1/lesson_01.html#strides"]
    assert (title, pieces[0]) == ("步幅", ["prose", "步幅为二。"])
    assert "步幅" in dict(data(out)["index"]["index"])


def test_other_builders_make_no_index(tmp_path):
    folder = source(tmp_path / "source")
    out = build(folder, tmp_path / "out", builder="gettext", **SETTINGS).out
    assert not (out / search_index.INDEX).exists()


def test_failing_worker_is_reported(monkeypatch, tmp_path):
    (tmp_path / "search_worker.mjs").write_text("throw new Error('no good')")
    monkeypatch.setattr(search_index, "WEB_DIR", tmp_path)
    with pytest.raises(search_index.SearchError, match="no good"):
        search_index.index({})


def test_quick_index_is_that_of_minisearch():
    text = "a,b,the,tensor,strides,张量,的,形状,CrossEntropyLoss,torch.nn,3.5,é,\u2028"
    words = text.split(",")
    draw = random.Random(0)
    kinds = ["prose", "code", "output", "message"]
    sections = [
        [number % 7, "", draw.choice(words), draw.choices(words, k=2), "", []]
        for number in range(300)
    ]
    for section in sections:
        for kind in draw.choices(
            kinds, k=draw.randrange(4)
        ):  # so fields are first seen out of order
            section[5].append([kind, " ".join(draw.choices(words, k=9))])
    data = {"sections": sections, "pages": [[f"{number}.html", "页 page"] for number in range(7)]}
    quick, plain = (
        subprocess.run(
            [find_node(), str(search_index.WEB_DIR / "search_worker.mjs"), *arguments],
            input=json.dumps(data),
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for arguments in ([], ["--plain"])
    )
    assert len(json.loads(plain)["index"]) > 15
    assert quick == plain


def test_library_keeps_its_licence():
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
def test_area(page, kind):
    assert area(page) == kind
