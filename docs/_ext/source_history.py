"""When a source file last changed, as far as git knows."""

from __future__ import annotations

import subprocess
from pathlib import Path


def last_change(file: Path) -> str | None:
    """Return the day of the last commit that changed a file, as YYYY-MM-DD.

    None if nobody can tell: git is not there, the file is not in a repository or has changes
    that are not committed, or the repository was cloned without its history.
    """
    if _git(file, "rev-parse", "--is-shallow-repository") != "false":
        return None
    if _git(file, "status", "--porcelain", "--", file.name) != "":
        return None
    return _git(file, "log", "-1", "--format=%cs", "--", file.name) or None


def _git(file: Path, *arguments: str) -> str | None:
    """Return what git prints in the folder of a file, or None if it fails."""
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=file.parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
