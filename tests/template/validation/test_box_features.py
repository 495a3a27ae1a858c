"""Geometry of features, compared with a plain computation: boxes on their image, areas in their class, duplicates."""

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


def boxes_on_image(drawn: list[Box], width: float = 100, height: float = 50) -> boxes.Boxes:
    table = np.array(drawn, dtype=float).reshape(-1, 4)
    return boxes.Boxes(table, np.full(len(table), float(width)), np.full(len(table), float(height)))


@given(st.lists(st.tuples(sides, sides, sides, sides), max_size=8))
def test_boxes_on_their_image_equal_a_plain_computation(drawn: list[Box]) -> None:
    measured = boxes_on_image(drawn)
    for row, (x, y, width, height) in enumerate(drawn):
        assert measured.shorter_side[row] == min(width, height)
        if width <= 0 or height <= 0:
            assert np.isnan([measured.area[row], measured.visible_share[row], measured.overshoot[row]]).all()
            continue
        assert measured.area[row] == width * height
        visible_width, visible_height = min(x + width, 100) - max(x, 0), min(y + height, 50) - max(y, 0)
        assert measured.visible_share[row] == pytest.approx(
            max(visible_width, 0) * max(visible_height, 0) / (width * height)
        )
        if visible_width > 0 and visible_height > 0:
            assert measured.overshoot[row] == pytest.approx(max(-x, -y, x + width - 100, y + height - 50, 0))
            nearest = min(x, y, 100 - x - width, 50 - y - height)
            if abs(nearest - 1) > 1e-9:
                assert measured.at_border[row] == (nearest < 1)


@given(st.lists(st.tuples(anything, anything, anything, anything), min_size=1, max_size=8))
def test_infinite_and_missing_numbers_give_no_warning_and_no_wrong_share(drawn: list[Box]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measured = boxes_on_image([*drawn, drawn[0]])
        every = (measured.shorter_side, measured.area, measured.visible_share, measured.overshoot, measured.at_border)
        unit = pd.DataFrame({"image": ["a"] * len(measured.x)})
        iou = boxes.largest_iou_in_unit(unit, measured.drawn)
        boxes.size_against_class(pd.Series(measured.area), pd.Series(["cat"] * len(measured.x)))
    assert all(len(values) == len(drawn) + 1 for values in every)
    share = measured.visible_share[~np.isnan(measured.visible_share)]
    assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert ((iou >= 0) & (iou <= 1 + 1e-9)).all()


def test_an_image_of_unknown_size_gives_no_share() -> None:
    measured = boxes_on_image([(0.0, 0.0, 5.0, 5.0)], width=math.nan, height=math.nan)
    assert np.isnan(measured.visible_share).all() and np.isnan(measured.overshoot).all()


small = st.floats(0, 40).map(round)
drawn_boxes = st.tuples(small, small, st.integers(1, 20), st.integers(1, 20))


@given(st.lists(st.tuples(st.sampled_from(("a", "b", None)), st.sampled_from((1, 2)), drawn_boxes), max_size=12))
def test_the_largest_iou_is_within_the_unit(rows: list[tuple[str | None, int, Box]]) -> None:
    unit = pd.DataFrame([row[:2] for row in rows], columns=["image", "annotator"])
    drawn = np.array([row[2] for row in rows], dtype=float).reshape(-1, 4)
    iou = boxes.largest_iou_in_unit(unit, drawn)
    for here, row in enumerate(rows):
        others = [n for n, other in enumerate(rows) if n != here and other[:2] == row[:2]]
        overlaps = [float(box_iou(drawn[[here]], drawn[[n]])[0]) for n in others]
        assert iou[here] == max(overlaps, default=0.0)


@settings(max_examples=40)
@given(
    st.lists(st.floats(1, 5000).map(lambda value: round(value, 1)) | st.none(), min_size=15, max_size=45),
    st.integers(0, 3),
)
def test_size_against_class_equals_a_plain_computation(areas: list[float | None], others: int) -> None:
    labels = ["cat" if n % 4 >= others else "dog" for n in range(len(areas))]
    size = boxes.size_against_class(pd.Series(areas, dtype=float), pd.Series(labels))
    for label in ("cat", "dog"):
        rows = [n for n, other in enumerate(labels) if other == label]
        logs = {n: math.log(area) for n in rows if (area := areas[n]) is not None}
        if len(logs) < MIN_SAMPLE:
            assert np.isnan(size.ratio[rows]).all() and np.isnan(size.deviation[rows]).all()
            continue
        median = statistics.median(logs.values())
        spread = max(1.4826 * statistics.median(abs(log - median) for log in logs.values()), 0.05)
        for row in rows:
            if row not in logs:
                assert np.isnan(size.ratio[row])
                continue
            assert size.ratio[row] == pytest.approx(math.exp(logs[row] - median), abs=1e-4, rel=1e-4)
            assert size.deviation[row] == pytest.approx((logs[row] - median) / spread, abs=1e-4)


def test_areas_without_a_class_have_no_ratio() -> None:
    size = boxes.size_against_class(pd.Series([1.0] * 30), pd.Series([None] * 30, dtype="str"))
    assert np.isnan(size.ratio).all()


corner = st.tuples(st.integers(-50, 50), st.integers(-50, 50))


@given(st.lists(st.none() | st.lists(corner, max_size=7), min_size=1, max_size=8))
def test_polygon_area_equals_the_sum_over_its_edges(polygons: list[list[tuple[int, int]] | None]) -> None:
    flat = [None if p is None else [float(value) for corner in p for value in corner] for p in polygons]
    measured = geometry_overlaps.polygon_areas(frames.frame("annotations", {"polygon": flat})["polygon"])
    for polygon, area in zip(polygons, measured, strict=True):
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
