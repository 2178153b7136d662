"""Draw the figures of the lessons in the language of the site.

The English build executes the lessons and leaves a pickle and the strings of every figure. For
another language, the figures are drawn from these with the catalogue ``figures``, each as
``X.<language>.png`` beside its English one, which is where Sphinx's own
``figure_language_filename`` looks. Only what changed is drawn again. The process that executed a
lesson draws its figures at once, see ``execution/lesson``; the build in the language does the rest.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import PIL
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx_gallery.py_source_parser import extract_file_config
from sphinx_gallery.utils import scale_image

from _ext.common import timeline
from _ext.common.files import write
from _ext.common.languages import LANGUAGES
from _ext.figures.font import FigureError, font_path
from _ext.figures.images import frame_files, quick_png, save
from _ext.figures.messages import placeholders
from _ext.translation import catalogues

logger = logging.getLogger(__name__)
#: Our own code that decides what a figure looks like.
CODE = ("font", "messages", "texts", "images", "drawing", "translation")
ABOUT = ".figure.json"


class Captured(NamedTuple):
    """A figure that a lesson left behind."""

    stem: str
    """The name of its files up to the first dot."""
    folder: Path
    """Where they lie."""
    lesson: str
    """The name of the script."""
    image: str
    """The name of the image on the page."""
    strings: list[str]
    """Its messages."""
    frames: int = 1
    """How many there are, of an animation."""

    @property
    def lesson_stem(self) -> str:
        return self.lesson.removesuffix(".py")

    @property
    def number(self) -> int:
        return int(self.stem.rsplit("_", 1)[1])

    def file(self, suffix: str) -> Path:
        return self.folder / f"{self.stem}{suffix}"

    def outputs(self, language: str) -> list[Path]:
        """Return the images in another language: all of the page, and a PNG in any case."""
        shown = self.file(f".{language}{Path(self.image).suffix}")
        files = [*frame_files(shown, self.frames), self.file(f".{language}.png")]
        return list(dict.fromkeys(files))


def captured_figures(lessons_dir: Path) -> list[Captured]:
    """Return the figures of all lessons, in the order of the course."""
    figures = []
    for file in sorted(Path(lessons_dir).glob(f"**/images/*{ABOUT}")):
        about = json.loads(file.read_text(encoding="utf-8"))
        stem = file.name.removesuffix(ABOUT)
        lesson, image, strings = about["lesson"], about["image"], about["strings"]
        frames = about.get("frames", 1)
        figures.append(Captured(stem, file.parent, lesson, image, strings, frames))
    return figures


def extract(lessons_dir: Path) -> list[tuple[str, list[str]]]:
    """Return the messages of all figures, each with the lessons that show it."""
    places: dict[str, dict[str, None]] = {}
    for figure in captured_figures(lessons_dir):
        for string in figure.strings:
            places.setdefault(string, {})[figure.lesson] = None
    return [(string, list(lessons)) for string, lessons in places.items()]


def translate_figures(app: Sphinx) -> None:
    """Bring the figures in the language of this build up to date, and report what is missing."""
    language = app.config.language
    if language == "en":
        return
    figures = captured_figures(Path(app.srcdir) / "lessons")
    locale_dir = Path(app.srcdir) / app.config.locale_dirs[0]
    translations = catalogues.load(locale_dir, language, "figures")
    catalogue = catalogues.path(locale_dir, language, "figures")
    drawing = _drawing()
    drawn = 0
    for figure in figures:
        good, problems = _translations_of(figure, translations)
        for problem in problems:
            _warn(f"{figure.lesson}, figure {figure.number}: {problem} (in {catalogue})")
        key = _key(figure, good, drawing)
        if not _is_current(figure.file(f".{language}.key"), key, figure.outputs(language)):
            drawn += 1
            try:
                _draw(figure, language, good, key)
            except FigureError as error:
                _warn(f"{figure.lesson}, figure {figure.number}, in {language}: {error}")
                _show_in_english(figure, language)
    size = app.config.sphinx_gallery_conf["thumbnail_size"]
    thumbs = _thumbnails(figures, language, size)
    _remove_orphans(Path(app.srcdir) / "lessons", figures, thumbs, language)
    logger.info("figures in %s: %d drawn, %d up to date", language, drawn, len(figures) - drawn)


def draw_lesson(lesson: Path, locale_dir: Path, size: tuple[int, int]) -> None:
    """Draw the figures that a lesson has just left behind, and its thumbnail, in other languages.

    Nothing is reported: what cannot be drawn is left to the build in that language.

    Parameters
    ----------
    lesson : Path
        Its script beside its page: the figures are in the folder ``images`` there.
    locale_dir : Path
        Where the catalogues are.
    size : tuple of int
        Pixels of the thumbnail: width and height.
    """
    figures = [each for each in captured_figures(lesson.parent) if each.lesson == lesson.name]
    drawing = _drawing()
    for language in (code for code in LANGUAGES if code != "en"):
        translations = catalogues.load(locale_dir, language, "figures")
        for figure in figures:
            good, problems = _translations_of(figure, translations)
            key = _key(figure, good, drawing)
            kept = _is_current(figure.file(f".{language}.key"), key, figure.outputs(language))
            if not (problems or kept):
                with suppress(FigureError):
                    _draw(figure, language, good, key)
        if all(output.is_file() for figure in figures for output in figure.outputs(language)):
            _thumbnails(figures, language, size)


def _translations_of(
    figure: Captured, translations: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    good, problems = {}, []
    for message in figure.strings:
        translation = translations.get(message)
        if translation is None:
            problems.append(f"no translation of {message!r}")
        elif placeholders(message) != placeholders(translation):
            problems.append(f"{translation!r} has not the placeholders of {message!r}")
        else:
            good[message] = translation
    return good, problems


def _warn(message: str) -> None:
    logger.warning(message, type="course", subtype="figures")


def _drawing() -> str:
    """Return the digest of what draws all figures: code, versions, and the font."""
    here = Path(__file__)
    files = [font_path(), *(here.with_name(f"{name}.py") for name in CODE)]
    versions = [importlib.metadata.version("matplotlib"), PIL.__version__]
    digest = hashlib.sha256(json.dumps(versions).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _key(figure: Captured, translations: dict[str, str], drawing: str) -> str:
    """Return the digest of everything that determines the images of a figure."""
    digest = hashlib.sha256(json.dumps([translations, drawing]).encode())
    digest.update(figure.file(".figure.pkl").read_bytes())
    return digest.hexdigest()


def _is_current(key_file: Path, key: str, outputs: list[Path]) -> bool:
    return (
        key_file.is_file()
        and key_file.read_text() == key
        and all(output.is_file() for output in outputs)
    )


def _draw(figure: Captured, language: str, translations: dict[str, str], key: str) -> None:
    """Draw the images of a figure, its frames too, and last the key that vouches for them."""
    key_file = figure.file(f".{language}.key")
    key_file.unlink(missing_ok=True)
    if all(translation == message for message, translation in translations.items()):
        _show_in_english(figure, language)  # drawn again, it would be the same
        write(key_file, key.encode())
        return
    from _ext.figures.drawing import draw  # here: it loads Matplotlib, and most builds draw nothing

    pickled = figure.file(".figure.pkl").read_bytes()
    images = draw(pickled, lambda message: translations.get(message, message))
    outputs = figure.outputs(language)
    for image, output in zip(images, outputs, strict=False):
        save(image, output)
    for output in outputs[len(images) :]:  # the last once more, if the page does not show its PNG
        write(output, quick_png(images[-1]))
    write(key_file, key.encode())


def _show_in_english(figure: Captured, language: str) -> None:
    """Give the page the English images, under the names that it will depend on."""
    for output in figure.outputs(language):
        english = output.name.replace(f".{language}.", ".")
        shutil.copyfile(output.with_name(english), output)


def _thumbnails(figures: list[Captured], language: str, size: tuple[int, int]) -> list[Path]:
    """Make the thumbnails of the lessons as sphinx-gallery does; return all that belong."""
    thumbs = []
    for figure in _shown_in_thumbnails(figures):
        thumb = figure.folder / "thumb" / f"sphx_glr_{figure.lesson_stem}_thumb.{language}.png"
        thumbs.append(thumb)
        image, key_file = figure.file(f".{language}.png"), thumb.with_suffix(".key")
        key = hashlib.sha256(image.read_bytes() + repr(size).encode()).hexdigest()
        if not _is_current(key_file, key, [thumb]):
            thumb.parent.mkdir(exist_ok=True)
            draft = thumb.with_name(f".{thumb.name}")
            scale_image(image, draft, *size)
            draft.replace(thumb)
            write(key_file, key.encode())
    return thumbs


def _shown_in_thumbnails(figures: list[Captured]) -> Iterator[Captured]:
    """Yield one figure a lesson: the first, or the one that its script names."""
    lessons: dict[Path, dict[int, Captured]] = {}
    for figure in figures:
        script = figure.folder.parent / figure.lesson
        lessons.setdefault(script, {})[figure.number] = figure
    for script, by_number in lessons.items():
        settings = extract_file_config(script.read_text(encoding="utf-8"))
        number = settings.get("thumbnail_number", 1)
        if number < 0:
            number += max(by_number) + 1
        if number in by_number and "thumbnail_path" not in settings:
            yield by_number[number]


def _remove_orphans(
    lessons_dir: Path, figures: list[Captured], thumbs: list[Path], language: str
) -> None:
    """Remove images in this language that no figure stands behind any more."""
    kept = {output for figure in figures for output in figure.outputs(language)} | set(thumbs)
    kept |= {figure.file(f".{language}.key") for figure in figures}
    kept |= {thumb.with_suffix(".key") for thumb in thumbs}
    ours = re.compile(rf"\.{re.escape(language)}\.(png|webp|key)$")
    for file in lessons_dir.glob("**/images/**/sphx_glr_*"):
        if ours.search(file.name) and file not in kept:
            file.unlink()


def check_font(app: Sphinx) -> None:
    """Stop at once, in any language, where the figures could not be drawn."""
    try:
        font_path()
    except FigureError as error:
        raise ExtensionError(str(error)) from error


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect after sphinx-gallery, which runs at priority 500."""
    app.connect("builder-inited", check_font, priority=timeline.CHECK_FONT)
    app.connect("builder-inited", translate_figures, priority=timeline.TRANSLATE_FIGURES)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
