"""Aggregate the annotations of each object into one label, and choose the representative of each group of duplicates.

Reads: `annotations` (one row per annotation), `violations` (one row per broken rule and row), `duplicate_pairs` (one
row per pair of duplicates), `images` and `sources` (one row per image), guidelines/classes.yaml and changes.yaml, and
the day the test set was frozen: images up to it are kept before later duplicates.
Writes: `labels` (one row per object), `annotation_roles` (one row per annotation: its role in the consensus), `votes`
(one row per object, annotator and value), `duplicates` (one row per image left out for another), `duplicate_conflicts`
(one row per such image that is labelled differently from its representative), `relabel` (one row per object, or image,
to label again after a change of the guideline), `lost_objects` (one row per drawn object that no label stands for).

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

from golgoru.consensus import duplicate_conflicts, outcome, relabel, roles
from golgoru.consensus.aggregation import (
    Consensus,
    Context,
    Method,
    elected_values,
    estimates_of,
    find_consensus,
)
from golgoru.consensus.duplicate_conflicts import DuplicateConflicts
from golgoru.consensus.lost_objects import find_lost_objects
from golgoru.consensus.outcome import Outcome, Placed
from golgoru.consensus.status import ADJUDICATED, CONTESTED, LABEL_STATUSES
from golgoru.core.dataset import Task
from golgoru.core.yaml_models import ConfigModel
from golgoru.duplicates.representatives import Representatives, choose_representatives
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.changes import NO_CHANGE, ChangeEffects, Changes, change_effects, relabel_epochs
from golgoru.guideline.classes import Classes
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.validation.findings import set_aside_rows

_OF_ANNOTATIONS = ("annotation", "about", "lead_time_s", "text", "attributes", "polygon", *BOX_COLUMNS)
_CODED = ("image", "annotator", "batch", "date", "source", "kind", "guideline_version", "label")


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
    lost_objects: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    annotations: Annotated[pd.DataFrame, columns(*_OF_ANNOTATIONS, coded=_CODED)],
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
    annotations = _as_of_today(annotations, effects, changes)
    unusable, broken = set_aside_rows(violations, "images").index, set_aside_rows(violations, "annotations")
    aside = frames.is_in(annotations["annotation"], broken.index) | frames.is_in(annotations["image"], unusable)
    may_vote = ~aside & (annotations["source"] != "model") & (annotations["kind"] != "skipped")
    dropped = may_vote & effects.where(lambda effect: effect.dropped_by != NO_CHANGE)
    annotated = pd.Index(annotations.loc[~aside & ~dropped, "image"].unique().astype("str"))
    chosen = choose_representatives(images, sources, duplicate_pairs, unusable, annotated, frozen)
    counted_for = _counted_for(annotations["image"], chosen.equal_pixels)
    placed = Placed(annotations, counted_for, may_vote & ~dropped)
    context = Context(
        effects=effects, changes=changes, classes=classes, images=images, task=task, method=params.method,
        min_confidence=params.min_confidence, merge_geometry=params.geometry == "merged",
    )  # fmt: skip
    found = outcome.find_outcome(placed, context, listed=chosen.compared)
    conflicts = _conflicts(chosen, placed, found.listed, context)
    labels = _with_conflicts(found.labels, found.listed.labels.loc[conflicts.contested, "object"])
    annotation_roles = _annotation_roles(annotations, counted_for, aside, dropped, found.standing)
    queue = relabel.relabel_queue(
        annotations, annotation_roles=annotation_roles, labels=labels, images=images, duplicates=chosen.duplicates,
        effects=effects, changes=changes, task=task,
    )  # fmt: skip
    lost = find_lost_objects(
        annotations, annotation_roles, counted_for, rules=broken, labels=labels, relabel=queue, images=images, task=task
    )
    work = relabel.relabel_work(queue, annotations)
    return Tables(
        labels=labels,
        annotation_roles=annotation_roles,
        votes=found.votes,
        duplicates=chosen.duplicates,
        duplicate_conflicts=conflicts.rows,
        relabel=queue,
        lost_objects=lost,
        metrics=_metrics(labels, found, work, lost, chosen.duplicates, conflicts.rows) | _other_methods(found, context),
    )


def _as_of_today(annotations: pd.DataFrame, effects: ChangeEffects, changes: Changes) -> pd.DataFrame:
    """Return the annotations with today's name of their class, a code of `effects` and their epoch."""
    epoch = relabel_epochs(annotations["guideline_version"], changes)
    return annotations.assign(label=effects.labels().astype("category"), meaning=effects.code, epoch=epoch)


def _counted_for(image: pd.Series, equal_pixels: pd.Series) -> pd.Series:
    """Return the image that each annotation is counted for, as categories; null where its image cannot be used."""
    image = image.astype("category")
    codes, names = pd.factorize(equal_pixels.reindex(image.cat.categories))
    of_image = np.append(codes, -1)  # an annotation of no image has the code -1
    return pd.Series(pd.Categorical.from_codes(of_image[image.cat.codes], names), index=image.index)


