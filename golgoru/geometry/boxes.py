"""Boxes: their columns, arrays of them, and intersection over union (IoU)."""

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats

BOX_COLUMNS = ["x", "y", "width", "height"]
# From this IoU on, two boxes mark the same object: the threshold of Pascal VOC (Everingham et al. 2010).
MIN_IOU = 0.5


def box_array(table: pd.DataFrame) -> Floats:
    """Return the boxes of a table's rows (n x 4: x, y, width, height); NaN where a row has none."""
    return table[BOX_COLUMNS].to_numpy(dtype=np.float64)


def box_iou(a: Floats, b: Floats) -> Floats:
    """Return the IoU of each row of `a` with the same row of `b` (n x 4: x, y, width, height), 9 decimals.

    0 where a box is missing, has no area or is too large for a float.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        shared_width = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        shared_height = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
        intersection = np.clip(shared_width, 0, None) * np.clip(shared_height, 0, None)
        union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - intersection
        valid = np.isfinite(intersection) & np.isfinite(union) & (union > 0)
    iou: Floats = np.divide(intersection, union, out=np.zeros_like(intersection), where=valid).round(9)
    return iou
