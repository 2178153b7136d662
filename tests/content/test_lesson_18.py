"""Lesson 18 offers a program: it answers for pictures of each kind, and says what it cannot read.

Its functions are taken from the script without running it, and asked with a tiny model.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "gallery" / "3_practice" / "lesson_18_image_classification_2.py"
TEXT = LESSON.read_text(encoding="utf-8")
TREE = ast.parse(TEXT)
IN_THE_FILE = ("read_picture", "ask", "main")
NOTES = {"classes": "other, logo", "threshold": "0.25", "size": "96"}


def source(name: str) -> str:
    """Return a function of the lesson as it is written."""
    found = [node for node in TREE.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return ast.get_source_segment(TEXT, found[0]) or ""


def header() -> str:
    """Return the first lines of the program."""
    for node in TREE.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HEADER":
            return str(ast.literal_eval(node.value))
    raise LookupError("HEADER")


def model_of_red() -> onnx.ModelProto:
    """Return a model that finds the logo where the mean of red is above 0.5."""
    weight = np.zeros((1, 3, 1, 1), dtype=np.float32)
    weight[0, 0] = 100
    nodes = [
        helper.make_node("Conv", ["picture", "weight"], ["scores"]),
        helper.make_node("GlobalAveragePool", ["scores"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["flat"]),
        helper.make_node("Sub", ["flat", "half"], ["logit"]),
    ]
    constants = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.array([1]), "shape"),
        numpy_helper.from_array(np.array([50], dtype=np.float32), "half"),
    ]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 96, 96])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, [1])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, NOTES)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the program and a model, and nothing else."""
    path = tmp_path_factory.mktemp("detector")
    parts = [header().strip(), *(source(name) for name in IN_THE_FILE)]
    code = "\n\n\n".join([*parts, 'if __name__ == "__main__":\n    main()']) + "\n"
    (path / "logo_detector.py").write_text(code, encoding="utf-8")
    onnx.save(model_of_red(), path / "logo.onnx")
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "logo_detector.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_pictures_of_each_mode_and_size_are_answered(folder: Path) -> None:
    red = Image.new("RGB", (300, 200), "red")
    red.save(folder / "wide.png")
    red.convert("P").save(folder / "palette.gif")
    red.convert("RGBA").resize((40, 90)).save(folder / "alpha.webp")
    Image.new("L", (500, 700), "black").save(folder / "grey.jpg")
    done = run(folder, "wide.png", "palette.gif", "alpha.webp", "grey.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    answers = [line.split(" (")[0] for line in done.stdout.splitlines()]
    assert answers == ["wide.png: logo", "palette.gif: logo", "alpha.webp: logo", "grey.jpg: other"]


def test_a_photograph_of_a_phone_is_turned_upright() -> None:
    namespace: dict[str, Any] = {}
    exec(header().split('"""')[2] + source("read_picture"), namespace)  # noqa: S102  # our lesson
    picture = Image.new("RGB", (90, 60), "black")
    picture.paste("white", (0, 0, 90, 30))  # the upper half
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    pixels = namespace["read_picture"](file, 96)
    assert pixels.shape == (1, 3, 96, 96) and pixels.dtype == np.float32
    assert pixels[..., :40, :].mean() < 0.1 and pixels[..., 56:, :].mean() > 0.9


def test_what_cannot_be_read_is_named_and_the_others_are_answered(folder: Path) -> None:
    Image.new("RGB", (96, 96), "red").save(folder / "good.png")
    (folder / "text.png").write_text("no picture")
    whole = (folder / "good.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "sub").mkdir()
    done = run(folder, "missing.png", "text.png", "cut.png", "sub", "good.png")
    assert done.returncode == 1
    assert done.stdout.startswith("good.png: logo (probability of the logo 1.00)")
    missing, *broken = done.stderr.splitlines()
    assert missing == "missing.png: there is no such file"
    assert [line.split(":")[0] for line in broken] == ["text.png", "cut.png", "sub"]
    assert all("not a picture, or damaged" in line for line in broken)


@pytest.mark.parametrize("content", [None, b"", b"damaged"], ids=["missing", "empty", "damaged"])
def test_a_missing_or_damaged_model_is_named(folder: Path, content: bytes | None) -> None:
    if content is not None:
        (folder / "other.onnx").write_bytes(content)
    done = run(folder, "--model", "other.onnx", "any.png")
    assert done.returncode == 1
    assert done.stderr == (
        "other.onnx: no such file, or not a model; put logo.onnx beside this script\n"
    )


def test_eight_bits_change_a_weight_by_half_a_step_and_the_model_still_runs() -> None:
    namespace: dict[str, Any] = {
        "np": np, "onnx": onnx, "helper": helper, "numpy_helper": numpy_helper,
    }  # fmt: skip
    for name in ("to_8_bits", "quantised"):
        exec(source(name), namespace)  # noqa: S102  # our lesson
    generator = np.random.default_rng(0)
    weight = generator.normal(size=(5, 3, 2, 2)).astype(np.float32)
    weight[1] *= 100
    weight[2] = 0
    whole, scale = namespace["to_8_bits"](weight)
    assert whole.dtype == np.int8 and scale.shape == (5,)
    error = np.abs(whole * scale.reshape(-1, 1, 1, 1) - weight).reshape(5, -1).max(1)
    assert (error <= 0.5001 * scale).all()
    small = namespace["quantised"](model_of_red())
    picture = {"picture": generator.random((1, 3, 96, 96), dtype=np.float32)}
    logits = [
        onnxruntime.InferenceSession(model.SerializeToString()).run(["logit"], picture)[0]
        for model in (model_of_red(), small)
    ]
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-3)
    assert {node.op_type for node in small.graph.node} >= {"DequantizeLinear", "Conv"}
