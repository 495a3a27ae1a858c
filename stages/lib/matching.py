"""Which words of several annotators mean the same thing on a picture: one-to-one matching by IoU."""

import numpy as np
import pandas as pd

# Two boxes mean the same thing from this IoU on: the threshold of Pascal VOC (Everingham et al. 2010).
MIN_IOU = 0.5


def match(words: pd.DataFrame, min_iou: float = MIN_IOU) -> pd.Series:
    """Return, per word, the annotation that names its cluster: the first by id among words that mean the same.

    `words` has the columns annotation, image, unit (annotator and batch: two words of one unit are two things),
    x, y, width, height. Pairs are joined greedily from the highest IoU down, ties by id, so row order is nothing.
    """
    cluster = words["annotation"].copy()
    several = words.groupby("image")["unit"].transform("nunique") > 1
    # A loop over images that several people labelled: clusters grow one pair at a time.
    for _, group in words[several].sort_values("annotation").groupby("image", sort=False):
        cluster[group.index] = _clusters(group, min_iou)
    return cluster


def iou(boxes: pd.DataFrame) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the n x n matrix of IoU of the boxes (x, y, width, height); 0 where a box has no area."""
    left, top, width, height = (boxes[side].to_numpy(float)[:, None] for side in ("x", "y", "width", "height"))
    across = np.minimum(left + width, (left + width).T) - np.maximum(left, left.T)
    down = np.minimum(top + height, (top + height).T) - np.maximum(top, top.T)
    shared = np.clip(across, 0, None) * np.clip(down, 0, None)
    union = width * height + (width * height).T - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _clusters(group: pd.DataFrame, min_iou: float) -> list[str]:
    overlap = np.round(iou(group), 9)
    first, second = np.nonzero(np.triu(overlap >= min_iou, k=1))
    units = [{unit} for unit in group["unit"]]
    root = list(range(len(group)))
    for i, j in zip(
        *(ends[np.argsort(-overlap[first, second], kind="stable")] for ends in (first, second)), strict=True
    ):
        a, b = sorted((root[i], root[j]))
        if a != b and units[a].isdisjoint(units[b]):
            units[a] |= units[b]
            root = [a if r == b else r for r in root]
    names = group["annotation"].to_numpy()
    return [names[r] for r in root]
