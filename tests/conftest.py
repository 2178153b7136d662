"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--all``: also run the downloads of lessons that take more than a minute."""
    parser.addoption("--all", action="store_true", help="also run the downloads of long lessons")
