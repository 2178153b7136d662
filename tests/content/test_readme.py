"""The READMEs agree with each other, with the sessions and with what the checks run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh.md")
TEXTS = (*READMES, "CONTRIBUTING.md", "LICENSE-CC-BY-4.0.md")
COMMANDS = ["python3 -m pip install uv && uvx nox -s docs", "uvx nox -s tests"]


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Return the lines of all shell blocks."""
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]


def nox_sessions(source: str) -> list[str]:
    """Return the names of the sessions that a noxfile defines."""
    return [
        function.name
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef)
        and any(
            ast.unparse(decorator).startswith("nox.session")
            for decorator in function.decorator_list
        )
    ]


def table_sessions(text: str) -> list[str]:
    """Return the names in the first column of the table of sessions."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


@pytest.mark.parametrize("name", READMES)
def test_two_commands(name: str) -> None:
    assert commands(read(name)) == COMMANDS


def test_setup_page_gives_the_same_commands() -> None:
    assert [line for line in commands(read("docs/setup.md")) if "nox" in line][:2] == COMMANDS


def test_checks_run_both_commands() -> None:
    line = r'^step \w+ (uvx nox -s \w+)(?: -- (?:--junitxml="\S+"|--check-third .*))?$'
    steps = re.findall(line, read(".ci/run"), re.MULTILINE)
    assert {command.split(" && ")[-1] for command in COMMANDS} <= set(steps)


@pytest.mark.parametrize("name", READMES)
def test_table_names_every_session(name: str) -> None:
    assert table_sessions(read(name)) == nox_sessions(read("noxfile.py"))


@pytest.mark.parametrize("name", TEXTS)
def test_every_named_session_exists(name: str) -> None:
    named = set(re.findall(r"nox -s (\w+)", read(name)))
    assert named <= set(nox_sessions(read("noxfile.py")))


@pytest.mark.parametrize("name", TEXTS)
def test_relative_links_resolve(name: str) -> None:
    targets = [
        t for t in re.findall(r"\]\(([^)\s]+)\)", read(name)) if not t.startswith("https://")
    ]
    assert targets
    assert [
        target for target in targets if not (ROOT / name).parent.joinpath(target).exists()
    ] == []


@pytest.mark.parametrize("name", READMES)
def test_every_bench_is_named(name: str) -> None:
    (row,) = (line for line in read(name).splitlines() if line.startswith("| `bench` |"))
    scripts = {script.stem for script in (ROOT / "bench").glob("bench_*.py")}
    assert {f"bench_{bench}" for bench in re.findall(r"`-- (\w+)`", row)} == scripts
    session = ast.unparse(
        next(
            one
            for one in ast.parse(read("noxfile.py")).body
            if isinstance(one, ast.FunctionDef) and one.name == "bench"
        )
    )
    assert all(repr(script.removeprefix("bench_")) in session for script in scripts)


def test_named_folders_exist() -> None:
    trees = [re.findall(r"^([\w.]+/?) {2,}\S", read(name), re.MULTILINE) for name in READMES]
    assert trees[0] == trees[1]
    assert trees[0]
    assert [entry for entry in trees[0] if not (ROOT / entry).exists()] == []
