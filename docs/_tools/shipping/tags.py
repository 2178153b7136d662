"""Rewrite the start tags of an HTML page, and leave every other byte of it alone.

This is no parser of any HTML, but enough for pages that Sphinx has written: quoted attributes,
escaped text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator
from functools import cache, cached_property

_ATTRIBUTE = r"""[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?"""
_ANY_NAME = r"[A-Za-z][\w-]*"
_ONE_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_WITHOUT_TAGS = ("script", "style", "textarea")


class Tag:
    """A start tag; for a script or style with what stands in it.

    Attributes
    ----------
    name : str
        The name of the element, in lower case.
    attributes : dict[str, str]
        The values, without HTML's escapes; an attribute without a value has an empty one.
    content : str
        The text of a script or a style sheet.
    before : str
        The page in front of the tag.

    Examples
    --------
    >>> rewrite('<p>1<br />2</p>', lambda tag: "" if tag.name == "br" else None)
    '<p>12</p>'
    >>> def lazy(tag):
    ...     if tag.name == "img":
    ...         tag.attributes["loading"] = "lazy"
    ...         return str(tag)
    >>> rewrite('<img src="a&amp;b.png" /><!-- <img> -->', lazy)
    '<img src="a&amp;b.png" loading="lazy"><!-- <img> -->'
    """

    def __init__(self, match: re.Match[str], content: str) -> None:
        self.name: str = match["name"].lower()
        self.content = content
        self._source = match

    @cached_property
    def attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, *values in _ONE_ATTRIBUTE.findall(self._source["attributes"]):
            found.setdefault(name.lower(), html.unescape("".join(values)))
        return found

    @property
    def before(self) -> str:
        return self._source.string[: self._source.start()]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def __str__(self) -> str:
        attributes = "".join(
            f' {name}="{html.escape(value)}"' if value or name in {"alt", "content"} else f" {name}"
            for name, value in self.attributes.items()
        )
        end = f"{self.content}</{self.name}>" if self.name in _WITHOUT_TAGS else ""
        return f"<{self.name}{attributes}>{end}"


@cache
def _pattern(names: str) -> re.Pattern[str]:
    return re.compile(
        rf"""<!--.*?-->|<(?P<name>(?:{names})(?![\w-]))(?P<attributes>(?:\s+{_ATTRIBUTE})*)\s*/?>""",
        re.DOTALL | re.IGNORECASE,
    )


def find(page: str) -> Iterator[Tag]:
    """Yield the start tags of a page."""
    for tag, _start, _end in _tags(page):
        yield tag


def rewrite(page: str, change: Callable[[Tag], str | None], names: Collection[str] = ()) -> str:
    """Return a page with what a function makes of its start tags; nothing leaves one as it is.

    What stands for a script, a style sheet or a text area is the whole element.

    Parameters
    ----------
    page : str
    change : callable
        It gets a tag.
    names : collection of str
        The elements that it may change; others it need not get. Without any it gets all.
    """
    wanted = "|".join(sorted({*names, *_WITHOUT_TAGS})) if names else _ANY_NAME
    parts, done = [], 0
    for tag, start, end in _tags(page, wanted):
        changed = change(tag)
        if changed is not None:
            parts += [page[done:start], changed]
            done = end
    return "".join([*parts, page[done:]])


def _tags(page: str, names: str = _ANY_NAME) -> Iterator[tuple[Tag, int, int]]:
    tag = _pattern(names)
    place = 0
    while match := tag.search(page, place):
        place = match.end()
        if match["name"] is None:  # a comment
            continue
        content = ""
        if match["name"].lower() in _WITHOUT_TAGS:
            closing = re.compile(f"</{match['name']}\\s*>", re.IGNORECASE).search(page, place)
            if closing:
                content, place = page[place : closing.start()], closing.end()
        yield Tag(match, content), match.start(), place
