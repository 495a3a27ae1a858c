"""Predict the class of every object by a fixed, cheap model not trained on its label, and of every unlabelled image.

Reads: `labels` (one row per object), `images`, `sources` and `groups` (one row per image), `duplicates` (one row per
image left out for another), guidelines/classes.yaml, the team's own predictions (data/raw/predictions); the images.
Writes: `predictions` (one row per model and object, unlabelled image, or object that only a model finds), `embeddings`
(one row per image: a vector by which similar images can be found).

The built-in model sees 32 x 32 pixels (HOG, colour, common patches) and is trained on the labels at hand, in folds that
keep every group whole. It informs people and the queue, never the release.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru.consensus import status
from golgoru.core import plot_csv
from golgoru.core.arrays import Floats, Integers
from golgoru.core.dataset import Task
from golgoru.core.hashing import uniform_hash
from golgoru.core.yaml_models import ConfigModel
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.model import calibration, classifier, object_features, predicted_objects
from golgoru.model.external_predictions import read_predictions
from golgoru.model.projection import ReducedFeatures, reduce_features
from golgoru.raw.external_predictions import BUILT_IN, ExternalPredictions
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.schema import BYTES


class Params(ConfigModel):
    """What the built-in model is trained on."""

    # A class of fewer objects, or all of one group, cannot be learned in one fold and evaluated in another.
    min_objects: int = Field(5, ge=2)


class Tables(NamedTuple):
    """What the stage writes."""

    predictions: pd.DataFrame
    embeddings: pd.DataFrame
    plots: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    labels: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    groups: pd.DataFrame,
    duplicates: pd.DataFrame,
    external_predictions: Sequence[ExternalPredictions],
    classes: Classes,
    task: Task,
    seed: int,
    params: Params,
) -> Tables:
    """Return a prediction per object and unlabelled image. Raises UserError where an image has changed."""
    distinct = _distinct_images(images, duplicates)
    items = _items(labels=labels, distinct=distinct, images=images, sources=sources, groups=groups, task=task)
    reduced = _reduced_features(items, seed)
    built_in, metrics = _built_in(items, reduced, classes, params)
    tables = [built_in]
    for model in external_predictions:
        read = read_predictions(model, sorted(images.loc[images["error"].isna(), "image"]), classes.ids)
        table = predicted_objects.predictions_table(
            model.name, rows=read.rows, labels=labels, images=images, classes=classes.ids, task=task
        )
        tables.append(table)
        metrics[model.name] = _agreement_and_calibration(table) | {
            "predictions": len(read.rows),
            "left out": read.left_out,
        }
    predictions = frames.concat(tables, "predictions")
    if task != "classification":
        whole_images = distinct.assign(**dict.fromkeys(BOX_COLUMNS, np.nan))
        items = object_features.with_image_data(objects=whole_images, images=images, sources=sources)
        reduced = _reduced_features(items, seed)
    return Tables(
        predictions=predictions, embeddings=as_embeddings(items, reduced), plots=_plots(predictions), metrics=metrics
    )


def _distinct_images(images: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the readable images without duplicates; of files of equal content the first."""
    usable = images[images["error"].isna() & ~frames.is_in(images["image"], duplicates["image"])]
    return usable.sort_values("image").drop_duplicates("content")[["image"]].reset_index(drop=True)


