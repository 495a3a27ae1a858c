"""Run the expectation suites on pictures, deliveries and words, and say which rows are set aside.

Reads: images (one row per file), sources (one row per image), annotations (one row per word), rejects (one
row per file or line that could not be read); the guideline, its suites and baseline under expectations/.

Writes: violations (one row per broken rule and row). Nothing is dropped here: later stages leave out what
stands there as `set aside`, so that one table says all.

Rules: those of guidelines/rules.yaml on the four tables. All of them run; then a broken one whose action is
`stop` ends the run with exit 1, the table of violations on disk.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from golgoru import shell
from golgoru.core.dataset import Task
from golgoru.core.yaml_models import Written
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import RuleBook
from golgoru.tables import frames
from golgoru.validation import suite_runner
from golgoru.validation.baseline import Baseline
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.images import ImageFeatures, RejectFeatures, SourceFeatures
from golgoru.validation.findings import SET_ASIDE_TABLES, gate_failure, set_aside_rows
from golgoru.validation.suites import Suite


class Params(Written):
    """No settings: what is checked, and how strictly, stands in guidelines/rules.yaml."""


class Tables(NamedTuple):
    """What the stage writes."""

    violations: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    classes: Classes,
    changes: Changes,
    annotator_pools: Annotators,
    rules: RuleBook,
    suites: Mapping[str, Suite],
    accepted: Baseline,
    task: Task,
    params: Params,
) -> Tables:
    """Return the violations of all rules on the four tables. Raises shell.Stop where one of them says `stop`."""
    del params  # it has none
    tables = {
        "images": ImageFeatures(images),
        "sources": SourceFeatures(sources),
        "annotations": AnnotationFeatures(annotations, images, classes, changes, rules, annotator_pools.pool_of, task),
        "rejects": RejectFeatures(rejects),
    }
    outcome = suite_runner.run_suites(tables, suites, rules, accepted)
    aside = {name: len(set_aside_rows(outcome.findings, name)) for name in SET_ASIDE_TABLES}
    result = Tables(outcome.findings, {"rules": outcome.rules, "set_aside": aside})
    if reason := gate_failure(outcome.findings, frames.table_path("violations").as_posix()):
        raise shell.Stop(reason, result._asdict())
    return result


if __name__ == "__main__":
    shell.run(transform)
