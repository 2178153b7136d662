"""
14 · Building a network: from model to training in one go
=========================================================

Nobody ever gives a model the list of its numbers. Yet ``model.parameters()`` finds every one that training may
change, however deep it sits. How? The first part of this lesson answers that with a class of a dozen lines; then we
train a network to read handwriting. A second question matters on the day when a long training is cut off: what
exactly must have been saved, so that it goes on as if it had never stopped?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - write a network as a class, and say which of its numbers an optimiser will find;
      - write the whole training loop, with validation, early stopping and the best weights kept;
      - save a model so that opening the file cannot run code, and resume a training exactly;
      - export a model to ONNX and check that it still computes the same.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`04 </lessons/1_basics/lesson_04_tensors>` and
        :doc:`09 </lessons/2_training/lesson_09_convolution_1>`. Lessons 06 to 08 and 10 to 13 are still planned; until
        then, know what the cross-entropy, a gradient and Adam are for.
      - **Data:** MNIST, 70,000 handwritten digits; 12 MB are downloaded once.
      - **Run time:** less than 60 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# From ``dlcourse`` come the data and a training loop. You will write that loop yourself first, and compare. On a GPU,
# convolutions may add up their terms in an order that changes from run to run. The ``cudnn`` line rules that out,
# because some cells below compare two trainings bit for bit. On a CPU it does nothing.

# sphinx_gallery_number = 14
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [4, 9]
# sphinx_gallery_assets = ["mnist"]
# sphinx_gallery_thumbnail_number = 3
import copy
import io
import pickle
import warnings
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.pyplot as plt
import onnxruntime
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

from dlcourse import assets, page_files
from dlcourse.device import pick_device
from dlcourse.metrics import accuracy
from dlcourse.plotting import INK, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import evaluate, fit

use_course_style()
generator = seed_everything(14)
device = pick_device()
torch.backends.cudnn.deterministic = True

# %%
# Look at the data
# ----------------
# MNIST holds 60,000 digits for training and 10,000 for testing, each in 28 × 28 grey pixels; different people wrote
# the two parts. All of it fits into memory as one tensor, with an axis for the single channel. Here are four of each.

mnist = {part: MNIST(assets.path("mnist"), train=part == "train") for part in ("train", "test")}
images = {part: data.data.unsqueeze(1) / 255 for part, data in mnist.items()}  # (N, 1, 28, 28)
labels = {part: data.targets for part, data in mnist.items()}  # (N,)

examples = torch.stack([images["train"][labels["train"] == i][:4, 0] for i in range(10)])
mosaic = examples.permute(1, 2, 0, 3).reshape(4 * 28, 10 * 28)  # (10, 4, 28, 28) before
alt = "Four handwritten examples of each of the ten digits, in a column above their label."
fig, ax = plt.subplots(figsize=(5.2, 2.4), num=alt)
ax.imshow(mosaic.numpy(), cmap="gray_r")
ax.set(xticks=range(14, 280, 28), xticklabels=range(10), yticks=[], xlabel="label", frame_on=False)
ax.tick_params(length=0)
for part, stack in images.items():
    print(f"{part:5}", tuple(stack.shape), stack.dtype, f"{stack.min():g} to {stack.max():g}")

# %%
# A :term:`test set` is for the end. When to stop, for instance, must be decided on other data, or the final number
# flatters us. So 5,000 images leave the :term:`training set` and become the :term:`validation set`. The numbers with
# which we :term:`normalise` come from the other 55,000 alone. A :term:`data loader` groups images into batches.

order = torch.randperm(60_000, generator=generator)
rows = {"valid": order[:5_000], "train": order[5_000:], "small": order[5_000:5_500]}
std, mean = torch.std_mean(images["train"][rows["train"]])
inputs = {part: (stack - mean) / std for part, stack in images.items()}
data = {name: TensorDataset(inputs["train"][i], labels["train"][i]) for name, i in rows.items()}
data["test"] = TensorDataset(inputs["test"], labels["test"])


def batches(name, size=500, seed=None):
    """A loader of one data set; with a seed it shuffles, each time in the same way."""
    shuffling = None if seed is None else torch.Generator().manual_seed(seed)
    return DataLoader(data[name], size, shuffle=seed is not None, generator=shuffling)


print(*(f"{name} {len(dataset):,}" for name, dataset in data.items()), sep="   ")

# %%
# Predict
# -------
# A network is an object with layers as attributes. Below, two layers with 20 and 10 numbers sit in five containers.
# PyTorch's ``Sequential`` runs its layers one after the other; with ``ModuleList`` you loop over them yourself, with
# ``ModuleDict`` you pick one by name. How many numbers will an optimiser find in each of the five objects?
#
# .. dropdown:: Answer
#
#    30 in PyTorch's containers, none in the list and the dictionary. A network whose layers sit in a list computes its
#    output without complaint, but the optimiser never sees them, and they do not follow the model to a GPU.

layers = {"first": nn.Linear(4, 4), "second": nn.Linear(4, 2)}
pair = list(layers.values())
for container in (pair, layers, nn.Sequential(*pair), nn.ModuleList(pair), nn.ModuleDict(layers)):
    network = nn.Module()
    network.layers = container
    found = sum(parameter.numel() for parameter in network.parameters())
    print(f"{type(container).__name__:10} {found:2} numbers")

# %%
# Build it: how a module finds its parameters
# -------------------------------------------
# The trick is one special method. Python calls ``__setattr__`` whenever you write ``self.weight = …``, and there the
# class looks at what it is given. An ``nn.Parameter`` goes into one register, another module into a second, a list into
# none. To find every :term:`parameter`, ``named_parameters`` walks down the tree and joins the names with dots.


class Module:
    """The heart of nn.Module: it registers what is assigned to it."""

    def __init__(self):
        self.__dict__.update(parameters={}, modules={})  # past __setattr__, which needs both

    def __setattr__(self, name, value):
        if isinstance(value, nn.Parameter):
            self.parameters[name] = value
        elif isinstance(value, Module):
            self.modules[name] = value
        super().__setattr__(name, value)

    def named_parameters(self, prefix=""):
        yield from ((prefix + name, value) for name, value in self.parameters.items())
        for name, module in self.modules.items():
            yield from module.named_parameters(f"{prefix}{name}.")

    def __call__(self, *inputs):
        return self.forward(*inputs)


# %%
# A layer says in ``__init__`` which parameters it has, and in ``forward`` what it does with them. Those of a
# :term:`fully connected layer` start as random numbers between :math:`-1/\sqrt{n}` and :math:`1/\sqrt{n}`, where
# :math:`n` is the number of inputs. A network is a module made of modules; ours stands on our classes or on PyTorch's.


class Linear(Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x):  # (N, inputs)
        return x @ self.weight.T + self.bias  # (N, outputs)


def two_layers(module, linear, inputs, hidden, outputs):
    class TwoLayers(module):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = linear(inputs, hidden), linear(hidden, outputs)

        def forward(self, x):
            return self.out(torch.relu(self.hidden(x)))

    return TwoLayers()


print([name for name, _ in two_layers(Module, Linear, 4, 8, 2).named_parameters()])

# %%
# Build it: the network
# ---------------------
# Now we use :torch:`torch.nn.Module`. Two layers of :term:`convolution` with a stride of 2 halve the picture twice;
# then come :term:`dropout` and ten :term:`logits`, one a class. To see the shapes we hang a *hook* on each layer: a
# function that runs after its ``forward``. Only ``model(images)`` runs hooks, so never call ``model.forward(images)``.


class DigitNet(nn.Module):
    """Logits, shape (N, 10), of images of shape (N, 1, 28, 28)."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, kernel_size=3, stride=2, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(32 * 7 * 7, 10)

    def forward(self, images):
        maps = self.features(images)  # (N, 32, 7, 7)
        return self.head(self.dropout(maps.flatten(1)))  # (N, 1568), then (N, 10)


