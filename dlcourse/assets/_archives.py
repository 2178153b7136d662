"""Take single files out of archives, by their exact names, and run nothing.

Names in an archive never become paths: a caller says which member goes to which file. So a
member called ``../../elsewhere`` is harmless, and a link is refused.
"""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from dlcourse.assets._catalogue import SourceError

#: What reading a broken archive raises, besides what we raise ourselves.
BROKEN = (
    EOFError, KeyError, RuntimeError, ValueError, lzma.LZMAError, tarfile.TarError,
    zipfile.BadZipFile, zlib.error, gzip.BadGzipFile,
)  # fmt: skip


def extract(archive: Path, targets: dict[str, tuple[Path, int]]) -> None:
    """Write members of a wheel, zip, tar (compressed or not) or Debian package to files.

    ``targets`` has for each member's name the file to write, and the largest size that it may have.
    What is damaged, missing, too large or no ordinary file is a SourceError.
    """
    try:
        if zipfile.is_zipfile(archive):
            _extract_zip(archive, targets)
        elif archive.suffix == ".deb":
            with archive.open("rb") as file:
                _skip_to_data(file, archive.name)
                _extract_tar(file, archive.name, targets)
        else:
            with archive.open("rb") as file:
                _extract_tar(file, archive.name, targets)
    except BROKEN as error:
        raise SourceError(f"{archive.name} cannot be unpacked ({error})") from error


def _extract_zip(archive: Path, targets: dict[str, tuple[Path, int]]) -> None:
    """Write members of a zip archive, such as a wheel, to files."""
    with zipfile.ZipFile(archive) as content:
        for member, (target, limit) in targets.items():
            try:
                stream = content.open(member)
            except KeyError:
                raise SourceError(f"{archive.name} has no member {member}") from None
            with stream:
                write(stream, target, limit, compressed=member.endswith(".gz"))


def _extract_tar(file: IO[bytes], name: str, targets: dict[str, tuple[Path, int]]) -> None:
    """Write members of a tar archive that begins at the place where the file stands."""
    left = dict(targets)
    # As a stream, from front to back: an xz archive is slow to seek in.
    with tarfile.open(fileobj=file, mode="r|*") as content:
        for member in content:
            if member.name not in left:
                continue
            if not member.isreg():
                raise SourceError(f"{name}: {member.name} is a link or no ordinary file")
            stream = content.extractfile(member)
            assert stream is not None  # it is an ordinary file
            target, limit = left.pop(member.name)
            write(stream, target, limit, compressed=member.name.endswith(".gz"))
            if not left:
                return
    raise SourceError(f"{name} has no member {min(left)}")


def _skip_to_data(file: IO[bytes], name: str) -> None:
    """Move to the part of a Debian package that holds its files: the last of an ar archive."""
    if file.read(8) != b"!<arch>\n":
        raise SourceError(f"{name} is no Debian package")
    while header := file.read(60):
        if header.startswith(b"data.tar"):
            return
        size = int(header[48:58])
        file.seek(size + size % 2, io.SEEK_CUR)  # members begin at even places
    raise SourceError(f"{name} has no data.tar")


def write(stream: IO[bytes], target: Path, limit: int, *, compressed: bool = False) -> None:
    """Write a stream to a file, unpacked on request, and stop when it grows over its limit."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = gzip.GzipFile(fileobj=stream) if compressed else stream
    with target.open("wb") as file:
        while block := source.read(1 << 20):
            if file.tell() + len(block) > limit:
                raise SourceError(
                    f"{target.name} is larger than the {limit} bytes that it should be"
                )
            file.write(block)
