"""
16 · Distributed training
=========================

Two cooks who share one recipe can peel twice as many potatoes. Can two processes train one network twice as fast? They
would have to end with the *same* network as one process, otherwise it is a different training. So there are two
questions. What must the processes exchange in each step? And how much of the time that they save is spent on this
communication? In this lesson several processes really train one network together. You compare their weights with those
of one process, you kill one of them on purpose, and you count the bytes of an exchange.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - start a script with ``torchrun`` on one computer and on several;
      - turn a training loop into a data-parallel one, and check that it computes the same;
      - let a training survive the death of one process;
      - predict what more computers would gain, and recognise five mistakes of distributed training.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>` for the training loop
        and, in its "Going further", for checkpoints.
      - **Data:** the handwritten digits of MNIST; 12 MB are downloaded once.
      - **Run time:** about 60 seconds on a quiet machine with two cores. No GPU is needed. With two GPUs or more, the
        processes use them.
"""

# %%
# Set-up
# ------
# ``torch.distributed`` is the part of PyTorch through which processes exchange tensors, on CPUs and on GPUs alike. We
# import it as ``dist``.
#
# .. fold:: The imports

# sphinx_gallery_number = 16
# sphinx_gallery_budget_s = 90
# sphinx_gallery_needs = [14]
# sphinx_gallery_assets = ["mnist"]
# sphinx_gallery_thumbnail_number = 4
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data.distributed import DistributedSampler

from dlcourse import assets, page_files, plotting
from dlcourse.device import pick_device

plotting.use_course_style()
device = pick_device()

# %%
# All experiments train the same network on the same 1,280 images. A step uses 64 of them, however many processes there
# are. The learning rate and the :term:`momentum` are guesses that work: this lesson compares ways to run one training,
# and not learning rates.

SEED = 16
TRAIN = 1280  # images
BATCH = 64  # images in a step, of all processes together
STEPS = 40
STEPS_PER_EPOCH = TRAIN // BATCH
LEARNING_RATE, MOMENTUM = 0.05, 0.9
print(f"{STEPS} steps in {STEPS // STEPS_PER_EPOCH} epochs")

# %%
# Each of the two epochs has 20 steps. Which hardware is there for them? ``torch.cuda.is_available()`` tells whether
# PyTorch can use a GPU of NVIDIA or AMD, and ``torch.cuda.device_count()`` returns the number of GPUs.

print("a GPU can be used:", torch.cuda.is_available())
print("number of GPUs:", torch.cuda.device_count())

# %%
# Without a GPU the processes compute on the CPU.
#
# The next cell is folded, because you do not need it to understand the lesson. It starts ``torchrun``, the program of
# PyTorch that starts all processes of a training, and it ends them all if this lesson is stopped.
#
# .. fold:: How this lesson starts torchrun, and makes sure that nothing stays behind

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from statistics import median

GUARD = '''"""Run a module or a script; end at once when the standard input is closed."""

import os
import runpy
import sys
import threading


def watch():
    os.read(0, 1)  # comes back when the process at the other end of the pipe is gone
    os._exit(1)


threading.Thread(target=watch, daemon=True).start()
sys.stdout.reconfigure(line_buffering=True, write_through=False)  # whole lines at once
del sys.argv[0]
if sys.argv[0].endswith(".py"):
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
'''
LIMIT_S = 600
kept_until_the_end = tempfile.TemporaryDirectory()
work = Path(kept_until_the_end.name)
(work / "guard.py").write_text(GUARD)
loopback = "lo0" if sys.platform == "darwin" else "lo"
environment = os.environ | {
    "OMP_NUM_THREADS": "1",  # one thread for each process
    "GLOO_SOCKET_IFNAME": loopback,  # nothing leaves this computer
    "NCCL_SOCKET_IFNAME": loopback,
    "TMPDIR": str(work),
}


def guarded(command):
    """The arguments that start a command line of torchrun, every process with its guard."""
    words = shlex.split(command)
    script = next(place for place, word in enumerate(words) if word.endswith(".py"))
    options = ["--local-addr=127.0.0.1", *words[1:script]]
    if "--rdzv-endpoint" in command:
        options.append("--rdzv-conf=is_host=0")  # the lesson itself holds the meeting point
    start = [sys.executable, "guard.py", "torch.distributed.run"]
    return [*start, *options, "guard.py", *words[script:]]


def run_in_shell(*commands, **more):
    """Run command lines at the same time; return the lines that they print, sorted."""
    running, files = [], []
    try:
        for number, command in enumerate(commands):
            out, err = (work / f"{kind}_{number}.txt" for kind in ("out", "err"))
            files.append((out, err))
            with out.open("w") as output, err.open("w") as errors:
                process = subprocess.Popen(
                    guarded(command), cwd=work, env=environment | more,
                    stdin=subprocess.PIPE, stdout=output, stderr=errors,
                )  # fmt: skip
            running.append(process)
        codes = [process.wait(LIMIT_S) for process in running]
    finally:
        for process in running:
            process.stdin.close()  # now the guards end what is left
            process.wait()
    if any(codes):
        raise RuntimeError("".join(err.read_text() for _, err in files))
    return sorted(line for out, _ in files for line in out.read_text().splitlines())


# %%
# Look at the data
# ----------------
# We use the first 1,280 images of MNIST. There is no validation set, because this lesson does not ask how well the
# network classifies. The function in the fold reads the images straight from the files: it will also run in the other
# processes, where importing torchvision would only take time.
#
# .. fold:: Reading the files


def load_digits(count):
    """The first images of MNIST, (count, 784) with values in [0, 1], and their labels."""
    raw = assets.path("mnist") / "MNIST" / "raw"
    file, size = str(raw / "train-images-idx3-ubyte"), 16 + 784 * count
    images = torch.from_file(file, size=size, dtype=torch.uint8)[16:].reshape(count, 784) / 255
    file, size = str(raw / "train-labels-idx1-ubyte"), 8 + count
    labels = torch.from_file(file, size=size, dtype=torch.uint8)[8:].long()
    return images, labels


images, labels = load_digits(TRAIN)
print("images:", tuple(images.shape), images.dtype, f"from {images.min():g} to {images.max():g}")
print("labels:", tuple(labels.shape), labels.dtype, "first:", labels[:8].tolist())

# %%
# Each row of ``images`` is one image of 28 × 28 pixels. In :term:`data parallel` training, every process holds a copy
# of the network, and the images of each batch are dealt out like cards. The figure shows a batch of eight images for
# two processes.
#
# .. fold:: How the figure is drawn

alt = "Eight digits in a row, with frames in two colours that alternate: process 0, process 1."
fig, axes = plt.subplots(1, 8, figsize=(5.2, 1.2), num=alt)
for number, ax in enumerate(axes):
    ax.imshow(images[number].reshape(28, 28).numpy(), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    for edge in ax.spines.values():
        edge.set(visible=True, linewidth=3, color=(plotting.BLUE, plotting.VERMILION)[number % 2])
handles = [
    plt.Line2D([], [], color=colour, linewidth=3) for colour in (plotting.BLUE, plotting.VERMILION)
]
names = ["process 0", "process 1"]
legend = fig.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)

