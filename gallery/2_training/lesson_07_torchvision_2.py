"""
07 · Torchvision 2: augmentation
================================

You have a hundred handwritten digits to train on, and no time to label more. A few lines of code can shift each digit,
turn it and slant it, and a network then never sees the same picture twice. How many *real* digits is such a line worth?
Can it even do harm? This lesson measures the exchange rate between a transform and labelled digits. First you build the
transforms yourself, and move pictures together with their boxes and masks.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - convert a picture between PIL and tensor, and say which range its values have;
      - write a flip, a normalisation with its inverse, a chain and a rotation, and name their twins in torchvision;
      - move a picture together with its boxes and its mask;
      - measure what an augmentation is worth, with its uncertainty;
      - recognise silent mistakes with transforms.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 06 </lessons/2_training/lesson_06_torchvision_1>`, for data sets and data loaders,
        and :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`. Convolutions (:doc:`lesson 09
        </lessons/2_training/lesson_09_convolution_1>`) are only a tool here.
      - **Data:** one photograph, two cut-out animals, and the handwritten digits of MNIST; about 180 MB are downloaded
        once, of which 61 MB are kept.
      - **Run time:** about 30 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# The transforms of torchvision come in two generations. This lesson uses the second, ``torchvision.transforms.v2``. The
# first, ``torchvision.transforms``, still works; it appears in "Then and now".
#
# .. fold:: The imports

# sphinx_gallery_number = 7
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [6]
# sphinx_gallery_assets = ["photographs", "cutouts", "mnist"]
# sphinx_gallery_thumbnail_number = 4
import math
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torchvision import tv_tensors
from torchvision.datasets import MNIST
from torchvision.transforms import v2

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, INK, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 7  # decides the random transforms, the small training sets and the first weights
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data
# ----------------
# The library Pillow, whose package is called ``PIL``, opens a picture file. A PIL image tells its size as *width,
# height* (lesson 03). ``v2.functional.to_image`` makes a tensor of it, whose shape is *channels, height, width*.

picture = Image.open(assets.path("photographs") / "china.jpg").convert("RGB")
photo = v2.functional.to_image(picture)
print("PIL image:", picture.mode, picture.size)
print("tensor:   ", tuple(photo.shape), photo.dtype)
print(f"values from {photo.min().item()} to {photo.max().item()}")

# %%
# The values are still whole numbers from 0 to 255, as in the file. Networks want floats, and so do several transforms.
# ``to_dtype`` with ``scale=True`` converts the dtype *and* divides by 255. ``to_pil_image`` goes back.

float_photo = v2.functional.to_dtype(photo, torch.float32, scale=True)
print(f"{float_photo.dtype}, values from {float_photo.min():.1f} to {float_photo.max():.1f}")
back = v2.functional.to_pil_image(float_photo)
print("back in PIL:", back.size, "the same picture:", back.tobytes() == picture.tobytes())
assert back.tobytes() == picture.tobytes()

# %%
# Nothing was lost on the way. Remember the convention: whole numbers go from 0 to 255, and floats go from 0 to 1.
#
# What can be done with such a picture? A :term:`transform` of ``v2`` is an object: you make it once with its settings,
# and then you call it with a picture.

turn_at_random = v2.RandomRotation(30)
turned = turn_at_random(photo)
print(turn_at_random)
print("the shape is the same:", turned.shape == photo.shape)

# %%
# A transform prints its settings, here angles from −30 to 30 degrees.
#
# The figure applies 24 transforms to the same photograph. First come those that move pixels to other places, then those
# that change the values of the pixels. ``FiveCrop`` returns five pictures: the four corners and the centre. In the
# panel ``Normalize``, values below 0 and above 1 are cut off, because no screen can show them. The last panel goes
# back; you will write this inverse below.
#
# .. fold:: How the figure is drawn

places = [
    ("Resize", v2.Resize((160, 160))),
    ("CenterCrop", v2.CenterCrop(200)),
    ("RandomCrop", v2.RandomCrop(200)),
    ("FiveCrop", v2.FiveCrop(200)),
    ("RandomResizedCrop", v2.RandomResizedCrop(200)),
    ("Pad", v2.Pad(80)),
    ("RandomHorizontalFlip", v2.RandomHorizontalFlip(p=1)),
    ("RandomVerticalFlip", v2.RandomVerticalFlip(p=1)),
    ("RandomRotation", v2.RandomRotation(30)),
    ("RandomAffine", v2.RandomAffine(degrees=10, translate=(0.2, 0.2), shear=20)),
    ("RandomPerspective", v2.RandomPerspective(p=1)),
    ("ElasticTransform", v2.ElasticTransform(alpha=150.0)),
    ("RandomZoomOut", v2.RandomZoomOut(side_range=(2.0, 2.0), p=1)),
]
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # those of ImageNet
values = [
    ("ColorJitter", v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.6, hue=0.2)),
    ("Grayscale", v2.Grayscale(num_output_channels=3)),
    ("GaussianBlur", v2.GaussianBlur(kernel_size=21, sigma=6.0)),
    ("GaussianNoise", v2.GaussianNoise(sigma=0.2)),
    ("RandomErasing", v2.RandomErasing(p=1)),
    ("RandomInvert", v2.RandomInvert(p=1)),
    ("RandomPosterize", v2.RandomPosterize(bits=2, p=1)),
    ("RandomSolarize", v2.RandomSolarize(threshold=0.5, p=1)),
    ("RandomEqualize", v2.RandomEqualize(p=1)),
    ("JPEG", v2.JPEG(quality=4)),
    ("Normalize", v2.Normalize(mean, std)),
]
torch.manual_seed(SEED)
panels = [("the photograph", float_photo)]
for name, transform in places + values:
    result = transform(photo if name in ("RandomPosterize", "JPEG") else float_photo)
    if isinstance(result, tuple):
        panels += [(f"{name}: {number}", crop) for number, crop in enumerate(result)]
    else:
        panels.append((name, result))
inverse = v2.Normalize([-m / s for m, s in zip(mean, std, strict=True)], [1 / s for s in std])
panels.append(("Normalize, inverted", inverse(panels[-1][1])))
alt = "One photograph of a tower after each of 24 transforms, from Resize to Normalize and back."
fig, axes = plt.subplots(10, 3, figsize=(4.2, 10.4), num=alt)
for ax in axes.flat:
    ax.set_axis_off()
for ax, (name, result) in zip(axes.flat, panels, strict=True):
    shown = result if result.dtype == torch.uint8 else result.clamp(0, 1)
    ax.imshow(shown.permute(1, 2, 0).numpy())
    ax.set_title(name, fontsize=8, pad=3)
assert len(panels) == 30

# %%
# Most of these pictures still show the same tower. That is the idea of :term:`augmentation`: change the picture at
# random, and keep its :term:`label`. But look at ``RandomVerticalFlip``: no tower stands on its head.
#
# Predict
# -------
# The transforms also take a :term:`batch`, a tensor with one more axis in front. Here are eight copies of one digit in
# a batch. ``MNIST`` reads the digits as grey pictures of 28 × 28 pixels.

digits = MNIST(assets.path("mnist"), train=True)
images = digits.data.unsqueeze(1) / 255  # (60000, 1, 28, 28), values from 0 to 1
labels = digits.targets  # (60000,)
batch = images[:1].expand(8, 1, 28, 28)  # the first digit, eight times


def count_different(pictures):
    """How many different pictures a batch holds."""
    return len(pictures.unique(dim=0))


print("in the batch:", tuple(batch.shape), "different pictures:", count_different(batch))

# %%
# Now we call ``turn_at_random(batch)``, with the transform from above.
#
# .. choice:: How many different pictures does the batch hold afterwards?
#    :outputs: pictures_after_the_turn
#
#    - One angle was drawn for the whole call, and all eight digits were turned by it. No message says so.
#
#    - This would be so if each digit were passed to the transform on its own. Each call draws its own angle.
#
#    - This would be so if each digit were passed on its own, and turned by exactly 30 degrees with probability ½.

torch.manual_seed(9)
turned = turn_at_random(batch)
print("different pictures:", count_different(turned))
print("pixels that changed in each:", (turned[0] != batch[0]).sum().item())
assert not torch.equal(turned, batch)

# %%
# So the digits were turned, all in the same way. A transform makes its random choice once in each call, whatever the
# number of pictures.
#
# .. fold:: The code of the choices


def the_batch_at_once():
    torch.manual_seed(9)
    print("different pictures:", count_different(turn_at_random(batch)))


def one_at_a_time():
    torch.manual_seed(9)
    turned = [turn_at_random(digit) for digit in batch]
    print("different pictures:", count_different(torch.stack(turned)))


def turned_or_not():
    torch.manual_seed(9)
    sometimes = v2.RandomApply([v2.RandomRotation((30, 30))], p=0.5)
    turned = [sometimes(digit) for digit in batch]
    print("different pictures:", count_different(torch.stack(turned)))


wrong = [one_at_a_time, turned_or_not]
run_choices("pictures_after_the_turn", right=the_batch_at_once, wrong=wrong)

# %%
# Build it: a flip
# ----------------
# A horizontal flip reads the columns from right to left. So we index the last axis with the column numbers in reverse.
# The three dots stand for all axes before it, so the same line flips a single grey table, a colour picture or a batch.


def flip(image):
    """Mirror an image (..., rows, columns) from left to right."""
    width = image.shape[-1]
    backwards = torch.arange(width - 1, -1, -1)  # width − 1, …, 1, 0
    return image[..., backwards]


numbers = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(flip(numbers))

# %%
# Each row is reversed. The random version tosses a coin: it draws a number between 0 and 1, and flips if it is below
# ``p``. So ``p`` is the probability of a flip. A class keeps it, and its method ``__call__`` makes the object callable
# like a function.


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, image):
        if torch.rand(1) < self.p:
            return flip(image)
        return image


torch.manual_seed(SEED)
coin = RandomFlip()
print("first rows:", [coin(numbers)[0].tolist() for _ in range(5)])

# %%
# Some results are flipped and others are not: random transforms decide at each call.
#
# Build it: normalise, and go back
# --------------------------------
# To :term:`normalise` is, as in lessons 02 and 03, to subtract a mean and to divide by a standard deviation, one of
# each for every channel. Here the two lists become tensors of shape (3, 1, 1), so that :term:`broadcasting` applies
# them to all rows and columns.


def normalise(image, mean, std):
    """Normalise an image (channels, rows, columns): one mean and one std for each channel."""
    means = torch.tensor(mean)[:, None, None]  # (channels, 1, 1)
    stds = torch.tensor(std)[:, None, None]
    return (image - means) / stds


own_mean = float_photo.mean((1, 2)).tolist()
own_std = float_photo.std((1, 2)).tolist()
normalised = normalise(float_photo, own_mean, own_std)
print("mean after:", *(f"{value:.3f}" for value in normalised.mean((1, 2)).abs()))
print("std after: ", *(f"{value:.3f}" for value in normalised.std((1, 2))))

# %%
# With its own mean and deviation, each channel has mean 0 and deviation 1 afterwards. To look at such a picture we have
# to go back. Solve :math:`y = (x - m)/s` for :math:`x`:
#
# .. math:: x = s\,y + m = \frac{y - (-m/s)}{1/s}.
#
# So the inverse is a normalisation, too, with the mean :math:`-m/s` and the deviation :math:`1/s`.

inverse_mean = [-m / s for m, s in zip(own_mean, own_std, strict=True)]
inverse_std = [1 / s for s in own_std]
restored = normalise(normalised, inverse_mean, inverse_std)
largest = (restored - float_photo).abs().max().item()
print("the photograph is back:", largest < 1e-6)
assert largest < 1e-6

# %%
# Build it: a chain
# -----------------
# Several transforms in a row are applied in a loop: each gets what the one before it returned.


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


chain = Compose([RandomFlip(), v2.CenterCrop(200)])
print("shape:", tuple(chain(float_photo).shape))

# %%
# The photograph came out cropped. A chain is a transform itself, so chains can be parts of chains. ``RandomApply`` uses
# this: it runs a whole chain with probability ``p``, or leaves the image as it is.


class RandomApply:
    def __init__(self, transforms, p=0.5):
        self.chain = Compose(transforms)
        self.p = p

    def __call__(self, image):
        if torch.rand(1) < self.p:
            return self.chain(image)
        return image


torch.manual_seed(SEED)
sometimes = RandomApply([turn_at_random, v2.CenterCrop(200)], p=0.5)
print("shapes:", [tuple(sometimes(float_photo).shape) for _ in range(4)])

# %%
# Where the chain ran, the photograph was turned *and* cropped; elsewhere it kept its size.
#
# Build it: a rotation
# --------------------
# Where does the pixel at row 3, column 20 go when a digit is turned? Usually to a place between pixels, and some pixels
# of the new picture would get nothing. So we ask backwards: for each pixel of the *output*, where was it in the input?
#
# ``F.affine_grid`` computes these positions. It takes a 2 × 3 matrix for each picture and multiplies it by the output
# position :math:`(x, y, 1)`. The third column of the matrix is therefore added to each position: it is a shift.
# Positions go from −1 at the left and upper edge to 1 at the right and lower edge. We try the matrix that changes
# nothing, for a picture of one row and four columns.

nothing_changes = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])  # (1, 2, 3)
positions = F.affine_grid(nothing_changes, (1, 1, 1, 4), align_corners=False)  # (1, 1, 4, 2)
print("x of the four pixels:", positions[0, 0, :, 0])

# %%
# These are the centres of four pixels that together reach from −1 to 1. (``align_corners=False`` says that −1 and 1 are
# the outer edges of the picture, not the centres of its outer pixels.) ``F.grid_sample`` then reads the input at such
# positions. Between pixels it takes a weighted mean of the four neighbours (:term:`interpolation`).
#
# A clockwise turn moves the point :math:`(x, y)` to :math:`(cx - sy, sx + cy)`, where :math:`c` and :math:`s` are the
# cosine and the sine of the angle (:math:`y` points down). We need the way back, so :math:`s` changes its sign.


def turn(images, angle):
    """Turn images (N, C, L, L) clockwise by one angle in degrees."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    backwards = torch.tensor([[c, s, 0.0], [-s, c, 0.0]])  # from output to input
    matrices = backwards.expand(len(images), 2, 3)
    grid = F.affine_grid(matrices, images.shape, align_corners=False)  # (N, L, L, 2)
    return F.grid_sample(images, grid, align_corners=False)


