"""Which annotations mark the same object of a picture: one-to-one matching by IoU."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.geometry import polygons
from golgoru.geometry.boxes import MIN_IOU, box_array, box_iou
from golgoru.geometry.corners import Corners

# Pairs that are compared at once: about 200 MB.
_CHUNK = 1_000_000


class OverlapPairs(NamedTuple):
    """Pairs of rows of one group, by position, and `overlap`: the IoU of their boxes or polygons."""

    first: Integers
    second: Integers
    overlap: Floats


class Geometries(NamedTuple):
    """The geometry of each row: its box (n x 4: x, y, width, height; of a polygon the bounding box) and its polygon."""

    boxes: Floats
    corners: Corners


def match_annotations(annotations: pd.DataFrame, min_iou: float = MIN_IOU) -> pd.Series:
    """Return, per annotation, the id of its cluster: the earliest annotation among those that mark the same object.

    `annotations` has the columns annotation, rank (order in time), image, unit (two annotations of one unit mark two
    objects), x, y, width, height and, where there are any, polygon. Pairs are joined greedily from the highest IoU
    down, ties by rank and annotation, so that row order is irrelevant.
    """
    ordered = annotations.sort_values(["image", "rank", "annotation"])
    unit = ordered["unit"].to_numpy()
    geometries = geometries_of(ordered)
    joinable = [_joinable(pairs, unit, geometries, min_iou) for pairs in _pairs_across_units(ordered, geometries)]
    pairs = OverlapPairs(*(np.concatenate(column) for column in zip(*joinable, strict=True))) if joinable else None
    ids = ordered["annotation"].to_numpy(dtype=object)
    root = _cluster_roots(pairs, unit) if pairs else np.arange(len(ordered))
    return pd.Series(ids[root], index=ordered.index, dtype=object).reindex(annotations.index)


def overlap_pairs(groups: Integers, boxes: Floats) -> Iterator[OverlapPairs]:
    """Yield all pairs of rows of equal group with the IoU of their boxes, in the order of `pairs_in_groups`.

    `boxes`: n x 4, x, y, width, height.
    """
    for first, second in pairs_in_groups(groups):
        yield OverlapPairs(first, second, box_iou(boxes[first], boxes[second]))


def pairs_in_groups(groups: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield all pairs of rows of equal group, a bounded number at once, ordered by their positions.

    `groups`: one number per row, equal numbers next to each other.
    """
    rows = np.arange(len(groups))
    last = np.flatnonzero(np.diff(groups, append=np.nan))
    following = last[np.searchsorted(last, rows)] - rows  # rows of the same group behind each row
    ends = np.cumsum(following)
    start = 0
    while start < len(rows):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        count = following[start:stop]
        first = np.repeat(rows[start:stop], count)
        second = first + 1 + np.arange(len(first)) - np.repeat(ends[start:stop] - count - done, count)
        yield first, second
        start = stop


def geometries_of(table: pd.DataFrame) -> Geometries:
    """Return the geometry of each row; without a column `polygon`, boxes alone."""
    drawn = table["polygon"] if "polygon" in table else pd.Series(None, index=table.index, dtype=object)
    corners = polygons.parse_polygons(drawn)
    bounds = polygons.bounding_boxes(corners)
    return Geometries(np.where(np.isnan(bounds), box_array(table), bounds), corners)


def with_polygon_iou(pairs: OverlapPairs, geometries: Geometries) -> OverlapPairs:
    """Return the pairs with the IoU of their polygons, where both have one and their boxes overlap."""
    overlap = pairs.overlap.copy()
    near = np.flatnonzero(overlap > 0)
    exact = polygons.polygon_iou(geometries.corners, pairs.first[near], geometries.corners, pairs.second[near])
    overlap[near] = np.where(np.isnan(exact), overlap[near], exact)
    return pairs._replace(overlap=overlap)


def _pairs_across_units(ordered: pd.DataFrame, geometries: Geometries) -> Iterator[OverlapPairs]:
    """Yield the pairs on images with several units, by position in `ordered`, with the IoU of their boxes."""
    by_image = ordered["unit"].groupby(ordered["image"], sort=False)
    rows = np.flatnonzero((by_image.transform("min") != by_image.transform("max")).to_numpy())
    image = by_image.ngroup().to_numpy().astype(np.int64)[rows]
    for pairs in overlap_pairs(image, geometries.boxes[rows]):
        yield OverlapPairs(rows[pairs.first], rows[pairs.second], pairs.overlap)


def _joinable(pairs: OverlapPairs, unit: Integers, geometries: Geometries, min_iou: float) -> OverlapPairs:
    near = (pairs.overlap > 0) & (unit[pairs.first] != unit[pairs.second])
    pairs = with_polygon_iou(_selected(pairs, near), geometries)
    return _selected(pairs, pairs.overlap >= min_iou)


def _selected(pairs: OverlapPairs, chosen: Flags) -> OverlapPairs:
    return OverlapPairs(pairs.first[chosen], pairs.second[chosen], pairs.overlap[chosen])


def _cluster_roots(pairs: OverlapPairs, unit: Integers) -> Integers:
    """Return the first row of each row's cluster; no cluster holds a unit twice."""
    root = list(range(len(unit)))
    units: dict[int, set[int]] = {}
    order = np.lexsort((pairs.second, pairs.first, -pairs.overlap))
    # A loop over pairs of close boxes: what a pair may join depends on what was joined before it.
    for i, j in zip(pairs.first[order].tolist(), pairs.second[order].tolist(), strict=True):
        a, b = sorted((_root(root, i), _root(root, j)))
        units_a, units_b = units.get(a, {int(unit[a])}), units.get(b, {int(unit[b])})
        if a != b and units_a.isdisjoint(units_b):
            units[a] = units_a | units_b
            units.pop(b, None)
            root[b] = a
    return _flattened(np.array(root))


def _root(root: list[int], row: int) -> int:
    while root[row] != row:
        root[row] = root[root[row]]
        row = root[row]
    return row


def _flattened(root: Integers) -> Integers:
    while not np.array_equal(root, deeper := root[root]):
        root = deeper
    return root
