"""Bring the words of several annotators to one label per object, and choose which of several copies stays.

Reads: `annotations` (one row per word), `violations` (one row per broken rule and row), `pairs` (one row per pair of
copies), `images` and `sources` (one row per image), guidelines/classes.yaml and changes.yaml, and the day the test set
was frozen (`split.frozen`): what came up to it stays before later copies.
Writes: `labels` (one row per object), `votes` (one row per annotation: what became of its word), `ballots` (one row per
object, annotator and value), `copies` (one row per image left out for another), `disagreements` (one row per such image
that people label otherwise than what stays), `relabel` (one row per object, or image, to label again after a change of
the guideline).

Enforces VOTE-001 (a label needs more than half of the votes, or enough probability where `method` weighs them, or a
reviewer), TEXT-003 (a transcription needs more than half of those who wrote one), COPY-001 and COPY-002 (one image of a
group of copies is released), COPY-003 (where a copy says otherwise, the label is contested, or a reviewer's). Votes on
equal pixels are pooled. A model's word is never a vote. Words older than a change of the guideline count as the change
says.
"""

from datetime import date
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.consensus import dawid_skene, duplicate_conflicts, majority, relabel, transcriptions
from golgoru.consensus import votes as consensus_votes
from golgoru.consensus.duplicate_conflicts import Consensus
from golgoru.consensus.geometry import consensus_geometry
from golgoru.core import versions
from golgoru.core.dataset import Task
from golgoru.core.yaml_models import Written
from golgoru.duplicates import representatives
from golgoru.guideline.changes import NO_CHANGE, ChangeEffects, Changes, change_effects, is_outdated, relabel_epochs
from golgoru.guideline.classes import Classes
from golgoru.shell import run
from golgoru.tables import frames
from golgoru.validation.findings import set_aside_rows

Method = Literal["majority", "pooled", "annotators"]


class Params(Written):
    """How votes become labels; docs/decisions/labels.md has the measurements."""

    # `majority`: every vote counts alike. `annotators`: votes weigh what those who cast them were worth (Dawid-Skene,
    # shrunken): better where people differ and labels overlap, and harder to explain. `pooled`: all people alike, but
    # classes confused as they are. Fixed here, so that no new batch switches it; the metrics say what each would.
    method: Method = "majority"
    # Of the posterior, for the other two; below, a label is contested. It overstates by some points.
    min_confidence: float = Field(0.7, ge=0.5, lt=1)
    # `merged`: the median of each edge or corner of all who say it. `representative`: as one of them drew it, the one
    # who overlaps most with the others; for a team that must be able to show whose hand drew a box.
    geometry: Literal["merged", "representative"] = "merged"


class Tables(NamedTuple):
    labels: pd.DataFrame
    annotation_roles: pd.DataFrame
    votes: pd.DataFrame
    duplicates: pd.DataFrame
    duplicate_conflicts: pd.DataFrame
    relabel: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    classes: Classes,
    changes: Changes,
    task: Task,
    params: Params,
    frozen: date | None = None,
) -> Tables:
    """Return labels, what became of every word, who voted what, copies, where they disagree, what to label again."""
    annotations = annotations.reset_index(drop=True)
    found = change_effects(annotations, changes)
    epoch = relabel_epochs(annotations["guideline_version"], changes)
    annotations = annotations.assign(label=found.labels(), meaning=found.code, epoch=epoch)
    unusable = set_aside_rows(violations, "images").index
    aside = frames.is_in(annotations["annotation"], set_aside_rows(violations, "annotations").index)
    aside |= frames.is_in(annotations["image"], unusable)
    may_vote = ~aside & (annotations["source"] != "model") & (annotations["kind"] != "skipped")
    dropped = may_vote & found.where(lambda meaning: meaning.dropped_by != NO_CHANGE)
    speaking = annotations.loc[~aside & ~dropped, "image"]
    chosen = representatives.choose_representatives(
        images, sources, duplicate_pairs, unusable, pd.Index(speaking.unique()), frozen
    )
    counted_for = annotations["image"].map(chosen.stands_for).astype("str")
    placed = annotations.assign(shown=annotations["image"], image=counted_for)[counted_for.notna()]
    counts = (may_vote & ~dropped)[placed.index]
    world = _World(found, images, classes, changes, task, params)
    said = _opinions(placed, counts, world)
    apart = _apart(chosen, placed, counts, said, world)
    labels = said.labels.assign(
        status=said.labels["status"].mask(apart.contested, "contested"),
        rule=said.labels["rule"].mask(apart.contested & said.labels["rule"].isna(), duplicate_conflicts.RULE),
    )
    roles = _roles(annotations, aside, placed[dropped[placed.index]], said, task)
    again = relabel.relabel_queue(annotations, roles, labels, images, chosen.copies, found, changes, task)
    return Tables(
        labels,
        roles,
        _ballots(said.votes, images, task),
        chosen.copies,
        apart.rows,
        again,
        _metrics(labels, chosen.copies, apart.rows, said.accuracy, relabel.relabel_work(again, annotations))
        | _by_other_methods(said, world),
    )


