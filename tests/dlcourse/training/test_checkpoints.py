"""Files of weights and states: whole or not there, checked when read, never executed."""

from __future__ import annotations

import pickle
import resource
import signal
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dlcourse import checkpoints
from dlcourse.checkpoints import CheckpointError, load_state, load_weights, save_state, save_weights


class Varied(nn.Module):
    """Parameters and buffers of several types and shapes; two names for one weight."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.norm = nn.BatchNorm1d(3)  # with a counter of shape () and type int64
        self.short = nn.Parameter(torch.randn(2, 2).bfloat16())
        self.register_buffer("mask", torch.rand(4) > 0.5)
        self.register_buffer("turned", torch.randn(3, 2).T)
        self.register_buffer("empty", torch.zeros(0, 3))
        self.embedding = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embedding.weight  # as in language models


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the weights."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """Compare bit for bit."""
    assert first.keys() == second.keys()
    assert [name for name, value in first.items() if not torch.equal(value, second[name])] == []


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """Return a file of a state."""
    save_state({"weights": torch.arange(1000.0), "epoch": 3}, tmp_path / "last.pt")
    return tmp_path / "last.pt"


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    """Return a file of weights of a ``nn.Linear(40, 30)``."""
    save_weights(nn.Linear(40, 30), tmp_path / "best.safetensors")
    return tmp_path / "best.safetensors"


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    first, second = Varied(0), Varied(1)
    save_weights(first, tmp_path / "w.safetensors")
    load_weights(second, tmp_path / "w.safetensors")
    assert_equal(weights_of(first), weights_of(second))
    assert second.head.weight is second.embedding.weight


def test_other_programs_read_the_weights_and_we_theirs(tmp_path: Path) -> None:
    first, second = Varied(0), Varied(1)
    save_weights(first, tmp_path / "ours.safetensors")
    read = safetensors.torch.load_file(tmp_path / "ours.safetensors")
    assert_equal(read, weights_of(first))
    safetensors.torch.save_file(read, tmp_path / "theirs.safetensors")
    load_weights(second, tmp_path / "theirs.safetensors")
    assert_equal(read, weights_of(second))


class Counting(nn.Module):
    """A module with an extra state, as PyTorch allows it: anything that can be pickled."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self.linear, self.state = nn.Linear(2, 1), state

    def get_extra_state(self) -> Any:
        """Return the state."""
        return self.state

    def set_extra_state(self, state: Any) -> None:
        """Take the state."""
        self.state = state


@pytest.mark.parametrize("state", [{"steps": 3, "seen": [torch.ones(2)]}, torch.arange(3), None])
def test_an_extra_state_comes_back(state: Any, tmp_path: Path) -> None:
    first, second = Counting(state), Counting(0 if isinstance(state, dict | None) else state + 1)
    save_weights(first, tmp_path / "w.safetensors")
    load_weights(second, tmp_path / "w.safetensors")
    torch.testing.assert_close(second.state, state, rtol=0, atol=0)
    assert torch.equal(first.linear.weight, second.linear.weight)
    with pytest.raises(CheckpointError, match="the model has no _extra_state"):
        load_weights(nn.ModuleDict({"linear": nn.Linear(2, 1)}), tmp_path / "w.safetensors")


def test_an_extra_state_that_is_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^_extra_state\['f'\] is a function, which cannot be"):
        save_weights(Counting({"f": lambda: None}), tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=50)  # the disk may be slow
