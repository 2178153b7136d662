"""The device that a lesson computes on."""

import torch

_INSTEAD = 'Call pick_device() to take the best device there is, or pick_device("cpu").'
_MISSING = {
    "cuda": "no CUDA device was found: torch.cuda.is_available() is False. "
    "Check that nvidia-smi lists a GPU, and that torch.version.cuda is not None. ",
    "mps": "no Apple GPU was found: torch.backends.mps.is_available() is False. "
    "MPS needs macOS on Apple silicon and a native (arm64) Python. ",
}


def _is_available(kind: str) -> bool:
    """Tell whether tensors can be put on a device of this kind."""
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return True


def pick_device(prefer: str | None = None) -> torch.device:
    """Choose the device to compute on: CUDA, else MPS, else the CPU.

    Parameters
    ----------
    prefer : str, optional
        ``"cpu"``, ``"cuda"`` or ``"mps"``: this device or an error. Without it, the best
        device of the machine.

    Returns
    -------
    torch.device
        The chosen device.

    Raises
    ------
    ValueError
        If ``prefer`` is none of the three names.
    RuntimeError
        If ``prefer`` names a device that this machine or this PyTorch does not have.

    Examples
    --------
    >>> import torch
    >>> pick_device("cpu")
    device(type='cpu')

    The same cell runs on any device. On a GPU the values travel there and back unchanged.

    >>> values = torch.arange(6.0)
    >>> torch.equal(values.to(pick_device()).cpu(), values)
    True
    >>> on_gpu = values.to(pick_device("cuda"))  # doctest: +GPU
    >>> on_gpu.is_cuda, torch.equal(on_gpu.cpu(), values)  # doctest: +GPU
    (True, True)
    """
    if prefer is None:
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if _is_available(kind)))
    if prefer not in ("cpu", "cuda", "mps"):
        raise ValueError(
            f'unknown device {prefer!r}; use "cpu", "cuda" or "mps", or no name for the best device'
        )
    if not _is_available(prefer):
        raise RuntimeError(_MISSING[prefer] + _INSTEAD)
    return torch.device(prefer)
