"""
14 · Building a network: from model to training in one go
=========================================================

Nobody ever gives a model a list of its parameters. Yet ``model.parameters()`` finds every one that training may change,
however deep it lies. How does it do that? A class of a dozen lines answers this question. Then we write a whole
training that reads handwriting.

At the end we damage its loop in three ways. No error appears. You will learn how to recognise each mistake: two show in
the curve of the loss, and one shows when you measure twice.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - write a network as a class, and say which of its parameters an optimiser will find;
      - write the whole training loop, with validation, early stopping and the best weights kept;
      - recognise three silent mistakes of a training loop, and mend them;
      - save a model in a file that cannot run code, and load it again.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`06 </lessons/2_training/lesson_06_torchvision_1>`, for data loaders,
        :doc:`10 </lessons/2_training/lesson_10_convolution_2>`, for convolutions,
        :doc:`11 </lessons/2_training/lesson_11_loss_functions>`, for the cross-entropy,
        :doc:`12 </lessons/2_training/lesson_12_gradients>`, for gradients, and
        :doc:`13 </lessons/2_training/lesson_13_optimisation>`, for optimisers.
      - **Data:** MNIST, 70,000 handwritten digits; 12 MB are downloaded once.
      - **Run time:** about 45 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``dlcourse`` provides the data, the seed and a training loop, which you will write yourself first. The line with
# ``cudnn`` is for GPUs: it makes two trainings agree bit for bit.

# sphinx_gallery_number = 14
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [6, 10, 13]
# sphinx_gallery_assets = ["mnist"]
# sphinx_gallery_thumbnail_number = 4
import copy
import math
import pickle
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.pyplot as plt
import onnxruntime
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.datasets import MNIST

from dlcourse import assets, page_files
from dlcourse.device import pick_device
from dlcourse.metrics import accuracy
from dlcourse.plotting import BLUE, INK, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import fit

use_course_style()
SEED = 14
LEARNING_RATE = 1e-3  # Adam's default, from its paper
generator = seed_everything(SEED)
device = pick_device()
torch.backends.cudnn.deterministic = True

# %%
# Look at the data
# ----------------
# MNIST holds 60,000 handwritten digits for training and 10,000 for testing. Each is a picture of 28 × 28 grey pixels.
# We do not look at the test digits until the end of the lesson. ``unsqueeze(1)`` adds an axis for the single channel,
# and the division brings the grey values into the range from 0 to 1.

digits = MNIST(assets.path("mnist"), train=True)
images = digits.data.unsqueeze(1) / 255  # (60000, 1, 28, 28)
labels = digits.targets  # (60000,)
print("images:", tuple(images.shape), images.dtype, f"from {images.min():g} to {images.max():g}")
print("labels:", tuple(labels.shape), labels.dtype)
print("first labels:", labels[:10].tolist())

# %%
# All images form one tensor with four axes, and the label of an image is the digit as an integer. The figure shows four
# images of each digit.
#
# .. fold:: How the figure is drawn

examples = torch.stack([images[labels == digit][:4, 0] for digit in range(10)])
mosaic = examples.permute(1, 2, 0, 3).reshape(4 * 28, 10 * 28)  # (10, 4, 28, 28) before
alt = "Four handwritten examples of each of the ten digits, in a column above their label."
fig, ax = plt.subplots(figsize=(5.2, 2.4), num=alt)
ax.set(xticks=range(14, 280, 28), xticklabels=range(10), yticks=[], xlabel="label", frame_on=False)
ax.tick_params(length=0)
picture = ax.imshow(mosaic.numpy(), cmap="gray_r")

# %%
# We will have to decide, for instance, when to stop the training. If we decided this with the :term:`test set`, its
# result would be too good. So 5,000 images leave the :term:`training set` and become the :term:`validation set`, with
# which all decisions are made. ``randperm`` returns the row numbers in a random order.
#
# We also :term:`normalise` the images, with a mean and a standard deviation that are computed from the training images
# alone. ``TensorDataset`` joins images and labels into pairs.

order = torch.randperm(60_000, generator=generator)
valid_rows = order[:5_000]
train_rows = order[5_000:]
mean = images[train_rows].mean()
std = images[train_rows].std()
inputs = (images - mean) / std
train_data = TensorDataset(inputs[train_rows], labels[train_rows])
valid_data = TensorDataset(inputs[valid_rows], labels[valid_rows])
print(f"{len(train_data):,} for training, {len(valid_data):,} for validation")

# %%
# No image is in both parts. A :term:`data loader` groups the images into batches. With ``shuffle=True`` it puts them
# into a new random order in each pass. ``next(iter(loader))`` takes the first :term:`batch`.


def shuffled(data, batch_size, seed):
    """A loader whose random orders are the same for the same seed."""
    shuffling = torch.Generator().manual_seed(seed)
    return DataLoader(data, batch_size, shuffle=True, generator=shuffling)


valid_loader = DataLoader(valid_data, batch_size=500)
batch_images, batch_labels = next(iter(shuffled(train_data, batch_size=128, seed=SEED)))
print("images of a batch:", tuple(batch_images.shape))
print("labels of a batch:", tuple(batch_labels.shape))

# %%
# Predict
# -------
# In PyTorch a network is an object, and its layers are attributes of this object. ``nn.Module`` is the base class of
# all networks: ``__init__`` makes the layers, and ``forward`` computes the output. ``super().__init__()`` prepares the
# module; you will see below how.
#
# ``nn.Linear(4, 4)`` is a :term:`fully connected layer` with 4 inputs and 4 outputs. It has 16 weights and 4 biases.
# This network stores two such layers in a plain Python list.


class ListNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 2)]

    def forward(self, x):
        return self.layers[1](self.layers[0](x))


# %%
# The layers have 20 and 10 parameters. An optimiser gets what ``network.parameters()`` finds.
#
# .. choice:: How many parameters does ``network.parameters()`` find?
#    :outputs: layers_in_a_list
#
#    - None. The network computes its outputs without complaint, but no optimiser would ever change it.
#
#    - This would be right for ``nn.ModuleList``, a list that PyTorch knows, in place of the plain list.
#
#    - These are the weights without the biases. A bias is a parameter too.

network = ListNetwork()
found = sum(parameter.numel() for parameter in network.parameters())
print(f"{found} parameters")
print("outputs:", tuple(network(torch.ones(1, 4)).shape))

# %%
# The network works, and yet it has no parameters. To understand this, we build the mechanism ourselves.
#
# .. fold:: The code of the choices


def in_a_list():
    network = ListNetwork()
    found = sum(parameter.numel() for parameter in network.parameters())
    print(f"{found} parameters")


def in_a_module_list():
    network = ListNetwork()
    network.layers = nn.ModuleList(network.layers)
    found = sum(parameter.numel() for parameter in network.parameters())
    print(f"{found} parameters")


def weights_alone():
    network = ListNetwork()
    found = sum(layer.weight.numel() for layer in network.layers)
    print(f"{found} parameters")


page_files.run_choices("layers_in_a_list", right=in_a_list, wrong=[in_a_module_list, weights_alone])

# %%
# Build it: how a module finds its parameters
# -------------------------------------------
# Python calls a special method, ``__setattr__``, whenever you write ``object.name = value``. A class may define its own
# version of this method, which then sees each assignment. This class prints what it sees.


class Watcher:
    def __setattr__(self, name, value):
        print("assigned:", name)
        super().__setattr__(name, value)  # then store it as usual


watcher = Watcher()
watcher.weight = 3
watcher.layers = []
watcher.layers.append("a layer")
print("layers:", watcher.layers)

# %%
# The class notices two assignments. It does not notice ``append``, although the list has changed: nothing was assigned.
#
# Our ``Module`` does more than print: it *registers* what is assigned to it. An ``nn.Parameter`` is a tensor that
# training may change; it goes into one dictionary, ``_parameters``. A module inside the module goes into a second
# dictionary, ``_modules``. Afterwards every value is stored as usual, registered or not.
#
# ``__call__`` lets us write ``module(x)`` for ``module.forward(x)``.


class Module:
    """The heart of nn.Module: it registers what is assigned to it."""

    def __init__(self):
        self._parameters = {}
        self._modules = {}

    def __setattr__(self, name, value):
        if isinstance(value, nn.Parameter):
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._modules[name] = value
        super().__setattr__(name, value)

    def __call__(self, x):
        return self.forward(x)


# %%
# A layer is a module, too. The parameters of our linear layer start as random numbers between :math:`-1/\sqrt{n}` and
# :math:`1/\sqrt{n}`, where :math:`n` is the number of inputs. (This is the default of ``nn.Linear``.) ``empty``
# makes a tensor without setting its elements, and ``uniform_`` fills it.


class Linear(Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x):  # (N, inputs)
        return x @ self.weight.T + self.bias  # (N, outputs)


layer = Linear(4, 8)
print("registered:", list(layer._parameters))
print("outputs:   ", tuple(layer(torch.ones(16, 4)).shape))

# %%
# The two assignments in ``__init__`` were enough to register the parameters. A network is a module that consists of
# modules. Ours has two linear layers, with :term:`ReLU <activation function>` between them.


class TwoLayers(Module):
    def __init__(self):
        super().__init__()
        self.hidden = Linear(4, 8)
        self.out = Linear(8, 2)

    def forward(self, x):  # (N, 4)
        return self.out(torch.relu(self.hidden(x)))  # (N, 2)


network = TwoLayers()
print("its own parameters:", list(network._parameters))
print("its modules:       ", list(network._modules))

# %%
# The network itself has no :term:`parameter`. They all belong to its layers, as files belong to the folders of a disk.
# So we look for them as we would look for files: take those of this folder, then open each folder inside. The names
# are joined with dots.


def named_parameters(module, prefix=""):
    """All parameters of a module and of the modules inside it, by name."""
    found = {}
    for name, parameter in module._parameters.items():
        found[prefix + name] = parameter
    for name, child in module._modules.items():
        found.update(named_parameters(child, prefix + name + "."))
    return found


for name, parameter in named_parameters(network).items():
    print(f"{name:14} {tuple(parameter.shape)}")

# %%
# This is the answer to the question at the top. The model collects the list itself, one assignment after another, and
# ``parameters()`` walks through the modules.
#
# It also explains the prediction: a plain list is neither a parameter nor a module, so it is not registered, and the
# layers in it are not found. ``nn.ModuleList`` and ``nn.ModuleDict`` are a list and a dictionary that are modules
# themselves, so layers in them are found.
#
# Build it: the network
# ---------------------
# From now on we use :torch:`torch.nn.Module`. Our network has two layers of :term:`convolution` with a stride of 2.
# Each halves height and width. ``nn.Sequential`` runs its layers one after the other.
#
# Then comes :term:`dropout`: during training it sets half of the values to zero at random, so that the network does not
# rely on single values. (Half is the proposal of the paper on dropout.) At the end a linear layer computes ten
# :term:`logits`: one score for each digit, which :term:`softmax` will turn into probabilities.


class DigitNet(nn.Module):
    """Logits, shape (N, 10), of images of shape (N, 1, 28, 28)."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(32 * 7 * 7, 10)

    def forward(self, images):
        maps = self.features(images)  # (N, 32, 7, 7)
        return self.head(self.dropout(maps.flatten(1)))  # (N, 1568), then (N, 10)


