"""Find every text that a Matplotlib figure draws."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Ticker
from matplotlib.figure import Figure
from matplotlib.quiver import QuiverKey
from matplotlib.table import Cell
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

from _ext.figures.messages import is_message, split


def messages(fig: Figure) -> list[str]:
    """Return the messages of a figure, each once, their numbers replaced by placeholders."""
    texts = [text.get_text() for text in drawn_texts(fig) if not is_code(text)]
    ticks = [str(label) for formatter in fixed_formatters(fig) for label in formatter.seq]
    return list(dict.fromkeys(split(s)[0] for s in [*texts, *ticks] if is_message(s)))


def drawn_texts(artist: Artist) -> Iterator[Text]:
    """Yield every text that is drawn, but for tick labels, which their formatters write."""
    if not artist.get_visible():
        return
    if isinstance(artist, Axis):
        yield from drawn_texts(artist.label)
    elif own := _own_text(artist):
        yield own
    else:
        for child in artist.get_children():
            if not (isinstance(child, Axis) and _is_switched_off(artist)):
                yield from drawn_texts(child)


def all_texts(fig: Figure) -> list[Text]:
    """Return every text, drawn or not, tick labels too."""
    return [text for artist in fig.findobj() if (text := _own_text(artist))]


def fixed_formatters(fig: Figure) -> list[FixedFormatter]:
    """Return the formatters whose tick labels are seen and may be words."""
    return [
        ticker.formatter
        for ticker, axes in axes_by_ticker(fig)
        if isinstance(ticker.formatter, FixedFormatter)
        and any(shows_words(ticker, axis) for axis in axes)
    ]


def axes_by_ticker(fig: Figure) -> list[tuple[Ticker, list[Axis]]]:
    """Return what places and labels ticks, each with the axes that share it."""
    axes = [artist for artist in fig.findobj(Axis) if isinstance(artist, Axis)]
    tickers = {id(ticker): ticker for axis in axes for ticker in (axis.major, axis.minor)}
    return [
        (ticker, [axis for axis in axes if ticker in (axis.major, axis.minor)])
        for ticker in tickers.values()
    ]


def shows_words(ticker: Ticker, axis: Axis) -> bool:
    """Return whether the tick labels are seen, and are not code."""
    ticks = axis.get_major_ticks() if ticker is axis.major else axis.get_minor_ticks()
    seen = [label for t in ticks for label in (t.label1, t.label2) if label.get_visible()]
    if not seen or not axis.get_visible() or not axis.axes.get_visible():
        return False
    return not _is_switched_off(axis.axes) and not is_code(seen[0])


def is_code(text: Text) -> bool:
    """Return whether a text is in a typewriter face: code is the same in every language."""
    return text.get_fontfamily()[0] in ("monospace", *mpl.rcParams["font.monospace"])


def _own_text(artist: Artist) -> Text | None:
    if isinstance(artist, Text):
        return artist
    # These two draw a text that is not among their children.
    if isinstance(artist, Cell):
        return artist.get_text()
    return artist.text if isinstance(artist, QuiverKey) else None


def _is_switched_off(axes: Artist) -> bool:
    # Axes in 3-D have a switch of their own.
    return isinstance(axes, Axes) and not (axes.axison and getattr(axes, "_axis3don", True))
