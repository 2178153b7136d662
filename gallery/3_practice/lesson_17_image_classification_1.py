"""
17 · Image classification 1: principles and models
==================================================

Take a network of 6 layers that recognises clothes, and build one of 26 layers. The larger network can compute all that
the smaller one computes: its additional layers need only pass on what they receive. So it should be at least as good.
We train both, and the deep one is far worse, even on the pictures that it was trained with. Then we change one line in
each block: ``+ x``. The deep network now learns, with the same number of parameters. Why does an addition matter so
much? On the way to the answer you build the classifier from its first neuron, and then the blocks of three famous
networks: VGG, GoogLeNet and ResNet.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - turn the outputs of neurons into probabilities with softmax or sigmoid, and say what a temperature changes;
      - write a classifier that takes pictures of any size, with global average pooling;
      - build the blocks of VGG, GoogLeNet and ResNet, and count their parameters and multiply-adds;
      - say, with a measurement, why very deep networks need skip connections.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 10 </lessons/2_training/lesson_10_convolution_2>`, for convolutions, their cost and
        their receptive field, and :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>`, for modules and
        the training loop.
      - **Data:** the pictures of clothes of Fashion-MNIST, and a photograph; 38 MB are downloaded once.
      - **Run time:** about 55 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``torchvision.models`` has the famous networks. We use it to check our own, always without trained weights.
#
# .. fold:: The imports

# sphinx_gallery_number = 17
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [14]
# sphinx_gallery_assets = ["fashion-mnist", "photographs"]
# sphinx_gallery_thumbnail_number = 5
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models
from torchvision.datasets import FashionMNIST
from torchvision.models.googlenet import Inception as TheirInception
from torchvision.models.resnet import BasicBlock

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, INK, ORANGE, PAPER, SKY, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 17
use_course_style()
generator = seed_everything(SEED)
device = pick_device()

# %%
# Look at the data
# ----------------
# In :term:`image classification` the input is a picture, and the answer is one of a fixed list of classes.
# Fashion-MNIST has ten classes of clothes, in pictures of 28 × 28 grey pixels.

clothes = FashionMNIST(assets.path("fashion-mnist"), train=True)
pixels = clothes.data[:, None] / 255  # (60000, 1, 28, 28), values from 0 to 1
labels = clothes.targets
print("pictures:", tuple(pixels.shape), pixels.dtype)
print("labels:  ", tuple(labels.shape), labels.dtype)
print("classes: ", clothes.classes)

# %%
# The figure shows the first picture of each class. Pictures of one class differ a lot, and pictures of two classes,
# such as *Pullover* and *Coat*, can look alike. This is what makes the task hard.
#
# .. fold:: How the figure is drawn

alt = "One picture of each of the ten classes of Fashion-MNIST, with its class."
fig, axes = plt.subplots(2, 5, figsize=(5.2, 2.5), num=alt)
for number, ax in enumerate(axes.flat):
    first = torch.nonzero(labels == number)[0].item()
    ax.imshow(pixels[first, 0], cmap="gray_r")
    ax.set_title(clothes.classes[number], fontsize=9)
    ax.set_axis_off()

# %%
# Predict
# -------
# A classifier computes one score for each class; the scores are the :term:`logits`. The function ``softmax`` turns them
# into probabilities: it takes the exponential of each logit, and divides it by the sum of all exponentials. For the
# logits 0.2370 and 1.7276 it returns 0.1838 and 0.8162. Now a careless programmer adds 10 to both logits.
#
# .. choice:: What does ``softmax`` return for the logits 10.2370 and 11.7276?
#    :outputs: softmax_shifted
#
#    - The same as before. Softmax divides by the sum of the exponentials, and :math:`e^{10}` is a factor of each of
#      them. Only *differences* of logits count.
#
#    - These are the logits divided by their sum. Softmax takes the exponential of each logit first.
#
#    - The larger logit does not take everything. The difference is 1.4906, as before.
#
# .. choice:: A network has 6 layers and learns a task well. You insert 20 more layers and train the new network from the start, with the same pictures. What happens to its accuracy *on the training pictures*?
#    :right: 3
#
#    - It rises. More layers have more parameters, and can fit more.
#
#      They can. But can the training find the parameters?
#
#    - It stays. The new layers learn to pass on what they receive.
#
#      This would be a solution. It is hard to find for layers that begin with random weights.
#
#    - It falls.
#
#      In our short training it falls: you will measure it below. K. He and others saw it in 2015 with networks of 20
#      and 56 layers, and called it :term:`degradation`.
#
# Build it: two neurons
# ---------------------
# Suppose that a model has to decide whether a picture shows a certain logo, as you will do in lesson 18. There are two
# classes, "logo" and "other". The simplest model has one :term:`neuron` for each class. A neuron multiplies each pixel
# by a weight, and adds up the products and a bias. A picture with four pixels is enough to see it.

four_pixels = torch.tensor([0.2, 0.9, 0.4, 0.7])
weights = torch.tensor([[0.5, -0.3, 0.8, 0.1], [-0.2, 1.1, 0.3, 0.6]])  # one row for a neuron
biases = torch.tensor([0.0170, 0.2376])
print("two neurons:", weights @ four_pixels + biases)

# %%
# Each neuron returns one value, and the product of a matrix and a vector computes both. A single neuron that decides by
# the sign of its sum is the :term:`perceptron` of 1958; our model has two of them side by side. The values 0.2370 and
# 1.7276 are not probabilities yet.
#
# Build it: from logits to probabilities
# --------------------------------------
# The :term:`softmax` of the logits :math:`z_1, …, z_C` is
#
# .. math:: p_k = \frac{e^{z_k}}{e^{z_1} + … + e^{z_C}} .
#
# The exponential makes each number positive, and the division makes the sum 1. ``torch.softmax`` is the same function.
# Its argument ``dim`` names the axis along which the sum is to be 1. (:doc:`Lesson 11
# </lessons/2_training/lesson_11_loss_functions>` computes it without overflow.)

logits = torch.tensor([0.2370, 1.7276])
exponentials = logits.exp()
by_hand = exponentials / exponentials.sum()
print("exponentials:", exponentials)
print("by hand:     ", by_hand)
print("torch:       ", torch.softmax(logits, dim=0))
print("both logits larger by 10:")
print(torch.softmax(logits + 10, dim=0))
assert torch.allclose(by_hand, torch.softmax(logits, dim=0))

# %%
# The second class has the probability 0.8162. If we add 10 to both logits, nothing changes. This was the first
# question of "Predict".
#
# .. fold:: The code of the choices


def after_softmax():
    print(torch.softmax(torch.tensor([10.2370, 11.7276]), dim=0))


def after_division():
    shifted = torch.tensor([10.2370, 11.7276])
    print(shifted / shifted.sum())


def after_maximum():
    shifted = torch.tensor([10.2370, 11.7276])
    print((shifted == shifted.max()).float())


run_choices("softmax_shifted", right=after_softmax, wrong=[after_division, after_maximum])
torch.testing.assert_close(torch.softmax(logits + 10, dim=0), by_hand)

# %%
# If only the difference counts, then two classes need only one number, say :math:`d = z_2 - z_1`. Divide the numerator
# and the denominator of :math:`p_2` by :math:`e^{z_2}`:
#
# .. math:: p_2 = \frac{1}{1 + e^{-d}} .
#
# This is the :term:`sigmoid` of :math:`d`.

difference = logits[1] - logits[0]
print(f"sigmoid of the difference: {torch.sigmoid(difference):.4f}")
print(f"and the other class:       {1 - torch.sigmoid(difference):.4f}")
assert torch.isclose(torch.sigmoid(difference), by_hand[1])

# %%
# The probabilities are the same. So a model for two classes may have two neurons and a softmax, or one neuron and a
# sigmoid. There is a third case: a picture may show a shirt *and* a bag, so that several answers are right at once.
# Then each class gets a sigmoid of its own, and the sum need not be 1.
#
# Build it: temperature
# ---------------------
# How sure is a model? Only the differences of logits decide. If we divide all logits by a number :math:`T > 0`, the
# :term:`temperature`, we make the differences smaller or larger.

three_logits = torch.tensor([2.0, 1.0, 0.0])
for temperature in (0.1, 0.5, 1.0, 2.0, 100.0):
    probabilities = torch.softmax(three_logits / temperature, dim=0)
    print(f"T = {temperature:5}:", *(f"{p:.3f}" for p in probabilities))
    assert probabilities.argmax() == 0

# %%
# With a low temperature the largest logit takes nearly everything. With a high one all classes become equally probable.
# The order never changes, so the temperature does not change which class is chosen. It is used after training, to make
# probabilities honest (:doc:`lesson 18 </lessons/3_practice/lesson_18_image_classification_2>`), and to choose words in
# language models (:doc:`lesson 22 </lessons/3_practice/lesson_22_nlp_2>`).
#
# In the next figure you move the logits and the temperature. Add 10 to all logits, and see that no bar moves.
#
# .. interactive:: softmax-temperature
#    :logits: 0.2370 1.7276
#    :temperature: 1
#
#    With the temperature 1, the second class has the probability 0.8162.
#
# Build it: a fully connected layer
# ---------------------------------
# Now we cut 128 × 128 grey pixels out of a photograph. Two neurons that see every pixel are a :term:`fully connected
# layer`, in PyTorch ``nn.Linear(128 * 128, 2)``. It expects a row of values for each picture, so the square becomes a
# row. The weights are random: this layer has not learned anything. We ask it twice: first with pixels from 0 to 255,
# then with pixels from 0 to 1.

photograph = torch.from_numpy(plt.imread(assets.path("photographs") / "china.jpg").copy())
square = photograph[80:208, 250:378].float().mean(2)  # (128, 128), values from 0 to 255
row = square.reshape(1, 128 * 128)  # (1, 16384): a batch of one picture
two_neurons = nn.Linear(128 * 128, 2)
probabilities = two_neurons(row).softmax(dim=1)  # (1, 2)
print("pixels from 0 to 255:", [round(value, 4) for value in probabilities[0].tolist()])
assert probabilities.max() > 0.999
probabilities = two_neurons(row / 255).softmax(dim=1)
print("pixels from 0 to 1:  ", [round(value, 4) for value in probabilities[0].tolist()])
assert probabilities.max() < 0.7

# %%
# The first time the layer is almost certain, although it knows nothing. Each logit is a sum of 16,384 products, so with
# large inputs the two logits are far apart. The second time neither class is sure, as it should be. A probability near
# 1 need not mean knowledge: it can mean large inputs. This is one reason why pictures are :term:`normalised
# <normalise>` first.
#
# What does the layer cost? Each of its :math:`C` neurons has a weight for each of the :math:`n` inputs, and a bias:
# :math:`(n + 1)C` parameters. A :term:`multilayer perceptron` has a :term:`hidden layer` between the pixels and the
# classes. In the output below, rows 2 and 3 are such hidden layers with 1,000 neurons, and row 4 is a convolution.


def parameters_of(module):
    return sum(parameter.numel() for parameter in module.parameters())


print(f"128·128 → 2:         {parameters_of(two_neurons):11,} parameters")
print(f"128·128 → 1,000:     {(128 * 128 + 1) * 1000:11,}")
print(f"3·224·224 → 1,000:   {(3 * 224 * 224 + 1) * 1000:11,}")
print(f"3 × 3, 3 → 64 maps:  {parameters_of(nn.Conv2d(3, 64, 3)):11,}")
assert parameters_of(two_neurons) == (128 * 128 + 1) * 2 == 32770

# %%
# A first hidden layer on colour pictures of 224 × 224 pixels would have 150 million parameters. A :term:`convolution`
# has fewer than two thousand, and it finds a thing wherever it stands (:doc:`lesson 09
# </lessons/2_training/lesson_09_convolution_1>`). So today's image classifiers begin with convolutions. The fully
# connected layer stands at the end, where it turns features into one logit for each class. It is often called ``fc``.
#
# Build it: pictures of any size
# ------------------------------
# Convolutions take pictures of any size, but a fully connected layer has a fixed number of inputs. Here is a small
# network that was built for 32 × 32 pixels: two convolutions make 8 maps of 8 × 8, and ``nn.Flatten`` puts them into a
# row of 512 values. What happens with 48 × 48 pixels?

features = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
    nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU(),
)  # fmt: skip
fixed_head = nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 8, 10))
for side in (32, 48):
    maps = features(torch.zeros(1, 1, side, side))
    print(f"{side} × {side} pixels: maps {tuple(maps.shape)}")
    try:
        print("logits", tuple(fixed_head(maps).shape))
    except RuntimeError as message:
        print(f"RuntimeError: {message}")

# %%
# The larger picture has larger maps, 12 × 12, and 1,152 values do not fit into a layer for 512. :term:`Global average
# pooling <global average pooling>` replaces each map by its mean. Then 8 maps become 8 values, whatever their size. In
# PyTorch it is ``nn.AdaptiveAvgPool2d(1)``: the 1 is the size of the *output*.

open_head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
for height, width in ((32, 32), (48, 48), (31, 77)):
    maps = features(torch.rand(1, 1, height, width, generator=generator))
    pooled = open_head[:2](maps)
    assert torch.allclose(pooled, maps.mean(dim=(2, 3)))
    print(f"{height} × {width}: maps {tuple(maps.shape)} → {tuple(pooled.shape)}")
    print("   logits", tuple(open_head(maps).shape))

# %%
# All three sizes give ten logits. (Pictures in one batch must still have one size.) ResNet and EfficientNet work in
# this way.
#
# Any size is *accepted*. The answers need not stay good: a network knows things in the sizes that it saw in training.
#
# Build it: the contest
# ---------------------
# From 2010 to 2017 a contest decided which network was best: the ImageNet Large Scale Visual Recognition Challenge,
# ILSVRC. Its classification task had 1.2 million training photographs and 1,000 classes. Some photographs show several
# things, and only one of them is the label. So a model was allowed five answers. The :term:`top-5 error` is the share
# of pictures whose label is not among the five classes with the largest logits. Guessing five of 1,000 classes has a
# top-5 error of 99.5 %.
#
# The figure shows what the winners reached, and VGG, which was second in 2014. Each number is from a paper that is named
# in the references; 2016 is left out, because its winner has no paper.
#
# .. fold:: The numbers, and how the figure is drawn

contest = [
    ("2010", "NEC-UIUC", 28.2),  # Russakovsky and others, 2015
    ("2011", "XRCE", 25.8),  # the same
    ("2012", "AlexNet", 16.4),  # Krizhevsky and others, 2012
    ("2013", "Clarifai", 11.7),  # Russakovsky and others, 2015
    ("2014", "VGG", 7.3),  # Simonyan and Zisserman, 2015
    ("2014", "GoogLeNet", 6.67),  # Szegedy and others, 2015
    ("2015", "ResNet", 3.57),  # He and others, 2016
    ("2017", "SENet", 2.25),  # Hu and others, 2018
]
alt = "Top-5 error from 28.2 % in 2010 to 2.25 % in 2017; a person made 5.1 % errors."
fig, ax = plt.subplots(figsize=(5.2, 3.3), num=alt)
for place, (year, _, error) in enumerate(contest):
    ax.barh(place, error, color=SKY if int(year) < 2012 else BLUE)
    ax.text(max(error, 5.1) + 0.4, place, f"{error:g}", va="center", fontsize=9)
ax.axvline(5.1, color=VERMILION, linestyle="--")
ax.text(11, 6.5, "dashed: one person, 5.1", color=VERMILION, va="center", fontsize=9)
ax.set_yticks(range(8), [f"{name} {year}" for year, name, _ in contest])
ax.set(xlabel="top-5 error, %", xlim=(0, 32))
ax.invert_yaxis()
contest_errors = [error for _, _, error in contest]
steps = [before - after for before, after in pairwise(contest_errors)]
assert min(steps) > 0 and max(steps) == steps[1]  # from XRCE to AlexNet

# %%
# The pale bars are methods without deep networks. AlexNet, a deep convolutional network, made the largest step. The dark
# bars are averages over several networks. The dashed line is *one* trained person who labelled 1,500 pictures, so
# "better than humans" says less than it seems. What did VGG, GoogLeNet and ResNet do differently? We build their blocks.
#
# Build it: VGG, small kernels in a stack
# ---------------------------------------
# AlexNet began with kernels of 11 × 11. VGG16 has only kernels of 3 × 3. Two of them, one after the other, see 5 × 5
# pixels, and three see 7 × 7: each layer adds one pixel on each side
# (:doc:`lesson 10 </lessons/2_training/lesson_10_convolution_2>`). The cell compares the weights of a stack with those
# of a single large kernel, for 64 channels everywhere.

channels = 64
for count in (1, 2, 3):
    field = 1 + 2 * count
    stack = count * 3 * 3 * channels * channels
    single = field * field * channels * channels
    print(f"{count} × (3 × 3) sees {field} × {field}: {stack:7,} weights; ", end="")
    print(f"one {field} × {field}: {single:7,}")
assert round(1 - 3 * 9 / 49, 2) == 0.45

# %%
# Three small kernels need 110,592 weights in place of 200,704, which is 45 % less. There is also an activation function
# after each of them. We write the whole network as a list: a number means a convolution with so many kernels, and
# ``"pool"`` halves rows and columns. A function turns the list into layers. Under ``torch.device("meta")`` a tensor has
# a shape but no values, so looking at shapes needs no memory.

VGG16 = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool"]
VGG16 += [512, 512, 512, "pool", 512, 512, 512, "pool"]


def vgg_features(plan):
    """The convolutions of VGG, for colour pictures."""
    layers, channels = [], 3
    for entry in plan:
        if entry == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, entry, 3, padding=1), nn.ReLU()]
            channels = entry
    return nn.Sequential(*layers)


with torch.device("meta"):
    print(tuple(vgg_features(VGG16)(torch.empty(1, 3, 224, 224)).shape))

# %%
# A picture of 224 × 224 pixels ends as 512 maps of 7 × 7. After them come three fully connected layers, with
# :term:`dropout` between them. These three and the thirteen convolutions are the 16 layers with weights in the name
# VGG16. The paper compares networks of 11 to 19 layers: deeper ones were better up to 16 layers; 19 hardly helped.
#
# ``FlopCounterMode`` counts two operations for each :term:`multiply-add` (lesson 10), so we divide by 2. Where are the
# parameters, and where is the work?
#
# .. fold:: VGG16, its parameters and its multiply-adds


def multiply_adds(module, *shape):
    """Multiply-adds of a module on the meta device, for one input of this shape."""
    with FlopCounterMode(display=False) as counter:
        module.eval()(torch.empty(1, *shape, device="meta"))
    return counter.get_total_flops() // 2


with torch.device("meta"):
    convolutions = vgg_features(VGG16)
    layers = [nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout()]
    layers += [nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000)]
    vgg16 = nn.Sequential(convolutions, *layers)
total, work = parameters_of(vgg16), multiply_adds(vgg16, 3, 224, 224)
print(f"VGG16: {total:,} parameters, {work:,} multiply-adds")
print(f"in the convolutions: {parameters_of(convolutions) / total:.1%} of the parameters")
print(f"   and {multiply_adds(convolutions, 3, 224, 224) / work:.1%} of the multiply-adds")
assert parameters_of(convolutions) / total < 0.11
assert multiply_adds(convolutions, 3, 224, 224) / work > 0.99

# %%
# Nine tenths of the 138 million parameters are in the three fully connected layers, and nearly all of the work is in
# the convolutions. The first fully connected layer alone has 103 million parameters, because it has 25,088 inputs. The
# next two networks use global average pooling instead.
#
# Build it: GoogLeNet, four branches
# ----------------------------------
# In VGG each layer has kernels of one size. GoogLeNet's :term:`Inception block` uses several sizes at once and joins
# the results. That is expensive: kernels of 5 × 5 on 192 channels have many weights. So GoogLeNet first reduces the
# number of channels with kernels of 1 × 1 (a :term:`pointwise convolution`).

direct = 192 * 32 * 5 * 5
reduced = 192 * 16 + 16 * 32 * 5 * 5
print(f"192 → 32 maps with 5 × 5:              {direct:7,} weights")
print(f"192 → 16 with 1 × 1, → 32 with 5 × 5:  {reduced:7,} weights")
print(f"{direct / reduced:.1f} times fewer")
assert direct / reduced > 9

# %%
# The detour through 16 channels needs less than a ninth of the weights. First we write one convolution of the block. It
# ends with :term:`batch normalisation` and ReLU, as in torchvision; the paper of 2014 had no batch normalisation yet.


def convolution(in_channels, out_channels, k):
    layer = nn.Conv2d(in_channels, out_channels, k, padding=k // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(out_channels, eps=0.001), nn.ReLU())


for k in (1, 3, 5):
    print(f"{k} × {k}:", tuple(convolution(192, 32, k)(torch.zeros(1, 192, 28, 28)).shape))

# %%
# With the padding ``k // 2``, a kernel of any odd side keeps the 28 rows and 28 columns. So ``torch.cat`` can join the
# maps of several branches along axis 1, the channels. The block has four branches: 1 × 1 alone; 1 × 1 and then 3 × 3;
# 1 × 1 and then 5 × 5; and a pooling followed by 1 × 1. The arguments are numbers of channels: ``three_in`` and
# ``five_in`` stand between two convolutions. Only ``largest`` is the side of a kernel. The example is block 3a of the
# paper.


class Inception(nn.Module):
    """Four branches, joined along the channels."""

    def __init__(self, channels, one, three_in, three, five_in, five, pooled, largest=5):
        super().__init__()
        small = [convolution(channels, three_in, 1), convolution(three_in, three, 3)]
        large = [convolution(channels, five_in, 1), convolution(five_in, five, largest)]
        pool = [nn.MaxPool2d(3, stride=1, padding=1), convolution(channels, pooled, 1)]
        chains = [[convolution(channels, one, 1)], small, large, pool]
        self.branches = nn.ModuleList([nn.Sequential(*chain) for chain in chains])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


first_block = Inception(192, one=64, three_in=96, three=128, five_in=16, five=32, pooled=32)
for branch in first_block.branches:
    print(tuple(branch(torch.zeros(1, 192, 28, 28)).shape))
print("joined:", tuple(first_block(torch.zeros(1, 192, 28, 28)).shape))

# %%
# 64 + 128 + 32 + 32 maps are 256. (In torchvision the third branch has kernels of 3 × 3 in place of 5 × 5. Its source
# calls this a known bug: the published weights belong to the small kernels, so it stays. With ``largest=3`` our block
# equals torchvision's, as the check below shows.)
#
# Build it: ResNet, an addition
# -----------------------------
# A :term:`residual block` has two convolutions, and adds its input to their result. This path around the convolutions
# is a :term:`skip connection`. The two convolutions then compute only the *difference* from the input, the residual.


def two_convolutions(in_channels, out_channels, stride=1):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
    )


body = two_convolutions(8, 8)
x = torch.rand(1, 8, 7, 7, generator=generator)
print("plain:   ", tuple(F.relu(body(x)).shape))
print("residual:", tuple(F.relu(body(x) + x).shape))
nn.init.zeros_(body[-1].weight)  # the last batch normalisation now multiplies by 0
print("residual with a 0: output equals input:", torch.equal(F.relu(body(x) + x), x))
assert not F.relu(body(x)).any()

# %%
# Look at the last line. To pass on its input, a residual block only has to make the output of its two convolutions
# small; the cell does it with the last batch normalisation. (The inputs are not negative, like those that come out of a
# ReLU, so the last ReLU changes nothing.) A plain block would have to *learn* to copy each channel. With the same 0 it
# passes on nothing at all.
#
# For the addition both shapes must be equal. Some blocks halve rows and columns and double the channels. There the
# input goes through a convolution of 1 × 1 with the same stride. This is the whole block.


class Residual(nn.Module):
    """Two convolutions, and the input added to their result."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.body = two_convolutions(in_channels, out_channels, stride)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            project = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


