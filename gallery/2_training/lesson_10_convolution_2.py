"""
10 · Convolution 2
==================

Stack three convolutions of 3 × 3 with :term:`dilation` 2. By the formula of the textbooks, an output then sees a square
of 13 × 13 pixels. In this lesson we will replace 120 of these 169 pixels by noise, and the output will not change at
all. Which pixels does a network really see, and how much computing does it need? The lesson measures both. We will also
see a layer that needs an eighth of the multiplications of another one, but more than an eighth of its time.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - write a depthwise, a pointwise and a dilated convolution, and say what ``groups`` does;
      - derive the parameters and the multiplications of a layer, and say why they do not give its time;
      - compute the receptive field of a stack of layers, and confirm it with a gradient;
      - find the holes that dilations can leave, and say what each argument of ``nn.Conv2d`` does.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 09 </lessons/2_training/lesson_09_convolution_1>`, for convolution itself: kernels,
        channels, stride, padding and the size of the output.
      - **Data:** one photograph, and the pictures of clothes of Fashion-MNIST; 38 MB are downloaded
        once.
      - **Run time:** about 25 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``FlopCounterMode`` counts the arithmetic of a network. ``fit`` trains a network, as in lesson 09; what happens inside
# it is the subject of lessons :doc:`11 </lessons/2_training/lesson_11_loss_functions>` to :doc:`14
# </lessons/2_training/lesson_14_building_a_network>`.
#
# .. fold:: The imports

# sphinx_gallery_number = 10
# sphinx_gallery_budget_s = 40
# sphinx_gallery_needs = [9]
# sphinx_gallery_assets = ["photographs", "fashion-mnist"]
# sphinx_gallery_thumbnail_number = 5
import inspect
import math
import timeit

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision.datasets import FashionMNIST

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, INK, ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import fit

SEED = 10  # decides the random pictures and kernels, and the first weights of the networks
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data
# ----------------
# Our photograph shows a dahlia (by vultilion, CC BY 2.0). We cut four squares out of it, all around the same pixel: 3,
# 13, 51 and 201 pixels wide.
#
# .. fold:: How the squares are cut

photo = torch.from_numpy(plt.imread(assets.path("photographs") / "flower.jpg").copy())
print("photo:", tuple(photo.shape), photo.dtype)
centre_row, centre_column = 225, 300
squares = []
for side in (3, 13, 51, 201):
    top, left = centre_row - side // 2, centre_column - side // 2
    squares.append(photo[top : top + side, left : left + side])
print("squares:", [tuple(square.shape) for square in squares])

# %%
# Shown at the same size, 3 or 13 pixels are only colours. With 51 pixels there are petals, and with 201 there is a
# flower.
#
# .. fold:: How the figure is drawn

alt = "Four squares around one pixel of a photograph, from 3 pixels, one colour, to 201, a flower."
fig, axes = plt.subplots(1, 4, figsize=(5.2, 1.6), num=alt)
for ax, square in zip(axes, squares, strict=True):
    ax.imshow(square.numpy())
    ax.set_title(f"{len(square)} × {len(square)}")
    ax.set_axis_off()

# %%
# The part of the picture that one output of a network depends on is called its :term:`receptive field`. One convolution
# of 3 × 3 has a receptive field of 3 × 3, so none of its outputs can tell that there is a flower. How can small kernels
# see the whole flower?
#
# Predict
# -------
# One way is dilation, which you know from lesson 09. With dilation 2, neighbouring elements of the kernel lie two
# pixels apart. Such a :term:`dilated convolution` sees further with the same number of weights.
#
# To keep it simple, we take one row of pixels in place of a picture. ``F.conv1d`` convolves a row. We stack three
# layers, each with the kernel :math:`(1, 1, 1)` and dilation 2. Each layer shortens the row by 4 pixels, so the three
# layers turn 13 pixels into one output.
#
# Which pixels does this output depend on? A pixel that can change the output has a :term:`gradient` that is not zero.
# We mark these pixels with ``#``, and the others with a dot. ``torch.autograd.grad(y, x)`` returns the gradient of the
# number ``y`` with respect to ``x``, as a tuple with one element.


def seen(dilations):
    """A # for each pixel that the output depends on; the row has as many pixels as needed."""
    pixels = torch.zeros(1 + 2 * sum(dilations), requires_grad=True)
    x = pixels[None, None]  # (1, 1, pixels): one row with one channel
    for dilation in dilations:
        x = F.conv1d(x, torch.ones(1, 1, 3), dilation=dilation)
    (gradient,) = torch.autograd.grad(x.sum(), pixels)  # x has only one element
    return "".join("#" if slope > 0 else "." for slope in gradient)


print("one layer, dilation 2:   ", seen([2]))
print("two layers, dilations 1: ", seen([1, 1]))

# %%
# One layer with dilation 2 skips two of five pixels; two ordinary layers see all five. Now the three layers.
#
# .. choice:: Which of the 13 pixels does the output of the three layers depend on?
#    :outputs: three_dilated_layers
#
#    - From the output to a pixel, every layer moves by −2, 0 or 2 pixels. A sum of such moves is always even, so every
#      other pixel is skipped, however many layers follow.
#
#    - This would be right for dilations 1, 2 and 3, whose moves can be combined to any number up to 6.
#
#    - These are two layers with dilations 1 and 5. The moves −5, 0 and 5 make three groups; −1, 0 and 1 widen them.

print(seen([2, 2, 2]))
assert seen([2, 2, 2]).count("#") == 7

# %%
# The output depends on 7 of the 13 pixels. In a picture this holds for rows and for columns, so it depends on :math:`7
# · 7 = 49` of :math:`13 · 13 = 169` pixels. The other 120 are holes. We come back to them.
#
# .. fold:: The code of the choices


def dilations_2_2_2():
    print(seen([2, 2, 2]))


def dilations_1_2_3():
    print(seen([1, 2, 3]))


def dilations_1_5():
    print(seen([1, 5]))


wrong = [dilations_1_2_3, dilations_1_5]
run_choices("three_dilated_layers", right=dilations_2_2_2, wrong=wrong)

# %%
# Build it: a convolution as a sum of shifted pictures
# ----------------------------------------------------
# First we look at the cost of a convolution, then at how far it sees. Lesson 09 laid the whole kernel on one position
# after another. Now we exchange the loops: we take *one* element of the kernel, multiply the whole picture by it, and
# shift the result by the place of the element. The sum of these pictures is the convolution. Written like this, a
# dilation will only change the shifts.


def convolve(image, kernel):
    """Convolve one image (rows, columns) with one kernel (k, k)."""
    k = len(kernel)
    rows, columns = image.shape[0] - k + 1, image.shape[1] - k + 1
    output = torch.zeros(rows, columns)
    for u in range(k):
        for v in range(k):
            output += kernel[u, v] * image[u : u + rows, v : v + columns]
    return output


image = torch.tensor([[1, 2, 0, 1], [0, 1, 3, 2], [2, 0, 1, 1], [1, 3, 0, 2]])
kernel = torch.tensor([[1, 2], [0, -1]])
print(convolve(image, kernel))

