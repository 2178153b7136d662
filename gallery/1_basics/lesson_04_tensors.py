"""
04 · Tensors: the basic unit of computation
===========================================

Photographs, sentences, the weights of a network: everything that PyTorch computes with is a :term:`tensor`. Here is
something odd about them: putting the dimensions of sixteen photographs into another order takes PyTorch about as long
as doing it to a table of twelve numbers. How can that be? The answer is one small idea, a flat row of numbers and a
rule for reading it. The same idea explains many of the shape errors that you will meet in this course.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - create a tensor with the dtype, shape and device that you want;
      - work out where an element lies in memory from its index and the strides;
      - predict whether an operation gives a view or a copy, and when ``view`` fails;
      - move numbers between Python, NumPy and PyTorch, and say what shares memory.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`, for arrays, axes and the two orders in
        memory.
      - **Data:** one photograph that comes with Matplotlib; nothing is downloaded.
      - **Run time:** less than 15 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# PyTorch, NumPy and Matplotlib do the work. What comes from ``dlcourse`` is plumbing: seeds, the choice of a
# device, a few drawing functions. Random numbers come from ``generator``, so they are the same at every run. The
# device is a GPU where there is one and the CPU otherwise; you need not edit anything for it.

# sphinx_gallery_number = 4
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [2]
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 3
import math
import timeit
import warnings
from itertools import pairwise
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data

from dlcourse.device import pick_device
from dlcourse.plotting import ORANGE, PAPER, draw_cells, draw_tensor, draw_walk, use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
generator = seed_everything(4)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data: ranks
# -----------------------
# A tensor holds numbers of one kind in a regular grid. The number of directions in the grid is its :term:`rank`,
# and each direction is an :term:`axis`. Rank 0 is a single number (a scalar), rank 1 a vector, rank 2 a matrix;
# from rank 3 on there are no special names. The lengths of the axes, in order, are the :term:`shape`. PyTorch calls
# the rank ``ndim``; ``x.size()`` is an older spelling of ``x.shape``. The number of elements, ``numel``, is the
# product of the lengths.

tensors = {
    "scalar": torch.tensor(7),
    "vector": torch.arange(4),
    "matrix": torch.arange(12).reshape(3, 4),
    "rank-3 tensor": torch.arange(24).reshape(2, 3, 4),
    "rank-4 tensor": torch.arange(48).reshape(2, 2, 3, 4),
}
for name, tensor in tensors.items():
    assert tensor.size() == tensor.shape and tensor.numel() == math.prod(tensor.shape)
    shape = str(tuple(tensor.shape))
    print(f"{name:14} ndim {tensor.ndim}  shape {shape:13} numel {tensor.numel()}")

# %%
# Read a shape from the right: the last axis runs along a row, the one before it down the rows, the one before that
# through a stack of matrices. Rank 4 is a row of such stacks; a batch of colour photographs has this rank. The
# figure draws the five tensors of the table, with numbers only on the front of each stack.

alt = "Tensors of rank 0 to 4: one cell, a row of cells, a grid, a stack of grids, two such stacks."
fig, ax = plt.subplots(figsize=(5.2, 3.8), num=alt)
ax.set_ylim(9.2, -2.7)  # room for the names: text does not widen the limits by itself
corners = [(0, 0), (3.75, 0), (10.5, 0), (0, 6), (6, 6)]
for (name, tensor), (left, top) in zip(tensors.items(), corners, strict=True):
    draw_tensor(ax, tensor, origin=(left, top))
    ax.text(left, top - 1.8, name, fontsize=12)
    ax.text(left, top - 1, str(tuple(tensor.shape)), family="monospace")

# %%
# Now a real one. The portrait of :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>` shows Grace Hopper, who
# wrote one of the first compilers; it is an official photograph of the US Navy in the public domain.
# ``torch.from_numpy`` makes a tensor of it: rows, columns and colour channels, each element a whole number from 0
# to 255. The white frame marks 60 × 60 pixels, and beside it stand their red values, at every tenth pixel of every
# tenth row. Such a slice looks harmless, yet it holds the idea of the whole lesson: it copies nothing.

photo = torch.from_numpy(np.array(plt.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))))
print(f"shape {tuple(photo.shape)}, dtype {photo.dtype}, from {photo.min()} to {photo.max()}")
print(f"{photo.numel():,} elements of {photo.element_size()} byte: {photo.nbytes:,} bytes")

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
# All elements of a tensor have the same type, its :term:`dtype`. It fixes which numbers an element can hold and how
# many bytes it takes: the ``uint8`` of the photograph holds 0 to 255 in one byte. PyTorch infers the dtype: Python
# integers become ``int64``; floats, and any list with a float in it, become the default dtype ``float32``, in which
# networks usually compute. NumPy's own default is ``float64``; that difference comes back in "Break it". To decide
# for yourself, pass ``dtype=`` or ``device=`` when you create a tensor, or convert it later with ``.to``.

created = {
    "tensor([1, 2])": torch.tensor([1, 2]),
    "tensor([1, 2.5])": torch.tensor([1, 2.5]),
    "tensor([True])": torch.tensor([True]),
    "zeros(2, 3)": torch.zeros(2, 3),
    "full((2, 3), 7)": torch.full((2, 3), 7),
    "linspace(0, 1, 5)": torch.linspace(0, 1, 5),
    "rand(2, 3)": torch.rand(2, 3, generator=generator),
    "from_numpy(np.ones(3))": torch.from_numpy(np.ones(3)),
}
for call, tensor in created.items():
    print(f"torch.{call:24} {tensor.dtype!s:14} {tuple(tensor.shape)}")
assert torch.get_default_dtype() == torch.float32

# %%
# From one world to the other
# ---------------------------
# ``from_numpy`` and ``.numpy()`` share memory: they put a second label on the same numbers. (NumPy knows only the
# CPU; call ``.cpu()`` first if the tensor is on a GPU.) ``torch.tensor`` makes a :term:`copy`. To leave PyTorch
# altogether, ``.item()`` turns a tensor of one element into a Python number, and ``.tolist()`` a whole tensor into
# nested lists. The last line may surprise you: a ``float32`` never held 0.1, only the nearest number that it can
# hold, and Python shows more of its digits.

numbers = np.zeros(3)
shared, copied = torch.from_numpy(numbers), torch.tensor(numbers)
numbers[0] = 1  # written by NumPy, and seen by every tensor that shares this memory
print("shared:", shared.tolist(), " copied:", copied.tolist())
assert np.shares_memory(numbers, shared.numpy())
print("item:  ", torch.tensor(0.1).item())

# %%
# Predict
# -------
# In memory there are no grids: the elements lie in one flat row, the *storage*. For each axis, a :term:`stride`
# says how many places of the storage one step along that axis moves. Let ``x`` hold 0 to 11 in the shape (3, 4),
# row after row. Write down the stride of ``x`` and that of ``x.T``, the transposed matrix, before you read on. How
# many of the twelve numbers does ``x.T`` move?
#
# .. dropdown:: Answer
#
#    The next column of ``x`` is the next number, and the next row begins four numbers later: (4, 1). In ``x.T``
#    rows and columns have changed places, and so have the strides: (1, 4). No number moves.

x = torch.arange(12).reshape(3, 4)
print("x    shape", tuple(x.shape), "stride", x.stride())
print("x.T  shape", tuple(x.T.shape), "stride", x.T.stride())
print("same storage:", x.T.untyped_storage().data_ptr() == x.untyped_storage().data_ptr())
print("NumPy's strides of x:", x.numpy().strides, "bytes, elements of", x.element_size())

# %%
# ``x.T`` is a :term:`view`: another way of reading the same storage. In the figure each matrix stands below the
# storage that both share. Walk along the first row of ``x`` and you visit neighbours. Walk along the first row of
# ``x.T`` and you pass over three numbers at each step. (NumPy's strides, in lesson 02, say the same but count bytes.)

alt = "The first row of x visits the places 0, 1, 2, 3 of the storage; that of x.T visits 0, 4, 8."
fig, axes = plt.subplots(2, 1, figsize=(5.2, 5.9), height_ratios=(3, 4), num=alt)
for ax, name, matrix in zip(axes, ("x", "x.T"), (x, x.T), strict=True):
    # x was filled so that every value is also the place where it lies.
    draw_walk(ax, range(12), stops=matrix[0].tolist())
    draw_cells(ax, matrix, colours=[[ORANGE]] + [[PAPER]] * (len(matrix) - 1), origin=(0, 1.5))
    ax.text(5, 2.2, name, family="monospace", fontsize=16)
    ax.text(5, 3.1, f"next row: +{matrix.stride(0)}", fontsize=11)
    ax.text(5, 3.9, f"next column: +{matrix.stride(1)}", fontsize=11)

# %%
# Build it: an index becomes a place
# ----------------------------------
# Nothing more is needed to find an element. With the index :math:`i_k` and the stride :math:`s_k` on axis :math:`k`,
#
# .. math:: \text{place} = \text{offset} + \sum_k i_k\, s_k .
#
# The offset is the place of the first element; it is 0 unless a slice has cut something off in front.
# ``read_strided`` applies the formula to every element, one axis at a time, and returns nested lists, as ``tolist``
# does.


def place_of(index, stride, offset=0):
    """Place in the storage of the element with this index."""
    return offset + sum(i * s for i, s in zip(index, stride, strict=True))


def read_strided(storage, shape, stride, offset=0):
    """Nested lists of the given shape, read from a flat list."""
    if not shape:
        return storage[offset]
    starts = [offset + i * stride[0] for i in range(shape[0])]
    return [read_strided(storage, shape[1:], stride[1:], start) for start in starts]


assert place_of((2, 1), x.stride()) == x[2, 1]
print(read_strided(list(range(12)), shape=(4, 3), stride=(1, 4)))

# %%
# Build it: reshaping is bookkeeping
# ----------------------------------
# ``permute`` puts the axes in a new order; ``transpose`` swaps two of them. ``unsqueeze`` adds an axis of length 1,
# and ``squeeze`` takes such axes away. None of them looks at a number. Each one edits the shape and the stride, as
# the functions below do. The stride of an axis of length 1 is never used, because its only index is 0; we fill in
# the same number as PyTorch.


def row_major(shape):
    """Stride of a tensor that is stored row after row: the last axis moves by 1."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def permute(shape, stride, order):
    """Shape and stride with the axes in a new order."""
    return tuple(shape[axis] for axis in order), tuple(stride[axis] for axis in order)


