"""Which words of several annotators mean the same thing on a picture: one-to-one matching by IoU."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.geometry import polygons
from golgoru.geometry.boxes import MIN_IOU, box_array, box_iou
from golgoru.geometry.corners import Corners

# Pairs that are compared at once: about 200 MB.
_CHUNK = 1_000_000


class OverlapPairs(NamedTuple):
    """Pairs of rows of one group, by position, and the IoU of their boxes or shapes."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    overlap: NDArray[np.float64]


class Geometries(NamedTuple):
    """What was drawn, by row: boxes (n x 4: x, y, width, height; the bounds of a polygon) and polygons."""

    boxes: NDArray[np.float64]
    corners: Corners


def match_annotations(words: pd.DataFrame, min_iou: float = MIN_IOU) -> pd.Series:
    """Return, per word, the annotation that names its cluster: the earliest one among words that mean the same.

    `words` has the columns annotation, rank (order in time), image, unit (two words of one unit are two things),
    x, y, width, height and, where there are any, polygon. Pairs are joined greedily from the highest IoU down, ties by
    rank and annotation, so row order is nothing.
    """
    ordered = words.sort_values(["image", "rank", "annotation"])
    unit = ordered["unit"].to_numpy()
    shapes = geometries_of(ordered)
    close = [_joinable(pairs, unit, shapes, min_iou) for pairs in _pairs_across_units(ordered, shapes)]
    pairs = OverlapPairs(*(np.concatenate(column) for column in zip(*close, strict=True))) if close else None
    names = ordered["annotation"].to_numpy(dtype=object)
    root = _cluster_roots(pairs, unit) if pairs else np.arange(len(ordered))
    return pd.Series(names[root], index=ordered.index, dtype=object).reindex(words.index)


def overlap_pairs(groups: NDArray[np.int64], boxes: NDArray[np.float64]) -> Iterator[OverlapPairs]:
    """Yield all pairs of rows of equal group with the IoU of their boxes, as `positions_within` does.

    `boxes`: n x 4, x, y, width, height.
    """
    for first, second in pairs_in_groups(groups):
        yield OverlapPairs(first, second, box_iou(boxes[first], boxes[second]))


def pairs_in_groups(groups: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
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


def geometries_of(words: pd.DataFrame) -> Geometries:
    """Return what the words drew; without a column `polygon`, boxes alone."""
    drawn = words["polygon"] if "polygon" in words else pd.Series(None, index=words.index, dtype=object)
    corners = polygons.parse_polygons(drawn)
    around = polygons.bounding_boxes(corners)
    return Geometries(np.where(np.isnan(around), box_array(words), around), corners)


def with_polygon_iou(pairs: OverlapPairs, shapes: Geometries) -> OverlapPairs:
    """Return the pairs with the IoU of their polygons, where both have one and their boxes overlap."""
    overlap = pairs.overlap.copy()
    near = np.flatnonzero(overlap > 0)
    exact = polygons.polygon_iou(shapes.corners, pairs.first[near], shapes.corners, pairs.second[near])
    overlap[near] = np.where(np.isnan(exact), overlap[near], exact)
    return pairs._replace(overlap=overlap)


def _pairs_across_units(ordered: pd.DataFrame, shapes: Geometries) -> Iterator[OverlapPairs]:
    """Yield the pairs on the images that have words of several units, by position in `ordered`, as boxes overlap."""
    by_image = ordered["unit"].groupby(ordered["image"], sort=False)
    several = np.flatnonzero((by_image.transform("min") != by_image.transform("max")).to_numpy())
    image = by_image.ngroup().to_numpy().astype(np.int64)[several]
    for pairs in overlap_pairs(image, shapes.boxes[several]):
        yield OverlapPairs(several[pairs.first], several[pairs.second], pairs.overlap)


def _joinable(pairs: OverlapPairs, unit: NDArray[np.int64], shapes: Geometries, min_iou: float) -> OverlapPairs:
    near = (pairs.overlap > 0) & (unit[pairs.first] != unit[pairs.second])
    pairs = with_polygon_iou(_selected(pairs, near), shapes)
    return _selected(pairs, pairs.overlap >= min_iou)


def _selected(pairs: OverlapPairs, chosen: NDArray[np.bool_]) -> OverlapPairs:
    return OverlapPairs(pairs.first[chosen], pairs.second[chosen], pairs.overlap[chosen])


def _cluster_roots(pairs: OverlapPairs, unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each row's cluster, when no cluster may hold a unit twice."""
    root = list(range(len(unit)))
    units: dict[int, set[int]] = {}
    order = np.lexsort((pairs.second, pairs.first, -pairs.overlap))
    # A loop over pairs of close boxes: what a pair may join depends on what was joined before it.
    for i, j in zip(pairs.first[order].tolist(), pairs.second[order].tolist(), strict=True):
        a, b = sorted((_root(root, i), _root(root, j)))
        mine, theirs = units.get(a, {int(unit[a])}), units.get(b, {int(unit[b])})
        if a != b and mine.isdisjoint(theirs):
            units[a] = mine | theirs
            units.pop(b, None)
            root[b] = a
    return _flattened(np.array(root))


def _root(root: list[int], row: int) -> int:
    while root[row] != row:
        root[row] = root[root[row]]
        row = root[row]
    return row


def _flattened(root: NDArray[np.int64]) -> NDArray[np.int64]:
    while not np.array_equal(root, deeper := root[root]):
        root = deeper
    return root
