"""All pairs of 64-bit hashes within a Hamming radius, exactly, and the pairs of members behind equal hashes.

Pigeonhole over combinations (after Manku, Jain and Das Sarma, WWW 2007): of k blocks, two hashes that differ in at most
r bits are equal in at least k - r. So for every choice of k - r blocks the hashes are sorted by them, and what stands
in a run of equal ones is compared. More blocks mean more sorts and fewer comparisons; k follows from the work of both.
"""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]
Block = tuple[int, int]  # lowest bit, number of bits

BITS = 64
MAX_RADIUS = 15  # beyond, pairs mean nothing: hashes of unlike pictures are 32 bits apart, give or take 4
COMPARED_PER_RUN = 16  # members of a run of equal hashes, the earliest ones, that further members are compared with
_CHUNK = 1 << 17  # places compared together: what they touch stays in the processor's cache
_DENSE = 0.1  # share of equal keys below which they are looked up one by one
# Measured: time to sort one hash by one key, over that to compare one pair; and what a key costs at any length.
_COMPARISONS_PER_SORT = 20
_OVERHEAD = 5_000


class HashPairs(NamedTuple):
    """Pairs of positions and the Hamming distance between them, one entry per pair, sorted."""

    left: Indices
    right: Indices
    distance: Indices


def pairs_between(left: Hashes, right: Hashes, radius: int) -> HashPairs:
    """Return every pair (i, j) for which left[i] and right[j] differ in at most `radius` bits (0 to 15)."""
    near = _all_near_pairs(np.concatenate([left, right]), radius)
    across = (near.left < len(left)) & (near.right >= len(left))
    return HashPairs(near.left[across], near.right[across] - len(left), near.distance[across])


def near_pairs(hashes: Hashes, radius: int) -> HashPairs:
    """Return pairs i < j of equal or near hashes; `hashes` stand in order of arrival.

    Inside a run of equal hashes, and between two near runs, a pair is compared only if one of the two is among the
    first 16 of its run. A camera that stands still gives runs of thousands, and all their pairs would be quadratic.
    What arrives later never changes which earlier ones were compared.
    """
    run = _Runs.of(hashes)
    near = _all_near_pairs(run.hashes, radius)
    itself = np.arange(len(run.hashes))
    one_way = (np.concatenate(parts) for parts in zip(near, (itself, itself, np.zeros_like(itself)), strict=True))
    return _expand_runs(run, run, HashPairs(*one_way))


def near_pairs_to_variants(hashes: Hashes, others: Hashes, radius: int) -> HashPairs:
    """Return pairs i < j where the hash of one is near the *other* hash of the other one; as `among`."""
    left, right = _Runs.of(hashes), _Runs.of(others)
    return _expand_runs(left, right, pairs_between(left.hashes, right.hashes, radius))


def union(one: HashPairs, other: HashPairs) -> HashPairs:
    """Return the pairs of both, each once."""
    pairs = np.concatenate([np.stack(one), np.stack(other)], axis=1)
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    keep = np.ones(pairs.shape[1], dtype=bool)
    keep[1:] = (pairs[:2, 1:] != pairs[:2, :-1]).any(axis=0)
    return HashPairs(*pairs[:, keep])


class _Runs(NamedTuple):
    """Equal hashes collapsed: run k holds members[start[k] : start[k] + size[k]], in order of arrival."""

    hashes: Hashes
    members: Indices
    start: Indices
    size: Indices

    @staticmethod
    def of(hashes: Hashes) -> "_Runs":
        distinct, inverse, size = np.unique(hashes, return_inverse=True, return_counts=True)
        return _Runs(distinct, np.argsort(inverse, kind="stable"), np.cumsum(size) - size, size)


def _expand_runs(left: _Runs, right: _Runs, runs: HashPairs) -> HashPairs:
    """Pairs of runs to pairs of members, (earlier, later), each once with its smallest distance."""
    start, size = left.start[runs.left], left.size[runs.left]
    other, other_size = right.start[runs.right], right.size[runs.right]
    early, other_early = np.minimum(size, COMPARED_PER_RUN), np.minimum(other_size, COMPARED_PER_RUN)
    a, b, pair = (
        np.concatenate(parts)
        for parts in zip(
            _cross_products(start, early, other, other_size),
            _cross_products(start + early, size - early, other, other_early),
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
    first: Indices, height: Indices, second: Indices, width: Indices
) -> tuple[Indices, Indices, Indices]:
    """All (first[k] + y, second[k] + x, k) with y < height[k], x < width[k]."""
    area = height * width
    pair = np.repeat(np.arange(len(area)), area)
    cell = np.arange(area.sum()) - np.repeat(np.cumsum(area) - area, area)
    return first[pair] + cell // width[pair], second[pair] + cell % width[pair], pair


def _all_near_pairs(hashes: Hashes, radius: int) -> HashPairs:
    """Return the pairs i < j of hashes that differ in at most `radius` bits."""
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius}: expected 0 to {MAX_RADIUS}")
    blocks = _blocks(len(hashes), radius)
    found = [np.empty((3, 0), dtype=np.int64)]
    for chosen in combinations(range(len(blocks)), len(blocks) - radius):
        keys, rows = _sorted_by([blocks[b] for b in chosen], hashes)
        # A pair belongs to the first choice that finds it: what that choice leaves out before its last block differs.
        before = [blocks[b] for b in range(max(chosen)) if b not in chosen]
        for i, j, difference in _near_in_runs(keys, hashes[rows], radius):
            first = np.logical_and.reduce([_bits(difference, block) != 0 for block in before] or [True])
            ends = np.sort(np.stack([rows[i], rows[j]]), axis=0)
            distance = np.bitwise_count(difference).astype(np.int64)
            found.append(np.concatenate([ends, distance[None]])[:, np.broadcast_to(first, i.shape)])
    pairs = np.concatenate(found, axis=1)
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    return HashPairs(pairs[0], pairs[1], pairs[2])


def _blocks(count: int, radius: int) -> list[Block]:
    """Return the blocks that 64 bits are cut into, as many as mean least work if bits were coins."""

    def work(blocks: int) -> float:
        chosen = blocks - radius
        comparisons = count * count / 2 / math.exp2(BITS * chosen / blocks)
        return math.comb(blocks, chosen) * (comparisons + _COMPARISONS_PER_SORT * (count + _OVERHEAD))

    number = min(range(radius + 1, radius + 9), key=work)
    return [(low, high - low) for low, high in pairwise(BITS * b // number for b in range(number + 1))]


def _sorted_by(blocks: list[Block], hashes: Hashes) -> tuple[Hashes, Indices]:
    """Return keys in ascending order, made of these blocks of each hash, and the row of each.

    Key and row share one integer, since plain sorting is several times as fast as argsort. Where a key is too long its
    end is cut: more is compared, and nothing is missed.
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


def _near_in_runs(keys: Hashes, hashes: Hashes, radius: int) -> Iterator[tuple[Indices, Indices, Hashes]]:
    """Yield places i < j of equal keys whose hashes are near, and the bits in which these differ.

    Every place is compared with the one 1, 2, 3, ... further on: all of them at once while many keys are equal at that
    step, then those alone whose run goes on.
    """
    for begin in range(0, len(keys), _CHUNK):
        end, step, share = min(begin + _CHUNK, len(keys)), 1, 1.0
        while share > _DENSE:
            one, other = slice(begin, min(end, len(keys) - step)), slice(begin + step, end + step)
            equal = keys[one] == keys[other]
            difference = hashes[one] ^ hashes[other]
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
