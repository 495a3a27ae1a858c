"""The ledger: every raw image, annotation and reject, once, and its fate."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.consensus import duplicate_conflicts as conflicts
from golgoru.consensus import majority, roles, transcriptions
from golgoru.consensus.status import is_contested
from golgoru.core.arrays import Flags, Integers
from golgoru.duplicates.withdrawn import withdrawn_images
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import coded, frames
from golgoru.tables.parts import Parts
from golgoru.validation.findings import set_aside_rows

WITHDRAWN_RULE, HELD_BACK_RULE, CAP_RULE = "WITHDRAWN-001", "SPLIT-002", "CAP-001"
IN_RELEASE = ("released", "reviewed empty")
_CODED = ("kind", "image", "fate", "stage", "rule", "survivor", "split")


class Fates(NamedTuple):
    """`images`: one row per image: fate, stage, rule, survivor, split. `released`: which of the labels are released.

    `ignored`: which of them are contested, and released with `ignore`.
    """

    images: pd.DataFrame
    released: Flags
    ignored: Flags


class FateReason(NamedTuple):
    """The rows it applies to, the fate it gives, the stage that decided, and the rule, where one did."""

    where: "pd.Series | Flags"
    fate: "str | pd.Series"
    stage: "str | pd.Series"
    rule: "str | pd.Series | None" = None


def image_fates(
    *,
    images: pd.DataFrame,
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    duplicate_conflicts: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
    relabel: pd.DataFrame,
    lost_objects: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
    release_contested: bool,
    withhold_incomplete: bool,
) -> Fates:
    """Return the fate of every image: the first reason that applies decides."""
    table = pd.DataFrame(index=pd.Index(images["image"], name="image"))
    is_withdrawn = frames.is_in(table.index, withdrawn_images(images, duplicate_pairs, withdrawals))
    broken_rule = set_aside_rows(violations, "images").reindex(table.index)
    unreadable = images["error"].notna().to_numpy()
    duplicate = duplicates.set_index("image").reindex(table.index)
    held_back = frames.is_in(table.index, splits.loc[splits["held_back"], "image"])
    capped = frames.is_in(table.index, weights.loc[~weights["keep"], "image"])
    reasons = [
        FateReason(is_withdrawn, "withdrawn", "release", WITHDRAWN_RULE),
        FateReason(broken_rule.notna(), "set aside", "validate", broken_rule),
        FateReason(unreadable, "set aside", "fingerprint"),
        FateReason(duplicate["duplicate_of"].notna(), "duplicate", "consolidate", duplicate["rule"]),
        FateReason(held_back, "set aside", "split", HELD_BACK_RULE),
        FateReason(capped, "capped", "rebalance", CAP_RULE),
        *_label_reasons(
            table.index,
            annotations=annotations,
            duplicate_conflicts=duplicate_conflicts,
            labels=labels,
            annotation_roles=annotation_roles,
            relabel=relabel,
            lost_objects=lost_objects,
            release_contested=release_contested,
            withhold_incomplete=withhold_incomplete,
        ),
    ]
    table = _first_reason(table.index, reasons, FateReason(_everywhere(table.index), "unlabelled", "consolidate"))
    table["survivor"] = duplicate["duplicate_of"].where(table["fate"] == "duplicate")
    split = splits.set_index("image")["split"].reindex(table.index)
    table["split"] = split.where(table["fate"].isin(IN_RELEASE))
    return _with_released_objects(table, labels, release_contested)


def _label_reasons(
    images: pd.Index,
    *,
    annotations: pd.DataFrame,
    duplicate_conflicts: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    relabel: pd.DataFrame,
    lost_objects: pd.DataFrame,
    release_contested: bool,
    withhold_incomplete: bool,
) -> list[FateReason]:
    """Return why images without another reason are released or not: their labels, and what annotators say of them."""
    # Of an image with labels it matters only who has annotated it under an older guideline: in most data, of few rows.
    matters = (annotation_roles["role"] == roles.OUTDATED) | ~coded.is_in(annotation_roles["image"], labels["image"])
    about = annotations.loc[matters.to_numpy(), ["annotator", "source", "kind"]]
    answers = frames.as_texts(pd.concat([annotation_roles[matters], about], axis=1))
    not_renewed = _outdated_and_not_renewed(answers, relabel)
    may_stand = release_contested | ~is_contested(labels["status"])
    has_label = frames.is_in(images, coded.distinct(labels.loc[may_stand, "image"]))
    # The annotations of a duplicate that is left out disagree with those of the image, and no reviewer has decided.
    open_conflicts = duplicate_conflicts[is_contested(duplicate_conflicts["status"])]
    in_conflict = frames.is_in(images, open_conflicts["duplicate_of"])
    empty = frames.is_in(images, _reviewed_empty(answers, labels, not_renewed))
    undecided = empty | frames.is_in(images, _without_consensus(labels, annotation_roles, not_renewed))
    by_votes, by_texts = (
        frames.is_in(images, coded.distinct(labels.loc[labels["rule"] == rule, "image"]))
        for rule in (majority.RULE, transcriptions.RULE)
    )
    lost = lost_objects.groupby("image")["rule"].min().reindex(images)  # of several rules the first
    lost_stage = lost.notna().map({True: "validate", False: "consolidate"})
    # What a change took away waits to be labelled again, and counts against `empty` above.
    loses = frames.is_in(images, lost_objects.loc[lost_objects["rule"].notna(), "image"])
    without_place = lost_objects.loc[withhold_incomplete | lost_objects["x"].isna(), "image"]
    incomplete = loses & ~has_label & (empty | ~undecided) | has_label & frames.is_in(images, without_place)
    return [
        FateReason(incomplete, "incomplete", lost_stage, lost),
        FateReason(has_label, "released", "release"),
        FateReason(empty & (release_contested | ~in_conflict), "reviewed empty", "release"),
        FateReason(undecided & by_texts & ~by_votes, "contested", "consolidate", transcriptions.RULE),
        FateReason(undecided & in_conflict & ~by_votes, "contested", "consolidate", conflicts.RULE),
        FateReason(undecided, "contested", "consolidate", majority.RULE),
    ]


def _with_released_objects(table: pd.DataFrame, labels: pd.DataFrame, release_contested: bool) -> Fates:
    """Return the fates of images (`table`) with the released objects, and those of them that are ignored.

    A released image keeps its contested objects: without them they would count as background, which is a wrong label.
    """
    released = coded.is_in(labels["image"], table.index[table["fate"] == "released"]).to_numpy()
    ignored = released & is_contested(labels["status"]).to_numpy() & (not release_contested)
    return Fates(table, released, ignored)


def build_ledger(
    fates: Fates,
    *,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    label_rows: Integers,
) -> pd.DataFrame:
    """Return table `release/ledger`.

    `annotation_roles` stand in the order of `annotations`; `label_rows`: the row of each one's object in `labels`, or
    -1.
    """
    of_annotations = _annotation_fates(
        fates, annotations=annotations, violations=violations, labels=labels, annotation_roles=annotation_roles,
        label_rows=label_rows,
    )  # fmt: skip
    of_images = fates.images.reset_index()
    of_images["key"] = of_images["image"]
    of_rejects = pd.DataFrame({"key": rejects["reject"], "fate": "rejected", "stage": "ingest"})
    ledger = Parts("release/ledger", _CODED)
    for kind, rows in (("annotation", of_annotations), ("image", of_images), ("reject", of_rejects)):
        of_kind = rows.assign(kind=coded.repeated(kind, rows.index))
        ledger.add(frames.frame("release/ledger", of_kind, {*_CODED}))
    return ledger.frame()


def _annotation_fates(
    fates: Fates,
    *,
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    label_rows: Integers,
) -> pd.DataFrame:
    """Return the fate of every annotation: its image's fate where that is not released, else by its role."""
    index = annotations.index
    rules = set_aside_rows(violations, "annotations")
    broken_rule = coded.take(rules, frames.positions(annotations["annotation"], rules.index.to_series()), index)
    image = _image_fates_of(fates, annotations=annotations, annotation_roles=annotation_roles)
    status, contested_by = (coded.take(labels[name], label_rows, index) for name in ("status", "rule"))
    follows_image = image["fate"].isin(["withdrawn", "set aside", "duplicate", "capped", "incomplete"])
    released, ignored = (coded.flags_at(flags, label_rows) for flags in (fates.released, fates.ignored))
    role = annotation_roles["role"]
    supports = roles.supports_label(role)
    reasons = [
        FateReason(image["fate"] == "withdrawn", image["fate"], image["stage"], image["rule"]),
        FateReason(broken_rule.notna(), "set aside", "validate", broken_rule),
        FateReason(follows_image, image["fate"], image["stage"], image["rule"]),
        FateReason(role == roles.SET_ASIDE, "set aside", "validate"),
        FateReason(role == roles.SUPERSEDED, "superseded", "consolidate"),
        FateReason(role == roles.OUTDATED, "outdated", "consolidate"),
        FateReason(role == roles.NO_VOTE, "no vote", "consolidate"),
        FateReason((role == roles.EMPTY) & (image["fate"] == "reviewed empty"), "reviewed empty", "release"),
        FateReason(is_contested(status) & (~released | ignored), "contested", "consolidate", contested_by),
        FateReason(role == roles.OVERRULED, "outvoted", "consolidate"),
        FateReason(supports & released, "released", "release"),
        FateReason(supports & status.isna(), "removed", "consolidate"),
        FateReason(image["fate"] == "contested", "contested", "consolidate", image["rule"]),
    ]
    result = _first_reason(index, reasons, FateReason(_everywhere(index), "contested", "consolidate", majority.RULE))
    return result.assign(
        key=annotations["annotation"],
        image=annotations["image"],
        survivor=image["survivor"].where(result["fate"] == "duplicate"),
        split=image["split"].where(result["fate"].isin(IN_RELEASE)),
    )


