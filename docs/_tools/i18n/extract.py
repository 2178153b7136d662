"""Extract the English texts of the site: pages, figures, comments in code, interface."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import polib

from _tools.i18n import catalogues
from _tools.i18n.catalogues import Message
from _tools.i18n.checks import source_file

HAND_KEPT = "sphinx"
"""The domain that holds what Sphinx and the theme leave in English: nothing extracts it."""


class ExtractionError(Exception):
    """The texts could not be extracted; the message says why."""


def run_sphinx(root: Path, environment: dict[str, str] | None = None) -> Path:
    """Run Sphinx's ``gettext`` builder; return the folder with the templates."""
    out = root / "build" / "gettext"
    shutil.rmtree(out, ignore_errors=True)  # templates of pages that are gone
    render = Path(__file__).parents[1] / "render.py"
    command = [sys.executable, str(render), "--builder", "gettext", "--fresh", "en", str(out)]
    if subprocess.run(command, cwd=root, env=environment, check=False).returncode:
        raise ExtractionError(
            "Sphinx could not extract the texts: its messages above name file and line. "
            "The catalogues are as they were."
        )
    return out


def read_templates(root: Path, folder: Path) -> dict[str, list[Message]]:
    """Read the templates that Sphinx wrote, by domain."""
    templates: dict[str, list[Message]] = {}
    for file in sorted(folder.rglob("*.pot")):
        domain = file.relative_to(folder).with_suffix("").as_posix()
        source = source_file(root, domain)
        entries = catalogues.read(file)
        if entries and domain != HAND_KEPT:
            templates[domain] = [
                # One file a page, and no line numbers: they change with every edit.
                Message(entry.msgid, (source,) if source else _sources(root, entry))
                for entry in entries
            ]
    return templates


def _sources(root: Path, entry: polib.POEntry) -> tuple[str, ...]:
    """Return the files of a message that may stand on several pages."""
    return tuple(source_file(root, page) or page for page, _ in entry.occurrences)
