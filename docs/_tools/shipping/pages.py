"""What a page of the theme loads, and how it is written lighter and valid."""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from _tools.shipping import images, tags
from _tools.shipping.tags import Tag

#: Set the colours before anything is drawn: the reader's choice, or the system's. The theme's own
#: line goes by what it noted on the last visit, so a first visit in the dark begins with a flash.
COLOURS = (
    '(()=>{let m;try{m=localStorage.getItem("mode")}catch{}m=m||"auto";'
    "const d=document.documentElement.dataset;d.mode=m;"
    'd.theme=m==="auto"?(matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"):m})()'
)
_MENU = "_static/menus.js"  # ours, see there
#: The way to the navigation where no script can open it, see nojs.css.
_NAVIGATION = (
    '<noscript><a class="pst-navbar-icon primary-toggle" href="#pst-primary-sidebar"'
    ' aria-label="{}"><span class="fa-solid fa-bars"></span></a></noscript>'
)
_SHORT_VALUE = re.compile(r"[\w:.-]{1,40}")
_HEADING = re.compile(r"<h[2-6]\b")
#: In front of every other script: one that is not joined may need those that are.
_PLACE = re.compile(r"</title>")


@dataclass(frozen=True)
class Assets:
    """The stylesheets and scripts of one kind of page, in their order, below the language's folder."""

    screen: tuple[str, ...]
    print: tuple[str, ...]
    scripts: tuple[str, ...]


@dataclass
class Survey:
    """What a page has, found before it is rewritten."""

    names: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    stylesheets: list[str] = field(default_factory=list)
    print: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: bytes) -> Survey:
        """Return the survey that `as_json` wrote down."""
        kept = json.loads(text)
        return cls(**kept | {"names": set(kept["names"]), "classes": set(kept["classes"])})

    def as_json(self) -> bytes:
        """Write the survey down."""
        return json.dumps(
            vars(self) | {"names": sorted(self.names), "classes": sorted(self.classes)}
        ).encode()

    @property
    def assets(self) -> Assets:
        """The stylesheets and scripts that the page needs."""
        scripts = [script for script in self.scripts if self._needs(script)]
        return Assets(
            tuple(self.stylesheets),
            tuple(self.print),
            tuple(_MENU if each == "_static/scripts/bootstrap.js" else each for each in scripts),
        )

    def _needs(self, script: str) -> bool:
        name = script.removeprefix("_static/")
        if name == "scripts/fontawesome.js":  # for icons that are pictures; ours are letters
            return False
        if name in {"clipboard.min.js", "copybutton.js"}:
            return "highlight" in self.classes
        if name == "design-tabs.js":  # tabs work without it; it keeps sets of tabs the same
            return "data-sync-id" in self.names
        return True


