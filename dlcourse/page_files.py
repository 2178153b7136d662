"""Where a lesson leaves the files that its own page uses."""

import ast
import contextlib
import inspect
import io
import json
import os
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

VARIABLE = "DLCOURSE_PAGE_FILES"
"""The environment variable with which the build of the site names the folder."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Where PyTorch was built, and where a package lies: both stand in parentheses behind a message.
_PLACE = re.compile(r" *\((?:Triggered internally at |/|[A-Z]:\\)[^()]*\)")
_OF_THIS_RUN = {
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}"),
    "a path of this machine": re.compile(r"(?<![\w.:/])(?:/[\w.+-]+){2,}|\b[A-Z]:\\\w"),
}


def folder() -> Path:
    """Return the folder for files that the page of a lesson uses, and make it if need be.

    Some pages do more than show what a lesson computed: on one of them the reader draws, and the
    network that the lesson has just trained answers. For that the lesson saves the network here.
    While the site is built, the folder belongs to this lesson alone, and is empty at first. The
    site serves what it holds in the end, but for what the functions below leave: the build writes
    that into the page. In your own run the folder is called ``page_files`` and lies in the current
    folder. Nothing but your script uses it, and you may delete it.

    Returns
    -------
    Path
        A folder that exists.

    Examples
    --------
    >>> import contextlib, tempfile
    >>> with tempfile.TemporaryDirectory() as elsewhere, contextlib.chdir(elsewhere):
    ...     (folder() / "weights.bin").write_bytes(bytes(16))
    ...     print(folder())
    16
    page_files
    """
    path = Path(os.environ.get(VARIABLE) or "page_files")
    path.mkdir(parents=True, exist_ok=True)
    return path


def run_choices(
    name: str, *, right: Callable[[], object], wrong: Sequence[Callable[[], object]]
) -> None:
    """Run the variants of a question, and leave what each prints for the page of the lesson.

    The page asks what a piece of code prints. Its choices are what the variants really printed:
    one of them is that code, the others hold a mistake that is easily made.

    Parameters
    ----------
    name : str
        The name by which the page finds the outputs: small letters, digits and underscores.
    right : callable
        A function without arguments that prints the right answer.
    wrong : sequence of callable
        One to three such functions, each of which prints another answer.

    Raises
    ------
    ValueError
        If the name or the number of variants does not fit, if a variant has arguments or no source,
        fails or prints nothing, if two print the same, or if what one prints is another in each run.

    See Also
    --------
    run_then_and_now : Run old lines, and those that replace them.

    Examples
    --------
    It prints nothing itself. Here it is run in a folder that is removed afterwards.

    >>> import contextlib, tempfile
    >>> def floor():
    ...     print(-7 // 2)
    >>> def truncated():
    ...     print(int(-7 / 2))
    >>> with tempfile.TemporaryDirectory() as elsewhere, contextlib.chdir(elsewhere):
    ...     run_choices("quotient", right=floor, wrong=[truncated])
    ...     print([file.name for file in folder().iterdir()])
    ['choices_quotient.json']
    """
    if not 1 <= len(wrong) <= 3:
        raise ValueError(
            f"choices {name!r}: {len(wrong)} wrong variants, but a question has 1 to 3; "
            "add one, or leave some out"
        )
    variants = [_variant(f"choices {name!r}", function) for function in (right, *wrong)]
    for number, variant in enumerate(variants):
        if variant["output"] in [before["output"] for before in variants[:number]]:
            raise ValueError(
                f"choices {name!r}: two variants print {variant['output']!r}; "
                "each choice needs an output of its own"
            )
    _leave("choices", name, {"variants": variants})


def run_then_and_now(name: str, rows: Sequence[tuple[str, str]], namespace: dict[str, Any]) -> None:
    """Run old lines as they are written, and leave what Python says to them for the page.

    Each line runs in a copy of the namespace, so that what it assigns is gone afterwards. What it
    does to an object, or to the settings of a library, stays: undo that within the row.

    Parameters
    ----------
    name : str
        The name by which the page finds the rows: small letters, digits and underscores.
    rows : sequence of (str, str)
        Python code of then, and the code that takes its place now. Of the first the page shows its
        error, else its first warning, else what it prints; the second has to run without either.
    namespace : dict of str to object
        What the code may use, usually ``globals()``.

    Raises
    ------
    ValueError
        If there is no row, if what is to be used now fails or warns, or if what the page would show
        is another in each run.

    See Also
    --------
    run_choices : Run the variants of a question.

    Examples
    --------
    It prints nothing itself. Here it is run in a folder that is removed afterwards.

    >>> import contextlib, tempfile
    >>> import math
    >>> rows = [("math.reciprocal_of(4)", "1 / 4")]
    >>> with tempfile.TemporaryDirectory() as elsewhere, contextlib.chdir(elsewhere):
    ...     run_then_and_now("inverse", rows, globals())
    ...     left = json.loads((folder() / "then_and_now_inverse.json").read_text())
    >>> left["rows"][0]["says"]["text"]
    "AttributeError: module 'math' has no attribute 'reciprocal_of'"
    """
    if not rows:
        raise ValueError(f"then and now {name!r}: no rows; give at least one pair of then and now")
    found = []
    for number, (then, now) in enumerate(rows, start=1):
        place = f"then and now {name!r}, row {number}"
        then, now = (textwrap.dedent(code).strip("\n") for code in (then, now))
        says, now_says = _says(then, namespace), _says(now, namespace)
        if now_says["kind"] in ("error", "warning"):
            raise ValueError(
                f"{place}: now ({now!r}) says {now_says['text']!r}, but it has to run without "
                "an error and without a warning; write what works today"
            )
        for said in (says, now_says):
            _check_that_it_stays(place, said["text"])
        found.append({"then": then, "says": says, "now": now, "prints": now_says["text"]})
    _leave("then_and_now", name, {"rows": found})


def _leave(kind: str, name: str, content: dict[str, Any]) -> None:
    """Write what was found into the folder, as JSON."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a name for outputs of the page; "
            "use small letters, digits and underscores, and begin with a letter"
        )
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder() / f"{kind}_{name}.json").write_text(text + "\n", encoding="utf-8")


