"""Make the shipped site of the pages that Sphinx wrote: light, valid, readable without scripts.

Sphinx renders into ``build/pages``; `Tuner` writes ``build/html`` from it. What it writes depends
on nothing but what Sphinx wrote, so pages that were rendered again and pages that were not are
treated alike, and a run that was killed leaves nothing that the next one would believe.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from fnmatch import fnmatch
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Self

from _ext.common.files import digest, write
from _ext.common.paths import STATIC
from _ext.common.store import Store
from _tools.shipping import code, fonts, images, pages, styles

#: Files in ``_static`` that are shipped only where a page, a stylesheet or a script of ours names
#: them: most are joined with others, and the rest is for features that are not in use.
PARTS = (
    "*.css",
    "*.js",
    "webpack-macros.html",
    "binder_badge_logo.svg",
    "jupyterlite_badge_logo.svg",
    "broken_example.png",
    "no_image.png",
    "check-solid.svg",
    "copy-button.svg",
    "file.png",
    "minus.png",
    "plus.png",
    "katex/*.css",
    "katex/fonts/*",
    "scripts/*",
    "styles/*",
    "vendor/*/webfonts/*",
)
#: Sphinx's record of its own build, and sources that no page links to.
NOT_FOR_READERS = (".buildinfo", ".buildinfo.bak", "_sources/*")
HERE = Path(__file__).resolve().parent
#: What decides what is found on a page, besides the page.
_SURVEYOR = "".join((HERE / name).read_text("utf-8") for name in ("pages.py", "tags.py"))
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_FILE_NAME = re.compile(r"[\w.-]+\.[a-z][a-z0-9]{1,4}\b")


Files = dict[str, bytes | Path]


class Tuner:
    """Make the site that is shipped, each language in a process of its own; a context manager.

    Parameters
    ----------
    raw : Path
        What Sphinx wrote: a folder for each language, and the files beside them.
    out : Path
        Where the site goes; what else is there is removed.
    kept : Path
        Where results that take long are kept for the next run.
    """

    def __init__(self, raw: Path, out: Path, kept: Path) -> None:
        self.raw, self.out, self.store = raw, out, Store(kept)
        self._processes = ProcessPoolExecutor(initializer=_leave_interrupts_to_the_parent)
        self._begun: dict[str, Future[tuple[Files, set[str]]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # Left to the end of Python, it fails there now and then, and says so after all else.
        self._processes.shutdown(cancel_futures=True)

    def prepare(self, folder: str) -> None:
        """Begin with the pages of one language, which are complete."""
        job = self._processes.submit(prepare_language, self.raw / folder, self.store.folder)
        self._begun[folder] = job

    def finish(self) -> None:
        """Make what is missing, and write the site."""
        folders = sorted(file.parent for file in self.raw.glob("*/_static"))
        wanted: Files = {
            file.relative_to(self.raw).as_posix(): file
            for file in _files(self.raw)
            if not any(file.is_relative_to(folder) for folder in folders)
        }
        for folder in folders:
            if folder.name not in self._begun:
                self.prepare(folder.name)
        for folder in folders:
            files, used = self._begun[folder.name].result()
            self.store.used |= used
            wanted |= {f"{folder.name}/{name}": content for name, content in files.items()}
        _write(wanted, self.out)
        self.store.forget_unused()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def prepare_language(raw: Path, kept: Path) -> tuple[Files, set[str]]:
    """Return the files of one language, and the names of the kept results that it used."""
    store = Store(kept)
    return _Language(raw, store).files(), store.used


class _Language:
    """The site in one language."""

    def __init__(self, raw: Path, store: Store) -> None:
        self.raw, self.store = raw, store
        self.shipped: Files = {
            name: file
            for file in _files(raw)
            if not any(
                fnmatch(name := file.relative_to(raw).as_posix(), x) for x in NOT_FOR_READERS
            )
        }
        self.texts = {
            name: (raw / name).read_text("utf-8")
            for name in self.shipped
            if name.endswith(".html") and not name.startswith("_static/")
        }
        self.own_scripts = {
            name: (raw / name).read_text("utf-8")
            for name in self.shipped
            if name.startswith("_static/")
            and name.endswith((".js", ".mjs"))
            and (STATIC / name.removeprefix("_static/")).exists()
        }
        self.replaced: set[str] = set()

    def files(self) -> Files:
        """Return the contents of all files that are shipped, or where they are."""
        pygments = self.raw / "_static" / "pygments.css"
        plain = code.plain_classes(pygments.read_text("utf-8")) if pygments.exists() else set()
        plain |= code.OPERATORS
        self.texts = {name: code.without_tags(text, plain) for name, text in self.texts.items()}
        found = {name: self._survey(name, text) for name, text in self.texts.items()}
        bundles = self._bundles(found.values())
        for name, text in self.texts.items():
            tuned = pages.tune(name, text, found[name], bundles[found[name].assets], self._image)
            self.shipped[name] = tuned.encode()
        self._leave_out_unused()
        return self.shipped

    def _survey(self, name: str, text: str) -> pages.Survey:
        """Look a page over, unless that was done when it was the same."""
        found = self.store.get(lambda: pages.survey(name, text).as_json(), _SURVEYOR, name, text)
        return pages.Survey.from_json(found)

    def _bundles(self, found: Iterable[pages.Survey]) -> dict[pages.Assets, pages.Bundles]:
        found = list(found)
        words: dict[tuple[tuple[str, ...], ...], set[str]] = {}
        for each in found:
            words.setdefault((each.assets.screen, each.assets.print), set()).update(each.names)
        all_scripts = {name: self._text(name) for each in found for name in each.assets.scripts}
        katex = self.raw / "_static" / "katex" / "katex.min.css"
        said = katex.read_text("utf-8") if katex.exists() else ""
        formulas = fonts.signs(self.texts.values(), said)
        sheets = {}
        for (screen, paper), names in words.items():
            request = styles.Request(
                screen=tuple(self.raw / name for name in screen),
                plain=(HERE / "nojs.css",),
                print=tuple(self.raw / name for name in paper),
                words=styles.words(names, [*all_scripts.values(), *self.own_scripts.values()]),
            )
            made_of = styles.tune(request, self.raw / "_static", formulas, self.store)
            sheets[screen, paper] = made_of
            self.shipped |= {f"_static/{name}": font for name, font in made_of.fonts.items()}
        kinds = {each.assets for each in found}
        # A reader of several pages loads once what all of them have.
        common = set.intersection(
            *(set(each.scripts) for each in kinds if each.scripts), set(all_scripts)
        )
        made = {}
        for assets in kinds:
            style = sheets[assets.screen, assets.print]
            groups = [
                [x for x in assets.scripts if (x in common) is each] for each in (True, False)
            ]
            scripts = [
                ";\n".join(_SOURCE_MAP.sub("", all_scripts[x]).strip() for x in group)
                for group in groups
                if group
            ]
            made[assets] = pages.Bundles(
                screen=self._add(style.screen, ".css"),
                plain=self._add(style.plain, ".css"),
                print=self._add(style.print, ".css"),
                scripts=tuple(self._add(script, ".js") for script in scripts),
            )
        return made

    def _add(self, text: str, suffix: str) -> str:
        # The name changes with the content, so that a browser may keep the file for ever.
        name = f"_static/site-{digest(text)[:10]}{suffix}"
        self.shipped[name] = text.encode()
        return name

    def _text(self, name: str) -> str:
        return (self.raw / name).read_text("utf-8")

    def _image(self, name: str) -> tuple[Path, str]:
        file = self.raw / name
        lightest = str(PurePosixPath(name).with_suffix(".webp"))
        if file.suffix != ".png" or (self.raw / lightest).exists():
            return file, name
        if lightest not in self.shipped:
            webp = images.as_webp(file, self.store)
            if webp is None:
                return file, name
            self.shipped[lightest] = webp
            self.replaced.add(name)
        return file, lightest

    def _leave_out_unused(self) -> None:
        named = set()
        for name, content in self.shipped.items():
            if isinstance(content, bytes) and name.endswith((".css", ".html", ".js")):
                kept = self.store.get(partial(_file_names, content), "file names", content)
                named.update(json.loads(kept))
        for text in self.own_scripts.values():
            named.update(_FILE_NAME.findall(text))
        for name in list(self.shipped):
            unneeded = _is_part(name) or name in self.replaced
            named_somewhere = posixpath.basename(name) in named
            if unneeded and not named_somewhere and not isinstance(self.shipped[name], bytes):
                del self.shipped[name]


def _file_names(content: bytes) -> bytes:
    """Return all words of a file that look like the name of a file, as JSON."""
    return json.dumps(sorted(set(_FILE_NAME.findall(content.decode())))).encode()


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _is_part(name: str) -> bool:
    inside = name.removeprefix("_static/")
    return inside != name and any(
        fnmatch(inside, part) and inside.count("/") == part.count("/") for part in PARTS
    )


def _write(wanted: Files, out: Path) -> None:
    """Write files, copy others where they changed, remove what else is in the folder."""
    for name, content in wanted.items():
        target = out / name
        if isinstance(content, bytes):
            write(target, content)
        elif not _same(content, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(content, target)
    for file in _files(out):
        if file.relative_to(out).as_posix() not in wanted:
            file.unlink()
    for folder in sorted(out.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _same(file: Path, copy: Path) -> bool:
    try:
        there = copy.stat()
    except FileNotFoundError:
        return False
    here = file.stat()
    return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
