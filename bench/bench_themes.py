"""The page of a lesson, as this site has it and as stock Sphinx themes make it.

Run it with ``nox -s bench -- themes``. Stock means: a conf.py with the theme, sphinx-gallery,
sphinx-design and nothing else set; sphinx-gallery's own figures; Sphinx's default for formulas. The
lesson is executed once. Every page is served on this machine with gzip, and audited in turn.
Stock sites have this one lesson, so their navigation is shorter than ours.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "docs" / "_ext")]

import lighthouse
import lighthouse_table
from built_site import BuiltSite, html_root
from web_server import serving

import web_packages

WEB = ROOT / "tests" / "site" / "web"
LESSON = Path("1_basics", "lesson_04_tensors.py")
ENVIRONMENTS = {
    "pydata_sphinx_theme": "course",
    "furo": "themes",
    "sphinx_book_theme": "themes",
    "pytorch_sphinx_theme2": "themes-sphinx7",  # it pins Sphinx 7 and an old pydata_sphinx_theme
}
"""From the name of a theme to the environment that has it; the first one executes the lesson."""

CONF = """
project = "PyTorch in Practice"
extensions = ["sphinx_gallery.gen_gallery", "sphinx_design"]
html_theme = "{theme}"
sphinx_gallery_conf = {{
    "examples_dirs": "../gallery",
    "gallery_dirs": "lessons",
    "filename_pattern": "lesson_",
    "remove_config_comments": True,
}}
"""
#: What this theme does not build without.
PYTORCH_CONF = """
import pytorch_sphinx_theme2
extensions.append("pytorch_sphinx_theme2")
templates_path = [pytorch_sphinx_theme2.get_html_theme_path() + "/templates"]
html_context = {"theme_variables": pytorch_sphinx_theme2.get_theme_variables()}
html_theme_options = {"use_edit_page_button": False}
"""
INDEX = "PyTorch in Practice\n===================\n\n.. toctree::\n\n   lessons/index\n"


def write_sources(folder: Path) -> None:
    """Write a project with one lesson."""
    shutil.copytree(ROOT / "gallery" / LESSON.parent, folder / "gallery")
    for script in (folder / "gallery").glob("*.py"):
        if script.name != LESSON.name:
            script.unlink()
    (folder / "docs").mkdir()
    (folder / "docs" / "index.rst").write_text(INDEX)


def python_of(environment: str) -> Path:
    """Return the Python of an environment of nox; this program runs in the first one."""
    if environment == "course":
        return Path(sys.executable)
    program = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return ROOT / ".nox" / f"{environment}-{version}" / program


def build(theme: str, folder: Path) -> Path:
    """Build the project with a theme; return the folder of its pages."""
    conf = CONF.format(theme=theme) + (PYTORCH_CONF if theme.startswith("pytorch") else "")
    (folder / "docs" / "conf.py").write_text(conf)
    out = folder / theme
    # References to other pages of the course lead nowhere here: Sphinx says so and goes on.
    command = [
        python_of(ENVIRONMENTS[theme]),
        "-m",
        "sphinx",
        "-Q",
        "-b",
        "html",
        folder / "docs",
        out,
    ]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"Sphinx stopped with {theme}:\n{done.stderr}")
    return out


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="how often (default 3)")
    repeats = parser.parse_args().repeats
    web_packages.ensure(WEB)
    site = BuiltSite(html_root())
    (ours,) = (page for page in site.lessons("en") if LESSON.stem in page)
    reports = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_sources(folder)
        pages = {"this site": (site.root, ours)}
        for theme in ENVIRONMENTS:
            pages[theme] = (build(theme, folder), f"lessons/{LESSON.stem}.html")
        for _ in range(repeats):
            for name, (root, page) in pages.items():
                with serving(root, compress=True) as address:
                    reports[name].append(lighthouse.run(address + page, WEB / "node_modules"))
    rows = {name: lighthouse_table.median(runs) for name, runs in reports.items()}
    print(f"Lesson 04, Lighthouse as on a phone, median of {repeats}; texts sent as gzip")
    print("\n".join(lighthouse_table.table(rows)))
    print(
        "What other hosts would send (MathJax and more) is not in KiB where they cannot be reached;"
    )
    print("then errors-in-console may be due to that alone. What costs points:")
    for name, report in rows.items():
        for category in lighthouse.CERTAIN:
            for fault in report.faults[category]:
                print(f"{name}, {lighthouse.CATEGORIES[category]}: {fault.split(' (')[0]}")


if __name__ == "__main__":
    main()
