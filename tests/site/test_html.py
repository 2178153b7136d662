"""Every page is valid HTML, by the checker of the W3C's Nu validator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def errors_in(web_tools):
    """A function that returns the errors in HTML files, all in one run of the checker."""
    java = os.environ.get("DLCOURSE_JAVA") or shutil.which("java")
    if java is None or not Path(java).is_file():
        pytest.fail(
            f"The HTML checker needs Java ({java or 'java'} was not found): run"
            " `apt-get install default-jre-headless`, or name the program in DLCOURSE_JAVA",
            pytrace=False,
        )
    (jar,) = (web_tools / "vnu-jar").rglob("vnu.jar")

    def errors_in(files: list[Path]) -> list[str]:
        options = ["--errors-only", "--exit-zero-always", "--format", "json", "--stdout"]
        done = subprocess.run(
            [java, "-jar", jar, *options, *files], capture_output=True, check=True, text=True
        )
        return [
            f"{message['url']}:{message.get('lastLine', '')}: {message['message']}"
            f" ({message.get('extract', '').strip()})"
            for message in json.loads(done.stdout)["messages"]
        ]

    return errors_in


def test_all_pages_are_valid(built, errors_in):
    errors = errors_in([built.root / page for page in built.pages])
    assert not errors, "\n".join(errors)


def test_errors_are_noticed(tmp_path, errors_in):
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><html lang=en><title>x</title><p><div></p>", "utf-8")
    assert "No “p” element in scope" in "\n".join(errors_in([page]))
