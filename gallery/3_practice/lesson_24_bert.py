"""
24 · Text classification with BERT
==================================

Reading is learned once, and an opinion on films is a small thing to add: that is the promise of a pretrained model. How
much is it worth, in labelled sentences? We let three classifiers judge the same thousand film reviews. One counts
words. One uses a :term:`pretrained` BERT as it is. The third trains that BERT further. Then come reviews that are
longer than the model can read, and the question which part of them to throw away.

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
# The model and its :term:`tokenizer` come from the library ``transformers``, their files from our ``assets``. If you
# have a GPU and can reach the Hugging Face Hub, set the environment variable ``DLCOURSE_MODELS=full``. Then the same
# cells run with BERT base, the model of the paper, and all numbers below will be others.

# sphinx_gallery_number = 24
# sphinx_gallery_budget_s = 240
# sphinx_gallery_needs = [5, 14]
# sphinx_gallery_assets = ["minilm", "movie-reviews"]
# sphinx_gallery_thumbnail_number = 2
import csv
import os
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
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
from dlcourse.plotting import BLUE, INK, use_course_style
from dlcourse.reproducible import seed_everything
from dlcourse.training import evaluate, fit

use_course_style()
generator = seed_everything(24)
device = pick_device()

# %%
# Our default is MiniLM, a :term:`transformer` that learned to imitate a larger one, and was then trained further to
# give sentences of the same meaning similar vectors. It has the architecture of BERT with a fifth of the parameters.
# ``eval()`` switches :term:`dropout` off. Half of all its numbers are :term:`embeddings <embedding>`, one
# vector for each entry of the :term:`vocabulary`.

full = os.environ.get("DLCOURSE_MODELS") == "full"
source = "google-bert/bert-base-uncased" if full else assets.path("minilm")
try:
    tokenizer = AutoTokenizer.from_pretrained(source)
    bert = AutoModel.from_pretrained(source).to(device).eval()
except OSError as error:
    raise RuntimeError(f"{source} cannot be had; unset DLCOURSE_MODELS to go on") from error
config, vocabulary = bert.config, tokenizer.get_vocab()
total, in_words = (
    sum(p.numel() for p in part.parameters()) for part in (bert, bert.embeddings.word_embeddings)
)
print(f"{config.num_hidden_layers} layers of width {config.hidden_size}, {total:,} numbers,")
print(f"{in_words:,} of them for a vocabulary of {config.vocab_size:,}")

# %%
# Look at the data
# ----------------
# The file holds 8,530 sentences from Rotten Tomatoes and 25,000 long reviews from IMDB, each with 0 for bad or 1 for
# good. It is sorted by label, some texts occur twice, and line breaks are written ``<br />``. A dictionary keeps each
# text once, so that no copy of a training text can end up in the test set: that would be :term:`data leakage`. The
# last line is what the model gets instead of the sentence, one number for each :term:`token`.

with (assets.path("movie-reviews") / "combined_movie_reviews.csv").open(
    encoding="utf-8", newline=""
) as stream:
    rows = list(csv.DictReader(stream))
reviews = {
    name: {
        row["text"].replace("<br />", " "): int(row["label"])
        for row in rows
        if (row["source"] == "imdb") == (name == "IMDB")
    }
    for name in ("Rotten Tomatoes", "IMDB")
}
sentences = list(reviews["Rotten Tomatoes"])
labels = torch.tensor(list(reviews["Rotten Tomatoes"].values()))
sentence_ids = tokenizer(sentences)["input_ids"]
for name, kind in reviews.items():
    print(f"{name:16}{len(kind):7,} texts, {sum(kind.values()) / len(kind):.1%} good")
print(fill(sentences[1], 80))
print(sentence_ids[1][:12], "…")

# %%
# A processor without a graphics card needs a second for about 25 sentences, so we fine-tune on few and short ones: 2,000
# of up to 28 tokens. Of the same kind are 500 in the :term:`validation set` and 1,000 in the :term:`test set`. What
# remains, with the longer sentences, is for a question that comes up later: what could a simple method do with all
# labels? The long reviews are 200 from IMDB with 192 to 320 tokens.

lengths = torch.tensor([len(ids) for ids in sentence_ids])
order = torch.randperm(len(sentences), generator=generator)
short = order[lengths[order] <= 28]
rows = {"train": short[:2000], "valid": short[2000:2500], "test": short[2500:3500]}
held_out = torch.cat([rows["valid"], rows["test"]])
rows["all labels"] = order[~torch.isin(order, held_out)]

imdb = list(reviews["IMDB"])
drawn = [imdb[i] for i in torch.randperm(len(imdb), generator=generator)[:2000]]
drawn_ids = tokenizer(drawn, add_special_tokens=False, verbose=False)["input_ids"]
long = [(i, t) for i, t in zip(drawn_ids, drawn, strict=True) if 192 <= len(i) <= 320][:200]
long_ids = [ids for ids, _ in long]
long_labels = torch.tensor([reviews["IMDB"][review] for _, review in long])
print({name: len(part) for name, part in rows.items()}, f"and {len(long_ids)} long reviews")

# %%
# A BERT has 512 positions, two of them for special tokens, and no :term:`sequence` may be longer. The sentences are far
# from that limit; of the reviews some are beyond it. With reports or contracts nearly all would be, so the last part of
# this lesson is about them.

alt = "Lengths in tokens: sentences have up to 78, reviews from 60 to over 1000, many above 512."
fig, ax = plt.subplots(figsize=(5.2, 2.5), num=alt)
for name, sizes in {"Rotten Tomatoes": lengths, "IMDB": [len(ids) for ids in drawn_ids]}.items():
    values, edges = torch.histogram(torch.as_tensor(sizes).float(), bins=45, range=(0, 900))
    ax.stairs(values / len(sizes), edges, fill=True, alpha=0.7, label=name)
ax.axvline(512, color=INK, linestyle="--", label="limit of BERT")
ax.set(xlabel="tokens", ylabel="share of the texts")
legend = ax.legend()
beyond = sum(len(ids) > 510 for ids in drawn_ids) / len(drawn_ids)
print(f"{beyond:.0%} of the reviews do not fit")

# %%
# Predict
# -------
# All three classifiers learn from the same 2,000 sentences: counted words, the frozen BERT with a linear layer on top,
# and the BERT that is trained further. Put them in order. Then guess how well the counting does if it gets all labels,
# more than three times as many.
#
# .. dropdown:: Answer
#
#    As you would hope: fine-tuned, frozen, counting. But the steps are small, a few percentage points each, and a
#    thousand test sentences can only just tell them apart. With all labels, counting comes close to the frozen BERT. Look
#    at "Use it" for the numbers.
#
# Build it: WordPiece
# -------------------
# BERT first cuts a text into words: lower case, accents off, each punctuation mark on its own, and each Chinese
# character too. Then it cuts each word, from the left, into the longest pieces of the vocabulary; ``##`` marks a piece
# that continues a word. If no piece fits, the whole word becomes ``[UNK]``. A toy vocabulary shows how greedy that is.


def split_words(words):
    """Cut a text as BERT does before it looks into the vocabulary."""
    cut = ""
    for sign in unicodedata.normalize("NFD", words).lower():
        category, number = unicodedata.category(sign), ord(sign)
        ascii_sign = sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " "
        chinese = 0x4E00 <= number <= 0x9FFF or 0x3400 <= number <= 0x4DBF or number >= 0x20000
        if category[0] == "P" or ascii_sign or chinese:
            cut += f" {sign} "
        elif sign in "\t\n\r" or category not in ("Mn", "Cc"):  # no accents, no control characters
            cut += sign
    return cut.split()


def wordpiece(word, pieces):
    """Cut a word into the longest pieces that there are, from left to right."""
    found, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in pieces), None)
        if end is None:
            return ["[UNK]"]
        found.append(mark + word[start:end])
        start = end
    return found


toy = {"un", "unwatch", "##watch", "##able", "##ed", "able"}
for word in ("unable", "unwatchable", "watched"):
    print(f"{word:12}", *wordpiece(word, toy))

# %%
# Now the real vocabulary. On every sentence our pieces must be those of the tokenizer. The Chinese line shows what "each
# character on its own" means: an English vocabulary holds a few hundred characters, and the rest is ``[UNK]``. A Chinese
# BERT has the same tokeniser with a vocabulary of about 21,000, mostly single characters. It needs no
# :term:`word segmentation`. But one hidden character of a word is easily guessed from the next, so later Chinese models
# hide all characters of a word together.

differing = 0
extra = ["Amélie's café—naïve?", "这部电影很好看, a must-see!", "我不喜欢结尾。"]
for sentence in [*sentences, *extra]:
    ours = [piece for word in split_words(sentence) for piece in wordpiece(word, vocabulary)]
    differing += ours != tokenizer.tokenize(sentence)
assert differing == 0
print(f"{len(sentences) + len(extra):,} texts, the same pieces in each")
for sentence in ("An unwatchable, mawkish mess.", *extra):
    print(*tokenizer.tokenize(sentence))

# %%
# Build it: what goes into the model
# ----------------------------------
# A text begins with ``[CLS]`` and ends with ``[SEP]``. BERT was trained on pairs, so each token also gets a segment, 0
# or 1, and its position. Three tables hold vectors for the three numbers. Their sum, normalised, is all that the first
# layer sees: without the table of positions "dog bites man" and "man bites dog" would be the same to it.

pair = tokenizer("A dull film.", "I left early.", return_tensors="pt").to(device)
ids, segments = pair["input_ids"], pair["token_type_ids"]
positions = torch.arange(ids.shape[1], device=device).unsqueeze(0)
tables = bert.embeddings
x = (
    tables.word_embeddings(ids)
    + tables.position_embeddings(positions)
    + tables.token_type_embeddings(segments)
)  # (1, L, D)
torch.testing.assert_close(tables.LayerNorm(x), tables(ids, segments))
rows_shown = (tokenizer.convert_ids_to_tokens(ids[0]), ids[0], segments[0], positions[0])
for name, values in zip(("token", "id", "segment", "position"), rows_shown, strict=True):
    print(
        f"{name:9}",
        *(f"{value if isinstance(value, str) else value.item():>6}" for value in values),
    )

# %%
# Build it: the training game of BERT
# -----------------------------------
# BERT learned to read as a :term:`masked language model`. Of all tokens 15 % are chosen, and the model must say what they
# were. Most of those become ``[MASK]``, a tenth another token at random, a tenth stay: so the model can never be sure
# that the token in front of it is right. Where nothing is to be predicted the label is −100, which
# :torch:`torch.nn.CrossEntropyLoss` leaves out. The collator of ``transformers`` draws in the same order as we do; from
# the same seed the tensors must be equal.


def hide(ids, generator):
    """Return ids with 15 % of the tokens hidden, and the labels, both of shape (N, L)."""

    def draw(share):
        return torch.bernoulli(torch.full(ids.shape, share), generator=generator).bool()

    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    chosen = draw(0.15) & ~special
    masked = chosen & draw(0.8)
    changed = chosen & ~masked & draw(0.5)
    random_ids = torch.randint(len(tokenizer), ids.shape, generator=generator)
    hidden = torch.where(changed, random_ids, ids.masked_fill(masked, tokenizer.mask_token_id))
    return hidden, ids.masked_fill(~chosen, -100)


ids, _ = text.pad([sentence_ids[i] for i in rows["train"]], tokenizer.pad_token_id)
hidden, targets = hide(ids, torch.Generator().manual_seed(24))
theirs = DataCollatorForLanguageModeling(tokenizer, seed=24)([{"input_ids": row} for row in ids])
assert torch.equal(hidden, theirs["input_ids"]) and torch.equal(targets, theirs["labels"])
chosen = targets != -100
groups = {"[MASK]": hidden == tokenizer.mask_token_id, "unchanged": hidden == ids}
groups["random"] = ~groups["[MASK]"] & ~groups["unchanged"]
real = ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
print(f"{chosen.sum() / real.sum():.1%} of {real.sum():,} tokens chosen; of these")
print(*(f"{(chosen & group).sum() / chosen.sum():.1%} {name}" for name, group in groups.items()))

# %%
# Can MiniLM play? To predict a token one compares its vector with all word embeddings. The head that BERT has in between
# was thrown away when MiniLM became a sentence encoder, so we compare directly. What comes out is honest nonsense: under
# ``[MASK]`` it is almost never right. Only tokens that are still there are read off. An encoder has no skill but those
# that its last training kept; with ``DLCOURSE_MODELS=full`` you see a BERT with its head.

play = slice(0, 400)
if full:
    mlm_head = transformers.AutoModelForMaskedLM.from_pretrained(source).to(device).cls
else:

    def mlm_head(states):
        return states @ bert.embeddings.word_embeddings.weight.T


with torch.no_grad():
    mask = (ids[play] != tokenizer.pad_token_id).long()
    states = bert(hidden[play].to(device), mask.to(device)).last_hidden_state[
        chosen[play].to(device)
    ]
    scores = mlm_head(states).cpu()  # (chosen, V)
    gap = tokenizer("The movie was [MASK].", return_tensors="pt").to(device)
    place = gap["input_ids"][0] == tokenizer.mask_token_id
    guesses = mlm_head(bert(**gap).last_hidden_state[0, place])[0].topk(4).indices
right = scores.argmax(1) == targets[play][chosen[play]]
for name, group in groups.items():
    print(f"{name:10} {right[group[play][chosen[play]]].float().mean():.1%} right")
loss = F.cross_entropy(scores, targets[play][chosen[play]])
print(f"loss {loss:.1f}; blind guessing {torch.tensor(len(tokenizer)).log():.1f}")
print("The movie was …", tokenizer.convert_ids_to_tokens(guesses))

# %%
# Build it: one layer of the encoder
# ----------------------------------
# Each token gets a query, a key and a value, cut into heads. Queries and keys are compared by scalar products, softmax
# makes weights of them, and each token takes the mean of the values with its weights:
# :math:`\mathrm{softmax}(QK^\top/\sqrt{d})\,V`. Padding gets the weight 0. Then each token alone goes through two linear
# layers with a GELU between them. Around both steps there is a skip connection, followed by a normalisation over the
# width.


def encoder_layer(x, mask, weights, heads):
    """One layer of BERT from its weights by name; x has shape (N, L, D), mask (N, L)."""

    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normalise(name, x):
        variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        x = (x - mean) / (variance + config.layer_norm_eps).sqrt()
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    query, key, value = (
        linear(f"attention.self.{name}", x).unflatten(-1, (heads, -1)).transpose(1, 2)
        for name in ("query", "key", "value")
    )  # (N, heads, L, D / heads) each
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
# The whole encoder is the embeddings and then our layer, once for each set of weights. On sixteen sentences of different
# lengths the vectors of all real tokens must be those of the model. For the gradients one layer will do: for a random
# weighting of its outputs we compare those of its input and of all its sixteen tensors.

ids, mask = (part.to(device) for part in text.pad([sentence_ids[i] for i in rows["test"][:16]]))
with torch.no_grad():
    x, expected = bert.embeddings(ids), bert(ids, mask).last_hidden_state
    for layer in bert.encoder.layer:
        x = encoder_layer(x, mask, dict(layer.named_parameters()), config.num_attention_heads)
torch.testing.assert_close(x[mask == 1], expected[mask == 1], rtol=1e-3, atol=1e-4)

layer = bert.encoder.layer[0]
weights = dict(layer.named_parameters())
inputs = bert.embeddings(ids[:4]).detach().requires_grad_()
ours = encoder_layer(inputs, mask[:4], weights, config.num_attention_heads)
theirs = layer(inputs, attention_mask=mask[:4, None, None].bool())
weighting = torch.randn(ours.shape, generator=generator).to(device)
gradients = [
    torch.autograd.grad((out * weighting)[mask[:4] == 1].sum(), [inputs, *weights.values()])
    for out in (ours, theirs)
]
worst = max((a - b).abs().max() / b.abs().max() for a, b in zip(*gradients, strict=True))
assert worst < 1e-3
print(f"vectors: largest difference {(x - expected)[mask == 1].abs().max():.0e}")
print(f"{len(gradients[0])} gradients: largest relative difference {worst:.0e}")

# %%
# Use it: the baseline
# --------------------
# A :term:`baseline` first. It counts tokens, weights each by how rare it is (TF-IDF: the logarithm of one over the share
# of texts that have it), scales the result to length 1 and feeds it to a logistic regression. The sum over the
# vocabulary is a sum over the tokens of the text, so ``embedding_bag`` computes it without a vector of 30,000 numbers.
# ``fit`` of lesson 14 trains it and stops early.


class CountedWords(nn.Module):
    """Logits, shape (N, 2), of token ids and their mask, shape (N, L)."""

    def __init__(self, sequences):
        super().__init__()
        seen = torch.cat([torch.tensor(ids).unique() for ids in sequences])
        texts = torch.bincount(seen, minlength=config.vocab_size)
        self.register_buffer("rarity", ((1 + len(sequences)) / (1 + texts)).log() * (texts > 0))
        self.weight = nn.Parameter(torch.zeros(config.vocab_size, 2))

    def forward(self, ids, mask):
        tfidf = F.normalize(self.rarity[ids] * mask, dim=1)  # (N, L)
        return F.embedding_bag(ids, self.weight, per_sample_weights=tfidf, mode="sum")


cross_entropy = nn.CrossEntropyLoss()


def batches(part, size=32, seed=None):
    shuffling = None if seed is None else torch.Generator().manual_seed(seed)
    chosen = [sentence_ids[i] for i in rows[part]]
    return text.length_batches(chosen, labels[rows[part]], size, generator=shuffling)


def measure(model, loader):
    return evaluate(model, cross_entropy, loader, metrics={"accuracy": accuracy})["accuracy"]


results, counters = {}, {}
for part in ("train", "all labels"):
    counters[part] = CountedWords([sentence_ids[i] for i in rows[part]]).to(device)
    optimiser = torch.optim.AdamW(counters[part].parameters(), lr=0.01)
    fit(
        counters[part], cross_entropy, optimiser, batches(part, seed=24), epochs=30,
        valid_loader=batches("valid"), patience=3,
    )  # fmt: skip
    name = f"counted words, {len(rows[part]):,} sentences"
    results[name] = [measure(counters[part], batches("test"))]
    print(f"{name}: {results[name][0]:.1%}")

# %%
# Use it: the frozen encoder
# --------------------------
# The vector of a sentence is the mean over its real tokens, as MiniLM was trained. As the encoder does not change, each
# sentence goes through it only once. What is trained is a linear layer of 770 numbers, with the same early stopping: on
# 2,000 sentences it would otherwise fit too much.


class Classifier(nn.Module):
    """An encoder, the mean over the tokens, and a linear layer: logits, shape (N, 2)."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(config.hidden_size, 2)

    def embed(self, ids, mask):
        states = self.encoder(ids, mask).last_hidden_state  # (N, L, D)
        kept = mask.unsqueeze(-1)
        return (states * kept).sum(1) / kept.sum(1)  # (N, D)

    def forward(self, ids, mask):
        return self.head(self.embed(ids, mask))


