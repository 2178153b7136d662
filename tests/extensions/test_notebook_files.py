"""The files of executed notebooks stay out of the site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tiny_site import write

import notebook_files

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
    extensions = Path(notebook_files.__file__).parent
    conf = (
        f"import sys\nsys.path.insert(0, {str(extensions)!r})\n"
        "extensions = ['myst_nb', 'notebook_files']\nnb_execution_mode = 'off'\n"
    )
    write(tmp_path, {"conf.py": conf, "docs/index.md": NOTEBOOK})
    page = render(tmp_path)
    assert [folder.name for folder in (tmp_path / "build/html").iterdir()] == ["en"]
    assert not list((tmp_path / "build/html").rglob("*.ipynb"))

    (tmp_path / "docs/index.md").touch()
    assert render(tmp_path) == page
