"""How fast is ``fit``? The same training with a loop written by hand and with other libraries.

Run it with ``nox -s bench -- training``. Each row trains the same small network on the same images
of MNIST, in the same order, with the same optimiser; the last column says whether it ended with the
same weights. In each round every row is timed once, in random order, and compared with the loop by
hand of the same round, so that what else the machine does falls on both. A ratio is the median over
the rounds, with the interval that holds the true median with 90 % (bootstrap). What a library does
once, before the first step, counts too.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

from dlcourse import assets
from dlcourse.training import fit

BATCH_SIZE = 64
LEARNING_RATE = 0.05
Loader = DataLoader[Any]
Contender = Callable[[nn.Module, Loader, int], Callable[[], object]]


def make_model() -> nn.Module:
    """Return a small convolutional network for images of shape (N, 1, 28, 28)."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 7 * 7, 10)),
    )


def make_optimiser(model: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser that all use."""
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)


def make_loader(examples: int) -> Loader:
    """Return images of MNIST with values in [0, 1], in the order of the data set."""
    data = MNIST(assets.path("mnist"), train=True, download=False)
    images = data.data[:examples, None].float() / 255  # (N, 1, 28, 28)
    return DataLoader(TensorDataset(images, data.targets[:examples]), BATCH_SIZE)


def by_hand(model: nn.Module, loader: Loader, epochs: int) -> Callable[[], object]:
    """The loop that the others are compared with."""
    optimiser, loss_function = make_optimiser(model), nn.CrossEntropyLoss()

    def train() -> list[float]:
        losses = []
        for _ in range(epochs):
            model.train()
            total, count = 0.0, 0
            for images, targets in loader:
                optimiser.zero_grad()
                loss = loss_function(model(images), targets)
                loss.backward()
                optimiser.step()
                total += loss.item() * len(targets)
                count += len(targets)
            losses.append(total / count)
        return losses

    return train


def with_fit(model: nn.Module, loader: Loader, epochs: int) -> Callable[[], object]:
    """The course's own function."""
    optimiser, loss_function = make_optimiser(model), nn.CrossEntropyLoss()
    return lambda: fit(model, loss_function, optimiser, loader, epochs=epochs, progress=False)


def with_lightning(model: nn.Module, loader: Loader, epochs: int) -> Callable[[], object]:
    """Lightning's ``Trainer``, without logging, checkpoints or progress bar."""
    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.loss_function = model, nn.CrossEntropyLoss()

        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            loss: Tensor = self.loss_function(self.model(batch[0]), batch[1])
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return make_optimiser(self.model)

    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Module()
    return lambda: trainer.fit(module, loader)


def with_transformers(model: nn.Module, loader: Loader, epochs: int) -> Callable[[], object]:
    """The ``Trainer`` of Transformers, without logging, checkpoints, clipping or schedule."""
    import transformers

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.loss_function = model, nn.CrossEntropyLoss()

        def forward(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
            logits = self.model(images)
            return {"loss": self.loss_function(logits, labels), "logits": logits}

    def collate(examples: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        images, labels = zip(*examples, strict=True)
        return {"images": torch.stack(images), "labels": torch.stack(labels)}

    class Trainer(transformers.Trainer):  # type: ignore[misc]  # not installed where types are checked
        def get_train_dataloader(self) -> Loader:
            return DataLoader(loader.dataset, BATCH_SIZE, collate_fn=collate)

    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            folder,
            num_train_epochs=epochs,
            use_cpu=True,
            max_grad_norm=0,
            logging_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
    optimiser = make_optimiser(model)
    constant = torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    trainer = Trainer(
        Model(), arguments, optimizers=(optimiser, constant), train_dataset=loader.dataset
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer.train


CONTENDERS: dict[str, Contender] = {
    "by hand": by_hand,
    "dlcourse fit": with_fit,
    "Lightning": with_lightning,
    "Transformers": with_transformers,
}


Seconds = dict[str, list[tuple[float, float]]]
"""From a contender to its wall and processor seconds in each round."""


def measure(loader: Loader, epochs: int, rounds: int) -> tuple[Seconds, dict[str, bool]]:
    """Return the seconds of each round, and who got the weights of ``by_hand``."""
    seconds: Seconds = {name: [] for name in CONTENDERS}
    weights: dict[str, Tensor] = {}
    order = random.Random(0)
    for number in range(rounds + 1):
        for name in order.sample(list(CONTENDERS), len(CONTENDERS)):
            model = make_model()
            train = CONTENDERS[name](model, loader, epochs)
            gc.collect()  # nobody pays for what the one before left behind
            began = time.perf_counter(), time.process_time()
            train()
            ended = time.perf_counter(), time.process_time()
            if number:  # the first round is a rehearsal: imports, caches, the allocator
                seconds[name].append((ended[0] - began[0], ended[1] - began[1]))
            weights[name] = nn.utils.parameters_to_vector(model.parameters()).detach()
    return seconds, {name: torch.equal(own, weights["by hand"]) for name, own in weights.items()}


def median_interval(values: list[float], samples: int = 2000) -> tuple[float, float, float]:
    """Return the median of some values, and the interval of 90 % of its bootstrap medians."""
    draw = random.Random(0).choices
    medians = [statistics.median(draw(values, k=len(values))) for _ in range(samples)]
    cuts = statistics.quantiles(medians, n=20)
    return statistics.median(values), cuts[0], cuts[-1]


def table(seconds: Seconds, same: dict[str, bool], steps: int) -> list[str]:
    """Return the lines of a table; ratios are to the loop by hand of the same round."""
    titles = ("", "median s", "wall ratio (90 %)", "CPU ratio (90 %)", "µs a step", "same weights")
    lines = ["{:<14}{:>9}{:>22}{:>22}{:>11}{:>14}".format(*titles)]
    hand = seconds["by hand"]
    for name, own in seconds.items():
        pairs = list(zip(own, hand, strict=True))
        ratios = [median_interval([one[k] / other[k] for one, other in pairs]) for k in (0, 1)]
        wall, processor = ("{:.3f} ({:.3f}–{:.3f})".format(*ratio) for ratio in ratios)
        more = statistics.median(one[1] - other[1] for one, other in pairs) / steps * 1e6
        median = statistics.median(one[0] for one in own)
        numbers = f"{median:>9.3f}{wall:>22}{processor:>22}{more:>+11.0f}"
        lines.append(f"{name:<14}{numbers}{'yes' if same[name] else 'no':>14}")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=3200, help="how many images (default 3200)")
    parser.add_argument("--epochs", type=int, default=2, help="how many epochs (default 2)")
    parser.add_argument("--rounds", type=int, default=15, help="how many rounds (default 15)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # more would wait for each other on a busy machine
    # Other libraries' advice about settings that are as they are on purpose.
    warnings.filterwarnings("ignore", module=r"lightning|transformers|accelerate")
    loader = make_loader(arguments.examples)
    steps = arguments.epochs * len(loader)
    print(f"{steps} steps, batches of {BATCH_SIZE}, {arguments.rounds} rounds, 1 thread; ratios to")
    print("the loop by hand in the same round; µs: processor time more than the loop by hand")
    print("\n".join(table(*measure(loader, arguments.epochs, arguments.rounds), steps)))


if __name__ == "__main__":
    main()
