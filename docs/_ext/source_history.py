"""When source files last changed, as far as git knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: Stands in front of a day, and in no name of a file.
_MARK = "\x01"


def last_changes(folder: Path) -> dict[str, str]:
    """Return the day of the last commit that changed each file in a folder, as YYYY-MM-DD.

    The files are named as seen from the folder. One is missing where nobody can tell: it has
    changes that are not committed, git or the repository is not there, or the repository was
    cloned without its history.
    """
    if _git(folder, "rev-parse", "--is-shallow-repository") != "false":
        return {}
    named = ("--name-only", "--relative")
    changed = _git(folder, "diff", *named, "HEAD", "--", ".")
    log = _git(folder, "log", f"--format={_MARK}%cs", *named, "--", ".")
    if changed is None or log is None:
        return {}
    days: dict[str, str] = {}
    for commit in log.split(_MARK)[1:]:  # the latest comes first
        day, *names = commit.split("\n")
        for name in filter(None, names):
            days.setdefault(name, day)
    return {name: day for name, day in days.items() if name not in changed.split("\n")}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints in a folder, or None if it fails."""
    command = ["git", "-c", "core.quotePath=false", *arguments]
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
