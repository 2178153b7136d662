"""Chinese words for Sphinx's own search.

Sphinx's Chinese search needs a word list and calls a stemmer that its pages do not define.
Here Chinese text is indexed by its single characters and its pairs of neighbours, and a query
asks for its pairs (or for a character that stands alone): no word list, no wrong segmentation.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")
_HAN = re.compile(rf"[{HAN}]")


class ChineseSearch(SearchLanguage):
    """Index Chinese by characters and pairs of characters, the rest by words."""

    lang = "zh_CN"
    language_name = "Chinese"
    # The pairs alone: single characters as well would only be highlighted all over the page.
    js_splitter_code = rf"""
var splitQuery = (query) =>
  (query.match(/[{HAN}]+|(?:(?![{HAN}])[\p{{L}}\p{{N}}_])+/gu) || []).flatMap((word) =>
    word.length === 1 || !/[{HAN}]/.test(word)
      ? [word]
      : Array.from({{ length: word.length - 1 }}, (_, i) => word.slice(i, i + 2)));
"""

    def split(self, input: str) -> list[str]:
        """Split text into the terms of the index.

        Examples
        --------
        >>> ChineseSearch({}).split("张量的 torch.view")
        ['张', '量', '的', '张量', '量的', 'torch', 'view']
        """
        terms: list[str] = []
        for word in _WORD.findall(input):
            if _HAN.match(word):
                terms += [*word, *(word[i : i + 2] for i in range(len(word) - 1))]
            else:
                terms.append(word)
        return terms


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the search of the Chinese pages."""
    app.add_search_language(ChineseSearch)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
