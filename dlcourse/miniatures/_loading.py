"""Hand each miniature to torchvision's own class."""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset
from torchvision import datasets

from dlcourse.miniatures._files import LSUN


def _md5(file: Path) -> str:
    """Return the digest that torchvision compares."""
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _digests(folder: Path, names: Iterable[str]) -> list[list[str]]:
    """Return the list of files and digests that CIFAR10 and STL10 have as an attribute."""
    return [[name, _md5(folder / name)] for name in names]


def _with(parent: Any, **attributes: object) -> Any:
    """Return a subclass of the same name in which only these attributes differ."""
    return type(parent.__name__, (parent,), attributes)


def cifar(parent: Any, root: Path) -> Dataset[Any]:
    """Load CIFAR-10 or CIFAR-100."""
    base = root / parent.base_folder
    parts = {
        part: _digests(base, [name for name, _ in getattr(parent, part)])
        for part in ("train_list", "test_list")
    }
    meta = {**parent.meta, "md5": _md5(base / parent.meta["filename"])}
    loaded: Dataset[Any] = _with(parent, **parts, meta=meta)(root)
    return loaded


def coco(parent: Any, root: Path, notes: str) -> Dataset[Any]:
    """Load COCO, without the lines that pycocotools prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        loaded: Dataset[Any] = parent(root / "val2017", str(root / "annotations" / notes))
    return loaded


@contextlib.contextmanager
def without(message: str, category: type[Warning]) -> Iterator[None]:
    """Keep back one warning about code of torchvision or pycocotools, not ours to mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message, category)
        yield


def lsun(root: Path) -> Dataset[Any]:
    """Load LSUN, which leaves a list of keys in the folder in which a program works."""
    unclosed = without("unclosed file", ResourceWarning)
    with contextlib.chdir(root), unclosed:
        loaded: Dataset[Any] = datasets.LSUN(str(root), LSUN)
    return loaded


def stl10(root: Path) -> Dataset[Any]:
    """Load STL10."""
    base = root / datasets.STL10.base_folder
    train = _digests(base, ["train_X.bin", "train_y.bin", "unlabeled_X.bin"])
    test = _digests(base, ["test_X.bin", "test_y.bin"])
    loaded: Dataset[Any] = _with(datasets.STL10, train_list=train, test_list=test)(root)
    return loaded


def svhn(root: Path) -> Dataset[Any]:
    """Load SVHN."""
    files = {
        part: [address, name, _md5(root / name)]
        for part, (address, name, _) in datasets.SVHN.split_list.items()
    }
    loaded: Dataset[Any] = _with(datasets.SVHN, split_list=files)(root)
    return loaded


def phototour(root: Path) -> Dataset[Any]:
    """Load PhotoTour, in pairs."""
    with without("Image.Image.getdata is deprecated", DeprecationWarning):
        loaded: Dataset[Any] = datasets.PhotoTour(root, "liberty", train=False)
    return loaded


def sbu(root: Path) -> Dataset[Any]:
    """Load SBU."""
    digest = _md5(root / datasets.SBU.filename)
    with without("unclosed file", ResourceWarning):
        loaded: Dataset[Any] = _with(datasets.SBU, md5_checksum=digest)(root, download=False)
    return loaded
