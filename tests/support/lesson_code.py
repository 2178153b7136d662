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


def tree_of_code(code: str) -> str:
    """Return the syntax tree of some code without docstrings, which are translated."""
    tree = ast.parse(code)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree, indent=1)


def syntax_tree(path: Path) -> str:
    """Return the same of a lesson's file."""
    return tree_of_code(lesson_code(path))
