"""Outputs that all clones of the course on one machine share, in the user's cache folder.

Each clone keeps outputs below ``build/cache``. What it lacks there it takes from here, and what it
executes it puts here, under the same keys. Processors differ in the last digits, so each kind has a
folder of its own. The outputs of a lesson or of a page are one file, an archive behind its digest: it
appears whole or not at all, and a damaged one counts as none.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
import zipfile
from pathlib import Path

from _ext.common.files import write
from _ext.execution import record as run_record

#: Another folder for them, or ``off``.
VARIABLE = "DLCOURSE_OUTPUTS"
#: As many versions of a lesson or a page are kept, those that were used last.
KEPT_VERSIONS = 3
ABANDONED_AFTER_S = 24 * 60 * 60
SUFFIX = ".outputs"
DIGEST_SIZE = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Return the folder of the outputs that clones share, if they share any."""
    chosen = os.environ.get(VARIABLE)
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    import pooch  # here: where all outputs are in the clone, nothing is looked for

    # The folder of dlcourse.assets.
    home = os.environ.get("DLCOURSE_HOME") or pooch.os_cache("dlcourse")
    return Path(home).expanduser() / "outputs"


def _archive(name: str, key: str, code: str) -> Path | None:
    shared = folder()
    if shared is None:
        return None
    kind, device = run_record.device_for(code)
    digest = hashlib.sha256(run_record.processor_facts().encode()).hexdigest()[:8]
    machine = re.sub(r"\W+", "-", f"{kind} {device} {digest}".lower())
    return shared / machine / name / f"{key}{SUFFIX}"


def take(name: str, key: str, code: str) -> dict[str, bytes] | None:
    """Return the files that are kept under a key; none if there are none, or if one is damaged.

    Parameters
    ----------
    name : str
        The lesson or the page, for example ``lessons/lesson_04_tensors``.
    key : str
        What determines its outputs.
    code : str
        Its code, which says whether it computes on the processor or on a faster device.
    """
    try:
        file = _archive(name, key, code)
        if file is None:
            return None
        data = file.read_bytes()
        os.utime(file)  # it is used
    except OSError:
        return None
    digest, content = data[:DIGEST_SIZE], data[DIGEST_SIZE:]
    if digest != hashlib.sha256(content).digest():
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def put(name: str, key: str, code: str, files: dict[str, bytes]) -> None:
    """Keep files under a key, and no more than some versions; only say so if that fails."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for member, data in files.items():
            archive.writestr(zipfile.ZipInfo(member), data, zipfile.ZIP_DEFLATED)
    content = written.getvalue()
    try:
        file = _archive(name, key, code)
        if file is None:
            return
        write(file, hashlib.sha256(content).digest() + content)
        by_age = sorted(
            file.parent.glob(f"*{SUFFIX}"), key=lambda x: x.stat().st_mtime, reverse=True
        )
        before = time.time() - ABANDONED_AFTER_S
        abandoned = [x for x in file.parent.glob(".*") if x.stat().st_mtime < before]
        for old in [*by_age[KEPT_VERSIONS:], *abandoned]:
            old.unlink(missing_ok=True)
    except OSError as error:
        print(f"  {name}: not kept for other clones of the course: {error}", flush=True)
