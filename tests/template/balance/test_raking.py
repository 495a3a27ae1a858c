"""Weights that bring shares to targets: against closed forms, against another solver, and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_array

from golgoru.balance.raking import Margins, calibrate
from tests.template.builders.examples import examples

few = examples(20)


def weights(counts, shares, low=0.1, high=10.0, belongs=None, mass=None, prior=None):
    counts = np.asarray(counts)
    ones = np.ones(len(counts))
    given = Margins(
        csr_array(counts),
        np.zeros(counts.shape[1], int) if belongs is None else np.asarray(belongs),
        np.asarray(shares, float),
        ones if mass is None else np.asarray(mass, float),
        ones if prior is None else np.asarray(prior, float),
    )
    return calibrate(given, low, high)


def reached(counts, weight):
    shown = weight @ np.asarray(counts)
    return shown / shown.sum()


def one_class_each(*images):
    return np.repeat(np.eye(len(images), dtype=int), images, axis=0)


def missed(share, shares):
    return ((share - shares) ** 2 / np.maximum(shares, 1e-3)).sum()


def nearest(counts, shares, low, high):
    """Return the nearest shares by another way: SLSQP on distinct rows, from even weights."""
    rows, number = np.unique(counts, axis=0, return_counts=True)

    def distance(weight):
        shown = (number * weight) @ rows
        share = shown / shown.sum()
        slope = 2 * (share - shares) / np.maximum(shares, 1e-3)
        return missed(share, shares), number * (rows @ ((slope - slope @ share) / shown.sum()))

    mean = {"type": "eq", "fun": lambda w: number @ w - len(counts), "jac": lambda _: number.astype(float)}
    found = minimize(
        distance, np.ones(len(rows)), jac=True, bounds=[(low, high)] * len(rows), constraints=[mean], method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-13},
    )  # fmt: skip
    return reached(rows, number * found.x)


def can_be_met(counts, shares, low, high):
    """Say by linear programming whether some weights meet the shares exactly."""
    miss = counts - np.outer(counts.sum(axis=1), shares)
    found = linprog(
        np.zeros(len(counts)), A_eq=np.vstack([miss.T, np.ones(len(counts))]),
        b_eq=np.append(np.zeros(counts.shape[1]), len(counts)), bounds=(low, high),
    )  # fmt: skip
    return found.status == 0


def many_objects(seed, images=60):
    dice = np.random.default_rng(seed)
    return dice.poisson([4, 0.5, 0.3], (images, 3)) + np.eye(3, dtype=int)[dice.choice(3, images, p=[0.8, 0.1, 0.1])]


@pytest.mark.parametrize("images", [(900, 100), (500, 300, 150, 50)])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_images_of_one_class_each_weigh_target_over_share(images, power):
    shares = np.array(images) ** (1 - power)
    shares /= shares.sum()
    weight = weights(one_class_each(*images), shares)
    closed = shares / (np.array(images) / sum(images))
    assert weight == pytest.approx(np.repeat(closed, images), abs=1e-5)


def test_where_the_bound_is_reached_the_others_share_the_rest():
    weight = weights(one_class_each(990, 9, 1), [1 / 3] * 3)
    assert weight == pytest.approx(np.repeat([900 / 990, 10, 10], (990, 9, 1)), abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_shares_are_the_nearest_that_another_solver_finds(seed):
    counts = many_objects(seed)
    for shares in (np.full(3, 1 / 3), np.array([0.5, 0.4, 0.1]), np.array([0.9, 0.1, 0.0])):
        share = reached(counts, weights(counts, shares))
        best = nearest(counts, shares, 0.1, 10)
        assert missed(share, shares) <= missed(best, shares) + 1e-4
        assert share == pytest.approx(best, rel=0.05, abs=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_what_can_be_met_is_met(seed):
    counts = many_objects(seed, images=200)
    natural = counts.sum(axis=0) / counts.sum()
    for shares in ((natural + 1 / 3) / 2, np.sqrt(natural) / np.sqrt(natural).sum()):
        if can_be_met(counts, shares, 0.1, 10):
            assert reached(counts, weights(counts, shares)) == pytest.approx(shares, abs=1e-5)


def test_of_all_weights_that_meet_the_target_they_differ_least():
    counts = many_objects(3, images=40)
    natural = counts.sum(axis=0) / counts.sum()
    shares = 0.8 * natural + 0.2 / 3
    weight = weights(counts, shares, low=0.2, high=4)
    miss = counts - np.outer(counts.sum(axis=1), shares)
    found = minimize(
        lambda w: (w * np.log(w)).sum(), np.ones(40), jac=lambda w: np.log(w) + 1, bounds=[(0.2, 4)] * 40,
        constraints=[
            {"type": "eq", "fun": lambda w: miss[:, :2].T @ w}, {"type": "eq", "fun": lambda w: w.sum() - 40},
        ],
        method="SLSQP", options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    assert weight == pytest.approx(found.x, abs=1e-3)


def test_two_targets_are_met_together():
    dice = np.random.default_rng(0)
    classes, cameras = dice.choice(3, 600, p=[0.7, 0.2, 0.1]), dice.choice(2, 600, p=[0.9, 0.1])
    counts = np.hstack([np.eye(3, dtype=int)[classes], np.eye(2, dtype=int)[cameras]])
    weight = weights(counts, [1 / 3, 1 / 3, 1 / 3, 0.7, 0.3], belongs=[0, 0, 0, 1, 1])
    assert reached(counts[:, :3], weight) == pytest.approx([1 / 3] * 3, abs=1e-5)
    assert reached(counts[:, 3:], weight) == pytest.approx([0.7, 0.3], abs=1e-5)


def test_two_targets_that_exclude_each_other_meet_halfway():
    counts = np.repeat([[1, 0, 1, 0], [0, 1, 0, 1]], 50, axis=0)  # the camera gives the class away
    weight = weights(counts, [0.2, 0.8, 0.8, 0.2], belongs=[0, 0, 1, 1])
    assert weight == pytest.approx(1, abs=1e-4)


def test_without_a_target_weights_are_the_prior_within_the_bounds():
    prior = np.array([1.0, 1, 1, 30])
    weight = weights(np.zeros((4, 0)), [], low=0.5, high=3, prior=prior)
    assert weight == pytest.approx([0.5, 0.5, 0.5, 2.5])
    assert weights(np.zeros((0, 2)), [0.5, 0.5]).shape == (0,)


def test_a_value_that_no_image_shows_leaves_its_share_to_the_others():
    weight = weights(np.hstack([one_class_each(90, 10), np.zeros((100, 1), int)]), [0.25, 0.25, 0.5])
    assert weight == pytest.approx(np.repeat([5 / 9, 5], (90, 10)), abs=1e-5)
    weight = weights(np.hstack([one_class_each(90, 10), np.zeros((100, 1), int)]), [0, 0, 1])
    assert weight == pytest.approx(np.repeat([5 / 9, 5], (90, 10)), abs=1e-5)


@st.composite
def problems(draw):
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    images, values = draw(st.integers(1, 40)), draw(st.integers(1, 5))
    counts = dice.poisson(dice.uniform(0.1, 3, values), (images, values))
    counts[np.arange(images), dice.choice(values, images)] += 1
    shares = dice.dirichlet(np.full(values, draw(st.sampled_from((0.1, 1.0, 10.0)))))
    return counts, shares, draw(st.sampled_from((0.01, 0.1, 0.5, 1.0))), draw(st.sampled_from((1.0, 1.5, 10.0, 100.0)))


@few
@given(problems(), st.integers(0, 99))
def test_the_mean_is_one_the_bounds_hold_and_the_order_of_rows_is_irrelevant(problem, seed):
    counts, shares, low, high = problem
    weight = weights(counts, shares, low, high)
    assert weight.mean() == pytest.approx(1, abs=1e-8)
    assert weight.min() >= low - 1e-9
    assert weight.max() <= high + 1e-9
    order = np.random.default_rng(seed).permutation(len(counts))
    assert (weights(counts[order], shares, low, high) == weight[order]).all()


@few
@given(problems(), st.integers(1, 4))
def test_near_duplicates_that_share_one_image_change_no_weight(problem, copies):
    counts, shares, low, high = problem
    weight = weights(counts, shares, low, high)
    twice = np.vstack([counts, np.repeat(counts[:1], copies, axis=0)])
    mass = np.append(np.ones(len(counts)), np.zeros(copies))
    mass[[0, *range(len(counts), len(twice))]] = 1 / (copies + 1)
    again = weights(twice, shares, low, high, mass=mass)
    assert again[: len(counts)] == pytest.approx(weight, abs=1e-6)
    assert again[len(counts) :] == pytest.approx(weight[0], abs=1e-6)


def test_many_kinds_of_images_begin_from_a_part_of_them(monkeypatch):
    dice = np.random.default_rng(0)
    counts = dice.poisson([4, 2, 1, 0.5, 1, 1, 1, 1], (6000, 8)) + np.eye(8, dtype=int)[0]
    shares = np.full(8, 1 / 8)
    whole = weights(counts, shares)
    monkeypatch.setattr("golgoru.balance.raking._MANY_ROWS", 2000)
    assert weights(counts, shares) == pytest.approx(whole, abs=1e-3)
