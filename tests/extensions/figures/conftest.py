"""What the tests of the figures share."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    """Open no window, and leave no figure to the next test."""
    plt.switch_backend("agg")
    yield
    plt.close("all")