line = torch.zeros(1, 1, 5, 5)
line[0, 0, 0, :] = 1  # a line along the upper edge
print(turn(line, angle=90)[0, 0].round().int())

# %%
# The line along the upper edge has moved to the right edge, as it does when you turn a sheet clockwise by 90 degrees.
#
# Build it: a matrix for each picture
# -----------------------------------
# ``affine_grid`` takes one matrix for *each* picture of the batch. So a whole batch can be distorted at once, each
# digit in its own way, which ``turn_at_random`` did not do. We use four changes, together an :term:`affine
# transformation`: turn by an angle, enlarge by a scale, slant (the rows move sideways in proportion to their height),
# and shift by pixels.
#
# The way back undoes one change after the other. ``slant_back @ turn_back`` is a product of two matrices, of which the
# right one acts first: it undoes the turn, and the left one undoes the slant. Dividing by the scale undoes the
# enlargement, and the last column undoes the shift. All arguments hold one value for each picture.


def affine(images, angles, shifts, slants, scales):
    """Distort images (N, C, L, L): angles in degrees, shifts (N, 2) in pixels, and so on."""
    c, s = angles.deg2rad().cos(), angles.deg2rad().sin()
    zero, one = torch.zeros_like(c), torch.ones_like(c)
    turn_back = torch.stack([c, s, -s, c], dim=1).reshape(-1, 2, 2)  # (N, 2, 2)
    slant_back = torch.stack([one, slants, zero, one], dim=1).reshape(-1, 2, 2)
    backwards = slant_back @ turn_back / scales[:, None, None]
    moves = 2 * shifts[:, :, None] / images.shape[-1]  # (N, 2, 1): the picture is 2 wide
    matrices = torch.cat([backwards, -backwards @ moves], dim=2)  # (N, 2, 3)
    grid = F.affine_grid(matrices.to(images.device), images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


angles = torch.tensor([0.0, 30, 60, 90, 120, 150, 180, 210])
turned = affine(batch, angles, torch.zeros(8, 2), torch.zeros(8), torch.ones(8))
print("different pictures:", count_different(turned))
assert count_different(turned) == 8

# %%
# Eight angles gave eight different pictures, in one call.
#
# Now the random part. Each setting is a limit, and each picture draws its own value evenly between minus the limit and
# the limit. ``half_turns`` is the probability of a turn by another 180 degrees. The random numbers come from the
# generator that is passed in.


def distort(images, generator, degrees=0, pixels=0, slant=0, zoom=0, half_turns=0):
    """Distort each image (N, C, L, L) in its own random way, up to these limits."""

    def draw(limit, *shape):
        return limit * (2 * torch.rand(len(images), *shape, generator=generator) - 1)

    angles = draw(degrees)
    upside_down = torch.rand(len(images), generator=generator) < half_turns
    angles = angles + 180 * upside_down
    return affine(images, angles, draw(pixels, 2), draw(slant), 1 + draw(zoom))


distorted = distort(batch, generator, degrees=15, pixels=2, slant=0.3, zoom=0.15)
print("distorted:", tuple(distorted.shape), "different pictures:", count_different(distorted))

# %%
# The figure shows what each limit does to ten digits, one of each class. (They are stronger here than in the experiment
# below.) In the last row some of the digits, chosen at random, stand on their heads. What would you read in place of
# the 6?
#
# .. fold:: How the figure is drawn

examples = torch.stack([images[labels == digit][3] for digit in range(10)])
rows = [
    ("as written", {}),
    ("shifted", {"pixels": 3}),
    ("turned", {"degrees": 22}),
    ("slanted", {"slant": 0.45}),
    ("zoomed", {"zoom": 0.22}),
    ("all four", {"pixels": 3, "degrees": 22, "slant": 0.45, "zoom": 0.22}),
    ("half turns", {"half_turns": 0.5}),
]
picture_generator = torch.Generator().manual_seed(SEED)
alt = "Ten digits as written, then shifted, turned, slanted, zoomed, all four, and by half turns."
fig, axes = plt.subplots(len(rows), 1, figsize=(5.6, 4.6), num=alt)
for ax, (name, settings) in zip(axes, rows, strict=True):
    shown = distort(examples, picture_generator, **settings)  # (10, 1, 28, 28)
    ax.imshow(shown[:, 0].permute(1, 0, 2).reshape(28, 280).numpy(), cmap="gray_r")
    ax.set(xticks=[], yticks=[], frame_on=False)
    label = ax.set_ylabel(name, rotation=0, ha="right", va="center")

# %%
# Check against PyTorch
# ---------------------
# Flip, normalisation, chain and ``affine`` have twins in ``v2``. The random ones of torchvision toss the same coin as
# ours, ``torch.rand(1)``. So with the same seed, the decisions must be the same, too, and the pictures equal to the
# last bit. For ``affine`` we draw 100 random settings; there the results may differ by rounding.
#
# .. fold:: Checked against torchvision: 200 chains, 100 distortions

small = v2.functional.resize(float_photo, [60, 90])
blur, crop = v2.GaussianBlur(5, sigma=1.0), v2.CenterCrop(40)
ours = Compose(
    [RandomFlip(0.3), RandomApply([crop, blur], p=0.4), lambda x: normalise(x, mean, std)]
)
theirs = v2.Compose(
    [v2.RandomHorizontalFlip(0.3), v2.RandomApply([crop, blur], p=0.4), v2.Normalize(mean, std)]
)
for seed in range(200):
    torch.manual_seed(seed)
    expected = theirs(small)
    torch.manual_seed(seed)
    assert torch.equal(ours(small), expected)
print("200 chains: equal to the last bit")

largest = 0.0
for _ in range(100):
    setting = 2 * torch.rand(5, generator=generator) - 1
    angle, x, y, slant, zoom = (setting * torch.tensor([180, 6, 6, 0.5, 0.4])).tolist()
    expected = v2.functional.affine(
        images[:1],
        angle=angle,
        translate=[x, y],
        scale=1 + zoom,
        shear=[math.degrees(math.atan(slant)), 0.0],
        interpolation=v2.InterpolationMode.BILINEAR,
    )
    single = [torch.tensor([value]) for value in (angle, slant, 1 + zoom)]
    found = affine(images[:1], single[0], torch.tensor([[x, y]]), single[1], single[2])
    largest = max(largest, (found - expected).abs().max().item())
assert largest < 1e-4
print(f"100 distortions: the largest difference is below 0.0001: {largest < 1e-4}")

# %%
# Our functions do the same as torchvision's. (There the slant is an angle; ours is its tangent. Both versions of
# ``affine`` turn clockwise, but ``v2.functional.rotate`` turns counter-clockwise.)
#
# Use it: a picture, its boxes and its mask
# -----------------------------------------
# For :term:`object detection` each animal has a :term:`bounding box`, and for :term:`semantic segmentation` a
# :term:`mask <segmentation mask>` holds the class of each pixel. (The masks of lessons 03 and 05 held only true and
# false.) If the picture is mirrored, both must be mirrored as well. We make the picture ourselves, so that boxes and
# mask are known exactly: from a zebra and a giraffe that were cut out along their outlines. Their fourth channel, the
# :term:`alpha channel`, says where the animal is. (24 and 25 are the numbers of zebra and giraffe in the data set COCO;
# 0 is everything else.)
#
# .. fold:: How picture, boxes and mask are made

scene = picture.copy()
class_map = np.zeros((427, 640), dtype=np.uint8)
corners = []
for name, number, left, top in [("zebra", 24, 90, 265), ("giraffe", 25, 390, 195)]:
    folder = "mammals/equines" if name == "zebra" else "mammals"
    animal = Image.open(assets.path("cutouts") / folder / f"{name}.png")  # RGBA
    scene.paste(animal, (left, top), mask=animal)
    outline = np.array(animal)[:, :, 3] > 127  # alpha, (rows, columns)
    height, width = outline.shape
    class_map[top : top + height, left : left + width][outline] = number
    ys, xs = outline.nonzero()
    corners.append([left + xs.min(), top + ys.min(), left + xs.max() + 1, top + ys.max() + 1])
print("classes:", np.unique(class_map).tolist())
print("boxes:", np.array(corners).tolist())

# %%
# A box has four numbers: left, top, right, bottom. How should a transform know that these are corners and not colours?
# By their type. A *tv_tensor* is a tensor that knows what it stands for: ``Image``, ``BoundingBoxes`` or ``Mask``.
# (``to_image`` returns an ``Image``, too.) Boxes must also know how their four numbers are meant (``format``), and the
# height and width of the picture (``canvas_size``).

image = v2.functional.to_image(scene)
mask = tv_tensors.Mask(torch.from_numpy(class_map))
boxes = tv_tensors.BoundingBoxes(np.array(corners), format="XYXY", canvas_size=(427, 640))
mirror = v2.RandomHorizontalFlip(p=1)
_, mirrored_boxes, mirrored_mask = mirror(image, boxes, mask)
print("zebra before:", boxes[0].tolist())
print("zebra after: ", mirrored_boxes[0].tolist())
assert torch.equal(mirrored_mask, flip(mask))

# %%
# The left edge of the new box is 640 minus the right edge of the old one. A transform of ``v2`` takes any number of
# arguments, also nested in tuples and dictionaries, and makes *one* random decision for all of them. For batches this
# was a trap; here it is what we need. A chain works in the same way.

torch.manual_seed(SEED)
joint = v2.Compose(
    [
        v2.RandomHorizontalFlip(p=0.5),
        v2.RandomRotation(20, interpolation=v2.InterpolationMode.BILINEAR),
        v2.RandomResizedCrop((300, 400), scale=(0.5, 1.0)),
    ]
)
samples = [(image, boxes, mask)]
for _ in range(3):
    samples.append(joint(image, boxes, mask))
print("classes in the masks:", [sample[2].unique().tolist() for sample in samples])
assert all(set(sample[2].unique().tolist()) <= {0, 24, 25} for sample in samples)

# %%
# The picture was interpolated, but the masks hold only the classes that exist: for a ``Mask``, ``v2`` always takes the
# nearest pixel. The figure shows the original and three calls of the chain.
#
# .. fold:: How the figure is drawn

alt = "A zebra and a giraffe with box and mask, and three distorted versions in which both follow."
fig, axes = plt.subplots(2, 2, figsize=(5.6, 4.2), num=alt)
paints = [(24, (0.0, 0.45, 0.7, 0.6)), (25, (0.9, 0.6, 0.0, 0.6))]
for ax, (shown_image, shown_boxes, shown_mask) in zip(axes.flat, samples, strict=True):
    ax.imshow(shown_image.permute(1, 2, 0).numpy())
    overlay = np.zeros((*shown_mask.shape, 4))
    for number, paint in paints:
        overlay[shown_mask.numpy() == number] = paint
    ax.imshow(overlay)
    for left, top, right, bottom in shown_boxes.tolist():
        frame = plt.Rectangle(
            (left, top), right - left, bottom - top, fill=False, edgecolor=VERMILION, linewidth=1.5
        )
        ax.add_patch(frame)
    ax.set_axis_off()

# %%
# Picture, boxes and masks have moved together. But where the picture was turned, the boxes are larger than the animals.
# A transform knows only the corners of a box, not the animal in it: it turns the corners and draws a new box around
# them. A detector would be taught with boxes that are too large. If you have masks, compute the boxes anew; if not,
# keep rotations small.
#
# Use it: inside a dataset
# ------------------------
# Where do transforms belong? In the :term:`dataset`, so that each example is changed anew whenever it is read: through
# the argument ``transform`` (lesson 06), or in the ``__getitem__`` of a class of your own. Only the *training* set gets
# a random one; the pictures that we measure on stay as they are.

bilinear = v2.InterpolationMode.BILINEAR
shift = (0.07, 0.07)  # 2 of 28 pixels; and the tangent of 17° is about 0.3
random_affine = v2.RandomAffine(15, shift, scale=(0.85, 1.15), shear=17, interpolation=bilinear)
to_float = v2.ToDtype(torch.float32, scale=True)
chain = v2.Compose([v2.ToImage(), to_float, random_affine])
train_set = MNIST(assets.path("mnist"), train=True, transform=chain)
torch.manual_seed(SEED)
read_six_times = torch.stack([train_set[5][0] for _ in range(6)])
print("example 5, read six times:", count_different(read_six_times), "different pictures")

# %%
# The dataset is not larger than before, but every epoch sees other versions of its examples. (The transforms draw from
# PyTorch's own generator, so the repeated noise of lesson 06 cannot happen here.) The experiment below has thousands of
# batches, so it uses ``distort``, with one call for each batch.
#
# Use it: what is a transform worth?
# ----------------------------------
# We train a small network of two convolutions on 100 digits, without augmentation and with it. To say what a gain
# means, we also train it on more and on fewer *real* digits. Then we can ask: how many real digits give the same
# :term:`accuracy`?
#
# First the data. 2,000 digits of the training set become the :term:`validation set`, on which all choices are made. The
# rest is the pool for training. The mean and the deviation for the normalisation come from 10,000 pictures of the
# pool, without their labels.

order = torch.randperm(60_000, generator=generator)
valid_images, valid_labels = images[order[:2000]].to(device), labels[order[:2000]].to(device)
pool = order[2000:]
unlabelled = images[pool[:10_000]]
pixel_mean, pixel_std = unlabelled.mean().item(), unlabelled.std().item()
print(f"validation: {len(valid_labels):,} digits, pool: {len(pool):,} digits")

# %%
# For each seed, ``small_set`` draws a small training set from the pool. It is balanced: the digits come in turn, 0, 1,
# 2, …, 9, 0, 1, …. And it is *nested*: the first 100 digits of a seed are part of its first 200.
#
# .. fold:: How a small training set is drawn


def small_set(seed, n):
    """The first n digits of a balanced training set that belongs to this seed."""
    shuffling = torch.Generator().manual_seed(seed)
    rows = pool[torch.randperm(len(pool), generator=shuffling)]
    of_each = [rows[labels[rows] == digit][:320] for digit in range(10)]  # 3,200 in all
    taken = torch.stack(of_each, dim=1).flatten()[:n]  # from (320, 10), row after row
    return images[taken].to(device), labels[taken].to(device)


print("first labels:", small_set(seed=0, n=20)[1].tolist())

# %%
# The network is small, so that a training takes a second. The first convolution moves by 4 pixels at a time.
# ``nn.ReLU`` replaces negative values by 0, and ``nn.Flatten`` writes all values of a picture in one row.


def small_network():
    first = nn.Conv2d(1, 16, kernel_size=8, stride=4)  # (N, 16, 6, 6)
    second = nn.Conv2d(16, 16, kernel_size=3, padding=1)  # (N, 16, 6, 6)
    head = nn.Linear(16 * 6 * 6, 10)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), head)


