"""ONNX Runtime for pages: where its files are, and their copy in the site, with the licence."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from sphinx.errors import ExtensionError

from _ext.common.files import copy_changed
from _ext.common.paths import WEB

PACKAGE = WEB / "node_modules" / "onnxruntime-web"
FILES = {"runtime": "ort.wasm.bundle.min.mjs", "wasm": "ort-wasm-simd-threaded.wasm"}
"""What a page loads: a module, and the program that the module runs."""
FOLDER = "_static/onnxruntime"


def sources() -> dict[str, Path]:
    """Return the files of the npm package, by the keys of `FILES`."""
    return {key: PACKAGE / "dist" / name for key, name in FILES.items()}


def address(file: Path) -> str:
    """Return where the site serves a file, with the version: a browser may keep it until that changes."""
    version = json.loads((PACKAGE / "package.json").read_text("utf-8"))["version"]
    return f"{FOLDER}/{file.name}?v={version}"


def copy(out: Path) -> None:
    """Copy the files into a site, and the licence, which the npm package lacks."""
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        raise ExtensionError("the Python package onnxruntime is not installed: run `nox -s docs`")
    target = out / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for source in (*sources().values(), Path(spec.origin).with_name("LICENSE")):
        copy_changed(source, target / source.name)
