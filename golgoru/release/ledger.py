"""The ledger: every raw image, annotation and reject, once, and its fate."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from golgoru.consensus import duplicate_conflicts as conflicts
from golgoru.consensus import majority, roles, transcriptions
from golgoru.consensus.status import is_contested
from golgoru.duplicates.withdrawn import withdrawn_images
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.validation.findings import set_aside_rows

WITHDRAWN_RULE, HELD_BACK_RULE, CAP_RULE = "WITHDRAWN-001", "SPLIT-002", "CAP-001"
IN_RELEASE = ("released", "reviewed empty")


class Fates(NamedTuple):
    """`images`: one row per image: fate, stage, rule, survivor, split. `objects`: ids of the released objects.

    `ignored`: those of them that are contested, and released with `ignore`.
    """

    images: pd.DataFrame
    objects: pd.Index
    ignored: pd.Index


class FateReason(NamedTuple):
    """The rows it applies to, the fate it gives, the stage that decided, and the rule, where one did."""

    where: Any
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
    withdrawals: Sequence[Withdrawal],
    release_contested: bool,
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
            release_contested=release_contested,
        ),
    ]
    table = _first_reason(table, reasons, FateReason(True, "unlabelled", "consolidate"))
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
    release_contested: bool,
) -> list[FateReason]:
    """Return why images without another reason are released or not: their labels, and what annotators say of them."""
    answers = annotation_roles.merge(annotations[["annotation", "annotator", "source", "kind"]], on="annotation")
    not_renewed = _outdated_and_not_renewed(answers, relabel)
    to_release = labels if release_contested else labels[~is_contested(labels["status"])]
    has_label = frames.is_in(images, to_release["image"])
    # The annotations of a duplicate that is left out disagree with those of the image, and no reviewer has decided.
    open_conflicts = duplicate_conflicts[is_contested(duplicate_conflicts["status"])]
    in_conflict = frames.is_in(images, open_conflicts["duplicate_of"])
    empty = frames.is_in(images, _reviewed_empty(answers, labels, not_renewed))
    undecided = empty | frames.is_in(images, _without_consensus(labels, annotation_roles, not_renewed))
    by_votes, by_texts = (
        frames.is_in(images, labels.loc[labels["rule"] == rule, "image"])
        for rule in (majority.RULE, transcriptions.RULE)
    )
    return [
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
    shown = labels[frames.is_in(labels["image"], table.index[table["fate"] == "released"])]
    ignored = is_contested(shown["status"]) & (not release_contested)
    return Fates(table, pd.Index(shown["object"]), pd.Index(shown.loc[ignored, "object"]))


def build_ledger(
    fates: Fates,
    *,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
) -> pd.DataFrame:
    """Return table `release/ledger`."""
    of_images = fates.images.reset_index().assign(kind="image")
    of_images["key"] = of_images["image"]
    of_annotations = _annotation_fates(
        fates, annotations=annotations, violations=violations, labels=labels, annotation_roles=annotation_roles
    ).assign(kind="annotation")
    of_rejects = pd.DataFrame({"kind": "reject", "key": rejects["reject"], "fate": "rejected", "stage": "ingest"})
    return frames.frame("release/ledger", pd.concat([of_images, of_annotations, of_rejects], ignore_index=True))


def _annotation_fates(
    fates: Fates,
    *,
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
) -> pd.DataFrame:
    """Return the fate of every annotation: its image's fate where that is not released, else by its role."""
    rows = annotations[["annotation", "image"]].merge(
        annotation_roles.rename(columns={"image": "counted_on"}), on="annotation"
    )
    broken_rule = rows["annotation"].map(set_aside_rows(violations, "annotations"))
    # The image that an annotation was counted on decides; one that was not counted follows its own image.
    image = fates.images.reindex(rows["counted_on"].fillna(rows["image"])).set_axis(rows.index)
    label = labels.set_index("object")
    status, contested_by = rows["object"].map(label["status"]), rows["object"].map(label["rule"])
    follows_image = image["fate"].isin(["withdrawn", "set aside", "duplicate", "capped"])
    released = frames.is_in(rows["object"], fates.objects)
    ignored = frames.is_in(rows["object"], fates.ignored)
    role, supports = rows["role"], roles.supports_label(rows["role"])
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
    ]
    result = pd.DataFrame({"key": rows["annotation"], "image": rows["image"]})
    rule_of_image = image["rule"].where(image["fate"] == "contested", majority.RULE)
    result = _first_reason(result, reasons, FateReason(True, "contested", "consolidate", rule_of_image))
    result["survivor"] = image["survivor"].where(result["fate"] == "duplicate")
    result["split"] = image["split"].where(result["fate"].isin(IN_RELEASE))
    return result


def _first_reason(rows: pd.DataFrame, reasons: Sequence[FateReason], otherwise: FateReason) -> pd.DataFrame:
    """Return the rows with fate, stage and rule of the first reason that applies."""
    decided = {
        name: pd.Series(getattr(otherwise, name), index=rows.index, dtype=object) for name in ("fate", "stage", "rule")
    }
    for reason in reversed(reasons):
        for name, column in decided.items():
            decided[name] = column.mask(pd.Series(reason.where, index=rows.index), getattr(reason, name))
    return rows.assign(**decided)


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
    overruled = images[(role == roles.OVERRULED) & ~frames.is_in(images, removed)]
    empty = images[(role == roles.EMPTY) & frames.is_in(images, not_renewed["image"])]
    undecided: pd.Series = pd.concat([labels["image"], overruled, empty])
    return undecided
