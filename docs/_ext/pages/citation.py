"""How to cite the course, from ``CITATION.cff``.

``citation`` is a directive without content. It becomes the BibTeX entry.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import yaml  # type: ignore[import-untyped]  # it has no types
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from _ext.common.paths import ROOT
from _ext.downloads.notebook import LOOPBACK

FILE = ROOT / "CITATION.cff"


def bibtex(facts: dict[str, Any], address: str = "", day: str = "") -> str:
    """Return the BibTeX entry.

    Parameters
    ----------
    facts : dict
        What ``CITATION.cff`` says.
    address : str
        Where the course is read; left out if only this machine can reach it.
    day : str
        The day of the version, as ISO 8601 writes it, if it is not released; may be empty.

    Examples
    --------
    >>> facts = {"title": "A course", "authors": [{"name": "The authors"}], "version": "1.0"}
    >>> print(bibtex(facts, "https://course.example/", "2027-02-03"))
    @misc{a-course,
      author = {{The authors}},
      title = {{A course}},
      version = {1.0},
      year = {2027},
      url = {https://course.example/},
    }
    """
    title: str = facts["title"]
    key = "-".join(title.split(" / ")[0].lower().split())
    day = str(facts.get("date-released", day))
    # Two braces: names of a group are not taken apart, and capitals are kept.
    lines = [
        f"author = {{{{{' and '.join(author['name'] for author in facts['authors'])}}}}}",
        f"title = {{{{{title}}}}}",
        f"version = {{{facts['version']}}}",
    ]
    if day:
        lines.append(f"year = {{{day[:4]}}}")
    if address and not LOOPBACK.match(urlsplit(address).hostname or ""):
        lines.append(f"url = {{{address}}}")
    return "\n".join([f"@misc{{{key},", *(f"  {line}," for line in lines), "}"])


class Citation(SphinxDirective):
    """Put the entry here."""

    def run(self) -> list[nodes.Node]:
        """Return the entry, which is the same in all languages."""
        self.env.note_dependency(str(FILE))
        facts = yaml.safe_load(FILE.read_text("utf-8"))
        text = bibtex(facts, self.config.html_baseurl, self.config.course_day)
        return [nodes.literal_block(text, text, language="bibtex")]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("citation", Citation)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
