"""
01 · PyTorch, the star of the frameworks
========================================

What does a deep-learning framework do that NumPy does not do? To find out, we solve one small problem three times: how
does the length of a planet's year follow from its distance to the Sun? First we use NumPy, and work out the derivatives
ourselves. Then PyTorch computes the derivatives. Finally we use ready-made parts of PyTorch.

All three programs find the same law of nature. Then we replace the model, and PyTorch shows its strength. At the end
you can say why PyTorch became the star of the frameworks, and also when you do not need it.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - install PyTorch, check the installation, and choose the device that computes;
      - fit a line by gradient descent, with your own derivatives and with those of PyTorch;
      - name the parts of a framework, and say what each of them does;
      - recognise a training loop that forgets to remove its old gradients.

   .. grid-item-card:: Before you start

      - **Read first:** nothing. You need Python, the logarithm, the derivative of a square, and the chain rule.
      - **Data:** the orbits of the planets; the numbers stand in the code.
      - **Run time:** about 10 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# Make a virtual environment as :doc:`the set-up page </setup>` shows. Then one command installs PyTorch, its sister
# package ``torchvision`` for images, NumPy and Matplotlib:
#
# .. code-block:: bash
#
#    pip install torch torchvision numpy matplotlib
#
# Some *builds* (compiled versions) of PyTorch contain CUDA, NVIDIA's software for computing on its GPUs. If you have no
# GPU, PyTorch's own server has a smaller build:
#
# .. code-block:: bash
#
#    pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu
#
# Always name ``torch`` and ``torchvision`` in one command, so that they fit each other. The set-up page also installs
# ``dlcourse``, the package with the helpers of this course.
#
# The first cell imports what we need. ``seed_everything`` fixes the seed of the random numbers, so that each run draws
# the same ones.

# sphinx_gallery_number = 1
# sphinx_gallery_budget_s = 15
# sphinx_gallery_needs = []
# sphinx_gallery_assets = []
# sphinx_gallery_thumbnail_number = 4
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import use_course_style
from dlcourse.reproducible import seed_everything

SEED = 1
use_course_style()
seed_everything(SEED)
print(f"PyTorch {torch.__version__}, built with CUDA {torch.version.cuda}")

# %%
# ``None`` after CUDA means that the build does not support NVIDIA GPUs.
#
# Set-up: check the installation
# ------------------------------
# PyTorch stores numbers in :term:`tensors <tensor>`, regular grids like NumPy's arrays. To check the installation, we
# multiply a small matrix by its transpose: ``@`` is the matrix product, and ``.T`` the transpose. The first entry must
# be 0·0 + 1·1 + 2·2 = 5.

small = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
product = small @ small.T
print(product)
assert product.tolist() == [[5, 14], [14, 50]]

# %%
# If you see these four entries, PyTorch works. If not, :doc:`the set-up page </setup>` lists the usual errors.
#
# If ``torch`` and ``torchvision`` come from two different builds, ``import torchvision`` stops with the message below;
# the cure is in :doc:`the list of errors </errors>`. You can skip the fold.
#
# .. fold:: How the message comes about


def fake_nms(boxes, scores, threshold):
    """Stand in for the operator, as torchvision's own placeholder does during the import."""
    return boxes


try:
    torch.library.register_fake("torchvision::nms", fake_nms)
except RuntimeError as message:
    print(f"RuntimeError: {message}")

# %%
# Set-up: CPU, CUDA or MPS
# ------------------------
# Every tensor lies on a :term:`device`. ``cpu`` is the processor, ``cuda`` a GPU of NVIDIA (or of AMD, in a build for
# AMD), and ``mps`` the GPU of an Apple chip.
#
# ``torch.accelerator.current_accelerator(check_available=True)`` looks for a GPU that this PyTorch can use, and returns
# ``None`` if there is none. ``.to(device)`` then moves a tensor to the device.

found = torch.accelerator.current_accelerator(check_available=True)
device = torch.device("cpu") if found is None else found
small = small.to(device)
print("computing on:", small.device.type)

