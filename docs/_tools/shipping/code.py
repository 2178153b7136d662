"""Take the tags off highlighted code that change nothing: most names and all commas have one.

A string has one for each quote and for what stands between, and ``//`` one for each stroke: neighbours
of one class are joined.
"""

from __future__ import annotations

import re

_RULE = re.compile(r'html\[data-theme="(\w+)"\] \.highlight(?: \.(\w+))? \{([^}]*)\}')
_COLOUR = re.compile(r"(?:^|;)\s*color:\s*([^;\s]+)")
_BLOCK = re.compile(r'<div class="highlight"><pre>.*?</pre>', re.DOTALL)
_SPAN = re.compile(r'<span class="(\w+)">([^<]*)</span>')
_NEIGHBOURS = re.compile(r'<span class="(\w+)">[^<]*(?:</span><span class="\1">[^<]*)+')

#: Operators look like the names around them: their colours were a tenth of a page.
OPERATORS = {"o"}


def plain_classes(css: str) -> set[str]:
    """Return the classes of code that look like no class in every theme.

    Parameters
    ----------
    css : str
        The stylesheet that pydata-sphinx-theme writes for Pygments.

    Examples
    --------
    >>> css = '''html[data-theme="light"] .highlight { background: #fff; color: #080808 }
    ... html[data-theme="light"] .highlight .n { color: #080808 } /* Name */
    ... html[data-theme="light"] .highlight .k { color: #6730C5 } /* Keyword */'''
    >>> plain_classes(css)
    {'n'}
    """
    texts: dict[str, str] = {}
    looks: dict[str, set[bool]] = {}
    for theme, name, rule in _RULE.findall(css):
        colour = _COLOUR.search(rule)
        shown = colour[1].lower() if colour else ""
        if not name:
            texts[theme] = shown
        else:
            only_colour = rule.strip().lower() == f"color: {shown}"
            looks.setdefault(name, set()).add(only_colour and shown == texts.get(theme))
    return {name for name, same in looks.items() if same == {True}}


def without_tags(page: str, plain: set[str]) -> str:
    """Return a page whose code has no tags of these classes, and no two alike side by side.

    Examples
    --------
    >>> block = '<div class="highlight"><pre><span class="n">a</span>{}</pre></div>'
    >>> without_tags(block.format('<span class="o">/</span><span class="o">/</span>'), {"n"})
    '<div class="highlight"><pre>a<span class="o">//</span></pre></div>'
    """

    def bare(match: re.Match[str]) -> str:
        return match[2] if match[1] in plain else match[0]

    def joined(match: re.Match[str]) -> str:
        return match[0].replace(f'</span><span class="{match[1]}">', "")

    return _BLOCK.sub(lambda block: _NEIGHBOURS.sub(joined, _SPAN.sub(bare, block[0])), page)
