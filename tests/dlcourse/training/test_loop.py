"""One epoch, one evaluation: the same numbers as a loop written by hand, and clear errors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from dlcourse.metrics import accuracy
from dlcourse.training import _Means, evaluate, fit, train_epoch

Batches = list[tuple[Tensor, Tensor]]
OPTIMISERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "adamw": lambda model: torch.optim.AdamW(model.parameters(), lr=0.01),
}


def make_batches(sizes: list[int], seed: int = 0) -> Batches:
    """Return batches of so many examples: 4 numbers, 3 classes."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(size, 4, generator=generator), torch.randint(3, (size,), generator=generator))
        for size in sizes
    ]


def make_model(seed: int = 0) -> nn.Module:
    """Return a classifier whose two modes differ."""
    torch.manual_seed(seed)
    layers = [nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)]
    return nn.Sequential(*layers)


def train_by_hand(
    model: nn.Module, optimiser: torch.optim.Optimizer, batches: Batches, device: str = "cpu"
) -> float:
    """Return the mean loss of an epoch, as a beginner's book writes it."""
    model.train()
    total, count = 0.0, 0
    for inputs, targets in batches:
        inputs, targets = inputs.to(device), targets.to(device)
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]  # PyTorch has no annotation there
        optimiser.step()
        total += loss.item() * len(targets)
        count += len(targets)
    return total / count


def assert_same_weights(first: nn.Module, second: nn.Module) -> None:
    """Compare bit for bit."""
    pairs = zip(first.state_dict().items(), second.state_dict().values(), strict=True)
    assert [name for (name, a), b in pairs if not torch.equal(a, b)] == []


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_training_equals_the_loop_by_hand_bit_for_bit(optimiser: str) -> None:
    batches = make_batches([7, 7, 7, 2])
    ours, theirs = make_model(), make_model()
    our_optimiser, their_optimiser = OPTIMISERS[optimiser](ours), OPTIMISERS[optimiser](theirs)
    cross_entropy = nn.functional.cross_entropy
    torch.manual_seed(1)
    our_losses = [train_epoch(ours, cross_entropy, our_optimiser, batches) for _ in range(3)]
    torch.manual_seed(1)
    assert our_losses == [train_by_hand(theirs, their_optimiser, batches) for _ in range(3)]
    assert_same_weights(ours, theirs)


@settings(deadline=None, max_examples=25)  # the first call into PyTorch is slow
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_each_example_counts_once_however_the_batches_are_cut(sizes: list[int], seed: int) -> None:
    batches, model = make_batches(sizes, seed), make_model(seed).eval()
    found = evaluate(model, nn.functional.cross_entropy, batches, metrics={"accuracy": accuracy})
    inputs, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    logits = model(inputs)
    expected = nn.functional.cross_entropy(logits, targets).item()
    assert found == {
        "loss": pytest.approx(expected, rel=1e-5),
        "accuracy": pytest.approx((logits.argmax(1) == targets).double().mean().item()),
    }


class Spy(nn.Module):
    """Records the mode in which it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.frozen = nn.BatchNorm1d(3)
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits."""
        self.modes.append((self.training, torch.is_grad_enabled()))
        return self.frozen(self.linear(inputs))


@pytest.mark.parametrize("mode", [True, False])
def test_modes_are_right_and_put_back_part_by_part(mode: bool) -> None:
    model, batches = Spy().train(mode), make_batches([5])
    model.frozen.train(not mode)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    train_epoch(model, nn.functional.cross_entropy, optimiser, batches)
    before, gradient = copy.deepcopy(model), model.linear.weight.grad
    evaluate(model, nn.functional.cross_entropy, batches)
    assert model.modes == [(True, True), (False, False)]
    assert (model.training, model.frozen.training) == (mode, not mode)
    assert_same_weights(model, before)
    assert model.linear.weight.grad is gradient


def test_the_mode_is_put_back_after_an_error() -> None:
    model = make_model().train()
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        evaluate(model, nn.functional.cross_entropy, [(torch.zeros(2, 5), torch.zeros(2))])
    assert all(module.training for module in model.modules())


