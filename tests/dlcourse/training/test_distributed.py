"""Several processes: what each one computes, and two real ones under ``torchrun``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, TensorDataset

import small_training
from dlcourse.distributed import SharedLoader, join_processes
from small_training import as_result, make_training

Ranks = list[dict[str, dict[str, torch.Tensor]]]


@settings(deadline=None, max_examples=60)  # the first call into PyTorch is slow
@given(
    size=st.integers(1, 40),
    batch_size=st.integers(1, 9),
    processes=st.integers(1, 5),
    drop_last=st.booleans(),
)
def test_the_mean_over_processes_is_the_mean_over_examples(
    size: int, batch_size: int, processes: int, drop_last: bool
) -> None:
    values = torch.rand(size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))

    def make() -> DataLoader[Any]:
        own = torch.Generator().manual_seed(5)
        data, cut = TensorDataset(values), {"batch_size": batch_size, "drop_last": drop_last}
        return DataLoader(data, shuffle=True, generator=own, **cut)

    shares = [list(SharedLoader(make(), rank, processes)) for rank in range(processes)]
    assert {len(own) for own in shares} == {len(make())}  # none waits for the others in vain
    for batch, parts in zip(make(), zip(*shares, strict=True), strict=True):
        means = torch.stack([part.weight * part.batch[0].mean() for part in parts])
        torch.testing.assert_close(means.mean(), batch[0].mean())
        seen = torch.cat([part.batch[0] for part in parts if part.weight])
        torch.testing.assert_close(seen.sort().values, batch[0].sort().values, rtol=0, atol=0)


def test_the_settings_of_the_loader_are_kept() -> None:
    loader = DataLoader(
        TensorDataset(torch.arange(10)),
        batch_size=4,
        num_workers=1,
        collate_fn=lambda examples: [torch.stack([example[0] for example in examples]) + 100],
        prefetch_factor=3,
    )
    shared = SharedLoader(loader, 1, 2)
    assert shared._loader.prefetch_factor == 3
    assert [share.batch[0].tolist() for share in shared] == [[101, 103], [105, 107], [109]]


def test_a_loader_that_is_divided_already_is_kept() -> None:
    data = TensorDataset(torch.arange(6))
    sampler = DistributedSampler(data, num_replicas=2, rank=1, shuffle=False)
    shared = SharedLoader(DataLoader(data, batch_size=2, sampler=sampler), 1, 2)
    assert [(share.batch[0].tolist(), share.weight) for share in shared] == [
        ([1, 3], 1.0),
        ([5], 1.0),
    ]


class Stream(IterableDataset[int]):
    """Data without an index."""

    def __iter__(self) -> Iterator[int]:
        """Yield nothing."""
        return iter([])


@pytest.mark.parametrize(
    "loader", [[1, 2], DataLoader(Stream()), DataLoader(TensorDataset(torch.ones(2)), None)]
)
def test_what_cannot_be_shared_is_named(loader: object) -> None:
    with pytest.raises(TypeError, match=r"^\w+: 2 processes can share only the batches of a Data"):
        SharedLoader(loader, 0, 2)  # type: ignore[arg-type]  # the wrong type is the point


def test_one_process_under_torchrun_needs_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert join_processes(torch.nn.Linear(2, 1)) == 1
    assert not torch.distributed.is_initialized()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Ranks:
    """Return what two processes computed that were started by ``torchrun``."""
    folder = tmp_path_factory.mktemp("torchrun")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    command += ["--local-addr", "127.0.0.1", small_training.__file__, str(folder)]
    # The name of a machine in a container may lead nowhere.
    settings = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    return [torch.load(folder / f"rank-{rank}.pt", weights_only=True) for rank in range(2)]


def test_two_processes_compute_what_one_does(ranks: Ranks) -> None:
    """67 examples in batches of 16: the shares of the last batch are 2 examples and 1."""
    single = make_training(dropout=0.0, noise=False, size=67)
    expected = as_result(single, single.fit(3))
    found = dict(ranks[0]["plain"])
    torch.testing.assert_close(found.pop("accuracy"), expected.pop("accuracy"))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_two_processes_go_on_exactly(ranks: Ranks) -> None:
    """With dropout and noise, which differ between the processes."""
    for rank in ranks:
        torch.testing.assert_close(rank["resumed"], rank["whole"], rtol=0, atol=0)


def test_all_processes_end_with_the_same_model(ranks: Ranks) -> None:
    """Also those buffers that each process computes from its own examples."""
    assert ranks[0]["normed"]["4.running_mean"].abs().sum() > 0
    torch.testing.assert_close(ranks[0], ranks[1], rtol=0, atol=0)