@given(value=NESTED)
def test_states_come_back_as_they_were(
    value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("state") / "state.pt"
    save_state({"value": value}, path)
    loaded = load_state(path)["value"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_states_keep_what_optimisers_and_schedules_put_into_them(tmp_path: Path) -> None:
    ones = OrderedDict(a=torch.ones(2))
    save_state(
        {"numpy": np.float64(0.1), "counter": Counter({2: 1}), "ordered": ones}, tmp_path / "s"
    )
    loaded = load_state(tmp_path / "s")
    assert (loaded["numpy"], type(loaded["numpy"])) == (0.1, float)
    assert list(loaded["counter"].elements()) == [2]
    assert_equal(loaded["ordered"], ones)


def test_what_could_not_be_read_again_is_named_before_anything_is_written(
    state_file: Path,
) -> None:
    before = state_file.read_bytes()
    with pytest.raises(TypeError, match=r"^state\['a'\]\[1\] is a function, which cannot be read"):
        save_state({"a": [1, lambda: None]}, state_file)
    assert state_file.read_bytes() == before


def test_code_in_a_file_is_never_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "executed",)

    torch.save({"epoch": Trap()}, tmp_path / "trap.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"epoch": Trap()}))
    for name in ("trap.pt", "plain.pt"):
        with pytest.raises(CheckpointError, match=f"{name} is damaged, or no file of this kind"):
            load_state(tmp_path / name)
    with pytest.raises(CheckpointError, match="plain.pt is damaged, or no file of this kind"):
        load_weights(nn.Linear(2, 1), tmp_path / "plain.pt")
    assert not (tmp_path / "executed").exists()


def damaged(content: bytes, how: str) -> bytes:
    """Return what a damage makes of a file."""
    middle = len(content) // 2  # in the values
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    kinds = {"flipped": flipped, "truncated": content[: -len(content) // 3], "empty": b""}
    return kinds.get(how, b"<html>404 Not Found</html>")


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty", "text"])
def test_damage_is_found(how: str, state_file: Path, weights_file: Path) -> None:
    for file in (state_file, weights_file):
        file.write_bytes(damaged(file.read_bytes(), how))
    with pytest.raises(CheckpointError, match=r"last\.pt is damaged, or .*; delete it and train"):
        load_state(state_file)
    model = nn.Linear(40, 30)
    before = weights_of(model)
    with pytest.raises(CheckpointError, match=r"best\.safetensors is damaged, or .*; delete it"):
        load_weights(model, weights_file)
    assert_equal(weights_of(model), before)
    if how == "flipped":  # PyTorch itself would not have found it: the check is still needed
        loaded = torch.load(state_file, weights_only=True)["weights"]
        assert not torch.equal(loaded, torch.arange(1000.0))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear(40, 31), r"bias has shape \(30,\), not \(31,\) \(and 1 more\); build"),
        (nn.Linear(40, 30, bias=False), "the model has no bias; build the model as it was"),
        (nn.Sequential(nn.Linear(40, 30)), r"0.bias is not in the file \(and 3 more\); build"),
    ],
)
def test_weights_of_another_model_are_named(
    model: nn.Module, message: str, weights_file: Path
) -> None:
    before = weights_of(model)
    text = f"best.safetensors: these weights are of another model: {message}"
    with pytest.raises(CheckpointError, match=text):
        load_weights(model, weights_file)
    assert_equal(weights_of(model), before)


def test_a_missing_file_is_an_error_that_shows_what_is_there(state_file: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no file .*lost\.pt; .* holds last\.pt$"):
        load_state(state_file.with_name("lost.pt"))
    with pytest.raises(FileNotFoundError, match=r"nowhere is empty or missing$"):
        load_weights(nn.Linear(1, 1), state_file.parent / "nowhere" / "best.safetensors")


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError])
def test_a_write_that_stops_leaves_the_old_file(
    stopped_by: type[BaseException], state_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(descriptor: int) -> None:
        raise stopped_by

    with monkeypatch.context() as patch, pytest.raises(stopped_by):
        patch.setattr(checkpoints.os, "fsync", stop)
        save_state({"epoch": 4}, state_file)
    assert load_state(state_file)["epoch"] == 3
    assert [path.name for path in state_file.parent.iterdir()] == ["last.pt"]
    # What a killed process left behind is no obstacle.
    state_file.with_name("last.pt.partial").write_bytes(b"half a file")
    save_state({"epoch": 4}, state_file)
    assert load_state(state_file) == {"epoch": 4}
    assert [path.name for path in state_file.parent.iterdir()] == ["last.pt"]


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let the system refuse to write files of more bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_old_files(state_file: Path, weights_file: Path) -> None:
    before = [path.read_bytes() for path in (state_file, weights_file)]
    with no_room_beyond(2000):
        with pytest.raises((OSError, RuntimeError)):
            save_state({"weights": torch.zeros(5000)}, state_file)
        with pytest.raises(OSError, match="File too large"):
            save_weights(nn.Linear(50, 60), weights_file)
    assert [path.read_bytes() for path in (state_file, weights_file)] == before
    assert len(list(state_file.parent.iterdir())) == 2
