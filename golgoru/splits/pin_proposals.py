"""Which groups to pin so that each split shows the wanted classes and edge cases, and why some stay missing."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array

from golgoru.splits.assignment import Assignment
from golgoru.splits.coverage import (
    CLASS,
    KEY_COLUMNS,
    CoverageGoal,
    counts_by_split,
    coverage_table,
    goal_array,
)
from golgoru.splits.pin_solver import CandidateGroups, GroupMoves, coverage_counts, propose_moves
from golgoru.tables import frames

_SPLITS_IN_WORDS = {1: "one split", 2: "two splits"}


class PinProposals(NamedTuple):
    """Tables `split_coverage` and `proposed_pins`, and whether no smaller set of pins is proven to do as much."""

    coverage: pd.DataFrame
    pins: pd.DataFrame
    proven_smallest: bool


def propose_pins(
    occurrences: pd.DataFrame,
    goals: Sequence[CoverageGoal],
    splits: Sequence[str],
    assignment: Assignment,
    frozen: date | None,
) -> PinProposals:
    """Return what each split shows and lacks, and the pins that would supply it.

    `occurrences` as `coverage.occurrences` returns them; `splits` are those with a share.
    """
    per_group = occurrences.groupby([*KEY_COLUMNS, "group", "split"], as_index=False, observed=True).size()
    per_group = per_group.rename(columns={"size": "count"})
    counts = counts_by_split(per_group, goals, splits)
    candidates = _candidates(per_group, goals, splits, assignment, frozen)
    moves = propose_moves(candidates)
    target = pd.Series(np.array(splits)[moves.targets], index=candidates.names[moves.groups], dtype="str")
    moved = per_group.assign(split=per_group["group"].map(target).astype("str").fillna(per_group["split"]))
    with_pins = counts_by_split(moved, goals, splits)
    reasons = {
        (int(k), int(s)): _missing_reason(goals[k], counts.groups[k], counts.found[k], splits, int(s), frozen)
        for k, s in np.argwhere(goal_array(goals, splits) > with_pins.found)
    }
    table = coverage_table(goals, splits, counts, with_pins, reasons)
    return PinProposals(table, _proposed_pins(candidates, moves, goals, splits, assignment), moves.proven_smallest)


def _candidates(
    per_group: pd.DataFrame,
    goals: Sequence[CoverageGoal],
    splits: Sequence[str],
    assignment: Assignment,
    frozen: date | None,
) -> CandidateGroups:
    """Return the groups that show something wanted. Pinned groups stay, and so does a frozen test set, as it is."""
    index = pd.MultiIndex.from_tuples([(goal.kind, goal.key) for goal in goals], names=KEY_COLUMNS)
    keys = pd.MultiIndex.from_frame(per_group[KEY_COLUMNS])
    number = index.get_indexer(keys) if goals else np.full(len(per_group), -1)
    wanted = per_group[number >= 0].assign(number=number[number >= 0])
    names = pd.Index(wanted["group"].unique()).sort_values()
    # A class is there or not; of an edge case objects count, up to the most that any split wants.
    most = np.array([1 if goal.kind == CLASS else max(goal.wanted) for goal in goals], np.int64)
    units = np.minimum(wanted["count"].to_numpy(np.int64), most[wanted["number"]])
    where = (names.get_indexer(pd.Index(wanted["group"])), wanted["number"].to_numpy(np.int64))
    rows = assignment.splits
    first = rows[["group", "split"]].assign(pinned=assignment.pinned).drop_duplicates("group").set_index("group")
    split = np.array(pd.Index(splits).get_indexer(pd.Index(first["split"].reindex(names))), np.int64)
    movable = np.repeat(~first["pinned"].reindex(names).to_numpy(bool)[:, None], len(splits), axis=1)
    movable[split >= 0, split[split >= 0]] = False
    if frozen is not None and "test" in splits:
        test = list(splits).index("test")
        movable[:, test] = False
        movable[split == test] = False
    return CandidateGroups(
        names=names,
        units=coo_array((units, where), shape=(len(names), len(goals))).tocsr(),
        split=split,
        size=np.array(rows["group"].value_counts().reindex(names), np.int64),
        movable=movable,
        goal=goal_array(goals, splits),
    )


def _proposed_pins(
    candidates: CandidateGroups,
    moves: GroupMoves,
    goals: Sequence[CoverageGoal],
    splits: Sequence[str],
    assignment: Assignment,
) -> pd.DataFrame:
    """Return table `proposed_pins`. A loop over the moves: they are few."""
    missing = candidates.goal - coverage_counts(candidates, candidates.split)
    first = assignment.splits.drop_duplicates("group").set_index("group")
    rows = []
    for at, target in zip(moves.groups.tolist(), moves.targets.tolist(), strict=True):
        name = candidates.names[at]
        units = candidates.units[[at]].toarray()[0]
        covers = [
            str(goal) if goal.kind == CLASS else f"{goal} ({units[k]} of {missing[k, target]} missing)"
            for k, goal in enumerate(goals)
            if units[k] and missing[k, target] > 0
        ]
        row = {"image": first.at[name, "image"], "group": name, "split": splits[target], "was": first.at[name, "split"]}
        rows.append(row | {"covers": "; ".join(covers)})
    return frames.frame("proposed_pins", pd.DataFrame(rows) if rows else None)


def _missing_reason(
    goal: CoverageGoal, groups: Sequence[int], found: Sequence[int], splits: Sequence[str], at: int, frozen: date | None
) -> str:
    """Return why pins do not supply a class or edge case to split `at`; `groups` and `found` are counts per split."""
    total, wanted = int(sum(groups)), sum(goal.wanted)
    short = wanted - (total if goal.kind == CLASS else int(sum(found)))
    if goal.kind == CLASS and not total:
        return f"{goal} has no group with an agreed label that a release would have; collect {short}"
    if goal.kind == CLASS and short > 0:
        enough = f"{total} group{'s' * (total > 1)}, enough for {_SPLITS_IN_WORDS[total]}"
        return f"{goal} has {enough}; collect {short} more"
    if short > 0:
        times = f"{int(sum(found))} time{'s' * (int(sum(found)) != 1)}"
        return f"{goal} is found {times}, and {wanted} are wanted; collect {short} more"
    if frozen is not None and splits[at] == "test":
        return f"{goal}: the test set is frozen since {frozen.isoformat()}, and a pin would change it"
    frozen_too = ", in the frozen test set" if frozen is not None else ""
    return f"{goal}: the groups that show it are pinned{frozen_too}, or needed in the split they are in; collect more"
