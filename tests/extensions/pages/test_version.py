"""Every page says which version it is of, and of which day."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

import dlcourse
from _ext.pages.version import commit_day
from tiny_course import Project
from tiny_site import build, write

VERSION = tomllib.loads(Path(__file__).parents[3].joinpath("pyproject.toml").read_text("utf-8"))[
    "project"
]["version"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.example", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(("folder", "text"), [("en", "Version {}"), ("zh", "版本 {}")])
def test_pages_name_the_version_of_the_package(course: Project, folder: str, text: str) -> None:
    for name in ("index", "api/loop", "lessons/1_part/lesson_01_tiny"):
        (foot,) = course.tree(folder, name).xpath("//p[@class='course-version']")
        assert foot.text_content().strip() == text.format(VERSION)  # the tiny course has no git
        (link,) = foot.xpath("a/@href")
        assert link == "../" * name.count("/") + "changelog.html"
    (wheel,) = (course.root / "build/html/packages").glob("dlcourse-*.whl")
    assert wheel.name.startswith(f"dlcourse-{VERSION}-")


def test_the_package_has_the_version_of_the_course() -> None:
    assert dlcourse.__version__ == VERSION


def test_day_is_that_of_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_day(tmp_path) == ""
    git(tmp_path, "init", "--quiet")
    assert commit_day(tmp_path) == ""  # nothing is committed
    for day in ("2026-03-01", "2027-04-05"):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{day}T12:00:00Z")
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "m")
        assert commit_day(tmp_path) == day
    inside = tmp_path / "unpacked"
    inside.mkdir()
    assert commit_day(inside) == ""  # an archive, inside of another project
    monkeypatch.setenv("PATH", "")
    assert commit_day(tmp_path) == ""


LAYOUT = '{% extends "!layout.html" %}{% block footer %}<i>{{ course_day }}</i>{% endblock %}'


def test_a_build_of_another_day_writes_the_pages_again(tmp_path: Path) -> None:
    write(tmp_path / "docs", {"index.rst": "Start\n=====\n"})
    write(tmp_path / "templates", {"layout.html": LAYOUT})
    for day, text in (("2026-03-01", "1 March 2026"), ("2026-03-02", "2 March 2026"), ("", "")):
        built = build(
            tmp_path / "docs",
            tmp_path / "out",
            extensions=["_ext.pages.version"],
            templates_path=[str(tmp_path / "templates")],
            course_day=day,
        )
        assert f"<i>{text}</i>" in (built.out / "index.html").read_text("utf-8")
