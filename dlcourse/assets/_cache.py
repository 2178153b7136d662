"""The folder on disk: what is in it, is it right, and how files get into it.

Files are made in a hidden folder beside the asset's own and moved into place one by one, each
after its digest was found right. So a file that can be seen under its name is a whole one, and a
process that is killed leaves only a hidden folder, which the next one removes.
"""

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pooch
from filelock import FileLock
from tqdm import tqdm

from dlcourse.assets import _sources
from dlcourse.assets._catalogue import Asset, AssetError, File, Source, SourceError

SHOWN_FILES = 4  # in a message
INTERVAL_S = 0.2  # between two looks at a download
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def home() -> Path:
    """Return the folder of all assets: ``DLCOURSE_HOME``, else the platform's cache folder."""
    return (
        Path(os.environ.get("DLCOURSE_HOME") or pooch.os_cache("dlcourse")).expanduser().resolve()
    )


def wrong_files(asset: Asset) -> dict[str, str]:
    """Return, for each file that is not as the catalogue says, what is wrong with it."""
    problems = {file.path: _problem(home() / asset.name / file.path, file) for file in asset.files}
    return {path: problem for path, problem in problems.items() if problem}


def _problem(path: Path, file: File) -> str:
    """Say what is wrong with a file on disk; nothing if it is right."""
    try:
        _sources.check(path, file.size, file.sha256)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        return f"unreadable: {error}"
    except SourceError as error:
        return f"damaged: {error}"
    return ""


def complete(asset: Asset) -> Path:
    """Return an asset's folder after fetching what is missing or damaged in it."""
    folder = home() / asset.name
    if not wrong_files(asset):
        return folder
    with _writing(asset), FileLock(home() / f".{asset.name}.lock"):
        for leftover in home().glob(f".{asset.name}~*"):  # of a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        reasons = {}
        for source in asset.sources:
            # Looked at again under the lock: another process may have been faster.
            wrong = wrong_files(asset)
            files = [file for file in asset.files if file.path in wrong.keys() & source.members]
            if files:
                try:
                    _take(asset, source, files)
                except SourceError as error:
                    reasons[str(source)] = str(error)
    if wrong := wrong_files(asset):
        raise AssetError(_how_to_do_it_by_hand(asset, wrong, reasons))
    return folder


def _take(asset: Asset, source: Source, files: list[File]) -> None:
    """Fetch files from one source and move those that are right into place."""
    # An archive, a client's own copy of it, and what comes out of it.
    needed = 2 * source.size + sum(file.size for file in files)
    if shutil.disk_usage(home()).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with tempfile.TemporaryDirectory(prefix=f".{asset.name}~", dir=home()) as temporary:
        work, made = Path(temporary, "work"), Path(temporary, "made")
        work.mkdir()
        total = source.size or sum(file.size for file in files)
        with _watch(work, total, f"{asset.name} from {source}"):
            _sources.obtain(source, files, made, work)
        for file in files:
            _sources.check(made / file.path, file.size, file.sha256)
            target = home() / asset.name / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made / file.path, target)


@contextmanager
def _writing(asset: Asset) -> Iterator[None]:
    """Make the errors of a full disk and of a folder that cannot be written clear ones."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        where = f"{home()} (the environment variable DLCOURSE_HOME chooses another folder)"
        if error.errno in _FULL:
            needed = asset.size + 2 * max(source.size for source in asset.sources)
            raise AssetError(
                f"{asset.name} needs {megabytes(needed)} on the disk of {where}; free some space"
            ) from error
        raise AssetError(
            f"{asset.name} has to be fetched, but {where} cannot be written: {error}. Let "
            f"somebody who may write there run `python -m dlcourse assets fetch {asset.name}`"
        ) from error


def _how_to_do_it_by_hand(asset: Asset, wrong: dict[str, str], reasons: dict[str, str]) -> str:
    """Return the message for an asset that no source could deliver."""
    folder = home() / asset.name
    lines = [f"{asset.name} could not be fetched. What was tried:"]
    lines += [f"  - {source}: {reason}" for source, reason in reasons.items()]
    fetch = f"python -m dlcourse assets fetch {asset.name}"
    lines += [
        f"By hand: run `{fetch}` on a machine that can, and copy the folder that it prints to",
        f"  {folder}",
        "or put these files there yourself:",
    ]
    for path in list(wrong)[:SHOWN_FILES]:
        origins = [source.origin(path) for source in asset.sources if path in source.members]
        lines.append(f"  - {path} ({wrong[path]}): " + ", or ".join(origins))
    if (more := len(wrong) - SHOWN_FILES) > 0:
        lines.append(f"  - and {more} more")
    return "\n".join(lines)


def megabytes(size: int) -> str:
    """Write a number of bytes for people: ``55.0 MB``."""
    return f"{size / 1e6:.1f} MB"


@contextmanager
def _watch(folder: Path, total: int, label: str) -> Iterator[None]:
    """Show how many bytes of a total lie in a folder; show nothing outside a terminal.

    pip, npm and apt report their progress in three ways, or not at all to a pipe. What they
    have written is the same for all.
    """
    finished = threading.Event()
    # disable=None: tqdm looks whether it writes to a terminal
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, disable=None) as bar:

        def follow() -> None:
            """Move the bar until the download is finished."""
            while not finished.wait(INTERVAL_S):
                bar.update(min(_bytes_in(folder), total) - bar.n)

        follower = threading.Thread(target=follow, daemon=True)
        if not bar.disable:
            follower.start()
        try:
            yield
            bar.update(total - bar.n)
        finally:
            finished.set()
            if follower.is_alive():
                follower.join()


def _bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder, while another program works in it."""
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.stat().st_size if file.is_file() else 0
        except OSError:  # gone since it was listed
            continue
    return size
