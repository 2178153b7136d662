"""Take a message apart into inline markup, which a translation must keep, and prose.

Three syntaxes: ``rst``, ``myst``, and ``plain`` for texts that no parser reads (strings in
figures, comments in code, interface strings).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

LATIN = "\ue000"
"""Stands in the prose for markup that looks like Latin text: code, formulas."""
NEUTRAL = "\ue001"
"""Stands in the prose for markup whose text is not known here: the title of another page."""

VERBATIM = {"math", "code", "literal", "samp", "kbd", "file", "program", "command", "envvar"}
FREE = {"abbr", "dfn", "emphasis", "strong", "guilabel", "menuselection", "sub", "sup", "index"}
TITLED_ELSEWHERE = {"doc", "ref", "numref", "eq", "any"}

_URL = r"(?P<url>https?://[\w!#$%&'*+,\-./:;=?@~()]*[\w#$%&*+\-/=@~])"
_PLACEHOLDER = r"(?P<placeholder>\{\w*\}|%\(\w+\)[sd]|%[sd](?!\w))"
_DOLLARS = r"(?P<dollars>(?<![\\$\w])\$(?![\s$])[^$]*?(?<![\s\\])\$(?![\d$])|\$\$[^$]+\$\$)"
_LINK = (
    r"(?P<image>!)?\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]"
    r"(?:\(\s*(?P<target><[^>]*>|(?:[^\s()]|\([^()]*\))*)(?:\s+\"[^\"]*\")?\s*\)"
    r"|\[(?P<key>[^\]]+)\])"
)
_PATTERNS = {
    "rst": (
        r"``(?P<literal>.+?)``(?!`)",
        r":(?P<role>[a-zA-Z][\w.+:-]*):`(?P<content>(?:[^`\\]|\\.)+)`",
        r"`(?P<link>(?:[^`\\]|\\.)+)`(?P<anonymous>__?)",
        r"`(?P<default>(?:[^`\\]|\\.)+)`",
        r"\[(?P<note>\#?[\w.-]*|\*)\]_",
        r"\|(?P<substitution>[^|\s](?:[^|]*[^|\s])?)\|_{0,2}",
        _URL,
        r"(?<![\w_])(?P<reference>[a-zA-Z][\w.+-]*?)__?(?![\w_])",
        _PLACEHOLDER,
    ),
    "myst": (
        r"\{(?P<role>[a-zA-Z][\w.+:-]*)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks)(?!`)",
        r"(?P<fence>`+)(?P<literal>.+?)(?<!`)(?P=fence)(?!`)",
        _LINK,
        r"\[\^(?P<note>[^\]]+)\]",
        r"\{\{\s*(?P<substitution>[^}]+?)\s*\}\}",
        r"(?P<attributes>\{[.#][^}]*\})",
        _DOLLARS,
        r"<?" + _URL + r">?",
        r"(?P<tag></?[a-zA-Z][^<>]*>)",
    ),
    "plain": (r"`(?P<literal>[^`]+)`", _DOLLARS, _URL, _PLACEHOLDER),
}
_SCANNERS = {
    syntax: re.compile("|".join(f"(?:{p})" for p in patterns), re.DOTALL | re.ASCII)
    for syntax, patterns in _PATTERNS.items()
}
_TITLED = re.compile(r"(?P<title>.*?)\s*(?<!\\)<(?P<target>[^<>]+)>", re.DOTALL)
_TEXT_IN_MATH = re.compile(r"\\(?P<command>text|textbf|textit)\{(?P<words>[^{}]*)\}")
_COMMAND = re.compile(r"\\(?:begin|end|mathrm|operatorname\*?)\{[^{}]*\}|\\[a-zA-Z]+")


class Markup(NamedTuple):
    """A message taken apart."""

    atoms: Counter[str]
    """The inline markup, in a form in which original and translation are equal."""
    prose: str
    """The text that is left, with :data:`LATIN` or :data:`NEUTRAL` for each piece of markup."""


def parse(text: str, syntax: str, terms: Mapping[str, str] | None = None) -> Markup:
    """Take a message apart.

    Parameters
    ----------
    text : str
    syntax : {"rst", "myst", "plain"}
    terms : Mapping of str to str, optional
        From the translation of a glossary term to the term: either may be the target of a
        ``term`` role.

    Examples
    --------
    >>> markup = parse("Use :func:`max <torch.max>` on ``x``.", "rst")
    >>> sorted(markup.atoms)
    ['``x``', 'the target torch.max of :func:']
    """
    if syntax != "plain" and _is_formula(text):
        words = " ".join(match["words"] for match in _TEXT_IN_MATH.finditer(text))
        return Markup(Counter([f"the formula {_formula(text)}"]), words)
    atoms: Counter[str] = Counter()
    prose = []
    end = 0
    for match in _SCANNERS[syntax].finditer(text):
        prose.append(text[end : match.start()])
        end = match.end()
        atom, shown, inner = _atom({k: v for k, v in match.groupdict().items() if v}, terms or {})
        if inner:
            nested = parse(inner, syntax, terms)
            atoms += nested.atoms
            shown = nested.prose
        atoms[atom] += 1
        prose.append(shown)
    return Markup(atoms, "".join([*prose, text[end:]]))


def _atom(group: Mapping[str, str], terms: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the canonical form of a match, what stands for it in prose, and nested markup."""
    if "role" in group:
        return (*_role(group["role"], group["content"], terms), "")
    if "literal" in group:
        return f"``{group['literal']}``", LATIN, ""
    if "dollars" in group:
        return f"the formula {_formula(group['dollars'])}", LATIN, ""
    if "link" in group:
        titled = _TITLED.fullmatch(group["link"])
        target = titled["target"].rstrip("_") if titled else group["link"]
        return f"the link to {target}", titled["title"] if titled else target, ""
    if "target" in group or "key" in group or "text" in group:
        target = group.get("target", "").strip("<>") or group.get("key", "")
        kind = "image" if "image" in group else "link to"
        return f"the {kind} {target}", "", "" if "image" in group else group.get("text", "")
    if "default" in group:
        return f"`{group['default']}`", LATIN, ""
    if "note" in group:
        return f"the note [{group['note']}]", "", ""
    for name in ("url", "reference"):
        if name in group:
            return f"the link {group[name]}", LATIN, ""
    for name in ("placeholder", "substitution", "tag", "attributes"):
        if name in group:
            return f"the {name} {group[name]}", "" if name == "tag" else NEUTRAL, ""
    raise AssertionError(f"a pattern without a case: {group}")


