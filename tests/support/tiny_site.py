"""Build a site of a few pages with Sphinx, for the tests of our extensions."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import sphinx.locale
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'


class Built(NamedTuple):
    """What a build left behind."""

    out: Path
    warnings: str
    status: int


def catalogue(strings: dict[str, str]) -> str:
    """Return a gettext catalogue of these translations."""
    return CATALOGUE + "".join(f'\nmsgid "{k}"\nmsgstr "{v}"\n' for k, v in strings.items())


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files, named by their path in the folder, and return the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def build(
    source: Path,
    out: Path,
    language: str = "en",
    builder: str = "html",
    parallel: int = 1,
    **config: object,
) -> Built:
    """Build the pages in a folder; nothing that an earlier build registered may help."""
    warnings = io.StringIO()
    settings = {
        "language": language,
        "html_theme": "basic",
        "locale_dirs": ["locale"],
        "gettext_compact": False,
        # Sphinx writes what extensions add into the default itself, which the next one would find.
        "source_suffix": {".rst": "restructuredtext"},
        # With jieba, Sphinx's own search reads a dictionary for seconds, and leaves the file open.
        "html_search_options": {"dict": ""},
        **config,
    }
    doctrees = out.with_name(f"{out.name}.doctrees")
    sphinx.locale.translators.clear()  # Sphinx merges the languages of one process
    with docutils_namespace():
        app = Sphinx(
            source, None, out, doctrees, builder, settings, None, warnings, parallel=parallel
        )
        app.build()
    sphinx.locale.translators.clear()
    return Built(out, warnings.getvalue(), app.statuscode)
