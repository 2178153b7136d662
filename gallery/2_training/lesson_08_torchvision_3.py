r"""
08 · Torchvision 3: models and fine-tuning
==========================================

You have 90 small pictures: emoji of animals, food and vehicles. A network is to learn the three classes. You can train
a small network from nothing, or take a large one that has already seen a million photographs, and replace only its last
layer. Which one is better, and what happens when somebody puts the same emoji on another background, or blurs them?
This lesson looks at the models of torchvision: for classification, segmentation, detection and video. Then it takes
one of them, and measures what its earlier knowledge is worth.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - find a model, read what is known about its weights, and feed it what it expects;
      - read and draw the outputs of classification, segmentation, detection and video models;
      - replace a head, freeze a backbone, and give backbone and head learning rates of their own;
      - notice when a "frozen" network still changes, and measure what it costs.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 07 </lessons/2_training/lesson_07_torchvision_2>`, for transforms, and :doc:`lesson
        05 </lessons/1_basics/lesson_05_reshaping>`, for :term:`logits`.
      - **Data:** emoji, two photographs, and the weights of MobileNetV2; 96 MB are downloaded once.
      - **Run time:** about 110 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``torchvision.models`` has the networks, and ``torchvision.utils`` the drawing tools. ``fit`` trains a network. What
# happens inside ``fit`` is the subject of lessons :doc:`11 </lessons/2_training/lesson_11_loss_functions>` to :doc:`14
# </lessons/2_training/lesson_14_building_a_network>`; here it is a tool.
#
# .. fold:: The imports

# sphinx_gallery_number = 8
# sphinx_gallery_budget_s = 120
# sphinx_gallery_needs = [7]
# sphinx_gallery_assets = ["emoji", "photographs", "mobilenet-v2"]
# sphinx_gallery_thumbnail_number = 3
import copy
import io
import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib as mpl
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.ops import masks_to_boxes
from torchvision.transforms.v2 import functional as transforms
from torchvision.utils import (
    draw_bounding_boxes,
    draw_segmentation_masks,
    make_grid,
    save_image,
)

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import COLOUR_CYCLE, INK, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import fit

SEED = 8  # decides the split, the backgrounds and the random weights
SIDE = 64  # pixels
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
print(f"computing on: {device}")

# %%
# Look at the data
# ----------------
# All emoji lie in one large picture, each in a square of 66 pixels with an empty border of 1 pixel. A list says where
# each of them is, and to which group it belongs. ``Image.open`` reads a picture, and ``pil_to_tensor`` turns it into a
# tensor of whole numbers. Its four channels are red, green, blue and the :term:`alpha channel`, which is 0 where a
# pixel is transparent.

folder = assets.path("emoji")
entries = json.loads((folder / "emoji.json").read_bytes())
sheet = transforms.pil_to_tensor(Image.open(folder / "sheet_64.png"))
print("sheet:", tuple(sheet.shape), sheet.dtype)


def cut_out(entry):
    """The emoji of this entry, shape (4, 64, 64), values from 0 to 1."""
    left, top = 66 * entry["sheet_x"] + 1, 66 * entry["sheet_y"] + 1
    return sheet[:, top : top + SIDE, left : left + SIDE] / 255


# %%
# The names of the groups begin with the class: ``animal-bird``, ``food-fruit``, ``transport-air``. We leave out
# ``transport-sign``, because a sign is no vehicle.
#
# .. fold:: How the three classes are picked out

CLASSES = ["animal", "food", "transport"]
pictures, labels = [], []
for entry in entries:
    group = entry["subcategory"]
    kind = group.split("-")[0]
    if kind in CLASSES and group != "transport-sign":
        pictures.append(cut_out(entry))
        labels.append(CLASSES.index(kind))
pictures = torch.stack(pictures)  # (N, 4, 64, 64)
labels = torch.tensor(labels)
print("pictures:", tuple(pictures.shape))
print("of each class:", labels.bincount().tolist())

# %%
# We shuffle the pictures of each class. The first 50 of each are the *pool*. The others are the :term:`test set`, on
# which no choice is made.
#
# .. fold:: How the pictures are divided

pools, test_parts = [], []
for number in range(3):
    rows = torch.where(labels == number)[0]
    rows = rows[torch.randperm(len(rows), generator=generator)]
    pools.append(rows[:50])
    test_parts.append(rows[50:])
test_rows = torch.cat(test_parts)
print(f"{3 * 50} in the pool, {len(test_rows)} to test")
print("test pictures of each class:", labels[test_rows].bincount().tolist())

# %%
# About half of the test pictures are animals. So that animals do not decide alone, each class counts one third in the
# results. A training uses 30 pictures of each class, drawn from the pool. The other 20 are for :term:`validation
# <validation set>`.
#
# .. fold:: How the pictures of a training are drawn


def draw_rows(seed):
    """Rows of 90 pictures of the pool for training, and of the other 60 for validation."""
    drawing = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(50, generator=drawing) for _ in pools]
    drawn = [pool[order[:30]] for pool, order in zip(pools, orders, strict=True)]
    left = [pool[order[30:]] for pool, order in zip(pools, orders, strict=True)]
    return torch.cat(drawn), torch.cat(left)


fit_rows, valid_rows = draw_rows(SEED)
print(f"{len(fit_rows)} for training, {len(valid_rows)} for validation")

# %%
# The training pictures have a white background. Will a network also recognise the emoji on other pictures? To test
# this, we make two more versions of every picture: one on a random patch of a photograph, and one blurred. Nothing is
# trained on these two. Such a difference between the pictures of the training and those of later use is a
# :term:`distribution shift`. First we cut a patch out of the photograph for each emoji, at random places.
#
# .. fold:: How the patches are cut

photographs = assets.path("photographs")
tower = transforms.pil_to_tensor(Image.open(photographs / "china.jpg"))  # (3, 427, 640)
tops = torch.randint(427 - SIDE, (len(pictures),), generator=generator).tolist()
lefts = torch.randint(640 - SIDE, (len(pictures),), generator=generator).tolist()
patches = []
for top, left in zip(tops, lefts, strict=True):
    patches.append(tower[:, top : top + SIDE, left : left + SIDE] / 255)
patches = torch.stack(patches)
print("patches:", tuple(patches.shape))

# %%
# The alpha channel joins an emoji and its background. An alpha of 1 keeps the colour of the emoji, an alpha of 0 shows
# what is behind, and values in between mix the two. White is 1 in all three colours.

colours, alpha = pictures[:, :3], pictures[:, 3:]
on_white = colours * alpha + (1 - alpha)
on_photo = colours * alpha + patches * (1 - alpha)
blurred = transforms.gaussian_blur(on_white, kernel_size=[9, 9], sigma=[2.0, 2.0])
print("versions:", tuple(on_white.shape), tuple(on_photo.shape), tuple(blurred.shape))

# %%
# The figure shows eight training pictures. The groups are those of Unicode, so a spider's web counts as an animal.
#
# .. fold:: How the figure is drawn

shown = fit_rows[torch.randperm(len(fit_rows), generator=generator)[:8]]
versions = {"clean": on_white, "on a photo": on_photo, "blurred": blurred}
alt = "Eight emoji of animals, food and vehicles: on white, on patches of a photograph, blurred."
fig, axes = plt.subplots(3, 1, figsize=(5.2, 2.1), num=alt)
for ax, (name, version) in zip(axes, versions.items(), strict=True):
    row = torch.cat(list(version[shown]), dim=2).clamp(0, 1)
    ax.imshow(row.permute(1, 2, 0).numpy())
    ax.set(xticks=[], yticks=[], frame_on=False)
    label = ax.set_ylabel(name, rotation=0, ha="right", va="center")
for number, row in enumerate(shown.tolist()):
    place = {"xy": (SIDE * number + SIDE / 2, -4), "ha": "center", "fontsize": 8}
    axes[0].annotate(CLASSES[labels[row]], annotation_clip=False, **place)

# %%
# Predict
# -------
# A network that was trained before is called :term:`pretrained`. Its large first part, the :term:`backbone`, turns a
# picture into features, numbers that describe what is in it. Its last layer, the :term:`head`, turns the features into
# the answer. To keep the backbone as it is, one :term:`freezes <freeze>` it: ``requires_grad_(False)`` tells PyTorch to
# compute no gradients for its parameters. A parameter without a gradient is not changed by an optimiser.
#
# MobileNetV2 also contains 52 layers of :term:`batch normalisation`. Such a layer subtracts a mean from each channel
# and divides by a standard deviation. In training mode it computes both from the current batch. In evaluation mode it
# uses stored averages, the :term:`running statistics`.
#
# Each of these layers has two parameter tensors: a factor and an offset for each channel. It also has three
# :term:`buffers <buffer>`. These are tensors that are stored with the network, but that no optimiser changes: the
# running means, the running variances, and the number of batches seen. ``state_dict()`` returns parameters and buffers.
#
# .. choice:: A frozen MobileNetV2 is in training mode, ``model.train()``. Two batches go through it; there is no loss and no optimiser. How many of the 314 tensors in its ``state_dict()`` have changed?
#    :outputs: frozen_and_moving
#
#    - All buffers of the 52 layers: 3 · 52 = 156. In training mode a layer of batch normalisation updates its
#      statistics in every forward pass, whether there are gradients or not.
#
#    - This is what a frozen network should do, and it does so after ``model.eval()``. But ``train()`` was called.
#
#    - This would be right if an optimiser had made a step with nothing frozen: then the 158 parameter tensors change as
#      well.
#
# We count. The pictures are 16 of the emoji on white, and the weights do not matter here.


def count_changes(network, change):
    """How many tensors of the network differ after ``change(network)``."""
    before = copy.deepcopy(network.state_dict())
    change(network)
    after = network.state_dict()
    return sum(not torch.equal(before[name], after[name]) for name in before)


def two_batches(network):
    with torch.no_grad():
        network(on_white[:8])
        network(on_white[8:16])


network = models.mobilenet_v2(weights=None).requires_grad_(False)
print(count_changes(network.train(), two_batches), "of", len(network.state_dict()))
assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules()) == 52

# %%
# Without any gradients, 156 tensors of the network have changed. "Break it" measures whether that matters.
#
# .. fold:: The code of the choices


def in_training_mode():
    network = models.mobilenet_v2(weights=None).requires_grad_(False)
    print(count_changes(network.train(), two_batches), "of", len(network.state_dict()))


def in_evaluation_mode():
    network = models.mobilenet_v2(weights=None).requires_grad_(False)
    print(count_changes(network.eval(), two_batches), "of", len(network.state_dict()))


def one_step(network):
    optimiser = torch.optim.AdamW(network.parameters())
    F.cross_entropy(network(on_white[:8]), labels[:8]).backward()
    optimiser.step()


def with_an_optimiser():
    network = models.mobilenet_v2(weights=None)
    print(count_changes(network.train(), one_step), "of", len(network.state_dict()))


run_choices(
    "frozen_and_moving",
    right=in_training_mode,
    wrong=[in_evaluation_mode, with_an_optimiser],
)

# %%
# Build it: choose a model and its weights
# ----------------------------------------
# ``list_models`` names the models of a module. Each task has a module of its own.

modules = {
    "classification": models,
    "segmentation": models.segmentation,
    "detection": models.detection,
    "video": models.video,
}
for task, module in modules.items():
    names = models.list_models(module=module)
    print(f"{task:14} {len(names):3} models, for example {names[-1]}")

# %%
# A name stands for an architecture only; what a network has learned is in its weights. There may be several sets of
# weights for one model, listed in an *enum*: a class that holds a fixed list of choices. ``meta`` is a dictionary with
# the accuracy that torchvision measured, the link to the training recipe and the names of the classes.

weights = models.MobileNet_V2_Weights.IMAGENET1K_V1
print("choices:", [entry.name for entry in models.MobileNet_V2_Weights])
print("measured:", weights.meta["_metrics"])
print("parameters:", f"{weights.meta['num_params']:,}")
print("recipe:", weights.meta["recipe"])
categories = weights.meta["categories"]
print(len(categories), "categories, for example", categories[:2])

# %%
# In ImageNet's validation set, the first answer was right for 72 of 100 photographs. ``DEFAULT`` stands for the best
# entry, here ``IMAGENET1K_V2``. It will stand for another entry when a better one appears. So write the version if you
# want the same results next year.
#
# Usually one line builds the network and downloads its weights from PyTorch's server:
#
# .. code-block:: python
#
#    network = models.mobilenet_v2(weights=weights)
#
# The lesson must also run where that server is not reachable, so we take the same file from the course's catalogue.
# ``weights=None`` builds the network with random weights, and ``load_state_dict`` fills it.

file = assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth"
pretrained_weights = assets.load_state_dict(file)
network = models.mobilenet_v2(weights=None)
print(network.load_state_dict(pretrained_weights))
assert weights.url.endswith(file.name)  # the file that torchvision itself would download
network = network.eval()

# %%
# All keys match. Every set of weights also knows how to prepare a picture for it. ``transforms()`` returns a function
# that does this: it resizes the picture, cuts out its centre, turns whole numbers into values from 0 to 1, and
# normalises each colour.

prepare = weights.transforms()
print(prepare)
print(tuple(tower.shape), tower.dtype, "→", tuple(prepare(tower).shape), prepare(tower).dtype)

# %%
# Now we classify two photographs of lesson 03 again: the tower of the Summer Palace in Beijing (by danielbuechele, CC
# BY 2.0), and a dahlia (by vultilion, CC BY 2.0). The :term:`softmax` turns the logits into probabilities, positive
# numbers with sum 1 (lesson 11). ``topk`` returns the largest of them and their positions.

flower = transforms.pil_to_tensor(Image.open(photographs / "flower.jpg"))
for name, photo in (("tower", tower), ("dahlia", flower)):
    with torch.no_grad():
        logits = network(prepare(photo)[None])  # (1, 1000)
    values, places = logits.softmax(1)[0].topk(3)
    for value, place in zip(values, places, strict=True):
        print(f"{name}: {value:4.0%} {categories[place]}")
assert not any("dahlia" in category for category in categories)

# %%
# The tower is a palace, with 70 %. The dahlia becomes a honeycomb. The network can do nothing else: "dahlia" is not
# among its 1,000 categories, and softmax distributes all the probability over those that are.
#
# Build it: read the outputs of the other tasks
# ---------------------------------------------
# The next three networks have **random weights**, because their trained weights lie on PyTorch's server only. So their
# answers mean nothing here. We read the *format* of the answers, which does not depend on the weights. For segmentation
# and detection, ``weights_backbone=None`` is needed as well; otherwise torchvision downloads weights for the backbone.
#
# First we make a picture whose :term:`annotations <annotation>` we know. We put two emoji, doubled in size, on the
# photograph of the tower. Their alpha channels tell exactly which pixels belong to them, and so give a
# :term:`segmentation mask` for each emoji, here a tensor of true and false values.
#
# .. fold:: How the scene is made

scene = tower.clone()
masks = torch.zeros(2, 427, 640, dtype=torch.bool)
by_name = {entry["short_name"]: entry for entry in entries}
for number, (name, top, left) in enumerate([("dog2", 270, 60), ("tractor", 250, 430)]):
    emoji = transforms.resize(cut_out(by_name[name]), [128, 128])
    inside = emoji[3] > 0.5  # (128, 128)
    masks[number, top : top + 128, left : left + 128] = inside
    scene[:, masks[number]] = (emoji[:3, inside].clamp(0, 1) * 255).to(torch.uint8)
print("scene:", tuple(scene.shape), scene.dtype, "pixels in the masks:", masks.sum((1, 2)).tolist())

# %%
# **Segmentation** assigns a class to each pixel (:doc:`lesson 19 </lessons/3_practice/lesson_19_segmentation_1>`). The
# output is a dictionary, and ``out`` holds one map of logits for each class. ``argmax`` over the classes turns it into
# one class for each pixel. The transforms of the trained weights prepare the picture.

segmenter = models.segmentation.lraspp_mobilenet_v3_large(
    weights=None, weights_backbone=None, num_classes=21
).eval()
segment_weights = models.segmentation.LRASPP_MobileNet_V3_Large_Weights.DEFAULT
segment_input = segment_weights.transforms()(scene)[None]  # a batch of one picture
with torch.no_grad():
    output = segmenter(segment_input)
print("input:", tuple(segment_input.shape))
print("keys:", list(output), "logits:", tuple(output["out"].shape))
class_map = output["out"].argmax(1)
print("classes of the pixels:", tuple(class_map.shape), class_map.dtype)

# %%
# The transforms have enlarged the picture, and the maps have its new size. There are 21, for 20 kinds of things and the
# background.
#
# **Detection** finds objects, and gives each a :term:`bounding box` and a class. It takes a *list* of pictures, which
# may have different sizes, with values from 0 to 1. It does the normalising itself. The output is a list, too, with one
# dictionary for each picture.

detector = models.detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
detector = detector.eval()
with torch.no_grad():
    found = detector([scene / 255, flower[:, :300] / 255])
print(len(found), "pictures")
for name, values in found[0].items():
    print(f"{name:7} {tuple(values.shape)!s:9} {values.dtype}")
print("best score:", f"{found[0]['scores'].max():.2f}")

# %%
# Each box consists of ``x`` and ``y`` of its upper left and of its lower right corner, in pixels. The best score comes
# first. Trained detectors, too, return many boxes with low scores. You keep those above a threshold, for example with
# ``boxes[scores > 0.5]``. Our detector is random, and none of its boxes would be left.
#
# **Video** models classify a short clip. We make one: a window that moves over the photograph in eight steps, like a
# camera that turns.
#
# .. fold:: How the clip is made

windows = [tower[:, 150:278, 40 * step : 40 * step + 171] for step in range(8)]
clip = torch.stack(windows)
print("clip:", tuple(clip.shape), clip.dtype)

# %%
# A clip has one axis more than a picture: 8 frames, 3 channels, 128 rows, 171 columns. The transforms of a video model
# move the channels to the front, because its convolutions (:doc:`lesson 09
# </lessons/2_training/lesson_09_convolution_1>`) move over frames, rows and columns.

video_weights = models.video.MC3_18_Weights.KINETICS400_V1  # for its meta and its transforms
video_input = video_weights.transforms()(clip)
video_network = models.video.mc3_18(weights=None).eval()
with torch.no_grad():
    output = video_network(video_input[None])
print("prepared:", tuple(video_input.shape))
print("logits:", tuple(output.shape), "classes like", video_weights.meta["categories"][:3])

# %%
# One clip gets 400 logits, one for each kind of action.
#
# Build it: draw what a model says
# --------------------------------
# ``make_grid`` joins a batch into one picture, with lines between the images. Our eight emoji shall stand in two rows of
# four.

grid = make_grid(on_white[shown], nrow=4)
print("images:", tuple(on_white[shown].shape), "grid:", tuple(grid.shape))
assert grid.shape == (3, 2 * 64 + 3 * 2, 4 * 64 + 5 * 2)

# %%
# Two rows of 64 pixels and three lines of 2 pixels make a height of 134. Notice ``nrow``: it is the number of images
# *in* a row, so the number of columns. ``save_image`` makes a grid and writes it into a file. We read it back.

with TemporaryDirectory() as scratch:
    save_image(on_white[shown], f"{scratch}/grid.png", nrow=4)
    read_back = transforms.pil_to_tensor(Image.open(f"{scratch}/grid.png"))
print("read back:", tuple(read_back.shape), read_back.dtype)
print("largest difference:", f"{(read_back / 255 - grid).abs().max():.4f}")
assert (read_back / 255 - grid).abs().max() < 0.5 / 255 + 1e-6

# %%
# The file holds whole numbers, so each value is rounded, by at most half a step of 1/255. ``save_image`` wants values
# from 0 to 1, and cuts off what lies outside. So a normalised picture looks wrong in the file.
#
# ``draw_segmentation_masks`` colours the pixels of masks, and ``draw_bounding_boxes`` draws boxes with labels; both
# want a picture of ``uint8``. ``masks_to_boxes`` finds the smallest box around each mask. ``font`` is the file of a
# typeface; with it, the size of the labels can be chosen.

boxes = masks_to_boxes(masks)  # (2, 4): left, top, right, bottom
print(boxes.int().tolist())
with_masks = draw_segmentation_masks(scene, masks, alpha=0.6, colors=["orange", "deepskyblue"])
font = str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
with_boxes = draw_bounding_boxes(
    scene, boxes, ["animal", "transport"], ["orange", "deepskyblue"], width=5,
    font=font, font_size=18, fill_labels=True,
)  # fmt: skip

# %%
# Above you see the real annotations. Below, on the left, stand three boxes of the random detector, which have nothing
# to do with the picture. On the right, ``make_grid`` shows the eight frames of the clip.
#
# .. fold:: How the figure is drawn

best_boxes = found[0]["boxes"][:3]
random_boxes = draw_bounding_boxes(scene, best_boxes, colors="red", width=5)
alt = "A scene with two emoji: with masks, with boxes, with meaningless boxes; a clip as a grid."
fig, axes = plt.subplots(2, 2, figsize=(6.4, 4.4), num=alt)
drawn = {
    "masks": with_masks,
    "boxes": with_boxes,
    "boxes of a random detector": random_boxes,
    "frames of the clip": make_grid(clip, nrow=3, pad_value=255),
}
for ax, (title, picture) in zip(axes.flat, drawn.items(), strict=True):
    ax.imshow(picture.permute(1, 2, 0).numpy())
    ax.set_title(title)
    ax.set_axis_off()

# %%
# Build it: a new head
# --------------------
# MobileNetV2 answers with 1,000 categories, and we have three classes. Its last layer, ``classifier[1]``, computes
# 1,000 logits from 1,280 features. We replace it by a new layer with random weights. All other layers keep what they
# have learned.


def new_network():
    """A pretrained MobileNetV2 with a new head for three classes."""
    network = models.mobilenet_v2(weights=None)
    network.load_state_dict(pretrained_weights)
    network.classifier[1] = nn.Linear(network.last_channel, 3)
    return network.to(device, memory_format=torch.channels_last)


network = new_network().eval()
print(network.classifier)
print("logits:", tuple(network(on_white[:2].to(device)).shape))

# %%
# Two pictures give two rows of three logits: the head fits. (In training, the :term:`dropout` layer in front of it sets
# some features to zero. ``channels_last`` changes only the order of the elements in memory.) Now we freeze the
# backbone, which torchvision calls ``features``, and count what is left to train.


def trainable(network):
    """How many parameters an optimiser would change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


