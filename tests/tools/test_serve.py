"""The local server: real processes, with a build that takes no time."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.sync.client import connect

TOOL = Path("docs", "_tools", "serve.py")
SERVE = Path(__file__).resolve().parents[2] / TOOL
#: Fails if a source says so, after it has spoilt the output; else counts builds and lists lessons.
BUILD = """
import pathlib, sys
root = pathlib.Path(__file__).parents[2]
page = root / "build/html/en/index.html"
page.parent.mkdir(parents=True, exist_ok=True)
count = int(page.read_text().split()[1]) if page.exists() else 0
if "broken" in (root / "docs/index.md").read_text():
    page.write_text("spoilt 0")
    sys.exit("docs/index.md:1: broken")
page.write_text(f"build {count + 1} of {sys.argv[1:]}")
(page.parent / "404.html").write_text("no such page")
(root / "build/html/index.html").write_text("root")
(root / "docs/lessons").mkdir(exist_ok=True)
(root / "docs/lessons/generated.rst").write_text(str(count))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with the real serve.py and a fake build.py beside it."""
    tools = tmp_path / "docs" / "_tools"
    tools.mkdir(parents=True)
    shutil.copy(SERVE, tools)
    (tools / "build.py").write_text(BUILD)
    (tmp_path / "docs" / "index.md").write_text("fine")
    return tmp_path


class Server:
    """A running serve.py."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = project / "server.log"
        with self.log.open("w") as log:
            command = [sys.executable, str(project / TOOL), "--port", str(self.port), *arguments]
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def get(self, path: str = "/en/") -> str:
        with urllib.request.urlopen(self.address + path, timeout=5) as answer:
            return answer.read().decode()

    def wait_for(self, text: str, times: int = 1) -> None:
        deadline = time.monotonic() + 20
        while self.output().count(text) < times:
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, f"{text!r} not {times} times in: {self.output()}"
            time.sleep(0.05)


@pytest.fixture
def start(project):
    """Return a function that starts the server; what still runs at the end is ended."""
    running = []
    yield lambda *arguments: running.append(Server(project, *arguments)) or running[-1]
    for server in running:
        server.process.kill()
        server.process.wait()


@pytest.fixture
def server(start):
    running = start("04", "09")
    running.wait_for("Serving")
    return running


def test_serves_the_site_and_its_404(server):
    assert server.get().startswith("build 1 of ['04', '09']")
    assert server.get("/").startswith("root")
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/en/lessons/nothing.html")
    with caught.value as answer:
        assert answer.code == 404
        assert answer.read().decode().startswith("no such page")


def test_change_builds_again_and_reloads_open_pages(server, project):
    assert "/websocket-reload" in server.get(), "the page holds the script that reloads it"
    with connect(f"ws://127.0.0.1:{server.port}/websocket-reload") as page:
        (project / "docs" / "lessons" / "generated.rst").write_text("what a build writes")
        (project / "docs" / "index.mo").write_bytes(b"compiled")
        (project / "docs" / "index.md").write_text("better")
        assert page.recv(timeout=20) == "reload"
    assert server.get().startswith("build 2")
    assert server.output().count("Changed") == 1, "what a build writes is no change"
    assert "Changed: docs/index.md. Building." in server.output()


def test_change_during_a_build_builds_again(project, start):
    build = project / "docs" / "_tools" / "build.py"
    wait = "print('waiting', flush=True)\nwhile 'fine' in (root / 'docs/index.md').read_text(): time.sleep(0.05)\n"
    build.write_text("import time\n" + BUILD.replace("page =", wait + "page =", 1))
    running = start()
    running.wait_for("waiting")
    (project / "docs" / "index.md").write_text("better")
    running.wait_for("Serving", times=2)
    assert running.get().startswith("build 2")


def test_failing_build_keeps_the_last_good_site(server, project):
    (project / "docs" / "index.md").write_text("broken")
    server.wait_for("The build failed: see above.")
    assert "docs/index.md:1: broken" in server.output()
    assert server.get().startswith("build 1")
    (project / "docs" / "index.md").write_text("repaired")
    server.wait_for("Serving", times=2)
    assert server.get().startswith("build 1 of"), "the count began anew in the spoilt page"


def test_port_in_use_is_one_message(project):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, str(project / TOOL), "--port", port]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert f"--port {int(port) + 1}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "build").exists(), "nothing is built for a server that cannot start"


def test_ctrl_c_ends_with_one_line(server):
    said = server.output()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=10) == 0
    assert server.output().removeprefix(said).strip() == "Stopped serving."


def test_ctrl_c_ends_a_running_build(project, start):
    build = project / "docs" / "_tools" / "build.py"
    build.write_text("import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(600)\n")
    running = start()
    running.wait_for("pid")
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=10) == 0
    pid = running.output().split()[1]
    assert not Path(f"/proc/{pid}").exists()
    assert running.output().strip().endswith("Stopped serving.")
