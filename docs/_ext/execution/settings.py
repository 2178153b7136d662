"""The settings of conf.py for what is executed before Sphinx starts."""

from __future__ import annotations

import functools
import runpy
from typing import Any

from sphinx_gallery import gen_gallery

from _ext.common.paths import DOCS, ROOT


@functools.cache
def settings() -> dict[str, Any]:
    """Return what conf.py sets, by name."""
    return runpy.run_path(str(ROOT / "conf.py"))


def gallery_settings() -> dict[str, Any]:
    """Return the settings of sphinx-gallery, as they are when Sphinx builds pages."""
    conf: dict[str, Any] = gen_gallery._fill_gallery_conf_defaults(
        settings()["sphinx_gallery_conf"]
    )
    return {**conf, "src_dir": str(DOCS), "builder_name": "html", "plot_gallery": True}
