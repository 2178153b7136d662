"""Leave out what a module only imports before autodoc looks at it.

autodoc leaves it out in any case, but first it reads the source of every module from which a
class or a function is imported: of ``typing``, of most of Matplotlib.
"""

from __future__ import annotations

import inspect
from typing import Any

from sphinx.application import Sphinx

PACKAGE = "dlcourse"


def leave_out_imported(
    _app: Sphinx, what: str, _name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Return True for a class or function from elsewhere; leave the others to autodoc."""
    if what != "module" or not (inspect.isclass(member) or inspect.isfunction(member)):
        return None
    return True if member.__module__.split(".")[0] != PACKAGE else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to autodoc."""
    app.connect("autodoc-skip-member", leave_out_imported)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
