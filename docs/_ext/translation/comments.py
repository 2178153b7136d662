"""Comments and docstrings in code, in the language of the page.

``gettext`` builds collect those of all pages into ``comments.pot``; builds in another
language than English take them from the ``comments`` catalogue and warn about missing ones.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

from _ext.translation import catalogues
from _ext.translation.comment_tokens import comments, translate

logger = logging.getLogger(__name__)

DOMAIN = "comments"


def code_blocks(doctree: nodes.document) -> Iterator[tuple[nodes.Element, str]]:
    """Yield the code blocks of a page and what they call their language."""
    for block in doctree.findall(nodes.literal_block):
        if block.rawsource == block.astext():  # else it holds markup, and is not highlighted
            yield block, str(block.get("language", "default")).lower()
    for doctest in doctree.findall(nodes.doctest_block):
        yield doctest, "pycon"


def extract_from_doctree(doctree: nodes.document, docname: str) -> list[tuple[str, str]]:
    """List the comments and docstrings on a page, each with the name of the page."""
    return [
        (text, docname)
        for block, language in code_blocks(doctree)
        for text, _ in comments(block.astext(), language)
    ]


def catalogue_path(srcdir: Path, config: Config) -> Path:
    """Return where the catalogue of the build's language lies."""
    return catalogues.path(Path(srcdir) / config.locale_dirs[0], config.language, DOMAIN)


def catalogue(srcdir: Path, config: Config) -> dict[str, str]:
    """Return the translations of comments in the build's language."""
    return catalogues.load(Path(srcdir) / config.locale_dirs[0], config.language, DOMAIN)


class TranslateComments(SphinxTransform):
    """Put the comments of the code blocks into the language of the page."""

    default_priority = 450  # after the languages of code blocks are settled (400)

    def apply(self) -> None:
        """Translate, and warn about what has no translation."""
        if self.config.language == "en":
            return
        path = catalogue_path(self.env.srcdir, self.config)
        translation = catalogue(self.env.srcdir, self.config)
        for block, language in list(code_blocks(self.document)):
            code = block.astext()
            if not comments(code, language):
                continue
            self.env.note_dependency(path)  # read the page again when a translation changes
            translated, missing = translate(code, translation, language)
            for text in missing:
                logger.warning(
                    "no %s translation of the comment or docstring %r: add it to %s",
                    self.config.language,
                    text,
                    path.name,
                    location=block,
                    type="course",
                    subtype="comments",
                )
            if translated != code:
                block.rawsource = translated
                block.children = []
                block += nodes.Text(translated)


class Collector:
    """Collects the comments of all pages while Sphinx extracts their sentences."""

    def __init__(self) -> None:
        self.pages: dict[str, list[tuple[str, str]]] = {}

    def collect(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Remember the comments of a page."""
        if app.builder.name == "gettext":
            self.pages[docname] = extract_from_doctree(doctree, docname)

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Write ``comments.pot`` beside the templates of the pages."""
        if app.builder.name != "gettext" or exception:
            return
        # A fixed date: the file changes only when a comment does.
        date = datetime(2000, 1, 1, tzinfo=UTC)
        template = Catalog(project=app.config.project, creation_date=date)
        for docname in sorted(self.pages):
            for text, location in self.pages[docname]:
                template.add(text, locations=[(location, 0)])
        content = io.BytesIO()
        write_po(content, template, width=100, include_lineno=False)
        target = Path(app.outdir) / f"{DOMAIN}.pot"
        if not target.exists() or target.read_bytes() != content.getvalue():
            target.write_bytes(content.getvalue())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Translate comments on pages, collect them when messages are extracted."""
    collector = Collector()
    app.add_transform(TranslateComments)
    app.connect("doctree-resolved", collector.collect)
    app.connect("build-finished", collector.write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
