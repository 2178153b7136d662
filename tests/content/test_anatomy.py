"""Every lesson has the anatomy that the course promises: its parts, their order, its rhythm, what it declares.

`problems` returns one line for each fault; the tests apply it to the lessons, and to a bad lesson, where it must object.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from lesson_script import Block, Lesson, parse, read

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "gallery").glob("*/lesson_*.py"))
SECTIONS = (
    "Set-up",
    "Look at the data",
    "Predict",
    "Build it",
    "Check against PyTorch",
    "Use it",
    "Break it",
    "Then and now",
    "What you learned",
    "Self-checks",
    "Exercises",
    "In practice",
    "References",
)
CARDS = ("You will be able to", "Before you start")
CELL_LINES = 25
WORDS_BETWEEN_CELLS = range(40, 121)
RUNNING_LINES = range(150, 351)
SELF_CHECKS = range(2, 5)
TIME_NAME = re.compile(r"(^|_)(times?|seconds|elapsed)$|.(_m?s)$|^times?_|^perf_counter$|^timeit$")


def _declarations(lesson: Lesson) -> Iterator[str]:
    kinds = {"number": int, "budget_s": int, "needs": list, "assets": list, "thumbnail_number": int}
    for key, kind in kinds.items():
        if type(lesson.config.get(key)) is not kind:
            yield f"declares no '# sphinx_gallery_{key} = ...' ({kind.__name__})"
    number = lesson.config.get("number", 0)
    if not lesson.name.startswith(f"lesson_{number:02d}_"):
        yield f"declares number {number}, which is not the one in its file name"
    if not lesson.headings() or not lesson.headings()[0].startswith(f"{number:02d} · "):
        yield f"needs a title that begins with '{number:02d} · '"


def _sections(lesson: Lesson) -> Iterator[str]:
    place = 0
    titles = lesson.headings()
    for section in SECTIONS:
        later = [n for n in range(place, len(titles)) if titles[n].split(":")[0] == section]
        if not later:
            yield f"section {section!r} is missing or out of order; its sections are {titles}"
        else:
            place = later[0]


def _cards(lesson: Lesson) -> Iterator[str]:
    cards = dict(lesson.directives("grid-item-card"))
    for title in CARDS:
        if len([line for line in cards.get(title, "").splitlines() if line.startswith("- ")]) < 3:
            yield f"needs a card {title!r} with at least 3 points"


def _rhythm(lesson: Lesson) -> Iterator[str]:
    blocks = lesson.blocks[1:]  # the docstring is the opening, not prose between cells
    for before, block in pairwise(blocks):
        if before.kind == block.kind == "code":
            yield f"line {block.first_line}: two cells without prose between them"
    for block in blocks[:-1]:
        if block.kind == "text" and block.words() not in WORDS_BETWEEN_CELLS:
            yield f"line {block.first_line}: {block.words()} words between cells, not 40 to 120"
    if blocks and blocks[-1].kind == "code":
        yield "ends with code, not with the summary and the references"
    if lesson.running_lines() not in RUNNING_LINES:
        yield f"has {lesson.running_lines()} lines of prose and code, not 150 to 350"


def _cells(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells():
        if len([line for line in cell.lines if line.strip()]) > CELL_LINES:
            yield f"line {cell.first_line}: a cell of more than {CELL_LINES} lines"
        tree = ast.parse("\n".join(cell.lines))
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_print(tree.body[-1].value):
            # The page would show the value as it comes, a memory address for instance.
            yield f"line {cell.first_line}: a cell ends in a bare value; print it or assign it"
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and _names_time(node.test):
                line = cell.first_line + node.lineno - 1
                yield f"line {line}: asserts a time, which fails on a busy machine; print it"
        yield from _figures(cell, tree)


def _names_time(tree: ast.expr) -> bool:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return any(TIME_NAME.search(name) for name in names)


def _is_print(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


def _figures(cell: Block, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in {"subplots", "figure", "subplot_mosaic"} and "num" not in {
            k.arg for k in node.keywords
        }:
            line = cell.first_line + node.lineno - 1
            yield f"line {line}: a figure without a description; write num='One sentence ...'"


def _figure_count(lesson: Lesson) -> Iterator[str]:
    if not any("num=" in line for cell in lesson.cells() for line in cell.lines):
        yield "has no figure"


def _checks(lesson: Lesson) -> Iterator[str]:
    answers = [title for title, body in lesson.directives("dropdown") if body.strip()]
    in_predict = lesson.section("Predict").count(".. dropdown::")
    in_self_checks = lesson.section("Self-checks").count(".. dropdown::")
    if in_predict < 1:
        yield "the prediction has no answer that folds out"
    if in_self_checks not in SELF_CHECKS:
        yield f"has {in_self_checks} self-checks whose answers fold out, not 2 to 4"
    if len(answers) != in_predict + in_self_checks:
        yield "an answer that folds out is empty, or stands in another section"
    if not any("assert" in line for cell in lesson.cells() for line in cell.lines):
        yield "asserts nothing"


def _closing(lesson: Lesson) -> Iterator[str]:
    for section, marker in {
        "What you learned": "- ",
        "In practice": "- ",
        "References": "- ",
    }.items():
        points = [line for line in lesson.section(section).splitlines() if line.startswith(marker)]
        if len(points) < 2:
            yield f"section {section!r} needs at least 2 points"
    if "http" not in lesson.section("References"):
        yield "its references link to nothing"
    exercises = lesson.section("Exercises")
    number = lesson.config.get("number", 0)
    if f"/solutions/lesson_{number:02d}" not in exercises:
        yield "its exercises do not link to the solutions page"
    if exercises.count(".. code-block:: python") < 3:
        yield "needs at least 3 exercises with their lines in '.. code-block:: python'"


RULES: tuple[Callable[[Lesson], Iterator[str]], ...] = (
    _declarations,
    _sections,
    _cards,
    _rhythm,
    _cells,
    _figure_count,
    _checks,
    _closing,
)


def problems(lesson: Lesson) -> list[str]:
    """Return one line for each thing that this lesson lacks."""
    faults = list(_sections(lesson))
    if faults:  # the other rules look into sections
        return [f"{lesson.name}: {fault}" for fault in faults]
    return [f"{lesson.name}: {fault}" for rule in RULES for fault in rule(lesson)]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_has_the_anatomy(path: Path) -> None:
    assert problems(read(path)) == []


def test_there_are_lessons() -> None:
    assert LESSONS, "no gallery/*/lesson_*.py: the tests of the lessons would check nothing"


GOOD = ROOT / "gallery" / "1_basics" / "lesson_04_tensors.py"

# Each entry damages a good lesson in one place, and names a part of the message that must come.
SEED, ITEM = "generator = seed_everything(4)\n", 'print("item:  ", torch.tensor(0.1).item())\n'
BREAK, CHECKS = "# Break it\n# --------\n", "# Self-checks\n# -----------\n"
NUMBER = "# sphinx_gallery_number = {}\n"
DAMAGE = [
    ("# Break it\n", "# Something\n", "section 'Break it' is missing"),
    ("# sphinx_gallery_budget_s = 15\n", "", "sphinx_gallery_budget_s"),
    (NUMBER.format(4), NUMBER.format(5), "not the one in its file"),
    ("grid-item-card:: Before you start", "grid-item-card:: Before", "card 'Before you start'"),
    (SEED, "generator = 4\n\n# %%\n\nx = 1\n", "two cells without prose"),
    (BREAK, f"{BREAK}# Few words.\n\nz = 1\n\n# %%\n", "words between"),
    (BREAK, f"{BREAK}# {'word ' * 90}\n", "words between"),
    (SEED, "generator = 4\n" + "y = 1\n" * 26, "more than 25 lines"),
    (ITEM, "shared\n", "ends in a bare value"),
    (ITEM, f'assert times_s["loop"] > 1\n{ITEM}', "asserts a time"),
    ("figsize=(5.2, 3.8), num=alt", "figsize=(5.2, 3.8)", "a figure without a description"),
    ("/solutions/lesson_04", "/solutions", "do not link to the solutions page"),
    (".. code-block:: python\n#\n#    signal", "::\n#\n#    signal", "at least 3 exercises"),
    (".. dropdown:: Answer", ".. note::", "the prediction has no answer"),
    (CHECKS, f"{CHECKS}#\n# Next\n# ----\n", "0 self-checks"),
]


@pytest.mark.parametrize(("old", "new", "message"), DAMAGE)
def test_a_damaged_lesson_is_noticed(old: str, new: str, message: str) -> None:
    source = GOOD.read_text(encoding="utf-8")
    assert old in source, f"the damage no longer fits {GOOD.name}; adapt the test"
    found = problems(parse(source.replace(old, new, 1), GOOD.name))
    assert any(message in fault for fault in found), found


def test_a_lesson_without_a_docstring_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lesson_01_x\.py:1: a lesson begins with a docstring"):
        parse("x = 1\n", "lesson_01_x.py")
