"""Train the fixed model on the release, score it on val and test, and estimate label noise and what it costs.

Reads: release/train, release/val and release/test (one row per object), release/images (one row per released image),
`predictions` (one row per model and object, ...), `votes` (one row per object, annotator and value), `edge_case_hits`
(one row per edge case and object, or image), `images` and `sources` (one row per image), guidelines/classes.yaml; the
images.
Writes: `scores` (one row per split, model, scope, key and measure), `label_noise` (one row per method and class),
`learning_curve` (one row per part of the labels and noise added), `forecast` (one row per possible work on the labels).

The model is cheap and fixed, so that a change of its scores between two releases is a change of the data. Of more than
50,000 objects a sample by hash is trained on and scored. It informs people, never the release.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.core import plot_csv
from golgoru.core.hashing import order_by_hash
from golgoru.core.numbers import float_or_none
from golgoru.core.yaml_models import ConfigModel
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.model import chosen_model, label_noise, label_posterior, scores
from golgoru.model import learning_curve as curves
from golgoru.model.label_posterior import Evidence
from golgoru.model.learning_curve import CurveData
from golgoru.model.release_training import TrainingData, built_in_predictions, training_data
from golgoru.raw.external_predictions import BUILT_IN
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.columns import columns

FIX, ADD = "fix the first tenth of label issues", "add as many labels"
EQUIVALENT = "equivalent number of clean labels"
_FORECAST = ["action", "labels", "change", "low", "high", "reason"]

# What is asked of a released object and of a prediction.
_OF_RELEASED = ("object", "image", "label", "ignore")
_OF_PREDICTION = (
    "model", "prediction", "image", "object", *BOX_COLUMNS, "predicted", "confidence", "probabilities", "class_learned",
)  # fmt: skip


class Params(ConfigModel):
    """What is estimated, and from what."""

    # Batches of reviewers' verdicts on a random sample of objects: the one unbiased estimate of label noise. Verdicts
    # on label issues are none: these labels are wrong far more often.
    gold: tuple[str, ...] = ()
    # Learning curves and forecasts: some twenty fits of the model on 10,000 labels at most.
    curves: bool = True


class Tables(NamedTuple):
    """What the stage writes."""

    scores: pd.DataFrame
    label_noise: pd.DataFrame
    learning_curve: pd.DataFrame
    forecast: pd.DataFrame
    plots: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    release_train: Annotated[pd.DataFrame, columns(*_OF_RELEASED)],
    release_val: Annotated[pd.DataFrame, columns(*_OF_RELEASED)],
    release_test: Annotated[pd.DataFrame, columns(*_OF_RELEASED)],
    release_images: Annotated[pd.DataFrame, columns("image", "group")],
    predictions: Annotated[pd.DataFrame, columns(*_OF_PREDICTION)],
    votes: Annotated[pd.DataFrame, columns("object", "annotator", "review", "label", "weight", "batch")],
    edge_case_hits: Annotated[pd.DataFrame, columns("edge_case", "image", "object")],
    images: Annotated[pd.DataFrame, columns("image", "content", "error", "width", "height")],
    sources: Annotated[pd.DataFrame, columns("image", "date")],
    classes: Classes,
    seed: int,
    params: Params,
) -> Tables:
    """Return scores, label noise and curves. Raises UserError where an image is not the one that fingerprint saw."""
    splits = {"train": release_train, "val": release_val, "test": release_test}
    released = pd.concat([objects.assign(split=split) for split, objects in splits.items()], ignore_index=True)
    released = released[~released["ignore"]].merge(release_images[["image", "group"]], on="image")
    released = released.sort_values("object").reset_index(drop=True)
    built_in = chosen_model.rows_of_model(predictions, BUILT_IN, "evaluate")
    evidence = label_posterior.gather_evidence(votes=votes, predictions=built_in, classes=classes.ids)
    noise = label_noise.noise_estimates(released, evidence, params.gold)
    training = training_data(
        released=released, built_in=built_in, images=images, sources=sources, ids=classes.ids, seed=seed
    )
    scored = _scores(training, released=released, predictions=predictions, edge_case_hits=edge_case_hits, seed=seed)
    curve, forecast = _curve_and_forecast(training, evidence, noise, seed, params)
    return Tables(
        scores=frames.frame("scores", scored),
        label_noise=frames.frame("label_noise", noise),
        learning_curve=frames.frame("learning_curve", curve),
        forecast=forecast,
        plots=_plots(scored=scored, curve=curve),
        metrics=_metrics(released=released, scored=scored, noise=noise, forecast=forecast),
    )


def _scores(
    training: TrainingData,
    *,
    released: pd.DataFrame,
    predictions: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    seed: int,
) -> pd.DataFrame:
    """Return `scores` of the built-in model and of the team's own, on val and test."""
    models = [] if training.why else [built_in_predictions(training)]
    external = predictions[(predictions["model"] != BUILT_IN) & predictions["object"].notna()]
    models += [rows[["object", "model", "predicted"]] for _, rows in external.groupby("model")]
    parts = []
    for model in models:
        predicted = released.merge(model.drop_duplicates("object"), on="object")
        for split in ("val", "test"):
            held_out = predicted[predicted["split"] == split].reset_index(drop=True)
            if len(held_out):
                measured = scores.measures(
                    label=held_out["label"],
                    predicted=held_out["predicted"],
                    edge_cases=_edge_case_rows(edge_case_hits, held_out),
                )
                table = scores.score_table(measured, held_out["group"], seed)
                parts.append(table.assign(split=split, model=held_out["model"][0]))
    return pd.concat(parts, ignore_index=True) if parts else frames.frame("scores")


