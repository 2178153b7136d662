"""
06 · Torchvision 1: reading data, the first step of training
============================================================

The first code of every training is the code that reads the data. It looks harmless. Yet a program that adds random
noise to its pictures can hand out the *same* noise in every pass through the data, and nothing on the screen says so.
We will write such a program in ten ordinary lines. To see why it fails, we build everything that stands between a file
and a :term:`batch`: we open a data set byte by byte, write a ``Dataset`` and a ``DataLoader`` by hand, and look into
the processes that load the data.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - open a binary file of pictures with NumPy, from the description of its format;
      - write a ``Dataset``, and say what a ``DataLoader`` does with it, step by step;
      - choose the number of worker processes, and say what each of them holds in memory;
      - find the layout of a well-known data set, its licence and the class that reads it.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`03 </lessons/1_basics/lesson_03_numpy_2>` and
        :doc:`05 </lessons/1_basics/lesson_05_reshaping>`, for indexing and for ``torch.stack``.
      - **Data:** MNIST and Fashion-MNIST, photographs, animals and emoji; about 290 MB are
        downloaded once, of which 132 MB are kept.
      - **Run time:** about 30 seconds of computing on one CPU core.
"""

# %%
# Set-up
# ------
# ``Dataset`` and ``DataLoader`` are the two classes that this lesson rebuilds.
#
# .. fold:: The imports

# sphinx_gallery_number = 6
# sphinx_gallery_budget_s = 60
# sphinx_gallery_needs = [3, 5]
# sphinx_gallery_assets = ["mnist", "fashion-mnist", "photographs", "cutouts", "emoji"]
# sphinx_gallery_thumbnail_number = 4
import copy
import itertools
import json
import os
import pickle
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate, get_worker_info
from torchvision import datasets
from torchvision.transforms.v2.functional import pil_to_tensor

from dlcourse import assets, miniatures
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import (
    BLUE,
    ORANGE,
    PAPER,
    SKY,
    VERMILION,
    draw_cells,
    use_course_style,
)
from dlcourse.reproducible import seed_everything

SEED = 6
use_course_style()
generator = seed_everything(SEED)

# %%
# First we decide how many :term:`worker processes <worker process>` to use. These are further Python programs that load
# data while this one goes on. On Linux, a worker can be a copy of the running program; the call that makes the copy is
# named ``fork``. Other systems start a fresh Python, which needs more care (see "Break it"). So this lesson uses two
# workers on Linux, and none elsewhere.

WORKERS = 2 if sys.platform == "linux" else 0  # 0: this process loads the data itself
START = "fork" if WORKERS else None  # how a worker is started
print("worker processes:", WORKERS)

# %%
# Look at the data
# ----------------
# MNIST is a collection of 70,000 handwritten digits in four files: pictures and :term:`labels <label>`, each for
# training and for testing. We list them with their sizes.

folder = assets.path("mnist") / "MNIST" / "raw"
for file in sorted(folder.glob("*ubyte")):
    print(f"{file.stat().st_size:10,} bytes   {file.name}")

# %%
# The names come from the publishers: ``t10k`` are the 10,000 digits for testing, ``idx3`` is a format for arrays with
# three axes, and ``ubyte`` is the unsigned byte, NumPy's ``uint8``. A picture has 28 × 28 pixels of one byte, so 60,000
# pictures need 47,040,000 bytes. The file is longer by 16 bytes. We print these first 16 bytes as integers.

image_bytes = (folder / "train-images-idx3-ubyte").read_bytes()
print(list(image_bytes[:16]))
assert len(image_bytes) == 16 + 60_000 * 28 * 28

# %%
# This is the *header*, which describes what follows. Four bytes form one integer, with the most significant byte first,
# as when we write numbers; this order is called *big-endian*. So the second group, 0, 0, 234 and 96, is :math:`234 ·
# 256 + 96 = 60000`. The first integer is the *magic number*, by which a program recognises the format. The third byte
# of this number, 8, means "unsigned bytes", and the fourth, 3, is the number of axes. The figure shows the four groups,
# and below them the first pictures.
#
# .. fold:: How the figure is drawn

alt = "The 16 bytes of the header in four groups, the integer of each group, and the first digits."
fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 2.6), height_ratios=(1.25, 1), num=alt)
groups = [("magic number", SKY), ("pictures", ORANGE), ("rows", PAPER), ("columns", PAPER)]
for number, (name, colour) in enumerate(groups):
    four = list(image_bytes[4 * number : 4 * number + 4])
    draw_cells(top, [four], colours=colour, origin=(4.4 * number, 0))
    value = int.from_bytes(bytes(four), "big")
    top.text(4.4 * number + 2, 1.75, f"{name}\n{value}", ha="center", va="center", fontsize=9)
top.set(xlim=(-0.1, 17.3), ylim=(2.4, -0.1))
first_digits = np.frombuffer(image_bytes, np.uint8, count=10 * 784, offset=16).reshape(10, 28, 28)
bottom.imshow(np.concatenate(list(first_digits), axis=1), cmap="gray_r")
labelled = bottom.set(xticks=[], yticks=[], frame_on=False, xlabel="the first ten pictures")

# %%
# Predict
# -------
# Now we come to the program from the beginning. To keep it short, its examples are only noise, without pictures. In
# PyTorch, a :term:`dataset` is an object with two methods: ``__len__`` returns the number of examples, and
# ``__getitem__`` returns the example at a given index. This dataset has eight examples. Each is a random integer, which
# the dataset draws from a random generator of its own at the moment of reading.


