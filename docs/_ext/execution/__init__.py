"""The room of executing the code of the course once, and keeping its outputs."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

MODULES = ("gallery", "notebooks", "page_files", "handover")


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up the modules of this room, in this order."""
    for name in MODULES:
        app.setup_extension(f"{__name__}.{name}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