# %%
# Image and kernel are those of lesson 09, and so are the nine outputs. With several channels, each output channel has
# its own kernel, with one *slice* for each input channel. Each slice is convolved with its channel, and the results are
# added up. This is the *standard* convolution.


def standard(picture, kernels):
    """Convolve a picture (C_in, rows, columns) with kernels (C_out, C_in, k, k)."""
    maps = []
    for kernel in kernels:
        results = [convolve(picture[c], kernel[c]) for c in range(len(picture))]
        maps.append(sum(results))
    return torch.stack(maps)  # (C_out, rows, columns)


picture = torch.randn(4, 6, 6, generator=generator)
standard_layer = nn.Conv2d(4, 8, kernel_size=3, bias=False)
ours = standard(picture, standard_layer.weight)
print("weight:", tuple(standard_layer.weight.shape), " maps:", tuple(ours.shape))
torch.testing.assert_close(ours, standard_layer(picture[None])[0])

# %%
# The last line compares with ``nn.Conv2d``: it would fail if the values differed by more than rounding. There are 8
# kernels with 4 slices of 3 × 3 each, together 32 slices.
#
# Build it: depthwise, one kernel for each channel
# ------------------------------------------------
# A standard convolution does two jobs at once: it looks at the neighbours of a pixel, and it mixes the channels. Let us
# do them one after the other. In a :term:`depthwise convolution` each channel has one kernel of its own, with a single
# slice, and no channel sees the others. In PyTorch this is the argument ``groups``, set to the number of channels.


def depthwise(picture, slices):
    """Convolve each channel of a picture (C, rows, columns) with its own slice of (C, k, k)."""
    maps = [convolve(picture[c], slices[c]) for c in range(len(picture))]
    return torch.stack(maps)  # (C, rows, columns)


depthwise_layer = nn.Conv2d(4, 4, kernel_size=3, groups=4, bias=False)
ours = depthwise(picture, depthwise_layer.weight[:, 0])
print("weight:", tuple(depthwise_layer.weight.shape), " maps:", tuple(ours.shape))
torch.testing.assert_close(ours, depthwise_layer(picture[None])[0])

# %%
# The second length of ``weight`` is now 1: each kernel sees one input channel. Four slices are left of 32.
#
# Build it: pointwise, mixing the channels
# ----------------------------------------
# The second job is left: mixing. A :term:`pointwise convolution` has kernels of 1 × 1. It does not look at neighbours.
# At every position, each output channel is a weighted sum of the input channels, like a drink mixed from the same four
# juices by eight recipes.


def pointwise(picture, recipes):
    """Mix the channels of a picture (C_in, rows, columns) by recipes (C_out, C_in)."""
    maps = []
    for recipe in recipes:
        maps.append((recipe[:, None, None] * picture).sum(0))
    return torch.stack(maps)  # (C_out, rows, columns)


pointwise_layer = nn.Conv2d(4, 8, kernel_size=1, bias=False)
ours = pointwise(picture, pointwise_layer.weight[:, :, 0, 0])
print("weight:", tuple(pointwise_layer.weight.shape), " maps:", tuple(ours.shape))
torch.testing.assert_close(ours, pointwise_layer(picture[None])[0])

# %%
# ``recipe[:, None, None]`` has the shape (4, 1, 1), so each weight multiplies a whole channel. A depthwise convolution
# followed by a pointwise one is a :term:`depthwise separable convolution`.

separable = nn.Sequential(depthwise_layer, pointwise_layer)
count = standard_layer.weight.numel()
print("standard: ", tuple(standard_layer(picture[None]).shape), count, "weights")
count = sum(parameter.numel() for parameter in separable.parameters())
print("separable:", tuple(separable(picture[None]).shape), count, "weights")
assert count == 4 * 9 + 8 * 4

# %%
# Both turn 4 channels into 8, the second with 68 weights in place of 288. It cannot compute every function that the
# standard one can: all its outputs are mixed from the same four maps.
#
# Build it: groups in between
# ---------------------------
# ``groups`` need not be 1 or the number of channels: every number that divides both numbers of channels is allowed.
# With ``groups=2`` each half of the channels is convolved by itself. ``chunk(2)`` cuts our four channels into two
# halves (:doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`).

grouped_layer = nn.Conv2d(4, 8, kernel_size=3, groups=2, bias=False)
picture_halves = picture.chunk(2)  # 2 channels each
kernel_halves = grouped_layer.weight.chunk(2)  # 4 kernels each
first_half = standard(picture_halves[0], kernel_halves[0])
second_half = standard(picture_halves[1], kernel_halves[1])
ours = torch.cat([first_half, second_half])
print("weight:", tuple(grouped_layer.weight.shape), " maps:", tuple(ours.shape))
torch.testing.assert_close(ours, grouped_layer(picture[None])[0])

# %%
# So the shape of the weight is :math:`(C_\text{out}, C_\text{in}/\text{groups}, k, k)`. The figure shows which channels
# are connected. Below are the four inputs, above the outputs. Each line is one slice of a kernel: 3 × 3 if it is blue,
# 1 × 1 if it is orange.
#
# .. fold:: How the figure is drawn

alt = "Lines join 4 input and 8 output channels: all of them, within halves, or in two steps."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1), num=alt)


def draw_lines(ax, inputs, outputs, groups, colour, bottom):
    """Join the input and output channels of a layer that belong to the same group."""
    for i in range(inputs):
        for o in range(outputs):
            if i * groups // inputs == o * groups // outputs:
                ends = [8 * (i + 0.5) / inputs, 8 * (o + 0.5) / outputs]
                ax.plot(ends, [bottom, bottom + 1], color=colour, linewidth=1.2, zorder=1)
    for count, height in ((inputs, bottom), (outputs, bottom + 1)):
        places = 8 * (np.arange(count) + 0.5) / count
        ax.scatter(places, np.full(count, height), s=28, color=INK, zorder=2)


draw_lines(axes[0], 4, 8, 1, BLUE, 0)
draw_lines(axes[1], 4, 8, 2, BLUE, 0)
draw_lines(axes[2], 4, 4, 4, BLUE, 0)
draw_lines(axes[2], 4, 8, 1, ORANGE, 1)
for ax, title in zip(axes, ("standard", "groups=2", "separable"), strict=True):
    ax.set_title(title)
    ax.set_axis_off()

