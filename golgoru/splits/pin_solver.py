"""Which groups to move so that every split shows the classes and edge cases that are wanted there.

A greedy search: the group that supplies most of what is missing moves first, and no move takes from a split what it
needs itself. A lower bound then tells whether the result is proven the smallest set of groups that leaves the least
missing. Measured against the optimum in docs/splits.md.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from golgoru.core.arrays import Flags, Floats, Integers

_ROUNDING = 1e-9  # of the lower bound, a sum of fractions


class CandidateGroups(NamedTuple):
    """The groups that show a wanted class or edge case (a key), by name.

    `units` (groups, keys): how much of each key a group supplies. `split` (groups,): numbers of the splits that have a
    share, from 0; -1 is another split. `size` (groups,): images. `movable` (groups, splits): where each may go, never
    where it is. `goal` (keys, splits): how much is wanted.
    """

    names: pd.Index
    units: csr_array
    split: Integers
    size: Integers
    movable: Flags
    goal: Integers


class GroupMoves(NamedTuple):
    """Positions of the groups that move, where each goes, and whether no smaller set leaves as little missing."""

    groups: Integers
    targets: Integers
    proven_smallest: bool


def propose_moves(groups: CandidateGroups) -> GroupMoves:
    """Return the moves; none where nothing is missing, or where no group can supply what is missing."""
    before = coverage_counts(groups, groups.split)
    moved = _greedy_moves(groups, before)
    positions, targets = np.array([*moved], np.int64), np.array([*moved.values()], np.int64)
    split = groups.split.copy()
    split[positions] = targets
    least_missing = _least_missing(groups, before)
    left = np.maximum(groups.goal - coverage_counts(groups, split), 0).sum(axis=1)
    proven = bool((left == least_missing).all()) and len(moved) <= _fewest_moves(groups, before, least_missing)
    return GroupMoves(positions, targets, proven)


def coverage_counts(groups: CandidateGroups, split: Integers) -> Integers:
    """Return (keys, splits): how much of each key the groups supply to the splits they are in."""
    inside = np.flatnonzero(split >= 0)
    shape = (len(split), groups.goal.shape[1])
    member = coo_array((np.ones(len(inside), np.int64), (inside, split[inside])), shape=shape)
    counts: Integers = (groups.units.T @ member.tocsr()).toarray()
    return counts


def _greedy_moves(groups: CandidateGroups, before: Integers) -> dict[int, int]:
    """Return the target of each group that moves: the largest gain first; of equal ones the smallest, then by name.

    Each turn supplies something that is missing and nothing is ever taken away, so the goals bound the turns.
    """
    counts, split = before.copy(), groups.split.copy()
    order = np.lexsort((groups.names.argsort().argsort(), groups.size))
    rows = order[_may_move(groups)[order].any(axis=1)]
    moved: dict[int, int] = {}
    while True:
        missing = np.maximum(groups.goal - counts, 0)
        spare = np.maximum(counts - groups.goal, 0)
        units = groups.units[rows]
        row, key = np.repeat(np.arange(len(rows)), np.diff(units.indptr)), units.indices
        gain = np.stack([_sum_per_row(np.minimum(units.data, column[key]), row, len(rows)) for column in missing.T], 1)
        gain *= groups.movable[rows]
        needed_here = _sum_per_row(units.data > spare[key, split[rows][row]], row, len(rows)) > 0
        allowed_gain = gain * ~needed_here[:, None]
        if not allowed_gain.size or not allowed_gain.max():
            return moved
        best, target = (int(at) for at in np.unravel_index(int(allowed_gain.argmax()), allowed_gain.shape))
        supplied = groups.units[[rows[best]]].toarray()[0]
        counts[:, split[rows[best]]] -= supplied
        counts[:, target] += supplied
        moved[int(rows[best])] = target
        # What is missing never grows, so a group that supplies nothing now will not later.
        useful = gain.sum(axis=1) > 0
        useful[best] = False
        rows = rows[useful]


def _least_missing(groups: CandidateGroups, before: Integers) -> Integers:
    """Return a lower bound (keys,) of what stays missing, whichever groups move."""
    in_reach: Integers = groups.units.T @ _may_move(groups).astype(np.int64)
    missing = np.maximum(groups.goal - before, 0)
    out_of_reach = np.maximum(missing - in_reach, 0).sum(axis=1)
    least: Integers = np.maximum((groups.goal - before).sum(axis=1), out_of_reach)
    return least


def _fewest_moves(groups: CandidateGroups, before: Integers, least_missing: Integers) -> int:
    """Return a lower bound of the moves with which no more than `least_missing` stays missing.

    By duality: give every key and split a price so that no group supplies more than 1 by one move (here 1 over the
    largest gain of a group that has the key); then the price of all that must be supplied bounds the moves from below.
    """
    missing = np.maximum(groups.goal - before, 0)
    to_supply = missing.sum(axis=1) - least_missing
    row, key = np.repeat(np.arange(len(groups.split)), np.diff(groups.units.indptr)), groups.units.indices
    price: Floats = np.full(missing.shape, np.inf)
    for split, may_move in enumerate(_may_move(groups).T):
        supply = np.minimum(groups.units.data, missing[key, split]) * (may_move[row] & (to_supply[key] > 0))
        gain = _sum_per_row(supply, row, len(groups.split))
        supplies = supply > 0
        np.minimum.at(price[:, split], key[supplies], 1 / gain[row[supplies]])
    # What is missing of a key in the end can be so in any split, so the lowest price holds for all of it.
    lowest = np.where(missing > 0, price, np.inf).min(axis=1, initial=np.inf)
    price = np.where((least_missing == 0)[:, None], price, 0)
    in_full = np.where(missing > 0, price, 0) * missing
    in_part = np.where((least_missing > 0) & (to_supply > 0), lowest, 0) * to_supply
    return int(np.ceil(in_full.sum() + in_part.sum() - _ROUNDING))


def _may_move(groups: CandidateGroups) -> Flags:
    """Return (groups, splits): where each group may go; a group of another split stays there."""
    return groups.movable & (groups.split >= 0)[:, None]


def _sum_per_row(values: NDArray[Any], row: Integers, rows: int) -> Integers:
    return np.bincount(row, weights=values, minlength=rows).astype(np.int64)
