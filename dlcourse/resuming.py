"""Everything that a training run must keep to go on later as if it had never stopped."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dlcourse import distributed
from dlcourse.checkpoints import (
    CheckpointError,
    load_state,
    require_same_weights,
    save_state,
    save_weights,
)
from dlcourse.history import History
from dlcourse.random_state import capture_random_state, restore_random_state


def capture_run(
    model: nn.Module,
    optimiser: Optimizer,
    scheduler: LRScheduler | None = None,
    generators: Sequence[torch.Generator] = (),
) -> dict[str, Any]:
    """Take down the state of a training run between two epochs.

    Parameters
    ----------
    model : nn.Module
        The model in training.
    optimiser : Optimizer
        Its optimiser.
    scheduler : LRScheduler, optional
        The schedule of its learning rate.
    generators : sequence of torch.Generator, optional
        The random generators of its data loaders.

    Returns
    -------
    dict
        For :func:`dlcourse.checkpoints.save_state`. It refers to the tensors of the model and does
        not copy them.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> state = capture_run(model, torch.optim.SGD(model.parameters(), lr=0.1))
    >>> sorted(state)
    ['model', 'optimiser', 'random', 'scheduler']
    """
    return {
        "model": model.state_dict(),
        "optimiser": _capture(optimiser),
        "scheduler": None if scheduler is None else _capture(scheduler),
        "random": capture_random_state(generators),
    }


def restore_run(
    state: dict[str, Any],
    model: nn.Module,
    optimiser: Optimizer,
    scheduler: LRScheduler | None = None,
    generators: Sequence[torch.Generator] = (),
    *,
    origin: str = "state",
) -> None:
    """Put a training run back into a state that was taken down.

    Parameters
    ----------
    state : dict
        What :func:`capture_run` returned.
    model : nn.Module
        A model of the same shape.
    optimiser : Optimizer
        An optimiser of the same kind, made for ``model``.
    scheduler : LRScheduler, optional
        A schedule of the same kind, made for ``optimiser``; none if there was none.
    generators : sequence of torch.Generator, optional
        As many as there were, in the same order.
    origin : str, default "state"
        Where the state comes from, for messages.

    Raises
    ------
    CheckpointError
        If one of them does not fit. The model keeps its weights then.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> optimiser = torch.optim.Adam(model.parameters())
    >>> state = capture_run(model, optimiser)
    >>> restore_run(state, model, optimiser)
    >>> restore_run(state, model, torch.optim.SGD(model.parameters()), origin="last.pt")
    Traceback (most recent call last):
    dlcourse.checkpoints.CheckpointError: last.pt: the optimiser was Adam and is SGD now; \