class Noisy(Dataset):
    """Eight examples; each is a random integer, drawn when it is read."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return int(self.generator.integers(100))


noisy = Noisy(SEED)
print([noisy[index] for index in range(8)])
print([noisy[index] for index in range(8)])

# %%
# The two passes give different numbers, as they should. Now two worker processes read from it, in batches of two: one
# worker loads the first and the third batch, the other the second and the fourth. We read everything twice; each pass
# through all examples is an :term:`epoch`:
#
# .. code-block:: python
#
#    loader = DataLoader(Noisy(SEED), batch_size=2, num_workers=2)
#    for epoch in range(2):
#        print("epoch", epoch, [batch.tolist() for batch in loader])
#
# .. choice:: What do these lines print?
#    :outputs: numbers_of_two_workers
#
#    - Each worker has a copy of the dataset, and with it a copy of the generator. Both copies begin with the same
#      state, so both workers draw the same numbers. For each epoch new workers are made, again from the original, which
#      has drawn nothing meanwhile.
#
#    - This is what one process prints. It has one generator, which moves on with each number.
#
#    - This would be so if each worker seeded its generator with its own number. The two workers then differ, but each
#      of them draws the same in every epoch.
#
# Build it: read the bytes
# ------------------------
# To see step by step how this happens, we build the :term:`data loader` ourselves, and begin with the file.
# ``np.frombuffer`` reads a string of bytes as an array, without copying it. Its ``dtype`` says how to read the bytes:
# ``">u4"`` is an unsigned integer of four bytes, and ``>`` stands for big-endian. ``count`` is the number of elements,
# and ``offset`` the number of bytes to skip.


def read_idx(path):
    """Read an IDX file of bytes: the array that it holds."""
    content = path.read_bytes()
    zero_a, zero_b, kind, axes = content[:4]  # the magic number, byte by byte
    if (zero_a, zero_b, kind) != (0, 0, 8):
        raise ValueError(f"{path.name} is not an IDX file of unsigned bytes")
    shape = np.frombuffer(content, dtype=">u4", count=axes, offset=4)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes)
    return values.reshape(shape)


images = read_idx(folder / "train-images-idx3-ubyte")
labels = read_idx(folder / "train-labels-idx1-ubyte")
print("images:", images.shape, images.dtype, f"from {images.min()} to {images.max()}")
print("labels:", labels.shape, labels.dtype, "first:", labels[:10])

# %%
# These ten lines can read all four files. The first labels agree with the digits of the figure: 5, 0, 4, 1 and so on.
#
# Build it: a dataset
# -------------------
# A network needs a float tensor with one more axis, for the channels: a grey picture has one channel, a colour picture
# three. The label becomes an ``int``. We wrap the arrays in a class with the two methods of a dataset. A dataset of
# this kind, which returns an example for an index, is called *map-style*.


class Digits(Dataset):
    """Pictures and labels of an IDX data set, one example at a time."""

    def __init__(self, images, labels):
        self.images = torch.from_numpy(images.copy())  # a copy: torch wants memory it may write
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index].unsqueeze(0) / 255  # (1, 28, 28), values in [0, 1]
        return image, int(self.labels[index])


digits = Digits(images, labels)
image, label = digits[0]
print(len(digits), "examples; the first:", tuple(image.shape), image.dtype, "label", label)

# %%
# A picture is converted only when it is read. If each picture were a file, ``__getitem__`` would open just that one
# file, and a million pictures would need no memory before that.
#
# Build it: a batch
# -----------------
# A network works with several examples at once. To join examples to a batch is to :term:`collate` them. The images are
# stacked along a new first axis, and the labels form a tensor of integers.


def collate(examples):
    """Join a list of (image, label) to one batch."""
    images = torch.stack([image for image, label in examples])  # (N, 1, 28, 28)
    labels = torch.tensor([label for image, label in examples])  # (N,)
    return images, labels


batch_images, batch_labels = collate([digits[0], digits[1], digits[2]])
print(tuple(batch_images.shape), batch_labels)

# %%
# Three pictures have become one tensor with four axes. ``torch.stack`` works only if all have the same size.
#
# Build it: a data loader
# -----------------------
# A loader works with the list of all indices. It puts them into an order, cuts the order into pieces, reads the examples
# of each piece, and collates them. Two options are common: ``shuffle`` makes the order random, and ``drop_last`` leaves
# out the last batch if it is not full.
#
# The random order is drawn from the ``torch.Generator`` that is passed in. (It has nothing to do with Python's generator
# functions, those with ``yield``, although ``our_loader`` is one.)


def our_loader(dataset, batch_size, shuffle=False, drop_last=False, generator=None):
    """Yield the batches of one epoch."""
    order = list(range(len(dataset)))
    if shuffle:
        order = torch.randperm(len(dataset), generator=generator).tolist()
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        if drop_last and len(rows) < batch_size:
            break
        yield collate([dataset[row] for row in rows])


shuffling = torch.Generator().manual_seed(SEED)
for epoch in range(2):
    batches = list(our_loader(digits, 128, shuffle=True, generator=shuffling))
    print(f"epoch {epoch}: {len(batches)} batches, the last of {len(batches[-1][1])}")
    print("         first labels:", batches[0][1][:12].tolist())

# %%
# 60,000 is not a multiple of 128, so the last batch holds only 96 examples. Each epoch has its own order, because the
# generator moves on. A generator with the same seed would give the same two orders again.
#
# Check against PyTorch
# ---------------------
# First the files: torchvision reads MNIST with its class ``MNIST``. Then the loader: ``DataLoader`` gets the same
# dataset and a generator with the same seed, and two epochs are compared batch by batch, for every combination of four
# batch sizes, ``shuffle`` and ``drop_last``.
#
# .. fold:: All four files, and 16 settings of the loader

for train, prefix in ((True, "train"), (False, "t10k")):
    theirs = datasets.MNIST(assets.path("mnist"), train=train)
    assert np.array_equal(read_idx(folder / f"{prefix}-images-idx3-ubyte"), theirs.data.numpy())
    assert np.array_equal(read_idx(folder / f"{prefix}-labels-idx1-ubyte"), theirs.targets.numpy())
print("all four files: equal")

small = Digits(images[:1000], labels[:1000])
compared = 0
for batch_size in (1, 7, 100, 1000):
    for shuffle in (False, True):
        for drop_last in (False, True):
            settings = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last}
            a, b = torch.Generator().manual_seed(SEED), torch.Generator().manual_seed(SEED)
            loader = DataLoader(small, generator=b, **settings)
            for _ in range(2):
                base_seed = torch.empty((), dtype=torch.int64).random_(generator=a)
                for ours, its in zip(
                    our_loader(small, generator=a, **settings), loader, strict=True
                ):
                    assert torch.equal(ours[0], its[0]) and torch.equal(ours[1], its[1])
                    compared += 1
                if shuffle:
                    discarded = torch.randperm(1000, generator=a)
print(f"{compared:,} batches: equal")

# %%
# With the same seed, our ten lines return the same batches as ``DataLoader`` in one process, in the same order. For this
# the check makes two more draws, as PyTorch does. At the start of an epoch PyTorch draws one large integer, the *base
# seed* of the workers, which comes into play below. At the end of a shuffled epoch it draws one more order, and discards
# it.
#
# Build it: workers
# -----------------
# Loading takes time, and meanwhile the network waits. So a loader can have worker processes. Each worker gets a *copy*
# of the dataset, and the batches are dealt to the workers in turn, like cards. While the network uses one batch, the
# next ones are being loaded.
#
# We imitate this without processes. ``copy.deepcopy`` makes an independent copy of an object, with everything in it.
# (``default_collate`` is PyTorch's general version of our ``collate``.)


def load_with_copies(dataset, batch_size, num_workers):
    """Yield the batches of one epoch, each from the copy of its worker."""
    copies = [copy.deepcopy(dataset) for _ in range(num_workers)]
    starts = range(0, len(dataset), batch_size)
    for number, start in enumerate(starts):
        worker = copies[number % num_workers]
        stop = min(start + batch_size, len(dataset))
        yield default_collate([worker[row] for row in range(start, stop)])


noisy = Noisy(SEED)
for epoch in range(2):
    print("epoch", epoch, [batch.tolist() for batch in load_with_copies(noisy, 2, 2)])

# %%
# Each pair appears twice in an epoch, and the second epoch repeats the first. Of sixteen numbers, only four are
# different. The copies explain it: both begin with the same state of the generator, and the original never draws.
#
# .. fold:: The code of the choices, and the same with real processes


class NoisyByWorker(Noisy):
    """Each copy is seeded with the number of its worker."""

    copies = 0

    def __deepcopy__(self, memo):
        worker = self.copies % 2  # 0, then 1
        self.copies += 1
        return Noisy([SEED, 1 + worker])


def copied_state():
    noisy = Noisy(SEED)
    for epoch in range(2):
        print("epoch", epoch, [batch.tolist() for batch in load_with_copies(noisy, 2, 2)])


def one_process():
    loader = DataLoader(Noisy(SEED), batch_size=2)
    for epoch in range(2):
        print("epoch", epoch, [batch.tolist() for batch in loader])


def seeded_by_worker():
    noisy = NoisyByWorker(SEED)
    for epoch in range(2):
        print("epoch", epoch, [batch.tolist() for batch in load_with_copies(noisy, 2, 2)])


wrong = [one_process, seeded_by_worker]
run_choices("numbers_of_two_workers", right=copied_state, wrong=wrong)

expected = [batch.tolist() for batch in load_with_copies(Noisy(SEED), 2, 2)]
if WORKERS:
    loader = DataLoader(Noisy(SEED), 2, num_workers=2, multiprocessing_context=START)
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == expected
    print("the same with two real worker processes, in both epochs")

# %%
# Real workers draw exactly these numbers, in both epochs. The repair is shown below.
#
# Use it: torchvision and the options of a loader
# -----------------------------------------------
# *torchvision* is PyTorch's package for pictures. It has three main parts: ``datasets`` reads well-known data sets,
# ``transforms`` changes pictures (:doc:`lesson 07 </lessons/2_training/lesson_07_torchvision_2>`), and ``models`` holds
# networks, many with trained weights (:doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>`). Its datasets are
# ordinary ``Dataset`` objects, and most return a picture of the library Pillow and a label. The argument ``transform``
# takes a function that is applied to each picture when it is read.

train_set = datasets.MNIST(assets.path("mnist"), train=True, transform=pil_to_tensor)
picture, label = train_set[0]
print(tuple(picture.shape), picture.dtype, "label", label)
loader = DataLoader(train_set, batch_size=128, shuffle=True, drop_last=True, generator=generator)
batch_images, batch_labels = next(iter(loader))
print(len(loader), "batches;", tuple(batch_images.shape), tuple(batch_labels.shape))

# %%
# ``pil_to_tensor`` makes a tensor of bytes from a picture of Pillow. With ``drop_last=True`` there is one batch less,
# 468. You know ``batch_size``, ``shuffle``, ``drop_last`` and ``num_workers`` by now, and ``collate_fn`` takes a
# function like our ``collate``. The random order comes from ``generator``, and with a fixed seed it is
# :term:`reproducible`. The table lists three more options:
#
# .. list-table::
#    :header-rows: 1
#    :widths: 24 76
#
#    * - Option
#      - What it does
#    * - ``persistent_workers``
#      - keep the workers from epoch to epoch, instead of starting new ones
#    * - ``prefetch_factor``
#      - how many batches each worker loads in advance, 2 if nothing is said
#    * - ``pin_memory``
#      - put batches into memory that the system must not move ("pinned"): a GPU copies from it faster, and can compute
#        meanwhile; useless without a GPU
#
# Use it: how fast are workers?
# -----------------------------
# More workers, more speed? That depends on what it takes to read one example. We compare three datasets. ``Digits``, from
# above, has everything in memory. ``Pictures`` opens pictures of animals with Pillow, converts them to red, green and
# blue, and resizes them if it is given a side. ``Distant`` imitates a disk far away: it waits 5 milliseconds for each
# example.
#
# .. fold:: The dataset ``Pictures``


class Pictures(Dataset):
    """Pictures, decoded from their files when they are read."""

    def __init__(self, files, side=None):
        self.files = [str(file) for file in files]
        self.side = side

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        picture = Image.open(self.files[index]).convert("RGB")
        if self.side is not None:
            picture = picture.resize((self.side, self.side))
        return pil_to_tensor(picture)  # (3, H, W), uint8


animal_files = sorted(assets.path("cutouts").rglob("*.png"))
animals = Pictures(animal_files, side=64)
print(len(animals), "animals;", tuple(animals[0].shape), animals[0].dtype)

# %%
# Now we read each dataset with 0, 1, 2 and 4 workers and count examples per second. The first pass starts the workers,
# which ``persistent_workers`` keeps alive; it is timed apart. Of four more passes the fastest one counts.
#
# .. fold:: ``Distant``, and how the throughput is measured


class Distant(Digits):
    """Digits on a distant disk."""

    def __getitem__(self, index):
        time.sleep(0.005)
        return super().__getitem__(index)


def make_loader(dataset, batch_size, num_workers):
    """A loader whose workers live on from pass to pass."""
    return DataLoader(
        dataset,
        batch_size,
        num_workers=num_workers,
        multiprocessing_context=START if num_workers else None,
        persistent_workers=num_workers > 0,
    )


def time_pass(loader):
    """Seconds for the first batch of a pass, and for the whole pass."""
    begin = time.perf_counter()
    batches = iter(loader)
    next(batches)
    first = time.perf_counter() - begin
    for _ in batches:
        pass
    return first, time.perf_counter() - begin


counts = (0, 1, 2, 4) if WORKERS else (0,)
kinds = [
    ("digits in memory", Digits(images[:3000], labels[:3000]), 64),
    ("pictures to decode", animals, 8),
    ("a distant disk", Distant(images[:64], labels[:64]), 4),
]
cores = len(os.sched_getaffinity(0)) if WORKERS else os.cpu_count()
speeds = {}
print(f"measured in this build, on {cores} cores; examples per second with")
print(" " * 20 + "".join(f"{count:>8}" for count in counts) + "  workers   first batch after")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for name, dataset, batch_size in kinds:
        loaders = [make_loader(dataset, batch_size, count) for count in counts]
        starts = [time_pass(loader)[0] for loader in loaders]  # starts the workers
        passes = [[] for _ in counts]
        for _ in range(4):  # in turn, so that a busy moment of the machine hits all of them
            for number, loader in enumerate(loaders):
                passes[number].append(time_pass(loader)[1])
        speeds[name] = [len(dataset) / min(seconds) for seconds in passes]
        del loaders, loader  # ends the workers
        columns = "".join(f"{speed:8,.0f}" for speed in speeds[name])
        print(f"{name:20}{columns}" + f"{starts[0]:13.2g} to {starts[-1]:.2g} s")
told = {str(warning.message) for warning in caught}
print("\n".join(fill(text, 80) for text in sorted(told)))
if WORKERS:
    assert speeds["a distant disk"][-1] > 2 * speeds["a distant disk"][0]

# %%
# The last column is the time until the first batch arrives, without workers and with four: starting processes takes
# time, in each epoch unless they are persistent. The figure shows the speeds as factors: 1 is the speed without
# workers.
#
# - **Waiting** is shared by all workers. Four of them wait at the same time, even on two cores.
# - **Decoding** needs a free core for each worker. Two free cores can at best double the speed. Where no further core
#   is free, workers gain nothing and only add the cost of sending batches.
# - **Digits in memory** gain little or lose: sending a batch from process to process costs more than the division by
#   255.
#
# PyTorch warns if there are more workers than cores. For data that only wait, you may ignore it.
#
# .. fold:: How the figure is drawn

alt = "Speed against the number of workers, relative to none, for three kinds of data."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
for (name, values), style in zip(speeds.items(), ("o-", "s-", "^-"), strict=True):
    ax.plot(counts, np.array(values) / values[0], style, label=name)
ax.axhline(1, color="gray", linewidth=0.8, linestyle=":")
ax.set(xlabel="worker processes", ylabel="speed, relative to none", xticks=counts, ylim=(0, None))
ax.legend(loc="upper left")
print("measured in this build")

# %%
# So begin with 0 workers, and add workers as long as it helps. Measure together with the neural network, because this
# table cannot show one thing: even one worker can load the next batch while the network computes. Once the batches come
# faster than the network uses them, more workers change nothing.
#
# Use it: what workers hold in memory
# -----------------------------------
# A forked worker begins as a copy of the whole program, but at first nothing is really copied. Both processes use the
# same pages of memory (4,096 bytes on most machines), and the system copies a page only when one of them *writes* to
# it. This is called *copy on write*. Our dataset only reads. Do the workers therefore need almost no memory of their
# own?
#
# Python has a surprise here. Every object holds a *reference count*, the number of places that use it. Whoever reads an
# element of a list increases its count for a moment, and that is a write. A NumPy array is *one* object: its elements
# are plain bytes without counts.
#
# We test it with half a million file names, once as a list of strings and once as one array of bytes. The dataset
# ``Names`` holds one of the two.
#
# .. fold:: The names, and a dataset of them

name_list = [f"photograph_{number:08}.jpg" for number in range(500_000)]
name_array = np.array(name_list, dtype="S")  # "S": bytes of a fixed length


class Names(Dataset):
    """File names, from a list or from an array."""

    def __init__(self, names):
        self.names = names

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        return self.names[index]


strings_mb = sum(sys.getsizeof(name) for name in name_list) / 1e6
print(f"list of strings: {strings_mb:.1f} MB in {len(name_list):,} objects")
print(f"array of bytes:  {name_array.nbytes / 1e6:.1f} MB in one object")

# %%
# Linux tells each process how much of its memory no other process shares; this amount is called the *unique set size*.
# We let the workers report it. Our ``collate_fn`` ignores the examples: it returns the number of the worker, from
# ``get_worker_info``, and its private megabytes. Two workers together read 80,000 of the 500,000 names in random order,
# so each of them reads 8 %. (Where the system is not Linux, nothing is measured, and the figure stays empty.)
#
# .. fold:: How it is measured


def private_memory():
    """Megabytes of this process that no other process shares."""
    kilobytes = 0
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_"):  # Private_Clean and Private_Dirty
            kilobytes += int(line.split()[1])
    return kilobytes * 1024 / 1e6


def report_memory(examples):
    """A collate function: who am I, and what do I hold?"""
    return get_worker_info().id, private_memory()


memory = {"list of strings": [], "one array": []}
if WORKERS and Path("/proc/self/smaps_rollup").exists():
    for kind, names in (("list of strings", name_list), ("one array", name_array)):
        loader = DataLoader(
            Names(names),
            batch_size=2_000,
            shuffle=True,
            num_workers=2,
            collate_fn=report_memory,
            generator=torch.Generator().manual_seed(SEED),
            multiprocessing_context=START,
        )
        reports = list(itertools.islice(loader, 40))
        for worker in range(2):
            memory[kind].append([mb for number, mb in reports if number == worker])
    print("measured in this build: private megabytes of workers 0 and 1")
    for kind, (first, second) in memory.items():
        print(f"{kind:16} first batch {first[0]:5.1f} {second[0]:5.1f}", end="   ")
        print(f"last batch {first[-1]:5.1f} {second[-1]:5.1f}")
    gained = [mb[-1] - memory["one array"][0][0] for mb in memory["list of strings"]]
    assert min(gained) > 0.9 * strings_mb
    assert max(mb[-1] - mb[0] for mb in memory["one array"]) < 0.1 * strings_mb
else:
    print("not measured: this system does not say which memory a process shares")

# %%
# With the list, each worker ends with a private copy of nearly all strings, although it has read only one string in
# twelve: a page holds dozens of strings, and one read is enough to copy it. With the array, the workers stay nearly as
# small as they began. What they hold at the start does not come from the dataset.
#
# .. fold:: How the figure is drawn

alt = "Private memory of two workers while they read: with a list it grows, with an array not."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
for (kind, workers), colour in zip(memory.items(), (VERMILION, BLUE), strict=True):
    for number, megabytes in enumerate(workers):
        read = 2 * (np.arange(len(megabytes)) + 1)  # a batch holds two thousand
        line = ax.plot(read, megabytes, color=colour, linestyle=("-", "--")[number])
        line[0].set_label(f"{kind}, worker {number}")
ax.set(
    xlabel="names read by the worker, in thousands (of 500)",
    ylabel="private memory (MB)",
    ylim=(0, None),
)
if WORKERS:
    ax.legend(loc="center right")
print("measured in this build")

# %%
# This is the reason for many complaints that a loader "leaks" memory. With 16 workers that read in random order, a list
# whose objects take 10 GB can need up to 160 GB more. The cure is to keep long lists, such as the file names of a large
# data set, in arrays or tensors. (Without ``fork``, a worker gets a whole copy of lists and arrays at once. Only tensors
# stay shared.)
#
# Use it: random numbers that differ
# ----------------------------------
# Now we can repair ``Noisy``. PyTorch gives each worker a seed: the base seed, which is drawn anew for each epoch, plus
# the number of the worker. Within a worker, ``torch.initial_seed()`` returns this sum. The option ``worker_init_fn``
# takes a function that each worker calls once when it starts, with its number. Ours uses the sum to give the worker's
# copy of the dataset a new generator. The loader itself gets a generator, too: the base seeds are drawn from it.
# ``multiprocessing_context`` says how the workers are started, on Linux by ``fork``.


def new_generator(worker):
    """Give this worker's copy of the dataset a generator of its own."""
    dataset = get_worker_info().dataset
    dataset.generator = np.random.default_rng(torch.initial_seed())


