"""Polygons as numbers: their corners, bounding boxes, areas, and the IoU of two."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.core.arrays import Floats, Integers
from golgoru.geometry.corners import Corners
from golgoru.tables.schema import POLYGON

# Corners beyond this, in pixels, lie in no picture; below it, areas keep nine decimals of an IoU.
MAX_COORDINATE = 1e7
# Corners that are compared at once: about 50 MB.
_CHUNK = 200_000


def to_arrow(polygons: pd.Series) -> pa.Array:
    """Return a column of polygons, each a list of numbers or null, as an Arrow array."""
    return (
        pa.Table.from_pandas(polygons.to_frame("polygon"), preserve_index=False)["polygon"]
        .cast(POLYGON)
        .combine_chunks()
    )


def parse_polygons(polygons: pd.Series, max_coordinate: float = MAX_COORDINATE) -> Corners:
    """Return the corners of polygons: lists x1, y1, x2, y2, ..., or null.

    Valid are three corners or more, with coordinates that are numbers of at most `max_coordinate`; other rows have no
    corners.
    """
    lists = to_arrow(polygons)
    length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    complete = np.flatnonzero((length >= 6) & (length % 2 == 0))
    begins, counts = np.zeros(len(polygons), np.int64), np.zeros(len(polygons), np.int64)
    if not len(complete):
        return Corners(np.zeros((0, 2)), begins, counts)
    points = pc.list_flatten(lists.take(pa.array(complete))).to_numpy(zero_copy_only=False).reshape(-1, 2)
    begins[complete] = np.cumsum(length[complete] // 2) - length[complete] // 2
    valid = np.logical_and.reduceat((np.abs(points) <= max_coordinate).all(axis=1), begins[complete])
    counts[complete] = np.where(valid, length[complete] // 2, 0)
    return Corners(points, begins, counts)


def bounding_boxes(polygons: Corners) -> Floats:
    """Return the upright box around each polygon (n x 4: x, y, width, height); NaN where there is no polygon."""
    boxes = np.full((len(polygons.counts), 4), np.nan)
    rows = np.flatnonzero(polygons.counts)
    if len(rows):
        corners = polygons.take(rows)
        low, high = (extreme.reduceat(corners.points, corners.begins) for extreme in (np.minimum, np.maximum))
        boxes[rows] = np.hstack([low, high - low])
    return boxes


def polygon_iou(a: Corners, first: Integers, b: Corners, second: Integers) -> Floats:
    """Return the IoU of the polygons in rows `first` of `a` with those in rows `second` of `b`, 9 decimals.

    A polygon that crosses itself counts with the area that it encloses. NaN where either polygon is missing or
    encloses no area, or where GEOS cannot compute it.
    """
    iou = np.full(len(first), np.nan)
    both = np.flatnonzero((a.counts[first] > 0) & (b.counts[second] > 0))
    if not len(both):
        return iou
    # It takes 0.15 s to import, and most repositories have no polygon.
    from golgoru.geometry import geos  # noqa: PLC0415

    chunk = np.cumsum(a.counts[first[both]] + b.counts[second[both]]) // _CHUNK
    for rows in np.split(both, np.flatnonzero(np.diff(chunk)) + 1):
        iou[rows] = geos.geos_iou(a.take(first[rows]), b.take(second[rows]))
    return iou


def polygon_areas(polygons: pd.Series) -> Floats:
    """Return the area of each polygon, by the shoelace formula; NaN where there are no three corners.

    `polygons` are lists x1, y1, x2, y2, ..., or null.
    """
    return _areas_and_bounds(polygons)[0]


def bounding_box_fill(polygons: pd.Series) -> Floats:
    """Return the area of each polygon as a share of its bounding box, 6 decimals.

    NaN where there are no three corners, or the bounding box has no area.
    """
    area, bounds = _areas_and_bounds(polygons)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bounds > 0, np.minimum(area / bounds, 1.0), np.nan).round(6)


def _areas_and_bounds(polygons: pd.Series) -> tuple[Floats, Floats]:
    """Return the area of each polygon, and that of its bounding box."""
    # Areas describe the polygon as it was delivered, so that no coordinate is too large here.
    every = parse_polygons(polygons, max_coordinate=np.inf)
    area, bounds = (np.full(len(polygons), np.nan) for _ in range(2))
    rows = np.flatnonzero(every.counts)
    if not len(rows):
        return area, bounds
    corners = every.take(rows)
    next_corner = np.arange(1, len(corners.points) + 1)
    next_corner[corners.begins + corners.counts - 1] = corners.begins
    (x, y), (x_next, y_next) = corners.points.T, corners.points[next_corner].T
    with np.errstate(over="ignore", invalid="ignore"):
        area[rows] = np.abs(np.add.reduceat(x * y_next - x_next * y, corners.begins)) / 2
        low, high = (extreme.reduceat(corners.points, corners.begins) for extreme in (np.minimum, np.maximum))
        bounds[rows] = np.prod(high - low, axis=1)
    return area, bounds