torch.manual_seed(24)
frozen = Classifier(bert).to(device)
with torch.no_grad():
    vectors = {
        part: [(frozen.embed(i.to(device), m.to(device)), y) for i, m, y in batches(part, seed=24)]
        for part in ("train", "valid", "test")
    }
history = fit(
    frozen.head, cross_entropy, torch.optim.AdamW(frozen.head.parameters(), lr=3e-3),
    vectors["train"], epochs=50, valid_loader=vectors["valid"], patience=3,
)  # fmt: skip
results["frozen BERT, 2,000 sentences"] = [measure(frozen.head, vectors["test"])]
print(f"test {results['frozen BERT, 2,000 sentences'][0]:.1%}, best epoch {history.best_epoch + 1}")

# %%
# Use it: fine-tuning
# -------------------
# Now the encoder learns too, which is called :term:`fine-tuning`. The embeddings and the lower half of the layers stay as
# they are: they know how words and sentences are built, and backpropagation need not go down to them, which saves half
# of the time. The others get a small learning rate, so that they do not forget what they know, the new layer a larger
# one. One pass over the data is enough; two seeds show how much chance there is in it.

tuned = []
for seed in (0, 1):
    torch.manual_seed(seed)
    model = Classifier(AutoModel.from_pretrained(source)).to(device)
    for part in (
        model.encoder.embeddings,
        *model.encoder.encoder.layer[: config.num_hidden_layers // 2],
    ):
        part.requires_grad_(False)
    trained = [p for p in model.encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": trained, "lr": 1e-4}, {"params": model.head.parameters(), "lr": 1e-2}]
    )
    history = fit(model, cross_entropy, optimiser, batches("train", 16, seed), epochs=1)
    tuned.append(model.eval())
results["fine-tuned BERT, 2,000 sentences"] = [measure(model, batches("test")) for model in tuned]
for name, shares in results.items():
    print(f"{name:32}", *(f"{share:.1%}" for share in shares))

# %%
# With a thousand test sentences each number has a standard error of 1.3 percentage points, drawn as a bar. So fine-tuning
# really is better than counting the same sentences; between the frozen encoder and counting with all labels there is
# nothing to choose. Count the cost as well: the counting took a second, the fine-tuning half a minute for a gain of a few
# points.

alt = "Test accuracy of four classifiers; fine-tuning is best, counting on the same data last."
fig, ax = plt.subplots(figsize=(5.2, 2.3), num=alt)
for row, shares in enumerate(results.values()):
    error = [(share * (1 - share) / 1000) ** 0.5 for share in shares]
    ax.errorbar(shares, [row] * len(shares), xerr=error, fmt="o", color=BLUE, capsize=3)
ax.set(yticks=range(len(results)), yticklabels=results, xlabel="test accuracy", ylim=(-0.5, 3.5))
ax.invert_yaxis()
words = results["counted words, 2,000 sentences"][0]
assert min(results["fine-tuned BERT, 2,000 sentences"]) > words + 0.02

# %%
# Use it: texts that are too long
# -------------------------------
# Five ways lead around the limit: keep the head, the tail, or a bit of both; read all windows and average the logits; or
# compress the text to its most telling segments, here those to which the counted words give the clearest opinion. The
# functions are in ``dlcourse.text``. To keep the time short we play with a limit of 64 instead of 512, on reviews of
# about 240 tokens. The classifier is the first fine-tuned one; it has never seen a review of IMDB.

limit = 62  # and two special tokens
leaning = (counters["all labels"].weight[:, 1] - counters["all labels"].weight[:, 0]).detach().cpu()
opinion = leaning * counters["all labels"].rarity.cpu()  # (V,)
ways = {
    "head": lambda ids: [text.head(ids, limit)],
    "tail": lambda ids: [text.tail(ids, limit)],
    "head and tail": lambda ids: [text.head_and_tail(ids, limit)],
    "segments": lambda ids: [text.select_segments(ids, limit, 10, lambda s: abs(opinion[s].sum()))],
    "windows": lambda ids: text.windows(ids, limit),
}


@torch.no_grad()
def classify(model, texts):
    """Return the mean logits over the parts of each text, shape (N, 2)."""
    ends = tokenizer.cls_token_id, tokenizer.sep_token_id
    parts = [[ends[0], *part, ends[1]] for parts in texts for part in parts]
    owners = torch.tensor([i for i, parts in enumerate(texts) for _ in parts])
    total = torch.zeros(len(texts), 2)
    for ids, mask, owner in text.length_batches(parts, owners, 32):
        total.index_add_(0, owner, model(ids.to(device), mask.to(device)).cpu())
    return total / owners.bincount().unsqueeze(1)


long_results = {}
for name, way in ways.items():
    cut = [way(ids) for ids in long_ids]
    read = sum(len(part) for parts in cut for part in parts) / len(cut)
    long_results[name] = accuracy(classify(tuned[0], cut), long_labels).item()
    print(f"{name:14} {long_results[name]:.1%} right, {read:.0f} tokens read")
counted = classify(counters["all labels"], [[ids] for ids in long_ids])
print(f"counted words  {accuracy(counted, long_labels):.1%} right, all tokens read")

# %%
# The figure shows what each way keeps of one review, and the standard errors, 3 points each. Reading everything wins
# clearly, at four times the cost. Among the ways that read a quarter, the end of a review says more than its beginning,
# where the plot is told; the rest is within the noise.

places = list(range(len(long_ids[0])))
kept = torch.zeros(len(ways), len(places))
for row, (name, way) in enumerate(ways.items()):
    if name == "segments":
        found = text.select_segments(
            places, limit, 10, lambda s: abs(opinion[[long_ids[0][place] for place in s]].sum())
        )
        kept[row, found] = 1
    else:
        for part in way(places):
            kept[row, part] = 1
alt = "Left: the parts of a review that each of the five ways keeps. Right: their accuracy."
fig, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.4), num=alt, sharey=True)
left.imshow(kept, aspect="auto", cmap="Blues", vmax=1.4, interpolation="nearest")
left.set(yticks=range(5), yticklabels=ways, xlabel="token of one review")
shares = torch.tensor(list(long_results.values()))
errors = (shares * (1 - shares) / len(long_ids)).sqrt()
right.errorbar(shares, range(5), xerr=errors, fmt="o", color=BLUE, capsize=3)
right.set(xlabel="accuracy")
assert long_results["windows"] > max(long_results[name] for name in list(ways)[:3])

