"""What all tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

# No test asserts a time: on a busy machine any example may take longer than hypothesis expects.
# The checks for a GPU also run where hypothesis is missing.
if find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("course", deadline=None)
    settings.load_profile("course")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--all`` and ``--network``, for what takes long or needs a package registry."""
    parser.addoption(
        "--all",
        action="store_true",
        help="open each page anew in each mode and width; run all downloads",
    )
    parser.addoption("--network", action="store_true", help="run only what is marked network")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that ``--network`` selects."""
    config.addinivalue_line("markers", "network: needs the package registries; see --network")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Refuse to name a test after bytes: an archive holds the time, and processes then disagree."""
    if isinstance(val, bytes):
        raise pytest.UsageError(f"name the parameters: {argname!r} is bytes; give ids=[...]")
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what is marked network with ``--network``, and everything else without."""
    wanted = config.getoption("--network")
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        kept[bool(item.get_closest_marker("network")) == wanted].append(item)
    items[:] = kept[True]
    config.hook.pytest_deselected(items=kept[False])


@pytest.fixture(autouse=True, scope="module")
def fresh_interface_language() -> Iterator[None]:
    """Forget the language of earlier Sphinx applications, which Sphinx keeps for the process."""
    _forget_language()
    yield
    _forget_language()


def _forget_language() -> None:
    """Do nothing where Sphinx was never loaded: what needs a GPU also runs where it is missing."""
    if locale := sys.modules.get("sphinx.locale"):
        locale.translators.clear()
