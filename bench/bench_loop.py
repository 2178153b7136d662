"""The author's loop: how long each kind of edit takes, here and with stock tools.

Run it with ``nox -s bench -- loop``. It works on a copy of the last commit. The heaviest lesson is
the one whose run took longest. Stock means the same lessons as scripts of sphinx-gallery, and as
notebooks of myst-nb with its cache, in English only, with nothing else set than what they need.
They run one lesson after the other: in sphinx-gallery's processes, which have names of their own,
the seeded collator of lesson 24 refuses to work. More builds of all show what the second core gains
and what the second language costs: one on a single core, one thing after the other, and, by turns
with those in both languages, three in English alone. An edit that executes no lesson is measured five
times, by turns with taking it back: the table has the median. ``--lessons 04 05`` executes only
these, on all sides. The table is that of CONTRIBUTING. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

GALLERY_CONF = """
extensions = ["sphinx_gallery.gen_gallery", "sphinx_design"]
html_theme = "pydata_sphinx_theme"
sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "lessons",
    "filename_pattern": "lesson_",
    "remove_config_comments": True,
}
"""
NOTEBOOK_CONF = """
extensions = ["myst_nb", "sphinx_design"]
html_theme = "pydata_sphinx_theme"
nb_execution_mode = "cache"
nb_execution_timeout = -1
nb_execution_raise_on_error = True
"""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
ENVIRONMENT = {**os.environ, **dict.fromkeys(THREADS, "1"), "TQDM_DISABLE": "1"}


class Course:
    """A copy of this course, and what its builds took."""

    def __init__(self, folder: Path, lessons: list[str]) -> None:
        self.folder = folder
        self.lessons = lessons
        subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, folder], check=True)
        packages = Path("docs", "_web", "node_modules")
        shutil.copytree(ROOT / packages, folder / packages, symlinks=True)

    def build(self, cores: set[int] | None = None) -> tuple[float, str]:
        """Build, on these cores or on all; return the seconds and what the build said."""
        environment = {**ENVIRONMENT, "PYTHONPATH": str(self.folder), "DLCOURSE_OUTPUTS": "off"}
        command = [sys.executable, "docs/_tools/build.py", *self.lessons]
        return run(command, self.folder, environment, cores)

    def clear(self) -> None:
        """Take back all edits, and remove all that was built."""
        subprocess.run(["git", "checkout", "--quiet", "."], check=True, cwd=self.folder)
        for made in ("build", "docs/lessons"):
            shutil.rmtree(self.folder / made)

    def leave_out_chinese(self) -> None:
        """Have the driver render English alone, and figures drawn in no other language."""
        docs = self.folder / "docs"
        names = "from _ext.common.languages import LANGUAGES\n"
        only = 'LANGUAGES = {"en": LANGUAGES["en"]}\n'
        self.edit(docs / "_tools" / "build.py", lambda text: text.replace(names, names + only))
        every, none = "in (code for code in LANGUAGES", "in (code for code in ()"
        self.edit(
            docs / "_ext" / "figures" / "translation.py", lambda text: text.replace(every, none)
        )

    def heaviest(self) -> Path:
        """Return the script of the lesson whose run took longest."""
        records = self.folder.glob("docs/lessons/*/*.record.json")
        seconds = {file: json.loads(file.read_text("utf-8"))["elapsed_s"] for file in records}
        longest = max(seconds, key=lambda file: seconds[file])
        name = longest.name.replace(".record.json", ".py")
        return self.folder / "gallery" / longest.parent.name / name

    def edit(self, file: Path, change: Callable[[str], str]) -> None:
        """Change a file; that nothing changes is an error."""
        before = file.read_text("utf-8")
        after = change(before)
        assert after != before, f"the edit of {file} changes nothing"
        file.write_text(after, "utf-8")


def run(
    command: Sequence[object],
    folder: Path,
    environment: dict[str, str],
    cores: set[int] | None = None,
) -> tuple[float, str]:
    """Run a program; return its seconds and its output, or stop with it."""
    started = time.monotonic()
    on_cores = partial(os.sched_setaffinity, 0, cores) if cores else None
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        preexec_fn=on_cores,
    )
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stdout}")
    return time.monotonic() - started, done.stdout


def typo(script: str) -> str:
    """Change one word of the first sentence below the set-up."""
    return re.sub(r"(?m)(^# %%\n# [^\n]+\n# -+\n# )", r"\1Indeed: ", script, count=1)


def translation(catalogue: str) -> str:
    """Lengthen the first translation that ends with a full stop."""
    return re.sub(r'(?m)^(msgstr "[^"\n]*)。"$', r'\1。好。"', catalogue, count=1)


def label(catalogue: str) -> str:
    """Change the translation of one label of the figures."""
    return re.sub(
        r'(?m)^msgid "accuracy"\nmsgstr "[^"]*"', 'msgid "accuracy"\nmsgstr "准度"', catalogue
    )


def function(module: str) -> str:
    """Change the code of a function, but not what it computes."""
    return re.sub(r'(?ms)^(def \w+\(.*?""".*?"""\n)', r"\1    assert True\n", module, count=1)


def course_rows(folder: Path, lessons: list[str]) -> tuple[dict[str, float], str]:
    """Measure this course; return the seconds by row, and the name of the heaviest lesson."""
    course = Course(folder, lessons)
    rows: dict[str, float] = {}
    conf = course.folder / "conf.py"
    course.edit(conf, lambda text: text.replace("processes = 2", "processes = 1"))
    rows["cold_one_core"], _ = course.build({min(os.sched_getaffinity(0))})
    # In this order, so that a machine which becomes slower or faster favours neither.
    cold: dict[str, list[float]] = {"cold": [], "cold_english": []}
    for name in ("cold", "cold_english", "cold_english", "cold", "cold", "cold_english"):
        course.clear()
        if name == "cold_english":
            course.leave_out_chinese()
        cold[name].append(course.build()[0])
        print(f"{TITLES[name]}: {cold[name][-1]:.1f} s", flush=True)
    rows |= {name: statistics.mean(seconds) for name, seconds in cold.items()}
    rows["nothing"], _ = course.build()
    script = course.heaviest()
    locale = course.folder / "docs" / "locale" / "zh_CN" / "LC_MESSAGES"
    page = locale / "lessons" / script.parent.name / f"{script.stem}.po"
    edits = {
        "word": (script, typo),
        "label": (locale / "figures.po", label),
        "translation": (page, translation),
        "function": (course.folder / "dlcourse" / "metrics.py", function),
    }
    for name, (file, change) in edits.items():
        before = file.read_text("utf-8")
        course.edit(file, change)
        seconds, said = course.build()
        executed = said.count("executed in")
        print(f"{TITLES[name]}: {seconds:.1f} s, {executed} lessons executed", flush=True)
        if not executed:  # it takes seconds: back and forth, and the median of all
            times = [seconds]
            for text in (before, change(before)) * 2:
                file.write_text(text, "utf-8")
                times.append(course.build()[0])
            print(f"  and again: {', '.join(f'{each:.1f}' for each in times[1:])} s", flush=True)
            seconds = statistics.median(times)
        rows[name] = seconds
    return rows, script.stem


def stock_rows(folder: Path, sources: dict[str, str], conf: str, heaviest: str) -> dict[str, float]:
    """Measure a stock project with the lessons; ``sources`` are its files by name."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    (docs / "conf.py").write_text(conf)
    for name, text in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    command: list[object] = [
        sys.executable,
        "-m",
        "sphinx",
        "-Q",
        "-b",
        "html",
        docs,
        folder / "out",
    ]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    rows = {"cold": run(command, folder, environment)[0]}
    rows["nothing"] = run(command, folder, environment)[0]
    (lesson,) = (folder / name for name in sources if heaviest in name)
    word = typo if lesson.suffix == ".py" else notebook_typo
    lesson.write_text(word(lesson.read_text("utf-8")), "utf-8")
    rows["word"] = run(command, folder, environment)[0]
    return rows


