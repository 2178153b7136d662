"""Small models for a page: all tensors in one file, with 8 bits for each weight.

The file is in the format `safetensors <https://github.com/huggingface/safetensors>`__: a header in
JSON with the names, shapes and places of all tensors, and then the bare numbers. A page reads it
with ``small-model.js``.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import Tensor

SCALES = ":scales"
"""What follows the name of a matrix in the name of the scales of its rows."""

META = "meta"
"""The key of the header behind which the metadata stand, as JSON."""

LARGEST = 127
"""The largest number of 8 bits; the smallest is its negative, and −128 is not used."""


def pack(tensors: Mapping[str, Tensor], path: str | os.PathLike[str], meta: Any = None) -> None:
    """Write tensors into one small file, matrices with 8 bits a number.

    Each row of a matrix is divided by a *scale* of its own, so that its largest absolute value
    becomes 127, and rounded to whole numbers. So no number of a row is wrong by more than half a
    scale. Biases and other vectors are few, and keep their 32 bits.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Tensors of floating-point numbers, for instance ``model.state_dict()``. Vectors and scalars
        are stored in 32 bits; of all others, the rows of the last dimension are rounded.
    path : path-like
        The file, best with the suffix ``.safetensors``. It is replaced.
    meta : object, optional
        Whatever JSON can hold and the model needs, for instance its vocabulary. A page has to load
        it, too.

    Raises
    ------
    ValueError
        If a tensor does not hold floating-point numbers, if one of its numbers is not finite, or if
        its name ends in ``":scales"``.
    TypeError
        If JSON cannot hold the metadata.

    See Also
    --------
    unpack : Read such a file.

    Examples
    --------
    The numbers of the first row are small, and so is its scale.

    >>> import tempfile
    >>> weight = torch.tensor([[0.01, -0.5, 0.25], [10.0, 0.0, -3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = f"{folder}/small.safetensors"
    ...     pack({"weight": weight, "bias": torch.tensor([0.1])}, file, {"words": ["a", "很"]})
    ...     tensors, meta = unpack(file)
    >>> tensors["weight"]
    tensor([[ 0.0118, -0.5000,  0.2520],
            [10.0000,  0.0000, -2.9921]])
    >>> tensors["bias"], meta
    (tensor([0.1000]), {'words': ['a', '很']})
    """
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        _check(name, tensor)
        values = tensor.detach().cpu().to(torch.float32).contiguous()
        if values.ndim < 2:
            stored[name] = values.clone()
            continue
        scales = values.abs().amax(-1) / LARGEST  # one for each row
        divisors = torch.where(scales > 0, scales, 1.0).unsqueeze(-1)
        stored[name] = (values / divisors).round().clamp(-LARGEST, LARGEST).to(torch.int8)
        stored[name + SCALES] = scales
    Path(path).write_bytes(save(stored, {META: json.dumps(meta, ensure_ascii=False)}))


def unpack(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], Any]:
    """Read what :func:`pack` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    tuple of dict of str to Tensor, and object
        The tensors, float32, in the shapes in which they were packed, and the metadata. The numbers
        of a matrix are the rounded ones times their scale: exactly those that a page computes with.

    Raises
    ------
    ValueError
        If the file is in another format, or is cut short.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    pack : Write such a file; its example reads it, too.

    Examples
    --------
    What is read can be written again, without a further loss.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = f"{folder}/small.safetensors"
    ...     pack({"weight": torch.tensor([[0.3, 0.1]])}, file)
    ...     once, _ = unpack(file)
    ...     pack(once, file)
    ...     twice, _ = unpack(file)
    >>> once["weight"], torch.equal(once["weight"], twice["weight"])
    (tensor([[0.3000, 0.0992]]), True)
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            notes = file.metadata() or {}
        stored = load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error
    if META not in notes:
        raise ValueError(f"{path} was not written by pack: its header has no {META!r}")
    tensors = {name: tensor for name, tensor in stored.items() if not name.endswith(SCALES)}
    for name, tensor in tensors.items():
        if tensor.dtype == torch.int8:
            tensors[name] = tensor.float() * stored[name + SCALES].unsqueeze(-1)
    return tensors, json.loads(notes[META])


def _check(name: str, tensor: Tensor) -> None:
    """Refuse what cannot be stored."""
    if name.endswith(SCALES):
        raise ValueError(
            f"the name {name!r} ends in {SCALES!r}, which is kept for scales; rename it"
        )
    if not tensor.is_floating_point():
        raise ValueError(
            f"{name!r} holds {tensor.dtype}, but only floating-point numbers can be packed; "
            "put whole numbers into the metadata"
        )
    if not tensor.isfinite().all():
        raise ValueError(
            f"{name!r} holds a number that is infinite or not a number; was the training stable?"
        )
