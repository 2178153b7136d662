"""Where a lesson leaves the files that its own page uses."""

import os
from pathlib import Path

VARIABLE = "DLCOURSE_PAGE_FILES"
"""The environment variable with which the build of the site names the folder."""


def folder() -> Path:
    """Return the folder for files that the page of a lesson uses, and make it if need be.

    Some pages do more than show what a lesson computed: on one of them the reader draws, and the
    network that the lesson has just trained answers. For that the lesson saves the network here.
    While the site is built, the folder belongs to this lesson alone, and is empty at first. The
    site serves what it holds in the end. In your own run the folder is called ``page_files`` and
    lies in the current folder. Nothing but your script uses it, and you may delete it.

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
