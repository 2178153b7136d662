"""
09 · Convolution 1: opening the computer's eyes
===============================================

Teach a network of :term:`fully connected layers <fully connected layer>` to read digits, then move every digit by three
pixels: it now misreads more than half of them. To you nothing has changed. Where does the network's idea of a "3" live,
that three pixels can destroy it? This lesson builds the operation that was invented against this: slide a few numbers
over the whole picture, and ask at every place the same question. Nine numbers are enough to find edges.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - compute a convolution by hand, and say what each axis of its four tensors means;
      - derive the size of the output from kernel, stride and padding;
      - write a convolution as loops and as one product of matrices, and say why the second is fast;
      - say what moves when the picture moves, what does not, and what stride has to do with it.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 04 </lessons/1_basics/lesson_04_tensors>`, for shapes, strides and views, and
        :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`, for joining and cutting.
      - **Data:** one photograph, the handwritten digits of MNIST, and the weights of MobileNetV2; 32 MB are downloaded
        once.
      - **Run time:** less than 30 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# ``F.conv2d`` is the function of PyTorch that this lesson takes apart. From ``dlcourse.conv`` comes a version of ours
# for every setting; you will write the heart of it below, and check that both agree with PyTorch. ``fit`` trains a
# network. What happens inside it is the subject of lessons 11 to 14; here it is a tool.

# sphinx_gallery_number = 9
# sphinx_gallery_budget_s = 30
# sphinx_gallery_needs = [4, 5]
# sphinx_gallery_assets = ["photographs", "mobilenet-v2", "mnist"]
# sphinx_gallery_thumbnail_number = 5
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
from dlcourse.plotting import COLOUR_CYCLE, ORANGE, PAPER, SKY, draw_cells, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import fit

use_course_style()
generator = seed_everything(9)
device = pick_device()

# %%
# Look at the data
# ----------------
# The photograph shows the Tower of Buddhist Incense in the Summer Palace in Beijing (by danielbuechele, CC BY 2.0).
# For a computer it is what stands on the right: the grey values of a few pixels around one of the posts. No single
# number says "post"; only the fall from 230 to 40 between neighbours does. An operation that is to see edges, corners
# and textures must look at neighbours together.

photo = torch.from_numpy(plt.imread(assets.path("photographs") / "china.jpg").copy())
grey = photo.float().mean(2)[None, None] / 255  # (1, 1, 427, 640): N, C, H, W
print(f"photo {tuple(photo.shape)} {photo.dtype}, grey {tuple(grey.shape)} {grey.dtype}")

top, left = 204, 315
patch = photo.float().mean(2)[top : top + 6, left : left + 6].int()
alt = "A photograph of a tower with one post framed, and the grey values of 36 pixels there."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.5), width_ratios=(1.25, 1), num=alt)
axes[0].imshow(photo[:400, 30:430].numpy())
axes[0].add_patch(plt.Rectangle((left - 45, top - 15), 36, 36, fill=False, ec="white", lw=2))
axes[0].set_axis_off()
right = draw_cells(axes[1], patch, colours=(patch.numpy() / 255).astype(str))

# %%
# Predict
# -------
# A :term:`convolution` needs a second, small array of numbers, the :term:`kernel`. Lay it on the top left corner of
# the image, multiply each of its numbers by the pixel beneath, and add up the products. That sum is the first number of
# the output. Then move the kernel by one place, and do it again. Below, the first sum is
# :math:`1·1 + 2·2 + 0·0 + 1·(-1) = 4`. How many places are there for a 2×2 kernel on a 4×4 image, and what does the
# last one give?
#
# .. dropdown:: Answer
#
#    Nine, three in a row and three below each other, because the kernel must not hang over the edge. The last one is
#    :math:`1·1 + 1·2 + 0·0 + 2·(-1) = 1`.

image = torch.tensor([[1, 2, 0, 1], [0, 1, 3, 2], [2, 0, 1, 1], [1, 3, 0, 2]])
kernel = torch.tensor([[1, 2], [0, -1]])
print("image", *image.tolist(), "kernel", *kernel.tolist(), sep="\n")

# %%
# Build it: every cell by hand
# ----------------------------
# Two loops visit the nine places. At each of them a slice cuts out the *window*, the part of the image beneath the
# kernel. Products, then their sum: there is nothing else in a convolution. The list ``sums`` keeps what was computed,
# for the animation that follows.

output, sums = torch.zeros(3, 3, dtype=torch.int64), []
for row in range(3):
    for column in range(3):
        window = image[row : row + 2, column : column + 2]
        output[row, column] = (window * kernel).sum()
        pairs = zip(window.flatten().tolist(), kernel.flatten().tolist(), strict=True)
        terms = " + ".join(f"{x}·{w}" if w >= 0 else f"{x}·({w})" for x, w in pairs)
        sums.append(f"{terms} = {output[row, column]}")
        print(f"({row}, {column}):", sums[-1])
assert output[0, 0] == 4 and output[2, 2] == 1

# %%
# The same nine steps as pictures. The orange window moves over the image, the blue kernel stays what it is, and the
# output fills up. Notice what is *shared*: nine answers come out of four numbers. A fully connected layer from 16
# inputs to 9 outputs would have 144 of them, one for each pair of an input and an output, and share none.

alt = "A 2 by 2 window moves over a 4 by 4 image; each of its nine places gives one output cell."
fig, ax = plt.subplots(figsize=(5.2, 2.5), num=alt)


def draw(step):
    row, column = divmod(step, 3)
    ax.clear()
    colours = np.full((4, 4), PAPER)
    colours[row : row + 2, column : column + 2] = ORANGE
    draw_cells(ax, image, colours=colours)
    draw_cells(ax, kernel, colours=SKY, origin=(5, 1))
    done = [str(y) if n <= step else "" for n, y in enumerate(output.flatten().tolist())]
    draw_cells(ax, np.reshape(done, (3, 3)), origin=(8, 0.5))
    draw_cells(ax, done[step], colours=ORANGE, origin=(8 + column, 0.5 + row))
    for name, x in {"image": 2, "kernel": 6, "output": 9.5}.items():
        ax.text(x, -0.3, name, ha="center", fontsize=11)
    ax.text(5.5, 4.8, sums[step], ha="center", fontsize=11)
    ax.set(xlim=(-0.1, 11.1), ylim=(5, -1))


animation = FuncAnimation(fig, draw, frames=9, interval=900)
fig.canvas.draw()  # Matplotlib warns of an animation that nothing ever drew
print(f"{len(sums)} frames")

# %%
# Build it: channels, stride, padding
# -----------------------------------
# Real images have several :term:`channels <channel>`, and a layer has several kernels. A kernel then has one
# :math:`k×k` array for each of the :math:`m` input channels, shape :math:`(m, k, k)`; all products of all channels go
# into one sum. Each of the :math:`n` kernels gives one :term:`feature map`, and usually has a :term:`bias` :math:`b`.
# With the :term:`stride <stride (convolution)>` :math:`s` the window moves by :math:`s` places at a time;
# :term:`padding` puts zeros around the image first, so that the kernel can stand at its edge. The output :math:`Y` of
# the input :math:`X` and the kernels :math:`K` is
#
# .. math:: Y_{oij} = b_o + \sum_{c=1}^{m} \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} K_{ocuv}\, X_{c,\,si+u,\,sj+v} .


def convolve_loops(images, kernels, bias, stride=1, padding=0):
    """Feature maps, shape (N, n, rows, columns), of images of shape (N, m, H, W)."""
    images = F.pad(images, (padding,) * 4)  # zeros on all four sides
    k = kernels.shape[-1]  # kernels: (n, m, k, k)
    rows, columns = ((length - k) // stride + 1 for length in images.shape[2:])
    sums = []
    for one_kernel, b in zip(kernels, bias, strict=True):
        for top in range(0, rows * stride, stride):
            for left in range(0, columns * stride, stride):
                window = images[:, :, top : top + k, left : left + k]  # (N, m, k, k)
                sums.append((window * one_kernel).sum((1, 2, 3)) + b)
    return torch.stack(sums, dim=1).unflatten(1, (len(kernels), rows, columns))


by_hand = convolve_loops(image[None, None], kernel[None, None], torch.zeros(1, dtype=torch.int64))
assert torch.equal(by_hand[0, 0], output)

# %%
# Build it: how large is the output?
# ----------------------------------
# Along one axis, padding :math:`p` makes :math:`n + 2p` places of :math:`n`. The first pixel of the window can stand on
# all but the last :math:`k-1` of them, and with stride :math:`s` on every :math:`s`-th. A :term:`dilation` :math:`d`
# pulls the kernel apart, to a span of :math:`d(k-1)+1` places (more in lesson 10). Together:
#
# .. math:: n_\text{out} = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1 .
#
# The floor drops a last step that does not fit. In the figure padding is blue, and the window begins at orange
# places. First try it: move the window, change its settings, and say the size of the output before you see it.
#
# .. interactive:: conv-stepper
#    :input: 000000 055550 055550 055550 055550 000000
#    :kernel: vertical
#    :size: 3
#    :stride: 1
#    :padding: 0
#    :dilation: 1
#
#    A bright square on a dark ground, and a kernel for vertical edges at its first place: nine products, whose sum is
#    the first of sixteen numbers of the output.


def size_after(n, k, s=1, p=0, d=1):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


least = torch.tensor([31, 1, 1, 0, 1])  # so that the kernel fits, also with k = d = 6
for _ in range(200):
    n, k, s, p, d = (torch.randint(6, (5,), generator=generator) + least).tolist()
    theirs = F.conv2d(torch.zeros(1, 1, n, n), torch.zeros(1, 1, k, k), None, s, p, d).shape[-1]
    assert size_after(n, k, s, p, d) == theirs == conv.output_size(n, k, s, p, d)[0]
print("200 random settings: the formula and PyTorch agree")
alt = "A 5 by 5 image under a 3 by 3 kernel: nine places each, with other strides and paddings."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
for ax, (s, p) in zip(axes, ((1, 0), (2, 1)), strict=True):
    places = size_after(5, 3, s, p)
    colours = np.pad(np.full((5, 5), PAPER), p, constant_values=SKY)
    colours[: places * s : s, : places * s : s] = ORANGE
    draw_cells(ax, np.full(colours.shape, ""), colours=colours, origin=(-p, -p))
    title = f"stride {s}, padding {p}: {places} × {places}"
    ax.set(title=title, xlim=(-1.1, 6.1), ylim=(6.1, -1.1))

# %%
# Build it: one product of matrices
# ---------------------------------
# Loops are slow in Python. The way out is an old trick named *im2col*: copy each window into a column, write each
# kernel as a row, and multiply the two matrices. The sums of the formula become those of the product, and for products
# every processor has excellent code. ``unfold`` cuts the windows without copying, as a view with new strides; only the
# reshaping copies. The price is memory, because a pixel is written once for each window it is in.


def convolve_im2col(images, kernels, bias, stride=1, padding=0):
    k = kernels.shape[-1]
    windows = F.pad(images, (padding,) * 4).unfold(2, k, stride).unfold(3, k, stride)
    rows, columns = windows.shape[2:4]  # (N, m, rows, columns, k, k)
    matrix = windows.permute(0, 1, 4, 5, 2, 3).reshape(len(images), -1, rows * columns)
    maps = kernels.flatten(1) @ matrix + bias[:, None]  # (n, m·k·k) @ (N, m·k·k, rows·columns)
    return maps.unflatten(2, (rows, columns))


matrix = F.unfold(image[None, None].float(), 2)[0].long()  # PyTorch's im2col: (4, 9)
alt = "The kernel as a row of 4, times a matrix of 4 rows and 9 columns, is a row of 9 outputs."
fig, ax = plt.subplots(figsize=(5.2, 2.7), num=alt)
second = [PAPER, ORANGE, *[PAPER] * 7]  # the window of the second place, and what comes of it
draw_cells(ax, kernel.reshape(1, 4), colours=SKY, origin=(0, 5))
draw_cells(ax, matrix, colours=[second], origin=(4.5, 0))
draw_cells(ax, kernel.reshape(1, 4) @ matrix, colours=[second], origin=(4.5, 5))
for name, x, y in (("kernel", 2, 4.7), ("one column for each window", 9, -0.3), ("output", 9, 6.7)):
    ax.text(x, y, name, ha="center", fontsize=11)
assert torch.equal(kernel.reshape(1, 4) @ matrix, output.reshape(1, 9))

# %%
# Check against PyTorch
# ---------------------
# Both functions, and both of ``dlcourse.conv``, must give the values of ``F.conv2d`` and its :term:`gradients
# <gradient>` for images, kernels and bias. We draw 30 random settings and compute in ``float64``, so that rounding
# cannot hide a mistake. Autograd differentiates whatever we wrote (:term:`automatic differentiation`).

ours = (convolve_loops, convolve_im2col, conv.conv2d_naive, conv.conv2d_im2col)
double = {"generator": generator, "dtype": torch.float64}
largest = 0.0
for _ in range(30):
    m, n, k, s, p = torch.randint(1, 4, (5,), generator=generator).tolist()
    shapes = ((2, m, 6, 9), (n, m, k, k), (n,))
    inputs = [torch.randn(shape, **double).requires_grad_() for shape in shapes]
    theirs = F.conv2d(*inputs, stride=s, padding=p)
    weights = torch.randn(theirs.shape, **double)
    expected = [theirs, *torch.autograd.grad((weights * theirs).sum(), inputs)]
    for convolve in ours:
        found = convolve(*inputs, stride=s, padding=p)
        found = [found, *torch.autograd.grad((weights * found).sum(), inputs)]
        torch.testing.assert_close(found, expected)
        errors = [(a - b).abs().max().item() for a, b in zip(found, expected, strict=True)]
        largest = max(largest, *errors)
print(f"30 settings, 4 versions: values and gradients agree, largest difference {largest:.0e}")

# %%
# Now their times, on eight small images, as multiples of PyTorch's. All three do the same multiplications. What differs
# is who drives the loop: Python, one window at a time; a product of matrices; or a convolution written for this
# processor, which need not write the columns down. This cell stays on the CPU, as in lesson 04.

inputs = [torch.randn(8, 16, 20, 20), torch.randn(16, 16, 3, 3), torch.randn(16)]
versions = {"F.conv2d": F.conv2d, "im2col": convolve_im2col, "loops": convolve_loops}
times_s = {}
for name, convolve in versions.items():
    times_s[name] = min(timeit.repeat(lambda c=convolve: c(*inputs, padding=1), number=1, repeat=5))
    print(f"{name:9} {times_s[name] / times_s['F.conv2d']:7.1f} ×  (measured in this build)")

# %%
# One thing is not as in the mathematics books. There, a convolution turns the kernel round before it slides it; what we
# built is there called *cross-correlation*. For a layer that learns its kernels it makes no difference: it would learn
# them turned round. But compare a kernel with one of a book or of NumPy, and you must know which of the two you have.

signal, short = np.array([1.0, 4.0, 2.0, 0.0, 3.0]), np.array([1.0, 0.0, -1.0])
x, w = torch.from_numpy(signal)[None, None], torch.from_numpy(short)[None, None]
as_it_is, flipped = F.conv1d(x, w)[0, 0].numpy(), F.conv1d(x, w.flip(2))[0, 0].numpy()
print("as it is:", as_it_is, "  kernel flipped:", flipped)
assert np.array_equal(as_it_is, np.correlate(signal, short, mode="valid"))
assert np.array_equal(flipped, np.convolve(signal, short, mode="valid"))

# %%
# Use it: kernels that people wrote
# ---------------------------------
# A kernel of equal numbers with the sum 1 takes means: it blurs. One that adds to a pixel what distinguishes it from
# its neighbours sharpens. Two kernels named after Irwin Sobel subtract the left neighbours from the right ones, or the
# upper ones from the lower ones. Where nothing changes they give 0, drawn in grey; at an edge they give a large number,
# whose sign says on which side it is light.

sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
by_people = {
    "blur": torch.full((9, 9), 1 / 81),
    "sharpen": torch.tensor([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]),
    "vertical edges": sobel,
    "horizontal edges": sobel.T,
}
alt = "The tower blurred, sharpened, and as its vertical and its horizontal edges on grey."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 4.6), num=alt)
for ax, (name, weight) in zip(axes.flat, by_people.items(), strict=True):
    response = F.conv2d(grey, weight[None, None], padding="same")[0, 0, 10:290, 60:370]
    limits = (-1.5, 1.5) if name.endswith("edges") else (0, 1)
    ax.imshow(response.numpy(), cmap="gray", vmin=limits[0], vmax=limits[1])
    ax.set_title(name)
    ax.set_axis_off()

# %%
# Use it: kernels that a network learned
# --------------------------------------
# Nobody writes the kernels of a network down. These 32 are the first layer of MobileNetV2, really trained on the
# million photographs of ImageNet. Each has the shape (3, 3, 3), so that it can be drawn as a tile of nine colours, in
# which middle grey stands for 0. You will recognise lines and edges in several directions, and colours.

file = assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth"
learned = assets.load_state_dict(file)["features.0.0.weight"]  # (32, 3, 3, 3)
scaled = 0.5 + 0.5 * learned / learned.abs().amax((1, 2, 3), keepdim=True)
alt = "32 tiles of nine colours: light and dark halves in several directions, and coloured patches."
fig, axes = plt.subplots(4, 8, figsize=(5.2, 3.1), num=alt)
for number, (ax, tile) in enumerate(zip(axes.flat, scaled, strict=True)):
    ax.imshow(tile.permute(1, 2, 0).numpy())
    ax.set_title(number, fontsize=9, pad=2)
    ax.set_axis_off()

# %%
# Is that more than an impression? We measure how similar each learned kernel is to a pattern that we think of: by the
# cosine of the angle between the two as vectors of 27 numbers, which is 1 for the same direction. Then the best three
# look at the photograph, as they do in the network: colours :term:`normalised <normalise>`, stride 2. Light and dark
# are strong responses, of either sign; grey is none.

line = torch.tensor([-1.0, 2.0, -1.0])
patterns = {
    "vertical lines": line.expand(3, 3, 3),
    "horizontal lines": line[:, None].expand(3, 3, 3),
    "blue minus red": torch.tensor([-1.0, 0.0, 1.0])[:, None, None].expand(3, 3, 3),
}
mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
responses = F.conv2d((photo.permute(2, 0, 1) / 255 - mean) / std, learned, stride=2, padding=1)
alt = "The responses of three learned kernels: vertical lines, horizontal lines, blue minus red."
fig, axes = plt.subplots(1, 3, figsize=(5.2, 2.1), num=alt)
for ax, (name, pattern) in zip(axes, patterns.items(), strict=True):
    similarity = F.cosine_similarity(learned.flatten(1), pattern.reshape(1, 27))
    best = int(similarity.abs().argmax())
    response = responses[best, 5:145, 30:185].numpy()
    limit = np.quantile(abs(response), 0.99)
    ax.imshow(response, cmap="gray", vmin=-limit, vmax=limit)
    ax.set_title(f"{name}\nkernel {best}", fontsize=10)
    ax.set_axis_off()
    print(f"kernel {best:2} and {name}: cosine {similarity[best]:.2f}")

# %%
# Use it: move the picture
# ------------------------
# As every place is asked the same question, a moved digit takes its feature map along: convolving the moved picture
# gives the moved map. This is called :term:`equivariance`. We test a layer, ``nn.Conv2d``, which has its own kernels
# and biases for ``F.conv2d``. A border of zeros gives the digits room. A fully connected layer has no such tie.

digits = {part: MNIST(assets.path("mnist"), train=part == "train") for part in ("train", "test")}
pictures = {part: F.pad(d.data[:4_000, None] / 255, (4,) * 4) for part, d in digits.items()}


def move(pictures, down, right):
    return pictures.roll((down, right), dims=(2, 3))


layer, some = nn.Conv2d(1, 4, kernel_size=5, padding=2), pictures["test"][:100]
difference = (layer(move(some, 2, -1)) - move(layer(some), 2, -1)).abs().max().item()
assert difference < 1e-6
print(f"moved, then convolved; convolved, then moved: difference {difference:.0e}")
print(f"convolution: {4 * 5 * 5 + 4} numbers, fully connected: {36**2 * 4 * 36**2 + 4 * 36**2:,}")

# %%
# Three networks learn to read 4,000 digits in their usual place. The first has two fully connected layers, and many
# more numbers than the others: as few as the last one has would not make two of its :term:`neurons <neuron>`. The other
# two begin with the same two convolutions. Then one keeps all places apart (``Flatten``), and one keeps only the
# strongest response of each map (:term:`pooling`) and forgets where it was. Each is trained from two seeds.


def network(kind):
    if kind == "fully connected":
        return nn.Sequential(nn.Flatten(), nn.Linear(1296, 128), nn.ReLU(), nn.Linear(128, 10))
    first = nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2)  # (N, 8, 18, 18)
    second = nn.Conv2d(8, 24, kernel_size=3, padding=1)  # (N, 24, 18, 18)
    end = [nn.Flatten(), nn.Linear(24 * 18**2, 10)]
    if kind == "convolved, strongest":
        end = [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 10)]
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), *end)


def train(kind, seed, epochs=3):
    torch.manual_seed(seed)
    model = network(kind).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01 if "convolved" in kind else 0.001)
    data = TensorDataset(pictures["train"], digits["train"].targets[: len(pictures["train"])])
    loader = DataLoader(data, 32, shuffle=True, generator=torch.Generator().manual_seed(seed))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    fit(model, F.cross_entropy, optimiser, loader, epochs=epochs, scheduler=schedule)
    return model.eval().requires_grad_(False)


# %%
# Now 500 test digits are moved by 0 to 4 pixels, down or to the right. No network has seen a moved digit before. Which
# of the three will keep its :term:`accuracy`, and will it keep it at *every* distance?

test, targets = pictures["test"][:500].to(device), digits["test"].targets[:500].to(device)


def share_right(model, distance):
    moved = torch.cat([move(test, distance, 0), move(test, 0, distance)])
    return (model(moved).argmax(1) == targets.repeat(2)).float().mean().item()


alt = "Accuracy against distance: two networks fall steeply, the one that keeps maxima does not."
fig, ax = plt.subplots(figsize=(5.2, 3.2), num=alt)
share = {}
for name in ("fully connected", "convolved, flattened", "convolved, strongest"):
    models = [train(name, seed) for seed in (0, 1)]
    runs = np.array([[share_right(model, far) for far in range(5)] for model in models])
    share[name] = runs.mean(0)
    lines = ax.plot(runs.T, "o-", color=COLOUR_CYCLE[len(share) - 1], markersize=4)
    lines[0].set_label(name)
    count = sum(parameter.numel() for parameter in models[0].parameters())
    print(f"{name:21} {count:7,} numbers ", *(f"{part:.1%}" for part in share[name]))
ax.set(xlabel="pixels moved", ylabel="accuracy", ylim=(0, 1), xticks=range(5))
legend = ax.legend(loc="lower left")
assert share["fully connected"][3] < 0.5 and share["convolved, strongest"].min() > 0.85
assert share["convolved, flattened"][0] > share["convolved, strongest"][0]
assert abs(runs[:, [2, 4]] - runs[:, :1]).max() < 0.01  # an even move changes hardly an answer

# %%
# In their usual place the flattened network reads best: *where* a stroke is helps to tell digits apart. It pays for
# that as soon as they move. Convolution alone is equivariant; only a step that forgets the place makes the answer
# immune (:term:`invariance`). Even then a move by 1 or 3 pixels changes some answers: with stride 2 the window stands
# on every other pixel, so only an even move gives the same windows again.
#
# Break it
# --------
# Four mistakes: a kernel larger than a thumbnail; a photograph with its channels last; one whose pixels are still bytes;
# grey pictures without an axis for their one channel. Which number or word gives each of them away?

kernels = torch.rand(8, 3, 5, 5)
mistakes = {
    "a 4 × 4 thumbnail": lambda: F.conv2d(torch.rand(1, 3, 4, 4), kernels),
    "channels last": lambda: F.conv2d(photo[None] / 255, kernels),
    "bytes": lambda: F.conv2d(photo.permute(2, 0, 1), kernels),
    "64 grey pictures": lambda: F.conv2d(test[:64, 0].cpu(), kernels[:, :1]),
}
for name, mistake in mistakes.items():
    try:
        mistake()
    except RuntimeError as error:
        print(name, fill(f"{error}", 80, initial_indent="    ", subsequent_indent="    "), sep="\n")
silent = F.conv2d(test[:3, 0].cpu(), kernels)  # three grey pictures, taken for one in colour
print("3 grey pictures", f"    no message; output {tuple(silent.shape)}", sep="\n")

# %%
# First: add padding, or take a smaller kernel. Second and fourth: the axes must be (N, C, H, W); ``permute`` or
# ``unsqueeze`` them. Third: "Byte" is ``uint8`` and "Float" is ``float32``; convert with ``.float() / 255``. The last
# call, which says nothing, is the dangerous one: three axes are taken for a single image without a :term:`batch` axis,
# so three grey pictures pass as the channels of one.
#
# Then and now
# ------------
# Convolution has not changed; what stands around it has. The cell tries the first and the fourth row.
#
# ======================================== =========================================== =================================
# Then                                     Now                                         Why
# ======================================== =========================================== =================================
# ``padding=kernel_size // 2``             ``padding="same"``                          for stride 1, since PyTorch 1.9
# ``conv(image.unsqueeze(0))``             ``conv(image)``                             one image needs no batch axis
# ``padding_mode="circular"``              the same                                    padded too little before 1.5
# data in the order N, H, W, C for speed   ``memory_format=torch.channels_last``       the same shape, other strides
# ``mobilenet_v2(pretrained=True)``        ``mobilenet_v2(weights="DEFAULT")``         weights have versions now
# ======================================== =========================================== =================================

layer, images = nn.Conv2d(3, 8, kernel_size=5, padding="same"), torch.rand(2, 3, 9, 9)
last = images.to(memory_format=torch.channels_last)
torch.testing.assert_close(layer(last), F.conv2d(images, layer.weight, layer.bias, padding=2))
print("strides of", tuple(images.shape), images.stride(), "and channels last", last.stride())

# %%
# What you learned
# ----------------
# - A convolution lays a kernel on every place, multiplies and adds; each kernel of shape (m, k, k) gives one feature map.
# - The output has :math:`\lfloor (n + 2p - d(k-1) - 1)/s \rfloor + 1` places along an axis.
# - Loops, one product of matrices (im2col) and ``F.conv2d`` give the same values and gradients, in very different times.
# - What a kernel finds depends on its numbers, which a network learns. With stride 1 its map moves as the picture does.
#
# Self-checks
# -----------
# **1.** How many numbers does ``nn.Conv2d(16, 32, kernel_size=3)`` train, and how many if the images are twice as large?
#
# .. dropdown:: Answer
#
#    32 kernels of 16 · 3 · 3 numbers and 32 biases: 4,640. The size of the images plays no part in it.
#
# **2.** Which padding keeps the size for a kernel of 7 × 7 with stride 1? And with a dilation of 2?
#
# .. dropdown:: Answer
#
#    The kernel spans 7 places, so 3 on each side. With a dilation of 2 it spans 13, so 6 on each side.
#
# **3.** A kernel of all ones is turned round by 180 degrees. What changes? And for the kernel of vertical edges?
#
# .. dropdown:: Answer
#
#    Nothing, because it looks the same. The kernel of vertical edges becomes its own negative: light edges turn dark.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
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
# **3. Extend.** The gradient for the image is a convolution as well: of the gradient for the output, padded, with the
# kernel turned by 180 degrees. Write it without autograd.
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
# - Odd kernels with ``padding=k // 2`` keep the size and stay centred; even ones move the picture by half a pixel.
# - Normalise with the numbers with which the kernels were trained, or they see colours that they have never met.
#
# Where this goes: lesson 10 makes convolutions cheaper and lets them see further, and
# :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>` builds and trains a whole network of them.
#
# References
# ----------
# - Y. LeCun and others: `Backpropagation applied to handwritten zip code recognition
#   <https://doi.org/10.1162/neco.1989.1.4.541>`__, 1989. Learned kernels that are shared over all places.
# - \K. Chellapilla, S. Puri, P. Simard: `High performance convolutional neural networks for document processing
#   <https://inria.hal.science/inria-00112631>`__, 2006. Convolution as a product of matrices.
# - \V. Dumoulin, F. Visin: `A guide to convolution arithmetic for deep learning <https://arxiv.org/abs/1603.07285>`__, 2016.
# - \M. Sandler and others: `MobileNetV2: inverted residuals and linear bottlenecks <https://arxiv.org/abs/1801.04381>`__, 2018.
# - \R. Zhang: `Making convolutional networks shift-invariant again <https://arxiv.org/abs/1904.11486>`__, 2019. On strides.
# - PyTorch documentation: :torch:`torch.nn.Conv2d`, :torch:`torch.nn.functional.conv2d`,
#   :torch:`torch.nn.functional.unfold`.
