"""
12 · Computing gradients: forward and backward
==============================================

A network with a million parameters learns by small steps, and for each step it needs a million derivatives. You could
find one of them by trial: change one parameter a little, compute the loss again, and look at the difference. A million
derivatives would cost a million trials. ``loss.backward()`` finds all of them in the time of a few trials. How can it
do this? In this lesson you compute derivatives by trial, then with the chain rule by hand. Finally you write, in about
sixty lines, a small version of the program that PyTorch calls :term:`autograd`.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - compute a gradient by hand, forward and backward through a computation graph;
      - write a small autograd engine, and read the graph that PyTorch records;
      - check a gradient with finite differences, and choose the step for it;
      - say why gradients vanish in deep networks, and recognise four common mistakes with autograd.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 01 </lessons/1_basics/lesson_01_pytorch>` for gradient descent with one and with
        two parameters, and :doc:`lesson 11 </lessons/2_training/lesson_11_loss_functions>` for loss functions. You need
        Python's classes and the derivative of a square.
      - **Data:** the four states of a lamp with two switches, and the handwritten digits of MNIST; 12 MB are downloaded
        once.
      - **Run time:** about 10 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# Most of this lesson computes with single numbers in ``float64``, which keeps about sixteen digits. Rounding errors are
# then too small to hide a wrong derivative.
#
# .. fold:: The imports

# sphinx_gallery_number = 12
# sphinx_gallery_budget_s = 20
# sphinx_gallery_needs = [1, 11]
# sphinx_gallery_assets = ["mnist"]
# sphinx_gallery_thumbnail_number = 2
import math
import timeit
import warnings
from itertools import pairwise
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.animation import FuncAnimation
from torch import nn
from torchvision.datasets import MNIST

from dlcourse import assets
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, INK, ORANGE, PAPER, PURPLE, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 12
use_course_style()
generator = seed_everything(SEED)
device = pick_device()

# %%
# Look at the data
# ----------------
# A staircase has one lamp and two switches, one at each end. Changing either switch changes the lamp. We write 1 for a
# switch that is up and for a lamp that is on, and −1 for down and off. There are four states.

switches = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=torch.float64)  # (4, 2)
lamp = torch.tensor([-1, 1, 1, -1], dtype=torch.float64)  # (4,)
for (left, right), light in zip(switches.tolist(), lamp.tolist(), strict=True):
    print(f"switches {left:2.0f} {right:2.0f}   lamp {light:2.0f}")

# %%
# The lamp is on when the two switches differ: an *exclusive or*. In the left half of the figure, no straight line
# separates the two lit lamps from the two dark ones. So a single weighted sum of the inputs cannot tell whether the
# lamp is on. The network in the right half can do it.
#
# .. fold:: How the figure is drawn

alt = "Lit and dark lamps on the corners of a square; and a network with layers of 2, 3 and 1."
fig, (square, sketch) = plt.subplots(1, 2, figsize=(5.2, 2.6), width_ratios=(1, 1.25), num=alt)
for state, light in zip(switches.tolist(), lamp.tolist(), strict=True):
    square.plot(*state, "o", markersize=17, color=ORANGE if light > 0 else INK)
    square.annotate(
        "on" if light > 0 else "off", state, (0, 12), textcoords="offset points", ha="center"
    )
square.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.75), xticks=[-1, 1], yticks=[-1, 1])
square.set(xlabel="switch 1", ylabel="switch 2", aspect="equal")
layers = [[(0, 0.5), (0, 1.5)], [(1, 0), (1, 1), (1, 2)], [(2, 1)]]
for before, after in pairwise(layers):
    for start in before:
        for end in after:
            sketch.plot((start[0], end[0]), (start[1], end[1]), color="0.6", linewidth=1, zorder=1)
for layer, colour in zip(layers, (PAPER, BLUE, ORANGE), strict=True):
    across, up = np.array(layer).T
    sketch.scatter(across, up, s=330, color=colour, edgecolor=INK, zorder=2)
for column, name in enumerate(("inputs", "hidden layer", "output")):
    sketch.text(column, -0.62, name, ha="center", fontsize=9)
sketch.set(xlim=(-0.4, 2.4), ylim=(-0.8, 2.4))
sketch.set_axis_off()

# %%
# Predict
# -------
# In this formula ``a`` is used twice: :math:`z = a·b + a`, with :math:`a = 2` and :math:`b = 5`. We make ``a`` a little
# larger and look at how much larger ``z`` becomes.
#
# .. choice:: If :math:`a` grows by a tiny amount, by how many times this amount does :math:`z` grow?
#    :outputs: used_twice
#
#    - The change reaches :math:`z` along two paths: through the product, multiplied by :math:`b = 5`, and through the
#      second :math:`a`, multiplied by 1. Both happen, so they add up.
#
#    - Here the path through the sum has replaced the path through the product. A program that *assigns* a derivative
#      instead of adding it makes this mistake.
#
#    - Along *one* path the factors are multiplied. But these are two different paths.
#
# Build it: a feed-forward network
# --------------------------------
# In a :term:`feed-forward network` the numbers go in one direction, from the inputs through one :term:`layer` after the
# other to the output. A :term:`neuron` multiplies each of its inputs by a :term:`weight`, and adds up the products and
# a :term:`bias`.


def weighted_sum(weights, bias, inputs):
    total = bias
    for weight, x in zip(weights, inputs, strict=True):
        total = total + weight * x
    return total


print(weighted_sum(weights=[2.0, 3.0], bias=1.0, inputs=[10.0, 100.0]))

# %%
# This is 1 + 2 · 10 + 3 · 100.
#
# The layers between the inputs and the output are the :term:`hidden layers <hidden layer>`. A hidden neuron also
# applies an :term:`activation function` to its sum, here the S-shaped :math:`\tanh`; the output does not. Our network
# has three hidden neurons, each with two weights and a bias, and one output with three weights and a bias. Together
# these are :math:`3·3 + 4 = 13` parameters. We keep them in one list: first three for each hidden neuron, then those of
# the output.


def network(parameters, inputs):
    """Two inputs, a hidden layer, one output."""
    neurons = (len(parameters) - 1) // 4  # each has three parameters, and a weight of the output
    hidden = []
    for k in range(neurons):
        weight_1, weight_2, bias = parameters[3 * k : 3 * k + 3]
        hidden.append(weighted_sum((weight_1, weight_2), bias, inputs).tanh())
    return weighted_sum(parameters[3 * neurons : -1], parameters[-1], hidden)


parameters = torch.randn(13, generator=generator, dtype=torch.float64)
for row in switches:
    print(row.tolist(), "→", round(network(parameters, row).item(), 3))

# %%
# This was the :term:`forward pass`. With random parameters the outputs have nothing to do with the lamp. Our loss, the
# sum of the squared errors, measures how wrong they are.


def loss_of(parameters, inputs, targets):
    """Sum of the squared errors of the four states."""
    squares = []
    for row, target in zip(inputs, targets, strict=True):
        error = network(parameters, row) - target
        squares.append(error * error)
    return squares[0] + squares[1] + squares[2] + squares[3]


start_loss = loss_of(parameters, switches, lamp).item()
print(f"loss {start_loss:.4f}")

# %%
# To make this number smaller we must know, for each of the 13 parameters, whether a larger value makes the loss larger
# or smaller, and how much.
#
# Build it: a derivative by trial
# -------------------------------
# We begin with a function of one variable, :math:`f(x) = x^2` at :math:`x = 3`. We increase :math:`x` by a small step
# :math:`h`, and divide the growth of :math:`f` by the step.


def f(x):
    return x * x


for h in (0.1, 0.01, 0.001):
    print(f"h = {h:<5}  ({f(3 + h):.6f} - {f(3)}) / h = {(f(3 + h) - f(3)) / h:.3f}")

# %%
# The quotient approaches 6. Its limit, as :math:`h` approaches 0, is the :term:`derivative`: :math:`f'(3) = 6`. The
# general rule is :math:`f'(x) = 2x`. The quotient itself, with an :math:`h` that is not 0, is called a
# :term:`finite difference`.
#
# The loss has 13 variables. If we change only one of them and keep the others fixed, the limit of the quotient is a
# :term:`partial derivative`, written :math:`\partial L/\partial w`. All partial derivatives together, as a vector, are
# the :term:`gradient`. We approximate it with a tiny step.

h = 1e-6
by_trial = torch.zeros(13, dtype=torch.float64)
for k in range(13):
    changed = parameters.clone()
    changed[k] += h
    by_trial[k] = (loss_of(changed, switches, lamp) - start_loss) / h
print([round(value, 2) for value in by_trial.tolist()])

# %%
# Where the value is positive, a larger parameter makes the loss larger. The gradient points in the direction in which
# the loss grows fastest, and its length says how steep the loss is. So a small step *against* the gradient lowers the
# loss fastest. But the trials cost one forward pass for each parameter.
#
# Build it: the chain rule
# ------------------------
# One turn of a bicycle's pedals turns the rear wheel 3 times, and one turn of the wheel moves the bicycle 2 metres. So
# one turn of the pedals moves it :math:`3 · 2 = 6` metres: the factors are multiplied. This is the :term:`chain rule`.
# If :math:`y = f(u)` and :math:`u = g(x)`, then
#
# .. math:: \frac{dy}{dx} = \frac{dy}{du} · \frac{du}{dx} .
#
# If the functions are not straight lines, the factors depend on where you are. Let :math:`u = 2x - 1` and
# :math:`y = u^2`, at :math:`x = 3`. Then :math:`u = 5`, the factors are :math:`dy/du = 2u = 10` and :math:`du/dx = 2`,
# and the product is 20.

x = 3.0
u = 2 * x - 1
print("chain rule:", 2 * u * 2)
print("by trial:  ", round(((2 * (x + h) - 1) ** 2 - u**2) / h, 3))

# %%
# Both agree. A second rule is needed when a variable is used more than once: then several paths lead from it to the
# result. Along each path we multiply, and over the paths we add.
#
# Build it: a computation graph by hand
# -------------------------------------
# We take one neuron without an activation function, and its squared error. A long formula is a sequence of small
# operations, and we give a name to each result. This is the forward pass.

w, x, b, target = 2.0, 3.0, -1.0, 1.0
p = w * x
s = p + b
e = s - target
loss = e * e
print(f"p = {p}, s = {s}, e = {e}, loss = {loss}")

# %%
# Drawn as boxes and arrows, this is a :term:`computation graph`. Now we go backwards, from the loss to the inputs. We
# write ``d_s`` for the derivative of the loss with respect to ``s``. For the loss itself it is 1. The derivative of a
# single operation with respect to one of its inputs is called a :term:`local derivative`. Here are those that we need:
#
# ========= ================= =================
# Operation with respect to a with respect to b
# ========= ================= =================
# a + b     1                 1
# a − b     1                 −1
# a · b     b                 a
# tanh(a)   1 − tanh(a)²
# ========= ================= =================
#
# Each line of the cell multiplies a derivative that we already know by a local derivative.

d_loss = 1.0
d_e = d_loss * e + d_loss * e  # e stands on both sides of e * e: two paths
d_s = d_e * 1
d_b = d_s * 1
d_p = d_s * 1
d_w = d_p * x
d_x = d_p * w
print(f"d_e = {d_e}, d_s = {d_s}, d_p = {d_p}, d_b = {d_b}, d_w = {d_w}, d_x = {d_x}")
assert (d_w, d_x, d_b) == (24, 16, 8)

# %%
# This was the :term:`backward pass`, or :term:`backpropagation`. Each arrow of the graph was used once in each
# direction, and *all* derivatives are known. In the figure each box holds a name, its value in blue, and the derivative
# of the loss with respect to it in red.
#
# .. fold:: How the figure is drawn


def draw_graph(ax, places, links, values, gradients, active=(), width=0.8):
    """Draw boxes at places with names, values and gradients; links are pairs of names."""
    for start, end, bend in links:
        colour = VERMILION if (start, end) in active else "0.55"
        arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0}
        arrow["connectionstyle"] = f"arc3,rad={bend}"
        (x0, y0), (x1, y1) = places[start], places[end]
        ax.annotate("", (x1 - width / 2, y1), (x0 + width / 2, y0), arrowprops=arrow)
    for name, (x0, y0) in places.items():
        corner = (x0 - width / 2, y0 - 0.41)
        fill_colour = "#FFE9C2" if name in active else PAPER
        box = plt.Rectangle(corner, width, 0.82, facecolor=fill_colour, edgecolor=INK)
        ax.add_patch(box)
        ax.text(x0, y0 + 0.25, name, ha="center", va="center", fontsize=9)
        ax.text(x0, y0, values.get(name, ""), ha="center", va="center", fontsize=9, color=BLUE)
        gradient = gradients.get(name, "")
        ax.text(x0, y0 - 0.25, gradient, ha="center", va="center", fontsize=9, color="#B84A00")
    ax.set_axis_off()


alt = "Graph of one neuron and its loss, with the value and the derivative in each box."
fig, ax = plt.subplots(figsize=(5.2, 2.7), num=alt)
places = {"w": (0, 2), "x": (0, 1), "b": (1.2, 0.3), "p": (1.2, 1.5), "s": (2.4, 1.5)}
places |= {"target": (2.4, 0.3), "e": (3.6, 1.5), "loss": (4.8, 1.5)}
links = [("w", "p", 0), ("x", "p", 0), ("p", "s", 0), ("b", "s", 0), ("s", "e", 0)]
links += [("target", "e", 0), ("e", "loss", 0.4), ("e", "loss", -0.4)]
values = {"w": w, "x": x, "b": b, "p": p, "s": s, "target": target, "e": e, "loss": loss}
gradients = {"w": d_w, "x": d_x, "b": d_b, "p": d_p, "s": d_s, "e": d_e, "loss": d_loss}
values = {name: f"{value:g}" for name, value in values.items()}
gradients = {name: f"{value:g}" for name, value in gradients.items()}
gradients["target"] = f"{-d_e:g}"
draw_graph(ax, places, links, values, gradients)
ax.text(2.4, 2.35, "value", color=BLUE, ha="right")
ax.text(2.6, 2.35, "derivative of the loss", color="#B84A00")
limits = ax.set(xlim=(-0.45, 5.25), ylim=(-0.2, 2.6))

# %%
# Build it: the engine, a value and its parents
# ---------------------------------------------
# A program can do the same if each number remembers where it comes from. An object of our class keeps four things: its
# value, the objects that it was computed from (its *parents*), the local derivatives with respect to the parents, and a
# place for its own gradient.


class Value:
    """A number that remembers what it was computed from."""

    def __init__(self, value, parents=(), local_derivatives=()):
        self.value = value
        self.parents = parents
        self.local_derivatives = local_derivatives  # one for each parent
        self.gradient = 0.0


a = Value(2.0)
print("value", a.value, "parents", a.parents, "gradient", a.gradient)

# %%
# A ``Value`` without parents is called a :term:`leaf`. Inputs and parameters are leaves.
#
# Build it: the engine, operations and their local derivatives
# ------------------------------------------------------------
# Each operation computes its result and, at the same moment, its local derivatives: this is the table from above.
# Python calls the method ``__add__`` for ``a + b``, so we store our functions under such names.


def add(a, b):
    return Value(a.value + b.value, (a, b), (1.0, 1.0))


def subtract(a, b):
    return Value(a.value - b.value, (a, b), (1.0, -1.0))


def multiply(a, b):
    return Value(a.value * b.value, (a, b), (b.value, a.value))


def tanh(a):
    t = math.tanh(a.value)
    return Value(t, (a,), (1 - t * t,))


Value.__add__ = add
Value.__sub__ = subtract
Value.__mul__ = multiply
Value.tanh = tanh

b = Value(5.0)
z = a * b + a
print("value", z.value, "local derivatives", z.local_derivatives)

# %%
# The forward pass builds the graph by itself. The parents of ``z`` are the product ``a * b`` and ``a``.
#
# Build it: the engine, the order
# -------------------------------
# On the way back, a ``Value`` may pass its gradient on only after it has received *all* parts of it, one from each use.
# So we need an order in which each ``Value`` stands after its parents, a :term:`topological order`, and we read it from
# the end. A recursive function finds it: it first visits the parents of a ``Value``, and then appends the ``Value``
# itself. ``seen`` makes sure that no *node* (no ``Value`` of the graph) is visited twice.


def topological_order(result):
    """All Values that led to the result, each after its parents."""
    order = []
    seen = set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for parent in node.parents:
            visit(parent)
        order.append(node)

    visit(result)
    return order


print("values in order:", [node.value for node in topological_order(z)])

# %%
# First ``a`` and ``b``, then the product, then ``z``. Such a list of what was computed is called a *tape*.
#
# Build it: the engine, backward
# ------------------------------
# The result gets the gradient 1. Then we go from the end of the tape to its beginning. Each ``Value`` adds *its
# gradient times the local derivative* to the gradient of each parent. The sign ``+=`` is the rule for several paths.
# The first loop clears the gradients between the leaves and the result, which are needed only on the way. Those of the
# leaves stay and add up.


def backward(result):
    """Add the derivatives of the result to the gradients of all leaves."""
    order = topological_order(result)
    for node in order:
        if node.parents:
            node.gradient = 0.0
    result.gradient = 1.0
    for node in reversed(order):
        for parent, derivative in zip(node.parents, node.local_derivatives, strict=True):
            parent.gradient += node.gradient * derivative


backward(z)
print(a.gradient)
assert (a.gradient, b.gradient) == (6, 2)

# %%
# The engine is complete. The gradient of ``a`` is 6, the answer to the question of "Predict".
#
# .. fold:: The code of the choices


def paths_added():
    a = Value(2.0)
    b = Value(5.0)
    backward(a * b + a)
    print(a.gradient)


def last_path_alone():
    a = Value(2.0)
    b = Value(5.0)
    product = a * b
    z = product + a
    z.gradient = 1.0
    for node in (product, z):
        for parent, derivative in zip(node.parents, node.local_derivatives, strict=True):
            parent.gradient = z.gradient * derivative  # assigned, not added
    print(a.gradient)


def paths_multiplied():
    b = Value(5.0)
    through_the_product = b.value
    through_the_sum = 1.0
    print(through_the_product * through_the_sum)


run_choices("used_twice", right=paths_added, wrong=[last_path_alone, paths_multiplied])

# %%
# Does it also find what we found by hand?

w, x, b, target = Value(2.0), Value(3.0), Value(-1.0), Value(1.0)
error = w * x + b - target
backward(error * error)
print("gradients:", w.gradient, x.gradient, b.gradient)
assert (w.gradient, x.gradient, b.gradient) == (24, 16, 8)

# %%
# These are the numbers of the figure above.
#
# The animation plays the tape of a neuron with two inputs and :math:`\tanh`. First the values appear, one operation
# after the other, then the gradients, in the opposite order. Look at ``e``: its gradient arrives on two arrows.
#
# .. fold:: How the animation is drawn

names = ["w1", "x1", "w2", "x2", "b", "t"]
leaves = [Value(number) for number in (0.5, 2.0, -1.0, 1.0, 0.5, 1.0)]
w1, x1, w2, x2, bias, t = leaves
p1, p2 = w1 * x1, w2 * x2
q = p1 + p2
s = q + bias
h1 = s.tanh()
e = h1 - t
result = e * e
name_of = dict(zip(leaves, names, strict=True))
name_of |= {p1: "p1", p2: "p2", q: "q", s: "s", h1: "h", e: "e", result: "loss"}
formula_of = {p1: "w1 · x1", p2: "w2 · x2", q: "p1 + p2", s: "q + b", h1: "tanh(s)"}
formula_of |= {e: "h - t", result: "e · e"}

tape = [node for node in topological_order(result) if node.parents]
known = {name_of[leaf]: f"{leaf.value:g}" for leaf in leaves}
pictures = [("inputs and parameters", "", dict(known), {}, ())]
for node in tape:
    known[name_of[node]] = f"{node.value:.3g}"
    arrows = [(name_of[parent], name_of[node]) for parent in node.parents]
    text = f"{name_of[node]} = {formula_of[node]} = {node.value:.3g}"
    pictures.append(("forward", text, dict(known), {}, (name_of[node], *arrows)))

sums = {"loss": 1.0}  # the same loop as in backward, kept after each step
found = {"loss": "1"}
pictures.append(("backward", "d_loss = 1", known, dict(found), ("loss",)))
for node in reversed(tape):
    name, parts, marked = name_of[node], [], []
    for parent, derivative in zip(node.parents, node.local_derivatives, strict=True):
        to = name_of[parent]
        sums[to] = sums.get(to, 0.0) + sums[name] * derivative
        found[to] = f"{sums[to]:.3g}"
        factor = f"{derivative:.3g}" if derivative >= 0 else f"({derivative:.3g})"
        parts.append(f"d_{to}: {sums[name]:.3g} · {factor}")
        marked += [to, (to, name)]
    pictures.append(("backward", ",   ".join(parts), known, dict(found), marked))
backward(result)
assert all(sums[name_of[leaf]] == leaf.gradient for leaf in leaves)

places = {"w1": (0, 4), "x1": (0, 3), "w2": (0, 2), "x2": (0, 1), "b": (2.3, 0.6)}
places |= {"p1": (1.15, 3.5), "p2": (1.15, 1.9), "q": (2.3, 2.7), "s": (3.45, 2.7)}
places |= {"h": (4.6, 2.7), "t": (4.6, 0.6), "e": (5.75, 2.7), "loss": (6.9, 2.7)}
links = [(name_of[parent], name_of[node], 0) for node in tape[:-1] for parent in node.parents]
links += [("e", "loss", 0.5), ("e", "loss", -0.5)]
alt = "Values appear in a graph from left to right, then gradients from right to left."
fig, ax = plt.subplots(figsize=(5.2, 3.4), num=alt)


def draw_picture(number):
    """Draw one step of the tape."""
    stage, text, values, gradients, active = pictures[number]
    ax.clear()
    draw_graph(ax, places, links, values, gradients, active, width=0.86)
    ax.text(1.9, 4.3, stage, fontsize=11)
    ax.text(1.9, 3.75, text, fontsize=9)
    ax.set(xlim=(-0.5, 7.4), ylim=(0.1, 4.6))


animation = FuncAnimation(fig, draw_picture, frames=len(pictures), interval=1200)
fig.canvas.draw()  # Matplotlib warns of an animation that nothing ever drew
print(f"{len(pictures)} frames: {len(tape)} operations forward, and the same backward")

# %%
# The next figure holds the same engine: change the numbers of the leaves, and step through the tape. Try it: choose the
# second expression and set ``b`` to −1. The gradient of ``a`` is 1 after the second step and 0 after the third, because
# the two paths cancel.
#
# .. interactive:: autograd-engine
#    :expression: neuron
#
#    With the numbers of the animation, ``e`` receives −0.538 twice, so its gradient is −1.08.
#
# Build it: the engine, a whole network
# -------------------------------------
# ``network`` and ``loss_of`` only add, subtract, multiply and apply ``tanh``, so they work with our ``Value`` as they
# are. We turn the parameters and the four states into leaves.


def as_values(numbers):
    return [Value(number) for number in numbers]


value_rows = [as_values(row) for row in switches.tolist()]
value_lamp = as_values(lamp.tolist())
value_parameters = as_values(parameters.tolist())
value_loss = loss_of(value_parameters, value_rows, value_lamp)
backward(value_loss)
by_engine = torch.tensor([parameter.gradient for parameter in value_parameters])
print("length of the tape:", len(topological_order(value_loss)))
print("by engine:", [round(value, 2) for value in by_engine.tolist()])
print("by trial: ", [round(value, 2) for value in by_trial.tolist()])
assert (by_engine - by_trial).abs().max() < 1e-4

# %%
# The two lists agree. The trials needed 14 forward passes. The engine needed one, and one backward pass.
#
# Check against PyTorch
# ---------------------
# PyTorch's autograd works in the same way. ``requires_grad=True`` makes a tensor a leaf for which we want a gradient.
# From then on, each result keeps in ``grad_fn`` the operation that made it. ``backward()`` walks back, and the leaf
# receives its gradient in ``.grad``. We compute the neuron from above, with ``x`` and ``target`` as plain numbers.

w = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(-1.0, requires_grad=True)
error = w * 3.0 + b - 1.0
loss = error * error
print(loss)
print("leaf:", w.is_leaf, loss.is_leaf)
loss.backward()
print("gradients:", w.grad.item(), b.grad.item())
assert (w.grad, b.grad) == (24, 8)

# %%
# Again 24 and 8. The loss was printed with ``MulBackward0``, the operation that made it. The parents of an operation
# stand in ``next_functions``. Each entry is a pair, whose first part is the operation that made the parent. So
# ``next_functions[0][0]`` leads to the first parent, and we can walk along the first parents to a leaf.

step = loss.grad_fn
while step is not None:
    print(type(step).__name__, "with", len(step.next_functions), "parents")
    step = step.next_functions[0][0] if step.next_functions else None

# %%
# This is our figure, read from right to left. At the leaf ``w``, ``AccumulateGrad`` *adds* the arriving gradient to
# ``w.grad``. (A plain number such as 3.0 is a parent without a gradient.) Unlike our engine, PyTorch does not keep the
# gradients of intermediate results. If you want to see one, call ``error.retain_grad()`` before ``backward``.
#
# One example may agree by luck. The folded cell takes the lamp network with 50 random lists of parameters. It compares
# our engine with autograd, and both with a network of the usual layers ``nn.Linear`` and ``nn.Tanh``.
#
# .. fold:: Checked against PyTorch, 50 networks


def layers_from(numbers):
    """The lamp network as layers, with these 13 parameters."""
    layers = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    with torch.no_grad():
        layers[0].weight.copy_(numbers[:9].reshape(3, 3)[:, :2])
        layers[0].bias.copy_(numbers[:9].reshape(3, 3)[:, 2])
        layers[2].weight.copy_(numbers[9:12])
        layers[2].bias.copy_(numbers[12])
    return layers


for _ in range(50):
    numbers = torch.randn(13, generator=generator, dtype=torch.float64, requires_grad=True)
    ours = as_values(numbers.tolist())
    our_loss = loss_of(ours, value_rows, value_lamp)
    backward(our_loss)
    their_loss = loss_of(numbers, switches, lamp)
    (expected,) = torch.autograd.grad(their_loss, numbers)
    found = torch.tensor([leaf.gradient for leaf in ours], dtype=torch.float64)
    torch.testing.assert_close(found, expected)
    layers = layers_from(numbers)
    layer_loss = nn.MSELoss(reduction="sum")(layers(switches)[:, 0], lamp)
    layer_loss.backward()
    torch.testing.assert_close(layer_loss.item(), our_loss.value)
    hidden_grad = torch.cat([layers[0].weight.grad, layers[0].bias.grad[:, None]], dim=1)
    output_grad = torch.cat([layers[2].weight.grad[0], layers[2].bias.grad])
    torch.testing.assert_close(torch.cat([hidden_grad.flatten(), output_grad]), found)
print("50 networks: losses and all 13 gradients agree, with tensors and with layers")

# %%
# All losses and all gradients agree, up to rounding. In PyTorch a whole tensor takes the place of our ``Value``, and
# there are hundreds of operations, written in C++. The principle is that of our sixty lines.
#
# Check against PyTorch: what is recorded, and what is not
# --------------------------------------------------------
# Recording costs memory, because the local derivatives need the values of the forward pass. Under ``torch.no_grad()``
# nothing is recorded.

w = torch.tensor(2.0, requires_grad=True)
y = w * w
with torch.no_grad():
    unrecorded = w * w
print("recorded:", y.requires_grad, "| under no_grad:", unrecorded.requires_grad)

# %%
# ``y.detach()`` returns the values of ``y`` as a leaf without history. We add it to ``y`` itself.

mixed = y + y.detach()
mixed.backward()
print("value:", mixed.item(), "| gradient:", w.grad.item())
assert (mixed, w.grad) == (8, 4)

# %%
# The value of ``mixed`` is :math:`2w^2 = 8`, whose derivative would be :math:`4w = 8`. The gradient is only 4, because
# the detached part counts as a constant.
#
# Use it: train the network
# -------------------------
# Each step of :term:`gradient descent` does the same four things: forward, clear the old gradients, backward, and move
# each parameter against its gradient. If nobody cleared the gradients, each step would follow the sum of all gradients
# since the beginning (lesson 01 shows this mistake). In PyTorch, ``optimiser.zero_grad()`` clears them. The
# :term:`learning rate` 0.05 is a guess that works; :doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>` shows
# how to choose one.


def train(parameters, steps=100, learning_rate=0.05):
    """Change the Values of the parameters; return the loss before each step."""
    losses = []
    for _ in range(steps):
        loss = loss_of(parameters, value_rows, value_lamp)
        losses.append(loss.value)
        for parameter in parameters:
            parameter.gradient = 0.0
        backward(loss)
        for parameter in parameters:
            parameter.value -= learning_rate * parameter.gradient
    return losses


losses = train(value_parameters)
print(f"loss {losses[0]:.2f} → {losses[-1]:.1e}")

# %%
# The loss has become very small. We look at the outputs for the four states.

for row in value_rows:
    output = network(value_parameters, row).value
    print([x.value for x in row], "→", round(output, 3))

# %%
# The network has learned the lamp. One start may be lucky, so we train from ten. The folded cell also trains PyTorch's
# layers with ``torch.optim.SGD`` from three of these starts, and compares the losses at each step.
#
# .. fold:: Ten starts, and PyTorch


def train_layers(layers, steps=100, learning_rate=0.05):
    """The same training with PyTorch's parts."""
    optimiser = torch.optim.SGD(layers.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        loss = nn.functional.mse_loss(layers(switches)[:, 0], lamp, reduction="sum")
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return losses


starts = torch.randn(10, 13, generator=generator, dtype=torch.float64)
curves = [train(as_values(numbers.tolist())) for numbers in starts]
for numbers, curve in zip(starts[:3], curves[:3], strict=True):
    np.testing.assert_allclose(train_layers(layers_from(numbers)), curve, rtol=1e-6, atol=1e-12)
last = [curve[-1] for curve in curves]
learned = sum(value < 0.1 for value in last)
print("last losses:", *(f"{value:.0e}" for value in last))
print(f"{learned} of 10 starts end below 0.1")
print("engine and PyTorch: the same losses at each of 100 steps, for 3 starts")
assert learned >= 6

# %%
# All ten networks learn, as the figure shows. Two curves are nearly flat for a while before they fall. Ten starts are
# no proof for every start; try another seed.
#
# .. fold:: How the figure is drawn

alt = "The loss of ten networks falls to 0 within 60 steps; two curves are flat for a while."
fig, ax = plt.subplots(figsize=(5.2, 3), num=alt)
for curve in curves:
    ax.plot(curve[:60], color=BLUE, linewidth=1)
limits = ax.set(xlabel="step", ylabel="loss", ylim=(0, 12))

# %%
# Use it: what does a backward pass cost?
# ---------------------------------------
# The engine lets us count. An operation has at most two parents, so there are at most two arrows for each operation,
# and the backward pass does one multiplication and one addition for each arrow. We count for wider and wider networks.
#
# .. fold:: How the operations are counted

print("parameters  operations  arrows back   by trial: operations")
for units in (3, 30, 200):
    count = 4 * units + 1
    tape_of_wide = topological_order(network(as_values([0.1] * count), value_rows[0]))
    operations = sum(len(node.parents) > 0 for node in tape_of_wide)
    arrows = sum(len(node.parents) for node in tape_of_wide)
    print(f"{count:10}  {operations:10}  {arrows:11}   {(count + 1) * operations:20}")
    assert arrows <= 2 * operations

big = nn.Sequential(
    nn.Linear(512, 1024), nn.Tanh(), nn.Linear(1024, 512), nn.Tanh(), nn.Linear(512, 1)
)
big_inputs = torch.randn(64, 512, generator=generator)
big_loss = "big(big_inputs).square().mean()"
forward_s = min(timeit.repeat(big_loss, globals=globals(), number=1, repeat=50))
both_s = min(timeit.repeat(f"{big_loss}.backward()", globals=globals(), number=1, repeat=50))
big_count = sum(parameter.numel() for parameter in big.parameters())
print(f"PyTorch, {big_count:,} parameters: forward and backward take")
print(f"{both_s / forward_s:.1f} times as long as forward alone (measured in this build)")

# %%
# There are never more than two arrows for an operation. By trial, the number of operations is multiplied by the number
# of parameters (last column). This is the answer to the question of this lesson: all derivatives share one pass back,
# in which each arrow is used once. The last line shows it for PyTorch.
#
# Use it: check a gradient
# ------------------------
# A derivative that was written by hand is checked with finite differences. Which step :math:`h` is best? There are two
# formulas; the second one looks at both sides:
#
# .. math:: \frac{f(x + h) - f(x)}{h} \quad\text{(forward)},
#
# .. math:: \frac{f(x + h) - f(x - h)}{2h} \quad\text{(central)}.
#
# The result has two errors:
#
# - The *truncation error* exists because :math:`h` is not 0. It is proportional to :math:`h` in the forward formula and
#   to :math:`h^2` in the central one.
# - The *rounding error* comes from the subtraction of two nearly equal numbers. Each of them is wrong by about
#   :math:`ε` times its size. Here :math:`ε` is the precision of the dtype: :math:`1.2·10^{-7}` in ``float32`` and
#   :math:`2.2·10^{-16}` in ``float64``. The division by :math:`h` turns this into about :math:`ε/h`.
#
# So a smaller step is not always better. If it is too small, ``x + h`` is even rounded back to ``x``.
#
# We take the loss of the lamp network at 200 random lists of parameters: 13 · 200 = 2,600 derivatives. For each step we
# compare their finite differences with autograd's gradient in ``float64``, and take the median of the errors.
#
# .. fold:: The errors for many steps, and their slopes

many = torch.randn(13, 200, generator=generator, dtype=torch.float64)
leaf = many.clone().requires_grad_()
loss_of(leaf, switches, lamp).sum().backward()


def median_error(dtype, h, central):
    """Median error of the 13 · 200 finite differences."""
    inputs, targets, point = switches.to(dtype), lamp.to(dtype), many.to(dtype)
    errors = []
    for k in range(13):
        ahead, behind = point.clone(), point.clone()
        ahead[k] += h
        if central:
            behind[k] -= h
        growth = loss_of(ahead, inputs, targets) - loss_of(behind, inputs, targets)
        quotient = growth / (2 * h if central else h)
        errors.append((quotient.double() - leaf.grad[k]).abs())
    return torch.stack(errors).median().item()


steps = {
    torch.float32: 10.0 ** np.arange(-7, 0, 0.5),
    torch.float64: 10.0 ** np.arange(-13, 0, 0.5),
}
# Where the slopes are measured: the exponents of the steps for truncation, then for rounding.
ranges = {
    (torch.float32, False): ((-2, -0.5), (-5.5, -4)),
    (torch.float32, True): ((-1.5, -0.5), (-5.5, -3)),
    (torch.float64, False): ((-6, -0.5), (-13, -9)),
    (torch.float64, True): ((-3, -0.5), (-13, -7)),
}
errors, best_steps = {}, {}
print("dtype    formula  slope, large h  slope, small h  best h")
for (dtype, central), areas in ranges.items():
    found = np.array([median_error(dtype, h, central) for h in steps[dtype]])
    errors[dtype, central] = found
    exponents = np.log10(steps[dtype])
    slopes = []
    for low, high in areas:
        inside = (exponents > low - 0.1) & (exponents < high + 0.1)
        slopes.append(np.polyfit(exponents[inside], np.log10(found[inside]), 1)[0])
    best_steps[dtype, central] = steps[dtype][found.argmin()]
    name = "central" if central else "forward"
    print(
        f"{str(dtype)[6:]}  {name}  {slopes[0]:14.2f}  {slopes[1]:14.2f}  {best_steps[dtype, central]:.0e}"
    )
    assert abs(slopes[0] - (2 if central else 1)) < 0.1 and abs(slopes[1] + 1) < 0.1
    power = 1 / 3 if central else 1 / 2
    ratio = best_steps[dtype, central] / torch.finfo(dtype).eps ** power
    assert 1 / 5 < ratio < 5, "the best step is not near the root of the precision"
assert errors[torch.float64, True].min() < 1e-9
assert errors[torch.float32, False].min() > 1e-4
assert torch.autograd.gradcheck(lambda p: loss_of(p, switches, lamp), leaf[:, 0])

# %%
# On logarithmic axes, as in the figure below, a power of :math:`h` is a straight line, and its exponent is the slope.
# At large steps the slopes are 1 for the forward formula and 2 for the central one, at small steps −1 for both, as the
# theory says. The best step lies where both errors are about equal: near :math:`\sqrt{ε}` for the forward formula and
# near :math:`\sqrt[3]{ε}` for the central one.
#
# .. fold:: How the figure is drawn

alt = "Error over step for two dtypes and two formulas: each curve is a V on logarithmic axes."
fig, ax = plt.subplots(figsize=(5.2, 3.6), num=alt)
for (dtype, central), found in errors.items():
    colour = BLUE if dtype == torch.float64 else VERMILION
    label = f"{str(dtype)[6:]}, {'central' if central else 'forward'}"
    ax.loglog(steps[dtype], found, "-" if central else "--", color=colour, label=label)
    ax.plot(best_steps[dtype, central], found.min(), "o", color=colour)
ax.set(xlabel="step h", ylabel="median error")
legend = ax.legend(loc="lower left")

# %%
# In ``float64`` the central formula reaches an error below :math:`10^{-9}`. In ``float32`` no step brings the forward
# formula below :math:`10^{-4}`. So check gradients in ``float64`` and with the central formula.
# :torch:`torch.autograd.gradcheck` does exactly this, with the step :math:`10^{-6}`. It returns ``True``, or raises an
# error that shows both gradients.
#
# Use it: why gradients vanish
# ----------------------------
# The chain rule multiplies one factor for each layer. What happens if all factors are smaller than 1? The
# :term:`sigmoid` :math:`1/(1 + e^{-x})` was for decades a usual activation function. Its derivative is largest at 0,
# where it is 1/4. We apply it ten times, one after the other, and compute the derivative after each time with
# ``torch.autograd.grad`` (lesson 11). ``retain_graph=True`` keeps the graph, which is otherwise freed: the next round
# walks through it again.

x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
y = x
for depth in range(1, 11):
    y = torch.sigmoid(y)
    (derivative,) = torch.autograd.grad(y, x, retain_graph=True)
    if depth in (1, 2, 5, 10):
        print(f"{depth:2} sigmoids: derivative {derivative.item():.1e}, bound {0.25**depth:.1e}")
    assert derivative <= 0.25**depth

# %%
# After ten sigmoids less than a millionth of a change is left.
#
# In a network the weights are factors too. Let a layer have :math:`n` inputs and :math:`n` outputs, and let its weights
# be independent, with mean 0 and variance :math:`v`. On the way back, such a layer multiplies the length of the
# gradient by about
#
# .. math:: \sqrt{n · v · \text{mean of } (φ')^2} ,
#
# where :math:`φ'` is the derivative of the activation function. The variance :math:`v` depends on the
# :term:`initialisation`, the rule by which the first weights are drawn:
#
# - ``nn.Linear`` takes :math:`v = 1/(3n)` if we do nothing ("default" in the table below).
# - Xavier's initialisation takes :math:`v = 1/n` here. The factor is 1 where :math:`φ'` is 1.
# - He's initialisation is made for ReLU. The derivative of ReLU is 1 for positive inputs and 0 otherwise, so the mean
#   of its square is about 1/2. With :math:`v = 2/n` the factor is 1 again.
#
# We build networks with 20 hidden layers of 64 neurons. The inputs are 200 digits of MNIST, made smaller to 8 × 8
# pixels and :term:`normalised <normalise>`. The folded cell collects the length of the gradient of the loss with
# respect to the output of each layer, for four kinds of networks with five seeds each.
#
# .. fold:: The gradient at each layer, five seeds


def deep_network(activation, initialisation, seed):
    """20 hidden layers of 64 neurons each, and an output layer for 10 classes."""
    torch.manual_seed(seed)
    layers = []
    for _ in range(20):
        linear = nn.Linear(64, 64)
        if initialisation == "Xavier":
            nn.init.xavier_normal_(linear.weight)
        if initialisation == "He":
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        if initialisation != "default":
            nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers, nn.Linear(64, 10)).to(device)


