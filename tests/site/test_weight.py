"""Pages are light: what each loads besides its own text and pictures, in bytes and in requests."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built_site import LANGUAGES

#: Bytes as they lie on the disk, before a server compresses them. Raise a limit on purpose only.
STYLESHEET = 110_000
SCRIPTS = 85_000
FONTS = 40_000
HTML = 250_000
#: What a server that compresses sends before a reader sees the page: its HTML and its stylesheet.
FIRST_VIEW_COMPRESSED = 55_000
REQUESTS = {"css": 1, "classic script": 2}
#: All files of the theme and of our own in one language, without what waits for a reader's click.
STATIC = 1_000_000
ON_DEMAND = ("onnxruntime", "search-index")


def loaded(built, page: str) -> dict[str, list[Path]]:
    """Return what a page always loads, by kind."""
    tree = built.tree(page)
    folder = (built.root / page).parent
    links = {
        "css": "//head/link[@rel='stylesheet' and not(@media='print')]/@href",
        "print": "//head/link[@rel='stylesheet' and @media='print']/@href",
        "classic script": "//script[@src and not(@type='module')]/@src",
        "module": "//script[@src and @type='module']/@src",
    }
    return {
        kind: [
            (folder / unquote(urlsplit(address).path)).resolve()
            for address in tree.xpath(path)
            if not (kind == "css" and tree.xpath("//noscript//link[@href=$a]", a=address))
        ]
        for kind, path in links.items()
    }


def size(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


@pytest.fixture
def themed(page_name, built):
    """The name of a page of the theme; the two at the root of the site have no parts."""
    if "/" not in page_name:
        assert not any(loaded(built, page_name).values()), "the root's pages load nothing"
        return None
    return page_name


def test_page_is_light(themed, built):
    if themed is None:
        return
    parts = loaded(built, themed)
    for kind, most in REQUESTS.items():
        assert len(parts[kind]) <= most, f"{kind}: {[file.name for file in parts[kind]]}"
    assert size(parts["css"]) <= STYLESHEET
    assert size([*parts["classic script"], *parts["module"]]) <= SCRIPTS
    page = (built.root / themed).read_bytes()
    assert len(page) <= HTML
    first_view = [page, *(file.read_bytes() for file in parts["css"])]
    assert sum(len(gzip.compress(data)) for data in first_view) <= FIRST_VIEW_COMPRESSED


def test_scripts_wait_for_the_page(themed, built):
    if themed is None:
        return
    tree = built.tree(themed)
    waiting = tree.xpath("//script[@src and not(@defer) and not(@type='module')]/@src")
    assert waiting == [], "they hold up the page"
    inline = tree.xpath("//script[not(@src) and not(@type='application/json')]/text()")
    assert [text[:30] for text in inline] == ["(()=>{let m;try{m=localStorage"], (
        "one line, the colours"
    )


def test_images_reserve_their_room(page_name, built):
    for image in built.tree(page_name).iter("img"):
        assert image.get("width") and image.get("height"), image.get("src")


@pytest.mark.parametrize("folder", LANGUAGES)
def test_fonts_are_reduced(built, folder):
    fonts = [file for file in (built.root / folder).rglob("*") if file.suffix == ".woff2"]
    assert fonts, "formulas need some"
    assert size(fonts) <= FONTS
    others = [file.name for file in built.root.rglob("*") if file.suffix in {".woff", ".ttf"}]
    assert others == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_nothing_idle_is_shipped(built, folder):
    static = [file for file in (built.root / folder / "_static").rglob("*") if file.is_file()]
    names = {file.name for file in static}
    assert not {name for name in names if name.endswith((".map", "_badge_logo.svg"))}
    assert not names & {"fontawesome.js", "bootstrap.js", "basic.css", "webpack-macros.html"}
    at_once = [file for file in static if not any(name in str(file) for name in ON_DEMAND)]
    assert size(at_once) <= STATIC
