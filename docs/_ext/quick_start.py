"""Start Sphinx sooner: load it without Python's garbage collector, and less of it.

Some thousand modules are imported, and the collector looks through all that they hold again and
again, for nothing: modules stay. It costs a quarter of the time in which Sphinx starts. ``render``
stops the collector; here, before lessons run, it goes to work again as usual, but no longer looks
at what was loaded. Pages are trees of some ten thousand objects that live until they are written:
from the first page on it looks only when so many are new.

Matplotlib takes a second to load. A build that draws nothing does without it: our extensions load
it when they draw; sphinxext-opengraph, which loads it for cards that are switched off here, finds an
empty module in the place of the one that draws them; and sphinx-gallery, which loads it to choose
its backend, does so before each lesson anyway. The templates of the pages are compiled once, and
not by every build.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import FileSystemBytecodeCache
from sphinx.application import Sphinx
from sphinx_gallery import gen_gallery

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "build" / "cache" / "templates"
CARDS = "sphinxext.opengraph._social_cards"

NEW_OBJECTS = 50_000


def collect_again(_app: Sphinx) -> None:
    """Let the collector work, on what comes from now on."""
    gc.freeze()
    gc.enable()


def collect_seldom(_app: Sphinx, _env: object, _names: list[str]) -> None:
    """Let the collector wait for more new objects; it still comes."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def choose_backend_later() -> None:
    """Have sphinx-gallery load Matplotlib before a lesson, see its ``reset_modules``, and only then."""
    gen_gallery._import_matplotlib = lambda: None


def leave_out_cards() -> None:
    """Have sphinxext-opengraph find nothing that draws cards, see ``ogp_social_cards``."""
    nothing = ModuleType(CARDS)
    vars(nothing).update(DEFAULT_SOCIAL_CONFIG={}, create_social_card=None)
    sys.modules.setdefault(CARDS, nothing)


def keep_templates(app: Sphinx) -> None:
    """Let Jinja find the templates that an earlier build compiled; it knows when one changed."""
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    if bridge := getattr(app.builder, "templates", None):  # only builders that write HTML have it
        bridge.environment.bytecode_cache = FileSystemBytecodeCache(str(TEMPLATES))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before all others."""
    app.connect("builder-inited", keep_templates, priority=0)
    app.connect("builder-inited", collect_again, priority=0)
    app.connect("env-before-read-docs", collect_seldom, priority=0)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


leave_out_cards()
choose_backend_later()
