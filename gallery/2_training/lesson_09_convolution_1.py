"""
09 · Convolution 1: opening the computer's eyes
===============================================

Train a network of :term:`fully connected layers <fully connected layer>` to read handwritten digits, and then move
every digit by three pixels. You still read them without effort. The network now misreads more than half of them. What
has it learned, if three pixels can destroy it?

This lesson builds the operation that is the first half of the cure. A convolution slides a few parameters over the
whole picture and asks the same question at every position. Nine parameters are enough to find edges.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - compute a convolution by hand, for one channel and for several;
      - derive the size of the output, and the number of parameters of a layer;
      - write a convolution as loops and as one product of matrices, and say why the second is fast;
      - say what moves when the picture moves, and what does not.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`, for joining tensors and picking
        elements; lesson 04 (shapes and views) and lesson 01 (gradients) come before it.
      - **Data:** one photograph, the handwritten digits of MNIST, and the weights of MobileNetV2; 32 MB are downloaded
        once.
      - **Run time:** about 20 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``F.conv2d`` is the function of PyTorch that this lesson rebuilds. ``fit`` trains a network. What happens inside
# ``fit`` is the subject of lessons 11 to 14; here it is a tool.

# sphinx_gallery_number = 9
# sphinx_gallery_budget_s = 30
# sphinx_gallery_needs = [5]
# sphinx_gallery_assets = ["photographs", "mobilenet-v2", "mnist"]
# sphinx_gallery_thumbnail_number = 6
import timeit
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

from dlcourse import assets, conv
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import COLOUR_CYCLE, ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import fit

SEED = 9  # decides the settings of the checks, the noise and the random kernels
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data
# ----------------
# The photograph shows the Tower of Buddhist Incense in the Summer Palace in Beijing (by danielbuechele, CC BY 2.0). The
# mean over the three colours turns it into a grey picture. We cut out six rows and six columns that lie across one of
# the posts.

photo = torch.from_numpy(plt.imread(assets.path("photographs") / "china.jpg").copy())
grey = photo.float().mean(2)  # (427, 640): rows, columns
print(f"photo {tuple(photo.shape)} {photo.dtype}, grey {tuple(grey.shape)} {grey.dtype}")

patch = grey[204:210, 315:321].round().int()
print(patch)

# %%
# These 36 numbers are all that a computer sees there. In the figure they stand beside the photograph, each cell in its
# own grey. (The white frame is larger than the cut; the 36 pixels lie in its middle.)
#
# No single number tells us that there is a post. What tells us is the fall from about 230 to about 40 between
# neighbours. So an operation that finds edges must look at neighbouring pixels together.
#
# .. fold:: How the figure is drawn

alt = "A photograph of a tower with one post framed, and the grey values of 36 pixels there."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.5), width_ratios=(1.25, 1), num=alt)
axes[0].imshow(photo[:400, 30:430].numpy())
frame = plt.Rectangle((270, 189), 36, 36, fill=False, edgecolor="white", linewidth=2)
axes[0].add_patch(frame)
axes[0].set_axis_off()
right = draw_cells(axes[1], patch, colours=(patch.numpy() / 255).astype(str))

# %%
# Predict
# -------
# A :term:`convolution` works with two arrays: an image, and a much smaller one, the :term:`kernel`. Think of a small
# window that you push over a page. At each position of the window, three things happen:
#
# 1. Lay the kernel on the image. The part of the image beneath it is the *window*.
# 2. Multiply each element of the kernel by the pixel beneath it.
# 3. Add up the products. The sum is one element of the output.
#
# Then move the kernel by one column. At the end of a row, go on one row further down, at the left edge. The kernel must
# never hang over the edge of the image. Here are an image of 4 × 4 pixels and a kernel of 2 × 2 elements.

image = torch.tensor([[1, 2, 0, 1], [0, 1, 3, 2], [2, 0, 1, 1], [1, 3, 0, 2]])
kernel = torch.tensor([[1, 2], [0, -1]])
print(image)
print(kernel)

# %%
# At the first position the sum is :math:`1·1 + 2·2 + 0·0 + 1·(-1) = 4`.
#
# .. choice:: What is the whole output?
#    :outputs: output_of_the_convolution
#
#    - There are three positions along a row and three along a column, so the output is 3 × 3. The last window holds 1,
#      1, 0 and 2, and its sum is :math:`1·1 + 1·2 + 0·0 + 2·(-1) = 1`.
#
#    - Here the kernel has moved by two columns and two rows at a time, so that no two windows overlap. That is
#      possible, and you will meet it below as the *stride*. But we move by one.
#
#    - Here the kernel was turned by 180 degrees before it was laid on the image. Mathematics books do that; deep
#      learning does not. More about this below.
#
# Build it: every position by hand
# --------------------------------
# Two loops visit all positions. At each of them a slice cuts the window out of the image. We print the four products
# and their sum.

output = torch.zeros(3, 3, dtype=torch.int64)
for row in range(3):
    for column in range(3):
        window = image[row : row + 2, column : column + 2]  # (2, 2)
        products = window * kernel
        output[row, column] = products.sum()
        print(f"({row}, {column}): {products.flatten().tolist()}, sum {products.sum()}")
print(output)
assert output[0, 0] == 4 and output[2, 2] == 1

# %%
# The nine sums are the whole output. A convolution only multiplies and adds.
#
# .. fold:: The code of the choices


def as_defined():
    print(F.conv2d(image[None, None], kernel[None, None])[0, 0])


def without_overlap():
    print(F.conv2d(image[None, None], kernel[None, None], stride=2)[0, 0])


def turned_by_180_degrees():
    print(F.conv2d(image[None, None], kernel.flip(0, 1)[None, None])[0, 0])


wrong = [without_overlap, turned_by_180_degrees]
run_choices("output_of_the_convolution", right=as_defined, wrong=wrong)

# %%
# The animation shows the nine steps. Notice what is *shared*: the same four parameters compute all nine outputs. A
# fully connected layer from 16 inputs to 9 outputs has 144 weights, one for each pair of an input and an output.
#
# .. fold:: How the animation is drawn

alt = "A 2 by 2 window moves over a 4 by 4 image; each of its nine positions gives one output."
fig, ax = plt.subplots(figsize=(5.2, 2.5), num=alt)


def draw_position(step):
    """Draw the window at one of the nine positions, and the outputs up to it."""
    row, column = divmod(step, 3)
    ax.clear()
    colours = np.full((4, 4), PAPER)
    colours[row : row + 2, column : column + 2] = ORANGE
    draw_cells(ax, image, colours=colours)
    draw_cells(ax, kernel, colours=SKY, origin=(5, 1))
    sums = output.flatten().tolist()
    shown = [str(sums[n]) if n <= step else "" for n in range(9)]
    draw_cells(ax, np.reshape(shown, (3, 3)), origin=(8, 0.5))
    draw_cells(ax, shown[step], colours=ORANGE, origin=(8 + column, 0.5 + row))
    for name, x in (("image", 2), ("kernel", 6), ("output", 9.5)):
        ax.text(x, -0.3, name, ha="center", fontsize=11)
    terms = []
    window = image[row : row + 2, column : column + 2]
    for pixel, weight in zip(window.flatten().tolist(), kernel.flatten().tolist(), strict=True):
        terms.append(f"{pixel}·{weight}" if weight >= 0 else f"{pixel}·({weight})")
    ax.text(5.5, 4.8, " + ".join(terms) + f" = {sums[step]}", ha="center", fontsize=11)
    ax.set(xlim=(-0.1, 11.1), ylim=(5, -1))


animation = FuncAnimation(fig, draw_position, frames=9, interval=900)
fig.canvas.draw()  # Matplotlib warns of an animation that nothing ever drew
print("9 frames, one for each position")

# %%
# Build it: find an edge
# ----------------------
# We put the two loops into a function for any image and any square kernel. If the image has :math:`L` rows and the
# kernel has :math:`k` rows, there are :math:`L - k + 1` positions from top to bottom. We try it on the patch of the
# photograph, with the kernel of Irwin Sobel.


def convolve(image, kernel):
    """Slide a kernel (k, k) over an image (rows, columns)."""
    k = kernel.shape[0]
    rows = image.shape[0] - k + 1
    columns = image.shape[1] - k + 1
    output = torch.zeros(rows, columns, dtype=image.dtype)
    for row in range(rows):
        for column in range(columns):
            window = image[row : row + k, column : column + k]  # (k, k)
            output[row, column] = (window * kernel).sum()
    return output


assert torch.equal(convolve(image, kernel), output)
sobel = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
print(convolve(patch, sobel))

# %%
# The negative elements of this kernel lie on the left and the positive ones on the right. So it computes "what is on
# the right minus what is on the left", over three rows. If both sides were equally bright, the result would be 0.
#
# In the two left columns of the output it is far below 0: there bright turns to dark. In the two right columns, where
# dark turns to bright again, it is far above 0. Nine parameters have found both edges of the post.
#
# Build it: several input channels
# --------------------------------
# A colour photograph has three :term:`channels <channel>`: red, green and blue. How can a kernel look at all of them?
# It gets one :math:`k × k` array for each channel. Each array slides over its own channel, and the results are added
# up. It is like a bill in three currencies: each has its own exchange rate, but in the end there is one sum.
#
# We take a picture with two channels of 3 × 3 pixels and one kernel, whose shape is (2, 2, 2): channels, rows, columns.

picture = torch.tensor([[[1, 0, 2], [2, 1, 0], [0, 1, 1]], [[0, 1, 1], [1, 2, 0], [2, 0, 1]]])
kernel_0 = torch.tensor([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
print("picture", tuple(picture.shape), "kernel", tuple(kernel_0.shape))

from_channel_0 = convolve(picture[0], kernel_0[0])
from_channel_1 = convolve(picture[1], kernel_0[1])
map_0 = from_channel_0 + from_channel_1
print("from channel 0:", from_channel_0.tolist())
print("from channel 1:", from_channel_1.tolist())
print("their sum:     ", map_0.tolist())

# %%
# Two channels went in, but only one array of numbers comes out. All channels are mixed into one sum. The result of one
# kernel is called a :term:`feature map`.
#
# Build it: several output channels
# ---------------------------------
# One kernel asks one question, for instance "is there a vertical edge?". A layer asks many questions, so it has many
# kernels. Each kernel gives one feature map, and the maps are stacked like the channels of a picture. We add a second
# kernel. ``torch.stack`` joins the two kernels along a new first axis.

kernel_1 = torch.tensor([[[1, -1], [1, -1]], [[1, 1], [-1, -1]]])
kernels = torch.stack([kernel_0, kernel_1])  # (2, 2, 2, 2): output, input, rows, columns
map_1 = convolve(picture[0], kernel_1[0]) + convolve(picture[1], kernel_1[1])
maps = torch.stack([map_0, map_1])  # (2, 2, 2): output channels, rows, columns
print("kernels", tuple(kernels.shape), "maps", tuple(maps.shape))
print(maps)

# %%
# The figure shows the whole computation. Above are the two channels of the picture. Each of the two rows below belongs
# to one kernel, with a blue array for each channel. Each array gives one result, and their sum is the feature map.
#
# Follow the orange window: with kernel 0 it gives 0 in channel 0 and 3 in channel 1, and the feature map holds 0 + 3 =
# 3.
#
# .. fold:: How the figure is drawn

alt = "Two input channels; for each of two kernels a result from each channel, and their sum."
fig, ax = plt.subplots(figsize=(5.2, 4.2), num=alt)
orange_window = np.full((3, 3), PAPER)
orange_window[0:2, 1:3] = ORANGE  # the window at row 0, column 1
orange_cell = np.array([[PAPER, ORANGE], [PAPER, PAPER]])
for c in range(2):
    draw_cells(ax, picture[c], colours=orange_window, origin=(0.7 + 5.4 * c, 0))
    ax.text(2.2 + 5.4 * c, -0.3, f"input channel {c}", ha="center", fontsize=10)
for o in range(2):
    top = 4.2 + 3.2 * o
    for c in range(2):
        left = 5.4 * c
        draw_cells(ax, kernels[o, c], colours=SKY, origin=(left, top))
        ax.text(left + 1, top - 0.2, f"kernel {o}, channel {c}", ha="center", fontsize=8)
        ax.text(left + 2.2, top + 1, "→", ha="center", va="center", fontsize=9)
        result = convolve(picture[c], kernels[o, c])
        draw_cells(ax, result, colours=orange_cell, origin=(left + 2.4, top))
    ax.text(4.9, top + 1, "+", ha="center", va="center", fontsize=14)
    ax.text(10.3, top + 1, "=", ha="center", va="center", fontsize=14)
    draw_cells(ax, maps[o], colours=orange_cell, origin=(10.8, top))
    ax.text(11.8, top - 0.2, f"feature map {o}", ha="center", fontsize=9)
limits = ax.set(xlim=(-0.1, 13.1), ylim=(9.6, -0.9))

# %%
# Books often write the shape of the kernels as (n, m, k, k). We use PyTorch's names: :math:`C_\text{out}` output
# channels, which is the number of kernels, and :math:`C_\text{in}` input channels. So the shape is
# :math:`(C_\text{out}, C_\text{in}, k, k)`.
#
# Build it: stride, padding and a batch
# -------------------------------------
# Our convolution lacks only four small things that PyTorch's has:
#
# - The :term:`bias`: one number for each kernel, which is added to every element of its feature map.
# - The :term:`stride <stride (convolution)>` :math:`s`: the window moves by :math:`s` pixels at a time. (The strides of
#   lesson 04 are steps in memory.)
# - The :term:`padding` :math:`p`: before anything else, :math:`p` rows or columns of zeros are put on each side of the
#   image, so that the kernel can also stand at the edge. ``F.pad`` does it.
# - The :term:`batch`: :math:`N` images are convolved at once.
#
# So the images are a tensor of shape :math:`(N, C_\text{in}, \text{rows}, \text{columns})`. Two loops visit the
# positions as before, and a third one the kernels. The slice now cuts the window out of all images and channels at
# once. ``new_zeros`` makes zeros of the dtype and on the device of the images. (The numbers of rows and columns are
# derived below.)


def convolve_loops(images, kernels, bias, stride=1, padding=0):
    """Convolve images (N, C_in, rows, columns) with kernels (C_out, C_in, k, k)."""
    padded = F.pad(images, (padding, padding, padding, padding))  # left, right, top, bottom
    out_channels, _, k, _ = kernels.shape
    rows = (padded.shape[2] - k) // stride + 1
    columns = (padded.shape[3] - k) // stride + 1
    output = images.new_zeros(len(images), out_channels, rows, columns)
    for o in range(out_channels):
        for row in range(rows):
            for column in range(columns):
                top, left = row * stride, column * stride
                window = padded[:, :, top : top + k, left : left + k]  # (N, C_in, k, k)
                products = window * kernels[o]  # (N, C_in, k, k) · (C_in, k, k)
                output[:, o, row, column] = products.sum((1, 2, 3)) + bias[o]
    return output


no_bias = torch.tensor([0, 0])
ours = convolve_loops(picture[None], kernels, no_bias)
padded_too = convolve_loops(picture[None], kernels, no_bias, padding=1)
print("without padding:", tuple(ours.shape))
print("with padding 1: ", tuple(padded_too.shape))
assert torch.equal(ours[0], maps)

# %%
# ``picture[None]`` is a batch of one picture, and without padding the result is the same two maps as above. With
# padding 1 the maps are larger, 4 × 4. Written as a formula, the function computes
#
# .. math:: Y_{oij} = b_o + \sum_{c=0}^{C_\text{in}-1} \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} K_{ocuv}\, X_{c,\,si+u,\,sj+v}
#
# for each image. Here :math:`X` is the image *after* padding, :math:`K` the kernels, :math:`b` the bias and :math:`Y`
# the output. The index :math:`o` counts the output channels, :math:`c` the input channels, :math:`i, j` are the
# position in the output, and :math:`u, v` the position in the kernel.
#
# Read it from the right: a product, summed over the kernel and over the channels. It is the line that assigns
# ``output[:, o, row, column]``, with ``row`` for :math:`i` and ``column`` for :math:`j`.
#
# Build it: how many parameters does a convolution layer have?
# ------------------------------------------------------------
# ``nn.Conv2d`` is a layer that holds its own kernels and its own bias, ready for training. Its first two arguments are
# the numbers of input and output channels. Each of the :math:`C_\text{out}` kernels has :math:`C_\text{in} · k · k`
# weights and one bias. We count for 16 input channels, 32 output channels and :math:`k = 3`.

layer = nn.Conv2d(16, 32, kernel_size=3)
print("weight:", tuple(layer.weight.shape), "bias:", tuple(layer.bias.shape))
print("by the rule:  ", 32 * 16 * 3 * 3 + 32)
print("in the layer: ", layer.weight.numel() + layer.bias.numel())
assert sum(parameter.numel() for parameter in layer.parameters()) == 32 * 16 * 3 * 3 + 32

# %%
# The rule is :math:`C_\text{out} · (C_\text{in} · k^2 + 1)` parameters. The size of the images does not appear in it.
# The same layer works on a thumbnail and on a poster.
#
# Build it: how large is the output?
# ----------------------------------
# Rows and columns follow the same rule, so we look at one axis of length :math:`L`. We take the four settings in turn:
#
# - **Kernel.** The window begins at every pixel except the last :math:`k - 1`, because there it would hang over the
#   edge. That leaves :math:`L - k + 1` positions.
# - **Padding** adds :math:`p` zeros on each side, so :math:`L` becomes :math:`L + 2p`.
# - **Stride.** After the first position there are :math:`L + 2p - k` more. With stride :math:`s` the window stands at
#   every :math:`s`-th of them; a last step that does not fit is left out.
# - **Dilation.** A :term:`dilation` :math:`d` pulls the kernel apart, so that neighbouring elements of the kernel lie
#   :math:`d` pixels apart on the image. The kernel then spans :math:`d(k-1)+1` pixels in place of :math:`k` (more in
#   :doc:`lesson 10 </lessons/2_training/lesson_10_convolution_2>`).
#
# Together (:math:`\lfloor\ \rfloor` means: round down) the length of the output is
#
# .. math:: L_\text{out} = \left\lfloor \frac{L + 2p - d(k-1) - 1}{s} \right\rfloor + 1 .
#
# Try it: move the window, change its settings, and say the size of the output before you look.
#
# .. interactive:: conv-stepper
#    :input: 000000 055550 055550 055550 055550 000000
#    :kernel: vertical
#    :size: 3
#    :stride: 1
#    :padding: 0
#    :dilation: 1
#
#    A bright square on a dark ground, and a kernel for vertical edges at its first position: nine products, whose sum
#    is the first of sixteen elements of the output.
#
# In Python, ``//`` divides and rounds down. We try a thumbnail that keeps its size, the photograph at half its size,
# and a kernel with dilation 2.


def output_length(length, k, stride=1, padding=0, dilation=1):
    """Length of the output along one axis."""
    return (length + 2 * padding - dilation * (k - 1) - 1) // stride + 1


print("28 pixels, kernel 3, padding 1:           ", output_length(28, 3, padding=1))
print("640 pixels, kernel 3, padding 1, stride 2:", output_length(640, 3, padding=1, stride=2))
print("28 pixels, kernel 3, dilation 2:          ", output_length(28, 3, dilation=2))

# %%
# A kernel of 3 with padding 1 keeps the length. If the stride is 2 as well, the length is halved (and rounded up if it
# was odd). These two settings are in nearly every network.
#
# .. fold:: The check over 200 random settings

lowest = torch.tensor([31, 1, 1, 0, 1])  # lengths from 31 on: the kernel always fits
for _ in range(200):
    drawn = torch.randint(6, (5,), generator=generator) + lowest
    length, k, stride, padding, dilation = drawn.tolist()
    zeros = torch.zeros(1, 1, length, length)
    theirs = F.conv2d(zeros, torch.zeros(1, 1, k, k), None, stride, padding, dilation)
    assert output_length(length, k, stride, padding, dilation) == theirs.shape[2] == theirs.shape[3]
print("200 random settings: the formula and PyTorch agree")

# %%
# The figure shows two settings that give the same size. Padding is blue. Each orange pixel is the top left corner of
# one window, and the thick frame is the first window.
#
# .. fold:: How the figure is drawn

alt = "A 5 by 5 image under a 3 by 3 kernel: nine positions each, with other strides and paddings."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
for ax, stride, padding in zip(axes, (1, 2), (0, 1), strict=True):
    positions = output_length(5, 3, stride, padding)
    colours = np.pad(np.full((5, 5), PAPER), padding, constant_values=SKY)
    colours[: positions * stride : stride, : positions * stride : stride] = ORANGE
    draw_cells(ax, np.full(colours.shape, ""), colours=colours, origin=(-padding, -padding))
    first = plt.Rectangle((-padding, -padding), 3, 3, fill=False, edgecolor="black", linewidth=3)
    ax.add_patch(first)
    title = f"stride {stride}, padding {padding}: {positions} × {positions}"
    ax.set(title=title, xlim=(-1.1, 6.1), ylim=(6.1, -1.1))

# %%
# Build it: one product of matrices
# ---------------------------------
# Python's loops are slow. A trick with the name *im2col* ("image to columns") does without them: copy each window into
# a column of its own, and write the kernel as a row. Then each output is a row times a column, and all outputs together
# are one product of two matrices. We begin with the small image from above.

columns = []
for row in range(3):
    for column in range(3):
        window = image[row : row + 2, column : column + 2]
        columns.append(window.flatten())  # (4,)
matrix = torch.stack(columns, dim=1)  # (4, 9): one column for each window
print(matrix)
print(kernel.reshape(1, 4) @ matrix)
assert torch.equal(kernel.reshape(1, 4) @ matrix, output.reshape(1, 9))

# %%
# The last line holds the nine outputs again, in one row. In the figure the second window and its output are orange.
#
# .. fold:: How the figure is drawn

alt = "The kernel as a row of 4, times a matrix of 4 rows and 9 columns, is a row of 9 outputs."
fig, ax = plt.subplots(figsize=(5.2, 2.7), num=alt)
second = [PAPER, ORANGE, *[PAPER] * 7]
draw_cells(ax, kernel.reshape(1, 4), colours=SKY, origin=(0, 5))
draw_cells(ax, matrix, colours=[second], origin=(4.5, 0))
draw_cells(ax, output.reshape(1, 9), colours=[second], origin=(4.5, 5))
for name, x, y in (("kernel", 2, 4.7), ("one column for each window", 9, -0.3), ("output", 9, 6.7)):
    ax.text(x, y, name, ha="center", fontsize=11)

# %%
# ``F.unfold`` of PyTorch makes these columns for a whole batch. In each column the channels stand one below the other.
# Several kernels give several rows: ``kernels.flatten(1)`` writes each kernel as a row. At the end ``unflatten`` turns
# the long axis of positions back into rows and columns.


def convolve_im2col(images, kernels, bias, stride=1, padding=0):
    """The same as convolve_loops, as one product of matrices."""
    k = kernels.shape[3]
    rows = output_length(images.shape[2], k, stride, padding)
    columns = output_length(images.shape[3], k, stride, padding)
    matrix = F.unfold(images, k, stride=stride, padding=padding)  # (N, C_in·k·k, rows·columns)
    flat_maps = kernels.flatten(1) @ matrix + bias[:, None]  # (N, C_out, rows·columns)
    return flat_maps.unflatten(2, (rows, columns))


ours = convolve_im2col(picture[None].float(), kernels.float(), bias=torch.zeros(2))
print(ours[0])
assert torch.equal(ours[0], maps.float())

# %%
# These are the two maps again. (We convert to floats because ``F.unfold`` refuses integers.) The price of the trick is
# memory: a pixel is written down once for each window that it lies in, here up to four times.
#
# Check against PyTorch
# ---------------------
# Both functions must agree with ``F.conv2d``, and not only in their values. The :term:`gradients <gradient>` for
# images, kernels and bias must agree too, because a layer is trained with them. We draw 30 random settings and compute
# in ``float64``, so that rounding cannot hide a mistake. (``dlcourse.conv`` holds our im2col with all settings.)
#
# .. fold:: The check over 30 random settings

double = {"generator": generator, "dtype": torch.float64}
largest = 0.0
for _ in range(30):
    drawn = torch.randint(1, 4, (5,), generator=generator).tolist()
    in_channels, out_channels, k, stride, padding = drawn
    inputs = [
        torch.randn(2, in_channels, 6, 9, **double).requires_grad_(),
        torch.randn(out_channels, in_channels, k, k, **double).requires_grad_(),
        torch.randn(out_channels, **double).requires_grad_(),
    ]
    theirs = F.conv2d(*inputs, stride=stride, padding=padding)
    weights = torch.randn(theirs.shape, **double)
    expected = [theirs, *torch.autograd.grad((weights * theirs).sum(), inputs)]
    for function in (convolve_loops, convolve_im2col, conv.conv2d_im2col):
        values = function(*inputs, stride=stride, padding=padding)
        found = [values, *torch.autograd.grad((weights * values).sum(), inputs)]
        torch.testing.assert_close(found, expected)
        for a, b in zip(found, expected, strict=True):
            largest = max(largest, (a - b).abs().max().item())
print(f"30 settings: values and gradients agree, largest difference {largest:.0e}")

# %%
# The three agree with PyTorch up to rounding. Do they also take the same time? We convolve eight small images with 16
# channels on the CPU. The stopwatch is the one of lesson 04.
#
# .. fold:: How the times are measured

images, weight, bias = torch.randn(8, 16, 20, 20), torch.randn(16, 16, 3, 3), torch.randn(16)


def time_s(code, rounds):
    """Time of one run of the code in seconds: the best of several rounds."""
    timer = timeit.Timer(code, globals=globals())
    once_s = min(timer.repeat(repeat=2, number=1))  # the first run is slower
    count = max(1, int(0.005 / once_s))
    return min(timer.repeat(repeat=rounds, number=count)) / count


theirs_s = time_s("F.conv2d(images, weight, bias, padding=1)", rounds=30)
im2col_s = time_s("convolve_im2col(images, weight, bias, padding=1)", rounds=30)
loops_s = time_s("convolve_loops(images, weight, bias, padding=1)", rounds=3)
print("against F.conv2d (measured in this build):")
print(f"im2col takes {float(f'{im2col_s / theirs_s:.2g}'):g} times as long")
print(f"loops take {float(f'{loops_s / theirs_s:.2g}'):g} times as long")

# %%
# Im2col and the loops do the same multiplications. In ``convolve_loops`` Python runs the loop, one window at a time.
# Im2col is a product of matrices, for which every processor has excellent code. ``F.conv2d`` has code made for
# convolutions, which often need not write the columns into memory.
#
# One warning about the name. In mathematics books, a convolution turns the kernel by 180 degrees before it slides it;
# what we built is called *cross-correlation* there. NumPy follows the books.
#
# .. fold:: The same numbers in PyTorch and in NumPy

signal = np.array([1.0, 4.0, 2.0, 0.0, 3.0])
short = np.array([1.0, 0.0, -1.0])
ours = F.conv1d(torch.from_numpy(signal)[None, None], torch.from_numpy(short)[None, None])
print("PyTorch's conv1d:  ", ours[0, 0].numpy())
print("NumPy's correlate: ", np.correlate(signal, short, mode="valid"))
print("NumPy's convolve:  ", np.convolve(signal, short, mode="valid"))
assert np.array_equal(ours[0, 0].numpy(), np.correlate(signal, short, mode="valid"))

# %%
# PyTorch's "convolution" is NumPy's ``correlate``. For a layer that learns its kernels this makes no difference. But if
# you copy a kernel from a book, check which of the two is meant.
#
# Use it: kernels that people wrote
# ---------------------------------
# Long before networks, people designed kernels by hand. If all elements are equal and their sum is 1, the kernel takes
# the mean of the window, and the picture becomes blurred. A kernel with 5 in the middle and −1 on four sides turns each
# pixel into "pixel + (4 · pixel − its four neighbours)", and the picture becomes sharper.
#
# The Sobel kernel finds vertical edges, and its transpose horizontal ones. ``padding="same"`` is the padding that keeps
# the size.

light = (grey / 255)[None, None]  # (1, 1, 427, 640): N, C, rows, columns
sobel = sobel.float()
sharpen = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]])
blurred = F.conv2d(light, torch.full((1, 1, 9, 9), 1 / 81), padding="same")
sharpened = F.conv2d(light, sharpen[None, None], padding="same")
vertical = F.conv2d(light, sobel[None, None], padding="same")
horizontal = F.conv2d(light, sobel.T[None, None], padding="same")
print("photo: ", tuple(light.shape), f"from {light.min():.1f} to {light.max():.1f}")
print("edges: ", tuple(vertical.shape), f"from {vertical.min():.1f} to {vertical.max():.1f}")

# %%
# The size is unchanged, but the values of the edges are no longer between 0 and 1. In the figure middle grey stands for
# 0. White means that it is brighter on the right (or below), black that it is darker there. Look at the posts and at
# the roofs: each kernel sees only its own direction. (At the border the zeros of the padding make an edge that is not
# in the photograph.)
#
# .. fold:: How the figure is drawn

alt = "The tower blurred, sharpened, and as its vertical and its horizontal edges on grey."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 4.6), num=alt)
drawings = [
    ("blur", blurred, 0, 1),
    ("sharpen", sharpened, 0, 1),
    ("vertical edges", vertical, -1.5, 1.5),
    ("horizontal edges", horizontal, -1.5, 1.5),
]
for ax, (name, response, low, high) in zip(axes.flat, drawings, strict=True):
    ax.imshow(response[0, 0, 10:290, 60:370].numpy(), cmap="gray", vmin=low, vmax=high)
    ax.set_title(name)
    ax.set_axis_off()

# %%
# Use it: learn a kernel from examples
# ------------------------------------
# Could a computer have found the Sobel kernel by itself? We give it a picture and the edges that the Sobel kernel finds
# in it, but not the kernel. It starts from nine zeros and improves them by :term:`gradient descent`, as in lesson 01.
# The picture is random noise, because noise holds every pattern. The learning rate 0.1 is a guess that works.

noise = torch.randn(1, 1, 64, 64, generator=generator)
edges = F.conv2d(noise, sobel[None, None])  # the answers, made with the Sobel kernel
guess = torch.zeros(1, 1, 3, 3, requires_grad=True)
for step in range(50):
    loss = F.mse_loss(F.conv2d(noise, guess), edges)
    if step % 10 == 0:
        print(f"step {step:2}: error {loss.item():.6f}")
    loss.backward()
    with torch.no_grad():
        guess -= 0.1 * guess.grad
        guess.grad.zero_()
print(guess.detach()[0, 0].round(decimals=3) + 0.0)  # + 0.0 turns −0 into 0
assert torch.allclose(guess[0, 0], sobel, atol=0.001)

# %%
# The nine parameters are those of the Sobel kernel, to three decimals. Nobody told the computer what an edge is; it
# found the kernel from examples. This is what a convolutional layer does in training.
#
# Use it: kernels that a network learned
# --------------------------------------
# Nobody writes down the kernels of a network. These 32 are the first layer of MobileNetV2, which was trained on more
# than a million photographs of ImageNet. ``load_state_dict`` reads its weights from a file, by name.

file = assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth"
learned = assets.load_state_dict(file)["features.0.0.weight"]
print("kernels:", tuple(learned.shape))
print(f"weights from {learned.min():.1f} to {learned.max():.1f}")

# %%
# There are 32 kernels for three input channels: red, green and blue. So each kernel can be drawn as a tile of nine
# colours, in which middle grey stands for 0. You will recognise lines and edges in several directions, for instance in
# 3 and 8, and colours.
#
# .. fold:: How the figure is drawn

scaled = 0.5 + 0.5 * learned / learned.abs().amax((1, 2, 3), keepdim=True)
alt = "32 tiles of nine colours: light and dark halves in several directions, and coloured patches."
fig, axes = plt.subplots(4, 8, figsize=(5.2, 3.1), num=alt)
for number, ax in enumerate(axes.flat):
    ax.imshow(scaled[number].permute(1, 2, 0).numpy())
    ax.set_title(number, fontsize=9, pad=2)
    ax.set_axis_off()

# %%
# Is that more than an impression? People also see faces in clouds. We choose three patterns: a vertical line, a
# horizontal line, and "blue minus red". For each we look for the most similar kernel. The measure is the :term:`cosine
# similarity` of the two as vectors of 27 numbers: 1 for the same pattern, −1 for the opposite one, 0 for nothing in
# common. (``abs`` makes the opposite pattern count as well.)
#
# But the best of 32 is always somewhat similar, even by chance. So we also draw 32 random kernels, like those of an
# *untrained* network, keep the similarity of the best one, and repeat this 1,000 times. The last two columns of the
# table give the mean of these values, and the one that 99 % of them stay below.
#
# .. fold:: How the similarities are computed

line = torch.tensor([-1.0, 2.0, -1.0])
difference = torch.tensor([-1.0, 0.0, 1.0])  # red, green, blue
patterns = [
    ("vertical line", line.expand(3, 3, 3)),
    ("horizontal line", line[:, None].expand(3, 3, 3)),
    ("blue minus red", difference[:, None, None].expand(3, 3, 3)),
]
random_kernels = torch.randn(1000, 32, 27, generator=generator)
best_kernels = []
print("pattern          best kernel   similarity   by chance: mean   99 %")
for name, pattern in patterns:
    similarity = F.cosine_similarity(learned.flatten(1), pattern.reshape(1, 27)).abs()
    by_chance = F.cosine_similarity(random_kernels, pattern.reshape(1, 1, 27), dim=2).abs()
    best_by_chance = by_chance.amax(1)  # (1000,)
    middle, high = best_by_chance.mean(), best_by_chance.quantile(0.99)
    learned_best = f"{similarity.argmax():11}   {similarity.max():10.2f}"
    print(f"{name:16} {learned_best}   {middle:15.2f}   {high:.2f}")
    assert similarity.max() > high
    best_kernels.append(int(similarity.argmax()))

# %%
# The best learned kernel has a similarity above 0.7 for all three patterns. The best random one reaches 0.44 on
# average, and as much as ours in fewer than one of a hundred cases. So these are not the kernels of an untrained
# network.
#
# That alone does not prove that the network learned *lines*: we chose the patterns after looking at the tiles. A real
# test would need another network.
#
# The figure shows what the three kernels answer to the photograph, :term:`normalised <normalise>` as the network
# expects it. Light and dark are strong responses; grey is none.
#
# .. fold:: How the figure is drawn

mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
normalised = (photo.permute(2, 0, 1) / 255 - mean) / std
responses = F.conv2d(normalised[None], learned, stride=2, padding=1)[0]
alt = "The responses of three learned kernels: vertical lines, horizontal lines, blue minus red."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1), num=alt)
for ax, (name, _), best in zip(axes, patterns, best_kernels, strict=True):
    response = responses[best, 5:145, 30:185].numpy()
    limit = np.quantile(abs(response), 0.99)
    ax.imshow(response, cmap="gray", vmin=-limit, vmax=limit)
    ax.set_title(f"{name}\nkernel {best}", fontsize=10)
    ax.set_axis_off()

# %%
# Use it: what moves when the picture moves?
# ------------------------------------------
# Back to the question at the top. Each position of a picture is asked the same question, so if the picture moves, the
# feature map should move with it. This property is called :term:`equivariance`. We test it with 100 handwritten digits.
#
# ``roll`` moves them, here down by 2 and to the left by 1. What it pushes out at one side comes back at the other. So
# ``F.pad`` first puts a border of zeros around each digit, and only zeros come back.

train_set = MNIST(assets.path("mnist"), train=True)
test_set = MNIST(assets.path("mnist"), train=False)
train_pictures = F.pad(train_set.data[:4_000, None] / 255, (4, 4, 4, 4))  # (4000, 1, 36, 36)
test_pictures = F.pad(test_set.data[:500, None] / 255, (4, 4, 4, 4))

layer = nn.Conv2d(1, 4, kernel_size=5, padding=2)
some = train_pictures[:100]
moved_first = layer(some.roll((2, -1), dims=(2, 3)))
moved_last = layer(some).roll((2, -1), dims=(2, 3))
print(f"largest difference {(moved_first - moved_last).abs().max().item():.0e}")
assert (moved_first - moved_last).abs().max() < 1e-5

# %%
# "First move, then convolve" and "first convolve, then move" give the same, up to rounding. A fully connected layer has
# no such property: it has separate weights for every position.
#
# Now three networks learn to read 4,000 digits at their usual place:
#
# - The first has two fully connected layers. They read the 36 · 36 = 1296 pixels as one row.
# - The second has two convolutions. Then ``Flatten`` writes the feature maps as one long row, which keeps every
#   position, and a fully connected layer decides.
# - The third has the same two convolutions. Then it keeps only the strongest response of each feature map and forgets
#   where it was. Such a summary is called :term:`pooling`; ``nn.AdaptiveMaxPool2d(1)`` does it.
#
# ``nn.Sequential`` applies its layers one after the other, and ``nn.ReLU`` replaces negative values by 0.


def network(kind):
    """One of the three networks, untrained."""
    if kind == "fully connected":
        return nn.Sequential(nn.Flatten(), nn.Linear(1296, 128), nn.ReLU(), nn.Linear(128, 10))
    first = nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2)  # (N, 8, 18, 18)
    second = nn.Conv2d(8, 24, kernel_size=5, padding=2)  # (N, 24, 18, 18)
    convolutions = [first, nn.ReLU(), second, nn.ReLU()]
    if kind == "convolved, flattened":
        return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(24 * 18 * 18, 10))
    return nn.Sequential(*convolutions, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 10))


kinds = ("fully connected", "convolved, flattened", "convolved, strongest")
for kind in kinds:
    count = sum(parameter.numel() for parameter in network(kind).parameters())
    print(f"{kind:21} {count:7,} parameters")

# %%
# The third network has the fewest parameters by far. All three are trained in the same way, each from three seeds,
# because a single run may be lucky. An :term:`epoch` is one pass through all pictures, and ``DataLoader`` (lesson 06)
# hands them out in batches of 32.
#
# Cross-entropy measures how wrong the answers are (lesson 11). Adam is a version of gradient descent that adapts the
# step for each parameter (:doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>`). Its learning rate and the
# number of epochs are guesses, with which all three learn.

targets = train_set.targets[:4_000]


def train(kind, seed):
    """Train a network on the digits at their usual place."""
    torch.manual_seed(seed)
    model = network(kind).to(device)
    data = TensorDataset(train_pictures, targets)
    loader = DataLoader(data, 32, shuffle=True, generator=torch.Generator().manual_seed(seed))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, F.cross_entropy, optimiser, loader, epochs=2)
    return model.eval()


models = {}
for kind in kinds:
    models[kind] = [train(kind, seed=100 * SEED + run) for run in range(3)]
print("trained:", len(kinds) * 3, "networks")

# %%
# Now 500 test digits move down, or to the right, by 0 to 4 pixels. No network has seen a moved digit in training.
#
# .. choice:: Which of the three networks will read digits that are moved by 3 pixels?
#    :right: 2
#
#    - Both networks with convolutions, because a convolution asks the same question at every position.
#
#      The feature maps do move along. But the fully connected layer behind ``Flatten`` has separate weights for every
#      position, so a map that has moved is something new to it.
#
#    - Only the one that keeps the strongest response of each map.
#
#      A convolution moves its map along, and the maximum of a map does not care where it is.
#
#    - None of them, because no network has seen a moved digit.
#
#      The kernels are the same at all positions. What they have learned at one position they know everywhere.
#
# We measure the :term:`accuracy` of each network at each distance, and print the mean of its three runs.
#
# .. fold:: How the accuracy is measured

test_targets = test_set.targets[:500].to(device)


@torch.no_grad()
def share_right(model, distance):
    """Accuracy on digits moved down and on digits moved to the right, taken together."""
    down = test_pictures.to(device).roll(distance, dims=2)
    right = test_pictures.to(device).roll(distance, dims=3)
    correct = [model(moved).argmax(1) == test_targets for moved in (down, right)]
    return torch.cat(correct).float().mean().item()


accuracy = {}
print("accuracy in %, moved by  0   1   2   3   4 pixels")
for kind in kinds:
    runs = [[share_right(model, distance) for distance in range(5)] for model in models[kind]]
    accuracy[kind] = np.array(runs)  # (runs, distances)
    print(f"{kind:21}", *(f"{100 * share:3.0f}" for share in accuracy[kind].mean(0)))

# %%
# The first two networks fall steeply. At three pixels the fully connected network misreads more than half of the
# digits, and at four pixels the flattened one does so too. The accuracy of the third hardly changes. The figure shows
# every run as one line.
#
# .. fold:: How the figure is drawn

alt = "Accuracy against distance: two networks fall steeply, the one that keeps maxima does not."
fig, ax = plt.subplots(figsize=(5.2, 3.2), num=alt)
for number, kind in enumerate(kinds):
    lines = ax.plot(accuracy[kind].T, "o-", color=COLOUR_CYCLE[number], markersize=4)
    lines[0].set_label(kind)
ax.set(xlabel="pixels moved", ylabel="accuracy", ylim=(0, 1), xticks=range(5))
legend = ax.legend(loc="lower left")
assert accuracy["fully connected"][:, 3].max() < 0.5
assert np.ptp(accuracy["convolved, strongest"], axis=1).max() < 0.08
assert accuracy["convolved, flattened"][:, 3].max() < accuracy["convolved, strongest"].min()
assert accuracy["convolved, flattened"][:, 4].mean() < 0.5

# %%
# The step that forgets the position makes the answer almost independent of the position. (Not quite: the stride of 2
# skips every other position, and the digits come closer to the edge.) This property is called :term:`invariance`.
# Convolution alone is not enough for that, as the second network shows.
#
# Forgetting may have a price. At the usual place the flattened network reads a few more digits than the third one (first
# column of the table). Three runs with 500 digits do not settle it. But the position of a stroke does help to tell
# digits apart.
#
# Break it
# --------
# Three mistakes with an error message, and one without. First: kernels of 5 × 5, and a thumbnail that is smaller than
# they are. (``fill`` only breaks a long message into lines.)

colour_kernels = torch.rand(8, 3, 5, 5)
try:
    F.conv2d(torch.rand(1, 3, 4, 4), colour_kernels)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# The message gives both sizes, the padded input and the kernel. Use padding or a smaller kernel, or find out why the
# image has become so small: often there were too many layers with stride 2.
#
# Second: a photograph comes with its channels last, and is not permuted.

try:
    F.conv2d(photo[None] / 255, colour_kernels)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# The second axis must hold the channels. The kernels want 3 of them, but find 427, the number of rows of the
# photograph. ``photo.permute(2, 0, 1)`` puts the channels first.
#
# Third: the axes are right, but the pixels are still whole numbers from 0 to 255.

try:
    F.conv2d(photo.permute(2, 0, 1)[None], colour_kernels)
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# "Byte" is ``uint8``, the dtype of the photograph, and "Float" is ``float32``, the dtype of the kernels. Convert the
# pixels: ``photo.float() / 255``.
#
# The fourth mistake is silent. We have three grey pictures of 36 × 36 pixels, without an axis for the channel, and
# kernels for *colour* pictures. That should not fit.

three_grey = test_pictures[:3, 0]
result = F.conv2d(three_grey, colour_kernels)
print("input ", tuple(three_grey.shape))
print("output", tuple(result.shape))
as_colours = F.conv2d(three_grey[None], colour_kernels)[0]
print("the same as one colour picture:", torch.equal(result, as_colours))

# %%
# There is no message. PyTorch takes an input with three axes as *one* picture without a batch axis. So the three grey
# pictures became the red, green and blue of a single picture, and three digits were mixed into one. Always keep the
# batch axis, even for a single picture: ``picture[None]``.
#
# Then and now
# ------------
# Convolution itself has not changed in all these years; the code around it has. The last row is the dangerous one: the
# kernel is replaced by something that is no kernel, and no message appears until the layer is used.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "convolution",
    [
        (
            """k = 5
