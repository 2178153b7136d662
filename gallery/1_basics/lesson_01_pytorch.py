"""
01 · PyTorch, the star of the frameworks
========================================

A loop of twenty lines can find a law of nature in a small table. This lesson writes that loop with NumPy, writes it
again with PyTorch, and every number comes out the same; NumPy is even several times as fast. What, then, does a
framework do that NumPy does not? Near the end, one line turns the law into a network with 49 numbers to fit and not a
formula to work out, and the answer is plain. So is the other half of it: the network's forecasts are far worse.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - install PyTorch, check the installation, and choose the device that computes;
      - fit a line by gradient descent, with derivatives of your own and with those of autograd;
      - say what a framework brings beyond arrays, and which part does what;
      - recognise a forgotten ``zero_grad`` by the curve of the loss.

   .. grid-item-card:: Before you start

      - **Read first:** nothing. You need Python, the logarithm, and the derivative of a square.
      - **Data:** the orbits of the eight planets, sixteen numbers that stand in the text.
      - **Run time:** less than 15 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# On Linux and on a Mac one command is enough; on Linux it brings NVIDIA's CUDA along, for a GPU:
#
# .. code-block:: bash
#
#    pip install torch numpy matplotlib
#
# On Windows that command brings a PyTorch for the CPU only. The one for NVIDIA GPUs has an address of its own, which
# ends in the version of CUDA; with ``cpu`` instead of that version, Linux gets a small installation without CUDA:
#
# .. code-block:: bash
#
#    pip install torch --index-url https://download.pytorch.org/whl/cu130
#
# :doc:`The set-up page </setup>` has the rest: virtual environments, mirrors, and what can fail. The cell verifies the
# installation: two small matrices must have the product that the ``assert`` says. ``dlcourse`` is the package of this
# course, and brings plumbing: the look of the figures, a fixed start for random numbers, the choice of a device.

# sphinx_gallery_number = 1
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = []
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 3
import timeit
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dlcourse.device import pick_device
from dlcourse.plotting import use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
generator = seed_everything(1)  # where random numbers come from: the same ones at every run
print(f"PyTorch {torch.__version__}, built with CUDA {torch.version.cuda}")
small = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
assert (small @ small.T).tolist() == [[5, 14], [14, 50]]

# %%
# Set-up: which device?
# ---------------------
# The numbers of PyTorch live in :term:`tensors <tensor>`, grids of numbers like NumPy's arrays, and every tensor lies
# on a :term:`device`: ``cpu``, ``cuda`` (a GPU of NVIDIA, or of AMD in a build for it) or ``mps`` (the GPU of an Apple
# chip). ``torch.accelerator`` names the kind of GPU that this PyTorch was *built* for. Only with
# ``check_available=True`` does it look whether there is one. The course's ``pick_device`` looks for CUDA, then for
# MPS, and otherwise takes the CPU; ``.to`` moves a tensor there, and the rest of the code stays the same.

print("built for:", torch.accelerator.current_accelerator())
print("found:    ", torch.accelerator.current_accelerator(check_available=True))
device = pick_device()
small = small.to(device)
print("computing on:", small.device.type)
assert (small @ small.T).tolist() == [[5, 14], [14, 50]]

# %%
# Look at the data
# ----------------
# The farther a planet is from the Sun, the longer is its year. By what rule? Johannes Kepler found it in 1618, in the
# numbers of the six planets known to him. Here are theirs and those of two that were discovered in 1781 and 1846, from
# NASA's fact sheets: mean distance in millions of kilometres, and year in days. Two NumPy arrays hold them, in units
# of the Earth's. An array is a row or a grid of numbers, and arithmetic acts on all of them at once (more in
# :doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`).

planets = {
    "Mercury": (57.909, 87.969),
    "Venus": (108.210, 224.701),
    "Earth": (149.598, 365.256),
    "Mars": (227.956, 686.980),
    "Jupiter": (778.479, 4332.589),
    "Saturn": (1432.041, 10755.699),
    "Uranus": (2867.043, 30685.400),
    "Neptune": (4514.953, 60189.018),
}
distance = np.array([km for km, _ in planets.values()]) / planets["Earth"][0]
year = np.array([days for _, days in planets.values()]) / planets["Earth"][1]
for name, d, t in zip(planets, distance, year, strict=True):
    print(f"{name:8} {d:7.3f} times as far as the Earth, a year of {t:8.3f} Earth years")

# %%
# The six are our :term:`training set`. The hollow ones are the :term:`test set`: no program uses them before "Use it".
# On the left the years run away upwards, for twice as far takes more than twice as long. On the right both axes are
# logarithmic, so that equal steps are equal *factors*, and the planets stand in line. That is the mark of a power: if
# :math:`t = c\,d^{\,p}`, then :math:`\log t = p \log d + \log c`, and the slope of the line is the exponent.

alt = "The years of eight planets over their distances: a curve, and with logarithmic axes a line."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
for ax, scale in zip(axes, ("linear", "log"), strict=True):
    ax.plot(distance[:6], year[:6], "o", label="known to Kepler")
    ax.plot(distance[6:], year[6:], "o", color="C0", fillstyle="none", label="found later")
    ax.set(xscale=scale, yscale=scale, title=f"{scale} axes", xlabel="distance (Earth = 1)")
axes[0].set_ylabel("year (Earth = 1)")
legend = axes[0].legend(loc="upper left", handletextpad=0.1)

# %%
# Predict
# -------
# With :math:`x = \log d` and :math:`y = \log t` we look for the line that fits best. Three programs will do it: with
# NumPy and derivatives that we work out ourselves, with PyTorch's derivatives, and with ready-made parts of PyTorch.
# All start at slope 0 and take the same 200 steps. In how many digits will their results agree? Which is the fastest?
#
# .. dropdown:: Answer
#
#    The first two agree in all digits but the last one or two, because they do the same arithmetic. The fastest is
#    NumPy, by a clear margin: so small a table leaves nothing for PyTorch to gain. Both claims are checked below.

x, y = np.log(distance[:6]), np.log(year[:6])
print("x:", x.round(2))
print("y:", y.round(2))

# %%
# Build it: two formulas
# ----------------------
# The :term:`model` :math:`w x + b` has two numbers to adjust, its :term:`parameters <parameter>`. For planet :math:`i`
# its error is :math:`e_i = w x_i + b - y_i`, and one number says how bad the whole line is, the :term:`mean squared
# error` :math:`L = \frac{1}{n} \sum_i e_i^2`, our :term:`loss function`. How does it change with :math:`w` and
# :math:`b`? The derivative of :math:`e_i^2` is :math:`2 e_i` times that of :math:`e_i`, which is :math:`x_i` for
# :math:`w` and 1 for :math:`b`:
#
# .. math:: \frac{\partial L}{\partial w} = \frac{2}{n} \sum_i e_i x_i , \qquad
#           \frac{\partial L}{\partial b} = \frac{2}{n} \sum_i e_i .
#
# :term:`Gradient descent <gradient descent>` takes small steps against these two, many times. How small, says the
# :term:`learning rate`.


def fit_numpy(x, y, steps=200, learning_rate=0.1):
    """Slope, intercept and the loss at each step; the derivatives are ours."""
    slope, intercept, losses = 0.0, 0.0, []
    for _ in range(steps):
        error = slope * x + intercept - y
        losses.append((error**2).mean())

        slope_gradient = 2 * (error * x).mean()
        intercept_gradient = 2 * error.mean()

        slope -= learning_rate * slope_gradient
        intercept -= learning_rate * intercept_gradient
    return slope, intercept, losses


slope, intercept, losses = fit_numpy(x, y)
print(
    f"slope {slope:.4f}, intercept {intercept:.4f}, loss from {losses[0]:.2f} to {losses[-1]:.1e}"
)

# %%
# Build it: the same with autograd
# --------------------------------
# The slope is very nearly 3/2. That is Kepler's law: the square of the year grows as the cube of the distance. Now with
# PyTorch. ``requires_grad`` asks it to record what is computed from a tensor. ``backward`` goes through that record from
# the loss back to the start, applies the chain rule at every operation, and *adds* each derivative to a ``.grad``:
# :term:`automatic differentiation`, or *autograd* for short. The step is no part of the model, so ``no_grad`` keeps it
# out of the record. Then the gradients are set to zero, for the next round.


def fit_autograd(x, y, steps=200, learning_rate=0.1):
    """The same as fit_numpy; the derivatives are PyTorch's."""
    x, y, losses = torch.tensor(x), torch.tensor(y), []
    slope, intercept = (torch.zeros((), dtype=x.dtype, requires_grad=True) for _ in range(2))
    for _ in range(steps):
        error = slope * x + intercept - y
        loss = (error**2).mean()
        losses.append(loss.item())

        loss.backward()

        with torch.no_grad():
            slope -= learning_rate * slope.grad
            intercept -= learning_rate * intercept.grad
        slope.grad.zero_()
        intercept.grad.zero_()
    return slope.item(), intercept.item(), losses


