"""
15 · Visual monitoring
======================

Eight trainings are sick. None of them prints an error. Three of them have the same flat loss, and yet each needs a
different remedy. A doctor would not look at the temperature alone, and we should not look at the loss alone. Which few
curves tell what is wrong, and how do we get them onto the screen while the training is still running? In this lesson
you write down what a training does, look at it in the real TensorBoard and on a real Visdom server, and then open a
clinic for sick runs.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - log losses, update ratios, histograms and images from a training loop;
      - read them back from the file that TensorBoard shows, and start TensorBoard and Visdom on your own machine;
      - recognise eight faults of a training by their curves;
      - avoid four mistakes of the log itself.

   .. grid-item-card:: Before you start

      - **Read first:** lesson :doc:`14 </lessons/2_training/lesson_14_building_a_network>`, for the training loop and
        three mistakes in it, and :doc:`12 </lessons/2_training/lesson_12_gradients>`, for :term:`vanishing gradients
        <vanishing gradient>`.
      - **Data:** Fashion-MNIST, small grey pictures of clothes; 31 MB are downloaded once.
      - **Run time:** about 50 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# TensorBoard is installed with ``dlcourse``. Visdom and a browser are welcome but not necessary: without them a cell
# says so, and the rest of the lesson runs.

# sphinx_gallery_number = 15
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [12, 14]
# sphinx_gallery_assets = ["fashion-mnist"]
# sphinx_gallery_thumbnail_number = 4
import json
import math
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from torchvision.datasets import FashionMNIST

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, INK, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.servers import free_port, photograph, serve

SEED = 15
STEPS, BATCH_SIZE = 300, 50
use_course_style()
generator = seed_everything(SEED)
device = pick_device()
workplace = TemporaryDirectory()  # for the logs; your own projects keep them, often in runs/
runs = Path(workplace.name)

# %%
# Look at the data
# ----------------
# We use the clothes of Fashion-MNIST again, 3,000 pictures for training and 1,000 for validation. The test pictures are
# not needed: we do not want to know how good a model is, but what is wrong with its training. Each picture becomes a
# row of 784 pixels. For one of the faults we also keep the validation pictures without normalisation.

fashion = FashionMNIST(assets.path("fashion-mnist"), train=True)
order = torch.randperm(60_000, generator=generator)
train_rows, valid_rows = order[:3000], order[3000:4000]
pixels = fashion.data.flatten(1) / 255  # (60000, 784), from 0 to 1
mean, std = pixels[train_rows].mean(), pixels[train_rows].std()
inputs = ((pixels[train_rows] - mean) / std).to(device)
labels = fashion.targets[train_rows].to(device)
valid_inputs = ((pixels[valid_rows] - mean) / std).to(device)
valid_labels = fashion.targets[valid_rows].to(device)
raw_valid_inputs = pixels[valid_rows].to(device)
print("training:  ", tuple(inputs.shape), f"mean {inputs.mean():.2f}, std {inputs.std():.2f}")
print("validation:", tuple(valid_inputs.shape), "labels from 0 to", valid_labels.max().item())

# %%
# The figure shows a training picture of each class.
#
# .. fold:: How the figure is drawn

alt = "One picture of each of the ten classes of Fashion-MNIST, above its number."
fig, axes = plt.subplots(2, 5, figsize=(5.2, 2.4), num=alt)
for number, ax in enumerate(axes.flat):
    row = train_rows[(labels == number).nonzero()[0].item()]
    ax.imshow(fashion.data[row].numpy(), cmap="gray_r")
    ax.set(xticks=[], yticks=[], xlabel=f"{number}")
    ax.tick_params(length=0)
print(", ".join(f"{number} {name}" for number, name in enumerate(fashion.classes)))

# %%
# Predict
# -------
# A network of three linear layers leads from 784 pixels to 64 values, to 64 again, and to ten logits, with ReLU between
# the layers. We train it for 300 steps, with a learning rate that is ten thousand times too small. A cell below
# prints the mean training loss of the first 30 steps and of the last 30 steps.
#
# .. choice:: Which losses belong to the learning rate that is far too small?
#    :outputs: too_small
#
#    - Each step changes the weights by a few millionths of their length. The network remains what it was at the
#      beginning, and its loss is that of a network that guesses: :math:`\ln 10`, about 2.30.
#
#    - This training is healthy: the loss falls.
#
#    - This learning rate is not too small but too *large*: the loss has become ``nan``, "not a number".
#
# Build it: a log
# ---------------
# A log is a notebook for a training. Each line of it has a name, a value and the number of the step. The simplest log
# keeps them in a dictionary: for each name a list of pairs.


class Log:
    """Curves by name; each is a list of pairs (step, value)."""

    def __init__(self):
        self.curves = {}

    def add_scalar(self, name, value, step):
        if name not in self.curves:
            self.curves[name] = []
        self.curves[name].append((step, value))


log = Log()
for step, value in enumerate((2.3, 1.9, 1.6)):
    log.add_scalar("loss/training", value, step)
print(log.curves)

# %%
# This log has two weaknesses. Nobody else can look into it while the training runs, and if the process dies, it is
# gone. Both disappear if the values go to a file. This is the whole idea behind TensorBoard: the training adds records
# to the end of a file, and another program reads them and draws.
#
# Build it: a step and what to measure in it
# ------------------------------------------
# The loss tells us *that* something is wrong, but seldom *what*. Our first instrument is the :term:`update ratio`: the
# length of the change that a step makes to the weights :math:`w` of a layer, divided by the length of these weights.
#
# .. math:: \text{ratio} = \frac{\lVert w_{\text{after}} - w_{\text{before}} \rVert}{\lVert w_{\text{before}} \rVert}
#
# A walker who takes steps of a millionth of the way does not arrive. A walker whose steps are longer than the whole way
# does not either. ``norm`` is the length of a tensor, seen as one long vector.


def update_ratio(before, after):
    return ((after - before).norm() / before.norm()).item()


print(f"{update_ratio(torch.tensor([6.0, 8.0]), torch.tensor([6.0, 9.0])):.2f}")

# %%
# The vector (6, 8) has the length 10 and was changed by 1, so the ratio is 0.1. Now we measure a step of a real
# training. ``detach().clone()`` keeps a copy of the weights from before the step.


def training_step(model, optimiser, batch, targets):
    loss = F.cross_entropy(model(batch), targets)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


torch.manual_seed(SEED)
model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)).to(device)
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
before = model[0].weight.detach().clone()
loss = training_step(model, optimiser, inputs[:BATCH_SIZE], labels[:BATCH_SIZE])
ratio = update_ratio(before, model[0].weight)
print(f"loss {loss:.2f}, update ratio of the first layer {ratio:.3f}")
assert 0.01 < ratio < 0.1

# %%
# This step changed the first layer by a few per cent of its length.
#
# Build it: dead units
# --------------------
# The second instrument looks inside the network. A unit (another word for :term:`neuron`) with ReLU returns 0 where
# its input is negative. If that is so for *every* picture, the unit is a :term:`dead unit`. It contributes nothing,
# and no gradient passes through it, so it cannot recover by itself. We count the units of the first layer that are 0
# for all validation pictures. Axis 0 is that of the pictures, and ``all(0)`` says for each unit whether something is
# true along this axis.


@torch.no_grad()
def dead_share(model, images):
    """The share of units of the first layer that are 0 for every image."""
    outputs = model[:2](images)  # (N, 64): the linear layer and its activation
    return (outputs == 0).all(0).float().mean().item()


print("as it is:         ", dead_share(model, valid_inputs))
nn.init.constant_(model[0].bias, -30.0)
print("with biases of -30:", dead_share(model, valid_inputs))

# %%
# At first no unit is dead. With a large negative bias all of them are.
#
# Build it: a training that keeps a log
# -------------------------------------
# Now we write the training for the clinic. Each of its arguments is something that can go wrong, and each default is
# healthy. We begin with the network. ``requires_grad_(False)`` :term:`freezes <freeze>` a layer: it gets no gradient
# and stays as it is.


def network(seed, hidden_layers=2, activation=nn.ReLU, first_bias=None, frozen=False):
    """784 pixels, hidden layers of 64 units, ten logits."""
    torch.manual_seed(seed)
    layers = []
    width = 784
    for _ in range(hidden_layers):
        layers += [nn.Linear(width, 64), activation()]
        width = 64
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    if first_bias is not None:
        nn.init.constant_(model[0].bias, first_bias)
    if frozen:
        model[0].requires_grad_(False)
    return model.to(device)


print(network(seed=0))

# %%
# Next the batches. ``batches`` is a generator function: each ``yield`` hands out the rows of one batch. With
# ``shuffle=False`` the pictures come sorted by class, as they often lie on a disk.


def batches(seed, n_images, shuffle):
    """The rows of 300 batches; a new order whenever all images were used."""
    draws = torch.Generator().manual_seed(seed)
    per_epoch = n_images // BATCH_SIZE
    for step in range(STEPS):
        position = step % per_epoch
        if position == 0 and shuffle:
            order = torch.randperm(n_images, generator=draws)
        elif position == 0:
            order = labels[:n_images].argsort(stable=True).cpu()
        yield order[position * BATCH_SIZE : (position + 1) * BATCH_SIZE].to(device)


sorted_rows = list(batches(seed=0, n_images=3000, shuffle=False))
print("classes in sorted batch 0:", labels[sorted_rows[0]].unique().tolist())
mixed_rows = list(batches(seed=0, n_images=3000, shuffle=True))
print("classes in mixed batch 0: ", labels[mixed_rows[0]].unique().tolist())

# %%
# A sorted batch holds a single class. Next we write what is measured on the validation pictures: the loss and the dead
# units. ``log`` may be any object with a method ``add_scalar``.


def log_validation(log, model, images, step):
    with torch.no_grad():
        loss = F.cross_entropy(model(images), valid_labels).item()
    log.add_scalar("loss/validation", loss, step)
    log.add_scalar("units/dead", dead_share(model, images), step)


log = Log()
log_validation(log, network(seed=0), valid_inputs, step=0)
print(log.curves)

# %%
# A network that has learned nothing has about the loss of guessing, 2.30, and none of its units is dead. The last part
# is the loop. It logs the training loss in each step, the update ratios of the first and the last layer in every tenth,
# and the validation in every thirtieth. Settings that are not its own go to the network.


def train(log, seed, learning_rate=0.1, n_images=3000, shuffle=True, valid=valid_inputs,
          **of_the_network):  # fmt: skip
    """Train for 300 steps, and log five curves."""
    model = network(seed, **of_the_network)
    optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for step, rows in enumerate(batches(seed, n_images, shuffle)):
        first = model[0].weight.detach().clone()
        last = model[-1].weight.detach().clone()
        loss = training_step(model, optimiser, inputs[rows], labels[rows])
        log.add_scalar("loss/training", loss, step)
        if step % 10 == 9:
            log.add_scalar("update/first layer", update_ratio(first, model[0].weight), step)
            log.add_scalar("update/last layer", update_ratio(last, model[-1].weight), step)
        if step % 30 == 29:
            log_validation(log, model, valid, step)
    return model


# %%
# ``run`` trains and returns the curves. We begin with a healthy run. Its learning rate of 0.1, its batches of 50
# pictures, its 64 units and its 300 steps are guesses that turned out well.


def run(seed, **settings):
    """Train, and return the curves."""
    log = Log()
    train(log, seed, **settings)
    return log.curves


def values(curves, name):
    """The values of a curve without their steps."""
    return [value for _, value in curves[name]]


healthy = run(seed=0)
for name in healthy:
    curve = values(healthy, name)
    print(f"{name:20} {len(curve):3} values, first {curve[0]:.3f}, last {curve[-1]:.3f}")

# %%
# Both losses fall, an update is between 2 and 4 per cent of the weights, and no unit is dead. We will compare the sick
# runs with this one. (The names before the slash form groups on the page of TensorBoard.)
#
# Here is the answer to the prediction.


def first_and_last(learning_rate):
    losses = values(run(seed=0, learning_rate=learning_rate), "loss/training")
    return f"first {np.mean(losses[:30]):.2f}, last {np.mean(losses[-30:]):.2f}"


print(first_and_last(1e-5))

# %%
# The training loss did not move. Nothing crashed, and nothing was learned.
#
# .. fold:: The code of the choices


def rate_too_small():
    print(first_and_last(1e-5))


def healthy_rate():
    print(first_and_last(0.1))


def rate_too_large():
    print(first_and_last(2.0))


run_choices("too_small", right=rate_too_small, wrong=[healthy_rate, rate_too_large])

# %%
# Build it: the same log for TensorBoard
# --------------------------------------
# PyTorch's :torch:`torch.utils.tensorboard.writer.SummaryWriter` also has a method ``add_scalar``, and we gave ours the
# same arguments on purpose. It writes into an :term:`event file` in the folder that it is given. One folder is one run,
# so each run gets a folder of its own. At the end of ``with`` the writer is closed.
#
# We log two runs: the healthy one, and one with a tenth of its learning rate. ``Both`` hands each value to two logs,
# ours and the writer, so that we can compare them later.


class Both:
    """Two logs that get the same values."""

    def __init__(self, one, other):
        self.logs = (one, other)

    def add_scalar(self, name, value, step):
        for log in self.logs:
            log.add_scalar(name, value, step)


ours = {}
for name, rate in (("rate-0.1", 0.1), ("rate-0.01", 0.01)):
    ours[name] = Log()
    with SummaryWriter(runs / "board" / name) as writer:
        train(Both(ours[name], writer), seed=0, learning_rate=rate)
    written = list((runs / "board" / name).glob("*tfevents*"))
    print(name, "→", len(written), "event file")

# %%
# The training loop has not changed; it only got a different ``log``. The file has ``tfevents`` in its name, because
# TensorBoard was made for TensorFlow.
#
# Build it: histograms
# --------------------
# A scalar is a single value for each step. A histogram shows how a large number of values is distributed, for instance
# all outputs of a layer. ``add_histogram`` sorts the elements of a tensor into bins and writes the counts. We look at
# the outputs of the first layer before ReLU, before and after a training. One run is healthy; in the other one the
# biases of the first layer start at −30.


def write_histogram(writer, model, step):
    with torch.no_grad():
        outputs = model[0](valid_inputs[:200])  # (200, 64), before ReLU
    writer.add_histogram("before ReLU/first layer", outputs, step)


for name, settings in (("healthy", {}), ("dead units", {"first_bias": -30.0})):
    with SummaryWriter(runs / "histograms" / name) as writer:
        write_histogram(writer, network(seed=0, **settings), step=0)
        model = train(Log(), seed=0, **settings)
        write_histogram(writer, model, step=300)
print("written:", sorted(path.name for path in (runs / "histograms").iterdir()))

# %%
# We will draw these histograms as soon as we can read the files.
#
# Build it: images, and what else the writer takes
# ------------------------------------------------
# ``add_images`` writes pictures, here of shape (N, 1, 28, 28). So you see what really arrives at your network.

with SummaryWriter(runs / "images") as writer:
    writer.add_images("batch", pixels[train_rows[:16]].reshape(16, 1, 28, 28), 0)
print("files:", len(list((runs / "images").iterdir())))

# %%
# TensorBoard shows the 16 pictures in one image. Three more methods are in the folded cell:
#
# - ``add_graph`` runs the network on an example, and the page shows its layers as boxes with arrows.
# - ``add_hparams`` writes a table with the settings of a run and its result, by which you can sort the runs.
# - ``add_embedding`` takes an :term:`embedding`, a list of vectors, one for each picture. The page shows them as points
#   in space that you can turn with the mouse.
#
# .. fold:: The graph, the table and the points

model = network(seed=0)
with torch.no_grad():
    features = model[:2](valid_inputs[:100])  # (100, 64)
names = [fashion.classes[label] for label in valid_labels[:100].tolist()]
pictures = raw_valid_inputs[:100].reshape(100, 1, 28, 28)
result = {"result/validation loss": values(healthy, "loss/validation")[-1]}
with SummaryWriter(runs / "more") as writer:
    with warnings.catch_warnings():
        # TensorBoard still uses the old way to look into a network.
        warnings.filterwarnings("ignore", message="`torch.jit.trace")
        writer.add_graph(model, inputs[:1])
    settings = {"learning rate": 0.1, "batch size": BATCH_SIZE}
    writer.add_hparams(settings, result, run_name="hparams")
    writer.add_embedding(features, metadata=names, label_img=pictures, tag="first layer")
table = next((runs / "more").rglob("metadata.tsv"))
print("names beside the points:", len(table.read_text(encoding="utf-8").splitlines()))

# %%
# TensorBoard shows the names and the pictures beside the points.
#
# Check against PyTorch
# ---------------------
# Will TensorBoard show exactly what we logged? ``EventAccumulator`` is the class with which TensorBoard itself reads
# event files. ``Reload`` reads, ``Scalars`` returns the values of a name, and ``size_guidance`` says how many values of
# each kind to keep: 0 means all. (By default it would keep only one histogram.)

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read_events(folder):
    """Everything in the event files of one folder."""
    kinds = ("scalars", "histograms", "images", "tensors")
    events = EventAccumulator(str(folder), size_guidance={kind: 0 for kind in kinds})
    events.Reload()
    return events


events = read_events(runs / "board" / "rate-0.1")
print("names:", events.Tags()["scalars"])
for event in events.Scalars("loss/training")[:2]:
    print(f"step {event.step}, value {event.value:.4f}")

# %%
# The names and steps are ours. The folded cell compares each of the five curves with our own log of the same run, value
# by value.
#
# .. fold:: Checked against our log: five curves

compared = 0
for name, pairs in ours["rate-0.1"].curves.items():
    read = events.Scalars(name)
    assert [event.step for event in read] == [step for step, _ in pairs]
    found = torch.tensor([event.value for event in read], dtype=torch.float64)
    logged = torch.tensor([value for _, value in pairs], dtype=torch.float64)
    # Event files keep float32.
    torch.testing.assert_close(found, logged.float().double(), rtol=1e-6, atol=0)
    compared += len(pairs)
print(f"{compared} values agree, with their steps; an event file keeps them as float32")

# %%
# So both logs hold the same values. Next we read the histograms from the event files.
#
# .. fold:: How the figure is drawn


def as_steps(histogram):
    """Edges and heights of 45 bars of equal width, from bins that are not."""
    limits = np.array(histogram.bucket_limit)
    counts = np.array(histogram.bucket)
    edges = np.linspace(-35, 10, 46)
    cumulated = np.interp(edges, limits, counts.cumsum())  # as if spread evenly in a bin
    return edges, np.diff(cumulated) / counts.sum()


alt = "Outputs of the first layer before ReLU: around 0 in the healthy run, all negative in the other."
shown_labels = ("before training", "after training")
fig, axes = plt.subplots(2, 1, figsize=(5.2, 3.4), sharex=True, sharey=True, num=alt)
for ax, name in zip(axes, ("healthy", "dead units"), strict=True):
    read = read_events(runs / "histograms" / name).Histograms("before ReLU/first layer")
    for histogram, colour, label in zip(read, (BLUE, VERMILION), shown_labels, strict=True):
        edges, heights = as_steps(histogram.histogram_value)
        ax.stairs(heights, edges, color=colour, label=label, linewidth=1.5)
    ax.axvline(0, color=INK, linestyle=":", linewidth=1)
    ax.set(title=name, ylabel="share")
axes[1].set_xlabel("output before ReLU")
legend = axes[0].legend(loc="upper left")
dead_histogram = read[1].histogram_value
print(f"largest output of the run with dead units: {dead_histogram.max:.1f}")
assert dead_histogram.max < 0 and read[0].histogram_value == dead_histogram

# %%
# In the healthy run the outputs lie on both sides of 0, and the training spreads them. In the other run all of them are
# negative, so ReLU makes them 0. There the second histogram lies exactly over the first: the layer has not changed.
# (Far from 0 the curves have broad steps, because TensorBoard's bins are wide there.)
#
# Use it: the page of TensorBoard
# -------------------------------
# In a terminal, ``tensorboard --logdir runs`` starts TensorBoard, and you open the address that it prints. Here Python
# does the same. ``free_port`` finds a free port number. ``serve``, from ``dlcourse``, starts the server, waits until it
# answers and ends it after the block. ``127.0.0.1`` is the address by which a machine calls itself: nobody else can
# connect. We ask the server which runs it has found.

from urllib.request import urlopen

port = free_port()
command = ["-m", "tensorboard.main", "--logdir", str(runs / "board"), "--load_fast=false",
           "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
with serve(command, port) as address:
    with urlopen(f"{address}/data/runs") as answer:
        found_runs = json.load(answer)
    page = f"{address}/?darkMode=false#timeseries"
    photo = photograph(page, width=1040, height=700)
print("runs on the server:", sorted(found_runs))
assert sorted(found_runs) == ["rate-0.01", "rate-0.1"]

# %%
# The server has found both runs. ``photograph`` also opened the page in Chromium or Chrome, which takes a picture
# without showing a window. The figure is this picture, or, where there is no such browser, one that was recorded
# earlier from the same two runs. The printed line says which.
#
# .. fold:: How the figure is drawn

from importlib.resources import files
from io import BytesIO

from PIL import Image


def shows_curves(picture):
    """Whether the page was drawn completely: the second run's colour is on it."""
    colours = np.asarray(picture).astype(int)
    return (np.abs(colours - (18, 181, 203)).sum(2) < 30).sum() > 600


