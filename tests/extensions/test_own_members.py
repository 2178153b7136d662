"""autodoc looks at the members of our own modules only."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import dlcourse.training
import own_members


def left_out(module: ModuleType) -> set[str]:
    return {
        name
        for name, member in vars(module).items()
        if own_members.leave_out_imported(None, "module", name, member, False, None)  # type: ignore[arg-type]  # the application is not used
    }


def test_imported_classes_and_functions_are_left_out() -> None:
    module = ModuleType("dlcourse.example")
    imported = {
        "Path": Path,
        "dedent": dedent,
        "json": json,
        "evaluate": dlcourse.training.evaluate,
    }
    vars(module).update(imported, Own=type("Own", (), {}), own=lambda: None)
    vars(module)["FOLDER"] = Path("an object of a class from elsewhere")
    vars(module)["Own"].__module__ = vars(module)["own"].__module__ = module.__name__
    assert left_out(module) == {"Path", "dedent"}


def test_members_of_classes_are_left_to_autodoc() -> None:
    answer = own_members.leave_out_imported(None, "class", "Path", Path, False, None)  # type: ignore[arg-type]  # the application is not used
    assert answer is None


def test_what_the_course_documents_stays() -> None:
    public = {
        name for name in vars(dlcourse.training) if name in ("fit", "evaluate", "train_epoch")
    }
    assert len(public) == 3
    assert not public & left_out(dlcourse.training)
