"""Polygons as annotators drew them, valid or not: IoU, areas, and matching."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golgoru.geometry import geos, polygons
from golgoru.geometry.boxes import BOX_COLUMNS, box_iou
from golgoru.geometry.matching import match_annotations

SQUARE = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0]
BOW_TIE = [0.0, 0.0, 10.0, 10.0, 10.0, 0.0, 0.0, 10.0]
corner = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda c: [float(c[0]), float(c[1])])
shape = st.lists(corner, min_size=3, max_size=7).map(lambda c: [number for one in c for number in one])
few = settings(max_examples=60, deadline=None)


def column(*drawn: list[float] | None) -> pd.Series:
    return pd.Series(list(drawn), dtype=object)


def overlap(one: list[float] | None, other: list[float] | None) -> float:
    return float(iou_of([one], [other])[0])


def iou_of(ones: list[list[float] | None], others: list[list[float] | None]) -> NDArray[np.float64]:
    rows = np.arange(len(ones))
    return polygons.polygon_iou(
        polygons.parse_polygons(column(*ones)), rows, polygons.parse_polygons(column(*others)), rows
    )


def rectangle(box: tuple[float, float, float, float]) -> list[float]:
    x, y, width, height = box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (SQUARE, 1.0),
        ([5.0, 0.0, 15.0, 0.0, 15.0, 10.0, 5.0, 10.0], 1 / 3),
        ([0.0, 0.0, 10.0, 0.0, 0.0, 10.0], 0.5),  # a triangle: half of it, though its bounds are all of it
        (BOW_TIE, 0.5),
        ([10.0, 0.0, 20.0, 0.0, 20.0, 10.0], 0.0),  # they touch
        ([0.0, 0.0, 10.0, 0.0], np.nan),
        ([0.0, 0.0, 5.0, 5.0, 10.0, 10.0], np.nan),  # a line
        ([1.0, 1.0] * 4, np.nan),  # a point
        ([0.0, 0.0, np.nan, 0.0, 10.0, 10.0], np.nan),
        ([0.0, 0.0, np.inf, 0.0, 10.0, 10.0], np.nan),
        ([0.0, 0.0, 1e308, 0.0, 10.0, 10.0], np.nan),
        ([0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0], np.nan),  # a number too few
        ([], np.nan),
        (None, np.nan),
    ],
)
def test_iou_of_polygons(other: list[float] | None, expected: float) -> None:
    assert overlap(SQUARE, other) == pytest.approx(expected, abs=1e-9, nan_ok=True)
    assert overlap(other, SQUARE) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@few
@given(shape, shape)
def test_iou_is_symmetric_between_0_and_1_and_that_of_shapely(one: list[float], other: list[float]) -> None:
    found = overlap(one, other)
    assert found == pytest.approx(overlap(other, one), abs=2e-9, nan_ok=True)
    a, b = (shapely.Polygon(np.reshape(points, (-1, 2))) for points in (one, other))
    if a.is_valid and b.is_valid and a.area > 0 and b.area > 0:
        assert found == pytest.approx(a.intersection(b).area / a.union(b).area, abs=1e-9)
    assert np.isnan(found) or 0 <= found <= 1


BOX = st.tuples(*[st.floats(0, 50, width=32)] * 2, *[st.floats(0.5, 50, width=32)] * 2)


@few
@given(st.lists(st.tuples(BOX, BOX), min_size=1, max_size=6))
def test_iou_of_upright_rectangles_is_that_of_boxes(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    ones, others = (np.array(side) for side in zip(*pairs, strict=True))
    found = iou_of([rectangle(box) for box in ones.tolist()], [rectangle(box) for box in others.tolist()])
    assert found == pytest.approx(box_iou(ones, others), abs=2e-9)


@few
@given(shape, shape, st.integers(0, 6), st.booleans())
def test_start_corner_and_direction_are_irrelevant(
    one: list[float], other: list[float], start: int, back: bool
) -> None:
    points = np.roll(np.reshape(other, (-1, 2)), start, axis=0)[:: -1 if back else 1]
    again = points.ravel().tolist()
    assert overlap(one, again) == pytest.approx(overlap(one, other), abs=2e-9, nan_ok=True)


@few
@given(st.lists(st.tuples(shape, shape), max_size=5), st.integers(1, 20))
def test_chunk_size_changes_nothing(pairs: list[tuple[list[float], list[float]]], chunk: int) -> None:
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    whole = iou_of(ones, others)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polygons, "_CHUNK", chunk)
        assert iou_of(ones, others) == pytest.approx(whole, abs=0, nan_ok=True)


def test_where_geos_fails_that_pair_alone_has_no_iou(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_intersection(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
        if any(geometry.bounds[2] > 10 for geometry in other):
            raise shapely.GEOSException("TopologyException")
        return np.array([geometry.intersection(of) for geometry, of in zip(one, other, strict=True)], dtype=object)

    monkeypatch.setattr(geos.shapely, "intersection", failing_intersection)
    found = iou_of([SQUARE] * 3, [SQUARE, [5.0, 0.0, 15.0, 0.0, 15.0, 10.0], SQUARE])
    assert found == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)


def test_areas_are_those_of_the_shoelace_formula_however_large_the_coordinates() -> None:
    drawn = column(SQUARE, [0.0, 0.0, 10.0, 0.0, 0.0, 10.0], [0.0, 0.0, 1e8, 0.0, 0.0, 1e8], [0.0, 0.0, 1.0, 1.0], None)
    assert polygons.polygon_areas(drawn) == pytest.approx([100, 50, 5e15, np.nan, np.nan], nan_ok=True)
    assert polygons.bounding_box_fill(drawn) == pytest.approx([1, 0.5, 0.5, np.nan, np.nan], nan_ok=True)
    assert polygons.parse_polygons(drawn).counts.tolist() == [4, 3, 0, 0, 0]


# Matching -----------------------------------------------------------------------------------------------------------


def clusters(*drawn: list[float] | None, box: tuple[float, ...] = (0, 0, 10, 10)) -> list[str]:
    """The clusters of annotations a, b, c, ... of one annotator each, all with the same box."""
    table = pd.DataFrame([box] * len(drawn), columns=BOX_COLUMNS)
    names = [chr(ord("a") + n) for n in range(len(drawn))]
    units = np.arange(len(drawn))
    return list(
        match_annotations(table.assign(polygon=column(*drawn), annotation=names, unit=units, image="i", rank=0))
    )


def test_annotations_are_matched_by_polygon_where_both_have_one_and_else_by_box() -> None:
    rising, falling = [0.0, 0.0, 2.0, 0.0, 10.0, 10.0, 8.0, 10.0], [8.0, 0.0, 10.0, 0.0, 2.0, 10.0, 0.0, 10.0]
    assert clusters(rising, falling) == ["a", "b"], "two strokes across each other, of equal bounds"
    assert clusters(rising, rising) == ["a", "a"]
    assert clusters(rising, None) == ["a", "a"]
    assert clusters(rising, [1e300] * 8) == ["a", "a"]
    assert clusters([], None) == ["a", "a"]


def test_a_polygon_is_matched_by_its_corners_even_if_its_box_disagrees() -> None:
    far = [number + 100 for number in SQUARE]
    assert clusters(far, far, SQUARE, box=(0, 0, 10, 10)) == ["a", "a", "c"]


def test_without_polygons_shapely_is_not_imported() -> None:
    code = (
        "import sys; from tests.template.builders.consensus_tables import BOX, annotation, detect; "
        "detect(annotation('b1/1', 'ann', 'cat', BOX), annotation('b1/2', 'ben', 'cat', BOX)); "
        "print('shapely' in sys.modules or 'rapidfuzz' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "False", run.stderr
