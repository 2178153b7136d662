"""The outputs of lessons, kept until something that determines them changes.

Each entry is a folder below ``build/cache/lessons`` with the figures of a run, the files that it left
for its page, and a record: what the cells printed, and what the run needed. It is found under the
lesson's key (``key``), in this clone or with the others on this machine (``shared``).
"""

from __future__ import annotations

import filecmp
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from _ext.common.languages import LANGUAGES
from _ext.common.paths import CACHE
from _ext.course.lessons import record_file
from _ext.execution import page_files, shared
from _ext.execution import record as run_record

FOLDER = CACHE / "lessons"
KEPT_PER_LESSON = 3
RECORD = "record.json"


def entry_of(script: Path, key: str) -> Path:
    return FOLDER / f"{script.stem}-{key[:20]}"


def is_complete(entry: Path) -> bool:
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


def remove_outputs(target: Path) -> None:
    for file in _outputs(target):
        file.unlink()
    page_files.remove(target)
    record_file(target).unlink(missing_ok=True)


def draft_of(target: Path, record: dict[str, Any]) -> Path:
    """Write down what a run made, in a folder that may become a cache entry."""
    draft = _new_draft()
    for file in _outputs(target):
        shutil.copyfile(file, draft / file.name)
    page_files.store(target, draft)
    (draft / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return draft


def _new_draft() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".draft-", dir=FOLDER))


def put_in_place(draft: Path, entry: Path) -> None:
    """Make a draft the cache entry, which is there whole or not at all; forget old ones."""
    try:
        draft.rename(entry)
    except OSError:  # another process was first, or an old entry is damaged
        shutil.rmtree(entry, ignore_errors=True)
        draft.rename(entry)
    older = sorted(
        FOLDER.glob(f"{entry.name.rsplit('-', 1)[0]}-*"),
        key=lambda folder: folder.stat().st_mtime,
        reverse=True,
    )
    for folder in older[KEPT_PER_LESSON:]:
        shutil.rmtree(folder, ignore_errors=True)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a cache entry, by their names in it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def shared_name(script: Path, key: str) -> tuple[str, str, str]:
    return f"lessons/{script.stem}", key, script.read_text(encoding="utf-8")


def is_kept(script: Path, key: str) -> bool:
    """Return whether the outputs of a lesson are kept; take them from another clone if need be."""
    entry = entry_of(script, key)
    if is_complete(entry):
        return True
    files = shared.take(*shared_name(script, key))
    if files is None:
        return False
    draft = _new_draft()
    for name, content in files.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(content)
    if not is_complete(draft):  # of a time when less was written down
        shutil.rmtree(draft)
        return False
    put_in_place(draft, entry)
    return True


def restore(entry: Path, target: Path) -> list[str]:
    """Put the outputs in place, and return what the cells printed.

    A file that changes gets the present time, even one that comes back from long ago: that is
    how Sphinx sees which pages to write again. The others stay as they are.
    """
    record = json.loads((entry / RECORD).read_text(encoding="utf-8"))
    images = target.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    page_files.restore(entry, target)
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


def remove_traces(lessons_dir: Path, scripts: list[Path]) -> None:
    """Remove generated files, figures and cache entries of lessons that are gone."""
    stems = [script.stem for script in scripts]
    kept = re.compile(rf"(sphx_glr_)?({'|'.join(stems)})(\.|_\d+\.|_thumb\.)")
    parts = {script.parent.name for script in scripts}
    for folder in [f for f in lessons_dir.glob("*") if f.is_dir() and f.name not in parts]:
        shutil.rmtree(folder)
    page_files.remove_unless(lessons_dir, stems)
    for file in lessons_dir.glob("*/**/*lesson_*"):
        if file.is_file() and not kept.match(file.name):
            file.unlink()
    for draft in FOLDER.glob(".draft-*"):
        shutil.rmtree(draft)
    for entry in FOLDER.glob("lesson_*"):
        if entry.name.rsplit("-", 1)[0] not in stems:
            shutil.rmtree(entry)


def recorded_key(target: Path) -> str | None:
    try:
        return str(json.loads(record_file(target).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return None
