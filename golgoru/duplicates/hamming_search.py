"""Exact search for all pairs of 64-bit hashes within a Hamming radius, and for pairs of images with equal hashes.

Pigeonhole over combinations (after Manku, Jain and Das Sarma, WWW 2007): of k blocks, two hashes that differ in at most
r bits are equal in at least k - r. So for every choice of k - r blocks the hashes are sorted by these blocks, and those
with equal blocks are compared. More blocks mean more sorts and fewer comparisons; k is chosen for the least total work.
"""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.core.arrays import Integers

Hashes = NDArray[np.uint64]
Block = tuple[int, int]  # lowest bit, number of bits

BITS = 64
MAX_RADIUS = 15  # bits; hashes of different images are about 32 bits apart, with a standard deviation of 4
COMPARED_PER_RUN = 16  # the earliest images of a run of equal hashes, with which its further images are compared
_CHUNK = 1 << 17  # positions compared together: their data fit the processor's cache
_DENSE = 0.1  # share of equal keys below which they are looked up one by one
# Measured: the time to sort one hash by one key, and the fixed cost of a key in hashes; in comparisons of one pair.
_COMPARISONS_PER_SORT = 20
_OVERHEAD = 5_000


class HashPairs(NamedTuple):
    """Pairs of positions and the Hamming distance between them, one entry per pair, sorted."""

    left: Integers
    right: Integers
    distance: Integers


def pairs_between(left: Hashes, right: Hashes, radius: int) -> HashPairs:
    """Return every pair (i, j) for which left[i] and right[j] differ in at most `radius` bits (0 to 15)."""
    near = _all_near_pairs(np.concatenate([left, right]), radius)
    across = (near.left < len(left)) & (near.right >= len(left))
    return HashPairs(near.left[across], near.right[across] - len(left), near.distance[across])


def near_pairs(hashes: Hashes, radius: int) -> HashPairs:
    """Return pairs i < j of equal or near hashes; `hashes` stand in order of arrival.

    Inside a run of equal hashes, and between two near runs, a pair is compared only if one of the two is among the
    first 16 of its run: a fixed camera gives runs of thousands, whose pairs would be quadratic. Later arrivals never
    change which earlier pairs were compared.
    """
    runs = _Runs.from_hashes(hashes)
    near = _all_near_pairs(runs.hashes, radius)
    every = np.arange(len(runs.hashes))
    # A run also pairs with itself, at distance 0.
    pairs = (np.concatenate(parts) for parts in zip(near, (every, every, np.zeros_like(every)), strict=True))
    return _expand_runs(runs, runs, HashPairs(*pairs))


def near_pairs_to_variants(hashes: Hashes, variants: Hashes, radius: int) -> HashPairs:
    """Return pairs i < j in which the hash of one image is near the variant of the other; runs as in `near_pairs`.

    `variants` are the hashes of the same images, mirrored or rotated.
    """
    left, right = _Runs.from_hashes(hashes), _Runs.from_hashes(variants)
    return _expand_runs(left, right, pairs_between(left.hashes, right.hashes, radius))


def union(a: HashPairs, b: HashPairs) -> HashPairs:
    """Return the pairs of both, each once."""
    pairs = np.concatenate([np.stack(a), np.stack(b)], axis=1)
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    keep = np.ones(pairs.shape[1], dtype=bool)
    keep[1:] = (pairs[:2, 1:] != pairs[:2, :-1]).any(axis=0)
    return HashPairs(*pairs[:, keep])


class _Runs(NamedTuple):
    """Distinct hashes: run k is of images members[start[k] : start[k] + size[k]], in order of arrival."""

    hashes: Hashes
    members: Integers
    start: Integers
    size: Integers

    @staticmethod
    def from_hashes(hashes: Hashes) -> "_Runs":
        distinct, inverse, size = np.unique(hashes, return_inverse=True, return_counts=True)
        return _Runs(distinct, np.argsort(inverse, kind="stable"), np.cumsum(size) - size, size)


