"""Predict the class of every object by a fixed, cheap model not trained on its label, and of every unlabelled image.

Reads: `labels` (one row per object), `images`, `sources` and `groups` (one row per image), `duplicates` (one row per
image left out for another), guidelines/classes.yaml, the team's own predictions (data/raw/predictions); the images.
Writes: `predictions` (one row per model and object, unlabelled image, or object that only a model finds), `embeddings`
(one row per image: a vector by which similar images can be found).

The built-in model sees 32 x 32 pixels (HOG, colour, common patches) and is trained on the labels at hand, in folds that
keep every group whole; of more than 50,000 objects on a sample by hash, with cheaper features (the metrics say on how
many). It informs people and the queue, never the release.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from golgoru.consensus import status
from golgoru.core import plot_csv
from golgoru.core.arrays import Floats, Integers
from golgoru.core.dataset import Task
from golgoru.core.hashing import uniform_hash
from golgoru.core.yaml_models import ConfigModel
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.model import built_in, calibration, classifier, object_features, predicted_objects
from golgoru.model.external_predictions import read_predictions
from golgoru.model.streamed_model import Embeddings, Training
from golgoru.raw.external_predictions import BUILT_IN, ExternalPredictions
from golgoru.shell import run_stage
from golgoru.tables import frames
from golgoru.tables.schema import BYTES, NUMBERS


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
    to_embed = None
    if task != "classification":
        whole_images = distinct.assign(**dict.fromkeys(BOX_COLUMNS, np.nan))
        to_embed = object_features.with_image_data(objects=whole_images, images=images, sources=sources)
    own, embeddings, metrics = _built_in(items, to_embed, classes, params, seed)
    tables = [own]
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
    return Tables(predictions=predictions, embeddings=embeddings, plots=_plots(predictions), metrics=metrics)


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


def _built_in(
    items: pd.DataFrame, to_embed: pd.DataFrame | None, classes: Classes, params: Params, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return the predictions of the built-in model, the embeddings of `to_embed` (of `items` if None), its metrics."""
    learned = _learnable(items, params)
    order = [name for name in classes.ids if name in learned]
    training = _training(items, order) if len(learned) >= 2 else None
    predicted = built_in.predict_all(items, to_embed, training, seed)
    embeddings = embeddings_table(items if to_embed is None else to_embed, predicted.embeddings)
    if predicted.probabilities is None or training is None:
        return frames.frame("predictions"), embeddings, _metrics_without_model(items, learned)
    predictions = _predictions_table(items, predicted.probabilities, order, classes)
    metrics = _metrics(predictions, learned, items)
    if predicted.trained < training.learn.sum():
        metrics |= {"trained on": predicted.trained, "of": int(training.learn.sum())}
    return predictions, embeddings, metrics


def _training(items: pd.DataFrame, order: list[str]) -> Training:
    code = pd.Index(order).get_indexer(pd.Index(items["label"])).astype(np.int64)
    fold = _folds(items["group"])
    fold[items["object"].isna().to_numpy(bool)] = -1
    return Training(code, (code >= 0) & items["settled"].to_numpy(bool), fold, len(order))


def embeddings_table(images: pd.DataFrame, embeddings: Embeddings) -> pd.DataFrame:
    """Return table `embeddings` of the images, in the order of the rows."""
    return frames.frame("embeddings", {
        "image": images["image"],
        "embedding": pd.Series([row.tobytes() for row in embeddings], index=images.index, dtype=pd.ArrowDtype(BYTES)),
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
        "probabilities": _lists(all_classes, items.index),
        "class_learned": items["label"].isin(order) | items["label"].isna(),
    })  # fmt: skip


def _lists(rows: Floats, index: pd.Index) -> pd.Series:
    """Return each row as a list, all in one Arrow array: as Python's they would take thirty times the memory."""
    width = rows.shape[1]
    offsets = pa.array(np.arange(0, rows.size + 1, width) if width else np.zeros(len(rows) + 1), pa.int64())
    lists = pa.LargeListArray.from_arrays(offsets, pa.array(rows.ravel()))
    return pd.Series(pd.arrays.ArrowExtensionArray(lists.cast(NUMBERS)), index=index)


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
