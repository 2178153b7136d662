"""A whole training: history, schedules, early stopping, progress, and arguments that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader

from dlcourse import training as training_module
from dlcourse.checkpoints import load_weights
from dlcourse.training import History, evaluate, fit, train_epoch
from small_training import make_training


class Scripted(nn.Module):
    """A model whose loss in each epoch is written beforehand; its weight counts the updates."""

    def __init__(self) -> None:
        super().__init__()
        self.updates = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the number of updates so far."""
        return self.updates + 0 * inputs.sum()


def fit_scripted(valid_losses: list[float], **settings: Any) -> tuple[Scripted, History]:
    """Train for one batch an epoch; the validation loss follows the script."""
    model = Scripted()

    def loss_function(updates: Tensor, targets: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return -updates  # with a learning rate of 1, one update adds 1
        return torch.tensor(valid_losses[round(updates.item()) - 1])

    batches = [(torch.ones(2), torch.ones(2))]
    settings.setdefault("optimiser", torch.optim.SGD(model.parameters(), lr=1.0))
    if make_scheduler := settings.pop("make_scheduler", None):
        settings["scheduler"] = make_scheduler(settings["optimiser"])
    optimiser = settings.pop("optimiser")
    epochs = settings.pop("epochs", len(valid_losses))
    parts = (model, loss_function, optimiser, batches)
    return model, fit(*parts, epochs=epochs, valid_loader=batches, **settings)


def test_a_training_is_its_epochs_in_a_row() -> None:
    ours = make_training()
    history = ours.fit(3)
    theirs = make_training()  # which seeds everything again
    model, cross_entropy = theirs.model, nn.functional.cross_entropy
    validation = {"loader": theirs.settings["valid_loader"], "metrics": theirs.settings["metrics"]}
    losses, valid = [], []
    for _ in range(3):
        losses.append(train_epoch(model, cross_entropy, theirs.optimiser, theirs.train_loader))
        valid.append(evaluate(model, cross_entropy, **validation))
        theirs.settings["scheduler"].step()
    assert history.loss == losses
    assert history.valid_loss == [result["loss"] for result in valid]
    assert history.metrics == {"accuracy": [result["accuracy"] for result in valid]}
    assert history.learning_rate == [0.01, 0.005, 0.0025]  # that during the epoch
    assert len(history) == len(history.seconds) == 3 and min(history.seconds) > 0
    weights = theirs.weights()
    assert all(torch.equal(value, weights[name]) for name, value in ours.weights().items())


def test_without_validation_the_best_epoch_has_the_lowest_training_loss() -> None:
    training = make_training()
    parts = (training.model, nn.functional.cross_entropy, training.optimiser)
    history = fit(*parts, training.train_loader, epochs=2)
    assert (history.valid_loss, history.metrics) == ([], {})
    assert history.best_epoch == history.loss.index(min(history.loss))


def test_a_plateau_is_found_in_the_validation_loss() -> None:
    _, history = fit_scripted(
        [3.0, 2.0, 2.0, 2.0, 1.0],
        make_scheduler=lambda optimiser: lr_scheduler.ReduceLROnPlateau(
            optimiser, patience=1, factor=1 - 1e-6
        ),
    )
    assert [rate < 1 for rate in history.learning_rate] == [False, False, False, False, True]


def test_a_warm_up_steps_by_batch() -> None:
    made = make_training(scheduler="warm_up")  # five batches an epoch, twelve steps up to 0.01
    rates: list[float] = []

    def loss_function(logits: Tensor, targets: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            rates.append(made.optimiser.param_groups[0]["lr"])
        return nn.functional.cross_entropy(logits, targets)

    history = made.fit(3, loss_function=loss_function)
    steps = torch.arange(15).clamp(max=12)
    torch.testing.assert_close(torch.tensor(rates), 0.01 * (0.1 + 0.9 * steps / 12))
    assert history.learning_rate == [rates[0], rates[5], rates[10]]


def test_each_epoch_is_reported() -> None:
    seen: list[tuple[int, float, float]] = []

    def report(history: History) -> None:
        seen.append((len(history), history.loss[-1], history.metrics["accuracy"][-1]))

    history = make_training().fit(3, on_epoch=report)
    assert seen == list(zip((1, 2, 3), history.loss, history.metrics["accuracy"], strict=True))


def test_what_a_report_draws_belongs_to_the_run(tmp_path: Path) -> None:
    """A sample that a callback draws must not make a resumed run another one."""

    def draw(history: History) -> None:
        torch.rand(3)

    whole = make_training()
    history = whole.fit(3, on_epoch=draw)
    make_training().fit(2, on_epoch=draw, checkpoint_folder=tmp_path)
    second = make_training()
    assert second.fit(3, on_epoch=draw, checkpoint_folder=tmp_path, resume=True) == history


def test_clipped_gradients_change_the_training() -> None:
    free, clipped = make_training(), make_training()
    assert free.fit(2) != clipped.fit(2, clip_norm=1e-3)


def test_the_best_epoch_of_odd_histories() -> None:
    nan = float("nan")
    assert History(loss=[nan, 2.0, 1.0]).best_epoch == 2
    assert History(loss=[3.0, 2.0], valid_loss=[nan, nan]).best_epoch == 0
    with pytest.raises(ValueError, match="there is no epoch yet"):
        _ = History().best_epoch


@pytest.mark.parametrize(
    ("valid_losses", "patience", "epochs", "best"),
    [
        ([3, 2, 4, 5, 1, 0], 2, 4, 1),
        ([3, 2, 4, 1, 5, 6, 0], 2, 6, 3),
        ([3, 2, 2, 2], 1, 3, 1),  # as good as before is no improvement
        ([3, 2, 1, 5], 2, 4, 2),  # all epochs run, and the best one was not the last
        ([3, 2, 1], 1, 3, 2),
    ],
)
def test_early_stopping_ends_with_the_best_weights(
    valid_losses: list[float], patience: int, epochs: int, best: int
) -> None:
    model, history = fit_scripted([float(loss) for loss in valid_losses], patience=patience)
    assert (len(history), history.best_epoch) == (epochs, best)
    assert model.updates.item() == best + 1


def test_without_patience_the_last_weights_stay() -> None:
    model, history = fit_scripted([1.0, 2.0, 3.0])
    assert (len(history), model.updates.item()) == (3, 3)


def test_the_best_weights_are_in_a_file_of_their_own(tmp_path: Path) -> None:
    model, _ = fit_scripted([3.0, 1.0, 2.0], checkpoint_folder=tmp_path / "new" / "run")
    assert model.updates.item() == 3
    load_weights(model, tmp_path / "new" / "run" / "best.safetensors")
    assert model.updates.item() == 2
    files = sorted(path.name for path in (tmp_path / "new" / "run").iterdir())
    assert files == ["best.safetensors", "last.pt"]


def test_another_training_is_never_overwritten(tmp_path: Path) -> None:
    fit_scripted([1.0], checkpoint_folder=tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    with pytest.raises(FileExistsError, match="last.pt is there already; pass resume=True to go"):
        fit_scripted([1.0], checkpoint_folder=tmp_path)
    assert (tmp_path / "last.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs=0 and patience=None must be 1 or more"),
        ({"patience": 0}, "patience=0 must be 1 or more"),
        ({"patience": 2, "valid_loader": None, "metrics": None}, "patience needs validation data"),
        ({"valid_loader": None}, "metrics needs validation data; pass valid_loader="),
        ({"metrics": {"loss": evaluate}}, 'a metric named "loss" would hide the loss'),
        ({"schedule_by": "step"}, 'schedule_by=\'step\' is unknown; use "epoch" or "batch"'),
        ({"resume": True}, "resume=True needs to know from where; pass checkpoint_folder="),
    ],
)
def test_arguments_that_contradict_each_other(settings: dict[str, Any], message: str) -> None:
    training = make_training()
    with pytest.raises(ValueError, match=message):
        training.fit(**({"epochs": 1} | settings))


def test_parts_that_do_not_belong_together(tmp_path: Path) -> None:
    training, other = make_training(), make_training()
    training.optimiser = other.optimiser
    with pytest.raises(ValueError, match="the optimiser has no parameter of this model; make it"):
        training.fit(1)
    data = other.train_loader.dataset
    other.train_loader = DataLoader(data, num_workers=1, persistent_workers=True)
    with pytest.raises(ValueError, match="make the DataLoader with persistent_workers=False"):
        other.fit(1, checkpoint_folder=tmp_path)


def test_a_plateau_cannot_be_found_after_a_batch() -> None:
    made = make_training(scheduler="plateau")
    with pytest.raises(ValueError, match="ReduceLROnPlateau looks at the loss after an epoch"):
        made.fit(1, schedule_by="batch")


@pytest.mark.parametrize(
    ("progress", "variable", "hidden"),
    [(None, None, False), (None, "1", True), (False, None, True), (True, "1", False)],
)
def test_a_notebook_shows_the_bar(
    progress: bool | None, variable: str | None, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its standard error is no terminal, and the bar of tqdm there needs none."""
    seen: list[bool | None] = []

    # tqdm is chosen when it is imported, so mypy takes it for a variable.
    class Bar(training_module.tqdm):  # type: ignore[type-arg, misc]
        def __init__(self, disable: bool | None, **options: Any) -> None:
            seen.append(disable)
            super().__init__(disable=True, **options)

    Bar.__module__ = "tqdm.notebook"
    monkeypatch.setattr(training_module, "tqdm", Bar)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if variable:
        monkeypatch.setenv("TQDM_DISABLE", variable)
    fit_scripted([1.0], progress=progress)
    assert seen == [hidden, hidden]


@pytest.mark.parametrize(
    ("progress", "terminal", "variable", "shown"),
    [
        (None, False, None, False),
        (None, True, None, True),
        (None, True, "1", False),
        (True, False, None, True),
        (True, False, "1", True),
        (False, True, None, False),
    ],
)
def test_the_bar_is_shown_on_a_terminal_only(
    progress: bool | None,
    terminal: bool,
    variable: str | None,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if variable:
        monkeypatch.setenv("TQDM_DISABLE", variable)
    fit_scripted([1.0, 1.0], progress=progress)
    output = capsys.readouterr()
    assert output.out == ""
    assert ("epoch 2/2" in output.err) == shown
    assert bool(output.err) == shown