def repaired_loader(seed):
    """The data loader of the prediction, with the repair."""
    return DataLoader(
        Noisy(SEED),
        batch_size=2,
        num_workers=WORKERS,
        worker_init_fn=new_generator,
        generator=torch.Generator().manual_seed(seed),
        multiprocessing_context=START,
    )


# %%
# We read two epochs, as in the prediction.

loader = repaired_loader(seed=1)
pairs = []
for epoch in range(2):
    numbers = [batch.tolist() for batch in loader]
    print("epoch", epoch, numbers)
    pairs.extend(numbers)

# %%
# No pair comes twice any more. And the numbers are still reproducible, because the base seed comes from the generator
# that we passed. We run it again with the same seed, and with another one.
#
# .. fold:: Checked: the same seed, and another one

again = [batch.tolist() for batch in repaired_loader(seed=1)]
other = [batch.tolist() for batch in repaired_loader(seed=2)]
print("same seed: the same numbers:", again == pairs[:4])
print("other seed: the same numbers:", other == pairs[:4])
assert again == pairs[:4] and len({tuple(pair) for pair in pairs}) == 8
if WORKERS:  # without workers the generator of the dataset is used, whose seed is fixed
    assert other != pairs[:4]

# %%
# With the same number of workers, the same seed gives the same noise, and another seed gives other noise.
#
# Only generators that you make yourself need this repair. In each worker, PyTorch seeds its own generator, Python's
# ``random`` and NumPy's old global functions for you. So there is a simpler way as well: draw with PyTorch's own
# generator, as the transforms of torchvision do, for instance ``torch.randint(100, ())`` in ``__getitem__``. (With 0
# workers nothing is seeded for you, and ``worker_init_fn`` is not called: call ``torch.manual_seed`` first.)
#
# Use it: the atlas of data sets
# ------------------------------
# The same data sets appear in papers again and again. Many are too large for this page, or ask for an account. So the
# module ``dlcourse.miniatures`` makes a *miniature* of each: a few small pictures of this course, in the folders, names
# and formats that torchvision's class expects. ``write`` makes the files, and ``load`` hands them to the class of
# torchvision that reads the original.

