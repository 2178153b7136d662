"""The wheel of ``dlcourse`` that the site serves, so that a downloaded lesson can install it.

It stands beside the languages, in ``packages/``, and is built again when the package changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from _ext.common.files import write

PACKAGE = "dlcourse"
FOLDER = "packages"
SOURCE_DATE = "1577836800"
"""The date of the files in the wheel, 2020-01-01, so that it is the same bytes every time."""


def name(config: Config) -> str:
    """Return the name of the wheel's file."""
    return f"{PACKAGE}-{config.release}-py3-none-any.whl"


def url(config: Config) -> str:
    """Return the address at which the site serves the wheel."""
    return f"{config.html_baseurl.rstrip('/')}/{FOLDER}/{name(config)}"


def build(app: Sphinx) -> None:
    """Build the wheel, unless the one that is there was built from the same files."""
    project = Path(app.confdir)
    wheel = Path(app.outdir).parent / FOLDER / name(app.config)
    stamp = Path(app.doctreedir).parent / f"{wheel.name}.sha256"
    inputs = _digest(*_inputs(project))
    if not (wheel.exists() and stamp.exists() and stamp.read_text() == inputs + _digest(wheel)):
        write(wheel, _built(project, wheel.name))
        stamp.write_text(inputs + _digest(wheel))
    for other in wheel.parent.glob(f"{PACKAGE}-*.whl"):
        if other != wheel:
            other.unlink()


def _inputs(project: Path) -> Iterator[Path]:
    settings = project / "pyproject.toml"
    metadata = tomllib.loads(settings.read_text("utf-8"))["project"]
    yield settings
    for pattern in (metadata.get("readme"), *metadata.get("license-files", ())):
        if pattern:
            yield from sorted(project.glob(pattern))
    for file in sorted((project / PACKAGE).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _built(project: Path, expected: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        environment = os.environ | {"SOURCE_DATE_EPOCH": SOURCE_DATE}
        result = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        built = sorted(path.name for path in Path(folder).iterdir())
        if result.returncode:
            raise ExtensionError(f"{project / 'pyproject.toml'}: no wheel:\n{result.stderr}")
        if built != [expected]:
            raise ExtensionError(
                f"{project / 'pyproject.toml'}: hatchling built {', '.join(built)}, but the site "
                f"links to {expected}: 'release' in conf.py must be the version of the package"
            )
        return (Path(folder) / expected).read_bytes()