# %%
# Before the first training, look at the shape after each layer. We send one image of zeros through the layers, one at a
# time.

network = DigitNet()
x = torch.zeros(1, 1, 28, 28)
for layer in network.features:
    x = layer(x)
    print(f"{type(layer).__name__:7}", tuple(x.shape))
x = network.head(x.flatten(1))
print(f"{type(network.head).__name__:7}", tuple(x.shape))

# %%
# 28 becomes 14 and then 7, as it should.
#
# Build it: one step
# ------------------
# We begin with a single batch and repeat the same step five times. Each step has four lines: ``zero_grad`` clears the
# gradients of the step before, the :term:`cross-entropy` of the logits is computed, ``backward`` computes a gradient
# for each parameter, and ``step`` changes the parameters. The optimiser is Adam. ``.to(device)`` moves model and data
# to the same device.

cross_entropy = nn.CrossEntropyLoss()
torch.manual_seed(SEED)
model = DigitNet().to(device)
optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
batch_images, batch_labels = batch_images.to(device), batch_labels.to(device)

for step in range(5):
    optimiser.zero_grad()
    loss = cross_entropy(model(batch_images), batch_labels)
    loss.backward()
    optimiser.step()
    print(f"loss before step {step + 1}: {loss.item():.3f}")
print(f"a network that knows nothing: {math.log(10):.3f}")

