"""Aggregate the annotations of each object into one label, and choose the representative of each group of duplicates.

Reads: `annotations` (one row per annotation), `violations` (one row per broken rule and row), `duplicate_pairs` (one
row per pair of duplicates), `images` and `sources` (one row per image), guidelines/classes.yaml and changes.yaml, and
the day the test set was frozen: images up to it are kept before later duplicates.
Writes: `labels` (one row per object), `annotation_roles` (one row per annotation: its role in the consensus), `votes`
(one row per object, annotator and value), `duplicates` (one row per image left out for another), `duplicate_conflicts`
(one row per such image that is labelled differently from its representative), `relabel` (one row per object, or image,
to label again after a change of the guideline).

Enforces VOTE-001 (a label needs more than half of the votes, or enough probability where `method` weighs them, or a
reviewer), TEXT-003 (a transcription needs more than half of those who wrote one), COPY-001 and COPY-002 (one image of
a group of duplicates is released), COPY-003 (where a duplicate is labelled differently, the label is contested until a
reviewer decides). Votes on equal pixels are pooled. A model's annotation is never a vote. Annotations older than a
change of the guideline count as the change says.
"""

from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.consensus import duplicate_conflicts, relabel, roles
from golgoru.consensus.aggregation import Consensus, Context, Method, elected_values, find_consensus
from golgoru.consensus.duplicate_conflicts import DuplicateConflicts
from golgoru.consensus.status import ADJUDICATED, CONTESTED, LABEL_STATUSES
from golgoru.consensus.votes import ABSENT
from golgoru.core.dataset import Task
from golgoru.core.hashing import order_by_hash
from golgoru.core.yaml_models import ConfigModel
from golgoru.duplicates.representatives import Representatives, choose_representatives
from golgoru.guideline.changes import NO_CHANGE, Changes, change_effects, relabel_epochs
from golgoru.guideline.classes import Classes
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.validation.findings import set_aside_rows

# The other methods cost twice what the rest does, and tell no more of more objects.
_COMPARED_OBJECTS = 20_000


class Params(ConfigModel):
    """How votes become labels; docs/decisions/labels.md has the measurements."""

    # `majority`: every vote counts alike. `annotators`: votes weigh by the estimated accuracy of who cast them
    # (Dawid-Skene, shrunken): better where annotators differ and their work overlaps, and harder to explain. `pooled`:
    # all annotators alike, with one estimated confusion of the classes. Fixed here, so that no new batch switches it;
    # the metrics say how many labels each other method would change.
    method: Method = "majority"
    # Of the posterior, for the other two; a label below it is contested. It overstates by some points.
    min_confidence: float = Field(0.7, ge=0.5, lt=1)
    # `merged`: the median of each edge or corner of all annotations behind the label. `representative`: one of them as
    # it was drawn, the one that overlaps most with the others; for a team that must be able to show who drew a box.
    geometry: Literal["merged", "representative"] = "merged"


