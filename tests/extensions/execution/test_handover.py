"""English makes the pages of the lessons; then the other languages begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.errors import ExtensionError

from _ext.execution import handover


def app(language: str, folder: Path | str) -> Any:
    return SimpleNamespace(config=SimpleNamespace(language=language, course_handover=str(folder)))


def test_nothing_waits_in_a_single_run_of_sphinx() -> None:
    handover.before_reading(app("zh_CN", ""))
    handover.after_generating(app("en", ""))
    handover.before_the_end(app("zh_CN", ""), None)


@pytest.mark.parametrize(
    ("wait", "name"),
    [
        (handover.before_reading, handover.GENERATED),
        (lambda app: handover.before_the_end(app, None), handover.ENDED),
    ],
)
def test_chinese_waits_for_english(tmp_path: Path, wait: Callable[[Any], None], name: str) -> None:
    waiting = threading.Thread(target=wait, args=[app("zh_CN", tmp_path)], daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    (tmp_path / name).touch()
    waiting.join(5)
    assert not waiting.is_alive()


def test_english_and_what_has_failed_wait_for_nobody(tmp_path: Path) -> None:
    handover.before_reading(app("en", tmp_path))
    handover.before_the_end(app("en", tmp_path), None)
    handover.before_the_end(app("zh_CN", tmp_path), ValueError("no page"))


def test_only_english_lets_the_others_begin(tmp_path: Path) -> None:
    handover.after_generating(app("zh_CN", tmp_path))
    assert not (tmp_path / handover.GENERATED).exists()
    handover.after_generating(app("en", tmp_path))
    assert (tmp_path / handover.GENERATED).exists()


def test_whoever_waits_ends_when_the_driver_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr(handover.os, "getppid", lambda: next(parents))  # type: ignore[attr-defined]  # what the module imported
    with pytest.raises(ExtensionError, match="ended from outside"):
        handover.wait_for(app("zh_CN", tmp_path), handover.GENERATED)