miniature_folder = TemporaryDirectory(ignore_cleanup_errors=True)
root = Path(miniature_folder.name)
miniature = {}
for name in miniatures.NAMES:
    miniatures.write(name, root)
    miniature[name] = miniatures.load(name, root)
print(len(miniature), "miniatures, each loaded by a class of torchvision")

# %%
# All these are instances of ``Dataset``, so ``len``, an index and a ``DataLoader`` work with each of them. The sections
# below list for each data set the class of torchvision, the number of examples of the *miniature*, its first example
# (``L``: a grey picture, ``RGB``: a coloured one), and its files.
#
# .. fold:: How the entries below are printed

FAMILIES = {
    "classification": (
        *("mnist", "fashion-mnist", "cifar10", "cifar100"),
        *("stl10", "svhn", "imagenet", "lsun"),
    ),
    "detection, segmentation": (
        "coco-detection",
        "voc-detection",
        "voc-segmentation",
        "cityscapes",
    ),
    "captions and others": ("coco-captions", "flickr8k", "flickr30k", "sbu", "phototour"),
}
assert sorted(sum(FAMILIES.values(), ())) == sorted(miniatures.NAMES)


def kind_of(value):
    """Say in a few words what an example consists of."""
    if isinstance(value, Image.Image):
        return f"picture {value.mode} {value.width}×{value.height}"
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, tuple):
        return "(" + ", ".join(kind_of(part) for part in value) + ")"
    if isinstance(value, list):
        return f"list of {len(value)}: {kind_of(value[0])}"
    if isinstance(value, dict):
        return "dictionary"
    return f"integer {value}" if isinstance(value, (int, np.integer)) else "text"