print(tuple(Residual(64, 64)(torch.zeros(1, 64, 56, 56)).shape))
print(tuple(Residual(64, 128, stride=2)(torch.zeros(1, 64, 56, 56)).shape))

# %%
# ResNet-18 begins with one convolution and a pooling. Then come eight such blocks, global average pooling and one fully
# connected layer: :math:`1 + 8 · 2 + 1 = 18` layers with weights. The paper goes up to 152 layers.


def resnet18(classes=1000):
    layers = [nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64)]
    layers += [nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    channels = 64
    for width in (64, 128, 256, 512):
        layers += [Residual(channels, width, 1 if width == 64 else 2), Residual(width, width)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


with torch.device("meta"):
    ours, theirs = resnet18(), models.resnet18()
for name, network in (("ours", ours), ("torchvision", theirs)):
    print(f"{name:12} {parameters_of(network):,} parameters,", end=" ")
    print(f"{multiply_adds(network, 3, 224, 224):,} multiply-adds")
assert parameters_of(ours) == parameters_of(theirs)
assert multiply_adds(ours, 3, 224, 224) == multiply_adds(theirs, 3, 224, 224)

# %%
# Both numbers agree exactly. The figure shows the three blocks side by side.
#
# .. fold:: How the figure is drawn

alt = "VGG: a chain. Inception: four branches, joined. ResNet: a chain, and a path around it."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 3.0), width_ratios=(1, 2.1, 1.3), num=alt)


