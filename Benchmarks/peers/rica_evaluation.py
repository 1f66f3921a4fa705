"""Times one evaluation of the RICA objective in PyTorch, one thread: value and gradient, as an optimiser asks for them.

five: lambda sum sqrt(y^2 + eps) + 1/2 |W'Wx - x|^2 with rows of W normalised, written down and left to autograd; its
      gradient and value are five products of all patches.
two:  the same numbers by hand with C = sum xx' made beforehand: two products of all patches.

Prints the median of each in milliseconds, a line each. --check compares the two.
"""

import argparse
import time

import numpy as np
import torch

LAMBDA, EPSILON = 0.05, 1e-5


def patches(count: int, size: int) -> torch.Tensor:
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((count, size), dtype=np.float32))
    return x / x.norm(dim=1, keepdim=True)


def five_products(x: torch.Tensor, w: torch.Tensor):
    w = w.detach().requires_grad_()
    rows = w / w.norm(dim=1, keepdim=True)
    y = x @ rows.T
    objective = LAMBDA * torch.sqrt(y * y + EPSILON).sum() + 0.5 * ((y @ rows - x) ** 2).sum()
    objective = objective / len(x)
    objective.backward()
    return objective.item(), w.grad


class TwoProducts:
    """Workspaces of the size of y are made once and used in place, as one does by hand."""

    def __init__(self, x: torch.Tensor, features: int):
        self.x, self.c = x, x.T @ x
        self.y, self.root = torch.empty(len(x), features), torch.empty(len(x), features)

    @torch.no_grad()
    def __call__(self, w: torch.Tensor):
        norm = w.norm(dim=1, keepdim=True)
        rows = w / norm
        torch.mm(self.x, rows.T, out=self.y)
        torch.mul(self.y, self.y, out=self.root).add_(EPSILON).sqrt_()
        sparsity = self.root.sum()
        self.y.div_(self.root)
        a = rows.T @ rows
        a.diagonal().sub_(1)
        ac = a @ self.c
        objective = LAMBDA * sparsity + 0.5 * (ac * a).sum()
        gradient = rows @ (ac + ac.T)
        gradient.addmm_(self.y.T, self.x, alpha=LAMBDA)
        gradient = (gradient - (gradient * rows).sum(dim=1, keepdim=True) * rows) / norm
        return objective.item() / len(self.x), gradient / len(self.x)


def median_ms(evaluate, rounds: int) -> float:
    evaluate()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        evaluate()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="compare objective and gradient of both, then end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    x = patches(options.patches, 108)
    w = torch.from_numpy(np.random.default_rng(2).standard_normal((options.features, 108), dtype=np.float32)) * 0.01
    two = TwoProducts(x, options.features)
    if options.check:
        (v5, g5), (v2, g2) = five_products(x, w), two(w)
        difference = float((g5 - g2).norm() / g5.norm())
        print(f"objective {v5:.6f} and {v2:.6f}, gradients differ by {difference:.1e} of their length")
        raise SystemExit(0 if abs(v5 - v2) < 1e-4 * abs(v5) and difference < 1e-4 else 1)
    print(f"five {median_ms(lambda: five_products(x, w), options.rounds):.3f}")
    print(f"two {median_ms(lambda: two(w), options.rounds):.3f}")


if __name__ == "__main__":
    main()
