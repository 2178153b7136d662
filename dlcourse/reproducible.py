"""One seed for every source of randomness that a lesson may meet."""

import random

import numpy as np
import torch

# NumPy's global generator takes 32 bits; Python and PyTorch take more.
_SEED_LIMIT = 2**32


def seed_everything(seed: int) -> torch.Generator:
    """Seed the global random generators and return a new generator for explicit use.

    The global generators of Python, NumPy and PyTorch are seeded. PyTorch seeds those of its CUDA
    devices too. NumPy's global generator is the old one behind ``np.random.seed``. Libraries such
    as scikit-learn still read it. New code passes a generator to the function that needs one.

    Parameters
    ----------
    seed : int
        Any whole number from 0 to 4294967295.

    Returns
    -------
    torch.Generator
        A CPU generator of its own, seeded with ``seed``. Drawing from it leaves the global
        generators untouched.

    Raises
    ------
    TypeError
        If ``seed`` is not an ``int``.
    ValueError
        If ``seed`` is negative or does not fit in 32 bits.

    Examples
    --------
    >>> import torch
    >>> first = torch.rand(3, generator=seed_everything(0))
    >>> second = torch.rand(3, generator=seed_everything(0))
    >>> torch.equal(first, second)
    True
    """
    # bool is a subclass of int, but seed_everything(True) is a mistake.
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(
            f"seed must be an int, not {type(seed).__name__} ({seed!r}); "
            "use a whole number such as 0"
        )
    if not 0 <= seed < _SEED_LIMIT:
        raise ValueError(
            f"seed {seed} is out of range; use a whole number from 0 to {_SEED_LIMIT - 1}"
        )
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)