go on with what the run was started with

    A run that was taken down on a GPU goes on there.

    >>> model = model.to("cuda")  # doctest: +GPU
    >>> optimiser = torch.optim.Adam(model.parameters())
    >>> restore_run(capture_run(model, optimiser), model, optimiser)  # doctest: +GPU
    >>> model.weight.is_cuda  # doctest: +GPU
    True
    """
    _require_same_kind(state["optimiser"], optimiser, "optimiser", origin)
    _require_same_kind(state["scheduler"], scheduler, "scheduler", origin)
    require_same_weights(model, state["model"], origin)
    try:
        restore_random_state(state["random"], generators)
        optimiser.load_state_dict(state["optimiser"]["state"])
    except ValueError as error:
        raise CheckpointError(f"{origin}: {error}") from error
    model.load_state_dict(state["model"])
    if scheduler is not None:
        scheduler.load_state_dict(state["scheduler"]["state"])


class Run:
    """A training between two epochs: what it has reached, in memory and in its folder.

    Parameters
    ----------
    model : nn.Module
        The model in training.
    optimiser : Optimizer
        Its optimiser.
    scheduler : LRScheduler, optional
        The schedule of its learning rate.
    generators : sequence of torch.Generator, optional
        The random generators of its data loaders.

    Attributes
    ----------
    history : History
        The epochs so far.
    best : dict | None
        The weights of the best epoch.

    Raises
    ------
    FileExistsError
        By ``open``, if the folder has a ``last.pt`` and ``resume`` is False.
    CheckpointError
        By ``open``, if ``last.pt`` is damaged or is of another run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> model = nn.Linear(2, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with TemporaryDirectory() as folder:
    ...     run = Run(model, optimiser)
    ...     run.open(Path(folder), resume=True)
    ...     run.history.append(0.5, {"loss": 0.75}, learning_rate=0.1, seconds=1.0)
    ...     run.keep(best_too=True)
    ...     later = Run(model, optimiser)
    ...     later.open(Path(folder), resume=True)
    >>> later.history.valid_loss
    [0.75]
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: Optimizer,
        scheduler: LRScheduler | None = None,
        generators: Sequence[torch.Generator] = (),
    ) -> None:
        """Start with an empty history."""
        self.model, self.optimiser, self.scheduler = model, optimiser, scheduler
        self.generators = generators
        self.folder: Path | None = None
        self.history = History()
        self.best: dict[str, Any] | None = None

    def epochs_since_best(self) -> int:
        """Return how many epochs have passed without a new best one."""
        return len(self.history) - 1 - self.history.best_epoch if self.history.loss else 0

    def open(self, folder: Path, resume: bool) -> None:
        """Choose the folder of the checkpoints, and go on from the last one if there is one."""
        self.folder, path = folder, folder / "last.pt"
        if not distributed.from_first_process(path.exists):
            return
        if not resume:
            raise FileExistsError(
                f"{path} is there already; pass resume=True to go on from it, "
                "or choose another folder"
            )
        state = distributed.from_first_process(lambda: load_state(path))
        if missing := {"model", "history", "processes"} - state.keys():
            raise CheckpointError(f"{path} was not written by fit: it has no {min(missing)!r}")
        now = distributed.count_processes()
        if len(state["processes"]) != now:
            raise CheckpointError(
                f"{path}: the run had {len(state['processes'])} processes and has {now} now; "
                "go on with as many as it was started with"
            )
        state["random"] = state["processes"][distributed.rank()]
        parts = (self.model, self.optimiser, self.scheduler, self.generators)
        restore_run(state, *parts, origin=str(path))
        self.history = History(**state["history"])
        self.best = state["best"] or _copy_of_weights(self.model)

    def keep(self, *, best_too: bool) -> None:
        """Keep the state after an epoch, and its weights if they are the best so far."""
        is_best = best_too and self.epochs_since_best() == 0
        if is_best:
            self.best = _copy_of_weights(self.model)
        if self.folder is None:
            return
        state = capture_run(self.model, self.optimiser, self.scheduler, self.generators)
        # Dropout and workers draw other numbers in each process.
        state["processes"] = distributed.from_all_processes(state.pop("random"))
        state["history"] = asdict(self.history)
        state["best"] = None if is_best else self.best
        distributed.from_first_process(lambda: self._write(state, is_best))

    def _write(self, state: dict[str, Any], is_best: bool) -> None:
        """Write the files of one epoch."""
        assert self.folder is not None
        # First: if this process is killed in between, the epoch is repeated and writes it again.
        if is_best:
            save_weights(self.model, self.folder / "best.safetensors")
        save_state(state, self.folder / "last.pt")


def _copy_of_weights(model: nn.Module) -> dict[str, Any]:
    """Return weights that later updates leave alone."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def _capture(part: Optimizer | LRScheduler) -> dict[str, Any]:
    """Return a state together with the name of what it is a state of."""
    return {"kind": type(part).__name__, "state": part.state_dict()}


def _require_same_kind(
    saved: dict[str, Any] | None, part: Optimizer | LRScheduler | None, name: str, origin: str
) -> None:
    """Make sure that a state goes back into what it was taken from."""
    before = saved and saved["kind"]
    now = part and type(part).__name__
    if before != now:
        raise CheckpointError(
            f"{origin}: the {name} was {before} and is {now} now; "
            "go on with what the run was started with"
        )