digits = MNIST(assets.path("mnist"), train=True)
small_images = F.adaptive_avg_pool2d(digits.data[:200, None] / 255, 8)  # (200, 1, 8, 8)
images = small_images.flatten(1).to(device)  # (200, 64)
images = (images - images.mean()) / images.std()
labels = digits.targets[:200].to(device)


def gradient_lengths(model):
    """Length of the gradient with respect to the output of each hidden linear layer."""
    x, outputs = images, []
    for module in model:
        x = module(x)
        if isinstance(module, nn.Linear):
            x.retain_grad()
            outputs.append(x)
    nn.functional.cross_entropy(x, labels).backward()
    return [output.grad.norm().item() for output in outputs[:-1]]


arms = [
    ("sigmoid", "default", nn.Sigmoid, math.sqrt(1 / 3) / 4),
    ("sigmoid", "Xavier", nn.Sigmoid, 1 / 4),
    ("ReLU", "default", nn.ReLU, math.sqrt(1 / 6)),
    ("ReLU", "He", nn.ReLU, 1.0),
]
lengths = {}
print("activation  weights   factor: theory  measured   first / last layer")
for activation, weights, kind, theory in arms:
    found = np.array([gradient_lengths(deep_network(kind, weights, seed)) for seed in range(5)])
    lengths[activation, weights] = found  # (5 seeds, 20 layers)
    ratios = found[:, 0] / found[:, -1]
    factors = ratios ** (1 / 19)
    measured = f"{factors.min():.2f} to {factors.max():.2f}"
    print(f"{activation:10}  {weights:8}  {theory:14.2f}  {measured}   {np.median(ratios):.0e}")
    assert np.all(abs(factors / theory - 1) < 0.2)
