"""
19 · Image segmentation 1: principles
=====================================

A classifier looks at a picture and says "sheep". It does not say *where* the sheep is, or where it ends and the grass
begins. :term:`Semantic segmentation <semantic segmentation>` assigns a class to each pixel. But a convolutional network
makes its maps smaller and smaller, until only 4 × 6 positions are left of a picture of 64 × 96 pixels. How does a
network get from there back to one answer for each pixel? In this lesson you change the end of a classifier, measure how
good a :term:`mask <segmentation mask>` is, and build the layer that makes maps large again: the transposed convolution.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - turn the output maps of a network into probabilities, classes and a loss for each pixel;
      - compute pixel accuracy, IoU and Dice, and say why pixel accuracy is not enough;
      - compute a transposed convolution in three ways, for stride 1 and stride 2, and say why it is no inverse;
      - recognise checkerboards, and read the masks of VOC, COCO and Cityscapes.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`09 </lessons/2_training/lesson_09_convolution_1>` and
        :doc:`10 </lessons/2_training/lesson_10_convolution_2>` for convolution, stride and padding, and lesson
        :doc:`14 </lessons/2_training/lesson_14_building_a_network>` for the training loop.
      - **Data:** miniatures of VOC, COCO and Cityscapes, made from animals, emoji and photographs; about 240 MB are
        downloaded once, of which 22 MB are kept.
      - **Run time:** about 20 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# :doc:`Lesson 06 </lessons/2_training/lesson_06_torchvision_1>` made miniatures of well-known data sets: a few small
# pictures in the folders and formats of the original. ``miniatures.write`` makes three of them here.
#
# .. fold:: The imports, and the miniatures

# sphinx_gallery_number = 19
# sphinx_gallery_budget_s = 30
# sphinx_gallery_needs = [14]
# sphinx_gallery_assets = ["photographs", "cutouts", "emoji"]
# sphinx_gallery_thumbnail_number = 1
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from PIL import Image
from torch import nn
from torchvision import datasets
from torchvision.transforms.v2.functional import pil_to_tensor

from dlcourse import metrics, miniatures
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    draw_cells,
    use_course_style,
)
from dlcourse.reproducible import seed_everything

SEED = 19
use_course_style()
generator = seed_everything(SEED)
device = pick_device()

miniature_folder = TemporaryDirectory(ignore_cleanup_errors=True)
root = Path(miniature_folder.name)
for name in ("voc-segmentation", "coco-detection", "cityscapes"):
    miniatures.write(name, root)
print("written:", sorted(folder.name for folder in root.iterdir()))

# %%
# Look at the data
# ----------------
# Pascal VOC keeps the answer as a picture: each pixel holds the number of a class. In torchvision, ``VOCSegmentation``
# reads such pictures. The last picture of our miniature shows a dog and three sheep.

voc = datasets.VOCSegmentation(root / "voc-segmentation", image_set="trainval")
picture, class_image = voc[3]
class_mask = pil_to_tensor(class_image)[0].long()  # (H, W)
print("picture:", picture.size, picture.mode, "  mask:", tuple(class_mask.shape))
for number, count in zip(*class_mask.unique(return_counts=True), strict=True):
    print(f"class {number:3}: {count:4} pixels")

# %%
# Class 0 is the background, 12 is *dog*, 17 is *sheep*. The number 255 is not a class. It marks the borders of objects,
# where the person who drew the mask could not decide. Such pixels do not count, neither in a loss nor in a result.
#
# VOC has a second folder, ``SegmentationObject``. There each pixel holds the number of an *object*.

object_file = next(root.rglob(f"SegmentationObject/{Path(voc.images[3]).stem}.png"))
object_mask = pil_to_tensor(Image.open(object_file))[0].long()
for mask, kind in ((class_mask, "classes"), (object_mask, "objects")):
    print(f"{kind}: {mask.unique().tolist()}")

# %%
# Here each sheep has a number of its own.
#
# - **Semantic segmentation** asks for the class of each pixel. Two sheep side by side are one area.
# - :term:`Instance segmentation <instance segmentation>` also asks which object the pixel belongs to.
#
# This lesson and the next one are about semantic segmentation. In the masks of the figure, white is 255.
#
# .. fold:: How the figure is drawn


def show_mask(ax, mask, title, colours=(BLUE, ORANGE, GREEN, PURPLE)):
    """Draw a mask: background light, up to four numbers in colours, 255 white."""
    shown = torch.zeros_like(mask)
    for place, number in enumerate(n for n in mask.unique().tolist() if 0 < n < 255):
        shown[mask == number] = place + 1
    shown[mask == 255] = len(colours) + 1
    shades = ListedColormap(["0.85", *colours, "white"])
    ax.imshow(shown, cmap=shades, vmin=0, vmax=len(colours) + 1, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()


alt = "A dog and three sheep; the dog blue, all sheep in one colour; each sheep in its own."
fig, (first, second, third) = plt.subplots(1, 3, figsize=(5.2, 1.6), num=alt)
first.imshow(picture)
first.set_title("picture")
first.set_axis_off()
for ax, mask, title, colours in (
    (second, class_mask, "classes", (BLUE, ORANGE)),
    (third, object_mask, "objects", (ORANGE, GREEN, PURPLE, BLUE)),  # the dog is the last object
):
    show_mask(ax, mask, title, colours)

# %%
# Predict
# -------
# A :term:`transposed convolution` in one dimension multiplies *each* input by the *whole* kernel, writes the results
# into the output, and adds up what falls on the same place. With :term:`stride <stride (convolution)>` 2, each kernel
# lands two places further than the one before.
#
# .. choice:: The input is ``1 1 1 1``, the kernel is ``1 1 1``, and the stride is 2. What comes out?
#    :outputs: row_of_ones
#
#    - The kernels are three wide and two apart. So each one overlaps with the next in one place, and there the sum is 2.
#      You will meet this pattern again below, in two dimensions.
#
#    - Repeating each input twice is another way to enlarge a row. It has no kernel.
#
#    - These are the sums for stride 1: all kernels overlap, and the row is hardly longer than before.
#
# .. choice:: In a picture 72 % of the pixels are background. A program says "background" for every pixel. What is its pixel accuracy?
#    :right: 2
#
#    - 0, since it has found no object.
#
#      Pixel accuracy knows nothing of objects. It counts pixels.
#
#    - 0.72
#
#      The background is counted as found. Below we look for a measure that is not satisfied so easily.
#
#    - 0.5, since one of two kinds of pixels is right.
#
#      This would be right if both kinds weighed the same. Pixel accuracy weighs each pixel the same.
#
# Build it: from one answer to one for each pixel
# -----------------------------------------------
# A classifier ends with one :term:`logit <logits>` for each class. A segmentation network ends with one *map* of logits
# for each class. We take the smallest example: two classes, *cat* and *background*, and the single pixel (0, 0). Its
# logits are 2 for the cat and 30 for the background. :term:`Softmax <softmax>` turns them into probabilities.

pixel_logits = torch.tensor([2.0, 30.0], dtype=torch.float64)
powers = pixel_logits.exp()
probabilities = powers / powers.sum()
print("cat:       ", f"{probabilities[0]:.1e}")
print("background:", f"{probabilities[1]:.12f}")
assert torch.allclose(probabilities, pixel_logits.softmax(0), rtol=1e-12)
assert probabilities[0] < 1e-12 and probabilities[1] > 1 - 1e-12

# %%
# The probability of the cat is less than :math:`10^{-12}`, so this pixel is background. Only the difference of the two
# logits matters, 28.
#
# A whole picture works in the same way. The logits have the shape (N, C, H, W): pictures, classes, rows, columns. The
# axis of the classes is axis 1, so the probabilities are ``softmax(1)`` and the classes are ``argmax(1)``.

logits = torch.zeros(1, 2, 2, 3)  # one picture, two classes, 2 × 3 pixels
logits[0, 0] = torch.tensor([[2.0, 1.0, 0.0], [2.0, 4.0, 5.0]])  # cat
logits[0, 1] = torch.tensor([[30.0, 3.0, 2.0], [1.0, 0.0, 1.0]])  # background
print("probability of the cat:")
print(logits.softmax(1)[0, 0].numpy().round(2))
print("class of each pixel (0 is cat):")
print(logits.argmax(1)[0])

# %%
# The upper row is background and the lower row is cat.
#
# Which layer makes these maps? In a classifier a linear layer makes the logits. In a segmentation network the *same*
# linear layer is applied at each position. This is a 1 × 1 convolution (:doc:`lesson 10
# </lessons/2_training/lesson_10_convolution_2>` calls it :term:`pointwise <pointwise convolution>`).

maps = torch.randn(1, 16, 4, 6, generator=generator)  # 16 feature maps
linear = nn.Linear(16, 2)
pointwise = nn.Conv2d(16, 2, kernel_size=1)
with torch.no_grad():
    pointwise.weight.copy_(linear.weight[:, :, None, None])  # (2, 16) to (2, 16, 1, 1)
    pointwise.bias.copy_(linear.bias)
    at_each_position = linear(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(pointwise(maps), at_each_position)
    print("logits:", tuple(pointwise(maps).shape))

# %%
# Both give the same logits. So a classifier that averages its maps (:doc:`lesson 17
# </lessons/3_practice/lesson_17_image_classification_1>`) becomes a segmentation network if we leave out the averaging,
# and use its last layer as a 1 × 1 convolution. This was the idea of the :term:`fully convolutional networks <fully
# convolutional network>` (Long, Shelhamer, Darrell, 2015).
#
# The loss is the :term:`cross-entropy` of :doc:`lesson 11 </lessons/2_training/lesson_11_loss_functions>`, averaged
# over all pixels that count. ``F.cross_entropy`` takes the maps of logits and a mask of class numbers, and
# ``ignore_index`` names the number that does not count. By hand, ``gather`` picks the log-probability of the right
# class.

target = torch.tensor([[[1, 1, 255], [0, 0, 0]]])  # (N, H, W), one pixel is undecided
loss = F.cross_entropy(logits, target, ignore_index=255)

counted = target != 255  # (N, H, W)
log_probabilities = logits.log_softmax(1).permute(0, 2, 3, 1)[counted]  # (pixels, classes)
right_class = target[counted]  # (pixels,)
by_hand = -log_probabilities.gather(1, right_class[:, None]).mean()
print(f"cross_entropy {loss:.4f}, by hand {by_hand:.4f}, over {counted.sum()} pixels")
torch.testing.assert_close(loss, by_hand)

# %%
# The two numbers agree. A segmentation is a classification of many pixels at once.
#
# Build it: how good is a mask?
# -----------------------------
# For a test we make three predictions for the picture of the dog and the sheep: the true mask shifted by 1 pixel and by
# 4 pixels, and background everywhere.
#
# .. fold:: The truth without borders, and three predictions

voc_classes = 21  # 20 classes and the background
# The prediction has to say something at the borders too; what it says there will not count.
filled = torch.where(class_mask == 255, 0, class_mask)
predictions = {
    "shifted by 1": torch.roll(filled, 1, dims=1),
    "shifted by 4": torch.roll(filled, 4, dims=1),
    "background": torch.zeros_like(filled),
}
print({name: tuple(mask.shape) for name, mask in predictions.items()})

# %%
# :term:`Pixel accuracy <pixel accuracy>` is the share of pixels that are right.

counts = class_mask != 255
for name, predicted in predictions.items():
    right = (predicted == class_mask)[counts]
    print(f"{name:13} pixel accuracy {right.float().mean():.3f}")

# %%
# A program that finds nothing gets more than seven tenths of the pixels right, because most pixels are background: this
# was the second question of "Predict". We want a measure for each class.
#
# Take one class. The prediction covers an area, and the truth covers an area. The :term:`intersection over union`, IoU,
# divides what both cover by what at least one of them covers. :term:`Dice <Dice coefficient>` divides the same
# intersection by the *mean* size of the two areas.


def iou_and_dice(predicted, truth):
    """Two areas, tensors of True and False."""
    both = (predicted & truth).sum().item()
    either = (predicted | truth).sum().item()
    mean_size = (predicted.sum().item() + truth.sum().item()) / 2
    return both / either, both / mean_size


for name, predicted in predictions.items():
    for number, animal in ((12, "dog"), (17, "sheep")):
        areas = (predicted == number)[counts], (class_mask == number)[counts]
        iou, dice = iou_and_dice(*areas)
        print(f"{name:13} {animal:6} IoU {iou:.3f}  Dice {dice:.3f}")
        assert abs(dice - 2 * iou / (1 + iou)) < 1e-12

# %%
# Now the empty prediction gets 0 for both animals. Dice is never smaller than IoU, and one can be computed from the
# other, as the last line of the cell checks:
#
# .. math:: \text{Dice} = \frac{2\,\text{IoU}}{1 + \text{IoU}}
#
# So they always agree on which of two masks of *one* object is better. But their values differ, so always say which of
# them you report.
#
# For many classes we count once and compute everything from the counts. The :term:`confusion matrix` has a row for each
# true class and a column for each predicted one. ``torch.bincount`` counts how often each number occurs. We give each
# pair (truth, prediction) a number of its own, truth · classes + prediction.


def count_pairs(predicted, truth, classes, ignored=255):
    """Confusion matrix, shape (classes, classes): rows are the truth."""
    kept = truth != ignored
    pairs = truth[kept] * classes + predicted[kept]
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


matrix = count_pairs(predictions["shifted by 4"], class_mask, voc_classes)
present = [0, 12, 17]
print("rows and columns: background, dog, sheep")
print(matrix[present][:, present])

# %%
# The diagonal holds the pixels that are right. For a class, the sum of its *row* is the area of the truth, and the sum
# of its *column* is the area of the prediction. The union is the sum of both areas minus the intersection, which would
# otherwise be counted twice.


def class_ious(matrix):
    """IoU of each class, shape (classes,); nan for a class that does not occur."""
    both = matrix.diag()
    either = matrix.sum(0) + matrix.sum(1) - both
    return both / either


for name, predicted in predictions.items():
    matrix = count_pairs(predicted, class_mask, voc_classes)
    accuracy = (matrix.diag().sum() / matrix.sum()).item()
    mean_iou = class_ious(matrix).nanmean().item()
    print(f"{name:13} pixel accuracy {accuracy:.3f}, mean IoU {mean_iou:.3f}")
    theirs = metrics.confusion_matrix(predicted, class_mask, voc_classes)
    assert torch.equal(theirs, matrix) and metrics.mean_iou(theirs) == mean_iou
assert accuracy > 2.5 * mean_iou  # background everywhere

# %%
# The :term:`mean IoU` (mIoU) is the mean over the classes, and each class weighs the same. Eighteen classes do not
# occur here; their IoU is 0/0, which is ``nan``, and ``nanmean`` leaves them out. For a whole data set, first *add up*
# the matrices of all pictures, then divide once. The module ``dlcourse.metrics`` holds the same functions for later
# lessons; the last two lines of the loop have compared them.
#
# Build it: an encoder and a decoder
# ----------------------------------
# The part of a network that makes maps small is called the :term:`encoder`. Smaller maps are useful: each output sees a
# larger part of the picture, and there is less to compute (:doc:`lesson 10
# </lessons/2_training/lesson_10_convolution_2>`). But four layers with stride 2 leave 4 × 6 positions of 64 × 96 pixels.
# Each of them stands for 16 × 16 pixels, and a leg is thinner than that. So a :term:`decoder` follows the encoder. It
# makes the maps larger in steps, and has weights of its own at each step.
#
# Making maps larger is called :term:`upsampling`. ``F.interpolate`` does it without weights. With ``"nearest"`` it
# repeats each pixel; with ``"bilinear"`` the values between two pixels are mixed from both (:term:`interpolation`). The
# layer that does it *with* weights is the transposed convolution.
#
# Build it: way 1, stamps
# -----------------------
# In a convolution, *many* inputs lead to *one* output: a window of the input is multiplied by the kernel and summed up.
# The transposed convolution goes the other way, from *one* input to *many* outputs. Think of a rubber stamp: the kernel
# is the stamp, each input says how strongly to press, and where two stamps overlap, they add up.
#
# We choose a kernel of 1, 10, 100 and 1000. Then the digits of the result show which input has met which element of
# the kernel.

inputs = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
kernel = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])

output = torch.zeros(3, 3)
for i in range(2):
    for j in range(2):
        output[i : i + 2, j : j + 2] += inputs[i, j] * kernel
print(output.int())

# %%
# The number in the middle is 1234: all four inputs have left a stamp there, each with a different element of the
# kernel. Each corner got only one stamp. The figure shows the four stamps, and their sum above them on the right.
#
# .. fold:: How the figure is drawn

alt = (
    "An input of 2 × 2, a kernel of 2 × 2, four stamps on a 3 × 3 grid, and the sum of the stamps."
)
fig, axes = plt.subplot_mosaic(
    [["input"] * 4 + ["kernel"] * 4 + ["sum"] * 4]
    + [["stamp 1"] * 3 + ["stamp 2"] * 3 + ["stamp 3"] * 3 + ["stamp 4"] * 3],
    figsize=(5.2, 3.2),
    num=alt,
)
colours = np.array([[SKY, ORANGE], [GREEN, PURPLE]])
draw_cells(axes["input"], inputs.numpy(), colours=colours)
draw_cells(axes["kernel"], kernel.numpy())
draw_cells(axes["sum"], output.numpy())
for name in ("input", "kernel", "sum"):
    axes[name].set_title(name)
number = 0
for i in range(2):
    for j in range(2):
        number += 1
        values = np.full((3, 3), "", dtype=object)
        fills = np.full((3, 3), "white", dtype=object)
        for u in range(2):
            for v in range(2):
                values[i + u, j + v] = f"{inputs[i, j] * kernel[u, v]:.0f}"
                fills[i + u, j + v] = colours[i, j]
        draw_cells(axes[f"stamp {number}"], values, colours=fills)

# %%
# With a *stride* :math:`s`, each stamp lands :math:`s` places further than the one before. For :math:`n` rows of input
# and a kernel of :math:`k` rows, the last stamp begins at row :math:`(n - 1)·s` and is :math:`k` long, so the output
# has
#
# .. math:: (n - 1)·s + k
#
# rows. This is the function for any stride.


def by_stamps(inputs, kernel, stride=1):
    """Transposed convolution of one map, shape (H, W), as a sum of stamps."""
    rows, columns = inputs.shape
    k, l = kernel.shape
    output = torch.zeros((rows - 1) * stride + k, (columns - 1) * stride + l)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            output[top : top + k, left : left + l] += inputs[i, j] * kernel
    return output


for stride in (1, 2, 3):
    print(f"stride {stride}")
    print(by_stamps(inputs, kernel, stride).int())

# %%
# With stride 2 and a kernel of 2 × 2 the stamps lie side by side and nothing overlaps. With stride 3 gaps remain, which
# no stamp reaches. In PyTorch the function is ``F.conv_transpose2d``. Its arguments are the maps, shape (N, C, H, W),
# the weights, and the stride.
#
# In the next figure you press the stamps one after the other. Set the stride to 2: nothing overlaps any more.
#
# .. interactive:: transposed-stepper
#    :input: 12 34
#    :kernel: stamps
#    :size: 2
#    :stride: 1
#    :padding: 0
#
#    Each input presses the kernel into the output: four stamps, which add up to 3 × 3 numbers.
#
# Build it: way 2, zeros and a flipped kernel
# -------------------------------------------
# Let us ask the opposite question: which inputs does *one output* need? The one in the middle, 1234, is 1 · 1000 + 2 ·
# 100 + 3 · 10 + 4 · 1. The first input meets the *last* element of the kernel and the last input meets the first. This
# is an ordinary convolution whose kernel is flipped, upside down and left to right.
#
# For the outputs at the edge the window reaches beyond the input. So we put k − 1 zeros on each side. ``F.pad`` takes
# the zeros at the left, right, top and bottom.

flipped = kernel.flip(0, 1)
padded = F.pad(inputs, (1, 1, 1, 1))
print("flipped kernel:")
print(flipped.int())
print("input with zeros around it:")
print(padded.int())
convolved = F.conv2d(padded[None, None], flipped[None, None])[0, 0]
print("convolved:")
print(convolved.int())
assert torch.equal(convolved, by_stamps(inputs, kernel))

# %%
# The result is the same. With stride 2 the stamps move apart, so the inputs must move apart too: we put s − 1 zeros
# *between* neighbouring rows and columns. The convolution itself keeps the stride 1.


def by_zeros(inputs, kernel, stride=1):
    """Transposed convolution of one map: spread, pad, flip, convolve."""
    rows, columns = inputs.shape
    k, l = kernel.shape
    spread = torch.zeros((rows - 1) * stride + 1, (columns - 1) * stride + 1)
    spread[::stride, ::stride] = inputs
    padded = F.pad(spread, (l - 1, l - 1, k - 1, k - 1))
    return F.conv2d(padded[None, None], kernel.flip(0, 1)[None, None])[0, 0]


spread = torch.zeros(3, 3)
spread[::2, ::2] = inputs
print("input for stride 2, before the padding:")
print(spread.int())
for stride in (1, 2, 3):
    assert torch.equal(by_zeros(inputs, kernel, stride), by_stamps(inputs, kernel, stride))
print("equal for the strides 1, 2 and 3")

# %%
# Build it: way 3, a transposed matrix
# ------------------------------------
# Why is it called *transposed*? A convolution is linear, so a matrix can do it (lesson 10). We write the picture as one
# long row of 9 pixels. Each *row* of the matrix belongs to one output of the convolution: it is a picture of zeros in
# which the kernel is laid at this position.


def convolution_matrix(kernel, rows, columns, stride=1):
    """The matrix of a convolution of pictures of rows × columns."""
    k, l = kernel.shape
    lines = []
    for top in range(0, rows - k + 1, stride):
        for left in range(0, columns - l + 1, stride):
            empty = torch.zeros(rows, columns)
            empty[top : top + k, left : left + l] = kernel
            lines.append(empty.flatten())
    return torch.stack(lines)  # (outputs, inputs)


M = convolution_matrix(kernel, 3, 3)
print(tuple(M.shape))
print(M.int())

# %%
# ``M`` turns 9 values into 4: this is the convolution. The transposed matrix turns 4 values into 9.

image = torch.arange(9.0).reshape(3, 3)
there = (M @ image.flatten()).reshape(2, 2)
assert torch.equal(there, F.conv2d(image[None, None], kernel[None, None])[0, 0])
back = (M.T @ inputs.flatten()).reshape(3, 3)
print("M.T times the input 1, 2, 3, 4:")
print(back.int())
assert torch.equal(back, by_stamps(inputs, kernel))

# %%
# It is the same result for the third time: ``M`` convolves, and ``M.T`` does the transposed convolution with the same
# kernel. You have used ``M.T`` before without seeing it: the :term:`backward pass` of :math:`y = Mx` multiplies the
# gradient by :math:`M^T`. So the gradient of a convolution with respect to its input is a transposed convolution. The
# check below includes this.
#
# Build it: it is not an inverse
# ------------------------------
# A transposed convolution restores the shape of the picture. Does it restore the picture? We convolve a picture, and
# then apply the transposed convolution.

ones = torch.ones(2, 2)
y = F.conv2d(image[None, None], ones[None, None])[0, 0]
print("picture:")
print(image.int())
print("there and back again:")
print(by_stamps(y, ones).int())

# %%
# The shape is right and the values are not. No operation can bring back every picture, because the convolution has
# thrown something away. Add a pattern of +1 and −1 to the picture, like a chess board. In each window of 2 × 2 it sums
# to 0.

chess = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]])
same = F.conv2d((image + chess)[None, None], ones[None, None])[0, 0]
print("from the picture:           ", y.flatten().tolist())
print("from the picture plus chess:", same.flatten().tolist())
assert torch.equal(y, same)

# %%
# Two different pictures give the same result, so the result does not tell which of them it was. Four numbers cannot
# hold nine. The old name *deconvolution* is misleading, because in mathematics it means a true inverse.
#
# Build it: padding, and two sizes that become one
# ------------------------------------------------
# A layer has more than one channel, and usually a padding. Since a transposed convolution mirrors a convolution, its
# ``padding`` *removes* rows: it takes away :math:`p` rows and columns on each side. ``nn.ConvTranspose2d`` is the
# layer, and its arguments are named as in ``nn.Conv2d``.

half = nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1)
for side in (7, 8):
    print(f"convolution: {side} → {half(torch.zeros(1, 8, side, side)).shape[-1]}")

double = nn.ConvTranspose2d(16, 8, kernel_size=3, stride=2, padding=1)
larger = nn.ConvTranspose2d(16, 8, kernel_size=3, stride=2, padding=1, output_padding=1)
small = torch.zeros(1, 16, 4, 4)
print(
    f"transposed:  4 → {double(small).shape[-1]}, with output_padding=1: {larger(small).shape[-1]}"
)
print("weights of the convolution:", tuple(half.weight.shape), "(out, in, k, k)")
print("weights of the transposed: ", tuple(double.weight.shape), "(in, out, k, k)")

# %%
# The convolution turns a side of 7 into 4, and a side of 8 as well. So the way back has two possible sizes.
# ``output_padding=1`` chooses the larger one, by adding a row at the bottom and a column at the right. The size is
#
# .. math:: (n - 1)·s - 2p + k + p_\text{out}
#
# The weights of both layers have the same shape, because one is the way back of the other: the 16 channels that come
# *out* of the convolution go *into* the transposed one. So in a transposed convolution the channels that come in are
# first.
#
# Check against PyTorch
# ---------------------
# The folded cell applies our functions to each pair of an input channel and an output channel and adds up the input
# channels. It compares them with ``F.conv_transpose2d`` for random sizes, kernels, strides, paddings and channels. It
# also compares the gradient of a convolution, which autograd computes.
#
# .. fold:: Stamps, zeros, matrix and gradient, 200 random settings


def by_matrix(inputs, kernel, stride=1):
    """Transposed convolution of one map by the transposed matrix."""
    rows = (inputs.shape[0] - 1) * stride + kernel.shape[0]
    columns = (inputs.shape[1] - 1) * stride + kernel.shape[1]
    matrix = convolution_matrix(kernel, rows, columns, stride)
    return (matrix.T @ inputs.flatten()).reshape(rows, columns)


def with_channels(one_map, maps, weights, stride, padding):
    """Maps (C, H, W) and weights (C, D, K, L) to maps (D, H′, W′)."""
    results = []
    for d in range(weights.shape[1]):
        results.append(sum(one_map(maps[c], weights[c, d], stride) for c in range(len(maps))))
    stacked = torch.stack(results)
    return stacked[:, padding : stacked.shape[1] - padding, padding : stacked.shape[2] - padding]


def draw(low, high):
    return torch.randint(low, high + 1, (), generator=generator).item()


compared = 0
while compared < 200:
    k, l, stride, padding = draw(1, 4), draw(1, 4), draw(1, 3), draw(0, 1)
    maps = torch.randn(draw(1, 3), draw(2, 5), draw(2, 5), generator=generator)
    weights = torch.randn(len(maps), draw(1, 3), k, l, generator=generator)
    if padding >= min(k, l):
        continue  # an output of no rows, or rows without a stamp
    expected = F.conv_transpose2d(maps[None], weights, stride=stride, padding=padding)[0]
    for one_map in (by_stamps, by_zeros, by_matrix):
        found = with_channels(one_map, maps, weights, stride, padding)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    source = torch.zeros_like(expected)[None].requires_grad_()
    forward = F.conv2d(source, weights, stride=stride, padding=padding)
    (gradient,) = torch.autograd.grad(forward, source, maps[None])
    torch.testing.assert_close(gradient[0], expected, rtol=1e-4, atol=1e-4)
    compared += 1
print(f"{compared} settings: stamps, zeros, matrix and gradient agree with PyTorch")

# %%
# All four agree with PyTorch.
#
# Use it: checkerboards
# ---------------------
# Networks with transposed convolutions often produce pictures with a fine regular pattern, a :term:`checkerboard
# <checkerboard artefact>` (Odena, Dumoulin, Olah, 2016). The simplest experiment shows where it comes from: a constant
# input and a kernel of ones. We look at four pixels in the middle, far from the edges.

constant = torch.ones(1, 1, 12, 12)
interior = {}
for k in (2, 3, 4):
    output = F.conv_transpose2d(constant, torch.ones(1, 1, k, k), stride=2)[0, 0]
    interior[k] = output[6:18, 6:18]
    print(
        f"kernel {k}: rows {interior[k][0, :4].int().tolist()} and {interior[k][1, :4].int().tolist()}"
    )
assert interior[2].unique().tolist() == [1]
assert sorted(interior[3].unique().tolist()) == [1, 2, 4]
assert torch.equal(interior[3][2:, 2:], interior[3][:-2, :-2])  # it repeats after two pixels
assert interior[4].unique().tolist() == [4]

# %%
# With a kernel of 3 and stride 2, some pixels get one stamp, some two and some four. With 2 and with 4 all pixels get
# the same number of stamps, because 2 and 4 are multiples of the stride. Your first prediction was a row of the same
# pattern, ``1 1 2 1 2 1 2 1 1``: the next cell has its code.
#
# .. fold:: The code of the choices


def transposed_row():
    row = F.conv_transpose1d(torch.ones(1, 1, 4), torch.ones(1, 1, 3), stride=2)
    print(*row.flatten().int().tolist())


def repeated_row():
    row = F.interpolate(torch.ones(1, 1, 4), scale_factor=2, mode="nearest")
    print(*row.flatten().int().tolist())


def stride_one_row():
    row = F.conv_transpose1d(torch.ones(1, 1, 4), torch.ones(1, 1, 3), stride=1)
    print(*row.flatten().int().tolist())


transposed_row()
run_choices("row_of_ones", right=transposed_row, wrong=[repeated_row, stride_one_row])

# %%
# To measure a checkerboard we use the discrete Fourier transform, ``torch.fft.fft2``. It writes a picture as a sum of
# waves. The fastest wave that pixels can show goes up and down from one pixel to the next; its frequency is the
# :term:`Nyquist frequency`. Three patterns change that fast: stripes in one direction, stripes in the other, and a
# chess board. Our measure is their share of the whole power, which is the sum of the squared strengths of all waves,
# the constant part included. In the result of ``fft2``, index 0 is the constant part, and index H/2 or W/2 is the wave
# that changes at each pixel.


def nyquist_share(image):
    """Share of the power in the patterns that repeat every two pixels; image (H, W), even sides."""
    power = torch.fft.fft2(image).abs() ** 2
    h, w = image.shape[0] // 2, image.shape[1] // 2
    stripes = power[0, w] + power[h, 0]  # vertical stripes, horizontal stripes
    chess_board = power[h, w]
    return ((stripes + chess_board) / power.sum()).item()


print(f"chess board alone:       {nyquist_share(torch.tensor([[1.0, -1.0], [-1.0, 1.0]])):.2f}")
for k in (2, 3, 4):
    print(f"kernel of ones, side {k}:  {nyquist_share(interior[k]):.3f}")
assert nyquist_share(interior[4]) < 1e-9 and abs(nyquist_share(interior[3]) - 0.19) < 1e-6

# %%
# For the kernel of 3, 19 % of the power is checkerboard. Now we repeat this with **random** kernels, as at the start of
# a training, and with three ways to double the size: a transposed convolution with kernel 3, one with kernel 4, and
# :term:`resize-convolution`, in which ``F.interpolate`` repeats each pixel and an ordinary convolution with kernel 3
# follows.


def enlarge(way, x, weights):
    """Double the size of maps, shape (N, 1, H, W)."""
    if way == "transposed 3":
        return F.conv_transpose2d(x, weights, stride=2, padding=1, output_padding=1)
    if way == "transposed 4":
        return F.conv_transpose2d(x, weights, stride=2, padding=1)
    repeated = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(repeated, weights, padding=1)


# %%
# Each way enlarges a flat area 1,000 times, each time with a new random kernel. We measure the middle of the result.

sides = {"transposed 3": 3, "transposed 4": 4, "resize, then 3": 3}  # of the kernels
flat = torch.ones(1, 1, 16, 16, dtype=torch.float64)
for way, k in sides.items():
    shares = []
    for _ in range(1000):
        weights = torch.randn(1, 1, k, k, generator=generator, dtype=torch.float64)
        shares.append(nyquist_share(enlarge(way, flat, weights)[0, 0, 8:-8, 8:-8]))
    mean, error = np.mean(shares), np.std(shares, ddof=1) / 1000**0.5
    print(f"{way:15} mean share {mean:.3f}, standard error {error:.3f}")
    assert mean < 1e-9 if way == "resize, then 3" else mean > 0.6

# %%
# This is a surprise. With random weights the kernel of 4 has as much checkerboard as the kernel of 3, about three
# quarters of the power. The reason: with stride 2, outputs in even and odd rows and columns are made by *different*
# elements of the kernel. So each block of 2 × 2 outputs has four sums of its own. In a kernel of ones with side 4 these
# sums are equal, but four random sums are not. The block repeats over the whole area, and this is a checkerboard.
#
# Resize-convolution has no checkerboard on a flat area, whatever its weights. In the figure its grey depends on the
# random sum of the kernel, but it is the same everywhere.
#
# .. fold:: How the figure is drawn

alt = (
    "Flat areas enlarged in three ways. Kernels of ones: a pattern only for kernel 3. "
    "Random kernels: patterns for both transposed convolutions."
)
fig, axes = plt.subplots(2, 3, figsize=(5.2, 3.7), num=alt)
drawn = torch.Generator().manual_seed(SEED)
for column, (way, k) in zip(axes.T, sides.items(), strict=True):
    kernels = (
        torch.ones(1, 1, k, k, dtype=torch.float64),
        torch.randn(1, 1, k, k, generator=drawn, dtype=torch.float64),
    )
    for ax, weights in zip(column, kernels, strict=True):
        area = enlarge(way, flat, weights)[0, 0, 8:16, 8:16]
        area = area / area.abs().mean()
        ax.imshow(area, cmap="gray", vmin=-2, vmax=2.2, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
    column[0].set_title(way)
for ax, title in zip(axes[:, 0], ("ones", "random"), strict=True):
    ax.set_ylabel(title)

# %%
# In the upper row only the kernel of 3 leaves a pattern. In the lower row both transposed convolutions do. Training can
# change this: according to Odena and others, deep networks can learn to avoid the pattern, but often keep a part of it.
# They advise resize-convolution, or at least a kernel whose size is a multiple of the stride.
#
# Use it: an encoder and a decoder on one picture
# -----------------------------------------------
# Both networks have an encoder that makes 4 × 6 positions of 64 × 96 pixels. The first one makes logits there, and
# enlarges them by bilinear interpolation (``nn.Upsample`` is ``F.interpolate`` as a layer). The second one has a
# decoder of four transposed convolutions, which double the size four times.


def block(layer, channels):
    return nn.Sequential(layer, nn.BatchNorm2d(channels), nn.ReLU())


def make_network(with_decoder):
    layers = []
    for c, d in ((3, 16), (16, 32), (32, 64), (64, 64)):  # 64 × 96 to 4 × 6
        layers.append(block(nn.Conv2d(c, d, 3, stride=2, padding=1), d))
    if not with_decoder:
        enlarge_logits = nn.Upsample(scale_factor=16, mode="bilinear")
        return nn.Sequential(*layers, nn.Conv2d(64, voc_classes, 1), enlarge_logits)
    for c, d in ((64, 64), (64, 32), (32, 16), (16, 16)):  # 4 × 6 to 64 × 96
        layers.append(block(nn.ConvTranspose2d(c, d, 4, stride=2, padding=1), d))
    return nn.Sequential(*layers, nn.Conv2d(16, voc_classes, 1))


example = (pil_to_tensor(picture)[None] / 255).to(device)  # (1, 3, H, W)
example_mask = class_mask[None].to(device)  # (1, H, W)
print([tuple(make_network(kind).to(device)(example).shape) for kind in (False, True)])

# %%
# We train them on a *single* picture, the dog and the sheep, and look at the result on the same picture. This says
# nothing about new pictures. It answers a smaller question: *can* the network express this mask? The learning rate of
# 0.01 and the 100 steps are a guess. Each network is trained from two seeds, with the loop of lesson 14.
#
# .. fold:: The training on one picture

guesses, scores = {}, {False: [], True: []}
for with_decoder in (False, True):
    for seed in range(2):
        torch.manual_seed(seed)
        network = make_network(with_decoder).to(device)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(100):
            loss = F.cross_entropy(network(example), example_mask, ignore_index=255)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        network.eval()
        with torch.no_grad():
            guesses[with_decoder] = network(example).argmax(1)[0].cpu()
        matrix = count_pairs(guesses[with_decoder], class_mask, voc_classes)
        scores[with_decoder].append(round(class_ious(matrix).nanmean().item(), 3))
    print(f"decoder: {with_decoder!s:5}  mean IoU from two seeds: {scores[with_decoder]}")
assert max(scores[False]) < 0.85
assert min(scores[True]) > 0.97

# %%
# With the decoder the network reproduces the mask, with each seed. Without it, the mean IoU stays near 0.8. The figure
# shows what is missing.
#
# .. fold:: How the figure is drawn

alt = "The mask of a dog and sheep; a rounded one without a decoder; an almost exact one with it."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 1.6), num=alt)
masks = (class_mask, guesses[False], guesses[True])
for ax, mask, title in zip(axes, masks, ("truth", "no decoder", "decoder"), strict=True):
    show_mask(ax, mask, title)

# %%
# Without the decoder, legs and ears have melted away. (At the white borders of the truth a prediction may say
# anything.) On *new* pictures a decoder can only guess details that the encoder has thrown away. In :doc:`lesson 20
# </lessons/3_practice/lesson_20_segmentation_2>` the :term:`U-Net` passes them on, through connections from each stage
# of the encoder to the same stage of the decoder.
#
# Use it: three data sets, three ways to write a mask
# ---------------------------------------------------
# The table has the facts; :doc:`lesson 06 </lessons/2_training/lesson_06_torchvision_1>` has the licences.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 20 26 12 42
#
#    * - Data set
#      - Labelled pictures
#      - Classes
#      - How a mask is written
#    * - VOC 2012
#      - train 1,464, val 1,449
#      - 20
#      - a picture of class numbers and one of object numbers; 255 does not count
#    * - COCO 2017
#      - train 118,287, val 5,000
#      - 80
#      - an outline for each object, and run lengths for crowds, in one JSON file
#    * - Cityscapes
#      - train 2,975, val 500
#      - 30
#      - a picture of class numbers and one of object numbers; 19 classes count
#
# You have read VOC above. **COCO** writes a mask in one of two ways. For a single object it lists the corners of the
# outline, x, y, x, y and so on. For a crowd it lists :term:`run lengths`: going down the columns, so many zeros, then
# so many ones, then zeros again. ``np.repeat`` turns them back into pixels.

file = root / "coco-detection/annotations/instances_val2017.json"
instances = json.loads(file.read_text())
objects = [entry for entry in instances["annotations"] if entry["image_id"] == 4]
dog, crowd = objects
print("dog:  ", [round(number, 1) for number in dog["segmentation"][0][:6]], "…")
print("crowd:", crowd["segmentation"]["counts"][:6], "…  iscrowd:", crowd["iscrowd"])

runs = crowd["segmentation"]["counts"]
values = np.arange(len(runs)) % 2  # 0, 1, 0, 1, …
height, width = crowd["segmentation"]["size"]
crowd_mask = np.repeat(values, runs).reshape(width, height).T
print("pixels of the crowd:", crowd_mask.sum(), " as annotated:", crowd["area"])
assert crowd_mask.sum() == crowd["area"]
assert np.array_equal(crowd_mask[counts.numpy()] == 1, (class_mask == 17)[counts].numpy())

# %%
# This is the picture of the dog and the sheep again. The last line has compared the crowd with VOC's mask of the sheep:
# apart from VOC's borders they are the same. In the runs, 2 ones are followed by 62 zeros: 62 + 2 = 64, one column. An
# outline becomes a mask when it is filled, and programs differ at the edge.
#
# **Cityscapes** again writes masks as pictures of numbers. Besides its class numbers, ``labelIds``, it has a second
# numbering for training, in which only 19 classes count and all others are 255 or −1. ``datasets.Cityscapes`` of
# torchvision lists both. In the picture of objects the number is 1000 · class + object, for classes whose objects are
# counted.

streets = miniatures.load("cityscapes", root)
view, (ids_image, objects_image, _, _) = streets[0]
ids = torch.from_numpy(np.array(ids_image)).long()
numbers = torch.from_numpy(np.array(objects_image).astype(np.int64))
for entry in streets.classes:
    if (ids == entry.id).any():
        print(f"{entry.name:10} class {entry.id:2}, for the training {entry.train_id:2}")
print("objects:", numbers.unique().tolist())

# %%
# There are two objects of class 26, *car*: numbers 26000 and 26001. The sky has no objects, so its number is that of
# its class.
#
# .. fold:: The check of both numberings, and how the figure is drawn

assert (torch.where(numbers >= 1000, numbers // 1000, numbers) == ids).all()
assert len({entry.train_id for entry in streets.classes} - {-1, 255}) == 19

alt = "A street with two cars and a bus; six classes in colours; the cars and the bus as three objects."
fig, (first, second, third) = plt.subplots(1, 3, figsize=(5.2, 1.4), num=alt)
first.imshow(view)
in_order = torch.where(numbers >= 1000, numbers, 0).unique(return_inverse=True)[1]  # 0, 1, 2, 3
show_mask(third, in_order, "objects")
second.imshow(ids.unique(return_inverse=True)[1], cmap="tab10", interpolation="nearest")
for ax, title in ((first, "picture"), (second, "classes")):
    ax.set_title(title)
    ax.set_axis_off()

# %%
# Break it: a mask in colours
# ---------------------------
# The masks of VOC are pictures with a :term:`palette` (mode ``P``): each pixel holds a number, and a table says in
# which colour a program shows it. Many pipelines open each picture with ``convert("RGB")`` or ``convert("L")``.

for mode in ("P", "RGB", "L"):
    values = np.asarray(class_image if mode == "P" else class_image.convert(mode))
    print(f"{mode:4} shape {values.shape!s:12} values {np.unique(values).tolist()}")
boat_and_cat = Image.fromarray(np.array([[4, 8]], dtype=np.uint8))
boat_and_cat.putpalette(class_image.getpalette())
as_grey = np.asarray(boat_and_cat.convert("L"))[0].tolist()
print("boat (4) and cat (8) in mode L:", as_grey)
assert as_grey == [15, 19]

# %%
# After ``convert("L")`` the shape is right, but the numbers are the *brightness* of the colours, and they look like
# class numbers. Two cases are silent: a boat (4) becomes 15, *person*, and a cat (8) becomes 19, *train*. **What to
# look for:** print ``unique`` of the first mask.
#
# Break it: messages of the loss and of the layer
# -----------------------------------------------
# These mistakes are loud: the border of VOC without ``ignore_index``, a mask with an axis too many, a mask of another
# size than the logits, and weights in the order of ``conv2d``.
#
# .. fold:: The four mistakes

voc_logits = torch.zeros(1, 21, 64, 96)


def border_as_class():
    return F.cross_entropy(voc_logits, class_mask[None])


def one_axis_too_many():
    return F.cross_entropy(voc_logits, class_mask[None, None], ignore_index=255)


def another_size():
    return F.cross_entropy(voc_logits[..., ::8, ::8], class_mask[None], ignore_index=255)


def weights_of_a_convolution():
    return F.conv_transpose2d(torch.zeros(1, 8, 4, 4), torch.zeros(16, 8, 2, 2), stride=2)


for mistake in (border_as_class, one_axis_too_many, another_size, weights_of_a_convolution):
    try:
        mistake()
    except (IndexError, RuntimeError) as message:
        print(fill(f"{type(message).__name__}: {message}", 80))

# %%
# - *Target 255 is out of bounds*: pass ``ignore_index=255``.
# - *Only batches of spatial targets*: the mask has the shape (N, H, W), without an axis for a channel.
# - *Size mismatch*: enlarge the logits to the size of the mask, with ``F.interpolate``.
# - *To have 16 channels*: the weights of a transposed convolution are (in, out, k, k).
#
# Then and now
# ------------
# Old code for segmentation meets these messages.
#
# .. fold:: The rows, run as they are written

old_and_new = [
    (
        """criterion = nn.NLLLoss2d(ignore_index=255)
