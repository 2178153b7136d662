"""The files of executed notebooks stay out of the site, and are kept as long as they are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tiny_site import write

import notebook_cache

NOTEBOOK = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---

# A page

```{code-cell}
1 + 1
```
"""


def render(root: Path) -> str:
    """Render the page in a process of its own: myst-nb leaves settings behind; return it."""
    command = [sys.executable, "-m", "sphinx", "-Q", "-b", "html", "-d", "build/doctrees"]
    subprocess.run([*command, "-c", ".", "docs", "build/html/en"], cwd=root, check=True)
    return (root / "build/html/en/index.html").read_text("utf-8")


def test_nothing_of_a_notebook_is_published_but_its_page(tmp_path: Path) -> None:
    extensions = Path(notebook_cache.__file__).parent
    conf = (
        f"import sys\nsys.path.insert(0, {str(extensions)!r})\n"
        "extensions = ['myst_nb', 'notebook_cache']\nnb_execution_mode = 'off'\n"
    )
    write(tmp_path, {"conf.py": conf, "docs/index.md": NOTEBOOK})
    page = render(tmp_path)
    assert [folder.name for folder in (tmp_path / "build/html").iterdir()] == ["en"]
    assert not list((tmp_path / "build/html").rglob("*.ipynb"))

    (tmp_path / "docs/index.md").touch()
    assert render(tmp_path) == page


def test_a_change_of_the_package_gives_a_new_folder_and_removes_the_old(tmp_path: Path) -> None:
    write(tmp_path, {"dlcourse/__init__.py": "", "requirements/lessons.txt": ""})
    old = Path(notebook_cache.folder(tmp_path))
    old.mkdir(parents=True)
    assert notebook_cache.folder(tmp_path) == str(old)
    assert old.is_dir()
    write(tmp_path, {"dlcourse/new.py": "x = 1\n"})
    assert notebook_cache.folder(tmp_path) != str(old)
    assert not old.exists()
