"""A small training with every source of randomness, for tests; also a program for other processes.

As a program it is killed in one of its batches::

    python small_training.py FOLDER N
"""

from __future__ import annotations

import argparse
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler
from torch.utils.data import DataLoader, Dataset, TensorDataset

from dlcourse.metrics import accuracy
from dlcourse.reproducible import seed_everything
from dlcourse.training import History, fit

OPTIMISERS: dict[str, Callable[[nn.Module], Optimizer]] = {
    "momentum": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "adam": lambda model: torch.optim.Adam(model.parameters(), lr=0.01),
    "rmsprop": lambda model: torch.optim.RMSprop(model.parameters(), lr=0.01),
}
SCHEDULERS: dict[str, Callable[[Optimizer], Any]] = {
    "none": lambda optimiser: None,
    "step": lambda optimiser: lr_scheduler.StepLR(optimiser, step_size=1, gamma=0.5),
    "milestones": lambda optimiser: lr_scheduler.MultiStepLR(optimiser, [1, 3]),
    "cosine": lambda optimiser: lr_scheduler.CosineAnnealingLR(optimiser, T_max=4),
    "plateau": lambda optimiser: lr_scheduler.ReduceLROnPlateau(optimiser, patience=0),
    "warm_up": lambda optimiser: lr_scheduler.LinearLR(optimiser, 0.1, total_iters=12),
    "chain": lambda optimiser: lr_scheduler.SequentialLR(
        optimiser,
        [
            lr_scheduler.LinearLR(optimiser, total_iters=1),
            lr_scheduler.ExponentialLR(optimiser, 0.9),
        ],
        milestones=[2],
    ),
}


class NoisyData(Dataset[tuple[Tensor, Tensor]]):
    """Examples with noise from each global generator."""

    def __init__(self, examples: TensorDataset) -> None:
        self.examples = examples

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return an example that is never twice the same."""
        inputs, target = self.examples[index]
        noise = random.random() + np.random.random_sample() + torch.rand(()).item()
        return inputs + 0.01 * noise, target


@dataclass
class Training:
    """The parts of a small training, made anew from a seed."""

    model: nn.Module
    optimiser: Optimizer
    train_loader: DataLoader[Any]
    settings: dict[str, Any] = field(default_factory=dict)

    def fit(self, epochs: int, **settings: Any) -> History:
        """Train with the settings of this training and more of them."""
        loss_function = settings.pop("loss_function", nn.functional.cross_entropy)
        parts = (self.model, loss_function, self.optimiser, self.train_loader)
        return fit(*parts, epochs=epochs, **(self.settings | settings))

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights, on the CPU."""
        return {name: value.cpu().clone() for name, value in self.model.state_dict().items()}


def make_training(
    *,
    optimiser: str = "adam",
    scheduler: str = "step",
    own_generator: bool = True,
    workers: int = 0,
    dropout: float = 0.3,
    noise: bool = True,
    norm: bool = False,
    size: int = 65,  # with batches of 16 the last one has a single example
    device: str = "cpu",
) -> Training:
    """Make a classifier of three classes with data of 5 numbers each, in double precision."""
    generator = seed_everything(7)
    inputs = torch.randn(size, 5, generator=generator, dtype=torch.float64)
    examples = TensorDataset(inputs, inputs[:, :3].argmax(1))
    loader: DataLoader[Any] = DataLoader(
        NoisyData(examples) if noise else examples,
        batch_size=16,
        shuffle=True,
        generator=generator if own_generator else None,
        num_workers=workers,
    )
    layers = [nn.Linear(5, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3)]
    model = nn.Sequential(*layers, *([nn.BatchNorm1d(3)] if norm else [])).double().to(device)
    chosen = OPTIMISERS[optimiser](model)
    settings = {
        "valid_loader": DataLoader(examples, batch_size=30),
        "metrics": {"accuracy": accuracy},
        "scheduler": SCHEDULERS[scheduler](chosen),
        "schedule_by": "batch" if scheduler == "warm_up" else "epoch",
    }
    return Training(model, chosen, loader, settings)


def dying_loss(batch: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a loss function that kills the process in its n-th training batch."""
    batches = 0

    def loss_function(logits: Tensor, targets: Tensor) -> Tensor:
        nonlocal batches
        batches += torch.is_grad_enabled()
        if batches == batch:
            os.kill(os.getpid(), signal.SIGKILL)
        return nn.functional.cross_entropy(logits, targets)

    return loss_function


def main() -> None:
    """Train in a folder until the process is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("batch", type=int)
    arguments = parser.parse_args()
    loss_function = dying_loss(arguments.batch)
    make_training().fit(4, loss_function=loss_function, checkpoint_folder=arguments.folder)


if __name__ == "__main__":
    main()