# %%
# Build it: count the cost
# ------------------------
# What does a layer cost? Let it have :math:`C_\text{in}` input channels, :math:`C_\text{out}` output channels, kernels
# of :math:`k × k` and no bias. At each position of the output, each weight is used once, for one multiplication and one
# addition, together a :term:`multiply-add`. So the number of multiply-adds is the number of weights times that of
# positions.
#
# ======================  ====================================================
# Convolution             Weights
# ======================  ====================================================
# standard                :math:`C_\text{out} C_\text{in} k^2`
# depthwise               :math:`C_\text{in} k^2`
# pointwise               :math:`C_\text{out} C_\text{in}`
# depthwise separable     :math:`C_\text{in} k^2 + C_\text{out} C_\text{in}`
# ======================  ====================================================
#
# Divide the last row by the first:
#
# .. math:: \frac{\text{separable}}{\text{standard}} &= \frac{C_\text{in} k^2 + C_\text{out}
#    C_\text{in}}{C_\text{out} C_\text{in} k^2} \\ &= \frac{1}{C_\text{out}} + \frac{1}{k^2} .
#
# For :math:`k = 3` and many channels it is a little more than a ninth. Both layers of the pair have the same number of
# output positions here, so this ratio holds for weights and for multiply-adds. The next cell takes 128 channels and
# maps of size 28 × 28.


