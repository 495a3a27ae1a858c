"""Rank the labels that are probably wrong, given the votes and the predictions of a model not trained on them.

Reads: `labels` (one row per object), `votes` (one row per object, annotator and value), `predictions` (one row per
model and object, unlabelled image, or object that only a model finds), guidelines/classes.yaml.
Writes: `label_issues` (one row per object whose label is probably wrong, or that seems to be missing).

An issue changes nothing: it is a proposal, which becomes a label when a review batch says so (`dataset fix`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.consensus import status
from golgoru.core.yaml_models import ConfigModel
from golgoru.guideline.classes import Classes
from golgoru.model import box_issues, chosen_model, confident_learning, label_posterior
from golgoru.shell import run_stage
from golgoru.tables import frames

# Of several issues of an object with equal scores the first counts; reasons are given in this order.
_KINDS = ("doubled", "class", "missing", "geometry", "text")
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
    labels: pd.DataFrame, votes: pd.DataFrame, predictions: pd.DataFrame, classes: Classes, params: Params
) -> Tables:
    """Return the label issues, ranked. Objects that a reviewer decided are none. Raises UserError (unknown model)."""
    labels = labels.sort_values("object").reset_index(drop=True)
    of_model = chosen_model.rows_of_model(predictions, params.model, "audit")
    open_ = labels[~status.is_adjudicated(labels["status"])]
    scored = _scored_labels(labels=open_.reset_index(drop=True), votes=votes, predictions=of_model, classes=classes)
    parts = [
        _class_issues(scored, votes, params),
        _text_issues(open_, params),
        box_issues.unusual_boxes(open_),
        box_issues.doubled_boxes(open_),
        box_issues.missing_objects(predictions, params.missing_confidence),
    ]
    issues = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]
    label_issues = _ranked_issues(issues)
    several = votes[~votes["review"]].groupby("object")["annotator"].nunique().gt(1).any()
    reason = None if several else _NO_DOUBLES
    reason = reason if len(classes.ids) > 1 else _ONE_CLASS
    metrics = _metrics(label_issues=label_issues, scored=scored, labels=labels, reason=reason)
    return Tables(label_issues=frames.frame("label_issues", label_issues), metrics=metrics)


def _scored_labels(
    *, labels: pd.DataFrame, votes: pd.DataFrame, predictions: pd.DataFrame, classes: Classes
) -> pd.DataFrame:
    """Return the labels with columns on how probably each is wrong.

    `score`: the probability of another class, 0 where only one annotator and no model judge it; `likely` and
    `likely_probability`: the most probable other class; `predicted`, `predicted_probability` and `label_probability`:
    the model's class and its probabilities; `confident`: flagged by confident learning.
    """
    ids = classes.ids or [""]  # a new repository has no classes, and no label is one of them
    objects = pd.Index(labels["object"])
    code = pd.Index(ids).get_indexer(pd.Index(labels["label"]))
    labels, objects, code = labels[code >= 0], objects[code >= 0], code[code >= 0]
    collected = label_posterior.votes_and_model(objects, votes=votes, predictions=predictions, classes=ids)
    posterior = label_posterior.posterior(collected, label_posterior.confusion_probabilities(votes, ids))
    rows, best = np.arange(len(labels)), posterior.argmax(axis=1)
    has_model = np.asarray(~np.isnan(collected.model).any(axis=1))
    confident = np.zeros(len(labels), dtype=bool)
    confident[has_model] = confident_learning.label_issue_mask(code[has_model], collected.model[has_model])
    model = np.where(has_model[:, None], collected.model, -1.0)
    judged = has_model | (collected.votes.sum(axis=1) > 1)
    names = np.array(ids, dtype=object)
    predicted = np.where(has_model, names[model.argmax(axis=1)], None)
    return labels.assign(
        score=np.where(judged, (1 - posterior[rows, code]).round(6), 0.0),
        likely=pd.Series(np.where(best != code, names[best], None), index=labels.index, dtype="str"),
        likely_probability=posterior[rows, best].round(4),
        predicted=pd.Series(predicted, index=labels.index, dtype="str"),
        predicted_probability=model.max(axis=1),
        label_probability=model[rows, code],
        confident=confident,
    )


def _class_issues(scored: pd.DataFrame, votes: pd.DataFrame, params: Params) -> pd.DataFrame:
    listed = scored[status.is_contested(scored["status"]) | (scored["score"] >= params.min_score)]
    vote_text = _votes_in_text(votes[frames.is_in(votes["object"], listed["object"])])
    reason = [_reason(vote_text.get(row["object"]), row) for row in listed.to_dict("records")]
    relabel = listed["likely"].notna() & (listed["likely_probability"] >= _RELABEL_FROM)
    return listed.assign(
        issue=listed["object"],
        kind="class",
        proposed=listed["likely"],
        proposal=np.where(relabel, "relabel", "review"),
        reason=pd.Series(reason, index=listed.index, dtype="str"),
    )


def _text_issues(labels: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the objects whose transcriptions differ."""
    differing = labels[1 - labels["text_agreement"] >= params.min_score]
    return differing.assign(
        issue=differing["object"], kind="text", proposed=None, proposal="review",
        score=(1 - differing["text_agreement"]).round(6),
        reason=differing["text_agreement"].map("the transcriptions agree to {:.0%}".format).astype("str"),
    )  # fmt: skip


