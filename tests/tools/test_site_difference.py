"""The comparison of two sites leaves out what is marked as measured, and nothing else."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from site_difference import differences

PAGE = """<!DOCTYPE html><html><body><dd data-measured>{time} s</dd>, then
<div class="sphx-glr-script-out"><pre>{ratio} times as long  (measured in this build)</pre></div>
<div class="sphx-glr-script-out"><pre>loss {loss}</pre></div><p>{text}</p></body></html>"""
BASE = {"time": 1, "ratio": 2.0, "loss": 0.5, "text": "words"}


def page(**changes: object) -> bytes:
    return PAGE.format(**BASE | changes).encode()


def ledger(**changes: object) -> bytes:
    lesson = {"number": "01", "run_time_s": 1.0, "cell_count": 9} | changes
    return json.dumps({"lessons": [lesson]}).encode()


def index(output: str) -> bytes:
    data = {"sections": [[0, "a", "Title", [], "lesson", [["prose", "x"], ["output", output]]]]}
    return b"globalThis.searchIndex=" + json.dumps(data).encode() + b";\n"


def archive(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("en/a.html", content)
    return stream.getvalue()


def kind(name: str, first: bytes, second: bytes) -> str:
    (found,) = (kind for kind, names in differences({name: first}, {name: second}).items() if names)
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "same"),
        ({"time": 9}, "measured"),
        ({"ratio": 3.1}, "measured"),
        ({"loss": 0.6}, "different"),
        ({"text": "other words"}, "different"),
        ({"time": 9, "loss": 0.6}, "different"),
    ],
)
def test_pages(changes, expected):
    assert kind("en/a.html", page(), page(**changes)) == expected
    assert kind("site.zip", archive(page()), archive(page(**changes))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"), [({"run_time_s": 2.0}, "measured"), ({"cell_count": 8}, "different")]
)
def test_ledger(changes, expected):
    assert kind("en/ledger.json", ledger(), ledger(**changes)) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("3 × (measured in this build)", "4 × (measured in this build)", "measured"),
        ("loss 3", "loss 4", "different"),
    ],
)
def test_search_index(first, second, expected):
    assert kind("zh/_static/search-index.js", index(first), index(second)) == expected


def test_any_other_byte_counts():
    assert kind("en/_images/a.png", b"a", b"b") == "different"
    assert kind("en/ledger.json.txt", ledger(), ledger(run_time_s=2.0)) == "different"


def test_file_of_one_site_only():
    assert differences({"a": b""}, {"b": b""})["alone"] == ["a", "b"]
