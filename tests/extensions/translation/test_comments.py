"""Comments and docstrings in code are translated, and nothing else."""

from __future__ import annotations

import doctest
import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from _ext.course import lessons
from _ext.translation import comment_tokens, wrapping
from _ext.translation.catalogues import load
from _ext.translation.comment_tokens import WIDTH, comments, translate
from _ext.translation.wrapping import columns, wrap
from lesson_code import tree_of_code
from tiny_course import EVERY_KIND, Project
from tiny_site import build, catalogue, write


@pytest.mark.parametrize("module", [wrapping, comment_tokens, lessons])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


CODE = '''\
# Seeds are fixed, so that the
# outputs are the same every time.
generator = torch.Generator().manual_seed(0)
x = torch.rand(2, 3)  # values in [0, 1)
x = x.flatten(1)  # (N, C·H·W)


def f(
    a,  # the first one
    b="# not a comment",
):
    """# One thing.

    What else there is
    to say of it.
    """
    # (N, C)
    return a  # noqa: B018
'''

CHINESE = {
    "Seeds are fixed, so that the outputs are the same every time.": "固定种子，使每次的输出都相同。",
    "values in [0, 1)": "取值在 [0, 1) 内",
    "the first one": "第一个",
    "# One thing.": "# 一件事。",
    "What else there is to say of it.": "其余要说的。",
}


def test_comments_and_docstrings_are_replaced_and_code_is_not():
    translated, missing = translate(CODE, CHINESE)
    assert missing == []
    assert tree_of_code(translated) == tree_of_code(CODE)
    expected = CODE
    for english, chinese in CHINESE.items():
        broken = english.replace("the outputs", "the\n# outputs").replace("is to", "is\n    to")
        assert broken in expected
        expected = expected.replace(broken, chinese)
    assert translated == expected


def test_messages_and_their_lines():
    lines = (1, 4, 9, 12, 14)
    assert comments(CODE) == [(text, line) for text, line in zip(CHINESE, lines, strict=True)]


def test_missing_translations_are_named_in_order_and_left_in_english():
    assert translate(CODE, {}) == (CODE, list(CHINESE))


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # doctest: +GPU",
        "x = 1  # type: ignore[assignment]",
        "# %%",
        "# sphinx_gallery_thumbnail_number = 2",
        "#!/usr/bin/env python",
        "x.shape  # torch.Size([2, 3])",
        "x.dtype  # float32",
        "x = y  # 3 × 4 -> 12",
        "s = 'one # two'",
        "text = '''a text'''",
        "def f():\n    '''(N, C)'''",
        "def f():\n    x = 1\n    '''no docstring'''",
        "def f():\n    '''>>> f()  # doctest\n    a value\n    '''",
        "def f():\n    f'''made {f}'''",
        "#",
        "# -----------",
    ],
)
def test_what_is_no_message(code):
    assert comments(code) == []


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("# first part\n#\n# second part", ["first part", "second part"]),
        ("# a list:\n# - one thing\n# - another", ["a list:", "- one thing", "- another"]),
        ("# outside\nif x:\n    # inside\n    pass", ["outside", "inside"]),
        ("# one sentence\n# noqa: E501\n# another", ["one sentence", "another"]),
        ("x = 1  # trailing\n# on its own", ["trailing", "on its own"]),
        ("seeds = 1  # fixed  # noqa: F841", ["fixed"]),
        ("rows, columns = 1, 2  # rows, columns", ["rows, columns"]),
        ("x.shape  # (6, 1), then (6,)", ["(6, 1), then (6,)"]),
        ("# above\n'''A module.'''\n# below", ["above", "A module.", "below"]),
        ("class A:\n    'One line'  # aside", ["One line", "aside"]),
        ("def f(): r'''One \\d'''", ["One \\d"]),
        (
            "async def f():\n    '''\n    Two\n    lines.\n\n    - a list\n      deeper\n    '''",
            ["Two lines.", "- a list", "deeper"],
        ),
        (
            "def f():\n    '''One.\n\n    >>> f()\n    a value\n\n    Two.\n    '''",
            ["One.", "Two."],
        ),
    ],
)
def test_what_is_one_message(code, texts):
    assert [text for text, _ in comments(code)] == texts


def test_directive_behind_a_comment_is_kept():
    assert translate("x = 1  # fixed  # noqa: F841", {"fixed": "固定"})[0] == (
        "x = 1  # 固定  # noqa: F841"
    )


def test_long_translation_is_wrapped_at_the_indent():
    chinese = (
        "先减去每一行的最大值，指数函数就不会溢出；softmax 的结果不变，因为分子与分母同乘一个数。"
        * 2
    )
    code = "def softmax(x):\n    # subtract the maximum\n    return x"
    lines = translate(code, {"subtract the maximum": chinese})[0].split("\n")[1:-1]
    assert len(lines) > 1
    assert all(line.startswith("    # ") and columns(line) <= WIDTH for line in lines)
    assert "".join(line.removeprefix("    # ") for line in lines).replace(" ", "") == (
        chinese.replace(" ", "")
    )