# %%
# The rest of a program is the same on each device. The later lessons choose it with ``pick_device()``.
#
# Look at the data
# ----------------
# The farther a planet is from the Sun, the longer its year. Johannes Kepler found the rule in 1618, from the six
# planets that were known to him. The cell holds today's values, from `NASA's fact sheets
# <https://nssdc.gsfc.nasa.gov/planetary/planetfact.html>`__.
#
# A NumPy array computes with all its elements at once (:doc:`lesson 02 </lessons/1_basics/lesson_02_numpy_1>`). We
# divide by the values of the Earth, so that the Earth has distance 1 and year 1.

names = ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn"]
distance_million_km = np.array([57.909, 108.210, 149.598, 227.956, 778.479, 1432.041])
year_days = np.array([87.969, 224.701, 365.256, 686.980, 4332.589, 10755.699])

distance = distance_million_km / distance_million_km[2]  # the Earth has position 2, from 0
year = year_days / year_days[2]
for i in range(6):
    print(f"{names[i]:8} distance {distance[i]:6.3f}, year {year[i]:7.3f}")

# %%
# Saturn is about ten times as far away as the Earth, but its year is almost thirty times as long.
#
# On the right of the figure, equal steps on an axis are equal *factors*: from 1 to 10 is as far as from 10 to 100. Such
# an axis is called logarithmic.
#
# .. fold:: How the figure is drawn

alt = "The years of six planets over their distances: a curve, and with logarithmic axes a line."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
for ax, scale in zip(axes, ("linear", "log"), strict=True):
    ax.plot(distance, year, "o")
    ax.set(xscale=scale, yscale=scale, title=f"{scale} axes", xlabel="distance (Earth = 1)")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
label = axes[0].set_ylabel("year (Earth = 1)")

# %%
# On the right the planets lie on a straight line. This is the mark of a *power*. For example, a pizza of twice the
# diameter has four times the area, because the area grows with the diameter to the power 2.
#
# Suppose that the year grows with the distance to some power :math:`p`, so :math:`t = c\,d^{\,p}`. Then :math:`\log t =
# p \log d + \log c`. With :math:`x = \log d` and :math:`y = \log t` this is :math:`y = p x + \log c`, a line with slope
# :math:`p`. So we have to find the slope of a line.
#
# The six planets are our :term:`training set`. Uranus and Neptune, discovered later, are our :term:`test set`. We keep
# them back until "Use it".
#
# Predict
# -------
# Answer a question before you read on.
#
# .. choice:: A planet is twice as far away from the Sun as another one. How many times as long is its year?
#    :outputs: twice_as_far
#
#    - The exponent will turn out to be 1.5, and :math:`2^{1.5} \approx 2.83`. The orbit is twice as long, and in
#      addition the farther planet moves more slowly.
#
#    - This would be right if all planets moved with the same speed. In the table Saturn contradicts it.
#
#    - This is the rule of the pizza. With it, Saturn's year would be 92 times as long as the Earth's.
#
# Build it: the mean squared error
# --------------------------------
# The Earth has distance 1 and year 1, and :math:`\log 1 = 0`, so the line should go through the origin. We begin with
# this simple :term:`model`, :math:`y = w x`. It has one :term:`parameter`, the slope :math:`w`.
#
# For planet number :math:`i` its error is :math:`e_i = w x_i - y_i`. The :term:`mean squared error` says with one
# number how wrong the whole line is:
#
# .. math:: L = \frac{1}{n} \sum_i e_i^2 .
#
# Here :math:`n` is the number of planets, six. :math:`L` is our :term:`loss function`. The function ``loss_of``
# computes it, and we try four slopes.

x = np.log(distance)
y = np.log(year)


def loss_of(slope):
    """Mean squared error of the line y = slope · x."""
    error = slope * x - y
    return (error**2).mean()


for trial in (0.0, 1.0, 1.5, 2.0):
    print(f"slope {trial}: loss {loss_of(trial):.4f}")

# %%
# The slope 1.5 has by far the smallest loss. But trying values works only while there is one parameter.
#
# Build it: gradient descent in three steps
# -----------------------------------------
# Imagine that you stand on a hillside in thick fog and want to go down. You cannot see the valley, but your feet feel
# which way the ground falls, and you take a step that way. The :term:`derivative` of the loss tells us the same.
#
# By the chain rule, the derivative of :math:`e_i^2` is :math:`2 e_i` times the derivative of :math:`e_i`, which is
# :math:`x_i`. So
#
# .. math:: \frac{dL}{dw} = \frac{2}{n} \sum_i e_i x_i .
#
# If the derivative is negative, the loss falls to the right, so we step *against* the derivative. The step is the
# derivative times the :term:`learning rate`. We take 0.1, a common first guess (:doc:`lesson 13
# </lessons/2_training/lesson_13_optimisation>` shows how to choose one).

