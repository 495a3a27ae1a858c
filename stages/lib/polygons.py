"""Polygons as numbers: their corners, the boxes around them, and how far two of them overlap."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.lib.table_columns import POLYGON

# Corners beyond this, in pixels, belong to no picture; below it, areas keep nine decimals of a share.
_FARTHEST = 1e7
# Corners that are compared at once: about 50 MB.
_AT_ONCE = 200_000


class Corners(NamedTuple):
    """The corners of all polygons below each other (k x 2), and per row where its own begin and how many there are.

    `counts` is 0 for a row without a sound polygon: fewer than three corners, or corners that are no place.
    """

    points: NDArray[np.float64]
    begins: NDArray[np.int64]
    counts: NDArray[np.int64]

    def of(self, rows: NDArray[np.int64]) -> "Corners":
        """Return those of some rows, in their order; a row may stand in it twice."""
        counts = self.counts[rows]
        begins = np.cumsum(counts) - counts
        within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
        return Corners(self.points[np.repeat(self.begins[rows], counts) + within], begins, counts)


def as_lists(polygons: pd.Series) -> pa.Array:
    """Return a column of polygons, lists of numbers or null, as Arrow has them."""
    return (
        pa.Table.from_pandas(polygons.to_frame("polygon"), preserve_index=False)["polygon"]
        .cast(POLYGON)
        .combine_chunks()
    )


def corners(polygons: pd.Series) -> Corners:
    """Return the corners of polygons: lists x1, y1, x2, y2, ..., or null."""
    lists = as_lists(polygons)
    length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    whole = np.flatnonzero((length >= 6) & (length % 2 == 0))
    begins, counts = np.zeros(len(polygons), np.int64), np.zeros(len(polygons), np.int64)
    if not len(whole):
        return Corners(np.zeros((0, 2)), begins, counts)
    points = pc.list_flatten(lists.take(pa.array(whole))).to_numpy(zero_copy_only=False).reshape(-1, 2)
    begins[whole] = np.cumsum(length[whole] // 2) - length[whole] // 2
    sound = np.logical_and.reduceat((np.abs(points) <= _FARTHEST).all(axis=1), begins[whole])
    counts[whole] = np.where(sound, length[whole] // 2, 0)
    return Corners(points, begins, counts)


def bounds(polygons: Corners) -> NDArray[np.float64]:
    """Return the upright box around each polygon (n x 4: x, y, width, height); NaN where there is none."""
    found = np.full((len(polygons.counts), 4), np.nan)
    there = np.flatnonzero(polygons.counts)
    if len(there):
        own = polygons.of(there)
        low, high = (side.reduceat(own.points, own.begins) for side in (np.minimum, np.maximum))
        found[there] = np.hstack([low, high - low])
    return found


def iou(a: Corners, first: NDArray[np.int64], b: Corners, second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the IoU of the polygons in these rows of `a` with those in these rows of `b`, 9 decimals.

    What crosses itself counts for the area that it encloses. NaN where either encloses none, or cannot be said.
    """
    found = np.full(len(first), np.nan)
    both = np.flatnonzero((a.counts[first] > 0) & (b.counts[second] > 0))
    if not len(both):
        return found
    # It takes 0.15 s to import, and most repositories have no polygon.
    from stages.lib import polygon_overlap  # noqa: PLC0415

    done = np.cumsum(a.counts[first[both]] + b.counts[second[both]]) // _AT_ONCE
    for rows in np.split(both, np.flatnonzero(np.diff(done)) + 1):
        found[rows] = polygon_overlap.iou(a.of(first[rows]), b.of(second[rows]))
    return found
