"""Of which classes and edge cases examples are missing, and which unlabelled images probably show them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core.arrays import Floats
from golgoru.tables import coded, frames

# A class that is less probable is not worth searching for there.
_MIN_PROBABILITY = 0.05


class CoverageGaps(NamedTuple):
    """How many examples of each class, and of each edge case, are missing; those of which none are, are left out."""

    classes: pd.Series
    edge_cases: pd.Series


def coverage_gaps(*, split_coverage: pd.DataFrame, collection_plan: pd.DataFrame) -> CoverageGaps:
    """Return what is missing in a split, whatever is pinned, and in train until the classes meet their target."""
    missing = split_coverage[split_coverage["missing_with_pins"] > 0]
    by_kind = {kind: rows.groupby("key")["missing_with_pins"].sum() for kind, rows in missing.groupby("kind")}
    nothing = pd.Series(dtype=float)
    of_train = (collection_plan["split"] == "train") & (collection_plan["by"] == "class")
    plan = collection_plan[of_train & (collection_plan["collect_unweighted"].fillna(0) > 0)]
    planned = plan.set_index("value")["collect_unweighted"].astype(float)
    classes = pd.concat([by_kind.get("class", nothing), planned])
    return CoverageGaps(
        classes.groupby(level=0).max().sort_index().astype(float),
        by_kind.get("edge case", nothing).sort_index().astype(float),
    )


class CoverageScores(NamedTuple):
    """Per image: how far it fills gaps, 0 to 1; the class that it probably shows, and the edge cases that it shows."""

    score: Floats
    label: NDArray[np.object_]
    probability: Floats
    edge_cases: pd.Series


def coverage_scores(
    images: pd.Index, class_probability: Floats, classes: list[str], edge_case_hits: pd.DataFrame, gaps: CoverageGaps
) -> CoverageScores:
    """Return how far each image fills the gaps. `class_probability` (n, classes): that the image shows the class."""
    weight = gaps.classes.reindex(classes).fillna(0.0).to_numpy(float)
    weight = weight / weight.sum() if weight.sum() > 0 else weight
    by_class = np.where(class_probability >= _MIN_PROBABILITY, class_probability, 0) * weight
    missing = coded.is_in(edge_case_hits["edge_case"], gaps.edge_cases.index)
    missing &= coded.is_in(edge_case_hits["image"], images)
    hits = frames.as_texts(edge_case_hits[missing]).drop_duplicates(["image", "edge_case"]).sort_values("edge_case")
    edge_cases = hits.groupby("image")["edge_case"].agg(", ".join).reindex(images).astype("str")
    label, probability = np.full(len(images), None, dtype=object), np.zeros(len(images))
    if by_class.shape[1]:
        best = by_class.argmax(axis=1)
        label[:] = np.where(by_class.max(axis=1) > 0, np.array(classes, dtype=object)[best], None)
        probability = class_probability[np.arange(len(images)), best]
    score = np.maximum(by_class.sum(axis=1), edge_cases.notna().to_numpy(float))
    return CoverageScores(score.clip(0, 1), label, probability, edge_cases)


def coverage_reason(scores: CoverageScores, position: int) -> str:
    """Return which gaps the image at that position fills."""
    parts = []
    if scores.label[position] is not None:
        parts.append(f"may show {scores.label[position]} ({scores.probability[position]:.2f}), which needs more images")
    if isinstance(scores.edge_cases.iloc[position], str):
        parts.append(f"edge case {scores.edge_cases.iloc[position]}, which needs more images")
    return "; ".join(parts)
