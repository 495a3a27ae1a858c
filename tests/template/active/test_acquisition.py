"""Choosing images by how uncertain a model is about them and by how they lie among the others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.active import acquisition

few = settings(max_examples=20, deadline=None)


def unit_vectors(points):
    array = np.array(points, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def test_the_margin_uncertainty_is_1_minus_the_gap_of_the_two_most_probable_classes():
    probabilities = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.4, 0.3, 0.3]])
    assert acquisition.margin_uncertainty(probabilities) == pytest.approx([0, 1, 0.9])


def test_with_one_class_there_is_no_uncertainty():
    assert acquisition.margin_uncertainty(np.ones((3, 1))).tolist() == [0, 0, 0]


def test_the_squared_distance_is_that_to_the_nearest_known():
    known = unit_vectors([[1, 0], [0, 1]])
    distance = acquisition.squared_distance_to_nearest(unit_vectors([[1, 0], [-1, 0], [1, 1]]), known)
    assert distance == pytest.approx([0, 2, 2 - 2**0.5], abs=1e-6)
    assert acquisition.squared_distance_to_nearest(unit_vectors([[1, 0]]), known[:0]).tolist() == [1]


def test_medoids_take_one_of_each_cluster():
    rng = np.random.default_rng(0)
    clusters = np.concatenate([centre + rng.normal(0, 0.02, (30, 3)) for centre in np.eye(3)])
    picked = acquisition.medoids(unit_vectors(clusters), np.ones(90), 3, 0)
    assert sorted(picked // 30) == [0, 1, 2]


def test_a_score_of_0_is_picked_last():
    points = unit_vectors(np.random.default_rng(1).normal(size=(40, 4)))
    scores = np.r_[np.ones(10), np.zeros(30)]
    assert set(acquisition.medoids(points, scores, 10, 0)) == set(range(10))


@few
@given(st.integers(0, 12), st.integers(0, 15), st.integers(0, 3))
def test_medoids_are_different_and_as_many_as_asked_for(size, count, seed):
    # Only two different images, so that clusters coincide.
    points = unit_vectors(np.tile([[1.0, 0.0], [0.0, 1.0]], (size, 1))[:size]) if size else np.empty((0, 2), np.float32)
    picked = acquisition.medoids(points, np.ones(size), count, seed)
    assert len(picked) == min(count, size)
    assert len(set(picked.tolist())) == len(picked)


def test_represented_counts_say_how_many_are_nearest_to_each_pick():
    points = unit_vectors([[1, 0], [1, 0.1], [0, 1]])
    assert acquisition.represented_counts(points, points[[0, 2]]).tolist() == [2, 1]
    assert acquisition.represented_counts(points, points[:0]).tolist() == []