def _variant(place: str, function: Callable[[], object]) -> dict[str, str]:
    """Run a variant, and return what it prints, without blank lines around it, and its code."""
    if not inspect.isfunction(function) or inspect.signature(function).parameters:
        raise ValueError(
            f"{place}: {function!r} is not a function without arguments; "
            "write 'def name():' with the code below it"
        )
    place = f"{place}, {function.__name__}"
    code = _body(place, function)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            function()
    except Exception as error:
        raise ValueError(
            f"{place}: it fails with {_message(error)!r}; "
            "if that is the answer, catch the error and print its message"
        ) from error
    output = _without_blank_ends(printed.getvalue())
    if not output:
        raise ValueError(f"{place}: it prints nothing; print what the reader chooses")
    _check_that_it_stays(place, output)
    return {"output": output, "code": code}


def _body(place: str, function: Callable[[], object]) -> str:
    """Return the code of a function without the line that begins with ``def``."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        definition = ast.parse(source).body[0]
    except (OSError, SyntaxError) as error:
        raise ValueError(
            f"{place}: its source is not to be found; write the function in the lesson, with 'def'"
        ) from error
    if (
        not isinstance(definition, ast.FunctionDef)
        or definition.body[0].lineno == definition.lineno
    ):
        raise ValueError(
            f"{place}: its code does not stand below a line with 'def'; "
            "write 'def name():' and the code on lines of its own"
        )
    lines = source.splitlines()[definition.lineno : definition.end_lineno]
    return textwrap.dedent("\n".join(lines))


def _says(code: str, namespace: dict[str, Any]) -> dict[str, str]:
    """Run code, and return what Python says to it: an error, else a warning, else what it prints."""
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as heard,
        contextlib.redirect_stdout(printed),
        _each_warning(),
    ):
        warnings.simplefilter("always")  # they are recorded, not silenced
        try:
            # The code is a line of the lesson itself.
            exec(compile(code, "<row>", "exec", dont_inherit=True), dict(namespace))  # noqa: S102
        except Exception as error:  # noqa: BLE001  # the row is about it
            return {"kind": "error", "text": _message(error)}
    if heard:
        text = _PLACE.sub("", str(heard[0].message)).strip()
        return {"kind": "warning", "text": f"{heard[0].category.__name__}: {_first_line(text)}"}
    output = _without_blank_ends(printed.getvalue())
    return {"kind": "output" if output else "silent", "text": output}


@contextlib.contextmanager
def _each_warning() -> Iterator[None]:
    """Let PyTorch, if it is in use, give each warning again that it gives once in a process."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        yield
    finally:
        torch.set_warn_always(before)


def _message(error: Exception) -> str:
    """Return the line in which Python names an error, without those that it may have below."""
    lines = traceback.format_exception_only(error)
    named = lines[-1] if isinstance(error, SyntaxError) else lines[0]
    return _first_line(_PLACE.sub("", named))


def _first_line(text: str) -> str:
    """Return the first line, without spaces at its end."""
    return text.splitlines()[0].rstrip() if text else ""


def _without_blank_ends(output: str) -> str:
    """Return what was printed without spaces at the ends of lines and empty lines around it."""
    lines = [line.rstrip() for line in output.splitlines()]
    return "\n".join(lines).strip("\n")


def _check_that_it_stays(place: str, text: str) -> None:
    """Refuse what would be another in each run."""
    for what, pattern in _OF_THIS_RUN.items():
        if found := pattern.search(text):
            raise ValueError(
                f"{place}: it says {_first_line(text)!r}, with {what} ({found[0]}), which is "
                "another in each run or on each machine; print something else, or leave it out"
            )
