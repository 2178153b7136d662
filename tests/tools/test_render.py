"""Messages of Sphinx name what the author wrote, and errors are one message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from _tools import render
from tiny_site import write

SCRIPT = '''"""
A lesson
========

About a broken reference.
"""

x = 1

# %%
# The next cell
# -------------
# It follows.

# Adds one.
x += 1
'''
PAGE = """
.. _a_lesson:

A lesson
========

About a broken reference.

.. GENERATED FROM PYTHON SOURCE LINES 7-9

.. code-block:: Python

    x = 1

.. GENERATED FROM PYTHON SOURCE LINES 11-14

The next cell
-------------
It follows.

.. GENERATED FROM PYTHON SOURCE LINES 14-17

.. code-block:: Python

    # Adds one.
    x += 1
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [("About a broken", 5), ("It follows", 13), ("x += 1", 16), ("x = 1", 8), ("-----", 12)],
)
def test_line_of_the_script(text: str, line: int) -> None:
    lines = [line.strip() for line in PAGE.splitlines()]
    (page_line,) = [number for number, each in enumerate(lines, 1) if each.startswith(text)]
    assert lines[page_line - 1] == SCRIPT.splitlines()[line - 1].strip(" #")
    assert render.script_line(PAGE, page_line, SCRIPT) == line
    # A line that only the page has counts as the beginning of its block.
    page_line = PAGE.splitlines().index(".. GENERATED FROM PYTHON SOURCE LINES 11-14") + 2
    assert render.script_line(PAGE, page_line, SCRIPT) == 11


def test_generated_pages_are_named_by_their_scripts(tmp_path: Path) -> None:
    write(
        tmp_path, {"docs/lessons/1_a/lesson_01_b.rst": PAGE, "gallery/1_a/lesson_01_b.py": SCRIPT}
    )
    place = f"{tmp_path}/docs/lessons/1_a/lesson_01_b.rst"
    line = PAGE.splitlines().index("It follows.") + 1
    text = f"{place}:{line}: WARNING: unknown\n{tmp_path}/docs/index.md:3: WARNING: other\n"
    assert render.name_scripts(text, tmp_path) == (
        f"gallery/1_a/lesson_01_b.py:13: WARNING: unknown\n{tmp_path}/docs/index.md:3: WARNING: other\n"
    )
    index = f"{tmp_path}/docs/lessons/1_a/index.rst:3: WARNING: no script stands behind this one"
    assert render.name_scripts(index, tmp_path) == index


def run(root: Path, extension: str) -> subprocess.CompletedProcess[str]:
    """Render a site of one page with an extension of its own."""
    write(
        root,
        {
            "conf.py": "import sys\nsys.path.insert(0, '.')\nextensions = ['own']\n",
            "own.py": "from sphinx.errors import ExtensionError\n\n\n"
            f"def fail(app):\n    {extension}\n\n\n"
            "def setup(app):\n    app.connect('builder-inited', fail)\n",
            "docs/index.rst": "Title\n=====\n",
        },
    )
    command = [sys.executable, render.__file__, "en", "build/html/en"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_only_an_error_that_was_not_foreseen_comes_with_its_place(tmp_path: Path) -> None:
    result = run(tmp_path, "raise ExtensionError('conf.py: write it so')")
    assert (result.returncode, result.stdout) == (render.FAILED, "")
    assert result.stderr == "\nExtension error: conf.py: write it so\n"
    result = run(tmp_path, "app.no_such_thing")
    assert result.returncode == render.FAILED
    assert 'own.py", line 5, in fail' in result.stderr
    assert "Loaded Extensions" not in result.stderr


def test_a_page_is_written(tmp_path: Path) -> None:
    result = run(tmp_path, "pass")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "build/html/en/index.html").is_file()
    assert (tmp_path / "build/doctrees/en/index.doctree").is_file()


#: A renderer in which Sphinx only waits.
WAITING = """
import runpy, sys, time
import sphinx.application
sphinx.application.Sphinx = lambda **options: time.sleep(60)
program = sys.argv.pop()
sys.argv = [program, "en", "pages"]
runpy.run_path(program, run_name="__main__")
"""
#: A driver that starts it, and says which process it is.
DRIVER = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", *sys.argv[1:]]).pid, flush=True)
time.sleep(30)
"""


def test_a_renderer_ends_with_a_build_that_is_killed() -> None:
    """It would go on writing where the next build begins."""
    command = [sys.executable, "-c", DRIVER, WAITING, render.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout
        renderer = psutil.Process(int(driver.stdout.readline()))
        while renderer.num_threads() < 2:  # the second one watches
            assert driver.poll() is None, "nothing watches the driver"
        driver.kill()
        gone, _ = psutil.wait_procs([renderer], timeout=20)
        assert gone