picture = Image.open(BytesIO(photo)).convert("RGB") if photo else None
if picture is not None and shows_curves(picture):
    source = "photographed by the browser of this machine"
else:
    source = "recorded earlier"
    with files("dlcourse").joinpath("pictures", "tensorboard.png").open("rb") as file:
        picture = Image.open(file).convert("RGB")
alt = "TensorBoard in the browser: two runs, their training losses as curves, noisy and smoothed."
fig, ax = plt.subplots(figsize=(5.2, 3.7), num=alt)
ax.imshow(np.asarray(picture.crop((0, 0, 790, 560))))  # below stand times of this run
ax.set_axis_off()
print(f"the picture was {source} (measured in this build)")

# %%
# On the left are the runs, which you switch on and off. The pale line is the loss of each batch; the dark line is
# *smoothed*, a moving average that you set with a slider. The run with the higher learning rate is ahead. While a
# training runs, the page loads new values every 30 seconds if you ask for it in the settings.
#
# Use it: the clinic
# ------------------
# Now the clinic opens. We train nine runs: one is healthy, and eight have one fault each. A fault is made by one or two
# arguments of our ``train`` or ``network``.

FAULTS = {
    "healthy": {},
    "rate too high": {"learning_rate": 2.0},
    "rate too low": {"learning_rate": 1e-5},
    "dead units": {"first_bias": -30.0},
    "frozen layer": {"frozen": True},
    "vanishing gradient": {"hidden_layers": 6, "activation": nn.Sigmoid},
    "sorted batches": {"shuffle": False},
    "overfitting": {"n_images": 100},
    "validation not normalised": {"valid": raw_valid_inputs},
}
print(len(FAULTS), "runs")

