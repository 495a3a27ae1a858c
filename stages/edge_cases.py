"""Find where each edge case of the guideline occurs, on pictures and on objects.

Reads: `images` and `sources` (one row per image), `labels` (one row per object), `votes` (one row per annotation),
`groups` (one row per image), `pairs` (one row per pair of copies), guidelines/classes.yaml and edge_cases.yaml.
Writes: `cases` (one row per edge case and object, or image, where it fires), `judged` (one row per active edge case: of
how many objects or images it can be said at all).

Contested objects count like others: what people disagree on is where the guideline has to decide. Nothing follows for
a picture or label from what is found here; `release` counts it against what is wanted.
"""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import Written
from golgoru.guideline import edge_cases as catalogue
from golgoru.guideline import predicates, python_checks
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCase, EdgeCases, EdgeCaseUnit
from golgoru.shell import run
from golgoru.tables import frames
from golgoru.validation.edge_case_counts import count_edge_case
from golgoru.validation.features.base import FeatureTable
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects, trigger_columns


class Params(Written):
    """No settings: what counts as an edge case stands in guidelines/edge_cases.yaml."""


class Tables(NamedTuple):
    edge_case_hits: pd.DataFrame
    evaluable_edge_cases: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    groups: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    classes: Classes,
    edge_cases: EdgeCases,
    params: Params,
) -> Tables:
    """Return where each active edge case fires. Raises UserError where a trigger cannot be evaluated."""
    facts: dict[EdgeCaseUnit, FeatureTable] = {
        "image": EdgeCaseImages(images, sources, labels, annotation_roles, groups, duplicate_pairs),
        "object": EdgeCaseObjects(labels, images, duplicate_pairs, classes),
    }
    if found := catalogue.trigger_problems(edge_cases, trigger_columns(sources)):
        raise UserError("\n".join(found))
    fired, judged = [], []
    for case in edge_cases.active:
        rows = facts[case.on].select(case.columns())
        answer = _trigger_answers(case, rows)
        hit = facts[case.on].table[answer.fillna(value=False).to_numpy(dtype=bool)]
        about = {"image": hit["image"], "object": hit["object"] if case.on == "object" else None}
        fired.append(frames.frame("edge_case_hits", pd.DataFrame(about, index=hit.index).assign(edge_case=case.id)))
        judged.append({"edge_case": case.id, "rows": int(answer.notna().sum()), "without": _missing_columns(rows)})
    cases = frames.concat(fired, "edge_case_hits")
    metrics = {case.id: count_edge_case(case, cases, labels) for case in edge_cases.active}
    return Tables(cases, frames.frame("evaluable_edge_cases", pd.DataFrame(judged)), {"edge_cases": metrics})


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
    run(transform)
