"""The training loop: one pass over the data, one evaluation, and a whole training of many epochs.

A *batch* is a tuple or list ``(*inputs, targets)``. The model is called with the inputs, the loss
function with its outputs and the targets; all of them go to the device of the model first. A
*loader* is a ``DataLoader``, or anything else that yields the batches of one epoch each time that
it is iterated over, such as a list of batches.

A loss function or a metric returns its mean over a batch, shape (). In the mean over an epoch a
batch counts by the number of its targets: all elements of the tensor, except integers equal to
−100, which PyTorch's losses leave out too. A function that averages over something else, as under
a mask, returns a pair: the mean, and of how many elements it is the mean.
"""

import copy
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from operator import length_hint
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tqdm.auto import tqdm

from dlcourse.checkpoints import (
    CheckpointError,
    capture_run,
    generators_of,
    load_state,
    restore_run,
    save_state,
    save_weights,
)
from dlcourse.metrics import IGNORED

Count = int | Tensor
LossFunction = Callable[[Any, Any], Tensor | tuple[Tensor, Count]]
Parts = tuple[nn.Module, Optimizer, LRScheduler | None, Sequence[torch.Generator]]


@dataclass
class History:
    """What happened in each epoch of a training. Each list has one element for each epoch.

    Two histories are equal if everything but the seconds is equal.

    Parameters
    ----------
    loss : list of float
        Mean training loss. It is measured while the weights change.
    valid_loss : list of float
        Mean validation loss after the epoch; empty without validation data.
    metrics : dict of str to list of float
        The metrics on the validation data after the epoch.
    learning_rate : list of float
        The learning rate at the beginning of the epoch, of the first group of parameters.
    seconds : list of float
        How long the epoch took, with its validation.

    Raises
    ------
    ValueError
        By ``best_epoch``, if there is no epoch yet.

    Examples
    --------
    >>> history = History(loss=[0.9, 0.5, 0.3], valid_loss=[0.8, 0.6, 0.7])
    >>> len(history), history.best_epoch
    (3, 1)
    """

    loss: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list, compare=False)

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.loss)

    @property
    def best_epoch(self) -> int:
        """The index, from 0, of the lowest validation loss; of the training loss without validation.

        An epoch whose loss is no number is the best one only if no other has a number.
        """
        losses = self.valid_loss or self.loss
        if not losses:
            raise ValueError("there is no epoch yet, and so no best one")
        return min(range(len(losses)), key=lambda epoch: (math.isnan(losses[epoch]), losses[epoch]))

    def append(
        self, loss: float, valid: Mapping[str, float], learning_rate: float, seconds: float
    ) -> None:
        """Add one epoch; ``valid`` is what :func:`evaluate` returned, or empty."""
        self.loss.append(loss)
        self.learning_rate.append(learning_rate)
        self.seconds.append(seconds)
        for name, value in valid.items():
            series = self.valid_loss if name == "loss" else self.metrics.setdefault(name, [])
            series.append(value)


def train_epoch(
    model: nn.Module,
    loss_function: LossFunction,
    optimiser: Optimizer,
    loader: Iterable[Any],
    *,
    clip_norm: float | None = None,
    scheduler: LRScheduler | None = None,
) -> float:
    """Update a model once for each batch.

    Parameters
    ----------
    model : nn.Module
        The model; it is in training mode meanwhile.
    loss_function : callable
        ``loss_function(outputs, targets)`` returns the mean over the batch, shape ().
    optimiser : Optimizer
        An optimiser of the parameters of ``model``.
    loader : iterable of (\\*inputs, targets)
        The batches. Each tensor has shape (N, …).
    clip_norm : float, optional
        The largest norm of the gradient of all parameters together; a longer one is shortened.
    scheduler : LRScheduler, optional
        A schedule of the learning rate that makes one step after each batch.

    Returns
    -------
    float
        The mean loss, in which each target that counts has the same weight.

    Raises
    ------
    FloatingPointError
        If a loss is infinite or no number. The message says in which batch.
    ValueError
        If there is no batch, or no target that counts.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> inputs = torch.randn(64, 3)
    >>> batches = list(zip(inputs.split(16), inputs.sum(1, keepdim=True).split(16)))
    >>> model = nn.Linear(3, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> losses = [train_epoch(model, nn.MSELoss(), optimiser, batches) for _ in range(20)]
    >>> losses[-1] < 0.001 * losses[0]
    True
    """
    device = _device_of(model)
    means = _Means(["loss"], device)
    with _mode(model, training=True):
        for inputs, targets in _batches(loader, device):
            optimiser.zero_grad()
            loss, count = _measure(loss_function, model(*inputs), targets)
            means.add([(loss.detach(), count)])
            loss.backward()
            if clip_norm is not None:
                parameters = [p for group in optimiser.param_groups for p in group["params"]]
                nn.utils.clip_grad_norm_(parameters, clip_norm)
            optimiser.step()
            if scheduler is not None:
                scheduler.step()
    return means.result()["loss"]


