"""
02 · NumPy 1: the core data structure
=====================================

A Python list is flexible: it can hold anything, and it grows when you append to it. NumPy's :term:`array` is strict:
all of its elements have one type, its size is fixed, and it must be a regular grid. Why does deep learning begin with
the strict one?

You will make arrays, add them up and combine them, and then measure both. At the end you will meet two mistakes that
raise no error: a variance that is negative, and a perfect prediction with a large error.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - create an array, pick parts of it, and read its ``shape``, ``dtype`` and ``strides``;
      - predict the shape of a sum along any axis;
      - predict the shape that broadcasting gives, and say when broadcasting fails;
      - say when an array is better than a list, in memory and in speed, and when it is not.

   .. grid-item-card:: Before you start

      - **Read first:** nothing. You can write Python with lists, functions and loops.
      - **Data:** the heights of a landscape, which come with Matplotlib; nothing is downloaded.
      - **Run time:** about 10 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# Everybody imports NumPy under the short name ``np``. PyTorch is here for comparison: its tensors follow the same
# rules. ``default_rng`` makes a generator of random numbers; with a fixed seed, it gives the same numbers at every run.
# The functions from ``dlcourse`` draw tables and run the questions of this page.

# sphinx_gallery_number = 2
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = []
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 6
import sys
import timeit
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data

from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import GREEN, ORANGE, PAPER, SKY, draw_cells, use_course_style

use_course_style()
SEED = 2
generator = np.random.default_rng(SEED)

# %%
# Create a NumPy array
# --------------------
# The function ``np.array`` turns a list into an array. A list of lists becomes a table, if all the inner lists have the
# same length. Each array knows its :term:`shape`, the lengths of its sides, and its :term:`dtype`, the type of its
# elements.

pair_of_rows = np.array([[1, 2, 3], [4, 5, 6]])
print(pair_of_rows)
print("shape:", pair_of_rows.shape, " dtype:", pair_of_rows.dtype)

mixed = np.array([1, 2.5, 3])
print(mixed)
print("shape:", mixed.shape, "   dtype:", mixed.dtype)

# %%
# The shape (2, 3) means 2 rows with 3 elements each. The shape of a flat array is a tuple with one entry, (3,). Whole
# numbers become ``int64``, integers of 64 bits. In ``mixed`` one number with a decimal point is enough to turn all
# elements into ``float64``, because an array has only one type.
#
# ``np.zeros`` and ``np.ones`` take a shape. ``np.arange`` takes a start, an end and a step, like Python's ``range``.
# ``np.linspace`` takes a start, an end and the number of elements. The method ``random`` of a generator draws numbers
# between 0 and 1. With ``dtype=`` you choose the type yourself.

print("zeros:   ", np.zeros(3))
print("ones:    ", np.ones(3, dtype=np.int16))
print("arange:  ", np.arange(2, 10, 3))
print("linspace:", np.linspace(0, 1, 5))
print("random:  ", np.random.default_rng(SEED).random(2))

# %%
# ``arange(2, 10, 3)`` stops before 10, as ``range`` does; ``linspace`` includes its end. For steps that are not whole
# numbers use ``linspace``, because rounding can change where ``arange`` stops.
#
# Pick parts: indexing
# --------------------
# To read an element, give its position along each direction of the grid. Each direction is called an :term:`axis`. Axes
# and positions are counted from 0: axis 0 runs down the rows, axis 1 runs along a row. A colon takes all positions of
# an axis; ``0:2`` takes the positions 0 and 1.
#
# In this table the tens digit is the row and the units digit is the column, so that you can check each result.

table = np.array([[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]])
print("table[1, 2]:", table[1, 2])
print("table[1]:   ", table[1])
print("table[:, 2]:", table[:, 2])
print("table[0:2, 1:3]:")
print(table[0:2, 1:3])

# %%
# Element 12 stands in row 1 and column 2. One index alone gives a whole row. A column comes out as a flat array of the
# shape (3,). The last result is a smaller table. The figure shows the same four lines; what each of them picks is
# orange.
#
# .. fold:: How the figure is drawn

alt = "A table of 3 rows and 4 columns, four times; an element, a row, a column and a block are marked."
fig, ax = plt.subplots(figsize=(5.2, 4.4), num=alt)
panels = [
    ("table[1, 2]", (1, 2)),
    ("table[1]", 1),
    ("table[:, 2]", (slice(None), 2)),
    ("table[0:2, 1:3]", (slice(0, 2), slice(1, 3))),
]
for number, (code, picked) in enumerate(panels):
    left, top = 5.6 * (number % 2), 4.6 * (number // 2)
    colours = np.full(table.shape, PAPER)
    colours[picked] = ORANGE
    draw_cells(ax, table, colours=colours, origin=(left, top))
    ax.text(left, top - 0.3, code, family="monospace")
ax.text(-0.25, 1.5, "axis 0 ⟶", rotation=-90, ha="right", va="center", fontsize=11)
ax.text(2, 3.45, "axis 1 ⟶", ha="center", va="center", fontsize=11)
limits = ax.set(xlim=(-1.1, 9.8), ylim=(7.8, -0.9))

# %%
# Compute with arrays
# -------------------
# Lists and arrays look alike when they are printed, but they compute differently. Here both are doubled, and both are
# added to themselves.

as_list = [1, 2, 3]
as_array = np.array(as_list)
print("list: ", 2 * as_list, as_list + as_list)
print("array:", 2 * as_array, as_array + as_array)
print("array:", as_array * as_array, as_array > 1)

# %%
# For a list, ``2 *`` and ``+`` repeat and join. For an array, they calculate *element by element*, and so do ``*``,
# ``>`` and all other operators.
#
# Look at the data: a landscape
# -----------------------------
# Now a real array. Matplotlib comes with the height of the land, in metres, around Jacksboro in the state of Tennessee.
# There is one value for each point of a grid, from north to south and from west to east.
#
# Four more attributes describe an array: ``ndim`` is the number of axes, ``size`` the number of elements, ``itemsize``
# the bytes of one element, and ``nbytes`` the bytes of all of them.

with np.load(get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
    heights = file["elevation"]
print("shape:", heights.shape, "   ndim:", heights.ndim, "   size:", heights.size)
print("dtype:", heights.dtype, "   itemsize:", heights.itemsize, "   nbytes:", heights.nbytes)
print("from", heights.min(), "m to", heights.max(), "m")

# %%
# The grid has 344 rows and 403 columns. An ``int16`` is a whole number from −32,768 to 32,767, and takes 2 bytes. The
# picture is the array itself, with a colour for each height.
#
# .. fold:: How the figure is drawn

alt = "A map of heights: mountains on the left, flat land on the right, and a straight ridge."
fig, ax = plt.subplots(figsize=(5.2, 3.9), layout="compressed", num=alt)
picture = ax.imshow(heights, cmap="gist_earth")
ax.set(xlabel="axis 1: column, to the east", ylabel="axis 0: row, to the south")
colour_bar = fig.colorbar(picture, label="height in m")

# %%
# A straight ridge comes from the upper right corner and ends in the middle of the map, at an edge that runs from the
# upper left to the lower right. What is this edge? A later picture will show it.
#
# Predict
# -------
# Guess before you learn the rule. The table ``sold`` says how many pieces two shops (rows) sold of three products
# (columns).

sold = np.array([[3, 1, 2], [5, 4, 0]])
print(sold)

# %%
# The next section explains the answer.
#
# .. choice:: What does ``print(sold.sum(axis=0))`` print?
#    :outputs: sum_along_axis_0
#
#    - Axis 0 is the axis of the shops. It disappears, and one sum for each product remains.
#
#    - This is ``axis=1``: the axis of the products disappears, and one sum for each shop remains.
#
#    - This is the sum of all elements, which you get without ``axis=``.
#
# .. fold:: The code of the choices


def sum_along_axis_0():
    print(sold.sum(axis=0))


def sum_along_axis_1():
    print(sold.sum(axis=1))


def sum_of_everything():
    print(sold.sum())


run_choices("sum_along_axis_0", right=sum_along_axis_0, wrong=[sum_along_axis_1, sum_of_everything])

# %%
# Build it: sums along an axis
# ----------------------------
# Does ``axis=0`` name the axis that stays, or the one that goes? To find out, we write the sum as a loop. For each
# element we look at its position (shop, product), leave the shop out, and add the element to the total of its product.

totals = np.zeros(3, dtype=int)
for shop in range(2):
    for product in range(3):
        totals[product] += sold[shop, product]

print("with a loop:", totals)
print("sum(axis=0):")
print(sold.sum(axis=0))
assert np.array_equal(totals, sold.sum(axis=0))

# %%
# Both give one total for each product, so the rule is: *the axis that you name disappears.*
#
# It holds for any number of axes. Here are three: 2 shops, 3 days, 4 products. ``reshape`` lays the numbers from 0 to
# 23 out in this shape, one row after the other.

sold_daily = np.arange(24).reshape(2, 3, 4)  # (shops, days, products)
for axis in range(3):
    print("sum along axis", axis, "has the shape", sold_daily.sum(axis=axis).shape)
print("axis=(1, 2):               ", sold_daily.sum(axis=(1, 2)).shape)
print("axis=(1, 2), keepdims=True:", sold_daily.sum(axis=(1, 2), keepdims=True).shape)

# %%
# Each of the first three results lacks one length of (2, 3, 4): first the 2, then the 3, then the 4. You can also name
# several axes at once. With ``keepdims=True`` each named axis keeps its position, with the length 1; we will need this
# below.
#
# In the figure, cells of one colour in the upper tables add up to the cell of that colour below.
#
# .. fold:: How the figure is drawn

alt = "Two tables of 3 by 4 numbers, and below them their sums along the axes 0, 1 and 2."
fig, ax = plt.subplots(figsize=(5.2, 4.5), num=alt)
colours = np.full(sold_daily.shape, PAPER)
colours[:, 2, 3], colours[0, :, 0], colours[1, 0, :] = ORANGE, SKY, GREEN
for shop in (0, 1):
    draw_cells(ax, sold_daily[shop], colours=colours[shop], origin=(2 + 6.5 * shop, 1))
coloured_cells = [((2, 3), ORANGE), ((0, 0), SKY), ((1, 0), GREEN)]
for axis, (position, colour) in enumerate(coloured_cells):
    sums = sold_daily.sum(axis=axis)
    fills = np.full(sums.shape, PAPER)
    fills[position] = colour
    left = 5.5 * axis
    draw_cells(ax, sums, colours=fills, origin=(left, 7))
    ax.text(left, 6.6, f"sum(axis={axis})\n{sums.shape}", family="monospace", linespacing=1.4)
for left, y, text in ((7.25, 2.6, "axis 0\n⟶"), (0.7, 2.6, "axis 1\n↓"), (4, 0.6, "axis 2 ⟶")):
    ax.text(left, y, text, ha="center", va="center", fontsize=11)
limits = ax.set_ylim(10.2, -0.1)

# %%
# Build it: broadcasting
# ----------------------
# To compute element by element, two arrays need the same shape. What happens if their shapes differ? Each product has a
# price, and we want to know what each shop has earned with each product. The prices have the shape (3,), and the table
# (2, 3). A loop shows what we want: *every* row of the table is multiplied by the same prices.

prices = np.array([10, 20, 50])
earned = np.zeros((2, 3), dtype=int)
for shop in range(2):
    for product in range(3):
        earned[shop, product] = sold[shop, product] * prices[product]

print(sold * prices)
assert np.array_equal(earned, sold * prices)

# %%
# ``sold * prices`` does the same without a loop. NumPy treats the row as if it stood there twice. This rule is called
# :term:`broadcasting`.
#
# The other direction works as well. Suppose that shop 1 doubles its prices. Then we need one factor for each *row*: a
# column of factors, with the shape (2, 1).

factors = np.array([[1], [2]])  # (2, 1): one factor for each shop
print(sold * prices * factors)

# %%
# Only the second row has doubled. The column was treated as if it were repeated to the right, three times.
#
# Now the general case: both arrays are repeated. A column of three elements plus a row of four is a table of 3 by 4.

tens = np.array([[0], [10], [20]])  # (3, 1)
units = np.arange(4)  # (4,)
print(tens + units)
assert np.array_equal(tens + units, table)

# %%
# In the figure, coloured cells exist, and grey cells are only imagined. An array is stretched along every axis on which
# its length is 1. A missing axis is added on the left with the length 1, and stretched too. Then the elements are added
# in pairs.
#
# .. fold:: How the figure is drawn

alt = "A column stretched to the right, plus a row stretched downwards, is a table of sums."
fig, ax = plt.subplots(figsize=(5.2, 1.9), num=alt)
tens_colours = [[SKY, PAPER, PAPER, PAPER]]
units_colours = [[ORANGE], [PAPER], [PAPER]]
draw_cells(ax, np.broadcast_to(tens, (3, 4)), colours=tens_colours, origin=(0, 0))
draw_cells(ax, np.broadcast_to(units, (3, 4)), colours=units_colours, origin=(5.2, 0))
draw_cells(ax, tens + units, colours=GREEN, origin=(10.4, 0))
for middle, array in ((2, tens), (7.2, units), (12.4, tens + units)):
    ax.text(middle, -0.3, str(array.shape), ha="center", family="monospace")
plus = ax.text(4.6, 1.5, "+", ha="center", va="center", fontsize=14)
equals = ax.text(9.8, 1.5, "=", ha="center", va="center", fontsize=14)

# %%
# To find the shape of the result, write the two shapes below each other, aligned on the right. A missing length counts
# as 1. Then compare the lengths one by one. If they are equal, the result has this length too. If one of them is 1, the
# result has the other length. Everything else is an error.


def broadcast_shape(a, b):
    """Shape of the result of an operation on arrays of the shapes a and b."""
    axes = max(len(a), len(b))
    padded_a = (1,) * (axes - len(a)) + a  # (4,) becomes (1, 4)
    padded_b = (1,) * (axes - len(b)) + b
    lengths = []
    for n, m in zip(padded_a, padded_b, strict=True):
        if n == m or m == 1:
            lengths.append(n)
        elif n == 1:
            lengths.append(m)
        else:
            raise ValueError(f"lengths {n} and {m} do not fit: make them equal, or one of them 1")
    return tuple(lengths)


print("(3, 1)    with (4,):  ", broadcast_shape((3, 1), (4,)))
print("(2, 3, 4) with (3, 1):", broadcast_shape((2, 3, 4), (3, 1)))

# %%
# The second line reads, from the right: 4 and 1 give 4; 3 and 3 give 3; 2 and nothing give 2. Broadcasting replaces
# loops: what is the same for every row or for every column is stored only once.
#
# Build it: two orders in memory
# ------------------------------
# How can a row be repeated without a copy? To see this, we look at the memory. Memory has no rows: it is one long line
# of bytes. The method ``ravel`` lays all elements of an array out in one flat array; ``ravel("K")`` takes them in the
# order in which they lie in memory. ``np.asfortranarray`` changes this order, and nothing else.

small = table.astype(np.int16)  # 2 bytes for each element
by_columns = np.asfortranarray(small)
assert np.array_equal(small, by_columns)
print("row after row:      ", small.ravel("K"))
print("column after column:", by_columns.ravel("K"))

# %%
# The two arrays are equal, but they lie differently in memory. Row after row is named C order, or :term:`row-major
# order`; column after column is named Fortran order.
#
# How does NumPy find an element then? Each array has :term:`strides <stride>`: for each axis, the distance in memory
# from one element to the next along this axis. **NumPy counts strides in bytes, and PyTorch counts them in elements**,
# as do the glossary and :doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>`.

print("row after row:       strides", small.strides)
print("column after column: strides", by_columns.strides)
print("one row, repeated three times:", np.broadcast_to(small[0], (3, 4)).strides)

# %%
# Row after row, the next column is the next element, 2 bytes further. The next row begins after 4 elements of 2 bytes,
# so its stride is 8. Column after column it is the other way round.
#
# The last line answers our question: the stride of the repeated axis is 0, so broadcasting reads the same row again and
# again.
#
# In the figure, the number below each element says at which byte it begins.
#
# .. fold:: How the figure is drawn

row_colours = np.array([[SKY], [ORANGE], [PAPER]])
alt = "A table of three rows. In C order its rows lie one after the other, in Fortran order mixed."
fig, ax = plt.subplots(figsize=(5.2, 4.1), num=alt)
draw_cells(ax, small, colours=row_colours)
coloured = np.broadcast_to(row_colours, small.shape)
drawings = [("C", "C order", small, 4.6), ("F", "Fortran order", by_columns, 8.0)]
for order, name, array, top in drawings:
    draw_cells(ax, small.ravel(order), colours=coloured.ravel(order), origin=(0, top))
    ax.text(0, top - 0.3, f"{name}, strides {array.strides}", fontsize=11)
    for position in range(small.size):
        ax.text(position + 0.5, top + 1.5, str(2 * position), ha="center", fontsize=9)
ax.text(4.6, 1.6, "shape (3, 4), int16", fontsize=11)
limits = ax.set_ylim(10.2, -0.2)

# %%
# The strides follow from the shape. In C order, the stride of the last axis is the size of one element. Then go from
# right to left: the stride of an axis is the stride of its right neighbour times the length of that neighbour. (For
# Fortran order, go from left to right.)
#
# For example, ``sold_daily`` has the shape (2, 3, 4) and elements of 8 bytes, so its strides are (96, 32, 8): 8 · 4 is
# 32, and 32 · 3 is 96. :doc:`Lesson 04 </lessons/1_basics/lesson_04_tensors>` shows what strides are good for.
#
# Check against PyTorch
# ---------------------
# NumPy, PyTorch and our function must agree for many random shapes, also on which pairs do *not* broadcast. What NumPy
# calls ``axis`` and ``keepdims``, PyTorch calls ``dim`` and ``keepdim``; ``torch.from_numpy`` makes a tensor of an
# array.
#
# .. fold:: Strides, sums and broadcasting, 500 random shapes


def answer_of(rule, a, b):
    """The shape that a rule gives, or None if the rule refuses this pair."""
    try:
        return tuple(rule(a, b))
    except (ValueError, RuntimeError):
        return None


fitting = 0
for _ in range(500):
    a = tuple(generator.integers(1, 4, size=generator.integers(5)).tolist())
    b = tuple(generator.integers(1, 4, size=generator.integers(5)).tolist())
    ours = answer_of(broadcast_shape, a, b)
    assert ours == answer_of(np.broadcast_shapes, a, b)
    assert ours == answer_of(torch.broadcast_shapes, a, b)
    if ours is not None:
        fitting += 1
    array = generator.integers(0, 100, size=a)
    tensor = torch.from_numpy(array)
    assert array.strides == tuple(8 * step for step in tensor.stride())  # PyTorch counts elements
    for axis in range(len(a)):
        assert np.array_equal(array.sum(axis=axis), tensor.sum(dim=axis).numpy())
assert sold_daily.strides == (96, 32, 8) and 50 < fitting < 450
print("500 random shapes: strides and sums along every axis agree")
print(f"500 random pairs: {fitting} broadcast, {500 - fitting} do not; all three agree on each")

# %%
# Use it: normalise every channel
# -------------------------------
# Networks usually learn faster if all inputs have values of a similar range. So data are :term:`normalised <normalise>`
# first, each :term:`channel` for itself: subtract its mean, then divide by its standard deviation.
#
# We make an image with three channels: the height, and the slopes to the south and to the east. ``np.gradient``
# computes the slopes from neighbouring heights and the distance between two points of the grid.

south_m, east_m = 92.7, 74.4  # 3 seconds of arc, at 36.6 degrees north
slope_south, slope_east = np.gradient(heights, south_m, east_m)
channels = np.array([heights, slope_south, slope_east])
print("channels:", channels.shape)
for name, channel in zip(("height", "south", "east"), channels, strict=True):
    print(f"{name:7} mean {channel.mean():8.3f}, standard deviation {channel.std():8.3f}")

# %%
# The channels have very different ranges: heights are hundreds of metres, and slopes are small fractions. We need one
# mean for each channel, so the axes 1 and 2 have to disappear.
#
# But (3,) does not fit (3, 344, 403). Here we need ``keepdims=True``: the means then have the shape (3, 1, 1), which
# fits.

means = channels.mean(axis=(1, 2), keepdims=True)  # (3, 1, 1)
deviations = channels.std(axis=(1, 2), keepdims=True)  # (3, 1, 1)
normalised = (channels - means) / deviations  # (3, 344, 403)
print("means:", means.shape, "  normalised:", normalised.shape)
assert np.allclose(normalised.mean(axis=(1, 2)), 0)
assert np.allclose(normalised.std(axis=(1, 2)), 1)

# %%
# One line has normalised all three channels, and the asserts check the means and the standard deviations.
#
# Use it: let the sun shine
# -------------------------
# Now we light the landscape. The sun stands in the north-west. A place faces the sun, and is bright, if the land there
# rises to the south and to the east. So we add the two slopes, each times a weight. The weights have the shape (2, 1,
# 1): one for each direction, and the same for the whole map.

slopes = channels[1:]  # (2, 344, 403): to the south, to the east
weights = np.array([1.0, 1.0]).reshape(2, 1, 1)
brightness = (weights * slopes).sum(axis=0)  # (2, 1, 1) with (2, 344, 403), then (344, 403)
print("slopes:", slopes.shape, "  brightness:", brightness.shape)

# %%
# This is broadcasting again. (With the weights 1 and −1 the sun would stand in the north-east.)
#
# .. fold:: How the figure is drawn

alt = "The land lit from the upper left: a straight ridge ends at a long straight valley."
fig, ax = plt.subplots(figsize=(5.2, 4.5), num=alt)
ax.set_axis_off()
picture = ax.imshow(brightness, cmap="gray", vmin=-0.8, vmax=0.8)
label = {"arrowprops": {"arrowstyle": "->", "lw": 2}, "bbox": {"fc": "white"}, "fontsize": 14}
ridge = ax.annotate("ridge", (318, 86), xytext=(270, 32), **label)
fault = ax.annotate("fault", (257, 195), xytext=(310, 222), **label)

# %%
# Now you see what the edge is. The ridge meets a valley that is as straight as itself, the `Jacksboro fault
# <https://gsa.confex.com/gsa/2004NE/webprogram/Paper70064.html>`__, along which the rocks moved past each other. We
# have computed the whole picture without a loop.
#
# A list and an array: memory
# ---------------------------
# Now we can answer the question at the top. ``astype`` converts the heights to floats, and ``tolist`` makes a list of
# them. A list contains only references; each of them leads to an object somewhere else. ``sys.getsizeof`` gives the
# bytes of the list with its references, and of each object.

numbers = heights.ravel().astype(np.float64)
listed = numbers.tolist()

list_bytes = sys.getsizeof(listed)
for number in listed:
    list_bytes += sys.getsizeof(number)
print("one object:", sys.getsizeof(listed[0]), "bytes")
print("list, for each height: ", round(list_bytes / len(listed), 1), "bytes")
print("array, for each height:", numbers.itemsize, "bytes as float64")
print("array, for each height:", heights.itemsize, "bytes as int16")
assert list_bytes > 3.9 * numbers.nbytes and list_bytes > 15 * heights.nbytes

# %%
# A reference takes 8 bytes, and a float object 24: besides its value, it stores its type and a count of its uses. The
# array stores the type once for all elements. It needs a quarter of the memory, and with ``int16``, which is enough for
# heights, a sixteenth.
#
# A list and an array: speed
# --------------------------
# Which of the two is faster? Here are five jobs, on the left with the list, on the right with the array. Before you
# look at the result, guess the second one, where Python's own ``sum`` is given an array.

growing = listed.copy()
jobs = [
    ("sum(listed)", "numbers.sum()"),
    ("sum(listed)", "sum(numbers)"),
    ("[2 * n for n in listed]", "2 * numbers"),
    ("listed[7]", "numbers[7]"),
    ("growing.append(0.0)", "np.append(numbers, 0.0)"),
]

# %%
# Each time is the shortest of five, which other programs have disturbed least.
#
# .. fold:: How the jobs are timed and printed


def time_s(code):
    """Shortest of five times of a piece of code, in seconds; fast code runs many times in a row."""
    timer = timeit.Timer(code, globals=globals())
    runs = max(1, int(0.01 / timer.timeit(number=1)))
    return min(timer.repeat(number=runs, repeat=5)) / runs


print("how many times as fast the winner is  (measured in this build)")
for with_list, with_array in jobs:
    ratio = time_s(with_list) / time_s(with_array)
    winner = "array" if ratio > 1 else "list"
    two_digits = float(f"{max(ratio, 1 / ratio):.2g}")
    print(f"{with_list:28}{with_array:24}{winner:6}{two_digits:8,g}")

# %%
# The array wins where one call handles all elements: then a loop in C runs over the values in memory. It loses where
# single elements are taken out to Python, because NumPy first has to wrap each of them into an object. That is why
# ``sum(numbers)`` is slower than the same sum without NumPy. And since the size of an array is fixed, each
# ``np.append`` copies everything.
#
# So the strict array becomes one block of elements of one type. Such a block takes little memory, can be handed to
# PyTorch as it is, and lets one call in C do the work of a loop.
#
# Break it
# --------
# Here are three mistakes. Only the first one raises an error. It is a forgotten ``keepdims=True``: then the means have
# the shape (3,). Aligned on the right, 3 meets 403.

flat_means = channels.mean(axis=(1, 2))  # (3,)
try:
    channels - flat_means
except ValueError as error:
    print(f"ValueError: {error}")

try:
    torch.from_numpy(channels) - torch.from_numpy(flat_means)
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# NumPy's message gives both shapes; compare them from the right. PyTorch's message gives the two lengths that do not
# fit and their axis; "non-singleton" means that neither of them is 1.
#
# The second mistake is to compute with small integers. The variance is the mean of the squares minus the square of the
# mean, so it cannot be negative.

squares = heights * heights
print("height:", heights[0, 0], "  its square:", squares[0, 0], "  correct:", 483**2)
print("dtype of the squares:", squares.dtype)
print(f"variance: {squares.mean() - heights.mean() ** 2:,.1f}")
assert heights[0, 0] == 483
assert np.array_equal(squares, (torch.from_numpy(heights) ** 2).numpy())

# %%
# The squares are ``int16`` again, so they cannot be larger than 32,767. Counting continues at the negative end: after
# 32,767 comes −32,768. This is called overflow. For arrays, neither NumPy nor PyTorch gives a message.
#
# The remedy is to convert to floats before computing. (NumPy's ``mean`` and ``sum`` use a larger type by themselves;
# products do not.)

floats = heights.astype(np.float64)
variance = (floats * floats).mean() - floats.mean() ** 2
print(f"variance: {variance:,.1f}   by np.var: {heights.var():,.1f}")
assert np.isclose(variance, heights.var())

# %%
# The third mistake is about predictions. A network with one output gives a column of them, with the shape (n, 1). The
# right answers, the *targets*, often have the shape (n,). Here both hold 1, 2, 3, so you might expect three zeros.

column = np.array([[1], [2], [3]])
row = np.array([1, 2, 3])
print(column - row)

# %%
# Broadcasting made a table: each element of the row was subtracted from each element of the column.
#
# Now with real values: one row of the map is the target, and we predict it *perfectly*. The :term:`mean squared error`
# should be 0.

targets = floats[100]  # (403,)
predictions = targets.reshape(403, 1)  # the same values, as a column
errors = predictions - targets
print("shape of the errors:", errors.shape)
print(f"mean squared error of a perfect prediction: {np.mean(errors**2):8,.0f}")

average = np.full((403, 1), targets.mean())
print(f"mean squared error of the mean, everywhere: {np.mean((average - targets) ** 2):8,.0f}")
assert np.mean((average - targets) ** 2) < np.mean(errors**2)

# %%
# Every target was subtracted from every prediction. The perfect prediction gets 38,849. A prediction that is the mean
# everywhere gets 19,425, a smaller loss than the perfect one. So training with this mistake moves towards the mean.
#
# The remedy is to give both the same shape. PyTorch's loss computes the same wrong value, but it warns:
#
# .. fold:: The same errors in PyTorch's loss

column_tensor, target_tensor = torch.from_numpy(predictions), torch.from_numpy(targets)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    wrong_loss = torch.nn.functional.mse_loss(column_tensor, target_tensor)
print("UserWarning:", str(caught[0].message).split(". ")[0])
assert caught[0].category is UserWarning and np.isclose(wrong_loss.item(), np.mean(errors**2))
assert torch.nn.functional.mse_loss(column_tensor.ravel(), target_tensor) == 0

# %%
# Then and now
# ------------
# NumPy 2.0, of 2024, is the first new major version since 2006. Much code on the web is older, and some of it stops
# with an error today.
#
# .. then-and-now:: old_numpy
#
#    - ``np.float`` and ``np.int`` were other names for Python's own types. They were removed in NumPy 1.24.
#
#    - The rows do not have the same length, so this is no regular grid. Before NumPy 1.24 it became an array of two
#      lists. Pad the short row, or keep a list of arrays.
#
#    - Before NumPy 2.0 the result was 301. Now a Python number takes the dtype of the array, and 300 does not fit into
#      ``uint8``. Choose a larger dtype yourself.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "old_numpy",
    [
        ("np.float(3)", "float(3)"),
        ("np.array([[1, 2], [3]])", "np.array([[1, 2], [3, 0]])"),
        (
            "print(np.array([1], dtype=np.uint8) + 300)",
            "print(np.array([1], dtype=np.int64) + 300)",
        ),
    ],
    globals(),
)

# %%
# What you learned
# ----------------
# - An array is one block of elements of one type. Its strides say how to find an element in memory, in bytes in NumPy
#   and in elements in PyTorch.
# - In a sum, the axis that you name disappears. ``keepdims=True`` leaves the length 1 in its position.
# - Broadcasting compares two shapes from the right. The lengths must be equal, or one of them 1.
# - An array is better where one call handles many elements. A list is better for single elements and for appending.
# - Integers that overflow and broadcasting that was not intended raise no error. Look at the dtype and the shape of a
#   result.
#
# Self-checks
# -----------
# .. choice:: You want one mean for each channel of 16 images. Along which axes?
#    :right: 3
#
#    The array ``images`` has the shape (16, 3, 32, 32): 16 images, 3 channels, 32 rows, 32 columns.
#
#    - ``images.mean(axis=1, keepdims=True)``
#
#      The axis that you name disappears, and here these are the channels. The result has the shape (16, 1, 32, 32).
#
#    - ``images.mean(axis=(2, 3), keepdims=True)``
#
#      This gives one mean for each channel of each image: (16, 3, 1, 1).
#
#    - ``images.mean(axis=(0, 2, 3), keepdims=True)``
#
#      All axes except that of the channels disappear. The shape (1, 3, 1, 1) broadcasts against the images.
#
# .. choice:: Which pair of shapes does not broadcast?
#    :right: 2
#
#    - (5, 1, 4) and (3, 1)
#
#      From the right: 4 and 1, 1 and 3, 5 and nothing. The result has the shape (5, 3, 4).
#
#    - (5, 3) and (5,)
#
#      Aligned on the right, 3 meets 5. Neither of them is 1.
#
#    - (5, 3) and (5, 1)
#
#      From the right: 3 and 1, 5 and 5. The result has the shape (5, 3).
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_02>`.
#
# **1. Recall.** Write down the strides, in bytes, for both orders in memory, by hand.
#
# .. code-block:: python
#
#    c_order = np.zeros((4, 5, 6), dtype=np.float32)
#    f_order = np.zeros((4, 5, 6), dtype=np.float32, order="F")
#    c_strides = (0, 0, 0)
#    f_strides = (0, 0, 0)
#
#    assert c_strides == c_order.strides, "these are not the strides in C order"
#    assert f_strides == f_order.strides, "these are not the strides in Fortran order"
#    print("C order:", c_strides, " Fortran order:", f_strides)
#
# **2. Modify.** Normalise each *row* of the table to the mean 0 and the standard deviation 1, without a loop.
#
# .. code-block:: python
#
#    table = np.array([[1, 2, 3, 6], [10, 20, 40, 50], [-5, 5, 5, -5]])
#    ready = (table - table.mean()) / table.std()
#
#    assert ready.shape == table.shape, "the shape has changed"
#    assert np.allclose(ready.mean(axis=1), 0), "the mean of a row is not 0"
#    assert np.allclose(ready.std(axis=1), 1), "the standard deviation of a row is not 1"
#    print(ready.round(2))
#
# **3. Extend.** Compute the distances between all pairs of five points, without a loop. Hint: which shape must one of
# the two arrays have, so that the differences of all pairs have the shape (5, 5, 2)?
#
# .. code-block:: python
#
#    points = np.random.default_rng(0).random((5, 2))
#    distances = np.zeros((5, 5))
#
#    for i in range(5):
#        for j in range(5):
#            expected = np.sqrt(((points[i] - points[j]) ** 2).sum())
#            assert np.isclose(distances[i, j], expected), f"wrong between the points {i} and {j}"
#    print(distances.round(2))
#
# In practice
# -----------
# - Collect in a list, convert once with ``np.array``, and write no loop over elements.
# - Always write ``axis=``, and add ``keepdims=True`` if the result is combined with the array that it was made from.
# - Convert integers from a file to ``float32`` before you compute with them.
# - Assert that predictions and targets have the same shape before each loss.
#
# References
# ----------
# - Charles R. Harris and others: `Array programming with NumPy <https://doi.org/10.1038/s41586-020-2649-2>`__, 2020.
# - NumPy documentation: `broadcasting <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__, `the
#   N-dimensional array <https://numpy.org/doc/stable/reference/arrays.ndarray.html>`__, `NumPy 2.0 migration guide
#   <https://numpy.org/doc/stable/numpy_2_0_migration_guide.html>`__.
# - PyTorch documentation: `broadcasting semantics <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__,
#   :torch:`torch.from_numpy`.