def _items(
    *,
    labels: pd.DataFrame,
    distinct: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    groups: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Return what to predict, one row per `prediction`: objects, and for classification the unlabelled images.

    `settled`: the label can be trained on.
    """
    objects = labels[["object", "image", "label", *BOX_COLUMNS, "status"]].assign(prediction=labels["object"])
    if task == "classification":
        named = distinct.merge(images[["image", "content"]], on="image").rename(columns={"content": "prediction"})
        objects = pd.concat([objects, named[~frames.is_in(named["image"], labels["image"])]])
    items = object_features.with_image_data(objects=objects, images=images, sources=sources)
    items = items.merge(groups[["image", "group"]], on="image").sort_values("prediction").reset_index(drop=True)
    return items.assign(settled=~status.is_contested(items["status"]) & items["label"].notna())


def _reduced_features(items: pd.DataFrame, seed: int) -> ReducedFeatures:
    if items.empty:
        return ReducedFeatures(np.empty((0, 0)), np.empty((0, 0)))
    return reduce_features(object_features.feature_matrix(items, seed), object_features.box_shapes(items))


def _built_in(
    items: pd.DataFrame, reduced: ReducedFeatures, classes: Classes, params: Params
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the predictions of the built-in model, and its metrics."""
    learned = _learnable(items, params)
    if len(learned) < 2:
        return frames.frame("predictions"), _metrics_without_model(items, learned)
    order = [name for name in classes.ids if name in learned]
    code = pd.Index(order).get_indexer(pd.Index(items["label"])).astype(np.int64)
    learn = (code >= 0) & items["settled"].to_numpy(bool)
    fold = _folds(items["group"])
    fold[items["object"].isna().to_numpy(bool)] = -1
    probabilities = classifier.out_of_fold_probabilities(reduced, code, learn, fold, len(order))
    predictions = _predictions_table(items, probabilities, order, classes)
    return predictions, _metrics(predictions, learned, items)


def as_embeddings(items: pd.DataFrame, reduced: ReducedFeatures) -> pd.DataFrame:
    """Return the images' features scaled to length 1, so that no image is far from all others."""
    length = np.linalg.norm(reduced.half_whitened, axis=1, keepdims=True).clip(min=1e-9)
    rows = (reduced.half_whitened / length).astype("<f2")
    return frames.frame("embeddings", {
        "image": items["image"],
        "embedding": pd.Series([row.tobytes() for row in rows], index=items.index, dtype=pd.ArrowDtype(BYTES)),
    })  # fmt: skip


def _learnable(items: pd.DataFrame, params: Params) -> set[str]:
    """Return the classes with enough objects in two groups or more. Contested labels do not count: half are wrong."""
    settled = items[items["settled"]]
    by_class = settled.groupby("label")["group"].agg(["size", "nunique"])
    return set(by_class.index[(by_class["size"] >= params.min_objects) & (by_class["nunique"] > 1)])


def _folds(groups: pd.Series) -> Integers:
    """Return each row's fold, the same for all of a group. A loop over groups: the hash takes one text at a time."""
    fold = {name: int(uniform_hash(f"fold:{name}") * classifier.FOLDS) for name in groups.unique()}
    return np.array([fold[name] for name in groups], dtype=np.int64)


def _predictions_table(items: pd.DataFrame, probabilities: Floats, order: list[str], classes: Classes) -> pd.DataFrame:
    """Return `predictions` of the built-in model; `order` are the classes that it has learned."""
    all_classes = np.zeros((len(items), len(classes.ids)))
    all_classes[:, [classes.ids.index(name) for name in order]] = probabilities
    best = probabilities.argmax(axis=1)
    return frames.frame("predictions", {
        "model": pd.Series(BUILT_IN, index=items.index),
        "prediction": items["prediction"],
        "image": items["image"],
        "object": items["object"],
        "label": items["label"],
        **{side: items[side] for side in BOX_COLUMNS},
        "predicted": pd.Series(np.array(order, dtype=object)[best], index=items.index),
        "confidence": probabilities[np.arange(len(items)), best],
        "probabilities": pd.Series(list(all_classes), index=items.index),
        "class_learned": items["label"].isin(order) | items["label"].isna(),
    })  # fmt: skip


def _metrics_without_model(items: pd.DataFrame, learned: set[str]) -> dict[str, Any]:
    enough = f"only {', '.join(learned)}" if learned else "none"
    return {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "why": f"a model needs two classes; {enough} has enough objects in two groups",
    }


def _plots(predictions: pd.DataFrame) -> dict[str, bytes]:
    """Return how often each model's prediction equals the label, by tenth of its confidence."""
    evaluable = _evaluable(predictions)
    parts = [
        calibration.reliability_bins(rows["confidence"], rows["predicted"] == rows["label"]).assign(model=model)
        for model, rows in evaluable.groupby("model")
    ]
    points = pd.concat(parts) if parts else pd.DataFrame(columns=["model", "confidence", "correct"])
    return {"reliability.csv": plot_csv.csv(points[["model", "confidence", "correct"]])}


def _evaluable(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["object"].notna() & predictions["class_learned"]]


def _agreement_and_calibration(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return how often a model's prediction equals the label, and its calibration error; None without labels."""
    evaluable = _evaluable(predictions)
    agrees = evaluable["predicted"] == evaluable["label"]
    return {
        "objects": len(evaluable),
        "agrees with the label": float(agrees.mean()) if len(evaluable) else None,
        "calibration error": calibration.expected_calibration_error(evaluable["confidence"], agrees),
    }


def _metrics(predictions: pd.DataFrame, learned: set[str], items: pd.DataFrame) -> dict[str, Any]:
    """Return what the built-in model has learned, and how often its prediction equals the label, also by class."""
    evaluable = _evaluable(predictions)
    by_class = (evaluable["predicted"] == evaluable["label"]).groupby(evaluable["label"]).mean()
    return _agreement_and_calibration(predictions) | {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "by class": {str(name): float(share) for name, share in by_class.sort_index().items()},
    }


if __name__ == "__main__":
    run_stage(transform)