print(sum(parameter.numel() for parameter in small_network().parameters()), "parameters")

# %%
# Before the network sees digits, they are distorted and normalised. ``limits`` are the arguments of ``distort``; without
# augmentation there are none.


def prepare(pictures, generator, limits):
    """What the network gets: pictures (N, 1, 28, 28), distorted, then normalised."""
    if limits:
        pictures = distort(pictures, generator, **limits)
    return (pictures - pixel_mean) / pixel_std


black = torch.zeros(1, 1, 28, 28)
print(f"black becomes {prepare(black, generator=None, limits={}).max():.2f}")

# %%
# Distorting must come first: ``distort`` fills the empty places with 0. This is the black background before
# normalising, but a grey after it.
#
# The training is the same for all. Each step draws 32 digits at random, prepares them and makes one step with the
# optimiser Adam (:doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>`). The learning rate falls to zero along
# a straight line. **All trainings make the same number of steps,** whatever the number of digits; otherwise the larger
# sets would be trained longer, too.
#
# .. fold:: How a network is trained

LEARNING_RATE = 0.01
STEPS = 200


def train(seed, n, steps, limits):
    """Train a small network on n digits; limits are the arguments of distort."""
    pictures, targets = small_set(seed, n)
    torch.manual_seed(seed)  # for the first weights
    model = small_network().to(device)
    optimiser = torch.optim.Adam(model.parameters(), fused=True)  # fused: faster
    drawing = torch.Generator().manual_seed(seed)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / steps)
        rows = torch.randint(n, (32,), generator=drawing).to(device)
        logits = model(prepare(pictures[rows], drawing, limits))
        loss = F.cross_entropy(logits, targets[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


# %%
# The learning rate was chosen on validation digits from 0.003, 0.006 and 0.01 while this lesson was written (larger ones
# were not tried), and the 200 steps from 100 and 200. Network and batch size are guesses. The accuracy is the share of
# digits that are classified correctly.


@torch.no_grad()
def read(model, pictures):
    """The digits that a model reads in pictures (N, 1, 28, 28)."""
    return model((pictures - pixel_mean) / pixel_std).argmax(1)


def share_right(model, pictures, targets):
    return (read(model, pictures) == targets).float().mean().item()


model = train(seed=0, n=100, steps=STEPS, limits={})
print(f"validation accuracy: {share_right(model, valid_images, valid_labels):.1%}")

# %%
# Use it: choose the strength
# ---------------------------
# How strongly should the digits be distorted? We ask the validation digits. The strength 1 means: 15 degrees, 2 pixels,
# slant 0.3 and zoom 0.15. These four are guesses, made by looking at distorted digits. All of them are multiplied by
# the strength.


def all_four(strength):
    """Limits for distort: all four changes at this strength."""
    limits = {"degrees": 15, "pixels": 2, "slant": 0.3, "zoom": 0.15}
    return {name: strength * limit for name, limit in limits.items()}


print("turned by up to", all_four(2)["degrees"], "degrees at strength 2")

# %%
# Each strength is tried with three seeds. After ± stands the :term:`standard error` of their mean: with three other
# seeds, the mean would vary by about so much.
#
# .. fold:: How the table is computed

strengths = [0, 0.5, 1, 1.5, 2]
means = []
print("strength  validation accuracy in %")
for strength in strengths:
    limits = all_four(strength) if strength else {}
    runs = [train(seed, 100, STEPS, limits) for seed in (100, 101, 102)]
    right = [100 * share_right(run, valid_images, valid_labels) for run in runs]
    means.append(np.mean(right))
    error = np.std(right, ddof=1) / math.sqrt(len(right))
    print(f"{strength!s:>8}  {means[-1]:.1f} ± {error:.1f}")

# %%
# The accuracy rises with the strength, up to a point; at strength 2 it has fallen again. We take the strength that is
# best here. (With three seeds, two neighbouring strengths may differ by chance.)

best = int(np.argmax(means))
STRENGTH = strengths[best]
print("strength:", STRENGTH)
assert means[best] - means[0] > 5
assert means[best] > means[-1]

# %%
# Use it: the curve of real digits
# --------------------------------
# From here on nothing is chosen any more, so the :term:`test set` may be opened. We use 2,000 of its digits, drawn at
# random. ``train_five`` trains with five seeds: each has its own training digits and its own first weights.

test_set = MNIST(assets.path("mnist"), train=False)
test_rows = torch.randperm(10_000, generator=generator)[:2000]
test_images = (test_set.data.unsqueeze(1)[test_rows] / 255).to(device)
test_labels = test_set.targets[test_rows].to(device)


def train_five(n, limits):
    return [train(seed, n, STEPS, limits) for seed in range(5)]


def accuracy(models):
    """The share of test digits in % that each model classifies correctly: (models,)."""
    return 100 * np.array([share_right(model, test_images, test_labels) for model in models])


# %%
# First comes the curve without augmentation, from 20 to 3,200 digits.
#
# .. fold:: How the curve is measured

sizes = [20, 50, 100, 200, 400, 800, 1600, 3200]
curve = np.zeros((8, 5))  # one row for each size, one column for each seed
print("digits   accuracy in %, five seeds")
for row, n in enumerate(sizes):
    trained = train_five(n, {})
    if n == 100:
        plain_models = trained
    curve[row] = accuracy(trained)
    print(f"{n:6}  ", *(f"{share:.1f}" for share in curve[row]))
plain = curve[2]  # 100 digits, (5,)
rises = np.diff(curve.mean(1))
assert rises.min() > 0 and rises[-2:].max() < rises[0] / 4

# %%
# More real digits give a higher accuracy, but the last doublings give far less than the first. The five seeds differ,
# most of all with few digits.
#
# Use it: six ways to train
# -------------------------
# The experiment has six *arms*, ways to train on the same 100 digits as in the third row of the table: each change
# alone, the four together, and half turns, for which half of the digits are turned by 180 degrees.

chosen = all_four(STRENGTH)
arms = {
    "shift": {"pixels": chosen["pixels"]},
    "turn": {"degrees": chosen["degrees"]},
    "slant": {"slant": chosen["slant"]},
    "zoom": {"zoom": chosen["zoom"]},
    "all four": chosen,
    "half turns": {"half_turns": 0.5},
}
print("the arm 'shift':", arms["shift"])

# %%
# Each arm is trained with the five seeds. The differences are *paired*: each seed is compared with itself, without
# augmentation. We trust a mean difference if it is more than 2.8 standard errors away from 0. (For five seeds and 95 %,
# the factor 2.8 comes from :term:`Student's t distribution`.)

models, shares = {}, {}
print("points more than without augmentation, ± standard error")
for name, limits in arms.items():
    models[name] = train_five(100, limits)
    shares[name] = accuracy(models[name])  # (5,)
    gain = shares[name] - plain
    error = gain.std(ddof=1) / math.sqrt(5)
    print(f"{name:10} {gain.mean():+5.1f} ± {error:.1f}")

# %%
# Half turns cost many points. The gains of slant and zoom are at the limit of what five seeds can show. Do not order
# the single changes by their gains: 2 pixels and 15 degrees cannot be compared, and only the four together were tuned.
#
# Use it: the exchange rate
# -------------------------
# How many real digits does one more point of accuracy cost? Between 100 and 200 digits it is a dozen or so, between
# 1,600 and 3,200 it is thousands. So we read the curve *horizontally*: from the accuracy of an arm we go to the right
# until we meet the curve, and look down at the number of real digits.
#
# ``np.interp(x, xs, ys)`` does that: it joins the points (xs, ys) with straight lines and returns the height at x. Our
# x is the accuracy, and our y is the logarithm of the digits to the base 2, in which each doubling is one step.


def digits_needed(reached, of_seed):
    """How many real digits reach this accuracy, on the curve of one seed."""
    accuracies = np.maximum.accumulate(of_seed)  # np.interp wants rising values
    assert accuracies[0] < reached < accuracies[-1], "off the curve"
    return 2 ** np.interp(reached, accuracies, np.log2(sizes))


for seed in range(5):
    needed = digits_needed(shares["all four"][seed], curve[:, seed])
    print(f"seed {seed}: 100 digits, distorted in four ways, equal {needed:.0f} real digits")

# %%
# Each seed has its own answer: the largest is about 1.4 times the smallest. The exchange rate is such a number divided
# by 100. A rate of 1 means that the transform brings nothing; below 1 it does harm. We average it as a logarithm, so
# that ×2 and ×½ cancel. The interval around the mean is ± 2.8 standard errors, as above.
#
# .. fold:: How the exchange rate and its interval are computed


def exchange_rate(reached):
    """How many real digits one distorted digit is worth: mean, and both ends of the interval."""
    doublings = []
    for seed in range(5):
        doublings.append(np.log2(digits_needed(reached[seed], curve[:, seed]) / 100))
    middle = np.mean(doublings)
    margin = 2.8 * np.std(doublings, ddof=1) / math.sqrt(5)
    return 2**middle, 2 ** (middle - margin), 2 ** (middle + margin)


# %%
# We compute it for all six arms.

rates = {}
for name in arms:
    rates[name] = exchange_rate(shares[name])
    rate, low, high = rates[name]
    print(f"{name:10} × {rate:.2f}   from {low:.2f} to {high:.2f}")

# %%
# A hundred digits with all four changes are worth several hundred real ones. For slant and zoom alone the lower end is
# close to 1: five seeds barely settle whether they help. Half turns have a rate clearly below 1: whoever uses them
# throws away about half of the labels. The figure shows the curve. For three arms, dotted lines lead from their
# accuracy to the curve, and down to the number of digits.
#
# .. fold:: How the figure is drawn, and the claims checked

assert rates["all four"][1] > 2 and rates["half turns"][2] < 1
assert 0.4 < rates["half turns"][0] < 0.6 and 3 < rates["all four"][0] < 16
assert 0.9 < rates["slant"][1] < 1.15 and 0.9 < rates["zoom"][1] < 1.15
alt = (
    "Accuracy against real digits; with 100, all four changes lie high above it, half turns below."
)
fig, ax = plt.subplots(figsize=(5.6, 3.6), num=alt)
errors = curve.std(1, ddof=1) / math.sqrt(5)
ax.errorbar(sizes, curve.mean(1), errors, fmt="o-", color=INK, markersize=4, capsize=3)
ax.annotate("real digits\nonly", (20, curve[0].mean()), (9, -9), textcoords="offset points")
for name, colour in (("all four", BLUE), ("half turns", VERMILION), ("shift", GREEN)):
    height = shares[name].mean()
    rate, low, high = rates[name]
    error = shares[name].std(ddof=1) / math.sqrt(5)
    ax.errorbar(100, height, error, fmt="s", color=colour, markersize=4, capsize=3, zorder=3)
    ax.plot([100, 100 * rate, 100 * rate], [height, height, 30], color=colour, linestyle=":")
    ax.plot([100 * low, 100 * high], [height, height], color=colour, linewidth=4, alpha=0.4)
    side, place = ("left", 8) if name == "half turns" else ("right", -8)
    ax.annotate(
        name, (100, height), (place, 0), textcoords="offset points", ha=side, va="center",
        color=colour,
    )  # fmt: skip
ax.set(xscale="log", xlabel="labelled digits", ylabel="accuracy in %", ylim=(30, 97))
ax.minorticks_off()
ticks = ax.set_xticks(sizes, [str(n) for n in sizes])

# %%
# The upright bars are one standard error long on each side. The pale stripes are the intervals of the table.
#
# The rate belongs to this network, this number of steps, 100 digits, and handwriting. Do not carry it over to other
# pictures: measure it there.
#
# Use it: why do half turns cost so much?
# ---------------------------------------
# The test set has answered its question, so we ask the validation digits. How many of the 6s and 9s are read as the
# other of the two? And on which digits are the points lost?
#
# .. fold:: How the mistakes are counted


def read_valid(models):
    """What each model reads in the validation digits: (models, 2000)."""
    return torch.stack([read(model, valid_images) for model in models]).cpu().numpy()


plain_readings, turned_readings = read_valid(plain_models), read_valid(models["half turns"])
truth = valid_labels.cpu().numpy()
swapped = np.where(truth == 6, 9, np.where(truth == 9, 6, -1))
six_or_nine = swapped > 0


def describe(what, before, after):
    """Print both means in %, and the paired difference with its standard error."""
    change = after - before
    error = change.std(ddof=1) / math.sqrt(5)
    print(
        f"{what:28} {before.mean():4.1f} % → {after.mean():4.1f} %, {change.mean():+.1f} ± {error:.1f}"
    )
    assert abs(change.mean()) > 2.8 * error


results = []
for readings in (plain_readings, turned_readings):
    six_for_nine = 100 * (readings == swapped)[:, six_or_nine].mean(1)  # (5,)
    others_right = 100 * (readings == truth)[:, ~six_or_nine].mean(1)
    results.append((six_for_nine, others_right))
(six_before, others_before), (six_after, others_after) = results
describe("6 and 9 taken for each other", six_before, six_after)
describe("other digits read correctly", others_before, others_after)
assert six_after.mean() > 3 * six_before.mean()

lost = 1.0 * (plain_readings == truth) - (turned_readings == truth)  # (5, 2000)
on_others = 100 * lost[:, ~six_or_nine].sum() / lost.size
print(f"of {100 * lost.mean():.1f} points lost, {on_others:.1f} were lost on the other digits")
assert on_others > 100 * lost.mean() / 2

# %%
# A 6 that stands on its head *is* a 9, but the training still calls it a 6: these labels are wrong, and 6 and 9 are now
# taken for each other. But this is the smaller part of the cost. Most points are lost on the other digits, whose labels
# stay right. One likely reason is that the network must learn twice as many shapes, and the new ones never occur in the
# test. So right labels are not enough: an augmentation should make pictures that could occur, with the label that they
# would have.
#
# Break it: values in the wrong range
# -----------------------------------
# Two loud mistakes first. ``Normalize`` needs floats, but a PIL image and a fresh tensor hold whole numbers.

normalise_half = v2.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])
for wrong_input in (picture, photo):
    try:
        normalise_half(wrong_input)
    except TypeError as error:
        print(fill(f"TypeError: {error}", 80))