slope, learning_rate = 0.0, 0.1
visited = [slope]
for _ in range(3):
    error = slope * x - y
    derivative = 2 * (error * x).mean()
    slope = slope - learning_rate * derivative
    visited.append(slope)
    print(f"derivative {derivative:6.2f}, new slope {slope:.3f}, loss {loss_of(slope):.3f}")

# %%
# The slope grows and the loss falls. The steps become shorter, because the derivative becomes smaller near the bottom.
#
# In the figure each short line is a tangent, and its slope is the derivative. The arrow is the step that follows, and
# the dotted line leads to the loss at the new slope.
#
# .. fold:: How the figure is drawn

alt = "The loss over the slope is a bowl; three tangents become flatter and lead down to 1.5."
fig, ax = plt.subplots(figsize=(5.2, 3.4), num=alt)
slopes = np.linspace(-0.4, 2.6, 100)
ax.plot(slopes, [loss_of(s) for s in slopes], color="C0", label="loss")
for step in range(3):
    here, there = visited[step], visited[step + 1]
    height = loss_of(here)
    tilt = 2 * ((here * x - y) * x).mean()
    ends = np.array([here - 0.12, here + 0.12])
    ax.plot(ends, height + tilt * (ends - here), color="C1", lw=2.5)
    arrow = {"arrowstyle": "->", "color": "black", "shrinkA": 4, "shrinkB": 0}
    ax.annotate("", (there, height), (here, height), arrowprops=arrow)
    ax.plot([there, there], [height, loss_of(there)], ":", color="black")
    ax.plot(here, height, "o", color="C1")
ax.plot([], [], "o-", color="C1", label="tangent")  # for the legend
ax.plot([], [], ">-", color="black", label="one step")
ax.plot(visited[3], loss_of(visited[3]), "o", color="black", label="after three steps")
ax.set(xlabel="slope", ylabel="loss", ylim=(-0.3, 5.2))
legend = ax.legend(loc="upper right")

# %%
# Doing this many times is called :term:`gradient descent <gradient descent>`. (With several parameters, the derivatives
# with respect to each of them together are the :term:`gradient`.)
#
# Build it: two parameters
# ------------------------
# Now the general line :math:`y = w x + b`, with an intercept :math:`b` as its second parameter. The error becomes
# :math:`e_i = w x_i + b - y_i`. We need two derivatives: :math:`\partial L / \partial w` is the one with respect to
# :math:`w` while :math:`b` stays fixed, and :math:`\partial L / \partial b` the reverse. The derivative of :math:`e_i`
# with respect to :math:`b` is 1, so the formulas are:
#
# .. math:: \frac{\partial L}{\partial w} = \frac{2}{n} \sum_i e_i x_i , \qquad
#           \frac{\partial L}{\partial b} = \frac{2}{n} \sum_i e_i .
#
# ``fit_numpy`` takes 200 steps and keeps the loss of each one.


def fit_numpy(x, y, steps=200, learning_rate=0.1):
    """Slope, intercept, and the loss at each step; the derivatives are ours."""
    slope, intercept = 0.0, 0.0
    losses = []
    for _ in range(steps):
        error = slope * x + intercept - y
        losses.append((error**2).mean())

        slope_derivative = 2 * (error * x).mean()
        intercept_derivative = 2 * error.mean()

        slope = slope - learning_rate * slope_derivative
        intercept = intercept - learning_rate * intercept_derivative
    return slope, intercept, losses


slope, intercept, losses = fit_numpy(x, y)
print(f"slope {slope:.4f}, intercept {intercept:.4f}, loss {losses[0]:.2f} → {losses[-1]:.1e}")
print(f"{2**slope:.2f} times as long")

# %%
# The slope is very nearly 3/2, and the intercept nearly 0. This is Kepler's third law: the square of the year grows
# like the cube of the distance. The second line answers the question of "Predict".
#
# .. fold:: The code of the choices


