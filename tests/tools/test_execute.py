"""Lessons and pages are executed in the right order; a pool in place of processes writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pytest

from _ext.execution import cache, comparison, failures, notebooks
from _tools import execute

SHORT, ALONE, LONGEST, KEPT = (f"lesson_0{n}_x" for n in (1, 2, 3, 4))
SETTINGS = {
    SHORT: "budget_s = 1",
    ALONE: "budget_s = 8\n# sphinx_gallery_parallel = False",
    LONGEST: "budget_s = 9",
    KEPT: "budget_s = 10",
}


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make four lessons, one of them executed before, and a page; return what begins and waits."""
    for name, lines in SETTINGS.items():
        script = f'"""\nTitle\n=====\n"""\n\n# sphinx_gallery_{lines}\nx = 1\n'
        (tmp_path / f"{name}.py").write_text(script)
    events: list[str] = []

    class Pool:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            events.append("left")

        def start(self, arguments: list[str]) -> None:
            events.append(Path(arguments[1]).stem)

        def finish(self) -> None:
            events.append("all have ended")

    page = type("Page", (), {"name": "page"})
    monkeypatch.setattr(execute, "Pool", Pool)
    monkeypatch.setattr(execute, "lesson_scripts", lambda: sorted(tmp_path.glob("*.py")))
    monkeypatch.setattr(execute, "lesson_key", lambda *_: "key")
    monkeypatch.setattr(cache, "is_kept", lambda script, _key: script.stem == KEPT)
    monkeypatch.setattr(notebooks, "pages_to_run", lambda _again, **_: [page])
    for module in (failures, comparison):
        monkeypatch.setattr(module, "forget", lambda: None)
    # It would remove what the lessons of the course have left, also from under a build that runs.
    monkeypatch.setattr(cache, "remove_traces", lambda *_: events.append("traces removed"))
    return events


def test_the_longest_begins_and_who_must_be_alone_is(events: list[str]) -> None:
    execute.execute([], [], {})
    ended = "all have ended"
    assert events == ["traces removed", LONGEST, SHORT, "page", ended, ALONE, ended, "left"]


@pytest.mark.parametrize(
    ("chosen", "again", "expected"),
    [
        ([], [], [LONGEST, ALONE, SHORT]),
        (["01", "04"], [], [SHORT]),
        (["01", "04"], ["04"], [KEPT, SHORT]),
        ([], ["03", "04"], [KEPT, LONGEST, ALONE, SHORT]),
    ],
)
@pytest.mark.usefixtures("events")
def test_what_is_not_kept_or_wanted_again_is_executed(
    chosen: list[str], again: list[str], expected: list[str]
) -> None:
    assert [script.stem for script in execute.lessons_to_run(chosen, again)] == expected


@pytest.mark.usefixtures("events")
def test_what_other_clones_have_kept_is_taken_over_before_it_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(cache, "is_kept", lambda script, _key: bool(asked.append(script.stem)))
    execute.lessons_to_run([], ["04"])
    assert KEPT in asked