# %%
# Use it: two lines for speed
# ---------------------------
# ``autocast`` computes the products of matrices in 16 bits, which graphics cards do several times as fast and which
# halves the memory of what is kept for the gradients. ``torch.compile`` fuses small operations. Its default backend needs
# a compiler; the one named ``eager`` only records the operations, so it runs everywhere and gains nothing. Check that the
# answers stay the same before you believe in a speed-up.

model = tuned[0]
ids, mask, _ = batches("test", 64)[0]
ids, mask = ids.to(device), mask.to(device)
with torch.no_grad():
    exact = model(ids, mask).softmax(1)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        rounded = model(ids, mask).float().softmax(1)
    compiled = torch.compile(model, backend="eager")(ids, mask).softmax(1)
same = (exact.argmax(1) == rounded.argmax(1)).sum()
print(
    f"bfloat16: largest change {(exact - rounded).abs().max():.3f}, same answer {same} of 64 times"
)
print(f"compiled: largest change {(exact - compiled).abs().max():.0e}")

# %%
# Break it
# --------
# Two silent mistakes. In the first the mask is forgotten, and sentences are padded to 64 places, as happens when one of
# them is long. Then the padding takes part in the attention and in the mean. In the second the model gets ids from the
# tokenizer of another model, here the same pieces in alphabetical order. Nothing warns you.

