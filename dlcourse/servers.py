"""Servers that a lesson starts on this machine and that never outlive it; and pictures of pages.

A server is a child process that holds a pipe from its parent. When the pipe is closed, because the
lesson is done with the server or because it was killed, the child ends. It is started with::

    python -m dlcourse.servers (-m MODULE | SCRIPT) [ARGUMENT …]
"""

import atexit
import contextlib
import ctypes
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

LOCALHOST = "127.0.0.1"
"""The address under which a machine reaches itself, and nobody else reaches it."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_BECOME = "--become"
_PR_SET_PDEATHSIG = 1
_STOP_S = 5
_LAST_CHARACTERS = 1500


def free_port() -> int:
    """Return the number of a port on which nothing listens.

    Returns
    -------
    int
        A port that the system has just chosen. Use it soon: another program may take it.

    Examples
    --------
    >>> 1024 <= free_port() <= 65535
    True
    """
    with socket.socket() as listener:
        listener.bind((LOCALHOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def serve(arguments: Sequence[str], port: int, *, ready_s: float = 120) -> Iterator[str]:
    """Run a server while the block runs, and end it afterwards, whatever happens.

    Parameters
    ----------
    arguments : sequence of str
        What Python is given: ``["-m", module, …]``, or a script and its arguments.
    port : int
        Where the server will listen, on 127.0.0.1.
    ready_s : float, default 120
        How many seconds it may take until it accepts connections.

    Yields
    ------
    str
        The address of the server, for example ``"http://127.0.0.1:6006"``.

    Raises
    ------
    RuntimeError
        If the server ends by itself, or is not ready in time. The message has its last words.

    Examples
    --------
    >>> from urllib.request import urlopen
    >>> port = free_port()
    >>> command = ["-m", "http.server", str(port), "--bind", "127.0.0.1"]
    >>> with serve(command, port) as address:
    ...     urlopen(address).status
    200
    """
    command = [sys.executable, "-m", __name__, *arguments]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, port, time.monotonic() + ready_s)
        except RuntimeError as error:
            _end(process)
            log.seek(0)
            said = log.read().decode(errors="replace").strip()[-_LAST_CHARACTERS:]
            raise RuntimeError(f"{error}; it said: {said or 'nothing'}") from None
        except BaseException:
            _end(process)
            raise
        try:
            yield f"http://{LOCALHOST}:{port}"
        finally:
            _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, deadline: float) -> None:
    """Return as soon as the port accepts a connection."""
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex((LOCALHOST, port)) == 0:
                return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server does not listen on port {port}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server: close its pipe, and kill it if that does not help."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_browser() -> str | None:
    """Return the path of Chromium or Chrome, or None if there is none.

    Returns
    -------
    str or None
        What the variable ``DLCOURSE_CHROMIUM`` names, else the first one on the path.

    Examples
    --------
    >>> found = find_browser()
    >>> found is None or Path(found).is_file()
    True
    """
    names = [os.environ.get("DLCOURSE_CHROMIUM") or _BROWSERS[0], *_BROWSERS]
    return next(filter(None, map(shutil.which, names)), None)


def photograph(
    url: str, width: int, height: int, *, wait_ms: int = 15_000, limit_s: float = 240
) -> bytes | None:
    """Photograph a page of this machine with the browser, if there is one.

    Parameters
    ----------
    url : str
        The page. Addresses outside 127.0.0.1 are not reached.
    width, height : int
        The size of the window, in pixels.
    wait_ms : int, default 15000
        How far the page's own clock runs before the picture is taken, in milliseconds.
    limit_s : float, default 240
        How many seconds the browser may take.

    Returns
    -------
    bytes or None
        The picture as PNG, or None if there is no browser, or if it took no picture in time.

    Examples
    --------
    >>> picture = photograph("data:text/html,<h1>loss</h1>", 300, 200, wait_ms=100)
    >>> picture is None or picture.startswith(bytes([137]) + b"PNG")
    True
    """
    browser = find_browser()
    if browser is None:
        return None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        picture = Path(folder, "page.png")
        options = [
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            # What the graphics card draws comes at a time of its own: the picture would be without it.
            "--disable-3d-apis",
            "--disable-blink-features=OffscreenCanvas",
            "--run-all-compositor-stages-before-draw",
            f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOCALHOST}",
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--virtual-time-budget={wait_ms}",
            f"--screenshot={picture}",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium refuses to run as root with its sandbox
        # By way of this module, which sees to it that the browser does not outlive us.
        command = [sys.executable, "-m", __name__, _BECOME, browser, *options, url]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, timeout=limit_s, capture_output=True, check=False)
        return picture.read_bytes() if picture.is_file() else None


def _end_with_the_pipe() -> None:
    """End this process when nobody holds the other end of its standard input any more.

    What it keeps in its temporary folder goes with it: TensorBoard, for one, would leave a note there.
    """
    folder = tempfile.mkdtemp()
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def watch() -> None:
        """Read until the end, which comes when the last holder is gone."""
        while os.read(0, 1024):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _end_with_the_parent(parent: int) -> None:
    """Ask Linux to kill this process, and what it becomes, when its parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # too late to be told
            os._exit(1)


def _main(arguments: list[str], parent: int) -> None:
    """Become the server, or the browser, that the arguments name."""
    if arguments[0] == _BECOME:
        _end_with_the_parent(parent)
        os.execv(arguments[1], arguments[1:])
    _end_with_the_pipe()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    _main(sys.argv[1:], os.getppid())
