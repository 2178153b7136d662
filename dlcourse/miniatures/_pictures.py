"""The real pictures that the miniatures are made of, from the catalogue of the course.

A stamp is a picture with a transparent background: an animal of the asset ``cutouts``, named by its
path, such as ``"mammals/dogs/dog"``, or an emoji, named by its short name, such as ``"ship"``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlcourse import assets

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

#: Where the photographs show nothing but leaves, sky, trees: left, top, right, bottom in pixels.
LEAVES, SKY, TREES = (20, 20, 160, 160), (340, 10, 500, 170), (340, 280, 640, 420)
#: Where they show walls with windows.
WALL = (100, 190, 330, 240)


def folder(*parts: str | Path) -> Path:
    """Make a folder."""
    made = Path(*parts)
    made.mkdir(parents=True, exist_ok=True)
    return made


@cache
def asset_folder(asset: str) -> Path:
    """Return the folder of an asset, whose files are compared with their digests only once."""
    return assets.path(asset)


@cache
def photograph(name: str, size: tuple[int, int], box: Box | None = None) -> Image.Image:
    """Return a photograph, ``"china"`` or ``"flower"``, or the part of it in a box, in a size."""
    with Image.open(asset_folder("photographs") / f"{name}.jpg") as picture:
        return picture.convert("RGB").resize(size, box=box)


@cache
def _emoji() -> tuple[Image.Image, dict[str, Box]]:
    """Return the sheet of all emoji, and where each lies in it."""
    with Image.open(asset_folder("emoji") / "sheet_64.png") as sheet:
        sheet.load()
    boxes = {}
    for entry in json.loads((asset_folder("emoji") / "emoji.json").read_bytes()):
        x, y = 66 * entry["sheet_x"], 66 * entry["sheet_y"]
        boxes[entry["short_name"]] = (x, y, x + 66, y + 66)
    return sheet, boxes


@cache
def stamp(name: str) -> Image.Image:
    """Return a stamp in RGBA, without its empty margin."""
    if "/" in name:
        with Image.open(asset_folder("cutouts") / f"{name}.png") as file:
            picture = file.convert("RGBA")
    else:
        sheet, boxes = _emoji()
        picture = sheet.crop(boxes[name]).convert("RGBA")
    return picture.crop(picture.getchannel("A").getbbox())


def caption(name: str) -> str:
    """Return the English caption of an animal, such as ``"A dog."``."""
    return (asset_folder("cutouts") / f"{name}.txt").read_text(encoding="utf-8").splitlines()[0]


@cache
def square(name: str, pixels: int) -> NDArray[np.uint8]:
    """Return a stamp in the middle of a square piece of a photograph, shape (pixels, pixels, 3)."""
    background = ("china", SKY) if "/" not in name else ("flower", LEAVES)
    picture = photograph(background[0], (pixels, pixels), background[1]).copy()
    figure = stamp(name).copy()
    figure.thumbnail((pixels - 2, pixels - 2))
    place = ((pixels - figure.width) // 2, (pixels - figure.height) // 2)
    picture.paste(figure, place, mask=figure)
    return np.asarray(picture)


def digits(asset: str, count: int, train: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first pictures, shape (count, 28, 28), and labels of ``mnist``'s or its like."""
    part = "train" if train else "t10k"
    raw = next(asset_folder(asset).glob("*/raw"))
    with (raw / f"{part}-images-idx3-ubyte").open("rb") as stream:
        pictures = np.frombuffer(stream.read(16 + 784 * count), np.uint8, offset=16)
    with (raw / f"{part}-labels-idx1-ubyte").open("rb") as stream:
        labels = np.frombuffer(stream.read(8 + count), np.uint8, offset=8)
    return pictures.reshape(count, 28, 28), labels


@dataclass(frozen=True)
class Figure:
    """Something in a scene: its class, and where it is seen, shape (H, W)."""

    label: str
    mask: Mask

    @property
    def box(self) -> Box:
        """The smallest box around it: left, top, right, bottom; the last two are outside."""
        rows, columns = self.mask.nonzero()
        return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@dataclass(frozen=True)
class Scene:
    """A picture with figures on it, and what a caption says of it."""

    picture: Image.Image
    figures: list[Figure]
    subject: str
    place: str

    @property
    def captions(self) -> list[str]:
        """Five captions, as many as COCO and Flickr have for a picture."""
        begin = self.subject[0].upper() + self.subject[1:]
        return [
            f"{begin} {self.place}.",
            f"{begin}.",
            f"A picture of {self.subject}.",
            f"This picture shows {self.subject} {self.place}.",
            f"{begin}, cut out and put on a photograph.",
        ]


#: A label, a stamp, its height, its left edge and its foot, in pixels.
Placed = tuple[str, str, int, int, int]


def compose(background: Image.Image, placed: Sequence[Placed]) -> tuple[Image.Image, list[Figure]]:
    """Put stamps on a picture, each in front of those before it."""
    picture = background.copy()
    figures: list[Figure] = []
    for label, name, height, left, foot in placed:
        figure = stamp(name)
        figure = figure.resize((round(figure.width * height / figure.height), height))
        picture.paste(figure, (left, foot - height), mask=figure)
        opacity = Image.new("L", picture.size)
        opacity.paste(figure.getchannel("A"), (left, foot - height))
        mask = np.asarray(opacity) > 127
        figures = [Figure(other.label, other.mask & ~mask) for other in figures]
        figures.append(Figure(label, mask))
    return picture, figures


_TOWER, _TREES, _DAHLIA = "in front of a tower", "in front of trees", "in front of an orange flower"
_DOG, _SHEEP = "mammals/dogs/dog", "mammals/bovines/ram"
_SCENES: list[tuple[str, Box | None, str, str, list[Placed]]] = [
    ("china", None, "a horse and a dog", _TOWER,
     [("horse", "mammals/equines/horse", 38, 6, 62), ("dog", _DOG, 26, 66, 63)]),
    ("flower", None, "a bird", _DAHLIA, [("bird", "birds/tucan", 40, 2, 58)]),
    ("china", TREES, "a cow and a sheep", _TREES,
     [("cow", "mammals/bovines/cow", 44, 4, 60), ("sheep", _SHEEP, 28, 54, 62)]),
    ("china", TREES, "a dog and a flock of sheep", _TREES,
     [("sheep", _SHEEP, 24, 30, 48), ("sheep", _SHEEP, 26, 52, 54),
      ("sheep", _SHEEP, 28, 34, 62), ("dog", _DOG, 36, 2, 62)]),
]  # fmt: skip


def scenes() -> list[Scene]:
    """Return four scenes of 96×64 pixels with animals that COCO and Pascal VOC both have."""
    made = []
    for photo, box, subject, place, placed in _SCENES:
        picture, figures = compose(photograph(photo, (96, 64), box), placed)
        made.append(Scene(picture, figures, subject, place))
    return made


_PORTRAITS: list[tuple[str, str, str]] = [
    ("amphibians/frog", "flower", _DAHLIA), ("birds/penguin", "china", _TOWER),
    ("mammals/dogs/fox", "flower", _DAHLIA), ("mammals/elephant", "china", _TOWER),
]  # fmt: skip


def portraits() -> list[Scene]:
    """Return four pictures of 96×64 pixels with one animal, named as in the catalogue."""
    made = []
    for name, photo, place in _PORTRAITS:
        placed = (name, name, 36, 50 if photo == "china" else 2, 62)
        picture, figures = compose(photograph(photo, (96, 64)), [placed])
        subject = caption(name).rstrip(".")
        made.append(Scene(picture, figures, subject[0].lower() + subject[1:], place))
    return made
