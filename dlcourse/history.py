"""The numbers that a training leaves behind, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class History:
    """What happened in each epoch of a training. Each list has one number for each epoch.

    Two histories are equal if everything but the seconds is equal.

    Parameters
    ----------
    loss : list of float
        Mean training loss. It is measured while the weights change.
    valid_loss : list of float
        Mean validation loss after the epoch; empty without validation data.
    metrics : dict of str to list of float
        The metrics on the validation data after the epoch.
    learning_rate : list of float
        The learning rate during the epoch, of the first group of parameters.
    seconds : list of float
        How long the epoch took, with its validation.

    Examples
    --------
    >>> history = History(loss=[0.9, 0.5, 0.3], valid_loss=[0.8, 0.6, 0.7])
    >>> len(history), history.best_epoch
    (3, 1)
    """

    loss: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list, compare=False)

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.loss)

    @property
    def best_epoch(self) -> int:
        """The index of the lowest validation loss, or training loss where there is no validation.

        The first epoch has the index 0.
        """
        losses = self.valid_loss or self.loss
        return losses.index(min(losses))

    def append(
        self, loss: float, valid: Mapping[str, float], learning_rate: float, seconds: float
    ) -> None:
        """Add one epoch; ``valid`` is what :func:`dlcourse.training.evaluate` returned, or empty."""
        self.loss.append(loss)
        self.learning_rate.append(learning_rate)
        self.seconds.append(seconds)
        for name, value in valid.items():
            series = self.valid_loss if name == "loss" else self.metrics.setdefault(name, [])
            series.append(value)
