"""What is written down about a run is true of that run."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from _ext.execution import cache
from _ext.execution import record as run_record
from _ext.execution.record import PeakMemory, facts, imported_names, package_versions

SCRIPT = '''"""A lesson."""
import json
import numpy as np
import torch.nn
from dlcourse.device import pick_device
from matplotlib import pyplot
from . import neighbour
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "lesson_01_x.py"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


def test_peak_is_noticed_though_the_memory_is_given_back() -> None:
    with PeakMemory() as memory:
        block = b"x" * (200 * 1024 * 1024)
        assert not memory._finished.wait(5 * run_record.SAMPLE_INTERVAL_S)
        del block
    assert 190 <= memory.peak_mib - memory.start_mib <= 260


def test_what_an_earlier_run_needed_does_not_count() -> None:
    with PeakMemory():
        earlier = b"x" * (200 * 1024 * 1024)
        del earlier
    with PeakMemory() as memory:
        pass
    assert memory.peak_mib - memory.start_mib < 50


def test_watching_ends_with_an_error() -> None:
    memory = PeakMemory()
    with pytest.raises(ValueError, match="inside"), memory:
        raise ValueError("inside")
    assert not memory._thread.is_alive()


def test_versions_are_those_of_the_packages_that_the_script_imports(script: Path) -> None:
    versions = package_versions(imported_names(script))
    assert versions == {
        name: importlib.metadata.version(name) for name in ("matplotlib", "numpy", "torch")
    }


def test_facts_have_every_key_that_a_record_needs(script: Path) -> None:
    with PeakMemory() as memory:
        pass
    found = facts(script, memory)
    assert found.keys() | {"elapsed_s", "cells_executed"} == run_record.KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["executed_at"])
    assert found["device"] in ("cpu", "cuda", "mps") and found["device_name"]
    assert found["thread_count"] >= 1


def test_a_lesson_that_picks_no_device_ran_on_the_processor(script: Path) -> None:
    script.write_text("import numpy\n", encoding="utf-8")
    found = facts(script, PeakMemory())
    assert (found["device"], found["device_name"]) == ("cpu", run_record.processor_name())


@pytest.mark.parametrize("missing", sorted(run_record.KEYS))
def test_a_record_that_lacks_a_fact_is_no_record(tmp_path: Path, missing: str) -> None:
    record = dict.fromkeys(run_record.KEYS, 1)
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    assert cache.is_complete(tmp_path)
    del record[missing]
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    assert not cache.is_complete(tmp_path)
