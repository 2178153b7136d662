"""Find English that was left on a Chinese page.

Two things count: a run of three or more English words outside code, names and references; and
any text that is, word for word, an interface string of Sphinx or of the theme ("Search").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
import sphinx
from babel.messages.pofile import read_po
from lxml import html

WORD = r"[A-Za-z]+(?:['’-][A-Za-z]+)*"
RUN = re.compile(rf"{WORD}(?:(?:\s|[,;:]\s){WORD}){{2,}}")

NOT_PROSE = {"code", "pre", "kbd", "samp", "math", "script", "style", "template", "svg", "cite"}
"""Elements whose text is no prose. A ``cite`` is the title of a work."""

NOT_PROSE_CLASSES = {
    "notranslate",
    "math",
    "katex",
    "sig",
    "highlight",
    "output_area",
    "references",
}

ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "data-bs-title", "data-tooltip")
DESCRIPTIONS = "//head/title | //head/meta[@name='description' or starts-with(@property, 'og:')]"

ALLOWED = {
    "PyTorch in Practice": "the English name of the course",
    "the PyTorch in Practice authors": "the holder of the copyright, a name",
    "SIL Open Font License": "the name of a licence",
    "Noto Sans SC": "the name of a typeface",
    "Hugging Face Hub": "the name of a website",
    "How to Read a Paper": "the title of a paper",
    "Identity mappings in deep residual networks": "the title of a paper",
    "Stefan van der Walt": "a photographer",
    "Stéfan van der Walt": "a photographer",
    "Target 255 is out of bounds": "a message of PyTorch",
    "Only batches of spatial targets": "a message of PyTorch",
    "out of fold": "what the output of lesson 18 says",
    "everything is animal": "what the output of lesson 20 says",
    "module, True and False": "what the output of lesson 22 says",
    "x, y, x, y": "coordinates",
    "scaled dot-product attention": "the English name of a term",
    "sequence to sequence": "the English name of a term",
    "gated recurrent unit": "the English name of a term",
    "input to hidden": "what the name of a parameter stands for",
    "worthy our time": "an example of lesson 21",
    "I saw Ann with telescopes": "an example of lesson 21",
    "The trophy does not fit into the suitcase because it is too big": "an example of lesson 21",
    "this film very good-looking": "an example of lesson 21",
    "This is one of the best": "an example of lesson 22",
    "The film is long, but the last hour is beautiful": "the sentence that travels with the reader",
    "Two hours of my life that I will never get back": "an example of lesson 23",
    "Not a bad film at all": "an example of lesson 23",
    "a dull qwertyish film": "an example of lesson 23",
    "Recall-Oriented Understudy for Gisting Evaluation": "what ROUGE stands for",
    "longest common subsequence": "the English name of a term",
    "a small program that draws maps of the world": "an example of lesson 25",
    "program draws of the world": "an example of lesson 25",
    "A B C D E F G": "an example of lesson 25",
    "rsync copies files between two machines": "an example of lesson 25",
    "with a floor": "what the output of lesson 26 says",
    "with a dictionary": "what the output of lesson 26 says",
    "the same half": "what the output of lesson 26 says",
    "a photo of a cat": "an example of lesson 26",
    "a drawing of a cat": "an example of lesson 26",
    "van den Oord": "an author",
}
"""Phrases that may stand in English, with the reason."""

GLOSS = re.compile(rf"(?<=[\u4e00-\u9fff])（{WORD}(?:[ ，]{WORD}){{0,5}}）")
"""The English name of a term or a body, right after the Chinese one: 均方误差（mean squared error，MSE）."""

SHAPE = re.compile(rf"\({WORD}(?:, {WORD})+\)")
"""The names of the axes of an array, as docstrings write them: (rows, columns, channels)."""

QUOTATION = re.compile(r"“[^“”]*”(?=（[^（）]*[\u4e00-\u9fff])")
"""Words of a message that the reader meets in English, followed by what they mean."""


@cache
def interface_strings() -> frozenset[str]:
    """Return the English strings that Sphinx and the theme put on pages."""
    strings = set()
    for package in (sphinx, pydata_sphinx_theme):
        file = Path(str(package.__file__)).parent / "locale" / "sphinx.pot"
        with file.open("rb") as stream:
            messages = [str(message.id) for message in read_po(stream) if message.id]
        strings |= {text for text in messages if re.fullmatch(r"[A-Za-z][A-Za-z -]+", text)}
    return frozenset(strings)


def is_prose(element: html.HtmlElement) -> bool:
    """Return whether the text of an element is for reading, and in the page's language."""
    language = element.get("lang", "")
    classes = set(element.get("class", "").split())
    # Section ids come from the English titles: the list of references has this one.
    return not (
        element.tag in NOT_PROSE
        or classes & NOT_PROSE_CLASSES
        or language.startswith("en")
        or element.get("id") == "references"
    )


def texts(element: html.HtmlElement) -> Iterator[str]:
    """Yield the texts and the spoken attributes of an element and of all inside it."""
    if not isinstance(element.tag, str) or not is_prose(element):
        return
    yield from (element.get(name) for name in ATTRIBUTES if element.get(name))
    if element.text:
        yield element.text
    for child in element:
        yield from texts(child)
        if child.tail:
            yield child.tail


def english(text: str) -> list[str]:
    """Return the English in a text that should not be there.

    Examples
    --------
    >>> english("张量的 shape 是什么")
    []
    >>> english("张量：This is not translated")
    ['This is not translated']
    >>> english(" Search ")
    ['Search']
    """
    text = " ".join(text.split())
    if text in interface_strings():
        return [text]
    for pattern in (GLOSS, SHAPE, QUOTATION):
        text = pattern.sub("…", text)
    for phrase in ALLOWED:
        text = text.replace(phrase, "…")
    return RUN.findall(text)


def english_on_page(tree: html.HtmlElement) -> list[str]:
    """Return the English left on a page: each find once, in order."""
    found = [text for part in texts(tree.find("body")) for text in english(part)]
    for element in tree.xpath(DESCRIPTIONS):
        found += english(element.get("content") or element.text or "")
    return list(dict.fromkeys(found))
