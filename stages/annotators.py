"""Say how far the annotators agree, and what can be said of each of them.

Reads: `annotations` (one row per word), `ballots` (one row per object, annotator and value), guidelines/classes.yaml.
Writes: `agreement` (one row per scope), `annotators` (one row per annotator).

It informs people: a flag is a reason to look, and takes nobody's vote away.
"""

from typing import Any, NamedTuple

import pandas as pd
from pydantic import Field

from stages.lib import agreement
from stages.lib.annotator_quality import annotators
from stages.lib.project import Classes
from stages.lib.shell import run
from stages.lib.voices import ABSENT
from stages.lib.yaml_file import Written


class Params(Written):
    """When an annotator is flagged; docs/decisions/labels.md has the measurements."""

    # A difference of under five points is small beside what differs between the pictures that people were given.
    flag_gap: float = Field(0.05, ge=0, le=1)


class Tables(NamedTuple):
    """What the stage writes."""

    agreement: pd.DataFrame
    annotators: pd.DataFrame
    metrics: dict[str, Any]


def transform(annotations: pd.DataFrame, ballots: pd.DataFrame, classes: Classes, params: Params) -> Tables:
    """Return how far people agree, and what each of them is worth as far as the votes tell."""
    votes = ballots.assign(value=ballots["label"].fillna(ABSENT))
    people = votes[~votes["review"]]
    agreed = agreement.table(people)
    each = annotators(annotations, votes, params.flag_gap, len(classes.ids))
    return Tables(agreed, each, _metrics(agreed, each))


def _metrics(agreed: pd.DataFrame, each: pd.DataFrame) -> dict[str, Any]:
    """Return agreement in all and per class; None where chance cannot be said."""
    (whole,) = agreed[agreed["scope"] == agreement.ALL].to_dict("records")
    of_class = agreed[agreed["scope"] == agreement.CLASS].sort_values("key")
    return {
        "annotators": len(each),
        "flagged": int(each["flags"].notna().sum()),
        "votes compared": float(whole["votes"]),
        "share that agrees": _known(whole["share"]),
        "Krippendorff's alpha": _known(whole["beyond_chance"]),
        "alpha by class": {
            name: _known(alpha) for name, alpha in zip(of_class["key"], of_class["beyond_chance"], strict=True)
        },
    }


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


if __name__ == "__main__":
    run(transform)
