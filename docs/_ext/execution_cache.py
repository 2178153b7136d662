"""Keep the outputs of a lesson until something that determines them changes.

sphinx-gallery runs a script again when its text changed, and only then. That is too often
(a typo in the prose) and too seldom (a change in ``dlcourse``). It has no hook in between, so
this module wraps one of its functions, ``sphinx_gallery.gen_rst.execute_script``: outputs are
looked up under :func:`lesson_key.lesson_key`, and stored under it after a run: in this clone, and
for the others on this machine (:mod:`shared_outputs`). A lesson may be executed although they are
kept, to see whether they are the same (:mod:`output_comparison`).

The wrapper is installed when the module is imported. Worker processes never read conf.py;
they import it through the scraper's dotted name, ``execution_cache.scrape``.
"""

from __future__ import annotations

import filecmp
import json
import multiprocessing
import os
import re
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.errors import ExtensionError
from sphinx_gallery import gen_rst
from sphinx_gallery.scrapers import clean_modules

import output_comparison
import page_files_store
import run_record
import shared_outputs
from languages import LANGUAGES
from lesson_key import code_facts, lesson_key

ROOT = Path(__file__).resolve().parents[2]
CACHE_DIR = ROOT / "build" / "cache" / "lessons"
FAILURES_DIR = ROOT / "build" / "cache" / "failures"
#: The lessons to execute, as numbers separated by spaces; empty means all.
LESSONS_VARIABLE = "DLCOURSE_LESSONS"
KEPT_PER_LESSON = 3
RECORD = "record.json"
UNFINISHED = "it did not finish; it ended Python, or the machine is short of memory"

#: What sphinx-gallery resets by default, and would reset before lessons that are not executed.
RESET = {"reset_modules": ("matplotlib", "seaborn")}

#: The lessons that this build executes, in order.
to_run: list[Path] = []

_execute_script: Callable[..., tuple[list[str], float]] = gen_rst.execute_script


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures of a cell, see ``figure_scraper``."""
    import figure_scraper  # here: it loads Matplotlib, and most builds execute nothing

    return figure_scraper.scrape(block, block_vars, gallery_conf)


def execute_script(
    script_blocks: list[Any],
    script_vars: dict[str, Any],
    gallery_conf: dict[str, Any],
    file_conf: dict[str, Any],
) -> tuple[list[str], float]:
    """Run a lesson, or take its outputs from the cache; see sphinx-gallery's function."""
    script, target = Path(script_vars["src_file"]), Path(script_vars["target_file"])
    # The wrapper holds for the whole process, and so for any other project that it builds.
    if not script_vars["execute_script"] or not script.is_relative_to(ROOT):
        return _execute_script(script_blocks, script_vars, gallery_conf, file_conf)
    key = lesson_key(script, ROOT)
    entry = _entry(script, key)
    is_kept = _is_complete(entry)
    if not is_kept or output_comparison.is_wanted(script.stem):
        _remove_outputs(target)
        if not is_chosen(script):
            script_vars["execute_script"] = False
            return _execute_script(script_blocks, script_vars, gallery_conf, file_conf)
        print(f"  {script.stem}: executing …", flush=True)
        # In case that this process does not live to say more.
        message = f"{script.relative_to(ROOT).as_posix()}: {UNFINISHED}"
        _failure_file(script).write_text(message, encoding="utf-8")
        try:
            with (
                run_record.PeakMemory() as memory,
                page_files_store.offered(target),
                _named_as_for_a_reader(),
            ):
                clean_modules(gallery_conf | RESET, script, "before")
                blocks, elapsed_s = _execute_script(
                    script_blocks, script_vars, gallery_conf, file_conf
                )
        except SystemExit as error:  # it would end the build, and could pass for success
            message = f"{_place(script, error)}: a lesson must not end Python"
            _failure_file(script).write_text(message, encoding="utf-8")
            raise ExtensionError(message) from None
        if not script_vars.get("passing"):
            _report_failure(script, script_vars["formatted_exception"])
            return blocks, elapsed_s
        _failure_file(script).unlink()
        record = {
            "key": key,
            "elapsed_s": round(elapsed_s, 2),
            "cells_executed": sum(block.type == "code" for block in script_blocks),
            **run_record.facts(script, memory),
        }
        draft = _draft(target, {**record, "blocks": blocks})
        if is_kept:
            _compare(script, script_blocks, entry, draft)
            shutil.rmtree(draft)
        else:
            _put_in_place(draft, entry)
            shared_outputs.put(*_shared_name(script, key), _contents(entry))
            if output_comparison.is_wanted(script.stem):
                output_comparison.note(script.stem, None)
        print(f"  {script.stem}: executed in {elapsed_s:.1f} s", flush=True)
    blocks = _restore(entry, target)
    _mark_as_run(script_vars, target)
    return blocks, 0.0  # a time in the page would change it from build to build


@contextmanager
def _named_as_for_a_reader() -> Iterator[None]:
    """Give this process the name that Python gives to the one which runs a script.

    Two lessons run at a time, in worker processes with names of their own. Libraries look at the
    name: the collators of ``transformers`` refuse a seed in a process that is not the main one.
    """
    process = multiprocessing.current_process()
    name, process.name = process.name, "MainProcess"
    try:
        yield
    finally:
        process.name = name