def _image_fates_of(fates: Fates, *, annotations: pd.DataFrame, annotation_roles: pd.DataFrame) -> pd.DataFrame:
    """Return the fate of each annotation's image: the one it was counted on; where it was not, its own."""
    images = fates.images.index.to_series()
    counted_on, own = (coded.positions(table["image"], images) for table in (annotation_roles, annotations))
    rows = np.where(counted_on >= 0, counted_on, own)
    return pd.DataFrame({name: coded.take(fates.images[name], rows, annotations.index) for name in fates.images})


def _everywhere(index: pd.Index) -> Flags:
    return np.ones(len(index), dtype=bool)


def _first_reason(index: pd.Index, reasons: Sequence[FateReason], otherwise: FateReason) -> pd.DataFrame:
    """Return fate, stage and rule of the first reason that applies to each row, as categories."""
    every = (*reasons, otherwise)
    first = np.full(len(index), len(reasons), dtype=np.int8)
    for number in reversed(range(len(reasons))):
        first[np.asarray(reasons[number].where, dtype=bool)] = number
    return pd.DataFrame({
        name: _given(first, [getattr(reason, name) for reason in every], index) for name in ("fate", "stage", "rule")
    })  # fmt: skip


def _given(first: NDArray[np.int8], values: Sequence["str | pd.Series | None"], index: pd.Index) -> pd.Series:
    """Return for each row the value, or its value among those, that its first reason gives."""
    given = [value.astype("category") if isinstance(value, pd.Series) else value for value in values]
    texts = [[value] if isinstance(value, str) else value.cat.categories for value in given if value is not None]
    dtype = pd.CategoricalDtype(pd.Index(sorted(set().union(*texts)), dtype="str"))
    codes = np.full(len(index), -1, dtype=np.int32)
    for number, value in enumerate(given):
        rows = first == number
        if isinstance(value, str):
            codes[rows] = [*dtype.categories].index(value)
        elif value is not None:
            codes[rows] = value[rows].cat.set_categories(dtype.categories).cat.codes
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=index)