def describe(name):
    """Print the class, the first example and the files of a miniature."""
    dataset, folder = miniature[name], root / name
    print(
        f"{name}: {type(dataset).__name__}, {len(dataset)} examples; first: {kind_of(dataset[0])}"
    )
    for place in sorted({file.parent for file in folder.rglob("*") if file.is_file()}):
        names = sorted(file.name for file in place.iterdir() if file.is_file())
        names = [x for x in names if not x.startswith(("_cache", "liberty.pt"))]  # by torchvision
        shown = names[: 2 if len("".join(names[:2])) < 50 else 1]
        more = f", … {len(names)} files" if len(names) > len(shown) else ""
        where = place.relative_to(folder).as_posix()
        where = "" if where == "." else f"{where}/ "
        if names:
            print(f"    {where}{', '.join(shown)}{more}")


# %%
# Use it: classification in the atlas
# -----------------------------------
# An example is a picture with one label. The formats differ: IDX files (MNIST and Fashion-MNIST), Python objects written
# as bytes (CIFAR), raw bytes (STL10), a MATLAB file (SVHN), a folder for each class (ImageNet), databases (LSUN). The
# year in the tables is that of the data, with a link to their paper. "None stated" means that we found no terms on the
# owners' page, and a dash that there is no number.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 18 22 20 9 8 23
#
#    * - Data set
#      - What it is for
#      - Pictures
#      - Classes
#      - Download (GB)
#      - Licence
#    * - `MNIST <http://yann.lecun.com/exdb/mnist/>`__, `1998 <https://doi.org/10.1109/5.726791>`__
#      - handwritten digits
#      - train 60,000, test 10,000
#      - 10
#      - 0.012
#      - none stated by its authors; Keras names CC BY-SA 3.0
#    * - `Fashion-MNIST <https://github.com/zalandoresearch/fashion-mnist>`__, `2017 <https://arxiv.org/abs/1708.07747>`__
#      - clothes, in the format of MNIST
#      - train 60,000, test 10,000
#      - 10
#      - 0.031
#      - MIT
#    * - `CIFAR-10 <https://www.cs.toronto.edu/~kriz/cifar.html>`__, `2009 <https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>`__
#      - small colour pictures of animals and vehicles
#      - train 50,000, test 10,000
#      - 10
#      - 0.170
#      - none stated
#    * - `CIFAR-100 <https://www.cs.toronto.edu/~kriz/cifar.html>`__, `2009 <https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>`__
#      - the same with ten times as many classes
#      - train 50,000, test 10,000
#      - 100
#      - 0.169
#      - none stated
#    * - `STL10 <https://cs.stanford.edu/~acoates/stl10/>`__, `2011 <https://proceedings.mlr.press/v15/coates11a.html>`__
#      - few labelled pictures, many without a label
#      - train 5,000, test 8,000, unlabeled 100,000
#      - 10
#      - 2.64
#      - none stated
#    * - `SVHN <http://ufldl.stanford.edu/housenumbers/>`__, `2011 <http://ufldl.stanford.edu/housenumbers/>`__
#      - house numbers in photographs of streets
#      - train 73,257, test 26,032, extra 531,131
#      - 10
#      - 1.58
#      - non-commercial
#    * - `ImageNet <https://image-net.org/challenges/LSVRC/2012/>`__, `2012 <https://arxiv.org/abs/1409.0575>`__
#      - photographs; networks are pretrained on it
#      - train 1,281,167, val 50,000, test 100,000
#      - 1,000
#      - 155
#      - non-commercial research and teaching; account needed
#    * - `LSUN <https://www.yf.io/p/lsun>`__, `2015 <https://arxiv.org/abs/1506.03365>`__
#      - scenes and rooms; also for networks that make pictures
#      - train 9,895,373, val 3,000, test 10,000
#      - 10
#      - —
#      - none stated
#
# .. fold:: What the files of each miniature are, and how the samples are drawn

