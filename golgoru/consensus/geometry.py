"""One geometry per object from those of several annotators: the median of their edges or corners, or one of them.

A median, because then one sloppy annotator of three moves nothing; docs/decisions/labels.md has the measurements.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from golgoru.geometry import polygons
from golgoru.geometry.boxes import BOX_COLUMNS, box_array
from golgoru.geometry.corners import Corners
from golgoru.geometry.matching import Geometries, geometries_of, overlap_pairs, with_polygon_iou
from golgoru.tables.schema import GEOMETRY

GEOMETRY_COLUMNS = [column.name for column in GEOMETRY]
_DECIMALS = 2
# With more corners a polygon is a free outline: annotators set the corners in different places, and the seventh corner
# of one does not correspond to the seventh of another.
_MOST_CORNERS = 16
# Distances and shares that differ by less are equal, and the order of the corners, or of the annotations, decides.
_EQUAL = 1e-9


class _Medoids(NamedTuple):
    """Per object, the row of its representative and its mean IoU with the others; 0 without others."""

    rows: NDArray[np.int64]
    overlap: NDArray[np.float64]


def consensus_geometry(deciding: pd.DataFrame, merge: bool) -> pd.DataFrame:
    """Return image, box, polygon, text and attributes of each object (index).

    `deciding` are the annotations behind each label, sorted by object and annotation. Per object one of them is the
    representative: the one that overlaps most with the others, ties by annotation. Everything is taken from it, except,
    where `merge` is set and the annotations differ, the geometry: boxes become the median of each edge; polygons of
    equally many corners the median of each corner, provided that the result overlaps with the annotations no less than
    the representative with the others. Rounded to 2 decimals. Polygons that do not correspond, and polygons beside
    boxes, are not merged.
    """
    objects = deciding.groupby("object", sort=False).ngroup().to_numpy().astype(np.int64)
    drawn = geometries_of(deciding)
    medoids = _medoids(objects, drawn)
    geometry = deciding.iloc[medoids.rows].set_index("object")[["image", *GEOMETRY_COLUMNS]]
    if not merge or len(geometry) == len(deciding):
        return geometry
    boxes = _median_boxes(objects, box_array(deciding))
    boxes[objects[deciding["polygon"].notna().to_numpy()]] = np.nan
    merged = _median_polygons(objects, drawn.corners, medoids)
    around = polygons.bounding_boxes(merged).round(_DECIMALS)
    for median in (boxes, around):
        is_merged = ~np.isnan(median)
        geometry[BOX_COLUMNS] = np.where(is_merged, median, box_array(geometry))
    geometry["polygon"] = _with_merged(geometry["polygon"], merged)
    return geometry


def _medoids(objects: NDArray[np.int64], drawn: Geometries) -> _Medoids:
    """Return the representative of each object. `objects`: a number per row, equal ones next to each other."""
    overlap = np.zeros(len(objects))
    for pairs in overlap_pairs(objects, drawn.boxes):
        exact = with_polygon_iou(pairs, drawn)
        for ends in (exact.first, exact.second):
            overlap += np.bincount(ends, exact.overlap, minlength=len(objects))
    order = np.lexsort((-overlap.round(6), objects))  # stable: equals stay in the order of annotations
    rows = order[np.flatnonzero(np.diff(objects[order], prepend=-1))]
    others = np.bincount(objects)[objects[rows]] - 1
    return _Medoids(rows, overlap[rows] / np.maximum(others, 1))


@np.errstate(over="ignore", invalid="ignore")  # boxes are unchecked input
def _median_boxes(objects: NDArray[np.int64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median box of each object; NaN where its boxes are equal, or not finite."""
    edges = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    edges[~np.isfinite(edges).all(axis=1)] = np.nan
    by_object = pd.DataFrame(edges).groupby(objects)
    median = by_object.median().to_numpy().round(_DECIMALS)
    box = np.hstack([median[:, :2], (median[:, 2:] - median[:, :2]).round(_DECIMALS)])
    differ = (by_object.max() != by_object.min()).any(axis=1).to_numpy()
    sound = differ & np.isfinite(box).all(axis=1) & (box[:, 2:] > 0).all(axis=1)
    return np.where(sound[:, np.newaxis], box, np.nan)


