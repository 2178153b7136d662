"""What a lesson's outputs depend on, as one digest; and those of a page with code.

A lesson has to run again when, and only when, one of these changes: the code of its cells
(not the prose, not the comments, not the layout), the ``dlcourse`` modules that it imports,
directly or through others, the assets that it declares, the locked versions, or what
captures its outputs.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import json
import platform
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from _ext.common.files import file_digest
from _ext.common.paths import CACHE
from _ext.common.store import Store

PACKAGE = "dlcourse"
#: Where our own code is that decides what an output looks like, and which it is.
FIGURES = Path(__file__).resolve().parents[1] / "figures"
#: Settings in a script (``# sphinx_gallery_x = …``) that say something *about* the lesson
#: and do not touch its outputs.
DESCRIPTIVE_SETTINGS = frozenset({"budget_s", "needs", "number", "thumbnail_number", "assets"})
CAPTURE_MODULES = (
    "capture.py",
    "drawing.py",
    "font.py",
    "images.py",
    "messages.py",
    "scraper.py",
    "texts.py",
)
#: What else captures them, and is not among the locked versions of the lessons.
CAPTURE_PACKAGES = ("pylopdf-fonts-zh-cn", "sphinx-gallery")
#: What was found out about each piece of code.
code_facts = Store(CACHE / "code")
_FINDER = platform.python_version() + Path(__file__).read_text(encoding="utf-8")


def lesson_key(script: Path, root: Path) -> str:
    """Return the digest of everything that determines the outputs of a lesson.

    Parameters
    ----------
    script : Path
        The lesson, for example ``gallery/1_basics/lesson_04_tensors.py``.
    root : Path
        The project: the folder that holds ``dlcourse`` and ``requirements``.

    Raises
    ------
    sphinx.errors.ExtensionError
        If the lesson declares an asset that is not in the catalogue; if it is not UTF-8.
    """
    try:
        settings, blocks = split_code_and_text_blocks(script)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ExtensionError(f"{script}:{line}: {error}; save the file as UTF-8") from None
    code = [block.content for block in blocks if block.type == "code"]
    parts: dict[str, Any] = {
        "cells": [_facts(cell)["without_layout"] for cell in code],
        "settings": {k: v for k, v in settings.items() if k not in DESCRIPTIVE_SETTINGS},
        "modules": _module_digests(code, root),
        "assets": _asset_digests(script, settings.get("assets", []), root),
        "versions": _file_digest(root / "requirements" / "lessons.txt"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "capture": [file_digest(FIGURES / name) for name in CAPTURE_MODULES],
        "packages": [importlib.metadata.version(name) for name in CAPTURE_PACKAGES],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def page_key(cells: Iterable[str], root: Path) -> str:
    """Return the digest of what the outputs of a Markdown page depend on besides its own code.

    Parameters
    ----------
    cells : iterable of str
        The code of its cells; what they import counts. A page cannot declare assets, so the
        whole catalogue does.
    root : Path
        The project: the folder that holds ``dlcourse`` and ``requirements``.
    """
    catalogue = sorted((root / PACKAGE).rglob("*.toml"))
    parts = {
        "modules": _module_digests(cells, root),
        "catalogue": {str(file.relative_to(root)): _file_digest(file) for file in catalogue},
        "versions": _file_digest(root / "requirements" / "lessons.txt"),
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def imported_modules(cells: Iterable[str], root: Path) -> set[Path]:
    """Return the files of ``dlcourse`` that code imports, directly or through others."""
    found: set[Path] = set()
    names = {name for code in cells for name in _names_in(code, ())}
    while names:
        new = {module for name in names for module in _files_of(name, root)} - found
        found |= new
        names = {name for module in new for name in _imported_names(module, root)}
    return found


def _imported_names(module: Path, root: Path) -> frozenset[str]:
    """Return the dotted names that a module of the package imports."""
    package = module.resolve().relative_to(root.resolve()).parent.parts
    return _names_in(module.read_text(encoding="utf-8"), package)


def _names_in(code: str, package: tuple[str, ...]) -> frozenset[str]:
    """Return the dotted names that code in a package imports; ``from a import b`` gives a and a.b."""
    names: set[str] = set()
    for level, module, imported in _facts(code)["imports"]:
        base = package[: len(package) - level + 1] if level else []
        stem = ".".join([*base, *([module] if module else [])])
        names.add(stem)
        names.update(f"{stem}.{name}" for name in imported)
    return frozenset(names)


def _files_of(name: str, root: Path) -> set[Path]:
    """Return the files that importing a dotted name of the package runs."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return set()
    files: set[Path] = set()
    folder = root
    for part in parts:
        folder = folder / part
        for file in (folder / "__init__.py", folder.with_suffix(".py")):
            if file.is_file():
                files.add(file)
    return files


def _module_digests(cells: Iterable[str], root: Path) -> dict[str, str]:
    return {
        str(module.relative_to(root)): _facts(module.read_text(encoding="utf-8"))["bare"]
        for module in sorted(imported_modules(cells, root))
    }


def _asset_digests(script: Path, names: list[str], root: Path) -> dict[str, dict[str, str]]:
    """Return the digests of the files of each asset, as its entry in the catalogue states them."""
    entries = {name: root / PACKAGE / "assets" / "entries" / f"{name}.toml" for name in names}
    unknown = [name for name, entry in entries.items() if not entry.is_file()]
    if unknown:
        raise ExtensionError(
            f"{script}: '# sphinx_gallery_assets' names assets that are not in the catalogue: "
            f"{', '.join(unknown)}; `python -m {PACKAGE} assets list` shows all names"
        )
    return {
        name: {
            path: file["sha256"]
            for path, file in tomllib.loads(entry.read_text(encoding="utf-8"))["files"].items()
        }
        for name, entry in entries.items()
    }


def _file_digest(file: Path) -> str:
    return file_digest(file) if file.is_file() else "absent"


@functools.cache  # several lessons import the same modules, and their texts are the same
def _facts(code: str) -> dict[str, Any]:
    """Return what is found out about code.

    ``imports``: the level, the module and the names of each statement. ``without_layout``: a digest
    of the code without comments and layout; ``bare``: without its docstrings, too.
    """
    found = code_facts.get(lambda: json.dumps(_find_out(code)).encode(), _FINDER, code)
    facts: dict[str, Any] = json.loads(found)
    return facts


def _find_out(code: str) -> dict[str, Any]:
    try:
        tree = ast.parse(code)
    except SyntaxError:  # not Python yet: any edit counts, and the build reports it
        return {"imports": [], "without_layout": _digest(code), "bare": _digest(code)}
    imports: list[list[Any]] = []
    without_layout = _digest(ast.dump(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [[0, alias.name, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            imports.append([node.level, node.module or "", names])
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    bare = _digest(ast.dump(tree))
    return {"imports": imports, "without_layout": without_layout, "bare": bare}


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
