"""Measure how far the annotators agree, and how accurate, consistent and fast each of them is.

Reads: `annotations` (one row per annotation), `annotation_roles` (one row per annotation: its role in the consensus),
`votes` (one row per object, annotator and value), `labels` (one row per object), guidelines/classes.yaml and
changes.yaml.
Writes: `agreement` (one row per scope), `annotators` (one row per annotator), `confusion` (one row per annotator, true
label and annotated label), `speed` (one row per annotator and class, month, or tenth of the annotations), and the
learning curve and speed of each annotator for `dvc plots`.

It informs people: a flag is a reason to look, and takes nobody's vote away.
"""

from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import Field

from golgoru.annotators import agreement, corrections, self_consistency, speed
from golgoru.annotators.annotations import human_annotations
from golgoru.annotators.quality import annotator_table, confusion_table
from golgoru.consensus.votes import ABSENT
from golgoru.core.numbers import float_or_none
from golgoru.core.yaml_models import ConfigModel
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Classes
from golgoru.shell import run_stage
from golgoru.tables import coded
from golgoru.tables.columns import columns


class Params(ConfigModel):
    """When an annotator is flagged; docs/decisions/labels.md has the measurements."""

    # Less than five points is small beside the difference between the images that annotators were given.
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
    annotations: Annotated[pd.DataFrame, columns(
        "annotation", "created_at", "lead_time_s",
        coded=("image", "annotator", "batch", "date", "source", "kind", "guideline_version", "label"),
    )],
    annotation_roles: Annotated[pd.DataFrame, columns("annotation", "object", coded=("image", "role"))],
    votes: Annotated[pd.DataFrame, columns("object", "review", "weight", coded=("annotator", "label", "batch"))],
    labels: Annotated[pd.DataFrame, columns("object", "votes", "agreement", coded=("status",))],
    classes: Classes,
    changes: Changes,
    params: Params,
) -> Tables:  # fmt: skip
    """Return how far annotators agree, and what the votes tell about each of them."""
    human = human_annotations(annotations, annotation_roles=annotation_roles, labels=labels, changes=changes)
    cast = _cast(votes)
    unreviewed = cast[~cast["review"]]
    agreement_rows = agreement.agreement_table(unreviewed)
    confusion = confusion_table(unreviewed, len(classes.ids))
    annotators = annotator_table(human, votes=cast, confusion=confusion, gap=params.flag_gap)
    speed_rows = speed.speed_table(human)
    return Tables(
        agreement=agreement_rows,
        annotators=annotators,
        confusion=confusion,
        speed=speed_rows,
        plots=speed.speed_plots(speed_rows),
        metrics=_agreement_metrics(agreement_rows, annotators) | _annotation_metrics(human, cast),
    )


def _cast(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes with their `value`: objects by number, and other texts as categories, in the texts' order."""
    texts = {name: coded.in_order(votes[name]) for name in ("annotator", "batch")}
    value = coded.in_order(votes["label"].astype("str").fillna(ABSENT))
    object_ = pd.factorize(votes["object"], sort=True)[0]
    return votes[["review", "weight"]].assign(object=object_, value=value, **texts)


def _agreement_metrics(agreement_rows: pd.DataFrame, annotators: pd.DataFrame) -> dict[str, Any]:
    """Return agreement over all and per class; None where chance correction is undefined."""
    (overall,) = agreement_rows[agreement_rows["scope"] == agreement.ALL].to_dict("records")
    of_class = agreement_rows[agreement_rows["scope"] == agreement.CLASS].sort_values("key")
    return {
        "annotators": len(annotators),
        "flagged": int(annotators["flags"].notna().sum()),
        "votes compared": float(overall["votes"]),
        "share that agrees": float_or_none(overall["share"]),
        "Krippendorff's alpha": float_or_none(overall["chance_corrected"]),
        "alpha by class": {
            name: float_or_none(alpha)
            for name, alpha in zip(of_class["key"], of_class["chance_corrected"], strict=True)
        },
    }


def _annotation_metrics(human: pd.DataFrame, cast: pd.DataFrame) -> dict[str, Any]:
    """Return self-consistency, corrections and speed of all annotators together; None where nothing is known."""
    repeats = self_consistency.count_repeats(human).sum()
    reviewed = corrections.count_corrections(cast).sum()
    seconds = human["seconds"].where(human["label"].notna())
    by_all = pd.Series("", index=human.index)
    (pace,) = speed.labelling_speed(seconds, by_all).to_dict("records") or [{}]
    return {
        "repeats": int(repeats["repeats"]),
        "self-consistency": _share(repeats["same"], repeats["repeats"]),
        "objects reviewed": int(reviewed["reviewed"]),
        "share corrected": _share(reviewed["overruled"], reviewed["reviewed"]),
        "seconds per label (median)": float_or_none(pace.get("seconds_per_label")),
        "labels per hour": float_or_none(pace.get("labels_per_hour")),
    }


def _share(count: float, size: float) -> float | None:
    return float(count / size) if size else None


if __name__ == "__main__":
    run_stage(transform)
