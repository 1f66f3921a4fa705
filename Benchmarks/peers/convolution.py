"""Times the three convolutions of Denil et al. 2013, Fig. 5, and a training step of the net around them, in PyTorch,
batches of 128, one thread.

layers: forward, and the gradients of weights, biases and, but for the first layer, inputs, of each layer by itself.
step:   the whole net without dropout, cross entropy, SGD with momentum and decay.

Each is timed with channels that come first and with channels that come last; the faster one is printed as torch-layers
and torch-step, in milliseconds, medians of the rounds, the first of which is not counted. Zeros around the images are
PyTorch's own. --check compares both orders.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# Channels, rows of the input, maps, rows of a filter, padding.
LAYERS = ((3, 32, 48, 8, 4), (48, 15, 64, 8, 3), (64, 6, 64, 5, 3))
FORMATS = {"first": torch.contiguous_format, "last": torch.channels_last}
BATCH = 128


class Layer:
    def __init__(self, number: int, order: torch.memory_format):
        channels, rows, maps, size, self.padding = LAYERS[number]
        self.x = torch.randn(BATCH, channels, rows, rows).to(memory_format=order)
        self.w = (0.1 * torch.randn(maps, channels, size, size)).to(memory_format=order)
        self.bias = torch.zeros(maps)
        self.is_first = number == 0
        places = rows + 2 * self.padding - size + 1
        self.g = torch.randn(BATCH, maps, places, places).to(memory_format=order)

    def run(self):
        y = F.conv2d(self.x, self.w, self.bias, padding=self.padding)
        return y, torch.ops.aten.convolution_backward(
            self.g, self.x, self.w, [len(self.bias)], [1, 1], [self.padding] * 2, [1, 1], False, [0, 0], 1,
            [not self.is_first, True, True])


def network(order: torch.memory_format) -> nn.Sequential:
    (_, _, a, size_a, pad_a), (_, _, b, size_b, pad_b), (_, _, c, size_c, pad_c) = LAYERS
    return nn.Sequential(
        *(nn.Conv2d(3, a, size_a, padding=pad_a), nn.MaxPool2d(4, 2), nn.ReLU()),
        *(nn.Conv2d(a, b, size_b, padding=pad_b), nn.MaxPool2d(4, 2), nn.ReLU()),
        *(nn.Conv2d(b, c, size_c, padding=pad_c), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(64 * 4 * 4, 500), nn.ReLU(), nn.Linear(500, 10)),
    ).to(memory_format=order)


class Step:
    def __init__(self, order: torch.memory_format):
        self.model = network(order)
        self.images = torch.rand(4 * BATCH, 3, 32, 32).to(memory_format=order)
        self.labels = torch.randint(10, (4 * BATCH,))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.001, momentum=0.7, weight_decay=5e-5)

    def run(self) -> None:
        samples = torch.randperm(4 * BATCH)[:BATCH]
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.images[samples]), self.labels[samples]).backward()
        self.optimizer.step()


def check() -> bool:
    differences = []
    for number in range(len(LAYERS)):
        torch.manual_seed(number)
        first, last = (Layer(number, order) for order in FORMATS.values())
        for name in ("x", "w", "g"):
            setattr(last, name, getattr(first, name).to(memory_format=torch.channels_last))
        (y, of_y), (z, of_z) = first.run(), last.run()
        pairs = [(y, z)] + [(a, b) for a, b in zip(of_y, of_z) if a is not None]
        differences += [float((a - b).norm() / b.norm()) for a, b in pairs]
    print(f"outputs and gradients of both orders differ by at most {max(differences):.1e} of their length")
    return max(differences) < 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="compare the results of both orders, then end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if options.check:
        raise SystemExit(0 if check() else 1)
    runs = {f"layer-{n}-{name}": Layer(n, order) for n in range(len(LAYERS)) for name, order in FORMATS.items()}
    runs |= {f"step-{name}": Step(order) for name, order in FORMATS.items()}
    times = {name: [] for name in runs}
    for turn in range(options.rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run.run()
            if turn > 0:
                times[name].append(1e3 * (time.perf_counter() - start))
    medians = {name: np.median(all_times) for name, all_times in times.items()}
    # The faster order of each layer, though a net would have to keep to one.
    layers = sum(min(medians[f"layer-{n}-{name}"] for name in FORMATS) for n in range(len(LAYERS)))
    print(f"torch-layers {layers:.3f}")
    print(f"torch-step {min(medians[f'step-{name}'] for name in FORMATS):.3f}")


if __name__ == "__main__":
    main()
