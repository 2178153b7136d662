"""The version of the course at the foot of every page, and the day of the commit that was built.

The version is that of ``pyproject.toml``, from which conf.py reads it. The day is a day, not a
moment: a build writes every page again when it is another one, which is once a day at most.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from _ext.common.paths import ROOT
from _ext.lesson_page.wording import Wording
from _ext.translation import interface


def commit_day(root: Path = ROOT) -> str:
    """Return the day of the last commit, as ISO 8601 writes it; empty where git cannot tell.

    The project may have come as an archive, also one that was unpacked inside of another project.
    """
    if not (root / ".git").exists():
        return ""
    command = ["git", "log", "-1", "--format=%cs"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # there is no git
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _add_to_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    _site = interface.translator(app)
    day = app.config.course_day
    context["course_version"] = _site("Version {version}").format(version=app.config.release)
    context["course_day"] = Wording(_site, app.config.language).day(day) if day else ""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Give each page the version and the day."""
    app.add_config_value("course_day", commit_day(), "html", str)
    app.connect("html-page-context", _add_to_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
