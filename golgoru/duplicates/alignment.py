"""How alike two pictures are once one is shifted and scaled over the other: what confirms crops and other takes.

Normalised cross-correlation (Lewis, Vision Interface 1995) of high-passed grey levels: light and large plain areas,
which make unlike pictures correlate, count for nothing. What is compared is whole numbers, so that the score is the
same on every machine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Indices = NDArray[np.int64]
Pairs = tuple[Indices, Indices]
Thumbnails = NDArray[np.uint8]
Levels = NDArray[np.int16]

_SIDES = (29, 32, 35)  # scales of 0.9, 1 and 1.1
_MARGIN, _MAX_SHIFT = 5, 4  # pixels left out around what is sought, and how far it may be shifted
_BLUR = 2.0  # pixels, standard deviation: what is coarser is taken away
_HALF_SIDE = 16
# At half size. Of 126 same shots of CIFAR-10 all reach it, of their 300,000 nearest neighbours 2 %.
_MIN_HALF_SIZE_SCORE = 0.45
_CHUNK = 1 << 10  # pairs in memory


def aligned_correlation(left: Thumbnails, right: Thumbnails, pairs: Pairs) -> NDArray[np.float64]:
    """Return how alike left[i] and right[j] (n, 32, 32) are for each pair (i, j), -1 to 1, 4 decimals.

    The middle of each is sought in the other, shifted by up to 4 pixels at scales of 0.9, 1 and 1.1; the score is the
    mean of both ways. It is 0 where a first look at half size says no.
    """
    score = np.zeros(len(pairs[0]))
    halves = [_high_passed(grey, [_HALF_SIDE], _BLUR / 2) for grey in (left, right)]
    for at in _chunks(np.arange(len(score))):
        score[at] = _mean_of_both_directions(
            halves[0], halves[1], (pairs[0][at], pairs[1][at]), _MARGIN // 2, _MAX_SHIFT // 2
        )
    promising = np.flatnonzero(score >= _MIN_HALF_SIZE_SCORE)
    score[score < _MIN_HALF_SIZE_SCORE] = 0
    for at in _chunks(promising):
        ends = [np.unique(pairs[end][at], return_inverse=True) for end in (0, 1)]
        scales = [_high_passed(grey[own], _SIDES, _BLUR) for grey, (own, _) in zip((left, right), ends, strict=True)]
        score[at] = _mean_of_both_directions(scales[0], scales[1], (ends[0][1], ends[1][1]), _MARGIN, _MAX_SHIFT)
    rounded: NDArray[np.float64] = score.round(4)
    return rounded


def _chunks(at: Indices) -> list[Indices]:
    return [at[begin : begin + _CHUNK] for begin in range(0, len(at), _CHUNK)]


def _high_passed(grey: Thumbnails, sides: Sequence[int], blur: float) -> list[Levels]:
    """Return the pictures at each size, four times their grey levels less the blurred ones."""
    levels = [_resized(grey, side).astype(np.float32) for side in sides]
    return [np.rint(4 * (level - gaussian_filter(level, (0, blur, blur)))).astype(np.int16) for level in levels]


def _resized(grey: Thumbnails, side: int) -> Thumbnails:
    if grey.shape[1] == side or not len(grey):
        return grey[:, :side, :side]
    shape = (side, side)
    return np.stack([np.asarray(Image.fromarray(one).resize(shape, Image.Resampling.BILINEAR)) for one in grey])


def _mean_of_both_directions(
    left: Sequence[Levels], right: Sequence[Levels], pairs: Pairs, margin: int, shift: int
) -> NDArray[np.float64]:
    i, j = pairs
    middle = len(left) // 2  # the scale of 1
    there = np.max([_best_shift_correlation(left[middle][i], scale[j], margin, shift) for scale in right], axis=0)
    back = np.max([_best_shift_correlation(right[middle][j], scale[i], margin, shift) for scale in left], axis=0)
    mean: NDArray[np.float64] = (there + back) / 2
    return mean


def _best_shift_correlation(templates: Levels, pictures: Levels, margin: int, shift: int) -> NDArray[np.float64]:
    """Return the best correlation of the middle of each template with a window of the picture beside it."""
    side = templates.shape[1] - 2 * margin
    middle = templates[:, margin : margin + side, margin : margin + side].reshape(len(templates), -1).astype(np.int32)
    centre = (pictures.shape[1] - side) // 2
    reach = min(shift, centre)
    best = np.full(len(templates), -1.0)
    own = np.sqrt(_covariance(middle, middle))
    for down in range(centre - reach, centre + reach + 1):
        for right in range(centre - reach, centre + reach + 1):
            window = pictures[:, down : down + side, right : right + side].reshape(len(pictures), -1).astype(np.int32)
            energy = own * np.sqrt(_covariance(window, window))
            together = np.divide(_covariance(middle, window), energy, out=np.zeros(len(best)), where=energy > 0)
            np.maximum(best, together, out=best)
    return best


def _covariance(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float64]:
    """Covariance times n squared, exact: 484 products of at most 1,020 x 1,020 fit 32 bits."""
    products = np.einsum("ij,ij->i", a, b).astype(np.int64)
    covariance = a.shape[1] * products - a.sum(axis=1, dtype=np.int64) * b.sum(axis=1, dtype=np.int64)
    exact: NDArray[np.float64] = covariance.astype(np.float64)
    return exact
