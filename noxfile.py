"""The course's commands: `nox -l` lists them, `nox -s NAME` runs one."""

import hashlib
import os
import shlex
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"  # `python` makes the environments, mostly one for all
nox.options.sessions = ["docs"]

LOCKS = Path("requirements")
#: Environments are of one Python each: who changes to another gets new ones beside them.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ENVIRONMENTS = {
    "course": "dev.txt",
    "bench": "bench.txt",
}
#: Tests run side by side, in four processes at most: each loads PyTorch. (A browser keeps all cores
#: busy by itself: the checks of the site run one after the other.)
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"]
WEB_PACKAGES = "docs/_tools/web_packages.py"
COMPILE = [
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
]


def install(session: nox.Session, name: str) -> Path:
    """Make an environment, or bring it up to date with what is locked for it; return its Python."""
    environment = Path(".nox", f"{name}-{PYTHON}")
    lock = LOCKS / ENVIRONMENTS[name]
    program = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = environment / "installed"
    wanted = hashlib.sha256(lock.read_bytes() + Path("pyproject.toml").read_bytes()).hexdigest()
    if not (program.exists() and stamp.exists() and stamp.read_text() == wanted):
        uv = ["uv", "pip", "install", "--quiet", "--python", str(program)]
        if not program.exists():
            # --clear: the Python that an earlier one was made from may be gone.
            create = ["uv", "venv", "--quiet", "--clear", "--python", sys.executable]
            session.run(*create, str(environment))
        session.run(*uv, "--compile-bytecode", "--require-hashes", "-r", str(lock))
        session.run(*uv, "--no-deps", "--no-build-isolation", "--editable", ".")
        stamp.write_text(wanted)
    return program


def python(session: nox.Session, *arguments: str, name: str = "course") -> None:
    """Run Python in an environment, after installing what is locked for it if that changed."""
    program = install(session, name)
    # After Ctrl-C, leave the program the time to end its own processes and to say what is kept.
    session.run(str(program), *arguments, interrupt_timeout=15)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site; `-- 04 09` executes only these, `-- --check-third COMMIT` a third anew."""
    python(session, "docs/_tools/build.py", *session.posargs)


@nox.session
def serve(session: nox.Session) -> None:
    """Build the site, serve it on 127.0.0.1 and build again on every change."""
    python(session, "docs/_tools/serve.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests and all doctests; those marked GPU need CUDA, or are skipped."""
    python(session, WEB_PACKAGES)
    python(session, "-m", "pytest", *SIDE_BY_SIDE, "--ignore=tests/site", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Run only what is marked GPU; without CUDA this is an error."""
    python(session, "tests/support/gpu_checks.py", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Plant the faults of `tests/faults`, one at a time, and see that the tests notice them."""
    python(session, WEB_PACKAGES)
    python(session, "tests/support/plant_faults.py", *session.posargs)


@nox.session
def i18n(session: nox.Session) -> None:
    """Extract the texts, update the Chinese catalogues, report; `-- --check` only checks."""
    python(session, "docs/_tools/i18n", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Check the built site in a real browser; `-- --all` opens pages anew in each mode, runs all downloads."""
    python(session, "docs/_tools/build.py")
    python(session, "-m", "pytest", "tests/site", *session.posargs)


@nox.session
def book(session: nox.Session) -> None:
    """Build the site, and make a book of its pages in each language: a PDF and an ePub."""
    python(session, "docs/_tools/build.py")
    python(session, "docs/_tools/book", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: `-- training` (other libraries), `-- pages`, `-- loop`, `-- reproducible`."""
    name, *options = session.posargs or ["training"]
    if name not in ("training", "pages", "loop", "reproducible"):
        known = "training, pages, loop or reproducible"
        session.error(f"There is no bench {name!r}: name {known} first.")
    if name == "pages":
        python(session, "docs/_tools/build.py")
    if name == "loop":
        python(session, WEB_PACKAGES)
    environment = "bench" if name == "training" else "course"
    python(session, f"bench/bench_{name}.py", *options, name=environment)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types."""
    python(session, "-m", "ruff", "check")
    python(session, "-m", "ruff", "format", "--check")
    python(session, "-m", "mypy")


@nox.session
def fresh(session: nox.Session) -> None:
    """Try the newest packages in a copy, report what changes; `-- --packages tqdm`, `-- --lessons 04`."""
    nox_command = shlex.join([sys.executable, "-m", "nox"])
    python(session, "docs/_tools/fresh.py", "--nox", nox_command, *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Compile the locked versions anew from pyproject.toml; `-- --upgrade` raises them."""
    compile_ = [*COMPILE, "--python-version", "3.11", "-c", "requirements/constraints.in"]
    compile_ += ["--extra", "visdom"]
    lessons = str(LOCKS / "lessons.txt")
    session.run(*compile_, *session.posargs, "pyproject.toml", "-o", lessons)
    for group, lock in (("dev", LOCKS / "dev.txt"), ("bench", LOCKS / "bench.txt")):
        inputs = ["pyproject.toml", "--group", group, "-c", lessons]
        session.run(*compile_, *session.posargs, *inputs, "-o", str(lock))