# %%
# Predict
# -------
# .. choice:: Two processes hold equal networks. Each computes the gradient of its own half of the batch. What must they exchange before they change their weights, so that both do the step that one process with the whole batch would do?
#    :right: 2
#
#    - Their images
#
#      Then each process would have the whole batch, and would have to do the whole work.
#
#    - Their gradients
#
#      The mean of the two gradients is the gradient of the whole batch, if the halves are equally large.
#
#    - Nothing, if they average their weights after each epoch
#
#      Between two averages the networks would move apart. This is another training.
#
# .. choice:: Four processes each hold a gradient of 4 MB, and all four need the sum. Along a ring, each process sends only to its right neighbour, in pieces. How much does each process send in all?
#    :outputs: ring_bytes
#
#    - You will see below that it is :math:`2·\frac{3}{4}` of the gradient, and never more than twice the gradient,
#      however many processes there are.
#
#    - Then each process would have sent its own gradient to the three others, and each would add up four gradients.
#
#    - This is too little. The pieces have to travel twice: once to be added up, and once to spread the result.
#
# Build it: processes that know their numbers
# -------------------------------------------
# We begin with a script that does not train anything. It uses four things that every distributed program needs:
#
# - ``init_process_group`` makes the :term:`process group`. From then on the processes can exchange tensors.
# - The :term:`backend <backend (of a process group)>` is the library that transports the tensors: ``"gloo"`` for CPUs,
#   ``"nccl"`` for GPUs.
# - The :term:`rank <rank (process)>` of a process is its number, and the :term:`world size` is the number of processes.
# - ``all_reduce`` replaces a tensor by its sum over all processes. This operation is called :term:`all-reduce`.
#
# Each process makes a tensor with a different value, and prints it before and after the all-reduce.

HELLO = """
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
rank = dist.get_rank()
value = torch.tensor([10.0 * (rank + 1)])
print(f"rank {rank} of {dist.get_world_size()}: before, I have {value.item():g}")
dist.all_reduce(value)
print(f"rank {rank} of {dist.get_world_size()}: the sum is {value.item():g}")
dist.destroy_process_group()
"""
(work / "hello.py").write_text(HELLO)
print("hello.py is written")

# %%
# Nothing has run yet. ``python hello.py`` would start one process and stop with ``environment variable RANK expected``,
# because nobody told the process its rank. :term:`torchrun` starts the script several times, here twice, and tells each
# process its rank in environment variables. ``--standalone`` says that all processes run on this computer.
#
# ``run_in_shell`` is a function of the fold above; in a terminal you type only the text in quotes. The processes print
# in any order, so the function sorts their lines.

for line in run_in_shell("torchrun --standalone --nproc-per-node=2 hello.py"):
    print(line)

# %%
# The same script ran twice, with two ranks. After ``all_reduce``, *both* processes have the sum 10 + 20 = 30. This one
# operation is all that we need.
#
# Build it: one process, for comparison
# -------------------------------------
# First we train with a single process. The network has two hidden layers of 1,024 neurons. It is larger than the task
# needs, so that the exchange of its gradients costs something. Each element of a gradient takes 4 bytes.


def make_network(seed):
    torch.manual_seed(seed)
    layers = [nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(1024, 10))


elements = sum(parameter.numel() for parameter in make_network(SEED).parameters())
print(f"{elements:,} parameters, so a gradient has {4 * elements / 1e6:.2f} MB")

# %%
# Next, which process takes which images? A ``DistributedSampler`` deals out the row numbers. It shuffles them with its
# seed, which is the same in all processes. Of two processes, process 0 then takes every second row, and process 1 takes
# the others. ``num_replicas`` is the world size, and ``set_epoch`` gives each epoch a new order.
#
# Our function ``rows_at`` returns the rows of one process for one step; ``share`` says how many. It works for any step,
# so a training can also start in the middle. We shall need this later.


def rows_at(step, sampler, share):
    """The rows that a process takes in this step, share of them."""
    epoch, number = divmod(step, STEPS_PER_EPOCH)
    sampler.set_epoch(epoch)
    rows = list(sampler)
    return rows[number * share : (number + 1) * share]


for rank in (0, 1):
    sampler = DistributedSampler(range(TRAIN), num_replicas=2, rank=rank, seed=SEED)
    print(f"process {rank} of 2:", rows_at(step=0, sampler=sampler, share=4))
sampler = DistributedSampler(range(TRAIN), num_replicas=1, rank=0, seed=SEED)
print("process 0 of 1:", rows_at(step=0, sampler=sampler, share=8))

# %%
# The two shares of four have no image in common, and together they are the eight images of one process. (In your own
# code you would pass the sampler to a :term:`data loader`: ``DataLoader(data, 32, sampler=sampler)``.)
#
# A step is the step of lesson 14, with one addition: if a function ``average`` is given, it changes the gradients
# before the optimiser uses them.


def train_step(network, optimiser, images, labels, average=None):
    loss = F.cross_entropy(network(images), labels)
    optimiser.zero_grad()
    loss.backward()
    if average is not None:
        average(network)
    optimiser.step()
    return loss.detach()


# %%
# Without ``average`` this is a training in one process. We will compare everything else with its losses and its
# weights. The fold has two helpers: one makes the optimiser, and the other puts all weights into one long vector.
#
# .. fold:: The optimiser, and all weights in one vector


def optimiser_for(network):
    return torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)


def vector_of(network):
    """All parameters in one vector, on the CPU."""
    return nn.utils.parameters_to_vector(network.parameters()).detach().cpu()


# %%
# Now the training itself. ``sampler`` was made for one process, so it gives whole batches of 64.

network = make_network(SEED).to(device)
optimiser = optimiser_for(network)
inputs, targets = images.to(device), labels.to(device)
losses = []
for step in range(STEPS):
    rows = rows_at(step, sampler, BATCH)
    losses.append(train_step(network, optimiser, inputs[rows], targets[rows]).item())
alone = {"losses": losses, "weights": vector_of(network)}
print(f"loss: first {losses[0]:.3f}, last {losses[-1]:.3f}")
assert np.mean(losses[-5:]) < 0.5 * losses[0]

# %%
# The loss falls to less than half. Now two processes will do the same training.
#
# Build it: average the gradients by hand
# ---------------------------------------
# For halves of equal size, the gradient of the whole batch is the mean of the two gradients: their sum, divided by the
# world size. ``dist.all_reduce`` computes the sum. The function does it for each parameter.


def average_gradients(network):
    """Replace each gradient by its mean over all processes."""
    for parameter in network.parameters():
        dist.all_reduce(parameter.grad)
        parameter.grad /= dist.get_world_size()


# %%
# All processes begin with equal weights and do equal steps, so their weights stay equal, and no weight has to be sent.
#
# Here is the whole loop. ``DistributedSampler`` asks the process group for rank and world size. Each process knows only
# the loss of its share; ``dist.all_reduce(loss)`` adds up the losses.


