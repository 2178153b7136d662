"""The folder of the files that a lesson leaves for its page, and what is run for the page."""

import ast
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from dlcourse import page_files


def test_outside_of_a_build_it_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(page_files.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (page_files.folder() / "weights.bin").write_bytes(b"1")
    assert (tmp_path / "page_files" / "weights.bin").exists()
    assert page_files.folder().is_dir(), "a second run finds the folder there"


def test_a_build_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(page_files.VARIABLE, str(tmp_path / "part" / "lesson.files"))
    assert page_files.folder() == tmp_path / "part" / "lesson.files"
    assert page_files.folder().is_dir()
    monkeypatch.setenv(page_files.VARIABLE, "")
    monkeypatch.chdir(tmp_path)
    assert page_files.folder() == Path("page_files"), "an empty variable names nothing"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the outputs for the page are left."""
    monkeypatch.setenv(page_files.VARIABLE, str(tmp_path / "left"))
    return tmp_path / "left"


def content(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def first() -> None:
    print("one\ttwo  ")
    print()


def second() -> None:
    # A comment belongs to the code.
    for number in range(2):
        print(number)


def test_choices_leave_what_is_printed_and_the_code_of_each(
    left: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page_files.run_choices("numbers", right=first, wrong=[second])
    assert content(left / "choices_numbers.json") == {
        "variants": [
            {"output": "one\ttwo", "code": 'print("one\\ttwo  ")\nprint()'},
            {
                "output": "0\n1",
                "code": "# A comment belongs to the code.\nfor number in range(2):\n    print(number)",
            },
        ]
    }
    assert capsys.readouterr().out == "", "the reader sees them on the page"


def nothing() -> None:
    print(" ")


def address() -> None:
    print(object())


def fails() -> None:
    raise RuntimeError("no gradient")


def says_first() -> None:
    print("one\ttwo")


def doubled(number: int = 2) -> None:
    print(2 * number)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "0 wrong variants, but a question has 1 to 3"),
        ([second] * 4, "4 wrong variants, but a question has 1 to 3"),
        ([says_first], r"two variants print 'one\\ttwo'"),
        ([nothing], "nothing: it prints nothing"),
        ([address], "address: it says .*a memory address"),
        ([fails], "fails: it fails with 'RuntimeError: no gradient'; if that is the answer"),
        ([doubled], "doubled.* is not a function without arguments"),
        ([print], "print.* is not a function without arguments"),
        ([lambda: print(3)], "does not stand below a line with 'def'|source is not to be found"),
        # From Python 3.13 on, the source of "<string>" may be that of the program that runs the tests.
        (
            [eval(compile("lambda: print(3)", "<nowhere>", "eval"))],
            "<lambda>: its source is not to be found",
        ),
    ],
)
def test_what_cannot_be_a_question_is_refused(
    left: Path, wrong: list[Callable[[], object]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        page_files.run_choices("numbers", right=first, wrong=wrong)
    assert not left.exists()


def test_a_name_that_cannot_name_a_file_is_refused(left: Path) -> None:
    for name in ("", "../x", "Sum", "two words"):
        with pytest.raises(ValueError, match="is not a name for outputs of the page"):
            page_files.run_choices(name, right=first, wrong=[second])


SCRIPT = """
from dlcourse.page_files import run_choices


def seven():
    print(3 + 4)


def twelve():
    # Multiplied instead.
    print(3 * 4)


run_choices("sum", right=seven, wrong=[twelve])
"""
LEFT = {
    "variants": [
        {"output": "7", "code": "print(3 + 4)"},
        {"output": "12", "code": "# Multiplied instead.\nprint(3 * 4)"},
    ]
}


def test_code_is_found_in_a_script(left: Path, tmp_path: Path) -> None:
    script = tmp_path / "lesson.py"
    script.write_text(SCRIPT)
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path)
    assert content(left / "choices_sum.json") == LEFT


def test_code_is_found_where_sphinx_gallery_runs_the_script(left: Path, tmp_path: Path) -> None:
    script = tmp_path / "lesson.py"
    script.write_text(f'"""\nTitle\n=====\n"""\n\nx = 1\n\n# %%\n# Text.\n{SCRIPT}')
    _, blocks = split_code_and_text_blocks(str(script))
    names = {"__name__": "__main__", "__file__": str(script)}
    for block in blocks:
        if block.type == "code":  # as gen_rst.execute_code_block compiles it
            tree = compile(block.content, str(script), "exec", ast.PyCF_ONLY_AST)
            ast.increment_lineno(tree, block.lineno - 1)
            # sphinx-gallery does it in this way.
            exec(compile(tree, str(script), "exec"), names)  # noqa: S102
    assert content(left / "choices_sum.json") == LEFT


def test_code_is_found_in_a_notebook(left: Path, tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SCRIPT)])
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert content(left / "choices_sum.json") == LEFT


def rows(left: Path, pairs: list[tuple[str, str]], **names: Any) -> Any:
    page_files.run_then_and_now("lines", pairs, names)
    return content(left / "then_and_now_lines.json")["rows"]


WARNS = """
import warnings
warnings.warn("use pow\\nor **", FutureWarning)
print("not reached by the page")
"""


@pytest.mark.parametrize(
    ("then", "kind", "text"),
    [
        (
            "math.reciprocal_of(4)",
            "error",
            "AttributeError: module 'math' has no attribute 'reciprocal_of'",
        ),
        ("print 4", "error", "SyntaxError: Missing parentheses in call to 'print'. Did you mean"),
        ("import no_such_module", "error", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("from math import inv", "error", "ImportError: cannot import name 'inv' from 'math'"),
        ("raise ValueError", "error", "ValueError"),
        ("raise ValueError('one\\ntwo')", "error", "ValueError: one"),
        (WARNS, "warning", "FutureWarning: use pow"),
        ("import warnings; warnings.warn('x', DeprecationWarning)", "warning", "Deprecation"),
        ("print(math.pi // 1)\nprint(2)", "output", "3.0\n2"),
        ("y = math.pi", "silent", ""),
    ],
)
def test_what_python_says_to_a_line_of_then(left: Path, then: str, kind: str, text: str) -> None:
    names = {"math": math}
    (row,) = rows(left, [(then, "y = 1")], **names)
    assert row["then"] == then.strip("\n")
    assert row["says"]["kind"] == kind
    assert row["says"]["text"].startswith(text)
    assert row["says"]["text"].count("\n") == text.count("\n")
    assert names == {"math": math}, "each line runs in a copy"


def test_each_line_has_a_copy_and_what_now_prints_is_kept(left: Path) -> None:
    found = rows(left, [("x += 1\nprint(x)", "print(x)"), ("print(x)", "x = 5")], x=1)
    assert [row["says"]["text"] for row in found] == ["2", "1"]
    assert [row["prints"] for row in found] == ["1", ""]


def test_warnings_that_pytorch_gives_once_are_heard_each_time(left: Path) -> None:
    before = torch.is_warn_always_enabled()
    pair = ("x.T", "x.permute(2, 1, 0)")
    for _ in range(2):
        (row,) = rows(left, [pair], x=torch.zeros(1, 2, 3))
        assert row["says"]["kind"] == "warning"
        assert row["says"]["text"].startswith("UserWarning: The use of `x.T` on tensors")
        assert "Triggered internally" not in row["says"]["text"], "it names a folder of a machine"
    assert torch.is_warn_always_enabled() == before


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (
            ("1", "math.reciprocal_of(2)"),
            "row 1: now .* says .NameError: name 'math'.* has to run without",
        ),
        (("1", WARNS), "row 1: now .* says 'FutureWarning: use pow'"),
        (("print(object())", "1"), "row 1: it says .*with a memory address"),
        (("open('/no/such/file')", "1"), r"row 1: .*a path of this machine \(/no/such/file\)"),
        (("1", "print(object())"), "row 1: it says .*with a memory address"),
    ],
)
def test_a_row_that_cannot_be_shown_is_refused(
    left: Path, pair: tuple[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=f"then and now 'lines', {message}"):
        rows(left, [pair])
    with pytest.raises(ValueError, match="no rows"):
        rows(left, [])
    assert not left.exists()


def test_addresses_of_the_web_are_no_paths_of_the_machine(left: Path) -> None:
    (row,) = rows(left, [("print('https://pytorch.org/docs/stable, N/A, 3/4')", "1")])
    assert row["says"]["kind"] == "output"
