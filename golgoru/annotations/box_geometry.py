"""The geometry of annotations in one convention, whatever the convention of their payload."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from golgoru.core.arrays import Flags
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.raw.batches import BatchFile

Geometry = tuple[dict[str, pd.Series], pd.Series]


def box_and_polygon(numbers: Mapping[str, pd.Series], polygon: pd.Series, settings: BatchFile) -> Geometry:
    """Return the box as x, y, width, height (from its corners, or around its polygon) and the polygon, both shifted.

    Edges are where the picture's edges are: a box over all of a picture 640 wide has x 0 and width 640.
    `pixels-from-0` counts x2 as the last pixel inside, `pixels-from-1` counts pixels from 1 besides; a polygon's
    corners are taken as they are.
    """
    last_pixel = 0.0 if settings.boxes in (None, "edges") else 1.0
    first_pixel = 1.0 if settings.boxes == "pixels-from-1" else 0.0
    by_corner = numbers["x2"].notna()
    box = {
        "x": numbers["x"] - first_pixel,
        "y": numbers["y"] - first_pixel,
        "width": numbers["width"].where(~by_corner, numbers["x2"] - numbers["x"] + last_pixel),
        "height": numbers["height"].where(~by_corner, numbers["y2"] - numbers["y"] + last_pixel),
    }
    from_polygon = box["x"].isna() & polygon.notna()
    if from_polygon.any():
        bounds = pd.DataFrame(
            [_bounding_box(points) for points in polygon[from_polygon]],
            index=polygon.index[from_polygon],
            columns=BOX_COLUMNS,
        )
        box = {side: box[side].where(~from_polygon, bounds[side].reindex(polygon.index)) for side in BOX_COLUMNS}
    right, down = settings.shift
    if (right, down) != (0.0, 0.0):
        box["x"], box["y"] = box["x"] + right, box["y"] + down
        moved = [_shifted_polygon(points, right, down) if isinstance(points, list) else None for points in polygon]
        polygon = pd.Series(moved, index=polygon.index, dtype=object)
    return box, polygon


def is_infinite(box: Mapping[str, pd.Series]) -> Flags:
    """Return which boxes have a side beyond what a number can hold."""
    return np.asarray(np.logical_or.reduce([np.isinf(values.to_numpy()) for values in box.values()]))


def _bounding_box(points: list[float]) -> tuple[float, float, float, float]:
    xs, ys = points[0::2], points[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _shifted_polygon(points: list[float], right: float, down: float) -> list[float]:
    return [value + (down if index % 2 else right) for index, value in enumerate(points)]
