"""A lesson's key changes with what determines its outputs, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

from _ext.execution.key import imported_modules, lesson_key, page_key

SCRIPT = '''"""
A lesson
========

Prose.
"""

# sphinx_gallery_budget_s = 5
from dlcourse import direct

# %%
# More prose.

# Why this is done.
total = direct.add(1, 2)
print(total)
'''


ENTRY = """\
title = "Numbers"

[files]
"numbers.csv" = { size = 4, sha256 = "aa11" }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lesson, and a package in which direct imports indirect."""
    files = {
        "gallery/1_part/lesson_01_tiny.py": SCRIPT,
        "dlcourse/__init__.py": '"""The package."""\n',
        "dlcourse/direct.py": "from . import indirect\n\n\ndef add(a, b):\n    return indirect.plus(a, b)\n",
        "dlcourse/indirect.py": '"""Doc."""\n\n\ndef plus(a, b):\n    """Add."""\n    return a + b\n',
        "dlcourse/unrelated.py": "x = 1\n",
        "requirements/lessons.txt": "torch==2.14.1\n",
        "dlcourse/assets/entries/numbers.toml": ENTRY,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def key_after(project: Path, file: str, old: str, new: str) -> tuple[str, str]:
    """Return the key before and after an edit that really changes the file."""
    script = project / "gallery/1_part/lesson_01_tiny.py"
    before = lesson_key(script, project)
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))
    return before, lesson_key(script, project)


LESSON = "gallery/1_part/lesson_01_tiny.py"
NUMBERS = "dlcourse/assets/entries/numbers.toml"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (LESSON, "More prose.", "More and better prose."),
        (LESSON, "# Why this is done.", "# Why this must be done."),
        (LESSON, "add(1, 2)", "add(1,  2)"),
        (LESSON, "budget_s = 5", "budget_s = 6"),
        ("dlcourse/unrelated.py", "x = 1", "x = 2"),
        ("dlcourse/indirect.py", '"""Add."""', '"""Add two numbers."""'),
        ("dlcourse/indirect.py", "return a + b", "return a + b  # exact"),
    ],
)
def test_edit_that_cannot_change_the_outputs(project: Path, file: str, old: str, new: str) -> None:
    before, after = key_after(project, file, old, new)
    assert before == after


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (LESSON, "add(1, 2)", "add(1, 3)"),
        (LESSON, "total = direct", "# %%\n# A cell of its own.\n\ntotal = direct"),
        (LESSON, "budget_s = 5", "defer_figures = 5"),
        ("dlcourse/direct.py", "plus(a, b)", "plus(b, a)"),
        ("dlcourse/indirect.py", "return a + b", "return a - b"),
        ("dlcourse/__init__.py", '"""The package."""', "import os"),
        ("requirements/lessons.txt", "2.14.1", "2.15.0"),
    ],
)
def test_edit_that_can_change_the_outputs(project: Path, file: str, old: str, new: str) -> None:
    before, after = key_after(project, file, old, new)
    assert before != after


@pytest.mark.parametrize(
    ("old", "new", "counts"), [("aa11", "bb22", True), ("Numbers", "Some numbers", False)]
)
def test_files_of_an_asset_are_part_of_the_key_and_its_texts_are_not(
    project: Path, old: str, new: str, counts: bool
) -> None:
    key_after(project, LESSON, "budget_s = 5", 'assets = ["numbers"]')
    before, after = key_after(project, NUMBERS, old, new)
    assert (before != after) == counts


def test_declaring_an_asset_changes_the_key(project: Path) -> None:
    before, after = key_after(project, LESSON, "budget_s = 5", 'assets = ["numbers"]')
    assert before != after


def test_asset_that_no_lesson_declares_does_not_count(project: Path) -> None:
    before, after = key_after(project, NUMBERS, "aa11", "bb22")
    assert before == after


def test_unknown_asset_is_named(project: Path) -> None:
    with pytest.raises(ExtensionError, match=r"lesson_01_tiny\.py.*not in the catalogue: letters;"):
        key_after(project, LESSON, "budget_s = 5", 'assets = ["numbers", "letters"]')


def test_script_that_is_not_python_has_a_key(project: Path) -> None:
    before, after = key_after(project, LESSON, "print(total)", "print(total")
    assert before != after


@pytest.mark.parametrize(
    "statement",
    [
        "import dlcourse.direct",
        "from dlcourse import direct",
        "from dlcourse.direct import add",
        "def late():\n    from dlcourse.direct import add",
    ],
)
def test_imports_are_followed(project: Path, statement: str) -> None:
    found = {file.name for file in imported_modules([statement], project)}
    assert found == {"__init__.py", "direct.py", "indirect.py"}


CELLS = ["%time 1 + 1", "from dlcourse import direct", "direct.add(1, 2)"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("dlcourse/direct.py", "def add(a, b):\n    return b + a\n"),
        ("dlcourse/indirect.py", "def plus(a, b):\n    return b + a\n"),
        (NUMBERS, "x = 2\n"),
        ("requirements/lessons.txt", "torch==9\n"),
    ],
)
def test_key_of_a_page_changes_with_what_its_code_uses(project: Path, file: str, text: str) -> None:
    before = page_key(CELLS, project)
    (project / file).write_text(text)
    assert page_key(CELLS, project) != before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("dlcourse/unrelated.py", "x = 2\n"),
        ("dlcourse/indirect.py", '"""Words."""\n\n\ndef plus(a, b):\n    return a + b\n'),
    ],
)
def test_key_of_a_page_does_not_change_with_the_rest(project: Path, file: str, text: str) -> None:
    before = page_key(CELLS, project)
    (project / file).write_text(text)
    assert page_key(CELLS, project) == before
