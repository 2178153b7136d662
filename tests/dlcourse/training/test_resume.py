"""A training that stopped and went on is, bit for bit, one that never stopped."""

from __future__ import annotations

import copy
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import small_training
from dlcourse.checkpoints import (
    CheckpointError,
    capture_run,
    load_state,
    restore_run,
    save_state,
)
from dlcourse.training import History, fit
from small_training import OPTIMISERS, SCHEDULERS, make_training


def assert_same(
    first: tuple[dict[str, Tensor], History], second: tuple[dict[str, Tensor], History]
) -> None:
    """Compare weights and histories bit for bit."""
    assert [name for name in first[0] if not torch.equal(first[0][name], second[0][name])] == []
    assert first[1] == second[1]


def disturb() -> None:
    """Draw from the global generators, as another process would have left them elsewhere."""
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)


MADE = [
    *({"optimiser": name} for name in OPTIMISERS),
    *({"optimiser": "momentum", "scheduler": name} for name in SCHEDULERS),
    {"scheduler": "warm_up"},
    {"own_generator": False},
    {"workers": 1},
]


@pytest.mark.parametrize("made", MADE, ids=str)
def test_two_halves_are_one_whole(made: dict[str, Any], tmp_path: Path) -> None:
    whole = make_training(**made)
    history = whole.fit(4)
    first = make_training(**made)
    first_history = first.fit(2, checkpoint_folder=tmp_path)
    finished = make_training(**made)
    disturb()
    again = finished.fit(2, checkpoint_folder=tmp_path, resume=True)  # it trains no more
    assert_same((first.weights(), first_history), (finished.weights(), again))
    second = make_training(**made)
    disturb()
    resumed = second.fit(4, checkpoint_folder=tmp_path, resume=True)
    assert_same((whole.weights(), history), (second.weights(), resumed))


def test_an_epoch_that_was_interrupted_starts_again(tmp_path: Path) -> None:
    whole = make_training()
    history = whole.fit(3)
    first, batches = make_training(), 0

    def interrupted(logits: Tensor, targets: Tensor) -> Tensor:
        nonlocal batches
        batches += torch.is_grad_enabled()
        if batches == 2 * 5 + 3:  # the third batch of the third epoch
            raise KeyboardInterrupt
        return nn.functional.cross_entropy(logits, targets)

    with pytest.raises(KeyboardInterrupt):
        first.fit(3, loss_function=interrupted, checkpoint_folder=tmp_path)
    second = make_training()
    resumed = second.fit(3, checkpoint_folder=tmp_path, resume=True)
    assert_same((whole.weights(), history), (second.weights(), resumed))


def test_a_process_that_was_killed_goes_on_in_another_one(tmp_path: Path) -> None:
    in_the_third_epoch = str(2 * 5 + 3)
    command = [sys.executable, small_training.__file__, str(tmp_path), in_the_third_epoch]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    assert len(load_state(tmp_path / "last.pt")["history"]["loss"]) == 2
    whole = make_training()
    history = whole.fit(4)
    second = make_training()
    resumed = second.fit(4, checkpoint_folder=tmp_path, resume=True)
    assert_same((whole.weights(), history), (second.weights(), resumed))


@pytest.mark.parametrize("stopped_after", [2, 3, 4, 5])
def test_early_stopping_goes_on_where_it_was(stopped_after: int, tmp_path: Path) -> None:
    """The patience used up so far and the best weights are kept too."""
    losses = [3.0, 1.0, 2.0, 2.0, 0.5, 2.0, 2.0, 2.0, 0.1]  # stops after the 8th epoch

    def train(epochs: int) -> tuple[nn.Module, History]:
        model = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(model.weight)

        def loss_function(outputs: Tensor, targets: Tensor) -> Tensor:
            if torch.is_grad_enabled():
                return -outputs.mean()  # one update adds 1
            return torch.tensor(losses[round(outputs.item()) - 1])

        batches = [(torch.ones(1, 1), torch.ones(1))]
        parts = (model, loss_function, torch.optim.SGD(model.parameters(), lr=1.0), batches)
        settings = {"valid_loader": batches, "patience": 3, "checkpoint_folder": tmp_path}
        return model, fit(*parts, epochs=epochs, resume=True, **settings)

    train(stopped_after)
    model, history = train(9)
    assert (len(history), history.best_epoch, model.weight.item()) == (8, 4, 5)
    model, history = train(9)  # it has stopped for good
    assert (len(history), model.weight.item()) == (8, 5)