class _World(NamedTuple):
    """What it takes to read words, besides the words."""

    found: ChangeEffects
    images: pd.DataFrame
    classes: Classes
    changes: Changes
    task: Task
    params: Params


def _opinions(placed: pd.DataFrame, counts: pd.Series, world: _World) -> Consensus:
    """Return what is said of the pictures, each word on the picture `image` that it is placed on."""
    words = consensus_votes.current_annotations(placed[counts], placed[~counts], world.task)
    statements = consensus_votes.statements_on_objects(words, world.task)
    gone = is_outdated(statements, world.found, world.changes, world.classes.ids)
    words["lapsed"] = consensus_votes.lapsed_annotations(words, statements, gone)
    votes = consensus_votes.weighted_votes(statements[~gone])
    accuracy = majority.annotator_accuracy(votes, len(world.classes.ids))
    elected = _elected(votes, accuracy, world, world.params.method)
    labels = _labels(words, elected, world)
    return Consensus(words, votes, elected, accuracy, labels)


def _elected(votes: pd.DataFrame, accuracy: float | None, world: _World, method: str) -> pd.DataFrame:
    ids = world.classes.ids
    if method == "majority":
        return majority.elected_labels(votes, ids, accuracy)
    cast = votes[~votes["review"] & (votes["value"] != consensus_votes.ABSENT)]
    shrinkage = np.inf if method == "pooled" else dawid_skene.SHRINKAGE
    posterior = dawid_skene.estimate(cast, max(len(ids), cast["value"].nunique()), shrinkage).posterior
    return majority.elected_labels(votes, ids, accuracy, majority.Posterior(posterior, world.params.min_confidence))


def _apart(
    chosen: representatives.Representatives, placed: pd.DataFrame, counts: pd.Series, said: Consensus, world: _World
) -> duplicate_conflicts.DuplicateConflicts:
    """Return where copies disagree; what each of several files of equal pixels says by itself counts for that alone."""
    pooling = duplicate_conflicts.pooled_images(chosen.stands_for)
    by_itself = placed.assign(image=placed["shown"])[frames.is_in(placed["shown"], pooling)]
    own = _opinions(by_itself, counts[by_itself.index], world)
    anew = _replaced(said).difference(_replaced(own))  # by what the same person said on another of the files
    if len(anew):
        by_itself = by_itself.drop(anew, errors="ignore")
        own = _opinions(by_itself, counts[by_itself.index], world)
    return duplicate_conflicts.find_conflicts(chosen.copies, said, own, pooling, world.images, world.task)


def _replaced(said: Consensus) -> pd.Index:
    """Return the words that count no longer."""
    return said.words.index[said.words["superseded"] | said.words["lapsed"]]


def _labels(words: pd.DataFrame, elected: pd.DataFrame, world: _World) -> pd.DataFrame:
    """Return `labels`: the elected ones, each with the shape and text of the words that say it."""
    won = elected[elected["label"] != consensus_votes.ABSENT].set_index("object")
    standing = words[~words["superseded"] & ~words["lapsed"] & (words["kind"] == "object")]
    decides = standing["value"] == standing["object"].map(won["label"])
    decides &= standing["review"] == standing["object"].map(won["reviewed"])
    saying = standing[decides].sort_values(["object", "annotation"])
    drawn = consensus_geometry(saying, merge=world.params.geometry == "merged").reindex(won.index)
    read = transcriptions.elected_texts(saying if world.task == "ocr" else saying[:0])
    rule = pd.Series(majority.RULE, index=won.index).where(won["status"] == "contested")
    rule = rule.mask(rule.isna() & frames.is_in(won.index, read.index[read["disputed"]]), transcriptions.RULE)
    rows = won.assign(
        **drawn.drop(columns="text"),
        text=read["text"].reindex(won.index).fillna(drawn["text"]),
        text_agreement=read["text_agreement"],
        ignore=won["label"].isin([c.id for c in world.classes.classes if c.ignore]),
        source=_first(saying, saying["source"]),  # "human" comes before "import"
        guideline_version=_first(saying, versions.ordered(saying["guideline_version"])),
        status=won["status"].mask(rule.notna(), "contested"),
        rule=rule,
    ).reset_index()
    if world.task == "classification":
        rows["object"] = rows["image"].map(world.images.set_index("image")["content"])
    return frames.frame("labels", rows.drop(columns="reviewed"))


