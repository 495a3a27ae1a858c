"""Search for all pairs of 64-bit hashes within a Hamming radius, among one set of hashes or between two.

Pigeonhole, twice. Two hashes that differ in at most r bits differ in at most r // 2 of the lower 32 bits, or in at most
(r - 1) // 2 of the upper ones. And of k blocks of such a half, two hashes that differ in at most e bits are equal in at
least k - e (after Manku, Jain and Das Sarma, WWW 2007). So for every choice of k - e blocks the hashes are sorted by
these blocks, and those with equal blocks are compared. More blocks mean more sorts and fewer comparisons; k is chosen
for the least total work.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golgoru.core.arrays import Integers

Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint16]  # numpy sorts 16 bits by radix, three times as fast as more
Flags = NDArray[np.bool_]
Block = tuple[int, int]  # lowest bit, number of bits

BITS = 64
MAX_RADIUS = 15  # bits; hashes of different images are about 32 bits apart, with a standard deviation of 4
_HALF, _KEY_BITS = 32, 16
_CHUNK = 1 << 17  # positions compared together: their data fit the processor's cache
_DENSE = 0.35  # share of positions with something left to compare, below which they are looked up one by one
# Measured: the time to sort one hash by one key, and the fixed cost of a key; in comparisons of one pair (1.7 ns).
_COMPARISONS_PER_SORT = 5
_OVERHEAD = 100_000


class HashPairs(NamedTuple):
    """Pairs of positions and the Hamming distance between them."""

    left: Integers
    right: Integers
    distance: Integers


class Limit(NamedTuple):
    """How many hashes of one key each hash is compared with: the last ones before it. Without a limit all are found.

    What a limit leaves out depends on the keys, so that these are chosen for `expected` hashes, however many there are:
    later hashes then never change which earlier ones were compared. `cut` (n,) is set to true for each hash that may
    not have been compared with all before it.
    """

    per_key: int
    expected: int
    cut: Flags


def pairs_between(left: Hashes, right: Hashes, radius: int) -> HashPairs:
    """Return every pair (i, j) for which left[i] and right[j] differ in at most `radius` bits (0 to 15), sorted."""
    of_right = np.arange(len(left) + len(right)) >= len(left)
    pairs = _sorted(near_batches(np.concatenate([left, right]), of_right, radius))
    return pairs._replace(right=pairs.right - len(left))


def pairs_among(hashes: Hashes, radius: int) -> HashPairs:
    """Return every pair i < j of hashes that differ in at most `radius` bits (0 to 15), sorted."""
    return _sorted(near_batches(hashes, None, radius))


def near_batches(hashes: Hashes, sides: Flags | None, radius: int, limit: Limit | None = None) -> Iterator[HashPairs]:
    """Yield the pairs i < j of near hashes in batches, each pair once: of the two sides, or without `sides` all."""
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius}: expected 0 to {MAX_RADIUS}")
    lower_errors = radius // 2
    for lowest, errors in ((0, lower_errors), (_HALF, (radius - 1) // 2)):
        if errors < 0:
            continue
        blocks = _blocks(len(hashes) if limit is None else limit.expected, lowest, errors)
        values = [_bits(hashes, block).astype(np.uint16) for block in blocks]
        for chosen in combinations(range(len(blocks)), len(blocks) - errors):
            keys = _keys([values[b] for b in chosen], [blocks[b] for b in chosen])
            # Each pair counts once: for the lower half if that is near, and for the first choice of blocks that finds
            # it, where it differs in all blocks left out before the last chosen.
            left_out = [blocks[b] for b in range(max(chosen)) if b not in chosen]
            for i, j, difference in _of_equal_keys(hashes, keys, radius, limit):
                lower_near = np.bitwise_count(difference & np.uint64((1 << _HALF) - 1)) <= lower_errors
                wanted = lower_near == (lowest == 0)
                for block in left_out:
                    wanted &= _bits(difference, block) != 0
                if sides is not None:
                    wanted &= sides[i] != sides[j]
                if wanted.any():
                    distance = np.bitwise_count(difference[wanted]).astype(np.int64)
                    yield HashPairs(i[wanted], j[wanted], distance)


def _sorted(batches: Iterator[HashPairs]) -> HashPairs:
    pairs = concatenated(list(batches))
    order = np.lexsort((pairs.right, pairs.left))
    return HashPairs(*(part[order] for part in pairs))


def concatenated(parts: Sequence[HashPairs]) -> HashPairs:
    """Return the pairs of all parts, one after the other."""
    nothing = HashPairs(*np.empty((3, 0), dtype=np.int64))
    return HashPairs(*(np.concatenate(column) for column in zip(nothing, *parts, strict=True)))


def _blocks(expected: int, lowest: int, errors: int) -> list[Block]:
    """Return the blocks of the 32 bits from `lowest` on, as many as give the least work on random hashes."""

    def work(blocks: int) -> float:
        chosen = blocks - errors
        comparisons = expected * expected / 2 / math.exp2(min(_HALF * chosen / blocks, _KEY_BITS))
        return math.comb(blocks, chosen) * (comparisons + _COMPARISONS_PER_SORT * expected + _OVERHEAD)

    number = min(range(errors + 1, errors + 9), key=work)
    edges = [lowest + _HALF * b // number for b in range(number + 1)]
    return [(low, high - low) for low, high in pairwise(edges)]


def _keys(values: Sequence[Keys], blocks: Sequence[Block]) -> Keys:
    """Return the key of each hash, made of these blocks.

    The first bits of a key that is too long are lost: more pairs are compared, and none is missed.
    """
    keys = values[0].copy()
    for value, (_, bits) in zip(values[1:], blocks[1:], strict=True):
        keys <<= np.uint16(bits)
        keys |= value
    return keys


def _of_equal_keys(
    hashes: Hashes, keys: Keys, radius: int, limit: Limit | None
) -> Iterator[tuple[Integers, Integers, Hashes]]:
    """Yield the pairs i < j of equal keys whose hashes are near, and the bits in which these hashes differ.

    The hashes of one key stand together, in their own order; `before` says with how many before it each is compared.
    """
    rows = np.argsort(keys, kind="stable")
    sizes = np.bincount(keys)
    before = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    if limit is not None:
        limit.cut[rows[before > limit.per_key]] = True
        np.minimum(before, limit.per_key, out=before)
    together = hashes[rows]
    for begin in range(0, len(rows), _CHUNK):
        for i, j, difference in _near(together, before[begin : begin + _CHUNK].astype(np.int32), begin, radius):
            yield rows[i], rows[j], difference


def _near(
    hashes: Hashes, before: NDArray[np.int32], begin: int, radius: int
) -> Iterator[tuple[Integers, Integers, Hashes]]:
    """Yield positions i < j of near hashes: each from `begin` on is compared with `before` of those before it.

    All positions at once, in slices, while many have that many before them; then only these. Two sides stand mixed for
    the slices' sake: to look up the other side alone takes 32 ms for a million hashes and 8 comparisons, slices 13.
    """
    end, step = begin + len(before), 1
    while np.count_nonzero(before >= step) > _DENSE * len(before):
        first = max(begin, step)
        difference = hashes[first:end] ^ hashes[first - step : end - step]
        near = np.flatnonzero(np.bitwise_count(difference) <= radius)
        if len(near) and len(near := near[before[near + first - begin] >= step]):
            yield near + first - step, near + first, difference[near]
        step += 1
    j = np.flatnonzero(before >= step) + begin
    while len(j):
        difference = hashes[j] ^ hashes[j - step]
        near = np.flatnonzero(np.bitwise_count(difference) <= radius)
        if len(near):
            yield j[near] - step, j[near], difference[near]
        step += 1
        j = j[before[j - begin] >= step]


def _bits(hashes: Hashes, block: Block) -> Hashes:
    return (hashes >> np.uint64(block[0])) & np.uint64((1 << block[1]) - 1)
