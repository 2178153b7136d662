"""What the build knows about each lesson: what its script declares, and what its run measured.

The pages show these facts in several places: :mod:`lesson_header`, :mod:`ledger`. This module
reads them, writes quantities in the language of the page, and has a lesson's page rendered
again when its record has changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from babel.dates import format_date
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery._doctree_links import code_links_block
from sphinx_gallery.py_source_parser import extract_file_config, split_code_and_text_blocks

from execution_cache import record_file
from lesson_archives import is_lesson
from page_summary import OG_LOCALES

#: An unhurried reader of text that explains something. Silent readers of easy prose are faster.
WORDS_PER_MINUTE = 200
CHARACTERS_PER_MINUTE = 300
CODE_LINES_PER_MINUTE = 20

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
OUTPUT_CLASS = "sphx-glr-script-out"


class Lesson(NamedTuple):
    """The facts about one lesson."""

    docname: str
    settings: dict[str, Any]
    """What the script declares with ``# sphinx_gallery_x = …``."""
    record: dict[str, Any] | None
    """What was measured in its last run (see :mod:`run_record`); None if this build has no run."""
    cells: int
    """How many cells of code its script has."""

    @property
    def number(self) -> str:
        """Its number in two digits."""
        return number_of(self.docname)

    @property
    def cells_not_executed(self) -> int:
        """How many cells did not run."""
        return self.cells - (self.record["cells_executed"] if self.record else 0)


def number_of(docname: str) -> str:
    """Return the number in the name of a lesson's page, in two digits."""
    return docname.rpartition("/")[2].split("_")[1]


def lesson_names(env: BuildEnvironment) -> list[str]:
    """Return the pages of all lessons, in the order of the course."""
    return sorted(filter(is_lesson, env.found_docs))


def read(srcdir: Path, docname: str) -> Lesson:
    """Read the facts about a lesson from its script and from the record beside it."""
    script = (Path(srcdir) / docname).with_suffix(".py")
    settings = extract_file_config(script.read_text(encoding="utf-8"))
    blocks = split_code_and_text_blocks(script)[1]
    cells = sum(block.type == "code" for block in blocks)
    try:
        record = json.loads(record_file(script).read_text(encoding="utf-8"))
    except FileNotFoundError:
        record = None
    return Lesson(docname, settings, record, cells)


def reading_minutes(doctree: nodes.document) -> int:
    """Return how long reading a page takes: its prose and its code, without the outputs."""
    texts: list[str] = []
    code: list[str] = []
    _collect(doctree, texts, code)
    lines = sum(bool(line.strip()) for block in code for line in block.splitlines())
    prose = " ".join(texts)
    characters = len(_CHINESE.findall(prose))
    words = len(_WORD.findall(_CHINESE.sub(" ", prose)))
    minutes = (
        words / WORDS_PER_MINUTE
        + characters / CHARACTERS_PER_MINUTE
        + lines / CODE_LINES_PER_MINUTE
    )
    return max(1, round(minutes))


def _collect(node: nodes.Node, texts: list[str], code: list[str]) -> None:
    """Collect the texts of the prose below a node, and its blocks of code."""
    for child in node.children:
        if isinstance(child, nodes.literal_block | code_links_block):
            if _is_code(child):
                code.append(child.astext())
        elif isinstance(child, nodes.Text):
            texts.append(child)
        elif not isinstance(child, nodes.comment | nodes.raw):
            _collect(child, texts, code)


def _is_code(block: nodes.Node) -> bool:
    """Return whether a block is code, and not what a cell printed."""
    around = (block, block.parent)
    return not any(OUTPUT_CLASS in e["classes"] for e in around if isinstance(e, nodes.Element))


class Wording:
    """Quantities in the language of a page.

    Parameters
    ----------
    translate : callable
        The function that translates interface strings, see :mod:`site_strings`.
    language : str
        What Sphinx calls the language.
    """

    def __init__(self, translate: Callable[[str], str], language: str) -> None:
        self._translate = translate
        self._language = language

    def duration(self, seconds: float) -> str:
        """Return a run time: tenths below ten seconds, then seconds, then minutes as well."""
        _site = self._translate  # by this name the strings are found
        if seconds < 9.95:
            return _site("{seconds} s").format(seconds=f"{seconds:.1f}")
        minutes, rest = divmod(round(seconds), 60)
        if not minutes:
            return _site("{seconds} s").format(seconds=rest)
        if not rest:
            return _site("{minutes} min").format(minutes=minutes)
        return _site("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)

    def memory(self, mib: int) -> str:
        """Return an amount of memory."""
        return f"{mib} MiB"

    def day(self, moment: str) -> str:
        """Return the day of a date, or of a time in UTC, as ISO 8601 writes them."""
        day = datetime.fromisoformat(moment).date() if "T" in moment else date.fromisoformat(moment)
        return str(format_date(day, format="long", locale=OG_LOCALES[self._language]))


def changed(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Name the lessons whose records are not those of the last build."""
    lessons = lesson_names(env)
    files = {name: record_file(Path(app.srcdir) / name) for name in lessons}
    records = {name: file.read_text("utf-8") for name, file in files.items() if file.is_file()}
    before: dict[str, str] = getattr(env, "course_records", {})
    env.course_records = records  # type: ignore[attr-defined]  # ours
    return [name for name in lessons if records.get(name) != before.get(name)]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Compare the records with those of the last build."""
    app.connect("env-get-outdated", changed)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
