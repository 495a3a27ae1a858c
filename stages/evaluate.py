"""Teach the fixed model the release's train split, judge it on val and test, and say what noise and labels are worth.

Reads: release/train, release/val and release/test (one row per object), release/images (one row per released image),
`predictions` (one row per model and object, ...), `ballots` (one row per object, annotator and value), `cases` (one row
per edge case and object, or image), `images` and `sources` (one row per image), guidelines/classes.yaml; the pictures.
Writes: `scores` (one row per split, model, scope, key and measure), `noise` (one row per method and class), `curve`
(one row per part of the labels and noise added), `forecast` (one row per what can be done with labels).

The model is cheap and fixed, so that a change of its scores between two releases is a change of the data. It informs
people, never the release.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import plot_csv
from golgoru.core.hashing import uniform
from golgoru.core.numbers import known
from golgoru.core.yaml_models import Written
from golgoru.guideline.classes import Classes
from golgoru.model import classifier, label_noise, label_posterior, learning_curve, object_features, scores
from golgoru.model.label_posterior import Evidence
from golgoru.model.learning_curve import CurveData
from golgoru.raw.external_predictions import BUILT_IN
from golgoru.shell import run
from golgoru.tables import frames

_BOX = ["x", "y", "width", "height"]
FIX, ADD = "fix the first tenth of suspects", "add as many labels"
EQUIVALENT = "as many clean ones would do"
_FORECAST = ["action", "labels", "change", "low", "high", "why"]


class Params(Written):
    """What is estimated, and from what."""

    # Batches of reviewers' verdicts on a random sample of objects: the one unbiased estimate of noise. Verdicts on
    # suspects are none: they are wrong far more often.
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
    release_train: pd.DataFrame,
    release_val: pd.DataFrame,
    release_test: pd.DataFrame,
    release_images: pd.DataFrame,
    predictions: pd.DataFrame,
    votes: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    classes: Classes,
    seed: int,
    params: Params,
) -> Tables:
    """Return scores, noise and curves. Raises UserError where a picture is not the one that fingerprint saw."""
    parts = {"train": release_train, "val": release_val, "test": release_test}
    released = pd.concat([part.assign(split=split) for split, part in parts.items()], ignore_index=True)
    released = released[~released["ignore"]].merge(release_images[["image", "group"]], on="image")
    released = released.sort_values("object").reset_index(drop=True)
    built_in = predictions[predictions["model"] == BUILT_IN]
    given = label_posterior.gather_evidence(votes, built_in, classes.ids)
    estimated = label_noise.noise_estimates(released, given, params.gold)
    taught = _training_data(released, built_in, images, sources, classes.ids, seed)
    judged = _scores(taught, released, predictions, edge_case_hits, seed)
    curve, forecast = _curves(taught, given, estimated, seed, params)
    return Tables(
        frames.frame("scores", judged),
        frames.frame("label_noise", estimated),
        frames.frame("learning_curve", curve),
        forecast,
        _plots(judged, curve),
        _metrics(judged, estimated, forecast),
    )


class _TrainingData(NamedTuple):
    """The released objects that the model can learn or judge; `why` it cannot be taught, if so (`reduced` is empty)."""

    objects: pd.DataFrame
    label: NDArray[np.int64]
    reduced: classifier.ReducedFeatures
    why: str | None


def _training_data(
    released: pd.DataFrame,
    built_in: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    ids: list[str],
    seed: int,
) -> _TrainingData:
    """Return what the model is taught and judged by; features are those that predict has remembered."""
    every = object_features.with_image_data(built_in[["object", "prediction", "image", *_BOX]], images, sources)
    every = every.sort_values("prediction").reset_index(drop=True)
    row = pd.Series(every.index, index=every["prediction"])
    known = released[released["object"].isin(row.index)].reset_index(drop=True)
    known = known.assign(code=pd.Index(ids).get_indexer(pd.Index(known["label"])), row=known["object"].map(row))
    train = np.flatnonzero((known["split"] == "train") & (known["code"] >= 0))
    if known["code"].iloc[train].nunique() < 2:
        nothing = classifier.ReducedFeatures(np.empty((0, 0)), np.empty((0, 0)))
        return _TrainingData(
            known, known["code"].to_numpy(np.int64), nothing, "train has fewer than two classes to tell apart"
        )
    features = object_features.feature_matrix(every, seed)[known["row"].to_numpy(np.int64)]
    shapes = object_features.box_shapes(every)[known["row"].to_numpy(np.int64)]
    return _TrainingData(
        known, known["code"].to_numpy(np.int64), classifier.reduce_features(features, shapes, train), None
    )


def _scores(
    taught: _TrainingData, released: pd.DataFrame, predictions: pd.DataFrame, cases: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return `scores` of the built-in model and of the team's own, on val and test."""
    said = [] if taught.why else [_built_in_predictions(taught)]
    own = predictions[(predictions["model"] != BUILT_IN) & predictions["object"].notna()]
    said += [rows[["object", "model", "predicted"]] for _, rows in own.groupby("model")]
    parts = []
    for one in said:
        judged = released.merge(one.drop_duplicates("object"), on="object")
        for split in ("val", "test"):
            held = judged[judged["split"] == split].reset_index(drop=True)
            if len(held):
                measured = scores.measures(held["label"], held["predicted"], _edge_case_rows(cases, held))
                parts.append(
                    scores.score_table(measured, held["group"], seed).assign(split=split, model=held["model"][0])
                )
    return pd.concat(parts, ignore_index=True) if parts else frames.frame("scores")


