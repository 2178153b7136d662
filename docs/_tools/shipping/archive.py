"""The whole site as one archive, for reading without a network.

It is made when all languages are rendered, from the files as they are, and is the same bytes for
the same files. What is of no use without a server is left out, and so is the ONNX runtime, which
is larger than all the rest. Then the sizes of the archives are written behind their links.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from _ext.common.files import write
from _ext.downloads.archives import ARCHIVES, SITE

FOLDER = SITE.removesuffix(".zip")
"""The one folder in the archive."""

LEFT_OUT = re.compile(
    r"""
    (.+/)?404\.html | robots\.txt | sitemap\.xml | .+/sitemap\.txt  # for servers
    | (.+/)?\..* | .+\.map | .+/objects\.inv | .+/webpack-macros\.html  # for developers
    | .+/_static/onnxruntime/.*
    | .+\.part
    """,
    re.VERBOSE,
)

COMPRESSED = {".webp", ".whl", ".woff2", ".zip"}
"""Files that would not become smaller."""

_CANONICAL = re.compile(r'<link rel="canonical" href="([^"]+)"')
_SIZE = re.compile(rb'(<span class="file-size" data-size-of="(\w+)">)[^<]*(</span>)')
_LINK = re.compile(rf'(?<=href=")(?:\.\./)+{re.escape(SITE)}(?=")'.encode())


def finish(html: Path) -> None:
    """Write the archive of the built site in a folder, and the sizes on the pages."""
    archive = html / SITE
    files = sorted(file for file in html.rglob("*") if file.is_file() and file != archive)
    _write(archive, html, [file for file in files if _wanted(file.relative_to(html).as_posix())])
    for page in files:
        if page.suffix == ".html":
            _write_sizes(page, html / page.relative_to(html).parts[0])


def discard(html: Path) -> None:
    """Remove the archive, which is that of the pages before those that are rendered next."""
    (html / SITE).unlink(missing_ok=True)


def size_text(size: int) -> str:
    """Return a size as readers know it, with a no-break space.

    Examples
    --------
    >>> size_text(300), size_text(65_536), size_text(4_230_000)
    ('1\\xa0kB', '66\\xa0kB', '4.2\\xa0MB')
    """
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))}\N{NO-BREAK SPACE}kB"
    return f"{size / 1_000_000:.1f}\N{NO-BREAK SPACE}MB"


def _wanted(name: str) -> bool:
    return LEFT_OUT.fullmatch(name) is None


def _write(archive: Path, html: Path, files: list[Path]) -> None:
    """Write the archive under another name first: a killed build leaves no half of it."""
    canonical = _CANONICAL.search((html / "index.html").read_text(encoding="utf-8"))
    # The archive is not in itself: in there, its link leads to the site.
    address = (canonical[1] if canonical else "").encode() + SITE.encode()
    draft = archive.with_name(f"{archive.name}.part")
    with zipfile.ZipFile(draft, "w") as zipped:
        for file in files:
            content = file.read_bytes()
            if file.suffix == ".html":
                content = _LINK.sub(address, _SIZE.sub(rb"\1\3", content))
            entry = zipfile.ZipInfo(f"{FOLDER}/{file.relative_to(html).as_posix()}")  # of 1980
            entry.external_attr = 0o644 << 16
            small = file.suffix in COMPRESSED
            entry.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
            zipped.writestr(entry, content)
    draft.replace(archive)


def _write_sizes(page: Path, language: Path) -> None:
    """Write the sizes of the archives behind their links on a page."""
    content = page.read_bytes()

    def filled(match: re.Match[bytes]) -> bytes:
        file = language / ARCHIVES[match[2].decode()]
        return match[1] + f" · {size_text(file.stat().st_size)}".encode() + match[3]

    if (new := _SIZE.sub(filled, content)) != content:
        write(page, new)
