"""Real data and real weights, checked and kept on disk.

The catalogue says of each asset what it is, who made it, what its owners allow and where it comes
from: ordinary packages of the registries that a machine for Python can reach, and the canonical
address. An asset is fetched once. After that nothing here needs a network.
"""

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dlcourse.assets import _cache
from dlcourse.assets._catalogue import Asset, AssetError, File, Source, look_up, read_catalogue

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Asset", "AssetError", "File", "Source",
    "catalogue", "fetch", "load_state_dict", "path", "verify",
]  # fmt: skip


def path(name: str) -> Path:
    """Return the folder of an asset, fetched if needed and checked.

    Every file is compared with its SHA-256 digest at every call, which takes about a second a
    gigabyte. A file that is missing or damaged is fetched again.

    Parameters
    ----------
    name : str
        An asset's name in the catalogue.

    Returns
    -------
    Path
        The folder that holds the asset's files. Treat them as read-only.

    Raises
    ------
    AssetError
        If there is no such asset, or no source could deliver it, or the cache cannot be written.

    Examples
    --------
    >>> from dlcourse import assets
    >>> sorted(file.path for file in assets.catalogue()["mnist"].files)[0]
    'MNIST/raw/t10k-images-idx3-ubyte'
    >>> from torchvision.datasets import MNIST
    >>> train = MNIST(assets.path("mnist"), train=True, download=False)  # doctest: +SKIP
    """
    return _cache.complete(look_up(name))


def fetch(names: Iterable[str]) -> dict[str, Path]:
    """Fetch several assets, so that later calls of :func:`path` need no network.

    Parameters
    ----------
    names : iterable of str
        Names in the catalogue. All are looked up before the first is fetched.

    Returns
    -------
    dict of str to Path
        Each asset's folder.

    Raises
    ------
    AssetError
        As :func:`path` does.

    Examples
    --------
    >>> from dlcourse import assets
    >>> assets.fetch([])
    {}
    >>> folders = assets.fetch(["mnist", "fashion-mnist"])  # doctest: +SKIP
    """
    wanted = [look_up(name) for name in names]
    return {asset.name: _cache.complete(asset) for asset in wanted}


def verify() -> dict[str, dict[str, str]]:
    """Compare every file in the cache with its digest, and change nothing.

    Returns
    -------
    dict of str to dict of str to str
        For each asset that is in the cache: what is wrong with which of its files. The inner
        dictionary is empty if all files are right.

    Examples
    --------
    >>> from dlcourse import assets
    >>> damaged = [name for name, problems in assets.verify().items() if problems]
    """
    present = [asset for asset in catalogue().values() if (_cache.home() / asset.name).is_dir()]
    return {asset.name: _cache.wrong_files(asset) for asset in present}


def catalogue() -> dict[str, Asset]:
    """Return all assets that can be had, by name.

    Returns
    -------
    dict of str to Asset
        In alphabetical order of the names.

    Raises
    ------
    AssetError
        If an entry cannot be read.

    Examples
    --------
    >>> from dlcourse import assets
    >>> assets.catalogue()["fashion-mnist"].licence
    'MIT'
    """
    return read_catalogue()


def load_state_dict(file: str | os.PathLike[str]) -> "dict[str, Tensor]":
    """Load weights from a file without running code that may be in it.

    Parameters
    ----------
    file : path-like
        A ``.safetensors`` file, or one that ``torch.save`` wrote. The latter is a pickle. It
        is read with ``weights_only=True``, which refuses whatever could run.

    Returns
    -------
    dict of str to Tensor
        The tensors by name, on the CPU.

    Raises
    ------
    AssetError
        If the file is missing, damaged, holds something else than tensors, or holds code.

    Examples
    --------
    >>> import tempfile, torch
    >>> from dlcourse import assets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(torch.nn.Linear(2, 1).state_dict(), f"{folder}/linear.pt")
    ...     weights = assets.load_state_dict(f"{folder}/linear.pt")
    >>> {name: tuple(tensor.shape) for name, tensor in weights.items()}
    {'weight': (1, 2), 'bias': (1,)}
    """
    file = Path(file)
    # Here, because whoever only looks at the catalogue should not wait for PyTorch.
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise AssetError(
            f"{file} does not exist; dlcourse.assets.path says where files lie"
        ) from None
    except pickle.UnpicklingError as error:
        raise AssetError(
            f"{file} holds something that is no plain tensor, perhaps code, and was not loaded: "
            f"{str(error).splitlines()[0]} Use a file of plain weights, best a .safetensors file"
        ) from error
    except (RuntimeError, EOFError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AssetError(
            f"{file} is damaged or no file of weights: {reason}; fetch it again"
        ) from error
    if not isinstance(weights, dict) or not all(map(torch.is_tensor, weights.values())):
        raise AssetError(f"{file} holds no dictionary of tensors; save model.state_dict() alone")
    return dict(weights)
