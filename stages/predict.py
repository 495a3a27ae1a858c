"""Predict every object's class by a fixed, cheap model that has not seen its label, and every unlabelled picture's.

Reads: `labels` (one row per object), `images`, `sources` and `groups` (one row per image), `copies` (one row per image
left out for another), guidelines/classes.yaml; the pictures themselves.
Writes: `predictions` (one row per model and object, unlabelled image, or object that a model alone sees).

The built-in model looks at 32 x 32 pixels (HOG, colour, common patches) and learns from the labels at hand, in folds
that tear no group. It informs people and the queue, never the release.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from stages.lib import calibration, classifier, frames, object_features
from stages.lib.chance import uniform
from stages.lib.project import Classes, Task
from stages.lib.shell import run
from stages.lib.yaml_file import Written

BUILT_IN = "built-in"
_BOX = ["x", "y", "width", "height"]


class Params(Written):
    """What the built-in model learns from."""

    # A class of fewer objects, or all of one group, cannot be learned in one fold and judged in another.
    min_objects: int = Field(5, ge=2)


class Tables(NamedTuple):
    """What the stage writes."""

    predictions: pd.DataFrame
    metrics: dict[str, Any]


def transform(
    labels: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    groups: pd.DataFrame,
    copies: pd.DataFrame,
    classes: Classes,
    task: Task,
    seed: int,
    params: Params,
) -> Tables:
    """Return a prediction per object and unlabelled picture. Raises UserError where a picture is not what it was."""
    items = _items(labels, images, sources, groups, copies, task)
    learned = _learnable(items, params)
    if len(learned) < 2:
        return Tables(frames.frame("predictions"), _nothing(items, learned))
    order = [name for name in classes.ids if name in learned]
    code = pd.Index(order).get_indexer(pd.Index(items["label"])).astype(np.int64)
    learn = (code >= 0) & items["sound"].to_numpy(bool)
    fold = _folds(items["group"])
    fold[items["object"].isna().to_numpy(bool)] = -1
    features = object_features.of_objects(items, seed)
    reduced = classifier.reduce(features, object_features.shapes(items))
    probable = classifier.out_of_fold(reduced, code, learn, fold, len(order))
    predictions = _table(items, probable, order, classes)
    return Tables(predictions, _metrics(predictions, learned, items))


def _items(
    labels: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    groups: pd.DataFrame,
    copies: pd.DataFrame,
    task: Task,
) -> pd.DataFrame:
    """Return what is to be judged, by name: objects, and for classification the pictures that have no label."""
    objects = labels[["object", "image", "label", *_BOX, "status"]].assign(prediction=labels["object"])
    if task == "classification":
        bare = images[
            images["error"].isna() & ~frames.is_in(images["image"], pd.concat([labels["image"], copies["image"]]))
        ]
        bare = bare.sort_values("image").drop_duplicates("content")
        objects = pd.concat([objects, pd.DataFrame({"image": bare["image"], "prediction": bare["content"]})])
    items = object_features.items(objects, images, sources).merge(groups[["image", "group"]], on="image")
    items = items.sort_values("prediction").reset_index(drop=True)
    return items.assign(sound=items["status"].ne("contested") & items["label"].notna())


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


def _table(items: pd.DataFrame, probable: NDArray[np.float64], order: list[str], classes: Classes) -> pd.DataFrame:
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


def _nothing(items: pd.DataFrame, learned: set[str]) -> dict[str, Any]:
    found = f"only {', '.join(learned)}" if learned else "none"
    return {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "why": f"a model needs two classes to tell apart; {found} has enough objects in two groups",
    }


def _metrics(predictions: pd.DataFrame, learned: set[str], items: pd.DataFrame) -> dict[str, Any]:
    """Return how often the model says what the labels say, in all and per class, and how honest its confidence is."""
    judged = predictions[predictions["object"].notna() & predictions["can_say"]]
    agrees = judged["predicted"] == judged["label"]
    by_class = agrees.groupby(judged["label"]).mean()
    return {
        "objects": int(items["object"].notna().sum()),
        "unlabelled": int(items["object"].isna().sum()),
        "classes learned": len(learned),
        "agrees with the label": float(agrees.mean()),
        "by class": {str(name): float(share) for name, share in by_class.sort_index().items()},
        "calibration error": calibration.error(judged["confidence"], agrees),
    }


if __name__ == "__main__":
    run(transform)
