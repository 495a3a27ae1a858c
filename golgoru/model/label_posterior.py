"""How probable each class of an object is, given its votes and a model that was not trained on its label.

Votes count by how often annotators confuse two classes (Dawid and Skene, pooled over annotators), the model as one more
annotator. Given the class, the two are taken as independent; they nearly are, since the model never saw these votes.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from golgoru.consensus import dawid_skene
from golgoru.core.arrays import Floats

# No class is impossible: the precision that probabilities are rounded to.
_MIN_PROBABILITY = 1e-6


class Evidence(NamedTuple):
    """Tables `votes` and `predictions` (of one model), the classes, and how annotators confuse them.

    `confusion` (classes, classes): the probability that annotators choose a class (columns) given the true one (rows).
    """

    votes: pd.DataFrame
    predictions: pd.DataFrame
    classes: list[str]
    confusion: Floats


class VotesAndModel(NamedTuple):
    """Per object and class (n, classes): `votes`, how many; `model`, its probability, NaN where it has none."""

    votes: Floats
    model: Floats


def gather_evidence(*, votes: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]) -> Evidence:
    """Return the evidence, with the confusion estimated from the votes."""
    return Evidence(votes, predictions, classes, confusion_probabilities(votes, classes))


def posterior_of_objects(objects: pd.Index, evidence: Evidence) -> Floats:
    """Return the probability of each class (n, classes) of each of the objects, given votes and model."""
    collected = votes_and_model(
        objects, votes=evidence.votes, predictions=evidence.predictions, classes=evidence.classes
    )
    return posterior(collected, evidence.confusion)


def annotator_votes(votes: pd.DataFrame) -> pd.DataFrame:
    """Return the votes for a class, without reviewers' verdicts and without annotators who did not see the object."""
    return votes[~votes["review"] & votes["label"].notna()]


def votes_and_model(
    objects: pd.Index, *, votes: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]
) -> VotesAndModel:
    """Return the annotators' votes on `objects` and the model's probabilities, in the order of the objects."""
    for_class = annotator_votes(votes)
    row = objects.get_indexer(pd.Index(for_class["object"]))
    code = pd.Index(classes).get_indexer(pd.Index(for_class["label"]))
    known = (row >= 0) & (code >= 0)
    shape = (len(objects), len(classes))
    counts = sparse.coo_array((for_class["weight"].to_numpy(float)[known], (row[known], code[known])), shape=shape)
    model = np.full(shape, np.nan)
    usable = predictions[predictions["object"].notna() & predictions["class_learned"]]
    row = objects.get_indexer(pd.Index(usable["object"]))
    if (row >= 0).any():
        model[row[row >= 0]] = class_probabilities(usable[row >= 0], classes)
    return VotesAndModel(counts.toarray(), model)


def class_probabilities(predictions: pd.DataFrame, classes: list[str]) -> Floats:
    """Return the probability of each class, n x classes; what a model leaves open, the other classes share equally."""
    probabilities = np.empty((len(predictions), len(classes)))
    complete = predictions["probabilities"].notna().to_numpy(bool)
    if complete.any():
        lists = pa.Table.from_pandas(predictions.loc[complete, ["probabilities"]])["probabilities"].combine_chunks()
        probabilities[complete] = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, len(classes))
    if not complete.all():
        one_class = predictions[~complete]
        confidence = one_class["confidence"].to_numpy(float)[:, None]
        predicted = pd.Index(classes).get_indexer(pd.Index(one_class["predicted"]))[:, None]
        others = (1 - confidence) / max(len(classes) - 1, 1)
        probabilities[~complete] = np.where(np.arange(len(classes)) == predicted, confidence, others)
    return probabilities


def confusion_probabilities(votes: pd.DataFrame, classes: list[str]) -> Floats:
    """Return the probability that annotators choose a class (columns) given the true one (rows).

    Estimated from the objects with several annotators. An annotator who shares no object with others is assumed to be
    right in 85 of 100.
    """
    for_class = annotator_votes(votes)
    several = for_class[for_class.groupby("object")["weight"].transform("sum").round(6) > 1]
    cast = several.rename(columns={"label": "value"})[["object", "annotator", "value", "weight"]]
    return dawid_skene.pooled_confusion(cast, classes)


def posterior(collected: VotesAndModel, confusion: Floats) -> Floats:
    """Return the probability of each class (n, classes), given votes and model; the prior alone where neither speaks.

    The prior, the frequency of the classes among the votes, stands in for the model where it has no prediction.
    """
    votes = collected.votes @ np.log(confusion).T
    count = collected.votes.sum(axis=0) + 1
    prior = np.log(count / count.sum())
    model = np.where(np.isnan(collected.model), prior, np.log(collected.model.clip(min=_MIN_PROBABILITY)))
    logs = votes + model
    mass = np.exp(logs - logs.max(axis=1, keepdims=True))
    probabilities: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(6)
    return probabilities