def _role(role: str, content: str, terms: Mapping[str, str]) -> tuple[str, str]:
    name = role.rpartition(":")[2]
    if name == "math":
        return f"the formula {_formula(content)}", LATIN
    if name in VERBATIM:
        return f":{role}:`{content}`", LATIN
    if name in FREE:
        return f"a role :{role}:", content
    titled = _TITLED.fullmatch(content)
    target = (titled["target"] if titled else content).lstrip("~!")
    if name == "term":
        target = terms.get(target, target).lower()
        return f"the target {target} of :{role}:", titled["title"] if titled else content
    shown = NEUTRAL if name in TITLED_ELSEWHERE else LATIN
    return f"the target {target} of :{role}:", titled["title"] if titled else shown


def _is_formula(text: str) -> bool:
    """Tell whether a message is a displayed formula, which Sphinx extracts as bare LaTeX."""
    bare = _COMMAND.sub("", _TEXT_IN_MATH.sub("", text))
    marked = re.search(r"[`$<]|\*\*|\{\{", text)
    return bool(re.search(r"[\\^_={]", text)) and not marked and not re.search(r"[^\W\d_]{3}", bare)


def _formula(source: str) -> str:
    """Return a formula with the words in it left out: they may be translated."""
    return _TEXT_IN_MATH.sub(r"\\\1{}", " ".join(source.split()))


def is_translatable(text: str, syntax: str) -> bool:
    """Tell whether a message holds words, and not only formulas, code, numbers and links.

    Examples
    --------
    >>> is_translatable(":math:`a^2 + b^2`, 3.14", "rst"), is_translatable("Epoch {0}", "plain")
    (False, True)
    """
    return bool(re.search(r"[^\W\d_]{2,}", parse(text, syntax).prose))


def differences(original: Counter[str], translation: Counter[str]) -> list[str]:
    """Say which markup a translation lost or has too much."""
    lost = [f"lost {atom}" for atom in original - translation]
    added = [f"has {atom}, which the English does not have" for atom in translation - original]
    return lost + added


def unbalanced(text: str, syntax: str) -> list[str]:
    """List the markers of inline markup that were opened or closed alone.

    Examples
    --------
    >>> unbalanced("**bold and `code", "rst"), unbalanced("**bold** 2 * 3", "rst")
    (['`', '**'], [])
    """
    if syntax == "plain":
        return []
    bare = parse(text, syntax).prose
    found = ["`"] if "`" in re.sub(r"\\.", "", bare) else []
    if syntax == "rst":
        stars = re.sub(r"\\.|(?<!\S)\*+(?!\S)", "", bare)
        double, rest = stars.count("**"), stars.replace("**", "").count("*")
        return found + (["**"] if double % 2 else []) + (["*"] if rest % 2 else [])
    # In Markdown it depends on the neighbours whether a star opens or closes anything.
    tokens = MarkdownIt().use(dollarmath_plugin).parseInline(text)[0].children or []
    texts = [token.content for token in tokens if token.type == "text"]
    stars_left = {star for t in texts for star in re.findall(r"(?<!\s)\*+|\*+(?!\s|$)", t)}
    return found + sorted(stars_left)


def looks_like_list(text: str, syntax: str) -> bool:
    r"""Tell whether Sphinx would read a translation as a list, and so keep the English.

    Examples
    --------
    >>> looks_like_list("A. Paszke 等", "rst"), looks_like_list(r"\A. Paszke 等", "rst")
    (True, False)
    >>> looks_like_list("1. 安装", "myst"), looks_like_list("1.5 倍", "myst")
    (True, False)
    """
    letters = r"|[A-Za-z]|[ivxlcdm]+|[IVXLCDM]+|#" if syntax == "rst" else ""
    marker = rf"[-*+•]|(?:\d+{letters})[.)]|\((?:\d+{letters})\)"
    return syntax != "plain" and re.match(rf"(?:{marker})\s", text) is not None
