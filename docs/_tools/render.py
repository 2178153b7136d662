"""Run Sphinx on the site in one language: what ``sphinx-build`` does, with plain error messages.

    python docs/_tools/render.py [--builder html] [--handover FOLDER] [--fresh] [--verbose] LANGUAGE FOLDER

It runs in the folder of the project. ``sphinx-build`` reports every error as a crash of Sphinx:
versions, extensions, where to report it. Here an error that somebody foresaw is one message, and
only the others come with their traceback. Messages about the page that sphinx-gallery made of a
lesson name the lesson's script instead.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path

gc.disable()  # until all is imported, see docs/_ext/pages/quick_start.py

status = 1


def leave() -> None:
    """End this process now: Python would take seconds to give back all pages, object by object."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    atexit.register(leave)  # before all others: the first one runs last
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from _ext.common.driver import end_with

    # It must not write on where the next build begins; `docs/_ext/__init__.py` imports nothing.
    end_with(os.getppid())

import argparse
import io
import re
import traceback
from collections.abc import Sequence
from typing import IO, cast

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError, SphinxError
from sphinx.util.console import color_terminal, nocolor
from sphinx.util.docutils import docutils_namespace, patch_docutils

FAILED = 2
INTERRUPTED = 130

GENERATED_PLACE = re.compile(r"[^\n:]*docs/lessons/([^:\n]*)\.rst:(\d+)")
BLOCK_START = re.compile(r"\.\. GENERATED FROM PYTHON SOURCE LINES (\d+)-")


def name_scripts(text: str, root: Path) -> str:
    """Replace ``docs/lessons/….rst:LINE`` by the file and the line that its author knows."""

    def place(match: re.Match[str]) -> str:
        page, script = (root / folder / match[1] for folder in ("docs/lessons", "gallery"))
        page, script = page.with_suffix(".rst"), script.with_suffix(".py")
        if not (page.is_file() and script.is_file()):
            return match[0]
        line = script_line(page.read_text("utf-8"), int(match[2]), script.read_text("utf-8"))
        return f"{script.relative_to(root).as_posix()}:{line}"

    return GENERATED_PLACE.sub(place, text)


def script_line(page: str, page_line: int, script: str) -> int:
    """Return the line of a script that a line of its page was made from.

    The page says where each block of it begins in the script; below that line, the text is the
    same. A line that only the page has counts as the beginning of its block.
    """
    above = page.splitlines()[:page_line]
    starts = [int(match[1]) for line in above if (match := BLOCK_START.match(line))]
    start = starts[-1] if starts else 1
    text = above[-1].strip(" #") if above else ""
    for number, line in enumerate(script.splitlines()[start - 1 :], start):
        if text and line.strip(" #") == text:
            return number
    return start


class Messages(io.TextIOBase):
    """Standard error, with the names of scripts in place of those of generated pages."""

    def write(self, text: str) -> int:
        sys.stderr.write(name_scripts(text, Path.cwd()))
        return len(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Sphinx; return the exit status: 0, 1 after warnings, or one of the above."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("language", help="the language, as Sphinx calls it: en, zh_CN")
    parser.add_argument("folder", type=Path, help="the folder to write to")
    parser.add_argument("--builder", default="html")
    parser.add_argument("--handover", default="", help="see docs/_ext/execution/handover.py")
    parser.add_argument("--fresh", action="store_true", help="read all pages, changed or not")
    parser.add_argument("--verbose", action="store_true", help="show all that Sphinx says")
    options = parser.parse_args(arguments)
    if not color_terminal():
        nocolor()
    root = Path.cwd()
    try:
        with patch_docutils(str(root)), docutils_namespace():
            app = Sphinx(
                srcdir=root / "docs",
                confdir=root,
                outdir=root / options.folder,
                doctreedir=root / "build" / "doctrees" / options.folder.name,
                buildername=options.builder,
                confoverrides={
                    "language": options.language,
                    **({"course_handover": options.handover} if options.handover else {}),
                },
                status=sys.stdout if options.verbose else None,
                warning=cast(IO[str], Messages()),
                freshenv=options.fresh,
                warningiserror=True,
            )
            app.build()
            return app.statuscode
    except KeyboardInterrupt:
        return INTERRUPTED
    except SphinxError as error:
        print(f"\n{error.category}: {error}", file=sys.stderr)
        unforeseen = error.orig_exc if isinstance(error, ExtensionError) else None
        if unforeseen or options.verbose:
            traceback.print_exception(unforeseen or error)
        return FAILED


if __name__ == "__main__":
    status = main()
    sys.exit(status)