# %%
# Each of the nine runs gets a letter, so that you can guess which is which.
#
# .. fold:: Which letter is which: the solution, do not open yet

ward = {
    "A": "frozen layer",
    "B": "rate too low",
    "C": "overfitting",
    "D": "healthy",
    "E": "vanishing gradient",
    "F": "sorted batches",
    "G": "validation not normalised",
    "H": "rate too high",
    "I": "dead units",
}

# %%
# We train all nine with the same seed, so the runs differ only in their faults. First we look only at the first and the
# last training loss of each run.

charts = {letter: run(seed=0, **FAULTS[name]) for letter, name in ward.items()}
for letter, curves in charts.items():
    losses = values(curves, "loss/training")
    print(letter, f"training loss: first {losses[0]:.2f}, last {losses[-1]:.2f}")

# %%
# The figure shows the losses of the nine runs, in blue for training and in orange for validation. H is nearly empty,
# because its loss soon is ``nan``. Look at each run and guess what it has.
#
# .. fold:: How the figure is drawn

alt = "Training and validation losses of nine runs, A to I: three are flat, one ends at once."
fig, axes = plt.subplots(3, 3, figsize=(5.2, 4.8), sharex=True, sharey=True, num=alt)
for ax, (letter, curves) in zip(axes.flat, charts.items(), strict=True):
    ax.plot(
        *zip(*curves["loss/training"], strict=True), color=BLUE, linewidth=0.8, label="training"
    )
    ax.plot(
        *zip(*curves["loss/validation"], strict=True),
        color=VERMILION,
        linewidth=1.8,
        label="validation",
    )
    ax.set_title(letter)
