"""Numbers that say how good predictions are."""

import torch
from torch import Tensor


@torch.no_grad()
def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the part of the examples whose largest logit stands at their class.

    Parameters
    ----------
    logits : Tensor, shape (N, C) or (N, C, …)
        One score for each class. The larger, the more likely.
    targets : Tensor of integers, shape (N,) or (N, …)
        The classes, from 0 to C − 1.

    Returns
    -------
    Tensor, shape ()
        A number from 0 to 1, on the device of the logits.

    Raises
    ------
    ValueError
        If the targets do not have the shape of the logits without the axis of the classes.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    >>> round(accuracy(logits, torch.tensor([0, 1, 1])).item(), 3)
    0.667

    On a GPU the result stays there; ``item`` waits for it and fetches it.

    >>> part = accuracy(logits.cuda(), torch.tensor([0, 1, 1]).cuda())  # doctest: +GPU
    >>> part.is_cuda, round(part.item(), 3)  # doctest: +GPU
    (True, 0.667)
    """
    predicted = logits.argmax(1)  # (N, …)
    # Without this check (N,) and (N, 1) would be broadcast to N·N comparisons.
    if predicted.shape != targets.shape:
        raise ValueError(
            f"targets of shape {tuple(targets.shape)} do not fit logits of shape "
            f"{tuple(logits.shape)}; give one class for each example, shape "
            f"{tuple(predicted.shape)}"
        )
    return (predicted == targets).float().mean()
