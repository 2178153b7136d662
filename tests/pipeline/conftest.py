"""A tiny course: the real pipeline on two lessons of a few lines, in a folder of its own."""

from __future__ import annotations

import shutil

import pytest

from tiny_course import Project, make_project, wait_for, wait_until

__all__ = ["Project", "make_project", "wait_for", "wait_until"]

LESSON_1 = "gallery/1_part/lesson_01_tiny.py"
LESSON_2 = "gallery/1_part/lesson_02_moving.py"
SOLUTION = "docs/solutions/lesson_01.md"
CATALOGUES = "docs/locale/zh_CN/LC_MESSAGES"
#: Their pages.
PAGE_1 = "lessons/1_part/lesson_01_tiny"
PAGE_2 = "lessons/1_part/lesson_02_moving"
PAGE_OF_SOLUTION = "solutions/lesson_01"


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
