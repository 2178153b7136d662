"""What the tests of the extensions ask: the tiny course, built once."""

from __future__ import annotations

from tiny_course import course, followed, templates

__all__ = ["course", "followed", "templates"]