def test_models_with_several_inputs() -> None:
    model = nn.Bilinear(4, 3, 1)
    batches = [(torch.randn(6, 4), torch.randn(6, 3), torch.randn(6, 1))]
    expected = nn.functional.mse_loss(model(*batches[0][:2]), batches[0][2]).item()
    assert evaluate(model, nn.functional.mse_loss, batches) == {"loss": expected}


def make_texts(seed: int) -> Batches:
    """Return two batches of texts: 4 numbers a token, 3 classes, labels of −100 for padding."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for tokens, padded in ((6, 0.2), (40, 0.7)):
        targets = torch.randint(3, (5, tokens), generator=generator)
        targets[torch.rand(targets.shape, generator=generator) < padded] = -100
        batches.append((torch.randn(5, tokens, 4, generator=generator), targets))
    return batches


class Tagger(nn.Module):
    """A classifier of each token, trained so little that batches differ in their losses."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits of shape (N, C, L)."""
        return (inputs.shape[1] * self.linear(inputs)).movedim(-1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_each_token_that_counts_has_the_same_weight(seed: int) -> None:
    """A mean over rows would weight the tokens of a short or half-empty batch more."""
    batches, model = make_texts(seed), Tagger()
    logits = torch.cat([model(inputs).movedim(1, -1).flatten(0, 1) for inputs, _ in batches])
    targets = torch.cat([labels.flatten() for _, labels in batches])
    expected = nn.functional.cross_entropy(logits, targets).item()
    by_rows = [nn.functional.cross_entropy(model(inputs), labels) for inputs, labels in batches]
    assert abs(torch.stack(by_rows).mean().item() - expected) > 0.05 * expected
    found = evaluate(model, nn.functional.cross_entropy, batches, metrics={"accuracy": accuracy})
    assert found == {
        "loss": pytest.approx(expected, rel=1e-5),
        "accuracy": pytest.approx(accuracy(logits, targets).item()),
    }
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    assert train_epoch(model, nn.functional.cross_entropy, still, batches) == found["loss"]


def test_a_function_may_say_itself_what_it_counted() -> None:
    """A loss under a mask: the targets without a number do not count."""
    targets = torch.tensor([[1.0, float("nan")], [2.0, 3.0], [float("nan"), 5.0]])
    outputs = torch.arange(6.0).reshape(3, 2)

    def masked(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        there = ~targets.isnan()
        return nn.functional.mse_loss(outputs[there], targets[there]), there.sum()

    def whole_rows(outputs: Tensor, targets: Tensor) -> tuple[Tensor, int]:
        return (~targets.isnan()).all(1).double().mean(), len(targets)

    batches = [(outputs[:1], targets[:1]), (outputs[1:], targets[1:])]
    found = evaluate(nn.Identity(), masked, batches, metrics={"whole rows": whole_rows})
    there = ~targets.isnan()
    expected = nn.functional.mse_loss(outputs[there], targets[there]).item()
    assert found == {"loss": pytest.approx(expected), "whole rows": pytest.approx(1 / 3)}


def test_a_batch_in_which_nothing_counts_changes_no_mean() -> None:
    """The loss of PyTorch over no label is nan."""
    empty = (torch.randn(2, 4), torch.full((2,), -100))
    batches, model = make_batches([3]), make_model().eval()
    functions = {"loss_function": nn.functional.cross_entropy, "metrics": {"accuracy": accuracy}}
    expected = evaluate(model, loader=batches, **functions)
    assert evaluate(model, loader=[*batches, empty], **functions) == expected
    with pytest.raises(ValueError, match="loss: no target counts, so there is no mean; labels of"):
        evaluate(model, loader=[empty], **functions)


def test_a_metric_that_would_hide_the_loss_is_refused() -> None:
    parts = (make_model(), nn.functional.cross_entropy)
    with pytest.raises(ValueError, match='a metric named "loss" would hide the loss'):
        evaluate(*parts, make_batches([3]), metrics={"loss": accuracy})


@pytest.mark.parametrize("clip_norm", [0.1, 1e6])
def test_gradients_are_clipped_to_a_norm(clip_norm: float) -> None:
    """One update of plain gradient descent is as long as the gradient that it used."""
    model, batches = make_model(), make_batches([8])
    cross_entropy = nn.functional.cross_entropy
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    before = nn.utils.parameters_to_vector(model.parameters()).detach()
    torch.manual_seed(1)
    train_epoch(model, cross_entropy, optimiser, batches, clip_norm=clip_norm)
    step = nn.utils.parameters_to_vector(model.parameters()).detach() - before
    other = make_model()
    torch.manual_seed(1)
    gradient = torch.autograd.grad(
        cross_entropy(other(batches[0][0]), batches[0][1]), [*other.parameters()]
    )
    flat = nn.utils.parameters_to_vector(gradient)
    assert flat.norm() > 0.1
    torch.testing.assert_close(
        step, -flat * min(1.0, clip_norm / flat.norm().item()), atol=1e-5, rtol=1e-4
    )


def test_a_loss_that_is_no_number_leaves_the_weights() -> None:
    batches, model = make_batches([4]), make_model()
    batches[0][0][0, 0] = float("nan")
    before = copy.deepcopy([*model.parameters()])
    with pytest.raises(FloatingPointError, match="^batch 1: the loss is nan"):
        train_epoch(model, nn.functional.cross_entropy, OPTIMISERS["sgd"](model), batches)
    assert all(map(torch.equal, model.parameters(), before))


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_batch_of_a_loss_that_is_no_number_is_named(kind: str, bad: float) -> None:
    """A GPU is asked for its results only now and then; the number must be right all the same."""
    means = _Means(["loss"], torch.device(kind))
    with pytest.raises(FloatingPointError, match=rf"^batch 70: the loss is {bad}; try a lower"):
        for number in range(1, 200):
            means.add([(torch.tensor(bad if number == 70 else 1.0), 4)])


def test_asking_now_and_then_gives_the_same_means() -> None:
    values = torch.rand(150, generator=torch.Generator().manual_seed(0))
    results = []
    for kind in ("cpu", "cuda"):
        means = _Means(["loss", "more"], torch.device(kind))
        for number, value in enumerate(values):
            means.add([(value, 1 + number % 5), (2 * value, torch.tensor(1 + number % 5))])
        results.append(means.result())
    assert results[0] == results[1]
    weights = 1 + torch.arange(150) % 5
    expected = (values.double() * weights).sum() / weights.sum()
    assert results[0]["loss"] == pytest.approx(expected.item())


@pytest.mark.parametrize("kind", ["", "validation "])
def test_the_epoch_of_a_loss_that_is_no_number_is_named(kind: str) -> None:
    batches = make_batches([4, 4])
    batches[1][0][2, 1] = float("nan")
    loaders = (batches[:1], batches) if kind else (batches, batches[:1])
    model = make_model()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    parts = (model, nn.functional.cross_entropy, optimiser, loaders[0])
    with pytest.raises(FloatingPointError, match=f"^epoch 1, {kind}batch 2: the loss is nan; "):
        fit(*parts, epochs=2, valid_loader=loaders[1])


NO_INPUTS = TensorDataset(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))
FEW = DataLoader(TensorDataset(torch.zeros(3, 4), torch.zeros(3)), batch_size=4, drop_last=True)


@pytest.mark.parametrize("loader", [[], DataLoader(NO_INPUTS), FEW, iter(make_batches([4]))])
def test_what_yields_no_batch_is_an_error_that_says_why(loader: Any) -> None:
    model = make_model()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    reasons = "its data set is empty, .* or it is an iterator that was used up; give a DataLoad"
    with pytest.raises(ValueError, match=f"the loader yields no batch: {reasons}"):
        fit(model, nn.functional.cross_entropy, optimiser, loader, epochs=2)


def test_a_batch_that_is_a_dictionary_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"must be a tuple \(\*inputs, targets\), not a dict; "):
        evaluate(make_model(), nn.functional.cross_entropy, [{"inputs": torch.zeros(1, 4)}])


@pytest.mark.gpu
def test_batches_follow_the_model_to_the_gpu() -> None:
    batches = make_batches([7, 7, 2])
    ours, theirs = make_model().cuda(), make_model().cuda()
    our_optimiser, their_optimiser = OPTIMISERS["sgd"](ours), OPTIMISERS["sgd"](theirs)
    torch.manual_seed(1)
    loss = train_epoch(ours, nn.functional.cross_entropy, our_optimiser, batches)
    torch.manual_seed(1)
    assert loss == train_by_hand(theirs, their_optimiser, batches, "cuda")
    assert_same_weights(ours, theirs)
