"""The miniatures lie as the real data sets do, and torchvision's own classes load them."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image, ImageDraw
from torchvision import datasets

from dlcourse import assets, miniatures
from dlcourse.miniatures import _arrays, _pictures

# Each class, and how many examples are in what `load` returns.
EXPECTED = {
    "mnist": (datasets.MNIST, 8),
    "fashion-mnist": (datasets.FashionMNIST, 8),
    "coco-detection": (datasets.CocoDetection, 4),
    "coco-captions": (datasets.CocoCaptions, 4),
    "lsun": (datasets.LSUN, 4),
    "imagenet": (datasets.ImageNet, 4),
    "cifar10": (datasets.CIFAR10, 10),
    "cifar100": (datasets.CIFAR100, 6),
    "stl10": (datasets.STL10, 10),
    "svhn": (datasets.SVHN, 6),
    "phototour": (datasets.PhotoTour, 8),
    "flickr8k": (datasets.Flickr8k, 4),
    "flickr30k": (datasets.Flickr30k, 4),
    "cityscapes": (datasets.Cityscapes, 2),
    "sbu": (datasets.SBU, 4),
    "voc-segmentation": (datasets.VOCSegmentation, 2),
    "voc-detection": (datasets.VOCDetection, 2),
}
EMOJI = (
    "airplane car cat2 ship truck rocket sunflower monkey bus bridge_at_night church oncoming_bus "
    "oncoming_automobile oncoming_taxi bike vertical_traffic_light"
)
# pycocotools with NumPy 2.
COPY = r"ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"


def blob(width: int, height: int, seed: int) -> Image.Image:
    """Return an ellipse of one colour on a transparent background."""
    picture = Image.new("RGBA", (width, height))
    colour = (37 * seed % 256, 91 * seed % 256, 53 * seed % 256, 255)
    ImageDraw.Draw(picture).ellipse((2, 2, width - 3, height - 3), fill=colour)
    return picture


def write_stand_ins(home: Path) -> None:
    """Write what the catalogue has, with other pictures, for machines without a network."""
    generator = np.random.default_rng(0)
    for name in "mnist", "fashion-mnist", "photographs", "emoji":
        (home / name / "X" / "raw").mkdir(parents=True)
    for name in "mnist", "fashion-mnist":
        for part in "train", "t10k":
            pixels = generator.integers(0, 256, 12 * 784, np.uint8).tobytes()
            raw = home / name / "X" / "raw"
            (raw / f"{part}-images-idx3-ubyte").write_bytes(bytes(16) + pixels)
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(bytes(8) + bytes(range(10)) + b"\1\2")
    for name in "china", "flower":
        coarse = generator.integers(0, 256, (43, 64, 3), np.uint8)
        Image.fromarray(coarse).resize((640, 427)).save(home / "photographs" / f"{name}.jpg")
    for number, file in enumerate(assets.catalogue()["cutouts"].files):
        path = home / "cutouts" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            blob(60, 40, number).save(path)
        else:
            path.write_text(f"A {path.stem}.\nzh_CN.utf8=动物。\n", encoding="utf-8")
    sheet, entries = Image.new("RGBA", (66 * 16, 66)), []
    for number, name in enumerate(EMOJI.split()):
        sheet.paste(blob(66, 66, number + 1), (66 * number, 0))
        entries.append({"short_name": name, "sheet_x": number, "sheet_y": 0})
    sheet.save(home / "emoji" / "sheet_64.png")
    (home / "emoji" / "emoji.json").write_text(json.dumps(entries))


def forget_pictures() -> None:
    """Empty the caches of the pictures."""
    for value in vars(_pictures).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the catalogue's pictures come from a folder of their own."""
    home = tmp_path_factory.mktemp("stand-ins")
    write_stand_ins(home)
    forget_pictures()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "path", lambda name: home / name)
        yield
    forget_pictures()


