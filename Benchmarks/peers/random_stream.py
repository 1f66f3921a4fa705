"""The project's random numbers (Sources/LinearAlgebra/RandomStream.swift): a peer with the same seed has the same
initial values, the same validation split and the same batches.

Philox4x32-10: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

import numpy as np

INITIAL_VALUES, VALIDATION, ORDER = 2, 4, 5
WORD, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def blocks(seed: int, purpose: int, stream: int, count: int) -> list[np.ndarray]:
    """The four words of blocks 0 to count - 1, each in an array of uint64."""
    index = np.arange(count, dtype=np.uint64)
    c = [index & LOW, index >> WORD, np.full_like(index, stream), np.full_like(index, purpose)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [p1 >> WORD ^ c[1] ^ np.uint64(key[0]), p1 & LOW, p0 >> WORD ^ c[3] ^ np.uint64(key[1]), p0 & LOW]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def uniform(seed: int, purpose: int, stream: int, count: int, limit: float) -> np.ndarray:
    """Numbers 0 to count - 1 in -limit ..< limit: number i is made of word i mod 4 of block i / 4."""
    words = np.stack(blocks(seed, purpose, stream, (count + 3) // 4), axis=1).reshape(-1)[:count]
    low, width = np.float32(-limit), np.float32(limit) - np.float32(-limit)
    values = low + width * ((words >> np.uint64(8)).astype(np.float32) * np.float32(2**-24))
    return np.minimum(values, np.nextafter(np.float32(limit), low))


def shuffled(seed: int, purpose: int, stream: int, count: int, bound: int) -> np.ndarray:
    """0 to bound - 1 with the first count places drawn from all (Fisher-Yates)."""
    w0, w1, _, _ = blocks(seed, purpose, stream, count)
    left = np.arange(bound, bound - count, -1).astype(np.uint64)
    # The high word of the 64 bits times `left`, which has 32 bits at most.
    draws = (w1 * left + (w0 * left >> WORD)) >> WORD
    pool = list(range(bound))
    for i, draw in enumerate(draws.astype(np.int64).tolist()):
        pool[i], pool[i + draw] = pool[i + draw], pool[i]
    return np.array(pool)