def multiply_adds(in_channels, out_channels, k, positions, groups=1):
    """Multiply-adds of a convolution without bias."""
    return out_channels * (in_channels // groups) * k * k * positions


positions = 28 * 28
standard_cost = multiply_adds(128, 128, 3, positions)
depthwise_cost = multiply_adds(128, 128, 3, positions, groups=128)
pointwise_cost = multiply_adds(128, 128, 1, positions)
print(f"standard:  {standard_cost:11,}")
print(f"separable: {depthwise_cost + pointwise_cost:11,}")
print(f"ratio: {standard_cost / (depthwise_cost + pointwise_cost):.2f}")

# %%
# The separable convolution needs 8.4 times fewer multiply-adds. PyTorch can count, too: ``FlopCounterMode`` counts what
# is computed inside its ``with`` block. "FLOP" is short for floating-point operation. Some papers count a multiply-add
# as one operation, others as two. How does PyTorch count?

standard_128 = nn.Conv2d(128, 128, 3, padding=1, bias=False)
depthwise_128 = nn.Conv2d(128, 128, 3, padding=1, groups=128, bias=False)
pointwise_128 = nn.Conv2d(128, 128, 1, bias=False)
maps_128 = torch.randn(1, 128, 28, 28, generator=generator)


def flops(layer, maps):
    """Floating-point operations of a layer on these maps, as PyTorch counts them."""
    with FlopCounterMode(display=False) as counter:
        layer(maps)
    return counter.get_total_flops()


costs = [
    ("standard", standard_128, standard_cost),
    ("depthwise", depthwise_128, depthwise_cost),
    ("pointwise", pointwise_128, pointwise_cost),
]
for name, layer, cost in costs:
    operations = flops(layer, maps_128)
    print(f"{name:9} {operations:11,} = 2 × {cost:,}")
    assert operations == 2 * cost

# %%
# PyTorch counts two operations for each multiply-add, and our formula is right for all three layers.
#
# Build it: dilated convolution
# -----------------------------
# The second question is how far a convolution sees. With dilation :math:`d`, neighbouring elements of the kernel lie
# :math:`d` pixels apart. In the sum of shifted pictures only the shifts change: they become :math:`d` times as long.
# The kernel spans :math:`d(k-1)+1` pixels. So along each axis, the output has :math:`d(k-1)` elements fewer than the
# image.


def convolve_dilated(image, kernel, dilation):
    """Convolve one image (rows, columns) with one kernel (k, k) and a dilation."""
    k = len(kernel)
    lost = dilation * (k - 1)
    rows, columns = image.shape[0] - lost, image.shape[1] - lost
    output = torch.zeros(rows, columns)
    for u in range(k):
        for v in range(k):
            top, left = u * dilation, v * dilation
            output += kernel[u, v] * image[top : top + rows, left : left + columns]
    return output


random_image = torch.randn(9, 9, generator=generator)
dilated_layer = nn.Conv2d(1, 1, kernel_size=3, dilation=2, bias=False)
ours = convolve_dilated(random_image, dilated_layer.weight[0, 0], dilation=2)
print("weights:", dilated_layer.weight.numel(), " output:", tuple(ours.shape))
torch.testing.assert_close(ours, dilated_layer(random_image[None, None])[0, 0])

# %%
# It is what PyTorch computes, with nine weights as before. The animation shows a kernel without and with dilation on an
# image of 5 × 5. The padding, in light blue, keeps the size. On the right the nine orange elements span 5 pixels in
# place of 3.
#
# .. fold:: How the animation is drawn

alt = "Nine orange elements move over an image: side by side on the left, with gaps on the right."
fig, sides = plt.subplots(1, 2, figsize=(5.2, 4.2), num=alt)


def draw_position(step):
    """Draw the elements of the kernel at one of 25 positions, and the outputs up to it."""
    row, column = divmod(step, 5)
    for ax, dilation in zip(sides, (1, 2), strict=True):
        ax.clear()
        colours = np.pad(np.full((5, 5), PAPER), dilation, constant_values=SKY)
        last = 2 * dilation + 1
        colours[row : row + last : dilation, column : column + last : dilation] = ORANGE
        shown = np.full(colours.shape, "")
        draw_cells(ax, shown, colours=colours, origin=(2 - dilation, 2 - dilation))
        filled = np.arange(25).reshape(5, 5) < step
        output = np.where(filled, BLUE, PAPER)
        output[row, column] = ORANGE
        draw_cells(ax, np.full((5, 5), ""), colours=output, origin=(2, 10.2))
        ax.text(4.5, 9.9, "output", ha="center", fontsize=10)
        ax.text(4.5, -0.4, f"dilation {dilation}", ha="center", fontsize=11)
        ax.set(xlim=(-0.1, 9.1), ylim=(15.4, -1.2))


animation = FuncAnimation(fig, draw_position, frames=25, interval=350)
fig.canvas.draw()  # Matplotlib warns of an animation that nothing ever drew
print("25 frames, one for each position")

# %%
# Build it: how far a stack of layers sees
# ----------------------------------------
# One layer sees :math:`d(k-1)+1` pixels along each axis. How many does it see if there are other layers below it? To
# find out, we carry two numbers from layer to layer:
#
# - The *side* :math:`r`: the number of pixels along an axis that one element sees. A pixel sees itself, so
#   :math:`r = 1` at the beginning.
# - The *jump* :math:`j`: the distance between two neighbouring elements, measured in pixels of the picture. At the
#   beginning :math:`j = 1`.
#
# The next layer takes :math:`k` elements. The first and the last of them lie :math:`d(k-1)` steps apart, and each step
# is :math:`j` pixels long, so the side grows by :math:`d(k-1)·j`. With a :term:`stride <stride (convolution)>` of
# :math:`s`, neighbouring outputs of this layer lie :math:`s` times as far apart. This is the *recurrence*, the rule
# from layer to layer:
#
# .. math:: r \leftarrow r + d(k-1) \cdot j, \qquad j \leftarrow j \cdot s .
#
# A layer is written as three numbers here: kernel, stride and dilation.


def receptive_field(layers):
    """Side of the receptive field of a stack of layers (kernel, stride, dilation)."""
    side, jump = 1, 1
    for k, stride, dilation in layers:
        side += dilation * (k - 1) * jump
        jump *= stride
    return side


stack = [(3, 1, 1), (3, 2, 1), (3, 1, 1)]
for count in range(4):
    print(f"{count} layers see {receptive_field(stack[:count])} pixels along each axis")
assert receptive_field(stack) == 9

# %%
# The first two layers add two pixels each. The third adds four, because after the stride of 2 one step is two pixels
# long. Padding does not appear in the recurrence: it moves the receptive field, but does not widen it. :term:`Pooling
# <pooling>` follows the same rule, because its window is a kernel, too.
#
# Try it: put layers together, and say the side before you look.
#
# .. interactive:: receptive-field
#    :layers: conv3 conv3s2 conv3
#
#    Three layers with kernels of 3, the second with a stride of 2: their receptive fields have the sides 3, 5 and 9.
#
# In the figure below, each dot is an element, and the lines lead to all elements that the top one depends on. Three
# ordinary layers see 7 pixels. If the second has a stride of 2, they see 9. With dilations 1, 2, 4 they see 15: if the
# dilation doubles from layer to layer, the receptive field roughly doubles with each layer, at nine weights a layer.
#
# .. fold:: How the figure is drawn

alt = "Three stacks of three layers: lines spread from one dot on top to 7, 9 and 15 pixels below."
fig, axes = plt.subplots(3, 1, figsize=(5.2, 5.6), num=alt)
doubled = [(3, 1, 1), (3, 1, 2), (3, 1, 4)]
examples = [
    ("dilations 1, 1, 1", [(3, 1, 1)] * 3),
    ("strides 1, 2, 1", stack),
    ("dilations 1, 2, 4", doubled),
]


def draw_stack(ax, layers):
    """Draw the elements that one output depends on, layer by layer, from the top to the pixels."""
    jumps = [math.prod(stride for _, stride, _ in layers[:n]) for n in range(len(layers))]
    places = {0.0}  # where the elements of a layer lie, in pixels from the middle
    for height in range(len(layers), 0, -1):
        k, _, dilation = layers[height - 1]
        below = set()
        for place in places:
            for tap in range(k):
                source = place + (tap - (k - 1) / 2) * dilation * jumps[height - 1]
                ax.plot([place, source], [height, height - 1], color=SKY, linewidth=1, zorder=1)
                below.add(source)
        ax.scatter(list(places), [height] * len(places), s=22, color=BLUE, zorder=2)
        places = below
    ax.scatter(list(places), [0] * len(places), s=30, color=ORANGE, marker="s", zorder=2)
    return int(max(places) - min(places)) + 1


for ax, (title, layers) in zip(axes, examples, strict=True):
    width = draw_stack(ax, layers)
    assert width == receptive_field(layers)
    ax.set(title=f"{title}: {width} pixels", xlim=(-7.6, 7.6), ylim=(-0.3, 3.3))
    ax.set_axis_off()

# %%
# Build it: transposed convolution, a preview
# -------------------------------------------
# Strides make maps smaller. Some networks must make them large again, for instance to colour each pixel of a picture
# (:doc:`lesson 19 </lessons/3_practice/lesson_19_segmentation_1>`). We take 6 pixels in a row, a kernel of 2 elements
# and a stride of 2. This convolution is a product with a matrix. The matrix has a row for each output, and this row
# holds the kernel, shifted to its window. The matrix turns 6 elements into 3. The transposed matrix turns 3 elements
# into 6 again.

pair = torch.tensor([1.0, 3.0])  # the kernel
matrix = torch.zeros(3, 6)
for i in range(3):
    matrix[i, 2 * i : 2 * i + 2] = pair
print(matrix)

six, three = torch.arange(6.0), torch.tensor([5.0, 1.0, 2.0])
print("there:", six, "→", matrix @ six)
print("back: ", three, "→", matrix.T @ three)
theirs = F.conv_transpose1d(three[None, None], pair[None, None], stride=2)[0, 0]
assert torch.equal(matrix.T @ three, theirs)

# %%
# On the way back, each of the three elements is multiplied by the whole kernel, and the products are written into the
# output: 5 has become 5 and 15. This is the :term:`transposed convolution`, in PyTorch ``nn.ConvTranspose2d``. It leads
# back to the *shape*, but it is not the inverse: it does not restore the values.
#
# Check against PyTorch
# ---------------------
# Each kind of convolution was compared with PyTorch in its own cell above. Now we check the recurrence. We send a
# picture of zeros through the three layers of ``stack``, with all weights 1, and ask for the gradient of *one* output.
# ``nonzero`` returns the positions at which it is not zero.

empty = torch.zeros(1, 1, 21, 21, requires_grad=True)
x = empty
for k, stride, dilation in stack:
    x = F.conv2d(x, torch.ones(1, 1, k, k), stride=stride, dilation=dilation)
print("outputs:", tuple(x.shape))

(gradient,) = torch.autograd.grad(x[0, 0, 2, 1], empty)
rows = gradient[0, 0].sum(1).nonzero().flatten().tolist()
columns = gradient[0, 0].sum(0).nonzero().flatten().tolist()
print("rows:   ", rows)
print("columns:", columns)
assert len(rows) == len(columns) == receptive_field(stack)

# %%
# Nine rows and nine columns: the side is right. The square that the recurrence predicts is called the *box* from now
# on. For the output in row 2 it begins at row 4 of the picture, because the jump is 2. The next cell draws 200 random
# stacks of one to five layers, convolutions and pooling. Each time the non-zero gradient must reach exactly to the
# edges of the box.
#
# .. fold:: The check over 200 random stacks


def random_stack():
    """Layers (kernel, stride, dilation) and the modules that belong to them."""
    layers, modules = [], []
    for _ in range(int(torch.randint(1, 6, (), generator=generator))):
        pool, k, stride, dilation = torch.randint(1, 4, (4,), generator=generator).tolist()
        if pool == 1:
            layers.append((k, stride, 1))
            # The mean: a maximum would pass the gradient to one pixel only.
            modules.append(nn.AvgPool2d(k, stride))
        else:
            layers.append((k + 2, stride, dilation))
            module = nn.Conv2d(1, 1, k + 2, stride, dilation=dilation, dtype=torch.float64)
            # Positive weights: the contributions of several paths cannot cancel.
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            modules.append(module)
    return layers, nn.Sequential(*modules)


def box(weights):
    """First and last row, and first and last column, of what is not zero."""
    found = weights.nonzero()
    return [*found.amin(0).tolist(), *found.amax(0).tolist()]


for _ in range(200):
    layers, modules = random_stack()
    side, jump = receptive_field(layers), math.prod(layer[1] for layer in layers)
    length = side + 2 * jump  # room for three outputs along each axis
    image = torch.zeros(1, 1, length, length, dtype=torch.float64, requires_grad=True)
    outputs = modules(image)[0, 0]
    assert outputs.shape == (3, 3)
    row, column = torch.randint(3, (2,), generator=generator).tolist()
    (gradient,) = torch.autograd.grad(outputs[row, column], image)
    top, left = row * jump, column * jump
    assert box(gradient[0, 0]) == [top, left, top + side - 1, left + side - 1]
print("200 random stacks: the box of the gradient is the theoretical box")

# %%
# The recurrence is right in all 200 cases, to the pixel.
#
# Check against PyTorch: every argument of ``nn.Conv2d``
# ------------------------------------------------------
# The table lists all arguments of ``nn.Conv2d``.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 22 14 64
#
#    * - Argument
#      - Default
#      - What it does
#    * - ``in_channels``
#      -
#      - Channels of the input. They must match exactly.
#    * - ``out_channels``
#      -
#      - Number of kernels, and of feature maps.
#    * - ``kernel_size``
#      -
#      - Rows and columns of a kernel: one number, or a pair.
#    * - ``stride``
#      - 1
#      - Step of the window. With 2, about half of the rows and columns are left (5 of 10 below).
#    * - ``padding``
#      - 0
#      - Rows and columns added on each side; ``"same"`` keeps the size (only with stride 1), ``"valid"`` means 0.
#    * - ``dilation``
#      - 1
#      - Distance between neighbouring elements of the kernel.
#    * - ``groups``
#      - 1
#      - Parts into which the channels are cut; each is convolved by itself.
#    * - ``bias``
#      - ``True``
#      - Whether one number is added to each feature map.
#    * - ``padding_mode``
#      - ``"zeros"``
#      - What the padding holds: zeros, the picture mirrored (``"reflect"``), its edge (``"replicate"``), or its
#        opposite side (``"circular"``).
#    * - ``device``
#      - ``None``
#      - Where the weights are made. ``"meta"`` makes only their shapes, without memory.
#    * - ``dtype``
#      - ``None``
#      - Type of the weights; ``None`` is the default, ``float32``.
#
# The next cell tries them on maps of 8 channels and 12 × 12 positions. Each line changes one argument of a layer with 8
# input channels, 4 output channels and kernels of 3; the first line is this layer unchanged.
#
# .. fold:: Each argument tried

defaults = inspect.signature(nn.Conv2d).parameters
maps_8 = torch.randn(1, 8, 12, 12, generator=generator)
tried = [
    {"in_channels": 8},
    {"out_channels": 16},
    {"kernel_size": (3, 5)},
    {"stride": 2},
    {"padding": 1},
    {"padding": "same"},
    {"dilation": 2},
    {"groups": 4},
    {"bias": False},
    {"padding_mode": "reflect"},
    {"device": "meta"},
    {"dtype": torch.float64},
]
basis = {"in_channels": 8, "out_channels": 4, "kernel_size": 3}
print(f"{'argument':24} {'output':16} {'weight':14} parameters")
for change in tried:
    layer = nn.Conv2d(**{**basis, **change})
    ((argument, value),) = change.items()
    out = layer(maps_8.to(layer.weight.device, layer.weight.dtype))
    count = sum(parameter.numel() for parameter in layer.parameters())
    shapes = f"{tuple(out.shape)!s:16} {tuple(layer.weight.shape)!s:14}"
    print(f"{argument + '=' + str(value):24} {shapes} {count}")
assert list(dict.fromkeys(name for change in tried for name in change)) == list(defaults)

for mode in ("zeros", "reflect", "replicate", "circular"):
    layer = nn.Conv2d(8, 4, 3, padding=2, padding_mode=mode)
    padded = F.pad(maps_8, (2, 2, 2, 2), mode="constant" if mode == "zeros" else mode)
    expected = F.conv2d(padded, layer.weight, layer.bias)
    torch.testing.assert_close(layer(maps_8), expected)
assert nn.Conv2d(8, 4, 3, device="meta").weight.is_meta
assert nn.Conv2d(8, 4, 3, bias=False).bias is None
assert nn.Conv2d(8, 4, 3, dtype=torch.float64).weight.dtype == torch.float64
print("padding_mode: all four equal F.pad and a convolution without padding")

# %%
# ``padding_mode`` changes nothing in the table, because there is no padding. So the last line checks it with a padding
# of 2.
#
# Use it: does an eighth of the work take an eighth of the time?
# --------------------------------------------------------------
# The separable convolution needs 8.4 times fewer multiply-adds. How much time does it save? We measure with Python's
# module ``timeit``. Each layer runs 300 times, and the fastest run counts, because every disturbance makes a run
# longer.
#
# .. fold:: How the times are measured


def time_s(layer, maps):
    """Time of one forward pass in seconds: the fastest of 300."""
    timer = timeit.Timer("layer(maps)", globals={"layer": layer, "maps": maps})
    return min(timer.repeat(repeat=300, number=1))


timed = [
    ("standard", standard_128),
    ("depthwise", depthwise_128),
    ("pointwise", pointwise_128),
    ("separable", nn.Sequential(depthwise_128, pointwise_128)),
]
seconds = {}
print("128 channels, 28 × 28 positions (measured in this build)")
print("           multiply-adds       time   multiply-adds a second")
with torch.no_grad():
    for name, layer in timed:
        seconds[name] = time_s(layer, maps_128)
        adds = flops(layer, maps_128) // 2
        rate = float(f"{adds / seconds[name] / 1e9:.2g}")
        print(f"{name:9} {adds:14,}  {1000 * seconds[name]:6.2g} ms   {rate:g} billion")
saved = standard_cost / (depthwise_cost + pointwise_cost)
faster = seconds["standard"] / seconds["separable"]
print(f"separable: {saved:.1f} times fewer multiply-adds, {faster:.1f} times less time")

# %%
# Look at the last column. In a second, the depthwise layer does several times fewer multiply-adds than the other two.
# So the separable layer saves less time than multiply-adds: when this lesson was written, it was 3 to 6 times as
# fast as the standard one.
#
# A likely reason, which we do not test here, is how the layers are programmed. Standard and pointwise convolutions can
# be computed as one large product of matrices (lesson 09), for which libraries are tuned best, and a depthwise one
# cannot. In any case, measure the time when you compare layers of different kinds.
#
# Use it: holes in the receptive field
# ------------------------------------
# Back to the riddle. A *path* leads from a pixel through one element of each kernel to the output. By the chain rule,
# which :doc:`lesson 12 </lessons/2_training/lesson_12_gradients>` explains, each path adds the product of its weights
# to the gradient. With all weights 1 this product is 1, so the gradient counts the paths. ``float64`` keeps the counts
# exact.


def path_counts(layers):
    """For each pixel of the theoretical box, the number of paths to the output."""
    side = receptive_field(layers)  # an image of this size has exactly one output
    image = torch.zeros(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    x = image
    for k, stride, dilation in layers:
        weight = torch.ones(1, 1, k, k, dtype=torch.float64)
        x = F.conv2d(x, weight, stride=stride, dilation=dilation)
    (counts,) = torch.autograd.grad(x.sum(), image)
    return counts[0, 0]  # (side, side)


for dilations in ([1, 1, 1], [2, 2, 2], [1, 2, 5]):
    counts = path_counts([(3, 1, dilation) for dilation in dilations])
    reached = int((counts > 0).sum())
    print(f"dilations {dilations}: {reached} of {counts.numel()} pixels, {counts.sum():g} paths")
    assert counts.sum() == 9**3

# %%
# Each stack has :math:`9 · 9 · 9 = 729` paths. With dilations 2, 2, 2 they begin at only 49 pixels, as many as with
# ordinary layers, but spread over a box of 169. Dilations 1, 2, 5 reach all 289 pixels of their box. In the figure,
# white pixels are holes, the frame is the box, and brighter pixels have more paths. Each map has its own scale: the
# brightest yellow stands for 49, 49 and 4 paths.
#
# .. fold:: How the figure is drawn

alt = "Path counts of three stacks: 1, 1, 1 is dense, 2, 2, 2 has holes, 1, 2, 5 has none."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2), num=alt)
for ax, dilations in zip(axes, ([1, 1, 1], [2, 2, 2], [1, 2, 5]), strict=True):
    counts = path_counts([(3, 1, dilation) for dilation in dilations])
    assert counts.max() == (4 if dilations == [1, 2, 5] else 49)
    margin = (17 - len(counts)) // 2
    shown = np.pad(counts.numpy(), margin + 1)
    ax.imshow(np.where(shown > 0, np.sqrt(shown), np.nan), cmap="cividis", vmin=0)
    frame = plt.Rectangle((margin + 0.5, margin + 0.5), len(counts), len(counts), fill=False)
    ax.add_patch(frame)
    ax.set_title(", ".join(str(dilation) for dilation in dilations))
    ax.set_axis_off()

