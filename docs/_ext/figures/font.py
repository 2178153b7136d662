"""Find the Chinese face of the figures, before anything is drawn.

Nothing here needs Matplotlib, which takes a second to load: a build that draws no figure does
without it.
"""

from __future__ import annotations

import importlib.resources
from functools import lru_cache
from pathlib import Path

FONT_PACKAGE = "pylopdf_fonts_zh_cn"
FONT_FILE = "NotoSansSC-Regular.otf"


class FigureError(Exception):
    """A figure that cannot be captured or drawn; the message says what to do."""


@lru_cache(maxsize=1)
def font_path() -> Path:
    """Return the file of the Chinese face; raise `FigureError` if it is not installed."""
    try:
        file = Path(str(importlib.resources.files(FONT_PACKAGE) / FONT_FILE))
    except ModuleNotFoundError:
        file = Path(FONT_FILE)
    if not file.is_file():
        raise FigureError(
            f"the figures need the font {FONT_FILE}, which is not installed; "
            f"run: pip install {FONT_PACKAGE.replace('_', '-')}"
        )
    return file
