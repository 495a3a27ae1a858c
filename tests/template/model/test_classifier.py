"""The built-in model: it learns what can be learned, and never from what it predicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.core.arrays import Integers
from golgoru.model import classifier
from golgoru.model.projection import ReducedFeatures, reduce_features

CLASSES = 3


def blobs(size: int, seed: int = 0, distance: float = 6.0) -> tuple[ReducedFeatures, Integers]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, size)
    values = rng.normal(size=(size, 8))
    values[np.arange(size), label] += distance
    return ReducedFeatures(values, values), label


def test_distant_classes_are_learned_with_high_confidence() -> None:
    reduced, label = blobs(300)
    fold = np.arange(300) % classifier.FOLDS
    probabilities = classifier.out_of_fold_probabilities(reduced, label, np.ones(300, bool), fold, CLASSES)
    assert (probabilities.argmax(axis=1) == label).mean() > 0.98
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(0, 4))
def test_labels_of_a_fold_do_not_change_its_predictions(seed: int, number: int) -> None:
    reduced, label = blobs(60, seed, distance=2.0)
    fold = np.arange(60) % classifier.FOLDS
    held_out, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
    other = label.copy()
    other[held_out] = (other[held_out] + 1) % CLASSES
    np.testing.assert_array_equal(
        classifier.fit_and_predict(reduced, label, train, held_out, CLASSES),
        classifier.fit_and_predict(reduced, other, train, held_out, CLASSES),
    )


def test_rows_of_no_fold_are_predicted_by_a_model_trained_on_all() -> None:
    reduced, label = blobs(90)
    fold = np.arange(90) % classifier.FOLDS
    fold[:10], label_known = -1, label.copy()
    label_known[:10] = -1
    probabilities = classifier.out_of_fold_probabilities(reduced, label_known, label_known >= 0, fold, CLASSES)
    assert (probabilities[:10].argmax(axis=1) == label[:10]).mean() >= 0.9


@pytest.mark.parametrize("train", [[], [0], [0, 1], [0, 1, 2, 3]])
def test_with_few_rows_to_train_on_it_still_gives_probabilities(train: list[int]) -> None:
    reduced, label = blobs(12)
    probabilities = classifier.fit_and_predict(reduced, label, np.array(train, np.int64), np.arange(4, 12), CLASSES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.isfinite(probabilities).all()


def test_confidence_that_is_too_high_or_too_low_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 4000)
    correct = rng.random(4000) < 0.8
    predicted = np.where(correct, label, 1 - label)
    for claimed in (0.99, 0.6):
        claims = np.where(np.eye(2, dtype=bool)[predicted], claimed, 1 - claimed)
        probabilities = classifier.calibrated_probabilities(claims, label, np.ones(4000, bool))
        expected = min(probabilities.max(), 0.85)
        assert probabilities.max() < 0.995
        assert abs(expected - 0.8) < 0.17
        assert (probabilities.argmax(axis=1) == predicted).all()


def test_constant_features_are_no_division_by_zero() -> None:
    flat = np.ones((5, 400), np.float32)
    reduced = reduce_features(flat, np.zeros((5, 2)))
    assert reduced.components.shape[0] == 5
    assert np.isfinite(reduced.half_whitened).all()
