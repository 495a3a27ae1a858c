"""Masks of confident learning, held to cleanlab's on the same probabilities."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.model.confident_learning import class_thresholds, label_issue_mask


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
    np.testing.assert_array_equal(label_issue_mask(label, probabilities), theirs)


def test_a_class_without_labels_is_never_guessed() -> None:
    label = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    assert class_thresholds(label, probabilities).tolist() == [0.45, 0.45, np.inf]
    assert label_issue_mask(label, probabilities).tolist() == [False, False, False, True]


def test_no_labels_have_no_issues() -> None:
    assert label_issue_mask(np.empty(0, np.int64), np.empty((0, 3))).tolist() == []
