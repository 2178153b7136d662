"""Write the data sets that keep many pictures in one file, as bytes."""

import pickle
import pickletools
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from PIL import Image

from dlcourse.miniatures import _pictures
from dlcourse.miniatures._pictures import folder

Bytes = NDArray[np.uint8]


def write_mnist(root: Path, asset: str = "mnist", name: str = "MNIST") -> None:
    """Write the four IDX files: a magic number, the lengths, big-endian, then the bytes."""
    raw = folder(root, name, "raw")
    for part, count in ("train", 8), ("t10k", 4):
        pictures, labels = _pictures.digits(asset, count, part == "train")
        # 0x08 stands for unsigned bytes, the last byte for the number of axes.
        head = struct.pack(">4BIII", 0, 0, 8, 3, *pictures.shape)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + pictures.tobytes())
        head = struct.pack(">4BI", 0, 0, 8, 1, count)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


def write_fashion_mnist(root: Path) -> None:
    """Write the same four files, with clothes."""
    write_mnist(root, "fashion-mnist", "FashionMNIST")


#: Opcodes of Python 3, and that of a string of Python 2 whose length has as many bytes.
_PYTHON2 = {"BINUNICODE": pickle.BINSTRING, "BINBYTES": pickle.BINSTRING}
_PYTHON2["SHORT_BINBYTES"] = pickle.SHORT_BINSTRING


def _write_pickle(file: Path, value: dict[str, Any]) -> None:
    """Write a pickle as Python 2 did: readers choose with ``encoding=`` what its strings are."""
    data = bytearray(pickle.dumps(value, protocol=3))
    for opcode, _, place in pickletools.genops(bytes(data)):
        if place is not None and opcode.name in _PYTHON2:
            data[place : place + 1] = _PYTHON2[opcode.name]
    data[1] = 2  # the protocol
    file.write_bytes(data)


def _planes(stamps: Iterable[str], pixels: int) -> Bytes:
    """Return pictures in rows: all red values, then all green, then all blue ones."""
    pictures = np.stack([_pictures.square(stamp, pixels) for stamp in stamps])
    return pictures.transpose(0, 3, 1, 2).reshape(len(pictures), -1)  # (N, 3·H·W)


def _cifar_batch(title: str, stamps: list[str]) -> dict[str, Any]:
    """Return what every batch of CIFAR has."""
    names = [f"{stamp.split('/')[-1]}_s_{number:06}.png" for number, stamp in enumerate(stamps, 1)]
    return {"batch_label": title, "data": _planes(stamps, 32), "filenames": names}


CIFAR10 = {
    "airplane": "airplane", "automobile": "car", "bird": "birds/duck", "cat": "cat2",
    "deer": "mammals/deer/deer", "dog": "mammals/dogs/dog", "frog": "amphibians/frog",
    "horse": "mammals/equines/horse", "ship": "ship", "truck": "truck",
}  # fmt: skip


def write_cifar10(root: Path) -> None:
    """Write five batches of two pictures, so that each class comes once, and one to test."""
    batches, stamps = folder(root, "cifar-10-batches-py"), list(CIFAR10.values())
    for number in range(1, 6):
        labels = [2 * number - 2, 2 * number - 1]
        batch = _cifar_batch(f"training batch {number} of 5", [stamps[i] for i in labels])
        _write_pickle(batches / f"data_batch_{number}", {**batch, "labels": labels})
    batch = _cifar_batch("testing batch 1 of 1", ["amphibians/frog-1", "birds/owl"])
    _write_pickle(batches / "test_batch", {**batch, "labels": [6, 2]})
    meta = {"num_cases_per_batch": 2, "label_names": list(CIFAR10), "num_vis": 3072}
    _write_pickle(batches / "batches.meta", meta)


CIFAR100 = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup",
    "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house",
    "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man",
    "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
    "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy",
    "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal",
    "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar",
    "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman",
    "worm",
]  # fmt: skip
CIFAR100_COARSE = [
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables",
    "household_electrical_devices", "household_furniture", "insects", "large_carnivores",
    "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people",
    "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
]  # fmt: skip
_CIFAR100_TRAIN = {
    "mammals/bears/bear": ("bear", "large_carnivores"),
    "mammals/camel/camel": ("camel", "large_omnivores_and_herbivores"),
    "mammals/aquatic/dolphin": ("dolphin", "aquatic_mammals"),
    "mammals/dogs/fox": ("fox", "medium_mammals"),
    "mammals/rodents/squirrel": ("squirrel", "small_mammals"),
    "rocket": ("rocket", "vehicles_2"),
}
_CIFAR100_TEST = {
    "mammals/cats/tiger": ("tiger", "large_carnivores"),
    "sunflower": ("sunflower", "flowers"),
}


