"""
05 · Reshaping the tensor
=========================

Ask PyTorch to cut a batch of twelve photographs into five parts, and you get four parts, without an error and without a
warning. Every training step joins tensors, cuts them and picks elements out of them, so you should know such surprises.

How do you do all this without a loop over the elements, and which of these operations copy data? Lesson 04 worked on
the axes of one tensor. This lesson works with several tensors at a time.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - join tensors with ``cat`` and ``stack``, and cut them with ``chunk``, ``split`` and ``unbind``;
      - say beforehand how many parts come out, how long they are, and whether they are copies;
      - pick elements by a mask, or by an index with ``gather``;
      - read and write ``einsum``, one notation for many products and sums.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>` for batches of photographs, and
        :doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>` for shapes and views.
      - **Data:** three photographs, one of which comes with Matplotlib; 0.3 MB are downloaded once.
      - **Run time:** about 5 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# PyTorch does the work, and Pillow reads the photographs. As in lesson 04, ``draw_cells`` draws tables, the random
# numbers come from ``generator``, and the device is a GPU if there is one.

# sphinx_gallery_number = 5
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [3, 4]
# sphinx_gallery_assets = ["photographs"]
# sphinx_gallery_thumbnail_number = 1
import math
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data
from PIL import Image, ImageOps

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import GREEN, ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 5  # decides which patches are hidden, and the numbers of the checks
use_course_style()
generator = seed_everything(SEED)
device = pick_device()

# %%
# Look at the data
# ----------------
# We use the photographs of :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>` again: Grace Hopper, a tower in
# Beijing and a dahlia (the last two by danielbuechele and vultilion, CC BY 2.0). As there, ``ImageOps.fit`` cuts a
# square of 224 × 224 pixels out of each, so that they fit into one :term:`batch`.

files = [
    get_sample_data("grace_hopper.jpg", asfileobj=False),
    assets.path("photographs") / "china.jpg",
    assets.path("photographs") / "flower.jpg",
]
cropped = np.stack([np.array(ImageOps.fit(Image.open(file), (224, 224))) for file in files])
photos = torch.from_numpy(cropped).permute(0, 3, 1, 2)  # (N, H, W, C) to (N, C, H, W)
photos = photos.to(device, torch.float32) / 255
print(tuple(photos.shape), photos.dtype, photos.min().item(), photos.max().item())

# %%
# The axes of the batch are (N, C, H, W): number of photographs, channels, height, width. The values lie between 0 and
# 1.
#
# Predict
# -------
# Five children want to share twelve biscuits. Let ``twelve`` be ``torch.arange(12)``, with one element for each
# biscuit. ``twelve.chunk(5)`` sounds as if it cut this tensor into five parts. In fact it makes four parts of three,
# and the fifth child gets nothing. What does it do for seven children?
#
# .. choice:: What does ``print([len(part) for part in twelve.chunk(7)])`` print?
#    :outputs: chunk_into_seven
#
#    - All parts have the same length, and together they hold twelve elements. To achieve that, ``chunk`` makes six
#      parts instead of seven.
#
#    - These are seven parts, as equal as possible. They are what most people expect, but another function makes them:
#      ``tensor_split(7)``. You will meet it below.
#
#    - This is ``split(7)``. For ``split`` the 7 is the length of a part; for ``chunk`` it is the number of parts.

twelve = torch.arange(12)
print([len(part) for part in twelve.chunk(5)])
print([len(part) for part in twelve.chunk(7)])

# %%
# The first line is the case of five children, the second that of seven. The section "Build it: cut" explains both.
#
# .. fold:: The code of the choices


def chunk_into_seven():
    print([len(part) for part in twelve.chunk(7)])


def seven_equal_parts():
    print([len(part) for part in twelve.tensor_split(7)])


def parts_of_length_seven():
    print([len(part) for part in twelve.split(7)])


run_choices(
    "chunk_into_seven",
    right=chunk_into_seven,
    wrong=[seven_equal_parts, parts_of_length_seven],
)

# %%
# Build it: join
# --------------
# There are two ways to join tensors. ``torch.cat`` puts them one after the other along an axis that they have, as
# carriages make a longer train. The argument ``dim`` names this axis. All *other* axes must have the same length.

a = torch.tensor([[0, 1, 2], [3, 4, 5]])
b = torch.tensor([[10, 11, 12], [13, 14, 15]])
print(torch.cat([a, b], dim=0))
print(torch.cat([a, b], dim=1))

# %%
# With ``dim=0`` the result has more rows, with ``dim=1`` it has longer rows. It still has two axes.
#
# ``torch.stack`` puts tensors on top of each other, as sheets of paper make a pile. The pile has a direction that a
# sheet does not have. So the result has a *new* axis, and its length is the number of tensors. All tensors must have
# exactly the same shape.

print(torch.stack([a, b], dim=0))
print(torch.stack([a, b], dim=1))
four = [a, b, a, b]
for dim in range(3):
    print(f"four tensors, dim={dim}:", tuple(torch.stack(four, dim=dim).shape))

# %%
# With ``dim=0`` the first sheet is ``a`` and the second is ``b``. With ``dim=1`` the first sheet holds the first rows
# of ``a`` and ``b``, and the second sheet their second rows. With four tensors, the new axis has the length 4. It
# stands at the position ``dim``.
#
# This tells us how to build ``stack``: ``unsqueeze(dim)`` of lesson 04 gives each tensor an axis of length 1, and
# ``cat`` joins along this axis.


def stack(tensors, dim=0):
    """Join tensors of one shape along a new axis."""
    widened = [tensor.unsqueeze(dim) for tensor in tensors]
    return torch.cat(widened, dim=dim)


for dim in range(3):
    assert torch.equal(stack(four, dim), torch.stack(four, dim))
print(tuple(stack(four, dim=1).shape))

# %%
# Our function and PyTorch's give the same tensor for each of the three positions. In the figure ``stack`` is a pile of
# two sheets, and the second sheet lies behind the first.
#
# .. fold:: How the figure is drawn

alt = "cat joins a and b to four rows or to rows of six; stack makes a pile of a and b, or of their rows."
fig, ax = plt.subplots(figsize=(5.2, 4.9), num=alt)
sky, orange = np.full((2, 3), SKY), np.full((2, 3), ORANGE)
draw_cells(ax, a, colours=sky, origin=(0, 0))
draw_cells(ax, b, colours=orange, origin=(4, 0))
draw_cells(ax, torch.cat([a, b]), colours=np.concatenate([sky, orange]), origin=(0, 3.4))
draw_cells(ax, torch.cat([a, b], 1), colours=np.concatenate([sky, orange], 1), origin=(4, 3.4))
piles = torch.stack([a, b], 0), torch.stack([a, b], 1)
draw_cells(ax, piles[0][1], colours=orange, origin=(0.8, 8.8))
draw_cells(ax, piles[0][0], colours=sky, origin=(0, 9.5))
draw_cells(ax, piles[1][1], colours=[[SKY], [ORANGE]], origin=(5.8, 8.8))
draw_cells(ax, piles[1][0], colours=[[SKY], [ORANGE]], origin=(5, 9.5))
names = {"a": (0, 0), "b": (4, 0), "cat([a, b], 0)": (0, 3.4), "cat([a, b], 1)": (4, 3.4)}
names |= {"stack([a, b], 0)": (0, 8.8), "stack([a, b], 1)": (5, 8.8)}
for name, (left, top) in names.items():
    ax.text(left, top - 0.25, name, family="monospace", fontsize=11)

# %%
# Build it: cut
# -------------
# ``split`` cuts along an axis, by default along axis 0. With one number, every part has this length, and the last part
# holds what remains. With a list, the parts have the lengths of the list.

print([part.tolist() for part in twelve.split(5)])
print([part.tolist() for part in twelve.split([2, 7, 3])])

# %%
# Three parts come out both times, and their lengths follow from the arguments: 5, 5 and the rest 2; then 2, 7 and 3.
#
# ``chunk(k)`` works out the length for you. It takes the smallest length :math:`c` with which :math:`k` parts can hold
# all :math:`n` elements, :math:`c = \lceil n/k \rceil` (:math:`n/k` rounded up). Then it calls ``split(c)``. For twelve
# biscuits and five children, :math:`12/5 = 2.4`, so each part holds 3 biscuits; after four parts nothing is left.


def chunk_lengths(n, k):
    """Lengths of the parts that chunk(k) makes of n > 0 elements."""
    c = math.ceil(n / k)
    lengths = []
    while n > 0:
        lengths.append(min(c, n))
        n = n - c
    return lengths


print(chunk_lengths(12, 5), chunk_lengths(12, 7))

# %%
# These two lists are those of "Predict".
#
# What if you need exactly :math:`k` parts, one for each of :math:`k` GPUs? ``tensor_split(k)`` makes :math:`k` parts
# that are as equal as possible. If the division leaves a remainder, the first parts have one element more than the
# others.

print([part.tolist() for part in twelve.tensor_split(5)])
print([len(part) for part in twelve.tensor_split(7)])

# %%
# Now there are five and seven parts. The figure compares the four ways to cut.
#
# .. fold:: How the figure is drawn

cuts = {
    "chunk(5)": twelve.chunk(5),
    "split(5)": twelve.split(5),
    "split([2, 7, 3])": twelve.split([2, 7, 3]),
    "tensor_split(5)": twelve.tensor_split(5),
}
alt = "Twelve cells cut into 4, 3, 3 and 5 parts."
fig, ax = plt.subplots(figsize=(5.2, 3.1), num=alt)
for row, (name, parts) in enumerate(cuts.items()):
    ax.text(0, 2.2 * row - 0.25, name, family="monospace", fontsize=11)
    for n, part in enumerate(parts):
        left = int(part[0]) + 0.4 * n
        draw_cells(ax, part, colours=(SKY, ORANGE)[n % 2], origin=(left, 2.2 * row))

# %%
# ``unbind`` cuts an axis into single slices and takes this axis away. It is the opposite of ``stack``, as ``cat`` is
# the opposite of ``split`` and ``chunk``. A batch of two photographs can be cut into two photographs, or into three
# colour channels.

two_photos = photos[:2]
first, second = two_photos.unbind(dim=0)
red, green, blue = two_photos.unbind(dim=1)
print(tuple(first.shape), tuple(red.shape))
assert torch.equal(torch.stack([first, second]), two_photos)

# %%
# One axis has gone each time: a photograph is (C, H, W) with C = 3, and a channel of both photographs is (N, H, W) with
# N = 2.
#
# Build it: pick by an index
# --------------------------
# ``index_select(dim, index)`` takes whole rows or whole columns by their numbers. Here it takes the columns 3 and 0.

table = torch.arange(10, 22).reshape(3, 4)
print(table)
print(table.index_select(1, torch.tensor([3, 0])))

# %%
# Every row has given *the same* columns. Often each row needs columns of *its own*. Think of an examination with
# multiple choice: a row is a question, a column is an answer, and the right answer stands in another column each time.
#
# For this there is ``gather``. Its index is a table too: row :math:`i` of the index says which columns to take from
# row :math:`i` of the table. We write it as a loop first.


def gather_columns(table, index):
    """From each row of the table, take the columns in the same row of the index."""
    output = torch.empty(index.shape, dtype=table.dtype)
    for i in range(index.shape[0]):
        for j in range(index.shape[1]):
            output[i, j] = table[i, index[i, j]]
    return output


index = torch.tensor([[3, 0], [2, 2], [1, 2]])
print(gather_columns(table, index))
print(table.gather(1, index))

# %%
# Both print the same table. Row 0 has given its columns 3 and 0, row 1 its column 2 twice, row 2 its columns 1 and 2.
# The output has the shape of the index. In the figure each row has a colour.
#
# .. fold:: How the figure is drawn

rows = np.array([[ORANGE], [SKY], [GREEN]])
taken = np.zeros((3, 4), dtype=bool)
np.put_along_axis(taken, index.numpy(), True, axis=1)
panels = {"table": (table, np.where(taken, rows, PAPER)), "index": (index, rows)}
panels["output"] = (table.gather(1, index), rows)
alt = "A table, an index with two columns for each row, and the six elements picked."
fig, ax = plt.subplots(figsize=(5.2, 2.1), num=alt)
left = 0.0
for name, (values, colours) in panels.items():
    draw_cells(ax, values.tolist(), colours=colours, origin=(left, 0))
    ax.text(left + values.shape[1] / 2, -0.3, name, ha="center", fontsize=11)
    left += values.shape[1] + 1

# %%
# The general rule fits into one sentence: the index replaces the coordinate on the axis ``dim``, and all other
# coordinates stay. For a matrix the rule gives these two lines, the first for ``dim=1`` and the second for ``dim=0``:
#
# .. code-block:: python
#
#    output[i, j] = table[i, index[i, j]]
#    output[i, j] = table[index[i, j], j]
#
# We have seen the first one. For the second, this index names one row for each of the four columns. (On the other axes
# the index may be shorter than the table, but not longer.)

print(table.gather(0, torch.tensor([[1, 1, 0, 2]])))

# %%
# The output holds row 1 of column 0, row 1 of column 1, row 0 of column 2 and row 2 of column 3.
#
# ``scatter`` goes the other way: it writes values to the positions from which ``gather`` would read them. We start with
# a table of zeros and write back the six elements that we have picked above.

picked = table.gather(1, index)
print(torch.zeros(3, 4, dtype=torch.int64).scatter(1, index, picked))

# %%
# Each element is at its old position again (the 16 was picked twice), and all other positions keep their zero.
#
# Build it: pick by a mask
# ------------------------
# ``torch.where(mask, x, y)`` works like ``np.where`` in lesson 03: it takes the element of ``x`` where the :term:`mask`
# is true, and that of ``y`` elsewhere. Again a comparison makes the mask. We keep the bright pixels of the photographs
# and make all others black.

grey = photos.mean(dim=1)  # (N, H, W), the mean of the three channels
bright = grey > 0.5  # (N, H, W), dtype bool
lights = torch.where(bright.unsqueeze(1), photos, 0)  # the mask is broadcast over the channels
print(bright.dtype, tuple(lights.shape))

# %%
# The result has the shape of the photographs. The mask has become (N, 1, H, W), so that :term:`broadcasting` can use it
# for each channel (:doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`).
#
# ``masked_select(mask)`` keeps *only* the elements where the mask is true, and puts them into a vector. ``x[mask]`` is
# another way to write it.

for n in range(3):
    values = grey[n].masked_select(bright[n])
    assert torch.equal(values, grey[n][bright[n]])
    print(f"photos[{n}]: {values.numel():,} of {grey[n].numel():,} pixels are bright")

# %%
# The three vectors have different lengths, so they do not fit into one tensor. Use ``torch.where`` if both functions can
# do the job.
#
# .. fold:: How the bright pixels are shown

alt = "The three photographs; every pixel that is not bright has become black."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.9), num=alt)
for n in range(3):
    axes[n].imshow(lights[n].permute(1, 2, 0).cpu().numpy())
    axes[n].set_title(f"lights[{n}]", family="monospace", fontsize=10)
    axes[n].set_axis_off()

# %%
# Build it: a view or a copy?
# ---------------------------
# A :term:`view` reads a storage that exists, from some start and with a fixed :term:`stride` on each axis (:doc:`lesson
# 04 </lessons/1_basics/lesson_04_tensors>`). A result is a view if its storage has the same address as that of the
# original, ``untyped_storage().data_ptr()``.


def share_storage(x, y):
    """Whether two tensors read the same storage."""
    return x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()


first_row, other_rows = table.split([1, 2])
print("split:", share_storage(other_rows, table))
print("cat:  ", share_storage(torch.cat([first_row, other_rows]), table))

# %%
# A part of ``split`` is a view: it begins at another start and keeps the strides. ``cat`` always copies, even here,
# where both parts lie in one storage. The fold asks the same question for the other functions.
#
# .. fold:: The table, function by function

results = {
    "table.chunk(2)[1]": table.chunk(2)[1],
    "table.tensor_split(2)[1]": table.tensor_split(2)[1],
    "table.unbind(1)[3]": table.unbind(1)[3],
    "torch.cat([table])": torch.cat([table]),
    "torch.stack([table])": torch.stack([table]),
    "table.index_select(1, index[0])": table.index_select(1, index[0]),
    "table.gather(1, index)": table.gather(1, index),
    "table.masked_select(table > 15)": table.masked_select(table > 15),
    "torch.where(table > 15, table, 0)": torch.where(table > 15, table, 0),
    "table.scatter(1, index, 0)": table.scatter(1, index, 0),
}
for number, (name, result) in enumerate(results.items()):
    assert share_storage(result, table) == (number < 3)
    print(f"{name:36}{'view' if share_storage(result, table) else 'copy'}")

# %%
# What cuts gives views. What joins, picks or writes gives copies. Elements that are picked in any order do not follow a
# fixed stride, so they must be copied.
#
# Build it: one notation for products and sums
# --------------------------------------------
# Two friends have shopping lists, and two shops sell what is on them. What would each friend pay in each shop? For
# friend :math:`f` and shop :math:`s` we multiply, for each kind of goods :math:`g`, the number of pieces by the price.
# Then we add up over all goods:
#
# .. math:: \text{cost}_{fs} = \sum_g \text{pieces}_{fg}\, \text{price}_{gs}
#
# Each letter stands for an axis: the axes of ``pieces`` are ``fg``, those of ``price`` are ``gs``, and those of the
# result are ``fs``. ``torch.einsum`` takes just these letters, ``"fg,gs->fs"``: the inputs, separated by a comma, and
# the output behind the arrow. It multiplies, and sums over every letter that the output does not name.

pieces = torch.tensor([[1, 2, 0], [3, 0, 1]])  # (friends, goods)
price = torch.tensor([[2, 3], [1, 1], [5, 4]])  # (goods, shops)
print(torch.einsum("fg,gs->fs", pieces, price))
print(pieces @ price)

# %%
# Friend 0 pays 1·2 + 2·1 + 0·5 = 4 in shop 0. The second line shows that you know this operation already: it is the
# matrix product. The name ``einsum`` recalls Albert Einstein, who left out the sign for the sum (:term:`Einstein
# summation`).
#
# To build it, we give both tensors the same three axes: friend, shop, goods. Where a tensor lacks a letter, it gets an
# axis of length 1; indexing with ``None`` adds it, as ``unsqueeze`` does. Then broadcasting does the rest.

pieces_aligned = pieces[:, None, :]  # (f, g) to (f, 1, g)
price_transposed = price.T  # (g, s) to (s, g)
price_aligned = price_transposed[None]  # (s, g) to (1, s, g)
multiplied = pieces_aligned * price_aligned  # (f, s, g)
print(multiplied.sum(dim=2))  # (f, s)

# %%
# The same four costs as above. The figure shows these lines. A block is a friend, a row is a shop, a column is a kind
# of goods. Cells in grey are repeated by broadcasting. The last column holds the sums of the rows.
#
# .. fold:: How the figure is drawn

left_full, right_full = torch.broadcast_tensors(pieces_aligned, price_aligned)
alt = "Pieces times prices, position by position, for each friend and shop; then the sums of the rows."
fig, ax = plt.subplots(figsize=(5.2, 2.7), num=alt)
ax.set_ylim(5.3, -1.5)
for f in range(2):
    top = 3 * f
    draw_cells(ax, left_full[f], colours=[[SKY], [PAPER]], origin=(0, top))
    draw_cells(ax, right_full[f], colours=(ORANGE, PAPER)[f], origin=(4, top))
    draw_cells(ax, multiplied[f], colours=GREEN, origin=(8, top))
    draw_cells(ax, multiplied[f].sum(1)[:, None], colours="white", origin=(12, top))
    for position, sign in zip((3.5, 7.5, 11.5), "×=→", strict=True):
        ax.text(position, top + 1, sign, ha="center", va="center", fontsize=14)
titles = {
    "pieces\n(f, 1, g)": 1.5,
    "price\n(1, s, g)": 5.5,
    "multiplied\n(f, s, g)": 9.5,
    "sum\n(f, s)": 12.5,
}
for title, centre in titles.items():
    ax.text(centre, -0.25, title, ha="center", fontsize=10)

# %%
# With these rules you can read any equation:
#
# - A letter is an axis. A comma says that the inputs are multiplied.
# - A letter that the output lacks is summed.
# - A letter in both inputs *and* in the output is matched and kept.
# - Another order of the letters is a transposition.
#
# Four examples with a matrix of two rows:

x = torch.tensor([[1, 2, 3], [4, 5, 6]])
print("ij->ji  ", torch.einsum("ij->ji", x).tolist())
print("ij->i   ", torch.einsum("ij->i", x).tolist())
print("ij->    ", torch.einsum("ij->", x).tolist())
print("ij,ij->i", torch.einsum("ij,ij->i", x, x).tolist())
assert share_storage(torch.einsum("ij->ji", x), x)

# %%
# These are the transposed matrix, the sums of the rows and the sum of all elements. Nothing is multiplied or summed in
# the first line, so its result is a view.
#
# In the last line, ``i`` is matched and kept: row 0 is multiplied by row 0, and row 1 by row 1. ``j`` is summed: 1·1 +
# 2·2 + 3·3 = 14, and 77 for row 1.
#
# Check against PyTorch
# ---------------------
# What we wrote has to agree with PyTorch in many examples: ``chunk_lengths`` for all :math:`n` and :math:`k` up to 40,
# ``gather_columns`` and the general rule of ``gather`` on random tables, and our lines for ``einsum`` on matrices of
# random sizes.
#
# .. fold:: The three checks

for n in range(1, 41):
    for k in range(1, 41):
        assert [len(part) for part in torch.arange(n).chunk(k)] == chunk_lengths(n, k)
print("chunk: 1,600 pairs n, k agree")

for trial in range(60):
    dim = trial % 3
    cube = torch.rand(3, 4, 5, generator=generator)
    shape = [2, 3, 4]
    shape[dim] = 7  # more than the table has, so that some elements are picked twice
    picks = torch.randint(cube.shape[dim], shape, generator=generator)
    theirs = cube.gather(dim, picks)
    for place in np.ndindex(*shape):
        source = list(place)
        source[dim] = int(picks[place])
        assert theirs[place] == cube[tuple(source)]
    matrix = torch.rand(3, 4, generator=generator)
    columns = torch.randint(4, (3, 7), generator=generator)
    assert torch.equal(gather_columns(matrix, columns), matrix.gather(1, columns))
print("gather: 60 tables and 60 matrices agree")

for _ in range(100):
    f, g, s = torch.randint(1, 6, (3,), generator=generator).tolist()
    left_matrix = torch.rand(f, g, generator=generator, dtype=torch.float64)
    right_matrix = torch.rand(g, s, generator=generator, dtype=torch.float64)
    ours = (left_matrix[:, None, :] * right_matrix.T[None]).sum(dim=2)
    torch.testing.assert_close(ours, torch.einsum("fg,gs->fs", left_matrix, right_matrix))
print("einsum: 100 pairs of matrices agree")

# %%
# Use it: hide three quarters of a photograph
# -------------------------------------------
# A masked autoencoder (2021, see the references) learns to see in this way: it gets one quarter of a photograph, cut
# into square patches, and has to guess the rest. We prepare its input. ``split`` and ``stack`` cut each photograph into
# 14 × 14 patches of 16 × 16 pixels.

squares = []
for strip in photos.split(16, dim=2):  # 14 strips (N, C, 16, 224)
    squares.extend(strip.split(16, dim=3))  # 14 patches (N, C, 16, 16) of each strip
patches = torch.stack(squares, dim=1)
print(len(squares), tuple(patches.shape))

# %%
# The new axis 1 numbers the 196 patches of each photograph, row after row. To put a photograph together again we go
# backwards: ``unbind`` takes the patches apart, and ``cat`` joins 14 of them to a strip, and the strips to a
# photograph.


def assemble(patches):
    """Join patches (N, 196, C, 16, 16) to photographs (N, C, 224, 224)."""
    squares = patches.unbind(1)
    strips = [torch.cat(squares[n : n + 14], dim=3) for n in range(0, 196, 14)]
    return torch.cat(strips, dim=2)


assert torch.equal(assemble(patches), photos)
print(tuple(assemble(patches).shape))

# %%
# No pixel has changed. Now each photograph keeps 49 of its 196 patches, at random, and *different* ones each time.
# ``index_select`` would take the same ones of all photographs, so this is a task for ``gather``.
#
# For a random order we draw 196 random numbers for each photograph. ``argsort`` (lesson 03) gives their positions from
# the smallest number to the largest; for 0.7, 0.1, 0.4 these are 1, 2, 0. This is a random order of the patches, and we
# keep the first 49.
#
# ``flatten(2)`` makes one row of 768 elements of each patch. ``gather`` wants one index for each element of the output.
# We gather on axis 1, the patches, and all 768 elements of a patch need the same index. So ``[:, :, None]`` adds an
# axis, and ``expand`` repeats the index along it without using memory.

order = torch.rand(3, 196, generator=generator).argsort(dim=1).to(device)
kept = order[:, :49]  # (N, 49)
flat = patches.flatten(2)  # (N, 196, 768), one row for each patch
index_of_kept = kept[:, :, None].expand(3, 49, 768)
visible = flat.gather(1, index_of_kept)
print(tuple(visible.shape))

# %%
# From each photograph 49 rows have been taken. To look at the result, ``torch.full_like`` makes a grey ground of the
# shape of ``flat``. ``scatter`` writes the visible patches to their positions on it, and ``unflatten`` makes a patch of
# each row again.

hidden = torch.full_like(flat, 0.5).scatter(1, index_of_kept, visible)
pictures = assemble(hidden.unflatten(2, (3, 16, 16)))  # (N, 196, 768) to (N, 196, C, 16, 16)
assert torch.equal(hidden.gather(1, index_of_kept), visible)
print(tuple(pictures.shape))

# %%
# In the figure, grey stands for what the network does not get. Each photograph shows other patches.
#
# .. fold:: How the figure is drawn

alt = "The three photographs, each with three quarters of its patches grey, other ones in each."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.8), num=alt)
for n in range(3):
    axes[n].imshow(pictures[n].permute(1, 2, 0).cpu().numpy())
    axes[n].set_axis_off()

# %%
# Use it: the score of the right class
# ------------------------------------
# A classifier gives each photograph one score for each class, its :term:`logits`. The :term:`label` says which class is
# right. To train the classifier, one needs from each row the score of the right class: column 0 of row 0, column 2 of
# row 1, and so on.
#
# So the label is the index. ``gather`` wants an index with two axes, so ``[:, None]`` makes a column of the vector.

scores = torch.tensor([[6.0, 1.0, 2.0], [0.0, 1.0, 5.0], [3.0, 7.0, 1.0], [2.0, 0.0, 8.0]])
labels = torch.tensor([0, 2, 1, 2])
right = scores.gather(1, labels[:, None])  # (4, 1)
right = right.squeeze(1)  # (4,)
print(right, right.mean())

# %%
# The four rows give 6, 5, 7 and 8. The :term:`cross-entropy`, the usual loss of classifiers, starts with this line
# (:doc:`lesson 11 </lessons/2_training/lesson_11_loss_functions>`).
#
# Break it: loud mistakes
# -----------------------
# First, two photographs as they come from their files. Which lengths will the messages name?

hopper = torch.from_numpy(np.array(Image.open(files[0])))  # (600, 512, 3)
tower = torch.from_numpy(np.array(Image.open(files[1])))  # (427, 640, 3)
try:
    torch.cat([hopper, tower])
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 72))
try:
    torch.stack([hopper, tower])
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 72))

# %%
# ``cat`` joins along axis 0, where the lengths may differ, so it complains about axis 1: 512 and 640. "Tensor number 1"
# is the second one. ``stack`` allows no difference at all and names both shapes. Crop or scale the photographs first,
# as we did above.
#
# Second, labels that somebody counted from 1. This cell stays on the CPU: on a GPU an index that is too large becomes a
# "device-side assert", which is reported later, and the process has to be started again.

try:
    scores.gather(1, labels[:, None] + 1)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 72))

# %%
# "Dimension 1 with size 3" are the three classes: their indices are 0, 1 and 2.
#
# Break it: a silent mistake
# --------------------------
# ``scores[:, labels]`` looks like a short way to write ``gather``. It takes from *every* row the columns of *all*
# labels.

all_labels = scores[:, labels]
print(tuple(all_labels.shape))
print("with gather:           ", right.mean().item())
print("with scores[:, labels]:", all_labels.mean().item())
assert torch.equal(all_labels.diagonal(), right)
assert scores[:, labels.roll(1)].mean() == all_labels.mean()  # each label one row further

# %%
# The shape is (4, 4) instead of (4,), and only the diagonal was wanted. The mean hides the shape, and 3.25 looks like a
# score. It is the mean over all pairs of a photograph and a label, so it stays the same if the photographs swap their
# labels. Training with it would learn nothing about single photographs.
#
# Then and now
# ------------
# Lines that are still in use on the web, run as they are written. Masks of zeros and ones (``uint8``) are from the time
# before PyTorch had the dtype ``bool``.
#
# .. then-and-now:: rows
#
#    - Refused today. A comparison gives a mask of the dtype ``bool``.
#
#    - The same mask as an index still works, with a warning.
#
#    - Adding with ``scatter_`` still works, with a warning. ``scatter_add_`` does it without one; for a maximum or a
#      mean there is :torch:`torch.Tensor.scatter_reduce`.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "rows",
    [
        (
            "table.masked_select((table > 15).to(torch.uint8))",
            "table.masked_select(table > 15)",
        ),
        ("table[(table > 15).to(torch.uint8)]", "table[table > 15]"),
        (
            'torch.zeros(3, 4).scatter_(1, index, torch.ones(3, 2), reduce="add")',
            "torch.zeros(3, 4).scatter_add_(1, index, torch.ones(3, 2))",
        ),
    ],
    globals(),
)

# %%
# What you learned
# ----------------
# - ``cat`` joins along an axis that exists, ``stack`` along a new one; ``split``, ``chunk`` and ``unbind`` cut.
# - ``chunk(k)`` makes parts of the length :math:`\lceil n/k \rceil`, perhaps fewer than ``k`` parts;
#   ``tensor_split(k)`` makes exactly ``k``. What cuts gives views; what joins or picks gives copies.
# - ``gather`` replaces the coordinate on one axis by an index. ``where`` keeps the shape, ``masked_select`` does not.
# - ``einsum`` names the axes, multiplies, and sums over the letters that the output does not name.
#
# Self-checks
# -----------
# .. choice:: The tensor ``x`` has four rows. Which of these two lines changes it?
#    :right: 1
#
#    .. code-block:: python
#
#       first, second = x.chunk(2); first += 1
#       first = x[[0, 1]]; first += 1
#
#    - The first line only.
#
#      ``chunk`` gives views, so ``first`` reads the storage of ``x``. Picking with a list of indices gives a copy.
#
#    - Both lines.
#
#      A *slice* such as ``x[0:2]`` would be a view. The rows of the list ``[0, 1]`` could be any rows, so PyTorch
#      copies them.
#
#    - Neither line.
#
#      ``first += 1`` writes into the storage of ``first``, and after ``chunk`` this is the storage of ``x``.
#
# .. choice:: What does ``print(table.gather(0, torch.tensor([[2, 0, 1, 2]])).tolist())`` print?
#    :outputs: gather_along_rows
#
#    - With ``dim=0`` the index replaces the row, and the column stays: row 2 of column 0, row 0 of column 1, row 1 of
#      column 2, row 2 of column 3.
#
#    - This is ``dim=1``: the index replaces the column, and everything comes from row 0.
#
#    - This is ``index_select(0, …)``, which takes whole rows.
#
# .. fold:: The code of the choices


def gather_along_rows():
    print(table.gather(0, torch.tensor([[2, 0, 1, 2]])).tolist())


def gather_along_columns():
    print(table.gather(1, torch.tensor([[2, 0, 1, 2]])).tolist())


def whole_rows():
    print(table.index_select(0, torch.tensor([2, 0, 1, 2])).tolist())


gather_along_rows()
run_choices(
    "gather_along_rows",
    right=gather_along_rows,
    wrong=[gather_along_columns, whole_rows],
)

# %%
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_05>`.
#
# **1. Recall.** Join the three vectors to a matrix with one *column* for each vector.
#
# .. code-block:: python
#
#    vectors = [torch.tensor([1, 2, 3, 4]), torch.tensor([5, 6, 7, 8]), torch.tensor([9, 10, 11, 12])]
#    matrix = torch.cat(vectors)
#
#    assert matrix.shape == (4, 3), "the matrix needs 4 rows and 3 columns"
#    assert torch.equal(matrix[:, 0], vectors[0]), "the first column is not the first vector"
#    print("matrix:", matrix.tolist())
#
# **2. Modify.** Take the three highest scores of each row with ``gather``, highest first. ``order`` holds, for each
# row, the columns from the highest score to the lowest.
#
# .. code-block:: python
#
#    scores = torch.tensor([[0.1, 0.9, 0.4, 0.7], [0.8, 0.2, 0.6, 0.3]])
#    order = scores.argsort(dim=1, descending=True)
#    best = scores[:, :3]
#
#    assert torch.equal(best, scores.topk(3, dim=1).values), "these are not the three highest"
#    print("best:", best.tolist())
#
# **3. Extend.** A chain of shops keeps a table of pieces sold, with the axes shop, day, goods, and a table of prices,
# with the axes goods, shop: each shop has its own prices. Compute the income of each shop on each day, with one
# ``einsum``. It must have the axes day, shop.
#
# .. code-block:: python
#
#    sold = torch.arange(2 * 7 * 3.0).reshape(2, 7, 3)  # 2 shops, 7 days, 3 kinds of goods
#    prices = torch.tensor([[2.0, 3.0], [1.0, 1.5], [5.0, 4.0]])  # 3 kinds of goods, 2 shops
#    income = torch.zeros(7, 2)
#
#    assert income.shape == (7, 2), "the axes must be day, shop"
#    for day in range(7):
#        for shop in range(2):
#            expected = (sold[shop, day] * prices[:, shop]).sum()
#            assert income[day, shop] == expected, f"wrong for day {day}, shop {shop}"
#    print("income of day 0:", income[0].tolist())
#
# In practice
# -----------
# - If the number of parts matters, use ``tensor_split``; if their length matters, use ``split``.
# - Collect tensors in a list and join them once. ``cat`` in a loop copies everything again at each step.
# - Print the shape before ``mean`` or ``sum`` hides it.
# - In ``einsum``, use the letters that you use in comments about axes: ``n`` for the batch, ``c`` for channels.
#
# References
# ----------
# - Kaiming He and others: `Masked autoencoders are scalable vision learners <https://arxiv.org/abs/2111.06377>`__,
#   2021.
# - PyTorch documentation: :torch:`torch.cat`, :torch:`torch.tensor_split`, :torch:`torch.gather`,
#   :torch:`torch.einsum`, `Tensor views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__.
