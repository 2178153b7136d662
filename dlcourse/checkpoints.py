"""Files of weights and of whole training runs, and what such a run needs to go on exactly.

Files are written completely or not at all. Reading never executes what a file contains: weights are
in the format safetensors, everything else is read by PyTorch with ``weights_only=True``. Both are
checked for damage first.

To go on as if nothing had happened, the weights are not enough: the optimiser remembers earlier
gradients, the schedule knows how far it is, and every random generator stands somewhere in its
sequence.
"""

import copy
import io
import json
import os
import pickle
import random
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class CheckpointError(RuntimeError):
    """A file that cannot be used: it is damaged, or belongs to something else.

    Examples
    --------
    >>> raise CheckpointError("last.pt is damaged; use another copy")
    Traceback (most recent call last):
    dlcourse.checkpoints.CheckpointError: last.pt is damaged; use another copy
    """


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the weights and buffers of a model in the format safetensors.

    Parameters
    ----------
    model : nn.Module
        On any device. The extra state of its modules (``get_extra_state``) is written too.
    path : path-like
        Usually ends in ``.safetensors``. Its folder is made if it does not exist.

    Raises
    ------
    TypeError
        If an extra state could not be read again without executing code.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> model, copy = nn.Linear(2, 1), nn.Linear(2, 1)
    >>> with TemporaryDirectory() as folder:
    ...     save_weights(model, Path(folder) / "model.safetensors")
    ...     load_weights(copy, Path(folder) / "model.safetensors")
    >>> torch.equal(copy.weight, model.weight)
    True

    The file does not say where the model was.

    >>> model = nn.Linear(2, 1).to("cuda")  # doctest: +GPU
    >>> with TemporaryDirectory() as folder:  # doctest: +GPU
    ...     save_weights(model, Path(folder) / "model.safetensors")
    ...     load_weights(copy, Path(folder) / "model.safetensors")
    >>> torch.equal(copy.weight, model.weight.cpu())  # doctest: +GPU
    True
    """
    weights, extra = {}, []
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            value = _packed(value, name)
            extra.append(name)
        # Copied: safetensors refuses tensors that share memory, as tied weights do, or have gaps.
        weights[name] = value.cpu().clone(memory_format=torch.contiguous_format)
    notes = {"format": "pt", "crc32": _crc32(weights)}
    if extra:
        notes["extra_state"] = json.dumps(extra)
    content = safetensors.torch.save(weights, notes)
    with _written_whole(Path(path)) as file:
        file.write(content)


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Read weights that were written with :func:`save_weights` into a model.

    Parameters
    ----------
    model : nn.Module
        A model of the same shape, on any device.
    path : path-like
        A file in the format safetensors.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is damaged or holds the weights of another model. The model keeps its weights.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     load_weights(nn.Linear(2, 1), f"{folder}/best.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: there is no file ...best.safetensors; ... is empty or missing
    """
    path = _existing(path)
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    except SafetensorError as error:
        raise CheckpointError(_damage(path, error)) from error
    # Files of other programs carry no checksum.
    if notes.get("crc32") not in (None, _crc32(weights)):
        raise CheckpointError(_damage(path, "its checksum is wrong"))
    extra = {name: _unpacked(weights[name]) for name in json.loads(notes.get("extra_state", "[]"))}
    state = weights | extra
    _require_same_weights(model, state, path)
    model.load_state_dict(state)


def save_state(state: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write nested dictionaries and lists of tensors and plain values.

    Parameters
    ----------
    state : mapping
        For example ``{"model": model.state_dict(), "epoch": 3}``.
    path : path-like
        Usually ends in ``.pt``. Its folder is made if it does not exist.

    Raises
    ------
    TypeError
        If there is anything in it that could not be read again without executing code.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_state({"epoch": 3, "loss": [0.5, 0.25]}, Path(folder) / "last.pt")
    ...     load_state(Path(folder) / "last.pt")
    {'epoch': 3, 'loss': [0.5, 0.25]}
    """
    plain = _plain(state, "state")
    with _written_whole(Path(path)) as file:
        torch.save(plain, file)


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :func:`save_state` wrote.

    Parameters
    ----------
    path : path-like
        A file of :func:`save_state`.

    Returns
    -------
    dict
        The state, with all tensors on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is damaged, or is no file of :func:`save_state`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_state({"weights": torch.eye(2)}, Path(folder) / "last.pt")
    ...     load_state(Path(folder) / "last.pt")
    {'weights': tensor([[1., 0.],
            [0., 1.]])}
    """
    path = _existing(path)
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load itself compares no checksums
            damaged_part = archive.testzip()
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError) as error:
        raise CheckpointError(_damage(path, error)) from error
    if damaged_part is not None:
        raise CheckpointError(_damage(path, f"the checksum of its part {damaged_part} is wrong"))
    return state


