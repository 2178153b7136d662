"""Write every page again when what pages say about each other changed.

Sphinx writes again the pages whose own source changed. But a page also shows the titles of
others, in references and in the links to its neighbours, and a reference breaks when its target
goes: neither would be seen before the next build from nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

TARGETS = {"std": ("anonlabels", "labels", "objects", "terms"), "py": ("objects",)}
"""Where Sphinx keeps what references can point at, by domain."""


def fingerprint(env: BuildEnvironment) -> str:
    """Return a digest of the titles of all pages and of all targets of references."""
    shown: list[Any] = [sorted((name, title.astext()) for name, title in env.titles.items())]
    for domain, tables in TARGETS.items():
        shown += [sorted(map(repr, env.domaindata[domain][table].items())) for table in tables]
    return hashlib.sha256(repr(shown).encode()).hexdigest()


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return all pages if the fingerprint is not that of the last build."""
    now = fingerprint(env)
    before, env.course_fingerprint = getattr(env, "course_fingerprint", now), now  # type: ignore[attr-defined]  # ours
    return [] if now == before else sorted(env.found_docs)


def setup(app: Sphinx) -> dict[str, Any]:
    """Compare when all pages are read, and before any is written."""
    app.connect("env-updated", pages_to_write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