# %%
# The loss falls at each step. Remember where it begins: a network that knows nothing gives each digit the probability
# 1/10, and the cross-entropy of that is :math:`\ln 10`, about 2.3 (lesson 11). If a classifier with ten classes starts
# far from 2.3, look for a mistake.
#
# Build it: the training loop
# ---------------------------
# One pass through all batches is an :term:`epoch`. The four lines stay the same; around them comes a loop over the
# loader. ``model.train()`` puts the model into training mode, in which dropout is active. We also compute the mean
# loss over all images. The last batch may be smaller, so we multiply each loss by the number of images in its batch
# (lesson 11 shows why).


def train_by_hand(model, loss_function, optimiser, loader):
    """Go through the training data once, and return the mean loss."""
    model.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimiser.zero_grad()
        loss = loss_function(model(images), labels)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


# %%
# For experiments we want trainings that take a second. They use only 500 of the training images, in batches of 32, and
# the first 1,000 validation images. ``start`` makes everything that such a training needs from one seed.

small_data = TensorDataset(inputs[train_rows[:500]], labels[train_rows[:500]])
small_valid_data = TensorDataset(inputs[valid_rows[:1000]], labels[valid_rows[:1000]])
small_valid_loader = DataLoader(small_valid_data, batch_size=500)


def start(seed):
    """A new model, its optimiser, and a loader of 500 images."""
    torch.manual_seed(seed)  # for the first weights and for dropout
    model = DigitNet().to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    return model, optimiser, shuffled(small_data, batch_size=32, seed=seed)


model, optimiser, loader = start(SEED)
for epoch in range(3):
    loss = train_by_hand(model, cross_entropy, optimiser, loader)
    print(f"epoch {epoch + 1}: training loss {loss:.3f}")

# %%
# The loss falls. But it is measured on the images that the network learns from.
#
# Build it: validation
# --------------------
# The second function measures the loss on other images and changes no weight. Two things differ from training.
# ``no_grad`` switches the recording of gradients off (lesson 12), which saves time and memory; written with ``@``
# above a function, it holds for the whole function. ``eval()`` switches dropout off, because a network in use should
# not lose half of its values. (The next epoch begins with ``model.train()``, which switches it on again.)


@torch.no_grad()
def evaluate_by_hand(model, loss_function, loader):
    """Return the mean loss in evaluation mode; the weights stay as they were."""
    model.eval()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        total += loss_function(model(images), labels).item() * len(labels)
    return total / len(loader.dataset)


print(f"validation loss: {evaluate_by_hand(model, cross_entropy, small_valid_loader):.3f}")

# %%
# This loss tells how well the network reads digits that it has not seen.
#
# Build it: early stopping
# ------------------------
# How many epochs should a training have? We let the validation loss decide. Whenever it is the lowest so far, we keep
# the weights. After ``patience`` epochs without a new best one we stop, and go back to the weights that we kept. This
# is :term:`early stopping`.
#
# ``state_dict`` returns the weights by name, but not copies of them: the next step would change them. ``copy.deepcopy``
# makes a copy that stays.


def fit_by_hand(model, loss_function, optimiser, loader, valid_loader, epochs, patience):
    """Train with early stopping, and return the training and the validation losses."""
    losses, valid_losses = [], []
    best_epoch, best_loss = 0, math.inf
    best_weights = copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        losses.append(train_by_hand(model, loss_function, optimiser, loader))
        valid_losses.append(evaluate_by_hand(model, loss_function, valid_loader))
        if valid_losses[-1] < best_loss:
            best_epoch, best_loss = epoch, valid_losses[-1]
            best_weights = copy.deepcopy(model.state_dict())
        if epoch - best_epoch == patience:
            break
    model.load_state_dict(best_weights)
    return losses, valid_losses


# %%
# We train on the 500 images for at most 60 epochs. The ``patience`` of 5 is a guess: a smaller one might stop at a
# chance bump of the curve.

model, optimiser, loader = start(SEED)
losses, valid_losses = fit_by_hand(
    model, cross_entropy, optimiser, loader, small_valid_loader, epochs=60, patience=5
)
best_epoch = valid_losses.index(min(valid_losses))
print(f"stopped after epoch {len(losses)}, back to epoch {best_epoch + 1}")
print(f"validation loss of the kept weights: {min(valid_losses):.3f}")

