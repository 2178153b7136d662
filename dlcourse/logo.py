"""Pictures for one question: is the logo of the course in this picture?

The logo is a tensor of 3 × 3 blue cells, with an orange kernel over the four cells at its upper
left. The *counterfeits* have the same colours and similar shapes, and are something else.
"""

import colorsys
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

BLUE, ORANGE = "#2a86c8", "#d95f0e"
"""The two colours of the logo, as in the file ``logo.svg`` of the site."""

COUNTERFEITS = ("turned", "swapped", "solid", "frameless", "round", "hollow", "larger")
"""What :func:`draw_logo` can draw in place of the logo.

Turned by a quarter (a mirror does the same); with the colours swapped; with a kernel without
windows; with four orange cells and no frame; with discs for cells; with hollow blue cells; with
4 × 4 cells.
"""

Box = tuple[int, int, int, int]
_GRID = 16  # the logo is drawn on 16 × 16 units
_FINE = 4  # drawn and warped at four times the size, and then reduced, which smooths the edges


def draw_logo(side: int, kind: str = "logo", *, turn_hue: float = 0.0) -> Image.Image:
    """Draw the logo, or a counterfeit.

    Parameters
    ----------
    side : int
        Rows and columns of the picture, in pixels. With a multiple of 16 the edges are sharp.
    kind : str, default "logo"
        ``"logo"``, or one of :data:`COUNTERFEITS`.
    turn_hue : float, default 0.0
        By how many degrees the hues of the two colours are turned.

    Returns
    -------
    PIL.Image.Image
        A picture of mode ``RGBA``, transparent where the logo is not.

    Raises
    ------
    ValueError
        If there is no such kind, or the side is not positive.

    Examples
    --------
    >>> logo = draw_logo(32)
    >>> logo.size, logo.getpixel((3, 3)), logo.getpixel((28, 28)), logo.getpixel((0, 0))
    ((32, 32), (217, 95, 14, 255), (42, 134, 200, 255), (0, 0, 0, 0))
    """
    if kind != "logo" and kind not in COUNTERFEITS:
        raise ValueError(f"no such kind: {kind!r}; use 'logo', {', '.join(COUNTERFEITS)}")
    if side < 1:
        raise ValueError(f"a side of {side} pixels; use 1 or more")
    blue, orange = (_turned(colour, turn_hue) for colour in (BLUE, ORANGE))
    if kind == "swapped":
        blue, orange = orange, blue
    cells, size = (4, 3) if kind == "larger" else (3, 4)
    step = (_GRID - 1) / cells
    sharp = Image.new("RGBA", (_FINE * side, _FINE * side))
    pen = _Pen(ImageDraw.Draw(sharp), _FINE * side / _GRID, round_cells=kind == "round")
    for row, column in np.ndindex(cells, cells):
        x, y = 1 + step * column, 1 + step * row
        if row < 2 and column < 2:
            continue
        pen.cell(x, y, size, blue)
        if kind == "hollow":
            pen.cell(x + 1, y + 1, size - 2, None)
    _draw_kernel(pen, kind, step, size, orange)
    if kind == "turned":
        sharp = sharp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return sharp.resize((side, side), Image.Resampling.BOX)


@dataclass(frozen=True)
class _Pen:
    """Draws cells, in the units of the logo."""

    draw: ImageDraw.ImageDraw
    unit: float
    round_cells: bool

    def cell(self, x: float, y: float, size: float, colour: tuple[int, ...] | None) -> None:
        """Fill one cell; None makes it transparent."""
        corners = [round(self.unit * value) for value in (x, y, x + size, y + size)]
        box = (corners[0], corners[1], corners[2] - 1, corners[3] - 1)  # the last pixel is filled
        shape = self.draw.ellipse if self.round_cells else self.draw.rectangle
        shape(box, fill=colour or (0, 0, 0, 0))


def _draw_kernel(pen: _Pen, kind: str, step: float, size: float, colour: tuple[int, ...]) -> None:
    """Draw the frame with its four windows, or what a counterfeit has in its place."""
    corners = [(1 + step * column, 1 + step * row) for row in (0, 1) for column in (0, 1)]
    if kind in ("frameless", "round"):
        for x, y in corners:
            pen.cell(x, y, size, colour)
        return
    pen.cell(1, 1, step + size, colour)
    if kind == "solid":
        return
    window = (step + size) / 9  # as in the logo: a frame of 2 units, a bar of 1, windows of 2
    for row, column in np.ndindex(2, 2):
        pen.cell(1 + window * (2 + 3 * column), 1 + window * (2 + 3 * row), 2 * window, None)