def _outdated_and_not_renewed(answers: pd.DataFrame, relabel: pd.DataFrame) -> pd.DataFrame:
    """Return the outdated annotations of objects on images that nobody has labelled again: the objects may exist."""
    outdated = answers[(answers["role"] == roles.OUTDATED) & (answers["kind"] != "empty")]
    return outdated[frames.is_in(outdated["image"], relabel["image"])]


def _reviewed_empty(answers: pd.DataFrame, labels: pd.DataFrame, not_renewed: pd.DataFrame) -> pd.Series:
    """Return the images without a label that are empty by the annotations.

    An image is empty where a reviewer says so, where more than half of its annotators do, or where a review removed
    all its objects. An outdated annotation of an object (`not_renewed`) counts as an annotator who does not say so.
    """
    answers = answers[answers["image"].notna() & ~frames.is_in(answers["image"], labels["image"])]
    empty = answers[answers["role"] == roles.EMPTY]
    removed = answers[roles.supports_label(answers["role"]) & answers["object"].notna()]
    # Each of three boxes may be outvoted by the two others: then nothing is agreed, and the image is not empty.
    drawn = answers[(answers["role"] == roles.OVERRULED) & ~frames.is_in(answers["object"], removed["object"])]
    annotators = pd.concat([empty, drawn, not_renewed]).groupby("image")["annotator"].nunique()
    saying_empty = empty.groupby("image")["annotator"].nunique()
    by_majority = saying_empty.index[2 * saying_empty > annotators.reindex(saying_empty.index)]
    by_reviewer = empty.loc[empty["source"] == "review", "image"]
    by_removal = removed.loc[~frames.is_in(removed["image"], pd.concat([drawn, not_renewed])["image"]), "image"]
    images: pd.Series = pd.concat([by_majority.to_series(), by_reviewer, by_removal])
    return images


def _without_consensus(labels: pd.DataFrame, annotation_roles: pd.DataFrame, not_renewed: pd.DataFrame) -> pd.Series:
    """Return the images whose annotations disagree; an image from which a reviewer removed the label does not count."""
    role, images = annotation_roles["role"], annotation_roles["image"]
    removed = images[(role == roles.ADJUDICATED) & annotation_roles["object"].isna()]
    overruled = images[role == roles.OVERRULED]
    overruled = overruled[~coded.is_in(overruled, coded.distinct(removed))]
    empty = images[role == roles.EMPTY]
    empty = empty[coded.is_in(empty, not_renewed["image"])]
    undecided: pd.Series = pd.concat([coded.distinct(some) for some in (labels["image"], overruled, empty)])
    return undecided
