"""The room of what stands around the text of a lesson."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

MODULES = ("reading_time", "cards", "folds", "wording", "ledger", "foot", "header")


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up the modules of this room, in this order."""
    for name in MODULES:
        app.setup_extension(f"{__name__}.{name}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
