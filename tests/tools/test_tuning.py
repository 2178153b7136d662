"""What is shipped of the pages that Sphinx wrote: little, the same every time, and nothing amiss."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont
from lxml import html
from PIL import Image

from _ext.common.store import Store
from _tools import shipping
from _tools.shipping import code, fonts, images, pages, styles, tags
from tiny_site import write

FONTS = Path(pydata_sphinx_theme.__file__).parent / (
    "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts"
)
PAGE = """<!DOCTYPE html>
<html lang="en" data-content_root="../" data-theme="auto">
<head>
<meta name="viewport" content="width=device-width, initial-scale=1.0" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta property="og:image" content="http://127.0.0.1:8000/en/_images/first.png" />
<title>A &amp; B</title>
<script data-cfasync="false">
document.documentElement.dataset.mode = localStorage.getItem("mode") || "auto";
</script>
<noscript><style>.pst-js-only { display: none !important; }</style></noscript>
<link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />
<link rel="stylesheet" type="text/css" href="../_static/own.css?v=2" />
<link rel="stylesheet" type="text/css" href="../_static/paper.css?v=2" media="print" />
<script defer src="../_static/scripts/fontawesome.js"></script>
<link rel="preload" as="script" href="../_static/scripts/bootstrap.js" />
<script src="../_static/documentation_options.js?v=3"></script>
<script src="../_static/copybutton.js"></script>
<script type="module" src="../_static/stepper.js"></script>
<script src="../searchindex.js"></script>
<link rel="next" title="B" href="b.html" />
</head>
<body>
<header><button class="primary-toggle" aria-label="Where &amp; how"></button></header>
<article class="bd-article"><p class="seen">Text</p>
<img alt="One" src="../_images/first.png" style="width: 20px;" />
<h2>More</h2>
<img alt="Two" src="../_images/second.png" style="width: 20px; color: red" />
<input id="tab" type="radio"><label aria-controls="x" for="tab">Tab</label>
<pre>if a &lt; b:  # <span class="c1">&lt;script&gt;</span></pre>
</article>
<script defer src="../_static/scripts/bootstrap.js"></script>
</body></html>
"""


def picture(folder: Path, name: str, colour: str = "red") -> None:
    """Write a PNG of 40 × 30 pixels."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(folder / name)


def sphinx_output(folder: Path) -> Path:
    """Write what Sphinx might have written: a root and one language."""
    root = write(
        folder / "pages",
        {
            "index.html": "<!DOCTYPE html><title>Root</title>",
            "en/part/a.html": PAGE,
            "en/part/b.html": PAGE.replace('class="seen"', 'class="rare"'),
            "en/part/a.ipynb": "{}",
            "en/_sources/part/a.rst.txt": "Text",
            "en/searchindex.js": "Search.setIndex({})",
            "en/_static/styles/theme.css": '@import "../basic.css"; .seen { color: red }',
            "en/_static/basic.css": ".first, .never { margin: 0 }\n.seen { color: blue }",
            "en/_static/own.css": ".rare { left: 0 } .is-done { right: 0 }",
            "en/_static/paper.css": "p { color: black }",
            "en/_static/documentation_options.js": "const DOCUMENTATION_OPTIONS = {};",
            "en/_static/copybutton.js": "copy();",
            "en/_static/menus.js": "menus('is-done');\n//# sourceMappingURL=menus.js.map",
            "en/_static/stepper.js": "import './helper.js';",
            "en/_static/scripts/bootstrap.js": "bootstrap();",
            "en/_static/scripts/bootstrap.js.map": "{}",
            "en/_static/scripts/fontawesome.js": "icons();",
            "en/_static/webpack-macros.html": "{% macro %}",
        },
    )
    picture(root / "en", "_images/first.png")
    picture(root / "en", "_images/second.png", "blue")
    return root


