"""Confident learning (Northcutt, Jiang and Chuang, JAIR 2021): labels that a model confidently predicts otherwise.

Their count overstates the noise where the model is weak (0.29 to 0.43 instead of 0.17 on CIFAR-10N), so they are given
as reasons and never as an estimate.
"""

import numpy as np

from golgoru.core.arrays import Flags, Floats, Integers

_MARGIN = 1e-6  # cleanlab's own, so that the masks are equal


def class_thresholds(label: Integers, of_label: Floats, classes: int) -> Floats:
    """Return per class the mean probability of the class among its labels; infinite for a class without labels.

    `label` (n,) are codes, `of_label` (n,) the out-of-fold probability of each label.
    """
    count = np.bincount(label, minlength=classes)
    total = np.bincount(label, of_label, minlength=classes)
    thresholds: Floats = np.where(count > 0, np.maximum(total / np.maximum(count, 1), 2 * _MARGIN), np.inf)
    return thresholds


def label_issue_mask(label: Integers, probabilities: Floats, thresholds: Floats) -> Flags:
    """Return which labels the model is confident belong to another class.

    `label` (n,) are codes, `probabilities` (n, classes) out-of-fold, `thresholds` (classes,) those of all labels. Equal
    to cleanlab's `find_label_issues` by `confident_learning`.
    """
    if not len(label):
        return np.zeros(0, dtype=bool)
    confident = probabilities >= thresholds - _MARGIN
    most_probable = probabilities.argmax(axis=1)
    guess = np.where(confident.sum(axis=1) > 1, most_probable, confident.argmax(axis=1))
    with_margin = probabilities.copy()
    with_margin[np.arange(len(label)), label] += _MARGIN  # a tie with another class leaves the label as it is
    mask: Flags = confident.any(axis=1) & (guess != label) & (with_margin.argmax(axis=1) != label)
    return mask
