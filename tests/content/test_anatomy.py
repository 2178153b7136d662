"""Every lesson has the anatomy that the course promises: its parts, their order, its rhythm, what it declares.

`problems` returns one line for each fault; the tests apply it to the lessons, and to damaged copies of a sample, where
it must object. `tests/support/pace.py` reports what has no bound.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lesson_script import Block, Lesson, parse, read
from pace import pace

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
OPTIONAL = {"Going further": "In practice"}
"""Sections that need not be there, and after which one they stand."""
CELL_LINES = 25
SENTENCE_WORDS = 5
CHOICES = 3
SELF_CHECKS = range(2, 5)
RETURN_NOTHING = {"print", "run_choices", "run_then_and_now", "assert_close", "set_axis_off"}
"""Calls that may end a cell: the page would show no value of theirs."""
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
    for section, before in OPTIONAL.items():
        places = [n for n, title in enumerate(titles) if title.split(":")[0] == section]
        if places and titles[places[0] - 1].split(":")[0] != before:
            yield f"section {section!r} does not follow {before!r}; its sections are {titles}"


def _cards(lesson: Lesson) -> Iterator[str]:
    cards = dict(lesson.directives("grid-item-card"))
    for title in CARDS:
        if len([line for line in cards.get(title, "").splitlines() if line.startswith("- ")]) < 3:
            yield f"needs a card {title!r} with at least 3 points"


def _rhythm(lesson: Lesson) -> Iterator[str]:
    for cell, before, after in lesson.around():
        for place, words in (("before", before), ("after", after)):
            if words < SENTENCE_WORDS:
                yield f"line {cell.first_line}: an open cell without a sentence {place} it; fold it or write one"
    if lesson.blocks[-1].kind == "code":
        yield "ends with code, not with the summary and the references"


def _folds(lesson: Lesson) -> Iterator[str]:
    folded = len(lesson.cells()) - len(lesson.open_cells())
    if not folded:
        yield "folds no cell; what draws or checks belongs behind a title"
    if len(lesson.directives("fold")) != folded:
        yield "a fold has no title, or is not the last thing before a cell"


def _cells(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells():
        if not cell.folded and cell.code_lines() > CELL_LINES:
            yield f"line {cell.first_line}: an open cell of more than {CELL_LINES} lines"
        tree = ast.parse("\n".join(cell.lines))
        if (
            tree.body
            and isinstance(tree.body[-1], ast.Expr)
            and not _returns_nothing(tree.body[-1].value)
        ):
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


def _returns_nothing(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in RETURN_NOTHING


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
    choices = lesson.directives("choice")
    if lesson.section("Predict").count(".. choice::") < 1:
        yield "the prediction has no choice"
    in_self_checks = lesson.section("Self-checks").count(".. choice::")
    if in_self_checks not in SELF_CHECKS:
        yield f"has {in_self_checks} self-checks that are choices, not 2 to 4"
    if len(choices) < CHOICES:
        yield f"has {len(choices)} choices, not {CHOICES} or more"
    if not any(":outputs:" in body for _, body in choices):
        yield "has no choice whose answers are executed (':outputs:')"
    if lesson.directives("dropdown"):
        yield "has an answer in a dropdown; make it a choice"
    if not lesson.directives("then-and-now"):
        yield "has no '.. then-and-now::'"
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
    _folds,
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


#: Lessons of the first edition: each is rewritten, and then leaves this list.
NOT_YET: set[str] = set()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_has_the_anatomy(path: Path) -> None:
    found = problems(read(path))
    if path.stem in NOT_YET:
        assert found, f"{path.stem} has the anatomy: take its name from NOT_YET"
    else:
        assert found == []


def test_there_are_lessons() -> None:
    assert LESSONS, "no gallery/*/lesson_*.py: the tests of the lessons would check nothing"
    assert {path.stem for path in LESSONS} >= NOT_YET, "NOT_YET names a lesson that is gone"


SAMPLE = ROOT / "tests" / "content" / "tiny" / "lesson_04_sample.py"


def test_the_sample_has_the_anatomy() -> None:
    assert problems(read(SAMPLE)) == []


# Each entry damages the sample in one place, and names a part of the message that must come.
SEED, SUM = "generator = torch.Generator().manual_seed(4)\n", "print(x.sum(dim=0))\n"
FOLD = "# .. fold:: How the figure is drawn\n"
BREAK, CHECKS = "# Break it\n# --------\n", "# Self-checks\n# -----------\n"
NUMBER = "# sphinx_gallery_number = {}\n"
BETWEEN = """\
# The generator is passed to what draws.
#
# Look at the data
# ----------------
#
# Our data are six numbers in two rows.
"""
NEXT, AFTER = (
    "# Look at the data\n# ----------------\n#\n# A word.\n",
    "without a sentence after it",
)
FURTHER = "# Going further\n# -------------\n"
DAMAGE = [
    (BREAK, "# Something\n# ---------\n", "section 'Break it' is missing"),
    (FURTHER, "# Elsewhere\n# ---------\n#\n# Going further\n# -------------\n", "does not follow"),
    ("# sphinx_gallery_budget_s = 15\n", "", "sphinx_gallery_budget_s"),
    (NUMBER.format(4), NUMBER.format(5), "not the one in its file"),
    ("grid-item-card:: Before you start", "grid-item-card:: Before", "card 'Before you start'"),
    (SUM, f"{SUM}\n# %%\n\ny = 1\n", "without a sentence after it"),
    (SUM, f"{SUM}\n# %%\n\ny = 1\n", "without a sentence before it"),
    (BETWEEN, NEXT, AFTER),
    (BETWEEN, f"{NEXT}#\n# A heading of six words is none\n# {'~' * 30}\n", AFTER),
    (BETWEEN, f"{NEXT}#\n# .. note:: What stands in a box is no sentence.\n", AFTER),
    ("# .. fold:: Checked by hand\n", "", "without a sentence before it"),
    (SEED, SEED + "y = 1\n" * 25, "more than 25 lines"),
    (FOLD, f"{FOLD}#\n# More.\n", "not the last thing before a cell"),
    (FOLD, "# .. fold::\n", "a fold has no title"),
    (SUM, "x\n", "ends in a bare value"),
    (SUM, f"{SUM}ax.set_title('A sum')\n", "ends in a bare value"),
    (SUM, f"assert times_s > 1\n{SUM}", "asserts a time"),
    ("num=alt", "", "a figure without a description"),
    ("/solutions/lesson_04", "/solutions", "do not link to the solutions page"),
    (".. code-block:: python\n#\n#    third", "::\n#\n#    third", "at least 3 exercises"),
    (".. choice:: Which axis", ".. note:: Which axis", "the prediction has no choice"),
    ("#    :outputs: columns\n", "#    :right: 1\n", "whose answers are executed"),
    (CHECKS, f"{CHECKS}#\n# Next\n# ----\n", "0 self-checks"),
    (CHECKS, f"{CHECKS}#\n# .. dropdown:: Answer\n#\n#    Yes.\n", "in a dropdown"),
    (".. then-and-now:: rows", ".. note:: rows", "no '.. then-and-now::'"),
    ("# - Last.\n", "# - Last.\n\ny = 1\n", "ends with code"),
]


@pytest.mark.parametrize(("old", "new", "message"), DAMAGE)
def test_a_damaged_lesson_is_noticed(old: str, new: str, message: str) -> None:
    source = SAMPLE.read_text(encoding="utf-8")
    assert old in source, f"the damage no longer fits {SAMPLE.name}; adapt the test"
    found = problems(parse(source.replace(old, new, 1), SAMPLE.name))
    assert any(message in fault for fault in found), found


def test_a_folded_cell_may_be_long_and_stand_alone() -> None:
    source = SAMPLE.read_text(encoding="utf-8").replace(FOLD, f"{FOLD}\n" + "y = 1\n" * 40, 1)
    assert problems(parse(source, SAMPLE.name)) == []


def test_a_cell_may_end_in_a_call_that_returns_nothing() -> None:
    source = SAMPLE.read_text(encoding="utf-8").replace(
        SUM, f"{SUM}torch.testing.assert_close(x, x)\n"
    )
    assert problems(parse(source, SAMPLE.name)) == []


def test_the_pace_of_the_sample() -> None:
    found = pace(read(SAMPLE))
    assert (found.open_cells, found.folded_cells, found.longest, found.long_share) == (3, 4, 4, 0)
    assert found.before == [7, 15, 7]
    assert found.after == [15, 18, 27]
    long = SAMPLE.read_text(encoding="utf-8").replace(SEED, SEED + "y = 1\n" * 12)
    slower = pace(parse(long, SAMPLE.name))
    assert (slower.longest, slower.long_share) == (16, pytest.approx(1 / 3))
    longer = parse(long.replace(BETWEEN, "# word\n" * 4000 + BETWEEN), SAMPLE.name)
    assert pace(longer).minutes == slower.minutes + 20
    assert "7/" in str(found)


def test_a_lesson_without_a_docstring_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lesson_01_x\.py:1: a lesson begins with a docstring"):
        parse("x = 1\n", "lesson_01_x.py")
