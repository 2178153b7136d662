"""Load Sphinx without Python's garbage collector, and let it look more seldom at pages.

Some thousand modules are imported, and the collector looks through all that they hold again and
again, for nothing: modules stay. It costs a quarter of the time in which Sphinx starts. ``render``
stops the collector; here, before lessons run, it goes to work again as usual, but no longer looks
at what was loaded. Pages are trees of some ten thousand objects that live until they are written:
from the first page on it looks only when so many are new.
"""

from __future__ import annotations

import gc
from typing import Any

from sphinx.application import Sphinx

NEW_OBJECTS = 50_000


def collect_again(_app: Sphinx) -> None:
    """Let the collector work, on what comes from now on."""
    gc.freeze()
    gc.enable()


def collect_seldom(_app: Sphinx, _env: object, _names: list[str]) -> None:
    """Let the collector wait for more new objects; it still comes."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before all others."""
    app.connect("builder-inited", collect_again, priority=0)
    app.connect("env-before-read-docs", collect_seldom, priority=0)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
