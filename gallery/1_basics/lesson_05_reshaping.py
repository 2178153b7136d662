"""
05 · Reshaping the tensor
=========================

Ask PyTorch to cut twelve photographs into five parts, and it returns four: no error, no warning. Tensors are joined,
cut and picked from at every step of a training, so it pays to know such habits. How do you do all this without a loop,
and which of these operations copy the numbers? Lesson 04 took the axes of one tensor apart; here tensors meet others.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - join tensors with ``cat`` and ``stack``, and cut them with ``chunk``, ``split`` and ``unbind``;
      - say beforehand how many parts come out, how long they are, and whether they are copies;
      - pick elements by a mask, or by number with ``gather``, and say where the gradients go;
      - read and write ``einsum``, which replaces a dozen functions for products and sums.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>`, for shapes, strides and views.
      - **Data:** three photographs, one of which comes with Matplotlib; 0.3 MB are downloaded once.
      - **Run time:** less than 15 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# Everything here is a function of PyTorch or a few lines of our own. Pillow reads the photographs. As in lesson 04,
# ``draw_cells`` draws tables, random numbers come from ``generator``, and the device is a GPU where there is one.

# sphinx_gallery_number = 5
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [4]
# sphinx_gallery_assets = ["photographs"]
# sphinx_gallery_thumbnail_number = 2
import timeit
import warnings
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.cbook import get_sample_data
from PIL import Image, ImageOps

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.plotting import GREEN, ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
generator = seed_everything(5)
device = pick_device()

# %%
# Look at the data
# ----------------
# The running example is the :term:`batch` of :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>`: Grace Hopper, a
# tower in Beijing and a dahlia (by danielbuechele and vultilion, CC BY 2.0). Pillow cuts the largest square out of
# the middle of each and scales it to 224 × 224 pixels. ``permute`` brings the channels to the front, as lesson 04
# did. The axes of a batch are (N, C, H, W): number, channels, height, width.

files = [get_sample_data("grace_hopper.jpg", asfileobj=False)]
files += [assets.path("photographs") / name for name in ("china.jpg", "flower.jpg")]
squares = np.stack([np.array(ImageOps.fit(Image.open(file), (224, 224))) for file in files])
photos = torch.from_numpy(squares).permute(0, 3, 1, 2).to(device, torch.float32) / 255
print(f"from {squares.shape} {squares.dtype} to {tuple(photos.shape)} {photos.dtype}")

alt = "The batch: a portrait of Grace Hopper, a tower, a dahlia, each a square."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.9), num=alt)
for number, (ax, square) in enumerate(zip(axes, squares, strict=True)):
    ax.imshow(square)
    ax.set_title(f"photos[{number}]", family="monospace", fontsize=10)
    ax.set_axis_off()

# %%
# Predict
# -------
# ``twelve.chunk(k)`` is said to cut a tensor of twelve numbers into ``k`` parts. For ``k = 5`` it makes four, as you
# read above; no whole number of places would make five equal ones. Write down what you expect for ``k = 7`` and
# for ``k = 11``: how many parts, and how long is each?
#
# .. dropdown:: Answer
#
#    Six parts of two numbers, both times. All parts but the last have the same length; for the sake of that, ``chunk``
#    gives up the number of parts that you asked for.

twelve = torch.arange(12)
print("asked for:", *[f"{k:2}" for k in range(1, 13)])
print("parts:    ", *[f"{len(twelve.chunk(k)):2}" for k in range(1, 13)])
print("chunk(5): ", *[part.tolist() for part in twelve.chunk(5)])

# %%
# Build it: join
# --------------
# There are two ways to join. ``cat`` puts tensors one behind the other along an axis that they have; all other axes
# must agree. ``stack`` lays them on top of each other along a *new* axis, and then all axes must agree. So the second
# needs no code of its own: give each tensor an axis of length 1, and ``cat`` does the rest. In NumPy they are called
# ``concatenate`` and ``stack`` (lesson 03).


def stack(tensors, dim=0):
    """The tensors along a new axis."""
    return torch.cat([tensor.unsqueeze(dim) for tensor in tensors], dim)


a, b = torch.zeros(2, 3), torch.ones(2, 3)
for dim in (0, 1, 2):
    assert torch.equal(stack([a, b], dim), torch.stack([a, b], dim))
    longer = tuple(torch.cat([a, b], dim).shape) if dim < 2 else "there is no such axis"
    print(f"dim={dim}  stack {tuple(stack([a, b], dim).shape)}  cat {longer}")

# %%
# Build it: cut
# -------------
# ``split(c)`` cuts off parts of the length :math:`c`, and a last one with what remains; ``split([2, 7, 3])`` is told
# every length. ``chunk(k)`` is a ``split`` that works out the length: the smallest that covers all :math:`n` places
# with :math:`k` parts. That may take fewer of them:
#
# .. math:: c = \lceil n/k \rceil, \qquad \text{number of parts} = \lceil n/c \rceil .
#
# For 12 and 5 this is :math:`c=3` and 4 parts. If you need :math:`k` parts, one for each of :math:`k` workers, take
# ``tensor_split``. It divides with remainder, :math:`n = qk + r`, and makes the first :math:`r` parts one place longer
# than the others. ``unbind`` takes an axis apart into its slices.


def chunk_lengths(n, k):
    c = -(-n // k)  # n / k rounded up, without floats
    return [min(c, n - start) for start in range(0, n, c)]


def even_lengths(n, k):
    q, r = divmod(n, k)
    return [q + 1] * r + [q] * (k - r)


assert torch.equal(torch.cat(twelve.chunk(5)), twelve)  # cat undoes chunk and split
assert torch.equal(torch.stack(photos.unbind(0)), photos)  # stack undoes unbind

# %%
# The upper half of the figure joins two matrices: ``cat`` makes an axis longer, and ``stack`` adds one, drawn towards
# the back. The lower half cuts twelve numbers in four ways. Two of these were asked for five parts; one has made them.

cuts = {
    "chunk(5)": twelve.chunk(5),
    "split(5)": twelve.split(5),
    "split([2, 7, 3])": twelve.split([2, 7, 3]),
    "tensor_split(5)": twelve.tensor_split(5),
}
alt = "cat along rows and columns, stack; twelve cells cut into 4, 3, 3 and 5 parts."
fig, (ax, below) = plt.subplots(2, 1, figsize=(5.2, 5.6), height_ratios=(1, 1.45), num=alt)
joined = {(0, 0): ("a", a), (0, 3.2): ("b", b), (5.2, 0): ("cat([a, b])", torch.cat([a, b]))}
joined |= {(10.4, 0): ("cat([a, b], 1)", torch.cat([a, b], 1)), (10.9, 3.2): ("stack([a, b])", b)}
joined |= {(10.4, 3.7): ("", torch.stack([a, b])[0])}  # in front of b
for (left, top), (name, matrix) in joined.items():
    colours = np.where(matrix == 0, SKY, ORANGE)
    draw_cells(ax, np.full(matrix.shape, ""), colours=colours, origin=(left, top))
    ax.text(left, top - 0.25, name, family="monospace", fontsize=11)
for row, (name, parts) in enumerate(cuts.items()):
    below.text(0, 2.2 * row - 0.25, name, family="monospace", fontsize=11)
    for n, part in enumerate(parts):
        draw_cells(below, part, colours=(SKY, ORANGE)[n % 2], origin=(part[0] + 0.4 * n, 2.2 * row))

# %%
# Build it: pick by number
# ------------------------
# ``index_select`` takes whole rows or columns: the same ones everywhere. Often each row needs *its own* column, the one
# of its right class for instance. That is ``gather``. Its output has the shape of the index, and its rule is one line:
# take the place of the output, and replace its coordinate on the axis ``dim`` by the number that the index holds there.
# For ``dim=1`` this is :math:`\text{out}_{ij} = \text{table}_{i,\,\text{index}_{ij}}`. Here it is as a loop.


def gather(table, dim, index):
    """Elements of the table at the places of the index, with the index in place of axis dim."""
    picked = []
    for place in np.ndindex(*index.shape):
        source = list(place)
        source[dim] = int(index[place])
        picked.append(table[tuple(source)])
    return torch.stack(picked).reshape(index.shape)


table = torch.arange(10.0, 22.0).reshape(3, 4).requires_grad_()
index = torch.tensor([[3, 0], [2, 2], [1, 2]])
picked = gather(table, 1, index)
picked.sum().backward()  # table.grad: by how much each element changes the sum
print(picked.tolist(), table.index_select(1, index[0]).tolist(), sep="\n")

# %%
# In the figure each row has a colour, and the index says which of its columns are taken. The table on the right is the
# :term:`gradient` of the sum of the output: how much the sum grows if an element grows by 1. That is how often the
# element was picked, so the 16 counts twice. Going backwards, every output adds what it has to the place that it came
# from; this operation exists on its own and is called ``scatter_add``.

counts = table.grad.int()
assert torch.equal(counts, torch.zeros(3, 4).scatter_add(1, index, torch.ones(3, 2)).int())
rows = np.array([[ORANGE], [SKY], [GREEN]])
taken = np.where(counts > 0, rows, PAPER)
panels = {"table": (table.int(), taken), "index": (index, rows), "output": (picked.int(), rows)}
panels["gradient"] = (counts, taken)
alt = "A table, an index with two columns for each row, the six numbers picked, how often each."
fig, ax = plt.subplots(figsize=(5.2, 1.6), num=alt)
left = 0.0
for name, (values, colours) in panels.items():
    draw_cells(ax, values.tolist(), colours=colours, origin=(left, 0))
    ax.text(left + values.shape[1] / 2, -0.3, name, ha="center", fontsize=11)
    left += values.shape[1] + 1

# %%
# Build it: pick by a mask
# ------------------------
# A :term:`mask` says for each element whether it counts. ``where(mask, x, y)`` takes from ``x`` where it is true and
# from ``y`` elsewhere; the shape is known beforehand. ``masked_select(mask)``, or ``x[mask]``, keeps what is true, in a
# row. How many that are depends on the numbers: the three photographs have different shares of bright pixels, so no
# rectangle could hold the result. A GPU must count first and the CPU wait for it. If you can, prefer ``where``.

bright = photos.mean(1) > 0.5  # (N, H, W)
kept = [photo.masked_select(mask) for photo, mask in zip(photos, bright, strict=True)]
print("kept of each photograph:", [part.numel() for part in kept])
lights = torch.where(bright[:, None], photos, 0)  # the mask is broadcast over the channels
print("where keeps the shape:  ", tuple(lights.shape))
assert sum(part.numel() for part in kept) == 3 * bright.sum()

# %%
# Build it: a view or a copy?
# ---------------------------
# Lesson 04 gives the rule: a :term:`view` is a new shape, stride and offset for a storage that exists. Parts that begin
# somewhere and go on in equal steps can be had so. Numbers picked at will cannot, and two storages never become one. To
# prove it, we ask each result for the address of its storage. The last two lines are ``einsum``, our next subject.

x = torch.arange(12.0).reshape(3, 4)
results = {
    "x.chunk(2)[1]": x.chunk(2)[1],
    "x.unbind(1)[3]": x.unbind(1)[3],
    "x.expand(5, 3, 4)": x.expand(5, 3, 4),
    "torch.cat([x])": torch.cat([x]),
    "x.gather(1, index)": x.gather(1, index),
    "x.masked_select(x > 5)": x.masked_select(x > 5),
    "torch.where(x > 5, x, 0)": torch.where(x > 5, x, 0),
    'torch.einsum("ij->ji", x)': torch.einsum("ij->ji", x),
    'torch.einsum("ij->i", x)': torch.einsum("ij->i", x),
}
for name, result in results.items():
    shared = result.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    print(f"{name:29}{'view' if shared else 'copy'}")

# %%
# Build it: one notation for products and sums
# --------------------------------------------
# A matrix product is :math:`\text{out}_{ik} = \sum_j A_{ij} B_{jk}`. Only the letters matter: name the axes of the
# inputs and of the output, and sum over what the output does not name. In one line, that is ``"ij,jk->ik"`` for
# ``einsum``, named after Albert Einstein, who left the sum sign out (:term:`Einstein summation`). Ours lines up the
# axes of all inputs, one place for each letter, then multiplies with :term:`broadcasting` and sums. A letter twice in
# one input, as in ``"ii"``, means its diagonal.


def einsum(equation, *operands):
    """Product of the operands, summed over the letters that the output does not name."""
    inputs, output = equation.split("->")
    letters = output + "".join(sorted(set(inputs) - set(output + ",")))
    product = 1
    for names, operand in zip(inputs.split(","), operands, strict=True):
        while repeated := [letter for letter in names if names.count(letter) > 1]:
            i, j = names.index(repeated[0]), names.rindex(repeated[0])
            operand = operand.diagonal(0, i, j)  # axes i and j become one, at the end
            names = names[:i] + names[i + 1 : j] + names[j + 1 :] + repeated[0]
        order = [names.index(letter) for letter in letters if letter in names]
        lined_up = tuple(slice(None) if letter in names else None for letter in letters)
        product = product * operand.permute(order)[lined_up]  # None adds an axis of length 1
    summed = tuple(range(len(output), len(letters)))
    return product.sum(summed) if summed else product


print(einsum("ij,jk->ik", x, x.T).tolist())

# %%
# Check against PyTorch
# ---------------------
# First the lengths of the parts, for every :math:`n` and :math:`k` up to 40. Then ``gather`` on random tables, along
# each axis, with values and gradients. For the gradients each element of the output gets a weight of its own, so that a
# sum that ends in the wrong place is noticed; ``scatter_add`` must predict them.

for n in range(1, 41):
    for k in range(1, 41):
        numbers = torch.arange(n)
        assert [len(part) for part in numbers.chunk(k)] == chunk_lengths(n, k)
        assert [len(part) for part in numbers.tensor_split(k)] == even_lengths(n, k)
for trial in range(60):
    dim, table = trial % 3, torch.rand(3, 4, 5, generator=generator).requires_grad_()
    shape = [2, 3, 4]
    shape[dim] = 6  # more than the table has, so that some are picked twice
    index = torch.randint(table.shape[dim], shape, generator=generator)
    ours, theirs = gather(table, dim, index), table.gather(dim, index)
    assert torch.equal(ours, theirs)
    weights = torch.rand(shape, generator=generator)
    expected = torch.zeros_like(table).scatter_add(dim, index, weights)
    for result in (ours, theirs):
        (gradient,) = torch.autograd.grad((weights * result).sum(), table)
        torch.testing.assert_close(gradient, expected)
print("1,600 pairs n, k and 60 tables: lengths, values and gradients agree")

# %%
# For ``einsum`` we draw 300 equations for two operands: up to three letters for each, repeated ones among them, and any
# of the letters, in any order, for the output. The numbers are ``float64``, so that rounding cannot hide a mistake.

length = {"a": 2, "b": 3, "c": 4, "d": 5}
double, equations = {"generator": generator, "dtype": torch.float64}, []
for _ in range(300):
    picks = torch.randint(4, (6,), generator=generator).tolist()
    cut = torch.randint(1, 4, (2,), generator=generator).tolist()
    names = ["".join("abcd"[i] for i in picks[3 * n : 3 * n + cut[n]]) for n in (0, 1)]
    used = sorted(set("".join(names)))
    order = torch.randperm(len(used), generator=generator)[: cut[0]].tolist()
    equations.append(",".join(names) + "->" + "".join(used[i] for i in order))
    operands = [torch.rand([length[i] for i in n], **double).requires_grad_() for n in names]
    ours, theirs = einsum(equations[-1], *operands), torch.einsum(equations[-1], *operands)
    weights = torch.rand(theirs.shape, **double)
    gradients = [torch.autograd.grad((weights * y).sum(), operands) for y in (ours, theirs)]
    torch.testing.assert_close((ours, gradients[0]), (theirs, gradients[1]))
print(f"300 equations: values and gradients agree; the longest: {max(equations, key=len)}")

# %%
# Here are well-known functions and their equations. Read some of them aloud, as "for each i and k, sum over j". A comma
# makes a product, a missing letter a sum, another order a transposition. The last one turns the photographs grey, with
# the weights of ITU-R BT.601; to compare, ``unbind`` splits the channels.

m, square = torch.rand(2, 3, 4, generator=generator), torch.rand(4, 4, generator=generator)
v, w = torch.rand(2, 4, generator=generator)
to_grey, (red, green, blue) = torch.tensor([0.299, 0.587, 0.114], device=device), photos.unbind(1)
pairs = {
    "ij,jk->ik": ((square, square), square @ square),
    "nij,njk->nik": ((m, m.mT), m @ m.mT),
    "ij->ji": ((square,), square.T),
    "ii->i": ((square,), square.diagonal()),
    "ii->": ((square,), square.trace()),
    "i,j->ij": ((v, w), torch.outer(v, w)),
    "c,nchw->nhw": ((to_grey, photos), 0.299 * red + 0.587 * green + 0.114 * blue),
}
for equation, (operands, expected) in pairs.items():
    torch.testing.assert_close(torch.einsum(equation, *operands), expected)
    print(f"{equation:13}{tuple(expected.shape)}")

# %%
# Use it: cut photographs into patches
# ------------------------------------
# A vision transformer reads a photograph as a row of square patches, here 14 × 14 of them, each of 16 × 16 pixels in
# three colours: 768 numbers, as in the paper (see the references). Split height and width into (patch, pixel), bring
# the two patch axes to the front, merge. ``unfold`` splits as well, and its windows may overlap, as they do in
# convolutions (:doc:`lesson 09 </lessons/2_training/lesson_09_convolution_1>`).

split = photos.unflatten(3, (14, 16)).unflatten(2, (14, 16))  # (N, C, 14, 16, 14, 16)
patches = split.permute(0, 2, 4, 1, 3, 5).reshape(3, 196, 768)  # (N, patches, C·16·16)
windows = photos.unfold(2, 16, 16).unfold(3, 16, 16)  # (N, C, 14, 14, 16, 16)
assert windows.untyped_storage().data_ptr() == photos.untyped_storage().data_ptr()  # a view
assert torch.equal(windows.permute(0, 2, 3, 1, 4, 5).reshape(3, 196, 768), patches)
print("windows:", tuple(windows.shape), " patches:", tuple(patches.shape))

# %%
# Now ``gather`` shows its worth. A masked autoencoder (2021) learns from photographs of which it sees one patch in
# four, *different* ones of each, so ``index_select`` is out. Put the numbers of the patches into a random order, keep
# the first 49, and ``gather``; ``expand`` repeats the index for all 768 numbers without writing it down. ``scatter``,
# which puts numbers where ``gather`` takes them, lays them back on a grey ground. The network must guess the rest.

order = torch.rand(3, 196, generator=generator).argsort(1).to(device)
index = order[:, :49, None].expand(3, 49, 768)  # a view: 49 numbers for each photograph
visible = patches.gather(1, index)  # (N, 49, 768)
restored = torch.full_like(patches, 0.5).scatter(1, index, visible)
restored = restored.unflatten(2, (3, 16, 16)).unflatten(1, (14, 14))  # (N, 14, 14, C, 16, 16)
pictures = restored.permute(0, 1, 4, 2, 5, 3).reshape(3, 224, 224, 3)  # (N, H, W, C)

alt = "The three photographs, each with three quarters of its patches grey, other ones in each."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.8), num=alt)
for ax, picture in zip(axes, pictures.cpu().numpy(), strict=True):
    ax.imshow(picture)
    ax.set_axis_off()

# %%
# How alike are the visible patches of a photograph, each to each? Transformers ask this all the time. Each pair takes
# 768 products and their sum: ``"npd,nqd->npq"``. We time four ways, on the CPU. ``einsum`` is about as fast as ``@``,
# because it calls the same code for batches of matrix products. Ours writes down *all* products before it sums.

some = visible.cpu()
ways = {
    "some @ some.mT": lambda: some @ some.mT,
    "torch.einsum": lambda: torch.einsum("npd,nqd->npq", some, some),
    "our einsum": lambda: einsum("npd,nqd->npq", some, some),
    "loops": lambda: torch.stack([p @ q for photo in some for p in photo for q in photo]),
}
times_s = {name: min(timeit.repeat(way, number=1, repeat=5)) for name, way in ways.items()}
for name, time_s in times_s.items():
    torch.testing.assert_close(ways[name]().reshape(3, 49, 49), some @ some.mT)
    ratio = time_s / times_s["some @ some.mT"]
    print(f"{name:15} {ratio:6.1f} times as long  (measured in this build)")

# %%
# Use it: the score of the right class
# ------------------------------------
# A classifier gives each example one score a class, its :term:`logits`. The loss that trains it, the
# :term:`cross-entropy` of :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>`, needs from each row the
# score of the right class. The labels are a vector; as an index for ``gather`` they become a column, ``[:, None]``. The
# other term, the logarithm of the sum of exponentials, makes probabilities of scores; lesson 11 derives it.

labels = torch.tensor([0, 2, 1, 3, 2, 0])
logits = torch.randn(6, 4, generator=generator) + 4 * F.one_hot(labels, 4)  # a good classifier
right = logits.gather(1, labels[:, None])[:, 0]  # (6, 1), then (6,)
loss = (logits.logsumexp(1) - right).mean()
torch.testing.assert_close(loss, F.cross_entropy(logits, labels))
print(f"scores of the right classes: {right.numpy().round(1)}, loss {loss:.3f}")

# %%
# Break it
# --------
# Two photographs as they come from their files, and labels that somebody counted from 1, or read as floats. Which axis
# will ``cat`` complain about, and which will ``stack``? This cell stays on the CPU. On a GPU, an index out of range
# becomes a "device-side assert", which is reported later, and the process has to be started again.

hopper, tower = (torch.from_numpy(np.array(Image.open(file))) for file in files[:2])
mistakes = {
    "cat([hopper, tower])": lambda: torch.cat([hopper, tower]),
    "stack([hopper, tower])": lambda: torch.stack([hopper, tower]),
    "gather, labels from 1": lambda: logits.gather(1, labels[:, None] + 1),
    "gather, labels as floats": lambda: logits.gather(1, labels[:, None].float()),
}
for name, mistake in mistakes.items():
    try:
        mistake()
    except RuntimeError as error:
        print(name, fill(f"RuntimeError: {error}", 72), "", sep="\n")

# %%
# ``cat`` names the axis that may differ, and the lengths that do not fit; ``stack`` allows no difference at all. The
# worst mistake is silent again: ``logits[:, labels]`` instead of ``gather``. It takes the columns of *all* labels from
# *every* row, a table of 6 × 6 of which only the diagonal is meant, and ``mean`` hides the shape. The number looks like
# a loss. But mix up the labels, and it stays the same: it only knows how often each class occurs.

silent = {
    "gather": lambda labels: logits.gather(1, labels[:, None])[:, 0],
    "logits[:, labels]": lambda labels: logits[:, labels],
}
for name, pick in silent.items():
    loss, mixed = (logits.logsumexp(1).mean() - pick(y).mean() for y in (labels, labels.roll(1)))
    count = pick(labels).numel()
    print(f"{name:17} {count:2} scores, loss {loss:.3f}, with the labels mixed up {mixed:.3f}")
assert torch.equal(logits[:, labels].diagonal(), right)

# %%
# Then and now
# ------------
# At the beginning of 2021 the first three names on the right did not exist, and masks of zeros and ones, from the time
# before PyTorch had ``bool``, still circulated. Today some functions refuse them, others warn. ``gather`` now accepts
# an index of dtype ``int32``; older versions do not, so keep to ``int64``.
#
# ===================================== ============================================= ====================================
# Then                                  Now                                           Why
# ===================================== ============================================= ====================================
# ``chunk``, and count the parts        :torch:`torch.tensor_split`                   makes as many parts as you ask for
# ``gather`` with an expanded index     :torch:`torch.take_along_dim`                 broadcasts the index; −1 is the last
# ``np.concatenate``, but ``torch.cat`` :torch:`torch.concatenate` as well            one function, NumPy's name for it
# masks of dtype ``uint8``              ``bool``, as ``x > 5`` gives it               ``uint8`` is refused or deprecated
# ``einsum`` goes from left to right    a good order, with ``pip install opt-einsum`` less work, with three or more inputs
# ===================================== ============================================= ====================================

assert torch.equal(torch.take_along_dim(patches, order[:, :49, None], 1), visible)
assert torch.equal(torch.concat([a, b]), torch.concatenate([a, b]))
print("index -1:", torch.take_along_dim(x, torch.tensor([[-1]]), 1).flatten().tolist())
old_mask = (x > 5).to(torch.uint8)
torch.set_warn_always(True)  # otherwise PyTorch gives such a warning only once in a process
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert torch.equal(x[old_mask], x[x > 5])
torch.set_warn_always(False)
print(fill("- " + str(caught[0].message).split(" (")[0], 72))
try:
    x.masked_select(old_mask)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 72))

# %%
# What you learned
# ----------------
# - ``cat`` joins along an axis that exists, ``stack`` along a new one; both copy.
# - ``chunk(k)`` makes parts of :math:`\lceil n/k \rceil`, perhaps fewer than ``k``; ``tensor_split`` makes ``k``. Both
#   give views, as ``split`` and ``unbind`` do; what picks by number or by mask copies.
# - ``gather`` replaces one coordinate by an index, and its gradient is a ``scatter_add``. ``where`` keeps the shape.
# - ``einsum`` multiplies, sums and reorders by the names of the axes, as fast as the functions that it replaces.
#
# Self-checks
# -----------
# **1.** Into how many parts does ``torch.zeros(100).chunk(40)`` cut, and how long is the last?
#
# .. dropdown:: Answer
#
#    The length is ⌈100/40⌉ = 3, which makes 34 parts; the last has one number.
#
# **2.** ``first, second = x.chunk(2); first += 1``. Does ``x`` change? And with ``first = x[[0, 1]]; first += 1``?
#
# .. dropdown:: Answer
#
#    It does: there ``first`` is a view of ``x``. Picking by a list of numbers copies, so ``x`` stays as it is.
#
# **3.** What does ``einsum("nchw->nc", photos) / (224 * 224)`` compute?
#
# .. dropdown:: Answer
#
#    The mean of each channel of each photograph, ``photos.mean((2, 3))``.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_05>`.
#
# **1. Recall.** Undo the cutting of patches: put the four patches of each picture back together.
#
# .. code-block:: python
#
#    pictures = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)
#    patches = pictures.unflatten(3, (2, 3)).unflatten(2, (2, 2)).permute(0, 2, 4, 1, 3, 5)
#    restored = patches.reshape(2, 3, 4, 6)
#
#    assert restored.shape == pictures.shape, "wrong shape"
#    assert torch.equal(restored, pictures), "the pixels are in other places"
#    print("restored:", tuple(restored.shape))
#
# **2. Modify.** Take the three highest scores of each row with ``gather``, highest first.
#
# .. code-block:: python
#
#    scores = torch.tensor([[0.1, 0.9, 0.4, 0.7], [0.8, 0.2, 0.6, 0.3]])
#    order = scores.argsort(1, descending=True)
#    best = scores[:, :3]
#
#    assert torch.equal(best, scores.topk(3, dim=1).values), "these are not the three highest"
#    print("best:", best.tolist())
#
# **3. Extend.** Attention adds up values with weights: for each sentence, head and query, over all keys. Write it as
# one ``einsum``. ``weights`` has the axes sentence, head, query, key; ``values`` has sentence, key, head, feature; the
# output is to have sentence, query, head, feature.
#
# .. code-block:: python
#
#    weights = torch.rand(2, 4, 5, 6, generator=torch.Generator().manual_seed(0)).softmax(3)
#    values = torch.arange(2 * 6 * 4 * 3.0).reshape(2, 6, 4, 3)
#    output = torch.zeros(2, 5, 4, 3)
#
#    assert output.shape == (2, 5, 4, 3), "the axes must be sentence, query, head, feature"
#    for s, h in ((0, 0), (1, 3)):
#        expected = weights[s, h] @ values[s, :, h]
#        assert torch.allclose(output[s, :, h], expected), f"wrong for sentence {s}, head {h}"
#    print("output:", tuple(output.shape))
#
# In practice
# -----------
# - If the number of parts matters, use ``tensor_split``; if their length matters, use ``split``.
# - Collect tensors in a list and join them once. ``cat`` in a loop copies everything again in each round.
# - Print the shape before ``mean`` or ``sum`` hides it.
# - Write the letters of ``einsum`` as you write the axes in comments: ``n`` for the batch, ``c`` for channels.
#
# References
# ----------
# - Albert Einstein: `Die Grundlage der allgemeinen Relativitätstheorie
#   <https://doi.org/10.1002/andp.19163540702>`__, 1916; the sum sign goes in section 5.
# - A. Dosovitskiy and others: `An image is worth 16x16 words: transformers for image recognition at scale
#   <https://arxiv.org/abs/2010.11929>`__, 2020.
# - Kaiming He and others: `Masked autoencoders are scalable vision learners <https://arxiv.org/abs/2111.06377>`__, 2021.
# - PyTorch documentation: :torch:`torch.chunk`, :torch:`torch.gather`, :torch:`torch.einsum`, `Tensor views
#   <https://docs.pytorch.org/docs/stable/tensor_view.html>`__.
