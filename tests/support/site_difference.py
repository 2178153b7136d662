"""Compare two built sites, leaving out what a build measures.

Times, memory and dates differ from build to build and are marked as such: in a page by the
attribute ``data-measured``, in an output by the words "measured in this build", in the ledger's
JSON by their keys. Everything else must be the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import html

MEASURED_OUTPUT = "measured in this build"
MEASURED_KEYS = {
    "executed_at",
    "memory_at_start_mib",
    "peak_memory_mib",
    "run_time_s",
    "within_budget",
}
_OUTPUTS = "//*[contains(@class, 'sphx-glr-script-out') or contains(@class, 'cell_output')]"
_INDEX = b"globalThis.searchIndex="


def contents(root: Path) -> dict[str, bytes]:
    """Return all files below a folder, by their name there."""
    files = (file for file in root.rglob("*") if file.is_file())
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def differences(first: Mapping[str, bytes], second: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Compare the files of two sites.

    Returns
    -------
    dict
        The names of the files under ``same``, ``measured`` (they differ only in what is marked as
        measured), ``different`` and ``alone`` (in one of the sites only).
    """
    found: dict[str, list[str]] = {"same": [], "measured": [], "different": [], "alone": []}
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second:
            found["alone"].append(name)
        elif first[name] == second[name]:
            found["same"].append(name)
        else:
            without = without_measurements(name)
            equal = without(first[name]) == without(second[name])
            found["measured" if equal else "different"].append(name)
    return found


def without_measurements(name: str) -> Callable[[bytes], Any]:
    """Return the function that takes out of a file what was measured, by the file's name."""
    if name.endswith(".html"):
        return _page
    if name.endswith("ledger.json"):
        return lambda content: _unmeasured(json.loads(content))
    if name.endswith("search-index.js"):
        return _search_index
    return _archive if name.endswith(".zip") else bytes


def _page(content: bytes) -> bytes:
    tree = html.document_fromstring(content, parser=html.HTMLParser(encoding="utf-8"))
    outputs = [box for box in tree.xpath(_OUTPUTS) if MEASURED_OUTPUT in box.text_content()]
    for element in [*tree.xpath("//*[@data-measured]"), *outputs]:
        tail = element.tail
        element.clear()
        element.tail = tail
    return html.tostring(tree, encoding="utf-8")


def _unmeasured(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unmeasured(x) for key, x in value.items() if key not in MEASURED_KEYS}
    return [_unmeasured(x) for x in value] if isinstance(value, list) else value


def _search_index(content: bytes) -> Any:
    """Return the sections without measured outputs; numbers of outputs are not in the index."""
    data = json.loads(content.removeprefix(_INDEX).rstrip(b";\n"))
    for section in data["sections"]:
        section[-1] = [piece for piece in section[-1] if MEASURED_OUTPUT not in piece[1]]
    return data


def _archive(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        return {name: without_measurements(name)(archive.read(name)) for name in names}