def _first(saying: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Return the first value of each object, in the order of sorting."""
    first = pd.DataFrame({"object": saying["object"], "value": values}).sort_values("value").drop_duplicates("object")
    return first.set_index("object")["value"]


def _roles(
    annotations: pd.DataFrame,
    aside: pd.Series,
    dropped: pd.DataFrame,
    said: Consensus,
    task: Task,
) -> pd.DataFrame:
    """Return `votes`: what became of every word; `dropped` are those that a change of the guideline took away."""
    words, labels, won = said.words, said.labels, said.elected.set_index("object")
    agrees = words["value"] == words["object"].map(won["label"])
    reviewed = frames.is_in(words["object"], won.index[won["reviewed"]])
    of_no_object = words["object"].isna()
    says_nothing = words["value"].isna() | (of_no_object & words["about"].notna())
    says_empty = (words["kind"] == "empty") | of_no_object
    conditions = {
        "superseded": words["superseded"],
        "outdated": words["lapsed"],
        "no vote": says_nothing,
        "empty": says_empty & ~frames.is_in(words["image"], labels["image"]),
        "adjudicated": agrees & words["review"] & reviewed,
        "voted": agrees,
    }
    role = pd.Series(np.select(list(conditions.values()), list(conditions), default="overruled"), index=words.index)
    # What never counted: what a rule set aside; and a model's word, a skipped picture, a picture that nobody can open.
    by_change = annotations.index.isin(dropped.index)
    uncounted = pd.Series(
        np.select([aside, by_change], ["set aside", "outdated"], default="no vote"), index=annotations.index
    )
    names = words["object"].map(labels.set_index("image")["object"]) if task == "classification" else words["object"]
    return frames.frame("annotation_roles", {
        "annotation": annotations["annotation"],
        "image": pd.concat([words["image"], dropped["image"]]).reindex(annotations.index),
        "object": names.reindex(annotations.index),
        "role": role.reindex(annotations.index).fillna(uncounted),
    })  # fmt: skip


def _ballots(votes: pd.DataFrame, images: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return `ballots`: who voted what on which object, under the names of `labels`."""
    rows = votes.assign(label=votes["value"].mask(votes["value"] == consensus_votes.ABSENT))
    if task == "classification":
        rows["object"] = rows["image"].map(images.set_index("image")["content"])
    return frames.frame("votes", rows)


def _metrics(
    labels: pd.DataFrame,
    copies: pd.DataFrame,
    apart: pd.DataFrame,
    accuracy: float | None,
    again: relabel.RelabelWork,
) -> dict[str, Any]:
    return {
        "objects": len(labels),
        **{status: int((labels["status"] == status).sum()) for status in ("agreed", "adjudicated", "contested")},
        "agreement": float(labels["agreement"].mean()) if len(labels) else None,
        "text agreement": float(read.mean()) if len(read := labels["text_agreement"].dropna()) else None,
        "accuracy of one annotator, estimated from agreement": accuracy,
        "copies left out": {kind: int((copies["kind"] == kind).sum()) for kind in ("exact", "near")},
        "copies whose labels disagree": {
            status: int((apart["status"] == status).sum()) for status in ("contested", "adjudicated")
        },
        "relabel": {
            "objects": again.objects,
            "images": again.images,
            "seconds per label": again.seconds,
            "hours": again.hours,
        },
    }


def _by_other_methods(said: Consensus, world: _World) -> dict[str, Any]:
    """Return the method, and how many labels each other one would give otherwise."""
    own = said.elected.set_index("object")["label"]
    others = {
        method: _elected(said.votes, said.accuracy, world, method).set_index("object")["label"]
        for method in get_args(Method)
        if method != world.params.method
    }
    return {
        "method": world.params.method,
        "labels that another method would give otherwise": {
            method: int((label != own.reindex(label.index)).sum()) for method, label in others.items()
        },
    }


if __name__ == "__main__":
    run(transform)
