"""A package registry on this machine, for the real pip and npm, that can misbehave on request."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

NAME, VERSION = "tiny-data", "1.0"
WHEEL = "tiny_data-1.0-py3-none-any.whl"
SDIST = "tiny-data-1.0.tar.gz"
TARBALL = "tiny-data-1.0.tgz"
DEB = "tiny-data_1.0_all.deb"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Registry:
    """Serves ``files``; a file in ``cut`` stops after that many bytes, one in ``hold`` waits then."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.hold: set[str] = set()
        self.requests: list[str] = []
        self.release = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        # Asked to end, it looks up so often, in seconds.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, data: bytes) -> str:
        """Serve a file and return its address."""
        self.files[f"/files/{name}"] = data
        return f"{self.address}/files/{name}"

    def add_to_pip(self, archive: str, data: bytes, *, sha256_shown: str | None = None) -> None:
        """Serve a wheel or source distribution of tiny-data as an index for pip does."""
        address = self.add(archive, data)
        link = f'<a href="{address}#sha256={sha256_shown or sha256(data)}">{archive}</a>'
        self.files[f"/simple/{NAME}/"] = f"<!DOCTYPE html><html><body>{link}</body></html>".encode()

    def add_to_npm(self, data: bytes) -> None:
        """Serve a tarball of tiny-data as a registry for npm does."""
        dist = {"tarball": self.add(TARBALL, data), "shasum": hashlib.sha1(data).hexdigest()}
        version = {"name": NAME, "version": f"{VERSION}.0", "dist": dist}
        package = {"name": NAME, "versions": {f"{VERSION}.0": version}}
        package["dist-tags"] = {"latest": f"{VERSION}.0"}
        self.files[f"/{NAME}"] = json.dumps(package).encode()

    def downloads(self, name: str) -> int:
        return self.requests.count(f"/files/{name}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.requests.append(self.path)
                data = registry.files.get(self.path)
                if data is None:
                    self.send_error(404)
                    return
                html = data.startswith(b"<!DOCTYPE html>")
                kind = "text/html" if html else "application/octet-stream"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                name = self.path.rpartition("/")[2]
                end = registry.cut.get(name, len(data))
                if name in registry.hold:
                    end = len(data) // 2
                self.wfile.write(data[:end])
                if name in registry.hold:
                    self.wfile.flush()
                    registry.release.wait(60)
                    self.wfile.write(data[end:])

            def log_message(self, *_: object) -> None:
                """Say nothing: the tests look at ``requests``."""

        return Handler


def wheel(files: dict[str, bytes]) -> bytes:
    """Return a wheel that holds these files."""
    info = "tiny_data-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in {**files, **metadata}.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tar(files: dict[str, bytes], links: dict[str, str] | None = None, mode: str = "w:gz") -> bytes:
    """Return a tar archive with these files and symbolic links."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]  # a str
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def deb(files: dict[str, bytes]) -> bytes:
    """Return a Debian package with these files: an ar archive of three members."""
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": tar({"./control": b"Package: tiny-data\n"}, mode="w:xz"),
        "data.tar.xz": tar(files, mode="w:xz"),
    }
    out = b"!<arch>\n"
    for name, data in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{0o100644:<8o}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def write_entry(
    folder: Path, name: str, files: dict[str, bytes], *sources: dict[str, object]
) -> None:
    """Write an entry of the catalogue: what the files should be, and where they come from."""
    keys = ("title", "description", "origin", "licence", "licence_from")
    lines = [*(f'{key} = "{key}"' for key in keys), "[files]"]
    for path, data in files.items():
        lines.append(f'"{path}" = {{ size = {len(data)}, sha256 = "{sha256(data)}" }}')
    for source in sources:
        lines.append("[[sources]]")
        # JSON writes strings and numbers as TOML does.
        tables = {key: value for key, value in source.items() if isinstance(value, dict)}
        lines += [f"{k} = {json.dumps(v)}" for k, v in source.items() if k not in tables]
        for table, pairs in tables.items():
            lines.append(f"[sources.{table}]")
            lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in pairs.items()]
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")


def package(kind: str, archive: str, data: bytes, member: str) -> dict[str, object]:
    """Return the facts of a source that is a package of a registry."""
    version = f"{VERSION}.0" if kind == "npm" else VERSION
    facts: dict[str, object] = {"kind": kind, "package": NAME, "version": version}
    return facts | {"archive": archive, "size": len(data), "sha256": sha256(data), "member": member}


def address(url: str) -> dict[str, object]:
    """Return the facts of a source that is an address."""
    return {"kind": "url", "member": url}
