"""Weights are read as data: code in a file is never run."""

from __future__ import annotations

import pathlib
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from dlcourse.assets import AssetError, load_state_dict


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return pathlib.Path.touch, (self.file,)


def layers() -> dict[str, torch.Tensor]:
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()


@pytest.mark.parametrize("legacy", [False, True])
def test_a_state_dict_comes_back_as_it_was(tmp_path: Path, legacy: bool) -> None:
    weights = layers()
    torch.save(weights, tmp_path / "w.pth", _use_new_zipfile_serialization=not legacy)
    torch.testing.assert_close(load_state_dict(tmp_path / "w.pth"), dict(weights), rtol=0, atol=0)


def test_safetensors_come_back_as_they_were(tmp_path: Path) -> None:
    weights = dict(layers())
    save_file(weights, tmp_path / "w.safetensors")
    torch.testing.assert_close(load_state_dict(tmp_path / "w.safetensors"), weights, rtol=0, atol=0)


@pytest.mark.parametrize("how", ["torch", "torch, legacy", "pickle"])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, how: str) -> None:
    file, trapped = tmp_path / "w.pth", tmp_path / "trapped"
    content = {"weight": torch.ones(2), "trap": Trap(trapped)}
    if how == "pickle":
        file.write_bytes(pickle.dumps(content, protocol=2))  # as torch.save does
    else:
        torch.save(content, file, _use_new_zipfile_serialization=how == "torch")
    with pytest.raises(
        AssetError, match=r"w\.pth holds something that is no plain tensor, perhaps code"
    ):
        load_state_dict(file)
    assert not trapped.exists()


def test_the_trap_is_a_real_one(tmp_path: Path) -> None:
    """Guards the test above."""
    pickle.loads(pickle.dumps(Trap(tmp_path / "trapped")))
    assert (tmp_path / "trapped").exists()


@pytest.mark.parametrize("content", [[torch.ones(1)], {"epoch": 3, "weight": torch.ones(1)}])
def test_what_is_no_state_dict_is_an_error_that_says_what_to_save(
    tmp_path: Path, content: object
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(AssetError, match=r"w\.pth holds no dictionary of tensors; save model"):
        load_state_dict(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.95])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, part: float) -> None:
    file = tmp_path / name
    if name.endswith(".pth"):
        torch.save(layers(), file)
    else:
        save_file(dict(layers()), file)
    data = file.read_bytes()
    file.write_bytes(data[: int(part * len(data))])
    with pytest.raises(AssetError, match=rf"{name} is damaged or no file of weights: .*fetch it"):
        load_state_dict(file)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssetError, match=rf"{name} does not exist"):
        load_state_dict(tmp_path / name)
