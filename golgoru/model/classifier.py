"""The built-in model: shrunken linear discriminants and nearest neighbours, in closed form, on features of an image.

It is cheap and deterministic, and learns from the labels at hand alone: good enough to rank suspicious labels and to
measure what label noise costs, but no model to put into service.
"""

import warnings
from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.core.threads import one_thread
from golgoru.model.projection import ReducedFeatures

FOLDS = 5
DECIMALS = 6  # processors agree to eight
_NEIGHBOUR_COUNT = 50
_ROWS_PER_PRODUCT = 2_000
_POWERS = np.round(np.arange(0.3, 3.01, 0.05), 2)


def out_of_fold_probabilities(
    reduced: ReducedFeatures, label: Integers, learn: Flags, fold: Integers, classes: int
) -> Floats:
    """Return probabilities (n, classes), each row's from a model trained without any row of its fold.

    `label`: -1 where there is none; `learn`: rows to train on; `fold`: 0 to FOLDS - 1, or -1 for rows of no fold,
    which are predicted by a model trained on all folds.
    """
    probabilities = np.zeros((len(label), classes))
    for number in range(-1, FOLDS):
        held_out = np.flatnonzero(fold == number)
        if len(held_out):
            train = np.flatnonzero(learn & (fold != number))
            probabilities[held_out] = fit_and_predict(reduced, label, train, held_out, classes)
    return calibrated_probabilities(probabilities, label, learn)


class FittedModel(NamedTuple):
    """What predicts: linear discriminants, or where they cannot be fitted the share of each class; and neighbours.

    `coefficients` (k, d) and `intercept` (k,), one row for two classes, of the classes `known`; `points` (m, d) with
    their `squares` (m,) and `one_hot` (m, classes) classes, of which the `nearest` are asked.
    """

    known: Integers
    coefficients: Floats | None
    intercept: Floats
    points: Floats
    squares: Floats
    one_hot: Floats
    nearest: int


def fit(
    reduced: ReducedFeatures, label: Integers, classes: int, *, shares: Floats | None = None, references: int = 20_000
) -> FittedModel:
    """Return the model of all rows of `reduced` with their labels (codes).

    `shares` (classes,): how frequent each class is, where the rows are a sample in which it is not. `references`: among
    how many rows neighbours are searched at most, since time grows with their number.
    """
    known = np.unique(label)
    points = reduced.half_whitened[:: -(-len(label) // references)]
    coefficients, intercept = _linear_discriminants(reduced.components, label, known, shares)
    return FittedModel(
        known=known,
        coefficients=coefficients,
        intercept=intercept,
        points=points,
        squares=(points**2).sum(axis=1),
        one_hot=np.eye(classes)[label[:: -(-len(label) // references)]],
        nearest=min(_NEIGHBOUR_COUNT, max(1, int(np.sqrt(len(points))))),
    )


def predict(model: FittedModel, reduced: ReducedFeatures) -> Floats:
    """Return the probability of each class (n, classes)."""
    with one_thread():
        return (_by_discriminants(model, reduced.components) + _by_neighbours(model, reduced.half_whitened)) / 2


def fit_and_predict(reduced: ReducedFeatures, label: Integers, train: Integers, rows: Integers, classes: int) -> Floats:
    """Return probabilities of the rows `rows` by a model trained on the rows `train`; uniform without any."""
    if not len(train) or not len(rows):
        return np.full((len(rows), classes), 1 / classes)
    return predict(fit(reduced.take(train), label[train], classes), reduced.take(rows))


def _linear_discriminants(
    values: Floats, label: Integers, known: Integers, shares: Floats | None
) -> tuple[Floats | None, Floats]:
    """Return coefficients and intercept with Ledoit and Wolf's shrinkage (2004); for too few rows None, and shares."""
    if len(known) == 1 or len(label) < 2 * len(known):
        return None, np.bincount(label)[known] / len(label)
    with one_thread("sklearn.discriminant_analysis"):
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: PLC0415  (slow)

        priors = None if shares is None else shares[known] / shares[known].sum()
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class of one object has no variance of its own
            model.fit(values, label)
    return model.coef_, model.intercept_


def _by_discriminants(model: FittedModel, values: Floats) -> Floats:
    probabilities = np.zeros((len(values), model.one_hot.shape[1]))
    if model.coefficients is None:
        probabilities[:, model.known] = model.intercept
        return probabilities
    scores = values @ model.coefficients.T + model.intercept
    if len(model.known) == 2:
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    mass = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities[:, model.known] = mass / mass.sum(axis=1, keepdims=True)
    return probabilities


def _by_neighbours(model: FittedModel, values: Floats) -> Floats:
    """Return the share of each class among the nearest neighbours, fewer where there are few rows to train on."""
    classes = model.one_hot.shape[1]
    probabilities = np.empty((len(values), classes))
    for at in range(0, len(values), _ROWS_PER_PRODUCT):
        part = values[at : at + _ROWS_PER_PRODUCT]
        distance = model.squares - 2 * part @ model.points.T
        closest = np.argpartition(distance, model.nearest - 1, axis=1)[:, : model.nearest]
        votes = model.one_hot[closest].sum(axis=1)
        probabilities[at : at + _ROWS_PER_PRODUCT] = (votes + 1 / classes) / (model.nearest + 1)
    return probabilities


def calibrated_probabilities(probabilities: Floats, label: Integers, learn: Flags) -> Floats:
    """Return the probabilities raised to the power under which the labels are most likely, 6 decimals."""
    known = np.flatnonzero(learn & (label >= 0))
    return raised(probabilities, best_power(probabilities[known], label[known]))


def best_power(probabilities: Floats, label: Integers) -> float:
    """Return the power of the probabilities under which the labels (codes) are most likely; 1 without labels."""
    if not len(label):
        return 1.0
    logs = np.log(probabilities.clip(min=1e-6))
    scaled = [logs * power for power in _POWERS]
    likelihood = [np.mean(part[np.arange(len(label)), label] - _log_sum_exp(part)) for part in scaled]
    return float(_POWERS[int(np.argmax(np.round(likelihood, 9)))])


def raised(probabilities: Floats, power: float) -> Floats:
    """Return the probabilities raised to a power, as shares of their sum, 6 decimals."""
    logs = np.log(probabilities.clip(min=1e-6))
    mass = np.exp(power * logs - _log_sum_exp(power * logs)[:, None])
    calibrated: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(DECIMALS)
    return calibrated


def _log_sum_exp(logs: Floats) -> Floats:
    highest = logs.max(axis=1)
    total: Floats = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))
    return total
