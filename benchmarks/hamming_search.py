"""Seconds and peak memory of the search for near hashes, beside brute force and, where it is installed, faiss.

    python -m benchmarks.hamming_search [--hashes 1000000] [--radius 4] [--all]

Random hashes, of which one in a hundred has a near one. Each search runs in a process of its own; the numbers of pairs
are compared. Brute force and faiss are quadratic: they run up to 100,000 hashes, or always with --all.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from golgoru.duplicates import hamming_search

Hashes = NDArray[np.uint64]
_QUADRATIC = 100_000
_AT_ONCE = 256


def hashes(count: int) -> Hashes:
    random = np.random.default_rng(0)
    values = random.integers(0, 1 << 64, count, dtype=np.uint64)
    near = values[: count // 100]
    values[count - len(near) :] = near ^ (np.uint64(1) << random.integers(0, 64, len(near), dtype=np.uint64))
    return values


def ours(values: Hashes, radius: int) -> int:
    return len(hamming_search.near_pairs(values, radius).left)


def brute_force(values: Hashes, radius: int) -> int:
    count = 0
    for at in range(0, len(values), _AT_ONCE):
        rows = values[at : at + _AT_ONCE, None]
        near = np.bitwise_count(rows ^ values[None, at:]) <= radius
        count += int(np.triu(near, 1).sum())
    return count


def faiss_flat(values: Hashes, radius: int) -> int:
    import faiss  # type: ignore[import-not-found]  # noqa: PLC0415

    index = faiss.IndexBinaryFlat(64)
    index.add(values.view(np.uint8).reshape(-1, 8))
    limits, _, _ = index.range_search(values.view(np.uint8).reshape(-1, 8), radius + 1)
    return int((limits[-1] - len(values)) // 2)


def faiss_hash(values: Hashes, radius: int) -> int:
    """Multi-index hashing; with as many flips as make it exact: 4 tables of 16 bits, radius // 4 flips in each."""
    import faiss  # noqa: PLC0415

    index = faiss.IndexBinaryMultiHash(64, 4, 16)
    index.nflip = radius // 4
    index.add(values.view(np.uint8).reshape(-1, 8))
    limits, _, _ = index.range_search(values.view(np.uint8).reshape(-1, 8), radius + 1)
    return int((limits[-1] - len(values)) // 2)


def measured(search: Callable[[Hashes, int], int], count: int, radius: int) -> tuple[int, float, float]:
    """Return pairs found, seconds, and the peak of this process's memory in MB."""
    values = hashes(count)
    search(values[:100], radius)
    begun = time.monotonic()
    pairs = search(values, radius)
    return pairs, time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--radius", type=int, default=4)
    parser.add_argument("--all", action="store_true")
    chosen = parser.parse_args()
    searches: list[Callable[[Hashes, int], int]] = [ours]
    if chosen.all or chosen.hashes <= _QUADRATIC:
        searches.append(brute_force)
    if find_spec("faiss"):
        searches.append(faiss_hash)
        if chosen.all or chosen.hashes <= _QUADRATIC:
            searches.append(faiss_flat)
    answers = set()
    for search in searches:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            pairs, seconds, memory = process.submit(measured, search, chosen.hashes, chosen.radius).result()
        answers.add(pairs)
        print(f"{search.__name__:12} {pairs:>10,} pairs {seconds:8.2f} s {memory:8,.0f} MB")
    if len(answers) > 1:
        raise SystemExit("they do not find the same number of pairs")


if __name__ == "__main__":
    main()
