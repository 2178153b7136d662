"""Execute one lesson, in a process of its own, and keep its outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sphinx_gallery import gen_rst
from sphinx_gallery.py_source_parser import split_code_and_text_blocks
from sphinx_gallery.scrapers import ImagePathIterator, clean_modules

from _ext.common.paths import DOCS, ROOT
from _ext.execution import cache, comparison, failures, page_files, shared
from _ext.execution import record as run_record
from _ext.execution.key import lesson_key
from _ext.execution.settings import gallery_settings
from _ext.figures import translation

#: What sphinx-gallery resets by default; our settings leave it to this module.
RESET = {"reset_modules": ("matplotlib", "seaborn")}


def execute(script: Path) -> bool:
    """Execute a lesson; return whether it succeeded.

    If its outputs are kept already, the new ones are compared with them.
    """
    conf = gallery_settings()
    target = DOCS / "lessons" / script.parent.name / script.name
    (target.parent / "images" / "thumb").mkdir(parents=True, exist_ok=True)
    cache.remove_outputs(target)
    shutil.copyfile(script, target)
    print(f"  {script.stem}: executing …", flush=True)
    failures.begin(script)
    file_conf, script_blocks = split_code_and_text_blocks(str(script))
    image = target.parent / "images" / f"sphx_glr_{script.stem}_{{0:03}}.png"
    script_vars: dict[str, Any] = {
        "execute_script": True,
        "image_path_iterator": ImagePathIterator(str(image)),
        "src_file": str(script),
        "target_file": str(target),
    }
    try:
        with run_record.PeakMemory() as memory, page_files.offered(target):
            clean_modules(conf | RESET, str(script), "before")
            blocks, elapsed_s = gen_rst.execute_script(script_blocks, script_vars, conf, file_conf)
    except SystemExit as error:
        failures.report_exit(script, error)
        return False
    Path(f"{target}.md5").unlink(missing_ok=True)  # it would say that the page is made as well
    if not script_vars.get("passing"):
        failures.report_error(script, script_vars["formatted_exception"])
        return False
    failures.end(script)
    key = lesson_key(script, ROOT)
    record = {
        "key": key,
        "elapsed_s": round(elapsed_s, 2),
        "cells_executed": sum(block.type == "code" for block in script_blocks),
        **run_record.facts(script, memory),
    }
    draft = cache.draft_of(target, {**record, "blocks": blocks})
    entry = cache.entry_of(script, key)
    if cache.is_complete(entry):
        _compare(script, script_blocks, entry, draft)
        shutil.rmtree(draft)
    else:
        cache.put_in_place(draft, entry)
        shared.put(*cache.shared_name(script, key), cache.contents(entry))
        comparison.note(script.stem, None)
    print(f"  {script.stem}: executed in {elapsed_s:.1f} s", flush=True)
    cache.restore(entry, target)
    translation.draw_lesson(target, DOCS / "locale", conf["thumbnail_size"])
    return True


def _compare(script: Path, script_blocks: list[Any], entry: Path, draft: Path) -> None:
    """Leave a note of what a run made otherwise than it is kept."""
    kept, new = cache.contents(entry), cache.contents(draft)
    before, now = (json.loads(files.pop(cache.RECORD))["blocks"] for files in (kept, new))
    name = script.relative_to(ROOT).as_posix()
    source = script.read_text(encoding="utf-8")
    lines = []
    for index, what in comparison.compare_lesson(before, now, kept, new):
        if index is None:
            lines.append(f"{name}: {what}")
        else:
            line, number = comparison.place(source, script_blocks, index)
            lines.append(f"{name}:{line}: cell {number}: {what}")
    comparison.note(script.stem, lines)
