"""Links between the languages of the site, and the files at its root.

Every page names its counterpart in the other languages, to the reader (the switcher in the
header) and to search engines (``hreflang``, canonical address). The root of the site, one
folder above each language, gets a page that sends the reader to a language, a page for
addresses that do not exist, the sitemap and robots.txt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from _ext.common import timeline
from _ext.common.languages import LANGUAGES, Language
from _ext.translation import interface

NOT_FOUND = "404"
UNLISTED = {NOT_FOUND, "search", "genindex", "py-modindex"}
"""Pages that search engines should not list."""

PAGE_LIST = "sitemap.txt"
"""What a language contributes to the sitemap: its addresses, one a line. (Itself a sitemap.)"""


def page_url(config: Config, language: Language, pagename: str) -> str:
    """Return the absolute address of a page."""
    return f"{config.html_baseurl}{language.folder}/{pagename}.html"


def other_page(pagename: str, language: Language) -> str:
    """Return the relative link from a page to the same page in a language.

    Examples
    --------
    >>> other_page("lessons/1_basics/index", LANGUAGES["zh_CN"])
    '../../../zh/lessons/1_basics/index.html'
    >>> other_page("404", LANGUAGES["zh_CN"])
    '../zh/index.html'
    """
    root = "../" * (pagename.count("/") + 1)
    return f"{root}{language.folder}/{'index' if pagename == NOT_FOUND else pagename}.html"


def sitemap(pages: dict[str, list[str]], root: str) -> str:
    """Compose the sitemap of the whole site.

    Parameters
    ----------
    pages : dict
        From the folder of a language to the addresses of its pages.
    root : str
        The address of the site.

    Returns
    -------
    str
        XML: each page of each language with its counterparts that exist.
    """
    tags = {language.folder: language.html for language in LANGUAGES.values()}
    names = {
        folder: {url.removeprefix(f"{root}{folder}/") for url in urls}
        for folder, urls in pages.items()
    }
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"',
        '        xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for folder in pages:
        for name in sorted(names[folder]):
            lines.append(f"<url><loc>{escape(f'{root}{folder}/{name}')}</loc>")
            for other in pages:
                if name in names[other]:
                    href = escape(f"{root}{other}/{name}", {'"': "&quot;"})
                    lines.append(
                        f'<xhtml:link rel="alternate" hreflang="{tags[other]}" href="{href}"/>'
                    )
            lines.append("</url>")
    return "\n".join([*lines, "</urlset>", ""])


def _configure(app: Sphinx, config: Config) -> None:
    if config.language not in LANGUAGES:
        raise ConfigError(
            f"conf.py: language is {config.language!r}; use one of {', '.join(LANGUAGES)}"
        )
    if not urlsplit(config.html_baseurl).netloc or not config.html_baseurl.endswith("/"):
        raise ConfigError(
            f"conf.py: html_baseurl is {config.html_baseurl!r}; give the whole address of the "
            "root of the site, with a slash at its end, for example http://127.0.0.1:8000/"
        )


def _add_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    config, here = app.config, LANGUAGES[app.config.language]
    context["other_languages"] = [
        {"link": other_page(pagename, language), **language._asdict()}
        for language in LANGUAGES.values()
        if language != here
    ]
    tags = []
    if pagename == NOT_FOUND:
        # The server shows this page at any depth, so its links are relative to itself.
        path = urlsplit(page_url(config, here, pagename)).path
        tags.append(f'<base href="{path}">')
    if pagename in UNLISTED:
        context["pageurl"] = None
        tags.append('<meta name="robots" content="noindex">')
    else:
        context["pageurl"] = page_url(config, here, pagename)
        links = {each.html: page_url(config, each, pagename) for each in LANGUAGES.values()}
        links["x-default"] = page_url(config, LANGUAGES["en"], pagename)
        tags += [
            f'<link rel="alternate" hreflang="{tag}" href="{url}">' for tag, url in links.items()
        ]
    # In front: a <base> counts only for what follows it.
    context["metatags"] = "\n    " + "\n    ".join(tags) + context.get("metatags", "")


def _write_root(app: Sphinx, exception: Exception | None) -> None:
    outdir, here = Path(app.outdir), LANGUAGES[app.config.language]
    # A build into another folder has no root of a site above it.
    if exception or app.builder.name != "html" or outdir.name != here.folder:
        return
    root = app.config.html_baseurl
    listed = sorted(app.env.found_docs - UNLISTED)
    urls = [page_url(app.config, here, name) for name in listed]
    (outdir / PAGE_LIST).write_text("\n".join([*urls, ""]), "utf-8")

    lists = {
        language.folder: outdir.parent / language.folder / PAGE_LIST
        for language in LANGUAGES.values()
    }
    pages = {
        folder: file.read_text("utf-8").split() for folder, file in lists.items() if file.exists()
    }
    context = {
        "languages": [
            {**language._asdict(), "_site": interface.translator(app, code)}
            for code, language in LANGUAGES.items()
        ],
        "root": root,
        "path": urlsplit(root).path,
    }
    render = app.builder.templates.render
    files = {
        "sitemap.xml": sitemap(pages, root),
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {root}sitemap.xml\n",
        "index.html": render("root/index.html", context),
        "404.html": render("root/404.html", context),
    }
    for name, text in files.items():
        (outdir.parent / name).write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Link the pages while they are written, and write the root at the end."""
    app.connect("config-inited", _configure)
    app.connect("html-page-context", _add_links, priority=timeline.LANGUAGE_LINKS)
    app.connect("build-finished", _write_root)
    app.add_js_file("language-switcher.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
