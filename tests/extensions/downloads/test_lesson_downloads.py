"""Each lesson can be downloaded as a notebook and as a script, in both languages."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx.errors import ExtensionError

from _ext.downloads import archives
from _ext.downloads import notebook as lesson_downloads
from _ext.downloads import wheel as course_wheel
from _ext.downloads.markdown import MarkdownWriter
from _ext.downloads.notebook import Lesson, lesson_cells
from lesson_code import lesson_code, syntax_tree
from tiny_course import ROOT, Project
from tiny_site import write

LESSON = "lessons/2_kinds/lesson_03_kinds"
ADDRESS = "https://course.example/sub"
MARKDOWN = [
    "# 03 · All kinds\n\nWhat is *one* and **one**?",
    f"See [Tiny course]({ADDRESS}/en/index.html) and",
    f"[below]({ADDRESS}/en/{LESSON}.html#kinds)",
    "## Kinds of text",
    "Plain `code`, $x_1$, a [link](https://example.org/a?b=1), <sub>low</sub>",
    f"[tensor]({ADDRESS}/en/glossary.html#term-tensor)",
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
    f"![A picture]({ADDRESS}/en/_images/picture.png)",
    "A caption",
    "<details>\n<summary>Answer with <code>code</code></summary>\n\nIt folds *out*.\n\n</details>",
    "**A card**\n\nIts text.",
    "**A tab**\n\nIn the tab.",
    "line one\\\nline two",
    "**A rubric**\n\nIt is said:\n\n> A quotation.\n\n---",
    f"figure here that you can operate.]({ADDRESS}/en/{LESSON}.html#kinds-of-text)",
    "[1] The note.",
    "[Kim2014] The paper.",
]
NOT_IN_DOWNLOADS = [
    "expected scalar",
    "a hidden remark",
    "Only on the page",
    "GENERATED",
    "```python\n\n",
]


def files(course: Project) -> Iterator[Path]:
    for language in ("en", "zh"):
        for suffix in (".ipynb", ".py"):
            yield course.written(language) / f"{LESSON}{suffix}"


def prose(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_all_files_hold_the_code_of_the_script(course: Project) -> None:
    script = syntax_tree(course.root / "gallery/2_kinds/lesson_03_kinds.py")
    assert "id='hidden'" in script
    assert [syntax_tree(file) for file in files(course)] == [script] * 4


def test_code_is_verbatim_and_only_comments_and_docstrings_are_chinese(course: Project) -> None:
    english, _, chinese, script = files(course)
    assert 'text = """trailing   \n# not a comment"""' in lesson_code(english)
    assert "sphinx_gallery" not in lesson_code(english)
    assert "one = 1  # 一个数" in lesson_code(chinese)
    assert "# 两个数都是整数。" in lesson_code(chinese)
    docstrings = [f'"""{text}"""' for text in ("The sum of all numbers.", "所有数之和。")]
    for file, expected in ((english, docstrings[:1]), (chinese, docstrings[1:])):
        assert [text for text in docstrings if text in lesson_code(file)] == expected
    assert "# 一个数" in script.read_text("utf-8")


def test_notebook_is_valid_and_says_its_language(course: Project) -> None:
    english, _, chinese, _ = files(course)
    for file, tag in ((english, "en"), (chinese, "zh-CN")):
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.course.language == tag
        assert notebook.metadata.kernelspec.name == "python3"
        kinds = " ".join(cell.cell_type for cell in notebook.cells)
        assert kinds == f"code markdown{' markdown code' * 5}"
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_first_cell_installs_the_wheel_that_is_served(course: Project) -> None:
    version = tomllib.loads((course.root / "pyproject.toml").read_text("utf-8"))["project"][
        "version"
    ]
    wheel = f"packages/dlcourse-{version}-py3-none-any.whl"
    assert (course.root / "build/html" / wheel).exists()
    english, script, chinese, _ = files(course)
    first = nbformat.read(english, as_version=4).cells[0]
    assert first.metadata.tags == ["install"]
    command = f'find_spec("dlcourse") is None:\n    %pip install --quiet {ADDRESS}/{wheel}'
    assert command in first.source
    header = script.read_text("utf-8").partition("# %%")[0]
    assert f"#     python -m pip install {ADDRESS}/{wheel}\n" in header
    assert f"{ADDRESS}/en/{LESSON}.html" in header and "nox -s serve" not in header
    assert "安装" in nbformat.read(chinese, as_version=4).cells[0].source


def test_address_of_this_machine_is_noted() -> None:
    config = SimpleNamespace(
        html_baseurl="http://127.0.0.1:8000/", release="1.2", language="en", locale_dirs=[]
    )
    builder = SimpleNamespace(get_target_uri=lambda page: f"{page}.html")
    app: Any = SimpleNamespace(config=config, builder=builder, srcdir=ROOT / "docs")
    lesson = Lesson(app, LESSON)
    assert "nox -s serve" in lesson._header("Title") and "nox -s serve" in lesson._install_cell()[1]


def test_every_kind_of_text_becomes_markdown(course: Project) -> None:
    english = prose(next(files(course)))
    assert [text for text in MARKDOWN if text not in english] == []
    assert [text for text in NOT_IN_DOWNLOADS if text in english] == []


def test_chinese_prose(course: Project) -> None:
    _, _, notebook, script = files(course)
    chinese = prose(notebook)
    assert "# 03 · 各种文字\n\n*一*加**一**是多少？第二句。" in chinese
    assert "<summary>带 <code>code</code> 的答案</summary>" in chinese
    assert "one = 1  # 正文里" in chinese
    start = "# %% [markdown]\n# # 03 · 各种文字\n#\n# *一*加**一**是多少？第二句。\n"
    assert start in script.read_text("utf-8")