# %%
# Put ``v2.ToImage()`` and ``v2.ToDtype(torch.float32, scale=True)`` in front. Now a similar mistake, but a silent one:
# the dtype is converted, and ``scale=True`` is forgotten. Floats then go up to 255, but every transform of ``v2`` that
# uses the brightest value assumes that it is 1. Others, such as ``Resize``, do not use it, so the mistake can stay
# hidden. We make the photograph brighter by 10 %.

unscaled = v2.functional.to_dtype(photo, torch.float32)
brighter = v2.functional.adjust_brightness(unscaled, 1.1)
print(f"before: from {unscaled.min():.0f} to {unscaled.max():.0f}")
print(f"after:  from {brighter.min():.0f} to {brighter.max():.0f}")
print(f"white values: {(brighter == 1).float().mean():.1%}")
assert (brighter == 1).float().mean() > 0.95

# %%
# The transform cut everything off at 1. Nearly the whole picture is white. **What to look for:** the minimum and the
# maximum after the last transform.
#
# Break it: a transform on a whole batch
# --------------------------------------
# In the prediction at the top, eight digits were turned by one angle. We pass them to four random transforms and count
# again.
#
# .. fold:: How the pictures are counted

whole_batch = [
    ("RandomRotation", v2.RandomRotation(30)),
    ("RandomCrop", v2.RandomCrop(20)),
    ("RandomErasing", v2.RandomErasing(p=1)),
    ("GaussianNoise", v2.GaussianNoise(sigma=0.1)),
]
torch.manual_seed(9)
for name, transform in whole_batch:
    result = transform(batch)
    changed = result.shape != batch.shape or not torch.equal(result, batch)
    print(f"{name:14} changed: {changed}, {count_different(result)} different pictures")
    assert changed
