import numpy as np
import pytest

from golgoru.duplicates import orientations

PICTURE = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)


def test_there_are_eight_ways_and_all_differ() -> None:
    assert len({orientations.TURN[view](PICTURE).tobytes() for view in orientations.TURN}) == 8


def test_degrees_are_counter_clockwise() -> None:
    assert orientations.TURN["90"](PICTURE)[0].tolist() == [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
    assert orientations.TURN["mirrored"](PICTURE)[0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]


@pytest.mark.parametrize("view", orientations.TURN)
def test_back_undoes_each_way(view: str) -> None:
    there = orientations.TURN[view](PICTURE)
    assert np.array_equal(orientations.TURN[orientations.BACK.get(view, view)](there), PICTURE)
