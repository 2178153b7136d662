"""Put pictures that were cut out on photographs, so that their masks are known exactly.

A cut-out is a square picture with an alpha channel, *premultiplied*: its colours are multiplied by
alpha, so that they are 0 where it is transparent. Then it can be shrunk and turned without a fringe,
and a composition is ``colours + background · (1 − alpha)``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

#: Pictures of the asset ``cutouts`` that show the same kind of animal, or near relatives.
_RELATIVES = """
frog frog-1 | chicken_profile hen rooster | drake duck | guineafowl helmeted_guineafowl
| heron_greatblue heron_greatblue_flying | little-penguin magellanic_penguin penguin
| nandou ostrich | albino_peahen peacock | seagull silver-gull | adelaide-rosella rainbow-lorikeet
| bison yak | chimp gorilla tamarin_emperor | bear european-bear | bull cow cow_white zebu
| mouse rat | gnu-baby gnu-baby-stand gnu-sitting gnu-stand | goat indian_blackbuck mountaingoat
| otter sea_lion | ram sheep sheep_lamb | camel dromedary | caribou deer doe wapiti | lion lion-2
| dingo dog fox | tiger tiger_sumatran | donkey donkey_eating horse zebra | dolphin orca whale
| pig pig_golden pig_golden2 wildboar | rabbit rabbit-2 rabbit_little | bee hornet hoverfly
| beaver capybara marmot
"""


def relatives(names: Iterable[str]) -> list[str]:
    """Return for each picture of the asset ``cutouts`` the name of its group of relatives.

    Split groups, not pictures: a lion in the training set makes another lion in the test set easy.

    Parameters
    ----------
    names : iterable of str
        Names of files without their ending.

    Returns
    -------
    list of str
        The first name of the group, or the name itself if there are no relatives.

    Examples
    --------
    >>> relatives(["zebra", "owl", "horse"])
    ['donkey', 'owl', 'donkey']
    """
    groups = [group.split() for group in _RELATIVES.split("|")]
    first = {name: group[0] for group in groups for name in group}
    return [first.get(name, name) for name in names]


def load_cutout(file: Path, side: int) -> Tensor:
    """Read a picture with an alpha channel as a premultiplied square without an empty margin.

    Parameters
    ----------
    file : Path
        A picture with a transparent background, in colour or in grey.
    side : int
        Side of the square in pixels. The picture fills it in its longer direction.

    Returns
    -------
    Tensor, shape (4, side, side)
        Red, green, blue, each multiplied by alpha, and alpha; values in [0, 1].

    Raises
    ------
    ValueError
        If the picture is transparent everywhere.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "red.png")
    ...     Image.new("RGBA", (6, 3), (255, 0, 0, 255)).save(file)
    ...     cutout = load_cutout(file, side=6)
    >>> cutout[3].sum(1)
    tensor([0., 6., 6., 6., 0., 0.])
    """
    with Image.open(file) as image:
        rgba = pil_to_tensor(image.convert("RGBA")) / 255
    if not rgba[3].any():
        raise ValueError(f"{file.name} is transparent everywhere; there is nothing to cut out")
    rgba[:3] *= rgba[3:]
    rows, columns = torch.nonzero(rgba[3] > 0).unbind(1)
    rgba = rgba[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = rgba.shape[1:]
    longer = max(height, width)
    left, top = (longer - width) // 2, (longer - height) // 2
    square = F.pad(rgba, (left, longer - width - left, top, longer - height - top))
    return F.interpolate(square[None], (side, side), mode="bilinear", antialias=True)[0]


def place(
    cutouts: Tensor,
    *,
    generator: torch.Generator,
    sizes: tuple[float, float] = (0.45, 0.95),
    turn: float = 0.3,
) -> Tensor:
    """Draw each cut-out at a random place, in a random size, turned and perhaps mirrored.

    Parameters
    ----------
    cutouts : Tensor, shape (N, 4, H, H)
        Premultiplied squares.
    generator : torch.Generator
        Where the random numbers come from.
    sizes : pair of float, default (0.45, 0.95)
        The smallest and the largest size, as a share of the side.
    turn : float, default 0.3
        The largest turn in either direction, in radians.

    Returns
    -------
    Tensor, shape (N, 4, H, H)
        The same cut-outs elsewhere; parts may lie outside.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> placed = place(torch.ones(2, 4, 8, 8), generator=generator)
    >>> placed.shape
    torch.Size([2, 4, 8, 8])
    """

    def draw(low: float, high: float) -> Tensor:
        """Return one random number for each cut-out."""
        return low + (high - low) * torch.rand(len(cutouts), generator=generator)

    size, angle = draw(*sizes), draw(-turn, turn)
    mirror = (draw(0, 1) < 0.5).float() * 2 - 1  # −1 or 1
    x, y = draw(-1, 1) * (1.15 - size), draw(-1, 1) * (1.15 - size)
    cos, sin = angle.cos() / size, angle.sin() / size
    # From the output back to the cut-out: shift, turn, divide by the size, mirror.
    first_row = torch.stack([cos, sin, -cos * x - sin * y], dim=1) * mirror[:, None]
    second_row = torch.stack([-sin, cos, sin * x - cos * y], dim=1)
    matrix = torch.stack([first_row, second_row], dim=1)  # (N, 2, 3)
    grid = F.affine_grid(matrix, list(cutouts.shape), align_corners=False)
    return F.grid_sample(cutouts, grid, align_corners=False)


def crops(
    photographs: Sequence[Tensor], count: int, side: int, *, generator: torch.Generator
) -> Tensor:
    """Cut random squares out of random photographs.

    Parameters
    ----------
    photographs : sequence of Tensor, each of shape (3, H, W)
        No side is shorter than ``side``.
    count : int
        How many squares.
    side : int
        Their side in pixels.
    generator : torch.Generator
        Where the random numbers come from.

    Returns
    -------
    Tensor, shape (count, 3, side, side)
        The squares.

    Raises
    ------
    ValueError
        If a photograph is too small.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> crops([torch.zeros(3, 20, 30)], 5, 16, generator=generator).shape
    torch.Size([5, 3, 16, 16])
    """
    for photograph in photographs:
        if min(photograph.shape[1:]) < side:
            raise ValueError(
                f"a photograph of shape {tuple(photograph.shape)} has no square of {side} pixels; "
                "enlarge it, or take smaller squares"
            )
    cut = []
    for number in torch.randint(len(photographs), (count,), generator=generator).tolist():
        photograph = photographs[number]
        height, width = photograph.shape[1:]
        top = int(torch.randint(height - side + 1, (), generator=generator))
        left = int(torch.randint(width - side + 1, (), generator=generator))
        cut.append(photograph[:, top : top + side, left : left + side])
    return torch.stack(cut)


def tint(colours: Tensor, *, generator: torch.Generator) -> Tensor:
    """Change the brightness and the colour of each picture at random.

    Parameters
    ----------
    colours : Tensor, shape (N, 3, H, W)
        Pictures; black, and premultiplied transparent pixels, stay 0.
    generator : torch.Generator
        Where the random numbers come from.

    Returns
    -------
    Tensor, shape (N, 3, H, W)
        The pictures, each channel times a factor near 1.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> tint(torch.zeros(1, 3, 2, 2), generator=generator).abs().sum().item()
    0.0
    """
    brightness = 0.25 * torch.randn(len(colours), 1, 1, 1, generator=generator)
    colour = 0.08 * torch.randn(len(colours), 3, 1, 1, generator=generator)
    return colours * (brightness + colour).exp()
