"""Pages with code: which have to be executed, and where one of them failed.

That they are executed once, and again when they must, is shown by the tests of the pipeline.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase

from _ext.execution import notebooks
from _ext.execution.notebook_cache import get_cache
from _ext.execution.notebooks import Page, pages_to_run

PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---

# A page

```{code-cell}
first = 1
```

```{code-cell}
---
tags: [hide-input]
---
second = 2

print(third)
```
"""


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one page with code and others without, in place of our own."""
    docs = tmp_path / "docs"
    (docs / "_hidden").mkdir(parents=True)
    (tmp_path / "dlcourse").mkdir()
    (docs / "page.md").write_text(PAGE, "utf-8")
    (docs / "text.md").write_text("# No code\n", "utf-8")
    (docs / "_hidden" / "page.md").write_text(PAGE, "utf-8")
    settings = {
        "nb_execution_cache_path": str(tmp_path / "cache"),
        "myst_enable_extensions": ["colon_fence"],
        "exclude_patterns": ["_*"],
    }
    monkeypatch.setenv("DLCOURSE_OUTPUTS", "off")
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "DOCS", docs)
    monkeypatch.setattr(notebooks, "settings", lambda: settings)
    return docs


def cache(docs: Path) -> JupyterCacheBase:
    """Return the cache of the executed pages."""
    return get_cache(docs.parent / "cache")


def keep(docs: Path, page: Page) -> None:
    """Put a page into the cache, as if it had been executed."""
    bundle = CacheBundleIn(page.notebook, str(page.file), data={"key": page.key})
    cache(docs).cache_notebook_bundle(bundle, check_validity=False)


def test_pages_with_code_have_to_be_executed(docs: Path) -> None:
    (page,) = pages_to_run()
    assert page.name == "page"
    assert page.file == docs / "page.md"


def test_page_whose_outputs_are_kept_is_not_executed(docs: Path) -> None:
    (page,) = pages_to_run()
    keep(docs, page)
    assert pages_to_run() == []


def test_outputs_under_another_key_are_removed(docs: Path) -> None:
    (page,) = pages_to_run()
    keep(docs, page)
    (docs.parent / "dlcourse" / "catalogue.toml").write_text("x = 1\n", "utf-8")
    assert [again.name for again in pages_to_run()] == ["page"]
    assert cache(docs).list_cache_records() == []


def test_outputs_whose_file_is_gone_are_made_again(docs: Path) -> None:
    (page,) = pages_to_run()
    keep(docs, page)
    for file in (docs.parent / "cache").rglob("base.ipynb"):
        file.unlink()
    (again,) = pages_to_run()
    keep(docs, again)  # the old record is no hindrance
    assert pages_to_run() == []


def test_no_connection_to_the_database_stays_open(docs: Path) -> None:
    keep(docs, *pages_to_run())
    assert pages_to_run() == []
    assert "global.db" not in {Path(file.path).name for file in psutil.Process().open_files()}


@pytest.mark.parametrize(
    ("executed", "line", "place"),
    [
        ([], 1, "docs/page.md"),
        (["first = 1"], 1, "docs/page.md:10"),
        (["first = 1", "second"], 3, "docs/page.md:19"),
    ],
)
def test_place_is_a_line_of_the_file(
    docs: Path, executed: list[str], line: int, place: str
) -> None:
    (page,) = pages_to_run()
    for number, start in enumerate(executed, 1):
        for cell in page.notebook.cells:
            if cell.source.startswith(start):
                cell.execution_count = number
    assert notebooks._place(page, line) == place


def test_page_is_read_again_when_its_outputs_are_others(docs: Path) -> None:
    env: Any = SimpleNamespace(found_docs={"page", "text"})

    def changed() -> list[str]:
        return notebooks.changed(None, env, set(), set(), set())  # type: ignore[arg-type]  # not used

    assert (changed(), changed()) == (["page"], [])
    (docs.parent / "dlcourse" / "catalogue.toml").write_text("x = 1\n", "utf-8")
    assert (changed(), changed()) == (["page"], [])