print(f"everything:    {trainable(network):9,}")
network.features.requires_grad_(False)
print(f"only the head: {trainable(network):9,}")
assert trainable(network) == 1280 * 3 + 3

# %%
# The head has 3 · 1,280 weights and 3 biases.
#
# Build it: compute the features once
# -----------------------------------
# A frozen backbone returns the same features for a picture in every epoch. So we compute them once, and train only the
# head on them. This is called a :term:`linear probe`. We normalise the colours as the weights require. The backbone was
# trained with pictures of 224 pixels. We first keep our 64, to save time, and measure below what this costs in
# accuracy.

mean = torch.tensor(prepare.mean).view(3, 1, 1)
std = torch.tensor(prepare.std).view(3, 1, 1)
inputs = []
for version in versions.values():
    normalised = (version - mean) / std
    inputs.append(normalised.to(device, memory_format=torch.channels_last))
labels = labels.to(device)


@torch.no_grad()
def compute_features(network, images):
    """Features of shape (N, 1280), in evaluation mode."""
    network.eval()
    return network.features(images).mean((2, 3))  # (N, 1280, 2, 2) before


features = [compute_features(new_network(), images) for images in inputs]
print("features:", tuple(features[0].shape))

# %%
# The mean over the positions is what MobileNetV2 does itself in front of its head. The head is a network, too, and can
# be trained alone.
#
# Build it: two learning rates
# ----------------------------
# When the whole network is trained (:term:`fine-tuning`), the random head has everything to learn. The backbone is good
# already, and large steps would destroy it. An optimiser takes a list of :term:`parameter groups <parameter group>`,
# each with its own ``lr``. Learning rates that differ from layer to layer are called *discriminative*.

