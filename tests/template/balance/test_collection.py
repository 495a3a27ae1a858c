"""What to collect: with it, and not with less, weights reach the target."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from golgoru.balance.collection import images_to_collect
from golgoru.balance.raking import Margins, calibrate


def shares_of(counts, shares, low=0.1, high=10.0):
    ones = np.ones(len(counts))
    weight = calibrate(Margins(csr_array(counts), np.zeros(len(shares), int), shares, ones, ones), low, high)
    return weight, weight @ counts / (weight @ counts).sum()


def collection(counts, shares, low=0.1, high=10.0):
    weight, _ = shares_of(counts, shares, low, high)
    return images_to_collect(
        counts=csr_array(counts), fraction=np.ones(len(counts)), weight=weight, target=shares, low=low, high=high
    )


def one_class_each(*images):
    return np.repeat(np.eye(len(images), dtype=int), np.array(images, int), axis=0)


@pytest.mark.parametrize(
    ("images", "shares", "low", "high"),
    [
        ((990, 10), (0.5, 0.5), 0.1, 10),
        ((980, 10, 10), (1 / 3, 1 / 3, 1 / 3), 0.1, 10),
        ((9000, 30, 2, 500), (0.25, 0.25, 0.25, 0.25), 0.1, 4),
        ((100, 100), (0.99, 0.01), 0.5, 10),  # what there is too much of cannot weigh less
        ((990, 0, 10), (0.5, 0.25, 0.25), 0.1, 10),
    ],
)
def test_with_what_is_collected_all_targets_are_met_and_with_one_less_they_are_not(images, shares, low, high):
    shares = np.array(shares)
    to_collect = collection(one_class_each(*images), shares, low, high)
    assert to_collect.short.any()
    collected = np.array(images) + to_collect.collect
    assert shares_of(one_class_each(*collected), shares, low, high)[1] == pytest.approx(shares, abs=1e-4)
    for value in np.flatnonzero(to_collect.short):
        less = collected - 2 * np.eye(len(images))[value]  # two: numbers are rounded up
        assert shares_of(one_class_each(*less), shares, low, high)[1][value] < shares[value] - 1e-6


def test_without_weights_every_class_needs_what_the_one_that_is_ahead_has():
    to_collect = collection(one_class_each(900, 100), np.array([0.5, 0.5]))
    assert to_collect.collect_unweighted.tolist() == [0, 800]
    assert to_collect.collect.tolist() == [0, 0]
    to_collect = collection(one_class_each(900, 100, 0), np.array([0.75, 0.25, 0]))
    assert to_collect.collect_unweighted.tolist() == [0, 200, 0]


def test_images_with_many_objects_are_assumed_to_be_like_those_at_hand():
    counts = np.array([[10, 0]] * 500 + [[2, 6]] * 5)
    shares = np.array([0.6, 0.4])
    to_collect = collection(counts, shares)
    assert to_collect.short.tolist() == [False, True]
    assert not to_collect.shown_alone.any()
    collected = np.vstack([counts, np.repeat([[2, 6]], int(to_collect.collect[1]), axis=0)])
    assert shares_of(collected, shares)[1] == pytest.approx(shares, abs=1e-4)
    assert shares_of(collected[:-2], shares)[1][1] < 0.4 - 1e-6
    plain = np.vstack([counts, np.repeat([[2, 6]], int(to_collect.collect_unweighted[1]), axis=0)]).sum(axis=0)
    assert plain[1] / plain.sum() == pytest.approx(0.4, abs=1e-3)


def test_where_images_at_hand_show_too_little_of_it_others_are_counted_that_show_nothing_else():
    counts = np.array([[10, 0]] * 500 + [[9, 1]] * 500)
    shares = np.array([0.5, 0.5])
    to_collect = collection(counts, shares)
    assert to_collect.shown_alone.tolist() == [False, True]
    collected = np.vstack([counts, np.repeat([[0, 1]], int(to_collect.collect[1]), axis=0)])
    share = shares_of(collected, shares)[1][1]
    assert 0.95 * 0.5 < share < 1.05 * 0.5, "an estimate: the others are taken to sink in common, below their bound too"


def test_nothing_is_missing_where_everything_is_met():
    to_collect = collection(one_class_each(50, 50), np.array([0.5, 0.5]))
    assert not to_collect.short.any()
    assert to_collect.collect.tolist() == to_collect.collect_unweighted.tolist() == [0, 0]