def test_long_docstring_is_wrapped_between_its_quotes():
    chinese = "每一行先减去最大值，再取指数。" * 8
    code = "class A:\n    def f(self):\n        '''One line.'''  # 一\n"
    translated = translate(code, {"One line.": chinese})[0]
    first, *between, last = translated.split("\n")[2:-1]
    assert first.startswith("        '''每") and last.endswith("'''  # 一")
    assert all(line.startswith(" " * 8) and line[8] != " " for line in [*between, last])
    assert all(columns(line) <= WIDTH for line in [first, *between, last.partition("  #")[0]])
    assert len(between) >= 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('def f():\n    """One."""', '说“一”"'),
        ('def f():\n    """One."""', '一""" + """二'),
        ("def f():\n    'One.'", "一'二"),
        ('def f():\n    """One."""', "一\\d"),
        ('def f():\n    r"""One."""', "一\\"),
    ],
)
def test_translation_that_would_end_its_docstring_is_refused(code, text):
    with pytest.raises(ValueError, match=r"of the docstring 'One\.' cannot stand between"):
        translate(code, {"One.": text})


WORDS = st.sampled_from(["张", "量，", "（秩）", "“轴”。", "维 ", "tensor ", "1、", "（见 x）"])


@given(st.lists(WORDS, min_size=1).map("".join))
def test_lines_break_where_chinese_may_break(words):
    lines = wrap(words.strip(), 12)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert not any(line[0] in "，。、）”" for line in lines)
    assert not any(line[-1] in "（“" for line in lines)
    assert all(columns(line) <= 12 for line in lines)


PIECES = st.sampled_from(
    [
        "x = 1  # a trailing comment",
        "# a comment on its own",
        "# another one",
        "text = '''\n# not a comment\n'''",
        "value = '# not a comment'  # but this is one",
        "if x:  # the condition\n    # inside\n    y = (  # opened\n        # within\n        2\n    )",
        "f'{x}# {y}'",
        "def f():\n    '''What it does.\n\n    # And why.\n    '''  # behind it",
        "",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=8), st.text(alphabet="量'\"#\\ \n\t{x", max_size=200))
def test_syntax_tree_never_changes(pieces, translation):
    code = "\n".join(pieces)
    table = {text: translation for text, _ in comments(code)}
    try:
        translated, missing = translate(code, table)
    except ValueError as error:
        assert "of the docstring" in str(error)
        return
    assert tree_of_code(translated) == tree_of_code(code)
    assert bool(missing) == bool(table and not translation.strip())


def test_shell_and_doctest_blocks():
    shell = "# install it first\nuv pip install x  # kept\n"
    assert comments(shell, "bash") == [("install it first", 1)]
    doctest = ">>> x = 1  # one\n>>> for i in x:\n...     pass  # nothing\n# output\n"
    assert comments(doctest, "pycon") == [("one", 1), ("nothing", 3)]
    translated, _ = translate(doctest, {"one": "一", "nothing": "无"}, "pycon")
    assert translated == doctest.replace("# one", "# 一").replace("# nothing", "# 无")
    assert comments("# a heading\nplain text, no code", "default") == []


def shown(course: Project, language: str) -> list[str]:
    tree = course.tree(language, "constructs")
    return [block.text_content().strip() for block in tree.xpath("//pre")]


def test_page_is_translated_and_highlighted(course: Project) -> None:
    english = ["x = 1  # behind code\n# on its own", "y = 2  # by default", "# no code"]
    assert shown(course, "en") == english
    assert shown(course, "zh") == ["x = 1  # 行尾\n# 独占一行", "y = 2  # 默认", "# no code"]
    comments = course.tree("zh", "constructs").xpath("//pre/span[@class='c1']/text()")
    assert comments == ["# 行尾", "# 独占一行", "# 默认"]


def test_missing_translation_is_a_warning_and_the_page_follows_the_catalogue(
    tmp_path: Path,
) -> None:
    page = "Page\n====\n\n.. code-block:: python\n\n   x = 1  # trailing\n   # on its own\n"
    po = "locale/zh_CN/LC_MESSAGES/comments.po"
    source = write(tmp_path / "docs", {"index.rst": page, po: catalogue({"trailing": "行尾"})})
    built = build(source, tmp_path / "out", "zh_CN", extensions=["_ext.translation.comments"])
    assert built.warnings.count("[course.comments]") == 1
    assert "index.rst:4" in built.warnings and "'on its own'" in built.warnings
    write(source, {po: catalogue({"trailing": "在行尾", "on its own": "独占一行"})})
    built = build(source, tmp_path / "out", "zh_CN", extensions=["_ext.translation.comments"])
    assert built.warnings == ""
    assert "在行尾" in (built.out / "index.html").read_text("utf-8")


def test_template_names_each_comment_once_with_its_pages(templates: Path) -> None:
    content = (templates / "comments.pot").read_bytes()
    entries = {message.id: message for message in read_po(io.BytesIO(content)) if message.id}
    assert entries.keys() == load(EVERY_KIND / "docs/locale", "zh_CN", "comments").keys()
    assert entries["by default"].locations == [("constructs", None)]
    assert b"POT-Creation-Date: 2000-01-01" in content, "it changes only when a comment does"