for name in FAMILIES["classification"]:
    describe(name)


def class_name(dataset, label):
    """The name of a class, if the dataset knows it."""
    names = getattr(dataset, "classes", None)
    if names is None:
        return str(label)
    name = names[label] if isinstance(names[label], str) else names[label][0]
    return name.split(" - ")[0].removesuffix("_train").replace("_", " ")


alt = "Three pictures with their labels from each of eight data sets for classification."
fig, axes = plt.subplots(4, 2, figsize=(5.2, 5.2), num=alt)
for ax, name in zip(axes.flat, FAMILIES["classification"], strict=True):
    dataset = miniature[name]
    for place in range(3):
        picture, label = dataset[place * len(dataset) // 3]
        square = picture.convert("RGB").resize((64, 64))
        ax.imshow(square, extent=(70 * place, 70 * place + 64, 64, 0))
        ax.text(70 * place + 32, 68, class_name(dataset, label), ha="center", va="top", fontsize=8)
    ax.set(xlim=(0, 204), ylim=(82, 0))
    ax.set_title(name, fontsize=10)
    ax.set_axis_off()

# %%
# Use it: detection and segmentation in the atlas
# -----------------------------------------------
# Here a picture may hold many objects. :term:`Object detection <object detection>` asks for a :term:`bounding box` and
# a class for each object, and :term:`semantic segmentation` for the class of each pixel. COCO keeps the answers of all
# pictures in one JSON file: a text of nested lists and dictionaries, which ``json.loads`` reads. We print the first
# :term:`annotation`; of the corners of its outline, only the first three.

instances = json.loads((root / "coco-detection/annotations/instances_val2017.json").read_text())
print("keys:", sorted(instances))
annotation = instances["annotations"][0]
for key in ("image_id", "category_id", "bbox", "area", "iscrowd"):
    print(f"{key:12}", annotation[key])
print("outline:    ", annotation["segmentation"][0][:6], "…")

# %%
# A box of COCO holds the left edge, the top edge, the *width* and the *height*, in pixels. VOC and torchvision's
# detectors use left, top, *right*, *bottom* instead; to confuse the two is a frequent mistake. ``category_id`` refers to
# the list of categories, whose numbers need not be consecutive: the 80 classes of COCO have numbers up to 90. The class
# ``CocoDetection`` returns a picture and the list of its annotations; here are the boxes of the first picture in both
# ways.
#
# .. fold:: Two ways to write a box

picture, annotations = miniature["coco-detection"][0]
names = {category["id"]: category["name"] for category in instances["categories"]}
for annotation in annotations:
    left, top, width, height = annotation["bbox"]
    corners = [left, top, left + width, top + height]
    print(f"{names[annotation['category_id']]:6} box {annotation['bbox']}, corners {corners}")

# %%
# In VOC there is one XML file for each picture instead, and the answer of the segmentation is a :term:`mask
# <segmentation mask>`, a picture whose pixels are class numbers. In it, 255 marks borders that do not count. Cityscapes
# has such masks too.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 18 22 20 9 8 23
#
#    * - Data set
#      - What it is for
#      - Pictures
#      - Classes
#      - Download (GB)
#      - Licence
#    * - `COCO detection <https://cocodataset.org/>`__, `2014 <https://arxiv.org/abs/1405.0312>`__
#      - boxes and outlines of everyday objects
#      - train 118,287, val 5,000, test 40,670
#      - 80
#      - 20.4
#      - CC BY 4.0 (annotations); Flickr's terms (pictures)
#    * - `VOC detection <http://host.robots.ox.ac.uk/pascal/VOC/voc2012/>`__, `2012 <https://doi.org/10.1007/s11263-014-0733-5>`__
#      - boxes around objects
#      - train 5,717, val 5,823
#      - 20
#      - 2
#      - Flickr's terms (pictures)
#    * - `VOC segmentation <http://host.robots.ox.ac.uk/pascal/VOC/voc2012/>`__, `2012 <https://doi.org/10.1007/s11263-014-0733-5>`__
#      - a class for each pixel
#      - train 1,464, val 1,449
#      - 20
#      - 2
#      - Flickr's terms (pictures)
#    * - `Cityscapes <https://www.cityscapes-dataset.com/>`__, `2016 <https://arxiv.org/abs/1604.01685>`__
#      - a class for each pixel, and objects, in streets
#      - train 2,975, val 500, test 1,525
#      - 30
#      - 11.8
#      - non-commercial; account needed
#
# .. fold:: What the files of each miniature are, and how the samples are drawn

for name in FAMILIES["detection, segmentation"]:
    describe(name)

alt = "Four pictures with boxes around objects, or with a colour for each class."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 3.9), num=alt)
for ax, name in zip(axes.flat, FAMILIES["detection, segmentation"], strict=True):
    drawn, words = miniatures.sample(name, miniature[name])
    ax.imshow(drawn.permute(1, 2, 0))
    ax.set_title(name, fontsize=10)
    ax.set_xlabel(fill(words, 34), fontsize=8)
    ax.set(xticks=[], yticks=[], frame_on=False)

# %%
# Such examples do not fit the default collate: one picture has two boxes and another has none. Detectors therefore get
# lists, through a ``collate_fn`` (see "Break it").
#
# Use it: captions and others in the atlas
# ----------------------------------------
# In the third family, text belongs to a picture (except in PhotoTour). Flickr30k keeps its captions in one text file;
# each line holds the name of a picture, the number of the caption, a tab character and a sentence. In the original, five
# people have described each picture, so one picture has five right answers. The class ``Flickr30k`` returns the picture
# with the list of its five captions.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 18 22 20 9 8 23
#
#    * - Data set
#      - What it is for
#      - Pictures
#      - Classes
#      - Download (GB)
#      - Licence
#    * - `COCO captions <https://cocodataset.org/>`__, `2015 <https://arxiv.org/abs/1504.00325>`__
#      - at least five sentences about each picture
#      - train 118,287, val 5,000, test 40,670
#      - —
#      - 20.4
#      - CC BY 4.0 (annotations); Flickr's terms (pictures)
#    * - `Flickr8k <http://hockenmaier.cs.illinois.edu/8k-pictures.html>`__, `2013 <https://doi.org/10.1613/jair.3994>`__
#      - five sentences about each picture
#      - train 6,000, val 1,000, test 1,000
#      - —
#      - 1.1
#      - non-commercial research and teaching
#    * - `Flickr30k <https://shannon.cs.illinois.edu/DenotationGraph/>`__, `2014 <https://doi.org/10.1162/tacl_a_00166>`__
#      - the same with four times as many pictures
#      - 31,783
#      - —
#      - —
#      - non-commercial research and teaching
#    * - `SBU <https://www.cs.rice.edu/~vo9/sbucaptions/>`__, `2011 <https://papers.nips.cc/paper/4470-im2text-describing-images-using-1-million-captioned-photographs>`__
#      - photographs with the sentence of their owner
#      - 1,000,000
#      - —
#      - —
#      - none stated
#    * - `PhotoTour <http://matthewalunbrown.com/patchdata/patchdata.html>`__, `2011 <https://doi.org/10.1109/TPAMI.2010.54>`__
#      - do two patches show the same point of a scene?
#      - liberty 450,092, notredame 468,159, yosemite 633,587
#      - —
#      - —
#      - none stated
#
# .. fold:: What the files of each miniature are, and how the samples are drawn

