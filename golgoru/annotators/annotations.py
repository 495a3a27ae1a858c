"""Each annotation by a person: its class in the guideline's current names, its working time, whether it was right."""

import numpy as np
import pandas as pd

from golgoru.consensus import roles
from golgoru.consensus.status import is_adjudicated, is_contested
from golgoru.guideline.changes import NO_CHANGE, Changes, change_effects, relabel_epochs
from golgoru.tables import coded, frames

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
    annotations = annotations.reset_index(drop=True)
    about = coded.in_order_of(annotation_roles, "annotation", annotations["annotation"])
    about = about[["object", "role", "image"]].rename(columns={"image": "counted_on"})
    is_human = (annotations["source"] != "model") & (annotations["kind"] != "skipped")
    human = pd.concat([annotations.drop(columns="annotation"), about], axis=1)[is_human]
    effects = change_effects(human, changes)
    label = coded.in_order(effects.labels())
    seconds = human["lead_time_s"].astype(float)
    dropped = effects.where(lambda effect: effect.dropped_by != NO_CHANGE)
    texts = {name: coded.in_order(human[name]) for name in ("annotator", "batch", "date")}
    return human[["created_at"]].assign(
        **texts,
        shown=human["image"],
        review=human["source"] == "review",
        label=label.mask(label == ""),
        seconds=seconds.where(seconds.between(0, _MAX_SECONDS)).round(3),
        correct=_correctness(human, labels),
        object=_object_numbers(human["object"], human["counted_on"]).mask(dropped),
        epoch=relabel_epochs(human["guideline_version"], changes, _NEW_MEANING),
    )


def _object_numbers(object_: pd.Series, image: pd.Series) -> pd.Series:
    """Return a number for each object; null where it is unknown.

    For classification the object is the image, also where it got no label.
    """
    number, names = pd.factorize(object_)
    of_image = pd.factorize(image)[0]
    number = np.where(number >= 0, number, np.where(of_image >= 0, len(names) + of_image, -1))
    return pd.Series(number, index=object_.index, dtype="Int64").mask(number < 0)


def _correctness(human: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return, per annotation, whether it agrees with a label by two voters or more, or by a reviewer.

    On a contested object nobody knows: there every annotation counts as the share of the votes that the label has, as
    the label that comes first among equals says nothing about who gave it. An object without a label was voted away.
    A reviewer's decision is right by definition, so it is not measured.
    """
    rows = frames.positions(human["object"], labels["object"])
    status = coded.take(labels["status"], rows, human.index)
    votes, agreement = (
        pd.Series(np.append(labels[name].to_numpy(float), np.nan)[rows], index=human.index)
        for name in ("votes", "agreement")
    )
    evaluable = ~(votes < 2) | is_adjudicated(status)  # an object without a label was voted away
    evaluable &= roles.is_vote(human["role"]) & (human["source"] != "review")
    agrees = (human["role"] == roles.AGREES).astype(float)
    return agrees.where(~is_contested(status), agreement).where(evaluable)
