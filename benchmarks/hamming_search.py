"""CPU seconds and peak memory of the search for near hashes, beside brute force and, where it is installed, faiss.

    python -m benchmarks.hamming_search [--hashes 1000000] [--radius 4] [--all]
    python -m benchmarks.hamming_search --stage [--hashes 20000 100000 250000 1000000]

Random hashes, of which one in a hundred has a near one. Each search runs in a process of its own; the numbers of pairs
are compared. Brute force and faiss are quadratic: they run up to 100,000 hashes, or always with --all. `--stage` runs
what `dedup` does instead, the search among hashes and between hashes and those of mirrored images, at its own radius,
and prints the exponent of growth from size to size.
"""

import argparse
import math
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golgoru.duplicates import hamming_search, near_hashes

Hashes = NDArray[np.uint64]
_QUADRATIC = 100_000
_AT_ONCE = 256


def hashes(count: int) -> Hashes:
    random = np.random.default_rng(0)
    # As in a perceptual hash, half of the bits are set.
    chunks = [random.random((min(_AT_ONCE, count - at), 64)).argsort(axis=1) < 32 for at in range(0, count, _AT_ONCE)]
    values = np.packbits(np.concatenate(chunks), axis=1).view(">u8").ravel().astype(np.uint64)
    near = values[: count // 100]
    values[count - len(near) :] = near ^ (np.uint64(1) << random.integers(0, 64, len(near), dtype=np.uint64))
    return values


def ours(values: Hashes, radius: int) -> int:
    return len(hamming_search.pairs_among(values, radius).left)


def stage(values: Hashes, radius: int | None) -> int:
    mirrored = values[::-1] ^ np.uint64(0x5555_5555_5555_5555)
    among, between = (
        near_hashes.near_pairs(values, radius),
        near_hashes.near_pairs_to_variants(values, mirrored, radius),
    )
    return len(among.pairs.left) + len(between.pairs.left)


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


def measured(search: Callable[[Hashes, Any], int], count: int, radius: int | None) -> tuple[int, float, float]:
    """Return pairs found, CPU seconds, and the peak of this process's memory in MB."""
    values = hashes(count)
    search(values[:100], radius)
    begun = time.process_time()
    pairs = search(values, radius)
    return pairs, time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(search: Callable[[Hashes, Any], int], count: int, radius: int | None) -> tuple[int, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        pairs, seconds, memory = process.submit(measured, search, count, radius).result()
    print(
        f"{search.__name__:12} {count:>10,} hashes {pairs:>10,} pairs {seconds:8.2f} CPU s {memory:8,.0f} MB",
        flush=True,
    )
    return pairs, seconds


def growth(counts: list[int]) -> None:
    seconds = [in_a_process(stage, count, None)[1] for count in counts]
    for (n, s), (m, t) in pairwise(zip(counts, seconds, strict=True)):
        print(f"from {n:,} to {m:,} hashes: exponent {math.log(t / s) / math.log(m / n):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hashes", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--stage", action="store_true")
    parser.add_argument("--radius", type=int, default=4)
    parser.add_argument("--all", action="store_true")
    chosen = parser.parse_args()
    if chosen.stage:
        growth(chosen.hashes)
        return
    count = chosen.hashes[0]
    searches: list[Callable[[Hashes, int], int]] = [ours]
    if chosen.all or count <= _QUADRATIC:
        searches.append(brute_force)
    if find_spec("faiss"):
        searches.append(faiss_hash)
        if chosen.all or count <= _QUADRATIC:
            searches.append(faiss_flat)
    answers = set()
    for search in searches:
        answers.add(in_a_process(search, count, chosen.radius)[0])
    if len(answers) > 1:
        raise SystemExit("they do not find the same number of pairs")


if __name__ == "__main__":
    main()