network = new_network()
groups = [
    {"params": network.features.parameters(), "lr": 3e-4},
    {"params": network.classifier.parameters(), "lr": 3e-3},
]
optimiser = torch.optim.AdamW(groups)
for group in optimiser.param_groups:
    count = sum(p.numel() for p in group["params"])
    print(f"learning rate {group['lr']:g}: {count:9,} parameters")

# %%
# All our trainings use the next function. AdamW is a variant of Adam (:doc:`lesson 13
# </lessons/2_training/lesson_13_optimisation>`). ``OneCycleLR`` changes the rates in every step: they rise to their
# maximum, which is the ``lr`` of the group, and then fall to nearly 0.
#
# .. fold:: How a network is trained


def train(network, groups, images, rows, epochs, seed):
    """Train on some rows of the images; the seed decides their order."""
    shuffling = torch.Generator().manual_seed(seed)
    data = TensorDataset(images[rows], labels[rows])
    loader = DataLoader(data, batch_size=15, shuffle=True, generator=shuffling)
    optimiser = torch.optim.AdamW(groups)
    rates = [group["lr"] for group in groups]
    schedule = OneCycleLR(optimiser, rates, total_steps=epochs * len(loader))
    loss = nn.CrossEntropyLoss()
    return fit(
        network, loss, optimiser, loader, epochs=epochs, scheduler=schedule, schedule_by="batch"
    )


