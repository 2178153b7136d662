"""Save the figures of a cell so that they can be drawn again in another language.

A sphinx-gallery image scraper: for figure 1 of lesson_04 it writes ``…lesson_04_001.png``, its
pickle ``.figure.pkl``, and what there is to know about it, ``.figure.json``. A page shows a
figure with photographs as ``.webp``; its PNG is for thumbnails. An animation that the cell leaves
in a variable becomes a frame player (``widgets/frame_player``): its last frame is the figure, and the
others lie beside it as ``…_001.frame-1.png``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.animation import AbstractMovieWriter, Animation
from matplotlib.figure import Figure
from sphinx.errors import ExtensionError

from _ext.common.files import write
from _ext.figures.capture import capture, pack
from _ext.figures.drawing import CSS_DPI, PIXELS_PER_CSS_PIXEL, draw, identity
from _ext.figures.font import FigureError
from _ext.figures.images import frame_files, is_photograph, save

IMAGE_RST = """
.. image:: /{source}
   :alt: {alt}
   :width: {width}px
   :class: sphx-glr-single-img

"""
PLAYER_RST = """
.. frame-player:: /{source}
   :alt: {alt}
   :width: {width}
   :height: {height}
   :frames: {frames}
   :interval: {interval_ms}

"""
#: Each frame is an image that the reader waits for.
MOST_FRAMES = 60


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save every open figure of a cell, close it, and return rst that shows them.

    Parameters
    ----------
    block : sphinx_gallery.py_source_parser.Block
        The cell.
    block_vars : dict
        What sphinx-gallery knows of the running lesson.
    gallery_conf : dict
        The configuration of sphinx-gallery.

    Raises
    ------
    sphinx.errors.ExtensionError
        If a figure has no description, or cannot be saved.
    """
    try:
        if "formatted_exception" in block_vars:  # the cell raised: that is the message to see
            return ""
        lesson = Path(block_vars["src_file"])
        animations = _animations(block_vars["example_globals"])
        rst = ""
        for number in plt.get_fignums():
            fig = plt.figure(number)
            try:
                alt = _description(fig)
                path = Path(block_vars["image_path_iterator"].next())
                rst += _save(fig, animations.get(fig), alt, path, lesson, gallery_conf["src_dir"])
            except FigureError as error:
                name = fig.get_label() or f"figure {number}"
                raise ExtensionError(
                    f"gallery/{lesson.parent.name}/{lesson.name}:{block.lineno}: figure {str(name)!r}: {error}"
                ) from error
        return rst
    finally:
        plt.close("all")


def _description(fig: Figure) -> str:
    description = " ".join(str(fig.get_label()).split())
    if not description:
        raise FigureError(
            "it has no description for readers who cannot see it; write "
            'plt.subplots(..., num="One sentence that says what the figure shows.")'
        )
    return description


def _save(
    fig: Figure, moving: Animation | None, alt: str, path: Path, lesson: Path, src_dir: str
) -> str:
    """Write the files of one figure and return the rst that shows it."""
    frames, strings = _frames(fig, moving)
    pickled = pack(frames)
    images = draw(pickled, identity)
    save(images[-1], path)
    write(path.with_suffix(".figure.pkl"), pickled)
    width, height = (round(inches * CSS_DPI) for inches in fig.get_size_inches())
    shown = path
    size = (PIXELS_PER_CSS_PIXEL * width, PIXELS_PER_CSS_PIXEL * height)
    if is_photograph(path.stat().st_size, size):
        shown = path.with_suffix(".webp")
        save(images[-1], shown)
    for image, file in zip(images[:-1], frame_files(shown, len(images))[:-1], strict=True):
        save(image, file)
    about: dict[str, Any] = {"lesson": lesson.name, "alt": alt, "image": shown.name}
    about |= {"width": width, "height": height, "strings": strings}
    if moving is not None:
        # Matplotlib has no public name for the time between two frames.
        interval_ms = round(vars(moving)["_interval"])
        about |= {"frames": len(images), "interval_ms": interval_ms}
    text = json.dumps(about, ensure_ascii=False, indent=1)
    write(path.with_suffix(".figure.json"), text)
    source = Path(os.path.relpath(shown, src_dir)).as_posix()
    template = IMAGE_RST if moving is None else PLAYER_RST
    return template.format(source=source, **about)


def _frames(fig: Figure, moving: Animation | None) -> tuple[list[bytes], list[str]]:
    """Return a figure as one frame, or the frames of its animation, and all their messages."""
    if moving is None:
        frame, strings = capture(fig)
        return [frame], strings
    recorder = _FrameRecorder()
    moving.save("", writer=recorder)
    return recorder.frames, list(recorder.strings)


def _animations(variables: dict[str, Any]) -> dict[Figure, Animation]:
    # Matplotlib has no public name for the figure of an animation.
    found = [value for value in variables.values() if isinstance(value, Animation)]
    return {vars(animation)["_fig"]: animation for animation in found}


class _FrameRecorder(AbstractMovieWriter):
    """Capture each frame of an animation: its functions are closures, which no pickle holds."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []
        self.strings: dict[str, None] = {}

    def setup(self, fig: Figure, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        if len(self.frames) == MOST_FRAMES:
            raise FigureError(
                f"its animation has more than {MOST_FRAMES} frames; show fewer: "
                "FuncAnimation(..., frames=20)"
            )
        frame, strings = capture(self.fig)
        self.frames.append(frame)
        self.strings |= dict.fromkeys(strings)

    def finish(self) -> None:
        """Nothing is open."""
