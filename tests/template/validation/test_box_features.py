"""Facts about geometry against a plain reading: boxes on their picture, areas in their class, doubles, polygons."""

import itertools
import math
import statistics
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.geometry import polygons as geometry_overlaps
from golgoru.geometry.boxes import box_iou
from golgoru.tables import frames
from golgoru.validation.features import boxes
from golgoru.validation.features.base import MIN_SAMPLE

sides = st.floats(-300, 300, allow_nan=False).map(lambda value: round(value, 2))
anything = st.sampled_from((math.inf, -math.inf, math.nan, 0.0, -0.0, 1e308, -1e308, 5e-324)) | sides
Box = tuple[float, float, float, float]


def of(drawn: list[Box], across: float = 100, down: float = 50) -> boxes.Boxes:
    table = np.array(drawn, dtype=float).reshape(-1, 4)
    return boxes.Boxes(table, np.full(len(table), float(across)), np.full(len(table), float(down)))


@given(st.lists(st.tuples(sides, sides, sides, sides), max_size=8))
def test_boxes_on_their_picture_equal_a_plain_reading(drawn: list[Box]) -> None:
    found = of(drawn)
    for row, (x, y, width, height) in enumerate(drawn):
        assert found.shorter_side[row] == min(width, height)
        if width <= 0 or height <= 0:
            assert np.isnan([found.area[row], found.visible[row], found.beyond[row]]).all()
            continue
        assert found.area[row] == width * height
        across, down = min(x + width, 100) - max(x, 0), min(y + height, 50) - max(y, 0)
        assert found.visible[row] == pytest.approx(max(across, 0) * max(down, 0) / (width * height))
        if across > 0 and down > 0:
            assert found.beyond[row] == pytest.approx(max(-x, -y, x + width - 100, y + height - 50, 0))
            nearest = min(x, y, 100 - x - width, 50 - y - height)
            if abs(nearest - 1) > 1e-9:
                assert found.at_border[row] == (nearest < 1)


@given(st.lists(st.tuples(anything, anything, anything, anything), min_size=1, max_size=8))
def test_numbers_that_are_none_give_no_warning_and_no_false_share(drawn: list[Box]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = of([*drawn, drawn[0]])
        every = (found.shorter_side, found.area, found.visible, found.beyond, found.at_border)
        unit = pd.DataFrame({"image": ["a"] * len(found.x)})
        twice = boxes.largest_iou_in_unit(unit, found.drawn)
        boxes.size_against_class(pd.Series(found.area), pd.Series(["cat"] * len(found.x)))
    assert all(len(values) == len(drawn) + 1 for values in every)
    share = found.visible[~np.isnan(found.visible)]
    assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert ((twice >= 0) & (twice <= 1 + 1e-9)).all()


def test_a_picture_of_unknown_size_judges_no_box() -> None:
    found = of([(0.0, 0.0, 5.0, 5.0)], across=math.nan, down=math.nan)
    assert np.isnan(found.visible).all() and np.isnan(found.beyond).all()


small = st.floats(0, 40).map(round)
drawn_boxes = st.tuples(small, small, st.integers(1, 20), st.integers(1, 20))


@given(st.lists(st.tuples(st.sampled_from(("a", "b", None)), st.sampled_from((1, 2)), drawn_boxes), max_size=12))
def test_doubled_is_the_largest_overlap_within_the_unit(rows: list[tuple[str | None, int, Box]]) -> None:
    unit = pd.DataFrame([row[:2] for row in rows], columns=["image", "annotator"])
    drawn = np.array([row[2] for row in rows], dtype=float).reshape(-1, 4)
    found = boxes.largest_iou_in_unit(unit, drawn)
    for here, row in enumerate(rows):
        others = [n for n, other in enumerate(rows) if n != here and other[:2] == row[:2]]
        overlaps = [float(box_iou(drawn[[here]], drawn[[n]])[0]) for n in others]
        most = max(overlaps, default=0.0)
        assert found[here] == most


@settings(max_examples=40)
@given(
    st.lists(st.floats(1, 5000).map(lambda value: round(value, 1)) | st.none(), min_size=15, max_size=45),
    st.integers(0, 3),
)
def test_against_class_equals_a_plain_reading(areas: list[float | None], others: int) -> None:
    labels = ["cat" if n % 4 >= others else "dog" for n in range(len(areas))]
    found = boxes.size_against_class(pd.Series(areas, dtype=float), pd.Series(labels))
    for label in ("cat", "dog"):
        rows = [n for n, other in enumerate(labels) if other == label]
        logs = {n: math.log(area) for n in rows if (area := areas[n]) is not None}
        if len(logs) < MIN_SAMPLE:
            assert np.isnan(found.ratio[rows]).all() and np.isnan(found.deviation[rows]).all()
            continue
        median = statistics.median(logs.values())
        spread = max(1.4826 * statistics.median(abs(log - median) for log in logs.values()), 0.05)
        for row in rows:
            if row not in logs:
                assert np.isnan(found.ratio[row])
                continue
            assert found.ratio[row] == pytest.approx(math.exp(logs[row] - median), abs=1e-4, rel=1e-4)
            assert found.deviation[row] == pytest.approx((logs[row] - median) / spread, abs=1e-4)


def test_areas_without_a_class_are_compared_with_nothing() -> None:
    found = boxes.size_against_class(pd.Series([1.0] * 30), pd.Series([None] * 30, dtype="str"))
    assert np.isnan(found.ratio).all()


corner = st.tuples(st.integers(-50, 50), st.integers(-50, 50))


@given(st.lists(st.none() | st.lists(corner, max_size=7), min_size=1, max_size=8))
def test_polygon_area_equals_the_sum_over_its_edges(polygons: list[list[tuple[int, int]] | None]) -> None:
    flat = [None if p is None else [float(value) for corner in p for value in corner] for p in polygons]
    found = geometry_overlaps.polygon_areas(frames.frame("annotations", {"polygon": flat})["polygon"])
    for polygon, area in zip(polygons, found, strict=True):
        if polygon is None or len(polygon) < 3:
            assert np.isnan(area)
            continue
        edges = itertools.pairwise([*polygon, polygon[0]])
        assert area == pytest.approx(abs(sum(x * v - u * y for (x, y), (u, v) in edges)) / 2)


def test_a_polygon_of_half_a_corner_has_no_area() -> None:
    odd = frames.frame("annotations", {"polygon": [[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 9.0]]})["polygon"]
    assert np.isnan(geometry_overlaps.polygon_areas(odd)).all()


def test_polygons_with_infinite_corners_give_no_warning() -> None:
    far = frames.frame("annotations", {"polygon": [[0.0, 0.0, math.inf, 0.0, 4.0, math.inf]]})["polygon"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.isfinite(geometry_overlaps.polygon_areas(far)).any()
