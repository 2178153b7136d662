"""
04 · Tensors: the basic unit of computation
===========================================

Photographs, sentences, the parameters of a network: PyTorch stores all of them as a :term:`tensor`. There is something
odd about tensors. PyTorch changes the order of the axes of sixteen photographs, with fifteen million elements, in about
the same time as that of a table with twelve. How can that be?

The answer is one small idea: all elements lie in one flat row in memory, and a rule says how to read it. The same idea
explains many shape errors.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - create a tensor with the dtype, shape and device that you want, and compute with it;
      - work out where an element lies in memory from its index and the strides;
      - predict whether an operation gives a view or a copy, and when ``view`` fails;
      - move data between Python, NumPy and PyTorch, and say what shares memory.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 01 </lessons/1_basics/lesson_01_pytorch>` for a first program in PyTorch,
        :doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>` for arrays and axes, and
        :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>` for pictures as arrays.
      - **Data:** one photograph that comes with Matplotlib; nothing is downloaded.
      - **Run time:** about 5 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``dlcourse`` provides the seed, the choice of the device and the look of the figures. Random numbers are drawn with
# ``generator``, so every run draws the same ones. ``pick_device`` returns a GPU if there is one, and the CPU otherwise.

# sphinx_gallery_number = 4
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [1, 2, 3]
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 3
import math
import timeit
from itertools import pairwise
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data

from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
generator = seed_everything(4)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data: ranks
# -----------------------
# A tensor is a regular grid of elements that all have the same type. Each direction of the grid is an :term:`axis`, and
# the number of axes is the :term:`rank`. The lengths of the axes, in order, are the :term:`shape`.
#
# One price is a tensor of rank 0, a scalar. The prices of a week are a tensor of rank 1, a vector. A table of prices,
# with one row for each shop, has rank 2 and is a matrix. From rank 3 on there are no special names.
#
# The next cell makes one tensor of each rank. ``torch.arange(n)`` counts from 0 to n − 1, and ``reshape`` arranges
# the elements in a grid. PyTorch calls the rank ``ndim``, and ``numel`` counts the elements.

scalar = torch.tensor(7)
vector = torch.arange(4)
matrix = torch.arange(12).reshape(3, 4)
stack = torch.arange(24).reshape(2, 3, 4)
row_of_stacks = torch.arange(48).reshape(2, 2, 3, 4)

for tensor in (scalar, vector, matrix, stack, row_of_stacks):
    print(f"rank {tensor.ndim}: {tensor.numel():2} elements, shape {tuple(tensor.shape)}")
    assert tensor.numel() == math.prod(tensor.shape)

# %%
# The number of elements is the product of the lengths. Read a shape from the right: the last axis runs along a row, the
# one before it runs down the rows, and the one before that runs through a stack of matrices. A batch of colour
# photographs has rank 4: it is a row of stacks.
#
# The figure draws the five tensors. Arrows number the axes. Of each stack only the front shows its elements.
#
# .. fold:: How the figure is drawn


def draw_tensor(ax, tensor, left, top):
    """Draw a tensor of rank 0 to 3; what lies behind the front of a stack stays empty."""
    if tensor.ndim < 3:
        draw_cells(ax, tensor, colours=SKY, origin=(left, top))
        return
    for depth in reversed(range(1, len(tensor))):
        empty = np.full(tensor[0].shape, "")
        draw_cells(ax, empty, origin=(left + depth / 2, top - depth / 2))
    draw_cells(ax, tensor[0], colours=SKY, origin=(left, top))


alt = "Tensors of rank 0 to 4: one cell, a row of cells, a grid, a stack of grids, two such stacks."
fig, ax = plt.subplots(figsize=(5.2, 3.8), num=alt)
ax.set_ylim(10.2, -2.7)  # room for the names: text does not widen the limits by itself
drawings = [
    ("scalar", scalar, 0, 0),
    ("vector", vector, 3.75, 0),
    ("matrix", matrix, 10.5, 0),
    ("rank-3 tensor", stack, 0, 6),
    ("rank-4 tensor", row_of_stacks, 6, 6),
]
for name, tensor, left, top in drawings:
    stacks = tensor if tensor.ndim == 4 else [tensor]
    for number, part in enumerate(stacks):
        draw_tensor(ax, part, left + 5.25 * number, top)
    ax.text(left, top - 1.8, name, fontsize=12)
    ax.text(left, top - 1, str(tuple(tensor.shape)), family="monospace")
arrows = [  # the number of an axis, and where its arrow begins and ends
    ("0", (10.15, 0), (10.15, 3)),
    ("1", (10.5, 3.35), (14.5, 3.35)),
    ("0", (-0.25, 5.9), (0.35, 5.3)),
    ("1", (-0.35, 6), (-0.35, 9)),
    ("2", (0, 9.35), (4, 9.35)),
]
for axis, start, end in arrows:
    ax.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": "0.35"})
    across, down = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    beside = (0, 0.45) if start[1] == end[1] else (-0.35, 0)
    ax.text(across + beside[0], down + beside[1], axis, color="0.35", ha="center", va="center")

# %%
# Now a real tensor. The portrait of lesson 03 shows Grace Hopper, who wrote one of the first compilers; it is an
# official photograph of the US Navy in the public domain. ``torch.from_numpy`` makes a tensor of an array. It warns
# if the array is read-only. That of ``plt.imread`` is, so ``np.array`` makes a copy first.

pixels = plt.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))
photo = torch.from_numpy(np.array(pixels))  # (600, 512, 3): rows, columns, colour channels
print(f"shape {tuple(photo.shape)}, dtype {photo.dtype}, from {photo.min()} to {photo.max()}")
print(f"{photo.numel():,} elements of {photo.element_size()} byte: {photo.nbytes:,} bytes")

# %%
# The axes are rows, columns and colour channels, and each element is a whole number from 0 to 255. In the figure a
# white frame marks 60 × 60 pixels of the portrait. Beside it stand the red values of every tenth pixel of every tenth
# row.
#
# The slice ``photo[160:220:10, 190:250:10, 0]`` picks them. It looks harmless, but it holds the idea of the whole
# lesson: it copies nothing.
#
# .. fold:: How the figure is drawn

patch = photo[160:220:10, 190:250:10, 0]
alt = "A portrait with one eye framed, and beside it the red values of 36 of its pixels."
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
left.imshow(photo.numpy())
left.add_patch(plt.Rectangle((190, 160), 60, 60, fill=False, edgecolor="white", linewidth=2))
left.set_axis_off()
greys = (patch.numpy() / 255).astype(str)  # Matplotlib reads the string "0.5" as a grey
right = draw_cells(right, patch, colours=greys)

# %%
# Creation and dtype
# ------------------
# All elements of a tensor have one type, its :term:`dtype`. It fixes which values an element can hold and how many
# bytes it takes. ``torch.tensor`` makes a tensor from Python numbers and lists. If you do not name a dtype, it chooses
# one; the first three lines show how.
#
# Other functions need only a shape: ``zeros`` fills it with 0, ``full`` with a value of your choice, ``rand`` with
# random numbers between 0 and 1.

print(torch.tensor([1, 2]).dtype)  # Python integers
print(torch.tensor([1, 2.5]).dtype)  # one float makes all elements floats
print(torch.tensor([True, False]).dtype)
print(torch.tensor([1, 2], dtype=torch.float64).dtype)  # the dtype that you ask for
print(torch.zeros((2, 3)))
print(torch.full((2, 3), 7))
print(torch.rand((2, 3), generator=generator))
assert torch.get_default_dtype() == torch.float32

# %%
# Integers become ``int64``, and floats become the default dtype ``float32``, in which networks usually compute. Pass
# ``dtype=`` to decide for yourself, or convert a tensor later: ``x.to(torch.float64)``. In the same way ``device=``
# decides on which :term:`device` a new tensor is made, for instance on a GPU.
#
# Compute with them
# -----------------
# Arithmetic works element by element, as in NumPy: ``prices * amounts`` multiplies each price by its amount, and
# ``prices + 0.5`` makes everything dearer. Such an operation makes a new tensor. A method whose name ends in an
# underscore changes its tensor in place instead. Compare ``add`` and ``add_``.

prices = torch.tensor([2.5, 4.0, 1.0])  # bread, cheese, one apple
dearer = prices.add(0.5)
print("after add: ", prices)
prices.add_(0.5)
print("after add_:", prices)
assert torch.equal(prices, dearer)

# %%
# After ``add`` the old prices are still there; ``add_`` has replaced them. Many methods have such a twin. ``zero_``,
# for instance, sets all elements to 0.
#
# What happens when two dtypes meet? PyTorch looks for a dtype that suits both. This is called :term:`type promotion`.
# The last line of the cell adds a Python number to ``uint8``, the dtype of photographs: a whole number without a sign
# in 8 bits, from 0 to 255.

counts = torch.tensor([1, 2])  # int64
halves = torch.tensor([0.5, 0.5])  # float32
bright = torch.tensor([100, 200], dtype=torch.uint8)
print("int64 + float32:  ", (counts + halves).dtype)
print("float32 + float64:", (halves + halves.to(torch.float64)).dtype)
print("int64 / int:      ", (counts / 2).dtype)
print("uint8 + 100:      ", bright + 100)

# %%
# Floats win over integers, and among floats the larger dtype wins. The division ``/`` always gives floats.
#
# The last line is a silent mistake: 200 + 100 should be 300, but the result is 44. A Python integer leaves ``uint8`` as
# it is. This is the overflow of lesson 02: after 255, ``uint8`` starts again at 0, so 300 becomes 300 − 256 = 44.
# Convert photographs to floats before you compute with them.
#
# To NumPy and Python, and back
# -----------------------------
# ``torch.from_numpy`` and ``.numpy()`` share memory: the array and the tensor are two names for the same elements.
# ``torch.tensor`` makes a :term:`copy`. We write into the array and look at both tensors.

numbers = np.zeros(3)
shared = torch.from_numpy(numbers)
copied = torch.tensor(numbers)
numbers[0] = 1  # written by NumPy
print("shared:", shared)
print("copied:", copied)
assert np.shares_memory(numbers, shared.numpy())

# %%
# The shared tensor has changed, the copy has not. Both have the dtype ``float64``, because that is NumPy's default.
# (NumPy knows only the CPU: if a tensor is on a GPU, call ``.cpu()`` first.)
#
# Two methods lead back to plain Python. ``tolist`` turns a whole tensor into nested lists, and ``item`` turns a tensor
# with one element into a number.

print("tolist:", torch.arange(6).reshape(2, 3).tolist())
print("item:  ", torch.tensor(0.1).item())

# %%
# The last line may surprise you. A ``float32`` cannot hold 0.1 exactly. It holds the nearest value that it can, and
# Python shows more digits of it.
#
# Predict
# -------
# In memory there are no grids. All elements of a tensor lie in one flat row, its :term:`storage`. For each axis, a
# :term:`stride` says how many positions of the storage one step along that axis moves. (NumPy's strides, in lesson 02,
# say the same, but they count bytes.)
#
# Think of a small cinema that numbers its seats from 0, row after row. With four seats in a row, the seat behind number
# 5 is number 9.
#
# Let ``x`` hold 0 to 11 in the shape (3, 4), row after row. A step to the next column moves 1 position. A step to the
# next row moves 4 positions, because a row has four elements. So the strides of ``x`` are (4, 1). Now take ``x.T``,
# the transposed matrix, whose rows are the columns of ``x``.
#
# .. choice:: What are the strides of ``x.T``?
#    :outputs: strides_of_the_transpose
#
#    - Rows and columns have changed places, and the strides have changed places with them. Not one element has moved.
#
#    - These are the strides of ``x`` itself. The elements of a row of ``x.T`` do not lie side by side.
#
#    - These would be the strides if the elements of ``x.T`` were copied into a new storage, row after row, which is
#      what ``contiguous`` does.

x = torch.arange(12).reshape(3, 4)
print("x   has the shape", tuple(x.shape))
print("x.T has the shape", tuple(x.T.shape))

# %%
# Have you chosen? The folded cell holds the code of each choice.
#
# .. fold:: The code of the choices


def of_the_transpose():
    print(x.T.stride())


def of_the_matrix():
    print(x.stride())


def of_a_copy():
    print(x.T.contiguous().stride())


run_choices("strides_of_the_transpose", right=of_the_transpose, wrong=[of_the_matrix, of_a_copy])

# %%
# Now PyTorch's own answer. ``data_ptr()`` is the address at which a storage begins, so we can also see whether ``x``
# and ``x.T`` have one storage or two.

print(x.T.stride())
print("the same storage:", x.T.untyped_storage().data_ptr() == x.untyped_storage().data_ptr())

# %%
# The address is the same for both, so there is one storage. ``x.T`` is a :term:`view`: another way to read it.
#
# In the figure each matrix stands below the storage. ``x`` is filled so that each element is also its position. The
# first row of ``x`` visits neighbours. The first row of ``x.T`` skips three elements at each step.
#
# .. fold:: How the figure is drawn


def draw_walk(ax, storage, stops):
    """Draw a storage as a row of cells, with an arrow from each stop to the next."""
    colours = [ORANGE if position in stops else PAPER for position in range(len(storage))]
    draw_cells(ax, storage, colours=colours)
    for here, there in pairwise(stops):
        height = (there - here) / 4
        arrow = {"arrowstyle": "->", "connectionstyle": "arc3,rad=-0.5", "shrinkA": 1}
        ax.annotate("", xy=(there + 0.5, 0), xytext=(here + 0.5, 0), arrowprops=arrow)
        ax.text((here + there + 1) / 2, -height - 0.15, f"+{there - here}", ha="center")
        ax.update_datalim([(here, -height - 0.8)])


alt = "The first row of x visits positions 0, 1, 2, 3 of the storage; that of x.T visits 0, 4, 8."
fig, axes = plt.subplots(2, 1, figsize=(5.2, 5.9), height_ratios=(3, 4), num=alt)
for ax, name, drawn in zip(axes, ("x", "x.T"), (x, x.T), strict=True):
    draw_walk(ax, list(range(12)), stops=drawn[0].tolist())
    draw_cells(ax, drawn, colours=[[ORANGE]] + [[PAPER]] * (len(drawn) - 1), origin=(0, 1.5))
    ax.text(5, 2.2, name, family="monospace", fontsize=16)
    ax.text(5, 3.1, f"next row: +{drawn.stride(0)}", fontsize=11)
    ax.text(5, 3.9, f"next column: +{drawn.stride(1)}", fontsize=11)

# %%
# Build it: from the index to the position
# ----------------------------------------
# With the strides we can find any element ourselves. For a matrix, multiply the row by the first stride, the column by
# the second, and add the two. We try it with a plain list as the storage. It holds 100 to 111, so that an element
# cannot be taken for its position.

storage = list(range(100, 112))
y = torch.tensor(storage).reshape(3, 4)
print("y[2, 1]   is", storage[2 * 4 + 1 * 1], "and PyTorch says", y[2, 1].item())
print("y.T[2, 1] is", storage[2 * 1 + 1 * 4], "and PyTorch says", y.T[2, 1].item())

# %%
# Any rank works in the same way. Let :math:`i_k` be the index and :math:`s_k` the stride on axis :math:`k`. Then
#
# .. math:: \text{position} = \text{offset} + \sum_k i_k\, s_k .
#
# The offset is the position of the first element. It is 0 unless a slice has cut something off in front.
# ``storage_offset()`` returns it.


def position_of(index, strides, offset=0):
    """Position in the storage of the element with this index."""
    position = offset
    for i, stride in zip(index, strides, strict=True):
        position += i * stride
    return position


corner = y[1:, 2:]  # (2, 2): the lower right corner of y
print("strides", corner.stride(), "offset", corner.storage_offset())
found = position_of((1, 0), corner.stride(), corner.storage_offset())
print("corner[1, 0] is", storage[found], "and PyTorch says", corner[1, 0].item())

# %%
# The slice has the strides of ``y`` and a new offset, 6: it begins at ``y[1, 2]``. Nothing else is needed to describe
# it, so a slice copies nothing.
#
# Build it: a new order of the axes
# ---------------------------------
# A new tensor is stored row after row. The last axis has the stride 1, and every other stride is the product of all
# lengths to its right: one step on an axis passes over all elements of the axes to its right. ``row_major`` computes
# these strides from right to left.


def row_major(shape):
    """Strides of a tensor that is stored row after row."""
    strides = []
    step = 1
    for length in reversed(shape):
        strides.insert(0, step)
        step *= length
    return tuple(strides)


print("matrix:", row_major((3, 4)))
print("stack: ", row_major((2, 3, 4)))
assert row_major((2, 3, 4)) == stack.stride()

# %%
# ``stack.permute(2, 0, 1)`` puts the axes into a new order: first axis 2, then axis 0, then axis 1. (``transpose``
# swaps two axes.) All that our own ``permute`` has to do is to take the lengths and the strides in that order.


def permute(shape, strides, order):
    """Shape and strides with the axes in a new order."""
    new_shape = tuple(shape[axis] for axis in order)
    new_strides = tuple(strides[axis] for axis in order)
    return new_shape, new_strides


ours = permute((2, 3, 4), row_major((2, 3, 4)), order=(2, 0, 1))
theirs = stack.permute(2, 0, 1)
print("ours:   ", ours)
print("PyTorch:", (tuple(theirs.shape), theirs.stride()))
assert ours == (theirs.shape, theirs.stride())

# %%
# The two agree. The elements do not appear in our function at all, so their number cannot matter.
#
# An axis of length 1 costs nothing either. ``unsqueeze(dim)`` adds such an axis, and ``squeeze(dim)`` takes it away. In
# this way a single picture becomes a batch of one.

added = x.unsqueeze(1)
print("unsqueeze(1):", tuple(added.shape))
print("squeeze(1):  ", tuple(added.squeeze(1).shape))

# %%
# Build it: when ``view`` must fail
# ---------------------------------
# ``x.view(12)`` reads the same storage along a single axis, with a single stride. Is there always such a stride? We
# list the positions that a matrix visits, row by row.


def visited(matrix):
    """Positions of all elements of a matrix, row by row."""
    positions = []
    for row in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            positions.append(position_of((row, column), matrix.stride()))
    return positions


print("x:  ", visited(x))
print("x.T:", visited(x.T))

# %%
# In ``x`` each step moves by 1, even the step from the end of a row to the next row. So one stride is enough. In
# ``x.T`` the steps are +4, +4, and then −7. No single stride does that, and ``view`` must fail.
#
# ``view`` always works for a tensor that is :term:`contiguous`, which means that its strides are those of
# ``row_major``. ``contiguous()`` returns such a tensor as it is, and makes a row-major copy of any other. ``view`` can
# also split an axis: ``x.view(3, 2, 2)`` cuts each row of four into two pairs.

print("contiguous:", x.is_contiguous(), x.T.is_contiguous())
print("the copy:  ", x.T.contiguous().view(12).tolist())
print("pairs:     ", tuple(x.view(3, 2, 2).shape))

# %%
# ``x.T`` is not contiguous, so ``view`` needs the copy, in which the rows of ``x.T`` lie one after the other.
#
# Check against PyTorch
# ---------------------
# A few examples prove little. So we draw 200 random shapes and put their axes into a random order. Each time PyTorch
# must agree with us on four things: the strides, the position of every element, the offset of a slice, and whether
# ``view`` can put all elements on a single axis. We say that it can if all steps from one element to the next are
# equal. (``view(-1)`` asks for one axis and lets PyTorch work out its length.)
#
# .. fold:: The check over 200 random shapes

flattened = 0
for _ in range(200):
    rank = int(torch.randint(1, 5, (), generator=generator))
    shape = torch.randint(1, 5, (rank,), generator=generator).tolist()
    order = torch.randperm(rank, generator=generator).tolist()
    flat = torch.rand(math.prod(shape), generator=generator)

    theirs = flat.view(shape).permute(order)
    our_shape, our_strides = permute(shape, row_major(shape), order)
    assert (our_shape, our_strides) == (theirs.shape, theirs.stride())
    positions = []
    for index in np.ndindex(our_shape):
        positions.append(position_of(index, our_strides))
        assert flat[positions[-1]] == theirs[index]
    steps = {there - here for here, there in pairwise(positions)}
    last = theirs[-1]  # a slice: it begins later in the same storage
    assert position_of([our_shape[0] - 1], our_strides[:1]) == last.storage_offset()
    try:
        works = theirs.view(-1).ndim == 1
    except RuntimeError:
        works = False
    assert works == (len(steps) <= 1)
    flattened += works
assert 0 < flattened < 200
print("200 random shapes: strides, positions and offsets are the same as PyTorch's")
print(f"view(-1) works for {flattened} of them, and we predicted each case")

# %%
# Our few lines describe what PyTorch does with shapes and strides, even the cases in which it refuses.
#
# Use it: a batch of photographs
# ------------------------------
# PyTorch's networks for images want the channels before the rows, and floats from 0 to 1 on the device that computes.
# ``torch.stack`` puts sixteen copies of the portrait one behind the other along a new first axis. Then one line does
# the rest: ``permute`` changes only the strides, and ``to`` converts the dtype and moves the elements to the device.

photos = torch.stack([photo] * 16)  # (16, 600, 512, 3): photographs, rows, columns, channels
batch = photos.permute(0, 3, 1, 2).to(device, torch.float32) / 255  # (16, 3, 600, 512)
print(tuple(batch.shape), batch.dtype, "on", batch.device.type)
print(f"from {batch.min():.0f} to {batch.max():.0f}")
print("contiguous:", batch.is_contiguous())
assert batch.to(device, torch.float32) is batch  # nothing to do: the same tensor comes back

# %%
# Conversions keep the order in memory: the batch has the strides that ``permute`` gave it. Call ``contiguous()`` if you
# need it row after row.
#
# Now a stopwatch answers the question at the top. At four sizes we time two lines of code: a ``permute``, and a copy of
# the elements in the new order. The table divides all times by that of permuting twelve elements.
#
# .. fold:: How the times are measured


def time_s(code, images):
    """Time of one run of the code in seconds: the best of fifty rounds."""
    timer = timeit.Timer(code, globals={"images": images})
    timer.timeit(10)  # the first runs are slower
    count = max(1, int(0.02 / timer.timeit(10)))  # about 0.002 s for each round
    return min(timer.repeat(repeat=50, number=count)) / count


table = torch.arange(12, dtype=torch.uint8).reshape(1, 2, 2, 3)
times_s = []
for images in (table, photos[:1], photos[:4], photos):
    view_s = time_s("images.permute(0, 3, 1, 2)", images)
    copy_s = time_s("images.permute(0, 3, 1, 2).contiguous()", images)
    times_s.append((images.numel(), view_s, copy_s))


def two_digits(ratio):
    """A ratio with two significant digits."""
    return f"{float(f'{ratio:.2g}'):,g}"


unit_s = times_s[0][1]
print("  elements  permute    copy  (1 = permute 12 elements; measured in this build)")
for elements, view_s, copy_s in times_s:
    print(f"{elements:10,} {two_digits(view_s / unit_s):>8} {two_digits(copy_s / unit_s):>7}")

# %%
# The column ``permute`` stays near 1, although the number of elements grows from twelve to fifteen million. The column
# ``copy`` grows with it. This is the answer: ``permute`` writes a new shape and new strides, four of each, and never
# touches the elements.
#
# A view can do more than reorder. The four pictures below are read from one storage, and no byte was copied. Only
# shape, strides and offset differ; they stand above each picture. The thumbnail has strides eight times as large for
# rows and columns. The crop has another offset.
#
# .. fold:: How the figure is drawn

views = {
    "photo": photo,
    "photo.transpose(0, 1)": photo.transpose(0, 1),
    "photo[::8, ::8]": photo[::8, ::8],
    "photo[150:350, 150:400]": photo[150:350, 150:400],
}
alt = "One portrait in four views: as it is, transposed, as a coarse thumbnail, cropped."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 6.3), num=alt)
for ax, (name, view) in zip(axes.flat, views.items(), strict=True):
    assert view.untyped_storage().data_ptr() == photo.untyped_storage().data_ptr()
    ax.imshow(view.numpy())
    title = f"{name}\n{tuple(view.shape)}\n{view.stride()} +{view.storage_offset()}"
    ax.set_title(title, family="monospace", fontsize=10)
    ax.set_axis_off()

# %%
# Break it
# --------
# The first three mistakes raise an error. In each message look for the two things that do not fit together. We begin
# with a ``view`` of ``x.T``. (``fill`` only breaks the long message into lines.)

try:
    x.T.view(12)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# "At least one dimension spans across two contiguous subspaces" says in PyTorch's words that no single stride visits
# all elements in order.
#
# ``reshape`` returns a view where it can and a copy where it must. Use ``view`` if you prefer an error to a hidden
# copy.
#
# The second mistake multiplies a matrix of PyTorch by one from NumPy. Arithmetic would promote the dtype, but matrix
# products do not.

weight = torch.ones(2, 3)
data = torch.from_numpy(np.ones((3, 2)))
try:
    weight @ data
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# ``float`` is another name of ``float32``, and ``double`` is one of ``float64``. Convert the data that came from NumPy:
# ``data.to(torch.float32)``. For batches of matrices, the message has other words:
#
# .. fold:: The same mistake with nine matrices

try:
    weight.repeat(9, 1, 1) @ data.repeat(9, 1, 1)  # (9, 2, 3) @ (9, 3, 2)
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# The third mistake mixes two devices. The device ``meta`` exists on every machine: its tensors have a shape and a
# dtype but no elements. So we can provoke the mistake without a GPU.

here = torch.ones(2)
elsewhere = torch.ones(2, device="meta")
try:
    here + elsewhere
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# One tensor is on ``meta``, the other on ``cpu``. With a GPU you would read "Expected all tensors to be on the same
# device, but found at least two devices, cuda:0 and cpu!". PyTorch moves nothing by itself.
#
# Find the tensor that was left behind, often one that was made inside a function. Call ``.to(device)``, or make it
# there with ``device=``.
#
# The next two mistakes raise no error. ``reshape`` can produce the same *shape* as ``permute``, but it keeps the
# elements in their old order:

permuted = photo.permute(2, 0, 1)  # (3, 600, 512): the axes move, each with its stride
reshaped = photo.reshape(3, 600, 512)  # the same shape, but the elements are only cut into new rows
print("the same shape:   ", permuted.shape == reshaped.shape)
print("the same elements:", torch.equal(permuted, reshaped))

# %%
# Both results look like three channels of 600 × 512 pixels. The figure shows the first channel of each. After
# ``permute`` it is the portrait in its red values.
#
# A row of the photograph has 512 · 3 values; ``reshape`` cuts it into three rows of 512. So the left, the middle and
# the right third of the portrait lie one below the other, again and again. A network would train on this without a
# complaint.
#
# .. fold:: How the figure is drawn

alt = "After permute the portrait in grey; after reshape three parts of it laid over each other."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 3.3), num=alt)
axes[0].imshow(permuted[0].numpy(), cmap="gray")
axes[0].set_title("permute\n(2, 0, 1)[0]", family="monospace", fontsize=12)
axes[1].imshow(reshaped[0].numpy(), cmap="gray")
axes[1].set_title("reshape\n(3, 600, 512)[0]", family="monospace", fontsize=12)
for ax in axes:
    ax.set_axis_off()

# %%
# The second silent mistake is ``squeeze()`` without an axis. It takes away *every* axis of length 1. Take a batch of
# grey pictures, each with one channel of 28 × 28 pixels. We want to remove the axis of the channel, and count the
# pictures afterwards.

for batch_size in (4, 1):
    greys = torch.zeros(batch_size, 1, 28, 28)  # (N, channel, rows, columns)
    print("pictures in the batch:", batch_size)
    print("    after squeeze():  ", len(greys.squeeze()))
    print("    after squeeze(1): ", len(greys.squeeze(1)))

# %%
# With four pictures both are right. With one picture, ``squeeze()`` has removed the axis of the batch too, and the 28
# rows of the picture are counted as 28 pictures. Such a batch is often the last one of a data set, so the mistake shows
# up late. Always name the axis: ``squeeze(1)``.
#
# Changes in place have a trap as well: a gradient may still need the old elements (:doc:`lesson 12
# </lessons/2_training/lesson_12_gradients>`). Then PyTorch refuses.
#
# .. fold:: A change that comes too early

w = torch.tensor(2.0, requires_grad=True)
square = w**2
with torch.no_grad():
    w.mul_(10)
try:
    square.backward()
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# Then and now
# ------------
# Much of what the web teaches about tensors is several years old. These old lines still run in PyTorch 2.14, two of them
# with a warning.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "tensors",
    [
        ("print(torch.Tensor([1, 2]).dtype)", "print(torch.tensor([1, 2]).dtype)"),
        (
            "torch.set_default_tensor_type(torch.FloatTensor)",
            "torch.set_default_dtype(torch.float32)",
        ),
        (
            "reversed_axes = torch.zeros(2, 3, 4).T",
            "reversed_axes = torch.zeros(2, 3, 4).permute(2, 1, 0)",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: tensors
#
#    - ``torch.Tensor`` turns a list into the default dtype, ``float32``. ``torch.tensor`` keeps integers.
#
#    - Deprecated since PyTorch 2.1.
#
#    - Deprecated for tensors that are not matrices. To swap the last two axes of a batch of matrices, write ``x.mT``.
#
# What you learned
# ----------------
# - A tensor has one dtype, one device and a shape; its rank is the number of its axes.
# - Its elements lie in a flat storage. The position of an element is the offset plus the sum of index times stride.
# - ``permute``, ``transpose``, ``squeeze``, ``unsqueeze``, ``view`` and slices change only shape, strides and offset;
#   they copy nothing. ``view`` fails where no strides exist for the new shape; ``reshape`` then copies.
# - ``from_numpy`` and ``.numpy()`` share memory on the CPU, ``torch.tensor`` copies, ``item`` and ``tolist`` lead
#   back to Python.
#
# Self-checks
# -----------
# .. choice:: A tensor ``t`` has the shape (5, 1, 7). What are the shapes of ``t.squeeze(1)`` and ``t.unsqueeze(0)``?
#    :right: 3
#
#    - (5, 1, 7) and (1, 5, 1, 7)
#
#      ``squeeze(1)`` removes axis 1, which has the length 1.
#
#    - (5, 7) and (5, 1, 7, 1)
#
#      The argument of ``unsqueeze`` is the number of the new axis, and axis 0 is the first.
#
#    - (5, 7) and (1, 5, 1, 7)
#
#      Both are views: one axis of length 1 less, and one more.
#
# .. choice:: ``a`` holds three zeros. Then come ``b = a.view(3)`` and ``b += 1``. What does ``a`` hold?
#    :right: 2
#
#    - Three zeros, because only ``b`` was changed.
#
#      ``b`` is a view: it has no elements of its own. ``b = b + 1`` would have made a new tensor and left ``a`` alone.
#
#    - Three ones, because both share a storage.
#
#      ``b += 1`` changes its tensor in place, as ``b.add_(1)`` does, and ``a`` reads the same storage.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_04>`.
#
# **1. Recall.** Compute the position of ``y[3, 1, 0]`` in the storage from the strides alone.
#
# .. code-block:: python
#
#    y = torch.arange(100, 124).reshape(2, 3, 4).permute(2, 1, 0)
#    position = 0
#
#    assert y.as_strided((), (), position) == y[3, 1, 0], "another element lies at this position"
#    print("position", position, "holds", y[3, 1, 0].item())
#
# **2. Modify.** Make one photograph ready for a network: a batch of one, channels first, ``float32`` from 0 to 1,
# contiguous.
#
# .. code-block:: python
#
#    picture = torch.arange(2 * 4 * 3, dtype=torch.uint8).reshape(2, 4, 3)
#    ready = picture
#
#    assert ready.shape == (1, 3, 2, 4) and ready.dtype == torch.float32, "wrong shape or dtype"
#    assert ready.is_contiguous(), "not contiguous"
#    for c in range(3):
#        assert torch.allclose(ready[0, c] * 255, picture[:, :, c].float()), f"channel {c} is scrambled"
#    print("ready:", tuple(ready.shape), ready.dtype)
#
# **3. Extend.** A window is a run of three neighbours in ``signal``. Make a matrix with one window in each row, without
# copying an element. (``signal.as_strided(shape, strides)`` reads the storage of ``signal`` with a shape and strides of
# your choice. A convolution reads its input in this way.)
#
# .. code-block:: python
#
#    signal = torch.arange(10.0)
#    copied = torch.stack([signal[i : i + 3] for i in range(8)])
#    windows = copied
#
#    assert torch.equal(windows, copied), "these are not the windows"
#    assert windows.untyped_storage().data_ptr() == signal.untyped_storage().data_ptr(), "it is a copy"
#    print("windows:", tuple(windows.shape), "stride", windows.stride())
#
# In practice
# -----------
# - If there is an error, print ``x.shape``, ``x.dtype`` and ``x.device`` first; often one of the three explains it.
# - Write the meaning of the axes in a comment beside every reshape: ``# (N, C, H, W)``.
# - Change the order of axes with ``permute``; merge or split neighbouring axes with ``reshape``. Never use the one for
#   the other.
# - Change a view in place only if you want to change the original; otherwise ``clone`` it first.
#
# References
# ----------
# - S. van der Walt, S. C. Colbert, G. Varoquaux: `The NumPy array: a structure for efficient numerical computation
#   <https://doi.org/10.1109/MCSE.2011.37>`__, 2011. Strides as NumPy has them; PyTorch's follow the same rule.
# - A. Paszke and others: `PyTorch: an imperative style, high-performance deep learning library
#   <https://arxiv.org/abs/1912.01703>`__, 2019.
# - PyTorch documentation: `Tensor views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__,
#   `type promotion <https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype>`__,
#   :torch:`torch.Tensor.view`, :torch:`torch.as_strided`.