def box(ax, x, y, text, colour=PAPER, width=0.86):
    """A box around a word."""
    ax.add_patch(plt.Rectangle((x - width / 2, y - 0.24), width, 0.48, fc=colour, ec=INK))
    ax.text(x, y, text, ha="center", va="center", fontsize=8)


def arrow(ax, start, end):
    """An arrow from below a box to above the next one."""
    style = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


for row_number, text in enumerate(("3×3", "3×3", "pool")):
    box(axes[0], 0, 3 - row_number, text, SKY if text == "3×3" else PAPER)
    arrow(axes[0], (0, 3.76 - row_number), (0, 3.24 - row_number))
arrow(axes[0], (0, 0.76), (0, 0.24))
branches = (("", "1×1"), ("1×1", "3×3"), ("1×1", "5×5"), ("pool", "1×1"))
for column, (upper, lower) in enumerate(branches):
    arrow(axes[1], (column, 3.65), (column, 3.24 if upper else 2.24))
    if upper:
        box(axes[1], column, 3, upper, PAPER if upper == "pool" else SKY)
        arrow(axes[1], (column, 2.76), (column, 2.24))
    box(axes[1], column, 2, lower, SKY)
    axes[1].plot((column, column), (1.76, 1.55), color=INK, linewidth=1)
