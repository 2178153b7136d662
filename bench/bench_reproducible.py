"""Whether two builds of the course, each from nothing in a folder of its own, give the same site.

Run it with ``nox -s bench -- reproducible``. It builds the last commit twice, so it takes twice as
long as a first build. ``--folders A B`` compares two sites that are there already.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from site_difference import contents, differences

MEANING = {
    "same": "the same bytes",
    "measured": "the same but for times, memory and dates, which are marked as measured",
    "different": "different",
    "alone": "in one of the two only",
}


def build(folder: Path) -> Path:
    """Build the last commit in a folder; return the site."""
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, folder], check=True)
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(folder), "DLCOURSE_OUTPUTS": "off"}
    command = [sys.executable, "docs/_tools/build.py"]
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )
    if done.returncode != 0:
        sys.exit(f"A build failed:\n{done.stdout}\n{done.stderr}")
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)
    return folder / "build" / "html"


def main() -> int:
    """Print how many files are the same, and the names of those that are not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folders", nargs=2, type=Path, help="two sites, instead of building")
    folders = parser.parse_args().folders
    if folders:
        found = differences(*map(contents, folders))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            sites = [contents(build(Path(temporary) / name)) for name in ("first", "second")]
        found = differences(*sites)
    for kind, meaning in MEANING.items():
        print(f"{len(found[kind]):5} files: {meaning}")
    for name in found["different"] + found["alone"]:
        print(f"      {name}")
    return 1 if found["different"] or found["alone"] else 0


if __name__ == "__main__":
    sys.exit(main())
