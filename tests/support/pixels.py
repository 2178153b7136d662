"""Look at images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def pixels(path: Path) -> np.ndarray:
    """Return an image as an array, shape (height, width, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