def _expand_runs(left: _Runs, right: _Runs, runs: HashPairs) -> HashPairs:
    """Return pairs of images (earlier, later) for pairs of runs, each once with its smallest distance."""
    left_start, left_size = left.start[runs.left], left.size[runs.left]
    right_start, right_size = right.start[runs.right], right.size[runs.right]
    left_first, right_first = np.minimum(left_size, COMPARED_PER_RUN), np.minimum(right_size, COMPARED_PER_RUN)
    a, b, pair = (
        np.concatenate(parts)
        for parts in zip(
            _cross_products(left_start, left_first, right_start, right_size),
            _cross_products(left_start + left_first, left_size - left_first, right_start, right_first),
            strict=True,
        )
    )
    a, b, distance = left.members[a], right.members[b], runs.distance[pair]
    a, b = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((distance, b, a))
    a, b, distance = a[order], b[order], distance[order]
    keep = a != b
    keep[1:] &= (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return HashPairs(a[keep], b[keep], distance[keep])


def _cross_products(
    first: Integers, height: Integers, second: Integers, width: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return all (first[k] + y, second[k] + x, k) with y < height[k] and x < width[k]."""
    area = height * width
    pair = np.repeat(np.arange(len(area)), area)
    cell = np.arange(area.sum()) - np.repeat(np.cumsum(area) - area, area)
    return first[pair] + cell // width[pair], second[pair] + cell % width[pair], pair


def _all_near_pairs(hashes: Hashes, radius: int) -> HashPairs:
    """Return the pairs i < j of hashes that differ in at most `radius` bits."""
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius}: expected 0 to {MAX_RADIUS}")
    blocks = _blocks(len(hashes), radius)
    parts = [np.empty((3, 0), dtype=np.int64)]
    for chosen in combinations(range(len(blocks)), len(blocks) - radius):
        keys, rows = _sorted_by([blocks[b] for b in chosen], hashes)
        # Each pair counts for the first choice that finds it: it differs in all blocks left out before the last chosen.
        left_out = [blocks[b] for b in range(max(chosen)) if b not in chosen]
        for i, j, difference in _near_in_runs(keys, hashes[rows], radius):
            first = np.logical_and.reduce([_bits(difference, block) != 0 for block in left_out] or [True])
            ends = np.sort(np.stack([rows[i], rows[j]]), axis=0)
            distance = np.bitwise_count(difference).astype(np.int64)
            parts.append(np.concatenate([ends, distance[None]])[:, np.broadcast_to(first, i.shape)])
    pairs = np.concatenate(parts, axis=1)
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    return HashPairs(pairs[0], pairs[1], pairs[2])


def _blocks(count: int, radius: int) -> list[Block]:
    """Return the blocks of 64 bits, as many as give the least work on random hashes."""

    def work(blocks: int) -> float:
        chosen = blocks - radius
        comparisons = count * count / 2 / math.exp2(BITS * chosen / blocks)
        return math.comb(blocks, chosen) * (comparisons + _COMPARISONS_PER_SORT * (count + _OVERHEAD))

    number = min(range(radius + 1, radius + 9), key=work)
    return [(low, high - low) for low, high in pairwise(BITS * b // number for b in range(number + 1))]


def _sorted_by(blocks: list[Block], hashes: Hashes) -> tuple[Hashes, Integers]:
    """Return sorted keys, made of these blocks of each hash, and the row of each key.

    Key and row share one integer, since plain sorting is several times as fast as argsort. The end of a key that is too
    long is cut: more pairs are compared, and none is missed.
    """
    row_bits = max(len(hashes) - 1, 1).bit_length()
    keys, length = _bits(hashes, blocks[0]), blocks[0][1]
    for block in blocks[1:]:
        keys <<= np.uint64(block[1])
        keys |= _bits(hashes, block)
        length += block[1]
    keys >>= np.uint64(max(length + row_bits - BITS, 0))
    keys <<= np.uint64(row_bits)
    keys |= np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    rows = (keys & np.uint64((1 << row_bits) - 1)).astype(np.int64)
    keys >>= np.uint64(row_bits)
    return keys, rows


def _near_in_runs(keys: Hashes, hashes: Hashes, radius: int) -> Iterator[tuple[Integers, Integers, Hashes]]:
    """Yield positions i < j of equal keys whose hashes are near, and the bits in which these hashes differ.

    Each position is compared with the one 1, 2, 3, ... further on: all positions at once while many keys are equal at
    that step, then only those whose run of equal keys continues.
    """
    for begin in range(0, len(keys), _CHUNK):
        end, step, share = min(begin + _CHUNK, len(keys)), 1, 1.0
        while share > _DENSE:
            here, ahead = slice(begin, min(end, len(keys) - step)), slice(begin + step, end + step)
            equal = keys[here] == keys[ahead]
            difference = hashes[here] ^ hashes[ahead]
            near = np.flatnonzero(equal & (np.bitwise_count(difference) <= radius))
            yield near + begin, near + begin + step, difference[near]
            share = np.count_nonzero(equal) / (end - begin)
            step += 1
        i = np.flatnonzero(equal) + begin
        while len(i := i[i + step < len(keys)]) and len(i := i[keys[i] == keys[i + step]]):
            difference = hashes[i] ^ hashes[i + step]
            near = np.flatnonzero(np.bitwise_count(difference) <= radius)
            yield i[near], i[near] + step, difference[near]
            step += 1


def _bits(hashes: Hashes, block: Block) -> Hashes:
    return (hashes >> np.uint64(block[0])) & np.uint64((1 << block[1]) - 1)
