"""Comments in code are translated, and nothing but comments."""

from __future__ import annotations

import ast
import doctest
import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import cjk_wrap
import comment_tokens
import lesson_archives
from cjk_wrap import columns, wrap
from comment_tokens import WIDTH, comments, translate


@pytest.mark.parametrize("module", [cjk_wrap, comment_tokens, lesson_archives])
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
    """# Not a comment either."""
    # (N, C)
    return a  # noqa: B018
'''

CHINESE = {
    "Seeds are fixed, so that the outputs are the same every time.": "固定种子，使每次的输出都相同。",
    "values in [0, 1)": "取值在 [0, 1) 内",
    "the first one": "第一个",
}


def test_comments_are_replaced_and_code_is_not():
    translated, missing = translate(CODE, CHINESE)
    assert missing == []
    assert ast.dump(ast.parse(translated)) == ast.dump(ast.parse(CODE))
    assert translated == CODE.replace(
        "# Seeds are fixed, so that the\n# outputs are the same every time.",
        "# 固定种子，使每次的输出都相同。",
    ).replace("values in [0, 1)", "取值在 [0, 1) 内").replace("the first one", "第一个")


def test_messages_and_their_lines():
    assert comments(CODE) == [(text, line) for text, line in zip(CHINESE, (1, 4, 9), strict=True)]


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
        "",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=8), st.text(alphabet="量'\"#\\ \n\t{x", max_size=200))
def test_syntax_tree_never_changes(pieces, translation):
    code = "\n".join(pieces)
    table = {text: translation for text, _ in comments(code)}
    translated, missing = translate(code, table)
    assert ast.dump(ast.parse(translated)) == ast.dump(ast.parse(code))
    assert bool(missing) == bool(table and not translation.strip())


def test_shell_and_doctest_blocks():
    shell = "# install it first\nuv pip install x  # kept\n"
    assert comments(shell, "bash") == [("install it first", 1)]
    doctest = ">>> x = 1  # one\n>>> for i in x:\n...     pass  # nothing\n# output\n"
    assert comments(doctest, "pycon") == [("one", 1), ("nothing", 3)]
    translated, _ = translate(doctest, {"one": "一", "nothing": "无"}, "pycon")
    assert translated == doctest.replace("# one", "# 一").replace("# nothing", "# 无")
    assert comments("# a heading\nplain text, no code", "default") == []


PAGE = """
Page
====

.. code-block:: python

   x = 1  # trailing
   # on its own

::

   y = 2  # by default

.. code-block:: text

   # no code
"""


def build(folder: Path, builder: str, language: str, catalogue: str = "") -> tuple[Path, str]:
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "index.rst").write_text(PAGE)
    po = source / "locale/zh_CN/LC_MESSAGES/comments.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(catalogue, encoding="utf-8")
    warnings = io.StringIO()
    config = {"extensions": ["code_comments"], "language": language, "html_theme": "basic"}
    config["locale_dirs"] = ["locale"]
    with docutils_namespace():
        app = Sphinx(
            source,
            None,
            folder / builder,
            folder / f"doctrees-{builder}",
            builder,
            config,
            status=io.StringIO(),
            warning=warnings,
        )
        app.build()
    return folder / builder, warnings.getvalue()


def shown(out: Path) -> list[str]:
    tree = html.fromstring((out / "index.html").read_text(encoding="utf-8"))
    return [block.text_content().strip() for block in tree.xpath("//pre")]


def test_page_is_translated_and_highlighted_and_follows_the_catalogue(tmp_path):
    entries = ["trailing", "行尾", "on its own", "独占一行", "by default", "默认"]
    po = "".join(
        f'msgid "{text}"\nmsgstr "{chinese}"\n\n'
        for text, chinese in zip(entries[::2], entries[1::2], strict=True)
    )
    out, warnings = build(tmp_path, "html", "zh_CN", po)
    assert warnings == ""
    assert shown(out) == ["x = 1  # 行尾\n# 独占一行", "y = 2  # 默认", "# no code"]
    assert '<span class="c1"># 独占一行</span>' in (out / "index.html").read_text(encoding="utf-8")
    out, warnings = build(tmp_path, "html", "zh_CN", po.replace("行尾", "在行尾"))
    assert warnings == ""
    assert shown(out)[0] == "x = 1  # 在行尾\n# 独占一行"


def test_missing_translation_is_a_warning_with_page_and_comment(tmp_path):
    _, warnings = build(tmp_path, "html", "zh_CN")
    assert warnings.count("[course.comments]") == 3
    assert "index.rst:5" in warnings and "'on its own'" in warnings


def test_english_needs_no_catalogue(tmp_path):
    out, warnings = build(tmp_path, "html", "en")
    assert warnings == ""
    assert shown(out)[0] == "x = 1  # trailing\n# on its own"


def test_gettext_writes_the_template_and_keeps_it(tmp_path):
    out, _ = build(tmp_path, "gettext", "en")
    template = out / "comments.pot"
    content = template.read_bytes()
    catalogue = read_po(io.BytesIO(content))
    assert [message.id for message in catalogue if message.id] == [
        "trailing",
        "on its own",
        "by default",
    ]
    assert all(message.locations == [("index", None)] for message in catalogue if message.id)
    written = template.stat().st_mtime_ns
    build(tmp_path, "gettext", "en")
    assert (template.read_bytes(), template.stat().st_mtime_ns) == (content, written)
