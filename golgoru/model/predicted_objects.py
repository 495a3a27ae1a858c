"""Which object a model's prediction is about: the image's own, or the box that it overlaps most."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from golgoru.core.dataset import Task
from golgoru.geometry.boxes import BOX_COLUMNS, MIN_IOU, box_array
from golgoru.geometry.matching import overlap_pairs
from golgoru.model.external_predictions import PROBABILITY_PREFIX
from golgoru.tables import frames


def predictions_table(
    model: str,
    *,
    rows: pd.DataFrame,
    labels: pd.DataFrame,
    images: pd.DataFrame,
    classes: Sequence[str],
    task: Task,
) -> pd.DataFrame:
    """Return the rows of one model (from golgoru.model.external_predictions) as table `predictions`.

    Boxes are matched one to one from an IoU of 0.5 on, the most confident first; of several predictions for a whole
    image the most confident counts.
    """
    rows = rows.sort_values(["image", "confidence", "label", *BOX_COLUMNS], ascending=[True, False, *[True] * 5])
    rows = rows.reset_index(drop=True)
    content = rows["image"].map(images.set_index("image")["content"])
    if task == "classification":
        rows, content = rows[~content.duplicated()], content[~content.duplicated()]
        object_of_image = labels.drop_duplicates("image").set_index("image")["object"]
        object_ = rows["image"].map(object_of_image).astype("str")
        name = content
    else:
        object_ = _matched_objects(rows, labels)
        name = rows["image"] + " " + (rows.groupby("image").cumcount() + 1).astype("str")
    return frames.frame("predictions", {
        "model": pd.Series(model, index=rows.index),
        "prediction": object_.fillna(name),
        "image": rows["image"],
        "object": object_,
        "label": object_.map(labels.set_index("object")["label"]).astype("str"),
        **{side: rows[side] for side in BOX_COLUMNS},
        "predicted": rows["label"],
        "confidence": rows["confidence"].astype(float).round(6),
        "probabilities": _class_probabilities(rows, classes),
        "class_learned": pd.Series(data=True, index=rows.index),
    })  # fmt: skip


def _class_probabilities(rows: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """Return the probabilities in the order of the guideline, as shares of their sum; null where there are none."""
    names = [PROBABILITY_PREFIX + name for name in classes]
    if not any(name in rows for name in names):
        return pd.Series(None, index=rows.index, dtype=object)
    values = rows.reindex(columns=names).astype(float).fillna(0.0).to_numpy()
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.zeros_like(values), where=total > 0).round(6)
    lists = [list(row) if positive else None for row, positive in zip(shares, total[:, 0] > 0, strict=True)]
    return pd.Series(lists, index=rows.index, dtype=object)


def _matched_objects(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return the object of each predicted box; null where none is left for it."""
    candidates = _overlapping_objects(rows, labels)
    ranked = candidates.sort_values(["confidence", "row", "overlap", "object"], ascending=[False, True, False, True])
    matched: dict[int, str] = {}
    taken: set[str] = set()
    # A loop over overlapping pairs: what a prediction may have depends on what others took.
    for row, object_ in zip(ranked["row"].tolist(), ranked["object"].tolist(), strict=True):
        if row not in matched and object_ not in taken:
            matched[row] = object_
            taken.add(object_)
    return pd.Series(rows.index, index=rows.index).map(matched).astype("str")


def _overlapping_objects(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of a predicted box and an object that overlap enough: row, object, overlap, confidence."""
    predicted, labelled = rows.assign(object=None, row=rows.index), labels[["image", "object", *BOX_COLUMNS]]
    both = pd.concat([predicted, labelled.assign(row=-1)])
    both = both.sort_values(["image", "row", "object"]).reset_index(drop=True)
    group = both.groupby("image", sort=False).ngroup().to_numpy().astype(np.int64)
    row, objects = both["row"].to_numpy(np.int64), both["object"].to_numpy(object)
    parts = [pd.DataFrame({"row": pd.Series(dtype="int64"), "object": None, "overlap": pd.Series(dtype=float)})]
    for pairs in overlap_pairs(group, box_array(both)):
        # Objects sort before predictions, by their row of -1.
        enough = (pairs.overlap >= MIN_IOU) & (row[pairs.first] < 0) & (row[pairs.second] >= 0)
        part = {"row": row[pairs.second], "object": objects[pairs.first], "overlap": pairs.overlap}
        parts.append(pd.DataFrame(part)[enough])
    found = pd.concat([part for part in parts if len(part)] or parts[:1])
    return found.assign(confidence=rows["confidence"].reindex(found["row"]).to_numpy(float))
