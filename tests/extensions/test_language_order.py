"""English executes all code; then the other languages begin."""

from __future__ import annotations

import gc
import threading
from types import SimpleNamespace

import pytest
from sphinx.errors import ExtensionError

import execution_cache
import language_order
import quick_start
from languages import ENDED, EXECUTED, ORDER_VARIABLE


def app(language):
    return SimpleNamespace(config=SimpleNamespace(language=language))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder in which languages wait for each other."""
    monkeypatch.setenv(ORDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(execution_cache, "FAILURES_DIR", tmp_path / "failures")
    return tmp_path


def test_nothing_waits_in_a_single_run_of_sphinx(monkeypatch):
    monkeypatch.delenv(ORDER_VARIABLE, raising=False)
    language_order.before_reading(app("zh_CN"))
    language_order.after_execution(app("en"))
    language_order.before_the_end(app("zh_CN"), None)


@pytest.mark.parametrize(
    ("wait", "name"),
    [
        (lambda: language_order.before_reading(app("zh_CN")), EXECUTED),
        (lambda: language_order.before_the_end(app("zh_CN"), None), ENDED),
    ],
)
def test_chinese_waits_for_english(folder, wait, name):
    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    (folder / name).touch()
    waiting.join(5)
    assert not waiting.is_alive()


def test_english_waits_for_nobody(folder):
    language_order.before_reading(app("en"))
    language_order.before_the_end(app("en"), None)


def test_a_build_that_failed_does_not_wait_at_its_end(folder):
    language_order.before_the_end(app("zh_CN"), ValueError("no page"))


def test_chinese_begins_only_if_no_lesson_failed(folder):
    (folder / "failures").mkdir()
    note = folder / "failures" / "lesson_01_x.txt"
    note.write_text("lesson_01_x.py:3: ValueError", "utf-8")
    language_order.after_execution(app("en"))
    assert not (folder / EXECUTED).exists()
    note.unlink()
    language_order.after_execution(app("zh_CN"))
    assert not (folder / EXECUTED).exists(), "only English says so"
    language_order.after_execution(app("en"))
    assert (folder / EXECUTED).exists()


def test_whoever_waits_ends_when_the_driver_is_gone(folder, monkeypatch):
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr(language_order.os, "getppid", lambda: next(parents))
    with pytest.raises(ExtensionError, match="ended from outside"):
        language_order.wait_for(EXECUTED)


def test_the_collector_works_again_when_all_is_loaded():
    try:
        gc.disable()
        quick_start.collect_again(None)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