@torch.no_grad()
def evaluate(
    model: nn.Module,
    loss_function: LossFunction,
    loader: Iterable[Any],
    *,
    metrics: Mapping[str, LossFunction] | None = None,
) -> dict[str, float]:
    """Measure a model without changing it.

    Parameters
    ----------
    model : nn.Module
        The model; it is in evaluation mode meanwhile.
    loss_function : callable
        ``loss_function(outputs, targets)`` returns the mean over the batch, shape ().
    loader : iterable of (\\*inputs, targets)
        The batches. Each tensor has shape (N, …).
    metrics : mapping of str to callable, optional
        More means over the batch, for example ``{"accuracy": accuracy}`` with
        :func:`dlcourse.metrics.accuracy`.

    Returns
    -------
    dict of str to float
        The ``"loss"`` and the metrics, in which each target that counts has the same weight.

    Raises
    ------
    FloatingPointError
        If a loss is infinite or no number. The message says in which batch.
    ValueError
        If there is no batch, no target that counts, or a metric with the name "loss".

    Examples
    --------
    >>> from dlcourse.metrics import accuracy
    >>> logits, classes = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), torch.tensor([0, 1, 1])
    >>> batches = [(logits[:2], classes[:2]), (logits[2:], classes[2:])]
    >>> result = evaluate(nn.Identity(), nn.CrossEntropyLoss(), batches, metrics={"accuracy": accuracy})
    >>> {name: round(value, 3) for name, value in result.items()}
    {'loss': 0.794, 'accuracy': 0.667}
    """
    metrics = _checked(metrics)
    device = _device_of(model)
    means = _Means(["loss", *metrics], device)
    with _mode(model, training=False):
        for inputs, targets in _batches(loader, device):
            outputs = model(*inputs)
            functions = (loss_function, *metrics.values())
            means.add([_measure(function, outputs, targets) for function in functions])
    return means.result()