# %%
# In the figure the training loss goes on falling, while the validation loss stops falling: the network learns
# peculiarities of the 500 images, which is called :term:`overfitting`. At first the training loss is even the higher
# one, because dropout disturbs it, and because it is a mean over an epoch in which the network was still learning.
#
# .. fold:: How the figure is drawn

alt = "With 500 images the training loss goes on falling, and the validation loss does not follow."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
epochs_shown = range(1, len(losses) + 1)
ax.plot(epochs_shown, losses, label="training")
ax.plot(epochs_shown, valid_losses, label="validation")
ax.plot(best_epoch + 1, valid_losses[best_epoch], "o", color=INK, label="best epoch")
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
legend = ax.legend()
kept_loss = evaluate_by_hand(model, cross_entropy, small_valid_loader)
assert math.isclose(kept_loss, min(valid_losses), rel_tol=1e-6)
# The best epoch counts from 0, and the patience is 5.
assert len(losses) == 60 or len(losses) == best_epoch + 1 + 5

# %%
# Check against PyTorch
# ---------------------
# We check the module first. PyTorch's own modules also have the dictionaries ``_parameters`` and ``_modules``. So our
# ``named_parameters`` can walk through any network of torchvision, and must find what PyTorch finds. Then we check our
# linear layer: with the same weights, outputs and gradients must be those of ``nn.Linear``.
#
# .. fold:: Checked against PyTorch: 6 networks, 50 layers

for build in (
    models.alexnet,
    models.vgg11,
    models.resnet18,
    models.mobilenet_v2,
    models.densenet121,
    models.vit_b_16,
):
    with torch.device("meta"):  # shapes without elements: nothing is computed
        network = build()
    found = named_parameters(network)
    # Where a bias is switched off, PyTorch keeps None in its place.
    ours = {name: parameter for name, parameter in found.items() if parameter is not None}
    theirs = dict(network.named_parameters())
    assert list(ours) == list(theirs)
    assert all(ours[name] is theirs[name] for name in ours)
    print(f"{type(network).__name__:17} {len(ours):3} parameter tensors, the same by both ways")

for _ in range(50):
    inputs_count, outputs_count = torch.randint(1, 40, (2,), generator=generator).tolist()
    ours, theirs = Linear(inputs_count, outputs_count), nn.Linear(inputs_count, outputs_count)
    theirs.load_state_dict(named_parameters(ours))
    x = torch.randn(16, inputs_count, generator=generator)
    for layer in (ours, theirs):
        layer(x).square().mean().backward()
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)
print("50 linear layers: outputs and gradients agree")

# %%
# Now we check the loop. :py:func:`dlcourse.training.fit` does what ``fit_by_hand`` does, and later lessons use it. From
# the same seed, both must lead to the same losses and the same weights, to the last bit.

model_of_fit, optimiser, loader = start(SEED)
history = fit(
    model_of_fit, cross_entropy, optimiser, loader,
    epochs=60, valid_loader=small_valid_loader, patience=5,
)  # fmt: skip
print("the same training losses:  ", history.loss == losses)
print("the same validation losses:", history.valid_loss == valid_losses)
pairs = zip(model.parameters(), model_of_fit.parameters(), strict=True)
print("the same weights:          ", all(torch.equal(ours, theirs) for ours, theirs in pairs))
assert history.loss == losses and history.valid_loss == valid_losses

# %%
# Both trainings agree bit for bit. ``fit`` returns a ``History``: the losses of each epoch, and ``best_epoch``.
#
# Use it: a baseline and the network
# ----------------------------------
# Do we need a network with convolutions at all? The :term:`baseline` is a single linear layer from 784 pixels to ten
# logits, which is called softmax regression. Both models see the same 55,000 images, in the same order, for four epochs
# (a guess). With a patience of four the training never stops early; it only goes back to its best epoch.
#
# After each epoch ``fit`` measures the :term:`accuracy` on the validation images: the share of digits that were read
# correctly.


def train_on_all(model):
    """Train on the 55,000 images, and return what happened in each epoch."""
    loader = shuffled(train_data, batch_size=128, seed=SEED)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    return fit(
        model, cross_entropy, optimiser, loader,
        epochs=4, valid_loader=valid_loader, metrics={"accuracy": accuracy}, patience=4,
    )  # fmt: skip


torch.manual_seed(SEED)
baseline = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(device)
network = DigitNet().to(device)
for name, model in (("baseline", baseline), ("DigitNet", network)):
    history = train_on_all(model)
    print(f"{name}:", *(f"{share:.1%}" for share in history.metrics["accuracy"]))

# %%
# On the validation images the network is far ahead, although the baseline, too, reads more than nine of ten digits.
#
# Use it: look at the mistakes
# ----------------------------
# Before you tune anything, look at the errors. They show what the model has not understood. We look at *validation*
# images: if you look at test images, you begin to make your choices for them.
#
# From now on the network is only used. After ``requires_grad_(False)`` its parameters collect no gradients any more.
# ``softmax`` turns logits into probabilities. ``max(1)`` returns the largest probability of each row and its position,
# which is the predicted digit.
#
# ``nonzero`` returns the positions at which the comparison is true. ``argsort`` returns the positions in sorted order,
# here with the most certain answer first.

network = network.cpu().eval().requires_grad_(False)
valid_inputs, valid_labels = inputs[valid_rows], labels[valid_rows]
valid_logits = network(valid_inputs)  # (5000, 10)
certainty, predicted = valid_logits.softmax(1).max(1)  # (5000,) each
wrong = (predicted != valid_labels).nonzero().flatten()
certainty_of_wrong = certainty[wrong]
surest = wrong[certainty_of_wrong.argsort(descending=True)]
print(f"{len(wrong)} of {len(predicted):,} misread")