def _edge_case_rows(edge_case_hits: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """Return edge_case and row of `held_out`, for edge cases of objects and of whole images."""
    rows = held_out.assign(row=np.arange(len(held_out)))[["row", "object", "image"]]
    of_object = edge_case_hits["object"].notna()
    by_object = edge_case_hits[of_object][["edge_case", "object"]].merge(rows[["row", "object"]], on="object")
    by_image = edge_case_hits[~of_object][["edge_case", "image"]].merge(rows[["row", "image"]], on="image")
    return pd.concat([by_object, by_image])[["edge_case", "row"]].drop_duplicates()


def _curve_and_forecast(
    training: TrainingData, evidence: Evidence, noise: pd.DataFrame, seed: int, params: Params
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `learning_curve` and `forecast`: what labels are worth, and whether fixing or adding them pays more."""
    if not params.curves or training.why:
        return frames.frame("learning_curve"), _no_forecast(training.why or "evaluate.curves is switched off")
    data = _curve_data(training, len(evidence.classes))
    if not len(data.held_out):
        return frames.frame("learning_curve"), _no_forecast("val and test have no objects to evaluate on")
    share = _noise_share(noise)
    curve = curves.measured_curve(data, share, evidence.confusion, seed)
    points = curves.curve_points(curve, data.group, seed)
    if not share:
        reason = "there is no estimate of the label noise" if share is None else "the estimated label noise is 0"
        return points, _no_forecast(reason)
    train = training.objects[(training.objects["split"] == "train") & (training.label >= 0)]
    wrong = label_noise.error_probability(train, evidence).fillna(0.0).sort_values(ascending=False)
    tenth = round(len(train) / 10)
    fixed = min(float(wrong.head(tenth).sum()) / max(float(wrong.sum()), 1e-9), 1.0)
    equivalent = curves.equivalent_clean_labels(points, points["accuracy"].to_numpy(np.float64))
    clean = None if equivalent is None else round(equivalent * len(train) / len(data.train))
    by_fixing = curves.forecast(curve, curves.weights_of_less_noise(points, fixed), data.group, seed)
    more = curves.weights_of_more_labels(points, 1 + tenth / len(train))
    by_adding = curves.forecast(curve, more, data.group, seed)
    rows = [
        (FIX, tenth, *np.round(by_fixing, 4), None),
        (ADD, tenth, *np.round(by_adding, 4), None),
        (EQUIVALENT, clean, None, None, None, "the learning curves cannot tell" if clean is None else None),
    ]
    return points, frames.frame("forecast", pd.DataFrame(rows, columns=_FORECAST))


def _no_forecast(reason: str) -> pd.DataFrame:
    rows = [(action, None, None, None, None, reason) for action in (FIX, ADD, EQUIVALENT)]
    return frames.frame("forecast", pd.DataFrame(rows, columns=_FORECAST))


def _curve_data(training: TrainingData, classes: int) -> CurveData:
    """Return what curves are measured on, in the order of a hash, and so much that it takes seconds."""
    objects = training.objects
    order = order_by_hash(objects["object"], "curve")
    known = training.label[order] >= 0
    split = objects["split"].to_numpy(object)[order]
    train = order[known & (split == "train")][: curves.MAX_TRAINING_LABELS]
    held_out = order[known & (split != "train")][: curves.MAX_HELD_OUT]
    group = objects["group"].iloc[held_out].reset_index(drop=True)
    return CurveData(training.reduced, training.label, train, held_out, group, classes)


def _noise_share(noise: pd.DataFrame) -> float | None:
    """Return the best estimate of the label noise: by a gold sample, else by votes and model, else by votes."""
    overall = noise[noise["label"] == ""].set_index("method")["share"]
    for method in (label_noise.GOLD_SAMPLE, label_noise.VOTES_AND_MODEL, label_noise.DOUBLE_LABELS):
        if method in overall and not pd.isna(overall[method]):
            return float(overall[method])
    return None


def _plots(*, scored: pd.DataFrame, curve: pd.DataFrame) -> dict[str, bytes]:
    """Return the learning curve, and recall and precision of the built-in model per class on test."""
    no_noise_added = curve[curve["noise_added"] == 0][["labels", "accuracy"]]
    of_class = scored[(scored["scope"] == "class") & (scored["split"] == "test") & (scored["model"] == BUILT_IN)]
    of_class = of_class.sort_values(["measure", "key"]).rename(columns={"key": "class"})
    files = {"learning-curve.csv": no_noise_added.sort_values("labels")}
    for name in ("recall", "precision"):
        rows = of_class.loc[of_class["measure"] == name, ["class", "value"]]
        files[f"{name}.csv"] = rows.rename(columns={"value": name})
    return {file: plot_csv.csv(rows) for file, rows in files.items()}


def _metrics(
    *, released: pd.DataFrame, scored: pd.DataFrame, noise: pd.DataFrame, forecast: pd.DataFrame
) -> dict[str, Any]:
    """Return scores per model and split, the label noise by each method, and the forecast; None where unknown.

    `of`: how many objects the split has, where a sample of them was scored.
    """
    by_model: dict[str, Any] = {}
    in_split = released["split"].value_counts()
    for (model, split), rows in scored.groupby(["model", "split"]):
        overall = rows[rows["scope"] == "all"].iloc[0]
        recall = rows.loc[(rows["scope"] == "class") & (rows["measure"] == "recall"), "value"]
        by_model.setdefault(str(model), {})[str(split)] = {
            "objects": int(overall["objects"]),
            **(
                {"of": int(in_split[str(split)])}
                if model == BUILT_IN and overall["objects"] < in_split[str(split)]
                else {}
            ),
            "accuracy": float(overall["value"]),
            "low": float_or_none(overall["low"]),
            "high": float_or_none(overall["high"]),
            "mean recall of classes": float(recall.mean()),
        }
    shares = noise[noise["label"] == ""].set_index("method")["share"]
    return {
        "scores": by_model,
        "noise": {str(method): float_or_none(share) for method, share in shares.items()},
        "forecast": {
            row["action"]: {name: float_or_none(row[name]) for name in ("labels", "change", "low", "high")}
            for row in forecast.to_dict("records")
        },
    }


if __name__ == "__main__":
    run_stage(transform)