log_p = F.log_softmax(torch.zeros(1, 21, 4, 4), 1)
loss = criterion(log_p, torch.zeros(1, 4, 4).long())
print(round(loss.item(), 3))""",
        """criterion = nn.CrossEntropyLoss(ignore_index=255)
loss = criterion(torch.zeros(1, 21, 4, 4), torch.zeros(1, 4, 4).long())
print(round(loss.item(), 3))""",
    ),
    (
        """larger = F.upsample_bilinear(torch.zeros(1, 21, 4, 4), scale_factor=8)
print(tuple(larger.shape))""",
        """larger = F.interpolate(torch.zeros(1, 21, 4, 4), scale_factor=8, mode="bilinear")
print(tuple(larger.shape))""",
    ),
]
run_then_and_now("segmentation", old_and_new, globals())

# %%
# .. then-and-now:: segmentation
#
#    - One class serves both pictures and vectors today. ``NLLLoss`` expects the logarithms of probabilities;
#      ``CrossEntropyLoss`` takes logits.
#
#    - The function has another name. It also placed the corners differently: to get its old values, add
#      ``align_corners=True``.
#
# What you learned
# ----------------
# - A segmentation network ends with a map of logits for each class. Softmax, argmax and cross-entropy work at each
#   pixel, over axis 1; pixels with the number 255 do not count.
# - Pixel accuracy is satisfied with background. IoU and Dice are computed for each class, from the confusion matrix of
#   the whole data set.
# - A transposed convolution is a sum of stamps, or a convolution with zeros and a flipped kernel, or the transposed
#   matrix. It restores the shape, not the values.
# - Checkerboards come from unequal sums of kernel elements. If the stride divides the kernel, a kernel of equal
#   elements makes none; other kernels may, before they are trained. Resize-convolution makes none on flat areas.
# - VOC and Cityscapes write masks as pictures of numbers (Cityscapes with a second numbering for training), COCO as
#   outlines and run lengths. Look at ``unique`` first.
#
# Self-checks
# -----------
# .. choice:: A map of 5 × 5 goes through a transposed convolution with kernel 4, stride 2 and padding 1. What is the new side?
#    :right: 3
#
#    - 8
#
#      This is 4 · 2: the last stamp was forgotten, which is 4 long.
#
#    - 12
#
#      This is the size without padding, which removes a row on each side.
#
#    - 10
#
#      (5 − 1) · 2 − 2 · 1 + 4 = 10. Kernel 4, stride 2, padding 1 doubles any size.
#
# .. choice:: You replace all random kernels of 3 by random kernels of 4, with stride 2. What do you expect before training?
#    :right: 1
#
#    - Checkerboards as strong as before.
#
#      The four sums of kernel elements are random in both cases, so they differ.
#
#    - No checkerboards, because 2 divides 4.
#
#      This holds for kernels of equal elements.
#
#    - Weaker checkerboards, because four stamps are averaged.
#
#      More elements make all sums larger, the differences between them too.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_19>`.
#
# **1. Recall.** Compute by hand the transposed convolution of the input (2, 1; 0, 3) with the kernel (1, 0; 2, 1), for
# the strides 1 and 2.
#
# .. code-block:: python
#
#    stride_1 = torch.zeros(3, 3)
#    stride_2 = torch.zeros(4, 4)
#
#    inputs = torch.tensor([[2.0, 1.0], [0.0, 3.0]])[None, None]
#    kernel = torch.tensor([[1.0, 0.0], [2.0, 1.0]])[None, None]
#    for stride, found in ((1, stride_1), (2, stride_2)):
#        expected = F.conv_transpose2d(inputs, kernel, stride=stride)[0, 0]
#        assert torch.equal(found, expected), f"stride {stride} is not right"
#    print("both are right")
#
# **2. Modify.** One layer with stride 4 is to multiply each side of a map by 4: 12 × 12 becomes 48 × 48. Choose a
# kernel larger than 4 and a padding, so that the sides are exactly right and a kernel of ones makes no checkerboard.
#
# .. code-block:: python
#
#    kernel_size, padding = 6, 1
#
#    weights = torch.ones(1, 1, kernel_size, kernel_size)
#    output = F.conv_transpose2d(torch.ones(1, 1, 12, 12), weights, stride=4, padding=padding)[0, 0]
#    assert kernel_size > 4, "the kernel is too small"
#    assert output.shape == (48, 48), f"the size is {tuple(output.shape)}"
#    middle = output[12:-12, 12:-12].unique()
#    assert len(middle) == 1, f"different values in the middle: {middle.tolist()}"
#    print("each side times 4, and flat")
#
# **3. Extend.** Dice counts pixels, so it has no useful gradient. With *probabilities* in place of decisions it becomes
# a loss. For one class it is :math:`1 - 2\sum p t / (\sum p + \sum t)`, where :math:`p` is the probability of the class
# and :math:`t` is 1 in its area and 0 elsewhere. With one map, the probability is its sigmoid. Complete the function.
#
# .. code-block:: python
#
#    def dice_loss(logits, truth):
#        """Logits and truth, shape (H, W); truth is 0 or 1."""
#        return (logits * 0).sum()
#
#    truth = torch.zeros(8, 8)
#    truth[2:6, 3:7] = 1
#    sure = 40 * (2 * truth - 1)
#    assert dice_loss(sure, truth) < 1e-6, "a perfect mask has the loss 0"
#    assert dice_loss(-sure, truth) > 1 - 1e-6, "the opposite has the loss 1"
#    shifted = torch.roll(sure, 1, dims=1)
#    assert abs(dice_loss(shifted, truth).item() - 0.25) < 1e-6, "12 of 16 pixels are shared"
#    logits = torch.zeros(8, 8, requires_grad=True)
#    dice_loss(logits, truth).backward()
#    assert (logits.grad[truth == 1] < 0).all() and (logits.grad[truth == 0] > 0).all()
#    print("a loss with a gradient")
#
# In practice
# -----------
# - Start from a network that was trained on a large data set. ``torchvision.models.segmentation`` has several;
#   :doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>` read their output.
# - Resize masks with ``"nearest"``, as in :doc:`lesson 07 </lessons/2_training/lesson_07_torchvision_2>`: class numbers
#   are names, and names have no mean. For *logits*, ``"bilinear"`` is right.
# - Report the IoU of each class, not only the mean. A rare class can fail unnoticed.
#
# References
# ----------
# - \J. Long, E. Shelhamer, T. Darrell: `Fully convolutional networks for semantic segmentation
#   <https://arxiv.org/abs/1411.4038>`__, CVPR 2015.
# - \V. Dumoulin, F. Visin: `A guide to convolution arithmetic for deep learning <https://arxiv.org/abs/1603.07285>`__,
#   2016. Its last chapters are about transposed convolution.
# - \A. Odena, V. Dumoulin, C. Olah: `Deconvolution and checkerboard artifacts
#   <https://distill.pub/2016/deconv-checkerboard/>`__, Distill, 2016.
# - \O. Ronneberger, P. Fischer, T. Brox: `U-Net: convolutional networks for biomedical image segmentation
#   <https://arxiv.org/abs/1505.04597>`__, MICCAI 2015.
# - \M. Everingham and others: `The Pascal visual object classes challenge: a retrospective
#   <https://doi.org/10.1007/s11263-014-0733-5>`__, 2015.
# - \T.-Y. Lin and others: `Microsoft COCO: common objects in context <https://arxiv.org/abs/1405.0312>`__, ECCV 2014.
# - \M. Cordts and others: `The Cityscapes dataset for semantic urban scene understanding
#   <https://arxiv.org/abs/1604.01685>`__, CVPR 2016.
# - PyTorch: `ConvTranspose2d <https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html>`__.
