"""What the owners of each data set say of it, and how its miniature is handed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Facts:
    """What the owners of a data set say of it.

    Parameters
    ----------
    purpose : str
        What it is for, in a few words.
    pictures : dict of str to int
        The number of pictures in each part, as published.
    home : str
        Address of its page.
    paper : str
        Authors, title or number, and year.
    year : int
        When it was published.
    classes : int, optional
        The number of classes. None: it has none, or the number is not stated.
    download_gb : float, optional
        What has to be downloaded, in gigabytes (10⁹ bytes). None: not stated.
    licence : str, optional
        The terms as the owners state them. None: not stated.

    Examples
    --------
    >>> from dlcourse import miniatures
    >>> miniatures.FACTS["cifar10"].pictures
    {'train': 50000, 'test': 10000}
    """

    purpose: str
    pictures: dict[str, int]
    home: str
    paper: str
    year: int
    classes: int | None = None
    download_gb: float | None = None
    licence: str | None = None


#: What is known of each real data set, in the order of the atlas. What is left out is not stated,
#: or could not be verified. The downloads are what torchvision's class needs, in 10⁹ bytes.
FACTS: Mapping[str, Facts] = MappingProxyType(
    {
        "mnist": Facts(
            "handwritten digits: the first classification",
            {"train": 60_000, "test": 10_000},
            home="http://yann.lecun.com/exdb/mnist/",
            paper="LeCun and others, Gradient-based learning applied to document recognition, 1998",
            year=1998,
            classes=10,
            download_gb=0.012,
        ),
        "fashion-mnist": Facts(
            "clothes: harder than MNIST, in the same format",
            {"train": 60_000, "test": 10_000},
            home="https://github.com/zalandoresearch/fashion-mnist",
            paper="Xiao, Rasul and Vollgraf, arXiv:1708.07747, 2017",
            year=2017,
            classes=10,
            download_gb=0.031,
            licence="MIT",
        ),
        "coco-detection": Facts(
            "boxes and outlines of everyday objects",
            {"train": 118_287, "val": 5_000, "test": 40_670},
            home="https://cocodataset.org/",
            paper="Lin and others, Microsoft COCO, arXiv:1405.0312, 2014",
            year=2014,
            classes=80,
            download_gb=20.4,
            licence="CC BY 4.0 (annotations); Flickr's terms (pictures)",
        ),
        "coco-captions": Facts(
            "at least five sentences about each picture",
            {"train": 118_287, "val": 5_000, "test": 40_670},
            home="https://cocodataset.org/",
            paper="Chen and others, Microsoft COCO captions, arXiv:1504.00325, 2015",
            year=2015,
            download_gb=20.4,
            licence="CC BY 4.0 (annotations); Flickr's terms (pictures)",
        ),
        "lsun": Facts(
            "scenes and rooms, for classification and for generators",
            {"train": 9_895_373, "val": 3_000, "test": 10_000},
            home="https://www.yf.io/p/lsun",
            paper="Yu and others, arXiv:1506.03365, 2015",
            year=2015,
            classes=10,
        ),
        "imagenet": Facts(
            "the classification that networks are pretrained on",
            {"train": 1_281_167, "val": 50_000, "test": 100_000},
            home="https://image-net.org/challenges/LSVRC/2012/",
            paper="Russakovsky and others, arXiv:1409.0575, 2015",
            year=2012,
            classes=1_000,
            download_gb=155,
            licence="non-commercial research and education; account needed",
        ),
        "cifar10": Facts(
            "small colour pictures of animals and vehicles",
            {"train": 50_000, "test": 10_000},
            home="https://www.cs.toronto.edu/~kriz/cifar.html",
            paper="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
            year=2009,
            classes=10,
            download_gb=0.17,
        ),
        "cifar100": Facts(
            "as CIFAR-10, with ten times as many classes in 20 groups",
            {"train": 50_000, "test": 10_000},
            home="https://www.cs.toronto.edu/~kriz/cifar.html",
            paper="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
            year=2009,
            classes=100,
            download_gb=0.169,
        ),
        "stl10": Facts(
            "learning from few labels and many pictures without one",
            {"train": 5_000, "test": 8_000, "unlabeled": 100_000},
            home="https://cs.stanford.edu/~acoates/stl10/",
            paper="Coates, Lee and Ng, An analysis of single-layer networks, 2011",
            year=2011,
            classes=10,
            download_gb=2.64,
        ),
        "svhn": Facts(
            "digits of house numbers in photographs of streets",
            {"train": 73_257, "test": 26_032, "extra": 531_131},
            home="http://ufldl.stanford.edu/housenumbers/",
            paper="Netzer and others, Reading digits in natural images, 2011",
            year=2011,
            classes=10,
            download_gb=1.58,
            licence="non-commercial use only",
        ),
        "phototour": Facts(
            "do two patches show the same point?",
            {"liberty": 450_092, "notredame": 468_159, "yosemite": 633_587},
            home="http://matthewalunbrown.com/patchdata/patchdata.html",
            paper="Brown, Hua and Winder, Discriminative learning of local image descriptors, 2011",
            year=2011,
        ),
        "flickr8k": Facts(
            "five sentences about each picture",
            {"train": 6_000, "val": 1_000, "test": 1_000},
            home="http://hockenmaier.cs.illinois.edu/8k-pictures.html",
            paper="Hodosh, Young and Hockenmaier, Framing image description, 2013",
            year=2013,
            download_gb=1.1,
            licence="non-commercial research and education",
        ),
        "flickr30k": Facts(
            "as Flickr8k, with four times as many pictures",
            {"all": 31_783},
            home="https://shannon.cs.illinois.edu/DenotationGraph/",
            paper="Young and others, From image descriptions to visual denotations, 2014",
            year=2014,
            licence="non-commercial research and education",
        ),
        "cityscapes": Facts(
            "a class for each pixel, and instances, in streets",
            {"train": 2_975, "val": 500, "test": 1_525},
            home="https://www.cityscapes-dataset.com/",
            paper="Cordts and others, arXiv:1604.01685, 2016",
            year=2016,
            classes=30,
            download_gb=11.8,
            licence="non-commercial; account needed",
        ),
        "sbu": Facts(
            "photographs with the sentence that their owner wrote",
            {"all": 1_000_000},
            home="https://www.cs.rice.edu/~vo9/sbucaptions/",
            paper="Ordonez, Kulkarni and Berg, Im2Text, 2011",
            year=2011,
        ),
        "voc-segmentation": Facts(
            "a class for each pixel",
            {"train": 1_464, "val": 1_449},
            home="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
            paper="Everingham and others, The Pascal visual object classes challenge, 2010",
            year=2012,
            classes=20,
            download_gb=2.0,
            licence="Flickr's terms (pictures)",
        ),
        "voc-detection": Facts(
            "boxes around objects of 20 classes",
            {"train": 5_717, "val": 5_823},
            home="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
            paper="Everingham and others, The Pascal visual object classes challenge, 2010",
            year=2012,
            classes=20,
            download_gb=2.0,
            licence="Flickr's terms (pictures)",
        ),
    }
)
#: The data sets, in the order of the atlas.
NAMES: tuple[str, ...] = tuple(FACTS)

_FILES = "The class looks only whether the four files are there."
_GIVEN = "The class takes the folder of pictures and the file of annotations as they are."
_CIFAR = "A subclass has the miniature's MD5 digests in `train_list`, `test_list` and `meta`."
_VOC = "The class compares the archive's digest only when it downloads; the folders are enough."
#: How the real class is made to load a miniature: one sentence for each name.
HANDED_OVER: Mapping[str, str] = MappingProxyType(
    {
        "mnist": _FILES,
        "fashion-mnist": _FILES,
        "coco-detection": _GIVEN,
        "coco-captions": _GIVEN,
        "lsun": "The class opens the databases of the categories it is asked for, here three of the ten.",
        "imagenet": "The archives are opened only where `meta.bin` or a folder is missing; both are there.",
        "cifar10": _CIFAR,
        "cifar100": _CIFAR,
        "stl10": "A subclass has the miniature's MD5 digests in `train_list` and `test_list`.",
        "svhn": "A subclass has the miniature's MD5 digests in `split_list`.",
        "phototour": "The class reads the folder as it is, and keeps what it read in `liberty.pt` beside it.",
        "flickr8k": "The class takes the folder of pictures and the page with the captions as they are.",
        "flickr30k": "The class takes the folder of pictures and the file of captions as they are.",
        "cityscapes": "The archives are opened only where the folders are missing; they are there.",
        "sbu": "A subclass has the miniature's MD5 digest in `md5_checksum`, and downloads nothing.",
        "voc-segmentation": _VOC,
        "voc-detection": _VOC,
    }
)
