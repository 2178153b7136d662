"""The lessons: which there are, where each one lies, what its script declares and its run measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx_gallery.py_source_parser import extract_file_config, split_code_and_text_blocks

from _ext.common.paths import GALLERY

#: The page with the data sets of the course.
DATA_PAGE = "datasets"

_LESSON = re.compile(r"lessons/[^/]+/lesson_[^/]+")
_BLOCK_STARTS = "GENERATED FROM PYTHON SOURCE LINES"


class Lesson(NamedTuple):
    """The facts about one lesson."""

    docname: str
    settings: dict[str, Any]
    """What the script declares with ``# sphinx_gallery_x = …``."""
    record: dict[str, Any] | None
    """What was measured in its last run, see ``execution/record``; None if this build has no run."""
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


def is_lesson(docname: str) -> bool:
    """Tell whether a page is a lesson.

    Examples
    --------
    >>> is_lesson("lessons/1_basics/lesson_04_tensors"), is_lesson("lessons/1_basics/index")
    (True, False)
    """
    return _LESSON.fullmatch(docname) is not None


def begins_block(node: nodes.Node) -> bool:
    """Tell whether a node is the comment that sphinx-gallery puts before each block of a script."""
    return isinstance(node, nodes.comment) and _BLOCK_STARTS in node.astext()


def lesson_scripts(gallery: Path = GALLERY) -> list[Path]:
    """Return the scripts of all lessons, in order."""
    return sorted(gallery.glob("*/lesson_*.py"))


def record_file(target: Path) -> Path:
    """Return the file that lies beside a generated lesson if it was executed."""
    return target.with_suffix(".record.json")


def source_path(env: BuildEnvironment, docname: str) -> str:
    """Return the file of the repository in which a page is written, in the language of the build.

    In another language than English that is the page's catalogue.
    """
    language = env.config.language
    if language != "en":
        return f"docs/locale/{language}/LC_MESSAGES/{docname}.po"
    if docname.startswith("lessons/"):
        folder, _, name = docname.removeprefix("lessons/").rpartition("/")
        file = "GALLERY_HEADER.rst" if name == "index" else f"{name}.py"
        return "/".join(filter(None, ["gallery", folder, file]))
    return f"docs/{Path(env.doc2path(docname, base=False)).as_posix()}"


def data_links(env: BuildEnvironment, names: list[str]) -> list[dict[str, str]]:
    """Return for each asset its title and its place on the page of the data sets.

    Parameters
    ----------
    env : BuildEnvironment
    names : list of str
        Names in the catalogue of ``dlcourse.assets``; the page has a label of that name for each.
    """
    labels = env.get_domain("std").data["labels"]
    links = []
    for name in names:
        docname, anchor, title = labels.get(name, ("", "", name))
        links.append({"page": docname, "anchor": anchor, "title": title, "name": name})
    return links