def fitted_exponent():
    print(f"{2**slope:.2f} times as long")


def same_speed():
    exponent = 1
    print(f"{2**exponent:.2f} times as long")


def like_an_area():
    exponent = 2
    print(f"{2**exponent:.2f} times as long")


run_choices("twice_as_far", right=fitted_exponent, wrong=[same_speed, like_an_area])

# %%
# Build it: autograd, derivatives from PyTorch
# --------------------------------------------
# The weak point of our program is the two formulas. Each new model needs new ones, and a mistake in them gives no
# message. PyTorch can compute the derivatives. We show it on the model with one parameter.
#
# ``requires_grad=True`` says that we want a derivative with respect to this tensor. From then on PyTorch notes each
# operation that uses it, in a :term:`graph <computation graph>`. Here the graph is a simple chain:
#
#    ``w`` → (· x) → (− y) → (square) → (mean) → ``loss``
#
# The call ``loss.backward()`` goes through the graph from right to left, from the loss to ``w``, and applies the chain
# rule at each operation. It leaves the derivative in ``w.grad``. This is :term:`automatic differentiation`, and the
# part of PyTorch that does it is called *autograd*. The cell compares its derivative with that of our formula.
#
# (``torch.float64`` is NumPy's usual type of number, with about sixteen digits. ``item()`` takes the Python number out
# of a tensor with one element.)

x_tensor = torch.tensor(x)
y_tensor = torch.tensor(y)
w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

loss = ((w * x_tensor - y_tensor) ** 2).mean()
print(loss)
loss.backward()

by_formula = 2 * ((0.0 * x - y) * x).mean()  # our formula for the slope 0
print(f"by autograd: {w.grad.item():.8f}")
print(f"by formula:  {by_formula:.8f}")
assert abs(w.grad.item() - by_formula) < 1e-12

# %%
# The loss is a tensor that remembers where it comes from: ``grad_fn=<MeanBackward0>`` is the last operation in the
# graph, the mean. The two derivatives agree.
#
# One property of ``backward`` is easy to forget: it *adds* the derivative to what is already in ``.grad``. To see it,
# we compute the same loss once more and call ``backward`` again.

print("before:", w.grad.item())
loss = ((w * x_tensor - y_tensor) ** 2).mean()
loss.backward()
print("after: ", w.grad.item())
assert abs(w.grad.item() - 2 * by_formula) < 1e-12

# %%
# The value has doubled. In a loop we therefore have to remove the old gradient before the next ``backward``.
#
# Build it: the loop with autograd
# --------------------------------
# Now the whole loop. ``slope.grad = None`` removes the old gradient. The step itself is not part of the model, so
# ``torch.no_grad()`` keeps it out of the graph. There ``-=`` changes the tensor itself; it makes no new one.


def fit_autograd(x, y, steps=200, learning_rate=0.1):
    """The same as fit_numpy, on tensors; the derivatives are PyTorch's."""
    slope = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    intercept = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    losses = []
    for _ in range(steps):
        error = slope * x + intercept - y
        loss = (error**2).mean()
        losses.append(loss.item())

        slope.grad = None
        intercept.grad = None
        loss.backward()

        with torch.no_grad():
            slope -= learning_rate * slope.grad
            intercept -= learning_rate * intercept.grad
    return slope.item(), intercept.item(), losses


from_autograd = fit_autograd(x_tensor, y_tensor)
print(f"slope {from_autograd[0]:.4f}, intercept {from_autograd[1]:.4f}")

# %%
# The result is the same. Compare the two programs line by line:
#
# ============================= ==================================== =========================================
# What                          With NumPy                           With PyTorch
# ============================= ==================================== =========================================
# the error                     ``slope * x + intercept - y``        ``slope * x + intercept - y``
# before the next ``backward``  nothing                              ``slope.grad = None``
# the derivatives               two formulas, worked out by us       ``loss.backward()``
# the step                      ``slope = slope - ...``              ``slope -= ...`` inside ``no_grad()``
# ============================= ==================================== =========================================
#
# The error, which is the model, is the same in both. If you change it, NumPy needs new formulas, but
# ``loss.backward()`` stays as it is.
#
# Build it: a ready-made layer, nn.Linear
# ---------------------------------------
# ``nn.Linear(1, 1)`` is our line as an object, a *layer*. It has one input and one output for each example, and its two
# parameters are inside, as ``weight`` and ``bias``.
#
# The layer wants a table with one row for each planet, here with a single column. ``[:, None]`` makes this column: it
# adds an axis of length 1 at the end (more in :doc:`lesson 03 </lessons/1_basics/lesson_03_numpy_2>`). The values
# become ``float32``, PyTorch's usual type, with about seven digits.