def unsqueeze(shape, stride, axis):
    """Shape and stride with a new axis of length 1."""
    step = shape[axis] * stride[axis] if axis < len(shape) else 1
    return (*shape[:axis], 1, *shape[axis:]), (*stride[:axis], step, *stride[axis:])


assert unsqueeze(x.shape, x.stride(), axis=1) == (x.unsqueeze(1).shape, x.unsqueeze(1).stride())
assert x.unsqueeze(1).squeeze().shape == x.shape
assert x.transpose(0, 1).stride() == x.permute(1, 0).stride() == x.T.stride()
print("unsqueeze:", unsqueeze((3, 4), row_major((3, 4)), axis=1))

# %%
# Build it: when ``view`` must fail
# ---------------------------------
# ``x.view(12)`` wants to read the same storage along a single axis, with a single stride. That works only if the
# axes fit into each other: one step on an axis must be as long as the whole next axis, :math:`s_k = n_{k+1}\,
# s_{k+1}`, where :math:`n` is the length. Rows stored one after the other fit. The rows of ``x.T`` are interleaved,
# and no single stride visits them in order. The rule holds for any neighbouring axes that ``view`` merges; splitting
# an axis always works. ``is_contiguous`` asks a little more: that the strides are those of ``row_major``, axes of
# length 1 aside.