# %%
# The pattern of holes for 2, 2, 2 is called :term:`gridding`. The box says nothing about it. Dilations 1, 2, 5, an
# example of Wang and others (below), fill their box.
#
# Use it: what a network sees most
# --------------------------------
# The first two maps show something else: 49 paths lead from the middle pixel to the output, and only one from a corner,
# because many combinations of steps end in the middle. So even without holes a network does not use its whole box
# equally. What it really uses is called the :term:`effective receptive field` (Luo and others, below).
#
# We want one number that says how wide such a map is. We start from a *uniform* square of side :math:`r`, whose pixels
# all have the same weight. Along an axis, the variance of the position in it is :math:`(r^2-1)/12`. (For :math:`r = 3`
# the positions are −1, 0 and 1, and their variance is 2/3.) For any other map we take its values as weights and compute
# the variance. Then we ask which uniform square has the same variance. Its side is our *effective side*,
# :math:`\sqrt{12·\text{variance} + 1}`.


def effective_side(weights):
    """Side of the uniform square with the same variance as these weights (side, side)."""
    share = weights / weights.sum()
    position = torch.arange(len(share), dtype=share.dtype)
    variances = []
    for along in (share.sum(0), share.sum(1)):  # columns, then rows
        mean = (along * position).sum()
        variances.append((along * (position - mean) ** 2).sum())
    return math.sqrt(12 * (variances[0] + variances[1]) / 2 + 1)