class Tables(NamedTuple):
    """What the stage writes."""

    labels: pd.DataFrame
    annotation_roles: pd.DataFrame
    votes: pd.DataFrame
    duplicates: pd.DataFrame
    duplicate_conflicts: pd.DataFrame
    relabel: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    annotations: pd.DataFrame,
    violations: Annotated[pd.DataFrame, columns("rule", "action", "table", "key")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind", "distance")],
    images: Annotated[pd.DataFrame, columns("image", "content", "width", "height", "error")],
    sources: Annotated[pd.DataFrame, columns("image", "delivery", "date")],
    classes: Classes,
    changes: Changes,
    task: Task,
    params: Params,
    frozen: date | None = None,
) -> Tables:
    """Return labels, roles of annotations, votes, duplicates, their conflicts, and what to label again."""
    annotations = annotations.reset_index(drop=True)
    effects = change_effects(annotations, changes)
    epoch = relabel_epochs(annotations["guideline_version"], changes)
    annotations = annotations.assign(label=effects.labels(), meaning=effects.code, epoch=epoch)
    unusable = set_aside_rows(violations, "images").index
    aside = frames.is_in(annotations["annotation"], set_aside_rows(violations, "annotations").index)
    aside |= frames.is_in(annotations["image"], unusable)
    may_vote = ~aside & (annotations["source"] != "model") & (annotations["kind"] != "skipped")
    dropped = may_vote & effects.where(lambda effect: effect.dropped_by != NO_CHANGE)
    annotated = pd.Index(annotations.loc[~aside & ~dropped, "image"].unique())
    chosen = choose_representatives(images, sources, duplicate_pairs, unusable, annotated, frozen)
    counted_for = annotations["image"].map(chosen.equal_pixels).astype("str")
    placed = annotations.assign(shown=annotations["image"], image=counted_for)[counted_for.notna()]
    counts = (may_vote & ~dropped)[placed.index]
    context = Context(
        effects=effects, changes=changes, classes=classes, images=images, task=task, method=params.method,
        min_confidence=params.min_confidence, merge_geometry=params.geometry == "merged",
    )  # fmt: skip
    consensus = find_consensus(placed, counts, context)
    conflicts = _conflicts(chosen, placed, counts, consensus, context)
    labels = _with_conflicts(consensus.labels, conflicts.contested)
    annotation_roles = _annotation_roles(annotations, aside, placed[dropped[placed.index]], consensus, task)
    queue = relabel.relabel_queue(
        annotations, annotation_roles=annotation_roles, labels=labels, images=images, duplicates=chosen.duplicates,
        effects=effects, changes=changes, task=task,
    )  # fmt: skip
    return Tables(
        labels=labels,
        annotation_roles=annotation_roles,
        votes=_votes_table(consensus.votes, images, task),
        duplicates=chosen.duplicates,
        duplicate_conflicts=conflicts.rows,
        relabel=queue,
        metrics=_metrics(labels, consensus.accuracy, relabel.relabel_work(queue, annotations))
        | _duplicate_metrics(chosen.duplicates, conflicts.rows)
        | _other_methods(consensus, context),
    )


def _conflicts(
    chosen: Representatives, placed: pd.DataFrame, counts: pd.Series, pooled: Consensus, context: Context
) -> DuplicateConflicts:
    """Return where duplicates are labelled differently; files of equal pixels are compared each by itself."""
    pooled_files = duplicate_conflicts.pooled_images(chosen.equal_pixels)
    on_own_file = placed.assign(image=placed["shown"])[frames.is_in(placed["shown"], pooled_files)]
    by_file = find_consensus(on_own_file, counts[on_own_file.index], context)
    # What the same annotator replaced by a newer answer on another of the files does not count on its own file either.
    replaced_elsewhere = _uncounted(pooled).difference(_uncounted(by_file))
    if len(replaced_elsewhere):
        on_own_file = on_own_file.drop(replaced_elsewhere, errors="ignore")
        by_file = find_consensus(on_own_file, counts[on_own_file.index], context)
    return duplicate_conflicts.find_conflicts(
        chosen.duplicates, pooled=pooled, by_file=by_file, pooled_files=pooled_files, images=context.images,
        task=context.task,
    )  # fmt: skip


def _with_conflicts(labels: pd.DataFrame, contested: pd.Series) -> pd.DataFrame:
    """Return the labels, those contested that differ from the label of a duplicate."""
    return labels.assign(
        status=labels["status"].mask(contested, CONTESTED),
        rule=labels["rule"].mask(contested & labels["rule"].isna(), duplicate_conflicts.RULE),
    )


def _uncounted(consensus: Consensus) -> pd.Index:
    """Return the annotations that no longer count."""
    annotations = consensus.annotations
    return annotations.index[annotations["superseded"] | annotations["lapsed"]]