def _built_in_predictions(taught: _TrainingData) -> pd.DataFrame:
    objects, split = taught.objects, taught.objects["split"].to_numpy(object)
    train = np.flatnonzero((split == "train") & (taught.label >= 0))
    held = np.flatnonzero(split != "train")
    names = sorted(set(objects["label"].iloc[train]))
    codes = pd.Index(names).get_indexer(pd.Index(objects["label"])).astype(np.int64)
    best = classifier.fit_and_predict(taught.reduced, codes, train, held, len(names)).argmax(axis=1)
    said = pd.Series(np.array(names, dtype=object)[best], dtype="str")
    return pd.DataFrame({"object": objects["object"].iloc[held].to_numpy(), "model": BUILT_IN, "predicted": said})


def _edge_case_rows(cases: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return edge_case and row of `held`, for edge cases of objects and of whole pictures."""
    place = held.assign(row=np.arange(len(held)))[["row", "object", "image"]]
    of_objects = cases[cases["object"].notna()][["edge_case", "object"]].merge(place[["row", "object"]], on="object")
    of_images = cases[cases["object"].isna()][["edge_case", "image"]].merge(place[["row", "image"]], on="image")
    return pd.concat([of_objects, of_images])[["edge_case", "row"]].drop_duplicates()


def _curves(
    taught: _TrainingData, given: Evidence, estimated: pd.DataFrame, seed: int, params: Params
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `curve`, and `forecast`: what the labels are worth, and fixing against adding."""
    if not params.curves or taught.why:
        return frames.frame("learning_curve"), _no_forecast(taught.why or "evaluate.curves is switched off")
    data = _curve_data(taught, len(given.classes))
    if not len(data.held):
        return frames.frame("learning_curve"), _no_forecast("val and test hold nothing to judge by")
    share = _noise_share(estimated)
    curve = learning_curve.measured_curve(data, share, given.confused, seed)
    points = learning_curve.curve_points(curve, data.group, seed)
    if not share:
        return points, _no_forecast("no estimate of the noise" if share is None else "no noise is to be seen")
    train = taught.objects[(taught.objects["split"] == "train") & (taught.label >= 0)]
    wrong = label_noise.error_probability(train, given).fillna(0.0).sort_values(ascending=False)
    first = round(len(train) / 10)
    mended = min(float(wrong.head(first).sum()) / max(float(wrong.sum()), 1e-9), 1.0)
    worth = learning_curve.equivalent_clean_labels(points, points["accuracy"].to_numpy(np.float64))
    clean = None if worth is None else round(worth * len(train) / len(data.train))
    by_fixing = learning_curve.forecast(curve, learning_curve.weights_of_less_noise(points, mended), data.group, seed)
    by_adding = learning_curve.forecast(
        curve, learning_curve.weights_of_more_labels(points, 1 + first / len(train)), data.group, seed
    )
    rows = [
        (FIX, first, *np.round(by_fixing, 4), None),
        (ADD, first, *np.round(by_adding, 4), None),
        (EQUIVALENT, clean, None, None, None, "the curves cannot tell" if clean is None else None),
    ]
    return points, frames.frame("forecast", pd.DataFrame(rows, columns=_FORECAST))


def _no_forecast(why: str) -> pd.DataFrame:
    rows = [(action, None, None, None, None, why) for action in (FIX, ADD, EQUIVALENT)]
    return frames.frame("forecast", pd.DataFrame(rows, columns=_FORECAST))


def _curve_data(taught: _TrainingData, classes: int) -> CurveData:
    """Return what curves are measured on, no more than what takes seconds, in the order of a hash."""
    objects = taught.objects
    # A loop over rows: a hash takes one text at a time.
    place = np.array([uniform(f"curve:{name}") for name in objects["object"]])
    order = np.argsort(place, kind="stable")
    known = taught.label[order] >= 0
    split = objects["split"].to_numpy(object)[order]
    train = order[known & (split == "train")][: learning_curve.MAX_TRAINING_LABELS]
    held = order[known & (split != "train")][: learning_curve.MAX_HELD_OUT]
    group = objects["group"].iloc[held].reset_index(drop=True)
    return CurveData(taught.reduced, taught.label, train, held, group, classes)


def _noise_share(estimated: pd.DataFrame) -> float | None:
    """Return the estimate of noise to reckon with: of a gold sample, else of votes and model, else of votes."""
    whole = estimated[estimated["label"] == ""].set_index("method")["share"]
    for method in (label_noise.GOLD_SAMPLE, label_noise.VOTES_AND_MODEL, label_noise.DOUBLE_LABELS):
        if method in whole and not pd.isna(whole[method]):
            return float(whole[method])
    return None


def _plots(judged: pd.DataFrame, curve: pd.DataFrame) -> dict[str, bytes]:
    """Return the learning curve, and recall and precision of the built-in model per class on test."""
    plain = curve[curve["noise_added"] == 0][["labels", "accuracy"]]
    of_class = judged[(judged["scope"] == "class") & (judged["split"] == "test") & (judged["model"] == BUILT_IN)]
    of_class = of_class.sort_values(["measure", "key"]).rename(columns={"key": "class"})
    files = {"curve.csv": plain.sort_values("labels")}
    for name in ("recall", "precision"):
        rows = of_class.loc[of_class["measure"] == name, ["class", "value"]]
        files[f"{name}.csv"] = rows.rename(columns={"value": name})
    return {file: plot_csv.csv(rows) for file, rows in files.items()}


def _metrics(judged: pd.DataFrame, estimated: pd.DataFrame, forecast: pd.DataFrame) -> dict[str, Any]:
    """Return scores per model and split, the noise in all by each method, and the forecast; None where unknown."""
    found: dict[str, Any] = {}
    for (model, split), rows in judged.groupby(["model", "split"]):
        whole = rows[rows["scope"] == "all"].iloc[0]
        recall = rows.loc[(rows["scope"] == "class") & (rows["measure"] == "recall"), "value"]
        found.setdefault(str(model), {})[str(split)] = {
            "objects": int(whole["objects"]),
            "accuracy": float(whole["value"]),
            "low": known(whole["low"]),
            "high": known(whole["high"]),
            "mean recall of classes": float(recall.mean()),
        }
    whole_noise = estimated[estimated["label"] == ""]
    noise_by = {row["method"]: known(row["share"]) for row in whole_noise.to_dict("records")}
    told = {
        row["action"]: {name: known(row[name]) for name in ("labels", "change", "low", "high")}
        for row in forecast.to_dict("records")
    }
    return {"scores": found, "noise": noise_by, "forecast": told}


if __name__ == "__main__":
    run(transform)
