"""Predict every object's class by a fixed, cheap model that has not seen its label, and every unlabelled picture's.

Reads: `labels` (one row per object), `images`, `sources` and `groups` (one row per image), `copies` (one row per image
left out for another), guidelines/classes.yaml, the team's own predictions (data/raw/predictions); the pictures.
Writes: `predictions` (one row per model and object, unlabelled image, or object that a model alone sees), `vectors`
(one row per picture: what it looks like, in numbers, for who asks which pictures are alike).

The built-in model looks at 32 x 32 pixels (HOG, colour, common patches) and learns from the labels at hand, in folds
that tear no group. It informs people and the queue, never the release.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from golgoru.core import plot_csv
from golgoru.core.dataset import Task
from golgoru.core.hashing import uniform
from golgoru.core.yaml_models import Written
from golgoru.guideline.classes import Classes
from golgoru.model import calibration, classifier, object_features, predicted_objects
from golgoru.model import external_predictions as own
from golgoru.model.classifier import ReducedFeatures
from golgoru.raw.external_predictions import BUILT_IN, ExternalPredictions
from golgoru.shell import run
from golgoru.tables import frames
from golgoru.tables.schema import BYTES

_BOX = ["x", "y", "width", "height"]


class Params(Written):
    """What the built-in model learns from."""

    # A class of fewer objects, or all of one group, cannot be learned in one fold and judged in another.
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
    """Return a prediction per object and unlabelled picture. Raises UserError where a picture is not what it was."""
    pictures = _distinct_images(images, duplicates)
    items = _items(labels, pictures, images, sources, groups, task)
    reduced = _reduced_features(items, seed)
    built_in, metrics = _built_in(items, reduced, classes, params)
    found = [built_in]
    for model in external_predictions:
        said = own.read_predictions(model, sorted(images.loc[images["error"].isna(), "image"]), classes.ids)
        found.append(predicted_objects.predictions_table(model.name, said.rows, labels, images, classes.ids, task))
        metrics[model.name] = _agreement_and_calibration(found[-1]) | {
            "predictions": len(said.rows),
            "left out": said.left_out,
        }
    predictions = frames.concat(found, "predictions")
    if task != "classification":
        items = object_features.with_image_data(pictures.assign(**dict.fromkeys(_BOX, np.nan)), images, sources)
        reduced = _reduced_features(items, seed)
    return Tables(predictions, as_embeddings(items, reduced), _plots(predictions), metrics)


def _distinct_images(images: pd.DataFrame, copies: pd.DataFrame) -> pd.DataFrame:
    """Return the image of each picture: files that can be opened, and of equal or near ones the survivor."""
    usable = images[images["error"].isna() & ~frames.is_in(images["image"], copies["image"])]
    return usable.sort_values("image").drop_duplicates("content")[["image"]].reset_index(drop=True)


def _items(
    labels: pd.DataFrame,
    pictures: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    groups: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Return what is to be judged, by name: objects, and for classification the pictures that have no label."""
    objects = labels[["object", "image", "label", *_BOX, "status"]].assign(prediction=labels["object"])
    if task == "classification":
        bare = pictures.merge(images[["image", "content"]], on="image").rename(columns={"content": "prediction"})
        objects = pd.concat([objects, bare[~frames.is_in(bare["image"], labels["image"])]])
    items = object_features.with_image_data(objects, images, sources).merge(groups[["image", "group"]], on="image")
    items = items.sort_values("prediction").reset_index(drop=True)
    return items.assign(sound=items["status"].ne("contested") & items["label"].notna())


def _reduced_features(items: pd.DataFrame, seed: int) -> ReducedFeatures:
    if items.empty:
        return ReducedFeatures(np.empty((0, 0)), np.empty((0, 0)))
    return classifier.reduce_features(object_features.feature_matrix(items, seed), object_features.box_shapes(items))