for name in FAMILIES["captions and others"]:
    describe(name)

alt = "A picture with its caption from four data sets, and two grey patches of PhotoTour."
fig, axes = plt.subplots(3, 2, figsize=(5.2, 5.4), num=alt)
for ax, name in zip(axes.flat, FAMILIES["captions and others"], strict=False):
    drawn, words = miniatures.sample(name, miniature[name])
    ax.imshow(drawn.permute(1, 2, 0))
    ax.set_title(name, fontsize=10)
    ax.set_xlabel(fill(words, 34), fontsize=8)
    ax.set(xticks=[], yticks=[], frame_on=False)
axes[2, 1].set_axis_off()

# %%
# Before you download an original, read its licence. That of COCO, for example, frees only the annotations, not the
# photographs.
#
# Break it: pictures of different sizes
# -------------------------------------
# The animals come from files of many sizes, and ``Pictures`` leaves them as they are if it is given no side.

pictures = Pictures(animal_files)
try:
    next(iter(DataLoader(pictures, batch_size=4)))
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# A tensor has one length on each axis, so ``torch.stack`` refuses. The message names two pictures that differ, by
# their place in the batch. Either bring all pictures to one size in ``__getitem__``, or keep them apart with a
# ``collate_fn``: the built-in ``list`` leaves a batch as the list that it is.

batch = next(iter(DataLoader(pictures, batch_size=4, collate_fn=list)))
print(type(batch).__name__, "of", [tuple(picture.shape) for picture in batch])

# %%
# Break it: workers that start afresh
# -----------------------------------
# Windows and macOS start a fresh Python for each worker, and so does Linux since Python 3.14, unless we ask for
# ``"fork"``. Here we ask for a fresh one, with ``"spawn"``. The dataset is then sent to it as a :term:`pickle`, a Python
# object written as bytes. A *lambda*, a function without a name, cannot be pickled.


class Doubled(Dataset):
    """The even numbers, computed by a lambda."""

    def __init__(self):
        self.function = lambda number: 2 * number

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.function(index)


print([int(batch) for batch in DataLoader(Doubled())])
try:
    with warnings.catch_warnings():  # PyTorch also warns, in more words
        warnings.simplefilter("ignore")
        next(iter(DataLoader(Doubled(), num_workers=1, multiprocessing_context="spawn")))
except (AttributeError, pickle.PicklingError) as error:
    print(fill(f"{type(error).__name__}: {error}", 80))

# %%
# Without workers the dataset works. Instead of the lambda, write a method, or a function at the top level of a file.
#
# The fresh Python also has to know the class of the dataset. For this it runs your file once more, from the top. If the
# file starts workers at its top level, the worker then tries to start a worker of its own. In a notebook there is no
# file to run, so the class stays unknown. We try both with the same ten lines: a dataset and a loader, without the line
# ``if __name__ == "__main__":``, which is called a *guard*. Of the long messages we keep the lines that matter.
#
# .. fold:: The ten lines, and how they are run

SCRIPT = """
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 3
    def __getitem__(self, index):
        return index**2

loader = DataLoader(Squares(), num_workers=1, multiprocessing_context="spawn")
print([int(batch) for batch in loader])
"""


def say(arguments):
    """Run Python; return its error messages."""
    result = subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True
    )
    assert result.returncode != 0
    return re.sub(r"\(pid\(s\) \d+\)", "(pid(s) …)", result.stderr).splitlines()


with TemporaryDirectory() as place:
    file = Path(place) / "squares.py"
    file.write_text(SCRIPT)
    from_file = say([str(file)])
from_notebook = say(["-c", SCRIPT])
print("As a file, the worker says:")
start = next(n for n, line in enumerate(from_file) if "An attempt has been made" in line)
attempt = " ".join(line.strip() for line in from_file[start : start + 2])
print(fill(attempt, 80, initial_indent="    ", subsequent_indent="    "))
print("Without a file, the worker says:")
unknown = next(line for line in from_notebook if line.startswith("AttributeError"))
print("   ", fill(re.sub(r" \(.*", " …", unknown), 76))
print("In both cases the main process says:")
for said in (from_file, from_notebook):
    ended = [line for line in said if line.startswith("RuntimeError: DataLoader worker (pid(s)")]
    assert ended == ["RuntimeError: DataLoader worker (pid(s) …) exited unexpectedly"]
print("   ", ended[0])

# %%
# The message of the main process hides the reason; read further up, or run once with ``num_workers=0``. For a file the
# cure is the *guard*: put the classes at the top level, and everything that runs below ``if __name__ == "__main__":``.
# In a notebook, import the classes from a module, or ask for ``"fork"`` where it exists, as this lesson does.
#
# Then and now
# ------------
# Four pieces of old code: some fail today, and others warn.
#
# .. fold:: The rows, run as they are written