def local(page: str, address: str) -> str | None:
    """Return the file behind a relative address, from the same folder as the page's name.

    Examples
    --------
    >>> local("lessons/1/a.html", "../../_static/x.css?v=1")
    '_static/x.css'
    >>> local("a.html", "https://example.org/x.css"), local("a.html", "../zh/a.html")
    (None, None)
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    file = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return None if file.startswith("..") else file


def survey(page: str, text: str) -> Survey:
    """Find out what a page has.

    Parameters
    ----------
    page : str
        The name of the page below the folder of its language.
    text : str
        The page as Sphinx wrote it.
    """
    found = Survey()
    for tag in tags.find(text):
        found.names.update({tag.name, *tag.attributes, *tag.classes})
        found.classes.update(tag.classes)
        for name, value in tag.attributes.items():
            if name in {"href", "src", "action"}:  # a stylesheet can ask how an address begins
                found.names.add(value.split("/")[0])
            elif _SHORT_VALUE.fullmatch(value):
                found.names.add(value)
        if file := stylesheet(page, tag):
            (found.print if tag.attributes.get("media") == "print" else found.stylesheets).append(
                file
            )
        elif tag.name == "script" and (file := local(page, tag.attributes.get("src", ""))):
            if tag.attributes.get("type") == "module":
                found.modules.append(file)
            elif joinable(page, tag):
                found.scripts.append(file)
    return found


def stylesheet(page: str, tag: Tag) -> str | None:
    """Return the file of a ``<link>`` to a stylesheet of the site that is joined with others."""
    attributes = tag.attributes
    if tag.name != "link" or attributes.get("rel") != "stylesheet":
        return None
    return local(page, attributes.get("href", "")) if attributes.get("media") in _MEDIA else None


_MEDIA = {None, "all", "print"}


def joinable(page: str, tag: Tag) -> str | None:
    """Return the file of a script that is joined with others: a plain one, in ``_static``."""
    if tag.name != "script" or tag.attributes.get("type", "text/javascript") != "text/javascript":
        return None
    # Scripts that read settings from their own element; those of sphinx-design have them as well.
    if any(re.match("data-(?!sd-)", name) for name in tag.attributes):
        return None
    file = local(page, tag.attributes.get("src", ""))
    return file if file and file.startswith("_static/") else None


@dataclass(frozen=True)
class Bundles:
    """The files that a kind of page loads instead, below the folder of its language."""

    screen: str
    plain: str
    print: str
    scripts: tuple[str, ...]
    """What all pages have, and what others of its kind have."""


def tune(
    page: str, text: str, found: Survey, bundles: Bundles, image: Callable[[str], tuple[Path, str]]
) -> str:
    """Return a page that loads little, keeps its layout while it loads, and is valid.

    Parameters
    ----------
    page : str
        The name of the page below the folder of its language.
    text : str
        The page as Sphinx wrote it.
    found : Survey
        What `survey` found on it.
    bundles : Bundles
        What it shall load.
    image : callable
        Takes the name of an image; returns its file, and the name of the lightest form of it.
    """
    root = "../" * page.count("/")
    seen: set[str] = set()
    kept = {script for script in found.scripts if script in found.assets.scripts}

    def change(tag: Tag) -> str | None:
        if tag.name == "html":
            # A theme that is no colour: without a script, code would have none either.
            tag.attributes["data-theme"] = "light"
            return str(tag)
        if tag.name in {"link", "meta"}:
            return _head(page, tag, seen)
        if tag.name == "script":
            return _script(page, tag, kept)
        if tag.name == "style" and ".pst-js-only" in tag.content:
            return ""  # in nojs.css
        if tag.name == "img":
            return _image(page, tag, image)
        if tag.name == "button" and "primary-toggle" in tag.classes:
            return _NAVIGATION.format(html.escape(tag.attributes.get("aria-label", ""))) + str(tag)
        return _mended(tag)

    text = tags.rewrite(text, change, _CHANGED).replace("<noscript>\n    \n  </noscript>", "")
    lines = [
        f"<script>{COLOURS}</script>",
        f'<link rel="stylesheet" href="{root}{bundles.screen}">',
        f'<link rel="stylesheet" href="{root}{bundles.print}" media="print">',
        f'<noscript><link rel="stylesheet" href="{root}{bundles.plain}"></noscript>',
        *(f'<script defer src="{root}{script}"></script>' for script in bundles.scripts),
    ]
    return lighter(_PLACE.sub("\n".join(["</title>", *lines]), text, count=1))


#: What keeps its lines as they are, and the empty beginnings of all other lines.
_AS_WRITTEN = re.compile(r"<(pre|script|style|textarea)\b.*?</\1>|\n\s+", re.DOTALL)
_ANY_HEADING = re.compile(r"<(h[1-6])>.*?</\1>", re.DOTALL)
_WORD_OF_CODE = re.compile(r'<span class="pre">([^<]*)</span>')
_NAME_OF_LINK = re.compile(r'<span class="(?:xref )?std std-(?:doc|ref|term)">([^<]*)</span>')


def lighter(text: str) -> str:
    """Return a page without what nobody sees: indentation, and tags that no rule looks for.

    Templates leave kilobytes before lines. Sphinx tags the names of links, and each word of code,
    which may break between any two letters in a heading.

    Examples
    --------
    >>> lighter("<ul>\\n\\n    <li><pre>def f():\\n    pass</pre>")
    '<ul>\\n<li><pre>def f():\\n    pass</pre>'
    >>> lighter('<h2><code><span class="pre">a</span> <span class="pre">b</span></code></h2>')
    '<h2><code>a b</code></h2>'
    >>> lighter('<a href="#x"><span class="xref std std-term">x</span></a>')
    '<a href="#x">x</a>'
    """
    text = _AS_WRITTEN.sub(lambda match: match[0] if match[1] else "\n", text)
    text = _ANY_HEADING.sub(lambda match: _WORD_OF_CODE.sub(r"\1", match[0]), text)
    return _NAME_OF_LINK.sub(r"\1", text)


_CHANGED = ("button", "html", "img", "label", "link", "meta", "script", "style")


def _head(page: str, tag: Tag, seen: set[str]) -> str | None:
    attributes = tag.attributes
    if stylesheet(page, tag):
        return ""
    if attributes.get("rel") == "preload" and attributes.get("as") == "script":
        return ""  # of scripts that are joined now
    if attributes.get("name") == "viewport":  # Sphinx, docutils and the theme each write one
        first = "viewport" not in seen
        seen.add("viewport")
        return None if first else ""
    return None


def _script(page: str, tag: Tag, kept: set[str]) -> str | None:
    if "src" not in tag.attributes:
        return "" if "dataset.mode" in tag.content else None
    if joinable(page, tag):
        return ""
    if tag.attributes.get("type") != "module" and "async" not in tag.attributes:
        tag.attributes["defer"] = ""
        return str(tag)
    return None


def _image(page: str, tag: Tag, image: Callable[[str], tuple[Path, str]]) -> str | None:
    file = local(page, tag.attributes.get("src", ""))
    if file is None:
        return None
    path, lightest = image(file)
    images.set_size(tag, path)
    tag.attributes["src"] = posixpath.relpath(lightest, posixpath.dirname(page) or ".")
    article = tag.before.rfind("<article")
    if article >= 0 and _HEADING.search(tag.before, article):  # not on the first screen
        tag.attributes.setdefault("loading", "lazy")
        tag.attributes.setdefault("decoding", "async")
    return str(tag)


def _mended(tag: Tag) -> str | None:
    """Return a tag without what HTML does not allow, or nothing where it is valid."""
    if tag.name == "label" and "aria-controls" in tag.attributes and "for" in tag.attributes:
        # sphinx-design says of a tab's label what only the control behind it may say.
        del tag.attributes["aria-controls"]
        return str(tag)
    return None