print(f"a uniform square of 9 × 9: {effective_side(torch.ones(9, 9)):.2f}")
for depth in (1, 2, 4, 8, 16, 32):
    counts = path_counts([(3, 1, 1)] * depth)
    effective = effective_side(counts)
    print(f"{depth:2} layers: box {len(counts):2}, effective side {effective:5.2f}")
    assert len(counts) == 2 * depth + 1 and math.isclose(effective, math.sqrt(8 * depth + 1))

# %%
# The side of the box is :math:`2n + 1` for :math:`n` layers. The effective side is :math:`\sqrt{8n + 1}`, as the last
# line of the cell checks, because each layer adds the same amount, 2/3, to the variance. So the box grows with the
# number of layers, but the part that is used grows only with the square root of this number: at 32 layers, 16 of 65
# pixels.
#
# Use it: what training changes
# -----------------------------
# So far all weights were 1. A network starts from random weights and learns. What will training do to the effective
# side: nothing, make it larger, or make it smaller? Decide before you read on.
#
# We measure it on Fashion-MNIST, 28 × 28 grey pictures of clothes in ten classes. We use 3,000 of its training
# pictures, :term:`normalised <normalise>` to mean 0 and standard deviation 1, and put 300 aside to look at.
#
# .. fold:: How the pictures are prepared

train_set = FashionMNIST(assets.path("fashion-mnist"), train=True)
pixels = train_set.data[:3_300, None] / 255  # (3300, 1, 28, 28)
mean, std = pixels[:3_000].mean(), pixels[:3_000].std()
train_pictures = (pixels[:3_000] - mean) / std
others = (pixels[3_000:] - mean) / std
targets = train_set.targets[:3_000]
print("to train:", tuple(train_pictures.shape), " to look at:", tuple(others.shape))

# %%
# The network has five convolutions of 3 × 3; the first has a stride of 2. Each is followed by :term:`batch
# normalisation` (:doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>`) and ReLU. After training, batch
# normalisation is a fixed factor and a fixed offset for each channel and does not change which pixels are seen.
#
# .. fold:: How the network is built


def block(in_channels, out_channels, stride):
    """One convolution, and what stands behind it."""
    return [
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    ]


def features(channels):
    """Five convolutions: pictures (N, 1, 28, 28) become maps (N, channels, 14, 14)."""
    layers = block(1, channels, stride=2)
    for _ in range(4):
        layers += block(channels, channels, stride=1)
    return nn.Sequential(*layers)


print("maps:", tuple(features(16)(others[:2]).shape))
print("box: ", receptive_field([(3, 2, 1)] + [(3, 1, 1)] * 4), "pixels along each axis")

# %%
# The box of an output is 19 × 19. Now comes the *head*, which computes the :term:`logits` of the ten classes. We build
# two:
#
# - The head "centre" is given only the output in the middle of the maps. This one output must recognise the whole
#   object.
# - For the head "everywhere" the maps of 14 × 14 are cut into 49 squares of 2 × 2. It is given the mean of each square.
#   Many outputs work together, and each may look after its own place.
#
# Each network is trained for two epochs. The learning rate begins at 0.01, which is a guess, and falls linearly to 0
# (``LinearLR``; :doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>` explains such schedules).
#
# .. fold:: The two heads, and the training


class Centre(nn.Module):
    """Keep the output in the middle of the maps (N, channels, 14, 14)."""

    def forward(self, maps):
        return maps[:, :, 7, 7]  # (N, channels)


def with_head(channels, kind):
    """A network with one of the two heads, untrained."""
    body = features(channels)  # first, so that a seed gives both kinds the same body
    if kind == "centre":
        head = [Centre(), nn.Linear(channels, 10)]
    else:
        head = [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(channels * 49, 10)]
    return nn.Sequential(body, *head)


