"""Trains the net of `mlp --dense --activation relu` with PyTorch's DistributedDataParallel over gloo: one rank,
on one thread.

Net, initial values, validation split, batches and schedule are those of our job with the same seed, trained on five
sixths of the training images as its --validate does. PyTorch applies the rate after the momentum, ours before: a
difference of 1/steps of the first rate.

plain      gradients in float32; all are one of DDP's buckets, 2.6 MB, which leaves when backward has ended
fp16       the same, rounded to 16 bits on the wire
powersgd1  rank-1 approximations with error feedback and warm start (Vogels, Karimireddy & Jaggi, NeurIPS 2019), from
           step 3 on, the first that the hook allows; powersgd4 the same of rank 4

Rank and addresses come from the environment, as Benchmarks/peers/ddp-run sets it. Bytes are what the interface
GLOO_SOCKET_IFNAME has transmitted by its own counter: on an emulated host those of one rank with headers and
acknowledgements; on lo those of all ranks, and of whoever else uses it. Times and bytes are the largest of all ranks.
--check compares loss and gradient of the ranks together with those of one process that has the whole batch.
"""

import argparse
import csv
import datetime
import gzip
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import random_stream

WIDTHS, HOOKS = (784, 500, 500, 10), ("plain", "fp16", "powersgd1", "powersgd4")
ENVIRONMENT = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GLOO_SOCKET_IFNAME")
COLUMNS = (
    *("hook", "ranks", "link", "seed", "steps", "epoch", "error", "seconds", "bytes"),
    *("median-ms", "p10-ms", "p90-ms", "step-bytes"),
)


def idx(folder: Path, name: str, header: int) -> np.ndarray:
    for file, opener in ((folder / name, open), (folder / f"{name}.gz", gzip.open)):
        if file.exists():
            with opener(file, "rb") as data:
                return np.frombuffer(data.read(), np.uint8, offset=header)
    expected = f"expected {folder / name} or the same with .gz"
    raise SystemExit(f"--data: {expected}, found neither; scripts/data mnist fetches them")


def training_set(data: str) -> tuple[torch.Tensor, torch.Tensor]:
    folder = Path(data) / "mnist" if (Path(data) / "mnist").is_dir() else Path(data)
    images = torch.from_numpy(idx(folder, "train-images-idx3-ubyte", 16).reshape(-1, WIDTHS[0]).astype(np.float32))
    return images.mul_(1 / 255), torch.from_numpy(idx(folder, "train-labels-idx1-ubyte", 8).astype(np.int64))


def network(seed: int) -> nn.Sequential:
    layers = [nn.Linear(*shape) for shape in zip(WIDTHS, WIDTHS[1:])]
    with torch.no_grad():
        for k, layer in enumerate(layers):
            limit = 0.02 if layer is layers[-1] else 0.1
            values = random_stream.uniform(seed, random_stream.INITIAL_VALUES, k, layer.weight.numel(), limit)
            layer.weight.copy_(torch.from_numpy(values).view_as(layer.weight))
            layer.bias.zero_()
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])


def distributed(model: nn.Module, hook: str) -> DistributedDataParallel:
    replica = DistributedDataParallel(model)
    if hook == "fp16":
        replica.register_comm_hook(None, default_hooks.fp16_compress_hook)
    elif hook != "plain":
        state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=int(hook[-1]), start_powerSGD_iter=2)
        replica.register_comm_hook(state, powerSGD_hook.powerSGD_hook)
    return replica