def show(layer, inputs, output):
    numbers = sum(parameter.numel() for parameter in layer.parameters())
    print(f"{type(layer).__name__:8} {tuple(output.shape)!s:15} {numbers:6,} numbers")


network = DigitNet()
for layer in [*network.features, network.dropout, network.head]:
    layer.register_forward_hook(show)
logits = network(torch.zeros(1, 1, 28, 28))

# %%
# Build it: the loop
# ------------------
# For each :term:`batch`, the first function forgets the old gradients, computes the loss and the gradients, and makes a
# step. The second one measures; ``no_grad`` says that nobody will ask for gradients. ``train()`` and ``eval()`` switch
# layers with two modes: dropout sets random values to zero in training and does nothing in use.


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
        total += loss.item() * len(labels)  # the last batch may be smaller
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate_by_hand(model, loss_function, loader):
    """Return the mean loss, and change nothing."""
    model.eval()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        total += loss_function(model(images), labels).item() * len(labels)
    return total / len(loader.dataset)


# %%
# One pass through the training data is an :term:`epoch`. Whenever the validation loss is the lowest so far, we keep a
# copy of the weights: a deep copy, because the next step changes what ``state_dict`` returns. After ``patience`` epochs
# without a new best one we stop, and go back to that copy. This is :term:`early stopping`.


