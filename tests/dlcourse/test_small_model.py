"""A small model: what is read differs from what was written by half a scale, and the page reads the same."""

from __future__ import annotations

import json
import math
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from _ext.formulas.katex import find_node
from dlcourse.small_model import pack, unpack

MODULE = Path(__file__).parents[2] / "docs" / "_static" / "small-model.js"


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    """Tensors of every kind: rows of very different sizes, one of zeros, and no row at all."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(6, 5, generator=generator) * torch.tensor([1e-4, 1, 1, 0, 1e3, 1])[:, None]
    return {
        "matrix": matrix,
        "matrix.T": matrix.T,
        "stack": torch.randn(2, 3, 4, generator=generator),
        "vector": torch.randn(5, generator=generator),
        "scalar": torch.tensor(0.1),
        "double": torch.randn(4, 3, generator=generator, dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "word.weight": torch.randn(4, 4, generator=generator).requires_grad_(),
    }


@pytest.fixture
def in_page():
    """A function that evaluates an expression in ``m``, the module, and ``values``."""

    def run(expression: str, *values: object, module: str = MODULE.read_text("utf-8")) -> object:
        address = f"data:text/javascript;base64,{b64encode(module.encode()).decode()}"
        code = f"""
            const m = await import({json.dumps(address)});
            const [values, plain] = [{json.dumps(values)}, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)];
            console.log(JSON.stringify(await ({expression}), plain));"""
        command = [find_node(), "--input-type=module", "-"]
        done = subprocess.run(
            command, input=code, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def as_address(file: Path, keep: int | None = None) -> str:
    return f"data:;base64,{b64encode(file.read_bytes()[:keep]).decode()}"


def test_no_number_is_wrong_by_more_than_half_a_scale(tensors, tmp_path) -> None:
    pack(tensors, tmp_path / "small.safetensors")
    found, meta = unpack(tmp_path / "small.safetensors")
    assert meta is None and found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == torch.float32 and found[name].shape == tensor.shape
        if tensor.ndim < 2:
            assert torch.equal(found[name], tensor)
            continue
        half = tensor.abs().amax(-1, keepdim=True) / 127 / 2
        assert ((found[name] - tensor).abs() <= half * 1.001).all(), name


def test_a_matrix_takes_a_quarter_of_the_room(tmp_path) -> None:
    pack({"weight": torch.randn(1000, 32)}, tmp_path / "small.safetensors")
    assert 36_000 < (tmp_path / "small.safetensors").stat().st_size < 36_400


def test_the_same_model_makes_the_same_file(tensors, tmp_path) -> None:
    for name in "ab":
        pack(tensors, tmp_path / name, {"words": ["好", "b", "a"], "size": 3})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("ids", torch.tensor([[1, 2]]), "only floating-point numbers"),
        ("w", torch.tensor([[1.0, math.nan]]), "'w' holds a number that is infinite"),
        ("w", torch.tensor([math.inf]), "'w' holds a number that is infinite"),
        ("w:scales", torch.zeros(2), "kept for scales"),
    ],
)
def test_what_cannot_be_stored_is_named(tmp_path, name, tensor, message) -> None:
    (tmp_path / "small.safetensors").write_text("the one before")
    with pytest.raises(ValueError, match=message):
        pack({"fine": torch.zeros(2), name: tensor}, tmp_path / "small.safetensors")
    assert (tmp_path / "small.safetensors").read_text() == "the one before"


def test_what_is_not_a_small_model_is_named(tmp_path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "small.safetensors"
    save_file({"w": torch.zeros(2)}, file)
    with pytest.raises(ValueError, match="was not written by pack"):
        unpack(file)
    pack({"w": torch.zeros(2, 2)}, file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        unpack(file)


def test_the_page_reads_the_same_numbers(tensors, tmp_path, in_page) -> None:
    file = tmp_path / "small.safetensors"
    meta = {"words": ["好", "'", '"', "\\", "😀"], "size": 3}
    pack(tensors, file, meta)
    expected, _ = unpack(file)
    found = in_page("m.loadSmallModel(values[0])", as_address(file))
    assert found["meta"] == meta and found["tensors"].keys() == expected.keys()
    for name, tensor in expected.items():
        assert found["tensors"][name]["shape"] == list(tensor.shape)
        assert torch.equal(torch.tensor(found["tensors"][name]["values"]), tensor.flatten()), name


@pytest.mark.parametrize("keep", [-1, 40, 4])
def test_the_page_refuses_what_is_cut_short(tmp_path, in_page, keep) -> None:
    pack({"w": torch.zeros(2, 2)}, tmp_path / "small.safetensors")
    address = as_address(tmp_path / "small.safetensors", keep)
    assert in_page("m.loadSmallModel(values[0]).then(() => 0, (e) => e.name)", address) != 0


def test_the_page_computes_as_pytorch(in_page) -> None:
    torch.manual_seed(0)
    linear, norm = nn.Linear(7, 5), nn.LayerNorm(7)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = 3 * torch.randn(7)

    def given(tensor: Tensor) -> dict[str, object]:
        return {"shape": list(tensor.shape), "values": tensor.flatten().tolist()}

    def same(found: object, expected: Tensor) -> None:
        torch.testing.assert_close(torch.tensor(found), expected.detach(), rtol=1e-5, atol=1e-6)

    weights = [given(p) for p in (*linear.parameters(), *norm.parameters())]
    w, b, scale, shift = (f"values[{place}]" for place in range(1, 5))
    values = (x.tolist(), *weights)
    same(in_page(f"m.matvec({w}, values[0], {b})", *values), linear(x))
    same(in_page(f"m.matvec({w}, values[0])", *values), linear.weight @ x)
    same(in_page(f"m.layerNorm(values[0], {scale}, {shift})", *values), norm(x))
    same(in_page("m.softmax(values[0])", x.tolist()), x.softmax(0))
    same(in_page("m.softmax(values[0])", [1000.0, 999.0, -1000.0]),
         torch.tensor([1000.0, 999.0, -1000.0]).softmax(0))  # fmt: skip
    same(in_page("values[0].map(m.sigmoid)", x.tolist()), x.sigmoid())
    matrix = f"{{ ...{w}, values: Float32Array.from({w}.values) }}"
    same(in_page(f"m.row({matrix}, 2)", *values), linear.weight[2])
