"""Read the code of a lesson from any of its files."""

from __future__ import annotations

import ast
import json
from pathlib import Path

INSTALL = "install"


def lesson_code(path: Path) -> str:
    """Return the code of a lesson as a reader runs it, without the cell that installs dlcourse.

    Parameters
    ----------
    path : Path
        A notebook or a script, downloaded or from the gallery.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    cells = [cell for cell in cells if INSTALL not in cell["metadata"].get("tags", [])]
    return "\n".join("".join(cell["source"]) for cell in cells)


def syntax_tree(path: Path) -> str:
    """Return the syntax tree of a lesson's code, without the docstring of the gallery's script."""
    tree = ast.parse(lesson_code(path), str(path))
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    return ast.dump(tree, indent=1)
