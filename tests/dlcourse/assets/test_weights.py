"""Weights are read as data: code in a file is never run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from dlcourse.assets import AssetError, load_state_dict


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


def layers() -> dict[str, torch.Tensor]:
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()


KINDS: dict[str, Callable[[Path, Any], None]] = {
    "w.safetensors": lambda file, content: save_file(dict(content), file),
    "w.pth": lambda file, content: torch.save(content, file),
    "legacy.pth": lambda file, content: torch.save(
        content, file, _use_new_zipfile_serialization=False
    ),
    "pickle.pth": lambda file, content: file.write_bytes(  # in the protocol of torch.save
        pickle.dumps(content, protocol=2)
    ),
}


@pytest.mark.parametrize("name", list(KINDS)[:3])
def test_weights_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    weights = dict(layers())
    KINDS[name](tmp_path / name, weights)
    torch.testing.assert_close(load_state_dict(tmp_path / name), weights, rtol=0, atol=0)


@pytest.mark.parametrize("name", list(KINDS)[1:])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, name: str) -> None:
    trapped = tmp_path / "trapped"
    KINDS[name](tmp_path / name, {"weight": torch.ones(2), "trap": Trap(trapped)})
    message = rf"{name} holds something that is no plain tensor, perhaps code"
    with pytest.raises(AssetError, match=message):
        load_state_dict(tmp_path / name)
    assert not trapped.exists()
    pickle.loads(pickle.dumps(Trap(trapped)))
    assert trapped.exists(), "the trap is a real one"


@pytest.mark.parametrize("content", [[torch.ones(1)], {"epoch": 3, "weight": torch.ones(1)}])
def test_what_is_no_state_dict_is_an_error_that_says_what_to_save(
    tmp_path: Path, content: object
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(AssetError, match=r"w\.pth holds no dictionary of tensors; save model"):
        load_state_dict(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_damaged_or_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssetError, match=rf"{name} does not exist"):
        load_state_dict(tmp_path / name)
    KINDS[name](tmp_path / name, layers())
    data = (tmp_path / name).read_bytes()
    for part in (0.0, 0.5, 0.95):
        (tmp_path / name).write_bytes(data[: int(part * len(data))])
        message = rf"{name} is damaged or no file of weights: .*fetch it"
        with pytest.raises(AssetError, match=message):
            load_state_dict(tmp_path / name)