# %%
# Another function says which pictures are classified rightly. We try both on a head and the stored features.


@torch.no_grad()
def is_right(network, images, rows):
    """1 for each picture that is classified rightly, and 0 for the others."""
    network.eval()
    return (network(images[rows]).argmax(1) == labels[rows]).float().cpu()


torch.manual_seed(SEED)
head = new_network().classifier
history = train(head, [{"params": head.parameters(), "lr": 3e-3}], features[0], fit_rows, 20, SEED)
print("loss in epochs 1, 10 and 20:", *(f"{history.loss[n]:.2f}" for n in (0, 9, 19)))
print(f"right on validation pictures: {is_right(head, features[0], valid_rows).mean():.0%}")

# %%
# Most of the validation pictures are right. Chance would be 33 %.
#
# Check against PyTorch
# ---------------------
# First we write ``make_grid`` ourselves: make an empty picture, then copy each image to its row and column. We compare
# both for random numbers, sizes and columns. (For a single image ``make_grid`` adds no border; ours does.)
#
# Then we check the linear probe. A head that is trained on stored features must end with the same weights as the head
# of the whole frozen network, trained on the pictures. (Both are in evaluation mode, so that dropout does not disturb
# the comparison.)
#
# .. fold:: Checked against torchvision, 200 grids and one training


