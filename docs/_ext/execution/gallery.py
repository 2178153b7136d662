"""Let sphinx-gallery take the outputs of lessons from the cache, and execute nothing.

sphinx-gallery runs a script again when its text changed, and only then. That is too often
(a typo in the prose) and too seldom (a change in ``dlcourse``). It has no hook in between, so
one of its functions is replaced, ``sphinx_gallery.gen_rst.execute_script``. What has to be executed
was executed before Sphinx started, see ``docs/_tools/execute.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx_gallery import gen_rst

from _ext.common import timeline
from _ext.common.paths import ROOT
from _ext.course.lessons import lesson_scripts
from _ext.execution import cache
from _ext.execution.key import code_facts, lesson_key

execute_script: Callable[..., tuple[list[str], float]] = gen_rst.execute_script


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures of a cell, see ``figures/scraper``."""
    from _ext.figures import scraper  # here: it loads Matplotlib, and Sphinx draws nothing

    return scraper.scrape(block, block_vars, gallery_conf)


def take_outputs(
    script_blocks: list[Any],
    script_vars: dict[str, Any],
    gallery_conf: dict[str, Any],
    file_conf: dict[str, Any],
) -> tuple[list[str], float]:
    """Take the outputs of a lesson from the cache, if there are any; see sphinx-gallery's function."""
    script, target = Path(script_vars["src_file"]), Path(script_vars["target_file"])
    # It holds for the whole process, and so for any other project that it builds.
    if not script_vars["execute_script"] or not script.is_relative_to(ROOT):
        return execute_script(script_blocks, script_vars, gallery_conf, file_conf)
    entry = cache.entry_of(script, lesson_key(script, ROOT))
    if not cache.is_complete(entry):
        cache.remove_outputs(target)
        script_vars["execute_script"] = False
        return execute_script(script_blocks, script_vars, gallery_conf, file_conf)
    blocks = cache.restore(entry, target)
    _mark_as_run(script_vars, target)
    return blocks, 0.0  # a time in the page would change it from build to build


def _mark_as_run(script_vars: dict[str, Any], target: Path) -> None:
    """Leave behind what sphinx-gallery's own function leaves behind after a run."""
    script_vars["example_globals"] = {}
    script_vars["memory_delta"] = 0.0
    script_vars["passing"] = True
    checksum = gen_rst.get_md5sum(str(target), mode="t")
    Path(f"{target}.md5").write_text(checksum, encoding="utf-8")


def prepare_gallery(app: Sphinx) -> None:
    """Before sphinx-gallery looks: forget what is stale, remove what has no source any more."""
    lessons_dir = Path(app.srcdir) / "lessons"
    scripts = lesson_scripts()
    cache.remove_traces(lessons_dir, scripts)
    # The first build renders everything anew: a setting of sphinx-gallery may have changed.
    first = (
        app.config.language == "en" and not (Path(app.doctreedir) / ENV_PICKLE_FILENAME).exists()
    )
    anew = first or _unfinished_marker(app).exists()
    for script in scripts:
        key = lesson_key(script, ROOT)
        target = lessons_dir / script.parent.name / script.name
        if anew or not cache.is_kept(script, key) or cache.recorded_key(target) != key:
            Path(f"{target}.md5").unlink(missing_ok=True)
    lessons_dir.mkdir(parents=True, exist_ok=True)
    _unfinished_marker(app).touch()


def finish_gallery(app: Sphinx) -> None:
    """After sphinx-gallery: its files are whole."""
    if app.config.language == "en":  # which alone has looked at all code
        code_facts.forget_unused()
    _unfinished_marker(app).unlink()


def _unfinished_marker(app: Sphinx) -> Path:
    return Path(app.srcdir) / "lessons" / ".unfinished"


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace the function; connect before and after sphinx-gallery, which runs at priority 500."""
    gen_rst.execute_script = take_outputs
    app.connect("builder-inited", prepare_gallery, priority=timeline.PREPARE_LESSONS)
    app.connect("builder-inited", finish_gallery, priority=timeline.AFTER_GALLERY)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
