"""Times the three convolutions of Denil et al. 2013, Fig. 5, and a training step of the net around them, in PyTorch,
batches of 128, one thread.

layers: forward, and the gradients of weights, biases and, but for the first layer, inputs, of each layer by itself.
step:   the whole net without dropout, cross entropy, SGD with momentum and decay.

Each is timed with channels that come first and with channels that come last, layers and the step's second one also by
Fourier transforms; the fastest is printed as torch-layers and torch-step, in milliseconds, medians of the rounds, the
first of which is not counted. torch-layer-N and torch-fft-N are those of a layer. Zeros around the images are PyTorch's
own. --check compares all ways.
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


class FourierLayer:
    """The same by real transforms of planes and a product of complex matrices at every frequency."""

    def __init__(self, layer: Layer, size: int):
        self.layer, self.size = layer, size
        # The padding in front, as a phase; what is behind the last row comes round to it.
        shift = torch.exp(-2j * torch.pi * torch.arange(size) * layer.padding / size).to(torch.complex64)
        self.phase = shift[:, None] * shift[: size // 2 + 1]

    @staticmethod
    def sizes(layer: Layer) -> list[int]:
        """Those that hold the rows and one side's padding, and have small factors: the first three."""
        first = layer.x.shape[2] + layer.padding
        smooth = (n for n in range(first, 2 * first) if 2**6 * 3**3 * 5**2 % n == 0)
        return [size for size, _ in zip(smooth, range(3))]

    def transform(self, planes: torch.Tensor) -> torch.Tensor:
        """Frequencies × first × second dimension."""
        spectrum = torch.fft.rfft2(planes, s=(self.size, self.size))
        return spectrum.flatten(2).permute(2, 0, 1).contiguous()

    def planes(self, spectrum: torch.Tensor, rows: int) -> torch.Tensor:
        spectrum = spectrum.permute(1, 2, 0).unflatten(2, (self.size, self.size // 2 + 1))
        return torch.fft.irfft2(spectrum, s=(self.size, self.size))[..., :rows, :rows]

    def forward(self, x: torch.Tensor, w: torch.Tensor, places: int):
        spectra = self.transform(x), self.transform(w).conj() * self.phase.flatten()[:, None, None]
        return self.planes(spectra[0] @ spectra[1].transpose(1, 2), places), spectra

    def gradients(self, g: torch.Tensor, spectra: tuple, rows: int, size: int, is_first: bool):
        (x, w), g = spectra, self.transform(g)
        dw = (g.transpose(1, 2) @ x.conj()).conj() * self.phase.flatten()[:, None, None]
        return None if is_first else self.planes(g @ w.conj(), rows), self.planes(dw, size)

    def run(self):
        layer = self.layer
        y, spectra = self.forward(layer.x, layer.w, layer.g.shape[2])
        gradients = self.gradients(layer.g, spectra, layer.x.shape[2], layer.w.shape[2], layer.is_first)
        return y + layer.bias[:, None, None], (*gradients, layer.g.sum((0, 2, 3)))


class FourierFunction(torch.autograd.Function):
    @staticmethod
    def forward(context, x, w, fourier):
        y, spectra = fourier.forward(x, w, fourier.layer.g.shape[2])
        context.save_for_backward(*spectra)
        context.fourier, context.sizes = fourier, (x.shape[2], w.shape[2])
        return y

    @staticmethod
    def backward(context, g):
        return *context.fourier.gradients(g, context.saved_tensors, *context.sizes, False), None


class FourierConv2d(nn.Conv2d):
    """nn.Conv2d that is computed by Fourier transforms."""

    def __init__(self, number: int):
        channels, _, maps, size, padding = LAYERS[number]
        super().__init__(channels, maps, size, padding=padding)
        layer = Layer(number, torch.contiguous_format)
        self.fourier = FourierLayer(layer, FourierLayer.sizes(layer)[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return FourierFunction.apply(x, self.weight, self.fourier) + self.bias[:, None, None]


def network(order: torch.memory_format, second_by_fourier: bool = False) -> nn.Sequential:
    (_, _, a, size_a, pad_a), (_, _, b, size_b, pad_b), (_, _, c, size_c, pad_c) = LAYERS
    second = FourierConv2d(1) if second_by_fourier else nn.Conv2d(a, b, size_b, padding=pad_b)
    return nn.Sequential(
        *(nn.Conv2d(3, a, size_a, padding=pad_a), nn.MaxPool2d(4, 2), nn.ReLU()),
        *(second, nn.MaxPool2d(4, 2), nn.ReLU()),
        *(nn.Conv2d(b, c, size_c, padding=pad_c), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(64 * 4 * 4, 500), nn.ReLU(), nn.Linear(500, 10)),
    ).to(memory_format=order)


class Step:
    def __init__(self, order: torch.memory_format, second_by_fourier: bool = False):
        self.model = network(order, second_by_fourier)
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
        y, of_y = first.run()
        for other in (last, *(FourierLayer(first, size) for size in FourierLayer.sizes(first))):
            z, of_z = other.run()
            pairs = [(z, y)] + [(b, a) for a, b in zip(of_y, of_z) if a is not None]
            differences += [float((a - b).norm() / b.norm()) for a, b in pairs]
    # By itself: behind it a rounding moves the largest of a pool's window.
    other = FourierConv2d(1)
    channels, rows, maps, size, padding = LAYERS[1]
    usual = nn.Conv2d(channels, maps, size, padding=padding)
    usual.load_state_dict(other.state_dict())
    x = [torch.randn(BATCH, channels, rows, rows).requires_grad_() for _ in range(2)]
    x[1].data.copy_(x[0].data)
    for layer, images in zip((usual, other), x):
        layer(images).square().sum().backward()
    pairs = [(x[1].grad, x[0].grad), (other.weight.grad, usual.weight.grad), (other.bias.grad, usual.bias.grad)]
    differences += [float((a - b).norm() / b.norm()) for a, b in pairs]
    print(f"outputs and gradients of all ways differ by at most {max(differences):.1e} of their length")
    return max(differences) < 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="compare the results of all ways, then end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if options.check:
        raise SystemExit(0 if check() else 1)
    runs = {f"layer-{n}-{name}": Layer(n, order) for n in range(len(LAYERS)) for name, order in FORMATS.items()}
    for n in range(len(LAYERS)):
        layer = runs[f"layer-{n}-first"]
        runs |= {f"layer-{n}-fft-{size}": FourierLayer(layer, size) for size in FourierLayer.sizes(layer)}
    runs |= {f"step-{name}": Step(order) for name, order in FORMATS.items()}
    runs["step-fft-2"] = Step(torch.contiguous_format, second_by_fourier=True)
    times = {name: [] for name in runs}
    for turn in range(options.rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run.run()
            if turn > 0:
                times[name].append(1e3 * (time.perf_counter() - start))
    medians = {name: np.median(all_times) for name, all_times in times.items()}
    layers = 0
    for n in range(len(LAYERS)):
        fourier = min(value for name, value in medians.items() if name.startswith(f"layer-{n}-fft"))
        direct = min(medians[f"layer-{n}-{name}"] for name in FORMATS)
        print(f"torch-layer-{n + 1} {direct:.3f}\ntorch-fft-{n + 1} {fourier:.3f}")
        # The fastest way of each layer, though a net would have to keep to one order.
        layers += min(direct, fourier)
    print(f"torch-layers {layers:.3f}")
    steps = {name: value for name, value in medians.items() if name.startswith("step")}
    print(f"torch-step {min(steps.values()):.3f}")


if __name__ == "__main__":
    main()
