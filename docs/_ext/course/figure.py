"""A figure of a lesson on another page, in the language of that page.

    ```{lesson-figure} 14
    :shows: Twelve misread digits

    The caption.
    ```

The figure is the one whose alternative text begins with those words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.patches import Figure
from sphinx.util.docutils import SphinxDirective

from _ext.course import syllabus


class LessonFigure(Figure, SphinxDirective):
    """The directive: a figure whose file, size and alternative text are those of the lesson."""

    option_spec: ClassVar[dict[str, Any]] = {
        "shows": directives.unchanged_required,
        "figclass": directives.class_option,
    }

    def run(self) -> list[nodes.Node]:
        """Return the figure; nothing where the lesson was not executed."""
        docs = Path(self.env.srcdir)
        pages = {entry.label: entry.page for entry in syllabus.load(docs).entries}
        if (page := pages.get(self.arguments[0])) is None:
            raise self.error(f"there is no lesson {self.arguments[0]}")
        images = docs / Path(page).parent / "images"
        records = sorted(images.glob(f"sphx_glr_{Path(page).name}_*.figure.json"))
        if not records:
            return []
        found = [json.loads(record.read_text(encoding="utf-8")) for record in records]
        wanted = self.options.pop("shows", "")
        figures = [figure for figure in found if figure["alt"].startswith(wanted)]
        if len(figures) != 1:
            raise self.error(
                f"{len(figures)} figures of lesson {self.arguments[0]} have an alternative text "
                f"that begins with {wanted!r}; they have: {[figure['alt'] for figure in found]}"
            )
        image = images / figures[0]["image"]
        smaller = image.with_suffix(".webp")
        self.arguments[0] = (
            "/" + (smaller if smaller.exists() else image).relative_to(docs).as_posix()
        )
        self.options |= {"alt": figures[0]["alt"], "width": f"{figures[0]['width']}px"}
        return list(super().run())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("lesson-figure", LessonFigure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