def _median_polygons(objects: NDArray[np.int64], drawn: Corners, medoids: _Medoids) -> Corners:
    """Return the median polygon of each object; none where its polygons are equal, or do not correspond."""
    annotations = np.bincount(objects)
    fewest, most = (np.zeros(len(annotations), np.int64) for _ in range(2))
    fewest[:] = np.iinfo(np.int64).max
    np.minimum.at(fewest, objects, drawn.counts)
    np.maximum.at(most, objects, drawn.counts)
    of_equal = (annotations > 1) & (fewest == most) & (most > 0) & (most <= _MOST_CORNERS)
    parts = [np.zeros((0, 2))]
    begins, counts = (np.zeros(len(annotations), np.int64) for _ in range(2))
    # A loop over numbers of corners, mostly 4 alone: polygons of equally many are one array.
    for corners in np.unique(most[of_equal]):
        rows = np.flatnonzero((of_equal & (most == corners))[objects])
        owner, points = _merged_corners(objects, rows, drawn, medoids)
        begins[owner] = sum(map(len, parts)) + np.arange(len(owner)) * corners
        counts[owner] = corners
        parts.append(points)
    return Corners(np.concatenate(parts), begins, counts)


def _merged_corners(
    objects: NDArray[np.int64], rows: NDArray[np.int64], drawn: Corners, medoids: _Medoids
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the objects whose polygons merge, all of equally many corners, and the merged corners below each other."""
    corners = int(drawn.counts[rows[0]])
    drawn_corners, model_corners = (
        drawn.points[drawn.begins[which][:, np.newaxis] + np.arange(corners)]
        for which in (rows, medoids.rows[objects[rows]])
    )
    aligned = _aligned_corners(drawn_corners, model_corners).reshape(len(rows), -1)
    by_object = pd.DataFrame(aligned).groupby(objects[rows])
    median = by_object.median()
    owner = median.index.to_numpy()
    differ = (by_object.max() != by_object.min()).any(axis=1).to_numpy()
    points = median.to_numpy().round(_DECIMALS).reshape(-1, 2)
    merged = Corners(points, np.arange(len(owner)) * corners, np.full(len(owner), corners))
    position = np.searchsorted(owner, objects[rows])
    overlap = np.nan_to_num(polygons.polygon_iou(merged, position, drawn, rows))
    mean = np.bincount(position, overlap) / np.bincount(position)
    stands = differ & (mean >= medoids.overlap[owner] - _EQUAL)
    return owner[stands], points.reshape(len(owner), -1)[stands].reshape(-1, 2)


def _aligned_corners(shapes: NDArray[np.float64], models: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the polygons (m x corners x 2), each from the corner and in the direction that is nearest to its model.

    Nearest by the sum of the distances of the corners; among equals the first, in the direction as it was drawn.
    """
    corners = np.arange(shapes.shape[1])
    aligned, nearest = shapes.copy(), np.full(len(shapes), np.inf)
    # A loop over starts and directions, at most 32: all at once would take 32 times the memory.
    for direction in (corners, corners[::-1]):
        for start in corners:
            turned = shapes[:, np.roll(direction, -start)]
            distance = np.hypot(*np.moveaxis(turned - models, 2, 0)).sum(axis=1)
            nearer = distance < nearest * (1 - _EQUAL)
            aligned[nearer], nearest[nearer] = turned[nearer], distance[nearer]
    return aligned


def _with_merged(polygon: pd.Series, merged: Corners) -> pd.Series:
    """Return the polygons, the merged ones in place of the drawn ones."""
    is_merged = np.flatnonzero(merged.counts)
    new = merged.take(is_merged)
    ends = np.append(new.begins, len(new.points)) * 2
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(new.points.ravel()))
    position = np.arange(len(polygon))
    position[is_merged] = len(polygon) + np.arange(len(is_merged))
    both = pa.concat_arrays([polygons.to_arrow(polygon), lists]).take(pa.array(position))
    return pd.Series(pd.arrays.ArrowExtensionArray(both), index=polygon.index)