one_by_one = torch.stack([turn_at_random(digit) for digit in batch])
print(f"one by one                    {count_different(one_by_one)} different pictures")
assert count_different(one_by_one) == 8

# %%
# All did something, but an angle or a place is drawn once for the batch. Noise is drawn for each pixel, so it differs.
# **What to look for:** a transform that is called after the ``DataLoader``. Call it in the dataset, or use one matrix
# for each picture, as ``distort`` does.
#
# Break it: the mask that was left behind
# ---------------------------------------
# A mask must be a ``Mask``. Two things can happen otherwise. First, it is a plain tensor beside a picture.

plain_mask = torch.from_numpy(class_map)
_, mask_afterwards = mirror(image, plain_mask)
print("the mask was mirrored:", torch.equal(mask_afterwards, flip(plain_mask)))
print("the mask is unchanged:", torch.equal(mask_afterwards, plain_mask))

# %%
# If there is an ``Image``, plain tensors beside it are passed through untouched; they might be labels. Second, the mask
# is passed on its own, and taken for a picture.

as_picture = v2.functional.resize(plain_mask[None], [107, 160])  # [None]: one channel
as_mask = v2.functional.resize(tv_tensors.Mask(plain_mask[None]), [107, 160])
print("as a picture:", len(as_picture.unique()), "classes")
print("as a mask:   ", as_mask.unique().tolist())
assert {12, 17, 18} < set(as_picture.unique().tolist())
assert as_mask.unique().tolist() == [0, 24, 25]

