"""Where things are in the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
GALLERY = ROOT / "gallery"
STATIC = DOCS / "_static"
#: The web packages that the build uses, and our programs for Node.
WEB = DOCS / "_web"
BUILD = ROOT / "build"
#: What a build keeps for the next one.
CACHE = BUILD / "cache"
