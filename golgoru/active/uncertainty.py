"""What a model says of pictures without labels: how unsure it is, and which classes it sees."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.active import acquisition
from golgoru.core.arrays import Floats
from golgoru.model import label_posterior
from golgoru.tables import frames


class ImageUncertainty(NamedTuple):
    """What a model says of n images, 0 where it says nothing: how unsure it is by either measure, 0 to 1.

    `shows` (n, classes): how probable it is that the class is there, as the surest of its objects says. `first` (n,):
    the row of `told` (rows, classes) that it is most unsure of, -1 without any. `told`: 0 where it tells another class
    alone.
    """

    margin: Floats
    entropy: Floats
    shows: Floats
    first: NDArray[np.int64]
    told: Floats


def image_uncertainty(images: pd.Index, predictions: pd.DataFrame, classes: list[str]) -> ImageUncertainty:
    """Return the view on `images` by one model's rows of `predictions`.

    A picture is as unsure as the most unsure object on it.
    """
    rows = predictions[frames.is_in(predictions["image"], images)].sort_values("prediction").reset_index(drop=True)
    at = images.get_indexer(pd.Index(rows["image"]))
    probable = label_posterior.class_probabilities(rows, classes) if len(rows) else np.empty((0, len(classes)))
    margin, entropy = acquisition.margin_uncertainty(probable), acquisition.unsure_by_entropy(probable)
    # Of a box and one class alone: it is there or not, and at one half the model knows least.
    alone = rows["probabilities"].isna().to_numpy()
    boxes = rows["width"].notna().to_numpy() & alone
    there = 1 - np.abs(2 * rows["confidence"].to_numpy(float) - 1)
    margin, entropy = np.where(boxes, there, margin), np.where(boxes, there, entropy)
    # The other classes share what is left of one alone: good for a gap, and nothing that the model said.
    said = np.array(classes, dtype=object) == rows["predicted"].to_numpy(object)[:, None]
    told = np.where(alone[:, None] & ~said, 0.0, probable)
    shows = np.zeros((len(images), len(classes)))
    np.maximum.at(shows, at, told)
    order = np.lexsort((-margin, at))
    which, start = np.unique(at[order], return_index=True)
    first = np.full(len(images), -1)
    first[which] = order[start]
    return ImageUncertainty(
        _highest_per_image(at, margin, len(images)), _highest_per_image(at, entropy, len(images)), shows, first, told
    )


def _highest_per_image(at: NDArray[np.int64], values: Floats, count: int) -> Floats:
    found = np.zeros(count)
    np.maximum.at(found, at, values)
    return found


def likely_classes(view: ImageUncertainty, at: int, classes: list[str]) -> str | None:
    """Return what the model says of an image, by its place: the two most probable classes; None where nothing."""
    if view.first[at] < 0:
        return None
    told = view.told[view.first[at]]
    best = sorted(np.flatnonzero(told).tolist(), key=lambda n: (-told[n], n))[:2]
    return " or ".join(f"{classes[n]} ({told[n]:.2f})" for n in best)
