"""How probable each class of an object is, given its votes and a model that was not trained on its label.

Votes count by how often annotators confuse two classes (Dawid and Skene, pooled over annotators), the model as one more
annotator. Given the class, the two are taken as independent; they nearly are, since the model never saw these votes.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus import dawid_skene
from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.model.class_probabilities import ClassProbabilities
from golgoru.tables import coded, frames

# No class is impossible: the precision that probabilities are rounded to.
_MIN_PROBABILITY = 1e-6
# Objects whose probabilities of all classes are held at once.
_OBJECTS_AT_ONCE = 100_000


class Evidence(NamedTuple):
    """Tables `votes` and `predictions` (of one model), the classes, and how annotators confuse them.

    `confusion` (classes, classes): the probability that annotators choose a class (columns) given the true one (rows).
    """

    votes: pd.DataFrame
    predictions: pd.DataFrame
    classes: list[str]
    confusion: Floats


class Judged(NamedTuple):
    """Some of the objects, at the positions `rows`; `posterior` and `model` are by class, (n, classes).

    `votes` (n,): how many there are. `model`: its probabilities, NaN where it has none.
    """

    rows: slice
    votes: Floats
    model: Floats
    posterior: Floats


class ObjectEvidence:
    """The votes on given objects (n names, each once), and the model's probabilities of their classes."""

    def __init__(self, objects: pd.Series, evidence: Evidence) -> None:
        votes, predictions = evidence.votes, evidence.predictions
        self._size, self._confusion = len(objects), evidence.confusion
        row, code = frames.positions(votes["object"], objects), _codes(votes["label"], evidence.classes)
        known = np.flatnonzero((row >= 0) & (code >= 0) & ~votes["review"].to_numpy(bool))
        known = known[np.argsort(row[known], kind="stable")]
        self._row, self._code = row[known], code[known]
        self._weight = votes["weight"].to_numpy(np.float64)[known]
        self._probabilities = ClassProbabilities(predictions, evidence.classes)
        row = frames.positions(predictions["object"], objects)
        usable = np.flatnonzero((row >= 0) & predictions["class_learned"].to_numpy(bool))
        self._prediction = np.full(self._size, -1)
        self._prediction[row[usable]] = usable

    @property
    def has_model(self) -> Flags:
        """Which objects the model has a prediction for (n,)."""
        return self._prediction >= 0

    def model(self) -> Iterator[tuple[slice, Floats]]:
        """Yield slices of the objects, and the model's probabilities of their classes, NaN where it has none."""
        for begin in range(0, self._size, _OBJECTS_AT_ONCE):
            rows = slice(begin, min(begin + _OBJECTS_AT_ONCE, self._size))
            prediction = self._prediction[rows]
            model = np.full((len(prediction), len(self._confusion)), np.nan)
            model[prediction >= 0] = self._probabilities.rows(prediction[prediction >= 0])
            yield rows, model

    def judged(self) -> Iterator[Judged]:
        """Yield slices of the objects with the probabilities of their classes, given votes and model."""
        classes = len(self._confusion)
        count = np.bincount(self._code, self._weight, minlength=classes) + 1
        prior, logs = np.log(count / count.sum()), np.log(self._confusion).T
        for rows, model in self.model():
            first, last = np.searchsorted(self._row, [rows.start, rows.stop])
            cell = (self._row[first:last] - rows.start) * classes + self._code[first:last]
            votes: Floats = np.bincount(cell, self._weight[first:last], model.size).astype(np.float64)
            votes = votes.reshape(model.shape)
            yield Judged(rows, votes.sum(axis=1), model, posterior(votes @ logs, model, prior))


def gather_evidence(*, votes: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]) -> Evidence:
    """Return the evidence, with the confusion estimated from the votes."""
    return Evidence(votes, predictions, classes, confusion_probabilities(votes, classes))


def posterior_of_objects(objects: pd.Series, evidence: Evidence) -> Floats:
    """Return the probability of each class (n, classes) of each of the objects, given votes and model."""
    probabilities = np.empty((len(objects), len(evidence.classes)))
    for judged in ObjectEvidence(objects, evidence).judged():
        probabilities[judged.rows] = judged.posterior
    return probabilities


def posterior(votes: Floats, model: Floats, prior: Floats) -> Floats:
    """Return the probability of each class (n, classes), given the votes and the model.

    `votes`: the logarithm of how probable they are, given the class. `prior`: the logarithm of the frequency of the
    classes among all votes; it stands in for the model where that has no prediction (NaN).
    """
    logs = votes + np.where(np.isnan(model), prior, np.log(model.clip(min=_MIN_PROBABILITY)))
    mass = np.exp(logs - logs.max(axis=1, keepdims=True))
    probabilities: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(6)
    return probabilities


def annotator_votes(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes for a class, without reviewers' verdicts and without annotators who did not see the object."""
    return votes[~votes["review"] & votes["label"].notna()]


def of_several_annotators(votes: pd.DataFrame) -> pd.Series:
    """Return the objects that two annotators or more have votes on, in any order."""
    object_, names = pd.factorize(votes["object"])
    annotator = pd.factorize(votes["annotator"])[0]
    first = np.zeros(len(names), np.int64)
    first[object_[::-1]] = annotator[::-1]
    several = np.zeros(len(names), bool)
    several[object_[annotator != first[object_]]] = True
    return pd.Series(names[several], dtype="str")


def confusion_probabilities(votes: pd.DataFrame, classes: list[str]) -> Floats:
    """Return the probability that annotators choose a class (columns) given the true one (rows).

    Estimated from the objects with several annotators. An annotator who shares no object with others is assumed to be
    right in 85 of 100.
    """
    for_class = np.flatnonzero(~votes["review"].to_numpy(bool) & votes["label"].notna().to_numpy(bool))
    object_ = pd.factorize(votes["object"].iloc[for_class])[0]
    weight = votes["weight"].to_numpy(np.float64)[for_class]
    several = np.bincount(object_, weight).round(6)[object_] > 1
    value = _codes(votes["label"], classes)[for_class]
    annotator = pd.factorize(votes["annotator"].iloc[for_class], sort=True)[0]
    cast = pd.DataFrame({"object": object_, "annotator": annotator, "value": value, "weight": weight})
    return dawid_skene.pooled_confusion(cast[several & (value >= 0)], len(classes))


def _codes(labels: pd.Series, classes: list[str]) -> Integers:
    return coded.positions(labels, pd.Series(classes, dtype="str"))
