"""Hashes near each other, and their pairs by brute force."""

import numpy as np

from golgoru.duplicates.hamming_search import HashPairs


def hashes_near_each_other(seed: int, count: int) -> np.ndarray:
    """Random hashes around a few centres, so that every distance occurs, and some are equal."""
    random = np.random.default_rng(seed)
    centres = random.integers(0, 1 << 64, 4, dtype=np.uint64)
    hashes = centres[random.integers(0, 4, count)]
    for _ in range(16):
        flip = random.random(count) < 0.4
        hashes = np.where(flip, hashes ^ (np.uint64(1) << random.integers(0, 64, count, dtype=np.uint64)), hashes)
    return np.concatenate([hashes, hashes[: count // 4]])


def brute(left: np.ndarray, right: np.ndarray, radius: int) -> dict[tuple[int, int], int]:
    distance = np.bitwise_count(left[:, None] ^ right[None])
    return {(i, j): int(distance[i, j]) for i, j in np.argwhere(distance <= radius).tolist()}


def as_dict(near: HashPairs) -> dict[tuple[int, int], int]:
    pairs = dict(zip(zip(near.left.tolist(), near.right.tolist(), strict=True), near.distance.tolist(), strict=True))
    assert len(pairs) == len(near.left), "a pair was found twice"
    return pairs
