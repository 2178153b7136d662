"""What one clone has executed, another one takes; a third of the lessons shows that it is right."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from _ext.execution import comparison, record
from _ext.execution import shared as shared_outputs
from _ext.execution.comparison import compare_lesson, compare_page, first_difference
from _tools.build import report_comparison

NAME, CODE = "lessons/lesson_01_x", "print(1)"
FILES = {"record.json": b"{}", "files/deep/a.bin": bytes(range(256)) * 64}


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(shared_outputs.VARIABLE, str(tmp_path / "shared"))
    return tmp_path / "shared"


def files_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_what_was_put_is_taken_under_its_name_and_key(shared: Path) -> None:
    assert shared_outputs.take(NAME, "key", CODE) is None
    shared_outputs.put(NAME, "key", CODE, FILES)
    assert shared_outputs.take(NAME, "key", CODE) == FILES
    assert shared_outputs.take(NAME, "another", CODE) is None
    assert shared_outputs.take("lessons/lesson_02_y", "key", CODE) is None


@pytest.mark.parametrize("place", [0, 40, -1])
def test_damaged_outputs_count_as_none_and_are_replaced(shared: Path, place: int) -> None:
    shared_outputs.put(NAME, "key", CODE, FILES)
    (file,) = files_in(shared)
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[place] ^= 1
    for content in (bytes(damaged), whole[:place], b""):
        file.write_bytes(content)
        assert shared_outputs.take(NAME, "key", CODE) is None
    shared_outputs.put(NAME, "key", CODE, FILES)
    assert shared_outputs.take(NAME, "key", CODE) == FILES


def test_outputs_of_another_processor_or_device_are_not_taken(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_outputs.put(NAME, "key", CODE, FILES)
    with monkeypatch.context() as patch:
        patch.setattr(record, "processor_facts", lambda: "flags: of another one")
        assert shared_outputs.take(NAME, "key", CODE) is None
    monkeypatch.setattr(record, "device_for", lambda _code: ("cuda", "H200"))
    assert shared_outputs.take(NAME, "key", CODE) is None


def test_the_versions_that_were_used_last_are_kept(shared: Path) -> None:
    for version in range(shared_outputs.KEPT_VERSIONS):
        shared_outputs.put(NAME, str(version), CODE, FILES)
        os.utime(max(files_in(shared), key=lambda file: file.stat().st_mtime), (version, version))
    assert shared_outputs.take(NAME, "0", CODE) == FILES
    abandoned = files_in(shared)[0].with_name(".0.outputs.123")
    abandoned.write_text("half")
    os.utime(abandoned, (0, 0))
    shared_outputs.put(NAME, "new", CODE, FILES)
    assert {file.stem for file in files_in(shared)} == {"0", "2", "new"}


def test_nothing_is_shared_if_that_is_switched_off(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared_outputs.VARIABLE, "off")
    shared_outputs.put(NAME, "key", CODE, FILES)
    assert shared_outputs.take(NAME, "key", CODE) is None
    monkeypatch.delenv(shared_outputs.VARIABLE)
    monkeypatch.setenv("DLCOURSE_HOME", str(shared))
    assert shared_outputs.folder() == shared / "outputs"


def figure(name: str, content: bytes = b"1") -> dict[str, bytes]:
    return {f"sphx_glr_{name}.png": content, f"sphx_glr_{name}.figure.pkl": os.urandom(4)}


SHOWN = ".. image:: /lessons/images/sphx_glr_lesson_01_x_00{}.png\n"
MARKED = f"1.5 ({comparison.MEASURED})\n"


@pytest.mark.parametrize(
    ("kept", "new", "changed", "found"),
    [
        ("a\nb", "a\nc", {}, [(1, "kept: 'b'; now: 'c'")]),
        (SHOWN.format(1), SHOWN.format(1), {}, []),
        (
            SHOWN.format(1),
            SHOWN.format(1),
            figure("lesson_01_x_001", b"2"),
            [(1, "another figure: sphx_glr_lesson_01_x_001.png")],
        ),
        (MARKED + SHOWN.format(1), "2.5 " + MARKED, figure("lesson_01_x_001", b"2"), []),
        (MARKED, "1.5", {}, [(1, f"kept: {MARKED.strip()!r}; now: '1.5'")]),
        ("", "", {"files/a.bin": b"2"}, [(None, "another file: files/a.bin")]),
        ("", "", {"files/b.bin": b"2"}, [(None, "another file: files/b.bin")]),
    ],
)
def test_what_a_lesson_prints_draws_and_leaves_is_compared_unless_measured(
    kept: str, new: str, changed: dict[str, bytes], found: list[tuple[int | None, str]]
) -> None:
    files = {**figure("lesson_01_x_001"), "files/a.bin": b"1"}
    differences = compare_lesson(["", kept], ["", new], files, {**files, **changed})
    assert list(differences) == found


def cell(*outputs: dict[str, object]) -> dict[str, object]:
    return {"outputs": [SimpleNamespace(**output) for output in outputs]}


def test_outputs_of_a_page_are_compared_however_its_streams_were_cut() -> None:
    def stream(text: str) -> dict[str, object]:
        return {"output_type": "stream", "text": text}

    def result(text: str) -> dict[str, object]:
        return {"output_type": "execute_result", "data": {"text/plain": text}}

    def error(value: str) -> dict[str, object]:
        return {"output_type": "error", "ename": "ValueError", "evalue": value}

    kept = [cell(stream("a\n"), stream("b")), cell(result("1")), cell(error("x")), cell()]
    new = [cell(stream("a\nb")), cell(result("2")), cell(error("y")), cell()]
    kept, new = [*kept, cell(stream(MARKED))], [*new, cell(stream("9 " + MARKED))]
    assert list(compare_page(kept, new)) == [
        (1, "kept: 'text/plain: 1'; now: 'text/plain: 2'"),
        (2, "kept: 'ValueError: x'; now: 'ValueError: y'"),
    ]


def test_first_difference_also_is_a_line_that_only_one_has() -> None:
    assert first_difference("a", "a\nb") == "kept: no such line; now: 'b'"
    assert len(first_difference("x" * 10_000, "")) < 300


def test_a_lesson_is_wanted_together_with_its_solutions() -> None:
    wanted = ["lesson_04_tensors", "lesson_04", "lesson_24"]
    others = ["lesson_05_reshaping", "lesson_05", "errors", "about"]
    assert [name for name in wanted + others if comparison.is_wanted(name, ["04", "24"])] == wanted


@pytest.mark.parametrize(
    ("notes", "status", "said"),
    [
        ({"lesson_01_x": [], "solutions/lesson_01": []}, 0, "lessons 01: the same."),
        ({"lesson_01_x": []}, 0, "lessons 01: the same."),
        ({"lesson_01_x": None}, 0, "lessons 01: nothing was kept to compare with."),
        ({"lesson_01_x": [], "solutions/lesson_01": ["a.md:3: cell 1"]}, 1, "lessons 01: DIFF"),
        ({"lesson_01_x": ["x.py:7: cell 2"], "solutions/lesson_01": []}, 1, "x.py:7: cell 2\n"),
        ({"solutions/lesson_01": []}, 1, "lessons 01: NOT EXECUTED."),
    ],
)
def test_the_report_fails_unless_all_was_executed_and_is_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    notes: dict[str, list[str] | None],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(comparison, "NOTES_DIR", tmp_path)
    for name, differences in notes.items():
        comparison.note(name, differences)
    assert report_comparison(["01"]) == status
    assert said in "".join(capsys.readouterr())
