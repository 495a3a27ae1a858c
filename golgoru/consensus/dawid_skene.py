"""Labels and the annotators' confusion matrices, estimated together from votes alone.

Dawid and Skene (Applied Statistics 1979) by expectation-maximisation. Each annotator's confusion is shrunk to that of
all annotators together, and theirs to a prior, so that nobody counts as perfect or hopeless after three annotations.
Time and memory are proportional to the number of votes, not of classes.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.consensus.vote_patterns import vote_patterns
from golgoru.core.arrays import Floats

Codes = NDArray[np.int64]

# Votes that an annotator's own confusion of a class has to outweigh. Values from 10 to 100 give similar results
# (docs/decisions/labels.md).
SHRINKAGE = 30.0
# The prior of the confusion of all annotators: right in 85 of 100 votes, errors even over the other classes. It weighs
# 100 votes: with 20, small and skewed sets of labels lose more than they gain.
_PRIOR_ACCURACY, _PRIOR_VOTES = 0.85, 100.0
# Far below the rounding of the results: where the iteration stops differs by processor, and must not show.
_ROUNDS, _CLOSE = 300, 1e-9
_CONFUSION = ["annotator", "true_label", "annotated_label"]


class Estimate(NamedTuple):
    """`posterior`: one row per object and value that was voted for: object, value, posterior (6 decimals).

    `confusion`: one row per annotator, true and annotated label, with the expected number of votes.
    `accuracy`: of a vote, over all annotators.
    """

    posterior: pd.DataFrame
    confusion: pd.DataFrame
    accuracy: float


class _Cells(NamedTuple):
    """Codes of what is counted. A row is a vote and a candidate for the true label: a value voted for on its object."""

    candidate: Codes  # of each row: its object and the candidate
    annotator_cell: Codes  # of each row: annotator, true_label, annotated_label
    annotator_class: Codes  # of each `annotator_cell`: annotator, true_label
    pooled_cell: Codes  # of each `annotator_cell`: true_label, annotated_label
    pooled_class: Codes  # of each `pooled_cell`: true_label
    correct: NDArray[np.bool_]  # of each `pooled_cell`: both labels are equal


def estimate(votes: pd.DataFrame, classes: int, shrinkage: float = SHRINKAGE) -> Estimate:
    """Return the probable label of each object. `votes`: object, annotator, value, weight; an infinite shrinkage pools.

    `classes` is how many values there are, those without votes included. Where `votes` has a column `objects`, a row
    stands for so many objects with the same votes. Row order and the names of objects, annotators and values are
    irrelevant.
    """
    votes = votes[["object", "annotator", "value", "weight"]].assign(objects=votes.get("objects", 1.0))
    votes = votes.sort_values(["object", "annotator", "value"])
    candidates = votes.drop_duplicates(["object", "value"])[["object", "value", "objects"]]
    candidates = candidates.sort_values(["object", "value"]).reset_index(drop=True)
    objects = candidates.pop("objects").to_numpy(np.float64)
    rows = votes.merge(candidates.reset_index(names="candidate"), on="object", suffixes=("", "_true"))
    rows = rows.rename(columns={"value": "annotated_label", "value_true": "true_label"})
    if not len(rows):
        return Estimate(candidates.assign(posterior=0.0), rows[_CONFUSION].assign(votes=0.0), np.nan)
    first = np.flatnonzero(~candidates["object"].duplicated().to_numpy())
    value = np.unique(candidates["value"].to_numpy(object), return_inverse=True)[1]
    weight = rows["weight"].to_numpy(np.float64)
    counted = weight * rows["objects"].to_numpy(np.float64)
    cells, cell_names = _cell_codes(rows)
    votes_on_object = np.bincount(cells.candidate, weight)  # by candidate
    for_candidate = weight * (rows["annotated_label"] == rows["true_label"]).to_numpy()
    share: Floats = np.bincount(cells.candidate, for_candidate) / votes_on_object
    others = max(classes - 1, 1)
    for _ in range(_ROUNDS):
        confused = np.bincount(cells.annotator_cell, counted * share[cells.candidate]).astype(np.float64)
        accuracy, logs = _log_confusion(cells, confused, others, shrinkage)
        in_class = np.bincount(value, share * objects)
        frequency = (in_class + _PRIOR_VOTES / classes) / (objects[first].sum() + _PRIOR_VOTES)
        likelihood = np.log(frequency)[value] + np.bincount(cells.candidate, weight * logs[cells.annotator_cell])
        before, share = share, _softmax(likelihood, first)
        if np.abs(share - before).max() < _CLOSE:
            break
    # The classes without votes on the object, as one more candidate: all votes would be errors.
    without_votes = 1 - np.add.reduceat(frequency[value], first)
    elsewhere = np.log(np.maximum(without_votes, 1e-12)) + votes_on_object[first] * np.log((1 - accuracy) / others)
    posterior = candidates.assign(posterior=_softmax(likelihood, first, elsewhere).round(6))
    return Estimate(posterior, cell_names.assign(votes=confused.round(4)), round(accuracy, 6))


def _cell_codes(rows: pd.DataFrame) -> tuple[_Cells, pd.DataFrame]:
    """Return the codes, and the annotator and the two labels of each `annotator_cell`."""
    annotator_cell = _group_codes(rows, *_CONFUSION)
    names = rows.iloc[np.unique(annotator_cell, return_index=True)[1]][_CONFUSION].reset_index(drop=True)
    pooled_cell = _group_codes(names, "true_label", "annotated_label")
    pooled = names.iloc[np.unique(pooled_cell, return_index=True)[1]]
    return _Cells(
        candidate=rows["candidate"].to_numpy(np.int64),
        annotator_cell=annotator_cell,
        annotator_class=_group_codes(names, "annotator", "true_label"),
        pooled_cell=pooled_cell,
        pooled_class=_group_codes(pooled, "true_label"),
        correct=(pooled["true_label"] == pooled["annotated_label"]).to_numpy(bool),
    ), names


def _group_codes(rows: pd.DataFrame, *columns: str) -> Codes:
    """Return a number for each row, equal for rows of equal values."""
    numbers: Codes = rows.groupby(list(columns), sort=True).ngroup().to_numpy().astype(np.int64)
    return numbers


def _log_confusion(cells: _Cells, confused: Floats, others: int, shrinkage: float) -> tuple[float, Floats]:
    """Return the accuracy of all votes, and per `annotator_cell` the logarithm of the probability of its annotation."""
    counts = np.bincount(cells.pooled_cell, confused)
    accuracy = (counts[cells.correct].sum() + _PRIOR_ACCURACY * _PRIOR_VOTES) / (counts.sum() + _PRIOR_VOTES)
    prior = np.where(cells.correct, accuracy, (1 - accuracy) / others)
    of_class = np.bincount(cells.pooled_class, counts)[cells.pooled_class]
    pooled = ((counts + _PRIOR_VOTES * prior) / (of_class + _PRIOR_VOTES))[cells.pooled_cell]
    if np.isinf(shrinkage):
        return float(accuracy), np.log(pooled)
    of_annotator = np.bincount(cells.annotator_class, confused)[cells.annotator_class]
    return float(accuracy), np.log((confused + shrinkage * pooled) / (of_annotator + shrinkage))


def _softmax(likelihood: Floats, first: Codes, elsewhere: Floats | None = None) -> Floats:
    """Return the probability of each candidate; `first` is where objects begin, `elsewhere` one more of each."""
    size = np.diff(first, append=len(likelihood))
    most = np.maximum.reduceat(likelihood, first)
    mass = np.exp(likelihood - np.repeat(most, size))
    total = np.add.reduceat(mass, first)
    if elsewhere is not None:
        total = total + np.exp(elsewhere - most)
    probability: Floats = mass / np.repeat(total, size)
    return probability


def pooled_confusion(votes: pd.DataFrame, classes: int) -> Floats:
    """Return the probability of each annotated class (columns) given the true class (rows), over all annotators, K x K.

    `votes`: object and annotator (numbers), value (a code from 0 to `classes`) and weight.
    """
    others = max(classes - 1, 1)
    estimated = estimate(vote_patterns(votes, classes), classes, np.inf)
    accuracy = _PRIOR_ACCURACY if np.isnan(estimated.accuracy) else estimated.accuracy
    prior = np.where(np.eye(classes, dtype=bool), accuracy, (1 - accuracy) / others)
    true, annotated = (estimated.confusion[side].to_numpy(np.int64) for side in ("true_label", "annotated_label"))
    counted = np.zeros((classes, classes))
    np.add.at(counted, (true, annotated), estimated.confusion["votes"].to_numpy(np.float64))
    confusion: Floats = (counted + _PRIOR_VOTES * prior) / (counted.sum(axis=1, keepdims=True) + _PRIOR_VOTES)
    return confusion
