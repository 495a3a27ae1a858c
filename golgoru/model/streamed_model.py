"""The built-in model on more objects than are fitted whole: a sample is fitted, and all are predicted image by image.

Neither the features nor the components of all objects are ever held: each image is opened once, and what stays of it
are the probabilities of its objects and its embedding.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.core import parallel
from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.core.hashing import order_by_hash
from golgoru.core.threads import one_thread
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.model import classifier, crops, object_features, projection
from golgoru.model.classifier import FittedModel
from golgoru.model.features import LIGHT, Patches
from golgoru.model.projection import Projection, ReducedFeatures

# Objects that the model is trained on, and that the components are those of; neighbours are searched among the last.
TRAINING_ROWS, BASIS_ROWS, _REFERENCES = 50_000, 20_000, 1_000
# Of a rare class so many are trained on at least, where there are so many.
RAREST = 500
_IMAGES_PER_BATCH = 64
_IMAGES_PER_POOL = 100_000  # whose work is laid out at a time

Names = NDArray[np.object_]
Embeddings = NDArray[np.float16]  # (n, d), rows of length 1


class Training(NamedTuple):
    """Per object: `label` (codes, -1 where none), `learn`: it may be trained on, `fold`; the number of `classes`."""

    label: Integers
    learn: Flags
    fold: Integers
    classes: int


class Predicted(NamedTuple):
    """`probabilities` (objects, classes), None without training; `embeddings` of the images; objects trained on."""

    probabilities: Floats | None
    embeddings: Embeddings
    trained: int


class _Fitted(NamedTuple):
    """What predicts the objects of an image; it travels to each process once."""

    patches: Patches
    of_objects: Projection | None
    of_images: Projection | None
    models: dict[int, FittedModel]
    power: float
    classes: int


class _ImageWork(NamedTuple):
    """The crops of one image, the whole image (a box of NaN) among them: `shapes` (k, 2), `fold`, `is_image`."""

    image: str
    content: str
    boxes: Floats
    shapes: Floats
    fold: Integers
    is_image: Flags


def sampled_rows(names: Names, label: Integers, most: int, rarest: int) -> Integers:
    """Return at most `most` rows (and of each class `rarest`, where it has them), those of the least hashes, in order.

    Which rows they are follows from their names alone, not from their order. `label`: codes, -1 for no class.
    """
    order = order_by_hash(names, "sample")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    in_class = pd.Series(place).groupby(label).rank(method="first").to_numpy()
    return np.flatnonzero((place < most) | ((label >= 0) & (in_class <= rarest)))


def predict_streamed(
    objects: pd.DataFrame, images: pd.DataFrame | None, training: Training | None, seed: int
) -> Predicted:
    """Return the probabilities of `objects` and the embeddings of `images`, of the objects themselves where None.

    Both come from `with_image_data`, with a column `prediction`, the objects' name. Raises UserError where an image is
    not the one that fingerprint saw.
    """
    described = objects if images is None or len(objects) else images
    patches = object_features.common_patches(described, seed, LIGHT)
    fitted, trained = _fit(objects, images, training, patches)
    rows = objects if images is None else pd.concat([objects, images], ignore_index=True)
    is_image = np.arange(len(rows)) >= len(objects)
    fold = np.full(len(rows), -1) if training is None else np.append(training.fold, np.full(is_image.sum(), -1))
    probabilities = np.zeros((len(objects), fitted.classes)) if training is not None else None
    embeddings: Embeddings = np.zeros((len(objects) if images is None else len(images), 0), np.float16)
    for positions, scores, vectors in _scored(rows, fold, is_image, fitted):
        if not embeddings.shape[1]:
            embeddings = np.zeros((len(embeddings), vectors.shape[1]), np.float16)
        of_object = positions[~is_image[positions]]
        if probabilities is not None:
            probabilities[of_object] = scores
        embeddings[of_object if images is None else positions[is_image[positions]] - len(objects)] = vectors
    return Predicted(probabilities, embeddings, trained)


def _fit(
    objects: pd.DataFrame, images: pd.DataFrame | None, training: Training | None, patches: Patches
) -> tuple[_Fitted, int]:
    """Return what predicts, and how many objects it was trained on."""
    names, nothing = objects["prediction"].to_numpy(object), np.full(len(objects), -1)
    learn = np.zeros(len(objects), bool) if training is None else training.learn
    basis = sampled_rows(names, nothing, BASIS_ROWS, 0)
    can_learn = np.flatnonzero(learn)
    label = nothing if training is None else training.label
    train = can_learn[sampled_rows(names[can_learn], label[can_learn], TRAINING_ROWS, RAREST)]
    rows = np.union1d(basis, train)
    values, shapes = _values(objects.iloc[rows], patches)
    in_basis, in_train = np.searchsorted(rows, basis), np.searchsorted(rows, train)
    of_objects = projection.fit_projection(values[in_basis], shapes[in_basis]) if len(rows) else None
    of_images = None if images is None else _image_projection(images, patches)
    if training is None or of_objects is None:
        return _Fitted(patches, of_objects, of_images, {}, 1.0, 0), 0
    reduced = projection.project(of_objects, values[in_train], shapes[in_train])
    models = _fold_models(reduced, train, training)
    raw = _by_fold(models, reduced, training.fold[train], training.classes)
    power = classifier.best_power(raw, label[train])
    return _Fitted(patches, of_objects, of_images, models, power, training.classes), len(train)


def _values(objects: pd.DataFrame, patches: Patches) -> tuple[NDArray[np.float32], Floats]:
    return object_features.feature_matrix(objects, patches, LIGHT), object_features.box_shapes(objects)


def _image_projection(images: pd.DataFrame, patches: Patches) -> Projection:
    names = images["image"].to_numpy(object)
    basis = sampled_rows(names, np.full(len(names), -1), BASIS_ROWS, 0)
    return projection.fit_projection(*_values(images.iloc[basis], patches))


def _fold_models(reduced: ReducedFeatures, train: Integers, training: Training) -> dict[int, FittedModel]:
    """Return the model of each fold, trained without its rows; -1: on all of them. `train`: the objects of `reduced`.

    A sample has more of rare classes than there are: each class is as probable as among all that may be trained on.
    """
    label, fold, models = training.label[train], training.fold[train], {}
    for number in range(-1, classifier.FOLDS):
        rows = np.flatnonzero(fold != number)
        if len(rows):
            of_fold = training.learn & (training.fold != number)
            shares = np.bincount(training.label[of_fold], minlength=training.classes) / of_fold.sum()
            models[number] = classifier.fit(
                reduced.take(rows), label[rows], training.classes, shares=shares, references=_REFERENCES
            )
    return models


def _by_fold(models: dict[int, FittedModel], reduced: ReducedFeatures, fold: Integers, classes: int) -> Floats:
    """Return the probabilities of rows, each by the model of its fold; uniform where that has nothing to learn from."""
    probabilities = np.full((len(fold), classes), 1 / max(classes, 1))
    for number in np.unique(fold):
        if number in models:
            rows = np.flatnonzero(fold == number)
            probabilities[rows] = classifier.predict(models[number], reduced.take(rows))
    return probabilities


def _scored(
    rows: pd.DataFrame, fold: Integers, is_image: Flags, fitted: _Fitted
) -> Iterator[tuple[Integers, Floats, Embeddings]]:
    """Yield positions of rows, the probabilities of the objects among them, and the embeddings."""
    order = np.argsort(rows["image"].to_numpy(object), kind="stable")
    begins = np.flatnonzero(~rows["image"].iloc[order].duplicated().to_numpy())
    for at in range(0, len(begins), _IMAGES_PER_POOL):
        first, last = at, min(at + _IMAGES_PER_POOL, len(begins))
        positions = order[begins[first] : begins[last] if last < len(begins) else len(order)]
        work = _laid_out(rows.iloc[positions], fold[positions], is_image[positions])
        scores = parallel.map_batches(partial(_score_images, fitted=fitted), work, "predicting", _IMAGES_PER_BATCH)
        yield positions, np.concatenate([s for s, _ in scores]), np.concatenate([v for _, v in scores])


def _laid_out(rows: pd.DataFrame, fold: Integers, is_image: Flags) -> list[_ImageWork]:
    """Return the work of each image; its rows stand together."""
    begins = np.flatnonzero(~rows["image"].duplicated().to_numpy())
    boxes = rows[BOX_COLUMNS].to_numpy(np.float64)
    parts = [np.split(part, begins[1:]) for part in (boxes, object_features.box_shapes(rows), fold, is_image)]
    first = rows.iloc[begins]
    return [_ImageWork(*work) for work in zip(first["image"], first["content"], *parts, strict=True)]


def _score_images(wanted: Sequence[_ImageWork], fitted: _Fitted) -> list[tuple[Floats, Embeddings]]:
    """Return, per image, the probabilities of its objects and its embedding (its objects' where no image is wanted)."""
    with one_thread():
        return _scores_of_images(wanted, fitted)


def _scores_of_images(wanted: Sequence[_ImageWork], fitted: _Fitted) -> list[tuple[Floats, Embeddings]]:
    cut = crops.cut_crops_of_images([crops.image_crops(work.image, work.content, work.boxes) for work in wanted])
    values = object_features.stored_features(np.concatenate(cut), fitted.patches, LIGHT).astype(np.float32)
    shapes, fold, is_image = (
        np.concatenate([getattr(work, part) for work in wanted]) for part in ("shapes", "fold", "is_image")
    )
    scores, vectors = np.zeros((int((~is_image).sum()), fitted.classes)), np.zeros((0, 0), np.float16)
    if fitted.of_objects is not None:
        reduced = projection.project(fitted.of_objects, values[~is_image], shapes[~is_image])
        vectors = unit_vectors(reduced)
        if fitted.classes:
            raw = _by_fold(fitted.models, reduced, fold[~is_image], fitted.classes)
            scores = classifier.raised(raw, fitted.power)
    if fitted.of_images is not None:
        vectors = unit_vectors(projection.project(fitted.of_images, values[is_image], shapes[is_image]))
    objects = np.array([(~work.is_image).sum() for work in wanted])
    images = objects if fitted.of_images is None else np.array([work.is_image.sum() for work in wanted])
    return list(zip(_split(scores, objects), _split(vectors, images), strict=True))


def _split(rows: NDArray[Any], counts: Integers) -> list[NDArray[Any]]:
    return np.split(rows, np.cumsum(counts)[:-1])


def unit_vectors(reduced: ReducedFeatures) -> Embeddings:
    """Return the features scaled to length 1, so that nothing is far from all others."""
    length = np.linalg.norm(reduced.half_whitened, axis=1, keepdims=True).clip(min=1e-9)
    vectors: Embeddings = (reduced.half_whitened / length).astype("<f2")
    return vectors