def notebook_typo(text: str) -> str:
    """Change one word of the first text of a notebook."""
    notebook = json.loads(text)
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    first["source"] = ["Indeed. ", *first["source"]]
    return json.dumps(notebook)


def gallery_sources(course: Path, lessons: list[str]) -> dict[str, str]:
    """Return the files of a stock project of sphinx-gallery."""
    index = "Course\n======\n\n.. toctree::\n\n   lessons/index\n"
    sources = {"docs/index.rst": index, "gallery/GALLERY_HEADER.rst": "Lessons\n=======\n"}
    for script in sorted(course.glob("gallery/*/lesson_*.py")):
        if not lessons or script.stem.split("_")[1] in lessons:
            part = script.parent.name
            sources[f"gallery/{part}/{script.name}"] = script.read_text("utf-8")
            sources[f"gallery/{part}/GALLERY_HEADER.rst"] = f"{part}\n{'-' * len(part)}\n"
    return sources


def notebook_sources(course: Path, lessons: list[str]) -> dict[str, str]:
    """Return the files of a stock project of myst-nb: our notebooks, without the cell that installs."""
    names, sources = [], {}
    for file in sorted(course.glob("build/html/en/lessons/*/lesson_*.ipynb")):
        if lessons and file.stem.split("_")[1] not in lessons:
            continue
        notebook = json.loads(file.read_text("utf-8"))
        notebook["cells"] = [
            cell for cell in notebook["cells"] if "pip install" not in "".join(cell["source"])
        ]
        sources[f"docs/{file.name}"] = json.dumps(notebook)
        names.append(file.stem)
    listed = "\n".join(names)
    sources["docs/index.md"] = f"# Course\n\n```{{toctree}}\n{listed}\n```\n"
    return sources