axes[0, 0].set(xlim=(0, 300), ylim=(0, 4), xticks=[0, 150, 300])
axes[0, 1].legend(loc="lower center", fontsize=8)
for ax in axes[-1]:
    ax.set_xlabel("step")
for ax in axes[:, 0]:
    ax.set_ylabel("loss")
flat = [x for x in "BEI" if min(values(charts[x], "loss/training")) > 2.2]
assert flat == ["B", "E", "I"]
assert math.isnan(values(charts["H"], "loss/training")[29])
assert charts["G"]["loss/training"] == charts["D"]["loss/training"]
gaps = {}  # validation loss minus training loss, from step 89 on
for letter in "CG":
    losses = np.array(values(charts[letter], "loss/training")).reshape(10, 30).mean(1)
    gaps[letter] = (np.array(values(charts[letter], "loss/validation")) - losses)[2:]
assert np.ptp(gaps["G"]) < 0.25 and (np.diff(gaps["C"]) > 0).all() and np.ptp(gaps["C"]) > 0.4

# %%
# .. choice:: In C and in G the validation loss ends far above the training loss. Which of the two overfits?
#    :right: 1
#
#    - C
#
#      Look at how the gap *grows*. The training loss goes to 0, because the network learns its 100 pictures by heart.
#      Meanwhile the validation loss rises again, and the gap grows to the end.
#
#    - G
#
#      Its blue curve is that of the healthy run D. Only the orange one is too high, and from step 90 on the gap hardly
#      changes. The validation pictures were prepared in another way than the training pictures.
#
#    - both
#
#      The ends are similar, but only in C does the gap grow until the end.
#
# .. choice:: What may have happened in F?
#    :right: 2
#
#    - The learning rate is too low.
#
#      Then the curve would be flat. This one moves a lot.
#
#    - The batches are sorted by class.
#
#      Within one class the network soon gives the same answer to every picture, and the loss is nearly 0. At the next
#      class all its answers are wrong, and the loss jumps up. So the blue curve looks like a comb, and the orange one
#      stays bad.
#
#    - The validation pictures are not normalised.
#
#      This would not touch the blue curve at all: it does not know the validation pictures.
#
# H is simple: its loss is ``nan`` after a few steps, because the learning rate is too high (:doc:`lesson 13
# </lessons/2_training/lesson_13_optimisation>`). But B, E and I look the same, and A looks like D, only slower. Here
# the loss does not help any further. The second figure shows the update ratios, of the first layer in green and of the
# last layer in black. The axis is logarithmic, and 0 is drawn at its lower edge.
#
# .. fold:: How the figure is drawn

