"""What a run of a lesson needed, and on what: written down while it runs.

These facts differ from run to run. They say how an output was made and do not determine it, so
they are no part of the key under which outputs are kept (see ``execution/key``).
"""

from __future__ import annotations

import ast
import gc
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

SAMPLE_INTERVAL_S = 0.01
#: A record without one of these was written before they were measured: the lesson runs again.
KEYS = frozenset(
    {
        "cells_executed",
        "device",
        "device_name",
        "elapsed_s",
        "executed_at",
        "memory_at_start_mib",
        "packages",
        "peak_memory_mib",
        "python",
        "thread_count",
    }
)
_MIB = 1024 * 1024


class PeakMemory:
    """Watch how much memory this process holds while a block runs.

    A process may run several lessons, one after the other, so its own high-water mark can be that
    of an earlier one. A thread looks instead, every hundredth of a second; what is shorter may
    escape it. The figure is the resident memory of the whole process, with Python, PyTorch and the
    part of the build that runs the lesson; other processes that a lesson starts are not in it.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.start_mib = self.peak_mib = 0

    def __enter__(self) -> Self:
        gc.collect()  # what an earlier lesson left is not this one's
        self.start_mib = self.peak_mib = self._now_mib()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self._finished.set()
        self._thread.join()
        self._look()

    def _now_mib(self) -> int:
        return int(self._process.memory_info().rss / _MIB)

    def _look(self) -> None:
        self.peak_mib = max(self.peak_mib, self._now_mib())

    def _watch(self) -> None:
        while not self._finished.wait(SAMPLE_INTERVAL_S):
            self._look()


def facts(script: Path, memory: PeakMemory) -> dict[str, Any]:
    """Return what is known after a run: memory, device, threads, versions and the time.

    Parameters
    ----------
    script : Path
        The lesson that has just run in this process.
    memory : PeakMemory
        What watched it.
    """
    imports = imported_names(script)
    device, device_name = device_for(script.read_text(encoding="utf-8"))
    return {
        "executed_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "peak_memory_mib": memory.peak_mib,
        "memory_at_start_mib": memory.start_mib,
        "device": device,
        "device_name": device_name,
        "thread_count": _thread_count(),
        "python": platform.python_version(),
        "packages": package_versions(imports),
    }


def imported_names(script: Path) -> set[str]:
    """Return the dotted names of the modules that a script imports itself."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def package_versions(imports: set[str]) -> dict[str, str]:
    """Return the versions of the distributions that some imports come from, by name.

    Modules of Python itself have none. Nor has ``dlcourse``: it is part of the course, which
    has a version of its own.
    """
    modules = {name.split(".")[0] for name in imports} - {"dlcourse"}
    distributions = importlib.metadata.packages_distributions()
    found = {name for module in modules for name in distributions.get(module, [])}
    return {name: importlib.metadata.version(name) for name in sorted(found, key=str.lower)}


def processor_name() -> str:
    """Return what the processor of this machine is called, as well as the system knows."""
    try:
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            return answer.stdout.strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except (OSError, subprocess.CalledProcessError):  # Windows has no such file
        pass
    return platform.processor() or platform.machine()


def processor_facts() -> str:
    """Return what the last digits of a result can depend on, besides the versions of packages.

    The name of a processor says too little: machines that are rented hide the model.
    """
    facts = [platform.system(), platform.machine(), *platform.libc_ver(), processor_name()]
    with suppress(OSError):  # only Linux has such a file
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
        facts += re.findall(r"(?m)^(?:cpu family|model|flags|Features)\s*:.*", first)
    return "\n".join(facts)


def device_for(code: str) -> tuple[str, str]:
    """Return the kind and the name of the device on which code computes here."""
    if re.search(r"\bimport\b.*\bpick_device\b", code):
        from dlcourse.device import pick_device

        kind = pick_device().type
        if kind == "cuda":
            import torch

            return kind, torch.cuda.get_device_name()
        return kind, processor_name()
    return "cpu", processor_name()


def _thread_count() -> int:
    """Return the threads of PyTorch, else of what else reads the same variable."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count() or 1
