"""What Sphinx starts with, which members are documented, tables of benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
from tiny_course import ROOT
from tiny_site import build, write

import dlcourse.training
import own_members

#: Each takes from a fifth of a second to two seconds to load.
HEAVY = {"matplotlib", "numpy", "torch", "torchvision", "transformers", "scipy", "pandas"}
LOAD = """
import importlib, runpy, sys
settings = runpy.run_path("conf.py")
for name in settings["extensions"]:
    importlib.import_module(name)
print(settings["ogp_social_cards"]["enable"], sys.modules["sphinxext.opengraph"].create_social_card)
print(*sys.modules)
"""


def test_extensions_load_nothing_that_only_drawing_needs() -> None:
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    cards, modules = done.stdout.splitlines()  # and nothing about a missing Matplotlib
    assert cards == "False None"
    loaded = set(modules.split())
    assert {"quick_start", "figure_translation", "myst_nb"} <= loaded
    assert not loaded & HEAVY


def left_out(kind: str, name: str, member: object) -> bool | None:
    return own_members.leave_out_imported(None, kind, name, member, False, None)  # type: ignore[arg-type]  # the application is not used


def test_only_members_of_our_own_modules_are_documented() -> None:
    module = ModuleType("dlcourse.example")
    vars(module).update({"Path": Path, "dedent": dedent, "json": json}, Own=type("Own", (), {}))
    vars(module)["evaluate"] = dlcourse.training.evaluate
    vars(module)["FOLDER"] = Path("an object of a class from elsewhere")
    vars(module)["Own"].__module__ = module.__name__
    found = {name for name, member in vars(module).items() if left_out("module", name, member)}
    assert found == {"Path", "dedent"}
    assert left_out("class", "Path", Path) is None, "members of classes are left to autodoc"


RECORD: dict[str, Any] = json.loads((ROOT / "docs/measured/loop.json").read_text("utf-8"))


def measured(folder: Path, language: str) -> str:
    docs = write(folder / "docs", {"index.rst": "Title\n=====\n\n.. measured:: loop\n"})
    built = build(
        docs,
        folder / language,
        language=language,
        extensions=["site_strings", "measured"],
        templates_path=[str(ROOT / "docs/_templates")],
        locale_dirs=[str(ROOT / "docs/locale")],
    )
    assert built.warnings == ""
    return (built.out / "index.html").read_text("utf-8")


def test_table_of_measurements_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"nox -s bench -- loop --save"):
        measured(tmp_path, "en")
    assert set(RECORD["seconds"]) == {"course", "sphinx-gallery", "myst-nb"}
    course = RECORD["seconds"]["course"] | {"word": 10.0, "cold_one_core": 400.0}
    other = {"cold": 300.0, "nothing": 2.0, "word": 250.0}
    record = RECORD | {"seconds": {"course": course, "other-tool": other}}
    write(tmp_path, {"docs/measured/loop.json": json.dumps(record)})
    english, chinese = measured(tmp_path, "en"), measured(tmp_path, "zh_CN")
    assert ">10.0 s</td>" in english and ">250.0 s, 25 ×</td>" in english
    assert ">250.0 秒，25 倍</td>" in chinese
    assert english.count(">–</td>") == 3, "what the other tool does not have"
    assert "other-tool, one language" in english
    assert "takes 400 s. In English alone" in english and "要 400 秒。如果只构建英文版" in chinese
