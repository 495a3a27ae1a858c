"""What must be labelled again after changes of the guideline, and how long that will take."""

from typing import NamedTuple

import pandas as pd

from golgoru.consensus import roles
from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.guideline.changes import NO_CHANGE, ChangeEffects, Changes
from golgoru.tables import frames

_SECONDS_PER_HOUR = 3600


class RelabelWork(NamedTuple):
    """`seconds` per label, the median of the known times; it and `hours` are None where no time is known."""

    objects: int
    images: int
    seconds: float | None
    hours: float | None


def relabel_work(relabel: pd.DataFrame, annotations: pd.DataFrame) -> RelabelWork:
    """Return the size of the queue, one label for each of its rows, and its hours at the speed of past annotations."""
    measured = annotations.loc[annotations["source"] != "model", "lead_time_s"].dropna()
    seconds = round(float(measured.median()), 3) if len(measured) else None
    hours = None if seconds is None else round(len(relabel) * seconds / _SECONDS_PER_HOUR, 4)
    return RelabelWork(len(relabel), relabel["image"].nunique(), seconds, hours)


def relabel_queue(
    annotations: pd.DataFrame,
    *,
    annotation_roles: pd.DataFrame,
    labels: pd.DataFrame,
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    effects: ChangeEffects,
    changes: Changes,
    task: Task,
) -> pd.DataFrame:
    """Return table `relabel`; `effects` are those of the changes on the annotations, the others are tables.

    Rows: labels that rest only on annotations that a change asks to make again, images that only such annotations call
    empty, and objects whose annotations a change took away, as long as nobody has annotated them anew. Removed
    duplicates are left out.
    """
    asked = frames.as_texts(annotations[["annotation", "about", "guideline_version"]]).assign(
        asked_by=effects.change_numbers(lambda effect: effect.requeued_by),
        dropped_by=effects.change_numbers(lambda effect: effect.dropped_by),
    )
    by_change = (asked["asked_by"] != NO_CHANGE) | (asked["dropped_by"] != NO_CHANGE)
    if not by_change.any():
        return frames.frame("relabel")
    is_touched = frames.is_in(annotation_roles["annotation"], asked.loc[by_change, "annotation"])
    touched = annotation_roles.loc[is_touched, "image"]
    # Of an image that no change touches, nothing is asked; and nothing of it says that another was labelled anew.
    rows = frames.as_texts(annotation_roles[frames.is_in(annotation_roles["image"], touched)])
    rows = rows[rows["image"].notna() & ~frames.is_in(rows["image"], duplicates["image"])].merge(asked, on="annotation")
    rows["content"] = rows["image"].map(images.set_index("image")["content"])
    # For classification the object is the image; an annotation without an object is about the image.
    rows["key"] = rows["content"] if task == "classification" else rows["object"].fillna(rows["content"])
    candidates = pd.concat([_labels_on_outdated(rows, labels), _objects_of_outdated(rows)])
    queue = candidates.sort_values("number").drop_duplicates("key", keep="last")
    queue = queue[~_is_relabelled(queue, rows, changes, task)]
    asked_labels = labels[frames.is_in(labels["object"], queue["key"])]
    label = frames.as_texts(asked_labels).set_index("object").reindex(queue["key"])
    order = changes.ordered()
    return frames.frame("relabel", {
        "object": queue["key"].array,
        "image": queue["image"].array,
        "label": label["label"].array,
        "guideline_version": label["guideline_version"].array,
        "version": pd.Series([order[number].version for number in queue["number"]], dtype="str"),
        "reason": pd.Series([order[number].reason for number in queue["number"]], dtype="str"),
    })  # fmt: skip


def _labels_on_outdated(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels, and the images called empty, of which every annotation is to be made again."""
    decides = frames.is_in(rows["object"], labels["object"]) & roles.supports_label(rows["role"])
    deciding = rows[decides | (rows["role"] == roles.EMPTY)]
    all_asked = (deciding["asked_by"] != NO_CHANGE).groupby(deciding["key"]).transform("all")
    return deciding.loc[all_asked, ["key", "image"]].assign(number=deciding["asked_by"])


def _objects_of_outdated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the objects of outdated annotations; for those that were dropped it is the whole image."""
    outdated = rows[rows["role"] == roles.OUTDATED]
    number = outdated["dropped_by"].where(outdated["dropped_by"] != NO_CHANGE, outdated["asked_by"])
    return outdated.assign(number=number).loc[number != NO_CHANGE, ["key", "image", "number"]]


def _is_relabelled(asked: pd.DataFrame, rows: pd.DataFrame, changes: Changes, task: Task) -> pd.Series:
    """Return which were annotated under the new meaning: the object, or the image as a whole."""
    answers = rows[roles.is_answer(rows["role"])]
    relabelled = asked["number"] == NO_CHANGE  # which none of them is
    for number, change in enumerate(changes.ordered()):
        newer = answers[~versions.is_older(answers["guideline_version"], change.version)]
        whole = newer if task == "classification" else newer[newer["about"].isna()]
        is_done = frames.is_in(asked["key"], newer["key"]) | frames.is_in(asked["image"], whole["image"])
        relabelled |= is_done & (asked["number"] == number)
    return relabelled