TITLES = {
    "cold": "everything",
    "cold_english": "everything, in English only",
    "cold_one_core": "everything, one after the other, 1 core",
    "nothing": "nothing has changed",
    "word": "one word in the longest lesson",
    "label": "one label of a figure",
    "translation": "one translated sentence",
    "function": "one function of dlcourse",
}


def report(record: dict[str, Any]) -> None:
    """Print the table."""
    course, *others = record["seconds"].values()
    print(f"\nSeconds; the course in two languages, the others in one. {record['lessons']}")
    print(f"{'':42}" + "".join(f"{name:>18}" for name in record["seconds"]))
    for name, title in TITLES.items():
        cells = [f"{course[name]:.1f}", *(ratio(rows.get(name), course[name]) for rows in others)]
        print(f"{title:42}" + "".join(f"{cell:>18}" for cell in cells))
    cold = course["cold"]
    faster = course["cold_one_core"] / cold
    cores = record["cores"]
    print(f"on {cores} cores {faster:.2f} times as fast as on one: {faster / cores:.0%}")
    print(f"the second language: {1 - course['cold_english'] / cold:.1%} of the cold build")


def ratio(seconds: float | None, ours: float) -> str:
    """Return seconds, and how many times as long that is as ours."""
    return f"{seconds:.1f} ({seconds / ours:4.1f} ×)" if seconds else ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lessons", nargs="*", default=[], help="only these, for example 04 05")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        course, heaviest = course_rows(here / "course", options.lessons)
        gallery = gallery_sources(here / "course", options.lessons)
        notebooks = notebook_sources(here / "course", options.lessons)
        seconds = {
            "course": course,
            "sphinx-gallery": stock_rows(here / "gallery", gallery, GALLERY_CONF, heaviest),
            "myst-nb": stock_rows(here / "notebooks", notebooks, NOTEBOOK_CONF, heaviest),
        }
    scripts = (Path(name).stem for name in gallery if "lesson_" in name)
    record = {
        "cores": os.cpu_count(),
        "lessons": [stem.split("_")[1] for stem in scripts],
        "seconds": {
            name: {row: round(value, 2) for row, value in rows.items()}
            for name, rows in seconds.items()
        },
    }
    report(record)


if __name__ == "__main__":
    main()
