"""``python -m dlcourse assets`` prints what it should and ends with the right status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlcourse.__main__ import main
from fake_registry import Registry, address, write_entry

DATA = b"0123456789" * 100_000


@pytest.fixture
def two(home: Path, entries: Path, registry: Registry) -> Registry:
    """Two assets: ``good`` can be had, ``gone`` cannot."""
    write_entry(entries, "good", {"a.bin": DATA}, address(registry.add("a.bin", DATA)))
    write_entry(entries, "gone", {"b.bin": DATA}, address(f"{registry.address}/files/b.bin"))
    return registry


def test_list_is_a_table_of_the_catalogue_and_says_what_is_here(
    two: Registry, home: Path, entries: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["assets", "fetch", "good"])
    write_entry(entries, "half", {"a": b"a", "b": b"bb"}, address("http://127.0.0.1:9/{name}"))
    (home / "half").mkdir()
    for name in "ab":
        (home / "half" / name).write_bytes(b"a")
    capsys.readouterr()
    assert main(["assets", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME    SIZE  HERE    LICENCE  TITLE",
        "gone  1.0 MB  no      licence  title",
        "good  1.0 MB  yes     licence  title",
        "half  0.0 MB  partly  licence  title",
        "",
        f"The assets lie in {home}",
    ]


def test_fetch_goes_on_after_an_asset_that_cannot_be_had(
    two: Registry, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["assets", "fetch", "gone", "good"]) == 1
    out, err = capfd.readouterr()
    assert out == f"good: {home / 'good'}\n"
    assert err.startswith("error: gone could not be fetched.")
    assert "404" in err
    two.add("b.bin", DATA)
    assert main(["assets", "fetch", "--all"]) == 0
    # Nor is there a progress bar, because this is no terminal.
    assert capfd.readouterr() == (f"gone: {home / 'gone'}\ngood: {home / 'good'}\n", "")


def test_a_wrong_command_ends_with_two_and_usage(
    two: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["fetch"], ["fetch", "--all", "good"], ["path"], [], ["lst"]):
        with pytest.raises(SystemExit, match="2"):
            main(["assets", *words])
        assert "usage: python -m dlcourse assets" in capsys.readouterr().err
    assert two.requests == []


def test_path_prints_the_folder_alone(
    two: Registry, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assets", "path", "good"]) == 0
    assert capsys.readouterr() == (f"{home / 'good'}\n", "")
    assert main(["assets", "path", "bad"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.startswith("error: unknown asset 'bad'; ")) == ("", True)


def test_verify_finds_a_damaged_file_and_says_how_to_repair_it(
    two: Registry, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assets", "verify"]) == 0
    assert capsys.readouterr().out == f"there are no assets in {home}\n"
    main(["assets", "fetch", "good"])
    capsys.readouterr()
    assert main(["assets", "verify"]) == 0
    assert capsys.readouterr().out == "good: right\n"
    (home / "good" / "a.bin").write_bytes(DATA[::-1])
    assert main(["assets", "verify"]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "good: not right"
    assert second.startswith("  a.bin: damaged: ")
    assert last == "`python -m dlcourse assets fetch good` fetches what is not right again"


def test_an_interruption_is_no_traceback(
    two: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dlcourse.assets.path", interrupt)
    assert main(["assets", "path", "good"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_help_explains(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["assets"], ["assets", "fetch"]):
        with pytest.raises(SystemExit, match="0"):
            main([*words, "--help"])
        out, err = capsys.readouterr()
        assert (out.startswith(" ".join(["usage: python -m dlcourse", *words])), err) == (True, "")


def test_looking_at_the_catalogue_does_not_load_pytorch() -> None:
    code = (
        "import sys; from dlcourse.__main__ import main; main(['assets', 'list']); "
        "sys.exit('PyTorch was loaded' if 'torch' in sys.modules else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_progress_bar_reaches_the_end_on_a_terminal(
    two: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    termios = pytest.importorskip("termios", reason="Windows has no pseudo-terminals")
    reader, writer = os.openpty()
    termios.tcsetwinsize(writer, (25, 100))
    with os.fdopen(writer, "w") as terminal, os.fdopen(reader, "rb", buffering=0) as shown:
        monkeypatch.setattr("sys.stderr", terminal)
        assert main(["assets", "fetch", "good"]) == 0
        terminal.flush()
        os.set_blocking(reader, False)  # an empty answer, not a wait, if nothing was shown
        text = (shown.read(100_000) or b"").decode()
    assert "good from address" in text
    assert "100%" in text
