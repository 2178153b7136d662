"""A progress bar for a download that another program makes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

INTERVAL_S = 0.2


@contextmanager
def watch(folder: Path, total: int, label: str) -> Iterator[None]:
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
