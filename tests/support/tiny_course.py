"""A tiny course: the real pipeline on a few lessons of a few lines, in a folder of its own.

``tests/pipeline`` builds the two lessons of ``tests/pipeline/tiny``, again and again. With
``tests/tiny`` added there is a page of every kind; that course is built once in a test run, and
asked by all tests of the extensions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from lxml import html

from _ext.widgets import onnx_runtime
from tiny_site import write

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/pipeline/tiny"
EVERY_KIND = ROOT / "tests/tiny"
PUBLISHED = {
    "DLCOURSE_SITE_URL": "https://course.example/sub/",
    "DLCOURSE_REPOSITORY_URL": "https://github.com/owner/course",
}
EDITS = (
    ("gallery/1_part/lesson_02_moving.py", "moves a point; it", "moves a dot; it"),
    ("dlcourse/moving.py", "return step", "return step + 0"),
    ("docs/glossary.md", "An array.", "A grid."),
)
MEASURED = {
    "elapsed_s": 71.4,
    "executed_at": "2026-03-01T23:59:59Z",
    "peak_memory_mib": 640,
    "device": "cpu",
    "device_name": "A <fast> processor",
    "packages": {"numpy": "2.4.6", "torch": "2.14.1+cu130"},
}
PIPELINE = (
    "conf.py",
    "docutils.conf",
    "pyproject.toml",
    "requirements",
    "LICENSE",
    "README.md",
    "CITATION.cff",
)
PIPELINE_DOCS = ("_ext", "_jupyter", "_static", "_templates", "_tools", "404.md")

#: Runs a program that hears Ctrl-C: a shell starts what runs in the background with it ignored, and
#: what that starts inherits it.
LISTENING = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass
class Project:
    """A copy of the pipeline around the sources of the tiny course."""

    root: Path
    shared: str = "off"
    """The folder of the outputs that it shares with other clones."""
    settings: dict[str, str] = field(default_factory=dict)
    """Variables of the environment of its builds."""

    @property
    def log(self) -> Path:
        """The file to which each lesson adds a line when it is executed."""
        return self.root / "executed.txt"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a build and return its process."""
        return subprocess.Popen(
            [sys.executable, "-c", LISTENING, "docs/_tools/build.py", *arguments],
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of a build."""
        own = {"TINY_LOG": str(self.log), "DLCOURSE_OUTPUTS": self.shared}
        return {**os.environ, **own, **self.settings}

    def render(self, *arguments: str) -> None:
        """Run Sphinx alone, as the build does: what is there already is not made again."""
        command = [sys.executable, "docs/_tools/render.py", *arguments]
        environment = {**self.environment(), "PYTHONPATH": str(self.root)}
        subprocess.run(command, cwd=self.root, env=environment, check=True)

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

    def written(self, language: str) -> Path:
        """Return the folder of what Sphinx wrote in a language, before the pages are tuned."""
        return self.root / "build/pages" / language

    def tree(self, language: str, name: str) -> html.HtmlElement:
        """Return a page as Sphinx wrote it."""
        return html.fromstring((self.written(language) / f"{name}.html").read_text("utf-8"))

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
        shutil.copy(self.root / "gallery/1_part/lesson_01_tiny.py", self.root / name)
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


def make_project(root: Path, *more: Path) -> Project:
    """Lay out a tiny course in an empty folder; what stands in further folders is added to it."""
    for sources in (TINY, *more):
        shutil.copytree(sources, root, dirs_exist_ok=True)
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
    site, own = (top / "docs/locale/zh_CN/LC_MESSAGES/site.po" for top in (ROOT, root))
    strings = own.read_text("utf-8") if own.exists() else ""
    own.write_text(site.read_text("utf-8") + strings, "utf-8")
    shutil.copy(site.with_name("404.po"), own.with_name("404.po"))
    return Project(root)


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Project:
    """Return a project that the first worker of a test run makes, for all of them to read.

    It is made in the folder ``a course``: elsewhere, Sphinx would read every page again.
    """
    top = factory.getbasetemp()
    top = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top
    with FileLock(top / "tiny.lock"):
        if not (top / name).exists():
            shutil.rmtree(top / "a course", ignore_errors=True)
            make(top / "a course")
            (top / "a course").rename(top / name)
    return Project(top / name)


def _build(root: Path) -> None:
    project = make_project(root, EVERY_KIND)
    modules = root / "docs/_web/node_modules"
    modules.unlink()
    modules.mkdir()
    for package in (ROOT / "docs/_web/node_modules").iterdir():
        if package.name != "onnxruntime-web":  # a small one stands in for its 13 MB
            (modules / package.name).symlink_to(package)
    runtime = {f"dist/{name}": name for name in onnx_runtime.FILES.values()}
    write(modules / "onnxruntime-web", {"package.json": '{"version": "9.9"}', **runtime})
    Project(project.root, settings=PUBLISHED).build()


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny course with a page of every kind, built in both languages; not to be changed."""
    return shared(tmp_path_factory, "built", _build)


def copied(course: Project, root: Path) -> Project:
    """Copy the built course to where it was built."""
    shutil.copytree(course.root, root, symlinks=True)
    return Project(root, settings=PUBLISHED)


@pytest.fixture(scope="session")
def templates(course: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts of the tiny course for translators, a file a page."""

    def extract(root: Path) -> None:
        copied(course, root).render("--builder", "gettext", "--fresh", "en", "build/gettext")

    return shared(tmp_path_factory, "extracted", extract).root / "build/gettext"


@pytest.fixture(scope="session")
def followed(course: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny course in English, after many edits and the build that follows them.

    Each thing that must write a page again stands alone: the record of the run of lesson 01, the
    text of lesson 02, which is not executed again, the network of lesson 03.
    No title changes, or every page would be written again, see ``pages/freshness``.
    """

    def edit(root: Path) -> None:
        project = copied(course, root)
        for file, old, new in EDITS:
            project.replace(file, old, new)
        record = root / "docs/lessons/1_part/lesson_01_tiny.record.json"
        facts = json.loads(record.read_text("utf-8")) | MEASURED
        record.write_text(json.dumps(facts), "utf-8")
        (network,) = (root / "build/cache/lessons").glob("lesson_03_kinds-*/files/digits.onnx")
        network.write_text("another one", "utf-8")
        pages = root / "build/pages"
        (pages / "en/constructs.html").write_text("as it was")
        (pages / "packages/dlcourse-0.0-py3-none-any.whl").write_bytes(b"old")
        records = root / "build/doctrees/en/search"
        (records / "datasets.json").rename(records / "gone.json")
        project.render("en", "build/pages/en")

    return shared(tmp_path_factory, "edited", edit)
