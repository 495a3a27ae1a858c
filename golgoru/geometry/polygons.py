"""Polygons as numbers: their corners, the boxes around them, and how far two of them overlap."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from golgoru.geometry.corners import Corners
from golgoru.tables.schema import POLYGON

# Corners beyond this, in pixels, belong to no picture; below it, areas keep nine decimals of a share.
_MAX_COORDINATE = 1e7
# Corners that are compared at once: about 50 MB.
_CHUNK = 200_000


def to_arrow(polygons: pd.Series) -> pa.Array:
    """Return a column of polygons, lists of numbers or null, as Arrow has them."""
    return (
        pa.Table.from_pandas(polygons.to_frame("polygon"), preserve_index=False)["polygon"]
        .cast(POLYGON)
        .combine_chunks()
    )


def parse_polygons(polygons: pd.Series) -> Corners:
    """Return the corners of polygons: lists x1, y1, x2, y2, ..., or null."""
    lists = to_arrow(polygons)
    length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    whole = np.flatnonzero((length >= 6) & (length % 2 == 0))
    begins, counts = np.zeros(len(polygons), np.int64), np.zeros(len(polygons), np.int64)
    if not len(whole):
        return Corners(np.zeros((0, 2)), begins, counts)
    points = pc.list_flatten(lists.take(pa.array(whole))).to_numpy(zero_copy_only=False).reshape(-1, 2)
    begins[whole] = np.cumsum(length[whole] // 2) - length[whole] // 2
    sound = np.logical_and.reduceat((np.abs(points) <= _MAX_COORDINATE).all(axis=1), begins[whole])
    counts[whole] = np.where(sound, length[whole] // 2, 0)
    return Corners(points, begins, counts)


def bounding_boxes(polygons: Corners) -> NDArray[np.float64]:
    """Return the upright box around each polygon (n x 4: x, y, width, height); NaN where there is none."""
    found = np.full((len(polygons.counts), 4), np.nan)
    there = np.flatnonzero(polygons.counts)
    if len(there):
        own = polygons.of(there)
        low, high = (side.reduceat(own.points, own.begins) for side in (np.minimum, np.maximum))
        found[there] = np.hstack([low, high - low])
    return found


def polygon_iou(a: Corners, first: NDArray[np.int64], b: Corners, second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the IoU of the polygons in these rows of `a` with those in these rows of `b`, 9 decimals.

    What crosses itself counts for the area that it encloses. NaN where either encloses none, or cannot be said.
    """
    found = np.full(len(first), np.nan)
    both = np.flatnonzero((a.counts[first] > 0) & (b.counts[second] > 0))
    if not len(both):
        return found
    # It takes 0.15 s to import, and most repositories have no polygon.
    from golgoru.geometry import geos  # noqa: PLC0415

    done = np.cumsum(a.counts[first[both]] + b.counts[second[both]]) // _CHUNK
    for rows in np.split(both, np.flatnonzero(np.diff(done)) + 1):
        found[rows] = geos.geos_iou(a.of(first[rows]), b.of(second[rows]))
    return found


def polygon_areas(polygons: pd.Series) -> NDArray[np.float64]:
    """Return the area inside each polygon, by the shoelace formula; NaN below three corners.

    `polygons` are lists x1, y1, x2, y2, ...
    """
    return _areas_and_bounds(polygons)[0]


def bounding_box_fill(polygons: pd.Series) -> NDArray[np.float64]:
    """Return the area of each polygon as a share of the upright box around it, 6 decimals.

    NaN where there are no three corners, or they lie on one upright line.
    """
    area, bounds = _areas_and_bounds(polygons)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bounds > 0, np.minimum(area / bounds, 1.0), np.nan).round(6)


def _areas_and_bounds(polygons: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