small_set = TensorDataset(torch.arange(8.0), torch.arange(8))
run_then_and_now(
    "reading",
    [
        (
            """loader = DataLoader(small_set, batch_size=4)
inputs, answers = iter(loader).next()""",
            """loader = DataLoader(small_set, batch_size=4)
inputs, answers = next(iter(loader))
print(inputs)""",
        ),
        (
            """loader = DataLoader(small_set, batch_size=4, pin_memory=True, pin_memory_device="cuda")
inputs, answers = next(iter(loader))""",
            """pin = torch.accelerator.is_available()
loader = DataLoader(small_set, batch_size=4, pin_memory=pin)
inputs, answers = next(iter(loader))
print(inputs)""",
        ),
        (
            """from torchvision.datasets import MNIST
pixels = MNIST(assets.path("mnist")).train_data""",
            """from torchvision.datasets import MNIST
pixels = MNIST(assets.path("mnist")).data
print(tuple(pixels.shape))""",
        ),
        (
            """from torchvision.datasets import ImageNet
train_set = ImageNet("data", download=True)""",
            """from torchvision.datasets import ImageNet
train_set = ImageNet(root / "imagenet")
print(len(train_set))""",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: reading
#
#    - Iterators of Python 2 had a method ``next``. In Python 3 it is a function; PyTorch kept the method for a while
#      longer.
#
#    - Pinned memory belongs to the current accelerator, so it needs no name. Without an accelerator ``pin_memory=True``
#      warns too; therefore we ask first.
#
#    - ``data`` and ``targets`` are the names for both parts, training and test.
#
#    - torchvision no longer downloads ImageNet: ask for an account, and put the archives, or their contents, into the
#      folder yourself. The right column reads the miniature.
#
# What you learned
# ----------------
# - A binary file is a header and bytes. ``np.frombuffer`` reads them, if you know the type and the order of the
#   bytes.
# - A ``Dataset`` returns one example for an index. A ``DataLoader`` orders the indices, cuts them into batches, reads
#   and collates. It does so reproducibly if you pass a generator.
# - Workers help where reading waits. Where it computes, they help only as far as cores are free. Each has its own copy
#   of the dataset, with its random generators; little by little, a list of Python objects is copied in memory, too.
# - The atlas says for each data set what it is for, how large it is, under which licence and in which files.
#
# Self-checks
# -----------
# .. choice:: With 8 workers, training needs eight times the memory that it needs with one. The dataset keeps a list of two million dictionaries. What helps?
#    :right: 2
#
#    - ``pin_memory=True``
#
#      This is about the way from main memory to the GPU.
#
#    - Keep the contents in arrays or tensors instead of dictionaries.
#
#      With ``fork``, reading an element of an array writes nothing, so the workers go on sharing the memory.
#
#    - ``shuffle=False``
#
#      Each worker still reads from all parts of the list, and every read is a write.
#
# .. choice:: Which dataset profits from four workers on a machine with two cores?
#    :right: 3
#
#    - One whose pictures are all in memory.
#
#      Sending a batch from process to process costs more than reading it.
#
#    - One that decodes photographs: it becomes four times as fast.
#
#      Decoding needs a core for each worker. Two cores can at best do it twice as fast.
#
#    - One that reads its pictures from a distant disk.
#
#      Waiting needs no core, and four workers wait at the same time.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_06>`.
#
# **1. Recall.** An IDX file begins with these 20 bytes. How long is the whole file? Compute it by hand, or with NumPy.
#
# .. code-block:: python
#
#    header = bytes([0, 0, 8, 4, 0, 0, 1, 44, 0, 0, 0, 3, 0, 0, 0, 32, 0, 0, 0, 32])
#    length = 0
#
#    assert length == 5 * 4 + 900 * 1024, "the file has another length"
#    print("bytes:", length)
#
# **2. Modify.** The default collate refuses sequences of different lengths. Write one that fills short sequences up
# with zeros at their ends, and that also returns the true lengths.
#
# .. code-block:: python
#
#    def collate_padded(sequences):
#        return torch.stack(sequences), torch.tensor([len(s) for s in sequences])
#
#    class Counting(Dataset):
#        def __len__(self):
#            return 5
#        def __getitem__(self, index):
#            return torch.arange(1, index + 2)
#
#    try:
#        batches = list(DataLoader(Counting(), batch_size=3, collate_fn=collate_padded))
#    except RuntimeError as error:
#        raise AssertionError("these sequences cannot be stacked") from error
#    padded, lengths = batches[0]
#    assert padded.tolist() == [[1, 0, 0], [1, 2, 0], [1, 2, 3]], "wrong values"
#    assert lengths.tolist() == [1, 2, 3], "wrong lengths"
#    assert padded.dtype == torch.int64, "wrong type"
#    assert batches[1][0].tolist() == [[1, 2, 3, 4, 0], [1, 2, 3, 4, 5]], "wrong second batch"
#    print(padded)
#
# **3. Extend.** A ``DataLoader`` takes any list of lists of indices as ``batch_sampler``. Write a function that makes
# batches in which every class occurs equally often, in random order. Which examples meet in a batch is random; their
# order inside the batch does not matter. Examples that are left over are dropped. (Call the function anew for each
# epoch; otherwise all epochs have the same batches.) Example *i* of a ``TensorDataset`` is row *i* of each of its tensors.
#
# .. code-block:: python
#
#    def balanced_batches(labels, per_class, generator):
#        order = torch.randperm(len(labels), generator=generator)
#        return order.split(3 * per_class)
#
#    labels = torch.tensor([0] * 50 + [1] * 20 + [2] * 30)
#    batches = balanced_batches(labels, per_class=4, generator=torch.Generator().manual_seed(6))
#    loader = DataLoader(TensorDataset(torch.arange(100), labels), batch_sampler=batches)
#    seen = []
#    for rows, answers in loader:
#        assert answers.bincount(minlength=3).tolist() == [4, 4, 4], "a batch is not balanced"
#        seen += rows.tolist()
#    assert len(seen) == 60, "five batches of 12 examples are possible"
#    assert len(set(seen)) == len(seen), "an example occurs twice"
#    other = balanced_batches(labels, per_class=4, generator=torch.Generator().manual_seed(7))
#    assert [sorted(map(int, b)) for b in batches] != [sorted(map(int, b)) for b in other], "not random"
#    print("balanced batches:", len(seen) // 12)
#
# In practice
# -----------
# - Time one loop over the loader without the network, and one with it. If the two are nearly equal, the network waits
#   for the loader.
# - Look at one batch as a picture, *after* all transforms, with its labels. Most mistakes in data are visible.
# - Shuffle for training, not for validation, and save the seed with the results. :doc:`Lesson 15
#   </lessons/2_training/lesson_15_visual_monitoring>` shows a training whose pictures come sorted by class.
#
# Going further
# -------------
# - :doc:`Lesson 14 </lessons/2_training/lesson_14_building_a_network>` trains with such loaders, and :doc:`lesson 16
#   </lessons/2_training/lesson_16_distributed>` divides the examples among processes.
# - Data that do not fit on a disk are read as a stream, by an ``IterableDataset`` (documentation below). It has
#   ``__iter__`` in place of an index, so a loader cannot shuffle it, and each worker returns all examples unless your
#   code divides them.
#
# References
# ----------
# - PyTorch documentation: :torch:`torch.utils.data.DataLoader`, and
#   `randomness in data loaders <https://docs.pytorch.org/docs/stable/notes/randomness.html#dataloader>`__.
# - torchvision documentation: `built-in data sets <https://docs.pytorch.org/vision/stable/datasets.html>`__.
# - Python documentation: `contexts and start methods
#   <https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods>`__ of processes.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: `Gradient-based learning applied to document recognition
#   <https://doi.org/10.1109/5.726791>`__, 1998. The paper that made MNIST known.
# - `DataLoader num_workers > 0 causes CPU memory from parent process to be replicated in all worker processes
#   <https://github.com/pytorch/pytorch/issues/13246>`__: the discussion of worker memory, since 2018.