def _turned(colour: str, degrees: float) -> tuple[int, int, int, int]:
    """Return a colour whose hue is turned, as red, green, blue and opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    turned = colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value)
    red, green, blue = (round(255 * part) for part in turned)
    return red, green, blue, 255


def crop(photograph: Image.Image, side: int, generator: np.random.Generator) -> Image.Image:
    """Cut a random square out of a photograph.

    Parameters
    ----------
    photograph : PIL.Image.Image
        A picture of any size and mode.
    side : int
        Rows and columns of the result, in pixels.
    generator : numpy.random.Generator
        Decides the place and the size, 40 to 100 % of the shorter side.

    Returns
    -------
    PIL.Image.Image
        A picture of mode ``RGB``.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> crop(Image.new("L", (300, 200)), 96, generator).size
    (96, 96)
    """
    shorter = min(photograph.size)
    cut = max(1, round(shorter * generator.uniform(0.4, 1.0)))
    left, top = (int(generator.integers(0, length - cut + 1)) for length in photograph.size)
    box = (left, top, left + cut, top + cut)
    return photograph.resize((side, side), Image.Resampling.BILINEAR, box).convert("RGB")


def stick(
    picture: Image.Image,
    sticker: Image.Image,
    generator: np.random.Generator,
    *,
    share: tuple[float, float] = (0.25, 0.55),
) -> Box:
    """Put a sticker on a picture, at a random place: turned, sheared and a little transparent.

    Parameters
    ----------
    picture : PIL.Image.Image
        A picture of mode ``RGB``. It is changed.
    sticker : PIL.Image.Image
        A picture of mode ``RGBA``.
    generator : numpy.random.Generator
        Decides the size, the angle (±30°), the shear (±0.15), the opacity (75 to 100 %) and the
        place.
    share : tuple of float, default (0.25, 0.55)
        Smallest and largest side of the sticker, as a share of the shorter side of the picture.

    Returns
    -------
    tuple of int
        The box around what is seen of the sticker: left, top, right and bottom, in pixels; the last
        two are the first column and row outside.

    Raises
    ------
    ValueError
        If no pixel of the sticker can be seen.

    Examples
    --------
    >>> picture = Image.new("RGB", (96, 96))
    >>> left, top, right, bottom = stick(picture, draw_logo(64), np.random.default_rng(0))
    >>> 0 <= left < right <= 96, 0 <= top < bottom <= 96
    (True, True)
    """
    side = max(4, round(min(picture.size) * generator.uniform(*share)))
    angle, shear = np.radians(generator.uniform(-30, 30)), generator.uniform(-0.15, 0.15)
    sticker = _warp(_fitted(sticker, side * _FINE), angle, shear)
    small = [max(1, round(length / _FINE)) for length in sticker.size]
    sticker = sticker.resize((small[0], small[1]), Image.Resampling.BOX)
    opacity = generator.uniform(0.75, 1.0)
    alpha = sticker.getchannel("A").point(lambda value: round(value * opacity))
    room = [max(0, length - own) for length, own in zip(picture.size, sticker.size, strict=True)]
    left, top = (int(generator.integers(0, free + 1)) for free in room)
    layer = Image.new("L", picture.size)
    layer.paste(alpha, (left, top))
    box = layer.point(lambda value: 255 * (value > 127)).getbbox()
    if box is None:
        raise ValueError("no pixel of the sticker can be seen; use one that is not transparent")
    coloured = Image.new("RGB", picture.size)
    coloured.paste(sticker.convert("RGB"), (left, top))
    picture.paste(coloured, mask=layer)
    return box


def _fitted(sticker: Image.Image, side: int) -> Image.Image:
    """Return the sticker with its longer side as given."""
    scale = side / max(sticker.size)
    width, height = (max(1, round(length * scale)) for length in sticker.size)
    return sticker.convert("RGBA").resize((width, height), Image.Resampling.BILINEAR)


def _warp(sticker: Image.Image, angle: float, shear: float) -> Image.Image:
    """Turn and shear a sticker on a transparent ground that is large enough for it."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[1.0, shear], [0.0, 1.0]])
    half = np.array(sticker.size) / 2
    reach = np.abs(forward) @ half
    width, height = (int(np.ceil(2 * length)) for length in reach)
    back = np.linalg.inv(forward)
    start = half - back @ (np.array([width, height]) / 2)
    numbers = (back[0, 0], back[0, 1], start[0], back[1, 0], back[1, 1], start[1])
    # Pillow multiplies the colours by the opacity first: no colour of transparent pixels bleeds in.
    return sticker.transform(
        (width, height), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR
    )