def fit_by_hand(model, loss_function, optimiser, loader, valid_loader, epochs, patience):
    """Train with early stopping, and return the training and the validation losses."""
    losses, valid_losses = [], []
    for epoch in range(epochs):
        losses.append(train_by_hand(model, loss_function, optimiser, loader))
        valid_losses.append(evaluate_by_hand(model, loss_function, valid_loader))
        if valid_losses[-1] < min(valid_losses[:-1], default=float("inf")):
            best_epoch, best_weights = epoch, copy.deepcopy(model.state_dict())
        if epoch == best_epoch + patience:
            break
    model.load_state_dict(best_weights)
    return losses, valid_losses


# %%
# Check against PyTorch
# ---------------------
# First the module. We draw 50 random sizes and build the network of two layers on our classes and on PyTorch's, from
# the same seed. Then even their random weights must agree, and with them the names, the outputs and every gradient.

largest = 0.0
for seed in range(50):
    sizes = torch.randint(1, 40, (3,), generator=generator).tolist()
    x = torch.randn(16, sizes[0], generator=generator)
    found = []
    for kind in ((Module, Linear), (nn.Module, nn.Linear)):
        torch.manual_seed(seed)
        network = two_layers(*kind, *sizes)
        outputs = network(x)
        outputs.square().mean().backward()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        found.append({"outputs": outputs, **gradients})
    torch.testing.assert_close(*found)  # the same names, and close values
    largest = max(largest, *((found[0][name] - found[1][name]).abs().max() for name in found[0]))
print(f"50 networks agree; largest difference {largest:.1g}")

# %%
# Then the loop. We train on 500 images, so that it takes a second, once with our functions and once with ``fit`` of
# ``dlcourse.training``, which later lessons use. From the same seeds, losses and weights must agree to the last bit.

cross_entropy = nn.CrossEntropyLoss()


def start():
    """A new model, its loss, its optimiser and its 500 training images, all from one seed."""
    torch.manual_seed(1)  # dropout, too, draws from the global generator
    model = DigitNet().to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    return model, cross_entropy, optimiser, batches("small", size=32, seed=1)


by_hand = start()
losses, valid_losses = fit_by_hand(*by_hand, batches("valid"), epochs=30, patience=3)
small = start()
small_history = fit(*small, epochs=30, valid_loader=batches("valid"), patience=3)
assert (small_history.loss, small_history.valid_loss) == (losses, valid_losses)
assert all(map(torch.equal, by_hand[0].parameters(), small[0].parameters()))
print(f"{len(losses)} epochs, best one {small_history.best_epoch + 1}: the same bits both times")

# %%
# Use it: a baseline, then the network
# ------------------------------------
# Is a network worth having here at all? The :term:`baseline` is :term:`softmax` regression, a single linear layer from
# pixels to logits, trained by the same function on the same images. For both, the learning rate falls along a cosine
# from its first value to almost nothing. The test set is used in the last lines, once a model. Among 10,000 images
# chance alone moves an :term:`accuracy` of 99 % by :math:`\sqrt{0.99 \cdot 0.01 / 10000}`, or 0.1 percentage points.

