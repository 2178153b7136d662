"""
03 · NumPy 2: the operations deep learning uses
===============================================

A trained network looks at a portrait and answers "military uniform". The same file, read with another library, goes
through the same code into the same network, and now the answer is "bow tie". Nobody changed the file, no number was
lost, and no error was raised. What happened between the file and the network? This lesson walks that way by hand, from
three photographs to a ranking of a thousand classes. A handful of operations on arrays is enough for it, and one
question stands behind most of them: does this give me the same numbers, or a copy of them?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - predict the shape that an index gives, and whether it is a view or a copy;
      - turn image files into a batch that a network accepts, and check each step;
      - select with masks and ``np.where``, and find the k largest scores without sorting them all;
      - recognise swapped channels and spoilt originals, which raise no error.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`, for shapes, axes, broadcasting and strides.
      - **Data:** a portrait that comes with Matplotlib, two photographs and the weights of MobileNetV2; 15 MB are
        downloaded once.
      - **Run time:** less than 15 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# Two libraries read pictures: Pillow, which torchvision uses, and OpenCV, imported as ``cv2``. The network that comes
# in at the end is a black box here; later lessons open it. ``assets.path`` fetches files once and checks them. The
# three photographs are the running example of this part of the course.

# sphinx_gallery_number = 3
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [2]
# sphinx_gallery_assets = ["photographs", "mobilenet-v2"]
# sphinx_gallery_thumbnail_number = 1
import timeit
from textwrap import fill

import cv2
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.cbook import get_sample_data
from PIL import Image, ImageOps
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2
from torchvision.transforms import v2

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.plotting import ORANGE, PAPER, draw_cells, use_course_style

use_course_style()
rng = np.random.default_rng(3)
portrait = get_sample_data("grace_hopper.jpg", asfileobj=False)
files = [portrait, *sorted(assets.path("photographs").glob("*.jpg"))]

# %%
# Look at the data: one file, two readers
# ---------------------------------------
# The third file shows a dahlia (by vultilion, CC BY 2.0). Both libraries give an array of ``uint8`` with the axes rows,
# columns, :term:`channels <channel>`, written HWC: height, width, channels. Yet the pixel that the cell prints has its
# numbers in the opposite order. Pillow gives red, green, blue (RGB), and OpenCV gives BGR. For the difference we go to
# ``int16`` first: in ``uint8``, 0 − 1 is 255. The two decoders agree here; others may round in their own way, so allow
# for a small difference when you compare.

photo = np.array(Image.open(files[2]))
with_opencv = cv2.imread(str(files[2]))
for library, pixels in {"Pillow": photo, "OpenCV": with_opencv}.items():
    print(f"{library}: shape {pixels.shape}, {pixels.dtype}, one pixel {pixels[200, 300]}")

difference = abs(photo.astype(np.int16) - with_opencv[..., ::-1])
print("channels turned round: largest difference", difference.max())
assert difference.mean() < 1 and np.array([0], dtype=np.uint8) - 1 == 255

# %%
# An :term:`index` in square brackets has one place for each axis, and ``...`` stands for as many whole axes as are
# missing. So ``photo[..., 0]`` is the first channel, an array of (427, 640) in which light means much red. The step −1
# in ``[..., ::-1]`` walks along the last axis from its end. Nothing in an array says what its channels mean: show a BGR
# picture as RGB, and red and blue change places.

pictures = {
    "photo[..., 0]\nred": photo[..., 0],
    "photo[..., 1]\ngreen": photo[..., 1],
    "photo[..., 2]\nblue": photo[..., 2],
    "photo\nfrom Pillow": photo,
    "with_opencv\nshown as it is": with_opencv,
    "with_opencv\n[..., ::-1]": with_opencv[..., ::-1],
}
alt = "A dahlia as three grey channels, light in red and dark in blue; then orange, blue, orange."
fig, axes = plt.subplots(2, 3, figsize=(5.2, 3.6), num=alt)
for ax, (name, picture) in zip(axes.flat, pictures.items(), strict=True):
    ax.imshow(picture[20:380, 120:500], cmap="gray", vmin=0, vmax=255)
    ax.set_title(name, fontsize=10)
    ax.set_axis_off()

# %%
# Predict
# -------
# A :term:`view` reads the memory of another array; a :term:`copy` has memory of its own. Say for each of the seven
# expressions below which shape it has, and whether it is a view or a copy of ``photo``, whose shape is (427, 640, 3);
# ``np.shares_memory`` will tell. Two of them hold the very same numbers in the same shape. Are they the same in this
# respect too?
#
# .. dropdown:: Answer
#
#    A number takes its axis away, a :term:`slice` keeps it, ``np.newaxis`` adds one of length 1. All of these give
#    views. A list of indices and a :term:`mask` give copies. So ``[..., ::-1]`` is a view and ``[..., [2, 1, 0]]`` a
#    copy of the same pixels. The mask keeps the pixels for which it is true, in a row, whatever their number is.

selections = {
    "photo[100]": photo[100],
    "photo[100:101]": photo[100:101],
    "photo[::2, ::2]": photo[::2, ::2],
    "photo[np.newaxis]": photo[np.newaxis],
    "photo[..., ::-1]": photo[..., ::-1],
    "photo[..., [2, 1, 0]]": photo[..., [2, 1, 0]],
    "photo[photo[..., 0] > 200]": photo[photo[..., 0] > 200],
}
for name, selection in selections.items():
    kind = "view" if np.shares_memory(selection, photo) else "copy"
    print(f"{name:27} {selection.shape!s:17} {kind}")

# %%
# Build it: four ways to index
# ----------------------------
# In the figure each index picks the orange cells of a 4 × 6 table ``x``. Slices cross each other and pick a grid. Two
# lists are read in *pairs*: ``[0, 2], [1, 4]`` means the elements (0, 1) and (2, 4). To cross two lists, turn one into
# a column: ``rows[:, np.newaxis]`` has the shape (2, 1), and :term:`broadcasting` against (2,) makes all four pairs.
# Indexing with lists or masks is called
# :term:`fancy indexing`.

x = np.arange(24).reshape(4, 6)
rows, columns = np.array([0, 2]), np.array([1, 4])
picks = {
    "x[1:3, ::2]": x[1:3, ::2],
    "x[rows, columns]": x[rows, columns],
    "x[rows[:, np.newaxis], columns]": x[rows[:, np.newaxis], columns],
    "x[x % 5 == 0]": x[x % 5 == 0],
}
alt = "Slices pick a grid, two lists pairs, a column and a row a grid, a mask single cells."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 3.9), num=alt)
for ax, (name, pick) in zip(axes.flat, picks.items(), strict=True):
    draw_cells(ax, x, colours=np.where(np.isin(x, pick), ORANGE, PAPER))
    ax.set_title(f"{name}\n{pick.shape}", family="monospace", fontsize=9)

# %%
# Build it: do two arrays share memory?
# -------------------------------------
# A slice picks places at equal distances. A start and one stride for each axis describe them, so NumPy writes those
# down and copies nothing. The places of a list or a mask follow no such rule, so their numbers have to be collected:
# a copy. That is the whole reason. It also lets us write our own ``shares_memory``: compute the address of every
# element and look for one that occurs twice. Before you run it: do the even columns of ``x`` share memory with the odd
# ones?


def addresses(array):
    """Where in memory each element begins: the start, plus index times stride for each axis."""
    start = array.__array_interface__["data"][0]
    return start + np.tensordot(array.strides, np.indices(array.shape), axes=1)


def share(a, b):
    """Whether an element of a lies where an element of b lies; both have one dtype."""
    return np.intersect1d(addresses(a), addresses(b)).size > 0


even, odd, crossing = x[:, ::2], x[:, 1::2], x[2]
pairs = {"even, x": (even, x), "even, odd": (even, odd), "odd, row 2": (odd, crossing)}
for name, pair in pairs.items():
    assert share(*pair) == np.shares_memory(*pair)
    print(f"{name:11} share elements: {share(*pair)!s:6} same block: {np.may_share_memory(*pair)}")

# %%
# ``even`` and ``odd`` are views of one array, and yet no element belongs to both. ``np.may_share_memory`` compares only
# where two arrays begin and end, so its "True" means "perhaps".
#
# Build it: shrink a picture
# --------------------------
# Networks want pictures of one size. The simplest way is an index: for each new pixel take the old one under its
# centre (*nearest neighbour*), crossing a column of rows with a row of columns as above. It skips most pixels. The
# *mean* uses them all: split both axes into blocks by ``reshape``, and average over the two axes inside a block. This
# needs whole blocks, so a slice cuts the rest off.


def shrink_nearest(picture, height, width):
    down = (2 * np.arange(height) + 1) * picture.shape[0] // (2 * height)
    across = (2 * np.arange(width) + 1) * picture.shape[1] // (2 * width)
    return picture[down[:, np.newaxis], across]  # (height, 1) with (width,): (height, width, C)


def shrink_mean(picture, factor):
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    whole = picture[: height * factor, : width * factor]
    blocks = whole.reshape(height, factor, width, factor, -1)
    return blocks.mean(axis=(1, 3))  # (height, width, C)


tower = np.array(Image.open(files[1]))[:424]  # 53 · 8 rows and 80 · 8 columns
nearest, mean = shrink_nearest(tower, 53, 80), shrink_mean(tower, 8)
by_pillow = Image.fromarray(tower)
assert np.array_equal(nearest, by_pillow.resize((80, 53), Image.Resampling.NEAREST))
rounding = abs(mean - np.array(by_pillow.reduce(8))).max()
print(f"nearest: equal to Pillow's; mean: at most {rounding:.2f} off, as Pillow rounds to uint8")

# %%
# Both thumbnails of the tower (by danielbuechele, CC BY 2.0) are 53 pixels high. Where the photograph has fine detail,
# in the leaves and along the roofs, nearest neighbour keeps whichever pixel lies under the centre, and the picture
# sparkles with light and dark dots. The mean is calm. That is why Pillow averages when it shrinks a picture, with
# weights that also serve for factors like 427/224, where no whole blocks exist. From here on it does the resizing.

alt = "The tower by the lake twice, 53 pixels high: with sparkling leaves and roofs, and smooth."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.3), num=alt)
for ax, (name, small) in zip(axes, {"nearest": nearest, "mean": mean.round()}.items(), strict=True):
    ax.imshow(small[:, :60].astype(np.uint8))
    ax.set_title(name)
    ax.set_axis_off()

# %%
# Build it: masks and ``where``
# -----------------------------
# A comparison gives an array of true and false values, a mask. Masks are joined by ``&``, ``|`` and ``~``, and their
# mean is the share that is true. ``np.where(mask, a, b)`` takes from ``a`` where the mask is true and from ``b``
# elsewhere. All three are broadcast, so the mask of shape (427, 640) needs an axis for the channels: ``mask[...,
# np.newaxis]``. Here everything that is not orange turns grey.

red, green, blue = (photo[..., channel] for channel in range(3))
mask = (red > 110) & (red > blue)
grey = photo.mean(axis=2, keepdims=True)  # (427, 640, 1)
splash = np.where(mask[..., np.newaxis], photo, grey).astype(np.uint8)
print(f"mask {mask.shape} {mask.dtype}, true for {mask.mean():.1%}; splash {splash.shape}")
assert np.array_equal(splash[mask], photo[mask])

alt = "A mask in the form of the flower, and the flower in colour before leaves in grey."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.1), num=alt)
for ax, (name, picture) in zip(axes, {"mask": mask, "splash": splash}.items(), strict=True):
    ax.imshow(picture, cmap="gray")
    ax.set_title(name)
    ax.set_axis_off()

# %%
# Build it: a batch
# -----------------
# A network reads several pictures at once, a :term:`batch`. ``concatenate`` joins arrays along an axis that they have;
# ``stack`` adds an axis first. So ``stack`` is ``concatenate`` after ``np.newaxis``, and both copy. ``ImageOps.fit``
# cuts the centre out of each photograph and resizes it to 224 × 224. Be careful with the shape of the result: it
# cannot tell you which 3 counts photographs and which counts channels.

squares = [np.array(ImageOps.fit(Image.open(file), (224, 224))) for file in files]
photos = np.stack(squares)  # (3, 224, 224, 3): N, H, W, C
assert np.array_equal(photos, np.concatenate([square[np.newaxis] for square in squares]))
assert not np.shares_memory(photos, squares[0])
print(f"photos: shape {photos.shape}, {photos.dtype}, {photos.nbytes:,} bytes")
print(f"side by side: {np.concatenate(squares, axis=1).shape}")

# %%
# Last, the numbers. Values from 0 to 255 become 0 to 1, then each channel is shifted and scaled (:term:`normalised
# <normalise>`), with the constants that were used in training, whatever pictures come later. Those below were computed
# from a random sample of ImageNet's training photographs; which ones these were, `nobody remembers
# <https://github.com/pytorch/vision/pull/1965>`__. Our photographs have other means. ``transpose`` puts the channels in
# front, HWC to CHW, and gives a view.

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def prepare(photos):
    """A batch of shape (N, C, H, W), float32, of photographs (N, H, W, C), uint8, RGB."""
    scaled = photos / np.float32(255)  # float32; photos / 255 would be float64
    return ((scaled - MEAN) / STD).transpose(0, 3, 1, 2)


batch = prepare(photos)
for name, constant in {"mean": MEAN, "std": STD}.items():
    ours = getattr(photos / 255, name)(axis=(0, 1, 2))
    print(f"{name:4}  ImageNet {constant}  our three photographs {ours.round(3)}")
print(f"batch: shape {batch.shape}, {batch.dtype}, means {batch.mean(axis=(0, 2, 3)).round(2)}")

# %%
# Build it: the k largest
# -----------------------
# A classifier gives one score for each class, and we want the best few. ``argmax`` gives the place of the largest,
# along one axis if you name it, else in the flattened array. From scratch: take the largest, strike it out, repeat.
# ``argpartition`` does less than sorting: it only brings the k largest to the end, in no order. We sort those few
# afterwards. ``take_along_axis`` then picks, in each row, the places that are named for this row.


def top_k_by_hand(scores, k):
    """Places of the k largest of a vector, largest first."""
    left, places = scores.astype(np.float64), []
    for _ in range(k):
        places.append(int(left.argmax()))
        left[places[-1]] = -np.inf
    return places


def top_k(scores, k):
    """Places of the k largest along the last axis, largest first."""
    some = np.argpartition(scores, -k, axis=-1)[..., -k:]
    order = np.argsort(np.take_along_axis(scores, some, axis=-1), axis=-1)[..., ::-1]
    return np.take_along_axis(some, order, axis=-1)


marks = np.array([[2, 9, 4, 7], [8, 1, 3, 5]])
print("argmax:", marks.argmax(), "axis=0:", marks.argmax(axis=0), "axis=1:", marks.argmax(axis=1))
print("by hand:", [top_k_by_hand(row, 2) for row in marks], "top_k:", top_k(marks, 2).tolist())

# %%
# Check against PyTorch
# ---------------------
# Torchvision has the same steps under names of their own: ``v2.ToImage`` moves the channels to the front, ``ToDtype``
# scales, ``Normalize`` does the rest. (:doc:`Lesson 04 </lessons/1_basics/lesson_04_tensors>` explains tensors, lesson
# 07 these transforms.) Our batch must equal theirs, and our ``share`` NumPy's verdict on random slices. Our nearest
# neighbour equals PyTorch's, but for a row or a column at some sizes: where a centre falls exactly between two pixels,
# we compute with whole numbers and PyTorch with rounded ``float32``.

steps = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
theirs = torch.stack([steps(square) for square in squares])
torch.testing.assert_close(torch.from_numpy(batch), theirs)
print(f"pipeline: largest difference {(torch.from_numpy(batch) - theirs).abs().max():.0e}")

channels_first = torch.from_numpy(photo).permute(2, 0, 1)[None]
differing = []
for height, width in rng.integers(1, 428, (40, 2)).tolist():
    theirs = F.interpolate(channels_first, (height, width), mode="nearest-exact")[0].numpy()
    ours = shrink_nearest(photo, height, width).transpose(2, 0, 1)
    differing.append((ours != theirs).any(axis=0).mean())
assert max(differing) < 0.02
identical = differing.count(0)
print(f"nearest: {identical} of 40 sizes identical, else at most {max(differing):.1%} differ")

parts = [x[a:, b::c] for a, b, c in rng.integers((0, 0, 1), (4, 6, 4), (40, 3))]
verdicts = [share(a, b) == np.shares_memory(a, b) for a in parts for b in parts]
print(f"shares_memory: {sum(verdicts)} of {len(verdicts)} pairs agree")
assert all(verdicts)

# %%
# For the k largest, ``torch.topk`` is the judge. While all scores differ, the places must be the same. Then we round
# the scores, so that many are equal. The values still agree; the places need not, because neither ``argpartition`` nor
# ``topk`` promises which of several equal elements it names. Do not build on the order of ties.

same_places = 0
for _ in range(200):
    scores = rng.standard_normal(100)
    values, places = torch.topk(torch.from_numpy(scores), 5)
    assert top_k(scores, 5).tolist() == top_k_by_hand(scores, 5) == places.tolist()

    rounded = scores.round(1)
    values, places = torch.topk(torch.from_numpy(rounded), 5)
    assert np.array_equal(rounded[top_k(rounded, 5)], values)
    same_places += np.array_equal(top_k(rounded, 5), places)
print(f"200 vectors: identical; with ties: values identical, places in {same_places} of 200")

# %%
# Is ``argpartition`` worth the trouble? For a thousand classes hardly anybody would notice. For a million scores, such
# as those of every pixel of a photograph, sorting everything in order to keep five is a waste. The times are multiples
# of the time that ``torch.topk`` takes.

for count in (1_000, 1_000_000):
    scores = rng.standard_normal(count, dtype=np.float32)
    calls = {
        "torch.topk": lambda s=scores: torch.topk(torch.from_numpy(s), 5),
        "argpartition": lambda s=scores: top_k(s, 5),
        "argsort": lambda s=scores: np.argsort(s)[::-1][:5],
    }
    times_s = {name: min(timeit.repeat(call, number=1, repeat=5)) for name, call in calls.items()}
    ratios = [f"{name} {time / times_s['torch.topk']:.1f} ×" for name, time in times_s.items()]
    print(f"{count:>9,} scores: {', '.join(ratios)}  (measured in this build)")

# %%
# Use it: what do the photographs show?
# -------------------------------------
# Now the batch goes into MobileNetV2, trained on the 1,000 classes of ImageNet. It gives one score for each photograph
# and class, an array of (3, 1000), from which ``top_k`` picks the best. Take the answers for what they are: "palace"
# for a tower of the Summer Palace is good. No class is called "dahlia", so the network names what has a similar
# texture. (``no_grad`` tells PyTorch that nothing is to be trained.)

device = pick_device()
model = mobilenet_v2().eval().to(device)
weights = assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth"
model.load_state_dict(assets.load_state_dict(weights))
classes = np.array(MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])


def classify(batch):
    """Scores, shape (N, 1000), of a batch of shape (N, 3, H, W)."""
    with torch.no_grad():
        return model(torch.from_numpy(batch).to(device)).cpu().numpy()


scores = classify(batch)
for row, places in zip(scores, top_k(scores, 5), strict=True):
    print(", ".join(f"{classes[place]} {row[place]:.1f}" for place in places))
assert "dahlia" not in classes

# %%
# Break it: the wrong order of colours
# ------------------------------------
# Here is what happened at the top of this lesson. Whoever reads with OpenCV and forgets to turn the channels round
# gets ``photos[..., ::-1]``, the lower row: blue skin, a blue flower. Shape, dtype and range are right, so nothing can
# object. The tower keeps its answer, and this makes the mistake treacherous: results get worse, but not absurd.

swapped = classify(prepare(photos[..., ::-1]))
answers = classes[np.concatenate([scores, swapped]).argmax(axis=1)]
alt = "Three photographs and their answers; below them in false colours, two answers have changed."
fig, axes = plt.subplots(2, 3, figsize=(5.2, 3.9), num=alt)
shown = np.concatenate([photos, photos[..., ::-1]])
for ax, picture, answer in zip(axes.flat, shown, answers, strict=True):
    ax.imshow(picture)
    ax.set_title(answer)
    ax.set_axis_off()
assert answers[0] == "military uniform" and answers[3] == "bow tie" and answers[1] == answers[4]

# %%
# Break it: the spoilt original
# -----------------------------
# Does "military uniform" come from the uniform? Cover it with the mean colour, which is 0 after normalising, and
# compare the score before and after. The first attempt finds no difference at all, and the conclusion would be: the
# network never looked at the uniform. But ``covered`` is a view. The assignment wrote into ``batch``, and both scores
# are those of the covered picture. With ``copy`` the score falls. (To say more, cover other parts as well and compare:
# any grey area disturbs a network.)

place = int(np.flatnonzero(classes == "military uniform")[0])
original = batch.copy()
for attempt, cover in {"view": lambda: batch[0], "copy": lambda: batch[0].copy()}.items():
    batch[:] = original
    covered = cover()
    covered[:, 130:] = 0  # the rows from the collar down
    before, after = classify(np.stack([batch[0], covered]))[:, place]
    intact = np.array_equal(batch, original)
    print(f"{attempt}: before {before:.1f}, after {after:.1f}; batch intact: {intact}")
assert before > after and np.array_equal(batch, original)

# %%
# Break it: four messages
# -----------------------
# These mistakes at least are reported. Which two things do not fit together in each? The last one often follows when
# you repair the order of the colours: PyTorch has no negative strides, so it cannot share the memory of
# ``[..., ::-1]``.

mistakes = {
    "stack photographs of different sizes": lambda: np.stack([photo, tower]),
    "a mask for another picture": lambda: photo[mask[:400]],
    "'and' between two masks": lambda: (red > 110) and (red > blue),
    "a reversed view to PyTorch": lambda: torch.from_numpy(with_opencv[..., ::-1]),
}
for name, mistake in mistakes.items():
    try:
        mistake()
    except (ValueError, IndexError) as error:
        print(name, fill(f"{type(error).__name__}: {error}", 72), "", sep="\n")

# %%
# First: crop or resize to one size before you stack. Second: a mask must have the lengths of the axes that it indexes;
# print both shapes. Third: ``and`` wants one truth value, while ``&`` works element by element; the parentheses around
# the comparisons are needed, because ``&`` binds more tightly than ``>``. Fourth: copy, for example with
# ``np.ascontiguousarray``, or let ``cv2.cvtColor`` make the RGB picture.
#
# Then and now
# ------------
# Code for pictures ages fast. Lesson 02 has what changed in NumPy's types; here is what changed around pictures. The
# cell runs the first two rows as they were written a few years ago, and both stop with an error.
#
# ======================================== =========================================== =================================
# Then                                     Now                                         Why
# ======================================== =========================================== =================================
# ``np.array(photo, copy=False)``          ``np.asarray(photo)``                       NumPy 2: "never copy"
# ``Image.ANTIALIAS``                      ``Image.Resampling.LANCZOS``                removed in Pillow 10
# ``transforms.ToTensor()``                ``v2.ToImage()``, ``v2.ToDtype(...)``       two steps, each with its own name
# ======================================== =========================================== =================================

old = {
    "np.array(..., copy=False)": lambda: np.array(photo, dtype=np.float32, copy=False),
    "Image.ANTIALIAS": lambda: Image.ANTIALIAS,
}
for name, call in old.items():
    try:
        call()
    except (ValueError, AttributeError) as error:
        message = str(error).split("\n")[0]
        print(name, fill(f"{type(error).__name__}: {message}", 72), "", sep="\n")

# %%
# What you learned
# ----------------
# - Slices and ``np.newaxis`` give views, lists of indices and masks give copies; ``np.shares_memory`` proves it.
# - From files to a batch: read, check RGB or BGR, resize, ``stack``, scale, normalise, HWC to CHW.
# - ``np.where`` chooses element by element; ``argpartition`` finds the k largest without sorting the rest.
# - Swapped channels and an edit in a view raise nothing. Only looking at the numbers and the pictures reveals them.
#
# Self-checks
# -----------
# **1.** Which shapes have ``batch[:, 0]``, ``batch[0, :, ::4]`` and ``batch[[0, 2]]``? Which of them are views?
#
# .. dropdown:: Answer
#
#    (3, 224, 224), (3, 56, 224) and (2, 3, 224, 224). The first two are views; the last one is a copy.
#
# **2.** ``photo[mask] = 0`` changes ``photo``, although ``photo[mask]`` gives a copy. Why?
#
# .. dropdown:: Answer
#
#    On the left of ``=`` nothing is read out and copied. NumPy writes to the places that the mask names. But
#    ``photo[mask][:] = 0`` makes the copy first, fills it with zeros, and forgets it.
#
# **3.** A mask comes from a PNG file, with the values 0 and 1 in ``uint8``. What does ``photo[mask]`` give?
#
# .. dropdown:: Answer
#
#    Numbers are taken for indices: each 0 becomes row 0 of the photograph, each 1 row 1, and the shape is (427, 640,
#    640, 3). No error is raised. Write ``photo[mask == 1]``.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_03>`.
#
# **1. Recall.** Take the green channel of the last photograph, its upper half, every second column, without copying.
#
# .. code-block:: python
#
#    batch = np.random.default_rng(0).random((5, 3, 8, 6))
#    part = batch[-1]
#
#    assert part.shape == (4, 3), "wrong shape"
#    assert np.shares_memory(part, batch), "it is a copy"
#    assert part[2, 1] == batch[4, 1, 2, 2], "these are not the right elements"
#    print("part:", part.shape, "a view of the batch")
#
# **2. Modify.** Instead of cutting the sides off, put the whole picture in the middle of a black square.
#
# .. code-block:: python
#
#    def letterbox(picture):
#        side = min(picture.shape[:2])
#        top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
#        return picture[top : top + side, left : left + side]
#
#    for height, width in ((40, 64), (60, 50)):
#        picture = np.random.default_rng(0).integers(1, 256, (height, width, 3), dtype=np.uint8)
#        square, side = letterbox(picture), max(height, width)
#        assert square.shape == (side, side, 3) and square.dtype == np.uint8, "not a uint8 square"
#        top, left = (side - height) // 2, (side - width) // 2
#        inner = square[top : top + height, left : left + width]
#        assert np.array_equal(inner, picture), "the picture is not in the middle"
#        assert np.count_nonzero(square) == picture.size, "the rest is not black"
#        print(picture.shape, "becomes", square.shape)
#
# **3. Extend.** A prediction counts as right in the *top-5* sense if the label is among the five largest scores. Compute
# the share for the whole batch, without a loop.
#
# .. code-block:: python
#
#    rng = np.random.default_rng(0)
#    scores, labels = rng.standard_normal((400, 50)), rng.integers(0, 50, 400)
#    scores[np.arange(400), labels] += 1
#    share = (scores.argmax(axis=1) == labels).mean()
#
#    best = torch.topk(torch.from_numpy(scores), 5).indices
#    expected = (best == torch.from_numpy(labels)[:, None]).any(dim=1).double().mean().item()
#    assert abs(share - expected) < 1e-12, f"{share:.1%} is not the share in the top 5"
#    print(f"top-5: {share:.1%}")
#
# In practice
# -----------
# - Read with ``Image.open(file).convert("RGB")``: grey pictures, palettes and transparency have other channels.
# - ``cv2.imread`` returns ``None`` for a file that it cannot read. Check it; the error comes later otherwise.
# - Look at one picture of the *finished* batch: transpose it back, undo the normalising, show it.
# - Write ``# (N, C, H, W)`` beside every array of pictures, and ``copy`` before you edit a part of one.
#
# Where this goes: :doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>` turns the photographs into tensors,
# :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>` joins and splits this batch, and lesson 06 loads pictures by
# the thousand.
#
# References
# ----------
# - \C. R. Harris and others: `Array programming with NumPy <https://doi.org/10.1038/s41586-020-2649-2>`__, 2020.
# - \J. Deng and others: `ImageNet: a large-scale hierarchical image database
#   <https://doi.org/10.1109/CVPR.2009.5206848>`__, 2009. The pictures behind the constants and the classes.
# - NumPy documentation: `Indexing on ndarrays <https://numpy.org/doc/stable/user/basics.indexing.html>`__, `Copies and
#   views <https://numpy.org/doc/stable/user/basics.copies.html>`__.
# - PyTorch documentation: :torch:`torch.topk`, `Transforms v2 <https://docs.pytorch.org/vision/stable/transforms.html>`__.
