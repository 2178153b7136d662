"""The look of the figures: readable colours, and cells that show what the array holds."""

from collections.abc import Sized
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlcourse import plotting
from dlcourse.plotting import draw_cells, use_course_style

HEX_COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def new_axes() -> Axes:
    # Without pyplot there is no global list of figures to clean up.
    return Figure().subplots()


def cells(ax: Axes) -> list[Rectangle]:
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def pixels_in_the_middle(ax: Axes) -> np.ndarray:
    """Return the middle of the drawn figure, a tenth of its size, as RGBA values from 0 to 255."""
    canvas = FigureCanvasAgg(ax.get_figure(root=True))
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    height, width, _ = image.shape
    return image[height * 9 // 20 : height * 11 // 20, width * 9 // 20 : width * 11 // 20]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of WCAG 2, from 1 to 21."""

    def luminance(colour: str) -> float:
        channels = np.array([int(to_hex(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(first), luminance(second)])
    return (light + 0.05) / (dark + 0.05)


def test_the_style_changes_the_defaults_of_new_figures() -> None:
    with mpl.rc_context():
        mpl.rcdefaults()
        use_course_style()
        ax = new_axes()
        lines = [ax.plot([0, 1])[0] for _ in plotting.COLOUR_CYCLE]
        assert tuple(line.get_color() for line in lines) == plotting.COLOUR_CYCLE
        assert not ax.spines["top"].get_visible()
        assert ax.figure.get_layout_engine() is not None
        assert mpl.rcParams["axes.unicode_minus"] is False
        assert mpl.rcParams["font.sans-serif"] == ["DejaVu Sans"]


def test_the_colours_stand_out() -> None:
    assert contrast("black", "white") == pytest.approx(21)
    # 3:1 is what WCAG 2.1 (criterion 1.4.11) asks of the parts of a graphic.
    lines = (plotting.BLUE, plotting.VERMILION, plotting.GREEN, plotting.PURPLE)
    assert min(contrast(colour, "white") for colour in lines) >= 3
    assert min(contrast(plotting.INK, "white"), contrast(plotting.INK, plotting.PAPER)) >= 7


@settings(deadline=None)  # the first figure of a process reads the fonts
@given(
    values=hnp.arrays(np.int64, hnp.array_shapes(min_dims=0, max_dims=2, max_side=4)),
    x=st.integers(-3, 3),
)
def test_every_value_stands_in_its_own_cell(values: np.ndarray, x: int) -> None:
    ax = draw_cells(new_axes(), values, origin=(x, 1))
    grid = np.atleast_2d(values)
    shown = {(text.get_position(), text.get_text()) for text in ax.texts}
    expected = {((x + c + 0.5, 1 + r + 0.5), str(value)) for (r, c), value in np.ndenumerate(grid)}
    assert shown == expected
    assert {cell.get_xy() for cell in cells(ax)} == {
        (x + c, 1 + r) for r, c in np.ndindex(grid.shape)
    }


@settings(deadline=None)  # the first figure of a process reads the fonts
@given(fill=HEX_COLOURS)
def test_the_text_is_readable_on_any_colour(fill: str) -> None:
    ax = draw_cells(new_axes(), 7, colours=fill)
    # Black or white, whichever is better, never falls below 4.58:1; WCAG asks 4.5:1 of text.
    assert contrast(ax.texts[0].get_color(), fill) >= 4.5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (torch.tensor([1.0, 0.5]), ["1", "0.5"]),
        (np.float32([0.1, -2]), ["0.1", "-2"]),
        ([True, False], ["True", "False"]),
        (["a", "", "b"], ["a", "b"]),
    ],
)
def test_values_are_written_short_and_empty_strings_not_at_all(
    values: Sized, expected: list[str]
) -> None:
    ax = draw_cells(new_axes(), values)
    assert [text.get_text() for text in ax.texts] == expected
    assert len(cells(ax)) == len(values)


def test_colours_broadcast_to_the_cells() -> None:
    ax = draw_cells(new_axes(), np.zeros((2, 2)), colours=[[plotting.BLUE], [plotting.ORANGE]])
    shown = [to_hex(cell.get_facecolor()).upper() for cell in cells(ax)]
    assert shown == [plotting.BLUE, plotting.BLUE, plotting.ORANGE, plotting.ORANGE]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((2, 2)), {"colours": [plotting.BLUE] * 3},
         r"colours of shape \(3,\) do not fit cells of shape \(2, 2\); "),
        (np.zeros((2, 2, 2)), {},
         r"not an array of shape \(2, 2, 2\); call it once for each 2-D slice"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(
    values: np.ndarray, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        draw_cells(new_axes(), values, **options)


def test_the_first_row_is_on_top_and_the_limits_hold_every_array() -> None:
    ax = draw_cells(draw_cells(new_axes(), [[1, 2], [3, 4]]), [5, 6], origin=(4, 3))
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    assert left <= 0 and right >= 6
    assert top <= 0 and bottom >= 4


def test_a_cell_in_front_hides_the_text_behind_it() -> None:
    ax = draw_cells(new_axes(), "8", colours="white")
    assert (pixels_in_the_middle(ax) < 128).any()
    draw_cells(ax, "", colours="white")
    assert (pixels_in_the_middle(ax) == 255).all()
