"""What labels and their noise are worth: the built-in model trained on fewer labels, and with more noise.

Noise is added in the manner of SIMEX (Cook and Stefanski, 1994): a model is trained on the labels as they are, and with
half and all of the estimated noise added once more; the line through its accuracies is extrapolated to no noise. The
amount of noise is measured by how much of the signal it leaves, so that adding it once more means the same factor
again. Every forecast is a sum of measured accuracies with fixed weights, so a bootstrap over held-out images gives its
interval.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats, Integers
from golgoru.model import classifier
from golgoru.model.projection import ReducedFeatures
from golgoru.model.scores import bootstrap_shares

_LABEL_FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
# How many times the estimated noise is added. More than once bends the line: simulated at 25 % noise, the forecast then
# is 3 to 6 points too high instead of 1 to 3.
_NOISE_FACTORS = (0.0, 0.5, 1.0)
_DRAWS = 3
# So that the curves take seconds: labels to train on, and to evaluate on.
MAX_TRAINING_LABELS, MAX_HELD_OUT = 10_000, 5_000


class CurveData(NamedTuple):
    """`label` of all rows, as codes; `train` and `held_out` are rows in random order; `group` is that of `held_out`."""

    reduced: ReducedFeatures
    label: Integers
    train: Integers
    held_out: Integers
    group: pd.Series
    classes: int


class LearningCurve(NamedTuple):
    """`correct`: accuracy on each held-out object (columns) at each row of `points` (part, noise_added, labels)."""

    points: pd.DataFrame
    correct: Floats


def measured_curve(data: CurveData, noise: float | None, confusion: Floats, seed: int) -> LearningCurve:
    """Return the accuracies at 1/16 to all of the labels, and with noise added where `noise` is known; 3 draws each.

    `confusion` (classes, classes): the probability that annotators choose a class (columns) given the true one (rows).
    """
    settings = [(part, 0.0) for part in _LABEL_FRACTIONS]
    if noise:
        settings += [(part, times) for part in _LABEL_FRACTIONS[-2:] for times in _NOISE_FACTORS[1:]]
    correct = []
    for part, times in settings:
        size = _label_count(data, part)
        draws = 1 if part == 1 and not times else _DRAWS
        flips = _flip_rate(noise, times, data.classes) if noise else 0.0
        runs = [_correct_after_training(data, size, flips, confusion, seed + n) for n in range(draws)]
        correct.append(np.mean(runs, 0))
    points = pd.DataFrame(settings, columns=["part", "noise_added"])
    points["labels"] = [_label_count(data, part) for part in points["part"]]
    return LearningCurve(points, np.stack(correct))


def _flip_rate(noise: float, times: float, classes: int) -> float:
    """Return the share of labels to flip, so that the signal loses `times` over what `noise` took from it."""
    uninformative = (classes - 1) / classes  # the noise of random labels: no signal is left
    signal = max(1 - noise / uninformative, 0.0)
    return float((1 - signal**times) * uninformative)


def _label_count(data: CurveData, part: float) -> int:
    return max(round(part * len(data.train)), 1)


def _correct_after_training(data: CurveData, size: int, flips: float, confusion: Floats, seed: int) -> Floats:
    """Return which held-out objects a model gets right, trained on `size` labels of which a share is flipped."""
    rng = np.random.default_rng(seed)
    train = data.train if size == len(data.train) else np.sort(rng.permutation(data.train)[:size])
    label = data.label.copy()
    if flips:
        flipped = train[rng.random(len(train)) < flips]
        label[flipped] = _confused_labels(label[flipped], confusion, rng)
    probabilities = classifier.fit_and_predict(data.reduced, label, train, data.held_out, data.classes)
    correct: Floats = (probabilities.argmax(axis=1) == data.label[data.held_out]).astype(np.float64)
    return correct


def _confused_labels(label: Integers, confusion: Floats, rng: np.random.Generator) -> Integers:
    """Return another class for each label, drawn as annotators confuse them."""
    errors = confusion.copy()
    np.fill_diagonal(errors, 0)
    total = errors.sum(axis=1, keepdims=True)
    uniform = (1 - np.eye(len(errors))) / max(len(errors) - 1, 1)
    errors = np.where(total > 0, errors / np.where(total > 0, total, 1), uniform)
    edges = errors.cumsum(axis=1)[label]
    drawn: Integers = (rng.random(len(label))[:, None] > edges).sum(axis=1).clip(max=len(errors) - 1).astype(np.int64)
    return drawn


class Forecast(NamedTuple):
    """A change of accuracy (0.01 is one percentage point), with its 95 % interval."""

    value: float
    low: float
    high: float


def curve_points(curve: LearningCurve, group: pd.Series, seed: int) -> pd.DataFrame:
    """Return the points with accuracy, low and high."""
    estimates = [forecast(curve, weights, group, seed) for weights in np.eye(len(curve.points))]
    return curve.points.assign(
        accuracy=[round(estimate.value, 4) for estimate in estimates],
        low=[round(estimate.low, 4) for estimate in estimates],
        high=[round(estimate.high, 4) for estimate in estimates],
    )


def forecast(curve: LearningCurve, weights: Floats, group: pd.Series, seed: int) -> Forecast:
    """Return the weighted sum of the accuracies, with an interval over groups of held-out images."""
    per_object = weights @ curve.correct
    code = group.groupby(group, sort=True).ngroup().to_numpy(np.int64)
    size = int(code.max()) + 1
    sums, counts = (
        np.bincount(code, values, minlength=size).astype(np.float64).reshape(-1, 1)
        for values in (per_object, np.ones(len(per_object)))
    )
    low, high = np.quantile(bootstrap_shares(sums, counts, seed)[:, 0], [0.025, 0.975])
    return Forecast(float(per_object.mean()), float(low), float(high))


def weights_of_less_noise(points: pd.DataFrame, share: float) -> Floats:
    """Return the weights that forecast the gain from removing `share` of the noise (1: all of it), at all labels.

    The slope of accuracy over added noise, by least squares.
    """
    return share * _noise_slope_weights(points, 1.0)


def weights_of_more_labels(points: pd.DataFrame, factor: float) -> Floats:
    """Return the weights that forecast the gain from `factor` times as many labels with the same noise.

    The gain of the last doubling continues, halved with every further doubling: learning curves flatten.
    """
    doublings = float(np.log2(factor))
    weights = np.zeros(len(points))
    no_noise_added = points["noise_added"] == 0
    weights[(no_noise_added & (points["part"] == 1)).to_numpy()] = 1 - 0.5**doublings
    weights[(no_noise_added & (points["part"] == 0.5)).to_numpy()] = 0.5**doublings - 1
    return weights


def equivalent_clean_labels(points: pd.DataFrame, accuracy: Floats) -> float | None:
    """Return how many clean labels would give the same accuracy as the present ones; None where the curves cannot tell.

    The gain from removing the noise, at half and at all of the labels, over the gain from doubling them, is how many
    doublings the noise costs. More than two are too far from what was measured.
    """
    gain = float((_noise_slope_weights(points, 0.5) + _noise_slope_weights(points, 1.0)) @ accuracy) / 2
    doubling = float((_weight_of_point(points, 1.0) - _weight_of_point(points, 0.5)) @ accuracy)
    if doubling <= 0 or not 0 <= gain <= 2 * doubling:
        return None
    return float(points["labels"].max()) * 2 ** (-gain / doubling)


def _weight_of_point(points: pd.DataFrame, part: float) -> Floats:
    at = (points["part"] == part) & (points["noise_added"] == 0)
    return np.asarray(at, dtype=np.float64)


def _noise_slope_weights(points: pd.DataFrame, part: float) -> Floats:
    """Return the weights that forecast the gain from removing all of the noise at a part of the labels."""
    at = (points["part"] == part).to_numpy()
    times = points["noise_added"].to_numpy(np.float64)
    centred = np.where(at, times - times[at].mean(), 0.0)
    weights: Floats = -centred / (centred**2).sum()
    return weights
