"""The ledger: every raw image, annotation and reject, once, and where it went."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from golgoru.consensus.duplicate_conflicts import RULE as COPIES_DISAGREE_RULE
from golgoru.consensus.transcriptions import RULE as TEXTS_DISAGREE_RULE
from golgoru.duplicates.withdrawn import withdrawn_images
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames
from golgoru.validation.findings import set_aside_rows

WITHDRAWN_RULE, HELD_RULE, CAP_RULE, VOTE_RULE = "WITHDRAWN-001", "SPLIT-002", "CAP-001", "VOTE-001"
IN_RELEASE = ("released", "reviewed empty")


class Fates(NamedTuple):
    """`images`: one row per image: fate, stage, rule, survivor, split. `objects`: ids of the released objects.

    `ignored`: those of them that are contested, and released for training to pass over.
    """

    images: pd.DataFrame
    objects: pd.Index
    ignored: pd.Index


class FateReason(NamedTuple):
    """Where it applies, the fate that it gives, the stage that decided, and the rule, where one did."""

    where: Any
    fate: "str | pd.Series"
    stage: "str | pd.Series"
    rule: "str | pd.Series | None" = None


def image_fates(
    images: pd.DataFrame,
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    pairs: pd.DataFrame,
    copies: pd.DataFrame,
    disagreements: pd.DataFrame,
    labels: pd.DataFrame,
    votes: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
    relabel: pd.DataFrame,
    withdrawals: Sequence[Withdrawal],
    release_contested: bool,
) -> Fates:
    """Say of each image where it goes; the first reason that applies is the one that is given."""
    table = pd.DataFrame(index=pd.Index(images["image"], name="image"))
    copy = copies.set_index("image").reindex(table.index)
    aside = set_aside_rows(violations, "images").reindex(table.index)
    agreed = labels if release_contested else labels[labels["status"] != "contested"]
    words = votes.merge(annotations[["annotation", "annotator", "source", "kind"]], on="annotation")
    waiting = _outdated_and_not_renewed(words, relabel)
    # Of these a copy that is left out says otherwise, and no reviewer has settled it.
    in_doubt = frames.is_in(table.index, disagreements.loc[disagreements["status"] == "contested", "duplicate_of"])
    empty = frames.is_in(table.index, _reviewed_empty(words, labels, waiting))
    undecided = empty | frames.is_in(table.index, _without_consensus(labels, votes, waiting))
    by_votes, by_texts = (
        frames.is_in(table.index, labels.loc[labels["rule"] == rule, "image"])
        for rule in (VOTE_RULE, TEXTS_DISAGREE_RULE)
    )
    unkept = weights.loc[~weights["keep"], "image"]
    taken_back = frames.is_in(table.index, withdrawn_images(images, pairs, withdrawals))
    reasons = [
        FateReason(taken_back, "withdrawn", "release", WITHDRAWN_RULE),
        FateReason(aside.notna(), "set aside", "validate", aside),
        FateReason(images["error"].notna().to_numpy(), "set aside", "fingerprint"),
        FateReason(copy["duplicate_of"].notna(), "copy", "consolidate", copy["rule"]),
        FateReason(frames.is_in(table.index, splits.loc[splits["held"], "image"]), "set aside", "split", HELD_RULE),
        FateReason(frames.is_in(table.index, unkept), "capped", "rebalance", CAP_RULE),
        FateReason(frames.is_in(table.index, agreed["image"]), "released", "release"),
        FateReason(empty & (release_contested | ~in_doubt), "reviewed empty", "release"),
        FateReason(undecided & by_texts & ~by_votes, "contested", "consolidate", TEXTS_DISAGREE_RULE),
        FateReason(undecided & in_doubt & ~by_votes, "contested", "consolidate", COPIES_DISAGREE_RULE),
        FateReason(undecided, "contested", "consolidate", VOTE_RULE),
    ]
    table = _first_reason(table, reasons, FateReason(True, "unlabelled", "consolidate"))
    table["survivor"] = copy["duplicate_of"].where(table["fate"] == "copy")
    split = splits.set_index("image")["split"].reindex(table.index)
    table["split"] = split.where(table["fate"].isin(IN_RELEASE))
    return _with_released_objects(table, labels, release_contested)


def _with_released_objects(table: pd.DataFrame, labels: pd.DataFrame, release_contested: bool) -> Fates:
    """Return the fates of images (`table`) with the objects that are released, and those of them that are ignored.

    A released picture shows its contested objects too: left out, they would be background, and a wrong label.
    """
    shown = labels[frames.is_in(labels["image"], table.index[table["fate"] == "released"])]
    undecided = shown["status"] == "contested" if not release_contested else pd.Series(data=False, index=shown.index)
    return Fates(table, pd.Index(shown["object"]), pd.Index(shown.loc[undecided, "object"]))


def build_ledger(
    fates: Fates,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    votes: pd.DataFrame,
) -> pd.DataFrame:
    """Return table `release/ledger`."""
    images = fates.images.reset_index().assign(kind="image")
    images["key"] = images["image"]
    words = _annotation_fates(fates, annotations, violations, labels, votes).assign(kind="annotation")
    unread = pd.DataFrame({"kind": "reject", "key": rejects["reject"], "fate": "rejected", "stage": "ingest"})
    return frames.frame("release/ledger", pd.concat([images, words, unread], ignore_index=True))


def _annotation_fates(
    fates: Fates, annotations: pd.DataFrame, violations: pd.DataFrame, labels: pd.DataFrame, votes: pd.DataFrame
) -> pd.DataFrame:
    """Say of each annotation where it went: with its image where that is not released, else by its role."""
    words = annotations[["annotation", "image"]].merge(votes.rename(columns={"image": "counted"}), on="annotation")
    own = words["annotation"].map(set_aside_rows(violations, "annotations"))
    # The image that it was counted for has the say; a word that was not counted follows its own image.
    image = fates.images.reindex(words["counted"].fillna(words["image"])).set_axis(words.index)
    by_object = labels.set_index("object")
    status = words["object"].map(by_object["status"])
    contested_by = words["object"].map(by_object["rule"])
    with_image = image["fate"].isin(["withdrawn", "set aside", "copy", "capped"])
    released = frames.is_in(words["object"], fates.objects)
    ignored = frames.is_in(words["object"], fates.ignored)
    stands = words["role"].isin(["voted", "adjudicated"])
    reasons = [
        FateReason(image["fate"] == "withdrawn", image["fate"], image["stage"], image["rule"]),
        FateReason(own.notna(), "set aside", "validate", own),
        FateReason(with_image, image["fate"], image["stage"], image["rule"]),
        FateReason(words["role"] == "set aside", "set aside", "validate"),
        FateReason(words["role"] == "superseded", "superseded", "consolidate"),
        FateReason(words["role"] == "outdated", "outdated", "consolidate"),
        FateReason(words["role"] == "no vote", "no vote", "consolidate"),
        FateReason((words["role"] == "empty") & (image["fate"] == "reviewed empty"), "reviewed empty", "release"),
        FateReason((status == "contested") & (~released | ignored), "contested", "consolidate", contested_by),
        FateReason(words["role"] == "overruled", "outvoted", "consolidate"),
        FateReason(stands & released, "released", "release"),
        FateReason(stands & status.isna(), "removed", "consolidate"),
    ]
    result = pd.DataFrame({"key": words["annotation"], "image": words["image"]})
    with_picture = image["rule"].where(image["fate"] == "contested", VOTE_RULE)
    result = _first_reason(result, reasons, FateReason(True, "contested", "consolidate", with_picture))
    result["survivor"] = image["survivor"].where(result["fate"] == "copy")
    result["split"] = image["split"].where(result["fate"].isin(IN_RELEASE))
    return result


def _first_reason(rows: pd.DataFrame, reasons: Sequence[FateReason], otherwise: FateReason) -> pd.DataFrame:
    """Return the rows with fate, stage and rule: of several reasons that apply, the first one's."""
    decided = {
        name: pd.Series(getattr(otherwise, name), index=rows.index, dtype=object) for name in ("fate", "stage", "rule")
    }
    for reason in reversed(reasons):
        for name, column in decided.items():
            decided[name] = column.mask(pd.Series(reason.where, index=rows.index), getattr(reason, name))
    return rows.assign(**decided)


