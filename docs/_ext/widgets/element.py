"""Figures that the reader operates: custom elements, each with its script in ``_static``.

In a lesson, or in Markdown between fences::

    .. interactive:: conv-stepper
       :stride: 2

       What stands here is shown where scripts do not run.

The element ``<conv-stepper>`` gets its settings and its words, in the language of the page, as
attributes; ``_static/conv-stepper.js`` is loaded on the pages that use it. A notebook gets a
sentence with a link to the page.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from _ext.common import timeline
from _ext.common.languages import LANGUAGES
from _ext.translation import interface
from _ext.widgets import (
    autograd_engine,
    conv_stepper,
    descent_path,
    receptive_field,
    softmax_temperature,
    transposed_stepper,
)

if TYPE_CHECKING:
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator


class Component(NamedTuple):
    """What the build knows of a custom element."""

    labels: Callable[[Callable[[str], str]], dict[str, str]]
    """From the translator of interface strings to the words of the element, by key."""
    settings: dict[str, Callable[[str], Any]]
    """The options of the directive, each with what checks its value."""
    defaults: dict[str, Any]
    """What an option is that is not given."""
    room: Callable[[dict[str, Any]], str]
    """From the settings to a style that tells the style sheet how high the element will be."""


#: By the name of the element, which is that of its script.
COMPONENTS = {
    "conv-stepper": Component(
        conv_stepper.labels, conv_stepper.SETTINGS, conv_stepper.DEFAULTS, conv_stepper.room
    ),
    "receptive-field": Component(
        receptive_field.labels,
        receptive_field.SETTINGS,
        receptive_field.DEFAULTS,
        receptive_field.room,
    ),
    "autograd-engine": Component(
        autograd_engine.labels,
        autograd_engine.SETTINGS,
        autograd_engine.DEFAULTS,
        autograd_engine.room,
    ),
    "descent-path": Component(
        descent_path.labels, descent_path.SETTINGS, descent_path.DEFAULTS, descent_path.room
    ),
    "softmax-temperature": Component(
        softmax_temperature.labels,
        softmax_temperature.SETTINGS,
        softmax_temperature.DEFAULTS,
        softmax_temperature.room,
    ),
    "transposed-stepper": Component(
        transposed_stepper.labels,
        transposed_stepper.SETTINGS,
        transposed_stepper.DEFAULTS,
        transposed_stepper.room,
    ),
}


class interactive(nodes.General, nodes.Element):  # node classes have small letters in docutils
    """A custom element; its children are for readers without scripts."""


class InteractiveDirective(SphinxDirective):
    """``.. interactive:: name``, with the settings of the component as options."""

    required_arguments = 1
    has_content = True
    # Two components may have a setting of one name, and each checks its own.
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        name: directives.unchanged
        for component in COMPONENTS.values()
        for name in component.settings
    }

    def run(self) -> list[nodes.Node]:
        """Return the element."""
        name = self.arguments[0]
        if name not in COMPONENTS:
            known = ", ".join(COMPONENTS)
            raise self.error(f"there is no interactive figure {name!r}; there are: {known}")
        if unknown := self.options.keys() - COMPONENTS[name].settings.keys():
            raise self.error(f"{name} has no setting {', '.join(sorted(unknown))}")
        if not self.content:
            raise self.error(f"write below {name} what readers see where scripts do not run")
        settings = {**COMPONENTS[name].defaults}
        for option, value in self.options.items():
            try:
                settings[option] = COMPONENTS[name].settings[option](value)
            except ValueError as error:
                raise self.error(f"{option} of {name}: {error}") from None
        node = interactive(component=name, settings=settings, classes=["no-search"])
        self.set_source_info(node)
        node += self.parse_content_to_nodes()
        return [node]


def translate(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Give the elements of a page their words."""
    _site = interface.translator(app)
    for node in doctree.findall(interactive):
        node["lang"] = LANGUAGES[app.config.language].html
        node["labels"] = COMPONENTS[node["component"]].labels(_site)
        node["download"] = _site("On the page, there is a figure here that you can operate.")


def visit(translator: HTML5Translator, node: interactive) -> None:
    """Open the element; a box around it tells the style sheet how much room there is."""
    room = COMPONENTS[node["component"]].room(node["settings"])
    attributes = {"lang": node["lang"], "style": room}
    attributes |= {f"data-{name}": str(value) for name, value in node["settings"].items()}
    attributes["data-labels"] = json.dumps(
        node["labels"], ensure_ascii=False, separators=(",", ":")
    )
    written = "".join(f" {name}='{escape(value)}'" for name, value in attributes.items())
    translator.body.append(f'<div class="interactive no-search"><{node["component"]}{written}>\n')


def escape(value: str) -> str:
    """Write a value for single quotes: the words, as JSON, are full of double ones.

    Examples
    --------
    >>> print(escape("it's < 3"))
    it&#x27;s &lt; 3
    """
    return html.escape(value, quote=False).replace("'", "&#x27;")


def depart(translator: HTML5Translator, node: interactive) -> None:
    """Close the element."""
    translator.body.append(f"</{node['component']}></div>\n")


def add_scripts(
    app: Sphinx,
    _page: str,
    _template: str,
    _context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the scripts of the elements on a page.

    They are classic scripts: Chromium refuses modules on pages that are opened from a folder.
    """
    names = sorted({node["component"] for node in doctree.findall(interactive)}) if doctree else []
    for name in ["elements", *names] if names else []:  # first what they share
        app.add_js_file(f"{name}.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, its node and its looks; connect before the downloads are written."""
    app.add_node(interactive, html=(visit, depart))
    app.add_directive("interactive", InteractiveDirective)
    app.add_css_file("interactive.css")
    app.connect("doctree-resolved", translate, priority=timeline.FILL_WIDGETS)
    # Before others look through the scripts of the page.
    app.connect("html-page-context", add_scripts, priority=timeline.WIDGET_SCRIPTS)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
