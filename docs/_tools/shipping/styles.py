"""One small stylesheet for each kind of page, in place of the many that Sphinx links."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from _ext.common.node import find_node
from _ext.common.paths import WEB
from _ext.common.store import Store
from _tools.shipping import fonts

#: Names that pages or scripts have and nothing uses: the theme's announcement, its banner and menu
#: for other versions, and its search dialog, in whose place stands ours.
UNUSED = {
    "bd-header-announcement",
    "bd-header-version-warning",
    "bd-search",
    "pst-search-dialog",
    "version-switcher__button",
    "version-switcher__menu",
}
#: Names that only pages in Chinese have: all languages shall have the same stylesheets.
SHARED = {"cjk_fallback", "zh"}
_WORD = re.compile(r"[A-Za-z_-][\w-]*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PART = re.compile(r"""[*^$]=\s*["']?([^"'\]\s]+)""")
PROGRAM = WEB / "tune_styles.mjs"


class StyleError(Exception):
    """Stylesheets cannot be joined."""


@dataclass(frozen=True)
class Request:
    """The stylesheets of one kind of page, and the names that they may style."""

    screen: tuple[Path, ...]
    plain: tuple[Path, ...]
    print: tuple[Path, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Styles:
    """Three stylesheets, and fonts.

    Attributes
    ----------
    screen : str
        For every reader.
    plain : str
        For readers without scripts: among others the colours of a dark desktop.
    print : str
        For paper.
    fonts : dict[str, bytes]
        The fonts that they load, by their names in the folder that the addresses start from.
    """

    screen: str
    plain: str
    print: str
    fonts: dict[str, bytes]


def tune(
    request: Request, static: Path, formulas: dict[fonts.Face, set[int]], store: Store
) -> Styles:
    """Join, purge and compress the stylesheets of one kind of page.

    Parameters
    ----------
    request : Request
        The stylesheets.
    static : Path
        The folder that the addresses in the results start from.
    formulas : dict[tuple[str, str, str], set[int]]
        The code points of the signs in formulas, by the font that draws them.
    store : Store
        Where results are kept.

    Raises
    ------
    StyleError
        If a stylesheet cannot be read.
    """
    files = {kind: getattr(request, kind) for kind in ("screen", "plain", "print")}
    # A stylesheet may import others that lie beside it.
    read = [*(file for group in files.values() for file in group), *sorted(static.glob("*.css"))]
    contents = [file.read_bytes() for file in read]
    words = styled(request.words, (content.decode() for content in contents))
    groups = {kind: [str(file) for file in group] for kind, group in files.items()}
    text = json.dumps({"target": str(static), **groups, "words": words})
    # The languages have their files in folders of their own, and mostly the same in them.
    names = [os.path.relpath(file, static) for file in read]
    key = json.dumps([{kind: len(group) for kind, group in files.items()}, names, words])
    answer = store.get(lambda: _ask_node(text), "styles", PROGRAM.read_bytes(), key, *contents)
    found = json.loads(answer)
    found["screen"], files = fonts.tune(found["screen"], static, formulas, store)
    return Styles(**found, fonts=files)


def styled(names: Iterable[str], sheets: Iterable[str]) -> list[str]:
    """Return the names that stylesheets may mean, which are the same in most languages.

    All words of such a name are words of a stylesheet, or a selector asks for a part of it.

    Examples
    --------
    >>> sheet = '.card, .sm\\\\:card, [class*="box-"] { top: 0 }'
    >>> styled(["box-3", "card", "exercise-1", "sm:card"], [sheet])
    ['box-3', 'card', 'sm:card']
    """
    known, parts = set[str](), set[str]()
    for sheet in (_COMMENT.sub("", sheet) for sheet in sheets):
        known.update(_WORD.findall(sheet))
        parts.update(_PART.findall(sheet))
    names = list(names)
    together = "\n".join(names)
    parts = {part for part in parts if part in together}  # few of some hundred
    return [
        name
        for name in names
        if (known.issuperset(_WORD.findall(name)) and name.isascii())
        or any(part in name for part in parts)
    ]


def _ask_node(request: str) -> bytes:
    done = subprocess.run(
        [find_node(), PROGRAM], input=request.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise StyleError(f"The stylesheets cannot be joined. Node said:\n{done.stderr.decode()}")
    return done.stdout


def words(names: Iterable[str], scripts: Iterable[str]) -> tuple[str, ...]:
    """Return the names on pages in any language, and those that scripts may set: each word in them.

    Examples
    --------
    >>> words({"p"}, ["a.classList.add('is-done')"])
    ('a', 'add', 'cjk_fallback', 'classList', 'is-done', 'p', 'zh')
    """
    found = {*names, *SHARED, *(word for text in scripts for word in _WORD.findall(text))}
    return tuple(sorted(found - UNUSED))