def grid_by_hand(images, columns, padding=2):
    """Join images (N, C, H, W) into one picture, with black lines between them."""
    count, channels, height, width = images.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    step_y, step_x = height + padding, width + padding
    grid = torch.zeros(channels, rows * step_y + padding, columns * step_x + padding)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        top, left = row * step_y + padding, column * step_x + padding
        grid[:, top : top + height, left : left + width] = image
    return grid


for _ in range(200):
    count, height, width, columns = torch.randint(2, 12, (4,), generator=generator).tolist()
    padding = torch.randint(0, 4, (1,), generator=generator).item()
    images = torch.rand(count, 3, height, width, generator=generator)
    ours = grid_by_hand(images, columns, padding)
    assert torch.equal(ours, make_grid(images, nrow=columns, padding=padding))
print("200 grids agree")

whole = new_network().eval()
whole.features.requires_grad_(False)
alone = copy.deepcopy(whole.classifier)
first_weights = alone[1].weight.detach().clone()
for network, images in ((whole, inputs[0]), (alone, features[0])):
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    for start in range(0, 60, 15):
        rows = fit_rows[start : start + 15]
        optimiser.zero_grad()
        F.cross_entropy(network(images[rows]), labels[rows]).backward()
        optimiser.step()
torch.testing.assert_close(alone[1].weight, whole.classifier[1].weight, rtol=1e-4, atol=1e-5)
moved = (alone[1].weight - first_weights).abs().max().item()
differ = (alone[1].weight - whole.classifier[1].weight).abs().max().item()
print(f"weights of the two heads: moved by {moved:.2f}, differ by less than 0.00001")
assert differ < 1e-5 and moved > 0.01

# %%
# Both agree. The stored features lead to the same head, and the backbone runs once instead of in every epoch.
#
# Use it: from scratch, frozen, or all of it
# ------------------------------------------
# We compare four ways:
#
# - **From scratch** is a small network without any earlier knowledge: three convolutions (lesson 09) with a
#   :term:`stride <stride (convolution)>` of 2, which halves height and width, batch normalisation, a mean over all
#   positions, and a linear layer. It is small because 90 pictures are few.
# - **Frozen** trains only the head of MobileNetV2.
# - **Frozen, 224** does the same, but the pictures are first enlarged to the 224 pixels that the backbone was trained
#   with.
# - **Full** trains all of MobileNetV2, with two learning rates, on 64 pixels.


def small_network():
    """A network for three classes with random weights."""
    layers = []
    for n_in, n_out in ((3, 16), (16, 32), (32, 64)):
        convolution = nn.Conv2d(n_in, n_out, kernel_size=3, stride=2, padding=1)
        layers += [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 3)]
    return nn.Sequential(*layers).to(device, memory_format=torch.channels_last)


print(f"small network: {trainable(small_network()):,} parameters")

# %%
# The features of the enlarged pictures are computed in parts of 34, to save memory. Of the shifted versions only the
# test pictures are needed.
#
# .. fold:: How the features of the enlarged pictures are computed

network = new_network()
large = torch.zeros(3, len(pictures), 1280, device=device)
for version, rows in enumerate([torch.arange(len(pictures)), test_rows, test_rows]):
    for part in rows.split(34):
        enlarged = transforms.resize(inputs[version][part], [224, 224])
        large[version, part] = compute_features(network, enlarged)
stored = {"frozen": features, "frozen, 224": large}
print("features:", tuple(large.shape))

# %%
# There are again 1,280 features for each picture, because the backbone ends in a mean over the positions.
#
# ``run`` carries out one training of one way. The seed decides the random weights, the dropout and the order of the
# pictures. The small network gets 40 epochs, because it starts from nothing. The heads get 20. "Full" gets only 5,
# because each of its epochs takes long. These lengths are guesses.
#
# .. fold:: How one training is carried out


EPOCHS = {"from scratch": 40, "frozen": 20, "frozen, 224": 20, "full": 5}


def run(way, rate, rows, seed):
    """Train in one of the four ways. Return the network and the inputs that it reads."""
    torch.manual_seed(seed)
    epochs = EPOCHS[way]
    if way == "from scratch":
        network = small_network()
        group = {"params": network.parameters(), "lr": rate}
        train(network, [group], inputs[0], rows, epochs, seed)
        return network, inputs
    network = new_network()
    head_group = {"params": network.classifier.parameters(), "lr": rate}
    if way in stored:
        train(network.classifier, [head_group], stored[way][0], rows, epochs, seed)
        return network.classifier, stored[way]
    body_group = {"params": network.features.parameters(), "lr": rate / 10}
    train(network, [body_group, head_group], inputs[0], rows, epochs, seed)
    return network, inputs