floor = 1e-8
alt = "Update ratios of first and last layer for the nine runs, on a logarithmic axis."
fig, axes = plt.subplots(3, 3, figsize=(5.2, 4.8), sharex=True, sharey=True, num=alt)
for ax, (letter, curves) in zip(axes.flat, charts.items(), strict=True):
    for layer, colour, width in (("last layer", INK, 1.2), ("first layer", GREEN, 2.2)):
        steps, ratios = np.array(curves[f"update/{layer}"]).T
        ax.plot(steps, np.maximum(ratios, floor), color=colour, linewidth=width)
    ax.set_title(letter)
axes[0, 0].set(yscale="log", ylim=(floor / 2, 10), xlim=(0, 300), xticks=[0, 150, 300])
for ax in axes[-1]:
    ax.set_xlabel("step")
axes[1, 0].set_ylabel("update ratio")
last_dead = {letter: values(curves, "units/dead")[-1] for letter, curves in charts.items()}
print("dead units at the end:", *(f"{x} {share:.0%}" for x, share in last_dead.items()))

# %%
# .. choice:: B, E and I all have a flat loss. In which of them is it the *gradient* that does not reach the first layer?
#    :right: 2
#
#    - B
#
#      Here both layers move by a few millionths, the last one as little as the first. Every step is too short: the
#      learning rate is too low.
#
#    - E
#
#      The last layer moves by a few per cent in each step, the first by less than a millionth. On its way back through
#      six sigmoids the gradient has vanished.
#
#    - I
#
#      The first layer moves by exactly 0, and all its units are dead. No gradient passes through a dead unit.
#
# A is the hardest to notice. Its loss falls, only more slowly than that of D. But the update of its first layer is
# exactly 0, while no unit is dead: somebody froze the layer and forgot it. Such a mistake can stay for months, because
# the network does learn.
#
# Use it: a rule instead of a doctor
# ----------------------------------
# Can a program do this? First we turn the curves of a run into six numbers:
#
# - ``first`` and ``last``: the update ratios of the first and of the last layer, as medians (values in the middle);
# - ``dead``: the share of dead units at the end;
# - ``rough``: the mean jump from one batch loss to the next, divided by the mean loss;
# - ``gap``: the last validation loss minus the mean training loss of the 30 steps before it;
# - ``growth``: this gap minus the first one.


