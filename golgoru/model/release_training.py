"""What the fixed model is trained on and scored on: the released objects, or of many objects a sample of each split."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Integers
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.model import classifier, object_features
from golgoru.model.features import FITTED_WHOLE, feature_set
from golgoru.model.projection import ReducedFeatures, reduce_features
from golgoru.model.streamed_model import RAREST, TRAINING_ROWS, sampled_rows
from golgoru.raw.external_predictions import BUILT_IN
from golgoru.tables import frames

# Of many objects so many of val, and of test, are scored.
SCORED_ROWS = 50_000


class TrainingData(NamedTuple):
    """The released objects with features; `why` the model cannot be trained, if so (then `reduced` is empty).

    `trained_share`: how frequent each class is in all of train, of which `objects` may hold a sample.
    """

    objects: pd.DataFrame
    label: Integers
    reduced: ReducedFeatures
    trained_share: pd.Series
    why: str | None


def training_data(
    *,
    released: pd.DataFrame,
    built_in: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    ids: list[str],
    seed: int,
) -> TrainingData:
    """Return what the model is trained and evaluated on: all, or of many objects of each split a sample by hash.

    The features are those that predict has cached.
    """
    objects = built_in[["object", "prediction", "image", *BOX_COLUMNS]]
    known = released[frames.is_in(released["object"], objects["prediction"])].reset_index(drop=True)
    known = known.assign(code=frames.positions(known["label"], pd.Series(ids, dtype="str")))
    of_train = known["label"][(known["split"] == "train") & (known["code"] >= 0)]
    share = of_train.value_counts(normalize=True)
    wanted, first, chosen = feature_set(len(objects)), objects, objects
    if len(objects) > FITTED_WHOLE:
        known = _sampled(known)
        first = object_features.delivered_first(_dated(objects, sources)).drop(columns="date")
        chosen = objects[frames.is_in(objects["prediction"], known["object"])]
    items = object_features.with_image_data(objects=chosen, images=images, sources=sources)
    rows = frames.positions(known["object"], items["prediction"])
    label = known["code"].to_numpy(np.int64)
    train = np.flatnonzero((known["split"] == "train") & (known["code"] >= 0))
    if known["code"].iloc[train].nunique() < 2:
        empty = ReducedFeatures(np.empty((0, 0)), np.empty((0, 0)))
        return TrainingData(known, label, empty, share, "train has fewer than two classes")
    described = object_features.with_image_data(objects=first, images=images, sources=sources)
    patches = object_features.common_patches(described, seed, wanted)
    features = object_features.feature_matrix(items, patches, wanted)[rows]
    shapes = object_features.box_shapes(items)[rows]
    return TrainingData(known, label, reduce_features(features, shapes, train), share, None)


def _dated(objects: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    dates = sources["date"].iloc[frames.positions(objects["image"], sources["image"])].array
    return objects.assign(date=dates)


def _sampled(known: pd.DataFrame) -> pd.DataFrame:
    """Return the objects to train on and to score: those of the least hashes in each split, as frequent as they are.

    Only of train are there more of rare classes; `built_in_predictions` makes up for it.
    """
    parts = []
    for split, rows in known.groupby("split", sort=True):
        most, rarest = (TRAINING_ROWS, RAREST) if split == "train" else (SCORED_ROWS, 0)
        chosen = sampled_rows(rows["object"].to_numpy(object), rows["code"].to_numpy(np.int64), most, rarest)
        parts.append(rows.iloc[chosen])
    return pd.concat(parts).sort_index().reset_index(drop=True)


def built_in_predictions(training: TrainingData) -> pd.DataFrame:
    """Return the built-in model's class of each object of val and test: object, model, predicted."""
    objects, split = training.objects, training.objects["split"].to_numpy(object)
    train = np.flatnonzero((split == "train") & (training.label >= 0))
    held_out = np.flatnonzero(split != "train")
    names = sorted(set(objects["label"].iloc[train]))
    codes = pd.Index(names).get_indexer(pd.Index(objects["label"])).astype(np.int64)
    shares = np.array([training.trained_share[name] for name in names])
    model = classifier.fit(training.reduced.take(train), codes[train], len(names), shares=shares)
    best = classifier.predict(model, training.reduced.take(held_out)).argmax(axis=1)
    predicted = pd.Series(np.array(names, dtype=object)[best], dtype="str")
    object_ = objects["object"].iloc[held_out].to_numpy()
    return pd.DataFrame({"object": object_, "model": BUILT_IN, "predicted": predicted})