def _outdated_and_not_renewed(words: pd.DataFrame, relabel: pd.DataFrame) -> pd.DataFrame:
    """Return the outdated words that saw something, where nobody has said anything newer: it may still be there."""
    outdated = words[(words["role"] == "outdated") & (words["kind"] != "empty")]
    return outdated[frames.is_in(outdated["image"], relabel["image"])]


def _reviewed_empty(words: pd.DataFrame, labels: pd.DataFrame, waiting: pd.DataFrame) -> pd.Series:
    """Return the pictures without a label of which people say that they hold nothing.

    That is: a reviewer, more than half of those who looked, or the removal of everything that was drawn. Who saw what
    a change of the guideline did away with (`waiting`) looked and did not find the picture empty.
    """
    words = words[words["image"].notna() & ~frames.is_in(words["image"], labels["image"])]
    empty = words[words["role"] == "empty"]
    removed = words[words["role"].isin(["voted", "adjudicated"]) & words["object"].notna()]
    # Each of three boxes may be outvoted by the two others: nothing is agreed there, and nothing is empty.
    seen = words[(words["role"] == "overruled") & ~frames.is_in(words["object"], removed["object"])]
    voices = pd.concat([empty, seen, waiting]).groupby("image")["annotator"].nunique()
    saying = empty.groupby("image")["annotator"].nunique()
    by_most = saying.index[2 * saying > voices.reindex(saying.index)]
    by_reviewer = empty.loc[empty["source"] == "review", "image"]
    by_removal = removed.loc[~frames.is_in(removed["image"], pd.concat([seen, waiting])["image"]), "image"]
    found: pd.Series = pd.concat([by_most.to_series(), by_reviewer, by_removal])
    return found


def _without_consensus(labels: pd.DataFrame, votes: pd.DataFrame, waiting: pd.DataFrame) -> pd.Series:
    """Return the pictures of which people said different things; what a reviewer took the label from is not one."""
    taken = votes[(votes["role"] == "adjudicated") & votes["object"].isna()]
    overruled = votes[(votes["role"] == "overruled") & ~frames.is_in(votes["image"], taken["image"])]
    empty = votes[(votes["role"] == "empty") & frames.is_in(votes["image"], waiting["image"])]
    undecided: pd.Series = pd.concat([labels["image"], overruled["image"], empty["image"]])
    return undecided
