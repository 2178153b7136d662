"""No English sentence is left on a Chinese page, outside code and names."""

from __future__ import annotations

from lxml import html

from english_left import english_on_page


def on_page(body: str, head: str = "") -> list[str]:
    return english_on_page(
        html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    )


def test_no_english_is_left(built):
    # What scripts put there is read where the pages are visited.
    found = [
        f"{page}: {english}"
        for page in built.pages
        if page.startswith("zh/")
        for english in english_on_page(built.tree(page))
    ]
    assert not found, "English on Chinese pages:\n" + "\n".join(found)


FOUND = {
    "<p>A tensor is an array.</p>": ["A tensor is an array"],
    "<p>张量是 <em>an array of numbers</em> 的</p>": ["an array of numbers"],
    "<p>中文 <b>x</b> but the tail is English</p>": ["but the tail is English"],
    "<button title='Copy to clipboard'></button>": ["Copy to clipboard"],
    "<img alt='Two stacked bars'>": ["Two stacked bars"],
    "<input placeholder='Search the docs'>": ["Search the docs"],
    "<a aria-label='Link to this heading'></a>": ["Link to this heading"],
    "<span>Search</span>": ["Search"],
    "<span>next</span>": ["next"],
    "<li>Loss, gradient; step</li>": ["Loss, gradient; step"],
    "<p>张量（see the next lesson for all of it）</p>": ["see the next lesson for all of it"],
    "<p>“the two are equal”</p>": ["the two are equal"],
}
ALLOWED = (
    "<p>用 PyTorch 和 NumPy 计算 stride</p>",
    "<code>for x in the list</code>",
    "<pre># a comment in the code</pre>",
    "<a lang='en' hreflang='en'>Read this in English</a>",
    "<section id='references'><p>Automatic differentiation in machine learning</p></section>",
    "<p>本课程（PyTorch in Practice）</p>",
    "<dt>全连接层（fully connected layer）</dt>",
    "<dt>均方误差（mean squared error，MSE）</dt>",
    "<dt>交并比（IoU，intersection over union）</dt>",
    "<p>数组，形状 (rows, columns, channels)</p>",
    "<p>报错“spans across two contiguous subspaces”（横跨两个连续的子空间）</p>",
    "<!-- a comment in the page -->",
)


def test_english_is_found_and_names_and_code_may_be_english():
    for body, found in {**FOUND, **{body: [] for body in ALLOWED}}.items():
        assert on_page(body) == found, body


def test_descriptions_are_read():
    head = "<title>A page in English</title><meta name='description' content='What it is about'>"
    assert on_page("", head) == ["A page in English", "What it is about"]
