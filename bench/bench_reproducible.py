"""Whether two builds of the course, each from nothing in a folder of its own, give the same site.

Run it with ``nox -s bench -- reproducible``. It builds the last commit twice, so it takes twice as
long as a first build. ``--folders A B`` compares two sites that are there already. ``--kills 10`` kills
a first build at ten moments, evenly spread over its time, each time from nothing, builds again and
compares with the site of an undisturbed build; it does so with the tiny course of the tests, or with
``--whole`` with this one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs"), str(ROOT / "tests" / "support")]

from site_difference import contents, differences
from tests.pipeline.conftest import make_project

SECONDS_TO_END = 20

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


class Killed:
    """A course whose builds are killed."""

    def __init__(self, folder: Path, *, whole: bool) -> None:
        self.folder = folder / "course"
        if whole:
            subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, self.folder], check=True)
        else:
            make_project(self.folder)
        self.shared = folder / "shared"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "DLCOURSE_OUTPUTS": str(self.shared),
            "TINY_LOG": str(folder / "log"),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start a build, in a group of processes of its own."""
        return subprocess.Popen(
            [sys.executable, "docs/_tools/build.py"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def build(self) -> float:
        """Build, and return the seconds it took."""
        started = time.monotonic()
        if self.start().wait() != 0:
            sys.exit("A build failed.")
        return time.monotonic() - started

    def clear(self) -> None:
        """Remove all that was built, also for other clones."""
        for made in (self.folder / "build", self.folder / "docs/lessons", self.shared):
            shutil.rmtree(made, ignore_errors=True)

    def processes(self) -> list[psutil.Process]:
        """Return the processes that work in the folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if Path(process.cwd()).is_relative_to(self.folder):
                    found.append(process)
        return found

    def kill_after(self, seconds: float) -> list[psutil.Process]:
        """Build from nothing and kill the build; return the processes that do not end then."""
        self.clear()
        build = self.start()
        with suppress(subprocess.TimeoutExpired):
            build.wait(seconds)
        os.killpg(build.pid, signal.SIGKILL)
        build.wait()
        return psutil.wait_procs(self.processes(), timeout=SECONDS_TO_END)[1]


def kill(count: int, *, whole: bool) -> int:
    """Kill a build at some moments; return the number of moments after which something was wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        course = Killed(Path(temporary), whole=whole)
        seconds = course.build()
        expected = contents(course.folder / "build" / "html")
        for number in range(count):
            moment = seconds * (number + 0.5) / count
            left = course.kill_after(moment)
            took = course.build()
            found = differences(contents(course.folder / "build" / "html"), expected)
            bad = [*found["different"], *found["alone"], *(" ".join(p.cmdline()) for p in left)]
            wrong += bool(bad)
            result = "; ".join(bad) or "the same site, and no process is left"
            print(f"killed after {moment:.1f} of {seconds:.1f} s, then {took:.1f} s: {result}")
    return wrong


def main() -> int:
    """Print how many files are the same, and the names of those that are not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folders", nargs=2, type=Path, help="two sites, instead of building")
    parser.add_argument("--kills", type=int, metavar="COUNT", help="kill first builds instead")
    parser.add_argument("--whole", action="store_true", help="kill those of the whole course")
    options = parser.parse_args()
    if options.kills:
        return 1 if kill(options.kills, whole=options.whole) else 0
    if options.folders:
        found = differences(*map(contents, options.folders))
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
