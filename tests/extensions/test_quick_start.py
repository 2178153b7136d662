"""Sphinx starts without what a build that draws nothing does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from quick_start import ROOT

#: Each takes from a fifth of a second to two seconds to load.
HEAVY = {"matplotlib", "numpy", "torch", "torchvision", "transformers", "scipy", "pandas"}
LOAD = """
import importlib, runpy, sys
for name in runpy.run_path("conf.py")["extensions"]:
    importlib.import_module(name)
print(*sys.modules)
"""


def test_extensions_load_nothing_that_only_drawing_needs() -> None:
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"quick_start", "sphinxext.opengraph", "figure_translation", "myst_nb"} <= loaded
    assert not loaded & HEAVY


def test_cards_are_switched_off_and_what_draws_them_is_still_there() -> None:
    settings = Path(ROOT, "conf.py").read_text("utf-8")
    assert 'ogp_social_cards = {"enable": False}' in settings
    code = "import quick_start, sphinxext.opengraph as o; print(o.create_social_card)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "docs" / "_ext",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "None", "and nothing is printed about a missing Matplotlib"
