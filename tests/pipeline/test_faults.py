"""Builds that fail, are interrupted or are killed."""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import shutil
import signal

import pytest

from _ext.execution import gallery

from .conftest import (
    CATALOGUES,
    LESSON_1,
    LESSON_2,
    PAGE_1,
    PAGE_2,
    PAGE_OF_SOLUTION,
    SOLUTION,
    Project,
    wait_for,
    wait_until,
)


def test_failing_lessons_are_named_and_the_others_are_built(project: Project) -> None:
    not_python = project.add_lesson("lesson_03_not_python")
    project.replace(not_python, "total = add(1, 2)", "total = = add(1, 2)")
    project.replace(LESSON_1, 'print("total:", total)', 'raise ValueError("no total")')
    project.replace("dlcourse/moving.py", "return step", "return step / 2")
    output = project.build(succeeds=False)
    last = output.rstrip().splitlines()[-2:]
    assert last[0].endswith(f"{LESSON_1}:27: ValueError: no total")
    assert f"{not_python}:23: SyntaxError" in last[1]
    assert output.count("Traceback") == 2  # the lessons' own
    assert project.executed() == ["01", "02", "03"]
    assert "moves a point" in project.page("en", PAGE_2)
    project.replace(LESSON_1, 'raise ValueError("no total")', 'print("total:", total)')
    shutil.rmtree(project.root / "gallery/2_extra")
    project.build()
    assert project.executed() == []


def test_failing_pages_are_named_and_the_other_outputs_are_kept(project: Project) -> None:
    project.replace("conf.py", "nb_execution_timeout = 120", "nb_execution_timeout = 5")
    project.replace("dlcourse/moving.py", "return step", "return step / 2")
    page, code = (project.root / SOLUTION).read_text(), 'print("solution:", add(1, 2))'
    for name, instead in (("ends", "os._exit(0)"), ("sleeps", "import time; time.sleep(60)")):
        text = page.replace(code, instead).replace("---\nfile", "---\norphan: true\nfile", 1)
        (project.root / f"docs/{name}.md").write_text(text)
    project.replace(SOLUTION, "add(1, 2)", "add(1)")
    output = project.build(succeeds=False)
    error = "TypeError: add() missing 1 required positional argument: 'b'"
    assert f"{SOLUTION}:19: {error}\n" in output
    assert "docs/ends.md: the code ended Python, or the machine is short of memory\n" in output
    assert "docs/sleeps.md:13: a cell took longer than 5 s\n" in output
    own = output.partition("Extension error")  # before it stand those of the pages
    assert "nbclient" not in own[0] and "Traceback" not in own[2]
    assert "build/html" not in output, "nothing is rendered"
    assert project.executed() == ["02", "page", "page", "page"]
    project.replace(SOLUTION, "add(1)", "add(1, 2)")
    for name in ("ends", "sleeps"):
        (project.root / f"docs/{name}.md").unlink()
    project.build()
    assert project.executed() == [], "its outputs from before the edit still hold"
    assert "solution: 3" in project.page("zh", PAGE_OF_SOLUTION)


def test_lesson_that_ends_python_is_named(project: Project) -> None:
    project.replace(LESSON_1, 'print("total:", total)', "raise SystemExit")
    output = project.build(succeeds=False)
    assert f"{LESSON_1}:27: a lesson must not end Python" in output.rstrip().splitlines()[-1]
    assert "Traceback" not in output
    project.replace(LESSON_1, "raise SystemExit", "os._exit(0)")
    output = project.build(succeeds=False)
    assert "did not finish" in output.rstrip().splitlines()[-1]


def test_bad_formula_names_file_and_line(project: Project) -> None:
    project.replace(LESSON_1, r":math:`1 + 2`", r":math:`\frac{1`")
    project.replace(f"{CATALOGUES}/{PAGE_1}.po", r":math:`1 + 2`", r":math:`\\frac{1`")
    output = project.build(succeeds=False)
    assert rf"{LESSON_1}:20: ERROR: formula `\frac{{1`" in output
    assert "Traceback" not in output


def test_faulty_translations_are_all_named_at_once(project: Project) -> None:
    catalogue = f"{CATALOGUES}/{PAGE_2}.po"
    project.replace(
        catalogue, "接在 :doc:`/lessons/1_part/lesson_01_tiny` 之后。", "接在第一课之后。"
    )
    project.replace(f"{CATALOGUES}/figures.po", "两个数的和", "")
    project.replace(f"{CATALOGUES}/comments.po", "把和画成柱子。", "")
    output = project.build(succeeds=False)
    assert f"{LESSON_2}:5: WARNING: inconsistent term references" in output
    assert "lesson_01_tiny.py, figure 1: no translation of 'The sum of two numbers'" in output
    assert (
        f"{LESSON_1}:21: WARNING: no zh_CN translation of the comment or docstring 'Draw the sum"
        in output
    )
    assert "nox -s i18n -- --check" in output


def test_interrupt_keeps_what_had_finished(project: Project) -> None:
    shutil.rmtree(project.root / "build")
    project.replace("dlcourse/moving.py", "return step", "import time; time.sleep(60)")
    process = project.start()
    seen = wait_for(process, "lesson_01_tiny: executed")
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130, seen + rest
    assert rest.count("Interrupted.") == 1 and "Traceback" not in rest
    project.executed()
    project.replace("dlcourse/moving.py", "import time; time.sleep(60)", "return step")
    project.build()
    assert project.executed() == ["02", "page"]  # the page had just begun


@pytest.mark.parametrize("moment", ["docs/lessons/*/images/*.png", "build/pages/zh/*.html"])
def test_killed_build_gives_the_same_site(
    project: Project, built_once: Project, moment: str
) -> None:
    """Killed as soon as there are such files; ``bench_reproducible --kills`` tries more moments."""
    expected = built_once.site()
    executes = moment.startswith("docs")
    for made in ("build", "docs/lessons") if executes else ("build/pages", "build/html"):
        shutil.rmtree(project.root / made)
    process = project.start()
    wait_until(process, lambda: any(project.root.glob(moment)))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    project.build()
    if executes:  # the lessons ran again: what was measured differs, and only that
        assert without_measures(project.site()) == without_measures(expected)
    else:
        assert project.different(expected) == []


def without_measures(site: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of a site without what is measured at each run of a lesson."""
    facts = re.compile(
        rb'<dl class="lesson-facts".*?</dl>|<details class="lesson-run".*?</details>', re.DOTALL
    )
    return {
        name: facts.sub(b"", content)
        for name, content in site.items()
        if not name.endswith(".zip")  # holds the pages
    }


def test_second_build_of_the_same_folder_at_once(project: Project) -> None:
    shutil.rmtree(project.root / "build/html")
    process = project.start()
    wait_for(process, "English")
    output = project.build(succeeds=False)
    assert "Another build of this folder is running" in output
    process.communicate(timeout=300)
    assert process.returncode == 0


def test_replaced_function_is_the_one_that_was_read() -> None:
    """A new sphinx-gallery may change the function that our gallery module replaces.

    If this fails, read the new ``execute_script`` and its caller ``generate_file_rst``, adapt
    ``execution/gallery`` and ``execution/lesson`` if needed, and put the new digest here.
    """
    source = inspect.getsource(gallery.execute_script)
    digest = hashlib.sha256(source.encode()).hexdigest()
    assert digest == "2c4a6db705f94fcd9b86b21243fe92dd6acb94ddd1d141782cfea93dadcdb0d9"
