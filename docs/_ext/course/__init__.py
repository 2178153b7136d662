"""The room of what the course consists of: its entries, its map, its errors."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

MODULES = ("map", "figure", "errors", "changes")


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up the modules of this room, in this order."""
    for name in MODULES:
        app.setup_extension(f"{__name__}.{name}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