# %%
# The learning rate of each way is chosen on the validation pictures, which are clean. For "full", the rate of the
# backbone is a tenth of that of the head; this ratio is a guess. The seed is none of those used later.

chosen = {}
for way in EPOCHS:
    shares = {}
    for rate in (1e-3, 3e-3, 1e-2):
        network, images = run(way, rate, fit_rows, SEED)
        shares[rate] = is_right(network, images[0], valid_rows).mean().item()
    chosen[way] = max(shares, key=shares.get)  # the first of the best
    listed = ", ".join(f"{rate:g}: {share:.0%}" for rate, share in shares.items())
    print(f"{way:13} {listed}; chosen {chosen[way]:g}")

# %%
# With 60 pictures and one seed this is a rough choice. For three ways it is at an end of the list; in a real project,
# try rates beyond it.
#
# Now the final trainings, with six seeds. Each seed draws its own 90 pictures from the pool, and all four ways learn
# from the same ones. Then each network answers the test pictures in the three versions.

SEEDS = range(100, 106)
results = {}
for way, rate in chosen.items():
    answers = []
    for seed in SEEDS:
        network, images = run(way, rate, draw_rows(seed)[0], seed)
        answers.append(torch.stack([is_right(network, version, test_rows) for version in images]))
    results[way] = torch.stack(answers)
print("seeds, versions, test pictures:", tuple(results["full"].shape))

# %%
# What share is right? Each class is to count one third. So in a class with :math:`n` test pictures, each picture gets
# the weight :math:`1/(3n)`.

test_labels = labels[test_rows].cpu()
class_sizes = test_labels.bincount()
picture_weights = 1 / (3 * class_sizes[test_labels])
for way, right in results.items():
    means = (right * picture_weights).sum(2).mean(0).tolist()
    listed = "  ".join(f"{name} {share:.1%}" for name, share in zip(versions, means, strict=True))
    print(f"{way:13} {listed}")

# %%
# The test results lie well below the validation results, even for "frozen". Probably the pool of this split contains
# easier pictures by chance.
#
# Use it: are the differences more than chance?
# ---------------------------------------------
# We compare two ways in pairs: for each seed and test picture, right minus right is −1, 0 or 1. The mean of these
# differences would be another one with other seeds, and also with other test pictures. For each of these two causes we
# compute a :term:`standard error`. Two standard errors are enough for the many test pictures. For only six seeds,
# :term:`Student's t distribution` asks for 2.6 (:doc:`lesson 07 </lessons/2_training/lesson_07_torchvision_2>`). We
# multiply by these factors, add the squares and take the root. This is the *margin*: a difference counts as found only
# if it is larger. It does not say what another split, another photograph or another strength of blur would change.
#
# .. fold:: How the differences are computed


def gains(way, version, other="frozen"):
    """What a way gains over another one for each seed and test picture, in points."""
    return 100 * (results[way][:, version] - results[other][:, version])  # (seeds, pictures)


def mean_and_margin(values):
    """The mean of values (seeds, pictures), each class one third, and its margin (95 %)."""
    seed_means = (values * picture_weights).sum(1)
    over_seeds = seed_means.var() / len(values)  # the square of a standard error
    over_pictures = 0
    for number in range(3):
        part = values.mean(0)[test_labels == number]
        over_pictures += part.var() / len(part) / 9
    margin = (2.6**2 * over_seeds + 2**2 * over_pictures).sqrt()
    return seed_means.mean().item(), margin.item()


def verdict(gain, margin):
    """In words: is the gain larger than its margin?"""
    return "found" if abs(gain) > margin else "not decided"


for way in ("from scratch", "frozen, 224", "full"):
    for version, name in enumerate(versions):
        gain, margin = mean_and_margin(gains(way, version))
        print(f"{way:12} − frozen, {name:10}: {gain:+5.1f} ± {margin:.1f}, {verdict(gain, margin)}")

# %%
# On clean pictures no difference is found between "from scratch" and "frozen"; on both kinds of shifted pictures
# "frozen" is better. "Full" is better than "frozen" on clean pictures, but on shifted ones neither a gain nor a loss is
# found.
#
# "Frozen, 224" learned from the same pictures as "full", so we can compare these two in the same way.

for version, name in enumerate(versions):
    gain, margin = mean_and_margin(gains("frozen, 224", version, other="full"))
    print(f"frozen, 224 − full, {name:10}: {gain:+5.1f} ± {margin:.1f}, {verdict(gain, margin)}")
    assert gain > margin or version == 0

# %%
# With pictures of 224 pixels, the size that its backbone was trained with, the frozen network is better than "frozen"
# in all three versions. Compared with "full", no difference is found on clean pictures, and it is better on the shifted
# ones. The enlarged pictures hold no new information, but their parts now have the sizes that the backbone knows.
# ("Full" with 224 pixels might be better still; it costs too much time here.)
#
# A study by A. Kumar and others (below) compared fine-tuning with a linear probe. On average over ten data sets,
# fine-tuning everything was better on data like those of the training, and worse under a shift. They explain it with
# the random head: while it learns, the backbone changes with it, and its features are distorted. Their remedy is to
# train the head first, and then everything; in their tests this beat both ways. At 64 pixels, our test leaves open
# whether fine-tuning is worse under a shift.
#
# The validation pictures could not show what happens under a shift, because they are clean. The figure shows all
# differences to "frozen", with their margins as bars.
#
# .. fold:: How the figure is drawn


def draw_differences(ax, ways):
    """Draw the differences to "frozen" of each way as points, with their margins as bars."""
    for number, way in enumerate(ways):
        pairs = [mean_and_margin(gains(way, version)) for version in range(3)]
        means = [gain for gain, _ in pairs]
        bars = [margin for _, margin in pairs]
        places = [version + 0.2 * (number - (len(ways) - 1) / 2) for version in range(3)]
        style = {"fmt": "o", "capsize": 4, "color": COLOUR_CYCLE[number]}
        ax.errorbar(places, means, bars, label=way, **style)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xticks=range(3), xticklabels=list(versions), ylabel='percentage points above "frozen"')
    ax.set_xlim(-0.5, 2.5)
    return ax.legend(loc="lower left")


