"""Objects with the same votes as one: of millions of objects there are a few hundred distinct ones."""

import numpy as np
import pandas as pd

from golgoru.core.arrays import Integers


def vote_patterns(votes: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return the votes with all objects that have the same ones, whoever cast them, as one object (a number).

    One row per object, annotator and value: `objects`, how many are one, and `weight`, the annotator's in their mean.
    `votes`: object and annotator (numbers), value (a code from 0 to `classes`), weight. Row order is irrelevant.
    """
    pattern = _patterns(votes, classes)
    keys = pd.DataFrame({"object": pattern, "annotator": votes["annotator"].to_numpy(), "value": votes["value"]})
    weighed = keys.assign(weight=votes["weight"])
    rows = pd.DataFrame(weighed.groupby(["object", "annotator", "value"], as_index=False)["weight"].sum())
    first = ~votes["object"].duplicated().to_numpy()
    objects = np.bincount(pattern[first])[rows["object"]]
    return rows.assign(weight=rows["weight"] / objects, objects=objects)


def _patterns(votes: pd.DataFrame, classes: int) -> Integers:
    """Return a number per row, equal for objects whose votes for each value weigh the same."""
    cell, row = np.unique(votes["object"].to_numpy() * classes + votes["value"].to_numpy(), return_inverse=True)
    weight = np.bincount(row, votes["weight"].to_numpy(np.float64), minlength=len(cell))
    distinct, weight_code = np.unique(weight, return_inverse=True)
    vote = (cell % classes) * len(distinct) + weight_code + 1
    is_first = np.diff(cell // classes, prepend=-1) > 0
    first = np.flatnonzero(is_first)
    size = np.diff(first, append=len(cell))
    pattern = np.zeros(len(first), np.int64)
    # A loop over the place of a value among its object's: what the votes are so far, and the next of them.
    for place in range(size.max(initial=0)):
        following = np.zeros(len(first), np.int64)
        following[size > place] = vote[first[size > place] + place]
        pattern = pd.factorize(pattern * (vote.max() + 1) + following, sort=True)[0].astype(np.int64)
    of_row: Integers = pattern[np.cumsum(is_first)[row] - 1]
    return of_row
