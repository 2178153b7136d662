"""The whole tool, on a tiny project that Sphinx really reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import polib
import pytest

from _tools import build
from _tools.i18n import __main__ as i18n
from _tools.i18n import checks
from _tools.i18n.catalogues import Message
from _tools.i18n.glossary import RULES_FILE

CONF = """
extensions = ["myst_parser"]
exclude_patterns = ["_*", "locale"]
gettext_compact = False
"""
GLOSSARY = """# Glossary

```{glossary}
tensor
  An array of numbers.
```
"""
TRANSLATIONS = {
    "Glossary": "术语表",
    "tensor": "张量",
    "An array of numbers.": "一个数组。",
    "First page": "第一页",
    "Every tensor has a shape.": "每个张量都有形状。",
    "Code is in `x.py`, see [the glossary](glossary.md).": "代码在 `x.py` 中，见[术语表](glossary.md)。",
    "Second page": "第二页",
    "Words about ``x`` in *reStructuredText*.": "关于 ``x`` 的 *reStructuredText* 文字。",
}


@pytest.fixture
def executed() -> list[Path]:
    """Note each time that the tool has the lessons executed."""
    return []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executed: list[Path]) -> Path:
    """Make a project with three pages and an empty folder for Chinese catalogues."""
    docs = tmp_path / "docs"
    (docs / "locale" / "zh_CN" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "conf.py").write_text(CONF)
    (docs / "index.md").write_text(
        "# First page\n\nEvery tensor has a shape.\n\n"
        "Code is in `x.py`, see [the glossary](glossary.md).\n\n$x^2$\n\n"
        "```{toctree}\n:hidden:\nglossary\nsub/page\n```\n"
    )
    (docs / "glossary.md").write_text(GLOSSARY)
    (docs / "sub").mkdir()
    (docs / "sub" / "page.rst").write_text(
        "Second page\n===========\n\nWords about ``x`` in *reStructuredText*.\n"
    )
    (docs / "_tools" / "i18n").mkdir(parents=True)
    (tmp_path / RULES_FILE).write_text("")
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    (tmp_path / "build").mkdir()
    # It would execute the lessons of the course, which on another Python takes a quarter of an hour.
    monkeypatch.setattr(i18n.execute, "execute", lambda *_: executed.append(tmp_path))
    return tmp_path


def catalogue(project: Path, domain: str) -> Path:
    return project / "docs" / "locale" / "zh_CN" / "LC_MESSAGES" / f"{domain}.po"


def translate(project: Path, translations: dict[str, str]) -> None:
    """Do the work of the translator."""
    for file in (project / "docs" / "locale").rglob("*.po"):
        po = polib.pofile(str(file), wrapwidth=0)
        for entry in po:
            entry.msgstr = translations.get(entry.msgid, entry.msgstr)
        po.save()


def snapshot(project: Path) -> dict[Path, tuple[bytes, int]]:
    files = sorted((project / "docs" / "locale").rglob("*.*"))
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_the_life_of_a_translation(
    project: Path, executed: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    # New pages: catalogues with empty messages, in the order of the page; figures are drawn first.
    assert i18n.main([], root=project) == 0
    assert len(executed) == 1
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if "all" in line] == [
        ["zh_CN,", "all", "9", "1", "0", "8"]
    ]
    text = catalogue(project, "index").read_text()
    assert text.index("First page") < text.index("Every tensor") < text.index("x.py")
    assert "#: docs/index.md\n" in text
    assert "#: docs/sub/page.rst\n" in catalogue(project, "sub/page").read_text()

    # A second run changes nothing.
    before = snapshot(project)
    assert i18n.main([], root=project) == 0
    assert snapshot(project) == before

    # Complete: the check passes and writes nothing.
    translate(project, TRANSLATIONS)
    before = snapshot(project)
    assert i18n.main(["--check"], root=project) == 0, capsys.readouterr().out
    assert snapshot(project) == before

    # A changed text, a new one, a removed page: the check fails, the update marks them.
    index = project / "docs" / "index.md"
    changed = index.read_text().replace("has a shape.", "has its own shape.")
    index.write_text(changed.replace("sub/page\n", "").replace("$x^2$", "Quite new."))
    shutil.rmtree(project / "docs" / "sub")
    capsys.readouterr()
    assert i18n.main(["--check"], root=project) == 1
    out = capsys.readouterr().out
    assert snapshot(project) == before
    locale = "docs/locale/zh_CN/LC_MESSAGES"
    assert f'{locale}/index.po:1: "Quite new." is not in it yet: run `nox -s i18n`' in out
    assert '"Every tensor has a shape." is no longer in English' in out
    line = catalogue(project, "sub/page").read_text().split("\n").index("#: docs/sub/page.rst") + 1
    assert f'{locale}/sub/page.po:{line}: "Second page" is no longer in English' in out

    assert i18n.main([], root=project) == 0
    assert "5 messages dropped" not in (out := capsys.readouterr().out)
    assert "4 messages dropped" in out and "sub/page.po (deleted)" in out
    [fuzzy] = polib.pofile(str(catalogue(project, "index"))).fuzzy_entries()
    assert fuzzy.msgid == "Every tensor has its own shape."
    assert fuzzy.previous_msgid == "Every tensor has a shape."
    assert fuzzy.msgstr == "每个张量都有形状。"
    assert i18n.main(["--check"], root=project) == 1
    out = capsys.readouterr().out
    assert "the English has changed" in out and "no translation" in out
    assert out.splitlines()[-1] == "zh_CN: 2 problems."


def test_a_project_that_sphinx_cannot_read_changes_nothing(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "docs" / "index.md").write_text("# First page\n\n{nonsense}`x`\n")
    before = snapshot(project)
    assert i18n.main([], root=project) == 2
    assert snapshot(project) == before
    error = capfd.readouterr().err
    assert "index.md:3" in error and "Nothing was written" in error


@pytest.fixture
def no_sphinx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say what is extracted."""
    monkeypatch.setattr(i18n, "extract", lambda root: {"index": [Message("First page")]})