w, b, _ = fit_autograd(x, y)
print(f"slope {w:.4f}, intercept {b:.4f}")

# %%
# The line that matters most, model and error, is the same in both. Where NumPy has our two formulas, PyTorch has
# ``loss.backward()``; whoever changes the model changes nothing there. The rest is housekeeping:
#
# ============================= ==================================== =========================================
# What                          With NumPy                           With PyTorch
# ============================= ==================================== =========================================
# the model and its error       ``slope * x + intercept - y``        ``slope * x + intercept - y``
# the derivatives               two formulas, worked out by us       ``loss.backward()``
# the step                      ``slope -= ...``                     the same, inside ``torch.no_grad()``
# before the next round         nothing                              ``slope.grad.zero_()``
# ============================= ==================================== =========================================
#
# Does ``backward`` know our formula? Here is the derivative with respect to the slope, where both programs start, in
# three ways: by the formula, by autograd, and by neither of them, from how much the loss changes when the slope changes
# by a little.

loss_at = {slope: ((slope * x - y) ** 2).mean() for slope in (-1e-6, 1e-6)}
parameter = torch.zeros((), dtype=torch.float64, requires_grad=True)
((parameter * torch.tensor(x) - torch.tensor(y)) ** 2).mean().backward()
print("formula:     ", 2 * ((0 * x - y) * x).mean())
print("autograd:    ", parameter.grad.item())
print("small change:", (loss_at[1e-6] - loss_at[-1e-6]) / 2e-6)

