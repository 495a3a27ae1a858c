"""How far polygons overlap, by GEOS. Slow to import: `golgoru.geometry.polygons` does it where there are any."""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from golgoru.geometry.corners import Corners


def geos_iou(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Return what `polygons.iou` promises, for polygons of three corners or more."""
    # Near their common origin, numbers have digits to spare: where a picture is large, nothing is lost.
    origin = a.points[a.begins]
    one, other = _to_shapes(a, origin), _to_shapes(b, origin)
    area = shapely.area(one), shapely.area(other)
    shared = shapely.area(_per_row(shapely.intersection, one, other))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        overlap = shared / (area[0] + area[1] - shared)
        sound = np.isfinite(overlap) & (area[0] > 0) & (area[1] > 0)
        return np.where(sound, np.clip(overlap, 0, 1), np.nan).round(9)


def _to_shapes(polygons: Corners, origin: NDArray[np.float64]) -> NDArray[Any]:
    """Return shapes, those that cross themselves repaired."""
    # A ring ends where it began.
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
    """Return what the operation makes of each row of shapes; None where GEOS gives up, in that row alone."""
    try:
        return operation(*shapes)
    except shapely.GEOSException:
        if len(shapes[0]) == 1:
            return np.array([None], dtype=object)
        half = len(shapes[0]) // 2
        parts = [[side[:half] for side in shapes], [side[half:] for side in shapes]]
        return np.concatenate([_per_row(operation, *part) for part in parts])
