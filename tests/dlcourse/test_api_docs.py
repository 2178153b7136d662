"""Every public name is documented as it is, and the layers of the package stay apart."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import dlcourse

PACKAGE = Path(dlcourse.__file__).parent
API_PAGES = Path(__file__).parents[2] / "docs" / "api"
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(PACKAGE)], "dlcourse."))
# A module with an underscore is part of the package that it lies in: only that has a page.
PUBLIC_MODULES = [module for module in MODULES if "._" not in module]

# What numpydoc's own checks must not find. The rest of its checks is about full stops and capitals.
REQUIRED = {
    "GL08": "no docstring",
    "SS01": "no summary",
    "SS06": "a summary of more than one line",
    "PR01": "parameters without documentation",
    "PR02": "documented parameters that do not exist",
    "PR03": "parameters in another order",
    "PR04": "a parameter without a type",
    "PR07": "a parameter without a description",
    "RT01": "no Returns section",
    "RT03": "a return value without a description",
    "YD01": "no Yields section",
    "EX01": "no Examples section",
}


def public_names(module: ModuleType) -> list[str]:
    """Return the functions and classes that a module defines for its users."""
    listed = getattr(module, "__all__", [])
    return [
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and (name in listed or value.__module__ == module.__name__)
        and not name.startswith("_")
    ]


def object_of(name: str) -> Any:
    """Return what has this name in the package."""
    module, _, own_name = name.rpartition(".")
    return vars(importlib.import_module(module))[own_name]


def shortcomings(name: str) -> list[str]:
    """Return what is missing in the docstring of an object, in words."""
    return [f"{code} {message}" for code, message in validate(name)["errors"] if code in REQUIRED]


PUBLIC = [
    name for module in PUBLIC_MODULES for name in public_names(importlib.import_module(module))
]


def test_the_modules_and_functions_are_found() -> None:
    assert "dlcourse.assets._cache" in set(MODULES) - set(PUBLIC_MODULES)
    assert {"dlcourse.device.pick_device", "dlcourse.plotting.draw_cells"} <= set(PUBLIC)
    assert {"dlcourse.assets.path", "dlcourse.assets.AssetError"} <= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_the_docstring_is_complete_and_matches_the_signature(name: str) -> None:
    assert shortcomings(name) == []
    value = object_of(name)
    documented = get_doc_object(value)
    assert ">>> " in "\n".join(documented["Examples"])
    raised = set(re.findall(r"^\s+raise (\w+)\(", inspect.getsource(value), flags=re.MULTILINE))
    assert raised <= {error.type for error in documented["Raises"]}


def test_a_bad_docstring_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the check itself: numpydoc must still report these codes."""
    (tmp_path / "badly_documented.py").write_text(
        'def scale(values, factor):\n    """Scale values.\n\n    Parameters\n    ----------\n'
        "    values : list\n        Numbers.\n    size : int\n        Gone.\n"
        '    """\n    return values * factor\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = {text.split()[0] for text in shortcomings("badly_documented.scale")}
    assert found == {"PR01", "PR02", "RT01", "EX01"}


@pytest.mark.parametrize("module", ["dlcourse", *MODULES])
def test_everything_has_a_docstring(module: str) -> None:
    tree = ast.parse(source_of(module))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert ast.get_docstring(tree)
    assert [node.name for node in functions if not ast.get_docstring(node)] == []


def test_the_reference_has_a_page_for_every_module_and_no_other() -> None:
    stems = [module.removeprefix("dlcourse.") for module in PUBLIC_MODULES]
    pages = {file.stem: file.read_text(encoding="utf-8") for file in API_PAGES.iterdir()}
    index = pages.pop("index").splitlines()
    assert sorted(pages) == sorted(stems)
    assert [stem for stem in stems if stem not in index] == []
    # With :members: autodoc lists whatever has a docstring, and everything public has one.
    with_members = {name.split(".")[1] for name in PUBLIC}
    for stem in stems:
        members = "   :members:" if stem in with_members else ""
        assert f".. automodule:: dlcourse.{stem}\n{members}" in pages[stem]


def source_of(module: str) -> str:
    """Return the source of a module."""
    return Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")


def imports(source: str) -> set[str]:
    """Return the modules that a source file imports, anywhere in it, by their full names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def test_imports_are_found_wherever_they_hide() -> None:
    source = (
        "import a.b\nfrom c import d\ndef f():\n    import e\n    from dlcourse import plotting\n"
    )
    assert imports(source) == {"a.b", "c", "c.d", "e", "dlcourse", "dlcourse.plotting"}


BUILDERS = {"sphinx", "docutils", "sphinx_gallery", "myst_nb"}
REACHING_OUT = {"filelock", "http", "pooch", "requests", "socket", "subprocess", "urllib"}


@pytest.mark.parametrize("module", MODULES)
def test_the_layers_of_the_package_stay_apart(module: str) -> None:
    """Only plotting draws; only assets and servers reach the network and other programs."""
    names = imports(source_of(module))
    top_level = {name.split(".")[0] for name in names}
    assert not top_level & BUILDERS
    assert ("matplotlib" in top_level) == (module == "dlcourse.plotting")
    reaches_out = module.startswith(("dlcourse.assets", "dlcourse.servers"))
    assert reaches_out or not top_level & REACHING_OUT
    assert not {name for name in names if name.startswith(("dlcourse.plotting", "."))}
    assert imports(source_of("dlcourse")) == set(), "importing one module pays for no other"


#: What takes a tensor, a model or a device, with the reason why it has no example for the GPU.
WITHOUT_GPU = {
    "dlcourse.checkpoints.capture_run": "tests resume a training on the GPU",
    "dlcourse.checkpoints.restore_run": "tests resume a training on the GPU",
    "dlcourse.checkpoints.load_weights": "shown with save_weights",
    "dlcourse.composites.crops": "pictures are composed on the CPU",
    "dlcourse.composites.place": "pictures are composed on the CPU",
    "dlcourse.composites.tint": "pictures are composed on the CPU",
    "dlcourse.small_model.pack": "files are written on the CPU",
    "dlcourse.training.evaluate": "shown with fit",
    "dlcourse.training.train_epoch": "shown with fit",
}
ON_A_DEVICE = re.compile(r"\b(Tensor|Module|device)\b")


def on_a_device(name: str) -> bool:
    """Tell whether a function of the package takes something that may lie on a GPU."""
    value = object_of(name)
    if not inspect.isfunction(value) or "assets" in name:
        return False
    parameters = inspect.signature(value).parameters.values()
    return any(ON_A_DEVICE.search(f"{one.name} {one.annotation}") for one in parameters)


FOR_THE_GPU = [name for name in PUBLIC if on_a_device(name)]


def test_functions_for_the_gpu_have_an_example_there() -> None:
    expected = {"conv.im2col", "metrics.accuracy", "text.length_batches", "training.fit"}
    assert {f"dlcourse.{name}" for name in expected} <= set(FOR_THE_GPU)
    documents = {name: inspect.getdoc(object_of(name)) or "" for name in FOR_THE_GPU}
    without = {name for name, text in documents.items() if "# doctest: +GPU" not in text}
    assert without == set(WITHOUT_GPU)
