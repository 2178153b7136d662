"""Execute the code of Markdown pages before they are read, and keep the outputs while they hold.

myst-nb executes a page when Sphinx reads it, one page after the other. So the pages are executed with
the lessons, see ``docs/_tools/execute.py``, and myst-nb finds them in its cache.

It looks them up by the code of the page alone. What else the outputs depend on, the modules of
``dlcourse`` for one, is kept as a key beside them; outputs with another key are removed. Those of
other clones are taken over, and some pages executed anew, as with the lessons.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.matching import get_matching_files

from _ext.common import timeline
from _ext.common.files import digest
from _ext.common.paths import DOCS, ROOT
from _ext.common.store import Store
from _ext.execution import comparison, failures, shared
from _ext.execution.key import page_key
from _ext.execution.notebook_cache import get_cache
from _ext.execution.settings import settings


@dataclass
class Page:
    """A page with code."""

    name: str
    """Its name in Sphinx, for example ``solutions/lesson_09``."""
    file: Path
    key: str
    """What its outputs depend on, besides its code; see ``key.page_key``."""
    hashkey: str
    """The name of its kept outputs, which comes from its code."""
    read: Callable[[], NotebookNode]
    kept: NotebookNode | None = None
    """Its kept outputs, if it is executed to compare them."""

    @cached_property
    def notebook(self) -> NotebookNode:
        """Its cells, each with its outputs when it was executed."""
        return self.read()

    @property
    def shared_name(self) -> tuple[str, str, str]:
        """Its name, key and code, as ``shared`` wants them."""
        code = "\n".join(cell.source for cell in self.notebook.cells)
        return f"pages/{self.name}", digest(self.hashkey, self.key), code


#: What reads a page and names its outputs.
READERS = ("jupyter-cache", "myst-nb", "myst-parser")
_FINDER = Path(__file__).read_text(encoding="utf-8")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LINE = re.compile(r"Cell In\s?\[\d+\], line (\d+)")
ENDED = "the code ended Python, or the machine is short of memory"


def all_pages(*, forget: bool = False) -> list[Page]:
    """Return the pages with code; on request, forget what was found out about other texts."""
    conf = settings()
    markdown = MdParserConfig(enable_extensions=conf["myst_enable_extensions"])
    cache = get_cache(conf["nb_execution_cache_path"])
    page_facts = Store(cache.path / "pages")
    reader = repr([markdown, *map(importlib.metadata.version, READERS)])
    pages = []
    for source in sorted(get_matching_files(DOCS, ["**.md"], conf["exclude_patterns"])):
        file = Path(DOCS, source)
        text = file.read_text(encoding="utf-8")
        if not is_myst_markdown_notebook(text):
            continue
        read = partial(read_myst_markdown_notebook, text, markdown, add_source_map=True, path=file)
        find_out = partial(_find_out, read, cache)
        facts = json.loads(page_facts.get(find_out, _FINDER, reader, text))
        key = page_key(facts["code"], ROOT)
        pages.append(Page(source.removesuffix(".md"), file, key, facts["hashkey"], read))
    if forget:
        page_facts.forget_unused()
    return pages


def pages_to_run(again: Collection[str] = (), *, forget: bool = False) -> list[Page]:
    """Return the pages whose outputs are not kept, and those that are to be executed anew.

    Outputs that hold no more are removed.
    """
    cache = get_cache(settings()["nb_execution_cache_path"])
    found = []
    for page in all_pages(forget=forget):
        is_wanted = comparison.is_wanted(page.file.stem, again)
        is_kept = _is_kept(cache, page.hashkey, page.key) or _take(page, cache)
        if is_kept and is_wanted:
            kept = _outputs(cache, page.hashkey).read_text(encoding="utf-8")
            page.kept = _notebook(kept)
        if is_wanted or not is_kept:
            found.append(page)
    return found


def _find_out(read: Callable[[], NotebookNode], cache: JupyterCacheBase) -> bytes:
    """Return the code of a page, cell by cell, and the name of its kept outputs, as JSON."""
    notebook = read()
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    facts = {"code": code, "hashkey": cache.create_hashed_notebook(notebook)[1]}
    return json.dumps(facts).encode()


def _is_kept(cache: JupyterCacheBase, hashkey: str, key: str) -> bool:
    """Return whether the outputs of a page are in the cache; remove them if they hold no more."""
    try:
        record = NbCacheRecord.record_from_hashkey(hashkey, cache.db)
    except KeyError:
        return False
    outputs = _outputs(cache, hashkey)
    if record.data.get("key") == key and outputs.is_file():
        return True
    NbCacheRecord.remove_records([record.pk], cache.db)
    shutil.rmtree(outputs.parent, ignore_errors=True)
    return False


def _outputs(cache: JupyterCacheBase, hashkey: str) -> Path:
    """Return the file that holds a page with its outputs, without its texts."""
    return Path(cache.path, "executed", hashkey, "base.ipynb")


def execute(page: Page) -> bool:
    """Execute a page and keep its outputs; return whether it failed, and leave a note then."""
    error = _execute(page)
    if error:
        failures.note_page(page.name, error)
    return error is not None


def _execute(page: Page) -> str | None:
    """Execute a page and keep its outputs; return the error that stopped it, with its place."""
    print(f"  {page.name}: executing …", flush=True)
    timeout_s = settings()["nb_execution_timeout"]
    try:
        run = single_nb_execution(
            page.notebook, cwd=str(page.file.parent), timeout=timeout_s, allow_errors=False
        )
    except DeadKernelError:
        return f"{_name(page)}: {ENDED}"  # which cell it was, nobody is left to tell
    if isinstance(run.err, CellTimeoutError):
        return f"{_place(page)}: a cell took longer than {timeout_s} s"
    if run.err is not None:
        stack = COLOUR.sub("", run.err.traceback)
        print(stack, file=sys.stderr, flush=True)
        lines = LINE.findall(stack)
        message = f"{run.err.ename}: {run.err.evalue}"
        return f"{_place(page, int(lines[0]) if lines else 1)}: {message}"
    if page.kept is None:
        cache = get_cache(settings()["nb_execution_cache_path"])
        data = {"execution_seconds": run.time, "key": page.key}
        _keep(page, page.notebook, data, cache)
        outputs = _outputs(cache, page.hashkey).read_bytes()
        files = {"base.ipynb": outputs, "data.json": json.dumps(data).encode()}
        shared.put(*page.shared_name, files)
    else:
        _compare(page, page.kept)
    print(f"  {page.name}: executed in {run.time:.1f} s", flush=True)
    return None


def _keep(
    page: Page, notebook: NotebookNode, data: dict[str, Any], cache: JupyterCacheBase
) -> None:
    bundle = CacheBundleIn(notebook, str(page.file), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _take(page: Page, cache: JupyterCacheBase) -> bool:
    """Keep the outputs that another clone has made; return whether there are any."""
    files = shared.take(*page.shared_name)
    if files is None:
        return False
    notebook = _notebook(files["base.ipynb"].decode())
    _keep(page, notebook, json.loads(files["data.json"]), cache)
    return True


def _notebook(text: str) -> NotebookNode:
    notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # it has no types
    return notebook


def _compare(page: Page, kept: NotebookNode) -> None:
    """Leave a note of what was executed otherwise than it is kept."""
    cells = page.notebook.cells
    code = [index for index, cell in enumerate(cells) if cell.cell_type == "code"]
    new = [cells[index] for index in code]
    lines = [
        f"{_name(page)}:{_first_line(page, code[number])}: cell {number + 1}: {what}"
        for number, what in comparison.compare_page(kept.cells, new)
    ]
    comparison.note(page.name, lines)


def kept_outputs(page: Page) -> tuple[str, list[int]]:
    """Return the kept outputs of a page, as a notebook, and the lines in which its cells begin."""
    text = _outputs(get_cache(settings()["nb_execution_cache_path"]), page.hashkey)
    code = [i for i, cell in enumerate(page.notebook.cells) if cell.cell_type == "code"]
    return text.read_text(encoding="utf-8"), [_first_line(page, index) for index in code]


def _name(page: Page) -> str:
    return page.file.relative_to(ROOT).as_posix()


def _place(page: Page, line: int = 1) -> str:
    """Return the file and the line of the cell that was executed last, given the cell's own."""
    begun = [i for i, cell in enumerate(page.notebook.cells) if cell.get("execution_count")]
    if not begun:
        return _name(page)
    return f"{_name(page)}:{_first_line(page, begun[-1]) + line - 1}"


