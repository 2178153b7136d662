"""Open myst-nb's cache of executed pages, and leave no connection to its database open."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from jupyter_cache.cache.db import DB_NAME, create_db
from jupyter_cache.cache.main import JupyterCacheBase
from sqlalchemy import Engine, NullPool, create_engine


class _Cache(JupyterCacheBase):  # type: ignore[misc]  # it has no types
    @cached_property
    def db(self) -> Engine:
        """The database. Python 3.13 warns of a connection that is only collected, not closed."""
        create_db(self.path).dispose()
        return create_engine(f"sqlite:///{self.path / DB_NAME}", poolclass=NullPool)


def get_cache(folder: str | Path) -> JupyterCacheBase:
    """Return the cache in a folder; each connection is closed after its use."""
    return _Cache(folder)
