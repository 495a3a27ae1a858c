"""How uncertain a model is about unlabelled images, and which classes it predicts there."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.active import acquisition
from golgoru.core.arrays import Floats, Integers
from golgoru.model.class_probabilities import ClassProbabilities
from golgoru.tables import frames


class ImageUncertainty(NamedTuple):
    """What a model predicts on n images; zeros where it predicts nothing.

    `margin` (n,): uncertainty, 0 to 1, of the most uncertain object. `class_probability` (n, classes): that the image
    shows the class, the highest over its objects. `probabilities` (rows, classes): of each prediction, 0 where the
    model gives another class alone. `most_uncertain` (n,): the row of `probabilities`, -1 without predictions.
    """

    margin: Floats
    class_probability: Floats
    most_uncertain: Integers
    probabilities: Floats


def image_uncertainty(images: pd.Index, predictions: pd.DataFrame, classes: list[str]) -> ImageUncertainty:
    """Return the uncertainty of one model's `predictions` on `images`; the most uncertain object of an image counts."""
    rows = predictions[frames.is_in(predictions["image"], images)].sort_values("prediction").reset_index(drop=True)
    position = images.get_indexer(pd.Index(rows["image"]))
    probable = ClassProbabilities(rows, classes).rows(np.arange(len(rows)))
    # A box with one class alone is there or not: the uncertainty is highest at one half.
    one_class = rows["probabilities"].isna().to_numpy()
    existence = 1 - np.abs(2 * rows["confidence"].to_numpy(float) - 1)
    is_box = rows["width"].notna().to_numpy() & one_class
    margin = np.where(is_box, existence, acquisition.margin_uncertainty(probable))
    # Of one class alone the other probabilities are made up: good for a margin, but not predicted by the model.
    is_predicted = np.array(classes, dtype=object) == rows["predicted"].to_numpy(object)[:, None]
    predicted = np.where(one_class[:, None] & ~is_predicted, 0.0, probable)
    class_probability = np.zeros((len(images), len(classes)))
    np.maximum.at(class_probability, position, predicted)
    order = np.lexsort((-margin, position))
    with_predictions, start = np.unique(position[order], return_index=True)
    most_uncertain = np.full(len(images), -1)
    most_uncertain[with_predictions] = order[start]
    highest = np.zeros(len(images))
    np.maximum.at(highest, position, margin)
    return ImageUncertainty(highest, class_probability, most_uncertain, predicted)


def likely_classes(uncertain: ImageUncertainty, position: int, classes: list[str]) -> list[str]:
    """Return the two most probable classes of the image's most uncertain object, with their probabilities, as text."""
    row = uncertain.most_uncertain[position]
    if row < 0:
        return []
    probabilities = uncertain.probabilities[row]
    best = sorted(np.flatnonzero(probabilities).tolist(), key=lambda n: (-probabilities[n], n))[:2]
    return [f"{classes[n]} ({probabilities[n]:.2f})" for n in best]
