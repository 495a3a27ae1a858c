"""Which groups to pin so that classes and edge cases get their seats, and why some seats stay empty."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array

from golgoru.splits import coverage
from golgoru.splits.assignment import Assignment
from golgoru.splits.coverage import CLASS, KEY_COLUMNS, CoverageGoal
from golgoru.splits.pin_solver import CandidateGroups, GroupMoves, coverage_counts, propose_moves
from golgoru.tables import frames

_SPLITS_IN_WORDS = {1: "one split", 2: "two splits"}


class PinProposals(NamedTuple):
    """The two tables, and whether the pins are the smallest set (else found greedily)."""

    coverage: pd.DataFrame
    pins: pd.DataFrame
    exact: bool


def propose_pins(
    found: pd.DataFrame,
    wanted: Sequence[CoverageGoal],
    splits: Sequence[str],
    assigned: Assignment,
    frozen: date | None,
) -> PinProposals:
    """Return `seats` and `proposed_pins`.

    `found` is `seats.shown`, `splits` are those with a share; the rows of `assigned` stand in order of arrival.
    """
    by_group = found.groupby([*KEY_COLUMNS, "group", "split"], as_index=False, observed=True).size()
    by_group = by_group.rename(columns={"size": "many"})
    now = coverage.counts_by_split(by_group, wanted, splits)
    groups = _groups(by_group, wanted, splits, assigned, frozen)
    moves = propose_moves(groups)
    names = groups.names[moves.groups]
    target = pd.Series(np.array(splits)[moves.targets], index=names, dtype="str")
    moved = by_group.assign(split=by_group["group"].map(target).astype("str").fillna(by_group["split"]))
    then = coverage.counts_by_split(moved, wanted, splits)
    why = {
        (int(k), int(s)): _missing_reason(wanted[k], now.groups[k], now.found[k], splits, int(s), frozen)
        for k, s in np.argwhere(_goal(wanted, splits) > then.found)
    }
    pins = _pins(groups, moves, wanted, splits, assigned)
    return PinProposals(coverage.coverage_table(wanted, splits, now, then, why), pins, moves.exact)


def _goal(wanted: Sequence[CoverageGoal], splits: Sequence[str]) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.array([key.wanted for key in wanted], np.int64).reshape(len(wanted), len(splits))


def _groups(
    by_group: pd.DataFrame,
    wanted: Sequence[CoverageGoal],
    splits: Sequence[str],
    assigned: Assignment,
    frozen: date | None,
) -> CandidateGroups:
    """Return the groups that show something wanted. A pinned one stays, and so does a frozen test set, as it is."""
    rows = assigned.splits
    index = pd.MultiIndex.from_tuples([(key.kind, key.key) for key in wanted], names=KEY_COLUMNS)
    number = (
        index.get_indexer(pd.MultiIndex.from_frame(by_group[KEY_COLUMNS]))
        if len(wanted)
        else np.full(len(by_group), -1)
    )
    counts = by_group[number >= 0].assign(number=number[number >= 0])
    names = pd.Index(counts["group"].unique()).sort_values()
    # A class is there or not; objects of an edge case count, up to what any split wants.
    most = np.array([1 if key.kind == CLASS else max(key.wanted) for key in wanted], np.int64)
    units = np.minimum(counts["many"].to_numpy(np.int64), most[counts["number"]])
    where = (names.get_indexer(pd.Index(counts["group"])), counts["number"].to_numpy(np.int64))
    first = rows[["group", "split"]].assign(pinned=assigned.pinned).drop_duplicates("group").set_index("group")
    split = np.array(pd.Index(splits).get_indexer(pd.Index(first["split"].reindex(names))), np.int64)
    movable = np.repeat(~first["pinned"].reindex(names).to_numpy(bool)[:, None], len(splits), axis=1)
    movable[split >= 0, split[split >= 0]] = False
    if frozen is not None and "test" in splits:
        test = list(splits).index("test")
        movable[:, test] = False
        movable[split == test] = False
    size = np.array(rows["group"].value_counts().reindex(names), np.int64)
    shape = (len(names), len(wanted))
    return CandidateGroups(
        names, coo_array((units, where), shape=shape).tocsr(), split, size, movable, _goal(wanted, splits)
    )


def _pins(
    groups: CandidateGroups,
    moves: GroupMoves,
    wanted: Sequence[CoverageGoal],
    splits: Sequence[str],
    assigned: Assignment,
) -> pd.DataFrame:
    """Return table `proposed_pins`. A loop over the moves: they are few."""
    missing = groups.goal - coverage_counts(groups, groups.split)
    first = assigned.splits.drop_duplicates("group").set_index("group")
    rows = []
    for at, target in zip(moves.groups.tolist(), moves.targets.tolist(), strict=True):
        name = groups.names[at]
        units = groups.units[[at]].toarray()[0]
        seated = [
            str(key) if key.kind == CLASS else f"{key} ({units[k]} of {missing[k, target]} missing)"
            for k, key in enumerate(wanted)
            if units[k] and missing[k, target] > 0
        ]
        row = {"image": first.at[name, "image"], "group": name, "split": splits[target], "was": first.at[name, "split"]}
        rows.append(row | {"seats": "; ".join(seated) or "takes the place of a group that moves away"})
    return frames.frame("proposed_pins", pd.DataFrame(rows) if rows else None)


def _missing_reason(
    key: CoverageGoal, groups: Sequence[int], found: Sequence[int], splits: Sequence[str], at: int, frozen: date | None
) -> str:
    """Say why pins do not give a key its seat in the split `at`; `groups` and `found` are its counts per split."""
    there, wanted = int(sum(groups)), sum(key.wanted)
    short = wanted - (there if key.kind == CLASS else int(sum(found)))
    if key.kind == CLASS and not there:
        return f"{key} has no group with an agreed label that a release would have; collect {short}"
    if key.kind == CLASS and short > 0:
        return f"{key} has {there} group{'s' * (there > 1)}: it can stand in {_SPLITS_IN_WORDS[there]}; collect {short} more"
    if short > 0:
        times = f"{int(sum(found))} time{'s' * (int(sum(found)) != 1)}"
        return f"{key} is found {times}, and {wanted} are wanted; collect {short} more"
    if frozen is not None and splits[at] == "test":
        return f"{key}: the test set is frozen since {frozen.isoformat()}, and a pin would change it"
    frozen_too = ", in the frozen test set" if frozen is not None else ""
    return f"{key}: the groups that have it are pinned{frozen_too}, or hold what their split would lack; collect more"