models = {
    "softmax regression": nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(device),
    "DigitNet": DigitNet().to(device),
}
epochs, histories, results = 5, {}, {}
for name, model in models.items():
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    histories[name] = fit(
        model, cross_entropy, optimiser, batches("train", size=128, seed=14), epochs=epochs,
        valid_loader=batches("valid"), metrics={"accuracy": accuracy}, patience=2,
        scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs),
    )  # fmt: skip
    by_epoch = [f"{share:.1%}" for share in histories[name].metrics["accuracy"]]
    results[name] = evaluate(model, cross_entropy, batches("test"), metrics={"accuracy": accuracy})
    print(f"{name}: validation", *by_epoch, f"test {results[name]['accuracy']:.1%}")
assert results["softmax regression"]["accuracy"] < 0.94 and results["DigitNet"]["accuracy"] >= 0.985

# %%
# With 500 images the training loss goes on falling while the validation loss turns: this is :term:`overfitting`, and
# early stopping went back to the marked epoch. With 55,000 images it had nothing to do (mind the other scale). At first
# the training loss is even higher: dropout is at work in it, and it is a mean over an epoch of learning.

alt = "Losses by epoch: with 500 images validation parts from training; with 55,000 it does not."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
panels = {"500 images": small_history, "55,000 images": histories["DigitNet"]}
for ax, (title, history) in zip(axes, panels.items(), strict=True):
    best, shown = history.best_epoch, range(1, len(history) + 1)
    ax.plot(shown, history.loss, label="training")
    ax.plot(shown, history.valid_loss, label="validation")
    ax.plot(best + 1, history.valid_loss[best], "o", color=INK, label="best epoch")
    ax.set(title=title, xlabel="epoch", ylim=(0, None))
axes[0].set_ylabel("loss")
legend = axes[0].legend()

# %%
# One per cent of 10,000 is a hundred misread digits. Look at them before you tune anything: they say what the model
# has not understood. Here are the twelve wrong answers of which it was most certain, each with label and reading.

model = models["DigitNet"].cpu().eval().requires_grad_(False)  # no more training
logits = model(inputs["test"])  # (10000, 10)
certainty, read = logits.softmax(1).max(1)
wrong = (read != labels["test"]).nonzero().flatten()
surest = wrong[certainty[wrong].argsort(descending=True)]
alt = "Twelve misread digits; the number above each is its label, then what the network read."
fig, axes = plt.subplots(2, 6, figsize=(5.2, 2.3), num=alt)
for ax, row in zip(axes.flat, surest, strict=False):
    ax.imshow(images["test"][row, 0].numpy(), cmap="gray_r")
    ax.set_title(f"{labels['test'][row]} → {read[row]}")
    ax.set_axis_off()
print(f"{len(wrong)} of {len(read):,} misread")

# %%
# Use it: save the weights
# ------------------------
# ``state_dict`` returns the parameters by name; the class stays in your code. A safetensors file holds names, shapes,
# numbers and notes. PyTorch's own format is built on pickle, which can hold code as well; ``weights_only=True``, today
# the default, lets only tensors and plain values in. What this page uses goes into a folder, for you ``page_files``.

page = page_files.folder()
notes = {"mean std stride": f"{mean.item()} {std.item()} 2"}
save_file(model.state_dict(), page / "digits.safetensors", metadata=notes)
weights = load_file(page / "digits.safetensors")
restored = DigitNet().eval().requires_grad_(False)
restored.load_state_dict(weights)
assert torch.equal(restored(inputs["test"]), logits)
print(f"{len(weights)} tensors read from the file; the restored model gives the same logits")

# %%
# Use it: stop and go on
# ----------------------
# Weights are not enough to go on with a training. Adam keeps two averages for each of them, the loader shuffles,
# dropout draws random numbers. A :term:`checkpoint` must hold all of that. Below: six epochs in one go; three, and
# three more with new objects, as after a crash; and the shortcut of many scripts, the weights alone.

whole = fit(*start(), epochs=6).loss
with TemporaryDirectory() as folder:
    fit(*start(), epochs=3, checkpoint_folder=folder)
    checkpoint = torch.load(f"{folder}/last.pt", weights_only=True)
    resumed = fit(*start(), epochs=6, checkpoint_folder=folder, resume=True).loss
assert resumed == whole

forgetful = start()
forgetful[0].load_state_dict(checkpoint["model"])
shortcut = whole[:3] + fit(*forgetful, epochs=3).loss
for name, losses in {"in one go": whole, "resumed": resumed, "weights only": shortcut}.items():
    print(f"{name:12}", *(f"{loss:.4f}" for loss in losses))

