"""Serve a folder on this machine as a plain web server does."""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

TEXT_TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
LATE = (".png", ".svg", ".webp", ".woff2", ".woff")


@cache
def compressed(file: Path) -> bytes:
    """Return the content of a file as gzip."""
    return gzip.compress(file.read_bytes(), mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Serve files; missing ones get the 404 page of their language."""

    prefix = "/"
    late_s = 0.0
    compress = False
    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(self.prefix))

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix in LATE:
            time.sleep(self.late_s)
        kind = self.guess_type(path)
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        if self.compress and accepted and path.is_file() and kind.startswith(TEXT_TYPES):
            self._send(200, kind, compressed(path), {"Content-Encoding": "gzip"})
        else:
            super().do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        folder = urlsplit(self.path).path.removeprefix(self.prefix).split("/")[0]
        pages = [Path(self.directory, folder, "404.html"), Path(self.directory, "404.html")]
        body = next((page.read_bytes() for page in pages if page.is_file()), b"not found")
        self._send(code, "text/html", body, {})

    def _send(self, code: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        text = kind.startswith(TEXT_TYPES)
        self.send_response(code)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests report what matters."""


class Server(ThreadingHTTPServer):
    """A server that does not mind a browser that goes away in the middle of an answer."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(
    folder: Path, prefix: str = "/", *, late_s: float = 0.0, compress: bool = False
) -> Iterator[str]:
    """Serve a folder at a free port of 127.0.0.1.

    Parameters
    ----------
    folder : Path
    prefix : str
        The path of the site, with a slash at each end.
    late_s : float
        How many seconds later images and fonts come than everything else, as they do for most
        readers: what moves then is seen.
    compress : bool
        Whether texts are sent as gzip.

    Yields
    ------
    str
        The address, with a slash at its end.
    """
    settings = {"prefix": prefix, "late_s": late_s, "compress": compress}
    handler = type("FolderHandler", (Handler,), settings)

    def in_folder(*arguments: object) -> SimpleHTTPRequestHandler:
        return handler(*arguments, directory=str(folder))

    with Server(("127.0.0.1", 0), in_folder) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}{prefix}"
        httpd.shutdown()
        thread.join()