def train(model, seed):
    """Train a network for two epochs with a falling learning rate."""
    shuffling = torch.Generator().manual_seed(seed)
    data = TensorDataset(train_pictures, targets)
    loader = DataLoader(data, 32, shuffle=True, generator=shuffling)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=2 * len(loader))
    fit(model, F.cross_entropy, optimiser, loader, epochs=2, scheduler=falling, schedule_by="batch")
    return model.eval()


logits = with_head(16, "centre")(others[:2])
print("scores for two pictures:", tuple(logits.shape))

# %%
# We take the gradient of the middle output with respect to the pixels of each of the 300 pictures. (``sum`` adds up all
# channels and pictures; a picture does not change the gradient of another one.) Gradients have both signs, so we square
# them before we take the mean.
#
# Before training the weights are random, and each path adds a random product to the gradient. So, on average, a pixel
# with more paths has a larger squared gradient, and this map should resemble the path counts. The cell compares the two
# effective sides.


def squared_gradient(model):
    """Mean squared gradient of the middle output for each pixel, shape (28, 28)."""
    model.eval()
    pictures = others.to(device).clone().requires_grad_()
    middle = model[0](pictures)[:, :, 7, 7]  # (300, channels)
    (gradient,) = torch.autograd.grad(middle.sum(), pictures)
    return (gradient**2).mean((0, 1)).cpu()


by_paths = effective_side(path_counts([(3, 2, 1)] + [(3, 1, 1)] * 4))
by_gradient = effective_side(squared_gradient(with_head(16, "centre").to(device)))
print(f"box 19, effective side by paths {by_paths:.1f}, untrained {by_gradient:.1f}")
assert abs(by_gradient - by_paths) < 2

# %%
# The path counts predict the untrained network well. Now we train five networks with each head, from the same five
# seeds. The folded cell prints the effective side before and after, and the mean change with a margin. For five seeds
# this is 2.8 times the :term:`standard error`, as :term:`Student's t distribution` asks (:doc:`lesson 07
# </lessons/2_training/lesson_07_torchvision_2>`).
#
# .. fold:: How the networks are trained and measured

SEEDS = (100, 101, 102, 103, 104)
maps_before, maps_after = {}, {}
for kind in ("centre", "everywhere"):
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = with_head(16, kind).to(device)
        maps_before[kind, seed] = squared_gradient(model)
        train(model, seed)
        maps_after[kind, seed] = squared_gradient(model)

for seed in SEEDS:
    assert torch.equal(maps_before["centre", seed], maps_before["everywhere", seed])
for kind in ("centre", "everywhere"):
    before = [effective_side(maps_before[kind, seed]) for seed in SEEDS]
    after = [effective_side(maps_after[kind, seed]) for seed in SEEDS]
    changes = np.array(after) - np.array(before)
    margin = 2.8 * changes.std(ddof=1) / math.sqrt(len(SEEDS))
    shown = [f"{b:.1f} → {a:.1f}" for b, a in zip(before, after, strict=True)]
    print(f"{kind:10}", *shown, sep="  ")
    print(f"            mean change {changes.mean():+.1f} ± {margin:.1f}")
    assert (changes > 0).all() if kind == "centre" else (changes < 0).all()
    assert abs(changes.mean()) > margin

# %%
# For each seed, both networks begin with the same layers, so their sides before training are equal. After training they
# differ, in the same direction for each seed. Where one output must do everything, its effective side grows. Where many
# outputs share the work, it shrinks.
#
# Luo and others found that training enlarges it, in networks that were much deeper and trained to the end. Our first
# case agrees with them, and the second does not. What is used within the box depends on what the head asks of one
# output.
#
# The figure shows the root of the mean squared gradient for the first seed, in a frame of 19 × 19. Each map has its own
# scale. The fine grid comes from the stride of 2. For "centre" the bright area has grown to the upper left. For
# "everywhere" it has shrunk towards the middle.
#
# .. fold:: How the figure is drawn

alt = "A bright spot in a frame of 19 by 19: wider if trained for centre, narrower for everywhere."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2), num=alt)
drawings = [
    ("before", maps_before["centre", SEEDS[0]]),
    ("after, centre", maps_after["centre", SEEDS[0]]),
    ("after, everywhere", maps_after["everywhere", SEEDS[0]]),
]
for ax, (title, weights) in zip(axes, drawings, strict=True):
    shown = weights.sqrt()
    ax.imshow((shown / shown.max()).numpy(), cmap="cividis")
    ax.add_patch(plt.Rectangle((4.5, 4.5), 19, 19, fill=False, edgecolor="white", linewidth=1.5))
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()
top, left, bottom, right = box(maps_after["centre", SEEDS[0]])
assert min(top, left) >= 5 and max(bottom, right) <= 23
upper_left = [weights[:14, :14].sum() / weights.sum() for _, weights in drawings]
assert upper_left[1] > upper_left[0]

# %%
# Break it
# --------
# Three mistakes with a message, and one without. First: channels that cannot be cut into equal groups.

try:
    nn.Conv2d(16, 30, kernel_size=3, groups=4)
except ValueError as error:
    print(f"ValueError: {error}")

# %%
# ``groups`` must divide both numbers of channels. Choose 28 or 32 output channels.
#
# Second: dilation without padding. The picture shrinks silently, by :math:`d(k-1)` at each layer. The message comes
# only later, for instance when the input is added to the output.

x = torch.rand(1, 1, 28, 28)
for dilation in (1, 2, 5):
    x = nn.Conv2d(1, 1, kernel_size=3, dilation=dilation)(x)
    print(f"after dilation {dilation}:", tuple(x.shape))
try:
    torch.rand(1, 1, 28, 28) + x
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# The three layers take away 2, 4 and 10 rows. With ``padding="same"`` the size stays.
#
# Third: ``padding="same"`` together with a stride.

try:
    nn.Conv2d(16, 32, kernel_size=3, stride=2, padding="same")
except ValueError as error:
    print(f"ValueError: {error}")

# %%
# A stride of 2 halves the size, so "same" would contradict it. Give the padding as a number: ``padding=1``.
#
# The fourth mistake is silent: it is the riddle of the beginning. We take the square of 13 × 13 pixels in grey, and
# three layers with dilation 2 and random weights. Then noise replaces every pixel that the path counts call a hole.

layers = nn.Sequential(*[nn.Conv2d(1, 1, 3, dilation=2) for _ in range(3)])
grey = squares[1].float().mean(2) / 255  # (13, 13)
holes = path_counts([(3, 1, 2)] * 3) == 0
noisy = torch.where(holes, torch.rand(13, 13, generator=generator), grey)
print("pixels replaced:", int(holes.sum()), "of", holes.numel())
print("output before:  ", round(layers(grey[None, None]).item(), 4))
print("output after:   ", round(layers(noisy[None, None]).item(), 4))
assert torch.equal(layers(noisy[None, None]), layers(grey[None, None]))

