"""The built-in model: it learns what can be learned, and never from what it judges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.model import classifier

CLASSES = 3


def blobs(size: int, seed: int = 0, apart: float = 6.0) -> tuple[classifier.ReducedFeatures, classifier.Codes]:
    dice = np.random.default_rng(seed)
    label = dice.integers(0, CLASSES, size)
    values = dice.normal(size=(size, 8))
    values[np.arange(size), label] += apart
    return classifier.ReducedFeatures(values, values), label


def test_what_lies_apart_is_learned_and_its_confidence_is_high() -> None:
    reduced, label = blobs(300)
    fold = np.arange(300) % classifier.FOLDS
    found = classifier.out_of_fold_probabilities(reduced, label, np.ones(300, bool), fold, CLASSES)
    assert (found.argmax(axis=1) == label).mean() > 0.98
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(0, 4))
def test_labels_of_a_fold_say_nothing_about_that_fold(seed: int, one: int) -> None:
    reduced, label = blobs(60, seed, apart=2.0)
    fold = np.arange(60) % classifier.FOLDS
    judged, learned = np.flatnonzero(fold == one), np.flatnonzero(fold != one)
    other = label.copy()
    other[judged] = (other[judged] + 1) % CLASSES
    np.testing.assert_array_equal(
        classifier.fit_and_predict(reduced, label, learned, judged, CLASSES),
        classifier.fit_and_predict(reduced, other, learned, judged, CLASSES),
    )


def test_what_belongs_to_no_fold_is_judged_by_a_model_that_saw_all() -> None:
    reduced, label = blobs(90)
    fold = np.arange(90) % classifier.FOLDS
    fold[:10], label_known = -1, label.copy()
    label_known[:10] = -1
    found = classifier.out_of_fold_probabilities(reduced, label_known, label_known >= 0, fold, CLASSES)
    assert (found[:10].argmax(axis=1) == label[:10]).mean() >= 0.9


@pytest.mark.parametrize("learned", [[], [0], [0, 1], [0, 1, 2, 3]])
def test_with_next_to_nothing_to_learn_from_it_still_gives_probabilities(learned: list[int]) -> None:
    reduced, label = blobs(12)
    found = classifier.fit_and_predict(reduced, label, np.array(learned, np.int64), np.arange(4, 12), CLASSES)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.isfinite(found).all()


def test_an_overconfident_model_is_brought_down_and_a_shy_one_up() -> None:
    dice = np.random.default_rng(0)
    label = dice.integers(0, 2, 4000)
    right = dice.random(4000) < 0.8
    said = np.where(right, label, 1 - label)
    for claimed in (0.99, 0.6):
        probabilities = np.where(np.eye(2, dtype=bool)[said], claimed, 1 - claimed)
        found = classifier.calibrated_probabilities(probabilities, label, np.ones(4000, bool))
        expected = min(found.max(), 0.85)
        assert found.max() < 0.995
        assert abs(expected - 0.8) < 0.17
        assert (found.argmax(axis=1) == said).all()


def test_features_without_any_spread_are_no_division_by_zero() -> None:
    flat = np.ones((5, 400), np.float32)
    found = classifier.reduce_features(flat, np.zeros((5, 2)))
    assert found.plain.shape[0] == 5
    assert np.isfinite(found.even).all()
