"""Whom to believe: labels and the annotators' confusions estimated together, from votes alone.

Dawid and Skene (Applied Statistics 1979) by expectation-maximisation. What little is known of an annotator is filled up
from all annotators together, and what little is known of them from a prior, so that nobody is believed to be perfect or
hopeless after three words. Time and memory follow the number of votes, not of classes.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core.arrays import Floats

Codes = NDArray[np.int64]

# Votes that an annotator's own confusion of a class has to outweigh. Anything from 10 to 100 is alike
# (docs/decisions/labels.md).
SHRINKAGE = 30.0
# The prior of what all annotators do with a class: right in 85 of 100 votes, errors even over the other classes. It is
# worth 100 votes: with 20, small and skewed sets of labels lose more than they gain.
_PRIOR_ACCURACY, _PRIOR_VOTES = 0.85, 100.0
# Far closer than what is rounded: where it stops differs by processor, and must not show.
_ROUNDS, _CLOSE = 300, 1e-9


class Estimate(NamedTuple):
    """`posterior`: one row per object and value that was voted for: object, value, posterior (6 decimals).

    `confusion`: one row per annotator, true value and value said: annotator, true, said, votes (expected number).
    `accuracy`: of a vote, whoever cast it.
    """

    posterior: pd.DataFrame
    confusion: pd.DataFrame
    accuracy: float


class _Cells(NamedTuple):
    """What is counted, by code. A row is a vote and a value that it may mean: one that somebody voted for there."""

    entry: Codes  # of each row: its object and that value
    own: Codes  # of each row: annotator, true, said
    of_annotator: Codes  # of each `own`: annotator, true
    shared: Codes  # of each `own`: true, said
    of_class: Codes  # of each `shared`: true
    right: NDArray[np.bool_]  # of each `shared`: true is said


def estimate(votes: pd.DataFrame, classes: int, shrinkage: float = SHRINKAGE) -> Estimate:
    """Return what each object probably is. `votes`: object, annotator, value, weight; an infinite shrinkage pools.

    `classes` is how many values there are, those that nobody voted for included. The order of rows and the names of
    objects, annotators and values are nothing.
    """
    votes = votes[["object", "annotator", "value", "weight"]].sort_values(["object", "annotator", "value"])
    entries = votes[["object", "value"]].drop_duplicates().sort_values(["object", "value"]).reset_index(drop=True)
    rows = votes.merge(entries.reset_index(names="entry"), on="object", suffixes=("", "_true"))
    rows = rows.rename(columns={"value": "said", "value_true": "true"})
    if not len(rows):
        return Estimate(entries.assign(posterior=0.0), rows[["annotator", "true", "said"]].assign(votes=0.0), np.nan)
    first = np.flatnonzero(~entries["object"].duplicated().to_numpy())
    value = np.unique(entries["value"].to_numpy(object), return_inverse=True)[1]
    weight = rows["weight"].to_numpy(np.float64)
    cells, named = _cell_codes(rows)
    in_all = np.bincount(cells.entry, weight)  # what is said of an object in all, by entry
    share: Floats = np.bincount(cells.entry, weight * (rows["said"] == rows["true"]).to_numpy()) / in_all
    others = max(classes - 1, 1)
    for _ in range(_ROUNDS):
        confused = np.bincount(cells.own, weight * share[cells.entry]).astype(np.float64)
        accuracy, logs = _log_confusion(cells, confused, others, shrinkage)
        frequency = (np.bincount(value, share) + _PRIOR_VOTES / classes) / (len(first) + _PRIOR_VOTES)
        likelihood = np.log(frequency)[value] + np.bincount(cells.entry, weight * logs[cells.own])
        before, share = share, _softmax(likelihood, first)
        if np.abs(share - before).max() < _CLOSE:
            break
    # The classes that nobody named there, as one entry more: all that was said would be an error.
    unnamed = 1 - np.add.reduceat(frequency[value], first)
    elsewhere = np.log(np.maximum(unnamed, 1e-12)) + in_all[first] * np.log((1 - accuracy) / others)
    posterior = entries.assign(posterior=_softmax(likelihood, first, elsewhere).round(6))
    return Estimate(posterior, named.assign(votes=confused.round(4)), round(accuracy, 6))


def _cell_codes(rows: pd.DataFrame) -> tuple[_Cells, pd.DataFrame]:
    """Return the codes, and the annotator, true and said of each `own`."""
    own = _group_codes(rows, "annotator", "true", "said")
    named = rows.iloc[np.unique(own, return_index=True)[1]][["annotator", "true", "said"]].reset_index(drop=True)
    shared = _group_codes(named, "true", "said")
    pairs = named.iloc[np.unique(shared, return_index=True)[1]]
    right = (pairs["true"] == pairs["said"]).to_numpy(bool)
    entry, of_annotator = rows["entry"].to_numpy(np.int64), _group_codes(named, "annotator", "true")
    return _Cells(entry, own, of_annotator, shared, _group_codes(pairs, "true"), right), named


def _group_codes(rows: pd.DataFrame, *columns: str) -> Codes:
    """Return a number for each row, equal for rows of equal values."""
    numbers: Codes = rows.groupby(list(columns), sort=True).ngroup().to_numpy().astype(np.int64)
    return numbers


def _log_confusion(cells: _Cells, confused: Floats, others: int, shrinkage: float) -> tuple[float, Floats]:
    """Return the accuracy of all votes, and per annotator, true and said the logarithm of how probable the word is."""
    shared = np.bincount(cells.shared, confused)
    accuracy = (shared[cells.right].sum() + _PRIOR_ACCURACY * _PRIOR_VOTES) / (shared.sum() + _PRIOR_VOTES)
    prior = np.where(cells.right, accuracy, (1 - accuracy) / others)
    of_class = np.bincount(cells.of_class, shared)[cells.of_class]
    pooled = ((shared + _PRIOR_VOTES * prior) / (of_class + _PRIOR_VOTES))[cells.shared]
    if np.isinf(shrinkage):
        return float(accuracy), np.log(pooled)
    of_annotator = np.bincount(cells.of_annotator, confused)[cells.of_annotator]
    return float(accuracy), np.log((confused + shrinkage * pooled) / (of_annotator + shrinkage))


def _softmax(likelihood: Floats, first: Codes, elsewhere: Floats | None = None) -> Floats:
    """Return the probability of each entry of an object; `first` is where objects begin, `elsewhere` one more entry."""
    size = np.diff(first, append=len(likelihood))
    most = np.maximum.reduceat(likelihood, first)
    mass = np.exp(likelihood - np.repeat(most, size))
    total = np.add.reduceat(mass, first)
    if elsewhere is not None:
        total = total + np.exp(elsewhere - most)
    probability: Floats = mass / np.repeat(total, size)
    return probability


def pooled_confusion(votes: pd.DataFrame, classes: list[str]) -> Floats:
    """Return how probable it is that anybody says a class (columns) where the object is one (rows), K x K.

    Columns of `votes` as in `estimate`; votes for what is no class of the list are left out.
    """
    known = votes[votes["value"].isin(classes)]
    size = len(classes)
    others = max(size - 1, 1)
    found = estimate(known, size, np.inf)
    accuracy = _PRIOR_ACCURACY if np.isnan(found.accuracy) else found.accuracy
    prior = np.where(np.eye(size, dtype=bool), accuracy, (1 - accuracy) / others)
    names = pd.Index(classes)
    true, said = (names.get_indexer(pd.Index(found.confusion[side])) for side in ("true", "said"))
    counted = np.zeros((size, size))
    np.add.at(counted, (true, said), found.confusion["votes"].to_numpy(np.float64))
    filled: Floats = (counted + _PRIOR_VOTES * prior) / (counted.sum(axis=1, keepdims=True) + _PRIOR_VOTES)
    return filled