def _first_line(page: Page, index: int) -> int:
    """Return the line of the file in which the code of a cell begins."""
    source = page.notebook.cells[index].source.splitlines()
    lines = page.file.read_text(encoding="utf-8").splitlines()
    fence = page.notebook.metadata.source_map[index]
    below = range(fence, len(lines))  # the options of the cell come first
    return 1 + next((i for i in below if lines[i : i + len(source)] == source), fence)


def changed(
    _app: Sphinx, env: BuildEnvironment, _added: set[str], _changed: set[str], _removed: set[str]
) -> list[str]:
    """Have Sphinx read pages again whose outputs are others than when it read them last."""
    now = {page.name: f"{page.hashkey} {page.key}" for page in all_pages()}
    before: dict[str, str] = getattr(env, "course_page_outputs", {})
    env.course_page_outputs = now  # type: ignore[attr-defined]  # ours
    return [name for name in now if name in env.found_docs and now[name] != before.get(name)]


def keep_out_of_the_site(app: Sphinx) -> None:
    """Have myst-nb write executed notebooks beside the doctrees.

    Its own choice, ``jupyter_execute`` beside the folder of the language, would be published,
    and the languages would share it.
    """
    executed = Path(app.doctreedir) / "notebooks"
    app.env.mystnb_config = app.env.mystnb_config.copy(  # type: ignore[attr-defined]  # myst-nb's
        output_folder=str(executed)
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect after myst-nb, which makes its settings at priority 500."""
    app.connect("builder-inited", keep_out_of_the_site, priority=timeline.AFTER_GALLERY)
    app.connect("env-get-outdated", changed)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
