"""The training loop: one pass over the data, one evaluation, and a whole training of many epochs.

A *batch* is a tuple or list ``(*inputs, targets)``. The model is called with the inputs, the loss
function with its outputs and the targets. Both are moved to the device of the model first, so the
device is chosen once: ``model = Net().to(device)``. A *loader* is a ``DataLoader`` of
PyTorch, or anything else that yields the batches of one epoch each time that it is iterated over,
such as a list of batches.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tqdm import tqdm

from dlcourse import distributed
from dlcourse.history import History
from dlcourse.random_state import generators_of
from dlcourse.resuming import Run

# Takes the outputs of a model and the targets, and returns a mean over the batch, shape ().
LossFunction = Callable[[Any, Any], Tensor]


def train_epoch(
    model: nn.Module, loss_function: LossFunction, optimiser: Optimizer, loader: Iterable[Any]
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

    Returns
    -------
    float
        The mean loss, in which each example counts once, also in a smaller last batch.

    Raises
    ------
    FloatingPointError
        If a loss is infinite or no number. The message says in which batch.
    ValueError
        If there is no batch.

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

    The batches follow the model to the GPU.

    >>> model = nn.Linear(3, 1).to("cuda")  # doctest: +GPU
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)  # doctest: +GPU
    >>> train_epoch(model, nn.MSELoss(), optimiser, batches) > 0  # doctest: +GPU
    True
    """
    device = _device_of(model)
    means = _Means(["loss"], device)
    with _mode(model, training=True):
        for inputs, targets, weight in _batches(loader, device):
            optimiser.zero_grad()
            loss = loss_function(model(*inputs), targets)
            (loss if weight is None else weight * loss).backward()
            optimiser.step()
            means.add([loss.detach()], len(targets), weight)
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
        The ``"loss"`` and the metrics, as means in which each example counts once.

    Raises
    ------
    FloatingPointError
        If a loss is infinite or no number. The message says in which batch.
    ValueError
        If there is no batch.

    Examples
    --------
    >>> from dlcourse.metrics import accuracy
    >>> logits, classes = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), torch.tensor([0, 1, 1])
    >>> batches = [(logits[:2], classes[:2]), (logits[2:], classes[2:])]
    >>> result = evaluate(nn.Identity(), nn.CrossEntropyLoss(), batches, metrics={"accuracy": accuracy})
    >>> {name: round(value, 3) for name, value in result.items()}
    {'loss': 0.794, 'accuracy': 0.667}

    Batches on the CPU go to the device of the model.

    >>> model = nn.Linear(2, 2).to("cuda")  # doctest: +GPU
    >>> evaluate(model, nn.functional.cross_entropy, batches)["loss"] > 0  # doctest: +GPU
    True
    """
    metrics = metrics or {}
    device = _device_of(model)
    means = _Means(["loss", *metrics], device)
    with _mode(model, training=False):
        for inputs, targets, weight in _batches(loader, device):
            outputs = model(*inputs)
            values = [measure(outputs, targets) for measure in (loss_function, *metrics.values())]
            means.add(values, len(targets), weight)
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
    patience: int | None = None,
    checkpoint_folder: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
) -> History:
    """Train a model for several epochs, with validation, early stopping and checkpoints.

    Under ``torchrun`` the processes share each batch (see :mod:`dlcourse.distributed`).

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
        Makes one step after each epoch. ``ReduceLROnPlateau`` gets the validation loss.
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
    progress : bool, optional
        Show a progress bar. By default if the standard error is a terminal and the variable
        ``TQDM_DISABLE`` is not set.

    Returns
    -------
    History
        The numbers of all epochs, with those before a ``resume``.

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

    >>> model = nn.Linear(3, 1).to("cuda")  # doctest: +GPU
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)  # doctest: +GPU
    >>> history = fit(model, nn.MSELoss(), optimiser, loader, epochs=20)  # doctest: +GPU
    >>> history.loss[-1] < 0.001 * history.loss[0]  # doctest: +GPU
    True
    """
    _check_arguments(epochs, valid_loader, metrics, patience, checkpoint_folder, resume)
    _check_parts(model, optimiser, (train_loader, valid_loader), checkpoint_folder)
    distributed.join_processes(model)
    run = Run(model, optimiser, scheduler, generators_of(train_loader, valid_loader))
    if checkpoint_folder is not None:
        run.open(Path(checkpoint_folder), resume)
    _check_history(run.history, valid_loader, metrics)
    replica = distributed.replicate(model)
    train, valid = (_Loader(loader, epochs, progress) for loader in (train_loader, valid_loader))
    for epoch in range(len(run.history), epochs):
        if patience is not None and run.epochs_since_best() >= patience:
            break
        began = time.perf_counter()
        learning_rate = float(optimiser.param_groups[0]["lr"])
        with _errors_of_epoch(epoch):
            loss = train_epoch(replica, loss_function, optimiser, train.of_epoch(epoch))
        distributed.share_buffers(model)
        measured: dict[str, float] = {}
        if valid_loader is not None:
            with _errors_of_epoch(epoch, "validation "):
                measured = evaluate(model, loss_function, valid.of_epoch(epoch), metrics=metrics)
        _step(scheduler, measured.get("loss", loss))
        run.history.append(loss, measured, learning_rate, time.perf_counter() - began)
        run.keep(best_too=valid_loader is not None)
    if patience is not None and run.best is not None:
        model.load_state_dict(run.best)
    return run.history


class _Loader:
    """A loader as :func:`fit` goes through it: shared by processes, with a progress bar."""

    def __init__(self, loader: Iterable[Any] | None, epochs: int, progress: bool | None) -> None:
        """Take the share of this process, if there are several."""
        self.source, self.loader, self.epochs = loader, loader, epochs
        if loader is not None and distributed.count_processes() > 1:
            self.loader = distributed.SharedLoader(
                loader, distributed.rank(), distributed.count_processes()
            )
        # tqdm reads None as "unless the standard error is a terminal".
        self.hidden: bool | None = None if progress is None else not progress
        if not distributed.is_first_process() or (
            progress is None and "TQDM_DISABLE" in os.environ
        ):
            self.hidden = True

    def of_epoch(self, epoch: int) -> Iterable[Any]:
        """Return the batches of one epoch."""
        for sampler in ("sampler", "batch_sampler"):
            owner: Any = getattr(self.source, sampler, None)
            if hasattr(owner, "set_epoch"):
                owner.set_epoch(epoch)
        text = f"epoch {epoch + 1}/{self.epochs}"
        return tqdm(self.loader, desc=text, leave=False, disable=self.hidden)


class _Means:
    """Means over the examples of an epoch, collected batch by batch."""

    def __init__(self, names: list[str], device: torch.device) -> None:
        """Start with nothing."""
        self.names, self.totals = names, [0.0] * len(names)
        self.count = self.batches = 0
        self.shared = False
        self.waiting: list[tuple[list[Tensor], int]] = []
        # Reading a number from a GPU waits until it has computed everything before.
        self.read_every = 1 if device.type == "cpu" else 64

    def add(self, values: list[Tensor], size: int, weight: float | None) -> None:
        """Add the means over one batch of so many examples."""
        self.shared |= weight is not None
        self.waiting.append((values, 0 if weight == 0 else size))
        if len(self.waiting) >= self.read_every:
            self._read()

    def result(self) -> dict[str, float]:
        """Return the means over all examples, of all processes if they share the batches."""
        self._read()
        sums: list[float] = [self.count, *self.totals]
        if self.shared:
            sums = [sum(parts) for parts in zip(*distributed.from_all_processes(sums), strict=True)]
        if not sums[0]:
            raise ValueError(
                "the loader yields no batch: its data set is empty, or smaller than one batch with "
                "drop_last=True, or it is an iterator that was used up; give a DataLoader or a list"
            )
        return {name: total / sums[0] for name, total in zip(self.names, sums[1:], strict=True)}

    def _read(self) -> None:
        """Add up the values that have been computed meanwhile."""
        for values, size in self.waiting:
            self.batches += 1
            numbers = [float(value) for value in values]
            if not math.isfinite(numbers[0]):
                raise FloatingPointError(
                    f"batch {self.batches}: the loss is {numbers[0]}; try a lower learning rate or "
                    "clipped gradients, and look for nan or inf in the data and for log(0) or a "
                    "division by 0 in the loss"
                )
            self.totals = [
                total + number * size for total, number in zip(self.totals, numbers, strict=True)
            ]
            self.count += size
        self.waiting.clear()


def _batches(
    loader: Iterable[Any], device: torch.device
) -> Iterator[tuple[list[Any], Any, float | None]]:
    """Yield inputs and targets on the device, and the weight of a share of a batch."""
    for batch in loader:
        weight = batch.weight if isinstance(batch, distributed.Share) else None
        batch = batch.batch if isinstance(batch, distributed.Share) else batch
        if not isinstance(batch, tuple | list):
            raise TypeError(
                f"a batch must be a tuple (*inputs, targets), not a {type(batch).__name__}; "
                "choose what belongs to it with the collate_fn of the DataLoader"
            )
        *inputs, targets = (part.to(device, non_blocking=True) for part in batch)
        yield inputs, targets, weight


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


def _device_of(model: nn.Module) -> torch.device:
    """Return where the first parameter of a model is, or the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _check_arguments(
    epochs: int,
    valid_loader: Iterable[Any] | None,
    metrics: Mapping[str, LossFunction] | None,
    patience: int | None,
    checkpoint_folder: str | os.PathLike[str] | None,
    resume: bool,
) -> None:
    """Find arguments that contradict each other."""
    if epochs < 1 or (patience is not None and patience < 1):
        raise ValueError(f"epochs={epochs} and patience={patience} must be 1 or more")
    if valid_loader is None and (metrics or patience is not None):
        name = "metrics" if metrics else "patience"
        raise ValueError(f"{name} needs validation data; pass valid_loader=")
    if resume and checkpoint_folder is None:
        raise ValueError("resume=True needs to know from where; pass checkpoint_folder=")


