"""Removed duplicates that are labelled differently from their representative: no such conflict is resolved in silence.

Each duplicate is compared with its representative. The consensus on a file "by itself" is that of the annotations of
this very file.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus.aggregation import Consensus
from golgoru.consensus.status import ADJUDICATED, CONTESTED
from golgoru.consensus.votes import ABSENT
from golgoru.core.dataset import Task
from golgoru.geometry.boxes import BOX_COLUMNS, MIN_IOU
from golgoru.geometry.matching import match_annotations
from golgoru.tables import frames

RULE = "COPY-003"

_EMPTY = "empty"
# With equal pixels, two boxes are one object as on one image. A near copy may be cropped: a crop of 5 % moves a box by
# up to 2.5 % of the image either way, and a box of a tenth of the image then keeps an IoU of 0.39.
_MIN_IOU = {"exact": MIN_IOU, "near": 0.3}


class DuplicateConflicts(NamedTuple):
    """`rows`: the table. `contested`: which of the labels (same index) differ from those of a duplicate."""

    rows: pd.DataFrame
    contested: pd.Series


def pooled_images(representative: pd.Series) -> pd.Index:
    """Return the images that share a representative of equal pixels with another, so that their votes are pooled."""
    return representative.index[representative.duplicated(keep=False)]


def no_conflicts(pooled: Consensus) -> DuplicateConflicts:
    """Return that none of the labels differs from a duplicate's: there are no duplicates."""
    return DuplicateConflicts(frames.frame("duplicate_conflicts"), pd.Series(False, index=pooled.labels.index))


def find_conflicts(
    duplicates: pd.DataFrame,
    *,
    pooled: Consensus,
    by_file: Consensus,
    pooled_files: pd.Index,
    images: pd.DataFrame,
    task: Task,
) -> DuplicateConflicts:
    """Compare the consensus on each duplicate with that on its representative.

    `pooled`: with the annotations of equal pixels pooled. `by_file`: on each of `pooled_files` (from `pooled_images`)
    by itself. An exact duplicate is compared with the representative by itself, since the pooled label contains the
    annotations of the duplicate; where the representative has none of its own, and for near duplicates, the pooled
    label counts. Images without annotations conflict with nothing.
    """
    has_own = frames.is_in(duplicates["image"], pooled_files)
    own_representative = duplicates["kind"] == "exact"
    own_representative &= frames.is_in(duplicates["duplicate_of"], _counted_annotations(by_file)["image"])
    sides = [
        _labels_on(duplicates[has_own], "image", by_file, task).assign(is_own=True),
        _labels_on(duplicates[~has_own], "image", pooled, task).assign(is_own=False),
        _labels_on(duplicates[own_representative], "duplicate_of", by_file, task).assign(is_own=True),
        _labels_on(duplicates[~own_representative], "duplicate_of", pooled, task).assign(is_own=False),
    ]
    items = pd.concat(sides, ignore_index=True)
    items = items[items.groupby("duplicate")["is_representative"].transform("nunique") == 2].reset_index(drop=True)
    items["match"] = items["duplicate"] if task == "classification" else _matched_objects(items, images)
    items["conflicts"] = _is_in_conflict(items)
    conflicting = items[items["conflicts"]].merge(_pooled_names(by_file, pooled), on="object", how="left")
    pooled_object = conflicting["pooled"].where(conflicting["is_own"], conflicting["object"])
    pooled_object = pooled_object.where(conflicting["is_representative"] | (conflicting["kind"] == "exact"))
    is_open = ~_is_settled_by_review(pooled_object, conflicting["duplicate_of"], pooled)
    key = "image" if task == "classification" else "object"
    contested = frames.is_in(pooled.labels[key], pooled_object[is_open])
    rows = _conflict_table(duplicates, items, conflicting.loc[is_open, "duplicate"], task)
    return DuplicateConflicts(rows, contested)


def _counted_annotations(consensus: Consensus) -> pd.DataFrame:
    """Return the annotations that count and have a value."""
    annotations = consensus.annotations
    return annotations[~annotations["superseded"] & ~annotations["lapsed"] & annotations["value"].notna()]


def _labels_on(duplicates: pd.DataFrame, column: str, consensus: Consensus, task: Task) -> pd.DataFrame:
    """Return the labels on one image of each pair, `image` or `duplicate_of`: a row per object, or one for none.

    Columns: duplicate, duplicate_of, kind, shown, is_representative, answered (somebody gave a whole answer), object,
    label and the box. Images without annotations are left out.
    """
    answered = _counted_annotations(consensus).groupby("image")["answer"].any()
    rows = duplicates[["image", "duplicate_of", "kind"]].assign(shown=duplicates[column])
    rows = rows.rename(columns={"image": "duplicate"})
    rows = rows[frames.is_in(rows["shown"], answered.index)]
    rows["is_representative"] = column == "duplicate_of"
    rows["answered"] = rows["shown"].map(answered).astype(bool)
    if task == "classification":
        labels = consensus.elected[["object", "label"]].assign(shown=consensus.elected["object"])
    else:
        labels = consensus.labels[["object", "label", *BOX_COLUMNS]].assign(shown=consensus.labels["image"])
    return rows.merge(labels.astype({"object": "str", "label": "str"}), on="shown", how="left")


