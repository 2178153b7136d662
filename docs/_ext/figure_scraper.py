"""Save the figures of a cell so that they can be drawn again in another language.

A sphinx-gallery image scraper: for figure 1 of lesson_04 it writes ``…lesson_04_001.png``, its
pickle ``.figure.pkl``, and what there is to know about it, ``.figure.json``. A page shows an
animation, and a figure with photographs, as ``.webp``; their PNG is for thumbnails.
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

from figure_capture import capture, pack
from figure_images import is_photograph, write
from figure_rendering import CSS_DPI, PIXELS_PER_CSS_PIXEL, FigureError, identity, render

IMAGE_RST = """
.. image:: /{source}
   :alt: {alt}
   :width: {width}px
   :class: {classes}

"""


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
    if moving is None:
        frame, strings = capture(fig)
        pickled = pack([frame])
    else:
        recorder = _FrameRecorder()
        moving.save(str(path), writer=recorder)
        strings = list(recorder.strings)
        # Matplotlib has no public name for the time between two frames.
        pickled = pack(recorder.frames, round(vars(moving)["_interval"]))
    render(pickled, path, identity)
    write(path.with_suffix(".figure.pkl"), pickled)
    width, height = (round(inches * CSS_DPI) for inches in fig.get_size_inches())
    shown = path
    size = (PIXELS_PER_CSS_PIXEL * width, PIXELS_PER_CSS_PIXEL * height)
    if moving or is_photograph(path.stat().st_size, size):
        shown = path.with_suffix(".webp")
        render(pickled, shown, identity)
    about: dict[str, Any] = {"lesson": lesson.name, "alt": alt, "image": shown.name}
    about |= {"width": width, "height": height, "strings": strings}
    text = json.dumps(about, ensure_ascii=False, indent=1)
    write(path.with_suffix(".figure.json"), text.encode())
    return IMAGE_RST.format(
        source=Path(os.path.relpath(shown, src_dir)).as_posix(),
        alt=alt,
        width=width,
        classes="sphx-glr-single-img" + (" sphx-glr-animation" if moving else ""),
    )


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
        frame, strings = capture(self.fig)
        self.frames.append(frame)
        self.strings |= dict.fromkeys(strings)

    def finish(self) -> None:
        """Nothing is open."""
