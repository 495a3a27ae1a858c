"""Masks of confident learning, held to cleanlab's on the same probabilities."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.model.confident_learning import class_thresholds, label_issue_mask


def thresholds(label: Integers, probabilities: Floats) -> Floats:
    return class_thresholds(label, probabilities[np.arange(len(label)), label], probabilities.shape[1])


def mask(label: Integers, probabilities: Floats) -> Flags:
    return label_issue_mask(label, probabilities, thresholds(label, probabilities))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(20, 200), st.booleans())
def test_the_mask_equals_cleanlabs(seed: int, classes: int, size: int, coarse: bool) -> None:
    from cleanlab.filter import find_label_issues  # slow to import

    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.5), size)
    if coarse:  # many ties
        probabilities = np.round(probabilities * 4).clip(min=1) / 8
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    label = np.where(rng.random(size) < 0.7, probabilities.argmax(axis=1), rng.integers(0, classes, size))
    label[:classes] = np.arange(classes)  # cleanlab wants every class to occur
    theirs = find_label_issues(label, probabilities, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(mask(label, probabilities), theirs)


def test_a_class_without_labels_is_never_guessed() -> None:
    label = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    assert thresholds(label, probabilities).tolist() == [0.45, 0.45, np.inf]
    assert mask(label, probabilities).tolist() == [False, False, False, True]


def test_no_labels_have_no_issues() -> None:
    assert mask(np.empty(0, np.int64), np.empty((0, 3))).tolist() == []