layer = nn.Conv2d(3, 8, kernel_size=k, padding=k // 2)
print(tuple(layer(torch.rand(1, 3, 9, 9)).shape))""",
            """layer = nn.Conv2d(3, 8, kernel_size=5, padding="same")
print(tuple(layer(torch.rand(1, 3, 9, 9)).shape))""",
        ),
        (
            """images = torch.rand(2, 9, 9, 3)  # channels last, for speed
maps = F.conv2d(images, torch.rand(8, 3, 5, 5))""",
            """images = torch.rand(2, 3, 9, 9).to(memory_format=torch.channels_last)
maps = F.conv2d(images, torch.rand(8, 3, 5, 5))
print(tuple(images.shape), images.stride())""",
        ),
        (
            """layer = nn.Conv2d(1, 1, kernel_size=3)
layer.weight.data = sobel
print(tuple(layer.weight.shape))""",
            """layer = nn.Conv2d(1, 1, kernel_size=3)
with torch.no_grad():
    layer.weight.copy_(sobel)
print(tuple(layer.weight.shape))""",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: convolution
#
#    - Since PyTorch 1.9 the padding can be given by what it is for. It works for stride 1.
#
#    - Channels-last memory is fast on many devices, but the *shape* stays (N, C, rows, columns). Only the strides
#      change.
#
#    - Through ``.data`` a tensor of any shape becomes the weight, here one with two axes. ``copy_`` fills the weight
#      that is there. It repeats a smaller tensor where broadcasting allows it, here along the first two axes, and
#      raises an error otherwise.
#
# What you learned
# ----------------
# - A convolution lays a kernel on every position, multiplies and adds. With several input channels, a kernel has one
#   array for each of them, and their results are added. Each kernel gives one feature map.
# - The output has the length :math:`\lfloor (L + 2p - d(k-1) - 1)/s \rfloor + 1`, and a layer has :math:`C_\text{out} ·
#   (C_\text{in} · k^2 + 1)` parameters.
# - Loops, one product of matrices (im2col) and ``F.conv2d`` give the same values and gradients, in very different
#   times.
# - Kernels can be learned from examples. With stride 1, a feature map moves as the picture moves; the answer becomes
#   independent of the position only when a step such as pooling forgets it. Training on moved digits
#   (lesson 07) is another way, without a guarantee.
#
# Self-checks
# -----------
# .. choice:: ``nn.Conv2d(3, 8, kernel_size=5)`` is applied to images of 32 × 32, then to images of 64 × 64. How many parameters does it have?
#    :right: 3
#
#    - 208, because each of the 8 kernels has 5 · 5 weights and a bias.
#
#      Each kernel has 5 · 5 weights for *each* of the three input channels.
#
#    - 608 for the small images, and four times as many for the large ones.
#
#      The same kernels slide over images of any size.
#
#    - 608 for both.
#
#      8 kernels of 3 · 5 · 5 = 75 weights are 600, and there are 8 biases.
#
# .. choice:: Which padding keeps the size for a kernel of 7 × 7, with stride 1 and dilation 2?
#    :right: 2
#
#    - 3 on each side
#
#      That is right for dilation 1, where the kernel spans 7 pixels.
#
#    - 6 on each side
#
#      With dilation 2 the kernel spans 2 · 6 + 1 = 13 pixels, so 12 positions would be lost.
#
#    - 7 on each side
#
#      The padding depends on the span d(k − 1) + 1, minus one, and half of it goes to each side.
#
# .. choice:: The Sobel kernel for vertical edges is turned by 180 degrees. What happens to its feature map?
#    :right: 1
#
#    - Every value changes its sign.
#
#      Turned by 180 degrees, the negative elements lie on the right: the kernel is its own negative.
#
#    - It now finds horizontal edges.
#
#      For that the kernel must be turned by 90 degrees, or transposed.
#
#    - Nothing, because the kernel is symmetric.
#
#      From top to bottom it is symmetric, but from left to right its elements change their sign.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_09>`.
#
# **1. Recall.** Compute the size of this layer's output from the formula, before you look.
#
# .. code-block:: python
#
#    layer = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
#    rows, columns = 0, 0
#
#    assert (rows, columns) == layer(torch.zeros(1, 3, 427, 640)).shape[2:], "this is not the size"
#    print("output:", rows, "×", columns)
#
# **2. Modify.** Give this loop a dilation.
#
# .. code-block:: python
#
#    def convolve(image, kernel, dilation):
#        span = kernel.shape[0]
#        size = image.shape[0] - span + 1
#        output = torch.zeros(size, size)
#        for row in range(size):
#            for column in range(size):
#                window = image[row : row + span, column : column + span]
#                output[row, column] = (window * kernel).sum()
#        return output
#
#    image, kernel = torch.rand(9, 9), torch.rand(3, 3)
#    for dilation in (1, 2, 3):
#        expected = F.conv2d(image[None, None], kernel[None, None], dilation=dilation)[0, 0]
#        found = convolve(image, kernel, dilation)
#        assert found.shape == expected.shape, f"wrong size with dilation {dilation}"
#        assert torch.allclose(found, expected), f"wrong values with dilation {dilation}"
#    print("dilations 1, 2 and 3 agree with PyTorch")
#
# **3. Extend.** The gradient for the image is a convolution too: put zeros around the gradient for the output, and
# convolve it with the kernel turned by 180 degrees. Write it without autograd. (How many zeros are needed on each
# side?)
#
# .. code-block:: python
#
#    def image_gradient(output_gradient, kernel):
#        return torch.zeros(8, 8)
#
#    image, kernel = torch.rand(8, 8, requires_grad=True), torch.rand(3, 3)
#    output = F.conv2d(image[None, None], kernel[None, None])[0, 0]
#    output_gradient = torch.rand(6, 6)
#    (expected,) = torch.autograd.grad(output, image, output_gradient)
#    found = image_gradient(output_gradient, kernel)
#    assert found.shape == expected.shape, "wrong size"
#    assert torch.allclose(found, expected, atol=1e-6), "this is not the gradient"
#    print("gradient for the image:", tuple(found.shape))
#
# In practice
# -----------
# - With stride 1 and dilation 1, kernels of odd size with ``padding=k // 2`` keep the size and stay centred; even ones
#   move the picture by half a pixel.
# - Normalise with the mean and the standard deviation that the kernels were trained with. Otherwise they see colours
#   that they have never met.
# - Print the shape after each layer when you build a network; most errors are a wrong size or a wrong axis.
#
# Going further
# -------------
# - :doc:`Lesson 10 </lessons/2_training/lesson_10_convolution_2>` makes convolutions cheaper and lets them see further,
#   and :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>` builds and trains a whole network of them.
#
# References
# ----------
# - Y. LeCun and others: `Backpropagation applied to handwritten zip code recognition
#   <https://doi.org/10.1162/neco.1989.1.4.541>`__, 1989. Learned kernels that are shared over all positions.
# - \K. Chellapilla, S. Puri, P. Simard: `High performance convolutional neural networks for document processing
#   <https://inria.hal.science/inria-00112631>`__, 2006. Convolution as a product of matrices.
# - \V. Dumoulin, F. Visin: `A guide to convolution arithmetic for deep learning <https://arxiv.org/abs/1603.07285>`__,
#   2016.
# - \M. Sandler and others: `MobileNetV2: inverted residuals and linear bottlenecks
#   <https://arxiv.org/abs/1801.04381>`__, 2018.
# - PyTorch documentation: :torch:`torch.nn.Conv2d`, :torch:`torch.nn.functional.conv2d`,
#   :torch:`torch.nn.functional.unfold`.
