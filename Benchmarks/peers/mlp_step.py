"""Times a training step of the net 784-500-500-10 in PyTorch, one thread: sigmoid, cross entropy, SGD with momentum and
decay.

dense:     nn.Linear layers, as a PyTorch user writes them.
expanding: a tenth of the hidden weights is learned, in ten columns; every step makes W = [U_1 w_1 ... U_J w_J] and
           leaves the rest to autograd.

Prints the median of each at batches of 100 and 1000, in milliseconds, a line each. Every round gives each its turn: a
step that is not counted, then --steps on end. --check compares loss and gradient of the two, the dense one with the W
of the other.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTHS, BATCHES = (784, 500, 500, 10), (100, 1000)


class Expanding(nn.Module):
    """U drawn from a normal distribution: the time does not depend on what it holds."""

    def __init__(self, inputs: int, units: int, learned: float = 0.1, columns: int = 10):
        super().__init__()
        atoms = int(learned * inputs)
        self.register_buffer("u", 0.1 * torch.randn(columns, atoms, inputs))
        self.w = nn.Parameter(torch.empty(columns, units // columns, atoms).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(units))

    def weight(self) -> torch.Tensor:
        return torch.bmm(self.w, self.u).flatten(0, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight(), self.bias)


def network(hidden) -> nn.Sequential:
    return nn.Sequential(
        *(hidden(WIDTHS[0], WIDTHS[1]), nn.Sigmoid(), hidden(WIDTHS[1], WIDTHS[2]), nn.Sigmoid()),
        nn.Linear(WIDTHS[2], WIDTHS[3]),
    )


class Steps:
    """Steps on batches of images in random order, one after the other."""

    def __init__(self, hidden, images: torch.Tensor, labels: torch.Tensor, batch: int):
        self.model, self.images, self.labels, self.batch = network(hidden), images, labels, batch
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.001, momentum=0.7, weight_decay=5e-5)
        self.order, self.next = torch.randperm(len(images)), 0
        self.times = []

    def step(self) -> None:
        samples = self.order[self.next : self.next + self.batch]
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.images[samples]), self.labels[samples]).backward()
        self.optimizer.step()
        self.next += self.batch
        if self.next + self.batch > len(self.order):
            self.next = 0

    def turn(self, steps: int) -> None:
        self.step()
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        self.times.append(1e3 * (time.perf_counter() - start) / steps)


def column_by_column(layer: Expanding) -> torch.Tensor:
    return torch.cat([w @ u for w, u in zip(layer.w, layer.u)])


def check(images: torch.Tensor, labels: torch.Tensor) -> bool:
    expanding, dense = network(Expanding), network(nn.Linear)
    with torch.no_grad():
        for to, source in zip(dense, expanding):
            if isinstance(to, nn.Linear):
                to.weight.copy_(column_by_column(source) if isinstance(source, Expanding) else source.weight)
                to.bias.copy_(source.bias)
    losses = []
    for model in (expanding, dense):
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        losses.append(loss.item())
    differences = []
    for ours, theirs in zip(expanding, dense):
        if isinstance(ours, Expanding):
            # Rows of W are units and rows of u atoms.
            full = theirs.weight.grad.chunk(len(ours.u))
            pairs = [(w, g @ u.T) for w, g, u in zip(ours.w.grad, full, ours.u)] + [(ours.bias.grad, theirs.bias.grad)]
        elif isinstance(ours, nn.Linear):
            pairs = [(ours.weight.grad, theirs.weight.grad), (ours.bias.grad, theirs.bias.grad)]
        else:
            continue
        differences += [float((a - b).norm() / b.norm()) for a, b in pairs]
    apart = f"gradients differ by at most {max(differences):.1e} of their length"
    print(f"loss {losses[0]:.6f} and {losses[1]:.6f}, {apart}")
    return abs(losses[0] - losses[1]) < 1e-5 * abs(losses[1]) and max(differences) < 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="compare loss and gradient of both, then end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    images, labels = torch.rand(options.images, WIDTHS[0]), torch.randint(WIDTHS[-1], (options.images,))
    if options.check:
        raise SystemExit(0 if check(images[:100], labels[:100]) else 1)
    all_steps = {
        f"{name}-{batch}": Steps(hidden, images, labels, batch)
        for batch in BATCHES
        for name, hidden in (("torch-dense", nn.Linear), ("torch-expanding", Expanding))
    }
    for _ in range(options.rounds):
        for steps in all_steps.values():
            steps.turn(options.steps)
    for name, steps in all_steps.items():
        print(f"{name} {np.median(steps.times):.3f}")


if __name__ == "__main__":
    main()