# %%
# Resumed, the losses are the same numbers. From the weights alone the first epoch is worse, and the rest is another
# training. It ends well here, but you can no longer tell the effect of your next change from that of the stop.
#
# Use it: take it elsewhere
# -------------------------
# A phone or a web page has no Python. An ONNX file holds the computation itself, layers and weights. The export follows
# an example through the model; that the number of images may vary has to be said. It also notes the line of code behind
# each step, with the folders of your machine; remove that before you publish. Then compare, on all test images.

example = inputs["test"][:2]
exported = torch.onnx.export(
    model, (example,), input_names=["images"], output_names=["logits"],
    dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False,
)  # fmt: skip
for node in exported.model.graph:
    node.metadata_props.clear()
exported.save(page / "digits.onnx", external_data=False)
session = onnxruntime.InferenceSession(page / "digits.onnx", providers=["CPUExecutionProvider"])
(theirs,) = session.run(["logits"], {"images": inputs["test"].numpy()})
difference = (torch.from_numpy(theirs) - logits).abs().max().item()
assert difference < 1e-4
twenty = [*(labels["test"].tolist().index(digit) for digit in range(10)), *surest[:10].tolist()]
pixels = mnist["test"].data[twenty]
save_file({"pixels": pixels, "labels": labels["test"][twenty]}, page / "samples.safetensors")
print(f"{session.get_inputs()[0].shape}: largest difference of the logits {difference:.0e}")

# %%
# Use it: draw a digit
# --------------------
# Your browser computes the layers from the weights that we saved, or runs the ONNX file. Digits unlike MNIST's it will
# misread. Draw a scribble as well: its probabilities, too, have the sum 1, for no class says *none of these*.
#
# .. live-digit::
#
#    The drawing board needs JavaScript, which does not run here.
#
# Break it
# --------
# Two mistakes. In the first, somebody forgot that the maps are 7 × 7, and the head expects too few inputs. In the
# second a file brings code along: pickle may store, instead of an object, a function to call when the file is read.
# Ours only prints; another would look for your passwords. ``attempt`` runs a line and prints what PyTorch says to it.


class Greeting:
    def __reduce__(self):  # pickle asks this method what to do when the file is read
        return print, ("    this line was printed by code from the file",)


