"""Take a Matplotlib figure apart: a pickle to draw it again from, and its strings."""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Ticker
from matplotlib.category import UnitData
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, Locator

from _ext.figures.drawing import course_fonts, missing_glyphs_are_errors, set_families
from _ext.figures.font import FigureError
from _ext.figures.messages import is_message
from _ext.figures.texts import axes_by_ticker, messages, shows_words

#: Settings of the process, not of the drawing.
PROCESS_SETTINGS = frozenset({"backend", "backend_fallback", "interactive"})


def collect_strings(fig: Figure) -> list[str]:
    """Return the messages of a figure, each once, their numbers replaced by placeholders."""
    with course_fonts({}), _portable(fig):
        return messages(fig)


def capture(fig: Figure) -> tuple[bytes, list[str]]:
    """Return one figure, or one frame of an animation, as a pickle and its messages.

    Raises
    ------
    FigureError
        If it holds something that cannot be pickled, or a character that no font has.
    """
    with course_fonts({}), _portable(fig):
        manager = fig.canvas.manager
        fig.canvas.manager = None  # or unpickling would open the figure in pyplot again
        try:
            return _dumps(fig), messages(fig)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise FigureError(
                f"it cannot be saved for the other languages ({error}); give Matplotlib functions "
                "of a module, for example of dlcourse, not a lambda or a function of the lesson"
            ) from error
        finally:
            fig.canvas.manager = manager


def pack(frames: Sequence[bytes]) -> bytes:
    """Return the content of a ``.figure.pkl``: frames and the settings they are drawn with."""
    settings = {
        name: value
        for name, value in mpl.rcParams.items()
        if name not in PROCESS_SETTINGS and value != mpl.rcParamsDefault[name]
    }
    record = {"frames": list(frames), "settings": settings}
    return zlib.compress(pickle.dumps(record))  # a ninth of the size


@contextmanager
def _portable(fig: Figure) -> Iterator[None]:
    """Draw, and fix the tick labels that have words, or that only this lesson can write.

    What is drawn later in another language then has the same ticks. The lesson gets its own
    formatters back: the next frame of an animation needs them.
    """
    set_families(fig)
    with missing_glyphs_are_errors(fig):
        fig.draw_without_rendering()
    originals = []
    for ticker, axes in axes_by_ticker(fig):
        axis = next((a for a in axes if shows_words(ticker, a)), axes[0])
        places = axis.get_majorticklocs() if ticker is axis.major else axis.get_minorticklocs()
        locator, formatter = _parts(ticker)
        # Labels may be numbers, as given to set_xticks.
        labels = [str(label) for label in formatter.format_ticks(list(places))]
        if any(map(is_message, labels)) or not (
            _can_be_pickled(formatter) and _can_be_pickled(locator)
        ):
            originals.append((ticker, locator, formatter))
            fixed_locator, fixed_formatter = FixedLocator(list(places)), FixedFormatter(labels)
            fixed_formatter.set_offset_string(formatter.get_offset())
            fixed_locator.set_axis(axis)
            fixed_formatter.set_axis(axis)
            ticker.locator, ticker.formatter = fixed_locator, fixed_formatter
    try:
        yield
    finally:
        for ticker, locator, formatter in originals:
            ticker.locator, ticker.formatter = locator, formatter


def _parts(ticker: Ticker) -> tuple[Locator, Formatter]:
    assert ticker.locator is not None and ticker.formatter is not None, "an axis sets both"
    return ticker.locator, ticker.formatter


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        # A lesson's own functions would pickle, by name, and be missing when the pickle is read.
        if isinstance(obj, FunctionType | type) and obj.__module__ == "__main__":
            raise pickle.PicklingError(f"{obj.__qualname__} is defined in the lesson")
        if isinstance(obj, UnitData):  # it counts categories with an iterator, which cannot pickle
            return UnitData, (list(obj._mapping),)
        return NotImplemented


def _dumps(obj: object) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(obj)
    return stream.getvalue()


def _can_be_pickled(helper: Locator | Formatter) -> bool:
    axis = helper.axis
    helper.axis = None  # it leads to the whole figure
    try:
        _dumps(helper)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    finally:
        helper.axis = axis
    return True