alt = "Differences of three ways to the frozen network on clean, pasted and blurred pictures."
fig, ax = plt.subplots(figsize=(5.2, 3.2), num=alt)
legend = draw_differences(ax, ["from scratch", "frozen, 224", "full"])
for version in range(3):
    gain, margin = mean_and_margin(gains("frozen, 224", version))
    assert gain > margin
    gain, margin = mean_and_margin(gains("full", version))
    assert (gain > margin) == (version == 0)
    gain, margin = mean_and_margin(gains("from scratch", version))
    assert gain < -margin or version == 0

# %%
# Break it: frozen, but moving
# ----------------------------
# We now make the mistake of the prediction. The backbone is frozen, but the whole network is trained with ``fit``,
# which calls ``train()`` as every training loop does. Five epochs are enough to see the effect.


def train_moving(seed):
    """Train the head in the whole network. The backbone is frozen, but in training mode."""
    torch.manual_seed(seed)
    network = new_network()
    network.features.requires_grad_(False)
    group = {"params": network.classifier.parameters(), "lr": chosen["frozen"]}
    history = train(network, [group], inputs[0], draw_rows(seed)[0], 5, seed)
    return network, history


answers = []
for seed in SEEDS:
    network, history = train_moving(seed)
    answers.append(torch.stack([is_right(network, version, test_rows) for version in inputs]))
results["moving"] = torch.stack(answers)
print("losses of the last run:", *(f"{loss:.2f}" for loss in history.loss))

# %%
# No error appears, and the loss falls. For comparison, a head is trained on the stored features, with the same rate,
# epochs and seeds. There the backbone cannot move.


def train_still(seed):
    """Train a head on the stored features."""
    torch.manual_seed(seed)
    head = new_network().classifier
    group = {"params": head.parameters(), "lr": chosen["frozen"]}
    train(head, [group], features[0], draw_rows(seed)[0], 5, seed)
    return torch.stack([is_right(head, version, test_rows) for version in features])


results["still"] = torch.stack([train_still(seed) for seed in SEEDS])
for version, name in enumerate(versions):
    gain, margin = mean_and_margin(gains("moving", version, other="still"))
    print(f"moving − still, {name:10}: {gain:+5.1f} ± {margin:.1f}, {verdict(gain, margin)}")
    assert (gain < -5 and gain < -margin) or version == 0

# %%
# On clean pictures no difference is found. On each shifted version more than five points are lost. The running
# statistics are now those of emoji on a white background, and evaluation mode uses them for every picture.
#
# **Remedy:** put the backbone back into evaluation mode after every ``train()``.

mended = new_network()
mended.features.requires_grad_(False)
mended.train()
mended.features.eval()
changes = count_changes(mended, lambda network: network(inputs[0][:8]))
print("tensors that change in a forward pass:", changes)
assert changes == 0 and mended.classifier.training

# %%
# Now nothing changes, and the head is still in training mode. A loop such as ``fit`` calls ``train()`` in every epoch,
# so the backbone must be put back each time. In exercise 3 you write a class that does this by itself.
#
# Break it: pictures that are not normalised
# ------------------------------------------
# The six "frozen" heads of the table get their validation pictures, but not as the weights want them: the colours are
# values from 0 to 1, as ``pil_to_tensor(...) / 255`` gives them. We print the share that they still get right.
#
# .. fold:: How the mistake is measured

raw = compute_features(new_network(), on_white.to(device))
shares = [[], []]
for seed in SEEDS:
    rows, others = draw_rows(seed)
    head, _ = run("frozen", chosen["frozen"], rows, seed)
    shares[0].append(is_right(head, features[0], others).mean().item())
    shares[1].append(is_right(head, raw, others).mean().item())
for name, values in zip(("normalised", "not normalised"), shares, strict=True):
    print(f"{name:15}", *(f"{share:.0%}" for share in values))
for right, wrong in zip(shares[0], shares[1], strict=True):
    assert right > wrong

# %%
# All six heads get fewer pictures right, and no message appears. The pictures are still pictures, only with other
# colours. The transforms of the weights include the normalisation.
#
# Break it: loud mistakes
# -----------------------
# **A head that does not fit the file.** The network is built for three classes from the start, but the file holds
# weights for 1,000.

network = models.mobilenet_v2(weights=None, num_classes=3)
try:
    network.load_state_dict(pretrained_weights)
except RuntimeError as error:
    for line in str(error).splitlines()[:2]:
        print(fill(line.strip(), 80))

# %%
# First build the network with its 1,000 classes and load the weights, then replace the head.
#
# **A detector in training mode.** In this mode it does not detect. It compares its boxes with the true ones, so it
# needs them as *targets*. The detectors of torchvision keep label 0 for the background, so our classes begin at 1: here
# 1 is animal and 2 is transport.

detector.train()
try:
    detector([scene / 255])
except AssertionError as error:
    print("AssertionError:", error)

targets = {"boxes": boxes, "labels": torch.tensor([1, 2])}
losses = detector([scene / 255, scene / 255], [targets, targets])
print({name: tuple(loss.shape) for name, loss in losses.items()})

# %%
# With targets, a detector in training mode returns its losses. Their sum is what you call ``backward`` on. Without
# targets it needs ``eval()``.
#
# Then and now
# ------------
# Tutorials about torchvision are often older than version 0.13 (2022), in which the weights got their enums.
#
# .. fold:: The rows, run as they are written

