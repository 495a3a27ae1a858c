"""Which images are candidates for duplicates by their hashes: with radius and number bounded in large sets.

Every bound depends on what had arrived before an image: later arrivals never change which earlier ones were compared.
"""

from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Integers
from golgoru.duplicates.hamming_search import (
    Flags,
    Hashes,
    HashPairs,
    Limit,
    concatenated,
    near_batches,
    pairs_among,
    pairs_between,
)

COMPARED_PER_RUN = 16  # the earliest images of a run of equal hashes, with which its further images are compared
UNBOUNDED = 10_000  # images: among the first ones all near pairs are candidates
NEAREST = 16  # earlier images of near hashes with which each further image is compared
_PER_KEY = 2048  # hashes of equal key with which each is compared; dozens are expected, hundreds where hashes are alike
_PAIRS_HELD = 1 << 22  # pairs in memory before all but the nearest are dropped


class Tier(NamedTuple):
    """The radius of the images up to this number of images, in order of arrival."""

    images: int
    radius: int


# The largest radius at which a photograph is near less than one earlier image by chance, at the rates of CIFAR-10N
# (docs/decisions/duplicates.md). Not below 8, which costs recall of crops alone; so beyond some 1,700,000 photographs
# more than one is near by chance. The search is laid out for one tier after the other: tiers of equal radius differ.
TIERS = (Tier(50_000, 12), Tier(300_000, 10), Tier(3_000_000, 8), Tier(30_000_000, 8), Tier(10**9, 8))


class Candidates(NamedTuple):
    """Pairs i < j of images, sorted, each with its smallest distance; `cut` (n,): images not compared with all near."""

    pairs: HashPairs
    cut: Flags


def radius_of_last(images: int, radius: int | None = None) -> int:
    """Return the radius at which the last of so many images is compared: `radius`, or by default that of its tier."""
    return next(tier.radius for tier in TIERS if images <= tier.images) if radius is None else radius


def near_pairs(hashes: Hashes, radius: int | None) -> Candidates:
    """Return pairs i < j of equal or near hashes; `hashes` stand in order of arrival.

    Inside a run of equal hashes, and between two near runs, a pair is compared only if one of the two is among the
    first 16 of its run: a fixed camera gives runs of thousands, whose pairs would be quadratic. The images after the
    first 10,000 are compared with the first 16 of their run, and with the 16 nearest images before the first image of
    this run.
    """
    first = _Runs.from_hashes(hashes[:UNBOUNDED])
    near = pairs_among(first.hashes, radius_of_last(0, radius))
    every = np.arange(len(first.hashes))
    # A run also pairs with itself, at distance 0.
    pairs = [_expand_runs(first, first, concatenated([near, HashPairs(every, every, np.zeros_like(every))]))]
    runs = _Runs.from_hashes(hashes)
    cut = np.zeros(len(hashes), dtype=bool)
    cut[runs.members[runs.place() > COMPARED_PER_RUN]] = True
    if len(hashes) > UNBOUNDED:
        pairs += [_own_run(runs), _bounded(runs, None, radius, cut)]
    return Candidates(_once(pairs), cut)


def near_pairs_to_variants(hashes: Hashes, variants: Hashes, radius: int | None) -> Candidates:
    """Return pairs i < j in which the hash of one image is near the variant of the other; runs as in `near_pairs`.

    `variants` are the hashes of the same images, mirrored or rotated.
    """
    left, right = _Runs.from_hashes(hashes[:UNBOUNDED]), _Runs.from_hashes(variants[:UNBOUNDED])
    pairs = [_expand_runs(left, right, pairs_between(left.hashes, right.hashes, radius_of_last(0, radius)))]
    cut = np.zeros(len(hashes), dtype=bool)
    if len(hashes) > UNBOUNDED:
        runs, sides = _mixed(_Runs.from_hashes(hashes), _Runs.from_hashes(variants))
        pairs.append(_bounded(runs, sides, radius, cut))
    return Candidates(_once(pairs), cut)


def union(a: HashPairs, b: HashPairs) -> HashPairs:
    """Return the pairs of both, each once."""
    return _once([a, b])


class _Runs(NamedTuple):
    """Distinct hashes, in order of arrival: run k is of images members[start[k] : start[k] + size[k]], likewise."""

    hashes: Hashes
    members: Integers
    start: Integers
    size: Integers

    @staticmethod
    def from_hashes(hashes: Hashes) -> "_Runs":
        by_hash = np.argsort(hashes, kind="stable")
        begins = np.ones(len(hashes), dtype=bool)
        begins[1:] = hashes[by_hash[1:]] != hashes[by_hash[:-1]]
        start = np.flatnonzero(begins)
        size = np.diff(start, append=len(hashes))
        arrived = np.argsort(by_hash[start])
        return _Runs(hashes[by_hash[start]][arrived], by_hash, start[arrived], size[arrived])

    @property
    def first(self) -> Integers:
        """The first image of each run."""
        first: Integers = self.members[self.start]
        return first

    def place(self) -> Integers:
        """Return the place inside its run of each of the members, from 0 on."""
        begin = np.zeros(len(self.members), dtype=np.int64)
        begin[self.start] = self.start
        return np.arange(len(begin)) - np.maximum.accumulate(begin)


