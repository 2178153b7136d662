"""Every page is valid HTML, by the checker of the W3C's Nu validator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def test_all_pages_are_valid(built, web_tools, tmp_path):
    java = os.environ.get("DLCOURSE_JAVA") or shutil.which("java")
    if java is None or not Path(java).is_file():
        pytest.fail(
            f"The HTML checker needs Java ({java or 'java'} was not found): run"
            " `apt-get install default-jre-headless`, or name the program in DLCOURSE_JAVA",
            pytrace=False,
        )
    (jar,) = (web_tools / "vnu-jar").rglob("vnu.jar")
    planted = tmp_path / "planted.html"
    planted.write_text("<!DOCTYPE html><html lang=en><title>x</title><p><div></p>", "utf-8")
    files = [planted, *(built.root / page for page in built.pages)]
    options = ["--errors-only", "--exit-zero-always", "--format", "json", "--stdout"]
    # One run of the checker for all pages: to start it takes as long as thirty pages.
    done = subprocess.run(
        [java, "-jar", jar, *options, *files], capture_output=True, check=True, text=True
    )
    errors = {True: [], False: []}
    for message in json.loads(done.stdout)["messages"]:
        errors[message["url"].endswith(planted.name)].append(
            f"{message['url']}:{message.get('lastLine', '')}: {message['message']}"
            f" ({message.get('extract', '').strip()})"
        )
    assert "No “p” element in scope" in "\n".join(errors[True]), "the checker notices nothing"
    assert not errors[False], "\n".join(errors[False])