def capture_run(
    model: nn.Module,
    optimiser: Optimizer,
    scheduler: LRScheduler | None = None,
    generators: Sequence[torch.Generator] = (),
) -> dict[str, Any]:
    """Take down the state of a training run between two updates.

    Parameters
    ----------
    model, optimiser, scheduler : nn.Module, Optimizer, LRScheduler
        The model in training, its optimiser and, if there is one, the schedule of its learning rate.
    generators : sequence of torch.Generator, optional
        The random generators of its data loaders; see :func:`generators_of`.

    Returns
    -------
    dict
        For :func:`save_state`. It refers to the tensors of the model and does not copy them.

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
    model, optimiser, scheduler : nn.Module, Optimizer, LRScheduler
        A model of the same shape, and an optimiser and a schedule of the same kinds, made for it.
    generators : sequence of torch.Generator, optional
        As many as there were, in the same order.
    origin : str, default "state"
        Where the state comes from, for messages.

    Raises
    ------
    CheckpointError
        If one of them does not fit. Nothing has been changed then.

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
    """
    if missing := {"model", "optimiser", "scheduler", "random"} - state.keys():
        raise CheckpointError(f"{origin} is no state of a run: it has no {min(missing)!r}")
    _require_same_kind(state["optimiser"], optimiser, "optimiser", origin)
    _require_same_kind(state["scheduler"], scheduler, "scheduler", origin)
    _require_same_weights(model, state["model"], origin)
    parts = (model, optimiser, scheduler, generators)
    before = copy.deepcopy(capture_run(*parts))
    try:
        _put_back(state, *parts)
    except Exception as error:
        _put_back(before, *parts)
        raise CheckpointError(f"{origin}: {error}") from error


def generators_of(*loaders: object) -> list[torch.Generator]:
    """Find the generators that data loaders, their samplers and their data sets were given.

    Parameters
    ----------
    *loaders : DataLoader or other iterable
        What has no generator of its own, or is ``None``, adds nothing.

    Returns
    -------
    list of torch.Generator
        Each generator once, in a fixed order.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> generator = torch.Generator().manual_seed(3)
    >>> loader = DataLoader(range(8), shuffle=True, generator=generator)
    >>> generators_of(loader) == [generator]
    True
    """
    found: dict[int, torch.Generator] = {}
    for loader in loaders:
        batches = getattr(loader, "batch_sampler", None)
        owners = (loader, getattr(loader, "sampler", None), batches)
        inner = (getattr(batches, "sampler", None), getattr(loader, "dataset", None))
        for owner in (*owners, *inner):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator):
                found.setdefault(id(generator), generator)
    return list(found.values())


def capture_random_state(generators: Iterable[torch.Generator] = ()) -> dict[str, Any]:
    """Take down the state of the global generators, and of others.

    Parameters
    ----------
    generators : iterable of torch.Generator, optional
        Generators besides the global ones: those of Python and NumPy, and PyTorch's for the CPU,
        the CUDA devices and the Apple GPU.

    Returns
    -------
    dict
        Tensors and plain values, which :func:`save_state` can write.

    Examples
    --------
    >>> sorted(capture_random_state())
    ['cuda', 'generators', 'mps', 'numpy', 'python', 'torch']
    """
    numpy = dict(np.random.get_state(legacy=False))
    mersenne_twister = numpy["state"]
    return {
        "python": random.getstate(),
        # weights_only=True reads no NumPy arrays; 32 unsigned bits fit into 64 signed ones.
        "numpy": numpy
        | {"state": mersenne_twister | {"key": torch.tensor(mersenne_twister["key"].tolist())}},
        "torch": torch.get_rng_state(),
        # Asking a process that never used CUDA would wake up the driver.
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "mps": torch.mps.get_rng_state() if torch.backends.mps.is_available() else None,
        "generators": [generator.get_state() for generator in generators],
    }


