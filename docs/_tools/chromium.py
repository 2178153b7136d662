"""Debian's Chromium: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

OPTIONS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever is not on this machine goes nowhere, not even to the machine that knows addresses.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class NoChromium(Exception):
    """Chromium was not found; the message says what to do."""


def program() -> str:
    """Return the path of the program: ``DLCOURSE_CHROMIUM``, or ``chromium``."""
    found = os.environ.get("DLCOURSE_CHROMIUM") or shutil.which("chromium")
    if found is None or not Path(found).is_file():
        raise NoChromium(
            f"This needs Chromium ({found or 'chromium'} was not found): run"
            " `apt-get install chromium`, or name the program in DLCOURSE_CHROMIUM"
        )
    return found


def options() -> list[str]:
    """Return the options to start it with."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    # Chromium refuses to run as root with its sandbox.
    return [*OPTIONS, *(["--no-sandbox"] if as_root else [])]
