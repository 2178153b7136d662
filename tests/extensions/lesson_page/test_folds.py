"""The code of a folded cell is behind its title, its output in view; a fold without a cell is an error."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from lxml import html

from tiny_course import Project
from tiny_site import build, write

LESSON = "lessons/2_kinds/lesson_03_kinds"
TITLES = {"en": "Printed with print", "zh": "用 print 打印"}
BEGINS = ".. GENERATED FROM PYTHON SOURCE LINES 1-2"
CELL = f"{BEGINS}\n\n.. code-block:: Python\n\n   x = 1"
PAGE = "Page\n====\n\n.. fold:: Title\n\n"
MARKDOWN = """\
---
file_format: mystnb
kernelspec: {name: python3}
language_info: {name: python, pygments_lexer: ipython3}
---
# Page

```{fold} Checked, *again*
```

```{code-cell}
x = 1
```

Then.

```{code-cell}
y = 2
```
"""


@pytest.mark.parametrize("language", TITLES)
def test_code_is_behind_its_title_and_output_in_view(course: Project, language: str) -> None:
    (box,) = course.tree(language, LESSON).xpath("//details[@class='fold']")
    summary, code = box
    assert (summary.tag, summary.text_content()) == ("summary", TITLES[language])
    assert summary.xpath("code//text()") == ["print"]
    assert code.xpath(".//pre")[0].text_content().startswith('print("RuntimeError')
    assert box.get("open") is None
    assert box.getnext().get("class").startswith("sphx-glr-script-out")


@pytest.mark.parametrize("language", TITLES)
def test_notebook_has_the_title_as_a_bold_line(course: Project, language: str) -> None:
    notebook = nbformat.read(course.written(language) / f"{LESSON}.ipynb", as_version=4)
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    place = next(n for n, (_, source) in enumerate(cells) if source.startswith("print("))
    before = cells[place - 1]
    assert before[0] == "markdown" and r"\frac{a}{b}" in before[1]
    title = TITLES[language].replace("print", "`print`")
    assert before[1].endswith(f"\n\n**{title}**")
    script = (course.written(language) / f"{LESSON}.py").read_text("utf-8")
    assert f'# **{title}**\n\n# %%\nprint("RuntimeError' in script


def test_title_is_extracted(templates: Path, course: Project) -> None:
    catalogue = course.root / f"docs/locale/zh_CN/LC_MESSAGES/{LESSON}.po"
    for file in (templates / f"{LESSON}.pot", catalogue):
        assert 'msgid "Printed with ``print``"' in file.read_text("utf-8")


def pages(tmp_path: Path, text: str, name: str = "index.rst") -> tuple[html.HtmlElement, str]:
    source = write(tmp_path / "docs", {name: text})
    extensions = ["myst_nb", "_ext.lesson_page.folds"]
    built = build(source, tmp_path / "out", extensions=extensions, nb_execution_mode="off")
    return html.fromstring((built.out / "index.html").read_text("utf-8")), built.warnings


def test_cell_of_a_markdown_page(tmp_path: Path) -> None:
    tree, warnings = pages(tmp_path, MARKDOWN, "index.md")
    assert warnings == ""
    first, second = tree.xpath("//div[contains(@class, 'cell ')]")
    (box,) = first.xpath("details[@class='fold']")
    assert box.xpath("string(summary)") == "Checked, again" and box.xpath("summary/em")
    assert box.xpath("div[contains(@class, 'cell_input')]//pre")[0].text_content() == "x = 1\n"
    assert not second.xpath(".//details") and second.xpath("div//pre")


def test_label_between_a_fold_and_its_cell(tmp_path: Path) -> None:
    tree, warnings = pages(tmp_path, f"{PAGE}.. _here:\n\n{CELL}\n")
    assert warnings == ""
    assert len(tree.xpath("//details//pre")) == 1


@pytest.mark.parametrize(
    "rest",
    [
        "",
        f"Prose.\n\n{CELL}",
        f"Section\n-------\n\n{CELL}",
        ".. code-block:: python\n\n   x = 1  # in the text, no cell",
        f"{BEGINS}\n\nProse.\n\n{CELL}",
        f".. fold:: Another\n\n{CELL}",
    ],
)
def test_fold_without_a_cell_is_one_error_that_names_its_place(tmp_path: Path, rest: str) -> None:
    tree, warnings = pages(tmp_path, f"{PAGE}{rest}\n")
    (line,) = warnings.strip().splitlines()
    assert "index.rst:4: ERROR: no cell of code follows the fold 'Title'" in line
    assert len(tree.xpath("//details")) == ("Another" in rest)
    assert "Title" not in tree.xpath("string(//*[@role='main'])")
