"""Archives of the lessons' notebooks and scripts: one a part, and one of the whole course.

They are made from the files that stand beside the pages, also when only one page was written,
and are the same bytes for the same files.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from sphinx.errors import ExtensionError

from _ext.common.files import write
from _ext.course.lessons import is_lesson

COURSE = "course.zip"

SITE = "pytorch-in-practice.zip"
"""The archive of the whole site, beside the folders of the languages; see ``_tools/shipping/archive``."""

ARCHIVES = {"lessons": COURSE, "site": f"../{SITE}"}
"""From the name of an archive to its place, seen from the folder of a language."""

_SUFFIXES = (".ipynb", ".py")


def write_archives(outdir: Path, docnames: Iterable[str]) -> None:
    """Write the archives anew, and remove the files of lessons that are no more."""
    lessons = sorted(filter(is_lesson, docnames))
    files = [outdir / (docname + suffix) for docname in lessons for suffix in _SUFFIXES]
    for file in files:
        if not file.exists():
            raise ExtensionError(f"{file} was not written: delete {outdir} and build again")
    archives = {outdir / COURSE: files} if files else {}
    for part in sorted({file.parent for file in files}):
        archives[part.with_suffix(".zip")] = [file for file in files if file.parent == part]
    for archive, members in archives.items():
        write(archive, _zip(members))
    found = [file for suffix in _SUFFIXES for file in outdir.glob(f"lessons/*/lesson_*{suffix}")]
    for file in {*found, *outdir.glob("lessons/*.zip"), *outdir.glob(COURSE)}:
        if file not in files and file not in archives:
            file.unlink()


def _zip(files: list[Path]) -> bytes:
    """Return an archive with one folder a part, without the time at which it was made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{file.parent.name}/{file.name}")  # dated 1980-01-01
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return content.getvalue()
