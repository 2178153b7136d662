"""The two lessons of the tiny course, built once, and a copy for each test."""

from __future__ import annotations

import shutil

import pytest
from tiny_course import Project, make_project, wait_for

__all__ = ["Project", "wait_for"]


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny course after one build; not to be changed."""
    project = make_project(tmp_path_factory.mktemp("tiny") / "a course")  # a path with a space
    project.build()
    kept = project.root.with_name("kept")
    project.root.rename(kept)
    return Project(kept)


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
