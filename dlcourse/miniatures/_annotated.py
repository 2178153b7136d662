"""Write the data sets that say where in a picture something is: COCO, Pascal VOC, Cityscapes."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torchvision.datasets import Cityscapes

from dlcourse.miniatures import _pictures
from dlcourse.miniatures._pictures import Figure, Mask, Placed, folder

#: The categories of COCO that the scenes have, by their numbers there.
COCO = {16: "bird", 18: "dog", 19: "horse", 20: "sheep", 21: "cow"}


def _outlines(mask: Mask) -> list[NDArray[Any]]:
    """Return the outline of each part of a mask, through the centres of pixels, shape (N, 2)."""
    values = mask.astype(np.uint8)
    found, _ = cv2.findContours(values, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [outline[:, 0] for outline in found]


def _polygons(mask: Mask) -> list[list[float]]:
    """Return x, y, x, y, … of each part of a mask that is more than a line."""
    outlines = [outline for outline in _outlines(mask) if len(outline) > 2]
    return [(outline + 0.5).ravel().tolist() for outline in outlines]


def _run_lengths(mask: Mask) -> dict[str, list[int]]:
    """Return how many 0, then 1, then 0, … follow each other, down the columns."""
    values = np.concatenate([[False], mask.T.ravel(), [not mask[-1, -1]]])
    ends = np.flatnonzero(values[1:] != values[:-1])
    return {"counts": np.diff(ends, prepend=0).tolist(), "size": list(mask.shape)}


def _coco_object(figure: Figure, **ids: int) -> dict[str, Any]:
    """Return the annotation of an object, as a polygon, or of a crowd, as run lengths."""
    left, top, right, bottom = figure.box
    number = next(number for number, label in COCO.items() if label == figure.label)
    outline = _run_lengths(figure.mask) if ids["iscrowd"] else _polygons(figure.mask)
    box = [left, top, right - left, bottom - top]
    area = int(figure.mask.sum())
    return {"segmentation": outline, "area": area, "bbox": box, "category_id": number, **ids}


def write_coco(root: Path) -> None:
    """Write pictures, and the two files of annotations; three sheep or more are a crowd."""
    pictures, notes = folder(root, "val2017"), folder(root, "annotations")
    licences = [{"id": 1, "name": "GPL-2 (animals), CC BY 2.0 (photographs)", "url": ""}]
    images, objects, captions = list[Any](), list[Any](), list[Any]()
    for number, scene in enumerate(_pictures.scenes(), 1):
        file = f"{number:012}.jpg"
        scene.picture.save(pictures / file, quality=90)
        size = {"height": scene.picture.height, "width": scene.picture.width}
        images.append({"license": 1, "file_name": file, **size, "id": number})
        sheep = [figure.mask for figure in scene.figures if figure.label == "sheep"]
        crowd = len(sheep) > 2
        figures = [figure for figure in scene.figures if not crowd or figure.label != "sheep"]
        for figure in figures + [Figure("sheep", np.any(sheep, axis=0))] * crowd:
            is_crowd = int(crowd and figure.label == "sheep")
            ids = {"iscrowd": is_crowd, "image_id": number, "id": len(objects) + 1}
            objects.append(_coco_object(figure, **ids))
        for text in scene.captions:
            captions.append({"image_id": number, "id": len(captions) + 1, "caption": text})
    common = {"info": {"description": "miniature of COCO"}, "licenses": licences, "images": images}
    kinds = [{"supercategory": "animal", "id": i, "name": name} for i, name in COCO.items()]
    instances = {**common, "annotations": objects, "categories": kinds}
    (notes / "instances_val2017.json").write_text(json.dumps(instances))
    (notes / "captions_val2017.json").write_text(json.dumps({**common, "annotations": captions}))


VOC = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
]  # fmt: skip


def _voc_palette() -> bytes:
    """Return VOC's colours of the numbers 0 to 255: every third bit to red, green and blue."""
    palette = np.zeros((256, 3), np.uint8)
    for channel in range(3):
        for bit in range(8):
            if 3 * bit + channel < 8:
                bits = (np.arange(256) >> (3 * bit + channel)) & 1
                palette[:, channel] |= (bits << (7 - bit)).astype(np.uint8)
    return palette.tobytes()


def _voc_mask(figures: list[Figure], numbers: list[int]) -> Image.Image:
    """Return a picture of numbers: 0 is background, 255 the border, which counts for nothing."""
    values = np.zeros(figures[0].mask.shape, np.uint8)
    border = np.zeros_like(figures[0].mask)
    for figure, number in zip(figures, numbers, strict=True):
        values[figure.mask] = number
        grown = cv2.dilate(figure.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        border |= grown & ~figure.mask
    values[border] = 255
    image = Image.fromarray(values)
    image.putpalette(_voc_palette())
    return image


def _fill(parent: ElementTree.Element, **values: object) -> None:
    """Add elements with texts, and for a dictionary an element with elements."""
    for tag, value in values.items():
        child = ElementTree.SubElement(parent, tag)
        if isinstance(value, dict):
            _fill(child, **value)
        else:
            child.text = str(value)


def _voc_xml(file: str, size: tuple[int, int], figures: list[Figure]) -> bytes:
    """Return an annotation; pixels are counted from 1, and the last one is inside the box."""
    root = ElementTree.Element("annotation")
    whole = {"width": size[0], "height": size[1], "depth": 3}
    _fill(root, folder="VOC2012", filename=file, source={"image": "composed"})
    _fill(root, size=whole, segmented=1)
    for figure in figures:
        left, top, right, bottom = figure.box
        box = {"xmin": left + 1, "ymin": top + 1, "xmax": right, "ymax": bottom}
        flags = {"pose": "Unspecified", "truncated": 0, "difficult": 0}
        _fill(root, object={"name": figure.label, **flags, "bndbox": box})
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root) + b"\n"


