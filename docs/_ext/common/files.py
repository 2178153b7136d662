"""Write files whole or not at all, copy what changed, and say what is in a file."""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path


def write(file: Path, data: bytes | str) -> None:
    """Write a file whole or not at all, and not if it is the same already; a text as UTF-8."""
    content = data.encode() if isinstance(data, str) else data
    try:
        if file.read_bytes() == content:
            return
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)


def copy_changed(source: Path, copy: Path) -> None:
    """Copy a file, whole or not at all, unless the copy is the same already.

    Permissions are not copied: some libraries write files that nobody else may read, and a web
    server is somebody else.
    """
    if copy.is_file() and filecmp.cmp(source, copy, shallow=False):
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    draft = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copyfile(source, draft)
    draft.replace(copy)


def mirror(source: Path, copy: Path, without: Collection[str] = ()) -> None:
    """Make a folder hold the files of another one; those that are the same are left alone.

    No folder counts as an empty one. Files whose name fits one of the patterns are left out.
    """
    wanted = {
        file.relative_to(source)
        for file in source.rglob("*")
        if file.is_file() and not any(fnmatch(file.name, pattern) for pattern in without)
    }
    for file in sorted(copy.rglob("*"), reverse=True):  # what is in a folder before the folder
        if file.is_file() and file.relative_to(copy) not in wanted:
            file.unlink()
        elif file.is_dir() and not any(file.iterdir()):
            file.rmdir()
    for name in sorted(wanted):
        copy_changed(source / name, copy / name)
    if not wanted and copy.is_dir():
        copy.rmdir()


def digest(*inputs: bytes | str) -> str:
    """Return one digest of several inputs."""
    total = hashlib.sha256()
    for each in inputs:
        data = each.encode() if isinstance(each, str) else each
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:32]


def file_digest(file: Path) -> str:
    """Return the SHA-256 of the content of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
