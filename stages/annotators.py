"""Say how far the annotators agree, and what can be said of each of them.

Reads: `annotations` (one row per word), `votes` (one row per annotation: what became of its word), `ballots` (one row
per object, annotator and value), `labels` (one row per object), guidelines/classes.yaml and changes.yaml.
Writes: `agreement` (one row per scope), `annotators` (one row per annotator), `confusion` (one row per annotator, class
that the object probably is, and class said), `tempo` (one row per annotator and class, month, or tenth of the words),
and how right and how fast each was by tenth of the words, for `dvc plots`.

It informs people: a flag is a reason to look, and takes nobody's vote away.
"""

from typing import Any, NamedTuple

import pandas as pd
from pydantic import Field

from golgoru.annotators import agreement, corrections, self_consistency, speed
from golgoru.annotators.annotations import human_annotations
from golgoru.annotators.quality import annotator_table, confusion_table
from golgoru.consensus.votes import ABSENT
from golgoru.core.numbers import known
from golgoru.core.yaml_models import Written
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.shell import run


class Params(Written):
    """When an annotator is flagged; docs/decisions/labels.md has the measurements."""

    # A difference of under five points is small beside what differs between the pictures that people were given.
    flag_gap: float = Field(0.05, ge=0, le=1)


class Tables(NamedTuple):
    """What the stage writes."""

    agreement: pd.DataFrame
    annotators: pd.DataFrame
    confusion: pd.DataFrame
    speed: pd.DataFrame
    plots: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    annotations: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    votes: pd.DataFrame,
    labels: pd.DataFrame,
    classes: Classes,
    changes: Changes,
    params: Params,
) -> Tables:
    """Return how far people agree, and what each of them is worth as far as the votes tell."""
    words = human_annotations(annotations, annotation_roles, labels, changes)
    cast = votes.assign(value=votes["label"].fillna(ABSENT))
    people = cast[~cast["review"]]
    agreed = agreement.agreement_table(people)
    confused = confusion_table(people, len(classes.ids))
    each = annotator_table(words, cast, confused, params.flag_gap)
    tempo = speed.speed_table(words)
    return Tables(
        agreed, each, confused, tempo, speed.speed_plots(tempo), _metrics(agreed, each) | _of_all(words, cast)
    )


def _metrics(agreed: pd.DataFrame, each: pd.DataFrame) -> dict[str, Any]:
    """Return agreement in all and per class; None where chance cannot be said."""
    (whole,) = agreed[agreed["scope"] == agreement.ALL].to_dict("records")
    of_class = agreed[agreed["scope"] == agreement.CLASS].sort_values("key")
    return {
        "annotators": len(each),
        "flagged": int(each["flags"].notna().sum()),
        "votes compared": float(whole["votes"]),
        "share that agrees": known(whole["share"]),
        "Krippendorff's alpha": known(whole["chance_corrected"]),
        "alpha by class": {
            name: known(alpha) for name, alpha in zip(of_class["key"], of_class["chance_corrected"], strict=True)
        },
    }


def _of_all(words: pd.DataFrame, cast: pd.DataFrame) -> dict[str, Any]:
    """Return self-consistency, speed and corrections of all people together; None where nothing can be said."""
    again = self_consistency.count_repeats(words).sum()
    reviewed = corrections.count_corrections(cast).sum()
    seconds = words["seconds"].where(words["label"].notna())
    (pace,) = speed.labelling_speed(seconds, pd.Series("", index=words.index)).to_dict("records") or [{}]
    return {
        "repeats": int(again["repeats"]),
        "self-consistency": _share(again["same"], again["repeats"]),
        "words reviewed": int(reviewed["reviewed"]),
        "share corrected": _share(reviewed["overruled"], reviewed["reviewed"]),
        "seconds per label (median)": known(pace.get("seconds_per_label")),
        "labels per hour": known(pace.get("labels_per_hour")),
    }


def _share(of: float, size: float) -> float | None:
    return float(of / size) if size else None


if __name__ == "__main__":
    run(transform)
