"""Our own furniture on the pages that sphinx-gallery generates.

sphinx-gallery writes English sentences of its own into the pages: notes on downloads, and on
the index pages thumbnails in raw HTML. They are removed as soon as a page is parsed, before
its text is extracted or translated. The thumbnails become cards, which are filled when the
page is written from the translated lessons: title, first sentences, localised image.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from _ext.pages.description import summary

UNUSED_SCRIPTS = {"sg-tags.js"}
"""Scripts of sphinx-gallery that serve what is removed here."""

_THUMBNAILS = "sphx-glr-thumbnails"
_RAW = (_THUMBNAILS, "sphx-glr-thumbcontainer", "sphx-glr-thumbnail-title", "sg-tag-list")
_DOWNLOADS = ("sphx-glr-download-link-note", "sphx-glr-footer")


class RemoveGallerySentences(SphinxTransform):
    """Take sphinx-gallery's own sentences and thumbnails out of a generated page."""

    default_priority = 5  # before the first transform of Sphinx's translation, 10

    def apply(self, **kwargs: Any) -> None:
        """Clean the page, if it is one of the gallery."""
        docname = self.env.current_document.docname
        galleries = self.config.sphinx_gallery_conf["gallery_dirs"]
        galleries = [galleries] if isinstance(galleries, str) else galleries
        if not any(docname.startswith(f"{gallery}/") for gallery in galleries):
            return
        if docname.endswith("/index"):
            self._replace_thumbnails(docname)
        else:
            self._remove_downloads()
            self._remove_empty_cells()

    def _remove_empty_cells(self) -> None:
        """Remove the boxes that are left of cells that held only settings of sphinx-gallery."""
        for block in list(self.document.findall(nodes.literal_block)):
            if not block.astext().strip():
                block.parent.remove(block)

    def _remove_downloads(self) -> None:
        for only in list(self.document.findall(addnodes.only)):
            classes = {name for node in only.findall(nodes.Element) for name in node["classes"]}
            if classes.intersection(_DOWNLOADS):
                only.parent.remove(only)
        for target in list(self.document.findall(nodes.target)):
            for name in target["names"]:
                if name.startswith("sphx_glr_download_"):
                    target.parent.remove(target)
                    del self.document.nametypes[name]

    def _replace_thumbnails(self, docname: str) -> None:
        cards = nodes.bullet_list()
        for node in list(self.document.findall(_is_thumbnail_part)):
            if _THUMBNAILS in node.astext():
                cards = nodes.bullet_list(classes=["lesson-cards", "no-search"])
                node.parent.replace(node, cards)
                continue
            node.parent.remove(node)
            if isinstance(node, addnodes.only):
                (link,) = node.findall(addnodes.pending_xref)
                (image,) = node.findall(nodes.image)
                lesson = link["reftarget"].lstrip("/")
                cards += nodes.list_item("", image, classes=["lesson-card"], lesson=lesson)
                # Write this page again when the lesson changes, as for a table of contents.
                self.env.files_to_rebuild.setdefault(lesson, set()).add(docname)
        for cards in list(self.document.findall(nodes.bullet_list)):
            if "lesson-cards" in cards["classes"] and not cards.children:
                cards.parent.remove(cards)


def _is_thumbnail_part(node: nodes.Node) -> bool:
    if isinstance(node, addnodes.only):
        return any(node.findall(nodes.image)) and any(node.findall(addnodes.pending_xref))
    if isinstance(node, nodes.raw):
        text = node.astext()
        return text.strip() == "</div>" or any(name in text for name in _RAW)
    return False


def _fill_cards(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for card in doctree.findall(nodes.list_item):
        lesson = card.get("lesson")
        if lesson is None:
            continue
        title = [child.deepcopy() for child in app.env.titles[lesson].children]
        uri = app.builder.get_relative_uri(docname, lesson)
        link = nodes.reference("", "", *title, internal=True, refuri=uri)
        text = summary(app.env.get_doctree(lesson))
        card += nodes.paragraph("", "", link, classes=["lesson-card-title"])
        card += nodes.paragraph(text, text, classes=["lesson-card-text"])


def _drop_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    context["script_files"] = [
        script
        for script in context["script_files"]
        if str(getattr(script, "filename", script)).rpartition("/")[2] not in UNUSED_SCRIPTS
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Clean the pages at read time, fill the cards at write time."""
    app.add_transform(RemoveGallerySentences)
    app.connect("doctree-resolved", _fill_cards)
    app.connect("html-page-context", _drop_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
