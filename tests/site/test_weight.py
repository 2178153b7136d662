"""Pages are light: what each loads besides its own text and pictures, in bytes and in requests."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from built_site import LANGUAGES, BuiltSite

#: Bytes as they lie on the disk, before a server compresses them. Raise a limit on purpose only.
STYLESHEET = 113_000  # with six interactive figures
SCRIPTS = 85_000
FONTS = 30_000
HTML = 300_000  # lesson 12 in Chinese, half of it highlighted code; most lessons stay below 220,000
#: What a server that compresses sends before a reader sees the page: its HTML and its stylesheet.
FIRST_VIEW_COMPRESSED = 74_000
REQUESTS = {"css": 1, "classic script": 2}
#: All files of the theme and of our own in one language, without what waits for a reader's click.
STATIC = 1_400_000
ON_DEMAND = ("onnxruntime", "search-index")
#: One line, for the colours.
INLINE = "(()=>{let m;try{m=localStorage"


def loaded(built: BuiltSite, page: str) -> dict[str, list[Path]]:
    """Return what a page always loads, by kind."""
    folder = (built.root / page).parent
    links = {
        "css": "//head/link[@rel='stylesheet' and not(@media='print') and not(ancestor::noscript)]"
        "/@href",
        "classic script": "//script[@src and not(@type='module')]/@src",
        "module": "//script[@src and @type='module']/@src",
    }
    tree = built.tree(page)
    return {
        kind: [(folder / unquote(urlsplit(address).path)).resolve() for address in tree.xpath(path)]
        for kind, path in links.items()
    }


def size(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def weight_problems(built: BuiltSite, page: str) -> Iterator[str]:
    """Yield what is too heavy or too many on a page, and what holds it up."""
    parts = loaded(built, page)
    if "/" not in page:  # the two at the root of the site have no parts
        yield from (f"it loads a {kind}" for kind, files in parts.items() if files)
        return
    for kind, most in REQUESTS.items():
        if len(parts[kind]) > most:
            yield f"{kind}: {[file.name for file in parts[kind]]}"
    text = (built.root / page).read_bytes()
    first_view = [text, *(file.read_bytes() for file in parts["css"])]
    for what, bytes_, most in (
        ("its styles", size(parts["css"]), STYLESHEET),
        ("its scripts", size([*parts["classic script"], *parts["module"]]), SCRIPTS),
        ("its HTML", len(text), HTML),
        ("the first view", sum(len(gzip.compress(d)) for d in first_view), FIRST_VIEW_COMPRESSED),
    ):
        if bytes_ > most:
            yield f"{what}: {bytes_} bytes, allowed are {most}"
    tree = built.tree(page)
    waiting = tree.xpath("//script[@src and not(@defer) and not(@type='module')]/@src")
    yield from (f"{script} holds it up" for script in waiting)
    inline = tree.xpath("//script[not(@src) and not(@type='application/json')]/text()")
    if [text[: len(INLINE)] for text in inline] != [INLINE]:
        yield f"it has scripts of its own: {inline}"


def test_pages_are_light_and_wait_for_no_script(built):
    found = [f"{page}: {line}" for page in built.pages for line in weight_problems(built, page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_nothing_idle_is_shipped(built, folder):
    files = [file for file in (built.root / folder).rglob("*") if file.is_file()]
    fonts = [file for file in files if file.suffix == ".woff2"]
    assert fonts, "formulas need some"
    assert size(fonts) <= FONTS
    assert [file.name for file in files if file.suffix in {".woff", ".ttf"}] == []
    static = [file for file in files if (built.root / folder / "_static") in file.parents]
    names = {file.name for file in static}
    assert not {name for name in names if name.endswith((".map", "_badge_logo.svg"))}
    assert not names & {"fontawesome.js", "bootstrap.js", "basic.css", "webpack-macros.html"}
    at_once = [file for file in static if not any(name in str(file) for name in ON_DEMAND)]
    assert size(at_once) <= STATIC
