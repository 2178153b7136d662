"""Several processes that train one model together, as ``torchrun`` starts them.

The batch size of a loader is that of all processes together: each process computes its share of
every batch. So the same script gives the same result, up to rounding, with one process or many.
"""

import atexit
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, Sampler

T = TypeVar("T")

_SET_BY_TORCHRUN = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


def count_processes() -> int:
    """Return how many processes have joined to train together.

    Returns
    -------
    int
        1 in a program that was started as usual.

    Examples
    --------
    >>> count_processes()
    1
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process.

    Returns
    -------
    int
        From 0; 0 in a program that was started as usual.

    Examples
    --------
    >>> rank()
    0
    """
    return dist.get_rank() if count_processes() > 1 else 0


def is_first_process() -> bool:
    """Tell whether this process is the one that writes files and shows progress.

    Returns
    -------
    bool
        True in a program that was started as usual.

    Examples
    --------
    >>> is_first_process()
    True
    """
    return rank() == 0


def join_processes(model: nn.Module) -> int:
    """Join the other processes that ``torchrun`` has started, if it has.

    With a model on a GPU each process takes the GPU of its local rank, and the model moves there.

    Parameters
    ----------
    model : nn.Module
        The model to be trained.

    Returns
    -------
    int
        The number of processes: 1 in a program that was started as usual.

    Examples
    --------
    >>> join_processes(nn.Linear(2, 1))
    1
    """
    started = dist.is_available() and os.environ.keys() >= _SET_BY_TORCHRUN
    if started and not dist.is_initialized() and int(os.environ["WORLD_SIZE"]) > 1:
        if any(parameter.is_cuda for parameter in model.parameters()):
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            model.to("cuda")  # the optimiser keeps its parameters: they move in place
        dist.init_process_group()  # gloo for tensors on the CPU, NCCL for those on a GPU
        # Not at the end of one training: another one may follow, and a group is formed only once.
        atexit.register(dist.destroy_process_group)
    return count_processes()


def replicate(model: nn.Module) -> nn.Module:
    """Wrap a model so that its gradients become the mean over all processes.

    Parameters
    ----------
    model : nn.Module
        On the device of this process.

    Returns
    -------
    nn.Module
        The model in ``DistributedDataParallel``; the model as it is where
        there is one process, or where it is wrapped already.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> replicate(model) is model
    True
    """
    if count_processes() == 1 or isinstance(model, DistributedDataParallel):
        return model
    devices = {parameter.device for parameter in model.parameters()}
    on_one_gpu = len(devices) == 1 and next(iter(devices)).type == "cuda"
    return DistributedDataParallel(model, device_ids=list(devices) if on_one_gpu else None)


def share_buffers(model: nn.Module) -> None:
    """Give all processes the buffers of the first one.

    The running means of batch normalisation differ between processes, because each one has seen
    other examples. What is evaluated and saved must be one model.

    Parameters
    ----------
    model : nn.Module
        Its buffers are overwritten, except in the first process.

    Examples
    --------
    >>> share_buffers(nn.BatchNorm2d(3))  # one process: nothing to do
    """
    if count_processes() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)


def from_first_process(call: Callable[[], T]) -> T:
    """Call a function in the first process and return its result in all of them.

    Parameters
    ----------
    call : callable
        Takes no arguments. What it raises is raised in all processes, so none waits for ever.

    Returns
    -------
    object
        What the function returned.

    Examples
    --------
    >>> from_first_process(lambda: 6 * 7)
    42
    """
    if count_processes() == 1:
        return call()
    outcome: list[Any] = [None, None]
    if is_first_process():
        try:
            outcome[0] = call()
        except Exception as error:  # noqa: BLE001  # all processes raise it below
            outcome[1] = error
    dist.broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    result: T = outcome[0]
    return result