def _check_history(
    history: History,
    valid_loader: Iterable[Any] | None,
    metrics: Mapping[str, LossFunction] | None,
) -> None:
    """Make sure that the lists of a history stay of one length."""
    before = [*(["valid_loss"] if history.valid_loss else []), *sorted(history.metrics)]
    now = [*([] if valid_loader is None else ["valid_loss"]), *sorted(metrics or {})]
    if history.loss and before != now:
        raise ValueError(
            f"the earlier epochs measured {before or 'nothing'} on validation data, and these are "
            f"to measure {now or 'nothing'}; go on with the same valid_loader and metrics"
        )


def _check_parts(
    model: nn.Module,
    optimiser: Optimizer,
    loaders: Iterable[object],
    checkpoint_folder: str | os.PathLike[str] | None,
) -> None:
    """Find parts that do not belong together."""
    own = {id(parameter) for parameter in model.parameters()}
    if not any(id(p) in own for group in optimiser.param_groups for p in group["params"]):
        raise ValueError(
            "the optimiser has no parameter of this model; make it after the model, "
            "from model.parameters()"
        )
    if checkpoint_folder is not None and any(
        getattr(loader, "persistent_workers", False) for loader in loaders
    ):
        raise ValueError(
            "workers that live on from epoch to epoch draw random numbers that no checkpoint can "
            "keep; make the DataLoader with persistent_workers=False"
        )
