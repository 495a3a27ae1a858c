"""The IoU of polygons by GEOS. It is slow to import, so `golgoru.geometry.polygons` imports it only when needed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from golgoru.core.arrays import Floats
from golgoru.geometry.corners import Corners


def geos_iou(a: Corners, b: Corners) -> Floats:
    """Return the IoU of each polygon of `a` with that of `b` in the same row, as `polygons.polygon_iou` describes it.

    Each row has three corners or more.
    """
    # Relative to a common origin the coordinates are small: nothing is lost to rounding in large pictures.
    origin = a.points[a.begins]
    left, right = _to_shapes(a, origin), _to_shapes(b, origin)
    left_area, right_area = shapely.area(left), shapely.area(right)
    intersection = shapely.area(_per_row(shapely.intersection, left, right))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        iou = intersection / (left_area + right_area - intersection)
        valid = np.isfinite(iou) & (left_area > 0) & (right_area > 0)
        return np.where(valid, np.clip(iou, 0, 1), np.nan).round(9)


def _to_shapes(polygons: Corners, origin: Floats) -> NDArray[Any]:
    """Return GEOS polygons; those that cross themselves are repaired."""
    # GEOS wants rings that end where they begin.
    closed = np.insert(np.arange(len(polygons.points)), polygons.begins + polygons.counts, polygons.begins)
    ring = np.repeat(np.arange(len(polygons.counts)), polygons.counts + 1)
    rings = shapely.linearrings(polygons.points[closed] - origin[ring], indices=ring)
    shapes: NDArray[Any] = shapely.polygons(rings)
    crossed = np.flatnonzero(~shapely.is_valid(shapes))
    if len(crossed):
        shapes[crossed] = _per_row(_repaired, shapes[crossed])
    return shapes


def _repaired(crossed: NDArray[Any]) -> NDArray[Any]:
    shapes: NDArray[Any] = shapely.make_valid(crossed, method="structure", keep_collapsed=False)
    return shapes


def _per_row(operation: Callable[..., NDArray[Any]], *shapes: NDArray[Any]) -> NDArray[Any]:
    """Return the result of the operation for each row of shapes; None for a row in which GEOS fails."""
    try:
        return operation(*shapes)
    except shapely.GEOSException:
        if len(shapes[0]) == 1:
            return np.array([None], dtype=object)
        half = len(shapes[0]) // 2
        parts = [[side[:half] for side in shapes], [side[half:] for side in shapes]]
        return np.concatenate([_per_row(operation, *part) for part in parts])
