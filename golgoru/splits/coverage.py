"""Seats: which classes and wanted edge cases stand in which split, and what of them is missing there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames

CLASS, EDGE_CASE = "class", "edge case"
KEY_COLUMNS = ["kind", "key"]


class CoverageGoal(NamedTuple):
    """A class, or an edge case, and how many of it each split wants (in the order of the open splits)."""

    kind: str
    key: str
    wanted: tuple[int, ...]

    def __str__(self) -> str:
        return f"class '{self.key}'" if self.kind == CLASS else f"edge case {self.key}"


def coverage_goals(labels: pd.DataFrame, edge_cases: EdgeCases, splits: Sequence[str]) -> list[CoverageGoal]:
    """Return what wants a seat: every class that labels have and training does not ignore, every wanted edge case."""
    classes = sorted(labels.loc[~labels["ignore"], "label"].unique())
    wanted = [(case.id, {str(split): n for split, n in case.wanted.items()}) for case in edge_cases.active]
    return [
        *(CoverageGoal(CLASS, label, (1,) * len(splits)) for label in classes),
        *(
            CoverageGoal(EDGE_CASE, name, tuple(by_split.get(split, 0) for split in splits))
            for name, by_split in wanted
            if any(by_split.values())
        ),
    ]


def occurrences(
    splits: pd.DataFrame, labels: pd.DataFrame, votes: pd.DataFrame, cases: pd.DataFrame, copies: pd.DataFrame
) -> pd.DataFrame:
    """Return where classes and edge cases occur on what a release would have: kind, key, image, group, split.

    One row per object, or per image for an edge case of images. What is held, left out as a copy, contested or
    unlabelled is not there; of a class neither is what training ignores. A picture that somebody found empty and on
    which no object stands counts as reviewed empty.
    """
    empty = votes.loc[(votes["role"] == "empty") & ~frames.is_in(votes["image"], labels["image"]), "image"]
    agreed = labels[labels["status"] != "contested"]
    stays = ~splits["held"] & ~frames.is_in(splits["image"], copies["image"])
    stays &= frames.is_in(splits["image"], pd.concat([agreed["image"], empty]))
    of_class = agreed.loc[~agreed["ignore"], ["label", "image"]].rename(columns={"label": "key"})
    released = cases["object"].isna() | frames.is_in(cases["object"], labels["object"])
    of_case = cases.loc[released, ["edge_case", "image"]].rename(columns={"edge_case": "key"})
    found = pd.concat([of_class.assign(kind=CLASS), of_case.assign(kind=EDGE_CASE)], ignore_index=True)
    return found.merge(splits.loc[stays, ["image", "group", "split"]], on="image")


class SplitCounts(NamedTuple):
    """Arrays of (keys, splits): groups that show it, and objects or images that do."""

    groups: NDArray[np.int64]
    found: NDArray[np.int64]


def counts_by_split(found: pd.DataFrame, wanted: Sequence[CoverageGoal], splits: Sequence[str]) -> SplitCounts:
    """Return how often each key occurs in each split; `found` says per kind, key, group and split how `many`."""
    index = pd.MultiIndex.from_tuples([(key.kind, key.key) for key in wanted], names=KEY_COLUMNS)
    by_seat = found.groupby([*KEY_COLUMNS, "split"], observed=True)["many"].agg(["size", "sum"])
    tables = [by_seat[column].unstack("split").reindex(index=index, columns=list(splits)) for column in ("size", "sum")]
    return SplitCounts(*(table.fillna(0).to_numpy(np.int64).reshape(len(wanted), len(splits)) for table in tables))


def coverage_table(
    wanted: Sequence[CoverageGoal],
    splits: Sequence[str],
    now: SplitCounts,
    then: SplitCounts,
    why: Mapping[tuple[int, int], str],
) -> pd.DataFrame:
    """Return table `seats`: `now` as it stands, `then` with the proposed pins; `why` by key and split, numbered."""
    many = len(wanted) * len(splits)
    goal = np.array([key.wanted for key in wanted], np.int64).reshape(len(wanted), len(splits))
    return frames.frame("split_coverage", {
        "kind": np.repeat([key.kind for key in wanted], len(splits)) if many else [],
        "key": np.repeat([key.key for key in wanted], len(splits)) if many else [],
        "split": list(splits) * len(wanted),
        "groups": now.groups.ravel(),
        "found": now.found.ravel(),
        "wanted": goal.ravel(),
        "missing": np.maximum(goal - now.found, 0).ravel(),
        "short": np.maximum(goal - then.found, 0).ravel(),
        "why": [why.get((k, s)) for k in range(len(wanted)) for s in range(len(splits))],
    })  # fmt: skip
