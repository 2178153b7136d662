"""The look of the course's figures, and the drawings that more than one lesson needs."""

from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

# The palette of Okabe and Ito (2008), made to be told apart with any kind of colour vision.
#: Blue, for lines and cells.
BLUE = "#0072B2"
#: Vermilion, for lines and cells.
VERMILION = "#D55E00"
#: Green, for lines and cells.
GREEN = "#009E73"
#: Purple, for lines and cells.
PURPLE = "#CC79A7"
#: Orange, for cells. It is too light for a thin line on white.
ORANGE = "#E69F00"
#: Sky blue, for cells. It is too light for a thin line on white.
SKY = "#56B4E9"
#: Dark grey, for text and outlines.
INK = "#222222"
#: Light grey, for cells that stay in the background.
PAPER = "#F2F2F2"
#: The order in which a figure takes its colours. Those for lines come first.
COLOUR_CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)

_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    # The build puts a Chinese face in front; DejaVu has every sign of mathematics that the course
    # uses.
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    # Chinese faces have no U+2212 (minus); every face has the hyphen.
    "axes.unicode_minus": False,
    "axes.prop_cycle": cycler(color=COLOUR_CYCLE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    # No grid by default: it would lie over every image. A lesson that wants one calls ax.grid().
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": "#E0E0E0",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#808080",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def use_course_style() -> None:
    """Set Matplotlib's defaults to the look of the course.

    The colours come from the palette of Okabe and Ito (2008). Call it once, before the first figure
    of a lesson.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with mpl.rc_context():
    ...     use_course_style()
    ...     mpl.rcParams["axes.prop_cycle"].by_key()["color"][0]
    '#0072B2'
    """
    mpl.rcParams.update(_STYLE)


def _as_grid(values: ArrayLike) -> np.ndarray:
    """Return the values as an array of shape (rows, columns)."""
    array = np.asarray(values)
    if array.ndim > 2:
        raise ValueError(
            f"draw_cells draws 0, 1 or 2 dimensions, not an array of shape {array.shape}; "
            "call it once for each 2-D slice, each with its own origin"
        )
    return np.atleast_2d(array)


def _broadcast_colours(colours: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Return one colour for each cell of a grid of this shape."""
    array = np.asarray(colours)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(
            f"colours of shape {array.shape} do not fit cells of shape {shape}; "
            "give one colour, or an array of colours that broadcasts to the cells"
        ) from None


def _format_value(value: Any) -> str:
    """Write one value as short as it reads well: ``1.0`` as ``1``."""
    return f"{value:g}" if isinstance(value, np.floating) else str(value)


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2) of a colour, from 0 (black) to 1 (white)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _text_colour(background: str) -> str:
    """Return black or white, whichever is easier to read on the background."""
    # The contrast with black, (L + 0.05) / 0.05, equals the contrast with white, 1.05 / (L + 0.05),
    # at L = 0.179.
    return "black" if _luminance(background) > 0.179 else "white"


def draw_cells(
    ax: Axes,
    values: ArrayLike,
    *,
    colours: ArrayLike = PAPER,
    origin: tuple[float, float] = (0.0, 0.0),
) -> Axes:
    """Draw an array as a row or a grid of square cells with its values inside.

    A cell is one unit wide. The first row is at the top, as an array is printed. The limits of the
    axes grow to hold everything that has been drawn, so several arrays can share one pair of axes,
    each with its own ``origin``. A later array covers an earlier one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw. Its ticks and frame are taken away.
    values : array_like, shape (), (columns,) or (rows, columns)
        What to write in the cells: numbers, or strings. An empty string leaves its cell empty.
    colours : str or array_like of str, default PAPER
        One Matplotlib colour for all cells, or an array of colours that broadcasts to the shape of
        ``values``.
    origin : tuple of float, default (0.0, 0.0)
        Top left corner ``(x, y)`` of the first cell, in cells. ``y`` counts downwards.

    Returns
    -------
    matplotlib.axes.Axes
        The same ``ax``.

    Raises
    ------
    ValueError
        If ``values`` has more than two dimensions, or ``colours`` does not broadcast to its shape.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> ax = draw_cells(ax, [[0, 1, 2], [3, 4, 5]], colours=[[BLUE], [ORANGE]])  # one for each row
    >>> [text.get_text() for text in ax.texts]
    ['0', '1', '2', '3', '4', '5']
    >>> plt.close(fig)
    """
    grid = _as_grid(values)
    fills = _broadcast_colours(colours, grid.shape)
    for row, column in np.ndindex(grid.shape):
        x, y, fill = origin[0] + column, origin[1] + row, str(fills[row, column])
        cell = ax.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=INK, linewidth=1))
        if text := _format_value(grid[row, column]):
            # At the height of its cell: a cell drawn later, in front, then hides the text as well.
            centred: dict[str, Any] = {"ha": "center", "va": "center", "zorder": cell.get_zorder()}
            ax.text(x + 0.5, y + 0.5, text, color=_text_colour(fill), **centred)
    ax.axis("off")
    ax.set_aspect("equal")
    ax.autoscale_view()
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
    return ax
