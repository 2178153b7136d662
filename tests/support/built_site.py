"""Read the built site: its pages, their addresses, and the files behind addresses."""

from __future__ import annotations

import os
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"en": "en", "zh": "zh-CN"}
"""From the folder of a language to its tag in ``lang`` and ``hreflang``."""


def html_root() -> Path:
    """Return the folder of the built site: ``DLCOURSE_HTML``, or ``build/html``."""
    return Path(os.environ.get("DLCOURSE_HTML", ROOT / "build" / "html")).resolve()


@cache
def parse(file: Path) -> html.HtmlElement:
    """Parse an HTML file; the same file is parsed once."""
    return html.document_fromstring(file.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))


class BuiltSite:
    """The built site in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def problem(self) -> str | None:
        """Return what is missing for a complete site, or nothing."""
        needed = ("index.html", "en/index.html", "zh/index.html")
        missing = [name for name in needed if not (self.root / name).is_file()]
        if missing:
            return f"{self.root} has no {', '.join(missing)}: run `nox -s docs` first"
        return None

    @cached_property
    def pages(self) -> list[str]:
        """The names of all pages, for example ``en/index.html``."""
        found = (file.relative_to(self.root) for file in self.root.rglob("*.html"))
        return sorted(str(name) for name in found if "_static" not in name.parts)

    def tree(self, page: str) -> html.HtmlElement:
        """Return a parsed page."""
        return parse(self.root / page)

    @cached_property
    def url(self) -> str:
        """The address that the site was built for, with a slash at its end."""
        (canonical,) = self.tree("index.html").xpath("//link[@rel='canonical']/@href")
        return str(canonical)

    def file(self, address: str) -> Path | None:
        """Return the file behind an absolute address, or nothing for other sites."""
        if not address.startswith(self.url):
            return None
        file = self.root / unquote(urlsplit(address).path.removeprefix(urlsplit(self.url).path))
        return file / "index.html" if file.is_dir() else file

    def lessons(self, folder: str) -> list[str]:
        """Return the pages of the lessons in one language."""
        return [
            page
            for page in self.pages
            if page.startswith(f"{folder}/lessons/") and "/lesson_" in page
        ]
