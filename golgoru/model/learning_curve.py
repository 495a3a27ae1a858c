"""What labels and their noise are worth: the built-in model taught with fewer labels, and with more noise.

Noise is added in the manner of SIMEX (Cook and Stefanski, 1994): a model is taught with the labels as they are, with
half and with all of the present noise put on top, and the line through its accuracies is followed back to none. Noise
counts by what it leaves of the signal, so that the same again means the same factor. All that is forecast is a sum of
measured accuracies with fixed weights, so the bootstrap over held-out pictures gives its interval.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core.arrays import Floats
from golgoru.model import classifier
from golgoru.model.scores import bootstrap_shares

_LABEL_FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
# How many times the present noise is added. More than once bends the line: simulated at 25 % noise, the forecast then
# is 3 to 6 points too high instead of 1 to 3.
_NOISE_FACTORS = (0.0, 0.5, 1.0)
_DRAWS = 3
# So that the curves take seconds: labels to learn from, and to judge by.
MAX_TRAINING_LABELS, MAX_HELD_OUT = 10_000, 5_000

Codes = NDArray[np.int64]


class CurveData(NamedTuple):
    """`label` of all rows, as codes; `train` and `held` are rows, in an order of chance; `group` is that of `held`."""

    reduced: classifier.ReducedFeatures
    label: Codes
    train: Codes
    held: Codes
    group: pd.Series
    classes: int


class LearningCurve(NamedTuple):
    """Accuracy on each held-out object (columns), by part of the labels and noise added (rows of `points`)."""

    points: pd.DataFrame
    right: Floats


def measured_curve(data: CurveData, noise: float | None, confused: Floats, seed: int) -> LearningCurve:
    """Return the accuracies at 1/16 to all of the labels, and where `noise` is known with more of it, 3 draws each.

    `confused` (classes, classes): how probable it is that people say a class (columns) where it is another (rows).
    """
    wanted = [(part, 0.0) for part in _LABEL_FRACTIONS]
    if noise:
        wanted += [(part, times) for part in _LABEL_FRACTIONS[-2:] for times in _NOISE_FACTORS[1:]]
    found = []
    for part, times in wanted:
        size = _label_count(data, part)
        draws = 1 if part == 1 and not times else _DRAWS
        flipped = _flip_rate(noise, times, data.classes) if noise else 0.0
        found.append(
            np.mean([_correct_after_training(data, size, flipped, confused, seed + n) for n in range(draws)], 0)
        )
    points = pd.DataFrame(wanted, columns=["part", "noise_added"])
    points["labels"] = [_label_count(data, part) for part in points["part"]]
    return LearningCurve(points, np.stack(found))


def _flip_rate(noise: float, times: float, classes: int) -> float:
    """Return the share of labels to flip, to take of the signal `times` over what `noise` took."""
    most = (classes - 1) / classes  # labels by chance: nothing is left
    left = max(1 - noise / most, 0.0)
    return float((1 - left**times) * most)


def _label_count(data: CurveData, part: float) -> int:
    return max(round(part * len(data.train)), 1)


def _correct_after_training(data: CurveData, size: int, flipped: float, confused: Floats, seed: int) -> Floats:
    """Return which held-out objects a model gets right that learned `size` labels, a share of them flipped."""
    dice = np.random.default_rng(seed)
    chosen = data.train if size == len(data.train) else np.sort(dice.permutation(data.train)[:size])
    label = data.label.copy()
    if flipped:
        turned = chosen[dice.random(len(chosen)) < flipped]
        label[turned] = _confused_labels(label[turned], confused, dice)
    probable = classifier.fit_and_predict(data.reduced, label, chosen, data.held, data.classes)
    right: Floats = (probable.argmax(axis=1) == data.label[data.held]).astype(np.float64)
    return right


def _confused_labels(label: Codes, confused: Floats, dice: np.random.Generator) -> Codes:
    """Return another class for each label, drawn as people confuse them."""
    away = confused.copy()
    np.fill_diagonal(away, 0)
    total = away.sum(axis=1, keepdims=True)
    even = (1 - np.eye(len(away))) / max(len(away) - 1, 1)
    away = np.where(total > 0, away / np.where(total > 0, total, 1), even)
    edges = away.cumsum(axis=1)[label]
    found: Codes = (dice.random(len(label))[:, None] > edges).sum(axis=1).clip(max=len(away) - 1).astype(np.int64)
    return found


class Forecast(NamedTuple):
    """A change of accuracy in points of 1, with its 95 % interval."""

    value: float
    low: float
    high: float


def curve_points(curve: LearningCurve, group: pd.Series, seed: int) -> pd.DataFrame:
    """Return the points with accuracy, low and high."""
    identity = np.eye(len(curve.points))
    found = [forecast(curve, weights, group, seed) for weights in identity]
    return curve.points.assign(**{side: [round(getattr(f, s), 4) for f in found] for side, s in
                                  (("accuracy", "value"), ("low", "low"), ("high", "high"))})  # fmt: skip


def forecast(curve: LearningCurve, weights: Floats, group: pd.Series, seed: int) -> Forecast:
    """Return the sum of the accuracies, each with its weight, with an interval over groups of held-out pictures."""
    each = weights @ curve.right
    code = group.groupby(group, sort=True).ngroup().to_numpy(np.int64)
    size = int(code.max()) + 1
    sums, count = (
        np.bincount(code, of, minlength=size).astype(np.float64).reshape(-1, 1) for of in (each, np.ones(len(each)))
    )
    drawn = bootstrap_shares(sums, count, seed)[:, 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Forecast(float(each.mean()), float(low), float(high))


def weights_of_less_noise(points: pd.DataFrame, share: float) -> Floats:
    """Return the weights of what `share` of the present noise costs: 1 for all of it, at all labels.

    The slope of accuracy over noise added, by least squares.
    """
    return share * _noise_slope_weights(points, 1.0)


def weights_of_more_labels(points: pd.DataFrame, factor: float) -> Floats:
    """Return the weights of what `factor` times as many labels, with the same noise, would bring.

    The gain from the last doubling goes on, half as much with every further one: curves flatten.
    """
    doublings = float(np.log2(factor))
    weights = np.zeros(len(points))
    plain = points["noise_added"] == 0
    weights[(plain & (points["part"] == 1)).to_numpy()] = 1 - 0.5**doublings
    weights[(plain & (points["part"] == 0.5)).to_numpy()] = 0.5**doublings - 1
    return weights


def equivalent_clean_labels(points: pd.DataFrame, accuracy: Floats) -> float | None:
    """Return how many clean labels would do what the present ones do; None where the curves cannot tell.

    What taking the noise away brings, at half and at all of the labels, over what doubling them brings, is how many
    doublings the noise costs. More than two are no longer near what was measured.
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
    """Return the weights of what taking the present noise away brings at a part of the labels."""
    at = (points["part"] == part).to_numpy()
    times = points["noise_added"].to_numpy(np.float64)
    centred = np.where(at, times - times[at].mean(), 0.0)
    weights: Floats = -centred / (centred**2).sum()
    return weights
