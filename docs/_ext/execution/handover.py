"""Let the languages of one build share what belongs to all of them.

The driver starts all languages at once and names a folder. English says there that it has made the
pages of the lessons, which the others read as well. At the end the others wait for English again:
some files belong to all languages, and are written by whoever comes last.

Without the folder, as for a single run of Sphinx, nothing waits.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from _ext.common import timeline

SLEEP_S = 0.02
#: Files in the folder: English has made the pages of the lessons; it has ended, with success.
GENERATED, ENDED = "english-generated", "english-ended"


def wait_for(app: Sphinx, name: str) -> None:
    """Wait until the driver's folder has a file; give up when the driver is gone."""
    folder, driver = app.config.course_handover, os.getppid()
    while folder and not Path(folder, name).exists():
        if os.getppid() != driver:
            raise ExtensionError("the build was ended from outside")
        time.sleep(SLEEP_S)


def before_reading(app: Sphinx) -> None:
    """Wait, in another language than English, before anything in the project is looked at."""
    if app.config.language != "en":
        wait_for(app, GENERATED)


def after_generating(app: Sphinx) -> None:
    """Let the others begin."""
    if app.config.course_handover and app.config.language == "en":
        Path(app.config.course_handover, GENERATED).touch()


def before_the_end(app: Sphinx, exception: Exception | None) -> None:
    """Wait, in another language than English, before what belongs to all is written."""
    if app.config.language != "en" and exception is None:
        wait_for(app, ENDED)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before and after all others; at the end, after what is of this language alone."""
    app.add_config_value("course_handover", "", "", str)
    app.connect("builder-inited", before_reading, priority=timeline.FIRST)
    app.connect("builder-inited", after_generating, priority=timeline.HAND_OVER)
    app.connect("build-finished", before_the_end, priority=timeline.WAIT_FOR_ENGLISH)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