assert (
    lengths["sigmoid", "default"][:, 0].max() < 1e-12 * lengths["sigmoid", "default"][:, -1].min()
)

# %%
# The theory predicts the measured factors within 20 %, with each of the five seeds. There are nineteen such factors
# between the last layer and the first. With the sigmoid and default weights, the gradient of the first layer is more
# than a trillion times smaller than that of the last one. This is the :term:`vanishing gradient`. With ReLU and the
# default weights it vanishes too. ReLU *and* He's initialisation keep the length, up to a small factor.
#
# .. fold:: How the figure is drawn

alt = "Gradient length over layer for four networks: three fall on the way back, one stays level."
fig, ax = plt.subplots(figsize=(5.2, 3.5), num=alt)
for name, colour in zip(lengths, (VERMILION, ORANGE, PURPLE, GREEN), strict=True):
    for number, curve in enumerate(lengths[name]):
        label = f"{name[0]}, {name[1]}" if number == 0 else None
        ax.semilogy(range(1, 21), curve, color=colour, linewidth=1, label=label)
ax.set(
    xlabel="layer (20 is next to the output)",
    ylabel="length of the gradient",
    xticks=[20, 15, 10, 5, 1],
)
ax.legend(loc="lower left")
limits = ax.set_xlim(20.5, 0.5)