def _votes_in_text(votes: pd.DataFrame) -> dict[str, str]:
    """Return the votes per object: `cat × 2, dog × 1, no object × 1`."""
    of_annotators = votes[~votes["review"]].assign(label=votes["label"].fillna("no object"))
    count = of_annotators.groupby(["object", "label"], as_index=False)["weight"].sum()
    rows = pd.DataFrame(count).sort_values(["object", "weight", "label"], ascending=[True, False, True])
    text: dict[str, list[str]] = {}
    for name, label, weight in zip(rows["object"], rows["label"], rows["weight"], strict=True):
        text.setdefault(name, []).append(f"{label} × {weight:.3g}")
    return {name: ", ".join(parts) for name, parts in text.items()}


def _reason(vote_text: str | None, row: Mapping[Any, Any]) -> str:
    label, predicted = row["label"], row["predicted"]
    parts = [] if vote_text is None else [f"votes: {vote_text}"]
    if isinstance(predicted, str):
        of_label = "" if predicted == label else f", {label} {row['label_probability']:.2f}"
        parts.append(f"model: {predicted} {row['predicted_probability']:.2f}{of_label}")
    if row["confident"]:
        parts.append("confident learning flags the label")
    if row["status"] == status.CONTESTED:
        parts.append(f"contested by {row['rule']}" if isinstance(row["rule"], str) else "contested")
    return "; ".join(parts)


def _ranked_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Return one row per issue, the highest score first; of several kinds the strongest, with the reasons of all."""
    order = issues["kind"].map(_KINDS.index)
    ordered = issues.assign(order=order).sort_values(["score", "issue", "order"], ascending=[False, True, True])
    reasons = ordered.groupby("issue", sort=False)["reason"].agg("; ".join)
    first = ordered.drop_duplicates("issue").drop(columns="order")
    return first.assign(reason=first["issue"].map(reasons), rank=np.arange(1, len(first) + 1))


def _metrics(
    *, label_issues: pd.DataFrame, scored: pd.DataFrame, labels: pd.DataFrame, reason: str | None
) -> dict[str, Any]:
    """Return how many issues there are, and the expected number of wrong labels; None with the `reason` why."""
    first_tenth = label_issues.head(round(len(labels) / 10))
    first_tenth = first_tenth[first_tenth["kind"] == "class"]
    kinds = label_issues["kind"].value_counts().sort_index()
    return {
        "objects": len(labels),
        "label issues": {kind: int(count) for kind, count in kinds.items()},
        "confident learning": int(scored["confident"].sum()),
        "expected wrong labels": None if reason else float(scored["score"].sum()),
        "expected wrong labels in the first tenth": None if reason else float(first_tenth["score"].sum()),
        **({"why": reason} if reason else {}),
    }


if __name__ == "__main__":
    run_stage(transform)
