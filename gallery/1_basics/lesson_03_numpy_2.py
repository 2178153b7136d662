"""
03 · NumPy 2: the operations deep learning uses
===============================================

A trained network looks at a portrait and answers "military uniform". We read the same file with another library and
send it through the same code into the same network, and now the answer is "bow tie". Nobody has changed the file, and
no error was raised. What happened between the file and the network? Was it bad luck, or does the mistake cost more than
one answer?

In this lesson you go the whole way yourself, from three photographs to a ranking of a thousand classes. Each step is
one operation on arrays, and we ask two questions about it: which shape does the result have, and does it share its
elements with the old array or hold a copy?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - predict the shape that an index gives, and whether the result is a view or a copy;
      - turn image files into a batch that a network accepts, and check each step;
      - select elements with masks and ``np.where``, and find the k largest scores;
      - recognise swapped colours, a picture on its side and an edited original, none of which raises an error.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`, for shapes, axes and broadcasting.
      - **Data:** a portrait that comes with Matplotlib, two photographs and the weights of MobileNetV2; 15 MB are
        downloaded once.
      - **Run time:** about 10 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# Two libraries read image files here: Pillow (imported as ``PIL``), which torchvision uses, and OpenCV (imported as
# ``cv2``). ``assets.path`` downloads files once, checks them, and returns their folder.
#
# .. fold:: The imports

# sphinx_gallery_number = 3
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = [2]
# sphinx_gallery_assets = ["photographs", "mobilenet-v2"]
# sphinx_gallery_thumbnail_number = 1
import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.cbook import get_sample_data
from PIL import ExifTags, Image, ImageOps
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2
from torchvision.transforms import v2

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import ORANGE, PAPER, draw_cells, use_course_style

use_course_style()
SEED = 3
generator = np.random.default_rng(SEED)

# %%
# The three files are a portrait of Grace Hopper, a tower by a lake (by danielbuechele, CC BY 2.0) and a flower (by
# vultilion, CC BY 2.0).
#
# .. fold:: Where the files are

portrait_file = get_sample_data("grace_hopper.jpg", asfileobj=False)
tower_file = assets.path("photographs") / "china.jpg"
flower_file = assets.path("photographs") / "flower.jpg"
files = [portrait_file, tower_file, flower_file]
print([Path(file).name for file in files])

# %%
# Look at the data: a photograph is an array
# ------------------------------------------
# ``Image.open`` opens a file with Pillow, and ``np.array`` turns the image into an :term:`array`. We begin with the
# flower, and print its shape, its dtype, its range and one pixel.

image = Image.open(flower_file)
photo = np.array(image)
print("shape:", photo.shape, "  dtype:", photo.dtype)
print("values from", photo.min(), "to", photo.max())
print("pixel in row 200, column 320:", photo[200, 320])

# %%
# The array has 427 rows, 640 columns and 3 :term:`channels <channel>`. This order of the axes is called HWC: height,
# width, channels. Each element is a whole number from 0 to 255.
#
# Pillow's three channels are red, green and blue, in short RGB. This pixel has much red, some green and little blue: it
# is orange.
#
# An :term:`index` in square brackets says what to take along each axis. A colon takes all of an axis (lesson 02), so
# ``photo[:, :, 0]`` is the whole first channel. Three dots stand for all axes that are not written, so ``photo[...,
# 0]`` is the same.

red = photo[..., 0]
green = photo[..., 1]
blue = photo[..., 2]
print("shape of one channel:", red.shape)
assert np.array_equal(red, photo[:, :, 0])

# %%
# The number 0 has taken the last axis away: one channel is a table of 427 rows and 640 columns. The figure shows each
# channel as a grey picture. A light place has much of this colour.
#
# .. fold:: How the figure is drawn

alt = "The three channels of the flower in grey: its petals are light in red and dark in blue."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1), num=alt)
channels = {"photo[..., 0]\nred": red, "photo[..., 1]\ngreen": green, "photo[..., 2]\nblue": blue}
for ax, (name, channel) in zip(axes, channels.items(), strict=True):
    ax.imshow(channel[20:380, 120:500], cmap="gray", vmin=0, vmax=255)
    ax.set_title(name, fontsize=10)
    ax.set_axis_off()

# %%
# The petals are light in the red channel and much darker in the blue one. The array itself does not say which channel
# is which colour. The next section shows why this matters.
#
# Look at the data: the same file, another reader
# -----------------------------------------------
# ``cv2.imread`` reads the same file with OpenCV. Compare the pixel in row 200 and column 320.

with_opencv = cv2.imread(str(flower_file))
print("OpenCV:", with_opencv.shape, with_opencv.dtype, "  pixel:", with_opencv[200, 320])
print("Pillow:", photo.shape, photo.dtype, "  pixel:", photo[200, 320])

# %%
# Shape and dtype are the same, but the pixel is the other way round: OpenCV stores blue, green, red, in short BGR. To
# repair this, we reverse the last axis: the index ``::-1`` takes an axis from its end to its start.
#
# Are the pictures of the two readers equal then? We subtract them. ``uint8`` cannot hold negative numbers, so 0 − 1
# would become 255 (:doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`). It is enough to convert one side: ``int16``
# minus ``uint8`` is ``int16``.

for file in files:
    by_pillow = np.array(Image.open(file))
    by_opencv = cv2.imread(str(file))[..., ::-1]
    difference = np.abs(by_pillow.astype(np.int16) - by_opencv)
    print("largest difference:", difference.max())
    assert difference.mean() < 1

# %%
# With its channels reversed, OpenCV's picture is Pillow's picture, for all three files. (Other versions of the two
# libraries may round differently.) If you forget the repair, you see this:
#
# .. fold:: How the figure is drawn

alt = "The flower three times: orange, then blue because its channels are swapped, then orange."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1), num=alt)
pictures = {
    "Pillow\n": photo,
    "OpenCV\n": with_opencv,
    "OpenCV\n[..., ::-1]": with_opencv[..., ::-1],
}
for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
    ax.imshow(picture[20:380, 120:500])
    ax.set_title(name, fontsize=10)
    ax.set_axis_off()

# %%
# A blue flower looks strange to us, but nothing in the program can notice it: shape, dtype and range are right.
#
# Predict
# -------
# A slice such as ``row[2:5]`` takes the elements 2, 3 and 4. What happens to ``row`` when you change the slice?
#
# .. choice:: What does the last line print?
#    :outputs: slice_shares
#
#    .. code-block:: python
#
#       row = np.arange(6)  # 0 1 2 3 4 5
#       part = row[2:5]
#       part[0] = 9
#       print(row)
#
#    - ``part`` has no elements of its own. It shares those of ``row``, so element 0 of ``part`` is element 2 of
#      ``row``.
#
#    - This would be right for a Python list, whose slice is a copy, and for ``row[[2, 3, 4]]``, an index with a list.
#
#    - ``part[:] = 9`` would write to the whole slice; ``part[0]`` is only its first element.

row = np.arange(6)
part = row[2:5]
part[0] = 9
print(row)

# %%
# The 9 has arrived in ``row``, although we only wrote to ``part``. The section "view or copy" explains why.
#
# .. fold:: The code of the choices


def slice_is_changed():
    row = np.arange(6)
    part = row[2:5]
    part[0] = 9
    print(row)


def copy_is_changed():
    row = np.arange(6)
    part = row[[2, 3, 4]]
    part[0] = 9
    print(row)


def whole_slice_is_changed():
    row = np.arange(6)
    part = row[2:5]
    part[:] = 9
    print(row)


run_choices("slice_shares", right=slice_is_changed, wrong=[copy_is_changed, whole_slice_is_changed])

# %%
# Build it: an index and its shape
# --------------------------------
# For the rules we take a small table ``x`` with 4 rows and 6 columns. An index may hold numbers, :term:`slices <slice>`
# and ``np.newaxis``. A slice is written ``start:stop:step``. A negative number counts from the end: −1 is the last
# element. Say each shape before you read the output.

x = np.arange(24).reshape(4, 6)
print("x[1]              ", x[1].shape)
print("x[-1]             ", x[-1].shape)
print("x[1:2]            ", x[1:2].shape)
print("x[1:3, ::2]       ", x[1:3, ::2].shape)
print("x[np.newaxis]     ", x[np.newaxis].shape)
print("x[:, np.newaxis]  ", x[:, np.newaxis].shape)
assert np.newaxis is None

# %%
# A number takes its axis away. A slice keeps its axis, even if only one element is left, as in ``x[1:2]``.
# ``np.newaxis`` adds an axis of length 1 where it stands. It is another name for ``None``, so ``x[:, None]`` means the
# same.
#
# An index may also be a list or an array of numbers. In two lists, the first entries of both name one element, the
# second entries the next one.

rows = [0, 2]
columns = [1, 4]
print(x[rows, columns])
assert np.array_equal(x[rows, columns], [x[0, 1], x[2, 4]])

# %%
# Two pairs, two elements: one in row 0 and column 1, the other in row 2 and column 4.
#
# A third kind of index is a :term:`mask`: an array of ``True`` and ``False``. A comparison makes one.

divisible = x % 5 == 0
print("mask:", divisible.shape, divisible.dtype)
print("selected:", x[divisible])

# %%
# The mask picks the elements for which it is true, and puts them into one row. Indexing with lists, arrays or masks is
# called *advanced indexing*, or often :term:`fancy indexing`. The figure shows the three kinds of index.
#
# .. fold:: How the figure is drawn

picks = {
    "x[1:3, ::2]": x[1:3, ::2],
    "x[rows, columns]": x[rows, columns],
    "x[x % 5 == 0]": x[divisible],
}
alt = "Slices pick a grid, two lists two single cells, a mask five single cells."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.7), num=alt)
for ax, (name, pick) in zip(axes, picks.items(), strict=True):
    draw_cells(ax, x, colours=np.where(np.isin(x, pick), ORANGE, PAPER))
    ax.set_title(f"{name}\n{pick.shape}", family="monospace", fontsize=9)

# %%
# Slices pick a regular grid. A list or a mask can pick any elements. This difference decides the next question.
#
# Build it: view or copy
# ----------------------
# A :term:`view` is an array that reads the memory of another array. A :term:`copy` has memory of its own. Think of a
# document on a shared drive: a view is a second window on the same file, a copy is a file that you have downloaded.
# ``np.shares_memory`` tells which of the two you have.

print("x[1:3]         shares memory with x:", np.shares_memory(x[1:3], x))
print("x[:, ::-1]     shares memory with x:", np.shares_memory(x[:, ::-1], x))
print("x[np.newaxis]  shares memory with x:", np.shares_memory(x[np.newaxis], x))
print("x[[1, 2]]      shares memory with x:", np.shares_memory(x[[1, 2]], x))
print("x[divisible]   shares memory with x:", np.shares_memory(x[divisible], x))

# %%
# Slices give views, and so does ``np.newaxis``; lists and masks give copies. Compare ``x[1:3]`` with ``x[[1, 2]]``: the
# same elements in the same shape, once shared and once copied.
#
# The reason is the regular grid. NumPy can describe it by a start and one step for each axis, so nothing has to move
# (:doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>` shows how). The elements of a list or a mask follow no such
# rule, so they must be collected.
#
# Build it: masks and ``where``
# -----------------------------
# Masks also work on pictures. Which pixels of the flower are orange? We say: much red, and more red than blue. ``&``
# joins two masks by "and", ``|`` by "or"; ``~`` reverses a mask. The mean of a mask is the share of true elements.

mask = (red > 110) & (red > blue)
print("mask:", mask.shape, mask.dtype)
print(f"true for {mask.mean():.0%} of the pixels")
print("photo[mask]:", photo[mask].shape)

# %%
# The mask has one element for each pixel. (The limit 110 was found by trying.) A mask may also cover only the first
# axes: ``photo[mask]`` has the shape (66503, 3), one row for each chosen pixel.
#
# ``np.where(mask, a, b)`` takes an element of ``a`` where the mask is true, and of ``b`` elsewhere. All three are
# broadcast against each other. The mask has the shape (427, 640) and the photograph (427, 640, 3), so the mask needs a
# new last axis: ``mask[..., np.newaxis]``.

grey = photo.mean(axis=2, keepdims=True)  # (427, 640, 1)
splash = np.where(mask[..., np.newaxis], photo, grey)  # (427, 640, 3), float64
splash = splash.astype(np.uint8)
print("splash:", splash.shape, splash.dtype)
assert np.array_equal(splash[mask], photo[mask])

# %%
# The lengths 1 and 3 of the last axis fit by broadcasting: one ``True`` or ``False`` decides for all three channels of
# its pixel.
#
# .. fold:: How the figure is drawn

alt = "A mask in the form of the flower, and the flower in colour before leaves in grey."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.1), num=alt)
for ax, picture, name in zip(axes, (mask, splash), ("mask", "splash"), strict=True):
    ax.imshow(picture, cmap="gray")
    ax.set_title(name)
    ax.set_axis_off()

# %%
# The flowers have kept their colours, and everything else is grey.
#
# Build it: pictures of one size
# ------------------------------
# Networks read several pictures at once, a :term:`batch`. A batch is one array, a regular grid, so all pictures in it
# must have the same size. ``image.resize`` changes the size of a Pillow image, ``cv2.resize`` that of an array. Both
# want the width first, then the height.

print("Pillow:", np.array(image.resize((80, 53))).shape)
print("OpenCV:", cv2.resize(photo, (80, 53)).shape)

# %%
# 80 columns and 53 rows: an array gives its rows first. If you pass ``photo.shape[:2]`` to ``resize``, no error is
# raised, and you get a distorted picture.
#
# Our network was trained on pictures of 224 × 224 pixels. ``ImageOps.fit`` cuts the largest square out of the middle of
# a picture and resizes it, so that nothing is distorted.

squares = []
for file in files:
    square = ImageOps.fit(Image.open(file), (224, 224))
    squares.append(np.array(square))
print([square.shape for square in squares])

# %%
# Three arrays of the same shape. Next they become one array.
#
# Build it: a batch
# -----------------
# ``np.stack`` adds a new first axis and puts the arrays one behind the other along it. ``np.concatenate`` joins them
# along an axis that they already have.

photos = np.stack(squares)
side_by_side = np.concatenate(squares, axis=1)
print("stack:      ", photos.shape)
print("concatenate:", side_by_side.shape)
assert not np.shares_memory(photos, squares[0])
assert not np.shares_memory(side_by_side, squares[0])

# %%
# The batch has the axes N, H, W, C: number of photographs, rows, columns, channels. Be careful: the shape (3, 224, 224,
# 3) does not tell you which 3 counts photographs and which counts channels.
#
# ``concatenate`` along axis 1 has put the columns side by side: 3 · 224 = 672. Both functions copy.
#
# Build it: normalise, and channels first
# ---------------------------------------
# The values still run from 0 to 255. In the training of the network, each value was divided by 255. Then each channel
# was :term:`normalised <normalise>` as in lesson 02: its mean was subtracted, and the result was divided by its
# standard deviation.
#
# We must use the same six constants, whatever our own pictures are like. They were computed from ImageNet, the
# photographs of the training.

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)

scaled = photos / np.float32(255)  # (N, H, W, C), 0 to 1
normalised = (scaled - MEAN) / STD  # (N, H, W, C) with (C,)
print("scaled:     from", scaled.min(), "to", scaled.max(), "  dtype:", scaled.dtype)
print(f"normalised: from {normalised.min():.2f} to {normalised.max():.2f}")

# %%
# ``MEAN`` has the shape (3,). By broadcasting it meets the last axis, the channels, so each channel is shifted by its
# own value. We divide by ``np.float32(255)`` because the network computes in ``float32``; a plain 255 would give
# ``float64``.
#
# One step is left. PyTorch's networks expect the channels before the rows: (N, C, H, W). ``transpose`` gives the axes a
# new order: first axis 0, then axis 3, then 1 and 2. We need all the steps again later, so we write them as one
# function.


def prepare(photos):
    """A batch of shape (N, C, H, W), float32, from RGB photographs (N, H, W, C), uint8."""
    scaled = photos / np.float32(255)
    normalised = (scaled - MEAN) / STD
    return normalised.transpose(0, 3, 1, 2)


batch = prepare(photos)
print("batch:", batch.shape, batch.dtype)
assert np.array_equal(batch[2, 0], normalised[2, :, :, 0])
assert np.shares_memory(normalised.transpose(0, 3, 1, 2), normalised)

# %%
# The shape is now (3, 3, 224, 224), and no pixel was lost: ``batch[2, 0]`` is the red channel of the flower.
# ``transpose`` gives a view, like a slice.
#
# Build it: the k largest
# -----------------------
# For each photograph the network will give one score for each class, and we want the best few. ``argmax`` gives the
# *index* of the largest element. ``argsort`` answers: in which order must I take the elements to sort them?

marks = np.array([2, 9, 4, 7])
print("argmax:      ", np.argmax(marks))
print("argsort:     ", np.argsort(marks))
print("largest two: ", np.argsort(marks)[::-1][:2])

# %%
# The elements are sorted if we take first index 0 (the 2), then 2 (the 4), 3 (the 7) and 1 (the 9). So the largest two
# are the last two of ``argsort``, in reverse order.
#
# With ``axis=-1``, the last axis, each row of a table is sorted on its own. So one function serves a single vector and
# a whole batch.


def top_k(scores, k):
    """Indices of the k largest elements along the last axis, the largest first."""
    order = np.argsort(scores, axis=-1)  # the smallest first
    return order[..., ::-1][..., :k]


table = np.array([[2, 9, 4, 7], [8, 1, 3, 5]])
print("argmax of each row:", np.argmax(table, axis=1))
print("top 2 of each row: ", top_k(table, 2).tolist())

# %%
# It is a waste to sort a million scores in order to keep five. ``np.argpartition(scores, -5)`` does less: it moves the
# indices of the five largest to the end, in no particular order, and does not sort the rest. Then we sort only these
# five.


def top_k_partition(scores, k):
    """The same for one vector, without sorting all of it."""
    best = np.argpartition(scores, -k)[-k:]  # in no particular order
    order = top_k(scores[best], k)
    return best[order]  # order counts within best; best[order] counts in scores


print("top 2:", top_k_partition(marks, 2))

# %%
# The result is the same, and only two elements were sorted.
#
# Check against PyTorch
# ---------------------
# Torchvision has the same steps under its own names: ``v2.ToImage`` moves the channels to the front, ``v2.ToDtype``
# divides by 255, and ``v2.Normalize`` uses the constants. Our batch must equal theirs. PyTorch's function for the k
# largest is ``torch.topk``; our two functions must find the same indices.
#
# .. fold:: Checked against torchvision and torch.topk

steps = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
by_torchvision = torch.stack([steps(square) for square in squares])
torch.testing.assert_close(torch.from_numpy(batch), by_torchvision)
print("the batch equals torchvision's, up to the rounding of float32")

for _ in range(200):
    vector = generator.standard_normal(100)
    expected = torch.topk(torch.from_numpy(vector), 5).indices.tolist()
    assert top_k(vector, 5).tolist() == expected
    assert top_k_partition(vector, 5).tolist() == expected
print("200 vectors: the same five indices in all of them")

# %%
# Both agree.
#
# Use it: what do the photographs show?
# -------------------------------------
# Now the batch goes into MobileNetV2, a network trained on the 1,000 classes of ImageNet.
#
# .. fold:: How the network is loaded

device = pick_device()
model = mobilenet_v2()
weights_file = assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth"
model.load_state_dict(assets.load_state_dict(weights_file))
model.eval().to(device)
weights = MobileNet_V2_Weights.IMAGENET1K_V1
classes = np.array(weights.meta["categories"])

# %%
# ``classify`` turns our array into a tensor, calls the network, and turns the answer into an array again.
# ``torch.no_grad`` says that nothing is to be trained; ``to(device)`` moves the data to the GPU if there is one, and
# ``cpu()`` brings the answer back.


def classify(batch):
    """Scores, shape (N, 1000), of a batch of shape (N, 3, H, W)."""
    with torch.no_grad():
        return model(torch.from_numpy(batch).to(device)).cpu().numpy()


scores = classify(batch)
print("scores:", scores.shape)

# %%
# Each photograph has one score for each class. A score is not a probability; only larger is better. Which are the five
# best classes?

for row_of_scores in scores:
    best = top_k(row_of_scores, 5)
    print(", ".join(f"{classes[i]} {row_of_scores[i]:.1f}" for i in best))
assert "dahlia" not in classes

# %%
# "Military uniform" is right, and "palace" is good for a tower of the Summer Palace in Beijing. The flower is a dahlia.
# None of the 1,000 classes has this name, so the network can only name other things.
#
# Break it: the wrong order of colours
# ------------------------------------
# Here is what happened at the beginning of this lesson. Someone reads the files with OpenCV and forgets to reverse the
# channels. The batch is then made of ``photos[..., ::-1]``.

swapped_scores = classify(prepare(photos[..., ::-1]))
answers = classes[np.argmax(scores, axis=1)]
swapped_answers = classes[np.argmax(swapped_scores, axis=1)]
for answer, swapped_answer in zip(answers, swapped_answers, strict=True):
    print(f"{answer:18} with swapped colours: {swapped_answer}")
assert answers[0] == "military uniform" and swapped_answers[0] == "bow tie"

# %%
# Two of the three answers have changed, and no line of code could notice. (The flower has no right answer, so only the
# first change is a loss.) The figure shows what the network saw: above the right colours, below the swapped ones.
#
# .. fold:: How the figure is drawn

alt = "Three photographs and their answers; below them in false colours, two answers have changed."
fig, axes = plt.subplots(2, 3, figsize=(5.2, 3.9), num=alt)
shown = np.concatenate([photos, photos[..., ::-1]])
titles = np.concatenate([answers, swapped_answers])
for ax, picture, title in zip(axes.flat, shown, titles, strict=True):
    ax.imshow(picture)
    ax.set_title(title)
    ax.set_axis_off()

# %%
# One square may be chance. So we cut 40 other squares out of the portrait and out of the tower, at random positions and
# of random size, and count the right answers, with true and with swapped colours.
#
# Each square is used twice, so we subtract its two results. The difference is 1 if only the true colours give the right
# answer, −1 if only the swapped ones do, and 0 otherwise.
#
# We add up the differences. The :term:`standard error` says how much this sum would typically vary if we cut other
# squares.
#
# .. fold:: How the squares are cut and counted


def random_squares(image, count):
    """Squares of 224 × 224 pixels, shape (count, 224, 224, 3), from random parts of an image."""
    crops = []
    for _ in range(count):
        side = int(min(image.size) * generator.uniform(0.8, 1.0))
        left = int(generator.integers(0, image.width - side + 1))
        top = int(generator.integers(0, image.height - side + 1))
        crop = image.crop((left, top, left + side, top + side))
        crops.append(np.array(crop.resize((224, 224))))
    return np.stack(crops)


in_standard_errors = []
for file, name in ((portrait_file, "military uniform"), (tower_file, "palace")):
    crops = random_squares(Image.open(file), 40)
    right = classes[np.argmax(classify(prepare(crops)), axis=1)] == name
    swapped = classes[np.argmax(classify(prepare(crops[..., ::-1])), axis=1)] == name
    difference = right.astype(int) - swapped
    standard_error = difference.std(ddof=1) * np.sqrt(40)
    print(f"{name}: right in {right.sum()} of 40 squares")
    print(f"  with swapped colours: in {swapped.sum()}")
    print(f"  difference {difference.sum()}, standard error {standard_error:.1f}")
    in_standard_errors.append(difference.sum() / standard_error)
assert in_standard_errors[0] > 2

# %%
# For the portrait even the true colours are right for only about half of the squares, and the swap takes most of these
# answers away: the difference is several standard errors. So the bow tie was more than bad luck.
#
# The tower shows no such loss. This makes the mistake hard to find: some answers are lost, others stay right. (The
# squares of one photograph resemble each other, so the counts speak only of these two photographs.)
#
# Break it: a picture on its side
# -------------------------------
# There is a second difference between the two readers. If you turn your phone to take a picture, the phone usually
# stores the pixels as they come from the sensor. It adds a note, "turn me when you show me", in a part of the file that
# is called EXIF.
#
# We make such a file: the pixels of the portrait lie on their side, and orientation 6 means "turn a quarter to the
# right". Then we read it in three ways.
#
# .. fold:: How the file is made and read

on_its_side = Image.open(portrait_file).transpose(Image.Transpose.ROTATE_90)
note = Image.Exif()
note[ExifTags.Base.Orientation] = 6

with tempfile.TemporaryDirectory() as folder:
    phone_file = Path(folder) / "phone.jpg"
    on_its_side.save(phone_file, exif=note)
    stored = Image.open(phone_file)
    print("Image.open:     ", np.array(stored).shape)
    print("cv2.imread:     ", cv2.imread(str(phone_file)).shape)
    print("exif_transpose: ", np.array(ImageOps.exif_transpose(stored)).shape)

# %%
# ``Image.open`` gives the pixels as they are stored. ``cv2.imread`` follows the note and turns them. With Pillow you
# have to ask for it: ``ImageOps.exif_transpose`` returns the upright image.
#
# Break it: the edited original
# -----------------------------
# Does the answer "military uniform" really come from the uniform? We can cover it and see whether the score falls.
# After normalising, the mean colour is 0, so we set all rows from the collar down to 0.

uniform = classes.tolist().index("military uniform")
covered = batch[0]
covered[:, 130:] = 0  # all channels, rows 130 and below
two_scores = classify(np.stack([batch[0], covered]))  # (2, 1000)
before, after = two_scores[:, uniform]
print(f"score before: {before:.1f}, after: {after:.1f}")
assert before == after

# %%
# Nothing has changed. Does this mean that the uniform is unimportant? We cannot say, because the experiment went wrong.
# ``batch[0]`` is a view, so the assignment has written into ``batch``: in the ranking above the score was 11.7, and
# here "before" is already 7.5.
#
# We make the batch again, and this time we copy before we write.

batch = prepare(photos)
covered = batch[0].copy()
covered[:, 130:] = 0
two_scores = classify(np.stack([batch[0], covered]))  # (2, 1000)
before, after = two_scores[:, uniform]
print(f"score before: {before:.1f}, after: {after:.1f}")
assert before - after > 3

# %%
# Now the score falls. (This alone does not prove that the network looks at the uniform: a large grey area may disturb
# it wherever it lies.)
#
# Break it: two messages
# ----------------------
# These two mistakes do raise an error. The first one joins two masks by ``and``.

try:
    (red > 110) and (red > blue)
except ValueError as error:
    print("ValueError:", error)

# %%
# ``and`` needs a single true or false, but a mask has many. Write ``&``, and keep the parentheses around the
# comparisons, because ``&`` binds more tightly than ``>``.
#
# The second mistake often follows when you repair the order of the colours.

try:
    torch.from_numpy(with_opencv[..., ::-1])
except ValueError as error:
    print("ValueError:", error)

# %%
# ``::-1`` gives a view that walks backwards through memory, with a negative step. PyTorch's tensors cannot do this, so
# they cannot share this memory. Copy first, with ``np.ascontiguousarray``, or let ``cv2.cvtColor(picture,
# cv2.COLOR_BGR2RGB)`` make a new array.
#
# Then and now
# ------------
# Here are two lines from older code for pictures, run as they were written.
#
# .. then-and-now:: pictures
#
#    - Since NumPy 2, ``copy=False`` means "never copy". Here the dtype changes, so a copy is needed. Where none is
#      needed, the old line still runs.
#
#    - Pillow 10 removed the name ``ANTIALIAS``. ``LANCZOS`` is the same filter; ``Image.LANCZOS`` still works.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "pictures",
    [
        (
            "np.array(photo, dtype=np.float32, copy=False)",
            "np.asarray(photo, dtype=np.float32)",
        ),
        (
            "image.resize((80, 53), Image.ANTIALIAS)",
            "image.resize((80, 53), Image.Resampling.LANCZOS)",
        ),
    ],
    globals(),
)

# %%
# What you learned
# ----------------
# - A number takes its axis away, a slice keeps it, ``np.newaxis`` adds one. Slices give views, lists and masks give
#   copies, and ``np.shares_memory`` tells which you have.
# - From files to a batch: read, check the colours and which side is up, resize (width first), ``stack``, normalise with
#   the constants of the training, HWC to CHW.
# - ``np.where`` chooses element by element; ``argsort`` gives the order of all elements, and ``argpartition`` finds the
#   k largest without sorting the rest.
# - Swapped colours, a picture on its side and an edit in a view raise no error. You have to look at the pictures and
#   the numbers.
#
# Self-checks
# -----------
# .. choice:: ``batch`` has the shape (3, 3, 224, 224). Which of these expressions gives a copy?
#    :right: 3
#
#    - ``batch[:, 0]``
#
#      A colon and a number give a view, of the shape (3, 224, 224).
#
#    - ``batch[0, :, ::4]``
#
#      A number and slices give a view, of the shape (3, 56, 224).
#
#    - ``batch[[0, 2]]``
#
#      A list of indices gives a copy, of the shape (2, 3, 224, 224).
#
# .. choice:: ``photo[mask]`` gives a copy. Why does ``photo[mask] = 0`` change ``photo`` all the same?
#    :right: 2
#
#    - Because an index with a mask is a view when it stands alone.
#
#      It is always a copy. With ``selected = photo[mask]`` and then ``selected[:] = 0``, ``photo`` stays as it is.
#
#    - Because on the left of ``=`` the mask only says where to write.
#
#      NumPy writes 0 to the positions for which the mask is true, and no copy is made.
#
#    - Because the mask and the photograph share memory.
#
#      The mask is the result of a comparison and has memory of its own.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_03>`.
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
# **2. Modify.** ``ImageOps.fit`` cuts the sides off. Write ``letterbox``, which puts the whole picture in the middle of
# a black square instead.
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
# **3. Extend.** A prediction is right in the *top-5* sense if its label is among the five largest scores. Compute the
# share of such predictions for the whole batch, without a loop. (``hits.any(axis=1)`` is true for each row of ``hits``
# in which at least one element is true.)
#
# .. code-block:: python
#
#    generator = np.random.default_rng(0)
#    scores, labels = generator.standard_normal((400, 50)), generator.integers(0, 50, 400)
#    scores[np.arange(400), labels] += 1
#    share = (scores.argmax(axis=1) == labels).mean()
#
#    assert abs(share - 0.345) < 1e-12, f"{share:.1%} is not the share in the top 5"
#    print(f"top-5: {share:.1%}")
#
# In practice
# -----------
# - Take the preprocessing from the weights: ``weights.transforms()``.
# - Read with ``ImageOps.exif_transpose(Image.open(file)).convert("RGB")``: the picture is upright, and grey pictures
#   and palettes become three channels. (Transparency is dropped, not blended with a background.)
# - Look at one picture of the *finished* batch: move its channels back, undo the normalising, show it.
# - Write ``# (N, C, H, W)`` beside every array of pictures, and ``copy`` before you edit a part of one.
#
# References
# ----------
# - \C. R. Harris and others: `Array programming with NumPy <https://doi.org/10.1038/s41586-020-2649-2>`__, 2020.
# - \J. Deng and others: `ImageNet: a large-scale hierarchical image database
#   <https://doi.org/10.1109/CVPR.2009.5206848>`__, 2009.
# - \M. Sandler and others: `MobileNetV2: inverted residuals and linear bottlenecks
#   <https://arxiv.org/abs/1801.04381>`__, 2018.
# - NumPy documentation: `Indexing on ndarrays <https://numpy.org/doc/stable/user/basics.indexing.html>`__, `Copies and
#   views <https://numpy.org/doc/stable/user/basics.copies.html>`__.
# - Pillow documentation: `ImageOps.exif_transpose
#   <https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.exif_transpose>`__.
# - PyTorch documentation: :torch:`torch.topk`, `Transforms v2
#   <https://docs.pytorch.org/vision/stable/transforms.html>`__.