# %%
# A step of gradient descent moves each weight in proportion to its gradient. With a gradient that is a trillion times
# smaller, the first layers stay where they are. A good initialisation is one remedy. Two more are batch normalisation,
# which :doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>` explains, and the skip connections of
# :doc:`lesson 17 </lessons/3_practice/lesson_17_image_classification_1>`.
#
# Break it: backward twice
# ------------------------
# The backward pass frees what the forward pass stored. A second one over the same graph finds nothing.

w = torch.tensor(2.0, requires_grad=True)
loss = w * w
loss.backward()
try:
    loss.backward()
except RuntimeError as message:
    print(fill(f"RuntimeError: {message}", 80))

# %%
# Do not write ``retain_graph=True`` only because the message mentions it. The usual cause is that a part of the graph
# was made *before* the training loop. Compute this part again in each step, or ``detach`` it.
#
# Break it: a value that changes too early
# ----------------------------------------
# The local derivative of ``tanh`` is :math:`1 - t^2`, so PyTorch keeps the result :math:`t`. What if we overwrite it?

x = torch.tensor(0.5, requires_grad=True)
t = x.tanh()
t += 1  # in place: the same memory
try:
    t.backward()
except RuntimeError as message:
    print(fill(f"RuntimeError: {message}", 80))

# %%
# Each tensor counts its changes in place; the count is its *version*. It was 0 at the time of ``tanh`` and is 1 now. So
# the stored value is wrong, and PyTorch refuses. ``t = t + 1`` makes a new tensor instead.
#
# Break it: the graph is cut by accident
# --------------------------------------
# ``item()`` returns a Python number. It has no graph that leads back to ``w``.

