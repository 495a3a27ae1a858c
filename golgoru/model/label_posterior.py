"""How plausible each class of an object is, from what people said of it and from a model that did not see its label.

Votes count by how often people confuse two classes (Dawid and Skene, pooled), the model as one more voice: given the
class, the two are taken as independent, which they nearly are since the model never saw the object's votes.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from golgoru.consensus import dawid_skene
from golgoru.core.arrays import Floats

# Nothing is impossible: what the probabilities are rounded to.
_MIN_PROBABILITY = 1e-6


class Evidence(NamedTuple):
    """What there is to go by: tables `ballots` and `predictions` (of one model), the classes, and `confused`.

    `confused` (classes, classes): how probable it is that people say a class (columns) of an object that is one (rows).
    """

    ballots: pd.DataFrame
    predictions: pd.DataFrame
    classes: list[str]
    confused: Floats


class VotesAndModel(NamedTuple):
    """What speaks of each object, both (n, classes): `votes`, how many said what; `model`, NaN where it cannot tell."""

    votes: Floats
    model: Floats


def gather_evidence(ballots: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]) -> Evidence:
    """Return the evidence, with people's confusions estimated."""
    return Evidence(ballots, predictions, classes, confusion_probabilities(ballots, classes))


def posterior_of_objects(objects: pd.Index, given: Evidence) -> Floats:
    """Return the probability of each class (n, classes) of each of the objects, by votes and model together."""
    return posterior(votes_and_model(objects, given.ballots, given.predictions, given.classes), given.confused)


def votes_and_model(
    objects: pd.Index, ballots: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]
) -> VotesAndModel:
    """Return the voices on `objects`, in their order; reviewers and who did not see an object have none."""
    people = ballots[~ballots["review"] & ballots["label"].notna()]
    row, said = (
        objects.get_indexer(pd.Index(people["object"])),
        pd.Index(classes).get_indexer(pd.Index(people["label"])),
    )
    known = (row >= 0) & (said >= 0)
    shape = (len(objects), len(classes))
    votes = sparse.coo_array((people["weight"].to_numpy(float)[known], (row[known], said[known])), shape=shape)
    model = np.full(shape, np.nan)
    able = predictions[predictions["object"].notna() & predictions["can_say"]]
    row = objects.get_indexer(pd.Index(able["object"]))
    if (row >= 0).any():
        model[row[row >= 0]] = class_probabilities(able[row >= 0], classes)
    return VotesAndModel(votes.toarray(), model)


def class_probabilities(predictions: pd.DataFrame, classes: list[str]) -> Floats:
    """Return the probabilities of each class, n x classes; where a model told one class alone, the rest is shared."""
    found = np.empty((len(predictions), len(classes)))
    whole = predictions["probabilities"].notna().to_numpy(bool)
    if whole.any():
        lists = pa.Table.from_pandas(predictions.loc[whole, ["probabilities"]])["probabilities"].combine_chunks()
        found[whole] = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, len(classes))
    if not whole.all():
        alone = predictions[~whole]
        confidence = alone["confidence"].to_numpy(float)[:, None]
        best = pd.Index(classes).get_indexer(pd.Index(alone["predicted"]))[:, None]
        others = (1 - confidence) / max(len(classes) - 1, 1)
        found[~whole] = np.where(np.arange(len(classes)) == best, confidence, others)
    return found


def confusion_probabilities(ballots: pd.DataFrame, classes: list[str]) -> Floats:
    """Return how probable it is that people say a class (columns) of an object that is one (rows).

    It is learned from objects that several people labelled: who is never compared is taken to be right in 85 of 100.
    """
    people = ballots[~ballots["review"] & ballots["label"].notna()]
    people = people[people.groupby("object")["weight"].transform("sum").round(6) > 1]
    cast = people.rename(columns={"label": "value"})[["object", "annotator", "value", "weight"]]
    return dawid_skene.pooled_confusion(cast, classes)


def posterior(voices: VotesAndModel, confused: Floats) -> Floats:
    """Return the probability of each class (n, classes), given votes and model. Where nobody speaks, it is even."""
    said = voices.votes @ np.log(confused).T
    # Where the model cannot speak, how often the classes occur stands in for it.
    count = voices.votes.sum(axis=0) + 1
    usual = np.log(count / count.sum())
    model = np.where(np.isnan(voices.model), usual, np.log(voices.model.clip(min=_MIN_PROBABILITY)))
    logs = said + model
    mass = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Floats = (mass / mass.sum(axis=1, keepdims=True)).round(6)
    return found
