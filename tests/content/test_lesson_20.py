"""Lesson 20 converts annotations; what it says of the converters of Labelme and LabelImg holds.

Its functions are taken from the script without running it. The comparison with Labelme runs where Labelme is installed,
which the course does not need: ``QT_QPA_PLATFORM=offscreen python -m pytest tests/content/test_lesson_20.py``.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "gallery" / "3_practice" / "lesson_20_segmentation_2.py"
WANTED = {
    "shape", "example", "OUTLINES", "VOC", "as_labelme", "fill_polygon", "label2voc", "boxes_of",
    "to_voc_xml", "from_voc_xml", "to_yolo", "from_yolo",
}  # fmt: skip
SIZES = {"cat": (451, 300), "dogs": (399, 600), "nuthatch": (600, 338), "sheep": (180, 106)}


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if _names(node) & WANTED]
    found: dict[str, Any] = {
        "np": np, "json": json, "Image": Image, "ImageDraw": ImageDraw, "ElementTree": ElementTree
    }  # fmt: skip
    exec(compile(tree, LESSON, "exec"), found)  # noqa: S102  # our own lesson
    assert found.keys() >= WANTED
    return found


def contents(lesson: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the Labelme files of the lesson hold, as it is after writing and reading."""
    return {
        name: json.loads(json.dumps(lesson["as_labelme"](name, outlines, SIZES[name])))
        for name, outlines in lesson["OUTLINES"].items()
    }


def test_masks_equal_those_of_labelme(lesson: dict[str, Any]) -> None:
    utils = pytest.importorskip("labelme.utils", reason="Labelme is not installed")
    numbers = {label: number for number, label in enumerate(lesson["VOC"])}
    for content in contents(lesson).values():
        shape = (content["imageHeight"], content["imageWidth"])
        theirs = utils.shapes_to_label(shape, content["shapes"], numbers)
        for ours, mask in zip(lesson["label2voc"](content), theirs, strict=True):
            assert np.array_equal(ours, mask)


def test_labelme_reads_the_files_of_the_lesson(lesson: dict[str, Any], tmp_path: Path) -> None:
    labelme = pytest.importorskip("labelme", reason="Labelme is not installed")
    for name, content in contents(lesson).items():
        Image.new("RGB", SIZES[name]).save(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        read = labelme.LabelFile(str(tmp_path / f"{name}.json"))
        assert [shape["points"] for shape in read.shapes] == [
            shape["points"] for shape in content["shapes"]
        ]


def test_a_later_shape_covers_an_earlier_one_and_a_group_is_one_object(
    lesson: dict[str, Any],
) -> None:
    outlines = [
        ("cat", None, "0 0 3 0 3 3 0 3"),
        ("dog", 7, "2 0 3 0 3 3 2 3"),
        ("dog", 7, "5 0 6 0 6 1 5 1"),
        ("dog", 8, "5 3 6 3 6 4 5 4"),
        ("cat", None, "0 4 1 4 1 5 0 5"),
    ]
    classes, objects = lesson["label2voc"](lesson["as_labelme"]("x", outlines, (8, 6)))
    cat, dog = lesson["VOC"].index("cat"), lesson["VOC"].index("dog")
    assert classes[0].tolist() == [cat, cat, dog, dog, 0, dog, dog, 0]
    assert objects[0].tolist() == [1, 1, 2, 2, 0, 2, 2, 0]
    assert (objects[3, 5], objects[4, 0]) == (3, 4)


def test_outlines_lie_inside_their_photographs(lesson: dict[str, Any]) -> None:
    for name, content in contents(lesson).items():
        for shape in content["shapes"]:
            x, y = np.array(shape["points"]).T
            assert x.min() >= 0 and x.max() < SIZES[name][0], name
            assert y.min() >= 0 and y.max() < SIZES[name][1], name


@pytest.mark.parametrize("size", [(13, 7), (640, 480), (1999, 1501)])
def test_boxes_survive_both_formats(lesson: dict[str, Any], size: tuple[int, int]) -> None:
    width, height = size
    boxes = [("cat", (0, 0, width, height)), ("dog", (1, 2, width // 2, height - 1))]
    assert lesson["from_voc_xml"](lesson["to_voc_xml"](boxes, "x", size)) == (boxes, size)
    names = ["dog", "cat"]
    assert lesson["from_yolo"](lesson["to_yolo"](boxes, size, names), size, names) == boxes