w = torch.tensor(2.0, requires_grad=True)
loss = w * w
try:
    loss.item().backward()
except AttributeError as message:
    print(f"AttributeError: {message}")

# %%
# ``torch.tensor(loss)`` copies the value into a new leaf, which does not lead back to ``w`` either.

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    copied = torch.tensor(loss)
print(fill(f"UserWarning: {heard[0].message}", 80))
try:
    copied.backward()
except RuntimeError as message:
    print(f"RuntimeError: {message}")

# %%
# These two mistakes raise errors. The silent form is worse: only a *part* of the loss is cut off. In this cell a
# penalty is meant to keep the weight small.

for name in ("penalty", "penalty.item()"):
    w = torch.tensor(2.0, requires_grad=True)
    penalty = 10 * w * w
    loss = (w - 3) ** 2 + (penalty if name == "penalty" else penalty.item())
    loss.backward()
    print(f"with {name:15} loss {loss.item():.0f}, gradient {w.grad.item():3.0f}")

# %%
# The loss is the same, 41, but the gradient is −2 in place of 38: the training would make the weight *larger*, and the
# penalty has no effect. ``item()`` is for printing.
#
# Break it: a leaf that is no leaf
# --------------------------------
# Somebody wants small initial weights and multiplies them by 0.01.