def write_cifar100(root: Path) -> None:
    """Write one batch to train and one to test, each with a fine and a coarse label a picture."""
    batches = folder(root, "cifar-100-python")
    parts = ("train", "training", _CIFAR100_TRAIN), ("test", "testing", _CIFAR100_TEST)
    for name, title, table in parts:
        batch = _cifar_batch(f"{title} batch 1 of 1", list(table))
        batch["fine_labels"] = [CIFAR100.index(fine) for fine, _ in table.values()]
        batch["coarse_labels"] = [CIFAR100_COARSE.index(coarse) for _, coarse in table.values()]
        _write_pickle(batches / name, batch)
    meta = {"fine_label_names": CIFAR100, "coarse_label_names": CIFAR100_COARSE}
    _write_pickle(batches / "meta", meta)


#: One stamp for each class, in the order of STL10, whose first class is number 1.
STL10 = {
    "airplane": "airplane", "bird": "birds/owl", "car": "car", "cat": "cat2",
    "deer": "mammals/deer/doe", "dog": "mammals/dogs/dog", "horse": "mammals/equines/horse",
    "monkey": "mammals/apes/tamarin_emperor", "ship": "ship", "truck": "truck",
}  # fmt: skip


def write_stl10(root: Path) -> None:
    """Write bytes without any header, each channel column after column."""
    base = folder(root, "stl10_binary")
    unlabeled = ["mammals/bears/bear", "mammals/rodents/rabbit", "bus"]
    parts = ("train", list(STL10.values())), ("test", ["birds/duck", "monkey"])
    for name, stamps in *parts, ("unlabeled", unlabeled):
        pictures = _planes(stamps, 96).reshape(-1, 3, 96, 96)
        (base / f"{name}_X.bin").write_bytes(pictures.swapaxes(2, 3).tobytes())
    (base / "train_y.bin").write_bytes(bytes(range(1, 11)))
    (base / "test_y.bin").write_bytes(bytes([2, 8]))
    (base / "class_names.txt").write_text("".join(f"{name}\n" for name in STL10))
    folds = [f"{first} {(first + 3) % 10} {(first + 6) % 10}\n" for first in range(10)]
    (base / "fold_indices.txt").write_text("".join(folds))


def write_svhn(root: Path) -> None:
    """Write three MAT files with X, shape (32, 32, 3, N), and y, where the digit 0 is 10."""
    ground = np.asarray(_pictures.photograph("flower", (32, 32), _pictures.LEAVES))
    ink = np.array([240.0, 230.0, 200.0])
    digits, labels = _pictures.digits("mnist", 12, train=False)
    opacity = np.pad(digits, ((0, 0), (2, 2), (2, 2)))[..., None] / 255
    pictures = (ground * (1 - opacity) + ink * opacity).round().astype(np.uint8)  # (N, 32, 32, 3)
    labels = np.where(labels == 0, 10, labels)[:, None]
    for name, part in ("train", slice(6)), ("test", slice(6, 9)), ("extra", slice(9, 12)):
        file = root / f"{name}_32x32.mat"
        values = {"X": pictures[part].transpose(1, 2, 3, 0), "y": labels[part]}
        scipy.io.savemat(file, values)
        # The first 116 bytes are a text, into which SciPy writes the time.
        with file.open("r+b") as stream:
            stream.write(b"MATLAB 5.0 MAT-file".ljust(116))


def _view(photo: Image.Image, x: float, y: float, angle: float, scale: float) -> Bytes:
    """Return 64×64 pixels of a photograph around a point, turned and scaled."""
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    affine = (a, -b, x - 32 * (a - b), b, a, y - 32 * (a + b))
    patch = photo.transform((64, 64), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(patch)


def write_phototour(root: Path) -> None:
    """Write a bitmap of 16×16 patches: two views of each of 128 points of a tower."""
    base = folder(root, "liberty")
    generator = np.random.default_rng(0)
    photo = _pictures.photograph("china", (640, 427)).convert("L")
    patches = []
    for x, y in generator.uniform((100, 100), (320, 340), (128, 2)):
        for angle, scale in generator.uniform((-0.3, 0.9), (0.3, 1.2), (2, 2)):
            patches.append(_view(photo, x, y, angle, scale))
    grid = np.stack(patches).reshape(16, 16, 64, 64).swapaxes(1, 2)  # (16, 64, 16, 64)
    Image.fromarray(grid.reshape(1024, 1024)).save(base / "patches0000.bmp")
    (base / "info.txt").write_text("".join(f"{patch // 2} 0\n" for patch in range(256)))
    pairs = [(2 * i, 2 * i + 1 + 2 * (i % 2)) for i in range(8)]  # every second one is no match
    rows = [f"{one} {one // 2} 0 {other} {other // 2} 0\n" for one, other in pairs]
    (base / "m50_100000_100000_0.txt").write_text("".join(rows))
