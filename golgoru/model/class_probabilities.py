"""The probabilities of classes in table `predictions`, looked up row by row without a copy of them all."""

import numpy as np
import pandas as pd
import pyarrow as pa

from golgoru.core.arrays import Floats, Integers
from golgoru.tables import coded


class ClassProbabilities:
    """The probability of each class by each row of `predictions`; `classes` are those of the guideline, in order.

    What a model leaves open, where it gives one class alone, the other classes share equally.
    """

    def __init__(self, predictions: pd.DataFrame, classes: list[str]) -> None:
        self._classes = len(classes)
        self._confidence = predictions["confidence"].to_numpy(np.float64)
        self._predicted = coded.positions(predictions["predicted"], pd.Series(classes, dtype="str"))
        lists = pa.chunked_array(pa.array(predictions["probabilities"].array, from_pandas=True))
        self._complete = lists.is_valid().to_numpy()
        # As they lie in memory: putting the parts of a column together would copy them.
        self._parts = [_matrix(part, len(classes)) for part in lists.chunks]
        self._begins = np.cumsum([0, *(len(part) for part in self._parts)])
        self._at = np.cumsum(self._complete) - 1

    def rows(self, which: Integers) -> Floats:
        """Return the probabilities of the rows at these positions, n x classes."""
        probabilities = np.empty((len(which), self._classes))
        complete = self._complete[which]
        at = self._at[which]
        for begin, part in zip(self._begins, self._parts, strict=False):
            here = complete & (at >= begin) & (at < begin + len(part))
            probabilities[here] = part[at[here] - begin]
        alone = which[~complete]
        others = (1 - self._confidence[alone, None]) / max(self._classes - 1, 1)
        is_predicted = np.arange(self._classes) == self._predicted[alone, None]
        probabilities[~complete] = np.where(is_predicted, self._confidence[alone, None], others)
        return probabilities


def _matrix(lists: pa.ListArray, classes: int) -> Floats:
    """Return the lists that there are as rows; nulls are left out."""
    values: Floats = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, classes)
    return values