def is_chosen(script: Path) -> bool:
    """Return whether this build may execute the lesson."""
    chosen = os.environ.get(LESSONS_VARIABLE, "").split()
    return not chosen or script.stem.split("_")[1] in chosen


def lesson_scripts(gallery: Path) -> list[Path]:
    """Return all lessons of the gallery, in order."""
    return sorted(gallery.glob("*/lesson_*.py"))


def _entry(script: Path, key: str) -> Path:
    return CACHE_DIR / f"{script.stem}-{key[:20]}"


def _is_complete(entry: Path) -> bool:
    """Return whether a cache entry is there, with all that is written down about a run today."""
    try:
        record: dict[str, Any] = json.loads((entry / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return record.keys() >= run_record.KEYS


def _outputs(target: Path) -> list[Path]:
    """Return the files that running a lesson made: its figures, and what lies beside them.

    The figures in other languages are made from these afterwards, and not counted.
    """
    made = sorted((target.parent / "images").glob(f"sphx_glr_{target.stem}_[0-9]*"))
    return [f for f in made if not any(f".{code}." in f.name for code in LANGUAGES)]


def _remove_outputs(target: Path) -> None:
    for file in _outputs(target):
        file.unlink()
    page_files_store.remove(target)
    record_file(target).unlink(missing_ok=True)


def record_file(target: Path) -> Path:
    """Return the file that lies beside a generated lesson if it was executed."""
    return target.with_suffix(".record.json")


def _draft(target: Path, record: dict[str, Any]) -> Path:
    """Write down what a run made, in a folder that may become a cache entry."""
    draft = _new_draft()
    for file in _outputs(target):
        shutil.copyfile(file, draft / file.name)
    page_files_store.store(target, draft)
    (draft / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return draft


def _new_draft() -> Path:
    CACHE_DIR.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".draft-", dir=CACHE_DIR))


def _put_in_place(draft: Path, entry: Path) -> None:
    """Make a draft the cache entry, which is there whole or not at all; forget old ones."""
    try:
        draft.rename(entry)
    except OSError:  # another process was first, or an old entry is damaged
        shutil.rmtree(entry, ignore_errors=True)
        draft.rename(entry)
    older = sorted(
        CACHE_DIR.glob(f"{entry.name.rsplit('-', 1)[0]}-*"),
        key=lambda folder: folder.stat().st_mtime,
        reverse=True,
    )
    for folder in older[KEPT_PER_LESSON:]:
        shutil.rmtree(folder, ignore_errors=True)


def _contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a cache entry, by their names in it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _shared_name(script: Path, key: str) -> tuple[str, str, str]:
    return f"lessons/{script.stem}", key, script.read_text(encoding="utf-8")


def _is_kept(script: Path, key: str) -> bool:
    """Return whether the outputs of a lesson are kept; take them from another clone if need be."""
    entry = _entry(script, key)
    if _is_complete(entry):
        return True
    files = shared_outputs.take(*_shared_name(script, key))
    if files is None:
        return False
    draft = _new_draft()
    for name, content in files.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(content)
    if not _is_complete(draft):  # of a time when less was written down
        shutil.rmtree(draft)
        return False
    _put_in_place(draft, entry)
    return True


def _compare(script: Path, script_blocks: list[Any], entry: Path, draft: Path) -> None:
    """Leave a note of what a run made otherwise than it is kept."""
    kept, new = _contents(entry), _contents(draft)
    before, now = (json.loads(files.pop(RECORD))["blocks"] for files in (kept, new))
    name = script.relative_to(ROOT).as_posix()
    source = script.read_text(encoding="utf-8").splitlines()
    lines = []
    for index, what in output_comparison.compare_lesson(before, now, kept, new):
        if index is None:
            lines.append(f"{name}: {what}")
        else:
            number = sum(block.type == "code" for block in script_blocks[: index + 1])
            line = script_blocks[index].lineno  # mostly an empty one
            line = next(n for n in range(line, len(source) + 1) if source[n - 1].strip())
            lines.append(f"{name}:{line}: cell {number}: {what}")
    output_comparison.note(script.stem, lines)


def _restore(entry: Path, target: Path) -> list[str]:
    """Put the outputs in place, and return what the cells printed.

    A file that changes gets the present time, even one that comes back from long ago: that is
    how Sphinx sees which pages to write again. The others stay as they are.
    """
    record = json.loads((entry / RECORD).read_text(encoding="utf-8"))
    images = target.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    page_files_store.restore(entry, target)
    kept = {file.name: file for file in entry.glob("sphx_glr_*")}
    for file in _outputs(target):
        if file.name not in kept:
            file.unlink()
    for name, file in kept.items():
        output = images / name
        if not (output.is_file() and filecmp.cmp(file, output, shallow=False)):
            shutil.copyfile(file, output)
    blocks: list[str] = record.pop("blocks")
    record_file(target).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return blocks


def _mark_as_run(script_vars: dict[str, Any], target: Path) -> None:
    """Leave behind what sphinx-gallery's own function leaves behind after a run."""
    script_vars["example_globals"] = {}
    script_vars["memory_delta"] = 0.0
    script_vars["passing"] = True
    checksum = gen_rst.get_md5sum(str(target), mode="t")
    Path(f"{target}.md5").write_text(checksum, encoding="utf-8")


def _place(script: Path, error: BaseException) -> str:
    """Return the file and the line of a script in which an error was raised."""
    stack = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(stack) if frame.filename == str(script)), "?")
    return f"{script.relative_to(ROOT).as_posix()}:{line}"


