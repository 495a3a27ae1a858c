"""From annotations to the consensus on each image: votes, the elected value of each object, and its label."""

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


def find_consensus(placed: pd.DataFrame, counts: pd.Series, context: Context) -> Consensus:
    """Return the consensus on the images, each annotation counted for its `image`."""
    annotations = current_annotations(placed[counts], placed[~counts], context.task)
    statements = statements_on_objects(annotations, context.task)
    outdated = is_outdated(statements, context.effects, context.changes, context.classes.ids)
    annotations["lapsed"] = lapsed_annotations(annotations, statements, outdated)
    votes = weighted_votes(statements[~outdated])
    accuracy = majority.annotator_accuracy(votes, len(context.classes.ids))
    elected = elected_values(votes, accuracy, context, context.method)
    labels = _labels(annotations, elected, context)
    return Consensus(annotations, votes, elected, accuracy, labels)


def elected_values(votes: pd.DataFrame, accuracy: float | None, context: Context, method: Method) -> pd.DataFrame:
    """Return the elected value of each object by one of the methods, as golgoru.consensus.majority does."""
    ids = context.classes.ids
    if method == "majority":
        return majority.elected_labels(votes, ids, accuracy)
    cast = votes[~votes["review"] & (votes["value"] != ABSENT)]
    shrinkage = np.inf if method == "pooled" else dawid_skene.SHRINKAGE
    posterior = dawid_skene.estimate(cast, max(len(ids), cast["value"].nunique()), shrinkage).posterior
    return majority.elected_labels(votes, ids, accuracy, majority.Posterior(posterior, context.min_confidence))


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
