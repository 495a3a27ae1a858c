"""The built-in model: shrunken linear discriminants and nearest neighbours, in closed form, on features of a picture.

It is cheap and the same every time, and knows nothing but the labels at hand: good enough to see which labels look
wrong and what noise costs, and no model to put into service.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits

from golgoru.core.arrays import Floats
from golgoru.model.features import HOG_AND_COLOUR_SIZE

FOLDS = 5
DECIMALS = 6  # they agree between processors to eight
_DIMENSIONS = 128
_NEIGHBOUR_COUNT = 50
# Neighbours are looked for among so many at most: time grows with their number.
_MAX_REFERENCES = 20_000
_ROWS_PER_PRODUCT = 2_000
_POWERS = np.round(np.arange(0.3, 3.01, 0.05), 2)

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


class ReducedFeatures(NamedTuple):
    """Features as principal components: `plain` for the discriminants, `even` (half whitened) for neighbours."""

    plain: Floats
    even: Floats


def reduce_features(features: NDArray[np.float32], shapes: Floats, basis: Codes | None = None) -> ReducedFeatures:
    """Return at most 128 principal components of features (n, d) and box shapes (n, s): no label is looked at.

    Means, spreads and components are those of the rows `basis`, all rows where it is None.
    """
    basis = np.arange(len(features)) if basis is None else basis
    hog_and_colour, patches = (
        _standardised(features[:, :HOG_AND_COLOUR_SIZE], basis),
        _standardised(features[:, HOG_AND_COLOUR_SIZE:], basis),
    )
    values = np.concatenate([hog_and_colour, 2 * patches, 0.5 * _standardised(shapes, basis)], axis=1)
    values -= values[basis].mean(axis=0)
    with threadpool_limits(1):
        spread, axes = np.linalg.eigh(values[basis].T @ values[basis] / max(len(basis), 1))
        keep = spread > 1e-9
        axes, spread = axes[:, keep][:, ::-1][:, :_DIMENSIONS], spread[keep][::-1][:_DIMENSIONS]
        plain = values @ axes
    return ReducedFeatures(plain, plain / spread**0.25)


def _standardised(block: NDArray[np.float32] | Floats, basis: Codes) -> Floats:
    """Return the columns with mean 0 and deviation 1 over `basis`, all of them together worth one."""
    values = block.astype(np.float64)
    known = values[basis]
    # What never changes where it was learned says nothing, however far it moves elsewhere.
    spread = np.where(known.std(axis=0) > 1e-6, known.std(axis=0), np.inf)
    standard: Floats = (values - known.mean(axis=0)) / spread / np.sqrt(max(values.shape[1], 1))
    return standard


def out_of_fold_probabilities(reduced: ReducedFeatures, label: Codes, learn: Mask, fold: Codes, classes: int) -> Floats:
    """Return probabilities (n, classes), each row's from a model that saw no row of its fold.

    `label`: -1 where there is none; `learn`: rows to learn from; `fold`: 0 to FOLDS - 1, or -1 for rows of no
    fold, which are judged by a model that saw all.
    """
    found = np.zeros((len(label), classes))
    for one in range(-1, FOLDS):
        judged = np.flatnonzero(fold == one)
        if len(judged):
            found[judged] = fit_and_predict(reduced, label, np.flatnonzero(learn & (fold != one)), judged, classes)
    return calibrated_probabilities(found, label, learn)


def fit_and_predict(reduced: ReducedFeatures, label: Codes, learned: Codes, judged: Codes, classes: int) -> Floats:
    """Return probabilities of the rows `judged` by a model that learned the rows `learned`; even where it has none."""
    if not len(learned) or not len(judged):
        return np.full((len(judged), classes), 1 / classes)
    with threadpool_limits(1):  # the same last digits on any number of cores
        linear = _linear_discriminants(reduced.plain, label, learned, judged, classes)
        near = _nearest_neighbours(reduced.even, label, learned, judged, classes)
    return (linear + near) / 2


def _linear_discriminants(values: Floats, label: Codes, learned: Codes, judged: Codes, classes: int) -> Floats:
    """Linear discriminants with Ledoit and Wolf's shrinkage (2004)."""
    known = np.unique(label[learned])
    found = np.zeros((len(judged), classes))
    if len(known) == 1 or len(learned) < 2 * len(known):
        found[:, known] = np.bincount(label[learned], minlength=classes)[known] / len(learned)
        return found
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of one object has no spread of its own
        model.fit(values[learned], label[learned])
    found[:, model.classes_] = model.predict_proba(values[judged])
    return found


def _nearest_neighbours(values: Floats, label: Codes, learned: Codes, judged: Codes, classes: int) -> Floats:
    """Return the share of each class among the 50 nearest, fewer where there are few to learn from."""
    among = learned[:: -(-len(learned) // _MAX_REFERENCES)]
    count = min(_NEIGHBOUR_COUNT, max(1, int(np.sqrt(len(among)))))
    references, squares = values[among], (values[among] ** 2).sum(axis=1)
    one_hot = np.eye(classes)[label[among]]
    found = np.empty((len(judged), classes))
    for at in range(0, len(judged), _ROWS_PER_PRODUCT):
        part = values[judged[at : at + _ROWS_PER_PRODUCT]]
        distance = squares - 2 * part @ references.T
        nearest = np.argpartition(distance, count - 1, axis=1)[:, :count]
        found[at : at + _ROWS_PER_PRODUCT] = (one_hot[nearest].sum(axis=1) + 1 / classes) / (count + 1)
    return found


def calibrated_probabilities(probabilities: Floats, label: Codes, learn: Mask) -> Floats:
    """Return the probabilities to the power under which the labels are most likely, 6 decimals."""
    floor = probabilities.clip(min=1e-6)
    logs = np.log(floor)
    known = np.flatnonzero(learn & (label >= 0))
    power = 1.0
    if len(known):
        scaled = [logs[known] * p for p in _POWERS]
        fit = [np.mean(s[np.arange(len(known)), label[known]] - _log_sum_exp(s)) for s in scaled]
        power = float(_POWERS[int(np.argmax(np.round(fit, 9)))])
    mass = np.exp(power * logs - _log_sum_exp(power * logs)[:, None])
    found: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(DECIMALS)
    return found


def _log_sum_exp(logs: Floats) -> Floats:
    most = logs.max(axis=1)
    total: Floats = most + np.log(np.exp(logs - most[:, None]).sum(axis=1))
    return total
