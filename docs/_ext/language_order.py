"""Let the other languages begin as soon as they can: English executes all code, they follow.

The driver starts all languages at once and names a folder in an environment variable. English says
there that it has executed the lessons and the pages with code; up to that moment the others would
find files that are not there yet, or execute the same pages once more. Then all languages are read
and written side by side. At the end the others wait for English again: some files belong to all
languages, and are written by whoever comes last.

Without the variable, as for a single run of Sphinx, nothing waits.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

import execution_cache
from languages import ENDED, EXECUTED, ORDER_VARIABLE

SLEEP_S = 0.02


def wait_for(name: str) -> None:
    """Wait until the driver's folder has a file; give up when the driver is gone."""
    folder, driver = os.environ.get(ORDER_VARIABLE), os.getppid()
    while folder and not Path(folder, name).exists():
        if os.getppid() != driver:
            raise ExtensionError("the build was ended from outside")
        time.sleep(SLEEP_S)


def before_reading(app: Sphinx) -> None:
    """Wait, in another language than English, before anything in the project is looked at."""
    if app.config.language != "en":
        wait_for(EXECUTED)


def after_execution(app: Sphinx) -> None:
    """Let the others begin, unless a lesson has failed: then they have nothing to show."""
    folder = os.environ.get(ORDER_VARIABLE)
    if folder and app.config.language == "en" and not execution_cache.failures():
        Path(folder, EXECUTED).touch()


def before_the_end(app: Sphinx, exception: Exception | None) -> None:
    """Wait, in another language than English, before what belongs to all is written."""
    if app.config.language != "en" and exception is None:
        wait_for(ENDED)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before and after all others; at the end, after what is of this language alone."""
    app.connect("builder-inited", before_reading, priority=0)
    app.connect("builder-inited", after_execution, priority=1000)
    app.connect("build-finished", before_the_end, priority=200)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
