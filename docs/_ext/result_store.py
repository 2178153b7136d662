"""Keep what took long to make, under the digest of what it was made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path


class Store:
    """Results in a folder. What a run did not ask for is removed at its end.

    Parameters
    ----------
    folder : Path
        The folder; it is made when the first result comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: The names of the results that were asked for.
        self.used: set[str] = set()

    def get(self, make: Callable[[], bytes], *inputs: bytes | str) -> bytes:
        """Return what ``make()`` returned the first time for these inputs."""
        name = digest(*inputs)
        self.used.add(name)
        file = self.folder / name
        try:
            return file.read_bytes()
        except FileNotFoundError:
            made = make()
            write(file, made)
            return made

    def forget_unused(self) -> None:
        """Remove the results that nothing asked for."""
        for file in self.folder.glob("*"):
            if file.name not in self.used:
                file.unlink()


def digest(*inputs: bytes | str) -> str:
    """Return one digest of several inputs."""
    total = hashlib.sha256()
    for each in inputs:
        data = each.encode() if isinstance(each, str) else each
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:32]


def write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all, and not if it is the same already."""
    try:
        if file.read_bytes() == data:
            return
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(file)
