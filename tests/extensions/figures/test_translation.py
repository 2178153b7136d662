"""The figures of a tiny site, drawn in Chinese: only what changed, and nothing left behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from babel.messages import Catalog
from babel.messages.pofile import write_po
from matplotlib.animation import FuncAnimation
from PIL import Image
from sphinx.errors import ExtensionError
from sphinx_gallery.scrapers import ImagePathIterator

from _ext.figures import drawing, font
from _ext.figures import translation as figure_translation
from _ext.figures.scraper import scrape
from _ext.figures.translation import draw_lesson, extract, translate_figures
from pixels import pixels
from tiny_course import Project

ZH = {"loss after {0} epochs": "{0} 轮之后的损失", "accuracy": "准确率"}
LESSON = "sphx_glr_lesson_09_x"


SIZE = (400, 280)


class Site:
    """The source of a site whose one lesson has run and left two figures."""

    def __init__(self, root: Path) -> None:
        self.srcdir = root
        self.config = SimpleNamespace(
            language="zh_CN",
            locale_dirs=["locale"],
            sphinx_gallery_conf={"thumbnail_size": SIZE},
        )
        self.images = root / "lessons" / "part" / "images"
        (self.images / "thumb").mkdir(parents=True)
        self.script = self.images.parent / "lesson_09_x.py"
        self.script.write_text('"""A lesson."""\n')
        self.catalogue = root / "locale" / "zh_CN" / "LC_MESSAGES" / "figures.po"
        self.catalogue.parent.mkdir(parents=True)
        self.translations(ZH)
        self.execute("loss after 12 epochs", "accuracy")

    def execute(self, *titles: str) -> None:
        paths = ImagePathIterator(str(self.images / f"{LESSON}_{{0:03}}.png"))
        for title in titles:
            fig = plt.figure(figsize=(2, 1), num="What is seen.")
            fig.text(0.1, 0.5, title)
            block_vars = {
                "src_file": str(self.script),
                "image_path_iterator": paths,
                "example_globals": {},
            }
            scrape(SimpleNamespace(lineno=1), block_vars, {"src_dir": str(self.srcdir)})

    def animate(self, *titles: str) -> None:
        """Leave a third figure, which moves."""
        fig = plt.figure(figsize=(2, 1), num="What is seen.")
        text = fig.text(0.1, 0.5, "")
        moving = FuncAnimation(fig, lambda i: text.set_text(titles[i]), frames=len(titles))
        path = str(self.images / f"{LESSON}_003.png")
        block_vars = {
            "src_file": str(self.script),
            "image_path_iterator": SimpleNamespace(next=lambda: path),
            "example_globals": {"moving": moving},
        }
        scrape(SimpleNamespace(lineno=1), block_vars, {"src_dir": str(self.srcdir)})

    def translations(self, translations: dict[str, str]) -> None:
        catalogue = Catalog(locale="zh_CN")
        for message, translation in translations.items():
            catalogue.add(message, translation)
        with self.catalogue.open("wb") as stream:
            write_po(stream, catalogue)

    def draw(self) -> list[str]:
        """Draw what is stale, and return which images were written."""
        for file in self.images.glob("**/*.png"):
            os.utime(file, ns=(0, 0))
        translate_figures(self)  # type: ignore[arg-type]  # a Sphinx with what is used of it
        return sorted(f.name for f in self.images.glob("**/*.png") if f.stat().st_mtime_ns)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    collected: list[str] = []

    def warning(message: str, *, type: str, subtype: str) -> None:
        assert (type, subtype) == ("course", "figures")
        collected.append(message)

    monkeypatch.setattr(figure_translation.logger, "warning", warning)
    return collected


@pytest.fixture
def site(tmp_path: Path, warnings: list[str]) -> Site:
    return Site(tmp_path)


FIRST, SECOND, THUMB = (f"{LESSON}_{end}.zh_CN.png" for end in ("001", "002", "thumb"))


def test_both_figures_and_the_thumbnail_are_drawn(site: Site, warnings: list[str]) -> None:
    assert site.draw() == [FIRST, SECOND, THUMB]
    assert (pixels(site.images / FIRST) != pixels(site.images / f"{LESSON}_001.png")).any()
    assert pixels(site.images / "thumb" / THUMB).shape == (280, 400, 3)
    assert warnings == []
    assert site.draw() == [], "a second run draws nothing"
    site.config.language = "en"
    assert site.draw() == [], "English needs nothing"


def test_what_was_drawn_right_after_the_lesson_is_not_drawn_again(site: Site) -> None:
    site.draw()
    drawn = [site.images / FIRST, site.images / SECOND, site.images / "thumb" / THUMB]
    expected = [file.read_bytes() for file in drawn]
    for file in site.images.glob("**/*.zh_CN.*"):
        file.unlink()
    draw_lesson(site.script, site.srcdir / "locale", SIZE)
    assert [file.read_bytes() for file in drawn] == expected
    assert site.draw() == []


def test_right_after_a_lesson_only_its_own_figures_are_drawn(site: Site) -> None:
    draw_lesson(site.script.with_name("lesson_10_y.py"), site.srcdir / "locale", SIZE)
    assert not list(site.images.glob("*.zh_CN.*"))


@pytest.mark.parametrize("translation", [None, "准确率 \U0001f9e0"])
def test_what_cannot_be_drawn_is_left_to_the_build_that_reports_it(
    site: Site, warnings: list[str], translation: str | None
) -> None:
    others = {message: ZH[message] for message in ZH if message != "accuracy"}
    site.translations(others | ({"accuracy": translation} if translation else {}))
    draw_lesson(site.script, site.srcdir / "locale", SIZE)
    assert [file.name for file in site.images.glob("*.zh_CN.png")] == [FIRST]
    assert warnings == []
    assert site.draw() == [SECOND, THUMB]
    assert len(warnings) == 1


def test_another_translation_draws_one_figure(site: Site) -> None:
    site.draw()
    site.translations(ZH | {"accuracy": "精度"})
    assert site.draw() == [SECOND]


def test_a_figure_whose_words_are_the_same_is_not_drawn_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.translations(ZH | {"accuracy": "accuracy"})
    expected = drawing.draw(
        (site.images / f"{LESSON}_002.figure.pkl").read_bytes(), lambda message: message
    )
    drawn = []

    def draw(pickled: bytes, translate: Callable[[str], str]) -> list[Image.Image]:
        drawn.append(pickled)
        return expected

    with monkeypatch.context() as patch:
        patch.setattr(drawing, "draw", draw)
        assert site.draw() == [FIRST, SECOND, THUMB]
    assert drawn == [(site.images / f"{LESSON}_001.figure.pkl").read_bytes()]
    assert (pixels(site.images / SECOND) == np.asarray(expected[-1])).all()
    assert site.draw() == []
    site.translations(ZH)
    assert site.draw() == [SECOND], "now a word differs"


def test_another_measurement_keeps_its_translation(site: Site, warnings: list[str]) -> None:
    site.draw()
    before = pixels(site.images / FIRST)
    site.execute("loss after 13 epochs", "accuracy")
    assert {FIRST, THUMB} <= set(site.draw())
    assert warnings == []
    assert (pixels(site.images / FIRST) != before).any()


def test_other_code_draws_all(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.draw()
    code = tmp_path / "code"
    shutil.copytree(
        Path(figure_translation.__file__).parent, code, ignore=shutil.ignore_patterns("__*")
    )
    monkeypatch.setattr(figure_translation, "__file__", str(code / "translation.py"))
    drawn = []

    def draw(pickled: bytes, translate: Callable[[str], str]) -> list[Image.Image]:
        drawn.append(pickled)
        return [Image.new("RGB", (20, 10), "red")]

    monkeypatch.setattr(drawing, "draw", draw)
    assert site.draw() == []
    (code / "images.py").write_text("changed")
    assert site.draw() == [FIRST, SECOND, THUMB]
    assert len(drawn) == 2


def test_the_thumbnail_is_the_figure_that_the_lesson_names(site: Site) -> None:
    site.draw()
    before = pixels(site.images / "thumb" / THUMB)
    site.script.write_text('"""A lesson."""\n# sphinx_gallery_thumbnail_number = -1\n')
    assert site.draw() == [THUMB]
    assert (pixels(site.images / "thumb" / THUMB) != before).any()


def test_a_missing_translation_is_reported_in_every_run(site: Site, warnings: list[str]) -> None:
    site.translations({"accuracy": "准确率"})
    for _ in range(2):
        site.draw()
        assert len(warnings) == 1
        assert "lesson_09_x.py, figure 1: no translation of 'loss after {0} epochs'" in warnings[0]
        assert "figures.po" in warnings.pop()
    assert (site.images / FIRST).read_bytes() == (site.images / f"{LESSON}_001.png").read_bytes()


def test_a_lost_placeholder_is_reported(site: Site, warnings: list[str]) -> None:
    site.translations(ZH | {"loss after {0} epochs": "{1} 轮之后的损失"})
    site.draw()
    assert ["placeholders" in warning for warning in warnings] == [True]


def test_a_character_that_no_font_has_is_reported(site: Site, warnings: list[str]) -> None:
    site.translations(ZH | {"accuracy": "准确率 \U0001f9e0"})
    for _ in range(2):
        assert SECOND in site.draw()
        assert "lesson_09_x.py, figure 2, in zh_CN: no font has" in warnings.pop()
        assert warnings == []
    site.translations(ZH)
    assert site.draw() == [SECOND]


def test_images_without_a_source_are_removed(site: Site) -> None:
    site.draw()
    for file in site.images.glob(f"{LESSON}_002.[fp]*"):
        file.unlink()
    site.draw()
    left = sorted(f.name for f in site.images.glob("**/*zh_CN*"))
    assert left == [
        f"{LESSON}_001.zh_CN.key", FIRST, f"{LESSON}_thumb.zh_CN.key", THUMB
    ]  # fmt: skip


FRAMES = [f"{LESSON}_003{end}.zh_CN.png" for end in (".frame-1", ".frame-2", "")]


def test_frames_are_drawn_in_chinese_and_share_their_messages(
    site: Site, warnings: list[str]
) -> None:
    site.draw()
    site.animate("loss after 1 epochs", "loss after 2 epochs", "accuracy")
    assert site.draw() == FRAMES
    assert len({(site.images / name).read_bytes() for name in FRAMES}) == 3
    for name in FRAMES:
        assert (
            pixels(site.images / name) != pixels(site.images / name.replace(".zh_CN", ""))
        ).any()
    assert warnings == []
    expected = [(message, ["lesson_09_x.py"]) for message in ZH]
    assert extract(site.srcdir / "lessons") == expected
    assert site.draw() == []

    (site.images / FRAMES[0]).unlink()
    assert site.draw() == FRAMES[:1], "it is missing, the others come out the same"
    site.animate("loss after 1 epochs", "accuracy")
    site.draw()
    left = sorted(file.name for file in site.images.glob("*frame*zh_CN*"))
    assert left == FRAMES[:1], "those of frames that are gone are removed"


def test_frames_that_cannot_be_drawn_are_english(site: Site, warnings: list[str]) -> None:
    site.animate("loss after 1 epochs", "accuracy")
    site.translations(ZH | {"accuracy": "准确率 \U0001f9e0"})
    site.draw()
    assert any("figure 3, in zh_CN: no font has" in warning for warning in warnings)
    for name in (FRAMES[0], FRAMES[2]):
        english = site.images / name.replace(".zh_CN", "")
        assert (site.images / name).read_bytes() == english.read_bytes()


def test_a_missing_font_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font, "FONT_PACKAGE", "no_such_package")
    font.font_path.cache_clear()
    with pytest.raises(ExtensionError, match="pip install no-such-package"):
        figure_translation.check_font(SimpleNamespace())  # type: ignore[arg-type]  # not looked at


def test_pages_show_the_figures_of_their_language(course: Project) -> None:
    name = "sphx_glr_lesson_01_tiny_001"
    for language, shown, alt in (
        ("en", f"{name}.png", "One bar as high as the sum."),
        ("zh", f"{name}.zh_CN.png", "一根与和等高的柱子。"),
    ):
        tree = course.tree(language, "lessons/1_part/lesson_01_tiny")
        (image,) = tree.xpath("//img[contains(@src, '_lesson_01_tiny_001')]")
        assert (image.get("src").rpartition("/")[2], image.get("alt")) == (shown, alt)
        images = {path.name for path in (course.written(language) / "_images").glob(f"{name}*")}
        assert images == {shown}
