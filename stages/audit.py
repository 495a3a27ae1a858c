"""Rank the labels that are probably wrong, given the votes and the predictions of a model not trained on them.

Reads: `labels` (one row per object), `votes` (one row per object, annotator and value), `predictions` (one row per
model and object, unlabelled image, or object that only a model finds), guidelines/classes.yaml.
Writes: `label_issues` (one row per object whose label is probably wrong, or that seems to be missing).

An issue changes nothing: it is a proposal, which becomes a label when a review batch says so (`dataset fix`).
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.consensus import status
from golgoru.core.yaml_models import ConfigModel
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.model import box_issues, chosen_model, label_posterior, label_scores
from golgoru.model.box_issues import ISSUE_COLUMNS
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns

# Of several issues of an object with equal scores the first counts; reasons are given in this order.
_KINDS = ("doubled", "class", "missing", "geometry", "text")
# What is asked of a label and of a prediction, and what the reason of an issue is made of.
_OF_LABEL = columns(
    "object", *BOX_COLUMNS, "text_agreement", "votes", coded=("image", "label", "status", "rule")
)  # fmt: skip
_OF_PREDICTION = columns(
    "prediction", "object", *BOX_COLUMNS, "confidence", "probabilities", "class_learned",
    coded=("model", "image", "predicted"),
)  # fmt: skip
_IN_REASON = (
    "label", "label_probability", "predicted", "predicted_probability", "confident", "status", "rule",
)  # fmt: skip
_RELABEL_FROM = 0.5  # the probability of another class from which it is proposed
_NO_DOUBLES = "no object has two annotators, so the number of wrong labels cannot be estimated"
_ONE_CLASS = "with a single class no label can be wrong"


class Params(ConfigModel):
    """What is listed, and whose predictions count."""

    # The name under data/raw/predictions of a model that was not trained on these labels, or the built-in one.
    model: str = "built-in"
    # How probably wrong a label must be to be listed; contested labels always are.
    min_score: float = Field(0.1, ge=0, le=1)
    # How confident a team's model must be for an object that nobody drew to be listed as missing.
    missing_confidence: float = Field(0.7, ge=0, le=1)


class Tables(NamedTuple):
    """What the stage writes."""

    label_issues: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    labels: Annotated[pd.DataFrame, _OF_LABEL],
    votes: Annotated[pd.DataFrame, columns("object", "review", "weight", coded=("annotator", "label"))],
    predictions: Annotated[pd.DataFrame, _OF_PREDICTION],
    classes: Classes,
    params: Params,
) -> Tables:
    """Return the label issues, ranked. Objects that a reviewer decided are none. Raises UserError (unknown model)."""
    of_model = chosen_model.rows_of_model(predictions, params.model, "audit")
    open_ = labels[~status.is_adjudicated(labels["status"])]
    # A new repository has no classes, and no label is one of them.
    evidence = label_posterior.gather_evidence(votes=votes, predictions=of_model, classes=classes.ids or [""])
    scored = label_scores.scored_labels(open_, evidence)
    class_issues = _class_issues(scored, votes, params)
    doubts = scored[["score", "confident"]]
    del scored, evidence, of_model
    parts = [
        class_issues,
        _text_issues(open_, params),
        box_issues.unusual_boxes(open_),
        box_issues.doubled_boxes(open_),
        box_issues.missing_objects(predictions, params.missing_confidence),
    ]
    issues = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]
    label_issues = _ranked_issues(issues)
    several = label_posterior.of_several_annotators(votes.loc[~votes["review"], ["object", "annotator"]])
    reason = None if len(several) else _NO_DOUBLES
    reason = reason if len(classes.ids) > 1 else _ONE_CLASS
    metrics = _metrics(label_issues=label_issues, doubts=doubts, objects=len(labels), reason=reason)
    return Tables(label_issues=frames.frame("label_issues", label_issues), metrics=metrics)


def _class_issues(scored: pd.DataFrame, votes: pd.DataFrame, params: Params) -> pd.DataFrame:
    listed = frames.as_texts(scored[status.is_contested(scored["status"]) | (scored["score"] >= params.min_score)])
    of_listed = votes.loc[frames.is_in(votes["object"], listed["object"]), ["object", "review", "label", "weight"]]
    of_listed = frames.as_texts(of_listed)
    vote_text = listed["object"].map(_votes_in_text(of_listed))
    reason = [_reason(*row) for row in zip(vote_text, *(listed[name] for name in _IN_REASON), strict=True)]
    relabel = listed["likely"].notna() & (listed["likely_probability"] >= _RELABEL_FROM)
    return listed.assign(
        issue=listed["object"],
        kind="class",
        proposed=listed["likely"],
        proposal=np.where(relabel, "relabel", "review"),
        reason=pd.Series(reason, index=listed.index, dtype="str"),
    )[ISSUE_COLUMNS]


def _text_issues(labels: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the objects whose transcriptions differ."""
    differing = frames.as_texts(labels[1 - labels["text_agreement"] >= params.min_score])
    return differing.assign(
        issue=differing["object"], kind="text", proposed=None, proposal="review",
        score=(1 - differing["text_agreement"]).round(6),
        reason=differing["text_agreement"].map("the transcriptions agree to {:.0%}".format).astype("str"),
    )[ISSUE_COLUMNS]  # fmt: skip


