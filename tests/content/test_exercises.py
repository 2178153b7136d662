"""Every exercise is worth doing and can be done: its starting lines fail the criterion, its solution meets it.

The exercises are read from the solutions pages, docs/solutions/lesson_NN.md; each is a section ``## Exercise N: title``
with cells that are tagged start, solution and criterion, after one cell tagged setup for the whole page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lesson_script import Block, read

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "solutions").glob("lesson_*.md"))
_CELL = re.compile(
    r"^```\{code-cell\} ipython3\n:tags: \[([\w, -]+)\]\n\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_EXERCISE = re.compile(r"^## Exercise (\d+): .+$", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """One exercise, with the code of its page's setup cell."""

    page: Path
    number: int
    setup: str
    start: str
    solution: str
    criterion: str

    def run(self, answer: str) -> None:
        """Run the setup, the starting lines or these and a solution, and the criterion."""
        scope: dict[str, Any] = {}
        for part in (self.setup, answer, self.criterion):
            code = compile(part, str(self.page), "exec")
            exec(code, scope)  # noqa: S102 - the course's own pages, as the site's build runs them


def exercises_of(page: Path) -> list[Exercise]:
    """Read the exercises of a solutions page."""
    opening, *parts = _EXERCISE.split(page.read_text(encoding="utf-8"))
    setup = _cells(opening, page, ("setup",))["setup"]
    found = []
    for number, text in zip(parts[::2], parts[1::2], strict=True):
        cells = _cells(text, page, ("start", "solution", "criterion"))
        found.append(Exercise(page, int(number), setup, **cells))
    return found


def _cells(text: str, page: Path, expected: tuple[str, ...]) -> dict[str, str]:
    cells = [(tags, code) for tags, code in _CELL.findall(text)]
    if tuple(tags for tags, _ in cells) != expected or text.count("```{code-cell}") != len(
        expected
    ):
        raise ValueError(
            f"{page.name}: expected cells tagged {expected}, found {[tags for tags, _ in cells]}"
        )
    return dict(cells)


def lesson_of(page: Path) -> Path:
    """Return the lesson script that this solutions page belongs to."""
    (script,) = (ROOT / "gallery").glob(f"*/{page.stem}_*.py")
    return script


EXERCISES = [exercise for page in PAGES for exercise in exercises_of(page)]
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: f"{e.page.stem}-{e.number}")


def shown_in_lesson(page: Path) -> list[str]:
    """Return the code blocks of the lesson's exercises, in order."""
    exercises = tuple(read(lesson_of(page)).section("Exercises").splitlines())
    blocks = Block("text", exercises, 1).directives("code-block")
    return [body.strip("\n") for language, body in blocks if language == "python"]


@each
def test_starting_lines_fail_the_criterion(exercise: Exercise) -> None:
    with pytest.raises(
        AssertionError, match=r"\w"
    ):  # with words that tell the reader what is missing
        exercise.run(exercise.start)


@each
def test_solution_meets_the_criterion(
    exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    exercise.run(exercise.start + exercise.solution)
    assert capsys.readouterr().out.strip(), "the criterion prints no confirmation"


@each
def test_lesson_shows_the_same_lines(exercise: Exercise) -> None:
    shown = shown_in_lesson(exercise.page)[exercise.number - 1]
    assert shown == f"{exercise.start}\n{exercise.criterion}".rstrip("\n")


@pytest.mark.parametrize(
    "script", sorted((ROOT / "gallery").glob("*/lesson_*.py")), ids=lambda path: path.stem
)
def test_lesson_has_at_least_three_solved_exercises(script: Path) -> None:
    page = ROOT / "docs" / "solutions" / f"{script.stem[:9]}.md"
    numbers = [exercise.number for exercise in exercises_of(page)]
    assert len(numbers) >= 3
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(shown_in_lesson(page)) == len(numbers)


def test_a_page_without_a_criterion_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "lesson_99.md"
    cell = "```{{code-cell}} ipython3\n:tags: [{}]\n\nx = 1\n```\n"
    page.write_text(
        cell.format("setup") + "## Exercise 1: t\n" + cell.format("start") + cell.format("solution")
    )
    with pytest.raises(ValueError, match=r"lesson_99\.md: expected cells tagged .*criterion"):
        exercises_of(page)