@pytest.mark.usefixtures("no_sphinx")
@pytest.mark.parametrize(
    ("domain", "text", "arguments", "status", "message"),
    [
        ("other", 'msgid "a"\nmsgstr "甲\n', [], 2, "other.po:2: not a line of a catalogue"),
        ("index", 'msgid "First page"\nmsgstr "第一页"\n', ["--check"], 1, "index.po:1: order or"),
        (None, "loose = []\nunchecked = = []\n", ["--check"], 2, f"{RULES_FILE}:2: "),
    ],
)
def test_what_is_wrong_with_a_file_is_found_before_anything_is_written(
    project: Path,
    domain: str | None,
    text: str,
    arguments: list[str],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (catalogue(project, domain) if domain else project / RULES_FILE).write_text(text)
    before = snapshot(project)
    assert i18n.main(arguments, root=project) == status
    assert snapshot(project) == before
    assert message in "".join(capsys.readouterr())


@pytest.mark.usefixtures("no_sphinx")
def test_languages_have_catalogues_of_their_own(project: Path) -> None:
    catalogue(project, "sphinx").write_text('msgid "Color mode"\nmsgstr "颜色"\n')
    assert i18n.main([], root=project) == 0
    [entry] = polib.pofile(str(catalogue(project, "sphinx")))
    assert entry.msgstr == "颜色", "the catalogue for Sphinx and the theme is kept"
    assert i18n.main(["--language", "fr"], root=project) == 0
    file = project / "docs" / "locale" / "fr" / "LC_MESSAGES" / "index.po"
    assert '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"' in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["--language", "klingon"], "klingon is no language code"), ([], "has no catalogues yet")],
)
def test_an_unknown_language_is_an_error(
    tmp_path: Path, arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert i18n.main(arguments, root=tmp_path) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("domain", "msgid", "msgstr", "problem"),
    [
        ("index", "Every tensor", "每个张量", None),
        ("index", "Every tensor", "", "no translation"),
        ("index", "Every tensor", "每个数组", 'the glossary calls "tensor" 张量'),
        ("index", "The `x`", "那个", "lost ``x``"),
        ("sub/page", "The ``x``", "那个 `x`", "lost ``x``"),
        ("index", "**Bold**", "**粗体", "a ** opens or closes nothing"),
        ("index", "Words", "词,词", "half-width punctuation"),
        ("index", "Some quite ordinary words", "Some quite ordinary words", "still in English"),
        ("index", "PyTorch", "PyTorch", None),
        ("sub/page", "Some names", "A. 若干名字", "begins like an item of a list"),
        ("index", "As :func:`x`", "如 :func:`x`", "a docstring"),
        ("sub/page", "As :func:`x`", "如 :func:`x`", None),
        ("figures", "loss {0}", "损失", "lost the placeholder {0}"),
        ("comments", "see `x`", "见 `y`", "lost ``x``"),
    ],
)
def test_each_check_of_one_translation(
    project: Path, domain: str, msgid: str, msgstr: str, problem: str | None
) -> None:
    glossary = polib.POFile()
    glossary.append(polib.POEntry(msgid="tensor", msgstr="张量", linenum=1))
    page = polib.POFile()
    page.append(polib.POEntry(msgid=msgid, msgstr=msgstr, linenum=7))
    found = checks.check(project, "zh_CN", {"glossary": glossary, domain: page})
    file = f"docs/locale/zh_CN/LC_MESSAGES/{domain}.po:7: "
    assert all(str(one).startswith(file) for one in found)
    if problem is None:
        assert found == []
    else:
        assert problem in " ".join(map(str, found))


def test_fuzzy_and_obsolete_messages_are_found(project: Path) -> None:
    page = polib.POFile()
    page.append(polib.POEntry(msgid="a word", msgstr="词", flags=["fuzzy"], linenum=1))
    page.append(polib.POEntry(msgid="old", msgstr="旧", obsolete=True, linenum=5))
    found = checks.check(project, "zh_CN", {"index": page})
    assert [one.line for one in found] == [1, 5]
    assert "the English has changed" in found[0].message and "obsolete" in found[1].message


def test_rules_without_a_use_are_found(project: Path) -> None:
    (project / RULES_FILE).write_text('loose = ["banana"]\n')
    [problem] = checks.check(project, "zh_CN", {})
    assert str(problem) == f'{RULES_FILE}:1: "banana" is not in the glossary: delete the rule'
