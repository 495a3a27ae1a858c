"""Which object a model's prediction is about: the picture's own, or the box that it overlaps most."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from golgoru.core.dataset import Task
from golgoru.geometry.boxes import MIN_IOU, box_array
from golgoru.geometry.matching import overlap_pairs
from golgoru.model.external_predictions import BOX_COLUMNS, PROBABILITY_PREFIX
from golgoru.tables import frames


def predictions_table(
    model: str, rows: pd.DataFrame, labels: pd.DataFrame, images: pd.DataFrame, classes: Sequence[str], task: Task
) -> pd.DataFrame:
    """Return the model's rows (golgoru.model.external_predictions) as `predictions`.

    Boxes are matched one to one from an IoU of 0.5 on, the most confident first; of several words on a whole picture
    the most confident counts.
    """
    rows = rows.sort_values(["image", "confidence", "label", *BOX_COLUMNS], ascending=[True, False, *[True] * 5])
    rows = rows.reset_index(drop=True)
    content = rows["image"].map(images.set_index("image")["content"])
    if task == "classification":
        rows, content = rows[~content.duplicated()], content[~content.duplicated()]
        own = labels.drop_duplicates("image").set_index("image")["object"]
        of = rows["image"].map(own).astype("str")
        name = content
    else:
        of = _matched_objects(rows, labels)
        name = rows["image"] + " " + (rows.groupby("image").cumcount() + 1).astype("str")
    label = of.map(labels.set_index("object")["label"]).astype("str")
    return frames.frame("predictions", {
        "model": pd.Series(model, index=rows.index),
        "prediction": of.fillna(name),
        "image": rows["image"],
        "object": of,
        "label": label,
        **{side: rows[side] for side in BOX_COLUMNS},
        "predicted": rows["label"],
        "confidence": rows["confidence"].astype(float).round(6),
        "probabilities": _class_probabilities(rows, classes),
        "can_say": pd.Series(data=True, index=rows.index),
    })  # fmt: skip


def _class_probabilities(rows: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """Return the probabilities in the order of the guideline, as shares of their sum; null where there are none."""
    names = [PROBABILITY_PREFIX + name for name in classes]
    if not any(name in rows for name in names):
        return pd.Series(None, index=rows.index, dtype=object)
    values = rows.reindex(columns=names).astype(float).fillna(0.0).to_numpy()
    total = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, total, out=np.zeros_like(values), where=total > 0).round(6)
    lists = [list(one) if known else None for one, known in zip(shares, total[:, 0] > 0, strict=True)]
    return pd.Series(lists, index=rows.index, dtype=object)


def _matched_objects(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """Return the object of each predicted box; null where none is left for it."""
    both = pd.concat(
        [rows.assign(object=None, place=rows.index), labels[["image", "object", *BOX_COLUMNS]].assign(place=-1)]
    )
    both = both.sort_values(["image", "place", "object"]).reset_index(drop=True)
    group = both.groupby("image", sort=False).ngroup().to_numpy().astype(np.int64)
    place, names = both["place"].to_numpy(np.int64), both["object"].to_numpy(object)
    close = []
    for pairs in overlap_pairs(group, box_array(both)):
        # Objects come first, by their place of -1.
        near = (pairs.overlap >= MIN_IOU) & (place[pairs.first] < 0) & (place[pairs.second] >= 0)
        close.append(pd.DataFrame({"object": pairs.first, "row": pairs.second, "overlap": pairs.overlap})[near])
    found: dict[int, str] = {}
    if not close:
        return pd.Series(None, index=rows.index, dtype="str")
    ranked = pd.concat(close).assign(row=lambda c: place[c["row"]], object=lambda c: names[c["object"]])
    ranked["confidence"] = rows["confidence"].reindex(ranked["row"]).to_numpy(float)
    ranked = ranked.sort_values(["confidence", "row", "overlap", "object"], ascending=[False, True, False, True])
    taken: set[str] = set()
    # A loop over close pairs: what a prediction may have depends on what others took.
    for row, name in zip(ranked["row"].tolist(), ranked["object"].tolist(), strict=True):
        if row not in found and name not in taken:
            found[row] = name
            taken.add(name)
    return pd.Series(rows.index, index=rows.index).map(found).astype("str")