def can_flatten(shape, stride):
    """Whether one stride can visit all elements in order, so that view(-1) works."""
    # An axis of length 1 takes no step, so its stride cannot get in the way.
    moving = [(length, step) for length, step in zip(shape, stride, strict=True) if length > 1]
    return all(step == length * inner for (_, step), (length, inner) in pairwise(moving))


every_other = torch.arange(24)[::2].view(3, 4)  # its axes fit, but the storage has gaps
for name, tensor in {"x": x, "x.T": x.T, "every_other": every_other}.items():
    verdict = can_flatten(tensor.shape, tensor.stride())
    print(f"{name:12} can_flatten {verdict!s:6} is_contiguous {tensor.is_contiguous()}")

# %%
# Check against PyTorch
# ---------------------
# One example proves little, so we draw 200 random shapes with random orders of the axes. For each of them PyTorch
# must agree with us on the stride, the values, the offset of a slice and the verdict on ``view``. The comparison
# with ``as_strided`` runs the other way: there PyTorch reads a storage with *our* shape and stride.

flattened = 0
for _ in range(200):
    rank = int(torch.randint(1, 5, (), generator=generator))
    shape = torch.randint(1, 5, (rank,), generator=generator).tolist()
    order = torch.randperm(rank, generator=generator).tolist()
    flat = torch.rand(math.prod(shape), generator=generator)

    theirs = flat.view(shape).permute(order)
    our_shape, our_stride = permute(shape, row_major(shape), order)
    assert (our_shape, our_stride) == (theirs.shape, theirs.stride())
    assert torch.equal(flat.as_strided(our_shape, our_stride), theirs)
    last = theirs[-1]  # a slice: it begins later in the same storage
    offset = place_of([our_shape[0] - 1], our_stride[:1])
    assert offset == last.storage_offset()
    assert read_strided(flat.tolist(), our_shape[1:], our_stride[1:], offset) == last.tolist()
    try:
        works = theirs.view(-1).ndim == 1
    except RuntimeError:
        works = False
    assert works == can_flatten(our_shape, our_stride)
    flattened += works