def train(model, device, average=None):
    """Train with all processes of the group; return the loss of each step."""
    images, labels = (tensor.to(device) for tensor in load_digits(TRAIN))
    optimiser = optimiser_for(model)
    sampler = DistributedSampler(range(TRAIN), seed=SEED)
    losses = []
    for step in range(STEPS):
        rows = rows_at(step, sampler, BATCH // dist.get_world_size())
        loss = train_step(model, optimiser, images[rows], labels[rows], average)
        dist.all_reduce(loss)
        losses.append(loss.item() / dist.get_world_size())
    return losses


# %%
# The loop does not fix how the gradients are averaged. To average by hand, we give it a network with the same seed in
# all processes, and our function.


def by_hand(device):
    network = make_network(SEED).to(device)
    losses = train(network, device, average_gradients)
    return {"losses": losses, "weights": vector_of(network)}


# %%
# This is the whole of data parallel training.
#
# Build it: DistributedDataParallel
# ---------------------------------
# PyTorch has a class that does this for us, ``DistributedDataParallel``, or DDP for short:
# ``model = DistributedDataParallel(network)``. It adds three things.
#
# - At the beginning it copies the weights of rank 0 to all processes, so they need not begin equal.
# - It collects gradients in *buckets* of about 25 MB. One large message takes less time than many small ones.
# - It sends a bucket as soon as ``backward`` has filled it, while ``backward`` still computes the gradients of earlier
#   layers. So a part of the communication costs no time.
#
# We give the processes *different* seeds on purpose, to see that DDP copies the weights of rank 0.


def with_ddp(device):
    network = make_network(SEED + dist.get_rank()).to(device)
    losses = train(DistributedDataParallel(network), device)
    return {"losses": losses, "weights": vector_of(network)}


# %%
# Only two lines differ from training by hand. All functions go into one file, ``train_digits.py``. The fold also shows
# how a process chooses its backend and its device. If the computer has a GPU for each process, a process takes the one
# with its own number on this computer (``LOCAL_RANK``). Otherwise all use the CPU.
#
# .. fold:: The rest of the file, and how it is put together


def join():
    """Enter the process group; return the device of this process."""
    number = int(os.environ["LOCAL_RANK"])
    if torch.cuda.device_count() < int(os.environ["LOCAL_WORLD_SIZE"]):
        dist.init_process_group("gloo")
        return torch.device("cpu")
    device = torch.device("cuda", number)
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device)
    return device


def main():
    ways = {"hand": by_hand, "ddp": with_ddp}
    parser = argparse.ArgumentParser()
    parser.add_argument("--ways", nargs="+", choices=ways, default=["ddp"])
    parser.add_argument("--result", help="write losses and weights here")
    options = parser.parse_args()
    device = join()
    rank, size = dist.get_rank(), dist.get_world_size()
    if os.environ["GROUP_WORLD_SIZE"] != "1":
        node, local = os.environ["GROUP_RANK"], os.environ["LOCAL_RANK"]
        print(f"rank {rank} of {size}: node {node}, local rank {local}")
    results = {way: ways[way](device) for way in options.ways}
    for way, result in results.items():
        print(f"rank {rank} of {size}: {way}, last loss {result['losses'][-1]:.4f}")
    if options.result and rank == 0:
        torch.save(results, options.result)
    dist.barrier()
    dist.destroy_process_group()


HEADER = f'''"""Train a network on handwritten digits with several processes, for example two:

    torchrun --standalone --nproc-per-node=2 train_digits.py

It needs PyTorch and dlcourse. --help lists the options.
"""

import argparse
import os

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data.distributed import DistributedSampler

from dlcourse import assets

SEED = {SEED}
TRAIN = {TRAIN}  # images
BATCH = {BATCH}  # images in a step, of all processes together
STEPS = {STEPS}
STEPS_PER_EPOCH = TRAIN // BATCH
LEARNING_RATE, MOMENTUM = {LEARNING_RATE}, {MOMENTUM}
'''
FUNCTIONS = [
    load_digits, make_network, rows_at, train_step, optimiser_for, vector_of, average_gradients,
    train, by_hand, with_ddp, join, main,
]  # fmt: skip


def file_of(header, functions):
    """A script: the header, the functions, and a call of the last one."""
    parts = [header.strip(), *(inspect.getsource(function).strip() for function in functions)]
    last = f'if __name__ == "__main__":\n    {functions[-1].__name__}()\n'
    return "\n\n\n".join([*parts, last])


def offer(name, text):
    """Write a script for the processes of this lesson and for the reader; describe it."""
    (work / name).write_text(text)
    (page_files.folder() / name).write_text(text)
    return f"{name}: {len(text.splitlines())} lines"


print(offer("train_digits.py", file_of(HEADER, FUNCTIONS)))

# %%
# You can download the file,
# `train_digits.py <../../_live/lesson_16_distributed/train_digits.py>`__, and start it in any folder. It needs nothing
# of this lesson. Here we train by hand and with DDP, one after the other, in the same two processes.

for line in run_in_shell(
    "torchrun --standalone --nproc-per-node=2 train_digits.py --ways hand ddp --result two.pt"
):
    print(line)
two = torch.load(work / "two.pt", weights_only=True)

# %%
# All four lines show the same loss. Is it also the loss of the training in one process?
#
# Check against PyTorch: is it the same training?
# -----------------------------------------------
# We compare the losses of all 40 steps and all weights after the last step.
#
# .. fold:: The largest differences


def differences(result):
    """The largest differences from the training in one process: of the losses, of the weights."""
    by_loss = np.abs(np.array(result["losses"]) - alone["losses"]).max()
    return by_loss, (result["weights"] - alone["weights"]).abs().max().item()


change = (alone["weights"] - vector_of(make_network(SEED))).abs().max().item()
print("measured in this build, the largest differences from one process:")
for way, result in two.items():
    by_loss, by_weight = differences(result)
    print(f"{way:4}  losses {by_loss:.0e}  weights {by_weight:.0e}")
    assert max(by_loss, by_weight) < 1e-5
print(f"for comparison: training has changed a weight by up to {change:.2f}")

# %%
# The three trainings differ by less than a hundred-thousandth, while training itself moved a weight by up to 0.24.
# This should be rounding: a sum of 64 terms in a different order has different last digits. If so, the difference must
# become smaller when we compute with more digits. We compare the gradient of one batch with the mean of the gradients
# of its halves, in single precision (``float32``) and in double precision (``float64``).
#
# .. fold:: Halves against the whole batch, in two precisions


def gradient_of(network, images, labels):
    """The gradient of the mean loss, as one vector."""
    network.zero_grad()
    F.cross_entropy(network(images), labels).backward()
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()])


print("measured in this build, halves against the whole batch:")
for dtype in (torch.float32, torch.float64):
    network, x, y = make_network(SEED).to(dtype), images[:BATCH].to(dtype), labels[:BATCH]
    halves = [gradient_of(network, *half) for half in zip(x.chunk(2), y.chunk(2), strict=True)]
    difference = (sum(halves) / 2 - gradient_of(network, x, y)).abs().max().item()
    print(f"{dtype}: {difference:.0e}")
    assert difference < 1e3 * torch.finfo(dtype).eps

