"""Execute what has to run across all parts of the course, the longest lesson first.

sphinx-gallery goes through the parts one after the other, and through each part in order. With two
lessons at a time one process would wait at the end of each part, and the longest lesson, which
stands in the last one, would run alone. So they are executed here, before sphinx-gallery looks,
and it finds what its function ``generate_file_rst`` returned for them. The pages with code are
executed beside them, and so are not by myst-nb, which would do it one page after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx_gallery import gen_rst
from sphinx_gallery.py_source_parser import extract_file_config

import execution_cache
import figure_translation
import notebook_execution

Result = tuple[str, str, tuple[float, float], dict[str, Any]]

_generate_file_rst: Callable[..., Result] = gen_rst.generate_file_rst
#: What the function returned for a script, until sphinx-gallery asks for it.
_results: dict[Path, Result] = {}


def generate_file_rst(
    fname: Any, target_dir: Any, src_dir: Any, gallery_conf: dict[str, Any]
) -> Result:
    """Generate the page of a script, or return what has been; see sphinx-gallery's function."""
    script = Path(src_dir, fname).resolve()
    if script in _results:
        return _results.pop(script)
    return _generate_file_rst(fname, target_dir, src_dir, gallery_conf)


def _execute_lesson(
    script: Path, target_dir: Path, gallery_conf: dict[str, Any], locale_dir: Path
) -> Result:
    """Generate the page of a lesson, and its figures in all languages, in a process of the pool."""
    # Ours, which a process can import, and with it the wrappers; sphinx-gallery's has lost its name.
    result = generate_file_rst(script.name, target_dir, script.parent, gallery_conf)
    if execution_cache.record_file(target_dir / script.name).is_file():
        size = gallery_conf["thumbnail_size"]
        figure_translation.draw_lesson(target_dir / script.name, locale_dir, size)
    return result


def execute_longest_first(app: Sphinx) -> None:
    """Before sphinx-gallery: execute what has to run, in several processes if it is worth it.

    Pages with code take seconds: they come last, and fill up the time beside the longest lesson.
    """
    conf = app.config.sphinx_gallery_conf
    _results.clear()
    if app.config.language != "en":  # English has executed all
        return
    pages = notebook_execution.pages_to_run(app)
    run_page = (str(app.config.nb_execution_cache_path), app.config.nb_execution_timeout)
    budgets = {}
    for script in execution_cache.to_run:
        settings = extract_file_config(script.read_text(encoding="utf-8"))
        if settings.get("parallel", True):
            budgets[script] = settings.get("budget_s", 0)
    processes = app.config.course_processes
    if processes == 1 or len(pages) + len(budgets) < 2:  # to start processes takes longer
        done = [notebook_execution.execute(page, *run_page) for page in pages]
        notebook_execution.finish(pages, done)
        return
    # Here: it loads NumPy, and most builds start no processes.
    from joblib import Parallel, delayed  # type: ignore[import-untyped]  # it has no types
    from joblib.externals.loky import get_reusable_executor  # type: ignore[import-untyped]  # neither has it

    ordered = sorted(budgets, key=lambda script: budgets[script], reverse=True)
    lessons = Path(app.srcdir) / "lessons"
    for script in ordered:  # as sphinx-gallery does, before processes could collide
        (lessons / script.parent.name / "images" / "thumb").mkdir(parents=True, exist_ok=True)
    pool = Parallel(n_jobs=processes, pre_dispatch="n_jobs", batch_size=1, backend="loky")
    locale = Path(app.srcdir) / app.config.locale_dirs[0]
    tasks = [
        delayed(_execute_lesson)(script, lessons / script.parent.name, conf, locale)
        for script in ordered
    ]
    done = pool([*tasks, *(delayed(notebook_execution.execute)(page, *run_page) for page in pages)])
    # They would wait for more, and be waited for when this process ends. Each ends by itself: killed,
    # it would leave its locks behind, and a warning on the screen.
    get_reusable_executor(reuse=True).shutdown(wait=False)
    _results.update(zip([script.resolve() for script in ordered], done, strict=False))
    notebook_execution.finish(pages, done[len(ordered) :])


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect between the preparation, at priority 400, and sphinx-gallery, at 500."""
    app.add_config_value("course_processes", 2, "", int)
    app.connect("builder-inited", execute_longest_first, priority=450)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


gen_rst.generate_file_rst = generate_file_rst