small = torch.ones(3, requires_grad=True) * 0.01
(small * small).sum().backward()
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    print("gradient:", small.grad)
print(fill(f"UserWarning: {str(heard[0].message).split(' (Triggered')[0]}", 80))
try:
    torch.optim.SGD([small], lr=0.1)
except ValueError as message:
    print(f"ValueError: {message}")

# %%
# ``small`` is the *result* of a multiplication. The gradient went to the leaf, the tensor of ones, which has no name.
# The same happens with ``torch.ones(3, requires_grad=True).to("cuda")``: the copy on the GPU is a result. First compute
# and move, and only then ask for the gradient: ``(torch.ones(3) * 0.01).to(device).requires_grad_()``.
#
# Then and now
# ------------
# In PyTorch 0.4 (2018) variables and tensors became one. PyTorch 2.14 says the following to code from before.
#
# .. fold:: The rows, run as they are written

old_and_new = [
    (
        """from torch.autograd import Variable
w = Variable(torch.tensor(2.0), requires_grad=True)
print(type(w).__name__)""",
        """w = torch.tensor(2.0, requires_grad=True)
print(type(w).__name__)""",
    ),
    (
        """from torch.autograd import Variable
x = Variable(torch.ones(2), volatile=True)
y = x * x""",
        """x = torch.ones(2)
with torch.no_grad():
    y = x * x""",
    ),
    (
        """w = torch.tensor(2.0, requires_grad=True)
loss = w * w
loss.backward(retain_variables=True)""",
        """w = torch.tensor(2.0, requires_grad=True)
loss = w * w
loss.backward(retain_graph=True)""",
    ),
    (
        """w = torch.tensor(2.0, requires_grad=True)
(w * w).backward()
w.data -= 0.1 * w.grad.data
w.grad.data.zero_()
print(w.data, w.grad)""",
        """w = torch.tensor(2.0, requires_grad=True)
(w * w).backward()
with torch.no_grad():
    w -= 0.1 * w.grad
w.grad = None
print(w.detach(), w.grad)""",
    ),
]
run_then_and_now("autograd", old_and_new, globals())

