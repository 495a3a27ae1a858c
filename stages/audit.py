"""Rank the labels that are probably wrong, by what people said and by what a model says that did not see them.

Reads: `labels` (one row per object), `ballots` (one row per object, annotator and value), `predictions` (one row per
model and object, unlabelled image, or object that a model alone sees), guidelines/classes.yaml.
Writes: `suspects` (one row per object under suspicion, or per object that seems to be missing).

A suspicion changes nothing: it is a proposal, which becomes a label when a review batch says so (`dataset fix`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.core.yaml_models import Written
from golgoru.guideline.classes import Classes
from golgoru.model import box_issues, confident_learning, external_predictions, label_posterior
from golgoru.shell import run
from golgoru.tables import frames

_BOX = ["x", "y", "width", "height"]


class Params(Written):
    """What is listed, and whose predictions count."""

    # The name under data/raw/predictions of a model that did not learn from these labels, or the built-in one.
    model: str = "built-in"
    # How improbable a label must be to be listed; contested ones always are.
    min_score: float = Field(0.1, ge=0, le=1)
    # Of a team's model, for what it sees and nobody drew.
    missing_confidence: float = Field(0.7, ge=0, le=1)


class Tables(NamedTuple):
    """What the stage writes."""

    label_issues: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    labels: pd.DataFrame, votes: pd.DataFrame, predictions: pd.DataFrame, classes: Classes, params: Params
) -> Tables:
    """Return the suspects, ranked. An object that a reviewer has settled is none. Raises UserError (unknown model)."""
    labels = labels.sort_values("object").reset_index(drop=True)
    chosen = external_predictions.rows_of_model(predictions, params.model, "audit")
    judged = _scored_labels(labels[labels["status"] != "adjudicated"].reset_index(drop=True), votes, chosen, classes)
    open_ = labels[labels["status"] != "adjudicated"]
    parts = [
        _class_issues(judged, votes, params),
        _text_issues(open_, params),
        box_issues.unusual_boxes(open_),
        box_issues.doubled_boxes(open_),
        box_issues.missing_objects(predictions, params.missing_confidence),
    ]
    found = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]
    suspects = _ranked_issues(found)
    several = votes[~votes["review"]].groupby("object")["annotator"].nunique().gt(1).any()
    why = None if several else "no object was labelled by two people, so how often they err cannot be told"
    why = why if len(classes.ids) > 1 else "of one class alone none can be wrong"
    return Tables(frames.frame("label_issues", suspects), _metrics(suspects, judged, labels, why))


def _scored_labels(
    labels: pd.DataFrame, ballots: pd.DataFrame, predictions: pd.DataFrame, classes: Classes
) -> pd.DataFrame:
    """Return the open labels, how improbable each is (score), what it rather is, and what the model says."""
    ids = classes.ids or [""]  # a repository begins without classes, and no label is one of them
    objects = pd.Index(labels["object"])
    code = pd.Index(ids).get_indexer(pd.Index(labels["label"]))
    labels, objects, code = labels[code >= 0], objects[code >= 0], code[code >= 0]
    voices = label_posterior.votes_and_model(objects, ballots, predictions, ids)
    probable = label_posterior.posterior(voices, label_posterior.confusion_probabilities(ballots, ids))
    rows, best = np.arange(len(labels)), probable.argmax(axis=1)
    able = np.asarray(~np.isnan(voices.model).any(axis=1))
    confident = np.zeros(len(labels), dtype=bool)
    confident[able] = confident_learning.label_issue_mask(code[able], voices.model[able])
    model = np.where(able[:, None], voices.model, -1.0)
    # One person alone, whom no model doubts, is not doubted.
    doubted = able | (voices.votes.sum(axis=1) > 1)
    names = np.array(ids, dtype=object)
    return labels.assign(
        score=np.where(doubted, (1 - probable[rows, code]).round(6), 0.0),
        rather=pd.Series(np.where(best != code, names[best], None), index=labels.index, dtype="str"),
        rather_by=probable[rows, best].round(4),
        predicted=pd.Series(np.where(able, names[model.argmax(axis=1)], None), index=labels.index, dtype="str"),
        predicted_by=model.max(axis=1),
        own_by=model[rows, code],
        confident=confident,
    )


def _class_issues(judged: pd.DataFrame, ballots: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the suspects by class."""
    listed = judged[(judged["status"] == "contested") | (judged["score"] >= params.min_score)]
    said = _votes_in_text(ballots[frames.is_in(ballots["object"], listed["object"])])
    reason = [_reason(said, row) for row in listed.to_dict("records")]
    likely = listed["rather"].notna() & (listed["rather_by"] >= 0.5)
    return listed.assign(
        suspect=listed["object"],
        kind="label",
        proposed=listed["rather"],
        proposal=np.where(likely, "relabel", "look"),
        reason=pd.Series(reason, index=listed.index, dtype="str"),
    )


