"""Choosing pictures by how unsure a model is and by how they lie among the others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.active import acquisition

few = settings(max_examples=20, deadline=None)


def sphere(points):
    array = np.array(points, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def test_who_wavers_between_two_classes_is_unsure_by_margin():
    said = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.4, 0.3, 0.3]])
    assert acquisition.margin_uncertainty(said) == pytest.approx([0, 1, 0.9])


def test_who_knows_nothing_is_most_unsure_by_entropy():
    said = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    found = acquisition.unsure_by_entropy(said)
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found[1] == pytest.approx(np.log(2) / np.log(3), abs=1e-6)
    assert found[2] == pytest.approx(1)


@pytest.mark.parametrize("measure", [acquisition.margin_uncertainty, acquisition.unsure_by_entropy])
def test_with_one_class_nobody_is_unsure(measure):
    assert measure(np.ones((3, 1))).tolist() == [0, 0, 0]


def test_newness_is_the_squared_distance_to_the_nearest_known():
    known = sphere([[1, 0], [0, 1]])
    assert acquisition.squared_distance_to_nearest(sphere([[1, 0], [-1, 0], [1, 1]]), known) == pytest.approx(
        [0, 2, 2 - 2**0.5], abs=1e-6
    )
    assert acquisition.squared_distance_to_nearest(sphere([[1, 0]]), known[:0]).tolist() == [1]


def test_medoids_take_one_of_each_heap():
    dice = np.random.default_rng(0)
    heaps = np.concatenate([centre + dice.normal(0, 0.02, (30, 3)) for centre in np.eye(3)])
    picked = acquisition.medoids(sphere(heaps), np.ones(90), 3, 0)
    assert sorted(picked // 30) == [0, 1, 2]


def test_what_nobody_wants_is_picked_last():
    points = sphere(np.random.default_rng(1).normal(size=(40, 4)))
    wanted = np.r_[np.ones(10), np.zeros(30)]
    assert set(acquisition.medoids(points, wanted, 10, 0)) == set(range(10))


@few
@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 3))
def test_medoids_are_different_and_as_many_as_asked_for(there, count, seed):
    # Two different pictures alone, so that clusters fall together.
    points = sphere(np.tile([[1.0, 0.0], [0.0, 1.0]], (there, 1))[:there]) if there else np.empty((0, 2), np.float32)
    picked = acquisition.medoids(points, np.ones(there), count, seed)
    assert len(picked) == min(count, there)
    assert len(set(picked.tolist())) == len(picked)


def test_k_centre_goes_where_nothing_is_known():
    points = sphere([[1, 0, 0], [1, 0.01, 0], [0, 1, 0], [0, 1, 0.01], [0, 0, 1]])
    assert acquisition.k_centre(points, points[:3], 1, 0).tolist() == [4]
    first = acquisition.k_centre(points, points[:0], 3, 0)
    assert len({(0, 0, 2, 2, 4)[row] for row in first}) == 3  # one of each direction
    assert len(acquisition.k_centre(points, points[:1], 9, 0)) == 5


def test_nearest_counts_for_whom_each_pick_stands():
    points = sphere([[1, 0], [1, 0.1], [0, 1]])
    assert acquisition.represented_counts(points, points[[0, 2]]).tolist() == [2, 1]
    assert acquisition.represented_counts(points, points[:0]).tolist() == []