def column(values):
    """The values as a tensor of one column, shape (n, 1), on the device."""
    return torch.as_tensor(values, dtype=torch.float32, device=device)[:, None]


inputs, targets = column(x), column(y)
line = nn.Linear(1, 1).to(device)
nn.init.zeros_(line.weight)  # a new layer starts with random parameters; ours starts at 0
nn.init.zeros_(line.bias)
print("outputs:", tuple(line(inputs).shape))

# %%
# A layer is called like a function: ``line(inputs)`` computes :math:`w x + b` for all six rows.
#
# Build it: a ready-made step, torch.optim.SGD
# --------------------------------------------
# ``torch.optim.SGD`` is an :term:`optimiser`. It receives the parameters of a model and the learning rate.
# ``zero_grad()`` removes the old gradients of all parameters, and ``step()`` changes each parameter by minus the
# learning rate times its gradient. ``nn.functional.mse_loss`` is the mean squared error.


def train(model, inputs, targets, steps=200, learning_rate=0.1):
    """Change the parameters of the model step by step; return the loss at each step."""
    optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


line_losses = train(line, inputs, targets)
print(f"slope {line.weight.item():.4f}, intercept {line.bias.item():.4f}")

# %%
# The same line for the third time. Nothing in ``train`` says which model it trains; we will use this soon.
#
# Check against PyTorch
# ---------------------
# Are the three results really equal? With sixteen digits (``float64``) and seven (``float32``) we expect small
# differences.
#
# .. fold:: The three programs compared

from_numpy = fit_numpy(x, y)
from_parts = (line.weight.item(), line.bias.item(), line_losses)
for name, other, tolerance in (("autograd", from_autograd, 1e-12), ("parts", from_parts, 1e-5)):
    differences = [
        abs(from_numpy[0] - other[0]),
        abs(from_numpy[1] - other[1]),
        np.abs(np.array(from_numpy[2]) - np.array(other[2])).max(),
    ]
    print(f"NumPy and {name:8} differ by at most {max(differences):.0e}")
    assert max(differences) < tolerance

# %%
# The differences are only rounding. In the figure the three programs lie on top of each other, in the fit and in the
# loss. The loss does not reach 0, because the planets do not lie exactly on one line.
#
# .. fold:: How the figure is drawn

alt = "The fitted line and the loss at each step; the curves of the three programs coincide."
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.9), num=alt)
left.loglog(distance, year, "o", color="black")
for name, run, style, width, colour in (
    ("NumPy", from_numpy, "-", 5, "C5"),
    ("autograd", from_autograd, "--", 1.8, "C1"),
    ("ready-made parts", from_parts, ":", 1.2, "black"),
):
    fitted_year = np.exp(run[0] * x + run[1])
    left.plot(distance, fitted_year, style, lw=width, color=colour, label=name)
    right.semilogy(run[2], style, lw=width, color=colour)
left.set(xlabel="distance (Earth = 1)", ylabel="year (Earth = 1)", title="the fit")
left.xaxis.set_major_formatter("{x:g}")
left.yaxis.set_major_formatter("{x:g}")
right.set(xlabel="step", title="the loss")
legend = fig.legend(loc="outside lower center", ncols=3)

# %%
# Use it: a test on two new planets
# ---------------------------------
# The real test is a planet that the program has not seen. From the distance we compute :math:`x`, the line gives
# :math:`y`, and ``np.exp`` undoes the logarithm.

new_names = ["Uranus", "Neptune"]
new_distance = np.array([2867.043, 4514.953]) / distance_million_km[2]
new_year = np.array([30685.400, 60189.018]) / year_days[2]

forecast = np.exp(slope * np.log(new_distance) + intercept)
for i in range(2):
    miss = forecast[i] / new_year[i] - 1
    print(f"{new_names[i]:8} year {new_year[i]:6.2f}, forecast {forecast[i]:6.2f}: {miss:+.1%}")
