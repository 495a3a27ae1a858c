"""One geometry from several annotators': the median, whatever the order, the position and the size."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.consensus.geometry import consensus_geometry
from golgoru.tables import frames

SIDES = ["x", "y", "width", "height"]
QUAD = [10.0, 10.0, 60.0, 14.0, 58.0, 30.0, 8.0, 26.0]
few = settings(max_examples=40, deadline=None)


def bounds(polygon: list[float]) -> list[float]:
    xs, ys = polygon[::2], polygon[1::2]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def saying(*drawn: list[float] | tuple[float, ...]) -> pd.DataFrame:
    """Words of one object each drawn by one person: boxes as tuples, polygons as lists."""
    rows = []
    for n, shape in enumerate(drawn):
        is_polygon = isinstance(shape, list)
        row: dict[str, Any] = dict(zip(SIDES, bounds(list(shape)) if is_polygon else shape, strict=True))
        rows.append(row | {"annotation": f"b/{n:02}", "polygon": list(shape) if is_polygon else None})
    return frames.frame("annotations", pd.DataFrame(rows)).assign(object="o", image="i")


def box(*drawn: list[float] | tuple[float, ...], merge: bool = True) -> list[float]:
    found: list[float] = consensus_geometry(saying(*drawn), merge)[SIDES].to_numpy()[0].tolist()
    return found


def polygon(*drawn: list[float] | tuple[float, ...]) -> list[float] | None:
    made = consensus_geometry(saying(*drawn), merge=True)["polygon"].to_numpy(dtype=object)[0]
    return None if made is None or made is pd.NA else [float(number) for number in made]


def turned(shape: list[float], start: int, back: bool) -> list[float]:
    points = np.roll(np.reshape(shape, (-1, 2)), start, axis=0)[:: -1 if back else 1]
    flat: list[float] = points.ravel().tolist()
    return flat


def test_of_two_boxes_each_edge_is_the_mean_and_of_three_the_middle_one() -> None:
    assert box((0, 0, 10, 10), (1, 2, 10, 10.02)) == [0.5, 1, 10, 10.01]
    assert box((0, 0, 10, 10), (1, 2, 10, 10), (0.5, 1, 9, 30)) == [0.5, 1, 9.5, 11]


def test_one_sloppy_person_of_three_moves_an_edge_no_further_than_the_others_are_apart() -> None:
    assert box((10, 10, 20, 20), (10, 10, 20, 20), (0, 0, 90, 90)) == [10, 10, 20, 20]


def test_one_annotation_and_equal_annotations_stay_as_they_were_drawn() -> None:
    fine = (0.123456, 1 / 3, 10.987654, 9.5)
    assert box(fine) == list(fine)
    assert box(fine, fine, fine) == list(fine)
    drawn = [number + 1 / 3 for number in QUAD]
    assert polygon(drawn) == polygon(drawn, drawn) == drawn


def test_as_a_setting_says_one_annotation_speaks_for_all() -> None:
    assert box((0, 0, 10, 10), (1, 0, 10, 10), (2, 0, 10, 10), (9, 0, 3, 10), merge=False) == [1, 0, 10, 10]


def test_quadrilaterals_merge_corner_by_corner_and_their_box_follows() -> None:
    other = [12.0, 10.0, 60.0, 14.0, 58.0, 31.0, 6.0, 26.0]
    assert polygon(QUAD, other) == [11, 10, 60, 14, 58, 30.5, 7, 26]
    assert box(QUAD, other) == [7, 10, 53, 20.5]


def test_polygons_that_do_not_correspond_are_not_mixed() -> None:
    five = [*QUAD, 8.0, 20.0]
    assert polygon(QUAD, five) == QUAD
    assert polygon(five, QUAD, QUAD) == QUAD
    assert polygon((8, 10, 52, 20), QUAD) is None
    assert polygon(QUAD, (8, 10, 52, 20)) == QUAD
    # Of equally many corners, set elsewhere on the same outline: mixed they would cut its corners off.
    around = [0.0, 0.0, 50.0, 0.0, 100.0, 0.0, 100.0, 100.0, 0.0, 100.0]
    elsewhere = [0.0, 0.0, 100.0, 0.0, 100.0, 100.0, 50.0, 100.0, 0.0, 100.0]
    assert polygon(around, elsewhere, around) in (around, elsewhere)


@pytest.mark.parametrize(
    "broken", [[np.nan] * 8, [1e308] * 8, [1e300, -1e300] * 4, [0.0] * 8, [0.0, 0.0, 1.0, 1.0], [0.0] * 7, []]
)
def test_unsound_shapes_end_in_no_error(broken: list[float]) -> None:
    annotations = saying(QUAD, QUAD, QUAD).assign(polygon=pd.Series([QUAD, broken, QUAD], dtype=object))
    made = consensus_geometry(annotations, merge=True)["polygon"].to_numpy(dtype=object)[0]
    assert list(made) == QUAD
    assert len(consensus_geometry(annotations.assign(polygon=pd.Series([broken] * 3, dtype=object)), merge=True)) == 1


@pytest.mark.parametrize("broken", [(np.nan,) * 4, (1e308, 0, 1e308, 1), (np.inf, 0, 1, 1), (0, 0, 0, 0)])
def test_boxes_without_a_place_do_not_move_the_others(broken: tuple[float, ...]) -> None:
    found = box((0, 0, 10, 10), (0, 0, 10, 10), broken)
    assert found == [0, 0, 10, 10]
    assert len(box(broken, broken)) == 4


BOX = st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(10, 60)] * 2)
JITTER = st.lists(st.integers(-3, 3), min_size=8, max_size=8)
BOXES = st.lists(BOX, min_size=1, max_size=5)
QUADS = st.lists(JITTER, min_size=1, max_size=5).map(
    lambda all_: [[a + b for a, b in zip(QUAD, jitter, strict=True)] for jitter in all_]
)


@few
@given(BOXES | QUADS, st.integers(-50, 50), st.integers(1, 4))
def test_what_is_moved_or_scaled_gives_what_is_moved_or_scaled(drawn: list[Any], by: int, times: int) -> None:
    is_polygon = isinstance(drawn[0], list)
    moved = [
        [number * times + by for number in shape]
        if is_polygon
        else tuple(number * times + (by if n < 2 else 0) for n, number in enumerate(shape))
        for shape in drawn
    ]
    expected = np.array(box(*drawn)) * times + [by, by, 0, 0]
    assert box(*moved) == pytest.approx(expected.tolist(), abs=0.01 * times)
    if is_polygon:
        corners = np.array(polygon(*drawn)) * times + by
        assert polygon(*moved) == pytest.approx(corners.tolist(), abs=0.01 * times)


@few
@given(QUADS, st.integers(0, 3), st.booleans(), st.integers(0, 4))
def test_a_quadrilateral_and_itself_from_another_corner_merge_to_itself(
    drawn: list[list[float]], start: int, back: bool, which: int
) -> None:
    assert polygon(QUAD, turned(QUAD, start, back)) == QUAD
    # And among others, the corner where somebody began changes nothing.
    which %= len(drawn)
    other = [turned(shape, start, back) if n == which else shape for n, shape in enumerate(drawn)]
    points, again = (np.reshape(polygon(*these), (-1, 2)).tolist() for these in (drawn, other))
    assert sorted(points) == sorted(again)


@few
@given(st.lists(BOXES | QUADS, min_size=1, max_size=4))
def test_objects_do_not_touch_each_other(objects: list[list[Any]]) -> None:
    annotations = [saying(*drawn).assign(object=f"o{n}") for n, drawn in enumerate(objects)]
    together = consensus_geometry(pd.concat(annotations, ignore_index=True), merge=True)
    for n, alone in enumerate(annotations):
        one = consensus_geometry(alone, merge=True)
        assert together.loc[f"o{n}", SIDES].tolist() == one.iloc[0][SIDES].tolist()
        assert str(together.loc[f"o{n}", "polygon"]) == str(one.iloc[0]["polygon"])