@pytest.fixture
def raw(tmp_path):
    """A site to change."""
    return sphinx_output(tmp_path)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A site that was tuned, to be looked at."""
    return tune(sphinx_output(tmp_path_factory.mktemp("tuned")))


def tune(raw: Path) -> Path:
    """Tune into the folder beside, and return it."""
    out = raw.with_name("html")
    with shipping.Tuner(raw, out, raw.with_name("kept")) as tuner:
        tuner.finish()
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_page_loads_one_stylesheet_and_one_script(tuned):
    out = tuned
    tree = html.fromstring((out / "en/part/a.html").read_text("utf-8"))
    screen = tree.xpath("//head/link[@rel='stylesheet' and not(@media)]/@href")
    assert len(screen) == 1
    (script, _, index) = tree.xpath("//script[@src]")
    assert script.get("src").startswith("../_static/site-")
    assert index.get("src") == "../searchindex.js"
    assert all(
        "defer" in s.attrib or s.get("type") == "module" for s in tree.xpath("//script[@src]")
    )
    text = (out / "en/part" / script.get("src")).read_text("utf-8")
    # Without fontawesome, without the copy button where there is no code, in the page's order.
    assert text == "const DOCUMENTATION_OPTIONS = {};;\nmenus('is-done');"


def test_page_is_mended_and_its_text_untouched(tuned):
    page = (tuned / "en/part/a.html").read_text("utf-8")
    tree = html.fromstring(page)
    assert len(tree.xpath("//meta[@name='viewport']")) == 1
    assert tree.xpath("//label/@for") == ["tab"] and not tree.xpath("//label/@aria-controls")
    assert tree.xpath("/html/@data-theme") == ["light"]
    assert tree.xpath("//noscript/a/@aria-label") == ["Where & how"]
    assert "<title>A &amp; B</title>\n<script>(()=>{" in page
    assert 'if a &lt; b:  # <span class="c1">&lt;script&gt;</span>' in page
    assert "data-cfasync" not in page and "pst-js-only" not in page
    assert '<link rel="next" title="B" href="b.html" />' in page


def test_images_have_sizes_and_come_late_below_the_first_heading(tuned):
    out = tuned
    tree = html.fromstring((out / "en/part/a.html").read_text("utf-8"))
    first, second = tree.xpath("//img")
    size = {"width": "20", "height": "15"}
    assert dict(first.attrib) == {"alt": "One", "src": "../_images/first.webp"} | size
    late = {"loading": "lazy", "decoding": "async"}
    rest = {"alt": "Two", "src": "../_images/second.webp", "style": "color: red"}
    assert dict(second.attrib) == rest | size | late
    # The card of the page in other places shows a PNG; nothing shows the other one.
    assert sorted(os.listdir(out / "en/_images")) == ["first.png", "first.webp", "second.webp"]


def test_only_what_is_used_is_shipped(tuned):
    files = contents(tuned)
    static = {name.split("/")[-1] for name in files if name.startswith("en/_static/")}
    assert {name for name in static if not name.startswith("site-")} == {"stepper.js"}
    assert files["index.html"] == b"<!DOCTYPE html><title>Root</title>"
    assert "en/part/a.ipynb" in files and "en/_sources/part/a.rst.txt" not in files


def test_a_changed_page_gives_what_a_fresh_run_gives(raw):
    out = tune(raw)
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
    tune(raw)
    assert {file: file.stat().st_mtime_ns for file in before} == before, "nothing was written"
    # Sphinx renders one page again and removes another; a killed run left something behind.
    (raw / "en/part/a.html").write_text(PAGE.replace("seen", "first"), "utf-8")
    (raw / "en/part/b.html").unlink()
    (out / "en/part/c.html").write_text("half", "utf-8")
    incremental = contents(tune(raw))
    for folder in ("html", "kept"):
        raw.with_name(folder).rename(raw.with_name(f"{folder}-old"))
    assert contents(tune(raw)) == incremental
    assert "en/part/b.html" not in incremental and "en/part/c.html" not in incremental


def test_a_language_that_was_prepared_first_is_the_same(raw, tuned):
    out = raw.with_name("html")
    with shipping.Tuner(raw, out, raw.with_name("kept")) as tuner:
        tuner.prepare("en")
        assert not out.exists(), "nothing is written before the end"
        tuner.finish()
    assert contents(out) == contents(tuned)


def test_pages_are_looked_over_once(raw, monkeypatch):
    looked_over = []
    survey = pages.survey
    monkeypatch.setattr(
        pages, "survey", lambda name, text: looked_over.append(name) or survey(name, text)
    )
    shipping.prepare_language(raw / "en", raw.with_name("kept"))
    first = sorted(looked_over)
    assert first == sorted(set(first)) and "part/a.html" in first
    looked_over.clear()
    (raw / "en/part/a.html").write_text(PAGE.replace("seen", "first"), "utf-8")
    shipping.prepare_language(raw / "en", raw.with_name("kept"))
    assert looked_over == ["part/a.html"]


def sheets(folder: Path, words: list[str], **files: str) -> styles.Styles:
    """Tune stylesheets that are given by their text: ``screen``, ``print``, and others."""
    write(folder, {f"{name}.css": text for name, text in files.items()})
    request = styles.Request(
        screen=(folder / "screen.css",),
        plain=(),
        print=(folder / "print.css",) if "print" in files else (),
        words=tuple(words),
    )
    return styles.tune(request, folder.parent, {}, Store(folder / "kept"))


def test_unused_rules_go_and_the_order_stays(tmp_path):
    css = """@charset "utf-8"; @import "base.css";
    .a { color: red } .never { color: blue } a[href^="https"] { top: 0 }
    :root { --used: 1px; --by-script: 2px; --unused: 3px }
    @media (min-width: 1px) { .never { top: 1px } }
    .a:not(.never)::before { content: "a  b"; width: var(--used) } /* gone */
    @font-face { font-family: "Nobody's"; src: url(x.woff2) }"""
    words = ["a", "href", "https:", "--by-script"]
    made = sheets(tmp_path / "s", words, screen=css, base=".a,.b{background:url('i/b.svg')}")
    assert made.screen == (
        ".a{background:url(s/i/b.svg)}.a{color:red}"
        'a[href^="https"]{top:0}:root{--used:1px;--by-script:2px}'
        '.a:not(.never)::before{content:"a  b";width:var(--used)}'
    )


def test_dark_is_for_screens_and_light_for_paper(tmp_path):
    css = 'html[data-theme="dark"] p, p.x{color:white}html[data-theme="light"] p{color:black}'
    words = ["html", "p", "x", "data-theme", "dark", "light"]
    made = sheets(tmp_path / "s", words, screen=css, print="p{orphans:3}")
    dark = 'html[data-theme="dark"] p{color:white}'
    assert made.screen == (
        f'p.x{{color:white}}@media not print{{{dark}}}html[data-theme="light"] p{{color:black}}'
    )
    assert made.plain == (
        "@media screen and (prefers-color-scheme:dark){html[data-theme] p{color:white}}"
    )
    assert made.print == "html[data-theme] p{color:black}p{orphans:3}"


def test_languages_share_what_was_made_of_their_stylesheets(tmp_path, monkeypatch):
    asked = []
    ask = styles._ask_node
    monkeypatch.setattr(styles, "_ask_node", lambda text: asked.append(text) or ask(text))
    store, found = Store(tmp_path / "kept"), []
    for language, name in (("en", "exercise-1"), ("zh", "练习")):
        sheet = "/* of an exercise */ .seen, [class^='box-'] { top: 0 } .never { left: 0 }"
        write(tmp_path / language, {"theme.css": sheet})
        request = styles.Request(
            screen=(tmp_path / language / "theme.css",),
            plain=(),
            print=(),
            words=("box-3", "class", name, "seen"),
        )
        found.append(styles.tune(request, tmp_path / language, {}, store).screen)
    assert found == [".seen,[class^='box-']{top:0}"] * 2
    assert len(asked) == 1
    write(tmp_path / "zh", {"theme.css": ".seen { top: 1px }"})
    assert styles.tune(request, tmp_path / "zh", {}, store).screen == ".seen{top:1px}"


def test_an_unreadable_stylesheet_is_named(tmp_path):
    with pytest.raises(styles.StyleError, match="screen.css"):
        sheets(tmp_path / "s", ["a"], screen=".a { color: red")


def test_icon_fonts_have_the_icons_in_use_only(tmp_path):
    write(tmp_path, {"webfonts/.keep": ""})
    for name in ("fa-solid-900.woff2", "fa-brands-400.woff2"):
        (tmp_path / "webfonts" / name).write_bytes((FONTS / name).read_bytes())
    face = "@font-face{{font-family:F;src:url(webfonts/{})}}".format
    css = '.bars{--fa:"\\f0c9"}.raw::before{content:"\uf019"}'
    css += face("fa-solid-900.woff2") + face("fa-brands-400.woff2")
    made, files = fonts.tune(css, tmp_path, {}, Store(tmp_path / "kept"))
    assert files == {}
    (data,) = re.findall(r"base64,([\w+/=]+)\)", made)
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    assert set(font.getBestCmap()) == {0xF0C9, 0xF019}
    assert len(data) < 3000
    assert "brands" not in made, "it has none of the icons"


KATEX = Path(styles.PROGRAM).parent / "node_modules/katex/dist/fonts"
FACE = "@font-face{{font-family:{1};src:url(fonts/{0}.woff2)}}".format
MAIN = ("KaTeX_Main", "normal", "400")


def katex_fonts(folder: Path) -> str:
    """Put two fonts of KaTeX below a folder, and return the stylesheet that loads them."""
    names = ("KaTeX_Main-Regular", "KaTeX_Size4-Regular")
    for name in names:
        write(folder, {f"fonts/{name}.woff2": ""})
        (folder / f"fonts/{name}.woff2").write_bytes((KATEX / f"{name}.woff2").read_bytes())
    return "".join(FACE(name, name.partition("-")[0]) for name in names)


def test_fonts_of_formulas_have_their_signs_only(tmp_path):
    css = katex_fonts(tmp_path)
    made, files = fonts.tune(css, tmp_path, {MAIN: {ord("2"), ord("+")}}, Store(tmp_path / "kept"))
    ((name, data),) = files.items()
    assert re.fullmatch(r"fonts/KaTeX_Main-Regular-\w{8}\.woff2", name)
    assert made == FACE("KaTeX_Main-Regular", "KaTeX_Main").replace(
        "fonts/KaTeX_Main-Regular.woff2", name
    )
    reduced, whole = TTFont(io.BytesIO(data)), TTFont(KATEX / "KaTeX_Main-Regular.woff2")
    assert set(reduced.getBestCmap()) == {ord("2"), ord("+")}
    assert reduced["head"].modified == whole["head"].modified, "the same bytes every time"


def signs_of(body: str) -> dict[str, str]:
    """Return the signs of a formula, without the space that is always there, by their font."""
    css = (KATEX.parent / "katex.min.css").read_text("utf-8")
    found = fonts.signs([f'<p>no<b><span class="katex-html">{body}</span></b></p>'], css)
    return {
        " ".join(face): "".join(sorted(map(chr, numbers - {ord(fonts.NO_BREAK_SPACE)})))
        for face, numbers in found.items()
    }


def test_signs_belong_to_the_font_that_draws_them():
    assert signs_of('2<i class="mord mathnormal">x</i>+') == {
        "KaTeX_Main normal 400": "+2",
        "KaTeX_Math italic 400": "x",
    }, "the bold text around a formula does not make it bold"
    assert signs_of('<i class="mathbf">w</i><i class="mathbb">R</i>') == {
        "KaTeX_Main normal 700": "w",
        "KaTeX_AMS normal 400": "R",
    }
    assert signs_of('<i class="delimsizing mult"><i class="delim-size1"><i>⎛</i></i></i>') == {
        "KaTeX_Size1 normal 400": "⎛"
    }
    assert signs_of('<i class="text textbf">a<i class="textit">b</i></i>') == {
        "KaTeX_Main normal 700": "a",
        "KaTeX_Main italic 700": "b",
    }


def test_a_style_that_a_family_lacks_is_drawn_with_those_that_it_has(tmp_path):
    css, leaning = katex_fonts(tmp_path), ("KaTeX_Main", "italic", "400")
    _, files = fonts.tune(css, tmp_path, {leaning: {ord("x")}}, Store(tmp_path / "kept"))
    assert [set(TTFont(io.BytesIO(data)).getBestCmap()) for data in files.values()] == [{ord("x")}]


def test_a_sign_that_a_font_lacks_does_not_make_it_another(tmp_path, monkeypatch):
    made = []
    reduce = fonts.reduce
    monkeypatch.setattr(fonts, "reduce", lambda *args: made.append(args) or reduce(*args))
    css, store = katex_fonts(tmp_path), Store(tmp_path / "kept")
    one = fonts.tune(css, tmp_path, {MAIN: {ord("x")}}, store)
    assert fonts.tune(css, tmp_path, {MAIN: {ord("x"), ord("损")}}, store) == one
    assert [shown for _, shown in made] == [{ord("x")}]


def test_webp_is_lossless_and_only_where_it_is_lighter(tmp_path):
    store = Store(tmp_path / "kept")
    drawing = Image.linear_gradient("L").convert("RGB")
    drawing.save(tmp_path / "drawing.png")
    webp = images.as_webp(tmp_path / "drawing.png", store)
    assert webp and len(webp) < (tmp_path / "drawing.png").stat().st_size
    assert Image.open(io.BytesIO(webp)).tobytes() == drawing.tobytes()
    noise = Image.frombytes("RGB", (64, 64), os.urandom(3 * 64 * 64))
    noise.save(tmp_path / "noise.png")
    assert images.as_webp(tmp_path / "noise.png", store) is None


@pytest.mark.parametrize(
    ("svg", "size"),
    [
        ('<svg width="20" height="10px">', (20, 10)),
        ('<svg viewBox="0 0 40 30">', (40, 30)),
        ('<?xml version="1.0"?>\n<svg\n width="100%" viewBox="0,0,4,3">', (4, 3)),
    ],
)
def test_size_of_a_drawing(tmp_path, svg, size):
    write(tmp_path, {"a.svg": svg})
    assert images.size(tmp_path / "a.svg") == size


@pytest.mark.parametrize("name", ["a.svg", "a.png", "missing.png"])
def test_an_image_without_a_size_is_named(tmp_path, name):
    write(tmp_path, {"a.svg": "<svg>", "a.png": "no picture"})
    with pytest.raises(images.ImageError, match=re.escape(str(tmp_path / name))):
        images.size(tmp_path / name)


def test_what_was_not_asked_for_is_forgotten(tmp_path):
    store = Store(tmp_path)
    assert [store.get(lambda: b"made", "a"), store.get(lambda: b"again", "a")] == [b"made"] * 2
    store.get(lambda: b"other", "b")
    after = Store(tmp_path)
    after.get(lambda: b"again", "a")
    after.forget_unused()
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"made"]


@pytest.mark.parametrize(
    "page",
    [
        "<script>if (a<b) '<img>'</script>",
        "<!-- <img> -->",
        "<textarea><img></textarea>",
        "<p>1 < 2 and a <b</p>",
    ],
)
def test_what_is_no_tag_stays(page):
    seen = [tag.name for tag in tags.find(page)]
    assert "img" not in seen
    assert tags.rewrite(page, lambda tag: None) == page
    assert tags.rewrite(page, lambda tag: "" if tag.name == "img" else None, ["img"]) == page


def test_only_named_elements_are_handed_out():
    page = '<imgs><IMG src="a"/><!-- <img> --><img-x><p><script>"<img>"</script><img>'
    seen = []
    assert tags.rewrite(page, lambda tag: seen.append(tag.name), ["img"]) == page
    assert seen == ["img", "script", "img"], "and what must not be looked into"


def test_code_keeps_its_text_and_its_colours_with_fewer_tags():
    cell = '<span class="s2">"</span><span class="s2">a</span> <span class="s2">b</span>'
    block = f'<div class="highlight"><pre>{cell}<span class="o">*</span><span class="mi">2</span></pre></div>'
    made = code.without_tags(block, set())
    assert html.fromstring(made).text_content() == html.fromstring(block).text_content()
    assert made.count("<span") == block.count("<span") - 1
    outside = '<p><span class="o">a</span><span class="o">b</span></p>'
    assert code.without_tags(outside, {"o"}) == outside, "only in code"
