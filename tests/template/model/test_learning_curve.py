"""What noise costs: the forecast from added noise, against the gain measured when the noise is removed."""

import numpy as np
import pandas as pd
import pytest

from golgoru.model import learning_curve
from golgoru.model.learning_curve import CurveData
from golgoru.model.projection import ReducedFeatures

CLASSES = 4
CONFUSION = np.full((CLASSES, CLASSES), 0.1) + 0.6 * np.eye(CLASSES)


def data(noise: float, size: int = 1200, seed: int = 0) -> tuple[CurveData, CurveData]:
    """Return data of which a share of `noise` of the training labels is wrong, and the same without errors."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, size)
    values = rng.normal(size=(size, 12))
    values[np.arange(size), truth] += 1.6
    reduced = ReducedFeatures(values, values)
    train, held = np.arange(0, size, 2), np.arange(1, size, 2)
    label = truth.copy()
    wrong = train[rng.random(len(train)) < noise]
    label[wrong] = (label[wrong] + rng.integers(1, CLASSES, len(wrong))) % CLASSES
    group = pd.Series([f"g{n:04}" for n in held])
    return tuple(CurveData(reduced, labels, train, held, group, CLASSES) for labels in (label, truth))  # type: ignore[return-value]


@pytest.mark.parametrize("noise", [0.1, 0.2])
def test_the_gain_from_fixing_all_labels_is_forecast_within_two_points(noise: float) -> None:
    errors = []
    for seed in range(5):
        noisy, clean = data(noise, seed=seed)
        curve = learning_curve.measured_curve(noisy, noise, CONFUSION, 0)
        forecast = learning_curve.forecast(
            curve, learning_curve.weights_of_less_noise(curve.points, 1.0), noisy.group, 0
        )
        now, then = (
            learning_curve.measured_curve(one, None, CONFUSION, 0).correct[-1].mean() for one in (noisy, clean)
        )
        errors.append(forecast.value - (then - now))
        assert forecast.low < forecast.value < forecast.high
    assert abs(np.mean(errors)) <= 0.02, errors


def test_more_labels_bring_part_of_the_gain_of_the_last_doubling() -> None:
    noisy, _ = data(0.1)
    curve = learning_curve.measured_curve(noisy, 0.1, CONFUSION, 0)
    accuracy = curve.correct.mean(axis=1)
    weights = learning_curve.weights_of_more_labels(curve.points, 2.0)
    at = curve.points.index[(curve.points["noise_added"] == 0)]
    last, before = (accuracy[n] for n in (at[-1], at[-2]))
    assert float(weights @ accuracy) == pytest.approx((last - before) / 2)
    assert float(learning_curve.weights_of_more_labels(curve.points, 1.0) @ accuracy) == 0


def test_the_equivalent_number_of_clean_labels_follows_from_the_doublings_that_noise_costs() -> None:
    parts = {"part": [0.5, 1, 0.5, 0.5, 1, 1], "noise_added": [0, 0, 0.5, 1, 0.5, 1], "labels": [50, 100] * 3}
    points = pd.DataFrame(parts)
    # Doubling brings 4 points, noise costs 2: half a doubling.
    equivalent = learning_curve.equivalent_clean_labels(points, np.array([0.60, 0.64, 0.59, 0.58, 0.63, 0.62]))
    assert equivalent == pytest.approx(100 / 2**0.5)
    for without_an_answer in (
        [0.64, 0.60, 0.6, 0.6, 0.6, 0.5],
        [0.60, 0.61, 0.5, 0.4, 0.5, 0.4],
        [0.6, 0.7, 0.7, 0.8, 0.8, 0.9],
    ):
        assert learning_curve.equivalent_clean_labels(points, np.array(without_an_answer)) is None


def test_the_same_every_time_and_no_label_is_changed() -> None:
    noisy, _ = data(0.1, 300)
    before = noisy.label.copy()
    once, again = (learning_curve.measured_curve(noisy, 0.1, CONFUSION, 3).correct for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(noisy.label, before)


def test_no_noise_is_added_where_its_share_is_unknown() -> None:
    noisy, _ = data(0.1, 320)
    plain = learning_curve.measured_curve(noisy, None, CONFUSION, 0).points
    assert plain["labels"].tolist() == [10, 20, 40, 80, 160]
    assert plain["noise_added"].eq(0).all()
    table = learning_curve.curve_points(learning_curve.measured_curve(noisy, 0.1, CONFUSION, 0), noisy.group, 0)
    assert table["noise_added"].tolist() == [0, 0, 0, 0, 0, 0.5, 1, 0.5, 1]
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"]).all()
