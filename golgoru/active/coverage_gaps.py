"""What is missing, and which unlabelled pictures probably show it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core.arrays import Floats

# A class that is less probable is not worth looking for there.
_MIN_PROBABILITY = 0.05


class CoverageGaps(NamedTuple):
    """How many more of each class, and of each edge case, are to be collected; those of which none are left out."""

    classes: pd.Series
    edge_cases: pd.Series


def coverage_gaps(seats: pd.DataFrame, plan: pd.DataFrame) -> CoverageGaps:
    """Return what is missing: in a split, whatever pins could do, and in train until classes count as they should."""
    short = seats[seats["short"] > 0]
    of_kind = {kind: rows.groupby("key")["short"].sum() for kind, rows in short.groupby("kind")}
    nothing = pd.Series(dtype=float)
    balance = plan[(plan["split"] == "train") & (plan["by"] == "class") & (plan["even"].fillna(0) > 0)]
    classes = pd.concat([of_kind.get("class", nothing), balance.set_index("value")["even"].astype(float)])
    return CoverageGaps(
        classes.groupby(level=0).max().sort_index().astype(float),
        of_kind.get("edge case", nothing).sort_index().astype(float),
    )


class CoverageScores(NamedTuple):
    """Per image how much it is wanted, 0 to 1; for which class, and how probable that is; for which edge cases."""

    score: Floats
    label: NDArray[np.object_]
    probable: Floats
    edge_cases: pd.Series


def coverage_scores(
    images: pd.Index, shows: Floats, classes: list[str], cases: pd.DataFrame, found: CoverageGaps
) -> CoverageScores:
    """Return how much each image is wanted for what is missing.

    `shows` (n, classes): how probable it is that the image shows the class.
    """
    weight = found.classes.reindex(classes).fillna(0.0).to_numpy(float)
    weight = weight / weight.sum() if weight.sum() > 0 else weight
    by_class = np.where(shows >= _MIN_PROBABILITY, shows, 0) * weight
    fires = cases[cases["edge_case"].isin(found.edge_cases.index) & cases["image"].isin(images)]
    named = fires.drop_duplicates(["image", "edge_case"]).sort_values("edge_case")
    edges = named.groupby("image")["edge_case"].agg(", ".join).reindex(images).astype("str")
    label, probable = np.full(len(images), None, dtype=object), np.zeros(len(images))
    if by_class.shape[1]:
        best = by_class.argmax(axis=1)
        label[:] = np.where(by_class.max(axis=1) > 0, np.array(classes, dtype=object)[best], None)
        probable = shows[np.arange(len(images)), best]
    score = np.maximum(by_class.sum(axis=1), edges.notna().to_numpy(float))
    return CoverageScores(score.clip(0, 1), label, probable, edges)


def coverage_reason(found: CoverageScores, at: int) -> str:
    """Return why an image is wanted, by its place."""
    parts = []
    if found.label[at] is not None:
        parts.append(f"may show {found.label[at]} ({found.probable[at]:.2f}), of which more is missing")
    if isinstance(found.edge_cases.iloc[at], str):
        parts.append(f"edge case {found.edge_cases.iloc[at]}, of which more are wanted")
    return "; ".join(parts)
