"""
02 · NumPy 1: the core data structure
=====================================

A Python list holds anything, grows when you append to it, and hands you one of its elements faster than an array does:
this lesson measures it. NumPy's :term:`array` has a fixed size, a single type for all elements, and must be a regular
grid. Why, then, does deep learning begin with the array and not with the list? The answer is in what it gives up. The
price is a new kind of mistake, which raises no error: at the end a variance is negative, and a perfect prediction has
a large error.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - say when an array beats a list, in memory and in speed, and when it does not;
      - create an array and read its ``ndim``, ``shape``, ``dtype``, ``itemsize``, ``size`` and ``strides``;
      - predict the shape of a sum along any axis;
      - predict the shape that broadcasting gives, and when it fails.

   .. grid-item-card:: Before you start

      - **Read first:** nothing; you can write Python, with lists, functions and loops.
      - **Data:** the heights of a landscape, which come with Matplotlib; nothing is downloaded.
      - **Run time:** less than 15 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# This lesson is about NumPy; PyTorch is the witness, since its tensors follow the same rules. Random numbers come from
# ``generator``, with the fixed seed 2. ``time_s`` takes the best of five times, the one that was disturbed the least.

# sphinx_gallery_number = 2
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = []
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 5
import math
import sys
import timeit
import warnings
from functools import reduce
from itertools import zip_longest
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data
from matplotlib.colors import LightSource

from dlcourse.plotting import GREEN, ORANGE, PAPER, SKY, draw_cells, use_course_style

use_course_style()
generator = np.random.default_rng(2)


def time_s(code):
    """Shortest time of a piece of code in seconds; what is fast is run many times in a row."""
    timer = timeit.Timer(code, globals=globals())
    count = max(1, int(0.01 / timer.timeit(1)))
    return min(timer.repeat(number=count, repeat=5)) / count


# %%
# Look at the data: a landscape
# -----------------------------
# Matplotlib brings a piece of the Appalachian mountains along: the height in metres around Jacksboro in Tennessee, one
# number for each place on a grid, from north to south and from west to east. Of its attributes, ``ndim`` is the number
# of axes, ``shape`` holds their lengths, ``size`` is the number of elements, ``dtype`` their type, ``itemsize`` the
# bytes of one of them, and ``nbytes`` those of all. An ``int16`` is a whole number from −32,768 to 32,767.

with np.load(get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
    heights = file["elevation"]
    row_step_m = 111_200 * file["dy"]  # a degree of latitude is about 111,200 m long
    column_step_m = 111_200 * file["dx"] * np.cos(np.radians(file["ymin"]))
for name in ("ndim", "shape", "size", "dtype", "itemsize", "nbytes"):
    print(f"heights.{name:8} {getattr(heights, name)}")
assert heights.size == math.prod(heights.shape) == heights.nbytes / heights.itemsize
steps = f"one step is {row_step_m:.0f} m to the south, {column_step_m:.0f} m to the east"
print(f"from {heights.min()} m to {heights.max()} m; {steps}")

# %%
# Each direction of the grid is an :term:`axis`, and axes are numbered from 0. Axis 0 runs down the rows, here from
# north to south; axis 1 runs along a row, from west to east. The picture is nothing but the array, with a colour for
# each number. A straight ridge comes from the upper right corner and ends in the middle. Why there? The picture does
# not say; a later one will.

alt = "A map of heights: mountains on the left, flat land on the right, and a straight ridge."
fig, ax = plt.subplots(figsize=(5.2, 3.9), num=alt)
picture = ax.imshow(heights, cmap="gist_earth", vmin=0)
ax.set(xlabel="axis 1: column, to the east", ylabel="axis 0: row, to the south")
colour_bar = fig.colorbar(picture, label="height in m")

# %%
# A list and an array: memory
# ---------------------------
# ``tolist`` makes a list of rows from the same numbers. A list holds no numbers but references, 8 bytes each, and each
# one leads to an object that knows its own type and counts its users. (We count every object once: Python shares
# numbers up to 256.) The array says what type its elements have once for all, and lays down nothing but the numbers.

rows = heights.tolist()
objects = {id(number): number for row in rows for number in row}
parts = [rows, *rows, *objects.values()]
lists_b = sum(sys.getsizeof(part) for part in parts)
print(f"nested lists {lists_b:9,} bytes, {lists_b / heights.size:.1f} for each height")
for dtype in (np.int16, np.int64):
    array_b = heights.astype(dtype).nbytes
    print(f"{dtype.__name__:12} {array_b:9,} bytes, lists / array: {lists_b / array_b:.1f}")
assert lists_b > 10 * heights.nbytes

# %%
# A list and an array: speed
# --------------------------
# Now the same heights as one flat list of floats and one flat array of ``float64``. On each line both do the same job.
# Which of the two wins, and where? One line deserves a bet of its own: Python's built-in ``sum``, given an array.

numbers = heights.astype(np.float64).ravel()  # all rows, one after the other: (138632,)
listed = numbers.tolist()
three, three_listed, growing = numbers[:3], listed[:3], listed.copy()
jobs = [
    ("sum(listed)", "numbers.sum()"),
    ("[2 * n for n in listed]", "2 * numbers"),
    ("sum(listed)", "sum(numbers)"),
    ("[2 * n for n in three_listed]", "2 * three"),
    ("listed[7]", "numbers[7]"),
    ("growing.append(0.0)", "np.append(numbers, 0.0)"),
]
print("how many times as fast the winner is  (measured in this build)")
for with_list, with_array in jobs:
    ratio = time_s(with_list) / time_s(with_array)
    winner = f"array {ratio:7,.1f} ×" if ratio > 1 else f"list  {1 / ratio:7,.1f} ×"
    print(f"{with_list:30}{with_array:25}{winner}")

# %%
# The array wins where one call handles all elements: a loop in C runs over the numbers in memory. When a single element
# comes out to Python, NumPy first has to wrap it into an object, which the list has ready. So ``sum(numbers)`` is
# slower than no NumPy at all, and three numbers are not worth an array. Its size is fixed, so appending copies
# everything. Hence the rule of all array programs: collect in a list, convert once, and write no loop over elements.
#
# Creation comes next. A list becomes an array through ``np.array``; the other functions need no list.

created = {
    "array([[1, 2], [3, 4]])": np.array([[1, 2], [3, 4]]),
    "array([1, 2.5])": np.array([1, 2.5]),
    "ones((2, 3))": np.ones((2, 3)),
    "zeros(3, dtype=np.uint8)": np.zeros(3, dtype=np.uint8),
    "arange(2, 10, 3)": np.arange(2, 10, 3),
    "arange(1, 1.3, 0.1)": np.arange(1, 1.3, 0.1),
    "linspace(1, 1.2, 3)": np.linspace(1, 1.2, 3),
    "default_rng(2).random(2)": np.random.default_rng(2).random(2),
}
for call, array in created.items():
    print(f"np.{call:25} {array.dtype!s:8} {array.shape!s:7} {array.tolist()}")

# %%
# ``arange`` stops before its end, as ``range`` does, and yet ``arange(1, 1.3, 0.1)`` holds 1.3. No ``float64`` is
# exactly 0.1, so rounding decides whether the end slips in. Use ``linspace`` for floats: it takes the number of
# elements instead of the step, and includes the end.
#
# Predict
# -------
# Memory has no rows: it is one long line of bytes. :term:`Strides <stride>` say how many *bytes* one step along each
# axis moves. ``heights`` has the shape (344, 403) and 2 bytes for each element, and lies there row after row. What are
# its strides? And what are they if the same array lies there column after column?
#
# .. dropdown:: Answer
#
#    The next column is the next element, 2 bytes on; the next row begins 403 elements later, 806 bytes: (806, 2).
#    Column after column, the next *row* is 2 bytes on, and the next column 344 elements or 688 bytes: (2, 688).

by_columns = np.asfortranarray(heights)
assert np.array_equal(heights, by_columns) and heights.nbytes == by_columns.nbytes
print("row after row:", heights.strides, "  column after column:", by_columns.strides)

# %%
# Build it: two orders in memory
# ------------------------------
# Both arrays are equal and need the same bytes; only the order in memory differs. Row after row is named C order, or
# :term:`row-major <row-major order>`; column after column is Fortran order, after the languages that store arrays so.
# Walk over the lengths, from the last axis for C, from the first for Fortran: each axis steps over all before it.


def strides_in_bytes(shape, itemsize, order="C"):
    """Strides of an array without gaps, in row-major (C) or column-major (F) order."""
    strides, step = [], itemsize
    for length in reversed(shape) if order == "C" else shape:
        strides.append(step)
        step *= length
    return tuple(reversed(strides)) if order == "C" else tuple(strides)


assert strides_in_bytes(heights.shape, 2) == heights.strides
assert strides_in_bytes(heights.shape, 2, "F") == by_columns.strides
print("(2, 3, 4), 8 bytes:", *(strides_in_bytes((2, 3, 4), 8, order) for order in "CF"))

# %%
# In the figure the same table lies in memory twice. The tens digit is the row, the other the column, and each row has a
# colour. In C order the rows stay whole; in Fortran order they are dealt out like cards. Below each element stands the
# byte at which it begins. :doc:`Lesson 04 </lessons/1_basics/lesson_04_tensors>` goes on from here.

small = np.array([[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]], dtype=np.int16)
row_colours = np.array([[SKY], [ORANGE], [PAPER]])
alt = "A table of three rows. In C order its rows lie one after the other, in Fortran order mixed."
fig, ax = plt.subplots(figsize=(5.2, 4.1), num=alt)
draw_cells(ax, small, colours=row_colours)
coloured = np.broadcast_to(row_colours, small.shape)
for order, name, top in (("C", "C order", 4.6), ("F", "Fortran order", 8.0)):
    draw_cells(ax, small.ravel(order), colours=coloured.ravel(order), origin=(0, top))
    strides = strides_in_bytes(small.shape, small.itemsize, order)
    ax.text(0, top - 0.3, f"{name}, strides {strides}", fontsize=11)
    for place in range(small.size):
        ax.text(place + 0.5, top + 1.5, str(2 * place), ha="center", fontsize=9)
ax.text(4.6, 1.6, "shape (3, 4), int16", fontsize=11)
limits = ax.set_ylim(10.2, -0.2)

# %%
# Does the order matter, if the values are equal? We add up a large square table in pieces, row by row and column by
# column (a loop over ``c_order.T`` gives the columns), in both orders. Memory delivers whole lines of neighbouring
# bytes, 64 on most processors. A row in C order uses all of each line, a column only one element of it.

c_order = generator.random((4000, 4000), dtype=np.float32)
f_order = np.asfortranarray(c_order)
walks = [
    "[row.sum() for row in c_order]",
    "[column.sum() for column in c_order.T]",
    "[row.sum() for row in f_order]",
    "[column.sum() for column in f_order.T]",
    "c_order.sum(axis=0)",
]
times_s = [time_s(code) for code in walks]
print("time relative to the first line  (measured in this build)")
for code, seconds in zip(walks, times_s, strict=True):
    print(f"{code:40}{seconds / times_s[0]:6.2f}")

# %%
# Against the order of memory, walking takes several times as long. Leave the sum to one call, as in the last line, and
# NumPy arranges its loops well.
#
# Build it: sums along an axis
# ----------------------------
# Which axis is ``axis=0``, the one that stays or the one that goes? *The axis that you name disappears.* On nested
# lists, a sum along axis 0 adds the parts up, element by element; along a later axis, it does so in each part.


def add(a, b):
    """Sum of two nested lists of one shape, element by element."""
    return [add(x, y) for x, y in zip(a, b, strict=True)] if isinstance(a, list) else a + b


def sum_along(nested, axis):
    """Sum of nested lists along one axis, which disappears."""
    return reduce(add, nested) if axis == 0 else [sum_along(part, axis - 1) for part in nested]


x = np.arange(24).reshape(2, 3, 4)  # 0 to 23, dealt out in C order
for axis in range(x.ndim):
    assert sum_along(x.tolist(), axis) == x.sum(axis=axis).tolist()
    print(f"axis {axis}: shape {x.shape} becomes {x.sum(axis=axis).shape}")

# %%
# Below, axis 0 leads from the first table to the second, axis 1 down the rows, axis 2 along a row. Cells of one colour
# add up to the cell of that colour. A sum along several axes is possible too, ``axis=(1, 2)``, and ``keepdims=True``
# leaves an axis of length 1 in the place of each one that went.

alt = "Two tables of 3 by 4 numbers, and below them their sums along the axes 0, 1 and 2."
fig, ax = plt.subplots(figsize=(5.2, 4.5), num=alt)
colours = np.full(x.shape, PAPER)
colours[:, 2, 3], colours[0, :, 0], colours[1, 0, :] = ORANGE, SKY, GREEN
for layer in (0, 1):
    draw_cells(ax, x[layer], colours=colours[layer], origin=(2 + 6.5 * layer, 1))
places = ((2, 3), (0, 0), (1, 0))
for axis, left, place in zip(range(3), (0, 5.5, 11), places, strict=True):
    sums = x.sum(axis=axis)
    fills = np.full(sums.shape, PAPER)
    fills[place] = (ORANGE, SKY, GREEN)[axis]
    draw_cells(ax, sums, colours=fills, origin=(left, 7))
    ax.text(left, 6.6, f"sum(axis={axis})\n{sums.shape}", family="monospace", linespacing=1.4)
for left, y, text in ((7.25, 2.6, "axis 0\n⟶"), (0.7, 2.6, "axis 1\n↓"), (4, 0.6, "axis 2 ⟶")):
    ax.text(left, y, text, ha="center", va="center", fontsize=11)
limits = ax.set_ylim(10.2, -0.1)

# %%
# Build it: broadcasting
# ----------------------
# What is a column of three numbers plus a row of four? By :term:`broadcasting` it is a table. Write the two shapes
# below each other, flush right. Two lengths fit if they are equal, or if one of them is 1; a missing one counts as 1.
# The axis of length 1 is read as if it were repeated, but nothing is copied: its stride is taken to be 0.


def broadcast_shape(a, b):
    """Shape of an operation on arrays of the shapes a and b."""
    lengths = []
    for n, m in zip_longest(reversed(a), reversed(b), fillvalue=1):
        if n != m and 1 not in (n, m):
            raise ValueError(f"lengths {n} and {m} do not fit: make them equal, or one of them 1")
        lengths.append(m if n == 1 else n)
    return tuple(reversed(lengths))


tens, units = np.array([[0], [10], [20]]), np.arange(4)
assert broadcast_shape(tens.shape, units.shape) == (tens + units).shape == (3, 4)
assert np.array_equal(tens + units, small)  # the table of the figure on memory
print("strides of the row, read as a table:", np.broadcast_to(units, (3, 4)).strides)

# %%
# In the figure the coloured cells exist, and the grey ones are only imagined. Each array is stretched along the axis of
# length 1 or the missing one, then the elements are added in pairs. So broadcasting replaces loops: whatever holds for
# every row, every column or every channel is written once, in an array with the length 1 along all other axes.

alt = "A column stretched to the right, plus a row stretched downwards, is a table of sums."
fig, ax = plt.subplots(figsize=(5.2, 1.9), num=alt)
pair = {"+": (tens, [[SKY] + [PAPER] * 3]), "=": (units, [[ORANGE], [PAPER], [PAPER]])}
for left, (sign, (array, fills)) in zip((0, 5.2), pair.items(), strict=True):
    draw_cells(ax, np.broadcast_to(array, (3, 4)), colours=fills, origin=(left, 0))
    ax.text(left + 4.6, 1.5, sign, ha="center", va="center", fontsize=14)
    ax.text(left + 2, -0.3, str(array.shape), ha="center", family="monospace")
ax.text(12.4, -0.3, str(small.shape), ha="center", family="monospace")
ax = draw_cells(ax, tens + units, colours=GREEN, origin=(10.4, 0))

# %%
# Check against PyTorch
# ---------------------
# Strides and sums first: 200 arrays with random shapes of up to four axes, in a random order in memory.
# ``torch.from_numpy`` takes an array over as it lies, and counts its strides in elements; what NumPy calls ``axis``,
# PyTorch calls ``dim``. The elements are whole numbers, so the sums must be equal to the last bit.

for _ in range(200):
    shape = tuple(generator.integers(1, 5, size=generator.integers(1, 5)).tolist())
    order = str(generator.choice(["C", "F"]))
    array = np.zeros(shape, order=order)
    array += generator.integers(0, 100, size=shape)
    tensor = torch.from_numpy(array)
    in_bytes = tuple(tensor.element_size() * step for step in tensor.stride())
    assert strides_in_bytes(shape, array.itemsize, order) == array.strides == in_bytes
    for axis in range(array.ndim):
        ours = sum_along(array.tolist(), axis)
        assert ours == array.sum(axis=axis).tolist() == tensor.sum(dim=axis).tolist()
print("200 random shapes: strides and sums along every axis agree with NumPy and PyTorch")

# %%
# Then broadcasting: 500 random pairs of shapes. Here the failures count as well. A rule that is too generous would be
# as wrong as one that is too strict, so all three must agree on which pairs do not fit.

fitting = 0
for _ in range(500):
    a, b = (tuple(generator.integers(1, 4, size=generator.integers(0, 5)).tolist()) for _ in "ab")
    answers = []
    for rule in (broadcast_shape, np.broadcast_shapes, torch.broadcast_shapes):
        try:
            answers.append(tuple(rule(a, b)))
        except (ValueError, RuntimeError):
            answers.append(None)
    assert answers[0] == answers[1] == answers[2]
    fitting += answers[0] is not None
print(f"500 random pairs: {fitting} fit, {500 - fitting} do not; all three agree on each")

# %%
# Use it: normalise every channel
# -------------------------------
# Networks usually learn faster from numbers of similar size, so data are :term:`normalised <normalise>` first, each
# :term:`channel` on its own. We make a picture of three channels: the height, and the slope towards south and east,
# which ``np.gradient`` computes from neighbours. Heights are hundreds of metres, slopes fractions of 1. The means along
# the axes 1 and 2 have the shape (3, 1, 1), thanks to ``keepdims``, and broadcast against (3, 344, 403).

slope_south, slope_east = np.gradient(heights, row_step_m, column_step_m)
channels = np.array([heights, slope_south, slope_east])  # (3, 344, 403)
means = channels.mean(axis=(1, 2), keepdims=True)
deviations = channels.std(axis=(1, 2), keepdims=True)
normalised = (channels - means) / deviations
print("means", means.shape, *(f"{mean:9.3f}" for mean in means.ravel()))
print("standard deviations", *(f"{deviation:8.3f}" for deviation in deviations.ravel()))
assert np.allclose(normalised.mean(axis=(1, 2)), 0) and np.allclose(normalised.std(axis=(1, 2)), 1)

# %%
# Use it: let the sun shine
# -------------------------
# We light the land with a sun in the north-west, 45 degrees high. How bright a slope is depends on the angle between
# the sun and the *normal*, the arrow that stands upright on the ground: multiply their components (east, north, up) in
# pairs and add up the three products. The sun is one arrow, the normals are one for each place. Broadcasting and a sum
# along axis 0 do it for all 138,632 of them, and Matplotlib's ``LightSource`` agrees.

normals = np.array([-slope_east, slope_south, np.ones(heights.shape)])  # (3, 344, 403)
normals = normals / np.sqrt((normals**2).sum(axis=0))  # all of length 1: divided by (344, 403)
sun = np.array([-0.5, 0.5, np.sqrt(0.5)]).reshape(3, 1, 1)  # (east, north, up)
brightness = (sun * normals).sum(axis=0)  # (3, 1, 1) with (3, 344, 403), then (344, 403)
stretched = (brightness - brightness.min()) / (brightness.max() - brightness.min())
light = LightSource(azdeg=315, altdeg=45)
assert np.allclose(stretched, light.hillshade(heights, dx=column_step_m, dy=row_step_m))

alt = "The land lit from the upper left: a straight ridge ends at a long straight valley."
fig, ax = plt.subplots(figsize=(5.2, 4.5), num=alt)
ax.set_axis_off()
picture = ax.imshow(brightness, cmap="gray")

# %%
# The ridge ends at a valley as straight as itself, the `Jacksboro fault
# <https://gsa.confex.com/gsa/2004NE/webprogram/Paper70064.html>`__, along which rocks moved past each other. And no
# loop was written. That answers the question at the top: an array gives up freedom, and gets one block of equal
# elements, which costs little, is handed on as it is, and lets one call in C do what each element needs.
#
# Break it
# --------
# Three mistakes; only the first one is kind enough to raise an error. Leave ``keepdims`` out, and the means have the
# shape (3,). Flush right, 3 meets 403. NumPy's message names the shapes, PyTorch's the lengths and the axis.

flat_means = channels.mean(axis=(1, 2))  # (3,)
attempts = {
    "NumPy": lambda: channels - flat_means,
    "PyTorch": lambda: torch.from_numpy(channels) - torch.from_numpy(flat_means),
}
for name, attempt in attempts.items():
    try:
        attempt()
    except (ValueError, RuntimeError) as error:
        print(name, fill(f"{type(error).__name__}: {error}", 72), "", sep="\n")

# %%
# The second mistake: a variance is the mean of the squares minus the square of the mean, and never negative. But an
# ``int16`` ends at 32,767, and 182² is more. What does not fit begins again at the negative end, without a word, and in
# PyTorch too. ``mean`` and ``sum`` compute in a larger type by themselves, products do not. Convert first.

squares = heights * heights
print("dtype of the squares:", squares.dtype, "  one of 483 m:", squares[0, 0], "  right:", 483**2)
print(f"variance from the squares: {squares.mean() - heights.mean() ** 2:12,.1f}")
floats = heights.astype(np.float64)
variance = (floats * floats).mean() - floats.mean() ** 2
print(f"converted first:           {variance:12,.1f}")
assert heights[0, 0] == 483 and np.isclose(variance, heights.var())
assert np.array_equal(squares, (torch.from_numpy(heights) ** 2).numpy())

# %%
# The third one is the most expensive in deep learning. A network with one output gives a column, the shape (n, 1); the
# targets are often a row, the shape (n,). We take one row of the map as the targets, and predict it *perfectly*. The
# :term:`mean squared error` must be 0.

targets = floats[100]  # (403,)
predictions = targets.reshape(403, 1)  # the same numbers, as a column
errors = predictions - targets
double = 2 * targets.var()
print(
    f"errors {errors.shape}: mean square {np.mean(errors**2):,.1f}, twice the variance {double:,.1f}"
)
print("errors of equal shapes: mean square", np.mean((predictions.ravel() - targets) ** 2))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = torch.nn.functional.mse_loss(torch.from_numpy(predictions), torch.from_numpy(targets))
assert np.isclose(np.mean(errors**2), double) and np.isclose(loss.item(), double)
print(fill(f"PyTorch: {caught[0].category.__name__}: {str(caught[0].message).split('. ')[0]}", 72))

# %%
# Every target was subtracted from every prediction; the mean square is twice the variance of the targets. To predict
# their mean everywhere gives only once the variance, so a network would learn that. PyTorch's loss at least warns.
#
# Then and now
# ------------
# NumPy 2.0, of 2024, is the first major version since 2006. Much code on the web was written before, and some of it
# stops today; worse, some gives another dtype. The cell runs the first four lines of the table.
#
# ==================================== ==================================== ======================================
# Then                                 Now                                  Why
# ==================================== ==================================== ======================================
# ``np.float``, ``np.int``             ``float``, ``np.float64``            old names, removed in NumPy 1.24
# ``np.array([[1, 2], [3]])``          ``dtype=object``, or pad the rows    no regular grid: an error since 1.24
# ``uint8`` array plus 300 is 301      an error                             a Python int takes the array's dtype
# ``np.float32(3) + 3.0``: float64     float32                              the same rule, in NumPy 2.0
# ``np.random.seed(0)``                ``np.random.default_rng(0)``         no hidden state that all code shares
# integers on Windows: int32           int64                                as on other systems, since NumPy 2.0
# ==================================== ==================================== ======================================

old_code = {
    "np.float(3)": lambda: np.float(3),
    "np.array([[1, 2], [3]])": lambda: np.array([[1, 2], [3]]),
    "np.array([1], dtype=np.uint8) + 300": lambda: np.array([1], dtype=np.uint8) + 300,
}
for code, run in old_code.items():
    try:
        run()
    except (AttributeError, ValueError, OverflowError) as error:
        print(code, fill(f"{type(error).__name__}: {error}".splitlines()[0], 72), "", sep="\n")
print("np.float32(3) + 3.0 is now a", (np.float32(3) + 3.0).dtype)

# %%
# What you learned
# ----------------
# - An array is one block of elements of one type with strides that say how to walk through it. It wins where one call
#   handles many elements; for single elements, for very few and for appending, a list is better.
# - The axis that you name in a sum disappears; ``keepdims=True`` leaves the length 1 in its place.
# - C order keeps rows together, Fortran order columns. Walking with the order of memory is faster.
# - Broadcasting compares shapes from the right; lengths must be equal, or one of them 1.
# - Overflow of integers and unintended broadcasting raise no error. Look at the dtype and the shape of results.
#
# Self-checks
# -----------
# **1.** An array has the shape (16, 3, 32, 32): 16 pictures of three channels. Along which axes do you take the mean to
# get one number for each channel, and what shape does it have with ``keepdims=True``?
#
# .. dropdown:: Answer
#
#    Along (0, 2, 3), all but the channels. The shape is (1, 3, 1, 1), which broadcasts against the pictures.
#
# **2.** Which shapes do (5, 1, 4) with (3, 1), and (5, 3) with (5,) broadcast to?
#
# .. dropdown:: Answer
#
#    (5, 3, 4). The second pair does not fit: 3 meets 5. (With (5, 1) it would.)
#
# **3.** An array of ``float32`` has the strides (4, 40). In which order does it lie, and how many rows has it?
#
# .. dropdown:: Answer
#
#    In Fortran order: the next row is the next element. A column is 40 bytes long, so there are 10 rows, if it has no
#    gaps.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_02>`.
#
# **1. Recall.** Write down both strides in bytes, by hand.
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
# **2. Modify.** Normalise every *row* of the table to mean 0 and standard deviation 1, without a loop.
#
# .. code-block:: python
#
#    table = np.array([[1, 2, 3, 6], [10, 20, 40, 50], [-5, 5, 5, -5]])
#    ready = (table - table.mean()) / table.std()
#
#    assert ready.shape == table.shape, "the shape has changed"
#    assert np.allclose(ready.mean(axis=1), 0), "a row has another mean than 0"
#    assert np.allclose(ready.std(axis=1), 1), "a row has another standard deviation than 1"
#    print(ready.round(2))
#
# **3. Extend.** Compute the distances between all pairs of five points, without a loop.
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
# - Write ``axis=`` always, and ``keepdims=True`` if the result meets its own array again.
# - Convert to ``float32`` before you compute with whole numbers from a file.
# - Assert that predictions and targets have the same shape, in front of every loss.
#
# References
# ----------
# - Charles R. Harris and others: `Array programming with NumPy <https://doi.org/10.1038/s41586-020-2649-2>`__, 2020.
# - NumPy documentation: `broadcasting <https://numpy.org/doc/stable/user/basics.broadcasting.html>`__, `the
#   N-dimensional array <https://numpy.org/doc/stable/reference/arrays.ndarray.html>`__, `NumPy 2.0 migration guide
#   <https://numpy.org/doc/stable/numpy_2_0_migration_guide.html>`__.
# - PyTorch documentation: `broadcasting semantics <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>`__,
#   :torch:`torch.from_numpy`.
