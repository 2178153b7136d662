"""The state of every random generator that a training run draws from, to keep and to put back."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch


def generators_of(*loaders: object) -> list[torch.Generator]:
    """Find the generators that data loaders, their samplers and their data sets were given.

    Parameters
    ----------
    *loaders : DataLoader or other iterable
        What has no generator of its own, or is ``None``, adds nothing.

    Returns
    -------
    list of torch.Generator
        Each generator once, in a fixed order.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> generator = torch.Generator().manual_seed(3)
    >>> loader = DataLoader(range(8), shuffle=True, generator=generator)
    >>> generators_of(loader) == [generator]
    True
    """
    found: dict[int, torch.Generator] = {}
    for loader in loaders:
        batches = getattr(loader, "batch_sampler", None)
        owners = (loader, getattr(loader, "sampler", None), batches)
        inner = (getattr(batches, "sampler", None), getattr(loader, "dataset", None))
        for owner in (*owners, *inner):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator):
                found.setdefault(id(generator), generator)
    return list(found.values())


def capture_random_state(generators: Iterable[torch.Generator] = ()) -> dict[str, Any]:
    """Take down the state of the global generators, and of others.

    Parameters
    ----------
    generators : iterable of torch.Generator, optional
        Generators besides the global ones of Python, NumPy, PyTorch and its CUDA devices.

    Returns
    -------
    dict
        Tensors and plain values, which :func:`dlcourse.checkpoints.save_state` can write.

    Examples
    --------
    >>> state = capture_random_state()
    >>> first = torch.rand(3)
    >>> restore_random_state(state)
    >>> torch.equal(torch.rand(3), first)
    True

    >>> _ = torch.rand(1, device="cuda")  # doctest: +GPU
    >>> state = capture_random_state()  # doctest: +GPU
    >>> first = torch.rand(3, device="cuda")  # doctest: +GPU
    >>> restore_random_state(state)  # doctest: +GPU
    >>> torch.equal(torch.rand(3, device="cuda"), first)  # doctest: +GPU
    True
    """
    numpy = dict(np.random.get_state(legacy=False))
    mersenne_twister = numpy["state"]
    return {
        "python": random.getstate(),
        # weights_only=True reads no NumPy arrays; 32 unsigned bits fit into 64 signed ones.
        "numpy": numpy
        | {"state": mersenne_twister | {"key": torch.tensor(mersenne_twister["key"].tolist())}},
        "torch": torch.get_rng_state(),
        # Asking a process that never used CUDA would wake up the driver.
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "generators": [generator.get_state() for generator in generators],
    }


def restore_random_state(state: dict[str, Any], generators: Sequence[torch.Generator] = ()) -> None:
    """Put generators back into a state that was taken down.

    Parameters
    ----------
    state : dict
        What :func:`capture_random_state` returned.
    generators : sequence of torch.Generator, optional
        As many as it was given, in the same order.

    Raises
    ------
    ValueError
        If there are more or fewer generators than in the state. Nothing has been changed then.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(3)
    >>> state = capture_random_state([generator])
    >>> first = torch.rand(3, generator=generator)
    >>> restore_random_state(state, [generator])
    >>> torch.equal(torch.rand(3, generator=generator), first)
    True
    """
    if len(generators) != len(state["generators"]):
        raise ValueError(
            f"the state holds {len(state['generators'])} generators of data loaders, and there "
            f"are {len(generators)} now; give each loader a generator as at the time it was taken"
        )
    mersenne_twister = state["numpy"]["state"]
    keys = np.array(mersenne_twister["key"].tolist(), dtype=np.uint32)
    random.setstate(state["python"])
    np.random.set_state(state["numpy"] | {"state": mersenne_twister | {"key": keys}})
    torch.set_rng_state(state["torch"])
    # A run that goes on with fewer GPUs, or none, has no use for the states of the others.
    for device, cuda_state in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
        torch.cuda.set_rng_state(cuda_state, device)
    for generator, own_state in zip(generators, state["generators"], strict=True):
        generator.set_state(own_state)
