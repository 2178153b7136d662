"""Draw one picture of a miniature together with what its target says."""

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import box_convert
from torchvision.transforms.functional import pil_to_tensor
from torchvision.utils import draw_bounding_boxes, draw_segmentation_masks

from dlcourse.miniatures._annotated import VOC
from dlcourse.miniatures._loading import without

#: Vermilion, sky blue, orange, purple: the palette of Okabe and Ito (2008).
_COLOURS = [(213, 94, 0), (86, 180, 233), (230, 159, 0), (204, 121, 167)]


def _coco(dataset: Any) -> tuple[Tensor, str]:
    """Draw boxes and outlines of the last picture, which has a crowd."""
    picture, objects = dataset[len(dataset) - 1]
    with without("__array__ implementation doesn't accept a copy", DeprecationWarning):
        masks = torch.stack([torch.from_numpy(dataset.coco.annToMask(one)) for one in objects])
    boxes = box_convert(torch.tensor([entry["bbox"] for entry in objects]), "xywh", "xyxy")
    names = [dataset.coco.cats[entry["category_id"]]["name"] for entry in objects]
    crowds = [" (crowd)" if entry["iscrowd"] else "" for entry in objects]
    drawn = draw_segmentation_masks(
        pil_to_tensor(picture), masks.bool(), alpha=0.5, colors=_COLOURS[: len(boxes)]
    )
    drawn = draw_bounding_boxes(drawn, boxes, colors=_COLOURS[: len(boxes)])
    return drawn, ", ".join(name + crowd for name, crowd in zip(names, crowds, strict=True))


def _voc_boxes(dataset: Any) -> tuple[Tensor, str]:
    """Draw boxes."""
    picture, target = dataset[0]
    objects = target["annotation"]["object"]
    sides = ("xmin", "ymin", "xmax", "ymax")
    # VOC counts pixels from 1.
    boxes = torch.tensor([[int(entry["bndbox"][side]) - 1 for side in sides] for entry in objects])
    drawn = draw_bounding_boxes(pil_to_tensor(picture), boxes, colors=_COLOURS[: len(boxes)])
    return drawn, ", ".join(entry["name"] for entry in objects)


def _voc_masks(dataset: Any) -> tuple[Tensor, str]:
    """Draw a mask for each class, and the border in white."""
    picture, target = dataset[0]
    values = pil_to_tensor(target)[0]
    numbers = [int(number) for number in values.unique() if 0 < number < 255]
    masks = torch.stack([values == number for number in [*numbers, 255]])
    colours = [*_COLOURS[: len(numbers)], (255, 255, 255)]
    drawn = draw_segmentation_masks(pil_to_tensor(picture), masks, alpha=0.6, colors=colours)
    return drawn, ", ".join(VOC[number] for number in numbers)


def _cityscapes(dataset: Any) -> tuple[Tensor, str]:
    """Draw the classes in their colours."""
    picture, (semantic, *others) = dataset[0]
    for other in others:
        getattr(other, "close", list)()
    values = pil_to_tensor(semantic)[0]
    classes = [entry for entry in dataset.classes if (values == entry.id).any()]
    masks = torch.stack([values == entry.id for entry in classes])
    colours = [entry.color for entry in classes]
    drawn = draw_segmentation_masks(pil_to_tensor(picture), masks, alpha=0.6, colors=colours)
    return drawn, ", ".join(entry.name for entry in classes)


def _phototour(dataset: Any) -> tuple[Tensor, str]:
    """Put a pair side by side."""
    first, second, match = dataset[0]
    gap = torch.full((64, 4), 255, dtype=torch.uint8)
    pair = torch.cat([first, gap, second], dim=1)  # (64, 132)
    return pair.expand(3, -1, -1), "match" if match else "no match"


#: Which picture is drawn, so that not all are the same animal; else the first.
_INDEX = {"lsun": 3, "cifar100": 4, "stl10": 7, "coco-captions": 2, "flickr30k": 1, "sbu": 2}


def _others(name: str, dataset: Any) -> tuple[Tensor, str]:
    """Name the class, or quote the first caption."""
    picture, target = dataset[_INDEX.get(name, 0)]
    drawn = pil_to_tensor(picture.convert("RGB"))
    if isinstance(target, int):
        names = getattr(dataset, "classes", [str(digit) for digit in range(10)])
        target = names[target]
    return drawn, target if isinstance(target, str) else target[0]


_DRAWN = {
    "coco-detection": _coco,
    "voc-detection": _voc_boxes,
    "voc-segmentation": _voc_masks,
    "cityscapes": _cityscapes,
    "phototour": _phototour,
}


def sample(name: str, dataset: Any) -> tuple[Tensor, str]:
    """Draw one picture of a miniature, and say in a few words what its target is.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    dataset : Dataset
        What :func:`load` returned.

    Returns
    -------
    tuple of Tensor and str
        The picture, uint8, shape (3, H, W), with boxes and masks where the target has them, and
        the classes in it, its first caption, or whether two patches match.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dlcourse import miniatures
    >>> folder = miniatures.write("coco-detection", Path("data"))  # doctest: +SKIP
    >>> dataset = miniatures.load("coco-detection", Path("data"))  # doctest: +SKIP
    >>> picture, words = miniatures.sample("coco-detection", dataset)  # doctest: +SKIP
    >>> picture.shape, words  # doctest: +SKIP
    (torch.Size([3, 64, 96]), 'dog, sheep (crowd)')
    """
    return _DRAWN[name](dataset) if name in _DRAWN else _others(name, dataset)
