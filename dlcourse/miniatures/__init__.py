"""Miniatures of famous data sets, in the layout that torchvision's own classes load.

A miniature has the folders, the names and the formats of the real data set, and a few small
pictures from the catalogue of the course, so that its labels are true. Written again, it has the
same bytes.
"""

from pathlib import Path
from typing import Any

from torch.utils.data import Dataset
from torchvision import datasets

from dlcourse.miniatures import _annotated, _arrays, _files, _loading
from dlcourse.miniatures._facts import FACTS, HANDED_OVER, NAMES, Facts
from dlcourse.miniatures._pictures import folder as make_folder
from dlcourse.miniatures._samples import sample

__all__ = ["FACTS", "HANDED_OVER", "NAMES", "Facts", "load", "sample", "write"]


_WRITERS = {
    "mnist": _arrays.write_mnist,
    "fashion-mnist": _arrays.write_fashion_mnist,
    "coco-detection": _annotated.write_coco,
    "coco-captions": _annotated.write_coco,
    "lsun": _files.write_lsun,
    "imagenet": _files.write_imagenet,
    "cifar10": _arrays.write_cifar10,
    "cifar100": _arrays.write_cifar100,
    "stl10": _arrays.write_stl10,
    "svhn": _arrays.write_svhn,
    "phototour": _arrays.write_phototour,
    "flickr8k": _files.write_flickr8k,
    "flickr30k": _files.write_flickr30k,
    "cityscapes": _annotated.write_cityscapes,
    "sbu": _files.write_sbu,
    "voc-segmentation": _annotated.write_voc,
    "voc-detection": _annotated.write_voc,
}


def _check(name: str) -> None:
    """Raise an error if there is no such miniature."""
    if name not in NAMES:
        raise ValueError(f"there is no miniature {name!r}; use one of {', '.join(NAMES)}")


def write(name: str, root: Path) -> Path:
    """Write the miniature of a data set, in the layout of the real one.

    The pictures come from the assets ``mnist``, ``fashion-mnist``, ``photographs``, ``cutouts`` and
    ``emoji``, which are fetched if needed.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    root : Path
        Where the folder of the miniature is made. Its files are the same bytes each time.

    Returns
    -------
    Path
        The folder ``root / name``.

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> from dlcourse import miniatures
    >>> folder = miniatures.write("cifar10", Path("data"))  # doctest: +SKIP
    >>> sorted(file.name for file in folder.glob("*/*_batch"))  # doctest: +SKIP
    ['test_batch']
    >>> miniatures.NAMES[:3]
    ('mnist', 'fashion-mnist', 'coco-detection')
    """
    _check(name)
    folder = make_folder(root, name)
    _WRITERS[name](folder)
    return folder


def load(name: str, root: Path) -> Dataset[Any]:
    """Load a miniature with the class of torchvision that loads the real data set.

    While it loads LSUN, the folder of the miniature is the working folder, because the class leaves
    a list of keys there.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    root : Path
        What :func:`write` was given.

    Returns
    -------
    Dataset
        The part to train on, or that to validate on of COCO, or pairs of patches of PhotoTour. It
        is the class itself, or a subclass of the same name that differs in the digests which it
        compares: see ``HANDED_OVER``.

    Raises
    ------
    ValueError
        If there is no such data set.
    FileNotFoundError
        If the miniature was not written there.

    Examples
    --------
    >>> from dlcourse import miniatures
    >>> folder = miniatures.write("cifar10", Path("data"))  # doctest: +SKIP
    >>> len(miniatures.load("cifar10", Path("data")))  # doctest: +SKIP
    10
    >>> miniatures.HANDED_OVER["mnist"]
    'The class looks only whether the four files are there.'
    """
    _check(name)
    folder = Path(root, name).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} does not exist; call write({name!r}, {str(root)!r})")
    dataset: Dataset[Any]
    match name:
        case "mnist":
            dataset = datasets.MNIST(folder)
        case "fashion-mnist":
            dataset = datasets.FashionMNIST(folder)
        case "coco-detection":
            dataset = _loading.coco(datasets.CocoDetection, folder, "instances_val2017.json")
        case "coco-captions":
            dataset = _loading.coco(datasets.CocoCaptions, folder, "captions_val2017.json")
        case "lsun":
            dataset = _loading.lsun(folder)
        case "imagenet":
            dataset = datasets.ImageNet(folder)
        case "cifar10":
            dataset = _loading.cifar(datasets.CIFAR10, folder)
        case "cifar100":
            dataset = _loading.cifar(datasets.CIFAR100, folder)
        case "stl10":
            dataset = _loading.stl10(folder)
        case "svhn":
            dataset = _loading.svhn(folder)
        case "phototour":
            dataset = _loading.phototour(folder)
        case "flickr8k":
            page = str(folder / "8k-pictures.html")
            dataset = datasets.Flickr8k(folder / "Flicker8k_Dataset", page)
        case "flickr30k":
            tokens = str(folder / "results_20130124.token")
            dataset = datasets.Flickr30k(str(folder / "flickr30k-images"), tokens)
        case "cityscapes":
            kinds = ["semantic", "instance", "polygon", "color"]
            dataset = datasets.Cityscapes(folder, target_type=kinds)
        case "sbu":
            dataset = _loading.sbu(folder)
        case "voc-segmentation":
            dataset = datasets.VOCSegmentation(folder)
        case _:
            dataset = datasets.VOCDetection(folder)
    return dataset
