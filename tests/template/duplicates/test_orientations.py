import numpy as np
import pytest

from golgoru.duplicates import orientations

PICTURE = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)


def test_there_are_eight_ways_and_all_differ() -> None:
    assert len({orientations.TRANSFORMS[view](PICTURE).tobytes() for view in orientations.TRANSFORMS}) == 8


def test_degrees_are_counter_clockwise() -> None:
    assert orientations.TRANSFORMS["90"](PICTURE)[0].tolist() == [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
    assert orientations.TRANSFORMS["mirrored"](PICTURE)[0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]


@pytest.mark.parametrize("view", orientations.TRANSFORMS)
def test_back_undoes_each_way(view: str) -> None:
    there = orientations.TRANSFORMS[view](PICTURE)
    assert np.array_equal(orientations.TRANSFORMS[orientations.INVERSE.get(view, view)](there), PICTURE)