def _text_issues(labels: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the suspects by transcription: people who read the same thing wrote something else."""
    apart = labels[1 - labels["text_agreement"] >= params.min_score]
    return apart.assign(
        suspect=apart["object"], kind="text", proposed=None, proposal="look",
        score=(1 - apart["text_agreement"]).round(6),
        reason=apart["text_agreement"].map("what people read is alike to {:.0%}".format).astype("str"),
    )  # fmt: skip


def _votes_in_text(ballots: pd.DataFrame) -> dict[str, str]:
    """Return per object what people said: `cat 2, dog 1, not seen 1`."""
    people = ballots[~ballots["review"]].assign(label=ballots["label"].fillna("not seen"))
    count = people.groupby(["object", "label"], as_index=False)["weight"].sum()
    rows = pd.DataFrame(count).sort_values(["object", "weight", "label"], ascending=[True, False, True])
    text: dict[str, list[str]] = {}
    for name, label, weight in zip(rows["object"], rows["label"], rows["weight"], strict=True):
        text.setdefault(name, []).append(f"{label} {weight:.3g}")
    return {name: ", ".join(parts) for name, parts in text.items()}


def _reason(said: dict[str, str], row: Mapping[Any, Any]) -> str:
    label, predicted = row["label"], row["predicted"]
    parts = [f"people said {said[row['object']]}"] if row["object"] in said else []
    if isinstance(predicted, str):
        own = "" if predicted == label else f", {label} {row['own_by']:.2f}"
        parts.append(f"the model says {predicted} {row['predicted_by']:.2f}{own}")
    if row["confident"]:
        parts.append("it is confident of another class")
    if row["status"] == "contested":
        parts.append(f"contested by {row['rule']}" if isinstance(row["rule"], str) else "contested")
    return "; ".join(parts)


def _ranked_issues(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per suspect, the most suspicious first; of several reasons the strongest, and all words."""
    ordered = found.sort_values(["score", "suspect", "kind"], ascending=[False, True, True])
    reasons = ordered.groupby("suspect", sort=False)["reason"].agg("; ".join)
    first = ordered.drop_duplicates("suspect").copy()
    first["reason"] = first["suspect"].map(reasons)
    return first.assign(rank=np.arange(1, len(first) + 1))


def _metrics(suspects: pd.DataFrame, judged: pd.DataFrame, labels: pd.DataFrame, why: str | None) -> dict[str, Any]:
    """Return how many suspects there are, and how many wrong labels to expect; None with the reason `why`."""
    first = suspects.head(round(len(labels) / 10))
    first = first[first["kind"] == "label"]
    expected = {
        "wrong labels to be expected": None if why else float(judged["score"].sum()),
        "of these among the first tenth": None if why else float(first["score"].sum()),
    }
    return {
        "objects": len(labels),
        "suspects": {kind: int(count) for kind, count in suspects["kind"].value_counts().sort_index().items()},
        "confident learning": int(judged["confident"].sum()),
        **expected,
        **({"why": why} if why else {}),
    }


if __name__ == "__main__":
    run(transform)