print(f"200 random shapes: strides, offsets and values identical; view(-1) works for {flattened}")

# %%
# Gradients obey the same rule. An element of a view *is* an element of the storage, so its gradient has to arrive
# at exactly that place. We multiply each element of a permuted view by a weight of its own, and compare the gradient
# that autograd finds with the one that our bookkeeping predicts. (You met autograd in :doc:`lesson 01
# </lessons/1_basics/lesson_01_pytorch>`; how it works is for later, here it is only a witness.)

flat = torch.rand(24, generator=generator).requires_grad_()
weights = torch.rand(4, 2, 3, generator=generator)
(weights * flat.view(2, 3, 4).permute(2, 0, 1)).sum().backward()

expected = torch.zeros(24)
_, stride = permute((2, 3, 4), row_major((2, 3, 4)), (2, 0, 1))
for index in np.ndindex(4, 2, 3):
    expected[place_of(index, stride)] += weights[index]
torch.testing.assert_close(flat.grad, expected)
print("largest difference between the gradients:", (flat.grad - expected).abs().max().item())

# %%
# Use it: a batch of photographs
# ------------------------------
# PyTorch's networks for images want the channels before the rows, as floating-point numbers from 0 to 1, on the
# device that computes. One line does it. ``permute`` edits the stride; the numbers move only when ``.to`` converts
# them and, if there is a GPU, carries them there. A tensor that is already on the device, in the right dtype, is
# returned as it is. As a rule, an operation wants all its tensors on one device: PyTorch raises an error otherwise,
# and moves nothing by itself.

photos = torch.stack([photo] * 16)  # (16, 600, 512, 3): photographs, rows, columns, channels
batch = photos.permute(0, 3, 1, 2).to(device, torch.float32) / 255  # (16, 3, 600, 512)
print(tuple(batch.shape), batch.dtype, batch.device.type, f"{batch.min():.0f} to {batch.max():.0f}")
assert batch.to(batch.device) is batch

# %%
# Is a view worth having? We time ``permute`` on a small table and on the sixteen photographs and, as a baseline, two
# real copies of them: as they lie, and in the new order (``contiguous`` writes a row-major copy). This cell stays on
# the CPU, because a GPU works in the background and needs another kind of stopwatch. The ratios differ from run to
# run.


def best_time_s(call, repeats=15):
    """Shortest of several times: the one that other work on the machine disturbed least."""
    return min(timeit.repeat(call, number=1, repeat=repeats))


calls = {
    "permute a 3 x 4 table (a view)": lambda: x.permute(1, 0),
    "permute 16 photographs (a view)": lambda: photos.permute(0, 3, 1, 2),
    "copy them as they lie": lambda: photos.clone(),
    "copy them in the new order": lambda: photos.permute(0, 3, 1, 2).contiguous(),
}
times_s = {name: best_time_s(call) for name, call in calls.items()}
for name, time_s in times_s.items():
    ratio = time_s / times_s["permute a 3 x 4 table (a view)"]
    print(f"{name:31} {ratio:10,.1f} times as long  (measured in this build)")