def _conflicts(chosen: Representatives, placed: Placed, pooled: Consensus, context: Context) -> DuplicateConflicts:
    """Return where duplicates are labelled differently; files of equal pixels are compared each by itself."""
    if chosen.duplicates.empty:
        return duplicate_conflicts.no_conflicts(pooled)
    pooled_files = duplicate_conflicts.pooled_images(chosen.equal_pixels)
    on_own_file, counts = placed.shown_on(pooled_files)
    by_file = find_consensus(on_own_file, counts, context)
    # What the same annotator replaced by a newer answer on another of the files does not count on its own file either.
    replaced_elsewhere = _uncounted(pooled).difference(_uncounted(by_file))
    if len(replaced_elsewhere):
        on_own_file = on_own_file.drop(replaced_elsewhere, errors="ignore")
        by_file = find_consensus(on_own_file, counts[on_own_file.index], context)
    return duplicate_conflicts.find_conflicts(
        chosen.duplicates, pooled=pooled, by_file=by_file, pooled_files=pooled_files, images=context.images,
        task=context.task,
    )  # fmt: skip


def _with_conflicts(labels: pd.DataFrame, objects: pd.Series) -> pd.DataFrame:
    """Return the labels, those of the objects contested that are labelled differently on a duplicate."""
    contested = frames.is_in(labels["object"], objects)
    return labels.assign(
        status=labels["status"].mask(contested, CONTESTED),
        rule=labels["rule"].mask(contested & labels["rule"].isna(), duplicate_conflicts.RULE),
    )


def _uncounted(consensus: Consensus) -> pd.Index:
    """Return the annotations that no longer count."""
    annotations = consensus.annotations
    return annotations.index[annotations["superseded"] | annotations["lapsed"]]


def _annotation_roles(
    annotations: pd.DataFrame,
    counted_for: pd.Series,
    aside: pd.Series,
    dropped: pd.Series,
    standing: pd.DataFrame,
) -> pd.DataFrame:
    """Return table `annotation_roles`; `dropped`: which annotations a change of the guideline took away.

    What never counted was set aside by a rule, or is a model's, a skipped image, or on an image that cannot be decoded.
    """
    has_image = counted_for.notna()
    uncounted = np.where(aside, roles.SET_ASIDE, np.where(dropped & has_image, roles.OUTDATED, roles.NO_VOTE))
    role = pd.Series(pd.Categorical(uncounted, roles.ANNOTATION_ROLES), index=annotations.index)
    role[standing.index] = standing["role"]
    stands = pd.Series(False, index=annotations.index)
    stands[standing.index] = True
    return frames.frame("annotation_roles", {
        "annotation": annotations["annotation"],
        "image": counted_for.where(stands | dropped),
        "object": standing["object"].reindex(annotations.index),
        "role": role,
    }, {"image", "role"})  # fmt: skip


def _metrics(
    labels: pd.DataFrame,
    found: Outcome,
    work: relabel.RelabelWork,
    lost: pd.DataFrame,
    duplicates: pd.DataFrame,
    conflicts: pd.DataFrame,
) -> dict[str, Any]:
    text_agreement = labels["text_agreement"].dropna()
    return {
        "objects": len(labels),
        **_counts(labels["status"], LABEL_STATUSES),
        "agreement": float(labels["agreement"].mean()) if len(labels) else None,
        "text agreement": float(text_agreement.mean()) if len(text_agreement) else None,
        "accuracy of one annotator, estimated from agreement": found.accuracy,
        "relabel": {
            "objects": work.objects,
            "images": work.images,
            "seconds per label": work.seconds,
            "hours": work.hours,
        },
        "lost objects": len(lost),
        "duplicates left out": _counts(duplicates["kind"], ("exact", "near")),
        "duplicates whose labels conflict": _counts(conflicts["status"], (CONTESTED, ADJUDICATED)),
    }


def _counts(column: pd.Series, values: tuple[str, ...]) -> dict[str, int]:
    return {value: int((column == value).sum()) for value in values}


def _other_methods(found: Outcome, context: Context) -> dict[str, Any]:
    """Return the method in use, and how many labels each other one would change; of many objects, of a sample."""
    sampled = {"objects compared with other methods": len(found.elected)} if found.is_sample else {}
    # All methods give the only value that was voted for.
    disputed = bool(found.compared[["object", "value"]].drop_duplicates()["object"].duplicated().any())
    return {
        "method": context.method,
        "labels that another method would change": {
            method: _changes(found, context._replace(method=method)) if disputed else 0
            for method in get_args(Method)
            if method != context.method
        },
        **sampled,
    }


def _changes(found: Outcome, context: Context) -> int:
    """Return how many labels of the compared objects are others by the context's method."""
    estimates = estimates_of(found.compared, found.accuracy, context)
    label = elected_values(found.compared, estimates, context).set_index("object")["label"]
    return int((label != found.elected.reindex(label.index)).sum())


if __name__ == "__main__":
    run_stage(transform)
