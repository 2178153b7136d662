"""Every public name is documented as it is, and the layers of the package stay apart."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

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
    # pytest fixes what its hooks are called, take and return, and only pytest calls them.
    listed = getattr(module, "__all__", [])
    return [
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and (name in listed or value.__module__ == module.__name__)
        and not name.startswith(("_", "pytest_"))
    ]


def shortcomings(name: str) -> list[str]:
    """Return what is missing in the docstring of an object, in words."""
    return [f"{code} {message}" for code, message in validate(name)["errors"] if code in REQUIRED]


PUBLIC = [
    name for module in PUBLIC_MODULES for name in public_names(importlib.import_module(module))
]


def test_the_modules_and_functions_are_found() -> None:
    assert "dlcourse.pytest_gpu" in MODULES
    assert "dlcourse.assets._cache" in set(MODULES) - set(PUBLIC_MODULES)
    assert {"dlcourse.device.pick_device", "dlcourse.plotting.draw_cells"} <= set(PUBLIC)
    assert {"dlcourse.assets.path", "dlcourse.assets.AssetError"} <= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_the_docstring_is_complete_and_matches_the_signature(name: str) -> None:
    assert shortcomings(name) == []


@pytest.mark.parametrize("name", PUBLIC)
def test_the_examples_are_doctests(name: str) -> None:
    value = importlib.import_module(name.rpartition(".")[0]).__dict__[name.rpartition(".")[2]]
    assert ">>> " in "\n".join(get_doc_object(value)["Examples"])


@pytest.mark.parametrize("name", PUBLIC)
def test_what_the_function_raises_is_documented(name: str) -> None:
    value = importlib.import_module(name.rpartition(".")[0]).__dict__[name.rpartition(".")[2]]
    raised = set(re.findall(r"^\s+raise (\w+)\(", inspect.getsource(value), flags=re.MULTILINE))
    assert raised <= {error.type for error in get_doc_object(value)["Raises"]}


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
def test_every_module_and_hook_has_a_docstring(module: str) -> None:
    tree = ast.parse(
        Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")
    )
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert ast.get_docstring(tree)
    assert [node.name for node in functions if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_the_reference_has_a_page_for_every_module(module: str) -> None:
    stem = module.removeprefix("dlcourse.")
    page = (API_PAGES / f"{stem}.rst").read_text(encoding="utf-8")
    assert f".. automodule:: {module}\n" in page
    assert stem in (API_PAGES / "index.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", PUBLIC)
def test_the_reference_lists_every_public_name(name: str) -> None:
    module = name.rpartition(".")[0]
    page = (API_PAGES / f"{module.removeprefix('dlcourse.')}.rst").read_text(encoding="utf-8")
    # With :members: autodoc lists whatever has a docstring, and everything public has one.
    assert f".. automodule:: {module}\n   :members:" in page


@pytest.mark.parametrize("path", sorted(API_PAGES.iterdir()), ids=lambda path: path.name)
def test_the_reference_has_no_page_without_a_module(path: Path) -> None:
    assert path.stem == "index" or f"dlcourse.{path.stem}" in PUBLIC_MODULES


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


def imports_of(module: str) -> set[str]:
    return imports(Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8"))


def top_level(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_imports_are_found_wherever_they_hide() -> None:
    source = (
        "import a.b\nfrom c import d\ndef f():\n    import e\n    from dlcourse import plotting\n"
    )
    assert imports(source) == {"a.b", "c", "c.d", "e", "dlcourse", "dlcourse.plotting"}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_the_tools_that_build_the_site(module: str) -> None:
    assert not top_level(imports_of(module)) & {"sphinx", "docutils", "sphinx_gallery", "myst_nb"}


@pytest.mark.parametrize("module", MODULES)
def test_only_plotting_imports_matplotlib(module: str) -> None:
    assert ("matplotlib" in top_level(imports_of(module))) == (module == "dlcourse.plotting")


@pytest.mark.parametrize("module", MODULES)
def test_only_assets_reaches_out(module: str) -> None:
    """To the network, and to other programs."""
    reaching = {"filelock", "http", "pooch", "requests", "socket", "subprocess", "urllib"}
    assert module.startswith("dlcourse.assets") or not top_level(imports_of(module)) & reaching


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_plotting_and_imports_are_absolute(module: str) -> None:
    assert not {name for name in imports_of(module) if name.startswith(("dlcourse.plotting", "."))}


def test_the_package_itself_imports_nothing() -> None:
    assert imports((PACKAGE / "__init__.py").read_text(encoding="utf-8")) == set()
