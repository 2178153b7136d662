"""An empty cache, an empty catalogue and a registry of our own, for every test of the assets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcourse.assets import _catalogue
from fake_registry import Registry

FETCH = """
import sys
from pathlib import Path
from dlcourse import assets
from dlcourse.assets import _cache, _catalogue
_catalogue.ENTRIES = Path(sys.argv[1])
lock = _cache.FileLock
def tell_and_lock(file):
    print("files are missing", file=sys.stderr, flush=True)
    return lock(file)
_cache.FileLock = tell_and_lock
try:
    print(assets.path(sys.argv[2]))
except assets.AssetError as error:
    sys.exit(str(error))
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache: a folder that does not exist yet."""
    monkeypatch.setenv("DLCOURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the catalogue, empty."""
    folder = tmp_path / "entries"
    folder.mkdir()
    monkeypatch.setattr(_catalogue, "ENTRIES", folder)
    return folder


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that pip and npm ask instead of the ones this machine is set up for."""
    for name in [name for name in os.environ if name.upper().startswith(("PIP_", "NPM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Registry() as server:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.address}/simple/")
        monkeypatch.setenv("npm_config_userconfig", os.devnull)
        monkeypatch.setenv("npm_config_registry", f"{server.address}/")
        yield server


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages, and an ``apt-get`` that "downloads" from it.

    Like the real one, it finds nothing before ``update`` unless a file ``lists`` is there.
    """
    folder, programs = tmp_path / "pool", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    (folder / "lists").touch()
    program = programs / "apt-get"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys\n"
        f"pool = pathlib.Path({str(folder)!r})\n"
        "with (pool / 'log').open('a') as log:\n"
        "    print(*sys.argv[1:], file=log)\n"
        "own = any('Dir::State::Lists=' in word for word in sys.argv)\n"
        "if 'update' in sys.argv:\n"
        "    sys.exit(0 if own else 'E: only root may do that')\n"
        "if not own and not (pool / 'lists').exists():\n"
        "    sys.exit('E: Unable to locate package tiny-data')\n"
        "packages = list(pool.glob('*.deb'))\n"
        "if not packages:\n"
        "    sys.exit('E: Version 1.0 for tiny-data was not found')\n"
        "shutil.copy(packages[0], '.')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), os.environ["PATH"]]))
    return folder


@pytest.fixture
def start(entries: Path) -> Iterator[Start]:
    """Return a function that starts a process that fetches an asset."""
    started = []

    def run(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", FETCH, str(entries), name]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()