some = rows["test"][:100]
ids, mask = text.pad([[*sentence_ids[i], *[tokenizer.pad_token_id] * 40][:64] for i in some])
mask = (ids != tokenizer.pad_token_id).long()
foreign = BertTokenizer(vocab={piece: i for i, piece in enumerate(sorted(vocabulary))})
foreign_ids = foreign([sentences[i] for i in some])["input_ids"]
attempts = {
    "right": (ids, mask),
    "no mask": (ids, torch.ones_like(mask)),
    "another tokenizer": text.pad(foreign_ids, foreign.pad_token_id),
}
with torch.no_grad():
    for name, inputs in attempts.items():
        answers = model(*(part.to(device) for part in inputs)).argmax(1).cpu()
        print(f"{name:18} {(answers == labels[some]).float().mean():.0%} right")

# %%
# Two loud ones: a text of 600 tokens, and an id that the vocabulary does not have, as from the tokenizer of a larger
# model. ``attempt`` prints what the library says. The cell stays on the CPU: on a GPU the second mistake becomes a
# "device-side assert", after which the process has to be started again.


def attempt(name, line):
    print(name)
    try:
        said = str(line())
    except (AttributeError, ImportError, IndexError, RuntimeError, TypeError) as error:
        said = f"{type(error).__name__}: {str(error).split(' (/')[0]}"
    print(fill("    " + said, 80, subsequent_indent="    "))


