"""Lesson 16 starts processes: what it offers runs on its own, and nothing outlives the lesson.

Its functions are taken from the script without running it. Started as a program, this file trains with them, without
end, in a folder: ``python tests/content/test_lesson_16.py FOLDER COMMAND …``; the tests kill it.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "gallery" / "2_training" / "lesson_16_distributed.py"
CONSTANTS = {
    "GUARD", "HEADER", "FUNCTIONS", "RESTART_HEADER", "RESTART_FUNCTIONS", "LIMIT_S", "SEED", "TRAIN", "BATCH", "STEPS", "LEARNING_RATE",
    "LEARNING_RATE, MOMENTUM", "loopback", "environment",
}  # fmt: skip
MARK = "DLCOURSE_TEST_OF_LESSON_16"
PATIENCE_S = 300
ONE_NODE = "torchrun --standalone --nproc-per-node=2 train_digits.py"
TWO_NODES = (
    "torchrun --nnodes=2 --nproc-per-node=1 --rdzv-backend=c10d "
    "--rdzv-endpoint=127.0.0.1:{port} --rdzv-id=digits train_digits.py"
)


def taken_from_the_lesson(work: Path) -> dict[str, Any]:
    """Return the functions and constants of the lesson, which works in this folder."""
    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if _is_wanted(node)]
    found: dict[str, Any] = {"__name__": "lesson", "work": work}
    exec(compile(tree, LESSON, "exec"), found)  # noqa: S102  # our own lesson
    return found


def _is_wanted(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return node.names[0].name in sys.stdlib_module_names
    if isinstance(node, ast.ImportFrom):
        return node.module in sys.stdlib_module_names
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]).strip("()") in CONSTANTS
    return isinstance(node, ast.FunctionDef)


def script(work: Path) -> str:
    """Return the script that the page offers."""
    lesson = taken_from_the_lesson(work)
    return str(lesson["file_of"](lesson["HEADER"], lesson["FUNCTIONS"]))


def run_alone(folder: Path, processes: int, **environment: str) -> dict[str, Any]:
    """Start the script as its first lines say, in this folder; return its result."""
    (folder / "train_digits.py").write_text(script(folder))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--local-addr=127.0.0.1", f"--nproc-per-node={processes}"]
    loopback = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [*command, "train_digits.py", "--result", "result.pt"],
        cwd=folder,
        env=os.environ | loopback | {"TMPDIR": str(folder)} | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = torch.load(folder / "result.pt", weights_only=True)["ddp"]
    assert ended.stdout.count("last loss") == processes, ended.stdout
    return result


def test_the_script_of_the_page_runs_in_an_empty_folder(tmp_path: Path) -> None:
    result = run_alone(tmp_path, 2)
    assert len(result["losses"]) == 40
    assert sum(result["losses"][-5:]) / 5 < 0.5 * result["losses"][0]


@pytest.mark.gpu
def test_the_script_uses_one_gpu_for_each_process(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"  # files as those of MNIST, for a machine without the data
    raw.mkdir(parents=True)
    noise = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (16 + 784 * 1280,), generator=noise, dtype=torch.uint8)
    labels = torch.randint(10, (8 + 1280,), generator=noise, dtype=torch.uint8)
    (raw / "train-images-idx3-ubyte").write_bytes(pixels.numpy().tobytes())
    (raw / "train-labels-idx1-ubyte").write_bytes(labels.numpy().tobytes())
    package = tmp_path / "stand_in" / "dlcourse"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    source = f"from pathlib import Path\n\n\ndef path(name):\n    return Path({str(tmp_path)!r})\n"
    (package / "assets.py").write_text(source)
    count = torch.cuda.device_count()
    result = run_alone(tmp_path, count, PYTHONPATH=str(package.parent))
    assert len(result["losses"]) == 40
    assert all(loss > 0 for loss in result["losses"])


def test_a_restart_does_not_wait_for_the_dead(tmp_path: Path) -> None:
    """Rank 1 is the first to come back: it must not find the old address of rank 0."""
    lesson = taken_from_the_lesson(tmp_path)
    slow = (
        '    if (os.environ["RANK"], os.environ["TORCHELASTIC_RESTART_COUNT"]) == ("0", "1"):\n'
        "        __import__('time').sleep(10)\n"
    )
    call = "    device = join()\n"
    restart = lesson["file_of"](lesson["RESTART_HEADER"], lesson["RESTART_FUNCTIONS"])
    assert restart.count(call) == 1
    (tmp_path / "restart.py").write_text(restart.replace(call, slow + call))
    (tmp_path / "train_digits.py").write_text(script(tmp_path))
    (tmp_path / "guard.py").write_text(lesson["GUARD"])
    command = "torchrun --standalone --nproc-per-node=2 --max-restarts=1 restart.py --kill-at 30"
    printed = lesson["run_in_shell"](command, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1")
    assert [line for line in printed if "starts" in line] == [
        f"rank {rank}: starts at step {step}" for rank in (0, 1) for step in (0, 24)
    ]


def test_the_message_that_the_page_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    page = " ".join(LESSON.read_text(encoding="utf-8").replace("\n#", " ").split())
    no_rank = "environment variable RANK expected"
    assert f"``{no_rank}``" in page
    with pytest.raises(ValueError, match=no_rank):
        dist.init_process_group("gloo")


def marked(mark: str) -> list[Any]:
    """Return the processes with this mark in their environment."""
    psutil = pytest.importorskip("psutil")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def wait_until(what: str, is_so: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not happen in {PATIENCE_S} s"
        time.sleep(0.05)


def _printed(work: Path) -> str:
    return "".join(file.read_text() for file in work.glob("out_*.txt"))


MOMENTS = {
    # the lesson itself is one process, each torchrun is one more, and then come theirs
    "torchrun is starting": (ONE_NODE, lambda _, count: count >= 2),
    "its processes are starting": (ONE_NODE, lambda _, count: count >= 4),
    "two nodes are training": (TWO_NODES, lambda work, _: "rank 1 of 2" in _printed(work)),
}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the environment of processes")
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_outlives_a_killed_lesson(moment: str, tmp_path: Path) -> None:
    command, has_come = MOMENTS[moment]
    mark = f"{tmp_path.name}-{time.time_ns()}"
    lesson = subprocess.Popen(
        [sys.executable, __file__, str(tmp_path), command],
        env=os.environ | {MARK: mark},
        start_new_session=True,
    )
    try:
        wait_until(moment, lambda: lesson.poll() or has_come(tmp_path, len(marked(mark))))
        assert lesson.poll() is None, "the lesson has ended too early"
        lesson.kill()
        lesson.wait()
        wait_until("the end of all processes", lambda: not marked(mark))
    finally:
        for process in [*marked(mark)]:
            process.kill()


def train_without_end(work: Path, command: str) -> None:
    """Do what the lesson does, with a training that only ends when it is killed."""
    lesson = taken_from_the_lesson(work)
    endless = script(work).replace("\nSTEPS = 40\n", "\nSTEPS = 10_000_000\n")
    (work / "train_digits.py").write_text(endless)
    (work / "guard.py").write_text(lesson["GUARD"])
    if "{port}" not in command:
        lesson["run_in_shell"](command)
    else:
        store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        lesson["run_in_shell"](*2 * [command.format(port=store.port)])


if __name__ == "__main__":
    train_without_end(Path(sys.argv[1]), sys.argv[2])
