"""What a lesson leaves for its page: kept with its outputs, and copied into the site.

A lesson writes such files into ``dlcourse.page_files.folder()``. While it is executed, that is a
folder beside the generated page, ``lessons/<part>/<stem>.files``. Its files go into the lesson's
cache entry and come back from there, like its figures, and are served from ``_live/<stem>/``,
but for those that only the build reads.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from _ext.common.files import file_digest, mirror
from dlcourse.page_files import VARIABLE

SERVED = "_live"
#: What the build alone reads, see ``blocks/printed`` and ``lesson_page/ledger``: it stands in a page.
NOT_SERVED = ("choices_*.json", "then_and_now_*.json", "languages.json")
_SUFFIX = ".files"
_IN_ENTRY = "files"


def folder(target: Path) -> Path:
    """Return the folder of a lesson's page files, from the path of its generated script or page."""
    return target.with_suffix(_SUFFIX)


@contextmanager
def offered(target: Path) -> Iterator[None]:
    """Let the lesson that is executed meanwhile find its folder."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder(target).absolute())  # lessons run in their own folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def remove(target: Path) -> None:
    """Remove what an earlier execution of the lesson left."""
    shutil.rmtree(folder(target), ignore_errors=True)


def remove_unless(lessons_dir: Path, stems: Iterable[str]) -> None:
    """Remove the folders of lessons that are gone."""
    kept = {stem + _SUFFIX for stem in stems}
    for found in lessons_dir.glob(f"*/*{_SUFFIX}"):
        if found.name not in kept:
            shutil.rmtree(found)


def store(target: Path, draft: Path) -> None:
    """Copy the files into a cache entry that is being written."""
    if folder(target).is_dir():
        mirror(folder(target), draft / _IN_ENTRY)


def restore(entry: Path, target: Path) -> None:
    """Put the files of a cache entry in place, and no others."""
    mirror(entry / _IN_ENTRY, folder(target))


def address(file: Path) -> str:
    """Return where the site serves a page file, below the folder of a language.

    The address holds a digest of the content: a browser may keep the file, and still asks for it
    again when it has changed.
    """
    holder = next(parent for parent in file.parents if parent.suffix == _SUFFIX)
    name = file.relative_to(holder).as_posix()
    return f"{SERVED}/{holder.stem}/{name}?v={file_digest(file)[:8]}"


def copy_into_site(app: Sphinx, exception: Exception | None) -> None:
    """Copy the files of all lessons, and remove those of lessons that are gone."""
    if exception is not None or app.builder.format != "html":
        return
    served = Path(app.outdir) / SERVED
    folders = sorted((Path(app.srcdir) / "lessons").glob(f"*/*{_SUFFIX}"))
    for found in folders:
        mirror(found, served / found.stem, without=NOT_SERVED)
    for copy in served.glob("*"):
        if copy.name not in {found.stem for found in folders}:
            shutil.rmtree(copy)
    if served.is_dir() and not any(served.iterdir()):
        served.rmdir()


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy when all pages are written."""
    app.connect("build-finished", copy_into_site)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
