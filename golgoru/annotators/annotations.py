"""What people said, word by word: the class in the names of today, how long it took, and whether it proved right."""

import pandas as pd

from golgoru.guideline.changes import NO_CHANGE, Changes, change_effects, relabel_epochs

# A clock that ran backwards measured nothing, nor did one that ran for more than a day.
_LONGEST = 86_400.0
_NEW_MEANING = ("requeue", "drop")


def human_annotations(
    annotations: pd.DataFrame, votes: pd.DataFrame, labels: pd.DataFrame, changes: Changes
) -> pd.DataFrame:
    """Return one row per word of a person; a model's words and skipped pictures are none. All are tables.

    Columns: annotator, review (yes or no), batch, date, created_at; `shown`, the picture; `label`, the class in the
    names of today, null for a word without one; `seconds` of work, null where they make no sense; `right`, 0 to 1,
    null where nobody can say; `thing`, the object that it means, null where it is not known; `epoch`, a number that
    differs where a change of the guideline came between that takes older words away, or asks for them again.
    """
    words = annotations[(annotations["source"] != "model") & (annotations["kind"] != "skipped")]
    words = words.rename(columns={"image": "shown"}).merge(votes, on="annotation", how="left")
    found = change_effects(words, changes)
    label = found.labels()
    seconds = words["lead_time_s"].astype(float)
    dropped = found.where(lambda meaning: meaning.dropped_by != NO_CHANGE)
    # For classification the object is the picture, also where no label came of it.
    thing = words["object"].fillna(words["image"])
    return words[["annotator", "batch", "date", "created_at", "shown"]].assign(
        review=words["source"] == "review",
        label=label.mask(label == ""),
        seconds=seconds.where(seconds.between(0, _LONGEST)).round(3),
        right=_right(words, labels),
        thing=thing.mask(dropped),
        epoch=relabel_epochs(words["guideline_version"], changes, _NEW_MEANING),
    )


def _right(words: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return, per word, whether it says what two voters or more, or a reviewer, made of its object.

    On a contested object nobody knows: there every word counts as the share of the votes that the label has, as the
    label that stands first among equals says nothing of who said it. An object without a label was voted away.
    A reviewer's verdict is right by definition, so nothing is measured.
    """
    of = labels.set_index("object")[["votes", "agreement", "status"]].reindex(words["object"]).set_axis(words.index)
    judged = (of["votes"].fillna(2) >= 2) | (of["status"] == "adjudicated")
    judged &= words["role"].isin(["voted", "overruled"]) & (words["source"] != "review")
    right = (words["role"] == "voted").astype(float)
    return right.where(of["status"] != "contested", of["agreement"]).where(judged)