@pytest.fixture(scope="module")
def root(stand_ins: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every miniature."""
    folder = tmp_path_factory.mktemp("miniatures")
    for name in miniatures.NAMES:
        assert miniatures.write(name, folder) == folder / name
    return folder


def layout(folder: Path) -> list[str]:
    """Return the paths of all files."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file."""
    return {
        path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in layout(folder)
    }


def plain(value: Any) -> Any:
    """Return an example without pictures that are still to be read."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return np.asarray(value) if isinstance(value, Image.Image) else value


def test_every_name_has_facts_and_a_sentence() -> None:
    assert list(EXPECTED) == list(miniatures.NAMES)
    assert list(miniatures.FACTS) == list(miniatures.HANDED_OVER) == list(miniatures.NAMES)
    for name, facts in miniatures.FACTS.items():
        assert all(number > 0 for number in facts.pictures.values()), name
        assert facts.home.startswith("http") and 1998 <= facts.year <= 2017, name
        assert facts.download_gb is None or 0 < facts.download_gb < 200, name
    assert all(sentence.endswith(".") for sentence in miniatures.HANDED_OVER.values())


def test_the_numbers_are_those_that_torchvision_knows() -> None:
    assert miniatures.FACTS["phototour"].pictures == {
        name: datasets.PhotoTour.lens[name] for name in ("liberty", "notredame", "yosemite")
    }
    for name in "mnist", "fashion-mnist", "stl10":
        known = getattr(EXPECTED[name][0], "classes", range(10))
        assert miniatures.FACTS[name].classes == len(known)


@pytest.mark.parametrize("name", miniatures.NAMES)
def test_the_class_of_torchvision_loads_it(name: str, root: Path) -> None:
    parent, length = EXPECTED[name]
    dataset = miniatures.load(name, root)
    assert isinstance(dataset, parent) and len(dataset) == length
    examples = [plain(dataset[index]) for index in range(length)]
    assert len(examples) == length
    # What a subclass has of its own are digests, and no code.
    own = {} if type(dataset) is parent else dict(vars(type(dataset)))
    digests_of = {"train_list", "test_list", "meta", "split_list", "md5_checksum"}
    assert own.keys() <= digests_of | {"__module__", "__doc__", "__parameters__"}
    assert type(dataset).__name__ == parent.__name__


@pytest.mark.parametrize("name", miniatures.NAMES)
def test_it_can_be_loaded_again_with_the_same_examples(name: str, root: Path) -> None:
    def shown() -> str:
        return str(plain(miniatures.load(name, root)[0]))

    assert shown() == shown()


@pytest.mark.parametrize("name", miniatures.NAMES)
def test_the_bytes_are_the_same_each_time(name: str, stand_ins: None, tmp_path: Path) -> None:
    once, again = miniatures.write(name, tmp_path / "a"), miniatures.write(name, tmp_path / "b")
    first = digests(once)
    assert first == digests(again)
    miniatures.load(name, tmp_path / "a")
    miniatures.write(name, tmp_path / "a")  # over what is there
    assert {path: digests(once)[path] for path in first} == first


@pytest.mark.parametrize("name", miniatures.NAMES)
def test_a_sample_is_a_colour_picture_with_words(name: str, root: Path) -> None:
    picture, words = miniatures.sample(name, miniatures.load(name, root))
    assert picture.dtype == torch.uint8 and picture.shape[0] == 3 and picture.ndim == 3
    assert words and "\n" not in words


def test_samples_say_what_is_true(root: Path) -> None:
    def words(name: str) -> str:
        return miniatures.sample(name, miniatures.load(name, root))[1]

    assert words("coco-detection") == "dog, sheep (crowd)"
    assert words("voc-detection") == "horse, dog"
    assert words("voc-segmentation") == "dog, horse"
    assert words("cityscapes") == "road, building, vegetation, sky, car, bus"
    assert words("phototour") == "match"
    assert words("imagenet") == "koala"
    assert words("flickr8k") == "A frog in front of an orange flower."


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    for function in miniatures.write, miniatures.load:
        with pytest.raises(
            ValueError, match="no miniature 'coco'; use one of mnist, fashion-mnist"
        ):
            function("coco", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"svhn does not exist; call write\('svhn'"):
        miniatures.load("svhn", tmp_path)


LAYOUTS = {
    "mnist": """MNIST/raw/t10k-images-idx3-ubyte MNIST/raw/t10k-labels-idx1-ubyte
        MNIST/raw/train-images-idx3-ubyte MNIST/raw/train-labels-idx1-ubyte""",
    "cifar10": """cifar-10-batches-py/batches.meta cifar-10-batches-py/data_batch_1
        cifar-10-batches-py/data_batch_2 cifar-10-batches-py/data_batch_3
        cifar-10-batches-py/data_batch_4 cifar-10-batches-py/data_batch_5
        cifar-10-batches-py/test_batch""",
    "coco-captions": """annotations/captions_val2017.json annotations/instances_val2017.json
        val2017/000000000001.jpg val2017/000000000002.jpg val2017/000000000003.jpg
        val2017/000000000004.jpg""",
    "imagenet": """meta.bin train/n01882714/n01882714_1.JPEG train/n02129165/n02129165_1.JPEG
        train/n02129604/n02129604_1.JPEG train/n02391049/n02391049_1.JPEG
        val/n02129165/ILSVRC2012_val_00000001.JPEG val/n02129604/ILSVRC2012_val_00000002.JPEG""",
    "lsun": """bridge_train_lmdb/data.mdb church_outdoor_train_lmdb/data.mdb
        tower_train_lmdb/data.mdb""",
    "svhn": "extra_32x32.mat test_32x32.mat train_32x32.mat",
    "phototour": "liberty/info.txt liberty/m50_100000_100000_0.txt liberty/patches0000.bmp",
    "sbu": """SBUCaptionedPhotoDataset.tar.gz dataset/1_miniature.jpg dataset/2_miniature.jpg
        dataset/3_miniature.jpg dataset/4_miniature.jpg
        dataset/SBU_captioned_photo_dataset_captions.txt
        dataset/SBU_captioned_photo_dataset_urls.txt""",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_files_lie_as_in_the_real_data_set(name: str, stand_ins: None, tmp_path: Path) -> None:
    assert layout(miniatures.write(name, tmp_path)) == LAYOUTS[name].split()


def test_mnist_is_written_byte_by_byte(root: Path) -> None:
    raw = root / "mnist" / "MNIST" / "raw"
    images = (raw / "train-images-idx3-ubyte").read_bytes()
    assert images[:16] == struct.pack(">4I", 0x803, 8, 28, 28) and len(images) == 16 + 8 * 784
    labels = (raw / "t10k-labels-idx1-ubyte").read_bytes()
    assert labels[:8] == struct.pack(">2I", 0x801, 4) and list(labels[8:]) == [0, 1, 2, 3]


def test_batches_of_cifar_have_the_keys_of_python_2(root: Path) -> None:
    """The page of CIFAR reads them with ``encoding="bytes"``, torchvision with latin1."""
    file = root / "cifar10" / "cifar-10-batches-py" / "data_batch_2"
    batch = pickle.loads(file.read_bytes(), encoding="bytes")
    assert set(batch) == {b"batch_label", b"labels", b"data", b"filenames"}
    assert batch[b"batch_label"] == b"training batch 2 of 5" and batch[b"labels"] == [2, 3]
    assert batch[b"data"].shape == (2, 3072) and batch[b"data"].dtype == np.uint8
    expected = _pictures.square(_arrays.CIFAR10["bird"], 32).transpose(2, 0, 1).ravel()
    assert (batch[b"data"][0] == expected).all()
    assert file.read_bytes()[:2] == b"\x80\x02"


def test_classes_of_cifar_are_numbered_as_in_the_real_one(root: Path) -> None:
    ten: Any = miniatures.load("cifar10", root)
    assert ten.targets == list(range(10)) and ten.classes[9] == "truck"
    hundred: Any = miniatures.load("cifar100", root)
    names = [hundred.classes[target] for target in hundred.targets]
    assert names == ["bear", "camel", "dolphin", "fox", "squirrel", "rocket"]
    assert len(hundred.classes) == len(set(hundred.classes)) == 100
    assert hundred.classes == sorted(hundred.classes)
    assert len(_arrays.CIFAR100_COARSE) == 20
    meta = pickle.loads(
        (root / "cifar100" / "cifar-100-python" / "meta").read_bytes(), encoding="bytes"
    )
    assert set(meta) == {b"fine_label_names", b"coarse_label_names"}


def test_stl10_goes_down_the_columns_and_counts_from_1(root: Path) -> None:
    base = root / "stl10" / "stl10_binary"
    assert list((base / "train_y.bin").read_bytes()) == list(range(1, 11))
    first = np.frombuffer((base / "train_X.bin").read_bytes(), np.uint8, count=96)
    picture = _pictures.square(_arrays.STL10["airplane"], 96)
    assert (first == picture[:, 0, 0]).all(), "the red values of the first column"
    dataset: Any = miniatures.load("stl10", root)
    assert (np.asarray(dataset[0][0]) == picture).all() and dataset[7][1] == 7
    assert len(type(dataset)(root / "stl10", split="unlabeled")) == 3
    assert len(type(dataset)(root / "stl10", folds=9)) == 3


def test_the_digit_0_is_class_10_of_svhn(root: Path) -> None:
    values = scipy.io.loadmat(root / "svhn" / "train_32x32.mat")
    assert values["X"].shape == (32, 32, 3, 6) and values["y"].ravel().tolist() == [
        10,
        1,
        2,
        3,
        4,
        5,
    ]
    assert [target for _, target in miniatures.load("svhn", root)] == [0, 1, 2, 3, 4, 5]
    head = (root / "svhn" / "train_32x32.mat").read_bytes()[:116]
    assert head.rstrip() == b"MATLAB 5.0 MAT-file", "SciPy would write the time"


def test_patches_of_one_point_match(root: Path) -> None:
    dataset: Any = miniatures.load("phototour", root)
    assert dataset.data.shape == (256, 64, 64) and dataset.labels.shape == (256,)
    for first, second, match in dataset.matches.tolist():
        assert match == (dataset.labels[first] == dataset.labels[second])
    assert dataset.matches[:, 2].tolist() == [1, 0] * 4
    with Image.open(root / "phototour" / "liberty" / "patches0000.bmp") as sheet:
        assert sheet.size == (1024, 1024) and sheet.mode == "L"


def test_what_lsun_leaves_behind_stays_in_its_folder(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset: Any = miniatures.load("lsun", root)
    assert list(tmp_path.iterdir()) == [] and Path.cwd() == tmp_path
    assert [dataset[index][1] for index in range(4)] == [0, 1, 2, 2]
    keys = [key for database in dataset.dbs for key in database.keys]
    assert all(len(key) == 40 for key in keys) and len(set(keys)) == 4


def test_imagenet_knows_its_classes_by_all_their_names(root: Path) -> None:
    dataset: Any = miniatures.load("imagenet", root)
    assert dataset.wnids[1] == "n02129165"
    assert dataset.classes[1] == ("lion", "king of beasts", "Panthera leo")
    assert len(datasets.ImageNet(root / "imagenet", split="val")) == 2


def test_pictures_that_were_lost_are_left_out(root: Path) -> None:
    assert "Image Not Found" in (root / "flickr8k" / "8k-pictures.html").read_text()
    sbu: Any = miniatures.load("sbu", root)
    urls = root / "sbu" / "dataset" / "SBU_captioned_photo_dataset_urls.txt"
    assert len(urls.read_text().splitlines()) == len(sbu) + 1
    assert sbu[1][1] == "A penguin in front of a tower."


@pytest.mark.parametrize("name", ["coco-captions", "flickr8k", "flickr30k"])
def test_each_picture_has_five_captions(name: str, root: Path) -> None:
    dataset: Any = miniatures.load(name, root)
    assert all(len(set(dataset[index][1])) == 5 for index in range(4))


def test_what_is_in_front_hides_what_is_behind(stand_ins: None) -> None:
    for scene in _pictures.scenes():
        assert np.sum([figure.mask for figure in scene.figures], axis=0).max() == 1
        assert all(figure.mask.any() for figure in scene.figures)


@pytest.mark.filterwarnings(COPY)
def test_outlines_and_boxes_of_coco_are_where_the_animals_are(root: Path) -> None:
    dataset: Any = miniatures.load("coco-detection", root)
    for (_, objects), scene in zip(
        map(dataset.__getitem__, range(4)), _pictures.scenes(), strict=True
    ):
        for entry in objects:
            label = dataset.coco.cats[entry["category_id"]]["name"]
            masks = [figure.mask for figure in scene.figures if figure.label == label]
            expected, found = np.any(masks, axis=0), dataset.coco.annToMask(entry) > 0
            overlap = (found & expected).sum() / (found | expected).sum()
            assert overlap > 0.85 if entry["iscrowd"] == 0 else (found == expected).all()
            rows, columns = expected.nonzero()
            left, top, width, height = entry["bbox"]
            assert (left, left + width - 1) == (columns.min(), columns.max())
            assert (top, top + height - 1) == (rows.min(), rows.max())
            assert entry["area"] == expected.sum()
    crowds = [entry for entry in dataset.coco.anns.values() if entry["iscrowd"]]
    assert [dataset.coco.cats[entry["category_id"]]["name"] for entry in crowds] == ["sheep"]


def test_boxes_and_masks_of_voc_agree(root: Path) -> None:
    boxes: Any = datasets.VOCDetection(root / "voc-detection", image_set="trainval")
    masks: Any = datasets.VOCSegmentation(root / "voc-segmentation", image_set="trainval")
    for (_, notes), (_, mask), scene in zip(boxes, masks, _pictures.scenes(), strict=False):
        values = np.asarray(mask)
        for entry, figure in zip(notes["annotation"]["object"], scene.figures, strict=True):
            left, top, right, bottom = (
                int(entry["bndbox"][side]) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            assert (left - 1, top - 1, right, bottom) == figure.box
            number = {"bird": 3, "cow": 10, "dog": 12, "horse": 13, "sheep": 17}[entry["name"]]
            assert ((values == number) | (values == 255))[figure.mask].all()
            assert (values == number)[figure.mask].any()
        anywhere = np.any([figure.mask for figure in scene.figures], axis=0)
        assert set(np.unique(values[~anywhere])) == {0, 255}
        assert mask.mode == "P" and mask.getpalette()[36:39] == [64, 0, 128]  # a dog


def test_the_drawings_of_cityscapes_agree_with_its_outlines(root: Path) -> None:
    numbers = {entry.name: entry for entry in datasets.Cityscapes.classes}
    for _, targets in miniatures.load("cityscapes", root):
        semantic, instance, _, colour = (plain(target) for target in targets)
        polygons = targets[2]
        assert semantic.shape == (polygons["imgHeight"], polygons["imgWidth"])
        names = {entry["label"] for entry in polygons["objects"]}
        assert set(np.unique(semantic)) == {numbers[name].id for name in names}
        things = instance >= 1000
        assert (instance[things] // 1000 == semantic[things]).all()
        assert (instance[~things] == semantic[~things]).all()
        for name in names:
            seen = semantic == numbers[name].id
            assert (colour[seen] == (*numbers[name].color, 255)).all()
            count = sum(entry["label"] == name for entry in polygons["objects"])
            if numbers[name].has_instances:
                assert len(np.unique(instance[seen])) == count


@pytest.mark.network
def test_the_real_pictures_make_the_same_miniatures(tmp_path: Path) -> None:
    forget_pictures()
    for name, (parent, length) in EXPECTED.items():
        miniatures.write(name, tmp_path)
        dataset: Any = miniatures.load(name, tmp_path)
        assert isinstance(dataset, parent) and len(dataset) == length
    assert miniatures.sample("mnist", miniatures.load("mnist", tmp_path))[1] == "5 - five"
