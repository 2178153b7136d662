"""Links to the archives of the course: all lessons, and the whole site.

The role ``archive`` makes such a link: ``{archive}`All notebooks <lessons>```. Its size is written
behind it at the end of the build, when the archives are there; see docs/_tools/shipping/archive.py.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole

from _ext.downloads.archives import ARCHIVES


class Archive(ReferenceRole):
    """The role: a link text, and the name of an archive."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link and the empty place of the size."""
        if self.target not in ARCHIVES:
            message = self.inliner.reporter.error(
                f"there is no archive {self.target!r}; use one of {', '.join(ARCHIVES)}",
                line=self.lineno,
            )
            return [], [message]
        href = "../" * self.env.current_document.docname.count("/") + ARCHIVES[self.target]
        link = f'<a class="reference internal" href="{href}" download>{escape(self.title)}</a>'
        size = f'<span class="file-size" data-size-of="{self.target}"></span>'
        return [nodes.raw("", link + size, format="html")], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role."""
    app.add_role("archive", Archive())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
