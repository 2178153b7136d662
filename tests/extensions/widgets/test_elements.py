"""Custom elements: their words, settings and files, and what stands in for them without scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from docutils import nodes
from lxml import html
from sphinx.errors import ExtensionError

from _ext.downloads.markdown import MarkdownWriter
from _ext.translation import catalogues
from _ext.widgets import (
    attention_explorer,
    autograd_engine,
    conv_stepper,
    descent_path,
    frame_player,
    live,
    live_digit,
    live_logo,
    live_pictures,
    live_review,
    live_tokeniser,
    onnx_runtime,
    receptive_field,
    softmax_temperature,
    transposed_stepper,
)
from _ext.widgets.element import interactive
from tiny_course import Project
from tiny_site import build, write

MOVING, KINDS = "lessons/1_part/lesson_02_moving", "lessons/2_kinds/lesson_03_kinds"
FRAMES = [f"sphx_glr_lesson_02_moving_001{end}.png" for end in (".frame-1", ".frame-2", "")]


def element(course: Project, language: str, page: str, tag: str) -> html.HtmlElement:
    (found,) = course.tree(language, page).xpath(f"//{tag}")
    return found


def chinese(course: Project, text: str) -> str:
    return catalogues.load(course.root / "docs/locale", "zh_CN", "site")[text]


def test_player_shows_the_last_frame_and_names_all(course: Project) -> None:
    player = element(course, "en", MOVING, "frame-player")
    wanted = [f"../../_images/{name}" for name in FRAMES]
    assert json.loads(player.get("data-frames")) == wanted
    assert player.get("data-interval") == "100"
    (poster,) = player.iterchildren()
    assert poster.tag == "img"
    attributes = {"src": wanted[-1], "alt": "A point that moves to the right.", "loading": "lazy"}
    attributes |= {"width": "640", "height": "480"}
    assert attributes.items() <= dict(poster.attrib).items()


def test_chinese_player_has_chinese_frames_and_words(course: Project) -> None:
    player = element(course, "zh", MOVING, "frame-player")
    names = [name.replace(".png", ".zh_CN.png") for name in FRAMES]
    assert json.loads(player.get("data-frames")) == [f"../../_images/{name}" for name in names]
    images = {file.name for file in (course.written("zh") / "_images").glob("*_02_moving_001*")}
    assert images == set(names)
    assert player.get("lang") == "zh-CN"
    words = frame_player.labels(lambda text: chinese(course, text))
    assert json.loads(player.get("data-labels")) == words
    assert player[0].get("alt") == "向右移动的点。"


def test_figure_has_its_settings_and_a_stand_in(course: Project) -> None:
    found = element(course, "en", KINDS, "div[@class='interactive no-search']/conv-stepper")
    wanted = {"input": "000 090 000", "kernel": "vertical", "size": "3", "stride": "2"}
    wanted |= {"padding": "0", "dilation": "1"}
    assert {name: found.get(f"data-{name}") for name in wanted} == wanted
    assert found.text_content().strip() == "One step: nine products."
    assert (found.get("lang"), found.get("style")) == ("en", "--rows: 4")
    assert element(course, "en", "opening", "conv-stepper").xpath("string(.//em)") == "step"


def test_calculator_has_its_layers_and_room_for_them(course: Project) -> None:
    found = element(course, "en", "opening", "receptive-field")
    assert found.get("data-layers") == "conv3d2 pool2"
    assert found.get("style") == "--layers: 2"
    assert found.xpath("string(.//em)") == "layers"
    words = receptive_field.labels(lambda text: chinese(course, text))
    found = element(course, "zh", "opening", "receptive-field")
    assert json.loads(found.get("data-labels")) == words


def test_engine_has_its_expression_and_room_for_it(course: Project) -> None:
    found = element(course, "en", "opening", "autograd-engine")
    assert (found.get("data-expression"), found.get("style")) == ("twice", "--rows: 1")
    assert found.xpath("string(.//em)") == "paths"
    words = autograd_engine.labels(lambda text: chinese(course, text))
    found = element(course, "zh", "opening", "autograd-engine")
    assert json.loads(found.get("data-labels")) == words


def test_descent_has_its_settings_and_the_usual_ones(course: Project) -> None:
    found = element(course, "en", "opening", "descent-path")
    wanted = {"surface": "saddle", "optimiser": "adam", "rate": "0.1", "momentum": ""}
    assert {name: found.get(f"data-{name}") for name in wanted} == wanted
    assert found.xpath("string(.//em)") == "path"
    words = descent_path.labels(lambda text: chinese(course, text))
    found = element(course, "zh", "opening", "descent-path")
    assert json.loads(found.get("data-labels")) == words


def test_softmax_has_its_logits_and_room_for_them(course: Project) -> None:
    found = element(course, "en", "opening", "softmax-temperature")
    wanted = {"logits": "2.0 1.0 0.0", "temperature": "0.5"}
    assert {name: found.get(f"data-{name}") for name in wanted} == wanted
    assert found.get("style") == "--rows: 3"
    words = softmax_temperature.labels(lambda text: chinese(course, text))
    found = element(course, "zh", "opening", "softmax-temperature")
    assert json.loads(found.get("data-labels")) == words


def test_transposed_stepper_has_its_settings(course: Project) -> None:
    found = element(course, "en", "opening", "transposed-stepper")
    wanted = {"input": "12 34", "kernel": "ones", "size": "2", "stride": "2", "padding": "0"}
    assert {name: found.get(f"data-{name}") for name in wanted} == wanted
    assert found.get("style") == "--rows: 8; --wide: 5"
    words = transposed_stepper.labels(lambda text: chinese(course, text))
    found = element(course, "zh", "opening", "transposed-stepper")
    assert json.loads(found.get("data-labels")) == words


def test_words_of_a_figure_are_those_of_the_language(course: Project) -> None:
    found = element(course, "zh", KINDS, "conv-stepper")
    words = conv_stepper.labels(lambda text: chinese(course, text))
    assert json.loads(found.get("data-labels")) == words
    assert found.text_content().strip() == "一步：九个乘积。"


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("live-digit", live_digit, "Without scripts there is nothing to draw."),
        ("live-logo", live_logo, "Without scripts nothing is looked for."),
        ("live-pictures", live_pictures, "Without scripts no picture answers."),
        ("live-review", live_review, "Without scripts nothing is judged."),
        ("attention-explorer", attention_explorer, "Without scripts no head looks anywhere."),
        ("live-tokeniser", live_tokeniser, "Without scripts nothing is cut."),
    ],
)
def test_live_element_names_what_it_loads(course: Project, name: str, kind, text: str) -> None:
    found = element(course, "en", KINDS, name)
    assert found.text_content().strip() == text
    files = json.loads(found.get("data-files"))
    page = course.written("en") / KINDS
    for file in files.values():
        path, version = file["url"].split("?v=")
        assert version and (page.parent / path).stat().st_size == file["bytes"]
    for key, file in kind.PAGE_FILES.items():
        assert files[key]["bytes"] == len(file)
        assert files[key]["url"].startswith(f"../../_live/lesson_03_kinds/{file}?v=")
    for key, file in kind.MODULES.items():
        assert files[key]["url"].startswith(f"../../_static/{file}?v=")
    assert ("runtime" in files) == bool(kind.WITH_RUNTIME)
    assert (course.written("en") / onnx_runtime.FOLDER / "LICENSE").is_file()


@pytest.mark.parametrize(
    ("name", "kind", "sized", "text"),
    [
        ("live-digit", live_digit, ["ask"], "没有脚本，这里什么也没有。"),
        ("live-logo", live_logo, ["load", "again"], "没有脚本，这里什么也不找。"),
        ("live-pictures", live_pictures, [], "没有脚本，没有图片作答。"),
        ("live-review", live_review, [], "没有脚本，这里什么也不判断。"),
        ("attention-explorer", attention_explorer, [], "没有脚本，没有头会看向任何地方。"),
        ("live-tokeniser", live_tokeniser, [], "没有脚本，这里什么也不切分。"),
    ],
)
def test_words_of_a_live_element_are_those_of_the_language(
    course: Project, name: str, kind, sized: list[str], text: str
) -> None:
    found = element(course, "zh", KINDS, name)
    assert found.get("lang") == "zh-CN"
    words = kind.labels(lambda english: chinese(course, english), "0.0")
    assert json.loads(found.get("data-labels")) == words
    assert all("0.0 MB" in words[key] for key in sized) and text in found.text_content()


def test_button_names_the_size_of_all_that_it_loads(tmp_path: Path, monkeypatch) -> None:
    package = write(
        tmp_path / "ort",
        {"package.json": '{"version": "9.9"}'}
        | {f"dist/{name}": "x" * 1_000_000 for name in onnx_runtime.FILES.values()},
    )
    monkeypatch.setattr(onnx_runtime, "PACKAGE", package)
    for name, kind, loaded in (("live-digit", live_digit, 1), ("live-logo", live_logo, 3)):
        page = f"Title\n=====\n\n.. {name}::\n\n   Without scripts.\n"
        files = {f"index.files/{file}": "x" * 500_000 for file in kind.PAGE_FILES.values()}
        folder = write(tmp_path / name, {"index.rst": page, **files})
        built = build(folder, tmp_path / f"{name}.out", extensions=["_ext.widgets.live"])
        assert f"{2 + loaded / 2:.1f} MB" in (built.out / "index.html").read_text("utf-8")


def test_a_network_in_plain_javascript_brings_no_runtime(tmp_path: Path) -> None:
    page = "Title\n=====\n\n.. live-review::\n\n   Without scripts.\n"
    files = {f"index.files/{file}": "x" for file in live_review.PAGE_FILES.values()}
    folder = write(tmp_path / "docs", {"index.rst": page, **files})
    built = build(folder, tmp_path / "out", extensions=["_ext.widgets.live"])
    assert not (built.out / onnx_runtime.FOLDER).exists()


def test_another_network_writes_the_page_again_and_nothing_else(
    course: Project, followed: Project
) -> None:
    found = element(followed, "en", KINDS, "live-digit")
    assert json.loads(found.get("data-files"))["model"]["bytes"] == len("another one")
    runtime = f"{onnx_runtime.FOLDER}/{onnx_runtime.FILES['runtime']}"
    copies = [(site.written("en") / runtime).stat().st_mtime_ns for site in (course, followed)]
    assert copies[0] == copies[1]


@pytest.mark.parametrize(
    ("file", "pages"),
    [
        ("frame-player.js", {MOVING}),
        ("elements.js", {KINDS, "opening"}),
        ("conv-stepper.js", {KINDS, "opening"}),
        ("receptive-field.js", {"opening"}),
        ("autograd-engine.js", {"opening"}),
        ("descent-path.js", {"opening"}),
        ("softmax-temperature.js", {"opening"}),
        ("transposed-stepper.js", {"opening"}),
        ("live-digit.js", {KINDS}),
        ("live-logo.js", {KINDS}),
        ("live-pictures.js", {KINDS}),
        ("live-review.js", {KINDS}),
        ("attention-explorer.js", {KINDS}),
        ("live-tokeniser.js", {KINDS}),
        ("live.css", {KINDS}),
    ],
)
def test_files_are_loaded_on_their_pages_only(course: Project, file: str, pages: set[str]) -> None:
    site = course.written("en")
    found = {page for page in site.rglob("*.html") if file in page.read_text("utf-8")}
    assert found == {site / f"{name}.html" for name in pages}


def test_descriptions_and_stand_ins_are_extracted_and_no_empty_one(templates: Path) -> None:
    moving = (templates / f"{MOVING}.pot").read_text("utf-8")
    assert 'msgid "A point that moves to the right."' in moving
    assert moving.count('msgid ""\n') == 1, "the header"
    kinds = (templates / f"{KINDS}.pot").read_text("utf-8")
    for text in (
        "One step: nine products.",
        "Without scripts there is nothing to draw.",
        "Without scripts nothing is looked for.",
        "Without scripts no picture answers.",
        "Without scripts nothing is judged.",
        "Without scripts no head looks anywhere.",
        "Without scripts nothing is cut.",
    ):
        assert f'msgid "{text}"' in kinds


def test_mistakes_are_named(tmp_path: Path) -> None:
    figure = ".. interactive:: conv-stepper\n"
    mistakes = {
        ".. interactive:: no-such\n\n   Text.": "no interactive figure 'no-such'; there are: conv",
        figure: "what readers see where scripts do not run",
        f"{figure}   :stride: 4\n\n   Text.": "4 is not between 1 and 3",
        f"{figure}   :kernel: blur\n\n   Text.": "blur",
        f"{figure}   :input: 00 00\n\n   Text.": "3 to 8 cells wide",
        f"{figure}   :input: 000 00 000\n\n   Text.": "square",
        f"{figure}   :input: 0a0 000 000\n\n   Text.": "made of digits",
        ".. live-digit::": "write below live-digit what readers see",
        ".. live-logo::": "write below live-logo what readers see",
        ".. live-pictures::": "write below live-pictures what readers see",
        ".. live-review::": "write below live-review what readers see",
        ".. attention-explorer::": "write below attention-explorer what readers see",
        ".. live-tokeniser::": "write below live-tokeniser what readers see",
    }
    calculator = ".. interactive:: receptive-field\n"
    mistakes |= {
        f"{calculator}   :layers: {layers}\n\n   Text.": message
        for layers, message in {
            "conv3 conv8": "'conv8' is no layer: write conv3, conv3s2, conv3d2",
            "conv3d2s2": "'conv3d2s2' is no layer",
            "conv3s4": "a stride (s) of 1 to 3",
            "pool5": "the stride of 'pool5' would be 5: write pool5s3",
            "": "write 1 to 8 layers",
            "conv1 " * 9: "write 1 to 8 layers",
            "pool3 pool3 pool3 pool3 conv3": "is 243 pixels wide; the figure draws 127",
        }.items()
    }
    descent = ".. interactive:: descent-path\n"
    mistakes |= {
        f"{descent}   :{option}:{value}\n\n   Text.": message
        for option, value, message in (
            ("surface", " hill", '"hill" unknown; choose from "valley", "curved", or "saddle"'),
            ("optimiser", " lion", 'choose from "sgd", "rmsprop", or "adam"'),
            ("rate", " 0", "0 is not between 0.001 and 1"),
            ("rate", " fast", "'fast' is no number"),
            ("rate", " nan", "nan is not between 0.001 and 1"),
            ("momentum", " 1", "1 is not between 0 and 0.99"),
            ("momentum", "", "is no number"),
        )
    }
    softmax = ".. interactive:: softmax-temperature\n"
    mistakes |= {
        f"{softmax}   :{option}: {value}\n\n   Text.": message
        for option, value, message in (
            ("logits", "1", "write 2 to 5 logits, such as 0.2370 1.7276"),
            ("logits", "1 x", "logits of softmax-temperature: 'x' is no number"),
            ("logits", "1 36", "36 is not between -5 and 35"),
            ("temperature", "0", "0 is not between 0.1 and 10"),
        )
    }
    transposed = ".. interactive:: transposed-stepper\n"
    mistakes |= {
        f"{transposed}   :{option}: {value}\n\n   Text.": message
        for option, value, message in (
            ("kernel", "vertical", 'choose from "stamps", "numbered", "ones", or "bilinear"'),
            ("size", "5", "5 is not between 1 and 4"),
            ("input", "1234", "2 or 3 cells wide"),
            ("input", "1a 22", "an input is made of digits"),
        )
    }
    mistakes[f"{calculator}   :stride: 2\n\n   Text."] = "receptive-field has no setting stride"
    engine = ".. interactive:: autograd-engine\n"
    mistakes[f"{engine}   :expression: square\n\n   Text."] = 'choose from "neuron"'
    mistakes[f"{engine}   :layers: conv3\n\n   Text."] = "autograd-engine has no setting layers"
    pages = {f"p{n}.rst": f":orphan:\n\nT\n=\n\n{text}\n" for n, text in enumerate(mistakes)}
    folder = write(tmp_path / "docs", {"index.rst": "T\n=\n", **pages})
    warnings = build(
        folder, tmp_path / "out", extensions=["_ext.widgets.element", "_ext.widgets.live"]
    ).warnings
    _, *said = re.split(r".*/p(\d+)\.rst:6: ", warnings)
    answers = dict(zip(map(int, said[::2]), said[1::2], strict=True))
    found = [message in answers[number] for number, message in enumerate(mistakes.values())]
    assert found == [True] * len(mistakes), answers


@pytest.mark.parametrize(
    ("name", "left", "missing"),
    [
        ("live-digit", "digits.onnx", "digits.safetensors, samples.safetensors"),
        ("live-logo", "samples.safetensors", "logo.onnx, logo.json"),
        ("live-pictures", "emoji.webp", "pictures_and_words.safetensors"),
        ("live-review", "review_zh.safetensors", "review_en.safetensors"),
    ],
)
def test_live_element_of_a_lesson_that_was_not_executed_shows_nothing(
    tmp_path: Path, name: str, left: str, missing: str
) -> None:
    page = f"Title\n=====\n\n.. {name}::\n\n   Without scripts.\n"
    folder = write(tmp_path / "docs", {"index.rst": page})
    built = build(folder, tmp_path / "out", extensions=["_ext.widgets.live"])
    assert built.warnings == "" and "Without" not in (built.out / "index.html").read_text("utf-8")
    assert not (built.out / onnx_runtime.FOLDER).exists()
    write(folder, {f"index.files/{left}": "", "index.rst": f"{page}\nMore.\n"})
    with pytest.raises(ExtensionError, match=f"{re.escape(missing)}, which the lesson"):
        build(folder, tmp_path / "out", extensions=["_ext.widgets.live"])


def test_notebook_has_a_link_to_the_page() -> None:
    node = interactive(download="A figure.")
    nodes.section("", node, ids=["try-it"])
    writer = MarkdownWriter("https://course.example/lesson.html", lambda image: "")
    assert writer.write(node) == "[A figure.](https://course.example/lesson.html#try-it)"
    node = live.live(download="A network.")
    assert writer.write(node) == "[A network.](https://course.example/lesson.html)"


def test_every_choice_has_a_name() -> None:
    for stepper in (conv_stepper, transposed_stepper):
        assert set(stepper.KERNELS) <= stepper.labels(str).keys()
    names = {*descent_path.SURFACES, *descent_path.OPTIMISERS}
    assert names <= descent_path.labels(str).keys()
    for figure in (
        autograd_engine,
        conv_stepper,
        descent_path,
        receptive_field,
        softmax_temperature,
        transposed_stepper,
    ):
        assert figure.SETTINGS.keys() == figure.DEFAULTS.keys()


def test_field_grows_by_the_jump_of_the_layers_below() -> None:
    for stack, size in {
        "conv3": 3,
        "conv3 conv3 conv3": 7,
        "conv3s2 conv3s2 conv3": 15,
        "conv3d2 conv3d2 conv3d2": 13,
        "conv3 conv3d2 conv3d5": 17,
        "conv3 conv3 pool2 conv3 conv3 pool2 conv3 conv3": 32,
        "conv1s3 conv1s3": 1,
    }.items():
        assert receptive_field.field(map(receptive_field.layer, stack.split())) == size
        assert receptive_field.layers(stack) == stack
