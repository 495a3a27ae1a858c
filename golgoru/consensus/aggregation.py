"""From annotations to the consensus on each image: votes, the elected value of each object, and its label.

In two steps, since what is estimated from the votes on all images says how probable each label is: `count_votes` of
some images, then `elect` their labels. No object is on two images, so any images may be taken at a time.
"""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from golgoru.consensus import dawid_skene, majority, transcriptions
from golgoru.consensus.geometry import consensus_geometry
from golgoru.consensus.status import CONTESTED, is_contested
from golgoru.consensus.votes import (
    ABSENT,
    current_annotations,
    lapsed_annotations,
    statements_on_objects,
    weighted_votes,
)
from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.guideline.changes import ChangeEffects, Changes, is_outdated
from golgoru.guideline.classes import Classes
from golgoru.tables import frames

Method = Literal["majority", "pooled", "annotators"]


class Context(NamedTuple):
    """What it takes to aggregate annotations, besides the annotations; the last three are the stage's parameters.

    `effects`: those of the changes of the guideline on the annotations. `images`: the table.
    """

    effects: ChangeEffects
    changes: Changes
    classes: Classes
    images: pd.DataFrame
    task: Task
    method: Method
    min_confidence: float
    merge_geometry: bool


class Consensus(NamedTuple):
    """What the annotators of some images agree on.

    `annotations` (with `lapsed`) and `votes` as in golgoru.consensus.votes, `elected` and `accuracy` (of one annotator)
    as in golgoru.consensus.majority; `labels`: the table.
    """

    annotations: pd.DataFrame
    votes: pd.DataFrame
    elected: pd.DataFrame
    accuracy: float | None
    labels: pd.DataFrame


class Counted(NamedTuple):
    """The annotations of some images that count, with `lapsed`, and the votes that they are."""

    annotations: pd.DataFrame
    votes: pd.DataFrame


class Estimates(NamedTuple):
    """What the votes on all images say.

    `accuracy`: of one annotator, as in golgoru.consensus.majority. `posterior`: one row per object and value, as in
    golgoru.consensus.dawid_skene; None for the method `majority`.
    """

    accuracy: float | None
    posterior: pd.DataFrame | None


def find_consensus(placed: pd.DataFrame, counts: pd.Series, context: Context) -> Consensus:
    """Return the consensus on the images, each annotation counted for its `image`; `counts` says which may count."""
    counted = count_votes(placed, counts, context)
    accuracy = majority.annotator_accuracy(counted.votes, len(context.classes.ids))
    return elect(counted, estimates_of(counted.votes, accuracy, context), context)


def count_votes(placed: pd.DataFrame, counts: pd.Series, context: Context) -> Counted:
    """Return the annotations that count, each for its `image`, and the votes."""
    annotations = current_annotations(placed[counts], placed[~counts], context.task)
    statements = statements_on_objects(annotations, context.task)
    outdated = is_outdated(statements, context.effects, context.changes, context.classes.ids)
    annotations["lapsed"] = lapsed_annotations(annotations, statements, outdated)
    return Counted(annotations, weighted_votes(statements[~outdated]))


def elect(counted: Counted, estimates: Estimates, context: Context) -> Consensus:
    """Return the consensus on the images that were counted."""
    elected = elected_values(counted.votes, estimates, context)
    labels = _labels(counted.annotations, elected, context)
    return Consensus(counted.annotations, counted.votes, elected, estimates.accuracy, labels)


def estimates_of(votes: pd.DataFrame, accuracy: float | None, context: Context) -> Estimates:
    """Return what the votes on all images say by the method; `accuracy`: of one annotator."""
    return Estimates(accuracy, None if context.method == "majority" else weighed_posterior(votes, context))


def weighed_posterior(votes: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return how probable each value of each object is; the method is `pooled` or `annotators`."""
    cast = votes[~votes["review"] & (votes["value"] != ABSENT)]
    shrinkage = np.inf if context.method == "pooled" else dawid_skene.SHRINKAGE
    classes = max(len(context.classes.ids), cast["value"].nunique())
    return dawid_skene.estimate(cast, classes, shrinkage).posterior


def elected_values(votes: pd.DataFrame, estimates: Estimates, context: Context) -> pd.DataFrame:
    """Return the elected value of each object, as golgoru.consensus.majority does."""
    probable = estimates.posterior
    weighed = None if probable is None else majority.Posterior(probable, context.min_confidence)
    return majority.elected_labels(votes, context.classes.ids, estimates.accuracy, weighed)


def _labels(annotations: pd.DataFrame, elected: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return `labels`: the elected ones, each with the geometry and text of the annotations behind it."""
    won = elected[elected["label"] != ABSENT].set_index("object")
    drawn = annotations[~annotations["superseded"] & ~annotations["lapsed"] & (annotations["kind"] == "object")]
    decides = drawn["value"] == drawn["object"].map(won["label"])
    decides &= drawn["review"] == drawn["object"].map(won["reviewed"])
    deciding = drawn[decides].sort_values(["object", "annotation"])
    geometry = consensus_geometry(deciding, merge=context.merge_geometry).reindex(won.index)
    texts = transcriptions.elected_texts(deciding if context.task == "ocr" else deciding[:0])
    rule = pd.Series(majority.RULE, index=won.index).where(is_contested(won["status"]))
    rule = rule.mask(rule.isna() & frames.is_in(won.index, texts.index[texts["disputed"]]), transcriptions.RULE)
    rows = won.assign(
        **geometry.drop(columns="text"),
        text=texts["text"].reindex(won.index).fillna(geometry["text"]),
        text_agreement=texts["text_agreement"],
        ignore=won["label"].isin([c.id for c in context.classes.classes if c.ignore]),
        source=_first(deciding, deciding["source"]),  # "human" comes before "import"
        guideline_version=_first(deciding, versions.as_ordered(deciding["guideline_version"])),
        status=won["status"].mask(rule.notna(), CONTESTED),
        rule=rule,
    ).reset_index()
    if context.task == "classification":
        rows["object"] = rows["image"].map(context.images.set_index("image")["content"])
    return frames.frame("labels", rows.drop(columns="reviewed"))


def _first(deciding: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Return the first value of each object, in the order of sorting."""
    first = pd.DataFrame({"object": deciding["object"], "value": values}).sort_values("value").drop_duplicates("object")
    return first.set_index("object")["value"]
