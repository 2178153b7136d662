"""A tiny course: the real pipeline on two lessons of a few lines, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).parent / "tiny"
PIPELINE = ("conf.py", "docutils.conf", "pyproject.toml", "requirements", "LICENSE", "README.md")
LESSON_1 = "gallery/1_part/lesson_01_tiny.py"
LESSON_2 = "gallery/1_part/lesson_02_moving.py"
SOLUTION = "docs/solutions/lesson_01.md"
CATALOGUES = "docs/locale/zh_CN/LC_MESSAGES"
#: Their pages.
PAGE_1 = "lessons/1_part/lesson_01_tiny"
PAGE_2 = "lessons/1_part/lesson_02_moving"
PAGE_OF_SOLUTION = "solutions/lesson_01"
PIPELINE_DOCS = ("_ext", "_jupyter", "_static", "_templates", "_tools", "404.md")


@dataclass
class Project:
    """A copy of the pipeline around the sources of the tiny course."""

    root: Path
    shared: str = "off"
    """The folder of the outputs that it shares with other clones."""

    @property
    def log(self) -> Path:
        """The file to which each lesson adds a line when it is executed."""
        return self.root / "executed.txt"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a build and return its process."""
        return subprocess.Popen(
            [sys.executable, "docs/_tools/build.py", *arguments],
            cwd=self.root,
            env={**os.environ, "TINY_LOG": str(self.log), "DLCOURSE_OUTPUTS": self.shared},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def build(self, *arguments: str, succeeds: bool = True) -> str:
        """Build, and return what the build printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert (process.returncode == 0) == succeeds, output
        return output

    def executed(self) -> list[str]:
        """Return the lessons executed since the last call."""
        lines = sorted(self.log.read_text().split()) if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def page(self, language: str, name: str) -> str:
        """Return the HTML of a page."""
        return (self.root / "build/html" / language / f"{name}.html").read_text(encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a source file; the old text must be there."""
        text = (self.root / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (self.root / file).write_text(text.replace(old, new), encoding="utf-8")

    def add_lesson(self, stem: str, part: str = "2_extra") -> str:
        """Add a copy of the first lesson, in a part of its own; return the script."""
        folder = self.root / "gallery" / part
        folder.mkdir(exist_ok=True)
        shutil.copy(self.root / "gallery/1_part/GALLERY_HEADER.rst", folder)
        name = f"gallery/{part}/{stem}.py"
        shutil.copy(self.root / LESSON_1, self.root / name)
        self.replace(name, 'print("01"', f'print("{stem.split("_")[1]}"')
        return name

    def site(self) -> dict[str, bytes]:
        """Return all files of the built site."""
        html = self.root / "build/html"
        return {
            file.relative_to(html).as_posix(): file.read_bytes()
            for file in sorted(html.rglob("*"))
            if file.is_file()
        }

    def different(self, expected: dict[str, bytes]) -> list[str]:
        """Return the files of the built site that are not as expected."""
        site = self.site()
        names = sorted(site.keys() | expected.keys())
        return [name for name in names if site.get(name) != expected.get(name)]


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read what a build prints up to a text."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"the build never printed {text!r}:\n{seen}")


def wait_until(process: subprocess.Popen[str], condition: Callable[[], object]) -> None:
    """Wait for something that a running build does."""
    while not condition():
        assert process.poll() is None, "the build ended before"


def make_project(root: Path) -> Project:
    """Lay out a tiny course in an empty folder."""
    shutil.copytree(TINY, root, dirs_exist_ok=True)
    for name in PIPELINE:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / name)
    for name in PIPELINE_DOCS:
        source = ROOT / "docs" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / "docs" / name)
    shutil.copy(ROOT / "dlcourse/page_files.py", root / "dlcourse/page_files.py")
    shutil.copytree(
        ROOT / "docs/_web", root / "docs/_web", ignore=shutil.ignore_patterns("node_modules")
    )
    (root / "docs/_web/node_modules").symlink_to(ROOT / "docs/_web/node_modules")
    site = ROOT / "docs/locale/zh_CN/LC_MESSAGES/site.po"
    shutil.copy(site, root / "docs/locale/zh_CN/LC_MESSAGES/site.po")
    shutil.copy(site.with_name("404.po"), root / "docs/locale/zh_CN/LC_MESSAGES/404.po")
    return Project(root)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny course after one build; not to be changed."""
    project = make_project(tmp_path_factory.mktemp("tiny") / "a course")  # a path with a space
    project.shared = str(project.root.with_name("shared"))
    project.build()
    kept = project.root.with_name("kept")
    project.root.rename(kept)
    return Project(kept, project.shared)


@pytest.fixture
def project(built_once: Project) -> Project:
    """A copy of the built tiny course, to be changed.

    It lies where the course was built: in another folder, Sphinx would read every page again.
    """
    root = built_once.root.with_name("a course")
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(built_once.root, root, symlinks=True)
    (root / "executed.txt").unlink()
    return Project(root)
