"""Each annotation by a person: its class in the guideline's current names, its working time, whether it was right."""

import pandas as pd

from golgoru.consensus import roles
from golgoru.consensus.status import is_adjudicated, is_contested
from golgoru.guideline.changes import NO_CHANGE, Changes, change_effects, relabel_epochs

# A clock that ran backwards measured nothing, nor did one that ran for more than a day.
_MAX_SECONDS = 86_400.0
_NEW_MEANING = ("requeue", "drop")


def human_annotations(
    annotations: pd.DataFrame, *, annotation_roles: pd.DataFrame, labels: pd.DataFrame, changes: Changes
) -> pd.DataFrame:
    """Return one row per annotation by a person; those of a model and skipped images are left out. All are tables.

    Columns: annotator, review (yes or no), batch, date, created_at; `shown`, the image; `label`, the class in the
    guideline's current names, null for an annotation without one; `seconds` of work, null where they are implausible;
    `correct`, 0 to 1, null where nobody can say; `object`, null where it is unknown; `epoch`, a number that differs
    across a change of the guideline that drops older annotations, or asks for them again.
    """
    human = annotations[(annotations["source"] != "model") & (annotations["kind"] != "skipped")]
    human = human.rename(columns={"image": "shown"}).merge(annotation_roles, on="annotation", how="left")
    effects = change_effects(human, changes)
    label = effects.labels()
    seconds = human["lead_time_s"].astype(float)
    dropped = effects.where(lambda effect: effect.dropped_by != NO_CHANGE)
    # For classification the object is the image, also where it got no label.
    object_ = human["object"].fillna(human["image"])
    return human[["annotator", "batch", "date", "created_at", "shown"]].assign(
        review=human["source"] == "review",
        label=label.mask(label == ""),
        seconds=seconds.where(seconds.between(0, _MAX_SECONDS)).round(3),
        correct=_correctness(human, labels),
        object=object_.mask(dropped),
        epoch=relabel_epochs(human["guideline_version"], changes, _NEW_MEANING),
    )


def _correctness(human: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return, per annotation, whether it agrees with a label by two voters or more, or by a reviewer.

    On a contested object nobody knows: there every annotation counts as the share of the votes that the label has, as
    the label that comes first among equals says nothing about who gave it. An object without a label was voted away.
    A reviewer's decision is right by definition, so it is not measured.
    """
    label = labels.set_index("object")[["votes", "agreement", "status"]].reindex(human["object"])
    label = label.set_axis(human.index)
    evaluable = (label["votes"].fillna(2) >= 2) | is_adjudicated(label["status"])
    evaluable &= roles.is_vote(human["role"]) & (human["source"] != "review")
    agrees = (human["role"] == roles.AGREES).astype(float)
    return agrees.where(~is_contested(label["status"]), label["agreement"]).where(evaluable)