# %%
# Making a view takes about the same time whatever the tensor holds, and that answers the question at the top. Views
# can do more than reorder: here are four pictures read from one storage, without a copied byte. Only shape, stride
# and offset differ. The stride stands under each title; for the thumbnail, the first two numbers are eight times
# those of the original.

views = {
    "photo": photo,
    "photo.transpose(0, 1)": photo.transpose(0, 1),
    "photo[::8, ::8]": photo[::8, ::8],
    "photo[150:350, 150:400]": photo[150:350, 150:400],
}
alt = "One portrait in four views: as it is, transposed, as a coarse thumbnail, cropped."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 5.7), num=alt)
for ax, (name, view) in zip(axes.flat, views.items(), strict=True):
    assert view.untyped_storage().data_ptr() == photo.untyped_storage().data_ptr()
    ax.imshow(view.numpy())
    ax.set_title(f"{name}\n{view.stride()}", family="monospace", fontsize=10)
    ax.set_axis_off()

# %%
# Break it
# --------
# Two mistakes that everybody makes once. The first asks for a ``view`` where our rule forbids it. The second
# multiplies PyTorch's ``float32`` by a matrix from NumPy, alone and then as a batch. Which words do you expect in the
# messages? Read each one for the two things that do not fit together: in the first they are axes, then dtypes.

mistakes = {
    "x.T.view(12)": lambda: x.T.view(12),
    "ones(2, 3) @ from_numpy(ones)": lambda: torch.ones(2, 3) @ torch.from_numpy(np.ones((3, 2))),
    "ones(9, 2, 3) @ from_numpy(ones)": lambda: (
        torch.ones(9, 2, 3) @ torch.from_numpy(np.ones((9, 3, 2)))
    ),
}
for name, mistake in mistakes.items():
    try:
        mistake()
    except RuntimeError as error:
        print(name, fill(f"RuntimeError: {error}", 72), "", sep="\n")

# %%
# "Spans across two contiguous subspaces" is our rule in PyTorch's words. ``reshape`` gives a view where it can and
# a copy where it must; keep ``view`` where a hidden copy would be a mistake. The other two messages say the same
# thing: ``float`` means ``float32`` and ``double`` means ``float64``; convert the NumPy side with
# ``.to(torch.float32)``. The worst mistake, though, raises nothing. ``reshape`` can produce the *shape* that
# ``permute`` gives, but it deals the numbers out in their old order:

assert x.reshape(12).data_ptr() == x.data_ptr()  # a view: it begins at the same address
assert x.T.reshape(12).data_ptr() != x.data_ptr()  # a copy: no stride fits the new shape
permuted = photo.permute(2, 0, 1)  # (3, 600, 512): the axes move, and each takes its stride along
reshaped = photo.reshape(3, 600, 512)  # the same shape, but rows, columns and colours are mixed up
assert permuted.shape == reshaped.shape and not torch.equal(permuted, reshaped)
pictures = {"permute(2, 0, 1)[0]": permuted[0], "reshape(3, 600, 512)[0]": reshaped[0]}
alt = "After permute the portrait in grey; after reshape three parts of it laid over each other."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 3.3), num=alt)
for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
    ax.imshow(picture.numpy(), cmap="gray")
    ax.set_title(name, family="monospace", fontsize=10)
    ax.set_axis_off()

# %%
# Then and now
# ------------
# Much of what the web teaches about tensors is several years old. All the old names in this table still run in
# PyTorch 2.14; the cell shows the warnings that two of them give. The most dangerous one is silent: ``.data``
# changes a number behind autograd's back. The gradient of :math:`w^2` at 2 is 4; see what comes out. ``detach``
# shares memory too, but autograd notices the change, and ``backward`` raises an error.
#
# ======================================== =========================================== =================================
# Then                                     Now                                         Why
# ======================================== =========================================== =================================
# ``torch.Tensor([1, 2])``                 :torch:`torch.tensor`                       the old one always makes floats
# ``torch.FloatTensor(2, 3)``              :torch:`torch.empty`                        sizes looked like data
# ``torch.set_default_tensor_type``        :torch:`torch.set_default_dtype`            deprecated since PyTorch 2.1
# ``x.T`` when ``x`` is not a matrix       ``x.mT`` or :torch:`torch.permute`          deprecated, will be an error
# ``x.storage()``                          :torch:`torch.Tensor.untyped_storage`       typed storages are deprecated
# ``x.data``                               :torch:`torch.Tensor.detach`                autograd cannot see ``.data``
# ======================================== =========================================== =================================