# %%
# Pictures are made smaller by averaging neighbours. Averages of 0 and 24 are the numbers between them, such as 12, 17
# and 18. But these are numbers of other classes: in COCO, 17 is a cat and 18 a dog. So the zebra gets a border with
# cats and dogs in it. **What to look for:** ``mask.unique()`` after the transforms.
#
# Then and now
# ------------
# Many tutorials on the web use the first generation of transforms. Here is what torchvision 0.29 says to old lines.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "transforms",
    [
        (
            "x = v2.ToTensor()(picture)",
            "x = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])(picture)",
        ),
        (
            """from torchvision import transforms
x = transforms.ToTensor()(picture)
print(type(x).__name__, x.dtype)""",
            """x = v2.ToDtype(torch.float32, scale=True)(v2.ToImage()(picture))
print(type(x).__name__, x.dtype)""",
        ),
        (
            """from torchvision import transforms
smaller = transforms.Scale(256)(picture)""",
            "smaller = v2.Resize(256)(picture)",
        ),
        (
            """from torchvision import transforms
turned = transforms.RandomRotation(30, resample=Image.BILINEAR)(picture)""",
            "turned = v2.RandomRotation(30, interpolation=v2.InterpolationMode.BILINEAR)(picture)",
        ),
        (
            """from torchvision import transforms
both = transforms.RandomHorizontalFlip(p=1)(image, mask)""",
            "both = v2.RandomHorizontalFlip(p=1)(image, mask)",
        ),
        ("from torchvision import datapoints", "from torchvision import tv_tensors"),
    ],
    globals(),
)

