"""The built-in model: shrunken linear discriminants and nearest neighbours, in closed form, on features of an image.

It is cheap and deterministic, and learns from the labels at hand alone: good enough to rank suspicious labels and to
measure what label noise costs, but no model to put into service.
"""

import warnings
from typing import NamedTuple

import numpy as np

from golgoru.core.arrays import Flags, Floats, Floats32, Integers
from golgoru.core.threads import one_thread
from golgoru.model.features import HOG_AND_COLOUR_SIZE

FOLDS = 5
DECIMALS = 6  # processors agree to eight
_DIMENSIONS = 128
_NEIGHBOUR_COUNT = 50
# Neighbours are searched among so many rows at most: time grows with their number.
_MAX_REFERENCES = 20_000
_ROWS_PER_PRODUCT = 2_000
_POWERS = np.round(np.arange(0.3, 3.01, 0.05), 2)


class ReducedFeatures(NamedTuple):
    """Principal components (n, d): `components` for the discriminants, `half_whitened` for the neighbours."""

    components: Floats
    half_whitened: Floats


def reduce_features(features: Floats32, shapes: Floats, basis: Integers | None = None) -> ReducedFeatures:
    """Return at most 128 principal components of features (n, d) and box shapes (n, s); labels are not used.

    Means, variances and components are those of the rows `basis`, of all rows where it is None.
    """
    basis = np.arange(len(features)) if basis is None else basis
    hog_and_colour = _standardised(features[:, :HOG_AND_COLOUR_SIZE], basis)
    patches = _standardised(features[:, HOG_AND_COLOUR_SIZE:], basis)
    values = np.concatenate([hog_and_colour, 2 * patches, 0.5 * _standardised(shapes, basis)], axis=1)
    values -= values[basis].mean(axis=0)
    with one_thread():
        variance, axes = np.linalg.eigh(values[basis].T @ values[basis] / max(len(basis), 1))
        keep = variance > 1e-9
        axes, variance = axes[:, keep][:, ::-1][:, :_DIMENSIONS], variance[keep][::-1][:_DIMENSIONS]
        components = values @ axes
    return ReducedFeatures(components, components / variance**0.25)


def _standardised(block: Floats32 | Floats, basis: Integers) -> Floats:
    """Return the columns with mean 0 and deviation 1 over `basis`, scaled so that the block has unit variance."""
    values = block.astype(np.float64)
    known = values[basis]
    # A column that is constant over the basis carries no information, whatever its values elsewhere.
    deviation = np.where(known.std(axis=0) > 1e-6, known.std(axis=0), np.inf)
    standard: Floats = (values - known.mean(axis=0)) / deviation / np.sqrt(max(values.shape[1], 1))
    return standard


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


def fit_and_predict(
    reduced: ReducedFeatures, label: Integers, train: Integers, predict: Integers, classes: int
) -> Floats:
    """Return probabilities of the rows `predict` by a model trained on the rows `train`; uniform without any."""
    if not len(train) or not len(predict):
        return np.full((len(predict), classes), 1 / classes)
    with one_thread("sklearn.discriminant_analysis"):
        linear = _linear_discriminants(reduced.components, label, train, predict, classes)
        neighbours = _nearest_neighbours(reduced.half_whitened, label, train, predict, classes)
    return (linear + neighbours) / 2


def _linear_discriminants(values: Floats, label: Integers, train: Integers, predict: Integers, classes: int) -> Floats:
    """Linear discriminants with Ledoit and Wolf's shrinkage (2004)."""
    known = np.unique(label[train])
    probabilities = np.zeros((len(predict), classes))
    if len(known) == 1 or len(train) < 2 * len(known):
        probabilities[:, known] = np.bincount(label[train], minlength=classes)[known] / len(train)
        return probabilities
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: PLC0415  (slow)

    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of one object has no variance of its own
        model.fit(values[train], label[train])
    probabilities[:, model.classes_] = model.predict_proba(values[predict])
    return probabilities


def _nearest_neighbours(values: Floats, label: Integers, train: Integers, predict: Integers, classes: int) -> Floats:
    """Return the share of each class among the 50 nearest neighbours, fewer where there are few rows to train on."""
    references = train[:: -(-len(train) // _MAX_REFERENCES)]
    count = min(_NEIGHBOUR_COUNT, max(1, int(np.sqrt(len(references)))))
    points, squares = values[references], (values[references] ** 2).sum(axis=1)
    one_hot = np.eye(classes)[label[references]]
    probabilities = np.empty((len(predict), classes))
    for at in range(0, len(predict), _ROWS_PER_PRODUCT):
        part = values[predict[at : at + _ROWS_PER_PRODUCT]]
        distance = squares - 2 * part @ points.T
        nearest = np.argpartition(distance, count - 1, axis=1)[:, :count]
        probabilities[at : at + _ROWS_PER_PRODUCT] = (one_hot[nearest].sum(axis=1) + 1 / classes) / (count + 1)
    return probabilities


def calibrated_probabilities(probabilities: Floats, label: Integers, learn: Flags) -> Floats:
    """Return the probabilities raised to the power under which the labels are most likely, 6 decimals."""
    logs = np.log(probabilities.clip(min=1e-6))
    known = np.flatnonzero(learn & (label >= 0))
    power = 1.0
    if len(known):
        scaled = [logs[known] * p for p in _POWERS]
        fit = [np.mean(s[np.arange(len(known)), label[known]] - _log_sum_exp(s)) for s in scaled]
        power = float(_POWERS[int(np.argmax(np.round(fit, 9)))])
    mass = np.exp(power * logs - _log_sum_exp(power * logs)[:, None])
    calibrated: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(DECIMALS)
    return calibrated


def _log_sum_exp(logs: Floats) -> Floats:
    highest = logs.max(axis=1)
    total: Floats = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))
    return total