torch.set_warn_always(True)  # otherwise PyTorch gives such a warning only once in a process
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    reversed_axes = torch.zeros(2, 3, 4).T
    torch.set_default_tensor_type(torch.FloatTensor)
torch.set_warn_always(False)
for warning in caught:
    print(fill("- " + str(warning.message).split(". ")[0], 72))

edits = {".data": lambda w: w.data.mul_(10), ".detach()": lambda w: w.detach().mul_(10)}
for name, edit in edits.items():
    w = torch.tensor(2.0, requires_grad=True)
    square = w**2
    edit(w)
    try:
        square.backward()
        print(f"edit through {name}: the gradient at 2 is said to be {w.grad.item()}")
    except RuntimeError as error:
        print(fill(f"edit through {name}: RuntimeError: {str(error).split(':')[0]}", 72))

# %%
# What you learned
# ----------------
# - A tensor has one dtype, one device and a shape; its rank is the number of its axes.
# - Its elements lie in a flat storage, and an element's place is the offset plus the sum of index times stride.
# - ``permute``, ``transpose``, ``squeeze``, ``unsqueeze``, ``view`` and slices edit that bookkeeping and copy
#   nothing. ``view`` fails where no stride exists for the new shape; ``reshape`` then copies.
# - ``from_numpy`` and ``.numpy()`` share memory on the CPU, ``torch.tensor`` copies, ``item`` and ``tolist`` lead
#   back to Python.
#
# Self-checks
# -----------
# **1.** A tensor ``t`` has the shape (5, 1, 7). What are the shapes of ``t.squeeze()`` and ``t.unsqueeze(0)``?
#
# .. dropdown:: Answer
#
#    (5, 7) and (1, 5, 1, 7). Both are views.
#
# **2.** ``a = torch.zeros(3); b = a.view(3); b += 1``. What does ``a`` hold? And after ``b = b + 1``?
#
# .. dropdown:: Answer
#
#    Ones, both times. ``b += 1`` writes into the storage that ``a`` shares; ``b + 1`` makes a new tensor.
#
# **3.** Why does ``photo.permute(2, 0, 1).view(3, -1)`` work, although the tensor is not contiguous?
#
# .. dropdown:: Answer
#
#    Only rows and columns are merged. Their strides are 1536 and 3, there are 512 columns, and 512 · 3 = 1536: they
#    fit.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_04>`.
#
# **1. Recall.** Compute the place in the storage of ``y[3, 1, 0]`` from the strides alone.
#
# .. code-block:: python
#
#    y = torch.arange(100, 124).reshape(2, 3, 4).permute(2, 1, 0)
#    place = 0
#
#    assert y.as_strided((), (), place) == y[3, 1, 0], "the storage holds another number at this place"
#    print("place", place, "holds", y[3, 1, 0].item())
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
# **3. Extend.** Give all windows of three neighbours in ``signal`` as the rows of a matrix, without copying a
# number. (A convolution reads its input in this way.)
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
# - Print ``x.shape, x.dtype, x.device`` first; many errors are explained by one of the three.
# - Write the meaning of the axes in a comment beside every reshape: ``# (N, C, H, W)``.
# - Change the order of axes with ``permute``, merge or split neighbouring axes with ``reshape``, never the one for
#   the other.
# - Edit a view in place only if you want to change the original; otherwise ``clone`` it first.
#
# References
# ----------
# - S. van der Walt, S. C. Colbert, G. Varoquaux: `The NumPy array: a structure for efficient numerical computation
#   <https://doi.org/10.1109/MCSE.2011.37>`__, 2011. Strides as NumPy has them; PyTorch's follow the same rule.
# - A. Paszke and others: `PyTorch: an imperative style, high-performance deep learning library
#   <https://arxiv.org/abs/1912.01703>`__, 2019.
# - PyTorch documentation: `Tensor views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__,
#   `torch.Tensor <https://docs.pytorch.org/docs/stable/tensors.html>`__, :torch:`torch.Tensor.view`,
#   :torch:`torch.as_strided`.