# %%
# Build it: ready-made parts
# --------------------------
# Nobody writes the step by hand for long. ``nn.Linear(1, 1)`` is the same line with its two parameters inside, for
# inputs with one number each; it wants them as a column, one row for each planet. The :term:`optimiser` ``SGD`` takes
# the steps, and its ``zero_grad`` clears the gradients of all parameters. Note that ``train`` does not know which model
# it trains. Numbers are now ``float32``, half as long as NumPy's ``float64``: PyTorch's default, and enough for
# networks.


def column(values):
    """The values as a tensor of one column, shape (n, 1), on the device."""
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None]


def train(model, x, y, steps=200, learning_rate=0.1):
    """Change the parameters of the model step by step; return the loss at each step."""
    optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        loss = nn.functional.mse_loss(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


line = nn.Linear(1, 1).to(device)
for start in line.parameters():
    nn.init.zeros_(start)  # a layer starts at random numbers; here all three shall start alike
line_losses = train(line, column(x), column(y))
print(f"slope {line.weight.item():.4f}, intercept {line.bias.item():.4f}")

# %%
# Check against PyTorch
# ---------------------
# Now for your first prediction. We compare slope, intercept and the loss at each of the 200 steps. NumPy and autograd
# differ in the last digit or two of the sixteen that ``float64`` keeps. The ready-made parts compute in ``float32``,
# which keeps about seven, and that is the size of their difference. In the figure the dashed line lies on the solid
# one, in the fit and in the loss.

from_numpy, from_autograd = fit_numpy(x, y), fit_autograd(x, y)
by_parts = (line.weight.item(), line.bias.item(), line_losses)
for name, other, tolerance in (("autograd", from_autograd, 1e-12), ("parts", by_parts, 1e-5)):
    difference = max(
        np.abs(np.subtract(a, b)).max() for a, b in zip(from_numpy, other, strict=True)
    )
    print(f"NumPy and {name:8} differ by at most {difference:.0e}")
    assert difference < tolerance

alt = "The fitted line and the loss at each step; NumPy's and PyTorch's curves coincide."
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
left.loglog(distance[:6], year[:6], "o", color="black")
runs = {"NumPy": (from_numpy, "-", 4), "autograd": (from_autograd, "--", 1.8)}
for (name, ((w, b, history), style, width)), colour in zip(runs.items(), ("C5", "C1"), strict=True):
    left.plot(distance[:6], np.exp(w * x + b), style, lw=width, color=colour, label=name)
    right.semilogy(history, style, lw=width, color=colour)
left.set(xlabel="distance (Earth = 1)", ylabel="year (Earth = 1)", title="the fit")
right.set(xlabel="step", title="the loss")
legend = left.legend()

# %%
# Use it: two planets that Kepler never saw
# -----------------------------------------
# A good fit proves little; the test is what was held out. Beside our line stand three simple :term:`baselines
# <baseline>`: the mean of the six (of the logarithms, like everything here), "twice as far, twice as long", and the
# best line in closed form, which ``np.linalg.lstsq`` computes at once. Gradient descent arrives at the same line, and
# could not do better. From it follow the years of Uranus and Neptune to within one per cent.

x_test = np.log(distance[6:])
lstsq_slope, lstsq_intercept = np.linalg.lstsq(np.stack([x, np.ones(6)], axis=1), y)[0]
forecasts = {
    "mean of the six": np.exp(np.full(2, y.mean())),
    "year = distance": distance[6:],
    "closed form": np.exp(lstsq_slope * x_test + lstsq_intercept),
    "our line": np.exp(slope * x_test + intercept),
}
print(f"{'':16}{'Uranus':>8}{'Neptune':>17}")
print(f"{'the truth':16}{year[6]:8.1f}{year[7]:17.1f}")
for name, forecast in forecasts.items():
    off = forecast / year[6:] - 1
    print(f"{name:16}", *(f"{t:7.1f} ({e:+6.1%})" for t, e in zip(forecast, off, strict=True)))
assert abs(slope - lstsq_slope) < 1e-6 and np.abs(off).max() < 0.01

# %%
# Your second prediction was about time. We measure on the CPU, for all alike. Each operation of PyTorch has a fixed
# cost: Python calls it, the record grows. Six numbers are no work beside that, and the closed form needs no steps at
# all. With millions of numbers the fixed cost hardly counts. PyTorch runs *eagerly*: each operation at once, as Python
# reaches it. ``torch.compile`` first joins the operations of a model into fewer and larger ones, which saves time in
# long trainings; on a CPU it needs a C++ compiler, so we leave it at the `link
# <https://docs.pytorch.org/docs/stable/generated/torch.compile.html>`__.

cpu_line = nn.Linear(1, 1)
cpu_x, cpu_y = column(x).cpu(), column(y).cpu()
programs = {
    "closed form (lstsq)": lambda: np.linalg.lstsq(np.stack([x, np.ones(6)], axis=1), y),
    "NumPy, 200 steps": lambda: fit_numpy(x, y),
    "autograd, 200 steps": lambda: fit_autograd(x, y),
    "ready-made parts, 200 steps": lambda: train(cpu_line, cpu_x, cpu_y),
}
times_s = {name: min(timeit.repeat(run, number=1, repeat=5)) for name, run in programs.items()}
for name, time_s in times_s.items():
    ratio = time_s / times_s["NumPy, 200 steps"]
    print(f"{name:28} {ratio:6.2f} times as long as NumPy  (measured in this build)")

# %%
# Use it: change one line
# -----------------------
# If NumPy is faster and the closed form quicker still, why a framework? Because now we change the model. Sixteen curves
# of the shape of :math:`\tanh`, each with a steepness, a place and a height of its own, are added up: a small network,
# with 49 parameters. It has no closed form, and for NumPy we would have to work out all derivatives anew. For PyTorch
# we write down the model and allow it more steps. ``train`` stays as it is.

network = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)).to(device)
network_losses = train(network, column(x), column(y), steps=3000)
print("parameters:", sum(parameter.numel() for parameter in network.parameters()))
print(f"loss: line {line_losses[-1]:.1e}, network {network_losses[-1]:.1e}")

