"""Names for the toggles that fold out the parts of the course in the sidebar.

The theme draws a toggle as an icon beside the link to a part; a screen reader would say "button"
and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

import site_strings


def name_toggles(fragment: str, label: str) -> str:
    """Give each toggle a name.

    Parameters
    ----------
    fragment : str
        The theme's HTML of the sidebar.
    label : str
        The name, with a place for the title of the part.

    Examples
    --------
    >>> item = '<li><a>Part 1</a><details><summary></summary></details></li>'
    >>> name_toggles(item, "Lessons of {title}")
    '<li><a>Part 1</a><details><summary aria-label="Lessons of Part 1"></summary></details></li>'
    """
    soup = BeautifulSoup(fragment, "html.parser")
    for toggle in soup("summary"):
        link = toggle.find_previous("a")
        if link is not None:
            toggle["aria-label"] = label.format(title=link.get_text(strip=True))
    return str(soup)


def _wrap(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    themes: Callable[..., object] | None = context.get("generate_toctree_html")
    if themes is None:
        return
    _site = site_strings.translator(app)
    label = _site("Show or hide the pages of {title}")

    def generate_toctree_html(kind: str, **options: Any) -> object:
        made = themes(kind, **options)  # text, or a soup where the theme has it from another page
        return name_toggles(str(made), label) if kind == "sidebar" else made

    context["generate_toctree_html"] = generate_toctree_html


def setup(app: Sphinx) -> dict[str, Any]:
    """Name the toggles when the theme has made its functions for the templates."""
    app.connect("html-page-context", _wrap, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
