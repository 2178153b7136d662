"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sphinx import locale

pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--all``: also run the downloads of lessons that take more than a minute."""
    parser.addoption("--all", action="store_true", help="also run the downloads of long lessons")


@pytest.fixture(autouse=True, scope="module")
def fresh_interface_language() -> Iterator[None]:
    """Forget the language of earlier Sphinx applications, which Sphinx keeps for the process."""
    locale.translators.clear()
    yield
    locale.translators.clear()