# %%
# With more digits the difference nearly vanishes, so it is rounding. :term:`Distributed training <distributed
# training>` is not an approximation. It is the same training, computed by several processes.
#
# Build it: two computers
# -----------------------
# One computer that takes part is called a :term:`node`. With several nodes you start ``torchrun`` on each of them, with
# the same arguments. They need a place to meet, the :term:`rendezvous`: the address and port of one node. There each
# ``torchrun`` learns which ranks its processes get. Each node needs the script, ``dlcourse`` and the data. On two real
# computers, called for example ``node0`` and ``node1``, you type on both:
#
# .. code-block:: text
#
#    torchrun --nnodes=2 --nproc-per-node=1 \
#      --rdzv-backend=c10d \
#      --rdzv-endpoint=node0:29500 \
#      --rdzv-id=digits train_digits.py
#
# We have one computer, so we start ``torchrun`` twice on it. The two know of each other only through the meeting point.
# ``TCPStore`` is such a point; port 0 means that the system chooses a free port. The GPUs are hidden, since both nodes
# would take the same one.

meeting_point = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
endpoint = f"127.0.0.1:{meeting_point.port}"
command = (
    "torchrun --nnodes=2 --nproc-per-node=1 --rdzv-backend=c10d "
    f"--rdzv-endpoint={endpoint} --rdzv-id=digits train_digits.py --result nodes.pt"
)
for line in run_in_shell(command, command, CUDA_VISIBLE_DEVICES=""):
    print(line)
nodes = torch.load(work / "nodes.pt", weights_only=True)["ddp"]
assert max(differences(nodes)) < 1e-5
print("losses and weights: as in one process, up to rounding")

# %%
# Each node has one process, with the :term:`local rank` 0 on its node. Together they have the ranks 0 and 1 in a world
# of size 2. The script is the same, and so is the result. A :term:`single machine multi-card` training and a
# :term:`multi-machine multi-card` training differ only in the command.
#
# Build it: one process dies
# --------------------------
# The more computers take part, the sooner one of them fails. Without rank 1, rank 0 would wait in vain for its
# gradients. So ``torchrun`` watches the processes. If one dies, it ends the others too, and with ``--max-restarts=3``
# it starts all of them again, at most three times. They go on from the last :term:`checkpoint`. Our loop needs only a
# few more lines for this:
#
# .. code-block:: python
#
#    losses = load_checkpoint("last.pt", network, optimiser)  # [] if there is none
#    for step in range(len(losses), STEPS):
#        ...  # as before
#        if dist.get_rank() == 0 and len(losses) % 8 == 0:
#            save_checkpoint("last.pt", network, optimiser, losses)
#
# Rank 0 alone saves, since all processes hold the same weights. With several nodes, the file must be on a disk that all
# nodes see. The whole loop is in `restart.py <../../_live/lesson_16_distributed/restart.py>`__, which imports
# ``train_digits.py``.
#
# .. fold:: The file restart.py: loading, saving, dying


def load_checkpoint(file, network, optimiser):
    """Put back the state in the file, if there is one; return the losses so far."""
    losses = []
    if Path(file).exists():
        state = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        losses = state["losses"]
    print(f"rank {dist.get_rank()}: starts at step {len(losses)}", flush=True)
    return losses


def save_checkpoint(file, network, optimiser, losses):
    """Write the state beside the file, then put it in its place."""
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"losses": losses}, f"{file}.partial")
    os.replace(f"{file}.partial", file)