def write_voc(root: Path) -> None:
    """Write pictures, boxes, masks of classes and of objects, and the lists of what is in a set."""
    base = Path(root, "VOCdevkit", "VOC2012")
    parts = ("JPEGImages", "Annotations", "SegmentationClass", "SegmentationObject")
    pictures, notes, classes, objects = [folder(base, part) for part in parts]
    names = []
    for number, scene in enumerate(_pictures.scenes(), 1):
        name, figures = f"2012_{number:06}", scene.figures
        scene.picture.save(pictures / f"{name}.jpg", quality=90)
        (notes / f"{name}.xml").write_bytes(_voc_xml(f"{name}.jpg", scene.picture.size, figures))
        kinds = [VOC.index(figure.label) for figure in figures]
        _voc_mask(figures, kinds).save(classes / f"{name}.png")
        _voc_mask(figures, list(range(1, len(figures) + 1))).save(objects / f"{name}.png")
        names.append(name)
    for task in "Main", "Segmentation":
        for part, members in ("train", names[:2]), ("val", names[2:]), ("trainval", names):
            file = folder(base, "ImageSets", task) / f"{part}.txt"
            file.write_text("".join(f"{name}\n" for name in members))


Polygon = list[list[int]]
_SKYLINE, _ROAD = [[0, 0], [95, 0], [95, 32], [0, 32]], [[0, 32], [95, 32], [95, 47], [0, 47]]
_WALL = [[0, 6], [34, 10], [34, 32], [0, 32]]
_HEDGE = [[34, 24], [52, 16], [95, 20], [95, 32], [34, 32]]
_TRAFFIC: list[list[Placed]] = [
    [("bus", "oncoming_bus", 20, 12, 38), ("car", "oncoming_automobile", 16, 40, 44),
     ("car", "oncoming_taxi", 14, 70, 42)],
    [("bicycle", "bike", 14, 16, 44), ("traffic light", "vertical_traffic_light", 18, 80, 30),
     ("car", "oncoming_automobile", 18, 44, 46)],
]  # fmt: skip


def _fill_polygon(image: Image.Image, polygon: Polygon, fill: Any) -> None:
    """Fill a polygon."""
    ImageDraw.Draw(image).polygon([(x, y) for x, y in polygon], fill=fill)


def _street(number: int) -> tuple[Image.Image, list[tuple[str, Polygon]]]:
    """Return a street of 96×48 pixels, and what is in it from back to front, with outlines."""
    road = np.random.default_rng(number).normal(105, 5, (48, 96, 1)).clip(0, 255).repeat(3, axis=2)
    parts = [
        ("sky", _pictures.photograph("china", (96, 48), _pictures.SKY), _SKYLINE),
        ("building", _pictures.photograph("china", (96, 48), _pictures.WALL), _WALL),
        ("vegetation", _pictures.photograph("china", (96, 48), _pictures.TREES), _HEDGE),
        ("road", Image.fromarray(road.astype(np.uint8)), _ROAD),
    ]
    picture, objects = Image.new("RGB", (96, 48)), list[tuple[str, Polygon]]()
    for label, texture, polygon in parts:
        mask = Image.new("1", picture.size)
        _fill_polygon(mask, polygon, 1)
        picture.paste(texture, mask=mask)
        objects.append((label, polygon))
    picture, figures = _pictures.compose(picture, _TRAFFIC[number])
    for figure in figures:
        objects.append((figure.label, max(_outlines(figure.mask), key=len).tolist()))
    return picture, objects


def write_cityscapes(root: Path) -> None:
    """Write streets, outlines, and what is drawn from them: classes, instances, colours."""
    classes = {entry.name: entry for entry in Cityscapes.classes}
    views, truth = (folder(root, part, "train", "beijing") for part in ("leftImg8bit", "gtFine"))
    for number in range(len(_TRAFFIC)):
        picture, objects = _street(number)
        name = f"beijing_{number:06}_000019"
        picture.save(views / f"{name}_leftImg8bit.png")
        modes = {"labelIds": "L", "instanceIds": "I;16", "color": "RGBA"}
        drawn = {kind: Image.new(mode, picture.size) for kind, mode in modes.items()}
        seen = dict.fromkeys(classes, 0)
        for label, polygon in objects:
            entry = classes[label]
            instance = 1000 * entry.id + seen[label] if entry.has_instances else entry.id
            seen[label] += 1
            fills = {"labelIds": entry.id, "instanceIds": instance, "color": (*entry.color, 255)}
            for kind, fill in fills.items():
                _fill_polygon(drawn[kind], polygon, fill)
        for kind, image in drawn.items():
            image.save(truth / f"{name}_gtFine_{kind}.png")
        outlines = [{"label": label, "polygon": polygon} for label, polygon in objects]
        whole = {"imgHeight": picture.height, "imgWidth": picture.width, "objects": outlines}
        (truth / f"{name}_gtFine_polygons.json").write_text(json.dumps(whole))
