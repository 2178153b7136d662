"""What a reader downloads is the lesson that was executed, and runs on the reader's machine.

Of each lesson whose budget is half a minute one file is run; ``--all`` runs all files of all lessons.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import nbformat
import pytest
from sphinx_gallery.py_source_parser import extract_file_config

from built_site import BuiltSite
from lesson_code import syntax_tree

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(ROOT.glob("gallery/*/lesson_*.py"))
LANGUAGES = ("en", "zh")
SUFFIXES = (".py", ".ipynb")
#: The files of a lesson in the order in which the lessons take turns.
FILES = [("en", ".py"), ("zh", ".ipynb"), ("zh", ".py"), ("en", ".ipynb")]
SHORT_S = 30
WHEEL = re.compile(r"(https?://\S+/)packages/dlcourse-[^/\s]+\.whl")


def budget_s(script: Path) -> float:
    """Return the time that a lesson may take, as its script declares it."""
    return float(extract_file_config(script.read_text("utf-8"))["budget_s"])


def files_to_run(scripts: list[Path], *, everything: bool) -> list[tuple[Path, str, str]]:
    """Return the files that are run: every one, or one of each short lesson."""
    if everything:
        return [(script, *file) for script in scripts for file in FILES]
    short = [script for script in scripts if budget_s(script) <= SHORT_S]
    return [(script, *file) for script, file in zip(short, cycle(FILES), strict=False)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask about every lesson, and run what is to be run."""
    if metafunc.function is test_download_runs:
        files = files_to_run(SCRIPTS, everything=metafunc.config.getoption("all"))
        ids = [f"{script.stem}-{language}{suffix}" for script, language, suffix in files]
        metafunc.parametrize(("script", "language", "suffix"), files, ids=ids)
    elif "script" in metafunc.fixturenames:
        metafunc.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


class Reader:
    """A machine with an environment of its own, which has the course's needs but not dlcourse.

    Its packages are those of the environment that runs the tests, seen through a ``.pth`` file;
    dlcourse is installed there as a link (editable), which such a file does not follow.
    """

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        binaries = self.venv / ("Scripts" if os.name == "nt" else "bin")
        self.python = str(binaries / Path(sys.executable).name)
        self.empty = folder
        (link,) = self.venv.rglob("site-packages")
        (link / "tests.pth").write_text(sysconfig.get_path("purelib"))
        dropped = re.compile("PYTHON|VIRTUAL_ENV|MPLBACKEND|PIP_|JUPYTER_")
        self.environment = {k: v for k, v in os.environ.items() if not dropped.match(k)}
        self.environment |= {
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
            "JUPYTER_DATA_DIR": str(folder / "jupyter"),
            "NO_PROXY": "127.0.0.1",
            # As in the build. Beside other work, threads that wait for each other take five times
            # as long as one alone: lesson 09 once needed 280 s instead of 57.
            "OMP_NUM_THREADS": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",  # nothing but the wheel may be fetched
        }
        # Until Python 3.12 an environment begins with a setuptools too old for PyTorch.
        self.succeeds("-m", "pip", "uninstall", "--quiet", "--yes", "setuptools")

    def run(self, *arguments: str, timeout_s: float = 120, **environment: str) -> tuple[int, str]:
        """Run Python in the empty folder; return its status and what it printed."""
        result = subprocess.run(
            [self.python, *arguments],
            cwd=self.empty,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return result.returncode, result.stdout

    def succeeds(self, *arguments: str, timeout_s: float = 120, **environment: str) -> str:
        """Run Python as above, and fail with its output if it fails."""
        status, output = self.run(*arguments, timeout_s=timeout_s, **environment)
        assert status == 0, output
        return output


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Reader:
    """Make a reader's machine."""
    return Reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture
def reader(machine, tmp_path) -> Iterator[Reader]:
    """Return the reader's machine with an empty folder and without dlcourse, and clean it."""
    machine.empty = tmp_path
    status, output = machine.run("-c", "import dlcourse")
    assert status == 1 and output.endswith("No module named 'dlcourse'\n"), output
    yield machine
    machine.succeeds("-m", "pip", "uninstall", "--quiet", "--yes", "dlcourse")


def download(built: BuiltSite, script: Path, language: str, suffix: str) -> Path:
    """Return the file that the page of a lesson links to."""
    return built.root / language / "lessons" / script.parent.name / f"{script.stem}{suffix}"


def test_all_four_files_hold_the_code_that_was_executed(built, script):
    executed = syntax_tree(script)
    for language in LANGUAGES:
        for suffix in SUFFIXES:
            file = download(built, script, language, suffix)
            assert syntax_tree(file) == executed, f"{file} and {script} hold different code"


def test_notebooks_are_valid(built, script):
    for language in LANGUAGES:
        file = download(built, script, language, ".ipynb")
        nbformat.validate(json.loads(file.read_text(encoding="utf-8")))


def test_archives_hold_every_lesson(built):
    for language in LANGUAGES:
        with zipfile.ZipFile(built.root / language / "course.zip") as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        assert files == {
            f"{script.parent.name}/{script.stem}{suffix}": download(
                built, script, language, suffix
            ).read_bytes()
            for script in SCRIPTS
            for suffix in SUFFIXES
        }


def test_each_language_and_format_is_run_equally_often():
    files = files_to_run(SCRIPTS, everything=False)
    for kind in (1, 2):
        counts = Counter(file[kind] for file in files)
        assert len(counts) == 2 and max(counts.values()) - min(counts.values()) <= 1, counts
    assert len({script for script, *_ in files}) == len(files)


def test_download_runs(built, server, reader, script, language, suffix):
    text = download(built, script, language, suffix).read_text(encoding="utf-8")
    wheel = WHEEL.search(text)
    assert wheel, "the file says where dlcourse is"
    local = text.replace(wheel[0], wheel[0].replace(wheel[1], server, 1))
    file = reader.empty / f"lesson{suffix}"
    file.write_text(local, encoding="utf-8")
    timeout_s = 120 + 5 * budget_s(script)
    if suffix == ".py":
        install = re.search(r"^# +python (-m pip install \S+)$", local, re.MULTILINE)
        assert install, "the header says how to install dlcourse"
        reader.succeeds(*install[1].split())
        reader.succeeds(file.name, timeout_s=timeout_s, MPLBACKEND="agg")
    else:
        run = "from nbclient.cli import main; main()"
        reader.succeeds("-c", run, "--inplace", file.name, timeout_s=timeout_s)
        cells = nbformat.read(file, as_version=4).cells
        assert all(cell.execution_count for cell in cells if cell.cell_type == "code")
    find = "from importlib.util import find_spec; print(find_spec('dlcourse').origin)"
    where = reader.succeeds("-c", find).strip()
    assert Path(where).is_relative_to(reader.venv), "installed from the site"
