"""Cut-outs keep their colours when they are shrunk and moved, and nothing of one photograph gets into another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from dlcourse import assets
from dlcourse.composites import crops, load_cutout, place, relatives, tint


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_hidden_colours_leave_no_fringe(tmp_path: Path) -> None:
    image = Image.new("RGBA", (90, 60), (0, 255, 0, 0))  # green, but transparent
    image.paste((255, 0, 0, 255), (20, 10, 70, 45))
    image.save(tmp_path / "red.png")
    cutout = load_cutout(tmp_path / "red.png", 16)
    assert cutout.shape == (4, 16, 16)
    assert cutout[1:3].abs().max() == 0
    torch.testing.assert_close(cutout[0], cutout[3])
    # The margin is gone: the picture fills the square in its longer direction, and is centred.
    assert cutout[3].amax(0).min() > 0.9
    assert cutout[3].sum() / 16**2 == pytest.approx(35 / 50, abs=0.02)


def test_grey_cutouts_are_read_too(tmp_path: Path) -> None:
    Image.new("LA", (8, 8), (100, 255)).save(tmp_path / "grey.png")
    cutout = load_cutout(tmp_path / "grey.png", 4)
    torch.testing.assert_close(cutout[:3], torch.full((3, 4, 4), 100 / 255))


def test_an_empty_cutout_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8)).save(tmp_path / "empty.png")
    with pytest.raises(ValueError, match=r"empty\.png is transparent everywhere"):
        load_cutout(tmp_path / "empty.png", 4)


def test_a_placed_cutout_has_its_size_and_all_its_channels_move_together() -> None:
    disc = (torch.linspace(-1, 1, 64)[:, None] ** 2 + torch.linspace(-1, 1, 64) ** 2 < 1).float()
    placed = place(disc.expand(200, 4, 64, 64), generator=generator(), sizes=(0.5, 0.5))
    assert torch.equal(placed[:, 0], placed[:, 3])
    shares = placed[:, 3].sum((1, 2)) / disc.sum()
    assert shares.max() == pytest.approx(0.25, abs=0.02)
    assert (shares > 0.23).float().mean() > 0.5
    middles = (placed[:, 3] * torch.arange(64)).sum((1, 2)) / placed[:, 3].sum((1, 2))
    assert middles.min() < 20 and middles.max() > 44


def centres(channel: torch.Tensor) -> torch.Tensor:
    """Return the mean column and row of each picture, shape (N, 2)."""
    total = channel.sum((1, 2))
    steps = torch.arange(channel.shape[-1])
    columns, rows = (channel.sum(1) * steps).sum(1), (channel.sum(2) * steps).sum(1)
    return torch.stack([columns / total, rows / total], dim=1)


def test_half_are_mirrored_and_the_turn_has_a_bound() -> None:
    halves = torch.ones(400, 4, 32, 32)
    halves[:, 0, :, 16:] = 0  # only the left half is red
    halves[:, 1, 16:] = 0  # only the upper half is green
    placed = place(halves, generator=generator(), sizes=(0.4, 0.4), turn=0.0)
    inside = placed[:, 3].sum((1, 2)) > 0.95 * (0.4 * 32) ** 2
    assert inside.sum() > 50
    red, green, all_of_it = (centres(placed[inside, channel]) for channel in (0, 1, 3))
    left = (red - all_of_it)[:, 0] < 0
    assert 0.3 < left.float().mean() < 0.7
    torch.testing.assert_close(
        (red - all_of_it)[:, 0].abs(), torch.full((len(red),), 3.2), rtol=0, atol=0.6
    )
    assert ((green - all_of_it)[:, 1] < -2.5).all(), "turned, or upside down"
    turned = place(halves, generator=generator(), sizes=(0.4, 0.4), turn=0.3)
    inside = turned[:, 3].sum((1, 2)) > 0.95 * (0.4 * 32) ** 2
    shift = centres(turned[inside, 1]) - centres(turned[inside, 3])
    angles = torch.atan2(shift[:, 0], -shift[:, 1])
    assert angles.abs().max() < 0.36 and angles.min() < -0.15 and angles.max() > 0.15


def test_crops_lie_inside_and_come_from_all_photographs() -> None:
    photographs = [torch.full((3, 20 + n, 30), float(n)) for n in range(4)]
    cut = crops(photographs, 100, 20, generator=generator())
    assert cut.shape == (100, 3, 20, 20)
    assert set(cut[:, 0, 0, 0].tolist()) == {0.0, 1.0, 2.0, 3.0}
    assert (cut == cut[:, :1, :1, :1]).all()
    with pytest.raises(ValueError, match=r"\(3, 20, 30\) has no square of 21 pixels"):
        crops(photographs, 1, 21, generator=generator())


def test_a_tint_is_a_factor_for_each_picture_and_channel() -> None:
    colours = torch.rand(50, 3, 4, 4, generator=generator())
    factors = tint(colours, generator=generator(1)) / colours
    torch.testing.assert_close(factors, factors[:, :, :1, :1].expand_as(factors))
    assert factors.min() > 0 and 0.2 < factors[:, 0, 0, 0].log().std() < 0.4


def test_every_relative_is_a_cutout_of_the_catalogue() -> None:
    files = assets.catalogue()["cutouts"].files
    names = {Path(file.path).stem for file in files}
    groups = relatives(sorted(names))
    assert set(groups) <= names
    assert len(set(groups)) == 76
    assert relatives(["lion-2", "lion", "owl"]) == ["lion", "lion", "owl"]
