import numpy as np
import pytest

from golgoru.duplicates import orientations

IMAGE = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)


def test_there_are_eight_orientations_and_all_differ() -> None:
    assert len({orientations.TRANSFORMS[orientation](IMAGE).tobytes() for orientation in orientations.TRANSFORMS}) == 8


def test_degrees_are_counter_clockwise() -> None:
    assert orientations.TRANSFORMS["90"](IMAGE)[0].tolist() == [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
    assert orientations.TRANSFORMS["mirrored"](IMAGE)[0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]


@pytest.mark.parametrize("orientation", orientations.TRANSFORMS)
def test_the_inverse_undoes_each_orientation(orientation: str) -> None:
    transformed = orientations.TRANSFORMS[orientation](IMAGE)
    assert np.array_equal(
        orientations.TRANSFORMS[orientations.INVERSE.get(orientation, orientation)](transformed), IMAGE
    )