def train_with_checkpoints(device, kill_at):
    images, labels = (tensor.to(device) for tensor in load_digits(TRAIN))
    network = make_network(SEED).to(device)
    optimiser = optimiser_for(network)
    losses = load_checkpoint("last.pt", network, optimiser)
    model = DistributedDataParallel(network)
    sampler = DistributedSampler(range(TRAIN), seed=SEED)
    first = len(losses)
    for step in range(first, STEPS):
        if step == kill_at and first == 0 and dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)  # dies without warning, but only the first time
        rows = rows_at(step, sampler, BATCH // dist.get_world_size())
        loss = train_step(model, optimiser, images[rows], labels[rows])
        dist.all_reduce(loss)
        losses.append(loss.item() / dist.get_world_size())
        if dist.get_rank() == 0 and len(losses) % 8 == 0:
            save_checkpoint("last.pt", network, optimiser, losses)
    return {"losses": losses, "weights": vector_of(network)}


def restart():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill-at", type=int, help="the step at which rank 1 dies")
    parser.add_argument("--result", help="write losses and weights here")
    options = parser.parse_args()
    device = join()
    result = train_with_checkpoints(device, options.kill_at)
    print(f"rank {dist.get_rank()}: last loss {result['losses'][-1]:.4f}")
    if options.result and dist.get_rank() == 0:
        torch.save(result, options.result)
    dist.barrier()
    dist.destroy_process_group()


RESTART_HEADER = '''"""Train with checkpoints, and go on after the death of a process:

    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun --standalone --nproc-per-node=2 \\
        --max-restarts=3 restart.py --kill-at 30

The state is saved in last.pt. Remove this file to begin again.
"""

import argparse
import os
import signal
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data.distributed import DistributedSampler

from train_digits import (
    BATCH, SEED, STEPS, TRAIN,
    join, load_digits, make_network, optimiser_for, rows_at, train_step, vector_of,
)  # fmt: skip
'''
RESTART_FUNCTIONS = [load_checkpoint, save_checkpoint, train_with_checkpoints, restart]
print(offer("restart.py", file_of(RESTART_HEADER, RESTART_FUNCTIONS)))

# %%
# We let rank 1 kill itself at the beginning of step 30, with the signal SIGKILL: the system ends it at once, and it can
# neither save nor say anything. (The variable in the cell gives the new processes a new meeting point. Without it, in
# PyTorch 2.14, they may find the addresses of the dead ones there, and fail to connect.)
#
# .. choice:: At which step does the training go on?
#    :right: 2
#
#    - At step 30
#
#      What happened after the last checkpoint was only in the memory of the processes, and it is lost.
#
#    - At step 24
#
#      After 24 steps, of which the last has the number 23, rank 0 saved for the last time.
#
#    - At step 0
#
#      This would be right without checkpoints.

(work / "last.pt").unlink(missing_ok=True)
for line in run_in_shell(
    "torchrun --standalone --nproc-per-node=2 --max-restarts=3 "
    "restart.py --kill-at 30 --result killed.pt",
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1",
):
    print(line)
killed = torch.load(work / "killed.pt", weights_only=True)
assert len(killed["losses"]) == STEPS
assert max(differences(killed)) < 1e-5
print("losses and weights: as in one process, up to rounding")

# %%
# The line with "starts" appears twice for each rank, because all processes were started twice. The second time they
# went on at step 24. The result is the same as without the accident. Three things make this possible:
#
# - The checkpoint also holds the state of the optimiser, which is the momentum here.
# - The order of the images depends only on the step.
# - The new file is written beside the old one and then renamed. So a death during writing does not damage the old one.
#
# .. fold:: How the figure is drawn

alt = "Loss over 40 steps: five trainings on one curve; steps 24 to 29 were computed twice."
fig, ax = plt.subplots(figsize=(5.2, 2.9), num=alt)
ax.axvspan(24, 30, color="#E4E4E4")
ax.text(27, 2.25, "computed\ntwice", ha="center", va="top", fontsize=8)
ax.plot(alone["losses"], color=plotting.SKY, linewidth=11, label="one process")
ax.plot(two["hand"]["losses"], color=plotting.BLUE, linewidth=7, label="two, by hand")
ax.plot(two["ddp"]["losses"], color=plotting.GREEN, linewidth=4.5, label="two, with DDP")
ax.plot(nodes["losses"], color=plotting.ORANGE, linewidth=2, label="two nodes")
ax.plot(killed["losses"], ":", color=plotting.INK, linewidth=1.5, label="killed and restarted")
ax.annotate(
    "rank 1 dies", (30, 0.8), (31, 1.7), arrowprops={"arrowstyle": "-|>", "color": plotting.INK}
)
ax.set(xlabel="step", ylabel="loss of the batch", ylim=(0, None))
legend = ax.legend(loc="lower left", frameon=False, fontsize=8, handletextpad=1.2)

# %%
# The five curves lie on top of each other. Rank 1 died at step 30, so the steps in the grey band were computed twice.
#
# Build it: an all-reduce along a ring
# ------------------------------------
# How does ``all_reduce`` work? In the simplest way, every process sends its vector to process 0, which adds them up and
# sends the sum back. With more processes this takes longer, because everything goes through process 0.
#
# The *ring* shares the work. Each process sends only to its right neighbour, and the last process sends to process 0.
# Each vector is cut into as many pieces as there are processes; its length must be divisible by their number. In one
# round all processes send *one* piece each, at the same time.
#
# We play one round in a single process, with a list of vectors. Process 0 sends its piece 0, process 1 its piece 1, and
# so on. The receiver adds what arrives to its own piece with the same number. In later rounds the numbers are shifted:
# ``first`` is the number of the piece that process 0 sends. ``chunk`` cuts a vector into pieces that share its memory.


def ring_round(pieces, first, add):
    """Process r sends its piece first + r to process r + 1; return how many elements it sends."""
    size = len(pieces)
    numbers = [(first + rank) % size for rank in range(size)]
    messages = [pieces[rank][numbers[rank]].clone() for rank in range(size)]
    for rank in range(size):
        neighbour = (rank + 1) % size
        piece = pieces[neighbour][numbers[rank]]
        if add:
            piece += messages[rank]
        else:
            piece.copy_(messages[rank])
    return len(messages[0])


vectors = [torch.full((4,), value) for value in (1, 10, 100, 1000)]
pieces = [vector.chunk(4) for vector in vectors]
ring_round(pieces, first=0, add=True)
for rank, vector in enumerate(vectors):
    print(f"process {rank}:", vector.tolist())

# %%
# The vectors hold 1, 10, 100 and 1,000, so a sum shows whose values are in it. After one round each process has one
# piece with two contributions.
#
# In the next round each process passes on the piece that has just arrived. Its number is one less than that of the piece
# sent before, and −1 stands for the last piece. So ``first`` is 0, −1 and −2. After three rounds process r has one
# *complete* piece, with the number r + 1. Three more rounds copy the complete pieces around the ring. Process 0 begins
# with piece 1, so ``first`` is 1, 0 and −1.


def ring_all_reduce(vectors):
    """Replace each vector by the sum of all; return how many elements each process sent."""
    size = len(vectors)
    pieces = [vector.chunk(size) for vector in vectors]
    sent = 0
    for number in range(size - 1):
        sent += ring_round(pieces, -number, add=True)
    for number in range(size - 1):
        sent += ring_round(pieces, 1 - number, add=False)
    return sent


vectors = [torch.full((4,), value) for value in (1, 10, 100, 1000)]
sent = ring_all_reduce(vectors)
print("process 0 has", vectors[0].tolist(), "and sent", sent, "elements")
assert all(vector.tolist() == [1111] * 4 for vector in vectors) and sent == 6

# %%
# Every process has the sum 1,111 at all positions, and sent 6 elements for a vector of 4. Play the figure: pieces that
# have just arrived are yellow, and other complete pieces are blue.
#
# .. fold:: How the figure is drawn

alt = "Four processes, four pieces each: sums grow along the ring, then complete ones are copied."
fig, ax = plt.subplots(figsize=(4.6, 3.7), num=alt)
states = [[torch.full((4,), value) for value in (1, 10, 100, 1000)]]
for number in range(6):
    vectors = [vector.clone() for vector in states[-1]]
    adding = number < 3
    ring_round([v.chunk(4) for v in vectors], -number if adding else 4 - number, adding)
    states.append(vectors)
arrow = {"arrowstyle": "-|>", "color": plotting.INK, "shrinkA": 0, "shrinkB": 0}


def draw_round(number):
    ax.clear()
    grid = torch.stack(states[number]).numpy()
    colours = np.where(grid == 1111, plotting.SKY, plotting.PAPER)
    if number > 0:
        before = torch.stack(states[number - 1]).numpy()
        colours = np.where(grid != before, "#FFD97A", colours)
    plotting.draw_cells(ax, grid, colours=colours)
    title = "start" if number == 0 else "add" if number < 4 else "copying"
    ax.set_title(title)
    for row in range(4):
        ax.text(-0.35, row + 0.5, f"{row}", ha="center", va="center")
    for row in range(3):
        ax.annotate("", (-0.35, row + 1.25), (-0.35, row + 0.75), arrowprops=arrow)
    ax.plot([-0.6, -1, -1, -1], [3.5, 3.5, 0.5, 0.5], color=plotting.INK, linewidth=1)
    ax.annotate("", (-0.55, 0.5), (-1.02, 0.5), arrowprops=arrow)
    ax.text(-0.1, -0.25, "process", ha="right", fontsize=9)
    ax.text(2, 4.35, "piece of the vector", ha="center", fontsize=9)
    ax.text(4.15, -0.25, f"{number} / 6", fontsize=9)
    ax.set(xlim=(-1.3, 5), ylim=(4.6, -0.7))
    ax.set_axis_off()


draw_round(6)
animation = FuncAnimation(fig, draw_round, frames=7, interval=900)

# %%
# There are :math:`W - 1` rounds of adding and :math:`W - 1` rounds of copying, for :math:`W` processes, and in each
# round a process sends one :math:`W`-th of the vector. So for a vector of :math:`S` bytes each process sends
#
# .. math:: 2\,(W - 1)·\frac{S}{W}
#
# bytes. For two processes this is :math:`S`. With more processes it grows, but it stays below :math:`2S`. We check the
# sum and the count over many random settings.
#
# .. fold:: Checked against torch.sum, 200 settings

generator = torch.Generator().manual_seed(SEED)
for _ in range(200):
    size, length = torch.randint(2, 9, (2,), generator=generator).tolist()
    vectors = list(torch.randn(size, size * length, generator=generator, dtype=torch.float64))
    expected = torch.stack(vectors).sum(0)
    sent = ring_all_reduce(vectors)
    assert sent == 2 * (size - 1) * length
    for vector in vectors:
        torch.testing.assert_close(vector, expected)
print("200 settings: the sums are right, and each process sent 2 (W - 1) / W of its vector")


def along_a_ring():
    vectors = [torch.ones(1_000_000) for _ in range(4)]
    print(f"{4 * ring_all_reduce(vectors) / 1e6:.0f} MB")


def to_every_other():
    print(f"{3 * torch.ones(1_000_000).nbytes / 1e6:.0f} MB")


def once():
    print(f"{torch.ones(1_000_000).nbytes / 1e6:.0f} MB")


page_files.run_choices("ring_bytes", right=along_a_ring, wrong=[to_every_other, once])

# %%
# This answers the second question of "Predict": a process sends :math:`2·\frac{3}{4}·4` MB.

vectors = [torch.ones(1_000_000) for _ in range(4)]
print(f"{4 * ring_all_reduce(vectors) / 1e6:.0f} MB")

# %%
# Build it: the older way, DataParallel
# -------------------------------------
# Many tutorials use ``nn.DataParallel``, or DP for short. It is one line, ``nn.DataParallel(network)``, and needs no
# ``torchrun``: a *single* process serves all GPUs of one computer, with one thread for each. In every step it copies
# the network from the first GPU to the others, deals out the batch, and collects all outputs on the first GPU. The
# gradients are added up there too, and only there the weights change.
#
# So the load is not balanced: the first GPU needs more memory and works while the others wait. Besides, the threads of
# one Python process hinder each other. PyTorch therefore recommends DDP even for one computer.
#
# Use it: what does the communication cost?
# -----------------------------------------
# Now we measure. Inside ``with model.no_sync():`` DDP does not exchange gradients. So we time one step inside and one
# outside of it: the difference is what the communication costs.
#
# A launch of ``torchrun`` takes seconds, so three experiments share one: the times of a step, and two about mistakes
# that you will meet below. They are in `experiments.py
# <../../_live/lesson_16_distributed/experiments.py>`__, which imports ``train_digits.py``.
#
# .. fold:: Three experiments, and their launch


def seconds(function, *arguments):
    """How long one call takes."""
    start = time.perf_counter()
    function(*arguments)
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def step_times(device):
    """Seconds for a step, each the median of 15: alone, two with and without exchange."""
    images, labels = (tensor.to(device) for tensor in load_digits(BATCH))
    network = make_network(SEED).to(device)
    model = DistributedDataParallel(network)
    optimiser = optimiser_for(network)
    half = slice(BATCH // 2)
    found = {"alone": [], "talking": [], "silent": []}
    for _ in range(15):
        if dist.get_rank() == 0:  # the other one waits for us below
            found["alone"].append(seconds(train_step, network, optimiser, images, labels))
        dist.barrier()
        found["talking"].append(seconds(train_step, model, optimiser, images[half], labels[half]))
        with model.no_sync():
            step = seconds(train_step, model, optimiser, images[half], labels[half])
        found["silent"].append(step)
    return {name: median(values) for name, values in found.items() if values}


def unequal_shares(device):
    """The gradient of 30 images: all together, and in shares of 24 and 6 with DDP."""
    images, labels = (tensor.to(device) for tensor in load_digits(30))
    network = make_network(SEED).to(device)
    right = gradient_of(network, images, labels)
    mine = slice(24) if dist.get_rank() == 0 else slice(24, 30)
    count = len(labels[mine])
    found = {}
    for name, factor in (("mean of means", 1), ("weighted", count * dist.get_world_size() / 30)):
        network.zero_grad()
        model = DistributedDataParallel(network)
        (factor * F.cross_entropy(model(images[mine]), labels[mine])).backward()
        wrong = torch.cat([p.grad.flatten() for p in network.parameters()]) - right
        found[name] = (wrong.norm() / right.norm()).item()
    return found


def stray_call(device):
    """Rank 0 calls one exchange too many. What do both get for 10 + 20?"""
    rank = dist.get_rank()
    value = torch.tensor([10.0 * (rank + 1)], device=device)
    if rank == 0:
        dist.all_reduce(torch.ones(1, device=device))  # the mistake
    dist.all_reduce(value)
    if rank == 1:
        dist.all_reduce(torch.zeros(1, device=device))  # what rank 1 exchanges next
    everyone = [torch.empty_like(value) for _ in range(dist.get_world_size())]
    dist.all_gather(everyone, value)
    return [value.item() for value in everyone]


def experiments():
    device = join()
    parts = (step_times, unequal_shares, stray_call)
    found = {part.__name__: part(device) for part in parts}
    if dist.get_rank() == 0:
        Path("found.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


header = '''"""Three experiments with two processes: torchrun --nproc-per-node=2 experiments.py"""

import json
import time
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

from train_digits import BATCH, SEED, join, load_digits, make_network, optimiser_for, train_step
'''
parts = [
    gradient_of, seconds, step_times, unequal_shares, stray_call, experiments,
]  # fmt: skip
print(offer("experiments.py", file_of(header, parts)))
printed = run_in_shell("torchrun --standalone --nproc-per-node=2 experiments.py")
found = json.loads((work / "found.json").read_text())

# %%
# Here are the times of a step, in milliseconds. They depend on the computer, and on what else it does. A speed-up below
# 1 means that two processes are slower than one.
#
# .. fold:: The times, printed

times = found["step_times"]
print("measured in this build, in milliseconds:")
print(f"one process, 64 images:               {1e3 * times['alone']:5.1f}")
print(f"two processes, 32 each, no exchange:  {1e3 * times['silent']:5.1f}")
print(f"two processes, 32 each, with DDP:     {1e3 * times['talking']:5.1f}")
print(f"speed-up: {times['alone'] / times['talking']:.2f} of the 2 that one could hope for")

# %%
# The difference between the last two times is the cost of the communication, without the part that DDP hides behind
# ``backward``. Besides, the optimiser has as many weights to change for 32 images as for 64. The network is large for
# so few images, so both costs are high here. With more images in each process the computation grows, and these costs do
# not.
#
# Use it: a model for more computers
# ----------------------------------
# The time of a message has two parts. The :term:`latency` :math:`a` is the time for a message without content. The
# :term:`bandwidth` :math:`B` says how many bytes go through in a second. A ring sends :math:`2(W-1)` messages one after
# the other, with a part :math:`S/W` of the gradient in each. So if a process computes for :math:`C` seconds, a step
# takes about
#
# .. math:: T_W = C + 2(W-1)\,a + \frac{2(W-1)}{W}·\frac{S}{B} .
#
# With the model we can ask about computers that we do not have. We assume 10 ms of computation in each step, our
# gradient of 7.45 MB, a latency of 50 microseconds, and connections of 1, 10 and 100 Gbit/s between them. These are
# round numbers, not measurements, and we do not test the model here. We also assume a ring, and no overlap of
# computation and communication.
#
# With :math:`W` processes, a step handles :math:`W` times as many images. If it still took :math:`C` seconds, the
# training would be :math:`W` times as fast. The *efficiency*, :math:`C / T_W`, is the fraction of this speed that is
# left.
#
# .. fold:: How the figure is drawn


def efficiency(size, gigabits, compute_s=0.010, latency_s=50e-6):
    """The fraction of the ideal speed that is left with this many processes."""
    bandwidth = gigabits * 1e9 / 8
    talk_s = 2 * (size - 1) * latency_s + 2 * (size - 1) / size * 4 * elements / bandwidth
    return compute_s / (compute_s + talk_s)


sizes = 2 ** np.arange(8)
alt = "Efficiency against the number of processes for three connections: all fall, the slow one at once."
fig, ax = plt.subplots(figsize=(5.2, 2.9), num=alt)
for gigabits, colour, marker in (
    (100, plotting.GREEN, "o"),
    (10, plotting.BLUE, "s"),
    (1, plotting.VERMILION, "^"),
):
    curve = [efficiency(size, gigabits) for size in sizes.tolist()]
    ax.plot(sizes, curve, marker + "-", color=colour, label=f"{gigabits} Gbit/s")
    assert gigabits > 1 or 2 * curve[1] < 1
    print(f"{gigabits:3} Gbit/s: 2 processes {curve[1]:.0%}, 16 {curve[4]:.0%}, 128 {curve[7]:.0%}")
ax.set_xscale("log", base=2)
ax.set(xticks=sizes.tolist(), xticklabels=sizes.tolist(), ylim=(0, 1.02))
ax.set(xlabel="processes", ylabel="efficiency")
legend = ax.legend(frameon=False, loc="upper right")

# %%
# On the slow connection two processes together are slower than one: :math:`2 · 14\%` is less than 100 %. The fast
# connection is good up to about 16 processes; then the latency of the many rounds counts. Large trainings therefore
# use fast links, compute longer between two exchanges, and let computation and communication overlap.
#
# Break it: the same order in each epoch
# --------------------------------------
# The first silent mistake: somebody forgets ``sampler.set_epoch(epoch)``. We count the different images that process 0
# meets in five epochs, and the different batches of 64 images of both processes together.
#
# .. fold:: Images and batches, counted

for told in (True, False):
    samplers = [
        DistributedSampler(range(TRAIN), num_replicas=2, rank=rank, seed=SEED) for rank in (0, 1)
    ]
    met, batches = set(), set()
    for epoch in range(5):
        for sampler in samplers:
            if told:
                sampler.set_epoch(epoch)
        both = torch.tensor([list(sampler) for sampler in samplers])
        met.update(both[0].tolist())
        batches.update(frozenset(rows.flatten().tolist()) for rows in both.split(BATCH // 2, dim=1))
    print("with set_epoch:   " if told else "without set_epoch:", end=" ")
    print(f"{len(met)} images, {len(batches)} different batches")
    assert told or len(met) == TRAIN // 2
    assert len(batches) == (100 if told else 20)

# %%
# Without ``set_epoch`` each process sees only the same half of the images in all epochs, and each epoch repeats the
# same 20 batches. There is no error and no warning. **Remedy:** ``set_epoch`` at the beginning of each epoch.
#
# Break it: some images count twice
# ---------------------------------
# The second silent mistake spoils an evaluation. All processes must do the same number of steps. If the images cannot
# be dealt out equally, ``DistributedSampler`` gives out some of them *again*, until it can. For training this hardly
# matters. But here are nine images to evaluate, eight of them classified correctly, and the wrong one stands first.

right = torch.tensor([0.0, 1, 1, 1, 1, 1, 1, 1, 1])
samplers = [DistributedSampler(right, num_replicas=2, rank=rank, shuffle=False) for rank in (0, 1)]
rows = [list(sampler) for sampler in samplers]
print("process 0:", rows[0], " process 1:", rows[1])
print(f"accuracy of all nine: {right.mean():.3f}")
print(f"accuracy over both processes: {right[rows[0] + rows[1]].mean():.3f}")

# %%
# Image 0 stands in both lists, its error counts twice, and the accuracy is 0.800 in place of 0.889. With 10,000 images
# the harm is small, but the result depends on the number of processes. **Remedy:** give each process its rows yourself,
# ``rows[rank::world_size]`` without repetition, and add up the *counts* of right answers and of images with
# ``all_reduce``.
#
# Break it: the mean of unequal means
# -----------------------------------
# The third silent mistake comes from unequal shares, like the mean of means in :doc:`lesson 11
# </lessons/2_training/lesson_11_loss_functions>`. DDP divides the sum of the gradients by the number of *processes*,
# and does not know how many images each one had. Here process 0 had 24 images, and process 1 had 6. This function ran
# in the launch above:

print(inspect.getsource(unequal_shares))
for name, difference in found["unequal_shares"].items():
    print(f"{name:13}: the gradient is wrong by {100 * difference:.0f} %")
assert found["unequal_shares"]["mean of means"] > 0.2
assert found["unequal_shares"]["weighted"] < 1e-5

# %%
# The mean of the two means is not the mean of the 30 images: the six images of process 1 count four times as much as
# the others. **Remedy:** equal shares. If they cannot be equal, multiply the loss of each process, which has :math:`n` of
# all :math:`N` images, by :math:`n·W/N`. Here the factors are :math:`24·2/30 = 1.6` and :math:`6·2/30 = 0.4`. Then the
# gradient is right.
#
# Break it: one process does not call
# -----------------------------------
# An exchange needs *all* processes of the group, and exchanges are paired in the order of the calls. Somebody writes
# ``all_reduce`` inside ``if rank == 0:``, for example to print a mean loss. If rank 1 calls nothing more, rank 0 waits:
# the screen stands still, with gloo for 30 minutes, with NCCL for 10. If rank 1 goes on, its next exchange is paired
# with this one. This function ran in the launch above:

print(inspect.getsource(stray_call))
for rank, value in enumerate(found["stray_call"]):
    print(f"rank {rank} has {value:g}")
assert found["stray_call"] == [10, 21]

# %%
# Both should have 10 + 20 = 30. But the 20 of rank 1 met the 1 of the wrong call, and the 10 of rank 0 met the 0 that
# rank 1 exchanged next. There is no message. **Remedy:** call every exchange on all ranks, and put only the ``print``
# inside the ``if``.
#
# Break it: names that begin with "module."
# ------------------------------------------
# DDP and ``DataParallel`` keep the network in their attribute ``module``. Somebody saves the state of such a model, and
# later loads it into a plain network. (Here it is ``DataParallel``, because it needs no process group.)

saved = nn.DataParallel(nn.Sequential(nn.Linear(4, 2))).state_dict()
try:
    nn.Sequential(nn.Linear(4, 2)).load_state_dict(saved)
except RuntimeError as error:
    print(str(error).replace("\t", "  "))

# %%
# All names begin with ``module.``, the attribute. **Remedy:** save the network itself, as ``restart.py`` does, or
# ``model.module``.
#
# Then and now
# ------------
# ``DataParallel`` gives no warning to this day, although the documentation advises against it. Other old lines do
# complain. (``nothing`` is the path of an empty script.)
#
# .. fold:: The rows, run as they are written

nothing = str(work / "nothing.py")
Path(nothing).write_text("")
tempfile.tempdir = str(work)  # torchrun leaves its logs there
old_and_new = [
    (
        """from torch.distributed import launch
launch.main(["--standalone", "--nproc-per-node=1", nothing])""",
        """from torch.distributed import run
run.main(["--standalone", "--nproc-per-node=1", nothing])""",
    ),
    (
        """print(dist.reduce_op.SUM)""",
        """print(dist.ReduceOp.SUM)""",
    ),
    (
        """with torch.cuda.amp.autocast(enabled=False):
    product = torch.ones(2) @ torch.ones(2)""",
        """with torch.amp.autocast("cuda", enabled=False):
    product = torch.ones(2) @ torch.ones(2)""",
    ),
]
with contextlib.redirect_stderr(sys.__stderr__):  # torchrun wants a real one, for its fault handler
    page_files.run_then_and_now("distributed", old_and_new, globals())
tempfile.tempdir = None

# %%
# .. then-and-now:: distributed
#
#    - On the command line: ``python -m torch.distributed.launch`` was what ``torchrun`` is now. It passed the number of
#      the process as an argument, ``--local_rank``. Today it stands in the environment variable ``LOCAL_RANK``.
#
#    - The operations of ``all_reduce``, such as the sum or the maximum, have another name.
#
#    - Training with :term:`half precision` is often combined with DDP. ``torch.amp`` is no longer for CUDA alone.
#
# What you learned
# ----------------
# - ``torchrun`` starts all processes and tells them their ranks; on several nodes they meet at a rendezvous.
# - Data parallel training averages the gradients in each step with an all-reduce. With equal shares it is the same
#   training as one process with the whole batch, up to rounding. DDP does it in buckets, while ``backward`` runs.
# - ``torchrun`` starts all processes again when one dies. A checkpoint with weights, optimiser and step makes the
#   result the same as without the accident.
# - In a ring all-reduce each process sends less than twice the gradient. What is left of the speed-up depends on
#   computing time, bandwidth and latency.
# - Call ``set_epoch``, count each image once, weight unequal shares, and let all processes call each exchange.
#
# Self-checks
# -----------
# .. choice:: You train with 1 process and a batch of 64. Now you start 4 processes, each with a batch of 64, and change nothing else. What have you changed?
#    :right: 3
#
#    - Nothing but the time
#
#      Each step now uses 4 · 64 images.
#
#    - The gradients are four times as large
#
#      DDP averages, it does not add.
#
#    - The batch of a step has 256 images, so the learning rate has to be chosen again
#
#      An epoch has a quarter of the steps. As a rule of thumb, many multiply the learning rate by 4 and warm it up
#      (lesson 13; Goyal and others, 2017); check it on validation data.
#
# .. choice:: Which process should write the checkpoint?
#    :right: 1
#
#    - Rank 0 alone
#
#      All processes hold the same weights. If all write the same file, they may damage it.
#
#    - Each process, into the same file
#
#      Several processes would write at the same time.
#
#    - The process with local rank 0
#
#      On several nodes there are several processes with local rank 0.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. They need no second process. Worked
# solutions, executed, are on :doc:`the solutions page </solutions/lesson_16>`.
#
# **1. Recall.** Write what ``DistributedSampler`` does without shuffling: deal out the rows like cards, and begin again
# with row 0 if they cannot be dealt out equally.
#
# .. code-block:: python
#
#    def rows_of(rank, world_size, count):
#        return list(range(count))[rank::world_size]
#
#    for world_size in (2, 3, 4):
#        for rank in range(world_size):
#            sampler = DistributedSampler(range(10), world_size, rank, shuffle=False)
#            found = rows_of(rank, world_size, 10)
#            assert found == list(sampler), f"rank {rank} of {world_size}: {found}, not {list(sampler)}"
#    print("the same rows as DistributedSampler")
#
# **2. Modify.** Three processes have shares of different sizes. Combine their mean gradients so that the result is the
# gradient of the whole batch.
#
# .. code-block:: python
#
#    def combine(gradients, counts):
#        return torch.stack(gradients).mean(0)
#
#    generator = torch.Generator().manual_seed(1)
#    x = torch.randn(30, 5, generator=generator)
#    y = torch.randn(30, generator=generator)
#
#    def gradient(x, y):
#        w = torch.zeros(5, requires_grad=True)
#        ((x @ w - y) ** 2).mean().backward()
#        return w.grad
#
#    counts = [16, 10, 4]
#    parts = [gradient(*part) for part in zip(x.split(counts), y.split(counts))]
#    difference = (combine(parts, counts) - gradient(x, y)).abs().max().item()
#    assert difference < 1e-5, f"the combined gradient is wrong by {difference:.3f}"
#    print("the gradient of the whole batch")
#
# **3. Extend.** A ring needs :math:`2(W-1)` rounds. If the latency is the bottleneck, fewer rounds are better, even if
# each carries the whole vector. In *recursive doubling* each process exchanges its sum with the process at distance 1,
# then 2, then 4, and so on. Write it for :math:`W` a power of two; one round is given. There ``^`` flips a binary
# digit: with ``rank ^ 1``, the pairs are 0 and 1, 2 and 3, and so on.
#
# .. code-block:: python
#
#    def doubling_all_reduce(vectors):
#        """Return the sums of all processes, and the number of rounds."""
#        rounds = 0
#        partners = [rank ^ 1 for rank in range(len(vectors))]
#        vectors = [vectors[rank] + vectors[partners[rank]] for rank in range(len(vectors))]
#        rounds += 1
#        return vectors, rounds
#
#    for size in (2, 4, 8, 16):
#        vectors = [torch.tensor([float(rank), 1.0]) for rank in range(size)]
#        expected = torch.stack(vectors).sum(0)
#        sums, rounds = doubling_all_reduce(vectors)
#        for rank in range(size):
#            wrong = f"{size} processes: rank {rank} has {sums[rank].tolist()}, not {expected.tolist()}"
#            assert torch.equal(sums[rank], expected), wrong
#        assert 2**rounds == size, f"{size} processes took {rounds} rounds"
#    print("all sums are right, in log2(W) rounds")
#
# In practice
# -----------
# - Check a distributed loop as we did: the same seed, the same batches, and then compare the weights.
# - Use several nodes only in a network that you trust: the meeting point listens on all network addresses of its
#   computer, even if it was given 127.0.0.1, and asks for no password.
#
# Going further
# -------------
# - **A network that does not fit into one GPU.** In data parallel training every process holds all weights, all
#   gradients and the whole state of the optimiser. *Fully sharded data parallel* gives each process only a part of each
#   and collects a layer when it is needed: :torch:`torch.distributed.fsdp.fully_shard`.
# - **Batch normalisation.** Each process normalises with the statistics of its own share, so a network with it is *not*
#   equal to one process. ``nn.SyncBatchNorm`` computes them over all processes.
# - **Random numbers.** With augmentation or dropout, give each rank another seed after the network is made; otherwise
#   all processes draw the same random numbers.
#
# References
# ----------
# - \S. Li and others: `PyTorch Distributed: experiences on accelerating data parallel training
#   <https://arxiv.org/abs/2006.15704>`__, 2020. Buckets and overlap, by those who built DDP.
# - \P. Patarasuk, X. Yuan: `Bandwidth optimal all-reduce algorithms for clusters of workstations
#   <https://doi.org/10.1016/j.jpdc.2008.09.002>`__, 2009. The ring, and why it cannot send less.
# - \P. Goyal and others: `Accurate, large minibatch SGD: training ImageNet in 1 hour
#   <https://arxiv.org/abs/1706.02677>`__, 2017.
# - PyTorch: `torchrun <https://docs.pytorch.org/docs/stable/elastic/run.html>`__.
# - PyTorch: `Distributed data parallel <https://docs.pytorch.org/docs/stable/notes/ddp.html>`__.
