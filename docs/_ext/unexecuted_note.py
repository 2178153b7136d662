"""Say on the page of a lesson that this build did not execute it.

That happens when a build is asked for chosen lessons only, and the others have no outputs yet.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

import site_strings
from execution_cache import record_file
from lesson_archives import is_lesson


def add_note(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the note below the title."""
    if not is_lesson(docname) or record_file(Path(app.srcdir) / docname).exists():
        return
    _site = site_strings.translator(app)
    note = nodes.warning(classes=["not-in-download"])
    note += nodes.paragraph(
        text=_site("This lesson was not executed in this build, so its outputs are missing.")
    )
    for title in doctree.findall(nodes.title):
        title.parent.insert(title.parent.index(title) + 1, note)
        return


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect after the references are resolved."""
    app.connect("doctree-resolved", add_note)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
