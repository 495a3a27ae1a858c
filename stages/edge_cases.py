"""Find where each edge case of the guideline occurs, on images and on objects.

Reads: `images` and `sources` (one row per image), `labels` (one row per object), `annotation_roles` (one row per
annotation), `groups` (one row per image), `duplicate_pairs` (one row per pair of duplicates), guidelines/classes.yaml
and guidelines/edge_cases.yaml.
Writes: `edge_case_hits` (one row per edge case and object, or image, where its trigger fires), `evaluable_edge_cases`
(one row per active edge case: for how many objects or images its trigger can be evaluated).

Contested objects count like others, since where annotators disagree the guideline has to decide. No image or label is
changed by what is found here; stage `release` compares the counts with what is wanted.
"""

from typing import Annotated, Any, NamedTuple

import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import ConfigModel
from golgoru.guideline import predicates, python_checks
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCase, EdgeCases, EdgeCaseUnit, trigger_problems
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.validation.edge_case_counts import HitCounts
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects, trigger_columns


class Params(ConfigModel):
    """No settings: guidelines/edge_cases.yaml says what counts as an edge case."""


class Tables(NamedTuple):
    """What the stage writes."""

    edge_case_hits: pd.DataFrame
    evaluable_edge_cases: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: Annotated[pd.DataFrame, columns(coded=("image", "role"))],
    groups: Annotated[pd.DataFrame, columns("image", "group")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind")],
    classes: Classes,
    edge_cases: EdgeCases,
    params: Params,
) -> Tables:
    """Return where each active edge case fires. Raises UserError where a trigger cannot be evaluated."""
    del params  # it has none
    features: dict[EdgeCaseUnit, FeatureTable] = {
        "image": EdgeCaseImages(
            images=images,
            sources=sources,
            labels=labels,
            annotation_roles=annotation_roles,
            groups=groups,
            duplicate_pairs=duplicate_pairs,
        ),
        "object": EdgeCaseObjects(labels=labels, images=images, duplicate_pairs=duplicate_pairs, classes=classes),
    }
    if problems := trigger_problems(edge_cases, trigger_columns(sources)):
        raise UserError("\n".join(problems))
    hits, evaluable = [], []
    for case in edge_cases.active:
        rows = features[case.on].select(case.columns())
        answers = _trigger_answers(case, rows)
        hit = features[case.on].table[answers.fillna(value=False).to_numpy(dtype=bool)]
        keys = {"image": hit["image"], "object": hit["object"] if case.on == "object" else None}
        hits.append(frames.frame("edge_case_hits", pd.DataFrame(keys, index=hit.index).assign(edge_case=case.id)))
        evaluable_rows, missing = int(answers.notna().sum()), _missing_columns(rows)
        evaluable.append({"edge_case": case.id, "rows": evaluable_rows, "missing_columns": missing})
    edge_case_hits = frames.concat(hits, "edge_case_hits")
    found = HitCounts(edge_case_hits, labels, frames.positions(edge_case_hits["object"], labels["object"]))
    counts = {case.id: found.of(case) for case in edge_cases.active}
    evaluable_edge_cases = frames.frame("evaluable_edge_cases", pd.DataFrame(evaluable))
    return Tables(edge_case_hits, evaluable_edge_cases, {"edge_cases": counts})


def _trigger_answers(case: EdgeCase, rows: pd.DataFrame) -> pd.Series:
    """Return where the trigger fires, where it does not, and null where a value that it needs is missing."""
    try:
        if case.check is not None:
            return python_checks.run_check(case.check, rows)
        return predicates.evaluate({case.id: case.predicate or ""}, rows)[case.id]
    except predicates.PredicateError as error:
        raise UserError(f"{paths.EDGE_CASES}: {case.id}: cannot be evaluated on these data: {error}") from None


def _missing_columns(rows: pd.DataFrame) -> str | None:
    """Name the columns that have no value in any row."""
    return ", ".join(sorted(str(column) for column in rows if rows[column].isna().all())) or None


if __name__ == "__main__":
    run_stage(transform)