# %%
# The output is the same. There is no message, the shape is right, and so is the box by the formula. Only the path
# counts show the mistake, so count the paths whenever you stack dilations.
#
# Then and now
# ------------
# Two pieces of old code about convolutions fail or warn today.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "convolutions",
    [
        (
            """layer = nn.Conv2d(8, 8, kernel_size=3, padding=(3 - 1) / 2)
maps = layer(torch.rand(1, 8, 9, 9))""",
            """layer = nn.Conv2d(8, 8, kernel_size=3, padding=(3 - 1) // 2)
maps = layer(torch.rand(1, 8, 9, 9))
print(tuple(maps.shape))""",
        ),
        (
            """larger = F.upsample(torch.rand(1, 8, 7, 7), scale_factor=2)
print(tuple(larger.shape))""",
            """larger = F.interpolate(torch.rand(1, 8, 7, 7), scale_factor=2)
print(tuple(larger.shape))""",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: convolutions
#
#    - In Python 2, ``/`` between integers rounded down, and code of that time computed paddings and groups with it. Now
#      it gives 1.0, which is no number of pixels. ``//`` rounds down.
#
#    - The function that enlarges maps without any weights has another name.
#
# What you learned
# ----------------
# - A depthwise separable convolution filters each channel by itself and then mixes the channels. It has about
#   :math:`1/C_\text{out} + 1/k^2` of the weights and multiply-adds of a standard one. ``groups`` is the general form.
# - Multiply-adds do not decide the time: in a second, a depthwise layer does several times fewer of them than standard
#   and pointwise layers.
# - The receptive field follows :math:`r \leftarrow r + d(k-1)j`, :math:`j \leftarrow j · s`, and the gradient of one
#   output confirms it.
# - The box may have holes: dilations 2, 2, 2 leave out 120 of 169 pixels, dilations 1, 2, 5 none. In a stack of
#   ordinary layers the middle counts most, and training changes the part that is used.
#
# Self-checks
# -----------
# .. choice:: What is the shape of ``nn.Conv2d(32, 64, kernel_size=3, groups=32).weight``?
#    :right: 2
#
#    - (32, 1, 3, 3)
#
#      The first length is the number of output channels, and there are 64 of them: two kernels for each input channel.
#
#    - (64, 1, 3, 3)
#
#      There are 64 kernels, and each sees 32 / 32 = 1 input channel.
#
#    - (64, 32, 3, 3)
#
#      This is the weight with ``groups=1``.
#
# .. choice:: Two layers with kernels of 3: the first with stride 2, the second with dilation 2. How many pixels does an output see along each axis?
#    :right: 3
#
#    - 5
#
#      Two ordinary layers see 5 pixels.
#
#    - 7
#
#      The second layer takes steps of 2 elements, but after the stride each element is 2 pixels further.
#
#    - 11
#
#      3 for the first layer; then 2 · 2 more steps of 2 pixels each: 3 + 2 · 2 · 2 = 11.
#
# .. choice:: A network of depthwise layers alone, each with ``groups`` equal to its channels, is trained on colour pictures. What can it not learn?
#    :right: 1
#
#    - That a red spot lies next to a green one, in one of its outputs.
#
#      Red, green and blue never meet: each output depends on a single channel. The pointwise layers are missing.
#
#    - Edges in one of the colours.
#
#      For that the kernel of one channel is enough.
#
#    - Anything far away, because depthwise layers have a small receptive field.
#
#      Their receptive field is that of standard layers with the same kernels.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_10>`.
#
# **1. Recall.** Compute the multiply-adds of this depthwise separable pair from the formulas, before you count.
#
# .. code-block:: python
#
#    filter_layer = nn.Conv2d(24, 24, kernel_size=5, stride=2, padding=2, groups=24, bias=False)
#    mix_layer = nn.Conv2d(24, 48, kernel_size=1, bias=False)
#    predicted = 0
#
#    with FlopCounterMode(display=False) as counter:
#        mix_layer(filter_layer(torch.rand(1, 24, 32, 32)))
#    assert predicted == counter.get_total_flops() // 2, "this is not the number of multiply-adds"
#    print("multiply-adds:", predicted)
#
# **2. Modify.** Let the recurrence also say where the receptive field of the first output begins. The first row of a
# picture is row 0, and padding can push the beginning below 0. A layer is written here as kernel, stride, padding and
# dilation.
#
# .. code-block:: python
#
#    def field_and_start(layers):
#        side, jump, start = 1, 1, 0
#        for k, stride, padding, dilation in layers:
#            side += dilation * (k - 1) * jump
#            jump *= stride
#        return start, side
#
#    assert field_and_start([(3, 1, 0, 1)]) == (0, 3), "without padding it begins at row 0"
#    assert field_and_start([(3, 2, 1, 1), (3, 1, 1, 1)]) == (-3, 7), "wrong after a stride"
#    assert field_and_start([(7, 2, 3, 1), (3, 2, 1, 1), (3, 1, 2, 2)]) == (-13, 27), "wrong with dilation"
#    print("side and beginning of three stacks are right")
#
# **3. Extend.** Write a function that says, without PyTorch, how many pixels of a row are holes, for kernels of 3 with
# these dilations.
#
# .. code-block:: python
#
#    def count_holes(dilations):
#        return 0
#
#    assert count_holes([1, 1, 1]) == 0, "ordinary layers leave no holes"
#    assert count_holes([2, 2, 2]) == 6, "every other pixel of 13 is a hole"
#    assert count_holes([1, 2, 5]) == 0 and count_holes([1, 2, 9]) == 4, "which pixels can be reached by sums of moves?"
#    print("holes of 2, 2, 2:", count_holes([2, 2, 2]))
#
# In practice
# -----------
# - Two layers of 3 × 3 see as far as one of 5 × 5 and have 18 weights for each pair of channels in place of 25 (as in
#   VGG, :doc:`lesson 17 </lessons/3_practice/lesson_17_image_classification_1>`).
# - MobileNetV2, which :doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>` fine-tunes, consists mostly of
#   depthwise and pointwise convolutions.
# - Compare the receptive field with the size of the objects before you train. It should be larger, since in a stack of
#   ordinary layers the middle counts most.
#
# References
# ----------
# - \F. Yu, V. Koltun: `Multi-scale context aggregation by dilated convolutions <https://arxiv.org/abs/1511.07122>`__,
#   2016. Dilations that double.
# - \W. Luo and others: `Understanding the effective receptive field in deep convolutional neural networks
#   <https://arxiv.org/abs/1701.04128>`__, 2016.
# - \A. Howard and others: `MobileNets: efficient convolutional neural networks for mobile vision applications
#   <https://arxiv.org/abs/1704.04861>`__, 2017. The ratio :math:`1/C_\text{out} + 1/k^2`.
# - \P. Wang and others: `Understanding convolution for semantic segmentation <https://arxiv.org/abs/1702.08502>`__,
#   2018. Gridding, and dilations 1, 2, 5.
# - \A. Araujo, W. Norris, J. Sim: `Computing receptive fields of convolutional neural networks
#   <https://doi.org/10.23915/distill.00021>`__, Distill, 2019.
# - PyTorch documentation: :torch:`torch.nn.Conv2d`, :torch:`torch.nn.ConvTranspose2d`.