frames = [transforms.to_pil_image(window) for window in windows]
gif = io.BytesIO()
frames[0].save(gif, format="GIF", save_all=True, append_images=frames[1:])
run_then_and_now(
    "torchvision_models",
    [
        (
            "network = models.resnet18(pretrained=False)",
            "network = models.resnet18(weights=None)",
        ),
        (
            """from torchvision.io import read_video
frames, sound, info = read_video("clip.mp4")""",
            """from PIL import ImageSequence
with Image.open(gif) as video:
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(video)]
print(len(frames), "frames")""",
        ),
        (
            """from torchvision.io import decode_image
photo = decode_image(str(photographs / "china.jpg"))""",
            """photo = transforms.pil_to_tensor(Image.open(photographs / "china.jpg"))
print(tuple(photo.shape), photo.dtype)""",
        ),
        (
            """grid = make_grid(inputs[0][:4], normalize=True, range=(-2, 2))""",
            """grid = make_grid(inputs[0][:4], normalize=True, value_range=(-2, 2))""",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: torchvision_models
#
#    - ``pretrained=True`` still works too, with such a warning. It means ``IMAGENET1K_V1``, even where a better
#      set exists.
#
#    - Videos have left torchvision. For MP4 files install the package TorchCodec:
#      ``VideoDecoder("clip.mp4")[0:16]``, from ``torchcodec.decoders``, returns frames of the shape (T, C, H, W). For
#      an animated GIF, as here, Pillow is enough.
#
#    - Since torchvision 0.29 its functions that read pictures warn, too, and point to TorchCodec. Pillow works
#      everywhere.
#
#    - ``range`` hid a function of Python; the argument has another name.
#
# What you learned
# ----------------
# - The entry of an enum holds what is known about weights: categories, accuracy, recipe, and the transforms that
#   pictures need. ``list_models`` names the architectures.
# - Classification and video return logits; segmentation returns a dictionary with a map for each class; detection takes
#   a list and returns a dictionary for each picture.
# - A pretrained network needs a new head. One trains the head alone, on stored features (a linear probe), the upper
#   half (:doc:`lesson 18 </lessons/3_practice/lesson_18_image_classification_2>`), or everything, with a small learning
#   rate for the backbone.
# - First give the network pictures of the size that it was trained with. In our test a linear probe on such pictures
#   was not measurably worse than training everything on small ones, and it was better under both shifts.
# - ``requires_grad_(False)`` does not stop the statistics of batch normalisation: only ``eval()`` does. In our test,
#   pictures like those of the training did not show the harm; blurred ones, and those on a photograph, did.
#
# Self-checks
# -----------
# .. choice:: A detector in evaluation mode gets a list of 4 pictures. What does it return?
#    :right: 2
#
#    - A tensor of shape (4, 300, 4).
#
#      Pictures may have different numbers of boxes, so they cannot be stacked.
#
#    - A list of 4 dictionaries with boxes, labels and scores.
#
#      Each dictionary belongs to one picture, and its boxes are in the pixels of that picture.
#
#    - A dictionary with losses.
#
#      Losses come in training mode, when targets are given.
#
# .. choice:: Which lines train only the new head of a ``network`` and keep its ``features`` as they are?
#    :right: 3
#
#    - ``features.requires_grad_(False)``, then ``network.train()`` in each epoch.
#
#      The parameters stay, but the running statistics of batch normalisation move.
#
#    - ``network.eval()``, and an optimiser of ``network.parameters()``.
#
#      ``eval()`` stops the statistics, but gradients and steps go on as usual.
#
#    - ``features.requires_grad_(False)``, and ``features.eval()`` after each ``network.train()``.
#
#      The first stops the parameters, the second the statistics.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_08>`.
#
# **1. Recall.** Give this network a head for five classes. Its last layer is called ``fc``.
#
# .. code-block:: python
#
#    network = models.resnet18(weights=None)
#
#    network.eval()
#    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 5), "not five logits for each picture"
#    assert network.fc.in_features == 512, "the head does not take the features of this network"
#    print(network.fc)
#
# **2. Modify.** This function is to keep the weak boxes out: return the boxes whose score is at least ``threshold`` and
# whose label is ``label``.
#
# .. code-block:: python
#
#    def choose(found, threshold, label):
#        return found["boxes"]
#
#    found = {
#        "boxes": torch.tensor([[0, 0, 9, 9], [1, 1, 5, 5], [2, 2, 8, 8], [0, 3, 4, 6]]),
#        "scores": torch.tensor([0.9, 0.8, 0.5, 0.2]),
#        "labels": torch.tensor([1, 2, 1, 1]),
#    }
#    chosen = choose(found, threshold=0.5, label=1)
#    assert chosen.tolist() == [[0, 0, 9, 9], [2, 2, 8, 8]], "these are not the two boxes"
#    print(len(chosen), "boxes chosen")
#
# **3. Extend.** Complete this class, so that *nothing* changes in its backbone even if a loop calls ``train()``.
#
# .. code-block:: python
#
#    class FrozenBackbone(nn.Module):
#        """A network of which only the head can change."""
#
#        def __init__(self, network):
#            super().__init__()
#            self.network = network
#            self.network.features.requires_grad_(False)
#
#        def forward(self, images):
#            return self.network(images)
#
#    network = FrozenBackbone(models.mobilenet_v2(weights=None, num_classes=3))
#    network.train()  # as every training loop does
#    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
#    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
#    network(torch.rand(4, 3, 64, 64)).sum().backward()
#    optimiser.step()
#    after = network.state_dict()
#    changed = [name for name in before if not torch.equal(before[name], after[name])]
#    head = ["network.classifier.1.weight", "network.classifier.1.bias"]
#    assert changed == head, f"{len(changed)} tensors changed, not only the two of the head"
#    assert network.network.classifier[0].training, "the dropout of the head is switched off"
#    assert network.eval() is network, "train(mode) must return the network"
#    assert not network.network.classifier[0].training, "eval() does not reach the head"
#    print("changed:", changed)
#
# In practice
# -----------
# - First feed the network what it expects: its size and its normalisation. Then train a linear probe, the baseline that
#   everything else must beat.
# - If you then train everything, begin with the trained head of the linear probe.
# - Test on pictures that differ from your training pictures: another background, another camera, a blur.
#
# References
# ----------
# - \A. Kumar and others: `Fine-tuning can distort pretrained features and underperform out-of-distribution
#   <https://arxiv.org/abs/2202.10054>`__, 2022.
# - \J. Howard, S. Ruder: `Universal language model fine-tuning for text classification
#   <https://arxiv.org/abs/1801.06146>`__, 2018. Discriminative learning rates.
# - \S. Ioffe, C. Szegedy: `Batch normalization <https://arxiv.org/abs/1502.03167>`__, 2015.
# - \M. Sandler and others: `MobileNetV2: inverted residuals and linear bottlenecks
#   <https://arxiv.org/abs/1801.04381>`__, 2018. With SSDLite, the detector of this lesson.
# - \A. Howard and others: `Searching for MobileNetV3 <https://arxiv.org/abs/1905.02244>`__, 2019. With LR-ASPP, the
#   segmenter of this lesson.
# - \D. Tran and others: `A closer look at spatiotemporal convolutions for action recognition
#   <https://arxiv.org/abs/1711.11248>`__, 2018. MC3, the video network.
# - torchvision: `Models and pre-trained weights <https://docs.pytorch.org/vision/stable/models.html>`__.