def fit(
    model: nn.Module,
    loss_function: LossFunction,
    optimiser: Optimizer,
    train_loader: Iterable[Any],
    *,
    epochs: int,
    valid_loader: Iterable[Any] | None = None,
    metrics: Mapping[str, LossFunction] | None = None,
    scheduler: LRScheduler | None = None,
    schedule_by: Literal["epoch", "batch"] = "epoch",
    clip_norm: float | None = None,
    patience: int | None = None,
    checkpoint_folder: str | os.PathLike[str] | None = None,
    resume: bool = False,
    on_epoch: Callable[[History], object] | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model for several epochs, with validation, early stopping and checkpoints.

    Parameters
    ----------
    model : nn.Module
        The model, on the device to train on.
    loss_function : callable
        ``loss_function(outputs, targets)`` returns the mean over the batch, shape ().
    optimiser : Optimizer
        An optimiser of the parameters of ``model``.
    train_loader : iterable of (\\*inputs, targets)
        The training data. Each tensor has shape (N, …).
    epochs : int
        How many epochs there are in all, with those before a ``resume``.
    valid_loader : iterable of (\\*inputs, targets), optional
        The validation data, evaluated after each epoch.
    metrics : mapping of str to callable, optional
        Measured on the validation data; see :func:`evaluate`.
    scheduler : LRScheduler, optional
        A schedule of the learning rate. ``ReduceLROnPlateau`` gets the validation loss.
    schedule_by : {"epoch", "batch"}, default "epoch"
        Whether the schedule makes one step after each epoch, or after each batch, as a warm-up does.
    clip_norm : float, optional
        The largest norm of the gradient; see :func:`train_epoch`.
    patience : int, optional
        Stop after so many epochs in a row without a lower validation loss. The model ends with the
        weights of its best epoch then, also if all epochs ran.
    checkpoint_folder : path-like, optional
        After each epoch ``last.pt`` is written there, with all that is needed to go on, and
        after each best one ``best.safetensors``, the weights for
        :func:`dlcourse.checkpoints.load_weights`.
    resume : bool, default False
        Go on from ``last.pt`` if there is one. An epoch that was interrupted starts again. On a CPU
        the result is, bit for bit, that of a training that never stopped; on a GPU it is if its
        operations are deterministic.
    on_epoch : callable, optional
        ``on_epoch(history)`` is called after each epoch, before its checkpoint is written.
    progress : bool, optional
        Show a progress bar. By default in a notebook, and where the standard error is a terminal,
        unless the variable ``TQDM_DISABLE`` is set.

    Returns
    -------
    History
        The losses and metrics of all epochs, with those before a ``resume``.

    Raises
    ------
    FileExistsError
        If there is a ``last.pt`` and ``resume`` is False: another training is never overwritten.
    FloatingPointError
        If a loss is infinite or no number. The message says in which epoch and batch.
    ValueError
        If there is no batch, if the optimiser has no parameter of the model, or if the arguments
        contradict each other.
    dlcourse.checkpoints.CheckpointError
        If ``last.pt`` is damaged, or belongs to another model or optimiser.

    Examples
    --------
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> generator = torch.Generator().manual_seed(0)
    >>> inputs = torch.randn(64, 3, generator=generator)
    >>> data = TensorDataset(inputs, inputs.sum(1, keepdim=True))
    >>> loader = DataLoader(data, batch_size=16, shuffle=True, generator=generator)
    >>> model = nn.Linear(3, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> history = fit(model, nn.MSELoss(), optimiser, loader, epochs=20)
    >>> len(history), history.loss[-1] < 0.001 * history.loss[0]
    (20, True)

    The batches follow the model to the GPU.

    >>> model = nn.Linear(3, 1).to("cuda")  # doctest: +GPU
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)  # doctest: +GPU
    >>> history = fit(model, nn.MSELoss(), optimiser, loader, epochs=20)  # doctest: +GPU
    >>> history.loss[-1] < 0.001 * history.loss[0]  # doctest: +GPU
    True
    """
    metrics = _checked(metrics)
    _check_arguments(epochs, valid_loader, metrics, patience, checkpoint_folder, resume)
    _check_parts(model, optimiser, (train_loader, valid_loader), checkpoint_folder)
    _check_schedule(scheduler, schedule_by)
    generators = generators_of(train_loader, valid_loader)
    run = _Run((model, optimiser, scheduler, generators))
    if checkpoint_folder is not None:
        run.open(Path(checkpoint_folder), resume)
    _check_history(run.history, valid_loader, metrics)
    for epoch in range(len(run.history), epochs):
        if patience is not None and run.epochs_since_best() >= patience:
            break
        began, text = time.perf_counter(), f"epoch {epoch + 1}/{epochs}"
        learning_rate = float(optimiser.param_groups[0]["lr"])
        each_batch = scheduler if schedule_by == "batch" else None
        with _errors_of_epoch(epoch):
            batches = _bar(train_loader, epoch, text, progress)
            parts = (model, loss_function, optimiser, batches)
            loss = train_epoch(*parts, clip_norm=clip_norm, scheduler=each_batch)
        measured: dict[str, float] = {}
        if valid_loader is not None:
            with _errors_of_epoch(epoch, "validation "):
                batches = _bar(valid_loader, epoch, text, progress)
                measured = evaluate(model, loss_function, batches, metrics=metrics)
        if schedule_by == "epoch":
            _step(scheduler, measured.get("loss", loss))
        run.history.append(loss, measured, learning_rate, time.perf_counter() - began)
        if on_epoch is not None:
            on_epoch(run.history)
        run.keep(best_too=valid_loader is not None)
    if patience is not None and run.best is not None:
        model.load_state_dict(run.best)
    return run.history


class _Run:
    """A training between two epochs: what it has reached, in memory and in its folder."""

    def __init__(self, parts: Parts) -> None:
        """Start with an empty history."""
        self.parts, self.model = parts, parts[0]
        self.folder: Path | None = None
        self.history = History()
        self.best: dict[str, Any] | None = None

    def epochs_since_best(self) -> int:
        """Return how many epochs have passed without a new best one."""
        return len(self.history) - 1 - self.history.best_epoch if self.history.loss else 0

    def open(self, folder: Path, resume: bool) -> None:
        """Choose the folder of the checkpoints, and go on from the last one if there is one."""
        self.folder, path = folder, folder / "last.pt"
        if not path.exists():
            return
        if not resume:
            raise FileExistsError(
                f"{path} is there already; pass resume=True to go on from it, "
                "or choose another folder"
            )
        state = load_state(path)
        if missing := {"model", "history", "best"} - state.keys():
            raise CheckpointError(f"{path} was not written by fit: it has no {min(missing)!r}")
        restore_run(state, *self.parts, origin=str(path))
        self.history = History(**state["history"])
        self.best = state["best"] or copy.deepcopy(self.model.state_dict())

    def keep(self, *, best_too: bool) -> None:
        """Keep the state after an epoch, and its weights if they are the best so far."""
        is_best = best_too and self.epochs_since_best() == 0
        if is_best:
            self.best = copy.deepcopy(self.model.state_dict())
        if self.folder is None:
            return
        # First: if this process is killed in between, the epoch is repeated and writes it again.
        if is_best:
            save_weights(self.model, self.folder / "best.safetensors")
        state = capture_run(*self.parts) | {"history": asdict(self.history)}
        save_state(state | {"best": None if is_best else self.best}, self.folder / "last.pt")


class _Means:
    """Means over the elements that count in an epoch, collected batch by batch."""

    def __init__(self, names: list[str], device: torch.device) -> None:
        """Start with nothing."""
        self.totals, self.counts = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
        self.batches = 0
        self.waiting: list[list[tuple[Tensor, Count]]] = []
        # Reading a number from a GPU waits until it has computed everything before.
        self.read_every = 1 if device.type == "cpu" else 64

    def add(self, measured: list[tuple[Tensor, Count]]) -> None:
        """Add what was measured in one batch: each mean, and of how many elements it is."""
        self.waiting.append(measured)
        if len(self.waiting) >= self.read_every:
            self._read()

    def result(self) -> dict[str, float]:
        """Return the means over all batches."""
        self._read()
        if not self.batches:
            raise ValueError(
                "the loader yields no batch: its data set is empty, or smaller than one batch with "
                "drop_last=True, or it is an iterator that was used up; give a DataLoader or a list"
            )
        if without := [name for name, count in self.counts.items() if not count]:
            raise ValueError(
                f"{without[0]}: no target counts, so there is no mean; labels of {IGNORED} do not "
                "count: look at the targets"
            )
        return {name: self.totals[name] / self.counts[name] for name in self.totals}

    def _read(self) -> None:
        """Add up the values that have been computed meanwhile."""
        for measured in self.waiting:
            self.batches += 1
            for name, (value, count) in zip(self.totals, measured, strict=True):
                number, size = float(value), int(count)
                if size == 0:  # the mean of nothing, nan
                    continue
                if name == "loss" and not math.isfinite(number):
                    raise FloatingPointError(
                        f"batch {self.batches}: the loss is {number}; try a lower learning rate or "
                        "clip_norm=1.0, and look for nan or inf in the data and for log(0) or a "
                        "division by 0 in the loss"
                    )
                self.totals[name] += number * size
                self.counts[name] += size
        self.waiting.clear()


def _measure(function: LossFunction, outputs: Any, targets: Any) -> tuple[Tensor, Count]:
    """Return a mean over a batch, and of how many elements it is the mean."""
    value = function(outputs, targets)
    if isinstance(value, tuple):
        return value
    if not isinstance(targets, Tensor):
        return value, len(targets)
    # Only signed integers can be −100.
    labels = not targets.is_floating_point() and targets.dtype.is_signed
    return value, (targets != IGNORED).sum() if labels else targets.numel()


def _batches(loader: Iterable[Any], device: torch.device) -> Iterator[tuple[list[Any], Any]]:
    """Yield inputs and targets on the device."""
    for batch in loader:
        if not isinstance(batch, tuple | list):
            raise TypeError(
                f"a batch must be a tuple (*inputs, targets), not a {type(batch).__name__}; "
                "choose what belongs to it with the collate_fn of the DataLoader"
            )
        *inputs, targets = (part.to(device, non_blocking=True) for part in batch)
        yield inputs, targets


def _bar(loader: Iterable[Any], epoch: int, text: str, progress: bool | None) -> Iterator[Any]:
    """Yield the batches of one epoch, with a progress bar."""
    for sampler in ("sampler", "batch_sampler"):
        owner: Any = getattr(loader, sampler, None)
        if hasattr(owner, "set_epoch"):
            owner.set_epoch(epoch)
    # tqdm reads None as "unless the standard error is a terminal"; that of a notebook is none.
    in_notebook = any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)
    hidden = (False if in_notebook else None) if progress is None else not progress
    if progress is None and "TQDM_DISABLE" in os.environ:
        hidden = True
    # Not tqdm(loader): tqdm.auto would iterate over it twice, and a seed would be drawn twice.
    total = length_hint(loader) or None
    with tqdm(total=total, desc=text, leave=False, disable=hidden) as bar:
        for batch in loader:
            yield batch
            bar.update()


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Set the mode of a model, and put that of every part of it back afterwards."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before:
            module.training = was_training


@contextmanager
def _errors_of_epoch(epoch: int, kind: str = "") -> Iterator[None]:
    """Say in which epoch a loss was no number."""
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"epoch {epoch + 1}, {kind}{error}") from None


def _step(scheduler: LRScheduler | None, loss: float) -> None:
    """Let a schedule take its step after an epoch."""
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(loss)
    elif scheduler is not None:
        scheduler.step()


def _check_schedule(scheduler: LRScheduler | None, schedule_by: str) -> None:
    """Find a schedule that cannot make its steps."""
    if schedule_by not in ("epoch", "batch"):
        raise ValueError(f'schedule_by={schedule_by!r} is unknown; use "epoch" or "batch"')
    if schedule_by == "batch" and isinstance(scheduler, ReduceLROnPlateau):
        raise ValueError("ReduceLROnPlateau looks at the loss after an epoch, not after a batch")


def _device_of(model: nn.Module) -> torch.device:
    """Return where the first parameter of a model is, or the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _checked(metrics: Mapping[str, LossFunction] | None) -> Mapping[str, LossFunction]:
    """Return the metrics; refuse a name that would replace the loss."""
    if metrics and "loss" in metrics:
        raise ValueError('a metric named "loss" would hide the loss; give it another name')
    return metrics or {}


def _check_arguments(
    epochs: int, valid: object, metrics: object, patience: int | None, folder: object, resume: bool
) -> None:
    """Find arguments that contradict each other."""
    if epochs < 1 or (patience is not None and patience < 1):
        raise ValueError(f"epochs={epochs} and patience={patience} must be 1 or more")
    if valid is None and (metrics or patience is not None):
        name = "metrics" if metrics else "patience"
        raise ValueError(f"{name} needs validation data; pass valid_loader=")
    if resume and folder is None:
        raise ValueError("resume=True needs to know from where; pass checkpoint_folder=")


def _check_history(
    history: History, valid_loader: Iterable[Any] | None, metrics: Mapping[str, LossFunction]
) -> None:
    """Make sure that the lists of a history stay of one length."""
    before = [*(["valid_loss"] if history.valid_loss else []), *sorted(history.metrics)]
    now = [*([] if valid_loader is None else ["valid_loss"]), *sorted(metrics)]
    if history.loss and before != now:
        raise ValueError(
            f"the earlier epochs measured {before or 'nothing'} on validation data, and these are "
            f"to measure {now or 'nothing'}; go on with the same valid_loader and metrics"
        )


def _check_parts(model: nn.Module, optimiser: Optimizer, loaders: Any, folder: object) -> None:
    """Find parts that do not belong together."""
    own = {id(parameter) for parameter in model.parameters()}
    if not any(id(p) in own for group in optimiser.param_groups for p in group["params"]):
        raise ValueError(
            "the optimiser has no parameter of this model; make it after the model, "
            "from model.parameters()"
        )
    live_on = any(getattr(loader, "persistent_workers", False) for loader in loaders)
    if folder is not None and live_on:
        raise ValueError(
            "workers that live on from epoch to epoch draw random numbers that no checkpoint can "
            "keep; make the DataLoader with persistent_workers=False"
        )