# %%
# The figure shows the twelve wrong answers of which the network was most certain. Above each image stand its label and,
# after the arrow, what the network read; below them its certainty. Some of these digits are hard for people, too.
#
# .. fold:: How the figure is drawn

alt = "Twelve misread digits; above each its label, what the network read, and its certainty."
fig, axes = plt.subplots(2, 6, figsize=(5.2, 2.7), num=alt)
for ax, row in zip(axes.flat, surest, strict=False):
    ax.imshow(images[valid_rows[row], 0].numpy(), cmap="gray_r")
    ax.set_title(f"{valid_labels[row]} → {predicted[row]}\n{certainty[row]:.1%}")
    ax.set_axis_off()

# %%
# Use it: save and load the weights
# ---------------------------------
# ``state_dict`` returns the parameters by name; the class itself stays in your code. ``save_file`` of safetensors
# writes them into a file that holds names, shapes, elements and short notes, and nothing else. So opening such a file
# can never run code. (``page_files.folder()`` is a folder for the files that this page uses.)
#
# To load the weights, build a new model of the same class and give them to ``load_state_dict``.

page = page_files.folder()
notes = {"mean std stride": f"{mean.item()} {std.item()} 2"}  # to prepare an image in the same way
save_file(network.state_dict(), page / "digits.safetensors", metadata=notes)

weights = load_file(page / "digits.safetensors")
restored = DigitNet().eval()
restored.load_state_dict(weights)
print("tensors in the file:", list(weights))
print("the same logits:", torch.equal(restored(valid_inputs), valid_logits))

# %%
# The restored model computes the same logits.
#
# Use it: draw a digit
# --------------------
# In the field below, your browser computes the layers from the saved weights. It can also show validation images: ten
# that the network reads rightly, and the ten errors of which it was most certain.
#
# .. fold:: Twenty images for the field

right = (predicted == valid_labels).nonzero().flatten()
first_of_each = [right[valid_labels[right] == digit][0].item() for digit in range(10)]
twenty = [*first_of_each, *surest[:10].tolist()]
pixels = digits.data[valid_rows[twenty]]
save_file({"pixels": pixels, "labels": valid_labels[twenty]}, page / "samples.safetensors")
print(f"{len(twenty)} images saved")

# %%
# Digits that do not look like those of MNIST will be misread. Draw a scribble as well. Its probabilities, too, have the
# sum 1, because there is no class for *none of these*.
#
# .. live-digit::
#
#    The drawing board needs JavaScript, which does not run here.
#
# Use it: the test set
# --------------------
# All decisions are made. Now the test set answers one question, once: how much better than the baseline does the
# network read digits of people whom it has never met? Both models read the same 10,000 images, so we compare them image
# by image.

test_digits = MNIST(assets.path("mnist"), train=False)
test_inputs = (test_digits.data.unsqueeze(1) / 255 - mean) / std
right_of_baseline = (baseline.cpu()(test_inputs).argmax(1) == test_digits.targets).float()
right_of_network = (network(test_inputs).argmax(1) == test_digits.targets).float()
difference = right_of_network - right_of_baseline  # 1, 0 or -1 for each image
standard_error = difference.std() / len(difference) ** 0.5
print(f"baseline {right_of_baseline.mean():.1%}, DigitNet {right_of_network.mean():.1%}")
print(f"difference {100 * difference.mean():.1f} ± {100 * standard_error:.1f} percentage points")
assert right_of_network.mean() > 0.975 and difference.mean() > 10 * standard_error

# %%
# The number after ± is the :term:`standard error`, as in lesson 11. A difference of more than two standard errors is
# hardly chance, and this one is much larger. But the standard error says nothing about other seeds of the training.
#
# Break it: a layer that does not fit
# -----------------------------------
# First a mistake that is loud. Somebody forgot that the maps are 7 × 7, and gave the last layer too few inputs.

narrow = nn.Sequential(network.features, nn.Flatten(), nn.Linear(32, 10))
try:
    narrow(valid_inputs[:2])
except RuntimeError as error:
    print(f"RuntimeError: {error}")

# %%
# In a matrix product the two lengths in the middle must be equal. 1568 values arrive for each of the two images, but
# the layer has 32 inputs. Since 1568 = 32 · 7 · 7, we see at once what was forgotten.
#
# Break it: the loss does not fall
# --------------------------------
# Why is my loss not going down? There is no error, and the loop runs. Three mistakes in the loop are so common that
# each deserves a look at its curve. (:doc:`Lesson 15 </lessons/2_training/lesson_15_visual_monitoring>` adds eight
# others.) For each we train the sick loop and the healthy one from the same three seeds.
#
# ``small_training`` trains on the 500 images for ten epochs, without early stopping. Its training function, its
# measuring function and its loss can be exchanged.


def small_training(
    seed, train=train_by_hand, measure=evaluate_by_hand, loss_function=cross_entropy
):
    """Train for ten epochs; return the model and its training and validation losses."""
    model, optimiser, loader = start(seed)
    losses, valid_losses = [], []
    for _ in range(10):
        losses.append(train(model, loss_function, optimiser, loader))
        valid_losses.append(measure(model, loss_function, small_valid_loader))
    return model, losses, valid_losses


SEEDS = [SEED, SEED + 1, SEED + 2]
healthy = [small_training(seed) for seed in SEEDS]
for seed, (_, losses, _) in zip(SEEDS, healthy, strict=True):
    print(f"seed {seed}: training loss {losses[0]:.2f} at first, {losses[-1]:.2f} at the end")

