"""Keep what took long to make, under the digest of what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from _ext.common.files import digest, write


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
        for file in self.folder.glob("[!.]*"):
            if file.name not in self.used:
                file.unlink()
