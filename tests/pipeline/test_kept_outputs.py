"""Outputs are shared between clones, and a third of the lessons proves them."""

from __future__ import annotations

import re
import shutil
from itertools import count
from pathlib import Path

import pytest

from _tools.build import third_of

from .conftest import LESSON_1, PAGE_1, SOLUTION, Project, make_project
from .test_faults import without_measures

#: A commit that chooses lesson 01 out of two.
COMMIT = next(str(n) for n in count() if third_of(["01", "02"], str(n)) == ["01"])
RANDOM_CELLS = """
# %%
# Random, and marked.

print(os.urandom(4).hex(), "(measured in this build)")
fig, ax = plt.subplots(num="A random bar that is measured.")
ax.bar(["sum"], [1 + os.urandom(1)[0]])
ax.set_title("The sum of two numbers")

# %%
# Random, and not marked.

print("the same")
print("random:", os.urandom(4).hex())

# %%
# A random figure.

fig, ax = plt.subplots(num="A random bar.")
ax.bar(["sum"], [int.from_bytes(os.urandom(4))])
ax.set_title("The sum of two numbers")
"""


def test_two_clones_at_once_take_what_is_kept_and_prove_it(
    built_once: Project, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shutil.copytree(built_once.shared, shared)
    (of_lesson_2,) = shared.glob("*/lessons/lesson_02_moving/*")
    whole = of_lesson_2.read_bytes()
    of_lesson_2.write_bytes(whole[: len(whole) // 2])
    clones = [make_project(tmp_path / name) for name in ("one", "two")]
    for clone in clones:
        clone.shared = str(shared)
    for process in [clone.start() for clone in clones]:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    for clone in clones:
        assert clone.executed() == ["02"], "what is damaged is executed again"
        assert without_measures(clone.site()) == without_measures(built_once.site())
    assert len(of_lesson_2.read_bytes()) > len(whole) // 2, "and replaced"
    assert list(shared.rglob(".*")) == []
    before = clones[0].site()
    output = clones[0].build("--check-third", COMMIT)
    assert clones[0].executed() == ["01", "page"]
    assert "Executed anew and compared with what was kept: lessons 01: the same." in output
    assert clones[0].different(before) == []


def test_random_outputs_are_named_and_not_kept(project: Project, tmp_path: Path) -> None:
    """The outputs cannot be shared here, which is no reason to stop."""
    project.shared = str(tmp_path / "file")
    Path(project.shared).write_text("no folder")
    script = project.root / LESSON_1
    script.write_text(script.read_text() + RANDOM_CELLS)
    page_code = 'print("solution:"'
    project.replace(SOLUTION, page_code, f"print(os.urandom(4).hex())\n{page_code}")
    output = project.build("1")
    assert output.count("not kept for other clones of the course: ") == 2
    assert project.executed() == ["01", "page"]
    before = project.page("en", PAGE_1)
    output = project.build("--check-third", COMMIT, succeeds=False)
    assert project.executed() == ["01", "page"]
    assert project.page("en", PAGE_1) == before, "what was kept is still kept"
    assert "lessons 01: DIFFERENT" in output
    named = re.findall(r"(\S+?\.(?:py|md):\d+: cell \d+): (.*)", output)
    lines = script.read_text().splitlines()
    random, figure = (lines.index(x) + 1 for x in ('print("the same")', lines[-3]))
    assert [place for place, _ in named] == [
        f"{LESSON_1}:{random}: cell 4",
        f"{LESSON_1}:{figure}: cell 5",
        f"{SOLUTION}:12: cell 1",
    ]
    assert re.fullmatch(r"kept: '\s+random: \w{8}'; now: '\s+random: \w{8}'", named[0][1])
    assert named[1][1] == "another figure: sphx_glr_lesson_01_tiny_003.png"
    assert re.fullmatch(r"kept: '\w{8}'; now: '\w{8}'", named[2][1])


@pytest.mark.parametrize("count", [1, 2, 3, 8, 28])
def test_a_third_is_another_one_for_each_commit_and_in_time_each_lesson(count: int) -> None:
    numbers = [f"{number:02}" for number in range(1, count + 1)]
    thirds = [third_of(numbers, str(commit)) for commit in range(60)]
    assert {len(third) for third in thirds} == {(count + 2) // 3}
    assert {number for third in thirds for number in third} == set(numbers)
    assert third_of(numbers, "3") == thirds[3]
