"""Figures: every kind of text is found, and drawn again in another language."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from PIL import Image

from _ext.figures import font, images
from _ext.figures.capture import capture, collect_strings, pack
from _ext.figures.drawing import draw, identity, render
from _ext.figures.font import FigureError
from pixels import pixels

ZH = {
    "All of it": "全部",
    "Loss after {0} epochs": "{0} 轮之后的损失",
    "epoch": "轮次",
    "Curves of {0} runs": "{0} 次运行的曲线",
    "training loss, $L_2$": "训练损失，$L_2$",
    "lowest at {0}": "最低点在 {0}",
    "cat": "猫",
    "dog": "狗",
    "step {0}": "第 {0} 步",
    "brightness": "亮度",
    "dark": "暗",
    "bright": "亮",
    "layer": "层",
    "two words": "两个词",
    "one unit": "一个单位",
    "with serifs": "有衬线",
}
BRAIN = "\U0001f9e0"


def figure_with_everything() -> Figure:
    fig = plt.figure(figsize=(6, 4))
    top, bottom = fig.subfigures(2, 1)
    top.suptitle("All of it")
    curve, bars, lessons_own = top.subplots(1, 3)
    curve.plot([0, -1, 2], label="training loss, $L_2$")
    curve.legend(title="Curves of 3 runs")
    curve.set(title="Loss after 12 epochs", xlabel="epoch", ylabel="$y$")
    curve.annotate("lowest at 2.5", (1, -1), (0.2, 1.5), arrowprops={"arrowstyle": "->"})
    bars.bar(["cat", "dog"], [1, 2])
    lessons_own.plot([0, 5, 9])
    lessons_own.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"step {value:.0f}"))
    lessons_own.text(0, 5, "x = torch.ones(2)", family="monospace")
    lessons_own.text(0, 7, "with serifs", family="serif")
    image, table, arrows = bottom.subplots(1, 3)
    mappable = image.imshow(np.eye(3))
    bar = bottom.colorbar(mappable, ax=image, label="brightness")
    bar.set_ticks([0, 1], labels=["dark", "bright"])
    table.axis("off")
    table.set_xlabel("never seen")
    table.table([["1", "two words"]], colLabels=["layer", "2"], loc="center")
    arrows.quiverkey(arrows.quiver([0], [0], [1], [1]), 0.5, 1.1, 1, "one unit")
    arrows.text(0, 0, "hidden too", visible=False)
    return fig


def titled(title: str) -> Figure:
    fig = plt.figure(figsize=(2, 1))
    fig.text(0.1, 0.5, title)
    return fig


def drawn(fig: Figure, path: Path, translations: dict[str, str]) -> np.ndarray:
    frame, _ = capture(fig)
    render(pack([frame]), path, lambda message: translations.get(message, message))
    return pixels(path)


def test_every_kind_of_text_is_collected_and_code_is_not() -> None:
    assert set(collect_strings(figure_with_everything())) == set(ZH)


def test_ticks_are_given_back_to_the_lesson() -> None:
    fig = figure_with_everything()
    before = fig.axes[2].xaxis.get_major_formatter()
    collect_strings(fig)
    assert fig.axes[2].xaxis.get_major_formatter() is before


def test_each_translation_changes_the_picture_and_nothing_else_does() -> None:
    pickled = pack([capture(figure_with_everything())[0]])
    english = draw(pickled, identity)[0].tobytes()
    assert len(english) == 1200 * 800 * 3
    assert draw(pickled, identity)[0].tobytes() == english
    for message in ZH:
        other = draw(pickled, lambda m, message=message: ZH[m] if m == message else m)
        assert other[0].tobytes() != english, message


def test_the_same_pixels_give_the_same_bytes_and_open_no_window(tmp_path: Path) -> None:
    frame, _ = capture(titled("a title"))
    plt.close("all")
    for name in ("1.png", "2.png"):
        render(pack([frame]), tmp_path / name, identity)
    assert plt.get_fignums() == [], "reading a pickle opens no window"
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    assert pixels(tmp_path / "1.png").shape == (200, 400, 3)


def test_numbers_come_back(tmp_path: Path) -> None:
    one = drawn(titled("seen 12 times"), tmp_path / "1.png", {"seen {0} times": "{0} 次"})
    same = drawn(titled("12 次"), tmp_path / "2.png", {})
    other = drawn(titled("13 次"), tmp_path / "3.png", {})
    assert (one == same).all()
    assert (one != other).any()


def test_settings_of_the_lesson_are_kept(tmp_path: Path) -> None:
    with plt.rc_context({"savefig.facecolor": "red"}):
        pickled = pack([capture(titled("a title"))[0]])
    render(pickled, tmp_path / "figure.png", identity)
    assert pixels(tmp_path / "figure.png")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("text", [f"ok {BRAIN}", f"$x$ ok {BRAIN}"], ids=["plain", "mathtext"])
def test_missing_glyph_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(FigureError, match=rf"character '{BRAIN}' \(U\+1F9E0\) of '.*ok {BRAIN}'"):
        capture(titled(text))
    frame, _ = capture(titled("a title"))
    with pytest.raises(FigureError, match=r"U\+1F9E0"):
        render(pack([frame]), tmp_path / "figure.png", lambda _: text)


def test_functions_that_no_other_build_has_are_refused() -> None:
    def forward(y: float) -> float:
        return y

    forward.__module__, forward.__qualname__ = "__main__", "forward"
    for function, message in (
        (lambda y: y, r"cannot be saved .*<lambda>.* functions of a module"),
        (forward, "forward is defined in the lesson"),
    ):
        _, ax = plt.subplots()
        ax.set_yscale("function", functions=(function, np.asarray))
        with pytest.raises(FigureError, match=message):
            capture(ax.figure)


def test_numbers_may_label_the_ticks(tmp_path: Path) -> None:
    fig, ax = plt.subplots(num="A line whose ticks are labelled by numbers.")
    ax.set_xticks([0, 1], [10, 20])
    assert collect_strings(fig) == []
    render(pack([capture(fig)[0]]), tmp_path / "numbers.png", identity)
    assert (tmp_path / "numbers.png").is_file()


def test_missing_font_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font, "FONT_PACKAGE", "no_such_package")
    font.font_path.cache_clear()
    with pytest.raises(FigureError, match="pip install no-such-package"):
        capture(titled("a title"))


def test_drawings_get_a_palette_and_photographs_do_not() -> None:
    lines = Image.new("RGB", (50, 50), "white")
    lines.paste("blue", (10, 10, 20, 40))
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    photograph = Image.fromarray(noise)
    for image, mode in ((lines, "P"), (photograph, "RGB")):
        stored = Image.open(io.BytesIO(images.png(image)))
        assert stored.mode == mode
        assert (np.asarray(stored.convert("RGB")) == np.asarray(image)).all()


def test_areas_keep_their_colour_and_edges_change_unseen() -> None:
    around = np.hypot(*np.meshgrid(range(-300, 300), range(-300, 300))) - 200.3
    coverage = np.clip(around, 0, 1)[..., None]  # of the ground, at the edge of a disc
    disc, ground = np.array([31, 119, 181]), np.array([255, 255, 254])
    drawing = np.rint(coverage * ground + (1 - coverage) * disc).astype(np.uint8)
    across, down = np.meshgrid(range(32), range(32))
    drawing[:32, :32] = np.stack([across * 4, down * 4, across * 0], axis=-1)  # a small photograph
    stored = Image.open(io.BytesIO(images.png(Image.fromarray(drawing))))
    assert stored.mode == "P"
    shown = np.asarray(stored.convert("RGB")).astype(int)
    for colour in (disc, ground):
        same = (drawing == colour).all(-1)
        assert same.sum() > 100_000
        assert (shown[same] == colour).all()
    error = np.sqrt(np.mean((shown - drawing) ** 2))
    assert 0 < error <= images.INVISIBLE_ERROR


@pytest.mark.parametrize("colours", ["viridis", "plasma", "coolwarm"])
def test_surfaces_get_a_palette(colours: str, tmp_path: Path) -> None:
    across, down = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-3, 3, 60))
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"}, figsize=(5, 4))
    ax.plot_surface(across, down, np.sin(across) * np.cos(down), cmap=colours, rstride=1, cstride=1)
    render(pack([capture(fig)[0]]), tmp_path / "surface.png", identity)
    with Image.open(tmp_path / "surface.png") as image:
        assert image.mode == "P"


def test_colours_that_a_palette_would_change_visibly_stay() -> None:
    across, down = np.meshgrid(range(64), range(64))
    gradients = np.stack([across * 4, down * 4, 255 - across * 4], axis=-1).astype(np.uint8)
    stored = Image.open(io.BytesIO(images.png(Image.fromarray(gradients))))
    assert stored.mode == "RGB"
    assert (np.asarray(stored) == gradients).all()


def test_pickle_holds_no_file_names() -> None:
    frame, _ = capture(titled("a title"))
    assert str(font.font_path()).encode() not in frame
    assert isinstance(pickle.loads(frame), Figure)


def test_pickle_holds_categories_without_their_iterator(tmp_path: Path) -> None:
    fig, (first, second) = plt.subplots(1, 2, sharex=True, figsize=(3, 1))
    first.bar(["cat", "dog"], [1, 2])
    second.bar(["dog", "bird"], [3, 1])
    frame, _ = capture(fig)
    assert b"itertools" not in frame, "Python 3.14 pickles none"
    left, right = (axes.xaxis for axes in pickle.loads(frame).axes)
    assert left.units is right.units
    right.update_units(["bird", "fish"])
    assert dict(left.units._mapping) == {"cat": 0, "dog": 1, "bird": 2, "fish": 3}