# %%
# .. then-and-now:: autograd
#
#    - ``Variable`` was a wrapper around a tensor. Today it returns a tensor and is no longer needed.
#
#    - ``volatile`` switched the recording off. Today it has no effect.
#
#    - The argument has another name today.
#
#    - It still runs, but autograd does not see what is done through ``.data``.
#
# What you learned
# ----------------
# - A derivative is the limit of a finite difference; the gradient holds all partial derivatives and points where the
#   function grows fastest.
# - Forward, each operation keeps its parents and its local derivatives. Backward, in the opposite order, each node adds
#   its gradient times the local derivative to its parents. All derivatives together cost a few forward passes.
# - Finite differences have a best step: near :math:`\sqrt[3]{ε}` for the central formula. Check in ``float64``.
# - The gradient is multiplied by one factor for each layer. Sigmoids make it vanish; ReLU with He's initialisation
#   keeps its length.
# - Clear the gradients in each step, do not cut the graph with ``item()``, and ask for the gradient last, after
#   computing and moving the initial values.
#
# Self-checks
# -----------
# .. choice:: Why does ``backward`` need a topological order?
#    :right: 2
#
#    - Because the leaves have to be found first.
#
#      The leaves are the last ones to be reached.
#
#    - Because a node may pass its gradient on only when all contributions to it have arrived.
#
#      If it passed it on earlier, a part of the sum would be missing further back.
#
#    - Because otherwise a node would be visited twice.
#
#      ``seen`` alone would prevent this; the order is about *when* a node is visited.
#
# .. choice:: You check a gradient in ``float32`` with the forward formula and :math:`h = 10^{-7}`. The values differ by 60 %. What do you do first?
#    :right: 3
#
#    - You look for the mistake in your derivative.
#
#      With this step the rounding error alone is about as large as the derivative.
#
#    - You take :math:`h = 10^{-9}`.
#
#      Then ``x + h`` is rounded back to ``x``, and the difference is 0.
#
#    - You repeat the check in ``float64`` with the central formula.
#
#      There the error is far smaller, and a real mistake becomes visible.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_12>`.
#
# **1. Recall.** Compute by hand, forward and backward, the derivatives of :math:`L = (a·b + a)·c` at :math:`a = 2`,
# :math:`b = 5` and :math:`c = -1`.
#
# .. code-block:: python
#
#    d_a, d_b, d_c = 0.0, 0.0, 0.0
#
#    leaves = [torch.tensor(number, requires_grad=True) for number in (2.0, 5.0, -1.0)]
#    a, b, c = leaves
#    expected = [gradient.item() for gradient in torch.autograd.grad((a * b + a) * c, leaves)]
#    for name, found, right in zip("abc", (d_a, d_b, d_c), expected):
#        assert found == right, f"d_{name} is not {found}"
#    print("all three derivatives are right")
#
# **2. Modify.** This backward pass was written by hand, for :math:`y = w · \tanh(w x)`. It contains two mistakes. Find
# out with finite differences which derivatives are wrong, and mend them.
#
# .. code-block:: python
#
#    def gradients(w, x):
#        p = w * x
#        t = math.tanh(p)
#        d_p = w * (1 - p**2)
#        d_w = t
#        d_w = d_p * x
#        d_x = d_p * w
#        return d_w, d_x
#
#    def y(w, x):
#        return w * math.tanh(w * x)
#
#    w, x, h = 0.5, 2.0, 1e-5
#    d_w, d_x = gradients(w, x)
#    trial_w = (y(w + h, x) - y(w - h, x)) / (2 * h)
#    trial_x = (y(w, x + h) - y(w, x - h)) / (2 * h)
#    assert abs(d_x - trial_x) < 1e-8, f"d_x is {d_x:.4f}, by trial {trial_x:.4f}"
#    assert abs(d_w - trial_w) < 1e-8, f"d_w is {d_w:.4f}, by trial {trial_w:.4f}"
#    print("both derivatives agree with the finite differences")
#
# **3. Extend.** One can also apply the chain rule *forwards*. A ``Dual`` carries a value and its derivative with
# respect to one input. Complete the two operations; no graph is needed.
#
# .. code-block:: python
#
#    class Dual:
#        def __init__(self, value, derivative):
#            self.value = value
#            self.derivative = derivative
#
#        def __add__(self, other):
#            return Dual(self.value + other.value, 0.0)
#
#        def __mul__(self, other):
#            return Dual(self.value * other.value, 0.0)
#
#    x = torch.tensor(3.0, requires_grad=True)
#    y = torch.tensor(5.0, requires_grad=True)
#    by_x, by_y = torch.autograd.grad((x * y + x) * x, (x, y))
#    for name, x_part, y_part, expected in (("x", 1.0, 0.0, by_x), ("y", 0.0, 1.0, by_y)):
#        a, b = Dual(3.0, x_part), Dual(5.0, y_part)
#        found = ((a * b + a) * a).derivative
#        assert found == expected, f"by {name} it is {expected.item()}, not {found}"
#    print("forward mode agrees with autograd")
#
# In practice
# -----------
# - If a parameter does not learn, look at its ``.grad``. ``None`` means that no path of the graph leads to it; 0 or a
#   tiny number means that the path is blocked.
# - Collect losses for a curve with ``loss.item()``. A list of ``loss`` itself keeps the graph of each step in memory.
#
# Going further
# -------------
# - Exercise 3 is *forward mode*: one pass for each input. Backpropagation, or *reverse mode*, needs one for each
#   output, and a loss is a single output. In PyTorch forward mode is :torch:`torch.func.jvp`.
# - ``torch.inference_mode()`` is a stricter ``no_grad`` for programs that only predict.
#
# References
# ----------
# - \D. E. Rumelhart, G. E. Hinton, R. J. Williams: `Learning representations by back-propagating errors
#   <https://doi.org/10.1038/323533a0>`__, 1986.
# - \A. G. Baydin and others: `Automatic differentiation in machine learning: a survey
#   <https://arxiv.org/abs/1502.05767>`__, 2018.
# - \X. Glorot, Y. Bengio: `Understanding the difficulty of training deep feedforward neural networks
#   <https://proceedings.mlr.press/v9/glorot10a.html>`__, 2010. The initialisation named after Xavier Glorot.
# - \K. He and others: `Delving deep into rectifiers <https://arxiv.org/abs/1502.01852>`__, 2015. The initialisation for
#   ReLU.
# - \A. Karpathy: `micrograd <https://github.com/karpathy/micrograd>`__, 2020. A scalar engine of the same kind.
# - PyTorch: `Autograd mechanics <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__.
