"""Objects that somebody drew and that no label stands for: a rule set the annotation aside, or a change took it away.

On a released image such an object would be background, which is a wrong label. So its place is told, where it is known.
"""

import numpy as np
import pandas as pd

from golgoru.consensus import roles
from golgoru.core.arrays import Flags, Floats
from golgoru.core.dataset import Task
from golgoru.geometry.boxes import BOX_COLUMNS, MIN_IOU, box_array
from golgoru.geometry.matching import geometries_of, overlap_pairs
from golgoru.tables import coded, frames


def find_lost_objects(
    annotations: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    counted_for: pd.Series,
    *,
    rules: pd.Series,
    labels: pd.DataFrame,
    relabel: pd.DataFrame,
    images: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Return table `lost_objects`.

    `annotations` and `annotation_roles`, of the same rows, and `counted_for`, the image of each one; `rules`: from the
    annotations that a rule set aside to that rule. An object is not lost where a label covers it, where a newer answer
    of the annotator, or of a reviewer, stands in its place, or where a correction is about it. For classification the
    object is the image, and any label covers it.
    """
    role = annotation_roles["role"]
    drawn = (annotations["kind"] == "object") & (annotations["source"] != "model") & counted_for.notna()
    by_rule = (role == roles.SET_ASIDE) & frames.is_in(annotations["annotation"], rules.index)
    by_change = (role == roles.OUTDATED) & coded.is_in(counted_for, relabel["image"])
    suspected = drawn & (by_rule | by_change)
    on_images = coded.is_in(counted_for, coded.distinct(counted_for[suspected]))
    said = frames.as_texts(annotations[on_images]).assign(
        image=counted_for[on_images].astype("str"), role=role[on_images].astype("str")
    )
    lost = said[suspected[on_images] & ~_is_answered(said)]
    labels = labels[coded.is_in(labels["image"], lost["image"])]
    if task == "classification":
        lost = lost[~frames.is_in(lost["image"], coded.distinct(labels["image"]))]
        place = np.full((len(lost), 4), np.nan)
    else:
        lost = lost[~_is_covered(lost, labels)]
        place = _inside(geometries_of(lost).boxes, lost["image"], images)
    return frames.frame("lost_objects", {
        "annotation": lost["annotation"],
        "image": lost["image"],
        "rule": lost["annotation"].map(rules).astype("str"),
        **dict(zip(BOX_COLUMNS, place.T, strict=True)),
    })  # fmt: skip


def _is_answered(said: pd.DataFrame) -> pd.Series:
    """Return which annotations a newer answer of the same annotator, or of a reviewer, or a correction replaces."""
    order = said.groupby(["date", "batch"]).ngroup()
    counted = ~said["role"].isin([roles.SET_ASIDE, roles.OUTDATED, roles.NO_VOTE])
    whole = counted & said["about"].isna()
    own = order.where(whole).groupby([said["image"], said["annotator"]]).transform("max")
    review = order.where(whole & (said["source"] == "review")).groupby(said["image"]).transform("max")
    corrected = frames.is_in(said["annotation"], said.loc[counted, "about"].dropna())
    return (order < own.fillna(-1)) | (order < review.fillna(-1)) | corrected


def _is_covered(lost: pd.DataFrame, labels: pd.DataFrame) -> Flags:
    """Return which of the lost objects overlap a label of their image as one object does."""
    image = pd.concat([lost["image"], labels["image"].astype("str")], ignore_index=True)
    boxes = np.vstack([geometries_of(lost).boxes, box_array(labels)])
    groups = pd.factorize(image)[0].astype(np.int64)
    order = np.argsort(groups, kind="stable")  # of an image, first what is lost
    covered = np.zeros(len(image), bool)
    for pairs in overlap_pairs(groups[order], boxes[order]):
        first, second = order[pairs.first], order[pairs.second]
        covers = (pairs.overlap >= MIN_IOU) & (first < len(lost)) & (second >= len(lost))
        covered[first[covers]] = True
    return covered[: len(lost)]


@np.errstate(over="ignore", invalid="ignore")  # boxes are unchecked input
def _inside(boxes: Floats, image: pd.Series, images: pd.DataFrame) -> Floats:
    """Return the part of each box (n x 4) inside its image; NaN where there is none."""
    sizes = images.set_index("image")[["width", "height"]].reindex(image).to_numpy(np.float64, na_value=np.nan)
    upper_left = np.maximum(boxes[:, :2], 0)
    lower_right = np.minimum(boxes[:, :2] + boxes[:, 2:], sizes)
    place = np.hstack([upper_left, lower_right - upper_left])
    known = np.isfinite(place).all(axis=1) & (place[:, 2:] > 0).all(axis=1)
    return np.where(known[:, np.newaxis], place.round(2), np.nan)