with torch.no_grad():
    forecast = network(column(np.log(distance))).exp().flatten().tolist()
for name, t, guess in zip(planets, year, forecast, strict=True):
    print(f"{name:8} {t:8.3f}  network {guess:8.3f}  {guess / t - 1:+7.1%}")

# %%
# None of the six planets is missed by one per cent. The two others are missed by far: beyond the grey range
# :math:`\tanh` flattens out, the curve bends away from the line, and nothing in the training set forbade that. A
# framework gives you the derivatives of any model. Which model is worth them, it cannot tell; here it is the one
# with two parameters. Networks earn their keep where nobody knows the formula: in pictures, sound and text.

alt = "Line and network agree on six planets; farther out the network falls below the other two."
fig, ax = plt.subplots(figsize=(5.2, 3.4), num=alt)
ax.axvspan(distance[0], distance[5], color="0.94")
ax.loglog(distance[:6], year[:6], "o", color="black", label="training set")
ax.plot(distance[6:], year[6:], "o", color="black", fillstyle="none", label="test set")
along = np.geomspace(distance[0], 60, 100)
with torch.no_grad():
    curve = network(column(np.log(along))).exp().flatten().cpu()
ax.plot(along, np.exp(slope * np.log(along) + intercept), color="C0", label="line")
ax.plot(along, curve, "--", color="C1", label="network")
ax.set(xlabel="distance (Earth = 1)", ylabel="year (Earth = 1)")
legend = ax.legend(loc="lower right")
misses = np.abs(np.array(forecast) / year - 1)
assert misses[:6].max() < 0.01 and misses[6:].min() > 0.1

