"""Start Sphinx sooner: load it without Python's garbage collector.

Some thousand modules are imported, and the collector looks through all that they hold again and
again, for nothing: modules stay. It costs a quarter of the time in which Sphinx starts. ``render``
stops the collector; here, before lessons run, it goes to work again as usual, but no longer looks
at what was loaded. Pages are trees of some ten thousand objects that live until they are written:
from the first page on it looks only when so many are new.

The templates of the pages are compiled once, and not by every build.
"""

from __future__ import annotations

import gc
from typing import Any

from jinja2 import FileSystemBytecodeCache
from sphinx.application import Sphinx

from _ext.common import timeline
from _ext.common.paths import CACHE

TEMPLATES = CACHE / "templates"

NEW_OBJECTS = 50_000


def collect_again(_app: Sphinx) -> None:
    """Let the collector work, on what comes from now on."""
    gc.freeze()
    gc.enable()


def collect_seldom(_app: Sphinx, _env: object, _names: list[str]) -> None:
    """Let the collector wait for more new objects; it still comes."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def keep_templates(app: Sphinx) -> None:
    """Let Jinja find the templates that an earlier build compiled; it knows when one changed."""
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    if bridge := getattr(app.builder, "templates", None):  # only builders that write HTML have it
        bridge.environment.bytecode_cache = FileSystemBytecodeCache(str(TEMPLATES))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before all others."""
    app.connect("builder-inited", keep_templates, priority=timeline.FIRST)
    app.connect("builder-inited", collect_again, priority=timeline.FIRST)
    app.connect("env-before-read-docs", collect_seldom, priority=timeline.FIRST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