axes[1].plot((1.5, 1.5), (4.0, 3.65), color=INK, linewidth=1)
for height in (3.65, 1.55):
    axes[1].plot((0, 3), (height, height), color=INK, linewidth=1)
arrow(axes[1], (1.5, 1.55), (1.5, 1.24))
box(axes[1], 1.5, 1, "join", ORANGE, 1.3)
arrow(axes[1], (1.5, 0.76), (1.5, 0.24))
for row_number, text in enumerate(("3×3", "3×3", "+, ReLU")):
    box(axes[2], 0, 3 - row_number, text, SKY if text == "3×3" else ORANGE)
    arrow(axes[2], (0, 3.76 - row_number), (0, 3.24 - row_number))
arrow(axes[2], (0, 0.76), (0, 0.24))
axes[2].plot((0, 0.9, 0.9), (3.6, 3.6, 1), color=VERMILION, linewidth=2)
skip_arrow = {"arrowstyle": "-|>", "color": VERMILION, "lw": 2}
axes[2].annotate("", (0.43, 1), (0.93, 1), arrowprops=skip_arrow)
axes[2].text(1.0, 2.3, "x", color=VERMILION, va="center")
titles = ("VGG", "Inception", "residual")
ranges = ((-0.7, 0.7), (-0.6, 3.6), (-0.7, 1.2))
for ax, title, limits in zip(axes, titles, ranges, strict=True):
    ax.set(xlim=limits, ylim=(0.1, 4.1))
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()

