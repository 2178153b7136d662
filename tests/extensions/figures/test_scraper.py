"""The scraper: what a cell with figures leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from sphinx.errors import ExtensionError
from sphinx_gallery.scrapers import ImagePathIterator

from _ext.figures.drawing import draw
from _ext.figures.images import frame_files
from _ext.figures.scraper import scrape
from pixels import pixels

DESCRIPTION = "A line that rises."


def scraped(folder: Path, **variables: Any) -> str:
    (folder / "part" / "images").mkdir(parents=True, exist_ok=True)
    pattern = folder / "part" / "images" / "sphx_glr_lesson_09_x_{0:03}.png"
    block_vars = {
        "src_file": str(folder / "lesson_09_x.py"),
        "image_path_iterator": ImagePathIterator(str(pattern)),
        "example_globals": variables,
    }
    block_vars |= {k: v for k, v in variables.items() if k == "formatted_exception"}
    return scrape(SimpleNamespace(lineno=42), block_vars, {"src_dir": str(folder)})


def images(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "part" / "images").iterdir())


def test_a_figure_leaves_image_pickle_and_strings(tmp_path: Path) -> None:
    _, ax = plt.subplots(figsize=(4, 3), num=DESCRIPTION)
    ax.set_xlabel("epoch")
    rst = scraped(tmp_path)
    assert (
        rst.split()
        == (
            ".. image:: /part/images/sphx_glr_lesson_09_x_001.png "
            f":alt: {DESCRIPTION} :width: 400px :class: sphx-glr-single-img"
        ).split()
    )
    stem = "sphx_glr_lesson_09_x_001"
    assert images(tmp_path) == [f"{stem}{s}" for s in (".figure.json", ".figure.pkl", ".png")]
    image = tmp_path / "part" / "images" / f"{stem}.png"
    assert pixels(image).shape == (600, 800, 3)
    assert json.loads(image.with_suffix(".figure.json").read_text()) == {
        "lesson": "lesson_09_x.py",
        "alt": DESCRIPTION,
        "image": f"{stem}.png",
        "width": 400,
        "height": 300,
        "strings": ["epoch"],
    }
    assert plt.get_fignums() == []


def test_a_photograph_is_shown_as_webp(tmp_path: Path) -> None:
    fig = plt.figure(figsize=(3, 3), num=DESCRIPTION)
    fig.figimage(np.random.default_rng(0).random((600, 600, 3)))
    rst = scraped(tmp_path)
    webp = tmp_path / "part" / "images" / "sphx_glr_lesson_09_x_001.webp"
    assert webp.name in rst
    assert json.loads(webp.with_suffix(".figure.json").read_text())["image"] == webp.name
    assert webp.stat().st_size < webp.with_suffix(".png").stat().st_size / 2


def test_two_figures_of_a_cell_keep_their_order(tmp_path: Path) -> None:
    for name in ("First.", "Second."):
        plt.figure(figsize=(1, 1), num=name)
    rst = scraped(tmp_path)
    assert rst.index("001.png") < rst.index("First.") < rst.index("002.png") < rst.index("Second.")


def test_a_figure_without_description_names_lesson_line_and_remedy(tmp_path: Path) -> None:
    plt.subplots(figsize=(1, 1))
    with pytest.raises(ExtensionError, match=r'lesson_09_x\.py:42: .*plt\.subplots\(.*num="One'):
        scraped(tmp_path)
    assert plt.get_fignums() == []
    assert images(tmp_path) == []


def test_a_figure_that_cannot_be_saved_names_lesson_and_figure(tmp_path: Path) -> None:
    _, ax = plt.subplots(figsize=(1, 1), num=DESCRIPTION)
    ax.set_xscale("function", functions=(lambda x: x, lambda x: x))
    with pytest.raises(ExtensionError, match=rf"lesson_09_x\.py:42: figure '{DESCRIPTION}': it"):
        scraped(tmp_path)


def test_a_cell_that_raised_is_not_hidden_by_its_figures(tmp_path: Path) -> None:
    plt.subplots(figsize=(1, 1))  # no description
    assert scraped(tmp_path, formatted_exception="ValueError: what matters") == ""
    assert plt.get_fignums() == []


def test_an_animation_leaves_its_frames_and_becomes_a_player(tmp_path: Path) -> None:
    fig, ax = plt.subplots(figsize=(2, 1), num=DESCRIPTION)
    # A frame that clears the axes needs the lesson's own formatter in the next one.
    ax.xaxis.set_major_formatter(lambda value, _: f"place {value:.0f}")

    def update(step: int) -> None:
        ax.set_xlim(0, step + 1)
        ax.set_title(f"step {step}" if step < 2 else "the end")

    rst = scraped(tmp_path, moving=FuncAnimation(fig, update, frames=3, interval=150))
    stem = "sphx_glr_lesson_09_x_001"
    assert (
        rst.split()
        == (
            f".. frame-player:: /part/images/{stem}.png :alt: {DESCRIPTION} "
            ":width: 200 :height: 100 :frames: 3 :interval: 150"
        ).split()
    )
    endings = (".figure.json", ".figure.pkl", ".frame-1.png", ".frame-2.png", ".png")
    assert images(tmp_path) == [f"{stem}{ending}" for ending in endings]
    poster = tmp_path / "part" / "images" / f"{stem}.png"
    about = json.loads(poster.with_suffix(".figure.json").read_text())
    assert about["strings"] == ["step {0}", "place {0}", "the end"]
    assert (about["image"], about["frames"]) == (poster.name, 3)
    chinese = {"step {0}": "第 {0} 步", "place {0}": "位置 {0}", "the end": "结束"}
    drawn = draw(poster.with_suffix(".figure.pkl").read_bytes(), chinese.__getitem__)
    english = [pixels(file) for file in frame_files(poster, 3)]
    assert len(drawn) == 3
    assert all((e != np.asarray(c)).any() for e, c in zip(english, drawn, strict=True))
    assert (english[0] != english[1]).any() and (english[1] != english[2]).any()


def test_frames_with_photographs_are_webp_too(tmp_path: Path) -> None:
    fig = plt.figure(figsize=(2, 2), num=DESCRIPTION)
    noise = np.random.default_rng(0).random((2, 400, 400, 3))
    shown = fig.figimage(noise[0])
    moving = FuncAnimation(fig, lambda step: shown.set_data(noise[step]), frames=2, interval=100)
    rst = scraped(tmp_path, moving=moving)
    assert "sphx_glr_lesson_09_x_001.webp" in rst
    assert [name for name in images(tmp_path) if name.endswith(("webp", "png"))] == [
        f"sphx_glr_lesson_09_x_001{ending}" for ending in (".frame-1.webp", ".png", ".webp")
    ]


def test_an_animation_without_an_end_names_the_remedy(tmp_path: Path) -> None:
    fig = plt.figure(figsize=(1, 1), num=DESCRIPTION)
    moving = FuncAnimation(fig, lambda step: None, frames=61)
    with pytest.raises(ExtensionError, match=r"lesson_09_x\.py:42: .*more than 60 .*frames=20"):
        scraped(tmp_path, moving=moving)