# %%
# .. then-and-now:: transforms
#
#    - The name exists in ``v2`` only so that old code runs. The two steps say what happens: ``ToImage`` changes the
#      type, ``ToDtype`` the range.
#
#    - The first generation still works, without a warning. Its result is a plain tensor.
#
#    - ``Scale`` became ``Resize``.
#
#    - The argument is called ``interpolation`` now. Its default is the nearest pixel.
#
#    - The first generation takes one picture.
#
#    - Boxes and masks had this name while ``v2`` was being tried out.
#
# What you learned
# ----------------
# - Whole numbers go from 0 to 255 and floats from 0 to 1; ``ToImage`` and ``ToDtype(scale=True)`` bring a PIL image
#   there.
# - A flip reads columns in reverse, a chain is a loop, and a rotation asks for each output pixel where it was.
# - ``tv_tensors`` tell boxes and masks from pictures, so that one call moves all of them in the same way.
# - A transform draws its angle or place once in each call, also for a whole batch; noise is drawn for each pixel.
# - What an augmentation is worth can be measured in real examples. The four together were worth several times the data.
#   Half turns were worse than no augmentation, and mostly on digits whose labels stayed right.
#
# Self-checks
# -----------
# .. choice:: A float picture has values from 0 to 255. What does ``v2.ColorJitter(brightness=0.4)`` do with it?
#    :right: 3
#
#    - It divides the values by 255 first.
#
#      No transform guesses the range. Only ``to_dtype`` with ``scale=True`` rescales.
#
#    - It raises an error, because the values are larger than 1.
#
#      The values are not checked.
#
#    - It cuts nearly all values off at 1.
#
#      For floats, 1 is the brightest value. The picture becomes almost white.
#
# .. choice:: You train a detector of road signs, among them "turn left" and "turn right". Which augmentation is the most dangerous?
#    :right: 1
#
#    - A horizontal flip.
#
#      It turns "left" into "right", and keeps the label.
#
#    - A colour jitter.
#
#      A strong one may hurt, since colours have a meaning on signs. But it seldom turns one sign into another.
#
#    - A random crop.
#
#      It may cut a sign off, but it does not change what the sign says.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_07>`.
#
# **1. Recall.** Which shape comes out of this chain? Say it before you run it. (If ``Resize`` is given a single number,
# the shorter side gets that length, and the proportions stay.)
#
# .. code-block:: python
#
#    chain = v2.Compose([v2.Resize(100), v2.Pad(10), v2.RandomVerticalFlip()])
#    shape = (0, 0, 0)
#
#    assert shape == chain(torch.zeros(3, 400, 600)).shape, "this is not the shape"
#    print("shape:", shape)
#
# **2. Modify.** This flip makes one decision for the whole batch. Give each picture its own coin, without a loop.
# (``torch.where`` chooses between two tensors; ``^`` is true where exactly one of two is.)
#
# .. code-block:: python
#
#    def random_flip(images, p):
#        """Mirror each image (N, C, rows, columns) with probability p."""
#        if torch.rand(1) < p:
#            return images.flip(-1)
#        return images
#
#    torch.manual_seed(0)
#    images = torch.rand(1, 3, 4, 5).expand(1000, 3, 4, 5)
#    flipped = random_flip(images, p=0.3)
#    mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
#    untouched = (flipped == images).flatten(1).all(1)
#    assert (mirrored ^ untouched).all(), "each image is either mirrored or untouched"
#    assert 250 < mirrored.sum() < 350, f"{mirrored.sum()} of 1000 are mirrored"
#    print("about 300 of 1000 are mirrored")
#
# **3. Extend.** A crop must move the boxes, cut them off at the edges of the crop, and drop those that lie outside.
# Write it without torchvision.
#
# .. code-block:: python
#
#    def crop_boxes(boxes, top, left, height, width):
#        """The boxes (N, 4: left, top, right, bottom) in the coordinates of the crop."""
#        return boxes
#
#    boxes = torch.tensor(
#        [[10, 20, 60, 80], [5, 5, 20, 15], [70, 40, 120, 90], [30, 30, 40, 40], [90, 30, 99, 60], [30, 80, 50, 95]]
#    )
#    found = crop_boxes(boxes, top=25, left=25, height=50, width=60)
#    assert len(found) == 3, f"three boxes overlap the crop, not {len(found)}"
#    assert found.tolist() == [[0, 0, 35, 50], [45, 15, 60, 50], [5, 5, 15, 15]], "another place"
#    print("boxes in the crop:", found.tolist())
#
# In practice
# -----------
# - Look at a batch after all transforms, with its labels, boxes and masks. If it is normalised, its mean is near 0 and
#   its standard deviation near 1; otherwise it was normalised never, or twice.
# - Say for each transform which real pictures it stands for. If you cannot, leave it out.
# - Augment the training data only, and choose the strength on validation data that are left as they are.
#
# Going further
# -------------
# - ``v2.MixUp`` and ``v2.CutMix`` mix two pictures of a batch *and their labels*.
# - :doc:`Lesson 08 </lessons/2_training/lesson_08_torchvision_3>` fine-tunes pretrained models.
#
# References
# ----------
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: `Gradient-based learning applied to document recognition
#   <https://doi.org/10.1109/5.726791>`__, 1998. Distorted digits were added to the training set there.
# - \P. Y. Simard, D. Steinkraus, J. C. Platt: `Best practices for convolutional neural networks applied to visual
#   document analysis <https://doi.org/10.1109/ICDAR.2003.1227801>`__, 2003. The elastic distortion.
# - \J. Geiping and others: `How much data are augmentations worth? <https://arxiv.org/abs/2210.06441>`__, 2022. The
#   exchange rate on larger networks. They find that even changes that do not look like the data can help, if test
#   pictures differ from training pictures.
# - Torchvision: `Transforming images, videos, boxes and more
#   <https://docs.pytorch.org/vision/stable/transforms.html>`__.
