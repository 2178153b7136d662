"""Keep the translations in step with the English texts.

python docs/_tools/i18n              extract the texts, update the catalogues, report
python docs/_tools/i18n --check      change nothing; fail on everything that is to be done

What is checked, and how to write a translation, is in CONTRIBUTING.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "docs"))

import polib
from babel.core import Locale, UnknownLocaleError

from _ext.figures import translation
from _ext.translation import interface
from _tools import build, execute
from _tools.i18n import catalogues as i18n_catalogues
from _tools.i18n import checks, glossary, merge
from _tools.i18n import extract as i18n_extract
from _tools.i18n.catalogues import Message, catalogue_path

ERRORS = (
    build.BuildError,
    i18n_catalogues.CatalogueError,
    i18n_extract.ExtractionError,
    glossary.RulesError,
)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Update or check the catalogues; return the exit status.

    0: done, or nothing to put right; 1: the check found problems; 2: it could not be done.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail on problems")
    parser.add_argument("--language", metavar="CODE", help="only this one, for example zh_CN")
    options = parser.parse_args(arguments)
    try:
        languages = chosen_languages(root, options.language)
        # A catalogue that cannot be read stops everything before the long part.
        catalogues = {x: i18n_catalogues.read_all(root / "docs" / "locale", x) for x in languages}
        templates = extract(root)
        act = check if options.check else update
        return max([act(root, language, templates, catalogues[language]) for language in languages])
    except ERRORS as error:
        print(f"{error}\nNothing was written to docs/locale.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. The same command begins again.", file=sys.stderr)
        return 130


def chosen_languages(root: Path, language: str | None) -> list[str]:
    """Return the languages to work on: the given one, or all that have catalogues."""
    found = i18n_catalogues.languages(root / "docs" / "locale")
    if language is None and not found:
        raise i18n_extract.ExtractionError(
            "docs/locale has no catalogues yet: say for which language, --language zh_CN"
        )
    try:
        return [str(Locale.parse(language))] if language else found
    except (UnknownLocaleError, ValueError):
        raise i18n_extract.ExtractionError(
            f"{language} is no language code: use one such as zh_CN"
        ) from None


def extract(root: Path) -> dict[str, list[Message]]:
    """Extract all English texts, by domain."""
    print("Extracting the English texts; a lesson without cached outputs is executed.", flush=True)
    with build.build_lock():
        execute.execute([], [], build.environment())
        folder = i18n_extract.run_sphinx(root, build.environment())
    templates = i18n_extract.read_templates(root, folder)
    ours = {
        "figures": [
            Message(text, tuple(lessons))
            for text, lessons in translation.extract(root / "docs" / "lessons")
        ],
        "site": [Message(text) for text in interface.messages(root / "docs")],
    }
    return templates | {domain: messages for domain, messages in ours.items() if messages}


def merged(
    root: Path,
    language: str,
    templates: Mapping[str, list[Message]],
    catalogues: Mapping[str, polib.POFile],
) -> dict[str, polib.POFile]:
    """Return the catalogues of a language as they should be."""
    kept = [Message(entry.msgid) for entry in catalogues.get(i18n_extract.HAND_KEPT, ())]
    wanted = {**templates, **({i18n_extract.HAND_KEPT: kept} if kept else {})}
    return merge.merge(wanted, catalogues, language, lambda domain: checks.syntax_of(root, domain))


def update(
    root: Path,
    language: str,
    templates: Mapping[str, list[Message]],
    catalogues: Mapping[str, polib.POFile],
) -> int:
    """Write the catalogues of a language and report on them."""
    locale_dir = root / "docs" / "locale"
    new = merged(root, language, templates, catalogues)
    texts = {
        catalogue_path(locale_dir, language, domain): i18n_catalogues.render(catalogue)
        for domain, catalogue in new.items()
    }
    unwanted = [
        catalogue_path(locale_dir, language, domain) for domain in set(catalogues) - set(new)
    ]
    changed = i18n_catalogues.write_all(texts, unwanted)
    print(report(language, new))
    dropped = count(catalogues, new)
    print(
        f"{len(changed)} files changed; {dropped} messages dropped that are no longer in English."
    )
    for file in sorted(changed):
        print(f"  {file.relative_to(root)}{'' if file.exists() else ' (deleted)'}")
    return 0


def count(old: Mapping[str, polib.POFile], new: Mapping[str, polib.POFile]) -> int:
    """Count the messages that are in the old catalogues only."""
    return sum(
        len({e.msgid for e in catalogue} - {e.msgid for e in new.get(domain, ())})
        for domain, catalogue in old.items()
    )


def report(language: str, catalogues: Mapping[str, polib.POFile]) -> str:
    """Return a table of what is translated."""
    rows = [["", "messages", "translated", "fuzzy", "missing"]]
    totals = [0, 0, 0, 0]
    for domain, catalogue in sorted(catalogues.items()):
        fuzzy = len(catalogue.fuzzy_entries())
        translated = len(catalogue.translated_entries())
        numbers = [len(catalogue), translated, fuzzy, len(catalogue) - translated - fuzzy]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        rows.append([domain, *map(str, numbers)])
    rows.append([f"{language}, all", *map(str, totals)])
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{row[0]:{width}}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows
    )


def check(
    root: Path,
    language: str,
    templates: Mapping[str, list[Message]],
    catalogues: Mapping[str, polib.POFile],
) -> int:
    """Print what is wrong with the catalogues of a language."""
    wanted = merged(root, language, templates, catalogues)
    problems = checks.stale(root, language, wanted, catalogues)
    problems += checks.check(root, language, catalogues)
    for problem in problems:
        print(problem)
    print(f"{language}: {len(problems)} problems." if problems else f"{language}: all is well.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