def _matched_objects(items: pd.DataFrame, images: pd.DataFrame) -> pd.Series:
    """Return a name per row, equal for an object of the duplicate and one of the representative that match.

    Boxes are compared as shares of their images, so that the images' sizes are irrelevant.
    """
    size = images.set_index("image")[["width", "height"]].reindex(items["shown"]).to_numpy(np.float64, na_value=np.nan)
    boxes = items[BOX_COLUMNS].to_numpy(np.float64, na_value=np.nan) / np.tile(size, 2)
    drawn = pd.DataFrame(boxes, columns=BOX_COLUMNS, index=items.index).assign(
        # Pooling may give an object of the representative the name of one on the duplicate.
        annotation=items["is_representative"].map({False: "0 ", True: "1 "}) + items["object"],
        rank=items["is_representative"].astype(int),
        unit=items["is_representative"].astype(int),
        image=items["duplicate"],
        kind=items["kind"],
    )[items["object"].notna()]
    parts = [match_annotations(drawn[drawn["kind"] == kind], min_iou) for kind, min_iou in _MIN_IOU.items()]
    names: pd.Series = pd.concat(parts).reindex(items.index)
    return names


def _is_in_conflict(items: pd.DataFrame) -> pd.Series:
    """Return which objects have two classes, or are missing on the other image although somebody answered for it."""
    by_match = items.groupby(["duplicate", "match"])
    two_classes = by_match["label"].transform("nunique") > 1
    one_sided = by_match["is_representative"].transform("nunique") == 1
    answered = items.groupby(["duplicate", "is_representative"])["answered"].first()
    other = pd.MultiIndex.from_arrays([items["duplicate"], ~items["is_representative"]])
    not_seen = answered.reindex(other).to_numpy(dtype=bool)
    return items["object"].notna() & (two_classes | (one_sided & not_seen))


def _pooled_names(by_file: Consensus, pooled: Consensus) -> pd.DataFrame:
    """Return the pooled name of each object of a file by itself, through the annotations that both share."""
    columns = ["annotation", "object"]
    pooled_objects = pooled.annotations[columns].rename(columns={"object": "pooled"})
    both = by_file.annotations[columns].merge(pooled_objects, on="annotation")
    return both.dropna()[["object", "pooled"]].drop_duplicates()


def _is_settled_by_review(pooled_object: pd.Series, representative: pd.Series, pooled: Consensus) -> pd.Series:
    """Return which were decided by a reviewer: of the object, or of the representative as a whole."""
    reviewed_objects = pooled.elected.loc[pooled.elected["reviewed"], "object"]
    counted = _counted_annotations(pooled)
    reviewed_images = counted.loc[counted["answer"] & counted["review"], "image"]
    by_object = frames.is_in(pooled_object.astype("str"), reviewed_objects)
    return by_object | frames.is_in(representative, reviewed_images)


def _conflict_table(duplicates: pd.DataFrame, items: pd.DataFrame, unsettled: pd.Series, task: Task) -> pd.DataFrame:
    """Return table `duplicate_conflicts`; `unsettled`: duplicates with a conflict that no reviewer has decided."""
    differing = items[items["conflicts"]].groupby("duplicate")["match"].nunique()
    rows = duplicates[frames.is_in(duplicates["image"], differing.index)]
    listed = items[frames.is_in(items["duplicate"], rows["image"])]
    own_summary, representative_summary = (
        _label_summary(listed[listed["is_representative"] == side], task) for side in (False, True)
    )
    return frames.frame("duplicate_conflicts", {
        "image": rows["image"],
        "duplicate_of": rows["duplicate_of"],
        "kind": rows["kind"],
        "label": own_summary.reindex(rows["image"]).fillna(_EMPTY).array,
        "representative_label": representative_summary.reindex(rows["image"]).fillna(_EMPTY).array,
        "differing": rows["image"].map(differing),
        "status": np.where(frames.is_in(rows["image"], unsettled), CONTESTED, ADJUDICATED),
    })  # fmt: skip


def _label_summary(items: pd.DataFrame, task: Task) -> pd.Series:
    """Return, by duplicate, the class, or the classes with the number of objects of each."""
    items = items[items["label"].notna() & (items["label"] != ABSENT)]
    if task == "classification":
        return items.set_index("duplicate")["label"]
    counts = items.groupby(["duplicate", "label"], sort=True).size().reset_index(name="objects")
    text = counts["label"] + " " + counts["objects"].astype("str")
    return text.groupby(counts["duplicate"]).agg(", ".join).astype("str")
