"""Tables of what a benchmark measured, once, on a machine that they name.

The directive ``measured`` names a file in ``docs/measured``, which ``nox -s bench`` has written,
and becomes its table. Unlike the ledger, the table does not come from the build of the page: a
benchmark takes longer than a build. Its caption says when and on what it was measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import site_strings
from lesson_facts import Wording

FOLDER = "measured"


class Measured(nodes.Element):
    """Stands for a table until the page is written."""


class MeasuredTable(SphinxDirective):
    """Put the table of a benchmark here; the argument is the name of the benchmark."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the place of the table."""
        (name,) = self.arguments
        file = Path(self.env.srcdir, FOLDER, f"{name}.json")
        self.env.note_dependency(str(file))
        if not file.is_file():
            raise self.error(f"there is no {file}; measure it with: nox -s bench -- {name} --save")
        return [Measured(bench=name, file=str(file))]


def ratio(seconds: float, ours: float) -> str:
    """Return how many times as long something takes as here.

    Examples
    --------
    >>> ratio(171.0, 9.5), ratio(4.75, 9.5)
    ('18', '0.5')
    """
    return f"{seconds / ours:.0f}" if seconds >= 10 * ours else f"{seconds / ours:.1f}"


def write_tables(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Put the tables into the page."""
    for place in list(doctree.findall(Measured)):
        if app.builder.format != "html":
            place.parent.remove(place)
            continue
        _site = site_strings.translator(app)
        record: dict[str, Any] = json.loads(Path(place["file"]).read_text(encoding="utf-8"))
        context = {"_site": _site, "record": record, "ratio": ratio}
        render = cast(StandaloneHTMLBuilder, app.builder).templates.render
        html = render(f"measured/{place['bench']}.html", context)
        table = nodes.raw("", html, format="html", classes=["no-search"])
        day = Wording(_site, app.config.language).day(record["measured_on"])
        caption = CAPTIONS[place["bench"]](record, day, _site)
        place.replace_self([table, nodes.paragraph("", caption)])


def loop_caption(record: dict[str, Any], day: str, translate: Callable[[str], str]) -> str:
    """Say on what the author's loop was measured, and what the table leaves out."""
    _site, seconds = translate, record["seconds"]["course"]
    return _site(
        "Measured on {day}, on a machine with {cores} processor cores, with lessons {lessons}. The number before × says how many times as long it takes as here. Here the cores work side by side; on one core, with one thing after the other, the first build takes {one_core} s. In English alone it takes {english} s."
    ).format(
        day=day,
        cores=record["cores"],
        lessons=_site(", ").join(record["lessons"]),
        one_core=f"{seconds['cold_one_core']:.0f}",
        english=f"{seconds['cold_english']:.0f}",
    )


CAPTIONS = {"loop": loop_caption}


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, and fill it when its page is written."""
    app.add_node(Measured)
    app.add_directive("measured", MeasuredTable)
    app.connect("doctree-resolved", write_tables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
