"""Check images, deliveries and annotations against the rules, and list every violation.

Reads: `images` (one row per file), `sources` (one row per image), `annotations` (one row per annotation), `rejects`
(one row per file or line that could not be read), the guideline, and the suites and the baseline in expectations/.
Writes: `violations` (one row per broken rule and row). Nothing is dropped here: later stages leave out the rows that
this table lists as `set aside`.

Rules: those of guidelines/rules.yaml on the four tables. All of them are checked, then a violation of a rule whose
action is `stop` ends the run with exit status 1; the table of violations is written before.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import pandas as pd

from golgoru import shell
from golgoru.core.dataset import Task
from golgoru.core.yaml_models import ConfigModel
from golgoru.guideline.annotators import Annotators
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import RuleBook
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.columns import columns
from golgoru.validation import suite_runner
from golgoru.validation.baseline import Baseline
from golgoru.validation.features.annotations import AnnotationFeatures
from golgoru.validation.features.images import ImageFeatures, RejectFeatures, SourceFeatures
from golgoru.validation.findings import SET_ASIDE_TABLES, gate_failure, set_aside_rows
from golgoru.validation.suites import Suite

# Rules may read every column of an annotation; texts of few distinct ones are categories.
_CODED = ("image", "annotator", "batch", "date", "source", "guideline_version", "attributes")
_OF_ANNOTATIONS = tuple(column.name for column in TABLES["annotations"].columns if column.name not in _CODED)


class Params(ConfigModel):
    """No settings: guidelines/rules.yaml says what is checked, and how strictly."""


class Tables(NamedTuple):
    """What the stage writes."""

    violations: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    sources: pd.DataFrame,
    annotations: Annotated[pd.DataFrame, columns(*_OF_ANNOTATIONS, coded=_CODED)],
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
    """Return the violations of all rules on the four tables. Raises shell.GateFailed where one of them says `stop`."""
    del params  # it has none
    tables = {
        "images": ImageFeatures(images),
        "sources": SourceFeatures(sources),
        "annotations": AnnotationFeatures(
            annotations,
            images=images,
            classes=classes,
            changes=changes,
            rules=rules,
            pool_of=annotator_pools.pool_of,
            task=task,
        ),
        "rejects": RejectFeatures(rejects),
    }
    violations, rule_counts = suite_runner.run_suites(tables, suites, rules, accepted)
    set_aside = {name: len(set_aside_rows(violations, name)) for name in SET_ASIDE_TABLES}
    result = Tables(violations, {"rules": rule_counts, "set_aside": set_aside})
    if reason := gate_failure(violations, frames.table_path("violations").as_posix()):
        raise shell.GateFailed(reason, result._asdict())
    return result


if __name__ == "__main__":
    shell.run_stage(transform)
