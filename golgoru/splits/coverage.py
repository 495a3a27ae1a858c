"""Coverage: which classes and wanted edge cases each split shows, and how many are missing there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus.roles import EMPTY
from golgoru.consensus.status import is_settled
from golgoru.core.arrays import Integers
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from golgoru.tables.splits import COVERAGE_KINDS

CLASS, EDGE_CASE = COVERAGE_KINDS
KEY_COLUMNS = ["kind", "key"]


class CoverageGoal(NamedTuple):
    """A class or edge case, and how many of it each split wants (in the order of the splits that have a share)."""

    kind: str
    key: str
    wanted: tuple[int, ...]

    def __str__(self) -> str:
        return f"class '{self.key}'" if self.kind == CLASS else f"edge case {self.key}"


def coverage_goals(labels: pd.DataFrame, edge_cases: EdgeCases, splits: Sequence[str]) -> list[CoverageGoal]:
    """Return what each split should show: every labelled class that training does not ignore, and wanted edge cases."""
    classes = sorted(labels.loc[~labels["ignore"], "label"].unique())
    cases = [(case.id, {str(split): n for split, n in case.wanted.items()}) for case in edge_cases.active]
    return [
        *(CoverageGoal(CLASS, label, (1,) * len(splits)) for label in classes),
        *(
            CoverageGoal(EDGE_CASE, case, tuple(wanted.get(split, 0) for split in splits))
            for case, wanted in cases
            if any(wanted.values())
        ),
    ]


def goal_array(goals: Sequence[CoverageGoal], splits: Sequence[str]) -> Integers:
    """Return (goals, splits): how many are wanted."""
    return np.array([goal.wanted for goal in goals], np.int64).reshape(len(goals), len(splits))


def occurrences(
    *,
    splits: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    duplicates: pd.DataFrame,
) -> pd.DataFrame:
    """Return where classes and edge cases occur on images that a release would have: kind, key, image, group, split.

    One row per object, or per image for an edge case of images. Images that are held back, removed as duplicates,
    contested or unlabelled do not count; nor do, for a class, objects that training ignores. An image that somebody
    reviewed as empty, and on which no object stands, counts as labelled.
    """
    reviewed_empty = annotation_roles["role"] == EMPTY
    reviewed_empty &= ~frames.is_in(annotation_roles["image"], labels["image"])
    agreed = labels[is_settled(labels["status"])]
    labelled = pd.concat([agreed["image"], annotation_roles.loc[reviewed_empty, "image"]])
    releasable = ~splits["held_back"] & ~frames.is_in(splits["image"], duplicates["image"])
    releasable &= frames.is_in(splits["image"], labelled)
    of_class = agreed.loc[~agreed["ignore"], ["label", "image"]].rename(columns={"label": "key"})
    has_label = edge_case_hits["object"].isna() | frames.is_in(edge_case_hits["object"], labels["object"])
    of_case = edge_case_hits.loc[has_label, ["edge_case", "image"]].rename(columns={"edge_case": "key"})
    rows = pd.concat([of_class.assign(kind=CLASS), of_case.assign(kind=EDGE_CASE)], ignore_index=True)
    return rows.merge(splits.loc[releasable, ["image", "group", "split"]], on="image")


class SplitCounts(NamedTuple):
    """Arrays of (goals, splits): groups that show the class or edge case, and objects or images that do."""

    groups: Integers
    found: Integers


def counts_by_split(per_group: pd.DataFrame, goals: Sequence[CoverageGoal], splits: Sequence[str]) -> SplitCounts:
    """Return how often each class or edge case occurs in each split.

    `per_group` has a row per kind, key, group and split, with its `count` of objects or images.
    """
    index = pd.MultiIndex.from_tuples([(goal.kind, goal.key) for goal in goals], names=KEY_COLUMNS)
    by_split = per_group.groupby([*KEY_COLUMNS, "split"], observed=True)["count"].agg(["size", "sum"])
    tables = [
        by_split[column].unstack("split").reindex(index=index, columns=list(splits)) for column in ("size", "sum")
    ]
    return SplitCounts(*(table.fillna(0).to_numpy(np.int64).reshape(len(goals), len(splits)) for table in tables))


def coverage_table(
    goals: Sequence[CoverageGoal],
    splits: Sequence[str],
    counts: SplitCounts,
    with_pins: SplitCounts,
    reasons: Mapping[tuple[int, int], str],
) -> pd.DataFrame:
    """Return table `split_coverage`: counts as they are, and with the proposed pins; `reasons` by goal and split."""
    many = len(goals) * len(splits)
    wanted = goal_array(goals, splits)
    return frames.frame("split_coverage", {
        "kind": np.repeat([goal.kind for goal in goals], len(splits)) if many else [],
        "key": np.repeat([goal.key for goal in goals], len(splits)) if many else [],
        "split": list(splits) * len(goals),
        "groups": counts.groups.ravel(),
        "found": counts.found.ravel(),
        "wanted": wanted.ravel(),
        "missing": np.maximum(wanted - counts.found, 0).ravel(),
        "missing_with_pins": np.maximum(wanted - with_pins.found, 0).ravel(),
        "reason": [reasons.get((k, s)) for k in range(len(goals)) for s in range(len(splits))],
    })  # fmt: skip
