"""Bring the words of several annotators to one label per object, and choose which of several copies stays.

Reads: `annotations` (one row per word), `violations` (one row per broken rule and row), `pairs` (one row per pair of
copies), `images` and `sources` (one row per image), guidelines/classes.yaml.
Writes: `labels` (one row per object), `votes` (one row per annotation: what became of its word), `annotators` (one row
per annotator), `copies` (one row per image left out for another).

Enforces VOTE-001 (a label needs more than half of the votes, or a reviewer), COPY-001 and COPY-002 (one image of a
group of copies is released). Votes on equal pixels are pooled. A model's word is never a vote.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from stages.lib import election, frames, survivors, voices
from stages.lib.annotator_quality import annotators
from stages.lib.findings import set_aside
from stages.lib.matching import iou
from stages.lib.project import Classes, Task
from stages.lib.shell import run
from stages.lib.table_columns import GEOMETRY
from stages.lib.yaml_file import Written

_SHAPE = [column.name for column in GEOMETRY]


class Params(Written):
    """How far below the others an annotator's agreement may lie before it is flagged."""

    # A difference of under five points is small beside what differs between the pictures that people were given.
    flag_gap: float = Field(0.05, ge=0, le=1)


class Tables(NamedTuple):
    labels: pd.DataFrame
    votes: pd.DataFrame
    annotators: pd.DataFrame
    copies: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    annotations: pd.DataFrame,
    violations: pd.DataFrame,
    pairs: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    classes: Classes,
    task: Task,
    params: Params,
) -> Tables:
    """Return labels, what became of every word, the annotators, and the copies."""
    unusable = set_aside(violations, "images").index
    aside = annotations["annotation"].isin(set_aside(violations, "annotations").index)
    usable = annotations[~aside & ~annotations["image"].isin(unusable)]
    chosen = survivors.choose(images, sources, pairs, unusable, pd.Index(usable["image"].unique()))
    usable = usable.assign(image=usable["image"].map(chosen.stands_for).astype("str"))
    counting = usable[(usable["source"] != "model") & (usable["kind"] != "skipped") & usable["image"].notna()]
    words = voices.current_words(counting, task)
    votes = voices.votes(words, task)
    accuracy = election.accuracy(votes, len(classes.ids))
    elected = election.elect(votes, classes.ids, accuracy)
    labels = _labels(words, elected, images, classes, task)
    roles = _roles(annotations, usable, words, elected, labels, task)
    return Tables(
        labels,
        roles,
        annotators(annotations, votes, params.flag_gap),
        chosen.copies,
        _metrics(labels, chosen.copies, accuracy),
    )


def _labels(
    words: pd.DataFrame, elected: pd.DataFrame, images: pd.DataFrame, classes: Classes, task: Task
) -> pd.DataFrame:
    """Return `labels`: the elected ones, each with the shape of the word that speaks for it."""
    won = elected[elected["label"] != voices.ABSENT]
    saying = words[~words["superseded"] & (words["kind"] == "object")].merge(
        won[["object", "label", "reviewed"]].rename(columns={"label": "won"}), on="object"
    )
    saying = saying[(saying["label"] == saying["won"]) & ((saying["source"] == "review") == saying["reviewed"])]
    spoken = saying.loc[_representatives(saying)].set_index("object").reindex(won["object"])
    oldest = saying.sort_values("guideline_version", key=_version_order, kind="stable").drop_duplicates("object")
    rows = won.set_index("object").assign(
        image=spoken["image"],
        **{column: spoken[column] for column in _SHAPE},
        ignore=won["label"].isin([c.id for c in classes.classes if c.ignore]).to_numpy(),
        source=saying.groupby("object")["source"].min(),  # "human" comes before "import"
        guideline_version=oldest.set_index("object")["guideline_version"],
    )
    rows = rows.reset_index()
    if task == "classification":
        rows["object"] = rows["image"].map(images.set_index("image")["content"])
    return frames.frame("labels", rows.drop(columns="reviewed"))


def _representatives(saying: pd.DataFrame) -> pd.Index:
    """Return, per object, the word that overlaps most with the others that say the same; ties by annotation."""
    ordered = saying.sort_values("annotation")
    overlap = pd.Series(0.0, index=ordered.index)
    drawn = ordered[ordered["x"].notna()]
    # A loop over objects that three or more drew: of two, each overlaps with the other alike.
    for _, group in drawn[drawn.groupby("object")["annotation"].transform("size") > 2].groupby("object", sort=False):
        overlap[group.index] = iou(group).sum(axis=1).round(9)
    best = ordered.assign(overlap=-overlap).sort_values(["object", "overlap", "annotation"])
    return best.drop_duplicates("object").index


def _roles(
    annotations: pd.DataFrame,
    usable: pd.DataFrame,
    words: pd.DataFrame,
    elected: pd.DataFrame,
    labels: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Return `votes`: what became of every word."""
    joined = words.merge(
        elected[["object", "label", "reviewed"]].rename(columns={"label": "won"}), on="object", how="left"
    )
    agrees = joined["value"] == joined["won"]
    settled = agrees & (joined["source"] == "review") & joined["reviewed"].fillna(value=False).astype(bool)
    labelled = joined["image"].isin(labels["image"])
    conditions = {
        "superseded": joined["superseded"],
        "no vote": joined["kind"] == "unsure",
        "empty": (joined["kind"] == "empty") & ~labelled,
        "adjudicated": settled,
        "voted": agrees,
    }
    joined["role"] = np.select(list(conditions.values()), list(conditions), default="overruled")
    known = joined.set_index("annotation")
    role = annotations["annotation"].map(known["role"])
    # What never counted: a model's word, a skipped picture; and what a rule set aside.
    role = role.mask(role.isna() & annotations["annotation"].isin(usable["annotation"]), "no vote").fillna("set aside")
    names = known["object"].map(labels.set_index("image")["object"]) if task == "classification" else known["object"]
    return frames.frame("votes", {
        "annotation": annotations["annotation"],
        "image": annotations["annotation"].map(known["image"]),
        "object": annotations["annotation"].map(names),
        "role": role,
    })  # fmt: skip


def _version_order(versions: pd.Series) -> pd.Series:
    """Return a key that sorts 1.9 before 1.10."""
    return versions.str.replace(r"\d+", lambda number: number[0].zfill(9), regex=True)


def _metrics(labels: pd.DataFrame, copies: pd.DataFrame, accuracy: float | None) -> dict[str, Any]:
    return {
        "objects": len(labels),
        **{status: int((labels["status"] == status).sum()) for status in ("agreed", "adjudicated", "contested")},
        "agreement": float(labels["agreement"].mean()) if len(labels) else None,
        "accuracy of one annotator, estimated from agreement": accuracy,
        "copies left out": {kind: int((copies["kind"] == kind).sum()) for kind in ("exact", "near")},
    }


if __name__ == "__main__":
    run(transform)
