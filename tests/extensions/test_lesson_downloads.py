"""Each lesson can be downloaded as a notebook and as a script, in both languages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from lesson_code import lesson_code, syntax_tree
from lxml import html
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace
from sphinx_gallery import gen_rst
from sphinx_gallery.py_source_parser import (
    remove_config_comments,
    remove_ignore_blocks,
    split_code_and_text_blocks,
)

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = '''\
"""
Adding numbers
==============

What is *one* and **one**?
"""

# sphinx_gallery_number = 1

# %%
# See :doc:`/index` and :ref:`below <kinds>`.

one = 1  # a number
print(one + one)

# %%
# The sum has a type.

# Both numbers are
# integers.
assert isinstance(one + one, int)
text = """trailing   
# not a comment"""
# sphinx_gallery_start_ignore
hidden = one
# sphinx_gallery_end_ignore

# %%
# .. _kinds:
#
# Kinds of text
# -------------
#
KINDS
'''

SHORT = '''\
"""
More
====
"""

# %%
# {text}

more = 1  # a number
'''

KINDS = r"""
Plain ``code``, :math:`x_1`, a `link <https://example.org/a?b=1>`_, :sub:`low`, :term:`tensor`,
``a`b``, 2 * 3 * 4, a\_b and \_private, 5 $, [Kim2014]_ and a note [#]_.
*（重要）*的 **bold**: text.

- first

  - nested
- second

#. one
#. two

term
   Its definition.

.. math:: y = W x
   :label: affine

.. note:: Take care.

.. admonition:: A title

   Its text.

.. code-block:: python

   one = 1  # in the text

.. code-block:: console

   $ ls

>>> 1 + 1
2

===== ===========
name  value
===== ===========
a\|b  :math:`|x|`
===== ===========

.. image:: /picture.png
   :alt: A picture

.. figure:: /picture.png

   A caption

.. dropdown:: Answer with ``code``

   It folds *out*.

.. grid:: 2

   .. grid-item-card:: A card

      Its text.

.. tab-set::

   .. tab-item:: A tab

      In the tab.

| line one
| line two

.. rubric:: A rubric

It is said:

    A quotation.

----

.. a comment

.. container:: not-in-download

   Only on the page.

.. [#] The note.
.. [Kim2014] The paper.
"""

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "dlcourse"
version = "1.2"
requires-python = ">=3.11"
"""

INDEX = """\
Course
======

.. toctree::
   :glob:

   lessons/*/*

.. glossary::

   tensor
      Numbers.
"""

OUTPUT = """
.. rst-class:: sphx-glr-script-out

 .. code-block:: none

    printed

.. image:: /picture.png
   :class: sphx-glr-single-img
   :alt: An output

"""

CATALOGUES = {
    "lessons/1_basics/lesson_01_adding": {
        "Adding numbers": "数的加法",
        "What is *one* and **one**?": "*一*加**一**是多少？",
        "The sum has a type.": "和也有类型。",
        "Answer with ``code``": "带 ``code`` 的答案",
    },
    "comments": {
        "a number": "一个数",
        "Both numbers are integers.": "两个数都是整数。",
        "in the text": "正文里",
    },
    "site": {
        "Install dlcourse, the package of this course, if it is not there yet.": "安装课程软件包。",
        "It needs dlcourse, the package of this course. To install it:": "先安装课程软件包：",
        "The address answers while `nox -s serve` is running on this machine.": "地址仅限本机。",
        "Notebook": "笔记本",
        "Script": "脚本",
        "All lessons of this part": "本篇全部课程",
        "All lessons of the course": "全部课程",
        "Download": "下载",
    },
}


@dataclass
class Course:
    """A course of tiny lessons."""

    root: Path

    def add_lesson(self, name: str, script: str, part: str = "1_basics") -> Path:
        """Write a lesson, and the page that sphinx-gallery makes of it."""
        path = self.root / "docs/lessons" / part / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
        _, blocks = split_code_and_text_blocks(path)
        blocks = [
            block._replace(content=remove_config_comments(remove_ignore_blocks(block.content)))
            for block in blocks
        ]
        outputs = [OUTPUT if block.type == "code" else "" for block in blocks]
        page = gen_rst.rst_blocks(blocks, outputs, {}, {"line_numbers": False}, language="Python")
        path.with_suffix(".rst").write_text(page, encoding="utf-8")
        return path

    def build(self, language: str = "en", builder: str = "html", **config: str) -> Path:
        """Build the site in a language; a warning fails."""
        folder = {"en": "en", "zh_CN": "zh"}[language]
        config = {
            "extensions": ["sphinx_design", "code_comments", "lesson_downloads"],
            "html_baseurl": "http://127.0.0.1:8000/",
            "release": "1.2",
            "language": language,
            "locale_dirs": ["locale"],
            "gettext_compact": False,
            "html_theme": "basic",
            "html_sidebars": {"**": ["lesson-download-links.html"]},
            "templates_path": ["_templates"],
            **config,
        }
        out = self.root / "html" / folder
        warnings = io.StringIO()
        # A fresh Sphinx each time: nothing registered by one build may help another.
        with docutils_namespace():
            app = Sphinx(
                self.root / "docs",
                self.root,
                out,
                self.root / "doctrees" / folder,
                builder,
                config,
                status=io.StringIO(),
                warning=warnings,
            )
            app.build()
        assert warnings.getvalue() == ""
        return out


def write_catalogue(file: Path, messages: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    entries = (f'msgid "{english}"\nmsgstr "{other}"\n' for english, other in messages.items())
    file.write_text(header + "\n".join(entries), encoding="utf-8")


def make_course(root: Path) -> Course:
    (root / "docs").mkdir()
    (root / "dlcourse").mkdir()
    (root / "dlcourse/__init__.py").write_text('__version__ = "1.2"\n')
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "conf.py").touch()
    (root / "docutils.conf").write_bytes((ROOT / "docutils.conf").read_bytes())
    (root / "docs/index.rst").write_text(INDEX)
    (root / "_templates").mkdir()  # this one alone: the layout needs other extensions
    template = "_templates/lesson-download-links.html"
    (root / template).write_bytes((ROOT / "docs" / template).read_bytes())
    pixel = "89504e470d0a1a0a0000000d4948445200000001000000010800000000 3a7e9b55"
    (root / "docs/picture.png").write_bytes(bytes.fromhex(pixel))
    for name, messages in CATALOGUES.items():
        write_catalogue(root / f"docs/locale/zh_CN/LC_MESSAGES/{name}.po", messages)
    return Course(root)


def kinds(text: str) -> str:
    """Return the lesson with this text in its last cell."""
    comment = "\n".join(f"# {line}".rstrip() for line in text.strip().split("\n"))
    return SCRIPT.replace("KINDS", comment)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    course = make_course(tmp_path_factory.mktemp("course"))
    course.add_lesson("lesson_01_adding", kinds(KINDS))
    course.add_lesson("lesson_02_more", SHORT.format(text="The end."), part="2_training")
    write_catalogue(
        course.root / "docs/locale/zh_CN/LC_MESSAGES/lessons/2_training/lesson_02_more.po",
        {"The end.": "完。"},
    )
    course.build("en")
    course.build("zh_CN")
    return course


@pytest.fixture
def small_course(tmp_path) -> Course:
    course = make_course(tmp_path)
    course.add_lesson("lesson_01_adding", kinds("The end."))
    return course


LESSON = "lessons/1_basics/lesson_01_adding"


def files(course: Course) -> Iterator[Path]:
    for language in ("en", "zh"):
        for suffix in (".py", ".ipynb"):
            yield course.root / "html" / language / f"{LESSON}{suffix}"


def prose(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def english(course) -> str:
    return prose(course.root / f"html/en/{LESSON}.ipynb")


def test_all_files_hold_the_code_of_the_script(course):
    script = course.root / f"docs/{LESSON}.py"
    assert "hidden = one" in syntax_tree(script) or "id='hidden'" in syntax_tree(script)
    assert [syntax_tree(file) for file in files(course)] == [syntax_tree(script)] * 4


def test_code_is_verbatim_and_only_the_comments_are_chinese(course):
    notebook = course.root / f"html/en/{LESSON}.ipynb"
    assert 'text = """trailing   \n# not a comment"""' in lesson_code(notebook)
    assert "sphinx_gallery" not in lesson_code(notebook)
    chinese = lesson_code(course.root / f"html/zh/{LESSON}.ipynb")
    assert "one = 1  # 一个数" in chinese and "# 两个数都是整数。" in chinese
    assert "# 一个数" in (course.root / f"html/zh/{LESSON}.py").read_text(encoding="utf-8")


def test_notebook_is_valid_and_says_its_language(course):
    for language, tag in (("en", "en"), ("zh", "zh-CN")):
        notebook = nbformat.read(course.root / f"html/{language}/{LESSON}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.course.language == tag
        assert notebook.metadata.kernelspec.name == "python3"
        kinds_ = [cell.cell_type for cell in notebook.cells]
        assert kinds_ == ["code", "markdown", "markdown", "code", "markdown", "code", "markdown"]
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_first_cell_installs_the_wheel_that_is_served(course):
    for language, note in (("en", "nox -s serve"), ("zh", "地址仅限本机。")):
        notebook = nbformat.read(course.root / f"html/{language}/{LESSON}.ipynb", as_version=4)
        first = notebook.cells[0]
        assert first.metadata.tags == ["install"]
        assert 'find_spec("dlcourse") is None:\n    %pip install --quiet http' in first.source
        path = first.source.rpartition("http://127.0.0.1:8000/")[2]
        assert (course.root / "html" / path).exists()
        assert note in first.source
        script = (course.root / f"html/{language}/{LESSON}.py").read_text(encoding="utf-8")
        header = script.partition("# %%")[0]
        assert f"#     python -m pip install http://127.0.0.1:8000/{path}\n" in header
        assert note in header


def test_public_address_needs_no_note(small_course):
    out = small_course.build(html_baseurl="https://example.org/course")
    header = (out / f"{LESSON}.py").read_text(encoding="utf-8").partition("# %%")[0]
    assert "https://example.org/course/packages/dlcourse-1.2-py3-none-any.whl" in header
    assert f"https://example.org/course/en/{LESSON}.html" in header
    assert "nox -s serve" not in header


@pytest.mark.parametrize(
    "markdown",
    [
        "# Adding numbers\n\nWhat is *one* and **one**?",
        "See [Course](http://127.0.0.1:8000/en/index.html) and",
        f"[below](http://127.0.0.1:8000/en/{LESSON}.html#kinds)",
        "## Kinds of text",
        "Plain `code`, $x_1$, a [link](https://example.org/a?b=1), <sub>low</sub>",
        "[tensor](http://127.0.0.1:8000/en/index.html#term-tensor)",
        "``a`b``, 2 \\* 3 \\* 4, a_b and \\_private, 5 \\$",
        "<em>（重要）</em>的 **bold**: text.",
        "- first\n  - nested\n- second",
        "1. one\n2. two",
        "- **term**\n\n  Its definition.",
        "$$\ny = W x \\tag{1}\n$$",
        "> **Note**\n>\n> Take care.",
        "> **A title**\n>\n> Its text.",
        "```python\none = 1  # in the text\n```",
        "```console\n$ ls\n```",
        "```pycon\n>>> 1 + 1\n2\n```",
        "| name | value |\n| --- | --- |\n| a\\|b | $\\vert x\\vert$ |",
        "![A picture](http://127.0.0.1:8000/en/_images/picture.png)",
        "A caption",
        "<details>\n<summary>Answer with <code>code</code></summary>\n\nIt folds *out*.\n\n</details>",
        "**A card**\n\nIts text.",
        "**A tab**\n\nIn the tab.",
        "line one\\\nline two",
        "**A rubric**\n\nIt is said:\n\n> A quotation.\n\n---",
        "[1] The note.",
        "[Kim2014] The paper.",
    ],
)
def test_every_kind_of_text_becomes_markdown(english, markdown):
    assert markdown in english


def test_outputs_comments_and_what_is_marked_are_left_out(english):
    for text in (
        "printed",
        "An output",
        "a comment",
        "Only on the page",
        "GENERATED",
        "```python\n\n",
    ):
        assert text not in english


def test_chinese_prose(course):
    chinese = prose(course.root / f"html/zh/{LESSON}.ipynb")
    assert "# 数的加法\n\n*一*加**一**是多少？" in chinese
    assert "<summary>带 <code>code</code> 的答案</summary>" in chinese
    assert "one = 1  # 正文里" in chinese
    script = (course.root / f"html/zh/{LESSON}.py").read_text(encoding="utf-8")
    assert "# %% [markdown]\n# # 数的加法\n#\n# *一*加**一**是多少？\n" in script


def test_page_links_to_files_that_exist(course):
    labels = {"en": "Notebook", "zh": "笔记本"}
    for language, label in labels.items():
        page = course.root / "html" / language / f"{LESSON}.html"
        links = html.fromstring(page.read_text(encoding="utf-8")).xpath("//a[@download]")
        assert links[0].text == label
        targets = [(page.parent / link.get("href")).resolve() for link in links]
        names = ["lesson_01_adding.ipynb", "lesson_01_adding.py", "1_basics.zip", "course.zip"]
        assert [target.name for target in targets] == names
        assert all(target.exists() for target in targets)
    index = (course.root / "html/en/index.html").read_text(encoding="utf-8")
    assert "lesson-download-links" not in index


def test_archives_hold_the_files_and_no_date(course):
    out = course.root / "html/zh"
    with zipfile.ZipFile(out / "lessons/1_basics.zip") as archive:
        assert archive.namelist() == [f"1_basics/lesson_01_adding{s}" for s in (".ipynb", ".py")]
        assert archive.read("1_basics/lesson_01_adding.py") == (out / f"{LESSON}.py").read_bytes()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with zipfile.ZipFile(out / "course.zip") as archive:
        assert len(archive.namelist()) == 4


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for pattern in ("*.zip", "*.whl", "*.ipynb", "lesson_*.py")
        for file in sorted(folder.rglob(pattern))
    }


def test_incremental_build_equals_a_fresh_one(small_course, tmp_path_factory):
    small_course.add_lesson("lesson_02_old", SHORT.format(text="Old."))
    small_course.add_lesson("lesson_03_gone", SHORT.format(text="Gone."), part="2_training")
    small_course.build()
    small_course.add_lesson("lesson_02_old", SHORT.format(text="New."))
    lessons = small_course.root / "docs/lessons"
    for file in (lessons / "2_training").iterdir():
        file.unlink()
    (small_course.root / f"html/en/{LESSON}.ipynb").unlink()
    small_course.build()

    fresh = make_course(tmp_path_factory.mktemp("fresh"))
    fresh.add_lesson("lesson_01_adding", kinds("The end."))
    fresh.add_lesson("lesson_02_old", SHORT.format(text="New."))
    fresh.build()
    assert snapshot(small_course.root / "html") == snapshot(fresh.root / "html")
    assert "New." in prose(small_course.root / "html/en/lessons/1_basics/lesson_02_old.ipynb")


def test_wheel_is_built_again_only_when_the_package_changes(small_course):
    small_course.build()
    (wheel,) = (small_course.root / "html/packages").iterdir()
    before = (wheel.stat().st_mtime_ns, wheel.read_bytes())
    small_course.build()
    assert (wheel.stat().st_mtime_ns, wheel.read_bytes()) == before
    (small_course.root / "dlcourse/added.py").write_text("x = 1\n")
    (wheel.parent / "dlcourse-0.1-py3-none-any.whl").write_bytes(b"old")
    small_course.build()
    assert [file.name for file in wheel.parent.iterdir()] == ["dlcourse-1.2-py3-none-any.whl"]
    with zipfile.ZipFile(wheel) as archive:
        assert "dlcourse/added.py" in archive.namelist()


def test_wheel_of_another_version_is_an_error(small_course):
    with pytest.raises(ExtensionError, match=r"hatchling built dlcourse-1\.2.*'release' in conf"):
        small_course.build(release="2.0")


def test_unknown_node_raises_with_its_place(small_course, monkeypatch):
    class strange(nodes.General, nodes.Element):
        pass

    def replace(app: Sphinx, doctree: nodes.document, docname: str) -> None:
        for paragraph in list(doctree.findall(nodes.paragraph)):
            if paragraph.astext() == "The end.":
                node = strange()
                node.source, node.line = paragraph.source, paragraph.line
                paragraph.replace_self(node)

    (small_course.root / "conf.py").write_text(
        "def setup(app):\n    app.connect('doctree-resolved', app.replace, priority=1)\n"
    )
    monkeypatch.setattr(Sphinx, "replace", staticmethod(replace), raising=False)
    with pytest.raises(ExtensionError, match=r"lesson_01_adding\.rst:\d+: no Markdown .*<strange>"):
        small_course.build()


def test_cell_that_is_not_on_the_page_raises(small_course):
    script = small_course.root / f"docs/{LESSON}.py"
    script.write_text(script.read_text().replace("one + one)", "one - one)"))
    with pytest.raises(
        ExtensionError, match=r"lesson_01_adding\.py:13: this cell is not on the page"
    ):
        small_course.build()


def test_cell_is_known_by_its_code_not_by_its_comments(small_course):
    # While a page is being made, its translator may edit the comments.
    script = small_course.root / f"docs/{LESSON}.py"
    script.write_text(script.read_text().replace("one + one)", "one + one)  # edited since"))
    out = small_course.build()
    assert any("# edited since" in file.read_text("utf-8") for file in out.rglob("*.ipynb"))


def test_other_builders_write_no_downloads(small_course):
    out = small_course.build(builder="text")
    assert not list(out.rglob("*.ipynb")) and not list(out.parent.rglob("*.whl"))