def attempt(name, line):
    print(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            line()
            said = str(caught[0].message) if caught else "no message"
        except (IndexError, RuntimeError, pickle.UnpicklingError) as error:
            said = f"{type(error).__name__}: {str(error).split('WeightsUnpickler error: ')[-1]}"
    print(fill("    " + said.split(". ")[0], 80, subsequent_indent="    "))


narrow = nn.Sequential(DigitNet().features, nn.Flatten(), nn.Linear(32, 10))
with TemporaryDirectory() as folder:
    torch.save({"weights": weights, "extra": Greeting()}, f"{folder}/web.pt")
    attempt("narrow(images)", lambda: narrow(example))
    attempt("torch.load", lambda: torch.load(f"{folder}/web.pt"))
    attempt("unsafe torch.load", lambda: torch.load(f"{folder}/web.pt", weights_only=False))

# %%
# The first message shows two shapes that must agree in the middle: 1568 numbers arrive, the layer wants 32. The second
# names what the file wanted to call; the unsafe attempt called it. ``weights_only=False`` is for your own files alone.
#
# Then and now
# ------------
# Training loops on the web are often older than PyTorch 1.0. The cell shows what PyTorch 2.14 says to three old lines.
#
# ======================================== =========================================== =================================
# Then                                     Now                                         Why
# ======================================== =========================================== =================================
# ``Variable(x)``                          ``x``                                       tensors have gradients since 0.4
# ``loss.data[0]``                         :torch:`torch.Tensor.item`                  a loss has no axis to index
# ``reduction="elementwise_mean"``         ``reduction="mean"``                        another name since 1.0
# ``torch.save(model)``                    ``model.state_dict()``                      refused by ``load`` since 2.6
# ``onnx.export(dynamo=False)``            ``onnx.export(dynamo=True)``                the default since 2.9
# ======================================== =========================================== =================================

assert isinstance(torch.autograd.Variable(example), torch.Tensor)
for name, line in {
    "loss.data[0]": lambda: certainty.sum().data[0],
    "elementwise_mean": lambda: nn.MSELoss(reduction="elementwise_mean")(example, example),
    "dynamo=False": lambda: torch.onnx.export(model, example, io.BytesIO(), dynamo=False),
}.items():
    attempt(name, line)

# %%
# What you learned
# ----------------
# - A module registers the parameters and modules that are assigned to it; what sits in a Python list is not found.
# - The loop: old gradients away, loss, gradients, step; validate, keep the best weights, stop in time, test once.
# - Save weights with safetensors or load them with ``weights_only=True``; a resumable checkpoint holds much more.
# - An ONNX file computes the same without PyTorch, and comparing the outputs is part of the export.
#
# Self-checks
# -----------
# **1.** Why does ``DigitNet`` call ``super().__init__()`` before it assigns its first layer?
#
# .. dropdown:: Answer
#
#    It creates the registers. Without them ``__setattr__`` would have nowhere to enter the layer; PyTorch raises
#    ``AttributeError: cannot assign module before Module.__init__() call``.
#
# **2.** You try twenty settings and keep the one with the best *test* accuracy. What is wrong with reporting it?
#
# .. dropdown:: Answer
#
#    The test set has made the choice, so it serves as a validation set. The best of twenty is partly the luckiest of
#    twenty, and on new data the model will do a little worse.
#
# **3.** A colleague goes on with a training from the saved weights alone, and the loss jumps up at first. Why?
#
# .. dropdown:: Answer
#
#    Adam starts again with empty averages, so its first steps are as long for every weight as the learning rate says;
#    a schedule would start again from its highest value, too.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_14>`.
#
# **1. Recall.** How many numbers does this network train? Compute it from the sizes of the layers.
#
# .. code-block:: python
#
#    network = nn.Sequential(
#        nn.Conv2d(3, 8, kernel_size=5), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 28 * 28, 10)
#    )
#    count = 0
#
#    assert count == sum(p.numel() for p in network.parameters()), "this is not the number"
#    print("numbers to train:", count)
#
# **2. Modify.** Two measurements differ here. Make them agree, and leave the model in the mode in which it was.
#
# .. code-block:: python
#
#    torch.manual_seed(0)
#    network = nn.Sequential(nn.Linear(9, 99), nn.ReLU(), nn.Dropout(0.5), nn.Linear(99, 2))
#    x = torch.randn(500, 9)
#
#    def measure():
#        return network(x).argmax(1).float().mean().item()
#
#    assert measure() == measure(), "two measurements differ"
#    assert network.training, "measuring has switched the model to another mode"
#    network.eval()
#    measure()
#    assert not network.training, "measuring has switched the model to another mode"
#    print(f"measured twice: {measure():.3f} and {measure():.3f}")
#
# **3. Extend.** Make ``save`` and ``load`` good enough to go on exactly where a training stopped.
#
# .. code-block:: python
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
#    def start(seed):
#        torch.manual_seed(seed)
#        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1))
#        return model, torch.optim.Adam(model.parameters(), lr=0.1)
#
#    run, file = start(seed=0), io.BytesIO()
#    steps(*run, 5)
#    save(*run, file)
#    expected = steps(*run, 5)
#    other = start(seed=1)
#    file.seek(0)
#    load(*other, file)
#    assert steps(*other, 5) == expected, "the training goes on in another way"
#    print("the same loss to the last bit:", f"{expected:.4f}")
#
# In practice
# -----------
# - Overfit ten images first: a network that cannot learn even those has a mistake.
# - Print the shape and the number of parameters after each layer before the first training.
# - Write a checkpoint under a temporary name and rename it: a crash must not destroy the last good one.
#
# References
# ----------
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: `Gradient-based learning applied to document recognition
#   <https://doi.org/10.1109/5.726791>`__, 1998. The paper of MNIST and of the first networks to read it well.
# - \D. P. Kingma, J. Ba: `Adam: a method for stochastic optimization <https://arxiv.org/abs/1412.6980>`__, 2014.
# - \L. Prechelt: `Early stopping, but when? <https://doi.org/10.1007/3-540-49430-8_3>`__, 1998.
# - PyTorch: `Serialization semantics <https://docs.pytorch.org/docs/stable/notes/serialization.html>`__.
