"""What a model says of pictures without labels: how unsure it is, and what it expects to see."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.lib import frames, plausibility, selection

Floats = NDArray[np.float64]


class View(NamedTuple):
    """What a model says of n images, 0 where it says nothing: how unsure it is by either measure, 0 to 1.

    `expected` (n, classes): how many objects of a class are expected, at most 1. `first` (n,): the row of `probable`
    (rows, classes) that it is most unsure of, -1 without any.
    """

    margin: Floats
    entropy: Floats
    expected: Floats
    first: NDArray[np.int64]
    probable: Floats


def of_images(images: pd.Index, predictions: pd.DataFrame, classes: list[str]) -> View:
    """Return the view on `images` by one model's rows of `predictions`.

    A picture is as unsure as the most unsure object on it.
    """
    rows = predictions[frames.is_in(predictions["image"], images)].sort_values("prediction").reset_index(drop=True)
    at = images.get_indexer(pd.Index(rows["image"]))
    probable = plausibility.probabilities(rows, classes) if len(rows) else np.empty((0, len(classes)))
    margin, entropy = selection.unsure_by_margin(probable), selection.unsure_by_entropy(probable)
    # Of a box and one class alone: it is there or not, and at one half the model knows least.
    boxes = (rows["width"].notna() & rows["probabilities"].isna()).to_numpy()
    there = 1 - np.abs(2 * rows["confidence"].to_numpy(float) - 1)
    margin, entropy = np.where(boxes, there, margin), np.where(boxes, there, entropy)
    expected = np.zeros((len(images), len(classes)))
    np.add.at(expected, at, probable)
    order = np.lexsort((-margin, at))
    which, start = np.unique(at[order], return_index=True)
    first = np.full(len(images), -1)
    first[which] = order[start]
    return View(_most(at, margin, len(images)), _most(at, entropy, len(images)), expected.clip(0, 1), first, probable)


def _most(at: NDArray[np.int64], values: Floats, count: int) -> Floats:
    found = np.zeros(count)
    np.maximum.at(found, at, values)
    return found


def words(view: View, at: int, classes: list[str]) -> str | None:
    """Return what the model says of an image, by its place: the two most probable classes; None where nothing."""
    if view.first[at] < 0:
        return None
    probable = view.probable[view.first[at]]
    best = sorted(range(len(classes)), key=lambda n: (-probable[n], n))[:2]
    return " or ".join(f"{classes[n]} ({probable[n]:.2f})" for n in best)