assert np.abs(forecast / new_year - 1).max() < 0.01

# %%
# Both forecasts are right to within one per cent, although Neptune is three times as far away as Saturn.
#
# Is that good? The table adds two :term:`baselines <baseline>`. One is the rule "twice as far, twice as long". The other
# is the best line in *closed form*, a formula that gives the best parameters at once (``np.linalg.lstsq``).
#
# .. fold:: How the table is made

design = np.stack([x, np.ones(6)], axis=1)  # one row for each planet: x, and 1 for the intercept
best_slope, best_intercept = np.linalg.lstsq(design, y)[0]
rivals = (
    ("twice as far, twice as long", new_distance),
    ("the best line, closed form", np.exp(best_slope * np.log(new_distance) + best_intercept)),
    ("the line, gradient descent", forecast),
)
print(f"{'':28}{'Uranus':>8}{'Neptune':>9}")
for name, guess in rivals:
    print(f"{name:28}{guess[0] / new_year[0] - 1:+8.1%}{guess[1] / new_year[1] - 1:+9.1%}")
assert abs(slope - best_slope) < 1e-6 and abs(intercept - best_intercept) < 1e-6

# %%
# The rule misses both planets by more than three quarters. The closed form gives the same line as gradient descent, in
# one call, so it is the better method here. But most models have no closed form, and there we need steps.
#
# Use it: replace the line by a neural network
# --------------------------------------------
# If the closed form is the better method, why do we need a framework? Because now we change the model. We replace the
# line by a small network: a sum of sixteen curves, each with the form of :math:`\tanh`, an S-shaped function that
# becomes flat at both ends. The network has 49 parameters.
#
# For NumPy we would have to work out new formulas. For PyTorch we only write down the new model: ``nn.Sequential`` puts
# layers one behind the other. ``train`` is the function from above.
#
# A network starts with random parameters, so one run could be lucky. We train ten, each from its own seed. (The sixteen
# curves and the 2,000 steps are guesses, made by looking at the six planets alone.)

networks = []
for seed in range(SEED, SEED + 10):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)).to(device)
    network_losses = train(network, inputs, targets, steps=2000)
    networks.append(network)
    print(f"seed {seed:2}: loss {network_losses[0]:.2f} → {network_losses[-1]:.1e}")

# %%
# The loss has become small: each of the ten networks has learned the six planets. What do they say about the two new
# planets?
#
# .. fold:: How the forecasts are compared


def years_by(model, distances):
    """The years that a model gives for some distances, as a NumPy array."""
    with torch.no_grad():
        return model(column(np.log(distances))).exp().flatten().cpu().numpy()


known = np.array([years_by(network, distance) / year - 1 for network in networks])
new = np.array([years_by(network, new_distance) / new_year - 1 for network in networks])
worst_known = np.abs(known).max(axis=1)
print(f"six planets, the worst of each network: {worst_known.min():.1%} to {worst_known.max():.1%}")
for i in range(2):
    print(f"{new_names[i]:8} networks: {new[:, i].min():+.0%} to {new[:, i].max():+.0%}")
assert sum(parameter.numel() for parameter in networks[0].parameters()) == 49
assert worst_known.max() < 0.05 and new[:, 0].max() < -0.1 and new[:, 1].max() < -0.25

# %%
# No network misses one of the six known planets by more than five per cent. But all ten miss Neptune by more than a
# quarter, where the line was right to within one per cent. The figure shows why.
#
# .. fold:: How the figure is drawn

alt = "Line and networks agree on six planets; farther out all networks fall below the other two."
fig, ax = plt.subplots(figsize=(5.2, 3.4), num=alt)
ax.axvspan(distance[0], distance[5], color="0.94")
ax.loglog(distance, year, "o", color="black", label="training set")
ax.plot(new_distance, new_year, "o", color="black", fillstyle="none", label="test set")
for i in range(2):
    place = {"xytext": (-7, 3), "textcoords": "offset points", "ha": "right"}
    ax.annotate(new_names[i], (new_distance[i], new_year[i]), **place)