# %%
# Use it: the five parts
# ----------------------
# So this is what a framework does that NumPy does not: it finds the derivatives of any model, on any device. Around
# that stand the parts that every project needs. You have seen three of the five at work; the cell shows the last two.
# ``DataLoader`` hands out the examples in small shuffled groups, and ``export`` turns a model into a program that no
# longer needs the Python code that made it. TensorFlow and JAX have the same parts under other names.
#
# =================== =================================== ==================================================================
# Part                What it does                        Opened in lesson
# =================== =================================== ==================================================================
# tensors             arrays that can live on a GPU       :doc:`04 </lessons/1_basics/lesson_04_tensors>` and
#                                                         :doc:`05 </lessons/1_basics/lesson_05_reshaping>`
# autograd            derivatives of any program          12
# ``nn``, ``optim``   layers, losses, optimisers          :doc:`09 </lessons/2_training/lesson_09_convolution_1>` to 13
# data                reads, shuffles, groups examples    06 and 07
# deployment          models that run elsewhere           :doc:`14 </lessons/2_training/lesson_14_building_a_network>`
# =================== =================================== ==================================================================

examples = TensorDataset(column(x), column(y))
for inputs, _ in DataLoader(examples, batch_size=4, shuffle=True, generator=generator):
    print("a group of", len(inputs), "planets, shape of the inputs", tuple(inputs.shape))

program = torch.export.export(line, (column(x),))
torch.testing.assert_close(program.module()(column(x)), line(column(x)))
print(
    "operations of the exported line:",
    [n.name for n in program.graph.nodes if n.op == "call_function"],
)

# %%
# Break it
# --------
# Three mistakes of the first week, all of them about the record. The first asks for the numbers of a recorded tensor,
# as a plot does. The second takes the step outside ``no_grad``. The third calls ``backward`` twice. Before you read the
# messages, say what PyTorch could have against each of these lines.

weight = torch.tensor(1.5, requires_grad=True)
loss = (weight * torch.tensor(x) - torch.tensor(y)).square().mean()
loss.backward()