def restore_random_state(state: dict[str, Any], generators: Sequence[torch.Generator] = ()) -> None:
    """Put generators back into a state that was taken down.

    Parameters
    ----------
    state : dict
        What :func:`capture_random_state` returned.
    generators : sequence of torch.Generator, optional
        As many as it was given, in the same order.

    Raises
    ------
    ValueError
        If there are more or fewer generators than in the state. Nothing has been changed then.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(3)
    >>> state = capture_random_state([generator])
    >>> first = torch.rand(3, generator=generator)
    >>> restore_random_state(state, [generator])
    >>> torch.equal(torch.rand(3, generator=generator), first)
    True
    """
    if len(generators) != len(state["generators"]):
        raise ValueError(
            f"the state holds {len(state['generators'])} generators of data loaders, and there "
            f"are {len(generators)} now; give each loader a generator as at the time it was taken"
        )
    mersenne_twister = state["numpy"]["state"]
    keys = np.array(mersenne_twister["key"].tolist(), dtype=np.uint32)
    random.setstate(state["python"])
    np.random.set_state(state["numpy"] | {"state": mersenne_twister | {"key": keys}})
    torch.set_rng_state(state["torch"])
    # A run that goes on with fewer GPUs, or none, has no use for the states of the others.
    for device, cuda_state in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
        torch.cuda.set_rng_state(cuda_state, device)
    if state["mps"] is not None and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
    for generator, own_state in zip(generators, state["generators"], strict=True):
        generator.set_state(own_state)


@contextmanager
def _written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside the path, and put it in its place once it is complete and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _existing(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file, or say what is there instead."""
    path = Path(path)
    if path.is_file():
        return path
    folder = path.parent
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    raise FileNotFoundError(
        f"there is no file {path}; "
        + (f"{folder} holds {', '.join(there[:10])}" if there else f"{folder} is empty or missing")
    )


def _damage(path: Path, reason: object) -> str:
    """Return the message for a file whose content is not what was written."""
    return (
        f"{path} is damaged, or no file of this kind ({reason}); "
        "delete it and train again, or use another copy"
    )


def _crc32(weights: Mapping[str, Tensor]) -> str:
    """Return a checksum of names, shapes and values, which safetensors itself does not have."""
    checksum = 0
    for name, value in sorted(weights.items()):
        checksum = zlib.crc32(f"{name} {value.dtype} {tuple(value.shape)}".encode(), checksum)
        values = value.contiguous().reshape(-1).view(torch.uint8)
        checksum = zlib.crc32(values.numpy().data, checksum)
    return f"{checksum:08x}"


def _plain(value: Any, where: str) -> Any:
    """Return a copy of containers with NumPy's numbers as Python's; name what cannot be kept."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (dict, OrderedDict, Counter):
        return type(value)({key: _plain(item, f"{where}[{key!r}]") for key, item in value.items()})
    if type(value) in (list, tuple):
        return type(value)(_plain(item, f"{where}[{i}]") for i, item in enumerate(value))
    if value is None or isinstance(value, Tensor) or type(value) in (bool, int, float, str, bytes):
        return value
    raise TypeError(
        f"{where} is a {type(value).__name__}, which cannot be read again without executing code; "
        "keep tensors, numbers, strings, and dictionaries, lists and tuples of them"
    )


def _packed(value: Any, where: str) -> Tensor:
    """Return an extra state as bytes, shape (L,), for a file that holds nothing but tensors."""
    content = io.BytesIO()
    torch.save(_plain(value, where), content)
    return torch.frombuffer(bytearray(content.getvalue()), dtype=torch.uint8)


def _unpacked(content: Tensor) -> Any:
    """Return the extra state that was packed."""
    return torch.load(io.BytesIO(content.numpy().tobytes()), map_location="cpu", weights_only=True)


def _require_same_weights(
    model: nn.Module, weights: Mapping[str, Any], path: str | os.PathLike[str]
) -> None:
    """Make sure that weights fit a model before any of them is copied."""
    own = model.state_dict()
    shapes = [
        f"{name} has shape {tuple(weights[name].shape)}, not {tuple(own[name].shape)}"
        for name in own.keys() & weights.keys()
        if isinstance(own[name], Tensor) and isinstance(weights[name], Tensor)
        if weights[name].shape != own[name].shape
    ]
    missing = [f"{name} is not in the file" for name in sorted(own.keys() - weights.keys())]
    extra = [f"the model has no {name}" for name in sorted(weights.keys() - own.keys())]
    if differences := [*missing, *extra, *sorted(shapes)]:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        raise CheckpointError(
            f"{path}: these weights are of another model: {differences[0]}{more}; "
            "build the model as it was when it was saved"
        )


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


def _put_back(
    state: dict[str, Any],
    model: nn.Module,
    optimiser: Optimizer,
    scheduler: LRScheduler | None,
    generators: Sequence[torch.Generator],
) -> None:
    """Put every part of a run into its state."""
    restore_random_state(state["random"], generators)
    optimiser.load_state_dict(state["optimiser"]["state"])
    if scheduler is not None:
        scheduler.load_state_dict(state["scheduler"]["state"])
    model.load_state_dict(state["model"])
