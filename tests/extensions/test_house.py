"""The house: importing a module changes nothing, and what is not needed is not loaded."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from _ext.pages import quick_start

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(file.relative_to(ROOT / "docs").with_suffix("").parts).removesuffix(".__init__")
    for folder in ("_ext", "_tools")
    for file in (ROOT / "docs" / folder).rglob("*.py")
)
#: Each takes from a fifth of a second to two seconds to load.
HEAVY = {"matplotlib", "numpy", "torch", "torchvision", "transformers", "scipy", "pandas"}
#: Loads what our modules import, then each of them, and names what they have changed in it. A value is
#: compared by identity; attributes that are modules come with the first import of a part of a package.
COMPARE = """
import gc, importlib, os, sys, types
sys.path[:0] = ["docs"]
names, before = sys.argv[1:], dict(os.environ)
for name in names:
    importlib.import_module(name)
others = {
    name: module
    for name, module in sys.modules.items()
    if not name.startswith(("_ext", "_tools", "__main__")) and isinstance(module, types.ModuleType)
}
OURS = ("_ext.", "_tools.")
for name, module in sorted(others.items()):
    for key, value in list(vars(module).items()):
        for part, where in [(value, f"{name}.{key}")] + [
            (member, f"{name}.{key}.{attribute}")
            for attribute, member in (vars(value).items() if isinstance(value, type) else ())
        ]:
            if callable(part) and str(getattr(part, "__module__", "")).startswith(OURS):
                print(where, "is ours")
print("collector", gc.isenabled())
# PyTorch and Matplotlib, which some of them load, set variables of their own.
changed = {k for k in os.environ.keys() | before.keys() if os.environ.get(k) != before.get(k)}
print("environment", sorted(k for k in changed if k.startswith("DLCOURSE")))
"""
LOAD = """
import importlib, runpy, sys
settings = runpy.run_path("conf.py")
for name in settings["extensions"]:
    importlib.import_module(name)
print(*sys.modules)
"""


def python(code: str, *arguments: str) -> str:
    """Run code in a fresh process in the project, and return what it prints."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_our_modules_changes_nothing() -> None:
    names = [name for name in MODULES if name not in ("_tools.render", "_tools.i18n.__main__")]
    assert len(names) > 80
    assert python(COMPARE, *names).splitlines() == ["collector True", "environment []"]


def test_extensions_load_nothing_that_only_drawing_needs() -> None:
    loaded = set(python(LOAD).split())
    assert {"_ext.pages.quick_start", "_ext.figures", "myst_nb"} <= loaded
    assert not loaded & HEAVY


def test_every_room_sets_up_the_modules_that_have_a_setup() -> None:
    for room in (ROOT / "docs/_ext").iterdir():
        if room.is_dir() and room.name not in ("__pycache__", "common"):
            with_setup = {
                file.stem
                for file in room.glob("*.py")
                if "\ndef setup(app" in file.read_text("utf-8") and file.stem != "__init__"
            }
            named = (room / "__init__.py").read_text("utf-8")
            missing = {name for name in with_setup if f'"{name}"' not in named} - {"quick_start"}
            assert not missing, f"{room.name}/__init__.py does not name {missing}"


def test_the_collector_works_again_when_all_is_loaded() -> None:
    try:
        gc.disable()
        quick_start.collect_again(None)  # type: ignore[arg-type]  # the application is not used
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("folder", ["_ext", "_tools"])
def test_readme_names_every_room(folder: str) -> None:
    readme = (ROOT / "docs/_ext/README.md").read_text("utf-8")
    for room in (ROOT / "docs" / folder).iterdir():
        if room.is_dir() and room.name != "__pycache__":
            assert f"`{room.name}" in readme