def test_page_links_to_files_that_exist(course: Project) -> None:
    for language, label in (("en", "Notebook"), ("zh", "Jupyter 笔记本")):
        page = course.written(language) / f"{LESSON}.html"
        (box,) = course.tree(language, LESSON).find_class("lesson-download-links")
        links = box.xpath(".//a[@download]")
        assert links[0].text == label
        targets = [(page.parent / link.get("href")).resolve() for link in links]
        names = ["lesson_03_kinds.ipynb", "lesson_03_kinds.py", "2_kinds.zip", "course.zip"]
        assert [target.name for target in targets] == names
        assert all(target.exists() for target in targets)
    assert not course.tree("en", "index").find_class("lesson-download-links")


def test_archives_hold_the_files_and_no_date(course: Project) -> None:
    out = course.written("zh")
    with zipfile.ZipFile(out / "lessons/2_kinds.zip") as archive:
        assert archive.namelist() == [f"2_kinds/lesson_03_kinds{s}" for s in (".ipynb", ".py")]
        assert archive.read("2_kinds/lesson_03_kinds.py") == (out / f"{LESSON}.py").read_bytes()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with zipfile.ZipFile(out / "course.zip") as archive:
        assert len(archive.namelist()) == 6


def test_lessons_that_are_gone_leave_the_archives(tmp_path: Path) -> None:
    kept, gone = "lessons/1/lesson_01_a", "lessons/2/lesson_02_b"
    names = [f"{lesson}{suffix}" for lesson in (kept, gone) for suffix in (".ipynb", ".py")]
    write(tmp_path, dict.fromkeys(names, "x"))
    archives.write_archives(tmp_path, [kept, gone, "index"])
    archives.write_archives(tmp_path, [kept, "index"])
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert left == {*names[:2], "lessons/1.zip", "course.zip"}
    with zipfile.ZipFile(tmp_path / "course.zip") as archive:
        assert archive.namelist() == ["1/lesson_01_a.ipynb", "1/lesson_01_a.py"]


def test_page_of_a_lesson_whose_notebook_is_gone_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, {f"{LESSON}.ipynb": "", f"{LESSON}.py": "", "lessons/1/lesson_01_a.py": ""})
    builder = SimpleNamespace(name="html", get_target_uri=str)
    config = SimpleNamespace(html_baseurl="http://x/", release="1", language="en")
    app: Any = SimpleNamespace(builder=builder, config=config, outdir=tmp_path)
    env: Any = SimpleNamespace(found_docs={LESSON, "lessons/1/lesson_01_a", "index"})
    assert lesson_downloads.missing(app, env, set(), set(), set()) == ["lessons/1/lesson_01_a"]


def test_downloads_follow_an_edit(followed: Project) -> None:
    notebook = followed.written("en") / "lessons/1_part/lesson_02_moving.ipynb"
    assert "moves a dot" in prose(notebook)
    (wheel,) = (followed.root / "build/pages/packages").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert b"step + 0" in archive.read("dlcourse/moving.py")


def test_wheel_is_built_once_and_is_that_of_the_site(tmp_path: Path) -> None:
    settings = '[project]\nname = "dlcourse"\nversion = "1.2"\nrequires-python = ">=3.11"\n'
    settings += '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    write(tmp_path, {"pyproject.toml": settings, "dlcourse/__init__.py": "", "doctrees/en/x": ""})
    config = SimpleNamespace(release="1.2")
    folders = {"outdir": tmp_path / "html/en", "doctreedir": tmp_path / "doctrees/en"}
    app: Any = SimpleNamespace(config=config, confdir=tmp_path, **folders)
    course_wheel.build(app)
    (wheel,) = (tmp_path / "html/packages").iterdir()
    wheel.write_bytes(b"damaged")
    course_wheel.build(app)
    assert zipfile.is_zipfile(wheel)
    before = wheel.read_bytes()
    (tmp_path / "pyproject.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(course_wheel, "_built", lambda *_: pytest.fail("nothing has changed"))
        course_wheel.build(app)
    assert wheel.read_bytes() == before
    config.release = "2.0"
    with pytest.raises(ExtensionError, match=r"hatchling built dlcourse-1\.2.*'release' in conf"):
        course_wheel.build(app)


def writer() -> MarkdownWriter:
    return MarkdownWriter("https://course.example/lesson.html", lambda image: "")


def test_unknown_node_raises_with_its_place() -> None:
    strange = type("strange", (nodes.General, nodes.Element), {})()
    strange.source, strange.line = "lesson_01.rst", 7
    with pytest.raises(ExtensionError, match=r"lesson_01\.rst:7: no Markdown .*<strange>"):
        writer().write(strange)


def test_cell_is_known_by_its_code_and_must_be_on_the_page(tmp_path: Path) -> None:
    page = new_document("page")
    page += nodes.literal_block("", "one = 1\nprint(one)")
    script = tmp_path / "lesson_01_adding.py"
    # While a page is being made, its translator may edit the comments.
    script.write_text('"""\nTitle\n=====\n"""\n\none = 1\nprint(one)  # edited since\n')
    (cell,) = lesson_cells(page, script, writer(), {})
    assert "# edited since" in cell.source
    script.write_text('"""\nTitle\n=====\n"""\n\none = 2\nprint(one)\n')
    with pytest.raises(ExtensionError, match=r"adding\.py:6: this cell is not on the page"):
        lesson_cells(page, script, writer(), {})


def test_other_builders_write_no_downloads(templates: Path) -> None:
    assert not list(templates.rglob("*.ipynb")) and not list(templates.rglob("*.zip"))