mistakes = {
    "weight.numpy()": weight.numpy,
    "weight -= 0.1 * weight.grad": lambda: weight.__isub__(0.1 * weight.grad),
    "loss.backward()  # again": loss.backward,
}
for name, mistake in mistakes.items():
    try:
        mistake()
    except RuntimeError as error:
        print(name, fill(f"RuntimeError: {error}", 72, break_on_hyphens=False), "", sep="\n")

# %%
# In the first, NumPy would lose the record, so PyTorch wants to hear that you mean it: ``detach``. In the second, a
# *leaf* is a tensor at which a record begins, and changing it in place would falsify the record. The third is right:
# the record is thrown away once used, so compute the loss anew. The worst mistake has no message at all. Forget
# ``zero_grad``, and ``backward`` goes on *adding*: each step follows the sum of all gradients so far. The slope swings
# like a ball in a bowl without friction, through the best place and out again, and never comes to rest.

column_x, column_y = torch.tensor(x), torch.tensor(y)
w, b = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2))
forgetful_slopes, forgetful_losses = [], []
for _ in range(200):
    loss = ((w * column_x + b - column_y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    forgetful_slopes.append(w.item())
    forgetful_losses.append(loss.item())
late = forgetful_slopes[-50:]
print(f"slope in the last 50 steps: from {min(late):.2f} to {max(late):.2f}, not {slope:.2f}")
assert min(forgetful_losses[-50:]) > 1000 * losses[-1]

alt = "Loss at each step: with zero_grad it falls and stays low; without, it swings up and down."
fig, ax = plt.subplots(figsize=(5.2, 2.9), num=alt)
ax.semilogy(losses, label="with zero_grad")
ax.semilogy(forgetful_losses, "--", label="without")
ax.set(xlabel="step", ylabel="loss", ylim=(1e-6, 1e3))
legend = ax.legend(loc="upper right", ncols=2)

# %%
# Then and now
# ------------
# Five things that older tutorials do differently. Most of the old lines still run; one has another result today, and
# the cell shows it. After ``zero_grad`` the gradient used to be a tensor of zeros; since PyTorch 2.0 it is ``None``, as
# it was before the first ``backward``. Old code that computes with ``.grad`` at that place stops with an error about
# ``NoneType``.
#
# ======================================== ================================== =====================================
# Then                                     Now                                Why
# ======================================== ================================== =====================================
# ``conda install pytorch -c pytorch``     ``pip install torch``              PyTorch 2.5 was the last one there
# ``Variable(x, requires_grad=True)``      ``x.requires_grad_()``             every tensor can do it since 0.4
# ``cuda`` if available, else ``cpu``      ``torch.accelerator``              one question for all kinds, since 2.6
# ``zero_grad()`` leaves zeros             ``zero_grad()`` leaves ``None``    saves memory
# ``torch.jit.script(model)``              :torch:`torch.compile`             TorchScript is deprecated
# ======================================== ================================== =====================================

optimiser = torch.optim.SGD(line.parameters(), lr=0.1)
for set_to_none in (False, True):
    nn.functional.mse_loss(line(column(x)), column(y)).backward()
    optimiser.zero_grad(set_to_none=set_to_none)
    print(f"set_to_none={set_to_none!s:5}: the gradient is", line.bias.grad)
optimiser.zero_grad()
assert line.bias.grad is None  # the default is the new way
assert isinstance(torch.autograd.Variable(torch.ones(1), requires_grad=True), torch.Tensor)

# %%
# What you learned
# ----------------
# - A model, a loss, its derivatives, a step: that is training, with or without a framework.
# - NumPy and PyTorch compute the same numbers. Autograd saves you the derivatives, of this model and of the next.
# - For a line through six points the closed form is better and NumPy faster; a framework pays when models grow.
# - ``pick_device`` chooses, ``.to`` moves; ``torch.accelerator`` needs ``check_available=True`` to look.
# - ``backward`` adds to ``.grad``; whoever forgets ``zero_grad`` gets no message and a loss that swings.
#
# Self-checks
# -----------
# **1.** The loss shall be the mean of :math:`|e_i|` instead of :math:`e_i^2`. Which lines change in ``fit_numpy``, and
# which in ``fit_autograd``?
#
# .. dropdown:: Answer
#
#    With NumPy three: the loss and both formulas, whose :math:`2 e_i` becomes the sign of :math:`e_i`. With autograd
#    one: the loss.
#
# **2.** On a computer without a GPU, ``torch.accelerator.current_accelerator()`` gives ``cuda``. Is the installation
# broken?
#
# .. dropdown:: Answer
#
#    No. This PyTorch was built for CUDA, and that is all the call says. With ``check_available=True`` it gives
#    ``None``.
#
# **3.** The network also has 16 curves with which it could imitate a line. Why was it so wrong about Neptune?
#
# .. dropdown:: Answer
#
#    The loss asks only about the six planets. Beyond Saturn, any curve is as good as any other, and those made of
#    :math:`\tanh` become flat.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_01>`.
#
# **1. Recall.** Write the derivative of the loss with respect to the slope as a formula, without autograd.
#
# .. code-block:: python
#
#    x, y = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0, 4.0])
#    slope = torch.tensor(0.5, requires_grad=True)
#    loss = ((slope * x - y) ** 2).mean()
#    by_hand = 0.0
#
#    loss.backward()
#    assert abs(by_hand - slope.grad.item()) < 1e-5, "autograd has another derivative"
#    print("derivative:", slope.grad.item())
#
# **2. Modify.** Galileo's four moons of Jupiter, from Io to Callisto, with distances and periods in units of those of
# Io. Find the exponent of their law with PyTorch.
#
# .. code-block:: python
#
#    distance = torch.tensor([421.8, 671.1, 1070.4, 1882.7]) / 421.8
#    period = torch.tensor([1.769, 3.551, 7.155, 16.689]) / 1.769
#    line = nn.Linear(1, 1)
#
#    exponent = line.weight.item()
#    assert abs(exponent - 1.5) < 0.005, f"{exponent:.3f} is not Kepler's exponent"
#    print("exponent of Jupiter's moons:", round(exponent, 3))
#
# **3. Extend.** Fit :math:`t = c\,d^{\,p}` itself, without logarithms: let the mean of the squared *relative* errors,
# :math:`(c\,d^{\,p} / t - 1)^2`, be the loss.
#
# .. code-block:: python
#
#    distance = torch.tensor([0.3871, 0.7233, 1.0, 1.5238, 5.2038, 9.5726])
#    year = torch.tensor([0.2408, 0.6152, 1.0, 1.8808, 11.8618, 29.4470])
#    factor = torch.tensor(1.0, requires_grad=True)
#    exponent = torch.tensor(1.0, requires_grad=True)
#
#    relative = factor.detach() * distance ** exponent.detach() / year - 1
#    assert relative.abs().max() < 0.01, f"a year is wrong by {relative.abs().max():.0%}"
#    print(f"exponent {exponent.item():.3f}, worst year off by {relative.abs().max():.1%}")
#
# In practice
# -----------
# - Ask first whether a closed form or a line is enough, and keep it as the baseline if it is not.
# - Write ``zero_grad``, ``backward``, ``step`` as a block of three lines, always in this order.
# - Choose the device once, at the top, and pass it on; a lesson never says ``.cuda()``.
# - Look at the loss as a curve, on a logarithmic axis: a single last number hides swings.
#
# References
# ----------
# - A. Paszke and others: `PyTorch: an imperative style, high-performance deep learning library
#   <https://arxiv.org/abs/1912.01703>`__, 2019.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind: `Automatic differentiation in machine learning: a survey
#   <https://arxiv.org/abs/1502.05767>`__, 2018.
# - D. R. Williams, NASA: `Planetary fact sheets <https://nssdc.gsfc.nasa.gov/planetary/planetfact.html>`__, the source of
#   the orbits.
# - Johannes Kepler: *Harmonices Mundi*, 1619, book V, where the law was published.
# - PyTorch documentation: `torch.accelerator <https://docs.pytorch.org/docs/stable/accelerator.html>`__,
#   `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, :torch:`torch.Tensor.backward`,
#   :torch:`torch.optim.Optimizer.zero_grad`.