# %%
# Check against PyTorch
# ---------------------
# Equal counts do not prove equal computations. The folded cell copies torchvision's random weights into our blocks, and
# compares outputs and gradients. It does so for an Inception block in 20 random settings (with ``largest=3``), for
# residual blocks in 20, for ResNet-18, and for the convolutions of VGG's smallest version.
#
# .. fold:: Checked against torchvision: 20 + 20 random blocks, two networks


def assert_equal(ours, theirs, x):
    """Copy the parameters and buffers in their order; compare outputs and gradients."""
    source = list(theirs.state_dict().values())
    target = ours.state_dict()
    assert len(source) == len(target)
    ours.load_state_dict(dict(zip(target, source, strict=True)))
    ours, theirs = ours.double().train(), theirs.double().train()
    results = []
    for module in (ours, theirs):
        inputs = x.double().requires_grad_()
        outputs = module(inputs)
        slopes = torch.autograd.grad(outputs.square().mean(), [inputs, *module.parameters()])
        results.append((outputs, *slopes))
    for mine, yours in zip(*results, strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-9, atol=1e-9)
    assert parameters_of(ours) == parameters_of(theirs)


def draw(low, high):
    return torch.randint(low, high, (1,), generator=generator).item()


for _ in range(20):
    widths = [draw(1, 9) for _ in range(7)]
    x = torch.randn(2, widths[0], draw(5, 12), draw(5, 12), generator=generator)
    assert_equal(Inception(*widths, largest=3), TheirInception(*widths), x)
for _ in range(20):
    before, after, stride = draw(1, 9), draw(1, 9), draw(1, 3)
    mine = Residual(before, after, stride)
    down = None if isinstance(mine.shortcut, nn.Identity) else nn.Sequential(
        nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after)
    )  # fmt: skip
    yours = BasicBlock(before, after, stride, down)
    assert_equal(mine, yours, torch.randn(2, before, draw(5, 12), draw(5, 12), generator=generator))
assert_equal(resnet18(), models.resnet18(), torch.randn(2, 3, 33, 40, generator=generator))
with torch.device("meta"):
    ours = Inception(192, one=64, three_in=96, three=128, five_in=16, five=32, pooled=32)
    theirs = models.googlenet(init_weights=False).inception3a
