"""Show the frames of an animation in a player that the reader starts.

The directive ``frame-player`` is written by the figure scraper, not by authors. Its images are
ordinary image nodes, so that Sphinx finds the file in the language of the page for each frame
and copies it. The page shows the last one; ``frame-player.js`` loads the others when the reader
first uses a control. Without JavaScript, and in print, the last frame stands alone.
"""

from __future__ import annotations

import html
import json
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.common import timeline
from _ext.common.languages import LANGUAGES
from _ext.figures.images import frame_files
from _ext.translation import interface

if TYPE_CHECKING:
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator


class frame_player(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """Frames, as images; the last one is the poster and has the alternative text."""


class FramePlayerDirective(SphinxDirective):
    """``.. frame-player:: poster``, whose other frames lie beside it."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "alt": directives.unchanged_required,
        "width": directives.positive_int,
        "height": directives.positive_int,
        "frames": directives.positive_int,
        "interval": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """Return the player, with an image for each frame."""
        options = dict(self.options)
        alt, frames = options.pop("alt"), options.pop("frames")
        # Left out of notebooks like every figure: running the cell makes it.
        player = frame_player(classes=["sphx-glr-single-img"], **options)
        files = frame_files(Path(self.arguments[0]), frames)
        images = [nodes.image(uri=file.as_posix()) for file in files]
        images[-1]["alt"] = alt
        player += images
        self.set_source_info(player)
        for image in images:
            self.set_source_info(image)
        return [player]


def labels(_site: Callable[[str], str]) -> dict[str, str]:
    """Return what the player says, in the language of the page."""
    return {
        "player": _site("Animation"),
        "previous": _site("Previous frame"),
        "play": _site("Play"),
        "pause": _site("Pause"),
        "next": _site("Next frame"),
        "position": _site("Frame {number} of {total}"),
        "failed": _site("The frames could not be loaded."),
    }


def translate(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Give the players of a page their words."""
    for node in doctree.findall(frame_player):
        node["lang"] = LANGUAGES[app.config.language].html
        node["labels"] = labels(interface.translator(app))


def visit(translator: HTML5Translator, node: frame_player) -> None:
    """Write the element, with its poster inside."""
    builder = translator.builder
    images = list(node.findall(nodes.image))
    names = [builder.images[image["uri"]] for image in images]
    urls = [posixpath.join(builder.imgpath, quote(name)) for name in names]
    attributes = {
        "lang": node["lang"],
        "data-frames": json.dumps(urls),
        "data-interval": node["interval"],
        "data-labels": json.dumps(node["labels"], ensure_ascii=False),
    }
    poster = {
        "class": "sphx-glr-single-img",
        "src": urls[-1],
        "alt": images[-1]["alt"],
        "width": node["width"],
        "height": node["height"],
        "loading": "lazy",
        "decoding": "async",
    }
    translator.body.append(
        f"<frame-player{_attributes(attributes)}><img{_attributes(poster)}></frame-player>\n"
    )
    raise nodes.SkipNode


def _attributes(values: dict[str, Any]) -> str:
    return "".join(f' {name}="{html.escape(str(value))}"' for name, value in values.items())


def add_script(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the script on the pages that have a player."""
    if doctree is not None and any(doctree.findall(frame_player)):
        app.add_js_file("frame-player.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, its node and its looks."""
    app.add_node(frame_player, html=(visit, None))
    app.add_directive("frame-player", FramePlayerDirective)
    app.add_css_file("frame-player.css")
    app.connect("doctree-resolved", translate)
    # Before others look through the scripts of the page.
    app.connect("html-page-context", add_script, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