def _votes_in_text(votes: pd.DataFrame) -> dict[str, str]:
    """Return the votes per object: `cat × 2, dog × 1, no object × 1`."""
    of_annotators = votes[~votes["review"]].assign(label=votes["label"].fillna("no object"))
    count = of_annotators.groupby(["object", "label"], as_index=False)["weight"].sum()
    rows = pd.DataFrame(count).sort_values(["object", "weight", "label"], ascending=[True, False, True])
    text: dict[str, list[str]] = {}
    for name, label, weight in zip(rows["object"], rows["label"], rows["weight"], strict=True):
        text.setdefault(name, []).append(f"{label} × {weight:.3g}")
    return {name: ", ".join(parts) for name, parts in text.items()}


def _reason(
    vote_text: object,
    label: str,
    label_probability: float,
    predicted: object,
    predicted_probability: float,
    confident: bool,
    label_status: str,
    rule: object,
) -> str:
    """Return why a label is listed; `vote_text`, `predicted` and `rule` are no text where there is none."""
    parts = [f"votes: {vote_text}"] if isinstance(vote_text, str) else []
    if isinstance(predicted, str):
        of_label = "" if predicted == label else f", {label} {label_probability:.2f}"
        parts.append(f"model: {predicted} {predicted_probability:.2f}{of_label}")
    if confident:
        parts.append("confident learning flags the label")
    if label_status == status.CONTESTED:
        parts.append(f"contested by {rule}" if isinstance(rule, str) else "contested")
    return "; ".join(parts)


def _ranked_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Return one row per issue, the highest score first; of several kinds the strongest, with the reasons of all."""
    order = issues["kind"].map(_KINDS.index)
    ordered = issues.assign(order=order).sort_values(["score", "issue", "order"], ascending=[False, True, True])
    several = ordered[ordered["issue"].duplicated(keep=False)]
    reasons = several.groupby("issue", sort=False)["reason"].agg("; ".join)
    first = ordered.drop_duplicates("issue").drop(columns="order")
    reason = first["issue"].map(reasons).astype("str").fillna(first["reason"])
    return first.assign(reason=reason, rank=np.arange(1, len(first) + 1))


def _metrics(*, label_issues: pd.DataFrame, doubts: pd.DataFrame, objects: int, reason: str | None) -> dict[str, Any]:
    """Return how many issues there are, and the expected number of wrong labels; None with the `reason` why."""
    first_tenth = label_issues.head(round(objects / 10))
    first_tenth = first_tenth[first_tenth["kind"] == "class"]
    kinds = label_issues["kind"].value_counts().sort_index()
    return {
        "objects": objects,
        "label issues": {kind: int(count) for kind, count in kinds.items()},
        "confident learning": int(doubts["confident"].sum()),
        "expected wrong labels": None if reason else float(doubts["score"].sum()),
        "expected wrong labels in the first tenth": None if reason else float(first_tenth["score"].sum()),
        **({"why": reason} if reason else {}),
    }


if __name__ == "__main__":
    run_stage(transform)
