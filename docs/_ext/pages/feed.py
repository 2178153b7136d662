"""The entries of the page "What is new" as an Atom feed (RFC 4287), one in each language.

Each section of the page is an entry. A label above it, ``(news-2026-12-01-name)=``, gives its day
and its identifier, which do not change when the title does. Identifiers do not come from the address of
the site: a course that moves keeps them, and readers' programs do not show old entries as new ones.
An address that only this machine can reach is not written into the feed; its links are relative.

The role ``feed`` links to it: ``{feed}`feed <feed.xml>```.
"""

from __future__ import annotations

import re
import uuid
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from docutils import nodes
from lxml import etree, html
from lxml.builder import ElementMaker
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import ReferenceRole
from sphinx.util.typing import ExtensionMetadata

from _ext.common.files import write
from _ext.common.languages import LANGUAGES
from _ext.downloads.notebook import LOOPBACK
from _ext.translation.switcher import NOT_FOUND

PAGE = "changelog"
FILE = "feed.xml"
ATOM = "http://www.w3.org/2005/Atom"
NAMESPACE = uuid.UUID("cf5b2c43-09e4-4c67-b8f6-1f0c1d3a6f52")
"""Of the identifiers; never to be changed."""

_LABEL = re.compile(r"news-(\d{4}-\d\d-\d\d)-[a-z0-9-]+")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Entry(NamedTuple):
    """A section of the page."""

    label: str
    day: str
    """As ISO 8601 writes it."""
    title: str
    content: str
    """HTML, one element."""


def entries(app: Sphinx, doctree: nodes.document) -> list[Entry]:
    """Return the entries of the resolved page.

    Raises
    ------
    sphinx.errors.ExtensionError
        If a section has no label, or one without a day.
    """
    found = []
    page = doctree.next_node(nodes.section)
    for section in page.findall(nodes.section, include_self=False) if page else ():
        title = section.next_node(nodes.title)
        assert title is not None  # a section has one
        label = next(filter(_LABEL.fullmatch, section["ids"]), "")
        try:
            day = date.fromisoformat(label[5:15]).isoformat()
        except ValueError:
            raise ExtensionError(
                f"docs/{PAGE}.md: the section {title.astext()!r} needs a label above its title, "
                "with the day and a name: (news-2026-12-31-name)="
            ) from None
        text = nodes.container("", *(node.deepcopy() for node in section if node is not title))
        content = app.builder.render_partial(text)["fragment"].strip()  # type: ignore[attr-defined]  # HTML
        found.append(Entry(label, day, title.astext(), content))
    return found


def compose(found: list[Entry], title: str, author: str, code: str, root: str) -> bytes:
    """Return the feed as XML.

    Parameters
    ----------
    found : list of Entry
    title, author : str
    code : str
        The language, as Sphinx calls it.
    root : str
        The address of its pages, with a slash at its end; empty if no other machine can reach it.
    """
    language = LANGUAGES[code]
    make = ElementMaker(namespace=ATOM, nsmap={None: ATOM})

    def identifier(name: str) -> Any:
        return make.id(uuid.uuid5(NAMESPACE, f"{language.folder}/{name}").urn)

    def moment(day: str) -> Any:
        return make.updated(f"{day}T00:00:00Z")

    def link(target: str, **attributes: str) -> Any:
        return make.link(href=root + target, **attributes)

    feed = make.feed(
        {_XML_LANG: language.html},
        identifier(PAGE),
        make.title(title),
        moment(max(entry.day for entry in found)),
        make.author(make.name(author)),
        link(f"{PAGE}.html", rel="alternate", type="text/html", hreflang=language.html),
    )
    if root:
        feed.append(link(FILE, rel="self", type="application/atom+xml"))
    for entry in found:
        tree = html.fragment_fromstring(entry.content)
        if root:
            tree.make_links_absolute(root)
        text = html.tostring(tree, encoding="unicode")
        feed.append(
            make.entry(
                identifier(entry.label),
                make.title(entry.title),
                moment(entry.day),
                link(f"{PAGE}.html#{entry.label}", rel="alternate", type="text/html"),
                make.content(text, type="html"),
            )
        )
    content: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return content


class Feed(ReferenceRole):
    """The role: the text of the link, and the file."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link."""
        href = "../" * self.env.current_document.docname.count("/") + FILE
        return [nodes.reference(self.title, self.title, internal=True, refuri=href)], []


def _leave_to_the_feed(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep old entries out of the search: they name what lessons explain."""
    if docname == PAGE:
        for section in doctree.findall(nodes.section):
            section["classes"].append("no-search")


def _add_to_page(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Name the feed on each page, and write it with the page that it is made of."""
    if PAGE not in app.env.found_docs or pagename == NOT_FOUND:
        return
    config = app.config
    title = f"{config.project} · {app.env.titles[PAGE].astext()}"
    context["metatags"] = context.get("metatags", "") + (
        f'\n<link rel="alternate" type="application/atom+xml" title="{escape(title)}"'
        f' href="{context["pathto"](FILE, resource=True)}">'
    )
    if pagename == PAGE and doctree is not None:
        is_public = not LOOPBACK.match(urlsplit(config.html_baseurl).hostname or "")
        root = f"{config.html_baseurl}{LANGUAGES[config.language].folder}/" if is_public else ""
        feed = compose(entries(app, doctree), title, config.author, config.language, root)
        write(Path(app.outdir) / FILE, feed)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role, and write the feed with its page."""
    app.add_role("feed", Feed())
    app.connect("doctree-resolved", _leave_to_the_feed)
    app.connect("html-page-context", _add_to_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