def _report_failure(script: Path, traceback_text: str) -> None:
    """Say in one line which lesson failed where; the driver repeats it at the end."""
    line = "?"
    for part in traceback_text.split(f'File "{script}", line ')[1:]:
        line = part.split(",")[0].split("\n")[0]
    # The stack is indented; what follows it is the error, whose message may have many lines.
    lines = traceback_text.strip().splitlines()[1:]
    error = next(text for text in lines if text and not text.startswith(" "))
    place = f"{script.relative_to(ROOT).as_posix()}:"
    # An error of the figure scraper has no line of the script in its stack; it says it itself.
    message = error[error.index(place) :] if place in error else f"{place}{line}: {error}"
    _failure_file(script).write_text(message, encoding="utf-8")
    print(f"  {script.stem}: FAILED at {message}", flush=True)


def failures() -> list[Path]:
    """Return the notes that failing lessons left in this build."""
    return sorted(FAILURES_DIR.glob("*.txt"))


def _failure_file(script: Path) -> Path:
    FAILURES_DIR.mkdir(parents=True, exist_ok=True)
    return FAILURES_DIR / f"{script.stem}.txt"


def prepare_gallery(app: Sphinx) -> None:
    """Before sphinx-gallery looks: forget what is stale, remove what has no source any more."""
    lessons_dir = Path(app.srcdir) / "lessons"
    scripts = lesson_scripts(ROOT / "gallery")
    remove_traces(lessons_dir, scripts)
    shutil.rmtree(FAILURES_DIR, ignore_errors=True)
    # The first build renders everything anew: a setting of sphinx-gallery may have changed.
    first = (
        app.config.language == "en" and not (Path(app.doctreedir) / ENV_PICKLE_FILENAME).exists()
    )
    anew = first or _unfinished_marker(app).exists()
    to_run.clear()
    for script in scripts:
        key = lesson_key(script, ROOT)
        target = lessons_dir / script.parent.name / script.name
        runs = not _is_kept(script, key) or output_comparison.is_wanted(script.stem)
        if anew or runs or _recorded_key(target) != key:
            Path(f"{target}.md5").unlink(missing_ok=True)
        if is_chosen(script) and runs:
            to_run.append(script)
    if to_run and app.config.language != "en":
        raise ExtensionError(
            f"{len(to_run)} lesson(s) have no outputs, and only the English build executes "
            "lessons; build English first: nox -s docs"
        )
    lessons_dir.mkdir(parents=True, exist_ok=True)
    _unfinished_marker(app).touch()


def finish_gallery(app: Sphinx) -> None:
    """After sphinx-gallery: its files are whole."""
    if app.config.language == "en":  # which alone has looked at all code
        code_facts.forget_unused()
    _unfinished_marker(app).unlink()


def fail_after_failures(app: Sphinx, exception: Exception | None) -> None:
    """Fail the build if a lesson failed, without the summary in which sphinx-gallery repeats it."""
    if exception is None and failures():
        app.config.sphinx_gallery_conf["failing_examples"].clear()
        app.statuscode = 1


def _unfinished_marker(app: Sphinx) -> Path:
    return Path(app.srcdir) / "lessons" / ".unfinished"


def _recorded_key(target: Path) -> str | None:
    try:
        return str(json.loads(record_file(target).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return None


def remove_traces(lessons_dir: Path, scripts: list[Path]) -> None:
    """Remove generated files, figures and cache entries of lessons that are gone."""
    stems = [script.stem for script in scripts]
    kept = re.compile(rf"(sphx_glr_)?({'|'.join(stems)})(\.|_\d+\.|_thumb\.)")
    parts = {script.parent.name for script in scripts}
    for folder in [f for f in lessons_dir.glob("*") if f.is_dir() and f.name not in parts]:
        shutil.rmtree(folder)
    page_files_store.remove_unless(lessons_dir, stems)
    for file in lessons_dir.glob("*/**/*lesson_*"):
        if file.is_file() and not kept.match(file.name):
            file.unlink()
    for draft in CACHE_DIR.glob(".draft-*"):
        shutil.rmtree(draft)
    for entry in CACHE_DIR.glob("lesson_*"):
        if entry.name.rsplit("-", 1)[0] not in stems:
            shutil.rmtree(entry)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before and after sphinx-gallery, which runs at priority 500."""
    app.connect("builder-inited", prepare_gallery, priority=400)
    app.connect("builder-inited", finish_gallery, priority=600)
    app.connect("build-finished", fail_after_failures, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


gen_rst.execute_script = execute_script