along = np.geomspace(distance[0], 60, 100)
ax.plot(along, np.exp(slope * np.log(along) + intercept), color="C0", label="line")
for number, network in enumerate(networks):
    label = "ten networks" if number == 0 else None
    ax.plot(along, years_by(network, along), "--", lw=1, color="C1", label=label)
ax.set(xlabel="distance (Earth = 1)", ylabel="year (Earth = 1)")
ax.xaxis.set_major_formatter("{x:g}")
ax.yaxis.set_major_formatter("{x:g}")
legend = ax.legend(loc="lower right")

# %%
# Inside the grey range, where there are data, the networks follow the planets. Outside, :math:`\tanh` becomes flat and
# the curves bend away from the line. Nothing in the training set forbids it.
#
# So autograd gives you the derivatives of a new model, but it cannot tell you whether the model is a good one. Networks
# are worth their price where nobody knows the formula: for pictures, sound and text.
#
# Use it: the five parts of a framework
# -------------------------------------
# Derivatives are one part of a framework. PyTorch has four more:
#
# =================== =================================== ==================================================================
# Part                What it does                        Opened in lesson
# =================== =================================== ==================================================================
# tensors             arrays that can live on a GPU       :doc:`04 </lessons/1_basics/lesson_04_tensors>` and
#                                                         :doc:`05 </lessons/1_basics/lesson_05_reshaping>`
# autograd            derivatives of what was computed    12
#                     with tensors
# ``nn``, ``optim``   layers, losses, optimisers          :doc:`09 </lessons/2_training/lesson_09_convolution_1>` to 13
# data                reads, shuffles, groups examples    06 and 07
# deployment          models that run elsewhere           :doc:`14 </lessons/2_training/lesson_14_building_a_network>`
# =================== =================================== ==================================================================
#
# You have used the first three.
#
# Use it: why PyTorch is the star
# -------------------------------
# TensorFlow has these five parts too. Two other things speak for PyTorch.
#
# *A model is ordinary Python.* PyTorch has run *eagerly* from its beginning (TensorFlow by default only since version
# 2): it carries out each operation when Python reaches it. So you can print in the middle of a model, and an error
# points at your own line.
#
# *Models attract models.* Whoever uses a published model needs its framework. Since version 5, Transformers, the
# library of :doc:`lesson 24 </lessons/3_practice/lesson_24_bert>`, has `PyTorch as its only backend
# <https://raw.githubusercontent.com/huggingface/transformers/main/MIGRATION_GUIDE_V5.md>`__.
#
# A star is not always the best choice: for our line the closed form was better.
#
# Break it
# --------
# Two messages are common. First we ask for the parameter ``w`` as a NumPy array, as a plot does.

try:
    w.numpy()
except RuntimeError as message:
    print(fill(f"RuntimeError: {message}", 72, break_on_hyphens=False))

# %%
# ``backward`` cannot follow what NumPy computes. With ``detach`` you say that you know this: ``w.detach().numpy()``
# gives the values without the graph.
#
# The second error comes from a step outside ``torch.no_grad()``.

try:
    w -= 0.1 * w.grad
except RuntimeError as message:
    print(fill(f"RuntimeError: {message}", 72, break_on_hyphens=False))

# %%
# PyTorch would record this step as a part of the model, so it refuses. Put the step into ``torch.no_grad()``, or leave
# it to an optimiser. (A *leaf* is a tensor at which a graph begins, such as ``w`` in the chain above, and *Variable* is
# an old name for a tensor.)
#
# Break it: a forgotten ``zero_grad``
# -----------------------------------
# The worst mistake gives no message. If you forget to remove the old gradients, each step follows the sum of all
# gradients so far. What will the slope do? The cell is the loop of ``fit_autograd`` without the two lines that remove
# the gradients.

