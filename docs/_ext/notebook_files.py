"""Where the files of executed Markdown pages are written, and when the style of their outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from myst_nb.sphinx_ext import add_global_html_resources
from sphinx.application import Sphinx


def keep_out_of_the_site(app: Sphinx) -> None:
    """Have myst-nb write executed notebooks beside the doctrees.

    Its own choice, ``jupyter_execute`` beside the folder of the language, would be published,
    and the languages would share it.
    """
    executed = Path(app.doctreedir) / "notebooks"
    app.env.mystnb_config = app.env.mystnb_config.copy(  # type: ignore[attr-defined]  # myst-nb's
        output_folder=str(executed)
    )


def write_style(app: Sphinx) -> None:
    """Have myst-nb write its style sheet now, before pages are written, and not at the end.

    Pages name the checksum of a style sheet that is there. Those of the first build would differ
    from those that a later one writes again.
    """
    if app.builder.format == "html":
        (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)
        add_global_html_resources(app, None)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect after myst-nb, which makes its settings at priority 500."""
    app.connect("builder-inited", keep_out_of_the_site, priority=600)
    app.connect("builder-inited", write_style, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
