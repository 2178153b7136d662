"""Hold translations to the glossary: one term, one translation.

The terms are those of ``docs/glossary.md``, their translations those of its catalogue. What a
word may also be called, and where the rule does not apply, is in ``glossary_rules.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

RULES_FILE = Path("docs/_tools/i18n/glossary_rules.toml")
"""Relative to the root of the project."""

_FENCE = re.compile(r"^(`{3,}|:{3,})\{glossary\}[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_DETERMINER = (
    r"(?:an?|the|this|that|these|those|each|every|another|its|their|one|two|no|any|both|of)"
)
_HAN = re.compile("[\u3400-\u9fff]")
_KEYS = {"loose", "unchecked", "plurals", "accept", "exception", "forbidden"}


class RulesError(Exception):
    """Rules that cannot be read; the message holds file and line."""


def terms(page: str) -> list[str]:
    """List the terms of a glossary page, as they are written there.

    Examples
    --------
    >>> terms('''```{glossary}
    ... stride (convolution)
    ...   How far the kernel moves.
    ... ```''')
    ['stride (convolution)']
    """
    return [
        line.strip()
        for _, body in _FENCE.findall(page)
        for line in body.split("\n")
        if line.strip() and not line[0].isspace() and not line.startswith((":", ".."))
    ]


def names(term: str, translation: str) -> tuple[str, ...]:
    """Return what a term may be called, given its entry in the glossary.

    Examples
    --------
    >>> names("rank", "秩（阶）"), names("epoch", "轮次（epoch）"), names("stride (memory)", "步幅（内存）")
    (('秩', '阶'), ('轮次',), ('步幅',))
    """
    first, *rest = (
        part.strip() for part in re.split(r"[（(]", translation.rstrip("）) "), maxsplit=1)
    )
    if rest and "(" not in term and _HAN.search(rest[0]):
        return (first, rest[0])
    return (first,)


class Glossary:
    """The terms of one language and the rules for them.

    Parameters
    ----------
    page : str
        The text of ``docs/glossary.md``.
    translations : Mapping of str to str
        The catalogue of that page.
    rules : Mapping, optional
        What ``glossary_rules.toml`` says.
    """

    def __init__(
        self, page: str, translations: Mapping[str, str], rules: Mapping[str, Any] | None = None
    ) -> None:
        self.rules: Mapping[str, Any] = rules or {}
        self.aliases: dict[str, str] = {}
        """From the translation of an entry to the entry: both are targets of ``term`` roles."""
        self.accepted: dict[str, list[str]] = {}
        """From a term to what it may be called, the preferred name first."""
        for term in terms(page):
            word = term.partition(" (")[0].lower()
            accepted = self.accepted.setdefault(word, [])
            if translation := translations.get(term):
                self.aliases[translation] = term
                accepted += names(term, translation)
        for word, more in self.rules.get("accept", {}).items():
            self.accepted.get(word, []).extend(more)
        self._used: set[int] = set()
        self._pattern = self._compile()

    def _compile(self) -> re.Pattern[str]:
        self._singular = {self._plural(word): word for word in self.accepted}
        forms = sorted({*self.accepted, *self._singular}, key=len, reverse=True)
        alternatives = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms)
        return re.compile(rf"(?<![\w.-])(?:{alternatives or '(?!)'})(?![\w-]|\.\w)", re.IGNORECASE)

    def _plural(self, word: str) -> str:
        irregular: str | None = self.rules.get("plurals", {}).get(word)
        if irregular:
            return irregular
        if re.search("[^aeiou]y$", word):
            return word[:-1] + "ies"
        return word + ("es" if re.search("(s|x|z|ch|sh)$", word) else "s")

    def problems(self, domain: str, english: str, translation: str) -> list[str]:
        """List the terms that a translation does not call by their name.

        Parameters
        ----------
        domain : str
            The catalogue, for exceptions.
        english : str
            The English text without its markup.
        translation : str
        """
        found = []
        for word in dict.fromkeys(self._words(english)):
            accepted = self.accepted[word]
            if any(name.lower() in translation.lower() for name in accepted):
                continue
            if accepted and not self._is_exception(domain, english, word):
                found.append(f'the glossary calls "{word}" {" or ".join(accepted)}')
        return found + self._forbidden(english, translation)

    def _words(self, english: str) -> Iterable[str]:
        for match in self._pattern.finditer(english):
            form = " ".join(match[0].lower().split())
            word = form if form in self.accepted else self._singular[form]
            if word in self.rules.get("unchecked", ()):
                continue
            noun = re.search(
                rf"\b{_DETERMINER}\s+(?:\w+\s+)?$", english[: match.start()], re.IGNORECASE
            )
            if noun or word not in self.rules.get("loose", ()):
                yield word

    def _is_exception(self, domain: str, english: str, word: str) -> bool:
        for number, rule in enumerate(self.rules.get("exception", ())):
            same = (rule["catalogue"], rule["term"]) == (domain, word)
            if same and english.startswith(rule["message"]):
                self._used.add(number)
                return True
        return False

    def _forbidden(self, english: str, translation: str) -> list[str]:
        # 细胞状态 is the name of the cell state; 细胞 alone is a biological cell.
        rest = translation
        for name in sorted((n for a in self.accepted.values() for n in a), key=len, reverse=True):
            rest = rest.replace(name, "")
        return [
            f'{rule["wrong"]} is wrong for "{rule["english"]}": {rule["right"]}'
            for rule in self.rules.get("forbidden", ())
            if rule["wrong"] in rest
            and re.search(rf"\b{re.escape(rule['english'])}", english, re.IGNORECASE)
        ]

    def rule_problems(self) -> list[str]:
        """List the rules that say nothing: unknown keys, unknown terms, exceptions without a use.

        Call it after all translations went through :meth:`problems`.
        """
        found = [f"unknown table or list [{key}]" for key in sorted(set(self.rules) - _KEYS)]
        named = {
            word
            for key in ("loose", "unchecked", "plurals", "accept")
            for word in self.rules.get(key, ())
        }
        exceptions = self.rules.get("exception", ())
        named |= {rule["term"] for rule in exceptions}
        found += [
            f'"{w}" is not in the glossary: delete the rule'
            for w in sorted(named - set(self.accepted))
        ]
        found += [
            f'the exception for "{rule["term"]}" in {rule["catalogue"]} is not needed: delete it'
            for number, rule in enumerate(exceptions)
            if number not in self._used
        ]
        return found + [
            f'the exception for "{r["term"]}" has no reason'
            for r in exceptions
            if not r.get("reason")
        ]


def read_rules(file: Path) -> dict[str, Any]:
    """Read the rules; raise :class:`RulesError` where they are not valid TOML."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise RulesError(f"{file}:{line[1] if line else 1}: {error}; correct the file") from error