# %%
# These are the healthy losses. The first sick loop lacks one line, ``optimiser.zero_grad()``. ``backward`` does not
# replace the old gradients: it *adds* the new ones to them (lesson 12).


def train_without_zero_grad(model, loss_function, optimiser, loader):
    model.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        loss = loss_function(model(images), labels)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


forgetful = [small_training(seed, train=train_without_zero_grad) for seed in SEEDS]
for seed, (_, losses, _) in zip(SEEDS, forgetful, strict=True):
    print(f"seed {seed}: training loss {losses[0]:.2f} at first, {losses[-1]:.2f} at the end")

# %%
# The optimiser now follows the sum of all gradients since the beginning, in which the newest one hardly counts. So it
# goes on in the old direction, even where the loss already rises.
#
# In the figure the loss falls at first, then it jumps up, swings for some epochs, and falls only slowly. After ten
# epochs it is still more than three times the healthy loss. **What to look for:** a good start, then a jump.
#
# .. fold:: How the figure is drawn


def draw_curves(alt, ylabel, healthy_curves, sick_curves, sick_name):
    """Draw healthy and sick curves over the epochs, a thin line for each seed."""
    _, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
    for curves, colour, name in (
        (healthy_curves, BLUE, "healthy"),
        (sick_curves, VERMILION, sick_name),
    ):
        for number, curve in enumerate(curves):
            label = name if number == 0 else None
            ax.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=1.3, label=label)
    ax.set(xlabel="epoch", ylabel=ylabel, ylim=(0, None))
    ax.legend()
    return ax


healthy_losses = [losses for _, losses, _ in healthy]
sick_losses = [losses for _, losses, _ in forgetful]
ax = draw_curves(
    "Without zero_grad the training loss falls at first, then it jumps up and falls again only slowly.",
    "training loss", healthy_losses, sick_losses, "no zero_grad",
)  # fmt: skip
for sick, well in zip(sick_losses, healthy_losses, strict=True):
    assert max(sick[3:]) > 1.2 * min(sick[:3]), "no jump after the good start"
    assert sick[-1] > 3 * well[-1]

# %%
# Break it: forgotten eval()
# --------------------------
# The second mistake is in the measurement: ``model.eval()`` is missing. So dropout throws half of the values away while
# we measure. The training function is the healthy one.


@torch.no_grad()
def evaluate_without_eval(model, loss_function, loader):
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        total += loss_function(model(images), labels).item() * len(labels)
    return total / len(loader.dataset)


noisy = [small_training(seed, measure=evaluate_without_eval) for seed in SEEDS]
model = noisy[0][0]
for name, measure in (("without", evaluate_without_eval), ("with eval()", evaluate_by_hand)):
    found = [measure(model, cross_entropy, small_valid_loader) for _ in range(3)]
    print(f"{name:12} the same model, three times:", *(f"{loss:.3f}" for loss in found))

# %%
# The first line of the output is the test for this mistake: the same model on the same images leads to another loss
# each time. In the figure the sick curves lie above the healthy ones. They look as if the networks were simply worse,
# so the mistake can stay for months. **What to look for:** measure twice. If the two results differ, ``eval()`` is
# missing.
#
# .. fold:: How the figure is drawn

healthy_curves = [valid_losses for _, _, valid_losses in healthy]
sick_curves = [valid_losses for _, _, valid_losses in noisy]
ax = draw_curves(
    "Without eval() the validation loss lies above the healthy one.",
    "validation loss", healthy_curves, sick_curves, "no eval()",
)  # fmt: skip
ax.set_ylim(0, 1.1)  # the first epoch lies above
assert all(sum(sick) > sum(well) for sick, well in zip(sick_curves, healthy_curves, strict=True))

# %%
# Other layers have two modes as well. With :term:`batch normalisation` and without ``eval()``, the answer for an image
# depends on the other images of its batch (:doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>` says why).
# Measuring twice does not find this: the same batches lead to the same answers. Measure with another batch size.
#
# Break it: softmax before cross-entropy
# --------------------------------------
# ``nn.CrossEntropyLoss`` expects logits and computes the softmax itself. The third mistake gives it probabilities, so
# softmax is applied twice. In lesson 11 this mistake spoiled the probabilities. Here we see what it does to the
# training.
#
# The cell also computes the lowest loss that is possible now. A perfect answer has the probability 1 at the right digit
# and 0 elsewhere: row :math:`i` of ``torch.eye(10)`` is the perfect answer for digit :math:`i`.


def softmax_twice(logits, labels):
    return cross_entropy(logits.softmax(1), labels)


squeezed = [small_training(seed, loss_function=softmax_twice) for seed in SEEDS]
perfect = torch.eye(10)  # the probabilities of ten perfect answers
floor = cross_entropy(perfect, torch.arange(10)).item()
lowest = min(min(losses) for _, losses, _ in squeezed)
print(f"lowest possible loss {floor:.3f}, lowest reached {lowest:.3f}")
print("last training losses:", *(f"{losses[-1]:.2f}" for _, losses, _ in squeezed))

# %%
# Probabilities lie between 0 and 1. The second softmax takes them for logits, and logits that differ by at most 1 mean
# "almost undecided". Even in a perfect answer the right digit gets only :math:`e/(e + 9)`, and :math:`-\ln` of that is
# :math:`\ln(e + 9) - 1`, about 1.46.
#
# **What to look for:** a loss with ten classes that begins at 2.3 and flattens out above 1.46. Remove the softmax from
# the model.
#
# .. fold:: How the figure is drawn

