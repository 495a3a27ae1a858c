"""Boxes and polygons of one picture against each other and against their own bounds, vectorised."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.lib.matching import pairs_within
from stages.lib.table_columns import POLYGON


class Overlaps(NamedTuple):
    """Per box, among the other boxes of its group: the largest IoU, and the largest share of it in a larger box.

    NaN where it has no area, or no other box of the group has one.
    """

    iou: NDArray[np.float64]
    inside: NDArray[np.float64]


@np.errstate(over="ignore", invalid="ignore")  # boxes are other people's numbers
def overlaps(groups: NDArray[np.int64], boxes: NDArray[np.float64]) -> Overlaps:
    """Return how boxes of one group overlap. `groups`: a number per row; `boxes`: n x 4, x, y, width, height."""
    sound = np.flatnonzero(np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1))
    order = sound[np.argsort(groups[sound], kind="stable")]
    placed = boxes[order]
    area = placed[:, 2] * placed[:, 3]
    largest, inside = (np.full(len(order), -1.0) for _ in range(2))
    for first, second, iou in pairs_within(groups[order], placed):
        shared = iou * (area[first] + area[second]) / (1 + iou)
        for one, other in ((first, second), (second, first)):
            np.maximum.at(largest, one, iou)
            share = np.where(area[one] < area[other], shared / area[one], 0.0)
            np.maximum.at(inside, one, share.round(6))
    found = Overlaps(*(np.full(len(boxes), np.nan) for _ in range(2)))
    for whole, part in zip(found, (largest, inside), strict=True):
        whole[order] = np.where(part < 0, np.nan, part)
    return found


def areas(polygons: pd.Series) -> NDArray[np.float64]:
    """Return the area inside each polygon, by the shoelace formula; NaN below three corners.

    `polygons` are lists x1, y1, x2, y2, ...
    """
    return _measured(polygons)[0]


def fill(polygons: pd.Series) -> NDArray[np.float64]:
    """Return the area of each polygon as a share of the upright box around it, 6 decimals.

    NaN where there are no three corners, or they lie on one upright line.
    """
    area, bounds = _measured(polygons)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bounds > 0, np.minimum(area / bounds, 1.0), np.nan).round(6)


def _measured(polygons: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the area of each polygon, and that of the upright box around it."""
    lists = pa.Table.from_pandas(polygons.to_frame("polygon"), preserve_index=False)["polygon"].cast(POLYGON)
    length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    whole = (length >= 6) & (length % 2 == 0)
    corners = pc.list_flatten(lists.filter(pa.array(whole))).to_numpy().reshape(-1, 2)
    area, bounds = (np.full(len(polygons), np.nan) for _ in range(2))
    if not len(corners):
        return area, bounds
    ends = np.cumsum(length[whole] // 2)
    begins = np.concatenate([[0], ends[:-1]])
    following = np.arange(1, len(corners) + 1)
    following[ends - 1] = begins
    (x, y), (x_next, y_next) = corners.T, corners[following].T
    # Corners are other people's numbers, infinite ones among them.
    with np.errstate(over="ignore", invalid="ignore"):
        area[whole] = np.abs(np.add.reduceat(x * y_next - x_next * y, begins)) / 2
        bounds[whole] = np.prod(np.maximum.reduceat(corners, begins) - np.minimum.reduceat(corners, begins), axis=1)
    return area, bounds
