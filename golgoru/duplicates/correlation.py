"""Correlation of grey levels, from exact sums of whole numbers: the score is the same on every machine."""

import numpy as np
from numpy.typing import NDArray

from golgoru.core.arrays import Floats, Integers
from golgoru.images.thumbnails import Thumbnails

_CHUNK = 1 << 14  # pairs in memory: 2 x 4 kB each


def grey_correlation(left: Thumbnails, right: Thumbnails, pairs: tuple[Integers, Integers]) -> Floats:
    """Return the correlation of the grey levels of left[i] and right[j] for each pair (i, j), 4 decimals.

    0 where one of the two is a single grey.
    """
    scores = [
        _correlation_of_rows(
            left[i].reshape(len(i), -1).astype(np.int32), right[j].reshape(len(j), -1).astype(np.int32)
        )
        for i, j in (
            (pairs[0][begin : begin + _CHUNK], pairs[1][begin : begin + _CHUNK])
            for begin in range(0, len(pairs[0]), _CHUNK)
        )
    ]
    return np.concatenate(scores) if scores else np.empty(0)


def scaled_covariance(a: NDArray[np.int32], b: NDArray[np.int32]) -> Integers:
    """Return the covariance of each row of `a` with that of `b` (n, m), times m squared: exact.

    The sum of a row's products must fit 32 bits: 1,024 grey levels of at most 255 do, and 484 numbers of at most 1,020.
    """
    products = np.einsum("ij,ij->i", a, b).astype(np.int64)
    sums = a.sum(axis=1, dtype=np.int64) * b.sum(axis=1, dtype=np.int64)
    covariance: Integers = a.shape[1] * products - sums
    return covariance


def _correlation_of_rows(a: NDArray[np.int32], b: NDArray[np.int32]) -> Floats:
    deviations = np.sqrt(scaled_covariance(a, a)) * np.sqrt(scaled_covariance(b, b))
    scores: Floats = np.divide(scaled_covariance(a, b), deviations, out=np.zeros(len(a)), where=deviations > 0)
    return scores.round(4)
