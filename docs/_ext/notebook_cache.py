"""Where the outputs of executed Markdown notebooks are kept.

myst-nb keys an execution by the code of the notebook alone. The folder's name adds what else
determines the outputs: the package and the locked versions.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lesson_key import package_digest


def folder(root: Path) -> str:
    """Return the folder for the current package and versions; remove those of older ones."""
    caches = root / "build" / "cache" / "notebooks"
    current = caches / package_digest(root)[:20]
    for old in caches.glob("*"):
        if old != current:
            shutil.rmtree(old, ignore_errors=True)
    return str(current)
