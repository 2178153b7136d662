"""`CITATION.cff` says what the project says, and the page about the course says what it says."""

from __future__ import annotations

import runpy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from _ext.pages import citation

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FACTS: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_it_has_what_the_format_requires() -> None:
    """``cffconvert --validate`` asks for more; it needs older packages than the course."""
    assert FACTS["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= FACTS.keys()
    assert FACTS["type"] in ("software", "dataset")
    assert isinstance(FACTS["version"], str)  # 1.0 without quotes would be a number
    assert isinstance(FACTS.get("date-released", date.min), date)


def test_version_licence_title_and_authors_are_those_of_the_project() -> None:
    assert FACTS["version"] == PROJECT["version"]
    assert FACTS["license"] == PROJECT["license"]
    assert FACTS["title"] in PROJECT["description"]
    names = [author["name"] for author in FACTS["authors"]]
    settings = runpy.run_path(str(ROOT / "conf.py"))
    assert names == [settings["author"]]
    assert FACTS["title"].split(" / ")[0] == settings["project"]


def test_entry_of_a_release_has_its_year_and_no_private_address() -> None:
    facts = {**FACTS, "date-released": date(2027, 1, 2)}
    entry = citation.bibtex(facts, "http://127.0.0.1:8000/", "2028-01-01")
    assert "year = {2027}," in entry and "url" not in entry
    assert "author = {{The PyTorch in Practice authors}}," in entry
    assert citation.bibtex(FACTS).startswith("@misc{pytorch-in-practice,\n")
    assert "year" not in citation.bibtex(FACTS)