def _annotation_roles(
    annotations: pd.DataFrame, aside: pd.Series, dropped: pd.DataFrame, consensus: Consensus, task: Task
) -> pd.DataFrame:
    """Return table `annotation_roles`; `dropped` are the annotations that a change of the guideline took away."""
    current, labels, elected = consensus.annotations, consensus.labels, consensus.elected.set_index("object")
    agrees = current["value"] == current["object"].map(elected["label"])
    reviewed = frames.is_in(current["object"], elected.index[elected["reviewed"]])
    without_object = current["object"].isna()
    without_value = current["value"].isna() | (without_object & current["about"].notna())
    empty = (current["kind"] == "empty") | without_object
    conditions = {
        roles.SUPERSEDED: current["superseded"],
        roles.OUTDATED: current["lapsed"],
        roles.NO_VOTE: without_value,
        roles.EMPTY: empty & ~frames.is_in(current["image"], labels["image"]),
        roles.ADJUDICATED: agrees & current["review"] & reviewed,
        roles.AGREES: agrees,
    }
    role = pd.Series(
        np.select(list(conditions.values()), list(conditions), default=roles.OVERRULED), index=current.index
    )
    # What never counted: set aside by a rule, or a model's, a skipped image, or an image that cannot be decoded.
    by_change = annotations.index.isin(dropped.index)
    uncounted = pd.Series(
        np.select([aside, by_change], [roles.SET_ASIDE, roles.OUTDATED], default=roles.NO_VOTE),
        index=annotations.index,
    )
    by_image = labels.set_index("image")["object"]
    names = current["object"].map(by_image) if task == "classification" else current["object"]
    return frames.frame("annotation_roles", {
        "annotation": annotations["annotation"],
        "image": pd.concat([current["image"], dropped["image"]]).reindex(annotations.index),
        "object": names.reindex(annotations.index),
        "role": role.reindex(annotations.index).fillna(uncounted),
    })  # fmt: skip


def _votes_table(votes: pd.DataFrame, images: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return table `votes`, with the names of objects in `labels`."""
    rows = votes.assign(label=votes["value"].mask(votes["value"] == ABSENT))
    if task == "classification":
        rows["object"] = rows["image"].map(images.set_index("image")["content"])
    return frames.frame("votes", rows)


def _metrics(labels: pd.DataFrame, accuracy: float | None, work: relabel.RelabelWork) -> dict[str, Any]:
    text_agreement = labels["text_agreement"].dropna()
    return {
        "objects": len(labels),
        **_counts(labels["status"], LABEL_STATUSES),
        "agreement": float(labels["agreement"].mean()) if len(labels) else None,
        "text agreement": float(text_agreement.mean()) if len(text_agreement) else None,
        "accuracy of one annotator, estimated from agreement": accuracy,
        "relabel": {
            "objects": work.objects,
            "images": work.images,
            "seconds per label": work.seconds,
            "hours": work.hours,
        },
    }


def _duplicate_metrics(duplicates: pd.DataFrame, conflicts: pd.DataFrame) -> dict[str, Any]:
    return {
        "duplicates left out": _counts(duplicates["kind"], ("exact", "near")),
        "duplicates whose labels conflict": _counts(conflicts["status"], (CONTESTED, ADJUDICATED)),
    }


def _counts(column: pd.Series, values: tuple[str, ...]) -> dict[str, int]:
    return {value: int((column == value).sum()) for value in values}


def _other_methods(consensus: Consensus, context: Context) -> dict[str, Any]:
    """Return the method in use, and how many labels each other one would change; of many objects, of a sample."""
    label = consensus.elected.set_index("object")["label"]
    votes, sampled = consensus.votes, {}
    if len(label) > _COMPARED_OBJECTS:
        chosen = label.index[order_by_hash(label.index, "methods")[:_COMPARED_OBJECTS]]
        votes = votes[frames.is_in(votes["object"], chosen)]
        sampled = {"objects compared with other methods": _COMPARED_OBJECTS}
    others = {
        method: elected_values(votes, consensus.accuracy, context, method).set_index("object")["label"]
        for method in get_args(Method)
        if method != context.method
    }
    return {
        "method": context.method,
        "labels that another method would change": {
            method: int((other != label.reindex(other.index)).sum()) for method, other in others.items()
        },
        **sampled,
    }


if __name__ == "__main__":
    run_stage(transform)
