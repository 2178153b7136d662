"""The logo is that of the site, counterfeits differ from it, and boxes tell where it was put."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlcourse import logo

ROOT = Path(__file__).parents[2]
STICKERS = {"emoji": [logo.draw_logo(64, "round")], "animal": [logo.draw_logo(64, "solid")]}


def grey(side: int = 200) -> Image.Image:
    return Image.new("RGB", (side, side), "gray")


def test_the_logo_is_the_one_of_the_site() -> None:
    # Each path of the file is a sequence of rectangles: M x y, then h and v.
    svg = (ROOT / "docs" / "_static" / "logo.svg").read_text(encoding="utf-8")
    drawn = np.array(logo.draw_logo(16))
    expected = np.zeros((16, 16, 4), dtype=np.uint8)
    for colour, path in re.findall(r'fill="(#\w+)"[^>]* d="([^"]+)"', svg):
        rgb = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        for x, y, size in rectangles(path):
            inside = expected[y : y + size, x : x + size]
            hole = (inside[..., 3] > 0).all()  # evenodd: a rectangle in a rectangle is a hole
            inside[:] = [0, 0, 0, 0] if hole else [*rgb, 255]
    np.testing.assert_array_equal(drawn, expected)


def rectangles(path: str) -> list[tuple[int, int, int]]:
    """Return left, top and size of the squares of an SVG path."""
    corners = re.findall(r"M(\d+) (\d+)(?:h|v)(\d+)", path)
    return [(int(x), int(y), int(size)) for x, y, size in corners]


def test_the_colours_stand_in_the_file_of_the_site() -> None:
    svg = (ROOT / "docs" / "_static" / "logo.svg").read_text(encoding="utf-8")
    assert set(re.findall(r'fill="(#\w+)"', svg)) == {logo.BLUE, logo.ORANGE}


def test_each_counterfeit_differs_clearly_from_the_logo_and_from_the_others() -> None:
    drawn = {
        kind: np.array(logo.draw_logo(64, kind)).astype(int)
        for kind in ("logo", *logo.COUNTERFEITS)
    }
    kinds = list(drawn)
    for number, one in enumerate(kinds):
        for other in kinds[number + 1 :]:
            differs = (np.abs(drawn[one] - drawn[other]) > 64).any(-1).mean()
            assert differs > 0.04, (one, other)


def test_a_quarter_turn_is_a_mirror_image() -> None:
    upright, turned = logo.draw_logo(64), logo.draw_logo(64, "turned")
    assert upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes() == turned.tobytes()
    assert upright.rotate(-90).tobytes() == turned.tobytes()


def test_a_turned_hue_keeps_the_shape() -> None:
    plain, turned = (np.array(logo.draw_logo(64, turn_hue=hue)) for hue in (0, 12))
    np.testing.assert_array_equal(plain[..., 3], turned[..., 3])
    assert not np.array_equal(plain, turned)


@pytest.mark.parametrize(
    ("side", "kind", "message"),
    [(64, "triangle", "no such kind: 'triangle'"), (0, "logo", "0 pixels")],
)
def test_what_cannot_be_drawn_is_an_error(side: int, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logo.draw_logo(side, kind)


def test_the_box_is_around_what_has_changed() -> None:
    for seed in range(30):
        generator = np.random.default_rng(seed)
        picture = grey(96)
        left, top, right, bottom = logo.stick(picture, logo.draw_logo(64), generator)
        changed = np.argwhere((np.array(picture) != 128).any(-1))
        rows, columns = changed[:, 0], changed[:, 1]
        # The smooth edge may reach one or two pixels beyond the box.
        assert 0 <= left - columns.min() <= 2 and 0 <= columns.max() + 1 - right <= 2
        assert 0 <= top - rows.min() <= 2 and 0 <= rows.max() + 1 - bottom <= 2


def test_the_size_of_a_sticker_is_the_share_that_is_asked_for() -> None:
    sizes = []
    for seed in range(50):
        picture = grey(96)
        generator = np.random.default_rng(seed)
        box = logo.stick(picture, logo.draw_logo(64), generator, share=(0.5, 0.5))
        sizes.append(max(box[2] - box[0], box[3] - box[1]))
    # 15/16 of 48 pixels are drawn; the turn and the shear make the box larger, up to 1.6 times
    assert min(sizes) >= 40 and max(sizes) <= 1.6 * 48


def test_an_invisible_sticker_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pixel of the sticker"):
        logo.stick(grey(96), Image.new("RGBA", (9, 9)), np.random.default_rng(0))


def test_transparent_pixels_bring_no_colour() -> None:
    # Pink where it is transparent: only the edges could show it, if alpha were not respected.
    sticker = Image.new("RGBA", (64, 64), (255, 0, 255, 0))
    sticker.paste((128, 128, 128, 255), (16, 16, 48, 48))
    for seed in range(10):
        picture = grey(96)
        logo.stick(picture, sticker, np.random.default_rng(seed))
        assert np.abs(np.array(picture).astype(int) - 128).max() <= 2


def test_the_same_seed_makes_the_same_picture_and_another_one_another() -> None:
    def make(seed: int) -> logo.Composite:
        generator = np.random.default_rng(seed)
        return logo.compose(grey(), has_logo=True, stickers=STICKERS, generator=generator)

    assert make(1).picture.tobytes() == make(1).picture.tobytes()
    assert make(1).box != make(2).box


def test_contents_come_as_often_as_documented_with_the_logo_and_without() -> None:
    generator = np.random.default_rng(0)
    for has_logo in (True, False):
        made = [
            logo.compose(grey(), has_logo=has_logo, stickers=STICKERS, generator=generator, side=32)
            for _ in range(400)
        ]
        contents = [item.content for item in made]
        shares = {kind: contents.count(kind) / 400 for kind in ("emoji", "animal", "nothing")}
        assert abs(shares["emoji"] - 0.25) < 0.08
        assert abs(shares["animal"] - 0.20) < 0.08
        assert abs(shares["nothing"] - 0.20) < 0.08
        assert set(contents) >= set(logo.COUNTERFEITS)
        assert all((item.box != (0, 0, 0, 0)) == has_logo for item in made)


def test_a_near_copy_is_similar_but_not_equal() -> None:
    generator = np.random.default_rng(3)
    picture = logo.compose(grey(), has_logo=True, stickers=STICKERS, generator=generator).picture
    copy = logo.near_copy(picture, generator)
    difference = np.abs(np.array(picture).astype(int) - np.array(copy))
    assert 0 < difference.mean() < 60
