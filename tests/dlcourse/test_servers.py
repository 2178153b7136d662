"""Servers of lessons start, answer, and never outlive who started them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

import pytest
from PIL import Image

from dlcourse import servers

WAIT_S = 60
OWNER = """
import os, sys, time
from dlcourse.servers import free_port, serve
port = free_port()
with serve(["-m", "http.server", str(port), "--bind", "127.0.0.1"], port):
    print(port, flush=True)
    time.sleep(600)
"""


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((servers.LOCALHOST, port)) == 0


def wait_until_silent(port: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while listens(port):
        assert time.monotonic() < deadline, f"something still listens on port {port}"
        time.sleep(0.05)


def command(port: int) -> list[str]:
    return ["-m", "http.server", str(port), "--bind", servers.LOCALHOST]


def test_a_server_answers_and_is_gone_after_the_block() -> None:
    port = servers.free_port()
    with servers.serve(command(port), port) as address:
        assert urlopen(address).status == 200
    assert not listens(port)


def test_a_server_is_gone_after_an_error_in_the_block() -> None:
    port = servers.free_port()
    with pytest.raises(ZeroDivisionError), servers.serve(command(port), port):
        _ = 1 / 0
    assert not listens(port)


def test_a_script_is_served_with_its_arguments(tmp_path: Path) -> None:
    script = tmp_path / "start.py"
    script.write_text(
        "import sys\n"
        "from http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    port = servers.free_port()
    with servers.serve([str(script), str(port)], port) as address:
        assert urlopen(address).status == 200


def test_what_a_server_keeps_in_its_temporary_folder_is_removed(tmp_path: Path) -> None:
    script, note = tmp_path / "start.py", tmp_path / "folder"
    script.write_text(
        "import sys, tempfile\n"
        "from pathlib import Path\n"
        "from http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "folder = Path(tempfile.gettempdir())\n"
        "(folder / 'pid.info').write_text('here')\n"
        f"Path({str(note)!r}).write_text(str(folder))\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    port = servers.free_port()
    with servers.serve([str(script), str(port)], port):
        folder = Path(note.read_text())
        assert (folder / "pid.info").exists()
    assert not folder.exists()


def test_a_server_that_fails_is_quoted(tmp_path: Path) -> None:
    script = tmp_path / "start.py"
    script.write_text("raise SystemExit('the disk is full')\n")
    with (
        pytest.raises(RuntimeError, match="ended with status 1; it said: the disk is full"),
        servers.serve([str(script)], servers.free_port()),
    ):
        pytest.fail("it was served")


def test_a_server_that_never_listens_is_ended(tmp_path: Path) -> None:
    script, note = tmp_path / "start.py", tmp_path / "pid"
    script.write_text(
        f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    port = servers.free_port()
    with (
        pytest.raises(RuntimeError, match=f"does not listen on port {port}; it said: nothing"),
        servers.serve([str(script)], port, ready_s=8),
    ):
        pytest.fail("it was served")
    if note.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(note.read_text()), 0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills in another way")
def test_a_server_ends_when_its_owner_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        assert listens(port)
        owner.send_signal(signal.SIGKILL)
    wait_until_silent(port)


def test_without_a_browser_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("DLCOURSE_CHROMIUM", raising=False)
    assert servers.find_browser() is None
    assert servers.photograph("http://127.0.0.1:9/", 100, 100) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent")
def test_the_browser_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    note, browser = tmp_path / "pid", tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho $$ > {note}.new; mv {note}.new {note}; exec sleep 600\n")
    browser.chmod(0o755)
    code = "from dlcourse.servers import photograph; photograph('http://127.0.0.1:9/', 9, 9)"
    environment = {**os.environ, "DLCOURSE_CHROMIUM": str(browser)}
    owner = subprocess.Popen([sys.executable, "-c", code], env=environment)
    deadline = time.monotonic() + WAIT_S
    while not note.exists():
        assert time.monotonic() < deadline, "the browser was not started"
        time.sleep(0.05)
    pid = int(note.read_text())
    owner.kill()
    owner.wait()
    while Path(f"/proc/{pid}/stat").exists() and _state(pid) != "Z":
        assert time.monotonic() < deadline, "the browser is still there"
        time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_the_recorded_picture_is_small_and_has_the_size_that_lesson_15_cuts() -> None:
    recorded = files("dlcourse").joinpath("pictures", "tensorboard.png")
    assert len(recorded.read_bytes()) < 150_000
    with recorded.open("rb") as file, Image.open(file) as picture:
        assert picture.size == (1040, 700)
