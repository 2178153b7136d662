"""Build the site, serve it on this machine, and build again when a source file changes.

    python docs/_tools/serve.py [--port 8000] [LESSON NUMBER …]

What is served is a copy of the last build that succeeded: while a build runs, and after one
that failed, the pages stay as they were. Open pages reload after a build. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from sphinx_autobuild.middleware import (  # type: ignore[import-untyped]  # it has no types
    JavascriptInjectorMiddleware,
)
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect
from watchfiles import Change, DefaultFilter, awatch

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "html"
HOST = "127.0.0.1"
WATCHED = ("docs", "gallery", "dlcourse", "conf.py")
LANGUAGE_FOLDERS = ("en", "zh")


class SourceFilter(DefaultFilter):
    """Let changes of sources pass, not of what a build writes among them."""

    ignore_paths = (ROOT / "docs" / "lessons", ROOT / "docs" / "_web" / "node_modules")

    def __call__(self, change: Change, path: str) -> bool:
        return not path.endswith(".mo") and super().__call__(change, path)


class Site:
    """The site: how it is built, the copy that is served, the open pages that look at it."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command = command
        self.served = folder / "site"
        self._pages: set[WebSocket] = set()

    async def build(self) -> bool:
        """Run the build; return whether it succeeded."""
        # In a session of its own, so that Ctrl-C reaches this program alone, which then ends it.
        process = await asyncio.create_subprocess_exec(*self.command, start_new_session=True)
        try:
            return await process.wait() == 0
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGTERM)
                await process.wait()

    def publish(self) -> None:
        """Replace the served copy by what was built."""
        fresh, old = self.served.with_name("fresh"), self.served.with_name("old")
        shutil.copytree(BUILT, fresh)
        if self.served.exists():
            self.served.rename(old)
        fresh.rename(self.served)
        shutil.rmtree(old, ignore_errors=True)

    async def keep_up_to_date(self, address: str) -> None:
        """Build now, and again after every change of a source file."""
        paths = [ROOT / name for name in WATCHED if (ROOT / name).exists()]
        changes = awatch(*paths, watch_filter=SourceFilter())
        while True:
            # Watch from before the build on: what is edited while it runs is built next.
            change = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)  # it begins now, not when the build first waits
            try:
                await self.update(address)
                changed = sorted(path for _, path in await change)
            finally:
                change.cancel()
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            print(f"\nChanged: {os.path.relpath(changed[0], ROOT)}{more}. Building.", flush=True)

    async def update(self, address: str) -> None:
        """Build once, show the result to the open pages, and say how it went."""
        if not await self.build():
            print(
                f"The build failed: see above. {address} still serves the last good site;"
                " it is built again when a file changes.",
                file=sys.stderr,
                flush=True,
            )
            return
        self.publish()
        for page in list(self._pages):
            with suppress(WebSocketDisconnect, RuntimeError):  # the page may just be closing
                await page.send_text("reload")
        print(f"Serving {address} (Ctrl-C ends it)", flush=True)

    async def connect(self, page: WebSocket) -> None:
        """Keep the connection of an open page until the page is left."""
        await page.accept()
        self._pages.add(page)
        with suppress(WebSocketDisconnect):
            while True:
                await page.receive_text()
        self._pages.discard(page)


def end_server(task: asyncio.Task[None]) -> None:
    """End the server when an error (a full disk, say) ended the task; it then shows the error."""
    if not task.cancelled():
        signal.raise_signal(signal.SIGINT)


def create_app(site: Site, address: str) -> Starlette:
    """Return the web server: the site, and a script in its pages that reloads them."""

    @asynccontextmanager
    async def watching(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(site.keep_up_to_date(address))
        task.add_done_callback(end_server)
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def files(folder: str) -> StaticFiles:
        # `html` gives folders their index.html, and missing pages the 404.html of the folder.
        return StaticFiles(directory=site.served / folder, html=True, check_dir=False)

    return Starlette(
        routes=[
            WebSocketRoute("/websocket-reload", site.connect),
            *(Mount(f"/{folder}", files(folder)) for folder in LANGUAGE_FOLDERS),
            Mount("/", files(".")),
        ],
        middleware=[
            Middleware(JavascriptInjectorMiddleware, ws_url=address.removeprefix("http://"))
        ],
        lifespan=watching,
    )


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the port of this machine; raise `OSError` if it is in use."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=int, default=8000, help="the port to serve on (8000)")
    parser.add_argument("lessons", nargs="*", metavar="NUMBER", help="lessons to execute: 04 09")
    options = parser.parse_args(arguments)
    try:
        listener = listen(options.port)
    except (OSError, OverflowError) as error:
        print(
            f"Port {options.port} of {HOST} cannot be used ({error}). If another program serves"
            f" there, stop it, or choose another port: nox -s serve -- --port {options.port + 1}",
            file=sys.stderr,
        )
        return 1
    address = f"http://{HOST}:{options.port}"
    command = [sys.executable, str(ROOT / "docs" / "_tools" / "build.py"), *options.lessons]
    with tempfile.TemporaryDirectory() as folder, listener:
        site = Site(command, Path(folder))
        if (BUILT / "index.html").exists():
            site.publish()  # the site of an earlier build, until the first one has finished
        config = uvicorn.Config(
            create_app(site, address),
            log_level="error",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        # uvicorn ends in order on Ctrl-C, and then raises what Ctrl-C raises.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    print("\nStopped serving.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