def _once(parts: list[HashPairs]) -> HashPairs:
    """Return the pairs of all parts, sorted, each once with its smallest distance."""
    a, b, distance = concatenated(parts)
    order = np.lexsort((distance, b, a))
    a, b, distance = a[order], b[order], distance[order]
    keep = np.ones(len(a), dtype=bool)
    keep[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return HashPairs(a[keep], b[keep], distance[keep])


def _expand_runs(left: _Runs, right: _Runs, runs: HashPairs) -> HashPairs:
    """Return pairs of images (earlier, later) for pairs of runs."""
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
    keep = a != b
    return HashPairs(a[keep], b[keep], distance[keep])


def _cross_products(
    first: Integers, height: Integers, second: Integers, width: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return all (first[k] + y, second[k] + x, k) with y < height[k] and x < width[k]."""
    area = height * width
    pair = np.repeat(np.arange(len(area)), area)
    cell = np.arange(area.sum()) - np.repeat(np.cumsum(area) - area, area)
    return first[pair] + cell // width[pair], second[pair] + cell % width[pair], pair


def _own_run(runs: _Runs) -> HashPairs:
    """Return the pairs of each image after the first 10,000 and the first 16 of its run."""
    several = np.flatnonzero(runs.size > 1)
    start, size = runs.start[several], runs.size[several]
    a, b, _ = _cross_products(start, np.minimum(size, COMPARED_PER_RUN), start, size)
    keep = (a < b) & (runs.members[b] >= UNBOUNDED)
    a, b = runs.members[a[keep]], runs.members[b[keep]]
    return HashPairs(a, b, np.zeros_like(a))


def _mixed(left: _Runs, right: _Runs) -> tuple[_Runs, Flags]:
    """Return the runs of both sides as one, in order of arrival, and which of them are of the right side."""
    order = np.argsort(np.concatenate([left.first, right.first]), kind="stable")
    mixed = _Runs(
        np.concatenate([left.hashes, right.hashes])[order],
        np.concatenate([left.members, right.members]),
        np.concatenate([left.start, right.start + len(left.members)])[order],
        np.concatenate([left.size, right.size])[order],
    )
    return mixed, order >= len(left.hashes)


def _bounded(runs: _Runs, sides: Flags | None, radius: int | None, cut: Flags) -> HashPairs:
    """Return the pairs of each image after the first 10,000 and the 16 nearest images before its run."""
    nearest = _NearestEarlier(runs)
    begin = 0
    for tier in TIERS:
        if begin >= len(cut):
            break
        end = np.searchsorted(runs.first, tier.images)
        limit = Limit(_PER_KEY, tier.images * (1 if sides is None else 2), np.zeros(end, dtype=bool))
        within = tier.radius if radius is None else radius
        new = runs.first[:end] >= begin  # a pair belongs to the tier of the later of the two
        for i, j, distance in near_batches(runs.hashes[:end], None if sides is None else sides[:end], within, limit):
            nearest.add(HashPairs(i[new[j]], j[new[j]], distance[new[j]]))
        nearest.cut[:end] |= limit.cut & new
        begin = tier.images
    pairs = nearest.pairs()
    cut[nearest.images_cut()] = True
    return pairs


class _NearestEarlier:
    """The nearest images before each of `runs`."""

    def __init__(self, runs: _Runs) -> None:
        self.cut = np.zeros(len(runs.hashes), dtype=bool)
        self._runs, self._first = runs, runs.first
        self._settled = concatenated([])
        self._new: list[HashPairs] = []
        self._new_count = 0

    def add(self, near: HashPairs) -> None:
        """Note pairs of runs (earlier, later) that are near."""
        self._new.append(near)
        self._new_count += len(near.left)
        if self._new_count > max(_PAIRS_HELD, len(self._settled.left)):
            self._settle()

    def _settle(self) -> None:
        self._settled = self._nearest(concatenated([self._settled, *self._new]))
        self._new, self._new_count = [], 0

    def _nearest(self, pairs: HashPairs) -> HashPairs:
        """Return the 16 nearest for each later one, the earliest of equally near ones."""
        order = np.lexsort((pairs.left, pairs.distance, pairs.right))
        later = pairs.right[order]
        begins = np.flatnonzero(np.diff(later, prepend=-1))
        place = np.arange(len(later)) - np.repeat(begins, np.diff(begins, append=len(later)))
        self.cut[later[place >= NEAREST]] = True
        kept = order[place < NEAREST]
        return HashPairs(*(column[kept] for column in pairs))

    def pairs(self) -> HashPairs:
        """Return pairs of images: the 16 nearest before the run, and each image of the run after the first 10,000."""
        self._settle()
        near, run, distance = self._settled
        size = np.minimum(self._runs.size[near], COMPARED_PER_RUN)
        member, _, pair = _cross_products(self._runs.start[near], size, run, np.ones_like(size))
        image, run, distance = self._runs.members[member], run[pair], distance[pair]
        before = image < self._first[run]
        image, run, distance = self._nearest(HashPairs(image[before], run[before], distance[before]))
        every = np.arange(len(run))
        entry, member, _ = _cross_products(every, np.ones_like(run), self._runs.start[run], self._runs.size[run])
        later = self._runs.members[member]
        keep = later >= UNBOUNDED
        return HashPairs(image[entry[keep]], later[keep], distance[entry[keep]])

    def images_cut(self) -> Integers:
        """Return the images after the first 10,000 whose run was not compared with all that is near."""
        runs = np.flatnonzero(self.cut)
        member, _, _ = _cross_products(self._runs.start[runs], self._runs.size[runs], runs, np.ones_like(runs))
        images = self._runs.members[member]
        kept: Integers = images[images >= UNBOUNDED]
        return kept
