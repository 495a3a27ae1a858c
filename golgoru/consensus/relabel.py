"""What must be labelled again after changes of the guideline, and how long that will take."""

from typing import NamedTuple

import pandas as pd

from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.guideline.changes import NO_CHANGE, ChangeEffects, Changes
from golgoru.tables import frames

_COUNTED = ("voted", "overruled", "adjudicated", "empty")
_SECONDS_PER_HOUR = 3600


class RelabelWork(NamedTuple):
    """`seconds` for one label, the median of what was measured; it and `hours` are None where nothing was."""

    objects: int
    images: int
    seconds: float | None
    hours: float | None


def relabel_work(relabel: pd.DataFrame, annotations: pd.DataFrame) -> RelabelWork:
    """Return the size of the queue, one label for each of its rows, and its hours at the speed of the words so far."""
    measured = annotations.loc[annotations["source"] != "model", "lead_time_s"].dropna()
    seconds = round(float(measured.median()), 3) if len(measured) else None
    hours = None if seconds is None else round(len(relabel) * seconds / _SECONDS_PER_HOUR, 4)
    return RelabelWork(len(relabel), relabel["image"].nunique(), seconds, hours)


def relabel_queue(
    annotations: pd.DataFrame,
    votes: pd.DataFrame,
    labels: pd.DataFrame,
    images: pd.DataFrame,
    copies: pd.DataFrame,
    found: ChangeEffects,
    changes: Changes,
    task: Task,
) -> pd.DataFrame:
    """Return table `relabel`; `votes` and `labels` are the tables, `found` the meanings of the annotations.

    In it: labels that rest on words that a change asks for again, pictures that only such words call empty, and what
    lost words to a change while nobody has said anything newer. Not what is left out as a copy.
    """
    words = votes.merge(
        annotations[["annotation", "about", "guideline_version"]].assign(
            asked_by=found.number(lambda m: m.asked_by), dropped_by=found.number(lambda m: m.dropped_by)
        ),
        on="annotation",
    )
    words = words[words["image"].notna() & ~frames.is_in(words["image"], copies["image"])]
    words["content"] = words["image"].map(images.set_index("image")["content"])
    # For classification the object is the picture; a word that means no object is one on the picture.
    words["key"] = words["content"] if task == "classification" else words["object"].fillna(words["content"])
    candidates = pd.concat([_labels_on_outdated(words, labels), _objects_of_outdated(words)])
    asked = candidates.sort_values("number").drop_duplicates("key", keep="last")
    asked = asked[~_is_relabelled(asked, words, changes, task)]
    label = labels.set_index("object").reindex(asked["key"])
    order = changes.ordered()
    return frames.frame("relabel", {
        "object": asked["key"].array,
        "image": asked["image"].array,
        "label": label["label"].array,
        "guideline_version": label["guideline_version"].array,
        "version": pd.Series([order[number].version for number in asked["number"]], dtype="str"),
        "reason": pd.Series([order[number].reason for number in asked["number"]], dtype="str"),
    })  # fmt: skip


def _labels_on_outdated(words: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels, and the pictures without any that are called empty, of which every word is asked for."""
    decides = frames.is_in(words["object"], labels["object"]) & words["role"].isin(["voted", "adjudicated"])
    deciding = words[decides | (words["role"] == "empty")]
    all_asked = (deciding["asked_by"] != NO_CHANGE).groupby(deciding["key"]).transform("all")
    return deciding.loc[all_asked, ["key", "image"]].assign(number=deciding["asked_by"])


def _objects_of_outdated(words: pd.DataFrame) -> pd.DataFrame:
    """Return what outdated words spoke of. Those that were dropped mean no object: theirs is the whole picture."""
    lost = words[words["role"] == "outdated"]
    number = lost["dropped_by"].where(lost["dropped_by"] != NO_CHANGE, lost["asked_by"])
    return lost.assign(number=number).loc[number != NO_CHANGE, ["key", "image", "number"]]


def _is_relabelled(asked: pd.DataFrame, words: pd.DataFrame, changes: Changes, task: Task) -> pd.Series:
    """Return for which somebody has spoken under the new meaning: of the object, or of the picture as a whole."""
    counted = words[words["role"].isin(_COUNTED)]
    answered = asked["number"] == NO_CHANGE  # which none of them is
    for number, change in enumerate(changes.ordered()):
        newer = counted[~versions.older(counted["guideline_version"], change.version)]
        whole = newer if task == "classification" else newer[newer["about"].isna()]
        spoken = frames.is_in(asked["key"], newer["key"]) | frames.is_in(asked["image"], whole["image"])
        answered |= spoken & (asked["number"] == number)
    return answered