sick_losses = [losses for _, losses, _ in squeezed]
ax = draw_curves(
    "With softmax before cross-entropy the training loss stays above 1.46.",
    "training loss", healthy_losses, sick_losses, "softmax twice",
)  # fmt: skip
ax.axhline(floor, color=INK, linestyle=":", linewidth=1)
floor_label = ax.annotate(
    "lowest possible", (10, floor), (0, -12), textcoords="offset points", ha="right"
)
assert math.isclose(floor, math.log(math.e + 9) - 1, rel_tol=1e-5)
assert lowest > floor

# %%
# Break it: a file that brings code
# ---------------------------------
# ``torch.save`` writes PyTorch's own format. It is built on pickle, and a pickle file may hold a function that is
# called when the file is read. Ours only prints a line; another one could look for your passwords.
#
# ``torch.load`` has ``weights_only=True`` as its default, which lets only tensors and plain values through. (Before
# PyTorch 2.6 the default was the unsafe one.)


class Greeting:
    def __reduce__(self):  # pickle asks this method what to do when the file is read
        return print, ("this line was printed by code from the file",)


with TemporaryDirectory() as folder:
    torch.save({"weights": weights, "extra": Greeting()}, f"{folder}/web.pt")
    try:
        torch.load(f"{folder}/web.pt")
    except pickle.UnpicklingError as error:
        message = str(error).split("WeightsUnpickler error: ")[-1]
        print(fill("UnpicklingError: " + message.split(". ")[0], 80))
    unsafe = torch.load(f"{folder}/web.pt", weights_only=False)

# %%
# The safe attempt ends with an error that names what the file wanted to call. The unsafe attempt called it.
# ``weights_only=False`` is only for files that you wrote yourself.
#
# Then and now
# ------------
# Training loops on the web are often older than PyTorch 1.0. PyTorch 2.14 says the following to old lines.
#
# .. fold:: The rows, run as they are written

example = valid_inputs[:2]
old_and_new = [
    (
        "print(cross_entropy(valid_logits, valid_labels).data[0])",
        "print(f'{cross_entropy(valid_logits, valid_labels).item():.2f}')",
    ),
    (
        "mean_loss = nn.MSELoss(reduction='elementwise_mean')(example, example)",
        "mean_loss = nn.MSELoss(reduction='mean')(example, example)",
    ),
    (
        """import io
torch.onnx.export(network, (example,), io.BytesIO(), dynamo=False)""",
        "exported = torch.onnx.export(network, (example,), verbose=False)",
    ),
]
page_files.run_then_and_now("training", old_and_new, globals())

# %%
# .. then-and-now:: training
#
#    - A loss has no axis to index. ``item`` returns the Python number.
#
#    - Another name since PyTorch 1.0.
#
#    - ONNX is the subject of "Going further". The exporter that follows the program with ``torch.export`` is the
#      default since PyTorch 2.9.
#
# What you learned
# ----------------
# - A module registers the parameters and modules that are assigned to it; what lies in a plain list is not found.
# - The loop clears the gradients, computes loss and gradients, and makes a step. Validation decides when to stop; the
#   test set is used once.
# - A loss that jumps up after a good start lacks ``zero_grad``; a measurement that differs when it is repeated lacks
#   ``eval()``; a loss that flattens out above 1.46 with ten classes has a softmax too many.
# - Save weights with safetensors, or load them with ``weights_only=True``: then a file cannot run code.
#
# Self-checks
# -----------
# .. choice:: Why does ``DigitNet`` call ``super().__init__()`` before it assigns its first layer?
#    :right: 2
#
#    - It is only a habit: the order makes no difference.
#
#      Try it: PyTorch raises ``AttributeError: cannot assign module before Module.__init__() call``.
#
#    - It creates the dictionaries in which the layer is registered.
#
#      Without ``_modules``, ``__setattr__`` has no place to register the layer.
#
#    - It draws the random weights of the layers.
#
#      Each layer draws its own weights when it is made.
#
# .. choice:: You try twenty settings and report the best *test* accuracy of the twenty. What is wrong with that?
#    :right: 1
#
#    - The test set has made the choice, so the result is too good.
#
#      The best of twenty is partly the luckiest of twenty. On new data the model will do a little worse.
#
#    - Nothing, because no image of the test set was trained on.
#
#      Choosing is a kind of training: the choice fits the chance features of the test set.
#
#    - Twenty settings are too few to find a good one.
#
#      With more settings the best result would be even luckier.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_14>`.
#
# **1. Recall.** How many trainable parameters does this network have? Compute it from the sizes of the layers.
#
# .. code-block:: python
#
#    small_network = nn.Sequential(
#        nn.Conv2d(3, 8, kernel_size=5), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 28 * 28, 10)
#    )
#    count = 0
#
#    assert count == sum(p.numel() for p in small_network.parameters()), "another number of parameters"
#    print("trainable parameters:", count)
#
# **2. Modify.** The loss of this loop does not fall as it should. Find two mistakes and mend them.
#
# .. code-block:: python
#
#    def train(model, optimiser, x, targets):
#        for step in range(100):
#            probabilities = model(x).softmax(1)
#            loss = nn.CrossEntropyLoss()(probabilities, targets)
#            loss.backward()
#            optimiser.step()
#        return loss.item()
#
#    torch.manual_seed(0)
#    x = torch.randn(300, 2)
#    targets = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()  # three classes
#    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3))
#    loss = train(model, torch.optim.Adam(model.parameters(), lr=0.03), x, targets)
#    assert loss < 0.1, f"the loss is still {loss:.2f}"
#    print(f"loss {loss:.3f}")
#
# **3. Extend.** Make ``save`` and ``load`` good enough to go on exactly where a training stopped. ("Going further"
# shows how.)
#
# .. code-block:: python
#
#    import io
#
#    def save(model, optimiser, file):
#        torch.save({"model": model.state_dict()}, file)
#
#    def load(model, optimiser, file):
#        state = torch.load(file, weights_only=True)
#        model.load_state_dict(state["model"])
#
#    def steps(model, optimiser, count):
#        for _ in range(count):
#            optimiser.zero_grad()
#            loss = model(torch.ones(4, 3)).square().mean()
#            loss.backward()
#            optimiser.step()
#        return loss.item()
#
#    def fresh_start(seed):
#        torch.manual_seed(seed)
#        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1))
#        return model, torch.optim.Adam(model.parameters(), lr=0.1)
#
#    run, file = fresh_start(seed=0), io.BytesIO()
#    steps(*run, 5)
#    save(*run, file)
#    expected = steps(*run, 5)
#    other = fresh_start(seed=1)
#    file.seek(0)
#    load(*other, file)
#    assert steps(*other, 5) == expected, "the training goes on in another way"
#    print("the same loss to the last bit:", f"{expected:.4f}")
#
# In practice
# -----------
# - Overfit ten images first: if a network cannot learn even those, there is a mistake.
# - Write a checkpoint under a temporary name and rename it: a crash must not destroy the last good one.
#
# Going further
# -------------
# **Go on exactly where a training stopped.** A long training may be interrupted. (In :doc:`lesson 16
# </lessons/2_training/lesson_16_distributed>` we interrupt one on purpose.) The weights alone are not enough to go on:
# Adam keeps two averages for each parameter, the loader shuffles with its generator, and dropout draws random numbers.
# A :term:`checkpoint` must hold all of this.
#
# .. fold:: Saving a training, and loading it again

