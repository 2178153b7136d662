"""Pages with code: which have to be executed, and where one of them failed.

That they are executed once, and again when they must, is shown by the tests of the pipeline.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from jupyter_cache.base import CacheBundleIn

import notebook_execution
from notebook_cache import get_cache
from notebook_execution import Page, pages_to_run

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
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return what is used of a Sphinx, for a folder with one page with code and others without."""
    docs = tmp_path / "docs"
    (docs / "_hidden").mkdir(parents=True)
    (tmp_path / "dlcourse").mkdir()
    (docs / "page.md").write_text(PAGE, "utf-8")
    (docs / "text.md").write_text("# No code\n", "utf-8")
    (docs / "_hidden" / "page.md").write_text(PAGE, "utf-8")
    monkeypatch.setattr(notebook_execution, "ROOT", tmp_path)
    config = SimpleNamespace(
        nb_execution_mode="cache",
        nb_execution_cache_path=str(tmp_path / "cache"),
        myst_enable_extensions=["colon_fence"],
        exclude_patterns=["_*"],
    )
    return SimpleNamespace(srcdir=docs, config=config)


def keep(app: SimpleNamespace, page: Page) -> None:
    """Put a page into the cache, as if it had been executed."""
    bundle = CacheBundleIn(page.notebook, str(page.file), data={"key": page.key})
    cache = get_cache(app.config.nb_execution_cache_path)
    cache.cache_notebook_bundle(bundle, check_validity=False)


def test_pages_with_code_have_to_be_executed(app: SimpleNamespace) -> None:
    (page,) = pages_to_run(app)
    assert page.name == "page"
    assert page.file == app.srcdir / "page.md"


def test_page_whose_outputs_are_kept_is_not_executed(app: SimpleNamespace) -> None:
    (page,) = pages_to_run(app)
    keep(app, page)
    assert pages_to_run(app) == []


def test_outputs_under_another_key_are_removed(app: SimpleNamespace) -> None:
    (page,) = pages_to_run(app)
    keep(app, page)
    (app.srcdir.parent / "dlcourse" / "catalogue.toml").write_text("x = 1\n", "utf-8")
    assert [again.name for again in pages_to_run(app)] == ["page"]
    assert get_cache(app.config.nb_execution_cache_path).list_cache_records() == []


def test_outputs_whose_file_is_gone_are_made_again(app: SimpleNamespace) -> None:
    (page,) = pages_to_run(app)
    keep(app, page)
    for file in Path(app.config.nb_execution_cache_path).rglob("base.ipynb"):
        file.unlink()
    (again,) = pages_to_run(app)
    keep(app, again)  # the old record is no hindrance
    assert pages_to_run(app) == []


def test_no_connection_to_the_database_stays_open(app: SimpleNamespace) -> None:
    keep(app, *pages_to_run(app))
    assert pages_to_run(app) == []
    assert "global.db" not in {Path(file.path).name for file in psutil.Process().open_files()}


def test_nothing_is_executed_if_that_is_switched_off(app: SimpleNamespace) -> None:
    app.config.nb_execution_mode = "off"
    assert pages_to_run(app) == []


@pytest.mark.parametrize(
    ("executed", "line", "place"),
    [
        ([], 1, "docs/page.md"),
        (["first = 1"], 1, "docs/page.md:10"),
        (["first = 1", "second"], 3, "docs/page.md:19"),
    ],
)
def test_place_is_a_line_of_the_file(
    app: SimpleNamespace, executed: list[str], line: int, place: str
) -> None:
    (page,) = pages_to_run(app)
    for number, start in enumerate(executed, 1):
        for cell in page.notebook.cells:
            if cell.source.startswith(start):
                cell.execution_count = number
    assert notebook_execution._place(page, line) == place


def test_all_errors_are_in_one_message(app: SimpleNamespace) -> None:
    (page,) = pages_to_run(app)
    notebook_execution.finish([page], [None])
    assert notebook_execution.changed(None, None, set(), set(), set()) == ["page"]
    with pytest.raises(notebook_execution.ExtensionError, match="(?s)a.md:3: x.*b.md:4: y"):
        notebook_execution.finish([page, page, page], ["a.md:3: x", None, "b.md:4: y"])
