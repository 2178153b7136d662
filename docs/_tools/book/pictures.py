"""Pictures in a form that every reader opens, each in the lighter one of two."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image

QUALITY = 90


class Pictures:
    """Pictures of the site, converted into a folder as they are asked for.

    Parameters
    ----------
    folder : Path
    root : Path
        The folder of the built site, below which the pictures are.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.files: dict[Path, Path] = {}

    def __call__(self, file: Path) -> str:
        """Return the name of a picture in the folder, after writing it there."""
        if file not in self.files:
            name = "-".join(file.relative_to(self.root.resolve()).parts)
            self.files[file] = self._convert(file, self.folder / name)
        return self.files[file].name

    def _convert(self, file: Path, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".svg":
            shutil.copyfile(file, target)
            return target
        content, suffix = light(Image.open(file))
        target = target.with_suffix(suffix)
        target.write_bytes(content)
        return target


def light(picture: Image.Image) -> tuple[bytes, str]:
    """Return a picture as JPEG, or as PNG where that is smaller or something shines through."""
    exact, lossy = io.BytesIO(), io.BytesIO()
    if picture.mode not in {"1", "L", "P", "RGB", "RGBA"}:
        picture = picture.convert("RGBA")
    opaque = "A" not in picture.getbands() or picture.getextrema()[-1] == (255, 255)
    if opaque and picture.mode == "RGBA":
        picture = picture.convert("RGB")
    picture.save(exact, "PNG")
    if not opaque:
        return exact.getvalue(), ".png"
    picture.convert("RGB").save(lossy, "JPEG", quality=QUALITY, subsampling=0)
    if lossy.tell() < exact.tell():
        return lossy.getvalue(), ".jpg"
    return exact.getvalue(), ".png"
