"""Keep what follows from a text alone, from one build to the next: small facts, in one JSON file.

The build asks the same of hundreds of cells and modules each time, and most are what they were.
A file that is damaged, or was made by other code, counts as empty.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "cache" / "facts"


class KeptFacts:
    """Facts under the digests of what they follow from.

    Parameters
    ----------
    file : Path
        Where they are kept.
    maker : Path
        The source of the code that finds them: when it changes, or Python does, they are forgotten.
    """

    def __init__(self, file: Path, maker: Path) -> None:
        self.file, self._maker = file, maker
        self._asked: dict[str, Any] = {}

    @cached_property
    def _version(self) -> str:
        return _digest(platform.python_version(), self._maker.read_text("utf-8"))

    @cached_property
    def _kept(self) -> dict[str, Any]:
        try:
            content = json.loads(self.file.read_text("utf-8"))
            known = content["version"] == self._version
            return dict(content["facts"]) if known else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def get(self, make: Callable[[], Any], *inputs: str) -> Any:
        """Return what ``make()`` returned the first time for these inputs; not to be changed.

        Parameters
        ----------
        make : callable
            What it returns is the same after JSON: of lists, dictionaries, strings and numbers.
        *inputs : str
            All that the result depends on.
        """
        name = _digest(*inputs)
        if name not in self._asked:
            self._asked[name] = self._kept[name] if name in self._kept else make()
        return self._asked[name]

    def save(self) -> None:
        """Write down what was asked for, and nothing else."""
        if self._asked == self._kept:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        draft.write_text(json.dumps({"version": self._version, "facts": self._asked}), "utf-8")
        draft.replace(self.file)
        self._kept = dict(self._asked)


def _digest(*inputs: str) -> str:
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:32]