def _built_in(
    items: pd.DataFrame, reduced: ReducedFeatures, classes: Classes, params: Params
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the predictions of the built-in model, and what is to be said of them."""
    learned = _learnable(items, params)
    if len(learned) < 2:
        return frames.frame("predictions"), _metrics_without_model(items, learned)
    order = [name for name in classes.ids if name in learned]
    code = pd.Index(order).get_indexer(pd.Index(items["label"])).astype(np.int64)
    learn = (code >= 0) & items["sound"].to_numpy(bool)
    fold = _folds(items["group"])
    fold[items["object"].isna().to_numpy(bool)] = -1
    probable = classifier.out_of_fold_probabilities(reduced, code, learn, fold, len(order))
    predictions = _predictions_table(items, probable, order, classes)
    return predictions, _metrics(predictions, learned, items)


def as_embeddings(items: pd.DataFrame, reduced: ReducedFeatures) -> pd.DataFrame:
    """Return the pictures' features as points on a sphere: what is alike lies near, and no picture far from all."""
    length = np.linalg.norm(reduced.even, axis=1, keepdims=True).clip(min=1e-9)
    rows = (reduced.even / length).astype("<f2")
    return frames.frame("embeddings", {
        "image": items["image"],
        "vector": pd.Series([row.tobytes() for row in rows], index=items.index, dtype=pd.ArrowDtype(BYTES)),
    })  # fmt: skip


def _learnable(items: pd.DataFrame, params: Params) -> set[str]:
    """Return the classes of enough objects in two groups or more, contested ones not counted: half are wrong."""
    sound = items[items["sound"]]
    by_class = sound.groupby("label")["group"].agg(["size", "nunique"])
    return set(by_class.index[(by_class["size"] >= params.min_objects) & (by_class["nunique"] > 1)])


def _folds(groups: pd.Series) -> NDArray[np.int64]:
    """Return each group's fold. A loop over distinct groups: a hash takes one text at a time."""
    names = groups.unique()
    fold = {name: int(uniform(f"fold:{name}") * classifier.FOLDS) for name in names}
    return np.array([fold[name] for name in groups], dtype=np.int64)


def _predictions_table(
    items: pd.DataFrame, probable: NDArray[np.float64], order: list[str], classes: Classes
) -> pd.DataFrame:
    """Return `predictions` of the built-in model; `order` are the classes that it knows."""
    every = np.zeros((len(items), len(classes.ids)))
    every[:, [classes.ids.index(name) for name in order]] = probable
    best = probable.argmax(axis=1)
    return frames.frame("predictions", {
        "model": pd.Series(BUILT_IN, index=items.index),
        "prediction": items["prediction"],
        "image": items["image"],
        "object": items["object"],
        "label": items["label"],
        **{side: items[side] for side in _BOX},
        "predicted": pd.Series(np.array(order, dtype=object)[best], index=items.index),
        "confidence": probable[np.arange(len(items)), best],
        "probabilities": pd.Series(list(every), index=items.index),
        "can_say": items["label"].isin(order) | items["label"].isna(),
    })  # fmt: skip


def _metrics_without_model(items: pd.DataFrame, learned: set[str]) -> dict[str, Any]:
    found = f"only {', '.join(learned)}" if learned else "none"
    return {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "why": f"a model needs two classes to tell apart; {found} has enough objects in two groups",
    }


def _plots(predictions: pd.DataFrame) -> dict[str, bytes]:
    """Return how often each model says what the label says, by tenth of its confidence."""
    judged = _evaluable(predictions)
    parts = [
        calibration.reliability_bins(rows["confidence"], rows["predicted"] == rows["label"]).assign(model=model)
        for model, rows in judged.groupby("model")
    ]
    points = pd.concat(parts) if parts else pd.DataFrame(columns=["model", "confidence", "right"])
    return {"reliability.csv": plot_csv.csv(points[["model", "confidence", "right"]])}


def _evaluable(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["object"].notna() & predictions["can_say"]]


def _agreement_and_calibration(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return how often a model says what the labels say, and how honest its confidence is; None without labels."""
    judged = _evaluable(predictions)
    agrees = judged["predicted"] == judged["label"]
    return {
        "objects": len(judged),
        "agrees with the label": float(agrees.mean()) if len(judged) else None,
        "calibration error": calibration.expected_calibration_error(judged["confidence"], agrees),
    }


def _metrics(predictions: pd.DataFrame, learned: set[str], items: pd.DataFrame) -> dict[str, Any]:
    """Return what the built-in model learned, and how often it says what the labels say, in all and per class."""
    judged = _evaluable(predictions)
    by_class = (judged["predicted"] == judged["label"]).groupby(judged["label"]).mean()
    return _agreement_and_calibration(predictions) | {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "by class": {str(name): float(share) for name, share in by_class.sort_index().items()},
    }


if __name__ == "__main__":
    run(transform)
