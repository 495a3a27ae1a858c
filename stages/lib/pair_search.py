"""All pairs of 64-bit hashes within a Hamming radius, exactly, and the pairs of members behind equal hashes.

Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): cut into 4 bands of 16 bits, two hashes that differ in
at most r bits differ in at most r // 4 bits of some band. So each band is looked up under every such change of it.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

_BANDS = 4
_BITS = 16
MAX_RADIUS = 15  # beyond, a band may differ in 4 bits: 2,517 lookups per hash and band, and pairs mean nothing
_AT_ONCE = 1 << 21  # candidates in memory
COMPARED = 16  # members of a run of equal hashes, the earliest ones, that further members are compared with


class Matches(NamedTuple):
    """Pairs of positions and the Hamming distance between them, one entry per pair, sorted."""

    left: Indices
    right: Indices
    distance: Indices


def within(left: Hashes, right: Hashes, radius: int) -> Matches:
    """Return every pair (i, j) for which left[i] and right[j] differ in at most `radius` bits (0 to 15)."""
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius}: expected 0 to {MAX_RADIUS}")
    found = [np.empty((3, 0), dtype=np.int64)]
    for band in range(_BANDS):
        keys, right_keys = _band(left, band), _band(right, band)
        order = np.argsort(right_keys, kind="stable")
        starts = np.searchsorted(right_keys[order], np.arange((1 << _BITS) + 1))
        for change in _changes(radius // _BANDS):
            first, last = starts[keys ^ change], starts[(keys ^ change) + 1]
            for i, at in _ranges(first, last - first):
                j = order[at]
                distance = np.bitwise_count(left[i] ^ right[j])
                near = np.flatnonzero(distance <= radius)
                near = near[_first_seen(left[i[near]] ^ right[j[near]], band, radius // _BANDS)]
                found.append(np.stack([i[near], j[near], distance[near].astype(np.int64)]))
    pairs = np.concatenate(found, axis=1)
    pairs = pairs[:, np.lexsort((pairs[1], pairs[0]))]
    return Matches(pairs[0], pairs[1], pairs[2])


def among(hashes: Hashes, radius: int) -> Matches:
    """Return pairs i < j of equal or near hashes; `hashes` stand in order of arrival.

    Inside a run of equal hashes, and between two near runs, a pair is compared only if one of the two is among the
    first 16 of its run. A camera that stands still gives runs of thousands, and all their pairs would be quadratic.
    What arrives later never changes which earlier ones were compared.
    """
    run = _Runs.of(hashes)
    near = within(run.hashes, run.hashes, radius)
    one_way = near.left <= near.right
    return _expand(run, run, Matches(*(part[one_way] for part in near)))


def between(hashes: Hashes, others: Hashes, radius: int) -> Matches:
    """Return pairs i < j where the hash of one is near the *other* hash of the other one; as `among`."""
    left, right = _Runs.of(hashes), _Runs.of(others)
    return _expand(left, right, within(left.hashes, right.hashes, radius))


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


def _expand(left: _Runs, right: _Runs, runs: Matches) -> Matches:
    """Pairs of runs to pairs of members, (earlier, later), each once with its smallest distance."""
    start, size = left.start[runs.left], left.size[runs.left]
    other, other_size = right.start[runs.right], right.size[runs.right]
    early, other_early = np.minimum(size, COMPARED), np.minimum(other_size, COMPARED)
    a, b, pair = (
        np.concatenate(parts)
        for parts in zip(
            _rectangles(start, early, other, other_size),
            _rectangles(start + early, size - early, other, other_early),
            strict=True,
        )
    )
    a, b, distance = left.members[a], right.members[b], runs.distance[pair]
    a, b = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((distance, b, a))
    a, b, distance = a[order], b[order], distance[order]
    keep = a != b
    keep[1:] &= (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return Matches(a[keep], b[keep], distance[keep])


def _rectangles(first: Indices, height: Indices, second: Indices, width: Indices) -> tuple[Indices, Indices, Indices]:
    """All (first[k] + y, second[k] + x, k) with y < height[k], x < width[k]."""
    area = height * width
    pair = np.repeat(np.arange(len(area)), area)
    cell = np.arange(area.sum()) - np.repeat(np.cumsum(area) - area, area)
    return first[pair] + cell // width[pair], second[pair] + cell % width[pair], pair


def _ranges(first: Indices, count: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yield (i, first[i] + 0 .. count[i] - 1) for every i, about `_AT_ONCE` at a time."""
    busy = np.flatnonzero(count)
    first, count = first[busy], count[busy]
    before = np.cumsum(count) - count
    chunks = np.flatnonzero(np.diff(before // _AT_ONCE, prepend=-1))
    for begin, end in zip(chunks, np.append(chunks[1:], len(busy)), strict=False):
        offset = before[begin:end] - before[begin]
        at = np.arange(count[begin:end].sum()) + np.repeat(first[begin:end] - offset, count[begin:end])
        yield np.repeat(busy[begin:end], count[begin:end]), at


def _band(hashes: Hashes, band: int) -> Indices:
    return ((hashes >> np.uint64(band * _BITS)) & np.uint64((1 << _BITS) - 1)).astype(np.int64)


def _changes(bits: int) -> list[int]:
    """All 16-bit patterns with at most `bits` bits set."""
    return [sum(1 << bit for bit in chosen) for k in range(bits + 1) for chosen in combinations(range(_BITS), k)]


def _first_seen(difference: Hashes, band: int, bits: int) -> NDArray[np.bool_]:
    """Mask of pairs that no earlier band has found already."""
    earlier = [np.bitwise_count(_band(difference, b)) <= bits for b in range(band)]
    return ~np.logical_or.reduce(earlier) if earlier else np.ones(len(difference), dtype=np.bool_)
