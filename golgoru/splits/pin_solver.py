"""The smallest set of groups to move so that classes and edge cases get the seats that they lack.

An integer program over kinds of groups: groups that stand in one split, show the same of what is at stake, and are of
one size, are one kind. What is at stake begins with what is missing; where the answer would take away something else
that is wanted, that joins, and it is solved again. What is left out of a program only makes it easier, so the first
answer that takes nothing away is the smallest of all.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from golgoru.core.arrays import Integers

MAX_KINDS = 1_000  # of groups; above that, or beyond the nodes of the search, groups are taken greedily
_NODES = 5_000


class CandidateGroups(NamedTuple):
    """Groups that show something wanted, by name. `units` (groups, keys): how much of each key one group seats.

    `split` and `goal` (keys, splits) count the open splits from 0; a group of split -1 stands elsewhere. `size`: images
    of each. `movable` (groups, splits): where each may go.
    """

    names: pd.Index
    units: csr_array
    split: Integers
    size: Integers
    movable: NDArray[np.bool_]
    goal: Integers


class GroupMoves(NamedTuple):
    """Positions of the groups that move, where each goes, and whether it is the smallest set (else found greedily)."""

    groups: Integers
    targets: Integers
    exact: bool


class _Program(NamedTuple):
    """Kinds of groups: `units` (kinds, keys), `many` groups of each, in the order in which they are preferred."""

    units: Integers
    split: Integers
    size: Integers
    movable: NDArray[np.bool_]
    many: Integers
    first: Sequence[str]
    found: Integers
    goal: Integers


def propose_moves(groups: CandidateGroups) -> GroupMoves:
    """Return the moves; none where nothing is missing, or nothing that is missing can be seated."""
    found = coverage_counts(groups, groups.split)
    at_stake: NDArray[np.bool_] = np.any(found < groups.goal, axis=1)
    chosen = GroupMoves(np.empty(0, np.int64), np.empty(0, np.int64), exact=True)
    while at_stake.any():
        kinds = _kinds(groups, at_stake)
        answer = _solved(_program(groups, found, at_stake, kinds)) if len(kinds) <= MAX_KINDS else None
        if answer is None:
            return _greedy(groups, found)
        chosen = _chosen(answer, kinds)
        split = groups.split.copy()
        split[chosen.groups] = chosen.targets
        taken = (coverage_counts(groups, split) < np.minimum(found, groups.goal)).any(axis=1)
        if not taken.any():
            break
        if not (taken & ~at_stake).any():  # rounding inside the solver took away what it was told to keep
            return _greedy(groups, found)
        at_stake |= taken
    return chosen


def coverage_counts(groups: CandidateGroups, split: Integers) -> Integers:
    """Return (keys, splits): what the groups seat where they stand."""
    here = np.flatnonzero(split >= 0)
    where = coo_array((np.ones(len(here), np.int64), (here, split[here])), shape=(len(split), groups.goal.shape[1]))
    seated: Integers = (groups.units.T @ where.tocsr()).toarray()
    return seated


def _kinds(groups: CandidateGroups, at_stake: NDArray[np.bool_]) -> list[Integers]:
    """Return the groups that show what is at stake and may move, by kind, in each the preferred first."""
    units = groups.units[:, np.flatnonzero(at_stake)]
    able = np.flatnonzero((units.sum(axis=1) > 0) & groups.movable.any(axis=1) & (groups.split >= 0))
    # A sum of units with chance weights stands for all of a group's units: equal where they are, and else almost never.
    weights = np.array([_chance(f"key {n}", 2**62) for n in range(units.shape[1])], np.int64)
    alike = pd.DataFrame({
        "shows": units[able] @ weights, "split": groups.split[able], "size": groups.size[able],
        "to": groups.movable[able] @ (1 << np.arange(groups.movable.shape[1])), "name": groups.names[able], "at": able,
    }).sort_values(["size", "name"])  # fmt: skip
    # No smallest set moves more groups of one kind to a split than all its goals together: each must be needed by one.
    most = groups.goal[at_stake].sum()
    alike = alike[alike.groupby(["shows", "split", "to"]).cumcount() < most]
    kinds = alike.groupby(["shows", "split", "to", "size"], sort=False)["at"]
    return [at.to_numpy() for _, at in kinds]


def _program(
    groups: CandidateGroups, found: Integers, at_stake: NDArray[np.bool_], kinds: Sequence[Integers]
) -> _Program:
    first = np.array([at[0] for at in kinds], np.int64)
    units = groups.units[first][:, np.flatnonzero(at_stake)].toarray().astype(np.int64)
    many = np.array([len(at) for at in kinds], np.int64)
    names = groups.names[first].tolist()
    return _Program(
        units, groups.split[first], groups.size[first], groups.movable[first], many, names, found[at_stake],
        groups.goal[at_stake],
    )  # fmt: skip


def _chosen(answer: Integers, kinds: Sequence[Integers]) -> GroupMoves:
    """Return which groups move, from how many (kinds, splits) do: of each kind the preferred ones."""
    at: list[int] = []
    targets: list[int] = []
    for kind, row in enumerate(answer):
        where = np.repeat(np.arange(len(row)), row)
        at += kinds[kind][: len(where)].tolist()
        targets += where.tolist()
    return GroupMoves(np.array(at, np.int64), np.array(targets, np.int64), exact=True)


def _solved(program: _Program) -> Integers | None:
    """Return how many of each kind go to each split: least missing, fewest groups, fewest images, then by chance.

    None where the search takes too many nodes.
    """
    kind, target = np.nonzero(program.movable)
    key, split = np.nonzero(program.found < program.goal)
    rows = _rows(program, kind, target, key, split)
    upper = np.concatenate([program.many[kind], (program.goal - program.found)[key, split]])
    nothing = np.zeros(len(key))
    most = int(program.goal.sum()) + 1
    weight = np.array(
        [_chance(f"{program.first[k]} {t}", 2**17) + 1 for k, t in zip(kind.tolist(), target.tolist(), strict=True)]
    )
    objectives = [
        np.concatenate([np.ones(len(kind)), nothing + most]),
        np.concatenate([program.size[kind], nothing]),
        np.concatenate([weight, nothing]),
    ]
    best = np.zeros(len(upper))
    for objective in objectives:
        found = milp(
            objective, integrality=np.ones(len(upper)), bounds=Bounds(0, upper), constraints=rows,
            options={"node_limit": _NODES, "mip_rel_gap": 0.0},
        )  # fmt: skip
        if found.status != 0:
            return None
        best = np.round(found.x)
        if not best[: len(kind)].any():
            break
        rows = [*rows, LinearConstraint(objective[None, :], -np.inf, objective @ best)]
    answer = np.zeros(program.movable.shape, np.int64)
    answer[kind, target] = best[: len(kind)].astype(np.int64)
    return answer


def _rows(
    program: _Program, kind: Integers, target: Integers, key: Integers, split: Integers
) -> list[LinearConstraint]:
    """Return the constraints: no more of a kind than there is, and every goal met, but for what stays missing."""
    many, variables = len(program.many), len(kind) + len(key)
    column = np.arange(len(kind))
    each = coo_array((np.ones(len(kind)), (kind, column)), shape=(many, variables)).tocsr()
    keys, splits = program.found.shape
    effect = np.zeros((keys, splits, variables))
    effect[:, target, column] += program.units[kind].T
    effect[:, program.split[kind], column] -= program.units[kind].T
    effect[key, split, len(kind) + np.arange(len(key))] = 1
    flat = csr_array(effect.reshape(keys * splits, variables))
    least = (program.goal - program.found).ravel()
    return [LinearConstraint(each, 0, program.many), LinearConstraint(flat, least, np.inf)]


def _greedy(groups: CandidateGroups, found: Integers) -> GroupMoves:
    """Move one group after the other, the one that seats most; of equal ones the smallest, then by name.

    Each turn seats something that is missing, and nothing is ever taken away, so goals bound the turns.
    """
    have, split = found.copy(), groups.split.copy()
    order = np.lexsort((groups.names.argsort().argsort(), groups.size))
    rows = order[groups.movable[order].any(axis=1) & (split[order] >= 0)]
    moved: dict[int, int] = {}
    while True:
        missing = np.maximum(groups.goal - have, 0)
        spare = have - np.minimum(have, groups.goal)
        units = groups.units[rows]
        row, key = np.repeat(np.arange(len(rows)), np.diff(units.indptr)), units.indices
        gain = np.stack([_per_row(np.minimum(units.data, column[key]), row, len(rows)) for column in missing.T], axis=1)
        gain *= groups.movable[rows]
        taken = _per_row(units.data > spare[key, split[rows][row]], row, len(rows)) > 0
        gains = gain * ~taken[:, None]
        if not gains.size or not gains.max():
            return GroupMoves(np.array([*moved], np.int64), np.array([*moved.values()], np.int64), exact=False)
        best, target = (int(at) for at in np.unravel_index(int(gains.argmax()), gains.shape))
        seated = groups.units[[rows[best]]].toarray()[0]
        have[:, split[rows[best]]] -= seated
        have[:, target] += seated
        moved[int(rows[best])] = target
        # What is missing never grows, so who seats nothing now will not later.
        left = gain.sum(axis=1) > 0
        left[best] = False
        rows = rows[left]


def _per_row(values: NDArray[np.generic], row: Integers, rows: int) -> Integers:
    return np.bincount(row, weights=values, minlength=rows).astype(np.int64)


def _chance(text: str, below: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") % below
