"""Numbers that say how good predictions are."""

import torch
from torch import Tensor

#: The label of what does not count, such as padding; that of ``torch.nn.CrossEntropyLoss``.
IGNORED = -100


@torch.no_grad()
def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the share of the labels that are predicted; labels of −100 do not count.

    Parameters
    ----------
    logits : Tensor, shape (N, C) or (N, C, …)
        One logit for each class; the largest one is the prediction. With C = 1 there are two
        classes, and a logit above 0 predicts class 1.
    targets : Tensor, shape (N,) or (N, …)
        The classes, from 0 to C − 1. With C = 1 they are 0 or 1, and may have the shape of the
        logits.

    Returns
    -------
    Tensor, shape ()
        A number from 0 to 1, on the device of the logits; ``nan`` if no label counts.

    Raises
    ------
    ValueError
        If the targets do not have the shape of the logits without the axis of the classes.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [1.0, 2.0]])
    >>> round(accuracy(logits, torch.tensor([0, 1, 1, -100])).item(), 3)
    0.667
    >>> accuracy(torch.tensor([[0.5], [-2.0]]), torch.tensor([[1.0], [1.0]])).item()
    0.5

    On a GPU the result stays there; ``item`` waits for it and fetches it.

    >>> share = accuracy(logits.cuda(), torch.tensor([0, 1, 1, -100]).cuda())  # doctest: +GPU
    >>> share.is_cuda, round(share.item(), 3)  # doctest: +GPU
    (True, 0.667)
    """
    binary = logits.shape[1] == 1
    predicted = logits[:, 0] > 0 if binary else logits.argmax(1)  # (N, …)
    if binary and targets.shape == logits.shape:
        targets = targets[:, 0]
    # Without this check (N,) and (N, 1) would be broadcast to N·N comparisons.
    if predicted.shape != targets.shape:
        raise ValueError(
            f"targets of shape {tuple(targets.shape)} do not fit logits of shape "
            f"{tuple(logits.shape)}; give one class for each example, shape "
            f"{tuple(predicted.shape)}"
        )
    counts = targets.long() != IGNORED
    # A selection by a mask would wait for the GPU; sums do not.
    return ((predicted == targets) & counts).sum() / counts.sum()


def confusion_matrix(
    predicted: Tensor, targets: Tensor, classes: int, ignored: int = 255
) -> Tensor:
    """Count how often each class was predicted for each true class.

    The matrices of several batches may be added up.

    Parameters
    ----------
    predicted : Tensor, shape (N, …)
        The predicted classes, from 0 to ``classes`` − 1.
    targets : Tensor, shape (N, …)
        The true classes, or ``ignored`` where a position does not count.
    classes : int
        The number of classes.
    ignored : int, default 255
        The label of what does not count; 255 is that of Pascal VOC.

    Returns
    -------
    Tensor, shape (classes, classes)
        Row t, column p holds how often p was predicted where t is true.

    Raises
    ------
    ValueError
        If the shapes differ, or a class that counts is not from 0 to ``classes`` − 1.

    Examples
    --------
    >>> predicted, targets = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 0, 255])
    >>> confusion_matrix(predicted, targets, classes=2)
    tensor([[1, 1],
            [0, 1]])
    >>> on_gpu = confusion_matrix(predicted.cuda(), targets.cuda(), classes=2)  # doctest: +GPU
    >>> on_gpu.tolist()  # doctest: +GPU
    [[1, 1], [0, 1]]
    """
    # Without this check a prediction would be broadcast, or picked by a mask of another shape.
    if targets.shape != predicted.shape:
        raise ValueError(
            f"predictions of shape {tuple(predicted.shape)} do not fit targets of shape "
            f"{tuple(targets.shape)}; take argmax(1) of logits, and resize it to the targets"
        )
    kept = targets != ignored
    truth, guess = targets[kept].long(), predicted[kept].long()
    for name, values in (("targets", truth), ("predictions", guess)):
        if values.numel() and not 0 <= values.min() <= values.max() < classes:
            raise ValueError(
                f"{name} from {values.min()} to {values.max()} are not classes from 0 to "
                f"{classes - 1}; give the number of classes, and the label that is ignored"
            )
    # Each pair has a number of its own, and those are counted.
    counts = torch.bincount(truth * classes + guess, minlength=classes**2)
    matrix: Tensor = counts.reshape(classes, classes)
    return matrix


def class_ious(matrix: Tensor) -> Tensor:
    """Return the intersection over union of each class.

    Parameters
    ----------
    matrix : Tensor, shape (C, C)
        What :func:`confusion_matrix` returned, or a sum of such matrices.

    Returns
    -------
    Tensor, shape (C,)
        Numbers from 0 to 1; ``nan`` for a class that is neither true nor predicted anywhere.

    References
    ----------
    M. Everingham and others, *The Pascal visual object classes challenge: a retrospective*, 2015.

    Examples
    --------
    >>> class_ious(torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    tensor([0.7500, 0.8000,    nan])
    >>> class_ious(torch.tensor([[3, 1], [0, 4]]).cuda()).tolist()  # doctest: +GPU
    [0.75, 0.800000011920929]
    """
    both = matrix.diag()
    return both / (matrix.sum(0) + matrix.sum(1) - both)


def mean_iou(matrix: Tensor) -> float:
    """Return the mean intersection over union of the classes that occur.

    Parameters
    ----------
    matrix : Tensor, shape (C, C)
        What :func:`confusion_matrix` returned, or a sum of such matrices.

    Returns
    -------
    float
        A number from 0 to 1; ``nan`` if no class occurs.

    Examples
    --------
    >>> round(mean_iou(torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])), 3)
    0.775
    >>> round(mean_iou(torch.tensor([[3, 1], [0, 4]]).cuda()), 3)  # doctest: +GPU
    0.775
    """
    return float(class_ious(matrix).nanmean())