bert = bert.cpu()
too_long, unknown = torch.ones(1, 600, dtype=torch.long), torch.tensor([[config.vocab_size]])
attempt("600 tokens", lambda: bert(too_long))
attempt("an unknown id", lambda: bert(unknown))

# %%
# The first message compares the 600 positions with the table of 512; it does not name BERT or the text. The tokenizer
# prints a warning when it makes such ids, and ``truncation=True`` silently keeps the head.
#
# Then and now
# ------------
# Tutorials of 2021 rarely run today. The cell shows what ``transformers`` 5 and ``datasets`` 5 say to them.
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


def from_script():
    with TemporaryDirectory() as folder:
        script = Path(folder, "imdb.py")
        script.write_text("import datasets")
        return datasets.load_dataset(str(script))


assert transformers.BertTokenizerFast is BertTokenizer
for name, line in {
    "import pytorch_transformers": lambda: __import__("pytorch_transformers"),
    "transformers.AdamW": lambda: transformers.AdamW,
    "tokenizer.encode_plus": lambda: tokenizer.encode_plus("A dull film."),
    "Trainer(tokenizer=...)": lambda: transformers.Trainer(tokenizer=tokenizer),
    "load_dataset": from_script,
}.items():
    attempt(name, line)

# %%
# What you learned
# ----------------
# - BERT reads pieces of words; WordPiece takes the longest one that fits, and a Chinese character stands alone.
# - A layer of the encoder is attention and two linear layers, each with a skip connection and a normalisation.
# - Fine-tuning beat counting on the same sentences by more than the noise; a frozen encoder is worth a baseline, too.
# - For long texts: windows if you can pay for them, otherwise try the tail before the head, and measure.
#
# Self-checks
# -----------
# **1.** Why does BERT's training leave a tenth of the chosen tokens as they are?
#
# .. dropdown:: Answer
#
#    If every chosen token were changed, a token that is still readable would never have to be predicted, and its vector
#    could be anything. In use there is no ``[MASK]``, so readable tokens are the ones that matter.
#
# **2.** A colleague tries 30 learning rates and reports the best accuracy on these 1,000 test sentences. And?
#
# .. dropdown:: Answer
#
#    The test set has become a validation set. With a standard error of 1.3 points the best of 30 equally good settings
#    lies about 2.5 points above their mean by luck alone.
#
# **3.** Your texts have 700 tokens, and you pass ``truncation=True``. Which way of the five is that?
#
# .. dropdown:: Answer
#
#    The head, the worst of the five on our reviews. It is the default because it is simple, not because it is good.
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
#    generator = torch.Generator().manual_seed(0)
#    states = torch.randn(2, 5, 8, generator=generator)
#    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
#    found = mean_of_tokens(states, mask)
#    expected = torch.stack([states[0].mean(0), states[1, :3].mean(0)])
#    assert torch.allclose(found, expected, atol=1e-6), "padding takes part in the mean"
#    print("the mean of 3 tokens is the mean of 3 tokens")
#
# **3. Extend.** Hide whole words: if one piece of a word is chosen, so are all its pieces, however many they are.
#
# .. code-block:: python
#
#    def whole_words(pieces, chosen):
#        return chosen
#
#    pieces = ["[CLS]", "un", "##watch", "##able", "and", "maw", "##kish", "[SEP]"]
#    hidden = whole_words(pieces, [False, False, True, False, False, True, False, False])
#    expected = [False, True, True, True, False, True, True, False]
#    assert hidden == expected, "a word is hidden in part"
#    print([piece for piece, gone in zip(pieces, hidden) if gone])
#
# In practice
# -----------
# - Write the baseline first, and give it all the labels that you have: labels are cheaper for it than for a large model.
# - Learning rates between 1e-5 and 1e-4 for the encoder; larger ones make it forget what it knew.
# - Sort texts by length into batches: what is computed for padding is lost.
# - Save the tokenizer with the model, in one folder; a model without its tokenizer is useless.
#
# References
# ----------
# - \J. Devlin, M.-W. Chang, K. Lee, K. Toutanova: `BERT <https://arxiv.org/abs/1810.04805>`__, 2018.
# - \A. Vaswani and others: `Attention is all you need <https://arxiv.org/abs/1706.03762>`__, 2017.
# - \W. Wang and others: `MiniLM <https://arxiv.org/abs/2002.10957>`__, 2020. N. Reimers, I. Gurevych: `Sentence-BERT
#   <https://arxiv.org/abs/1908.10084>`__, 2019. From the one and the other comes our encoder.
# - \C. Sun, X. Qiu, Y. Xu, X. Huang: `How to fine-tune BERT for text classification?
#   <https://arxiv.org/abs/1905.05583>`__, 2019. Head, tail, both, and windows, on whole reviews of IMDB.
# - \M. Ding, C. Zhou, H. Yang, J. Tang: `CogLTX: applying BERT to long texts
#   <https://proceedings.neurips.cc/paper/2020/hash/96671501524948bc3937b4b30d0e57b9-Abstract.html>`__, 2020. Segments are
#   chosen by a second BERT.
# - \Y. Cui and others: `Pre-training with whole word masking for Chinese BERT
#   <https://arxiv.org/abs/1906.08101>`__, 2019.