def wear(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Blur a picture a little, and store it as a JPEG file of low or high quality.

    Parameters
    ----------
    picture : PIL.Image.Image
        A picture of mode ``RGB``.
    generator : numpy.random.Generator
        Decides the radius of the blur (0 to 0.8 pixels) and the quality (30 to 90).

    Returns
    -------
    PIL.Image.Image
        Another picture of the same size.

    Examples
    --------
    >>> picture = wear(draw_logo(96).convert("RGB"), np.random.default_rng(0))
    >>> picture.size, picture.mode
    ((96, 96), 'RGB')
    """
    blurred = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0, 0.8)))
    file = io.BytesIO()
    blurred.save(file, "JPEG", quality=int(generator.integers(30, 91)))
    return Image.open(file).convert("RGB")


def near_copy(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Return what becomes of a picture that is passed on: cropped, brightened, stored again.

    Parameters
    ----------
    picture : PIL.Image.Image
        A picture of mode ``RGB``.
    generator : numpy.random.Generator
        Decides how much is cut off (up to 4 % at each edge), the brightness and the quality.

    Returns
    -------
    PIL.Image.Image
        A picture of the same size.

    Examples
    --------
    >>> near_copy(Image.new("RGB", (96, 96), "white"), np.random.default_rng(0)).size
    (96, 96)
    """
    width, height = picture.size
    left, top, right, bottom = generator.uniform(0, 0.04, 4)
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    cut = picture.resize(picture.size, Image.Resampling.BILINEAR, box)
    grey = Image.new("RGB", picture.size, (int(generator.integers(0, 41)),) * 3)
    return wear(ImageChops.add(cut, grey), generator)


@dataclass(frozen=True)
class Composite:
    """A picture, and what is known about it because we made it.

    Parameters
    ----------
    picture : PIL.Image.Image
        A square picture of mode ``RGB``.
    has_logo : bool
        Whether the logo is on it.
    box : tuple of int
        Left, top, right and bottom of the logo; four zeros where there is none.
    content : str
        What else is on it: a counterfeit, ``"emoji"``, ``"animal"`` or ``"nothing"``.

    Examples
    --------
    >>> Composite(Image.new("RGB", (96, 96)), False, (0, 0, 0, 0), "nothing").has_logo
    False
    """

    picture: Image.Image
    has_logo: bool
    box: Box
    content: str


def compose(
    photograph: Image.Image,
    *,
    has_logo: bool,
    stickers: Mapping[str, Sequence[Image.Image]],
    generator: np.random.Generator,
    side: int = 96,
) -> Composite:
    """Make one picture of the data set.

    A crop of the photograph gets one thing that is not the logo: with a probability of 35 % a
    counterfeit, else a sticker of one of the given kinds with 25 and 20 %, else nothing. Then the
    logo may come, the picture is blurred and compressed.

    Parameters
    ----------
    photograph : PIL.Image.Image
        What is behind everything.
    has_logo : bool
        Whether the logo is put on it, last, so that nothing hides it.
    stickers : mapping of str to sequence of PIL.Image.Image
        Pictures of mode ``RGBA`` under ``"emoji"`` and ``"animal"``.
    generator : numpy.random.Generator
        Decides everything else.
    side : int, default 96
        Rows and columns of the picture.

    Returns
    -------
    Composite
        The picture, and what is on it.

    Examples
    --------
    >>> stickers = {"emoji": [draw_logo(64, "round")], "animal": [draw_logo(64, "solid")]}
    >>> photograph = Image.new("RGB", (300, 200), "gray")
    >>> made = compose(
    ...     photograph, has_logo=True, stickers=stickers, generator=np.random.default_rng(1)
    ... )
    >>> made.picture.size, made.has_logo, made.box[2] > made.box[0]
    ((96, 96), True, True)
    """
    picture = crop(photograph, side, generator)
    drawn = generator.choice(
        ["counterfeit", "emoji", "animal", "nothing"], p=[0.35, 0.25, 0.2, 0.2]
    )
    content = str(generator.choice(COUNTERFEITS)) if drawn == "counterfeit" else str(drawn)
    if content in COUNTERFEITS:
        fake = draw_logo(64, content, turn_hue=generator.uniform(-12, 12))
        stick(picture, fake, generator)
    elif content in stickers:
        kind = stickers[content]
        stick(picture, kind[int(generator.integers(len(kind)))], generator)
    box = (0, 0, 0, 0)
    if has_logo:
        box = stick(picture, draw_logo(64, turn_hue=generator.uniform(-12, 12)), generator)
    return Composite(wear(picture, generator), has_logo, box, content)