def test_without_a_checkpoint_a_resume_starts(tmp_path: Path) -> None:
    assert len(make_training().fit(1, checkpoint_folder=tmp_path / "new", resume=True)) == 1


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of an epoch."""
    folder = tmp_path_factory.mktemp("last")
    make_training().fit(1, checkpoint_folder=folder)
    return folder / "last.pt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimiser": "momentum"}, "the optimiser was Adam and is SGD now"),
        ({"scheduler": "cosine"}, "the scheduler was StepLR and is CosineAnnealingLR now"),
        ({"scheduler": "none"}, "the scheduler was StepLR and is None now"),
        ({"own_generator": False}, "the state holds 1 generators of data loaders, and there are 0"),
        ({"norm": True}, "these weights are of another model: 4.bias"),
    ],
)
def test_other_parts_than_before_are_named(
    change: dict[str, Any], message: str, last: Path
) -> None:
    other = make_training(**change)
    before = other.weights()
    with pytest.raises(CheckpointError, match=f"last.pt: {message}"):
        other.fit(2, checkpoint_folder=last.parent, resume=True)
    assert all(torch.equal(value, before[name]) for name, value in other.weights().items())


def test_other_metrics_than_before_are_named(last: Path) -> None:
    with pytest.raises(ValueError, match=r"earlier epochs measured \['valid_loss', 'accuracy'\]"):
        make_training().fit(2, metrics=None, checkpoint_folder=last.parent, resume=True)


def test_a_state_of_another_run_is_named(last: Path, tmp_path: Path) -> None:
    state = load_state(last)
    for missing, message in (
        ("history", "was not written by fit: it has no 'history'"),
        ("random", "is no state of a run: it has no 'random'"),
    ):
        changed = {name: value for name, value in state.items() if name != missing}
        save_state(changed, tmp_path / "last.pt")
        with pytest.raises(CheckpointError, match=f"last.pt {message}"):
            make_training().fit(2, checkpoint_folder=tmp_path, resume=True)


def spoilt(state: dict[str, Any], part: str) -> dict[str, Any]:
    """Return a state of which one part cannot be put back; the checks beforehand do not see it."""
    bad: dict[str, dict[str, Any]] = {
        "random": {"random": state["random"] | {"generators": [torch.zeros(1)]}},
        "optimiser": {"optimiser": {"kind": "Adam", "state": {"state": {}, "param_groups": []}}},
        "scheduler": {"scheduler": {"kind": "StepLR", "state": None}},
        "model": {"model": state["model"] | {"3.bias": "no tensor"}},
    }
    return state | bad[part]


def plain(value: Any) -> Any:
    """Return nested containers with lists in place of tensors, to compare with ==."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, Tensor) else value


@pytest.mark.parametrize("part", ["random", "optimiser", "scheduler", "model"])
def test_a_run_that_cannot_be_restored_has_changed_nothing(part: str) -> None:
    """Whatever fails, and however late: generators, optimiser, schedule and weights stay."""
    first, second = make_training(), make_training()
    first.fit(2)
    second.fit(1)

    def parts(made: small_training.Training) -> tuple[Any, ...]:
        schedule = made.settings["scheduler"]
        return made.model, made.optimiser, schedule, [made.train_loader.generator]

    state = spoilt(copy.deepcopy(capture_run(*parts(first))), part)
    before = copy.deepcopy(capture_run(*parts(second)))
    with pytest.raises(CheckpointError, match="^last.pt: "):
        restore_run(state, *parts(second), origin="last.pt")
    assert plain(capture_run(*parts(second))) == plain(before)


@pytest.mark.gpu
def test_a_training_on_the_gpu_goes_on_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        whole = make_training(device="cuda")
        history = whole.fit(4)
        make_training(device="cuda").fit(2, checkpoint_folder=tmp_path)
        second = make_training(device="cuda")
        disturb()
        resumed = second.fit(4, checkpoint_folder=tmp_path, resume=True)
    finally:
        torch.use_deterministic_algorithms(False)
    assert_same((whole.weights(), history), (second.weights(), resumed))


@pytest.mark.gpu
def test_a_checkpoint_of_the_gpu_is_read_on_the_cpu(tmp_path: Path) -> None:
    first = make_training(device="cuda")
    first.fit(1, checkpoint_folder=tmp_path)
    second = make_training()
    second.fit(1, checkpoint_folder=tmp_path, resume=True)
    assert_same((first.weights(), History()), (second.weights(), History()))
