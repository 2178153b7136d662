"""Files of weights and of whole training runs, written completely or not at all.

Reading never executes what a file contains: weights are in the format safetensors, everything else
is read by PyTorch with ``weights_only=True``. Both are checked for damage first.
"""

import os
import pickle
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn


class CheckpointError(RuntimeError):
    """A file that cannot be used: it is damaged, or belongs to something else.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     save_weights(nn.Linear(2, 1), path)
    ...     try:
    ...         load_weights(nn.Linear(3, 1), path)
    ...     except CheckpointError as error:
    ...         print(str(error).partition(": ")[2])
    these weights are of another model: weight has shape (1, 2), not (1, 3); build the model as it \
was when it was saved
    """


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the weights and buffers of a model in the format safetensors.

    Parameters
    ----------
    model : nn.Module
        On any device.
    path : path-like
        Usually ends in ``.safetensors``. Its folder is made if it does not exist.

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
    # Copied: safetensors refuses tensors that share memory, as tied weights do, or have gaps.
    weights = {
        name: value.cpu().clone(memory_format=torch.contiguous_format)
        for name, value in model.state_dict().items()
    }
    content = safetensors.torch.save(weights, {"format": "pt", "crc32": _crc32(weights)})
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
    >>> model, copy = nn.Linear(2, 1), nn.Linear(2, 1)
    >>> with TemporaryDirectory() as folder:
    ...     save_weights(model, Path(folder) / "model.safetensors")
    ...     load_weights(copy, Path(folder) / "model.safetensors")
    >>> torch.equal(copy.weight, model.weight)
    True

    A model on a GPU stays there.

    >>> copy = copy.to("cuda")  # doctest: +GPU
    >>> with TemporaryDirectory() as folder:  # doctest: +GPU
    ...     save_weights(model, Path(folder) / "model.safetensors")
    ...     load_weights(copy, Path(folder) / "model.safetensors")
    >>> copy.weight.is_cuda, torch.equal(copy.weight.cpu(), model.weight)  # doctest: +GPU
    (True, True)
    """
    path = _existing(path)
    try:
        with safe_open(path, framework="pt") as file:
            checksum = (file.metadata() or {}).get("crc32")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    except SafetensorError as error:
        raise CheckpointError(_damage(path, error)) from error
    if checksum not in (None, _crc32(weights)):  # files of other programs carry no checksum
        raise CheckpointError(_damage(path, "its checksum is wrong"))
    require_same_weights(model, weights, path)
    model.load_state_dict(weights)


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
    >>> with TemporaryDirectory() as folder:  # doctest: +GPU
    ...     save_state({"weights": torch.eye(2, device="cuda")}, Path(folder) / "last.pt")
    ...     load_state(Path(folder) / "last.pt")["weights"].device
    device(type='cpu')
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


def require_same_weights(
    model: nn.Module, weights: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> None:
    """Make sure that weights fit a model before any of them is copied.

    Parameters
    ----------
    model : nn.Module
        The model that is to take the weights.
    weights : mapping of str to Tensor
        A ``state_dict`` of a model.
    path : path-like
        Where they come from, for the message.

    Raises
    ------
    CheckpointError
        If a name or a shape differs. The message shows the first difference.

    Examples
    --------
    >>> require_same_weights(nn.Linear(2, 1), nn.Linear(2, 1).state_dict(), "best.safetensors")
    """
    own = model.state_dict()
    shapes = [
        f"{name} has shape {tuple(weights[name].shape)}, not {tuple(own[name].shape)}"
        for name in own.keys() & weights.keys()
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