def own(samples: np.ndarray) -> np.ndarray:
    """This rank's cut."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    return samples[rank * len(samples) // ranks : (rank + 1) * len(samples) // ranks]


def loss_of_cut(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, batch: np.ndarray) -> torch.Tensor:
    """This rank's part of the batch's mean loss, times the ranks: DDP takes their mean, that of the batch for uneven
    cuts, too."""
    samples = own(batch)
    loss = F.cross_entropy(model(images[samples]), labels[samples], reduction="sum")
    return loss * (dist.get_world_size() / len(batch))


def sent_bytes() -> int:
    """Bytes that the interface has transmitted since it came up, as this network namespace counts them."""
    interface = os.environ["GLOO_SOCKET_IFNAME"]
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == interface:
            return int(counters.split()[8])
    raise SystemExit(f"GLOO_SOCKET_IFNAME: expected an interface in /proc/net/dev, found {interface}")


class Training:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.images, self.labels = training_set(options.data)
        count = len(self.images)
        self.held = np.sort(random_stream.shuffled(0, random_stream.VALIDATION, 0, count // 6, count)[: count // 6])
        self.others = np.setdiff1d(np.arange(count), self.held)
        self.model = network(options.seed)
        self.replica = distributed(self.model, options.hook)
        self.layers = [layer for layer in self.model if isinstance(layer, nn.Linear)]
        self.optimizer = torch.optim.SGD(
            [
                {"params": [layer.weight for layer in self.layers], "weight_decay": options.weight_decay},
                {"params": [layer.bias for layer in self.layers]},
            ],
            lr=options.learning_rate,
            momentum=options.momentum,
        )
        self.epoch_steps = math.ceil(len(self.others) / options.batch)
        self.times, self.bytes, self.warm_up_bytes = [], 0, 0

    def step(self, batch: np.ndarray) -> None:
        start = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * (1 - len(self.times) / (self.options.epochs * self.epoch_steps))
        self.optimizer.zero_grad()
        loss_of_cut(self.replica, self.images, self.labels, batch).backward()
        self.optimizer.step()
        if self.options.max_norm > 0:
            with torch.no_grad():
                for layer in self.layers:
                    layer.weight.renorm_(2, 0, self.options.max_norm)
        self.times.append(time.perf_counter() - start)

    def batches(self):
        for epoch in range(1, self.options.epochs + 1):
            places = random_stream.shuffled(self.options.seed, random_stream.ORDER, epoch, *2 * [len(self.others)])
            order = self.others[places]
            for first in range(0, len(order), self.options.batch):
                yield order[first : first + self.options.batch]

    @torch.no_grad()
    def validation_error(self) -> float:
        samples = own(self.held)
        logits = self.model(self.images[samples])
        counts = torch.tensor([(logits.argmax(1) != self.labels[samples]).sum(), (~logits.isfinite()).sum()])
        dist.all_reduce(counts)
        if counts[1] > 0:
            message = f"outputs are no numbers after step {len(self.times)}"
            message += "; a smaller --learning-rate keeps them finite"
            raise SystemExit(f"{self.options.hook}: {message}" if dist.get_rank() == 0 else 1)
        return counts[0].item() / len(self.held)

    def row(self, error: float | None) -> dict:
        """What was spent so far; medians and bytes a step without the steps of the warm-up."""
        steps = len(self.times)
        times = 1e3 * np.array(self.times[self.options.warm_up :] or self.times)
        step_bytes = (self.bytes - self.warm_up_bytes) / len(times)
        numbers = [sum(self.times), self.bytes, *np.percentile(times, (50, 10, 90)), step_bytes]
        spent = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(spent, dist.ReduceOp.MAX)
        options = self.options
        who = (options.hook, dist.get_world_size(), options.link, options.seed, steps, steps / self.epoch_steps, error)
        return dict(zip(COLUMNS, (*who, *(round(figure, 3) for figure in spent.tolist()))))

    def run(self):
        """Yields a row after every validation, or one after --steps."""
        options = self.options
        last = options.epochs * self.epoch_steps
        if options.steps:
            last = min(last, options.warm_up + options.steps)
        validate_every = options.validate_every or (last + 1 if options.steps else self.epoch_steps)
        dist.barrier()
        counter = sent_bytes()
        for step, batch in zip(range(1, last + 1), self.batches()):
            self.step(batch)
            pauses = step % validate_every == 0 or step == last
            if step == options.warm_up or pauses:
                self.bytes += sent_bytes() - counter
                if step == options.warm_up:
                    self.warm_up_bytes = self.bytes
                if pauses:
                    error = None if options.steps and not options.validate_every else self.validation_error()
                    yield self.row(error)
                    if error is not None and error <= options.target:
                        return
                counter = sent_bytes()


def check(options: argparse.Namespace) -> bool:
    words = [int(word[0]) for word in random_stream.blocks(0, 0, 0, 1)]
    if words != [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]:
        raise SystemExit(f"random_stream: expected the known answer of Philox4x32-10 for zeros, found {words}")
    images, labels = training_set(options.data)
    # One more than the ranks divide: cuts differ in size.
    batch = np.arange(options.batch + 1 - options.batch % dist.get_world_size())
    whole, cut = network(options.seed), network(options.seed)
    loss = F.cross_entropy(whole(images[batch]), labels[batch])
    loss.backward()
    replica = distributed(cut, "plain")  # averages no longer than it is held
    mean = loss_of_cut(replica, images, labels, batch)
    mean.backward()
    mean = mean.detach() / dist.get_world_size()
    dist.all_reduce(mean)
    pairs = zip(cut.parameters(), whole.parameters())
    difference = max(float((a.grad - b.grad).norm() / b.grad.norm()) for a, b in pairs)
    if dist.get_rank() == 0:
        print(
            f"{dist.get_world_size()} ranks and one: loss {mean.item():.6f} and {loss.item():.6f} "
            f"of {len(batch)} samples, "
            f"gradients differ by at most {difference:.1e} of their length"
        )
    return abs(mean.item() - loss.item()) < 1e-5 * loss.item() and difference < 1e-5


def describe(row: dict) -> str:
    text = (
        f"{row['hook']}, {row['ranks']} ranks, {row['link']}: {row['median-ms']:.2f} ms a step "
        f"(p10 {row['p10-ms']:.2f}, p90 {row['p90-ms']:.2f}), {row['step-bytes']:.0f} bytes a step; "
        f"{row['steps']} steps"
    )
    return text if row["error"] is None else f"{text}, {row['seconds']:.1f} s, validation error {row['error']:.4f}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hook", choices=HOOKS, default="plain")
    parser.add_argument("--batch", type=int, default=100, help="samples of a step, on all ranks together")
    parser.add_argument(
        "--epochs", type=int, default=15, help="of the schedule, which takes the rate straight down to 0"
    )
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.7)
    parser.add_argument("--weight-decay", type=float, default=5e-5, help="of weights, not of biases")
    parser.add_argument("--max-norm", type=float, default=1.9365, help="largest norm of a unit's weights; 0: any")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="end after so many steps behind the warm-up")
    parser.add_argument("--warm-up", type=int, default=20, help="first steps, which medians and bytes a step leave out")
    parser.add_argument("--validate-every", type=int, help="steps (default: an epoch's; never with --steps)")
    parser.add_argument("--target", type=float, default=-1, help="end when the validation error is at most this")
    parser.add_argument("--csv", help="append a row for every validation, or for --steps one at the end")
    parser.add_argument("--link", default="local", help="what the table calls the links between the ranks")
    parser.add_argument(
        "--data", default=os.environ.get("COLONNADE_DATA", "data"), help="MNIST's folder or the one above it"
    )
    parser.add_argument(
        "--check", action="store_true", help="compare loss and gradient with those of one process, then end"
    )
    return parser.parse_args()


def append(path: str, row: dict) -> None:
    with open(path, "a", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if file.tell() == 0:
            table.writeheader()
        table.writerow(row)


def main() -> None:
    options = parse()
    missing = [name for name in ENVIRONMENT if name not in os.environ]
    if missing:
        expected = f"expected {', '.join(ENVIRONMENT)} in the environment"
        raise SystemExit(f"{expected}, found no {missing[0]}; start it with ddp-run")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=300))
    if options.check:
        raise SystemExit(0 if check(options) else 1)
    row = None
    for row in Training(options).run():
        if dist.get_rank() == 0 and options.csv:
            append(options.csv, row)
    if dist.get_rank() == 0 and row:
        print(describe(row), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
