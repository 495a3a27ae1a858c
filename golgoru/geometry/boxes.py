"""Boxes: columns, arrays, intersection over union."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Two boxes mean the same thing from this IoU on: the threshold of Pascal VOC (Everingham et al. 2010).
MIN_IOU = 0.5


BOX = ["x", "y", "width", "height"]


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the IoU of each row of `a` with the same row of `b` (n x 4: x, y, width, height), 9 decimals.

    0 where a box is missing, has no area or is too large for a float.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        across = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        down = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
        shared = np.clip(across, 0, None) * np.clip(down, 0, None)
        union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
        sound = np.isfinite(shared) & np.isfinite(union) & (union > 0)
    found: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=sound).round(9)
    return found


def box_array(words: pd.DataFrame) -> NDArray[np.float64]:
    """Return the boxes of the words, n x 4; NaN where there is none."""
    return words[BOX].to_numpy(dtype=np.float64)