random_numbers = torch if device.type == "cpu" else torch.get_device_module(device)


def save_run(model, optimiser, loader, path):
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "shuffling": loader.generator.get_state(),
        "dropout": random_numbers.get_rng_state(),
    }
    torch.save(state, path)


def load_run(model, optimiser, loader, path):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    loader.generator.set_state(state["shuffling"])
    random_numbers.set_rng_state(state["dropout"])


# %%
# We compare three trainings of six epochs. The first never stops. The second stops after three epochs; then new
# objects, made from another seed, load the checkpoint, as after a crash. The third loads the weights alone, as many
# scripts do.
#
# .. fold:: The three trainings


def several_epochs(run, epochs):
    model, optimiser, loader = run
    return [train_by_hand(model, cross_entropy, optimiser, loader) for _ in range(epochs)]


whole = several_epochs(start(SEED), 6)
with TemporaryDirectory() as folder:
    interrupted = start(SEED)
    first_half = several_epochs(interrupted, 3)
    save_run(*interrupted, f"{folder}/last.pt")
    resumed = start(SEED + 1)
    load_run(*resumed, f"{folder}/last.pt")
    resumed_losses = first_half + several_epochs(resumed, 3)
    shortcut = start(SEED + 1)
    shortcut[0].load_state_dict(torch.load(f"{folder}/last.pt", weights_only=True)["model"])
    shortcut_losses = first_half + several_epochs(shortcut, 3)
print("in one go:   ", *(f"{loss:.4f}" for loss in whole))
print("resumed:     ", *(f"{loss:.4f}" for loss in resumed_losses))
print("weights only:", *(f"{loss:.4f}" for loss in shortcut_losses))
assert resumed_losses == whole and shortcut_losses != whole

# %%
# The resumed losses are those of the training that never stopped, to the last bit. With the weights alone it becomes
# another training. ``fit`` does all this with ``checkpoint_folder=`` and ``resume=True``.
#
# **Take the network elsewhere.** A phone or a web page usually has no PyTorch. An ONNX file holds the computation
# itself, layers and weights, and other programs can run it. ``torch.onnx.export`` sends an example through the model
# and writes down each operation. ``dynamic_shapes`` says that the number of images may vary. Then ONNX Runtime reads
# the file, and we compare its logits with ours.
#
# .. fold:: The export and its check

exported = torch.onnx.export(
    network, (example,), input_names=["images"], output_names=["logits"],
    dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False,
)  # fmt: skip
for node in exported.model.graph:
    node.metadata_props.clear()
exported.save(page / "digits.onnx", external_data=False)

session = onnxruntime.InferenceSession(page / "digits.onnx", providers=["CPUExecutionProvider"])
(theirs,) = session.run(["logits"], {"images": valid_inputs.numpy()})
largest = (torch.from_numpy(theirs) - valid_logits).abs().max().item()
print(f"{session.get_inputs()[0].shape}: largest difference of the logits {largest:.0e}")
assert largest < 1e-4

# %%
# The difference is rounding. Comparing the outputs is part of every export.
#
# **See the shapes without a loop.** A *hook* is a function that runs after the ``forward`` of a layer:
# :torch:`torch.nn.Module.register_forward_hook`. Only ``model(images)`` runs hooks, so do not call ``model.forward``.
#
# References
# ----------
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: `Gradient-based learning applied to document recognition
#   <https://doi.org/10.1109/5.726791>`__, 1998. The paper of MNIST and of the first networks to read it well.
# - \D. P. Kingma, J. Ba: `Adam: a method for stochastic optimization <https://arxiv.org/abs/1412.6980>`__, ICLR 2015.
#   The learning rate of 0.001 is proposed there.
# - \N. Srivastava and others: `Dropout: a simple way to prevent neural networks from overfitting
#   <https://jmlr.org/papers/v15/srivastava14a.html>`__, 2014.
# - \L. Prechelt: `Early stopping, but when? <https://doi.org/10.1007/3-540-49430-8_3>`__, 1998.
# - PyTorch: `Serialization semantics <https://docs.pytorch.org/docs/stable/notes/serialization.html>`__.