def from_all_processes(value: T) -> list[T]:
    """Collect one value from each process.

    Parameters
    ----------
    value : object
        The value of this process.

    Returns
    -------
    list
        The values of all processes, in the order of their ranks.

    Examples
    --------
    >>> from_all_processes("one")
    ['one']
    """
    values = [value] * count_processes()
    if len(values) > 1:
        dist.all_gather_object(values, value)
    return values


@dataclass(frozen=True, slots=True)
class Share:
    """What one process computes of a batch that several processes share.

    Parameters
    ----------
    batch : sequence of Tensor
        ``(*inputs, targets)``.
    weight : float
        The loss is multiplied by it before the gradients are computed. It makes the mean over the
        processes of the mean over their examples the mean over all examples, also where the shares
        differ in size. It is 0 for a process whose share is empty: it gets one example to compute
        with, because the others wait for its gradients.

    Examples
    --------
    >>> Share([torch.ones(2, 3), torch.zeros(2)], 1.0).weight
    1.0
    """

    batch: Sequence[torch.Tensor]
    weight: float


class SharedLoader:
    """The shares of one process of the batches of a loader.

    Parameters
    ----------
    loader : DataLoader
        Its batches are those of all processes together. The first process decides about their
        order. A loader with a ``DistributedSampler`` has been divided already and is kept so.
    rank : int
        The number of this process, from 0.
    processes : int
        The number of processes.

    Raises
    ------
    TypeError
        If the loader is no ``DataLoader``, or its examples cannot be chosen by their index.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> loader = DataLoader(TensorDataset(torch.arange(5)), batch_size=4)
    >>> [share.batch[0].tolist() for share in SharedLoader(loader, rank=0, processes=2)]
    [[0, 2], [4]]
    >>> [(share.batch[0].tolist(), share.weight) for share in SharedLoader(loader, 1, 2)]
    [([1, 3], 1.0), ([4], 0.0)]
    """

    def __init__(self, loader: Iterable[Any], rank: int, processes: int) -> None:
        """Make a loader with the settings of the other one, for other batches."""
        if (
            not isinstance(loader, DataLoader)
            or isinstance(loader.dataset, IterableDataset)
            or loader.batch_sampler is None
        ):
            raise TypeError(
                f"{type(loader).__name__}: {processes} processes can share only the batches of a "
                "DataLoader over a data set with __getitem__, with batch_size or batch_sampler"
            )
        self._shares: _Shares | None = None
        self._loader: DataLoader[Any] = loader
        if isinstance(loader.sampler, DistributedSampler):
            return
        self._shares = _Shares(loader.batch_sampler, rank, processes)
        self._loader = DataLoader(
            loader.dataset,
            batch_sampler=self._shares,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=loader.generator,
            prefetch_factor=loader.prefetch_factor,
            persistent_workers=loader.persistent_workers,
        )

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._loader)

    def __iter__(self) -> Iterator[Share]:
        """Yield one share of each batch."""
        for number, batch in enumerate(self._loader):
            yield Share(batch, 1.0 if self._shares is None else self._shares.weights[number])


class _Shares(Sampler[list[int]]):
    """The indices of one process in each batch of another sampler."""

    def __init__(
        self, batches: Sampler[list[int]] | Iterable[list[int]], rank: int, processes: int
    ) -> None:
        """Divide the batches of a sampler."""
        self.batches, self.rank, self.processes = batches, rank, processes
        self.weights: list[float] = []

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)  # type: ignore[arg-type]  # samplers of batches have a length

    def __iter__(self) -> Iterator[list[int]]:
        """Yield every n-th index of each batch; the first one where that is none."""
        batches = from_first_process(lambda: list(self.batches))
        shares = [batch[self.rank :: self.processes] for batch in batches]
        self.weights = [
            len(share) * self.processes / len(batch)
            for share, batch in zip(shares, batches, strict=True)
        ]
        for share, batch in zip(shares, batches, strict=True):
            yield share or batch[:1]