def measure(curves):
    """Six numbers that describe a run."""
    losses = np.array(values(curves, "loss/training"))
    valid_losses = values(curves, "loss/validation")
    first_gap = valid_losses[0] - losses[:30].mean()
    last_gap = valid_losses[-1] - losses[-30:].mean()
    return {
        "first": np.median(values(curves, "update/first layer")),
        "last": np.median(values(curves, "update/last layer")),
        "dead": values(curves, "units/dead")[-1],
        "rough": np.abs(np.diff(losses)).mean() / losses.mean(),
        "gap": last_gap,
        "growth": last_gap - first_gap,
    }


print({name: round(float(number), 3) for name, number in measure(charts["D"]).items()})

# %%
# The rules ask one question after the other, as we did. The first one is about ``nan``: every later comparison with
# ``nan`` would give ``False``, and such a run would be called healthy.


def diagnose(found):
    """The name of the fault, or 'healthy'."""
    if math.isnan(found["rough"]):
        return "rate too high"
    if found["first"] == 0:
        return "dead units" if found["dead"] > 0.9 else "frozen layer"
    if found["first"] / found["last"] < 1e-3:
        return "vanishing gradient"
    if found["last"] < 1e-4:
        return "rate too low"
    if found["rough"] > 0.4:
        return "sorted batches"
    if found["gap"] > 0.6:
        return "overfitting" if found["growth"] > 1.2 else "validation not normalised"
    return "healthy"


# %%
# Now the rules diagnose our nine runs.

for letter, curves in charts.items():
    print(letter, diagnose(measure(curves)))
assert all(diagnose(measure(charts[letter])) == name for letter, name in ward.items())

# %%
# All nine are right. But the thresholds were chosen by looking at runs with the seeds 0 to 3, so this proves nothing
# about other runs. The table shows where the thresholds come from: each lies between two kinds of runs. Its numbers are
# medians over the seeds 0 to 2.
#
# .. fold:: The numbers of three seeds

run_of_seed_0 = {name: charts[letter] for letter, name in ward.items()}
ranges = {}
print("fault                      first    last     dead  rough    gap  growth")
for name, settings in FAULTS.items():
    found = [measure(run_of_seed_0[name])]
    found += [measure(run(seed=seed, **settings)) for seed in (1, 2)]
    ranges[name] = found
    middle = {key: np.median([each[key] for each in found]) for key in found[0]}
    print(
        f"{name:26} {middle['first']:<8.1e} {middle['last']:<8.1e} {middle['dead']:4.2f}  "
        f"{middle['rough']:5.2f}  {middle['gap']:5.2f}  {middle['growth']:6.2f}"
    )
print("(the median of three seeds)")
learning = ("healthy", "overfitting", "validation not normalised")
assert max(each["rough"] for name in learning for each in ranges[name]) < 0.25
assert min(each["rough"] for each in ranges["sorted batches"]) > 0.6
assert max(each["gap"] for each in ranges["healthy"]) < 0.3
assert min(each["gap"] for name in learning[1:] for each in ranges[name]) > 0.7
assert min(each["growth"] for each in ranges["overfitting"]) > 1.3
assert max(each["growth"] for each in ranges["validation not normalised"]) < 1.1
assert min(each["first"] for each in ranges["healthy"]) > 0.01
assert max(each["last"] for each in ranges["rate too low"]) < 5e-5
assert min(each["last"] for name in learning for each in ranges[name]) > 2e-4
assert max(each["first"] / each["last"] for each in ranges["vanishing gradient"]) < 5e-4
assert min(each["first"] / each["last"] for name in learning for each in ranges[name]) > 2e-3
assert all(diagnose(each) == name for name, found in ranges.items() for each in found)

# %%
# For all quantities but one, the values on the two sides of a threshold differ by more than a factor of two. The
# exception is the growth of the gap: its threshold is the least certain one. So we test the rules on 18 runs with two
# *other* seeds. Nothing was changed after looking at them.
#
# .. fold:: The rules on seeds that they have not seen

NEW_SEEDS = (7, 8)
right = {name: 0 for name in FAULTS}
for name, settings in FAULTS.items():
    for seed in NEW_SEEDS:
        right[name] += diagnose(measure(run(seed=seed, **settings))) == name
for name, count in right.items():
    print(f"{name:26} {count} of {len(NEW_SEEDS)} right")
print("together:", sum(right.values()), "of", len(FAULTS) * len(NEW_SEEDS))
assert all(count == len(NEW_SEEDS) for count in right.values())

# %%
# With both seeds, the rules tell each fault from the healthy run and from the other faults. Would they do so elsewhere?
# Two seeds are few, and the data, the network and the optimiser were always the same: **thresholds belong to a
# set-up**. It is often said that the update ratio should be near 0.001. The table shows that our healthy runs have more
# than ten times as much. What carries over is the method: log the same curves for a run that works, and compare.
#
# Use it: Visdom
# --------------
# Visdom works without a file. Its server runs first, and your program *sends* content to windows on its page, with
# ``line``, ``image`` or ``text``. This is handy for a picture that you want to see at once.
#
# It is an optional part, because its package is old. The folded cell says how to install it, and writes three lines
# that start its server.
#
# .. fold:: How Visdom is installed and started

# Its source needs an older setuptools to be built, which pip has to be told. With pip 25.3 or newer,
# write setuptools<81 into a file build.txt, then run
#     pip install --build-constraint build.txt "visdom<0.3"

import logging

try:
    from visdom import Visdom
except ImportError:
    Visdom = None
    print("Visdom is not installed: the next two cells are skipped")
logging.getLogger("visdom").setLevel(logging.ERROR)  # it reports each new session