w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
forgetful_slopes, forgetful_losses = [], []
for _ in range(200):
    loss = ((w * x_tensor + b - y_tensor) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    forgetful_slopes.append(w.item())
    forgetful_losses.append(loss.item())

late = forgetful_slopes[-50:]
print(f"slope in the last 50 steps: from {min(late):.2f} to {max(late):.2f}, not {slope:.2f}")
assert min(forgetful_losses[-50:]) > 1000 * losses[-1]

# %%
# The slope does not come to rest. It swings like a ball in a bowl without friction: the old gradients push it through
# the best place and up the other side.
#
# .. fold:: How the figure is drawn

alt = "Slope at each step: with zero_grad it settles at 1.5, without it swings from 0 to 3."
fig, ax = plt.subplots(figsize=(5.2, 2.9), num=alt)
first_steps = range(1, 61)
calm_slopes = [fit_numpy(x, y, steps=step)[0] for step in first_steps]
ax.plot(first_steps, calm_slopes, label="with zero_grad")
ax.plot(first_steps, forgetful_slopes[:60], "--", label="without zero_grad")
ax.set(xlabel="step", ylabel="slope", ylim=(-0.2, 4.2))
legend = ax.legend(loc="upper right", ncols=2)

# %%
# The loss swings with the slope. If a loss never settles, check first whether ``zero_grad`` is in the loop.
#
# Then and now
# ------------
# Older tutorials choose the device in another way.
#
# .. then-and-now:: first_steps
#
#    - The old line looks for CUDA alone and overlooks a Mac's GPU. ``torch.accelerator`` asks one question for all
#      kinds of GPU; with ``check_available`` it needs PyTorch 2.7 or newer.
#
# .. fold:: The rows, run as they are written

ask_for_any_gpu = """
found = torch.accelerator.current_accelerator(check_available=True)
device = torch.device("cpu") if found is None else found
"""

run_then_and_now(
    "first_steps",
    [
        ('device = torch.device("cuda" if torch.cuda.is_available() else "cpu")', ask_for_any_gpu),
    ],
    globals(),
)

# %%
# What you learned
# ----------------
# - Training is a loop of four things: a model, a loss, its derivatives, a step. NumPy and PyTorch compute the same.
# - A framework has five parts: tensors, autograd, layers with optimisers, data, deployment. Autograd saves you the
#   formulas of the next model. It does not say whether this model is a good one.
# - ``backward`` adds to ``.grad``. If the old gradients stay, there is no message, and the loss swings.
#
# Self-checks
# -----------
# .. choice:: We replace the mean of :math:`e_i^2` by the mean of :math:`|e_i|`. How many lines have to change?
#    :right: 1
#
#    - Three lines in ``fit_numpy``, one line in ``fit_autograd``
#
#      With NumPy the loss and both formulas change, because the derivative of :math:`|e_i|` is the sign of :math:`e_i`.
#      With autograd only the loss changes.
#
#    - One line in each
#
#      Then the old formulas remain in ``fit_numpy``, and its steps no longer follow the loss.
#
#    - Three lines in each
#
#      ``fit_autograd`` has no formulas. ``loss.backward()`` follows whatever loss was computed.
#
# .. choice:: The networks fitted six planets well. Why were they so wrong about Neptune?
#    :right: 3
#
#    - They were trained for too few steps.
#
#      More steps give no information about the region beyond Saturn.
#
#    - The derivatives of autograd are not exact.
#
#      They are exact up to rounding: for the line they agreed with our formulas.
#
#    - The training set says nothing about the region beyond Saturn.
#
#      There any curve has the same loss, and a sum of :math:`\tanh` curves becomes flat.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_01>`.
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
# **2. Modify.** The table holds Galileo's four moons of Jupiter, from Io to Callisto, with distances and periods in
# units of those of Io. Find the exponent of their law with PyTorch. Take logarithms, make columns with ``[:, None]``,
# and call ``train``.
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
# - Write ``zero_grad``, ``backward`` and ``step`` as a block of three lines, always in this order.
# - Draw the loss as a curve. The last value alone hides swings.
#
# Going further
# -------------
# PyTorch runs eagerly, one operation at a time. :torch:`torch.compile` first joins the operations of a model into fewer
# and larger ones, which can save time in long trainings.
#
# References
# ----------
# - A. Paszke and others: `PyTorch: an imperative style, high-performance deep learning library
#   <https://arxiv.org/abs/1912.01703>`__, 2019.
# - Johannes Kepler: *Harmonices Mundi*, 1619, book V, where the law was published.
# - PyTorch documentation: `torch.accelerator <https://docs.pytorch.org/docs/stable/accelerator.html>`__,
#   `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__, :torch:`torch.Tensor.backward`,
#   :torch:`torch.optim.Optimizer.zero_grad`.