assert round(multiply_adds(ours, 192, 28, 28) / 1e6) == 128  # "128M" in the paper
assert parameters_of(ours) - parameters_of(theirs) == 16 * 32 * (25 - 9)  # 5 × 5, not 3 × 3
vgg11_plan = [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"]
vgg11 = models.vgg11(init_weights=False).features
assert_equal(vgg_features(vgg11_plan), vgg11, torch.randn(1, 3, 32, 32, generator=generator))
with torch.device("meta"):
    vgg16_theirs = models.vgg16()
assert parameters_of(vgg16) == parameters_of(vgg16_theirs) == 138_357_544
assert work == multiply_adds(vgg16_theirs, 3, 224, 224)
print("Inception and residual blocks, 40 settings: outputs and gradients agree")
print("ResNet-18 and the convolutions of VGG11: outputs and gradients agree")
print("VGG16: parameters and multiply-adds agree")

# %%
# Our blocks compute the same outputs as torchvision's, and the same gradients.
#
# Use it: 6 layers and 26
# -----------------------
# Now to the question of this lesson. A *plain* block is our residual block without the addition. Everything else stays.


class Plain(Residual):
    def forward(self, x):
        return F.relu(self.body(x))


# %%
# A network for our small pictures needs few channels. The first convolution makes 8 maps of 7 × 7; then come the blocks,
# global average pooling, and a fully connected layer for ten classes.


def classifier(block, blocks, seed):
    """A network for Fashion-MNIST with 2 + 2 · blocks layers with weights."""
    torch.manual_seed(seed)
    layers = [nn.Conv2d(1, 8, 4, stride=4, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    layers += [block(8, 8) for _ in range(blocks)]  # maps of 7 × 7
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return network.to(device)


for block in (Plain, Residual):
    counts = [parameters_of(classifier(block, blocks, seed=0)) for blocks in (2, 12)]
    print(f"{block.__name__:9} 6 layers: {counts[0]:,} parameters, 26 layers: {counts[1]:,}")

# %%
# With equal depth both kinds have the same number of parameters, and with the same seed even the same initial weights
# (He's :term:`initialisation`, which torchvision uses for ResNet). We train with 10,000 pictures. Another 1,000 of the
# training set are for :term:`validation <validation set>`, and 2,000 of the test set are for the final comparison.
#
# .. fold:: The pictures, normalised and split


def prepare(pixels):
    """Mean 0 and standard deviation 1, with the numbers of the training pictures."""
    return ((pixels - train_mean) / train_std).to(device)


train_mean, train_std = pixels[:10000].mean(), pixels[:10000].std()
train_images, train_labels = prepare(pixels[:10000]), labels[:10000].to(device)
valid_images, valid_labels = prepare(pixels[50000:51000]), labels[50000:51000].to(device)
test_set = FashionMNIST(assets.path("fashion-mnist"), train=False)
test_images = prepare(test_set.data[:2000, None] / 255)
test_labels = test_set.targets[:2000].to(device)
print("training:", tuple(train_images.shape), "test:", tuple(test_images.shape))

# %%
# The training is short: 100 steps with 32 pictures each, which is what this page can afford. ``OneCycleLR`` raises the
# learning rate from a small value to its maximum, and lowers it again. The momentum 0.9 is that of the ResNet paper.
#
# .. fold:: The training loop, as in lesson 14


def train(network, learning_rate, seed, steps=100):
    draws = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=0.9)
    schedule = OneCycleLR(optimiser, learning_rate, total_steps=steps)
    network.train()
    for _ in range(steps):
        rows = torch.randint(10000, (32,), generator=draws).to(device)
        loss = F.cross_entropy(network(train_images[rows]), train_labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


@torch.no_grad()
def percent_right(network, images, labels):
    network.eval()
    return 100 * (network(images).argmax(dim=1) == labels).float().mean().item()


example = classifier(Plain, 2, seed=0)
train(example, 0.1, seed=0)
print(f"6 layers, plain: {percent_right(example, valid_images, valid_labels):.1f} % right")

# %%
# It learns. We compare three networks: plain with 6 layers, plain with 26, and residual with 26. This is fair only if
# each has a learning rate that suits it (:doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>`). We try three
# rates for each, with two seeds that are not used later, and let the validation pictures choose.
#
# .. fold:: Eighteen trainings for the learning rate

ARMS = [(Plain, 2), (Plain, 12), (Residual, 12)]
RATES = (0.03, 0.1, 0.3)
names = {arm: f"{2 + 2 * arm[1]:2} layers, {arm[0].__name__.lower():8}" for arm in ARMS}
best_rate, on_validation = {}, {}
print("right on validation pictures, mean of two seeds")
print("                     " + "".join(f"rate {rate:<6}" for rate in RATES))
for arm in ARMS:
    found = []
    for rate in RATES:
        total = 0.0
        for seed in (100, 101):
            network = classifier(*arm, seed)
            train(network, rate, seed)
            total += percent_right(network, valid_images, valid_labels)
        found.append(total / 2)
    best_rate[arm] = RATES[found.index(max(found))]
    on_validation[arm] = found
    print(names[arm] + "".join(f"{value:6.1f} %   " for value in found))
best_plain = max(on_validation[Plain, 12])
assert best_plain < max(on_validation[Plain, 2]) - 10
assert best_plain < max(on_validation[Residual, 12]) - 10
assert best_plain - on_validation[Plain, 12][0] > 5

# %%
# The deep plain network does not come near the best of the others at any of the three rates. It does best with the
# largest rate, so an even larger one may be better still. But what it gains between 0.03 and 0.3 is far less than its
# distance from the others.
#
# With the best rate of each we now train four seeds. The same seed means the same batches for all, and the same initial
# weights for both deep networks, so we compare in pairs. After ± stands the :term:`standard error` of the mean over the
# four seeds.
#
# .. fold:: Twelve more trainings, and the figure


def mean_and_error(values):
    values = torch.tensor(values)
    return values.mean().item(), (values.std() / math.sqrt(len(values))).item()


right = {}
print("                        training         test")
for arm in ARMS:
    on_training, on_test = [], []
    for seed in range(4):
        network = classifier(*arm, seed)
        train(network, best_rate[arm], seed)
        on_training.append(percent_right(network, train_images[:1000], train_labels[:1000]))
        on_test.append(percent_right(network, test_images, test_labels))
    right[arm] = {"training": on_training, "test": on_test}
    line = names[arm]
    for values in (on_training, on_test):
        mean, error = mean_and_error(values)
        line += f"   {mean:4.1f} ± {error:.1f} %"
    print(line)


def compare(first, second, part):
    """Mean of the paired differences in points, and its standard error."""
    pairs = zip(right[first][part], right[second][part], strict=True)
    return mean_and_error([a - b for a, b in pairs])


differences = {
    "plain, 26 - 6 layers, training": compare((Plain, 12), (Plain, 2), "training"),
    "26 layers, residual - plain, test": compare((Residual, 12), (Plain, 12), "test"),
    "residual 26 - plain 6, test": compare((Residual, 12), (Plain, 2), "test"),
}
for name, (mean, error) in differences.items():
    print(f"{name:33} {mean:+5.1f} ± {error:.1f} points")
harm, cure, _ = differences.values()
assert harm[0] + 2 * harm[1] < -20 and cure[0] - 2 * cure[1] > 5

alt = "Test accuracy of four seeds: the deep plain networks lie far below the other two kinds."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
for place, arm in enumerate(ARMS):
    colour = VERMILION if arm[0] is Plain else BLUE
    ax.plot([place] * 4, right[arm]["test"], "o", color=colour, alpha=0.7)
ax.set_xticks(range(3), ["plain\n6 layers", "plain\n26 layers", "residual\n26 layers"])
ax.axhline(10, color=INK, linestyle=":")
ax.text(-0.4, 12, "guessing", fontsize=9)
limits = ax.set(ylabel="right, % of the test pictures", ylim=(0, 100), xlim=(-0.5, 2.5))

# %%
# The deep plain network is far worse even on its *own training pictures*. So this is not :term:`overfitting`: better
# parameters certainly exist, but the training has not found them in 100 steps. (He and others saw the gap remain to
# the end of a long training. We have not tested that.) The deep residual network has the same number of parameters,
# the same batches and the same first weights, and it learns. Is it better than the shallow network? Read the last
# line: with four seeds, a difference of less than 3.2 standard errors is no verdict (:term:`Student's t
# distribution`). The addition makes depth *possible*. Whether depth pays is another question, which needs more data
# and more steps.
#
# Use it: is the gradient too long or too short?
# ----------------------------------------------
# What goes wrong in the plain network? The first suspect is the length of the gradient, which may vanish (:doc:`lesson
# 12 </lessons/2_training/lesson_12_gradients>`). That lesson names three remedies: initialisation, normalisation and
# skips. Both our networks have the first two, and only one has skips. We take new networks, before any training, and
# measure the gradient of the loss with respect to the output of each block. ``retain_grad()`` keeps the gradient of a
# tensor that is no parameter.


def gradient_lengths(network):
    """Length of the gradient at the output of each block, for 200 training pictures."""
    network.train()
    x, outputs = train_images[:200], []
    for layer in network:
        x = layer(x)
        if isinstance(layer, Residual):  # a Plain block is one, too
            x.retain_grad()
            outputs.append(x)
    F.cross_entropy(x, train_labels[:200]).backward()
    return [output.grad.norm().item() for output in outputs]


# %%
# We do this for four networks of each kind, and divide the length at the first block by that at the last.

lengths, ratios = {}, {}
for block in (Plain, Residual):
    lengths[block] = [gradient_lengths(classifier(block, 12, seed)) for seed in range(4)]
    found = ratios[block] = [curve[0] / curve[-1] for curve in lengths[block]]
    print(f"{block.__name__:9} first / last block: {min(found):.0f} to {max(found):.0f}")
assert 1 < max(ratios[Residual]) < min(ratios[Plain])

# %%
# In both networks the gradient *grows* on the way back: it is longer at the first block than at the last. So it does
# not vanish. In the plain network it grows much more. (With batch normalisation this is expected: see Yang and others
# in the references.) A smaller learning rate could make up for a long gradient, but none of our three rates did. So we
# ask something else: is the gradient *reliable*?
#
# Use it: does the gradient still hold a little further on?
# ---------------------------------------------------------
# A step of training follows the gradient from one point. This helps only if the gradient is nearly the same a little
# further on. A hiker in a fog, who sees only the slope under the feet, can use it on a smooth hill, but not on a heap
# of broken glass. D. Balduzzi and others measured this in 2017. We follow their idea: we walk in 100 small steps in a
# straight line from one picture to another, and compute at each point the gradient of the first logit with respect to
# the pixels. (Training follows the gradient with respect to the *weights*. Both run back through the same blocks, so
# one is a hint about the other.)


def slopes_on_line(network, first, second):
    """Gradients of the first logit at 101 points between two pictures, (101, 784)."""
    share = torch.linspace(0, 1, 101, device=device)[:, None, None, None]
    line = ((1 - share) * first + share * second).requires_grad_()  # (101, 1, 28, 28)
    (slopes,) = torch.autograd.grad(network(line)[:, 0].sum(), line)
    return slopes.flatten(1)


slopes = slopes_on_line(classifier(Plain, 2, seed=0).eval(), train_images[0], train_images[1])
print("gradients:", tuple(slopes.shape))

# %%
# Each row is the gradient at one point of the way. In training mode the pictures of a batch influence each other
# through batch normalisation, so evaluation mode is needed. It uses stored statistics, which new networks do not have
# yet. ``settle`` stores those of 500 pictures, in one pass with momentum 1.
#
# .. fold:: Statistics for batch normalisation, and the gradients of three networks


def settle(network):
    """Let batch normalisation keep the statistics of 500 pictures; then evaluation mode."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network.train()(train_images[:500])
    return network.eval()


slopes = {}
for arm in ARMS:
    network = settle(classifier(*arm, seed=0))
    slopes[arm] = slopes_on_line(network, train_images[0], train_images[1]).cpu()

# %%
# The figure shows one of the 784 elements of the gradient along the way: the slope for a pixel in the middle.
#
# .. fold:: How the figure is drawn

alt = "Slope along a line: smooth for 6 plain layers, noise for 26, much smoother with skips."
fig, axes = plt.subplots(3, 1, figsize=(5.2, 4.2), sharex=True, num=alt)
titles = ("plain, 6 layers", "plain, 26 layers", "residual, 26 layers")
for ax, arm, title in zip(axes, ARMS, titles, strict=True):
    curve = slopes[arm][:, 14 * 28 + 14]
    ax.plot(range(101), curve / slopes[arm].std(), color=VERMILION if arm[0] is Plain else BLUE)
    ax.set_title(title, fontsize=9, loc="left")
    ax.set_yticks([0])
fig.supylabel("slope for one pixel", fontsize=9)
label = axes[2].set_xlabel("step from one picture to the other")

# %%
# With 6 plain layers the slope keeps its sign over many steps, with a few jumps. With 26 plain layers it jumps at
# nearly each step, as if it were drawn at random. With 26 layers and skips it again keeps its sign over several steps.
# Now we measure this. The :term:`cosine <cosine similarity>` of two gradients (lesson 09) is 1 if they have the same
# direction, and 0 if they are at right angles. We take its mean over all pairs of points that are ``lag`` steps apart.


def agreement(slopes, lag):
    """Mean cosine of the gradients at points that are lag steps apart."""
    unit = F.normalize(slopes, dim=1)
    return (unit[lag:] * unit[:-lag]).sum(dim=1).mean().item()


for arm in ARMS:
    values = [agreement(slopes[arm], lag) for lag in (1, 4, 16)]
    print(names[arm], *(f"{value:5.2f}" for value in values))

# %%
# This was one network of each kind and one line. The folded cell takes four networks and four lines for each, and puts
# the length and the agreement side by side.
#
# .. fold:: Four networks, four lines, and the figure

LAGS = (1, 2, 4, 8, 16, 32)
agreements = {}
for arm in ARMS:
    rows = []
    for seed in range(4):
        network = settle(classifier(*arm, seed))
        lines = [
            slopes_on_line(network, train_images[2 * n], train_images[2 * n + 1]) for n in range(4)
        ]
        rows.append([sum(agreement(line, lag) for line in lines) / 4 for lag in LAGS])
    agreements[arm] = torch.tensor(rows)  # (4 seeds, 6 lags)
print("mean of 4 seeds       cosine after         right on")
print("± standard error      1 step        8      test pictures")
for arm in ARMS:
    mean, error = mean_and_error(agreements[arm][:, 0].tolist())
    accuracy = sum(right[arm]["test"]) / 4
    later = agreements[arm][:, 3].mean().item()
    print(f"{names[arm]}  {mean:.2f} ± {error:.2f}   {later:.2f}   {accuracy:.0f} %")
assert agreements[Plain, 12][:, 0].max() < 0.5
assert agreements[Plain, 12][:, 3].mean().abs() < 0.1
assert agreements[Residual, 12][:, 0].min() > 0.8

alt = "Gradient length over block; agreement of gradients over distance, for three networks."
fig, (left, right_side) = plt.subplots(1, 2, figsize=(5.2, 3.3), num=alt)
for block, colour, name in ((Plain, VERMILION, "plain"), (Residual, BLUE, "residual")):
    for number, curve in enumerate(lengths[block]):
        label = name if number == 0 else None
        left.semilogy(range(1, 13), curve, color=colour, linewidth=1, label=label)
looks = (
    ("plain, 6", VERMILION, ":", (5, 0.93)),
    ("plain, 26", VERMILION, "-", (3, 0.14)),
    ("residual, 26", BLUE, "-", (1.05, 0.6)),
)
for arm, (label, colour, style, place) in zip(ARMS, looks, strict=True):
    mean, error = agreements[arm].mean(dim=0), agreements[arm].std(dim=0) / math.sqrt(4)
    right_side.errorbar(LAGS, mean, error, linestyle=style, color=colour)
    right_side.text(*place, label, color=colour, fontsize=9)
left.set(xlabel="block", ylabel="length of the gradient", xticks=[1, 6, 12])
left.text(1, 0.03, "the gradient travels ←", transform=left.get_xaxis_transform(), fontsize=8)
left.legend()
right_side.set_xscale("log", base=2)
right_side.set(xlabel="steps apart", ylabel="agreement (cosine)", ylim=(-0.1, 1.05))
ticks = right_side.set_xticks([1, 4, 16], ["1", "4", "16"])

# %%
# On the left, the gradient grows from block 12 back to block 1, more in the plain networks. On the right, the error
# bars are one standard error over the four seeds. In the deep plain network the gradients of neighbouring points agree
# little, although they are only a hundredth of the way apart, and after eight steps no agreement is left. Balduzzi and
# others call such gradients *shattered* (:term:`shattered gradients`). With skips they agree far better, at the same
# depth. Along a skip the gradient gets around the convolutions, and its smooth part survives. Their paper derives it:
# in plain networks the correlation falls exponentially with depth, in residual ones with batch normalisation far more
# slowly.
#
# One caution: shattered gradients and bad training appear together here, and the plain network also has the longest
# gradients. This agrees with the explanation, but it does not prove it.
#
# Break it: softmax along the wrong axis
# --------------------------------------
# The logits of a batch have the shape (N, C), and the classes are axis 1. With ``dim=0`` the sum goes over the
# *pictures*. There is no message.

batch_logits = torch.tensor([[2.0, 0.5, 0.1], [1.0, 3.0, 0.2]])  # two pictures, three classes
for dim in (1, 0):
    probabilities = batch_logits.softmax(dim=dim)
    sums = [round(value, 2) for value in probabilities.sum(dim=1).tolist()]
    print(f"dim={dim}: first picture", [round(value, 2) for value in probabilities[0].tolist()])
    print("       sums of the pictures:", sums)
print("one picture, dim=0:", batch_logits[:1].softmax(dim=0).tolist())

# %%
# With a single picture all its probabilities are 1: each class is alone in its column. **What to look for:** sums over
# the classes that are not 1. **Remedy:** ``dim=1``, or ``dim=-1`` if the classes are the last axis.
#
# Then and now
# ------------
# Code for image classification is often copied from torchvision as it was around 2018. torchvision 0.29 and PyTorch
# 2.14 say the following to it.
#
# .. fold:: The rows, run as they are written

old_and_new = [
    (
        """m = nn.Softmax()
print(m(torch.tensor([0.2370, 1.7276])))""",
        """m = nn.Softmax(dim=0)
print(m(torch.tensor([0.2370, 1.7276])))""",
    ),
    (
        "from torchvision.models.utils import load_state_dict_from_url",
        "from torch.hub import load_state_dict_from_url",
    ),
]
run_then_and_now("classifiers", old_and_new, globals())

# %%
# .. then-and-now:: classifiers
#
#    - Without ``dim`` PyTorch guesses the axis from the number of axes. For logits of shape (N, C) it guesses 1, for
#      (C, H, W) it guesses 0.
#
#    - The function moved to ``torch.hub``, and torchvision removed its copy.
#
# What you learned
# ----------------
# - A neuron is a weighted sum. Softmax makes probabilities of logits, and only their differences count; for two classes
#   it is a sigmoid. A temperature makes them sharper or flatter and never changes the order.
# - A fully connected layer has :math:`(n + 1)C` parameters and a fixed number of inputs. Global average pooling lets
#   pictures of any size in.
# - VGG stacks kernels of 3 × 3; GoogLeNet joins four branches, made cheap by 1 × 1; ResNet adds the input. VGG16
#   has most of its parameters in fully connected layers, and nearly all of its work in convolutions.
# - In a deep plain network the gradients of neighbouring points hardly agree, and the training fails even on the
#   training pictures. With skips they agree far better, and the deep network learns.
#
# Self-checks
# -----------
# .. choice:: A classifier answers 0.999 for a picture of a class that it has never seen. What do you conclude?
#    :right: 2
#
#    - It has recognised the picture.
#
#      It cannot have: none of its answers is right.
#
#    - One of its logits is much larger than the others, and no more.
#
#      Softmax divides the whole probability among the classes of the list, and large inputs alone can make large
#      differences.
#
#    - Its temperature is too high.
#
#      A high temperature makes probabilities more equal.
#
# .. choice:: A residual block contains only zeros as convolution weights. What does it return for an input :math:`x ≥ 0`?
#    :right: 1
#
#    - :math:`x`
#
#      The convolutions return 0, and the skip adds :math:`x`. (The biases of batch normalisation are 0 at the start.)
#
#    - 0
#
#      This is the answer of a plain block.
#
#    - :math:`2x`
#
#      The input is added once.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_17>`.
#
# **1. Recall.** Find the temperature at which the logits 0.2370 and 1.7276 give the second class the probability 0.6.
# Use that softmax is a sigmoid of the difference.
#
# .. code-block:: python
#
#    temperature = 1.0
#
#    logits = torch.tensor([0.2370, 1.7276])
#    found = torch.softmax(logits / temperature, dim=0)[1].item()
#    assert abs(found - 0.6) < 1e-4, f"at this temperature it is {found:.4f}"
#    print("the temperature is right")
#
# **2. Modify.** From ResNet-50 on, the blocks are *bottlenecks*: 1 × 1 reduces 256 channels to 64, 3 × 3 works on 64,
# and 1 × 1 brings back 256. Behind each convolution stands batch normalisation, and a ReLU behind the first two of
# them. Change the block.
#
# .. code-block:: python
#
#    class Bottleneck(nn.Module):
#        def __init__(self):
#            super().__init__()
#            self.body = nn.Sequential(
#                nn.Conv2d(256, 256, 3, padding=1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
#                nn.Conv2d(256, 256, 3, padding=1, bias=False), nn.BatchNorm2d(256),
#            )
#
#        def forward(self, x):
#            return F.relu(self.body(x) + x)
#
#    ours, theirs = Bottleneck(), models.resnet.Bottleneck(256, 64)
#    sizes = [sum(p.numel() for p in block.parameters()) for block in (ours, theirs)]
#    assert sizes[0] == sizes[1], f"{sizes[0]:,} parameters, and torchvision has {sizes[1]:,}"
#    state = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
#    ours.load_state_dict(dict(state))
#    x = torch.randn(2, 256, 7, 7)
#    assert torch.allclose(ours(x), theirs(x), atol=1e-5), "the order of the layers differs"
#    print(f"the same block, {sizes[0]:,} parameters")
#
# **3. Extend.** Set the weights of the last batch normalisation of each block, ``body[-1]``, to 0 (P. Goyal and others,
# 2017). A new network then begins as if it had no blocks at all. Show that its gradients are those of a network of
# depth 2. (``Residual``, ``classifier``, ``settle`` and ``slopes_on_line`` are those of the lesson.)
#
# .. code-block:: python
#
#    def begin_flat(network):
#        return network
#
#    network = begin_flat(classifier(Residual, 12, seed=0))
#
#    network = settle(network)
#    short = nn.Sequential(*network[:3], *network[-3:])
#    ours, wanted = (slopes_on_line(n, train_images[0], train_images[1]) for n in (network, short))
#    assert torch.allclose(ours, wanted, atol=1e-6), "the blocks still change the gradients"
#    print("26 layers, with the gradients of 2")
#
# In practice
# -----------
# - Do not begin with an architecture of your own. Take a pretrained network as a baseline, such as a ResNet, an
#   EfficientNet or the MobileNetV2 of lesson 18.
# - Keep logits for the loss and for comparing models. Compute probabilities only where somebody reads them.
# - If a deep network does not learn, look at its *training* accuracy first: it tells you whether it cannot fit or
#   cannot generalise.
#
# Going further
# -------------
# - ResNet's authors later moved batch normalisation and ReLU in front of the convolutions, so that the skip is free of
#   them (`Identity mappings in deep residual networks <https://arxiv.org/abs/1603.05027>`__, 2016).
#
# References
# ----------
# - \O. Russakovsky and others: `ImageNet large scale visual recognition challenge <https://arxiv.org/abs/1409.0575>`__,
#   International Journal of Computer Vision, 2015. The contest from 2010 to 2014, and the person with 5.1 %.
# - \A. Krizhevsky, I. Sutskever, G. E. Hinton: `ImageNet classification with deep convolutional neural networks
#   <https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks>`__, NIPS 2012.
#   AlexNet.
# - \K. Simonyan, A. Zisserman: `Very deep convolutional networks for large-scale image recognition
#   <https://arxiv.org/abs/1409.1556>`__, ICLR 2015. VGG.
# - \C. Szegedy and others: `Going deeper with convolutions <https://arxiv.org/abs/1409.4842>`__, CVPR 2015. GoogLeNet.
# - \K. He and others: `Delving deep into rectifiers <https://arxiv.org/abs/1502.01852>`__, ICCV 2015. The initialisation.
# - \K. He, X. Zhang, S. Ren, J. Sun: `Deep residual learning for image recognition
#   <https://arxiv.org/abs/1512.03385>`__, CVPR 2016. ResNet, and degradation.
# - \J. Hu, L. Shen, G. Sun: `Squeeze-and-excitation networks <https://arxiv.org/abs/1709.01507>`__, CVPR 2018. SENet.
# - \M. Tan, Q. V. Le: `EfficientNet: rethinking model scaling for convolutional neural networks
#   <https://arxiv.org/abs/1905.11946>`__, ICML 2019.
# - \D. Balduzzi and others: `The shattered gradients problem: if resnets are the answer, then what is the question?
#   <https://arxiv.org/abs/1702.08591>`__, ICML 2017.
# - \G. Yang and others: `A mean field theory of batch normalization <https://arxiv.org/abs/1902.08129>`__, ICLR 2019.
# - \P. Goyal and others: `Accurate, large minibatch SGD: training ImageNet in 1 hour
#   <https://arxiv.org/abs/1706.02677>`__, 2017.