start = runs / "start_visdom.py"
start.write_text("""import sys
from visdom.server.run_server import start_server
start_server(int(sys.argv[1]), hostname="127.0.0.1", base_url="", bind_local=True, env_path=sys.argv[2])
""")
print("lines that start the server:", len(start.read_text().splitlines()))

# %%
# In a terminal you would type ``visdom``. At its first start this command loads scripts for its page from another
# host; the three lines start the server without them. ``win`` is the name of a window, ``update="append"`` adds to a
# curve that is there, and ``get_window_data`` reads a window back.

port = free_port()
if Visdom is not None:
    with serve([str(start), str(port), str(runs / "visdom")], port):
        board = Visdom("http://127.0.0.1", port=port, use_incoming_socket=False,
                       raise_exceptions=True)  # fmt: skip
        for step, loss in healthy["loss/validation"]:
            window = {"win": "loss", "name": "validation", "opts": {"title": "loss"}}
            update = "append" if board.win_exists("loss") else None
            board.line(X=[step], Y=[loss], update=update, **window)
        board.image(pixels[train_rows[0]].reshape(1, 28, 28).numpy(), win="first picture")
        board.text("learning rate 0.1", win="notes")
        content = json.loads(board.get_window_data(None))
    print("windows:", list(content))

# %%
# The server has kept all three windows. We compare the curve with what we sent.

if Visdom is not None:
    curve = content["loss"]["content"]["data"][0]
    print("last point:", curve["x"][-1], round(curve["y"][-1], 3))
    assert list(zip(curve["x"], curve["y"], strict=True)) == healthy["loss/validation"]

# %%
# It is the same, to the last digit. In a browser the three would appear as windows that you can move. (If the page says
# "403: Forbidden", install Tornado 6.5, a part of the server: Visdom 0.2.4 does not work with Tornado 6.6.) We
# recommend event files for your logs, because they outlive the server, and Visdom if you want to see single pictures at
# once.
#
# Break it: the forgotten step
# ----------------------------
# A log can have faults as well. In the first one, ``add_scalar`` does not get its third argument, the step.

with SummaryWriter(runs / "no step") as writer:
    for value in (2.3, 1.9, 1.6, 1.4):
        writer.add_scalar("loss", value)
print("steps:", [event.step for event in read_events(runs / "no step").Scalars("loss")])

# %%
# There is no message. All points are at step 0. **What to look for:** a vertical line at the left edge of the page.
# **Remedy:** pass the step.
#
# Break it: two runs in one folder
# --------------------------------
# You start the program again, and it writes into the same folder. ``SummaryWriter`` does not refuse; it adds a second
# file.

for first in (2.3, 2.2):
    with SummaryWriter(runs / "same folder") as writer:
        for step in range(3):
            writer.add_scalar("loss", first - 0.4 * step, step)
for event in read_events(runs / "same folder").Scalars("loss"):
    print(f"step {event.step}, loss {event.value:.1f}")

# %%
# For TensorBoard this is *one* run, which goes back to step 0 in the middle. **What to look for:** a line that runs
# back across the page, a saw-tooth. **Remedy:** a folder for each run, with date or settings in its name.
# ``SummaryWriter()`` without an argument makes such a name.
#
# Break it: a histogram of nothing
# --------------------------------
# The next two mistakes end with an error. The first is a histogram of weights that are all ``nan``, as after a training
# with too high a learning rate: none of them falls into a bin. The second is a scalar that has two values.

with SummaryWriter(runs / "loud") as writer:
    try:
        writer.add_histogram("weights", torch.full((3,), math.nan), 0)
    except ValueError as error:
        print(f"ValueError: {error}")
    try:
        writer.add_scalar("loss", torch.tensor([2.3, 1.9]), 0)
    except AssertionError as error:
        print("AssertionError:", " ".join(str(error).split()))

# %%
# The first message asks for a bug report, but it only means that all values are ``nan``. (If one element is a number,
# the tensor is written silently.) **Remedy:** for the first, a lower learning rate; for the second, ``loss.mean()``.
#
# Then and now
# ------------
# Before 2019 PyTorch had no writer of its own, and one used the package TensorBoardX. It has the same methods, because
# PyTorch's writer was made from it. It still works, but you do not need it any more.
#
# .. fold:: The rows, run as they are written

example = inputs[:1].cpu()
small = nn.Linear(784, 10)
old_and_new = [
    (
        "from tensorboardX import SummaryWriter",
        "from torch.utils.tensorboard import SummaryWriter",
    ),
    (
        """writer = SummaryWriter(logdir=runs / "old")
writer.close()""",
        """writer = SummaryWriter(log_dir=runs / "new")
writer.close()""",
    ),
    (
        """with SummaryWriter(runs / "old") as writer:
    writer.export_scalars_to_json("all.json")""",
        """events = EventAccumulator(str(runs / "board" / "rate-0.1"))
events.Reload()
print(events.Scalars("loss/training")[0].step)""",
    ),
    (
        "traced = torch.jit.trace(small, example)",
        "exported = torch.export.export(small, (example,))",
    ),
]
run_then_and_now("monitoring", old_and_new, globals())
workplace.cleanup()
print("logs removed:", not runs.exists())
assert sorted(ward.values()) == sorted(FAULTS)

# %%
# .. then-and-now:: monitoring
#
#    - The writer is part of PyTorch since 1.1 (2019). The old package is not installed here.
#
#    - TensorBoardX 1.7 (2019) renamed the argument to ``logdir``; PyTorch's writer calls it ``log_dir``.
#
#    - TensorBoardX could write all scalars as JSON. TensorBoard's own reader makes this unnecessary.
#
#    - ``add_graph`` still uses the old function, and so it warns. ``torch.export`` is its successor.
#
# What you learned
# ----------------
# - A log is a file to which a training adds records: name, value, step. ``SummaryWriter`` writes scalars, histograms,
#   images, graphs, tables and embeddings; ``EventAccumulator`` reads them back.
# - The loss says that something is wrong. The update ratios of the first and the last layer, the share of dead units
#   and the validation loss say what.
# - A gap that grows to the end points to overfitting. A gap that appears early and stays points to validation data that
#   were prepared differently. A comb points to sorted batches, an update of exactly 0 to dead units or a frozen layer.
# - Thresholds belong to a set-up. Compare with a run that works.
# - Pass the step, and use one folder a run.
#
# Self-checks
# -----------
# .. choice:: The loss is flat at 2.30. Both layers have an update ratio of 0.000002. What do you change first?
#    :right: 3
#
#    - The activation function, because the gradient vanishes.
#
#      Then the last layer would still move.
#
#    - The initial biases, because units are dead.
#
#      Then the update of the first layer would be exactly 0.
#
#    - The learning rate.
#
#      All layers move, and all of them far too little.
#
# .. choice:: TensorBoard shows a saw-tooth: the line runs back to step 0 several times. What happened?
#    :right: 1
#
#    - Several runs have written into one folder.
#
#      One folder is one run. Give each run its own.
#
#    - The batches were sorted by class.
#
#      Then the *loss* goes up and down, but the steps only increase.
#
#    - The step was not passed.
#
#      Then all points would lie at step 0.
#
# .. choice:: The validation loss is soon far too high and stays so. The training loss looks healthy. Where do you look?
#    :right: 2
#
#    - At the size of the training set: the network overfits.
#
#      Then the gap would grow to the end, while the training loss goes to 0.
#
#    - At the preparation of the validation data.
#
#      In G the gap hardly changes after step 90, while in C it grows to the end.
#
#    - At the learning rate: it is too high.
#
#      Then the training loss would suffer as well.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_15>`.
#
# **1. Recall.** Write the update ratio of a whole model: the length of the change of *all* parameters together, divided
# by the length of all parameters before the step.
#
# .. code-block:: python
#
#    def model_update_ratio(before, after):
#        ratios = []
#        for old, new in zip(before, after, strict=True):
#            ratios.append(((new - old).norm() / old.norm()).item())
#        return sum(ratios) / len(ratios)
#
#    before = [torch.tensor([3.0, 0.0]), torch.tensor([[0.0, 4.0]])]
#    after = [torch.tensor([3.0, 0.5]), torch.tensor([[0.0, 4.0]])]
#    found = model_update_ratio(before, after)
#    assert abs(found - 0.1) < 1e-6, f"{found:.4f}: the lengths are 0.5 and 5"
#    unbiased = [torch.zeros(2), torch.tensor([5.0])]
#    found = model_update_ratio(unbiased, [torch.zeros(2), torch.tensor([5.5])])
#    assert abs(found - 0.1) < 1e-6, f"{found}: biases that start at 0 must not matter"
#    print("the ratio of the whole model is right")
#
# **2. Modify.** The smoothed line of TensorBoard is an average in which older values count less and less. This version
# starts at 0 and is too low at first. Mend it: divide each average by the sum of the weights that it contains.
#
# .. code-block:: python
#
#    def smooth(values, weight=0.9):
#        smoothed, average = [], 0.0
#        for value in values:
#            average = weight * average + (1 - weight) * value
#            smoothed.append(average)
#        return smoothed
#
#    found = smooth([2.0] * 50)
#    assert all(abs(value - 2.0) < 1e-9 for value in found), f"begins with {found[0]:.2f}, not 2"
#    found = smooth([1.0, 3.0], weight=0.5)
#    assert abs(found[1] - 7 / 3) < 1e-9, f"second value {found[1]:.3f}, not 2.333"
#    print("a constant stays what it is")
#
# **3. Extend.** Read an event file without TensorBoard. Each record is: 8 bytes with the length of its content (a whole
# number, the lowest byte first), 4 bytes to check this length, the content, and 4 bytes to check the content. Count the
# records. ``struct.unpack("<Q", eight_bytes)[0]`` turns eight bytes into a number.
#
# .. code-block:: python
#
#    import struct
#
#    def count_records(path):
#        content = path.read_bytes()
#        position = count = 0
#        while position < len(content):
#            position += 8
#            count += 1
#        return count
#
#    with TemporaryDirectory() as folder:
#        with SummaryWriter(folder) as writer:
#            for step in range(25):
#                writer.add_scalar("loss", 1 / (step + 1), step)
#        found = count_records(next(Path(folder).iterdir()))
#    assert found == 26, f"{found} records, not 26: the version of the format, and 25 values"
#    print("26 records")
#
# In practice
# -----------
# - Log the learning rate, the loss of each batch, the validation loss and one update ratio for the first and for the
#   last layer, always. Histograms cost more; write them once in an epoch.
# - On a GPU each ``item()`` waits until the GPU has finished. There, keep ``loss.detach()`` of each step in a list, in
#   place of the ``loss.item()`` of lesson 12, and read and log the list in every hundredth step.
# - On another machine, start ``tensorboard --logdir runs`` there and open it through
#   ``ssh -L 6006:127.0.0.1:6006 machine``. The option ``--bind_all`` instead would show your logs to everybody in the
#   network.
#
# Going further
# -------------
# - The histogram of TensorBoard has bins that grow by 10 % from one to the next, so that one list of bins serves
#   weights of any size.
# - *MLflow* and other programs keep runs in a database, with the settings and the code of each.
#
# References
# ----------
# - PyTorch: `torch.utils.tensorboard <https://docs.pytorch.org/docs/stable/tensorboard.html>`__.
# - TensorFlow: `TensorBoard <https://www.tensorflow.org/tensorboard>`__.
# - `Visdom <https://github.com/fossasia/visdom>`__.
# - \A. Karpathy: `A recipe for training neural networks <https://karpathy.github.io/2019/04/25/recipe/>`__, 2019.
# - Stanford CS231n: `Neural networks, part 3 <https://cs231n.github.io/neural-networks-3/>`__. The source of the rule
#   of 0.001.
# - \X. Glorot, Y. Bengio: `Understanding the difficulty of training deep feedforward neural networks
#   <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010. Activations and gradients, layer by layer.
